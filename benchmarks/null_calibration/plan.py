"""What is simulated: worlds in which nothing is wrong, ladders of what is, and systems two half-widths off a limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmops_audit.check.registry import provided
from llmops_audit.record import Status

from .cells import Cell, Counts, Settings
from .world import World

DISTRIBUTION = "llmops-audit"

GROUPS = {2: (0.5, 0.5), 5: (0.45, 0.25, 0.15, 0.1, 0.05), 12: (1 / 12,) * 12}
"""Shares of the groups, by their number."""

BALANCED, RARE = 0.5, 0.01
SIZES = ((50, 2), (1_000, 2), (1_000, 12), (10_000, 5), (100_000, 12))
"""Rows and number of groups; of 50 rows, no group has as many as a group needs."""

GRID = [
    World(rows=rows, positive=positive, groups=GROUPS[groups])
    for rows, groups in SIZES
    for positive in (BALANCED, RARE)
]
ALONE = [World(rows=50), World(), World(positive=RARE)]
ALONE_BY_GROUP = [
    *(World(rows=groups * rows, groups=(1 / groups,) * groups) for groups in (2, 5, 12) for rows in (50, 500, 5_000)),
    World(groups=GROUPS[12]),
    World(rows=10_000, positive=RARE, groups=GROUPS[12]),
]

EDGES = {
    "calibration": ("true error exactly the limit of 0.1", World(miscalibration=0.1)),
    "fairness": ("true ratio exactly the limit of 0.8", World(gap=0.2 * World().selection_rate())),
    "regression": ("true loss exactly the margin of 0.02", World(loss=0.02)),
}
"""Worlds that just meet a default limit."""

TWICE = 2.0
STEPS = (1.0, 2.0, 3.0, 4.0)
GAPS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
SHIFTS = (0.1, 0.25, 0.5, 0.75, 1.0)
MISCALIBRATIONS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
LOSSES = (0.01, 0.02, 0.03, 0.05, 0.1)

Minima = Mapping[str, float]


@dataclass(frozen=True)
class Limit:
    """A check's limit: its setting, the finding that it judges, and a world that misses it.

    Attributes
    ----------
    setting : str
    metric : str, optional
        Key under the setting, where it holds a table.
    finding : str
        Its id.
    least : bool
        Whether the finding must be at least so large, instead of at most.
    sign : int
        -1 where the setting states the loss, and the finding the gain.
    default : float
    bad : World
    """

    setting: str
    finding: str
    default: float
    bad: World
    metric: str | None = None
    least: bool = False
    sign: int = 1

    def missed(self, counts: Counts, half_widths: float) -> dict[str, Any]:
        """Return a setting that the mean of the finding misses by so many half-widths."""
        return self._setting(self._value(counts, half_widths))

    def met(self, counts: Counts) -> dict[str, Any]:
        """Return the default, or where it leaves less than two half-widths, a setting that leaves these."""
        looser = min if self.least and self.sign > 0 else max
        return self._setting(looser(self.default, self._value(counts, -TWICE)))

    def _value(self, counts: Counts, half_widths: float) -> float:
        distance = half_widths * counts.half_width(self.finding) * (1 if self.least else -1)
        return min(max(self.sign * (counts.mean(self.finding) + distance), 0.0), 1.0)

    def _setting(self, value: float) -> dict[str, Any]:
        return {self.setting: value if self.metric is None else {self.metric: value}}


LIMITS = {
    "calibration": Limit(
        "max_expected_calibration_error", "calibration.expected_calibration_error", 0.1, World(miscalibration=0.2)
    ),
    "drift": Limit("max_effect", "drift.wasserstein_effect[column=amount]", 0.1, World(shift=0.5)),
    "fairness": Limit(
        "min_selection_rate_ratio", "fairness.selection_rate_ratio[group=group 02]", 0.8, World(gap=0.2), least=True
    ),
    "regression": Limit(
        "max_loss", "regression.accuracy[against=before]", 0.02, World(loss=0.1), metric="accuracy", least=True, sign=-1
    ),
}

ALL_BAD = World(gap=0.2, shift=0.5, miscalibration=0.2, loss=0.1)
"""A world that misses the limits of every check."""


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


LEFT_OUT = ("counterfactual", "proxies")
"""Checks that the worlds hold nothing for: a classifier that can be asked again, and features that tell a group."""


def judging() -> tuple[str, ...]:
    """Return the names of the checks of this distribution that judge by chance, sorted, without those left out."""
    ours = {name: one.check for name, one in provided().items() if one.distribution == DISTRIBUTION}
    return tuple(name for name, check in ours.items() if check.chance and name not in LEFT_OUT)


def whole(minima: Minima, **others: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the settings of the whole audit: defaults, but for the minima, which have none."""
    return {name: {"min": dict(minima)} if name == "accuracy" else dict(others.get(name, {})) for name in judging()}


def named(world: World) -> str:
    """Return what a world is called in a cell's name."""
    return f"rows={world.rows} positive={world.positive} groups={len(world.groups)}"


def null(runs: Runs) -> dict[World, Cell]:
    """Return the grid in which nothing is wrong: every minimum is exactly the truth."""
    return {world: Cell(f"null {named(world)}", world, whole(world.truth()), runs.null) for world in GRID}


def pilots(runs: Runs) -> dict[World, Cell]:
    """Return cells that show how wide intervals are: over the grid those of accuracy, at 1,000 rows of all checks."""
    narrow = {world: {"accuracy": whole(world.truth())["accuracy"]} for world in GRID}
    wide = {world: whole(world.truth()) for world in (World(), ALL_BAD, *(x.bad for x in _known_limits().values()))}
    return {world: Cell(f"pilot {world}", world, checks, runs.pilot) for world, checks in (narrow | wide).items()}


def good(widths: Mapping[World, Counts], runs: Runs) -> dict[World, Cell]:
    """Return the grid with minima that the system exceeds by two half-widths."""
    return {
        world: Cell(f"good {named(world)}", world, whole(_minima(world, widths[world], -TWICE)), runs.good)
        for world in GRID
    }


def alone(runs: Runs) -> dict[str, list[Step]]:
    """Return, by check, cells in which it runs alone and nothing is wrong."""
    steps: dict[str, list[Step]] = {}
    for name in judging():
        worlds = [*ALONE, *ALONE_BY_GROUP] if name == "fairness" else ALONE
        steps[name] = [
            Step(
                _described(world),
                Cell(f"alone {name} {named(world)}", world, {name: whole(world.truth())[name]}, runs.null),
            )
            for world in worlds
        ]
    for name, (what, world) in EDGES.items():
        if name in steps:
            cell = Cell(f"alone {name} at the limit", world, {name: {}}, runs.null)
            steps[name].append(Step(f"{_described(world)}; {what}", cell))
    return steps


def ladders(widths: Mapping[World, Counts], runs: Runs) -> dict[str, list[Step]]:
    """Return, by check, cells in which it runs alone and something is more and more wrong."""
    world = World()
    by_check: dict[str, list[tuple[str, World, dict[str, Any]]]] = {
        "accuracy": [
            (_in_half_widths(k), world, {"min": {"accuracy": _minima(world, widths[world], k)["accuracy"]}})
            for k in (-TWICE, *STEPS)
        ],
        "calibration": [(f"calibration error {x:.2f}", World(miscalibration=x), {}) for x in (0.0, *MISCALIBRATIONS)],
        "drift": [(f"one of five columns shifted by {x:.2f} SD", World(shift=x), {}) for x in (0.0, *SHIFTS)],
        "fairness": [
            (f"selection rates {x:.2f} apart (ratio {1 - x / world.selection_rate():.2f})", World(gap=x), {})
            for x in (0.0, *GAPS)
        ],
        "regression": [(f"{x:.2f} of accuracy lost", World(loss=x), {}) for x in (0.0, *LOSSES)],
    }
    return {
        name: [
            Step(title, Cell(f"ladder {name} {title}", place, {name: settings}, runs.other))
            for title, place, settings in by_check[name]
        ]
        for name in judging()
        if name in by_check
    }


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
    settings = _met(World(), good) | {"accuracy": {"min": _minima(World(), good, TWICE)}}
    steps = [_sure_step("worse than the minima of accuracy", World(), settings, Status.REJECTED, runs.singly)]
    for name, limit in _known_limits().items():
        counts = widths[limit.bad]
        settings = _met(limit.bad, counts) | {name: limit.missed(counts, TWICE)}
        steps.append(_sure_step(f"worse than the limit of {name}", limit.bad, settings, Status.REJECTED, runs.singly))
    return steps


def _met(world: World, counts: Counts) -> dict[str, dict[str, Any]]:
    """Return settings that leave two half-widths or more."""
    return whole(_minima(world, counts, -TWICE), **{name: limit.met(counts) for name, limit in _known_limits().items()})


def _off(world: World, counts: Counts, half_widths: float) -> dict[str, dict[str, Any]]:
    """Return settings that are missed by exactly so many half-widths."""
    limits = {name: limit.missed(counts, half_widths) for name, limit in _known_limits().items()}
    return whole(_minima(world, counts, half_widths), **limits)


def _sure_step(title: str, world: World, settings: Settings, wanted: Status, runs: int) -> Step:
    return Step(title, Cell(f"sure {title}", world, settings, runs), wanted)


def _known_limits() -> dict[str, Limit]:
    return {name: limit for name, limit in LIMITS.items() if name in judging()}


def _minima(world: World, counts: Counts, half_widths: float) -> dict[str, float]:
    """Return minima that the truth misses by so many half-widths; a metric without an interval keeps the truth."""
    truth = world.truth()
    if world.gap or world.loss:
        # Of damaged answers the truth is only known from the pilot.
        truth = {name: counts.mean(f"accuracy.{name}") for name in truth}
    widths = {name: counts.half_width(f"accuracy.{name}") for name in truth}
    return {
        name: value if math.isnan(widths[name]) else min(max(value + half_widths * widths[name], -1.0), 1.0)
        for name, value in truth.items()
    }


def _in_half_widths(k: float) -> str:
    return f"{abs(k):g} half-width{'s' if abs(k) > 1 else ''} {'above' if k < 0 else 'below'} the minimum"


def _described(world: World) -> str:
    labels = "1:1" if world.positive == BALANCED else "1:99"
    return f"{world.rows:,} rows, labels {labels}, {len(world.groups)} groups"
