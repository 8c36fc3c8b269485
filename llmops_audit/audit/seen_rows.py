"""Rows seen in training: counted while the rows are read, and left out where the requirements are judged once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmops_audit.data.batches import Dataset, ReadState, columns_alone
from llmops_audit.errors import DataError, SubjectError
from llmops_audit.evidence._contents import Hashes, KnownContents, MetContents, content_hashes
from llmops_audit.evidence.base import UNIT_GROUPS, Batch
from llmops_audit.record import Message, SeenRows, message
from llmops_audit.spec import DataSection

__all__ = ["Comparison", "Reader", "TrainedHere", "Training", "WithSavedRows", "Without", "inputs_of", "saved_rows"]

Reader = Callable[[], Iterable[Batch]]
"""Reads the rows of a split once more."""

Training = Callable[[Batch], tuple[Callable[[Batch], Batch], Batch]]
"""Trains on other rows: returns what predicts a batch, and a sample of the training rows with its predictions."""

NO_INPUTS = message("The spec names neither a text nor features (`data.text`, `data.features`).")
NO_COLUMN = message("A column of the inputs is not in both splits.")


@dataclass(frozen=True)
class Without:
    """What a split is judged on without the rows that were seen in training.

    Attributes
    ----------
    rows : int
        Training rows that are left, or unseen rows.
    undecided : Message, optional
        Why nothing can be judged.
    batches : iterable of Batch
    in_sample : Batch, optional
        A sample of the training rows, predicted by the subject that was trained once more.
    """

    rows: int
    undecided: Message | None = None
    batches: Iterable[Batch] = ()
    in_sample: Batch | None = None


class Comparison(Protocol):
    """Compares rows with the training rows while both are read."""

    def found(self) -> dict[str, SeenRows]:
        """Return what was found, by split, once all rows were read."""
        ...

    def compared(self, split: str, batch: Batch) -> Batch:
        """Return the rows of a batch that are compared: all, but of a sample of contents those in it."""
        ...

    def seen(self, split: str, table: pa.Table) -> npt.NDArray[np.bool_]:
        """Return which rows that were compared stand in the training rows, (n,), once all rows were read."""
        ...

    def without(self, split: str) -> Without:
        """Return what a split is judged on without the rows that were seen."""
        ...


def inputs_of(data: DataSection) -> tuple[str, ...]:
    """Return the columns that the classifier sees."""
    return (data.text,) if data.text is not None else data.features


@dataclass
class TrainedHere:
    """Compares with training rows that are in memory: exact, whatever the number of rows.

    Attributes
    ----------
    data : DataSection
    train : Batch
    train_again : callable
    read : mapping of str to callable
        Reads a split once more.
    hashes : numpy array of uint64, (n,)
        Of the training rows.
    known : KnownContents
    met : dict
        By split.
    """

    data: DataSection
    train: Batch
    train_again: Training
    read: Mapping[str, Reader]
    hashes: Hashes
    known: KnownContents
    met: dict[str, MetContents] = field(default_factory=dict)

    @classmethod
    def of(cls, data: DataSection, train: Batch, train_again: Training, read: Mapping[str, Reader]) -> TrainedHere:
        """Hash the training rows."""
        hashes = content_hashes(train.table, inputs_of(data))
        if hashes is None:  # what is trained here has inputs
            raise AssertionError
        return cls(data, train, train_again, read, hashes, KnownContents.of(hashes, most=None))

    def noting(self, split: str, rows: Iterable[Batch]) -> Iterator[Batch]:
        """Compare rows of a split as they pass by."""
        self.met[split] = MetContents.empty(self.known)
        for batch in rows:
            hashes = content_hashes(batch.table, inputs_of(self.data))
            if hashes is not None:
                self.met[split] += MetContents.of(hashes, self.known)
            yield batch

    def found(self) -> dict[str, SeenRows]:
        """Return what was found, by split."""
        return {
            split: SeenRows(rows=met.rows, seen=met.seen, training_rows=len(self.train), expected=_expected(self.data))
            for split, met in self.met.items()
        }

    def compared(self, split: str, batch: Batch) -> Batch:
        """Return the rows of a batch that are compared: all."""
        return batch

    def seen(self, split: str, table: pa.Table) -> npt.NDArray[np.bool_]:
        """Return which rows stand in the training rows, (n,)."""
        return _index(self.known, table, self.data) >= 0

    def without(self, split: str) -> Without:
        """Train once more without any training row that equals a row of the split."""
        kept = self.train[np.flatnonzero(~self.met[split].bits[self.known.find(self.hashes)])]
        if 2 * len(kept) < len(self.train):
            few = message(
                "Without those that equal a row of this split, only {kept} of {rows} training rows are left: too few "
                "to train on.",
                kept=len(kept), rows=len(self.train),
            )  # fmt: skip
            return Without(len(kept), few)
        if _labels(kept) != _labels(self.train):
            lost = message("Without the training rows that equal a row of this split, a label has none left.")
            return Without(len(kept), lost)
        try:
            predict, in_sample = self.train_again(kept)
        except SubjectError:
            return Without(len(kept), message("The classifier could not be trained without them."))
        rows = (_units_by_content(batch, self.data) for batch in self.read[split]())
        return Without(len(kept), None, map(predict, rows), in_sample)


@dataclass
class WithSavedRows:
    """Compares with training rows that are read once, in bounded memory: the contents of the others are known first.

    Attributes
    ----------
    data : DataSection
    known : mapping of str to KnownContents
        By split that can be compared.
    read : mapping of str to callable
        Reads a split once more.
    met : dict
        Which contents the training rows hold, by split.
    """

    data: DataSection
    known: Mapping[str, KnownContents]
    read: Mapping[str, Reader]
    met: dict[str, MetContents] = field(default_factory=dict)

    def noting(self, training_rows: Iterable[Batch]) -> Iterator[Batch]:
        """Compare training rows as they pass by."""
        self.met = {split: MetContents.empty(known) for split, known in self.known.items()}
        for batch in training_rows:
            hashes = content_hashes(batch.table, inputs_of(self.data))
            if hashes is not None:
                self.met = {split: met + MetContents.of(hashes, self.known[split]) for split, met in self.met.items()}
            yield batch

    def found(self) -> dict[str, SeenRows]:
        """Return what was found, by split."""
        return {split: self._found(split) for split in self.read}

    def _found(self, split: str) -> SeenRows:
        if split not in self.known:
            why = NO_COLUMN if inputs_of(self.data) else NO_INPUTS
            return SeenRows(rows=0, seen=0, training_rows=0, not_compared=why, expected=_expected(self.data))
        rows, seen, error = self.met[split].share_of(self.known[split])
        return SeenRows(
            rows=rows,
            seen=seen,
            training_rows=self.met[split].rows,
            exact=self.known[split].complete,
            error=error,
            expected=_expected(self.data),
        )

    def compared(self, split: str, batch: Batch) -> Batch:
        """Return the rows of a batch that are compared: all, but of a sample of contents those in it."""
        if split not in self.known or self.known[split].complete:
            return batch
        return batch[np.flatnonzero(_index(self.known[split], batch.table, self.data) >= 0)]

    def seen(self, split: str, table: pa.Table) -> npt.NDArray[np.bool_]:
        """Return which rows that were compared stand in the training rows, (n,)."""
        index = _index(self.known[split], table, self.data)
        return np.asarray((index >= 0) & self.met[split].bits[index])

    def without(self, split: str) -> Without:
        """Leave out the rows that were seen; of a sample of contents, those that were not compared as well."""
        left = int(self.known[split].rows[~self.met[split].bits].sum())
        if not left:
            return Without(0, message("All rows of this split stand in the training rows: none is unseen."))
        return Without(left, None, self._unseen(split))

    def _unseen(self, split: str) -> Iterator[Batch]:
        for batch in self.read[split]():
            compared = self.compared(split, batch)
            unseen = compared[np.flatnonzero(~self.seen(split, compared.table))]
            if len(unseen):
                yield _units_by_content(unseen, self.data)


def saved_rows(dataset: Dataset, reading: ReadState, read: Mapping[str, Reader]) -> WithSavedRows:
    """Read the inputs of the rows that are compared with saved training rows; the training rows are read later.

    Parameters
    ----------
    dataset : Dataset
    reading : ReadState
        It learns what the inputs are, as it would from the rows themselves.
    read : mapping of str to callable
        Reads a split, by split that is compared.

    Raises
    ------
    DataError
    Reread
        As `llmops_audit.data.batches.batches`.
    """
    data = dataset.spec.data
    names = inputs_of(data)
    having = [split for split in ("train", *read) if names and set(names) <= set(dataset.columns(split))]
    if "train" not in having:
        return WithSavedRows(data, {}, read)
    # Training rows decide what a column is, though they are compared last.
    next(columns_alone(dataset, "train", reading, names), None)
    try:
        known = {split: _known(dataset, split, reading, names) for split in read if split in having}
    except DataError:
        # Unless later training rows show that a column is something else than it seemed, it is an error.
        for _ in columns_alone(dataset, "train", reading, names):
            pass
        raise
    return WithSavedRows(data, known, read)


def _known(dataset: Dataset, split: str, reading: ReadState, names: tuple[str, ...]) -> KnownContents:
    known = KnownContents.empty()
    for table in columns_alone(dataset, split, reading, names):
        hashes = content_hashes(table, names)
        if hashes is not None:
            known += KnownContents.of(hashes)
    return known


def _units_by_content(batch: Batch, data: DataSection) -> Batch:
    """Make rows of equal inputs one unit, unless the spec says what is: the classifier answers them all alike."""
    hashes = content_hashes(batch.table, inputs_of(data))
    if hashes is None or batch.unit_group is not None:
        return batch
    return replace(batch, unit_group=(hashes % np.uint64(UNIT_GROUPS)).astype(np.int16))


def _index(known: KnownContents, table: pa.Table, data: DataSection) -> npt.NDArray[np.intp]:
    """Return the index of the content of each row, (n,); -1 where it is not known."""
    hashes = content_hashes(table, inputs_of(data))
    if hashes is None:  # only splits that have all inputs are compared
        raise AssertionError
    return known.find(hashes)


def _labels(train: Batch) -> set[int]:
    return set() if train.label is None else set(train.label.index.tolist())


def _expected(data: DataSection) -> str | None:
    return None if data.train_test_overlap is None else data.train_test_overlap.expected
