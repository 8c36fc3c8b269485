"""Records of invented data in the shapes of five audits: as many requirements, groups, tables, clauses and pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

from llmops_audit.check.family import decided
from llmops_audit.check.registry import provided
from llmops_audit.record import CheckResult, ColumnInfo, Figure, Finding, Record, SplitInfo, Status, Verdict, message
from llmops_audit.record.drift_figure import Drift, Histogram, SampleSize, Shift
from llmops_audit.record.figures import Grouping, GroupMetrics
from llmops_audit.record.frameworks import framework

LABELS = ("no", "yes")
CONFIDENCE = 0.95
FIVE = ("tutorial", "breast-cancer", "adult", "compas", "cold")

_OTHER_RATES = {
    "base_rate": "selection_rate",
    "false_negative_rate": "false_positive_rate",
    "true_negative_rate": "true_positive_rate",
    "f1": "precision",
}
"""Metrics by group that the renderer's sample has not, and those whose numbers they take."""

_TABLES = {"performance": 11, "labels": 2, "baselines": 3, "train_test_gap": 1}
_CURVES = ("roc.test", "precision_recall.test")


@dataclass(frozen=True)
class Shape:
    """How much there is of everything.

    Attributes
    ----------
    status : Status
    checks : mapping of str to str
        Verdicts of the findings of each check: f(ailed), p(assed), i(nconclusive), n(ot applicable), (found by) value.
    frameworks : tuple of str
    groups : mapping of tuple of str to int
        Groups by attributes.
    fairness : tuple of int
        Rows of each table about groups.
    columns : int
        Columns of each split.
    shifts, drawn, moved : int
        Comparisons of the chapter on drift, those with a histogram, and those that did not pass.
    found : int
        Rows of the table of personal data.
    splits : tuple of str
    language : str
    """

    status: Status
    checks: Mapping[str, str]
    frameworks: tuple[str, ...]
    groups: Mapping[tuple[str, ...], int]
    fairness: tuple[int, ...] = ()
    columns: int = 2
    shifts: int = 0
    drawn: int = 0
    moved: int = 0
    found: int = 0
    splits: tuple[str, ...] = ("train", "test")
    language: str = "en"


SHAPES = {
    "tutorial": Shape(
        Status.REJECTED, {"accuracy": "ff", "drift": "p", "pii": "ppp"}, ("eu-ai-act", "nist-ai-rmf", "china-pipl"), {},
        shifts=4, drawn=3,
    ),
    "breast-cancer": Shape(
        Status.APPROVED, {"accuracy": "pppppp", "drift": "p", "pii": "ppp"}, ("eu-ai-act", "iso-42001", "gdpr"), {},
        columns=31, shifts=64, drawn=24,
    ),
    "adult": Shape(
        Status.REJECTED,
        {
            "accuracy": "iiipp", "calibration": "p", "drift": "p" * 36 + "n", "fairness": "ffii", "pii": "ppp",
            "proxies": "fippppp",
        },
        ("eu-ai-act", "nyc-ll144", "nist-ai-rmf"), {("sex",): 2, ("race",): 5, ("sex", "race"): 10},
        fairness=(42, 30), columns=15, shifts=36, drawn=14,
    ),
    "compas": Shape(
        Status.REJECTED, {"accuracy": "pppp", "fairness": "ffffnpp", "pii": "p"}, ("eu-ai-act", "nist-ai-rmf"),
        {
            ("race",): 6, ("sex",): 2, ("age",): 3, ("race", "sex"): 12, ("race", "age"): 18, ("sex", "age"): 6,
        },
        fairness=(72,), columns=6, splits=("test",),
    ),
    "cold": Shape(
        Status.REJECTED,
        {
            "accuracy": "pppp", "calibration": "p", "counterfactual": "ffiiiipp" + "n" * 11,
            "drift": "fv" + "p" * 10 + "n", "fairness": "iip", "pii": "iiippp",
        },
        ("china-algorithm-recommendation", "china-pipl", "china-generative-ai"), {("topic",): 3},
        fairness=(233, 20, 14), columns=6, shifts=12, drawn=10, moved=2, found=4, language="zh",
    ),
}  # fmt: skip

_METRICS = (
    "accuracy", "balanced_accuracy", "recall", "precision", "f1", "mcc", "roc_auc", "average_precision",
)  # fmt: skip
_FINDINGS = {"drift": 99, "pii": 2, "proxies": 3}
"""Findings that share a requirement."""

_VERDICTS = {
    "f": Verdict.FAILED, "p": Verdict.PASSED, "i": Verdict.INCONCLUSIVE, "n": Verdict.NOT_APPLICABLE,
    "v": Verdict.FOUND,
}  # fmt: skip
_WORST = (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.FOUND, Verdict.PASSED)


def shaped(sample: ModuleType, name: str) -> Record:
    """Return a record of a shape: the pages of checks and the clauses are real, all numbers and names are invented."""
    shape = SHAPES[name]
    checks, required = decided(
        [_check(sample, check, verdicts) for check, verdicts in shape.checks.items()], CONFIDENCE
    )
    record = sample.record(
        shape.status,
        checks=checks,
        figures=dict(_figures(sample, shape)),
        labels=LABELS,
        language=shape.language,
        name=name,
    )
    changes = {
        "requirements": required,
        "data": {split: _split(sample, shape) for split in shape.splits},
        "frameworks": tuple(map(framework, shape.frameworks)),
    }
    return Record.model_validate(record.model_copy(update=changes).model_dump(by_alias=True))


def _check(sample: ModuleType, name: str, verdicts: str) -> CheckResult:
    findings = [_finding(sample, name, number, _VERDICTS[letter]) for number, letter in enumerate(verdicts)]
    reached = {finding.verdict for finding in findings}
    worst = next(verdict for verdict in _WORST if verdict in reached)
    return sample.check_result(name, worst, findings, page=provided()[name].check.page)


def _finding(sample: ModuleType, check: str, number: int, verdict: Verdict) -> Finding:
    scope = {"column": f"column_{number}"} if number else {}
    place = f"[column=column_{number}]" if number else ""
    empty = {"value": None, "interval": None, "requirement": None} if verdict is Verdict.NOT_APPLICABLE else {}
    if verdict is Verdict.NOT_APPLICABLE:
        empty["message"] = message("Fewer than {rows} rows: not judged.", rows=100 + number)
    metric = _METRICS[number // _FINDINGS.get(check, 1) % len(_METRICS)]
    return sample.finding(verdict, metric, id=f"{check}.{metric}{place}", scope=scope, **empty)


def _figures(sample: ModuleType, shape: Shape) -> Iterator[tuple[str, Figure]]:
    yield "confusion", sample.matrix(LABELS)
    kinds = (*_CURVES, *(("reliability.test",) if "calibration" in shape.checks else ()))
    if "train" in shape.splits:
        yield from ((name, figure) for name, figure in sample.curves(["yes"]).items() if name in kinds)
    for name, rows in _TABLES.items():
        yield name, sample.table(name, rows).model_copy(update=_chapter("performance", name))
    for number, rows in enumerate(shape.fairness):
        name = f"table_{number}"
        yield name, sample.table(name, rows).model_copy(update=_chapter("fairness", name))
    yield "pii", sample.table("pii", shape.found).model_copy(update=_chapter("personal_data", "pii"))
    if shape.groups:
        yield "groups", _groups(sample, shape)
    if shape.shifts:
        yield "drift", _drift(shape)


def _chapter(chapter: str, name: str) -> dict[str, object]:
    return {"chapter": chapter, "caption": message(f"Table of {name}")}


def _groups(sample: ModuleType, shape: Shape) -> GroupMetrics:
    groupings = tuple(
        _with_other_rates(sample.grouping(of, {_group(of, number): 900 - 30 * number for number in range(count)}))
        for of, count in shape.groups.items()
    )
    changes = {"positive": "yes", "favourable": "no", "groupings": groupings}
    return sample.group_metrics(**changes)


def _group(attributes: tuple[str, ...], number: int) -> tuple[str, ...]:
    return tuple(f"{attribute} group {number}" for attribute in attributes)


def _with_other_rates(grouping: Grouping) -> Grouping:
    more = {
        part: tuple(
            one.model_copy(update={"metric": other})
            for other, rate in _OTHER_RATES.items()
            for one in getattr(grouping, part)
            if one.metric == rate
        )
        for part in ("estimates", "gaps")
    }
    return grouping.model_copy(update={part: (*getattr(grouping, part), *added) for part, added in more.items()})


def _drift(shape: Shape) -> Drift:
    bins = Histogram(edges=tuple(map(float, range(21))), reference=(50,) * 20, current=(49,) * 20, exact=True)
    shifts = tuple(
        Shift(
            split="test", column=f"column_{number}", method="wasserstein", reference_rows=4000, current_rows=1200,
            reference_value=3.25, current_value=4.125, distance=0.3, expected=0.02, effect=0.28, low=0.2, high=0.36,
            floor=0.1, p_value=0.0001, p_adjusted=0.0123, detectable=0.0412,
            verdict="failed" if number < shape.moved else "passed", histogram=bins if number < shape.drawn else None,
        )
        for number in range(shape.shifts)
    )  # fmt: skip
    samples = tuple(SampleSize(split=split, rows=4000, compared=4000) for split in shape.splits)
    return Drift(name="drift", reference="train", confidence=0.95, samples=samples, shifts=shifts)


def _split(sample: ModuleType, shape: Shape) -> SplitInfo:
    columns = tuple(
        ColumnInfo(
            name=f"column_{number}", kind="number", how=message("Its cells are numbers."), distinct=900, missing=0,
            constant=False,
        )
        for number in range(shape.columns)
    )  # fmt: skip
    return sample.split(LABELS, columns=columns, groups={})
