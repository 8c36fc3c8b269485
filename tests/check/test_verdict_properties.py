"""What must hold of every verdict, whatever the table: Hypothesis over the checks that judge outcomes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops_audit.check.registry import provided
from llmops_audit.check.verdicts import combined
from llmops_audit.record import Finding, Verdict
from llmops_audit.testing import batch, inputs, run

ACCURACY, FAIRNESS = (provided()[name].check for name in ("accuracy", "fairness"))
ORDER = [Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.FOUND, Verdict.PASSED]
MINIMA: dict[str, Any] = {"accuracy": 0.7, "recall": {"1": 0.6}, "f1": 0.6}

rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from("ABC")), min_size=2, max_size=80)
Rows = Sequence[tuple[int, int, str]]


def _findings(check: Any, found: Rows, decide: str = "bound", **settings: Any) -> dict[str, Finding]:
    label, prediction, group = (list(column) for column in zip(*found, strict=True))
    given_ = inputs(batch("test", {"sex": group}, label=label, prediction=prediction), groups=("sex",))
    given_["policy"] = given_["policy"].model_copy(update={"decide": decide})
    produced = [item for item in run(check, given_, **settings) if isinstance(item, Finding)]
    return {f"{item.metric}{sorted(item.scope.items())}": item for item in produced}


def _accuracy(found: Rows, decide: str = "bound") -> dict[str, Finding]:
    return _findings(ACCURACY, found, decide, min=MINIMA)


def _fairness(found: Rows, decide: str = "bound") -> dict[str, Finding]:
    limits = {"selection_rate": 0.3, "error_rates": 0.4}
    return _findings(FAIRNESS, found, decide, min_group_rows=5, max_difference=limits)


def _verdict(findings: dict[str, Finding]) -> Verdict:
    return combined(finding.verdict for finding in findings.values())


@pytest.mark.parametrize("judge", [_accuracy, _fairness])
@settings(max_examples=50)
@given(found=rows)
def test_the_message_tells_of_the_interval_that_is_shown(judge: Any, found: Rows) -> None:
    """What is said of the limit and the interval holds of the numbers beside it."""
    for finding in judge(found).values():
        if finding.interval is None or finding.requirement is None:
            continue
        low, high = (
            math.inf * sign if end is None else end for end, sign in zip(finding.interval, (-1, 1), strict=True)
        )
        said = finding.message.id
        if said.startswith("The limit lies inside the interval"):
            assert low <= finding.requirement.limit <= high
        elif said.startswith("The whole interval misses the limit"):
            assert high <= finding.requirement.limit or finding.requirement.limit <= low


@settings(max_examples=50)
@given(rows, st.data())
def test_wrong_answers_never_help(found: Rows, data: st.DataObject) -> None:
    """Where a right answer becomes wrong, the verdict on accuracy does not improve."""
    right = [i for i, (label, prediction, _) in enumerate(found) if label == prediction]
    if not right or len({prediction for _, prediction, _ in found}) == 1:
        # One answer for every row fails for certain; with a second one the rows have to tell.
        return
    spoilt = set(data.draw(st.lists(st.sampled_from(right), min_size=1, max_size=10)))
    worse = [(label, 1 - answer if i in spoilt else answer, group) for i, (label, answer, group) in enumerate(found)]
    assert ORDER.index(_verdict(_accuracy(worse))) <= ORDER.index(_verdict(_accuracy(found)))


@pytest.mark.parametrize("judge", [_accuracy, _fairness])
@settings(max_examples=25)
@given(found=rows, data=st.data())
def test_the_order_of_rows_changes_nothing(judge: Any, found: Rows, data: st.DataObject) -> None:
    """Permuted rows give the very findings, to the last digit."""
    assert judge(data.draw(st.permutations(found))) == judge(found)


@pytest.mark.parametrize("judge", [_accuracy, _fairness])
@settings(max_examples=25)
@given(found=rows)
def test_twice_the_rows_never_turn_a_verdict_round(judge: Any, found: Rows) -> None:
    """Every row twice: a requirement that passed does not fail, and one that failed does not pass."""
    once, twice = judge(found), judge([*found, *found])
    for name, finding in once.items():
        if name in twice and {finding.verdict, twice[name].verdict} == {Verdict.PASSED, Verdict.FAILED}:
            raise AssertionError(f"{name}: {finding.verdict}, with twice the rows {twice[name].verdict}")


@settings(max_examples=25)
@given(found=rows)
def test_names_of_groups_do_not_matter(found: Rows) -> None:
    """Groups with other names get the same findings under these names."""
    names = {"A": "Z", "B": "Y", "C": "X"}
    renamed = _fairness([(label, answer, names[group]) for label, answer, group in found])

    def values(findings: dict[str, Finding], group_names: dict[str, str]) -> set[tuple[Any, ...]]:
        return {
            (f.metric, group_names.get(f.scope.get("sex", ""), ""), f.value, f.interval, f.verdict, f.n)
            for f in findings.values()
        }

    assert values(_fairness(found), names) == values(renamed, {name: name for name in names.values()})


@pytest.mark.parametrize("judge", [_accuracy, _fairness])
@settings(max_examples=25)
@given(found=rows)
def test_a_bound_never_passes_what_the_value_fails(judge: Any, found: Rows) -> None:
    """Deciding on the bound is never more lenient than deciding on the value itself."""
    bound, point = judge(found), judge(found, decide="point")
    for name, finding in bound.items():
        if finding.verdict is Verdict.PASSED:
            assert point[name].verdict is Verdict.PASSED
