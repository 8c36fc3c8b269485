"""From files to batches: read columns as the spec names them, and refuse rows that do not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmops_audit.data import sources, tables
from llmops_audit.data.columns import (
    FileLocation,
    cleaned,
    floats,
    merged,
    numeric_columns,
    row_keys,
    unit_groups,
    with_numbers,
)
from llmops_audit.errors import DataError, Problem
from llmops_audit.evidence.base import Batch, Codes, ScoreMatrix, concatenated, encoded
from llmops_audit.personal_data import find
from llmops_audit.record import FileInfo
from llmops_audit.record.labels import Label, canonical_label
from llmops_audit.spec import SPLITS, DataSection, Spec

__all__ = ["Dataset", "batches", "load", "open_dataset", "slices"]

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Dataset:
    """The data of a spec, whose columns are known and hold what the spec names.

    Attributes
    ----------
    spec : Spec
    folder : Path
        Folder that paths are relative to.
    files : dict
        Split, or ``"path"``, to paths as the spec writes them.
    names : dict
        Split, or ``"path"``, to the column names of its files.
    wanted : tuple of str, optional
        The columns to read; None means all.
    tables : mapping of str to pyarrow.Table
        Split, or ``"path"``, to the table in memory that stands in the place of its file.
    ledger : ReadLedger
        What was read of its files; the one part that changes, and nothing but digests depends on it.
    """

    spec: Spec
    folder: Path
    files: dict[str, tuple[str, ...]]
    names: dict[str, tuple[str, ...]]
    wanted: tuple[str, ...] | None
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    ledger: sources.ReadLedger = field(default_factory=sources.ReadLedger)

    @cached_property
    def format(self) -> sources.FileFormat:
        """How text files are read."""
        data = self.spec.data
        return sources.FileFormat(data.encoding, data.delimiter, data.quote, data.column_names, data.skip_rows)

    def columns(self, part: str) -> tuple[str, ...]:
        """Return the columns of a part that are read, in the order of its files."""
        return tuple(name for name in self.names[part] if self.wanted is None or name in self.wanted)

    def files_read(self, part: str) -> tuple[FileInfo, ...]:
        """Return the files of a part in the order of their paths, or the table in their place, with their digests.

        Raises
        ------
        DataError
            Where a file that was not read to its end has changed since.
        """
        if part in self.tables:
            content = tables.sha256(self.tables[part])
            return tuple(FileInfo(name=shown, sha256=content, bytes=None) for shown in self.files[part])
        found = ((shown, self.ledger.digest(self.folder / shown, shown)) for shown in sorted(self.files[part]))
        return tuple(FileInfo(name=shown, sha256=digest.sha256, bytes=digest.bytes) for shown, digest in found)

    def column_names(self, part: str, shown: str) -> tuple[str, ...]:
        """Return all columns of a file of a part, or of the table in its place.

        Raises
        ------
        DataError
        """
        if part in self.tables:
            return tuple(self.tables[part].column_names)
        return sources.column_names(self.folder / shown, shown, self.format, self.ledger)

    def read(self, part: str, shown: str) -> Iterator[pa.Table]:
        """Read the wanted columns of a file of a part, or of the table in its place, batch by batch.

        Raises
        ------
        DataError
        """
        names = self.column_names(part, shown)
        columns = [name for name in names if self.wanted is None or name in self.wanted]
        if part in self.tables:
            return tables.read(self.tables[part], shown, columns, BATCH_ROWS)
        return sources.read(self.folder / shown, shown, self.format, columns, BATCH_ROWS, self.ledger)


def open_dataset(
    spec: Spec, folder: Path, *, every_column: bool, in_memory: Mapping[str, pa.Table] = MappingProxyType({})
) -> Dataset:
    """Read the headers of all files before any row is read.

    Parameters
    ----------
    spec : Spec
    folder : Path
        Folder of the spec.
    every_column : bool
        Read columns that the spec does not name as well.
    in_memory : mapping of str to pyarrow.Table, optional
        Split, or ``"path"``, to the table that stands in the place of its file.

    Raises
    ------
    DataError
        All files that cannot be read and all columns that are missing, at once.
    """
    data = spec.data
    parts = [part for part in ("path", *SPLITS) if data.paths(part)]
    dataset = Dataset(spec, folder, {part: data.paths(part) for part in parts}, {}, None, in_memory)
    problems: list[Problem] = []
    for part in parts:
        for shown in dataset.files[part]:
            try:
                names = dataset.column_names(part, shown)
            except DataError as error:
                problems.extend(error.problems)
                continue
            # The first line of a file without a header is a row, whose values no error may quote.
            expected = "a header, or `data.column_names`" if any(find(names)) else f"one of {', '.join(names)}"
            missing = [column for column in _needed(spec, part) if column not in names]
            problems.extend(Problem(shown, f"has no column '{column}'", expected) for column in missing)
            first = dataset.names.setdefault(part, names)
            for column in sorted(set(first) ^ set(names)):
                lacking = dataset.files[part][0] if column in names else shown
                problems.append(
                    Problem(lacking, f"has no column '{column}'", "the same columns in all files of a split")
                )
    if problems:
        raise DataError.of(problems)
    return dataset if every_column else replace(dataset, wanted=_named(spec))


def _named(spec: Spec) -> tuple[str, ...]:
    data = spec.data
    named = (
        *_output_columns(spec),
        data.text,
        *data.features,
        data.label,
        *data.groups,
        data.weight,
        data.unit,
        data.time,
        data.id,
    )
    return tuple(dict.fromkeys(name for name in named if name is not None))


def _output_columns(spec: Spec) -> tuple[str, ...]:
    model = spec.model
    scores = model.scores.values() if isinstance(model.scores, dict) else [model.scores]
    baseline = None if spec.baseline is None else spec.baseline.predictions
    return tuple(name for name in (model.predictions, *scores, baseline) if name is not None)


def _needed(spec: Spec, part: str) -> tuple[str, ...]:
    optional = {spec.data.label} if part == "live" else set()
    if spec.baseline is not None and part in ("train", "live"):
        optional.add(spec.baseline.predictions or "")
    if part == "train":
        # Saved predictions are judged on the test split; those on the training rows are optional.
        optional.update(_output_columns(spec))
    return tuple(name for name in _named(spec) if name not in optional)


@dataclass
class ReadState:
    """What reading has found out about the rows so far.

    Attributes
    ----------
    numeric : frozenset of str, optional
        Features that are numbers; None while that is undecided, and columns are left as they are.
    labels : tuple of label, optional
        Labels that may occur; None: any.
    labels_source : str
        Where `labels` come from, for errors.
    time : dict
        Split to the first and last time.
    """

    numeric: frozenset[str] | None = None
    labels: tuple[Label, ...] | None = None
    labels_source: str = "`data.labels`"
    time: dict[str, tuple[str, str]] = field(default_factory=dict)


def batches(dataset: Dataset, part: str, reading: ReadState) -> Iterator[Batch]:
    """Read a part batch by batch; memory does not grow with its rows.

    Raises
    ------
    DataError
        With file and row, where a value does not fit what the spec says of its column.
    """
    for shown in dataset.files[part]:
        first = 1
        for table in dataset.read(part, shown):
            yield _batch(dataset.spec, part, shown, first, table, reading)
            first += table.num_rows


def load(dataset: Dataset, part: str, reading: ReadState) -> Batch:
    """Read a part whole, for training.

    Raises
    ------
    DataError
        Where it has no rows, and as `batches`.
    """
    found = list(batches(dataset, part, replace(reading, numeric=None)))
    if not found:
        raise DataError(", ".join(dataset.files[part]), "has no rows", "at least one")
    table = concatenated([batch.table for batch in found])
    whole = Batch(
        part,
        table,
        [source for batch in found for source in batch.source],
        np.concatenate([batch.row for batch in found]),
        np.concatenate([batch.key for batch in found]),
        merged([batch.label for batch in found]),
        None,
        _joined([batch.weight for batch in found]),
        None,
        {
            name: predictions
            for name in found[0].reference_predictions
            if (predictions := merged([batch.reference_predictions.get(name) for batch in found]))
        },
        _joined([batch.unit_group for batch in found]),
    )
    if reading.numeric is None:
        reading.numeric = numeric_columns(table, dataset.spec.data)
    return replace(whole, table=with_numbers(whole.table, reading.numeric, whole))


def _joined(parts: list[npt.NDArray[Any] | None]) -> npt.NDArray[Any] | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def slices(batch: Batch) -> Iterator[Batch]:
    """Cut a batch into batches of at most `BATCH_ROWS` rows."""
    for start in range(0, len(batch), BATCH_ROWS):
        yield batch[start : start + BATCH_ROWS]


def _batch(spec: Spec, part: str, shown: str, first: int, table: pa.Table, reading: ReadState) -> Batch:
    data, n = spec.data, table.num_rows
    split = "test" if part == "path" else part
    where = FileLocation(shown, first)
    table = cleaned(table, spec)
    row = np.arange(first, first + n, dtype=np.int64)
    label = encoded(table, data.label)
    if label is not None:
        _check_labels(label, split, where, reading)
    prediction = encoded(table, spec.model.predictions) if spec.model.predictions else None
    baseline = None if spec.baseline is None else spec.baseline.predictions
    reference_predictions = {"baseline": encoded(table, baseline)} if baseline is not None else {}
    if data.time is not None and data.time in table.column_names:
        _note_time(table.column(data.time), split, where, reading)
    batch = Batch(
        split,
        table,
        [shown] * n,
        row,
        row_keys(table, spec, shown, row),
        label,
        prediction,
        _weights(table, data, where),
        _scores(table, spec, where),
        {name: predictions for name, predictions in reference_predictions.items() if predictions is not None},
        _unit_groups(table, spec, where),
    )
    return replace(batch, table=with_numbers(table, reading.numeric, batch)) if reading.numeric is not None else batch


def _check_labels(label: Codes, split: str, where: FileLocation, reading: ReadState) -> None:
    if split != "live":
        for position in np.flatnonzero(label.index < 0)[:1]:
            raise where.error(int(position), "the label is missing", "a label in every row of train and test")
    if reading.labels is not None:
        unknown = [i for i, value in enumerate(label.categories) if value not in reading.labels]
        for position in np.flatnonzero(np.isin(label.index, unknown))[:1]:
            raise where.error(int(position), "the label is unknown", f"a label of {reading.labels_source}")


def _weights(table: pa.Table, data: DataSection, where: FileLocation) -> npt.NDArray[np.float64] | None:
    if data.weight is None:
        return None
    weights = floats(table, data.weight, where, "a weight")
    for position in np.flatnonzero(weights < 0)[:1]:
        raise where.error(int(position), f"column '{data.weight}' is negative", "a weight of at least 0")
    return weights


def _scores(table: pa.Table, spec: Spec, where: FileLocation) -> ScoreMatrix | None:
    named = spec.model.scores
    if isinstance(named, str) and spec.data.positive is not None:
        columns = {canonical_label(spec.data.positive): named}
    else:
        columns = {canonical_label(label): name for label, name in named.items()} if isinstance(named, dict) else {}
    if not columns or not set(columns.values()) <= set(table.column_names):
        return None
    return ScoreMatrix(
        tuple(columns), np.column_stack([floats(table, name, where, "a score") for name in columns.values()])
    )


def _unit_groups(table: pa.Table, spec: Spec, where: FileLocation) -> npt.NDArray[np.int16] | None:
    if spec.data.unit is None:
        return None
    units = table.column(spec.data.unit)
    for position in np.flatnonzero(units.is_null().to_numpy())[:1]:
        raise where.error(int(position), "the unit is missing", "a person or document in every row (`data.unit`)")
    return unit_groups([str(value) for value in units.to_pylist()], spec.audit.seed)


def _note_time(column: pa.ChunkedArray, split: str, where: FileLocation, reading: ReadState) -> None:
    import pandas as pd

    texts = column.to_pandas()
    times = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    for position in np.flatnonzero((times.isna() & texts.notna()).to_numpy())[:1]:
        raise where.error(int(position), "the time cannot be read", "ISO 8601, such as 2026-11-24T09:30:00")
    if times.notna().any():
        low, high = times.min().isoformat(), times.max().isoformat()
        known = reading.time.get(split, (low, high))
        reading.time[split] = (min(low, known[0]), max(high, known[1]))
