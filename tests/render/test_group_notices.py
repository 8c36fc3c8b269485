"""What the first screen says of groups: whom ratios compare with, and small groups that nobody judged."""

from __future__ import annotations

from types import ModuleType

from llmops_audit.record import Finding, Op, Requirement, Verdict, message
from llmops_audit.render.group_notices import MOST_NAMED
from llmops_audit.render.i18n import render, translator
from llmops_audit.render.notices import notices


def _small(groups: dict[str, int], *, listed: bool = True) -> list[Finding]:
    return [
        Finding(
            id=f"fairness.group_rows[race={group}]", metric="group_rows", scope={"split": "test", "race": group},
            n=rows, value=rows, verdict=Verdict.NOT_APPLICABLE, message=message("Few."),
            details={"first_screen": True} if listed else {},
        )
        for group, rows in groups.items()
    ]  # fmt: skip


def _said(sample: ModuleType, findings: list[Finding]) -> list[str]:
    record = sample.record(checks=[sample.check_result("fairness", Verdict.PASSED, findings)])
    return [render(one.message, translator("en")) for one in notices(record) if one.anchor == "groups"]


def test_small_groups_that_no_requirement_mentions_are_listed(sample: ModuleType) -> None:
    """Their names and rows stand in one sentence an attribute; others do not."""
    assert _said(sample, _small({"X": 1234, "Y": 3})) == [
        "Not judged for having few rows, by race (test): X (1,234), Y (3)."
    ]
    assert _said(sample, _small({"X": 12}, listed=False)) == []


def test_of_many_small_groups_some_are_named(sample: ModuleType) -> None:
    """The sentence stays short, and counts the others and all rows."""
    groups = {f"g{i}": 2 for i in range(MOST_NAMED + 5)}
    (said,) = _said(sample, _small(groups))
    assert said.endswith("g7 (2) and 5 more groups, 26 rows in all.")


def test_the_comparator_is_named_with_its_rows(sample: ModuleType) -> None:
    """Each attribute whose ratios are judged names the group that others are compared with, once."""
    limit = Requirement(op=Op.AT_LEAST, limit=0.8, about="race")
    ratios = [
        Finding(
            id=f"fairness.{name}[race=B]", metric=name, scope={"split": "test", "race": "B"}, requirement=limit,
            verdict=Verdict.PASSED, message=message("Met."), details={"compared_with": "A", "compared_rows": 2000},
        )
        for name in ("selection_rate_ratio", "accuracy_ratio")
    ]  # fmt: skip
    assert _said(sample, ratios) == ["Ratios by race compare other groups with A (2,000 rows)."]
