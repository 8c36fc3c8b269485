"""What the first screen says of groups: whom ratios compare with, and which have too few rows to be judged."""

from __future__ import annotations

from collections.abc import Iterator

from llmops_audit.record import Message, Record, message

__all__ = ["comparators", "small_groups"]

MOST_NAMED = 8
"""Groups that are named in a sentence; further ones are counted."""

_METRIC, _MARK, _RATIO = "group_rows", "first_screen", "_ratio"


def comparators(record: Record) -> Iterator[Message]:
    """Yield for each attribute the group that ratios compare others with, and its rows."""
    found: dict[tuple[str, str, int], None] = {}
    for check in record.checks:
        for finding in check.findings:
            other, rows = (finding.details.get(key) for key in ("compared_with", "compared_rows"))
            if finding.metric.endswith(_RATIO) and finding.requirement is not None and isinstance(rows, int):
                found[finding.requirement.about, str(other), rows] = None
    for attribute, group, rows in found:
        yield message(
            "Ratios by {attribute} compare other groups with {group} ({rows:,} rows).",
            attribute=attribute, group=group, rows=rows,
        )  # fmt: skip


def small_groups(record: Record) -> Iterator[Message]:
    """Yield a sentence for each attribute and split with groups that have too few rows to be judged."""
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for check in record.checks:
        for finding in check.findings:
            if finding.metric == _METRIC and finding.details.get(_MARK):
                ((attribute, group),) = [item for item in finding.scope.items() if item[0] != "split"]
                key = attribute, finding.scope["split"]
                found.setdefault(key, []).append((group, finding.n or 0))
    for (attribute, split), groups in found.items():
        named = [f"{group} ({rows:,})" for group, rows in groups[:MOST_NAMED]]
        if len(groups) > MOST_NAMED:
            yield message(
                "Not judged for having few rows, by {attribute} ({split}): {groups} and {more} more groups, {rows:,} "
                "rows in all.",
                attribute=attribute, split=split, groups=", ".join(named), more=len(groups) - MOST_NAMED,
                rows=sum(rows for _, rows in groups),
            )  # fmt: skip
        else:
            yield message(
                "Not judged for having few rows, by {attribute} ({split}): {groups}.",
                attribute=attribute, split=split, groups=", ".join(named),
            )  # fmt: skip
