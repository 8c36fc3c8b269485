"""What the report shows of metrics by group, and in which order. No language, no markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.record.base import Label
from llmops_audit.record.figures import Estimate, Gap, Grouping, GroupMetrics

__all__ = [
    "Extremes",
    "GroupLine",
    "GroupView",
    "GroupingView",
    "Metric",
    "Ratio",
    "against",
    "group_view",
    "inverted",
    "ratio_position",
]

MAX_LINES = 120
"""Groups that a report shows in all, so that it stays under 500 kB."""

MAX_GROUPINGS = 12
MAX_GROUPS, MIN_GROUPS = 30, 6
MAX_METRICS = 16
MAX_PANELS = 4
_RATIO_END = 1.25

_SELECTION, _BASE = "selection_rate", "base_rate"
# Shares of rows, and means of such shares, which are written as percent.
_SHARES = frozenset(
    {
        _SELECTION, _BASE, "accuracy", "valid_output_rate", "true_positive_rate", "false_positive_rate",
        "true_negative_rate", "false_negative_rate", "precision", "balanced_accuracy", "macro_precision",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """A metric with the label that it speaks of, None for all labels."""

    name: str
    of: Label | None = None

    @property
    def share(self) -> bool:
        """Whether it is written as percent."""
        return self.name in _SHARES


@dataclass(frozen=True)
class GroupLine:
    """A group with what was measured of it."""

    values: tuple[str, ...]
    rows: int
    judged: bool
    reported: bool
    estimates: Mapping[Metric, Estimate]


@dataclass(frozen=True)
class Ratio:
    """The selection rate of a group over that of the group that others are compared with.

    Attributes
    ----------
    line : GroupLine
    rate : Estimate, optional
    base : Estimate, optional
        The share of its labelled rows that have the favourable label.
    comparator : bool
        The group is the one that the others are compared with.
    value, low, high : float, optional
        Null where the group is not compared; a null end is unbounded.
    above_any : bool
        The group is compared with a rate of 0, and its own is higher.
    inverse : bool
        The rate is above that of the group that the spec names, so that the inverse of the ratio is judged.
    under, surely : bool
        The ratio that is judged, or its whole interval, is under the smallest one that is required.
    """

    line: GroupLine
    rate: Estimate | None
    base: Estimate | None
    comparator: bool
    value: float | None
    low: float | None
    high: float | None
    above_any: bool
    inverse: bool
    under: bool
    surely: bool


@dataclass(frozen=True)
class Extremes:
    """The judged groups with the lowest and the highest value of a metric, and these values."""

    metric: Metric
    lowest: GroupLine
    low: float
    highest: GroupLine
    high: float


@dataclass(frozen=True)
class GroupingView:
    """The groups of one attribute, or of an intersection.

    Attributes
    ----------
    attributes : tuple of str
    lines : tuple of GroupLine
        Those that can be ranked by the first panel first, from the highest value down.
    hidden, hidden_small : int
        Groups that are not shown, and how many of these have too few rows to be judged.
    panels : tuple of Metric
        What the forest plot shows.
    metrics : tuple of Metric
        What the table shows.
    hidden_metrics : int
    comparator : GroupLine, optional
        The group that selection rates are compared with.
    reference : bool
        Whether the spec names it; otherwise it has the highest rate of the groups with a value and enough rows.
    ratios : tuple of Ratio
        By line; empty where there is no favourable outcome, or no rate to compare with.
    gaps : tuple of (Metric, Gap)
        The largest gap of each metric.
    """

    attributes: tuple[str, ...]
    lines: tuple[GroupLine, ...]
    hidden: int
    hidden_small: int
    panels: tuple[Metric, ...]
    metrics: tuple[Metric, ...]
    hidden_metrics: int
    comparator: GroupLine | None
    reference: bool
    ratios: tuple[Ratio, ...]
    gaps: tuple[tuple[Metric, Gap], ...]

    @property
    def extremes(self) -> Extremes | None:
        """What a title says of the groups: how far apart they are in the first panel; null for fewer than two."""
        if not self.panels:
            return None
        metric = self.panels[0]
        valued = [(_value(line, metric), line) for line in self.lines if line.judged]
        ranked = sorted(((value, line) for value, line in valued if value is not None), key=lambda pair: pair[0])
        if len(ranked) < 2:
            return None
        (low, lowest), (high, highest) = ranked[0], ranked[-1]
        return Extremes(metric, lowest, low, highest, high)


@dataclass(frozen=True)
class GroupView:
    """A figure with the groupings that are shown, and the attributes of those that are not."""

    figure: GroupMetrics
    groupings: tuple[GroupingView, ...]
    hidden: tuple[tuple[str, ...], ...]


def group_view(figure: GroupMetrics, room: int = MAX_LINES) -> GroupView:
    """Return what is shown of a figure, at most `room` groups in all; the record holds the rest."""
    shown: list[GroupingView] = []
    for grouping in figure.groupings[:MAX_GROUPINGS]:
        left = room - sum(len(view.lines) for view in shown)
        if left < min(MIN_GROUPS, len(grouping.groups)):
            break
        shown.append(_grouping(figure, grouping, min(left, MAX_GROUPS)))
    return GroupView(figure, tuple(shown), tuple(grouping.attributes for grouping in figure.groupings[len(shown) :]))


def ratio_position(ratio: float | None) -> float:
    """Return the position of a ratio on the scale of the bars, in percent; a ratio without bound is at its end."""
    return 100.0 if ratio is None else round(100 * min(ratio / _RATIO_END, 1.0), 2)


def _grouping(figure: GroupMetrics, grouping: Grouping, room: int) -> GroupingView:
    found: dict[tuple[str, ...], dict[Metric, Estimate]] = {size.group: {} for size in grouping.groups}
    for estimate in grouping.estimates:
        found.setdefault(estimate.group, {})[Metric(estimate.metric, estimate.of)] = estimate
    metrics = tuple(dict.fromkeys(Metric(estimate.metric, estimate.of) for estimate in grouping.estimates))
    favourable, positive = _labels(figure)
    panels = tuple(metric for metric in _preferred(favourable, positive) if metric in metrics)[:MAX_PANELS]
    lines = [
        GroupLine(size.group, size.rows, size.judged, size.reported, found[size.group]) for size in grouping.groups
    ]
    ranked, rest = _ranked(lines, panels)
    shown = _bounded(ranked, rest, room)
    hidden = len(lines) - len(shown)
    small = sum(not line.judged for line in lines) - sum(not line.judged for line in shown)
    compared = next((line for line in lines if line.values == grouping.comparator), None)
    columns = _most_general([metric for metric in metrics if _informative(metric, favourable, positive)])
    return GroupingView(
        attributes=grouping.attributes,
        lines=shown,
        hidden=hidden,
        hidden_small=small,
        panels=panels,
        metrics=columns,
        hidden_metrics=len(metrics) - len(columns),
        comparator=compared,
        reference=grouping.reference,
        ratios=_ratios(figure, grouping, shown, compared),
        gaps=_largest(gap for gap in grouping.gaps if _informative(Metric(gap.metric, gap.of), favourable, positive)),
    )


def _labels(figure: GroupMetrics) -> tuple[Label | None, Label | None]:
    """Return the label of selection rates and the label of error rates."""
    favourable, positive = figure.favourable, figure.positive
    return positive if favourable is None else favourable, favourable if positive is None else positive


def _informative(metric: Metric, favourable: Label | None, positive: Label | None) -> bool:
    # With two labels the metrics of one mirror those of the other.
    return positive is None or metric.of in (
        None,
        favourable if metric.name in (_SELECTION, _BASE) else positive,
    )


def _preferred(favourable: Label | None, positive: Label | None) -> tuple[Metric, ...]:
    return (
        Metric(_SELECTION, favourable),
        Metric("true_positive_rate", positive),
        Metric("false_positive_rate", positive),
        Metric("accuracy"),
        Metric("precision", positive),
        Metric("balanced_accuracy"),
        Metric("macro_precision"),
    )


def _value(line: GroupLine, metric: Metric) -> float | None:
    estimate = line.estimates.get(metric)
    return None if estimate is None else estimate.value


def _ranked(lines: Sequence[GroupLine], panels: Sequence[Metric]) -> tuple[list[GroupLine], list[GroupLine]]:
    valued = [(_value(line, panels[0]) if panels and line.judged else None, line) for line in lines]
    ranked = sorted(((value, line) for value, line in valued if value is not None), key=lambda pair: -pair[0])
    rest = sorted((line for value, line in valued if value is None), key=lambda line: (not line.judged, -line.rows))
    return [line for _, line in ranked], rest


def _bounded(ranked: Sequence[GroupLine], rest: Sequence[GroupLine], room: int) -> tuple[GroupLine, ...]:
    half = room // 2
    extreme = ranked if len(ranked) <= room else [*ranked[:half], *ranked[-half:]]
    return (*extreme, *rest[: room - len(extreme)])


def _most_general(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    kept = set(sorted(metrics, key=lambda metric: metric.of is not None)[:MAX_METRICS])
    return tuple(metric for metric in metrics if metric in kept)


def _ratios(
    figure: GroupMetrics, grouping: Grouping, shown: Sequence[GroupLine], compared: GroupLine | None
) -> tuple[Ratio, ...]:
    metric, base = (Metric(name, figure.favourable) for name in (_SELECTION, _BASE))
    if figure.favourable is None or compared is None:
        return ()
    pairs = {(gap.group, gap.compared_with): gap for gap in grouping.gaps if Metric(gap.metric, gap.of) == metric}
    ratios = []
    for line in shown:
        value, low, high = against(pairs, line.values, compared.values)
        rate, other = _value(line, metric), _value(compared, metric)
        inverse = grouping.reference and line.judged and rate is not None and other is not None and rate > other
        judged, judged_high = (0.0 if other == 0 else inverted(value), inverted(low)) if inverse else (value, high)
        ratios.append(
            Ratio(
                line=line,
                rate=line.estimates.get(metric),
                base=line.estimates.get(base),
                comparator=line is compared,
                value=value,
                low=low,
                high=high,
                above_any=line.judged and rate is not None and rate > 0 and other == 0,
                inverse=inverse,
                under=_under(judged, figure.min_ratio),
                surely=_under(judged_high, figure.min_ratio),
            )
        )
    return tuple(ratios)


def against(
    pairs: Mapping[tuple[tuple[str, ...], tuple[str, ...]], Gap], group: tuple[str, ...], compared: tuple[str, ...]
) -> tuple[float | None, float | None, float | None]:
    """Return the ratio of a group's rate to that of another, with its interval; null where it is not known."""
    gap = pairs.get((group, compared))
    if gap is not None:
        return gap.ratio, gap.ratio_low, gap.ratio_high
    # A group with a higher rate stands second in the pair, and so may one with the same rate.
    gap = pairs.get((compared, group))
    if gap is None:
        return None, None, None
    return inverted(gap.ratio), inverted(gap.ratio_high), inverted(gap.ratio_low)


def _under(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value < limit


def inverted(value: float | None) -> float | None:
    """Return 1 over a ratio; null where that is undefined."""
    return 1 / value if value else None


def _largest(gaps: Iterable[Gap]) -> tuple[tuple[Metric, Gap], ...]:
    largest: dict[Metric, tuple[float, Gap]] = {}
    for gap in gaps:
        metric = Metric(gap.metric, gap.of)
        if gap.difference is not None and (metric not in largest or gap.difference > largest[metric][0]):
            largest[metric] = (gap.difference, gap)
    by_size = sorted(largest, key=lambda metric: -largest[metric][0])
    kept = set(by_size[:MAX_METRICS])
    return tuple((metric, gap) for metric, (_, gap) in largest.items() if metric in kept)
