"""Groups that have too few rows to be judged: looked at together, so that none vanishes, and never failed by it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.analysis.fairness.comparisons import Comparisons, differences, minima, ratios
from llmops_audit.analysis.fairness.gaps import PairwiseGaps
from llmops_audit.analysis.fairness.grouping import SMALL_GROUPS, Grouped
from llmops_audit.analysis.fairness.rates import GroupEstimate, GroupValues, MetricKey
from llmops_audit.analysis.fairness.rules import GroupRule
from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import combined, judged
from llmops_audit.record import Finding, Message, Requirement, Verdict, message
from llmops_audit.record.labels import MISSING

__all__ = ["SmallGroups", "looked_at", "not_judged"]

LARGEST_SHARE = 0.02
"""Share of rows up to which small groups that nobody can judge are listed, and leave no doubt."""

_POOL: GroupValues = (SMALL_GROUPS,)


@dataclass(frozen=True)
class SmallGroups:
    """What became of small groups under one rule.

    Attributes
    ----------
    doubts : tuple of Message
        Why the requirement cannot pass because of them.
    unjudged : bool
        Whether they stay unjudged, and few enough to leave no doubt.
    """

    doubts: tuple[Message, ...] = ()
    unjudged: bool = False


def looked_at(rule: GroupRule, one: Grouped, policy: Policy) -> SmallGroups:
    """Hold the small groups of an attribute against a rule, together and each.

    Parameters
    ----------
    rule : GroupRule
    one : Grouped
        Of a single attribute.
    policy : Policy

    Returns
    -------
    SmallGroups
        Without doubts where their own bound, taken together, meets the limit. Whatever lies wholly beyond it, whether
        all together or one corrected for their number, is a doubt; so is what lies between where it is more than
        `LARGEST_SHARE` of the rows, or a group that the spec names.
    """
    if not one.small or one.handling.small == "report":
        return SmallGroups()
    keys = rule.keys if one.all_valid else rule.keys + rule.only_invalid
    together = _verdict(rule, one, _POOL, {key: one.pool.get(key) for key in keys}, policy)
    beyond = [_POOL] if together is Verdict.FAILED else []
    if not beyond and len(one.small) > 1:
        stricter = policy.model_copy(update={"confidence": 1 - policy.alpha / len(one.small)})
        for group in one.small:
            rates = one.rates.get(group, {})
            if _verdict(rule, one, group, {key: rates.get(key) for key in keys}, stricter) is Verdict.FAILED:
                beyond.append(group)
    if beyond:
        return SmallGroups(tuple(_beyond(one, group) for group in beyond))
    if together is Verdict.PASSED:
        return SmallGroups()
    rows = sum(one.rows[group] for group in one.small)
    if rows > LARGEST_SHARE * one.all_rows or one.reference in one.small:
        return SmallGroups((_too_many(one, rows),))
    return SmallGroups(unjudged=True)


def _verdict(
    rule: GroupRule, one: Grouped, group: GroupValues, rates: Mapping[MetricKey, GroupEstimate | None], policy: Policy
) -> Verdict:
    """Judge a group by its own interval: failed where it lies wholly beyond the limit."""
    verdicts = []
    requirement = rule.requirement(one.attribute)
    for key, rate in rates.items():
        comparator = one.comparator(key)
        comparisons = _against(rule, one, key, group, rate, comparator)
        if comparisons is None or not len(comparisons):
            verdicts.append(Verdict.INCONCLUSIVE)
            continue
        verdicts += [_beside_one(rule, requirement, comparisons, at, policy) for at in range(len(comparisons))]
    return combined(verdicts)


def _beside_one(
    rule: GroupRule, requirement: Requirement, comparisons: Comparisons, at: int, policy: Policy
) -> Verdict:
    """Judge one comparison: failed where its interval, corrected for their number, lies wholly beyond the limit."""
    value, bounds = float(comparisons.values[at]), comparisons.bounds_of(at)
    corrected = policy.model_copy(update={"confidence": 1 - policy.alpha / len(comparisons)})
    if math.isinf(value):
        value = bounds(policy.confidence)[0]
    found, surely = (
        judged(rule.metric, value, requirement, level, bounds=bounds, method="", n=1).verdict
        for level in (policy, corrected)
    )
    if found is Verdict.UNDECIDED:
        return Verdict.FAILED if surely is Verdict.UNDECIDED else Verdict.INCONCLUSIVE
    return found


def _against(
    rule: GroupRule,
    one: Grouped,
    key: MetricKey,
    group: GroupValues,
    rate: GroupEstimate | None,
    comparator: GroupValues | None,
) -> Comparisons | None:
    if rate is None or rate.value is None:
        return None
    if rule.kind == "each":
        return minima({key: {group: rate}})
    if rule.kind == "difference":
        # The largest difference of any two groups is limited: the furthest may be another one than the comparator.
        others = {other: known for other, known in one.estimates(key).items() if known.value is not None}
        return differences([PairwiseGaps(key, {other: known, group: rate}) for other, known in others.items()])
    if comparator is None:
        return None
    pair = PairwiseGaps(key, {comparator: one.rates[comparator][key], group: rate}, comparator)
    return ratios([pair], both_ways=one.reference is not None)[0]


def _beyond(one: Grouped, group: GroupValues) -> Message:
    members = one.small if group == _POOL else (group,)
    return message(
        "Small groups lie wholly beyond the limit: {groups} ({rows:,} of {all:,} rows). Groups of fewer than {least:,} "
        "rows fail nothing, so that a person must look at them.",
        groups=_listed(members), rows=sum(one.rows[member] for member in members), all=one.all_rows,
        least=one.handling.min_rows,
    )  # fmt: skip


def _too_many(one: Grouped, rows: int) -> Message:
    return message(
        "Small groups stay unjudged, {rows:,} of {all:,} rows: {groups}. Taken together they have too few rows to "
        "decide, and each has fewer than {least:,}.",
        groups=_listed(one.small), rows=rows, all=one.all_rows, least=one.handling.min_rows,
    )  # fmt: skip


def _listed(groups: Sequence[GroupValues]) -> str:
    return ", ".join(group[0] for group in groups)


def not_judged(one: Grouped, split: str, small: Sequence[SmallGroups]) -> Iterator[Finding]:
    """Report the groups of an attribute that are not judged, with their counts: none is dropped in silence.

    Parameters
    ----------
    one : Grouped
        Of a single attribute.
    split : str
    small : sequence of SmallGroups
        What became of them under each rule.

    Yields
    ------
    Finding
        One for each group; those that no requirement mentions are to be listed on the first screen.
    """
    mentioned = any(found.doubts for found in small)
    listed = not mentioned and any(found.unjudged for found in small)
    for group, rows in one.rows.items():
        if group in one.small:
            text = message(
                "{rows} rows are fewer than the {least} that a group needs.", rows=rows, least=one.handling.min_rows
            )
        elif MISSING in group and one.handling.missing == "report":
            text = message("Rows without a value are reported, as the spec asks (`missing_group`).")
        else:
            continue
        yield Finding(
            metric="group_rows", scope={"split": split, one.names[0]: group[0]}, value=rows, n=rows,
            verdict=Verdict.NOT_APPLICABLE, message=text,
            details={"first_screen": True} if listed and group in one.small else {},
        )  # fmt: skip
