"""`RowDigests`: a digest of all predictions and one of all scores, row by row, whatever the rows were cut into."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from llmops_audit.evidence._contents import mixed
from llmops_audit.evidence.base import Batch, Codes, Plan
from llmops_audit.record.labels import Label

__all__ = ["RowDigests"]

DECIMALS = 6
"""Scores are compared to so many decimals: their last bits depend on how many rows are scored at once."""

_ORDER = np.uint64(0x9E3779B97F4A7C15)
_LANES = (0, 1)
"""Sums of two hashes, of 64 bits each: two different tables of predictions have one digest by chance never."""
_MODULUS = 1 << 64

Hashes = npt.NDArray[np.uint64]
Sums = tuple[int, ...]


@dataclass(frozen=True)
class RowDigests:
    """Sums of hashes of (row, label, prediction) and of (row, scored label, score), by file.

    Attributes
    ----------
    predictions, scores : mapping of str to tuple of int
        File to a sum for each of `_LANES`, modulo 2**64. A row is known by its number in its file; the file's name has
        no bearing beyond its order among others.
    """

    predictions: Mapping[str, Sums] = field(default_factory=dict)
    scores: Mapping[str, Sums] = field(default_factory=dict)

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the digests of nothing."""
        return cls()

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Sum up one batch; without predictions, or without scores, there is nothing to sum up."""
        if not len(batch):
            return cls()
        found: list[dict[str, Sums]] = [{}, {}]
        files = {file: number for number, file in enumerate(dict.fromkeys(batch.source))}
        index = np.fromiter((files[file] for file in batch.source), dtype=np.int64, count=len(batch))
        for target, hashes in zip(found, (list(_predictions(batch)), list(_scores(batch))), strict=True):
            for file, number in files.items() if hashes else ():
                target[file] = tuple(int(lane[index == number].sum(dtype=np.uint64)) for lane in hashes)
        return cls(*found)

    def __add__(self, other: Self) -> Self:
        return type(self)(_added(self.predictions, other.predictions), _added(self.scores, other.scores))

    @property
    def of_predictions(self) -> str | None:
        """The digest of row, label and prediction of all rows; None without predictions."""
        return _digest(self.predictions)

    @property
    def of_scores(self) -> str | None:
        """The digest of row, scored label and score of all rows; None without scores."""
        return _digest(self.scores)


def _added(one: Mapping[str, Sums], other: Mapping[str, Sums]) -> dict[str, Sums]:
    files = sorted({*one, *other})
    nothing = (0,) * len(_LANES)
    return {
        file: tuple((a + b) % _MODULUS for a, b in zip(one.get(file, nothing), other.get(file, nothing), strict=True))
        for file in files
    }


def _digest(sums: Mapping[str, Sums]) -> str | None:
    if not sums:
        return None
    return hashlib.sha256(json.dumps([sums[file] for file in sorted(sums)]).encode()).hexdigest()


def _predictions(batch: Batch) -> Iterator[Hashes]:
    if batch.prediction is None:
        return
    for lane in _LANES:
        label = np.zeros(len(batch), np.uint64) if batch.label is None else _of_codes(batch.label, lane)
        yield _joined(_joined(_rows(batch, lane), label), _of_codes(batch.prediction, lane))


def _scores(batch: Batch) -> Iterator[Hashes]:
    if batch.scores is None:
        return
    # Adding zero makes -0.0 the same number as 0.0, and every NaN is one.
    values = np.round(batch.scores.values, DECIMALS) + 0.0
    bits = np.where(np.isnan(values), np.nan, values).view(np.uint64)
    for lane in _LANES:
        rows, total = _rows(batch, lane), np.zeros(len(batch), dtype=np.uint64)
        for known, label in zip(bits.T, _of_labels(batch.scores.labels, lane), strict=True):
            total += _joined(_joined(rows, np.full(len(batch), label)), known)
        yield total


def _rows(batch: Batch, lane: int) -> Hashes:
    return mixed(batch.row.astype(np.uint64) * _ORDER + np.uint64(lane + 1))


def _joined(one: Hashes, other: Hashes) -> Hashes:
    return mixed(one * _ORDER + other)


def _of_codes(codes: Codes, lane: int) -> Hashes:
    # Missing is the last category, which -1 points to.
    return _of_labels((*codes.categories, None), lane)[codes.index]


def _of_labels(labels: Sequence[Label | None], lane: int) -> Hashes:
    texts = (json.dumps(label).encode() for label in labels)
    digests = (hashlib.blake2b(text, digest_size=8, salt=bytes([lane])).digest() for text in texts)
    return np.array([int.from_bytes(digest, "little") for digest in digests], dtype=np.uint64)
