"""Who is to do what: advice that fits the cause, for the owner of the system and for the reviewer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmops_audit.record import CheckResult, Finding, Message, Record, Status, Verdict, message
from llmops_audit.render.facts import constant_label
from llmops_audit.render.group_notices import small_groups

__all__ = ["MOST", "Advice", "advice"]

MOST = 4
"""Lines of advice; more than a person begins with today."""

OWNER, REVIEWER = message("Owner"), message("Reviewer")


@dataclass(frozen=True)
class Advice:
    """A line of what is to be done.

    Attributes
    ----------
    who : Message
    what : Message
    """

    who: Message
    what: Message


_FAILED = {
    "accuracy": message(
        "see in the confusion matrix which labels fail, get better rows of them or change the classifier, and test on "
        "fresh rows; keep the limit"
    ),
    "calibration": message("calibrate the scores on separate rows, or do not use them as probabilities"),
    "fairness": message(
        "examine the groups named: are their rows labelled alike, and which features separate them? Mend the cause, "
        "not the limit"
    ),
    "counterfactual": message(
        "read the texts whose prediction changed with the words for a group, and train on more texts like them"
    ),
    "proxies": message("see which inputs tell the group, and whether the classifier needs them"),
    "drift": message("find out what changed in the columns named before the classifier is used on such rows"),
    "regression": message("keep the release before in use until what got worse is mended"),
    "pii": message("take the personal data out of the rows or the model, or say in the spec why it may be there"),
}
_OTHER = message("see under “What to do” of the check {checks} what to mend; keep the limit")


def advice(record: Record) -> tuple[Advice, ...]:
    """Return what the owner and the reviewer are to do, the most urgent first, at most `MOST` lines."""
    owner = OWNER if record.audit.owner is None else message("Owner ({name})", name=record.audit.owner)
    lines = [*(Advice(owner, what) for what in _of_owner(record)), *_of_reviewer(record)]
    return tuple(lines[:MOST])


def _of_owner(record: Record) -> Iterator[Message]:
    deciding = [check for check in record.checks if check.gate != "report"]
    errors = [check.name for check in deciding if check.verdict is Verdict.ERROR]
    if errors:
        yield message(
            "mend what stopped {checks} and run the audit again: until then nothing is known", checks=errors[0]
        )
    failed = [(check, one) for check in deciding for one in check.findings if one.verdict is Verdict.FAILED]
    yield from _causes(record, [finding for _, finding in failed])
    explained = any(True for _ in _causes(record, [finding for _, finding in failed]))
    others = []
    for check in dict.fromkeys(check.name for check, _ in failed):
        if check == "accuracy" and explained:
            continue
        if check in _FAILED:
            yield _FAILED[check]
        else:
            others.append(check)
    if others:
        yield _OTHER.model_copy(update={"values": {"checks": tuple(others)}})


def _causes(record: Record, failed: Sequence[Finding]) -> Iterator[Message]:
    """Yield what explains wrong predictions before anything else does."""
    only = next((label for finding in failed if (label := constant_label(finding)) is not None), None)
    if only is not None:
        yield message(
            "find out why every row is predicted “{only}”: look at labels, features and training; more rows will not "
            "help",
            only=only,
        )  # fmt: skip
    every = (finding for check in record.checks for finding in check.findings)
    if any("swapped" in finding.details for finding in every):
        yield message("find out whether labels or scores are swapped: until then every number here is upside down")
    counts = [split.outputs for split in record.data.values() if split.outputs is not None]
    invalid = any(finding.metric == "invalid_outputs" for finding in failed)
    if invalid or any(one.rows and not one.labels for one in counts):
        yield message("make every output one of the labels of the data: compare spelling, case and type")


def _of_reviewer(record: Record) -> Iterator[Advice]:
    undecided = [
        finding
        for check in record.checks
        for finding in check.findings
        if check.gate != "report" and finding.verdict is Verdict.INCONCLUSIVE
    ]
    small = any(True for _ in small_groups(record))
    if undecided:
        yield Advice(REVIEWER, _few_rows(undecided))
    if small:
        yield Advice(
            REVIEWER, message("for the groups of few rows: have more rows of them tested, or decide without numbers")
        )
    if record.decision.status is Status.NEEDS_REVIEW and any(map(_nothing, record.checks)):
        yield Advice(REVIEWER, message("say whether the audit may do without the checks that found nothing to judge"))
    yield Advice(REVIEWER, message("read what nobody looked at, then decide on the release by name and date"))


def _few_rows(undecided: Sequence[Finding]) -> Message:
    rows = max((finding.rows_to_decide or 0 for finding in undecided), default=0)
    if not rows:
        return message("accept or refuse what could not be decided, and write down why")
    return message(
        "decide what these rows cannot, with the interval in view, or have about {rows:,} rows tested; write down why",
        rows=rows,
    )  # fmt: skip


def _nothing(check: CheckResult) -> bool:
    return check.gate != "report" and check.verdict is Verdict.NOT_APPLICABLE
