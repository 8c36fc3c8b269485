"""How often the search flags a text that holds no personal data, as docs/personal-data.md measures it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from llmops_audit.stats import Bounds, clopper_pearson

__all__ = ["CONFIDENCE", "FLAGGED", "PER", "TEXTS", "false_alarms"]

TEXTS = 254_529
"""Texts of five corpora in which no personal data was expected."""

FLAGGED: Mapping[str, int] = MappingProxyType({"date_of_birth": 1, "email": 4, "phone": 7})
"""How many of them were flagged, confirmed or likely, by kind; no other kind was. All but one turned out to hold
personal data after all, and count here all the same."""

PER = 100_000
CONFIDENCE = 0.95


def false_alarms(kinds: Iterable[str] = FLAGGED) -> tuple[float, Bounds]:
    """Return the texts of `PER` without personal data that are flagged, and the interval of their number.

    Parameters
    ----------
    kinds : iterable of str
        As which kinds, each once; by default as any.

    Examples
    --------
    >>> rate, (low, high) = false_alarms()
    >>> round(rate, 1), round(high, 1)
    (4.7, 8.2)
    """
    flagged = sum(FLAGGED.get(kind, 0) for kind in kinds)
    low, high = clopper_pearson(flagged, TEXTS, CONFIDENCE)
    return flagged * PER / TEXTS, (low * PER, high * PER)
