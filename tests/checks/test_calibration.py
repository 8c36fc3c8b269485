"""The calibration check: what probabilities say against what happens, on the bound, and no pass in doubt."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from llmops_audit.check.registry import provided
from llmops_audit.record import Finding, Table, Verdict
from llmops_audit.record.figures import Curves
from llmops_audit.testing import assert_conforms, batch, inputs, run

CHECK = provided()["calibration"].check
ERROR, BRIER = "expected_calibration_error", "brier_score"


def _sample(n: int, off: float = 0.0, seed: int = 1) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Probabilities that are too high by so much, and labels."""
    rng = np.random.default_rng(seed)
    chances = rng.random(n) * (1 - off)
    return chances + off, (rng.random(n) < chances).astype(int)


def _given(n: int = 2000, off: float = 0.0, **more: Any) -> dict[str, Any]:
    values, labels = _sample(n, off)
    return inputs(batch("test", {}, label=labels.tolist(), scores={1: values.tolist()}, **more))


def _found(given: dict[str, Any], **settings: Any) -> dict[str, Finding]:
    return {item.metric: item for item in run(CHECK, given, **settings) if isinstance(item, Finding)}


def _tables(given: dict[str, Any], **settings: Any) -> dict[str, Table]:
    return {item.name: item for item in run(CHECK, given, **settings) if isinstance(item, Table)}


def test_it_conforms() -> None:
    """Calibrated probabilities pass; those that are too high by 0.3 fail."""
    assert_conforms(CHECK, clean=_given(), violating=_given(off=0.3))


@pytest.mark.parametrize(
    ("n", "off", "verdict"),
    [
        (1000, 0.0, Verdict.PASSED),
        (50, 0.0, Verdict.INCONCLUSIVE),
        (1000, 0.1, Verdict.INCONCLUSIVE),
        (1000, 0.2, "failed"),
    ],
)
def test_the_limit_is_decided_on_the_bound(n: int, off: float, verdict: str) -> None:
    """1,000 good rows pass and as many bad ones fail; 50 rows, or an error at the limit, decide nothing."""
    finding = _found(_given(n, off))[ERROR]
    assert finding.verdict == verdict
    assert finding.n == n
    assert finding.rows_to_decide is None or verdict is Verdict.INCONCLUSIVE


def test_the_value_is_the_corrected_one_and_the_plug_in_stands_beside() -> None:
    """The value is below what is observed, and within its interval."""
    finding = _found(_given())[ERROR]
    assert finding.value is not None
    assert finding.interval is not None
    assert finding.value < float(str(finding.details["plug_in"]))
    low, high = finding.interval
    assert low is not None
    assert high is not None
    assert low <= finding.value <= high


def test_the_brier_score_is_judged_where_asked() -> None:
    """Its value is scikit-learn's; a limit that the base rate alone would keep passes, half of it fails."""
    values, labels = _sample(2000)
    expected = sk.brier_score_loss(labels, values)
    for limit, verdict in ((0.25, Verdict.PASSED), (expected, Verdict.INCONCLUSIVE), (0.1, Verdict.FAILED)):
        finding = _found(_given(), max_brier_score=limit, max_expected_calibration_error=None)[BRIER]
        assert finding.value == pytest.approx(expected, abs=1e-6)
        assert finding.verdict is verdict
    assert BRIER not in _found(_given())


def test_the_parts_of_the_brier_score_add_up() -> None:
    """In the table, reliability less resolution plus uncertainty plus what lies within bins is the Brier score."""
    (row,) = _tables(_given())["calibration"].rows
    parts = [float(str(row[key])) for key in ("reliability", "uncertainty", "within", "resolution", "brier_score")]
    assert parts[0] + parts[1] + parts[2] - parts[3] == pytest.approx(parts[4])
    assert row["rows"] == 2000


def test_the_curve_has_the_bins_that_were_asked_for() -> None:
    """Each bin holds its share of the rows, and the observed share lies in its interval."""
    (figure,) = [item for item in run(CHECK, _given(), bins=10) if isinstance(item, Curves)]
    (curve,) = figure.curves
    assert figure.curve == "reliability"
    assert curve.rows == pytest.approx([200] * 10, abs=2)
    ends = zip(curve.y_low, curve.y, curve.y_high, strict=True)
    assert all(low <= observed <= high for low, observed, high in ends)


def test_the_score_of_the_other_label_serves_as_well() -> None:
    """Where only the negative label has scores, the positive one has what is left."""
    values, labels = _sample(2000, 0.05)
    other = inputs(batch("test", {}, label=labels.tolist(), scores={0: (1 - values).tolist()}))
    mine = _given(2000, 0.05)
    assert _found(other)[ERROR].value == pytest.approx(_found(mine)[ERROR].value, abs=1e-3)
    assert _tables(other)["calibration"].rows[0]["label"] == "1"
    assert _tables(other)["calibration"].rows[0][BRIER] == pytest.approx(_tables(mine)["calibration"].rows[0][BRIER])


def _dirichlet(n: int, sharpen: float = 1.0) -> tuple[NDArray[np.float64], list[str]]:
    rng = np.random.default_rng(2)
    chances = rng.dirichlet([1.0] * 3, n)
    truth = ["abc"[(rng.random() > row.cumsum()).sum()] for row in chances]
    return chances**sharpen / (chances**sharpen).sum(axis=1, keepdims=True), truth


def _three(n: int, sharpen: float = 1.0, labels: str = "abc") -> dict[str, Any]:
    said, truth = _dirichlet(n, sharpen)
    scores = {label: said[:, i].tolist() for i, label in enumerate("abc") if label in labels}
    return inputs(batch("test", {}, label=truth, scores=scores), labels=("a", "b", "c"), positive=None)


def test_of_many_labels_the_mean_over_classes_is_judged() -> None:
    """The value is the mean of the table's; calibrated probabilities pass, overconfident ones fail."""
    for case, verdict in ((_three(1500), Verdict.PASSED), (_three(1500, 12.0), Verdict.FAILED)):
        finding = _found(case)[ERROR]
        rows = _tables(case)["calibration"].rows
        assert [row["label"] for row in rows] == ["a", "b", "c"]
        assert finding.value == pytest.approx(np.mean([float(str(row["corrected"])) for row in rows]), abs=1e-3)
        assert finding.verdict is verdict


def test_the_brier_score_of_many_labels_is_half_that_of_brier() -> None:
    """Half the mean over rows of the squared distances, summed over the labels."""
    said, truth = _dirichlet(500)
    happened = np.array([[label == one for one in "abc"] for label in truth])
    finding = _found(_three(500), max_brier_score=0.9)[BRIER]
    assert finding.value == pytest.approx(((said - happened) ** 2).sum(axis=1).mean() / 2, abs=1e-6)
    assert finding.verdict is Verdict.PASSED


def test_labels_without_scores_are_a_doubt() -> None:
    """Of three labels with scores of two only, the check does not pass."""
    found = _found(_three(1500, labels="ab"))
    assert found["scored_labels"].verdict is Verdict.INCONCLUSIVE
    assert found["scored_labels"].message.values["labels"] == ("c",)


def test_missing_scores_are_a_doubt() -> None:
    """One row without a score among many good ones keeps the check from passing, and is counted."""
    values, labels = _sample(2000)
    values[7] = math.nan
    found = _found(inputs(batch("test", {}, label=labels.tolist(), scores={1: values.tolist()})))
    assert found["scored_rows"].verdict is Verdict.INCONCLUSIVE
    assert found["scored_rows"].message.values["missing"] == 1
    assert found[ERROR].n == 1999


@pytest.mark.parametrize("scores", [None, {1: [-3.0, 2.0]}, {1: [math.nan, math.nan]}])
def test_what_cannot_be_judged_is_not_passed(scores: Any) -> None:
    """No scores, decision values, or missing ones only: not applicable with a reason, and no table."""
    produced = run(CHECK, inputs(batch("test", {}, label=[0, 1], scores=scores)))
    (finding,) = produced
    assert isinstance(finding, Finding)
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert "decision values" in finding.message.id or "No labelled row has a score" in finding.message.id


def test_a_split_that_cannot_be_judged_beside_one_that_can_is_a_doubt() -> None:
    """The spec names two splits, and one has no scores."""
    values, labels = _sample(2000)
    given = inputs(
        batch("test", {}, label=labels.tolist(), scores={1: values.tolist()}),
        batch("live", {}, label=labels.tolist()),
    )
    verdicts = {
        finding.scope["split"]: finding.verdict
        for finding in run(CHECK, given, current=("test", "live"))
        if isinstance(finding, Finding)
    }
    assert verdicts == {"test": Verdict.PASSED, "live": Verdict.INCONCLUSIVE}


def test_without_limits_nothing_is_judged() -> None:
    """Numbers are shown, and the check is not applicable."""
    produced = run(CHECK, _given(), max_expected_calibration_error=None)
    assert [item.verdict for item in produced if isinstance(item, Finding)] == [Verdict.NOT_APPLICABLE]
    assert [type(item) for item in produced if not isinstance(item, Finding)] == [Table, Curves]


def test_rows_of_one_unit_count_less() -> None:
    """Every row four times decides as much as every row once where the spec names the unit, and more where not."""
    values, labels = _sample(500)
    unit = np.tile(np.arange(500), 4).tolist()
    many = {"label": np.tile(labels, 4).tolist(), "scores": {1: np.tile(values, 4).tolist()}}
    once = inputs(batch("test", {}, label=labels.tolist(), scores={1: values.tolist()}))
    cases = [once, inputs(batch("test", {}, **many, unit=unit)), inputs(batch("test", {}, **many))]
    ends = [float(str((_found(case)[ERROR].interval or (0, 0))[1])) for case in cases]
    assert ends[1] >= 0.95 * ends[0]
    assert ends[2] < 0.9 * ends[0]


def test_all_rows_of_one_unit_say_nothing() -> None:
    """A single unit leaves every limit open."""
    values, labels = _sample(300)
    given = inputs(batch("test", {}, label=labels.tolist(), scores={1: values.tolist()}, unit=["one"] * 300))
    found = _found(given, max_brier_score=0.9)
    assert {finding.verdict for finding in found.values()} == {Verdict.INCONCLUSIVE}


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(random: Any) -> None:
    """A permutation of the rows gives the same findings and tables."""
    values, labels = _sample(60)
    order = list(range(60))
    random.shuffle(order)
    shuffled = inputs(batch("test", {}, label=labels[order].tolist(), scores={1: values[order].tolist()}))
    assert run(CHECK, shuffled) == run(CHECK, _given(60))
