"""Context: where a text mentions a card, a telephone or an order."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from llmops_audit.personal_data.kinds import REACH_AFTER, Words

__all__ = ["FAR", "HEADER", "LABEL", "NEVER", "Mentions", "Positions", "Topics", "split_words"]

HEADER = 1000
"""Distance of a word in the column name: any word of the text is nearer."""

FAR = HEADER + 1

NEVER = r"[^\x00-\x{10FFFF}]"
"""An RE2 pattern that matches nothing."""

LABEL = re.compile(r"(?i:号码|号|numbers?|no\.?)?[ :=#是为]{0,3}(?:is )?[\"']?[+(]?[A-Za-z]{0,2}[0-9][0-9 \-]{2}")
"""What follows a word that names the number after it, and not the number before it."""

Word = tuple[int, int, tuple[int, ...]]
"""Start and end of a word, and its topics."""

_LETTER = "A-Za-z\u00c0-\u024f"
_WORD = re.compile(f"([{_LETTER}]+)(?:['\u2019]s(?![{_LETTER}]))?")
_LOWER = bytes(code | 0x20 if chr(code).isalpha() and code < 0x80 else 0x20 for code in range(0x100))
"""ASCII letters in lower case, everything else blank."""
_GAPS = frozenset(("", " ", "_", "-"))
_STOPS = _GAPS | {".", "/"}
"""What may separate the words of a phrase, and what may follow a single letter that is a word: ``A/C``."""

_LONGEST_PHRASE = 3


@dataclass(frozen=True)
class Positions:
    """Where the words of a topic stand in a text.

    Attributes
    ----------
    starts, ends : list of int
        Both ascending. The starts leave out words that name the number after them, see `LABEL`.
    """

    starts: list[int]
    ends: list[int]

    def before(self, index: int, reach: int) -> int:
        """Return the distance from the end of the last word before an index; `FAR` beyond `reach`."""
        position = bisect_right(self.ends, index)
        distance = index - self.ends[position - 1] if position else FAR
        return distance if distance <= reach else FAR

    def after(self, index: int, further: int = 0) -> int:
        """Return the distance to the next word after an index; it counts as farther than any word before.

        It is `FAR` beyond `REACH_AFTER` plus `further` characters.
        """
        position = bisect_left(self.starts, index)
        distance = self.starts[position] - index if position < len(self.starts) else FAR
        return REACH_AFTER + distance if distance < REACH_AFTER + further else FAR


class Mentions:
    """The words of a text that belong to a topic.

    Parameters
    ----------
    text : str
    words : sequence of (int, int, tuple of int)
        Start, end and topics of each word.
    """

    def __init__(self, text: str, words: Sequence[Word]) -> None:
        self._text = text
        self._words = words
        self._known: dict[int, Positions | None] = {}

    @property
    def topics(self) -> frozenset[int]:
        """All topics that the text mentions."""
        return frozenset(topic for *_, topics in self._words for topic in topics)

    def of(self, topic: int) -> Positions | None:
        """Return where the words of a topic stand; None where the text has none of them."""
        if topic not in self._known:
            found = [(start, end) for start, end, topics in self._words if topic in topics]
            starts = [start for start, end in found if not LABEL.match(self._text, end)]
            self._known[topic] = Positions(sorted(starts), sorted(end for _, end in found)) if found else None
        return self._known[topic]


def split_words(header: str) -> str:
    """Return a column name with its words separated: ``userPhone`` becomes ``user Phone``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header)


class Topics:
    """Lists of words, all searched for at once.

    Parameters
    ----------
    lists : sequence of Words
        A topic is known by its position in this sequence.
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

    @cache  # noqa: B019 - there is one object of this class, and it lives as long as the process
    def pattern(self, topics: frozenset[int]) -> str:
        """Return an RE2 pattern that every text with a word of these topics matches."""
        latin = {word for topic in topics for word in self._lists[topic].latin}
        latin |= {_separated(phrase) for topic in topics for phrase in self._lists[topic].phrases}
        chinese = {word for topic in topics for word in self._lists[topic].chinese}
        parts = [re.escape(word) for word in sorted(chinese)]
        if latin:
            parts.append(f"(?:^|[^{_LETTER}])(?i:{'|'.join(sorted(latin))})(?:['\u2019]?s)?(?:[^{_LETTER}]|$)")
        return "|".join(parts) or NEVER

    def mentions(self, text: str) -> Mentions:
        """Return the words of all topics in a text.

        No letter may touch a Latin word. Its case does not matter, nor does a plural or genitive s. The words of a
        phrase are separated by one space, hyphen or underscore, or by nothing; a single letter also by a full stop or
        a slash.
        """
        found = self._in_latin(text)
        return Mentions(text, found if text.isascii() else [*found, *self._in_chinese(text)])

    def _in_latin(self, text: str) -> list[Word]:
        """Find words by splitting at everything but letters, where a text is ASCII without a phrase or genitive."""
        if not text.isascii() or "'s" in text:
            return self._word_by_word(text)
        words = text.encode().translate(_LOWER).split()
        if not self._openings.isdisjoint(pairwise(words)):
            return self._word_by_word(text)
        mentioned = [self._ascii[word] for word in self._ascii.keys() & words]
        return list(_occurrences(mentioned, text.lower(), self._latin)) if mentioned else []

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
    """Yield every pair of words that may open a phrase."""
    for word in first:
        for phrase in named:
            if phrase.startswith(word):
                second = phrase[len(word) :].encode()
                yield from ((word.encode(), second[:end]) for end in range(1, len(second) + 1))


def _occurrences(words: Iterable[str], text: str, topics: Mapping[str, tuple[int, ...]]) -> Iterator[Word]:
    """Yield where words stand in an ASCII text in lower case, with no letter touching them."""
    for word in words:
        start = text.find(word)
        while start >= 0:
            end = start + len(word)
            if not text[start - 1 : start].isalpha() and not text[end : end + 1].isalpha():
                yield start, end, topics[word]
            start = text.find(word, end)


def _separated(phrase: Sequence[str]) -> str:
    """Return an RE2 pattern of a phrase with its words separated; without a separator it is one word."""
    return "(?:['\u2019]s)?[ _./-]".join(phrase)


def _and_plurals(words: frozenset[str]) -> frozenset[str]:
    return words | {f"{word}s" for word in words}


def _by_word(lists: Iterable[tuple[int, Iterable[str]]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = defaultdict(list)
    for topic, words in lists:
        for word in words:
            found[word].append(topic)
    return {word: tuple(topics) for word, topics in found.items()}
