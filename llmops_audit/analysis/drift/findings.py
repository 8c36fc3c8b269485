"""From hypotheses of drift to verdicts: all at once, since each is corrected for the others."""

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
    "Judged",
    "Limits",
    "drifted_columns",
    "few_values",
    "findings",
    "judged",
    "shifts",
    "timeline",
    "window_findings",
    "without_time",
]


@dataclass(frozen=True)
class Limits:
    """Effects by method or column; a number is that of all.

    Attributes
    ----------
    floors : float or mapping of str to float, optional
        From which drift matters; `FLOORS` where nothing is said.
    must_detect : float or mapping of str to float, optional
        That must not have stayed unseen.
    max_drifted_columns : int
        Columns that may drift; columns are judged one by one where none may.
    """

    floors: float | Mapping[str, float] | None = None
    must_detect: float | Mapping[str, float] | None = None
    max_drifted_columns: int = 0

    def floor(self, one: Hypothesis) -> float:
        """Return the effect from which drift matters."""
        found = _of(self.floors, one)
        return FLOORS[one.measured.method] if found is None else found

    def wanted(self, one: Hypothesis) -> float | None:
        """Return the effect that must not have stayed unseen; None where the spec asks for none.

        Windows hold few rows, and are there to tell when: it is the whole split that must not hide an effect.
        """
        return None if one.window is not None else _of(self.must_detect, one)


def _of(given: float | Mapping[str, float] | None, one: Hypothesis) -> float | None:
    if not isinstance(given, Mapping):
        return given
    return given.get(one.column, given.get(one.measured.method))


@dataclass(frozen=True)
class Judged:
    """A hypothesis with its verdict.

    Attributes
    ----------
    of : Hypothesis
    floor, low, high, p_adjusted, detectable : float
        The interval is that of the effect.
    verdict : Verdict
    text : Message
    """

    of: Hypothesis
    floor: float
    low: float
    high: float
    p_adjusted: float
    detectable: float
    verdict: Verdict
    text: Message


def judged(hypotheses: Sequence[Hypothesis], limits: Limits, policy: Policy) -> list[Judged]:
    """Judge all hypotheses of a check together.

    Parameters
    ----------
    hypotheses : sequence of Hypothesis
    limits : Limits
    policy : Policy

    Returns
    -------
    list of Judged
        Failed: Holm's corrected p-value is at most `policy.alpha`, and the effect's interval at `policy.confidence`
        lies above the floor. Passed: chance explains the difference, or the interval lies below the floor.
        Inconclusive otherwise, and where a shift that `limits.must_detect` names could have stayed unseen.
    """
    adjusted = stats.holm([one.measured.p_value for one in hypotheses])
    level = policy.alpha / max(1, len(hypotheses))
    return [_judged(one, float(p), level, limits, policy) for one, p in zip(hypotheses, adjusted, strict=True)]


def _judged(one: Hypothesis, p_adjusted: float, level: float, limits: Limits, policy: Policy) -> Judged:
    measured, floor = one.measured, limits.floor(one)
    low, high = measured.bounds(policy.confidence)
    detectable = measured.detectable(floor, policy.confidence, level)
    wanted = limits.wanted(one)
    if policy.decide == "point":
        verdict = Verdict.FAILED if measured.effect > floor else Verdict.PASSED
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
            "Chance does not explain the difference; whether it is larger than the floor, these rows cannot decide."
        )
    elif wanted is not None and high > floor and detectable > wanted:
        verdict = Verdict.INCONCLUSIVE
        text = message(
            "So many rows find an effect of {detectable:.2f} four times in five; the spec asks for {wanted:.2f}.",
            detectable=detectable,
            wanted=wanted,
        )
    elif p_adjusted <= policy.alpha:
        verdict, text = (
            Verdict.PASSED,
            message("Chance does not explain the difference, but it is smaller than the floor."),
        )
    else:
        verdict = Verdict.PASSED
        text = message(
            "Chance explains the difference. So many rows find an effect of {detectable:.2f} four times in five.",
            detectable=detectable,
        )
    return Judged(one, floor, low, high, p_adjusted, detectable, verdict, text)


def findings(all_judged: Sequence[Judged], policy: Policy) -> Iterator[Finding]:
    """Return a finding for each hypothesis on a whole split."""
    for one in all_judged:
        if one.of.window is None:
            yield _finding(one, _scope(one.of), policy, len(all_judged), one.verdict, one.text)


def window_findings(all_judged: Sequence[Judged], windows: Mapping[str, Windows], policy: Policy) -> Iterator[Finding]:
    """Return a finding for each column, or feature of it, over all windows of a split: that of the worst window."""
    for course in _by_course(all_judged):
        cut = windows[course[0].of.split]
        verdict = combined(one.verdict for one in course)
        worst = max(course, key=lambda one: (one.verdict is verdict, one.of.measured.effect))
        broke = next((one for one in course if one.verdict is Verdict.FAILED), None)
        text = worst.text
        if broke is not None and broke.of.window is not None:
            start = cut.windows[broke.of.window].start
            text = message(
                "It broke in the window that begins with {start}. {verdict}", start=start, verdict=worst.text
            )
        scope = {**_scope(worst.of), "windows": cut.unit}
        yield _finding(worst, scope, policy, len(all_judged), verdict, text)


def _scope(one: Hypothesis) -> dict[str, str]:
    feature = {} if one.feature is None else {"feature": one.feature}
    return {"split": one.split, "column": one.column, **feature}


def _finding(
    one: Judged, scope: dict[str, str], policy: Policy, tests: int, verdict: Verdict, text: Message
) -> Finding:
    measured = one.of.measured
    point = policy.decide == "point"
    return Finding(
        metric=f"{measured.method}_effect",
        scope=scope,
        value=measured.effect,
        interval=(one.low, one.high),
        decided_by=None if point else (one.low, one.high),
        confidence=policy.confidence,
        method=measured.how,
        n=sum(measured.rows),
        p_value=measured.p_value,
        p_adjusted=one.p_adjusted,
        tests=None if point else tests,
        requirement=Requirement(op=Op.AT_MOST, limit=one.floor),
        verdict=verdict,
        message=text,
        details={
            "distance": measured.distance,
            "mean_under_permutation": measured.expected,
            "detectable": one.detectable,
        },
    )


def drifted_columns(split: str, all_judged: Sequence[Judged], most: int, policy: Policy) -> Finding:
    """Judge a split by the number of its columns that failed.

    Its interval goes from the columns that failed to those that failed or are undecided.
    """
    verdicts: dict[str, list[Verdict]] = {}
    for one in all_judged:
        if one.of.split == split:
            verdicts.setdefault(one.of.column, []).append(one.verdict)
    if not verdicts:
        text = message(
            "There is nothing to compare with the reference: no column holds enough values, or more than one."
        )
        return Finding(metric="drifted_columns", scope={"split": split}, verdict=Verdict.NOT_APPLICABLE, message=text)
    worst = [combined(found) for found in verdicts.values()]
    failed = worst.count(Verdict.FAILED)
    possible = failed + worst.count(Verdict.INCONCLUSIVE)
    if failed > most:
        verdict, text = Verdict.FAILED, message("More columns failed than are allowed.")
    elif possible > most and policy.decide == "bound":
        verdict, text = (
            Verdict.INCONCLUSIVE,
            message("With the undecided columns more could have failed than are allowed."),
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
        requirement=Requirement(op=Op.AT_MOST, limit=most),
        verdict=verdict,
        message=text,
    )


def few_values(split: str, column: str, n: int, least: int) -> Finding:
    """Report a column that has too few values to compare."""
    text = message("{rows} rows are fewer than the {least} that a comparison needs.", rows=n, least=least)
    scope = {"split": split, "column": column}
    return Finding(metric="rows", scope=scope, n=n, verdict=Verdict.NOT_APPLICABLE, message=text)


def without_time(split: str, cut: Windows) -> Finding:
    """Report the rows that have no time."""
    text = message("{rows} rows have no time, so that they are in no window.", rows=cut.without_time)
    return Finding(
        metric="rows_without_time",
        scope={"split": split},
        value=cut.without_time,
        n=len(cut.index),
        verdict=Verdict.NOT_APPLICABLE,
        message=text,
    )


def shifts(all_judged: Sequence[Judged], importance: Mapping[str, float] | None) -> list[Shift]:
    """Return what the figure holds of each hypothesis on a whole split, the largest effect on answers first."""
    whole = [one for one in all_judged if one.of.window is None]

    def rank(one: Judged) -> tuple[float, float, *tuple[str, ...]]:
        return -_weight(one, importance), -one.of.measured.effect, *_scope(one.of).values()

    ordered = sorted(whole, key=rank)
    return [_shift(one, importance or {}) for one in ordered]


def _weight(one: Judged, importance: Mapping[str, float] | None) -> float:
    """Effect times importance; what is no column of the data, such as the label, matters like the most important."""
    known = importance or {}
    return one.of.measured.effect * known.get(one.of.column, max(known.values(), default=1.0))


def _shift(one: Judged, importance: Mapping[str, float]) -> Shift:
    measured = one.of.measured
    return Shift(
        split=one.of.split,
        column=one.of.column,
        feature=one.of.feature,
        method=measured.method,
        reference_rows=measured.rows[0],
        current_rows=measured.rows[1],
        reference_value=measured.values[0],
        current_value=measured.values[1],
        distance=measured.distance,
        expected=measured.expected,
        effect=measured.effect,
        low=one.low,
        high=one.high,
        floor=one.floor,
        p_value=measured.p_value,
        p_adjusted=one.p_adjusted,
        detectable=one.detectable,
        importance=importance.get(one.of.column),
        verdict=_name(one.verdict),
    )


def timeline(
    split: str, all_judged: Sequence[Judged], cut: Windows, importance: Mapping[str, float] | None
) -> Timeline:
    """Return the timeline of a split: what failed first, then by the largest effect on answers."""

    def rank(course: Sequence[Judged]) -> tuple[int, float]:
        verdict = combined(one.verdict for one in course)
        return _WORST_FIRST.index(verdict), -max(_weight(one, importance) for one in course)

    found = sorted((course for course in _by_course(all_judged) if course[0].of.split == split), key=rank)
    return Timeline(
        split=split,
        unit=cut.unit,
        windows=cut.windows,
        without_time=cut.without_time,
        series=tuple(_course(course, len(cut.windows)) for course in found),
    )


_WORST_FIRST = (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.PASSED)


def _by_course(all_judged: Sequence[Judged]) -> list[list[Judged]]:
    by_place: dict[tuple[str, str, str | None], list[Judged]] = {}
    for one in all_judged:
        if one.of.window is not None:
            by_place.setdefault((one.of.split, one.of.column, one.of.feature), []).append(one)
    return list(by_place.values())


def _course(course: Sequence[Judged], windows: int) -> TimeSeries:
    places = np.full(windows, -1)
    for i, one in enumerate(course):
        places[one.of.window] = i
    at = [None if i < 0 else course[i] for i in places.tolist()]
    first = course[0]
    return TimeSeries(
        column=first.of.column,
        feature=first.of.feature,
        method=first.of.measured.method,
        floor=first.floor,
        effects=tuple(None if one is None else one.of.measured.effect for one in at),
        lows=tuple(None if one is None else one.low for one in at),
        highs=tuple(None if one is None else one.high for one in at),
        verdicts=tuple(None if one is None else _name(one.verdict) for one in at),
        broke_in=next((one.of.window for one in course if one.verdict is Verdict.FAILED), None),
        verdict=_name(combined(one.verdict for one in course)),
    )


def _name(verdict: Verdict) -> VerdictName:
    names: dict[Verdict, VerdictName] = {Verdict.FAILED: "failed", Verdict.INCONCLUSIVE: "inconclusive"}
    return names.get(verdict, "passed")
