"""Lexicons: what is packaged is sound, what is added is checked, and choices repeat."""

from __future__ import annotations

from importlib import resources

import pytest

from llmops_audit.analysis.counterfactual import Lexicon
from llmops_audit.analysis.counterfactual.lexicon_files import LexiconFile, read

EXTRA = """
language = "en"
version = "mine 1"

[[terms.caste]]
brahmin = "Brahmin"
dalit = "Dalit"

[[terms.gender]]
female = "lass"
male = "lad"
"""


def packaged(language: str) -> LexiconFile:
    """Read a packaged file."""
    return read(
        resources.files("llmops_audit.analysis.counterfactual").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_protected_word_holds_a_term(language: str) -> None:
    """A protected word without a term in it would protect nothing."""
    file = packaged(language)
    for attribute, words in file.protected.items():
        terms = {term.lower() for entry in file.terms[attribute] for found in entry.terms.values() for term in found}
        assert [word for word in words if not any(_met(term, word.lower()) for term in terms)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_set_phrase_holds_a_term(language: str) -> None:
    """A set phrase without a term of any attribute in it would protect nothing."""
    file = packaged(language)
    every = {
        term.lower()
        for entries in file.terms.values()
        for entry in entries
        for terms in entry.terms.values()
        for term in terms
    }
    assert [phrase for phrase in file.set_phrases if not any(_met(term, phrase.lower()) for term in every)] == []
    assert len(set(file.set_phrases)) == len(file.set_phrases)


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("religion", "The Christian Science Monitor wrote so"),
        ("religion", "the christian science monitor's reader"),
        ("nationality", "American Indians and Native Americans"),
        ("nationality", "African Americans spoke"),
        ("gender", "Uncle Sam and Spider-Man in no man's land"),
        ("ethnicity", "小黑人"),
        ("ethnicity", "黑人问号脸"),
        ("nationality", "我的老外婆"),
    ],
)
def test_set_phrases_are_not_swapped(attribute: str, text: str) -> None:
    """A name or a set phrase names no group, in whatever case it is written."""
    assert list(Lexicon.of(["en", "zh"]).swaps([attribute], [text], [""])) == []


@pytest.mark.parametrize(
    ("attribute", "text", "target", "expected"),
    [
        ("religion", "a Christian left Christian Science", "muslim", "a Muslim left Christian Science"),
        ("nationality", "an American met American Indians", "german", "a German met American Indians"),
        ("ethnicity", "那个黑人演过小黑人", "arab", "那个阿拉伯人演过小黑人"),
    ],
)  # fmt: skip
def test_terms_beside_a_set_phrase_are_swapped(attribute: str, text: str, target: str, expected: str) -> None:
    """A set phrase protects itself and nothing else of its text."""
    swaps = Lexicon.of(["en", "zh"]).swaps([attribute], [text], [""])
    assert [swap.swapped.text for swap in swaps if swap.target == target] == [expected]


def test_a_file_may_hold_set_phrases_alone() -> None:
    """A user's own set phrases and protected words need no terms beside them, and add no attribute."""
    own = 'language = "en"\nversion = "1"\nset_phrases = ["Women of Steel"]\n[protected]\nage = ["old boys"]'
    lexicon = Lexicon.of(["en"], [own])
    assert lexicon.added == ()
    swaps = list(lexicon.swaps(["age", "gender"], ["the Women of Steel", "old boys"], ["", ""]))
    assert {(swap.row, swap.attribute) for swap in swaps} == {(1, "gender")}
    with pytest.raises(ValueError, match="none of terms, protected and set_phrases"):
        Lexicon.of([], ['language = "en"\nversion = "1"'])


@pytest.mark.parametrize("term", ["外国人", "老外"])
def test_foreigners_are_a_nationality(term: str) -> None:
    """What Chinese texts call foreigners is swapped with the Chinese, and the Chinese with it."""
    lexicon = Lexicon.of(["zh"])
    assert {
        swap.swapped.text
        for swap in lexicon.swaps(["nationality"], [f"那个{term}说"], [""])
        if swap.target == "chinese"
    } == {"那个中国人说"}
    back = {
        swap.swapped.text
        for swap in lexicon.swaps(["nationality"], ["那个中国人说"] * 20, [str(i) for i in range(20)])
        if swap.target == "foreign"
    }
    assert back == {"那个外国人说", "那个老外说"}


def _met(term: str, word: str) -> bool:
    """Tell whether a term stands in a word, or begins in it."""
    return term in word or any(word.endswith(term[:length]) for length in range(1, len(term)))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_term_stands_twice_in_an_entry(language: str) -> None:
    """A term is one of one group."""
    for entries in packaged(language).terms.values():
        for entry in entries:
            every = [term for terms in entry.terms.values() for term in terms]
            assert len(set(every)) >= len(every) - (entry.exact or entry.before is not None)


def test_attributes_and_languages() -> None:
    """English and Chinese know the seven attributes; regions are Chinese, names English."""
    seven = {"gender", "religion", "nationality", "ethnicity", "orientation", "disability", "age"}
    assert set(Lexicon.of(["en"]).attributes) == seven | {"names"}
    assert set(Lexicon.of(["zh"]).attributes) == seven | {"region"}
    assert Lexicon.of([]).attributes == {}


def test_a_file_extends_the_lexicon() -> None:
    """A file adds terms to an attribute and attributes of its own, and changes version and digest."""
    plain, more = Lexicon.of(["en"]), Lexicon.of(["en"], [EXTRA])
    assert more.added == ("caste", "gender")
    assert "mine 1" in more.version
    assert more.digest != plain.digest
    for attribute, text, source, target, expected in (
        ("caste", "a Dalit", "dalit", "brahmin", "a Brahmin"),
        ("gender", "the lass and her book", "female", "male", "the lad and his book"),
    ):
        found = more.attributes[attribute].swap(text, source, target)
        assert found is not None
        assert found.text == expected


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("no toml", "is not valid TOML"),
        ('language = "en"\nversion = "1"', "terms"),
        ('language = "fr"\nversion = "1"\n[[terms.gender]]\na = "x"\nb = "y"', "language"),
        ('language = "en"\nversion = "1"\n[[terms.gender]]\nfemale = "lass"', "terms.gender"),
        ('language = "en"\nversion = "1"\n[[terms.gender]]\na = "x"\nb = "y"\nbefore = "what"', "'what'"),
        ('language = "en"\nversion = "1"\n[[terms.gender]]\na = "x"\nb = "y"\nonly_to = ["c"]', "'c'"),
        ('language = "en"\nversion = "1"\n[[terms.gender]]\na = "x"\nb = ""', "terms.gender"),
        ('language = "en"\nversion = "1"\n[[terms.gender]]\nfemale = "he"\nmale = "they"', "two groups"),
    ],
)
def test_what_is_no_lexicon_is_refused(text: str, wrong: str) -> None:
    """The error names the key or the term."""
    with pytest.raises(ValueError, match=wrong):
        Lexicon.of(["en"], [text])


def test_choices_hang_on_the_draw_alone() -> None:
    """Of several terms the same draw takes the same one in any order of rows; another draw may take another."""
    lexicon = Lexicon.of(["zh"])
    texts = ["一个白人和一个白人"] * 40
    draws = [str(i) for i in range(40)]
    first = {
        swap.row: swap.swapped.text for swap in lexicon.swaps(["ethnicity"], texts, draws) if swap.target == "black"
    }
    back = {
        39 - swap.row: swap.swapped.text
        for swap in lexicon.swaps(["ethnicity"], texts, draws[::-1])
        if swap.target == "black"
    }
    assert first == back
    assert set(first.values()) == {"一个黑人和一个黑人", "一个黑种人和一个黑种人"}


def test_only_texts_that_change_are_swaps() -> None:
    """A text without a term, or with one that has no counterpart, gives nothing; no group is swapped for itself."""
    lexicon = Lexicon.of(["en"])
    found = list(lexicon.swaps(["gender"], ["a stone", "she", "a cisgender he"], ["", "", ""]))
    assert [(one.row, one.source, one.target) for one in found] == [
        (1, "female", "male"),
        (2, "cisgender", "transgender"),
        (2, "male", "female"),
    ]
