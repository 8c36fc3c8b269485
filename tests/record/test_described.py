"""Descriptions in the JSON Schemas: every key says what it means."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Literal

import pytest
from pydantic import Field
from pydantic.json_schema import JsonSchemaMode

from llmops_audit.record import Frozen, Record
from llmops_audit.record.described import field_docstrings
from llmops_audit.spec import Spec


class Base(Frozen):
    """A model."""

    one: int
    """The first."""
    two: Literal["a"] = Field(default="a", alias="second")
    """A text
    over two lines."""
    three: int
    four: int = Field(description="As the field says.")
    """As the docstring says."""


class Derived(Base):
    """A model that adds to it and changes it."""

    one: int
    """The first, in other words."""
    five: Base
    """A model in a model."""


def _undescribed(schema: dict[str, Any]) -> list[str]:
    """Return the models without a description, and the properties without one, by dotted name."""
    found = []
    for name, part in {"": schema, **schema["$defs"]}.items():
        found += [] if part.get("description") else [name]
        found += [f"{name}.{key}" for key, value in part.get("properties", {}).items() if not value.get("description")]
    return found


@pytest.mark.parametrize(("model", "mode"), [(Record, "serialization"), (Record, "validation"), (Spec, "validation")])
def test_every_property_is_described(model: type[Record | Spec], mode: JsonSchemaMode) -> None:
    """Every property of every definition says what it means, in a sentence of its own."""
    assert _undescribed(model.model_json_schema(mode=mode)) == []


def test_descriptions_are_the_docstrings_below_the_fields() -> None:
    """Docstrings are joined to one line, found by alias and by inheritance; a description of the field itself wins."""
    schema = Derived.model_json_schema()
    described = {name: value.get("description") for name, value in schema["properties"].items()}
    assert described == {
        "one": "The first, in other words.",
        "second": "A text over two lines.",
        "three": None,
        "four": "As the field says.",
        "five": "A model in a model.",
    }
    assert schema["$defs"]["Base"]["properties"]["one"]["description"] == "The first."
    assert _undescribed(schema) == [".three", "Base.three"]
    assert "three" not in field_docstrings(Base)


def test_no_source_is_read_before_a_schema_is_wanted() -> None:
    """Importing the record parses no source: it would cost every start of the program a tenth of its time."""
    code = "import ast; ast.parse = None\nfrom llmops_audit.record import Record\nfrom llmops_audit.spec import Spec\n"
    subprocess.run([sys.executable, "-c", code], check=True)
