"""What a feature is: decided once, by a rule that the record states, and never changed by a stray cell in silence."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops_audit import run
from llmops_audit.data import batches
from llmops_audit.data.cell_counts import CellTally
from llmops_audit.data.column_kinds import decided_by_all
from llmops_audit.data.columns import FileLocation
from llmops_audit.errors import AuditError, DataError
from llmops_audit.record import ColumnInfo, Record, SplitInfo
from llmops_audit.spec import DataSection

SPEC: dict[str, Any] = {
    "audit": {"name": "x", "version": "1"},
    "data": {"test": "test.csv", "label": "label", "features": ["x"]},
    "model": {"predictions": "label2"},
    "checks": {"accuracy": {}},
}
INCOME = [f"{i * 37 % 1000}.{i % 10}5" for i in range(100)]


def _audit(tmp_path: Any, x: list[Any], live: list[Any] | None = None, **data: Any) -> Record:
    spec = {**SPEC, "data": {**SPEC["data"], **data}}
    files = {"test": x} if live is None else {"test": x, "live": live}
    for split, values in files.items():
        frame = pd.DataFrame({"x": values, "label": [i % 2 for i in range(len(values))]})
        frame.assign(label2=frame["label"]).to_csv(tmp_path / f"{split}.csv", index=False)
    return run(spec, data={split: tmp_path / f"{split}.csv" for split in files})


def _column(record: Record, split: str = "test", name: str = "x") -> ColumnInfo:
    found: SplitInfo = record.data[split]
    return next(column for column in found.columns if column.name == name)


def test_a_column_of_numbers_is_numbers(tmp_path: Any) -> None:
    """The record says what a column is, why, and how many values it has."""
    found = _column(_audit(tmp_path, [*INCOME, ""]))
    assert (found.kind, found.how.id, found.missing, found.constant) == ("number", "All cells are numbers.", 1, False)
    assert found.distinct == len(set(INCOME))


@pytest.mark.parametrize("size", [10, 65_536])
@pytest.mark.parametrize("at", [0, 50, 99])
def test_a_stray_cell_is_an_error_with_its_place(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, at: int, size: int
) -> None:
    """Wherever the cell stands, and however the rows are cut, the error names its row, and what cures it."""
    monkeypatch.setattr(batches, "BATCH_ROWS", size)
    cells = [*INCOME[:at], "unknown", *INCOME[at + 1 :]]
    with pytest.raises(DataError, match=rf"test.csv: row {at + 1}: column 'x' is \"unknown\", no number") as raised:
        _audit(tmp_path, cells)
    assert 'na_values = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "unknown"]' in str(raised.value)
    assert 'categorical = ["x"]' in str(raised.value)
    cured = _audit(tmp_path, cells, na_values=["", "unknown"])
    assert (_column(cured).kind, _column(cured).missing) == ("number", 1)
    assert _column(_audit(tmp_path, cells, categorical=["x"])).kind == "category"


def test_a_stray_cell_that_may_tell_of_somebody_is_not_shown(tmp_path: Any) -> None:
    """Only words for a missing value are quoted."""
    with pytest.raises(DataError) as raised:
        _audit(tmp_path, [*INCOME, "Jane Roe"])
    assert "Roe" not in str(raised.value)
    assert "row 101" in str(raised.value)


def test_with_fewer_numbers_the_column_is_categories(tmp_path: Any) -> None:
    """Below the share there are categories, and the record counts the cells that look like numbers."""
    found = _column(_audit(tmp_path, ["1", "2", "3", "a", "b"] * 20))
    assert (found.kind, found.how.values) == ("category", {"numbers": 3, "distinct": 5})


def test_numbers_that_come_late_count(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rows alone decide nothing: without a value, or with words, they say nothing of the rest."""
    monkeypatch.setattr(batches, "BATCH_ROWS", 10)
    assert _column(_audit(tmp_path, [*[""] * 20, *INCOME])).kind == "number"
    with pytest.raises(DataError, match="row 1: column 'x' is not a number"):
        _audit(tmp_path, ["words", *[str(i) for i in range(1000)]])


@pytest.mark.parametrize("form", [sorted, lambda cells: sorted(cells, reverse=True)])
def test_numbers_and_words_apart_from_each_other_are_one_column(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, form: Any
) -> None:
    """Rows in the order of a column, numbers first or words first, decide what it is like rows in any order."""
    monkeypatch.setattr(batches, "BATCH_ROWS", 10)
    found = _column(_audit(tmp_path, form([*INCOME[:50], *[f"word {i}" for i in range(50)]])))
    assert (found.kind, found.how.values["numbers"]) == ("category", 50)


def test_numbers_where_the_first_split_has_words_are_an_error(tmp_path: Any) -> None:
    """What is words in the first split cannot be numbers in another, but a few codes can be; the error names a cure."""
    with pytest.raises(DataError, match=r"live.csv: row 2: column 'x' is a number; expected words") as raised:
        _audit(tmp_path, ["a", "b"] * 20, ["", *INCOME])
    assert 'categorical = ["x"]' in str(raised.value)
    assert _column(_audit(tmp_path, ["a", "b"] * 20, ["a", "7", "8"] * 20), "live").distinct == 3
    assert _column(_audit(tmp_path, ["a", "b"] * 20, INCOME, categorical=["x"]), "live").kind == "category"


def test_a_number_for_a_missing_value_counts_by_value(tmp_path: Any) -> None:
    """The mark -999 means -999.0 as well, and is missing in data that store numbers like in those that write them."""
    written = _audit(tmp_path, [*INCOME, "-999.0"], na_values=["", "-999"])
    stored = _in_memory(pa.array([*map(float, INCOME), -999.0]), na_values=["", "-999"])
    for record in (written, stored):
        # The record counts what is missing after reading.
        assert (_column(record).kind, _column(record).missing) == ("number", 1)


def test_a_later_split_with_other_cells_is_an_error(tmp_path: Any) -> None:
    """What is numbers in the first split cannot be words in another."""
    with pytest.raises(DataError, match=r"live.csv: row 3: column 'x' is not a number"):
        _audit(tmp_path, INCOME, ["1", "2", "unknown"])


@pytest.mark.parametrize(
    ("form", "setting", "data"),
    [
        (lambda x: x.replace(".", ","), 'data.decimal = ","', {"decimal": ","}),
        (lambda x: f"1,{x.rjust(6, '0')}", 'data.thousands = ","', {"thousands": ","}),
        (lambda x: f"1.{x.rjust(6, '0')}".replace(".", ";").replace(";", ".", 1).replace(";", ","),
         'data.thousands = "."', {"decimal": ",", "thousands": "."}),
        (lambda x: f"1 {x.rjust(6, '0')}", 'data.thousands = " "', {"thousands": " "}),
    ],
)  # fmt: skip
def test_another_way_to_write_numbers_names_the_setting(
    tmp_path: Any, form: Any, setting: str, data: dict[str, str]
) -> None:
    """Decimal commas and thousands separators are an error that names the setting, with which they are numbers."""
    cells = [form(cell) for cell in INCOME]
    with pytest.raises(DataError) as raised:
        _audit(tmp_path, cells)
    assert setting in str(raised.value)
    assert _column(_audit(tmp_path, cells, **data)).kind == "number"


def test_percent_signs_are_an_error(tmp_path: Any) -> None:
    """No setting reads them; the error says what would help."""
    with pytest.raises(DataError, match="shares without the sign %"):
        _audit(tmp_path, [f"{i % 90}%" for i in range(100)])


def test_with_a_decimal_comma_a_point_is_no_number(tmp_path: Any) -> None:
    """12.5 among decimal commas could be anything, and is a stray."""
    cells = [cell.replace(".", ",") for cell in INCOME]
    with pytest.raises(DataError, match="row 101: column 'x' is not a number"):
        _audit(tmp_path, [*cells, "12.5"], decimal=",")


def test_points_beside_a_decimal_comma_name_the_point(tmp_path: Any) -> None:
    """A column with decimal points is cured by the point, and by nothing that would be refused or not help."""
    with pytest.raises(DataError, match=r'`data\.decimal = "\."`; or') as raised:
        _audit(tmp_path, INCOME, decimal=",")
    assert "thousands" not in str(raised.value)


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e999"])
def test_infinity_is_refused_with_its_place(tmp_path: Any, value: str) -> None:
    """An infinite cell is no number that anything could be computed with."""
    with pytest.raises(DataError, match=r"test.csv: row 101: column 'x' is not finite"):
        _audit(tmp_path, [*INCOME, value])


def _in_memory(x: Any, **data: Any) -> Record:
    n = len(x)
    label = pa.array([i % 2 for i in range(n)])
    return run(
        {**SPEC, "data": {**SPEC["data"], **data}}, data={"test": pa.table([x, label, label], ["x", "label", "label2"])}
    )


@pytest.mark.parametrize(
    ("values", "kind", "how"),
    [
        (pa.array(["1", "2"] * 20).dictionary_encode(), "category", "Stored as categories."),
        (pa.array(["1", "2"] * 20), "category", "Stored as text; all {distinct} different cells look like numbers."),
        (pa.array([True, False] * 20), "category", "Stored as truth values."),
        (pa.array([1, 2] * 20, pa.timestamp("s")), "time", "Stored as dates or times."),
        (pa.array([1, 2] * 20).dictionary_encode(), "category", "Stored as categories."),
        (pa.array([2**62, None] * 20), "number", "Stored as numbers."),
    ],
)
def test_what_data_with_types_say_is_kept(values: Any, kind: str, how: str) -> None:
    """A dictionary, a text, a truth value or a time of an Arrow table stays one."""
    found = _column(_in_memory(values))
    assert (found.kind, found.how.id) == (kind, how)


@pytest.mark.parametrize("form", ["parquet", "memory"])
def test_whole_numbers_beyond_64_bits_stay_apart(tmp_path: Any, form: str) -> None:
    """Labels and groups that differ in the last digit are two, and the same column as a feature is numbers."""
    values = pa.array([2**63 + 1, 2**63 + 2] * 20, pa.uint64())
    table = pa.table([values, values, values, values], ["x", "label", "label2", "zone"])
    pq.write_table(table, tmp_path / "test.parquet")
    spec = {**SPEC, "data": {**SPEC["data"], "groups": ["zone"]}}
    record = run(spec, data={"test": table if form == "memory" else tmp_path / "test.parquet"})
    labels = [(count.value, count.rows) for count in record.data["test"].labels]
    assert labels == [(str(2**63 + 1), 20), (str(2**63 + 2), 20)]
    assert [count.rows for count in record.data["test"].groups["zone"]] == [20, 20]
    assert (_column(record).kind, _column(record).how.id) == ("number", "Stored as numbers.")
    assert _column(record).distinct == 1


def test_infinity_in_a_table_is_refused() -> None:
    """The error names row and column, as that of a file."""
    with pytest.raises(AuditError, match=r"row 2: column 'x' is not finite"):
        _in_memory(pa.array([1.0, float("inf")] * 20))


def test_a_mixed_column_of_a_frame_is_read_like_a_file() -> None:
    """One word among the numbers of a DataFrame is a stray, whether pandas keeps numbers or texts around it."""
    for cells in ([*range(99), "unknown"], [*map(str, range(99)), "unknown"]):
        frame = pd.DataFrame({"x": cells, "label": [i % 2 for i in range(100)]})
        with pytest.raises(AuditError, match=r"row 100: column 'x' is \"unknown\""):
            run(SPEC, data={"test": frame.assign(label2=frame["label"])})


@pytest.mark.parametrize("factor", [1.0, 2.0**-60, 1e-20, 1e150, 1e300])
def test_weights_have_no_scale(factor: float) -> None:
    """Weights times a number give the same findings."""
    frame = pd.DataFrame({"label": [0, 1, 1] * 30, "label2": [0, 1, 0] * 30, "x": 1, "w": [0.5, 1.25, 0.7] * 30})
    spec = {**SPEC, "data": {**SPEC["data"], "weight": "w"}, "checks": {"accuracy": {"min": {"accuracy": 0.7}}}}
    plain, scaled = (run(spec, data={"test": frame.assign(w=frame["w"] * by)}) for by in (1.0, factor))
    values = [
        [(one.id, one.verdict) for check in record.checks for one in check.findings] for record in (plain, scaled)
    ]
    assert values[0] == values[1]
    for one, other in zip(plain.checks[0].findings, scaled.checks[0].findings, strict=True):
        assert (one.value is None) == (other.value is None)
        assert one.value is None or one.value == pytest.approx(other.value, rel=1e-12)


@pytest.mark.parametrize(("weights", "wrong"), [([0.0], "is zero in every row"), ([1.0, -1.0], "is negative")])
def test_weights_that_weigh_nothing_are_refused(weights: list[float], wrong: str) -> None:
    """The error names the column."""
    frame = pd.DataFrame({"label": [0, 1] * 30, "label2": [0, 1] * 30, "x": 1.5})
    spec = {**SPEC, "data": {**SPEC["data"], "weight": "w"}}
    with pytest.raises(AuditError, match=f"column 'w' {wrong}"):
        run(spec, data={"test": frame.assign(w=(weights * 60)[:60])})


@settings(max_examples=50)
@given(
    numbers=st.lists(st.integers(0, 9), min_size=20, max_size=60),
    row=st.integers(0, 59),
    word=st.text(st.characters(categories=["L"]), min_size=1, max_size=12).filter(
        lambda x: x not in ("NA", "NaN", "nan")
    ),
)
def test_one_word_among_numbers_is_never_taken_in_silence(numbers: list[int], row: int, word: str) -> None:
    """However few different numbers there are, a word in one of twenty rows does not make categories of them."""
    cells = [str(number) for number in numbers]
    cells[row % len(cells)] = word
    data = DataSection(test="t.csv", label="label", features=("x",))
    if word.casefold() in ("inf", "infinity", "null"):
        return
    tally = CellTally(data)
    tally.add(pa.chunked_array([cells]), FileLocation("t.csv", 1))
    with pytest.raises(DataError, match=f"row {row % len(cells) + 1}: column 'x' is"):
        decided_by_all("x", tally.counts(), data, typed=False)
