"""Accuracy: is the classifier right often enough, on every label, and better than guessing?

What it measures
----------------
The test rows are counted by their true label and by the predicted label. From that table come accuracy (the share of
right predictions), balanced accuracy (the mean of the recall of each label), precision, recall and F1, Matthews'
correlation coefficient (MCC) and Cohen's kappa. Precision, recall and F1 are those of the positive label where the spec
names one; otherwise they are macro averages, the plain mean over the labels. `average` chooses between them. Where the
classifier gives scores, the area under the ROC curve (ROC AUC) and average precision say how well the scores order the
rows, whatever the threshold.

Where more than 1 % of the rows are seen in training (their inputs stand in training rows), a requirement passes only if
it also holds without them: on all rows after training once more without any training row that equals one of them, or,
with saved predictions, on the unseen rows alone. Otherwise it is inconclusive. Seen rows never fail a requirement.

Live rows that have labels are looked at as well: the loss is the accuracy on test rows minus the accuracy on live rows.
Where the spec names the time of rows (`data.time`), the accuracy of each window stands beside the range that the
windows of the test rows let expect.

Every minimum that the spec sets is judged, for all labels or for one. Two more things are judged whatever the spec
sets: whether balanced accuracy exceeds chance, which is 1/k for k labels, and whether any label with test rows has a
recall of zero. The table of baselines adds the best rule on a single feature, learned from the training rows (1R), and
how much better the classifier is; `min_gain_over_one_rule` makes a requirement of the difference, and
`min_gain_over_majority` of the gain in accuracy over always predicting the most frequent label of the training rows (of
the test rows where there are no labelled training rows). The gap between the accuracy on training rows and on test rows
is shown; `max_train_test_gap` makes a requirement of it.

Why it matters
--------------
Accuracy alone flatters a classifier that always predicts the most frequent label. Such a classifier has learned
nothing, however high the number looks: of 1,000 rows with 10 rare ones it is right in 99 % and finds none that matter.
Its balanced accuracy is exactly 1/k, and the recall of every other label is zero. A classifier that hardly beats a rule
on one feature may not be worth its risk and cost; a classifier that is much better on its training rows than on new
rows has learned those rows by heart.

How to read it
--------------
Each number has a confidence interval: the range of true values that fit these test rows. If the test were repeated with
new rows of the same kind, 95 of 100 such ranges would contain the true value (at a confidence of 0.95). A minimum is
passed where even the lower end of the interval reaches it, failed where even the upper end stays below it, after the
correction for all requirements of the audit as well, and inconclusive between.

Inconclusive is a verdict on the test, not on the classifier: there are too few rows to decide. Either test on more rows
(the report estimates how many), or decide yourself, with the interval in view, and write down why. Do not lower the
limit until it passes.

The p-value beside chance is the share of random shuffles of the predictions that do as well as the classifier.

A classifier that gives one label to every row fails against chance whatever the number of rows: its balanced accuracy
is 1/k on any rows. Where balanced accuracy or ROC AUC is certainly below chance, the finding says what it would be with
labels or scores swapped; look there first, because every other number is then upside down.

The loss from test to live is an alarm at 0.05: it fails where it is certainly larger, it is reported where only the
value is larger, and otherwise it passes with the loss that so many rows would have shown. `max_live_loss` sets a limit,
which is then decided as any other. A window lies below what was expected where its accuracy is under the range in which
all windows together would lie at the level of confidence, if nothing had changed. The report names the first such
window; no requirement rests on it.

A recall of zero is a failure where the label has so many rows that even guessing would almost certainly have found one
of them; with fewer rows the finding is inconclusive. The finding also says where a classifier predicts one label for
every row.

An output that is no label (it is missing, or cannot be read as a label) counts as wrong: its row is missed, and no
label is predicted for it. So accuracy, recall, F1, MCC and kappa fall; precision, which looks at the rows that a label
is predicted for, leaves the row out. The finding "outputs that are no label" gives the share. It fails where the share
is certainly above 5 %; `max_invalid` sets another limit, which is then decided as any other.

Where there are scores, the ROC curve and the precision-recall curve are drawn for the positive label, or for at most
five labels, those with the most rows, each against all others.

What to do
----------
Find the labels that fail in the table by label and in the most confused pairs. Collect more or better labelled rows of
them, and train again. Choose another threshold or another model on separate rows, never on these test rows, and keep
the limit.

Where a label has a recall of zero, or chance is not beaten, the classifier has not learned the task: look at how the
labels and the features were produced before you look at the model.

Limits
------
The numbers hold for rows like the test rows. They assume that rows are independent; several rows of one person or
document make the intervals too narrow, unless the spec names the column that identifies the person or document
(`data.unit`). With sample weights the intervals use the effective number of rows, which is an approximation. A test set
on which many versions were tried flatters the version that was chosen by it.

Live rows that have labels are often a selection: those that were complained about, say. Test rows of a single window
say nothing of how much windows differ, so that the range is then too narrow.

Scores are counted in fine bins; the largest error that this can cause in the area under the ROC curve is given beside
it. The gap rests on a uniform sample of the training rows; with saved predictions, on the predictions that were saved
for training rows. The rule on one feature is learned by the audit itself, so there is none with saved predictions.

References
----------
Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
binomial: intervals of accuracy, precision, recall and binary F1 (through the share of hits among hits and
errors). Fay, Proschan and Brittain (2015), Combining one-sample confidence procedures for inference in the
two-sample case: interval of the gap.

Brodersen et al. (2010), The balanced accuracy and its posterior distribution. Gorodkin (2004), Comparing
two K-category assignments by a K-category correlation coefficient: MCC. Cohen (1960): kappa. Intervals of
these are the wider of a bootstrap of the table and of a Dirichlet posterior that adds one row to each label.

DeLong, DeLong and Clarke-Pearson (1988), and Newcombe (2006), method 5: intervals of ROC AUC. Boyd, Eng and
Page (2013): average precision. Holte (1993), Very simple classification rules perform well on most commonly
used datasets: 1R. DerSimonian and Laird (1986), Meta-analysis in clinical trials: variance between windows.
Ojala and Garriga (2010), Permutation tests for studying classifier performance.

Regulation (EU) 2024/1689, Article 15(1) and (3): levels of accuracy and the metrics are declared. NIST AI
RMF, MEASURE 2.3 and 2.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from llmops_audit.analysis.metrics.definitions import LABEL_METRICS, METRICS, SCORE_METRICS, Average
from llmops_audit.check import check
from llmops_audit.check.limits import LimitsByName
from llmops_audit.record import Finding, Message, Op, Requirement, SeenRows, Severity, Table, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.analysis.metrics.label_metrics import MetricEstimate
    from llmops_audit.analysis.performance import Performance
    from llmops_audit.analysis.unlabelled import Minimum
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.evidence.outcomes import Outcomes
    from llmops_audit.evidence.outcomes_by_time import OutcomesByTime
    from llmops_audit.evidence.outputs import Outputs
    from llmops_audit.evidence.pairs import Pairs
    from llmops_audit.evidence.scores import Scores
    from llmops_audit.record.figures import Curves

Split = Literal["train", "test", "live"]
Difference = Annotated[float, Field(ge=-1, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]
OF_LABEL = frozenset(SCORE_METRICS) | {name for name, metric in LABEL_METRICS.items() if metric.of_label is not None}
"""Metrics that single labels have."""

Minima = Annotated[
    Mapping[str, float | Mapping[str, float]],
    LimitsByName({name: (metric.low, metric.high) for name, metric in METRICS.items()}, by_label=OF_LABEL),
]


@check(severity=Severity.CRITICAL, words="llmops_audit.analysis.performance:WORDS")
def accuracy(
    outcomes: Mapping[str, Outcomes],
    scores: Mapping[str, Scores],
    pairs: Mapping[str, Pairs],
    seen_rows: Mapping[str, SeenRows],
    outputs: Mapping[str, Outputs],
    outcomes_by_time: Mapping[str, OutcomesByTime],
    task: Task,
    policy: Policy,
    *,
    min: Minima = {},  # noqa: B006 - settings are frozen
    average: Average | None = None,
    max_invalid: Share | None = None,
    max_live_loss: Difference | None = None,
    max_train_test_gap: Difference | None = None,
    min_gain_over_majority: Difference | None = None,
    min_gain_over_one_rule: Difference | None = None,
    current: tuple[Split, ...] = ("test",),
) -> Iterator[Finding | Table | Curves]:
    """Judge the minima of the spec, chance, baselines, and labels with a recall of zero."""
    from llmops_audit.analysis.chance import scores_upside_down
    from llmops_audit.analysis.curves import ranking_curves
    from llmops_audit.analysis.invalid_outputs import invalid_outputs
    from llmops_audit.analysis.live_performance import labelled_live_rows
    from llmops_audit.analysis.overlap import also_without_seen_rows, performance_again
    from llmops_audit.analysis.performance import listed_minima, performance, performance_tables
    from llmops_audit.analysis.unlabelled import unlabelled

    minima = [(name, label, _minimum(name, label, limit)) for name, label, limit in listed_minima(min, task)]
    limits = _limits(
        max_train_test_gap=max_train_test_gap, min_gain_over_one_rule=min_gain_over_one_rule,
        min_gain_over_majority=min_gain_over_majority,
    )  # fmt: skip
    splits = [
        split for split in current if split in outcomes and outcomes[split].has_predictions and outcomes[split].labels()
    ]
    found: list[Performance] = []
    for split in current:
        if split not in splits:
            yield from unlabelled(split, minima, limits, task, max_invalid, alone=not splits)
            continue
        one = performance(split, outcomes, scores, pairs, task, average)
        found.append(one)
        again = performance_again(split, outcomes, scores, pairs, task, average)
        judge = partial(_requirements, minima=minima, limits=limits, policy=policy)
        yield from also_without_seen_rows(
            judge(one), seen_rows.get(split), None if again is None else partial(judge, again)
        )
        yield from scores_upside_down(one, policy)
        yield from invalid_outputs(outputs.get(split), split, task, policy, max_invalid)
    yield from labelled_live_rows(
        outcomes, seen_rows.get("live"), outcomes_by_time, task, policy, max_live_loss, average
    )
    yield from performance_tables(found, policy)
    for one in found:
        yield from ranking_curves(one.split, one.scores, task, one.table.counts.sum(axis=1).tolist(), policy)


def _minimum(name: str, label: str | None, limit: float) -> Requirement:
    setting = ("min", name) if label is None else ("min", name, label)
    return Requirement(op=Op.AT_LEAST, limit=limit, about=label or "", setting=setting)


def _limits(**settings: float | None) -> dict[str, Requirement]:
    """Return the limits that the spec sets beside the minima, by metric."""
    found = {}
    for setting, limit in settings.items():
        end, _, metric = setting.partition("_")
        if limit is not None:
            op = Op.AT_MOST if end == "max" else Op.AT_LEAST
            found[metric] = Requirement(op=op, limit=limit, setting=(setting,))
    return found


def _requirements(
    one: Performance, *, minima: list[Minimum], limits: Mapping[str, Requirement], policy: Policy
) -> Iterator[Finding]:
    from llmops_audit.analysis.chance import better_than_chance, judged_metric, zero_recall

    for name, label, requirement in minima:
        scope = {} if label is None else {"label": label}
        estimate = one.estimates[name] if label is None else one.estimate(name, label)
        yield judged_metric(one, estimate, requirement, policy, scope)
    yield better_than_chance(one, policy)
    yield zero_recall(one, policy)
    if (gap := limits.get("train_test_gap")) is not None:
        text = message("There are no predictions on training rows, so the gap is unknown.")
        yield _if_known(one, one.train_test_gap, gap, policy, "train_test_gap", text)
    if (gain := limits.get("gain_over_one_rule")) is not None:
        text = message("There is no rule on one feature: the audit learns one only where it trains the classifier.")
        yield _if_known(one, one.gain_over_one_rule, gain, policy, "gain_over_one_rule", text)
    if (over_majority := limits.get("gain_over_majority")) is not None:
        yield judged_metric(one, one.gain_over_majority, over_majority, policy)


def _if_known(
    one: Performance, estimate: MetricEstimate | None, requirement: Requirement, policy: Policy, metric: str,
    text: Message,
) -> Finding:  # fmt: skip
    from llmops_audit.analysis.chance import judged_metric

    if estimate is not None:
        return judged_metric(one, estimate, requirement, policy)
    return Finding(
        metric=metric, scope={"split": one.split}, n=one.n, requirement=requirement, verdict=Verdict.INCONCLUSIVE,
        message=text,
    )  # fmt: skip
