"""Sweep the data once: read, train and predict where the spec asks for that, and sum up evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, cast

from llmops_audit.audit.clock import Clock
from llmops_audit.audit.predicted_rows import PredictedRows, predicted_rows
from llmops_audit.audit.task import task_of
from llmops_audit.check.inputs import Task
from llmops_audit.data.batches import Dataset, ReadState, open_dataset
from llmops_audit.errors import DataError, SpecError
from llmops_audit.evidence._gather import gather
from llmops_audit.evidence.base import Batch, Evidence, Plan
from llmops_audit.evidence.outcomes import IN_SAMPLE, Outcomes
from llmops_audit.evidence.rows import Rows
from llmops_audit.record import FileInfo, joined_sha256
from llmops_audit.spec import Spec
from llmops_audit.subjects import Subject, Trainable
from llmops_audit.subjects.predictions import SavedPredictions

if TYPE_CHECKING:
    from llmops_audit.audit.check_inputs import Needs
    from llmops_audit.audit.preparation import Prepared
    from llmops_audit.personal_data.allow_list import AllowList

__all__ = ["Swept", "sweep"]


@dataclass(frozen=True)
class Swept:
    """All that an audit knows of its data and its subject.

    Attributes
    ----------
    evidence : mapping of str to mapping of str to Evidence
        Name of the evidence to split to evidence.
    task : Task
    subject : Subject
    columns, files : mapping
        By split.
    time : mapping
        Split to the first and last time, where a time column is named.
    weight : str, optional
        Column of sample weights.
    train : Batch, optional
        The training rows, where the subject was trained here.
    plan : Plan
        What the evidence was gathered by.
    """

    evidence: Mapping[str, Mapping[str, Evidence]]
    task: Task
    subject: Subject
    columns: Mapping[str, tuple[str, ...]]
    files: Mapping[str, tuple[FileInfo, ...]]
    time: Mapping[str, tuple[str, str]]
    weight: str | None
    train: Batch | None
    plan: Plan

    @property
    def outcomes(self) -> Mapping[str, Outcomes]:
        """Outcomes by split."""
        return cast(Mapping[str, Outcomes], self.evidence["outcomes"])


def sweep(prepared: Prepared, needs: Needs, jobs: int, clock: Clock) -> Swept:
    """Read the data once and sum up what the checks need.

    Parameters
    ----------
    prepared : Prepared
    needs : Needs
    jobs : int
        Processes that evidence is gathered in.
    clock : Clock

    Raises
    ------
    AuditError
        Where the data or the subject cannot be had.
    """
    spec, folder = prepared.spec, prepared.draft.folder
    every_column = "personal_data" in needs.evidence
    dataset = open_dataset(spec, folder, every_column=every_column, in_memory=prepared.tables)
    reading = ReadState(labels=spec.data.fixed_labels)
    rows = predicted_rows(dataset, reading, needs, clock)
    plan = _plan(spec, folder)
    with clock.stage("gathering evidence"):
        evidence = _gathered(rows, plan, needs.evidence, jobs)
    part_of = {split: split if split in dataset.files else "path" for split in rows.splits}
    with clock.stage("computing digests"):
        files = _files(dataset, set(part_of.values()))
    outcomes = cast(Mapping[str, Outcomes], evidence["outcomes"])
    return Swept(
        evidence,
        task_of(
            spec,
            outcomes,
            trained_here=rows.train is not None,
            one_rule_feature=None if rows.rule is None else rows.rule.feature,
        ),
        _with_files(rows.subject, files),
        {split: dataset.columns(part) for split, part in part_of.items()},
        {split: files[part] for split, part in part_of.items()},
        reading.time,
        spec.data.weight,
        rows.train,
        plan,
    )


def _plan(spec: Spec, folder: Path) -> Plan:
    data = spec.data
    named = (*data.features, data.text, data.unit, data.time, *data.groups)
    keep = tuple(dict.fromkeys(name for name in named if name is not None))
    counted = {*data.features, *data.groups}
    return Plan(
        data.fixed_labels,
        data.groups,
        spec.audit.seed,
        data.sample,
        keep,
        uncounted=tuple(name for name in keep if name not in counted),
        allow_list=None if data.allow_list is None else _allow_list(folder, data.allow_list),
        text=data.text,
    )


def _allow_list(folder: Path, shown: str) -> AllowList:
    from llmops_audit.personal_data.allow_list import AllowList

    try:
        return AllowList.read((folder / shown).read_text(encoding="utf-8"), shown)
    except OSError as error:
        raise SpecError("data.allow_list", f"cannot be read: {error.strerror}", "a text file", repr(shown)) from error
    except UnicodeDecodeError as error:
        raise SpecError("data.allow_list", "is not UTF-8 text", "a text file", repr(shown)) from error


def _gathered(rows: PredictedRows, plan: Plan, names: tuple[str, ...], jobs: int) -> dict[str, dict[str, Evidence]]:
    evidence: dict[str, dict[str, Evidence]] = {name: {} for name in names}
    for split, batches in rows.splits.items():
        for name, value in gather(_not_empty(batches, split), plan, names, jobs).items():
            evidence[name][split] = value
    if rows.in_sample is not None:
        evidence["outcomes"][IN_SAMPLE] = Outcomes.of(rows.in_sample, plan)
    if "rows" in names:
        evidence["rows"] = _scored(cast(Mapping[str, Rows], evidence["rows"]), rows)
    return evidence


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
            if rows.held_out is not None:
                found[split] = kept.scored(rows.held_out.source, rows.held_out.row, rows.held_out.scores)
        elif isinstance(rows.subject, Trainable) and kept.scores is None:
            scores = rows.subject.score(Batch(split, kept.table, kept.source, kept.row, kept.key))
            found[split] = kept.scored(kept.source, kept.row, scores)
    return found


def _files(dataset: Dataset, parts: set[str]) -> dict[str, tuple[FileInfo, ...]]:
    found = {part: dataset.files_read(part) for part in sorted(parts)}
    if len({joined_sha256(files) for files in found.values()}) < len(found):
        raise DataError("data", "two splits hold the same bytes", "rows that were not trained on, and count once")
    return found


def _with_files(subject: Subject, files: Mapping[str, tuple[FileInfo, ...]]) -> Subject:
    """Return saved predictions with the files that hold those of the test split; other subjects as they are."""
    return subject.read_from(files["test"]) if isinstance(subject, SavedPredictions) else subject
