"""Numbers that measure or count: what tells them from numbers of things and people."""

from __future__ import annotations

from llmops_audit.personal_data.kinds import Words, words

__all__ = ["COUNTED", "measured"]

COUNTED = (
    r"(?! ?(?:[%£$€¥₹°元块次个人条万亿岁]|(?:[nmµ]?s|secs?|seconds|minutes|bytes|[kKMG]i?B|rows|records|times|points"
    r"|people|users|units|dollars|euros|pounds|USD|EUR|GBP|CNY|INR)(?![A-Za-z])))"
)
"""Part of a pattern: what follows does not say that the number before it counts or measures something."""

_MEASURES = [
    "amount",
    "balance",
    "cost",
    "count",
    "date",
    "duration",
    "end",
    "fee",
    "index",
    "length",
    "limit",
    "minutes",
    "rate",
    "score",
    "seconds",
    "size",
    "start",
    "status",
    "time",
    "total",
    "type",
    "usage",
    "volume",
]


def measured(things: str) -> Words:
    """Return what measures of things are called: ``call_time``, ``card_count``.

    Parameters
    ----------
    things : str
        Words separated by white space.

    Returns
    -------
    Words
        Phrases, as names of columns are made of them. The measures by themselves are too common to speak against
        anything: ``call any time`` is followed by a telephone number.
    """
    return words(" ".join(f"{thing}_{measure}" for thing in things.split() for measure in _MEASURES))
