"""What the data is about, once it was read: its labels, and the columns that the spec names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from llmops_audit.check.inputs import Task
from llmops_audit.errors import DataError, SpecError
from llmops_audit.evidence.outcomes import Outcomes
from llmops_audit.personal_data import find
from llmops_audit.record import Label, Message
from llmops_audit.record.labels import as_listed, label_order
from llmops_audit.spec import Spec

__all__ = ["task_of"]

MOST_LABELS = 1000
MOST_GROUPS = 200
MOST_NAMED = 20
LONGEST_NAME = 200
"""Labels and groups stand in the record by name. More of them than this are no labels or groups, but texts of rows."""

_SELF_EVIDENT = ((0, 1), (-1, 1), ("false", "true"))
"""Pairs of labels of which the second is the positive one, where the spec names none."""


def task_of(
    spec: Spec,
    outcomes: Mapping[str, Outcomes],
    listed: tuple[Label, ...] | None,
    *,
    categorical: tuple[str, ...],
    trained_here: bool,
    one_rule_feature: str | Message | None,
) -> Task:
    """Return what checks need to know of the data.

    Parameters
    ----------
    spec : Spec
    outcomes : mapping of str to Outcomes
        By split.
    listed : tuple of label, optional
        `data.labels` as they compare with those of the data; None where the spec does not fix them.
    categorical : tuple of str
        The features that are categories.
    trained_here : bool
        Whether the subject was trained by this audit.
    one_rule_feature : str or Message, optional
        What the rule on one feature looks at.

    Raises
    ------
    DataError
        Where the data holds fewer than two labels, or labels or groups that must not stand in a record by name.
    SpecError
        Where the positive label is no label of the data.
    """
    judged = [outcomes[split] for split in ("train", "test") if split in outcomes]
    labels = listed or label_order(label for table in judged for label in table.labels())
    if len(labels) < 2:
        raise DataError("the data", "holds fewer than two labels", "at least two, or `data.labels`", str(len(labels)))
    _refuse_free_text(labels, outcomes.values())
    return Task(
        labels=labels,
        positive=_positive(spec, labels),
        text=spec.data.text,
        features=spec.data.features,
        categorical=categorical,
        groups=spec.data.groups,
        trained_here=trained_here,
        seed=spec.audit.seed,
        unit=spec.data.unit,
        time=spec.data.time,
        split_here=spec.data.path is not None,
        one_rule_feature=one_rule_feature,
    )


def _positive(spec: Spec, labels: tuple[Label, ...]) -> Label | None:
    if spec.data.positive is None:
        return labels[1] if labels in _SELF_EVIDENT else None
    positive = as_listed(spec.data.positive, labels)
    if positive not in labels:
        known = ", ".join(map(str, labels)) if len(labels) <= MOST_NAMED else f"{len(labels)} labels"
        raise SpecError("data.positive", "is not a label of the data", f"one of {known}", repr(positive))
    return positive


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
        # Digits alone are no text, however many: they stand in the record as they are.
        texts = [value for value in values if not value.isdigit()]
        if any(len(value) > LONGEST_NAME for value in texts) or any(find(texts)):
            raise DataError(what, "holds personal data or long texts", f"names of at most {LONGEST_NAME} characters")
