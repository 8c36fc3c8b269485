"""JSON Lines: values as text, and every way to be broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmops_audit.data.sources import FileFormat, column_names, read
from llmops_audit.errors import DataError

PLAIN = FileFormat()


def rows_of(folder: Path, content: bytes, format_: FileFormat = PLAIN, batch_rows: int = 2) -> list[dict[str, Any]]:
    """Write a file and read it whole."""
    path = folder / "f.jsonl"
    path.write_bytes(content)
    return [row for part in read(path, "f.jsonl", format_, None, batch_rows) for row in part.to_pylist()]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b'"as it is "', "as it is "),
        (b'"1"', "1"),
        (b"1", "1"),
        (b"1.0", "1.0"),
        (b"1e3", "1000.0"),
        (b"true", "true"),
        (b"false", "false"),
        (b"null", None),
        (b"NaN", "NaN"),
        (b"-Infinity", "-Infinity"),
        (b'[1, {"b": "\xe4\xb8\xad"}]', '[1, {"b": "中"}]'),
        (b'"\\ud83d\\ude42"', "🙂"),
    ],
)
@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_values(tmp_path: Path, written: bytes, text: str | None, batch_rows: int) -> None:
    """A value has one text, whatever kinds of values its column mixes and wherever it is cut."""
    content = b'{"a": "x"}\n{"a": ' + written + b'}\n{"a": 2}\n'
    assert [row["a"] for row in rows_of(tmp_path, content, batch_rows=batch_rows)] == ["x", text, "2"]


def test_columns_of_all_lines(tmp_path: Path) -> None:
    """A key that only a later line has is a column, null in the lines without it."""
    content = b'{"b": 1}\n\n{"a": 2, "b": 3}\r\n{}'
    assert rows_of(tmp_path, content) == [{"b": "1", "a": None}, {"b": "3", "a": "2"}, {"b": None, "a": None}]
    assert column_names(tmp_path / "f.jsonl", "f.jsonl", FileFormat()) == ("b", "a")


def test_encoding(tmp_path: Path) -> None:
    """A byte order mark and other encodings are read."""
    text = '{"a": "中文"}\n'
    for name in ("utf-8-sig", "gb18030", "utf-16"):
        format_ = FileFormat() if name == "utf-8-sig" else FileFormat(encoding=name)
        assert rows_of(tmp_path, text.encode(name), format_) == [{"a": "中文"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a":1}\n{"a":\n', "line 2: is not valid JSON at character 6; expected an object"),
        (b'{"a":1}\n\n{"a" 1}\n', "line 3 (row 2): is not valid JSON at character 6; expected an object"),
        (b'{"a":1}\n[1]\n', "line 2: is not an object; expected an object; got an array"),
        (b'{"a":1}\n"secret"\n', "line 2: is not an object; expected an object; got a string"),
        (b'{"a":1,"a":2}\n', "line 1: an object has a key more than once"),
        (b'{"a":"\\ud800"}\n', "line 1: contains half of a surrogate pair; expected whole characters"),
        (
            b'{"a":1}\n{"a":"\xe9"}\n',
            "line 2: contains bytes that are not in the encoding; expected text in utf-8",
        ),
        (b'{"a":' + b"[" * 100_000, "line 1: is JSON beyond what can be read; expected an object"),
        (b'{"a":' + b"9" * 5_000 + b"}", "line 1: is JSON beyond what can be read; expected an object"),
    ],
)
def test_broken_lines(tmp_path: Path, content: bytes, said: str) -> None:
    """A broken line is named by its number, and never quoted."""
    with pytest.raises(DataError) as caught:
        rows_of(tmp_path, content)
    assert str(caught.value) == f"f.jsonl: {said}"


@pytest.mark.parametrize("content", [b"", b"\n \n", b"{}\n"])
def test_empty(tmp_path: Path, content: bytes) -> None:
    """A file without any key is empty."""
    with pytest.raises(DataError, match=r"^f\.jsonl: is empty; expected one object per line$"):
        rows_of(tmp_path, content)
