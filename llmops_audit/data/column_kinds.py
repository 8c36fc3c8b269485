"""What a feature is, number or category: decided once, by the first split that has rows, for all splits.

A feature that `categorical` does not name is a number where every cell of a text file can be read as a number, and a
category where fewer than `MOST` of them can. Between the two, a few stray cells would change what the column is, and
that is an error that names the first of them. What Parquet or a table in memory stores as numbers is numbers, and what
it stores as text, categories, truth values or times stays that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from llmops_audit.data.cell_counts import CellCounts, stray_cell
from llmops_audit.data.column_cells import ColumnCells
from llmops_audit.data.sources import stored_as
from llmops_audit.data.spellings import LABELS, Spellings, families
from llmops_audit.record import Message, message
from llmops_audit.spec import DataSection, Spec

__all__ = ["MOST", "ColumnKind", "Kind", "decided", "decided_by_all", "kinds_of"]

Kind = Literal["number", "category", "text", "time", "id"]

MOST = 0.95
"""From this share of numbers on, cells that are no numbers are strays."""


@dataclass(frozen=True)
class ColumnKind:
    """What a column is.

    Attributes
    ----------
    kind : str
    how : Message
        How that was decided.
    final : bool
        False where later rows of the same split can show something else.
    words : bool
        Whether it is a category because no cell of a text file is a number.
    """

    kind: Kind
    how: Message
    final: bool = True
    words: bool = False


_STORED: Mapping[str, ColumnKind] = {
    "number": ColumnKind("number", message("Stored as numbers.")),
    "dictionary": ColumnKind("category", message("Stored as categories.")),
    "boolean": ColumnKind("category", message("Stored as truth values."), words=True),
    "time": ColumnKind("time", message("Stored as dates or times."), words=True),
}


def decided(name: str, column: ColumnCells, field: pa.Field, data: DataSection) -> ColumnKind | None:
    """Decide what a feature is by the first rows; None where these hold numbers and other cells.

    Parameters
    ----------
    name : str
    column : ColumnCells
        The first rows.
    field : pyarrow.Field
        As it was read: typed data say how they are stored.
    data : DataSection
    """
    stored = stored_as(field)
    if name in data.categorical:
        return ColumnKind("category", message("Named in `categorical`."))
    if stored is not None and stored in _STORED:
        return _STORED[stored]
    if column.missing():
        return ColumnKind("category", message("No cell has a value."), final=False)
    typed = stored is not None
    if not typed and column.numbers is not None:
        return ColumnKind("number", message("All cells are numbers."), final=False)
    if not column.may_be_numbers:
        how = message("Stored as text.") if typed else message("No cell is a number.")
        return ColumnKind("category", how, final=False, words=not typed)
    return None


def decided_by_all(name: str, cells: CellCounts, data: DataSection, *, typed: bool) -> ColumnKind:
    """Decide what a feature is by all rows of the first split.

    Parameters
    ----------
    name : str
    cells : CellCounts
        Of all these rows.
    data : DataSection
    typed : bool
        Whether the data say that these are texts.

    Raises
    ------
    DataError
        Where most cells are numbers and some are not, with file and row of the first of these.
    """
    if not cells.strays:
        if typed:
            how = message("Stored as text; all {distinct} different cells look like numbers.", distinct=cells.distinct)
            return ColumnKind("category", how)
        return ColumnKind("number", message("All cells are numbers."))
    if settings := cells.curing_settings(MOST):
        raise cells.error_of_settings(name, ["stored as a number"] if typed else settings)
    if max(cells.share, cells.share_of_rows) >= MOST:
        raise stray_cell(name, data, cells)
    how = message(
        "{numbers} of {distinct} different cells look like numbers.", numbers=cells.numbers, distinct=cells.distinct
    )
    return ColumnKind("category", how)


def kinds_of(
    names: Iterable[str], spec: Spec, features: Mapping[str, ColumnKind], spellings: Spellings
) -> dict[str, ColumnKind]:
    """Return what each column is: features as they were decided, the others by what the spec names them for."""
    by_role = _roles(spec)
    of = families(spec)
    found = {}
    for name in names:
        kind = features.get(name) or by_role.get(name) or ColumnKind("text", message("Not named in the spec."))
        family = of.get(name, name)
        if family in spellings.texts:
            how = message(
                "{how} Values stay texts: read as numbers, two spellings would become one value.", how=kind.how
            )
            kind = ColumnKind(kind.kind, how)
        found[name] = kind
    return found


def _roles(spec: Spec) -> dict[str, ColumnKind]:
    data, model = spec.data, spec.model
    scores = model.scores.values() if isinstance(model.scores, dict) else [model.scores]
    predictions = [name for name, family in families(spec).items() if family == LABELS]
    roles: list[tuple[Iterable[str | None], Kind, Message]] = [
        ([data.unit], "id", message("Named as the unit of rows.")),
        (data.groups, "category", message("Named as a sensitive attribute.")),
        ([data.weight], "number", message("Named as sample weights.")),
        (scores, "number", message("Named as scores.")),
        ([data.time], "time", message("Named as the time of rows.")),
        ([data.id], "id", message("Named as the id of rows.")),
        ([data.text], "text", message("Named as the text to classify.")),
        (predictions, "category", message("Named as predictions.")),
        ([data.label], "category", message("Named as the label.")),
    ]
    return {name: ColumnKind(kind, how) for names, kind, how in roles for name in names if name is not None}
