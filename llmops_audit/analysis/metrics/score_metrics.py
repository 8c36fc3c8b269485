"""Metrics of scores by name: how well they order the rows, with the interval at any confidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.analysis.metrics.label_metrics import Measure
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.scores import ScoreHistogram, Scores
from llmops_audit.record import Label
from llmops_audit.stats import Bounds, clusters

__all__ = ["SCORE_METRICS", "effective", "score_measure", "scores_of"]

SCORE_METRICS = ("roc_auc", "average_precision")

Floats = npt.NDArray[np.float64]
Area = Callable[[Floats, Floats], Floats]
_AREAS: dict[str, tuple[Area, Callable[[Floats, Floats, float], Bounds], str]] = {
    "roc_auc": (stats.roc_auc, stats.roc_auc_interval, "wider of DeLong and Newcombe"),
    "average_precision": (
        stats.average_precision,
        stats.average_precision_interval,
        "wider of logit and Clopper-Pearson",
    ),
}


def score_measure(name: str, scores: Scores | None, task: Task, label: str | None = None) -> Measure:
    """Return a metric of scores.

    Parameters
    ----------
    name : {"roc_auc", "average_precision"}
    scores : Scores, optional
    task : Task
    label : str, optional
        Of this label alone; otherwise of the positive one, or of the second of two, or the mean over all labels, each
        against the rest (Fawcett 2006, An introduction to ROC analysis, section 9; Hand and Till 2001 weigh pairs).

    Returns
    -------
    Measure
        Undefined without scores, and where a score is missing or a label has no rows: doubt is never a number. The
        interval of a mean over labels has the mean of their ends: just wide enough where the labels err together, too
        wide where they do not.
    """
    found = _histograms(scores, task, label)
    area, interval, method = _AREAS[name]
    parts = [(one, *effective(one, area)) for one in found or ()]
    values = [float(area(positives, negatives)) for _, positives, negatives in parts]
    if not values or not all(map(math.isfinite, values)):
        return Measure(name, None, method, lambda confidence: (-math.inf, math.inf))

    def bounds(confidence: float) -> Bounds:
        ends = [interval(positives, negatives, confidence) for _, positives, negatives in parts]
        return float(np.mean([low for low, _ in ends])), float(np.mean([high for _, high in ends]))

    measure = Measure(name, float(np.mean(values)), method, bounds)
    if name != "roc_auc":
        return measure
    error = max(float(stats.binning_error(one.positives, one.negatives)) for one, _, _ in parts)
    return replace(measure, details={"binning_error": error})


def _histograms(scores: Scores | None, task: Task, label: str | None) -> list[ScoreHistogram] | None:
    if scores is None:
        return None
    wanted: tuple[Label, ...] = tuple(known for known in task.labels if label in (None, str(known)))
    if label is None and task.positive is not None:
        wanted = (task.positive,)
    elif label is None and len(task.labels) == 2:
        wanted = task.labels[1:]
    found = [scores_of(scores, task.labels, one) for one in wanted]
    known = [histogram for histogram, missing in filter(None, found) if not missing]
    return known if len(known) == len(wanted) else None


def scores_of(
    scores: Scores, labels: tuple[Label, ...], label: Label, group: Mapping[str, str] | None = None
) -> tuple[ScoreHistogram, int] | None:
    """Return the scores of one label, and how many labelled rows have none; None where nobody scored it.

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


def effective(one: ScoreHistogram, area: Area) -> tuple[Floats, Floats]:
    """Return positives and negatives by bin, (m,) each, as effective rows for a statistic of them."""
    if one.by_unit is None:
        return one.positives, one.negatives
    table = one.by_unit.sum(axis=0)
    # Positives stand first, as everywhere in the histogram.
    effect = clusters.design_effect(one.by_unit, table, lambda tables: area(tables[:, 0], tables[:, 1]))
    return one.positives / effect, one.negatives / effect
