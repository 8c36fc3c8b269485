"""What holds for files of every format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmops_audit.data.sources import FileFormat, column_names, read, suffixes
from llmops_audit.errors import DataError

PLAIN = FileFormat()
CONTENT = {"f.csv": b"a,b\n1,2\n", "f.tsv": b"a\tb\n1\t2\n", "f.jsonl": b'{"a": 1, "b": 2}\n'}


def refusal(path: Path, shown: str, columns: list[str] | None = None, format_: FileFormat = PLAIN) -> str:
    """Try to read and return what the error says."""
    with pytest.raises(DataError) as caught:
        read(path, shown, format_, columns)
    return str(caught.value)


@pytest.mark.parametrize("name", ["f.csv", "f.parquet", "f.jsonl", "f.txt"])
def test_no_file(tmp_path: Path, name: str) -> None:
    """A missing file and a folder are errors that name the path as the spec writes it."""
    assert refusal(tmp_path / name, f"../{name}") == f"../{name}: no such file"
    (tmp_path / name).mkdir()
    assert refusal(tmp_path / name, f"../{name}") == f"../{name}: is a folder; expected a file"


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is an error with the system's reason."""

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(tmp_path / "f.csv", "f.csv") == "f.csv: cannot be read; got Permission denied"


@pytest.mark.parametrize(("name", "suffix"), [("f.txt", ".txt"), ("f", "no suffix"), ("f.csv.zip", ".zip")])
def test_unknown_suffix(tmp_path: Path, name: str, suffix: str) -> None:
    """A file of no known kind is refused with what is known, unless the spec gives its delimiter."""
    (tmp_path / name).write_bytes(b"a;b\n1;2\n")
    known = ", ".join(suffixes())
    expected = f"one of {known}, or `data.delimiter` in the spec"
    assert refusal(tmp_path / name, name) == f"{name}: unknown kind of file; expected {expected}; got {suffix}"
    assert column_names(tmp_path / name, name, FileFormat(delimiter=";")) == ("a", "b")


@pytest.mark.parametrize("name", CONTENT)
def test_unknown_column(tmp_path: Path, name: str) -> None:
    """A column that the file lacks is refused with the columns it has, before any row is read."""
    (tmp_path / name).write_bytes(CONTENT[name])
    assert refusal(tmp_path / name, name, ["a", "x"]) == f"{name}: has no column 'x'; expected one of a, b"
