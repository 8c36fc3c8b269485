"""Drift between samples of rows: distances, what chance makes of them, and verdicts. See the check of that name."""

from __future__ import annotations

from llmops_audit.analysis.drift.column_pairs import PSEUDO_COLUMNS
from llmops_audit.analysis.drift.comparison import Compared, compare, figure, judge
from llmops_audit.analysis.drift.findings import Limits
from llmops_audit.analysis.drift.hypotheses import Exact, How
from llmops_audit.analysis.drift.measures import FLOORS
from llmops_audit.analysis.drift.samples import Samples

__all__ = ["FLOORS", "PSEUDO_COLUMNS", "Compared", "Exact", "How", "Limits", "Samples", "compare", "figure", "judge"]
