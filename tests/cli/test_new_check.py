"""A new check passes everything as it is written, and bad input writes nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from llmops_audit import cli
from llmops_audit.audit import prepare, run
from llmops_audit.check.registry import provided
from llmops_audit.cli import new_check as module
from llmops_audit.cli.new_check import new_check
from llmops_audit.errors import AuditError
from llmops_audit.record import Verdict

Project = Callable[..., Path]
ROOT = Path(__file__).parents[2]
NAME = "gaps"

tree_only = pytest.mark.skipif(not (ROOT / "llmops_audit").is_dir(), reason="the sources are not here")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[object, str, str]:
    """Run the real entry point; give exit code, stdout and stderr."""
    monkeypatch.setattr("sys.argv", ["llmops-audit", "checks", "new", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    said = capsys.readouterr()
    return caught.value.code, said.out, said.err


def _passes(*command: str, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_plug_in_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command names both files, what to put into the spec and how to test; the default folder is made."""
    code, out, err = _command(capsys, monkeypatch, NAME)
    assert (code, err) == (0, "")
    assert sorted(_files(folder)) == ["audit_checks/gaps.py", "audit_checks/tests/test_gaps.py"]
    for said in ("wrote audit_checks/gaps.py", 'plugins = ["audit_checks/"]', "pytest audit_checks/tests/test_gaps.py"):
        assert said in out
    assert "translation" not in out


def test_a_second_check_joins_the_first(folder: Path) -> None:
    """A folder holds any number of checks."""
    new_check(NAME)
    new_check("late_rows")
    assert {NAME, "late_rows"} <= set(provided([module.DEFAULT_FOLDER]))


def test_what_is_written_keeps_the_contract(folder: Path) -> None:
    """The test that comes with a check passes, warnings are errors; the page has all headings, with advice."""
    written = new_check(NAME)
    _passes("pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(written.test), folder=folder)
    page = provided([written.module])[NAME].check.page
    assert page.title.startswith("Gaps: ")
    assert len(page.sections) == 6


@pytest.mark.parametrize("line_length", [88, 120])
def test_what_is_written_is_clean_to_ruff(line_length: int, folder: Path) -> None:
    """The longest name leaves lines short enough, sorted and formatted, by this project's rules too."""
    new_check("a" * module.LONGEST_NAME)
    plain = ("--isolated", "--line-length", str(line_length))
    _passes("ruff", "format", *plain, "--check", ".", folder=folder)
    _passes("ruff", "check", *plain, "--extend-select", "I,D1,E,UP", ".", folder=folder)
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    ignored = ",".join([*rules["ignore"], "S101"])
    ours = ("--select", ",".join(rules["select"]), "--ignore", ignored, "--line-length", "120")
    ours += ("--config", 'lint.pydocstyle.convention = "numpy"')
    _passes("ruff", "check", "--isolated", *ours, ".", folder=folder)


@pytest.mark.slow
def test_what_is_written_is_typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Module and test pass mypy in its strict mode."""
    new_check(NAME)
    # An editable installation is an import hook, which mypy cannot follow; what is installed it finds by itself.
    installed = Path(str(resources.files("llmops_audit"))).parent
    if installed.name != "site-packages":
        monkeypatch.setenv("MYPYPATH", str(installed))
    options = ("--strict", "--follow-imports=silent", "--ignore-missing-imports", "--explicit-package-bases")
    _passes("mypy", *options, str(module.DEFAULT_FOLDER), folder=folder)


def test_an_audit_runs_with_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec that names the folder and the check judges every column by it."""
    spec = project(
        {"\n[audit]": 'plugins = ["own/"]\n[audit]', "[checks.accuracy]": f"[checks.{NAME}]\n[checks.accuracy]"},
        rows="text,label\n" + "\n".join(f"{'' if i % 4 == 0 else 'word ' + 'ab'[i % 2]},{i % 2}" for i in range(200)),
    )
    (spec.parent / "own").mkdir()
    new_check(NAME, spec.parent / "own")
    result = {check.name: check for check in run(prepare(spec)).checks}[NAME]
    assert result.verdict is Verdict.FAILED
    assert {finding.id: finding.verdict for finding in result.findings} == {
        "gaps.missing_rate[column=label]": Verdict.PASSED,
        "gaps.missing_rate[column=text]": Verdict.FAILED,
    }


BAD_NAMES = [
    ("Gaps", "is not a valid name for a check; expected lower-case letters"),
    ("2gaps", "is not a valid name for a check"),
    ("late-rows", "is not a valid name for a check"),
    ("_gaps", "is not a valid name for a check"),
    ("späte", "is not a valid name for a check"),
    ("../gaps", "is not a valid name for a check"),
    ("gaps\n", "is not a valid name for a check"),
    ("", "is not a valid name for a check"),
    ("a" * 31, "at most 30 characters"),
    ("class", "check 'class': has the name of something in Python"),
    ("sorted", "has the name of something in Python"),
    ("json", "has the name of something in Python"),
    ("check", "or of something that a check needs"),
    ("accuracy", "check 'accuracy': exists already, in llmops-audit; expected none of accuracy, "),
]


@pytest.mark.parametrize(("name", "said"), BAD_NAMES)
def test_a_bad_name_is_refused(
    name: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no name, is taken by Python or by a check ends in 2, with nothing written."""
    code, out, err = _command(capsys, monkeypatch, "--", name)
    assert (code, out) == (2, "")
    assert said in err
    assert f"got {name!r}" in err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("taken", ["own/gaps.py", "own/tests/test_gaps.py"])
@pytest.mark.parametrize("how", ["file", "folder", "dangling link"])
def test_nothing_is_overwritten(
    taken: str, how: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where either file is in the way, whatever it is, neither is written."""
    path = folder / taken
    path.parent.mkdir(parents=True)
    if how == "file":
        path.write_text("mine", encoding="utf-8")
    elif how == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere.py")
    before = _files(folder)
    code, _, err = _command(capsys, monkeypatch, NAME, "--folder", "own")
    assert code == 2
    assert f"{taken}: exists already; expected a name that is not taken" in err
    assert _files(folder) == before
    assert sorted(path.name for path in (folder / "own").rglob("*.py")) == [path.name]


@pytest.mark.parametrize(
    ("place", "said"),
    [("nowhere", "nowhere: does not exist; expected a folder"), ("notes.txt", "notes.txt: is not a folder")],
)
def test_a_folder_that_is_none_is_refused(
    place: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is missing or a file ends in 2, with nothing written."""
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    code, _, err = _command(capsys, monkeypatch, NAME, "--folder", place)
    assert code == 2
    assert said in err
    assert sorted(_files(folder)) == ["notes.txt"]
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt"]


def test_the_default_folder_may_be_no_file(folder: Path) -> None:
    """A file that bears the name of the default folder is an error as well."""
    module.DEFAULT_FOLDER.write_text("x", encoding="utf-8")
    with pytest.raises(AuditError, match="audit_checks: is not a folder"):
        new_check(NAME)


def test_half_a_check_is_taken_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second file cannot be written, the first goes, and so do the folders that were made."""
    write = module._write

    def full(path: Path, *rest: object) -> None:
        if path.name.startswith("test_"):
            raise OSError(28, "No space left on device", str(path))
        write(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_write", full)
    with pytest.raises(AuditError, match=r"tests/test_gaps.py: cannot be written: No space left on device; expected"):
        new_check(NAME)
    assert list(folder.iterdir()) == []


@pytest.fixture
def tree(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like the project's tree and whose package runs: no check in it, catalogues as they are."""
    shutil.copytree(ROOT / "llmops_audit", "llmops_audit", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("checks", "tests/checks"):
        Path(name).mkdir(parents=True)
    monkeypatch.setattr("llmops_audit.__file__", str(folder / "llmops_audit" / "__init__.py"))
    return folder


@tree_only
def test_in_the_tree_it_becomes_a_check_of_the_project(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Module, test and catalogue are written to their places; the command says that translations are missing."""
    from llmops_audit.testing import catalogue

    used = catalogue.sentences()
    monkeypatch.setattr(catalogue, "sentences", lambda: used | {"A sentence of the new check.", "And one more."})
    before = _files(tree)
    code, out, _ = _command(capsys, monkeypatch, NAME)
    assert code == 0
    changed = {path for path, content in _files(tree).items() if before.get(path) != content}
    catalogues = "llmops_audit/render/locale/zh/LC_MESSAGES/llmops_audit.po"
    assert changed == {"checks/gaps.py", "tests/checks/test_gaps.py", catalogues}
    assert f"{catalogues}: 2 sentences have no translation yet" in out
    assert 'provided()["gaps"]' in (tree / "tests/checks/test_gaps.py").read_text(encoding="utf-8")


@tree_only
def test_a_catalogue_that_cannot_be_written_takes_the_check_back(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files of the tree are as before where the last of them fails."""
    from llmops_audit.testing import catalogue

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error", "llmops_audit.po")

    monkeypatch.setattr(catalogue, "written", broken)
    monkeypatch.setattr(catalogue, "sentences", frozenset)
    before = _files(tree)
    with pytest.raises(AuditError, match=r"llmops_audit.po: cannot be written: Input/output error"):
        new_check(NAME)
    assert _files(tree) == before


@tree_only
def test_in_the_tree_a_folder_still_makes_a_plug_in(tree: Path) -> None:
    """With --folder the check is the user's own, wherever the command runs."""
    Path("own").mkdir()
    assert new_check(NAME, Path("own")).catalogues == {}
    assert (tree / "own" / "gaps.py").is_file()


@tree_only
def test_the_tree_of_another_installation_is_refused(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program from elsewhere would change its own catalogues instead of the tree's."""
    monkeypatch.undo()
    monkeypatch.chdir(tree)
    before = _files(tree)
    with pytest.raises(AuditError, match="the current folder: holds the source of llmops-audit, and another"):
        new_check(NAME)
    assert _files(tree) == before
