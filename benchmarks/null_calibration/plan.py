"""The cells: audits in which nothing is wrong, ladders of what is, and systems two half-widths off a limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from llmops_audit.record import Status

from .cells import Cell, Counts, Settings
from .checks import BALANCED, GROUPS, RARE, SIMULATED, TWICE, Limit, Simulated, minima
from .world import World

SIZES = ((50, 2), (1_000, 2), (1_000, 12), (10_000, 5), (100_000, 12))
"""Rows and number of groups; of 50 rows, no group has as many as a group needs."""

GRID = [
    World(rows=rows, positive=positive, groups=GROUPS[groups])
    for rows, groups in SIZES
    for positive in (BALANCED, RARE)
]

ALL_BAD = World(gap=0.2, shift=0.5, miscalibration=0.2, loss=0.1)
"""A world that misses the limits of every check."""

Minima = Mapping[str, float]


@dataclass(frozen=True)
class Runs:
    """How often each kind of cell is run."""

    null: int = 2_000
    sure: int = 3_000
    singly: int = 1_000
    other: int = 200
    good: int = 200
    pilot: int = 100


@dataclass(frozen=True)
class Step:
    """A line of a table: how it is called there, its cell, and what the gate should decide."""

    title: str
    cell: Cell
    wanted: Status = Status.APPROVED


def together() -> tuple[str, ...]:
    """Return the names of the checks that the whole audits run, sorted."""
    return tuple(name for name, simulated in SIMULATED.items() if simulated.whole)


def whole(minima: Minima, **others: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the settings of the whole audit: defaults, but for the minima, which have none."""
    return {name: {"min": dict(minima)} if name == "accuracy" else dict(others.get(name, {})) for name in together()}


def named(world: World) -> str:
    """Return what a world is called in a cell's name."""
    return f"rows={world.rows} positive={world.positive} groups={len(world.groups)}"


def null(runs: Runs) -> dict[World, Cell]:
    """Return the grid in which nothing is wrong: every minimum is exactly the truth."""
    return {world: Cell(f"null {named(world)}", world, whole(world.truth()), runs.null) for world in GRID}


def pilots(runs: Runs) -> dict[World, Cell]:
    """Return cells that show how wide intervals are: over the grid those of accuracy, at 1,000 rows of all checks."""
    narrow = {world: {"accuracy": whole(world.truth())["accuracy"]} for world in GRID}
    wide = {world: whole(world.truth()) for world in (World(), ALL_BAD, *(limit.bad for limit in _limits().values()))}
    return {world: Cell(f"pilot {world}", world, checks, runs.pilot) for world, checks in (narrow | wide).items()}


def good(widths: Mapping[World, Counts], runs: Runs) -> dict[World, Cell]:
    """Return the grid with minima that the system exceeds by two half-widths."""
    return {
        world: Cell(f"good {named(world)}", world, whole(minima(world, widths[world], -TWICE)), runs.good)
        for world in GRID
    }


def alone(runs: Runs, names: Iterable[str] = SIMULATED) -> dict[str, list[Step]]:
    """Return, by check, cells in which it runs alone and nothing is wrong."""
    return {name: _alone(name, SIMULATED[name], runs) for name in names}


def _alone(name: str, simulated: Simulated, runs: Runs) -> list[Step]:
    steps = [
        Step(
            _described(world),
            Cell(f"alone {name} {named(world)}", world, {name: simulated.settings(world)}, runs.null),
        )
        for world in simulated.worlds
    ]
    if simulated.edge is not None:
        what, world = simulated.edge
        cell = Cell(f"alone {name} at the limit", world, {name: {}}, runs.null)
        steps.append(Step(f"{_described(world)}; {what}", cell))
    return steps


def ladders(widths: Mapping[World, Counts], runs: Runs, names: Iterable[str] = SIMULATED) -> dict[str, list[Step]]:
    """Return, by check, cells in which it runs alone and something is more and more wrong."""
    by_check = {}
    for name in names:
        ladder = SIMULATED[name].ladder
        rungs = ladder(widths[World()]) if callable(ladder) else ladder
        by_check[name] = [
            Step(rung.title, Cell(f"ladder {name} {rung.title}", rung.world, {name: rung.settings}, runs.other))
            for rung in rungs
        ]
    return by_check


def needs_pilot(names: Iterable[str]) -> bool:
    """Return whether a ladder of these checks lies by the width of an interval."""
    return any(callable(SIMULATED[name].ladder) for name in names)


def sure(widths: Mapping[World, Counts], runs: Runs) -> list[Step]:
    """Return whole audits of 1,000 rows whose systems meet, or miss, every limit by two half-widths."""
    world, good = World(), widths[World()]
    met, exact = _met(world, good), _off(world, good, -TWICE)
    missed = _off(ALL_BAD, widths[ALL_BAD], TWICE)
    return [
        _sure_step("better than every limit by two half-widths or more", world, met, Status.APPROVED, runs.sure),
        _sure_step("better than every limit by exactly two half-widths", world, exact, Status.APPROVED, runs.sure),
        _sure_step("worse than every limit by exactly two half-widths", ALL_BAD, missed, Status.REJECTED, runs.sure),
    ]


def singly(widths: Mapping[World, Counts], runs: Runs) -> list[Step]:
    """Return the same where the limits of one check are missed and all others are met."""
    good = widths[World()]
    settings = _met(World(), good) | {"accuracy": {"min": minima(World(), good, TWICE)}}
    steps = [_sure_step("worse than the minima of accuracy", World(), settings, Status.REJECTED, runs.singly)]
    for name, limit in _limits().items():
        counts = widths[limit.bad]
        settings = _met(limit.bad, counts) | {name: limit.missed(counts, TWICE)}
        steps.append(_sure_step(f"worse than the limit of {name}", limit.bad, settings, Status.REJECTED, runs.singly))
    return steps


def _met(world: World, counts: Counts) -> dict[str, dict[str, Any]]:
    """Return settings that leave two half-widths or more."""
    return whole(minima(world, counts, -TWICE), **{name: limit.met(counts) for name, limit in _limits().items()})


def _off(world: World, counts: Counts, half_widths: float) -> dict[str, dict[str, Any]]:
    """Return settings that are missed by exactly so many half-widths."""
    limits = {name: limit.missed(counts, half_widths) for name, limit in _limits().items()}
    return whole(minima(world, counts, half_widths), **limits)


def _sure_step(title: str, world: World, settings: Settings, wanted: Status, runs: int) -> Step:
    return Step(title, Cell(f"sure {title}", world, settings, runs), wanted)


def _limits() -> dict[str, Limit]:
    checks = {name: SIMULATED[name].limit for name in together()}
    return {name: limit for name, limit in checks.items() if limit is not None}


def _described(world: World) -> str:
    labels = "1:1" if world.positive == BALANCED else "1:99"
    return f"{world.rows:,} rows, labels {labels}, {len(world.groups)} groups"
