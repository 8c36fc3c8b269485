"""Each contract of import-linter catches what it is there for: forbidden imports are planted in a copy of the tree."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
# With a wheel installed the tests run in a folder without sources; CI names the tree that the wheel was built from.
TREE = Path(os.environ.get("LLMOPS_AUDIT_TREE", ROOT))
SOURCES = ("llmops_audit", "checks")
CONTRACTS: list[dict[str, Any]] = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
NAMES = [contract["name"] for contract in CONTRACTS]
PLANTED = "planted"
# What a folder may know of the package, whole packages by name; what stands above it, the layers forbid.
ALLOWED = {
    "checks": {"check", "analysis", "evidence", "stats", "record", "errors"},
    "llmops_audit.render": {"record", "errors"},
}
# Where a plant for everything in `llmops_audit` stands: a module at the root would belong to no layer.
HOMES = {"llmops_audit": "llmops_audit.cli", "checks.*": "checks"}

pytestmark = pytest.mark.skipif(
    not (TREE / "llmops_audit").is_dir(), reason="the sources are not here: LLMOPS_AUDIT_TREE names their folder"
)


@dataclass(frozen=True)
class Plant:
    """An import that a contract forbids: a new module of a package imports another module."""

    package: str
    imported: str

    @property
    def importer(self) -> str:
        return f"{self.package}.{PLANTED}"


def plants(contract: dict[str, Any]) -> list[Plant]:
    """Return what a contract forbids: a plant for each pair of neighbours in the layers, and each forbidden package."""
    if contract["type"] == "layers":
        (container,) = contract["containers"]
        layers = [f"{container}.{layer}" for layer in contract["layers"]]
        return [Plant(lower, upper) for upper, lower in itertools.pairwise(layers)]
    if contract["type"] == "forbidden":
        homes = [HOMES.get(source, source) for source in contract["source_modules"]]
        return [Plant(home, forbidden) for home in homes for forbidden in contract["forbidden_modules"]]
    if contract["type"] == "independence":
        (package,) = (pattern.removesuffix(".*") for pattern in contract["modules"])
        sibling = min(path.stem for path in (TREE / package).glob("[!_]*.py"))
        return [Plant(package, f"{package}.{sibling}")]
    return []


def layers() -> list[str]:
    """Return the packages from the command line down to the errors."""
    (found,) = (contract["layers"] for contract in CONTRACTS if contract["type"] == "layers")
    return list(found)


def broken_besides(planted: list[Plant]) -> set[str]:
    """Return the other contracts that speak of the same imports: render reaches checks, or what judges, by them too."""
    others = set()
    if Plant("llmops_audit.render", "checks") in planted:
        others.add("The core names no check")
    if Plant("llmops_audit.render", "llmops_audit.audit") in planted:
        others.add("A report is rendered from the record alone")
    return others


def copied(folder: Path) -> None:
    """Copy what import-linter reads."""
    for source in SOURCES:
        shutil.copytree(TREE / source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TREE / "pyproject.toml", folder)


def plant(folder: Path, planted: list[Plant]) -> None:
    """Write the modules with forbidden imports."""
    for one in planted:
        with (folder / one.importer.replace(".", "/")).with_suffix(".py").open("a", encoding="utf-8") as file:
            file.write(f"import {one.imported}\n")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a folder."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=folder, env=os.environ | {"COLUMNS": "500", "NO_COLOR": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def linted(folder: Path) -> tuple[str, dict[str, str]]:
    """Return what import-linter prints on a folder, and what it says of each contract."""
    done = lint(folder)
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)", done.stdout, re.MULTILINE))
    assert list(verdicts) == NAMES, done.stdout + done.stderr
    assert (done.returncode != 0) == ("BROKEN" in verdicts.values())
    return done.stdout, verdicts


def test_every_contract_holds_where_nothing_is_planted(tmp_path: Path) -> None:
    """The copy as it is breaks no contract, so that what breaks is the plant's doing."""
    copied(tmp_path)
    assert set(linted(tmp_path)[1].values()) == {"KEPT"}


@pytest.mark.parametrize("contract", CONTRACTS, ids=NAMES)
def test_a_forbidden_import_breaks_its_contract(contract: dict[str, Any], tmp_path: Path) -> None:
    """Each contract has plants, names each of them where it breaks, and no other contract breaks."""
    planted = plants(contract)
    assert planted, f"no plant is known for a contract of the type {contract['type']!r}"
    copied(tmp_path)
    plant(tmp_path, planted)
    printed, verdicts = linted(tmp_path)
    broken = {name for name, verdict in verdicts.items() if verdict == "BROKEN"}
    assert broken == {contract["name"]} | broken_besides(planted)
    named = set(re.findall(r"(\S+) -> (\S+) \(l\.", printed))
    assert [one for one in planted if (one.importer, one.imported) not in named] == []


def test_a_place_that_no_layer_lists_breaks_the_layers(tmp_path: Path) -> None:
    """A fifteenth name at the root of the package is refused until the contract lists it."""
    copied(tmp_path)
    (tmp_path / "llmops_audit" / "somewhere.py").touch()
    done = lint(tmp_path)
    assert done.returncode != 0
    assert "somewhere" in done.stdout + done.stderr


@pytest.mark.parametrize("source", ALLOWED)
def test_whatever_is_not_allowed_is_forbidden(source: str) -> None:
    """A new package, or one dropped from a list, is not open to checks and renderers by accident."""
    forbidden = {
        module
        for contract in CONTRACTS
        if contract["type"] == "forbidden" and source in contract["source_modules"]
        for module in contract["forbidden_modules"]
    }
    order = layers()
    name = source.removeprefix("llmops_audit.")
    below = order[order.index(name) + 1 :] if name in order else order
    assert {f"llmops_audit.{layer}" for layer in below if layer not in ALLOWED[source]} <= forbidden
