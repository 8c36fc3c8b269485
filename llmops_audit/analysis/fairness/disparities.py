"""Fairlearn's disparities: the largest difference, the smallest ratio and the worst group of each attribute."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from llmops_audit.analysis.fairness.gaps import PairwiseGaps
from llmops_audit.analysis.fairness.group_metrics import GROUP_METRICS, Disparity
from llmops_audit.analysis.fairness.grouping import JOINT, Grouped
from llmops_audit.analysis.fairness.rates import MetricKey
from llmops_audit.analysis.fairness.rules import metric_keys
from llmops_audit.check.verdicts import finite
from llmops_audit.record import Column, Label, Message, Scalar, Table, interval_columns, message

__all__ = ["disparity_table"]

TableRow = dict[str, Scalar | Message]


def disparity_table(
    groupings: Sequence[Grouped], targets: Sequence[Label], favourable: Label | None, confidence: float
) -> Table:
    """Return Fairlearn's disparities of each attribute, with the pair of groups that makes each and its interval.

    Beside each stands the gap that is most certain: that of the pair whose rows are least likely where there is none.
    The largest gap is often that of a group of few rows.
    """
    rows = [row for one in groupings for row in _disparities(one, targets, favourable, confidence)]
    return Table(
        name="disparities",
        chapter="fairness",
        caption=message(
            "Disparities between the groups that have enough rows. Each interval is that of the pair, or group, shown; "
            "it makes no allowance for picking the most extreme one. The most certain gap is that of the pair of "
            "groups whose rows are least likely where there is no gap, with the end of its interval, corrected for the "
            "number of pairs"
        ),
        columns=(
            Column(key="attribute", heading=message("Attribute")),
            Column(key="metric", heading=message("Metric")),
            Column(key="value", heading=message("Value"), format="number"),
            *interval_columns(),
            Column(key="group", heading=message("Group")),
            Column(key="compared_with", heading=message("Compared with")),
            Column(key="label", heading=message("Label")),
            Column(key="certain", heading=message("The most certain gap"), format="number"),
            Column(key="certain_end", heading=message("At least, or at most"), format="number"),
            Column(key="certain_group", heading=message("Group")),
            Column(key="certain_compared_with", heading=message("Compared with")),
        ),
        rows=tuple(rows),
    )


def _disparities(
    one: Grouped, targets: Sequence[Label], favourable: Label | None, confidence: float
) -> Iterator[TableRow]:
    keys = {name: metric_keys(metric, targets, favourable) for name, metric in GROUP_METRICS.items()}
    for as_ratio in (False, True):
        for disparity, parts in _described(as_ratio=as_ratio):
            known = [key for name in parts for key in keys[name] if key in one.metrics()]
            pairwise = [found for key in known if (found := one.gaps(key)).pairs]
            if pairwise:
                extreme = _extreme(pairwise, confidence, as_ratio=as_ratio)
                certain = _certain(pairwise, confidence, as_ratio=as_ratio)
                yield {"attribute": one.attribute, "metric": disparity.name, **extreme, **certain}
    for name, metric in GROUP_METRICS.items():
        if metric.worst_group is None:
            continue
        for key in keys[name]:
            worst = _worst_group(one, key, confidence)
            if worst is not None:
                yield {"attribute": one.attribute, "metric": metric.worst_group.name, **worst}


def _described(*, as_ratio: bool) -> Iterator[tuple[Disparity, tuple[str, ...]]]:
    """Each disparity with the metrics that it is the largest, or the smallest, of."""
    for name, metric in GROUP_METRICS.items():
        if as_ratio and metric.smallest_ratio is not None:
            yield metric.smallest_ratio, (name,)
        if not as_ratio and metric.largest_difference is not None:
            yield metric.largest_difference, (name,)
        if not as_ratio and metric.described and metric.difference is not None:
            yield metric.difference, (name, *metric.difference_parts)


def _worst_group(one: Grouped, metric: MetricKey, confidence: float) -> TableRow | None:
    rates = [(rate.value, group, rate) for group in one.judged if (rate := one.rates[group].get(metric)) is not None]
    defined = [(value, group, rate) for value, group, rate in rates if value is not None]
    if not defined:
        return None
    value, group, rate = min(defined, key=lambda item: item[:2])
    low, high = finite(rate.bounds(confidence))
    return {"value": value, "low": low, "high": high, "group": JOINT.join(group), **_label(metric)}


def _certain(pairwise: Sequence[PairwiseGaps], confidence: float, *, as_ratio: bool) -> TableRow:
    """Return the pair whose gap is most certain, empty where even that may be none."""
    pairs = [(*_doubt(one, at, confidence), one, at) for one in pairwise for at in range(len(one.pairs))]
    *_, one, at = min(pairs, key=lambda pair: pair[:2])
    stricter = 1 - (1 - confidence) / len(pairs)
    below, above = (float(value) for value in one.values[:, at])
    first, second = (JOINT.join(group) for group in one.pairs[at])
    end = one.ratio(at, stricter)[1] if as_ratio else one.difference(at, stricter)[0]
    if as_ratio:
        return {} if end >= 1 else _row(below / above, end, first, second)
    return {} if end <= 0 else _row(above - below, end, second, first)


def _row(value: float, end: float, group: str, other: str) -> TableRow:
    return {"certain": value, "certain_end": end, "certain_group": group, "certain_compared_with": other}


def _doubt(one: PairwiseGaps, at: int, confidence: float) -> tuple[float, float]:
    """How likely such rows are where there is no gap, on some scale, and less the gap for those that are alike."""
    gap = float(one.values[1, at] - one.values[0, at])
    if one.share:
        return float(one.exact()[at]), -gap
    reach = gap - float(one.differences(confidence)[0][at])
    return (-gap / reach if reach > 0 else 0.0), -gap


def _extreme(pairwise: Sequence[PairwiseGaps], confidence: float, *, as_ratio: bool) -> TableRow:
    found: list[tuple[float, PairwiseGaps, int]] = []
    for one in pairwise:
        with np.errstate(invalid="ignore", divide="ignore"):
            values = one.values[0] / one.values[1] if as_ratio else one.values[0] - one.values[1]
        # Where nobody is selected there is no ratio, but another pair may have one.
        values = np.where(np.isnan(values), np.inf, values)
        found.append((float(values.min()), one, int(values.argmin())))
    value, one, at = min(found, key=lambda item: item[0])
    low, high = finite(ends[at] for ends in (one.ratios if as_ratio else one.differences)(confidence))
    first, second = (JOINT.join(group) for group in one.pairs[at])
    if not as_ratio:
        value, first, second = -value, second, first
    return {
        "value": value if math.isfinite(value) else None, "low": low, "high": high,
        "group": first, "compared_with": second, **_label(one.metric),
    }  # fmt: skip


def _label(metric: MetricKey) -> TableRow:
    return {} if metric[1] is None else {"label": metric[1]}
