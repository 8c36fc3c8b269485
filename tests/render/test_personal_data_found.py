"""Personal data that the spec neither limits nor allows stands on the first screen, with rows and kinds."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from llmops_audit.audit import prepare, run
from llmops_audit.cli.run_screen import run_screen
from llmops_audit.record import Record, Status, message
from llmops_audit.render.formats import render_files
from llmops_audit.render.i18n import render, translator
from llmops_audit.render.notices import notices
from llmops_audit.render.unmeasured import unmeasured

SPEC = """
{top}
[audit]
name = "notes"
version = "1"
[data]
test = "rows.csv"
label = "label"
positive = "a"
[model]
predictions = "prediction"
[checks.accuracy]
min = {{ accuracy = 0.5 }}
{pii}
"""


def _record(folder: Path, top: str = "", pii: str | None = "") -> Record:
    rows = [f"call me on +1 415 555 26{i},{label},{label}" for i, label in enumerate("ab" * 40, 10)]
    rows += [f"mail p{i}@example.org,{label},{label}" for i, label in enumerate("ab" * 10)]
    (folder / "rows.csv").write_text("\n".join(["note,label,prediction", *rows]), encoding="utf-8")
    section = "" if pii is None else f"[checks.pii]\n{pii}"
    (folder / "audit.toml").write_text(SPEC.format(top=top, pii=section), encoding="utf-8")
    return run(prepare(folder / "audit.toml"))


def _sentences(record: Record) -> list[str]:
    return [render(notice.message, translator("en", record)) for notice in notices(record)]


def test_contacts_are_reported_and_do_not_bar_approval(tmp_path: Path) -> None:
    """Amber on the first screen of page and summary, with kinds and rows; the audit is approved."""
    record = _record(tmp_path)
    assert record.decision.status is Status.APPROVED
    said = (
        "Personal data that the spec neither limits nor allows: "
        "e-mail address (test, rows: 20), telephone number (test, rows: 80)."
    )
    assert said in _sentences(record)
    console = Console(width=300)
    with console.capture() as captured:
        console.print(*run_screen(record, tmp_path, []))
    assert said in " ".join(captured.get().split())
    files = render_files(record, ["html", "markdown"])
    assert all(said in files[name].decode() for name in ("report.html", "summary.md"))


@pytest.mark.parametrize("name", ["gdpr", "china-pipl", "ccpa-admt"])
def test_data_protection_asks_for_a_review(tmp_path: Path, name: str) -> None:
    """With a framework of data protection somebody has to look; a limit or a reason for each kind answers it."""
    record = _record(tmp_path, f'frameworks = ["{name}"]')
    assert record.decision.status is Status.NEEDS_REVIEW
    assert any(said.startswith("Personal data that somebody has to look at: ") for said in _sentences(record))
    allowed = 'allow = { phone = "our own lines" }\nmax_rows = { email = 20 }'
    after = _record(tmp_path, f'frameworks = ["{name}"]', allowed)
    assert after.decision.status is Status.APPROVED
    assert not any("Personal data" in said for said in _sentences(after))
    assert "our own lines" in render_files(after, ["html"])["report.html"].decode()


def test_other_frameworks_ask_for_nothing(tmp_path: Path) -> None:
    """A framework that is not about personal data changes nothing."""
    assert _record(tmp_path, 'frameworks = ["nist-ai-rmf"]').decision.status is Status.APPROVED


def _unsearched(record: Record) -> list[object]:
    found = [line.why for line in unmeasured(record) if line.what == message("Personal data")]
    return [why.values["frameworks"] for why in found]


@pytest.mark.parametrize("name", ["gdpr", "china-pipl", "ccpa-admt"])
def test_data_protection_without_a_search_is_said(tmp_path: Path, name: str) -> None:
    """On each first screen and among what was not measured; the decision stays as it is."""
    record = _record(tmp_path, f'frameworks = ["nist-ai-rmf", "{name}"]', None)
    assert record.decision == _record(tmp_path, "", None).decision
    said = f"Personal data were not searched for, though the spec names frameworks of data protection ({name})."
    assert said in _sentences(record)
    console = Console(width=300)
    with console.capture() as captured:
        console.print(*run_screen(record, tmp_path, []))
    assert said in " ".join(captured.get().split())
    files = render_files(record, ["html", "markdown", "card"])
    assert all(said in files[file].decode() for file in ("report.html", "summary.md"))
    assert _unsearched(record) == [(name,)]
    assert "does not enable the check" in files["report.html"].decode()
    assert "does not enable the check" in files["model-card.md"].decode()


@pytest.mark.parametrize(("name", "pii"), [("gdpr", ""), ("nist-ai-rmf", None)])
def test_a_search_or_no_data_protection_needs_no_such_sentence(tmp_path: Path, name: str, pii: str | None) -> None:
    """The sentence stands only where a framework asks for what nobody did."""
    record = _record(tmp_path, f'frameworks = ["{name}"]', pii)
    assert not _unsearched(record)
    assert not [said for said in _sentences(record) if "not searched for" in said]
