"""Whatever stands in the texts of a record, the page runs nothing, asks for nothing, and keeps its form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmops_audit.record import Record
from llmops_audit.render.formats import render_files

HOSTILE = {
    "script": "</title></style></svg></script><script>window.owned = 1; alert(1)</script>",
    "handlers": "<img src=x onerror='window.owned=1'><svg onload='window.owned=1'>"
    "<details open ontoggle='window.owned=1'>",
    "attribute": "\" autofocus tabindex=1 onfocus='window.owned=1' style='position:fixed;inset:0;background:red' x='",
    "style": "\"; } @import 'https://example.org/x.css'; * { display: none !important } /* "
    "</style><style>*{display:none}",
    "url": "javascript:window.owned=1//url(https://example.org/x)",
    "frame": "<iframe srcdoc='<script>parent.owned=1</script>'></iframe><base href='https://example.org/'><meta "
    "http-equiv=refresh content='0;url=https://example.org/'><form action=https://example.org><button>",
    "template": "{{ ().__class__.__base__.__subclasses__() }}{% raw %}{# $x^2$ \\frac{1}{2}",
    "controls": "abc\u202egnp.exe\u2066\u200f\x00\x07\x1b[31m\x85\u2028\ufeff",
    "word": "w" * 1_000_000,
    "wide": "字" * 1_000_000,
    "marks": "e" + "\u0301\u0489" * 400,
    "lines": "\n\r\t" * 300,
}
STATE = """
() => ({
  owned: window.owned ?? null, wide: document.scrollingElement.scrollWidth - innerWidth,
  headings: document.querySelectorAll("h2").length, shown: document.querySelector("main").checkVisibility(),
  foreign: document.querySelectorAll(
    "script, iframe, base, form, object, embed, link, main style, img:not([src^='data:']), [onerror], [onload], "
    + "[onfocus], [ontoggle], meta[http-equiv=refresh], a:not([href^='#'])").length,
})
"""
HARMLESS = {"owned": None, "wide": 0, "shown": True, "foreign": 0}
# Rendered in the one language or the other: nothing but the words depends on it.
IN_CHINESE = ("handlers", "style", "wide")


def _html(record: Record, language: str | None = None) -> str:
    return render_files(record, ["html"], language=language)["report.html"].decode()


def _ll144(record: Record, language: str | None = None) -> str:
    return render_files(record, ["ll144"], language=language)["ll144.html"].decode()


@pytest.fixture(scope="module")
def headings(records: Any) -> int:
    """Chapters of the harmless page."""
    return records.html("full").count("<h2 ")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_only_text(records: Any, opened: Callable[..., Any], headings: int, name: str) -> None:
    """Put before every text of a record, it runs nothing, fetches nothing, adds nothing, and breaks no layout."""
    record, language = records.hostile(HOSTILE[name]), "zh" if name in IN_CHINESE else "en"
    shown = opened(_html(record, language), width=360)
    shown.unfold()
    for link in ("nav a", "main a"):
        shown.page.locator(link).first.press("Enter")
    for width in (360, 1280):
        shown.page.set_viewport_size({"width": width, "height": 900})
        assert shown.page.evaluate(STATE) == HARMLESS | {"headings": headings}
    shown.assert_quiet()
    notice = opened(_ll144(record, language), width=360)
    assert notice.page.evaluate(STATE) | {"headings": headings} == HARMLESS | {"headings": headings}
    notice.assert_quiet()


def test_what_would_run_is_noticed(opened: Callable[..., Any]) -> None:
    """A page that lets such text through is told so: silence is not that of a test that does not look."""
    shown = opened("<!doctype html><main>" + HOSTILE["handlers"] + HOSTILE["script"] + "<h2>x</h2></main>")
    assert shown.page.evaluate(STATE)["owned"] == 1
    assert "dialog: 1" in shown.said
    assert len(shown.asked_for) > 1
