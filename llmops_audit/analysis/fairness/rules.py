"""Rules on groups: a limit on the gap between any two of them, or on each, decided on bounds and by an exact test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from llmops_audit.analysis.fairness.gaps import PairwiseGaps
from llmops_audit.analysis.fairness.group_metrics import GROUP_METRICS, GroupMetric
from llmops_audit.analysis.fairness.grouping import JOINT, Grouped
from llmops_audit.analysis.fairness.rates import GroupValues, MetricKey
from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import judged
from llmops_audit.record import (
    Finding,
    Label,
    Message,
    Op,
    Requirement,
    Scalar,
    Verdict,
    message,
)
from llmops_audit.stats import Bounds

__all__ = ["GroupRule", "judge", "metric_keys", "not_judged", "rules_of"]

Kind = Literal["ratio", "difference", "each"]

_WORST_FIRST = (Verdict.FAILED, Verdict.UNDECIDED, Verdict.INCONCLUSIVE, Verdict.PASSED)


@dataclass(frozen=True)
class GroupRule:
    """A limit on groups.

    Attributes
    ----------
    metric : str
        Of its findings.
    kind : {"ratio", "difference", "each"}
        The smallest ratio or the largest difference of any two groups, or the minimum that each group must reach.
    limit : float
    keys : tuple of MetricKey
        The metrics that the limit holds for.
    """

    metric: str
    kind: Kind
    limit: float
    keys: tuple[MetricKey, ...]

    def requirement(self, one: Grouped) -> Requirement:
        """Return the limit as a requirement on an attribute."""
        op = Op.AT_MOST if self.kind == "difference" else Op.AT_LEAST
        return Requirement(op=op, limit=self.limit, about=one.attribute)


def judge(rule: GroupRule, one: Grouped, policy: Policy, split: str) -> Iterator[Finding]:
    """Judge a rule on the groups that have enough rows.

    Parameters
    ----------
    rule : GroupRule
    one : Grouped
        With two judged groups at least.
    policy : Policy
    split : str

    Yields
    ------
    Finding
        One for each group, or for a difference one for the attribute: that of the worst pair.
    """
    if not rule.keys:
        text = message("The rule is about one label: the spec must name the positive label (`data.positive`).")
        scope = {"split": split, "attribute": one.attribute}
        yield Finding(metric=rule.metric, scope=scope, verdict=Verdict.INCONCLUSIVE, message=text)
        return
    if rule.kind == "each":
        for group in one.judged:
            yield _worst([_of_group(rule, one, group, key, policy, split) for key in rule.keys])
        return
    pairwise = [one.gaps(key) for key in rule.keys]
    if rule.kind == "difference":
        scope = {"split": split, "attribute": one.attribute}
        found = [_difference(rule, one, gaps, at, policy, scope) for gaps in pairwise for at in range(len(gaps.pairs))]
        undefined = [gaps for gaps in pairwise if gaps.undefined]
        if undefined:
            found.append(_undefined(rule, one, undefined[0], undefined[0].undefined[0], policy, scope))
        yield _worst(found)
        return
    by_group: dict[GroupValues, list[Finding]] = {group: [] for group in one.judged}
    for gaps in pairwise:
        for at, pair in enumerate(gaps.pairs):
            for group, turned in zip(pair, (False, True), strict=True):
                scope = {"split": split, **dict(zip(one.names, group, strict=True))}
                by_group[group].append(_ratio(rule, one, gaps, at, policy, scope, turned=turned))
    for group, findings in by_group.items():
        scope = {"split": split, **dict(zip(one.names, group, strict=True))}
        yield _worst(findings or [_undefined(rule, one, pairwise[0], group, policy, scope)])


def _undefined(
    rule: GroupRule, one: Grouped, gaps: PairwiseGaps, group: GroupValues, policy: Policy, scope: Mapping[str, str]
) -> Finding:
    return judged(
        rule.metric, None, rule.requirement(one), policy, bounds=None,
        method="melded Clopper-Pearson intervals", n=one.rows[group], scope=scope,
        details={"group": JOINT.join(group), "rate": gaps.metric[0], **_of(gaps.metric)},
    )  # fmt: skip


def _of_group(rule: GroupRule, one: Grouped, group: GroupValues, key: MetricKey, policy: Policy, split: str) -> Finding:
    rate = one.rates[group].get(key)
    return judged(
        rule.metric, None if rate is None else rate.value, rule.requirement(one), policy,
        bounds=None if rate is None else rate.bounds, method=_method(key[0]), n=one.rows[group],
        scope={"split": split, **dict(zip(one.names, group, strict=True))}, details=_of(key),
    )  # fmt: skip


def _method(name: str) -> str:
    metric = GROUP_METRICS[name]
    if metric.cells is not None:
        return "Clopper-Pearson"
    return "wider of bootstrap and Dirichlet posterior" if metric.of_table else "wider of DeLong and Newcombe"


def _difference(
    rule: GroupRule, one: Grouped, gaps: PairwiseGaps, at: int, policy: Policy, scope: Mapping[str, str]
) -> Finding:
    first, second = gaps.pairs[at]

    def bounds(confidence: float) -> Bounds:
        low, high = gaps.difference(at, confidence)
        # The rule is about the size of the difference, whichever of the two groups has the higher rate.
        return max(low, 0.0), max(high, -low)

    return judged(
        rule.metric, float(gaps.values[1, at] - gaps.values[0, at]), rule.requirement(one), policy,
        bounds=bounds, method="melded Clopper-Pearson intervals" if gaps.share else "square-and-add of both intervals",
        n=one.rows[first] + one.rows[second], scope=scope,
        details={
            "group": JOINT.join(second), "compared_with": JOINT.join(first),
            "rate": gaps.metric[0], **_of(gaps.metric),
        },
    )  # fmt: skip


def _ratio(
    rule: GroupRule,
    one: Grouped,
    gaps: PairwiseGaps,
    at: int,
    policy: Policy,
    scope: Mapping[str, str],
    *,
    turned: bool,
) -> Finding:
    group, other = gaps.pairs[at][::-1] if turned else gaps.pairs[at]
    above, below = (float(value) for value in gaps.values[:, at][:: -1 if turned else 1])

    def bounds(confidence: float) -> Bounds:
        low, high = gaps.ratio(at, confidence)
        return (1 / high if high else math.inf, 1 / low if low else math.inf) if turned else (low, high)

    return judged(
        rule.metric, above / below if below else None, rule.requirement(one), policy,
        bounds=bounds, method="melded Clopper-Pearson intervals", n=one.rows[group] + one.rows[other],
        scope=scope, details={"compared_with": JOINT.join(other), **_of(gaps.metric)},
    )  # fmt: skip


def _of(key: MetricKey) -> dict[str, Scalar | tuple[Scalar, ...]]:
    return {} if key[1] is None else {"label": key[1]}


def _worst(findings: Sequence[Finding]) -> Finding:
    """Return the finding that is furthest on the wrong side, as the worst of all."""

    def badness(finding: Finding) -> tuple[int, float, float]:
        value = finding.value if finding.value is not None else 0.0
        wants_more = finding.requirement is not None and finding.requirement.op is Op.AT_LEAST
        p_value = 1.0 if finding.p_value is None else finding.p_value
        return _WORST_FIRST.index(finding.verdict), p_value, value if wants_more else -value

    worst = min(findings, key=badness)
    return worst if worst.tests is None else worst.model_copy(update={"tests": len(findings)})


def not_judged(
    groupings: Sequence[Grouped], split: str, min_rows: int, rules: Sequence[GroupRule]
) -> Iterator[Finding]:
    """Report the groups and the attributes that are not judged, with their counts: none is dropped in silence."""
    judgeable = [one for one in groupings if len(one.judged) >= 2 and rules]
    for one in groupings:
        small = {group: rows for group, rows in one.rows.items() if group not in one.judged}
        if len(one.names) == 1:
            for group, rows in small.items():
                text = message("{rows} rows are fewer than the {least} that a group needs.", rows=rows, least=min_rows)
                scope = {"split": split, one.names[0]: group[0]}
                yield _not_applicable("group_rows", scope, rows, text)
        elif small:
            text = message(
                "{groups} groups, {rows} rows in all: each has fewer than the {least} rows that a group needs.",
                groups=len(small), rows=sum(small.values()), least=min_rows,
            )  # fmt: skip
            scope = {"split": split, "attribute": one.attribute}
            yield _not_applicable("group_rows", scope, sum(small.values()), text)
        if one not in judgeable:
            yield _unjudgeable(one, split, bool(judgeable), bool(rules))


def _unjudgeable(one: Grouped, split: str, others: bool, has_rules: bool) -> Finding:
    text = message("Groups with enough rows: {groups}. There is nothing to compare.", groups=len(one.judged))
    if not has_rules:
        text = message(
            "No rule can be judged: the spec sets none, or it names no favourable label for selection rates "
            "(`favourable`, or `data.positive`)."
        )
    # An attribute that the spec names and that cannot be judged is a doubt beside one that can. The spec does not name
    # intersections.
    doubt = others and len(one.names) == 1
    scope = {"split": split, "attribute": one.attribute}
    verdict = Verdict.INCONCLUSIVE if doubt else Verdict.NOT_APPLICABLE
    return Finding(metric="groups", scope=scope, n=sum(one.rows.values()), verdict=verdict, message=text)


def _not_applicable(metric: str, scope: dict[str, str], rows: int, text: Message) -> Finding:
    return Finding(metric=metric, scope=scope, value=rows, n=rows, verdict=Verdict.NOT_APPLICABLE, message=text)


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
    kinds: Mapping[Kind, Mapping[str, float]] = {
        "ratio": min_ratio, "difference": max_difference, "each": min_worst_group
    }  # fmt: skip
    for kind, limits in kinds.items():
        for name, metric in GROUP_METRICS.items():
            if name not in limits or (kind == "ratio" and metric.about == "favourable" and favourable is None):
                continue
            disparity = {"ratio": metric.ratio, "difference": metric.difference}.get(kind)
            finding = name if disparity is None else disparity.name
            rules.append(GroupRule(finding, kind, limits[name], metric_keys(metric, targets, favourable)))
    return rules
