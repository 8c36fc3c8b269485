"""Columns that files lack: errors that help, and never show a cell of a file without a header."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from llmops_audit.errors import DataError, Problem
from llmops_audit.personal_data import find
from llmops_audit.spec import Spec

__all__ = ["Header", "needed_columns"]

MAX_SHOWN = 20
"""Names that an error lists."""

PEEK_ROWS = 1000
"""Rows that are compared with the header."""

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}

_NAME = re.compile(r"[\w .-]{1,64}")
_LETTER = re.compile(r"[^\W\d_]")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
_LONG_NUMBER = re.compile(r"\d{7}")
# White space, byte order marks and characters without width.
_UNSEEN = re.compile(r"[\s\ufeff\u200b-\u200f\u2060]+")
_MISSING = frozenset({"na", "n.a.", "nan", "null", "none", "missing", "unknown", "true", "false"})

_FEW_VALUES = 20
_ROWS_OF_EACH = 5
_SIMILAR = 0.75


@dataclass(frozen=True)
class Header:
    """The column names of a file, which may be the cells of its first row.

    Attributes
    ----------
    shown : str
        The file's path as the spec writes it.
    names : tuple of str
    known : frozenset of str
        All columns that the spec names.
    read : callable
        Reads the rows of the file, with all its columns.
    other_delimiter : callable
        Returns the delimiter that gives some of the wanted columns, see `sources.other_delimiter`.
    """

    shown: str
    names: tuple[str, ...]
    known: frozenset[str]
    read: Callable[[], Iterator[pa.Table]]
    other_delimiter: Callable[[Collection[str]], str | None]

    @cached_property
    def are_names(self) -> bool:
        """Whether the names may be shown.

        The spec names one of them, or all look like names and differ from what stands below as names do; and no cell
        of the first row occurs again below, nor is any of them personal data.
        """
        if self.known.issuperset(self.names):
            return True
        if any(find(self.names)) or any(map(_LONG_NUMBER.search, self.names)):
            return False
        plain = {_plain(name) for name in self.known}
        named = any(_plain(name) in plain for name in self.names)
        if not named and not all(map(_looks_like_a_name, self.names)):
            return False
        rows = self._first_rows()
        columns = [] if rows is None else [_texts(rows.column(name)) for name in self.names]
        if any(name in set(values) for name, values in zip(self.names, columns, strict=False)):
            return False
        return named or any(map(_is_above, self.names, columns))

    def lacks(self, missing: Sequence[str]) -> Iterator[Problem]:
        """Yield a problem for each column that is missing, with those that there are, and one that may be meant."""
        if missing and len(self.names) == 1 and (delimiter := self.other_delimiter(missing)) is not None:
            expected = f"{_DELIMITERS[delimiter]}: set `data.delimiter = {json.dumps(delimiter)}`"
            yield Problem(self.shown, "has a single column where another delimiter finds more", expected)
            return
        expected = f"one of {_listed(self.names)}" if self.are_names else "a header, or `data.column_names`"
        if len(missing) > 1 and not self.are_names and not any(map(self._meant, missing)):
            columns = _listed([f"'{column}'" for column in missing])
            yield Problem(self.shown, f"has none of the columns {columns}", expected)
            return
        for column in missing:
            yield Problem(self.shown, f"has no column '{column}'", expected, self._meant(column))

    def unlike(self, first: Header, reported: Collection[str]) -> Iterator[Problem]:
        """Yield a problem for each column that only one of two files of a split has, but for those reported before."""
        expected = "the same columns in all files of a split"
        different = sorted((set(first.names) ^ set(self.names)) - set(reported))
        for column in different[:MAX_SHOWN]:
            holding, lacking = (first, self) if column in first.names else (self, first)
            if column not in self.known and not holding.are_names:
                yield Problem(self.shown, f"has other columns than {first.shown}", expected)
                return
            yield Problem(lacking.shown, f"has no column '{column}'", expected)

    def _first_rows(self) -> pa.Table | None:
        try:
            return next(self.read(), None)
        except DataError:
            return None

    def _meant(self, column: str) -> str | None:
        for name in self.names:
            if _plain(name) == _plain(column):
                # It is the spec's own word, which is shown whatever the first line is.
                return f"{name!r}, {_difference(name, column)}"
        if not self.are_names:
            return None
        free = [name for name in self.names if name not in self.known]
        similar = difflib.get_close_matches(column, free, 1, _SIMILAR)
        return f"{similar[0]!r}" if similar else None


def needed_columns(
    spec: Spec, part: str, outputs: Collection[str], judged: Collection[str], *, compared: bool
) -> frozenset[str]:
    """Return the columns without which a part cannot be used; groups, ids and times may stand in any part.

    Parameters
    ----------
    spec : Spec
    part : str
        A split, or ``"path"``.
    outputs : collection of str
        Columns of saved predictions and scores, and of those of the baseline.
    judged : collection of str
        Splits whose rows are judged, beside the test split.
    compared : bool
        Whether the inputs of the classifier are looked at in every split.
    """
    data = spec.data
    needed: set[str | None] = set()
    if part != "live":
        needed.add(data.label)
    # Saved predictions are judged on the test split; those on the training rows are optional.
    if part != "train":
        needed.update(outputs)
    if spec.baseline is not None and part == "live":
        needed.discard(spec.baseline.predictions)
    # Test rows are compared with training rows in every audit: a column that lacks would switch that off.
    seen_before = data.train is not None and part in ("train", "test")
    if compared or seen_before or spec.model.trained_here:
        needed.update((data.text, *data.features))
    if part in judged or part in ("path", "test"):
        needed.update((data.unit, data.weight))
    return frozenset(name for name in needed if name is not None)


def _listed(names: Sequence[str]) -> str:
    """Return names in a sentence, the first of many."""
    more = f" and {len(names) - MAX_SHOWN:,} more" if len(names) > MAX_SHOWN else ""
    return ", ".join(names[:MAX_SHOWN]) + more


def _plain(name: str) -> str:
    return _UNSEEN.sub("", name).casefold()


def _difference(name: str, column: str) -> str:
    if "\ufeff" in name:
        return "with a byte order mark"
    return "with a space in the header" if _UNSEEN.search(name) or _UNSEEN.search(column) else "in another case"


def _looks_like_a_name(name: str) -> bool:
    fits = _NAME.fullmatch(name) is not None and _LETTER.search(name) is not None
    return fits and not _is_number(name) and _DATE.search(name) is None and name.strip().lower() not in _MISSING


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [str(value) for value in column.slice(0, PEEK_ROWS).to_pylist() if value is not None and str(value).strip()]


def _is_above(name: str, values: Collection[str]) -> bool:
    """Return whether a column shows that its first cell is a name: it holds numbers, or few values and not this one."""
    if len(values) < _ROWS_OF_EACH:
        return False
    different = set(values)
    few = len(different) <= min(_FEW_VALUES, len(values) // _ROWS_OF_EACH)
    return all(map(_is_number, different)) or (few and name not in different)
