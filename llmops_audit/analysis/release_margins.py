"""What a release may lose: each margin of the spec judged on the difference from the previous release."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.analysis.fairness.small_groups import LARGEST_SHARE
from llmops_audit.analysis.metrics.definitions import LABEL_METRICS, Average
from llmops_audit.analysis.metrics.differences import flips
from llmops_audit.analysis.metrics.score_differences import CALIBRATION_ERROR
from llmops_audit.analysis.regression import ReleaseComparison, ScoreEvidence, compared, record_table
from llmops_audit.check.inputs import Baseline, Policy, Task
from llmops_audit.check.verdicts import judged
from llmops_audit.evidence.outcomes import CrossTable
from llmops_audit.record import Finding, Message, Op, Requirement, Verdict, message

__all__ = [
    "SPLIT",
    "ReleaseMargins",
    "agrees",
    "group_findings",
    "recorded",
    "score_findings",
    "undecided",
    "unknown_groups",
    "with_flips",
]

SPLIT = {"split": "test"}

Counts = npt.NDArray[np.int64]
Groups = Mapping[tuple[str, str], CrossTable]


@dataclass(frozen=True)
class ReleaseMargins:
    """The margins of the spec, and what they are judged by.

    Attributes
    ----------
    overall, by_group : mapping of str to float
        Metric to the loss that is tolerated, of all rows and of each group.
    min_group_rows : int
    task : Task
    policy : Policy
    average : str
        See `llmops_audit.analysis.metrics.label_metrics.statistic`.
    """

    overall: Mapping[str, float]
    by_group: Mapping[str, float]
    min_group_rows: int
    task: Task
    policy: Policy
    average: Average

    @property
    def of_labels(self) -> list[tuple[str, float]]:
        """Metrics of labels with their margins, sorted."""
        return sorted((name, margin) for name, margin in self.overall.items() if name in LABEL_METRICS)

    @property
    def of_scores(self) -> list[tuple[str, float]]:
        """Metrics of scores with their margins, sorted."""
        return sorted((name, margin) for name, margin in self.overall.items() if name not in LABEL_METRICS)

    def compared(self, name: str, table: CrossTable, record: CrossTable | None = None) -> ReleaseComparison:
        """Compare a metric with the previous release, see `llmops_audit.analysis.regression.compared`."""
        return compared(name, table, self.task, self.average, self.policy, record)

    def judged(self, one: ReleaseComparison, margin: float, n: int, scope: Mapping[str, str]) -> Finding:
        """Judge a difference that rests on n rows; an attribute in the scope is what the requirement is about."""
        about = next((name for name in scope if name != "split"), "")
        return judged(
            one.gain.name, one.gain.value, _requirement(one.gain.name, margin, about), self.policy,
            bounds=one.gain.bounds, method=one.gain.method, n=n, scope={**scope, "against": "before"},
            details={"before": one.before, "now": one.now},
        )  # fmt: skip

    def same(
        self, one: ReleaseComparison, margin: float, n: int, scope: Mapping[str, str], baseline: Baseline
    ) -> Finding:
        """Judge what is the same as before, if it is defined: nothing was lost, whatever the rows."""
        about = next((name for name in scope if name != "split"), "")
        finding = judged(
            one.gain.name, one.gain.value, _requirement(one.gain.name, margin, about), self.policy,
            bounds=None, method="census", n=n, scope={**scope, "against": "before"},
            details={"before": one.before, "now": one.now, "same_rows": True, "digest": baseline.digest},
        )  # fmt: skip
        why = message(
            "Unchanged: the test rows, the classifier and its prediction for each row are those of {name} {version}.",
            name=baseline.name, version=baseline.version,
        )  # fmt: skip
        return finding.model_copy(update={"message": why}) if finding.verdict is Verdict.PASSED else finding

    def groups(self, tables: Groups) -> list[tuple[str, str]]:
        """Return the groups with enough rows."""
        return [group for group, table in tables.items() if table.counts.sum() >= self.min_group_rows]


def _requirement(metric: str, margin: float, about: str = "") -> Requirement:
    setting = ("max_group_loss" if about else "max_loss", metric)
    if metric == CALIBRATION_ERROR:
        return Requirement(op=Op.AT_MOST, limit=margin, about=about, setting=setting)
    return Requirement(op=Op.AT_LEAST, limit=0.0 - margin, about=about, setting=setting)


def undecided(metric: str, margin: float, text: Message, n: int, attribute: str = "") -> Finding:
    """Say why a requirement of the spec cannot be judged: that is a doubt."""
    scope = {**SPLIT, **({"attribute": attribute} if attribute else {}), "against": "before"}
    limit = _requirement(metric, margin, attribute)
    return Finding(metric=metric, scope=scope, n=n, requirement=limit, verdict=Verdict.INCONCLUSIVE, message=text)


def with_flips(finding: Finding, one: ReleaseComparison, table: CrossTable, policy: Policy) -> Finding:
    """Add to a finding that it was judged in pairs, and the rows that flipped."""
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


def score_findings(margins: ReleaseMargins, of_scores: ScoreEvidence, n: int) -> Iterator[Finding]:
    """Judge the metrics of scores, or say why they cannot be judged."""
    for name, margin in margins.of_scores:
        one = of_scores.compared(name, margins.policy)
        if isinstance(one, Message):
            yield undecided(name, margin, one, n)
            continue
        finding = margins.judged(one, margin, n, SPLIT)
        yield finding.model_copy(update={"message": of_scores.with_source(name, finding.message)})


def group_findings(
    margins: ReleaseMargins, tables: Groups, judged: Callable[[str, float, tuple[str, str]], Finding]
) -> Iterator[Finding]:
    """Judge each metric in each group with enough rows; say which groups have too few, and doubt what they hide."""
    enough = margins.groups(tables)
    for group, table in tables.items():
        if group in enough:
            for metric, margin in sorted(margins.by_group.items()):
                yield judged(metric, margin, group)
            continue
        n, least = int(table.counts.sum()), margins.min_group_rows
        text = message("{rows} rows are fewer than the {least} that a group needs.", rows=n, least=least)
        scope = {**SPLIT, group[0]: group[1]}
        none = Verdict.NOT_APPLICABLE
        yield Finding(metric="group_rows", scope=scope, value=n, n=n, verdict=none, message=text)
    for attribute in sorted({name for name, _ in enough}):
        for metric, margin in sorted(margins.by_group.items()):
            yield from _doubt(margins, tables, attribute, metric, margin, judged)
    for name in sorted(set(margins.task.groups) - {name for name, _ in enough}):
        yield from unknown_groups(margins, message("No group has enough rows: the loss by group is unknown."), name)
    if not margins.task.groups:
        yield from unknown_groups(margins, message("The spec names no group column (`data.groups`)."))


def _doubt(
    margins: ReleaseMargins, tables: Groups, attribute: str, metric: str, margin: float,
    judged: Callable[[str, float, tuple[str, str]], Finding],
) -> Iterator[Finding]:  # fmt: skip
    """Leave a doubt where a group of few rows surely lost more than the margin, or such groups have many rows."""
    rows = {group: int(table.counts.sum()) for group, table in tables.items() if group[0] == attribute}
    small = [group for group, n in rows.items() if 0 < n < margins.min_group_rows]
    found = [(group, judged(metric, margin, group)) for group in small]
    beyond = [
        group
        for group, one in found
        if one.verdict is Verdict.FAILED
        or (one.verdict is Verdict.UNDECIDED and (one.p_value or 0.0) * len(small) <= margins.policy.alpha)
    ]
    unjudged = [group for group, one in found if one.verdict is not Verdict.PASSED]
    places = {"all": sum(rows.values()), "least": margins.min_group_rows}
    if beyond:
        text = message(
            "Small groups lie wholly beyond the limit: {groups} ({rows:,} of {all:,} rows). Groups of fewer than "
            "{least:,} rows fail nothing, so that a person must look at them.",
            groups=_listed(beyond), rows=sum(rows[group] for group in beyond), **places,
        )  # fmt: skip
        yield undecided(metric, margin, text, places["all"], attribute)
    elif (left := sum(rows[group] for group in unjudged)) > LARGEST_SHARE * places["all"]:
        text = message(
            "Small groups stay unjudged, {rows:,} of {all:,} rows: {groups}. Each has fewer than {least:,}.",
            groups=_listed(unjudged), rows=left, **places,
        )  # fmt: skip
        yield undecided(metric, margin, text, places["all"], attribute)


def _listed(groups: list[tuple[str, str]]) -> str:
    return ", ".join(value for _, value in groups)


def unknown_groups(margins: ReleaseMargins, text: Message, *attributes: str) -> Iterator[Finding]:
    """Say why the loss by group cannot be judged, for each metric and attribute."""
    # Where the spec limits the loss by group and it cannot be judged, that is a doubt.
    for attribute in attributes:
        for metric, margin in sorted(margins.by_group.items()):
            yield undecided(metric, margin, text, 0, attribute)
    if not attributes:
        yield Finding(metric="groups", scope=SPLIT, verdict=Verdict.INCONCLUSIVE, message=text)


def agrees(given: Counts, baseline: Baseline) -> Finding:
    """Compare the predictions that were given for the previous release with its record."""
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


def recorded(margins: ReleaseMargins, now: CrossTable, baseline: Baseline) -> list[ReleaseComparison]:
    """Compare each metric of labels with the totals of a record."""
    record = record_table(baseline, now)
    return [margins.compared(name, now, record) for name, _ in margins.of_labels]
