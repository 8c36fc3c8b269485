"""What contributors and CI rely on: stages, hooks, lowest versions, the form of commits, and the pages on them."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
# With a wheel installed the tests run in a folder without sources; CI names the tree that the wheel was built from.
TREE = Path(os.environ.get("LLMOPS_AUDIT_TREE", ROOT))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOW: dict[str, Any] = yaml.load(
    (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader
)
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

# Folders of the repository; files beside them say something about the whole.
FOLDERS = {
    ".ci",
    ".github",
    "benchmarks",
    "checks",
    "docs",
    "examples",
    "llmops_audit",
    "reports",
    "templates",
    "tests",
}
FILES = {
    ".gitignore", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE",
    "Makefile", "README.md", "RELEASING.md", "SECURITY.md", "action.yml", "pyproject.toml", "requirements-minimum.txt",
    "requirements.lock",
}  # fmt: skip

SIMULATIONS = """
import pytest

@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_simulated(seed): pass

def test_quick(): pass
"""


def module(path: Path) -> ModuleType:
    """Import a file that belongs to no package."""
    spec = importlib.util.spec_from_file_location(f"habits_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def subjects() -> ModuleType:
    """The module that judges the subjects of commits."""
    return module(ROOT / ".ci" / "commit_subject.py")


def layers() -> list[str]:
    """Return the layers in the order of the contract."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (found,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return list(found)


def lowest(line: str) -> str:
    """Return the lowest version that a requirement admits."""
    (bound,) = (one.version for one in Requirement(line).specifier if one.operator == ">=")
    return bound


def test_the_page_on_architecture_lists_the_layers() -> None:
    """The table of layers is the contract's list, in its order, and so are the folders of the package."""
    table = ARCHITECTURE.partition("## Layers")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == layers()
    if (TREE / "llmops_audit").is_dir():
        folders = {path.name for path in (TREE / "llmops_audit").iterdir() if path.is_dir()}
        assert folders - {"__pycache__"} == set(layers())


def test_the_page_on_architecture_says_what_checks_may_import() -> None:
    """The packages that the page opens to checks are those that no contract forbids as a whole."""
    sentence = re.search(r"A check imports (.*?), and nothing else", ARCHITECTURE, re.DOTALL)
    assert sentence is not None
    forbidden = {
        module
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract.get("source_modules") == ["checks"]
        for module in contract["forbidden_modules"]
    }
    allowed = {layer for layer in layers() if f"llmops_audit.{layer}" not in forbidden}
    assert set(re.findall(r"`(\w+)`", sentence[1])) == allowed


@pytest.mark.skipif(not (TREE / ".git").exists(), reason="what belongs to the repository, git alone knows")
def test_the_top_level_holds_what_it_should() -> None:
    """A file or folder that is new at the top of the repository is listed here, or belongs elsewhere."""
    done = subprocess.run(["git", "ls-files"], cwd=TREE, capture_output=True, text=True, check=True)
    paths = [Path(line).parts for line in done.stdout.splitlines()]
    assert {parts[0] for parts in paths if len(parts) > 1} <= FOLDERS
    assert {parts[0] for parts in paths if len(parts) == 1} <= FILES


def test_the_lowest_versions_are_those_of_the_project() -> None:
    """What CI installs as the lowest versions is what pyproject.toml admits, for every library that users get."""
    lines = (ROOT / "requirements-minimum.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["testing"]]
    assert pinned == {Requirement(line).name: lowest(line) for line in wanted}


def test_a_quarter_of_the_simulations_runs_and_every_other_test(tmp_path: Path) -> None:
    """`--quarter` leaves out simulations alone, and the four quarters hold each of them once."""
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (tmp_path / "test_it.py").write_text(SIMULATIONS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n", encoding="utf-8")
    quarters = module(ROOT / "tests" / "conftest.py")
    ids = [f"test_it.py::test_simulated[{seed}]" for seed in range(40)]
    assert {quarters.quarter_of(one) for one in ids} == {0, 1, 2, 3}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only", "--quarter", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    wanted = [one for one in ids if quarters.quarter_of(one) == 2]
    assert re.findall(r"^test_it\.py::\S+", done.stdout, re.MULTILINE) == [*wanted, "test_it.py::test_quick"]


@pytest.mark.parametrize(
    "subject",
    ["fairness: ratios against a rate of zero are above any minimum", "check, data: one reader", "Merge branch 'x'"],
)
def test_a_subject_that_names_its_area_is_fine(subjects: ModuleType, subject: str) -> None:
    """An area in lower case, a colon and a sentence; what git writes itself is left alone."""
    assert subjects.wrong(subject) is None


@pytest.mark.parametrize(
    "subject", ["Mend the ratios", "fairness ratios", "fairness: ratios.", "Fairness: ratios", "fairness: " + "x" * 91]
)
def test_a_subject_without_its_area_is_refused(subjects: ModuleType, subject: str) -> None:
    """No area, no colon, a full stop, a capital letter or a line that is too long: the commit is refused."""
    assert subjects.wrong(subject)


def test_the_hook_reads_what_git_is_about_to_commit(tmp_path: Path) -> None:
    """The hook gets a file, in which comments do not count, and ends with an error that shows the subject."""
    message = tmp_path / "message"
    message.write_text("# a comment\nMend it\n", encoding="utf-8")
    command = [sys.executable, str(ROOT / ".ci" / "commit_subject.py"), str(message)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "'Mend it'" in done.stderr


def test_the_workflow_runs_the_gates_on_every_python_of_the_project() -> None:
    """Each job runs .ci/run and nothing of its own, may only read, and pins actions by their major version."""
    listed = {line.rpartition(" ")[2] for line in PROJECT["project"]["classifiers"] if re.search(r":: 3\.\d+$", line)}
    assert set(WORKFLOW["jobs"]["change"]["strategy"]["matrix"]["python"]) == listed
    assert WORKFLOW["permissions"] == {"contents": "read"}
    commands = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]
    assert {command for command in commands if not command.startswith("git config")} == {".ci/run", ".ci/run --long"}
    used = [step["uses"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "uses" in step]
    assert [action for action in used if not re.fullmatch(r"actions/[\w-]+@v\d+", action)] == []


def test_the_workflow_keeps_github_s_schema() -> None:
    """GitHub would accept the workflow."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run(
        [*command, str(ROOT / ".github" / "workflows" / "ci.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_forms_of_issues_are_complete() -> None:
    """Each form has a name, a description and questions, each of which has an id of its own."""
    assert {path.stem for path in FORMS} == {"bug", "config", "new-check", "wrong-verdict"}
    for path in FORMS:
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.stem == "config":
            continue
        assert form["name"]
        assert form["description"]
        ids = [item["id"] for item in form["body"] if item["type"] != "markdown"]
        assert ids
        assert len(set(ids)) == len(ids)


def test_hooks_of_this_repository_run_what_make_lint_runs() -> None:
    """Each linter of `make lint` is a hook, and the form of commits is one too."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = " ".join(hook["entry"] for repo in config["repos"] for hook in repo["hooks"])
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlint: ")[2].partition("\n\n")[0]
    tools = re.findall(r"\$\(RUN\)/([\w-]+)", recipe)
    assert tools
    assert [tool for tool in tools if f".venv/bin/{tool}" not in entries] == []
    assert ".ci/commit_subject.py" in entries
