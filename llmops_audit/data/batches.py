"""From files to batches: read columns as the spec names them, and refuse rows that do not fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmops_audit.data import sources, tables
from llmops_audit.data.cell_counts import CellCounts, CellTally
from llmops_audit.data.columns import FileLocation, cleaned_column, merged, row_keys
from llmops_audit.data.headers import Header, needed_columns
from llmops_audit.data.one_form import OneForm, in_one_form
from llmops_audit.data.reading import ReadState, check_labels, note_time, scores_of, units_of, weights_of
from llmops_audit.data.spellings import LABELS
from llmops_audit.errors import DataError, Problem
from llmops_audit.evidence.base import Batch, concatenated
from llmops_audit.record import FileInfo, joined_sha256
from llmops_audit.spec import SPLITS, Spec

__all__ = ["Dataset", "ReadState", "batches", "columns_alone", "load", "open_dataset", "slices"]

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

    def all_files_read(self) -> dict[str, tuple[FileInfo, ...]]:
        """Return the files of each part, see `files_read`.

        Raises
        ------
        DataError
            Where two parts hold the same bytes.
        """
        found = {part: self.files_read(part) for part in sorted(self.files)}
        if len({joined_sha256(files) for files in found.values()}) < len(found):
            raise DataError("data", "two splits hold the same bytes", "rows that were not trained on, and count once")
        return found

    def column_names(self, part: str, shown: str) -> tuple[str, ...]:
        """Return all columns of a file of a part, or of the table in its place.

        Raises
        ------
        DataError
        """
        if part in self.tables:
            return tuple(self.tables[part].column_names)
        return sources.column_names(self.folder / shown, shown, self.format, self.ledger)

    def other_delimiter(self, part: str, shown: str, wanted: Collection[str]) -> str | None:
        """Return the delimiter that a file of a part seems to have where it was read as a single column."""
        if part in self.tables:
            return None
        return sources.other_delimiter(self.folder / shown, shown, self.format, wanted)

    def read(self, part: str, shown: str) -> Iterator[pa.Table]:
        """Read the wanted columns of a file of a part, or of the table in its place, batch by batch.

        Raises
        ------
        DataError
        """
        names = self.column_names(part, shown)
        columns = [name for name in names if self.wanted is None or name in self.wanted]
        searched = frozenset(columns) - set(_named(self.spec))
        if part in self.tables:
            return tables.read(self.tables[part], shown, columns, BATCH_ROWS, searched)
        return sources.read(self.folder / shown, shown, self.format, columns, BATCH_ROWS, searched, self.ledger)


def open_dataset(
    spec: Spec,
    folder: Path,
    *,
    every_column: bool,
    in_memory: Mapping[str, pa.Table] = MappingProxyType({}),
    judged: Collection[str] = SPLITS,
    compared: bool = True,
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
    judged : collection of str
        Splits whose rows are judged, beside the test split: units and weights must stand in them.
    compared : bool
        Whether the inputs of the classifier are looked at in every split.

    Raises
    ------
    DataError
        All files that cannot be read and all columns that are missing, at once.
    """
    data = spec.data
    parts = [part for part in ("path", *SPLITS) if data.paths(part)]
    dataset = Dataset(spec, folder, {part: data.paths(part) for part in parts}, {}, None, in_memory)
    headers, problems = _headers(dataset, parts)
    # A column may stand in one split alone, but a name that stands in no file is an error.
    found = {name for by_file in headers.values() for header in by_file for name in header.names}
    nowhere = frozenset() if problems else frozenset(_named(spec)) - found
    for part, by_file in headers.items():
        needed = needed_columns(spec, part, _output_columns(spec), judged, compared=compared)
        needed |= nowhere if part in ("path", "test") else frozenset()
        for header in by_file:
            missing = [name for name in _named(spec) if name in needed and name not in header.names]
            problems += header.lacks(missing)
            problems += header.unlike(by_file[0], missing)
            dataset.names[part] = by_file[0].names
    if problems:
        raise DataError.of(problems)
    return dataset if every_column else replace(dataset, wanted=_named(spec))


def _headers(dataset: Dataset, parts: Sequence[str]) -> tuple[dict[str, list[Header]], list[Problem]]:
    """Return the headers by part and file, and what is wrong with the files that cannot be read."""
    headers: dict[str, list[Header]] = {part: [] for part in parts}
    problems: list[Problem] = []
    known = frozenset((*_named(dataset.spec), *(dataset.spec.data.column_names or ())))
    for part in parts:
        for shown in dataset.files[part]:
            try:
                names = dataset.column_names(part, shown)
            except DataError as error:
                problems.extend(error.problems)
            else:
                read, delimiter = partial(dataset.read, part, shown), partial(dataset.other_delimiter, part, shown)
                headers[part].append(Header(shown, names, known, read, delimiter))
    return headers, problems


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


def batches(dataset: Dataset, part: str, reading: ReadState) -> Iterator[Batch]:
    """Read a part batch by batch; memory does not grow with its rows.

    Raises
    ------
    DataError
        With file and row, where a value does not fit what the spec says of its column.
    Reread
        Where a column turns out to be something else than the batches before showed.
    """
    weighted, largest = False, 0.0
    for shown in dataset.files[part]:
        first = 1
        for table in dataset.read(part, shown):
            batch = _batch(dataset, part, FileLocation(shown, first), table, reading)
            first += table.num_rows
            if batch.weight is not None:
                weighted, largest = True, max(largest, float(batch.weight.max(initial=0.0)))
            yield batch
    if weighted and not largest:
        where = ", ".join(dataset.files[part])
        raise DataError(where, f"column '{dataset.spec.data.weight}' is zero in every row", "a weight above zero")


def columns_alone(dataset: Dataset, part: str, reading: ReadState, names: tuple[str, ...]) -> Iterator[pa.Table]:
    """Read some columns of a part, batch by batch, in the form in which `batches` gives them.

    Raises
    ------
    DataError
    Reread
        As `batches`.
    """
    narrow = replace(dataset, wanted=names)
    for shown in dataset.files[part]:
        first = 1
        for table in narrow.read(part, shown):
            yield _in_one_form(narrow, part, FileLocation(shown, first), table, reading).table
            first += table.num_rows


def load(dataset: Dataset, part: str, reading: ReadState) -> Batch:
    """Read a part whole, for training.

    Raises
    ------
    DataError
        Where it has no rows, and as `batches`.
    """
    found = list(batches(dataset, part, reading))
    if not found:
        raise DataError(", ".join(dataset.files[part]), "has no rows", "at least one")
    return Batch(
        found[0].split,
        concatenated([batch.table for batch in found]),
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
        weight_unit=found[-1].weight_unit,
    )


def _joined(parts: list[npt.NDArray[Any] | None]) -> npt.NDArray[Any] | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def slices(batch: Batch) -> Iterator[Batch]:
    """Cut a batch into batches of at most `BATCH_ROWS` rows."""
    for start in range(0, len(batch), BATCH_ROWS):
        yield batch[start : start + BATCH_ROWS]


def _batch(dataset: Dataset, part: str, where: FileLocation, raw: pa.Table, reading: ReadState) -> Batch:
    spec, shown, n = dataset.spec, where.shown, raw.num_rows
    data = spec.data
    split = "test" if part == "path" else part
    formed = _in_one_form(dataset, part, where, raw, reading)
    table, codes = formed.table, partial(formed.codes, texts=LABELS in reading.spellings.texts)
    row = np.arange(where.first, where.first + n, dtype=np.int64)
    label = codes(data.label)
    if label is not None:
        check_labels(label, split, where, reading)
    baseline = None if spec.baseline is None else spec.baseline.predictions
    reference_predictions = {"baseline": codes(baseline)}
    if data.time is not None and data.time in table.column_names:
        note_time(table.column(data.time), split, where, reading)
    return Batch(
        split,
        table,
        [shown] * n,
        row,
        row_keys(table, spec, shown, row),
        label,
        codes(spec.model.predictions),
        weights_of(table, data, where, reading),
        scores_of(table, spec, where, texts=LABELS in reading.spellings.texts),
        {name: predictions for name, predictions in reference_predictions.items() if predictions is not None},
        units_of(table, spec, where),
        weight_unit=reading.weight_unit or 1.0,
    )


def _in_one_form(dataset: Dataset, part: str, where: FileLocation, raw: pa.Table, reading: ReadState) -> OneForm:
    return in_one_form(raw, dataset.spec, where, part, reading, partial(_counts, dataset))


def _counts(dataset: Dataset, part: str, typed: Mapping[str, bool]) -> dict[str, CellCounts]:
    """Count the cells of features in one pass over the rows of a part."""
    tallies = {name: CellTally(None if typed[name] else dataset.spec.data) for name in typed}
    counted = replace(dataset, wanted=tuple(typed))
    for shown in dataset.files[part]:
        first = 1
        for table in counted.read(part, shown):
            for name, tally in tallies.items():
                tally.add(cleaned_column(table.column(name), name, dataset.spec), FileLocation(shown, first))
            first += table.num_rows
    return {name: tally.counts() for name, tally in tallies.items()}
