"""Columns that a file lacks: what an error says, and what it never shows."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.data.headers import Header
from llmops_audit.data.tables import table_of

KNOWN = frozenset({"text", "label", "group"})


def _header(content: str, known: frozenset[str] = KNOWN, delimiter: str | None = None) -> Header:
    frame = pd.read_csv(io.StringIO(content), dtype=str, keep_default_na=False)
    table = table_of(frame, "rows")
    assert table is not None

    def read() -> Iterator[pa.Table]:
        return iter([table])

    return Header("rows.csv", tuple(table.column_names), known, read, lambda _: delimiter)


def _said(header: Header, *missing: str) -> str:
    return "\n".join(map(str, header.lacks(missing)))


def _rows(*lines: str, times: int = 20) -> str:
    return "\n".join(lines * times) + "\n"


HEADERLESS = {
    "a number": "id0,Wilhelmina Zzyzxqvist,-1.21\n" + _rows("id1,Otto,3.5"),
    "a value that occurs again": "Wilhelmina Zzyzxqvist,yes,first\n" + _rows("Otto,yes,second", "Ida,no,third"),
    "a date": "Wilhelmina Zzyzxqvist,2026-01-05\n" + _rows("Otto,2026-01-06"),
    "a missing value": "Wilhelmina Zzyzxqvist,NA\n" + _rows("Otto,5"),
    "an address": "Wilhelmina Zzyzxqvist,wz@example.org\n" + _rows("Otto,5"),
    "nothing but texts": "Wilhelmina Zzyzxqvist,likes tea\n" + "".join(f"Otto {i},sees {i} cats\n" for i in range(50)),
    "a single row": "Wilhelmina Zzyzxqvist,likes tea\n",
    "a long text": f"Wilhelmina Zzyzxqvist,{'tea ' * 30}\n" + _rows("Otto,5"),
    "a long number": "Wilhelmina Zzyzxqvist,x4415523\n" + _rows("Otto,5"),
}


@pytest.mark.parametrize("content", HEADERLESS.values(), ids=HEADERLESS)
def test_a_file_without_a_header_shows_no_cell(content: str) -> None:
    """Where the spec names no column rightly, a first line that may be a row is not shown, near misses included."""
    header = _header(content, frozenset({"Wilhelmina", "label"}))
    expected = "expected a header, or `data.column_names`"
    assert _said(header, "Wilhelmina") == f"rows.csv: has no column 'Wilhelmina'; {expected}"
    assert (
        _said(header, "Wilhelmina", "label") == f"rows.csv: has none of the columns 'Wilhelmina', 'label'; {expected}"
    )


@given(st.lists(st.sampled_from(["Ann", "Bo", "Cy", "x", "7", "tea", "no"]), min_size=2, max_size=4, unique=True))
def test_no_row_of_a_table_is_taken_for_its_header(cells: list[str]) -> None:
    """Where any cell of the first line occurs again below in its column, none is shown."""
    others = [["Ann", "yes", "7", "2.5"][: len(cells)], cells]
    table = pa.table({name: [row[i] for row in others] * 10 for i, name in enumerate(cells)})
    assert not Header("f", tuple(cells), KNOWN, lambda: iter([table]), lambda _: None).are_names


NAMES = {
    "one is named rightly": "text,Lable (old)\n" + _rows("a b,5"),
    "numbers below": "sentence,lable\n" + _rows("a b,0", "c d,1"),
    "few values below": "sentence,lable\n" + _rows("a b,ham", "c d,spam"),
}


@pytest.mark.parametrize("content", NAMES.values(), ids=NAMES)
def test_names_of_a_header_are_shown(content: str) -> None:
    """Where the first line is a header beyond doubt, the error lists it, and the name that may be meant."""
    header = _header(content)
    said = _said(header, "label")
    assert said.startswith(f"rows.csv: has no column 'label'; expected one of {', '.join(header.names)}")
    assert said.endswith("; got 'lable'") == ("lable" in header.names)


@pytest.mark.parametrize(
    ("name", "difference"),
    [
        (" label", "' label', with a space in the header"),
        ("label ", "'label ', with a space in the header"),
        ("Label", "'Label', in another case"),
        ("\ufefflabel", r"'\ufefflabel', with a byte order mark"),
    ],
)
def test_the_same_word_written_otherwise(name: str, difference: str) -> None:
    """A space, a byte order mark and another case in the header are named; the word is the spec's own."""
    table = pa.table({name: ["0", "1"] * 10, "Wilhelmina": ["1", "2"] * 10})
    header = Header("f", tuple(table.column_names), KNOWN, lambda: iter([table]), lambda _: None)
    assert _said(header, "label").endswith(f"; got {difference}")


def test_a_single_column_says_which_delimiter_would_do() -> None:
    """A header of one column that another delimiter cuts into more is an error with the setting."""
    said = _said(_header("a;b\n1;2\n", delimiter=";"), "label", "text")
    assert said == (
        "rows.csv: has a single column where another delimiter finds more; "
        'expected semicolons: set `data.delimiter = ";"`'
    )
    assert '`data.delimiter = "\\t"`' in _said(_header("a\n1\n", delimiter="\t"), "label")


def test_many_columns_are_not_all_listed() -> None:
    """Of many names the first twenty are listed, with the number of the others."""
    names = ["text", *(f"v{i}" for i in range(1000))]
    header = Header("f", tuple(names), KNOWN, lambda: iter([]), lambda _: None)
    assert _said(header, "label") == f"f: has no column 'label'; expected one of {', '.join(names[:20])} and 981 more"


def test_other_columns_of_a_second_file() -> None:
    """A second file with other columns is an error that names those that may be shown, and no cell."""
    first = _header("text,label\n" + _rows("a,0", "b,1"))
    second = _header("text,label,notes\n" + _rows("a,0,x", "b,1,y"))
    expected = "expected the same columns in all files of a split"
    assert [str(one) for one in second.unlike(first, ())] == [f"rows.csv: has no column 'notes'; {expected}"]
    assert list(first.unlike(first, ())) == []
    rows = _header("Wilhelmina Zzyzxqvist,0\n" + _rows("a,0", "b,1"))
    said = [str(one) for one in rows.unlike(first, ("text", "label"))]
    assert said == [f"rows.csv: has other columns than rows.csv; {expected}"]


def test_the_names_of_the_spec_are_shown() -> None:
    """Names that the spec gives to a file without a header are its own words."""
    header = _header("text,7\n" + _rows("text,7"), frozenset({"text", "7", "label"}))
    assert _said(header, "label") == "rows.csv: has no column 'label'; expected one of text, 7"
