"""The frozen values that travel through an audit, and the record that holds them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import ConfigDict, Field

from llmops_audit.record.audited import AuditInfo, Duplicates, Environment, LabelCount, SplitInfo, SubjectInfo
from llmops_audit.record.base import Frozen, Label, Message, Scalar, message
from llmops_audit.record.decision import Changes, Decision, GatePolicy, LimitChange, Status, VerdictChange
from llmops_audit.record.figures import Column, ConfusionMatrix, Figure, NamedFigure, Table, interval_columns
from llmops_audit.record.findings import (
    ADVICE,
    CheckResult,
    Finding,
    Op,
    Page,
    Requirement,
    Section,
    Severity,
    Verdict,
)
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
    "GatePolicy",
    "Label",
    "LabelCount",
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

SCHEMA: Final = "llmops-audit/record/2"


class Run(Frozen):
    """What differs from run to run; the digest does not cover it."""

    started: str
    """When the audit began, in ISO 8601."""
    earlier: tuple[str, ...] = ()
    """Digests of other audits of the same test rows that were found among the reports: a test set that many versions
    were tried on says less about new rows."""
    seconds: dict[str, float]
    """Seconds by stage."""
    host: str
    """Name of the machine."""
    platform: str
    """Its operating system."""


class Record(Frozen):
    """The whole result of an audit."""

    schema_: Literal["llmops-audit/record/2"] = Field(default=SCHEMA, alias="schema")
    """Name and version of this schema."""
    audit: AuditInfo
    """What the spec says of the audit itself."""
    subject: SubjectInfo
    """The classifier under audit."""
    data: dict[str, SplitInfo]
    """The data, by split: "train", "test" and "live"."""
    environment: Environment
    """What computed the numbers."""
    gate: GatePolicy
    """How the gate decides."""
    checks: tuple[CheckResult, ...]
    """What each check of the spec found."""
    figures: dict[str, Figure]
    """The numbers behind every table and picture of the report, by name."""
    card: Card | None = None
    """What the owner says of the system; null where the spec has no card."""
    frameworks: tuple[Framework, ...] = ()
    """The laws, standards and guides that the report is read against, as they were known on the day of the audit."""
    changes: Changes | None = None
    """What differs from the earlier audit that the spec names."""
    decision: Decision
    """What the gate decided."""
    digest: str
    """SHA-256 of the canonical JSON (RFC 8785) of the record without `digest` and `run`."""
    run: Run
    """What differs from run to run."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    def findings(self) -> Mapping[str, Finding]:
        """Return all findings by id."""
        return {finding.id: finding for check in self.checks for finding in check.findings}
