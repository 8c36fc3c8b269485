"""Annotations: workflow commands that nothing in a record can break out of."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from llmops_audit.record import Record, Requirement, Verdict, message
from llmops_audit.render.github import workflow_commands

COMMAND = re.compile(r"::(error|warning) file=([^:,\r\n]+),line=([1-9][0-9]*),title=([^:,\r\n]*)::([^\r\n]*)")


def _read(record: Record, root: str = "") -> list[tuple[str, str, str, str, str]]:
    found = [COMMAND.fullmatch(line) for line in workflow_commands(record, language=record.audit.language, root=root)]
    assert all(found)
    return [(m[1], m[2], m[3], _plain(m[4]), _plain(m[5])) for m in found if m]


def _plain(text: str) -> str:
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def test_what_waits_is_annotated(sample: ModuleType) -> None:
    """Failures and errors are errors, what is undecided a warning, at the line of the limit."""
    found = _read(sample.record())
    assert [(kind, file, line) for kind, file, line, *_ in found] == [
        ("error", "audit.toml", "17"),
        ("error", "audit.toml", "1"),
        ("error", "audit.toml", "17"),
        ("error", "audit.toml", "1"),
        ("warning", "audit.toml", "1"),
        ("warning", "audit.toml", "1"),
    ]
    assert found[0][3] == "balanced accuracy (split test): failed"
    assert found[1][4].endswith("required: ≤ 0 (default of the check).")
    assert _read(sample.approved()) == []
    assert _read(sample.record(), "audits/sms")[0][1] == "audits/sms/audit.toml"


def test_no_more_than_ten(sample: ModuleType) -> None:
    """Of many the ten gravest are annotated."""
    many = [sample.finding(Verdict.INCONCLUSIVE, id=f"accuracy.f1[label={i}]") for i in range(20)]
    many.append(sample.finding(Verdict.FAILED, id="accuracy.f1[label=x]"))
    found = _read(sample.record(checks=[sample.check_result("accuracy", Verdict.FAILED, many)]))
    assert len(found) == 10
    assert found[0][0] == "error"


@pytest.mark.parametrize(
    "text", ["a\n::set-env name=x::y", "a\r\n::error::x", "50%0A::x", "a::b,c:d", "\u2028::x", "\x00\x85x"]
)
def test_no_text_becomes_a_command(sample: ModuleType, text: str) -> None:
    """Line ends, colons, commas and percent signs of a record end neither a line nor a property."""
    finding = sample.finding(
        Verdict.FAILED,
        metric=text,
        scope={"column": text},
        message=message("{x}", x=text),
        requirement=Requirement(op=">=", limit=1, source=f"{text}.toml:3"),
    )
    found = _read(sample.record(checks=[sample.check_result("accuracy", Verdict.FAILED, [finding])]))
    assert len(found) == 1
    assert len(workflow_commands(sample.record(), language="en", root="")[0].splitlines()) == 1
