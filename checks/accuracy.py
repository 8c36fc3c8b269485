"""Accuracy: is the classifier right often enough, on every label, and better than guessing?

What it measures
----------------
The test rows are counted by their true label and by what the classifier answered. From that table come
accuracy (share of right answers), balanced accuracy (the mean, over the labels, of the share of each label
that was recognised), precision, recall and F1, Matthews' correlation coefficient (MCC) and Cohen's kappa.
Precision, recall and F1 speak of the positive label where the spec names one; otherwise they are macro
averages, the plain mean over the labels; `average` sets which. Where the classifier gives scores, the area
under the ROC curve (ROC AUC) and average precision say how well they order the rows, whatever the threshold.

What is judged: every minimum that the spec sets, for all labels or for one; whether balanced accuracy exceeds chance,
which is 1/k for k labels, as is that of always giving the most frequent answer; and whether each label with test rows
is recognised at all. Chance and labels are judged whatever the spec asks for. The table of baselines adds what the
best rule on a single feature reaches, learned from the training rows (1R), and how much better the classifier is;
`min_lift` makes a requirement of it. Shown is the gap between the accuracy on rows that the model was trained on and
on test rows; `max_train_test_gap` makes a requirement of it.

Why it matters
--------------
Accuracy alone flatters a classifier that always gives the most frequent answer. Such a classifier has
learned nothing, however high the number looks: of 1,000 rows with 10 rare ones it is right in 99 % and
recognises none that matter. Its balanced accuracy is exactly 1/k, and the labels that it never answers give
it away. A classifier that hardly beats a rule on one feature may not be worth its risk and cost; one that is
much better on its training rows than on new ones has learned those rows by heart.

How to read it
--------------
Each number stands with its confidence interval: the range of true values that these test rows cannot tell
apart. Were the test repeated with new rows of the same kind, 95 of 100 such ranges would hold the true value
(at a confidence of 0.95). A minimum is passed where even the lower end of the interval reaches it, failed
where even the upper end (of a wider interval, corrected for the number of requirements in the whole audit)
stays below it, and inconclusive between.

Inconclusive is no verdict on the classifier but on the test: too few rows to tell. It asks you either to test
on more rows, whose estimated number is given, or to decide yourself, with the interval before you, and to
write down why. Lowering the limit until it passes is not an answer.

The p-value beside chance is the share of random shuffles of the answers that do as well as the classifier.

A label that is never recognised is a failure where it has so many rows that even guessing would almost certainly have
met one of them; with fewer rows the finding is inconclusive. A classifier that gives one answer to everything is told
by it.

Answers that are missing or off the list of labels stay in the count, as wrong.

Where there are scores, the ROC and the precision-recall curve are drawn: of the positive label, or of at most five
labels, those with the most rows, each against all others.

What to do
----------
Look at the labels that fail in the table by label and in the most confused pairs, get more or better labelled rows of
them, and train anew. Another threshold or another model is chosen on rows of its own, never on these test rows, and
the limit stays.

Where a label is never recognised, or chance is not beaten, the classifier has not learned the task: look at how the
labels and the features were made before you look at the model.

Limits
------
The numbers hold for rows like the test rows. They assume that rows are independent of each other; several
rows of one person or document make the intervals too narrow, unless the spec names the column that tells the
units apart (`data.unit`). With sample weights the intervals use the effective number of rows, which is an
approximation. A test set that many versions were tried on flatters the one that is chosen by it.

Scores are counted in fine bins; the largest error that this can make in the area under the ROC curve is given
beside it. The gap rests on a uniform sample of the training rows, and for saved predictions on what was saved
for them. The rule on one feature is learned here, so that with saved predictions there is none.

References
----------
Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
binomial: intervals of accuracy, precision, recall and binary F1 (through the share of hits among hits and
errors). Newcombe (1998), method 10: interval of the gap.

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
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from llmops_audit.check import check
from llmops_audit.record import Finding, Message, Op, Requirement, Severity, Table, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.analysis.metrics.label_metrics import Measure
    from llmops_audit.analysis.performance import Performance
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.evidence.outcomes import Outcomes
    from llmops_audit.evidence.pairs import Pairs
    from llmops_audit.evidence.scores import Scores
    from llmops_audit.record.figures import Curves

Metric = Literal[
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "macro_f1", "micro_f1", "mcc", "cohen_kappa",
    "roc_auc", "average_precision",
]  # fmt: skip
Average = Literal["positive", "macro", "micro", "weighted"]
Split = Literal["train", "test", "live"]
Limit = Annotated[float, Field(ge=-1, le=1)]
BY_LABEL = ("precision", "recall", "f1", "roc_auc", "average_precision")


@check(severity=Severity.CRITICAL, words="llmops_audit.analysis.performance:WORDS")
def accuracy(
    outcomes: Mapping[str, Outcomes],
    scores: Mapping[str, Scores],
    pairs: Mapping[str, Pairs],
    task: Task,
    policy: Policy,
    *,
    min: dict[Metric, Limit | dict[str, Limit]] | None = None,
    average: Average | None = None,
    max_train_test_gap: Limit | None = None,
    min_lift: Limit | None = None,
    current: tuple[Split, ...] = ("test",),
) -> Iterator[Finding | Table | Curves]:
    """Judge the minima of the spec, chance, baselines, and labels that are never recognised."""
    from llmops_audit.analysis.curves import ranking_curves
    from llmops_audit.analysis.performance import baseline_table, gap_table, label_table, metric_table, performance

    minima = _minima(min or {}, task)
    splits = [
        split for split in current if split in outcomes and outcomes[split].has_predictions and outcomes[split].labels()
    ]
    tests = (len(minima) + 2 + (max_train_test_gap is not None) + (min_lift is not None)) * max(1, len(splits))
    found: list[Performance] = []
    for split in current:
        if split not in splits:
            yield _nothing({"split": split}, alone=not splits)
            continue
        one = performance(split, outcomes, scores, pairs, task, average)
        found.append(one)
        for name, label, limit in minima:
            requirement = Requirement(op=Op.AT_LEAST, limit=limit)
            scope = {} if label is None else {"label": label}
            measure = one.measures[name] if label is None else one.measure(name, label)
            yield _judged(one, measure, requirement, policy, tests, scope)
        yield _better_than_chance(one, policy, tests)
        yield _recognises_every_label(one, policy, tests)
        if max_train_test_gap is not None:
            requirement = Requirement(op=Op.AT_MOST, limit=max_train_test_gap)
            text = message("There are no answers on training rows, so that the gap is unknown.")
            yield _if_known(one, one.gap, requirement, policy, tests, "train_test_gap", text)
        if min_lift is not None:
            requirement = Requirement(op=Op.AT_LEAST, limit=min_lift)
            text = message("There is no rule on one feature: only a subject that is trained here has one.")
            yield _if_known(one, one.lift, requirement, policy, tests, "lift", text)
    if found:
        yield metric_table(found, policy)
        yield label_table(found, policy)
        yield baseline_table(found, policy)
        if (gaps := gap_table(found, policy)) is not None:
            yield gaps
    for one in found:
        yield from ranking_curves(one.split, one.scores, task, one.table.counts.sum(axis=1).tolist(), policy)


def _minima(given: Mapping[Metric, float | dict[str, float]], task: Task) -> list[tuple[Metric, str | None, float]]:
    from llmops_audit.errors import SpecError

    labels = [str(label) for label in task.labels]
    minima: list[tuple[Metric, str | None, float]] = []
    for name, limits in sorted(given.items()):
        if not isinstance(limits, dict):
            minima.append((name, None, limits))
            continue
        key = f"checks.accuracy.min.{name}"
        if name not in BY_LABEL:
            raise SpecError(key, "is no metric of one label", f"a number, or one of {', '.join(BY_LABEL)}")
        for label, limit in sorted(limits.items()):
            if label not in labels:
                raise SpecError(f"{key}.{label}", "is no label of the data", ", ".join(labels[:20]))
            minima.append((name, label, limit))
    return minima


def _nothing(scope: dict[str, str], *, alone: bool) -> Finding:
    # Beside a split that is judged, one that the spec names and that cannot be is a doubt.
    verdict = Verdict.NOT_APPLICABLE if alone else Verdict.INCONCLUSIVE
    text = message("The split holds no row with a label and an answer.")
    return Finding(metric="accuracy", scope=scope, n=0, verdict=verdict, message=text)


def _judged(
    one: Performance, measure: Measure, requirement: Requirement, policy: Policy, tests: int, scope: Mapping[str, str]
) -> Finding:
    from llmops_audit.analysis.metrics.score_metrics import SCORE_METRICS
    from llmops_audit.check.verdicts import judged

    finding = judged(
        measure.name, measure.value, requirement, policy, bounds=measure.bounds, method=measure.method, n=one.n,
        tests=tests, scope={"split": one.split, **scope}, details=measure.details,
    )  # fmt: skip
    if measure.value is None and measure.name in SCORE_METRICS:
        text = message("Not every row has the scores that this takes, or none carries the label: it is unknown.")
        return finding.model_copy(update={"message": text})
    return finding


def _if_known(
    one: Performance, measure: Measure | None, requirement: Requirement, policy: Policy, tests: int, metric: str,
    text: Message,
) -> Finding:  # fmt: skip
    if measure is not None:
        return _judged(one, measure, requirement, policy, tests, {})
    return Finding(
        metric=metric, scope={"split": one.split}, n=one.n, requirement=requirement, verdict=Verdict.INCONCLUSIVE,
        message=text,
    )  # fmt: skip


def _better_than_chance(one: Performance, policy: Policy, tests: int) -> Finding:
    import numpy as np

    from llmops_audit import stats

    counts, labels, scope = one.table.counts, one.task.labels, {"against": "chance"}
    requirement = Requirement(op=Op.ABOVE, limit=1 / len(labels), source="default")
    absent = tuple(str(label) for label, rows in zip(labels, counts.sum(axis=1), strict=True) if not rows)
    if absent:
        text = message(
            "No row carries the label {labels}, so that nobody knows whether it is recognised.", labels=absent
        )
        return Finding(
            metric="balanced_accuracy", scope={"split": one.split, **scope}, n=one.n, requirement=requirement,
            verdict=Verdict.INCONCLUSIVE, message=text,
        )  # fmt: skip
    finding = _judged(one, one.measures["balanced_accuracy"], requirement, policy, tests, scope)
    if one.task.unit is not None or not np.array_equal(counts, one.table.weights):
        # Shuffles of single rows say nothing of rows that are weighted or depend on each other.
        return finding
    p = stats.independence_test(counts, stats.balanced_accuracy, np.random.default_rng(one.task.seed))
    return finding.model_copy(update={"p_value": p})


def _recognises_every_label(one: Performance, policy: Policy, tests: int) -> Finding:
    import numpy as np

    counts, names = one.table.counts, [str(label) for label in one.task.labels]
    members, answers = counts.sum(axis=1), counts[:, : len(names)].sum(axis=0)
    present = [i for i in range(len(names)) if members[i]]
    never = [i for i in present if not counts[i, i]]
    most = max((int(members[i]) for i in never), default=0)
    verdict, text = Verdict.PASSED, message("Every label that has rows is recognised at least once.")
    judged: dict[str, float | int] = {}
    if never:
        # How rarely so many rows go by without a hit where the label is recognised as often as by guessing.
        places = np.indices(counts.shape)[0]
        rows = max(one.table.share(places < 0, places == i)[1] for i in never)
        by_guessing, tested = (1 - 1 / len(names)) ** rows, tests * len(names)
        judged = {"p_value": by_guessing, "p_adjusted": min(1.0, by_guessing * tested), "tests": tested}
        certain = policy.decide == "point" or judged["p_adjusted"] <= policy.alpha
        verdict = Verdict.FAILED if certain else Verdict.INCONCLUSIVE
        text = message(
            "Never recognised: {labels}, though up to {rows} rows carry such a label.",
            labels=tuple(names[i] for i in never), rows=most,
        )  # fmt: skip
        if int((answers > 0).sum()) == 1 and not counts[:, -1].any():
            only = int(answers.argmax())
            text = message(
                "The classifier answers {only} to everything; {rows} rows carry another label.",
                only=names[only], rows=int(members.sum() - members[only]),
            )  # fmt: skip
    finding = Finding(
        metric="recognised_labels", scope={"split": one.split}, value=len(present) - len(never),
        method="misses under guessing (Bonferroni)" if never else "census", n=one.n, verdict=verdict, message=text,
        requirement=Requirement(op=Op.AT_LEAST, limit=len(present), source="default"),
    )  # fmt: skip
    return finding.model_copy(update=judged)
