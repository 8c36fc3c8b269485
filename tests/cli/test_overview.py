"""`llmops-audit overview`: all records under a folder on one page."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from llmops_audit.cli.commands import run_command


@pytest.fixture(scope="module")
def releases() -> ModuleType:
    """The module that makes folders of records."""
    path = Path(__file__).parents[1] / "render" / "releases.py"
    spec = importlib.util.spec_from_file_location("releases", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def _exit_code(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["llmops-audit", "overview", *arguments])
    return run_command()


def test_the_page_is_written_and_what_cannot_be_read_is_said(
    releases: ModuleType,
    sample: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 0 as long as one record can be read; a warning names each other one."""
    folder, page = releases.many(sample, tmp_path / "reports"), tmp_path / "pages" / "all.html"
    assert _exit_code(monkeypatch, str(folder), "--output", str(page)) == 0
    said = capsys.readouterr()
    assert "all.html: 4 records" in said.out
    assert said.err.count("warning: ") == 2
    assert "vinyl: is not a record" in said.err
    before = page.read_bytes()
    assert b"Overview of audits" in before
    assert _exit_code(monkeypatch, str(folder), "--output", str(page), "--language", "zh") == 0
    assert page.read_bytes() != before
    assert [path.name for path in page.parent.iterdir()] == ["all.html"]


def test_by_default_it_is_written_here(
    releases: ModuleType, sample: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not into the folder: an output that holds a foreign file is never replaced."""
    folder = releases.many(sample, tmp_path / "reports")
    monkeypatch.chdir(tmp_path)
    assert _exit_code(monkeypatch, "reports") == 0
    assert (tmp_path / "overview.html").is_file()
    assert not list(folder.rglob("overview.html"))


def test_where_none_can_be_read_the_exit_code_is_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written, and the first reason said."""
    page = tmp_path / "all.html"
    (tmp_path / "a").mkdir()
    assert _exit_code(monkeypatch, str(tmp_path), "--output", str(page)) == 2
    assert "holds no record.json" in capsys.readouterr().err
    (tmp_path / "a" / "record.json").write_text("{}", encoding="utf-8")
    assert _exit_code(monkeypatch, str(tmp_path), "--output", str(page)) == 2
    assert "a: is not a record" in capsys.readouterr().err
    assert not page.exists()


@pytest.mark.parametrize("name", ["notes.html", "record.json", "folder"])
def test_something_else_in_the_way_is_left_alone(
    releases: ModuleType,
    sample: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """Only an overview is replaced by another."""
    folder, page = releases.many(sample, tmp_path / "reports"), tmp_path / name
    page.mkdir() if name == "folder" else page.write_text("mine", encoding="utf-8")
    assert _exit_code(monkeypatch, str(folder), "--output", str(page)) == 2
    assert "is in the way" in capsys.readouterr().err
    assert page.is_dir() or page.read_text(encoding="utf-8") == "mine"


def test_an_unknown_language_is_an_error(
    releases: ModuleType, sample: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 2 before anything is written."""
    folder = releases.many(sample, tmp_path / "reports")
    page = tmp_path / "all.html"
    assert _exit_code(monkeypatch, str(folder), "--output", str(page), "--language", "xx") == 2
    assert not page.exists()
