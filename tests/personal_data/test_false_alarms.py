"""How often the search is wrong: the figures beside the verdict are those that were measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmops_audit.check.registry import provided
from llmops_audit.personal_data import KINDS
from llmops_audit.personal_data.false_alarms import FLAGGED, TEXTS, false_alarms

PAGE = Path(__file__).parents[2] / "docs" / "personal-data.md"


def _section() -> str:
    return PAGE.read_text(encoding="utf-8").split("## Texts without personal data\n")[1].split("\n## ")[0]


def test_the_figures_are_those_of_the_page() -> None:
    """Texts and flagged texts by kind are the sums of the tables in docs/personal-data.md."""
    corpora, remaining = _section().split("What remains:")
    rows = re.findall(r"^\| [^|]+ \| ([\d,]+) \| ([\d,]+) \|", corpora, re.MULTILINE)
    assert sum(int(texts.replace(",", "")) for texts, _ in rows) == TEXTS
    assert sum(int(flagged.replace(",", "")) for _, flagged in rows) == sum(FLAGGED.values())
    by_kind = re.findall(r"^\| [^|]+ \| (\w+) \| ([\d,]+) \|", remaining, re.MULTILINE)
    assert {kind: int(count) for kind, count in by_kind} == FLAGGED


def test_the_check_says_the_same() -> None:
    """The page of the check states number, rate and bound."""
    sections = provided()["pii"].check.page.sections
    text = " ".join(" ".join(paragraph.split()) for section in sections for paragraph in section.paragraphs)
    rate, (_, high) = false_alarms()
    assert f"Of {TEXTS:,} texts in which no personal data was expected it flagged {sum(FLAGGED.values())}" in text
    assert f"{rate:.1f} in 100,000 (at most {high:.1f})" in text
    assert f"{rate:.1f} in 100,000 (at most {high:.1f})" in _section()


def test_a_kind_that_was_never_flagged_has_a_bound() -> None:
    """No false alarm in so many texts shows a small rate, not none; kinds add up."""
    rate, (low, high) = false_alarms(["payment_card"])
    assert (rate, low) == (0.0, 0.0)
    assert 1 < high < 2
    assert false_alarms(["phone", "email", "date_of_birth"]) == false_alarms(KINDS) == false_alarms()
    assert false_alarms(["phone"])[0] == pytest.approx(2.75, abs=0.01)
