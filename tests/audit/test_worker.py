"""The worker process: its crash, hang or missing package is an error with its last lines, and it sends nothing home."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.record import CheckResult, Status, Verdict

Project = Callable[..., Path]
OWN = {"[audit]": 'plugins = ["apart.py"]\n[audit]', "[checks.accuracy]": "[checks.apart]\n[checks.accuracy]"}


def _apart(spec: Path, body: str, worker: str = "('json',)", limit: float = 20) -> CheckResult:
    headings = ("What it measures", "Why it matters", "How to read it", "Limits", "References")
    page = "".join(f"{heading}\n{'-' * len(heading)}\nText.\n\n" for heading in headings)
    (spec.parent / "apart.py").write_text(
        f'"""Apart.\n\n{page}"""\nimport os, sys, time\nfrom llmops_audit.check import check\n'
        "from llmops_audit.record import Finding, message\n\n\n"
        f"@check(worker={worker}, time_limit={limit})\ndef apart(task, *, wanted: int = 2):\n{body}\n"
    )
    record = run(prepare(spec))
    assert record.checks[0].verdict is Verdict.PASSED, "the other check runs whatever happens to this one"
    return {check.name: check for check in record.checks}["apart"]


def test_a_check_runs_in_a_process_of_its_own(project: Project) -> None:
    """It gets its inputs and settings, may print, and its findings come back."""
    body = (
        "    print('noise')\n"
        "    verdict = 'passed' if wanted == 2 else 'failed'\n"
        "    yield Finding(metric='pid', value=os.getpid(), verdict=verdict, message=message('x'))"
    )
    result = _apart(project(OWN), body)
    assert result.verdict is Verdict.PASSED
    assert result.findings[0].value != os.getpid()


@pytest.mark.parametrize(
    ("body", "worker", "limit", "said"),
    [
        ("    raise ValueError('of jane@example.org')\n    yield", "('json',)", 20, "ValueError"),
        ("    yield 'rubbish'", "('json',)", 20, "something else than findings"),
        (
            "    print('last words', file=sys.stderr)\n    os._exit(7)\n    yield",
            "('json',)",
            20,
            "last words",
        ),
        ("    time.sleep(60)\n    yield", "('json',)", 2, "took longer than 2 seconds"),
        ("    yield", "('no_such_package',)", 20, "No module named 'no_such_package'"),
    ],
    ids=["raises", "rubbish", "dies", "hangs", "lacks a package"],
)
def test_what_goes_wrong_there_is_an_error_here(
    body: str, worker: str, limit: float, said: str, project: Project
) -> None:
    """An exception, a death, a hang and a missing package are each an error with the reason."""
    result = _apart(project(OWN), body, worker, limit)
    assert result.verdict is Verdict.ERROR
    assert result.reason is not None
    assert said in f"{result.reason.id} {result.reason.values}"
    assert "jane" not in str(result.reason.values)


def test_the_spec_may_set_the_time_limit(project: Project) -> None:
    """A check that hangs is given up after as many seconds as the spec says, whatever it asks for itself."""
    spec = project({**OWN, "[checks.accuracy]": "[checks.apart]\ntime_limit = 1.5\n[checks.accuracy]"})
    result = _apart(spec, "    time.sleep(60)\n    yield", limit=1_000)
    assert result.verdict is Verdict.ERROR
    assert "took longer than 1.5 seconds" in str(result.reason)
    assert "time_limit" not in result.settings


@pytest.fixture
def no_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Python processes started from here cannot connect or resolve, and note each try in a file."""
    tried = tmp_path / "tried.txt"
    folder = tmp_path / "block"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import socket\n\n\n"
        "def _blocked(*a, **k):\n"
        f"    open({str(tried)!r}, 'a').write(repr(a[:2]) + '\\n')\n"
        "    raise OSError('blocked')\n\n\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = _blocked\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return tried


def test_drift_needs_no_network(project: Project, no_sockets: Path) -> None:
    """With sockets blocked a whole audit with drift ends as it should, and nothing even tried to connect."""
    spec = project({"[checks.accuracy]": "[checks.drift]\n[checks.accuracy]"})
    out = spec.parent / "out"
    command = [sys.executable, "-m", "llmops_audit", "run", str(spec), "--output", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == Status.APPROVED.exit_code, done.stdout + done.stderr
    assert not no_sockets.exists(), no_sockets.read_text()


def test_the_block_on_sockets_blocks(no_sockets: Path) -> None:
    """The fixture above really notes a try to connect, so that its silence means something."""
    code = "import socket\ntry:\n    socket.create_connection(('localhost', 9))\nexcept OSError:\n    pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert no_sockets.exists()
