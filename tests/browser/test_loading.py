"""The page loads from disk, asks for nothing, says nothing, and needs no JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LANGUAGES = ("en", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["full", "approved"])
def test_the_page_asks_for_nothing(records: Any, opened: Callable[..., Any], name: str, language: str) -> None:
    """In both languages the page opens from disk without a request beside itself and a word on the console."""
    shown = opened(records.html(name, language))
    shown.unfold()
    assert shown.page.locator("h1").inner_text().startswith("sms-spam-filter")
    shown.assert_quiet()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_the_bias_audit_asks_for_nothing(records: Any, opened: Callable[..., Any], language: str) -> None:
    """So does the page that Local Law 144 asks to publish."""
    opened(records.ll144(language)).assert_quiet()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_read_without_javascript(records: Any, opened: Callable[..., Any], language: str) -> None:
    """Where JavaScript is switched off, not a word is missing."""
    html = records.html("full", language)
    with_it, without = (opened(html, java_script_enabled=enabled) for enabled in (True, False))
    assert without.page.inner_text("body") == with_it.page.inner_text("body")


def test_the_language_is_told_to_the_browser(records: Any, opened: Callable[..., Any]) -> None:
    """A screen reader speaks Chinese where the page is Chinese."""
    languages = [
        opened(records.html("approved", language)).page.get_attribute("html", "lang") for language in LANGUAGES
    ]
    assert languages == ["en", "zh-CN"]
