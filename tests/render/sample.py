"""Records to render: every status, every verdict, few and many labels, Chinese, hostile text."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence

from llmops_audit.check.family import decided
from llmops_audit.check.methods import METHODS
from llmops_audit.check.registry import provided
from llmops_audit.record import (
    AuditInfo,
    CheckResult,
    Column,
    ColumnInfo,
    Decision,
    Environment,
    Figure,
    Finding,
    GatePolicy,
    LabelCount,
    Message,
    Op,
    Page,
    Record,
    Requirement,
    Run,
    Section,
    Severity,
    SplitInfo,
    Status,
    SubjectInfo,
    Table,
    Verdict,
    message,
)
from llmops_audit.record.figures import (
    BiasAudit,
    ConfusionMatrix,
    Curve,
    Curves,
    Estimate,
    Gap,
    Grouping,
    GroupMetrics,
    GroupSize,
)

HOSTILE = (
    "</title></style></svg><script>alert(1)</script>",
    "\" onload='alert(1)' x=\"",
    "{{ 7 * 7 }}{% raw %}",
    "$x^2$ \\frac{1}{2}",
    "url(https://example.org/x)</style>",
    "abc\u202egnp.exe\u2066\x00\x1b[31m",
    "--></textarea><img src=x onerror=alert(1)>",
    "字" * 300,
    "w" * 100_000,
)

SPAM = ("ham", "spam")


@functools.cache
def words() -> dict[str, Message]:
    """Every word that a check of ours may bring."""
    return {key: word for found in provided().values() for key, word in found.check.vocabulary.items()} | METHODS


def page(title: str) -> Page:
    """A check's page with one paragraph a heading."""
    headings = ("What it measures", "Why it matters", "How to read it", "Limits", "References")
    return Page(title=title, sections=tuple(Section(heading=h, paragraphs=(f"{title} `x`.",)) for h in headings))


def finding(verdict: Verdict, metric: str = "balanced_accuracy", **changes: object) -> Finding:
    """A finding with every field filled."""
    given: dict[str, object] = {
        "id": f"accuracy.{metric}[split=test]",
        "metric": metric,
        "scope": {"split": "test"},
        "value": 0.5,
        "interval": (0.4312, 0.5688),
        "confidence": 0.95,
        "method": "Clopper-Pearson",
        "n": 1200,
        "p_value": 0.00001,
        "p_adjusted": 0.0123,
        "requirement": Requirement(op=Op.AT_LEAST, limit=0.8, source="audit.toml:17"),
        "rows_to_decide": 4321 if verdict is Verdict.INCONCLUSIVE else None,
        "verdict": verdict,
        "severity": Severity.HIGH,
        "message": message("The whole interval misses the limit."),
        "details": {"rate": 0.525, "compared_with": ("ham", "spam")},
    }
    return Finding.model_validate(given | changes)


def check_result(name: str, verdict: Verdict, findings: Sequence[Finding] = (), **changes: object) -> CheckResult:
    """The result of one check."""
    given: dict[str, object] = {
        "name": name,
        "distribution": "llmops-audit",
        "version": "0.1.0",
        "page": page(f"The {name} of the answers"),
        "settings": {"min": {"accuracy": 0.95}, "groups": None},
        "verdict": verdict,
        "findings": tuple(findings),
        "words": words(),
    }
    return CheckResult.model_validate(given | changes)


def matrix(labels: Sequence[str | int] = SPAM, *, invalid: bool = False, split: str = "test") -> ConfusionMatrix:
    """A confusion matrix with a strong diagonal."""
    k = len(labels)
    counts = tuple(tuple(1900 + i if i == j else (3 * i + 5 * j) % 40 for j in range(k)) for i in range(k))
    return ConfusionMatrix(
        split=split,
        labels=tuple(labels),
        counts=counts,
        invalid=tuple(i + 1 if invalid else 0 for i in range(k)),
    )


def curves(labels: Sequence[str | int] = ("spam",), *, split: str = "test", of: int | None = None) -> dict[str, Curves]:
    """Curves of every kind by name: as many points as there can be, a bit worse from label to label."""
    rises = [i / 56 for i in range(57)]
    bins = [(2 * i + 1) / 30 for i in range(15)]
    drawn = {
        "roc": [{"x": rises, "y": [x ** (0.1 + 0.05 * place) for x in rises]} for place in range(len(labels))],
        "precision_recall": [
            {"x": rises[1:], "y": [1 - (0.3 + 0.05 * place) * x**3 for x in rises[1:]]} for place in range(len(labels))
        ],
        "reliability": [
            {
                "x": bins,
                "y": [x**power for x in bins],
                "y_low": [max(0.0, x**power - 0.1) for x in bins],
                "y_high": [min(1.0, x**power + 0.1) for x in bins],
                "rows": [80] * 15,
            }
            for power in (1.3 + 0.1 * place for place in range(len(labels)))
        ],
    }
    sides = {"positives": 400, "negatives": 800, "base_rate": 0.33333, "low": 0.9012, "high": 0.9678}
    return {
        f"{kind}.{split}": Curves.model_validate(
            {
                "name": f"{kind}.{split}",
                "curve": kind,
                "split": split,
                "confidence": 0.95,
                "labels": len(labels) if of is None else of,
                "curves": tuple(
                    Curve.model_validate(
                        sides
                        | {"label": label, "value": round(0.9456 - 0.01 * place, 4)}
                        | {key: tuple(round(number, 5) for number in numbers) for key, numbers in line.items()}
                    )
                    for place, (label, line) in enumerate(zip(labels, lines, strict=True))
                ),
            }
        )
        for kind, lines in drawn.items()
    }


def table(name: str, rows: int) -> Table:
    """A table with a column of every format."""
    columns = (
        Column(key="column", heading=message("Column")),
        Column(key="statistic", heading=message("Attribute"), format="message"),
        Column(key="distance", heading=message("Distance"), format="number"),
        Column(key="share", heading=message("Selection rate"), format="share"),
        Column(key="p", heading=message("p-value"), format="p_value"),
        Column(key="rows", heading=message("Rows"), format="count"),
    )
    cells = tuple(
        {
            "column": f"column_{i:03d}",
            "statistic": message("personal data") if i % 2 else message("Distance"),
            "distance": 0.123456 + i,
            "share": None if i % 7 == 3 else round((i % 100) / 97, 6),
            "p": 0.000001 * 9**i if i < 5 else 0.5,
            "rows": 12345 + i,
        }
        for i in range(rows)
    )
    return Table(
        name=name,
        caption=message("The strongest proxies: how well each identifies the group when used alone"),
        columns=columns,
        rows=cells,
    )


RATES = {
    "selection_rate": "ham",
    "accuracy": None,
    "true_positive_rate": "spam",
    "false_positive_rate": "spam",
    "precision": "spam",
    "mcc": None,
}


def grouping(attributes: Sequence[str], sizes: Mapping[tuple[str, ...], int]) -> Grouping:
    """Groups whose rates fall from one to the next; a group under 50 rows is not judged, and has no precision."""
    estimates, gaps = [], []
    for place, (group, rows) in enumerate(sizes.items()):
        for number, (metric, of) in enumerate(RATES.items()):
            fall = (0.37, 0.05, 0.12, -0.21, 0.02, 0.1)[number] * place / len(sizes)
            value = None if rows < 50 and metric == "precision" else round(0.9 - 0.1 * number - fall, 4)
            n = rows if of is None or metric == "selection_rate" else rows // 3
            half = 1 / max(n, 1) ** 0.5
            low, high = (None, None) if value is None else (max(0.0, value - half), min(1.0, value + half))
            estimates.append(Estimate(group=group, metric=metric, of=of, value=value, low=low, high=high, n=n))
    judged = [group for group, rows in sizes.items() if rows >= 50]
    values = {(e.group, e.metric): e.value for e in estimates}
    for metric, of in RATES.items():
        for pair in itertools.combinations(judged, 2):
            low, high = sorted(pair, key=lambda group, metric=metric: values[group, metric])
            difference = round(values[high, metric] - values[low, metric], 4)
            ratio = round(values[low, metric] / values[high, metric], 4)
            gap = {"difference": difference, "low": difference - 0.0321, "high": difference + 0.0321}
            gap |= {"ratio": ratio, "ratio_low": ratio - 0.0654, "ratio_high": ratio + 0.0654}
            gap |= {"p_value": 0.0012, "p_adjusted": 0.0345, "detectable": 0.0789}
            gaps.append(Gap(group=low, compared_with=high, metric=metric, of=of, **gap))
    return Grouping(
        attributes=tuple(attributes),
        groups=tuple(GroupSize(group=group, rows=rows, judged=rows >= 50) for group, rows in sizes.items()),
        estimates=tuple(estimates),
        gaps=tuple(gaps),
        comparator=judged[0] if judged else None,
    )


def group_metrics(**changes: object) -> GroupMetrics:
    """Two attributes and their intersection, with a small group, values that do not exist, and a hostile name."""
    sex = {("Female",): 1200, ("Male",): 2417, ("(missing)",): 12}
    origin = {("<script>alert(1)</script>",): 900, ("African-American",): 640, ("亚裔美国人",): 333, ("Other",): 80}
    both = {(*s, *o): rows * share // 3000 for s, rows in sex.items() for o, share in origin.items()}
    given: dict[str, object] = {
        "name": "groups",
        "split": "test",
        "confidence": 0.95,
        "positive": "spam",
        "favourable": "ham",
        "min_ratio": 0.8,
        "groupings": (
            grouping(["sex"], sex),
            grouping(["origin"], origin),
            grouping(["sex", "origin"], both),
        ),
    }
    return GroupMetrics.model_validate(given | changes)


def bias_audit() -> BiasAudit:
    """A bias audit without tables."""
    return BiasAudit(
        name="bias_audit",
        split="test",
        rate="selection",
        favourable="ham",
        answers=2,
        median=None,
        doubtful=0,
        individuals=1200,
        unknown=12,
        data_source="Applications of 2025",
        data_kind="historical",
        test_data=None,
        auditor="Auditor and Sons",
        audit_date="2026-01-31",
        distribution_date="2026-02-28",
        expires="2027-01-31",
        tables=(),
    )


def split(of: Sequence[str | int] = SPAM, rows: int = 4000, **changes: object) -> SplitInfo:
    """A split with groups."""
    share = rows // len(of)
    given: dict[str, object] = {
        "rows": rows,
        "columns": tuple(
            ColumnInfo.model_validate(
                {"name": name, "kind": kind, "how": how, "distinct": distinct, "missing": 0, "constant": False}
            )
            for name, kind, how, distinct in (
                ("message", "text", message("Named as the text to classify."), None),
                ("label", "category", message("Named as the label."), len(of)),
                ("sex", "category", message("Named as a sensitive attribute."), 3),
            )
        ),
        "sha256": "0f" * 32,
        "labels": tuple(LabelCount(value=label, rows=share + i) for i, label in enumerate(of)),
        "groups": {"sex": (LabelCount(value="F", rows=1200), LabelCount(value="(missing)", rows=7))},
        "sampled": min(rows, 10_000),
        "time": ("2026-01-01", "2026-03-31"),
    }
    return SplitInfo.model_validate(given | changes)


def record(
    status: Status = Status.REJECTED,
    *,
    checks: Sequence[CheckResult] | None = None,
    figures: Mapping[str, Figure] | None = None,
    reasons: Sequence[Message] = (),
    labels: Sequence[str | int] = SPAM,
    language: str = "en",
    **audit: object,
) -> Record:
    """A whole record."""
    name = {
        "name": "sms-spam-filter",
        "version": "1.4.0",
        "purpose": "Hold back unsolicited messages",
        "owner": "Trust",
    }
    info = name | {"seed": 42, "language": language, "spec_sha256": "ab" * 32} | audit
    _, required = decided(tuple(every_verdict() if checks is None else checks), 0.95)
    return Record(
        audit=AuditInfo.model_validate(info),
        subject=SubjectInfo(
            kind="estimator",
            description="sklearn.linear_model:LogisticRegression",
            parameters={"random_state": 42, "C": 1.0, "class_weight": None},
            fitted="cd" * 32,
        ),
        data={
            "train": split(labels),
            "test": split(labels, 1200),
            "live": split(labels, 900, labels=(), time=None),
        },
        environment=Environment(python="3.11.2", packages={"numpy": "2.4.6", "scikit-learn": "1.9.0"}),
        gate=GatePolicy(confidence=0.95, decide="bound", on_inconclusive="review"),
        checks=tuple(every_verdict() if checks is None else checks),
        requirements=tuple(one.model_copy(update={"reason": "As its owner wants it."}) for one in required),
        figures={
            "confusion": matrix(labels, invalid=True),
            "drift.columns": table("drift.columns", 9),
            "groups": group_metrics(),
            **curves([str(labels[-1])]),
        }
        if figures is None
        else dict(figures),
        decision=Decision(status=status, exit_code=status.exit_code, reasons=tuple(reasons) or _reasons(status)),
        digest="ef" * 32,
        run=Run(started="2026-11-24T08:30:00+00:00", seconds={"read": 0.5123}, host="host", platform="Linux"),
    )


def every_verdict() -> tuple[CheckResult, ...]:
    """Checks that between them came to every verdict."""
    passed = finding(
        Verdict.PASSED,
        "accuracy",
        value=0.961,
        interval=(0.948, 0.971),
        message=message("Even the lower end of the interval meets the limit."),
    )
    undecided = finding(
        Verdict.INCONCLUSIVE,
        "selection_rate_ratio",
        id="fairness.selection_rate_ratio[sex=F,split=test]",
        scope={"split": "test", "sex": "F"},
        value=0.82,
        interval=(0.71, None),
        severity=Severity.CRITICAL,
        requirement=Requirement(op=Op.AT_LEAST, limit=0.8, source="default"),
        message=message("The limit lies inside the interval: these rows cannot decide."),
    )
    census = finding(
        Verdict.FAILED,
        "personal_data",
        id="pii.personal_data[column=message,kind=phone,split=train]",
        scope={"split": "train", "column": "message", "kind": "phone"},
        value=312,
        interval=None,
        confidence=None,
        method="census",
        p_value=None,
        p_adjusted=None,
        severity=Severity.LOW,
        requirement=Requirement(op=Op.AT_MOST, limit=0, source="default"),
        message=message("All rows were counted: the count misses the limit."),
        details={},
    )
    crashed = message("The check did not finish: {error}.", error="ZeroDivisionError")
    not_applied = finding(
        Verdict.NOT_APPLICABLE, "equalized_odds_difference", id="fairness.eo", value=None, interval=None
    )
    return (
        check_result("accuracy", Verdict.FAILED, [finding(Verdict.FAILED), passed]),
        check_result("drift", Verdict.ERROR, reason=crashed),
        check_result("fairness", Verdict.INCONCLUSIVE, [undecided, not_applied]),
        check_result("pii", Verdict.FAILED, [census]),
        check_result("robustness", Verdict.NOT_APPLICABLE, reason=message("No rows.")),
        check_result("odd", Verdict.ERROR, [finding(Verdict.ERROR, "own_metric", id="odd.own_metric")]),
    )


def _reasons(status: Status) -> tuple[Message, ...]:
    if status is Status.REJECTED:
        failed = (
            "accuracy.balanced_accuracy[split=test]",
            "pii.personal_data[column=message,kind=phone,split=train]",
        )
        return tuple(message("Failed: {finding}.", finding=name) for name in failed)
    if status is Status.APPROVED:
        return (message("All {judged} requirements of {checks} checks passed.", judged=4, checks=4),)
    return (
        message("{check} found nothing to judge, so a person must decide.", check="robustness"),
        message("Inconclusive: {finding}.", finding="fairness.selection_rate_ratio[sex=F,split=test]"),
    )


def approved(language: str = "en") -> Record:
    """A record in which everything passed."""
    passed = every_verdict()[0].findings[1]
    checks = [check_result("accuracy", Verdict.PASSED, [passed]), check_result("pii", Verdict.PASSED)]
    return record(Status.APPROVED, checks=checks, language=language)


def hostile(text: str) -> Record:
    """The record with a text put into every free text field, names of things included."""
    plain = record()
    put = functools.partial(_poisoned, text=text)
    return Record.model_validate(put(plain.model_dump(by_alias=True)))


_FIXED = frozenset(
    {
        "schema",
        "kind",
        "curve",
        "key",
        "verdict",
        "status",
        "severity",
        "op",
        "format",
        "language",
        "decide",
        "gate",
        "on_inconclusive",
    }
)
_NAMED_BY_USERS = frozenset(
    {"data", "details", "figures", "groups", "packages", "parameters", "scope", "seconds", "settings"}
)


def _poisoned(value: object, text: str, key: str = "") -> object:
    if isinstance(value, dict) and key == "words":
        # Keys are hostile as well as what they stand for.
        return {word: {"id": text, "values": {}} for word in (*value, text)}
    if isinstance(value, dict):
        # A figure of groups bears the name of such a place.
        tail = text if key in _NAMED_BY_USERS and "groupings" not in value else ""
        return {k + tail: _poisoned(v, text, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_poisoned(item, text, "" if isinstance(item, dict) else key) for item in value)
    return text if isinstance(value, str) and key not in _FIXED else value
