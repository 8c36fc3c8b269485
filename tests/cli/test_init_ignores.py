"""`init` keeps predictions by row out of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmops_audit.cli.init import Started, starter

LINES = ["predictions.parquet", "rows.csv"]


def _started(folder: Path) -> Started:
    rows = "".join(f"{i % 7}.5,{i % 5},{'yes' if i % 3 else 'no'},{'yes' if i % 4 else 'no'}\n" for i in range(60))
    (folder / "rows.csv").write_text(f"a,b,label,prediction\n{rows}", encoding="utf-8")
    return starter([str(folder / "rows.csv")], folder / "audit.toml", fit=False)


@pytest.mark.parametrize("before", [None, "", "build/\n", "build/"])
def test_predictions_are_ignored(tmp_path: Path, before: str | None) -> None:
    """The line joins what was there, at a line of its own."""
    path = tmp_path / ".gitignore"
    if before is not None:
        path.write_text(before, encoding="utf-8")
    started = _started(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[-2:] == LINES
    assert lines[:-3] == (before or "").splitlines()
    assert path in started.files


def test_what_is_ignored_already_stays(tmp_path: Path) -> None:
    """Nothing is added a second time."""
    path = tmp_path / ".gitignore"
    before = "\n".join([*LINES, "*.log"])
    path.write_text(before, encoding="utf-8")
    assert path not in _started(tmp_path).files
    assert path.read_text(encoding="utf-8") == before


def test_what_is_missing_alone_is_added(tmp_path: Path) -> None:
    """A list of an earlier release gets the other name."""
    path = tmp_path / ".gitignore"
    path.write_text(f"{LINES[0]}\n", encoding="utf-8")
    _started(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == LINES[0]
    assert lines[2:] == LINES[1:]


def test_a_list_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The spec is written all the same, and the user told what to do."""
    (tmp_path / ".gitignore").write_bytes(b"\xff\xfe")
    started = _started(tmp_path)
    assert (tmp_path / "audit.toml").exists()
    assert any(all(line in note for line in LINES) for note in started.notes)
