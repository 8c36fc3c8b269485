"""Context: where a text speaks of a card, a telephone or an order."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from llmops_audit.personal_data.kinds import AFTER, Words

__all__ = ["FAR", "HEADER", "LABEL", "NEVER", "Said", "Spoken", "Topics", "spelled"]

HEADER = 1000
"""Distance of the column's name: any word of the text is nearer."""

FAR = HEADER + 1

NEVER = r"[^\x00-\x{10FFFF}]"
"""A pattern of RE2 that matches nothing."""

LABEL = re.compile(r"(?i:号码|号|numbers?|no\.?)?[ :=#是为]{0,3}(?:is )?[\"']?[+(]?[A-Za-z]{0,2}[0-9][0-9 \-]{2}")
"""What follows a word that names the number behind it, and not the one before it."""

Word = tuple[int, int, tuple[int, ...]]
"""Start and end of a word, and the topics that it speaks of."""

_LETTER = "A-Za-z\u00c0-\u024f"
_WORD = re.compile(f"([{_LETTER}]+)(?:['\u2019]s(?![{_LETTER}]))?")
_LOWER = bytes(code | 0x20 if chr(code).isalpha() and code < 0x80 else 0x20 for code in range(0x100))
"""Letters of ASCII in small, all else blank."""
_GAPS = frozenset(("", " ", "_", "-"))
_STOPS = _GAPS | {".", "/"}
"""What may stand between the words of a phrase, and behind a letter that is a word of its own: ``A/C``."""

_LONGEST_PHRASE = 3


@dataclass(frozen=True)
class Spoken:
    """Where the words of a topic stand.

    Attributes
    ----------
    starts, ends : list of int
        Both ascending. The starts are those of words that do not name a number of their own, which follows them.
    """

    starts: list[int]
    ends: list[int]

    def before(self, place: int, reach: int) -> int:
        """Return the characters between the last word that ends before a place and the place; `FAR` beyond reach."""
        position = bisect_right(self.ends, place)
        distance = place - self.ends[position - 1] if position else FAR
        return distance if distance <= reach else FAR

    def behind(self, place: int, further: int = 0) -> int:
        """Return the distance of the next word behind a place: it counts as farther than any before it.

        Beyond `AFTER`, and as many characters `further`, it is `FAR`.
        """
        position = bisect_left(self.starts, place)
        distance = self.starts[position] - place if position < len(self.starts) else FAR
        return AFTER + distance if distance < AFTER + further else FAR


class Said:
    """The words that a text says, and the topics that each of them speaks of.

    Parameters
    ----------
    text : str
    words : sequence of (int, int, tuple of int)
        Start, end and topics of each word.
    """

    def __init__(self, text: str, words: Sequence[Word]) -> None:
        self._text = text
        self._words = words
        self._known: dict[int, Spoken | None] = {}

    @property
    def topics(self) -> frozenset[int]:
        """All topics that are spoken of."""
        return frozenset(topic for *_, topics in self._words for topic in topics)

    def of(self, topic: int) -> Spoken | None:
        """Return where the words of a topic stand; None where there are none."""
        if topic not in self._known:
            places = [(start, end) for start, end, topics in self._words if topic in topics]
            starts = [start for start, end in places if not LABEL.match(self._text, end)]
            self._known[topic] = Spoken(sorted(starts), sorted(end for _, end in places)) if places else None
        return self._known[topic]


def spelled(header: str) -> str:
    """Return a column's name with its words apart: ``userPhone`` is ``user Phone``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header)


class Topics:
    """Lists of words, all looked for at once.

    Parameters
    ----------
    lists : sequence of Words
        A topic is known by its place in this sequence.
    """

    def __init__(self, lists: Sequence[Words]) -> None:
        self._lists = tuple(lists)
        self._latin = _by_word((topic, _and_plurals(words.latin)) for topic, words in enumerate(lists))
        self._first = frozenset(phrase[0] for words in lists for phrase in words.phrases)
        self._ascii = {word.encode(): word for word in self._latin}
        self._openings = frozenset(_openings(self._first, self._latin))
        self._chinese = _by_word((topic, words.chinese) for topic, words in enumerate(lists))
        lengths: dict[str, set[int]] = defaultdict(set)
        for word in self._chinese:
            lengths[word[0]].add(len(word))
        self._lengths = {character: tuple(sorted(found)) for character, found in lengths.items()}
        self._heads = re.compile(f"[{re.escape(''.join(sorted(lengths)))}]") if lengths else re.compile("(?!)")

    @cache  # noqa: B019 - there is one object of this class, and it stays
    def pattern(self, topics: frozenset[int]) -> str:
        """Return a pattern of RE2 without which a text speaks of none of these topics."""
        latin = {word for topic in topics for word in self._lists[topic].latin}
        latin |= {_apart(phrase) for topic in topics for phrase in self._lists[topic].phrases}
        chinese = {word for topic in topics for word in self._lists[topic].chinese}
        parts = [re.escape(word) for word in sorted(chinese)]
        if latin:
            parts.append(f"(?:^|[^{_LETTER}])(?i:{'|'.join(sorted(latin))})(?:['\u2019]?s)?(?:[^{_LETTER}]|$)")
        return "|".join(parts) or NEVER

    def spoken(self, text: str) -> Said:
        """Return where a text speaks of what.

        A Latin word stands between letters of no kind, whatever its case, with or without a plural's or a genitive's
        s; the words of a phrase are apart by one space, hyphen or underscore, or by nothing; single letters
        also by a full stop or a slash.
        """
        found = self._in_latin(text)
        return Said(text, found if text.isascii() else [*found, *self._in_chinese(text)])

    def _in_latin(self, text: str) -> list[Word]:
        """Find words by their letters alone where a text is ASCII, and no phrase or genitive can be in it."""
        if not text.isascii() or "'s" in text:
            return self._word_by_word(text)
        words = text.encode().translate(_LOWER).split()
        if not self._openings.isdisjoint(pairwise(words)):
            return self._word_by_word(text)
        spoken = [self._ascii[word] for word in self._ascii.keys() & words]
        return list(_places(spoken, text.lower(), self._latin)) if spoken else []

    def _word_by_word(self, text: str) -> list[Word]:
        named, first = self._latin, self._first
        found: list[Word] = []
        opening: list[tuple[int, str, int, int]] = []
        alone = False
        for match in _WORD.finditer(text):
            word = match[1].lower()
            if opening:
                opening = [
                    (start, joined + word, words + 1, match.end())
                    for start, joined, words, end in opening
                    if words < _LONGEST_PHRASE and text[end : match.start()] in (_STOPS if alone else _GAPS)
                ]
                found += [(start, match.end(), named[joined]) for start, joined, *_ in opening if joined in named]
            alone = len(word) == 1
            if word in named:
                found.append((*match.span(), named[word]))
            if word in first:
                opening.append((match.start(), word, 1, match.end()))
        return found

    def _in_chinese(self, text: str) -> Iterable[Word]:
        for match in self._heads.finditer(text):
            start = match.start()
            for length in self._lengths[match.group()]:
                if topics := self._chinese.get(text[start : start + length]):
                    yield start, start + length, topics


def _openings(first: Iterable[str], named: Iterable[str]) -> Iterator[tuple[bytes, bytes]]:
    """Yield every pair of words that a phrase may begin with."""
    for word in first:
        for phrase in named:
            if phrase.startswith(word):
                second = phrase[len(word) :].encode()
                yield from ((word.encode(), second[:end]) for end in range(1, len(second) + 1))


def _places(words: Iterable[str], text: str, topics: Mapping[str, tuple[int, ...]]) -> Iterator[Word]:
    """Yield where words of an ASCII text in small letters stand between letters of no kind."""
    for word in words:
        start = text.find(word)
        while start >= 0:
            end = start + len(word)
            if not text[start - 1 : start].isalpha() and not text[end : end + 1].isalpha():
                yield start, end, topics[word]
            start = text.find(word, end)


def _apart(phrase: Sequence[str]) -> str:
    """Return a phrase with its words apart, for RE2; without what parts them it is one word."""
    return "(?:['\u2019]s)?[ _./-]".join(phrase)


def _and_plurals(words: frozenset[str]) -> frozenset[str]:
    return words | {f"{word}s" for word in words}


def _by_word(lists: Iterable[tuple[int, Iterable[str]]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = defaultdict(list)
    for topic, words in lists:
        for word in words:
            found[word].append(topic)
    return {word: tuple(topics) for word, topics in found.items()}
