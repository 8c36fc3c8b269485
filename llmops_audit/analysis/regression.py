"""The previous release and this one: metrics with the interval of their difference, and rows that flipped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.analysis.metrics.definitions import Average
from llmops_audit.analysis.metrics.differences import difference, flips, unpaired_difference
from llmops_audit.analysis.metrics.label_metrics import MetricEstimate, statistic
from llmops_audit.analysis.metrics.score_differences import ScoreGain, measured, score_gain
from llmops_audit.analysis.metrics.words import METRIC_WORDS
from llmops_audit.check.inputs import Baseline, Policy, Task
from llmops_audit.evidence.outcomes import CrossTable, Outcomes
from llmops_audit.evidence.pairs import Pairs
from llmops_audit.evidence.score_pairs import ScorePairs
from llmops_audit.evidence.scores import Scores
from llmops_audit.record import Column, Label, Message, Scalar, Table, interval_columns, message, values_at

__all__ = [
    "WORDS",
    "ReleaseComparison",
    "ScoreEvidence",
    "compared",
    "difference_table",
    "flip_table",
    "flipped",
    "pairs_title",
    "record_table",
    "record_title",
    "tables_by_group",
    "unchanged",
    "with_source",
]

WORDS: dict[str, Message] = {
    **METRIC_WORDS,
    **values_at({"before": message("the previous release")}, "against"),
    "regression": message("comparison with the previous release"),
    "baseline_record": message("record of the previous release"),
    "against": message("against"),
    "before": message("the previous release"),
    "now": message("this release"),
    "lost": message("rows lost"),
    "won": message("rows won"),
    "same_rows": message("same test rows"),
    "digest": message("digest"),
    "name": message("name"),
    "version": message("version"),
}
"""All that findings and tables of the comparison name."""

Counts = npt.NDArray[np.int64]
Row = dict[str, Scalar | Message]

_HEADINGS = {
    "compared": Column(key="compared", heading=message("Compared with"), format="message"),
    "attribute": Column(key="attribute", heading=message("Attribute")),
    "group": Column(key="group", heading=message("Group")),
    "rows": Column(key="rows", heading=message("Rows"), format="count"),
}


@dataclass(frozen=True)
class ReleaseComparison:
    """A metric of the previous release and of this one.

    Attributes
    ----------
    gain : MetricEstimate
        The difference, new less old.
    before, now : float or None
    low, high : float or None
        Ends of the interval of the difference; None where unbounded.
    """

    gain: MetricEstimate
    before: float | None
    now: float | None
    low: float | None
    high: float | None

    def row(self, **first: Scalar | Message) -> Row:
        """Return the row of `difference_table`; the given cells stand first in it."""
        numbers = {"before": self.before, "now": self.now, "difference": self.gain.value}
        return {**first, "metric": self.gain.name, **numbers, "low": self.low, "high": self.high}


def compared(
    name: str, table: CrossTable, task: Task, average: Average, policy: Policy, record: CrossTable | None = None
) -> ReleaseComparison:
    """Compare a metric on the same rows, or with the table of a record.

    Parameters
    ----------
    name : str
        A key of `LABEL_METRICS`.
    table : CrossTable
        (k, k + 1, k + 1), label, previous prediction and prediction; or, beside a record, (k, k + 1) of this release.
    task : Task
    average : str
        See `llmops_audit.analysis.metrics.label_metrics.statistic`.
    policy : Policy
    record : CrossTable, (k, k + 1), optional
    """
    if record is None:
        gain = difference(name, table, task, average)
        before, now = table.weights.sum(axis=2), table.weights.sum(axis=1)
    else:
        gain = unpaired_difference(name, table, record, task, average)
        before, now = record.weights, table.weights
    value = statistic(name, task, average)
    ends = (None, None) if gain.value is None else gain.bounds(policy.confidence)
    return ReleaseComparison(gain, *(_known(number) for number in (float(value(before)), float(value(now)), *ends)))


def unchanged(name: str, table: CrossTable, task: Task, average: Average) -> ReleaseComparison:
    """Compare a metric with itself: the difference is 0 where it is defined, and has no interval."""
    value = _known(float(statistic(name, task, average)(table.weights)))
    return _same(name, value)


def _same(name: str, value: float | None) -> ReleaseComparison:
    gain = MetricEstimate(name, None if value is None else 0.0, "census", lambda confidence: (0.0, 0.0))
    return ReleaseComparison(gain, value, value, None, None)


def flipped(pairs: Pairs, task: Task) -> bool:
    """Return whether a row has another prediction than the previous release gave it."""
    table = pairs.table("baseline", task.labels).counts.sum(axis=0)
    return bool(table.sum() - np.trace(table))


def tables_by_group(found: Outcomes, labels: tuple[Label, ...]) -> dict[tuple[str, str], CrossTable]:
    """Return the table of each group of each attribute."""
    return {
        (name, value): found.table(labels, {name: value})
        for name in found.groups
        for value, _ in found.group_counts(name)
    }


@dataclass(frozen=True)
class ScoreEvidence:
    """What is known of the scores of both releases.

    Attributes
    ----------
    scores : Scores, optional
        Of this release.
    pairs : ScorePairs, optional
    baseline : Baseline, optional
    task : Task
    """

    scores: Scores | None
    pairs: ScorePairs | None
    baseline: Baseline | None
    task: Task

    def gain(self, name: str) -> ScoreGain | None:
        """Return the difference of a metric, see `score_gain`."""
        return score_gain(name, self.scores, self.pairs, self.baseline, self.task)

    def compared(self, name: str, policy: Policy) -> ReleaseComparison | Message:
        """Compare a metric of scores with the previous release, or say why that cannot be."""
        found = self.gain(name)
        if found is None:
            return self._why_not()
        low, high = (_known(end) for end in found.gain.bounds(policy.confidence))
        return ReleaseComparison(found.gain, _known(found.before), _known(found.now), low, high)

    def unchanged(self, name: str) -> ReleaseComparison:
        """Compare a metric of scores with itself."""
        return _same(name, measured(name, self.scores, self.task))

    def with_source(self, name: str, verdict: Message) -> Message:
        """Add what the difference rests on to the sentence of a verdict."""
        found = self.gain(name)
        if found is not None and found.paired:
            return message("{verdict} Both scores count row by row, to two decimals.", verdict=verdict)
        if self.baseline is None or self.baseline.paired is not None:
            return message(
                "{verdict} It is the interval of independent samples, wider than necessary.", verdict=verdict
            )
        return with_source(verdict, self.baseline)

    def _why_not(self) -> Message:
        if self.scores is None or not self.scores.labels():
            return message("The test rows have no scores, so that this cannot be compared with the previous release.")
        if self.baseline is None:
            return message("Scores of the previous release are unknown: name its record (`baseline.record`).")
        return message(
            "The record of {name} {version} does not hold this number with its interval, and its scores are not known "
            "row by row: it cannot be compared.",
            name=self.baseline.name, version=self.baseline.version,
        )  # fmt: skip


def record_table(baseline: Baseline, now: CrossTable) -> CrossTable:
    """Return the confusion matrix of a record as a table, with the effective size of a row as in this release."""
    counts = np.array(baseline.counts, dtype=np.int64)
    # A record does not say which rows depend on each other.
    effective_share = float(now.effective(stats.accuracy).sum()) / max(1, int(now.counts.sum()))
    return CrossTable(counts, counts.astype(float), counts / max(effective_share, 1e-9))


def flip_table(counts: Counts, task: Task) -> Table:
    """Return the rows that flipped, by label."""
    by_label = zip(task.labels, counts.sum(axis=(1, 2)), *flips(counts), strict=True)
    return Table(
        name="flips",
        chapter="performance",
        caption=message("Rows whose prediction changed, by true label"),
        columns=(
            Column(key="label", heading=message("Label")),
            Column(key="rows", heading=message("Rows"), format="count"),
            Column(key="lost", heading=message("Right before, wrong now"), format="count"),
            Column(key="won", heading=message("Wrong before, right now"), format="count"),
            Column(key="moved", heading=message("Wrong in another way"), format="count"),
        ),
        rows=tuple(
            {"label": str(label), "rows": int(rows), "lost": int(lost), "won": int(won), "moved": int(moved)}
            for label, rows, lost, won, moved in by_label
        ),
    )


def difference_table(name: str, rows: Sequence[Row]) -> Table:
    """Return comparisons as a table; the cells that stand first in the rows have columns of their own."""
    return Table(
        name=name,
        chapter="performance",
        caption=message("The previous release and this one, with the interval of the difference"),
        columns=(
            *(column for key, column in _HEADINGS.items() if key in rows[0]),
            Column(key="metric", heading=message("Metric")),
            Column(key="before", heading=message("Before"), format="number"),
            Column(key="now", heading=message("Now"), format="number"),
            Column(key="difference", heading=message("Difference"), format="number"),
            *interval_columns(),
        ),
        rows=tuple(rows),
    )


def record_title(baseline: Baseline) -> Message:
    """Name a record, and say whether its test rows are those of this release."""
    if baseline.same_rows:
        return message("Record of {name} {version}, same rows", name=baseline.name, version=baseline.version)
    return message("Record of {name} {version}, other rows", name=baseline.name, version=baseline.version)


def pairs_title(baseline: Baseline | None) -> Message:
    """Name the pairs: those of a column, or of the file of a record, and how many rows they are."""
    if baseline is None or baseline.paired is None:
        return message("Predictions for the same rows")
    joined, rows = baseline.paired
    return message(
        "Predictions of {name} {version} for {joined:,} of {rows:,} rows",
        name=baseline.name, version=baseline.version, joined=joined, rows=rows,
    )  # fmt: skip


def with_source(verdict: Message, baseline: Baseline) -> Message:
    """Add to the sentence of a verdict that its interval is that of independent samples, and why."""
    name, version = baseline.name, baseline.version
    if not baseline.same_rows:
        text = message(
            "{verdict} The test data differ from those of {name} {version}, so the data may explain the difference.",
            verdict=verdict, name=name, version=version,
        )  # fmt: skip
    else:
        text = message(
            "{verdict} The rows are those of {name} {version}, but only its totals are known, so this is the interval "
            "of independent samples. Row by row (`baseline.predictions`, or `[report] predictions` of that release) "
            "gives a narrower interval.", verdict=verdict, name=name, version=version,
        )  # fmt: skip
    if baseline.no_pairs is None:
        return text
    return message("{text} {why}", text=text, why=baseline.no_pairs)


def _known(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
