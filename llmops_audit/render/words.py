"""Words of the record's own keys: verdicts, decisions, splits and the like. Checks bring their own words."""

from __future__ import annotations

from llmops_audit.record import Message, message

__all__ = ["FIXED", "NAMES", "WORD_PLACES"]

FIXED: dict[str, Message] = {
    "passed": message("passed"),
    "failed": message("failed"),
    "inconclusive": message("inconclusive"),
    "found": message("found"),
    "not_applicable": message("not applicable"),
    "error": message("error"),
    "critical": message("critical"),
    "high": message("high"),
    "medium": message("medium"),
    "low": message("low"),
    "approved": message("Approved"),
    "rejected": message("Rejected"),
    "needs_review": message("Needs review"),
    "not_judged": message("Not judged"),
    "train": message("train"),
    "test": message("test"),
    "live": message("live"),
    "estimator": message("estimator trained here"),
    "factory": message("classifier made by a factory and trained here"),
    "predictions": message("saved predictions"),
    "scores": message("saved scores, from which the label is predicted here"),
}
"""Values whose meaning the record defines: no check renames a verdict."""

NAMES: dict[str, Message] = {
    "rows": message("rows"),
    "groups": message("groups"),
    "group_rows": message("rows of a group"),
    "split": message("split"),
    "label": message("label"),
    "column": message("column"),
    "group": message("group"),
    "attribute": message("attribute"),
    "missing": message("missing"),
    "permutation_p_value": message("p-value by permutation"),
}
"""Names that every check may use as metrics and keys of scopes or details."""

WORD_PLACES = frozenset({"metric", "severity", "split", "splits", "status", "verdict"})
"""Places of a message, columns of a table and keys of a scope whose values are keys of words, not data."""
