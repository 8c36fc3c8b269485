"""What a check says: requirements, findings with their verdicts, and its page."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from llmops_audit.record.base import Frozen, Message, Scalar

__all__ = [
    "ADVICE",
    "DEFAULT_SOURCE",
    "CheckGate",
    "CheckResult",
    "Finding",
    "Op",
    "Page",
    "Requirement",
    "Section",
    "Severity",
    "Verdict",
]

DEFAULT_SOURCE = "default"
"""Source of a limit that is a default of the check and that no line of the spec sets."""

CheckGate = Literal["block", "review", "report"]
"""What the verdict of a check does, the strictest first."""


class Verdict(StrEnum):
    """What a requirement came to."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    FOUND = "found"
    """Reported, and left to nobody to decide: an alarm above its limit by value alone, or the like."""
    UNDECIDED = "undecided"
    """A whole interval that misses the limit, as a check gives it: the gate makes it failed or inconclusive, so that no
    record holds it."""
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


class Severity(StrEnum):
    """Order of findings in a report; it does not soften the gate."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Op(StrEnum):
    """Comparison of a measured value with a limit."""

    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"


class Requirement(Frozen):
    """A limit on a value; findings of one check with the same metric, `about` and split share it."""

    op: Op
    """How the value is compared with the limit."""
    limit: float
    """The limit, in the unit of the value."""
    source: str | None = None
    """Where the limit was set: a line of the spec ("audit.toml:17"), "spec" where it is no file, or "default"; null
    where the check does not say which setting set it."""
    setting: Annotated[tuple[str, ...], SkipJsonSchema()] = Field(default=(), exclude=True, repr=False)
    """For the runner alone, which makes the source of it: the setting that set the limit, and the keys within."""
    metric: str | None = None
    """What the limit is on where findings measure parts of it; null: the metric of the finding."""
    about: str = ""
    """What else tells the limit from others on the metric: an attribute, a label or a column; empty: nothing."""
    alarm: bool = False
    """Whether it is an alarm: it passes without certainty, and above the limit by value alone it is reported."""


class Finding(Frozen):
    """One measured value and what it came to."""

    id: str = ""
    """Stable name, "<check>.<metric>[<scope>]"; the runner sets it."""
    metric: str
    """The field's name of what was measured."""
    scope: dict[str, str] = Field(default_factory=dict)
    """What it was measured on, such as a split, a group, a label or a column, by key."""
    value: float | None = None
    """The measured value; null where it is undefined."""
    interval: tuple[float | None, float | None] | None = None
    """Confidence interval of the value; null for a census, and a null end is unbounded."""
    confidence: float | None = None
    """Confidence of `interval`."""
    method: str | None = None
    """How the interval or the p-value was computed."""
    n: int | None = None
    """Rows that the value rests on."""
    p_value: float | None = None
    """Two-sided p-value for "the limit is met", from the interval that is shown; null for a census."""
    p_adjusted: float | None = None
    """p-value corrected for the comparisons of the requirement and for all requirements of the audit (Holm); of a check
    that is only reported, for the requirements of such checks."""
    tests: int | None = None
    """Comparisons that the finding is the worst of: pairs, labels, columns or windows; null for a census."""
    requirement: Requirement | None = None
    """The limit that the value was compared with; null where the value is only described."""
    rows_to_decide: int | None = None
    """For an inconclusive finding: the estimated number of rows that would decide it."""
    verdict: Verdict
    """What it came to."""
    severity: Severity | None = None
    """How grave it is where it failed; the runner fills in the check's where it is null."""
    message: Message
    """The finding as a sentence."""
    details: dict[str, Scalar | tuple[Scalar, ...]] = Field(default_factory=dict)
    """Further numbers, by name."""


ADVICE = "What to do"
"""Heading of the section of a page whose first paragraph is quoted beside what failed."""


class Section(Frozen):
    """A heading of a check's page and its paragraphs."""

    heading: str
    """The heading, in English."""
    paragraphs: tuple[str, ...]
    """The paragraphs below it, in English."""


class Page(Frozen):
    """The page of a check, read from its module's docstring."""

    title: str
    """The check's name and the question that it answers."""
    sections: tuple[Section, ...]
    """What it measures, why it matters, how to read it, what to do, its limits and its references."""


class CheckResult(Frozen):
    """All that one check found; every check of the spec appears exactly once in a record."""

    name: str
    """Name of the check."""
    distribution: str
    """The installed package, or the file, that provides the check."""
    version: str
    """Version of that package."""
    page: Page
    """What the check says of itself."""
    settings: dict[str, object]
    """All of its settings, those that the spec leaves to their defaults as well."""
    gate: CheckGate = "block"
    """What its verdict does: "block" may reject, "review" asks for a review at most, "report" has no bearing."""
    verdict: Verdict
    """The worst verdict of its findings, or "error" where the check did not finish."""
    reason: Message | None = None
    """Why nothing was judged: the error, or why the check does not apply."""
    findings: tuple[Finding, ...] = ()
    """Its findings, in the order in which the check gave them."""
    words: dict[str, Message] = Field(default_factory=dict)
    """What reports call the keys in its findings and figures; a key "kind=email" names a value at one place only."""
