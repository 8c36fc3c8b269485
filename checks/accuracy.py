"""Accuracy: is the classifier right often enough, on every label, and better than guessing?

What it measures
----------------
The test rows are counted by their true label and by what the classifier answered. From that table come
accuracy (share of right answers), balanced accuracy (the mean, over the labels, of the share of each label
that was recognised), precision, recall and F1, and Matthews' correlation coefficient (MCC). Precision,
recall and F1 speak of the positive label where the spec names one; otherwise they are macro averages, the
plain mean over the labels.

Three things are judged: every minimum that the spec sets; whether balanced accuracy exceeds chance, which
is 1/k for k labels; and whether each label with test rows is ever given as an answer. The last two are
judged whatever the spec asks for.

Why it matters
--------------
Accuracy alone flatters a classifier that always gives the most frequent answer. Such a classifier has
learned nothing, however high the number looks. Its balanced accuracy is exactly 1/k, and the labels that it
never answers give it away.

How to read it
--------------
Each number stands with its confidence interval: the range of values that these test rows cannot tell apart.
A minimum is passed where even the lower end of the interval reaches it, failed where even the upper end (of
a wider interval, corrected for the number of requirements) stays below it, and inconclusive between.
Inconclusive means that more test rows are needed; their estimated number is given.

A label that is never answered counts as failed when it has at least six test rows: at six rows in a row
without a single answer, a classifier that recognises half of that label would show this in fewer than 2 of
100 tests. With fewer rows the finding is inconclusive.

Answers that are missing or off the list of labels stay in the count, as wrong.

Limits
------
The numbers hold for rows like the test rows. They assume that rows are independent of each other; several
rows of one person or document make the intervals too narrow. With sample weights the intervals use the
effective number of rows, which is an approximation.

References
----------
Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
binomial: intervals of accuracy, precision, recall and binary F1 (through the share of hits among hits and
errors).

Brodersen et al. (2010), The balanced accuracy and its posterior distribution. Gorodkin (2004), Comparing
two K-category assignments by a K-category correlation coefficient: MCC. Intervals of both are the wider of
a bootstrap of the table and of a Dirichlet posterior.

Regulation (EU) 2024/1689, Article 15(1) and (3): levels of accuracy and the metrics are declared. NIST AI
RMF, MEASURE 2.3 and 2.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from llmops_audit.check import check
from llmops_audit.model import Column, Finding, Message, Op, Requirement, Scalar, Severity, Table, Verdict, message

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from llmops_audit.evidence.outcomes import CrossTable, Outcomes
    from llmops_audit.stats import Bounds
    from llmops_audit.task import Policy, Task

Metric = Literal["accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc"]
Share = Annotated[float, Field(ge=-1, le=1)]
METRICS: tuple[Metric, ...] = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc")

ROWS_TO_MISS_A_LABEL = 6
"""Test rows of a label from which never answering it is a failure: 0.5 ** 6 < 0.02."""


@check(severity=Severity.CRITICAL)
def accuracy(
    outcomes: Mapping[str, Outcomes],
    task: Task,
    policy: Policy,
    *,
    min: dict[Metric, Share] | None = None,
    current: tuple[Literal["train", "test", "live"], ...] = ("test",),
) -> Iterator[Finding | Table]:
    """Judge the minima of the spec, chance, and labels that are never answered."""
    from llmops_audit.verdicts import judged

    minima = dict(min or {})
    splits: list[str] = [
        split for split in current if split in outcomes and outcomes[split].asked and outcomes[split].labels()
    ]
    tests = (len(minima) + 1) * max(1, len(splits))
    rows: list[dict[str, str | float | None]] = []
    for split in current:
        scope: dict[str, str] = {"split": split}
        if split not in splits:
            yield _nothing(scope, alone=not splits)
            continue
        table = outcomes[split].table(task.labels)
        counts, n = table.counts, int(table.counts.sum())
        measures = {name: _Measure(name, table, task) for name in METRICS}
        for name, limit in sorted(minima.items()):
            measure = measures[name]
            yield judged(
                name, measure.value, Requirement(op=Op.AT_LEAST, limit=limit), policy,
                bounds=measure.bounds, method=measure.method, n=n, tests=tests, scope=scope,
            )  # fmt: skip
        yield _better_than_chance(measures["balanced_accuracy"], counts, task, policy, tests, scope)
        yield _answers_every_label(counts, task, scope)
        rows += [_row(split, measure, policy, counts) for measure in measures.values()]
    if rows:
        yield _performance(rows)
        yield _by_label(splits, outcomes, task, policy)


class _Measure:
    """A metric of one table: its value, how its interval is had, and the interval at any confidence."""

    def __init__(self, name: Metric, table: CrossTable, task: Task) -> None:
        import numpy as np

        from llmops_audit import stats

        self.name = name
        self.method = "Clopper-Pearson"
        cells = np.ones(table.counts.shape, dtype=bool)
        if name == "accuracy":
            hits, trials = table.share(np.eye(*table.counts.shape).astype(bool), cells)
            self.value = _share(hits, trials, doubled=False)
            self.bounds: Callable[[float], Bounds] = lambda c: stats.clopper_pearson(hits, trials, c)
        elif task.positive is not None and name in ("precision", "recall", "f1"):
            place = task.labels.index(task.positive)
            answers, members = ~cells, ~cells
            answers[:, place], members[place] = True, True
            among = {"precision": answers, "recall": members, "f1": answers | members}[name]
            hits, trials = table.share(answers & members, among)
            self.value = _share(hits, trials, doubled=name == "f1")
            self.bounds = lambda c: _mapped(stats.clopper_pearson(hits, trials, c), doubled=name == "f1")
        else:
            statistic = {
                "balanced_accuracy": stats.balanced_accuracy,
                "precision": stats.macro_precision,
                "recall": stats.macro_recall,
                "f1": stats.macro_f1,
                "mcc": stats.matthews,
            }[name]
            used = _used(table.effective())
            self.method = "wider of bootstrap and Dirichlet posterior"
            self.value = float(statistic(used))
            self.bounds = lambda c: stats.table_interval(
                used, statistic, c, np.random.default_rng([task.seed, METRICS.index(name)])
            )


def _used(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # Cells that cannot occur would draw the posterior towards answers that nobody gave.
    labels = table.shape[0]
    seen = (table.sum(axis=1) > 0) | (table[:, :labels].sum(axis=0) > 0)
    if seen.sum() < 2:
        # A table of one cell would have no spread, however few its rows are.
        seen[:] = True
    columns = [*seen, bool(table[:, -1].any())]
    used: npt.NDArray[np.float64] = table[seen][:, columns]
    return used


def _share(hits: float, trials: float, *, doubled: bool) -> float | None:
    if trials == 0:
        return None
    share = hits / trials
    return 2 * share / (1 + share) if doubled else share


def _mapped(bounds: Bounds, *, doubled: bool) -> Bounds:
    # F1 = 2J / (1 + J) with J the share of hits among hits, misses and false alarms.
    low, high = bounds
    return (2 * low / (1 + low), 2 * high / (1 + high)) if doubled else bounds


def _nothing(scope: dict[str, str], *, alone: bool) -> Finding:
    # Beside a split that is judged, one that the spec names and that cannot be is a doubt.
    verdict = Verdict.NOT_APPLICABLE if alone else Verdict.INCONCLUSIVE
    text = message("The split holds no row with a label and an answer.")
    return Finding(metric="accuracy", scope=scope, n=0, verdict=verdict, message=text)


def _better_than_chance(
    measure: _Measure,
    counts: npt.NDArray[np.int64],
    task: Task,
    policy: Policy,
    tests: int,
    scope: dict[str, str],
) -> Finding:
    from llmops_audit.verdicts import judged

    n = int(counts.sum())
    chance = Requirement(op=Op.ABOVE, limit=1 / len(task.labels), source="default")
    absent = tuple(str(label) for label, rows in zip(task.labels, counts.sum(axis=1), strict=True) if not rows)
    scope = {**scope, "against": "chance"}
    if absent:
        text = message(
            "No row carries the label {labels}, so that nobody knows whether it is recognised.", labels=absent
        )
        return Finding(
            metric="balanced_accuracy", scope=scope, n=n, requirement=chance, verdict=Verdict.INCONCLUSIVE, message=text
        )
    return judged(
        "balanced_accuracy", measure.value, chance, policy,
        bounds=measure.bounds, method=measure.method, n=n, tests=tests, scope=scope,
    )  # fmt: skip


def _answers_every_label(counts: npt.NDArray[np.int64], task: Task, scope: dict[str, str]) -> Finding:
    labels = len(task.labels)
    members, answers = counts.sum(axis=1), counts[:, :labels].sum(axis=0)
    present = [i for i in range(labels) if members[i]]
    never = [i for i in present if not answers[i]]
    most = max((int(members[i]) for i in never), default=0)
    verdict, text = Verdict.PASSED, message("Every label that has rows is given as an answer.")
    if never:
        verdict = Verdict.FAILED if most >= ROWS_TO_MISS_A_LABEL else Verdict.INCONCLUSIVE
        text = message(
            "Never answered: {labels}, though up to {rows} rows carry such a label.",
            labels=tuple(str(task.labels[i]) for i in never), rows=most,
        )  # fmt: skip
        if int((answers > 0).sum()) == 1 and not counts[:, -1].any():
            only = str(task.labels[int(answers.argmax())])
            text = message(
                "The classifier answers {only} to everything; {rows} rows carry another label.",
                only=only, rows=int(members.sum() - members[int(answers.argmax())]),
            )  # fmt: skip
    return Finding(
        metric="answered_labels",
        scope=scope,
        value=len(present) - len(never),
        method="census",
        n=int(counts.sum()),
        requirement=Requirement(op=Op.AT_LEAST, limit=len(present), source="default"),
        verdict=verdict,
        message=text,
    )


def _row(split: str, measure: _Measure, policy: Policy, counts: npt.NDArray[np.int64]) -> dict[str, str | float | None]:
    import math

    undefined = measure.value is None or math.isnan(measure.value)
    low, high = (None, None) if undefined else measure.bounds(policy.confidence)
    bounds = [end if end is not None and math.isfinite(end) else None for end in (low, high)]
    majority = float(counts.sum(axis=1).max() / counts.sum()) if measure.name == "accuracy" else None
    value = None if undefined else measure.value
    return {
        "split": split,
        "metric": measure.name,
        "value": value,
        "low": bounds[0],
        "high": bounds[1],
        "majority": majority,
    }


def _performance(rows: list[dict[str, str | float | None]]) -> Table:
    return Table(
        name="performance",
        caption=message("Performance on the rows that were judged, with confidence intervals"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="metric", heading=message("Metric")),
            Column(key="value", heading=message("Value"), format="number"),
            Column(key="low", heading=message("Lower end"), format="number"),
            Column(key="high", heading=message("Upper end"), format="number"),
            Column(key="majority", heading=message("Always the most frequent label"), format="number"),
        ),
        rows=tuple(dict(row) for row in rows),
    )


def _by_label(splits: list[str], outcomes: Mapping[str, Outcomes], task: Task, policy: Policy) -> Table:
    import numpy as np

    from llmops_audit import stats

    rows: list[dict[str, Scalar | Message]] = []
    for split in splits:
        table = outcomes[split].table(task.labels)
        for i, label in enumerate(task.labels):
            answers, members = np.zeros((2, *table.counts.shape), dtype=bool)
            answers[:, i], members[i] = True, True
            hits, trials = table.share(answers & members, members)
            low, high = stats.clopper_pearson(hits, trials, policy.confidence) if trials else (None, None)
            rows.append(
                {
                    "split": split,
                    "label": str(label),
                    "rows": int(table.counts[i].sum()),
                    "answers": int(table.counts[:, i].sum()),
                    "precision": _share(*table.share(answers & members, answers), doubled=False),
                    "recall": _share(hits, trials, doubled=False),
                    "low": low,
                    "high": high,
                    "f1": _share(*table.share(answers & members, answers | members), doubled=True),
                }
            )
    return Table(
        name="labels",
        caption=message("Performance by label; the ends are those of the interval of recall"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="label", heading=message("Label")),
            Column(key="rows", heading=message("Rows"), format="count"),
            Column(key="answers", heading=message("Answers"), format="count"),
            Column(key="precision", heading=message("Precision"), format="share"),
            Column(key="recall", heading=message("Recall"), format="share"),
            Column(key="low", heading=message("Lower end"), format="share"),
            Column(key="high", heading=message("Upper end"), format="share"),
            Column(key="f1", heading=message("F1"), format="share"),
        ),
        rows=tuple(rows),
    )
