"""Whether two records are of the same classifier: by what was trained or read, never by what it is called."""

from __future__ import annotations

from llmops_audit.record import Message, Record, SubjectInfo, message

__all__ = ["compared_models"]


def compared_models(before: Record, now: Record) -> tuple[bool | None, Message]:
    """Compare the classifiers of two records.

    Returns
    -------
    bool or None
        None where the records cannot tell.
    Message
        By what it is known, or why it cannot be known.
    """
    then, today = before.subject, now.subject
    if "predictions" in (then.kind, today.kind):
        return _saved(then, today)
    alike = _alike(then, today)
    if then.fitted is None or today.fitted is None:
        if alike:
            return None, message("same description and parameters; whether it is the same model cannot be known")
        return False, message("another one: its description or its parameters differ")
    if then.fitted == today.fitted:
        return True, message("the same: what was trained has the same digest")
    if alike and _same_training_rows(before, now) and not _same_machine(before, now):
        # The order of sums, and with it the last digits of what is learned, differs between machines and versions.
        return None, message(
            "trained alike on another machine or with other versions; whether it is the same model cannot be known"
        )
    return False, message("another one: what was trained differs")


def _saved(then: SubjectInfo, today: SubjectInfo) -> tuple[bool | None, Message]:
    if then.kind != today.kind:
        return None, message(
            "predictions were saved for one audit and made by the other; whether it is the same model cannot be known"
        )
    known = then.identity is not None and then.identity == today.identity
    if known and then.parameters == today.parameters:
        return True, message("the same saved predictions, byte for byte")
    return None, message("other saved predictions; whether they come from the same model cannot be known")


def _alike(then: SubjectInfo, today: SubjectInfo) -> bool:
    return (then.kind, then.description, then.parameters) == (today.kind, today.description, today.parameters)


def _same_training_rows(before: Record, now: Record) -> bool:
    then, today = before.data.get("train"), now.data.get("train")
    if then is None or today is None:
        return False
    return (then.sha256, then.rows, then.labels) == (today.sha256, today.rows, today.labels)


def _same_machine(before: Record, now: Record) -> bool:
    then, today = before.run, now.run
    return before.environment == now.environment and (then.host, then.platform) == (today.host, today.platform)
