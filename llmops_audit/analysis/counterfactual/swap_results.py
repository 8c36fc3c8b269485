"""How swapping identity terms changes a classifier's predictions, by pair of groups and by pair of terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import ndtri

from llmops_audit.analysis.counterfactual import Swap
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.check.subject import QueriedSubject
from llmops_audit.record import (
    Column,
    Label,
    Message,
    Scalar,
    Table,
    interval_columns,
    message,
)
from llmops_audit.stats import Bounds, clopper_pearson
from llmops_audit.stats.intervals import tail
from llmops_audit.stats.reliability import score_reach

__all__ = ["GroupPair", "SwapResults", "pair_table", "term_table"]

Floats = npt.NDArray[np.float64]

BATCH_TEXTS = 10_000
"""Texts that the subject predicts at once."""

MAX_TERMS = 20
"""Nobody reads a report of a hundred pairs of terms."""


@dataclass(frozen=True)
class GroupPair:
    """How swapping one group for another changed the predictions.

    Attributes
    ----------
    flips, towards, away : int
        Predicted labels that changed; to the positive label, and from it.
    both : int
        Texts that mention both groups.
    shift : numpy array of float64, (rows,), optional
        Score of the swapped text minus that of the text; None where there are no probabilities.
    """

    rows: int
    flips: int
    towards: int
    away: int
    both: int
    shift: Floats | None

    def flip_bounds(self, confidence: float) -> Bounds:
        """Return the interval of the flip rate (Clopper-Pearson)."""
        return clopper_pearson(self.flips, self.rows, confidence)

    @property
    def mean_shift(self) -> float | None:
        """Mean change of the score of the positive label; None where there are no probabilities."""
        return None if self.shift is None else float(self.shift.mean())

    def shift_bounds(self, confidence: float) -> Bounds:
        """Return the interval of the mean shift, within -1 and 1; see `llmops_audit.stats.reliability.score_reach`."""
        if self.shift is None:
            return -1.0, 1.0
        mean = float(self.shift.mean())
        reach = score_reach(float(-ndtri(tail(confidence))), float(((self.shift - mean) ** 2).sum())) / self.rows
        return max(-1.0, mean - reach), min(1.0, mean + reach)

    def size_bounds(self, confidence: float) -> Bounds:
        """Return the interval of the size of the mean shift."""
        low, high = self.shift_bounds(confidence)
        return max(0.0, low, -high), max(abs(low), abs(high))


@dataclass(frozen=True)
class SwapResults:
    """The predictions of all swapped texts, counted.

    Attributes
    ----------
    pairs : mapping of (attribute, from, to) to Pair
    terms : mapping of (attribute, term, replacement) to (texts, flips)
    """

    pairs: Mapping[tuple[str, str, str], GroupPair]
    terms: Mapping[tuple[str, str, str], tuple[int, int]]

    def by_attribute(self) -> dict[str, dict[tuple[str, str], GroupPair]]:
        """Return the pairs of each attribute, by (from, to)."""
        found: dict[str, dict[tuple[str, str], GroupPair]] = {}
        for (attribute, source, target), pair in self.pairs.items():
            found.setdefault(attribute, {})[source, target] = pair
        return found

    @classmethod
    def of(cls, subject: QueriedSubject, task: Task, texts: Sequence[str], swaps: Sequence[Swap]) -> SwapResults:
        """Predict every distinct text once, and count."""
        index: dict[str, int] = {}
        before = [index.setdefault(texts[swap.row], len(index)) for swap in swaps]
        after = [index.setdefault(swap.swapped.text, len(index)) for swap in swaps]
        labels, scores = _predictions(subject, task, list(index))
        positive = _positive(task)
        members: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        terms: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for i, swap in enumerate(swaps):
            members[swap.attribute, swap.source, swap.target].append(i)
            for term in swap.swapped.replaced:
                terms[swap.attribute, *term].append(labels[before[i]] != labels[after[i]])
        pairs = {}
        for pair, group in sorted(members.items()):
            old, new = [before[i] for i in group], [after[i] for i in group]
            changed = [(labels[x], labels[y]) for x, y in zip(old, new, strict=True) if labels[x] != labels[y]]
            known = positive is not None
            pairs[pair] = GroupPair(
                rows=len(group), flips=len(changed),
                towards=sum(known and label == positive for _, label in changed),
                away=sum(known and label == positive for label, _ in changed),
                both=sum(swaps[i].swapped.both for i in group),
                shift=None if scores is None else scores[new] - scores[old],
            )  # fmt: skip
        return cls(pairs, {term: (len(flips), sum(flips)) for term, flips in sorted(terms.items())})


def _positive(task: Task) -> Label | None:
    return task.labels[1] if task.positive is None and len(task.labels) == 2 else task.positive


def _predictions(subject: QueriedSubject, task: Task, texts: Sequence[str]) -> tuple[list[Label | None], Floats | None]:
    """Return the predicted labels, and the probabilities of the positive label, if any."""
    labels: list[Label | None] = []
    scores: list[Floats] = []
    positive = _positive(task)
    for start in range(0, len(texts), BATCH_TEXTS):
        part = texts[start : start + BATCH_TEXTS]
        codes, scored = subject.predict_with_scores(pa.table({str(task.text): pa.array(part, pa.string())}))
        labels += [codes.categories[i] if i >= 0 else None for i in codes.index.tolist()]
        if scored is not None and positive in scored.labels:
            scores.append(scored.values[:, scored.labels.index(positive)])
    found = np.concatenate(scores) if scores else np.zeros(0)
    inside = len(found) == len(texts) and bool(((found >= 0) & (found <= 1)).all())
    return labels, found if inside else None


def pair_table(results: SwapResults, policy: Policy) -> Table:
    """Return flips and score shifts by pair of groups, judged or not."""
    rows: list[dict[str, Scalar | Message]] = []
    for (attribute, source, target), one in results.pairs.items():
        low, high = one.flip_bounds(policy.confidence)
        ends = (None, None) if one.shift is None else one.shift_bounds(policy.confidence)
        rows.append(
            {
                "identity": attribute, "from": source, "to": target, "rows": one.rows,
                "both": one.both, "flips": one.flips, "rate": one.flips / one.rows, "low": low, "high": high,
                "towards": one.towards, "away": one.away, "shift": one.mean_shift, "shift_low": ends[0],
                "shift_high": ends[1],
            }
        )  # fmt: skip
    columns = (
        *_columns("text", {"identity": message("Attribute"), "from": message("From"), "to": message("To")}),
        *_columns("count", {"rows": message("Texts"), "both": message("Mention both"), "flips": message("Flips")}),
        *_columns("share", {"rate": message("Flip rate")}),
        *interval_columns("share"),
        *_columns("count", {"towards": message("To the positive label"), "away": message("From the positive label")}),
        *_columns("number", {
            "shift": message("Score shift"), "shift_low": message("Lower end"), "shift_high": message("Upper end"),
        }),
    )  # fmt: skip
    caption = message("Predictions that changed when terms of one group replaced those of another")
    return Table(name="counterfactual", chapter="fairness", caption=caption, columns=columns, rows=tuple(rows))


def term_table(results: SwapResults, policy: Policy) -> Table:
    """Return the pairs of terms that flip most often, by the lower end of the interval of their rate."""
    found = []
    for (attribute, term, replacement), (texts, flips) in results.terms.items():
        low, high = clopper_pearson(flips, texts, policy.confidence)
        if flips:
            found.append((-low, attribute, term, replacement, texts, flips, high))
    rows: list[dict[str, Scalar | Message]] = [
        {
            "identity": attribute, "term": term, "replacement": replacement, "rows": texts, "flips": flips,
            "rate": flips / texts, "low": -low, "high": high,
        }
        for low, attribute, term, replacement, texts, flips, high in sorted(found)[:MAX_TERMS]
    ]  # fmt: skip
    columns = (
        *_columns(
            "text", {"identity": message("Attribute"), "term": message("Term"), "replacement": message("Replaced by")}
        ),
        *_columns("count", {"rows": message("Texts"), "flips": message("Flips")}),
        *_columns("share", {"rate": message("Flip rate")}),
        *interval_columns("share"),
    )
    caption = message("Terms whose replacement changed the most predictions; a text with several terms counts for each")
    return Table(name="counterfactual_terms", chapter="fairness", caption=caption, columns=columns, rows=tuple(rows))


def _columns(
    form: Literal["text", "message", "count", "share", "number"], headings: Mapping[str, Message]
) -> tuple[Column, ...]:
    return tuple(Column(key=key, heading=heading, format=form) for key, heading in headings.items())
