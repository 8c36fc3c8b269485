"""What `model.output.ignore` leaves out of account, in labels and in outputs alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

__all__ = ["normalised", "without_fences"]

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*$", re.MULTILINE)
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+)", re.MULTILINE)
_EMPHASIS = re.compile(r"[*`]+|~~")
# An underscore inside a word, as in not_spam, is part of it.
_UNDERSCORES = re.compile(r"(?<!\w)_+(?=\w)|(?<=[^\W_])_+(?!\w)")
_SPACES = re.compile(r"[\s\u200b\u2060\ufeff]+")


def normalised(text: str, ignore: Collection[str]) -> str:
    """Return a text without what is ignored.

    Parameters
    ----------
    text : str
    ignore : collection of str
        ``"markdown"``: fences, headings, quotes, list marks, emphasis and code marks. ``"case"``: upper case, and
        compatibility forms such as full width (NFKC, case folded). ``"whitespace"``: runs of white space, and white
        space at the ends. ``"punctuation"``: punctuation at the ends, but a minus before a digit.
    """
    if "markdown" in ignore:
        text = _UNDERSCORES.sub("", _EMPHASIS.sub("", _LINE_MARK.sub("", without_fences(text))))
        text = text.strip()
    if "case" in ignore:
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if "whitespace" in ignore:
        text = _SPACES.sub(" ", text).strip()
    if "punctuation" in ignore:
        text = _without_ends(text)
    return text


def without_fences(text: str) -> str:
    """Return a text without the fences of code blocks, as they stand around JSON."""
    return _FENCE.sub("", text)


def _without_ends(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _drops(text, start):
        start += 1
    while end > start and _drops(text, end - 1):
        end -= 1
    return text[start:end]


def _drops(text: str, at: int) -> bool:
    minus = text[at] == "-" and text[at + 1 : at + 2].isdigit()
    return not minus and (text[at].isspace() or unicodedata.category(text[at]).startswith("P"))
