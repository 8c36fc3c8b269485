"""Metrics by group, as numbers: estimates with their intervals, and the gaps between groups."""

from __future__ import annotations

from typing import Literal

from llmops_audit.record.base import Frozen, Label

__all__ = ["Estimate", "Gap", "GroupMetrics", "GroupSize", "Grouping"]


class GroupSize(Frozen):
    """A group and its rows."""

    group: tuple[str, ...]
    """Values of the attributes, one for each."""
    rows: int
    """Rows of the group."""
    judged: bool
    """Whether it is judged."""
    reported: bool = False
    """Whether it has rows enough and is not judged all the same: it has no value, and the spec asks only to report such
    rows, or none of its outputs is a label."""


class Estimate(Frozen):
    """A metric of one group."""

    group: tuple[str, ...]
    """Values of the attributes, one for each."""
    metric: str
    """The field's name of the metric."""
    of: Label | None
    """The label that it speaks of; null where it speaks of all."""
    value: float | None
    """The measured value; null where there is no row to take it over."""
    low: float | None
    """Lower end of its confidence interval; null where there is none."""
    high: float | None
    """Upper end of its confidence interval; null where there is none."""
    n: float
    """Rows that it is taken over; the effective number where rows are weighted or depend on each other."""


class Gap(Frozen):
    """A metric of one group beside that of another."""

    group: tuple[str, ...]
    """The group with the lower value."""
    compared_with: tuple[str, ...]
    """The group with the higher value."""
    metric: str
    """The field's name of the metric."""
    of: Label | None
    """The label that it speaks of; null where it speaks of all."""
    difference: float | None
    """Value of `compared_with` less that of `group`, which is not below 0; null where one of them is undefined."""
    low: float | None
    """Lower end of the confidence interval of the difference."""
    high: float | None
    """Upper end of the confidence interval of the difference."""
    ratio: float | None = None
    """Value of `group` over that of `compared_with`; null where it is undefined."""
    ratio_low: float | None = None
    """Lower end of the confidence interval of the ratio; null where it is unbounded."""
    ratio_high: float | None = None
    """Upper end of the confidence interval of the ratio; null where it is unbounded."""
    p_value: float | None = None
    """p-value of the hypothesis that both are equal, before correction."""
    p_adjusted: float | None = None
    """The same, adjusted over all gaps of the figure."""
    detectable: float | None = None
    """The smallest difference that so many rows would find with a probability of 80 %."""


class Grouping(Frozen):
    """The groups that one attribute, or the intersection of several, makes."""

    attributes: tuple[str, ...]
    """The columns of the attributes."""
    groups: tuple[GroupSize, ...]
    """The groups with their rows."""
    estimates: tuple[Estimate, ...]
    """Each metric of each group."""
    gaps: tuple[Gap, ...]
    """Each metric of each pair of groups that was compared."""
    comparator: tuple[str, ...] | None = None
    """The group whose selection rate the others' are divided by; null where there is none."""
    reference: bool = False
    """Whether the spec names it; otherwise it is the group with the highest rate, of those with a value and enough
    rows."""


class GroupMetrics(Frozen):
    """Every metric by group, with or without a requirement."""

    kind: Literal["group_metrics"] = "group_metrics"
    """Tells the kinds of figures apart."""
    name: str
    """Key under `figures` of the record; unique in an audit."""
    split: str
    """The split whose rows were compared."""
    confidence: float
    """Confidence of every interval."""
    positive: Label | None
    """The label that error rates speak of."""
    favourable: Label | None
    """The prediction that is good for the person; selection rates speak of it."""
    min_ratio: float | None
    """The smallest ratio of selection rates that is required, such as four fifths; null where none is."""
    groupings: tuple[Grouping, ...]
    """The groups, single attributes first."""
