"""Numbers that measure or count: how to distinguish them from numbers of things and people."""

from __future__ import annotations

from llmops_audit.personal_data.kinds import Words, words

__all__ = ["COUNTED", "measured"]

COUNTED = (
    r"(?! ?(?:[%£$€¥₹°元块次个人条万亿岁]|(?:[nmµ]?s|secs?|seconds|minutes|bytes|[kKMG]i?B|rows|records|times|points"
    r"|people|users|units|dollars|euros|pounds|USD|EUR|GBP|CNY|INR)(?![A-Za-z])))"
)
"""End of a pattern: no unit follows, which would show that the number counts or measures something."""

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
    """Return the names of measures of things: ``call_time``, ``card_count``.

    Parameters
    ----------
    things : str
        Words separated by white space.

    Returns
    -------
    Words
        Phrases, as in names of columns. The measures alone are too common to rule anything out: a telephone number
        may follow ``call any time``.
    """
    return words(" ".join(f"{thing}_{measure}" for thing in things.split() for measure in _MEASURES))
