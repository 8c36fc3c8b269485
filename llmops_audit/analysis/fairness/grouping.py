"""Every metric of the groups that attributes and their intersections form, and the figure that shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from itertools import combinations
from operator import add
from typing import Literal

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
from llmops_audit.record.labels import MISSING

__all__ = ["JOINT", "SMALL_GROUPS", "VALID_OUTPUTS", "Grouped", "Handling", "figure", "grouped"]

JOINT = " × "
"""Between the attributes of an intersection, and between their values."""

SMALL_GROUPS = "(small groups)"
"""Name of the groups of an attribute that have too few rows, taken together."""

VALID_OUTPUTS = "valid_output_rate"
"""The only metric that a group has where none of its outputs is a label."""

MOST_GROUPS = 60
"""Of an intersection with more groups, those that have too few rows to be judged are only counted."""

# No group of one attribute has two values.
_POOL: GroupValues = (SMALL_GROUPS, "")


@dataclass(frozen=True)
class Handling:
    """Which groups are judged, and what they are compared with.

    Attributes
    ----------
    min_rows : int
        Rows that a group needs.
    small : {"pool", "report"}
        Whether groups with fewer are taken together and looked at, or only reported.
    missing : {"judge", "report"}
        Whether rows without a value are a group that is judged.
    reference : mapping of str to str
        Attribute to the group that others are compared with, in both directions; without it the one with the highest
        rate of those with a value and enough rows.
    """

    min_rows: int
    small: Literal["pool", "report"] = "pool"
    missing: Literal["judge", "report"] = "judge"
    reference: Mapping[str, str] = field(default_factory=dict)


class Grouped:
    """The groups that one attribute, or the intersection of several, forms.

    Attributes
    ----------
    names : tuple of str
    handling : Handling
    rows : dict of GroupValues to int
        Every group, with its rows.
    judged : tuple of GroupValues
        Those with enough rows, and with an output that is a label.
    silent : tuple of GroupValues
        Those with enough rows, and without any output that is a label.
    small : tuple of GroupValues
        Those with too few rows.
    all_valid : bool
        Whether every output is a label.
    rates : dict of GroupValues to dict of MetricKey to GroupEstimate
    pool : dict of MetricKey to GroupEstimate
        Metrics of the small groups of one attribute, taken together; empty where there are none.
    sums : dict of GroupValues to GroupScores
    scored : label, optional
        The label that the scores are about.
    reference : GroupValues, optional
        The group that the spec compares others with.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        found: Outcomes,
        scores: Scores | None,
        task: Task,
        favourable: Label | None,
        handling: Handling,
        on_demand: Collection[str] = (),
    ) -> None:
        parts = found.by_group(names)
        self.names, self.handling = names, handling
        self.rows = {group: part.rows for group, part in parts.items()}
        valid = {group: _valid_outputs(part, task) for group, part in parts.items()}
        self.all_valid = valid == self.rows
        enough = [
            group
            for group, rows in self.rows.items()
            if rows >= handling.min_rows and (handling.missing == "judge" or MISSING not in group)
        ]
        self.judged = tuple(group for group in enough if valid[group])
        self.silent = tuple(group for group in enough if not valid[group])
        self.small = tuple(
            group
            for group, rows in self.rows.items()
            if rows < handling.min_rows and (handling.missing == "judge" or MISSING not in group)
        )
        if len(names) > 1 and len(parts) > MOST_GROUPS:
            parts = {group: parts[group] for group in self.judged}
        pooled = {}
        if len(names) == 1 and self.small and handling.small == "pool":
            pooled = {_POOL: reduce(add, (parts[group] for group in self.small))}
        self.rates: dict[GroupValues, dict[MetricKey, GroupEstimate]] = {}
        if parts:
            self.rates = rates_of({**parts, **pooled}, task, favourable, on_demand)
        self.pool = self.rates.pop(_POOL, {})
        self.sums: dict[GroupValues, GroupScores] = {}
        self.scored = task.positive if task.positive is not None else favourable
        if scores is not None and self.scored is not None:
            rates, self.sums = score_rates(scores, names, parts, task.labels, self.scored)
            for group, by_metric in rates.items():
                self.rates[group] |= by_metric
        named = handling.reference.get(names[0]) if len(names) == 1 else None
        self.reference: GroupValues | None = None if named is None else (named,)
        self.gaps = cache(self._gaps)

    @property
    def attribute(self) -> str:
        """Name of the attribute, or of all that intersect."""
        return JOINT.join(self.names)

    @property
    def all_rows(self) -> int:
        """Rows of all groups."""
        return sum(self.rows.values())

    def metrics(self) -> tuple[MetricKey, ...]:
        """Return the metrics that at least one group has."""
        return tuple(dict.fromkeys(metric for by_metric in self.rates.values() for metric in by_metric))

    def compared(self, metric: MetricKey) -> tuple[GroupValues, ...]:
        """Return the groups whose metric is compared; how many outputs are a label can be told of silent ones too."""
        return self.judged + self.silent if metric[0] == VALID_OUTPUTS else self.judged

    def comparator(self, metric: MetricKey) -> GroupValues | None:
        """Return the group that others are compared with: the one that the spec names, or that with the highest rate.

        Groups of too few rows are no yardstick, and neither are rows without a value. Of several highest rates, that of
        most rows counts.
        """
        if self.reference is not None:
            return self.reference if self.reference in self.compared(metric) else None
        known = [
            (-rate.value, -self.rows[group], group)
            for group in self.compared(metric)
            if MISSING not in group
            and (rate := self.rates.get(group, {}).get(metric)) is not None
            and rate.value is not None
        ]
        return min(known)[2] if known else None

    def estimates(self, metric: MetricKey) -> dict[GroupValues, GroupEstimate]:
        """Return a metric of the groups that are compared; a group that lacks it has one without a value."""
        lacking = GroupEstimate(None, 0.0, 0.0, lambda confidence: (-1.0, 1.0))
        return {group: self.rates.get(group, {}).get(metric, lacking) for group in self.compared(metric)}

    def _gaps(self, metric: MetricKey) -> PairwiseGaps:
        """Return the gaps of a metric between the judged groups; a group that lacks it counts as undefined."""
        return PairwiseGaps(metric, self.estimates(metric), self.comparator(metric))


def _valid_outputs(part: Outcomes, task: Task) -> int:
    return sum(tally.rows for (_, prediction, _, _), tally in part.cells.items() if prediction in task.labels)


def grouped(
    found: Outcomes,
    scores: Scores | None,
    task: Task,
    favourable: Label | None,
    depth: int,
    handling: Handling,
    on_demand: Collection[str] = (),
) -> list[Grouped]:
    """Group by each attribute, then by each intersection of up to `depth` of them."""
    return [
        Grouped(names, found, scores, task, favourable, handling, on_demand)
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
                comparator=None if favourable is None else one.comparator(("selection_rate", favourable)),
                reference=one.reference is not None,
                groups=tuple(
                    GroupSize(
                        group=group,
                        rows=rows,
                        judged=group in one.judged,
                        reported=group not in one.judged and rows >= one.handling.min_rows,
                    )
                    for group, rows in one.rows.items()
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
