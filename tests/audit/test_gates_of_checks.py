"""`gate` in the section of a check: whether what it finds blocks, asks for a review, or is only reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from junitparser import JUnitXml
from typer.testing import CliRunner

from llmops_audit.audit import prepare, run
from llmops_audit.audit.gate import decide
from llmops_audit.cli.commands import app
from llmops_audit.record import Record, Verdict
from llmops_audit.record.canonical import canonical
from llmops_audit.render.formats import render_files
from llmops_audit.render.github import workflow_commands

Project = Callable[..., Path]
HEADING = "Reported, not part of the decision"
ROWS = "x,y,p,s\n" + "\n".join(
    f"{i},{i % 2},{i % 2 if i // 2 % 10 > 2 else 1 - i % 2},{0.02 + 0.96 * (i % 2)}" for i in range(400)
)
"""Predictions that are right in 7 of 10 rows, beside scores that are nearly always right."""

ACCURACY = "[checks.calibration]\n[checks.accuracy]\nmin.accuracy = {limit}\n{gate}\n"
SAVED = {
    'path = "rows.csv"\ntext = "text"': 'test = "rows.csv"\nfeatures = ["x"]\npositive = 1',
    'label = "label"': 'label = "y"',
    'vectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n': "",
    'estimator = "sklearn.linear_model:LogisticRegression"': 'predictions = "p"\nscores = "s"',
    "[checks.accuracy]\nmin = { accuracy = 0.8 }\n": "",
}


def _audit(project: Project, checks: str, rows: str = ROWS) -> Record:
    spec = project(SAVED, rows)
    spec.write_text(spec.read_text(encoding="utf-8") + checks, encoding="utf-8")
    return run(prepare(spec))


@pytest.mark.parametrize(
    ("gate", "code"), [("", 1), ('gate = "block"', 1), ('gate = "review"', 3), ('gate = "report"', 0)]
)
def test_a_failed_requirement_does_what_the_spec_says(project: Project, gate: str, code: int) -> None:
    """It rejects, asks for a person, or changes nothing; the verdict itself stays."""
    record = _audit(project, ACCURACY.format(limit=0.9, gate=gate))
    found = {check.name: check for check in record.checks}
    assert found["accuracy"].verdict is Verdict.FAILED
    assert found["accuracy"].gate == (gate.split('"')[1] if gate else "block")
    assert found["calibration"].gate == "block"
    assert "gate" not in found["accuracy"].settings
    assert record.decision.exit_code == code


@pytest.mark.parametrize(("gate", "code"), [("block", 3), ("review", 3), ("report", 0)])
def test_what_is_undecided_asks_for_a_review_at_most(project: Project, gate: str, code: int) -> None:
    """A limit inside the interval: a review under `block` and `review`, nothing under `report`."""
    record = _audit(project, ACCURACY.format(limit=0.7, gate=f'gate = "{gate}"'))
    assert record.findings()["accuracy.accuracy"].verdict is Verdict.INCONCLUSIVE
    assert record.decision.exit_code == code
    # A policy that rejects what is inconclusive does so for checks that block.
    policy = record.gate.model_copy(update={"on_inconclusive": "reject"})
    assert decide(record.checks, policy).exit_code == (1 if gate == "block" else code)


@pytest.mark.parametrize(("gate", "code"), [("block", 2), ("review", 2), ("report", 0)])
def test_a_check_that_is_only_reported_and_breaks_down_changes_nothing(project: Project, gate: str, code: int) -> None:
    """An error in it is shown, and the others decide."""
    sections = f'[checks.calibration]\n[checks.accuracy]\ngate = "{gate}"\ntime_limit = 1e-9\n'
    record = _audit(project, sections)
    assert record.checks[0].verdict is Verdict.ERROR
    assert record.decision.exit_code == code


def test_what_is_only_reported_corrects_no_other(project: Project) -> None:
    """It is a family of its own: the p-values of the others are what they are without it."""
    alone = _audit(project, "[checks.accuracy]\nmin.accuracy = 0.9\n")
    sections = "[checks.accuracy]\nmin.accuracy = 0.9\n[checks.calibration]\nmax_brier_score = 0.001\n"
    beside, among = _audit(project, f'{sections}gate = "report"\n'), _audit(project, sections)

    def ranks(record: Record) -> dict[str, tuple[float | None, int | None]]:
        return {one.id: (one.p_adjusted, one.rank) for one in record.requirements if one.check == "accuracy"}

    assert ranks(beside) == ranks(alone) != ranks(among)
    assert {one.rank for one in beside.requirements if one.check == "calibration"} == {1, 2}


def test_every_reader_is_told_that_it_is_no_part_of_the_decision(project: Project) -> None:
    """Page, summary, JUnit, annotations and screen: under a heading of its own, and nothing that fails a build."""
    record = _audit(project, ACCURACY.format(limit=0.9, gate='gate = "report"'))
    files = render_files(record, ["html", "markdown", "junit", "gitlab", "github-sarif"])
    page, summary = files["report.html"].decode(), files["summary.md"].decode()
    assert f'<h3 id="aside">{HEADING}</h3>' in page
    before, _, after = page.partition('<h3 id="aside">')
    # Of the requirement, and in the table of checks.
    assert after.count('<span class="badge is-failed">') == 2
    assert "Even the upper end" in after
    assert "Even the upper end" not in before
    assert 'href="#aside"' in page
    assert f"<summary>{HEADING} (1)</summary>" in summary
    assert "What needs attention" not in summary
    junit = JUnitXml.fromstring(files["junit.xml"])
    assert (junit.failures, junit.errors) == (0, 0)
    assert junit.skipped >= 1
    assert files["gl-code-quality-report.json"].strip() == b"[]"
    assert b'"results":[]' in files["github.sarif"]
    assert workflow_commands(record, language="en", root="") == ()


def test_the_screen_shows_it_below_its_heading(project: Project) -> None:
    """Checks that decide stand first; the exit code is that of the decision."""
    spec = project(SAVED, ROWS)
    section = ACCURACY.format(limit=0.9, gate='gate = "report"')
    spec.write_text(spec.read_text(encoding="utf-8") + section, encoding="utf-8")
    done = CliRunner().invoke(app, ["run", str(spec), "--output", str(spec.parent / "out")])
    assert done.exit_code == 0, done.output
    deciding, _, reported = done.stdout.partition(HEADING)
    assert ("calibration" in deciding, "accuracy" in deciding) == (True, False)
    assert reported.split("Decision")[0].count("FAILED") == 1


@pytest.mark.parametrize(
    ("before", "now", "loosened"),
    [("block", "review", True), ("review", "report", True), ("block", "report", True), ("report", "block", False)],
)
def test_a_weaker_gate_than_in_the_baseline_is_a_loosened_limit(
    project: Project, tmp_path: Path, before: str, now: str, loosened: bool
) -> None:
    """It is listed among the limits that changed, and counted with those that ask for less."""
    section = '[checks.accuracy]\ngate = "{}"\n[checks.calibration]\n'
    (tmp_path / "before.json").write_bytes(canonical(_audit(project, section.format(before))))
    record = _audit(project, section.format(now) + '[baseline]\nrecord = "before.json"\n')
    assert record.changes is not None
    (change,) = record.changes.limits
    assert change.model_dump() == {
        "id": "checks.accuracy.gate", "op": None, "before": before, "now": now, "loosened": loosened,
    }  # fmt: skip
    page = render_files(record, ["html"])["report.html"].decode()
    assert "<code>checks.accuracy.gate</code>" in page
