"""Counting personal data: rows across columns, the column's name, missing cells, values by their hashes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from llmops_audit.evidence import personal_data as module
from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.evidence.personal_data import PersonalData, values_in
from llmops_audit.personal_data import Confidence
from llmops_audit.personal_data.allow_list import AllowList, entry

CONFIRMED, LIKELY, SUSPECTED = Confidence


def _batch(first: int = 1, **columns: list[Any]) -> Batch:
    table = pa.table({name: pa.array(cells) for name, cells in columns.items()})
    rows = np.arange(first, first + table.num_rows)
    return Batch("test", table, ["f.csv"] * len(rows), rows, rows.astype(np.uint64))


def _count(**columns: list[Any]) -> PersonalData:
    return PersonalData.of(_batch(**columns), Plan())


def test_a_row_counts_once_whatever_its_columns() -> None:
    """A row holds a kind where any of its columns does, and counts once where several do."""
    counted = _count(one=["a@example.com", "a@example.com", None], two=["b@example.com", None, "c@example.com"])
    assert counted.kinds == {("email", CONFIRMED): 3}
    assert {column: found.rows for (column, *_), found in counted.hits.items()} == {"one": 2, "two": 2}


def test_a_row_counts_by_its_best_confidence() -> None:
    """A row with a confirmed and a suspected number of one kind counts as confirmed, and only once."""
    counted = _count(text=["card 4111111111111111, card 4111111111111112", "card 4111111111111112"])
    assert counted.kinds == {("payment_card", CONFIRMED): 1, ("payment_card", SUSPECTED): 1}
    assert counted.hits["text", "payment_card", SUSPECTED].rows == 2


def test_the_column_s_name_counts_as_context() -> None:
    """A bare number is judged by what the column is called."""
    assert list(_count(ssn=["536904399"]).kinds) == [("us_ssn", LIKELY)]
    assert _count(order=["536904399"]).kinds == {}


def test_numbers_are_searched_where_the_column_s_name_speaks_of_a_kind() -> None:
    """A column of numbers called `ssn` is searched, one called `amount` is not."""
    assert _count(ssn=[536904399.0, None]).searched == {"ssn": 1}
    assert list(_count(ssn=[536904399]).kinds) == [("us_ssn", LIKELY)]
    assert _count(amount=[536904399.0]).searched == {}


def test_cells_of_json_are_read_with_their_keys() -> None:
    """Free text inside JSON cells is found, escapes and all."""
    cell = '{"note": "\\u7535\\u8bdd 13812345678", "n": {"ssn": "536-90-4399"}}'
    assert set(_count(payload=[cell]).kinds) == {("phone", CONFIRMED), ("us_ssn", CONFIRMED)}


def test_missing_cells_are_not_scanned() -> None:
    """A missing cell is no scanned cell, and a row of missing cells no scanned row."""
    counted = _count(one=["nothing", None, None], two=[None, "nothing", None])
    assert (counted.rows, counted.searched) == (2, {"one": 1, "two": 1})


def test_values_are_counted_by_their_hashes_in_whatever_form() -> None:
    """One value in two forms is one value, in as many rows as hold it; a row counts once."""
    counted = _count(
        a=["card 4111 1111 1111 1111", "card 4111-1111-1111-1111 and 4111111111111111", "mail a@example.com"],
        b=["卡号4111111111111111", None, None],
    )
    assert sorted((value.kind, value.rows) for value in counted.values.values()) == [("email", 1), ("payment_card", 2)]
    assert "4111" not in repr(counted)


def test_suspected_values_are_not_compared() -> None:
    """Suspected values are not compared with other splits."""
    assert _count(text=["card 4111111111111112"]).values == {}


def test_values_can_be_read_where_they_stand() -> None:
    """In memory a value is read at its location, also where rows share a key."""
    batch = _batch(text=["nothing here at all, nothing", "mail jane@example.com", "card 4111111111111111"])
    batch = Batch("test", batch.table, batch.source, batch.row, np.zeros(3, dtype=np.uint64))
    counted = PersonalData.of(batch, Plan(seed=3))
    assert {value for _, value in values_in(batch, counted.values, 3)} == {"jane@example.com", "4111111111111111"}


def test_beyond_the_most_a_uniform_sample_of_values_is_kept(monkeypatch: Any) -> None:
    """However the rows are cut, the same values are kept, with all the rows that hold them."""
    monkeypatch.setattr(module, "MAX_VALUES", 5)
    texts = [f"mail user{i % 40}@example.com" for i in range(120)]
    whole = PersonalData.of(_batch(text=texts), Plan())
    parts = [PersonalData.of(_batch(first=i + 1, text=texts[i : i + 30]), Plan()) for i in range(0, 120, 30)]
    total = parts[2] + parts[0] + parts[3] + parts[1]
    assert total == whole
    assert [value.rows for value in whole.values.values()] == [3] * 5


def test_allowed_values_are_counted_apart() -> None:
    """What the allow-list covers is no hit; the number of covered hits is kept, over all rows."""
    allow_list = AllowList.read(entry("email", "info@example.com", bytes(16)))
    texts = ["mail info@example.com", "mail INFO@example.com", "mail info@example.com", "jane@example.com", None]
    counted = PersonalData.of(_batch(text=texts), Plan(allow_list=allow_list))
    assert (counted.kinds, counted.allowed) == ({("email", CONFIRMED): 1}, 3)
    assert len(counted.values) == 1
