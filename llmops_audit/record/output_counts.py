"""What became of the subject's outputs: each is a label, or counts as wrong."""

from __future__ import annotations

from enum import StrEnum

from llmops_audit.record.base import Frozen

__all__ = ["NO_LABEL", "Outcome", "OutputCounts", "OutputShape"]


class Outcome(StrEnum):
    """What an output turned out to be; all but `LABEL` count as wrong."""

    LABEL = "label"
    UNPARSABLE = "unparsable"
    MISSING = "missing"
    REFUSED = "refused"
    CUT = "cut"
    TOO_LONG = "too_long"
    FAILED = "failed"


NO_LABEL = tuple(outcome for outcome in Outcome if outcome not in (Outcome.LABEL, Outcome.FAILED))
"""Outcomes of a subject that answered, or left a row out, without a label; a call that failed is counted apart."""


class OutputShape(Frozen):
    """Outputs that are no label and look alike."""

    shape: str
    """The outputs with every run of letters as "a" and every run of digits as "0", at most 40 characters."""
    rows: int
    """Number of rows."""


class OutputCounts(Frozen):
    """The outputs of one split."""

    outcomes: dict[str, int]
    """Rows by outcome, without zeros: "label", "unparsable" (an output that becomes no label), "missing"."""
    shapes: tuple[OutputShape, ...] = ()
    """The commonest shapes of outputs that are no label, most rows first."""
    tied: int = 0
    """Rows whose largest score is shared by several labels, of which the first in order was taken."""

    @property
    def rows(self) -> int:
        """Rows that an output was expected of."""
        return sum(self.outcomes.values())

    @property
    def labels(self) -> int:
        """Rows whose output is a label."""
        return self.outcomes.get(Outcome.LABEL, 0)

    @property
    def invalid(self) -> int:
        """Rows whose output is neither a label nor a call that failed."""
        return sum(self.outcomes.get(outcome, 0) for outcome in NO_LABEL)
