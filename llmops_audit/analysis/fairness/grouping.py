"""Every metric of the groups that attributes and their intersections form, and the figure that shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import combinations

from llmops_audit.analysis.fairness.gaps import PairwiseGaps, gaps
from llmops_audit.analysis.fairness.group_metrics import GROUP_METRICS
from llmops_audit.analysis.fairness.rates import GroupEstimate, GroupValues, MetricKey, rates_of
from llmops_audit.analysis.fairness.score_rates import GroupScores, score_rates, standardized_differences
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.check.verdicts import finite
from llmops_audit.evidence.outcomes import Outcomes
from llmops_audit.evidence.scores import Scores
from llmops_audit.record import Label
from llmops_audit.record.figures import Estimate, Gap, Grouping, GroupMetrics, GroupSize

__all__ = ["JOINT", "Grouped", "figure", "grouped"]

JOINT = " × "
"""Between the attributes of an intersection, and between their values."""

MOST_GROUPS = 60
"""Of an intersection with more groups, those that have too few rows to be judged are only counted."""


class Grouped:
    """The groups that one attribute, or the intersection of several, forms.

    Attributes
    ----------
    names : tuple of str
    rows : dict of GroupValues to int
        Every group, with its rows.
    judged : tuple of GroupValues
        Those with enough rows.
    rates : dict of GroupValues to dict of MetricKey to GroupEstimate
    sums : dict of GroupValues to GroupScores
    scored : label, optional
        The label that the scores are about.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        found: Outcomes,
        scores: Scores | None,
        task: Task,
        favourable: Label | None,
        min_rows: int,
        on_demand: Collection[str] = (),
    ) -> None:
        parts = found.by_group(names)
        self.names = names
        self.rows = {group: part.rows for group, part in parts.items()}
        self.judged = tuple(group for group, rows in self.rows.items() if rows >= min_rows)
        if len(names) > 1 and len(parts) > MOST_GROUPS:
            parts = {group: parts[group] for group in self.judged}
        self.rates: dict[GroupValues, dict[MetricKey, GroupEstimate]] = {}
        if parts:
            self.rates = rates_of(parts, task, favourable, on_demand)
        self.sums: dict[GroupValues, GroupScores] = {}
        self.scored = task.positive if task.positive is not None else favourable
        if scores is not None and self.scored is not None:
            rates, self.sums = score_rates(scores, names, parts, task.labels, self.scored)
            for group, by_metric in rates.items():
                self.rates[group] |= by_metric
        self.gaps = cache(self._gaps)

    @property
    def attribute(self) -> str:
        """Name of the attribute, or of all that intersect."""
        return JOINT.join(self.names)

    def metrics(self) -> tuple[MetricKey, ...]:
        """Return the metrics that at least one group has."""
        return tuple(dict.fromkeys(metric for by_metric in self.rates.values() for metric in by_metric))

    def _gaps(self, metric: MetricKey) -> PairwiseGaps:
        """Return the gaps of a metric between the judged groups; a group that lacks it counts as undefined."""
        lacking = GroupEstimate(None, 0.0, 0.0, lambda confidence: (-1.0, 1.0))
        return PairwiseGaps(metric, {group: self.rates[group].get(metric, lacking) for group in self.judged})


def grouped(
    found: Outcomes,
    scores: Scores | None,
    task: Task,
    favourable: Label | None,
    depth: int,
    min_rows: int,
    on_demand: Collection[str] = (),
) -> list[Grouped]:
    """Group by each attribute, then by each intersection of up to `depth` of them."""
    return [
        Grouped(names, found, scores, task, favourable, min_rows, on_demand)
        for size in range(1, depth + 1)
        for names in combinations(task.groups, size)
    ]


def figure(
    groupings: Sequence[Grouped],
    task: Task,
    policy: Policy,
    split: str,
    favourable: Label | None,
    min_ratio: float | None,
) -> GroupMetrics:
    """Return every metric of every group, and every pair, whether a requirement rests on it or not."""
    compared = {
        one.names: [one.gaps(metric) for metric in one.metrics() if GROUP_METRICS[metric[0]].compared]
        for one in groupings
    }
    found = dict(gaps(compared, policy.confidence, policy.alpha))
    return GroupMetrics(
        name="groups",
        split=split,
        confidence=policy.confidence,
        positive=task.positive,
        favourable=favourable,
        min_ratio=min_ratio,
        groupings=tuple(
            Grouping(
                attributes=one.names,
                groups=tuple(
                    GroupSize(group=group, rows=rows, judged=group in one.judged) for group, rows in one.rows.items()
                ),
                estimates=tuple(_estimates(one, policy.confidence)),
                gaps=found[one.names] + _standardized(one, policy.confidence),
            )
            for one in groupings
        ),
    )


def _standardized(one: Grouped, confidence: float) -> tuple[Gap, ...]:
    judged = {group: one.sums[group] for group in one.judged if group in one.sums}
    return () if one.scored is None else tuple(standardized_differences(judged, one.scored, confidence))


def _estimates(one: Grouped, confidence: float) -> Iterator[Estimate]:
    for group, by_metric in one.rates.items():
        for (metric, of), rate in by_metric.items():
            low, high = finite(rate.bounds(confidence)) if rate.value is not None else (None, None)
            yield Estimate(
                group=group, metric=metric, of=of, value=rate.value, low=low, high=high, n=rate.trials
            )  # fmt: skip
