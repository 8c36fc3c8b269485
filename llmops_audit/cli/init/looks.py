"""What a column looks like by its cells: numbers, words, times, codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmops_audit.cli.init.name_words import MISSING_WORDS
from llmops_audit.cli.init.number_format import USUAL
from llmops_audit.data.cell_counts import CellTally
from llmops_audit.data.column_kinds import MOST as MOST_NUMBERS
from llmops_audit.data.columns import NUMBER, FileLocation, plain
from llmops_audit.data.times import instants, iso_times
from llmops_audit.record.labels import Label, canonical_label, label_order

if TYPE_CHECKING:
    import pyarrow as pa

    from llmops_audit.spec import DataSection

__all__ = ["DEFAULT_MISSING", "FEW", "Kind", "Look", "is_number", "look", "missing_words"]

FEW = 20
"""Most distinct values of a group, and of a label that its name does not tell."""

MOST_LABELS = 300
LOOKED_AT = 2000
"""Distinct values that patterns are tried on."""

MOST = 0.9
"""Share of the values that make a column what they are."""

DEFAULT_MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")

Kind = str
"""One of: empty, number, truth, time, date, url, json, list, code, text, category."""

_NUMBER = re.compile(NUMBER, re.ASCII)
_ZEROS = re.compile(r"0\d+\Z", re.ASCII)
_ISO = re.compile(
    r"[12]\d{3}-?[Qq][1-4]\Z|"
    r"[12]\d{3}[-/]\d{1,2}(?:[-/]\d{1,2}(?:[T ]\d{1,2}:\d{2}\S*(?: ?[+-]\d\S*)?)?)?\Z"
)
_DATE = re.compile(r"\d{1,4}[./年-]\d{1,2}[./月-]\d{1,4}日?(?:[T ,]+\d{1,2}:\d{2}\S*(?: ?[AaPp]\.?[Mm]\.?)?)?\Z")
_URL = re.compile(r"(?:https?|ftp)://\S+\Z|www\.\S+\Z")
_CODE = re.compile(
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z|[0-9a-fA-F]{16,}\Z|(?=\S*\d)[\w+/=-]{18,}\Z"
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_TRUTHS = frozenset({"true", "false"})


@dataclass(frozen=True)
class Look:
    """What a column looks like.

    Attributes
    ----------
    name : str
    kind : str
        See `Kind`.
    rows, missing, distinct : int
        `distinct` counts values that are not missing.
    values : tuple of label
        The values, where there are few; sorted.
    low, high : float, optional
        Of numbers.
    whole : bool
        Whether all numbers are whole.
    stray : tuple of str
        Cells that are no numbers where at least some are.
    decimal : bool
        Whether the cells are numbers with percent signs, or in another way than the file's other numbers.
    zeros : bool
        Whether a code starts with a zero, which a number would lose.
    infinite : bool
    dictionary : bool
        Whether the file calls it categories.
    stored : str, optional
        What the file itself says that the column holds, see `stored_as`; None of text files.
    words, characters : float
        Means of a text.
    chinese, spaceless : bool
        Whether most letters are Chinese; whether the script has no spaces between words.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    distinct: int
    values: tuple[Label, ...] = ()
    low: float | None = None
    high: float | None = None
    whole: bool = False
    stray: tuple[str, ...] = ()
    decimal: bool = False
    zeros: bool = False
    infinite: bool = False
    dictionary: bool = False
    stored: str | None = None
    words: float = 0.0
    characters: float = 0.0
    chinese: bool = False
    spaceless: bool = False

    @property
    def constant(self) -> bool:
        """Whether every row has the same value, or none has any."""
        return self.distinct == 0 or (self.distinct == 1 and self.missing == 0)

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.rows > 2 and self.distinct == self.rows

    @property
    def share(self) -> bool:
        """Whether all values are numbers from 0 to 1."""
        return (
            self.kind == "number" and self.low is not None and self.high is not None and 0 <= self.low <= self.high <= 1
        )


def look(
    name: str,
    column: pa.ChunkedArray,
    *,
    dictionary: bool = False,
    stored: str | None = None,
    numbers: DataSection = USUAL,
) -> Look:
    """Look at a column as an audit reads it: trimmed, with the default words for a missing value.

    Parameters
    ----------
    name : str
    column : pyarrow array of string, (n,)
    dictionary : bool
    stored : str, optional
        See `Look`.
    numbers : DataSection
        How text files write numbers.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    texts = pc.if_else(pc.is_in(texts, pa.array(DEFAULT_MISSING, pa.string())), None, texts)
    found = [value for value in pc.unique(texts).to_pylist() if value is not None]
    shown = label_order(map(canonical_label, found)) if len(found) <= MOST_LABELS else ()
    base = Look(name, "empty", len(texts), texts.null_count, len(shown) or len(found), shown, dictionary=dictionary)
    base = replace(base, stored=stored)
    return _of_values(base, found, texts, USUAL if stored else numbers) if found else base


def is_number(text: str) -> bool:
    """Return whether an audit reads a cell as a finite number."""
    return _NUMBER.fullmatch(text) is not None and abs(float(text)) != float("inf")


def _is_infinite(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and abs(float(text)) == float("inf")


def _of_values(base: Look, found: Sequence[str], texts: pa.ChunkedArray, data: DataSection) -> Look:
    import pyarrow as pa

    sample = found[:: max(1, len(found) // LOOKED_AT)]
    read = plain(pa.array(found, pa.string()), data).to_pylist()
    numbers = [value for value in read if is_number(value)]
    if len(numbers) == len(found):
        return _numbers(base, numbers, found, infinite=False)
    for kind, fits in _SHAPES.items():
        if _share(sample, fits) >= MOST:
            # Times must all be readable, or an audit stops at the one that is not.
            return replace(base, kind="date" if kind == "time" and not _are_times(texts) else kind)
    if {value.lower() for value in found} <= _TRUTHS:
        return replace(base, kind="truth")
    infinite = any(map(_is_infinite, read))
    pairs = zip(found, read, strict=True)
    stray = tuple(text for text, value in pairs if not is_number(value) and not _is_infinite(value))
    meant = len(numbers) + sum(map(_is_missing, stray))
    if meant >= MOST_NUMBERS * len(found) and 2 * len(numbers) >= len(found):
        return _numbers(base, numbers, found, infinite=infinite, stray=stray)
    # The rule by which an audit stops at a column that is neither.
    tally = CellTally(data)
    tally.add(texts, FileLocation("", 0))
    cells = tally.counts()
    if stray and cells.curing_settings(MOST_NUMBERS):
        return replace(base, kind="category", decimal=True)
    if numbers and max(cells.share, cells.share_of_rows) >= MOST_NUMBERS:
        return _numbers(base, numbers, found, infinite=infinite, stray=stray)
    return _words(base, sample, infinite and (bool(numbers) or not stray), stray if numbers else ())


def _numbers(
    base: Look, numbers: Sequence[str], found: Sequence[str], *, infinite: bool, stray: Sequence[str] = ()
) -> Look:
    values = [float(text) for text in numbers]
    return replace(
        base, kind="number", low=min(values), high=max(values), whole=all(value.is_integer() for value in values),
        infinite=infinite, stray=tuple(stray), zeros=any(_ZEROS.match(text) for text in found),
    )  # fmt: skip


def _words(base: Look, sample: Sequence[str], infinite: bool, stray: Sequence[str]) -> Look:
    letters = sum(sum(character.isalpha() for character in value) for value in sample)
    spaceless = sum(len(_CJK.findall(value)) for value in sample)
    chinese = sum(len(_HAN.findall(value)) for value in sample)
    words = sum(len(value.split()) for value in sample) / len(sample)
    characters = sum(map(len, sample)) / len(sample)
    lengths = {len(value) for value in sample}
    is_spaceless = spaceless > letters / 2
    is_prose = characters >= 5 if is_spaceless else words >= 1.5 and characters >= 8
    letters_enough = letters >= 0.5 * sum(len(value.replace(" ", "")) for value in sample)
    is_text = is_prose and letters_enough and len(lengths) > 1 and base.distinct > FEW
    return replace(
        base, kind="text" if is_text else "category", words=words, characters=characters, spaceless=is_spaceless,
        chinese=is_spaceless and chinese > 0.6 * spaceless, infinite=infinite, stray=tuple(stray),
    )  # fmt: skip


def _share(values: Sequence[str], fits: Callable[[str], object]) -> float:
    return sum(bool(fits(value)) for value in values) / len(values)


def _is_missing(text: str) -> bool:
    return text.lower().replace(" ", "_") in MISSING_WORDS


def _are_times(texts: pa.ChunkedArray) -> bool:
    return bool(instants(iso_times(texts.drop_null())).notna().all())


def _is_list(text: str) -> bool:
    # "(A)" is an answer, and no list of one.
    opened = text.startswith("[") or (text.startswith("(") and "," in text)
    return opened and text[-1:] in "])" and len(text) > 1


def _is_object(text: str) -> bool:
    if text[:1] not in "{[" or text[-1:] not in "}]":
        return False
    try:
        json.loads(text)
    except ValueError:
        return text.startswith("{")
    return True


_SHAPES: dict[str, Callable[[str], object]] = {
    "time": _ISO.match,
    "date": _DATE.match,
    "url": _URL.match,
    "json": _is_object,
    "list": _is_list,
    "code": _CODE.match,
}
"""Shapes that a text may have that is no text to read, by kind."""


def missing_words(stray: Iterable[str]) -> tuple[str, ...]:
    """Return the cells that mean a missing number; none where another cell stands beside them."""
    found = tuple(sorted(set(stray)))
    return found if all(map(_is_missing, found)) else ()
