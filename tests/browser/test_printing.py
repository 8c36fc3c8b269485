"""Printed on A4: page numbers and a running title, no row torn, no heading left behind, nothing cut."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

A4 = (595, 842)
# The width between the margins of the page, in CSS pixels.
PRINTED_WIDTH = 680
WIDE = """
(width) => {
  const range = document.createRange(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = new Set();
  for (let text; text = walker.nextNode();) {
    const node = text.parentElement;
    if (!text.data.trim() || node.closest("style, .skip, nav") || !node.checkVisibility()) continue;
    range.selectNodeContents(text);
    const right = Math.max(...[...range.getClientRects()].map(line => line.right));
    if (right > width + 1) found.add(`${node.tagName} in #${node.closest("section")?.getAttribute("aria-labelledby")}`
      + ` ends at ${Math.round(right)}: ${text.data.trim().slice(0, 40)}`);
  }
  return [...found];
}
"""


TOP, BOTTOM = 17 / 25.4 * 72, 18 / 25.4 * 72
"""The margins of a page, in points."""


@pytest.mark.parametrize("name", ["tutorial", "breast-cancer", "adult", "compas", "cold"])
def test_no_page_is_left_empty(
    shapes: Any, records: Any, opened: Callable[..., Any], printed: Callable[[bytes], Any], name: str
) -> None:
    """But for the cover, a page of its own, and the last, at most a third of a page is left empty."""
    page = opened(records.of(shapes, name)).page
    document = printed(page.pdf(prefer_css_page_size=True, tagged=True))
    matrix = page.evaluate("document.querySelector('#matrix').textContent.trim()")
    begun = [number for number, text in enumerate(document.texts, 1) if matrix in unicodedata.normalize("NFKC", text)]
    assert begun[0] == 2
    height = A4[1] - TOP - BOTTOM
    left = [round((foot - BOTTOM) / height, 2) for foot in document.feet[1:-1]]
    assert max(left) <= 1 / 3, left


@pytest.mark.parametrize(("name", "language", "most"), [("full", "en", 40), ("approved", "zh", 25)])
def test_the_page_prints_well(
    records: Any, opened: Callable[..., Any], printed: Callable[[bytes], Any], name: str, language: str, most: int
) -> None:
    """An A4 print numbers its pages under a running title, keeps rows whole and headings with what they head."""
    record = records(name)
    shown = opened(records.html(name, language))
    document = printed(shown.page.pdf(prefer_css_page_size=True, tagged=True))
    shown.assert_quiet()
    assert tuple(map(round, document.size)) == A4
    pages = len(document.texts)
    assert 1 < pages <= most
    title = f"{record.audit.name} {record.audit.version}"
    for number, text in enumerate(document.texts, 1):
        seen = unicodedata.normalize("NFKC", text)
        assert f"{number} / {pages}" in seen
        assert title in seen
    parts = list(document.root.walk())
    # Rows of headings alone are repeated on every page of their table.
    rows = [part.pages for part in parts if part.kind == "TR" and any(cell.kind == "TD" for cell in part.parts)]
    assert len(rows) > 20
    assert [pages for pages in rows if len(set(pages)) != 1] == []
    assert _stranded(parts) == []


def _stranded(parts: list[Any]) -> list[tuple[str, int]]:
    """Headings that stand at the foot of a page while what they head begins on the next, with the page."""
    found = []
    for place, part in enumerate(parts):
        if re.fullmatch("H[1-6]", part.kind):
            after = parts[place + len(list(part.walk())) :]
            # A block's own marks are its borders; its text is in the innermost tags.
            next_page = next((page for other in after if not other.parts for page in other.own_pages), part.pages[-1])
            if next_page != part.pages[-1]:
                found.append((part.kind, part.pages[-1]))
    return found


def _as_printed(page: Any) -> None:
    """Show a page as it prints, once it is drawn so: what is folded opens with the next frame."""
    page.emulate_media(media="print")
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


@pytest.mark.parametrize("name", ["full", "labels", "breast-cancer", "tickets-zh"])
def test_nothing_is_cut_in_print(records: Any, opened: Callable[..., Any], name: str) -> None:
    """Between the margins of A4 there is room for every text, tables with many columns included."""
    shown = opened(records.html(name), width=PRINTED_WIDTH)
    _as_printed(shown.page)
    assert shown.page.evaluate(WIDE, PRINTED_WIDTH) == []


def test_what_is_folded_is_printed(records: Any, opened: Callable[..., Any]) -> None:
    """A print shows what the screen folds away, but for numbers behind small charts and charts of printed numbers."""
    shown = opened(records.html("full"), width=PRINTED_WIDTH)
    _as_printed(shown.page)
    hidden = shown.page.evaluate(
        "() => [...document.querySelectorAll('details:not(.shift details, .overview details) > *')]"
        ".filter(part => !part.matches('summary, .limits, .limits *'))"
        ".filter(part => !part.checkVisibility({contentVisibilityAuto: true})).length"
    )
    assert hidden == 0
