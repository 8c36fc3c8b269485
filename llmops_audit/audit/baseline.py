"""The previous release, from its record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from llmops_audit.audit.release_pairs import PairedRows
from llmops_audit.check.inputs import Baseline
from llmops_audit.errors import SpecError
from llmops_audit.record import AuditInfo, ConfusionMatrix, Label, Record, SplitInfo, SubjectInfo
from llmops_audit.record.canonical import content_of, parse
from llmops_audit.record.figures import Curves
from llmops_audit.spec import Spec

__all__ = ["baseline", "read_baseline"]


def read_baseline(spec: Spec, folder: Path) -> Record | None:
    """Read the record that the spec names.

    Parameters
    ----------
    spec : Spec
    folder : Path
        Folder of the spec, which its paths are relative to.

    Raises
    ------
    RecordError
        Where it cannot be read, is no record of this schema, or was changed.
    """
    if spec.baseline is None or spec.baseline.record is None:
        return None
    shown = spec.baseline.record
    subject = f"baseline.record: {shown}"
    return parse(content_of(folder / shown, subject), subject)


def baseline(
    record: Record | None,
    labels: tuple[Label, ...],
    audit: AuditInfo,
    data: Mapping[str, SplitInfo],
    subject: SubjectInfo,
    pairs: PairedRows | None = None,
) -> Baseline | None:
    """Put the confusion matrix of an earlier record in the order of the labels, and say what did not change since.

    Parameters
    ----------
    record : Record, optional
    labels : tuple of label, (k,)
    audit : AuditInfo
    data : mapping of str to SplitInfo
    subject : SubjectInfo
        Of the audit that compares with it.
    pairs : PairedRows, optional
        What became of the pairs with its predictions.

    Raises
    ------
    SpecError
        Where it was tested on other labels.
    """
    if record is None:
        return None
    matrix = record.figures.get("confusion_matrix")
    if not isinstance(matrix, ConfusionMatrix):
        raise SpecError("baseline.record", "holds no confusion matrix")
    unknown = [label for label, row in zip(matrix.labels, matrix.counts, strict=True) if sum(row)]
    unknown = [label for label in unknown if label not in labels]
    if unknown:
        raise SpecError("baseline.record", "was tested on other labels", ", ".join(map(str, labels)), str(unknown[0]))
    k = len(labels)
    index = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((k, k + 1), dtype=np.int64)
    for label, row, invalid in zip(matrix.labels, matrix.counts, matrix.invalid, strict=True):
        if label in index:
            for prediction, rows in zip(matrix.labels, row, strict=True):
                counts[index[label], index.get(prediction, k)] += rows
            counts[index[label], k] += invalid
    same_rows = _test_rows(record.audit, record.data) == _test_rows(audit, data)
    unchanged = same_rows and _same_answers(record, data["test"], subject)
    before, now = record.data["test"].scores_digest, data["test"].scores_digest
    return Baseline(
        name=record.audit.name,
        version=record.audit.version,
        digest=record.digest,
        same_rows=same_rows,
        counts=tuple(tuple(row) for row in counts.tolist()),
        unchanged=unchanged,
        scores_unchanged=unchanged and now is not None and before == now,
        paired=None if pairs is None or pairs.why_not is not None else (pairs.joined, pairs.rows),
        no_pairs=None if pairs is None else pairs.why_not,
        curves=tuple(one for one in record.figures.values() if isinstance(one, Curves) and one.split == "test"),
        bins=_bins(record),
    )


def _bins(record: Record) -> int | None:
    settings = [check.settings for check in record.checks if check.name == "calibration"]
    bins = settings[0].get("bins") if settings else None
    return bins if isinstance(bins, int) else None


def _same_answers(record: Record, test: SplitInfo, subject: SubjectInfo) -> bool:
    """Return whether the classifier and each of its predictions are those of a record: what is unknown is not."""
    known = subject.identity is not None and test.predictions_digest is not None
    same_subject = subject.identity == record.subject.identity
    return known and same_subject and test.predictions_digest == record.data["test"].predictions_digest


def _test_rows(audit: AuditInfo, data: Mapping[str, SplitInfo]) -> tuple[object, ...]:
    test = data["test"]
    # Where one file was split here, other seeds and sizes test other rows of it.
    split_here = "train" in data and data["train"].sha256 == test.sha256
    return test.sha256, test.rows, test.labels, audit.seed if split_here else None
