"""Splits without a row that has both a label and a prediction: what is required of them counts all the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from llmops_audit.analysis.chance import NO_ZERO_RECALL, above_chance
from llmops_audit.analysis.invalid_outputs import output_requirement
from llmops_audit.check.inputs import Task
from llmops_audit.record import Finding, Requirement, Verdict, message

__all__ = ["Minimum", "unlabelled"]

Minimum = tuple[str, str | None, Requirement]
"""A metric, the label that it is of (None: all), and its limit."""


def unlabelled(
    split: str,
    minima: Iterable[Minimum],
    limits: Mapping[str, Requirement],
    task: Task,
    max_invalid: float | None,
    *,
    alone: bool,
) -> Iterator[Finding]:
    """Report each requirement of a split that has nothing to judge, so that their number rests on the spec alone.

    Parameters
    ----------
    split : str
    minima : iterable of Minimum
    limits : mapping of str to Requirement
        Other limits of the spec, by metric.
    task : Task
    max_invalid : float, optional
        See `llmops_audit.analysis.invalid_outputs.invalid_outputs`.
    alone : bool
        Whether no other split is judged: what is required is then not applicable. Beside a split that is judged, one
        that the spec names and that cannot be is a doubt.
    """
    asked: list[tuple[str, dict[str, str], Requirement]] = [
        *((metric, {} if label is None else {"label": label}, limit) for metric, label, limit in minima),
        ("balanced_accuracy", {"against": "chance"}, above_chance(len(task.labels))),
        ("labels_with_zero_recall", {}, NO_ZERO_RECALL),
        *((metric, {}, limit) for metric, limit in limits.items()),
    ]
    if (of_outputs := output_requirement(task, max_invalid)) is not None:
        asked.append(("invalid_outputs", {}, of_outputs))
    verdict = Verdict.NOT_APPLICABLE if alone else Verdict.INCONCLUSIVE
    text = message("The split has no row with both a label and a prediction.")
    for metric, scope, requirement in asked:
        yield Finding(
            metric=metric, scope={"split": split, **scope}, n=0, requirement=requirement, verdict=verdict, message=text
        )
