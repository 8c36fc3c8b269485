"""The rows behind what was found, `rows.csv`: where they stand, label, prediction and score, and no text of theirs.

Rows are drawn by their seeded keys: a uniform sample that depends neither on their order nor on batches. Each is listed
once, and the kinds take turns, so that a kind with many rows leaves room for the others.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from llmops_audit.evidence.base import Batch, Codes, encoded, same
from llmops_audit.personal_data import KINDS as PERSONAL_KINDS
from llmops_audit.personal_data import find
from llmops_audit.personal_data.normal import normal
from llmops_audit.record import CheckResult, Finding, Label, Message, RowsFile, Verdict, message
from llmops_audit.record.folder import ROWS
from llmops_audit.record.labels import MISSING
from llmops_audit.render import i18n
from llmops_audit.render.formats.csv import cell
from llmops_audit.render.items import MAX_NAME, one_line

if TYPE_CHECKING:
    from llmops_audit.audit.preparation import Prepared
    from llmops_audit.audit.sweep import Swept
    from llmops_audit.spec import Spec

__all__ = ["COLUMNS", "FoundRows", "RowKind", "RowsBehind", "of_predictions", "rows_behind"]

MOST_KEPT = 50_000
"""Rows that are kept while the data passes by; of more, those with the smallest keys."""

_BETWEEN = " × "
_DECIMALS = 6
_OWN_NUMBERS = ("date_of_birth", "patient_number", "policy_number", "secret", "swift_bic")
"""Kinds whose forms fit what an organisation makes its ids of: few digits, a day, random letters."""

_FORMS = tuple(form for name, kind in PERSONAL_KINDS.items() if name not in _OWN_NUMBERS for form in kind.forms)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HANDLING = message("pseudonymised: keep and delete it as personal data")


class RowKind(StrEnum):
    """Why a row is listed; a row that several kinds fit is of the first that has room."""

    LOST = "lost"
    FLIPPED = "flipped"
    GROUP = "group"
    WRONG = "wrong"


KINDS: dict[RowKind, Message] = {
    RowKind.LOST: message("right in the release before, wrong now"),
    RowKind.FLIPPED: message("predicted otherwise by the release before"),
    RowKind.GROUP: message("wrong, in a group that did not pass"),
    RowKind.WRONG: message("wrong"),
}
"""Kinds in words, where the language is not English."""

COLUMNS: dict[str, Message] = {
    "finding": message("Finding"),
    "kind": message("Kind"),
    "file": message("File"),
    "row": message("Row"),
    "id": message("Id"),
    "label": message("Label"),
    "prediction": message("Prediction"),
    "score": message("Score"),
}
"""Heading of each column in words, by the key that heads it in English."""


@dataclass(frozen=True)
class FoundRows:
    """The file, and what the record says of it."""

    content: bytes
    described: RowsFile


@dataclass(frozen=True)
class _Row:
    file: str
    number: int
    id: str | None
    label: Label | None
    prediction: Label | None
    score: float | None
    groups: Mapping[str, str]
    kinds: frozenset[RowKind]


@dataclass(frozen=True)
class _Shelf:
    """Rows of one kind that one finding is about."""

    finding: str
    kind: RowKind
    group: tuple[tuple[str, str], ...] = ()

    def holds(self, row: _Row) -> bool:
        return self.kind in row.kinds and all(row.groups.get(name) == value for name, value in self.group)


def rows_behind(spec: Spec) -> RowsBehind | None:
    """Return what collects the rows; None where the spec does not ask for them."""
    if spec.report is None or not spec.report.rows:
        return None
    return RowsBehind(spec.report.rows, spec.data.id, spec.data.groups, spec.audit.language)


def of_predictions(results: Iterable[CheckResult], prepared: Prepared) -> list[CheckResult]:
    """Return the results of the checks that count right and wrong predictions: other findings have no such rows."""
    return [one for one in results if {"outcomes", "pairs"}.intersection(prepared.checks[one.name].check.inputs)]


@dataclass
class RowsBehind:
    """Collects the test rows that a finding may be about while they pass by; it changes.

    Attributes
    ----------
    most : int
        Rows of the file.
    id : str, optional
        Column that identifies a row.
    groups : tuple of str
        Columns of sensitive attributes.
    language : str
    kept : list of Batch
        Rows that are wrong or predicted otherwise than before.
    """

    most: int
    id: str | None
    groups: tuple[str, ...]
    language: str
    kept: list[Batch] = field(default_factory=list)

    def noting(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Note the rows of a split as they pass by."""
        self.kept = []
        for batch in batches:
            if batch.prediction is not None:
                places = np.flatnonzero(_wrong(batch) | _flipped(batch))
                names = [name for name in batch.table.column_names if name == self.id or name in self.groups]
                self.kept.append(replace(batch, table=batch.table.select(names), outputs=None)[places])
                self._thin_out(2 * MOST_KEPT)
            yield batch

    def _thin_out(self, above: int) -> None:
        if sum(map(len, self.kept)) > above:
            keys = np.concatenate([batch.key for batch in self.kept])
            largest = np.partition(keys, MOST_KEPT - 1)[MOST_KEPT - 1]
            self.kept = [batch[np.flatnonzero(batch.key <= largest)] for batch in self.kept]

    def content(self, results: Sequence[CheckResult], swept: Swept) -> FoundRows:
        """Return the file.

        Parameters
        ----------
        results : sequence of CheckResult
            Of the checks that count right and wrong predictions, once the gate has decided.
        swept : Swept
        """
        # Down to one number, so that the rows do not depend on how many stood in a batch.
        self._thin_out(MOST_KEPT)
        rows = self._rows(swept.task.labels, swept.task.positive)
        shelves = _shelves(results, self.groups, rows)
        if swept.release_pairs is not None and swept.release_pairs.why_not is not None:
            shelves = [shelf for shelf in shelves if shelf.kind not in (RowKind.LOST, RowKind.FLIPPED)]
        return self._written(_drawn(rows, shelves, self.most), shelves)

    def _rows(self, labels: tuple[Label, ...], positive: Label | None) -> list[_Row]:
        """Return the rows that were kept, those with the smallest keys first."""
        found = [
            (key, row)
            for batch in self.kept
            for key, row in zip(batch.key.tolist(), self._of_batch(batch, labels, positive), strict=True)
        ]
        return [row for _, row in sorted(found, key=lambda one: (one[0], one[1].file, one[1].number))]

    def _of_batch(self, batch: Batch, labels: tuple[Label, ...], positive: Label | None) -> Iterator[_Row]:
        wrong, flipped, lost = _wrong(batch), _flipped(batch), _lost(batch)
        predictions = _values(batch.prediction, len(batch))
        ids: list[object] = [None] * len(batch)
        if self.id is not None and self.id in batch.table.column_names:
            ids = batch.table.column(self.id).to_pylist()
        codes = {name: encoded(batch.table, name) for name in self.groups}
        groups = {name: _values(one, len(batch)) for name, one in codes.items() if one is not None}
        scores = _scores(batch, predictions, positive)
        for place, label in enumerate(_values(batch.label, len(batch))):
            kinds = {RowKind.LOST} if lost[place] else {RowKind.FLIPPED} if flipped[place] else set()
            if wrong[place]:
                kinds |= {RowKind.GROUP, RowKind.WRONG}
            prediction = predictions[place]
            yield _Row(
                file=batch.source[place],
                number=int(batch.row[place]),
                id=None if ids[place] is None else str(ids[place]),
                label=label,
                # An output that is no label may quote its row.
                prediction=prediction if prediction in labels else None,
                score=scores[place],
                groups={name: MISSING if v[place] is None else str(v[place]) for name, v in groups.items()},
                kinds=frozenset(kinds),
            )

    def _written(self, drawn: Mapping[_Shelf, Sequence[_Row]], shelves: Sequence[_Shelf]) -> FoundRows:
        translate = i18n.translator(self.language)
        keyed = self.language == i18n.SOURCE_LANGUAGE
        listed = [
            (shelf, row) for shelf in shelves for row in sorted(drawn[shelf], key=lambda row: (row.file, row.number))
        ]
        ids = self._safe_ids([row for _, row in listed])
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(COLUMNS if keyed else [translate(heading.id) for heading in COLUMNS.values()])
        for (shelf, row), id in zip(listed, ids, strict=True):
            kind = shelf.kind.value if keyed else translate(KINDS[shelf.kind].id)
            shown = [None if value is None else str(value) for value in (row.label, row.prediction)]
            line = (shelf.finding, kind, row.file, row.number, id, *shown, row.score)
            writer.writerow([cell(one_line(v, MAX_NAME) if isinstance(v, str) else v) for v in line])
        content = text.getvalue().encode("utf-8" if keyed else "utf-8-sig", "replace")
        digest = hashlib.sha256(content).hexdigest()
        return FoundRows(content, RowsFile(file=ROWS, sha256=digest, rows=len(listed), handling=_HANDLING))

    def _safe_ids(self, rows: Sequence[_Row]) -> list[str | None]:
        """Return the ids without those that are personal data: such a row is known by its file and number alone."""
        spans = find([row.id or "" for row in rows], header=self.id or "")
        return [None if found or _fits_a_kind(row.id or "") else row.id for row, found in zip(rows, spans, strict=True)]


def _fits_a_kind(id: str) -> bool:
    """Return whether any part of an id has the form of personal data, and its check digit where the form has one.

    The name of the column says nothing of what its numbers are, so that no word beside them is waited for.
    """
    text = normal(id.strip()).text
    return not _UUID.fullmatch(text) and any(
        form.validator(candidate) for form in _FORMS for candidate in _candidates(form.pattern, text)
    )


def _candidates(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    match = pattern.search(text)
    while match is not None:
        yield match.group()
        match = pattern.search(text, match.start() + 1)


def _wrong(batch: Batch) -> npt.NDArray[np.bool_]:
    if batch.label is None or batch.prediction is None:
        return np.zeros(len(batch), dtype=np.bool_)
    return (batch.label.index >= 0) & ~same(batch.label, batch.prediction)


def _flipped(batch: Batch) -> npt.NDArray[np.bool_]:
    before = batch.reference_predictions.get("baseline")
    if before is None or batch.prediction is None:
        return np.zeros(len(batch), dtype=np.bool_)
    asked = ~batch.unasked.get("baseline", np.zeros(len(batch), dtype=np.bool_))
    either = (before.index >= 0) | (batch.prediction.index >= 0)
    return np.asarray(asked & either & ~same(before, batch.prediction))


def _lost(batch: Batch) -> npt.NDArray[np.bool_]:
    before = batch.reference_predictions.get("baseline")
    if before is None or batch.label is None:
        return np.zeros(len(batch), dtype=np.bool_)
    return _flipped(batch) & _wrong(batch) & same(batch.label, before)


def _values(codes: Codes | None, n: int) -> list[Label | None]:
    if codes is None:
        return [None] * n
    categories = (*codes.categories, None)
    return [categories[index] for index in codes.index.tolist()]


def _scores(batch: Batch, predictions: Sequence[Label | None], positive: Label | None) -> list[float | None]:
    """Return the score of the positive label, or of the predicted label where no label is the positive one."""
    if batch.scores is None:
        return [None] * len(batch)
    wanted = [positive if positive in batch.scores.labels else prediction for prediction in predictions]
    place = {label: number for number, label in enumerate(batch.scores.labels)}
    values = batch.scores.values
    found = [values[row, place[label]] if label in place else np.nan for row, label in enumerate(wanted)]
    return [None if np.isnan(value) else round(float(value), _DECIMALS) + 0.0 for value in found]


def _shelves(results: Iterable[CheckResult], groups: Sequence[str], rows: Sequence[_Row]) -> list[_Shelf]:
    """Return a shelf for each kind of rows of each finding, the gravest findings first and nothing twice."""
    order = (Verdict.FAILED, Verdict.INCONCLUSIVE)
    found = [one for result in results for one in result.findings if one.requirement is not None]
    shelves: dict[tuple[RowKind, object], _Shelf] = {}
    for verdict in order:
        for finding in (one for one in found if one.verdict is verdict):
            for shelf in _of_finding(finding, groups, rows):
                shelves.setdefault((shelf.kind, shelf.group), shelf)
    # Where all is well, wrong and flipped rows are still what a reviewer asks for; no group is weak then.
    kinds = {kind for kind, _ in shelves}
    for finding in (one for one in found if one.verdict not in order):
        for shelf in _of_finding(finding, groups, rows):
            if not shelf.group and shelf.kind not in kinds:
                shelves.setdefault((shelf.kind, shelf.group), shelf)
    return sorted(shelves.values(), key=lambda shelf: tuple(RowKind).index(shelf.kind))


def _of_finding(finding: Finding, groups: Sequence[str], rows: Sequence[_Row]) -> Iterator[_Shelf]:
    scope = {key: value for key, value in finding.scope.items() if key != "split"}
    if finding.scope.get("split", "test") != "test":
        return
    before = scope.pop("against", None) == "before"
    if "attribute" in scope:
        pairs = _weaker(scope["attribute"], finding, rows)
    else:
        pairs = [pair for key, value in sorted(scope.items()) for pair in _pairs(key, value)]
    if any(name not in groups for name, _ in pairs):
        return
    group = tuple(pairs)
    if before:
        yield _Shelf(finding.id, RowKind.LOST, group)
    if before and not group:
        yield _Shelf(finding.id, RowKind.FLIPPED)
    if not before:
        yield _Shelf(finding.id, RowKind.GROUP if group else RowKind.WRONG, group)


def _pairs(attribute: str, group: str) -> list[tuple[str, str]]:
    """Return the columns of an attribute, or of an intersection of several, with the value of a group in each."""
    return list(zip(attribute.split(_BETWEEN), group.split(_BETWEEN), strict=False))


def _weaker(attribute: str, finding: Finding, rows: Sequence[_Row]) -> list[tuple[str, str]]:
    """Return that of the two groups of a gap in which the larger share of the rows is wrong."""
    shares = []
    for name, size in (("group", "group_rows"), ("compared_with", "compared_rows")):
        shelf = _Shelf(finding.id, RowKind.GROUP, tuple(_pairs(attribute, str(finding.details.get(name)))))
        n = finding.details.get(size)
        shares.append((sum(map(shelf.holds, rows)) / n if isinstance(n, int) and n else 0.0, shelf.group))
    return list(max(shares, key=lambda one: one[0])[1])


def _drawn(rows: Sequence[_Row], shelves: Sequence[_Shelf], most: int) -> dict[_Shelf, list[_Row]]:
    """Draw rows: the kinds take turns, and so do the findings of a kind."""
    drawn: dict[_Shelf, list[_Row]] = {shelf: [] for shelf in shelves}
    left = {shelf: iter([row for row in rows if shelf.holds(row)]) for shelf in shelves}
    turns = {kind: [shelf for shelf in shelves if shelf.kind is kind] for kind in RowKind}
    taken: set[tuple[str, int]] = set()
    while len(taken) < most and any(turns.values()):
        for kind in RowKind:
            row = None
            while turns[kind] and row is None and len(taken) < most:
                shelf = turns[kind].pop(0)
                row = next((one for one in left[shelf] if (one.file, one.number) not in taken), None)
                if row is not None:
                    drawn[shelf].append(row)
                    taken.add((row.file, row.number))
                    turns[kind].append(shelf)
    return drawn
