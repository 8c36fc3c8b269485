"""What a kind of personal data is: forms that it is written in, and how sure each of them makes us."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from llmops_audit.model import Message, Severity

__all__ = ["Confidence", "Form", "Kind", "Validator", "words"]

Validator = Callable[[str], int]
"""Takes a candidate and returns how many of its first characters stand as a value; 0 refuses it."""

NEVER = re.compile(r"(?!)")


class Confidence(StrEnum):
    """How sure a find is: of an unmistakable form or strong checksum, or of a form that fits its surroundings."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"

    @property
    def rank(self) -> int:
        """Order of strength, 0 the strongest."""
        return list(Confidence).index(self)


@dataclass(frozen=True)
class Form:
    """One way in which a kind is written.

    Attributes
    ----------
    gate : re.Pattern
        A cheap pattern without which `pattern` cannot match; forms share gates.
    pattern : re.Pattern
        Candidates. Of bounded length, so that the search is linear in the text.
    validator : callable
        Decides about a candidate, see `Validator`.
    in_context : Confidence
        Confidence where a context word of the kind is near, and nearer than a word that speaks against it.
    alone : Confidence, optional
        Confidence without such a word; None: not reported then.
    whole_cell : bool
        Whether `alone` also holds for a text that is nothing but the candidate, as in a column of row numbers.
    reach : int
        How many characters before the candidate a context word may stand.
    """

    gate: re.Pattern[str]
    pattern: re.Pattern[str]
    validator: Validator
    in_context: Confidence
    alone: Confidence | None = None
    whole_cell: bool = True
    reach: int = 60


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
        Whether one value by itself points to one person (a contact detail does so only with more knowledge).
    severity : Severity
    forms : tuple of Form
    context, against : re.Pattern
        Words, English and Chinese, that speak for the kind, and those that name something else.
    hits : tuple of (str, str)
        Texts, and the value that must be found in each.
    misses : tuple of str
        Texts in which this kind must not be found.
    """

    name: str
    title: Message
    identifying: bool
    severity: Severity
    forms: tuple[Form, ...]
    hits: tuple[tuple[str, str], ...]
    misses: tuple[str, ...]
    context: re.Pattern[str] = NEVER
    against: re.Pattern[str] = NEVER


def words(english: str, chinese: str = "") -> re.Pattern[str]:
    r"""Compile a list of words.

    Parameters
    ----------
    english, chinese : str
        Words separated by white space; ``_`` in an English one stands for one optional space, hyphen or underscore.

    Returns
    -------
    re.Pattern
        Matches an English word (or its plural) that touches no further ASCII letter, whatever its case, and a
        Chinese word anywhere: ``\b`` is no boundary beside a Chinese character.
    """
    latin = "|".join(re.escape(word).replace("_", "[ _-]?") for word in english.split())
    parts = [
        rf"(?<![A-Za-z])(?:{latin})s?(?![A-Za-z])",
        *map(re.escape, chinese.split()),
    ]
    return re.compile("|".join(parts), re.IGNORECASE)
