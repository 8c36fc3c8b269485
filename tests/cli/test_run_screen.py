"""What a run shows: a line for each requirement, the result with its facts, in the language of the audit."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from llmops_audit.check.family import decided
from llmops_audit.cli.run_screen import MAX_LINES, WIDTH, run_screen
from llmops_audit.record import Finding, Op, Record, Requirement, Status, Verdict, message


def _shown(record: Record, width: int = WIDTH) -> str:
    console = Console(width=width, record=True, force_terminal=False)
    with console.capture() as capture:
        for part in run_screen(record, Path("out"), ["report.html"]):
            console.print(part, soft_wrap=part.no_wrap)
    return capture.get()


def _finding(id: str, **given: Any) -> Finding:
    limit = Requirement(
        op=given.pop("op", Op.AT_LEAST), limit=given.pop("limit", 0.8), about=given.pop("about", ""),
        source=given.pop("source", "audit.toml:19"),
    )  # fmt: skip
    fields: dict[str, Any] = {"metric": "selection_rate_ratio", "verdict": Verdict.FAILED, "value": 0.521}
    fields |= {"scope": {"split": "test"}, "message": message("Sentence.")}
    return Finding(id=id, requirement=limit, **(fields | given))


def _record(sample: ModuleType, findings: list[Finding], **given: Any) -> Record:
    check = sample.check_result("fairness", Verdict.FAILED, findings)
    _, required = decided([check], 0.95)
    verdicts = {one.id: one.verdict for one in findings}
    reasons = [message("Failed: {finding}.", finding=one.id) for one in findings]
    record: Record = sample.record(Status.REJECTED, checks=[check], figures={}, reasons=reasons, **given)
    fixed = (one.model_copy(update={"verdict": verdicts[one.findings[0]]}) for one in required)
    return record.model_copy(update={"requirements": tuple(fixed)})


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (_finding("a", about="race"), "  ✗ fairness selection_rate_ratio race 0.52 < 0.80  audit.toml:19"),
        (
            _finding("a", metric="gap", op=Op.AT_MOST, limit=0.1, value=0.21, source="default"),
            "  ✗ fairness gap 0.21 > 0.10",
        ),
        (_finding("a", metric="rows", op=Op.AT_MOST, limit=0, value=3), "  ✗ fairness rows 3 > 0  audit.toml:19"),
        (
            _finding("a", metric="x", verdict=Verdict.PASSED, value=0.8, scope={"split": "live"}),
            "  ✓ fairness x live 0.80 >= 0.80  audit.toml:19",
        ),
        (_finding("a", metric="x", value=0.7999), "  ✗ fairness x 0.7999 < 0.80  audit.toml:19"),
        (
            _finding("a", metric="x", verdict=Verdict.INCONCLUSIVE, value=None),
            "  ? fairness x – >= 0.80  audit.toml:19",
        ),
    ],
)
def test_a_requirement_takes_one_line(sample: ModuleType, finding: Finding, line: str) -> None:
    """Mark, id, value, limit and the place in the spec, with few digits and never the limit for what misses it."""
    assert line in _shown(_record(sample, [finding])).splitlines()


def test_no_name_is_broken_at_80_columns(sample: ModuleType) -> None:
    """A long name stands whole, what was measured on the next line; other lines keep to 80 columns."""
    long = "a_metric_of_a_plug_in_with_a_very_long_name_that_alone_takes_more_than_a_whole_line_of_80"
    shown = _shown(_record(sample, [_finding("a", metric="m" * 50, about="race"), _finding("b", metric=long)]))
    lines = shown.splitlines()
    assert f"  ✗ fairness {'m' * 50} race" in lines
    assert f"  ✗ fairness {long}" in lines
    assert lines.count("      0.52 < 0.80  audit.toml:19") == 2
    assert all(cell_len(line) <= WIDTH for line in lines if long not in line)


def test_the_gravest_lines_of_a_check_stand_first_and_the_others_are_counted(sample: ModuleType) -> None:
    """A check shows a bounded number of lines."""
    passed = [_finding(f"p{i}", about=f"p{i}", verdict=Verdict.PASSED, value=0.9) for i in range(30)]
    lines = _shown(_record(sample, [*passed, _finding("f", about="race")])).splitlines()
    own = [line for line in lines if " fairness selection_rate_ratio " in line]
    assert len(own) == MAX_LINES
    assert own[0].startswith("  ✗")
    assert f"  {31 - MAX_LINES} more in the record." in lines


def test_the_result_follows_with_facts(sample: ModuleType) -> None:
    """Below the checks: the result, the exit code, what it is not, facts with numbers, who does what, the report."""
    shown = " ".join(_shown(sample.record()).split())
    for part in (
        "✗ Does not meet its criteria Decision: Rejected (exit code 1) Automated test result.",
        "✗ Balanced accuracy 50% (43 to 57); at least 80% required (audit.toml:17)",
        "drift ERROR The check did not finish: ZeroDivisionError.",
        "→ Owner (Trust): mend what stopped drift",
        "Report: out/report.html",
    ):
        assert part in shown


def test_a_chinese_audit_is_shown_in_chinese(sample: ModuleType) -> None:
    """Verdicts and sentences follow the language of the audit; ids stay."""
    shown = _shown(_record(sample, [_finding("a", about="race")], language="zh"))
    assert "fairness 未通过" in shown
    assert "退出码 1" in shown
    assert "  ✗ fairness selection_rate_ratio race 0.52 < 0.80  audit.toml:19" in shown


def test_no_text_of_a_record_controls_the_terminal(sample: ModuleType) -> None:
    """Control and reordering characters of names are shown as escapes."""
    for text in sample.HOSTILE:
        shown = _shown(sample.hostile(text))
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\u2066]", shown)
