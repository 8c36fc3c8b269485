"""What metrics by group, rules on them and details of findings are called."""

from __future__ import annotations

from llmops_audit.analysis.fairness.group_metrics import GROUP_TITLES
from llmops_audit.analysis.metrics.words import METRIC_WORDS
from llmops_audit.record import Message, message, values_at

__all__ = ["WORDS"]

WORDS: dict[str, Message] = {
    **METRIC_WORDS,
    **GROUP_TITLES,
    **values_at({**METRIC_WORDS, **GROUP_TITLES}, "rate"),
    "bias_audit": message("bias audit"),
    "category": message("category"),
    "groups": message("groups"),
    "compared_with": message("compared with"),
    "rate": message("rate"),
    "group_rate": message("rate of the group"),
    "compared_rate": message("rate of the group compared with"),
    "compared_rows": message("rows of the group compared with"),
    "all_rows": message("all rows"),
    "first_screen": message("listed on the first screen"),
}
"""All that findings and figures of the check name."""
