"""Forest plots: marks lie where their values are, and nothing leaves its panel."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.record.figures import Estimate, Grouping, GroupMetrics, GroupSize
from llmops_audit.render.forest import Forest, Panel, forest, short_name
from llmops_audit.render.groups_view import group_view
from llmops_audit.render.text import width

Interval = tuple[float | None, float | None, float | None]


def drawn(values: list[Interval], *, small: int = 0, n: float = 100) -> Forest:
    """The plot of the accuracy of groups in this order; the last `small` ones are not judged."""
    judged = len(values) - small
    grouping = Grouping(
        attributes=("a",),
        groups=tuple(GroupSize(group=(f"g{i}",), rows=100, judged=i < judged) for i in range(len(values))),
        estimates=tuple(
            Estimate(group=(f"g{i}",), metric="accuracy", of=None, value=value, low=low, high=high, n=n)
            for i, (low, value, high) in enumerate(values)
        ),
        gaps=(),
    )
    figure = GroupMetrics(
        name="groups", split="test", confidence=0.95, positive=None, favourable=None, min_ratio=None,
        groupings=(grouping,),
    )  # fmt: skip
    plot = forest(group_view(figure).groupings[0])
    assert plot is not None
    return plot


def numbers(path: str) -> list[tuple[float, float]]:
    """Where the parts of a path begin."""
    return [(float(x), float(y)) for x, y in re.findall(r"M(-?[\d.]+) (-?[\d.]+)", path)]


def value_at(panel: Panel, x: float) -> float:
    """The value that a place of the panel stands for, read off its ticks."""
    (x0, v0), (x1, v1) = panel.ticks[0], panel.ticks[-1]
    return v0 + (x - x0) / (x1 - x0) * (v1 - v0)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    """Ends and value, in order."""
    low, value, high = sorted(draw(st.tuples(*[st.floats(0, 1)] * 3)))
    return low, value, high


@given(st.lists(intervals(), min_size=1, max_size=12))
def test_points_and_intervals_lie_at_their_values(values: list[Interval]) -> None:
    """Read off the ticks, each point is the group's value and each line its interval, to a pixel."""
    panel = drawn(values).panels[0]
    pixel = (panel.ticks[-1][1] - panel.ticks[0][1]) / (panel.right - panel.left)
    ranked = sorted(values, key=lambda interval: -(interval[1] or 0))
    points = [x for x, _ in numbers(panel.judged.points)]
    lines = [(float(a), float(b)) for a, b in re.findall(r"M([\d.]+) [\d.]+H([\d.]+)", panel.judged.lines)]
    for (low, value, high), x, (start, end) in zip(ranked, points, lines, strict=True):
        found = [value_at(panel, place) for place in (start, x, end)]
        assert found == pytest.approx([low, value, high], abs=pixel)
    assert panel.judged.arrows == ""


@given(st.lists(intervals(), min_size=1, max_size=12), st.integers(0, 12))
def test_nothing_leaves_its_panel(values: list[Interval], small: int) -> None:
    """Points, lines and band of judged and of small groups stay between the ends of the scale."""
    panel = drawn(values, small=min(small, len(values))).panels[0]
    places = [x for marks in (panel.judged, panel.unjudged) for x, _ in numbers(marks.lines + marks.points)]
    places += [float(x) for marks in (panel.judged, panel.unjudged) for x in re.findall(r"H([\d.]+)", marks.lines)]
    # The outline of a diamond begins left of its middle.
    assert all(panel.left - 5 <= x <= panel.right + 0.1 for x in places)
    assert list(panel.grid) == sorted(set(panel.grid))
    assert 2 <= len(panel.ticks) <= 3
    assert set(dict(panel.ticks)) <= set(panel.grid)


def test_the_band_spans_what_is_judged() -> None:
    """The band reaches from the lowest to the highest judged value; a small group does not widen it."""
    panel = drawn([(0.4, 0.5, 0.6), (0.6, 0.7, 0.8), (0.0, 0.1, 0.9)], small=1).panels[0]
    assert panel.band is not None
    ends = [value_at(panel, panel.band[0]), value_at(panel, panel.band[0] + panel.band[1])]
    assert ends == pytest.approx([0.5, 0.7], abs=0.01)
    assert drawn([(0.0, 0.1, 0.9)], small=1).panels[0].band is None


def test_a_small_group_does_not_flatten_the_others() -> None:
    """The scale follows the judged intervals; the wide one of a small group ends in arrows instead of caps."""
    panel = drawn([(0.80, 0.81, 0.82), (0.84, 0.85, 0.86), (0.1, 0.83, 1.0)], small=1).panels[0]
    assert panel.ticks[0][1] >= 0.8
    assert panel.ticks[-1][1] <= 0.88
    assert len(numbers(panel.unjudged.arrows)) == 2
    assert "v" not in panel.unjudged.lines
    assert panel.judged.lines.count("v") == 4


def test_small_groups_differ_by_shape() -> None:
    """A judged value is a dot, that of a small group the outline of a diamond."""
    panel = drawn([(0.4, 0.5, 0.6), (0.4, 0.5, 0.6)], small=1).panels[0]
    assert re.fullmatch(r"M[\d.]+ [\d.]+h0", panel.judged.points)
    assert re.fullmatch(r"M[\d.]+ [\d.]+l.*z", panel.unjudged.points)


def test_an_undefined_value_has_a_place_and_no_mark() -> None:
    """A null value draws nothing and is told by its height; a value without an interval is a lone point."""
    plot = drawn([(0.4, 0.5, 0.6), (None, None, None), (None, 0.55, None)])
    panel = plot.panels[0]
    assert len(numbers(panel.judged.points)) == 2
    assert panel.judged.lines.count("H") == 1
    assert [name for y, name, _ in plot.names if y in panel.undefined] == ["g1"]
    assert drawn([(None, None, None)]).panels[0].band is None


def test_rows_stand_beside_a_rate_only_where_they_differ() -> None:
    """Where a rate is taken over all rows of each group its counts would repeat theirs, and are left out."""
    assert drawn([(0.4, 0.5, 0.6)]).panels[0].counts == ()
    assert [n for _, n in drawn([(0.4, 0.5, 0.6)], n=61.5).panels[0].counts] == [61.5]


def test_without_anything_to_draw_there_is_no_plot() -> None:
    """A grouping without groups, or without a rate that has a panel, has no plot."""
    figure = GroupMetrics(
        name="groups", split="test", confidence=0.95, positive=None, favourable=None, min_ratio=None,
        groupings=(Grouping(attributes=("a",), groups=(), estimates=(), gaps=()),),
    )  # fmt: skip
    assert forest(group_view(figure).groupings[0]) is None


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (["Female"], "Female"),
        (["Female", "African-American"], "Female · African-American"),
        (["Female", "w" * 200], "Female · wwwwwwwwwwwwwwww…"),
        (["w" * 200, "F", "字" * 50], "wwwwwwww… · F · 字字字字…"),
        (["a\nb\u202e"], "a b�"),
    ],
)
def test_every_value_of_an_intersection_is_told(values: list[str], name: str) -> None:
    """Long values are shortened before short ones, so that none is lost."""
    assert short_name(values) == name
    assert width(name) <= 26


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_a_name_fits_its_column(values: list[str]) -> None:
    """Whatever the values are, the name is one line within its columns."""
    name = short_name(values)
    assert width(name) <= 26
    assert "\n" not in name
