"""ROC, precision-recall and reliability curves as numbers, from histograms of scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.analysis.metrics.label_metrics import MetricEstimate
from llmops_audit.analysis.metrics.score_metrics import measure_scores, scores_of
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.evidence.scores import ScoreHistogram, Scores
from llmops_audit.record import Label
from llmops_audit.record.figures import FALSE_POSITIVE_RATES, RECALLS, Curve, Curves

__all__ = ["MAX_CURVES", "Calibrated", "ranking_curves", "reliability_curves"]

MAX_CURVES = 5
"""A reader cannot tell more lines than this apart in one picture."""

POINTS = 50
"""Evenly along a curve, so that between two of them it moves by at most 2 / 49 in both directions together."""

DECIMALS = 5
ROUNDING = 1e-9

Floats = npt.NDArray[np.float64]
Points = Callable[[ScoreHistogram], tuple[Floats, Floats]]


def ranking_curves(
    split: str, scores: Scores | None, task: Task, rows: Sequence[int], policy: Policy
) -> tuple[Curves, ...]:
    """Return the ROC and the precision-recall curves of a split.

    Parameters
    ----------
    split : str
    scores : Scores, optional
    task : Task
    rows : sequence of int, (k,)
        Labelled rows by label.
    policy : Policy

    Returns
    -------
    tuple of Curves
        Of the positive label, or the second of two, or the `MAX_CURVES` with the most rows, each against the rest.
        Empty without scores, and where none of these labels has rows and a score in every row.

    Notes
    -----
    Each point is one of the curve of the rows themselves: that of a threshold between two bins of `Scores`. Where rows
    of one bin differ, the curve passes between two such points within the bin's share of rows.
    """
    wanted = _wanted(task, rows)
    found: dict[Label, ScoreHistogram] = {}
    for label in wanted:
        scored = None if scores is None else scores_of(scores, task.labels, label)
        if scored is not None and not scored[1] and scored[0].positives.any() and scored[0].negatives.any():
            found[label] = scored[0]
        if len(found) == MAX_CURVES:
            break
    if not found:
        return ()

    def figure(kind: Literal["roc", "precision_recall"], metric: str, points: Points) -> Curves:
        curves = (
            _ranking(label, one, measure_scores(metric, scores, task, str(label)), points(one), policy)
            for label, one in found.items()
        )
        return Curves(
            name=f"{kind}.{split}",
            curve=kind,
            split=split,
            confidence=policy.confidence,
            labels=len(wanted),
            curves=tuple(curves),
        )

    return (
        figure("roc", "roc_auc", _roc_points),
        figure("precision_recall", "average_precision", _recall_points),
    )


@dataclass(frozen=True)
class Calibrated:
    """The probabilities of one label as the calibration was measured on them.

    Attributes
    ----------
    label : label
    histogram : ScoreHistogram
    effect : float
        Design effect: how many rows count as one independent row.
    error : CalibrationError
    """

    label: Label
    histogram: ScoreHistogram
    effect: float
    error: stats.CalibrationError


def reliability_curves(split: str, found: Iterable[Calibrated], policy: Policy, bins: int) -> Curves:
    """Return the reliability curves of a split, of the `MAX_CURVES` labels with the most rows.

    Parameters
    ----------
    split : str
    found : iterable of Calibrated
    policy : Policy
    bins : int
        At most so many, of equally many rows; see `stats.calibration_error`.
    """
    every = sorted(found, key=lambda one: -int(one.histogram.positive_rows.sum()))
    return Curves(
        name=f"reliability.{split}",
        curve="reliability",
        split=split,
        confidence=policy.confidence,
        labels=len(every),
        curves=tuple(_reliability(one, policy, bins) for one in every[:MAX_CURVES]),
    )


def _wanted(task: Task, rows: Sequence[int]) -> tuple[Label, ...]:
    if task.positive is not None:
        return (task.positive,)
    if len(task.labels) == 2:
        return task.labels[1:]
    order = sorted(range(len(task.labels)), key=lambda index: -rows[index])
    return tuple(task.labels[index] for index in order)


def _ranking(
    label: Label, one: ScoreHistogram, estimate: MetricEstimate, points: tuple[Floats, Floats], policy: Policy
) -> Curve:
    low, high = estimate.bounds(policy.confidence)
    return Curve(
        label=label,
        positives=int(one.positive_rows.sum()),
        negatives=int(one.negative_rows.sum()),
        base_rate=_base_rate(one),
        value=_known(estimate.value),
        low=_known(low),
        high=_known(high),
        x=_rounded(points[0]),
        y=_rounded(points[1]),
    )


def _base_rate(one: ScoreHistogram) -> float | None:
    rows = float(one.rows.sum())
    return round(float(one.positives.sum()) / rows, DECIMALS) if rows else None


def _roc_points(one: ScoreHistogram) -> tuple[Floats, Floats]:
    false, true = stats.roc_curve(one.positives, one.negatives, points=len(one.bins) + 1)
    read_off = np.searchsorted(false, np.array(FALSE_POSITIVE_RATES) + ROUNDING, side="right") - 1
    return _thinned(false, true, false + true, read_off)


def _recall_points(one: ScoreHistogram) -> tuple[Floats, Floats]:
    recall, precision = stats.precision_recall_curve(one.positives, one.negatives, points=len(one.bins) + 1)
    return _thinned(recall, precision, recall, np.searchsorted(recall, np.array(RECALLS) - ROUNDING))


def _thinned(x: Floats, y: Floats, along: Floats, read_off: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Keep evenly spaced points, the ends, and the points at which the report reads values off the curve."""
    if len(x) > POINTS:
        even = np.searchsorted(along, np.linspace(along[0], along[-1], POINTS))
        kept = np.unique(np.concatenate([[0], even, read_off, [len(x) - 1]]).clip(0, len(x) - 1))
        x, y = x[kept], y[kept]
    return x, y


def _reliability(one: Calibrated, policy: Policy, bins: int) -> Curve:
    curve = stats.reliability_curve(one.histogram, policy.confidence, bins, one.effect)
    low, high = one.error.bounds(policy.confidence)
    return Curve(
        label=one.label,
        positives=int(one.histogram.positive_rows.sum()),
        negatives=int(one.histogram.negative_rows.sum()),
        base_rate=_base_rate(one.histogram),
        value=_known(one.error.corrected),
        low=_known(low),
        high=_known(high),
        x=_rounded(score for score, *_ in curve),
        y=_rounded(share for _, share, *_ in curve),
        y_low=_rounded(ends[0] for *_, ends, _ in curve),
        y_high=_rounded(ends[1] for *_, ends, _ in curve),
        rows=tuple(round(rows) for *_, rows in curve),
    )


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(float(value), DECIMALS) for value in values)


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
