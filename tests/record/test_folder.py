"""The output folder: whole or not at all, and never over what is not ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmops_audit.errors import OutputError
from llmops_audit.record import SCHEMA
from llmops_audit.record.folder import append, of_record, prepare, write

Project = Callable[..., Path]
RECORD = f'{{"schema": "{SCHEMA}"}}'.encode()
OURS = {"report.html", "junit.xml", "summary.md"}


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_output_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    """Two runs in a row work, and only the second's files remain."""
    folder = tmp_path / "reports" / "a-1"
    write(folder, {"record.json": RECORD, "report.html": b"one"}, OURS)
    write(folder, {"record.json": RECORD}, OURS)
    assert _files(folder) == {"record.json": RECORD}
    assert [path.name for path in folder.parent.iterdir()] == ["a-1"]


def test_the_folder_that_one_stands_in_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An output in the current folder is replaced file by file: who stands there still does, and sees the new one."""
    write(tmp_path / "out", {"record.json": RECORD, "report.html": b"one", "junit.xml": b"one"}, OURS)
    monkeypatch.chdir(tmp_path / "out")
    write(Path(), {"record.json": RECORD, "report.html": b"two"}, OURS)
    assert sorted(path.name for path in Path().iterdir()) == ["record.json", "report.html"]
    assert Path("report.html").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failure_in_the_folder_that_one_stands_in_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file cannot be put in place, those that were replaced come back."""
    before = {"record.json": RECORD, "report.html": b"one", "summary.md": b"one"}
    write(tmp_path / "out", before, OURS)
    monkeypatch.chdir(tmp_path / "out")
    replace = Path.replace

    def failing(path: Path, target: Path) -> Path:
        if path.name == "summary.md":
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OutputError, match="No space left"):
        write(Path(), {"record.json": RECORD, "report.html": b"two", "summary.md": b"two"}, OURS)
    assert _files(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["thesis.docx", ".git", "subfolder"])
def test_a_foreign_folder_is_left_alone(tmp_path: Path, name: str) -> None:
    """A folder that holds anything else is an error, and nothing in it changes."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / name).mkdir() if name == "subfolder" else (folder / name).write_text("mine")
    with pytest.raises(OutputError, match="holds something that is not ours"):
        write(folder, {"record.json": RECORD}, OURS)
    assert [path.name for path in folder.iterdir()] == [name]


def test_every_named_file_is_ours(tmp_path: Path) -> None:
    """An output of all the files that the caller names can be replaced, and is kept beside its own record."""
    files = {"record.json": RECORD, **dict.fromkeys(OURS, b"x")}
    write(tmp_path / "out", files, OURS)
    assert of_record(tmp_path / "out", RECORD, OURS) == files
    write(tmp_path / "out", {"record.json": RECORD}, OURS)
    assert _files(tmp_path / "out") == {"record.json": RECORD}


def test_what_is_appended_keeps_to_the_limit(tmp_path: Path) -> None:
    """The first text that fits goes to the end of the file, parted from what stands there; otherwise an error."""
    file = tmp_path / "summary"
    append(file, (b"long text", b"short"), 20)
    assert file.read_text() == "\n\nlong text"
    append(file, (b"long text", b"short"), 20)
    assert file.read_text() == "\n\nlong text\n\nshort"
    with pytest.raises(OutputError, match="has no room left; expected at most 20 bytes"):
        append(file, (b"long text", b"short"), 20)
    with pytest.raises(OutputError, match="cannot be written"):
        append(tmp_path, (b"x",), 10**6)
    assert file.read_text() == "\n\nlong text\n\nshort"


def test_our_names_with_other_content_are_foreign(tmp_path: Path) -> None:
    """A record.json of somebody else is not ours to replace."""
    (tmp_path / "record.json").write_text('{"schema": "vinyl"}')
    with pytest.raises(OutputError, match="holds no record of ours"):
        prepare(tmp_path, OURS)


def test_a_file_or_link_in_the_way_is_an_error(tmp_path: Path) -> None:
    """A file, and a link to a folder, are no output folder."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("file", "link"):
        with pytest.raises(OutputError, match="is in the way"):
            prepare(tmp_path / name, OURS)


def test_a_folder_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    """An output below a file cannot be made, and is refused beforehand."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"):
        prepare(tmp_path / "file" / "below" / "out", OURS)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_an_error(tmp_path: Path) -> None:
    """A folder that may not be written is refused."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            prepare(tmp_path / "out", OURS)
    finally:
        tmp_path.chmod(0o700)


def test_a_failure_while_writing_keeps_the_output_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new output cannot be moved into place, the one before stands as it was."""
    folder = tmp_path / "out"
    write(folder, {"record.json": RECORD, "report.html": b"before"}, OURS)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if ".new-" in self.name:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError, match="No space left"):
        write(folder, {"record.json": RECORD}, OURS)
    assert _files(folder)["report.html"] == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_output_moved_aside_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    """A run that died between the two renames loses nothing: the next one restores."""
    aside = tmp_path / ".out.before"
    aside.mkdir()
    (aside / "record.json").write_bytes(RECORD)
    prepare(tmp_path / "out", OURS)
    assert _files(tmp_path / "out") == {"record.json": RECORD}


def test_a_run_killed_after_the_rename_blocks_nothing(tmp_path: Path) -> None:
    """Where the earlier output still stands aside though the new one is in place, the next run works."""
    folder = tmp_path / "out"
    write(folder, {"record.json": RECORD}, OURS)
    (tmp_path / ".out.before").mkdir()
    (tmp_path / ".out.before" / "record.json").write_bytes(RECORD)
    write(folder, {"record.json": RECORD, "report.html": b"two"}, OURS)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_killed_run_leaves_no_half_report(project: Project) -> None:
    """Killed in the middle, the output before is intact, nothing half-written shows, and the next run works."""
    spec = project()
    out = spec.parent / "out"
    command = [sys.executable, "-m", "llmops_audit", "run", str(spec), "--output", str(out)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    before = _files(out)
    for delay in (0.3, 0.8):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert set(_files(out)) == set(before)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert set(_files(out)) == set(before)
    assert not [path for path in spec.parent.iterdir() if path.name.startswith(".out")]


def test_predictions_belong_to_an_output_and_to_its_owner(tmp_path: Path) -> None:
    """They go with the record's other files, only their owner may read them, and the next output removes them."""
    folder = tmp_path / "a-1"
    files = {"record.json": RECORD, "predictions.parquet": b"rows", "rows.csv": b"rows"}
    write(folder, files, ())
    if os.name == "posix":
        assert (folder / "predictions.parquet").stat().st_mode & 0o777 == 0o600
        assert (folder / "rows.csv").stat().st_mode & 0o777 == 0o600
    assert of_record(folder, RECORD, ()) == files
    write(folder, {"record.json": RECORD}, ())
    assert _files(folder) == {"record.json": RECORD}
