"""Cells of evidence drawn as such: nothing is wrong, ladders of what is, and systems two half-widths off a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from .cells import AnyCell, Cell, Counts, Settings
from .checks import BALANCED, GROUPS, RARE, SIMULATED, TWICE, Limit, minima
from .results import Kind
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
    """How often each kind of cell is run; whole audits of rows by what is true in their world."""

    null: int = 2_000
    sure: int = 3_000
    singly: int = 1_000
    other: int = 200
    good: int = 200
    pilot: int = 100
    users: int = 200
    users_pilot: int = 40
    families: int = 4_000

    def times(self, share: float) -> Runs:
        """Return a share of these, of pilots half of them at least."""
        least = {"pilot": self.pilot // 2, "users_pilot": self.users_pilot // 2}
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        return Runs(**{name: max(round(share * n), least.get(name, 2)) for name, n in given.items()})


@dataclass(frozen=True)
class Step:
    """A line of a table: how it is called there, its cell, what is true in it, and whether the bar holds for it."""

    title: str
    cell: AnyCell
    kind: Kind
    barred: bool = False


def together() -> tuple[str, ...]:
    """Return the names of the checks that the whole audits run, sorted."""
    return tuple(name for name, simulated in SIMULATED.items() if simulated.whole)


def whole(minima: Minima, **others: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the settings of the whole audit: defaults, but for the minima, which have none."""
    return {name: {"min": dict(minima)} if name == "accuracy" else dict(others.get(name, {})) for name in together()}


def named(world: World) -> str:
    """Return what a world is called in a cell's name."""
    return f"rows={world.rows} positive={world.positive} groups={len(world.groups)}"


def null(runs: Runs) -> list[Step]:
    """Return the grid in which nothing is wrong: every minimum is exactly the truth."""
    return [
        Step(described(world), Cell(f"null {named(world)}", world, whole(world.truth()), runs.null), Kind.EDGE)
        for world in GRID
    ]


def grid_pilots(runs: Runs) -> dict[World, Cell]:
    """Return cells that show how wide intervals of accuracy are over the grid."""
    return {
        world: Cell(f"pilot {world}", world, {"accuracy": {"min": world.truth()}}, runs.pilot) for world in GRID
    }  # fmt: skip


def pilots(runs: Runs) -> dict[World, Cell]:
    """Return cells of 1,000 rows that show how wide intervals of all checks are."""
    worlds = (World(), ALL_BAD, *(limit.bad for limit in _limits().values()))
    # A limit on a column makes a requirement of its own.
    own = {name: limit.loose() for name, limit in _limits().items() if limit.alarm}
    return {
        world: Cell(f"pilot of all {world}", world, whole(world.truth(), **own), runs.pilot) for world in worlds
    }  # fmt: skip


def good(widths: Mapping[World, Counts], runs: Runs) -> list[Step]:
    """Return the grid with minima that the system exceeds by two half-widths."""
    return [
        Step(
            described(world),
            Cell(f"good {named(world)}", world, whole(minima(world, widths[world], -TWICE)), runs.good),
            Kind.GOOD,
        )
        for world in GRID
    ]


def alone(name: str, runs: Runs) -> list[Step]:
    """Return cells in which a check runs alone and nothing is wrong."""
    simulated = SIMULATED[name]
    steps = [
        Step(
            described(world),
            Cell(f"alone {name} {named(world)}", world, {name: simulated.settings(world)}, runs.null),
            Kind.EDGE,
        )
        for world in simulated.worlds
    ]
    if simulated.edge is not None:
        what, world = simulated.edge
        cell = Cell(f"alone {name} at the limit", world, {name: {}}, runs.null)
        steps.append(Step(f"{described(world)}; {what}", cell, Kind.EDGE))
    return steps


def ladder(name: str, widths: Counts, runs: Runs) -> list[Step]:
    """Return cells in which a check runs alone and something is more and more wrong."""
    rungs = SIMULATED[name].ladder
    return [
        Step(rung.title, Cell(f"ladder {name} {rung.title}", rung.world, {name: rung.settings}, runs.other), Kind.SHOWN)
        for rung in (rungs(widths) if callable(rungs) else rungs)
    ]


def needs_pilot(name: str) -> bool:
    """Return whether the ladder of a check lies by the width of an interval."""
    return callable(SIMULATED[name].ladder)


def sure(widths: Mapping[World, Counts], runs: Runs) -> list[Step]:
    """Return whole audits of 1,000 rows whose systems meet, or miss, every limit by two half-widths."""
    world, counts = World(), widths[World()]
    met, exact = _met(world, counts), _off(world, counts, -TWICE)
    missed = _off(ALL_BAD, widths[ALL_BAD], TWICE)
    return [
        _sure_step("better than every limit by two half-widths or more", world, met, Kind.GOOD, runs.sure),
        _sure_step("better than every limit by exactly two half-widths", world, exact, Kind.GOOD, runs.sure),
        _sure_step("worse than every limit by exactly two half-widths", ALL_BAD, missed, Kind.BAD, runs.sure),
    ]


def singly(widths: Mapping[World, Counts], runs: Runs) -> list[Step]:
    """Return the same where the limits of one check are missed and all others are met."""
    counts = widths[World()]
    settings = _met(World(), counts) | {"accuracy": {"min": minima(World(), counts, TWICE)}}
    title = "worse than the minima of accuracy alone by exactly two half-widths"
    steps = [_sure_step(title, World(), settings, Kind.BAD, runs.singly)]
    for name, limit in _limits().items():
        counts = widths[limit.bad]
        settings = _met(limit.bad, counts) | {name: limit.missed(counts, TWICE)}
        title = f"worse than the limit of {name} alone by exactly two half-widths"
        steps.append(_sure_step(title, limit.bad, settings, Kind.BAD, runs.singly))
    # A rejection is corrected for all that is judged: one requirement alone may have to miss its limit by more.
    return [replace(step, barred=False) for step in steps]


def _met(world: World, counts: Counts) -> dict[str, dict[str, Any]]:
    """Return settings that leave two half-widths or more."""
    return whole(minima(world, counts, -TWICE), **{name: limit.met(counts) for name, limit in _limits().items()})


def _off(world: World, counts: Counts, half_widths: float) -> dict[str, dict[str, Any]]:
    """Return settings that are missed by exactly so many half-widths."""
    limits = {name: limit.missed(counts, half_widths) for name, limit in _limits().items()}
    return whole(minima(world, counts, half_widths), **limits)


def _sure_step(title: str, world: World, settings: Settings, kind: Kind, runs: int) -> Step:
    return Step(title, Cell(f"sure {title}", world, settings, runs), kind, barred=True)


def _limits() -> dict[str, Limit]:
    checks = {name: SIMULATED[name].limit for name in together()}
    return {name: limit for name, limit in checks.items() if limit is not None}


def described(world: World) -> str:
    """Return what a world is called on the page."""
    labels = "1:1" if world.positive == BALANCED else "1:99"
    return f"{world.rows:,} rows, labels {labels}, {len(world.groups)} groups"
