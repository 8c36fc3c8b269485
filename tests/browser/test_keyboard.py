"""The page is walked with the keyboard: links, scroll boxes and folded parts in order, each seen while it has focus."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

# In the order of the document; what is folded away cannot be reached.
STOPS = """
() => {
  window.stops = [...document.querySelectorAll("a[href], summary, button, input, select, textarea, [tabindex='0']")]
    .filter(stop => stop.checkVisibility());
  return stops.map(stop => `${stop.tagName} ${(stop.getAttribute("aria-label") ?? stop.innerText).slice(0, 60)}`);
}
"""
FOCUSED = """
() => {
  const stop = document.activeElement, style = getComputedStyle(stop), box = stop.getBoundingClientRect();
  return {
    place: stops.indexOf(stop), what: stop.outerHTML.slice(0, 120),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
    in_view: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}
"""
SCROLLERS = """
() => [...document.querySelectorAll("body *")].filter(box =>
    ["auto", "scroll"].some(way => [getComputedStyle(box).overflowX, getComputedStyle(box).overflowY].includes(way)))
  .filter(box => box.tabIndex !== 0 || box.getAttribute("role") !== "region" || !box.getAttribute("aria-label"))
  .map(box => box.outerHTML.slice(0, 120))
"""
HEADINGS = "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(heading => Number(heading.tagName[1]))"
TABLES = """
() => [...document.querySelectorAll("table")].flatMap(table => [
    ...(table.caption?.innerText.trim() || table.getAttribute("aria-label") ? [] : ["no caption"]),
    ...[...table.querySelectorAll("th:not([scope]):not([aria-hidden])")].map(cell => `no scope: ${cell.innerText}`),
    ...(table.tHead ? [] : ["no head"]),
  ].map(fault => `${fault}: ${table.outerHTML.slice(0, 120)}`))
"""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tab_walks_the_page_in_order(records: Any, opened: Callable[..., Any], language: str) -> None:
    """Tab reaches every link, scroll box and fold in the order of the page, and nothing else; each shows its focus."""
    page = opened(records.html("full", language), width=800).page
    stops = page.evaluate(STOPS)
    assert len(stops) > 40
    walked = []
    for _ in stops:
        page.keyboard.press("Tab")
        walked.append(page.evaluate(FOCUSED))
    assert [stop["place"] for stop in walked] == list(range(len(stops)))
    assert [stop["what"] for stop in walked if not stop["outlined"]] == []
    assert [stop["what"] for stop in walked if not stop["in_view"]] == []


def test_the_contents_are_skipped_and_used(records: Any, opened: Callable[..., Any]) -> None:
    """The first stop leads to the content, the next ones to the chapters."""
    page = opened(records.html("full")).page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"
    chapter = page.locator("nav a").nth(2)
    target = (chapter.get_attribute("href") or "").removeprefix("#")
    chapter.press("Enter")
    top = page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", target)
    assert 0 <= top < 200


def test_a_fold_opens_with_the_keyboard(records: Any, opened: Callable[..., Any]) -> None:
    """Enter opens what is folded, and closes it again."""
    page = opened(records.html("full")).page
    fold = page.locator("details").first
    for is_open in (True, False):
        fold.locator("summary").press("Enter")
        assert fold.evaluate("fold => fold.open") is is_open


@pytest.mark.parametrize("width", [320, 1280])
def test_what_scrolls_can_be_reached_and_has_a_name(records: Any, opened: Callable[..., Any], width: int) -> None:
    """Whatever scrolls is a region that takes the focus and says what it holds."""
    shown = opened(records.html("full"), width=width)
    shown.unfold()
    assert shown.page.evaluate(SCROLLERS) == []


@pytest.mark.parametrize("name", ["full", "labels", "approved"])
def test_headings_and_tables_can_be_walked(records: Any, opened: Callable[..., Any], name: str) -> None:
    """Headings go down one level at a time from one h1; tables have a caption, a head and a scope for each heading."""
    pages = [records.html(name)]
    if name == "full":
        pages.append(records.ll144("en"))
    for html in pages:
        shown = opened(html)
        shown.unfold()
        levels = shown.page.evaluate(HEADINGS)
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        assert shown.page.evaluate(TABLES) == []
