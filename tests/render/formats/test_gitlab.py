"""GitLab's code-quality report."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

from jsonschema import Draft202012Validator

from llmops_audit.record import Record, Verdict
from llmops_audit.render.formats import render_files

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schemas" / "gitlab-code-quality.schema.json").read_text(encoding="utf-8")
)


def _gitlab(record: Record, language: str | None = None, root: str = "") -> bytes:
    return render_files(record, ["gitlab"], language=language, root=root)["gl-code-quality-report.json"]


def _read(record: Record, language: str | None = None, root: str = "") -> list[dict[str, Any]]:
    issues: list[dict[str, Any]] = json.loads(_gitlab(record, language, root))
    Draft202012Validator(SCHEMA).validate(issues)
    return issues


def test_it_lists_what_waits_the_gravest_first(sample: ModuleType) -> None:
    """Failed, in error and undecided findings, and checks that speak for themselves; nothing that passed."""
    found = [(issue["check_name"], issue["severity"]) for issue in _read(sample.record())]
    assert found == [
        ("accuracy/balanced_accuracy", "critical"),
        ("pii/personal_data", "minor"),
        ("odd/own_metric", "critical"),
        ("drift", "critical"),
        ("fairness/selection_rate_ratio", "blocker"),
        ("robustness", "critical"),
    ]
    assert _read(sample.approved()) == []


def test_an_issue_says_what_why_and_where(sample: ModuleType) -> None:
    """The description holds measure, verdict, reason, numbers and source; the location leads to the limit's line."""
    first, second, *_ = _read(sample.record(), None, "audits")
    assert first["description"] == (
        "balanced accuracy (split test): failed: The whole interval misses the limit. "
        "Measured: 0.5, interval 0.4312 to 0.5688; required: ≥ 0.8 (audit.toml:17)."
    )
    assert first["location"] == {"path": "audits/audit.toml", "lines": {"begin": 17}}
    assert second["description"].endswith("required: ≤ 0 (default of the check).")
    assert second["location"]["lines"]["begin"] == 1


def test_fingerprints_are_unique_even_where_ids_are_not(sample: ModuleType) -> None:
    """GitLab drops what has the fingerprint of another."""
    twice = [sample.finding(Verdict.FAILED), sample.finding(Verdict.FAILED)]
    issues = _read(sample.record(checks=[sample.check_result("accuracy", Verdict.FAILED, twice)]))
    assert len({issue["fingerprint"] for issue in issues}) == 2
    once = _read(sample.record(checks=[sample.check_result("accuracy", Verdict.FAILED, twice[:1])]))
    assert once[0]["fingerprint"] == issues[0]["fingerprint"]


def test_it_comes_in_the_language(sample: ModuleType) -> None:
    """The description is Chinese where that is asked for."""
    assert "限值" in _read(sample.record(), "zh")[0]["description"]
