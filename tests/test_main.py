"""``python -m llmops_audit``: whatever goes wrong, it does not end in 1, which rejects a classifier."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmops_audit.cli import commands, main

Project = Callable[..., Path]

COMMAND = (sys.executable, "-m", "llmops_audit")


def _ended(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def failing(**_: object) -> None:
        raise error

    monkeypatch.setattr(commands, "app", failing)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("x"),
        SystemExit(1),
        SystemExit("text"),
        KeyboardInterrupt(),
        BrokenPipeError(32, "Broken pipe"),
        MemoryError(),
        RecursionError(),
        GeneratorExit(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_nobody_foresaw_is_2(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """An unforeseen exception, a library that exits, Ctrl-C and a broken pipe all end with 2."""
    assert _ended(monkeypatch, error) == 2


def test_it_is_a_module_that_runs() -> None:
    """``python -m llmops_audit`` is the command line."""
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("llmops-audit ")


def test_a_factory_that_exits_with_1_is_2(project: Project) -> None:
    """The user's own module may end the program: that is no verdict."""
    spec = project(
        {
            'vectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n': "",
            'estimator = "sklearn.linear_model:LogisticRegression"': 'factory = "mine:make"',
        }
    )
    (spec.parent / "mine.py").write_text("import sys\nsys.exit(1)\n")
    command = [*COMMAND, "run", str(spec), "--output", str(spec.parent / "out")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2


@pytest.mark.parametrize(
    "broken", ["raise ImportError('x')", "import sys; sys.exit(1)", "raise KeyboardInterrupt", "("]
)
def test_a_broken_installation_is_2(tmp_path: Path, broken: str) -> None:
    """A library that cannot be imported ends with 2, though Python itself would say 1."""
    (tmp_path / "typer.py").write_text(broken)
    done = subprocess.run(
        [*COMMAND, "--help"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["checks", "show", "pii"], ["schema", "record"], ["checks", "shw"], ["run", "x"]]
)
def test_a_screen_that_is_gone_is_2(arguments: list[str]) -> None:
    """Where nobody reads what is printed, a command that only prints ends with 2, and so does an error."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, *arguments], stdout=write, stderr=write, check=False)
    os.close(write)
    assert done.returncode == 2
