"""Fairness: does the classifier treat the groups of people alike?

What it measures
----------------
For each group column that the spec names, and for each intersection of two of these columns (`intersections = 1` leaves
them out, 3 goes further), Fairlearn computes how often the favourable label is predicted (selection rate), how often
the prediction is right (accuracy), the true and false positive and negative rates, precision, F1 and the Matthews
correlation coefficient. Beside the selection rate stands the base rate, the share of labelled rows that have the
favourable label. Where there are scores, the check also measures how well they order the rows of a group (ROC AUC), how
far the mean score is from the share of positive rows (calibration gap), and how far apart the mean scores of two groups
are in standard deviations (standardised score difference).

Every number is in the record with its interval, and so is every gap between two groups: its difference, its ratio, an
exact p-value, and the smallest difference that this number of rows can show. Intersections, and whatever no rule
limits, are described there and judged by nothing.

Rules judge the groups of each column, one finding for each rule and column. `min_ratio` sets the smallest ratio to the
comparator: by default each group must be selected at least four fifths as often, `min_ratio = { selection_rate = 0.8
}`. The comparator is the group that `reference = { race = "Caucasian" }` names; without it, the group with the highest
rate among those with a value and at least `min_group_rows` rows. A named comparator need not have the highest rate:
where the rate of another group is above its own, the inverse ratio, comparator over group, is held against the same
limit, so that no choice of comparator hides a gap to it. `max_difference` sets the largest difference of any two
groups: of `selection_rate` (demographic parity), `error_rates` (true positive, false positive and true negative rates:
equalized odds), `true_positive_rate` (equal opportunity), `precision` (predictive parity), or of any other rate.
`min_worst_group` sets the minimum that each group must reach, the worst included. A key that is unknown is an error
that lists the keys.

An output that is no label counts as wrong in every group: it selects nobody, it is a false negative of a row with the
positive label, and no true negative of any other row. Where every output is a label, the largest difference of error
rates equals Fairlearn's equalized odds difference, which stands in the table beside it. Where some are not, the share
of outputs that are a label (`valid_output_rate`) is measured by group, and a difference of .1 between groups of 100
rows or more is an alarm.

With a table `ll144`, the check also computes the tables of the bias audit that New York City requires employers to
publish. They have a page of their own and pass or fail nothing, since that law sets no limit. It asks for an
independent auditor, whom `ll144.auditor` names. `report = "nyc-ll144"` says that the tables have to be made.

Why it matters
--------------
A classifier can be accurate overall and still refuse, flag or miss the people of one group much more often. It can
treat women and men alike, and people of each origin alike, but not the women of one origin. Law in many places requires
that this is examined and that the result is shown.

How to read it
--------------
Selection rates are about the favourable label, the prediction that is good for the person. `favourable` names it;
without that, the positive label counts as favourable. Check whether it is: to be granted a loan is favourable, to be
flagged as spam or as likely to offend again is not. Error rates are about the positive label; with several labels and
no positive one, about each label in turn.

Each rule is decided by the pair of groups, or the group, that matters most: the one that is most certain to miss the
limit. Its confidence interval is the range of true values that fit these rows. A rule is passed where the interval of
every pair meets the limit. It is failed where the interval of a pair misses the limit, corrected for the number of
pairs and for all requirements of the audit. Otherwise it is inconclusive. The finding names both groups with their
rates and their rows. For a difference its value is the largest gap of all, as Fairlearn computes it; where a smaller
gap is more certain, the pair that decides is named beside it. The table of disparities shows the most certain gap as
well: a gap between two large groups says more than a larger one that rests on a few rows.

Where `reference` names the comparator, and for rates of errors (false positives and false negatives), the lower rate is
divided by the higher one, whichever group has it. Otherwise a ratio to a rate of 0 is above any minimum. 0 over 0 is
undefined.

With small groups inconclusive is common, and it does not show bias: these rows cannot decide whether the groups are
treated alike. Of 5,000 rows, a group of 50 whose selection rate is .5, as all others' is, cannot pass .8: it needs
about 300. Either test on more rows of the smaller group (the report estimates how many), or raise `min_group_rows`, or
decide yourself, with the interval in view, and write down why.

Groups with fewer rows than `min_group_rows` are taken together as (small groups), and fail nothing. Where they, or one
of them, lie wholly beyond the limit, the rule is inconclusive. So it is where they stay undecided and are more than 2 %
of the rows, or a group that the spec names; fewer are listed on the first screen. `small_groups = "report"` only counts
them. Rows without a group value form the group (missing), which is judged and is never the comparator; where
`reference` names the comparator, a higher rate of (missing) is judged as that of any group is. `missing_group =
"report"` only shows it. A group none of whose outputs is a label leaves every rule inconclusive.

A rate without rows to rest on is left empty, never set to 0. The largest of many gaps is larger than the true gap,
because it was picked for its size; that is why rules are decided on bounds, and why its interval should not be quoted
alone.

What to do
----------
Have a person with the authority to decide look at the two groups named: are their rows labelled alike, are there enough
of them, and which features separate them? Improve the data or the model, and test again on fresh rows; do not lower the
limit.

Whether the law calls a gap discrimination, and what may justify it, is for a lawyer to say; this check gives the
numbers.

Limits
------
Equal rates do not prove fairness, and unequal rates do not prove discrimination; the numbers say where to look. They
hold for rows like the test rows, assumed to be independent unless the spec names the column that identifies the person
or document (`data.unit`). Attributes that the data does not hold are not examined. With sample weights the intervals
use the effective number of rows, which is an approximation. The intervals of differences and ratios of shares hold for
groups of any size: each end misses no more often than the confidence allows. Metrics that come from scores are not
computed of the small groups taken together.

References
----------
Fairlearn (Weerts et al. 2023), metrics. Fay, Proschan and Brittain (2015), Combining one-sample confidence procedures
for inference in the two-sample case: intervals of differences and ratios, melded of Clopper-Pearson intervals. Fay
(2010), Confidence intervals that match Fisher's exact or Blaker's exact tests. Holm (1979), A simple sequentially
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
from llmops_audit.analysis.fairness.group_metrics import DIFFERENCE_LIMITS, MINIMUM_LIMITS, RATIO_LIMITS
from llmops_audit.check import check
from llmops_audit.check.limits import LimitsByName
from llmops_audit.record import Finding, Message, NamedFigure, Severity, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.evidence.outcomes import Outcomes
    from llmops_audit.evidence.scores import Scores
    from llmops_audit.record import Label

Differences = Annotated[Mapping[str, float], LimitsByName(DIFFERENCE_LIMITS)]
Ratios = Annotated[Mapping[str, float], LimitsByName(RATIO_LIMITS)]
Minima = Annotated[Mapping[str, float], LimitsByName(MINIMUM_LIMITS)]

FOUR_FIFTHS = {"selection_rate": 0.8}

_NOTHING = (
    Verdict.NOT_APPLICABLE,
    message("The spec names no group column (`data.groups`), or the split has no rows or no predictions."),
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
    min_ratio: Ratios = FOUR_FIFTHS,
    max_difference: Differences = {},  # noqa: B006 - settings are frozen
    min_worst_group: Minima = {},  # noqa: B006 - settings are frozen
    min_group_rows: Annotated[int, Field(ge=1)] = 30,
    small_groups: Literal["pool", "report"] = "pool",
    missing_group: Literal["judge", "report"] = "judge",
    reference: Mapping[str, str | int | float | bool] = {},
    current: Literal["train", "test", "live"] = "test",
    report: Literal["nyc-ll144"] | None = None,
    ll144: LocalLaw144 | None = None,
) -> Iterator[Finding | NamedFigure]:
    """Judge ratios and differences between groups, by the pair that decides, and the minimum of the worst group."""
    from llmops_audit.analysis.absent_groups import absent_groups
    from llmops_audit.analysis.fairness.disparities import disparity_table
    from llmops_audit.analysis.fairness.grouping import VALID_OUTPUTS, Handling, figure, grouped
    from llmops_audit.analysis.fairness.judging import absent, judge_attribute, unknown_references
    from llmops_audit.analysis.fairness.rates import TargetLabels
    from llmops_audit.analysis.fairness.rules import rules_of

    found = outcomes.get(current)
    favourable_label = _favourable(task, favourable)
    # Error rates are about the positive label; without one, about the favourable label, or about each label.
    named = [(label,) for label in (task.positive, favourable_label) if label is not None]
    targets = named[0] if named else TargetLabels.of(task, favourable_label).target
    rules = rules_of(max_difference, min_ratio, min_worst_group, targets, favourable_label)
    unknown = [] if found is None or not found.rows else list(absent_groups(task, found.groups, current))
    for one in unknown:
        yield from absent(one, rules)
    wanted = {name: str(_canonical(value)) for name, value in reference.items()}
    problems = list(unknown_references(wanted, task, found, current))
    if problems:
        yield from problems
        return
    task = task.model_copy(update={"groups": task.groups if found is None else found.groups})
    if report is not None or ll144 is not None:
        yield from bias_audit(found, scores.get(current), task, favourable_label, ll144, current)
    if unknown and not task.groups:
        return
    problem = _problem(task, found, favourable_label)
    if found is None or problem is not None:
        verdict, text = problem or _NOTHING
        yield Finding(metric="groups", scope={"split": current}, verdict=verdict, message=text)
        return
    measured = {*max_difference, *min_ratio, *min_worst_group}
    if not all(prediction in task.labels for _, prediction, _, _ in found.cells):
        measured.add(VALID_OUTPUTS)
    handling = Handling(min_group_rows, small_groups, missing_group, wanted)
    groupings = grouped(found, scores.get(current), task, favourable_label, intersections, handling, measured)
    for attribute in groupings:
        # What neither the spec nor a default limits, such as intersections, is described in the figure.
        if len(attribute.names) == 1:
            alarm = VALID_OUTPUTS not in max_difference and not task.trained_here
            yield from judge_attribute(rules, attribute, policy, current, alarm=alarm)
    yield figure(groupings, task, policy, current, favourable_label, min_ratio.get("selection_rate"))
    yield disparity_table(groupings, targets, favourable_label, policy.confidence)


def _favourable(task: Task, favourable: str | int | float | None) -> Label | None:
    from llmops_audit.record.labels import as_listed

    return task.positive if favourable is None else as_listed(favourable, task.labels)


def _canonical(value: str | int | float | bool) -> Label:
    from llmops_audit.record.labels import canonical_label

    return canonical_label(value)


def _problem(task: Task, found: Outcomes | None, favourable: Label | None) -> tuple[Verdict, Message] | None:
    if not task.groups or found is None or not found.has_predictions or not found.rows:
        return _NOTHING
    if favourable is not None and favourable not in task.labels:
        text = message("The favourable label that the spec names (`favourable`) is not a label of the data.")
        return Verdict.ERROR, text
    return None
