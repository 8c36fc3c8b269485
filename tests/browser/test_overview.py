"""The page of many records in a real browser: quiet, accessible, and readable on a telephone."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from llmops_audit.record.found_records import found_records
from llmops_audit.render.overview import overview

HERE = Path(__file__).parent


def _module(path: Path) -> ModuleType:
    # pytest imports tests by their paths, so that they cannot import their neighbours.
    spec = importlib.util.spec_from_file_location(f"overview_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


AXE = _module(HERE / "test_accessibility.py")
CUT = _module(HERE / "test_narrow.py").CUT
LONG = "a_name_of_a_system_without_any_space_in_it_that_is_much_longer_than_a_line_of_a_telephone"


@pytest.fixture(scope="module")
def folder(sample: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two systems, one with a long name and Chinese, one with every verdict, and records that cannot be read."""
    releases = _module(HERE.parent / "render" / "releases.py")
    found: Path = releases.many(sample, tmp_path_factory.mktemp("reports"))
    for number in range(14):
        releases.kept(
            releases.release(sample, f"{LONG} 垃圾短信", number, value=0.78 + number / 100), found / f"l{number}"
        )
    releases.kept(releases.release(sample, "every verdict", 1, found=sample.every_verdict()), found / LONG)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing_on_the_overview(
    folder: Path, opened: Callable[..., Any], language: str, scheme: str
) -> None:
    """All rules, that of contrast included, in both languages, by day and by night."""
    page = overview(found_records(folder), language).decode()
    assert AXE.violations(opened(page, bypass_csp=True, color_scheme=scheme), AXE.RULES) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_of_the_overview_is_cut_on_a_telephone(folder: Path, opened: Callable[..., Any], language: str) -> None:
    """At 390 px, unfolded, the page does not scroll sideways and no text leaves its block."""
    shown = opened(overview(found_records(folder), language).decode(), width=390)
    shown.unfold()
    assert shown.page.evaluate(CUT, 390) == []
    wide = "[...document.querySelectorAll('.table-box')].filter(box => box.scrollWidth > box.clientWidth + 1).length"
    assert shown.page.evaluate(wide) == 0
    shown.assert_quiet()
