"""How long a page is as it opens, and how many sheets its print takes: what is longer is read by nobody."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

WIDTH, SCREEN = 1440, 900
SCREENS = {"tutorial": 7, "breast-cancer": 7, "adult": 12, "compas": 12, "cold": 12}
SHEETS = {"tutorial": 8, "breast-cancer": 10, "adult": 20, "compas": 18, "cold": 20}
"""At most, annexes included."""

HEIGHT = "document.documentElement.scrollHeight"
MATRIX = "document.querySelector('[aria-labelledby=matrix] svg').getBoundingClientRect().bottom"
OPEN = "[...document.querySelectorAll('table')].filter(t => t.checkVisibility()).map(t => t.tBodies[0].rows.length)"


@pytest.mark.parametrize("name", SCREENS)
def test_a_page_opens_short(shapes: ModuleType, records: Any, opened: Callable[..., Any], name: str) -> None:
    """As it opens, a page is as many screens long as a person scrolls through."""
    shown = opened(records.of(shapes, name), width=WIDTH)
    assert shown.page.evaluate(HEIGHT) / SCREEN <= SCREENS[name]


@pytest.mark.parametrize("name", SHEETS)
def test_a_print_is_short(
    shapes: ModuleType,
    records: Any,
    opened: Callable[..., Any],
    printed: Callable[[bytes], Any],
    name: str,
) -> None:
    """On A4, with all that the screen folds as annexes in small type, a print is as many sheets as a binder takes."""
    page = opened(records.of(shapes, name)).page
    assert len(printed(page.pdf(prefer_css_page_size=True, tagged=True)).texts) <= SHEETS[name]


@pytest.mark.parametrize("name", SCREENS)
def test_no_open_table_is_long(shapes: ModuleType, records: Any, opened: Callable[..., Any], name: str) -> None:
    """Whatever a table holds, at most ten of its rows are open."""
    shown = opened(records.of(shapes, name), width=WIDTH)
    assert max(shown.page.evaluate(OPEN), default=0) <= 10


@pytest.mark.parametrize("name", SCREENS)
def test_the_matrix_stands_on_the_second_screen(
    shapes: ModuleType, records: Any, opened: Callable[..., Any], name: str
) -> None:
    """The confusion matrix ends on the second screen."""
    shown = opened(records.of(shapes, name), width=WIDTH)
    assert shown.page.evaluate(MATRIX) <= 2 * SCREEN
