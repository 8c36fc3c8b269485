"""`Outputs`: how many outputs of the subject are labels, and what the others look like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from llmops_audit.evidence.base import Batch, Codes, Plan
from llmops_audit.record import Outcome, OutputCounts, OutputShape
from llmops_audit.record.labels import Label

__all__ = ["OUTCOMES", "Outputs", "shape_of"]

OUTCOMES = tuple(Outcome)
"""The members of `Outcome`, in the order of the indices of `OutputColumn.outcome`."""

LONGEST_SHAPE = 40
MOST_SHAPES = 500
"""Shapes that are counted one by one."""

MOST_NAMED = 10
"""Shapes that a record holds."""

_LONGEST_MASKED = 1_000
"""Characters of an output that its shape shows."""

K = TypeVar("K")

_RUNS = re.compile(r"(.)\1+", re.DOTALL)
_WORDS = re.compile(r"\ba(?: a)+\b")


@dataclass(frozen=True)
class Outputs:
    """Counts of rows, exact.

    Attributes
    ----------
    values : mapping of label to int
        Predictions as they are: labels, or values that may be, as long as the labels are unknown.
    others : mapping of Outcome to int
        Rows whose outcome is known not to be a label.
    shapes : mapping of str to int
        Of the outputs that are known to be no label: the `MOST_SHAPES` first shapes, the shorter the earlier. Whatever
        is added, the same shapes remain, and so their counts are exact.
    tied : int
        Rows whose largest score several labels share.
    """

    values: Mapping[Label, int] = field(default_factory=dict)
    others: Mapping[Outcome, int] = field(default_factory=dict)
    shapes: Mapping[str, int] = field(default_factory=dict)
    tied: int = 0

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the counts of nothing."""
        return cls()

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Count one batch; where the subject gives no output at all there is nothing to count."""
        if batch.prediction is None or not len(batch):
            return cls.empty(plan)
        values = _counted(batch.prediction)
        others: dict[Outcome, int]
        if batch.outputs is not None:
            found = np.bincount(batch.outputs.outcome, minlength=len(OUTCOMES)).tolist()
            others = {outcome: n for outcome, n in zip(OUTCOMES, found, strict=True) if n}
            others.pop(Outcome.LABEL, None)
            return cls(
                values,
                others,
                _first({str(shape): rows for shape, rows in _counted(batch.outputs.shape).items()}),
                int(batch.outputs.tied.sum()),
            )
        missing = int((batch.prediction.index < 0).sum())
        others = {Outcome.MISSING: missing} if missing else {}
        if plan.labels is None:
            return cls(values, others)
        return cls(*_parted(values, plan.labels, others))

    def __add__(self, other: Self) -> Self:
        return type(self)(
            _added(self.values, other.values),
            _added(self.others, other.others),
            _first(_added(self.shapes, other.shapes)),
            self.tied + other.tied,
        )

    def counts(self, labels: tuple[Label, ...]) -> OutputCounts | None:
        """Return the rows by outcome, and the commonest shapes; None where no output was expected."""
        values, others, shapes = _parted(self.values, labels, self.others)
        shapes = _added(shapes, self.shapes)
        outcomes = {Outcome.LABEL: sum(values.values()), **others}
        if not any(outcomes.values()):
            return None
        commonest = sorted(shapes.items(), key=lambda item: (-item[1], item[0]))[:MOST_NAMED]
        return OutputCounts(
            outcomes={outcome.value: outcomes[outcome] for outcome in OUTCOMES if outcomes.get(outcome)},
            shapes=tuple(OutputShape(shape=shape, rows=rows) for shape, rows in commonest),
            tied=self.tied,
        )


def shape_of(text: str) -> str:
    """Return what an output looks like, of which nothing of the output can be recovered.

    Letters of any script become ``a``, digits ``0``, and every run is one; two words or more are ``a a``.

    Examples
    --------
    >>> shape_of("I cannot answer that (case 4711).")
    'a a (a 0).'
    """
    masked = "".join(map(_masked, text[:_LONGEST_MASKED]))
    shape = _WORDS.sub("a a", _RUNS.sub(r"\1", masked)).strip()
    cut = len(shape) > LONGEST_SHAPE or len(text) > _LONGEST_MASKED
    return shape[: LONGEST_SHAPE - 1] + "…" if cut else shape


def _masked(character: str) -> str:
    kind = unicodedata.category(character)[0]
    if kind in "PS":
        return character
    return {"L": "a", "M": "a", "N": "0", "Z": " "}.get(kind, " " if character.isspace() else "·")


def _counted(codes: Codes) -> dict[Label, int]:
    rows: npt.NDArray[np.int64] = np.bincount(codes.index[codes.index >= 0], minlength=len(codes.categories))
    return {value: int(n) for value, n in zip(codes.categories, rows, strict=True) if n}


def _parted(
    values: Mapping[Label, int], labels: tuple[Label, ...], others: Mapping[Outcome, int]
) -> tuple[dict[Label, int], dict[Outcome, int], dict[str, int]]:
    """Part values into labels and the shapes of the rest, which is added to the other outcomes."""
    known = {value: rows for value, rows in values.items() if value in labels}
    shapes: dict[str, int] = {}
    for value, rows in values.items():
        if value not in known:
            shape = shape_of(str(value))
            shapes[shape] = shapes.get(shape, 0) + rows
    unparsable = sum(shapes.values())
    return known, _added(others, {Outcome.UNPARSABLE: unparsable} if unparsable else {}), _first(shapes)


def _added(one: Mapping[K, int], other: Mapping[K, int]) -> dict[K, int]:
    total = dict(one)
    for key, rows in other.items():
        total[key] = total.get(key, 0) + rows
    return total


def _first(shapes: Mapping[str, int]) -> dict[str, int]:
    kept = sorted(shapes, key=lambda shape: (len(shape), shape))[:MOST_SHAPES]
    return {shape: shapes[shape] for shape in kept}
