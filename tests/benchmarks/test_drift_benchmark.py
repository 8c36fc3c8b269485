"""The benchmark of the drift check in small: its worlds differ by what they say, and its audits are counted."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "drift"


def _module(name: str) -> ModuleType:
    # The benchmarks are no part of the distribution, so that they are found by their path.
    if "drift_benchmark" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "drift_benchmark", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
        )
        assert spec is not None
        assert spec.loader is not None
        sys.modules["drift_benchmark"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["drift_benchmark"])
    return importlib.import_module(f"drift_benchmark.{name}")


audits, cost, page, plan, world = (_module(name) for name in ("audits", "cost", "page", "plan", "world"))


def _first(drift: str, columns: int = 7, *, text: bool = False) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    drawn = world.drawn(world.World(20_000, 20_000, columns, drift, text), np.random.default_rng(0))
    old, new = (table.column(0) for table in drawn.tables)
    return old, new


def test_the_mean_moves_by_half_a_standard_deviation() -> None:
    """Only the mean differs: the spread stays 1."""
    old, new = (column.to_numpy() for column in _first("mean"))
    assert new.mean() - old.mean() == pytest.approx(0.5, abs=0.04)
    assert [old.std(), new.std()] == pytest.approx([1, 1], abs=0.03)


def test_shares_of_categories_differ_by_a_total_variation_of_a_fifth() -> None:
    """The shares that are drawn are those that the page speaks of."""
    old, new = (column.to_pandas().value_counts(normalize=True).sort_index() for column in _first("shares"))
    assert (old - new).abs().sum() / 2 == pytest.approx(0.2, abs=0.02)


def test_a_fifth_of_the_values_goes_missing() -> None:
    """None is missing in the reference."""
    old, new = _first("missing")
    assert old.null_count == 0
    assert new.null_count / len(new) == pytest.approx(0.2, abs=0.02)


def test_three_words_of_ten_are_new_and_none_is_longer() -> None:
    """The vocabulary alone differs: texts have as many words and characters as before."""
    drawn = world.drawn(world.World(1_000, 1_000, 1, "vocabulary", True), np.random.default_rng(0))
    old, new = (table.column(0).to_pylist() for table in drawn.tables)
    known = {word for text in old for word in text.split()}
    words = [word for text in new for word in text.split()]
    assert sum(word not in known for word in words) / len(words) == pytest.approx(0.3, abs=0.03)
    assert np.mean([len(text) for text in old]) == pytest.approx(np.mean([len(text) for text in new]), rel=0.03)
    assert len({len(word) for word in words} | {len(word) for word in known}) == 1


def test_without_drift_both_samples_have_columns_of_all_kinds() -> None:
    """Seven columns are one of each kind, alike in both samples."""
    drawn = world.drawn(world.World(5_000, 5_000, 7), np.random.default_rng(1))
    assert sorted(drawn.kinds) == sorted(world.KINDS)
    for name, kind in zip(drawn.tables[0].column_names, drawn.kinds, strict=True):
        old, new = (table.column(name) for table in drawn.tables)
        assert (old.null_count > 0) is (new.null_count > 0) is (kind == "gaps")


def test_a_small_cell_is_counted_and_written() -> None:
    """A page of few runs says how many audits there were, and a shift of a standard deviation's half is found."""
    null = world.World(50, 60, 5)
    moved = next(one for one in plan.DRIFTS if one.drift == "mean")
    study = page.Study(
        null=audits.simulate({null: 2}, 1, beside=True), power=audits.simulate({moved: 1}, 1, beside=False)
    )
    text = page.written(study)
    assert "| 5 | 2 |" in text
    assert "Not measured this time: spam, cost." in text
    assert page.found_it(moved, study.power[moved][0])
    again = audits.simulate({null: 2}, 1, beside=True)
    assert again == study.null


def test_every_pairing_of_sizes_is_drawn_at_least_a_few_times() -> None:
    """The plan leaves out no cell, whatever it costs."""
    runs = plan.null(30)
    assert len(runs) == len(plan.SIZES) ** 2 * len(plan.COLUMNS)
    assert min(runs.values()) >= plan.MIN_RUNS


def test_a_page_of_nothing_claims_nothing() -> None:
    """Where nothing was measured, no bar is said to be met."""
    text = page.written(page.Study())
    assert "is met" not in text
    assert "Not measured this time: null, power, spam, cost." in text


def test_the_bar_of_time_is_judged_by_the_less_flattering_clock() -> None:
    """Eleven times the processor time is not enough where the report takes only seven times as long."""
    measurement = {
        cost.OURS: cost.Cost((2.0,), (2.0,), (0.1,), (1,), (2,)),
        cost.REPORT: cost.Cost((14.0,), (22.0,), (0.0,), (1,), (2,)),
    }
    assert page.ratio(measurement) == pytest.approx(7)
    assert "7.0 times as long, and 11.0 times" in page.written(page.Study(cost=measurement))
    assert page.misses(page.Study(cost=measurement)) == ["The check takes 1/7.0 of the report's time; the bar is 1/10"]
