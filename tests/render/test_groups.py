"""What is shown of metrics by group: order, bounds, ratios against the highest rate, largest gaps."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.record.figures import Estimate, Gap, Grouping, GroupMetrics, GroupSize
from llmops_audit.render.groups_view import MAX_GROUPS, MAX_LINES, Metric, group_view, ratio_position

SELECTION = Metric("selection_rate", "yes")


def estimate(group: str, value: float | None, metric: Metric = SELECTION) -> Estimate:
    """A value of one group, without an interval."""
    return Estimate(group=(group,), metric=metric.name, of=metric.of, value=value, low=None, high=None, n=100)


def figure(
    values: dict[str, float | None],
    *,
    small: Sequence[str] = (),
    others: Sequence[Estimate] = (),
    gaps: Sequence[Gap] = (),
    favourable: str | None = "yes",
    comparator: str | None = None,
) -> GroupMetrics:
    """Selection rates of groups; `small` ones have 3 rows more each."""
    known = [(value, name) for name, value in values.items() if value is not None and name not in small]
    compared = comparator if comparator is not None or not known else max(known)[1]
    sizes = [
        GroupSize(group=(name,), rows=3 * (small.index(name) + 1) if name in small else 100, judged=name not in small)
        for name in values
    ]
    grouping = Grouping(
        attributes=("a",),
        groups=tuple(sizes),
        estimates=(*(estimate(name, value) for name, value in values.items()), *others),
        gaps=tuple(gaps),
        comparator=None if compared is None else (compared,),
        reference=comparator is not None,
    )
    return GroupMetrics(
        name="groups", split="test", confidence=0.95, positive="no", favourable=favourable, min_ratio=0.8,
        groupings=(grouping,),
    )  # fmt: skip


def gap(low: str, high: str, ratio: float | None, ends: tuple[float | None, float | None], **changes: object) -> Gap:
    """A gap of selection rates."""
    given: dict[str, object] = {
        "group": (low,), "compared_with": (high,), "metric": "selection_rate", "of": "yes",
        "difference": 0.1, "low": 0.0, "high": 0.2, "ratio": ratio, "ratio_low": ends[0], "ratio_high": ends[1],
    }  # fmt: skip
    return Gap.model_validate(given | changes)


def names(shown: GroupMetrics) -> list[str]:
    """The groups of the only grouping, in order."""
    return [line.values[0] for line in group_view(shown).groupings[0].lines]


def test_groups_stand_from_the_highest_rate_down() -> None:
    """Groups that can be ranked come first, then those without a value, then small ones, the largest first."""
    shown = figure({"s1": 0.99, "low": 0.2, "none": None, "high": 0.8, "s2": 0.01, "tie": 0.2}, small=["s1", "s2"])
    assert names(shown) == ["high", "low", "tie", "none", "s2", "s1"]


def test_of_many_groups_the_extremes_are_shown() -> None:
    """Of fifty groups the fifteen highest and the fifteen lowest are shown, and the others are counted."""
    values: dict[str, float | None] = {f"g{i:02d}": i / 100 for i in range(50)}
    shown = figure(values | {"tiny": 0.5}, small=["tiny"])
    assert names(shown) == [f"g{i:02d}" for i in (*range(49, 34, -1), *range(14, -1, -1))]
    view = group_view(shown).groupings[0]
    assert (view.hidden, view.hidden_small) == (21, 1)


@given(st.lists(st.integers(1, 70), max_size=20), st.integers(10, 200))
def test_no_report_shows_more_groups_than_it_has_room_for(sizes: list[int], room: int) -> None:
    """However many groupings there are, each keeps its bound, all keep the room, and what is left out is named."""
    groupings = tuple(
        Grouping(
            attributes=(f"a{i}",),
            groups=tuple(GroupSize(group=(str(j),), rows=100, judged=True) for j in range(size)),
            estimates=tuple(estimate(str(j), 1 - j / 100) for j in range(size)),
            gaps=(),
        )
        for i, size in enumerate(sizes)
    )
    view = group_view(figure({}).model_copy(update={"groupings": groupings}), room)
    counts = [len(grouping.lines) for grouping in view.groupings]
    assert sum(counts) <= room
    assert all(count <= min(MAX_GROUPS, size) for count, size in zip(counts, sizes, strict=False))
    assert all(g.hidden == size - len(g.lines) for g, size in zip(view.groupings, sizes, strict=False))
    shown = [grouping.attributes for grouping in view.groupings]
    assert [*shown, *view.hidden] == [grouping.attributes for grouping in groupings]


def test_the_first_grouping_is_always_shown() -> None:
    """A single grouping within the bounds is shown whole."""
    assert len(names(figure({str(i): 0.5 for i in range(MAX_GROUPS)}))) == MAX_GROUPS <= MAX_LINES


@pytest.mark.parametrize(
    ("favourable", "found", "panels"),
    [
        (
            "yes",
            [Metric("f1", "no"), Metric("accuracy"), Metric("precision", "no"), Metric("true_positive_rate", "no"),
             Metric("true_positive_rate", "yes"), Metric("false_positive_rate", "no")],
            [SELECTION, Metric("true_positive_rate", "no"), Metric("false_positive_rate", "no"), Metric("accuracy")],
        ),
        (
            None,
            [Metric("recall", "no"), Metric("balanced_accuracy"), Metric("accuracy")],
            [Metric("accuracy"), Metric("balanced_accuracy")],
        ),
    ],
)  # fmt: skip
def test_panels_are_the_rates_that_matter(favourable: str | None, found: list[Metric], panels: list[Metric]) -> None:
    """With a favourable answer selection and error rates and accuracy; without one, what speaks of all labels."""
    others = [estimate("g", 0.5, metric) for metric in found]
    shown = figure({"g": 0.5}, others=others, favourable=favourable)
    assert list(group_view(shown).groupings[0].panels) == panels


def test_ratios_are_against_the_highest_rate_that_is_judged() -> None:
    """A small group sets no standard; ratio and interval are those of the pair with the highest group."""
    gaps = [gap("b", "a", 0.5, (0.4, 0.7)), gap("c", "a", 0.75, (0.6, None)), gap("b", "c", 0.66, (0.5, 0.79))]
    shown = figure({"tiny": 1.0, "a": 0.8, "b": 0.4, "c": 0.6}, small=["tiny"], gaps=gaps)
    ratios = {ratio.line.values[0]: ratio for ratio in group_view(shown).groupings[0].ratios}
    assert [name for name, ratio in ratios.items() if ratio.comparator] == ["a"]
    assert (ratios["b"].value, ratios["b"].low, ratios["b"].high) == (0.5, 0.4, 0.7)
    assert [(r.under, r.surely) for r in (ratios["b"], ratios["c"], ratios["tiny"])] == [
        (True, True),
        (True, False),
        (False, False),
    ]


def test_two_groups_with_the_highest_rate_are_compared_in_either_order() -> None:
    """Where the pair stands the other way round, ratio and interval are turned over."""
    given = figure({"a": 0.5, "b": 0.5}, gaps=[gap("a", "b", 1.0, (0.8, None))], comparator="a")
    ratio = group_view(given).groupings[0].ratios[1]
    assert (ratio.value, ratio.low, ratio.high) == (1.0, None, 1.25)


def test_the_comparator_is_the_one_of_the_record() -> None:
    """The group that the spec names is compared with, and a group with a higher rate has a ratio above 1."""
    given = figure({"a": 0.8, "b": 0.4}, gaps=[gap("b", "a", 0.5, (0.4, 0.8))], comparator="b")
    view = group_view(given).groupings[0]
    assert view.reference
    assert view.comparator is not None
    assert view.comparator.values == ("b",)
    above, itself = view.ratios
    assert (above.value, above.low, above.high, above.comparator) == (2.0, 1.25, 2.5, False)
    assert itself.comparator


@pytest.mark.parametrize(
    ("ends", "marked"),
    [((0.4, 0.7), (True, True)), ((0.4, 0.9), (True, False)), ((0.4, None), (True, False))],
)
def test_of_a_ratio_above_1_the_inverse_is_marked(
    ends: tuple[float | None, float | None], marked: tuple[bool, bool]
) -> None:
    """Where the group that the spec names is worse off, the ratio of its rate to the other one is under the limit."""
    given = figure({"a": 0.8, "b": 0.4}, gaps=[gap("b", "a", 0.5, ends)], comparator="b")
    above, itself = group_view(given).groupings[0].ratios
    assert (above.inverse, itself.inverse) == (True, False)
    assert (above.under, above.surely) == marked
    assert (itself.under, itself.surely) == (False, False)


def test_a_rate_compared_with_0_is_above_any_minimum() -> None:
    """A ratio to a rate of 0 has no number, is not taken for one that is missing, and its inverse is 0."""
    given = figure({"a": 0.8, "b": 0.0}, gaps=[gap("b", "a", 0.0, (0.0, 0.1))], comparator="b")
    above, itself = group_view(given).groupings[0].ratios
    assert (above.value, above.above_any, above.under, above.surely) == (None, True, True, True)
    assert not itself.above_any
    highest = given.model_copy(update={"groupings": (given.groupings[0].model_copy(update={"reference": False}),)})
    above, _ = group_view(highest).groupings[0].ratios
    assert (above.above_any, above.inverse, above.under, above.surely) == (True, False, False, False)


def test_base_rates_stand_beside_selection_rates() -> None:
    """The share of rows with the favourable label has a place of its own, and is a column of the table."""
    base = Metric("base_rate", "yes")
    view = group_view(figure({"a": 0.8, "b": 0.4}, others=[estimate("a", 0.6, base)])).groupings[0]
    assert [None if one.base is None else one.base.value for one in view.ratios] == [0.6, None]
    assert base in view.metrics


@pytest.mark.parametrize("values", [{}, {"a": None}])
def test_without_a_rate_there_is_no_ratio(values: dict[str, float | None]) -> None:
    """Nothing is compared where no group has a selection rate."""
    assert group_view(figure(values)).groupings[0].ratios == ()


def test_the_largest_gap_of_each_metric_is_found() -> None:
    """Among the gaps of a metric the largest difference is kept, undefined ones are not; metrics are kept apart."""
    gaps = [
        gap("a", "b", None, (None, None), difference=0.1),
        gap("a", "c", None, (None, None), difference=0.3),
        gap("b", "c", None, (None, None), difference=None),
        gap("b", "c", None, (None, None), difference=0.2, metric="recall", of="no"),
    ]
    view = group_view(figure({"a": 0.1, "b": 0.2, "c": 0.4}, gaps=gaps)).groupings[0]
    assert [(metric, found.difference) for metric, found in view.gaps] == [
        (SELECTION, 0.3),
        (Metric("recall", "no"), 0.2),
    ]


def test_of_two_labels_one_is_told() -> None:
    """Selection rates of the favourable answer and error rates of the positive label are shown, not their mirrors."""
    kept = [Metric("accuracy"), Metric("precision", "no")]
    mirrors = [Metric("selection_rate", "no"), Metric("precision", "yes")]
    gaps = [gap("b", "a", None, (None, None), of=of) for of in ("no", "yes")]
    shown = figure({"a": 0.5, "b": 0.4}, others=[estimate("a", 0.5, m) for m in (*mirrors, *kept)], gaps=gaps)
    view = group_view(shown).groupings[0]
    assert view.metrics == (SELECTION, *kept)
    assert view.hidden_metrics == 2
    assert [metric for metric, _ in view.gaps] == [SELECTION]


def test_metrics_of_all_labels_come_before_those_of_one() -> None:
    """Of many metrics by label those that speak of all labels are kept, and the others are counted."""
    others = [estimate("g", 0.5, Metric("recall", f"intent {i}")) for i in range(40)]
    shown = figure({"g": 0.5}, others=[*others, estimate("g", 0.5, Metric("macro_f1"))])
    shown = shown.model_copy(update={"positive": None, "favourable": None})
    view = group_view(shown).groupings[0]
    assert Metric("macro_f1") in view.metrics
    assert len(view.metrics) == 16
    assert view.hidden_metrics == 26


def test_bars_end_where_the_scale_ends() -> None:
    """A ratio lies in proportion on the scale; one beyond it, or without bound, at its end."""
    assert [ratio_position(x) for x in (0.0, 0.5, 1.25, 7.0, None)] == [0.0, 40.0, 100.0, 100.0, 100.0]


def test_the_sample_is_shown_whole(sample: ModuleType) -> None:
    """A figure within the bounds hides nothing."""
    view = group_view(sample.group_metrics())
    assert [len(grouping.lines) for grouping in view.groupings] == [3, 4, 12]
    assert not view.hidden
    assert not any(g.hidden or g.hidden_small or g.hidden_metrics for g in view.groupings)


def test_a_title_names_the_groups_furthest_apart(sample: ModuleType) -> None:
    """Those with the lowest and the highest value of the groups that are judged; one alone is not apart."""
    shown = group_view(sample.group_metrics()).groupings[0]
    found = shown.extremes
    assert found is not None
    assert (found.lowest.values, found.highest.values) == (("Male",), ("Female",))
    assert found.low < found.high
    alone = sample.group_metrics(groupings=(sample.grouping(["sex"], {("Female",): 900, ("Male",): 9}),))
    assert group_view(alone).groupings[0].extremes is None
