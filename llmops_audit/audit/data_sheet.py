"""The record's part on the data: what was read of each split, and the confusion matrix of the test split."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmops_audit.record import ColumnInfo, ConfusionMatrix, Duplicates, LabelCount, SplitInfo, joined_sha256
from llmops_audit.spec import SPLITS

if TYPE_CHECKING:
    from llmops_audit.audit.sweep import Swept
    from llmops_audit.check.inputs import Task
    from llmops_audit.evidence.column_values import ColumnValues
    from llmops_audit.evidence.missing import Missing
    from llmops_audit.evidence.outputs import Outputs
    from llmops_audit.evidence.row_digests import RowDigests
    from llmops_audit.evidence.rows import Rows

__all__ = ["confusion_matrix", "data_sheet"]


def data_sheet(swept: Swept) -> dict[str, SplitInfo]:
    """Describe each split."""
    return {split: _split_info(swept, split) for split in SPLITS if split in swept.outcomes}


def confusion_matrix(swept: Swept) -> ConfusionMatrix:
    """Return the counts of the test split by label and prediction."""
    labels = swept.task.labels
    counts = swept.outcomes["test"].table(labels).counts.tolist()
    return ConfusionMatrix(
        split="test",
        labels=labels,
        counts=tuple(tuple(row[:-1]) for row in counts),
        invalid=tuple(row[-1] for row in counts),
    )


def _split_info(swept: Swept, split: str) -> SplitInfo:
    outcomes = swept.outcomes[split]
    rows = cast("Rows | None", swept.evidence.get("rows", {}).get(split))
    missing = cast("Missing", swept.evidence["missing"][split])
    outputs = cast("Outputs", swept.evidence["outputs"][split])
    digests = cast("RowDigests", swept.evidence["row_digests"][split]) if split == "test" else None
    return SplitInfo(
        rows=outcomes.rows,
        columns=_columns(swept, split, missing),
        sha256=joined_sha256(swept.files[split]),
        files=swept.files[split],
        labels=tuple(LabelCount(value=value, rows=n) for value, n in outcomes.label_counts()),
        groups={
            name: tuple(LabelCount(value=value, rows=n) for value, n in outcomes.group_counts(name))
            for name in outcomes.groups
        },
        sampled=None if rows is None else len(rows),
        weight=swept.weight if swept.weight in swept.columns[split] else None,
        unit=swept.task.unit if swept.task.unit in swept.columns[split] else None,
        time=swept.time.get(split),
        duplicates=None if rows is None else _duplicates(rows, swept.task),
        outputs=outputs.counts(swept.task.labels),
        overlap=swept.seen_rows.get(split),
        predictions_digest=None if digests is None else digests.of_predictions,
        scores_digest=None if digests is None else digests.of_scores,
    )


def _columns(swept: Swept, split: str, missing: Missing) -> tuple[ColumnInfo, ...]:
    values = cast("ColumnValues", swept.evidence["column_values"][split])
    found = []
    for name, known in swept.columns[split].items():
        distinct, without = values.distinct(name), missing.rows[name]
        constant = distinct == 0 or (distinct == 1 and not without)
        found.append(
            ColumnInfo(name=name, kind=known.kind, how=known.how, distinct=distinct, missing=without, constant=constant)
        )
    return tuple(found)


def _duplicates(rows: Rows, task: Task) -> Duplicates | None:
    """Count, in the sample, the rows that are alike in all that the classifier sees."""
    seen = [task.text] if task.text is not None else list(task.features)
    known = [name for name in seen if name in rows.table.column_names]
    if not known:
        return None
    distinct = rows.table.select(known).group_by(known).aggregate([]).num_rows
    return Duplicates(compared=len(rows), repeated=len(rows) - distinct)
