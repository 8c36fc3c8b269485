"""Where identity terms stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.analysis.counterfactual.lexicon_files import Entry, LexiconFile

__all__ = ["Finder", "Mention", "Slot"]

_LETTER = r"[^\W\u3400-\u9fff]"
"""A character of a word; Chinese characters beside an English word do not lengthen it."""

_BEFORE = 40
"""Characters in which the words before a term are looked for."""


@dataclass(frozen=True)
class Slot:
    """An entry of a lexicon, ready to be looked for.

    Attributes
    ----------
    terms : mapping of str to tuple of str
        By group, as in `Entry`.
    spaced : bool
        Whether the language parts words by spaces, and knows case and articles.
    """

    terms: Mapping[str, tuple[str, ...]]
    spaced: bool
    exact: bool = False
    follows: re.Pattern[str] | None = None
    stands_before: re.Pattern[str] | None = None

    @classmethod
    def of(cls, entry: Entry, file: LexiconFile) -> Slot:
        """Return the slot of an entry of a file."""
        follows = stands_before = None
        if entry.before is not None:
            follows = re.compile(rf"\s+(?:{_any(file.words[entry.before])})(?!\w)", re.IGNORECASE)
        elif entry.not_before is not None:
            follows = re.compile(rf"\s+(?!(?:{_any(file.words[entry.not_before])})(?!\w))\w", re.IGNORECASE)
        if entry.after is not None:
            stands_before = re.compile(rf"(?<!\w)(?:{_any(file.words[entry.after])})\s+\Z", re.IGNORECASE)
        return cls(entry.terms, file.language == "en", entry.exact, follows, stands_before)

    def fits(self, text: str, start: int, end: int, term: str) -> bool:
        """Return whether a term that was found counts where it stands."""
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
        As the lexicon writes it.
    slot : Slot
    """

    start: int
    end: int
    group: str
    term: str
    slot: Slot


@dataclass(frozen=True)
class _Reading:
    group: str
    term: str
    slot: Slot


class Finder:
    """Finds the terms of one attribute in one language, by one regular expression.

    Parameters
    ----------
    attribute : str
        For errors.
    files : sequence of LexiconFile
        Of one language, those that count first standing first.

    Raises
    ------
    ValueError
        Where a term belongs to two groups.
    """

    def __init__(self, attribute: str, files: Sequence[LexiconFile]) -> None:
        self._spaced = files[0].language == "en"
        self._readings: dict[str, list[_Reading]] = {
            self._key(word): [] for file in files for word in file.protected.get(attribute, ())
        }
        self.groups: set[str] = set()
        for file in files:
            for entry in file.terms.get(attribute, ()):
                self._add(attribute, entry, Slot.of(entry, file))
        self._pattern = self._compiled()

    def find(self, text: str) -> Iterator[Mention]:
        """Find terms, from the first to the last; none overlaps another."""
        for match in self._pattern.finditer(_lower(text) if self._spaced else text):
            start, end = match.span()
            for reading in self._readings[self._key(match[0])]:
                if reading.slot.fits(text, start, end, reading.term):
                    yield Mention(start, end, reading.group, reading.term, reading.slot)
                    break

    def _add(self, attribute: str, entry: Entry, slot: Slot) -> None:
        self.groups |= entry.terms.keys()
        for group, terms in entry.terms.items():
            for term in terms if group not in entry.only_to else ():
                readings = self._readings.setdefault(self._key(term), [])
                others = sorted({reading.group for reading in readings} - {group})
                if others:
                    raise ValueError(f"{attribute}: '{term}' is a term of two groups, '{others[0]}' and '{group}'")
                readings.append(_Reading(group, term, slot))

    def _compiled(self) -> re.Pattern[str]:
        longest_first = sorted(self._readings, key=lambda key: (-len(key), key))
        if not self._spaced:
            return re.compile("|".join(map(re.escape, longest_first)))
        # The first letters stand alone in front: most places of a text are dismissed by them.
        first = "".join(sorted({re.escape(key[0]) for key in self._readings}))
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
    # A letter that becomes two would shift all places after it.
    return "".join(one.lower() if len(one.lower()) == 1 else one for one in text)
