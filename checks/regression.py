"""Regression: is the classifier at least as good as the previous release?

What it measures
----------------
The classifier is compared with the release that is in use today. Where the spec gives the predictions of that previous
release for the same test rows (`[baseline] predictions`), the comparison is paired: row by row, which of the two is
right? Rows that both predict correctly, or both wrongly, cancel out. The rows that flipped remain: lost (right before,
wrong now) and won (wrong before, right now). Where the spec gives only the previous record (`[baseline] record`), two
totals are compared, each with its own uncertainty. Given both, the paired comparison decides, and the record stands
beside it.

A record alone says more in two cases. If test rows, classifier and the prediction for each row are those of the record,
the release is unchanged: every margin is met, on any number of rows. And if the previous audit wrote its predictions
beside the record (`[report] predictions = true`), the same rows are found again in that file and compared in pairs.

Each number is a difference, new less old: below zero is worse. A loss is tolerated up to a margin, by default 0.02 for
accuracy and for balanced accuracy; `max_loss` sets other metrics and margins. `max_group_loss` sets margins that every
group of people must keep; a table shows the groups in any case.

`max_loss` also takes `roc_auc`, `average_precision` and `expected_calibration_error`, which must not rise by more than
its margin. Areas are compared row by row where the file holds the scores of the previous release, to two decimals;
otherwise, and for the calibration error always, the interval is that of independent samples, from the curves of the
record. A record without them leaves the requirement inconclusive.

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

To have pairs at the next release, write `[report] predictions = true` and keep a secret key of at least 32 bytes in the
variable `LLMOPS_AUDIT_KEY`, or in a file outside the repository that nobody else may read (`[report] key_file`, mode
0600). The audit then writes predictions.parquet beside the record. It is pseudonymised: keep and delete it as personal
data. The next audit needs the same key.

Limits
------
Margins add up: five releases may each lose a little. Compare with one fixed release now and then. Test rows that the
previous classifier was trained on favour it. Previous predictions that are missing, or that are no longer a label,
count as wrong.

Tango's interval of accuracy is approximate: at the default confidence and at the margin itself it passes in at most
2.5 % of audits, and fails in up to 5 % where few rows flip. The intervals of other metrics are resampled; with few
flips they are wider than necessary.

In predictions.parquet a row is the HMAC-SHA-256 of its text or features, its id where the spec names one, and its
label, with a number among equal rows; the file holds no value of a row. A release with other inputs, another label
column or another key has no pairs, nor have test rows of which fewer than 95 % stand in the file; between 95 % and all,
rows that do not stand in it are left out. That nothing changed is known by digests: for predictions that were saved, of
the file and of each prediction, since the classifier itself is not seen.

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
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from llmops_audit.analysis.metrics.definitions import LABEL_METRICS, SCORE_METRICS, Average
from llmops_audit.check import check
from llmops_audit.check.limits import LimitsByName
from llmops_audit.record import Finding, Message, Severity, Table, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.analysis.regression import ScoreEvidence
    from llmops_audit.analysis.release_margins import ReleaseMargins
    from llmops_audit.check.inputs import Baseline, Policy, Task
    from llmops_audit.evidence.outcomes import Outcomes
    from llmops_audit.evidence.pairs import Pairs
    from llmops_audit.evidence.score_pairs import ScorePairs
    from llmops_audit.evidence.scores import Scores

_LABEL_RANGES = {name: (0.0, metric.high - metric.low) for name, metric in LABEL_METRICS.items()}
_RANGES = {**_LABEL_RANGES, **dict.fromkeys([*SCORE_METRICS, "expected_calibration_error"], (0.0, 1.0))}
Margins = Annotated[Mapping[str, float], LimitsByName(_RANGES, required=True)]
GroupMargins = Annotated[Mapping[str, float], LimitsByName(_LABEL_RANGES)]
DEFAULT_MARGINS = {"accuracy": 0.02, "balanced_accuracy": 0.02}
SPLIT = {"split": "test"}


@check(severity=Severity.HIGH, words="llmops_audit.analysis.regression:WORDS")
def regression(
    pairs: Mapping[str, Pairs],
    outcomes: Mapping[str, Outcomes],
    scores: Mapping[str, Scores],
    score_pairs: Mapping[str, ScorePairs],
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
    from llmops_audit.analysis.regression import ScoreEvidence, flipped
    from llmops_audit.analysis.release_margins import ReleaseMargins

    found, paired = outcomes.get("test"), pairs.get("test")
    of_scores = ScoreEvidence(scores.get("test"), score_pairs.get("test"), baseline, task)
    margins = ReleaseMargins(max_loss, max_group_loss, min_group_rows, task, policy, average or default_average(task))
    given = paired is not None and "baseline" in paired.cells
    if found is None or not found.has_predictions or not found.labels():
        yield _nothing(message("The split has no row with both a label and a prediction."))
    elif baseline is not None and baseline.unchanged and not (given and paired and flipped(paired, task)):
        yield from _unchanged(margins, found, baseline, of_scores)
    elif given and paired:
        yield from _by_rows(margins, paired, found, baseline, of_scores)
    elif baseline is not None:
        yield from _by_record(margins, baseline, found, of_scores)
    else:
        yield _nothing(message("The spec names no previous release (`[baseline]`): there is nothing to compare with."))


def _unchanged(
    margins: ReleaseMargins, found: Outcomes, baseline: Baseline, of_scores: ScoreEvidence
) -> Iterator[Finding | Table]:
    from llmops_audit.analysis.regression import difference_table, tables_by_group, unchanged
    from llmops_audit.analysis.release_margins import group_findings, score_findings

    name, version, labels = baseline.name, baseline.version, margins.task.labels
    table = found.table(labels)
    n = int(table.counts.sum())
    rows = []
    for metric, margin in margins.of_labels:
        one = unchanged(metric, table, margins.task, margins.average)
        rows.append(one.row(compared=message("Unchanged since {name} {version}", name=name, version=version)))
        yield margins.same(one, margin, n, SPLIT, baseline)
    if baseline.scores_unchanged:
        for metric, margin in margins.of_scores:
            same = of_scores.unchanged(metric)
            yield margins.same(same, margin, n, SPLIT, baseline)
    else:
        yield from score_findings(margins, of_scores, n)
    if margins.by_group:
        tables = tables_by_group(found, labels)

        def judged(metric: str, margin: float, group: tuple[str, str]) -> Finding:
            one, rows = unchanged(metric, tables[group], margins.task, margins.average), tables[group].counts.sum()
            return margins.same(one, margin, int(rows), {**SPLIT, group[0]: group[1]}, baseline)

        yield from group_findings(margins, tables, judged)
    if rows:
        yield difference_table("regression", rows)


def _by_rows(
    margins: ReleaseMargins, paired: Pairs, found: Outcomes, baseline: Baseline | None, of_scores: ScoreEvidence
) -> Iterator[Finding | Table]:
    from llmops_audit.analysis.regression import difference_table, flip_table, pairs_title, record_title
    from llmops_audit.analysis.release_margins import agrees, group_findings, recorded, score_findings, with_flips

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
    rows = []
    for name, margin in margins.of_labels:
        one = margins.compared(name, table)
        rows.append(one.row(compared=pairs_title(baseline)))
        yield with_flips(margins.judged(one, margin, n, SPLIT), one, table, margins.policy)
    yield from score_findings(margins, of_scores, n)
    if margins.by_group:

        def judged(metric: str, margin: float, group: tuple[str, str]) -> Finding:
            one, table = margins.compared(metric, groups[group]), groups[group]
            scope = {**SPLIT, group[0]: group[1]}
            finding = margins.judged(one, margin, int(table.counts.sum()), scope)
            return with_flips(finding, one, table, margins.policy)

        yield from group_findings(margins, groups, judged)
    if baseline is not None and baseline.paired is None:
        rows += [one.row(compared=record_title(baseline)) for one in recorded(margins, found.table(labels), baseline)]
        if baseline.same_rows:
            yield agrees(table.counts.sum(axis=2), baseline)
    if rows:
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


def _by_record(
    margins: ReleaseMargins, baseline: Baseline, found: Outcomes, of_scores: ScoreEvidence
) -> Iterator[Finding | Table]:
    from llmops_audit.analysis.regression import difference_table, record_title, with_source
    from llmops_audit.analysis.release_margins import recorded, score_findings, undecided, unknown_groups

    table = found.table(margins.task.labels)
    n = int(table.counts.sum())
    if (table.weights != table.counts).any():
        text = message("The rows have weights; a record holds none: give the predictions (`baseline.predictions`).")
        for name, margin in margins.of_labels:
            yield undecided(name, margin, text, n)
    else:
        compared = recorded(margins, table, baseline)
        for (_, margin), one in zip(margins.of_labels, compared, strict=True):
            finding = margins.judged(one, margin, n, SPLIT)
            details = {**finding.details, "same_rows": baseline.same_rows, "digest": baseline.digest}
            yield finding.model_copy(update={"message": with_source(finding.message, baseline), "details": details})
        if compared:
            yield difference_table("regression", [one.row(compared=record_title(baseline)) for one in compared])
    yield from score_findings(margins, of_scores, n)
    if margins.by_group:
        text = message("A record holds no groups: give the predictions (`baseline.predictions`).")
        yield from unknown_groups(margins, text, *sorted(margins.task.groups))


def _nothing(text: Message, n: int = 0) -> Finding:
    return Finding(metric="regression", scope=SPLIT, n=n, verdict=Verdict.NOT_APPLICABLE, message=text)
