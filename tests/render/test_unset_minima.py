"""What the first screen says where the spec sets no minimum of accuracy."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from rich.text import Text

from llmops_audit.cli.run_screen import run_screen
from llmops_audit.record import Record, Verdict
from llmops_audit.render.formats import render_files
from llmops_audit.render.notebook import first_screen
from llmops_audit.render.unset_minima import unset_minima

PASSED = "No minimum was set; this says only that it is better than guessing."
UNDECIDED = "No minimum was set for accuracy."


def _record(sample: ModuleType, verdict: Verdict, settings: dict[str, object]) -> Record:
    check = sample.check_result("accuracy", verdict, [sample.finding(verdict)])
    record: Record = sample.record(checks=[check.model_copy(update={"settings": settings})])
    return record


def _shown(record: Record) -> dict[str, str]:
    files = render_files(record, ["html", "markdown"])
    parts = [part for part in run_screen(record, Path("out"), ()) if isinstance(part, Text)]
    return {
        "page": files["report.html"].decode(),
        "summary": files["summary.md"].decode(),
        "terminal": "\n".join(map(str, parts)),
        "notebook": first_screen(record),
    }


@pytest.mark.parametrize(("verdict", "sentence"), [(Verdict.PASSED, PASSED), (Verdict.FAILED, UNDECIDED)])
def test_every_first_screen_says_that_no_minimum_was_set(sample: ModuleType, verdict: Verdict, sentence: str) -> None:
    """Page, summary, terminal and notebook say it; that it is better than guessing only where that was shown."""
    for place, text in _shown(_record(sample, verdict, {"min": {}})).items():
        assert sentence in text, place


@pytest.mark.parametrize("settings", [{"min": {"accuracy": 0.9}}, {}])
def test_nothing_is_said_where_a_minimum_was_set(sample: ModuleType, settings: dict[str, object]) -> None:
    """A minimum of the spec, or a record that does not say, adds no sentence."""
    record = _record(sample, Verdict.PASSED, settings)
    assert unset_minima(record) is None
    assert not [place for place, text in _shown(record).items() if "No minimum was set" in text]


def test_an_audit_without_accuracy_says_nothing(sample: ModuleType) -> None:
    """The sentence is about the check of accuracy."""
    assert unset_minima(sample.record(checks=[sample.check_result("pii", Verdict.PASSED, [])])) is None
