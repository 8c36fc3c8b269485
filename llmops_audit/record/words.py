"""The words of a record's keys: a check declares them, the record carries them, a report shows them."""

from __future__ import annotations

from collections.abc import Mapping

from llmops_audit.record.base import Message

__all__ = ["at", "values_at"]


def at(place: str, value: str) -> str:
    """Return the key of a word that belongs to a value at one place only.

    Parameters
    ----------
    place : str
        A key of scopes or details, a column of tables, or a place of messages.
    value : str
    """
    return f"{place}={value}"


def values_at(words: Mapping[str, Message], *places: str) -> dict[str, Message]:
    """Return words of values, for these places only: elsewhere the same value may come from the data.

    Parameters
    ----------
    words : mapping of str to Message
        By value.
    places : str
        See `at`.
    """
    return {at(place, value): word for place in places for value, word in words.items()}
