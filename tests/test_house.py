"""The house rules that no linter knows: the lock file, what is installed, where modules stand, the licence."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
# With a wheel installed the tests run in a folder without sources; CI names the tree that the wheel was built from.
TREE = Path(os.environ.get("LLMOPS_AUDIT_TREE", ROOT))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[^\s;]+)(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)")

FOLDERS = ("llmops_audit", "checks", "templates")

# One name, one thing. What shares a name says here why it may; a name that no longer needs it is taken from the list.
SHARED_STEMS = {
    "base": "what all records share, and what all types of evidence share",
    "checks": "the folder of checks, and the commands on them",
    "counterfactual": "the check, and what it computes",
    "drift": "the check, and what it computes",
    "fairness": "the check, and what it computes",
    "outputs": "the evidence on outputs, and how one becomes a label",
    "personal_data": "the package, and the evidence that it fills",
    "pii": "the check, and the command that searches files in the same way",
    "regression": "the check, and what it computes",
    "words": "the sentences of the package that it stands in, found by this name",
}
SHARED_CLASSES: dict[str, str] = {}

# Of the text as the Apache Software Foundation publishes it.
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"

tree_only = pytest.mark.skipif(
    not (TREE / "llmops_audit").is_dir(), reason="the sources are not here: LLMOPS_AUDIT_TREE names their folder"
)


def entries() -> list[str]:
    """Return the lock file's entries, each joined to one line with single spaces."""
    joined = LOCK.replace("\\\n", " ")
    lines = (" ".join(line.split()) for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def pins() -> dict[str, str]:
    """Return the locked version of each package."""
    found = (PIN.fullmatch(entry) for entry in entries())
    return {match["name"]: match["version"] for match in found if match}


def folder_of(package: str) -> Path:
    """Return where a package's files stand in the tree."""
    mapped: dict[str, str] = PROJECT["tool"]["setuptools"]["package-dir"]
    return TREE / mapped.get(package, package.replace(".", "/"))


def modules() -> Iterator[Path]:
    """Yield every module of the program."""
    for top in FOLDERS:
        yield from sorted((TREE / top).rglob("*.py"))


def test_lock_pins_by_version_and_hash() -> None:
    """Every entry of the lock file is a name, one exact version and at least one SHA-256, and nothing else."""
    assert entries()
    assert [entry for entry in entries() if not PIN.fullmatch(entry)] == []


def test_lock_holds_each_package_once() -> None:
    """No package stands in the lock file twice."""
    names = [entry.partition("==")[0] for entry in entries()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("address", ["://", "index-url", "find-links", "trusted-host", " @ "])
def test_lock_names_no_address(address: str) -> None:
    """The lock file says what to install, and leaves it to the machine where from."""
    assert address not in LOCK


def test_lock_satisfies_the_project() -> None:
    """Whatever the project, its extras and its build ask for is locked, in a version that they admit."""
    project = PROJECT["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    locked = pins()
    for line in [*project["dependencies"], *extras, *PROJECT["build-system"]["requires"]]:
        wanted = Requirement(line)
        version = locked.get(canonicalize_name(wanted.name))
        assert version is not None, f"{wanted.name} is not locked"
        assert wanted.specifier.contains(version, prereleases=True), f"{wanted} does not admit {version}"


@tree_only
def test_every_module_is_installed() -> None:
    """No folder with Python files is missing from the list of packages: setuptools would leave it out in silence."""
    packages: list[str] = PROJECT["tool"]["setuptools"]["packages"]
    listed = {folder_of(package) for package in packages}
    held = {path.parent for top in FOLDERS for path in (TREE / top).rglob("*.py")}
    assert listed == held


@tree_only
def test_every_data_file_is_installed() -> None:
    """Each file that is no module matches a pattern of its package's data."""
    patterns: dict[str, list[str]] = PROJECT["tool"]["setuptools"]["package-data"]
    named = {
        path for package, globs in patterns.items() for pattern in globs for path in folder_of(package).glob(pattern)
    }
    files = {
        path
        for top in FOLDERS
        for path in (TREE / top).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert files == named


@tree_only
def test_the_root_of_the_package_holds_the_layers_and_nothing_else() -> None:
    """Each of the fourteen names is a package that the contract on layers lists; modules lie in one of them."""
    (layers,) = (one["layers"] for one in PROJECT["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    assert len(set(layers)) == 14
    held = {path.name for path in (TREE / "llmops_audit").iterdir() if path.name != "__pycache__"}
    assert held == {*layers, "__init__.py", "__main__.py", "py.typed"}


@tree_only
def test_a_file_s_name_stands_for_one_thing() -> None:
    """No two modules or packages have one name, except where the list gives a reason, and the list holds no other."""
    places: defaultdict[str, set[Path]] = defaultdict(set)
    for path in modules():
        place = path.parent if path.stem == "__init__" else path
        places[place.stem].add(place)
    shared = {name: sorted(found) for name, found in places.items() if len(found) > 1 and name != "__main__"}
    assert set(shared) == set(SHARED_STEMS), shared


@tree_only
def test_a_class_s_name_stands_for_one_thing() -> None:
    """No two classes have one name, except where the list gives a reason, and the list holds no other."""
    places: defaultdict[str, list[Path]] = defaultdict(list)
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path)
    shared = {name: found for name, found in places.items() if len(found) > 1}
    assert set(shared) == set(SHARED_CLASSES), shared


def test_licence_is_apache_2() -> None:
    """The licence is the whole, unchanged text of Apache-2.0, as the metadata say."""
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2
    assert PROJECT["project"]["license"] == "Apache-2.0"
