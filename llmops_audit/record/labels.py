"""Labels and group values compare by value: `1`, `1.0` and `"1"` read from a file are the same label."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["LARGEST", "MISSING", "Label", "canonical_label", "label_order"]

Label = str | int | float
"""A label or a group value in its one form, see `canonical_label`."""

MISSING = "(missing)"
"""The category of a missing group value."""

LARGEST = 2**53 - 1
"""Readers of JSON may round larger whole numbers, and canonical JSON refuses them, so that they stay text."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")


def canonical_label(value: str | float | bool) -> Label:
    """Return the one form of a label or group value.

    Parameters
    ----------
    value : str, int, float or bool
        A scalar as a file, a model or the spec gives it.

    Returns
    -------
    str, int or float
        A whole number as int, another decimal number as float, a truth value as ``"true"`` or ``"false"``,
        anything else as text without white space around it. ``"007"`` stays text.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return value if abs(value) <= LARGEST else str(value)
    if isinstance(value, float):
        if not value.is_integer():
            return value
        return int(value) if abs(value) <= LARGEST else str(value)
    text = value.strip()
    if _NUMBER.match(text):
        number = float(text)
        if not number.is_integer():
            return number
        whole = int(text.partition(".")[0])
        return whole if abs(whole) <= LARGEST else text
    lowered = text.lower()
    return lowered if lowered in ("true", "false") else text


def label_order(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Return labels without repetition, numbers first by size, then texts by code point."""
    return tuple(sorted(set(labels), key=lambda x: (isinstance(x, str), x)))
