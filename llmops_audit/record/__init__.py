"""The frozen values that travel through an audit, and the record that holds them all."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import ConfigDict, Field

from llmops_audit.errors import RecordError
from llmops_audit.record.audited import (
    AuditInfo,
    ColumnInfo,
    Duplicates,
    Environment,
    FileInfo,
    LabelCount,
    PredictionsFile,
    RowsFile,
    SplitInfo,
    SubjectInfo,
    joined_sha256,
)
from llmops_audit.record.base import Frozen, Label, Message, Scalar, message
from llmops_audit.record.decision import Changes, Decision, GatePolicy, LimitChange, Status, VerdictChange
from llmops_audit.record.figures import Column, ConfusionMatrix, Figure, NamedFigure, Table, interval_columns
from llmops_audit.record.findings import (
    ADVICE,
    DEFAULT_SOURCE,
    CheckGate,
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
from llmops_audit.record.leaks_found import Leak, NearDuplicates, RowPlace, SeenRows
from llmops_audit.record.output_counts import Outcome, OutputCounts, OutputShape
from llmops_audit.record.report_settings import ReportSettings
from llmops_audit.record.requirements import JudgedRequirement, requirement_id
from llmops_audit.record.words import values_at

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ADVICE",
    "DEFAULT_SOURCE",
    "SCHEMA",
    "AuditInfo",
    "Card",
    "Changes",
    "CheckGate",
    "CheckResult",
    "Column",
    "ColumnInfo",
    "ConfusionMatrix",
    "Decision",
    "Duplicates",
    "Environment",
    "FileInfo",
    "Finding",
    "Framework",
    "Frozen",
    "GatePolicy",
    "JudgedRequirement",
    "Label",
    "LabelCount",
    "Leak",
    "LimitChange",
    "Message",
    "NamedFigure",
    "NearDuplicates",
    "Op",
    "Outcome",
    "OutputCounts",
    "OutputShape",
    "Page",
    "PredictionsFile",
    "Record",
    "ReportSettings",
    "Requirement",
    "RowPlace",
    "RowsFile",
    "Run",
    "Scalar",
    "Section",
    "SeenRows",
    "Severity",
    "SplitInfo",
    "Status",
    "SubjectInfo",
    "Table",
    "Verdict",
    "VerdictChange",
    "interval_columns",
    "joined_sha256",
    "message",
    "requirement_id",
    "values_at",
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
    spec_file_sha256: str | None = None
    """SHA-256 of the bytes of the spec's file; null where the spec was handed over in Python."""


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
    leaks: tuple[Leak, ...] = ()
    """What else the data gives away of the labels, beside rows that were seen in training (`data.*.overlap`)."""
    environment: Environment
    """What computed the numbers."""
    gate: GatePolicy
    """How the gate decides."""
    checks: tuple[CheckResult, ...]
    """What each check of the spec found."""
    requirements: tuple[JudgedRequirement, ...] = ()
    """Every limit that was judged, in the order of the checks, and what it came to."""
    figures: dict[str, Figure]
    """The numbers behind every table and picture of the report, by name."""
    card: Card | None = None
    """What the owner says of the system; null where the spec has no card."""
    frameworks: tuple[Framework, ...] = ()
    """The laws, standards and guides that the report is read against, as they were known on the day of the audit."""
    changes: Changes | None = None
    """What differs from the earlier audit that the spec names."""
    predictions_file: PredictionsFile | None = None
    """The file with the predictions for the test rows that was written beside the record; null where the spec did not
    ask for it, and where nothing was written."""
    report: ReportSettings = ReportSettings()
    """What the spec says of the pages."""
    rows_file: RowsFile | None = None
    """The file with the rows behind what was found that was written beside the record; null where the spec did not ask
    for it, and where nothing was written."""
    decision: Decision
    """What the gate decided."""
    digest: str
    """SHA-256 of the canonical JSON (RFC 8785) of the record without `digest` and `run`."""
    run: Run
    """What differs from run to run."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    @property
    def approved(self) -> bool:
        """Whether the gate approved: every requirement is met, and nothing is left for a person to decide."""
        return self.decision.status is Status.APPROVED

    def findings(self) -> Mapping[str, Finding]:
        """Return all findings by id."""
        return {finding.id: finding for check in self.checks for finding in check.findings}

    def figure(self, name: str) -> Figure:
        """Return a figure.

        Parameters
        ----------
        name : str
            Such as ``"confusion_matrix"``.

        Raises
        ------
        RecordError
            Where there is none of that name, with the names that there are.
        """
        try:
            return self.figures[name]
        except (KeyError, TypeError):
            raise RecordError(
                "figure", "is not in the record", f"one of {', '.join(sorted(self.figures))}", repr(name)
            ) from None

    def findings_frame(self) -> pd.DataFrame:
        """Return the findings as a DataFrame, a row each.

        Returns
        -------
        pandas.DataFrame
            Columns check, id, metric, scope, value, low, high, n, limit, op, verdict, severity, and message in the
            language of the audit.
        """
        frame: pd.DataFrame = _notebook().findings_frame(self)
        return frame

    def _repr_html_(self) -> str:
        """Return the first screen of the audit, which notebooks show."""
        shown: str = _notebook().first_screen(self)
        return shown

    def __repr__(self) -> str:
        findings = sum(len(check.findings) for check in self.checks)
        return (
            f"<Record {self.audit.name} {self.audit.version}: {self.decision.status}, "
            f"{len(self.checks)} checks, {findings} findings, digest {self.digest[:12]}>"
        )

    __str__ = __repr__


def _notebook() -> Any:
    # By name and late: what shows a record stands above it, and a record is read, kept and compared without it.
    return import_module("llmops_audit.render.notebook")
