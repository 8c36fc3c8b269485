"""Numbers as a person reads them: two or three digits, shares as percent, never on the wrong side of the limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from llmops_audit.record import Message, Op, message
from llmops_audit.record.requirements import JudgedRequirement

__all__ = ["COUNT", "NUMBER", "POINTS", "SHARE", "Quantity", "Unit", "in_so_many", "written"]

MOST_PLACES = 4
_OF_ENDS = 2
_FEW, _MANY = 10, 90
"""Of a percentage between these, whole numbers say enough."""


@dataclass(frozen=True)
class Unit:
    """How a number is written.

    Attributes
    ----------
    scale : float
        What it is multiplied by.
    text : Message
        With the place ``number``.
    one : Message, optional
        The text of exactly one.
    places : int, optional
        Decimals; None: as many as the size of the number asks for.
    """

    scale: float
    text: Message
    one: Message | None = None
    places: int | None = None

    def write(self, number: str) -> Message:
        """Return the number with its unit."""
        if self.one is not None and number == "1":
            return self.one
        return self.text.model_copy(update={"values": {"number": number}})


SHARE = Unit(100, message("{number}%"))
POINTS = Unit(100, message("{number} points"), message("1 point"))
NUMBER = Unit(1, message("{number}"), places=2)
COUNT = Unit(1, message("{number}"), places=0)

_LIMITS = {
    Op.AT_LEAST: message("at least {limit} required"),
    Op.AT_MOST: message("at most {limit} allowed"),
    Op.ABOVE: message("more than {limit} required"),
    Op.BELOW: message("less than {limit} allowed"),
}


@dataclass(frozen=True)
class Quantity:
    """A measured value with its interval and its limit, all with equally many decimals.

    Attributes
    ----------
    requirement : JudgedRequirement
    unit : Unit
    value : float
        In the unit of the record.
    as_gain : bool
        Whether the sentence says a negative loss as a gain, so that its limit has to say what it is on.
    """

    requirement: JudgedRequirement
    unit: Unit
    value: float
    as_gain: bool = False

    @property
    def number(self) -> Message:
        """The value."""
        return self.unit.write(self._written(self.value))

    @property
    def with_interval(self) -> Message:
        """The value with its interval behind it, where it has one."""
        return message("{value}{interval}", value=self.number, interval=self.interval)

    @property
    def interval(self) -> Message | str:
        """The interval in brackets after a space; nothing where the value has none."""
        ends = self.ends
        return "" if ends is None else message(" ({ends})", ends=ends)

    @property
    def ends(self) -> Message | None:
        """The interval; None where the value has none."""
        low, high = (None if end is None else self._written(end) for end in self.requirement.interval or (None, None))
        if low is None and high is None:
            return None
        if low is None:
            return message("at most {high}", high=high)
        if high is None:
            return message("at least {low}", low=low)
        return message("{low} to {high}", low=low, high=high)

    @property
    def limit(self) -> Message:
        """What the limit asks for."""
        op, limit = self.requirement.op, self.requirement.limit
        if self.unit is COUNT and op is Op.AT_MOST and limit == 0:
            return message("none allowed")
        text = _LIMITS[op].model_copy(update={"values": {"limit": self.bare_limit}})
        return message("a loss of {limit}", limit=text) if self.as_gain else text

    @property
    def bare_limit(self) -> Message:
        """The limit without its comparison."""
        limit = self.requirement.limit * self.unit.scale
        return self.unit.write(written(limit, _places_of_limit(limit)))

    def _written(self, value: float) -> str:
        return written(value * self.unit.scale, self._places)

    @property
    def _places(self) -> int:
        value = self.value * self.unit.scale
        start = self.unit.places
        if start is None:
            start = 0 if _FEW <= abs(value) <= _MANY or float(value).is_integer() else 1
        ends = [end * self.unit.scale for end in self.requirement.interval or () if end is not None]
        return max(self._enough(value, start, MOST_PLACES), *(self._enough(end, start, _OF_ENDS) for end in ends), 0)

    def _enough(self, value: float, start: int, most: int) -> int:
        """Return the decimals that keep a number on its side of the limit, and little from being written as nothing."""
        limit = self.requirement.limit * self.unit.scale
        for places in range(start, most):
            rounded = round(value, places)
            kept = all(math.isclose(rounded, end) == math.isclose(value, end) for end in (limit, 0.0, self.unit.scale))
            if kept and (rounded < limit) == (value < limit):
                return places
        return most


def _places_of_limit(limit: float) -> int:
    """Return the decimals that write a limit exactly, or few where no number of decimals does, as of a third."""
    exact = (places for places in range(MOST_PLACES) if math.isclose(round(limit, places), limit, abs_tol=1e-12))
    return next(exact, 1 if abs(limit) >= _FEW else 2)


def written(value: float, places: int) -> str:
    """Return a number with at most so many decimals and with separators of thousands."""
    text = f"{value:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def in_so_many(*shares: float) -> tuple[tuple[str, ...], str]:
    """Return shares as numbers "in 100", or in as many thousands as the smallest that is not 0 needs.

    So many as well that a share below 1 is not written as all of them.

    Examples
    --------
    >>> in_so_many(0.412, 0.65)
    (('41', '65'), '100')
    >>> in_so_many(0.0034, 0.02)
    (('34', '200'), '10,000')
    >>> in_so_many(0.9972, 1.0)
    (('997', '1,000'), '1,000')
    """
    smallest = min((share for share in shares if share > 0), default=1.0)
    largest = max((share for share in shares if share < 1), default=0.0)
    whole = next((n for n in (100, 1_000, 10_000) if smallest * n >= _FEW and round(largest * n) < n), 100_000)
    return tuple(f"{round(share * whole):,}" for share in shares), f"{whole:,}"
