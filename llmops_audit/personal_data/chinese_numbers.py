"""Validators of the numbers that China issues."""

from __future__ import annotations

import re
from datetime import date

__all__ = [
    "old_resident_id",
    "plate",
    "resident_id",
    "taiwan_permit",
    "uscc",
    "uscc_of_region",
]

PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
"""First two digits of a region code (GB/T 2260); 81 to 83 for residents from Hong Kong, Macao and Taiwan."""

FOREIGNER = "9"
"""First digit on a foreigner's permanent residence card since 2023; the province follows, then the nationality."""

YEARS = range(1900, 2050)

NATIONAL = "100000"
"""Region code of bodies that the state itself registers."""

CREDIT_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

FEWEST_PLATE_DIGITS = 3
"""A plate has at most two letters among its last five characters, or three if it is green or ends in a character."""

CITY_LETTERS = {"新": "S", "云": "S", "贵": "J", "黑": "T", "青": "H", "宁": "E", "藏": "J", "琼": "F"}
"""Last letter of a province's cities, for the provinces whose abbreviation is an everyday word."""


def _compact(text: str) -> str:
    return text.replace(" ", "").replace("-", "").upper()


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        return date(year, month, day).year in YEARS
    except ValueError:
        return False


def resident_id(text: str) -> int:
    """Accept a number with province, birth date and check character (GB 11643-1999, ISO 7064 MOD 11-2)."""
    number = _compact(text)
    province = number[1:3] if number[0] == FOREIGNER else number[:2]
    if not PROVINCES.match(province) or not _is_day(int(number[6:10]), int(number[10:12]), int(number[12:14])):
        return 0
    # The library reads its tables when it is imported, and most texts have no candidate.
    from stdnum.cn import ric

    return len(text) if ric.calc_check_digit(number) == number[17] else 0


def old_resident_id(text: str) -> int:
    """Accept a number of 15 digits with province and birth date, as issued until 1999; it has no check digit."""
    holds = PROVINCES.match(text) and _is_day(1900 + int(text[6:8]), int(text[8:10]), int(text[10:12]))
    return len(text) if holds else 0


def uscc(text: str) -> int:
    """Accept a unified social credit code with the right check character (GB 32100-2015); one code in 31 has it."""
    from stdnum.cn import uscc as credit_code_rules

    number = _compact(text)
    if not set(number) <= set(CREDIT_CODE_ALPHABET):
        return 0
    return len(text) if credit_code_rules.calc_check_digit(number[:17]) == number[17] else 0


def uscc_of_region(text: str) -> int:
    """Accept a code with an existing region and a right organisation code; one random number in 90,000 passes."""
    number = _compact(text)
    return len(text) if uscc(text) and _is_organisation(number[8:17]) and _is_region(number[2:8]) else 0


def _is_organisation(code: str) -> bool:
    """Tell whether the check character of an organisation code is right (GB 11714-1997)."""
    total = sum(weight * int(character, 36) for weight, character in zip(ORGANISATION_WEIGHTS, code, strict=False))
    return "0123456789X"[-total % 11] == code[8]


def _is_region(code: str) -> bool:
    if code == NATIONAL or not PROVINCES.match(code):
        return code == NATIONAL
    # The list of all counties takes long to read.
    from stdnum import numdb

    return any("county" in properties for _, properties in numdb.get("cn/loc").info(code))


def taiwan_permit(text: str) -> int:
    """Accept eight digits, unless they are a date or one repeated digit."""
    looks_like_a_day = _is_day(int(text[:4]), int(text[4:6]), int(text[6:8])) if text[4:8] != "0000" else True
    return len(text) if not looks_like_a_day and len(set(text)) > 1 else 0


def plate(text: str) -> int:
    """Accept a plate with enough digits, of a city that the province has."""
    province, rest = text[0], re.sub("[^0-9A-Z]", "", text[1:].upper())
    if rest[0] > CITY_LETTERS.get(province, "Z"):
        return 0
    return len(text) if sum(map(str.isdigit, rest)) >= FEWEST_PLATE_DIGITS else 0
