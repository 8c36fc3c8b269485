"""What the report shows of the changes since an earlier audit, the gravest first."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_audit.record import Changes, LimitChange, Message, Verdict, VerdictChange, message

__all__ = ["DIRECTION", "LOOSEST", "ChangesView", "changes_view"]

MAX_LINES = 60
"""Lines of each table."""

_GRAVITY = (
    Verdict.FAILED,
    Verdict.ERROR,
    Verdict.INCONCLUSIVE,
    Verdict.FOUND,
    Verdict.NOT_APPLICABLE,
    None,
    Verdict.PASSED,
)

DIRECTION = {
    True: message("loosened"),
    None: message("changed: looser or stricter, depending on the data"),
    False: message("not loosened"),
}
"""What a changed limit means for what is demanded, by `LimitChange.loosened`."""

LOOSEST = tuple(DIRECTION)

_MODEL = {True: message("the same"), False: message("another one"), None: message("cannot be known")}


@dataclass(frozen=True)
class ChangesView:
    """The changes that are shown.

    Attributes
    ----------
    loosened : int
        Limits that demand less than before, shown or not.
    unclear : int
        Limits that demand less or more, which depends on the data.
    limits : tuple of LimitChange
        The loosened ones first, then those that may be.
    verdicts : tuple of VerdictChange
        The gravest of today's verdicts first.
    hidden : int
        Changes that are not shown.
    model : Message
        Whether the classifier is the same.
    """

    loosened: int
    unclear: int
    limits: tuple[LimitChange, ...]
    verdicts: tuple[VerdictChange, ...]
    hidden: int
    model: Message


def changes_view(changes: Changes) -> ChangesView:
    """Return what is shown of the changes; the record holds the others."""
    limits = sorted(changes.limits, key=lambda change: LOOSEST.index(change.loosened))[:MAX_LINES]
    verdicts = sorted(changes.verdicts, key=lambda change: _GRAVITY.index(change.now))[:MAX_LINES]
    return ChangesView(
        loosened=sum(change.loosened is True for change in changes.limits),
        unclear=sum(change.loosened is None for change in changes.limits),
        limits=tuple(limits),
        verdicts=tuple(verdicts),
        hidden=len(changes.limits) + len(changes.verdicts) - len(limits) - len(verdicts),
        model=changes.model or _MODEL[changes.same_model],
    )
