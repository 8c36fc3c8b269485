"""Rows from a known truth: columns of every kind, alike in both samples, or with one known difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmops_audit.check.inputs import Policy, Task
from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.evidence.days import Days
from llmops_audit.evidence.distributions import Distributions
from llmops_audit.evidence.rows import Rows

KINDS = ("normal", "lognormal", "count", "category", "long_tail", "boolean", "gaps")
"""Kinds of columns, which follow each other from a kind that is drawn."""

NUMERIC = ("normal", "lognormal", "count", "gaps")

SHARES: Mapping[str, tuple[float, ...]] = {
    "category": (0.4, 0.25, 0.2, 0.1, 0.05),
    "long_tail": tuple((1.0 / np.arange(1, 301) / np.sum(1.0 / np.arange(1, 301))).tolist()),
    "boolean": (0.7, 0.3),
}
COUNTED = 3.0
"""Mean of the counts, which are Poisson."""

GAPS = 0.1
"""Share of missing values among the numbers with gaps."""

SAMPLE = 10_000
CONFIDENCE = 0.95
PLAN = Plan(None, (), 42, SAMPLE)
TEXT = "text"

Drift = Literal["none", "mean", "shares", "missing", "vocabulary"]

MOVED = 0.5
"""Standard deviations by which the mean moves."""

BEFORE, AFTER = (0.25, 0.25, 0.25, 0.25), (0.4, 0.3, 0.2, 0.1)
"""Shares of categories that differ by a total variation of 0.2."""

NOW_MISSING = 0.2

WORDS, NEW_WORDS, LENGTH = 2_000, 0.3, 15
"""Words of the language, by Zipf's law; share of the words of a text that no reference text holds; words of a text."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Two samples of rows.

    Attributes
    ----------
    reference, current : int
        Rows.
    columns : int
        Ignored for texts.
    drift : str
        What of the first column differs; of texts, their vocabulary.
    text : bool
        Whether the rows are texts.
    """

    reference: int
    current: int
    columns: int
    drift: Drift = "none"
    text: bool = False

    @property
    def name(self) -> str:
        """What seeds the draws."""
        return f"{self.reference}/{self.current}/{self.columns}/{self.drift}/{self.text}"


@dataclass(frozen=True)
class Drawn:
    """Both samples of a world.

    Attributes
    ----------
    tables : pair of pyarrow.Table
        Reference and current.
    kinds : tuple of str, (c,)
        Of the columns.
    """

    tables: tuple[pa.Table, pa.Table]
    kinds: tuple[str, ...]


def drawn(world: World, rng: np.random.Generator) -> Drawn:
    """Draw both samples."""
    sizes = world.reference, world.current
    if world.text:
        moved = world.drift == "vocabulary"
        texts = [_texts(n, NEW_WORDS if moved and later else 0.0, rng) for later, n in enumerate(sizes)]
        return Drawn((pa.table({TEXT: texts[0]}), pa.table({TEXT: texts[1]})), (TEXT,))
    first = int(rng.integers(len(KINDS)))
    kinds = [KINDS[(first + i) % len(KINDS)] for i in range(world.columns)]
    tables = []
    for later, n in enumerate(sizes):
        columns = {f"c{i:03}": _column(kind, n, rng) for i, kind in enumerate(kinds)}
        if world.drift != "none":
            columns["c000"] = _drifting(world.drift, bool(later), n, rng)
        tables.append(pa.table(columns))
    if world.drift != "none":
        kinds[0] = "category" if world.drift == "shares" else "normal"
    return Drawn((tables[0], tables[1]), tuple(kinds))


def _column(kind: str, n: int, rng: np.random.Generator) -> pa.Array:
    if kind in SHARES:
        return _categories(SHARES[kind], n, rng)
    if kind == "count":
        return pa.array(rng.poisson(COUNTED, n).astype(np.float64))
    numbers = rng.standard_normal(n)
    if kind == "lognormal":
        return pa.array(np.exp(numbers))
    return pa.array(numbers, mask=rng.random(n) < GAPS) if kind == "gaps" else pa.array(numbers)


def _categories(shares: tuple[float, ...], n: int, rng: np.random.Generator) -> pa.Array:
    names = pa.array([f"k{i:03}" for i in range(len(shares))])
    return names.take(pa.array(rng.choice(len(shares), n, p=shares)))


def _drifting(drift: Drift, later: bool, n: int, rng: np.random.Generator) -> pa.Array:
    if drift == "shares":
        return _categories(AFTER if later else BEFORE, n, rng)
    numbers = rng.standard_normal(n)
    if drift == "mean":
        return pa.array(numbers + MOVED * later)
    return pa.array(numbers, mask=rng.random(n) < NOW_MISSING * later)


def _texts(n: int, new: float, rng: np.random.Generator) -> pa.Array:
    ranks = 1.0 / np.arange(1, WORDS + 1)
    lengths = 1 + rng.poisson(LENGTH - 1, n)
    words = rng.choice(WORDS, int(lengths.sum()), p=ranks / ranks.sum())
    fresh = rng.random(len(words)) < new
    spelt = [_spelt(word, "q" if is_new else "a") for word, is_new in zip(words.tolist(), fresh.tolist(), strict=True)]
    ends = np.cumsum(lengths).tolist()
    return pa.array([" ".join(spelt[end - size : end]) for end, size in zip(ends, lengths.tolist(), strict=True)])


def _spelt(word: int, start: str) -> str:
    # New words are as long as others, so that nothing but the vocabulary differs.
    return start + "".join(ascii_lowercase[word // 26**place % 26] for place in range(3))


def evidence(world: World, samples: Drawn, seed: int) -> dict[str, Any]:
    """Return what the drift check is given of two samples.

    Parameters
    ----------
    world : World
    samples : Drawn
    seed : int
        Of the check.
    """
    columns = tuple(samples.tables[0].column_names)
    plan = Plan(None, (), PLAN.seed, PLAN.sample, uncounted=(TEXT,))
    both = [_batch(split, table) for split, table in zip(("train", "test"), samples.tables, strict=True)]
    return {
        "rows": {one.split: Rows.of(one, plan) for one in both},
        "distributions": {one.split: Distributions.of(one, plan) for one in both},
        "days": {one.split: Days.of(one, plan) for one in both},
        "importance": None,
        "task": Task(
            labels=(0, 1), seed=seed, text=TEXT if world.text else None, features=() if world.text else columns
        ),
        "policy": Policy(confidence=CONFIDENCE),
    }


def _batch(split: str, table: pa.Table) -> Batch:
    row = np.arange(1, len(table) + 1, dtype=np.int64)
    # Knuth's multiplicative hash: distinct keys in no particular order.
    key = row.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return Batch(split, table, (f"{split}.csv",) * len(table), row, key)


def values(samples: Drawn) -> Iterator[tuple[Any, Any, bool]]:
    """Yield both samples of each column without what is missing, as pandas series, and whether they are numbers."""
    old, new = samples.tables
    for name, kind in zip(old.column_names, samples.kinds, strict=True):
        yield old.column(name).to_pandas().dropna(), new.column(name).to_pandas().dropna(), kind in NUMERIC
