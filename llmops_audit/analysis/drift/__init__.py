"""Drift between samples of rows: distances, what chance makes of them, and verdicts. See the check of that name."""

from __future__ import annotations

from llmops_audit.analysis.drift.column_pairs import PSEUDO_COLUMNS, output_pairs
from llmops_audit.analysis.drift.comparison import SplitComparison, compare, figure, judge
from llmops_audit.analysis.drift.drift_limits import DriftLimits
from llmops_audit.analysis.drift.hypotheses import ComparisonSettings, FullCounts
from llmops_audit.analysis.drift.measures import FLOORS
from llmops_audit.analysis.drift.samples import OutputPair, SamplePair
from llmops_audit.analysis.drift.unjudged import small_split

__all__ = [
    "FLOORS",
    "PSEUDO_COLUMNS",
    "ComparisonSettings",
    "DriftLimits",
    "FullCounts",
    "OutputPair",
    "SamplePair",
    "SplitComparison",
    "compare",
    "figure",
    "judge",
    "output_pairs",
    "small_split",
]
