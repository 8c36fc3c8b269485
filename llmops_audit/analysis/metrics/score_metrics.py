"""Metrics of scores by name: how well they order the rows, with the interval at any confidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from llmops_audit.analysis.metrics.definitions import SCORE_METRICS
from llmops_audit.analysis.metrics.label_metrics import MetricEstimate
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.scores import ScoreHistogram, Scores
from llmops_audit.record import Label
from llmops_audit.stats import Bounds, clusters

__all__ = ["effective_counts", "measure_scores", "scores_of"]

Floats = npt.NDArray[np.float64]
ScoreStatistic = Callable[[Floats, Floats], Floats]
"""Positives and negatives by bin, (..., m) each, to values (...)."""


def measure_scores(name: str, scores: Scores | None, task: Task, label: str | None = None) -> MetricEstimate:
    """Return a metric of scores with its interval.

    Parameters
    ----------
    name : str
        A key of `SCORE_METRICS`.
    scores : Scores, optional
    task : Task
    label : str, optional
        Of this label alone; otherwise of the positive one, or of the second of two, or the mean over all labels, each
        against the rest (Fawcett 2006, An introduction to ROC analysis, section 9; Hand and Till 2001 weigh pairs).

    Returns
    -------
    MetricEstimate
        Undefined without scores, and where a score is missing or a label has no rows: doubt is never a number. The
        interval of a mean over labels has the mean of their ends: just wide enough where the labels err together, too
        wide where they do not.
    """
    metric = SCORE_METRICS[name]
    histograms = _histograms(scores, task, label) or []
    counts = [effective_counts(histogram, metric.formula) for histogram in histograms]
    values = [float(metric.formula(positives, negatives)) for positives, negatives in counts]
    if not values or not all(map(math.isfinite, values)):
        return MetricEstimate(name, None, metric.method, lambda confidence: (-math.inf, math.inf))

    def bounds(confidence: float) -> Bounds:
        ends = [metric.interval(positives, negatives, confidence) for positives, negatives in counts]
        return float(np.mean([low for low, _ in ends])), float(np.mean([high for _, high in ends]))

    estimate = MetricEstimate(name, float(np.mean(values)), metric.method, bounds)
    if metric.binning_error is None:
        return estimate
    error = max(float(metric.binning_error(found.positives, found.negatives)) for found in histograms)
    return replace(estimate, details={"binning_error": error})


def _histograms(scores: Scores | None, task: Task, label: str | None) -> list[ScoreHistogram] | None:
    if scores is None:
        return None
    wanted: tuple[Label, ...] = tuple(known for known in task.labels if label in (None, str(known)))
    if label is None and task.positive is not None:
        wanted = (task.positive,)
    elif label is None and len(task.labels) == 2:
        wanted = task.labels[1:]
    found = [scores_of(scores, task.labels, target) for target in wanted]
    complete = [histogram for histogram, missing in filter(None, found) if not missing]
    return complete if len(complete) == len(wanted) else None


def scores_of(
    scores: Scores, labels: tuple[Label, ...], label: Label, group: Mapping[str, str] | None = None
) -> tuple[ScoreHistogram, int] | None:
    """Return the scores of one label, and how many labelled rows have none; None where the label has no scores.

    Parameters
    ----------
    scores : Scores
    labels : tuple of label, (k,)
        All labels: of two, one has the probability that the other leaves.
    label : label
    group : mapping of str to str, optional
        Keep only rows with these group values.
    """
    scored = scores.labels()
    if label in scored:
        return scores.histogram(label, group), scores.missing(label, group)
    others = [other for other in scored if other in labels]
    if len(labels) != 2 or not others:
        return None
    return scores.histogram(others[0], group).complement(), scores.missing(others[0], group)


def effective_counts(histogram: ScoreHistogram, value_of: ScoreStatistic) -> tuple[Floats, Floats]:
    """Return positives and negatives by bin, (m,) each, as effective rows for a statistic of them."""
    if histogram.by_unit is None:
        return histogram.positives, histogram.negatives
    table = histogram.by_unit.sum(axis=0)
    # Positives stand first, as everywhere in the histogram.
    effect = clusters.design_effect(histogram.by_unit, table, lambda tables: value_of(tables[:, 0], tables[:, 1]))
    return histogram.positives / effect, histogram.negatives / effect
