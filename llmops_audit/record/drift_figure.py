"""What a drift check found, as numbers: every shift, its effect over time, and what may follow for the accuracy."""

from __future__ import annotations

from typing import Literal

from llmops_audit.record.base import Frozen, Message

__all__ = [
    "Drift",
    "Histogram",
    "PerformanceEstimate",
    "SampleSize",
    "Shift",
    "TimeSeries",
    "Timeline",
    "Token",
    "Window",
]

VerdictName = Literal["passed", "found", "failed", "inconclusive"]


class Histogram(Frozen):
    """Histograms of both samples with the same cells."""

    edges: tuple[float, ...] | None = None
    """Edges of the cells of numbers, ascending, one more than cells; the outer cells also count everything
    beyond. Null for categories."""
    categories: tuple[str | None, ...] | None = None
    """Names of the cells of categories; null is the cell of all other categories. Null for numbers."""
    reference: tuple[int, ...]
    """Rows of the reference in each cell."""
    current: tuple[int, ...]
    """Rows of the current split in each cell."""
    exact: bool
    """Whether all rows were counted, or only those of the sample."""


class Shift(Frozen):
    """One hypothesis: a column, or one feature of it, in two samples."""

    split: str
    """The current split."""
    reference: str | None = None
    """The split that it is compared with; null: that of the figure."""
    column: str
    """A column of the data, or "(label)", "(prediction)", "(score)" or "(rows)"."""
    feature: str | None = None
    """What of the column was compared, such as "missing", "new_categories" or "words"; null: its values."""
    method: str
    """Name of the distance, such as "wasserstein"."""
    reference_rows: int
    """Rows of the reference that were compared."""
    current_rows: int
    """Rows of the current split that were compared."""
    reference_value: float | None = None
    """In the reference: the share of rows with the feature, or the mean of the compared numbers; null for
    categories."""
    current_value: float | None = None
    """The same in the current split."""
    distance: float
    """Distance between the samples."""
    expected: float
    """Mean of the distance if there were no drift."""
    effect: float
    """The distance minus its mean without drift; 0 where that is larger."""
    low: float
    """Lower end of the confidence interval of the effect."""
    high: float
    """Upper end of the confidence interval of the effect."""
    floor: float
    """The effect above which drift matters."""
    p_value: float
    """p-value of the hypothesis of no drift, before correction."""
    p_adjusted: float
    """The same, adjusted over all hypotheses of its requirement."""
    detectable: float | None = None
    """The smallest effect that these rows would detect with a probability of 80 %; null where unknown."""
    importance: float | None = None
    """Share of predictions that change when the column is shuffled among rows; null where unknown."""
    verdict: VerdictName | None
    """The verdict on it, before the correction for other requirements; null where it is only described."""
    histogram: Histogram | None = None
    """Both samples as counts; null where the record has no histogram of them."""


class Window(Frozen):
    """A window of time."""

    start: str
    """Date or time of its first row, in ISO 8601."""
    end: str
    """Date or time of its last row, in ISO 8601."""
    rows: int
    """Number of its rows."""


class TimeSeries(Frozen):
    """The effect of one column, or one feature of it, by window."""

    column: str
    """As in `Shift`."""
    feature: str | None = None
    """As in `Shift`."""
    method: str
    """Name of the distance, such as "wasserstein"."""
    floor: float
    """The effect above which drift matters."""
    effects: tuple[float | None, ...]
    """The effect in each window; null where a window has too few rows."""
    lows: tuple[float | None, ...]
    """Lower ends of the confidence intervals of the effects."""
    highs: tuple[float | None, ...]
    """Upper ends of the confidence intervals of the effects."""
    verdicts: tuple[VerdictName | None, ...]
    """The verdict on each window; null where it has too few rows, or is only described."""
    broke_in: int | None = None
    """Index of the first window that failed, from 0; null where none did."""
    verdict: VerdictName | None
    """The worst of the windows; null where they are only described."""


class Timeline(Frozen):
    """A current split by windows."""

    split: str
    """The current split."""
    unit: Literal["day", "week", "month", "quarter", "year", "rows"]
    """Unit of the windows: a day, a week, a month, a quarter, a year, or a number of rows."""
    windows: tuple[Window, ...]
    """The windows in the order of time; empty where no row has a time."""
    without_time: int
    """Rows without a time, which belong to no window."""
    series: tuple[TimeSeries, ...]
    """Failed series first, then by the largest effect times importance."""


class PerformanceEstimate(Frozen):
    """A metric on rows without labels, estimated."""

    split: str
    """The split that it covers."""
    method: Literal["confidence", "reweighting"]
    """By calibrated scores, or by test rows weighted to resemble these rows."""
    metric: str
    """The metric: "accuracy", "roc_auc", "f1", "precision" or "recall"."""
    window: int | None = None
    """Index of the window of the split that it covers, from 0; null: the whole split."""
    start: str | None = None
    """Date or time of the first row of that window."""
    value: float | None = None
    """The estimate; null where it is withheld."""
    low: float | None = None
    """Lower end of its confidence interval; null where it is rough or withheld."""
    high: float | None = None
    """Upper end of its confidence interval; null where it is rough or withheld."""
    rough: bool = False
    """Whether it rests on fewer than 1,000 labelled rows, so that it has no interval."""
    withheld: Message | None = None
    """Why there is no estimate; null where there is one."""
    n: int
    """Rows that it covers."""
    effective: float | None = None
    """Effective number of labelled rows that it rests on."""
    actual: float | None = None
    """The metric by the labels, where rows have labels; not used by the estimate."""
    actual_low: float | None = None
    """Lower end of the confidence interval of that metric."""
    actual_high: float | None = None
    """Upper end of the confidence interval of that metric."""
    refuted: bool = False
    """Whether the labels refute the estimate, shown or withheld: their intervals have nothing in common."""


class Token(Frozen):
    """A word, or a character n-gram, that distinguishes the texts of two samples."""

    split: str
    """The current split."""
    token: str
    """The word or the characters."""
    reference_share: float
    """Share of the texts of the reference that contain it."""
    current_share: float
    """Share of the texts of the current split that contain it."""
    roc_auc: float
    """How well its presence or absence separates the samples: area under the ROC curve."""
    low: float
    """Lower end of its confidence interval."""
    high: float
    """Upper end of its confidence interval."""


class SampleSize(Frozen):
    """Rows of a split, and how many of them were compared."""

    split: str
    """The split."""
    rows: int
    """All of its rows."""
    compared: int
    """Rows of the uniform sample that was compared."""


class Drift(Frozen):
    """Everything that a drift check compared."""

    kind: Literal["drift"] = "drift"
    """Tells the kinds of figures apart."""
    name: str
    """Key under `figures` of the record; unique in an audit."""
    reference: str
    """The split that the current splits are compared with."""
    confidence: float
    """Confidence of every interval."""
    samples: tuple[SampleSize, ...]
    """The rows that were compared, the reference first."""
    unit: str | None = None
    """Column of the unit that rows belong to: one row of each unit was compared, and nothing counted over all rows."""
    shifts: tuple[Shift, ...]
    """By effect times importance, the largest first; columns without importance count like the most important."""
    timelines: tuple[Timeline, ...] = ()
    """The current splits by windows of time."""
    estimates: tuple[PerformanceEstimate, ...] = ()
    """Estimates of metrics on rows without labels."""
    tokens: tuple[Token, ...] = ()
    """Words and character n-grams that distinguish the samples, the most discriminative first."""
