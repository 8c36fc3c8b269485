"""CSV and TSV: options, blocks and every way to be broken."""

from __future__ import annotations

import gzip
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pytest

from llmops_audit.data.sources import FileFormat, _text, column_names, delimited, read
from llmops_audit.errors import DataError

LATIN = b"\xe9"
PLAIN = FileFormat()


def rows_of(folder: Path, content: bytes, format_: FileFormat = PLAIN, name: str = "f.csv") -> list[tuple[str, ...]]:
    """Write a file and read it whole."""
    path = folder / name
    path.write_bytes(content)
    return [tuple(row.values()) for part in read(path, name, format_, None, 3) for row in part.to_pylist()]


def refusal(folder: Path, content: bytes, format_: FileFormat = PLAIN, name: str = "f.csv") -> str:
    """Write a file that cannot be read and return what the error says."""
    with pytest.raises(DataError) as caught:
        rows_of(folder, content, format_, name)
    return str(caught.value)


@pytest.fixture(params=[(4 << 20, 1 << 20), (64, 16), (64, 1)], ids=["large", "small", "bytewise"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the cuts of blocks and pieces in other places."""
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", request.param[0])
    monkeypatch.setattr(_text, "_CHUNK_BYTES", request.param[1])


@pytest.mark.usefixtures("blocks")
class TestBroken:
    """What is broken is named by file and row, wherever blocks are cut."""

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"a,b\n1,2\n\n3\n4,5\n", "row 2: wrong number of fields; expected 2; got 1"),
            (
                b"a,b\n" + b"1,2\n" * 100 + b"3,4,5\n1,2\n",
                "row 101: wrong number of fields; expected 2; got 3",
            ),
            (b'a,b\n"1\n1",2\n3\n', "row 2: wrong number of fields; expected 2; got 1"),
            (
                b'a,b\n1,2\n3,"x\n4,5\n',
                "row 2: a quote is not closed; expected a quote at the end of the value",
            ),
            (b'a,b\n1,2\n3,"', "row 2: a quote is not closed; expected a quote at the end of the value"),
            (
                b'a,b\n1,2\n"3,\n4,5\n',
                "row 2: a quote is not closed; expected a quote at the end of the value",
            ),
            (b'a,b\n1,x"y\n3,"', "row 2: a quote is not closed; expected a quote at the end of the value"),
            (b'"a,b\n1,2\n', "header: cannot be read; expected closed quotes"),
            (b"a,b,a\n", "has one name for columns 1 and 3; expected a name for each column"),
            (b"", "is empty; expected a header"),
            (b"\n\n", "is empty; expected a header"),
        ],
    )
    def test_structure(self, tmp_path: Path, content: bytes, said: str) -> None:
        """A row of another length, an open quote, a double or missing header are errors."""
        assert refusal(tmp_path, content) == f"f.csv: {said}"

    @pytest.mark.parametrize(
        ("content", "place"),
        [
            (b"a,b\n1,2\n3," + LATIN + b"\n4,5\n", "row 2"),
            (b"a,b\n1,2\n" + LATIN + b",4\n4,5\n", "row 2"),
            (b'a,b\n1,2\n4,"' + LATIN + b'\n4,5\n"\n', "row 2"),
            (b"a,b\n" + b"1,2\n" * 60 + b"3," + LATIN, "row 61"),
            (b"a," + LATIN + b"\n1,2\n", "header"),
            (b'a,"' + LATIN + b'"\n1,2\n', "header"),
        ],
    )
    def test_encoding(self, tmp_path: Path, content: bytes, place: str) -> None:
        """Broken bytes are found by row: in values, at the start, in quotes and at the end."""
        said = "contains bytes that are not in the encoding; expected text in utf-8"
        assert refusal(tmp_path, content) == f"f.csv: {place}: {said}"

    def test_other_encodings(self, tmp_path: Path) -> None:
        """Broken bytes are found by row in multi-byte encodings too."""
        text = "a,b\n" + "1,中文\n" * 5
        broken = text.encode("gb18030") + b"2,\xff\n"
        assert "f.csv: row 6: contains bytes" in refusal(tmp_path, broken, FileFormat(encoding="gb18030"))
        cut = text.encode("utf-16")[:-1]
        assert "f.csv: row 5: contains bytes" in refusal(tmp_path, cut, FileFormat(encoding="utf-16"))

    def test_first_error_wins(self, tmp_path: Path) -> None:
        """A short row before broken bytes is what the error names."""
        content = b"a,b\n" + b"1,2\n" * 50 + b"3\n1,2\n4," + LATIN + b"\n"
        assert refusal(tmp_path, content).startswith("f.csv: row 51: wrong number of fields")

    def test_rows_across_blocks(self, tmp_path: Path) -> None:
        """Rows come once and in order where blocks end inside rows and quoted line ends."""
        expected = [(str(i), f"x\n{i}") for i in range(200)]
        content = b"a,b\n" + b"".join(f'{a},"{b}"\n'.encode() for a, b in expected)
        assert rows_of(tmp_path, content) == expected


def test_no_value_in_messages(tmp_path: Path) -> None:
    """An error about a row does not repeat what stands in it."""
    for bad in (b"secret,secret,secret\n", b'1,"secret', b"secret" + LATIN + b",secret\n"):
        assert "secret" not in refusal(tmp_path, b"a,b\n1,2\n" + bad)


def test_row_beyond_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is longer than a block is an error with its place, not half a file."""
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 64)
    said = refusal(tmp_path, b"a,b\n1,2\n1," + b"x" * 1000 + b"\n")
    assert said == "f.csv: after row 1: a row is too long; expected at most 64 bytes; is a quote left open?"


def test_long_row(tmp_path: Path) -> None:
    """A text of two million characters is read."""
    assert rows_of(tmp_path, b"a,b\n1," + b"x" * 2_000_000 + b"\n") == [("1", "x" * 2_000_000)]


def test_headerless(tmp_path: Path) -> None:
    """Named columns make the first line a row, and their number is that of the fields."""
    assert rows_of(tmp_path, b"1,2\n3,4", FileFormat(names=("x", "y"))) == [("1", "2"), ("3", "4")]
    said = refusal(tmp_path, b"1,2\n", FileFormat(names=("x",)))
    assert said == "f.csv: row 1: wrong number of fields; expected 1; got 2"
    said = refusal(tmp_path, b"1,2\n", FileFormat(names=("x", "x")))
    assert said == "f.csv: has one name for columns 1 and 2; expected a name for each column"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_skipped_lines(tmp_path: Path, end: bytes) -> None:
    """Lines before the header, or before the first row, are skipped whatever they hold."""
    comment = b'|1x3 "open, cross' + end
    assert rows_of(tmp_path, comment + b"a,b" + end + b"1,2" + end, FileFormat(skip_rows=1)) == [("1", "2")]
    headerless = FileFormat(names=("x", "y"), skip_rows=1)
    assert rows_of(tmp_path, comment + b"1,2" + end, headerless) == [("1", "2")]
    assert refusal(tmp_path, b"a,b\n1,2\n", FileFormat(skip_rows=5)) == "f.csv: is empty; expected a header"


def test_bare_quotes(tmp_path: Path) -> None:
    """With quote=False quotes are ordinary characters and may stay open."""
    rows = rows_of(tmp_path, b'a\tb\n"x\ty"z"\n"\t""\n', FileFormat(quote=False), "f.tsv")
    assert rows == [('"x', 'y"z"'), ('"', '""')]


def test_blank_lines(tmp_path: Path) -> None:
    """A blank line is no row; an empty value that stands alone is written as two quotes."""
    assert rows_of(tmp_path, b'a\n1\n\n""\n2\n\n') == [("1",), ("",), ("2",)]


def test_words_for_missing_stay(tmp_path: Path) -> None:
    """No text is taken for a number or a missing value."""
    assert rows_of(tmp_path, b'a,b\nNA,\nnull,1.50\n"",007\n') == [("NA", ""), ("null", "1.50"), ("", "007")]


def test_header_alone(tmp_path: Path) -> None:
    """A file with a header and no rows gives no table."""
    assert rows_of(tmp_path, b"a,b") == []
    assert column_names(tmp_path / "f.csv", "f.csv", FileFormat()) == ("a", "b")


def test_gzip(tmp_path: Path) -> None:
    """A gzip file that is cut off, or none, is an error."""
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    for broken in (whole[:-9], b"a,b\n1,2\n", whole[:20] + b"\xff" + whole[21:]):
        said = refusal(tmp_path, broken, name="f.csv.gz")
        assert said == "f.csv.gz: is broken or cut off; expected a whole gzip file"


@pytest.mark.parametrize("encoding", ["nope", "rot13", "utf-8\0"])
def test_unknown_encoding(tmp_path: Path, encoding: str) -> None:
    """What is no text encoding is refused by name."""
    said = refusal(tmp_path, b"a,b\n1,2\n", FileFormat(encoding=encoding))
    assert said == f"f.csv: unknown encoding; expected a text encoding that Python knows; got {encoding!r}"


@pytest.mark.parametrize("delimiter", ["，", "\n", '"', ";;"])
def test_unusable_delimiter(tmp_path: Path, delimiter: str) -> None:
    """A delimiter is one ASCII character that means nothing else."""
    said = refusal(tmp_path, b"a,b\n", FileFormat(delimiter=delimiter))
    assert said == f"f.csv: unusable delimiter; expected one ASCII character; got {delimiter!r}"


def test_reading_may_stop(tmp_path: Path) -> None:
    """An iterator that is dropped in the middle closes its file."""
    path = tmp_path / "f.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 8_000_000)
    parts = read(path, "f.csv", FileFormat(), None)
    assert next(parts).num_rows > 0
    del parts


@pytest.mark.realdata
def test_sms_corpus(data_folder: Path) -> None:
    """The SMS corpus, without header and with bare quotes, has 5,574 messages, 747 of them spam."""
    format_ = FileFormat(quote=False, names=("label", "message"))
    labels = [
        label
        for part in read(data_folder / "sms_spam" / "sms.tsv", "sms.tsv", format_, ["label"], 1000)
        for label in part.column("label").to_pylist()
    ]
    assert (len(labels), labels.count("spam"), labels.count("ham")) == (5574, 747, 4827)


@pytest.mark.realdata
def test_adult(data_folder: Path) -> None:
    """The comment line of adult.test is skipped and all 16,281 rows are read as they are written."""
    format_ = FileFormat(delimiter=",", names=tuple(f"c{i}" for i in range(15)), skip_rows=1)
    incomes = [
        income
        for part in read(data_folder / "adult" / "adult.test", "adult.test", format_, ["c14"])
        for income in part.column("c14").to_pylist()
    ]
    assert (len(incomes), sorted(set(incomes))) == (16_281, [" <=50K.", " >50K."])


@pytest.mark.parametrize("content", [b"a\n1\n2\n", b"a\n1,2\n", b'a\n"x'])
def test_reading_ends_when_arrow_has_let_go(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread of Arrow's that drops a Python object while Python shuts down would abort the process."""
    held: list[weakref.ref[object]] = []
    original = pa.csv.open_csv

    def late(stream: object, *options: Any) -> object:
        held.append(weakref.ref(stream))
        threading.Timer(0.2, lambda _: None, [stream]).start()
        return original(stream, *options)

    monkeypatch.setattr(pa.csv, "open_csv", late)
    with suppress(DataError):
        rows_of(tmp_path, content)
    assert [one() for one in held] == [None]
