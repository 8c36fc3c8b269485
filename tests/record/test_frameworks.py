"""The collection of frameworks: whole, in both languages, and pointing to what exists."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from llmops_audit.analysis.fairness.bias_audit import LocalLaw144
from llmops_audit.check.registry import provided
from llmops_audit.errors import AuditError
from llmops_audit.record import frameworks
from llmops_audit.record.frameworks.paths import exists
from llmops_audit.record.frameworks.reader import read
from llmops_audit.record.governance import Clause, Framework

# Checks that a clause may name before they are installed.
PLANNED: frozenset[str] = frozenset()

GOOD = """
id = "law"
version = "2026.1"
source = { en = "The law", zh = "法" }
effective = "2026-01-31"
title = { en = "Law", zh = "法" }

[[clauses]]
id = "art-1"
reference = { en = "Article 1", zh = "第一条" }
asks = { en = "Something.", zh = "某事。" }
checks = ["accuracy"]
parts = ["card.intended_use"]
"""


def clauses() -> Iterator[tuple[str, Clause]]:
    """Every clause of the collection with the framework that it belongs to."""
    return ((name, clause) for name, one in frameworks.known().items() for clause in one.clauses)


def texts(one: Framework) -> Iterator[dict[str, str]]:
    """Every text of a framework."""
    yield one.title
    yield one.source
    yield one.note
    for clause in one.clauses:
        yield from (clause.reference, clause.asks, *filter(None, [clause.note]))


def test_the_collection_is_whole() -> None:
    """All frameworks are known by their file's name, sorted, and each file obeys the rules."""
    assert tuple(frameworks.known()) == (
        "ccpa-admt",
        "china-algorithm-recommendation",
        "china-generative-ai",
        "china-pipl",
        "eu-ai-act",
        "gdpr",
        "iso-42001",
        "nist-ai-rmf",
        "nyc-ll144",
        "sr-11-7",
        "sr-26-2",
    )
    assert all(one.id == name for name, one in frameworks.known().items())
    assert frameworks.names() == tuple(frameworks.known())


@pytest.mark.parametrize("name", frameworks.names())
def test_every_text_is_in_both_languages(name: str) -> None:
    """English texts hold no Chinese, and Chinese ones hold Chinese, but where a reference is a mere number."""

    def chinese(text: str) -> bool:
        return any("\u4e00" <= character <= "\u9fff" for character in text)

    one = frameworks.framework(name)
    for text in texts(one):
        assert sorted(text) == ["en", "zh"]
        assert not chinese(text["en"])
        assert chinese(text["zh"]) or (text["en"] == text["zh"] and any(map(str.isdigit, text["en"])))
        assert all(value == value.strip() for value in text.values())


def test_clauses_name_checks_that_exist() -> None:
    """A clause points to no check that is neither installed nor planned."""
    known = set(provided()) | PLANNED
    assert {(name, check) for name, clause in clauses() for check in clause.checks if check not in known} == set()


def test_a_clause_that_shows_nothing_says_why() -> None:
    """A clause without checks and parts has a note."""
    assert all(clause.note for _, clause in clauses() if not (clause.checks or clause.parts))


def test_what_was_replaced_names_its_successor() -> None:
    """SR 11-7 was rescinded: it has no clauses left, applies from no day, and names SR 26-2."""
    old = frameworks.framework("sr-11-7")
    assert (old.superseded_by, old.effective, old.clauses) == ("sr-26-2", "", ())
    assert {one.superseded_by for one in frameworks.known().values()} - {None} <= set(frameworks.known())


def test_data_protection_is_a_property() -> None:
    """The frameworks that protect personal data say so themselves."""
    protecting = {name for name, one in frameworks.known().items() if one.data_protection}
    assert protecting == {"ccpa-admt", "china-pipl", "gdpr"}


def test_the_settings_of_the_bias_audit_are_those_that_it_requires() -> None:
    """Local Law 144 names every key without which its tables are not made."""
    required = {name for name, field in LocalLaw144.model_fields.items() if field.is_required()}
    named = {f"checks.fairness.ll144.{name}" for name in required}
    assert set(frameworks.framework("nyc-ll144").settings) == named


def test_the_ai_act_is_the_amended_one() -> None:
    """The AI Act applies from the amended date; Article 4a stands in the place of Article 10(5)."""
    act = frameworks.framework("eu-ai-act")
    assert act.effective == "2027-12-02"
    assert "art-4a-1" in {clause.id for clause in act.clauses}
    assert not any("10(5)" in clause.reference["en"] for clause in act.clauses)


def test_an_unknown_framework_is_refused_with_what_is_known() -> None:
    """The error names the known ids."""
    with pytest.raises(AuditError, match=r"frameworks: unknown framework; expected one of ccpa-admt, .*; got 'x'"):
        frameworks.framework("x")


def test_the_good_file_is_read() -> None:
    """A small file that obeys the rules is a framework."""
    assert read(GOOD, "law").clauses[0].parts == ("card.intended_use",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "law"', 'id = "rule"', "law.toml: id: is not the name of the file; expected 'law'; got 'rule'"),
        ('Law", zh = "法"', 'Law", fr = "loi"', "law.toml: title: is not written in all languages"),
        ('Law", zh = "法"', 'Law", zh = " "', "law.toml: title: is not written in all languages"),
        (', zh = "某事。"', "", "law.toml: clauses[0].asks: is not written in all languages"),
        ('"2026-01-31"', '"31 January 2026"', "law.toml: effective: is not a date"),
        ('"2026-01-31"', '"20260131"', "law.toml: effective: is not a date"),
        (
            'source = { en = "The law", zh = "法" }',
            'source = { en = "The law" }',
            "law.toml: source: is not written in all",
        ),
        ('"2026.1"', '""', "law.toml: version: is empty"),
        ('"2026.1"', "2026.1", "law.toml: version: is not valid"),
        ("card.intended_use", "card.colour", "law.toml: clauses[0].parts: leads to no part of a record"),
        ('id = "art-1"', 'id = ""', "law.toml: clauses[0].id: is empty or used twice"),
        ('checks = ["accuracy"]\nparts = ["card.intended_use"]', "", "law.toml: clauses[0].note: is missing"),
        ("checks =", "check =", "unknown key"),
        ("[[clauses]]", "[clauses", "law.toml: is not valid TOML"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused(old: str, new: str, said: str) -> None:
    """Each rule of the collection has its own error, which names file and key."""
    assert old in GOOD
    with pytest.raises(AuditError) as caught:
        read(GOOD.replace(old, new, 1), "law")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("digest", True),
        ("data.labels", True),
        ("data.labels.rows", True),
        ("checks.findings.requirement.limit", True),
        ("figures.bias_audit", True),
        ("figures.confusion_matrix.labels", True),
        ("figures.pie", False),
        ("data.test", False),
        ("digest.length", False),
        ("", False),
    ],
)
def test_paths_follow_the_fields_of_a_record(path: str, there: bool) -> None:
    """Mappings and tuples are stepped over, figures are named by kind, and anything else is no path."""
    assert exists(path) is there


def test_the_collection_is_read_without_scientific_libraries() -> None:
    """Listing frameworks imports neither numpy nor anything that needs it."""
    program = (
        "import sys; from llmops_audit.record import frameworks; frameworks.known();"
        "print(sorted({'numpy', 'pandas', 'pyarrow', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]"
