"""The drift check: Evidently's numbers, without its false alarms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from llmops_audit.errors import SpecError
from llmops_audit.model import Finding, Table, Verdict
from llmops_audit.registry import provided
from llmops_audit.stats import jensen_shannon
from llmops_audit.testing import assert_conforms, batch, inputs, run

CHECK = provided()["drift"].check


def _case(old: dict[str, Any], new: dict[str, Any], **more: Any) -> dict[str, Any]:
    parts = []
    for split, columns in (("train", old), ("test", new)):
        n = len(next(iter(columns.values())))
        parts.append(batch(split, columns, label=[i % 2 for i in range(n)], prediction=[i % 2 for i in range(n)]))
    return inputs(*parts, **{"features": tuple(old), **more})


def _findings(given: dict[str, Any], **settings: Any) -> dict[str, Finding]:
    found = [item for item in run(CHECK, given, **settings) if isinstance(item, Finding)]
    return {": ".join([f.scope.get("column", f.metric), *filter(None, [f.scope.get("feature")])]): f for f in found}


def _normal(seed: int, n: int, mean: float = 0.0) -> list[float]:
    return np.random.default_rng(seed).normal(mean, 1, n).tolist()


def test_it_conforms() -> None:
    """Two samples of one population pass, a shifted one fails."""
    clean = _case({"x": _normal(1, 400)}, {"x": _normal(2, 300)})
    violating = _case({"x": _normal(1, 400)}, {"x": _normal(2, 300, mean=3.0)})
    assert_conforms(CHECK, clean=clean, violating=violating)


@pytest.mark.parametrize("kind", ["number", "category"])
def test_distances_are_evidently_s(kind: str) -> None:
    """The distance of a column equals Evidently called by hand on the same rows."""
    from evidently.legacy.calculations.stattests import jensenshannon_stat_test
    from evidently.legacy.core import ColumnType

    rng = np.random.default_rng(6)
    if kind == "number":
        old, new = rng.normal(0, 1, 500).tolist(), rng.normal(0.5, 2, 200).tolist()
        column_type = ColumnType.Numerical
    else:
        old, new = rng.choice(list("abcd"), 500).tolist(), rng.choice(list("bcde"), 200).tolist()
        column_type = ColumnType.Categorical
    by_hand = jensenshannon_stat_test(pd.Series(old), pd.Series(new), column_type, None).drift_score
    finding = _findings(_case({"x": old}, {"x": new}))["x"]
    assert finding.details["distance"] == pytest.approx(by_hand, abs=1e-12)


def test_the_shuffled_table_gives_evidently_s_distance() -> None:
    """The distance that shuffles are compared by is the same number that Evidently gives for the rows as they are."""
    import sys

    module = sys.modules[CHECK.module]
    rng = np.random.default_rng(7)
    old, new = pd.Series(rng.normal(0, 1, 300)), pd.Series(rng.normal(1, 1, 150))
    table = module._binned(old, new, True)
    assert jensen_shannon(table[None])[0] == pytest.approx(module._evidently_distance(old, new, True), abs=1e-12)
    assert table.sum(axis=1).tolist() == [300, 150]


def test_a_small_certain_shift_is_no_failure() -> None:
    """With many rows a shift below the floor is certain and still passes; size decides."""
    finding = _findings(_case({"x": _normal(1, 8000)}, {"x": _normal(2, 8000, mean=0.1)}))["x"]
    assert finding.p_adjusted is not None
    assert finding.p_adjusted < 0.01
    assert finding.verdict is Verdict.PASSED


def test_new_categories_and_missing_values_are_drift() -> None:
    """A category that takes over, and a column that goes missing, fail."""
    old = {"c": ["a", "b"] * 200, "x": _normal(1, 400)}
    new = {"c": ["a", "z"] * 200, "x": [None] * 240 + _normal(2, 160)}
    found = _findings(_case(old, new))
    assert found["c"].verdict is Verdict.FAILED
    assert found["x: missing"].verdict is Verdict.FAILED
    assert found["x"].verdict is Verdict.PASSED


def test_texts_are_compared_by_their_form() -> None:
    """Texts that grow longer fail by length; words and signs are features of their own."""
    rng = np.random.default_rng(8)
    old = [" ".join(["word"] * int(n)) for n in rng.integers(3, 12, 300)]
    new = [" ".join(["word"] * int(n)) for n in rng.integers(20, 40, 300)]
    found = _findings(_case({"text": old}, {"text": new}, text="text", features=()))
    assert found["text: characters"].verdict is Verdict.FAILED
    assert found["text: words"].verdict is Verdict.FAILED


def test_label_and_prediction_are_compared() -> None:
    """The label and prediction shares are columns like others."""
    train = batch("train", {}, label=[0, 1] * 200, prediction=[0, 1] * 200)
    test = batch("test", {}, label=[0, 1] * 200, prediction=[1] * 400)
    found = _findings(inputs(train, test))
    assert found["(label)"].verdict is Verdict.PASSED
    assert found["(prediction)"].verdict is Verdict.FAILED


def test_nothing_to_compare_is_not_applicable() -> None:
    """Without a reference split, or with a handful of rows, drift is not applicable and says why."""
    alone = _findings(inputs(batch("test", {"x": _normal(1, 50)}, label=[0, 1] * 25), features=("x",)))
    assert {finding.verdict for finding in alone.values()} == {Verdict.NOT_APPLICABLE}
    few = _findings(_case({"x": _normal(1, 400)}, {"x": _normal(2, 10)}))
    assert few["rows"].verdict is Verdict.NOT_APPLICABLE


def test_columns_can_be_chosen() -> None:
    """Only the columns that the spec names are compared where it names some."""
    given = _case({"x": _normal(1, 100), "y": _normal(2, 100)}, {"x": _normal(3, 100), "y": _normal(4, 100)})
    assert set(_findings(given, columns=("y",))) == {"y"}
    with pytest.raises(SpecError, match="z is not compared; expected some of x, y"):
        _findings(given, columns=("y", "z"))


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(2000, 100), (200, 100)])
def test_no_drift_raises_no_alarm(sizes: tuple[int, int]) -> None:
    """Sixty columns without drift: Evidently's threshold alarms on many, this check on none."""
    rng = np.random.default_rng(9)
    old, new = ({f"x{i}": rng.normal(0, 1, n).tolist() for i in range(60)} for n in sizes)
    found = run(CHECK, _case(old, new))
    findings = [item for item in found if isinstance(item, Finding)]
    table = next(item for item in found if isinstance(item, Table))
    assert sum(float(row["distance"]) > 0.1 for row in table.rows) > 30  # type: ignore[arg-type]
    assert {finding.verdict for finding in findings} == {Verdict.PASSED}


def test_rows_of_one_unit_count_once() -> None:
    """Rows that repeat by person look like drift; one row of each shows none, and drift of persons is found."""
    rng = np.random.default_rng(12)

    def columns(persons: int, first: int, shift: float) -> dict[str, list[Any]]:
        return {
            "x": (rng.normal(size=persons) + shift).repeat(50).tolist(),
            "person": np.arange(first, first + persons).repeat(50).tolist(),
        }

    old, same, moved = columns(80, 0, 0.0), columns(80, 100, 0.0), columns(80, 200, 2.5)
    for current, shifted in ((same, False), (moved, True)):
        given = inputs(batch("train", old), batch("test", current, first=10_000), features=("x",))
        plain = [item for item in run(CHECK, given) if isinstance(item, Finding)]
        assert plain[0].p_value is not None
        assert plain[0].p_value < 0.01
        given["task"] = given["task"].model_copy(update={"unit": "person"})
        one = [item for item in run(CHECK, given) if isinstance(item, Finding)]
        assert one[0].n == 160
        assert (one[0].verdict is Verdict.FAILED) == shifted
        assert (one[0].p_value < 0.01) == shifted  # type: ignore[operator]
