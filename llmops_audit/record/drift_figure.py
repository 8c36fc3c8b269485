"""What a drift check found, as numbers: every shift, its effect over time, and what may follow for the accuracy."""

from __future__ import annotations

from typing import Literal

from llmops_audit.record.base import Frozen

__all__ = ["AccuracyEstimate", "Drift", "Histogram", "Sampled", "Shift", "TimeSeries", "Timeline", "Token", "Window"]

VerdictName = Literal["passed", "failed", "inconclusive"]


class Histogram(Frozen):
    """Rows of both samples by the same cells.

    Attributes
    ----------
    edges : tuple of float, (b + 1,), optional
        Of the cells of numbers, ascending; the first and the last cell hold all that lies beyond as well. Null for
        categories.
    categories : tuple of str or None, (b,), optional
        Names of the cells of categories; null stands for the categories that are not named. Null for numbers.
    reference, current : tuple of int, (b,)
        Rows in each cell.
    exact : bool
        Whether all rows were counted; otherwise those of the sample.
    """

    edges: tuple[float, ...] | None = None
    categories: tuple[str | None, ...] | None = None
    reference: tuple[int, ...]
    current: tuple[int, ...]
    exact: bool


class Shift(Frozen):
    """One hypothesis: a column, or one feature of it, in two samples.

    Attributes
    ----------
    split : str
        The current split.
    column : str
        A column of the data, or ``(label)``, ``(prediction)``, ``(score)``, ``(rows)``.
    feature : str, optional
        What of the column was compared, such as ``missing``, ``new_categories`` or ``words``; null: its values.
    method : str
        Name of the distance, such as ``wasserstein``.
    reference_rows, current_rows : int
        Rows that were compared.
    reference_value, current_value : float, optional
        The share of rows that the feature speaks of, or the mean of numbers as they were compared; null for categories.
    distance, expected, effect : float
        Distance between the samples, its mean were there no drift, and the one less the other.
    low, high : float
        Confidence interval of the effect.
    floor : float
        The effect from which drift matters.
    p_value, p_adjusted : float
        Of the hypothesis of no drift; adjusted over all hypotheses of the check.
    detectable : float, optional
        The smallest effect that so many rows would find with a probability of 80 %; null where it is unknown.
    importance : float, optional
        Share of answers that change when the column is shuffled among rows; null where it is unknown.
    verdict : str
    histogram : Histogram, optional
    """

    split: str
    column: str
    feature: str | None = None
    method: str
    reference_rows: int
    current_rows: int
    reference_value: float | None = None
    current_value: float | None = None
    distance: float
    expected: float
    effect: float
    low: float
    high: float
    floor: float
    p_value: float
    p_adjusted: float
    detectable: float | None = None
    importance: float | None = None
    verdict: VerdictName
    histogram: Histogram | None = None


class Window(Frozen):
    """A stretch of time: ISO dates or times of its first and last row, and its rows."""

    start: str
    end: str
    rows: int


class TimeSeries(Frozen):
    """The effect of one column, or one feature of it, by window.

    Attributes
    ----------
    column, feature, method, floor
        As in `Shift`.
    effects, lows, highs : tuple of float or None, (w,)
        Null where a window holds too few rows.
    verdicts : tuple of str or None, (w,)
    broke_in : int, optional
        Place of the first window that failed.
    verdict : str
        The worst of the windows.
    """

    column: str
    feature: str | None = None
    method: str
    floor: float
    effects: tuple[float | None, ...]
    lows: tuple[float | None, ...]
    highs: tuple[float | None, ...]
    verdicts: tuple[VerdictName | None, ...]
    broke_in: int | None = None
    verdict: VerdictName


class Timeline(Frozen):
    """A current split by windows.

    Attributes
    ----------
    split : str
    unit : str
        ``day``, ``week``, ``month`` or ``rows``.
    windows : tuple of Window, (w,)
        In the order of time; empty where no row has a time.
    without_time : int
        Rows that have none, which are in no window.
    series : tuple of TimeSeries
        What failed first, then by the largest effect times importance.
    """

    split: str
    unit: Literal["day", "week", "month", "rows"]
    windows: tuple[Window, ...]
    without_time: int
    series: tuple[TimeSeries, ...]


class AccuracyEstimate(Frozen):
    """What the accuracy on rows may be, estimated without their labels.

    Attributes
    ----------
    split : str
    method : {"confidence", "reweighting"}
        By calibrated scores, or by test rows weighted to look like these rows.
    value, low, high : float
        The estimate and its confidence interval.
    n : int
        Rows that it speaks of.
    effective : float, optional
        Effective number of labelled rows that it rests on.
    actual, actual_low, actual_high : float, optional
        The accuracy by the labels, where the rows have any; it plays no part in the estimate.
    """

    split: str
    method: Literal["confidence", "reweighting"]
    value: float
    low: float
    high: float
    n: int
    effective: float | None = None
    actual: float | None = None
    actual_low: float | None = None
    actual_high: float | None = None


class Token(Frozen):
    """A word, or a run of characters, that tells the texts of two samples apart.

    Attributes
    ----------
    split : str
    token : str
    reference_share, current_share : float
        Share of the texts that hold it.
    roc_auc, low, high : float
        How well its presence, or absence, tells the samples apart, with its confidence interval.
    """

    split: str
    token: str
    reference_share: float
    current_share: float
    roc_auc: float
    low: float
    high: float


class Sampled(Frozen):
    """Rows of a split, and how many of them, a uniform sample, the distances rest on."""

    split: str
    rows: int
    compared: int


class Drift(Frozen):
    """Everything that a drift check compared.

    Attributes
    ----------
    name, reference : str
        The reference is a split.
    confidence : float
        Of every interval.
    samples : tuple of Sampled
        The reference first.
    unit : str, optional
        Column of the unit that rows belong to: then one row of each was compared, and nothing was counted over all.
    shifts : tuple of Shift
        By effect times importance, the largest first; what has none counts like the most important column.
    timelines : tuple of Timeline
    estimates : tuple of AccuracyEstimate
    tokens : tuple of Token
        The most telling first.
    """

    kind: Literal["drift"] = "drift"
    name: str
    reference: str
    confidence: float
    samples: tuple[Sampled, ...]
    unit: str | None = None
    shifts: tuple[Shift, ...]
    timelines: tuple[Timeline, ...] = ()
    estimates: tuple[AccuracyEstimate, ...] = ()
    tokens: tuple[Token, ...] = ()
