"""Checksums and structure of national numbers. python-stdnum is imported when it is first needed.

Only rules that do not age are applied: a library's table of offices, places or years in use rejects new numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import cache
from importlib import import_module

from llmops_audit.personal_data.kinds import Validator

__all__ = [
    "aba_routing",
    "es_document",
    "fr_nir",
    "fr_nir_of_known_birth",
    "fr_nir_without_key",
    "itin",
    "kr_rrn",
    "kr_rrn_of_random_digits",
    "passes",
    "se_personnummer",
    "sg_nric",
    "ssn",
    "uk_nino",
]

ADVERTISED_SSNS = frozenset({"078051120", "219099999", "457555462"})
"""Numbers that were printed in advertisements, and that the Social Security Administration voided."""

ABA_PREFIXES = frozenset((*range(13), *range(21, 33), *range(61, 73), 80))
"""First two digits: Federal Reserve districts, thrift institutions, electronic transfers, traveller's cheques."""

ITIN_GROUPS = frozenset((*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)))
"""Fourth and fifth digit of an ITIN (IRS, publication 1915)."""

NINO_PREFIX = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]")
"""First letters of a National Insurance number (HMRC, NIM39110)."""

NRIC_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
NRIC_LETTERS = {
    "S": (0, "JZIHGFEDCBA"),
    "T": (4, "JZIHGFEDCBA"),
    "F": (0, "XWUTRQPNMLK"),
    "G": (4, "XWUTRQPNMLK"),
    "M": (3, "XWUTRQPNJLK"),
}
"""By first letter: what it adds to the weighted sum, and the last letters by remainder of the sum modulo 11."""

RRN_CENTURIES = {"1": 19, "2": 19, "5": 19, "6": 19, "3": 20, "4": 20, "7": 20, "8": 20, "9": 18, "0": 18}
RRN_FOREIGN = frozenset("5678")
RRN_RANDOM_SINCE = date(2020, 10, 1)
"""Since this day the last six digits are random and have no check digit (Ministry of the Interior and Safety)."""


def _compact(text: str) -> str:
    return re.sub(r"[ .\-/+()]", "", text).upper()


@cache
def passes(module: str, width: int = 0) -> Validator:
    """Return the validator of a module of python-stdnum.

    Parameters
    ----------
    module : str
        Name below ``stdnum``: ``"nl.bsn"``.
    width : int
        Shorter numbers are padded with zeros on the left.

    Returns
    -------
    callable
        Accepts a candidate, whatever separates its groups, where ``is_valid`` of the module does.
    """

    def validator(text: str) -> int:
        return len(text) if import_module(f"stdnum.{module}").is_valid(_compact(text).zfill(width)) else 0

    return validator


def ssn(text: str) -> int:
    """Accept area, group and serial numbers that the Social Security Administration issues."""
    number = _compact(text)
    area, group, serial = number[:3], number[3:5], number[5:]
    issued = area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
    return len(text) if issued and number not in ADVERTISED_SSNS else 0


def itin(text: str) -> int:
    """Accept a number that begins with 9 and has a group that the Internal Revenue Service issues."""
    number = _compact(text)
    return len(text) if number[0] == "9" and int(number[3:5]) in ITIN_GROUPS else 0


def aba_routing(text: str) -> int:
    """Accept a number of an American bank: district and check digit; one random number in 26 passes."""
    return passes("us.rtn")(text) if int(_compact(text)[:2]) in ABA_PREFIXES else 0


def uk_nino(text: str) -> int:
    """Accept a National Insurance number with letters that are issued; it has no checksum."""
    number = _compact(text)
    return len(text) if NINO_PREFIX.match(number) and number[8:] in ("", "A", "B", "C", "D") else 0


def es_document(text: str) -> int:
    """Accept a Spanish DNI, NIE or NIF of a person by its letter (modulo 23); the number may lack its leading zero."""
    number = _compact(text)
    return len(text) if passes("es.nif")(number.zfill(9)) else 0


def fr_nir(text: str) -> int:
    """Accept a French number of social security by its key (modulo 97), also with a placeholder for month or sex."""
    return len(text) if text[0] in "123478" and passes("fr.nir")(text) else 0


def fr_nir_of_known_birth(text: str) -> int:
    """Accept a French number of social security with key, sex and month; one random number in 4,200 passes."""
    return fr_nir(text) if fr_nir_without_key(text) else 0


def fr_nir_without_key(text: str) -> int:
    """Accept the first 13 digits of such a number by sex, month, and the order numbers, which begin at 1."""
    number = _compact(text)
    plausible = number[0] in "12" and 1 <= int(number[3:5]) <= 12 and number[5:7] != "00"
    return len(text) if plausible and number[7:10] != "000" and number[10:13] != "000" else 0


def _born(year: int, month: str, day: int) -> Iterator[date]:
    with suppress(ValueError):
        yield date(year, int(month), day)


def se_personnummer(text: str) -> int:
    """Accept a Swedish number of a person, or a coordination number (day and 60), with date and Luhn digit."""
    number = _compact(text)
    year, month, day = number[:-8], number[-8:-6], int(number[-6:-4])
    centuries = ("19", "20") if len(year) == 2 else (year[:2],)
    dates = [born for century in centuries for born in _born(int(century + year[-2:]), month, day % 60 or 60)]
    known = bool(dates) and centuries[0] in ("18", "19", "20")
    return len(text) if known and passes("luhn")(number[-10:]) else 0


def _korean_birth(number: str) -> date | None:
    year = 100 * RRN_CENTURIES[number[6]] + int(number[:2])
    return next(_born(year, number[2:4], int(number[4:6])), None)


def kr_rrn(text: str) -> int:
    """Accept a Korean registration number with birth date and check digit; a foreigner's digit may be 2 more."""
    number = _compact(text)
    check = int(import_module("stdnum.kr.rrn").calc_check_digit(number[:-1]))
    checks = (check, (check + 2) % 10) if number[6] in RRN_FOREIGN else (check,)
    return len(text) if _korean_birth(number) and int(number[-1]) in checks else 0


def kr_rrn_of_random_digits(text: str) -> int:
    """Accept a Korean registration number without check digit, of a person born since they are random."""
    born = _korean_birth(_compact(text))
    return len(text) if born is not None and born >= RRN_RANDOM_SINCE else 0


def sg_nric(text: str) -> int:
    """Accept a Singapore NRIC or FIN by its last letter."""
    number = _compact(text)
    offset, letters = NRIC_LETTERS.get(number[0], (0, ""))
    total = offset + sum(weight * int(digit) for weight, digit in zip(NRIC_WEIGHTS, number[1:8], strict=True))
    return len(text) if letters and letters[total % 11] == number[8] else 0
