"""The frozen values that travel through an audit, and the record that holds them all."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from llmops_audit.record.base import Frozen, Label, Message, Scalar, message
from llmops_audit.record.figures import Column, ConfusionMatrix, Figure, NamedFigure, Table, interval_columns
from llmops_audit.record.governance import Card, Framework

__all__ = [
    "ADVICE",
    "SCHEMA",
    "AuditInfo",
    "Card",
    "Changes",
    "CheckResult",
    "Column",
    "ConfusionMatrix",
    "Decision",
    "Duplicates",
    "Environment",
    "Finding",
    "Framework",
    "Frozen",
    "Label",
    "LimitChange",
    "Message",
    "NamedFigure",
    "Op",
    "Page",
    "Record",
    "Requirement",
    "Run",
    "Scalar",
    "Section",
    "Severity",
    "SplitInfo",
    "Status",
    "SubjectInfo",
    "Table",
    "Verdict",
    "VerdictChange",
    "interval_columns",
    "message",
]

SCHEMA = "llmops-audit/record/1"


class Verdict(StrEnum):
    """What a requirement came to."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


class Severity(StrEnum):
    """Order of findings in a report; it does not soften the gate."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


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


class Op(StrEnum):
    """Comparison of a measured value with a limit."""

    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"


class Requirement(Frozen):
    """What is demanded of a value.

    Attributes
    ----------
    op : Op
    limit : float
    source : str, optional
        Where the limit was set: a line of the spec (``"audit.toml:17"``), or ``"default"``.
    """

    op: Op
    limit: float
    source: str | None = None


class Finding(Frozen):
    """One measured requirement.

    Attributes
    ----------
    id : str
        Stable name, ``"<check>.<metric>[<scope>]"``; given by the runner.
    metric : str
        The field's name of what was measured.
    scope : mapping of str to str
        What it was measured on, e.g. ``{"split": "test", "sex": "F"}``.
    value : float, optional
        The measured value; null where it is undefined.
    interval : (float or None, float or None), optional
        Confidence interval at `confidence`; null for a census, a null end is unbounded.
    decided_by : (float or None, float or None), optional
        The interval whose bound decided a rejection (corrected for multiplicity).
    confidence : float, optional
    method : str, optional
        How interval or p-value were had.
    n : int, optional
        Rows that the value rests on.
    p_value, p_adjusted : float, optional
        Raw and corrected p-value where a test decides.
    tests : int, optional
        Requirements of the check that were judged by chance at once, and corrected for.
    requirement : Requirement, optional
    rows_to_decide : int, optional
        For an inconclusive requirement: the estimated number of rows that would decide it.
    details : mapping
        Further numbers, by name.
    """

    id: str = ""
    metric: str
    scope: dict[str, str] = Field(default_factory=dict)
    value: float | None = None
    interval: tuple[float | None, float | None] | None = None
    decided_by: tuple[float | None, float | None] | None = None
    confidence: float | None = None
    method: str | None = None
    n: int | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    tests: int | None = None
    requirement: Requirement | None = None
    rows_to_decide: int | None = None
    verdict: Verdict
    severity: Severity | None = None
    message: Message
    details: dict[str, Scalar | tuple[Scalar, ...]] = Field(default_factory=dict)


ADVICE = "What to do"
"""Heading of the section of a page whose first paragraph is quoted beside what failed."""


class Section(Frozen):
    """A heading of a check's page and its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


class Page(Frozen):
    """The page of a check, read from its module's docstring."""

    title: str
    sections: tuple[Section, ...]


class CheckResult(Frozen):
    """All that one check found; every check of the spec appears exactly once in a record."""

    name: str
    distribution: str
    version: str
    page: Page
    settings: dict[str, object]
    verdict: Verdict
    reason: Message | None = None
    findings: tuple[Finding, ...] = ()


class AuditInfo(Frozen):
    """What the spec says of the audit itself."""

    name: str
    version: str
    purpose: str | None = None
    owner: str | None = None
    seed: int
    language: Literal["en", "zh"]
    spec_sha256: str


class SubjectInfo(Frozen):
    """The classifier under audit."""

    kind: str
    description: str
    parameters: dict[str, object]
    sha256: str


class LabelCount(Frozen):
    """Rows that carry one label or group value; null where the label is missing."""

    value: Label | None
    rows: int


class Duplicates(Frozen):
    """Rows of a sample that are alike in every feature: how many were compared, and how many repeat another one."""

    compared: int
    repeated: int


class SplitInfo(Frozen):
    """One split of the data.

    `missing` holds the rows without a value, by column, for the columns that were read; null where nobody counted.
    """

    rows: int
    columns: tuple[str, ...]
    sha256: str
    labels: tuple[LabelCount, ...]
    groups: dict[str, tuple[LabelCount, ...]]
    sampled: int | None = None
    weight: str | None = None
    unit: str | None = None
    time: tuple[str, str] | None = None
    missing: dict[str, int] | None = None
    duplicates: Duplicates | None = None


class Environment(Frozen):
    """Python and the packages whose versions can change a number."""

    python: str
    packages: dict[str, str]


class GatePolicy(Frozen):
    """The spec's `[gate]`."""

    confidence: float
    decide: Literal["bound", "point"]
    on_inconclusive: Literal["review", "reject"]


class Decision(Frozen):
    """The gate's decision and what it rests on."""

    status: Status
    exit_code: int
    reasons: tuple[Message, ...]


class VerdictChange(Frozen):
    """A finding, or a check, with its verdict before and now; null where there was or is none."""

    id: str
    before: Verdict | None
    now: Verdict | None


class LimitChange(Frozen):
    """A limit before and now, null where there was or is none.

    `loosened` where it now asks for less; `id` is that of a finding, or of a setting of the gate.
    """

    id: str
    op: Op | None
    before: Scalar
    now: Scalar
    loosened: bool


class Changes(Frozen):
    """What differs from an earlier audit.

    Attributes
    ----------
    name, version, digest : str
        Of the earlier record.
    status : Status
        What the gate decided then.
    verdicts : tuple of VerdictChange
        Those that differ, checks and findings.
    limits : tuple of LimitChange
    data : mapping of str to bool or None
        By split: whether the bytes that were read are the same; null where one of the records has no such split.
    same_model, same_spec : bool
    """

    name: str
    version: str
    digest: str
    status: Status
    verdicts: tuple[VerdictChange, ...]
    limits: tuple[LimitChange, ...]
    data: dict[str, bool | None]
    same_model: bool
    same_spec: bool


class Run(Frozen):
    """What differs from run to run; the digest does not cover it.

    `earlier` holds the digests of other audits of the same test rows that were found among the reports: a test set
    that many versions were tried on says less about new rows.
    """

    started: str
    earlier: tuple[str, ...] = ()
    seconds: dict[str, float]
    host: str
    platform: str


class Record(Frozen):
    """The whole result of an audit."""

    schema_: Literal["llmops-audit/record/1"] = Field(default="llmops-audit/record/1", alias="schema")
    audit: AuditInfo
    subject: SubjectInfo
    data: dict[str, SplitInfo]
    environment: Environment
    gate: GatePolicy
    checks: tuple[CheckResult, ...]
    figures: dict[str, Figure]
    card: Card | None = None
    frameworks: tuple[Framework, ...] = ()
    changes: Changes | None = None
    decision: Decision
    digest: str
    run: Run

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    def findings(self) -> Mapping[str, Finding]:
        """Return all findings by id."""
        return {finding.id: finding for check in self.checks for finding in check.findings}
