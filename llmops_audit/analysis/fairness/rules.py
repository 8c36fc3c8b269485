"""Rules on groups: limits on the gaps between groups, or on each group, and the metrics that they hold for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from llmops_audit.analysis.fairness.group_metrics import GROUP_METRICS, GroupMetric
from llmops_audit.analysis.fairness.grouping import VALID_OUTPUTS
from llmops_audit.analysis.fairness.rates import MetricKey
from llmops_audit.record import Label, Op, Requirement

__all__ = ["VALID_OUTPUTS_ALARM", "GroupRule", "metric_keys", "rules_of"]

Kind = Literal["ratio", "difference", "each"]


@dataclass(frozen=True)
class GroupRule:
    """A limit on groups.

    Attributes
    ----------
    metric : str
        Of its findings.
    kind : {"ratio", "difference", "each"}
        The smallest ratio to the comparator, the largest difference of any two groups, or the minimum that each group
        must reach.
    limit : float
    keys : tuple of MetricKey
        The metrics that the limit holds for.
    setting : tuple of str
        The setting that sets it, and the key within.
    only_invalid : tuple of MetricKey
        Further metrics that it holds for where some output is no label; otherwise they say the same as `keys`.
    alarm : bool
        Whether it is a default that passes without certainty.
    min_rows : int
        Rows that a group needs, where the rule asks for more than all rules do.
    """

    metric: str
    kind: Kind
    limit: float
    keys: tuple[MetricKey, ...]
    setting: tuple[str, ...]
    only_invalid: tuple[MetricKey, ...] = ()
    alarm: bool = False
    min_rows: int = 0

    def requirement(self, attribute: str) -> Requirement:
        """Return the limit as a requirement on an attribute."""
        op = Op.AT_MOST if self.kind == "difference" else Op.AT_LEAST
        return Requirement(op=op, limit=self.limit, about=attribute, alarm=self.alarm, setting=self.setting)


_VALID_OUTPUTS = GROUP_METRICS[VALID_OUTPUTS].difference
assert _VALID_OUTPUTS is not None  # noqa: S101 - the table of metrics says so

VALID_OUTPUTS_ALARM = GroupRule(
    _VALID_OUTPUTS.name,
    "difference",
    0.1,
    ((VALID_OUTPUTS, None),),
    ("max_difference", VALID_OUTPUTS),
    alarm=True,
    min_rows=100,
)
"""Groups whose outputs are labels this much more or less often are reported, whatever the spec limits."""


def metric_keys(metric: GroupMetric, targets: Sequence[Label], favourable: Label | None) -> tuple[MetricKey, ...]:
    """Return a metric, or each of its parts, with the labels that a rule on it is about.

    Parameters
    ----------
    metric : GroupMetric
    targets : sequence of label
        The positive one, or each.
    favourable : label, optional
        What selection rates are about; without one, they are about the targets as well.
    """
    if metric.parts:
        return tuple(key for name in metric.parts for key in metric_keys(GROUP_METRICS[name], targets, favourable))
    if metric.about == "all":
        return ((metric.name, None),)
    if metric.about == "favourable" and favourable is not None:
        return ((metric.name, favourable),)
    return tuple((metric.name, of) for of in targets)


def rules_of(
    max_difference: Mapping[str, float],
    min_ratio: Mapping[str, float],
    min_worst_group: Mapping[str, float],
    targets: Sequence[Label],
    favourable: Label | None,
) -> list[GroupRule]:
    """Return the rules that a spec sets.

    Parameters
    ----------
    max_difference, min_ratio, min_worst_group : mapping of str to float
        Names in `GROUP_METRICS` to limits.
    targets, favourable
        See `metric_keys`.

    Returns
    -------
    list of GroupRule
        Ratios, differences, minima, each in the order of `GROUP_METRICS`, however the spec orders them. Without a
        favourable label nobody is selected, and no ratio of selection rates says who is better off.
    """
    rules: list[GroupRule] = []
    kinds: tuple[tuple[Kind, str, Mapping[str, float]], ...] = (
        ("ratio", "min_ratio", min_ratio),
        ("difference", "max_difference", max_difference),
        ("each", "min_worst_group", min_worst_group),
    )
    for kind, setting, limits in kinds:
        for name, metric in GROUP_METRICS.items():
            if name not in limits or (kind == "ratio" and metric.about == "favourable" and favourable is None):
                continue
            disparity = {"ratio": metric.ratio, "difference": metric.difference}.get(kind)
            finding = name if disparity is None else disparity.name
            keys = metric_keys(metric, targets, favourable)
            further = metric.difference_parts if kind == "difference" else ()
            only_invalid = [metric_keys(GROUP_METRICS[part], targets, favourable) for part in further]
            rules.append(GroupRule(finding, kind, limits[name], keys, (setting, name), sum(only_invalid, ())))
    return rules
