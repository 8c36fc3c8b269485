"""Validators of telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Callable

from llmops_audit.personal_data import numbering
from llmops_audit.personal_data.validators import longest

__all__ = [
    "chinese_mobile",
    "dialled_abroad",
    "international",
    "local",
    "north_american",
    "possible",
    "spaced",
    "trunk",
    "unmarked",
]

DATE = re.compile(
    r"(?:19|20)[0-9]{2}([-./ ]?)(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])(?![0-9])"
    r"|[0-3]?[0-9]([-./ ])[0-3]?[0-9]\2(?:(?:19|20)[0-9]{2}|[0-9]{2})(?![-./ ]?[0-9])"
    r"|(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])(?:19|20)[0-9]{2}(?![0-9])"
)
THOUSANDS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+\Z|[0-9]{1,3}(?: [0-9]{3})* 000\Z")
DECIMAL = re.compile(r"[0-9]+\.[0-9]+\Z")
RANGE = re.compile(r"([0-9]{4})-([0-9]{4})\Z")
WIDEST_RANGE = 1000
LONGEST_END = 7
"""Digits of a number without its area."""
EPOCH = re.compile(r"1[0-9]{9}(?:[0-9]{3})?\Z")
"""Seconds or milliseconds since 1970. In no country do numbers of ten digits begin with 1 and no zero before it."""
SHORTEST_INTERNATIONAL = 7
LOCAL_DIGITS = range(8, 12)
GROUPED_LOCAL = re.compile(r"[2-9][0-9]{2}[-. ][0-9]{4}\Z")
TRUNK_DIGITS = ("1", "8")
"""Dialled before the area in North America, and in Russia and its neighbours."""
MOST_TRUNK = 11
USUAL_TRUNK = (10, 11)
"""Digits of national numbers with the leading zero, in most countries. After them a new number begins."""
EXTENSION = re.compile(r",? ?(?:x|ext)", re.IGNORECASE)
MOST_GROUPS = 6
ROUND = "0000"


def _longest(text: str, accepts: Callable[[str], bool]) -> int:
    return longest(text, lambda head: sum(map(str.isdigit, head)) >= SHORTEST_INTERNATIONAL and accepts(head))


def _is_valid(number: str) -> bool:
    return numbering.is_valid("".join(filter(str.isdigit, number)))


def _is_possible(number: str) -> bool:
    return numbering.is_possible("".join(filter(str.isdigit, number)))


def international(text: str) -> int:
    """Accept a number with ``+`` and country code that its numbering plan issues."""
    return _longest(text, _is_valid)


def possible(text: str) -> int:
    """Accept a number with ``+`` and country code, of a length that its numbering plan has."""
    return _longest(text, _is_possible)


def spaced(text: str) -> int:
    """Accept a possible international number in at least three groups of digits."""
    end = possible(text)
    return end if len(_groups(text[:end])) > 2 else 0


def dialled_abroad(text: str) -> int:
    """Accept a number with ``00`` and country code that its numbering plan issues."""
    end = _longest("+" + text[2:], _is_valid)
    return end + 1 if end else 0


def unmarked(text: str) -> int:
    """Accept a number with country code, the ``+`` left out, that its numbering plan issues."""
    end = _longest("+" + text, _is_valid)
    return end - 1 if end else 0


def _groups(text: str) -> list[str]:
    return re.findall(r"[0-9]+", text)


def chinese_mobile(text: str) -> int:
    """Accept eleven digits that begin with 13 to 19, unless the last eight are one repeated digit."""
    return len(text) if len(set(text[-8:])) > 1 else 0


def north_american(text: str) -> int:
    """Accept a grouped number of North America, unless it is round."""
    return 0 if "".join(_groups(text)).endswith("0000000") else len(text)


def _body(text: str) -> str:
    """Return a number without its extension."""
    return EXTENSION.split(text)[0]


def trunk(text: str) -> int:
    """Accept a national number with leading zero, in groups of two or more digits, unless it is a date."""
    body = _body(text)
    ends = [group.end() for group in re.finditer("[0-9]+", body)]
    before = "".join(_groups(body[: ends[-2]])) if len(ends) > 1 else ""
    if len("".join(_groups(body))) > MOST_TRUNK and len(before) in USUAL_TRUNK:
        text = body = body[: ends[-2]]
    groups = _groups(body)
    plain = all(len(group) > 1 for group in groups) and not DATE.match(body.lstrip("("))
    return len(text) if plain and len(set("".join(groups))) > 2 else 0


def _is_range(text: str) -> bool:
    """Return whether two numbers of four digits are a range of years, pages or prices."""
    match = RANGE.match(text)
    if not match:
        return False
    first, last = int(match[1]), int(match[2])
    return 0 < last - first <= WIDEST_RANGE or first % 100 == last % 100 == 0


def local(text: str) -> int:
    """Accept a national number without leading zero, unless it is a date, amount, round number or time stamp."""
    body = _body(text)
    groups = _groups(body)
    digits = "".join(groups)
    if any(form.match(body) for form in (DATE, THOUSANDS, DECIMAL, EPOCH)) or _is_range(body) or digits.endswith(ROUND):
        return 0
    if GROUPED_LOCAL.match(body):
        return len(text)
    area = groups[1:] if groups[0] in TRUNK_DIGITS and len(groups) > 1 else groups
    # Of two groups, one that ends in three digits is a price behind a short code.
    shortest_end = 4 if len(area) == 2 and len(digits) < 9 else 2
    longest_end = LONGEST_END if len(area) > 1 else len(digits)
    ends = shortest_end <= len(area[-1]) <= longest_end
    grouped = ends and len(area) < MOST_GROUPS and all(len(group) > 1 for group in area)
    return len(text) if len(digits) in LOCAL_DIGITS and grouped else 0
