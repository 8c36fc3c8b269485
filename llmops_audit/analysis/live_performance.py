"""Labelled production rows: how much accuracy was lost since the test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from llmops_audit import stats
from llmops_audit.analysis.live_windows import live_windows
from llmops_audit.analysis.metrics.definitions import Average
from llmops_audit.analysis.metrics.differences import unpaired_difference
from llmops_audit.analysis.metrics.label_metrics import MetricEstimate
from llmops_audit.analysis.performance import Performance, performance
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.check.verdicts import judged
from llmops_audit.record import (
    Finding,
    Op,
    Requirement,
    SeenRows,
    Table,
    Verdict,
    message,
)

if TYPE_CHECKING:
    from llmops_audit.evidence.outcomes import Outcomes
    from llmops_audit.evidence.outcomes_by_time import OutcomesByTime

__all__ = ["LOSS", "labelled_live_rows"]

LOSS = "live_loss"
"""Metric of the finding."""

ALARM = 0.05
"""Loss of accuracy from test to live above which there is an alarm where the spec sets no limit."""


def labelled_live_rows(
    outcomes: Mapping[str, Outcomes], seen: SeenRows | None, by_time: Mapping[str, OutcomesByTime], task: Task,
    policy: Policy, limit: float | None, average: Average | None,
) -> Iterator[Finding | Table]:  # fmt: skip
    """Judge the accuracy on the live rows that have labels against that on the test rows, whole and by window.

    Parameters
    ----------
    outcomes : mapping of str to Outcomes
        By split.
    seen : SeenRows, optional
        Live rows that were seen in training: where they are many, a limit of the spec must hold without them as well.
    by_time : mapping of str to OutcomesByTime
        By split.
    task : Task
    policy : Policy
    limit : float, optional
        The largest loss that the spec allows; None: the default, an alarm.
    average : str, optional
        See `llmops_audit.analysis.performance.performance`.

    Yields
    ------
    Finding, Table
        Nothing where the spec neither names live rows nor limits the loss. Where no live row has both a label and a
        prediction, a limit is inconclusive and the alarm not applicable.
    """
    from llmops_audit.analysis.overlap import also_without_seen_rows, performance_again

    def of(split: str) -> Performance | None:
        found = outcomes.get(split)
        if found is None or not found.has_predictions or not found.table(task.labels).counts.any():
            return None
        return performance(split, outcomes, {}, {}, task, average)

    test, live = of("test"), of("live")
    finding = _loss_finding(test, live, limit, policy) if limit is not None or "live" in outcomes else None
    if finding is not None and limit is not None and live is not None:
        other = performance_again("live", outcomes, {}, {}, task, average)
        again = None if other is None else lambda: [_loss_finding(test, other, limit, policy)]
        yield from also_without_seen_rows([finding], seen, again)
    elif finding is not None:
        yield finding
    if test is not None and live is not None:
        yield from live_windows(by_time, policy)


def _live_loss(test: Performance, live: Performance) -> MetricEstimate:
    """Return the accuracy on test rows less that on live rows, all that have a label, with its interval."""
    loss = unpaired_difference("accuracy", test.table, live.table, test.task, test.average)
    return replace(loss, name=LOSS)


def _loss_finding(test: Performance | None, live: Performance | None, limit: float | None, policy: Policy) -> Finding:
    """Judge the loss of accuracy from test to live.

    Parameters
    ----------
    test, live : Performance, optional
        None where no row of the split has both a label and a prediction.
    limit : float, optional
        The largest loss that the spec allows; None: the default, an alarm.
    policy : Policy

    Returns
    -------
    Finding
        Where the loss is unknown, inconclusive if the spec limits it, and otherwise not applicable.
    """
    alarm = limit is None
    requirement = Requirement(
        op=Op.AT_MOST, limit=ALARM if limit is None else limit, setting=("max_live_loss",), alarm=alarm
    )
    if test is None or live is None:
        text = message("No row of the live split, or of the test split, has both a label and a prediction.")
        return Finding(
            metric=LOSS,
            scope={"split": "live"},
            n=0,
            requirement=requirement,
            verdict=Verdict.NOT_APPLICABLE if alarm else Verdict.INCONCLUSIVE,
            message=text,
        )
    estimate = _live_loss(test, live)
    before, after = test.estimates["accuracy"].value, live.estimates["accuracy"].value
    finding = judged(
        LOSS, estimate.value, requirement, policy, bounds=estimate.bounds, method=estimate.method, n=live.n,
        scope={"split": "live"}, details={"accuracy_on_test": before, "accuracy_on_live": after},
    )  # fmt: skip
    if before is None or after is None:
        return finding
    text = message(
        "Accuracy is {before:.1%} on {tested:,} test rows and {after:.1%} on {rows:,} labelled live rows. {text}",
        before=before, after=after, tested=test.n, rows=live.n, text=finding.message,
    )  # fmt: skip
    shown = _shown_loss(test, live, policy) if alarm and finding.verdict is Verdict.PASSED else None
    if shown is not None:
        text = message("{text} Four times in five these rows would show a loss of {shown:.1%}.", text=text, shown=shown)
    return finding.model_copy(update={"message": text})


def _shown_loss(test: Performance, live: Performance, policy: Policy) -> float | None:
    """Return the loss that so many rows would show to be above the alarm, four times in five."""
    _, rows = test.accuracy_counts
    _, live_rows = live.accuracy_counts
    share = test.estimates["accuracy"].value
    if share is None:
        return None
    more = stats.detectable_difference(max(share - ALARM, 0.0), rows, live_rows, policy.alpha)
    return ALARM + more if np.isfinite(more) and ALARM + more <= share else None
