"""A spec as a mapping is validated as the file of the same content is."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmops_audit.errors import SpecError
from llmops_audit.spec import read_spec
from llmops_audit.spec.mapping import toml_of

SPEC: dict[str, Any] = {
    "audit": {"name": "small", "version": "1.0"},
    "data": {"path": "rows.csv", "text": "text", "label": "label"},
    "model": {"factory": "mine:make"},
    "checks": {"accuracy": {"min": {"accuracy": 0.8}}},
}


def test_a_mapping_is_the_file_of_its_content(tmp_path: Path) -> None:
    """The same keys give the same spec and digest; only sources, folder and the digest of the file's bytes differ."""
    file = tmp_path / "audit.toml"
    file.write_text(
        '[audit]\nname = "small"\nversion = "1.0"\n[data]\npath = "rows.csv"\ntext = "text"\nlabel = "label"\n'
        '[model]\nfactory = "mine:make"\n[checks.accuracy]\nmin = { accuracy = 0.8 }\n'
    )
    from_file, from_mapping = read_spec(file), read_spec(SPEC)
    assert from_mapping.spec == from_file.spec is not None
    assert from_mapping.raw == from_file.raw == tomllib.loads(file.read_text())
    assert from_file.source("checks", "accuracy", "min", "accuracy") == "audit.toml:11"
    assert from_mapping.source("checks", "accuracy", "min", "accuracy") == "spec"
    assert from_mapping.source("nowhere") is None
    assert (from_file.folder, from_mapping.folder) == (tmp_path, Path())
    assert from_file.sha256 == from_mapping.sha256
    assert from_file.file_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert from_mapping.file_sha256 is None


def test_how_a_spec_is_written_has_no_bearing_on_its_digest(tmp_path: Path) -> None:
    """Comments, spacing, quotes, the order of keys and the ways to write a number or a table are no content."""
    digests = set()
    for text in (
        'a = 1\nb = "x"\nd = 2026-01-02T03:04:05\n[t]\nf = 0.5\ng = [1, 2]\n',
        "# a comment\nb = 'x'\na = 1.0  # the same\nd = \"2026-01-02T03:04:05\"\nt = { g = [ 1, 2 ], f = 5e-1 }\n",
    ):
        (tmp_path / "audit.toml").write_text(text)
        digests.add(read_spec(tmp_path / "audit.toml").sha256)
    when = datetime(2026, 1, 2, 3, 4, 5)
    table = {"g": (1, np.int64(2)), "f": np.float32(0.5)}
    digests.add(read_spec({"t": table, "d": when, "b": Path("x"), "a": 1}).sha256)
    assert len(digests) == 1
    assert read_spec({"t": {"g": [2, 1], "f": 0.5}, "d": when, "b": "x", "a": 1}).sha256 not in digests


def test_what_json_cannot_hold_is_refused_even_where_it_is_replaced() -> None:
    """A path that is no path leaves no digest, so that a table in its place does not make the spec valid."""
    draft = read_spec(SPEC | {"data": SPEC["data"] | {"path": float("nan")}}, {"path": "rows.csv"})
    assert draft.spec is None
    said = [str(problem) for problem in draft.problems]
    assert said == ["spec: data.path: is not finite; expected a number; got nan"]


def test_the_digest_of_a_mapping_is_over_its_content() -> None:
    """The order of keys has no bearing on it, and neither have paths that take the place of those in it."""
    digest = read_spec(SPEC).sha256
    assert read_spec(dict(reversed(SPEC.items()))).sha256 == digest
    moved = read_spec(SPEC, {"path": "other.csv"})
    assert moved.sha256 == digest
    assert moved.spec is not None
    assert moved.spec.data.path == "other.csv"
    assert SPEC["data"]["path"] == "rows.csv"
    assert read_spec(SPEC | {"audit": {"name": "other", "version": "1.0"}}).sha256 != digest


def test_what_toml_can_say_is_taken() -> None:
    """Tuples are arrays, paths are texts, scalars of numpy are their values, and dates stay dates."""
    given = {
        "a": (1, [2]),
        "b": Path("x") / "y",
        "c": np.int64(3),
        "d": np.float32(0.5),
        "e": np.bool_(True),
        "f": date(2026, 1, 1),
        "g": datetime(2026, 1, 1, tzinfo=UTC),
        "h": np.str_("text"),
    }
    assert toml_of(given) == {
        "a": [1, [2]],
        "b": "x/y",
        "c": 3,
        "d": 0.5,
        "e": True,
        "f": date(2026, 1, 1),
        "g": datetime(2026, 1, 1, tzinfo=UTC),
        "h": "text",
    }


LOOP: dict[str, Any] = {}
LOOP["again"] = LOOP


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a": {"b": None}}, "spec: a.b: is None; expected a value; leave the key out where there is none"),
        ({"a": [{"b": object()}]}, "spec: a.0.b: is nothing that audit.toml can say; expected text, a truth value"),
        ({"a": {1, 2}}, "got set"),
        ({"a": np.ones(2)}, "got ndarray"),
        ({"a": (x for x in ())}, "got generator"),
        ({"a": b"x"}, "got bytes"),
        ({1: 2}, "spec: has a key that is not text; expected text; got int"),
        ({"a": {0: 0.9}}, "spec: a: has a key that is not text; expected text; got int"),
        (LOOP, "spec: again.again.again: is nested too deeply; expected at most 20 levels"),
    ],
)
def test_what_toml_cannot_say_is_refused(given: dict[Any, Any], said: str) -> None:
    """Nothing is turned into text or left out in silence: a limit of None could be a limit that is missing."""
    with pytest.raises(SpecError) as error:
        read_spec(given)
    assert said in str(error.value)


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_text_that_nothing_could_hold_is_refused(character: str) -> None:
    """No path may hold a null character, and half of a surrogate pair cannot be written to any file."""
    said = [str(problem) for problem in read_spec({"a": ["x", f"x{character}"], "b": {f"y{character}": 1}}).problems]
    assert said == [
        "spec: a.1: holds a null character or half of a surrogate pair; expected text",
        "spec: b: has a key with a null character or half of a surrogate pair; expected text",
    ]


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Wrong keys are named as in a file, with `spec` in its place."""
    draft = read_spec({"audit": {"name": "a"}, "data": {"labell": 1}, "model": {}, "checks": {}})
    said = [str(problem) for problem in draft.problems]
    assert "spec: audit.version: is missing" in said
    assert any(line.startswith("spec: data.labell: unknown key; expected one of path, train") for line in said)
