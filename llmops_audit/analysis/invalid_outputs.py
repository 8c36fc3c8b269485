"""Outputs that are no label: how many there are, and whether that is too many."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from llmops_audit import stats
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.check.verdicts import finite, judged
from llmops_audit.evidence.outputs import Outputs
from llmops_audit.record import Finding, Message, Op, OutputCounts, Requirement, Verdict, message
from llmops_audit.stats import Bounds

__all__ = ["WORDS", "invalid_outputs", "is_judged"]

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


def is_judged(task: Task, limit: float | None) -> bool:
    """Return whether there is a requirement: a classifier that is trained here can answer with labels alone."""
    return limit is not None or not task.trained_here


def invalid_outputs(
    outputs: Outputs | None, split: str, task: Task, policy: Policy, limit: float | None, tests: int
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
    tests : int
        Requirements that are judged together.

    Yields
    ------
    Finding
        A limit of the spec is decided on its bound. An alarm fails where the share is certainly above it; where only
        the value is, the finding passes and says so.
    """
    counts = None if outputs is None else outputs.counts(task.labels)
    if counts is None or not is_judged(task, limit):
        return
    n, value = counts.rows, counts.invalid / counts.rows

    def bounds(confidence: float) -> Bounds:
        return stats.clopper_pearson(counts.invalid, n, confidence)

    details = {name: rows for name, rows in counts.outcomes.items() if name != "label"}
    requirement = Requirement(op=Op.AT_MOST, limit=ALARM if limit is None else limit)
    finding = judged(
        _METRIC, value, requirement, policy,
        bounds=bounds, method=_METHOD, n=n, tests=tests, scope={"split": split}, details=details,
    )  # fmt: skip
    yield finding if limit is not None else _alarm(finding, counts, policy, bounds, tests)


def _alarm(
    finding: Finding, counts: OutputCounts, policy: Policy, bounds: Callable[[float], Bounds], tests: int
) -> Finding:
    decided_by = bounds(1 - policy.alpha / tests)
    above = counts.invalid / counts.rows > ALARM
    certain = above and (policy.decide == "point" or decided_by[0] > ALARM)
    places = {"rows": counts.invalid, "all": counts.rows, "limit": ALARM}
    if certain:
        text = message("{rows:,} of {all:,} outputs are no label, and count as wrong: more than {limit:.0%}.", **places)
    elif above:
        text = message(
            "{rows:,} of {all:,} outputs are no label, and count as wrong. That is above {limit:.0%}, "
            "but so few rows may show it by chance.",
            **places,
        )
    elif counts.invalid:
        text = message("{rows:,} of {all:,} outputs are no label, and count as wrong.", **places)
    else:
        text = message("Every output is a label.")
    return finding.model_copy(
        update={
            "requirement": Requirement(op=Op.AT_MOST, limit=ALARM, source="default"),
            "decided_by": finite(decided_by) if policy.decide == "bound" else None,
            "rows_to_decide": None,
            "verdict": Verdict.FAILED if certain else Verdict.PASSED,
            "message": text,
        }
    )
