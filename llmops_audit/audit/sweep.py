"""Sweep the data once: read, train where that is asked, predict, and sum up evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from llmops_audit.check.inputs import Task
from llmops_audit.check.subject import AskedSubject
from llmops_audit.data.batches import Dataset, Reading, batches, load, open_dataset, slices
from llmops_audit.errors import DataError, SpecError
from llmops_audit.evidence._gather import gather
from llmops_audit.evidence.base import Batch, Evidence, Label, Plan
from llmops_audit.evidence.outcomes import FITTED, Outcomes
from llmops_audit.evidence.rows import Rows
from llmops_audit.personal_data import find
from llmops_audit.record.labels import canonical_label, label_order
from llmops_audit.spec import SPLITS, Spec
from llmops_audit.subjects import Subject, Trainable, open_subject

if TYPE_CHECKING:
    from llmops_audit.analysis.one_rule import OneRule
    from llmops_audit.personal_data.harmless import Harmless
    from llmops_audit.personal_data.model_scan import ModelContents
    from llmops_audit.subjects.training import OutOfFold

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
    model_contents : ModelContents, optional
        What the fitted model carries away, where a check asks for it and something was trained here.
    """

    evidence: Mapping[str, Mapping[str, Evidence]]
    task: Task
    subject: AskedSubject
    columns: Mapping[str, tuple[str, ...]]
    sha256: Mapping[str, str]
    time: Mapping[str, tuple[str, str]]
    weight: str | None
    model_contents: ModelContents | None

    @property
    def outcomes(self) -> Mapping[str, Outcomes]:
        """Outcomes by split."""
        return cast(Mapping[str, Outcomes], self.evidence["outcomes"])


def collect(
    spec: Spec,
    folder: Path,
    names: tuple[str, ...],
    jobs: int,
    clock: Stages,
    *,
    judges_training: bool,
    searches_model: bool = False,
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
    searches_model : bool
        Whether a check asks what the fitted model carries away.

    Raises
    ------
    AuditError
    """
    dataset = open_dataset(spec, folder, every_column="personal_data" in names)
    reading = Reading(labels=spec.data.fixed_labels)
    trained_here = spec.model.predictions is None
    if trained_here:
        ready = _train(dataset, reading, names, judges_training, clock)
    else:
        parts = {split: batches(dataset, split, reading) for split in SPLITS if split in dataset.files}
        ready = _Ready(open_subject(spec, folder, frozenset()), parts)
    plan = _plan(spec, folder)
    evidence: dict[str, dict[str, Evidence]] = {name: {} for name in names}
    with clock.stage("gathering evidence"):
        for split, rows in ready.parts.items():
            for name, value in gather(_not_empty(rows, dataset, split), plan, names, jobs).items():
                evidence[name][split] = value
        if ready.fitted is not None:
            evidence["outcomes"][FITTED] = Outcomes.of(ready.fitted, plan)
        if "rows" in names:
            evidence["rows"] = _scored(cast(Mapping[str, Rows], evidence["rows"]), ready)
    with clock.stage("searching the model"):
        contents = _contents(ready, evidence, plan) if searches_model else None
    outcomes = cast(Mapping[str, Outcomes], evidence["outcomes"])
    part_of = {split: split if split in dataset.files else "path" for split in ready.parts}
    with clock.stage("computing digests"):
        sha256 = {part: dataset.sha256(part) for part in sorted(set(part_of.values()))}
        if len(set(sha256.values())) < len(sha256):
            raise DataError("data", "two splits hold the same bytes", "rows that were not trained on, and count once")
    return Collected(
        evidence,
        _task(spec, outcomes, trained_here, ready.rule),
        AskedSubject(ready.subject.info, ready.subject if isinstance(ready.subject, Trainable) else None),
        {split: dataset.columns(part) for split, part in part_of.items()},
        {split: sha256[part] for split, part in part_of.items()},
        reading.time,
        spec.data.weight,
        contents,
    )


@dataclass(frozen=True)
class _Ready:
    """A subject that can be asked, and the rows to ask it about by split."""

    subject: Subject
    parts: Mapping[str, Iterable[Batch]]
    fitted: Batch | None = None
    rule: OneRule | None = None
    held_out: OutOfFold | None = None
    train: Batch | None = None


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
        harmless=None if data.harmless is None else _harmless(folder, data.harmless),
        text=data.text,
    )


def _contents(ready: _Ready, evidence: Mapping[str, Mapping[str, Evidence]], plan: Plan) -> ModelContents | None:
    """Search the model for the values that were found in its training rows; they stay in memory, as the rows do."""
    if ready.train is None or "personal_data" not in evidence:
        return None
    from llmops_audit.evidence.personal_data import PersonalData, values_in
    from llmops_audit.personal_data.harmless import NOTHING_HARMLESS
    from llmops_audit.personal_data.model_scan import TrainingValue, carried
    from llmops_audit.subjects.fitted import Trained

    subject = ready.subject
    if not isinstance(subject, Trained):
        return None
    held = cast(PersonalData, evidence["personal_data"]["train"]).values
    values = [
        TrainingValue(known.kind, known.confidence, value, known.rows)
        for known, value in values_in(ready.train, held, plan.seed)
    ]
    texts = None if subject.text is None else ready.train.table.column(subject.text)
    return carried(subject.estimator, values, texts, harmless=plan.harmless or NOTHING_HARMLESS)


def _harmless(folder: Path, shown: str) -> Harmless:
    from llmops_audit.personal_data.harmless import Harmless

    try:
        return Harmless.read((folder / shown).read_text(encoding="utf-8"), shown)
    except OSError as error:
        raise SpecError("data.harmless", f"cannot be read: {error.strerror}", "a text file", repr(shown)) from error
    except UnicodeDecodeError as error:
        raise SpecError("data.harmless", "is no UTF-8 text", "a text file", repr(shown)) from error


def _scored(rows: Mapping[str, Rows], ready: _Ready) -> dict[str, Evidence]:
    """Add scores to the rows that are kept, and to no others: asking for those of all rows may take long."""
    found: dict[str, Evidence] = dict(rows)
    for split, kept in rows.items():
        if split == "train":
            if ready.held_out is not None:
                found[split] = kept.scored(ready.held_out.source, ready.held_out.row, ready.held_out.scores)
        elif isinstance(ready.subject, Trainable) and kept.scores is None:
            scores = ready.subject.score(Batch(split, kept.table, kept.source, kept.row, kept.key))
            found[split] = kept.scored(kept.source, kept.row, scores)
    return found


def _train(dataset: Dataset, reading: Reading, names: tuple[str, ...], judges_training: bool, clock: Stages) -> _Ready:
    from llmops_audit.analysis.one_rule import one_rule
    from llmops_audit.subjects.training import out_of_fold, require_labels, split

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
        rule = (
            one_rule(train, spec.data.sample, features=spec.data.features, text=spec.data.text)
            if "pairs" in names
            else None
        )
        sample = train.sample(spec.data.sample)
        fitted = replace(sample, prediction=trained.predict(replace(sample, label=None)))
    held_out = None
    if judges_training:
        with clock.stage("predicting out-of-fold"):
            held_out = out_of_fold(subject, train, spec.audit.seed, spec.data.sample, scores="rows" in names)
            train = replace(train, prediction=None if held_out is None else held_out.prediction)
    ask = _Asked(trained, rule, scores="scores" in names)
    parts: dict[str, Iterable[Batch]] = {"train": slices(train), "test": map(ask, tests)}
    if "live" in dataset.files:
        parts["live"] = map(ask, batches(dataset, "live", reading))
    return _Ready(trained, parts, fitted, rule, held_out, train)


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
        categorical=spec.data.categorical,
        groups=spec.data.groups,
        trained_here=trained_here,
        seed=spec.audit.seed,
        unit=spec.data.unit,
        time=spec.data.time,
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
