"""The Markdown summary, read by a CommonMark parser as its hosts read it."""

from __future__ import annotations

from types import ModuleType

import pytest
from lxml import html
from markdown_it import MarkdownIt

from llmops_audit.check.family import decided
from llmops_audit.record import (
    Changes,
    LabelCount,
    LimitChange,
    Op,
    Record,
    Requirement,
    Status,
    Verdict,
    VerdictChange,
    message,
)
from llmops_audit.render.formats import markdown, render_files
from llmops_audit.render.formats._markdown import escaped, prose
from llmops_audit.render.formats.markdown import MAX_ROWS

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
MIB = 1024 * 1024


def _html(record: Record, language: str | None = None) -> str:
    return render_files(record, ["html"], language=language)["report.html"].decode()


def _markdown(record: Record, language: str | None = None) -> str:
    return render_files(record, ["markdown"], language=language)["summary.md"].decode()


def _page(text: str) -> html.HtmlElement:
    return html.fromstring(f"<main>{READER.render(text)}</main>")


def _tables(record: Record, language: str | None = None) -> dict[str, list[list[str]]]:
    """The rows of each table by the summary that unfolds it; a row has as many cells as the head."""
    found: dict[str, list[list[str]]] = {}
    for table in _page(_markdown(record, language)).iter("table"):
        heading = table.xpath("string(parent::details/summary)").partition(" (")[0].partition("（")[0]
        rows = [[cell.text_content() for cell in row] for row in table.iter("tr")]
        assert len({len(row) for row in rows}) == 1
        found[heading] = rows[1:]
    return found


def test_it_tells_result_reasons_key_numbers_and_folds_the_rest(sample: ModuleType) -> None:
    """The result comes first, then facts, who does what and key numbers; findings, checks and digests are folded."""
    record = sample.record()
    page = _page(_markdown(record))
    assert page.findtext("h1") == "sms-spam-filter 1.4.0: Does not meet its criteria"
    assert page.xpath("string(p[1])").startswith("Automated test result. It is no release approval")
    assert [one.text_content() for one in page.xpath("details/summary")] == [
        "What needs attention (6)", "What could not be decided, what nobody looked at, and notes", "Checks (6)",
        "Digests and exit code",
    ]  # fmt: skip
    assert [li.text_content() for li in page.xpath("ul[1]/li")] == [
        "✗ Balanced accuracy 50% (43 to 57); at least 80% required (audit.toml:17)",
        "✗ personal data (message, telephone number): 312; at most 0 allowed",
        "✓ Accuracy 96.1% (94.8 to 97.1); at least 80% required (audit.toml:17)",
    ]
    assert page.xpath("ul[2]/li")[0].text_content().startswith("Owner (Trust): mend what stopped drift")
    tables = _tables(record)
    assert [row[:2] for row in tables[""]] == [
        ["✗ failed", "balanced accuracy"],
        ["✗ failed", "personal data, train"],
        ["! error", "own metric"],
        ["? inconclusive", "selection rate ratio"],
        ["– not applicable", "equalized odds difference"],
        ["✓ passed", "accuracy"],
    ]
    assert tables[""][0][2:] == ["50%", "43 to 57", "≥ 80%", "audit.toml:17"]
    assert tables["What needs attention"][0] == [
        "balanced accuracy (split test)", "failed", "high", "0.5", "0.4312 to 0.5688", "≥ 0.8",
        "audit.toml:17: As its owner wants it.",
        "The whole interval misses the limit.",
    ]  # fmt: skip
    assert [row[0] for row in tables["Checks"]] == [check.name for check in record.checks]
    assert ["Spec", record.audit.spec_sha256] in tables["Digests and exit code"]
    assert tables["Digests and exit code"][-1] == ["Exit code", "1"]


def test_it_takes_one_screen(sample: ModuleType) -> None:
    """What stands unfolded are at most 30 lines, however many requirements there are."""
    many = [
        sample.finding(Verdict.FAILED, id=f"a.{i}", requirement=Requirement(op=">=", limit=0.8, about=f"x{i}"))
        for i in range(90)
    ]
    check = sample.check_result("accuracy", Verdict.FAILED, many)
    _, required = decided([check], 0.95)
    reasons = [message("Failed: {finding}.", finding=one.id) for one in many]
    record = sample.record(checks=[check], reasons=reasons).model_copy(update={"requirements": required})
    written = _markdown(record)
    assert "82 more in the record." in written
    open_part = written[: written.index("<details>")]
    assert len([line for line in open_part.splitlines() if line]) <= 30


def test_what_changed_is_told_the_loosened_limits_first(sample: ModuleType) -> None:
    """Beside a baseline: what is the same, limits with their direction, verdicts before and now, the gravest first."""
    changes = Changes(
        name="sms-spam-filter",
        version="1.3.0",
        digest="9a" * 32,
        status=Status.APPROVED,
        verdicts=(
            VerdictChange(id="drift.size[column=b|c]", before=None, now=Verdict.PASSED),
            VerdictChange(id="accuracy", before=Verdict.PASSED, now=Verdict.FAILED),
        ),
        limits=(
            LimitChange(id="accuracy.recall", op=Op.AT_LEAST, before=None, now=0.5, loosened=False),
            LimitChange(id="accuracy.accuracy", op=Op.AT_LEAST, before=0.9, now=0.8, loosened=True),
            LimitChange(id="gate.on_inconclusive", op=None, before="reject", now="review", loosened=True),
            LimitChange(id="checks.fairness.reference.race", op=None, before=None, now="A", loosened=None),
        ),
        data={"test": True, "train": False},
        same_model=False,
        same_spec=True,
    )
    page = _page(_markdown(sample.record().model_copy(update={"changes": changes})))
    (heading,) = page.xpath("details/summary[text()='What changed since the last audit']")
    assert heading.getnext().text == (
        "Compared with the record of sms-spam-filter 1.3.0, whose decision was: Approved."
    )
    tables = heading.xpath("following-sibling::table")[:3]
    told = [[[cell.text_content() for cell in row] for row in table.iter("tr")] for table in tables]
    assert told[0][1:] == [
        ["Classifier", "another one"],
        ["Data: test", "the same bytes"],
        ["Data: train", "other bytes"],
        ["Spec", "unchanged"],
    ]
    assert told[1][1:] == [
        ["accuracy.accuracy", "loosened", "≥ 0.9", "≥ 0.8"],
        ["gate.on_inconclusive", "loosened", "reject", "review"],
        ["checks.fairness.reference.race", "changed: looser or stricter, depending on the data", "none", "A"],
        ["accuracy.recall", "not loosened", "none", "≥ 0.5"],
    ]
    assert told[2][1:] == [["accuracy", "passed", "failed"], ["drift.size[column=b|c]", "none", "passed"]]
    unchanged = changes.model_copy(update={"verdicts": (), "limits": ()})
    assert "No verdict changed." in _markdown(sample.record().model_copy(update={"changes": unchanged}))
    assert "What changed" not in _markdown(sample.record())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_names_of_the_data_are_not_translated(sample: ModuleType, language: str) -> None:
    """A column of groups and its values keep their names, even where they are called like something of ours."""
    finding = sample.finding(
        Verdict.FAILED, scope={"split": "test", "kind": "email", "sender_country": "not_applicable"}
    )
    found = [sample.check_result("fairness", Verdict.FAILED, [finding])]
    record = sample.record(checks=found)
    told = _tables(record, language)[_attention(language)][0][0]
    assert "sender country" in told if language == "en" else "email" not in told
    counts = (LabelCount(value="email", rows=3),)
    splits = {
        name: split.model_copy(update={"groups": {"kind": counts, "sender_country": counts}})
        for name, split in record.data.items()
    }
    grouped = record.model_copy(update={"data": splits})
    told = _tables(grouped, language)[_attention(language)][0][0]
    between = " " if language == "en" else "："
    assert f"kind{between}email" in told
    assert f"sender_country{between}not_applicable" in told
    assert "test" in told if language == "en" else "测试" in told
    html_told = html.fromstring(_html(grouped, language)).text_content()
    assert "kind email" in " ".join(html_told.split())


def _attention(language: str) -> str:
    return {"en": "What needs attention", "zh": "需要关注的内容"}[language]


def test_a_default_is_told_as_one(sample: ModuleType) -> None:
    """Where no line sets the limit, the column of its place says so; a reason for the limit stands behind it."""
    record = sample.record()
    unexplained = record.model_copy(update={"requirements": ()})
    assert _tables(unexplained)["What needs attention"][1][6] == "default of the check"
    assert _tables(record)["What needs attention"][1][6] == "default of the check: As its owner wants it."


def test_nothing_needs_attention_after_an_approval(sample: ModuleType) -> None:
    """An approved audit says so in words and has no table of troubles."""
    page = _page(_markdown(sample.approved()))
    assert "What needs attention" not in _tables(sample.approved())
    assert "Meets every criterion of audit.toml" in page.text_content()


def test_it_comes_in_the_language(sample: ModuleType) -> None:
    """Words, verdicts and sentences are Chinese in a Chinese record, or where that is asked for."""
    text = _markdown(sample.record(language="zh"))
    assert text == _markdown(sample.record(), "zh")
    assert "未通过" in text or "不通过" in text
    assert "misses the limit" not in text


ODD = (
    "a|b", "`code` ``x``", "<script>alert(1)</script>", "<!-- x", "**bold** __b__ ~~s~~", "[x](https://example.org)",
    "![x](y)", "1. one", "- two", "# three", "> four", "+ five", "=====", "&amp; &#64;", "\\", "a\nb\n\n# c",
    "$x$", "{{ x }}", "<https://example.org>", "[x]: y", "trailing \\|", "| --- |",
)  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_a_quoted_text_is_shown_as_it_is(text: str) -> None:
    """Marks, pipes, tags and entities of a text are text, in a paragraph, a list and a cell."""
    plain = " ".join(text.split())
    page = _page(
        f"{escaped(text)}\n\n- {escaped(text)}\n\n| a | b |\n| --- | --- |\n| {escaped(text)} | {escaped(text)} |\n"
    )
    assert [p.text_content() for p in page.findall("p")] == [plain]
    assert [li.text_content() for li in page.iter("li")] == [plain]
    assert [td.text_content() for td in page.iter("td")] == [plain, plain]
    assert {e.tag for e in page.iter() if isinstance(e.tag, str)} == {
        "main", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["@team", "someone@example.org", "#12", "https://example.org", "www.example.org", "WWW.x.org"]
)
def test_nobody_is_mentioned_and_nothing_linked(text: str) -> None:
    """What hosts turn into mentions, mail addresses, links and issues by itself is parted, and shown whole."""
    written = escaped(text)
    assert text not in written
    assert _page(written).text_content().strip() == text


def test_invisible_controls_do_not_pass() -> None:
    """Bidirectional and other controls, and lone surrogates, are shown as replaced."""
    assert escaped("a\u202eb\x00c\ud800") == "a\ufffdb\ufffdc\ufffd"


def test_code_of_a_page_stays_code() -> None:
    """In a paragraph of a check's page code spans are kept, and nothing else is markup."""
    page = _page(prose("Use `a_b < c` and *not* <b>this</b>.", 200))
    assert page.findtext(".//code") == "a_b < c"
    assert page.text_content().strip() == "Use a_b < c and *not* <b>this</b>."


@pytest.mark.parametrize(
    "text", ["@" * 5_000, "字" * 5_000, "\u0301" * 5_000, "&" * 5_000, "w" * 1_000_000, "😀|" * 5_000]
)
def test_it_stays_far_under_a_mebibyte(sample: ModuleType, text: str) -> None:
    """Thousands of findings and checks of long texts are cut to a bound, and the others counted."""
    many = [
        sample.finding(
            Verdict.FAILED,
            id=f"a.{i}",
            metric=text,
            message=message("{x}", x=text),
            requirement=Requirement(op=">=", limit=1, source=text),
        )
        for i in range(60)
    ]
    checks = [sample.check_result(f"c{i}", Verdict.FAILED, many[i : i + 1], reason=message(text)) for i in range(60)]
    reasons = [message("{x}", x=text) for _ in range(60)]
    written = _markdown(sample.record(checks=checks, reasons=reasons, purpose=text))
    assert len(written.encode()) < MIB * 0.75
    assert "10 more in the record." in written
    assert all(len(list(table.iter("tr"))) <= MAX_ROWS + 1 for table in _page(written).iter("table"))


def test_the_brief_is_the_decision(sample: ModuleType) -> None:
    """Where there is no room, the head alone is told."""
    brief = markdown.brief(sample.record(), "en").decode()
    assert _markdown(sample.record()).startswith(brief.rstrip())
    assert "Does not meet its criteria" in brief
    assert len(brief) < 600
