"""The rows of every split with predictions: of a subject that is trained here, or saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

from llmops_audit.audit.clock import Clock
from llmops_audit.audit.saved_outputs import output_reader
from llmops_audit.audit.seen_rows import Comparison, Reader, TrainedHere, saved_rows
from llmops_audit.data.batches import Dataset, ReadState, batches, load, slices
from llmops_audit.errors import DataError
from llmops_audit.evidence.base import Batch
from llmops_audit.record.labels import Label, label_order
from llmops_audit.spec import SPLITS
from llmops_audit.subjects import Subject, Trainable, open_subject

if TYPE_CHECKING:
    from llmops_audit.analysis.one_rule import OneRule
    from llmops_audit.audit.check_inputs import Needs
    from llmops_audit.audit.release_pairs import Previous
    from llmops_audit.subjects.training import OutOfFold

__all__ = ["PredictedRows", "predicted_rows"]


@dataclass(frozen=True)
class PredictedRows:
    """A subject, and its rows with predictions.

    Attributes
    ----------
    subject : Subject
        ScikitLearnSubject, where it is trained here.
    splits : mapping of str to iterable of Batch
        By split; read once.
    train : Batch, optional
        The training rows, where the subject was trained here.
    in_sample : Batch, optional
        A sample of the training rows with the predictions of the subject that was trained on them.
    held_out : OutOfFold, optional
        Models that were not trained on all training rows and their predictions of the others, where a check wants
        them.
    rule : OneRule, optional
        The rule on one feature, where a check compares with it.
    comparison : Comparison, optional
        Of the rows with the training rows, while both are read; None where there are no training rows.
    """

    subject: Subject
    splits: Mapping[str, Iterable[Batch]]
    train: Batch | None = None
    in_sample: Batch | None = None
    held_out: OutOfFold | None = None
    rule: OneRule | None = None
    comparison: Comparison | None = None


def predicted_rows(
    dataset: Dataset,
    reading: ReadState,
    needs: Needs,
    clock: Clock,
    before: Previous | None = None,
    *,
    scores: bool = False,
) -> PredictedRows:
    """Open the subject, train it where the spec asks for that, and predict while rows are read.

    Parameters
    ----------
    dataset : Dataset
    reading : ReadState
    needs : Needs
    clock : Clock
    before : Previous, optional
        Predictions of the previous release, which its test rows get.
    scores : bool
        Whether scores are wanted though no check looks at them.

    Raises
    ------
    AuditError
        Where the data or the subject cannot be had.
    """
    if dataset.spec.model.trained_here:
        wanted = scores or "scores" in needs.evidence
        return _trained_here(dataset, reading, needs, clock, before, scores=wanted)
    return _saved(dataset, reading, clock, before)


def _saved(dataset: Dataset, reading: ReadState, clock: Clock, before: Previous | None) -> PredictedRows:
    subject = open_subject(dataset.spec, dataset.folder, frozenset())
    read = output_reader(dataset, reading)

    def predicted(split: str) -> Iterable[Batch]:
        rows = map(read, batches(dataset, split, reading))
        return rows if before is None or split != "test" else before.joining(rows)

    splits = {split: predicted(split) for split in SPLITS if split in dataset.files}
    if "train" not in splits:
        return PredictedRows(subject, splits)
    with clock.stage("comparing with training rows"):
        comparison = saved_rows(
            dataset, reading, {split: partial(predicted, split) for split in splits if split != "train"}
        )
    return PredictedRows(subject, splits | {"train": comparison.noting(splits["train"])}, comparison=comparison)


def _trained_here(
    dataset: Dataset, reading: ReadState, needs: Needs, clock: Clock, before: Previous | None, *, scores: bool
) -> PredictedRows:
    from llmops_audit.analysis.one_rule import one_rule
    from llmops_audit.subjects.training import out_of_fold

    spec, names = dataset.spec, needs.evidence
    with clock.stage("reading"):
        train, read = _train_and_test(dataset, reading)
        if before is not None:
            read |= {"test": partial(_joined, before, read["test"])}
    subject = cast(Trainable, open_subject(spec, dataset.folder, reading.numeric))

    def trained_on(rows: Batch) -> tuple[_Predicting, Batch]:
        trained, data = subject.fit(rows), spec.data
        if rows is train:
            # What is audited has a digest, taken before it predicts: some classifiers count their predictions.
            trained = trained.identified()
        rule = one_rule(rows, data.sample, features=data.features, text=data.text) if "pairs" in names else None
        sample = rows.sample(data.sample)
        in_sample = replace(sample, prediction=trained.predict(replace(sample, label=None)))
        return _Predicting(trained, rule, scores=scores), in_sample

    with clock.stage("training"):
        predict, in_sample = trained_on(train)
    held_out = None
    if needs.training_predictions:
        with clock.stage("predicting out-of-fold"):
            held_out = out_of_fold(
                subject,
                train,
                spec.audit.seed,
                spec.data.sample,
                unit=spec.data.unit,
                compared=not needs.training_outcomes,
            )
            train = replace(train, prediction=None if held_out is None else held_out.prediction)
    with clock.stage("comparing with training rows"):
        comparison = TrainedHere.of(spec.data, train, trained_on, read)
    splits: dict[str, Iterable[Batch]] = {"train": slices(train)}
    splits |= {split: comparison.noting(split, map(predict, again())) for split, again in read.items()}
    return PredictedRows(predict.subject, splits, train, in_sample, held_out, predict.rule, comparison)


def _train_and_test(dataset: Dataset, reading: ReadState) -> tuple[Batch, dict[str, Reader]]:
    """Return the training rows, and what reads the rows of each other split, as often as it is called."""
    from llmops_audit.subjects.training import require_labels, split

    read: dict[str, Reader] = {
        name: partial(batches, dataset, name, reading) for name in ("test", "live") if name in dataset.files
    }
    if dataset.spec.data.path is None:
        train = load(dataset, "train", reading)
    else:
        train, test = split(load(dataset, "path", reading), dataset.spec)
        require_labels(test, train)
        read = {"test": partial(slices, test), **read}
    reading.labels, reading.labels_source = _labels_of(train), "the training split"
    return train, read


def _joined(before: Previous, read: Reader) -> Iterable[Batch]:
    return before.joining(read())


def _labels_of(train: Batch) -> tuple[Label, ...]:
    label = train.label
    labels = () if label is None else label_order(label.categories[i] for i in set(label.index.tolist()))
    if len(labels) < 2:
        raise DataError("the training split", "holds fewer than two labels", "at least two", str(len(labels)))
    return labels


@dataclass(frozen=True)
class _Predicting:
    subject: Trainable
    rule: OneRule | None
    scores: bool

    def __call__(self, batch: Batch) -> Batch:
        unlabelled = replace(batch, label=None)
        rule = {} if self.rule is None else {"one_rule": self.rule.predict(unlabelled)}
        return replace(
            batch,
            prediction=self.subject.predict(unlabelled),
            scores=self.subject.score(unlabelled) if self.scores else None,
            reference_predictions={**batch.reference_predictions, **rule},
        )
