"""The gate: findings and policy in, decision out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from types import MappingProxyType

from llmops_audit.record import (
    CheckResult,
    Decision,
    GatePolicy,
    Leak,
    Message,
    SplitInfo,
    Status,
    Verdict,
    message,
    requirement_id,
)

__all__ = ["decide"]


def decide(
    checks: Sequence[CheckResult],
    policy: GatePolicy,
    data: Mapping[str, SplitInfo] = MappingProxyType({}),
    leaks: Sequence[Leak] = (),
    named: Set[str] = frozenset(),
) -> Decision:
    """Decide whether the subject may ship.

    Parameters
    ----------
    checks : sequence of CheckResult
    policy : GatePolicy
    data : mapping of str to SplitInfo, optional
        By split; where many rows of a split that is judged are seen in training, a check must have judged without them.
    leaks : sequence of Leak, optional
    named : set of str
        Splits that a check of predictions names, beside the test split.

    Returns
    -------
    Decision
        In this precedence: a failed requirement of a check that blocks rejects; an error, or nothing that was judged,
        means not judged; anything inconclusive, a failed requirement of a check that asks for a review, a check that
        is wholly not applicable, or a leak that nobody judged, asks for review; otherwise approved. Checks that are
        only reported have no bearing.
    """
    checks = [check for check in checks if check.gate != "report"]
    blocking = [check for check in checks if check.gate == "block"]
    failed = _of(blocking, Verdict.FAILED)
    reviewed = _of([check for check in checks if check.gate == "review"], Verdict.FAILED)
    errors = _of(checks, Verdict.ERROR)
    inconclusive = _of(checks, Verdict.INCONCLUSIVE)
    nothing = [check for check in checks if check.verdict is Verdict.NOT_APPLICABLE]
    undecided = [*reviewed, *inconclusive, *[_nothing_to_judge(check) for check in nothing]]
    undecided += [
        *_seen_and_not_judged(checks, data, {"test", *named}),
        *(leak.message for leak in leaks if leak.review),
    ]
    if failed or (policy.on_inconclusive == "reject" and _of(blocking, Verdict.INCONCLUSIVE)):
        stand_in = [] if failed else [message("The policy rejects what is inconclusive.")]
        return _decision(Status.REJECTED, [*failed, *stand_in, *errors, *undecided])
    if errors:
        return _decision(Status.NOT_JUDGED, [*errors, *undecided])
    if not checks:
        return _decision(Status.NOT_JUDGED, [message("Every check is only reported: none has a bearing."), *undecided])
    if len(nothing) == len(checks):
        return _decision(Status.NOT_JUDGED, [message("No check found anything to judge."), *undecided])
    if undecided:
        return _decision(Status.NEEDS_REVIEW, undecided)
    passed = {
        requirement_id(check.name, finding) or finding.id
        for check in checks
        for finding in check.findings
        if finding.verdict is Verdict.PASSED
    }
    reasons = [
        message("All {judged} judged requirements of {checks} checks passed.", judged=len(passed), checks=len(checks)),
        *_of(checks, Verdict.FOUND),
    ]
    left = sum(finding.verdict is Verdict.NOT_APPLICABLE for check in checks for finding in check.findings)
    if left:
        reasons.append(message("Not judged, and listed with the reason: {left}.", left=left))
    return _decision(Status.APPROVED, reasons)


def _of(checks: Sequence[CheckResult], verdict: Verdict) -> list[Message]:
    # A check gives its own reason only where it has no finding to show, as after a crash.
    reasons = []
    for check in checks:
        found = [finding for finding in check.findings if finding.verdict is verdict]
        if check.verdict is verdict and not found and check.reason is not None:
            reasons.append(message("{check}: {reason}", check=check.name, reason=check.reason))
        reasons += [_SENTENCES[verdict].model_copy(update={"values": {"finding": finding.id}}) for finding in found]
    return reasons


_SENTENCES = {
    Verdict.FAILED: message("Failed: {finding}."),
    Verdict.ERROR: message("Error: {finding}."),
    Verdict.INCONCLUSIVE: message("Inconclusive: {finding}."),
    Verdict.FOUND: message("Found, and only reported: {finding}."),
}


def _seen_and_not_judged(
    checks: Sequence[CheckResult], data: Mapping[str, SplitInfo], splits: Set[str]
) -> Iterator[Message]:
    judged = [finding for check in checks for finding in check.findings if "share_seen" in finding.details]
    for split in sorted(splits & data.keys(), reverse=True):
        seen = data[split].overlap
        if seen is None or not seen.doubtful or any(finding.scope.get("split") == split for finding in judged):
            continue
        yield message(
            "{share:.1%} of the rows are seen in training ({split}), and no check judged without them. If rows are "
            "meant to repeat, say why (`data.train_test_overlap`).",
            share=seen.share, split=split,
        )  # fmt: skip


def _nothing_to_judge(check: CheckResult) -> Message:
    return message("{check} found nothing to judge, so a person must decide.", check=check.name)


def _decision(status: Status, reasons: Sequence[Message]) -> Decision:
    return Decision(status=status, exit_code=status.exit_code, reasons=tuple(reasons))
