"""Sweep the data once: read, train and predict where the spec asks for that, and sum up evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

import numpy as np
import numpy.typing as npt

from llmops_audit.audit.clock import Clock
from llmops_audit.audit.near_rows import NearWatch
from llmops_audit.audit.other_leaks import LeakWatch
from llmops_audit.audit.predicted_rows import PredictedRows, predicted_rows
from llmops_audit.audit.release_pairs import PairedRows, Previous
from llmops_audit.audit.saved_outputs import refuse_without_labels
from llmops_audit.audit.task import task_of
from llmops_audit.check.inputs import Task
from llmops_audit.data.batches import Dataset, ReadState, open_dataset
from llmops_audit.data.column_kinds import ColumnKind, kinds_of
from llmops_audit.data.spellings import LABELS
from llmops_audit.errors import DataError, SpecError
from llmops_audit.evidence._gather import gather
from llmops_audit.evidence.base import Batch, Evidence, Plan
from llmops_audit.evidence.outcomes import IN_SAMPLE, Outcomes, without_seen_rows
from llmops_audit.evidence.pairs import Pairs
from llmops_audit.evidence.rows import Rows, by_fold_models
from llmops_audit.evidence.score_pairs import ScorePairs
from llmops_audit.record import FileInfo, Leak, SeenRows
from llmops_audit.record.labels import Label
from llmops_audit.spec import Spec
from llmops_audit.subjects import Subject, Trainable
from llmops_audit.subjects.predictions import SavedPredictions

if TYPE_CHECKING:
    from llmops_audit.audit.check_inputs import Needs
    from llmops_audit.audit.preparation import Prepared
    from llmops_audit.personal_data.allow_list import AllowList
    from llmops_audit.subjects.training import OutOfFold

__all__ = ["RowWatch", "Swept", "sweep"]

JUDGED_AGAIN = ("outcomes", "pairs", "scores")
"""Evidence that is gathered once more without the rows that were seen in training, where those are many."""


class RowWatch(Protocol):
    """Collects the rows of a split while they pass by."""

    def noting(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Note the rows as they pass by; it counts from the start each time."""
        ...


@dataclass(frozen=True)
class Swept:
    """All that an audit knows of its data and its subject.

    Attributes
    ----------
    evidence : mapping of str to mapping of str to Evidence
        Name of the evidence to split to evidence.
    task : Task
    subject : Subject
    columns : mapping of str to mapping of str to ColumnKind
        By split and column.
    files : mapping
        By split.
    time : mapping
        Split to the first and last time, where a time column is named.
    weight : str, optional
        Column of sample weights.
    train : Batch, optional
        The training rows, where the subject was trained here.
    plan : Plan
        What the evidence was gathered by.
    seen_rows : mapping of str to SeenRows
        By split that was compared with the training rows.
    leaks : tuple of Leak
        Beside seen rows.
    release_pairs : PairedRows, optional
        What became of the pairs with the previous release; None where nothing asked for them.
    """

    evidence: Mapping[str, Mapping[str, Evidence]]
    task: Task
    subject: Subject
    columns: Mapping[str, Mapping[str, ColumnKind]]
    files: Mapping[str, tuple[FileInfo, ...]]
    time: Mapping[str, tuple[str, str]]
    weight: str | None
    train: Batch | None
    plan: Plan
    seen_rows: Mapping[str, SeenRows] = field(default_factory=dict)
    leaks: tuple[Leak, ...] = ()
    release_pairs: PairedRows | None = None

    @property
    def outcomes(self) -> Mapping[str, Outcomes]:
        """Outcomes by split."""
        return cast(Mapping[str, Outcomes], self.evidence["outcomes"])


def sweep(
    prepared: Prepared,
    needs: Needs,
    jobs: int,
    clock: Clock,
    before: Previous | PairedRows | None = None,
    writers: Sequence[RowWatch] = (),
) -> Swept:
    """Read the data once and sum up what the checks need.

    Parameters
    ----------
    prepared : Prepared
    needs : Needs
    jobs : int
        Processes that evidence is gathered in.
    clock : Clock
    before : Previous or PairedRows, optional
        Predictions of the previous release, or why there are none.
    writers : sequence of RowWatch
        What collects the test rows and their predictions for a file.

    Raises
    ------
    AuditError
        Where the data or the subject cannot be had.
    """
    spec, folder = prepared.spec, prepared.draft.folder
    dataset = open_dataset(
        spec,
        folder,
        every_column="personal_data" in needs.evidence,
        in_memory=prepared.tables,
        judged=needs.judged,
        compared=needs.inputs_compared,
    )
    pairing = before if isinstance(before, Previous) else None
    swept = ReadState.settled(
        spec, lambda reading: _swept(prepared, dataset, reading, needs, jobs, clock, pairing, writers)
    )
    if before is None:
        return swept
    return _paired(swept, before.found if isinstance(before, Previous) else before)


def _paired(swept: Swept, found: PairedRows) -> Swept:
    """Take pairs away where too few rows have one."""
    if found.why_not is None:
        return replace(swept, release_pairs=found)
    without = {split: cast(Pairs, pairs).without("baseline") for split, pairs in swept.evidence["pairs"].items()}
    nothing = {split: ScorePairs() for split in swept.evidence.get("score_pairs", {})}
    evidence = {**swept.evidence, "pairs": without, **({"score_pairs": nothing} if nothing else {})}
    return replace(swept, evidence=evidence, release_pairs=found)


def _swept(
    prepared: Prepared,
    dataset: Dataset,
    reading: ReadState,
    needs: Needs,
    jobs: int,
    clock: Clock,
    before: Previous | None,
    writers: Sequence[RowWatch],
) -> Swept:
    spec = prepared.spec
    rows = predicted_rows(dataset, reading, needs, clock, before, scores=bool(writers))
    watch = LeakWatch(spec.data, "test" if rows.train is None else "train")
    near = None if rows.comparison is None else NearWatch(spec.data, spec.audit.seed, rows.comparison)
    watched = {split: watch.noting(split, batches) for split, batches in rows.splits.items()}
    if near is not None:
        watched = {split: near.noting(split, batches) for split, batches in watched.items()}
    for writer in writers:
        watched["test"] = writer.noting(watched["test"])
    rows = replace(rows, splits=watched)
    texts = LABELS in reading.spellings.texts
    plan = _plan(spec, prepared.draft.folder, spec.data.listed_labels(texts=texts))
    part_of = {split: split if split in dataset.files else "path" for split in rows.splits}
    columns = {split: dataset.columns(part) for split, part in part_of.items()}
    with clock.stage("gathering evidence"):
        evidence = _gathered(rows, plan, columns, needs.evidence, jobs)
    outcomes = cast(Mapping[str, Outcomes], evidence["outcomes"])
    with clock.stage("comparing with training rows"):
        seen_rows = {
            split: seen.model_copy(update={"near": None if near is None else near.found(split)})
            for split, seen in _without_seen_rows(rows, plan, columns, needs, evidence, jobs).items()
        }
    with clock.stage("computing digests"):
        files = dataset.all_files_read()
    task = task_of(
        spec,
        outcomes,
        plan.labels,
        categorical=tuple(name for name in spec.data.features if name not in reading.numeric),
        trained_here=rows.train is not None,
        one_rule_feature=None if rows.rule is None else rows.rule.feature,
    )
    refuse_without_labels(dataset, evidence, task.labels)
    return Swept(
        evidence,
        task,
        _with_files(rows.subject, files),
        {split: kinds_of(names, spec, reading.kinds, reading.spellings) for split, names in columns.items()},
        {split: files[part] for split, part in part_of.items()},
        reading.time,
        spec.data.weight,
        rows.train,
        plan,
        seen_rows,
        watch.found(outcomes, reading.time),
    )


def _plan(spec: Spec, folder: Path, labels: tuple[Label, ...] | None) -> Plan:
    data = spec.data
    named = (*data.features, data.text, data.unit, data.time, *data.groups)
    keep = tuple(dict.fromkeys(name for name in named if name is not None))
    counted = {*data.features, *data.groups}
    return Plan(
        labels,
        data.groups,
        spec.audit.seed,
        data.sample,
        keep,
        uncounted=tuple(name for name in keep if name not in counted),
        allow_list=None if data.allow_list is None else _allow_list(folder, data.allow_list),
        text=data.text,
        time=data.time,
    )


def _allow_list(folder: Path, shown: str) -> AllowList:
    from llmops_audit.data.sources import open_regular
    from llmops_audit.personal_data.allow_list import AllowList

    try:
        with open_regular(folder / shown, shown) as file:
            return AllowList.read(file.read().decode("utf-8"), shown)
    except UnicodeDecodeError as error:
        raise SpecError("data.allow_list", "is not UTF-8 text", "a text file", repr(shown)) from error


def _gathered(
    rows: PredictedRows, plan: Plan, columns: Mapping[str, tuple[str, ...]], names: tuple[str, ...], jobs: int
) -> dict[str, dict[str, Evidence]]:
    evidence: dict[str, dict[str, Evidence]] = {name: {} for name in names}
    for split, batches in rows.splits.items():
        for name, value in gather(_not_empty(batches, split), plan.within(columns[split]), names, jobs).items():
            evidence[name][split] = value
    if rows.in_sample is not None:
        evidence["outcomes"][IN_SAMPLE] = Outcomes.of(rows.in_sample, plan.within(columns["train"]))
    if "rows" in names:
        evidence["rows"] = _scored(cast(Mapping[str, Rows], evidence["rows"]), rows)
    return evidence


def _without_seen_rows(
    rows: PredictedRows,
    plan: Plan,
    columns: Mapping[str, tuple[str, ...]],
    needs: Needs,
    evidence: dict[str, dict[str, Evidence]],
    jobs: int,
) -> dict[str, SeenRows]:
    """Return the rows that were seen in training; where they are many, add evidence of the splits without them."""
    found = {} if rows.comparison is None else rows.comparison.found()
    for split, seen in found.items():
        labelled = cast(Outcomes, evidence["outcomes"][split]).labels()
        if rows.comparison is None or not (seen.doubtful and needs.without_seen_rows and labelled):
            continue
        without = rows.comparison.without(split)
        kind: Literal["unseen", "retrained"] = "unseen" if rows.train is None else "retrained"
        update = {"again": kind, "rows_again": without.rows, "undecided": without.undecided}
        found[split] = seen.model_copy(update=update)
        if without.undecided is None:
            names = [name for name in JUDGED_AGAIN if name in needs.evidence]
            for name, value in gather(without.batches, plan.within(columns[split]), names, jobs).items():
                evidence[name][without_seen_rows(split)] = value
        if without.in_sample is not None:
            trained = Outcomes.of(without.in_sample, plan.within(columns["train"]))
            evidence["outcomes"][without_seen_rows(f"{IN_SAMPLE} {split}")] = trained
    return found


def _not_empty(batches: Iterable[Batch], split: str) -> Iterator[Batch]:
    found = iter(batches)
    first = next(found, None)
    if first is None:
        raise DataError(f"the {split} split", "has no rows", "at least one row")
    return chain([first], found)


def _scored(samples: Mapping[str, Rows], rows: PredictedRows) -> dict[str, Evidence]:
    """Add scores to the rows of the samples, and to no others: scores of all rows may take long."""
    found: dict[str, Evidence] = dict(samples)
    for split, kept in samples.items():
        if split == "train":
            if rows.held_out is not None and rows.train is not None:
                fold = _folds_of(kept, rows.train, rows.held_out)
                found[split] = replace(kept.scored(rows.held_out.score(_batch(kept), fold)), fold=fold)
        elif isinstance(rows.subject, Trainable) and kept.scores is None:
            found[split] = kept.scored(rows.subject.score(_batch(kept)))
    if rows.held_out is not None and "test" in samples:
        from llmops_audit.subjects.training import dealt

        test = _batch(samples["test"])
        fold = dealt(test.key, len(rows.held_out.models))
        by_folds = samples["test"].scored(rows.held_out.score(test, fold))
        predicted = rows.held_out.predict(test, fold).texts()
        found[by_fold_models("test")] = replace(by_folds, prediction=predicted, fold=fold)
    return found


def _batch(kept: Rows) -> Batch:
    return Batch("", kept.table, kept.source, kept.row, kept.key)


def _folds_of(kept: Rows, train: Batch, held_out: OutOfFold) -> npt.NDArray[np.int64]:
    # Of all training rows only those that share a key with a kept one can be that one.
    near = np.flatnonzero(np.isin(train.key, kept.key)).tolist()
    at = {(train.source[i], int(train.row[i])): int(held_out.fold[i]) for i in near}
    return np.array([at[place] for place in zip(kept.source, kept.row.tolist(), strict=True)], dtype=np.int64)


def _with_files(subject: Subject, files: Mapping[str, tuple[FileInfo, ...]]) -> Subject:
    """Return saved predictions with the files that hold those of the test split; other subjects as they are."""
    return subject.read_from(files["test"]) if isinstance(subject, SavedPredictions) else subject
