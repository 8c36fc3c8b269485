"""Find identity terms in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.analysis.counterfactual.lexicon_files import LexiconEntry, LexiconFile

__all__ = ["Mention", "MentionFinder", "TermSet"]

_LETTER = r"[^\W\u3400-\u9fff]"
"""A character of a word; Chinese characters beside an English word are not part of it."""

_BEFORE = 40
"""Characters before a term in which preceding words are looked for."""


@dataclass(frozen=True)
class TermSet:
    """An entry of a lexicon, compiled for searching.

    Attributes
    ----------
    terms : mapping of str to tuple of str
        By group, as in `LexiconEntry`.
    spaced : bool
        Whether the language separates words by spaces and has case and articles.
    """

    terms: Mapping[str, tuple[str, ...]]
    spaced: bool
    exact: bool = False
    follows: re.Pattern[str] | None = None
    stands_before: re.Pattern[str] | None = None

    @classmethod
    def of(cls, entry: LexiconEntry, file: LexiconFile) -> TermSet:
        """Compile an entry of a file."""
        follows = stands_before = None
        if entry.before is not None:
            follows = re.compile(rf"\s+(?:{_any(file.words[entry.before])})(?!\w)", re.IGNORECASE)
        elif entry.not_before is not None:
            follows = re.compile(rf"\s+(?!(?:{_any(file.words[entry.not_before])})(?!\w))\w", re.IGNORECASE)
        if entry.after is not None:
            stands_before = re.compile(rf"(?<!\w)(?:{_any(file.words[entry.after])})\s+\Z", re.IGNORECASE)
        return cls(entry.terms, file.language == "en", entry.exact, follows, stands_before)

    def fits(self, text: str, start: int, end: int, term: str) -> bool:
        """Return whether a term that was found counts in its context."""
        if self.exact and text[start:end] != term:
            return False
        if self.follows is not None and not self.follows.match(text, end):
            return False
        return self.stands_before is None or bool(self.stands_before.search(text, max(0, start - _BEFORE), start))


@dataclass(frozen=True)
class Mention:
    """A term in a text.

    Attributes
    ----------
    start, end : int
    group : str
    term : str
        As written in the lexicon.
    term_set : TermSet
    """

    start: int
    end: int
    group: str
    term: str
    term_set: TermSet


@dataclass(frozen=True)
class _Sense:
    group: str
    term: str
    term_set: TermSet


class MentionFinder:
    """Finds the terms of one attribute in one language, by one regular expression.

    Parameters
    ----------
    attribute : str
        For errors.
    files : sequence of LexiconFile
        Of one language, in order of precedence.

    Raises
    ------
    ValueError
        Where a term belongs to two groups.
    """

    def __init__(self, attribute: str, files: Sequence[LexiconFile]) -> None:
        self._spaced = files[0].language == "en"
        self._senses: dict[str, list[_Sense]] = {
            self._key(word): [] for file in files for word in (*file.protected.get(attribute, ()), *file.set_phrases)
        }
        self.groups: set[str] = set()
        for file in files:
            for entry in file.terms.get(attribute, ()):
                self._add(attribute, entry, TermSet.of(entry, file))
        self._pattern = self._compiled()

    def find(self, text: str) -> Iterator[Mention]:
        """Find terms in order, without overlaps."""
        for match in self._pattern.finditer(_lower(text) if self._spaced else text):
            start, end = match.span()
            for sense in self._senses[self._key(match[0])]:
                if sense.term_set.fits(text, start, end, sense.term):
                    yield Mention(start, end, sense.group, sense.term, sense.term_set)
                    break

    def _add(self, attribute: str, entry: LexiconEntry, term_set: TermSet) -> None:
        self.groups |= entry.terms.keys()
        for group, terms in entry.terms.items():
            for term in terms if group not in entry.only_to else ():
                senses = self._senses.setdefault(self._key(term), [])
                others = sorted({sense.group for sense in senses} - {group})
                if others:
                    raise ValueError(f"{attribute}: '{term}' is a term of two groups, '{others[0]}' and '{group}'")
                senses.append(_Sense(group, term, term_set))

    def _compiled(self) -> re.Pattern[str]:
        longest_first = sorted(self._senses, key=lambda key: (-len(key), key))
        if not self._spaced:
            return re.compile("|".join(map(re.escape, longest_first)))
        # A lookahead for first letters skips most positions of a text quickly.
        first = "".join(sorted({re.escape(key[0]) for key in self._senses}))
        return re.compile(rf"(?=[{first}])(?<!{_LETTER})(?:{_any(longest_first)})(?!{_LETTER})")

    def _key(self, term: str) -> str:
        return " ".join(_lower(term).split()) if self._spaced else term


def _any(words: Iterable[str]) -> str:
    return "|".join(
        re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=lambda word: (-len(word), word))
    )


def _lower(text: str) -> str:
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    # A letter that becomes two would shift all later positions.
    return "".join(one.lower() if len(one.lower()) == 1 else one for one in text)
