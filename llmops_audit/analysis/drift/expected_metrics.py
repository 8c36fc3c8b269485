"""Metrics of rows without labels: from calibrated scores, and from weighted labelled rows; by labels where known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.analysis.drift.calibrated_scores import RESAMPLES, Calibration, Estimated
from llmops_audit.analysis.drift.model_outputs import ModelOutputs, positive_scores, there
from llmops_audit.analysis.drift.reweighting import Resemblance
from llmops_audit.analysis.metrics.label_metrics import default_average, measure, statistic
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.outcomes import CrossTable

__all__ = ["METRICS", "Actual", "by_labels", "by_scores", "by_weights", "disjoint"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

METRICS = ("accuracy", "roc_auc", "f1", "precision", "recall")
"""What is estimated, in the order of the report."""

MIN_LABELLED_SHARE = 0.5
"""Smallest share of current rows with labels for which their metrics are given beside the estimates."""

Actual = tuple[float, Callable[[float], stats.Bounds]]
"""A metric by the labels, and confidence to its interval."""


def by_scores(
    known: Calibration, now: ModelOutputs, task: Task, seed: int, within: BoolArray | None = None
) -> dict[str, Estimated]:
    """Estimate metrics on current rows from calibrated scores.

    Parameters
    ----------
    known : Calibration
    now : ModelOutputs, m rows
    task : Task
    seed : int
    within : numpy array of bool, (m,), optional
        Rows that count.

    Returns
    -------
    dict
        The accuracy; of two labels the other metrics too, where each prediction is one of them: then the chance that a
        prediction is wrong is the chance of the other label.

    Notes
    -----
    The errors of the other metrics are those over draws of calibration, rows and outcomes. The area under the curve
    takes rows of one bin of confidence as tied.
    """
    found = {"accuracy": known.accuracy(within)}
    rows = np.flatnonzero((known.bin >= 0) & (True if within is None else within))
    prediction = now.codes(task)[1][rows]
    if len(task.labels) != 2 or (prediction < 0).any():
        return found
    bins, m = known.bin[rows], len(rows)
    order = _order(positive_scores(now, task), rows)
    positive = 1 if task.positive is None else task.labels.index(task.positive)

    def values(weights: FloatArray, right: FloatArray) -> dict[str, float]:
        labelled = np.stack([np.where(prediction == label, right, weights - right) for label in (0, 1)])
        table = np.stack([_counted(prediction, one, 3) for one in labelled])
        return _values(table, task, None if order is None else _bins(order, labelled[positive], labelled[1 - positive]))

    def draws() -> Iterator[Mapping[str, float]]:
        rng = np.random.default_rng(seed)
        for one in (known.resampled * known.rows + 1.0) / (known.rows + 2.0):
            weights = rng.multinomial(m, np.full(m, 1.0 / m))
            yield values(weights.astype(np.float64), rng.binomial(weights, one[bins]).astype(np.float64))

    ones = np.ones(m)
    return found | _estimated(values(ones, known.right[bins]), values(ones, known.shrunk[bins]), draws(), 1.0)


def by_weights(known: Resemblance, test: ModelOutputs, task: Task, seed: int) -> dict[str, Estimated]:
    """Estimate metrics on current rows from labelled rows that are weighted to look like them.

    Parameters
    ----------
    known : Resemblance
    test : ModelOutputs, n rows
        Labelled.
    task : Task
    seed : int
    """
    label, prediction = test.codes(task)
    k, n = len(task.labels), len(test)
    cells = label * (k + 1) + np.where(prediction < 0, k, prediction)
    order = _order(positive_scores(test, task), np.arange(n))
    positive = k - 1 if task.positive is None else task.labels.index(task.positive)

    def values(weights: FloatArray) -> dict[str, float]:
        table = _counted(cells, weights, k * (k + 1)).reshape(k, k + 1)
        is_positive = label == positive
        bins = None if order is None else _bins(order, weights * is_positive, weights * ~is_positive)
        return _values(table, task, bins)

    def draws() -> Iterator[Mapping[str, float]]:
        rng = np.random.default_rng(seed)
        for _ in range(RESAMPLES):
            yield values(known.weights * rng.multinomial(n, np.full(n, 1.0 / n)))

    # The current rows are a sample as well.
    more = 1.0 + known.effective / len(known.unlike)
    even = known.weights.sum() / n * 2.0 / known.effective
    found = _estimated(values(known.weights), values(known.weights + even), draws(), more)
    return {"accuracy": known.share(test.correct)} | found


def _estimated(
    value: Mapping[str, float], centre: Mapping[str, float], draws: Iterator[Mapping[str, float]], more: float
) -> dict[str, Estimated]:
    drawn = list(draws)
    found: dict[str, Estimated] = {}
    for name, estimate in value.items():
        errors = np.array([one.get(name, np.nan) for one in drawn]) - estimate
        if np.isfinite(estimate) and np.isfinite(centre[name]) and np.isfinite(errors).any():
            found[name] = Estimated(estimate, centre[name], float(np.nanmean(errors**2)) * more)
    return found


def _values(table: FloatArray, task: Task, bins: tuple[FloatArray, FloatArray] | None) -> dict[str, float]:
    average = default_average(task)
    found = {} if bins is None else {"roc_auc": float(stats.roc_auc(*bins))}
    return found | {name: float(statistic(name, task, average)(table)) for name in ("f1", "precision", "recall")}


def _order(scores: FloatArray | None, rows: npt.NDArray[np.intp]) -> IntArray | None:
    """Return the place of each row's score among all scores; None where a row lacks one."""
    if scores is None or not np.isfinite(scores[rows]).all():
        return None
    return np.unique(scores[rows], return_inverse=True)[1].astype(np.int64)


def _bins(order: IntArray, positives: FloatArray, negatives: FloatArray) -> tuple[FloatArray, FloatArray]:
    return _counted(order, positives), _counted(order, negatives)


def _counted(places: IntArray, weights: FloatArray, length: int = 0) -> FloatArray:
    return np.bincount(places, weights, minlength=length).astype(np.float64, copy=False)


def by_labels(now: ModelOutputs, task: Task, within: BoolArray | None = None) -> dict[str, Actual]:
    """Return metrics of current rows by their labels.

    Parameters
    ----------
    now : ModelOutputs, m rows
    task : Task
    within : numpy array of bool, (m,), optional
        Rows that count.

    Returns
    -------
    dict
        Empty where fewer than `MIN_LABELLED_SHARE` of the rows have a label; the accuracy alone where a label is no
        label of the task.
    """
    rows = now if within is None else now[np.flatnonzero(within)]
    labelled = there(rows.label)
    if not labelled.any() or labelled.mean() < MIN_LABELLED_SHARE:
        return {}
    rows = rows[np.flatnonzero(labelled)]
    right, n = int(rows.correct.sum()), len(rows)
    found: dict[str, Actual] = {"accuracy": (right / n, lambda level: stats.clopper_pearson(right, n, level))}
    if (rows.codes(task)[0] < 0).any():
        return found
    counts = rows.table(task)
    table = CrossTable(counts, counts.astype(np.float64), counts.astype(np.float64))
    for name in METRICS[2:]:
        measured = measure(name, table, task, default_average(task))
        if measured.value is not None:
            found[name] = measured.value, measured.bounds
    order = _order(positive_scores(rows, task), np.arange(n))
    if order is not None:
        positive = str(task.labels[-1] if task.positive is None else task.positive)
        hits = rows.label == positive
        bins = _bins(order, hits.astype(np.float64), (~hits).astype(np.float64))
        if hits.any() and not hits.all():
            found["roc_auc"] = (float(stats.roc_auc(*bins)), lambda level: stats.roc_auc_interval(*bins, level))
    return found


def disjoint(one: stats.Bounds, other: stats.Bounds) -> bool:
    """Return whether two intervals have nothing in common."""
    return one[1] < other[0] or other[1] < one[0]
