"""Pydantic's errors in our words: file and key, what is wrong, expectation and value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from llmops_audit.errors import Problem

__all__ = ["problems_of"]


def problems_of(error: ValidationError, file: str, prefix: Sequence[str], model: type[BaseModel]) -> Iterator[Problem]:
    """Turn pydantic's errors into ours: file and key, what is wrong, expectation and value.

    Parameters
    ----------
    error : pydantic.ValidationError
    file : str
        Name of the spec.
    prefix : sequence of str
        Key that the validated part stands under.
    model : type
        The model, to name its keys where one is unknown.
    """
    found: dict[tuple[str, str, str | None], list[str]] = {}
    for item in error.errors(include_url=False):
        location = [str(part) for part in item["loc"]]
        key = ".".join([*prefix, *_without_branches(location)])
        problem = _problem(f"{file}: {key}" if key else file, item, model, location)
        # The members of a union each tell what they expected.
        expected = found.setdefault((problem.subject, problem.wrong, problem.got), [])
        if problem.expected is not None and problem.expected not in expected:
            expected.append(problem.expected)
    for (subject, wrong, got), expected in found.items():
        yield Problem(subject, wrong, " or ".join(expected) or None, got)


def _problem(subject: str, item: Mapping[str, Any], model: type[BaseModel], location: list[str]) -> Problem:
    kind, got = item["type"], _shown(item["input"])
    if kind == "extra_forbidden":
        return Problem(
            subject,
            "unknown key",
            f"one of {', '.join(_known_keys(model, location[:-1]))}",
            repr(location[-1]),
        )
    if kind == "missing":
        return Problem(subject, "is missing")
    if kind == "value_error":
        return Problem(subject, str(item["ctx"]["error"]))
    if location[-1:] == ["[key]"]:
        return (
            Problem(subject, "unknown name", f"one of {item['ctx']['expected']}", got)
            if "ctx" in item
            else Problem(subject, item["msg"])
        )
    text = item["msg"]
    # The spec is TOML, whose word for an object is a table.
    text = text.replace("an object", "a table")
    expected = re.sub(r"^(Input|String|Tuple|Dictionary|List|Value) should (be |have |match )?", "", text)
    return Problem(subject, "is not valid", expected, got)


def _without_branches(location: list[str]) -> list[str]:
    # Members of a union and the key marker are pydantic's own, not the user's keys.
    branch = re.compile(
        r"^(str|int|float|bool|tuple\[.*|dict\[.*|constrained-\w+|function-.*|nullable|\[key\]|literal\[.*)$"
    )
    return [part for part in location if not branch.match(part)]


def _known_keys(model: type[BaseModel], location: list[str]) -> list[str]:
    for part in location:
        field = model.model_fields.get(part)
        annotation = None if field is None else field.annotation
        # A table that may be left out is a union with None.
        # A setting that is a table of named limits lists the names itself (`llmops_audit.check.limits`).
        names = [name for item in getattr(field, "metadata", ()) for name in getattr(item, "names", ())]
        if names:
            return names
        inner = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
        models = [kind for kind in inner if issubclass(kind, BaseModel)]
        if not models:
            break
        model = models[0]
    return list(model.model_fields)


def _shown(value: object, longest: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"
