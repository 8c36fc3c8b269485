"""What a kind of personal data is: the forms that it is written in, and the confidence that each form gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from llmops_audit.record import Message, Severity

__all__ = ["NO_WORDS", "REACH_AFTER", "Confidence", "Form", "Gate", "Kind", "Validator", "Words", "whole", "words"]

Validator = Callable[[str], int]
"""Takes a candidate and returns how many of its first characters are the value; 0 rejects it."""

REACH_AFTER = 30
"""A context word may begin within this many characters after a candidate."""


class Confidence(StrEnum):
    """Confidence of a hit.

    Confirmed: a form that nothing else has, a validator that at most one in 10,000 random strings of the form passes,
    or a weaker validator together with context. Likely: form and context fit. Suspected: form and context fit, but
    the checksum is wrong; a mistyped number is personal data as well.
    """

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    SUSPECTED = "suspected"

    @property
    def rank(self) -> int:
        """Rank by strength; 0 is the strongest."""
        return _RANKS[self]


_RANKS = {"confirmed": 0, "likely": 1, "suspected": 2}


@dataclass(frozen=True)
class Gate:
    """What a text must hold before any pattern of a form is tried.

    Attributes
    ----------
    pattern : str
        In the syntax that `re` and RE2 share, without look-around. A text without a match cannot hold the form.
    digits : int
        Where positive, `pattern` matches a run of this many digits with separators.
    within : str
        A coarser pattern that several gates share. Every text that `pattern` matches, it matches too.
    """

    pattern: str
    digits: int = 0
    within: str = ""


def whole(text: str) -> int:
    """Accept every candidate."""
    return len(text)


@dataclass(frozen=True)
class Form:
    """One way in which a kind is written.

    Attributes
    ----------
    gate : Gate
        Shared by many forms.
    pattern : re.Pattern
        Candidates in normalised text. Its length is bounded, so that the search is linear in the text.
    in_context : Confidence
        Confidence where a context word is near, and nearer than a word of `Kind.against`.
    alone : Confidence, optional
        Confidence without a context word; None: not reported. Where it equals `in_context`, words do not matter.
    validator : callable
        Accepts or rejects a candidate, see `Validator`.
    has_checksum : bool
        Whether the validator computes a checksum. Of two equally confident forms, the form with a checksum wins.
    mistyped : bool
        Whether a candidate in context that the validator rejects is reported as suspected.
    whole_cell : bool
        Whether `alone` also applies to a text that is nothing but the candidate, as in a column of row numbers.
    beside : re.Pattern, optional
        `alone` applies only where this matches within `reach` before the candidate or `REACH_AFTER` after it.
    reach : int
        A context word may end at most this many characters before the candidate.
    """

    gate: Gate
    pattern: re.Pattern[str]
    in_context: Confidence
    alone: Confidence | None = None
    validator: Validator = whole
    has_checksum: bool = False
    mistyped: bool = False
    whole_cell: bool = True
    beside: re.Pattern[str] | None = None
    reach: int = 60

    @property
    def best(self) -> int:
        """Rank of the highest confidence that the form can give."""
        return min(self.in_context.rank, self.in_context.rank if self.alone is None else self.alone.rank)


@dataclass(frozen=True)
class Words:
    """Words that name something, in the languages of the people who write about it.

    Attributes
    ----------
    latin : frozenset of str
        In lower case, without the spaces and hyphens inside a phrase: ``"socialsecurity"``. A phrase matches where
        it is written as one word, or with one space, hyphen or underscore between its words.
    phrases : frozenset of tuple of str
        Phrases of several words, as their words.
    chinese : frozenset of str
        They match anywhere: Chinese words have no boundary.
    """

    latin: frozenset[str] = frozenset()
    phrases: frozenset[tuple[str, ...]] = frozenset()
    chinese: frozenset[str] = frozenset()

    def __or__(self, other: Words) -> Words:
        return Words(self.latin | other.latin, self.phrases | other.phrases, self.chinese | other.chinese)


NO_WORDS = Words()


def words(latin: str, chinese: str = "") -> Words:
    """Make a list of words.

    Parameters
    ----------
    latin, chinese : str
        Words separated by white space. In a Latin script, ``_`` separates the words of a phrase, of which there are
        at most three. Plurals with ``s`` need no entry, and case does not matter.
    """
    phrases = [phrase.lower().split("_") for phrase in latin.split()]
    return Words(
        frozenset("".join(phrase) for phrase in phrases),
        frozenset(tuple(phrase) for phrase in phrases if len(phrase) > 1),
        frozenset(chinese.split()),
    )


@dataclass(frozen=True)
class Kind:
    """An entry of the catalogue: all that the program, its tests and its documentation need to know of a kind.

    Attributes
    ----------
    name : str
        Name in specs and records.
    title : Message
        Name for readers; its translation stands in the message catalogue.
    identifying : bool
        Whether a value alone identifies one person or opens an account. A contact detail identifies a person only
        together with other knowledge.
    severity : Severity
    jurisdiction : str
        ISO 3166 code of the country that issues the number; ``"EU"``, or ``""`` where no single one does.
    forms : tuple of Form
    hits : tuple of (str, str)
        Examples: texts, and the value that must be found in each, confirmed or likely. At least three.
    misses : tuple of str
        Counterexamples: texts in which this kind must not be found. At least four.
    context, against : Words
        Words that name the kind, and words that name something else.
    mistyped : tuple of (str, str)
        Texts, and the value in each that must be suspected.
    """

    name: str
    title: Message
    identifying: bool
    severity: Severity
    jurisdiction: str
    forms: tuple[Form, ...]
    hits: tuple[tuple[str, str], ...]
    misses: tuple[str, ...]
    context: Words = NO_WORDS
    against: Words = NO_WORDS
    mistyped: tuple[tuple[str, str], ...] = ()
