"""The table of metrics by group: every entry is computed, named and limited as it says."""

from __future__ import annotations

import numpy as np
import pytest

from llmops_audit.analysis.fairness.group_metrics import (
    DIFFERENCE_LIMITS,
    GROUP_METRICS,
    GROUP_TITLES,
    MINIMUM_LIMITS,
    RATIO_LIMITS,
)
from llmops_audit.analysis.fairness.rates import TargetLabels, computed, rates_of, share_of_rows
from llmops_audit.check.registry import provided
from llmops_audit.testing import batch, inputs


def test_an_entry_is_computed_in_one_way() -> None:
    """Each is a share, or of the table, or of scores, or stands for others."""
    for metric in GROUP_METRICS.values():
        ways = [metric.cells, metric.of_table, metric.of_scores, metric.parts or None]
        assert sum(way is not None for way in ways) == 1, metric.name
        assert set(metric.parts) <= set(GROUP_METRICS)
        assert metric.complement_of is None or metric.complement_of in GROUP_METRICS
        assert metric.ratio is None or all(GROUP_METRICS[name].plain_share for name in metric.parts or (metric.name,))


def test_names_of_the_record_are_unique() -> None:
    """No two metrics, differences or ratios share a name, but for the ratio that is the same in both places."""
    names = [name for metric in GROUP_METRICS.values() for name in sorted({one.name for one in metric.names})]
    assert len(names) == len(set(names))
    assert set(names) < set(GROUP_TITLES)


def test_the_settings_are_those_of_the_table() -> None:
    """The JSON Schema of the check lists the keys of each table of limits, with their ranges."""
    properties = provided()["fairness"].check.settings.model_json_schema()["properties"]
    for setting, limits in (
        ("max_difference", DIFFERENCE_LIMITS), ("min_ratio", RATIO_LIMITS), ("min_worst_group", MINIMUM_LIMITS)
    ):  # fmt: skip
        described = {
            name: (limit["minimum"], limit["maximum"]) for name, limit in properties[setting]["properties"].items()
        }
        assert described == dict(limits)
        assert properties[setting]["additionalProperties"] is False


def test_values_are_the_shares_of_rows() -> None:
    """The library's value of a share is the share of its cells, for two labels and for three."""
    rng = np.random.default_rng(3)
    for k, positive in ((2, 1), (3, None)):
        group, truth = rng.choice(["a", "b"], 300).tolist(), rng.integers(0, k, 300).tolist()
        answers = [int(i) if i < k else "what?" for i in rng.integers(0, k + 1, 300)]
        one = batch("test", {"sex": group}, label=truth, prediction=answers)
        given = inputs(one, groups=["sex"], labels=range(k), positive=positive)
        task, parts = given["task"], given["outcomes"]["test"].by_group(("sex",))
        rates = rates_of(parts, task, positive, {"valid_output_rate"})
        for metric in computed(task, {"valid_output_rate"}):
            for key in TargetLabels.of(task, positive).keys(metric) if metric.cells is not None else ():
                for values, part in parts.items():
                    hits, trials = share_of_rows(metric, key[1], part.table(task.labels, unlabelled=True), task)
                    expected = (metric.from_share or float)(hits / trials)
                    assert rates[values][key].value == pytest.approx(expected, abs=1e-12)
