"""Categories of all rows by day: counts by hand, windows of days, and the bound."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from llmops_audit.evidence import days
from llmops_audit.evidence.base import Plan
from llmops_audit.evidence.days import Days
from llmops_audit.evidence.distributions import Distributions
from llmops_audit.testing import batch

PLAN = Plan(seed=5, time="when")


def _parts() -> tuple[dict[str, list[Any]], list[Days]]:
    rng = np.random.default_rng(1)
    when = [None if i % 9 == 0 else f"2026-01-{1 + i % 20:02}T{i % 24:02}:30:00+02:00" for i in range(400)]
    kind = [None if i % 7 == 0 else f"k{rng.integers(5)}" for i in range(400)]
    columns: dict[str, list[Any]] = {"when": when, "kind": kind, "x": rng.normal(size=400).tolist()}
    cut = [slice(0, 50), slice(50, 51), slice(51, 400)]
    made = [
        batch("live", {name: values[part] for name, values in columns.items()}, label=[i % 2 for i in range(400)][part])
        for part in cut
    ]
    return columns, [Days.of(one, PLAN) for one in made]


def test_days_are_counted_however_rows_are_cut() -> None:
    """Sums do not depend on the order of the parts, and equal counting by hand, in UTC."""
    columns, (one, two, three) = _parts()
    found = one + two + three
    assert found == three + (one + two) == (Days.empty(PLAN) + two) + three + one
    utc = [None if at is None else (np.datetime64(at[:19]) - np.timedelta64(2, "h")) for at in columns["when"]]
    day = [None if at is None else int(at.astype("datetime64[D]").astype(int)) for at in utc]
    first, last = sorted({at for at in day if at is not None})[3:9:5]
    wanted = Counter(
        kind for kind, at in zip(columns["kind"], day, strict=True) if at is not None and first <= at <= last and kind
    )
    counts = found.columns["kind"]
    assert counts is not None
    assert sorted(counts.within(first, last)[1].tolist()) == sorted(wanted.values())
    here = [at is not None and first <= at <= last for at in day]
    assert found.rows.within(first, last)[1].sum() == sum(here)
    gone = [kind is None for kind in columns["kind"]]
    assert found.missing["kind"].within(first, last)[1].sum() == sum(map(bool.__and__, here, gone))
    assert found.columns["x"] is None, "numbers are no categories"
    assert found.rows.count[found.rows.day == days.NO_DAY].sum() == sum(at is None for at in day)


def test_hashes_are_those_of_the_distributions() -> None:
    """The categories of days are found among those of all rows."""
    values = ["a", "b", "b", None]
    one = batch("live", {"kind": values, "when": ["2026-01-01"] * 4})
    counts = Days.of(one, PLAN).columns["kind"]
    whole = Distributions.of(one, PLAN).columns["kind"].categories
    assert counts is not None
    assert whole is not None
    assert dict(zip(counts.hash.tolist(), counts.count.tolist(), strict=True)) == dict(
        zip(whole.hashes.tolist(), whole.counts.tolist(), strict=True)
    )


def test_too_many_pairs_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a column has more pairs of day and category than are kept it has none, whichever part came first."""
    monkeypatch.setattr(days, "MAX_CELLS", 60)
    _, (one, two, three) = _parts()
    assert (one + two).columns["kind"] is not None
    assert (one + two + three).columns["kind"] is (three + two + one).columns["kind"] is None


def test_without_a_time_nothing_is_counted() -> None:
    """A plan or a split without a time column has no days."""
    one = batch("live", {"kind": ["a"]})
    assert Days.of(one, Plan()) == Days.empty(PLAN)
