"""Whole audits with labelled live rows: the loss stands on the first screen, whole and by window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.text import Text

import llmops_audit
from llmops_audit.cli.run_screen import run_screen
from llmops_audit.record import Record, Status, Verdict
from llmops_audit.render.formats import render_files
from llmops_audit.render.notebook import first_screen
from llmops_audit.render.notices import notices


def _rows(seed: int, shares: list[float], year: int, rows: int = 150) -> pd.DataFrame:
    """Return so many rows of each month, of which this share is predicted rightly."""
    rng = np.random.default_rng(seed)
    n = rows * len(shares)
    label = rng.integers(0, 2, n)
    right = rng.random(n) < np.repeat(shares, rows)
    return pd.DataFrame(
        {
            "label": label,
            "guess": np.where(right, label, 1 - label),
            "x": rng.normal(size=n),
            "when": np.repeat([f"{year}-{month:02}" for month in range(1, len(shares) + 1)], rows),
        }
    )


def _audit(live: pd.DataFrame, settings: dict[str, Any] | None = None, **data: Any) -> Record:
    spec = {
        "audit": {"name": "a", "version": "1"},
        "data": {"test": "test.csv", "live": "live.csv", "label": "label", "features": ["x"], "positive": 1, **data},
        "model": {"predictions": "guess"},
        "checks": {"accuracy": {"min": {"accuracy": 0.7}, **(settings or {})}},
    }
    return llmops_audit.run(spec, data={"test": _rows(1, [0.9] * 6, 2025), "live": live})


def _first_screens(record: Record) -> dict[str, str]:
    files = render_files(record, ["html", "markdown"])
    parts = [part for part in run_screen(record, Path("out"), ()) if isinstance(part, Text)]
    return {
        "page": files["report.html"].decode(),
        "summary": files["summary.md"].decode(),
        "terminal": "\n".join(map(str, parts)),
        "notebook": first_screen(record),
    }


def test_a_loss_rejects_and_stands_on_every_first_screen() -> None:
    """Production rows that lost .2 are looked at though no setting names them, and so is the month that broke."""
    record = _audit(_rows(2, [0.9, 0.9, 0.6, 0.5], 2026), time="when")
    assert record.decision.status is Status.REJECTED
    requirement = next(one for one in record.requirements if one.id == "accuracy.live_loss@live")
    assert (requirement.verdict, requirement.alarm, requirement.source) == (Verdict.FAILED, True, "default")
    window = record.findings()["accuracy.accuracy_by_window[split=live,window=2026-03-01]"]
    assert window.verdict is Verdict.FOUND
    assert "live_windows" in record.figures
    for place, text in _first_screens(record).items():
        assert "Accuracy fell from" in text, place
        assert "The first is that from 2026-03-01" in text, place


def test_no_loss_is_approved_and_says_nothing() -> None:
    """Production rows as right as the test rows pass the alarm; the first screen is silent."""
    record = _audit(_rows(3, [0.9] * 4, 2026), time="when")
    assert record.decision.status is Status.APPROVED
    assert record.findings()["accuracy.live_loss[split=live]"].verdict is Verdict.PASSED
    assert not [one for one in notices(record) if "live" in one.message.id]


@pytest.mark.parametrize("labels", ["none", "missing"])
def test_without_labels_nothing_is_judged_unless_a_limit_asks_for_it(labels: str) -> None:
    """No label, or no column of labels: the alarm is not applicable; with `max_live_loss` it is inconclusive."""
    live = _rows(4, [0.5] * 4, 2026)
    live = live.drop(columns="label") if labels == "missing" else live.assign(label=None)
    without = _audit(live)
    (alarm,) = [one for one in without.requirements if one.id == "accuracy.live_loss@live"]
    assert (alarm.verdict, alarm.p_value, without.decision.status) == (Verdict.NOT_APPLICABLE, 1.0, Status.APPROVED)
    record = _audit(live, {"max_live_loss": 0.1})
    assert record.decision.status is Status.NEEDS_REVIEW
    assert record.findings()["accuracy.live_loss[split=live]"].verdict is Verdict.INCONCLUSIVE


def test_a_limit_on_the_loss_is_a_requirement() -> None:
    """The limit of the spec takes the place of the alarm, and minima apply to live where `current` names it."""
    settings = {"max_live_loss": 0.3, "current": ["test", "live"]}
    record = _audit(_rows(5, [0.8] * 4, 2026), settings)
    loss = next(one for one in record.requirements if one.id == "accuracy.live_loss@live")
    assert (loss.limit, loss.alarm, loss.verdict) == (0.3, False, Verdict.PASSED)
    assert "accuracy.accuracy@live" in {one.id for one in record.requirements}


def test_seen_live_rows_do_not_hide_a_loss() -> None:
    """A limit on the loss holds only if it holds without the live rows that stand in the training rows as well."""
    test, fresh = _rows(6, [0.9] * 6, 2025), _rows(7, [0.5] * 2, 2026)
    train = _rows(8, [1.0] * 8, 2024)
    live = pd.concat([train, fresh], ignore_index=True)
    spec = {
        "audit": {"name": "a", "version": "1"},
        "data": {"train": "a", "test": "b", "live": "c", "label": "label", "features": ["x"], "positive": 1},
        "model": {"predictions": "guess"},
        "checks": {"accuracy": {"min": {"accuracy": 0.7}, "max_live_loss": 0.1}},
    }
    record = llmops_audit.run(spec, data={"train": train, "test": test, "live": live})
    loss = record.findings()["accuracy.live_loss[split=live]"]
    assert loss.value is not None
    assert loss.value < 0.1
    assert loss.verdict is Verdict.INCONCLUSIVE
    assert float(loss.details["value_without_seen_rows"]) > 0.3  # type: ignore[arg-type]


def test_what_looks_swapped_stands_on_every_first_screen() -> None:
    """Predictions that are right in one of ten: the first screen asks whether labels are swapped."""
    spec = {
        "audit": {"name": "a", "version": "1"},
        "data": {"test": "test.csv", "label": "label", "positive": 1},
        "model": {"predictions": "guess"},
        "checks": {"accuracy": {}},
    }
    record = llmops_audit.run(spec, data={"test": _rows(9, [0.1] * 4, 2025)})
    for place, text in _first_screens(record).items():
        assert "With labels or scores swapped it would be 0.9" in text, place
