"""Regression: is the classifier at least as good as the previous release?

What it measures
----------------
The classifier is compared with the release that is in use today. Where the spec gives the predictions of that previous
release for the same test rows (`[baseline] predictions`), the comparison is paired: row by row, which of the two is
right? Rows that both predict correctly, or both wrongly, cancel out. The rows that flipped remain: lost (right before,
wrong now) and won (wrong before, right now). Where the spec gives only the previous record (`[baseline] record`), two
totals are compared, each with its own uncertainty. Given both, the paired comparison decides, and the record stands
beside it.

Each number is a difference, new less old: below zero is worse. A loss is tolerated up to a margin, by default 0.02 for
accuracy and for balanced accuracy; `max_loss` sets other metrics and margins. `max_group_loss` sets margins that every
group of people must keep; a table shows the groups in any case.

Why it matters
--------------
A new release that clears every fixed threshold can still be worse than the release that it replaces, and the people
whose rows flipped notice. A better total can hide a label, or a group, that lost.

How to read it
--------------
An interval is the range of differences that fit these test rows. A margin says how much worse is still acceptable.
Showing that the loss is smaller is a non-inferiority test: passed where even the lower end of the interval stays within
the margin; failed where even the upper end (of a wider interval, corrected for the number of requirements) is beyond
it; inconclusive between.

The p-value beside accuracy is McNemar's: how often chance alone would split lost and won rows this unevenly if both
classifiers were equally good. It does not decide. "Worse than the previous release beyond chance, but within the
margin" passes, yet deserves a look at the flips.

Why these margins? 0.02 of accuracy is two more errors in a hundred rows. Accuracy alone is blind to a rare label: where
1 row in 100 is fraud, losing all fraud costs 0.01. Balanced accuracy weighs every label alike, but rests on the rows of
the rarest: with two labels and no flips, about 92 rows of the rarer label are needed to exclude a loss of 0.02. Better
margins come from the cost of an error; set them beforehand.

What to do
----------
Keep the previous release, and look at the rows that were lost: the table of flips says which labels they have.

Inconclusive does not mean worse. It means that these rows do not exclude a loss beyond the margin. Test on more rows of
the same kind (the report estimates how many), give the previous predictions row by row, or have a person who is
entitled to it accept the risk in writing. Do not widen the margin once the result is known.

Limits
------
Margins add up: five releases may each lose a little. Compare with one fixed release now and then. Test rows that the
previous classifier was trained on favour it. Previous predictions that are missing, or that are no longer a label,
count as wrong.

Tango's interval of accuracy is approximate: at the default confidence and at the margin itself it passes in at most
2.5 % of audits, and fails in up to 5 % where few rows flip. The intervals of other metrics are resampled; with few
flips they are wider than necessary.

A record holds no weights, groups or units. With weights, a record alone is inconclusive: give the previous predictions
row by row. With units, its rows are assumed to depend on each other as much as the rows of this audit. McNemar's
p-value is left out with weights or units, because the test is for independent rows of equal weight.

References
----------
Tango (1998), Equivalence test and confidence interval for the difference in proportions for the paired-sample design.
McNemar (1947), Note on the sampling error of the difference between correlated proportions or percentages. For records:
Fay, Proschan and Brittain (2015), Combining one-sample confidence procedures for inference in the two-sample case; Zou
and Donner (2008), Construction of confidence limits about effect measures.

FDA (2016), Non-Inferiority Clinical Trials to Establish Effectiveness. Regulation (EU) 2024/1689, Articles 15(1) and
17(1)(d). NIST AI RMF, MEASURE 2.4 and MANAGE 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from llmops_audit.analysis.metrics.definitions import LABEL_METRICS, Average
from llmops_audit.check import check
from llmops_audit.check.limits import LimitsByName
from llmops_audit.record import Finding, Message, Op, Requirement, Severity, Table, Verdict, message

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from llmops_audit.analysis.regression import ReleaseComparison
    from llmops_audit.check.inputs import Baseline, Policy, Task
    from llmops_audit.evidence.outcomes import CrossTable, Outcomes
    from llmops_audit.evidence.pairs import Pairs

    Counts = npt.NDArray[np.int64]

_RANGES = {name: (0.0, metric.high - metric.low) for name, metric in LABEL_METRICS.items()}
Margins = Annotated[Mapping[str, float], LimitsByName(_RANGES, required=True)]
GroupMargins = Annotated[Mapping[str, float], LimitsByName(_RANGES)]
DEFAULT_MARGINS = {"accuracy": 0.02, "balanced_accuracy": 0.02}
SPLIT = {"split": "test"}


@check(severity=Severity.HIGH, words="llmops_audit.analysis.regression:WORDS")
def regression(
    pairs: Mapping[str, Pairs],
    outcomes: Mapping[str, Outcomes],
    baseline: Baseline | None,
    task: Task,
    policy: Policy,
    *,
    max_loss: Margins = DEFAULT_MARGINS,
    max_group_loss: GroupMargins = {},  # noqa: B006 - settings are frozen
    min_group_rows: Annotated[int, Field(ge=1)] = 30,
    average: Average | None = None,
) -> Iterator[Finding | Table]:
    """Judge the loss against the previous release, overall and by group, and count the rows that flipped."""
    from llmops_audit.analysis.metrics.label_metrics import default_average

    found, paired = outcomes.get("test"), pairs.get("test")
    margins = _Margins(max_loss, max_group_loss, min_group_rows, task, policy, average or default_average(task))
    if found is None or not found.has_predictions or not found.labels():
        yield _nothing(message("The split has no row with both a label and a prediction."))
    elif paired is not None and "baseline" in paired.cells:
        yield from _by_rows(margins, paired, found, baseline)
    elif baseline is not None:
        yield from _by_record(margins, baseline, found)
    else:
        yield _nothing(message("The spec names no previous release (`[baseline]`): there is nothing to compare with."))


@dataclass(frozen=True)
class _Margins:
    """The margins of the spec, and what they are judged by."""

    overall: Mapping[str, float]
    by_group: Mapping[str, float]
    min_group_rows: int
    task: Task
    policy: Policy
    average: Average

    def compared(self, name: str, table: CrossTable, record: CrossTable | None = None) -> ReleaseComparison:
        from llmops_audit.analysis.regression import compared

        return compared(name, table, self.task, self.average, self.policy, record)

    def judged(self, one: ReleaseComparison, margin: float, n: int, scope: Mapping[str, str]) -> Finding:
        from llmops_audit.check.verdicts import judged

        about = next((name for name in scope if name != "split"), "")
        return judged(
            one.gain.name, one.gain.value, Requirement(op=Op.AT_LEAST, limit=0.0 - margin, about=about), self.policy,
            bounds=one.gain.bounds, method=one.gain.method, n=n, scope={**scope, "against": "before"},
            details={"before": one.before, "now": one.now},
        )  # fmt: skip


def _by_rows(margins: _Margins, paired: Pairs, found: Outcomes, baseline: Baseline | None) -> Iterator[Finding | Table]:
    from llmops_audit.analysis.regression import difference_table, flip_table, record_title

    labels = margins.task.labels
    table = paired.table("baseline", labels)
    n = int(table.counts.sum())
    if not table.counts[:, : len(labels)].any():
        text = message("No prediction of the previous release is a label: nothing can be compared.")
        yield _nothing(text, n)
        return
    groups = {
        (name, value): paired.table("baseline", labels, {name: value})
        for name in found.groups
        for value, _ in found.group_counts(name)
    }
    enough = [group for group, one in groups.items() if one.counts.sum() >= margins.min_group_rows]
    rows = []
    for name, margin in sorted(margins.overall.items()):
        one = margins.compared(name, table)
        rows.append(one.row(compared=message("Predictions for the same rows")))
        yield _with_flips(margins.judged(one, margin, n, SPLIT), one, table, margins.policy)
    if margins.by_group:
        yield from _groups(margins, groups, enough)
    if baseline is not None:
        rows += [one.row(compared=record_title(baseline)) for one in _recorded(margins, found.table(labels), baseline)]
        if baseline.same_rows:
            yield _agrees(table.counts.sum(axis=2), baseline)
    yield difference_table("regression", rows)
    yield flip_table(table.counts, margins.task)
    if groups:
        names = sorted({"accuracy", *margins.by_group})
        rows = [
            margins.compared(name, one).row(attribute=attribute, group=group, rows=int(one.counts.sum()))
            for (attribute, group), one in groups.items()
            for name in names
        ]
        yield difference_table("regression_groups", rows)


def _with_flips(finding: Finding, one: ReleaseComparison, table: CrossTable, policy: Policy) -> Finding:
    from llmops_audit import stats
    from llmops_audit.analysis.metrics.differences import flips

    text = message("{verdict} It is the difference from the previous release, row by row.", verdict=finding.message)
    p_value, details = None, dict(finding.details)
    worse = one.high is not None and one.high < 0
    if one.gain.name == "accuracy":
        lost, won, _ = (int(rows.sum()) for rows in flips(table.counts))
        details |= {"lost": lost, "won": won}
        if table.by_unit is None and (table.weights == table.counts).all():
            p_value = stats.mcnemar(lost, won)
            worse = lost > won and p_value < 1 - policy.confidence
        else:
            text = message("{text} No p-value: McNemar's test is for independent rows of equal weight.", text=text)
    if worse and finding.verdict is Verdict.PASSED:
        text = message("Worse than the previous release beyond chance, but within the margin. {text}", text=text)
    if p_value is not None:
        details["mcnemar_p_value"] = p_value
    return finding.model_copy(update={"message": text, "details": details})


def _groups(
    margins: _Margins, groups: Mapping[tuple[str, str], CrossTable], enough: list[tuple[str, str]]
) -> Iterator[Finding]:
    for (name, value), table in groups.items():
        n, scope = int(table.counts.sum()), {**SPLIT, name: value}
        if (name, value) not in enough:
            least = margins.min_group_rows
            text = message("{rows} rows are fewer than the {least} that a group needs.", rows=n, least=least)
            none = Verdict.NOT_APPLICABLE
            yield Finding(metric="group_rows", scope=scope, value=n, n=n, verdict=none, message=text)
            continue
        for metric, margin in sorted(margins.by_group.items()):
            one = margins.compared(metric, table)
            yield _with_flips(margins.judged(one, margin, n, scope), one, table, margins.policy)
    for name in sorted(set(margins.task.groups) - {name for name, _ in enough}):
        yield _unknown_groups(message("No group has enough rows: the loss by group is unknown."), attribute=name)
    if not margins.task.groups:
        yield _unknown_groups(message("The spec names no group column (`data.groups`)."))


def _unknown_groups(text: Message, **scope: str) -> Finding:
    # Where the spec limits the loss by group and it cannot be judged, that is a doubt.
    return Finding(metric="groups", scope={**SPLIT, **scope}, verdict=Verdict.INCONCLUSIVE, message=text)


def _by_record(margins: _Margins, baseline: Baseline, found: Outcomes) -> Iterator[Finding | Table]:
    from llmops_audit.analysis.regression import difference_table, record_title

    table = found.table(margins.task.labels)
    n = int(table.counts.sum())
    if (table.weights != table.counts).any():
        text = message("The rows have weights; a record holds none: give the predictions (`baseline.predictions`).")
        yield Finding(metric="regression", scope=SPLIT, n=n, verdict=Verdict.INCONCLUSIVE, message=text)
        return
    compared = _recorded(margins, table, baseline)
    for (_, margin), one in zip(sorted(margins.overall.items()), compared, strict=True):
        finding = margins.judged(one, margin, n, SPLIT)
        yield finding.model_copy(
            update={
                "message": _with_source(finding.message, baseline),
                "details": {**finding.details, "same_rows": baseline.same_rows, "digest": baseline.digest},
            }
        )
    if margins.by_group:
        yield _unknown_groups(message("A record holds no groups: give the predictions (`baseline.predictions`)."))
    yield difference_table("regression", [one.row(compared=record_title(baseline)) for one in compared])


def _with_source(verdict: Message, baseline: Baseline) -> Message:
    name, version = baseline.name, baseline.version
    if baseline.same_rows:
        return message(
            "{verdict} The rows are those of {name} {version}, but only its totals are known; its predictions "
            "(`baseline.predictions`) would give a narrower interval.", verdict=verdict, name=name, version=version,
        )  # fmt: skip
    return message(
        "{verdict} The test data differ from those of {name} {version}, so the data may explain the difference.",
        verdict=verdict, name=name, version=version,
    )  # fmt: skip


def _recorded(margins: _Margins, now: CrossTable, baseline: Baseline) -> list[ReleaseComparison]:
    from llmops_audit.analysis.regression import record_table

    record = record_table(baseline, now)
    return [margins.compared(name, now, record) for name in sorted(margins.overall)]


def _agrees(given: Counts, baseline: Baseline) -> Finding:
    differing = int(abs(given - baseline.counts).sum())
    text = message("The predictions given for the previous release agree with its record.")
    if differing:
        text = message(
            "The predictions given for {name} {version} disagree with its record.",
            name=baseline.name, version=baseline.version,
        )  # fmt: skip
    return Finding(
        metric="baseline_record", scope=SPLIT, value=differing, method="census", n=int(given.sum()),
        requirement=Requirement(op=Op.AT_MOST, limit=0, source="default"), message=text,
        verdict=Verdict.INCONCLUSIVE if differing else Verdict.PASSED,
        details={"name": baseline.name, "version": baseline.version, "digest": baseline.digest},
    )  # fmt: skip


def _nothing(text: Message, n: int = 0) -> Finding:
    return Finding(metric="regression", scope=SPLIT, n=n, verdict=Verdict.NOT_APPLICABLE, message=text)
