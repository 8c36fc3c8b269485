"""The digest of a fitted classifier: of what it holds, read and never called, and without pickling.

It covers names of classes, parameters, and fitted attributes in sorted order: arrays with type and shape, sparse
matrices, tables, texts, numbers, containers, nested estimators, trees and random states. There is no digest where a
part is something else, such as a function of the user's own or a library's handle to memory: two classifiers with the
same digest hold the same, and where that cannot be said nothing is said.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import PurePath
from types import BuiltinFunctionType, EllipsisType, FunctionType, MethodDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

__all__ = ["fitted_sha256"]

MAX_BYTES = 1 << 33
MAX_VALUES = 20_000_000
"""What is larger has no digest: an audit does not hash for minutes."""

DEEPEST = 200

_LIBRARIES = frozenset(
    {"builtins", "collections", "functools", "math", "numpy", "operator", "pandas", "scipy", "sklearn"}
)
"""Packages whose functions and classes their names stand for: the record holds their versions."""

_NO_CONTENT = frozenset(
    {
        "_stop_words_id", "mean_fit_time", "mean_score_time", "n_threads", "refit_time_", "std_fit_time",
        "std_score_time",
    }
)  # fmt: skip
"""Attributes that differ from run to run, or from machine to machine, and say nothing about what was learned."""

_FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodDescriptorType, np.ufunc)

_HEAP_TYPE = 1 << 9
"""Flag of a class that is no part of the interpreter or of a compiled module."""

_POINTER = np.dtype(np.intp).itemsize


class _UnknownError(Exception):
    """A part is of a kind that no digest covers."""


def fitted_sha256(fitted: object) -> str | None:
    """Return the SHA-256 of what a fitted classifier holds.

    Parameters
    ----------
    fitted : object
        A scikit-learn classifier, or a container that holds it together with how it is used.

    Returns
    -------
    str or None
        Equal where classes, parameters and fitted attributes are equal, in every process on one machine with one lock
        file; elsewhere the last digits of what was learned may differ. None where a part is of an unknown kind, or
        where there is too much of it.
    """
    try:
        return _Digested().digest(fitted).hex()
    except (_UnknownError, RecursionError):
        return None


class _Digested:
    """Digests values from the leaves up, so that it has no bearing whether two parts share an object."""

    def __init__(self) -> None:
        # The objects are kept beside their digests: their ids are theirs as long as they live.
        self._known: dict[int, tuple[object, bytes]] = {}
        self._open: list[int] = []
        self._bytes = self._values = 0

    def digest(self, value: object) -> bytes:
        if id(value) in self._known:
            return self._known[id(value)][1]
        if id(value) in self._open:
            # A part that holds itself: how far up it stands.
            return _hashed("cycle", str(len(self._open) - self._open.index(id(value))).encode())
        self._count(values=1)
        leaf = _leaf(value)
        if leaf is not None:
            self._count(size=len(leaf[1]))
            return _hashed(*leaf)
        if len(self._open) > DEEPEST:
            raise _UnknownError
        self._open.append(id(value))
        found = self._of_parts(value)
        self._open.pop()
        if not isinstance(value, np.ndarray):
            self._known[id(value)] = value, found
        return found

    def _of_parts(self, value: object) -> bytes:
        for kinds, method in self._methods():
            if isinstance(value, kinds):
                return method(value)
        return self._object(value)

    def _methods(self) -> Iterator[tuple[Any, Callable[[Any], bytes]]]:
        yield np.ndarray, self._array
        yield (np.random.RandomState, np.random.Generator, np.random.BitGenerator), self._random
        yield (dict, list, tuple, set, frozenset), self._container
        yield (sp.spmatrix, sp.sparray), self._sparse
        yield (pd.DataFrame, pd.Series, pd.Index, pd.api.extensions.ExtensionArray), self._table
        yield (partial, MethodType), self._bound

    def _container(self, value: Any) -> bytes:
        plain = type(value) in (dict, list, tuple, set, frozenset)
        own = [] if plain else [self._class(type(value)), self._state(value)]
        if isinstance(value, dict):
            parts = self._mapping(value)
        elif isinstance(value, list | tuple):
            parts = self._sequence(list(value))
        else:
            parts = sorted(map(self.digest, value))
        kind = next(kind for kind in (dict, list, tuple, set, frozenset) if isinstance(value, kind)).__name__
        return _hashed(kind, *own, *parts)

    def _mapping(self, value: Mapping[Any, Any]) -> list[bytes]:
        if all(type(key) is str for key in value):
            names = sorted(value)
            return [*self._sequence(names), *self._sequence([value[name] for name in names])]
        pairs = sorted((self.digest(key), self.digest(item)) for key, item in value.items())
        return [part for pair in pairs for part in pair]

    def _sequence(self, values: list[Any]) -> list[bytes]:
        kinds = set(map(type, values))
        if len(kinds) == 1 and kinds <= {str, int}:
            # A vocabulary has a million terms: written at once, not one by one.
            self._count(values=len(values) // 100)
            written = json.dumps(values).encode()
            self._count(size=len(written))
            return [_hashed(f"{kinds.pop().__name__}s", written)]
        return [_hashed("items", *map(self.digest, values))]

    def _array(self, value: npt.NDArray[Any]) -> bytes:
        head = json.dumps([str(value.dtype), value.dtype.str, value.shape]).encode()
        own = [] if type(value) is np.ndarray else [self._class(type(value))]
        if isinstance(value, np.ma.MaskedArray):
            return _hashed("masked", head, self.digest(np.ma.getmaskarray(value)), self.digest(value.filled()))
        plain = np.asarray(value)
        if value.dtype.names is not None:
            # Field by field: what lies between fields, for alignment, is no content.
            return _hashed("record", head, *own, *(self._array(plain[name]) for name in value.dtype.names))
        if value.dtype.hasobject:
            return _hashed("array", head, *own, *self._sequence(plain.ravel().tolist()))
        self._count(size=plain.nbytes)
        content = np.ascontiguousarray(plain).reshape(-1).view(np.uint8).data if plain.nbytes else b""
        return _hashed("array", head, *own, content)

    def _sparse(self, value: Any) -> bytes:
        plain = value if value.format in ("csr", "csc") else value.tocsr()
        head = json.dumps([type(value).__name__, plain.format, plain.shape]).encode()
        return _hashed("sparse", head, *map(self.digest, (plain.data, plain.indices, plain.indptr)))

    def _table(self, value: Any) -> bytes:
        if isinstance(value, pd.DataFrame):
            columns = [value.iloc[:, position] for position in range(value.shape[1])]
            return _hashed("frame", self.digest(value.index), self.digest(value.columns), *map(self.digest, columns))
        dtype = self._dtype(value.dtype)
        if isinstance(value, pd.Series):
            return _hashed("series", dtype, self.digest(value.index), self.digest(value.name), self.digest(value.array))
        if isinstance(value, pd.Index):
            return _hashed("index", dtype, self.digest(list(value.names)), *self._sequence(value.tolist()))
        return _hashed("column", dtype, *self._sequence(value.tolist()))

    def _dtype(self, value: Any) -> bytes:
        categories = value.categories if isinstance(value, pd.CategoricalDtype) else None
        return _hashed("dtype", str(value).encode(), self.digest(categories))

    def _random(self, value: Any) -> bytes:
        if value is np.random.mtrand._rand:
            # The global generator is no part of the classifier, and nobody knows who else has drawn from it.
            return _hashed("global generator")
        if isinstance(value, np.random.RandomState):
            return _hashed("random state", self.digest(value.get_state(legacy=False)))
        generator = value.bit_generator if isinstance(value, np.random.Generator) else value
        return _hashed("generator", self.digest(generator.state))

    def _bound(self, value: Any) -> bytes:
        if isinstance(value, MethodType):
            name = f"{value.__func__.__qualname__}".encode()
            return _hashed("method", name, self._class(type(value.__self__)), self.digest(value.__self__))
        return _hashed("partial", *map(self.digest, (value.func, value.args, value.keywords)))

    def _object(self, value: object) -> bytes:
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, _FUNCTIONS) or type(value).__name__ == "cython_function_or_method":
            return _function(value)
        if _is_python(type(value)):
            return _hashed("object", self._class(type(value)), self._state(value))
        if _library(type(value)) in ("sklearn", "numpy", "scipy"):
            return self._compiled(value)
        raise _UnknownError

    def _state(self, value: object) -> bytes:
        """Digest what stands in attributes, those of slots too."""
        found = _with_content(getattr(value, "__dict__", {}))
        if isinstance(found.get("cv_results_"), dict):
            found["cv_results_"] = _with_content(found["cv_results_"])
        for name in _slots(type(value)):
            if hasattr(value, name):
                found[name] = getattr(value, name)
        return _hashed("attributes", *self._mapping(found))

    def _compiled(self, value: object) -> bytes:
        """Digest a compiled object of a library by what it would be made again from, such as a tree's nodes."""
        try:
            reduced = value.__reduce_ex__(2)
        except TypeError:
            raise _UnknownError from None
        if not isinstance(reduced, tuple):
            raise _UnknownError
        return _hashed("compiled", self._class(type(value)), *map(self.digest, reduced))

    def _class(self, value: type) -> bytes:
        return _hashed("class", f"{value.__module__}.{value.__qualname__}".encode())

    def _count(self, values: int = 0, size: int = 0) -> None:
        self._values += values
        self._bytes += size
        if self._values > MAX_VALUES or self._bytes > MAX_BYTES:
            raise _UnknownError


def _hashed(kind: str, *parts: bytes | memoryview) -> bytes:
    digest = hashlib.sha256(kind.encode())
    for part in parts:
        # With their lengths, so that no two lists of parts are written alike.
        digest.update(f":{len(part)}:".encode())
        digest.update(part)
    return digest.digest()


def _leaf(value: object) -> tuple[str, bytes] | None:
    """Return the kind and the content of a value without parts."""
    if value is None or isinstance(value, bool | EllipsisType) or value is pd.NA or value is pd.NaT:
        return "constant", repr(value).encode()
    if isinstance(value, Enum):
        return "enum", f"{type(value).__module__}.{type(value).__qualname__}.{value.name}".encode()
    if isinstance(value, np.generic) and not isinstance(value, np.void | np.object_):
        return "scalar", f"{value.dtype.str} ".encode() + value.tobytes()
    if type(value) in (int, float, complex, str):
        return type(value).__name__, json.dumps(str(value)).encode()
    if type(value) in (bytes, bytearray):
        return "bytes", bytes(value)  # type: ignore[call-overload]
    return _written(value)


def _written(value: object) -> tuple[str, bytes] | None:
    """Return a value that its text stands for."""
    if isinstance(value, date | time):
        return type(value).__name__, value.isoformat().encode()
    if isinstance(value, Decimal | PurePath):
        return type(value).__name__, str(value).encode()
    if isinstance(value, np.dtype | slice | range | pd.Interval | pd.Timedelta):
        return type(value).__name__, repr(value).encode()
    if isinstance(value, re.Pattern):
        return "pattern", f"{value.flags} {value.pattern!r}".encode(errors="surrogatepass")
    return None


def _library(value: type | Callable[..., object]) -> str | None:
    root = str(getattr(value, "__module__", None) or "").partition(".")[0]
    return root if root in _LIBRARIES else None


def _function(value: Any) -> bytes:
    """Digest a function of a library by its name; what a user's own function does its name cannot tell."""
    if isinstance(value, np.ufunc):
        return _hashed("ufunc", value.__name__.encode())
    # A method such as `str.split` belongs to its class, which knows the module.
    owner = value.__objclass__ if isinstance(value, MethodDescriptorType) else value
    bound = isinstance(value, BuiltinFunctionType) and not isinstance(value.__self__, ModuleType | None)
    if bound or _library(owner) is None or "<" in value.__qualname__:
        raise _UnknownError
    return _hashed("function", f"{owner.__module__}.{value.__qualname__}".encode())


def _is_python(value: type) -> bool:
    """Return whether the objects of a class hold nothing but attributes.

    A compiled class needs room for what it hides: an object has room for its head, its attributes and its slots alone.
    """
    if not all(one is object or one.__flags__ & _HEAP_TYPE for one in value.__mro__):
        return False
    attributes = (value.__dictoffset__ > 0) + (value.__weakrefoffset__ > 0) + len(list(_slots(value)))
    return value.__basicsize__ <= object.__basicsize__ + _POINTER * attributes


def _with_content(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if name not in _NO_CONTENT}


def _slots(value: type) -> Iterable[str]:
    for one in value.__mro__:
        named = vars(one).get("__slots__", ())
        for name in (named,) if isinstance(named, str) else named:
            if name not in ("__dict__", "__weakref__"):
                yield f"_{one.__name__.lstrip('_')}{name}" if name.startswith("__") else name
