"""How the text files write numbers: with a decimal comma, with separators of thousands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.cli.init.name_words import MISSING_WORDS
from llmops_audit.data.column_kinds import MOST
from llmops_audit.data.columns import NUMBER, plain
from llmops_audit.data.sources import stored_as
from llmops_audit.spec import DataSection

if TYPE_CHECKING:
    from llmops_audit.cli.init.sampled_files import DataFile

__all__ = ["USUAL", "number_format"]

_OTHER = r"^[-+]?([0-9]{1,3}([., '][0-9]{3})+([.,][0-9]*)?|[0-9]+,[0-9]*)$"
"""Cells that are numbers, or other ones, only in another way to write them."""

_DEFAULT: tuple[str, str | None] = (".", None)
_COMMAS = ((",", None), (".", ","))
_OTHERS = ((",", "."), (".", " "), (",", " "), (".", "'"))


def _section(signs: tuple[str, str | None]) -> DataSection:
    return DataSection.model_validate({"test": "-", "label": "-", "decimal": signs[0], "thousands": signs[1]})


USUAL = _section(_DEFAULT)
"""Numbers as they are written by default."""


def number_format(files: Sequence[DataFile]) -> DataSection:
    """Return the way to write numbers in which the most columns are numbers; of equals the plainest.

    Only its `decimal` and `thousands` mean anything. Files that say what a number is have no say in it.
    """
    columns = [cells for file in files for cells in _cells(file)]
    if not any(pc.any(pc.match_substring_regex(cells, _OTHER)).as_py() for cells in columns):
        return USUAL
    # "1,234" is a thousand and more where fields are separated by commas, and otherwise hardly.
    apart = any(file.format.delimiter not in (None, ",") for file in files)
    ways = (_DEFAULT, *(_COMMAS if apart else reversed(_COMMAS)), *_OTHERS)
    sections = [_section(signs) for signs in ways]
    return max(sections, key=lambda section: sum(_are_numbers(cells, section) for cells in columns))


def _cells(file: DataFile) -> Iterable[pa.Array]:
    """Yield the different cells of each column of a text file, without those that mean a missing value."""
    for field in file.table.schema:
        if stored_as(field) is None:
            cells = pc.utf8_trim_whitespace(file.table.column(field.name).cast(pa.string()).unique()).drop_null()
            missing = pc.is_in(pc.utf8_lower(cells), pa.array(["", *MISSING_WORDS], pa.string()))
            yield cells.filter(pc.invert(missing))


def _are_numbers(cells: pa.Array, section: DataSection) -> bool:
    if not len(cells) or (section.thousands is not None and _begins_with_zero(cells, section.thousands)):
        return False
    found = pc.match_substring_regex(plain(cells, section), NUMBER)
    return bool(pc.mean(pc.cast(found, pa.float64())).as_py() >= MOST)


def _begins_with_zero(cells: pa.Array, thousands: str) -> bool:
    """Return whether a cell such as 0.250 would lose its decimal sign."""
    return bool(pc.any(pc.match_substring_regex(cells, rf"^[-+]?0+{re.escape(thousands)}[0-9]{{3}}")).as_py())
