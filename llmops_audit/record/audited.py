"""What was audited: the spec's own words, the classifier, the data, and the packages that computed the numbers."""

from __future__ import annotations

from typing import Literal

from llmops_audit.record.base import Frozen, Label, Message
from llmops_audit.record.leaks_found import SeenRows
from llmops_audit.record.output_counts import OutputCounts

__all__ = ["AuditInfo", "ColumnInfo", "Duplicates", "Environment", "LabelCount", "SplitInfo", "SubjectInfo"]


class AuditInfo(Frozen):
    """What the spec says of the audit itself."""

    name: str
    """Name of the system under audit."""
    version: str
    """Version of the system under audit."""
    purpose: str | None = None
    """What the system is for."""
    owner: str | None = None
    """Who answers for the system."""
    seed: int
    """The one source of randomness."""
    language: Literal["en", "zh"]
    """Language of the report."""
    spec_sha256: str
    """SHA-256 of the spec: of the bytes of its file, or of its canonical JSON where it was handed over in Python."""


class SubjectInfo(Frozen):
    """The classifier under audit."""

    kind: str
    """Which key of `[model]` names the classifier: "estimator", "factory", "predictions" or "scores"."""
    description: str
    """The classifier in a few words, such as its classes."""
    parameters: dict[str, object]
    """Its parameters, by name."""
    sha256: str
    """SHA-256 of kind, description and parameters."""


class LabelCount(Frozen):
    """Rows that carry one label or group value."""

    value: Label | None
    """The label or group value; null where it is missing."""
    rows: int
    """Number of rows."""


class Duplicates(Frozen):
    """Rows of a sample that are alike in every feature."""

    compared: int
    """Rows that were compared."""
    repeated: int
    """How many of them repeat an earlier row."""


class ColumnInfo(Frozen):
    """One column of a split."""

    name: str
    """Its name."""
    kind: Literal["number", "category", "text", "time", "id"]
    """What it is taken for, in all splits."""
    how: Message
    """How that was decided."""
    distinct: int | None
    """How many different values it has, missing ones left out; null where they are more than 1,000."""
    missing: int
    """Rows without a value."""
    constant: bool
    """Whether every row has the same value, or none has any."""


class SplitInfo(Frozen):
    """One split of the data."""

    rows: int
    """Number of rows."""
    columns: tuple[ColumnInfo, ...]
    """The columns that were read, in the order of the data."""
    sha256: str
    """SHA-256 of the bytes of its file, of the digests of its files, or of the content of a table in memory."""
    labels: tuple[LabelCount, ...]
    """Rows by label."""
    groups: dict[str, tuple[LabelCount, ...]]
    """Rows by group value, for each sensitive attribute."""
    sampled: int | None = None
    """Rows of the sample that checks on single rows worked on; null where no check asked for rows."""
    weight: str | None = None
    """Column of sample weights."""
    unit: str | None = None
    """Column of the person or document that rows belong to."""
    time: tuple[str, str] | None = None
    """The first and the last time of its rows, in ISO 8601; null where no column of time is named."""
    missing: dict[str, int] | None = None
    """Rows without a value, by column, for the columns that were read; null where nobody counted."""
    duplicates: Duplicates | None = None
    """Rows of the sample that are alike; null where nobody looked."""
    overlap: SeenRows | None = None
    """Rows that stand in the training rows as well; null for the training split, and where there is none."""
    outputs: OutputCounts | None = None
    """What became of the subject's outputs for its rows; null where it gave none."""


class Environment(Frozen):
    """Python and the packages whose versions can change a number."""

    python: str
    """Version of Python."""
    packages: dict[str, str]
    """Versions, by name of the package."""
