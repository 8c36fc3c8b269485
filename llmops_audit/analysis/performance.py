"""How well one split was answered: every metric with its interval, beside baselines and training rows, as tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from llmops_audit import stats
from llmops_audit.analysis.metrics.differences import difference
from llmops_audit.analysis.metrics.label_metrics import LABEL_METRICS, Average, Measure, default_average, hits, measure
from llmops_audit.analysis.metrics.score_metrics import SCORE_METRICS, score_measure
from llmops_audit.analysis.metrics.words import METRICS
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.evidence.outcomes import IN_SAMPLE, CrossTable, Outcomes
from llmops_audit.evidence.pairs import Pairs
from llmops_audit.evidence.scores import Scores
from llmops_audit.record import Column, Message, Scalar, Table, interval_columns, message, values_at

__all__ = ["WORDS", "Performance", "baseline_table", "gap_table", "label_table", "metric_table", "performance"]

WORDS: dict[str, Message] = {
    **METRICS,
    **values_at({"chance": message("chance")}, "against"),
    "train_test_gap": message("gap between training and test accuracy"),
    "lift": message("lift over the rule on one feature"),
    "recognised_labels": message("labels recognised"),
    "against": message("against"),
}
"""All that findings and figures on accuracy name."""

Cells = dict[str, Scalar | Message]


@dataclass(frozen=True)
class Performance:
    """One split: its outcomes, and what others answered on the same rows.

    Attributes
    ----------
    split : str
    outcomes : mapping of str to Outcomes
        By split, `split` among them, and `IN_SAMPLE` where there is a sample of training rows.
    scores : Scores, optional
    pairs : Pairs, optional
    task : Task
    average : str
        What precision, recall and F1 speak of.
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
    def measures(self) -> dict[str, Measure]:
        """Every metric by name."""
        return {name: self.measure(name) for name in (*LABEL_METRICS, *SCORE_METRICS)}

    def measure(self, name: str, label: str | None = None) -> Measure:
        """Return a metric, of one label where it is named."""
        if name in SCORE_METRICS:
            return score_measure(name, self.scores, self.task, label)
        place = None if label is None else [str(known) for known in self.task.labels].index(label)
        return measure(LABEL_METRICS[LABEL_METRICS.index(name)], self.table, self.task, self.average, place)

    @cached_property
    def lift(self) -> Measure | None:
        """Balanced accuracy beyond that of the rule on one feature; None where there is no such rule."""
        if self.pairs is None or "one_rule" not in self.pairs.cells:
            return None
        table = self.pairs.table("one_rule", self.task.labels)
        return replace(difference("balanced_accuracy", table, self.task, self.average), name="lift")

    @cached_property
    def training(self) -> CrossTable | None:
        """Labels against answers on training rows: of the very model, or those that were saved."""
        name = IN_SAMPLE if IN_SAMPLE in self.outcomes else "train"
        found = self.outcomes.get(name)
        if found is None or name == self.split or not found.has_predictions:
            return None
        return found.table(self.task.labels)

    @cached_property
    def gap(self) -> Measure | None:
        """Accuracy on training rows less that on this split; None where there are no answers on training rows."""
        if self.training is None:
            return None
        (x1, n1), (x2, n2) = (hits("accuracy", table, None) for table in (self.training, self.table))
        return Measure(
            "train_test_gap",
            x1 / n1 - x2 / n2 if n1 and n2 else None,
            "Newcombe",
            lambda confidence: stats.newcombe_difference(x1, n1, x2, n2, confidence),
        )


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


def metric_table(found: Iterable[Performance], policy: Policy) -> Table:
    """Return every metric with its interval."""
    rows: list[Cells] = []
    for one in found:
        for name, measured in one.measures.items():
            if measured.value is None and name in SCORE_METRICS and one.scores is None:
                continue
            rows.append({"split": one.split, "metric": name, **_with_ends(measured, policy)})
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
    """Return precision, recall and F1 of each label."""
    rows: list[Cells] = []
    for one in found:
        counts = one.table.counts
        for i, label in enumerate(one.task.labels):
            recall = one.measure("recall", str(label))
            rows.append(
                {
                    "split": one.split,
                    "label": str(label),
                    "rows": int(counts[i].sum()),
                    "answers": int(counts[:, i].sum()),
                    "precision": one.measure("precision", str(label)).value,
                    "recall": recall.value,
                    **{key: end for key, end in _with_ends(recall, policy).items() if key != "value"},
                    "f1": one.measure("f1", str(label)).value,
                }
            )
    return Table(
        name="labels",
        chapter="performance",
        caption=message("Performance by label; the ends are those of the interval of recall"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="label", heading=message("Label")),
            Column(key="rows", heading=message("Rows"), format="count"),
            Column(key="answers", heading=message("Answers"), format="count"),
            Column(key="precision", heading=message("Precision"), format="share"),
            Column(key="recall", heading=message("Recall"), format="share"),
            *interval_columns("share"),
            Column(key="f1", heading=message("F1"), format="share"),
        ),
        rows=tuple(rows),
    )


def baseline_table(found: Iterable[Performance], policy: Policy) -> Table:
    """Return what answers reach that took no learning, or next to none, and how much better the subject is."""
    rows: list[Cells] = []
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
            Column(key="value", heading=message("Lift"), format="number"),
            *interval_columns(),
        ),
        rows=tuple(rows),
    )


def _baselines(one: Performance, policy: Policy) -> list[Cells]:
    own = one.measures["balanced_accuracy"]
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
    rows: list[Cells] = [
        {
            "split": one.split,
            "baseline": text,
            "accuracy": accuracy,
            "balanced_accuracy": chance,
            **_with_ends(over_chance, policy),
        }
        for text, accuracy in (guesses, majority)
    ]
    if one.lift is not None and one.pairs is not None:
        rule = one.pairs.table("one_rule", one.task.labels).weights.sum(axis=2)
        rows.append(
            {
                "split": one.split,
                "baseline": message("The best rule on one feature ({feature})", feature=one.task.one_rule_feature),
                "accuracy": _number(stats.accuracy(rule)),
                "balanced_accuracy": _number(stats.balanced_accuracy(rule)),
                **_with_ends(one.lift, policy),
            }
        )
    return rows


def gap_table(found: Iterable[Performance], policy: Policy) -> Table | None:
    """Return the accuracy on training rows beside that on the judged rows; None where there are none."""
    rows: list[Cells] = [
        {
            "split": one.split,
            "training_rows": int(one.training.counts.sum()),
            "training": _number(stats.accuracy(one.training.weights)),
            "accuracy": one.measures["accuracy"].value,
            **_with_ends(one.gap, policy),
        }
        for one in found
        if one.training is not None and one.gap is not None
    ]
    return None if not rows else Table(
        name="train_test_gap",
        chapter="performance",
        caption=message("Accuracy on rows (a sample) that the model was trained on, and on rows that it never saw"),
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


def _with_ends(measured: Measure, policy: Policy) -> Cells:
    low, high = (-math.inf, math.inf) if measured.value is None else measured.bounds(policy.confidence)
    return {
        "value": measured.value,
        "low": low if math.isfinite(low) else None,
        "high": high if math.isfinite(high) else None,
    }


def _moved(bounds: stats.Bounds, by: float) -> stats.Bounds:
    return bounds[0] - by, bounds[1] - by


def _number(value: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float | None:
    return None if np.isnan(value) else float(value)
