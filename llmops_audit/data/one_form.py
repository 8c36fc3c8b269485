"""One form for the columns of all files: numbers as float64, and one spelling for each label, group and category."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from llmops_audit.data.cell_counts import CellCounts
from llmops_audit.data.column_cells import ColumnCells, numbers_of
from llmops_audit.data.column_kinds import MOST, ColumnKind, decided, decided_by_all
from llmops_audit.data.columns import FileLocation, cleaned_column
from llmops_audit.data.reading import ReadState
from llmops_audit.data.sources import stored_as
from llmops_audit.data.spellings import Reread, families
from llmops_audit.evidence.base import Codes, codes_of
from llmops_audit.spec import Spec

__all__ = ["Counted", "OneForm", "in_one_form"]

Counted = Callable[[str, Mapping[str, bool]], Mapping[str, CellCounts]]
"""Counts the cells of features over all rows of a part; of each it is given whether the data say its type."""


@dataclass(frozen=True)
class OneForm:
    """A batch of rows in one form.

    Attributes
    ----------
    table : pyarrow.Table
    coded : mapping of str to pyarrow.DictionaryArray
        Labels, predictions, groups and categories as they stand in the table, but for words that hardly ever recur.
    """

    table: pa.Table
    coded: Mapping[str, pa.DictionaryArray]

    def codes(self, name: str | None, *, texts: bool) -> Codes | None:
        """Return a column as labels, see `codes_of`; None where the table has no such column."""
        if name is None or name not in self.table.column_names:
            return None
        coded = self.coded.get(name)
        if coded is None:
            coded = self.table.column(name).combine_chunks().dictionary_encode()
        return codes_of(coded, texts=texts)


def in_one_form(
    raw: pa.Table, spec: Spec, where: FileLocation, part: str, reading: ReadState, count: Counted
) -> OneForm:
    """Return a table with features as what they are, and with one spelling for each label, group and category.

    Raises
    ------
    DataError
        With file, row and column, where a feature holds what it should not.
    Reread
        Where a column turns out to be something else than the rows before showed.
    """
    features = {
        name: ColumnCells(raw.column(name), name, spec) for name in spec.data.features if name in raw.column_names
    }
    reading.first = reading.first or part
    doubtful = [name for name, column in features.items() if not _settled(reading, name, column, part)]
    if doubtful:
        _decide(doubtful, features, raw.schema, spec, reading, count)
    if part != reading.first:
        _refuse_numbers_for_words(features, reading, part, where, count)
    of = families(spec)
    columns, coded = [], {}
    for name in raw.column_names:
        column = features.get(name)
        if column is not None and reading.kinds[name].kind == "number":
            columns.append(numbers_of(column, name, spec.data, where))
        elif column is None and name not in of:
            columns.append(cleaned_column(raw.column(name), name, spec))
        elif (column := column or ColumnCells(raw.column(name), name, spec)).are_many_words:
            columns.append(column.cells)
        else:
            coded[name] = reading.spellings.one_form(column.coded, name, of.get(name, name), where.shown)
            columns.append(pa.chunked_array([coded[name].dictionary_decode()]))
    reading.spellings.settle()
    return OneForm(pa.table(columns, names=raw.column_names), coded)


def _settled(reading: ReadState, name: str, column: ColumnCells, part: str) -> bool:
    """Return whether more rows bear out what a feature is; rows of other splits than the first decide nothing."""
    known = reading.kinds.get(name)
    if known is None:
        return False
    if known.final or part != reading.first:
        return True
    if known.kind == "number":
        return column.numbers is not None or column.missing()
    return not column.may_be_numbers


def _decide(
    names: Iterable[str],
    columns: Mapping[str, ColumnCells],
    schema: pa.Schema,
    spec: Spec,
    reading: ReadState,
    count: Counted,
) -> None:
    """Decide what features are, by these rows or by all of the first split; read anew where that is a change."""
    before = dict(reading.kinds)
    # What was decided by some rows and does not hold for others is decided by all.
    found: dict[str, ColumnKind | None] = {
        name: None if name in before else decided(name, columns[name], schema.field(name), spec.data) for name in names
    }
    typed = {name: stored_as(schema.field(name)) is not None for name, kind in found.items() if kind is None}
    counts = count(str(reading.first), typed) if typed else {}
    for name, kind in found.items():
        reading.kinds[name] = kind or decided_by_all(name, counts[name], spec.data, typed=typed[name])
    if any(name in before and before[name].kind != reading.kinds[name].kind for name in found):
        raise Reread


def _refuse_numbers_for_words(
    columns: Mapping[str, ColumnCells], reading: ReadState, part: str, where: FileLocation, count: Counted
) -> None:
    """Refuse a part that holds numbers where the first split holds nothing but words."""
    for name, column in sorted(columns.items()):
        if not reading.kinds[name].words or (part, name) in reading.compared:
            continue
        if not column.may_be_numbers or column.numbers is None:
            continue
        reading.compared.add((part, name))
        if count(part, {name: False})[name].share_of_rows >= MOST:
            position = int(np.flatnonzero(column.cells.is_valid().to_numpy())[0])
            expected = f'words, as in the first split; or `data.categorical = ["{name}"]`'
            raise where.error(position, f"column '{name}' is a number", expected)
