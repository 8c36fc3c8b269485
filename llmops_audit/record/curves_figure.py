"""Curves of scores, as numbers: ROC, precision-recall and reliability."""

from __future__ import annotations

from typing import Literal

from llmops_audit.record.base import Frozen, Label

__all__ = ["FALSE_POSITIVE_RATES", "RECALLS", "Curve", "Curves"]

FALSE_POSITIVE_RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
RECALLS = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Where curves are read off: `Curve` holds the last point up to such a rate, and the first from such a recall on."""


class Curve(Frozen):
    """A curve of one label against all others, to five decimals."""

    label: Label
    """The label."""
    positives: int
    """Rows that carry the label."""
    negatives: int
    """Rows that carry another label."""
    base_rate: float | None
    """Share of the rows that carry the label, by weight where rows are weighted; null where no row has a weight."""
    value: float | None
    """Area under the ROC curve, average precision, or expected calibration error; null where it is undefined."""
    low: float | None
    """Lower end of its confidence interval."""
    high: float | None
    """Upper end of its confidence interval."""
    x: tuple[float, ...]
    """ROC: false positive rates from 0 to 1. Precision-recall: rising recall. Reliability: mean score of each bin."""
    y: tuple[float, ...]
    """ROC: true positive rates from 0 to 1. Precision-recall: the precision that holds from the recall before.
    Reliability: the observed share of each bin."""
    y_low: tuple[float, ...] = ()
    """Lower ends of the intervals of the observed shares; empty for the other curves."""
    y_high: tuple[float, ...] = ()
    """Upper ends of the intervals of the observed shares; empty for the other curves."""
    rows: tuple[int, ...] = ()
    """Rows of each bin; empty for the other curves."""


class Curves(Frozen):
    """What the scores of one split say, as curves of one kind."""

    kind: Literal["curves"] = "curves"
    """Tells the kinds of figures apart."""
    name: str
    """Key under `figures` of the record; unique in an audit."""
    curve: Literal["roc", "precision_recall", "reliability"]
    """Which curve it is."""
    split: str
    """The split whose scores it shows."""
    confidence: float
    """Confidence of every interval."""
    labels: int
    """Labels that a curve was wanted of; `curves` holds those with the most rows that have one."""
    curves: tuple[Curve, ...]
    """A curve for each label, the most rows first."""
