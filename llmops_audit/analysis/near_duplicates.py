"""Rows that are nearly alike: texts that share most of their shingles, tables that agree in three digits.

References
----------
Broder (1997), On the resemblance and containment of documents. Leskovec, Rajaraman and Ullman (2020), Mining of Massive
Datasets, chapter 3: with 16 bands of 8 of 128 minima a pair of similarity .8 is a candidate in 95 of 100 cases, one of
.5 in 6.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rensa import RMinHash

from llmops_audit.evidence._contents import content_hashes
from llmops_audit.record import message

__all__ = ["OF_TABLES", "OF_TEXTS", "near_rows", "near_texts"]

SIMILAR = 0.8
PERMUTATIONS, BANDS = 128, 16
WORDS, CHARACTERS = 3, 5
FEWEST_TOKENS = 10
MOST_CANDIDATES = 50
"""Candidates of a row that are verified in each band; of a text that thousands share the first few decide."""

FEWEST_FEATURES, FEWEST_VALUES, DIGITS = 5, 100, 3
LARGEST_EXPONENT = 300
_POWERS = np.array([float(f"1e{k}") for k in range(LARGEST_EXPONENT + DIGITS + 1)])
_SEED = 7

_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")

OF_TEXTS = message(
    "Texts count as nearly alike where they share at least 80% of their runs of three words (five characters in "
    "Chinese, Japanese and Korean); below ten words, where only case, spaces and the form of characters differ."
)
OF_TABLES = message("Rows count as nearly alike where all features agree in three significant digits.")

Shingles = frozenset[str]
Pairs = list[tuple[int, int]]


def near_texts(texts: Sequence[str], others: Sequence[str]) -> Pairs:
    """Return pairs of indices of a text and another that are nearly alike and not equal; at most one for each text.

    A text that equals one of the others is in no pair.
    """
    known = set(others)
    searched = {i: _shingles(text) for i, text in enumerate(texts) if text not in known and text.strip()}
    # Of two that are alike each has most of its runs in the other: few others have so many in any text.
    every = frozenset[str]().union(*searched.values())
    theirs = {j: _shingles(text) for j, text in enumerate(others) if _mostly_in(text, every)}
    every = frozenset[str]().union(*theirs.values())
    mine = {i: shingles for i, shingles in searched.items() if len(shingles & every) >= SIMILAR * len(shingles)}
    if not mine or not theirs:
        return []
    at, other_at = list(mine), list(theirs)
    found: dict[int, int] = {}
    for i, j in _candidates(list(mine.values()), list(theirs.values())):
        if at[i] not in found and _similarity(mine[at[i]], theirs[other_at[j]]) >= SIMILAR:
            found[at[i]] = other_at[j]
    return sorted(found.items())


def near_rows(table: pa.Table, others: pa.Table, features: Sequence[str]) -> Pairs | None:
    """Return pairs of indices of a row and another that agree in three digits and are not equal; at most one for each.

    Returns
    -------
    list of (int, int), or None
        None where there are fewer than `FEWEST_FEATURES` features, or none has over `FEWEST_VALUES` values: rows then
        agree by chance.
    """
    if len(features) < FEWEST_FEATURES or not any(_many(table, others, name) for name in features):
        return None
    exact = [_hashes(one, features) for one in (table, others)]
    rounded = [_hashes(_rounded(one, features), features) for one in (table, others)]
    equal = np.isin(exact[0], exact[1])
    return [(i, j) for i, j in _matches(rounded[0], rounded[1], 1) if not equal[i]]


def _hashes(table: pa.Table, features: Sequence[str]) -> npt.NDArray[np.uint64]:
    found = content_hashes(table, features)
    return np.array([], np.uint64) if found is None else found


def _many(table: pa.Table, others: pa.Table, name: str) -> bool:
    both = pa.concat_tables([table.select([name]), others.select([name])], promote_options="permissive")
    return len(both.column(name).unique()) > FEWEST_VALUES


def _rounded(table: pa.Table, features: Sequence[str]) -> pa.Table:
    columns = []
    for name in features:
        column = table.column(name)
        columns.append(
            pa.array(_digits(column.to_numpy(zero_copy_only=False).astype(np.float64)))
            if pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
            else column
        )
    return pa.table(columns, list(features))


def _digits(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a number for the first digits and the exponent of each value, (n,); NaN where there is none.

    Digits and exponent are whole numbers, so that no last bit of a quotient decides: numpy's powers of ten are not all
    exact.
    """
    size = np.where(np.isfinite(values) & (values != 0), np.abs(values), 1.0)
    exponent = np.clip(np.floor(np.log10(size)).astype(int), -LARGEST_EXPONENT, LARGEST_EXPONENT)
    shift = DIGITS - 1 - exponent
    digits = np.round(values * _POWERS[np.maximum(shift, 0)] / _POWERS[np.maximum(-shift, 0)])
    # 9.999 and 10.00 are alike, as are 10.00 and what the logarithm takes for 9.999.
    longer = np.abs(digits) == 10**DIGITS
    digits, exponent = np.where(longer, digits / 10, digits), exponent + longer
    return np.asarray(digits * 1000 + exponent)


def _runs(text: str) -> tuple[int, Iterator[str]]:
    """Return the number of runs of words or characters of a text, and these in their order; of a short one itself."""
    plain = " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold().split())
    tokens: Sequence[str] = plain.split()
    size, joint = WORDS, " "
    if not text.isascii() and _CJK.search(plain):
        tokens, size, joint = plain.replace(" ", ""), CHARACTERS, ""
    if len(tokens) < FEWEST_TOKENS:
        return 1, iter([plain])
    return len(tokens) - size + 1, map(joint.join, zip(*(tokens[k:] for k in range(size)), strict=False))


def _shingles(text: str) -> Shingles:
    return frozenset(_runs(text)[1])


def _mostly_in(text: str, every: Shingles) -> bool:
    number, runs = _runs(text)
    most = (1 - SIMILAR) * number
    missing: set[str] = set()
    for run in runs:
        if run not in every:
            missing.add(run)
            if len(missing) > most:
                return False
    return True


def _similarity(one: Shingles, other: Shingles) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def _candidates(mine: Sequence[Shingles], theirs: Sequence[Shingles]) -> Iterator[tuple[int, int]]:
    bands = [_bands(one) for one in (mine, theirs)]
    for band in range(BANDS):
        yield from _matches(bands[0][:, band], bands[1][:, band], MOST_CANDIDATES)


def _bands(documents: Sequence[Shingles]) -> npt.NDArray[np.uint64]:
    digests = RMinHash.digests_from_token_sets([sorted(one) for one in documents], PERMUTATIONS, _SEED)
    minima = np.array(digests, dtype=np.uint64).reshape(len(documents), BANDS, PERMUTATIONS // BANDS)
    total = np.zeros((len(documents), BANDS), dtype=np.uint64)
    for i in range(minima.shape[2]):
        total = (total ^ minima[:, :, i]) * np.uint64(0x9E3779B97F4A7C15)
        total ^= total >> np.uint64(29)
    return total


def _matches(mine: npt.NDArray[np.uint64], theirs: npt.NDArray[np.uint64], most: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of indices of equal values, at most so many for each of mine, the first of theirs first."""
    order = np.argsort(theirs, kind="stable")
    ordered = theirs[order]
    low, high = np.searchsorted(ordered, mine, "left"), np.searchsorted(ordered, mine, "right")
    for i in np.flatnonzero(high > low).tolist():
        for at in range(int(low[i]), min(int(high[i]), int(low[i]) + most)):
            yield i, int(order[at])
