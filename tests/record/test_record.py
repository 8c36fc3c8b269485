"""The record: canonical, complete, and the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import numpy as np
import pytest
import rfc8785

from llmops_audit.audit import prepare, run
from llmops_audit.errors import OutputError, RecordError
from llmops_audit.record import Record, Status
from llmops_audit.record.canonical import canonical, digest, parse
from llmops_audit.record.folder import earlier_audits, write

Project = Callable[..., Path]
ALL_CHECKS = {
    'label = "label"': 'label = "label"\npositive = 1\ngroups = ["sex"]',
    "[checks.accuracy]": "[checks.drift]\n[checks.fairness]\nmin_group_rows = 5\n[checks.pii]\n[checks.accuracy]",
}


def test_the_record_fits_its_schema(project: Project) -> None:
    """What is written validates against the JSON Schema that is printed."""
    content = json.loads(canonical(run(prepare(project()))))
    schema = Record.model_json_schema(by_alias=True, mode="serialization")
    jsonschema.validate(content, schema)
    assert content["schema"] == "llmops-audit/record/2"
    assert set(content["figures"]["confusion_matrix"]) >= {"labels", "counts"}


def test_every_check_appears_once(project: Project) -> None:
    """Each check of the spec is in the record exactly once, with page and settings."""
    record = run(prepare(project(ALL_CHECKS)))
    assert [check.name for check in record.checks] == ["accuracy", "drift", "fairness", "pii"]
    assert all(check.page.sections and check.version for check in record.checks)
    assert record.checks[0].settings["min"] == {"accuracy": 0.8}
    findings = record.findings()
    assert findings["accuracy.accuracy"].requirement is not None
    assert findings["accuracy.accuracy"].requirement.source == "audit.toml:22"
    assert "fairness.selection_rate_ratio[sex]" in {one.id for one in record.requirements}


def test_two_processes_give_the_same_bytes(project: Project) -> None:
    """With different hash seeds, two processes write the same record but for `run`, and the same digest."""
    # A category of many values, a forest without a seed of its own, weights: each once gave other bits.
    changes = {
        **ALL_CHECKS,
        'text = "text"': 'features = ["text", "city"]\nweight = "w"',
        'vectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n': "",
        '"sklearn.linear_model:LogisticRegression"': '"sklearn.ensemble:RandomForestClassifier"',
    }
    rng = np.random.default_rng(3)
    rows = [
        f"{'yes' if i % 2 else 'no'},{i % 2},{'FM'[i // 2 % 2]},c{rng.integers(40)},{rng.uniform(1, 3)}"
        for i in range(400)
    ]
    spec = project(changes, "\n".join(["text,label,sex,city,w", *rows]))
    records = []
    for seed in ("1", "2"):
        out = spec.parent / f"out-{seed}"
        command = [sys.executable, "-m", "llmops_audit", "run", str(spec), "--output", str(out)]
        done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=False)
        assert done.returncode in (0, 1, 3), done.stderr
        records.append(json.loads((out / "record.json").read_bytes()))
        del records[-1]["run"]
    assert json.dumps(records[0]) == json.dumps(records[1])


def test_jobs_and_batch_size_change_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest depends neither on the number of processes nor on how rows are cut into batches."""
    from llmops_audit.data import batches

    spec = project(ALL_CHECKS)
    one = run(prepare(spec)).digest
    assert run(prepare(spec), jobs=2).digest == one
    monkeypatch.setattr(batches, "BATCH_ROWS", 7)
    assert run(prepare(spec)).digest == one


def test_the_digest_covers_everything_but_the_run(project: Project) -> None:
    """Changing a verdict changes the digest; changing the host does not."""
    record = run(prepare(project()))
    assert digest(record) == record.digest
    assert digest(record.model_copy(update={"run": record.run.model_copy(update={"host": "x"})})) == record.digest
    assert digest(record.model_copy(update={"checks": ()})) != record.digest


def test_a_record_that_was_changed_is_refused(project: Project) -> None:
    """A record whose content does not fit its digest is no record, and neither is other JSON."""
    content = canonical(run(prepare(project())))
    assert canonical(parse(content, "record.json")) == content
    with pytest.raises(RecordError, match="was changed after it was written"):
        parse(content.replace(b'"accuracy":0.8', b'"accuracy":0.1'), "record.json")
    with pytest.raises(RecordError, match="is not a record"):
        parse(b"{}", "record.json")


def test_a_record_of_another_schema_is_refused_with_its_name(project: Project, tmp_path: Path) -> None:
    """The error names the schema that was found and the one that is read, wherever a record is read."""
    said = "schema is llmops-audit/record/1; expected llmops-audit/record/2"
    folder = tmp_path / "before"
    folder.mkdir()
    content = b'{"schema": "llmops-audit/record/1"}'
    (folder / "record.json").write_bytes(content)
    with pytest.raises(RecordError, match=f"^record.json: {said}$"):
        parse(content, "record.json")
    spec = project({"[checks.accuracy]": f'[baseline]\nrecord = "{folder}"\n[checks.accuracy]'})
    with pytest.raises(RecordError, match=f"baseline.record: .*: {said}$"):
        run(prepare(spec))
    with pytest.raises(OutputError, match=f"record.json: {said}$"):
        write(folder, {"record.json": content}, ())
    assert earlier_audits(tmp_path, "0" * 64) == ()


@pytest.mark.parametrize("schema", ['"llmops-audit/record/x"', "2", "null", '"llmops-audit/record/1\\n"'])
def test_a_foreign_schema_is_no_record(schema: str) -> None:
    """What only looks like the name of a schema is no record, and its text is not repeated."""
    with pytest.raises(RecordError, match="is not a record: "):
        parse(f'{{"schema": {schema}}}'.encode(), "record.json")


def test_a_record_of_an_earlier_release_stays_valid(project: Project) -> None:
    """A record that lacks fields which a later release added is read, and its digest still holds."""
    content = json.loads(canonical(run(prepare(project()))))
    for name in ("card", "frameworks", "changes"):
        del content[name]
    covered = {key: value for key, value in content.items() if key not in ("digest", "run")}
    content["digest"] = hashlib.sha256(rfc8785.dumps(covered)).hexdigest()
    assert parse(rfc8785.dumps(content), "record.json").changes is None
    with pytest.raises(RecordError, match="was changed after it was written"):
        parse(rfc8785.dumps(content | {"checks": []}), "record.json")


def test_labels_compare_by_value(project: Project) -> None:
    """`1`, `1.0` and `"1"` read from a file are the same label."""
    rows = "text,label,sex,told\n" + "\n".join(
        f"{'yes' if i % 2 else 'no'},{('0', '1')[i % 2]},F,{('0.0', '1.0')[i % 2]}" for i in range(100)
    )
    saved = {
        'path = "rows.csv"': 'test = "rows.csv"',
        'vectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n': "",
        'estimator = "sklearn.linear_model:LogisticRegression"': 'predictions = "told"',
    }
    record = run(prepare(project(saved, rows)))
    matrix = record.figures["confusion_matrix"]
    assert matrix.labels == (0, 1)  # type: ignore[union-attr]
    assert matrix.counts == ((50, 0), (0, 50))  # type: ignore[union-attr]


def test_a_record_answers_for_itself(project: Project) -> None:
    """Whether it is approved, its figures by name, its findings as a frame, and a short text for a screen."""
    record = run(prepare(project()))
    assert record.approved == (record.decision.status is Status.APPROVED)
    assert record.figure("confusion_matrix") is record.figures["confusion_matrix"]
    assert list(record.findings_frame()["id"]) == list(record.findings())
    assert record._repr_html_().startswith("<div ")
    assert repr(record) == str(record)
    assert repr(record).startswith("<Record small 1.0: ")
    assert len(repr(record)) < 150


@pytest.mark.parametrize("status", Status)
def test_only_an_approval_is_approved(sample: ModuleType, status: Status) -> None:
    """What needs a review, or was not judged, is not."""
    assert sample.record(status).approved == (status is Status.APPROVED)


@pytest.mark.parametrize("name", ["x", "", None, 1, ["confusion_matrix"]])
def test_an_unknown_figure_is_an_error_that_lists_those_that_there_are(sample: ModuleType, name: Any) -> None:
    """A name that is wrong, or no name at all, is an error of ours and no KeyError."""
    record = sample.record()
    with pytest.raises(RecordError) as error:
        record.figure(name)
    known = ", ".join(sorted(record.figures))
    assert str(error.value) == f"figure: is not in the record; expected one of {known}; got {name!r}"


def test_a_record_needs_no_renderer() -> None:
    """What shows a record is imported when somebody looks."""
    code = "import sys, llmops_audit.record.canonical\nassert not any('render' in name for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
