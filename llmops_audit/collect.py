"""Sweep the data once: read, train where that is asked, predict, and sum up evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from llmops_audit.asked import AskedSubject
from llmops_audit.data import Dataset, Reading, batches, load, open_dataset, slices
from llmops_audit.engine import gather
from llmops_audit.errors import DataError, SpecError
from llmops_audit.evidence.base import Batch, Evidence, Label, Plan
from llmops_audit.evidence.outcomes import FITTED, Outcomes
from llmops_audit.personal_data import find
from llmops_audit.spec import SPLITS, Spec
from llmops_audit.subjects import Subject, Trainable, open_subject
from llmops_audit.task import Task
from llmops_audit.values import canonical_label, label_order

if TYPE_CHECKING:
    from llmops_audit.one_rule import OneRule

__all__ = ["Collected", "collect"]

MOST_LABELS = 1000
MOST_GROUPS = 200
MOST_NAMED = 20
LONGEST_NAME = 200
"""Labels and groups stand in the record by name. More of them than this are no labels or groups, but texts of rows."""

_SELF_EVIDENT = ((0, 1), (-1, 1), ("false", "true"))
"""Pairs of labels of which the second is the positive one, where the spec names none."""


class Stages(Protocol):
    """Whoever times the stages."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Time a stage."""
        ...


@dataclass(frozen=True)
class Collected:
    """All that an audit knows of its data and its subject.

    Attributes
    ----------
    evidence : mapping of str to mapping of str to Evidence
        Input name to split to evidence.
    task : Task
    subject : AskedSubject
    columns, sha256 : mapping
        By split.
    time : mapping
        Split to the first and last time, where a time column is named.
    weight : str, optional
        Column of sample weights.
    """

    evidence: Mapping[str, Mapping[str, Evidence]]
    task: Task
    subject: AskedSubject
    columns: Mapping[str, tuple[str, ...]]
    sha256: Mapping[str, str]
    time: Mapping[str, tuple[str, str]]
    weight: str | None

    @property
    def outcomes(self) -> Mapping[str, Outcomes]:
        """Outcomes by split."""
        return cast(Mapping[str, Outcomes], self.evidence["outcomes"])


def collect(
    spec: Spec, folder: Path, names: tuple[str, ...], jobs: int, clock: Stages, *, judges_training: bool
) -> Collected:
    """Read the data once and sum up what the checks ask for.

    Parameters
    ----------
    spec : Spec
    folder : Path
    names : tuple of str
        Evidence by the names of inputs.
    jobs : int
    clock : Stages
    judges_training : bool
        Whether a check looks at answers on the training split, which are then out-of-fold.

    Raises
    ------
    AuditError
    """
    dataset = open_dataset(spec, folder, every_column="personal_data" in names)
    reading = Reading(labels=spec.data.fixed_labels)
    trained_here = spec.model.predictions is None
    fitted: Batch | None = None
    rule: OneRule | None = None
    if trained_here:
        subject, parts, fitted, rule = _train(dataset, reading, names, judges_training, clock)
    else:
        subject = open_subject(spec, folder, frozenset())
        parts = {split: batches(dataset, split, reading) for split in SPLITS if split in dataset.files}
    data = spec.data
    keep = tuple(
        dict.fromkeys(name for name in (*data.features, data.text, data.unit, *data.groups) if name is not None)
    )
    plan = Plan(data.fixed_labels, data.groups, spec.audit.seed, data.sample, keep)
    evidence: dict[str, dict[str, Evidence]] = {name: {} for name in names}
    with clock.stage("gathering evidence"):
        for split, rows in parts.items():
            for name, value in gather(_not_empty(rows, dataset, split), plan, names, jobs).items():
                evidence[name][split] = value
        if fitted is not None:
            evidence["outcomes"][FITTED] = Outcomes.of(fitted, plan)
    outcomes = cast(Mapping[str, Outcomes], evidence["outcomes"])
    part_of = {split: split if split in dataset.files else "path" for split in parts}
    with clock.stage("computing digests"):
        sha256 = {part: dataset.sha256(part) for part in sorted(set(part_of.values()))}
        if len(set(sha256.values())) < len(sha256):
            raise DataError("data", "two splits hold the same bytes", "rows that were not trained on, and count once")
    return Collected(
        evidence,
        _task(spec, outcomes, trained_here, rule),
        AskedSubject(subject.info, subject if isinstance(subject, Trainable) else None),
        {split: dataset.columns(part) for split, part in part_of.items()},
        {split: sha256[part] for split, part in part_of.items()},
        reading.time,
        spec.data.weight,
    )


def _train(
    dataset: Dataset, reading: Reading, names: tuple[str, ...], judges_training: bool, clock: Stages
) -> tuple[Subject, dict[str, Iterable[Batch]], Batch, OneRule | None]:
    from llmops_audit.one_rule import one_rule
    from llmops_audit.training import out_of_fold, require_labels, split

    spec = dataset.spec
    with clock.stage("reading"):
        if spec.data.path is not None:
            train, test = split(load(dataset, "path", reading), spec)
            require_labels(test, train)
            tests: Iterable[Batch] = slices(test)
        else:
            train = load(dataset, "train", reading)
        known = _labels_of(train)
        reading.labels, reading.because = known, "the training split"
        if spec.data.path is None:
            tests = batches(dataset, "test", reading)
    subject = cast(Trainable, open_subject(spec, dataset.folder, reading.numeric or frozenset()))
    with clock.stage("training"):
        trained = subject.fit(train)
        rule = one_rule(train, spec.data, spec.data.sample) if "pairs" in names else None
        sample = train.sample(spec.data.sample)
        fitted = replace(sample, prediction=trained.predict(replace(sample, label=None)))
    if judges_training:
        with clock.stage("predicting out-of-fold"):
            train = replace(train, prediction=out_of_fold(subject, train, spec.audit.seed, spec.data.sample))
    ask = _Asked(trained, rule, scores="scores" in names)
    parts: dict[str, Iterable[Batch]] = {"train": slices(train), "test": map(ask, tests)}
    if "live" in dataset.files:
        parts["live"] = map(ask, batches(dataset, "live", reading))
    return trained, parts, fitted, rule


def _labels_of(train: Batch) -> tuple[Label, ...]:
    labels = () if train.label is None else label_order(train.label.values[i] for i in set(train.label.index.tolist()))
    if len(labels) < 2:
        raise DataError("the training split", "holds fewer than two labels", "at least two", str(len(labels)))
    return labels


@dataclass(frozen=True)
class _Asked:
    subject: Trainable
    rule: OneRule | None
    scores: bool

    def __call__(self, batch: Batch) -> Batch:
        blind = replace(batch, label=None)
        rule = {} if self.rule is None else {"one_feature": self.rule.predict(blind)}
        return replace(
            batch,
            prediction=self.subject.predict(blind),
            scores=self.subject.score(blind) if self.scores else None,
            others={**batch.others, **rule},
        )


def _not_empty(rows: Iterable[Batch], dataset: Dataset, split: str) -> Iterator[Batch]:
    found = iter(rows)
    first = next(found, None)
    if first is None:
        raise DataError(f"the {split} split", "has no rows", "at least one row")
    return chain([first], found)


def _task(spec: Spec, outcomes: Mapping[str, Outcomes], trained_here: bool, rule: OneRule | None) -> Task:
    judged = [outcomes[split] for split in ("train", "test") if split in outcomes]
    labels = spec.data.fixed_labels or label_order(label for table in judged for label in table.labels())
    if len(labels) < 2:
        raise DataError("the data", "holds fewer than two labels", "at least two, or `data.labels`", str(len(labels)))
    _refuse_free_text(labels, outcomes.values())
    positive = None if spec.data.positive is None else canonical_label(spec.data.positive)
    if positive is None and labels in _SELF_EVIDENT:
        positive = labels[1]
    if positive is not None and positive not in labels:
        known = ", ".join(map(str, labels)) if len(labels) <= MOST_NAMED else f"{len(labels)} labels"
        raise SpecError("data.positive", "is no label of the data", f"one of {known}", repr(positive))
    return Task(
        labels=labels,
        positive=positive,
        text=spec.data.text,
        features=spec.data.features,
        groups=spec.data.groups,
        trained_here=trained_here,
        seed=spec.audit.seed,
        unit=spec.data.unit,
        one_feature=None if rule is None else rule.feature,
    )


def _refuse_free_text(labels: tuple[Label, ...], tables: Iterable[Outcomes]) -> None:
    columns = [("the label column", tuple(map(str, labels)), MOST_LABELS)]
    for table in tables:
        for name in table.groups:
            columns.append(
                (f"group column '{name}'", tuple(group for group, _ in table.group_counts(name)), MOST_GROUPS)
            )
    for what, values, most in columns:
        if len(values) > most:
            raise DataError(what, "holds too many different values", f"at most {most}", str(len(values)))
        if any(len(value) > LONGEST_NAME for value in values) or any(find([v for v in values if not v.isdigit()])):
            raise DataError(what, "holds personal data or long texts", f"names of at most {LONGEST_NAME} characters")
