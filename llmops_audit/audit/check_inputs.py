"""The inputs that checks name: how each is made, and what evidence it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from llmops_audit.audit.preparation import Prepared
from llmops_audit.check import evidence_names
from llmops_audit.check.inputs import Baseline, Policy, Task
from llmops_audit.record import frameworks
from llmops_audit.spec import SPLITS

if TYPE_CHECKING:
    from llmops_audit.audit.clock import Clock
    from llmops_audit.audit.sweep import Swept
    from llmops_audit.check.inputs import Inputs
    from llmops_audit.check.subject import QueriedSubject
    from llmops_audit.evidence.personal_data import PersonalData
    from llmops_audit.evidence.rows import Rows
    from llmops_audit.personal_data.model_scan import ModelContents
    from llmops_audit.record import AuditInfo, Record, SeenRows, SplitInfo

__all__ = ["MadeInputs", "Needs", "needs_of"]

ALWAYS = ("column_values", "missing", "outcomes", "outputs", "row_digests")
"""Evidence of every audit: the data sheet and the confusion matrix hold it, whatever the checks name."""

MADE_FROM = {"importance": ("rows",), "model_contents": ("personal_data",)}
"""Evidence that other inputs are made from."""


@dataclass(frozen=True)
class Needs:
    """What the checks of an audit need of its data.

    Attributes
    ----------
    evidence : tuple of str
        Names of evidence, sorted.
    training_predictions : bool
        Whether a check looks at predictions of training rows, which are then out-of-fold.
    training_outcomes : bool
        Whether a check counts how good these are, and does not only compare them with predictions of other rows.
    judged : frozenset of str
        Splits that a check of predictions names.
    without_seen_rows : bool
        Whether a check judges once more without the rows that were seen in training, where those are many.
    """

    evidence: tuple[str, ...]
    training_predictions: bool
    judged: frozenset[str] = frozenset()
    without_seen_rows: bool = False
    training_outcomes: bool = False

    @property
    def inputs_compared(self) -> bool:
        """Whether a check looks at the classifier's inputs."""
        return bool({"rows", "distributions"} & set(self.evidence))


def needs_of(prepared: Prepared) -> Needs:
    """Return what the checks need, and no more."""
    named = prepared.inputs
    behind = {evidence for name in named for evidence in MADE_FROM.get(name, ())}
    return Needs(
        evidence=tuple(sorted((named & set(evidence_names())) | behind | set(ALWAYS))),
        training_predictions="train" in _named_splits(prepared, {"outcomes", "rows"}),
        judged=_named_splits(prepared, {"outcomes", "scores", "pairs"}),
        without_seen_rows="seen_rows" in named,
        training_outcomes="train" in _named_splits(prepared, {"outcomes"}),
    )


def _named_splits(prepared: Prepared, evidence: set[str]) -> frozenset[str]:
    """Return the splits that checks which look at some evidence name in their settings."""
    looking = [enabled for enabled in prepared.checks.values() if evidence & set(enabled.check.inputs)]
    values = [value for enabled in looking for value in enabled.settings.model_dump().values()]
    return frozenset(
        split for split in SPLITS for value in values if value == split or (isinstance(value, tuple) and split in value)
    )


class MadeInputs:
    """Makes the inputs of `llmops_audit.check.inputs.Inputs`, each once, and only where a check names it.

    Parameters
    ----------
    prepared : Prepared
    swept : Swept
    before : Record, optional
        The record of the previous release.
    audit : AuditInfo
    data : mapping of str to SplitInfo
        What the record says of audit and data.
    clock : Clock
    """

    def __init__(
        self,
        prepared: Prepared,
        swept: Swept,
        before: Record | None,
        audit: AuditInfo,
        data: Mapping[str, SplitInfo],
        clock: Clock,
    ) -> None:
        self._prepared, self._swept, self._before = prepared, swept, before
        self._audit, self._data, self._clock = audit, data, clock

    def named(self, names: Iterable[str]) -> dict[str, Any]:
        """Make inputs by name; evidence is a mapping from split to evidence."""
        return {
            name: self._swept.evidence[name] if name in self._swept.evidence else getattr(self, name)
            for name in sorted(names)
        }

    @cached_property
    def baseline(self) -> Baseline | None:
        """The previous release, with its counts in the order of the labels."""
        from llmops_audit.audit.baseline import baseline

        swept = self._swept
        return baseline(
            self._before, swept.task.labels, self._audit, self._data, swept.subject.info, swept.release_pairs
        )

    @cached_property
    def data_protection(self) -> tuple[str, ...]:
        """The frameworks of the spec that are about the protection of personal data."""
        named = (frameworks.framework(name) for name in self._prepared.spec.frameworks)
        return tuple(framework.id for framework in named if framework.data_protection)

    @cached_property
    def importance(self) -> Mapping[str, float] | None:
        """The share of predictions on the test split that change when a column is shuffled."""
        from llmops_audit.analysis.importance import prediction_changes

        task = self._swept.task
        rows = cast("Rows", self._swept.evidence["rows"]["test"])
        return prediction_changes(self.subject, rows, task.features, task.seed)

    @cached_property
    def model_contents(self) -> ModelContents | None:
        """What the fitted model holds of the values that were found in its training rows, which stay in memory."""
        from llmops_audit.evidence.personal_data import values_in
        from llmops_audit.personal_data.allow_list import EMPTY_ALLOW_LIST
        from llmops_audit.personal_data.model_scan import TrainingValue, scan_model
        from llmops_audit.subjects.scikit_learn import ScikitLearnSubject

        train, subject, plan = self._swept.train, self._swept.subject, self._swept.plan
        if train is None or not isinstance(subject, ScikitLearnSubject):
            return None
        with self._clock.stage("searching the model"):
            found = cast("PersonalData", self._swept.evidence["personal_data"]["train"]).values
            values = [
                TrainingValue(known.kind, known.confidence, value, known.rows)
                for known, value in values_in(train, found, plan.seed)
            ]
            texts = None if subject.text is None else train.table.column(subject.text)
            return scan_model(subject.estimator, values, texts, allow_list=plan.allow_list or EMPTY_ALLOW_LIST)

    @cached_property
    def policy(self) -> Policy:
        """How sure the check must be."""
        gate = self._prepared.spec.gate.policy()
        return Policy(confidence=gate.confidence, decide=gate.decide)

    @cached_property
    def seen_rows(self) -> Mapping[str, SeenRows]:
        """The rows that stand in the training rows as well, by split."""
        return self._swept.seen_rows

    @cached_property
    def subject(self) -> QueriedSubject:
        """The classifier, for rows of the check's own making."""
        from llmops_audit.check.subject import QueriedSubject
        from llmops_audit.subjects import Trainable

        subject = self._swept.subject
        return QueriedSubject(subject.info, subject if isinstance(subject, Trainable) else None)

    @cached_property
    def task(self) -> Task:
        """What the data is about."""
        return self._swept.task


if TYPE_CHECKING:
    # Every input that a check may name is made, with the type that is promised.
    _COMPLETE: type[Inputs] = MadeInputs
