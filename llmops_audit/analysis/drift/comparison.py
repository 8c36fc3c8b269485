"""A reference and current splits from end to end: what is compared, what is judged of it, and what the record keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.analysis.drift.column_pairs import Pair
from llmops_audit.analysis.drift.estimates import Answered, estimates
from llmops_audit.analysis.drift.findings import (
    Judged,
    Limits,
    drifted_columns,
    few_values,
    findings,
    judged,
    shifts,
    timeline,
    window_findings,
    without_time,
)
from llmops_audit.analysis.drift.histograms import histogram
from llmops_audit.analysis.drift.hypotheses import How, Hypothesis
from llmops_audit.analysis.drift.samples import (
    Samples,
    compared,
    compared_as_rows,
    compared_in_windows,
    pairs_of,
    seen_by,
    without_text,
)
from llmops_audit.analysis.drift.windows import Windows, windows_of
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.evidence.rows import Rows
from llmops_audit.record import Finding, Verdict
from llmops_audit.record.drift_figure import AccuracyEstimate, Drift, Histogram, Sampled, Shift, Token

__all__ = ["Compared", "Verdicts", "compare", "figure", "judge"]

MOST_HISTOGRAMS = 24
"""Shifts whose histogram the record keeps, those with the largest effect on answers."""


@dataclass(frozen=True)
class Compared:
    """What was found about a current split, not yet judged.

    Attributes
    ----------
    samples : Samples
    pairs : tuple of Pair
    hypotheses : tuple of Hypothesis
    windows : Windows, optional
        None where the spec names no time column, or asks for no windows.
    pieces : tuple of Token
    few : tuple of (str, int)
        Columns with too few values to compare, and how many there are in the sample that has fewer.
    """

    samples: Samples
    pairs: tuple[Pair, ...]
    hypotheses: tuple[Hypothesis, ...]
    windows: Windows | None
    pieces: tuple[Token, ...]
    few: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Verdicts:
    """What was judged of all splits together."""

    compared: tuple[Compared, ...]
    judged: tuple[Judged, ...]
    findings: tuple[Finding, ...]


def compare(samples: Samples, task: Task, how: How, columns: Sequence[str] | None, confidence: float) -> Compared:
    """Compare a current split with the reference in every way that the task allows.

    Parameters
    ----------
    samples : Samples
    task : Task
    how : How
    columns : sequence of str, optional
        Only these, where named; neither whole rows nor what a text says are compared then.
    confidence : float
        Of the intervals of characteristic words.
    """
    pairs = pairs_of(samples, task, columns)
    found = list(compared(samples, pairs, how))
    if task.text is not None and (columns is None or task.text in columns):
        found += without_text(samples, task.text)
    pieces: tuple[Token, ...] = ()
    if columns is None:
        as_rows, pieces = compared_as_rows(samples, task, how, confidence)
        found += as_rows
    cut = None
    if task.time is not None and how.windows != "none":
        cut = windows_of(samples.current.table.column(task.time), how.windows, how.min_rows)
        if len(cut.windows) > 1:
            found += compared_in_windows(samples, pairs, cut, how)
    values = [(pair, min(pair.reference.count(), pair.current.count())) for pair in pairs if pair.of_data]
    few = tuple((pair.column, int(n)) for pair, n in values if n < how.min_rows)
    return Compared(samples, tuple(pairs), tuple(found), cut, pieces, few)


def judge(found: Sequence[Compared], limits: Limits, policy: Policy, least: int) -> Verdicts:
    """Judge everything together, since each hypothesis is corrected for all others.

    Columns with fewer than `least` values are reported as not judged.
    """
    every = judged([one for part in found for one in part.hypotheses], limits, policy)
    windows = {part.samples.split: part.windows for part in found if part.windows is not None}
    said: list[Finding] = []
    if limits.max_drifted_columns == 0:
        said += [*findings(every, policy), *window_findings(every, windows, policy)]
    for part in found:
        said.append(drifted_columns(part.samples.split, every, limits.max_drifted_columns, policy))
        said += [few_values(part.samples.split, column, n, least) for column, n in part.few]
        if part.windows is not None and part.windows.without_time:
            said.append(without_time(part.samples.split, part.windows))
    return Verdicts(tuple(found), tuple(every), tuple(said))


def figure(
    name: str, reference: str, verdicts: Verdicts, rows: Mapping[str, Rows], task: Task, policy: Policy,
    importance: Mapping[str, float] | None,
) -> Drift:  # fmt: skip
    """Return what the record keeps of a comparison.

    Parameters
    ----------
    name, reference : str
        Of the figure, and of the reference split.
    verdicts : Verdicts
    rows : mapping of str to Rows
        Split to rows.
    task : Task
    policy : Policy
    importance : mapping of str to float, optional
        Column to the share of answers that change when it is shuffled.
    """
    splits = [reference, *(part.samples.split for part in verdicts.compared)]
    return Drift(
        name=name,
        reference=reference,
        confidence=policy.confidence,
        samples=tuple(Sampled(split=split, rows=rows[split].total, compared=len(rows[split])) for split in splits),
        unit=task.unit,
        shifts=_with_histograms(shifts(verdicts.judged, importance), verdicts.compared),
        timelines=tuple(
            timeline(part.samples.split, verdicts.judged, part.windows, importance)
            for part in verdicts.compared
            if part.windows is not None
        ),
        estimates=tuple(_estimates(rows, verdicts.compared, task, policy)),
        tokens=tuple(piece for part in verdicts.compared if _is_told(verdicts, part) for piece in part.pieces),
    )


def _is_told(verdicts: Verdicts, part: Compared) -> bool:
    """Whether texts can be told apart: otherwise the words that seem to tell them apart mean nothing."""
    content = [one for one in verdicts.judged if one.of.feature == "content" and one.of.split == part.samples.split]
    return any(one.verdict is not Verdict.PASSED for one in content)


def _with_histograms(found: Sequence[Shift], compared_splits: Sequence[Compared]) -> tuple[Shift, ...]:
    pairs = {
        (part.samples.split, pair.column, pair.feature): (pair, part.samples)
        for part in compared_splits
        for pair in part.pairs
    }
    places = [(shift.split, shift.column, shift.feature) for shift in found]
    drawn = set([place for place in places if place in pairs][:MOST_HISTOGRAMS])
    return tuple(
        shift.model_copy(update={"histogram": _histogram(*pairs[place])}) if place in drawn else shift
        for shift, place in zip(found, places, strict=True)
    )


def _histogram(pair: Pair, samples: Samples) -> Histogram | None:
    sampled = samples.exact is None or samples.reference.sampled or samples.current.sampled
    return histogram(pair, samples.exact, sampled=sampled)


def _estimates(
    rows: Mapping[str, Rows], compared_splits: Sequence[Compared], task: Task, policy: Policy
) -> list[AccuracyEstimate]:
    """Estimate the accuracy on production rows, from test rows."""
    live = any(part.samples.split == "live" for part in compared_splits)
    if not live or "test" not in rows:
        return []
    both = rows["test"], rows["live"]
    matrices = None
    if task.text is not None or task.features:
        seen, is_current = seen_by(both, task, max(map(len, both)))
        matrices = seen.matrix[~is_current], seen.matrix[is_current]
    labelled, current = (Answered.of(one) for one in both)
    return estimates("live", labelled, current, matrices, policy.confidence, task.seed)
