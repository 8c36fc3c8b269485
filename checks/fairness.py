"""Fairness: does the classifier treat the groups of people alike?

What it measures
----------------
For each group that the spec names a column of, and for each intersection of two of these columns (`intersections = 1`
leaves them out, 3 goes further), Fairlearn computes how often the favourable answer is given (selection rate), how
often the answer is right (accuracy), the true and false positive and negative rates, precision, F1 and the Matthews
correlation coefficient. Where there are scores: how well they order the rows of a group (ROC AUC), how far the mean
score is from the share of positive rows (calibration gap), and how far apart the mean scores of two groups are in
standard deviations (standardised score difference).

Every number stands in the record with its interval, and so does every gap between two groups: its difference, its
ratio, an exact p-value, and the smallest difference that so many rows would have found.

Rules judge the gaps. By default each group must be selected at least four fifths as often as each other group
(`min_selection_rate_ratio = 0.8`). Others are set in the spec: the largest difference of selection rates (demographic
parity), of true and false positive rates (equalized odds), of true positive rates (equal opportunity), of precision
(predictive parity), of accuracy, of ROC AUC and of the calibration gap; and the least that each group must reach, the
worst one included (`min_worst_group`).

With `report = "nyc-ll144"` and a table `ll144`, the check also makes the tables of the bias audit that New York City
asks employers to publish; they get a page of their own and pass or fail nothing, since that law sets no limit.

Why it matters
--------------
A classifier can be accurate on the whole and still refuse, flag or miss the people of one group much more often; and it
can treat women and men alike, and people of each origin alike, but not the women of one origin. Law in many places
asks that this is examined, and that the result is shown.

How to read it
--------------
Selection rates speak of the favourable answer, the one that is good for the person: `favourable` names it, otherwise
the positive label is taken for it. Look whether that is so: to be granted a loan is a favour, to be flagged as spam or
as likely to offend again is none. Error rates speak of the positive label; with several labels and no positive one, of
each label in turn.

Each rule is decided pair by pair, with the confidence interval of that pair's ratio or difference: the range of true
values that these rows cannot tell apart. A rule is passed where the interval of every pair lies within it. It is failed
where the interval of a pair, corrected for the number of pairs and rules, lies outside, and where an exact test at the
same corrected level tells the two groups apart: the statistical significance that the US Uniform Guidelines ask for
beside the four fifths. A significant difference alone fails nothing; it has to be large as well. Between the two a rule
is inconclusive.

With small groups inconclusive is common, and it is no finding of bias: these rows cannot tell whether the groups are
treated alike. It asks you either to test on more rows of the smaller group, whose estimated number is given, or to
decide yourself with the interval before you, and to write down why.

Rows without a group value form the group (missing). A group with fewer rows than `min_group_rows` is shown with its
count but not judged. A rate without rows to rest on is left empty, never called 0. The largest of many gaps is larger
than it truly is, because it was picked for its size; that is why rules are decided on bounds, and why its interval
alone should not be quoted.

What to do
----------
Have somebody who may decide about it look at the two groups named: are their rows labelled alike, are there enough of
them, and which features part them? Mend the data or the model, and test again on fresh rows; do not lower the limit.

What the law calls discrimination, and what may justify a gap, is for a lawyer to say; this check gives the numbers.

Limits
------
Equal rates do not prove fairness, and unequal rates do not prove discrimination; the numbers say where to look. They
hold for rows like the test rows, assumed independent unless the spec names the unit that rows belong to (`data.unit`).
Attributes that the data does not hold are not examined. With sample weights the intervals use the effective number of
rows, which is an approximation. The intervals of differences and ratios are approximate too, and too narrow where a
small group has a share near 0 or 1; the exact test stands beside them so that equal groups are not failed for it.

References
----------
Fairlearn (Weerts et al. 2023), metrics. Newcombe (1998), Interval estimation for the difference between independent
proportions, method 10. Miettinen and Nurminen (1985), Comparative analysis of two rates: score interval of a ratio.
Fay (2010), Confidence intervals that match Fisher's exact or Blaker's exact tests. Holm (1979), A simple sequentially
rejective multiple test procedure. Zou and Donner (2008), Construction of confidence limits about effect measures.
Crenshaw (1989), Demarginalizing the intersection of race and sex.

US Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D): the four-fifths rule and its significance. New
York City Local Law 144 of 2021 and 6 RCNY 5-300 to 5-304: impact ratios. Regulation (EU) 2024/1689, Article 10(2)(f)
and (g), Article 13(3)(b)(v). NIST AI RMF, MEASURE 2.11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from llmops_audit.analysis.fairness.bias_audit import LocalLaw144, bias_audit
from llmops_audit.check import check
from llmops_audit.record import Finding, Message, NamedFigure, Severity, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.analysis.fairness.rules import Rule
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.evidence.outcomes import Outcomes
    from llmops_audit.evidence.scores import Scores
    from llmops_audit.record import Label

Limit = Annotated[float, Field(ge=0, le=1)]
GroupMetric = Literal[
    "accuracy", "f1", "precision", "roc_auc", "selection_rate", "true_negative_rate", "true_positive_rate"
]


_NOTHING = (
    Verdict.NOT_APPLICABLE,
    message("The spec names no group column (`data.groups`), or the split holds no rows or answers."),
)


@check(severity=Severity.HIGH, words="llmops_audit.analysis.fairness.words:WORDS")
def fairness(
    outcomes: Mapping[str, Outcomes],
    scores: Mapping[str, Scores],
    task: Task,
    policy: Policy,
    *,
    favourable: str | int | float | None = None,
    intersections: Annotated[int, Field(ge=1, le=3)] = 2,
    min_selection_rate_ratio: Limit | None = 0.8,
    max_demographic_parity_difference: Limit | None = None,
    max_equalized_odds_difference: Limit | None = None,
    max_equal_opportunity_difference: Limit | None = None,
    max_predictive_parity_difference: Limit | None = None,
    max_accuracy_difference: Limit | None = None,
    max_roc_auc_difference: Limit | None = None,
    max_calibration_gap_difference: Limit | None = None,
    min_worst_group: dict[GroupMetric, Limit] = {},  # noqa: B006 - settings are frozen
    min_group_rows: Annotated[int, Field(ge=1)] = 30,
    current: Literal["train", "test", "live"] = "test",
    report: Literal["nyc-ll144"] | None = None,
    ll144: LocalLaw144 | None = None,
) -> Iterator[Finding | NamedFigure]:
    """Judge ratios and differences between groups, pair by pair."""
    from llmops_audit.analysis.fairness.disparities import disparity_table
    from llmops_audit.analysis.fairness.grouping import figure, grouped
    from llmops_audit.analysis.fairness.rates import Spoken
    from llmops_audit.analysis.fairness.rules import judge, not_judged

    found = outcomes.get(current)
    good = _favourable(task, favourable)
    if report is not None:
        yield from bias_audit(found, scores.get(current), task, good, ll144, current)
    problem = _problem(task, found, good)
    if found is None or problem is not None:
        verdict, text = problem or _NOTHING
        yield Finding(metric="groups", scope={"split": current}, verdict=verdict, message=text)
        return
    differences = {
        "demographic_parity_difference": max_demographic_parity_difference,
        "equalized_odds_difference": max_equalized_odds_difference,
        "equal_opportunity_difference": max_equal_opportunity_difference,
        "predictive_parity_difference": max_predictive_parity_difference,
        "accuracy_difference": max_accuracy_difference,
        "roc_auc_difference": max_roc_auc_difference,
        "calibration_gap_difference": max_calibration_gap_difference,
    }
    # Error rates speak of the positive label; without one, of the favourable answer or of each label.
    spoken = next(((label,) for label in (task.positive, good) if label is not None), Spoken.of(task, good).judged)
    rules = _rules(min_selection_rate_ratio, differences, min_worst_group, spoken, good)
    groupings = grouped(found, scores.get(current), task, good, intersections, min_group_rows)
    yield from not_judged(groupings, current, min_group_rows, rules)
    tests = sum(rule.tests(one) for rule in rules for one in groupings)
    for one in groupings:
        if len(one.judged) >= 2:
            for rule in rules:
                yield from judge(rule, one, policy, tests, current)
    yield figure(groupings, task, policy, current, good, min_selection_rate_ratio)
    yield disparity_table(groupings, spoken, good, policy.confidence)


def _favourable(task: Task, favourable: str | int | float | None) -> Label | None:
    from llmops_audit.record.labels import canonical_label

    return task.positive if favourable is None else canonical_label(favourable)


def _problem(task: Task, found: Outcomes | None, good: Label | None) -> tuple[Verdict, Message] | None:
    if not task.groups or found is None or not found.has_predictions or not found.rows:
        return _NOTHING
    if good is not None and good not in task.labels:
        text = message("The favourable answer that the spec names (`favourable`) is no label of the data.")
        return Verdict.ERROR, text
    return None


def _rules(
    min_ratio: float | None,
    differences: Mapping[str, float | None],
    least: Mapping[GroupMetric, float],
    spoken: tuple[Label, ...],
    good: Label | None,
) -> list[Rule]:
    from llmops_audit.analysis.fairness.rules import DIFFERENCES, Rule, metrics_of

    rules = []
    # Without a favourable answer nobody is selected, and no ratio says who is better off.
    if min_ratio is not None and good is not None:
        metrics = metrics_of(["selection_rate"], spoken, good)
        rules.append(Rule("selection_rate_ratio", "ratio", min_ratio, metrics))
    for name, limit in differences.items():
        if limit is not None:
            rules.append(Rule(name, "difference", limit, metrics_of(DIFFERENCES[name], spoken, good)))
    for name, limit in least.items():
        rules.append(Rule(name, "each", limit, metrics_of([name], spoken, good)))
    return rules
