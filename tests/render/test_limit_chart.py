"""Charts of a limit: the scale comes from the data, and nothing is cut in silence."""

from __future__ import annotations

import pytest

from llmops_audit.render.limit_chart import limit_chart
from llmops_audit.render.limit_lines import LimitLine


def line(
    value: float | None, low: float | None, high: float | None, limit: float = 0.8, **changes: object
) -> LimitLine:
    """A judged line of a group."""
    given: dict[str, object] = {"has_interval": True, "state": "open", "n": 100}
    return LimitLine((("sex", "F"),), limit, value, low, high, **(given | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "low", "high", "limit"),
    [
        (0.5, 0.4, 0.6, 0.8),
        (0.97, 0.94, 0.99, 0.92),
        (-3.0, -9.5, 2.0, 0.0),
        (1e-5, 0.0, 4e-5, 2e-5),
        (312, 300, 320, 0),
    ],
)
def test_the_scale_holds_value_interval_and_limit(value: float, low: float, high: float, limit: float) -> None:
    """Interval and limit have room on the scale, whose ticks are round, evenly spaced numbers that hold them."""
    chart = limit_chart([line(value, low, high, limit)])
    assert chart is not None
    (drawn,) = chart.lines
    assert not drawn.cut_low
    assert not drawn.cut_high
    assert 0 <= drawn.low <= (drawn.at or 0) <= drawn.high <= 100
    assert 0 <= drawn.limit <= 100
    ticks = [tick for _, tick in chart.ticks]
    assert ticks[0] <= min(low, limit) <= max(high, limit) <= ticks[-1]
    assert 2 <= len(ticks) <= 7
    assert [at for at, _ in chart.ticks][:: len(ticks) - 1] == [0, 100]


def test_the_scale_is_that_of_the_data_and_not_that_of_all_shares() -> None:
    """Values between 94 and 99 % are not drawn between 0 and 100 %."""
    chart = limit_chart([line(0.97, 0.94, 0.99, 0.92)])
    assert chart is not None
    assert chart.ticks[0][1] >= 0.9
    assert chart.ticks[-1][1] <= 1.0


def test_what_leaves_the_scale_is_marked() -> None:
    """An unbounded end and one far beyond all values end at the edge with a mark; the others keep their room."""
    chart = limit_chart([line(0.7, 0.6, 0.9), line(0.75, 0.5, None), line(0.78, 0.5, 25.0)])
    assert chart is not None
    assert [(one.cut_low, one.cut_high) for one in chart.lines] == [(False, False), (False, True), (False, True)]
    assert chart.lines[2].high == 100
    assert chart.lines[0].high - chart.lines[0].low > 10


def test_an_interval_around_its_limit_is_shown_as_a_whole() -> None:
    """A value that lies at its limit is no reason to cut an interval that is many times wider."""
    chart = limit_chart([line(0.8001, 0.7, 0.9)])
    assert chart is not None
    assert not chart.lines[0].cut_low
    assert not chart.lines[0].cut_high


def test_a_group_that_is_not_judged_does_not_stretch_the_scale() -> None:
    """The wide interval of too few rows is cut, with a mark, rather than flattening the others."""
    chart = limit_chart([line(0.7, 0.65, 0.9), line(0.7, 0.0, 1.0, state="unjudged")])
    assert chart is not None
    assert chart.lines[1].cut_low
    assert chart.lines[0].high - chart.lines[0].low > 50


def test_what_has_no_value_is_a_line_without_a_mark() -> None:
    """An undefined value stays in the chart without a position; where none has a value there is no chart."""
    chart = limit_chart([line(0.7, 0.6, 0.9), line(None, None, None, has_interval=False)])
    assert chart is not None
    assert chart.lines[1].at is None
    assert limit_chart([line(None, None, None, has_interval=False)]) is None


def test_a_single_count_is_no_chart() -> None:
    """One number that was counted over all rows is said, not drawn."""
    assert limit_chart([line(0, None, None, 0, has_interval=False)]) is None


def test_every_limit_has_its_own_line() -> None:
    """Where lines have different limits, each is named on the axis."""
    chart = limit_chart([line(0.7, 0.6, 0.9), line(0.7, 0.6, 0.9, 0.5)])
    assert chart is not None
    assert [limit for _, limit in chart.limits] == [0.5, 0.8]
