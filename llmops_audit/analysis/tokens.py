"""Tokens of texts: words, and character n-grams in scripts that are written without spaces."""

from __future__ import annotations

import re

__all__ = ["MAX_CHARACTERS", "MAX_NGRAM", "UNSPACED", "has_tokens", "tokens"]

MAX_CHARACTERS = 1_000
"""Characters of a text that are read: later ones cost time and seldom add information."""

MAX_NGRAM = 3
"""Longest token of a script without spaces, in characters."""

UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Kana and Han, as ranges of a regular expression's class."""

_TOKEN = re.compile(rf"([{UNSPACED}]+)|[^\W{UNSPACED}]+")


def tokens(text: str, max_ngram: int = MAX_NGRAM) -> list[str]:
    """Return the tokens of a text's first `MAX_CHARACTERS` characters, in lower case, with repetitions.

    Parameters
    ----------
    text : str
    max_ngram : int
        In scripts without spaces (Han, Kana, Thai) every run of at most this many characters is a token; in all other
        scripts, every run of letters and digits.
    """
    found: list[str] = []
    for match in _TOKEN.finditer(text[:MAX_CHARACTERS].lower()):
        run = match.group()
        if match.group(1) is None:
            found.append(run)
        else:
            found += [run[i : i + k] for k in range(1, max_ngram + 1) for i in range(len(run) - k + 1)]
    return found


def has_tokens(text: str) -> bool:
    """Return whether a text has a letter or a digit among its first `MAX_CHARACTERS` characters."""
    return _TOKEN.search(text[:MAX_CHARACTERS]) is not None
