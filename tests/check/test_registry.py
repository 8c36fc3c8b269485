"""Where checks come from, and how a bad one is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.check import HEADINGS, INPUTS, check, read_page
from llmops_audit.check.registry import provided
from llmops_audit.errors import PluginError, SpecError
from llmops_audit.record import ADVICE, Finding, Verdict, message
from llmops_audit.render.formats import render_files
from llmops_audit.testing import assert_conforms, batch, inputs

Project = Callable[..., Path]
PACKAGE = Path(__file__).parents[1] / "plugin_package"
PAGE = '"""T.\n\n' + "".join(
    f"{heading}\n{'-' * len(heading)}\nText.\n\n"
    for heading in ("What it measures", "Why it matters", "How to read it", "Limits", "References")
)
OWN = (
    PAGE
    + '"""\nfrom llmops_audit.check import check\nfrom llmops_audit.record import Finding, message\n\n'
    + "@check()\ndef own(task, *, wanted: int = 2):\n"
    + "    n = len(task.labels)\n"
    + '    yield Finding(metric="labels", value=n, n=n, message=message("Counted."), '
    + 'verdict="passed" if n == wanted else "failed")\n'
)


def test_every_check_of_ours_says_what_to_do() -> None:
    """The first paragraph under "What to do" stands alone in a few sentences: the report quotes it."""
    for name, found in provided().items():
        sections = {section.heading: section.paragraphs for section in found.check.page.sections}
        assert 1 <= sections[ADVICE][0].count(". ") + 1 <= 5, name


def test_a_page_may_leave_out_what_to_do_but_not_move_it() -> None:
    """A page of the five headings loads, with the advice before the limits as well; anywhere else it is refused."""
    parts = [f"{heading}\n{'-' * len(heading)}\nText.\n\n" for heading in HEADINGS]
    advice = f"{ADVICE}\n{'-' * len(ADVICE)}\nMend it.\n\n"
    assert len(read_page("own", "T.\n\n" + "".join(parts)).sections) == 5
    assert len(read_page("own", "T.\n\n" + "".join([*parts[:3], advice, *parts[3:]])).sections) == 6
    with pytest.raises(PluginError, match="its page has the wrong headings"):
        read_page("own", "T.\n\n" + "".join([advice, *parts]))


@pytest.fixture
def third_party(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The plug-in package, installed into a folder of its own on the path."""
    target = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / "package"
    import shutil

    shutil.copytree(PACKAGE, source)
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
            "--disable-pip-version-check",
            "--target",
            str(target),
            str(source),
        ],
        check=True,
    )
    monkeypatch.syspath_prepend(str(target))
    yield target
    for name in [name for name in sys.modules if name.startswith("llmops_audit_length_plugin")]:
        del sys.modules[name]


def test_ours_are_found_and_sorted() -> None:
    """The checks of this distribution are found by their entry point, in order."""
    names = list(provided())
    assert names == sorted(names)
    assert {"accuracy", "drift", "fairness", "pii"} <= set(names)


def test_every_check_has_a_test_of_its_name() -> None:
    """One check, one file, one test file with its clean and violating case."""
    tested = {path.stem.removeprefix("test_") for path in (Path(__file__).parents[1] / "checks").glob("test_*.py")}
    ours = {name for name, found in provided().items() if found.distribution == "llmops-audit"}
    assert ours == tested


def test_a_third_party_package_provides_a_check(third_party: Path, project: Project) -> None:
    """An installed package with the entry point adds a check, and the record says whose it is."""
    found = provided()["text_length"]
    assert (found.distribution, found.version) == ("llmops-audit-length-plugin", "2.1.0")
    record = run(
        prepare(project({"[checks.accuracy]": "[checks.text_length]\nmax_characters = 5\n\n[checks.accuracy]"}))
    )
    result = {check.name: check for check in record.checks}["text_length"]
    assert result.verdict is Verdict.FAILED
    assert result.distribution == "llmops-audit-length-plugin"
    assert result.findings[0].requirement is not None
    assert result.findings[0].requirement.source == "audit.toml:16"
    assert {key: word.id for key, word in result.words.items()} == {
        "census": "census",
        "characters": "length of the longest text",
        "texts=sample": "sampled rows",
    }
    page = render_files(record, ["html"], language="en")["report.html"].decode()
    assert "Length of the longest text" in page
    assert "sampled rows" in page
    assert record.decision.exit_code == 1


@pytest.mark.parametrize("words", ["llmops_audit.nowhere:WORDS", "llmops_audit.check:NOTHING", "", {"metric": "text"}])
def test_words_that_are_none_are_refused(words: Any) -> None:
    """A check whose words cannot be read, or are no messages, does not pass in silence."""

    @check(words=words)
    def named(task: object) -> Iterator[Finding]:
        yield Finding(metric="x", verdict=Verdict.PASSED, message=message("Fine."))

    with pytest.raises(PluginError, match="check 'test_registry': words"):
        _ = named.vocabulary


def test_a_check_with_wrong_words_is_an_error_in_the_record(project: Project) -> None:
    """The audit goes on, and the check is not judged."""
    spec = project(
        {"[audit]": 'plugins = ["own.py"]\n\n[audit]', "[checks.accuracy]": "[checks.own]\n[checks.accuracy]"}
    )
    own = OWN.replace("@check()", '@check(words="nowhere:WORDS")')
    (spec.parent / "own.py").write_text(own, encoding="utf-8")
    result = {found.name: found for found in run(prepare(spec)).checks}["own"]
    assert (result.verdict, result.words) == (Verdict.ERROR, {})
    assert result.reason is not None
    assert "words" in str(result.reason.values["error"])


def test_the_conformance_kit_accepts_the_third_party_check(third_party: Path) -> None:
    """The author's kit passes a good check with its two cases."""
    cases = [batch("test", {"text": ["x" * n, "y"]}, label=[0, 1], prediction=[0, 1]) for n in (10, 2000)]
    clean, violating = (inputs(case, text="text") for case in cases)
    assert_conforms(provided()["text_length"].check, clean=clean, violating=violating)


def test_the_conformance_kit_refuses_a_check_that_cannot_fail() -> None:
    """A check that passes its violating case does not conform."""

    @check()
    def always(task: object) -> Iterator[Finding]:
        yield Finding(metric="x", verdict=Verdict.PASSED, message=message("Fine."))

    given = inputs(batch("test", {}, label=[0, 1], prediction=[0, 1]))
    module = sys.modules[__name__]
    before = module.__doc__
    module.__doc__ = PAGE[3:]
    try:
        with pytest.raises(AssertionError, match="violating case"):
            assert_conforms(always, clean=given, violating=given)
    finally:
        module.__doc__ = before


def test_a_package_that_is_not_installed_is_unknown(project: Project) -> None:
    """A spec that names a check of a package that is not installed is refused before anything runs."""
    with pytest.raises(SpecError, match=r"checks\.text_length: unknown check; expected one of accuracy, "):
        prepare(project({"[checks.accuracy]": "[checks.text_length]\n[checks.accuracy]"}))


def test_a_single_file_is_a_plugin(project: Project) -> None:
    """A check file of the user's own, named by path in the spec, runs under the same rules."""
    spec = project(
        {
            "[checks.accuracy]": "[checks.own]\n[checks.accuracy]",
            "\n[audit]": 'plugins = ["audit_checks"]\n[audit]',
        }
    )
    folder = spec.parent / "audit_checks"
    folder.mkdir()
    (folder / "own.py").write_text(OWN)
    result = {check.name: check for check in run(prepare(spec)).checks}["own"]
    assert result.verdict is Verdict.PASSED
    assert result.distribution == "file own.py"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "def own(task",
            "def own(foo",
            f"check 'own': unknown input 'foo'; known inputs are {', '.join(INPUTS)}",
        ),
        ("def own(task", "def mine(task", "is not named like its file; expected own; got mine"),
        ("wanted: int = 2", "wanted: int", "setting 'wanted' has no default"),
        ("wanted: int = 2", "wanted=2", "setting 'wanted' has no annotation"),
        ("*, wanted: int = 2", "**settings", "is variadic"),
        ("Limits\n------\nText.\n\n", "", "its page has the wrong headings"),
        ("Limits\n------\nText.", "Limits\n------\n", "its page has no text under 'Limits'"),
        ("@check()\n", "", "has the wrong number of checks; expected exactly one; got 0"),
        ("import check\n", "import chekc\n", "cannot be imported: ImportError"),
    ],
)
def test_a_bad_check_is_refused_at_load(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Whatever breaks the contract is refused with what is known, before anything runs."""
    assert old in OWN
    (tmp_path / "own.py").write_text(OWN.replace(old, new, 1))
    with pytest.raises(PluginError) as caught:
        provided([tmp_path])
    assert said in str(caught.value)


def test_one_name_from_two_sides_is_an_error(tmp_path: Path) -> None:
    """Two providers of one check name are both named."""
    (tmp_path / "accuracy.py").write_text(OWN.replace("def own", "def accuracy"))
    with pytest.raises(PluginError, match=r"check 'accuracy': is provided twice, by llmops-audit and file accuracy.py"):
        provided([tmp_path])


OWN_WITH_TERMS = OWN.replace("wanted: int = 2", "terms: TextFile | None = None").replace(
    "import check\n", "import TextFile, check\n"
)


def _with_terms(path: str) -> dict[str, str]:
    section = f'[checks.own]\nterms = "{path}"\n'
    return {"\n[audit]": 'plugins = ["own.py"]\n[audit]', "[checks.accuracy]\nmin = { accuracy = 0.8 }\n": section}


def test_a_setting_may_be_a_text_file(project: Project) -> None:
    """A path in the spec is read by the harness: the check gets the text, the record path and digest alone."""
    own = OWN_WITH_TERMS.replace(
        '"passed" if n == wanted else "failed"', '"passed" if terms.text == "两\\n" else "failed"'
    )
    path = project(_with_terms("lists/terms.txt"))
    (path.parent / "own.py").write_text(own, encoding="utf-8")
    (path.parent / "lists").mkdir()
    (path.parent / "lists" / "terms.txt").write_text("两\n", encoding="utf-8")
    check_result = run(prepare(path)).checks[0]
    assert check_result.verdict is Verdict.PASSED
    digest = "e75c48bc83e6a96db0002d6fb86003540e4b52013c0be513329032bd11bd7575"
    assert check_result.settings == {"terms": {"path": "lists/terms.txt", "sha256": digest}}


@pytest.mark.parametrize(
    ("content", "wrong"),
    [(None, "cannot be read: No such file"), (b"\xff\xfe", "is not UTF-8 text"), (b"", "is not a file")],
)
def test_a_text_file_that_cannot_be_read_is_a_problem_of_the_spec(
    project: Project, content: bytes | None, wrong: str
) -> None:
    """A text file that is missing, no text, or a pipe is told with the setting that names it."""
    path = project(_with_terms("terms.txt"))
    (path.parent / "own.py").write_text(OWN_WITH_TERMS, encoding="utf-8")
    if content == b"":
        os.mkfifo(path.parent / "terms.txt")
    elif content is not None:
        (path.parent / "terms.txt").write_bytes(content)
    with pytest.raises(SpecError, match=f"checks.own.terms.*{wrong}"):
        prepare(path)
