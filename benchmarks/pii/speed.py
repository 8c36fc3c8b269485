"""Processor time of the finder, of the plain loop over the same patterns, and of Presidio, on the same texts."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import pyarrow as pa

from llmops_audit.personal_data import find

from . import sides
from .texts import SEED, columns, short

REPEATS = 5
TEXTS = 100_000
PLAIN_TEXTS = 5_000
RIVAL_TEXTS = 1_000
CELLS = 100_000
WARM_UP = 1_000

FINDER, PLAIN, PRESIDIO = "this finder", "a plain loop over the same patterns", "presidio-analyzer, patterns alone"

ORACLE = "tests.personal_data.plain"


@dataclass(frozen=True)
class Timed:
    """What one side took.

    Attributes
    ----------
    rows : int
        Texts or cells.
    seconds : tuple of float
        Processor time of each repeat, which other processes on the machine change little.
    """

    rows: int
    seconds: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Rows in a second, by the median."""
        return self.rows / median(self.seconds)


@dataclass(frozen=True)
class Throughput:
    """All sides on short texts.

    Attributes
    ----------
    characters, with_digits, personal : float
        Mean length of a text, share of texts with a digit and with structured personal data.
    sides : dict of str to Timed
    differing : int, optional
        Texts in which the plain loop finds anything else; None where it was not run.
    release : str, optional
        Of Presidio.
    """

    characters: float
    with_digits: float
    personal: float
    sides: dict[str, Timed]
    differing: int | None
    release: str | None


@dataclass(frozen=True)
class ColumnTime:
    """One column of distinct values.

    Attributes
    ----------
    name : str
    numeric : bool
    timed : Timed
    phones : int
        Cells in which a telephone number was confirmed or likely.
    """

    name: str
    numeric: bool
    timed: Timed
    phones: int


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def _looked(side: str, n: int) -> dict[str, Any]:
    """Time one side on the first texts, after it has seen others."""
    look = find if side == "find" else importlib.import_module(ORACLE).find
    texts = list(short(TEXTS, SEED).texts[:n])
    look(list(short(WARM_UP, SEED + 1).texts))
    seconds, spans = _timed(lambda: look(texts))
    differing = None
    if side == "plain":
        pairs = zip(spans, find(texts), strict=True)
        differing = sum([_said(one) for one in left] != [_said(one) for one in right] for left, right in pairs)
    return {"seconds": seconds, "differing": differing}


def _said(span: Any) -> tuple[int, int, str, str]:
    return span.start, span.end, span.kind, str(span.confidence)


def _columns(n: int) -> dict[str, Any]:
    """Time each column, after the finder has seen other texts."""
    find(list(short(WARM_UP, SEED + 1).texts))
    found = {}
    for cells in columns(n, SEED):
        values = list(cells.values)
        seconds, spans = _timed(lambda values=values, name=cells.name: find(values, header=name))  # type: ignore[misc]
        phones = sum(any(is_phone(one.kind) and one.confidence != "suspected" for one in some) for some in spans)
        found[cells.name] = {"seconds": seconds, "phones": phones, "numeric": cells.numeric}
    return found


def is_phone(kind: str) -> bool:
    """Whether a kind of the catalogue is a telephone number."""
    return any(part in kind for part in ("phone", "mobile", "landline"))


def throughput(
    python: str | None,
    *,
    texts: int = TEXTS,
    plain: int = PLAIN_TEXTS,
    rival: int = RIVAL_TEXTS,
    repeats: int = REPEATS,
) -> Throughput:
    """Measure all sides on the same texts, in turns.

    Parameters
    ----------
    python : str, optional
        Interpreter that has Presidio; None leaves it out.
    texts, plain, rival : int
        How many of the texts each side is given, from the first: the slower sides get fewer.
    repeats : int
    """
    drawn = short(TEXTS, SEED)
    runs: dict[str, list[float]] = {FINDER: [], PLAIN: [], PRESIDIO: []}
    differing, release = None, None
    for _ in range(repeats):
        runs[FINDER].append(sides.ours("find", str(texts))["seconds"])
        if plain and importlib.util.find_spec(ORACLE) is not None:
            done = sides.ours("plain", str(plain))
            runs[PLAIN].append(done["seconds"])
            differing = done["differing"]
        if python is not None:
            done = sides.presidio(python, drawn.texts[:rival])
            runs[PRESIDIO].append(done["seconds"])
            release = done["version"]
    rows = {FINDER: texts, PLAIN: plain, PRESIDIO: rival}
    return Throughput(
        drawn.characters,
        drawn.with_digits,
        float(drawn.personal.mean()),
        {side: Timed(rows[side], tuple(seconds)) for side, seconds in runs.items() if seconds},
        differing,
        release,
    )


def tables(cells: int = CELLS, repeats: int = REPEATS) -> list[ColumnTime]:
    """Measure columns of distinct values."""
    runs = [sides.ours("columns", str(cells)) for _ in range(repeats)]
    return [
        ColumnTime(name, one["numeric"], Timed(cells, tuple(run[name]["seconds"] for run in runs)), one["phones"])
        for name, one in runs[0].items()
    ]


def main(arguments: Sequence[str]) -> None:
    """Run one side, and print what it took as JSON."""
    pa.set_cpu_count(1)
    side, n = arguments[0], int(arguments[1])
    print(json.dumps(_columns(n) if side == "columns" else _looked(side, n)))


if __name__ == "__main__":
    main(sys.argv[1:])
