"""How well the classifier predicts a split: every metric with its interval, beside baselines and training rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from llmops_audit import stats
from llmops_audit.analysis.invalid_outputs import WORDS as OUTPUT_WORDS
from llmops_audit.analysis.metrics.definitions import LABEL_METRICS, METRICS, SCORE_METRICS, Average
from llmops_audit.analysis.metrics.differences import difference, gain_over_label, unpaired_difference
from llmops_audit.analysis.metrics.label_metrics import MetricEstimate, default_average, measure, share_counts
from llmops_audit.analysis.metrics.score_metrics import measure_scores
from llmops_audit.analysis.metrics.words import METRIC_WORDS
from llmops_audit.analysis.overlap import WORDS as OVERLAP_WORDS
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.errors import SpecError
from llmops_audit.evidence.outcomes import IN_SAMPLE, CrossTable, Outcomes
from llmops_audit.evidence.pairs import Pairs
from llmops_audit.evidence.scores import Scores
from llmops_audit.record import Column, Message, Scalar, Table, interval_columns, message, values_at

__all__ = [
    "WORDS",
    "Performance",
    "baseline_table",
    "gap_table",
    "label_table",
    "listed_minima",
    "metric_table",
    "performance",
    "performance_tables",
]

WORDS: dict[str, Message] = {
    **METRIC_WORDS,
    **OUTPUT_WORDS,
    **OVERLAP_WORDS,
    **values_at({"chance": message("chance")}, "against"),
    "train_test_gap": message("gap between training and test accuracy"),
    "gain_over_one_rule": message("gain over the best rule on one feature"),
    "gain_over_majority": message("gain over always predicting the most frequent label"),
    "live_loss": message("loss of accuracy from test to live"),
    "accuracy_on_test": message("accuracy on test rows"),
    "accuracy_on_live": message("accuracy on live rows"),
    "accuracy_by_window": message("accuracy by window"),
    "window": message("window"),
    "windows": message("windows"),
    "windows_below": message("windows below what was expected"),
    "swapped": message("value with labels or scores swapped"),
    "labels_with_zero_recall": message("labels with a recall of zero"),
    "against": message("against"),
}
"""All that findings and figures on accuracy name."""

TableRow = dict[str, Scalar | Message]

_WITH_INTERVAL = "recall"
"""The metric of a label whose interval the table shows: it rests on the rows of that label alone."""


@dataclass(frozen=True)
class Performance:
    """One split: its outcomes, and what other classifiers predicted for the same rows.

    Attributes
    ----------
    split : str
    outcomes : mapping of str to Outcomes
        By split, `split` among them, and `IN_SAMPLE` where there is a sample of training rows.
    scores : Scores, optional
    pairs : Pairs, optional
    task : Task
    average : str
        What precision, recall and F1 are about.
    """

    split: str
    outcomes: Mapping[str, Outcomes]
    scores: Scores | None
    pairs: Pairs | None
    task: Task
    average: Average

    @cached_property
    def table(self) -> CrossTable:
        """Labels against predictions, (k, k + 1)."""
        return self.outcomes[self.split].table(self.task.labels)

    @property
    def n(self) -> int:
        """Labelled rows."""
        return int(self.table.counts.sum())

    @cached_property
    def estimates(self) -> dict[str, MetricEstimate]:
        """Every metric by name."""
        return {name: self.estimate(name) for name in METRICS}

    def estimate(self, name: str, label: str | None = None) -> MetricEstimate:
        """Return a metric, of one label where it is named."""
        if name in SCORE_METRICS:
            return measure_scores(name, self.scores, self.task, label)
        index = None if label is None else [str(known) for known in self.task.labels].index(label)
        return measure(name, self.table, self.task, self.average, index)

    @cached_property
    def gain_over_one_rule(self) -> MetricEstimate | None:
        """Balanced accuracy beyond that of the best rule on one feature; None where there is no such rule."""
        if self.pairs is None or "one_rule" not in self.pairs.cells:
            return None
        table = self.pairs.table("one_rule", self.task.labels)
        gain = difference("balanced_accuracy", table, self.task, self.average)
        return replace(gain, name="gain_over_one_rule")

    @property
    def accuracy_counts(self) -> tuple[float, float]:
        """Right predictions and rows, as effective counts."""
        counts = share_counts("accuracy", self.table, None)
        return (0.0, 0.0) if counts is None else counts

    @cached_property
    def gain_over_majority(self) -> MetricEstimate:
        """Accuracy beyond that of always predicting the most frequent label of the training rows.

        Of the rows themselves, where there are no labelled training rows.
        """
        train = None if "train" not in self.outcomes else self.outcomes["train"].table(self.task.labels)
        known = self.table if train is None or not train.counts.any() else train
        majority = int(known.weights.sum(axis=1).argmax())
        return replace(gain_over_label(self.table, majority, self.task), name="gain_over_majority")

    @cached_property
    def training(self) -> CrossTable | None:
        """Labels against predictions on training rows: those of the model itself, or saved ones."""
        name = IN_SAMPLE if IN_SAMPLE in self.outcomes else "train"
        found = self.outcomes.get(name)
        if found is None or name == self.split or not found.has_predictions:
            return None
        return found.table(self.task.labels)

    @cached_property
    def train_test_gap(self) -> MetricEstimate | None:
        """Accuracy on training rows less that on this split; None where there are no predictions on training rows."""
        if self.training is None:
            return None
        gap = unpaired_difference("accuracy", self.training, self.table, self.task, self.average)
        return replace(gap, name="train_test_gap")


def performance(
    split: str,
    outcomes: Mapping[str, Outcomes],
    scores: Mapping[str, Scores],
    pairs: Mapping[str, Pairs],
    task: Task,
    average: Average | None,
) -> Performance:
    """Gather what is known of a split."""
    return Performance(split, outcomes, scores.get(split), pairs.get(split), task, average or default_average(task))


def listed_minima(given: Mapping[str, float | Mapping[str, float]], task: Task) -> list[tuple[str, str | None, float]]:
    """Return metric, label (None: all) and limit of each minimum, sorted.

    Raises
    ------
    SpecError
        Where a label is not one of the data.
    """
    labels = [str(label) for label in task.labels]
    minima: list[tuple[str, str | None, float]] = []
    for name, limits in sorted(given.items()):
        if not isinstance(limits, Mapping):
            minima.append((name, None, limits))
            continue
        for label, limit in sorted(limits.items()):
            if label not in labels:
                key = f"checks.accuracy.min.{name}.{label}"
                raise SpecError(key, "is not a label of the data", ", ".join(labels[:20]))
            minima.append((name, label, limit))
    return minima


def performance_tables(found: Sequence[Performance], policy: Policy) -> Iterator[Table]:
    """Yield the tables of the splits that were judged."""
    if found:
        yield metric_table(found, policy)
        yield label_table(found, policy)
        yield baseline_table(found, policy)
        if (gaps := gap_table(found, policy)) is not None:
            yield gaps


def metric_table(found: Iterable[Performance], policy: Policy) -> Table:
    """Return every metric with its interval."""
    rows: list[TableRow] = []
    for one in found:
        for name, estimate in one.estimates.items():
            if estimate.value is None and name in SCORE_METRICS and one.scores is None:
                continue
            rows.append({"split": one.split, "metric": name, **_with_ends(estimate, policy)})
    return Table(
        name="performance",
        chapter="performance",
        caption=message("Performance on the rows that were judged, with confidence intervals"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="metric", heading=message("Metric")),
            Column(key="value", heading=message("Value"), format="number"),
            *interval_columns(),
        ),
        rows=tuple(rows),
    )


def label_table(found: Iterable[Performance], policy: Policy) -> Table:
    """Return the metrics of each label that have a column in this table; recall has its interval beside it."""
    rows: list[TableRow] = []
    for one in found:
        counts = one.table.counts
        for i, label in enumerate(one.task.labels):
            row: TableRow = {
                "split": one.split,
                "label": str(label),
                "rows": int(counts[i].sum()),
                "predictions": int(counts[:, i].sum()),
            }
            for name in _columns_by_label():
                estimate = one.estimate(name, str(label))
                row[name] = estimate.value
                if name == _WITH_INTERVAL:
                    row |= {key: end for key, end in _with_ends(estimate, policy).items() if key != "value"}
            rows.append(row)
    columns: list[Column] = []
    for name, heading in _columns_by_label().items():
        columns.append(Column(key=name, heading=heading, format="share"))
        columns += interval_columns("share") if name == _WITH_INTERVAL else ()
    return Table(
        name="labels",
        chapter="performance",
        caption=message("Performance by label; the ends are those of the interval of recall"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="label", heading=message("Label")),
            Column(key="rows", heading=message("Rows"), format="count"),
            Column(key="predictions", heading=message("Predictions"), format="count"),
            *columns,
        ),
        rows=tuple(rows),
    )


def _columns_by_label() -> dict[str, Message]:
    return {name: metric.heading for name, metric in LABEL_METRICS.items() if metric.heading is not None}


def baseline_table(found: Iterable[Performance], policy: Policy) -> Table:
    """Return what a classifier reaches with no learning, or next to none, and how much better the subject is."""
    rows: list[TableRow] = []
    for one in found:
        rows += _baselines(one, policy)
    return Table(
        name="baselines",
        chapter="performance",
        caption=message("Baselines, and how much higher the balanced accuracy of the classifier is"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="baseline", heading=message("Baseline"), format="message"),
            Column(key="accuracy", heading=message("Accuracy"), format="share"),
            Column(key="balanced_accuracy", heading=message("Balanced accuracy"), format="share"),
            Column(key="value", heading=message("Gain"), format="number"),
            *interval_columns(),
        ),
        rows=tuple(rows),
    )


def _baselines(one: Performance, policy: Policy) -> list[TableRow]:
    own = one.estimates["balanced_accuracy"]
    shares = one.table.weights.sum(axis=1) / max(one.table.weights.sum(), math.ulp(0.0))
    chance = 1 / max(1, int((shares > 0).sum()))
    over_chance = replace(
        own,
        value=None if own.value is None else own.value - chance,
        bounds=lambda confidence: _moved(own.bounds(confidence), chance),
    )
    # Guessing by the shares of the labels is right where two draws agree.
    guesses = message("Guessing each label as often as it occurs"), float((shares**2).sum())
    majority = message("Always the most frequent label"), float(shares.max())
    rows: list[TableRow] = [
        {
            "split": one.split,
            "baseline": text,
            "accuracy": accuracy,
            "balanced_accuracy": chance,
            **_with_ends(over_chance, policy),
        }
        for text, accuracy in (guesses, majority)
    ]
    if one.gain_over_one_rule is not None and one.pairs is not None:
        rule = one.pairs.table("one_rule", one.task.labels).weights.sum(axis=2)
        rows.append(
            {
                "split": one.split,
                "baseline": message("The best rule on one feature ({feature})", feature=one.task.one_rule_feature),
                "accuracy": _number(stats.accuracy(rule)),
                "balanced_accuracy": _number(stats.balanced_accuracy(rule)),
                **_with_ends(one.gain_over_one_rule, policy),
            }
        )
    return rows


def gap_table(found: Iterable[Performance], policy: Policy) -> Table | None:
    """Return the accuracy on training rows beside that on the judged rows; None where it is unknown."""
    rows: list[TableRow] = [
        {
            "split": one.split,
            "training_rows": int(one.training.counts.sum()),
            "training": _number(stats.accuracy(one.training.weights)),
            "accuracy": one.estimates["accuracy"].value,
            **_with_ends(one.train_test_gap, policy),
        }
        for one in found
        if one.training is not None and one.train_test_gap is not None
    ]
    return None if not rows else Table(
        name="train_test_gap",
        chapter="performance",
        caption=message("Accuracy on a sample of the training rows, and on rows that the model has never seen"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="training_rows", heading=message("Training rows"), format="count"),
            Column(key="training", heading=message("Accuracy on training rows"), format="share"),
            Column(key="accuracy", heading=message("Accuracy"), format="share"),
            Column(key="value", heading=message("Gap"), format="number"),
            *interval_columns(),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _with_ends(estimate: MetricEstimate, policy: Policy) -> TableRow:
    low, high = (-math.inf, math.inf) if estimate.value is None else estimate.bounds(policy.confidence)
    return {
        "value": estimate.value,
        "low": low if math.isfinite(low) else None,
        "high": high if math.isfinite(high) else None,
    }


def _moved(bounds: stats.Bounds, by: float) -> stats.Bounds:
    return bounds[0] - by, bounds[1] - by


def _number(value: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float | None:
    return None if np.isnan(value) else float(value)
