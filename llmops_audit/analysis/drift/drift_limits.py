"""Limits on drift, and the requirements that they are: of each split the same, whatever its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llmops_audit.analysis.drift.hypotheses import Hypothesis
from llmops_audit.analysis.drift.measures import FLOORS
from llmops_audit.record import Op, Requirement

__all__ = ["DriftLimits", "on_columns", "on_detectable"]


@dataclass(frozen=True)
class DriftLimits:
    """Limits on effects, by distance or column; a single number applies to all.

    Attributes
    ----------
    floors : float or mapping of str to float, optional
        Largest effects that the spec allows; by default `FLOORS` raise an alarm.
    max_detectable_effect : float or mapping of str to float, optional
        Largest effects that may have gone undetected.
    max_drifted_columns : int
        Number of columns that may drift; with 0, columns are judged one by one.
    columns : tuple of str, optional
        If given, only these are compared.
    """

    floors: float | Mapping[str, float] | None = None
    max_detectable_effect: float | Mapping[str, float] | None = None
    max_drifted_columns: int = 0
    columns: tuple[str, ...] | None = None

    def of_split(self) -> tuple[tuple[str, Requirement], ...]:
        """Return the requirements of each split after the names of their metrics: they rest on the spec alone."""
        found: list[tuple[str, Requirement]] = []
        if self.max_drifted_columns:
            found.append(("drifted_columns", on_columns(self.max_drifted_columns)))
        else:
            found += [("effect", _on_effect(limit, about)) for about, limit in _listed(self.floors)]
            if self._alarms:
                found.append(("drift", _alarm_at("difference")))
        found += [
            ("detectable_effect", on_detectable(limit, about)) for about, limit in _listed(self.max_detectable_effect)
        ]
        return tuple(found)

    @property
    def _alarms(self) -> bool:
        """Whether there is an alarm: the spec may limit whatever is compared, by distance or by column."""
        if not isinstance(self.floors, Mapping):
            return self.floors is None
        named = set(self.floors)
        return not (named >= set(FLOORS) or (self.columns is not None and named >= set(self.columns)))

    def requirement(self, one: Hypothesis) -> Requirement:
        """Return the requirement that a hypothesis belongs to: the split's alarm, or what the spec sets."""
        limit, about = _of(self.floors, one)
        if limit is None:
            return _alarm_at(one.measurement.method)
        return _on_effect(limit, about)

    def max_detectable(self, one: Hypothesis) -> tuple[float | None, str]:
        """Return the largest effect that may have gone undetected, and the column or distance that it was set for.

        None without a limit. Windows have few rows and serve to date a drift: the limit applies to the whole split.
        """
        return (None, "") if one.window is not None else _of(self.max_detectable_effect, one)


def _of(given: float | Mapping[str, float] | None, one: Hypothesis) -> tuple[float | None, str]:
    if not isinstance(given, Mapping):
        return given, ""
    name = one.column if one.column in given else one.measurement.method
    return given.get(name), name


def _listed(given: float | Mapping[str, float] | None) -> list[tuple[str, float]]:
    """Return what each limit was set for, and the limit."""
    if given is None:
        return []
    return list(given.items()) if isinstance(given, Mapping) else [("", given)]


def _alarm_at(method: str) -> Requirement:
    setting = ("max_effect", method)
    return Requirement(op=Op.AT_MOST, limit=FLOORS[method], metric="drift", alarm=True, setting=setting)


def _on_effect(limit: float, about: str) -> Requirement:
    setting = ("max_effect", about) if about else ("max_effect",)
    return Requirement(op=Op.AT_MOST, limit=limit, metric="effect", about=about, setting=setting)


def on_detectable(limit: float, about: str) -> Requirement:
    """Return the requirement that no larger effect may have gone undetected."""
    setting = ("max_detectable_effect", about) if about else ("max_detectable_effect",)
    return Requirement(op=Op.AT_MOST, limit=limit, about=about, setting=setting)


def on_columns(most: int) -> Requirement:
    """Return the requirement that so many columns may drift."""
    return Requirement(op=Op.AT_MOST, limit=most, setting=("max_drifted_columns",))
