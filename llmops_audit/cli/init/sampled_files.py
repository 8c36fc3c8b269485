"""Read the files that a spec is to be written for: how they are written, and their rows or a sample of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_audit.cli.init.looks import is_number
from llmops_audit.cli.init.name_words import names_a_label
from llmops_audit.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from llmops_audit.data.sources import FileFormat

    _Sample = tuple[FileFormat, int, pa.Table | None]

__all__ = ["MOST_ROWS", "DataFile", "read_file"]

MOST_ROWS = 200_000
"""Rows of a file that are looked at; of a longer file a uniform sample."""

MOST_CELLS = 20_000_000
SEED = 42
HEAD = 1 << 18
DELIMITERS = (",", ";", "\t", "|")
LONG_NAME = 80
"""Characters of a first line's cell that is hardly the name of a column."""


@dataclass(frozen=True)
class DataFile:
    """A file, and what was read of it.

    Attributes
    ----------
    path : Path
    format : FileFormat
        How it is read; what differs from the default must stand in the spec.
    names : tuple of str
        All columns that a spec can name.
    unreadable : tuple of str
        Those among them whose type cannot be read.
    rows : int
        In the file.
    table : pyarrow.Table
        Its readable columns: all rows, or a uniform sample of them.
    dictionaries : frozenset of str
        Columns that the file itself calls categories.
    unsearched : tuple of str
        Columns that hold what cannot be searched for personal data, in whole or in part.
    """

    path: Path
    format: FileFormat
    names: tuple[str, ...]
    unreadable: tuple[str, ...]
    rows: int
    table: pa.Table
    dictionaries: frozenset[str] = field(default=frozenset())
    unsearched: tuple[str, ...] = ()

    @property
    def sampled(self) -> bool:
        """Whether only some rows were looked at."""
        return bool(self.rows > self.table.num_rows)


def read_file(path: Path, names: Sequence[str] | None) -> DataFile:
    """Read a file, or a uniform sample of its rows.

    Parameters
    ----------
    path : Path
    names : sequence of str, optional
        The names of its columns, where it has no header.

    Raises
    ------
    DataError
        Where it cannot be read, has no rows, or has no header.
    """
    from llmops_audit.data import sources

    shown = str(path)
    format = replace(_format(path), names=None if names is None else tuple(names))
    if names is None and not _has_names_by_nature(path):
        _refuse_rows_as_header(path, shown, format)
    found = tuple(name for name in sources.column_names(path, shown, format) if _can_be_named(name))
    dictionaries, unreadable = _kinds_of_parquet(path, found)
    readable = [name for name in found if name not in unreadable]
    if not readable:
        raise DataError(shown, "has no column that can be read", "columns with names")
    format, rows, table = _sample(path, shown, format, readable)
    if not rows:
        raise DataError(shown, "has no rows", "at least one")
    unsearched = (*unreadable, *_holding_bytes(path, readable))
    return DataFile(path, format, found, unreadable, rows, table, dictionaries, unsearched)


def _holding_bytes(path: Path, names: Sequence[str]) -> Iterator[str]:
    """Yield columns of lists and objects with bytes in them."""
    if path.name.lower().endswith((".parquet", ".pq")):
        import pyarrow.parquet as pq

        from llmops_audit.data.sources._arrow import holds_bytes

        schema = pq.read_schema(path)
        yield from (name for name in names if holds_bytes(schema.field(name).type))


def _has_names_by_nature(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith((".parquet", ".pq", ".jsonl", ".ndjson"))


def _can_be_named(name: str) -> bool:
    return bool(name.strip()) and "\0" not in name


def _sample(path: Path, shown: str, format: FileFormat, columns: Sequence[str]) -> _Sample:
    """Read rows; without quotes where a text file cannot be read with them, or where they swallow rows."""
    try:
        quoted = (format, *_uniform(path, shown, format, columns))
    except DataError:
        if _has_names_by_nature(path) or (unquoted := _unquoted(path, shown, format, columns)) is None:
            raise
        return unquoted
    if _has_names_by_nature(path) or not _swallows(quoted[2]):
        return quoted
    unquoted = _unquoted(path, shown, format, columns)
    return quoted if unquoted is None or unquoted[1] <= quoted[1] else unquoted


def _unquoted(path: Path, shown: str, format: FileFormat, columns: Sequence[str]) -> _Sample | None:
    without = replace(format, quote=False)
    try:
        return (without, *_uniform(path, shown, without, columns))
    except DataError:
        return None


def _swallows(table: pa.Table | None) -> bool:
    """Return whether a cell goes over lines, as a cell does whose quote was meant as a character."""
    import pyarrow.compute as pc

    return table is not None and any(pc.any(pc.match_substring(column, "\n")).as_py() for column in table.columns)


def _uniform(path: Path, shown: str, format: FileFormat, columns: Sequence[str]) -> tuple[int, pa.Table | None]:
    """Return the number of rows, and those with the smallest random keys, in file order."""
    import numpy as np
    import pyarrow as pa

    from llmops_audit.data import sources

    most = max(1, min(MOST_ROWS, MOST_CELLS // len(columns)))
    random, rows = np.random.default_rng(SEED), 0
    kept: pa.Table | None = None
    keys = np.empty(0)
    for table in sources.read(path, shown, format, columns):
        rows += table.num_rows
        kept = table if kept is None else pa.concat_tables([kept, table])
        keys = np.append(keys, random.random(table.num_rows))
        if len(keys) > 2 * most:
            kept, keys = _smallest(kept, keys, most)
    if kept is not None and len(keys) > most:
        kept, keys = _smallest(kept, keys, most)
    return rows, kept


def _smallest(table: pa.Table, keys: npt.NDArray[np.float64], most: int) -> tuple[pa.Table, npt.NDArray[np.float64]]:
    import numpy as np

    chosen = np.sort(np.argpartition(keys, most)[:most])
    return table.take(chosen), keys[chosen]


def _kinds_of_parquet(path: Path, names: Sequence[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the columns that are dictionaries, and those of a type that an audit cannot read as a column."""
    if not path.name.lower().endswith((".parquet", ".pq")):
        return frozenset(), ()
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    types = {name: schema.field(name).type for name in names}
    tests = (
        pa.types.is_duration, pa.types.is_interval, pa.types.is_binary, pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
    )  # fmt: skip
    unreadable = tuple(
        name
        for name, kind in types.items()
        if isinstance(kind, pa.BaseExtensionType) or any(test(kind) for test in tests)
    )
    dictionaries = {name for name, kind in types.items() if pa.types.is_dictionary(kind)}
    # Arrow gives numbers back as numbers, though pandas wrote them as categories.
    described = (schema.pandas_metadata or {}).get("columns", [])
    dictionaries |= {one.get("name") for one in described if one.get("pandas_type") == "categorical"} & set(names)
    return frozenset(dictionaries), unreadable


def _format(path: Path) -> FileFormat:
    from llmops_audit.data import sources

    known = path.name.lower().endswith(sources.suffixes())
    if not path.is_file() or (known and _is_binary(path)):
        # The reader says what is wrong with it, or needs no help.
        return sources.FileFormat()
    encoding = _encoding(path)
    if known and _has_names_by_nature(path):
        return sources.FileFormat(encoding=encoding)
    usual = "\t" if path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) else ","
    lines = list(_lines(path, encoding))
    _refuse_json(lines, path)
    skipped = int(_fits(lines, usual) is None and _fits(lines[1:], usual) is not None)
    delimiter = _fits(lines[skipped:], usual, least=0.0) or usual
    return sources.FileFormat(
        encoding=encoding, delimiter=None if known and delimiter == usual else delimiter, skip_rows=skipped
    )


def _refuse_json(lines: Sequence[str], path: Path) -> None:
    """Refuse a JSON document, which would be read as odd rows.

    Raises
    ------
    DataError
    """
    if lines and lines[0].lstrip()[:1] in ("[", "{") and '"' in "".join(lines[:3]):
        expected = "JSON Lines, an object in each line, in a file called .jsonl; CSV; or Parquet"
        raise DataError(str(path), "looks like JSON", expected)


def _is_binary(path: Path) -> bool:
    from llmops_audit.data import sources

    return path.name.lower().endswith(sources.binary_suffixes())


def _encoding(path: Path) -> str:
    """Guess the encoding of a text: UTF-8, what Chinese systems write, or what Windows writes in the West."""
    content = _head(path)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    for encoding in ("utf-8", "gb18030"):
        # The last character may be cut.
        for cut in range(4):
            try:
                text = content[: len(content) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            if encoding == "utf-8" or _is_chinese(text):
                return encoding
    return "cp1252"


def _is_chinese(text: str) -> bool:
    wide = [character for character in text if ord(character) > 127]
    # The commonest characters of the language stand in the first level of GB 2312, and follow one another.
    common = sum(b"\xb0" <= character.encode("gb18030")[:1] <= b"\xd7" for character in wide)
    neighbours = sum(ord(a) > 127 and ord(b) > 127 for a, b in pairwise(text))
    return common > 0.7 * len(wide) and neighbours > 0.3 * len(wide)


def _head(path: Path) -> bytes:
    import zlib

    from llmops_audit.data import sources

    try:
        return sources.head(path, HEAD)
    except (OSError, EOFError, zlib.error):
        return b""


def _lines(path: Path, encoding: str) -> Iterator[str]:
    lines = _head(path).decode(encoding, errors="replace").lstrip("\ufeff").splitlines()
    yield from [line for line in lines[:200] if line.strip()][:100]


def _fits(lines: Sequence[str], usual: str, least: float = 0.9) -> str | None:
    """Return the delimiter that cuts the most lines into as many fields as the first; None for fewer than `least`."""
    scores = {}
    for delimiter in dict.fromkeys((usual, *DELIMITERS)):
        fields = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        if not fields or fields[0] < 2:
            continue
        same = sum(count == fields[0] for count in fields) / len(fields)
        if same >= least:
            scores[delimiter] = (same >= 0.9, fields[0] if same >= 0.9 else 0, delimiter == usual, same)
    return max(scores, key=lambda one: scores[one], default=None)


def _refuse_rows_as_header(path: Path, shown: str, format: FileFormat) -> None:
    """Refuse a file whose first line is a row; none of its cells may reach the screen.

    Raises
    ------
    DataError
    """
    from llmops_audit.data import sources

    header = sources.cells(path, shown, format).names
    if _are_rows(header, path, shown, format):
        raise DataError(
            shown,
            "has no header: its first line is a row",
            f"column names: put them into the first line, or name the {len(header)} columns, "
            "such as --columns label,text",
        )


def _are_rows(header: Sequence[str], path: Path, shown: str, format: FileFormat) -> bool:
    from llmops_audit.data import sources
    from llmops_audit.personal_data import find

    named = [name.strip() for name in header if name.strip()]
    numbers = [name for name in named if is_number(name)]
    if [str(number) for number in range(len(numbers))] == numbers and len(numbers) > 1:
        # Frames without names write 0, 1, 2, … for them.
        named = [name for name in named if name not in numbers]
        numbers = []
    if 2 * len(numbers) > len(named) or any(len(name) > LONG_NAME for name in named) or any(find(named)):
        return True
    unnamed = replace(format, names=tuple(f"#{number}" for number in range(len(header))))
    try:
        table = next(iter(sources.read(path, shown, unnamed, unnamed.names)), None)
    except DataError:
        return False
    if table is None:
        return False
    repeated = [name for name, column in zip(header, table.columns, strict=True) if _repeats(name, column, named)]
    # A label may be called as its positive value is: "spam", of "spam" and "ham".
    return bool(repeated) and not (all(map(names_a_label, repeated)) and not any(" " in name for name in named))


def _repeats(name: str, column: pa.ChunkedArray, named: Sequence[str]) -> bool:
    # Read without names, the first line is a row as well.
    return name.strip() in named and sum(value.strip() == name.strip() for value in column.to_pylist()) > 1
