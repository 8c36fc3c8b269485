"""Replace the terms of one group by those of another, and keep the grammar."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_audit.analysis.counterfactual.mentions import Mention

__all__ = ["SwappedText", "swapped"]

_ARTICLE = re.compile(r"(?<!\w)(an?)(\s+)\Z", re.IGNORECASE)
_VOWEL = re.compile(
    r"(?!eu|ewe|one\b|once|uni(?!nt|m)|uk|us[ae]|ut[aei])[aeiou]|heir|hon(?:est|ou?r)|hour", re.IGNORECASE
)
"""Beginning of a word that takes "an"; by spelling, with the usual exceptions."""


@dataclass(frozen=True)
class SwappedText:
    """A text with the terms of two groups swapped.

    Attributes
    ----------
    text : str
    replaced : tuple of (str, str)
        Terms of the first group and their replacements, each pair once; as written in the lexicon.
    both : bool
        Whether the text mentioned the second group as well, whose terms were swapped the other way.
    """

    text: str
    replaced: tuple[tuple[str, str], ...]
    both: bool


def swapped(text: str, mentions: Sequence[Mention], source: str, target: str, draw: str) -> SwappedText | None:
    """Swap two groups in a text.

    Parameters
    ----------
    text : str
    mentions : sequence of Mention
        The terms of one attribute in the text, in order.
    source, target : str
        Groups: terms of `source` become those of `target`, and the other way round, so that who is who stays clear.
    draw : str
        What the choice among several terms depends on: a term has the same replacement throughout a text.

    Returns
    -------
    SwappedText or None
        None where no term of `source` has a counterpart.
    """
    opposite = {source: target, target: source}
    parts: list[str] = []
    replaced: dict[tuple[str, str], None] = {}
    both, end = False, 0
    for mention in mentions:
        group = opposite.get(mention.group)
        options = mention.term_set.terms.get(group, ()) if group is not None else ()
        if not options:
            continue
        new = options[_drawn(len(options), f"{draw}\n{mention.term}\n{group}")]
        between, old = text[end : mention.start], text[mention.start : mention.end]
        written = new
        if mention.term_set.spaced:
            written = _as_written(old, mention.term, new, _starts_sentence(text, mention.start))
            between = _with_article(between, old, written)
        parts += [between, written]
        end = mention.end
        if mention.group == source:
            replaced[mention.term, new] = None
        else:
            both = True
    if not replaced:
        return None
    return SwappedText("".join([*parts, text[end:]]), tuple(replaced), both)


def _drawn(options: int, draw: str) -> int:
    if options == 1:
        return 0
    return int.from_bytes(hashlib.blake2b(draw.encode(), digest_size=8).digest(), "big") % options


def _as_written(old: str, term: str, new: str, starts_sentence: bool) -> str:
    """Return a term in the case of the term that it replaces."""
    if old == term:
        return new[0].upper() + new[1:] if starts_sentence and old[0].isupper() else new
    if old.isupper() and len(old) > 1:
        return new.upper()
    if old[0].isupper():
        return new[0].upper() + new[1:]
    return new.lower()


def _starts_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 3) : start].rstrip(" \t\"'“‘(")
    return not before or before[-1] in ".!?\n"


def _with_article(between: str, old: str, new: str) -> str:
    vowel = bool(_VOWEL.match(new))
    found = _ARTICLE.search(between)
    # An article that was wrong before stays wrong: the swap changes nothing else.
    if found is None or vowel == bool(_VOWEL.match(old)) or (len(found[1]) == 2) == vowel:
        return between
    article = "an" if vowel else "a"
    if found[1][0].isupper():
        article = article.upper() if new.isupper() and len(new) > 1 else article.capitalize()
    return between[: found.start()] + article + found[2]
