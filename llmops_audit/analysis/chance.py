"""Whether a classifier learned anything: better than chance, on every label, and not upside down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from llmops_audit import stats
from llmops_audit.analysis.metrics.definitions import SCORE_METRICS
from llmops_audit.check.verdicts import finite, judged
from llmops_audit.record import Finding, Op, Requirement, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.analysis.metrics.label_metrics import MetricEstimate
    from llmops_audit.analysis.performance import Performance
    from llmops_audit.check.inputs import Policy

__all__ = [
    "NO_ZERO_RECALL",
    "above_chance",
    "better_than_chance",
    "judged_metric",
    "scores_upside_down",
    "zero_recall",
]

NO_ZERO_RECALL = Requirement(op=Op.AT_MOST, limit=0, source="default")
"""That no label with rows has a recall of zero."""

_AGAINST = {"against": "chance"}

CERTAIN = 1e-6
"""So seldom would a classifier that finds each label as often as by guessing give one label alone: no doubt is left."""


def judged_metric(
    one: Performance, estimate: MetricEstimate, requirement: Requirement, policy: Policy,
    scope: Mapping[str, str] | None = None,
) -> Finding:  # fmt: skip
    """Judge a metric of a split."""
    finding = judged(
        estimate.name, estimate.value, requirement, policy, bounds=estimate.bounds, method=estimate.method, n=one.n,
        scope={"split": one.split, **(scope or {})}, details=estimate.details,
    )  # fmt: skip
    if estimate.value is None and estimate.name in SCORE_METRICS:
        text = message("The value is unknown: a row lacks the scores that it needs, or no row has the label.")
        return finding.model_copy(update={"message": text})
    return finding


def above_chance(labels: int) -> Requirement:
    """Return the requirement that balanced accuracy exceeds 1/k, which guessing reaches with k labels."""
    return Requirement(op=Op.ABOVE, limit=1 / max(1, labels), source="default", about="chance")


def better_than_chance(one: Performance, policy: Policy) -> Finding:
    """Judge whether balanced accuracy exceeds 1/k, which guessing reaches with k labels.

    Notes
    -----
    A classifier that gives one label to every row has exactly 1/k, on these rows as on any others: no interval says
    more. Whether it gives one label or only seems to is a matter of how many rows have another one.
    """
    counts, labels = one.table.counts, one.task.labels
    requirement = above_chance(len(labels))
    absent = tuple(str(label) for label, rows in zip(labels, counts.sum(axis=1), strict=True) if not rows)
    if absent:
        text = message("No row has the label {labels}, so its recall is unknown.", labels=absent)
        return Finding(
            metric="balanced_accuracy", scope={"split": one.split, **_AGAINST}, n=one.n, requirement=requirement,
            verdict=Verdict.INCONCLUSIVE, message=text,
        )  # fmt: skip
    only = _only_label(one)
    if only is not None:
        return _one_label(one, only, requirement, policy)
    finding = judged_metric(one, one.estimates["balanced_accuracy"], requirement, policy, _AGAINST)
    if one.task.unit is None and np.array_equal(counts, one.table.weights):
        # Shuffles of single rows say nothing of rows that are weighted or depend on each other.
        p = stats.independence_test(counts, stats.balanced_accuracy, np.random.default_rng(one.task.seed))
        finding = finding.model_copy(update={"details": {**finding.details, "permutation_p_value": p}})
    return _upside_down(finding, len(labels))


def _one_label(one: Performance, only: int, requirement: Requirement, policy: Policy) -> Finding:
    """Reject a classifier that gives one label by how seldom guessing would give no other to so many rows."""
    k, label = len(one.task.labels), np.indices(one.table.counts.shape)[0]
    others = one.table.share(label < 0, label != only)[1]
    by_guessing = (1 - 1 / k) ** others
    places: dict[str, str | int] = {"only": str(one.task.labels[only]), "labels": k}
    certain = by_guessing <= CERTAIN or policy.decide == "point"
    text = message(
        "The classifier predicts {only} for every row. So its balanced accuracy is 1/{labels} on any rows, as by "
        "guessing: more rows would not change that.",
        **places,
    )
    if not certain:
        text = message(
            "The classifier predicts {only} for every row; rows with another label: {rows}. Where a classifier "
            "gives one label alone, its balanced accuracy is 1/{labels}, as by guessing.",
            rows=one.n - int(one.table.counts[only].sum()), **places,
        )  # fmt: skip
    finding = Finding(
        metric="balanced_accuracy", scope={"split": one.split, **_AGAINST}, n=one.n, requirement=requirement,
        value=1 / k, method="one label for every row", verdict=Verdict.FAILED if certain else Verdict.UNDECIDED,
        message=text,
    )  # fmt: skip
    return finding.model_copy(update={"p_value": 0.0 if certain else by_guessing, "tests": 1})


def _upside_down(finding: Finding, labels: int) -> Finding:
    """Say where a value that is certainly below chance comes from, most often."""
    high = None if finding.interval is None else finding.interval[1]
    if finding.value is None or high is None or high >= 1 / labels:
        return finding
    if labels > 2:
        return finding.model_copy(update={"message": _MIXED_UP})
    text = _SWAPPED[finding.metric].model_copy(update={"values": {"swapped": 1 - finding.value}})
    return finding.model_copy(update={"message": text, "details": {**finding.details, "swapped": 1 - finding.value}})


_MIXED_UP = message(
    "Worse than guessing: the whole interval of balanced accuracy lies below chance. Are labels or scores mixed up? "
    "Then every other number here is wrong."
)
_SWAPPED = {
    "balanced_accuracy": message(
        "Worse than guessing: the whole interval of balanced accuracy lies below chance. With labels or scores swapped "
        "it would be {swapped:.3f}; are they? Then every other number here is upside down."
    ),
    "roc_auc": message(
        "Worse than guessing: the whole interval of ROC AUC lies below chance. With labels or scores swapped it would "
        "be {swapped:.3f}; are they? Then every other number here is upside down."
    ),
}


def scores_upside_down(one: Performance, policy: Policy) -> Iterator[Finding]:
    """Report an area under the ROC curve that is certainly below chance: no limit, but scores look swapped."""
    estimate = one.estimates["roc_auc"]
    if estimate.value is None:
        return
    bounds = estimate.bounds(policy.confidence)
    if bounds[1] < 0.5:
        finding = Finding(
            metric="roc_auc", scope={"split": one.split, **_AGAINST}, value=estimate.value, interval=finite(bounds),
            confidence=policy.confidence, method=estimate.method, n=one.n, verdict=Verdict.FOUND,
            message=_SWAPPED["roc_auc"],
        )  # fmt: skip
        yield _upside_down(finding, 2)


def _only_label(one: Performance) -> int | None:
    """Return the number of the label that every row is given; None where there are several, or outputs of none."""
    predicted = one.table.counts.sum(axis=0)
    if (predicted > 0).sum() != 1 or predicted[-1]:
        return None
    return int(predicted.argmax())


def zero_recall(one: Performance, policy: Policy) -> Finding:
    """Judge whether a label with rows is never recognised: by how seldom guessing would miss all of them."""
    counts, names = one.table.counts, [str(label) for label in one.task.labels]
    members = counts.sum(axis=1)
    missed = [i for i in range(len(names)) if members[i] and not counts[i, i]]
    most = max((int(members[i]) for i in missed), default=0)
    verdict, text = Verdict.PASSED, message("Every label that has rows is predicted correctly at least once.")
    judged: dict[str, float | int] = {"p_value": 1.0, "tests": len(names)}
    if missed:
        # How rarely so many rows go by without a hit where the label is found as often as by guessing.
        label = np.indices(counts.shape)[0]
        rows = max(one.table.share(label < 0, label == i)[1] for i in missed)
        by_guessing = (1 - 1 / len(names)) ** rows
        judged["p_value"] = by_guessing
        verdict = Verdict.FAILED if policy.decide == "point" else Verdict.UNDECIDED
        text = message(
            "Recall is zero for {labels}, though such a label has up to {rows} rows.",
            labels=tuple(names[i] for i in missed), rows=most,
        )  # fmt: skip
        only = _only_label(one)
        if only is not None:
            text = message(
                "The classifier predicts {only} for every row; {rows} rows have another label.",
                only=names[only], rows=int(members.sum() - members[only]),
            )  # fmt: skip
    finding = Finding(
        metric="labels_with_zero_recall", scope={"split": one.split}, value=len(missed),
        method="misses under guessing (Bonferroni)", n=one.n, verdict=verdict, message=text,
        requirement=NO_ZERO_RECALL,
    )  # fmt: skip
    return finding if policy.decide == "point" else finding.model_copy(update=judged)
