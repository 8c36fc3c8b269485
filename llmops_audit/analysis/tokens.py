"""The pieces that texts are made of: words, and runs of characters in scripts that are written without spaces."""

from __future__ import annotations

import re

__all__ = ["LONGEST_PIECE", "MOST_CHARACTERS", "UNSPACED", "has_pieces", "pieces"]

MOST_CHARACTERS = 1_000
"""Of a text: what comes later costs time and seldom tells more."""

LONGEST_PIECE = 3
"""Characters of a piece of a script that is written without spaces."""

UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Kana and Han, as ranges of a regular expression's class."""

_PIECE = re.compile(rf"([{UNSPACED}]+)|[^\W{UNSPACED}]+")


def pieces(text: str, longest: int = LONGEST_PIECE) -> list[str]:
    """Return the pieces of a text in lower case, as often as they stand in its first `MOST_CHARACTERS` characters.

    Parameters
    ----------
    text : str
    longest : int
        Of a script without spaces (Han, Kana, Thai) every run of so many characters, or fewer, is a piece; of any
        other script every run of letters and digits.
    """
    found: list[str] = []
    for match in _PIECE.finditer(text[:MOST_CHARACTERS].lower()):
        run = match.group()
        if match.group(1) is None:
            found.append(run)
        else:
            found += [run[i : i + k] for k in range(1, longest + 1) for i in range(len(run) - k + 1)]
    return found


def has_pieces(text: str) -> bool:
    """Return whether a text holds a letter or a digit among its first `MOST_CHARACTERS` characters."""
    return _PIECE.search(text[:MOST_CHARACTERS]) is not None
