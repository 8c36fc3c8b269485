"""Digests are taken of the bytes that were read, and a file that changes under the reader is an error."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmops_audit.data.sources import FileFormat, ReadLedger, _text, column_names, delimited, read
from llmops_audit.errors import DataError

PLAIN = FileFormat()
ROWS = 40_000
CHANGED = "changed while it was read"
BLOCK = 1 << 14


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in small blocks, so that the first rows arrive long before the end of a small file."""
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", BLOCK)
    monkeypatch.setattr(_text, "_CHUNK_BYTES", BLOCK)


def _csv() -> bytes:
    return b"a,b\n" + b"".join(b"%d,text of row %d\n" % (i, i) for i in range(ROWS))


def _content(name: str) -> bytes:
    if name.endswith(".parquet"):
        sink = io.BytesIO()
        table = pa.table({"a": range(ROWS), "b": [f"text of row {i}" for i in range(ROWS)]})
        pq.write_table(table, sink, row_group_size=1_000)
        return sink.getvalue()
    plain = b"".join(b'{"a": %d, "b": "text of row %d"}\n' % (i, i) for i in range(ROWS)) if "json" in name else _csv()
    return gzip.compress(plain, 1) if name.endswith(".gz") else plain


NAMES = ["f.csv", "f.csv.gz", "f.tsv.gz", "f.jsonl", "f.jsonl.gz", "f.parquet"]


def _tables(path: Path, ledger: ReadLedger, columns: list[str] | None = None) -> Iterator[pa.Table]:
    return read(path, path.name, PLAIN, columns, 100, ledger=ledger)


def _forbidden(*_: object) -> bytes:
    raise AssertionError("the file is read once more")


@pytest.mark.parametrize("name", NAMES)
def test_the_digest_is_of_the_whole_file_though_few_columns_are_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading one column gives digest and size of all bytes of the file, compressed ones too, without another pass."""
    path, ledger = tmp_path / name, ReadLedger()
    path.write_bytes(_content(name))
    first = column_names(path, name, PLAIN, ledger)[:1]
    for _ in _tables(path, ledger, list(first)):
        pass
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", _forbidden)
        found = ledger.digest(path, name)
    assert (found.sha256, found.bytes) == (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)


def test_a_file_that_was_not_read_to_its_end_is_digested_when_it_is_asked_for(tmp_path: Path) -> None:
    """A header, or some of the rows, are no whole file."""
    path, ledger = tmp_path / "f.csv", ReadLedger()
    path.write_bytes(_csv())
    column_names(path, path.name, PLAIN, ledger)
    next(_tables(path, ledger))
    assert ledger.digest(path, path.name).sha256 == hashlib.sha256(_csv()).hexdigest()


def _appended(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\n")


def _touched(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def _replaced(path: Path) -> None:
    state = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(path)


def _removed(path: Path) -> None:
    path.unlink()


CHANGES = [_appended, _touched, _replaced, _removed]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_during_a_pass_is_an_error(
    name: str, change: Callable[[Path], None], tmp_path: Path
) -> None:
    """One that grows, is written to, is replaced by another of the same size and time, or goes away, is named."""
    path = tmp_path / name
    path.write_bytes(_content(name))
    tables = _tables(path, ReadLedger())
    next(tables)
    change(path)
    with pytest.raises(DataError, match=rf"^{name}: "):
        list(tables)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", CHANGES[:-1])
def test_a_file_that_changes_between_two_passes_is_an_error(
    name: str, change: Callable[[Path], None], tmp_path: Path
) -> None:
    """The header was that of another file than the rows."""
    path, ledger = tmp_path / name, ReadLedger()
    path.write_bytes(_content(name))
    column_names(path, name, PLAIN, ledger)
    change(path)
    with pytest.raises(DataError, match=CHANGED):
        list(_tables(path, ledger))


def test_other_bytes_of_the_same_size_and_time_are_found_by_their_digest(tmp_path: Path) -> None:
    """Two passes to the end that do not meet the same bytes are an error though the file looks the same."""
    path, ledger = tmp_path / "f.csv", ReadLedger()
    path.write_bytes(b"a\n1\n")
    state = path.stat()
    list(_tables(path, ledger))
    path.write_bytes(b"a\n2\n")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(DataError, match=CHANGED):
        list(_tables(path, ledger))


def test_two_names_of_one_file_are_one_file(tmp_path: Path) -> None:
    """What was read by one name is known by the other; a file that cannot be read is named."""
    path, ledger = tmp_path / "f.csv", ReadLedger()
    path.write_bytes(b"a\n1\n")
    (tmp_path / "link.csv").symlink_to(path)
    list(_tables(path, ledger))
    found = ledger.digest(path, "f.csv")
    assert ledger.digest(tmp_path / "." / "link.csv", "link.csv") is found
    with pytest.raises(DataError, match=r"^gone\.csv: cannot be read"):
        ledger.digest(tmp_path / "gone.csv", "gone.csv")
