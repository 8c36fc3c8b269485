"""Formats are found by their folder: one module is all that another format takes, and a wrong module is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from llmops_audit.errors import AuditError, PluginError, RecordError
from llmops_audit.render import formats
from llmops_audit.render.formats import file_names, known, render_files

Project = Callable[..., Path]

LINES = '''"""The findings as JSON Lines, for a log."""

import json

FILE = "findings.jsonl"
WRITTEN = "format"


def render(record, *, language, root):
    findings = [finding for check in record.checks for finding in check.findings]
    return "".join(json.dumps({"id": f.id, "language": language, "root": root}) + "\\n" for f in findings).encode()
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules are formats as well."""
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    known.cache_clear()
    yield tmp_path
    known.cache_clear()
    for name in [name for name in sys.modules if name.startswith(f"{formats.__name__}.own")]:
        del sys.modules[name]


def _command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a new process, in which the modules of a folder are formats as well."""
    code = (
        f"from llmops_audit.render import formats\nformats.__path__.append({str(folder)!r})\n"
        f"import sys\nsys.argv[1:] = {list(arguments)!r}\nfrom llmops_audit.cli import main\nmain()"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_module_is_all_that_a_format_takes(project: Project, tmp_path: Path) -> None:
    """A new module is in the help, can be run and rendered, and its file is replaced with the rest of an output."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "own_lines.py").write_text(LINES, encoding="utf-8")
    spec = project()
    out = spec.parent / "out"
    assert "own-lines" in _command(own, "run", "--help").stdout
    done = _command(own, "run", str(spec), "--output", str(out), "--format", "csv,own-lines", "--root", "models")
    assert done.returncode == 0, done.stderr
    assert f"Report: {out / 'findings.jsonl'}" in done.stdout
    line = json.loads((out / "findings.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert line["language"] == "en"
    assert line["root"] == "models"
    assert _command(own, "render", str(out), "--format", "own-lines", "--language", "zh").returncode == 0
    assert '"zh"' in (out / "findings.jsonl").read_text(encoding="utf-8")
    assert _command(own, "run", str(spec), "--output", str(out), "--format", "csv").returncode == 0
    assert {path.name for path in out.iterdir()} == {"record.json", "findings.csv"}


def test_without_the_module_its_file_is_foreign(project: Project, tmp_path: Path) -> None:
    """A file that no format writes keeps an output from being replaced, and its format is unknown."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "own_lines.py").write_text(LINES, encoding="utf-8")
    spec = project()
    out = spec.parent / "out"
    assert _command(own, "run", str(spec), "--output", str(out), "--format", "own-lines").returncode == 0
    (own / "own_lines.py").unlink()
    done = _command(own, "run", str(spec), "--output", str(out), "--format", "")
    assert done.returncode == 2
    assert "holds something that is not ours; expected an earlier output, or nothing; got findings.jsonl" in done.stderr
    assert "--format: unknown format" in _command(own, "render", str(out), "--format", "own-lines").stderr


def test_what_is_known_is_sorted_and_whole(folder: Path) -> None:
    """Ids are those of the modules, with hyphens; helpers are none; every file is one format's."""
    (folder / "own_lines.py").write_text(LINES, encoding="utf-8")
    (folder / "_own_helper.py").write_text("raise RuntimeError", encoding="utf-8")
    here = Path(formats.__file__).parent
    modules = {path.stem.replace("_", "-") for path in here.glob("[!_]*.py")}
    assert list(known()) == sorted({*modules, "own-lines"})
    assert known()["own-lines"] == formats.OutputFormat(
        "own-lines", "findings.jsonl", "format", "The findings as JSON Lines, for a log"
    )
    assert len(file_names()) == len(known())


WRONG = (
    ('FILE = "findings.jsonl"', "", "FILE: is no name of a file; expected a text such as 'report.html'; got ''"),
    ("findings.jsonl", "a/b", "FILE: is no name of a file; expected a text such as 'report.html'; got 'a/b'"),
    ("findings.jsonl", "..", "FILE: is no name of a file; expected a text such as 'report.html'; got '..'"),
    ("findings.jsonl", "record.json", "FILE: is that of the record; expected a file of its own"),
    ("findings.jsonl", "findings.csv", "FILE: is that of 'csv'; expected a file of its own"),
    ('"format"', '"never"', "WRITTEN: is unknown; expected one of 'default', 'format', 'page'; got 'never'"),
    ("*, ", "", "render: is missing or has other parameters; expected render(record, *, language, root)"),
    (
        "language, root)",
        "language, folder)",
        "render: is missing or has other parameters; expected render(record, *, language, root)",
    ),
    (
        "def render",
        "def made",
        "render: is missing or has other parameters; expected render(record, *, language, root)",
    ),
    (
        '"""The findings as JSON Lines, for a log."""',
        "",
        "has no docstring; expected a first line that says what the file is",
    ),
    (
        "(record, *",
        "(run, /, record, *",
        "render: is missing or has other parameters; expected render(record, *, language, root)",
    ),
    ("def render", "def", "is no Python: line 9"),
    ("import json", "\0", "is no Python: line 1"),
)


@pytest.mark.parametrize(("old", "new", "wrong"), WRONG)
def test_a_wrong_module_is_named(folder: Path, old: str, new: str, wrong: str) -> None:
    """A module that lacks what a format must state is refused by name, before anything is rendered."""
    (folder / "own_lines.py").write_text(LINES.replace(old, new), encoding="utf-8")
    with pytest.raises(PluginError) as caught:
        known()
    assert str(caught.value).replace("'own-lines': ", "'own-lines' ", 1) == f"output format 'own-lines' {wrong}"


def test_a_constant_may_state_its_type(folder: Path) -> None:
    """What a type checker asks for is read as well."""
    (folder / "own_lines.py").write_text(LINES.replace("FILE =", "FILE: str ="), encoding="utf-8")
    assert known()["own-lines"].file == "findings.jsonl"


def test_what_is_rendered_is_bytes(folder: Path, sample: ModuleType) -> None:
    """A module whose `render` returns text is named, before a file is written."""
    (folder / "own_lines.py").write_text(LINES.replace(".encode()", ""), encoding="utf-8")
    with pytest.raises(PluginError, match=r"'own-lines': render: returns no bytes; expected bytes; got str"):
        render_files(sample.record(), ["own-lines"])


def test_with_a_wrong_module_the_command_line_ends_with_two(project: Project, tmp_path: Path) -> None:
    """A run stops before the work with an error, and nothing is written; what writes no file works."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "own_lines.py").write_text(LINES.replace("FILE", "NAME"), encoding="utf-8")
    spec = project()
    done = _command(own, "run", str(spec), "--output", str(spec.parent / "out"))
    assert done.returncode == 2
    assert "error: output format 'own-lines': FILE: is no name of a file" in done.stderr
    assert not (spec.parent / "out").exists()
    assert _command(own, "checks", "list").returncode == 0


def test_listing_imports_no_format(folder: Path) -> None:
    """Ids, files and help are read without importing a format or what it imports."""
    (folder / "own_lines.py").write_text(f"{LINES}\nraise RuntimeError", encoding="utf-8")
    assert "own-lines" in known()
    code = (
        "import sys\nfrom llmops_audit.cli.commands import app\n"
        "try:\n    app(['run', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name.startswith('llmops_audit.re')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "['llmops_audit.render', 'llmops_audit.render.formats']"


def test_only_the_named_formats_are_rendered(sample: ModuleType) -> None:
    """A format gives its file; the report brings the page of the bias audit along where the record holds one."""
    assert render_files(sample.record(), []) == {}
    assert set(render_files(sample.record(), ["csv"])) == {"findings.csv"}
    audited = sample.record(figures={"bias_audit": sample.bias_audit()})
    assert list(render_files(audited, ["html"])) == ["report.html", "ll144.html"]
    assert list(render_files(audited, ["ll144", "html"])) == ["ll144.html", "report.html"]


def test_a_page_is_rendered_alone(sample: ModuleType) -> None:
    """The card is Markdown with front matter; the page of the bias audit needs a bias audit."""
    files = render_files(sample.record(), ["card"])
    assert set(files) == {"model-card.md"}
    assert files["model-card.md"].startswith(b"---\n")
    with pytest.raises(RecordError, match="holds no bias audit"):
        render_files(sample.record(), ["ll144"])


@pytest.mark.parametrize(("ids", "language"), [(["docx"], None), (["junit"], "xx"), (["html"], "xx")])
def test_what_cannot_be_rendered_is_an_error(sample: ModuleType, ids: list[str], language: str | None) -> None:
    """An unknown format and an unknown language are named with what is known."""
    with pytest.raises(AuditError, match=r"is (unknown|not available); expected one of"):
        render_files(sample.record(), ids, language=language)
