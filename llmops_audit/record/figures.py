"""Figures: the numbers behind every table and picture of a report, never pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from llmops_audit.record.base import Frozen, Label, Message, Scalar, message
from llmops_audit.record.bias_figure import BiasAudit, BiasTable, Category
from llmops_audit.record.curves_figure import FALSE_POSITIVE_RATES, RECALLS, Curve, Curves
from llmops_audit.record.drift_figure import Drift
from llmops_audit.record.group_figure import Estimate, Gap, Grouping, GroupMetrics, GroupSize

__all__ = [
    "FALSE_POSITIVE_RATES",
    "RECALLS",
    "BiasAudit",
    "BiasTable",
    "Category",
    "Column",
    "ConfusionMatrix",
    "Curve",
    "Curves",
    "Drift",
    "Estimate",
    "Figure",
    "Gap",
    "GroupMetrics",
    "GroupSize",
    "Grouping",
    "NamedFigure",
    "Table",
    "interval_columns",
]


Chapter = Literal["performance", "fairness", "drift", "personal_data"]
"""Chapters of the report that a check's tables can belong to."""


class Column(Frozen):
    """A column of a table."""

    key: str
    """Its key in the rows."""
    heading: Message
    """Its heading."""
    format: Literal["text", "message", "count", "share", "number", "p_value"] = "text"
    """How its values are written; a share is between 0 and 1."""


class Table(Frozen):
    """Numbers that a check wants shown, judged or not."""

    kind: Literal["table"] = "table"
    """Tells the kinds of figures apart."""
    name: str
    """Key under `figures` of the record; unique in an audit."""
    caption: Message
    """What the table shows."""
    columns: tuple[Column, ...]
    """Its columns, from left to right."""
    rows: tuple[dict[str, Scalar | Message], ...]
    """Its rows, each with a value for the key of each column; null is undefined."""
    chapter: Chapter | None = None
    """Chapter of the report that shows it; null where it has none of its own."""


def interval_columns(format: Literal["share", "number"] = "number") -> tuple[Column, Column]:
    """Return the columns of the ends of an interval, ``low`` and ``high``."""
    return (
        Column(key="low", heading=message("Lower end"), format=format),
        Column(key="high", heading=message("Upper end"), format=format),
    )


class ConfusionMatrix(Frozen):
    """Rows by true label and prediction."""

    kind: Literal["confusion_matrix"] = "confusion_matrix"
    """Tells the kinds of figures apart."""
    split: str
    """The split whose rows were counted."""
    labels: tuple[Label, ...]
    """The labels, sorted."""
    counts: tuple[tuple[int, ...], ...]
    """Number of rows: a line for each true label, in it a number for each prediction, both in the order of `labels`."""
    invalid: tuple[int, ...]
    """For each true label, the rows whose prediction is missing or is no label; they count as wrong."""


NamedFigure = Table | Curves | GroupMetrics | BiasAudit | Drift
"""A figure that a check may return."""

Figure = Annotated[ConfusionMatrix | NamedFigure, Field(discriminator="kind")]
"""A figure of a record."""
