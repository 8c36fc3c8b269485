"""The fairness check: Fairlearn's numbers on the rows, pairs decided on bounds, honest small groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fairlearn
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.model import Finding, Table, Verdict
from llmops_audit.registry import provided
from llmops_audit.testing import assert_conforms, batch, inputs, run

CHECK = provided()["fairness"].check


def _case(rates: dict[str, tuple[int, int]], **more: Any) -> dict[str, Any]:
    """Each group's number selected and number of rows; every answer is right."""
    group = [name for name, (_, n) in rates.items() for _ in range(n)]
    answers = [int(i < selected) for selected, n in rates.values() for i in range(n)]
    return inputs(batch("test", {"sex": group}, label=answers, prediction=answers), groups=["sex"], **more)


def _findings(given: dict[str, Any], **settings: Any) -> list[Finding]:
    return [item for item in run(CHECK, given, **settings) if isinstance(item, Finding)]


def _table(given: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return next(list(item.rows) for item in run(CHECK, given) if isinstance(item, Table) and item.name == name)


def test_it_conforms() -> None:
    """Equal groups pass, a group that is selected half as often fails."""
    clean, violating = (
        _case({"F": (500, 1000), "M": (500, 1000)}),
        _case({"F": (250, 1000), "M": (500, 1000)}),
    )
    assert_conforms(CHECK, clean=clean, violating=violating)


rows = st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from("xyz"), st.integers(1, 5))


@given(st.lists(rows, min_size=1, max_size=80))
def test_rates_are_fairlearn_s_on_the_rows(drawn: list[tuple[int, int, str, int]]) -> None:
    """Each rate of each group, and each disparity, equals Fairlearn's on the rows to 1e-12 where it is defined."""
    truth, answers, group, weight = map(list, zip(*drawn, strict=True))
    given = inputs(
        batch("test", {"sex": group}, label=truth, prediction=answers, weight=[float(w) for w in weight]),
        groups=["sex"],
    )
    from sklearn.metrics import accuracy_score

    known = {
        "selection_rate": fairlearn.selection_rate,
        "true_positive_rate": fairlearn.true_positive_rate,
        "false_positive_rate": fairlearn.false_positive_rate,
        "accuracy": accuracy_score,
    }
    frame = fairlearn.MetricFrame(
        metrics=known, y_true=truth, y_pred=answers, sensitive_features=group,
        sample_params={name: {"sample_weight": weight} for name in known},
    )  # fmt: skip
    labels_of = pd.DataFrame({"y": truth, "g": group}).groupby("g")["y"].unique()
    for row in _table(given, "groups"):
        for name in known:
            needed = {"true_positive_rate": 1, "false_positive_rate": 0}.get(name)
            if needed is not None and needed not in labels_of[row["group"]]:
                assert row[name] is None
            else:
                assert row[name] == pytest.approx(frame.by_group.loc[row["group"], name], abs=1e-12)


def test_disparities_are_fairlearn_s() -> None:
    """The table of disparities holds Fairlearn's demographic parity and equalized odds numbers."""
    rng = np.random.default_rng(3)
    truth, answers = rng.integers(0, 2, 900), rng.integers(0, 2, 900)
    group = rng.choice(["a", "b", "c"], 900)
    given = inputs(
        batch("test", {"sex": group.tolist()}, label=truth.tolist(), prediction=answers.tolist()),
        groups=["sex"],
    )
    row = _table(given, "disparities")[0]
    arguments = {"sensitive_features": group}
    assert row["demographic_parity_difference"] == pytest.approx(
        fairlearn.demographic_parity_difference(truth, answers, **arguments), abs=1e-12
    )
    assert row["demographic_parity_ratio"] == pytest.approx(
        fairlearn.demographic_parity_ratio(truth, answers, **arguments), abs=1e-12
    )
    assert row["equalized_odds_difference"] == pytest.approx(
        fairlearn.equalized_odds_difference(truth, answers, **arguments), abs=1e-12
    )


def test_one_finding_a_group_names_the_worst_pair() -> None:
    """Each group has its finding; that of the group selected least names whom it is compared with."""
    given = _case({"F": (100, 1000), "M": (500, 1000), "X": (490, 1000)})
    found = {finding.scope["sex"]: finding for finding in _findings(given)}
    assert set(found) == {"F", "M", "X"}
    assert found["F"].verdict is Verdict.FAILED
    assert found["F"].details["compared_with"] == "M"
    assert found["F"].value == pytest.approx(0.2)
    assert found["M"].verdict is Verdict.PASSED


def test_small_groups_are_not_judged_but_counted() -> None:
    """A group with too few rows is not applicable, with its count; the others are judged."""
    given = _case({"F": (500, 1000), "M": (500, 1000), "X": (0, 5)})
    found = _findings(given)
    small = [finding for finding in found if finding.verdict is Verdict.NOT_APPLICABLE]
    assert [(finding.scope["sex"], finding.n) for finding in small] == [("X", 5)]
    assert {finding.verdict for finding in found if finding not in small} == {Verdict.PASSED}


def test_missing_values_are_a_group() -> None:
    """Rows without a group value form the category (missing)."""
    group = [None] * 100 + ["F"] * 100
    answers = [0, 1] * 100
    given = inputs(batch("test", {"sex": group}, label=answers, prediction=answers), groups=["sex"])
    assert [row["group"] for row in _table(given, "groups")] == ["(missing)", "F"]


@pytest.mark.parametrize("column", [["F"] * 100, [None] * 100])
def test_a_constant_group_is_not_applicable(column: list[str | None]) -> None:
    """A group column that is constant or all missing leaves nothing to compare."""
    answers = [0, 1] * 50
    given = inputs(batch("test", {"sex": column}, label=answers, prediction=answers), groups=["sex"])
    assert {finding.verdict for finding in _findings(given)} == {Verdict.NOT_APPLICABLE}


def test_nobody_selected_is_never_passed() -> None:
    """Where nobody is selected the ratio is undefined, which is no pass."""
    verdicts = {finding.verdict for finding in _findings(_case({"F": (0, 100), "M": (0, 100)}))}
    assert verdicts == {Verdict.INCONCLUSIVE}


def test_maximum_differences_are_judged_when_set() -> None:
    """A maximum for the parity difference and one for equalized odds give a finding an attribute."""
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, 4000)
    group = np.array(["F", "M"])[np.arange(4000) % 2]
    answers = np.where((group == "F") & (rng.random(4000) < 0.5), 0, truth)
    given = inputs(
        batch("test", {"sex": group.tolist()}, label=truth.tolist(), prediction=answers.tolist()),
        groups=["sex"],
    )
    settings = {"max_demographic_parity_difference": 0.1, "max_equalized_odds_difference": 0.1}
    found = {finding.metric: finding for finding in _findings(given, **settings, min_selection_rate_ratio=None)}
    assert set(found) == {"demographic_parity_difference", "equalized_odds_difference"}
    assert {finding.verdict for finding in found.values()} == {Verdict.FAILED}
    assert found["equalized_odds_difference"].details["rate"] == "true_positive_rate"


@pytest.mark.slow
@pytest.mark.parametrize("groups", [2, 5])
def test_fair_systems_are_rarely_rejected(groups: int) -> None:
    """Groups of 50 with one and the same selection rate are rejected in at most 5 % of audits (seeded simulation)."""
    rng = np.random.default_rng(5)
    runs, rejected = 150, 0
    for _ in range(runs):
        selected = rng.binomial(50, 0.5, groups)
        found = _findings(_case({f"g{i}": (int(x), 50) for i, x in enumerate(selected)}))
        rejected += any(finding.verdict is Verdict.FAILED for finding in found)
    assert rejected <= 0.05 * runs


def test_an_attribute_that_cannot_be_judged_beside_one_that_can_is_a_doubt() -> None:
    """A constant attribute does not hide behind another that passes."""
    answers = [0, 1] * 200
    columns = {"sex": ["F", "F", "M", "M"] * 100, "race": ["x"] * 400}
    found = _findings(inputs(batch("test", columns, label=answers, prediction=answers), groups=["sex", "race"]))
    assert {finding.verdict for finding in found if finding.scope.get("attribute") == "race"} == {Verdict.INCONCLUSIVE}


def test_weighted_rates_do_not_depend_on_the_order_of_batches() -> None:
    """The same rows in another order of batches give the same bits."""
    rng = np.random.default_rng(6)
    parts = [
        batch(
            "test", {"sex": rng.choice(["F", "M"], 50).tolist()}, label=rng.integers(0, 2, 50).tolist(),
            prediction=rng.integers(0, 2, 50).tolist(), weight=rng.uniform(0, 3, 50).tolist(), first=1 + 50 * i,
        )
        for i in range(6)
    ]  # fmt: skip
    assert _table(inputs(*parts, groups=["sex"]), "groups") == _table(inputs(*parts[::-1], groups=["sex"]), "groups")
