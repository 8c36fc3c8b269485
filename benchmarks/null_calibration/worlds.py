"""What is simulated of worlds that look like users': their limits, what is wrong in them, how often they are run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from llmops_audit.spec import GateSection

from .audits import UserCell
from .cells import AnyCell, Counts, Settings
from .plan import Runs, Step
from .results import Kind

TWICE = 2.0
_Z = NormalDist().inv_cdf((1 + GateSection().confidence) / 2)


@dataclass(frozen=True)
class Aim:
    """A limit of the spec that is set by what a pilot showed.

    Attributes
    ----------
    check, setting : str
    requirement : str
        Its id; with "[" at the end, all attributes, which have one limit.
    key : str, optional
        Under the setting, where it holds a table.
    least : bool
        Whether the value must be at least so large, instead of at most.
    """

    check: str
    setting: str
    requirement: str
    key: str | None = None
    least: bool = True

    def loose(self) -> float:
        """Return a limit that nothing misses."""
        return 0.0 if self.least else 1.0

    def value(self, counts: Counts, half_widths: float, *, spread: bool = False) -> float:
        """Return a limit that the mean misses by so many half-widths; of several attributes the loosest.

        Parameters
        ----------
        counts : Counts
            Of the pilot.
        half_widths : float
        spread : bool
            Whether the value differs between audits by more than its interval allows for, because each trains a
            classifier of its own: then half the width of an interval of what is seen counts, where that is wider.
        """
        ids = [id for id in counts.intervals if self._is_own(id)]
        sign = 1 if self.least else -1
        seen = {id: _Z * counts.deviation(id) if spread else 0.0 for id in ids}
        values = [counts.mean(id) + sign * half_widths * max(counts.half_width(id), seen[id]) for id in ids]
        return round(min(max((min if self.least else max)(values), 0.0), 1.0), 6)

    def _is_own(self, id: str) -> bool:
        if self.requirement.endswith("["):
            # A finding names its attribute and group with "=".
            return id.startswith(self.requirement) and "=" not in id
        return id == self.requirement

    def setting_of(self, value: float) -> dict[str, Any]:
        """Return what stands in the section of the check."""
        return {self.setting: value if self.key is None else {self.key: value}}


def minimum(metric: str) -> Aim:
    """Return the aim of a minimum of accuracy."""
    return Aim("accuracy", "min", f"accuracy.{metric}", metric)


@dataclass(frozen=True)
class Variant:
    """A line of a world: what is true in it.

    Attributes
    ----------
    title : str
    kind : Kind
    options : mapping
        Of the maker, beside the world's own.
    missed : tuple of str
        Ids of the aims that are missed by two half-widths; all others are met by as much.
    barred : bool
        Whether the bar of approvals, or of rejections, holds for it.
    times : float
        Of the usual number of audits.
    """

    title: str
    kind: Kind
    options: Mapping[str, Any] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    barred: bool = True
    times: float = 1.0

    def offset(self, aim: Aim) -> float:
        """Return by how many half-widths an aim is missed."""
        return 0.0 if self.kind is Kind.EDGE else TWICE if aim.requirement in self.missed else -TWICE


@dataclass(frozen=True)
class UserWorld:
    """A world that looks like users', and its lines.

    Attributes
    ----------
    maker : str
        Of `users.MAKERS`.
    checks : mapping
        The spec's `[checks]`, but for the aims.
    aims : tuple of Aim
    variants : tuple of Variant
    options : mapping
        Of the maker.
    spread : bool
        Whether half-widths allow for the spread between the classifiers that the audits train.
    """

    maker: str
    checks: Settings
    aims: tuple[Aim, ...]
    variants: tuple[Variant, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    spread: bool = False

    def steps(self, part: str, runs: Runs, simulate: Callable[[Sequence[AnyCell]], Mapping[str, Counts]]) -> list[Step]:
        """Simulate how wide intervals are, and return cells whose limits lie by these."""
        pilots = {variant: self._pilot(part, variant, runs) for variant in map(self._options, self.variants)}
        found = simulate(list(pilots.values())) if self.aims else {}
        return [
            Step(
                variant.title,
                UserCell(
                    f"{part}: {variant.title}",
                    self.maker,
                    dict(self._options(variant)),
                    self._set({
                        aim: aim.value(
                            found[pilots[self._options(variant)].name], variant.offset(aim), spread=self.spread
                        )
                        for aim in self.aims
                    }),
                    round(variant.times * runs.users),
                ),
                variant.kind,
                variant.barred and variant.kind is not Kind.EDGE,
            )
            for variant in self.variants
        ]  # fmt: skip

    def _options(self, variant: Variant) -> tuple[tuple[str, Any], ...]:
        return tuple(sorted({**self.options, **variant.options}.items()))

    def _pilot(self, part: str, options: tuple[tuple[str, Any], ...], runs: Runs) -> UserCell:
        checks = self._set({aim: aim.loose() for aim in self.aims})
        return UserCell(f"pilot {part} {dict(options)}", self.maker, dict(options), checks, runs.users_pilot)

    def _set(self, values: Mapping[Aim, float]) -> Settings:
        checks = {name: dict(settings) for name, settings in self.checks.items()}
        for aim, value in values.items():
            for setting, inner in aim.setting_of(value).items():
                old = checks[aim.check].get(setting, {})
                checks[aim.check][setting] = {**old, **inner} if isinstance(inner, dict) else inner
        return checks


def _checks(*names: str, **settings: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {name: settings.get(name, {}) for name in sorted({*names, *settings})}


ALL = ("accuracy", "calibration", "counterfactual", "drift", "fairness", "pii", "proxies")
"""All checks that one audit without a previous release can have, with their default settings."""
OF_TABLES = tuple(name for name in ALL if name != "counterfactual")

ACCURACY, BALANCED = minimum("accuracy"), minimum("balanced_accuracy")
NOTHING = "nothing is wrong, limits at the mean of pilots"
GOOD = "two half-widths better than the limits"
WORSE = "two half-widths worse than the minimum of accuracy"
MISSED = (ACCURACY.requirement,)

_INVALID = Aim("accuracy", "max_invalid", "accuracy.invalid_outputs", least=False)
_LIVE = Aim("accuracy", "max_live_loss", "accuracy.live_loss@live", least=False)
_FLIPS = Aim("counterfactual", "max_flip_rate", "counterfactual.flip_rate[gender]", least=False)
_TOLD = Aim("proxies", "max_roc_auc", "proxies.group_separability[region]", least=False)
_WORST = Aim("fairness", "min_worst_group", "fairness.accuracy[region]", "accuracy")


def _difference(setting: str, metric: str) -> Aim:
    return Aim("fairness", "max_difference", f"fairness.{metric}_difference[", setting, least=False)


_RATIO = Aim("fairness", "min_ratio", "fairness.selection_rate_ratio[", "selection_rate")
_DIFFERENCES = (
    _difference("accuracy", "accuracy"),
    _difference("true_positive_rate", "equal_opportunity"),
    _difference("false_positive_rate", "false_positive_rate"),
    _difference("precision", "predictive_parity"),
    _difference("selection_rate", "demographic_parity"),
)
_LEAST = Aim("fairness", "min_worst_group", "fairness.accuracy[group 1]", "accuracy")
TRAINED = 1
"""Seed of training rows that are the same in all audits, so that they audit one classifier, whose truth is one."""
_NO_PAIRS = {"fairness": {"intersections": 1}}


def _three(
    title: str = "",
    options: Mapping[str, Any] | None = None,
    *,
    missed: Aim = ACCURACY,
    times: float = 1.0,
    barred: bool = True,
) -> tuple[Variant, ...]:
    said, given = f"{title}: " if title else "", dict(options or {})
    worse = WORSE if missed == ACCURACY else "two half-widths worse than the minimum of the worst group's accuracy"
    return (
        Variant(said + NOTHING, Kind.EDGE, given, times=times, barred=barred),
        Variant(said + GOOD, Kind.GOOD, given, times=times, barred=barred),
        Variant(said + worse, Kind.BAD, given, (missed.requirement,), times=times, barred=barred),
    )


WORLDS: dict[str, tuple[UserWorld, ...]] = {
    "texts": (
        UserWorld(
            "texts",
            _checks(*ALL),
            (ACCURACY, BALANCED),
            (
                Variant("4,000 test rows: " + GOOD, Kind.GOOD, {"test": 4_000}, times=2),
                Variant("4,000 test rows: " + NOTHING, Kind.EDGE, {"test": 4_000}, times=0.5),
                Variant("4,000 test rows: " + WORSE, Kind.BAD, {"test": 4_000}, MISSED, times=0.25),
                Variant("2,000 test rows: " + GOOD, Kind.GOOD, {"test": 2_000}, barred=False, times=0.25),
            ),
            {"told": 0.3},
            spread=True,
        ),
    ),
    "seven": (
        UserWorld("texts", _checks(*ALL), (ACCURACY, BALANCED, _WORST), _three(),
                  {"labels": 7, "told": 0.3, "trained": TRAINED}),
    ),
    "labels": (UserWorld("many_labels", _checks("accuracy", "pii"), (ACCURACY, BALANCED), _three()),),
    "trees": (
        UserWorld(
            "table",
            _checks(*OF_TABLES),
            (ACCURACY, BALANCED),
            (*_three("tree", {"model": "tree"}), *_three("forest", {"model": "forest"})),
            {"test": 4_000, "trained": TRAINED},
        ),
    ),
    "windows": (
        UserWorld(
            "table",
            _checks("accuracy", "drift", "fairness", "pii"),
            (ACCURACY,),
            (
                *_three()[:2],
                Variant("a number moves by 0.8 SD in the last two of six months", Kind.BAD, {"shift": 0.8}, times=0.5),
            ),
            {"months": 6, "live": 2_400, "test": 4_000},
        ),
    ),
    "units": (
        UserWorld("table", _checks("accuracy", "calibration", "drift", "fairness", "pii"), (ACCURACY,), _three(),
                  {"units": 5, "test": 4_000}),
    ),
    "refusals": (
        UserWorld(
            "saved",
            _checks("accuracy", "fairness", "pii"),
            (ACCURACY, _INVALID),
            (
                *_three(),
                Variant("two half-widths more refusals than allowed", Kind.BAD, missed=(_INVALID.requirement,)),
            ),
            {"refused": 0.05, "rows": 4_000},
        ),
    ),
    "live": (
        UserWorld(
            "saved",
            _checks("accuracy", "calibration", "drift", "fairness", "pii"),
            (ACCURACY, _LIVE),
            (
                Variant("a loss of 0.03, limits at the mean of pilots", Kind.EDGE, {"loss": 0.03}),
                Variant("no loss, two half-widths better than the limits", Kind.GOOD),
                Variant("two half-widths more loss than allowed", Kind.BAD, {"loss": 0.08}, (_LIVE.requirement,)),
            ),
            {"rows": 4_000, "live": 2_000},
        ),
    ),
    "counterfactual": (
        UserWorld(
            "texts",
            _checks("counterfactual"),
            (_FLIPS,),
            (
                Variant("the limit is the mean of pilots", Kind.EDGE),
                Variant("two half-widths fewer flips than allowed", Kind.GOOD),
                Variant("two half-widths more flips than allowed", Kind.BAD, missed=(_FLIPS.requirement,)),
            ),
            {"live": 0, "told": 0.25, "bias": 0.3, "trained": TRAINED},
        ),
    ),
    "proxies": (
        UserWorld(
            "table",
            _checks("proxies"),
            (_TOLD,),
            (
                Variant("a number tells the region, the limit is the mean of pilots", Kind.EDGE, {"told": 1.8}),
                Variant("no feature tells the region, two half-widths below the limit", Kind.GOOD),
                Variant("two half-widths above the limit", Kind.BAD, {"told": 1.8}, (_TOLD.requirement,)),
            ),
        ),
    ),
    "requirements": (
        UserWorld("saved", _checks("calibration", **_NO_PAIRS), (_RATIO, _LEAST),
                  _three("3 requirements, 2 groups of 200 rows", missed=_LEAST), {"rows": 400, "groups": (2,)}),
        UserWorld("saved", _checks("accuracy", **_NO_PAIRS), (ACCURACY, _RATIO, *_DIFFERENCES[:3]),
                  _three("12 requirements, 2 attributes of 3 groups of 1,000 rows", barred=False),
                  {"rows": 3_000, "groups": (3, 3)}),
        UserWorld("saved", _checks("accuracy", **_NO_PAIRS), (ACCURACY, _RATIO, *_DIFFERENCES),
                  _three("40 requirements, 6 attributes of 2 to 6 groups of 1,667 to 5,000 rows", barred=False,
                         times=0.5),
                  {"rows": 10_000, "groups": (2, 3, 4, 5, 6, 2)}),
    ),
}  # fmt: skip
"""By part."""
