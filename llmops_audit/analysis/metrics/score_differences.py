"""How much better the scores are than those of the previous release: row by row, or beside its record."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri

from llmops_audit import stats
from llmops_audit.analysis.metrics.label_metrics import MetricEstimate
from llmops_audit.analysis.metrics.score_metrics import measure_scores, scores_of
from llmops_audit.check.inputs import Baseline, Task
from llmops_audit.evidence.score_pairs import HUNDREDTHS, ScorePairs, ScoreTable
from llmops_audit.evidence.scores import Scores
from llmops_audit.record import Label
from llmops_audit.record.figures import Curve
from llmops_audit.stats import Bounds, clusters

__all__ = ["CALIBRATION_ERROR", "ScoreGain", "measured", "score_gain"]

CALIBRATION_ERROR = "expected_calibration_error"
"""The one metric of scores of which less is better."""

DEFAULT_BINS = 15

Floats = npt.NDArray[np.float64]
ValueOf = Callable[[Floats, Floats], Floats]

_CURVE: dict[str, Literal["roc", "precision_recall", "reliability"]] = {
    "roc_auc": "roc", "average_precision": "precision_recall", CALIBRATION_ERROR: "reliability",
}  # fmt: skip
_PAIRED = {"roc_auc": "paired DeLong, score interval", "average_precision": "paired influence, score interval"}


@dataclass(frozen=True)
class ScoreGain:
    """A metric of scores, of the previous release and of this one.

    Attributes
    ----------
    gain : MetricEstimate
        The difference, new less old.
    before, now : float
    paired : bool
        Whether it was computed row by row.
    """

    gain: MetricEstimate
    before: float
    now: float
    paired: bool


def score_gain(
    name: str, scores: Scores | None, pairs: ScorePairs | None, baseline: Baseline | None, task: Task
) -> ScoreGain | None:
    """Compare a metric of scores with that of the previous release.

    Parameters
    ----------
    name : str
        A key of `SCORE_METRICS`, or `CALIBRATION_ERROR`.
    scores : Scores, optional
        Of this release.
    pairs : ScorePairs, optional
        Of both.
    baseline : Baseline, optional
        The record of the previous release.
    task : Task

    Returns
    -------
    ScoreGain or None
        None where the scores of this release are unknown in a row, or those of the previous one are known neither row
        by row nor by a value of its record with its interval.

    Notes
    -----
    Row by row, both scores count to two decimals. The mean over labels has the means of the labels' ends, which is just
    wide enough where they err together. The calibration error has no paired interval: those of both releases are
    squared and added, as for separate rows, which is wider than necessary.
    """
    if name != CALIBRATION_ERROR:
        return _paired(name, pairs, task) or _recorded(name, measure_scores(name, scores, task), baseline, task)
    recorded = _recorded(name, _calibration(scores, task, (baseline and baseline.bins) or DEFAULT_BINS), baseline, task)
    return recorded or _calibration_of_pairs(scores, pairs, task)


def measured(name: str, scores: Scores | None, task: Task) -> float | None:
    """Return the value of such a metric for this release; None where it is undefined."""
    if name == CALIBRATION_ERROR:
        return _calibration(scores, task, DEFAULT_BINS).value
    return measure_scores(name, scores, task).value


def _targets(name: str, task: Task) -> tuple[Label, ...]:
    """Return the labels whose mean a metric is: the positive one, or the second of two, or all."""
    if len(task.labels) == 2:
        return (task.labels[1] if task.positive is None else task.positive,)
    return (task.positive,) if task.positive is not None and name != CALIBRATION_ERROR else task.labels


def _paired(name: str, pairs: ScorePairs | None, task: Task) -> ScoreGain | None:
    tables = _tables(name, pairs, task)
    if tables is None:
        return None
    value_of: ValueOf = {"roc_auc": stats.roc_auc, "average_precision": stats.average_precision}[name]
    effective = [_effective(table, value_of) for table in tables]
    before, now = (
        float(np.mean([value_of(pos.sum(axis=axis), neg.sum(axis=axis)) for pos, neg in effective])) for axis in (1, 0)
    )
    if not (math.isfinite(before) and math.isfinite(now)):
        return None

    def bounds(confidence: float) -> Bounds:
        ends = [stats.ranking_gain_interval(value_of, pos, neg, confidence) for pos, neg in effective]
        return float(np.mean([low for low, _ in ends])), float(np.mean([high for _, high in ends]))

    return ScoreGain(MetricEstimate(name, now - before, _PAIRED[name], bounds), before, now, paired=True)


def _tables(name: str, pairs: ScorePairs | None, task: Task) -> list[ScoreTable] | None:
    if pairs is None:
        return None
    found = [_table(pairs, task, label) for label in _targets(name, task)]
    known = [table for table in found if table is not None]
    return known if len(known) == len(found) else None


def _table(pairs: ScorePairs, task: Task, label: Label) -> ScoreTable | None:
    table = pairs.table(label)
    if table is not None or len(task.labels) != 2:
        return table
    other = pairs.table(next(one for one in task.labels if one != label))
    if other is None:
        return None
    # Of two labels, one has the probability that the other leaves.
    return ScoreTable(
        other.negatives[::-1, ::-1],
        other.positives[::-1, ::-1],
        other.negative_squares,
        other.positive_squares,
        None if other.by_unit is None else other.by_unit[:, ::-1, ::-1, ::-1],
        other.rows,
    )


def _effective(table: ScoreTable, value_of: ValueOf) -> tuple[Floats, Floats]:
    """Return positives and negatives as effective rows for the difference of a value."""
    sides = [(table.positives, table.positive_squares), (table.negatives, table.negative_squares)]
    factor = min((float(side.sum()) / squares for side, squares in sides if squares), default=0.0)
    positives, negatives = table.positives * factor, table.negatives * factor
    if table.by_unit is None:
        return positives, negatives

    def gain(tables: Floats) -> Floats:
        return stats.ranking_gain(value_of, tables[:, 0], tables[:, 1])

    effect = clusters.design_effect(table.by_unit, np.stack([positives, negatives]), gain)
    return positives / effect, negatives / effect


def _recorded(name: str, now: MetricEstimate, baseline: Baseline | None, task: Task) -> ScoreGain | None:
    before = None if baseline is None else _of_record(name, baseline, _targets(name, task))
    return None if before is None else _apart(now, before)


def _apart(now: MetricEstimate, before: MetricEstimate) -> ScoreGain | None:
    """Compare two estimates as if they were of separate rows."""
    old, new = before.value, now.value
    if old is None or new is None:
        return None

    def bounds(confidence: float) -> Bounds:
        low, high = stats.square_and_add(new, now.bounds(confidence), old, before.bounds(confidence))
        return float(low), float(high)

    gain = MetricEstimate(now.name, new - old, "square-and-add of both intervals", bounds)
    return ScoreGain(gain, old, new, paired=False)


def _of_record(name: str, baseline: Baseline, targets: Sequence[Label]) -> MetricEstimate | None:
    figure = next((one for one in baseline.curves if one.curve == _CURVE[name]), None)
    curves = {} if figure is None else {curve.label: curve for curve in figure.curves}
    found = [curves[label] for label in targets if label in curves]
    if figure is None or len(found) < len(targets) or any(curve.value is None for curve in found):
        return None
    confidence = figure.confidence

    def bounds(wanted: float) -> Bounds:
        ends = [_widened(curve, confidence, wanted) for curve in found]
        return float(np.mean([low for low, _ in ends])), float(np.mean([high for _, high in ends]))

    return MetricEstimate(name, float(np.mean([curve.value for curve in found])), "record", bounds)


def _widened(curve: Curve, known: float, wanted: float) -> Bounds:
    """Return the interval of a record at another confidence: its reaches in proportion to the normal quantiles."""
    value, low, high = curve.value, curve.low, curve.high
    if value is None:  # none of those that are compared
        raise AssertionError
    ratio = float(ndtri((1.0 - wanted) / 2.0) / ndtri((1.0 - known) / 2.0))
    low, high = 0.0 if low is None else low, 1.0 if high is None else high
    if low > 0.0 and high < 1.0 and low <= value <= high:
        middle, ends = logit(value), (logit(low), logit(high))
        return float(expit(middle - (middle - ends[0]) * ratio)), float(expit(middle + (ends[1] - middle) * ratio))
    return max(0.0, value - (value - low) * ratio), min(1.0, value + (high - value) * ratio)


def _calibration(scores: Scores | None, task: Task, bins: int) -> MetricEstimate:
    unknown = MetricEstimate(CALIBRATION_ERROR, None, "", lambda confidence: (-math.inf, math.inf))
    errors = []
    for label in _targets(CALIBRATION_ERROR, task) if scores is not None else ():
        found = None if scores is None else scores_of(scores, task.labels, label)
        if scores is None or found is None or found[1] or not found[0].probabilities:
            return unknown
        errors.append(stats.calibration_error(found[0], bins, _calibration_effect(scores, task, label, bins)))
    return _error_estimate(errors) if errors else unknown


def _calibration_effect(scores: Scores, task: Task, label: Label, bins: int) -> float:
    found = scores_of(scores, task.labels, label)
    if found is None or found[0].by_unit is None or found[0].unit_score is None:
        return 1.0
    return stats.calibration_design_effect(found[0].by_unit, found[0].unit_score, bins)


def _error_estimate(errors: Sequence[stats.CalibrationError]) -> MetricEstimate:
    error = stats.CalibrationError.mean(errors)
    value = error.corrected if math.isfinite(error.corrected) else None
    return MetricEstimate(CALIBRATION_ERROR, value, "bias-corrected, conservative normal", error.bounds)


def _calibration_of_pairs(scores: Scores | None, pairs: ScorePairs | None, task: Task) -> ScoreGain | None:
    tables = _tables(CALIBRATION_ERROR, pairs, task)
    if tables is None or scores is None:
        return None
    levels = np.arange(HUNDREDTHS + 1) / HUNDREDTHS
    errors = []
    for label, table in zip(_targets(CALIBRATION_ERROR, task), tables, strict=True):
        positives, negatives = _effective(replace(table, by_unit=None), stats.roc_auc)
        forecasts = stats.Forecasts(positives.sum(axis=1), negatives.sum(axis=1), levels, levels)
        # Rows depend on each other as much as by the scores of today.
        effect = _calibration_effect(scores, task, label, DEFAULT_BINS)
        errors.append(stats.calibration_error(forecasts, DEFAULT_BINS, effect))
    return _apart(_calibration(scores, task, DEFAULT_BINS), _error_estimate(errors))
