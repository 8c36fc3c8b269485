"""The report in print: the same bytes for the same record, and a clear error where nothing can print."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from llmops_audit.cli.commands import run_command
from llmops_audit.errors import AuditError
from llmops_audit.record.canonical import parse
from llmops_audit.render.formats import pdf, render_files

PRINTS = next(filter(None, map(shutil.which, pdf.PROGRAMS)), None)


@pytest.mark.skipif(PRINTS is None, reason="needs Chromium (Debian: apt-get install chromium)")
def test_the_same_record_is_printed_to_the_same_bytes(sample: ModuleType) -> None:
    """A print begins as PDF does, is dated by the audit, and does not differ from another one of the same record."""
    record = sample.approved()
    one, other = (render_files(record, ["pdf"])["report.pdf"] for _ in range(2))
    assert one.startswith(b"%PDF-")
    assert b"/CreationDate (D:20261124083000" in one
    assert one == other


def test_without_chromium_the_error_says_so(
    sample: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where no program of any of its names is on the path, the error lists the names."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AuditError, match="there is no Chromium; expected one of chromium, "):
        render_files(sample.approved(), ["pdf"])


def test_without_chromium_no_audit_is_begun(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run` says so before it reads the spec: an audit that cannot be printed at its end would be lost."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["llmops-audit", "run", str(tmp_path / "none.toml"), "--format", "html,pdf"])
    assert run_command() == 2
    assert "there is no Chromium" in capsys.readouterr().err


def test_tags_are_numbered_from_one_in_their_order() -> None:
    """Two prints that count their tags from other numbers are the same; nothing in them moves."""
    one, other = (
        b"/CreationDate (D:20261130195300+00'00') (node%08d) (node%08d) (node%08d)" % (first + 4, first, first + 4)
        for first in (7, 180)
    )
    same = pdf._reproducible(one, "2026-11-24T08:30:00+00:00")
    assert same == pdf._reproducible(other, "2026-11-24T08:30:00+00:00")
    assert same == b"/CreationDate (D:20261124083000+00'00') (node00000002) (node00000001) (node00000002)"


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script of a shell")
@pytest.mark.parametrize("does", ["exit 3", "exit 0"])
def test_a_print_that_fails_is_an_error(
    sample: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, does: str
) -> None:
    """A program that ends with an error, or that ends well and writes nothing, has not printed."""
    program = tmp_path / "chromium"
    program.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AuditError, match=r"report\.pdf: cannot be printed"):
        render_files(sample.approved(), ["pdf"])


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script of a shell")
@pytest.mark.parametrize("formats", ["pdf,html", "html,pdf"])
def test_a_print_that_fails_loses_no_audit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], formats: str
) -> None:
    """The record and the other files are written whole, no earlier print is left, and the run ends with the error."""
    program = tmp_path / "bin" / "chromium"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    (tmp_path / "rows.csv").write_text("y,p\n" + "1,1\n0,0\n" * 200, encoding="utf-8")
    spec, out = tmp_path / "audit.toml", tmp_path / "out"
    spec.write_text(
        '[audit]\nname = "a"\nversion = "1"\n[data]\ntest = "rows.csv"\nlabel = "y"\npositive = 1\n'
        '[model]\npredictions = "p"\n[checks.accuracy]\nmin = { accuracy = 0.5 }\n',
        encoding="utf-8",
    )
    command = ["llmops-audit", "run", str(spec), "--output", str(out), "--format"]
    monkeypatch.setattr(sys, "argv", [*command, "html"])
    assert run_command() == 0
    (out / "report.pdf").write_bytes(b"%PDF-of an earlier run")
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", [*command, formats])
    assert run_command() == 2
    assert sorted(path.name for path in out.iterdir()) == ["record.json", "report.html"]
    parse((out / "record.json").read_bytes(), "record.json")
    said = capsys.readouterr()
    assert "record.json, report.html; not written: report.pdf" in said.err
    assert "error: report.pdf: cannot be printed" in said.err
    assert "Decision" not in said.out
