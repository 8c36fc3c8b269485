"""Recogniser modules: found by their folder, in a fixed order, and refused where they are malformed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from llmops_audit.analysis.personal_data_rules import titles
from llmops_audit.errors import PluginError
from llmops_audit.personal_data import KINDS, recognisers
from llmops_audit.personal_data.recognisers import catalogue, load

ENTRY = """
import re
from llmops_audit.personal_data.gates import CODE, code
from llmops_audit.personal_data.kinds import Confidence, Form, Kind, words
from llmops_audit.record import Severity, message

PRECEDENCE = {precedence}
KINDS = (
    Kind(
        name="{name}",
        title=message("number of a library card"),
        identifying=True,
        severity=Severity.HIGH,
        jurisdiction="",
        context=words("library"),
        forms=(Form(CODE, code("LIB[0-9]{{6}}"), Confidence.LIKELY),),
        hits=(("library LIB123456", "LIB123456"),),
        misses=("LIB123456",),
    ),
)
"""


@pytest.fixture(name="written")
def _written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[ModuleType]]:
    """Write recogniser modules into a package of their own, and load them."""

    def write(**contents: str) -> list[ModuleType]:
        folder = tmp_path / "areas_of_a_test"
        folder.mkdir()
        for name in ("__init__", *contents):
            (folder / f"{name}.py").write_text(contents.get(name, ""), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
            monkeypatch.delitem(sys.modules, name)
        importlib.invalidate_caches()
        return load([str(folder)], folder.name)

    return write


def test_every_module_of_the_folder_is_in_the_catalogue() -> None:
    """No list names the modules: what stands in the folder counts, and the kinds keep their order."""
    folder = Path(recognisers.__path__[0])
    stems = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    modules = load(recognisers.__path__)
    assert {module.__name__.rpartition(".")[2] for module in modules} == stems
    ordered = sorted(modules, key=lambda module: module.PRECEDENCE)
    assert list(KINDS) == [kind.name for module in ordered for kind in module.KINDS]


def test_precedences_differ() -> None:
    """Which of two kinds wins a place never depends on the names of their files."""
    numbers = [module.PRECEDENCE for module in load(recognisers.__path__)]
    assert len(set(numbers)) == len(numbers)


def test_a_new_module_joins_by_its_precedence(written: Callable[..., list[ModuleType]]) -> None:
    """A module that is added to the folder brings its kinds, before those of a higher number."""
    modules = written(
        aaa=ENTRY.format(precedence=2, name="second"),
        bbb=ENTRY.format(precedence=1, name="first"),
    )
    assert list(catalogue(modules)) == ["first", "second"]


def test_a_kind_in_two_modules_is_an_error_that_names_both(written: Callable[..., list[ModuleType]]) -> None:
    """The second entry would win or lose in silence."""
    modules = written(aaa=ENTRY.format(precedence=1, name="card"), bbb=ENTRY.format(precedence=2, name="card"))
    with pytest.raises(PluginError, match=r"'card': is defined twice; expected one entry; got \S*aaa.py and \S*bbb.py"):
        catalogue(modules)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("", "PRECEDENCE, a whole number; got nothing"),
        ("PRECEDENCE = 'first'", "PRECEDENCE, a whole number; got a str"),
        ("PRECEDENCE = 1", "KINDS, a tuple of at least one Kind; got nothing"),
        ("PRECEDENCE = 1\nKINDS = ()", "KINDS, a tuple of at least one Kind; got an empty tuple"),
        ("PRECEDENCE = 1\nKINDS = ('email',)", "KINDS, a tuple of at least one Kind; got a tuple"),
    ],
)
def test_a_malformed_module_is_an_error_that_names_it(
    written: Callable[..., list[ModuleType]], content: str, wrong: str
) -> None:
    """A module without kinds is no recogniser, and is not left out in silence."""
    with pytest.raises(PluginError, match=f"aaa.py: is no recogniser; expected a constant {wrong}"):
        catalogue(written(aaa=content))


def test_titles_come_from_the_entries() -> None:
    """Checks hand out the title of each kind as its entry has it."""
    assert titles() == {name: kind.title for name, kind in KINDS.items()}
