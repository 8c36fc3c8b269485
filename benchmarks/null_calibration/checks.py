"""What is simulated of each check that judges by chance: one entry a check."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from llmops_audit.analysis.metrics.definitions import METRICS

from .cells import Counts
from .world import World

GROUPS = {2: (0.5, 0.5), 5: (0.45, 0.25, 0.15, 0.1, 0.05), 12: (1 / 12,) * 12}
"""Shares of the groups, by their number."""

BALANCED, RARE = 0.5, 0.01
ALONE = (World(rows=50), World(), World(positive=RARE))
ALONE_BY_GROUP = (
    *(World(rows=groups * rows, groups=(1 / groups,) * groups) for groups in (2, 5, 12) for rows in (50, 500, 5_000)),
    World(groups=GROUPS[12]),
    World(rows=10_000, positive=RARE, groups=GROUPS[12]),
)

TWICE = 2.0
STEPS = (1.0, 2.0, 3.0, 4.0)
GAPS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
SHIFTS = (0.1, 0.25, 0.5, 0.75, 1.0)
MISCALIBRATIONS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
LOSSES = (0.01, 0.02, 0.03, 0.05, 0.1)


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
    alarm : bool
        Whether the default is an alarm, which a good system is left with: a limit of the spec is decided on its bound.
    """

    setting: str
    finding: str
    default: float
    bad: World
    metric: str | None = None
    least: bool = False
    sign: int = 1
    alarm: bool = False

    def missed(self, counts: Counts, half_widths: float) -> dict[str, Any]:
        """Return a setting that the mean of the finding misses by so many half-widths; an alarm is only missed."""
        if self.alarm and half_widths < 0:
            return {}
        return self._setting(self._value(counts, half_widths))

    def met(self, counts: Counts) -> dict[str, Any]:
        """Return the default, or where it leaves less than two half-widths, a setting that leaves these."""
        if self.alarm:
            return {}
        looser = min if self.least and self.sign > 0 else max
        return self._setting(looser(self.default, self._value(counts, -TWICE)))

    def loose(self) -> dict[str, Any]:
        """Return a setting that nothing misses, so that the requirement is there to be looked at."""
        return self._setting(0.0 if self.least and self.sign > 0 else 1.0)

    def _value(self, counts: Counts, half_widths: float) -> float:
        distance = half_widths * counts.half_width(self.finding) * (1 if self.least else -1)
        return min(max(self.sign * (counts.mean(self.finding) + distance), 0.0), 1.0)

    def _setting(self, value: float) -> dict[str, Any]:
        return {self.setting: value if self.metric is None else {self.metric: value}}


@dataclass(frozen=True)
class Rung:
    """A step of a ladder: what is wrong, in words, and how it is made wrong."""

    title: str
    world: World
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Simulated:
    """How one check is simulated.

    Attributes
    ----------
    truth : str
        What "nothing is wrong" means to it; stands on the page.
    settings : callable
        The settings that a world just meets; by default the check's own.
    worlds : tuple of World
        Those in which it runs alone and nothing is wrong.
    edge : tuple of str and World, optional
        A world that just meets a default limit, and what it is called.
    ladder : tuple of Rung, or callable
        Worlds in which something is more and more wrong; where they lie by the width of an interval, made from what a
        pilot of `World()` counted.
    whole : bool
        Whether it is among the checks of the whole audits, all of which must be simulated again where it changes.
    limit : Limit, optional
        Its limit in whole audits that lie two half-widths off; only accuracy, which has its minima, has none.
    """

    truth: str
    settings: Callable[[World], dict[str, Any]] = lambda world: {}
    worlds: tuple[World, ...] = ALONE
    edge: tuple[str, World] | None = None
    ladder: tuple[Rung, ...] | Callable[[Counts], tuple[Rung, ...]] = ()
    whole: bool = False
    limit: Limit | None = None


def minima(world: World, counts: Counts, half_widths: float) -> dict[str, float]:
    """Return minima that the truth misses by so many half-widths; a metric without an interval keeps the truth."""
    truth = world.truth()
    if world.gap or world.loss:
        # Of damaged answers the truth is only known from the pilot.
        truth = {name: counts.mean(f"accuracy.{name}") for name in truth}
    widths = {name: counts.half_width(f"accuracy.{name}") for name in truth}
    return {
        name: value
        if math.isnan(widths[name])
        else min(max(value + half_widths * widths[name], METRICS[name].low), METRICS[name].high)
        for name, value in truth.items()
    }


def _accuracy_ladder(widths: Counts) -> tuple[Rung, ...]:
    world = World()
    return tuple(
        Rung(_in_half_widths(k), world, {"min": {"accuracy": minima(world, widths, k)["accuracy"]}})
        for k in (-TWICE, *STEPS)
    )


def _in_half_widths(k: float) -> str:
    return f"{abs(k):g} half-width{'s' if abs(k) > 1 else ''} {'above' if k < 0 else 'below'} the minimum"


SIMULATED: dict[str, Simulated] = {
    "accuracy": Simulated(
        truth="Every minimum (accuracy, balanced accuracy, F1) is exactly the classifier's true value: the hardest "
        "case in which the classifier still meets it. It is better than chance, than the majority and than the rule "
        "on one feature, and as good on training rows as on others.",
        settings=lambda world: {"min": world.truth()},
        ladder=_accuracy_ladder,
        whole=True,
    ),
    "calibration": Simulated(
        truth="The scores are the exact probabilities.",
        edge=("true error exactly the limit of 0.1", World(miscalibration=0.1)),
        ladder=tuple(Rung(f"calibration error {x:.2f}", World(miscalibration=x), {}) for x in (0.0, *MISCALIBRATIONS)),
        whole=True,
        limit=Limit(
            "max_expected_calibration_error", "calibration.expected_calibration_error", 0.1, World(miscalibration=0.2)
        ),
    ),
    "drift": Simulated(
        truth="Training and test rows come from one population: a numeric column with missing values, one of five "
        "categories, both together, the label, the answer and the score.",
        ladder=tuple(Rung(f"one of five columns shifted by {x:.2f} SD", World(shift=x), {}) for x in (0.0, *SHIFTS)),
        whole=True,
        limit=Limit("max_effect", "drift.effect[amount]", 0.1, World(shift=0.5), metric="amount", alarm=True),
    ),
    "fairness": Simulated(
        truth="The classifier does not look at the group: all true rates are equal. The limit is the default, four "
        "fifths.",
        worlds=(*ALONE, *ALONE_BY_GROUP),
        edge=("true ratio exactly the limit of 0.8", World(gap=0.2 * World().selection_rate())),
        ladder=tuple(
            Rung(f"selection rates {x:.2f} apart (ratio {1 - x / World().selection_rate():.2f})", World(gap=x), {})
            for x in (0.0, *GAPS)
        ),
        whole=True,
        limit=Limit(
            "min_ratio",
            "fairness.selection_rate_ratio[group]",
            0.8,
            World(gap=0.2),
            metric="selection_rate",
            least=True,
        ),
    ),
    "regression": Simulated(
        truth="The previous release has the same true quality, and disagrees on some rows.",
        edge=("true loss exactly the margin of 0.02", World(loss=0.02)),
        ladder=tuple(Rung(f"{x:.2f} of accuracy lost", World(loss=x), {}) for x in (0.0, *LOSSES)),
        whole=True,
        limit=Limit(
            "max_loss",
            "regression.accuracy[against=before]",
            0.02,
            World(loss=0.1),
            metric="accuracy",
            least=True,
            sign=-1,
        ),
    ),
}
"""By name, sorted."""

ONLY_WITH_ROWS = {
    "counterfactual": "texts",
    "proxies": "features that may tell a group",
}
"""Checks of which no evidence can be drawn as such, with what they need: worlds of rows show them."""

CENSUS = ("pii",)
"""Checks that count all rows, so that chance has no part in their verdict."""
