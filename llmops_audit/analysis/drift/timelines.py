"""From hypotheses of drift to what a report shows of them: by size, and by windows of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from llmops_audit.analysis.drift.judgement import JudgedHypothesis, finding_of, scope_of, worst_of
from llmops_audit.analysis.drift.windows import Windows
from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import combined
from llmops_audit.record import Finding, Verdict, message
from llmops_audit.record.drift_figure import Shift, Timeline, TimeSeries, VerdictName

__all__ = ["shifts", "timeline", "window_findings", "without_time"]


def window_findings(
    all_judged: Sequence[JudgedHypothesis], windows: Mapping[str, Windows], policy: Policy
) -> Iterator[Finding]:
    """Return a finding for each column, or feature of it, over all windows of a split: the worst window's."""
    for series in _by_series(all_judged):
        in_split = windows[series[0].hypothesis.split]
        worst = worst_of(series)
        broke = next((one for one in series if one.broke), None)
        text = worst.text
        if broke is not None and broke.hypothesis.window is not None:
            start = in_split.windows[broke.hypothesis.window].start
            text = message("The first window that failed starts at {start}. {verdict}", start=start, verdict=worst.text)
        scope = {**scope_of(worst.hypothesis), "windows": in_split.unit}
        yield finding_of(series, scope, policy, text)


def without_time(split: str, windows: Windows) -> Finding:
    """Report the rows that have no time; where none has any, the windows that were asked for are not judged."""
    text = message("{rows} rows have no time and belong to no window.", rows=windows.without_time)
    rows = windows.without_time + sum(window.rows for window in windows.windows)
    nothing = windows.without_time == rows
    if nothing:
        text = message("No row has a time, so that windows of time cannot be compared.")
    return Finding(
        metric="rows_without_time",
        scope={"split": split},
        value=windows.without_time,
        n=rows,
        verdict=Verdict.INCONCLUSIVE if nothing else Verdict.NOT_APPLICABLE,
        message=text,
    )


def shifts(all_judged: Sequence[JudgedHypothesis], importance: Mapping[str, float] | None) -> list[Shift]:
    """Return what the figure holds of each hypothesis on a whole split, the largest effect on predictions first."""
    whole = [one for one in all_judged if one.hypothesis.window is None]

    def rank(one: JudgedHypothesis) -> tuple[float, float, *tuple[str, ...]]:
        return -_weight(one, importance), -one.hypothesis.measurement.effect, *scope_of(one.hypothesis).values()

    ordered = sorted(whole, key=rank)
    return [_shift(one, importance or {}) for one in ordered]


def _weight(one: JudgedHypothesis, importance: Mapping[str, float] | None) -> float:
    """Return effect times importance; labels and predictions count like the most important column."""
    known = importance or {}
    return one.hypothesis.measurement.effect * known.get(one.hypothesis.column, max(known.values(), default=1.0))


def _shift(one: JudgedHypothesis, importance: Mapping[str, float]) -> Shift:
    measurement = one.hypothesis.measurement
    return Shift(
        split=one.hypothesis.split,
        column=one.hypothesis.column,
        feature=one.hypothesis.feature,
        method=measurement.method,
        reference_rows=measurement.rows[0],
        current_rows=measurement.rows[1],
        reference_value=measurement.values[0],
        current_value=measurement.values[1],
        distance=measurement.distance,
        expected=measurement.expected,
        effect=measurement.effect,
        low=one.low,
        high=one.high,
        floor=one.floor,
        p_value=measurement.p_value,
        p_adjusted=one.p_adjusted,
        detectable=one.detectable,
        importance=importance.get(one.hypothesis.column),
        verdict=_name(one.verdict),
    )


def timeline(
    split: str, all_judged: Sequence[JudgedHypothesis], windows: Windows, importance: Mapping[str, float] | None
) -> Timeline:
    """Return the timeline of a split: what failed first, then by the largest effect on predictions."""

    def rank(series: Sequence[JudgedHypothesis]) -> tuple[int, float]:
        verdict = combined(one.verdict for one in series)
        return _WORST_FIRST.index(verdict), -max(_weight(one, importance) for one in series)

    found = sorted((series for series in _by_series(all_judged) if series[0].hypothesis.split == split), key=rank)
    return Timeline(
        split=split,
        unit=windows.unit,
        windows=windows.windows,
        without_time=windows.without_time,
        series=tuple(_time_series(series, len(windows.windows)) for series in found),
    )


_WORST_FIRST = (
    Verdict.FAILED, Verdict.UNDECIDED, Verdict.INCONCLUSIVE, Verdict.FOUND, Verdict.PASSED, Verdict.NOT_APPLICABLE,
)  # fmt: skip


def _by_series(all_judged: Sequence[JudgedHypothesis]) -> list[list[JudgedHypothesis]]:
    by_column: dict[tuple[str, str, str | None], list[JudgedHypothesis]] = {}
    for one in all_judged:
        if one.hypothesis.window is not None:
            by_column.setdefault((one.hypothesis.split, one.hypothesis.column, one.hypothesis.feature), []).append(one)
    return list(by_column.values())


def _time_series(series: Sequence[JudgedHypothesis], windows: int) -> TimeSeries:
    at = np.full(windows, -1)
    for i, one in enumerate(series):
        at[one.hypothesis.window] = i
    by_window = [None if i < 0 else series[i] for i in at.tolist()]
    first = series[0]
    return TimeSeries(
        column=first.hypothesis.column,
        feature=first.hypothesis.feature,
        method=first.hypothesis.measurement.method,
        floor=first.floor,
        effects=tuple(None if one is None else one.hypothesis.measurement.effect for one in by_window),
        lows=tuple(None if one is None else one.low for one in by_window),
        highs=tuple(None if one is None else one.high for one in by_window),
        verdicts=tuple(None if one is None else _name(one.verdict) for one in by_window),
        broke_in=next((one.hypothesis.window for one in series if one.broke), None),
        verdict=_name(combined(one.verdict for one in series)),
    )


_NAMES: Mapping[Verdict, VerdictName] = {
    Verdict.FAILED: "failed",
    Verdict.UNDECIDED: "failed",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.FOUND: "found",
    Verdict.PASSED: "passed",
}


def _name(verdict: Verdict) -> VerdictName | None:
    """Return the verdict on a hypothesis as the figure has it; None where it is only described."""
    return _NAMES.get(verdict)
