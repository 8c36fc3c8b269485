"""What holds for files of every format."""

from __future__ import annotations

import gzip
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from llmops_audit.data.sources import FileFormat, column_names, other_delimiter, read, suffixes
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

    (tmp_path / "f.csv").write_bytes(CONTENT["f.csv"])
    monkeypatch.setattr(os, "open", refuse)
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
    """A column that the file lacks is refused before any row is read; those that it has may be cells."""
    (tmp_path / name).write_bytes(CONTENT[name])
    assert refusal(tmp_path / name, name, ["a", "x"]) == f"{name}: has no column 'x'"


@pytest.mark.parametrize("name", ["f.csv", "f.parquet", "f.jsonl"])
def test_only_regular_files(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe, a device and a socket are refused at once, by whatever name, and nothing waits for a writer."""
    os.mkfifo(tmp_path / name)
    assert refusal(tmp_path / name, name) == f"{name}: is a pipe; expected a file"
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / name).symlink_to("/dev/zero")
    assert refusal(tmp_path / "to" / name, name) == f"{name}: is a link to '/dev/zero', a device; expected a file"
    # The whole path may be too long for a socket.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind("s.csv")
    assert refusal(tmp_path / "s.csv", "s.csv") == "s.csv: is a socket; expected a file"


def test_links(tmp_path: Path) -> None:
    """A link is followed once; the target of one that leads nowhere, or to another link, is named."""
    (tmp_path / "f.csv").write_bytes(CONTENT["f.csv"])
    (tmp_path / "one.csv").symlink_to("f.csv")
    assert column_names(tmp_path / "one.csv", "one.csv", PLAIN) == ("a", "b")
    (tmp_path / "two.csv").symlink_to("one.csv")
    expected = "expected a file, or a link that leads to one at once"
    assert refusal(tmp_path / "two.csv", "two.csv") == f"two.csv: is a link to 'one.csv', a link to 'f.csv'; {expected}"
    (tmp_path / "lost.csv").symlink_to("gone.csv")
    assert refusal(tmp_path / "lost.csv", "lost.csv") == "lost.csv: is a link to 'gone.csv', which does not exist"
    (tmp_path / "folder.csv").symlink_to(".")
    assert refusal(tmp_path / "folder.csv", "x") == "x: is a link to '.', a folder; expected a file"
    (tmp_path / "round.csv").symlink_to("round.csv")
    assert "a link to 'round.csv', a link to 'round.csv'" in refusal(tmp_path / "round.csv", "x")


def test_a_pipe_in_the_place_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What turns into a pipe after it was looked at is not read either, and nothing waits for a writer."""
    os.mkfifo(tmp_path / "f.csv")
    monkeypatch.setattr("llmops_audit.data.sources._files.refuse_irregular", lambda *_: None)
    assert refusal(tmp_path / "f.csv", "f.csv") == "f.csv: is a pipe; expected a file"


OTHER = {
    b"PAR1\x15\0": "is Parquet, whatever its name says; expected a name that ends in .parquet",
    gzip.compress(b"a", mtime=0): "is compressed with gzip, whatever its name says; expected a name that ends in .gz",
    b"PK\x03\x04\x14\0": "is a zip archive or an Excel workbook; expected a text file, or Parquet",
    "\ufeffa,b\n".encode("utf-16-le"): 'is text in UTF-16; expected `data.encoding = "utf-16"`',
    "\ufeffa,b\n".encode("utf-32-le"): 'is text in UTF-32; expected `data.encoding = "utf-32"`',
}


@pytest.mark.parametrize(("content", "said"), OTHER.items(), ids=["parquet", "gzip", "zip", "utf-16", "utf-32"])
def test_other_content(tmp_path: Path, content: bytes, said: str) -> None:
    """A file that is of another kind than its name says is refused with its kind, compressed or not."""
    for name in ("f.csv", "f.jsonl", "f.csv.gz"):
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        assert refusal(tmp_path / name, name) == f"{name}: {said}"


def test_letters_are_no_mark(tmp_path: Path) -> None:
    """A text that begins with the letters of a mark is a text."""
    (tmp_path / "f.csv").write_bytes(b"PAR1,BZh\n1,2\n")
    assert column_names(tmp_path / "f.csv", "f.csv", PLAIN) == ("PAR1", "BZh")


def test_a_wide_encoding_has_its_mark(tmp_path: Path) -> None:
    """A byte order mark is no fault where the spec names the encoding."""
    (tmp_path / "f.csv").write_bytes("a,b\n1,2\n".encode("utf-16"))
    assert column_names(tmp_path / "f.csv", "f.csv", FileFormat(encoding="UTF_16")) == ("a", "b")


@pytest.mark.parametrize("name", ["f.csv", "f.parquet", "f.pq", "f.jsonl"])
def test_no_bytes(tmp_path: Path, name: str) -> None:
    """A file of no bytes is empty, with named columns as well: it does not pass for one without rows."""
    (tmp_path / name).touch()
    for format_ in (PLAIN, FileFormat(names=("a", "b"))):
        assert refusal(tmp_path / name, name, format_=format_).startswith(f"{name}: is empty")


def test_endless_line(tmp_path: Path) -> None:
    """A file without line ends is not read whole to find its header."""
    with (tmp_path / "f.csv").open("wb") as file:
        file.truncate(1 << 40)
    assert "header: is too long; expected a line of at most 1,048,576 characters" in refusal(tmp_path / "f.csv", "f")
    (tmp_path / "f.jsonl").symlink_to("f.csv")
    said = "f: has a line that is too long; expected at most 16,777,216 characters"
    assert refusal(tmp_path / "f.jsonl", "f") == said
    assert "too long" in refusal(tmp_path / "f.csv", "f", format_=FileFormat(skip_rows=1))


def test_many_columns(tmp_path: Path) -> None:
    """More names than a table has columns are refused with their number."""
    (tmp_path / "f.csv").write_text(",".join(map(str, range(20_001))) + "\n")
    assert refusal(tmp_path / "f.csv", "f") == "f: has too many columns; expected at most 20,000; got 20,001"


@pytest.mark.parametrize("content", [b'[{"a": 1}]', b'[\n  {"a": 1}\n]\n', b"[\n"])
def test_json_array(tmp_path: Path, content: bytes) -> None:
    """A JSON array is no JSON Lines, and the error says so."""
    (tmp_path / "f.jsonl").write_bytes(content)
    assert refusal(tmp_path / "f.jsonl", "f") == "f: is a JSON array; expected one object per line (JSON Lines)"


DELIMITED = {
    "a;b;label\n1,5;x;0\n2,5;y;1\n": ";",
    "a\tb\tlabel\n1\tx\t0\n": "\t",
    "a|b|c\n1|2|3\n4|5|6\n": "|",
    "a; label\n1;0\n": ";",
    "text\nno; nothing\nyes\n": None,
    "label\n1\n0\n": None,
    '"label\n1\n0\n': None,
    "": None,
}


@pytest.mark.parametrize(("content", "delimiter"), DELIMITED.items())
def test_other_delimiter(tmp_path: Path, content: str, delimiter: str | None) -> None:
    """The delimiter that would give the wanted column, or fields in each line, is found; else there is none."""
    (tmp_path / "f.csv").write_text(content)
    assert other_delimiter(tmp_path / "f.csv", "f.csv", PLAIN, ("label",)) == delimiter
    assert other_delimiter(tmp_path / "f.csv", "f.csv", FileFormat(encoding="nonsense"), ("label",)) is None
