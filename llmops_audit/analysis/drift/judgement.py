"""From hypotheses of drift to verdicts: all together, since each is corrected for all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from llmops_audit import stats
from llmops_audit.analysis.drift.hypotheses import Hypothesis
from llmops_audit.analysis.drift.measures import FLOORS
from llmops_audit.analysis.drift.windows import Windows
from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import combined
from llmops_audit.record import Finding, Message, Op, Requirement, Verdict, message
from llmops_audit.record.drift_figure import Shift, Timeline, TimeSeries, VerdictName

__all__ = [
    "DriftLimits",
    "JudgedHypothesis",
    "drifted_columns",
    "few_values",
    "findings",
    "judge_hypotheses",
    "shifts",
    "timeline",
    "window_findings",
    "without_time",
]


@dataclass(frozen=True)
class DriftLimits:
    """Limits on effects, by distance or column; a single number applies to all.

    Attributes
    ----------
    floors : float or mapping of str to float, optional
        Effects above which drift matters; by default `FLOORS`.
    max_detectable_effect : float or mapping of str to float, optional
        Largest effects that may have gone undetected.
    max_drifted_columns : int
        Number of columns that may drift; with 0, columns are judged one by one.
    """

    floors: float | Mapping[str, float] | None = None
    max_detectable_effect: float | Mapping[str, float] | None = None
    max_drifted_columns: int = 0

    def floor(self, one: Hypothesis) -> float:
        """Return the effect above which drift matters."""
        found = _of(self.floors, one)
        return FLOORS[one.measurement.method] if found is None else found

    def setting(self, one: Hypothesis) -> tuple[str, str]:
        """Return the setting that sets the floor, and the column or distance within."""
        by_column = isinstance(self.floors, Mapping) and one.column in self.floors
        return "max_effect", one.column if by_column else one.measurement.method

    def max_detectable(self, one: Hypothesis) -> float | None:
        """Return the largest effect that may have gone undetected; None without a limit.

        Windows have few rows and serve to date a drift: the limit applies to the whole split.
        """
        return None if one.window is not None else _of(self.max_detectable_effect, one)


def _of(given: float | Mapping[str, float] | None, one: Hypothesis) -> float | None:
    if not isinstance(given, Mapping):
        return given
    return given.get(one.column, given.get(one.measurement.method))


@dataclass(frozen=True)
class JudgedHypothesis:
    """A hypothesis with its verdict.

    Attributes
    ----------
    hypothesis : Hypothesis
    floor, low, high, p_adjusted, detectable : float
        The interval is that of the effect.
    verdict : Verdict
    text : Message
    setting : tuple of str
        The setting that sets the floor, and the key within.
    """

    hypothesis: Hypothesis
    floor: float
    low: float
    high: float
    p_adjusted: float
    detectable: float
    verdict: Verdict
    text: Message
    setting: tuple[str, str]


def judge_hypotheses(hypotheses: Sequence[Hypothesis], limits: DriftLimits, policy: Policy) -> list[JudgedHypothesis]:
    """Judge all hypotheses of a check together.

    Parameters
    ----------
    hypotheses : sequence of Hypothesis
    limits : DriftLimits
    policy : Policy

    Returns
    -------
    list of JudgedHypothesis
        Failed: Holm's corrected p-value is at most `policy.alpha`, and the effect's interval at `policy.confidence`
        lies above the floor. Passed: chance explains the difference, or the interval lies below the floor.
        Inconclusive otherwise, and where an effect above `limits.max_detectable_effect` could have gone undetected.
    """
    adjusted = stats.holm([one.measurement.p_value for one in hypotheses])
    level = policy.alpha / max(1, len(hypotheses))
    return [_judged(one, float(p), level, limits, policy) for one, p in zip(hypotheses, adjusted, strict=True)]


def _judged(one: Hypothesis, p_adjusted: float, level: float, limits: DriftLimits, policy: Policy) -> JudgedHypothesis:
    measurement, floor = one.measurement, limits.floor(one)
    low, high = measurement.bounds(policy.confidence)
    detectable = measurement.detectable(floor, policy.confidence, level)
    limit = limits.max_detectable(one)
    if policy.decide == "point":
        verdict = Verdict.FAILED if measurement.effect > floor else Verdict.PASSED
        text = message(
            "The value itself was compared with the limit; as the spec asks, its uncertainty was not considered."
        )
    elif p_adjusted <= policy.alpha and low > floor:
        verdict, text = (
            Verdict.FAILED,
            message("Chance does not explain the difference, and it is larger than the floor."),
        )
    elif p_adjusted <= policy.alpha and high > floor:
        verdict = Verdict.INCONCLUSIVE
        text = message(
            "Chance does not explain the difference, but these rows cannot decide whether it is larger than the floor."
        )
    elif limit is not None and high > floor and detectable > limit:
        verdict = Verdict.INCONCLUSIVE
        text = message(
            "These rows would detect an effect of {detectable:.2f} four times in five; the spec allows {limit:.2f}.",
            detectable=detectable,
            limit=limit,
        )
    elif p_adjusted <= policy.alpha:
        verdict, text = (
            Verdict.PASSED,
            message("Chance does not explain the difference, but it is smaller than the floor."),
        )
    else:
        verdict = Verdict.PASSED
        text = message(
            "Chance explains the difference. These rows would detect an effect of {detectable:.2f} four times in five.",
            detectable=detectable,
        )
    return JudgedHypothesis(one, floor, low, high, p_adjusted, detectable, verdict, text, limits.setting(one))


def findings(all_judged: Sequence[JudgedHypothesis], policy: Policy) -> Iterator[Finding]:
    """Return a finding for each hypothesis on a whole split."""
    for one in all_judged:
        if one.hypothesis.window is None:
            yield _finding(one, _scope(one.hypothesis), policy, len(all_judged), one.verdict, one.text)


def window_findings(
    all_judged: Sequence[JudgedHypothesis], windows: Mapping[str, Windows], policy: Policy
) -> Iterator[Finding]:
    """Return a finding for each column, or feature of it, over all windows of a split: the worst window's."""
    for series in _by_series(all_judged):
        in_split = windows[series[0].hypothesis.split]
        verdict = combined(one.verdict for one in series)
        worst = max(series, key=lambda one: (one.verdict is verdict, one.hypothesis.measurement.effect))
        broke = next((one for one in series if one.verdict is Verdict.FAILED), None)
        text = worst.text
        if broke is not None and broke.hypothesis.window is not None:
            start = in_split.windows[broke.hypothesis.window].start
            text = message("The first window that failed starts at {start}. {verdict}", start=start, verdict=worst.text)
        scope = {**_scope(worst.hypothesis), "windows": in_split.unit}
        yield _finding(worst, scope, policy, len(all_judged), verdict, text)


def _scope(one: Hypothesis) -> dict[str, str]:
    feature = {} if one.feature is None else {"feature": one.feature}
    return {"split": one.split, "column": one.column, **feature}


def _finding(
    one: JudgedHypothesis, scope: dict[str, str], policy: Policy, tests: int, verdict: Verdict, text: Message
) -> Finding:
    measurement = one.hypothesis.measurement
    point = policy.decide == "point"
    return Finding(
        metric=f"{measurement.method}_effect",
        scope=scope,
        value=measurement.effect,
        interval=(one.low, one.high),
        confidence=policy.confidence,
        method=measurement.procedure,
        n=sum(measurement.rows),
        p_value=measurement.p_value,
        p_adjusted=one.p_adjusted,
        tests=None if point else tests,
        requirement=Requirement(op=Op.AT_MOST, limit=one.floor, setting=one.setting),
        verdict=verdict,
        message=text,
        details={
            "distance": measurement.distance,
            "mean_under_permutation": measurement.expected,
            "detectable": one.detectable,
        },
    )


def drifted_columns(split: str, all_judged: Sequence[JudgedHypothesis], max_drifted: int, policy: Policy) -> Finding:
    """Judge a split by the number of its columns that failed.

    Its interval runs from the number of columns that failed to the number that failed or are undecided.
    """
    verdicts: dict[str, list[Verdict]] = {}
    for one in all_judged:
        if one.hypothesis.split == split:
            verdicts.setdefault(one.hypothesis.column, []).append(one.verdict)
    if not verdicts:
        text = message(
            "Nothing can be compared with the reference: every column has too few values, or only one distinct value."
        )
        return Finding(metric="drifted_columns", scope={"split": split}, verdict=Verdict.NOT_APPLICABLE, message=text)
    worst = [combined(found) for found in verdicts.values()]
    failed = worst.count(Verdict.FAILED)
    possible = failed + worst.count(Verdict.INCONCLUSIVE)
    if failed > max_drifted:
        verdict, text = Verdict.FAILED, message("More columns failed than are allowed.")
    elif possible > max_drifted and policy.decide == "bound":
        verdict, text = (
            Verdict.INCONCLUSIVE,
            message("Counting undecided columns, more may have failed than are allowed."),
        )
    else:
        verdict, text = Verdict.PASSED, message("No more columns failed than are allowed.")
    return Finding(
        metric="drifted_columns",
        scope={"split": split},
        value=failed,
        interval=(failed, possible),
        method="count of columns",
        details={"compared_columns": len(worst)},
        requirement=Requirement(op=Op.AT_MOST, limit=max_drifted, setting=("max_drifted_columns",)),
        verdict=verdict,
        message=text,
    )


def few_values(split: str, column: str, n: int, min_rows: int) -> Finding:
    """Report a column that has too few values to compare."""
    text = message("{rows} rows are fewer than the {least} that a comparison needs.", rows=n, least=min_rows)
    scope = {"split": split, "column": column}
    return Finding(metric="rows", scope=scope, n=n, verdict=Verdict.NOT_APPLICABLE, message=text)


def without_time(split: str, windows: Windows) -> Finding:
    """Report the rows that have no time; where none has any, the windows that were asked for are not judged."""
    text = message("{rows} rows have no time and belong to no window.", rows=windows.without_time)
    nothing = windows.without_time == len(windows.index)
    if nothing:
        text = message("No row has a time, so that windows of time cannot be compared.")
    return Finding(
        metric="rows_without_time",
        scope={"split": split},
        value=windows.without_time,
        n=len(windows.index),
        verdict=Verdict.INCONCLUSIVE if nothing else Verdict.NOT_APPLICABLE,
        message=text,
    )


def shifts(all_judged: Sequence[JudgedHypothesis], importance: Mapping[str, float] | None) -> list[Shift]:
    """Return what the figure holds of each hypothesis on a whole split, the largest effect on predictions first."""
    whole = [one for one in all_judged if one.hypothesis.window is None]

    def rank(one: JudgedHypothesis) -> tuple[float, float, *tuple[str, ...]]:
        return -_weight(one, importance), -one.hypothesis.measurement.effect, *_scope(one.hypothesis).values()

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


_WORST_FIRST = (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.PASSED)


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
        broke_in=next((one.hypothesis.window for one in series if one.verdict is Verdict.FAILED), None),
        verdict=_name(combined(one.verdict for one in series)),
    )


def _name(verdict: Verdict) -> VerdictName:
    names: dict[Verdict, VerdictName] = {Verdict.FAILED: "failed", Verdict.INCONCLUSIVE: "inconclusive"}
    return names.get(verdict, "passed")
