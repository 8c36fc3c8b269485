"""A reference and current splits from end to end: comparison, judgement, and the figure in the record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from llmops_audit.analysis.drift.column_pairs import PREDICTION, SCORE, ColumnPair
from llmops_audit.analysis.drift.drift_limits import DriftLimits
from llmops_audit.analysis.drift.estimates import estimates
from llmops_audit.analysis.drift.histograms import histogram
from llmops_audit.analysis.drift.hypotheses import ComparisonSettings, Hypothesis
from llmops_audit.analysis.drift.judgement import (
    JudgedHypothesis,
    described,
    detectable_findings,
    drifted_columns,
    findings,
    judge_hypotheses,
)
from llmops_audit.analysis.drift.model_outputs import ModelOutputs
from llmops_audit.analysis.drift.samples import (
    SamplePair,
    compare_columns,
    compare_rows,
    compare_windows,
    missing_text,
    model_inputs,
    pairs_of,
)
from llmops_audit.analysis.drift.timelines import shifts, timeline, window_findings, without_time
from llmops_audit.analysis.drift.unjudged import few_values, not_judged
from llmops_audit.analysis.drift.windows import Windows, windows_of
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.evidence.rows import Rows
from llmops_audit.record import Finding, Verdict
from llmops_audit.record.drift_figure import Drift, Histogram, PerformanceEstimate, SampleSize, Shift, Token

__all__ = ["DriftVerdicts", "SplitComparison", "compare", "figure", "judge"]

MAX_HISTOGRAMS = 24
"""Shifts whose histogram the record keeps: those with the largest effect on predictions."""


@dataclass(frozen=True)
class SplitComparison:
    """A current split compared with the reference, not yet judged.

    Attributes
    ----------
    samples : SamplePair
    pairs : tuple of ColumnPair
    hypotheses : tuple of Hypothesis
    windows : Windows, optional
        None without a time column, or where the spec turns windows off.
    tokens : tuple of Token
    few : tuple of (str, int)
        Columns with too few values to compare, and the number of values in the smaller sample.
    """

    samples: SamplePair
    pairs: tuple[ColumnPair, ...]
    hypotheses: tuple[Hypothesis, ...]
    windows: Windows | None
    tokens: tuple[Token, ...]
    few: tuple[tuple[str, int], ...]

    @property
    def references(self) -> Mapping[str, str]:
        """The split that predictions and scores are compared with, by column."""
        outputs = self.samples.outputs
        return {} if outputs is None else dict.fromkeys((PREDICTION, SCORE), outputs.split)


@dataclass(frozen=True)
class DriftVerdicts:
    """The verdicts on all splits together."""

    compared: tuple[SplitComparison, ...]
    judged: tuple[JudgedHypothesis, ...]
    findings: tuple[Finding, ...]


def compare(
    samples: SamplePair, task: Task, settings: ComparisonSettings, columns: Sequence[str] | None, confidence: float
) -> SplitComparison:
    """Compare a current split with the reference in every way that the task allows.

    Parameters
    ----------
    samples : SamplePair
    task : Task
    settings : ComparisonSettings
    columns : sequence of str, optional
        If given, only these; whole rows and the content of a text are then not compared.
    confidence : float
        Of the intervals of characteristic words.
    """
    pairs = pairs_of(samples, task, columns)
    found = list(compare_columns(samples, pairs, settings))
    if task.text is not None and (columns is None or task.text in columns):
        found += missing_text(samples, task.text)
    tokens: tuple[Token, ...] = ()
    if columns is None:
        as_rows, tokens = compare_rows(samples, task, settings, confidence)
        found += as_rows
    windows = None
    if task.time is not None and settings.windows != "none":
        table = samples.current.table
        known = task.time in table.column_names
        # Times may stand in another split alone: windows that the spec asks for are then without any.
        times = table.column(task.time) if known else pa.chunked_array([pa.nulls(len(table), pa.string())])
        if known or settings.windows != "auto":
            full = None if samples.full_counts is None else samples.full_counts.days
            windows = windows_of(times, settings.windows, settings.min_rows, None if full is None else full.rows)
    if windows is not None and len(windows.windows) > 1:
        found += compare_windows(samples, pairs, windows, settings)
    values = [(pair, min(pair.reference.count(), pair.current.count())) for pair in pairs if pair.of_data]
    few = tuple((pair.column, int(n)) for pair, n in values if n < settings.min_rows)
    return SplitComparison(samples, tuple(pairs), tuple(found), windows, tokens, few)


def judge(
    found: Sequence[SplitComparison], limits: DriftLimits, policy: Policy, min_rows: int, drawn: Collection[str] = ()
) -> DriftVerdicts:
    """Judge everything together, since each hypothesis is corrected for all others of its requirement.

    Columns with fewer than `min_rows` values are reported as not judged. Splits that were drawn at random from the same
    rows as the reference are described.
    """
    every: list[JudgedHypothesis] = []
    reported: list[Finding] = []
    for part in found:
        split, windows = part.samples.split, {} if part.windows is None else {part.samples.split: part.windows}
        if split in drawn:
            every += described(part.hypotheses, limits, policy)
            continue
        judged = judge_hypotheses(part.hypotheses, limits, policy)
        every += judged
        own: list[Finding] = []
        if limits.max_drifted_columns == 0:
            own += [*findings(judged, policy), *window_findings(judged, windows, policy)]
        own += detectable_findings(judged, limits, policy)
        own.append(drifted_columns(split, judged, limits.max_drifted_columns, policy))
        reported += [*own, *not_judged(split, judged, own, limits)]
        reported += [few_values(split, column, n, min_rows) for column, n in part.few]
        if part.windows is not None and part.windows.without_time:
            reported.append(without_time(split, part.windows))
    return DriftVerdicts(tuple(found), tuple(every), tuple(reported))


def figure(
    name: str, reference: str, verdicts: DriftVerdicts, rows: Mapping[str, Rows], task: Task, policy: Policy,
    importance: Mapping[str, float] | None,
) -> Drift:  # fmt: skip
    """Return the figure of a comparison.

    Parameters
    ----------
    name, reference : str
        Of the figure, and of the reference split.
    verdicts : DriftVerdicts
    rows : mapping of str to Rows
        Split to rows.
    task : Task
    policy : Policy
    importance : mapping of str to float, optional
        Column to the share of predictions that change when it is shuffled.
    """
    # Predictions and scores may be compared with another split than the columns are.
    used = [
        reference,
        *(split for part in verdicts.compared for split in (part.samples.split, *part.references.values())),
    ]
    splits = list(dict.fromkeys(used))
    return Drift(
        name=name,
        reference=reference,
        confidence=policy.confidence,
        samples=tuple(SampleSize(split=split, rows=rows[split].total, compared=len(rows[split])) for split in splits),
        unit=task.unit,
        shifts=_with_histograms(
            _with_references(shifts(verdicts.judged, importance), reference, verdicts.compared), verdicts.compared
        ),
        timelines=tuple(
            timeline(part.samples.split, verdicts.judged, part.windows, importance)
            for part in verdicts.compared
            if part.windows is not None
        ),
        estimates=tuple(_estimates(rows, verdicts.compared, task, policy)),
        tokens=tuple(token for part in verdicts.compared if _texts_differ(verdicts, part) for token in part.tokens),
    )


def _texts_differ(verdicts: DriftVerdicts, part: SplitComparison) -> bool:
    """Whether the texts differ: otherwise words that seem to distinguish them mean nothing."""
    content = [
        one
        for one in verdicts.judged
        if one.hypothesis.feature == "content" and one.hypothesis.split == part.samples.split
    ]
    return any(one.verdict not in (Verdict.PASSED, Verdict.NOT_APPLICABLE) for one in content)


def _with_references(
    found: Sequence[Shift], reference: str, compared_splits: Sequence[SplitComparison]
) -> tuple[Shift, ...]:
    others = {part.samples.split: part.references for part in compared_splits}
    named = [others[shift.split].get(shift.column, reference) for shift in found]
    return tuple(
        shift if other == reference else shift.model_copy(update={"reference": other})
        for shift, other in zip(found, named, strict=True)
    )


def _with_histograms(found: Sequence[Shift], compared_splits: Sequence[SplitComparison]) -> tuple[Shift, ...]:
    pairs = {
        (part.samples.split, pair.column, pair.feature): (pair, part.samples)
        for part in compared_splits
        for pair in part.pairs
    }
    keys = [(shift.split, shift.column, shift.feature) for shift in found]
    drawn = set([key for key in keys if key in pairs][:MAX_HISTOGRAMS])
    return tuple(
        shift.model_copy(update={"histogram": _histogram(*pairs[key])}) if key in drawn else shift
        for shift, key in zip(found, keys, strict=True)
    )


def _histogram(pair: ColumnPair, samples: SamplePair) -> Histogram | None:
    counts = samples.counts_of(pair)
    sampled = counts is None or samples.reference.sampled or samples.current.sampled
    return histogram(pair, counts, sampled=sampled)


def _estimates(
    rows: Mapping[str, Rows], compared_splits: Sequence[SplitComparison], task: Task, policy: Policy
) -> list[PerformanceEstimate]:
    """Estimate metrics on production rows, from test rows."""
    live = next((part for part in compared_splits if part.samples.split == "live"), None)
    if live is None or "test" not in rows:
        return []
    both = rows["test"], rows["live"]
    matrices = None
    if task.text is not None or task.features:
        inputs, is_current = model_inputs(both, task, max(map(len, both)))
        matrices = inputs.matrix[~is_current], inputs.matrix[is_current]
    labelled, current = (ModelOutputs.of(one) for one in both)
    return estimates("live", labelled, current, matrices, task, policy.confidence, live.windows)
