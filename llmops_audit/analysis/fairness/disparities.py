"""Fairlearn's disparities: the largest difference, the smallest ratio and the worst group of each attribute."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from llmops_audit.analysis.fairness.gaps import Comparison
from llmops_audit.analysis.fairness.grouping import JOINT, Grouped
from llmops_audit.analysis.fairness.rates import Metric
from llmops_audit.analysis.fairness.rules import DIFFERENCES, metrics_of
from llmops_audit.check.verdicts import finite
from llmops_audit.record import Column, Label, Message, Scalar, Table, interval_columns, message

__all__ = ["disparity_table"]

RATIOS: Mapping[str, tuple[str, ...]] = {
    "demographic_parity_ratio": ("selection_rate",),
    "equalized_odds_ratio": ("true_positive_rate", "false_positive_rate"),
}
WORST = ("accuracy", "true_positive_rate", "precision", "f1")


def disparity_table(
    groupings: Sequence[Grouped], spoken: Sequence[Label], favourable: Label | None, confidence: float
) -> Table:
    """Return Fairlearn's disparities of each attribute, with the pair of groups that makes each and its interval."""
    rows: list[dict[str, Scalar | Message]] = []
    for one in groupings:
        for name, rates in {**DIFFERENCES, **RATIOS}.items():
            known = [metric for metric in metrics_of(rates, spoken, favourable) if metric in one.metrics()]
            comparisons = [comparison for metric in known if (comparison := one.comparison(metric)).pairs]
            if comparisons:
                rows.append({"attribute": one.attribute, "metric": name, **_extreme(comparisons, name, confidence)})
        for name in WORST:
            for metric in metrics_of([name], spoken, favourable):
                worst = _worst_group(one, metric, confidence)
                if worst is not None:
                    rows.append({"attribute": one.attribute, "metric": f"worst_group_{name}", **worst})
    return Table(
        name="disparities",
        chapter="fairness",
        caption=message(
            "Disparities between the groups that have enough rows; the interval is that of the pair, or group, that "
            "makes each, and does not allow for its having been picked"
        ),
        columns=(
            Column(key="attribute", heading=message("Attribute")),
            Column(key="metric", heading=message("Metric")),
            Column(key="value", heading=message("Value"), format="number"),
            *interval_columns(),
            Column(key="group", heading=message("Group")),
            Column(key="compared_with", heading=message("Compared with")),
            Column(key="label", heading=message("Label")),
        ),
        rows=tuple(rows),
    )


def _worst_group(one: Grouped, metric: Metric, confidence: float) -> dict[str, Scalar | Message] | None:
    rates = [(rate.value, group, rate) for group in one.judged if (rate := one.rates[group].get(metric)) is not None]
    defined = [(value, group, rate) for value, group, rate in rates if value is not None]
    if not defined:
        return None
    value, group, rate = min(defined, key=lambda item: item[:2])
    low, high = finite(rate.bounds(confidence))
    return {"value": value, "low": low, "high": high, "group": JOINT.join(group), **_label(metric)}


def _extreme(comparisons: Sequence[Comparison], name: str, confidence: float) -> dict[str, Scalar | Message]:
    found: list[tuple[float, Comparison, int]] = []
    for one in comparisons:
        with np.errstate(invalid="ignore", divide="ignore"):
            values = one.values[0] / one.values[1] if name in RATIOS else one.values[0] - one.values[1]
        # Where nobody is selected there is no ratio, but another pair may have one.
        values = np.where(np.isnan(values), np.inf, values)
        found.append((float(values.min()), one, int(values.argmin())))
    value, one, at = min(found, key=lambda item: item[0])
    low, high = finite(ends[at] for ends in (one.ratios if name in RATIOS else one.differences)(confidence))
    first, second = (JOINT.join(group) for group in one.pairs[at])
    if name not in RATIOS:
        value, first, second = -value, second, first
    told = value if math.isfinite(value) else None
    return {
        "value": told, "low": low, "high": high, "group": first, "compared_with": second, **_label(one.metric)
    }  # fmt: skip


def _label(metric: Metric) -> dict[str, Scalar | Message]:
    return {} if metric[1] is None else {"label": metric[1]}
