"""What the first screen says of an audit whose spec sets no minimum: no limit that nobody chose is a success."""

from __future__ import annotations

from llmops_audit.record import Message, Record, Verdict, message

__all__ = ["unset_minima"]

CHECK = "accuracy"


def unset_minima(record: Record) -> Message | None:
    """Return the sentence; None where the check of accuracy has a minimum, or did not run."""
    check = next((check for check in record.checks if check.name == CHECK), None)
    if check is None or check.settings.get("min") != {}:
        return None
    if check.verdict is Verdict.PASSED:
        return message("No minimum was set; this says only that it is better than guessing.")
    return message("No minimum was set for accuracy.")
