"""Validators of telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = [
    "chinese_mobile",
    "dialled_abroad",
    "international",
    "local",
    "possible",
    "trunk",
]

DATE = re.compile(
    r"(?:19|20)[0-9]{2}([-./ ]?)(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])(?![0-9])"
    r"|[0-3]?[0-9]([-./ ])[0-3]?[0-9]\2(?:19|20)[0-9]{2}(?![0-9])"
)
THOUSANDS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+\Z")
SHORTEST_INTERNATIONAL = 7
LOCAL_DIGITS = range(8, 12)
GROUPED_LOCAL = re.compile(r"[2-9][0-9]{2}[-. ][0-9]{4}\Z")
ROUND = "0000"


def _longest(text: str, accepts: Callable[[str], bool]) -> int:
    """Return the end of the longest run of whole digit groups that is accepted: what follows may be another number."""
    for end in reversed([group.end() for group in re.finditer(r"[0-9]+", text)]):
        head = text[:end]
        if sum(map(str.isdigit, head)) < SHORTEST_INTERNATIONAL:
            return 0
        if accepts(head):
            return end
    return 0


def _is_valid(number: str) -> bool:
    # The library is slow to import, and most texts have no candidate.
    import phonenumbers

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


def _is_possible(number: str) -> bool:
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


def international(text: str) -> int:
    """Accept a number with ``+`` and country code that its numbering plan gives out."""
    return _longest(text, _is_valid)


def possible(text: str) -> int:
    """Accept a number with ``+`` and country code that has a length of its numbering plan."""
    return _longest(text, _is_possible)


def dialled_abroad(text: str) -> int:
    """Accept a number with ``00`` and country code that its numbering plan gives out."""
    end = _longest("+" + text[2:], _is_valid)
    return end + 1 if end else 0


def _groups(text: str) -> list[str]:
    return re.findall(r"[0-9]+", text)


def chinese_mobile(text: str) -> int:
    """Accept eleven digits from 13 to 19 that are not one digit over and over."""
    return len(text) if len(set(text[-8:])) > 1 else 0


def trunk(text: str) -> int:
    """Accept a national number with leading zero, in groups of two digits or more; no date."""
    groups = _groups(text)
    plain = all(len(group) > 1 for group in groups) and not DATE.match(text)
    return len(text) if plain and len(set("".join(groups))) > 2 else 0


def local(text: str) -> int:
    """Accept a national number without leading zero; no date, no amount, no round number."""
    groups = _groups(text)
    digits = "".join(groups)
    if DATE.match(text) or THOUSANDS.match(text) or digits.endswith(ROUND):
        return 0
    if GROUPED_LOCAL.match(text):
        return len(text)
    area = groups[1:] if groups[0] == "1" and len(groups) > 1 else groups
    # Two groups that end in three digits are a short code and a price.
    shortest_end = 4 if len(area) == 2 else 3
    grouped = len(area[-1]) >= shortest_end and all(len(group) > 1 for group in area)
    return len(text) if len(digits) in LOCAL_DIGITS and grouped else 0
