"""Fairness: does the classifier treat the groups of people alike?

What it measures
----------------
For each group that the spec names a column of, Fairlearn computes how often the positive label is answered (selection
rate), how often it is answered where it is true (true positive rate) and where it is not (false positive rate), and
how often the answer is right (accuracy). The demographic parity ratio is the lowest selection rate over the highest,
the demographic parity difference their distance; the equalized odds difference is the larger of the distances between
true positive rates and between false positive rates.

Three rules can be set: a minimum for the selection rate of each group relative to each other group (by default the
four-fifths rule, 0.8), and maxima for the demographic parity difference and the equalized odds difference.

Why it matters
--------------
A classifier can be accurate on the whole and still refuse, flag or miss the people of one group much more often. Law
in many places asks that this is examined, and that the result is shown.

How to read it
--------------
Each rule is decided pair by pair, with the confidence interval of that pair's ratio or difference: the range of true
values that these rows cannot tell apart. A rule is passed where the interval of every pair lies within it, failed
where the interval of a pair (corrected for the number of pairs and rules) lies outside, and inconclusive between.

With small groups inconclusive is common, and it is no finding of bias: these rows cannot tell whether the groups are
treated alike. It asks you either to test on more rows of the smaller group, whose estimated number is given, or to
decide yourself with the interval before you, and to write down why.

Rows without a group value form the group (missing). A group with fewer rows than `min_group_rows` is shown with its
count but not judged. A rate without rows to rest on is left empty, never called 0.

Whether being selected is good or bad for a person depends on the use: being granted a loan is, being flagged as spam
is not. The positive label stands in the data sheet; read the rates with it in mind.

Limits
------
Equal rates do not prove fairness, and unequal rates do not prove discrimination; the numbers say where to look. They
hold for rows like the test rows, assumed independent unless the spec names the unit that rows belong to (`data.unit`).
Attributes that the data does not hold are not examined. With sample weights the intervals use the effective number of
rows, which is an approximation.

References
----------
Fairlearn (Weerts et al. 2023), metrics. Newcombe (1998), Interval estimation for the difference between independent
proportions, method 10. Miettinen and Nurminen (1985), Comparative analysis of two rates: score interval of a ratio.

US Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D): the four-fifths rule. Regulation (EU)
2024/1689, Article 10(2)(f) and (g), Article 13(3)(b)(v). NIST AI RMF, MEASURE 2.11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from llmops_audit.check import check
from llmops_audit.model import Column, Finding, Message, Op, Requirement, Scalar, Severity, Table, Verdict, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmops_audit.evidence.outcomes import Outcomes
    from llmops_audit.group_rates import Rate
    from llmops_audit.stats import Bounds
    from llmops_audit.task import Policy, Task

SELECTION: tuple[Rate, ...] = ("selection_rate",)
ODDS: tuple[Rate, ...] = ("true_positive_rate", "false_positive_rate")
Limit = Annotated[float, Field(ge=0, le=1)]


@check(severity=Severity.HIGH)
def fairness(
    outcomes: Mapping[str, Outcomes],
    task: Task,
    policy: Policy,
    *,
    min_selection_rate_ratio: Limit | None = 0.8,
    max_demographic_parity_difference: Limit | None = None,
    max_equalized_odds_difference: Limit | None = None,
    min_group_rows: Annotated[int, Field(ge=1)] = 30,
    current: Literal["train", "test", "live"] = "test",
) -> Iterator[Finding | Table]:
    """Judge ratios and differences between groups, pair by pair."""
    found = outcomes.get(current)
    if not task.groups or found is None or not found.asked or not found.labels():
        text = message("The spec names no group column (`data.groups`), or the split holds no labels or answers.")
        yield Finding(metric="groups", scope={"split": current}, verdict=Verdict.NOT_APPLICABLE, message=text)
        return
    attributes = [_Attribute(name, found, task, min_group_rows) for name in task.groups]
    rules = [
        _Rule("selection_rate_ratio", Op.AT_LEAST, min_selection_rate_ratio, SELECTION),
        _Rule("demographic_parity_difference", Op.AT_MOST, max_demographic_parity_difference, SELECTION),
        _Rule("equalized_odds_difference", Op.AT_MOST, max_equalized_odds_difference, ODDS),
    ]
    rules = [rule for rule in rules if rule.limit is not None]
    tests = sum(rule.pairs(attribute) for rule in rules for attribute in attributes)
    for attribute in attributes:
        yield from _not_judged(attribute, attributes, task, current, min_group_rows)
        if len(attribute.judged) >= 2 and task.positive is not None:
            for rule in rules:
                yield from _judge(rule, attribute, policy, max(1, tests), current)
    yield _group_table(attributes, policy)
    yield _disparity_table(attributes)


class _Attribute:
    """One group column: Fairlearn's rates by group, and the counts behind them."""

    def __init__(self, name: str, found: Outcomes, task: Task, min_group_rows: int) -> None:
        from llmops_audit.group_rates import group_counts, group_rates

        self.name = name
        self.rows = dict(found.group_counts(name))
        self.judged = [group for group, rows in self.rows.items() if rows >= min_group_rows]
        self.counts = {group: group_counts(found, name, group, task) for group in self.rows}
        self.rates = group_rates(found, name, task, self.counts)

    def spread(self, rate: Rate) -> tuple[float, float] | None:
        """Lowest and highest rate over the groups where it is defined; None with fewer than two."""
        values = [value for value in (self.rates[group][rate] for group in self.judged) if value is not None]
        return (min(values), max(values)) if len(values) >= 2 else None

    def difference(self, *rates: Rate) -> float | None:
        """Largest distance between two groups over some rates."""
        spreads = [spread for spread in map(self.spread, rates) if spread is not None]
        return max((high - low for low, high in spreads), default=None)

    def ratio(self) -> float | None:
        """Lowest over highest selection rate."""
        spread = self.spread("selection_rate")
        return None if spread is None or spread[1] == 0 else spread[0] / spread[1]


class _Rule:
    """A limit on a ratio or difference of rates between any two groups."""

    def __init__(self, metric: str, op: Op, limit: float | None, rates: tuple[Rate, ...]) -> None:
        self.metric, self.op, self.limit, self.rates = metric, op, limit, rates

    def pairs(self, attribute: _Attribute) -> int:
        n = len(attribute.judged)
        return n * (n - 1) // 2 * len(self.rates)


def _not_judged(
    attribute: _Attribute, attributes: list[_Attribute], task: Task, split: str, min_group_rows: int
) -> Iterator[Finding]:
    for group, rows in attribute.rows.items():
        if group not in attribute.judged:
            least = min_group_rows
            text = message("{rows} rows are fewer than the {least} that a group needs.", rows=rows, least=least)
            yield Finding(
                metric="group_rows", scope={"split": split, attribute.name: group}, value=rows, n=rows,
                verdict=Verdict.NOT_APPLICABLE, message=text,
            )  # fmt: skip
    if len(attribute.judged) < 2:
        text = message("{groups} group(s) with enough rows: there is nothing to compare.", groups=len(attribute.judged))
    elif task.positive is None:
        text = message("The spec names no positive label (`data.positive`), so that nobody is selected.")
    else:
        return
    # Beside an attribute that is judged, one that the spec names and that cannot be is a doubt.
    others = any(len(other.judged) >= 2 for other in attributes) and task.positive is not None
    verdict = Verdict.INCONCLUSIVE if others else Verdict.NOT_APPLICABLE
    scope = {"split": split, "attribute": attribute.name}
    yield Finding(metric="groups", scope=scope, n=sum(attribute.rows.values()), verdict=verdict, message=text)


def _judge(rule: _Rule, attribute: _Attribute, policy: Policy, tests: int, split: str) -> Iterator[Finding]:
    if rule.metric == "selection_rate_ratio":
        for group in attribute.judged:
            pairs = [pair for pair in permutations(attribute.judged, 2) if pair[0] == group]
            scope = {"split": split, attribute.name: group}
            yield _worst([_pair(rule, attribute, "selection_rate", pair, policy, tests, scope) for pair in pairs])
    else:
        scope = {"split": split, "attribute": attribute.name}
        yield _worst(
            [
                _pair(rule, attribute, rate, pair, policy, tests, scope)
                for rate in rule.rates
                for pair in combinations(attribute.judged, 2)
            ]
        )


def _pair(
    rule: _Rule,
    attribute: _Attribute,
    rate: Rate,
    pair: tuple[str, str],
    policy: Policy,
    tests: int,
    scope: Mapping[str, str],
) -> Finding:
    from llmops_audit import stats
    from llmops_audit.verdicts import judged

    first, second = pair
    rates = attribute.rates[first][rate], attribute.rates[second][rate]
    value: float | None = None
    if rule.op is Op.AT_LEAST:
        (x1, n1), (x2, n2) = attribute.counts[first][rate], attribute.counts[second][rate]
        bounds: Callable[[float], Bounds] = lambda c: stats.ratio_score(x1, n1, x2, n2, c)  # noqa: E731 - a bound a pair
        method = "Miettinen-Nurminen score"
        if rates[0] is not None and rates[1]:
            value = rates[0] / rates[1]
    else:
        if (rates[0] or 0.0, attribute.rows[first]) < (rates[1] or 0.0, attribute.rows[second]):
            first, second, rates = second, first, rates[::-1]
        (x1, n1), (x2, n2) = attribute.counts[first][rate], attribute.counts[second][rate]
        bounds = lambda c: stats.newcombe_difference(x1, n1, x2, n2, c)  # noqa: E731 - a bound a pair
        method = "Newcombe"
        if rates[0] is not None and rates[1] is not None:
            value = rates[0] - rates[1]
    return judged(
        rule.metric, value, Requirement(op=rule.op, limit=rule.limit or 0.0), policy,
        bounds=bounds, method=method, n=attribute.rows[first] + attribute.rows[second], tests=tests, scope=scope,
        details={"group": first, "compared_with": second, "rate": rate},
    )  # fmt: skip


def _worst(findings: list[Finding]) -> Finding:
    order = [Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.PASSED]

    def badness(finding: Finding) -> tuple[int, float]:
        value = finding.value if finding.value is not None else 0.0
        wants_more = finding.requirement is not None and finding.requirement.op is Op.AT_LEAST
        return order.index(finding.verdict), value if wants_more else -value

    return min(findings, key=badness)


def _group_table(attributes: list[_Attribute], policy: Policy) -> Table:
    from llmops_audit import stats

    rows: list[dict[str, Scalar | Message]] = []
    for attribute in attributes:
        for group, n in attribute.rows.items():
            rates = attribute.rates[group]
            x, trials = attribute.counts[group].get("selection_rate", (0.0, 0.0))
            low, high = stats.clopper_pearson(x, trials, policy.confidence) if trials else (None, None)
            true_positive_rate = rates["true_positive_rate"]
            rows.append(
                {
                    "attribute": attribute.name,
                    "group": group,
                    "rows": n,
                    **{str(rate): value for rate, value in rates.items()},
                    "low": low,
                    "high": high,
                    "false_negative_rate": None if true_positive_rate is None else 1 - true_positive_rate,
                }
            )
    return Table(
        name="groups",
        caption=message("Rates by group; the ends are those of the interval of the selection rate"),
        columns=(
            Column(key="attribute", heading=message("Attribute")),
            Column(key="group", heading=message("Group")),
            Column(key="rows", heading=message("Rows"), format="count"),
            Column(key="selection_rate", heading=message("Selection rate"), format="share"),
            Column(key="low", heading=message("Lower end"), format="share"),
            Column(key="high", heading=message("Upper end"), format="share"),
            Column(key="true_positive_rate", heading=message("True positive rate"), format="share"),
            Column(key="false_negative_rate", heading=message("False negative rate"), format="share"),
            Column(key="false_positive_rate", heading=message("False positive rate"), format="share"),
            Column(key="accuracy", heading=message("Accuracy"), format="share"),
        ),
        rows=tuple(rows),
    )


def _disparity_table(attributes: list[_Attribute]) -> Table:
    return Table(
        name="disparities",
        caption=message("Disparities between the groups that have enough rows"),
        columns=(
            Column(key="attribute", heading=message("Attribute")),
            Column(
                key="demographic_parity_difference",
                heading=message("Demographic parity difference"),
                format="number",
            ),
            Column(key="demographic_parity_ratio", heading=message("Demographic parity ratio"), format="number"),
            Column(key="equalized_odds_difference", heading=message("Equalized odds difference"), format="number"),
        ),
        rows=tuple(
            {
                "attribute": attribute.name,
                "demographic_parity_difference": attribute.difference(*SELECTION),
                "demographic_parity_ratio": attribute.ratio(),
                "equalized_odds_difference": attribute.difference(*ODDS),
            }
            for attribute in attributes
        ),
    )
