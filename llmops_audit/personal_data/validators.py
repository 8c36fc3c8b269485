"""Validators of numbers with a checksum or a fixed structure. Each returns the length of the value, 0 to reject."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable
from datetime import date

__all__ = [
    "account",
    "base58",
    "bech32",
    "bic",
    "card",
    "card_of_issuer",
    "day",
    "email",
    "ethereum",
    "iban",
    "ipv4",
    "ipv6",
    "luhn",
    "mac",
    "mac_with_letter",
    "record",
    "record_begun",
]

ISSUERS = re.compile(
    r"(?:"
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-59]|[689][0-9])[0-9]{11}(?:[0-9]{2})?"  # Diners Club
    r"|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}(?:[0-9]{3})?"  # Discover
    r"|(?:35(?:2[89]|[3-8][0-9])[0-9]|2131|1800)[0-9]{11}"  # JCB, old and new
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}"
    r"|62[0-9]{14,17}"  # UnionPay
    r"|9558[0-9]{15}"  # Industrial and Commercial Bank of China
    r"|220[0-4][0-9]{12,15}"  # Mir
    r"|(?:60|8[12])[0-9]{14}"  # RuPay
    r"|9792[0-9]{12}"  # Troy
    r"|(?:50[0-9]{2}|5[6-9][0-9]{2}|0604|6304|6390|6759|676[1-3])[0-9]{8,15}"  # Maestro, Verve, Dankort
    r")\Z"
)
"""Ranges of issuer identification numbers, with the lengths that each issuer uses (ISO/IEC 7812)."""

IBAN_FORMS = {
    country: re.compile(
        f"{country}[0-9]{{2}}"
        + "".join(
            f"{ {'n': '[0-9]', 'a': '[A-Z]', 'c': '[0-9A-Z]'}[kind] }{{{length}}}"
            for length, kind in re.findall("([0-9]+)([nac])", form)
        )
    )
    for country, form in re.findall(
        r"([A-Z]{2}):([0-9nac]+)",
        "AD:8n12c AE:19n AL:8n16c AT:16n AZ:4a20c BA:16n BE:12n BG:4a6n8c BH:4a14c BI:23n BR:23n1a1c BY:4c4n16c "
        "CH:5n12c CR:18n CY:8n16c CZ:20n DE:18n DJ:23n DK:14n DO:4c20n EE:16n EG:25n ES:20n FI:14n FK:2a12n FO:14n "
        "FR:10n11c2n GB:4a14n GE:2a16n GI:4a15c GL:14n GR:7n16c GT:24c HN:4a20n HR:17n HU:24n IE:4a14n IL:19n "
        "IQ:4a15n IS:22n IT:1a10n12c JO:4a4n18c KW:4a22c KZ:3n13c LB:4n20c LC:4a24c LI:5n12c LT:16n LU:3n13c "
        "LV:4a13c LY:21n MC:10n11c2n MD:20c ME:18n MK:3n10c2n MN:16n MR:23n MT:4a5n18c MU:4a19n3a NI:4a20n NL:4a10n "
        "NO:11n OM:3n16c PK:4a16c PL:24n PS:4a21c PT:21n QA:4a21c RO:4a16c RS:18n RU:14n15c SA:2n18c SC:4a20n3a "
        "SD:14n SE:20n SI:15n SK:20n SM:1a10n12c SO:19n ST:21n SV:4a20n TL:19n TN:20n TR:6n16c UA:6n19c VA:18n "
        "VG:4a16n XK:16n YE:4a4n18c",
    )
}
"""Structure of an IBAN by country: digits, letters or both (SWIFT IBAN registry, release 101; ISO 13616)."""

IBAN_LENGTHS = {
    country: 4 + sum(map(int, re.findall(r"\{([0-9]+)\}", form.pattern)[1:])) for country, form in IBAN_FORMS.items()
}

FILE_ENDINGS = re.compile(
    r"\.(?:bmp|css|gif|html|ico|jpe?g|js|json|pdf|php|png|service|socket|svg|tiff|timer|webp|yaml|yml)\Z",
    re.IGNORECASE,
)
"""These are not top-level domains: ``logo@2x.png`` is a file."""

FULL_IPV6_GROUP = 3
"""Eight groups are an address if the longest has this many digits: else they are a row of octets or numbers."""

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE58_VERSIONS = frozenset({0x00, 0x05, 0x1E, 0x30, 0x32, 0x41})
"""First byte of an address: Bitcoin (two), Dogecoin, Litecoin (two), Tron."""

BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
BECH32_CONSTANTS = frozenset({1, 0x2BC830A3})

BIRTH_YEARS = range(1900, 2036)
MONTHS = {"janfebmaraprmayjunjulaugsepoctnovdec"[3 * i : 3 * i + 3]: str(i + 1) for i in range(12)}
"""Numbers of months by the first three letters of their English names."""

YEARS = re.compile(r"(?:19|20)[0-9]{2}-(?:19|20)[0-9]{2}\Z")
ACCOUNT_DIGITS = range(7, 20)
RECORD_DIGITS = 4


def _alnum(text: str) -> str:
    return re.sub("[^0-9A-Za-z]", "", text)


def longest(text: str, accepts: Callable[[str], bool]) -> int:
    """Return the end of the longest accepted run of whole groups of digits: another number may follow."""
    for end in reversed([group.end() for group in re.finditer(r"[0-9]+", text)]):
        if accepts(text[:end]):
            return end
    return 0


def luhn(digits: str) -> bool:
    """Return whether digits pass the Luhn checksum (ISO/IEC 7812-1, annex B); one random number in ten does."""
    twice = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    odd = sum(map(int, digits[-1::-2]))
    return (odd + sum(twice[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def card(text: str) -> int:
    """Accept a number that passes Luhn, whoever issued it, unless it is one repeated digit."""
    digits = _alnum(text)
    return len(text) if len(set(digits)) > 1 and luhn(digits) else 0


def card_of_issuer(text: str) -> int:
    """Accept the first groups of digits that pass Luhn and lie in a range of a known issuer."""
    return longest(text, lambda head: bool(ISSUERS.match(_alnum(head)) and card(head)))


def _iban_end(text: str) -> int:
    """Return the end of the characters with the length and structure of the country's IBAN; 0 for none."""
    country = text[:2].upper()
    indices = [index for index, character in enumerate(text) if character not in " -"]
    length = IBAN_LENGTHS.get(country, 0)
    if not length or len(indices) < length:
        return 0
    end = indices[length - 1] + 1
    if end < len(text) and text[end] not in " -":
        return 0
    return end if IBAN_FORMS[country].fullmatch(_alnum(text[:end]).upper()) else 0


def iban(text: str) -> int:
    """Accept the first characters that are an IBAN of its country's length and structure, with remainder 1 mod 97."""
    end = _iban_end(text)
    compact = _alnum(text[:end]).upper()
    if not "02" <= compact[2:4] <= "98":
        return 0
    number = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    return end if int(number) % 97 == 1 else 0


def bic(text: str) -> int:
    """Accept a business identifier code with a country (ISO 9362)."""
    # The library takes long to import, and most texts have no candidate.
    from stdnum import bic as stdnum_bic

    return len(text) if stdnum_bic.is_valid(text) else 0


def account(text: str) -> int:
    """Accept an account number: 7 to 19 digits, not a date, a round amount or two digits repeated."""
    digits = _alnum(text)
    varied = len(set(digits)) > 2 and not digits.endswith("00000")
    return len(text) if len(digits) in ACCOUNT_DIGITS and varied and not day(text) else 0


def record(text: str) -> int:
    """Accept a file number, four digits with letters or five without, unless it is a date or one repeated digit."""
    return 0 if day(text) else record_begun(text)


def record_begun(text: str) -> int:
    """Accept a file number, also one that begins with the eight digits of the day on which the file was opened."""
    digits = "".join(filter(str.isdigit, text))
    plain = digits == text
    dated = not plain and (day(text) or YEARS.match(text))
    return len(text) if len(digits) >= RECORD_DIGITS + plain and len(set(digits)) > 1 and not dated else 0


def base58(text: str) -> int:
    """Accept a base-58 address with its checksum: version, 20 bytes, first bytes of their double SHA-256."""
    number = 0
    for character in text:
        number = number * 58 + BASE58.index(character)
    try:
        raw = number.to_bytes(25, "big")
    except OverflowError:
        return 0
    digest = hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()
    return len(text) if raw[0] in BASE58_VERSIONS and digest[:4] == raw[-4:] else 0


def bech32(text: str) -> int:
    """Accept an address whose checksum is that of BIP 173 or BIP 350."""
    prefix, _, data = text.lower().rpartition("1")
    if text not in (text.lower(), text.upper()) or not set(data) <= set(BECH32):
        return 0
    values = [ord(character) >> 5 for character in prefix] + [0] + [ord(character) & 31 for character in prefix]
    check = 1
    for value in values + [BECH32.index(character) for character in data]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate(BECH32_GENERATOR):
            check ^= generator if top >> i & 1 else 0
    return len(text) if check in BECH32_CONSTANTS else 0


def ethereum(text: str) -> int:
    """Accept forty hexadecimal digits, unless they have few distinct digits: a row of zeros is no address."""
    return len(text) if len(set(text[2:].lower())) > 5 else 0


def email(text: str) -> int:
    """Accept an address, unless it ends like a file name or has two dots in a row."""
    return 0 if FILE_ENDINGS.search(text) or ".." in text or ".@" in text else len(text)


def ipv4(text: str) -> int:
    """Accept the address of a host: not loopback, unspecified, multicast or a mask."""
    parts = text.split(".")
    plain = all(part == str(int(part)) and int(part) <= 255 for part in parts)
    return len(text) if plain and 0 < int(parts[0]) < 224 and parts[0] != "127" else 0


def ipv6(text: str) -> int:
    """Accept a full address, or a shortened address in the assigned space (2000::/3, fc00::/7, fe80::/10)."""
    text = text.rstrip(":") if not text.endswith("::") else text
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return 0
    if not any(map(str.isdigit, text)) or address.is_unspecified:
        return 0
    first = int(address) >> 112
    assigned = 0x2000 <= first < 0x4000 or 0xFC00 <= first < 0xFE00 or 0xFE80 <= first < 0xFEC0
    full = "::" not in text and max(map(len, text.split(":"))) >= FULL_IPV6_GROUP
    return len(text) if assigned or full else 0


def mac(text: str) -> int:
    """Accept the address of a network card: not broadcast, and not one repeated digit."""
    return len(text) if len(set(_alnum(text).lower())) > 1 else 0


def mac_with_letter(text: str) -> int:
    """Accept the address of a network card with a letter in it: without a letter it may be a row of numbers."""
    return mac(text) if any(map(str.isalpha, text)) else 0


def _is_day(year: str, month: str, number: str) -> bool:
    if len(year) not in (2, 4):
        return False
    try:
        # A year of two digits fits some century; the year 2000 has every day.
        return date(int(year) if len(year) > 2 else 2000, int(month), int(number)).year in BIRTH_YEARS
    except (ValueError, OverflowError):
        return False


def _orders(text: str) -> list[tuple[str, str, str]]:
    """Return every way to read a date as year, month and day."""
    parts = re.findall("[0-9]+", text)
    months = [MONTHS[word[:3]] for word in re.findall("[a-z]{3,}", text.lower()) if word[:3] in MONTHS]
    if re.search("[A-Za-z]{3}", text):
        return [(parts[-1], months[0], parts[0])] if months and len(parts) == 2 else []
    if len(parts) == 1 and len(parts[0]) == len("19900304"):
        digits = parts[0]
        return [
            (digits[:4], digits[4:6], digits[6:]),
            (digits[4:], digits[2:4], digits[:2]),
            (digits[4:], digits[:2], digits[2:4]),
        ]
    if len(parts) == 2 and "月" in text:
        return [(parts[0], parts[1], "1")]
    if len(parts) != 3:
        return []
    first, second, third = parts
    if len(first) == 4 or "月" in text:
        return [(first, second, third)]
    return [(third, second, first), (third, first, second)]


def day(text: str) -> int:
    """Accept a calendar day since 1900, in any order, in digits or with the month as a word."""
    return len(text) if any(_is_day(*order) for order in _orders(text)) else 0
