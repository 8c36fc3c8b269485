"""The attributes of a fitted model's steps that can hold texts. They are read and never called."""

from __future__ import annotations

from collections import UserList
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import HashingVectorizer

from llmops_audit.personal_data import find, names_a_kind

__all__ = ["FittedState", "ModelLocation", "Vectorizer", "fitted_state"]

DEEPEST = 12
"""Levels of nested containers to follow; a model of scikit-learn has four or five."""

_STEPS = ("steps", "transformer_list", "transformers_", "named_estimators_")
"""Attributes of scikit-learn that hold fitted steps by name, though some are named like parameters."""

_SETTINGS = frozenset(
    {
        "cv_results_", "best_params_", "output_indices_", "_sklearn_output_config", "_columns", "_remainder",
        "_transformer_to_input_indices", "_name_to_fitted_passthrough",
    }
)  # fmt: skip
"""Attributes that look fitted, but hold settings, or names of steps and columns that stand elsewhere too."""

_ROWS = ("_fit_X", "support_vectors_", "X_train_", "X_fit_", "X_")
"""Attributes in which estimators of scikit-learn keep training rows."""

_QUIET = frozenset({"sklearn", "numpy", "scipy", "builtins", "functools", "re", "types", "operator"})
"""Packages whose other objects hold only numbers and code."""


@dataclass(frozen=True, order=True)
class ModelLocation:
    """Where a model keeps texts.

    Attributes
    ----------
    name : str
        Steps, attribute and column: ``"inputs.categories.encode.categories_[city]"``.
    header : str
        Name of the column, or else of the attribute: the context of the texts there.
    """

    name: str
    header: str


@dataclass(frozen=True)
class Vectorizer:
    """A fitted vectorizer with a vocabulary.

    Attributes
    ----------
    location : str
        Steps that lead to it.
    fitted : object
    attributes : mapping of str to object
    """

    location: str
    fitted: object
    attributes: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class FittedState:
    """What a model holds that can be searched.

    Attributes
    ----------
    strings : mapping of ModelLocation to dict of str to None
        Distinct texts.
    vectorizers : list of Vectorizer
    unread : list of str
        What cannot be searched, and why.
    """

    strings: dict[ModelLocation, dict[str, None]] = field(default_factory=dict, repr=False)
    vectorizers: list[Vectorizer] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def fitted_state(estimator: object) -> FittedState:
    """Return the texts and the vectorizers of a fitted model.

    Parameters
    ----------
    estimator : object
        An estimator of scikit-learn, with all its steps.

    Returns
    -------
    FittedState
        From the attributes that scikit-learn sets when it fits (``classes_``, ``_fit_X``); what the user sets
        (``token_pattern``, ``stop_words``) is no data. Members of a list share a location.

    Notes
    -----
    Attributes are read from ``__dict__``: no property, comparison or ``__repr__`` of any object is run.
    """
    walk = _Walk(FittedState())
    if _is_estimator(estimator):
        walk.estimator(estimator, "", None)
    else:
        walk.note_unread("", f"{type(estimator).__name__} is no estimator of scikit-learn")
    return walk.found


def _is(value: object, *kinds: type) -> bool:
    # Not isinstance, which reads `__class__` and so may run the code of the object.
    return issubclass(type(value), kinds)


def _is_estimator(value: object) -> bool:
    return _is(value, BaseEstimator)


def _attributes(value: object) -> dict[str, Any]:
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return cast(dict[str, Any], found) if type(found) is dict else {}


def _is_fitted(name: str) -> bool:
    return (name.endswith("_") or name.startswith("_")) and not name.startswith("__") and name not in _SETTINGS


def _joined(location: str, name: str) -> str:
    return f"{location}.{name}" if location else name


def _text(value: Any) -> str:
    """Return a text as an exact `str`, with the comparison and hash of the language itself."""
    return bytes.decode(value, errors="replace") if _is(value, bytes) else str.__str__(value)


def _texts(values: object) -> tuple[str, ...] | None:
    """Return values as names of columns, or None where they are something else."""
    if _is(values, np.ndarray):
        values = np.asarray(values).ravel().tolist()
    if _is(values, list, tuple) and all(_is(value, str) for value in cast(list[object], values)):
        return tuple(_text(value) for value in cast(list[object], values))
    return None


def _selected(columns: object, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the names of the columns that a `ColumnTransformer` passes to a step."""
    if _is(columns, UserList):
        columns = _attributes(columns).get("data")
    if _is(columns, str):
        return (_text(columns),)
    named = _texts(columns)
    if named is not None or names is None or not _is(columns, list, slice, int, np.ndarray):
        return named
    try:
        return _texts(np.atleast_1d(np.array(names, dtype=object)[cast(Any, columns)]))
    except (IndexError, ValueError):
        return None


class _Walk:
    """Walks through a model; visits every object once, on the first path to it."""

    def __init__(self, found: FittedState) -> None:
        self.found = found
        self.seen: dict[int, object] = {}
        """By identity. The objects are kept alive: Python reuses the identity of an object that is gone."""

    def note_unread(self, location: str, why: str) -> None:
        line = f"{location}: {why}" if location else why
        if line not in self.found.unread:
            self.found.unread.append(line)

    def is_new(self, value: object) -> bool:
        new = id(value) not in self.seen
        self.seen[id(value)] = value
        return new

    def estimator(
        self, fitted: object, location: str, columns: tuple[str, ...] | None, depth: int = 0, *, template: bool = False
    ) -> None:
        """Read the attributes of an estimator; a template, which is never fitted, should have none."""
        if not self.is_new(fitted):
            return
        attributes = _attributes(fitted)
        columns = _texts(attributes.get("feature_names_in_")) or columns
        if not template:
            self.note_kind(fitted, location)
        vocabulary = attributes.get("vocabulary_")
        if _is(vocabulary, dict) and callable(getattr(type(fitted), "build_analyzer", None)):
            self.found.vectorizers.append(Vectorizer(location, fitted, attributes))
            attributes = {
                name: value for name, value in attributes.items() if name not in ("vocabulary_", "stop_words_")
            }
        named = "named_estimators_" in attributes
        for name, value in attributes.items():
            where = _joined(location, name)
            if name in _STEPS:
                self.steps(value, location, columns, depth, template=template)
            elif name == "categories_":
                self.categories(value, where, columns, depth)
            elif _is_fitted(name) and not (named and name == "estimators_"):
                self.rows(value, name, where)
                self.value(value, where, name, depth)
        for name, value in attributes.items():
            if not _is_fitted(name) and name not in _STEPS and _is_estimator(value):
                self.estimator(value, _joined(location, name), columns, depth, template=True)

    def note_kind(self, fitted: object, location: str) -> None:
        name = type(fitted).__name__
        if _is(fitted, HashingVectorizer, FeatureHasher):
            self.note_unread(location, f"{name} keeps no terms, only their hashes")
        elif _package(fitted) != "sklearn":
            self.note_unread(
                location,
                f"{name} is not part of scikit-learn: only attributes with names of fitted attributes were searched",
            )

    def steps(
        self, value: object, location: str, columns: tuple[str, ...] | None, depth: int, *, template: bool
    ) -> None:
        """Read named steps; those of a `ColumnTransformer` name their columns."""
        entries = list(dict.items(value)) if _is(value, dict) else value  # type: ignore[arg-type]
        for entry in entries if _is(entries, list, tuple) else ():  # type: ignore[attr-defined]
            if not (_is(entry, tuple, list) and len(entry) > 1 and _is(entry[0], str)):
                continue
            given = _selected(entry[2], columns) if len(entry) > 2 else columns
            if _is_estimator(entry[1]):
                self.estimator(entry[1], _joined(location, _text(entry[0])), given, depth, template=template)

    def categories(self, value: object, location: str, columns: tuple[str, ...] | None, depth: int) -> None:
        """Look at lists of categories, one a column."""
        lists: list[object] = list(value) if _is(value, list, tuple) else [value]  # type: ignore[call-overload]
        named = columns if columns is not None and len(columns) == len(lists) else None
        numbers = [str(number) for number in range(len(lists))]
        headers = list(named or numbers)
        for number, header, spans, values in zip(numbers, headers, find(headers), lists, strict=True):
            where = f"{location}[{number if spans else header}]"
            self.value(values, where, "" if named is None else header, depth)
            if named is not None and _is(values, np.ndarray) and names_a_kind(header):
                self.members(_whole_numbers(np.asarray(values)), where, header, depth)

    def rows(self, value: object, name: str, location: str) -> None:
        numbers = _is(value, np.ndarray) and np.asarray(value).dtype.kind in "fiu"
        if name in _ROWS and (numbers or hasattr(type(value), "tocsr")):
            self.note_unread(location, "rows that the model was fitted on are kept as numbers, which are not searched")

    def add(self, location: str, header: str, texts: Iterable[str]) -> None:
        held = self.found.strings.setdefault(ModelLocation(location, header), {})
        held.update(dict.fromkeys(texts))

    def value(self, value: object, location: str, header: str, depth: int) -> None:
        """Look at a value of any kind."""
        if _is(value, str, bytes):
            self.add(location, header, [_text(value)])
        elif depth > DEEPEST:
            self.note_unread(location, f"nested deeper than {DEEPEST} levels")
        elif _is_estimator(value):
            self.estimator(value, location, None, depth + 1)
        elif _is(value, *_READERS):
            read = next(read for kind, read in _READERS.items() if _is(value, kind))
            if self.is_new(value):
                self.members(read(value), location, header, depth)
        else:
            self.other(value, location, header, depth)

    def members(self, values: Iterable[object], location: str, header: str, depth: int) -> None:
        texts, others = [], []
        for value in values:
            if _is(value, str, bytes):
                texts.append(_text(value))
            elif not _is(value, int, float, complex, np.generic, type(None)):
                others.append(value)
        if texts:
            self.add(location, header, texts)
        for value in others:
            self.value(value, location, header, depth + 1)

    def other(self, value: object, location: str, header: str, depth: int) -> None:
        """Look at an object that is no container: scikit-learn's helpers hold estimators."""
        attributes = _attributes(value)
        if _package(value) == "sklearn" and attributes:
            if self.is_new(value):
                for name, held in attributes.items():
                    if not _is(held, str):
                        self.value(held, _joined(location, name), name, depth + 1)
        elif not _is(value, type, FunctionType, ModuleType) and _package(value) not in _QUIET:
            self.note_unread(location, f"an object of the class {type(value).__name__} is not searched")


def _package(value: object) -> str:
    return str(type(value).__module__).partition(".")[0]


def _of_array(value: Any) -> Iterable[object]:
    array = np.asarray(value)
    if array.dtype.names is not None:
        return [array[name] for name in array.dtype.names]
    return cast(list[object], array.ravel().tolist()) if array.dtype.kind in "OUS" else ()


def _of_frame(value: Any) -> Iterator[object]:
    yield value.columns
    for position in range(value.shape[1]):
        yield value.iloc[:, position]


def _of_dict(value: Any) -> Iterator[object]:
    yield from dict.keys(value)
    yield from dict.values(value)


def _of_pandas(value: Any) -> Iterable[object]:
    return _of_array(value.to_numpy(dtype=object)) if value.dtype.kind not in "biufcmM" else ()


_READERS: dict[type, Callable[[Any], Iterable[object]]] = {
    dict: _of_dict,
    list: lambda value: list.__iter__(value),
    tuple: lambda value: tuple.__iter__(value),
    set: lambda value: set.__iter__(value),
    frozenset: lambda value: frozenset.__iter__(value),
    np.ndarray: _of_array,
    pd.DataFrame: _of_frame,
    pd.Series: _of_pandas,
    pd.Index: _of_pandas,
}
"""How to read the members of a container with the language's own methods, not those of a subclass."""


def _whole_numbers(values: npt.NDArray[Any]) -> list[str]:
    if values.dtype.kind not in "fiu":
        return []
    return [str(int(value)) for value in values.ravel().tolist() if float(value).is_integer()]
