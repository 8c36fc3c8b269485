"""What the gate decided, and what changed since an earlier audit."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from llmops_audit.record.base import Frozen, Message, Scalar
from llmops_audit.record.findings import Op, Verdict

__all__ = ["Changes", "Decision", "GatePolicy", "LimitChange", "Status", "VerdictChange"]


class Status(StrEnum):
    """What the gate decided."""

    APPROVED = "approved"
    REJECTED = "rejected"
    NEEDS_REVIEW = "needs_review"
    NOT_JUDGED = "not_judged"

    @property
    def exit_code(self) -> int:
        """Exit code of the command line: approved 0, rejected 1, not judged 2, needs review 3."""
        return {"approved": 0, "rejected": 1, "not_judged": 2, "needs_review": 3}[self.value]


class GatePolicy(Frozen):
    """The spec's `[gate]`."""

    confidence: float
    """Confidence of every interval."""
    decide: Literal["bound", "point"]
    """Whether confidence bounds decide, or the values as they are."""
    on_inconclusive: Literal["review", "reject"]
    """What an undecided requirement asks for."""


class Decision(Frozen):
    """The gate's decision and what it rests on."""

    status: Status
    """The decision."""
    exit_code: int
    """Exit code of the command line."""
    reasons: tuple[Message, ...]
    """Why, as sentences, what weighs most first."""


class VerdictChange(Frozen):
    """A finding, or a check, whose verdict differs from the earlier one."""

    id: str
    """Id of the finding, or name of the check."""
    before: Verdict | None
    """Its verdict then; null where there was none."""
    now: Verdict | None
    """Its verdict now; null where there is none."""


class LimitChange(Frozen):
    """A limit that differs from the earlier one."""

    id: str
    """Id of the finding, or a setting, such as "gate.confidence", "checks.drift.gate" or
    "checks.fairness.reference.race"."""
    op: Op | None
    """How values are compared with it; null for a setting."""
    before: Scalar
    """The limit then; null where there was none."""
    now: Scalar
    """The limit now; null where there is none."""
    loosened: bool | None
    """Whether it asks for less now; null where that depends on the data, such as for the group that others are compared
    with."""


class Changes(Frozen):
    """What differs from an earlier audit."""

    name: str
    """Name of the system in the earlier record."""
    version: str
    """Version of the system in the earlier record."""
    digest: str
    """Digest of the earlier record."""
    status: Status
    """What the gate decided then."""
    verdicts: tuple[VerdictChange, ...]
    """Checks and findings whose verdicts differ."""
    limits: tuple[LimitChange, ...]
    """Limits that differ."""
    data: dict[str, bool | None]
    """By split: whether the same bytes were read; null where one of the records has no such split."""
    same_model: bool | None
    """Whether the classifier is the same; null where the records cannot tell."""
    model: Message | None = None
    """By what it is known to be the same or another one, or why it cannot be known."""
    same_spec: bool
    """Whether the spec says the same, however it is written."""
