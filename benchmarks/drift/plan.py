"""What is simulated, and how often."""

from __future__ import annotations

from itertools import product

from .world import SAMPLE, World

SIZES = (50, 500, 2_000, 20_000, 100_000)
COLUMNS = (5, 20, 100)
RUNS = 30
MIN_RUNS = 3
POWER_RUNS = 200
TEXT_RUNS = 100

POWER_ROWS = 500
POWER_COLUMNS = 20

DRIFTS = {
    World(POWER_ROWS, POWER_ROWS, POWER_COLUMNS, "mean"): "the mean of a number moves by 0.5 standard deviations",
    World(POWER_ROWS, POWER_ROWS, POWER_COLUMNS, "shares"): "shares of categories differ by a total variation of 0.2",
    World(POWER_ROWS, POWER_ROWS, POWER_COLUMNS, "missing"): "20% of a column are missing, of which none was",
    World(POWER_ROWS, POWER_ROWS, 1, "vocabulary", True): "30% of the words of each text are new",
}


def null(runs: int = RUNS) -> dict[World, int]:
    """Return worlds without drift, and how often each is drawn: as many times as `runs`, fewer where it takes long."""
    worlds = [World(n, m, columns) for columns, n, m in product(COLUMNS, SIZES, SIZES)]
    return {world: min(runs, max(MIN_RUNS, round(runs * 0.5 / _seconds(world)))) for world in worlds}


def _seconds(world: World) -> float:
    """About what one run takes."""
    compared = min(world.reference, SAMPLE) + min(world.current, SAMPLE)
    per_column = 0.01 + 3e-6 * compared + 4e-7 * (world.reference + world.current)
    return 0.3 + world.columns * per_column


def power(runs: int = POWER_RUNS, texts: int = TEXT_RUNS) -> dict[World, int]:
    """Return worlds in which one thing drifts, and how often each is drawn."""
    return {world: texts if world.text else runs for world in DRIFTS}
