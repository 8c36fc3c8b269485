"""Scores by group: how well they order the rows, how calibrated they are on the whole, and how far apart they lie.

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
from llmops_audit.analysis.fairness.rates import Group, Metric, Rate
from llmops_audit.analysis.metrics.score_metrics import effective, scores_of
from llmops_audit.evidence.scores import ScoreHistogram, Scores
from llmops_audit.record import Label
from llmops_audit.record.figures import Gap
from llmops_audit.stats import Bounds, clusters

__all__ = ["GroupScores", "score_rates", "standardized_differences"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GroupScores:
    """The scores of one group, all of them probabilities.

    Attributes
    ----------
    mean, deviation : float
        Of the scores.
    share : float
        Of rows that carry the label.
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
    scores: Scores, names: tuple[str, ...], groups: Iterable[Group], labels: tuple[Label, ...], of: Label
) -> tuple[dict[Group, dict[Metric, Rate]], dict[Group, GroupScores]]:
    """Compute metrics of the scores of one label by group.

    Parameters
    ----------
    scores : Scores
    names : tuple of str
        Group columns.
    groups : iterable of Group
    labels : tuple of label
    of : label

    Returns
    -------
    rates : dict
        Group to ``roc_auc``, ``mean_score`` and ``calibration_gap`` (mean score less the share of rows that carry the
        label) where they are defined; groups where a score is missing are left out: doubt is never a number.
    sums : dict
        Group to what the standardised difference rests on.
    """
    rates: dict[Group, dict[Metric, Rate]] = {}
    sums: dict[Group, GroupScores] = {}
    for group in groups:
        found = scores_of(scores, labels, of, dict(zip(names, group, strict=True)))
        if found is None or found[1] or not len(found[0].bins):
            continue
        rates[group] = {("roc_auc", of): _area(found[0])}
        one = GroupScores.of(found[0])
        if one is None:
            continue
        sums[group] = one
        rates[group] |= {
            ("mean_score", of): Rate(one.mean, math.nan, one.rows, one.mean_bounds),
            ("calibration_gap", of): Rate(one.mean - one.share, math.nan, one.calibration_rows, one.calibration_bounds),
        }
    return rates, sums


def _area(found: ScoreHistogram) -> Rate:
    positives, negatives = effective(found, stats.roc_auc)
    value = float(stats.roc_auc(positives, negatives))
    rows = float(positives.sum() + negatives.sum())
    return Rate(
        None if math.isnan(value) else value, math.nan, rows,
        lambda confidence: stats.roc_auc_interval(positives, negatives, confidence),
    )  # fmt: skip


def standardized_differences(sums: Mapping[Group, GroupScores], of: Label, confidence: float) -> Iterator[Gap]:
    """Describe how far the mean scores of each two groups lie apart, in standard deviations of a group's scores.

    Parameters
    ----------
    sums : mapping of Group to GroupScores
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
            group=low, compared_with=high, metric="standardized_score_difference", of=of,
            difference=distance, low=distance - reach, high=distance + reach,
        )  # fmt: skip
