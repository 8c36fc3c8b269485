"""Limits on drift that nothing can be compared for: each counts, so that their number does not rest on the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from llmops_audit.analysis.drift.drift_limits import DriftLimits
from llmops_audit.analysis.drift.judgement import JudgedHypothesis
from llmops_audit.analysis.drift.measures import FLOORS
from llmops_audit.record import Finding, Message, Requirement, Verdict, message

__all__ = ["few_values", "not_judged", "small_split"]


def small_split(split: str, n: int, min_rows: int, limits: DriftLimits, verdict: Verdict) -> Iterator[Finding]:
    """Report each requirement of a split that has too few rows, or whose reference has, with the same verdict."""
    for metric, requirement in limits.of_split():
        yield _unjudged(metric, split, requirement, verdict, _few(n, min_rows)).model_copy(update={"n": n})


def not_judged(
    split: str, all_judged: Sequence[JudgedHypothesis], reported: Iterable[Finding], limits: DriftLimits
) -> Iterator[Finding]:
    """Report the limits of a split that nothing could be compared for.

    Parameters
    ----------
    split : str
    all_judged : sequence of JudgedHypothesis
    reported : iterable of Finding
        What is judged of the split.
    limits : DriftLimits

    Yields
    ------
    Finding
        Inconclusive where the spec limits a column by its name, not applicable otherwise. Where columns may drift, one
        that is not compared is inconclusive as well, but its limit is no requirement.
    """
    judged = {
        (one.requirement.metric or one.metric, one.requirement.about) for one in reported if one.requirement is not None
    }
    for metric, requirement in limits.of_split():
        if (metric, requirement.about) in judged:
            continue
        if requirement.about and requirement.about not in FLOORS:
            yield _unjudged(metric, split, requirement, Verdict.INCONCLUSIVE, _NO_COLUMN)
        else:
            yield _unjudged(metric, split, requirement, Verdict.NOT_APPLICABLE, _NOTHING)
    if limits.max_drifted_columns and isinstance(limits.floors, Mapping):
        compared = {one.hypothesis.column for one in all_judged if one.hypothesis.split == split}
        for column in sorted(limits.floors.keys() - compared - FLOORS.keys()):
            scope = {"split": split, "column": column}
            yield Finding(metric="effect", scope=scope, verdict=Verdict.INCONCLUSIVE, message=_NO_COLUMN)


def few_values(split: str, column: str, n: int, min_rows: int) -> Finding:
    """Report a column that has too few values to compare."""
    scope = {"split": split, "column": column}
    return Finding(metric="rows", scope=scope, n=n, verdict=Verdict.NOT_APPLICABLE, message=_few(n, min_rows))


_NO_COLUMN = message("Nothing of the column can be compared, so the requirement cannot be judged.")
_NOTHING = message("Nothing that this limit is for can be compared, so that it is not judged.")


def _few(n: int, min_rows: int) -> Message:
    return message("{rows} rows are fewer than the {least} that a comparison needs.", rows=n, least=min_rows)


def _unjudged(metric: str, split: str, requirement: Requirement, verdict: Verdict, text: Message) -> Finding:
    about = requirement.about
    key = "column" if metric == "effect" and about not in FLOORS else "of"
    scope = {"split": split, **({key: about} if about else {})}
    return Finding(metric=metric, scope=scope, requirement=requirement, verdict=verdict, message=text)
