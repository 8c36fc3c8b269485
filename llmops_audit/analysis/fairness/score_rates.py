"""Scores by group: how well they order the rows, how well they are calibrated on average, and how far apart they are.

References
----------
Hedges, Olkin (1985). Statistical Methods for Meta-Analysis, chapter 5 (standardised mean difference and its variance).
Hoeffding (1956). On the distribution of the number of successes in independent trials. Annals of Mathematical
Statistics 27 (rows of different probabilities scatter no more than a binomial).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from llmops_audit import stats
from llmops_audit.analysis.fairness.group_metrics import GROUP_METRICS, STANDARDIZED_DIFFERENCE
from llmops_audit.analysis.fairness.rates import GroupEstimate, GroupValues, MetricKey
from llmops_audit.analysis.metrics.score_metrics import effective_counts, scores_of
from llmops_audit.evidence.scores import ScoreHistogram, Scores
from llmops_audit.record import Label
from llmops_audit.record.figures import Gap
from llmops_audit.stats import Bounds, clusters

__all__ = ["GroupScores", "area", "calibration_gap", "mean_score", "score_rates", "standardized_differences"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GroupScores:
    """The scores of one group, all of them probabilities.

    Attributes
    ----------
    mean, deviation : float
        Of the scores.
    share : float
        Of rows that have the label.
    rows : float
        Effective number for the mean.
    calibration_rows : float
        Effective number for the mean less the share.
    """

    mean: float
    deviation: float
    share: float
    rows: float
    calibration_rows: float

    @classmethod
    def of(cls, found: ScoreHistogram) -> GroupScores | None:
        """Sum up a histogram; None where it is empty, or holds margins."""
        weights = np.concatenate([found.positives, found.negatives])
        total = float(weights.sum())
        if not total or not found.probabilities:
            return None
        scores = np.concatenate([found.positive_score, found.negative_score])
        mean = float(weights @ scores) / total
        deviation = math.sqrt(max(float(weights @ scores**2) / total - mean * mean, 0.0))
        share = float(found.positives.sum()) / total
        by_unit, unit_score = found.by_unit, found.unit_score
        if by_unit is None or unit_score is None:
            return cls(mean, deviation, share, total, total)

        def mean_score(tables: Floats) -> Floats:
            return np.asarray(tables.sum(axis=1) @ unit_score / tables.sum(axis=(1, 2)))

        def calibration_gap(tables: Floats) -> Floats:
            # Positives stand first, as everywhere in the histogram.
            return np.asarray(mean_score(tables) - tables[:, 0].sum(axis=1) / tables.sum(axis=(1, 2)))

        rows = [
            total / clusters.design_effect(by_unit, by_unit.sum(axis=0), statistic)
            for statistic in (mean_score, calibration_gap)
        ]
        return cls(mean, deviation, share, *rows)

    def mean_bounds(self, confidence: float) -> Bounds:
        """Return Student's interval of the mean score."""
        if self.rows <= 1:
            return 0.0, 1.0
        reach = float(stdtrit(self.rows - 1, (1 + confidence) / 2)) * self.deviation / math.sqrt(self.rows - 1)
        return self.mean - reach, self.mean + reach

    def calibration_bounds(self, confidence: float) -> Bounds:
        """Return the mean score less Clopper and Pearson's interval of the share.

        Given the scores, rows of different probabilities scatter no more than a binomial (Hoeffding 1956).
        """
        low, high = stats.clopper_pearson(self.share * self.calibration_rows, self.calibration_rows, confidence)
        return self.mean - high, self.mean - low


def score_rates(
    scores: Scores, names: tuple[str, ...], groups: Iterable[GroupValues], labels: tuple[Label, ...], of: Label
) -> tuple[dict[GroupValues, dict[MetricKey, GroupEstimate]], dict[GroupValues, GroupScores]]:
    """Compute metrics of the scores of one label by group.

    Parameters
    ----------
    scores : Scores
    names : tuple of str
        Group columns.
    groups : iterable of GroupValues
    labels : tuple of label
    of : label

    Returns
    -------
    rates : dict
        Group to the metrics of `GROUP_METRICS` that come from scores, where they are defined; groups where a score is
        missing are left out: doubt is never a number.
    sums : dict
        Group to what the standardised difference rests on.
    """
    rates: dict[GroupValues, dict[MetricKey, GroupEstimate]] = {}
    sums: dict[GroupValues, GroupScores] = {}
    for group in groups:
        found = scores_of(scores, labels, of, dict(zip(names, group, strict=True)))
        if found is None or found[1] or not len(found[0].bins):
            continue
        of_group = GroupScores.of(found[0])
        if of_group is not None:
            sums[group] = of_group
        estimates = {
            (metric.name, of): metric.of_scores(found[0], of_group)
            for metric in GROUP_METRICS.values()
            if metric.of_scores is not None
        }
        rates[group] = {key: estimate for key, estimate in estimates.items() if estimate is not None}
    return rates, sums


def area(found: ScoreHistogram) -> GroupEstimate:
    """Return the area under the ROC curve of a group."""
    positives, negatives = effective_counts(found, stats.roc_auc)
    value = float(stats.roc_auc(positives, negatives))
    rows = float(positives.sum() + negatives.sum())
    return GroupEstimate(
        None if math.isnan(value) else value, math.nan, rows,
        lambda confidence: stats.roc_auc_interval(positives, negatives, confidence),
    )  # fmt: skip


def mean_score(sums: GroupScores | None) -> GroupEstimate | None:
    """Return the mean of the probabilities of a group; None where its scores are no probabilities."""
    return None if sums is None else GroupEstimate(sums.mean, math.nan, sums.rows, sums.mean_bounds)


def calibration_gap(sums: GroupScores | None) -> GroupEstimate | None:
    """Return the mean of the probabilities of a group less the share of its rows that have the label."""
    if sums is None:
        return None
    return GroupEstimate(sums.mean - sums.share, math.nan, sums.calibration_rows, sums.calibration_bounds)


def standardized_differences(sums: Mapping[GroupValues, GroupScores], of: Label, confidence: float) -> Iterator[Gap]:
    """Describe how far apart the mean scores of each two groups are, in standard deviations of a group's scores.

    Parameters
    ----------
    sums : mapping of GroupValues to GroupScores
    of : label
    confidence : float

    Yields
    ------
    Gap
        The group with the lower mean first; the interval is Hedges and Olkin's. Pairs without any spread are left out.
    """
    z = float(ndtri((1 + confidence) / 2))
    for low, high in combinations(sorted(sums, key=lambda group: (sums[group].mean, group)), 2):
        one, other = sums[low], sums[high]
        n1, n2 = one.rows, other.rows
        pooled = math.sqrt((n1 * one.deviation**2 + n2 * other.deviation**2) / max(n1 + n2 - 2, 1.0))
        if not pooled:
            continue
        distance = (other.mean - one.mean) / pooled
        reach = z * math.sqrt((n1 + n2) / (n1 * n2) + distance**2 / (2 * (n1 + n2)))
        yield Gap(
            group=low, compared_with=high, metric=STANDARDIZED_DIFFERENCE.name, of=of,
            difference=distance, low=distance - reach, high=distance + reach,
        )  # fmt: skip
