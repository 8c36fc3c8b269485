"""The committed samples are what this release makes of its examples."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from llmops_audit.record import Finding, Status, Verdict, message

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "reports" / "samples"
DECISIONS = {"breast-cancer": Status.APPROVED, "tickets-zh": Status.NEEDS_REVIEW, "tutorial": Status.REJECTED}
MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The program that makes the samples."""
    path = SAMPLES / "make_samples.py"
    spec = importlib.util.spec_from_file_location("make_samples", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("name", DECISIONS)
def test_the_audit_still_finds_what_the_sample_shows(maker: ModuleType, name: str) -> None:
    """Auditing the example again gives the committed record, numbers to a millionth, verdicts to the letter."""
    kept, fresh = maker.kept(name), maker.audited(name)
    assert maker.differences(kept, fresh) == []
    assert [finding.verdict for finding in fresh.findings().values()] == [
        finding.verdict for finding in kept.findings().values()
    ]
    assert fresh.decision.status is DECISIONS[name]


@pytest.mark.parametrize("name", DECISIONS)
def test_the_files_are_those_of_the_record(maker: ModuleType, name: str) -> None:
    """Every file of a sample is, byte for byte, what its record renders to (`make samples` renews them)."""
    made = maker.files(maker.kept(name), name)
    there = {path.name: path.read_bytes() for path in (SAMPLES / name).iterdir()}
    assert there.keys() == made.keys()
    assert [file for file in made if there[file] != made[file]] == []


def test_the_samples_stay_small_and_name_no_machine(maker: ModuleType) -> None:
    """All samples together stay under two megabytes, one for each example, and say nothing of who made them."""
    # Python may keep what it compiled of the maker beside it.
    files = [path for path in SAMPLES.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
    folders = {path.parent.name for path in files} - {SAMPLES.name}
    assert sorted(folders) == sorted(maker.SAMPLES) == sorted(DECISIONS)
    contents = [path.read_bytes() for path in files]
    assert sum(map(len, contents)) < MOST_BYTES
    assert [name for name in DECISIONS if maker.kept(name).run != maker.RUN] == []
    assert not any(str(ROOT).encode() in content for content in contents)


def test_last_digits_do_not_make_a_sample_stale_and_verdicts_do(maker: ModuleType) -> None:
    """A value that is another one in its tenth digit is the same; another verdict, text or length is not."""
    kept = maker.kept("tutorial")
    check = next(check for check in kept.checks if check.findings)

    def with_finding(finding: Finding) -> list[str]:
        changed = check.model_copy(update={"findings": (finding, *check.findings[1:])})
        checks = tuple(changed if one is check else one for one in kept.checks)
        return maker.differences(kept, kept.model_copy(update={"checks": checks}))

    first = next(iter(check.findings))
    assert with_finding(first) == []
    assert with_finding(first.model_copy(update={"value": first.value + 1e-3})) != []
    assert with_finding(first.model_copy(update={"value": first.value * (1 + 1e-10)})) == []
    other = Verdict.PASSED if first.verdict is not Verdict.PASSED else Verdict.FAILED
    assert with_finding(first.model_copy(update={"verdict": other})) != []
    assert with_finding(first.model_copy(update={"message": message("Another one.")})) != []
    assert maker.differences(kept, kept.model_copy(update={"checks": kept.checks[1:]})) == ["record.checks"]
