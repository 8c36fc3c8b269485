"""The recipes for CI systems are valid to those systems, and their steps do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmops_audit.render.formats import known

ROOT = Path(__file__).parents[1]
RECIPES = ROOT / "docs" / "ci"
ACTION = ROOT / "action.yml"
JENKINS = (RECIPES / "Jenkinsfile").read_text(encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """Read YAML; ``on`` stays a word, as GitHub reads it."""
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    assert isinstance(content, dict)
    return content


STEPS = {step["name"]: step for step in read(ACTION)["runs"]["steps"]}
GITLAB = read(RECIPES / "gitlab-ci.yml")["classifier audit"]


class Job:
    """A job on a runner: a folder with the example, this interpreter as the installed one, and GitHub's files."""

    def __init__(self, folder: Path, example: str = "tutorial") -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        for path in (ROOT / "examples" / example).iterdir():
            if path.is_file():
                (self.folder / path.name).write_bytes(path.read_bytes())
        self.outputs, self.summary = folder / "outputs", folder / "summary"
        self.outputs.touch()
        self.calls = folder / "calls"
        self.commands = folder / "commands"
        self.commands.mkdir()
        self.install_command("llmops-audit", f'exec "{sys.executable}" -m llmops_audit "$@"')
        self.install_command("python", f'exec "{sys.executable}" "$@"')

    def drop_drift(self) -> None:
        """Leave out the check that takes most of the time; what fails is another one."""
        spec = self.folder / "audit.toml"
        text = spec.read_text(encoding="utf-8")
        assert "[checks.drift]\n" in text
        spec.write_text(text.replace("[checks.drift]\n", ""), encoding="utf-8")

    def install_command(self, name: str, script: str) -> None:
        """Put a command first on the path."""
        path = self.commands / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def record_calls(self, *names: str) -> None:
        """Let commands write down how they were called, an argument a line, and do nothing."""
        for name in names:
            self.install_command(name, f'printf "%s\\n" {name} "$@" "" >> "{self.calls}"')

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script as GitHub and GitLab do: it ends where a command fails."""
        given = {
            "PATH": f"{self.commands}:{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(self.outputs),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            **variables,
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder, env=os.environ | given, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def audit(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the action's audit with its defaults."""
        defaults = {key: value["default"] for key, value in read(ACTION)["inputs"].items()}
        named = {"SPEC": "spec", "OUTPUT": "output", "FORMAT": "format", "JOBS": "jobs", "PYTHON": "python"}
        assert set(named) == set(STEPS["Audit"]["env"])
        return self.run(STEPS["Audit"]["run"], **{name: defaults[key] for name, key in named.items()} | variables)

    def told(self) -> dict[str, str]:
        """What the action told the workflow."""
        return dict(line.split("=", 1) for line in self.outputs.read_text(encoding="utf-8").splitlines())


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job on the tutorial's example."""
    return Job(tmp_path)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", ACTION),
        ("vendor.github-workflows", RECIPES / "github-actions.yml"),
        ("vendor.gitlab-ci", RECIPES / "gitlab-ci.yml"),
    ],
)
def test_recipes_keep_the_schema_of_their_system(schema: str, path: Path) -> None:
    """Action, workflow and job are valid by the schemas that check-jsonschema brings along."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_pasted_into_a_script() -> None:
    """Inputs and contexts reach the shell as variables: a script that they were pasted into would run them."""
    scripts = [step["run"] for step in STEPS.values()]
    assert len(scripts) == 2
    assert not any("${{" in script for script in scripts)
    workflow = read(RECIPES / "github-actions.yml")
    assert not any("run" in step for step in workflow["jobs"]["audit"]["steps"])


def test_the_workflow_uses_what_the_action_offers() -> None:
    """Inputs that the workflow sets and outputs that it reads are those of the action; it pins each action it uses."""
    action, text = read(ACTION), (RECIPES / "github-actions.yml").read_text(encoding="utf-8")
    steps = read(RECIPES / "github-actions.yml")["jobs"]["audit"]["steps"]
    audit = next(step for step in steps if step.get("id") == "audit")
    assert set(audit["with"]) <= set(action["inputs"])
    asked = set(re.findall(r"steps\.audit\.outputs\.([\w-]+)", text))
    assert asked
    assert asked <= set(action["outputs"])
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@v[\d.]+", step["uses"]) for step in steps)
    told = set(re.findall(r'echo "([\w-]+)=', STEPS["Audit"]["run"]))
    assert told == set(action["outputs"])


def test_the_action_ends_with_the_decision(job: Job) -> None:
    """On the tutorial the step fails with 1, tells the workflow so, and leaves report, SARIF and summary."""
    job.drop_drift()
    done = job.audit()
    assert done.returncode == 1, done.stderr
    assert job.told() == {
        "status": "rejected",
        "exit-code": "1",
        "folder": "audit-report",
        "report": "audit-report/report.html",
        "sarif": "audit-report/github.sarif",
    }
    files = {path.name for path in (job.folder / "audit-report").iterdir()}
    assert files == {
        "record.json",
        *(known()[id].file for id in read(ACTION)["inputs"]["format"]["default"].split(",")),
    }
    assert "does not meet its criteria" in job.summary.read_text(encoding="utf-8").lower()


def test_an_earlier_output_is_not_taken_for_this_one(job: Job) -> None:
    """After an error no folder and no report are told, though those of an earlier run are still there."""
    earlier = job.folder / "audit-report"
    earlier.mkdir()
    for name in ("record.json", "report.html", "github.sarif"):
        (earlier / name).write_text("earlier", encoding="utf-8")
    done = job.audit(SPEC="missing.toml")
    assert done.returncode == 2
    assert job.told() == {"status": "not_judged", "exit-code": "2"}


@pytest.mark.parametrize(
    "attack", ["$(touch owned)", "`touch owned`", "a'; touch owned; '", '"; touch owned; "', "--help"]
)
@pytest.mark.parametrize("name", ["SPEC", "OUTPUT", "FORMAT", "JOBS"])
def test_the_inputs_of_the_action_are_not_run(job: Job, name: str, attack: str) -> None:
    """Whatever stands in an input is a name, neither a command nor an option."""
    done = job.audit(**{"FORMAT": "", "SPEC": "missing.toml", name: attack})
    assert done.returncode == 2
    assert not list(job.folder.parent.rglob("owned"))
    assert "Usage: llmops-audit run [OPTIONS]" not in done.stdout
    assert job.told()["status"] == "not_judged"


def test_a_folder_cannot_add_outputs(job: Job) -> None:
    """A folder's name over two lines would be two outputs, and is refused."""
    done = job.audit(OUTPUT="report\nstatus=approved")
    assert done.returncode == 2
    assert job.told() == {}


@pytest.mark.parametrize(
    ("install", "calls"),
    [
        ("none", []),
        (
            "locked",
            [
                "-m pip install --quiet --require-hashes --no-deps -r /action/requirements.lock",
                "-m pip install --quiet --no-deps --no-build-isolation /action",
            ],
        ),
        ("llmops-audit==0.1.0", ["-m pip install --quiet -- llmops-audit==0.1.0"]),
        ("--index-url=x; touch owned", ["-m pip install --quiet -- --index-url=x; touch owned"]),
    ],
)
def test_the_action_installs_what_was_asked_for(job: Job, install: str, calls: list[str]) -> None:
    """The lock file of the action's own checkout, nothing, or one requirement, which cannot be an option."""
    job.record_calls("python")
    done = job.run(STEPS["Install llmops-audit"]["run"], INSTALL=install, PYTHON="python", ACTION_FOLDER="/action")
    assert done.returncode == 0, done.stderr
    written = job.calls.read_text(encoding="utf-8") if job.calls.exists() else ""
    assert [" ".join(call.splitlines()[1:]) for call in written.split("\n\n") if call] == calls
    assert not (job.folder / "owned").exists()


def test_the_job_of_gitlab_ends_with_the_decision(job: Job) -> None:
    """On the tutorial the job fails with 1, over a stale output, and leaves the files that GitLab is told to read."""
    (job.folder / "audit-report").mkdir()
    (job.folder / "audit-report" / "foreign.txt").touch()
    job.drop_drift()
    done = job.run("\n".join(GITLAB["script"]))
    assert done.returncode == 1, done.stderr
    for path in GITLAB["artifacts"]["reports"].values():
        assert (job.folder / path).is_file()
    assert GITLAB["artifacts"]["paths"] == ["audit-report/"]
    assert GITLAB["allow_failure"] == {"exit_codes": "3"}


def test_the_job_of_gitlab_installs_a_release_by_its_lock_file(job: Job) -> None:
    """It clones the release that it names, and installs that with the versions of its lock file."""
    job.record_calls("git", "python")
    done = job.run("\n".join(GITLAB["before_script"]), **GITLAB["variables"])
    assert done.returncode == 0, done.stderr
    calls = [" ".join(call.splitlines()) for call in job.calls.read_text(encoding="utf-8").split("\n\n") if call]
    assert len(calls) == 3
    assert calls[0].startswith("git clone --quiet --depth 1 --branch v0.1.0 https://git.example.com/")
    clone = calls[0].split()[-1]
    assert f"--require-hashes --no-deps -r {clone}/requirements.lock" in calls[1]
    assert calls[2].split()[-1] == clone


def test_the_stage_of_jenkins_ends_with_the_decision(job: Job) -> None:
    """The script that Jenkins runs ends with 1 on the tutorial, and leaves the files that Jenkins is told to read."""
    scripts = re.findall(r"'''(.*?)'''", JENKINS, re.DOTALL)
    audit = next(script for script in scripts if " run audit.toml" in script)
    job.drop_drift()
    done = job.run(audit.replace('"$WORKSPACE_TMP/venv/bin/llmops-audit"', "llmops-audit"))
    assert done.returncode == 1, done.stderr
    tests = re.search(r"junit testResults: '([^']+)'", JENKINS)
    assert tests is not None
    assert (job.folder / tests[1]).is_file()
    for script in scripts:
        assert job.run(f"set -n\n{script}").returncode == 0
    assert JENKINS.count("{") == JENKINS.count("}")


def test_every_format_of_the_recipes_exists() -> None:
    """The formats that recipes name are known."""
    recipes = [path.read_text(encoding="utf-8") for path in sorted(RECIPES.iterdir()) if path.suffix != ".md"]
    named = {id for text in recipes for found in re.findall(r"--format ([\w,-]+)", text) for id in found.split(",")}
    assert named
    assert named <= set(known())


def test_what_the_pages_link_to_is_there() -> None:
    """Every relative link of the recipes exists."""
    links = [
        path.parent / link
        for path in RECIPES.glob("*.md")
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text(encoding="utf-8"))
    ]
    assert links
    assert [str(link) for link in links if not link.exists()] == []


def test_recipes_name_no_registry() -> None:
    """Where packages come from is said by the machine, and the only hosts are examples."""
    texts = [path.read_text(encoding="utf-8") for path in (ACTION, *RECIPES.iterdir())]
    hosts = {host for text in texts for host in re.findall(r"https?://([\w.-]+)", text)}
    assert hosts <= {"git.example.com"}
    assert not any("index-url" in text for text in texts)
