"""Figures: the numbers behind every table and picture of a report, never pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from llmops_audit.record.base import Frozen, Label, Message, Scalar, message
from llmops_audit.record.drift_figure import Drift

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
    """A column of a `Table`: key in the rows, heading, and how its numbers are written."""

    key: str
    heading: Message
    format: Literal["text", "message", "count", "share", "number", "p_value"] = "text"


class Table(Frozen):
    """Numbers that a check wants shown, judged or not.

    Attributes
    ----------
    name : str
        Key under `figures` of the record; unique in an audit.
    caption : Message
    columns : tuple of Column
    rows : tuple of mapping
        One value a column key; a `share` is between 0 and 1; null is undefined.
    chapter : str, optional
        Chapter of the report that shows it; null where none is its own.
    """

    kind: Literal["table"] = "table"
    name: str
    caption: Message
    columns: tuple[Column, ...]
    rows: tuple[dict[str, Scalar | Message], ...]
    chapter: Chapter | None = None


def interval_columns(format: Literal["share", "number"] = "number") -> tuple[Column, Column]:
    """Return the columns of the ends of an interval, ``low`` and ``high``."""
    return (
        Column(key="low", heading=message("Lower end"), format=format),
        Column(key="high", heading=message("Upper end"), format=format),
    )


class ConfusionMatrix(Frozen):
    """Counts by label (rows) and prediction (columns), labels sorted.

    `invalid` holds, a label each, the rows whose prediction is missing or is no label; they count as wrong.
    """

    kind: Literal["confusion_matrix"] = "confusion_matrix"
    split: str
    labels: tuple[Label, ...]
    counts: tuple[tuple[int, ...], ...]
    invalid: tuple[int, ...]


FALSE_POSITIVE_RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
RECALLS = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Where curves are read off: `Curve` holds the last point up to such a rate, and the first from such a recall on."""


class Curve(Frozen):
    """A curve of one label against all others, to five decimals.

    Attributes
    ----------
    label : label
    positives, negatives : int
        Rows that carry the label, and that carry another.
    base_rate : float, optional
        The share of the former, of weights where rows are weighted; null where no row has a weight.
    value, low, high : float, optional
        Area under the ROC curve, average precision, or expected calibration error, with its interval.
    x, y : tuple of float, (p,)
        ROC: false and true positive rate, from (0, 0) to (1, 1). Precision-recall: rising recall, and precision, each
        of which holds from the recall before. Reliability: mean score and observed share of each bin.
    y_low, y_high : tuple of float, (p,)
        Ends of the interval of each observed share; empty for the other curves.
    rows : tuple of int, (p,)
        Rows of each bin; empty for the other curves.
    """

    label: Label
    positives: int
    negatives: int
    base_rate: float | None
    value: float | None
    low: float | None
    high: float | None
    x: tuple[float, ...]
    y: tuple[float, ...]
    y_low: tuple[float, ...] = ()
    y_high: tuple[float, ...] = ()
    rows: tuple[int, ...] = ()


class Curves(Frozen):
    """What the scores of one split say, as curves of one kind.

    Attributes
    ----------
    name : str
    curve : {"roc", "precision_recall", "reliability"}
    split : str
    confidence : float
        Of every interval.
    labels : int
        Labels that a curve was wanted of; `curves` holds those with the most rows that have one.
    curves : tuple of Curve
        The most rows first.
    """

    kind: Literal["curves"] = "curves"
    name: str
    curve: Literal["roc", "precision_recall", "reliability"]
    split: str
    confidence: float
    labels: int
    curves: tuple[Curve, ...]


class GroupSize(Frozen):
    """A group by its values, one an attribute, with its rows, and whether they are enough to judge it."""

    group: tuple[str, ...]
    rows: int
    judged: bool


class Estimate(Frozen):
    """A metric of one group.

    Attributes
    ----------
    group : tuple of str
    metric : str
    of : label, optional
        The label that it speaks of; null where it speaks of all.
    value : float, optional
        Null where there is no row to take it over.
    low, high : float, optional
        Ends of its interval; null where there is none.
    n : float
        Rows that it is taken over, effective ones where rows are weighted or depend on each other.
    """

    group: tuple[str, ...]
    metric: str
    of: Label | None
    value: float | None
    low: float | None
    high: float | None
    n: float


class Gap(Frozen):
    """A metric of one group beside that of another.

    Attributes
    ----------
    group, compared_with : tuple of str
        The group with the lower value stands first.
    metric : str
    of : label, optional
    difference, low, high : float, optional
        Value of `compared_with` less that of `group`, which is not below 0, and its interval.
    ratio, ratio_low, ratio_high : float, optional
        Value of `group` over that of `compared_with`; a null end is unbounded.
    p_value, p_adjusted : float, optional
        Of the hypothesis that both are equal; adjusted over all gaps of the figure.
    detectable : float, optional
        The smallest difference that so many rows would find with a probability of 80 %.
    """

    group: tuple[str, ...]
    compared_with: tuple[str, ...]
    metric: str
    of: Label | None
    difference: float | None
    low: float | None
    high: float | None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    detectable: float | None = None


class Grouping(Frozen):
    """The groups that one attribute, or the intersection of several, makes."""

    attributes: tuple[str, ...]
    groups: tuple[GroupSize, ...]
    estimates: tuple[Estimate, ...]
    gaps: tuple[Gap, ...]


class GroupMetrics(Frozen):
    """Every metric by group, with or without a requirement.

    Attributes
    ----------
    name, split : str
    confidence : float
        Of every interval.
    positive : label, optional
        The label that error rates speak of.
    favourable : label, optional
        The answer that is good for the person; selection rates speak of it.
    min_ratio : float, optional
        The smallest ratio of selection rates that is required, such as four fifths.
    groupings : tuple of Grouping
        Single attributes first.
    """

    kind: Literal["group_metrics"] = "group_metrics"
    name: str
    split: str
    confidence: float
    positive: Label | None
    favourable: Label | None
    min_ratio: float | None
    groupings: tuple[Grouping, ...]


class Category(Frozen):
    """A line of a bias audit.

    Attributes
    ----------
    names : tuple of str
        Values of the attributes.
    individuals : int
    selected : int
        Individuals selected, or with a score above the median.
    rate : float, optional
        Selection rate, or scoring rate; null where there is no individual.
    highest_rate : float, optional
        The rate were every score beside the median that belongs to the category above it; null where `rate` is exact.
    impact_ratio : float, optional
        The rate over that of the category that has the highest one; null where the category is left out, or where
        nobody is selected.
    left_out : str, optional
        Why it is left out of the ratios.
    """

    names: tuple[str, ...]
    individuals: int
    selected: int
    rate: float | None
    highest_rate: float | None = None
    impact_ratio: float | None
    left_out: str | None = None


class BiasTable(Frozen):
    """The categories of sex, of race/ethnicity, or of their intersection, as `attributes` says."""

    attributes: tuple[Literal["sex", "race"], ...]
    categories: tuple[Category, ...]


class BiasAudit(Frozen):
    """The results of a bias audit that New York City Local Law 144 asks to publish (6 RCNY 5-301 to 5-303).

    Attributes
    ----------
    name, split : str
    rate : {"selection", "scoring"}
        Scoring rate: the share of a category with a score above the median.
    favourable : label
        The answer that counts as selected; for scoring rates the label that scores speak of.
    answers : int
        How many answers the subject can give.
    median : float, optional
        Of the scores, to 1 part in 1,024; null for selection rates.
    doubtful : int
        Individuals whose score cannot be told from the median; they count as not above it.
    individuals, unknown : int
        All that were assessed, and those of them in no table since their sex or their race is unknown.
    data_source, auditor : str
    data_kind : {"historical", "test"}
    test_data : str, optional
        Why no historical data was used, and how the test data was had.
    audit_date, distribution_date, expires : str
        ISO dates; the audit may be relied on until `expires`.
    tables : tuple of BiasTable
        Sex, race/ethnicity, intersection.
    """

    kind: Literal["bias_audit"] = "bias_audit"
    name: str
    split: str
    rate: Literal["selection", "scoring"]
    favourable: Label
    answers: int
    median: float | None
    doubtful: int
    individuals: int
    unknown: int
    data_source: str
    data_kind: Literal["historical", "test"]
    test_data: str | None
    auditor: str
    audit_date: str
    distribution_date: str
    expires: str
    tables: tuple[BiasTable, ...]


NamedFigure = Table | Curves | GroupMetrics | BiasAudit | Drift
"""A figure that a check may return."""

Figure = Annotated[ConfusionMatrix | NamedFigure, Field(discriminator="kind")]
"""A figure of a record."""
