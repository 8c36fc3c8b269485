"""What a limit is compared with: all groups, pairs and columns of a requirement, the worst first."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from llmops_audit.record import Column, Op, Requirement, Table, Verdict, message
from llmops_audit.render.limit_lines import LimitLine, is_share, limit_lines, misses, own_names


def of(sample: ModuleType, findings: Any, **changes: Any) -> tuple[LimitLine, ...]:
    """The lines of the only requirement of a record."""
    check = sample.check_result("fairness", Verdict.FAILED, findings, settings={"min_rows": 30})
    record = sample.record(checks=[check], **changes)
    (required,) = record.requirements
    return limit_lines(record, required, findings[0], findings)


def group_finding(sample: ModuleType, metric: str, op: Op, limit: float, **details: object) -> Any:
    """A finding on the attribute "sex", as that of the group that decides."""
    return sample.finding(
        Verdict.FAILED,
        metric,
        scope={"split": "test", "sex": "Male"},
        requirement=Requirement(op=op, limit=limit, about="sex"),
        details={"group": "Male", "group_rows": 2417, **details},
    )


def test_a_ratio_shows_every_group_with_its_rate(sample: ModuleType) -> None:
    """Each group stands beside the one that it is compared with; a group with too few rows comes last, unjudged."""
    finding = group_finding(
        sample, "selection_rate_ratio", Op.AT_LEAST, 0.95, rate="selection_rate", label="ham", compared_with="Female"
    )
    lines = of(sample, [finding], figures={"groups": sample.group_metrics()})
    assert [(line.names, line.state) for line in lines] == [
        ((("sex", "Male"),), "missed"),
        ((("sex", "Female"),), "reference"),
        ((("sex", "(missing)"),), "unjudged"),
    ]
    assert lines[0].n == 2417
    assert lines[0].rate is not None
    assert lines[1].value == 1.0


def test_beside_a_named_comparator_the_lower_rate_is_divided_by_the_higher(sample: ModuleType) -> None:
    """Whichever of two groups the spec names, the other has one ratio, with one interval and one state."""
    figure = sample.group_metrics()
    named = figure.groupings[0].model_copy(update={"reference": True})
    figure = figure.model_copy(update={"groupings": (named,)})

    def other(comparator: str) -> LimitLine:
        finding = group_finding(
            sample, "selection_rate_ratio", Op.AT_LEAST, 0.95, rate="selection_rate", label="ham",
            compared_with=comparator,
        )  # fmt: skip
        return next(line for line in of(sample, [finding], figures={"groups": figure}) if line.state == "missed")

    higher, lower = other("Male"), other("Female")
    assert (higher.names, lower.names) == ((("sex", "Female"),), (("sex", "Male"),))
    assert (higher.inverse, lower.inverse) == (True, False)
    assert (higher.value, higher.low, higher.high) == pytest.approx((lower.value, lower.low, lower.high))


def test_a_difference_shows_every_pair(sample: ModuleType) -> None:
    """Pairs of groups come with the largest difference on top; a metric of several parts names the part."""
    finding = group_finding(
        sample, "error_rates_difference", Op.AT_MOST, 0.01, rate="true_positive_rate", label="spam", compared_with="F"
    )
    lines = of(sample, [finding], figures={"groups": sample.group_metrics()})
    assert [line.further for line in lines] == [
        (("metric", "false_positive_rate"),),
        (("metric", "true_positive_rate"),),
    ]
    assert all({value for _, value in line.names} == {"Male", "Female"} for line in lines)
    assert lines[0].value is not None
    assert lines[1].value is not None
    assert lines[0].value > lines[1].value


def test_a_gap_of_true_negatives_that_decides_is_shown(sample: ModuleType) -> None:
    """Where refused outputs make true negatives differ more than false positives, the pair that decides is a line."""
    finding = group_finding(
        sample, "error_rates_difference", Op.AT_MOST, 0.01, rate="true_negative_rate", label="spam", compared_with="F"
    )
    figure = sample.group_metrics()
    grouping = figure.groupings[0]
    known = next(gap for gap in grouping.gaps if gap.metric == "false_positive_rate" and gap.of == "spam")
    grouping = grouping.model_copy(
        update={"gaps": (*grouping.gaps, known.model_copy(update={"metric": "true_negative_rate", "difference": 0.5}))}
    )
    lines = of(sample, [finding], figures={"groups": figure.model_copy(update={"groupings": (grouping,)})})
    assert lines[0].further == (("metric", "true_negative_rate"),)
    assert lines[0].value == 0.5


def test_a_minimum_shows_every_group(sample: ModuleType) -> None:
    """A limit on each group has a line for each."""
    finding = group_finding(sample, "accuracy", Op.AT_LEAST, 0.7)
    lines = of(sample, [finding], figures={"groups": sample.group_metrics()})
    assert [line.names[0][1] for line in lines] == ["Male", "Female", "(missing)"]


def test_pairs_come_from_their_table(sample: ModuleType) -> None:
    """The worst pair of an identity is shown among all pairs; a shift counts by its size."""
    keys = ("identity", "from", "to", "rows", "shift", "shift_low", "shift_high")
    rows = [
        ("religion", "a", "b", 50, -0.3, -0.4, -0.2),
        ("religion", "b", "a", 50, 0.1, 0.0, 0.2),
        ("religion", "a", "c", 5, 0.9, 0.1, 1.0),
        ("age", "old", "young", 50, 0.7, 0.6, 0.8),
    ]
    table = Table(
        name="pairs",
        caption=message("Pairs"),
        columns=tuple(Column(key=key, heading=message(key)) for key in keys),
        rows=tuple(dict(zip(keys, row, strict=True)) for row in rows),
    )
    finding = sample.finding(
        Verdict.FAILED,
        "score_shift",
        scope={"identity": "religion"},
        requirement=Requirement(op=Op.AT_MOST, limit=0.05, about="religion"),
    )
    lines = of(sample, [finding], figures={"pairs": table})
    assert [(line.names[1][1], line.value, line.low, line.state) for line in lines] == [
        ("b", 0.3, 0.2, "missed"),
        ("a", 0.1, 0.0, "open"),
        ("c", 0.9, 0.1, "unjudged"),
    ]


def test_findings_are_lines_where_no_figure_holds_more(sample: ModuleType) -> None:
    """Each finding of a requirement is a line, named by what tells it from the others; the worst stands first."""
    values = {"age": 0.1, "city": 0.4, "job": None}
    findings = [
        sample.finding(
            Verdict.FAILED,
            "drift",
            id=f"d[{name}]",
            scope={"split": "live", "column": name},
            value=value,
            requirement=Requirement(op=Op.AT_MOST, limit=0.05),
        )
        for name, value in values.items()
    ]
    lines = of(sample, findings)
    assert [line.names for line in lines] == [(("column", name),) for name in ("city", "age", "job")]


def test_names_stay_apart(sample: ModuleType) -> None:
    """Findings with one scope are told apart by their metrics; one alone by its metric."""
    one, other = (sample.finding(Verdict.FAILED, metric) for metric in ("recall", "f1"))
    assert own_names([one, other]) == [(("metric", "recall"),), (("metric", "f1"),)]
    assert own_names([one]) == [(("metric", "recall"),)]


def test_shares_are_known_by_their_metric() -> None:
    """Rates and what compares them are written as percent, other numbers are not."""
    assert [is_share(name) for name in ("accuracy", "flip_rate", "selection_rate_ratio", "mcc", "drift")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_a_value_at_its_limit_misses_a_strict_one() -> None:
    """At least and at most admit the limit itself; more and less do not."""
    assert [misses(0.5, op, 0.5) for op in (Op.AT_LEAST, Op.AT_MOST, Op.ABOVE, Op.BELOW)] == [False, False, True, True]
