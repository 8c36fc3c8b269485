"""SARIF: by the standard's constraints, read by a real consumer, and by GitHub's own rules."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sarif.loader import load_sarif_file

from llmops_audit.record import Record, Requirement, Status, Verdict, message
from llmops_audit.render.formats import render_files
from llmops_audit.render.formats._sarif import MAX_RESULTS

# The official schema cannot be had offline. Ours holds its constraints on the objects that we write, refuses any other
# property, and adds what the prose of the standard demands.
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "sarif.schema.json").read_text(encoding="utf-8"))
Draft202012Validator.check_schema(SCHEMA)


def _github_sarif(record: Record, language: str | None = None) -> bytes:
    return render_files(record, ["github-sarif"], language=language)["github.sarif"]


def _sarif(record: Record, language: str | None = None, root: str = "") -> bytes:
    return render_files(record, ["sarif"], language=language, root=root)["findings.sarif"]


def _read(content: bytes) -> dict[str, Any]:
    log = json.loads(content.decode("utf-8"))
    Draft202012Validator(SCHEMA).validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def _by_id(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {result["properties"]["id"]: result for result in run["results"]}


def test_kinds_stand_for_verdicts(sample: ModuleType) -> None:
    """The full file holds every finding with the kind of its verdict; only what failed has a level and a rank."""
    found = {id: (r["kind"], r["level"], r.get("rank")) for id, r in _by_id(_read(_sarif(sample.record()))).items()}
    assert found == {
        "accuracy.balanced_accuracy[split=test]": ("fail", "error", 75),
        "accuracy.accuracy[split=test]": ("pass", "none", None),
        "drift": ("review", "none", None),
        "fairness.selection_rate_ratio[sex=F,split=test]": ("open", "none", None),
        "fairness.eo": ("notApplicable", "none", None),
        "pii.personal_data[column=message,kind=phone,split=train]": ("fail", "error", 25),
        "robustness": ("notApplicable", "none", None),
        "odd.own_metric": ("review", "none", None),
    }


def test_github_gets_what_waits_alone(sample: ModuleType) -> None:
    """GitHub takes every result for an open alert: no pass is among them, and what is open has a level."""
    found = {id: (r["kind"], r["level"]) for id, r in _by_id(_read(_github_sarif(sample.record()))).items()}
    assert found == {
        "accuracy.balanced_accuracy[split=test]": ("fail", "error"),
        "pii.personal_data[column=message,kind=phone,split=train]": ("fail", "error"),
        "odd.own_metric": ("fail", "error"),
        "drift": ("fail", "error"),
        "fairness.selection_rate_ratio[sex=F,split=test]": ("fail", "warning"),
        "robustness": ("fail", "warning"),
    }
    assert _read(_github_sarif(sample.approved()))["results"] == []


def test_github_gets_no_more_than_it_shows(sample: ModuleType) -> None:
    """Of more than 5000 the gravest are kept, and the others counted."""
    many = [
        sample.finding(Verdict.INCONCLUSIVE if i else Verdict.FAILED, id=f"drift.psi[column={i}]")
        for i in range(MAX_RESULTS + 7, -1, -1)
    ]
    content = _github_sarif(sample.record(checks=[sample.check_result("drift", Verdict.FAILED, many)]))
    run = json.loads(content)["runs"][0]
    assert len(run["results"]) == MAX_RESULTS
    assert run["results"][0]["properties"]["verdict"] == "failed"
    assert run["properties"]["resultsLeftOut"] == 8


def test_a_real_consumer_counts_the_same(sample: ModuleType, tmp_path: Path) -> None:
    """sarif-tools reads both files and counts results by level as they are meant."""
    (tmp_path / "full.sarif").write_bytes(_sarif(sample.record()))
    (tmp_path / "github.sarif").write_bytes(_github_sarif(sample.record()))
    full, github = (load_sarif_file(str(tmp_path / name)) for name in ("full.sarif", "github.sarif"))
    assert full.get_distinct_tool_names() == ["llmops-audit"]
    assert full.get_report().get_issue_count_for_severity("error") == 2
    assert full.get_report().get_issue_count_for_severity("none") == 6
    assert github.get_report().get_issue_count_for_severity("error") == 4
    assert github.get_report().get_issue_count_for_severity("warning") == 2
    first = github.get_records()[0]
    assert (first["Location"], str(first["Line"])) == ("audit.toml", "17")


def _changed(sample: ModuleType, **changes: object) -> Record:
    finding = sample.finding(Verdict.FAILED, **changes)
    record: Record = sample.record(checks=[sample.check_result("accuracy", Verdict.FAILED, [finding])])
    return record


def test_fingerprints_depend_on_the_id_alone(sample: ModuleType) -> None:
    """Another value, verdict or line is the same alert; two findings of one rule and line are two."""
    moved = Requirement(op=">=", limit=0.7, source="audit.toml:99")
    prints = {
        str(_read(_github_sarif(record))["results"][0]["partialFingerprints"])
        for record in (_changed(sample), _changed(sample, value=0.1, requirement=moved, message=message("Other.")))
    }
    assert len(prints) == 1
    two = [sample.finding(Verdict.FAILED, id=f"accuracy.f1[label={i}]") for i in "ab"]
    run = _read(_github_sarif(sample.record(checks=[sample.check_result("accuracy", Verdict.FAILED, two)])))
    assert len({result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]}) == 2


@pytest.mark.parametrize(
    ("source", "root", "location"),
    [
        ("audit.toml:17", "", ("audit.toml", 17)),
        ("audit.toml:17", "audits/my sms", ("audits/my%20sms/audit.toml", 17)),
        ("审计.toml:3", "", ("%E5%AE%A1%E8%AE%A1.toml", 3)),
        ("default", "", ("audit.toml", 1)),
        (None, "", ("audit.toml", 1)),
        ("../../etc/passwd:1", "", ("audit.toml", 1)),
        ("..:1", "", ("audit.toml", 1)),
        ("audit.toml:0", "", ("audit.toml", 1)),
        ("audit.toml", "", ("audit.toml", 1)),
    ],
)
def test_results_point_to_the_line_of_the_limit(
    sample: ModuleType, source: str | None, root: str, location: tuple[str, int]
) -> None:
    """A relative address of the spec and the line; where no line set the limit, the first line of the spec."""
    record = _changed(sample, requirement=Requirement(op=">=", limit=0.8, source=source))
    where = _read(_sarif(record, None, root))["results"][0]["locations"][0]["physicalLocation"]
    assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == location


def test_a_default_is_told_as_one(sample: ModuleType) -> None:
    """A limit that no line sets is a default in sentence and properties, and points into the spec that was read."""
    found = _by_id(_read(_sarif(sample.record())))
    default = found["fairness.selection_rate_ratio[sex=F,split=test]"]
    assert default["properties"]["source"] == "default"
    assert default["message"]["text"].endswith("required: ≥ 0.8 (default of the check).")


def test_rules_hold_the_pages_of_the_checks(sample: ModuleType) -> None:
    """Each result's rule is there once, in order, with the page as help in the language."""
    run = _read(_sarif(sample.record()))
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ids == sorted({result["ruleId"] for result in run["results"]})
    assert "accuracy/balanced_accuracy" in ids
    rule = next(rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "accuracy/accuracy")
    assert rule["shortDescription"]["text"] == "accuracy: The accuracy of the answers"
    assert rule["help"]["markdown"].startswith("## What it measures\n\nThe accuracy of the answers `x`.")
    chinese = _read(_sarif(sample.record(language="zh")))
    assert chinese["language"] == "zh-CN"
    assert "## 衡量什么" in chinese["tool"]["driver"]["rules"][0]["help"]["markdown"] or (
        "What it measures" not in chinese["tool"]["driver"]["rules"][0]["help"]["markdown"]
    )


@pytest.mark.parametrize("status", list(Status))
def test_the_invocation_tells_the_decision(sample: ModuleType, status: Status) -> None:
    """Exit code and decision are the record's; a check that did not end makes the execution no success."""
    run = _read(_sarif(sample.record(status)))
    assert run["properties"]["decision"] == status.value
    invocation = run["invocations"][0]
    assert invocation["exitCode"] == status.exit_code
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"].startswith("drift: The check did not finish")
    assert _read(_sarif(sample.approved()))["invocations"][0]["executionSuccessful"] is True


def test_the_category_is_that_of_the_audit(sample: ModuleType) -> None:
    """Two audits of one repository do not close each other's alerts, and a new version of one does."""
    ids = {
        _read(_github_sarif(sample.record(name=name, version=version)))["automationDetails"]["id"]
        for name, version in (("sms/spam", "1"), ("sms/spam", "2"), ("loans", "1"))
    }
    assert ids == {"llmops-audit/sms%2Fspam/", "llmops-audit/loans/"}


def test_messages_hold_no_placeholder_and_no_link(sample: ModuleType) -> None:
    """Braces and link syntax that a record quotes are text."""
    record = _changed(sample, message=message("{x}", x="{0} [free](https://example.org) }"))
    text = _read(_sarif(record))["results"][0]["message"]["text"]
    assert "{{0}} [free] (https://example.org) }}" in text


def test_bytes_are_canonical(sample: ModuleType) -> None:
    """The same record gives the same bytes, read from a file or not."""
    record = sample.record()
    again = Record.model_validate_json(record.model_dump_json(by_alias=True))
    assert _sarif(again) == _sarif(record)
    assert b"\n" not in _sarif(record)[:-1]
