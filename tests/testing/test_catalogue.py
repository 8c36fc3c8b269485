"""The catalogue tool: a changed English sentence keeps its translation as fuzzy, and what is incomplete is listed."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from llmops_audit.render import i18n
from llmops_audit.testing import catalogue

BEFORE = 'The limit is "80 %" of the rate\nof the other group, and a group needs 30 rows.'
AFTER = 'The limit is "80 %" of the rate\nof the largest group, and a group needs 30 rows.'
LATER = 'The limit is "80 %" of the rate\nof the largest group, and each group needs 30 rows.'
CHINESE = "限值为另一群体该比率的“80 %”，\n每个群体至少 30 行。"
OTHER, OTHER_CHINESE = "calibration", "校准"

TRANSLATED = [language for language in i18n.languages() if language != i18n.SOURCE_LANGUAGE]


def known(tmp_path: Path, content: bytes | None = None) -> Catalog:
    """The catalogue of a file: by default one with two translated sentences."""
    if content is None:
        start = Catalog(locale="zh")
        start.add(BEFORE, CHINESE)
        start.add(OTHER, OTHER_CHINESE)
        content = catalogue.written(catalogue.updated(start, {BEFORE, OTHER}), "zh")
    file = tmp_path / "catalogue.po"
    file.write_bytes(content)
    return catalogue.read(file, "zh")


def update(tmp_path: Path, start: Catalog, *used: str) -> tuple[Catalog, bytes]:
    """The catalogue after an update, as it is read again, and its bytes."""
    content = catalogue.written(catalogue.updated(start, used), "zh")
    return known(tmp_path, content), content


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_is_complete(language: str) -> None:
    """No sentence of program, checks, pages or templates is fuzzy or missing, and none is left over."""
    file = i18n.catalogue_file(language)
    found = catalogue.state(catalogue.updated(catalogue.read(file, language), catalogue.sentences()))
    assert "\n".join(found.lines()) == "", "run `python -m llmops_audit.testing.catalogue --update` and translate"


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_file_is_as_the_tool_writes_it(language: str) -> None:
    """Updating a complete catalogue changes no byte."""
    file = i18n.catalogue_file(language)
    updated = catalogue.updated(catalogue.read(file, language), catalogue.sentences())
    assert catalogue.written(updated, language) == file.read_bytes()


def test_a_changed_sentence_keeps_its_translation_as_fuzzy(tmp_path: Path) -> None:
    """The entry of the new sentence holds the old translation, the mark and the old sentence."""
    changed, content = update(tmp_path, known(tmp_path), AFTER, OTHER)
    assert catalogue.state(changed).fuzzy == (catalogue.Fuzzy(AFTER, BEFORE, CHINESE),)
    assert b"#, fuzzy\n#| msgid " in content
    assert changed[OTHER].string == OTHER_CHINESE
    assert not changed[OTHER].fuzzy


def test_the_list_shows_both_sentences_and_the_translation(tmp_path: Path) -> None:
    """A translator sees what changed before the file is written as well as after."""
    (line,) = catalogue.state(catalogue.updated(known(tmp_path), {AFTER, OTHER})).lines()
    assert line == f"fuzzy: was: {BEFORE}\n  now: {AFTER}\n  translation: {CHINESE}"
    assert list(catalogue.state(update(tmp_path, known(tmp_path), AFTER, OTHER)[0]).lines()) == [line]


def test_an_update_twice_changes_no_byte(tmp_path: Path) -> None:
    """Marks, previous sentences and obsolete entries survive reading and writing."""
    changed, content = update(tmp_path, known(tmp_path), AFTER, "another sentence")
    assert b"#~ msgid" in content
    assert update(tmp_path, changed, AFTER, "another sentence")[1] == content


def test_a_sentence_that_changes_twice_stays_beside_its_translation(tmp_path: Path) -> None:
    """The previous sentence is the one that the translation belongs to."""
    changed, _ = update(tmp_path, known(tmp_path), AFTER, OTHER)
    again, _ = update(tmp_path, changed, LATER, OTHER)
    assert catalogue.state(again).fuzzy == (catalogue.Fuzzy(LATER, BEFORE, CHINESE),)


def test_a_sentence_that_changes_back_is_translated(tmp_path: Path) -> None:
    """The translation of a sentence that is what it was needs no second look."""
    changed, _ = update(tmp_path, known(tmp_path), AFTER, OTHER)
    back, content = update(tmp_path, changed, BEFORE, OTHER)
    assert list(catalogue.state(back).lines()) == []
    assert content == update(tmp_path, known(tmp_path), BEFORE, OTHER)[1]


def test_an_approved_translation_loses_its_mark(tmp_path: Path) -> None:
    """Deleting the line `#, fuzzy` is enough; the previous sentence goes with the next update."""
    _, content = update(tmp_path, known(tmp_path), AFTER, OTHER)
    approved, content = update(tmp_path, known(tmp_path, content.replace(b"#, fuzzy\n", b"")), AFTER, OTHER)
    assert catalogue.state(approved).complete
    assert approved[AFTER].string == CHINESE
    assert b"#|" not in content


def test_no_translation_goes_while_one_is_missing(tmp_path: Path) -> None:
    """A sentence that changed beyond recognition leaves its translation at the end, until the catalogue is complete."""
    unlike = "Nothing of that sort."
    changed, content = update(tmp_path, known(tmp_path), unlike, OTHER)
    assert catalogue.state(catalogue.updated(changed, (unlike, OTHER))).missing == (unlike,)
    assert catalogue.state(catalogue.updated(changed, (unlike, OTHER))).obsolete == (BEFORE,)
    complete = content.decode().replace(f'msgid "{unlike}"\nmsgstr ""', f'msgid "{unlike}"\nmsgstr "没有"')
    assert b"#~" not in update(tmp_path, known(tmp_path, complete.encode()), unlike, OTHER)[1]


def test_a_sentence_like_another_in_use_is_missing(tmp_path: Path) -> None:
    """The translation of a sentence that is still used is not taken for that of a new one."""
    found = catalogue.state(catalogue.updated(known(tmp_path), {BEFORE, AFTER, OTHER}))
    assert (found.fuzzy, found.missing) == ((), (AFTER,))


def test_other_tools_read_the_file(tmp_path: Path) -> None:
    """Babel's own reader finds the same entries, with sentences of several lines and quotation marks."""
    content = update(tmp_path, known(tmp_path), AFTER, OTHER)[1]
    read = read_po(BytesIO(content), locale="zh", abort_invalid=True)
    assert {(entry.id, entry.string) for entry in read if entry.id} == {(AFTER, CHINESE), (OTHER, OTHER_CHINESE)}


def test_a_report_shows_the_english_of_a_fuzzy_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A translation of another sentence may be wrong, so that no report uses it."""
    file = tmp_path / "fuzzy.po"
    file.write_bytes(update(tmp_path, known(tmp_path), AFTER, OTHER)[1])
    monkeypatch.setattr(i18n, "catalogue_file", lambda _: file)
    assert i18n.read_catalogue("zh") == {OTHER: OTHER_CHINESE}


def test_the_tool_lists_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without `--update` the file stays as it is; either way the exit code is 1 until everything is translated."""
    known(tmp_path)
    file = tmp_path / "catalogue.po"
    before = file.read_bytes()
    monkeypatch.setattr(catalogue, "catalogue_file", lambda _: file)
    monkeypatch.setattr(catalogue, "languages", lambda: ("en", "zh"))
    monkeypatch.setattr(catalogue, "sentences", lambda: frozenset({AFTER, OTHER}))
    assert catalogue.main([]) == 1
    assert capsys.readouterr().out.startswith(f"zh: fuzzy: was: {BEFORE}")
    assert file.read_bytes() == before
    assert catalogue.main(["--update"]) == 1
    assert file.read_bytes() != before
    file.write_bytes(file.read_bytes().replace(b"#, fuzzy\n", b""))
    assert catalogue.main(["--update"]) == catalogue.main([]) == 0
    assert catalogue.main(["--upgrade"]) == 2
