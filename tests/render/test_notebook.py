"""A record in a notebook: its first screen, and its findings as a DataFrame."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from types import ModuleType

import pandas as pd
import pytest

from llmops_audit.record import Record, Status, message
from llmops_audit.render.notebook import MAX_ROWS, findings_frame, first_screen

COLUMNS = [
    "check",
    "id",
    "metric",
    "scope",
    "value",
    "low",
    "high",
    "n",
    "limit",
    "op",
    "verdict",
    "severity",
    "message",
]


class _Elements(HTMLParser):
    """Names, attributes and text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


def _in_chinese(record: Record) -> Record:
    return record.model_copy(update={"audit": record.audit.model_copy(update={"language": "zh"})})


def test_the_first_screen_holds_what_a_reader_decides_from(sample: ModuleType) -> None:
    """Result, what was audited, facts, who does what, and every requirement with value, interval and limit."""
    text = " ".join(_Elements(first_screen(sample.record())).text.split())
    for line in (
        "✗ sms-spam-filter 1.4.0: Does not meet its criteria",
        "It is no release approval, no legal opinion and no conformity assessment.",
        "1,200 test rows.",
        "✗ Balanced accuracy 50% (43 to 57); at least 80% required (audit.toml:17)",
        "Owner (Trust): mend what stopped drift",
        "balanced accuracy ✗ failed 50% 43 to 57 ≥ 80% audit.toml:17",
        "What nobody looked at: ",
    ):
        assert line in text, line


@pytest.mark.parametrize(("status", "symbol"), list(zip(Status, "✓✗?!", strict=True)))
def test_each_decision_has_its_sign(sample: ModuleType, status: Status, symbol: str) -> None:
    """Colour is never the only sign of a decision."""
    assert f"{symbol} " in first_screen(sample.record(status))


def test_it_speaks_the_language_of_the_audit(sample: ModuleType) -> None:
    """In a Chinese audit every sentence of the harness is Chinese."""
    reason = message("All {judged} judged requirements of {checks} checks passed.", judged=4, checks=4)
    record = sample.approved()
    decision = record.decision.model_copy(update={"reasons": (reason,)})
    html = first_screen(_in_chinese(record.model_copy(update={"decision": decision})))
    assert 'lang="zh-CN"' in html
    text = _Elements(html).text
    names = ("sms-spam-filter", "sklearn.linear_model:LogisticRegression", "cd" * 6, "audit.toml", "Trust")
    rest = text
    for name in (*names, *(check.name for check in record.checks)):
        rest = rest.replace(name, "")
    assert re.findall("[A-Za-z]{2,}", rest) == []


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "\"' onload=x style=y", "&amp;<b>", "{0} {x} %s", "\u202e\u0000", "x" * 5000]
)
def test_nothing_of_the_record_becomes_markup(sample: ModuleType, text: str) -> None:
    """Whatever the texts of a record are, the elements and attributes are ours alone, and all are closed."""
    html = first_screen(sample.hostile(text))
    found = _Elements(html)
    assert found.open == []
    assert found.names <= {"div", "ul", "li", "table", "tr", "th", "td", "b"}
    assert found.attributes <= {"lang", "style", "scope", "colspan"}
    assert not re.search("[\u202e\u0000]", html)
    assert len(html) < 100_000


def test_it_fits_any_background(sample: ModuleType) -> None:
    """Text takes the colour of the notebook: no style sets a background, or the colour of more than a sign."""
    html = first_screen(sample.record())
    styles = re.findall('style="([^"]*)"', html)
    assert not any("background" in style or "url(" in style for style in styles)
    coloured = re.findall('<b style="color:#[0-9a-f]{6}">(.)</b>', html)
    assert len(coloured) == html.count("color:#")
    assert set(coloured) <= set("✓✗?!–")


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_signs_stand_out_on_light_and_dark(sample: ModuleType) -> None:
    """Every colour has a contrast of at least 3 to 1 with white, and with the dark grey of notebooks."""
    colours = set(re.findall("#[0-9a-f]{6}", "".join(first_screen(sample.record(status)) for status in Status)))
    assert len(colours) == 4
    for colour in colours:
        own = _luminance(colour)
        assert (1.05 / (own + 0.05)) >= 3
        assert ((own + 0.05) / (_luminance("#1e1e1e") + 0.05)) >= 3


def test_what_has_no_room_is_counted(sample: ModuleType) -> None:
    """A screen shows a few reasons and findings, and says how many more there are."""
    record = sample.record()
    one = record.requirements[0]
    required = tuple(one.model_copy(update={"id": f"a.{i}"}) for i in range(40))
    decision = record.decision.model_copy(
        update={"reasons": tuple(message("Failed: {finding}.", finding=f"a.{i}") for i in range(20))}
    )
    text = _Elements(first_screen(record.model_copy(update={"requirements": required, "decision": decision}))).text
    assert "and 17 more of the same kind" in text
    assert f"{40 - MAX_ROWS} more in the record." in text


def test_it_imports_no_pictures() -> None:
    """A record is shown without the libraries that draw or compute: a notebook answers at once."""
    code = (
        "import sys, llmops_audit.render.notebook\n"
        "assert not {'matplotlib', 'seaborn', 'jinja2', 'pandas', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_findings_are_rows(sample: ModuleType) -> None:
    """Each finding is a row in the order of the record, with numbers as numbers and its sentence in words."""
    record = sample.record()
    frame = findings_frame(record)
    assert list(frame.columns) == COLUMNS
    assert list(frame["id"]) == list(record.findings())
    row = frame.set_index("id").loc["accuracy.balanced_accuracy[split=test]"]
    assert (row["value"], row["low"], row["high"], row["n"], row["limit"]) == (0.5, 0.4312, 0.5688, 1200, 0.8)
    assert (row["op"], row["verdict"], row["scope"]) == (">=", "failed", "split=test")
    assert not frame["message"].str.contains("[{}]").any()
    assert findings_frame(_in_chinese(record))["message"].str.contains("[\u4e00-\u9fff]").all()


def test_types_do_not_depend_on_the_findings(sample: ModuleType) -> None:
    """No finding, or findings without values, give the same columns of the same types."""
    full, empty = findings_frame(sample.record()), findings_frame(sample.record(checks=()))
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
