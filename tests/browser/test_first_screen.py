"""The first screen takes one screen of 1440 by 900, and one sheet of paper with the lines to sign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SCREEN = {"width": 1440, "height": 900}
BOTTOM = "(selector) => document.querySelector(selector).getBoundingClientRect().bottom + scrollY"


@pytest.mark.parametrize(
    ("name", "language"),
    [("tutorial", "en"), ("breast-cancer", "en"), ("tickets-zh", "zh"), ("rejected", "en"), ("needs_review", "zh")],
)
def test_result_reasons_and_boxes_fit_on_one_screen(
    records: Any, opened: Callable[..., Any], name: str, language: str
) -> None:
    """Nobody scrolls to learn the result, why, what is missing, and who is to do what."""
    shown = opened(records.html(name, language), width=SCREEN["width"])
    assert shown.page.evaluate(BOTTOM, ".decision") <= SCREEN["height"]
    assert not shown.page.locator(".signatures").is_visible()


@pytest.mark.parametrize(("name", "language"), [("full", "en"), ("tickets-zh", "zh")])
def test_the_cover_is_one_sheet_with_lines_to_sign(
    records: Any, opened: Callable[..., Any], printed: Callable[[bytes], Any], name: str, language: str
) -> None:
    """The first sheet holds result and signatures, and nothing else begins on it."""
    shown = opened(records.html(name, language))
    first, second, *_ = printed(shown.page.pdf(prefer_css_page_size=True, tagged=True)).texts
    assert first.count("☐") == 6
    assert "☐" not in second
    assert {"en": "Date", "zh": "audit.toml"}[language] in first
