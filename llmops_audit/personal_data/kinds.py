"""What a kind of personal data is: forms that it is written in, and how sure each of them makes us."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from llmops_audit.record import Message, Severity

__all__ = ["AFTER", "NOTHING", "Confidence", "Form", "Gate", "Kind", "Validator", "Words", "whole", "words"]

Validator = Callable[[str], int]
"""Takes a candidate and returns how many of its first characters stand as a value; 0 refuses it."""

AFTER = 30
"""Characters after a candidate in which a context word may begin."""


class Confidence(StrEnum):
    """How sure a find is.

    Confirmed: a form that nothing else has, a validator that at most one random string of the form in 10,000 passes,
    or a weaker one together with context. Likely: a form that fits its surroundings. Suspected: form and context of
    a number whose checksum is wrong, since a mistyped number is personal data as well.
    """

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    SUSPECTED = "suspected"

    @property
    def rank(self) -> int:
        """Order of strength, 0 the strongest."""
        return _RANKS[self]


_RANKS = {"confirmed": 0, "likely": 1, "suspected": 2}


@dataclass(frozen=True)
class Gate:
    """What a text must hold before any pattern of a form is tried.

    Attributes
    ----------
    pattern : str
        In the syntax that `re` and RE2 share, without look-around: no text without a match can hold the form.
    digits : int
        Where positive, `pattern` is a run of so many digits with separators.
    within : str
        A coarser pattern that several gates share, and that a text with a match of `pattern` matches as well.
    """

    pattern: str
    digits: int = 0
    within: str = ""


def whole(text: str) -> int:
    """Accept a candidate as it is."""
    return len(text)


@dataclass(frozen=True)
class Form:
    """One way in which a kind is written.

    Attributes
    ----------
    gate : Gate
        Shared by many forms.
    pattern : re.Pattern
        Candidates, in normalised text. Of bounded length, so that the search is linear in the text.
    in_context : Confidence
        Confidence where a context word of the kind is near, and nearer than a word that speaks against it.
    alone : Confidence, optional
        Confidence without such a word; None: not reported then. Where it equals `in_context`, words do not matter.
    validator : callable
        Decides about a candidate, see `Validator`.
    checked : bool
        Whether the validator computes a checksum: at one place such a form wins over an equally sure one without.
    mistyped : bool
        Whether a candidate in context that the validator refuses is reported as suspected.
    whole_cell : bool
        Whether `alone` also holds for a text that is nothing but the candidate, as in a column of row numbers.
    beside : re.Pattern, optional
        `alone` holds only where this stands within `reach` before the candidate or `AFTER` behind it.
    reach : int
        How many characters before the candidate a context word may end.
    """

    gate: Gate
    pattern: re.Pattern[str]
    in_context: Confidence
    alone: Confidence | None = None
    validator: Validator = whole
    checked: bool = False
    mistyped: bool = False
    whole_cell: bool = True
    beside: re.Pattern[str] | None = None
    reach: int = 60

    @property
    def best(self) -> int:
        """Rank of the best confidence that the form can give."""
        return min(self.in_context.rank, self.in_context.rank if self.alone is None else self.alone.rank)


@dataclass(frozen=True)
class Words:
    """Words that name something, in the languages of those who write about it.

    Attributes
    ----------
    latin : frozenset of str
        In small letters, without the spaces and hyphens inside a phrase: ``"socialsecurity"``. A phrase matches
        where it is written in one, or with one space, hyphen or underscore between its words.
    phrases : frozenset of tuple of str
        Phrases of several words, with their words apart.
    chinese : frozenset of str
        These match anywhere: a Chinese word has no boundary.
    """

    latin: frozenset[str] = frozenset()
    phrases: frozenset[tuple[str, ...]] = frozenset()
    chinese: frozenset[str] = frozenset()

    def __or__(self, other: Words) -> Words:
        return Words(self.latin | other.latin, self.phrases | other.phrases, self.chinese | other.chinese)


NOTHING = Words()


def words(latin: str, chinese: str = "") -> Words:
    """Make a list of words.

    Parameters
    ----------
    latin, chinese : str
        Words separated by white space; ``_`` parts the words of a phrase (three at the most) in a Latin script.
        Plurals with ``s`` match by themselves, and so does any case.
    """
    phrases = [phrase.lower().split("_") for phrase in latin.split()]
    return Words(
        frozenset("".join(phrase) for phrase in phrases),
        frozenset(tuple(phrase) for phrase in phrases if len(phrase) > 1),
        frozenset(chinese.split()),
    )


@dataclass(frozen=True)
class Kind:
    """An entry of the catalogue.

    Attributes
    ----------
    name : str
        Name in specs and records.
    title : Message
        Name for people.
    identifying : bool
        Whether one value by itself points to one person, or opens an account (a contact detail points to a person
        only with more knowledge).
    severity : Severity
    jurisdiction : str
        ISO 3166 code of the country that gives the number out; ``"EU"``, or ``""`` for no single one.
    forms : tuple of Form
    hits : tuple of (str, str)
        Texts, and the value that must be found in each, confirmed or likely.
    misses : tuple of str
        Texts in which this kind must not be found.
    context, against : Words
        Words that speak for the kind, and those that name something else.
    mistyped : tuple of (str, str)
        Texts, and the value that must be suspected in each.
    """

    name: str
    title: Message
    identifying: bool
    severity: Severity
    jurisdiction: str
    forms: tuple[Form, ...]
    hits: tuple[tuple[str, str], ...]
    misses: tuple[str, ...]
    context: Words = NOTHING
    against: Words = NOTHING
    mistyped: tuple[tuple[str, str], ...] = ()
