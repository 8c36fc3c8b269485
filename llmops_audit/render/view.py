"""What the report shows of a record, in the order in which it shows it. No language, no markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from llmops_audit.record import (
    ADVICE,
    CheckResult,
    Finding,
    LabelCount,
    Record,
    Severity,
    SplitInfo,
    Verdict,
)
from llmops_audit.record.figures import ConfusionMatrix, Drift, GroupMetrics, Table
from llmops_audit.render.changed import ChangesView, changes_view
from llmops_audit.render.clauses import FrameworkView, clause_view
from llmops_audit.render.curves_view import PerformanceView, performance_view
from llmops_audit.render.drift_view import DriftView, drift_view
from llmops_audit.render.first_screen import FirstScreen, first_screen
from llmops_audit.render.glossary import Term, glossary
from llmops_audit.render.groups_view import MAX_LINES, GroupView, group_view
from llmops_audit.render.items import limit_reasons
from llmops_audit.render.judged import Judged, plot
from llmops_audit.render.overlap_view import SeenView, seen_view
from llmops_audit.render.unmeasured import Unmeasured, unmeasured

__all__ = ["MAX_COLUMNS", "Pair", "ReportView", "confused_pairs", "most", "view", "with_missing"]

MAX_PAIRS = 25
MAX_COLUMNS = 200
"""Columns of a split that the data sheet lists."""

MAX_VALUES = 20

MAX_IN_FULL, MAX_BESIDE_DRIFT = 200, 30
"""Findings that are all shown in full; of more only the first are, so that a report stays under 500 kB.

Beside a figure of drift, which shows every column as well, there is room for fewer.
"""

MAX_CARDS, MAX_ROWS = 60, 20
MAX_BRIEF = 500

_ATTENTION = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.FOUND)
_ORDER = (*_ATTENTION, Verdict.NOT_APPLICABLE, Verdict.PASSED)
_SEVERITIES = tuple(Severity)
_SPLITS = ("train", "test", "live")


@dataclass(frozen=True)
class Pair:
    """A label, another that was predicted (None: no valid label), how often, and the share of the label's rows."""

    label: str
    prediction: str | None
    rows: int
    share: float


@dataclass(frozen=True)
class ReportView:
    """The parts of the report.

    Attributes
    ----------
    first_screen : FirstScreen
    attention : tuple of Judged
        Findings that failed, are in error or inconclusive and are shown in full, the most severe first.
    by_severity : tuple of (Severity or None, tuple of Judged)
        The same, the failed first within a severity.
    attention_briefly : tuple of Judged
        Those that take one line each.
    aside : tuple of Judged
        Findings of checks whose verdict has no bearing on the decision, the failed first.
    others, others_briefly : tuple of Judged
        Not applicable and passed, likewise.
    listed : frozenset of str
        Anchors of all findings that are shown.
    hidden : int
        Findings that are not shown.
    splits : tuple of (str, SplitInfo)
        In the order in which a classifier meets them.
    matrices : tuple of ConfusionMatrix
    performance : PerformanceView
    tables : tuple of Table
    groups : tuple of GroupView
    drifts : tuple of DriftView
    fairness, personal_data : tuple of Table
        Tables of these chapters.
    changes : ChangesView, optional
    clauses : tuple of FrameworkView
    unmeasured : tuple of Unmeasured
    terms : tuple of Term
    tests, chance_checks : int
        Requirements that were judged by chance, and the checks that they belong to.
    unit : str, optional
        Column of the units that rows belong to.
    seen : tuple of SeenView
    """

    first_screen: FirstScreen
    attention: tuple[Judged, ...]
    by_severity: tuple[tuple[Severity | None, tuple[Judged, ...]], ...]
    attention_briefly: tuple[Judged, ...]
    aside: tuple[Judged, ...]
    others: tuple[Judged, ...]
    others_briefly: tuple[Judged, ...]
    listed: frozenset[str]
    hidden: int
    splits: tuple[tuple[str, SplitInfo], ...]
    matrices: tuple[ConfusionMatrix, ...]
    performance: PerformanceView
    tables: tuple[Table, ...]
    groups: tuple[GroupView, ...]
    drifts: tuple[DriftView, ...]
    fairness: tuple[Table, ...]
    personal_data: tuple[Table, ...]
    changes: ChangesView | None
    clauses: tuple[FrameworkView, ...]
    unmeasured: tuple[Unmeasured, ...]
    terms: tuple[Term, ...]
    tests: int
    chance_checks: int
    unit: str | None
    seen: tuple[SeenView, ...]


def view(record: Record) -> ReportView:
    """Return the parts of the report of a record."""
    found = [(check, finding) for check in record.checks for finding in check.findings]
    reasons = limit_reasons(record)
    judged = [
        Judged(finding, check, f"finding-{number}", plot(finding), reasons.get(finding.id), _advice(check))
        for number, (check, finding) in enumerate(found, 1)
    ]
    ordered = sorted(judged, key=lambda j: (_ORDER.index(j.finding.verdict), _severity_rank(j.finding)))
    aside = [j for j in ordered if j.check.gate == "report"]
    deciding = [j for j in ordered if j.check.gate != "report"]
    attention = [j for j in deciding if j.finding.verdict in _ATTENTION]
    others = [j for j in deciding if j.finding.verdict not in _ATTENTION]
    by_group = [figure for figure in record.figures.values() if isinstance(figure, GroupMetrics)]
    drifts = [figure for figure in record.figures.values() if isinstance(figure, Drift)]
    cards, rows = len(attention), len(others)
    if len(judged) > (MAX_BESIDE_DRIFT if drifts else MAX_IN_FULL):
        cards, rows, aside = MAX_CARDS, MAX_ROWS, aside[:MAX_ROWS]
    briefly = [*attention[cards:], *others[rows:]][:MAX_BRIEF]
    shown = [*attention[:cards], *others[:rows], *briefly, *aside]
    corrected = [one for one in record.requirements if one.rank is not None and one.gate != "report"]
    return ReportView(
        first_screen=first_screen(record),
        attention=tuple(attention[:cards]),
        by_severity=_by_severity(attention[:cards]),
        attention_briefly=tuple(j for j in briefly if j.finding.verdict in _ATTENTION),
        aside=tuple(aside),
        others=tuple(others[:rows]),
        others_briefly=tuple(j for j in briefly if j.finding.verdict not in _ATTENTION),
        listed=frozenset(j.anchor for j in shown),
        hidden=len(judged) - len(shown),
        splits=tuple(sorted(record.data.items(), key=lambda item: _split_rank(item[0]))),
        matrices=tuple(figure for figure in record.figures.values() if isinstance(figure, ConfusionMatrix)),
        performance=performance_view(record),
        tables=_tables(record, None),
        groups=tuple(group_view(figure, MAX_LINES // len(by_group)) for figure in by_group),
        drifts=tuple(drift_view(figure, parts=len(drifts)) for figure in drifts),
        fairness=_tables(record, "fairness"),
        personal_data=_tables(record, "personal_data"),
        changes=None if record.changes is None else changes_view(record.changes),
        clauses=clause_view(record, judged),
        unmeasured=unmeasured(record),
        terms=glossary(record),
        tests=len(corrected),
        unit=next((split.unit for split in record.data.values() if split.unit is not None), None),
        seen=seen_view(record),
        chance_checks=len({one.check for one in corrected}),
    )


def _tables(record: Record, chapter: str | None) -> tuple[Table, ...]:
    tables = (figure for figure in record.figures.values() if isinstance(figure, Table))
    return tuple(table for table in tables if table.chapter == chapter)


def _advice(check: CheckResult) -> str | None:
    sections = {section.heading: section.paragraphs for section in check.page.sections}
    return next(iter(sections.get(ADVICE, ())), None)


def _by_severity(judged: Sequence[Judged]) -> tuple[tuple[Severity | None, tuple[Judged, ...]], ...]:
    ordered = sorted(judged, key=lambda j: _severity_rank(j.finding))
    seen: set[tuple[str, Verdict]] = set()
    for index, one in enumerate(ordered):
        kind = one.check.name, one.finding.verdict
        ordered[index] = replace(one, advised=kind not in seen)
        seen.add(kind)
    return tuple((severity, tuple(group)) for severity, group in groupby(ordered, key=lambda j: j.finding.severity))


def confused_pairs(matrix: ConfusionMatrix) -> tuple[Pair, ...]:
    """Return the wrong predictions of a confusion matrix, the most frequent first, at most `MAX_PAIRS`."""
    names = [str(label) for label in matrix.labels]
    pairs = []
    for i, (row, invalid) in enumerate(zip(matrix.counts, matrix.invalid, strict=True)):
        total = sum(row) + invalid
        wrong = [(names[j], count) for j, count in enumerate(row) if j != i and count]
        pairs += [Pair(names[i], name, count, count / total) for name, count in wrong]
        if invalid:
            pairs.append(Pair(names[i], None, invalid, invalid / total))
    pairs.sort(key=lambda pair: -pair.rows)
    return tuple(pairs[:MAX_PAIRS])


def most(counts: Iterable[LabelCount]) -> tuple[LabelCount, ...]:
    """Return the values with the most rows, at most `MAX_VALUES`, in the record's order where all fit."""
    given = tuple(counts)
    return given if len(given) <= MAX_VALUES else tuple(sorted(given, key=lambda c: -c.rows)[:MAX_VALUES])


def with_missing(split: SplitInfo) -> tuple[tuple[str, int], ...]:
    """Return the columns of a split that miss values, with the rows that do, at most `MAX_VALUES`, most rows first."""
    found = [(column.name, column.missing) for column in split.columns if column.missing]
    return tuple(sorted(found, key=lambda item: (-item[1], item[0]))[:MAX_VALUES])


def _split_rank(name: str) -> int:
    return _SPLITS.index(name) if name in _SPLITS else len(_SPLITS)


def _severity_rank(finding: Finding) -> int:
    return len(_SEVERITIES) if finding.severity is None else _SEVERITIES.index(finding.severity)
