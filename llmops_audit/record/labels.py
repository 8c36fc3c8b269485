"""Labels, groups and categories compare by value: `1`, `1.0` and `"1"` read from a file are the same label.

Where that would lose something, since two spellings in one column of one file would become one value (1.1 and 1.10),
all values of the column stay texts, see `llmops_audit.data.spellings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["LARGEST", "MISSING", "Label", "as_listed", "canonical_label", "label_order"]

Label = str | int | float
"""A label or a group value in its one form, see `canonical_label`."""

MISSING = "(missing)"
"""The category of a missing group value."""

LARGEST = 2**53 - 1
"""Readers of JSON may round larger whole numbers, and canonical JSON refuses them, so that they stay text."""

_LONGEST_WHOLE = len(str(-LARGEST))

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")


def canonical_label(value: str | float | bool, *, texts: bool = False) -> Label:
    """Return the one form of a label or group value.

    Parameters
    ----------
    value : str, int, float or bool
        A scalar as a file, a model or the spec gives it.
    texts : bool
        Whether texts stay as they are, and numbers and truth values become texts.

    Returns
    -------
    str, int or float
        A whole number as int, another decimal number as float, a truth value as ``"true"`` or ``"false"``,
        anything else as text without white space around it. ``"007"`` stays text, and so does what is too long for a
        number.
    """
    if texts:
        return value.strip() if isinstance(value, str) else str(canonical_label(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return value if abs(value) <= LARGEST else str(value)
    if isinstance(value, float):
        if not value.is_integer():
            return value
        return int(value) if abs(value) <= LARGEST else str(int(value))
    text = value.strip()
    if _NUMBER.match(text):
        return _number(text)
    lowered = text.lower()
    return lowered if lowered in ("true", "false") else text


def _number(text: str) -> Label:
    whole, _, fraction = text.partition(".")
    if len(whole) > _LONGEST_WHOLE or abs(int(whole)) > LARGEST:
        return text if fraction.strip("0") else whole
    return int(whole) if not fraction.strip("0") else float(text)


def as_listed(value: str | float | bool, labels: Iterable[Label]) -> Label:
    """Return the label that a value of the spec means, among labels that may be texts: ``1`` means the text ``"1"``.

    Returns
    -------
    label
        One of `labels`; the value in its one form where it is none of them.
    """
    known, found = frozenset(labels), canonical_label(value)
    spelled = str(value).strip()
    for meant in (spelled, found) if isinstance(value, str) else (found, spelled, str(found)):
        if meant in known:
            return meant
    return found


def label_order(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Return labels without repetition, numbers first by size, then texts by code point."""
    return tuple(sorted(set(labels), key=lambda x: (isinstance(x, str), x)))
