"""Minima that a first spec proposes: what cross-validation of the training rows alone certainly reaches."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from llmops_audit.errors import AuditError, DataError

if TYPE_CHECKING:
    from llmops_audit.data.batches import Dataset, ReadState
    from llmops_audit.evidence.base import Batch
    from llmops_audit.record import Label
    from llmops_audit.spec import Spec
    from llmops_audit.subjects import Trainable

__all__ = ["Reached", "check_and_measure", "floored", "proposed"]

MOST_TRAINED, MOST_TEXTS = 20_000, 4_000
"""Training rows that are cross-validated, and rows of texts, which take longer; of more, a random sample."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Reached:
    """What cross-validation reached.

    Attributes
    ----------
    rows : int
        Rows that were predicted out-of-fold.
    accuracy : float
        The lower end of its interval.
    f1 : float, optional
        Likewise, of the positive label.
    guessing : float
        Share of the commonest label.
    """

    rows: int
    accuracy: float
    f1: float | None
    guessing: float


def proposed(reached: Reached | None) -> tuple[str, ...]:
    """Return the lines below `[checks.accuracy]`."""
    if reached is None:
        return ("# min = { accuracy = … }     # set your own minima: without, only chance is judged",)
    values = {"accuracy": reached.accuracy, "f1": reached.f1}
    pairs = ", ".join(f"{name} = {value:.2f}" for name, value in values.items() if value)
    return (
        f"# min = {{ {pairs} }}",
        f"# A proposal: what the stand-in reaches in cross-validation of {reached.rows:,} training rows, at the",
        f"# lower end of the {CONFIDENCE:.0%} interval, rounded down; always guessing the commonest label is right in",
        f"# {reached.guessing:.0%}. On fewer test rows the interval is wider: there it may not be decided.",
        "# Set what your use needs: until then only chance is judged.",
    )


def check_and_measure(spec: str, folder: Path, *, fit: bool) -> Reached | None:
    """Read the data as the audit of a spec will, and cross-validate its training rows; no test row is predicted.

    Parameters
    ----------
    spec : str
        Its text.
    folder : Path
        Where it will stand.
    fit : bool

    Raises
    ------
    AuditError
        Where an audit would stop.
    """
    from llmops_audit.audit import prepare
    from llmops_audit.data.batches import ReadState, open_dataset

    prepared = prepare(tomllib.loads(spec))
    every_column = "personal_data" in {name for one in prepared.checks.values() for name in one.check.inputs}
    dataset = open_dataset(prepared.spec, folder, every_column=every_column)
    reached = ReadState.settled(prepared.spec, lambda reading: _tried(dataset, reading, fit=fit))
    dataset.all_files_read()
    return reached


def _tried(dataset: Dataset, reading: ReadState, *, fit: bool) -> Reached | None:
    from llmops_audit.data.batches import batches

    if not dataset.spec.model.trained_here:
        for part in dataset.files:
            for _ in batches(dataset, part, reading):
                pass
        return None
    train = _training_rows(dataset, reading)
    return _cross_validated(train, dataset, reading) if fit else None


def _training_rows(dataset: Dataset, reading: ReadState) -> Batch:
    """Return the rows that the audit trains on, and read all others once."""
    from llmops_audit.data.batches import batches, load
    from llmops_audit.subjects.training import require_labels, split

    if "path" in dataset.files:
        train, test = split(load(dataset, "path", reading), dataset.spec)
        require_labels(test, train)
    else:
        train = load(dataset, "train", reading)
        for batch in batches(dataset, "test", reading):
            require_labels(batch, train)
    for _ in batches(dataset, "live", reading) if "live" in dataset.files else ():
        pass
    if train.label is None or len(set(train.label.index.tolist())) < 2:
        raise DataError("the training split", "holds fewer than two labels", "at least two")
    return train


def _cross_validated(train: Batch, dataset: Dataset, reading: ReadState) -> Reached | None:
    from llmops_audit.subjects import open_subject
    from llmops_audit.subjects.training import out_of_fold

    spec = dataset.spec
    subject = cast("Trainable", open_subject(spec, dataset.folder, reading.numeric or frozenset()))
    rows = _at_most(MOST_TRAINED if spec.data.text is None else MOST_TEXTS, train, spec.audit.seed)
    if spec.data.unit is not None:
        # Folds that share a person flatter.
        subject.fit(rows)
        return None
    try:
        held_out = out_of_fold(subject, rows, spec.audit.seed, MOST_TRAINED)
    except AuditError:
        # A fold may lack what all rows have; then there is no proposal, but the audit may run.
        held_out = None
    if held_out is None or rows.label is None:
        subject.fit(rows)
        return None
    labels = [rows.label.categories[i] for i in rows.label.index]
    predictions = [held_out.prediction.categories[i] for i in held_out.prediction.index]
    return _reached(labels, predictions, spec)


def _at_most(most: int, train: Batch, seed: int) -> Batch:
    import numpy as np

    if len(train) <= most:
        return train
    return train[np.sort(np.random.default_rng(seed).choice(len(train), most, replace=False))]


def _reached(labels: list[Label], predictions: list[Label], spec: Spec) -> Reached:
    from collections import Counter

    from llmops_audit.record.labels import canonical_label
    from llmops_audit.stats import clopper_pearson

    pairs = list(zip(labels, predictions, strict=True))
    right = sum(a == b for a, b in pairs)
    f1 = None
    if spec.data.positive is not None:
        positive = canonical_label(spec.data.positive)
        hits = sum(a == b == positive for a, b in pairs)
        either = sum(positive in pair for pair in pairs)
        share = clopper_pearson(hits, either, CONFIDENCE)[0] if either else 0.0
        f1 = floored(2 * share / (1 + share))
    guessing = max(Counter(labels).values()) / len(labels)
    return Reached(len(pairs), floored(clopper_pearson(right, len(pairs), CONFIDENCE)[0]), f1, guessing)


def floored(value: float) -> float:
    """Return a share rounded down to two digits."""
    return math.floor(100 * value) / 100
