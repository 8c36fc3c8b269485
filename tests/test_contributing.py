"""CONTRIBUTING is right in every line: its commands are run as they stand, and its code is the program's."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from llmops_audit.check import INPUTS, evidence_names
from llmops_audit.check.inputs import Inputs

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
NAME = "missing_values"

EXIT_CODES = {
    "llmops-audit run": 1,
    ".venv/bin/python -m llmops_audit.testing.catalogue --update": 1,
}
"""Commands that the page says end with another code than 0."""

BLOCK = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
TREE = ("llmops_audit", "checks", "templates", "tests", "examples", "benchmarks")

tree_only = pytest.mark.skipif(not (ROOT / "llmops_audit").is_dir(), reason="the sources are not here")


def _section(start: str, end: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(start) : text.index(end)]


PLUG_IN = _section("## A check in ten minutes", "### A check of this project")
OWN = _section("### A check of this project", "## Something else")


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the blocks of code with their languages, in order, free of the indent of a list."""
    for found in BLOCK.finditer(text):
        yield found["kind"], re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE)


def _commands(console: str) -> list[str]:
    lines = console.splitlines()
    assert all(line.startswith("$ ") for line in lines), console
    return [line.removeprefix("$ ") for line in lines]


def _run(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        shlex.split(command), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == EXIT_CODES.get(command, 0), f"{command}\n{said}"
    return said


def _with_spec(spec: Path, block: str) -> None:
    """Do as the page says: the first paragraph goes to the top of the spec, the others to its end."""
    top, end = block.split("\n\n", 1)
    spec.write_text(f"{top}\n{spec.read_text(encoding='utf-8')}\n{end}", encoding="utf-8")


def _environment(*path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    return kept | {"PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]]), "NO_COLOR": "1"}


def test_from_an_empty_folder_to_a_check_that_runs(tmp_path: Path) -> None:
    """Every command of the first section works, in order, and the check that it makes judges an audit."""
    ran = []
    for kind, block in _blocks(PLUG_IN):
        if kind == "console":
            for command in _commands(block):
                _run(command, tmp_path, _environment(Path(sys.executable).parent))
                ran.append(command.split()[:3])
        elif kind == "toml":
            _with_spec(tmp_path / "audit.toml", block)
        else:
            assert block in (tmp_path / "audit_checks" / f"{NAME}.py").read_text(encoding="utf-8")
    assert ["llmops-audit", "checks", "new"] in ran
    assert ran[-1] == ["llmops-audit", "run"]
    record = json.loads((tmp_path / "reports" / "tutorial-0.1.0" / "record.json").read_text(encoding="utf-8"))
    result = {check["name"]: check for check in record["checks"]}[NAME]
    assert result["verdict"] == "passed"
    assert result["settings"] == {"max_rate": 0.01}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of the tree that is set up, and installed, without fetching anything."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for part in TREE:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for file in ("Makefile", "README.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / file, folder)
    place = folder / ".venv"
    venv.create(place)
    (site,) = place.glob("lib/python*/site-packages")
    # What is installed here is there as well, behind the copy of the project.
    shared = [path for path in sys.path if path.endswith("site-packages")]
    (site / "shared.pth").write_text("\n".join(shared), encoding="utf-8")
    install = "-m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e ."
    subprocess.run(
        [place / "bin" / "python", *install.split()], cwd=folder, check=True, env=_environment(place / "bin")
    )
    (place / ".ready").touch()
    return folder


@tree_only
@pytest.mark.slow
def test_a_check_of_this_project(clone: Path) -> None:
    """In a clone the commands make a check of ours: files, catalogue and README are those that the page names."""
    before = {path: path.read_bytes() for path in _tracked(clone)}
    said = {}
    for kind, block in _blocks(OWN):
        assert kind == "console"
        for command in _commands(block):
            said[command] = _run(command, clone, _environment(Path(sys.executable).parent))
    changed = {str(path.relative_to(clone)) for path in _tracked(clone) if before.get(path) != path.read_bytes()}
    assert changed == {
        f"checks/{NAME}.py",
        f"tests/checks/test_{NAME}.py",
        "llmops_audit/render/locale/zh/LC_MESSAGES/llmops_audit.po",
        "README.md",
    }
    assert all(path in OWN or path == "README.md" for path in changed)
    listed = next(text for command, text in said.items() if command.endswith("--update"))
    assert "zh: missing: Missing values: are too many values of a column missing?" in listed
    assert f"| `{NAME}` | are too many values of a column missing?" in (clone / "README.md").read_text(encoding="utf-8")


def _tracked(folder: Path) -> Iterator[Path]:
    """Yield the files that git would see; what a run leaves behind is none."""
    for path in folder.rglob("*"):
        hidden = {".venv", "__pycache__", ".pytest_cache", "reports"} & set(path.relative_to(folder).parts)
        if path.is_file() and not hidden and ".egg-info" not in str(path):
            yield path


def test_what_is_named_is_there() -> None:
    """Every file, folder and link that the page names exists, but for those of the check that it makes."""
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)`", text)) | set(re.findall(r"\]\(([^)#]+)\)", text))
    paths = {path for path in named if "/" in path or Path(path).suffix in {".md", ".toml", ".lock"}}
    made = {path for path in paths if NAME in path} | {"audit.toml"}
    parts = ("llmops_audit", "checks", ".ci")
    here = {path for path in paths - made if (ROOT / "llmops_audit").is_dir() or not path.startswith(parts)}
    assert len(here) > 5
    assert [path for path in sorted(here) if not (ROOT / path).exists()] == []


def test_what_is_imported_is_there() -> None:
    """Every dotted name of the package that the page names exists."""
    names = set(re.findall(r"`(llmops_audit(?:\.\w+)+)`", PAGE.read_text(encoding="utf-8")))
    assert names
    for name in sorted(names):
        pkgutil.resolve_name(name)


def test_every_target_of_make_is_there() -> None:
    """Every `make target` that the page names is a target of the Makefile."""
    targets = set(re.findall(r"(?:`|\$ )make ([a-z]+)", PAGE.read_text(encoding="utf-8")))
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"test", "readme", "calibrate"} <= targets
    assert targets <= known


def _inputs() -> str:
    said = {}
    for name in INPUTS:
        owner = importlib.import_module(f"llmops_audit.evidence.{name}") if name in evidence_names() else None
        text = (getattr(Inputs, name) if owner is None else owner).__doc__
        assert text, f"input '{name}' has no docstring"
        said[name] = text.strip().splitlines()[0]
    rows = [f"| `{name}` | {text} |" for name, text in said.items()]
    return "\n".join(["| input | what it is |", "|---|---|", *rows])


def test_the_inputs_are_those_that_checks_may_name() -> None:
    """The table of inputs is what the registry and the docstrings say (`make readme` renews it)."""
    shown = re.search(r"<!-- inputs -->\n(.*?)\n?<!-- /inputs -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown
    assert shown[1] == _inputs()


def renew() -> None:
    """Write the table of inputs into the page."""
    text = PAGE.read_text(encoding="utf-8")
    text = re.sub(
        r"(<!-- inputs -->\n).*?(<!-- /inputs -->)",
        lambda found: f"{found[1]}{_inputs()}\n{found[2]}",
        text,
        flags=re.DOTALL,
    )
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    renew()
