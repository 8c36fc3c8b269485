"""A spec that is handed over in Python: a mapping of the same shape as `audit.toml`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any

from llmops_audit.errors import Problem, SpecError

__all__ = ["MAPPING", "keys_of", "toml_of"]

MAPPING = "spec"
"""What errors, and the sources of limits, name instead of a file."""

DEEPEST = 20
"""Levels of tables and arrays beyond which a mapping is refused, such as one that holds itself."""


def toml_of(spec: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a mapping with the values that TOML would have, so that it is validated as a file is.

    Parameters
    ----------
    spec : mapping
        Tables are mappings, arrays lists or tuples; a path stands for its text, and a scalar of numpy for its value.

    Raises
    ------
    SpecError
        With every key that is no text and every value that TOML cannot hold.
    """
    problems: list[Problem] = []
    plain = _plain(spec, (), problems)
    if problems:
        raise SpecError.of(problems)
    found: dict[str, Any] = plain
    return found


def keys_of(spec: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every key of nested tables, as a tuple of parts."""
    for key, value in spec.items():
        yield (*above, key)
        if isinstance(value, Mapping):
            yield from keys_of(value, (*above, key))


def _plain(value: Any, key: tuple[str, ...], problems: list[Problem]) -> Any:
    if len(key) > DEEPEST:
        problems.append(_problem(key[:3], "is nested too deeply", f"at most {DEEPEST} levels"))
        return None
    if isinstance(value, Mapping):
        return {name: _plain(inner, (*key, str(name)), problems) for name, inner in _texts(value, key, problems)}
    if isinstance(value, list | tuple):
        return [_plain(inner, (*key, str(index)), problems) for index, inner in enumerate(value)]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    # Scalars of numpy, without an import of numpy.
    scalar = value.item() if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0 else value
    if isinstance(scalar, str | bool | int | float | date | time):
        return scalar
    if scalar is None:
        problems.append(_problem(key, "is None", "a value; leave the key out where there is none"))
    else:
        expected = "text, a truth value, a number, a date, a list or a mapping"
        problems.append(_problem(key, "is nothing that audit.toml can say", expected, type(value).__name__))
    return None


def _texts(table: Mapping[Any, Any], key: tuple[str, ...], problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    for name, inner in table.items():
        if isinstance(name, str):
            yield name, inner
        else:
            problems.append(_problem(key, "has a key that is not text", "text", type(name).__name__))


def _problem(key: tuple[str, ...], wrong: str, expected: str, got: str | None = None) -> Problem:
    return Problem(f"{MAPPING}: {'.'.join(key)}" if key else MAPPING, wrong, expected, got)
