"""What the report shows of a record, in the order in which it shows it. No language, no markup."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from llmops_audit.record import (
    LabelCount,
    Record,
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
from llmops_audit.render.judged import Judged
from llmops_audit.render.loose_findings import STANDING
from llmops_audit.render.overlap_view import SeenView, seen_view
from llmops_audit.render.overview_picture import OverviewPicture, overview_picture
from llmops_audit.render.requirement_cards import RequirementsView, requirement_cards
from llmops_audit.render.unmeasured import Unmeasured, unmeasured

__all__ = ["MAX_COLUMNS", "Pair", "ReportView", "confused_pairs", "most", "view", "with_missing"]

MAX_PAIRS = 25
MAX_COLUMNS = 200
"""Columns of a split that the data sheet lists."""

MAX_VALUES = 20

_ORDER = (*STANDING, Verdict.NOT_APPLICABLE, Verdict.PASSED)
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
    requirements : RequirementsView
    picture : OverviewPicture
    listed : frozenset of str
        Anchors of all findings that are shown.
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
    requirements: RequirementsView
    picture: OverviewPicture
    listed: frozenset[str]
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
    by_group = [figure for figure in record.figures.values() if isinstance(figure, GroupMetrics)]
    drifts = [figure for figure in record.figures.values() if isinstance(figure, Drift)]
    requirements = requirement_cards(record, beside_drift=bool(drifts))
    judged = [
        Judged(finding, check, requirements.anchors.get(finding.id, "findings"))
        for check in record.checks
        for finding in check.findings
    ]
    corrected = [one for one in record.requirements if one.rank is not None and one.gate != "report"]
    return ReportView(
        first_screen=first_screen(record),
        requirements=requirements,
        picture=overview_picture(requirements.cards),
        listed=frozenset(requirements.anchors.values()),
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
