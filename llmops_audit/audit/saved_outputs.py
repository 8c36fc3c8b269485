"""Outputs of saved subjects: read as the spec says, and refused where none of a split is a label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.data.columns import cleaned
from llmops_audit.data.label_column import labels_of
from llmops_audit.errors import DataError
from llmops_audit.evidence.base import Batch
from llmops_audit.evidence.outputs import Outputs, shape_of
from llmops_audit.record import Label, Outcome, OutputCounts
from llmops_audit.subjects.output_hints import Hint, hints
from llmops_audit.subjects.outputs import OutputRules, named_labels
from llmops_audit.subjects.saved_scores import ScoreRule

if TYPE_CHECKING:
    from llmops_audit.data.batches import Dataset
    from llmops_audit.data.reading import ReadState
    from llmops_audit.evidence.base import Evidence
    from llmops_audit.evidence.pairs import Pairs

__all__ = ["output_reader", "refuse_without_labels"]

Reader = Callable[[Batch], Batch]

MOST_LOOKED_AT = 100_000
"""Outputs that are looked at for a setting that would map them."""

MOST_SHOWN = 3


def output_reader(dataset: Dataset, reading: ReadState) -> Reader:
    """Return what turns the outputs of a batch into predictions, by the rules of the spec.

    Raises
    ------
    AuditError
        Where the rules do not go with the labels of the data.
    """
    spec = dataset.spec
    if spec.model.predictions is None:
        return partial(_scored, ScoreRule.of(spec, labels_of(dataset, reading)))
    if spec.model.output.plain:
        # Predictions are compared with labels by the cells in which they meet: no second pass, and no rules.
        return _as_it_is
    baseline = None if spec.baseline is None else spec.baseline.predictions
    rules = OutputRules.of(spec.model.output, labels_of(dataset, reading))
    return partial(_read, rules, spec.model.predictions, baseline)


def _as_it_is(batch: Batch) -> Batch:
    return batch


def _scored(rule: ScoreRule, batch: Batch) -> Batch:
    if batch.scores is None:
        return batch
    prediction, outputs = rule.read(batch.scores)
    return replace(batch, prediction=prediction, outputs=outputs)


def _read(rules: OutputRules, column: str, baseline: str | None, batch: Batch) -> Batch:
    # The previous release answered in the same way, and is read by the same rules.
    if baseline is not None and baseline in batch.table.column_names:
        read, _ = rules.read(batch.table.column(baseline))
        batch = replace(batch, reference_predictions={**batch.reference_predictions, "baseline": read})
    if column not in batch.table.column_names:
        return batch
    prediction, outputs = rules.read(batch.table.column(column))
    return replace(batch, prediction=prediction, outputs=outputs)


def refuse_without_labels(
    dataset: Dataset, evidence: Mapping[str, Mapping[str, Evidence]], labels: tuple[Label, ...]
) -> None:
    """Refuse saved outputs of which none is a label: there is nothing to judge, only a setting to mend.

    Raises
    ------
    DataError
        With the labels, the commonest outputs, and the settings that would map them.
    """
    spec = dataset.spec
    if spec.model.trained_here:
        return
    for split, found in evidence.get("outputs", {}).items():
        counts = cast(Outputs, found).counts(labels)
        if counts is not None and not counts.labels:
            _refuse(dataset, split, spec.model.predictions, counts, labels)
    baseline = None if spec.baseline is None else spec.baseline.predictions
    for split, pairs in evidence.get("pairs", {}).items():
        cells = cast("Pairs", pairs).cells.get("baseline", {})
        if baseline is not None and cells and not any(cell[1] in labels for cell in cells):
            wrong = "no prediction of the previous release is a label"
            raise DataError(f"the {split} split: column '{baseline}'", wrong, f"one of {named_labels(labels)}")


def _refuse(dataset: Dataset, split: str, column: str | None, counts: OutputCounts, labels: tuple[Label, ...]) -> None:
    missing = counts.outcomes.get(Outcome.MISSING, 0)
    if missing == counts.rows:
        # Training and live rows need no outputs; those of the test split are what is judged.
        if split == "test":
            raise DataError("the test split", "every output is missing", "an output in the rows that are judged")
        return
    texts = Counter[str]()
    for table in [] if column is None else _tables(dataset, split, column):
        texts.update(dict(_value_counts(table.column(column))))
        if texts.total() >= MOST_LOOKED_AT:
            break
    found = hints(dataset.spec.model.output, labels, texts)
    shown = _shown(texts, found)
    wrong = "no output is a label"
    mapped = [f"`{hint.setting}` would map {hint.mapped:,} of {texts.total():,}" for hint in found]
    cure = f"; in [model.output] {', or '.join(mapped)}" if mapped else "; no setting of [model.output] alone maps them"
    raise DataError(f"the {split} split: column '{column}'", wrong, f"one of {named_labels(labels)}{cure}", shown)


def _tables(dataset: Dataset, split: str, column: str) -> Iterator[pa.Table]:
    reading = replace(dataset, wanted=(column,))
    for shown in dataset.files[split]:
        for table in reading.read(split, shown):
            yield cleaned(table, dataset.spec)


def _value_counts(column: pa.ChunkedArray) -> Iterator[tuple[str, int]]:
    for item in pc.value_counts(pc.cast(column, pa.string()).combine_chunks()):
        if item["values"].is_valid:
            yield item["values"].as_py(), item["counts"].as_py()


def _shown(texts: Counter[str], found: tuple[Hint, ...]) -> str:
    """Return the commonest outputs: masked, unless a setting reads them as a whole as a label."""
    known = frozenset[str]().union(*(hint.harmless for hint in found))
    seen: Counter[str] = Counter()
    for text, rows in texts.items():
        seen[repr(text) if text in known else f"like {shape_of(text)!r}"] += rows
    commonest = sorted(seen.items(), key=lambda item: (-item[1], item[0]))[:MOST_SHOWN]
    return ", ".join(f"{text} ({rows:,} times)" for text, rows in commonest)
