"""Columns of groups that a split does not have: they may stand in another split alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from llmops_audit.check.inputs import Task
from llmops_audit.record import Finding, Verdict, message

__all__ = ["absent_groups"]


def absent_groups(task: Task, columns: Collection[str], split: str) -> Iterator[Finding]:
    """Say of each group column that a split lacks that its groups are unknown, which leaves a doubt."""
    for name in task.groups:
        if name not in columns:
            text = message("The split has no column {column}: its groups are unknown.", column=name)
            scope = {"split": split, "attribute": name}
            yield Finding(metric="groups", scope=scope, verdict=Verdict.INCONCLUSIVE, message=text)
