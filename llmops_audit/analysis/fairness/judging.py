"""From rules on groups to findings: one for each rule and attribute, with the pair of groups that decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmops_audit.analysis.fairness.comparisons import Comparisons, GroupComparison, differences, minima, ratios
from llmops_audit.analysis.fairness.gaps import PairwiseGaps
from llmops_audit.analysis.fairness.group_metrics import GROUP_METRICS, GROUP_TITLES
from llmops_audit.analysis.fairness.grouping import JOINT, Grouped
from llmops_audit.analysis.fairness.rates import GroupEstimate, GroupValues, MetricKey
from llmops_audit.analysis.fairness.rules import VALID_OUTPUTS_ALARM, GroupRule
from llmops_audit.analysis.fairness.small_groups import SmallGroups, looked_at, not_judged
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.check.verdicts import at_limit, finite, judged
from llmops_audit.evidence.outcomes import Outcomes
from llmops_audit.record import Finding, Message, Requirement, Verdict, message
from llmops_audit.record.labels import MISSING
from llmops_audit.stats import Bounds

__all__ = ["absent", "judge_attribute", "unknown_references"]

_MOST_NAMED = 20


@dataclass(frozen=True)
class _Held:
    """What a rule is held against."""

    comparisons: Comparisons
    undefined: Sequence[tuple[MetricKey, GroupValues]]
    zero: Sequence[tuple[MetricKey, GroupValues]] = ()


def judge_attribute(
    rules: Sequence[GroupRule], one: Grouped, policy: Policy, split: str, *, alarm: bool
) -> Iterator[Finding]:
    """Judge every rule on the groups of an attribute.

    Parameters
    ----------
    rules : sequence of GroupRule
    one : Grouped
        Of a single attribute.
    policy : Policy
    split : str
    alarm : bool
        Whether a difference in how often outputs are labels is an alarm, where some are not.

    Yields
    ------
    Finding
        One for each rule, that of the comparison which decides, also where nothing can be judged; then the alarm, and
        the groups that are not judged, with their counts.
    """
    if not rules:
        text = message(
            "No rule can be judged: the spec sets none, or it names no favourable label for selection rates "
            "(`favourable`, or `data.positive`)."
        )
        scope = {"split": split, "attribute": one.attribute}
        yield Finding(metric="groups", scope=scope, n=one.all_rows, verdict=Verdict.NOT_APPLICABLE, message=text)
    small = [looked_at(rule, one, policy) for rule in rules]
    for rule, looked in zip(rules, small, strict=True):
        yield _finding(rule, one, policy, split, looked)
    if alarm:
        yield from _valid_outputs(one, policy, split)
    yield from not_judged(one, split, small)


def absent(finding: Finding, rules: Sequence[GroupRule]) -> Iterator[Finding]:
    """Turn the doubt about a column that a split lacks into one about each rule on it."""
    if not rules:
        yield finding
    for rule in rules:
        limit = rule.requirement(finding.scope["attribute"])
        yield finding.model_copy(update={"metric": rule.metric, "requirement": limit})


def unknown_references(
    reference: Mapping[str, str], task: Task, found: Outcomes | None, split: str
) -> Iterator[Finding]:
    """Say what is wrong with the groups that a spec compares others with.

    Parameters
    ----------
    reference : mapping of str to str
        Attribute to group.
    task : Task
    found : Outcomes, optional
    split : str

    Yields
    ------
    Finding
        With verdict `error`.
    """
    for name, value in reference.items():
        scope = {"split": split, "attribute": name}
        if name not in task.groups:
            text = message(
                "`reference` names {name}, which is not among the group columns (`data.groups`): {known}.",
                name=name, known=", ".join(task.groups) or "-",
            )  # fmt: skip
            yield Finding(metric="groups", scope=scope, verdict=Verdict.ERROR, message=text)
        elif found is not None and name in found.groups and found.rows:
            values = [known for known, _ in found.group_counts(name) if known != MISSING]
            if value == MISSING:
                text = message(
                    "`reference` names the rows without a value of {name}, which others are not compared with; "
                    "expected one of {known}.",
                    name=name, known=", ".join(values[:_MOST_NAMED]) or "-",
                )  # fmt: skip
                yield Finding(metric="groups", scope=scope, verdict=Verdict.ERROR, message=text)
            elif value not in values:
                text = message(
                    "`reference` names the group {value} of {name}, which no row of the split has; expected one of "
                    "{known}.",
                    value=value, name=name, known=", ".join(values[:_MOST_NAMED]) or "-",
                )  # fmt: skip
                yield Finding(metric="groups", scope=scope, verdict=Verdict.ERROR, message=text)


def _finding(rule: GroupRule, one: Grouped, policy: Policy, split: str, small: SmallGroups) -> Finding:
    requirement = rule.requirement(one.attribute)
    problem = _problem(rule, one)
    if problem is None:
        held = _held(rule, _estimates(rule, one), one)
        if len(held.comparisons):
            finding = _judged(rule, one, held.comparisons, requirement, policy, split)
            return _with_doubts(finding, [*_undefined(held, one), *_silent(rule, one), *small.doubts])
        problem = next(_undefined(held, one), message("There is nothing to compare."))
    finding = Finding(
        metric=rule.metric, scope={"split": split, "attribute": one.attribute}, n=one.all_rows,
        requirement=requirement, verdict=Verdict.INCONCLUSIVE, message=problem,
    )  # fmt: skip
    return _with_doubts(finding, small.doubts)


def _valid_outputs(one: Grouped, policy: Policy, split: str) -> Iterator[Finding]:
    """Judge the alarm on how often outputs are labels, where some are not and two groups have rows enough."""
    rule = VALID_OUTPUTS_ALARM
    if not one.all_valid:
        held = _held(rule, _estimates(rule, one), one)
        if len(held.comparisons):
            yield _judged(rule, one, held.comparisons, rule.requirement(one.attribute), policy, split)


def _problem(rule: GroupRule, one: Grouped) -> Message | None:
    if not rule.keys:
        return message("The rule is about one label: the spec must name the positive label (`data.positive`).")
    groups = one.compared(rule.keys[0])
    if not groups or (rule.kind != "each" and len(groups) < 2):
        return next(
            _silent(rule, one),
            message("Groups with enough rows: {groups}. There is nothing to compare.", groups=len(groups)),
        )
    if rule.kind == "ratio" and one.reference is not None and one.reference not in groups:
        return message(
            "The group {group}, which the spec compares others with (`reference`), cannot be judged: it has {rows:,} "
            "rows of at least {least:,}, or none of its outputs is a label.",
            group=one.reference[0], rows=one.rows[one.reference], least=one.handling.min_rows,
        )  # fmt: skip
    return None


def _estimates(rule: GroupRule, one: Grouped) -> dict[MetricKey, dict[GroupValues, GroupEstimate]]:
    keys = rule.keys if one.all_valid else rule.keys + rule.only_invalid
    return {
        key: {group: rate for group, rate in one.estimates(key).items() if one.rows[group] >= rule.min_rows}
        for key in keys
    }


def _held(rule: GroupRule, rates: Mapping[MetricKey, Mapping[GroupValues, GroupEstimate]], one: Grouped) -> _Held:
    undefined = [
        (key, group) for key, by_group in rates.items() for group, rate in by_group.items() if rate.value is None
    ]
    if rule.kind == "each":
        return _Held(minima(rates), undefined)
    pairwise = [PairwiseGaps(key, by_group, one.comparator(key)) for key, by_group in rates.items()]
    if rule.kind == "difference":
        return _Held(differences(pairwise), undefined)
    comparisons, zero = ratios(pairwise, both_ways=one.reference is not None)
    return _Held(comparisons, undefined, zero)


def _judged(
    rule: GroupRule, one: Grouped, comparisons: Comparisons, requirement: Requirement, policy: Policy, split: str
) -> Finding:
    at = comparisons.deciding(requirement, policy)
    decides = comparisons.found[at]
    extreme = comparisons.extreme(requirement)
    rows = one.rows[decides.group] + (0 if decides.other is None else one.rows[decides.other])
    scope = {"split": split, "attribute": one.attribute}
    value: float = float(comparisons.values[at])
    bounds: Callable[[float], Bounds] = comparisons.bounds_of(at)
    if rule.kind == "difference":
        # Under the name of a metric stands its own number, the largest difference of all.
        value = float(comparisons.values[extreme])

        def bounds(confidence: float) -> Bounds:
            # The p-value of all is that of the pair that decides.
            if confidence == policy.confidence:
                return comparisons.extreme_bounds(requirement, confidence)
            return comparisons.bounds(at, confidence)
    else:
        scope = {"split": split, one.names[0]: decides.group[0]}
    given: dict[str, Any] = {
        "method": _method(rule, decides.metric), "n": rows, "tests": len(comparisons), "scope": scope,
        "details": _details(rule, one, decides),
    }  # fmt: skip
    if math.isinf(value):
        finding = _above_any(rule, requirement, policy, comparisons, at, given)
    else:
        finding = judged(rule.metric, value, requirement, policy, bounds=bounds, **given)
    text = _sentence(rule, one, decides, finding)
    if extreme != at:
        text = _beside(rule, comparisons.found[extreme], float(comparisons.values[extreme]), text)
    return finding.model_copy(update={"message": text})


def _above_any(
    rule: GroupRule, requirement: Requirement, policy: Policy, comparisons: Comparisons, at: int, given: dict[str, Any]
) -> Finding:
    """Return the finding of a rate over a rate of 0, which is above any minimum, as far as it is certain."""
    low, high = comparisons.bounds_of(at)(policy.confidence)
    met = policy.decide == "point" or at_limit(low, requirement)
    text = message("The rate that it is divided by is 0: the ratio is above any minimum.")
    if not met:
        text = message(
            "The rate that it is divided by is 0, so that the ratio is above any minimum, but the limit lies inside "
            "the interval: these rows cannot decide."
        )
    return Finding(
        metric=rule.metric, interval=finite((low, high)), confidence=policy.confidence, p_value=1.0,
        requirement=requirement, verdict=Verdict.PASSED if met else Verdict.INCONCLUSIVE, message=text, **given,
    )  # fmt: skip


def _method(rule: GroupRule, metric: MetricKey) -> str:
    entry = GROUP_METRICS[metric[0]]
    if rule.kind == "ratio":
        return PairwiseGaps.ratio_method
    if rule.kind == "difference":
        return PairwiseGaps.difference_method(entry)
    if entry.cells is not None:
        return "Clopper-Pearson"
    return "wider of bootstrap and Dirichlet posterior" if entry.of_table else "wider of DeLong and Newcombe"


def _details(rule: GroupRule, one: Grouped, decides: GroupComparison) -> dict[str, Any]:
    found: dict[str, Any] = {"group": JOINT.join(decides.group), "group_rows": one.rows[decides.group]}
    if decides.other is not None:
        found |= {"group_rate": decides.rate, "compared_with": JOINT.join(decides.other)}
        found |= {"compared_rows": one.rows[decides.other], "compared_rate": decides.other_rate}
        found["rate"] = decides.metric[0]
    found["all_rows"] = one.all_rows
    return found if decides.metric[1] is None else {**found, "label": decides.metric[1]}


def _sentence(rule: GroupRule, one: Grouped, decides: GroupComparison, finding: Finding) -> Message:
    """Name the groups with their rows before the sentence of the verdict."""
    places: dict[str, Any] = {
        "group": JOINT.join(decides.group), "rows": one.rows[decides.group], "value": decides.rate,
        "rate": GROUP_TITLES[decides.metric[0]], "all": one.all_rows, "text": _needed(one, finding),
    }  # fmt: skip
    if decides.other is None:
        return message("{group} ({rows:,} of {all:,} rows) is the group that decides. {text}", **places)
    places |= {
        "other": JOINT.join(decides.other), "other_rows": one.rows[decides.other], "other_value": decides.other_rate
    }  # fmt: skip
    if rule.kind == "difference":
        return message(
            "{group} ({rows:,} rows, {rate} {value:.3f}) and {other} ({other_rows:,} rows, {other_value:.3f}) are the "
            "groups that decide, of {all:,} rows in all. {text}",
            **places,
        )
    if one.reference is not None:
        return message(
            "{group} ({rows:,} rows, {rate} {value:.3f}) is compared with {other} ({other_rows:,} rows, "
            "{other_value:.3f}), which the spec names; there are {all:,} rows in all. {text}",
            **places | {"text": _who_is_favoured(decides, places["text"])},
        )
    return message(
        "{group} ({rows:,} rows, {rate} {value:.3f}) is compared with {other} ({other_rows:,} rows, "
        "{other_value:.3f}), which has the highest rate of the groups with a value and at least {least:,} rows; there "
        "are {all:,} rows in all. {text}",
        least=one.handling.min_rows, **places,
    )  # fmt: skip


def _who_is_favoured(decides: GroupComparison, text: Message) -> Message:
    """Say which of a group and the one that the spec names is better off, before the sentence of the verdict."""
    rates = [(decides.rate, decides.group), (decides.other_rate or 0.0, decides.other or ())]
    (lower, worse), (higher, better) = sorted(rates, key=lambda item: item[0])
    if lower == higher:
        return text
    places: dict[str, Any] = {
        "worse": JOINT.join(worse), "better": JOINT.join(better), "ratio": lower / higher, "text": text
    }  # fmt: skip
    if GROUP_METRICS[decides.metric[0]].about == "favourable":
        return message(
            "{worse} is selected {ratio:.3f} times as often as {better}, which is favoured. {text}", **places
        )
    return message("The rate of {worse} is {ratio:.3f} times that of {better}, which is higher. {text}", **places)


def _needed(one: Grouped, finding: Finding) -> Message:
    """Say of rows of a pair that would decide how many rows of the whole they are."""
    if finding.rows_to_decide is None or not finding.n or finding.n >= one.all_rows:
        return finding.message
    rows = finding.rows_to_decide * one.all_rows / finding.n
    unit = 10 ** max(0, math.floor(math.log10(rows)) - 1)
    return message(
        "{text} These are rows of the groups named; with the others about {rows:,}.",
        text=finding.message, rows=math.ceil(rows / unit) * unit,
    )  # fmt: skip


def _beside(rule: GroupRule, extreme: GroupComparison, value: float, text: Message) -> Message:
    """Name what is more extreme by value than what decides."""
    places: dict[str, Any] = {"text": text, "group": JOINT.join(extreme.group), "value": value}
    if rule.kind == "difference":
        return message(
            "{text} The largest difference, {value:.3f}, is that of {group} and {other}, which decides less.",
            other=JOINT.join(extreme.other or ()), **places,
        )  # fmt: skip
    return message("{text} The smallest value, {value:.3f}, is that of {group}, which decides less.", **places)


def _undefined(held: _Held, one: Grouped) -> Iterator[Message]:
    # One reason is enough: the groups are in the figure.
    for (name, _), group in held.undefined[:1]:
        yield message(
            "The {rate} of {group} ({rows:,} rows) is undefined: it has no row to take it over.",
            rate=GROUP_TITLES[name], group=JOINT.join(group), rows=one.rows[group],
        )  # fmt: skip
    for (name, _), group in held.zero[:1]:
        yield message(
            "The {rate} of {group} ({rows:,} rows) and of the group that it is compared with is 0: their ratio is "
            "undefined.",
            rate=GROUP_TITLES[name], group=JOINT.join(group), rows=one.rows[group],
        )  # fmt: skip


def _silent(rule: GroupRule, one: Grouped) -> Iterator[Message]:
    for group in one.silent if rule.keys and not set(one.silent) <= set(one.compared(rule.keys[0])) else ():
        yield message(
            "No output of {group} ({rows:,} rows) is a label: the group is not judged.",
            group=JOINT.join(group), rows=one.rows[group],
        )  # fmt: skip


def _with_doubts(finding: Finding, doubts: Sequence[Message]) -> Finding:
    """Let doubts leave a requirement undecided, but not make a certain failure less certain."""
    text = finding.message
    for doubt in doubts:
        text = message("{text} {doubt}", text=text, doubt=doubt)
    passed = finding.verdict is Verdict.PASSED and doubts
    return finding.model_copy(update={"message": text, "verdict": Verdict.INCONCLUSIVE if passed else finding.verdict})
