"""What was not measured is told with the numbers of each finding, and none is dropped in silence."""

from __future__ import annotations

from types import ModuleType

from llmops_audit.record import Record, Verdict, message
from llmops_audit.render.formats import render_files
from llmops_audit.render.i18n import render
from llmops_audit.render.unmeasured import MAX_FINDINGS, MAX_LINES, unmeasured


def _html(record: Record, language: str | None = None) -> str:
    return render_files(record, ["html"], language=language)["report.html"].decode()


def _card(record: Record, language: str | None = None) -> str:
    return render_files(record, ["card"], language=language)["model-card.md"].decode()


def _small(sample: ModuleType, group: str, rows: int) -> object:
    text = message("{rows} rows are fewer than the {least} that a group needs.", rows=rows, least=30)
    return sample.finding(
        Verdict.NOT_APPLICABLE, "group_rows", id=f"fairness.group_rows[race={group}]", message=text,
        scope={"race": group}, value=None, interval=None, requirement=None,
    )  # fmt: skip


def test_findings_share_a_line_where_their_reason_is_the_same_number_for_number(sample: ModuleType) -> None:
    """Two groups of 17 rows are told together, one of 7 rows by itself, in page and card alike."""
    found = [_small(sample, name, rows) for name, rows in (("Asian", 17), ("Native American", 7), ("Other", 17))]
    record = sample.record(checks=[sample.check_result("fairness", Verdict.PASSED, found)])
    lines = [line for line in unmeasured(record) if line.findings]
    assert [([one.scope["race"] for one in line.findings], render(line.why, str)) for line in lines] == [
        (["Asian", "Other"], "17 rows are fewer than the 30 that a group needs."),
        (["Native American"], "7 rows are fewer than the 30 that a group needs."),
    ]
    for told in (_html(record), _card(record)):
        assert "7 rows are fewer than the 30 that a group needs." in told.replace("\\", "")


def test_what_has_no_room_is_counted(sample: ModuleType) -> None:
    """Of many places the first are named and of many lines the first are shown; the others are counted."""
    alike = [_small(sample, f"a{number}", 1) for number in range(MAX_FINDINGS + 2)]
    others = [_small(sample, f"b{number}", 2 + number) for number in range(MAX_LINES + 4)]
    record = sample.record(checks=[sample.check_result("fairness", Verdict.PASSED, [*alike, *others])])
    first, *rest = unmeasured(record)
    assert (len(first.findings), first.more) == (MAX_FINDINGS, 2)
    assert rest[MAX_LINES - 1].what == message("What checks could not judge: {count}", count=5)
