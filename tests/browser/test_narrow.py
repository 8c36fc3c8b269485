"""On a telephone, and with the letters further apart, nothing is cut and nothing runs out of its box."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

# Text outside the page or its own block, boxes that hide a part of what they hold; what scrolls holds what it likes.
CUT = """
(width) => {
  const faults = [], scrolls = box => /auto|scroll/.test(getComputedStyle(box).overflowX);
  const inside = node => { for (; node; node = node.parentElement) if (scrolls(node)) return true; return false; };
  const describe = (fault, node) => `${fault}: <${node.tagName.toLowerCase()}`
    + ` class="${node.getAttribute("class") ?? ""}">`
    + ` in #${node.closest("section")?.getAttribute("aria-labelledby")}: ${node.textContent.trim().slice(0, 60)}`;
  const page = document.scrollingElement;
  if (page.scrollWidth > width) faults.push(`the page is ${page.scrollWidth} px wide`);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  for (let text; text = walker.nextNode();) {
    const node = text.parentElement;
    if (!text.data.trim() || node.closest("style, .skip, .unseen") || !node.checkVisibility() || inside(node)) continue;
    let block = node;
    while (!(block instanceof SVGElement) && getComputedStyle(block).display === "inline") block = block.parentElement;
    const box = block.getBoundingClientRect();
    range.selectNodeContents(text);
    for (const line of range.getClientRects()) {
      if (line.right > width + 1 || line.left < -1) { faults.push(describe("outside the page", node)); break; }
      if (!(block instanceof SVGElement) && (line.right > box.right + 1 || line.left < box.left - 1)) {
        faults.push(describe("outside its block", node)); break;
      }
    }
  }
  for (const node of document.querySelectorAll("body *")) {
    const style = getComputedStyle(node);
    // What a screen reader alone is told is one pixel large.
    if (!/hidden|clip/.test(style.overflowX) || node instanceof SVGElement || node.clientWidth <= 1) continue;
    if (node.scrollWidth > node.clientWidth + 1) faults.push(describe("hides what it holds", node));
  }
  return [...new Set(faults)];
}
"""
# What WCAG 2.2, 1.4.12 lets a reader ask for.
SPACED = """
* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
p { margin-bottom: 2em !important; }
"""


@pytest.mark.parametrize(
    ("name", "language"),
    [
        *itertools.product(("full", "ll144"), ("en", "zh")),
        ("labels", "zh"),
        *itertools.product(("columns",), ("en", "zh")),
        ("breast-cancer", "en"),
        ("tickets-zh", "zh"),
    ],
)
def test_nothing_is_cut(records: Any, opened: Callable[..., Any], name: str, language: str) -> None:
    """At the width of a telephone the page does not scroll sideways, and wide tables scroll in a box of their own."""
    shown = opened(records.ll144(language) if name == "ll144" else records.html(name, language))
    shown.unfold()
    for width in (320, 360, 768):
        shown.page.set_viewport_size({"width": width, "height": 900})
        assert shown.page.evaluate(CUT, width) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_columns_of_wide_data_fit_a_telephone(records: Any, opened: Callable[..., Any], language: str) -> None:
    """The table of columns, the longest of a page, needs no scrolling sideways."""
    shown = opened(records.html("columns", language), width=400)
    shown.unfold()
    boxes = "[...document.querySelectorAll('table.columns')].map(t => t.offsetWidth - t.parentElement.clientWidth)"
    assert shown.page.evaluate(boxes) == [0] * len(records("columns").data)


@pytest.mark.parametrize("name", ["full", "tutorial"])
def test_tables_become_stacked_rows(records: Any, opened: Callable[..., Any], name: str) -> None:
    """Cells of a stacked table stand below each other and take the width of the screen."""
    shown = opened(records.html(name), width=390)
    shown.unfold()
    narrow = shown.page.evaluate(
        "() => [...document.querySelectorAll('table.stacked tbody tr > *')].filter(cell => cell.checkVisibility())"
        ".map(cell => cell.getBoundingClientRect().width).filter(width => width < 250)"
    )
    assert narrow == []


def test_letters_may_stand_further_apart(records: Any, opened: Callable[..., Any]) -> None:
    """A reader who spreads letters, words and lines loses nothing."""
    shown = opened(records.html("full"), width=360)
    shown.unfold()
    shown.page.add_style_tag(content=SPACED)
    assert shown.page.evaluate(CUT, 360) == []


def test_what_is_cut_is_found(opened: Callable[..., Any]) -> None:
    """A page that cuts its text is told so: silence is not that of a test that does not look."""
    shown = opened(
        "<!doctype html><div style='width:50px'>overflowing_without_any_break</div>"
        "<div style='width:50px;overflow:hidden'>hidden_without_any_break</div><p style='width:900px'>" + "word " * 99,
        width=360,
    )
    found = {fault.partition(":")[0].split(" is ")[0] for fault in shown.page.evaluate(CUT, 360)}
    assert found == {"the page", "outside its block", "hides what it holds", "outside the page"}
