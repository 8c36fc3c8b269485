"""Dotted paths to the parts of a record that answer a clause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel

from llmops_audit.record import Record

__all__ = ["exists", "is_filled"]


def exists(path: str) -> bool:
    """Return whether a path leads to a field of a record.

    A mapping or a tuple on the way stands for its values, and ``figures.<kind>`` for the figures of that kind.
    """
    models: tuple[type[BaseModel], ...] = (Record,)
    for name in path.split("."):
        kinds = tuple(model for model in models if _kind(model) == name)
        fields = [model.model_fields[name].annotation for model in models if name in model.model_fields]
        if not kinds and not fields:
            return False
        models = kinds or tuple(model for annotation in fields for model in _models(annotation))
    return True


def is_filled(record: Record, path: str) -> bool:
    """Return whether a record has a value at a path that is neither null nor an empty text or collection."""
    values: list[object] = [record]
    for name in path.split("."):
        values = [inner for value in values for inner in _step(value, name)]
    return bool(values)


def _kind(model: type[BaseModel]) -> object:
    field = model.model_fields.get("kind")
    return None if field is None else field.default


def _models(annotation: object) -> tuple[type[BaseModel], ...]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(model for inner in get_args(annotation) for model in _models(inner))


def _step(value: object, name: str) -> Iterator[object]:
    if not isinstance(value, BaseModel):
        return
    if _kind(type(value)) == name:
        yield value
    elif name in type(value).model_fields:
        yield from _spread(getattr(value, name))


def _spread(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        for inner in value:
            yield from _spread(inner)
    elif value is not None and value != "":
        yield value
