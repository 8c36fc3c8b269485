"""Features of texts by which two samples are compared: length, script, punctuation, unknown words.

Texts are sequences of str, (n,), where None is a missing one. Features are float64, (n,): NaN where they are undefined.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from llmops_audit.analysis.tokens import UNSPACED, tokens

__all__ = ["SCRIPTS", "dominant_scripts", "text_features", "unknown_words"]

FloatArray = NDArray[np.float64]
Texts = Sequence[str | None]

SCRIPTS = ("latin", "han", "kana", "hangul", "cyrillic", "arabic", "devanagari", "other", "none")
"""The script of most of a text's letters; of two with equal counts, the first listed; ``none`` without letters."""

LONGEST_WORD = 2
"""Longest word in scripts without spaces, in characters: most Chinese words have one or two."""

BLOCK = 4_000_000
"""Characters that are processed at once: each takes four bytes, and as much again for each feature."""

_NUMBER = re.compile(r"\d+")

# Properties of a character as bits; the script of a letter is stored above them.
_SPACE, _MARK, _LETTER, _UPPER, _LOWER, _WORD, _ALONE, _STOP, _END = (1 << i for i in range(9))
_SCRIPT = 9

_NAMES = {
    "LATIN": "latin",
    "CJK": "han",
    "IDEOGRAPHIC": "han",
    "HIRAGANA": "kana",
    "KATAKANA": "kana",
    "HANGUL": "hangul",
    "CYRILLIC": "cyrillic",
    "ARABIC": "arabic",
    "DEVANAGARI": "devanagari",
}


def text_features(texts: Texts) -> dict[str, FloatArray]:
    """Return the features of each text.

    Returns
    -------
    dict of str to numpy array of float64, (n,)
        NaN for a missing text.

        characters
            Code points, white space included.
        words
            Runs of letters and digits; in scripts that are written without spaces (Han, Kana, Thai) letters.
        sentences
            Stretches with a word, up to a full stop, question mark or exclamation mark before white space or the end,
            to one of Chinese anywhere, or to the end of a line; at least 1, and 0 for an empty text.
        non_letters
            Share of digits, punctuation, symbols and emoji among characters that are no white space and no mark on a
            letter; NaN where there are none.
        capitals
            Share of capitals among letters that have a case; NaN where there are none.
    """
    parts = [_features_of(*block) for block in _blocks(texts)]
    names = parts[0].keys()
    return {name: _spread(texts, np.concatenate([part[name] for part in parts])) for name in names}


def dominant_scripts(texts: Texts) -> NDArray[np.object_]:
    """Return the script of each text, one of `SCRIPTS`; None for a missing text."""
    found = np.full(len(texts), None, dtype=object)
    found[_given(texts)] = np.concatenate([_scripts_of(*block) for block in _blocks(texts)])
    return found


def unknown_words(reference: Texts, current: Texts, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return the share of each text's distinct words that half of the reference does not contain.

    Parameters
    ----------
    reference : sequence of str or None, (n,)
        A random half of it supplies the vocabulary.
    current : sequence of str or None, (m,)
    seed : int

    Returns
    -------
    reference : numpy array of float64, (n,)
        NaN for the texts of the vocabulary, missing texts and texts without words.
    current : numpy array of float64, (m,)

    Notes
    -----
    Words are the tokens of `llmops_audit.analysis.tokens`, of at most two characters in scripts without spaces,
    without numbers.

    Neither the other half of the reference nor the current texts contribute to the vocabulary. Without drift their
    shares are exchangeable, and any two-sample test is valid. To count words that occur in no *other* text of the
    reference would use all of it, but make its shares depend on each other: in simulations of texts
    of 17 words of Zipf's law without drift, the Mann-Whitney test at 5 % then rejected in 5.8, 7.4 and 7.6 % of runs of
    2000/100, 500/500 and 200/2000 texts, and in 4.4, 4.6 and 4.0 % with halves (500 to 1,000 runs each). Plain shares
    of words that the whole reference lacks are 0 in it, and were 14 to 37 % outside.
    """
    known_by = np.random.default_rng(seed).permutation(len(reference))[: len(reference) // 2]
    known = set(itertools.chain.from_iterable(_words(reference[i]) for i in known_by.tolist()))
    shares = np.array([_share_unknown(text, known) for text in reference], dtype=np.float64)
    shares[known_by] = np.nan
    return shares, np.array([_share_unknown(text, known) for text in current], dtype=np.float64)


def _words(text: str | None) -> set[str]:
    return set() if text is None else set(tokens(text, LONGEST_WORD)).difference(_NUMBER.findall(text))


def _share_unknown(text: str | None, known: set[str]) -> float:
    words = _words(text)
    return len(words - known) / len(words) if words else np.nan


def _given(texts: Texts) -> NDArray[np.bool_]:
    return np.array([text is not None for text in texts], dtype=np.bool_)


def _spread(texts: Texts, values: FloatArray) -> FloatArray:
    spread = np.full(len(texts), np.nan)
    spread[_given(texts)] = values
    return spread


def _blocks(texts: Texts) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield character properties and the start of each text, for texts that are not missing; at least one block.

    A line feed precedes each text, so that no text is empty and no word or sentence continues into the next.
    """
    block: list[str] = []
    size = 0
    for text in texts:
        if text is None:
            continue
        block.append("\n" + text)
        size += len(text)
        if size >= BLOCK:
            yield _looked_up(block)
            block, size = [], 0
    yield _looked_up(block)


def _looked_up(block: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    codes = np.frombuffer("".join(block).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    present = np.flatnonzero(np.bincount(codes))
    kinds = np.zeros(int(present[-1]) + 1 if len(present) else 1, dtype=np.int64)
    kinds[present] = [_kind(code) for code in present.tolist()]
    lengths = np.array([len(text) for text in block], dtype=np.int64)
    return kinds[codes], np.cumsum(lengths) - lengths


@cache
def _kind(code: int) -> int:
    """Return the properties of a character, as bits."""
    character = chr(code)
    category = unicodedata.category(character)
    letter, mark = category[0] == "L", category[0] == "M"
    alone = _is_unspaced(code)
    bits = {
        _SPACE: character.isspace(),
        _MARK: mark,
        _LETTER: letter,
        _UPPER: category in {"Lu", "Lt"},
        _LOWER: category == "Ll",
        _WORD: character.isalnum() or mark or character == "_",
        _ALONE: alone,
        _STOP: character in ".!?…",
        _END: character in "。！？｡\n",
    }
    script = SCRIPTS.index(_script(character)) if letter else 0
    return sum(bit for bit, is_set in bits.items() if is_set) + (script << _SCRIPT)


def _is_unspaced(code: int) -> bool:
    ends = [ord(end) for end in UNSPACED.replace("-", "")]
    return any(low <= code <= high for low, high in zip(ends[::2], ends[1::2], strict=True))


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "").removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ")
    return next((script for start, script in _NAMES.items() if name.startswith(start)), "other")


def _features_of(kinds: NDArray[np.int64], starts: NDArray[np.int64]) -> dict[str, FloatArray]:
    def count(marked: NDArray[np.bool_]) -> FloatArray:
        return _per_text(marked, starts)

    def has(bits: int) -> NDArray[np.bool_]:
        marked: NDArray[np.bool_] = (kinds & bits) != 0
        return marked

    word, alone, letter, upper = has(_WORD), has(_ALONE), has(_LETTER), has(_UPPER)
    running = word & ~alone
    begins = running & ~_before(running)
    visible, letters = count(~has(_SPACE | _MARK)), count(letter)
    capitals = count(upper)
    characters = count(np.ones(len(kinds), dtype=np.bool_)) - 1.0
    followed_by_space = np.append(has(_SPACE)[1:], True)
    ends = has(_END) | (has(_STOP) & followed_by_space)
    return {
        "characters": characters,
        "words": count(begins | (letter & alone)),
        "sentences": np.maximum(count(_first_after(word, ends)), np.minimum(characters, 1.0)),
        "non_letters": _share(visible - letters, visible),
        "capitals": _share(capitals, capitals + count(has(_LOWER))),
    }


def _scripts_of(kinds: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.object_]:
    letter = (kinds & _LETTER) != 0
    scripts = kinds >> _SCRIPT
    counts = np.column_stack([_per_text(letter & (scripts == i), starts) for i in range(len(SCRIPTS) - 1)])
    dominant = np.where(counts.any(axis=1), counts.argmax(axis=1), SCRIPTS.index("none"))
    return np.array(SCRIPTS, dtype=object)[dominant]


def _per_text(marked: NDArray[np.bool_], starts: NDArray[np.int64]) -> FloatArray:
    if not len(starts):
        return np.empty(0)
    sums: FloatArray = np.add.reduceat(marked, starts, dtype=np.int64).astype(np.float64)
    return sums


def _before(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.concatenate([[False], marked[:-1]]).astype(np.bool_)


def _first_after(marked: NDArray[np.bool_], ends: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a marked character is the first since an end."""
    events = np.flatnonzero(marked | ends)
    is_end = ends[events]
    first = np.zeros(len(marked), dtype=np.bool_)
    first[events[~is_end & _before(is_end)]] = True
    return first


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    share: FloatArray = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0.0)
    return share
