"""Predictions of one release beside those of the next: the file `predictions.parquet`, and the rows that two share.

A row is known again by the HMAC-SHA-256, under a secret key, of what it holds: the text or the features, the id where
the spec names one, and the label. The file holds these digests in their own order, and so neither a value of a row nor
its place.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from llmops_audit.audit.pairing_key import PairingKey, pairing_key
from llmops_audit.audit.seen_rows import inputs_of
from llmops_audit.data.columns import merged
from llmops_audit.errors import RecordError
from llmops_audit.evidence.base import Batch, Codes, ScoreMatrix
from llmops_audit.record import PredictionsFile, message
from llmops_audit.record.folder import PREDICTIONS
from llmops_audit.record.labels import Label
from llmops_audit.spec import DataSection

if TYPE_CHECKING:
    from llmops_audit.audit.preparation import Prepared
    from llmops_audit.record import Message, Record

__all__ = ["LEAST_JOINED", "PairedRows", "Previous", "RowWriter", "known_by", "previous", "row_writer"]

LEAST_JOINED = 0.95
"""Share of the test rows that the file must hold; below, the rows count as other rows."""

SCHEMA = b"llmops-audit/predictions/1"
DECIMALS = 2
"""Of scores: enough to compare areas, and too few to know a row by."""

_BYTES = 32
_WORDS = 4
_SCORE = "score "

Digests = npt.NDArray[np.uint64]

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_HANDLING = message("pseudonymised: keep and delete it as personal data")


def known_by(data: DataSection) -> tuple[str, ...]:
    """Return the columns, beside the label, that a row is known again by; sorted."""
    return tuple(sorted({*inputs_of(data), *(() if data.id is None else (data.id,))}))


@dataclass
class _Numbered:
    """Digests of rows as they pass by, with the number of each among equal ones; it changes."""

    key: PairingKey
    names: tuple[str, ...]
    seen: Counter[bytes] = field(default_factory=Counter)

    def of(self, batch: Batch) -> tuple[Digests, npt.NDArray[np.int32]]:
        """Return the digests, (n, 4), and the numbers, (n,), from 0."""
        digests, numbers = [], np.zeros(len(batch), dtype=np.int32)
        for number, content in enumerate(_contents(batch, self.names)):
            digest = self.key.digest(content)
            numbers[number] = self.seen[digest]
            self.seen[digest] += 1
            digests.append(digest)
        return _words(b"".join(digests)), numbers


def _words(digests: bytes) -> Digests:
    # Numbers in the order of the bytes.
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64).reshape(-1, _WORDS)


def _contents(batch: Batch, names: Sequence[str]) -> Iterator[bytes]:
    """Yield what each row holds, as JSON: its values in the order of their columns' names, then its label."""
    columns = [_values(batch.table.column(name)) for name in names]
    labels: list[Label | None] = [None] * len(batch)
    if batch.label is not None:
        categories = (*batch.label.categories, None)
        labels = [categories[index] for index in batch.label.index.tolist()]
    for row in zip(*columns, labels, strict=True):
        yield _JSON.encode([names, row]).encode("utf-8", "surrogatepass")


def _values(column: pa.ChunkedArray) -> list[Any]:
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        # Adding zero makes -0.0 the same number as 0.0; NaN is missing.
        return [None if value is None or value != value else value + 0.0 for value in values]
    return [value if value is None or isinstance(value, str | int | float) else str(value) for value in values]


@dataclass
class RowWriter:
    """Collects the test rows' predictions while they pass by, for the next release to be compared with; it changes."""

    key: PairingKey
    names: tuple[str, ...]
    digests: list[Digests] = field(default_factory=list)
    numbers: list[npt.NDArray[np.int32]] = field(default_factory=list)
    predictions: list[Codes] = field(default_factory=list)
    scores: list[ScoreMatrix | None] = field(default_factory=list)

    def noting(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Note the rows of a split as they pass by."""
        self.digests, self.numbers, self.predictions, self.scores = [], [], [], []
        numbered = _Numbered(self.key, self.names)
        for batch in batches:
            if batch.prediction is not None and len(batch):
                digests, numbers = numbered.of(batch)
                self.digests.append(digests)
                self.numbers.append(numbers)
                self.predictions.append(batch.prediction)
                self.scores.append(batch.scores)
            yield batch

    def content(self, labels: tuple[Label, ...]) -> bytes | None:
        """Return the file; None without predictions.

        Parameters
        ----------
        labels : tuple of label
            A prediction that is none of them is written as missing: an output may quote its row.
        """
        codes = merged(self.predictions) if self.predictions else None
        if codes is None:
            return None
        digests, numbers = np.concatenate(self.digests), np.concatenate(self.numbers)
        order = np.lexsort((numbers, *digests.T[::-1]))
        texts = [json.dumps(value, ensure_ascii=False) if value in labels else None for value in codes.categories]
        columns: dict[str, pa.Array] = {
            "row": pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(_BYTES), len(order), [None, pa.py_buffer(digests[order].astype(">u8").tobytes())]
            ),
            "number": pa.array(numbers[order]),
            "prediction": pa.array([*texts, None], pa.string()).take(pa.array(codes.index[order] % (len(texts) + 1))),
        }
        for label in labels:
            values = [np.full(len(n), np.nan) if s is None else s.of([label])[:, 0] for s, n in self._by_batch()]
            rounded = np.round(np.concatenate(values), DECIMALS)[order] + 0.0
            if not np.isnan(rounded).all():
                columns[f"{_SCORE}{json.dumps(label, ensure_ascii=False)}"] = pa.array(rounded, from_pandas=True)
        sink = io.BytesIO()
        pq.write_table(pa.table(columns).replace_schema_metadata({b"llmops-audit": SCHEMA}), sink, compression="zstd")
        return sink.getvalue()

    def _by_batch(self) -> Iterator[tuple[ScoreMatrix | None, npt.NDArray[np.int32]]]:
        return zip(self.scores, self.numbers, strict=True)

    def described(self, content: bytes) -> PredictionsFile:
        """Return what the record says of the file."""
        return PredictionsFile(
            file=PREDICTIONS,
            sha256=hashlib.sha256(content).hexdigest(),
            rows=sum(map(len, self.numbers)),
            key_fingerprint=self.key.fingerprint,
            handling=_HANDLING,
        )


def row_writer(prepared: Prepared) -> RowWriter | None:
    """Return what collects the predictions; None where the spec does not ask for them.

    Raises
    ------
    SpecError
        Where there is no key to do so.
    """
    spec = prepared.spec
    if spec.report is None or not spec.report.predictions:
        return None
    key = pairing_key(spec, prepared.draft.folder, "report.predictions")
    return RowWriter(key, known_by(spec.data))


@dataclass(frozen=True)
class PairedRows:
    """What became of the pairs with the previous release.

    Attributes
    ----------
    rows, joined : int
        Test rows, and those of them that its file holds.
    why_not : Message, optional
        Why there are no pairs.
    """

    rows: int = 0
    joined: int = 0
    why_not: Message | None = None


@dataclass
class Previous:
    """The predictions of the previous release, by row; it counts what it joined.

    Attributes
    ----------
    key : PairingKey
    names : tuple of str
    release : str
        Name and version of the previous release.
    digests : numpy array of uint64, (n, 4)
        Sorted.
    numbers : numpy array of int32, (n,)
        Rising among equal digests.
    predictions : Codes, (n,)
    scores : ScoreMatrix, (n, k), optional
    """

    key: PairingKey
    names: tuple[str, ...]
    release: tuple[str, str]
    digests: Digests
    numbers: npt.NDArray[np.int32]
    predictions: Codes
    scores: ScoreMatrix | None
    rows: int = 0
    joined: int = 0

    def joining(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Add the predictions of the previous release to rows; it counts from the start each time."""
        numbered = _Numbered(self.key, self.names)
        self.rows = self.joined = 0
        for batch in batches:
            found = self._found(*numbered.of(batch))
            self.rows, self.joined = self.rows + len(batch), self.joined + int((found >= 0).sum())
            yield replace(
                batch,
                reference_predictions={**batch.reference_predictions, "baseline": self.predictions[found]},
                reference_scores=None if self.scores is None else self.scores[found],
                unasked={**batch.unasked, "baseline": found < 0},
            )

    def _found(self, digests: Digests, numbers: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
        """Return the place of each row, (n,); -1 where the file does not hold it."""
        if not len(self.numbers):
            return np.full(len(numbers), -1, dtype=np.intp)
        # Rows with one first word have one digest, but for one in 2**64; then the others differ and the row is unknown.
        at = np.searchsorted(self.digests[:, 0], digests[:, 0]) + numbers
        inside = np.minimum(at, len(self.numbers) - 1)
        same = (self.digests[inside] == digests).all(axis=1) & (self.numbers[inside] == numbers) & (at == inside)
        return np.where(same, inside, -1)

    @property
    def found(self) -> PairedRows:
        """What became of the pairs, once all rows were read."""
        if self.joined >= LEAST_JOINED * self.rows:
            return PairedRows(self.rows, self.joined)
        name, version = self.release
        why = message(
            "No pairs: {joined:,} of {rows:,} test rows stand in the predictions.parquet of {name} {version}, which is "
            "under 95 %, so that they count as other rows.",
            joined=self.joined, rows=self.rows, name=name, version=version,
        )  # fmt: skip
        return PairedRows(self.rows, self.joined, why)


def previous(prepared: Prepared, before: Record | None) -> Previous | PairedRows | None:
    """Read the predictions of the previous release, where its record names them.

    Parameters
    ----------
    prepared : Prepared
    before : Record, optional
        The record of the previous release.

    Returns
    -------
    Previous, PairedRows or None
        `PairedRows` says why there are no pairs; None where nothing asks for them.

    Raises
    ------
    AuditError
        Where there is no key, or the file cannot be read or was changed.
    """
    spec, folder = prepared.spec, prepared.draft.folder
    baseline = spec.baseline
    if before is None or baseline is None or baseline.record is None or "baseline" not in prepared.inputs:
        return None
    described = before.predictions_file
    if baseline.predictions is not None or described is None:
        return None
    release = before.audit.name, before.audit.version
    path = folder / baseline.record
    path = (path if path.is_dir() else path.parent) / described.file
    if not path.is_file():
        return _no_pairs(message("Its predictions.parquet is not beside the record."))
    subject = f"baseline.record: {path.name}"
    key = pairing_key(spec, folder, subject)
    if key.fingerprint != described.key_fingerprint:
        return _no_pairs(message("No pairs: its predictions.parquet was made under another key."))
    if not known_by(spec.data):
        return _no_pairs(message("No pairs: the spec names neither a text nor features nor an id."))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(subject, f"cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != described.sha256:
        raise RecordError(subject, "was changed after its record was written", f"SHA-256 {described.sha256}")
    return _read(content, subject, key, known_by(spec.data), release)


def _no_pairs(why: Message) -> PairedRows:
    return PairedRows(why_not=why)


def _read(content: bytes, subject: str, key: PairingKey, names: tuple[str, ...], release: tuple[str, str]) -> Previous:
    try:
        table = pq.read_table(io.BytesIO(content))
        metadata: Mapping[bytes, bytes] = table.schema.metadata or {}
        if metadata.get(b"llmops-audit") != SCHEMA:
            raise RecordError(subject, "has another schema", SCHEMA.decode())
        rows = table.column("row").to_pylist()
        predictions = _codes(table.column("prediction").combine_chunks().dictionary_encode())
        scored = [name for name in table.column_names if name.startswith(_SCORE)]
        numbers = table.column("number").to_numpy()
        scores = None
        if scored:
            labels = tuple(cast(Label, json.loads(name.removeprefix(_SCORE))) for name in scored)
            scores = ScoreMatrix(labels, np.column_stack([table.column(name).to_numpy() for name in scored]))
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise RecordError(subject, "is no file of predictions") from error
    return Previous(key, names, release, _words(b"".join(rows)), numbers, predictions, scores)


def _codes(texts: pa.DictionaryArray) -> Codes:
    categories = tuple(cast(Label, json.loads(text)) for text in texts.dictionary.to_pylist())
    return Codes(categories, texts.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32))
