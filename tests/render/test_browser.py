"""The report in a real browser: it loads from disk, asks for nothing, and runs nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from llmops_audit.render import render_html

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr", "--dump-dom",
]  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)")


def _opened(page: str, tmp_path: Path) -> tuple[str, str]:
    """Open a page; give the document as the browser has it and what the console said."""
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    command = [str(CHROMIUM), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_loads_without_a_word_on_the_console(language: str, sample: ModuleType, tmp_path: Path) -> None:
    """In both languages the page opens from disk and the browser has nothing to complain about."""
    document, console = _opened(render_html(sample.record(), language), tmp_path)
    assert "<h1" in document
    assert console == ""


def test_hostile_text_runs_nothing(sample: ModuleType, tmp_path: Path) -> None:
    """Scripts and event handlers in the texts of a record are shown, not run."""
    attack = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    record = sample.record()
    audit = record.audit.model_copy(update={"purpose": attack, "owner": attack})
    document, _ = _opened(render_html(record.model_copy(update={"audit": audit})), tmp_path)
    assert "<title>owned" not in document
    assert "&lt;script&gt;" in document
