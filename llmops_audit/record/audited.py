"""What was audited: the spec's own words, the classifier, the data, and the packages that computed the numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from llmops_audit.record.base import Frozen, Label, Message
from llmops_audit.record.leaks_found import SeenRows
from llmops_audit.record.output_counts import OutputCounts

__all__ = [
    "MOST_DISTINCT",
    "AuditInfo",
    "ColumnInfo",
    "Duplicates",
    "Environment",
    "FileInfo",
    "LabelCount",
    "PredictionsFile",
    "RowsFile",
    "SplitInfo",
    "SubjectInfo",
    "joined_sha256",
]


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
    """SHA-256 of what the spec says, as canonical JSON (RFC 8785): comments, spacing, quotes and the order of keys have
    no bearing. It does not cover what was handed over in Python in the place of files."""
    overrides: dict[str, str] = Field(default_factory=dict)
    """What was handed over in Python in the place of what the spec says, by key such as "data.test": a path, or "a
    table in memory"."""


class FileInfo(Frozen):
    """A file that was read, or the table in memory in its place."""

    name: str
    """Its path as the spec writes it; of a table in memory, the key under which it was handed over."""
    sha256: str
    """SHA-256 of all its bytes, taken while they were read; of a table in memory, of its content."""
    bytes: int | None
    """Its size; null for a table in memory."""


def joined_sha256(files: Iterable[FileInfo]) -> str:
    """Return the digest of one file; of several, that of their digests in order.

    Raises
    ------
    ValueError
        Where there is no file.
    """
    digests = [file.sha256 for file in files]
    if not digests:
        raise ValueError("no files")
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


class SubjectInfo(Frozen):
    """The classifier under audit."""

    kind: str
    """Which key of `[model]` names the classifier: "estimator", "factory", "predictions" or "scores"."""
    description: str
    """The classifier in a few words, such as its classes."""
    parameters: dict[str, object]
    """Its parameters, by name."""
    fitted: str | None = None
    """SHA-256 of what was trained here: names of classes, parameters, and arrays with their types and shapes. Equal on
    one machine with one lock file where the same classifier was trained on the same rows. Null where nothing was
    trained here, or where a part is something that this digest cannot cover."""
    files: tuple[FileInfo, ...] = ()
    """The files that the classifier, or its saved predictions for the test split, was read from, in the order of their
    names; empty where it was trained here."""
    retrained: bool = False
    """Whether the factory returned a fitted classifier, which was cloned and trained anew as the spec asked."""

    @property
    def identity(self) -> str | None:
        """The one digest that stands for the classifier; None where there is none."""
        return joined_sha256(self.files) if self.files else self.fitted


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


MOST_DISTINCT = 1000
"""Different values of a column that are counted; of more it is known that they are more."""


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
    """SHA-256 by which the same data are known again: that of its file or table; of several files, that of their
    digests in the order of `files`. Both parts of one `path` that was split here have the same."""
    files: tuple[FileInfo, ...] = ()
    """What it was read from, in the order of their names."""
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
    duplicates: Duplicates | None = None
    """Rows of the sample that are alike; null where nobody looked."""
    overlap: SeenRows | None = None
    """Rows that stand in the training rows as well; null for the training split, and where there is none."""
    outputs: OutputCounts | None = None
    """What became of the subject's outputs for its rows; null where it gave none."""
    predictions_digest: str | None = None
    """Digest of the numbers, labels and predictions of the test rows: two audits of the same bytes have one digest
    where every row has the same prediction. It tells changes apart, and is no proof against somebody who forges a
    record. Null for other splits, and where there are no predictions."""
    scores_digest: str | None = None
    """The same of their scores, to six decimals; null where no check asked for scores."""


class PredictionsFile(Frozen):
    """The file beside the record with the predictions for the test rows: the next release is compared row by row."""

    file: str
    """Its name, in the folder of the record."""
    sha256: str
    """SHA-256 of its bytes."""
    rows: int
    """Its rows."""
    key_fingerprint: str
    """What tells the key of its row keys from other keys: the first 16 hexadecimal digits of the HMAC-SHA-256, under
    that key, of the text "llmops-audit: fingerprint of this key"."""
    handling: Message
    """How it is to be treated."""


class RowsFile(Frozen):
    """The file beside the record with the rows behind what was found: where they stand, and no text of theirs."""

    file: str
    """Its name, in the folder of the record."""
    sha256: str
    """SHA-256 of its bytes."""
    rows: int
    """Its rows."""
    handling: Message
    """How it is to be treated."""


class Environment(Frozen):
    """Python and the packages whose versions can change a number."""

    python: str
    """Version of Python."""
    packages: dict[str, str]
    """Versions, by name of the package."""
