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
