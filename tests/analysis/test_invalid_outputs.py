"""Outputs that are no label: wrong in every metric by a count over rows, and an alarm where they are many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from llmops_audit.analysis.fairness.rates import rates_of
from llmops_audit.analysis.invalid_outputs import invalid_outputs
from llmops_audit.analysis.metrics.definitions import LABEL_METRICS
from llmops_audit.analysis.metrics.label_metrics import measure
from llmops_audit.record import Finding, Verdict
from llmops_audit.testing import batch, inputs

Row = tuple[str, str | None]

# None is a missing output, "?" one that cannot be read.
_LABELS = ("a", "b", "c")
_ROWS = st.lists(st.tuples(st.sampled_from(_LABELS), st.sampled_from([*_LABELS, "?", None])), min_size=1, max_size=40)
_TWO = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["a", "b", "?", None])), min_size=1, max_size=40)


def _share(hits: list[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None


def _rates(rows: list[Row], of: str) -> dict[str, float | None]:
    """Count each rate over rows: an output that is no label is wrong, and a prediction of nothing."""
    errors = ("true_positive_rate", "false_negative_rate", "false_positive_rate", "true_negative_rate")
    found: dict[str, list[bool]] = {name: [] for name in (*errors, "precision", "selection_rate", "valid_output_rate")}
    for label, output in rows:
        readable = output in _LABELS
        if label == of:
            found["true_positive_rate"].append(output == of)
            found["false_negative_rate"].append(output != of)
        else:
            found["false_positive_rate"].append(output == of)
            found["true_negative_rate"].append(output != of and readable)
        if output == of:
            found["precision"].append(label == of)
        found["selection_rate"].append(output == of)
        found["valid_output_rate"].append(readable)
    return {name: _share(hits) for name, hits in found.items()}


@given(_TWO, st.sampled_from("ab"))
@settings(max_examples=30)
def test_group_metrics_count_them_as_wrong(rows: list[Row], positive: str) -> None:
    """Every rate of a group is that of a count over rows: a refusal is no true negative, and no false positive."""
    sexes = ["FM"[i % 2] for i in range(len(rows))]
    labels, answers = (list(column) for column in zip(*rows, strict=True))
    given_ = inputs(
        batch("test", {"sex": sexes}, label=labels, prediction=answers),
        labels=("a", "b"),
        positive=positive,
        groups=("sex",),
    )
    parts = given_["outcomes"]["test"].by_group(("sex",))
    found = rates_of(parts, given_["task"], positive, {"valid_output_rate"})
    for group, estimates in found.items():
        own = [row for row, sex in zip(rows, sexes, strict=True) if sex == group[0]]
        for name, value in _rates(own, positive).items():
            key = (name, None if name == "valid_output_rate" else positive)
            assert estimates[key].value == pytest.approx(value), name
        right = sum(label == output for label, output in own)
        assert estimates["accuracy", None].value == pytest.approx(right / len(own))


@given(_ROWS, st.sampled_from(_LABELS))
@settings(max_examples=30)
def test_group_metrics_of_several_labels_count_them_as_wrong(rows: list[Row], of: str) -> None:
    """The same holds for each of several labels against the others."""
    labels, answers = (list(column) for column in zip(*rows, strict=True))
    one = batch("test", {"sex": ["F"] * len(rows)}, label=labels, prediction=answers)
    given_ = inputs(one, labels=_LABELS, positive=None, groups=("sex",))
    found = rates_of(given_["outcomes"]["test"].by_group(("sex",)), given_["task"], None, {"valid_output_rate"})
    for name, value in _rates(rows, of).items():
        key = (name, None if name == "valid_output_rate" else of)
        assert found[("F",)][key].value == pytest.approx(value), name


def _recalls(rows: list[Row]) -> dict[str, float]:
    present = sorted({label for label, _ in rows})
    return {of: float(np.mean([output == of for label, output in rows if label == of])) for of in present}


@given(_ROWS)
@settings(max_examples=30)
def test_metrics_of_all_labels_count_them_as_wrong(rows: list[Row]) -> None:
    """Accuracy, recall, precision and F1 are those of a count over rows, in which no row is left out."""
    labels, answers = (list(column) for column in zip(*rows, strict=True))
    given_ = inputs(batch("test", {}, label=labels, prediction=answers), labels=_LABELS, positive=None)
    table, task = given_["outcomes"]["test"].table(_LABELS), given_["task"]
    value = {name: measure(name, table, task, "macro").value for name in ("accuracy", "balanced_accuracy")}
    assert value["accuracy"] == pytest.approx(np.mean([label == output for label, output in rows]))
    recalls = _recalls(rows)
    assert value["balanced_accuracy"] == pytest.approx(np.mean([*recalls.values()]))
    for index, of in enumerate(_LABELS):
        predicted = [label == of for label, output in rows if output == of]
        hits, members = sum(predicted), sum(label == of for label, _ in rows)
        assert measure("precision", table, task, "macro", index).value == pytest.approx(_share(predicted))
        assert measure("recall", table, task, "macro", index).value == pytest.approx(recalls.get(of))
        f1 = 2 * hits / (members + len(predicted)) if members + len(predicted) else None
        assert measure("f1", table, task, "macro", index).value == pytest.approx(f1)


@pytest.mark.parametrize("name", sorted(set(LABEL_METRICS) - {"precision"}))
def test_no_metric_rises_where_a_right_output_is_lost(name: str) -> None:
    """Of a classifier that is mostly right, an output less that can be read lowers every metric but precision."""
    labels = ["a", "b", "c"] * 20
    answers: list[str | None] = [*labels[:-6], "b", "c", "a", "b", "c", "a"]
    lost = [None, "?", *answers[2:]]
    values = []
    for predicted in (answers, lost):
        given_ = inputs(batch("test", {}, label=labels, prediction=predicted), labels=_LABELS, positive=None)
        values.append(measure(name, given_["outcomes"]["test"].table(_LABELS), given_["task"], "macro").value)
    assert values[1] < values[0]  # type: ignore[operator]


def _found(invalid: int, rows: int, *, limit: float | None = None, **task: Any) -> Finding | None:
    answers = [*(["?"] * (invalid // 2)), *([None] * (invalid - invalid // 2)), *([1] * (rows - invalid))]
    given_ = inputs(batch("test", {}, label=[0, 1] * (rows // 2), prediction=answers))
    task_ = given_["task"].model_copy(update=task)
    found = list(invalid_outputs(given_["outputs"]["test"], "test", task_, given_["policy"], limit))
    return found[0] if found else None


@pytest.mark.parametrize("rows", [40, 200, 1_000])
def test_the_alarm_fails_where_it_is_certain(rows: int) -> None:
    """Without a limit a share above 5 % is left to the gate where its interval lies above, else found, saying so."""
    for invalid in range(rows // 4):
        finding = _found(invalid, rows)
        assert finding is not None
        above = invalid / rows > 0.05
        certain = above and binomtest(invalid, rows).proportion_ci(0.95, method="exact").low > 0.05
        assert finding.verdict is (Verdict.UNDECIDED if certain else Verdict.FOUND if above else Verdict.PASSED)
        assert finding.value == invalid / rows
        assert ("by chance" in finding.message.id) == (above and not certain)
        assert (finding.message.id == "Every output is a label.") == (invalid == 0)
    assert finding is not None
    assert finding.details == {"unparsable": invalid // 2, "missing": invalid - invalid // 2}
    assert finding.requirement is not None
    assert (finding.requirement.limit, finding.requirement.alarm) == (0.05, True)
    assert finding.requirement.setting == ("max_invalid",)


def test_a_limit_of_the_spec_is_decided_on_its_bound() -> None:
    """With `max_invalid` a share under the limit is inconclusive until its upper bound reaches it."""
    verdicts = [_found(n, 1_000, limit=0.01).verdict for n in (0, 8, 60)]  # type: ignore[union-attr]
    assert verdicts == [Verdict.PASSED, Verdict.INCONCLUSIVE, Verdict.UNDECIDED]


def test_a_classifier_that_is_trained_here_has_no_alarm() -> None:
    """It can answer with labels alone, so that there is nothing to find, unless the spec sets a limit."""
    assert _found(0, 100, trained_here=True) is None
    assert _found(0, 1_000, trained_here=True, limit=0.1) is not None
