"""Normal form: digits of every script, dashes and spaces as ASCII, JSON escapes resolved, indices kept."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["CHANGES", "ESCAPED", "Normal", "normal"]

_ZEROS = (
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
    0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
    0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
)  # fmt: skip
"""Zeros of the scripts whose digits are written from 0 to 9."""

_CLASSES = "".join(
    f"{chr(first)}-{chr(last)}"
    for first, last in (
        *((zero, zero + 9) for zero in _ZEROS),
        (0xA0, 0xA0),  # no-break space
        (0xAD, 0xAD),  # soft hyphen
        (0x2000, 0x2015),  # spaces, characters without width, dashes
        (0x202A, 0x202F),  # directions, narrow space
        (0x205F, 0x206F),
        (0x2212, 0x2212),  # minus
        (0x3000, 0x3000),  # ideographic space
        (0xFE63, 0xFE63),
        (0xFEFF, 0xFEFF),
        (0xFF02, 0xFF0B),  # full-width forms; not the comma, the question and the exclamation mark
        (0xFF0D, 0xFF1A),
        (0xFF1C, 0xFF1E),
        (0xFF20, 0xFF5E),
        (0x1D400, 0x1D7FF),  # letters and digits of formulas
    )
)
CHANGES = f"[{_CLASSES}]"
"""A text that this does not match is its own normal form. In the syntax that `re` and RE2 share."""

ESCAPED = r"^[ \t\r\n]*[\[{](?s:.*)\\"
"""What a JSON value with escapes looks like. In the syntax that `re` and RE2 share."""

_CHANGES = re.compile(CHANGES)
_ESCAPED = re.compile(ESCAPED)
_ESCAPE = re.compile(r'\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\["\\/bfnrt]')


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "Cf":
        return ""
    if category == "Pd" or character == "\u2212":
        return "-"
    return " " if category == "Zs" else unicodedata.normalize("NFKC", character)


def _table() -> dict[int, str]:
    ranges = re.findall("(.)-(.)", _CLASSES, re.DOTALL)
    codes = (code for first, last in ranges for code in range(ord(first), ord(last) + 1))
    return {code: plain for code in codes if len(plain := _plain(chr(code))) < 2}


_PLAIN = _table()


@dataclass(frozen=True)
class Normal:
    """A text in its normal form.

    Attributes
    ----------
    text : str
    starts, ends : tuple of int, (len(text),), or None
        Where each character begins and ends in the original text; None where the indices are the same.
    """

    text: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return start and end in the original text of a part of the normal form that is not empty."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normal(text: str) -> Normal:
    """Return the normal form of a text.

    Parameters
    ----------
    text : str

    Returns
    -------
    Normal
        Digits of every script become ASCII digits, dashes hyphens, all kinds of spaces plain spaces, and full-width
        characters narrow (Unicode NFKC). Characters without width go. In a cell that is a JSON value, escapes are
        resolved. Superscripts and fractions stay, since they are no digits of a number. Line ends stay.
    """
    if "\\" in text and _ESCAPED.match(text) and _is_json(text):
        return _with_indices(text, _ESCAPE)
    if text.isascii() or not _CHANGES.search(text):
        return Normal(text)
    plain = text.translate(_PLAIN)
    return Normal(plain) if len(plain) == len(text) else _with_indices(text, None)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _with_indices(text: str, escape: re.Pattern[str] | None) -> Normal:
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end, character in _characters(text, escape):
        plain = _PLAIN.get(ord(character), character)
        if plain:
            characters.append(plain)
            starts.append(start)
            ends.append(end)
    return Normal("".join(characters), tuple(starts), tuple(ends))


def _characters(text: str, escape: re.Pattern[str] | None) -> Iterator[tuple[int, int, str]]:
    index = 0
    for match in escape.finditer(text) if escape else ():
        yield from ((i, i + 1, text[i]) for i in range(index, match.start()))
        yield match.start(), match.end(), json.loads(f'"{match.group()}"')
        index = match.end()
    yield from ((i, i + 1, text[i]) for i in range(index, len(text)))
