"""What an audit did not measure and why: what checks could not judge, and what the spec left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmops_audit.record import CheckResult, Finding, Message, Record, Scalar, Verdict, message
from llmops_audit.record.figures import GroupMetrics
from llmops_audit.render.personal_data_found import protection_without_search

__all__ = ["Unmeasured", "unmeasured"]

MAX_FINDINGS = 6
"""Findings that one line names; the others are counted."""

MAX_LINES = 40


@dataclass(frozen=True)
class Unmeasured:
    """One thing that was not measured.

    Attributes
    ----------
    what : Message, optional
        Null where `findings` say it.
    findings : tuple of Finding
        Those of one metric that were not judged for one reason, at most `MAX_FINDINGS`.
    more : int
        Findings beyond those.
    check : str, optional
        The check that should have measured it.
    why : Message
    """

    what: Message | None
    why: Message
    findings: tuple[Finding, ...] = ()
    more: int = 0
    check: str | None = None


def unmeasured(record: Record) -> tuple[Unmeasured, ...]:
    """Return what an audit did not measure: at most `MAX_LINES` things that checks could not judge, then the others."""
    unjudged = [line for check in record.checks for line in _of_check(check)]
    return (*unjudged[:MAX_LINES], *_not_shown(unjudged[MAX_LINES:]), *_left_out(record), *_not_searched(record))


def _not_shown(lines: Sequence[Unmeasured]) -> Iterator[Unmeasured]:
    if lines:
        yield Unmeasured(
            message("What checks could not judge: {count}", count=len(lines)),
            message("They stand in the record with their reasons."),
        )


def _of_check(check: CheckResult) -> Iterator[Unmeasured]:
    if not check.findings and check.reason is not None:
        yield Unmeasured(message("All that the check measures"), check.reason, check=check.name)
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in check.findings:
        if finding.verdict in (Verdict.NOT_APPLICABLE, Verdict.ERROR):
            alike.setdefault((finding.verdict, finding.metric, _with_values(finding.message)), []).append(finding)
    for findings in alike.values():
        shown = tuple(findings[:MAX_FINDINGS])
        yield Unmeasured(None, findings[0].message, shown, len(findings) - len(shown), check.name)


def _with_values(text: Message) -> str:
    """Return a message with its values as a text: the same sentence with other numbers is another reason."""
    return repr(text)


def _left_out(record: Record) -> Iterator[Unmeasured]:
    if "live" not in record.data:
        yield Unmeasured(
            message("Rows from production"),
            message("The spec names none (`data.live`): how the classifier does in use is not known."),
        )
    if not any(split.groups for split in record.data.values()) and not any(
        isinstance(figure, GroupMetrics) for figure in record.figures.values()
    ):
        yield Unmeasured(
            message("Differences between groups of people"),
            message("The spec names no column of a sensitive attribute (`data.groups`)."),
        )
    if not any(_names_a_score(finding) for check in record.checks for finding in check.findings) and not any(
        figure.kind == "curves" for figure in record.figures.values()
    ):
        yield Unmeasured(
            message("How well scores order rows, and whether they come true"),
            message("The classifier gives no scores, or no check asked for them."),
        )
    if record.changes is None and all(finding.scope.get("against") != "before" for finding in _all(record)):
        yield Unmeasured(
            message("Whether this version is worse than the one before"),
            message("The spec names no earlier audit or predictions (`[baseline]`)."),
        )


def _not_searched(record: Record) -> Iterator[Unmeasured]:
    if protecting := protection_without_search(record):
        yield Unmeasured(
            message("Personal data"),
            message(
                "The spec names frameworks of data protection ({frameworks}), but does not enable the check that "
                "searches for personal data (`checks.pii`).",
                frameworks=protecting,
            ),
        )
    kinds: dict[Scalar, None] = {}
    for finding in _all(record):
        given = finding.details.get("not_searched_for", ())
        kinds.update(dict.fromkeys(given if isinstance(given, tuple) else (given,)))
    if kinds:
        yield Unmeasured(
            message("Personal data of these kinds: {kinds}", kinds=tuple(kinds)),
            message("The search knows numbers and forms; it has no rule that would find these."),
        )


def _names_a_score(finding: Finding) -> bool:
    return finding.metric in ("roc_auc", "average_precision", "expected_calibration_error", "brier_score")


def _all(record: Record) -> Sequence[Finding]:
    return [finding for check in record.checks for finding in check.findings]
