"""One browser for all tests, and pages opened in it that tell what they asked for and what they said."""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this folder where there is no browser."""
    if CHROMIUM is None:
        missing = pytest.mark.skip(reason="needs Chromium (Debian: apt-get install chromium)")
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(missing)


def _module(path: Path) -> ModuleType:
    # pytest imports tests by their paths, so that they cannot import their neighbours.
    spec = importlib.util.spec_from_file_location(f"browser_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """The module that makes records to render."""
    return _module(HERE.parent / "render" / "sample.py")


@pytest.fixture(scope="session")
def records(sample: ModuleType) -> Any:
    """Records to open, by name; they are made when they are asked for."""
    return _module(HERE / "records.py").Records(sample)


@pytest.fixture(scope="session")
def shapes() -> ModuleType:
    """The module that makes records in the shapes of five audits."""
    return _module(HERE / "shapes.py")


@pytest.fixture(scope="session")
def printed() -> Callable[[bytes], Any]:
    """The reader of what Chromium prints."""
    reader: Callable[[bytes], Any] = _module(HERE / "pdf.py").Printed
    return reader


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium: Playwright fetches no browser of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@dataclass
class Opened:
    """A page, and whatever it asked for, said, threw or showed."""

    page: Any
    address: str
    asked_for: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.asked_for.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self._refuse)

    def _refuse(self, dialog: Any) -> None:
        self.said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def assert_quiet(self) -> None:
        """The page loaded itself and nothing else, and neither the page nor the browser had a word to say."""
        assert self.asked_for == [self.address]
        assert self.said == []

    def unfold(self) -> None:
        """Open whatever is folded."""
        self.page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a page from disk; keyword arguments are those of the browser's context."""
    contexts, numbers = [], itertools.count()

    def open_page(html: str, *, width: int = 1280, **settings: object) -> Opened:
        path = tmp_path / f"report-{next(numbers)}.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **settings)
        contexts.append(context)
        shown = Opened(context.new_page(), path.as_uri())
        shown.page.goto(shown.address)
        return shown

    yield open_page
    for context in contexts:
        context.close()
