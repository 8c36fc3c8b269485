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

Every minimum that the spec sets is judged, for all labels or for one. Two more things are judged whatever the spec
sets: whether balanced accuracy exceeds chance, which is 1/k for k labels, and whether any label with test rows has a
recall of zero. The table of baselines adds the best rule on a single feature, learned from the training rows (1R), and
how much better the classifier is; `min_gain_over_one_rule` makes a requirement of the difference. The gap between the
accuracy on training rows and on test rows is shown; `max_train_test_gap` makes a requirement of it.

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
passed where even the lower end of the interval reaches it, failed where even the upper end (of a wider interval,
corrected for the number of requirements in the whole audit) stays below it, and inconclusive between.

Inconclusive is a verdict on the test, not on the classifier: there are too few rows to decide. Either test on more rows
(the report estimates how many), or decide yourself, with the interval in view, and write down why. Do not lower the
limit until it passes.

The p-value beside chance is the share of random shuffles of the predictions that do as well as the classifier.

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
these are the wider of a bootstrap of the table and of a Dirichlet posterior.

DeLong, DeLong and Clarke-Pearson (1988), and Newcombe (2006), method 5: intervals of ROC AUC. Boyd, Eng and
Page (2013): average precision. Holte (1993), Very simple classification rules perform well on most commonly
used datasets: 1R. Ojala and Garriga (2010), Permutation tests for studying classifier performance.

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
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.evidence.outcomes import Outcomes
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
    task: Task,
    policy: Policy,
    *,
    min: Minima = {},  # noqa: B006 - settings are frozen
    average: Average | None = None,
    max_invalid: Share | None = None,
    max_train_test_gap: Difference | None = None,
    min_gain_over_one_rule: Difference | None = None,
    current: tuple[Split, ...] = ("test",),
) -> Iterator[Finding | Table | Curves]:
    """Judge the minima of the spec, chance, baselines, and labels with a recall of zero."""
    from llmops_audit.analysis.curves import ranking_curves
    from llmops_audit.analysis.invalid_outputs import invalid_outputs
    from llmops_audit.analysis.overlap import also_without_seen_rows, performance_again
    from llmops_audit.analysis.performance import listed_minima, performance, performance_tables

    minima = listed_minima(min, task)
    splits = [
        split for split in current if split in outcomes and outcomes[split].has_predictions and outcomes[split].labels()
    ]
    found: list[Performance] = []
    for split in current:
        if split not in splits:
            yield _nothing({"split": split}, alone=not splits)
            continue
        one = performance(split, outcomes, scores, pairs, task, average)
        found.append(one)
        again = performance_again(split, outcomes, scores, pairs, task, average)
        judge = partial(
            _requirements, minima=minima, policy=policy, gap=max_train_test_gap, gain=min_gain_over_one_rule
        )
        yield from also_without_seen_rows(
            judge(one), seen_rows.get(split), None if again is None else partial(judge, again)
        )
        yield from invalid_outputs(outputs.get(split), split, task, policy, max_invalid)
    yield from performance_tables(found, policy)
    for one in found:
        yield from ranking_curves(one.split, one.scores, task, one.table.counts.sum(axis=1).tolist(), policy)


def _requirements(
    one: Performance,
    *,
    minima: list[tuple[str, str | None, float]],
    policy: Policy,
    gap: float | None,
    gain: float | None,
) -> Iterator[Finding]:
    for name, label, limit in minima:
        requirement = Requirement(op=Op.AT_LEAST, limit=limit, about=label or "")
        scope = {} if label is None else {"label": label}
        estimate = one.estimates[name] if label is None else one.estimate(name, label)
        yield _judged(one, estimate, requirement, policy, scope)
    yield _better_than_chance(one, policy)
    yield _zero_recall(one, policy)
    if gap is not None:
        text = message("There are no predictions on training rows, so the gap is unknown.")
        requirement = Requirement(op=Op.AT_MOST, limit=gap)
        yield _if_known(one, one.train_test_gap, requirement, policy, "train_test_gap", text)
    if gain is not None:
        text = message("There is no rule on one feature: the audit learns one only where it trains the classifier.")
        requirement = Requirement(op=Op.AT_LEAST, limit=gain)
        yield _if_known(one, one.gain_over_one_rule, requirement, policy, "gain_over_one_rule", text)


def _nothing(scope: dict[str, str], *, alone: bool) -> Finding:
    # Beside a split that is judged, one that the spec names and that cannot be is a doubt.
    verdict = Verdict.NOT_APPLICABLE if alone else Verdict.INCONCLUSIVE
    text = message("The split has no row with both a label and a prediction.")
    return Finding(metric="accuracy", scope=scope, n=0, verdict=verdict, message=text)


def _judged(
    one: Performance,
    estimate: MetricEstimate,
    requirement: Requirement,
    policy: Policy,
    scope: Mapping[str, str],
) -> Finding:
    from llmops_audit.check.verdicts import judged

    finding = judged(
        estimate.name, estimate.value, requirement, policy, bounds=estimate.bounds, method=estimate.method, n=one.n,
        scope={"split": one.split, **scope}, details=estimate.details,
    )  # fmt: skip
    if estimate.value is None and estimate.name in SCORE_METRICS:
        text = message("The value is unknown: a row lacks the scores that it needs, or no row has the label.")
        return finding.model_copy(update={"message": text})
    return finding


def _if_known(
    one: Performance, estimate: MetricEstimate | None, requirement: Requirement, policy: Policy, metric: str,
    text: Message,
) -> Finding:  # fmt: skip
    if estimate is not None:
        return _judged(one, estimate, requirement, policy, {})
    return Finding(
        metric=metric, scope={"split": one.split}, n=one.n, requirement=requirement, verdict=Verdict.INCONCLUSIVE,
        message=text,
    )  # fmt: skip


def _better_than_chance(one: Performance, policy: Policy) -> Finding:
    import numpy as np

    from llmops_audit import stats

    counts, labels, scope = one.table.counts, one.task.labels, {"against": "chance"}
    requirement = Requirement(op=Op.ABOVE, limit=1 / len(labels), source="default", about="chance")
    absent = tuple(str(label) for label, rows in zip(labels, counts.sum(axis=1), strict=True) if not rows)
    if absent:
        text = message("No row has the label {labels}, so its recall is unknown.", labels=absent)
        return Finding(
            metric="balanced_accuracy", scope={"split": one.split, **scope}, n=one.n, requirement=requirement,
            verdict=Verdict.INCONCLUSIVE, message=text,
        )  # fmt: skip
    finding = _judged(one, one.estimates["balanced_accuracy"], requirement, policy, scope)
    if one.task.unit is not None or not np.array_equal(counts, one.table.weights):
        # Shuffles of single rows say nothing of rows that are weighted or depend on each other.
        return finding
    p = stats.independence_test(counts, stats.balanced_accuracy, np.random.default_rng(one.task.seed))
    return finding.model_copy(update={"details": {**finding.details, "permutation_p_value": p}})


def _zero_recall(one: Performance, policy: Policy) -> Finding:
    import numpy as np

    counts, names = one.table.counts, [str(label) for label in one.task.labels]
    members, predicted = counts.sum(axis=1), counts[:, : len(names)].sum(axis=0)
    missed = [i for i in range(len(names)) if members[i] and not counts[i, i]]
    most = max((int(members[i]) for i in missed), default=0)
    verdict, text = Verdict.PASSED, message("Every label that has rows is predicted correctly at least once.")
    judged: dict[str, float | int] = {}
    if missed:
        # How rarely so many rows go by without a hit where the label is found as often as by guessing.
        label = np.indices(counts.shape)[0]
        rows = max(one.table.share(label < 0, label == i)[1] for i in missed)
        by_guessing = (1 - 1 / len(names)) ** rows
        judged = {"p_value": by_guessing, "tests": len(names)}
        verdict = Verdict.FAILED if policy.decide == "point" else Verdict.UNDECIDED
        text = message(
            "Recall is zero for {labels}, though such a label has up to {rows} rows.",
            labels=tuple(names[i] for i in missed), rows=most,
        )  # fmt: skip
        if int((predicted > 0).sum()) == 1 and not counts[:, -1].any():
            only = int(predicted.argmax())
            text = message(
                "The classifier predicts {only} for every row; {rows} rows have another label.",
                only=names[only], rows=int(members.sum() - members[only]),
            )  # fmt: skip
    finding = Finding(
        metric="labels_with_zero_recall", scope={"split": one.split}, value=len(missed),
        method="misses under guessing (Bonferroni)" if missed else "census", n=one.n, verdict=verdict, message=text,
        requirement=Requirement(op=Op.AT_MOST, limit=0, source="default"),
    )  # fmt: skip
    return finding.model_copy(update=judged)
