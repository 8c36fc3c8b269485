"""The cells of a column that holds numbers and others: how many there are, and what would make numbers of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.data.columns import NUMBER, FileLocation, plain
from llmops_audit.errors import DataError
from llmops_audit.spec import DataSection

__all__ = ["LIKE_A_NUMBER", "CellCounts", "CellTally", "may_be_numbers", "stray_cell"]

MOST_CELLS = 1 << 16
"""Different cells that are counted one by one: of more, a sample is, those with the smallest hashes."""

_AND = " and "

_POINT = '`data.decimal = "."`'
_READINGS = {
    _POINT: r"^[-+]?[0-9]+(\.[0-9]+)?$",
    '`data.decimal = ","`': r"^[-+]?[0-9]+(,[0-9]+)?$",
    '`data.thousands = ","`': r"^[-+]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$",
    '`data.decimal = ","` and `data.thousands = "."`': r"^[-+]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?$",
    '`data.thousands = " "`': r"^[-+]?([0-9]{1,3}( [0-9]{3})+|[0-9]+)(\.[0-9]+)?$",
    '`data.decimal = ","` and `data.thousands = " "`': r"^[-+]?([0-9]{1,3}( [0-9]{3})+|[0-9]+)(,[0-9]+)?$",
    '`data.thousands = "\'"`': r"^[-+]?([0-9]{1,3}('[0-9]{3})+|[0-9]+)(\.[0-9]+)?$",
    "shares without the sign %": r"^[-+]?[0-9]+([.,][0-9]+)?\s*%$",
}
"""What would make numbers of cells, and what these look like."""

LIKE_A_NUMBER = rf"{NUMBER}|^[-+]?[0-9][0-9.,' ]*%?$"
"""Texts that look like numbers, however they are written."""

_MARKS = frozenset(
    [
        "unknown",
        "missing",
        "none",
        "null",
        "nil",
        "nan",
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "#na",
        "<na>",
        "#value!",
        "#ref!",
        "#div/0!",
        "not available",
        "not applicable",
        "not known",
        "no data",
        "no answer",
        "nodata",
        "undefined",
        "unspecified",
        "other",
        "tbd",
        "error",
        "empty",
        "blank",
        "refused",
        "pending",
        "withheld",
        "unbekannt",
        "keine angabe",
        "k.a.",
        "fehlt",
        "inconnu",
        "manquant",
        "desconocido",
        "sin datos",
        "-",
        "--",
        "---",
        ".",
        "?",
        "??",
        "x",
        "未知",
        "无",
        "不详",
        "缺失",
        "空",
    ]
)
"""Words for a missing value, which tell of nobody."""


def may_be_numbers(texts: pa.Array) -> bool:
    """Return whether one of some texts looks like a number, however it is written."""
    return bool(pc.any(pc.match_substring_regex(texts, LIKE_A_NUMBER)).as_py())


def _are_numbers(texts: pa.Array, data: DataSection | None) -> pa.Array:
    """Return which texts are numbers, infinite ones included, (n,); by `decimal` and `thousands` where given."""
    read = texts if data is None else plain(texts, data)
    return pc.fill_null(pc.match_substring_regex(read, NUMBER), False)


@dataclass(frozen=True)
class CellCounts:
    """Counts of a column's cells.

    Attributes
    ----------
    numbers, distinct : int
        Different cells that are numbers, and all different ones.
    number_rows, rows : int
        Rows with a number, and all that are not missing.
    cured : tuple of (str, float)
        Setting or advice, to the share of different cells that are numbers with it.
    strays : tuple of (str, FileLocation, int)
        The first cell that is no number, and where it stands.
    """

    numbers: int
    distinct: int
    number_rows: int
    rows: int
    cured: tuple[tuple[str, float], ...]
    strays: tuple[tuple[str, FileLocation, int], ...]

    @property
    def share(self) -> float:
        """Share of numbers among the different cells."""
        return self.numbers / self.distinct if self.distinct else 0.0

    @property
    def share_of_rows(self) -> float:
        """Share of numbers among the rows that are not missing."""
        return self.number_rows / self.rows if self.rows else 0.0

    def curing_settings(self, least: float) -> list[str]:
        """Return the settings with which more cells would be numbers, and at least such a share: the most of them."""
        best = max(share for _, share in self.cured)
        if best < least or best <= self.share:
            return []
        found = [setting for setting, share in self.cured if share == best]
        if _POINT in found:
            # Plain numbers are what separators of thousands would make of them as well.
            return [_POINT]
        return [setting for setting in found if _AND not in setting] or found

    def error_of_settings(self, name: str, settings: list[str]) -> DataError:
        """Return the error that says which setting makes numbers of a column."""
        _, where, position = self.strays[0]
        expected = f"a number: {' or '.join(settings)}; or `data.categorical = [{_quoted(name)}]`"
        return where.error(position, f"column '{name}' is not a number as numbers are read here", expected)


class CellTally:
    """Counts the cells of a column of texts, batch by batch; memory does not grow with rows.

    Parameters
    ----------
    data : DataSection, optional
        How a text file writes numbers; None for texts of other data.
    """

    def __init__(self, data: DataSection | None) -> None:
        self._data = data
        self._hashes = np.empty(0, dtype=np.uint64)
        self._flags = np.empty((0, 1 + len(_READINGS)), dtype=bool)
        self._number_rows = self._rows = 0
        self._strays: tuple[tuple[str, FileLocation, int], ...] = ()

    def add(self, column: pa.ChunkedArray, where: FileLocation) -> None:
        """Count more cells, cleaned."""
        tally = column.cast(pa.string()).drop_null().value_counts()
        texts, counts = tally.field("values"), tally.field("counts").to_numpy()
        own = _flags(texts, self._data)
        self._rows += int(counts.sum())
        self._number_rows += int(counts[own[:, 0]].sum())
        if not self._strays and not own[:, 0].all():
            self._strays = (_first(column, texts.filter(pa.array(~own[:, 0])), where),)
        hashes, first = np.unique(np.concatenate([self._hashes, _hashed(texts)]), return_index=True)
        self._hashes = hashes[:MOST_CELLS]
        self._flags = np.concatenate([self._flags, own])[first[:MOST_CELLS]]

    def counts(self) -> CellCounts:
        """Return the counts so far."""
        flags = self._flags
        shares = flags.mean(axis=0).tolist() if len(flags) else [0.0] * flags.shape[1]
        cured = tuple(zip(_READINGS, shares[1:], strict=True))
        return CellCounts(int(flags[:, 0].sum()), len(flags), self._number_rows, self._rows, cured, self._strays)


def stray_cell(name: str, data: DataSection, cells: CellCounts) -> DataError:
    """Return the error about a cell that is no number where nearly all are; it shows the cell only if it is a mark."""
    text, where, position = cells.strays[0]
    shown = text if text.casefold() in _MARKS else None
    values = ", ".join(map(_quoted, [*data.na_values, *([] if shown is None else [shown])]))
    marked = f"`data.na_values = [{values}]`" if shown is not None else "the cell in `data.na_values`"
    wrong = f"column '{name}' is not a number" if shown is None else f"column '{name}' is {_quoted(shown)}, no number"
    expected = (
        f"a number, as in {cells.number_rows:,} of {cells.rows:,} rows; "
        f"{marked} if it means a missing value; "
        f"or `data.categorical = [{_quoted(name)}]`"
    )
    return where.error(position, wrong, expected)


def _flags(texts: pa.Array, data: DataSection | None) -> npt.NDArray[np.bool_]:
    found = [_are_numbers(texts, data)]
    found += [pc.match_substring_regex(texts, pattern) for pattern in _READINGS.values()]
    return np.column_stack([flags.to_numpy(zero_copy_only=False) for flags in found])


def _first(column: pa.ChunkedArray, strays: pa.Array, where: FileLocation) -> tuple[str, FileLocation, int]:
    position = int(pc.index(pc.is_in(column.cast(pa.string()), strays), True).as_py())
    return str(column[position].as_py()), where, position


def _hashed(texts: pa.Array) -> npt.NDArray[np.uint64]:
    from pandas.util import hash_array

    return hash_array(texts.to_numpy(zero_copy_only=False), categorize=False)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
