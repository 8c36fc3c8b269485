"""The table of metrics: every entry can be computed and lies in its range, and nothing slow is imported for names."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from llmops_audit.analysis.metrics.definitions import (
    LABEL_METRICS,
    METRIC_TITLES,
    METRICS,
    SCORE_METRICS,
    LabelMetric,
    by_name,
)
from llmops_audit.check.registry import provided
from llmops_audit.record import message


@pytest.mark.parametrize("name", LABEL_METRICS)
def test_a_label_metric_lies_in_its_range(name: str) -> None:
    """Every formula of an entry, of all labels, of one and averaged, gives values in the entry's range."""
    metric = LABEL_METRICS[name]
    tables = np.random.default_rng(1).integers(0, 9, (200, 3, 4)).astype(float)
    formulas = [metric.average(average) for average in ("positive", "macro", "micro", "weighted")]
    values = [formula(tables) for formula in formulas]
    if metric.of_label is not None:
        values += [metric.of_label(tables, i) for i in range(3)]
    for found in values:
        assert found.shape == (200,)
        assert metric.low <= np.nanmin(found) < np.nanmax(found) <= metric.high


@pytest.mark.parametrize("name", [name for name, metric in LABEL_METRICS.items() if metric.cells is not None])
def test_the_cells_of_a_share_give_its_formula(name: str) -> None:
    """The share of rows that an entry names, transformed, is the value of its formula."""
    metric = LABEL_METRICS[name]
    table = np.random.default_rng(2).integers(1, 9, (3, 4)).astype(float)
    assert metric.cells is not None
    for i in range(3):
        hits, among = metric.cells(*np.indices(table.shape), i)
        share = float(table[hits & among].sum() / table[among].sum())
        value = metric.formula(table) if metric.of_label is None else metric.of_label(table, i)
        assert (metric.from_share or float)(share) == pytest.approx(float(value))


@pytest.mark.parametrize("name", SCORE_METRICS)
def test_a_score_metric_lies_in_its_range(name: str) -> None:
    """Perfect scores give the largest value, and the interval holds the value."""
    metric = SCORE_METRICS[name]
    positives, negatives = np.array([0.0, 0.0, 9.0]), np.array([9.0, 0.0, 0.0])
    assert float(metric.formula(positives, negatives)) == pytest.approx(metric.high)
    mixed = np.array([2.0, 3.0, 9.0]), np.array([9.0, 3.0, 1.0])
    low, high = metric.interval(*mixed, 0.95)
    assert metric.low <= low < float(metric.formula(*mixed)) < high <= metric.high


def test_every_metric_has_a_title_and_can_have_a_minimum() -> None:
    """The keys of `min`, of `max_loss` and the titles are those of the table, and nothing else."""
    accuracy, regression = (provided()[name].check.settings.model_json_schema() for name in ("accuracy", "regression"))
    assert list(accuracy["properties"]["min"]["properties"]) == list(METRICS) == list(METRIC_TITLES)
    assert list(regression["properties"]["max_loss"]["properties"]) == [*METRICS, "expected_calibration_error"]
    assert list(regression["properties"]["max_group_loss"]["properties"]) == list(LABEL_METRICS)


def test_two_entries_of_one_name_are_refused() -> None:
    """A metric that is entered twice is an error, not the later one in silence."""
    entry = LabelMetric("accuracy", message("accuracy"), formula=float)
    with pytest.raises(ValueError, match="two entries are named 'accuracy'"):
        by_name(entry, entry)


@pytest.mark.parametrize("module", ["analysis.metrics.definitions", "analysis.fairness.group_metrics", "check.limits"])
def test_tables_are_light_to_import(module: str) -> None:
    """A check can validate its settings by the tables without numpy and all that is above it."""
    slow = "{'numpy', 'pandas', 'scipy', 'sklearn', 'fairlearn', 'pyarrow'}"
    code = f"import sys, llmops_audit.{module}; print({slow} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
