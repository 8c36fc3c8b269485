"""Requirements of splits with rows that were seen in training: what holds must hold without those rows as well.

Unseen rows alone would reject good systems that are trained here (they are a selected part of any coarse table), and
leaving out one copy would approve a file that repeats three times: there, all rows are judged after training once more
without any training row that equals one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from llmops_audit.evidence.outcomes import IN_SAMPLE, without_seen_rows
from llmops_audit.record import Finding, Message, SeenRows, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.analysis.metrics.definitions import Average
    from llmops_audit.analysis.performance import Performance
    from llmops_audit.check.inputs import Task
    from llmops_audit.evidence.outcomes import Outcomes
    from llmops_audit.evidence.pairs import Pairs
    from llmops_audit.evidence.scores import Scores

__all__ = ["WORDS", "also_without_seen_rows", "performance_again"]

WORDS: dict[str, Message] = {
    "share_seen": message("share of rows seen in training"),
    "value_without_seen_rows": message("value without the rows seen in training"),
    "low_without_seen_rows": message("lower end without the rows seen in training"),
    "high_without_seen_rows": message("upper end without the rows seen in training"),
}
"""What the details of such findings are called."""

_HOLDS = {
    "retrained": message(
        "{reason} So it does after training once more without any training row that equals one of these rows: "
        "{without} ({share:.1%} of the rows are seen in training)."
    ),
    "unseen": message("{reason} So it does on the unseen rows alone: {without} ({share:.1%} are seen in training)."),
}
_DOES_NOT = {
    "retrained": message(
        "{all} on all rows, of which {share:.1%} are seen in training. After training once more without any training "
        "row that equals one of these rows it is {without}, which does not meet the limit."
    ),
    "unseen": message(
        "{all} on all rows, of which {share:.1%} are seen in training. On the unseen rows alone it is {without}, which "
        "does not meet the limit."
    ),
}


def also_without_seen_rows(
    findings: Iterable[Finding], seen: SeenRows | None, again: Callable[[], Iterable[Finding]] | None
) -> Iterator[Finding]:
    """Let the requirements of a split pass only where they hold without the rows that were seen as well.

    Rows that were seen fail nothing: what has not passed stays as it is.

    Parameters
    ----------
    findings : iterable of Finding
        On all rows of the split.
    seen : SeenRows, optional
        Of the split; nothing changes where few rows were seen, or where the spec expects them.
    again : callable, optional
        Returns the same requirements in the same order, judged without those rows; None where nobody could.
    """
    found = tuple(findings)
    if seen is None or not seen.doubtful:
        yield from found
        return
    without: tuple[Finding | None, ...] = (None,) * len(found)
    if again is not None and seen.undecided is None:
        without = tuple(again())
    for finding, other in zip(found, without, strict=True):
        yield _judged(finding, other, seen)


def _judged(finding: Finding, other: Finding | None, seen: SeenRows) -> Finding:
    details = finding.details | {"share_seen": seen.share}
    if other is not None:
        low, high = other.interval or (None, None)
        ends = {} if other.interval is None else {"low_without_seen_rows": low, "high_without_seen_rows": high}
        details |= {"value_without_seen_rows": other.value, **ends}
    if finding.verdict is not Verdict.PASSED:
        return finding.model_copy(update={"details": details})
    holds = other is not None and other.verdict is Verdict.PASSED
    return finding.model_copy(
        update={
            "details": details,
            "verdict": Verdict.PASSED if holds else Verdict.INCONCLUSIVE,
            "message": _reason(finding, other, seen, holds=holds),
        }
    )


def _reason(finding: Finding, other: Finding | None, seen: SeenRows, *, holds: bool) -> Message:
    if other is None or seen.again is None:
        why = seen.undecided or message("Nobody judged it without them.")
        return message(
            "{all} on all rows, of which {share:.1%} are seen in training. {why}",
            all=_measured(finding), share=seen.share, why=why,
        )  # fmt: skip
    sentence = (_HOLDS if holds else _DOES_NOT)[seen.again]
    values = {"share": seen.share, "without": _measured(other), "all": _measured(finding), "reason": finding.message}
    used = {name: value for name, value in values.items() if f"{{{name}" in sentence.id}
    return sentence.model_copy(update={"values": used})


def _measured(finding: Finding) -> Message:
    if finding.interval is None:
        return message("{value:.4g}", value=finding.value)
    low, high = finding.interval
    return message("{value:.4g} ({low:.4g} to {high:.4g})", value=finding.value, low=low, high=high)


def performance_again(
    split: str,
    outcomes: Mapping[str, Outcomes],
    scores: Mapping[str, Scores],
    pairs: Mapping[str, Pairs],
    task: Task,
    average: Average | None,
) -> Performance | None:
    """Gather what is known of a split without the rows that were seen in training; None where nothing is."""
    from llmops_audit.analysis.performance import performance

    key, in_sample = without_seen_rows(split), without_seen_rows(f"{IN_SAMPLE} {split}")
    if key not in outcomes:
        return None
    if in_sample in outcomes:
        # The gap is that of one model: the one that was trained once more.
        outcomes = {**outcomes, IN_SAMPLE: outcomes[in_sample]}
    return performance(key, outcomes, scores, pairs, task, average)
