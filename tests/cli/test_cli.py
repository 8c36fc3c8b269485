"""The command line: what it prints, what it imports, and that its other commands work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from llmops_audit.cli.commands import app
from llmops_audit.record.frameworks import framework, known
from llmops_audit.spec import read_spec

Project = Callable[..., Path]
SCIENTIFIC = (
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "sklearn",
    "matplotlib",
    "seaborn",
    "fairlearn",
    "evidently",
    "babel",
)


def _imported(code: str) -> set[str]:
    """Run code in a new process; give the packages that it imported."""
    code += "\nimport sys\nprint(' '.join({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def _said(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    return done.stdout


DEFAULT = {"record.json", "report.html", "junit.xml", "findings.sarif", "summary.md"}
LIGHT = (
    ["--help"],
    ["--version"],
    ["checks", "list"],
    ["frameworks", "list"],
    ["frameworks", "show", "gdpr"],
    ["schema", "spec"],
    ["schema", "record"],
)


@pytest.mark.parametrize("arguments", LIGHT)
def test_light_commands_import_no_scientific_library(arguments: list[str]) -> None:
    """Help, version, lists and schemas start without numpy and everything above it."""
    code = (
        "import sys\nfrom llmops_audit.cli.commands import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit:\n    pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(SCIENTIFIC) & set(eval(done.stderr.splitlines()[-1]))
    assert done.stdout


def test_the_screen_tells_the_verdicts(project: Project) -> None:
    """A run prints each check with its verdict, the decision with reasons, the exit code and the report's place."""
    spec = project()
    out = spec.parent / "out"
    said = _said("run", str(spec), "--output", str(out))
    assert "accuracy" in said
    assert "PASSED" in said
    assert "✓ Meets every criterion of audit.toml" in said
    assert "Decision: Approved (exit code 0)" in said
    assert "report.html" in said
    assert {path.name for path in out.iterdir()} == DEFAULT


def test_the_default_output_is_named_after_the_audit(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --output the files go to reports/NAME-VERSION below the working folder."""
    spec = project()
    monkeypatch.chdir(spec.parent)
    _said("run")
    assert (spec.parent / "reports" / "small-1.0" / "record.json").is_file()


def test_a_rejected_audit_ends_with_one(project: Project) -> None:
    """A minimum that is certainly missed ends with exit code 1, and its line stands in the record."""
    rows = "text,label\n" + "\n".join(f"same words,{i % 2}" for i in range(400))
    spec = project(rows=rows)
    said = _said("run", str(spec), "--output", str(spec.parent / "out"), code=1)
    assert "✗ Does not meet its criteria" in said
    assert "✗ accuracy labels_with_zero_recall 1 > 0" in said


def test_a_record_alone_is_rendered_again(project: Project) -> None:
    """Without data, spec or model the report of a record is made anew, in either language."""
    spec = project()
    out = spec.parent / "out"
    _said("run", str(spec), "--output", str(out), "--format", "")
    assert not (out / "report.html").exists()
    for name in ("audit.toml", "rows.csv"):
        (spec.parent / name).unlink()
    again = spec.parent / "again"
    _said("render", str(out), "--output", str(again), "--language", "zh")
    assert '<html lang="zh' in (again / "report.html").read_text(encoding="utf-8")
    assert (again / "record.json").read_bytes() == (out / "record.json").read_bytes()


OWN_BIAS_AUDIT = """'''Bias audit: what New York asks for

What it measures
----------------
Rates.

Why it matters
--------------
Law.

How to read it
--------------
Ratios.

Limits
------
Many.

References
----------
6 RCNY 5-301.
'''
from llmops_audit.analysis.fairness.bias_audit import LocalLaw144, bias_audit
from llmops_audit.check import check
from llmops_audit.record import Finding, Verdict, message

@check()
def own(outcomes, scores, task, *, ll144: LocalLaw144 | None = None):
    yield Finding(metric="accuracy", verdict=Verdict.PASSED, message=message("Made."))
    yield from bias_audit(outcomes["test"], scores.get("test"), task, 1, ll144, "test")
"""
BIAS_AUDIT = """
[checks.own.ll144]
sex = "sex"
race = "told"
data_source = "Made for this test."
data_kind = "historical"
audit_date = 2026-11-02
distribution_date = 2026-01-01
auditor = "Nobody"
"""


@pytest.fixture
def biased(project: Project) -> Path:
    """Folder of the output of a run whose record holds a bias audit."""
    spec = project({"[audit]": 'plugins = ["own.py"]\n[audit]', "[checks.accuracy]": f"{BIAS_AUDIT}[checks.accuracy]"})
    text = spec.read_text(encoding="utf-8").replace('label = "label"', 'label = "label"\ngroups = ["sex", "told"]')
    spec.write_text(text, encoding="utf-8")
    (spec.parent / "own.py").write_text(OWN_BIAS_AUDIT, encoding="utf-8")
    said = _said("run", str(spec), "--output", str(spec.parent / "out"))
    assert "ll144.html" in said
    return spec.parent / "out"


def test_a_run_writes_the_bias_audit_beside_the_report(biased: Path) -> None:
    """Where the record holds a bias audit, its page stands beside the report, with the dates of the spec."""
    assert {path.name for path in biased.iterdir()} == DEFAULT | {"ll144.html"}
    page = (biased / "ll144.html").read_text(encoding="utf-8")
    assert "November 2, 2026" in page
    assert "Made for this test." in page


def test_the_bias_audit_alone_is_rendered_again(biased: Path) -> None:
    """`render --page ll144` writes that page alone; beside the same record it leaves the other reports as they are."""
    report = (biased / "report.html").read_bytes()
    _said("render", str(biased), "--page", "ll144", "--language", "zh")
    assert (biased / "report.html").read_bytes() == report
    assert "2026年11月2日" in (biased / "ll144.html").read_text(encoding="utf-8")
    again = biased.parent / "again"
    assert "ll144.html" in _said("render", str(biased / "record.json"), "--page", "ll144", "--output", str(again))
    assert {path.name for path in again.iterdir()} == {"record.json", "ll144.html"}
    assert (again / "record.json").read_bytes() == (biased / "record.json").read_bytes()


def test_reports_of_another_record_do_not_stay(biased: Path, project: Project) -> None:
    """A page is never put beside the report of another record."""
    _said("render", str(biased / "record.json"), "--output", str(biased.parent / "again"))
    record = biased.parent / "again" / "record.json"
    record.write_bytes(record.read_bytes() + b"\n")
    _said("render", str(biased), "--page", "ll144", "--output", str(biased.parent / "again"))
    assert {path.name for path in record.parent.iterdir()} == {"record.json", "ll144.html"}


def test_a_page_that_cannot_be_made_is_an_error(project: Project) -> None:
    """An unknown page, or the bias audit of a record that holds none, ends with 2 and says why; nothing changes."""
    spec = project()
    out = spec.parent / "out"
    _said("run", str(spec), "--output", str(out))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for page, said in (
        ("ll144", "holds no bias audit of Local Law 144"),
        ("x", "--page: unknown page; expected one of card, ll144"),
    ):
        command = [sys.executable, "-m", "llmops_audit", "render", str(out), "--page", page]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert said in done.stderr
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


EVERY_FORMAT = "csv,github-sarif,gitlab,html,junit,markdown,sarif"


def test_every_format_is_written_and_rendered_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run writes each format that is asked for; rendering its record again gives the same bytes."""
    spec = project()
    out, again = spec.parent / "out", spec.parent / "again"
    monkeypatch.chdir(spec.parent)
    said = _said("run", "audit.toml", "--output", str(out), "--format", EVERY_FORMAT)
    names = {path.name for path in out.iterdir()}
    assert names == DEFAULT | {"github.sarif", "gl-code-quality-report.json", "findings.csv"}
    assert all(name in said for name in names - {"record.json"})
    _said("render", str(out), "--output", str(again), "--format", EVERY_FORMAT)
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in out.iterdir()
    }


def test_rendering_in_place_keeps_the_other_files(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """From inside the folder one file is rendered in another language; the folder and its other files stay."""
    spec = project()
    out = spec.parent / "out"
    _said("run", str(spec), "--output", str(out), "--format", EVERY_FORMAT)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.chdir(out)
    for language in ("zh", "en"):
        _said("render", "record.json", "--format", "html", "--language", language)
        now = {path.name: path.read_bytes() for path in Path().iterdir()}
        assert now.keys() == before.keys()
        assert {name for name in now if now[name] != before[name]} == ({"report.html"} if language == "zh" else set())


def test_a_format_that_there_is_not_is_an_error_before_the_work(project: Project) -> None:
    """An unknown format ends with the known ones, and nothing is written."""
    spec = project()
    done = CliRunner().invoke(app, ["run", str(spec), "--output", str(spec.parent / "out"), "--format", "html,docx"])
    known = ", ".join(sorted({*EVERY_FORMAT.split(","), "badge", "pdf"}))
    assert str(done.exception) == f"--format: unknown format; expected one of {known}; got 'docx'"
    assert not (spec.parent / "out").exists()


def test_locations_start_at_the_top_of_the_repository(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers of SARIF find a spec by the relative path of the command line, or in the folder that `--root` names."""
    spec = project()
    monkeypatch.chdir(spec.parent.parent)
    name = spec.parent.name
    _said("run", f"{name}/audit.toml", "--output", str(spec.parent / "out"), "--format", "sarif")
    log = (spec.parent / "out" / "findings.sarif").read_text(encoding="utf-8")
    assert f'"uri":"{name}/audit.toml"' in log
    _said("render", str(spec.parent / "out"), "--format", "sarif", "--root", "audits/./small/")
    assert '"uri":"audits/small/audit.toml"' in (spec.parent / "out" / "findings.sarif").read_text(encoding="utf-8")
    for folder in ("/audits", "../audits"):
        done = CliRunner().invoke(app, ["render", str(spec.parent / "out"), "--root", folder])
        assert "--root: leads out of the repository" in str(done.exception)


def test_github_gets_a_summary_and_annotations(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where GitHub names a file for it the summary is appended; annotations follow what the screen quotes."""
    spec = project(rows="text,label\n" + "\n".join(f"same words,{i % 2}" for i in range(400)))
    summary = spec.parent / "summary"
    summary.write_text("what another command said", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = _said("run", str(spec), "--output", str(spec.parent / "out"), code=1).splitlines()
    written = summary.read_text(encoding="utf-8")
    assert written.startswith("what another command said\n\n# small 1.0: Does not meet its criteria\n")
    assert written.endswith((spec.parent / "out" / "summary.md").read_text(encoding="utf-8"))
    assert said[0].startswith("::stop-commands::")
    end = said.index(f"::{said[0].removeprefix('::stop-commands::')}::")
    assert any("Decision: Rejected" in line for line in said[:end])
    assert said[end + 1].startswith("::error file=audit.toml,line=")
    assert all(line.startswith(("::error ", "::warning ")) for line in said[end + 1 :])


@pytest.mark.parametrize("before", ["a folder", "full"])
def test_a_summary_that_cannot_be_written_changes_no_decision(
    project: Project, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """What goes wrong with the summary is a warning on the standard error; the exit code is the gate's."""
    spec = project()
    summary = spec.parent / "summary"
    summary.mkdir() if before == "a folder" else summary.write_bytes(b"x" * 1024 * 1024)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    done = CliRunner().invoke(app, ["run", str(spec), "--output", str(spec.parent / "out"), "--format", ""])
    assert done.exit_code == 0
    assert f"warning: {summary}: " in done.stderr
    assert before == "a folder" or summary.stat().st_size == 1024 * 1024


def test_outside_of_github_the_screen_holds_no_command(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without GitHub's variables nothing is said to a workflow."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    spec = project()
    assert "::" not in _said("run", str(spec), "--output", str(spec.parent / "out"), "--format", "")


def test_the_model_card_alone_is_rendered(project: Project) -> None:
    """`render --page card` writes the model card beside the reports of its record."""
    spec = project()
    out = spec.parent / "out"
    _said("run", str(spec), "--output", str(out), "--format", "csv")
    _said("render", str(out), "--page", "card")
    assert {path.name for path in out.iterdir()} == {"record.json", "findings.csv", "model-card.md"}
    assert (out / "model-card.md").read_text(encoding="utf-8").startswith("---\n")


def test_the_version_is_told() -> None:
    """`--version` prints name and version and ends with 0."""
    assert _said("--version").startswith("llmops-audit ")


def test_frameworks_are_listed() -> None:
    """A line has id, date, title, and what replaced a framework."""
    lines = {line.split()[0]: line for line in _said("frameworks", "list").splitlines()}
    assert "2018-05-25   GDPR: Regulation (EU) 2016/679" in lines["gdpr"]
    assert lines["sr-11-7"].endswith("[Superseded by: sr-26-2]")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_framework_is_shown_with_its_clauses(language: str) -> None:
    """Each clause is there with its reference, what it asks, and what answers it, in either language."""
    found = framework("sr-11-7"), framework("gdpr")
    for one in found:
        said = "".join(_said("frameworks", "show", one.id, "--language", language).split())
        for text in (
            one.title,
            one.source,
            one.note,
            *(c.reference for c in one.clauses),
            *(c.asks for c in one.clauses),
        ):
            assert "".join(text.get(language, "").split()) in said
        assert all(f"[{clause.id}]" in said for clause in one.clauses)
        assert all(part in said for clause in one.clauses for part in (*clause.checks, *clause.parts))
    assert "Superseded by: sr-26-2" in _said("frameworks", "show", "sr-11-7")


def test_chinese_is_broken_between_words() -> None:
    """No line of a Chinese page splits the name of a setting, begins with a closing mark, or is too wide."""
    said = _said("checks", "show", "fairness", "--language", "zh")
    assert all(f"`{name}`" in said for name in ("true_positive_rate", "min_worst_group", "valid_output_rate"))
    page = said[: said.index("min_group_rows = 30")].splitlines()
    assert not [line for line in page if line.startswith(tuple("，。；：、？！）》”’"))]
    assert max(map(cell_len, page)) <= 100


def test_a_clause_that_nothing_answers_says_so() -> None:
    """A clause without checks and parts is told as not covered, as often as there are such clauses."""
    for one in known().values():
        bare = sum(not clause.checks and not clause.parts for clause in one.clauses)
        assert _said("frameworks", "show", one.id).count("Not covered by this tool.") == bare
    assert any(not c.checks and not c.parts for one in known().values() for c in one.clauses)


def test_an_unknown_framework_is_an_error() -> None:
    """The error names the known ones."""
    done = CliRunner().invoke(app, ["frameworks", "show", "hipaa"])
    assert "unknown framework; expected one of ccpa-admt" in str(done.exception)


def test_pages_are_shown() -> None:
    """`checks show` prints the page with its headings, and the settings with their defaults."""
    said = _said("checks", "show", "fairness")
    assert "How to read it\n--------------" in said
    assert "min_ratio = {'selection_rate': 0.8}" in said
    assert "accuracy" in _said("checks", "list")


def test_schemas_are_json() -> None:
    """Both schemas are JSON with a title."""
    assert json.loads(_said("schema", "spec"))["title"] == "Spec"
    assert json.loads(_said("schema", "record"))["title"] == "Record"


def test_init_writes_a_spec_that_runs(tmp_path: Path) -> None:
    """The starter spec runs at once, on the tutorial's data, and overwrites nothing."""
    spec = tmp_path / "audit.toml"
    _said("init", "--output", str(spec))
    text = spec.read_text(encoding="utf-8").replace("[checks.drift]", "# [checks.drift]")
    spec.write_text(text, encoding="utf-8")
    _said("run", str(spec), "--output", str(tmp_path / "out"), code=1)
    done = CliRunner().invoke(app, ["init", "--output", str(spec)])
    assert "exists already" in str(done.exception)
    assert spec.read_text(encoding="utf-8") == text


def test_init_takes_no_row_for_a_header(tmp_path: Path) -> None:
    """A file without a header is refused, and its first row lands nowhere."""
    (tmp_path / "sms.csv").write_text("ham,see you\nspam,win money\nham,at noon\n")
    done = CliRunner().invoke(app, ["init", "--from", str(tmp_path / "sms.csv"), "--output", str(tmp_path / "a.toml")])
    assert "has no header" in str(done.exception)
    assert not (tmp_path / "a.toml").exists()


def test_init_looks_at_the_data(tmp_path: Path) -> None:
    """From a data file, id, label, features and groups are guessed and the spec is valid."""
    rows = "id,age,hours,sex,income\n" + "\n".join(
        f"{i},{i % 60}.5,{i % 9},{'FM'[i % 2]},{i % 3 // 2}" for i in range(200)
    )
    (tmp_path / "people.csv").write_text(rows)
    _said("init", "--from", str(tmp_path / "people.csv"), "--output", str(tmp_path / "audit.toml"))
    draft = read_spec(tmp_path / "audit.toml")
    assert draft.problems == ()
    assert draft.spec is not None
    assert draft.spec.data.label == "income"
    assert draft.spec.data.features == ("age", "hours")
    assert draft.spec.data.id == "id"
    assert draft.spec.data.groups == ("sex",)
    assert "fairness" in draft.raw["checks"]
    assert draft.spec.data.path == "people.csv"


def test_a_reader_that_goes_away_changes_no_decision(project: Project) -> None:
    """Piped into a program that reads nothing, an approval stays 0 and a usage error stays 2."""
    spec = project()
    for arguments, expected in (([str(spec), "--output", str(spec.parent / "out")], 0), (["--nonsense"], 2)):
        read, write = os.pipe()
        os.close(read)
        command = [sys.executable, "-m", "llmops_audit", "run", *arguments]
        done = subprocess.run(command, stdout=write, stderr=subprocess.DEVNULL, check=False)
        os.close(write)
        assert done.returncode == expected


def test_an_interrupted_audit_is_no_verdict(project: Project) -> None:
    """Ctrl-C in the middle ends with neither 0 nor 1."""
    spec = project({"[checks.accuracy]": "[checks.drift]\n[checks.accuracy]"})
    command = [sys.executable, "-m", "llmops_audit", "run", str(spec), "--output", str(spec.parent / "out")]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A job in the background has the signal ignored, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    assert process.wait() not in (0, 1)
    assert not (spec.parent / "out").exists()
