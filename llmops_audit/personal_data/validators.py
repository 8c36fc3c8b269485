"""Validators of numbers with a checksum or a fixed make-up. Each returns how much of a candidate stands, 0 for none."""

from __future__ import annotations

import ipaddress
import re
from datetime import date

__all__ = [
    "card",
    "card_of_issuer",
    "cn_resident_id",
    "email",
    "iban",
    "ipv4",
    "ipv4_long",
    "ipv6",
    "ssn",
]

ISSUERS = re.compile(
    r"(?:"
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-59]|[689][0-9])[0-9]{11}"  # Diners Club
    r"|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}"  # Discover
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}"  # JCB
    r"|62[0-9]{14,17}"  # UnionPay
    r"|(?:50[0-9]{2}|5[6-9][0-9]{2}|6304|6759|676[1-3])[0-9]{9,15}"  # Maestro
    r")\Z"
)
"""Ranges of issuer identification numbers with the lengths that each issuer gives out (ISO/IEC 7812)."""

IBAN_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2}):([0-9]{2})",
        "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 "
        "DE:22 DJ:27 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 "
        "GT:28 HN:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 "
        "LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 "
        "PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 "
        "SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30",
    )
}
"""Characters of an IBAN by country (SWIFT IBAN registry, ISO 13616)."""

CN_PROVINCES = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
"""First two digits of a Chinese region code (GB/T 2260), with 81 to 83 for residence permits."""

CN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CN_CHECK = "10X98765432"
CN_YEARS = range(1900, 2050)

ADVERTISED_SSNS = frozenset({"078051120", "219099999"})
"""Numbers that were printed in advertisements and voided by the Social Security Administration."""

FILE_ENDINGS = re.compile(
    r"\.(?:bmp|css|gif|html|ico|jpe?g|js|json|pdf|php|png|svg|tiff|webp)\Z",
    re.IGNORECASE,
)
"""No top-level domains: ``logo@2x.png`` is a file."""

LONG_IPV4 = 7
"""Digits from which four small numbers with dots are hardly a section or version number any more."""


def _alnum(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def luhn(digits: str) -> bool:
    """Tell whether digits pass the Luhn checksum (ISO/IEC 7812-1, annex B); one random number in ten does."""
    twice = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    odd = sum(map(int, digits[-1::-2]))
    return (odd + sum(twice[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def card(text: str) -> int:
    """Accept a number that passes Luhn, whoever issued it."""
    digits = _alnum(text)
    return len(text) if len(set(digits)) > 1 and luhn(digits) else 0


def card_of_issuer(text: str) -> int:
    """Accept a number that passes Luhn and lies in a range of a known issuer."""
    return len(text) if ISSUERS.match(_alnum(text)) and card(text) else 0


def iban(text: str) -> int:
    """Accept the first characters of the candidate that make an IBAN of its country's length, modulo 97 being 1."""
    length = IBAN_LENGTHS.get(text[:2].upper(), 0)
    places = [place for place, character in enumerate(text) if character not in " -"]
    if not length or len(places) < length:
        return 0
    end = places[length - 1] + 1
    if end < len(text) and text[end] not in " -":
        return 0
    compact = _alnum(text[:end]).upper()
    number = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    return end if int(number) % 97 == 1 else 0


def ssn(text: str) -> int:
    """Accept area, group and serial numbers that the Social Security Administration gives out."""
    digits = "".join(filter(str.isdigit, text))
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    given_out = area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
    return len(text) if given_out and digits not in ADVERTISED_SSNS and len(set(digits)) > 1 else 0


def cn_resident_id(text: str) -> int:
    """Accept a number with province, birth date and check character (GB 11643-1999, ISO 7064 MOD 11-2)."""
    number = _alnum(text).upper()
    if not CN_PROVINCES.match(number) or int(number[6:10]) not in CN_YEARS:
        return 0
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return 0
    total = sum(weight * int(digit) for weight, digit in zip(CN_WEIGHTS, number, strict=False))
    return len(text) if CN_CHECK[total % 11] == number[17] else 0


def email(text: str) -> int:
    """Accept an address whose last part is no file ending and that has no two dots in a row."""
    return 0 if FILE_ENDINGS.search(text) or ".." in text or ".@" in text else len(text)


def ipv4(text: str) -> int:
    """Accept an address of a machine: neither loopback, unspecified, multicast nor a mask."""
    parts = text.split(".")
    plain = all(part == str(int(part)) and int(part) <= 255 for part in parts)
    return len(text) if plain and 0 < int(parts[0]) < 224 and parts[0] != "127" else 0


def ipv4_long(text: str) -> int:
    """Accept an address that is too long to be a section or version number."""
    return ipv4(text) if sum(map(str.isdigit, text)) >= LONG_IPV4 else 0


def ipv6(text: str) -> int:
    """Accept an address in full, or a shortened one in the space that is given out (2000::/3, fc00::/7, fe80::/10)."""
    text = text.rstrip(":") if not text.endswith("::") else text
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return 0
    if not any(map(str.isdigit, text)) or address.is_unspecified:
        return 0
    first = int(address) >> 112
    given_out = 0x2000 <= first < 0x4000 or 0xFC00 <= first < 0xFE00 or 0xFE80 <= first < 0xFEC0
    return len(text) if given_out or "::" not in text else 0
