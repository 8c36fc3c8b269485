"""Rules on groups: a limit on the gap between any two of them, or on each, decided on bounds and by an exact test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from llmops_audit.analysis.fairness.gaps import Comparison
from llmops_audit.analysis.fairness.grouping import JOINT, Grouped
from llmops_audit.analysis.fairness.rates import SHARES, Group, Metric
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

__all__ = ["DIFFERENCES", "Rule", "judge", "metrics_of", "not_judged"]

DIFFERENCES: Mapping[str, tuple[str, ...]] = {
    "demographic_parity_difference": ("selection_rate",),
    "equalized_odds_difference": ("true_positive_rate", "false_positive_rate"),
    "equal_opportunity_difference": ("true_positive_rate",),
    "predictive_parity_difference": ("precision",),
    "accuracy_difference": ("accuracy",),
    "roc_auc_difference": ("roc_auc",),
    "calibration_gap_difference": ("calibration_gap",),
}
"""The rates that each difference is the largest distance of."""

_WORST_FIRST = (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.PASSED)


@dataclass(frozen=True)
class Rule:
    """A limit.

    Attributes
    ----------
    metric : str
        Name of its findings.
    kind : {"ratio", "difference", "each"}
        A least ratio and a largest difference of any two groups, or the least that each group must reach.
    limit : float
    metrics : tuple of Metric
        What is looked at: the limit holds for all of them.
    """

    metric: str
    kind: Literal["ratio", "difference", "each"]
    limit: float
    metrics: tuple[Metric, ...]

    def tests(self, one: Grouped) -> int:
        """Return how many requirements the rule makes on these groups."""
        n = len(one.judged)
        return len(self.metrics) * (n if self.kind == "each" else n * (n - 1) // 2)

    @property
    def requirement(self) -> Requirement:
        """The limit as a requirement."""
        return Requirement(op=Op.AT_MOST if self.kind == "difference" else Op.AT_LEAST, limit=self.limit)


def judge(rule: Rule, one: Grouped, policy: Policy, tests: int, split: str) -> Iterator[Finding]:
    """Judge a rule on the groups that have enough rows.

    Parameters
    ----------
    rule : Rule
    one : Grouped
        With two judged groups at least.
    policy : Policy
    tests : int
        Requirements that are judged at once.
    split : str

    Yields
    ------
    Finding
        One for each group, or for a difference one for the attribute: that of the worst pair.
    """
    if not rule.metrics:
        text = message("The rule speaks of one label: the spec must name the positive one (`data.positive`).")
        scope = {"split": split, "attribute": one.attribute}
        yield Finding(metric=rule.metric, scope=scope, verdict=Verdict.INCONCLUSIVE, message=text)
        return
    if rule.kind == "each":
        for group in one.judged:
            yield _worst([_of_group(rule, one, group, metric, policy, tests, split) for metric in rule.metrics])
        return
    comparisons = [one.comparison(metric) for metric in rule.metrics]
    if rule.kind == "difference":
        scope = {"split": split, "attribute": one.attribute}
        found = [
            _difference(rule, one, comparison, at, policy, tests, scope)
            for comparison in comparisons
            for at in range(len(comparison.pairs))
        ]
        undefined = [comparison for comparison in comparisons if comparison.undefined]
        if undefined:
            found.append(_undefined(rule, one, undefined[0], undefined[0].undefined[0], policy, scope))
        yield _worst(found)
        return
    by_group: dict[Group, list[Finding]] = {group: [] for group in one.judged}
    for comparison in comparisons:
        for at, pair in enumerate(comparison.pairs):
            for group, turned in zip(pair, (False, True), strict=True):
                scope = {"split": split, **dict(zip(one.names, group, strict=True))}
                by_group[group].append(_ratio(rule, one, comparison, at, policy, tests, scope, turned=turned))
    for group, findings in by_group.items():
        scope = {"split": split, **dict(zip(one.names, group, strict=True))}
        yield _worst(findings or [_undefined(rule, one, comparisons[0], group, policy, scope)])


def _undefined(
    rule: Rule, one: Grouped, comparison: Comparison, group: Group, policy: Policy, scope: Mapping[str, str]
) -> Finding:
    return judged(
        rule.metric, None, rule.requirement, policy, bounds=None, method="Newcombe", n=one.rows[group], scope=scope,
        details={"group": JOINT.join(group), "rate": comparison.metric[0], **_of(comparison.metric)},
    )  # fmt: skip


def _of_group(
    rule: Rule, one: Grouped, group: Group, metric: Metric, policy: Policy, tests: int, split: str
) -> Finding:
    rate = one.rates[group].get(metric)
    return judged(
        rule.metric, None if rate is None else rate.value, rule.requirement, policy,
        bounds=None if rate is None else rate.bounds, method=_method(metric[0]), n=one.rows[group], tests=tests,
        scope={"split": split, **dict(zip(one.names, group, strict=True))}, details=_of(metric),
    )  # fmt: skip


def _method(name: str) -> str:
    if name in SHARES:
        return "Clopper-Pearson"
    return "wider of DeLong and Newcombe" if name == "roc_auc" else "wider of bootstrap and Dirichlet posterior"


def _difference(
    rule: Rule, one: Grouped, comparison: Comparison, at: int, policy: Policy, tests: int, scope: Mapping[str, str]
) -> Finding:
    first, second = comparison.pairs[at]

    def bounds(confidence: float) -> Bounds:
        low, high = (float(ends[at]) for ends in comparison.differences(confidence))
        # The rule is about the size of the difference, whichever of the two groups has the higher rate.
        return max(low, 0.0), max(high, -low)

    finding = judged(
        rule.metric, float(comparison.values[1, at] - comparison.values[0, at]), rule.requirement, policy,
        bounds=bounds, method="Newcombe" if comparison.share else "square-and-add of both intervals",
        n=one.rows[first] + one.rows[second], tests=tests, scope=scope,
        details={
            "group": JOINT.join(second), "compared_with": JOINT.join(first),
            "rate": comparison.metric[0], **_of(comparison.metric),
        },
    )  # fmt: skip
    return _if_significant(finding, comparison, at, policy, tests)


def _ratio(
    rule: Rule,
    one: Grouped,
    comparison: Comparison,
    at: int,
    policy: Policy,
    tests: int,
    scope: Mapping[str, str],
    *,
    turned: bool,
) -> Finding:
    group, other = comparison.pairs[at][::-1] if turned else comparison.pairs[at]
    above, below = (float(value) for value in comparison.values[:, at][:: -1 if turned else 1])

    def bounds(confidence: float) -> Bounds:
        low, high = (float(ends[at]) for ends in comparison.ratios(confidence))
        return (1 / high if high else math.inf, 1 / low if low else math.inf) if turned else (low, high)

    finding = judged(
        rule.metric, above / below if below else None, rule.requirement, policy,
        bounds=bounds, method="Miettinen-Nurminen score", n=one.rows[group] + one.rows[other], tests=tests,
        scope=scope, details={"compared_with": JOINT.join(other), **_of(comparison.metric)},
    )  # fmt: skip
    return _if_significant(finding, comparison, at, policy, tests)


def _of(metric: Metric) -> dict[str, Scalar | tuple[Scalar, ...]]:
    return {} if metric[1] is None else {"label": metric[1]}


def _if_significant(finding: Finding, comparison: Comparison, at: int, policy: Policy, tests: int) -> Finding:
    """Let a gap fail only where an exact test, at the level of the corrected interval, tells the groups apart."""
    if not comparison.share or finding.interval is None:
        return finding
    p_value = float(comparison.exact()[at])
    update: dict[str, object] = {"p_value": p_value}
    if policy.decide == "bound":
        update["p_adjusted"] = min(1.0, p_value * tests)
        if finding.verdict is Verdict.FAILED and p_value > policy.alpha / tests:
            text = message("The interval misses the limit, but an exact test does not tell the two groups apart.")
            update |= {"verdict": Verdict.INCONCLUSIVE, "message": text}
    return finding.model_copy(update=update)


def _worst(findings: Sequence[Finding]) -> Finding:
    def badness(finding: Finding) -> tuple[int, float]:
        value = finding.value if finding.value is not None else 0.0
        wants_more = finding.requirement is not None and finding.requirement.op is Op.AT_LEAST
        return _WORST_FIRST.index(finding.verdict), value if wants_more else -value

    return min(findings, key=badness)


def not_judged(groupings: Sequence[Grouped], split: str, min_rows: int, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Say which groups are not judged, and which attributes, with their counts: none is dropped in silence."""
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
                "{groups} groups with {rows} rows in all have fewer than the {least} rows that a group needs.",
                groups=len(small), rows=sum(small.values()), least=min_rows,
            )  # fmt: skip
            scope = {"split": split, "attribute": one.attribute}
            yield _not_applicable("group_rows", scope, sum(small.values()), text)
        if one not in judgeable:
            yield _unjudgeable(one, split, bool(judgeable), bool(rules))


def _unjudgeable(one: Grouped, split: str, others: bool, has_rules: bool) -> Finding:
    text = message("{groups} group(s) with enough rows: there is nothing to compare.", groups=len(one.judged))
    if not has_rules:
        text = message(
            "No rule can be judged: none is set, or selection rates have no favourable answer to speak of "
            "(`data.positive`, or `favourable`)."
        )
    # Beside an attribute that is judged, one that the spec names and that cannot be is a doubt. An intersection is
    # ours, not the spec's.
    doubt = others and len(one.names) == 1
    scope = {"split": split, "attribute": one.attribute}
    verdict = Verdict.INCONCLUSIVE if doubt else Verdict.NOT_APPLICABLE
    return Finding(metric="groups", scope=scope, n=sum(one.rows.values()), verdict=verdict, message=text)


def _not_applicable(metric: str, scope: dict[str, str], rows: int, text: Message) -> Finding:
    return Finding(metric=metric, scope=scope, value=rows, n=rows, verdict=Verdict.NOT_APPLICABLE, message=text)


def metrics_of(names: Sequence[str], spoken: Sequence[Label], favourable: Label | None) -> tuple[Metric, ...]:
    """Return metrics by name: selection rates of the favourable answer, others of each label that they speak of.

    Parameters
    ----------
    names : sequence of str
    spoken : sequence of label
        The positive one, or each.
    favourable : label, optional
        Without one, selection rates speak of the same labels as others.
    """
    found: list[Metric] = []
    for name in names:
        if name == "accuracy":
            found.append((name, None))
        elif name == "selection_rate" and favourable is not None:
            found.append((name, favourable))
        else:
            found += [(name, of) for of in spoken]
    return tuple(found)
