"""Outputs that are no label: how many there are, and whether that is too many."""

from __future__ import annotations

from collections.abc import Iterator

from llmops_audit import stats
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.check.verdicts import judged
from llmops_audit.evidence.outputs import Outputs
from llmops_audit.record import Finding, Message, Op, OutputCounts, Requirement, Verdict, message
from llmops_audit.stats import Bounds

__all__ = ["WORDS", "invalid_outputs", "output_requirement"]

ALARM = 0.05
"""Share of outputs that are no label from which there is an alarm where the spec sets no limit."""

_METRIC, _METHOD = "invalid_outputs", "Clopper-Pearson"

WORDS: dict[str, Message] = {
    _METRIC: message("outputs that are no label"),
    "unparsable": message("unparsable"),
    "refused": message("refused"),
    "cut": message("cut"),
    "too_long": message("too long"),
}
"""Keys of the finding."""


def output_requirement(task: Task, limit: float | None) -> Requirement | None:
    """Return the limit, by default an alarm; None where a classifier is trained here: it predicts labels alone."""
    if limit is None and task.trained_here:
        return None
    return Requirement(
        op=Op.AT_MOST, limit=ALARM if limit is None else limit, setting=("max_invalid",), alarm=limit is None
    )


def invalid_outputs(
    outputs: Outputs | None, split: str, task: Task, policy: Policy, limit: float | None
) -> Iterator[Finding]:
    """Judge the share of outputs that are no label, every row counted once, whatever its weight.

    Parameters
    ----------
    outputs : Outputs, optional
        Of the split.
    split : str
    task : Task
    policy : Policy
    limit : float, optional
        The largest share that the spec allows; None: the default, an alarm.

    Yields
    ------
    Finding
        A limit of the spec is decided on its bound. An alarm fails where the share is certainly above it; where only
        the value is, it is found, and says so.
    """
    counts = None if outputs is None else outputs.counts(task.labels)
    requirement = output_requirement(task, limit)
    if counts is None or requirement is None:
        return
    n, value = counts.rows, counts.invalid / counts.rows

    def bounds(confidence: float) -> Bounds:
        return stats.clopper_pearson(counts.invalid, n, confidence)

    details = {name: rows for name, rows in counts.outcomes.items() if name != "label"}
    finding = judged(
        _METRIC, value, requirement, policy,
        bounds=bounds, method=_METHOD, n=n, scope={"split": split}, details=details,
    )  # fmt: skip
    yield finding if limit is not None else finding.model_copy(update={"message": _counted(counts, finding)})


def _counted(counts: OutputCounts, finding: Finding) -> Message:
    places = {"rows": counts.invalid, "all": counts.rows, "limit": ALARM}
    if finding.verdict is Verdict.FOUND:
        return message(
            "{rows:,} of {all:,} outputs are no label, and count as wrong. That is above {limit:.0%}, "
            "but so few rows may show it by chance.",
            **places,
        )
    if finding.verdict is not Verdict.PASSED:
        return message("{rows:,} of {all:,} outputs are no label, and count as wrong: more than {limit:.0%}.", **places)
    if counts.invalid:
        return message("{rows:,} of {all:,} outputs are no label, and count as wrong.", **places)
    return message("Every output is a label.")
