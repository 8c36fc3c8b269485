"""The laws of evidence, for every type there is: it is a sum, whatever the data was cut into."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.check import evidence_names
from llmops_audit.evidence._gather import evidence_type, gather
from llmops_audit.evidence.base import Batch, Plan, ScoreMatrix
from llmops_audit.testing import batch
from llmops_audit.testing.strategies import batches

PLAN = Plan(None, ("sex",), 7, 8, uncounted=("text",), text="text")
EVERY_TYPE = pytest.mark.parametrize("name", evidence_names())


def _elsewhere(moved: Batch, source: str) -> Batch:
    return replace(moved, source=[source] * len(moved), key=moved.key ^ np.uint64(len(source)))


def test_there_are_evidence_types() -> None:
    """The laws below run over the types that the checks rely on."""
    assert set(evidence_names()) >= {"distributions", "outcomes", "rows", "personal_data"}


@EVERY_TYPE
@given(one=batches(), other=batches())
def test_addition_commutes(name: str, one: Batch, other: Batch) -> None:
    """`a + b == b + a`."""
    kind = evidence_type(name)
    a, b = kind.of(one, PLAN), kind.of(_elsewhere(other, "other.csv"), PLAN)
    assert a + b == b + a


@EVERY_TYPE
@given(parts=st.tuples(batches(), batches(), batches()))
def test_addition_is_associative(name: str, parts: tuple[Batch, Batch, Batch]) -> None:
    """`(a + b) + c == a + (b + c)`."""
    kind = evidence_type(name)
    a, b, c = (kind.of(_elsewhere(part, f"{i}.csv"), PLAN) for i, part in enumerate(parts))
    assert (a + b) + c == a + (b + c)


@EVERY_TYPE
@given(one=batches())
def test_nothing_is_neutral(name: str, one: Batch) -> None:
    """`a + empty == a == empty + a`."""
    kind = evidence_type(name)
    a = kind.of(one, PLAN)
    assert a + kind.empty(PLAN) == a
    assert kind.empty(PLAN) + a == a


@EVERY_TYPE
@given(whole=batches(), data=st.data())
def test_evidence_does_not_depend_on_the_cut(name: str, whole: Batch, data: st.DataObject) -> None:
    """The evidence of the whole is the sum of that of its parts, for every way to cut it and any order."""
    kind = evidence_type(name)
    inner = data.draw(st.lists(st.integers(0, len(whole)), max_size=4).map(sorted))
    edges = [0, *inner, len(whole)]
    parts = [whole[start:stop] for start, stop in pairwise(edges)]
    total = kind.empty(PLAN)
    for part in data.draw(st.permutations(parts)):
        total = total + kind.of(part, PLAN)
    assert total == kind.of(whole, PLAN)


@EVERY_TYPE
@given(one=batches(), other=batches())
def test_no_input_is_changed(name: str, one: Batch, other: Batch) -> None:
    """Neither making evidence nor adding it changes what it is made of."""
    kind = evidence_type(name)
    before = pickle.dumps((one, other))
    a, b = kind.of(one, PLAN), kind.of(_elsewhere(other, "other.csv"), PLAN)
    inputs = pickle.dumps((a, b))
    _ = a + b
    assert pickle.dumps((a, b)) == inputs
    assert pickle.dumps((one, other)) == before


@EVERY_TYPE
def test_different_rows_give_different_evidence(name: str) -> None:
    """Equality tells different evidence apart, so that the laws above say something."""
    kind = evidence_type(name)
    # Where no time is named there are no days.
    plan = replace(PLAN, time="when") if name == "days" else PLAN
    one = batch(
        "test", {"text": ["mail a@example.org"], "sex": ["F"], "when": ["2026-01-01"]},
        label=[1], prediction=[1], scores={1: [0.9]}, reference_predictions={"baseline": [0]},
        reference_scores={1: [0.3]},
    )  # fmt: skip
    other = batch(
        "test", {"text": ["nothing", "more"], "sex": ["F", "M"], "when": ["2026-01-02", "2026-01-02"]},
        label=[1, 0], prediction=[0, 0], scores={1: [0.2, 0.1]}, reference_predictions={"baseline": [0, 0]},
        reference_scores={1: [0.3, 0.1]},
    )  # fmt: skip
    assert kind.of(one, plan) != kind.of(other, plan)


def test_rows_with_room_are_all_rows_in_order() -> None:
    """A sample that is large enough holds every row, in the order of the files."""
    whole = batch("test", {"text": [f"row {i}" for i in range(50)]}, label=[i % 2 for i in range(50)])
    rows = evidence_type("rows").of(whole, Plan(None, (), 7, 100))
    assert rows.row.tolist() == list(range(1, 51))  # type: ignore[attr-defined]
    assert not rows.sampled  # type: ignore[attr-defined]


def test_rows_keep_their_scores_together() -> None:
    """Rows of files with scores of other labels, or none, have all labels' scores: missing ones are NaN."""
    kind = evidence_type("rows")
    parts = [
        batch("test", {"x": [1.0]}, source="a.csv", scores={"b": [0.2], "a": [0.8]}),
        batch("test", {"x": [2.0]}, source="b.csv"),
        batch("test", {"x": [3.0]}, source="c.csv", scores={1: [0.5]}),
    ]
    one, two, three = (kind.of(part, PLAN) for part in parts)
    found = (three + two + one).scores  # type: ignore[attr-defined]
    assert found.labels == (1, "a", "b")
    expected = [[np.nan, 0.8, 0.2], [np.nan] * 3, [0.5, np.nan, np.nan]]
    np.testing.assert_array_equal(found.values, expected)
    assert two.scores is None  # type: ignore[attr-defined]


def test_scores_that_were_computed_apart_are_ordered_by_label() -> None:
    """Rows take scores of their own number and order; without any they are as before."""
    rows = evidence_type("rows").of(batch("test", {"x": [1.0, 2.0, 3.0]}), PLAN)
    scores = ScoreMatrix(("b", "a"), np.array([[0.3, 0.7], [0.9, 0.1], [0.0, 1.0]]))
    found = rows.scored(scores)  # type: ignore[attr-defined]
    assert found.scores.labels == ("a", "b")
    np.testing.assert_array_equal(found.scores.values, [[0.7, 0.3], [0.1, 0.9], [1.0, 0.0]])
    assert found != rows
    assert found.scored(None) == rows


def test_rows_are_a_uniform_sample() -> None:
    """Over many seeds each row is drawn equally often (chi-square at 1 in 10,000)."""
    from scipy.stats import chi2

    from llmops_audit.data.columns import row_keys
    from llmops_audit.spec import Spec

    n, k, seeds = 40, 10, 2000
    drawn = np.zeros(n)
    table, row = pa.table({"x": pa.array(np.zeros(n))}), np.arange(1, n + 1)
    for seed in range(seeds):
        spec = Spec.model_validate_json(
            f'{{"audit": {{"name": "a", "version": "1", "seed": {seed}}}, "data": {{"test": "t.csv", "label": "y"}}, '
            '"model": {"predictions": "p"}, "checks": {"accuracy": {}}}'
        )
        drawn[np.argsort(row_keys(table, spec, "t.csv", row))[:k]] += 1
    expected = seeds * k / n
    # Draws without replacement vary less than independent ones, by (n - k) / (n - 1).
    statistic = ((drawn - expected) ** 2 / expected).sum() * (n - 1) / (n - k)
    assert statistic < chi2.ppf(1 - 1e-4, n - 1)


@given(whole=batches(max_size=40), jobs=st.just(2))
def test_workers_change_nothing(whole: Batch, jobs: int) -> None:
    """Two processes give what one gives (threads stand in for processes here)."""
    from joblib import parallel_config

    parts = [whole[start : start + 7] for start in range(0, len(whole), 7)]
    with parallel_config(backend="threading"):
        assert gather(parts, PLAN, evidence_names(), jobs) == gather(parts, PLAN, evidence_names())


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
def test_the_scale_of_weights_does_not_matter(scale: float) -> None:
    """Weights count by their proportions: tiny, plain and huge ones give the same effective table."""
    weights = np.random.default_rng(1).uniform(0.5, 3, 200)
    label, prediction = [i % 2 for i in range(200)], [i % 3 // 2 for i in range(200)]
    tables = []
    for factor in (1.0, scale):
        one = batch("test", {}, label=label, prediction=prediction, weight=(weights * factor).tolist())
        tables.append(evidence_type("outcomes").of(one, Plan()).table((0, 1)).effective())  # type: ignore[attr-defined]
    np.testing.assert_allclose(tables[0], tables[1], rtol=1e-9)


def test_each_share_has_its_own_effective_number_of_rows() -> None:
    """Kish's formula holds for the rows of a share, not for the table: two heavy rows stay two rows."""
    one = batch("test", {}, label=[1, 1] + [0] * 500, prediction=[1, 1] + [0] * 500, weight=[20.0, 20.0] + [1.0] * 500)
    table = evidence_type("outcomes").of(one, Plan()).table((0, 1))  # type: ignore[attr-defined]
    cells = np.ones((2, 3), dtype=bool)
    positive = np.array([[False] * 3, [True] * 3])
    assert table.share(positive, positive) == pytest.approx((2, 2))
    weights = np.array([20.0, 20.0] + [1.0] * 500)
    assert table.share(positive, cells)[1] == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert table.effective()[1].sum() == pytest.approx(2)


def test_one_row_of_each_unit_is_drawn_at_random() -> None:
    """Of 400 units with two rows each, about as many give their second row as their first; the order of rows stays."""
    units = [f"u{i // 2}" for i in range(800)]
    rows = evidence_type("rows").of(batch("test", {"unit": units}), Plan(None, (), 7, 1000)).one_per("unit")  # type: ignore[attr-defined]
    assert sorted(set(units)) == sorted(rows.table.column("unit").to_pylist())
    assert rows.row.tolist() == sorted(rows.row.tolist())
    assert 150 < sum(row % 2 == 0 for row in rows.row.tolist()) < 250
