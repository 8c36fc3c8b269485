"""Which parts of an estimator are fitted already, before it is trained here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import MethodType
from typing import Any

from sklearn.base import BaseEstimator, clone

__all__ = ["fitted_parts"]

DEEPEST = 50


def fitted_parts(estimator: object) -> tuple[str, ...]:
    """Return the names of the classes of an estimator and its parts that are fitted, each once, in their order.

    Parameters
    ----------
    estimator : object
        Parts are whatever its parameters hold: steps, nested estimators, also in lists and tables, and estimators
        whose methods it calls.

    Notes
    -----
    Fitted is what `sklearn.utils.validation.check_is_fitted` calls so: attributes that end with an underscore, or what
    ``__sklearn_is_fitted__`` says. What a new estimator with the same parameters has as well, such as one that needs no
    fit, does not count, unless its class keeps what it learned where it is cloned (`FrozenEstimator`).
    """
    found = (type(part).__name__ for part in _parts(estimator, set(), 0) if _is_fitted(part))
    return tuple(dict.fromkeys(found))


def _parts(value: object, seen: set[int], depth: int) -> Iterator[object]:
    if id(value) in seen or depth > DEEPEST:
        return
    seen.add(id(value))
    if hasattr(value, "fit") and not isinstance(value, type):
        yield value
    for inner in _inner(value):
        yield from _parts(inner, seen, depth + 1)


def _inner(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif isinstance(value, partial):
        yield from (value.func, *value.args, *value.keywords.values())
    elif isinstance(value, MethodType):
        yield value.__self__
    elif not isinstance(value, type):
        yield from _parameters(value).values()


def _parameters(value: object) -> Mapping[str, object]:
    if not hasattr(value, "get_params"):
        return {}
    try:
        found = value.get_params(deep=False)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        # Of a class that is none of scikit-learn's, or breaks its rules; its training will say so.
        return {}
    return found if isinstance(found, Mapping) else {}


def _is_fitted(part: object) -> bool:
    learned = _learned(part)
    if not learned:
        return False
    own = getattr(type(part), "__sklearn_clone__", None)
    if own is not None and own is not getattr(BaseEstimator, "__sklearn_clone__", None):
        # A clone of it may be the same object, which says nothing.
        return True
    try:
        new = clone(part)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return True
    return bool(learned - _learned(new))


_SAYS_SO = "__sklearn_is_fitted__"


def _learned(part: object) -> set[str]:
    """Return the names that say that a part is fitted."""
    attributes = getattr(part, "__dict__", {})
    found = {name for name in attributes if name.endswith("_") and not name.startswith("__")}
    if any(_says(part, name) for name in (_SAYS_SO, "is_fitted")):
        found.add(_SAYS_SO)
    return found


def _says(part: Any, name: str) -> bool:
    if not hasattr(type(part), name):
        return False
    try:
        found = getattr(part, name)
        return bool(found() if callable(found) else found)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return False
