"""From hypotheses of drift to verdicts: those of one requirement together, since each is corrected for all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmops_audit import stats
from llmops_audit.analysis.drift.column_pairs import ROWS, SCORE
from llmops_audit.analysis.drift.drift_limits import DriftLimits, on_columns, on_detectable
from llmops_audit.analysis.drift.hypotheses import CONSTANT, Hypothesis
from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import combined, p_value
from llmops_audit.record import Finding, Message, Requirement, Verdict, message

__all__ = [
    "JudgedHypothesis",
    "described",
    "detectable_findings",
    "drifted_columns",
    "finding_of",
    "findings",
    "judge_hypotheses",
    "scope_of",
    "worst_of",
]

MAY_BE_CHANCE = 0.1
"""Corrected p-value below which an effect above its floor is reported, though it may be chance."""


@dataclass(frozen=True)
class JudgedHypothesis:
    """A hypothesis with its verdict.

    Attributes
    ----------
    hypothesis : Hypothesis
    requirement : Requirement
        With the floor as its limit.
    low, high : float
        The interval of the effect.
    p_gate : float
        The p-value that the gate rejects by: that there is a difference, and that it is above the floor.
    p_adjusted : float
        That of no difference, corrected for all hypotheses of the requirement.
    detectable : float
    verdict : Verdict
        Not applicable where the hypothesis is only described.
    text : Message
    """

    hypothesis: Hypothesis
    requirement: Requirement
    low: float
    high: float
    p_gate: float
    p_adjusted: float
    detectable: float
    verdict: Verdict
    text: Message

    @property
    def floor(self) -> float:
        """The effect above which drift matters."""
        return self.requirement.limit

    @property
    def broke(self) -> bool:
        """Whether its whole interval misses the limit: the gate decides whether that is certain."""
        return self.verdict in (Verdict.FAILED, Verdict.UNDECIDED)


def judge_hypotheses(hypotheses: Sequence[Hypothesis], limits: DriftLimits, policy: Policy) -> list[JudgedHypothesis]:
    """Judge all hypotheses of a check, those of one requirement together.

    Parameters
    ----------
    hypotheses : sequence of Hypothesis
    limits : DriftLimits
    policy : Policy

    Returns
    -------
    list of JudgedHypothesis
        An alarm is undecided (the gate decides) where the effect's interval at `policy.confidence` lies above the floor
        and Holm's corrected p-value is at most 1 - confidence; found where the effect lies above the floor and that
        p-value is below `MAY_BE_CHANCE`; else passed. A limit that the spec sets is passed or undecided where the whole
        interval lies on one side of it, else inconclusive.
    """
    families: dict[tuple[str, str | None, str], list[int]] = {}
    required = [limits.requirement(one) for one in hypotheses]
    for i, (one, requirement) in enumerate(zip(hypotheses, required, strict=True)):
        families.setdefault((one.split, requirement.metric, requirement.about), []).append(i)
    judged: dict[int, JudgedHypothesis] = {}
    for members in families.values():
        adjusted = stats.holm([hypotheses[i].measurement.p_value for i in members])
        for i, p in zip(members, adjusted, strict=True):
            judged[i] = _judged(hypotheses[i], required[i], float(p), len(members), policy)
    return [judged[i] for i in range(len(hypotheses))]


def described(hypotheses: Sequence[Hypothesis], limits: DriftLimits, policy: Policy) -> list[JudgedHypothesis]:
    """Return hypotheses without a verdict: where both samples were drawn at random from one, what differs is chance."""
    text = message("The split was drawn at random: the difference is chance.")
    return [
        replace(one, verdict=Verdict.NOT_APPLICABLE, text=text) for one in judge_hypotheses(hypotheses, limits, policy)
    ]


def _judged(
    one: Hypothesis, requirement: Requirement, p_adjusted: float, comparisons: int, policy: Policy
) -> JudgedHypothesis:
    measurement, floor = one.measurement, requirement.limit
    bounds = measurement.bounds if requirement.alarm else measurement.cautious_bounds
    low, high = bounds(policy.confidence)
    detectable = measurement.detectable(floor, policy.confidence, policy.alpha / comparisons)
    p_gate = 1.0
    if measurement.effect > floor:
        p_gate = max(measurement.p_value, p_value(measurement.bounds, requirement))
    if policy.decide == "point":
        verdict = Verdict.FAILED if measurement.effect > floor else Verdict.PASSED
        text = message(
            "The value itself was compared with the limit; as the spec asks, its uncertainty was not considered."
        )
    elif requirement.alarm:
        verdict, text = _alarm(measurement.effect, floor, low, high, p_adjusted, detectable, policy)
    else:
        verdict, text = _by_bounds(floor, low, high)
    if one.feature == CONSTANT:
        text = message(
            "Constant in the reference; {share:.1%} of rows have another value. {verdict}",
            share=measurement.values[1] or 0.0,
            verdict=text,
        )
    return JudgedHypothesis(one, requirement, low, high, p_gate, p_adjusted, detectable, verdict, text)


def _alarm(
    effect: float, floor: float, low: float, high: float, p_adjusted: float, detectable: float, policy: Policy
) -> tuple[Verdict, Message]:
    if p_adjusted <= policy.alpha and low > floor:
        return Verdict.UNDECIDED, message("The whole interval of the effect is above the floor.")
    if p_adjusted < MAY_BE_CHANCE and effect > floor:
        return Verdict.FOUND, message(
            "The effect is above the floor, but it may be chance; drift is not shown. "
            "These rows would have found an effect of {detectable:.2f} four times in five.",
            detectable=detectable,
        )
    if p_adjusted <= policy.alpha and effect <= floor:
        return Verdict.PASSED, message(
            "There is a difference (corrected p-value {p:.2g}, level {level:.2g}), and it is smaller than the floor. "
            "These rows would have found an effect of {detectable:.2f} four times in five.",
            p=p_adjusted,
            level=policy.alpha,
            detectable=detectable,
        )
    return Verdict.PASSED, message(
        "No drift found. These rows would have found an effect of {detectable:.2f} four times in five.",
        detectable=detectable,
    )


def _by_bounds(floor: float, low: float, high: float) -> tuple[Verdict, Message]:
    if high <= floor:
        return Verdict.PASSED, message("Even the upper end of the interval meets the limit.")
    if low > floor:
        return Verdict.UNDECIDED, message("The whole interval misses the limit.")
    return Verdict.INCONCLUSIVE, message("The limit lies inside the interval: these rows cannot decide.")


def findings(all_judged: Sequence[JudgedHypothesis], policy: Policy) -> Iterator[Finding]:
    """Return a finding for each hypothesis on a whole split."""
    for one in all_judged:
        if one.hypothesis.window is None:
            yield finding_of([one], scope_of(one.hypothesis), policy, one.text)


def worst_of(series: Sequence[JudgedHypothesis]) -> JudgedHypothesis:
    """Return the hypothesis with the worst verdict; of several the one with the smallest p-value, or largest effect."""
    verdict = combined(one.verdict for one in series)
    return min(series, key=lambda one: (one.verdict is not verdict, one.p_gate, -one.hypothesis.measurement.effect))


def scope_of(one: Hypothesis) -> dict[str, str]:
    """Return what a hypothesis is about: the split, the column and the feature."""
    feature = {} if one.feature is None else {"feature": one.feature}
    return {"split": one.split, "column": one.column, **feature}


def finding_of(series: Sequence[JudgedHypothesis], scope: dict[str, str], policy: Policy, text: Message) -> Finding:
    """Return the finding of hypotheses that are compared together: the worst decides."""
    one = worst_of(series)
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
        p_value=None if point else min(other.p_gate for other in series),
        tests=None if point else len(series),
        requirement=one.requirement,
        verdict=one.verdict,
        message=text,
        details={
            "distance": measurement.distance,
            "mean_under_permutation": measurement.expected,
            "p_of_no_difference": one.p_adjusted,
            "detectable": one.detectable,
        },
    )


def detectable_findings(
    all_judged: Sequence[JudgedHypothesis], limits: DriftLimits, policy: Policy
) -> Iterator[Finding]:
    """Judge, where the spec limits it, the effect that could have gone undetected: the largest of each requirement.

    A column whose effect is certainly below its floor is known well enough. Nothing is rejected by such a limit, which
    counts among the requirements of the audit with p = 1.
    """
    counted: dict[str, Any] = {} if policy.decide == "point" else {"p_value": 1.0, "tests": 1}
    by_requirement: dict[tuple[str, str], list[tuple[JudgedHypothesis, float]]] = {}
    for one in all_judged:
        limit, about = limits.max_detectable(one.hypothesis)
        if limit is not None:
            by_requirement.setdefault((one.hypothesis.split, about), []).append((one, limit))
    for (split, about), found in by_requirement.items():
        doubtful = [(one, limit) for one, limit in found if one.high > one.floor]
        # One limit holds for all of them: it was set once.
        limit = found[0][1]
        worst = max((one for one, _ in doubtful), key=lambda one: one.detectable, default=None)
        met = worst is None or worst.detectable <= limit
        if worst is None:
            text = message("Every effect is certainly smaller than its floor.")
        elif met:
            text = message("These rows would have found any effect that the spec does not allow to miss.")
        else:
            text = message(
                "Of {column}, these rows would find an effect of {detectable:.2f} four times in five; "
                "the spec allows {limit:.2f}.",
                column=worst.hypothesis.column,
                detectable=worst.detectable,
                limit=limit,
            )
        yield Finding(
            metric="detectable_effect",
            scope={"split": split, **({"of": about} if about else {})},
            value=0.0 if worst is None else worst.detectable,
            method="four times in five",
            requirement=on_detectable(limit, about),
            verdict=Verdict.PASSED if met else Verdict.FAILED if policy.decide == "point" else Verdict.INCONCLUSIVE,
            message=text,
            **counted,
        )


def drifted_columns(split: str, all_judged: Sequence[JudgedHypothesis], max_drifted: int, policy: Policy) -> Finding:
    """Count the columns of a split that drift; judge their number where the spec allows some.

    The interval runs from the number of columns that certainly drift to the number that may. Whole rows and scores are
    compared, but are no columns.
    """
    columns: dict[str, list[JudgedHypothesis]] = {}
    for one in all_judged:
        if one.hypothesis.split == split and one.hypothesis.column not in (ROWS, SCORE):
            columns.setdefault(one.hypothesis.column, []).append(one)
    scope = {"split": split}
    requirement = on_columns(max_drifted) if max_drifted else None
    if not any(one.hypothesis.split == split for one in all_judged):
        text = message(
            "Nothing can be compared with the reference: every column has too few values, or only one distinct value."
        )
        return Finding(
            metric="drifted_columns", scope=scope, requirement=requirement, verdict=Verdict.NOT_APPLICABLE, message=text
        )
    worst = [combined(one.verdict for one in found) for found in columns.values()]
    drifted = sum(verdict in (Verdict.FAILED, Verdict.UNDECIDED) for verdict in worst)
    possible = drifted + sum(verdict in (Verdict.INCONCLUSIVE, Verdict.FOUND) for verdict in worst)
    given: dict[str, Any] = {
        "metric": "drifted_columns", "scope": scope, "value": drifted, "interval": (drifted, possible),
        "method": "count of columns", "details": {"compared_columns": len(worst)},
    }  # fmt: skip
    if requirement is None:
        text = message("Each column is judged by itself.")
        return Finding(**given, verdict=Verdict.NOT_APPLICABLE, message=text)
    given["requirement"] = requirement
    if policy.decide == "bound":
        given |= {"tests": 1, "p_value": _p_of_more(list(columns.values()), max_drifted)}
    if drifted > max_drifted:
        verdict = Verdict.UNDECIDED if policy.decide == "bound" else Verdict.FAILED
        text = message("More columns drift than are allowed.")
    elif possible > max_drifted and policy.decide == "bound":
        verdict = Verdict.INCONCLUSIVE
        text = message("Counting columns whose drift may be chance, more may drift than are allowed.")
    else:
        verdict, text = Verdict.PASSED, message("No more columns drift than are allowed.")
    return Finding(**given, verdict=verdict, message=text)


def _p_of_more(columns: Sequence[Sequence[JudgedHypothesis]], most: int) -> float:
    """Return the p-value of "at most so many columns drift" (partial conjunction, Bonferroni).

    Benjamini and Heller (2008), Screening for partial conjunction hypotheses.
    """
    smallest = sorted(min(1.0, min(one.p_gate for one in found) * len(found)) for found in columns)
    return 1.0 if len(smallest) <= most else min(1.0, smallest[most] * (len(smallest) - most))
