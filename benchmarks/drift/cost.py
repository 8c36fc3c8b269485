"""Seconds and memory of the check and of Evidently's report on the same rows, each in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa

from llmops_audit.audit.worker import QUIET

from .world import Drawn, World, evidence

WORLD = World(20_000, 5_000, 100)
NUMBERS, CATEGORIES = 80, 20
KINDS_OF_CATEGORY = 12

OURS, REPORT = "the drift check", "Evidently's DataDriftPreset, run and written as HTML"

REPEATS = {OURS: 5, REPORT: 3}


@dataclass(frozen=True)
class Cost:
    """What each process took.

    Attributes
    ----------
    seconds : tuple of float
        Of the comparison, after everything was imported and drawn.
    processor : tuple of float
        Seconds of processor time for it, which other processes on the machine hardly change.
    gathering : tuple of float
        Seconds for the evidence before it; of the check only.
    before, peak : tuple of int
        Bytes in memory at the most, before and after the comparison.
    """

    seconds: tuple[float, ...]
    processor: tuple[float, ...]
    gathering: tuple[float, ...]
    before: tuple[int, ...]
    peak: tuple[int, ...]


def table_drawn() -> Drawn:
    """Draw 80 numbers and 20 categories without drift."""
    rng = np.random.default_rng(0)
    names = pa.array([f"kind {i:02}" for i in range(KINDS_OF_CATEGORY)])
    tables = []
    for rows in (WORLD.reference, WORLD.current):
        columns = {f"number {i:02}": pa.array(rng.standard_normal(rows)) for i in range(NUMBERS)}
        for i in range(CATEGORIES):
            columns[f"category {i:02}"] = names.take(pa.array(rng.integers(KINDS_OF_CATEGORY, size=rows)))
        tables.append(pa.table(columns))
    return Drawn((tables[0], tables[1]), ("normal",) * NUMBERS + ("category",) * CATEGORIES)


def ours() -> dict[str, float]:
    """Time the check, and the evidence that it is given."""
    import evidently.legacy.calculations.stattests  # noqa: F401
    import sklearn.ensemble  # noqa: F401

    from llmops_audit.analysis import drift as _  # noqa: F401
    from llmops_audit.check.registry import provided
    from llmops_audit.testing import run

    check = provided()["drift"].check
    samples = table_drawn()
    start = time.perf_counter()
    given = evidence(WORLD, samples, 42)
    gathering = time.perf_counter() - start
    return {"gathering": gathering, **_timed(lambda: run(check, given))}


def report() -> dict[str, float]:
    """Time the report: drawn up, and written."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    frames = [table.to_pandas() for table in table_drawn().tables]
    names = list(frames[0].columns)
    definition = DataDefinition(numerical_columns=names[:NUMBERS], categorical_columns=names[NUMBERS:])
    old, new = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
    return {"gathering": 0.0, **_timed(lambda: Report([DataDriftPreset()]).run(new, old).get_html_str(as_iframe=False))}


def _timed(work: Callable[[], object]) -> dict[str, float]:
    before = _peak()
    start, busy = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        work()
    seconds, processor = time.perf_counter() - start, time.process_time() - busy
    return {"seconds": seconds, "processor": processor, "before": before, "peak": _peak()}


def _peak() -> int:
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobyte


SIDES = {OURS: ours, REPORT: report}


def measurement(side: str, repeats: int) -> Cost:
    """Measure one side, each time in a fresh process, both in the environment that an audit starts the check in."""
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-m", "benchmarks.drift.cost", side]
    environment = {**os.environ, **QUIET}
    found = []
    for _ in range(repeats):
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root, env=environment)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return Cost(**{field.name: tuple(one[field.name] for one in found) for field in fields(Cost)})


def compared(repeats: Mapping[str, int] = REPEATS) -> dict[str, Cost]:
    """Measure each side so often, one after the other."""
    return {side: measurement(side, times) for side, times in repeats.items()}


if __name__ == "__main__":
    print(json.dumps(SIDES[sys.argv[1]]()))
