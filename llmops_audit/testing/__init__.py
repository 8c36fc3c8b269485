"""The author's kit: build evidence from a few columns, and test that a check keeps the contract."""

from __future__ import annotations

import contextlib
import io
import pickle
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from llmops_audit.check import Check, evidence_names
from llmops_audit.check.family import decided
from llmops_audit.check.inputs import Policy, Task
from llmops_audit.check.subject import QueriedSubject
from llmops_audit.check.verdicts import combined
from llmops_audit.data.columns import unit_groups
from llmops_audit.evidence._gather import evidence_type
from llmops_audit.evidence.base import Batch, Codes, Plan, ScoreMatrix
from llmops_audit.personal_data.model_scan import ModelContents
from llmops_audit.record import CheckResult, Finding, NamedFigure, SeenRows, SubjectInfo, Verdict
from llmops_audit.record.labels import Label, canonical_label, label_order

__all__ = ["assert_conforms", "batch", "codes", "inputs", "run"]


def codes(values: Iterable[Label | bool | None]) -> Codes:
    """Encode scalars; None is missing."""
    raw = [None if value is None else canonical_label(value) for value in values]
    distinct = label_order(value for value in raw if value is not None)
    return Codes(distinct, np.array([-1 if v is None else distinct.index(v) for v in raw], dtype=np.int32))


def batch(
    split: str,
    columns: Mapping[str, Sequence[Any]],
    *,
    label: Sequence[Label | None] | None = None,
    prediction: Sequence[Label | None] | None = None,
    weight: Sequence[float] | None = None,
    scores: Mapping[Label, Sequence[float]] | None = None,
    reference_predictions: Mapping[str, Sequence[Label | None]] | None = None,
    reference_scores: Mapping[Label, Sequence[float]] | None = None,
    unit: Sequence[Label] | None = None,
    source: str = "rows.csv",
    first: int = 1,
) -> Batch:
    """Make a batch of a few columns.

    Parameters
    ----------
    split : str
        ``"train"``, ``"test"`` or ``"live"``.
    columns : mapping of str to sequence
        Features, texts and groups, n values each; None is missing. May be empty where there are labels.
    label, prediction : sequence, (n,), optional
    weight : sequence of float, (n,), optional
    scores : mapping of label to sequence of float, (n,), optional
    reference_predictions : mapping of str to sequence of label, (n,), optional
        Of the models that the subject is compared with, see `Batch.reference_predictions`.
    reference_scores : mapping of label to sequence of float, (n,), optional
        Of the previous release.
    unit : sequence, (n,), optional
        The person or document that each row belongs to.
    source : str
        The file that the rows are said to come from.
    first : int
        Number of the first row.

    Returns
    -------
    Batch
    """
    lengths = [len(values) for values in (*columns.values(), label, prediction) if values is not None]
    n = lengths[0] if lengths else 0
    row = np.arange(first, first + n, dtype=np.int64)
    table = pa.table({name: _array(values) for name, values in columns.items()})
    if not columns:
        table = pa.table({"row": pa.array(row.astype(np.float64))})
    return Batch(
        split,
        table,
        [source] * n,
        row,
        # Knuth's multiplicative hash: distinct keys in no particular order.
        row.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15),
        None if label is None else codes(label),
        None if prediction is None else codes(prediction),
        None if weight is None else np.asarray(weight, dtype=np.float64),
        _matrix(scores, n),
        {name: codes(answers) for name, answers in (reference_predictions or {}).items()},
        None if unit is None else unit_groups([str(value) for value in unit], 0),
        reference_scores=_matrix(reference_scores, n),
    )


def _matrix(scores: Mapping[Label, Sequence[float]] | None, n: int) -> ScoreMatrix | None:
    if scores is None:
        return None
    return ScoreMatrix(tuple(scores), np.array([*scores.values()], float).reshape(len(scores), n).T)


def _array(values: Sequence[Any]) -> pa.Array:
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def inputs(
    *batches: Batch,
    labels: Sequence[Label] = (0, 1),
    positive: Label | None = 1,
    groups: Sequence[str] = (),
    text: str | None = None,
    features: Sequence[str] = (),
    unit: str | None = None,
    time: str | None = None,
    split_here: bool = False,
    confidence: float = 0.95,
    sample: int = 10_000,
    seed: int = 42,
    subject: QueriedSubject | None = None,
    importance: Mapping[str, float] | None = None,
    model_contents: ModelContents | None = None,
    seen_rows: Mapping[str, SeenRows] | None = None,
    data_protection: Sequence[str] = (),
) -> dict[str, Any]:
    """Make every input that a check may name.

    Parameters
    ----------
    *batches : Batch
        Of any splits.
    labels, positive, groups, text, features, unit, time, split_here, seed
        See `llmops_audit.check.inputs.Task`.
    confidence : float
        See `llmops_audit.check.inputs.Policy`.
    sample : int
        Most rows that `Rows` keeps.
    subject : QueriedSubject, optional
        By default one whose answers were saved.
    importance : mapping of str to float, optional
        See `llmops_audit.analysis.importance.prediction_changes`.
    model_contents : ModelContents, optional
        See `llmops_audit.personal_data.model_scan.scan_model`.
    seen_rows : mapping of str to SeenRows, optional
        The rows that stand in the training rows as well, by split; by default nobody looked.
    data_protection : sequence of str
        Frameworks that the spec names and that are about the protection of personal data.

    Returns
    -------
    dict
        Input name to value; evidence is a mapping from split to evidence.
    """
    counted = {*features, *groups}
    uncounted = tuple(name for name in (text, unit, time) if name is not None and name not in counted)
    plan = Plan(None, tuple(groups), seed, sample, uncounted=uncounted, text=text, time=time)
    made: dict[str, Any] = {name: {} for name in evidence_names()}
    for one in batches:
        for name, by_split in made.items():
            kind = evidence_type(name)
            within = plan.within(one.table.column_names)
            by_split[one.split] = by_split.get(one.split, kind.empty(plan)) + kind.of(one, within)
    return {
        **made,
        "baseline": None,
        "data_protection": tuple(data_protection),
        "importance": None if importance is None else dict(importance),
        "model_contents": model_contents,
        "seen_rows": dict(seen_rows or {}),
        "policy": Policy(confidence=confidence),
        "subject": _saved() if subject is None else subject,
        "task": Task(
            labels=tuple(labels),
            positive=positive,
            text=text,
            features=tuple(features),
            groups=tuple(groups),
            seed=seed,
            unit=unit,
            time=time,
            split_here=split_here,
        ),
    }


def _saved() -> QueriedSubject:
    return QueriedSubject(SubjectInfo(kind="predictions", description="test", parameters={}))


def run(check: Check, given: Mapping[str, Any], **settings: Any) -> tuple[Finding | NamedFigure, ...]:
    """Run a check on inputs, with some settings, and decide what it leaves undecided, as an audit of it alone would.

    Parameters
    ----------
    check : Check
    given : mapping
        Inputs, see `inputs`.
    **settings
        Of the check.

    Returns
    -------
    tuple of Finding or figure
        Findings first.
    """
    produced = tuple(check.function(**{name: given[name] for name in check.inputs}, **settings))
    findings = tuple(item for item in produced if isinstance(item, Finding))
    verdict = combined(finding.verdict for finding in findings)
    alone = CheckResult(
        name=check.name, distribution="", version="", page=check.page, settings={}, verdict=verdict, findings=findings
    )
    (after,), _ = decided([alone], given["policy"].confidence)
    return (*after.findings, *(item for item in produced if not isinstance(item, Finding)))


def assert_conforms(check: Check, *, clean: Mapping[str, Any], violating: Mapping[str, Any], **settings: Any) -> None:
    """Assert that a check keeps the contract.

    It passes what is clean, fails what violates it, gives the same answer twice, changes no input, prints nothing,
    gives every finding a name of its own, and has a page.

    Parameters
    ----------
    check : Check
    clean, violating : mapping
        Inputs, see `inputs`.
    **settings
        Of the check, for both cases.

    Raises
    ------
    AssertionError
    """
    assert check.page.title, f"check '{check.name}' has no title"
    assert check.settings(), f"check '{check.name}' cannot run with its defaults"
    for case, given, wanted in (("clean", clean, Verdict.PASSED), ("violating", violating, Verdict.FAILED)):
        before = pickle.dumps(given)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            first, second = run(check, given, **settings), run(check, given, **settings)
        assert first == second, f"check '{check.name}' answers differently the second time ({case} case)"
        assert pickle.dumps(given) == before, f"check '{check.name}' changes its inputs ({case} case)"
        assert not printed.getvalue(), f"check '{check.name}' prints ({case} case)"
        findings = [item for item in first if isinstance(item, Finding)]
        names = [(finding.metric, tuple(finding.scope.items())) for finding in findings]
        assert len(set(names)) == len(names), f"check '{check.name}' gives two findings one name ({case} case)"
        found = combined(finding.verdict for finding in findings)
        assert found is wanted, f"check '{check.name}' says {found} of the {case} case instead of {wanted}"
