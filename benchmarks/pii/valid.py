"""Numbers that hold by their own rules, drawn from a seed; their check digits are python-stdnum's."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import numpy as np
from stdnum import ean as ean_rules
from stdnum import iban as iban_rules
from stdnum import luhn, verhoeff
from stdnum.au import tfn as tfn_rules
from stdnum.cn import ric, uscc
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.iso7064 import mod_11_10
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.us import rtn

Generator = Callable[[np.random.Generator], str]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def digits(rng: np.random.Generator, length: int) -> str:
    """Draw a string of digits."""
    return "".join(map(str, rng.integers(10, size=length).tolist()))


def letters(rng: np.random.Generator, length: int, of: str = LETTERS) -> str:
    """Draw a string of letters."""
    return "".join(of[place] for place in rng.integers(len(of), size=length).tolist())


def _one(rng: np.random.Generator, of: str) -> str:
    words = of.split()
    return words[int(rng.integers(len(words)))]


def _day(rng: np.random.Generator) -> tuple[int, int, int]:
    return int(rng.integers(1930, 2007)), int(rng.integers(1, 13)), int(rng.integers(1, 29))


def _until(draw: Generator, holds: Callable[[str], bool], rng: np.random.Generator) -> str:
    while not holds(number := draw(rng)):
        pass
    return number


def grouped(number: str, size: int, sign: str = " ") -> str:
    """Part a number into groups."""
    return sign.join(number[start : start + size] for start in range(0, len(number), size))


def email(rng: np.random.Generator) -> str:
    """Draw an e-mail address."""
    name = letters(rng, int(rng.integers(3, 10))).lower()
    return f"{name}.{digits(rng, 2)}@{letters(rng, 6).lower()}.{_one(rng, 'com org net de co.uk cn')}"


def ipv4(rng: np.random.Generator) -> str:
    """Draw a public address, of four numbers of two or three digits."""
    return ".".join(map(str, [int(rng.integers(11, 100)), *rng.integers(100, 254, size=3).tolist()]))


def uuid(rng: np.random.Generator) -> str:
    """Draw a random UUID."""
    text = rng.bytes(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def ean(rng: np.random.Generator) -> str:
    """Draw an article number."""
    stem = f"4{digits(rng, 11)}"
    return stem + ean_rules.calc_check_digit(stem)


def us_phone(rng: np.random.Generator) -> str:
    """Draw a number of the US in a usual form."""
    area, rest = _one(rng, "212 415 312 617 305 404 503 713"), digits(rng, 4)
    middle = f"{rng.integers(220, 990)}"
    return _one(rng, f"({area})_{middle}-{rest} {area}-{middle}-{rest} {area}.{middle}.{rest}").replace("_", " ")


def international_phone(rng: np.random.Generator) -> str:
    """Draw a number with its country's code."""
    return _one(
        rng,
        f"+44_20_7{digits(rng, 3)}_{digits(rng, 4)} +49_30_{rng.integers(2000000, 9999999)} "
        f"+1-415-{rng.integers(220, 990)}-{digits(rng, 4)} +86138{digits(rng, 8)} "
        f"+33_6_{grouped(digits(rng, 8), 2, '_')}",
    ).replace("_", " ")


def cn_mobile(rng: np.random.Generator) -> str:
    """Draw a Chinese mobile number."""
    return _one(rng, "138 139 150 159 177 186 188") + digits(rng, 8)


def payment_card(rng: np.random.Generator) -> str:
    """Draw a card of Visa, Mastercard, Discover, UnionPay or American Express."""
    stem = _one(rng, "4 51 55 6011 6225 37")
    stem += digits(rng, (14 if stem == "37" else 15) - len(stem))
    return stem + luhn.calc_check_digit(stem)


def us_ssn(rng: np.random.Generator) -> str:
    """Draw a US social security number, which has no check digit."""
    area = int(_until(lambda one: f"{one.integers(1, 900)}", lambda one: one != "666", rng))
    return f"{area:03}-{rng.integers(1, 100):02}-{rng.integers(1, 10000):04}"


def iban(rng: np.random.Generator) -> str:
    """Draw a German, Dutch or British account."""
    country, rest = _one(rng, "DE NL GB"), ""
    if country == "DE":
        rest = digits(rng, 18)
    elif country == "NL":
        rest = "ABNA" + digits(rng, 10)
    else:
        rest = "WEST" + digits(rng, 14)
    if country == "NL":
        # The account in it has a check of its own.
        rest = "ABNA" + _until(lambda one: digits(one, 10), lambda one: _elfproef(one) and one[:2] != "00", rng)
    return country + iban_rules.calc_check_digits(f"{country}00{rest}") + rest


def _elfproef(number: str) -> bool:
    return sum(weight * int(digit) for weight, digit in zip(range(10, 0, -1), number, strict=True)) % 11 == 0


def cn_resident_id(rng: np.random.Generator) -> str:
    """Draw a Chinese resident identity number, of six counties."""
    year, month, day = _day(rng)
    stem = f"{_one(rng, '110105 310104 440308 330106 510107 420106')}{year}{month:02}{day:02}{rng.integers(1, 999):03}"
    return stem + ric.calc_check_digit(f"{stem}0")


def cn_uscc(rng: np.random.Generator) -> str:
    """Draw a Chinese social credit code of a company."""
    stem = f"{_one(rng, '91 92 52')}{_one(rng, '110105 310104 440308 330106')}"
    body = digits(rng, 8)
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    check = (11 - sum(weight * int(digit) for weight, digit in zip(weights, body, strict=True)) % 11) % 11
    stem += body + ("X" if check == 10 else str(check))
    return stem + uscc.calc_check_digit(f"{stem}0")


def us_routing(rng: np.random.Generator) -> str:
    """Draw a US bank's routing number."""
    stem = f"{_one(rng, '01 02 03 04 05 06 07 08 09 10 11 12 21 26 31')}{digits(rng, 6)}"
    return stem + rtn.calc_check_digit(stem)


def uk_nhs(rng: np.random.Generator) -> str:
    """Draw a number of the English health service."""
    return _until(lambda one: f"{_one(one, '4 5 6 7')}{digits(one, 9)}", nhs.is_valid, rng)


def de_tax_id(rng: np.random.Generator) -> str:
    """Draw a German tax identification number."""

    def draw(one: np.random.Generator) -> str:
        stem = one.permutation(10).tolist()
        stem[int(one.integers(1, 10))] = stem[0]
        text = "".join(map(str, stem))
        return text + mod_11_10.calc_check_digit(text)

    return _until(draw, idnr.is_valid, rng)


def fr_nir(rng: np.random.Generator) -> str:
    """Draw a French social security number."""
    year, month, _ = _day(rng)
    stem = f"{rng.integers(1, 3)}{year % 100:02}{month:02}{_one(rng, '75 69 13 33 59')}{rng.integers(1, 400):03}"
    stem += f"{rng.integers(1, 999):03}"
    return stem + nir.calc_check_digits(stem)


def it_codice_fiscale(rng: np.random.Generator) -> str:
    """Draw an Italian tax code."""
    year, _, day = _day(rng)
    consonants, months = "BCDFGLMNPRSTVZ", "ABCDEHLMPRST"
    day += 40 * int(rng.integers(2))
    stem = f"{letters(rng, 6, consonants)}{year % 100:02}{letters(rng, 1, months)}{day:02}"
    stem += _one(rng, "H501 F205 L219 F839 D612")
    return stem + codicefiscale.calc_check_digit(stem)


def es_dni(rng: np.random.Generator) -> str:
    """Draw a Spanish identity number, of a citizen or of a foreigner (NIE)."""
    citizen, foreigner = f"{rng.integers(10, 99)}{digits(rng, 6)}", f"{_one(rng, 'X Y Z')}{digits(rng, 7)}"
    return _one(rng, f"{citizen}{dni.calc_check_digit(citizen)} {foreigner}{nie.calc_check_digit(foreigner)}")


def nl_bsn(rng: np.random.Generator) -> str:
    """Draw a Dutch citizen service number."""
    return _until(lambda one: f"{one.integers(1, 9)}{digits(one, 8)}", bsn.is_valid, rng)


def pl_pesel(rng: np.random.Generator) -> str:
    """Draw a Polish PESEL."""
    year, month, day = _day(rng)
    stem = f"{year % 100:02}{month + (20 if year >= 2000 else 0):02}{day:02}{digits(rng, 4)}"
    return stem + pesel.calc_check_digit(stem)


def se_personnummer(rng: np.random.Generator) -> str:
    """Draw a Swedish personal identity number."""
    year, month, day = _day(rng)
    birth, serial = f"{year}{month:02}{day:02}", digits(rng, 3)
    check = luhn.calc_check_digit(birth[2:] + serial)
    return _one(rng, f"{birth}-{serial}{check} {birth[2:]}-{serial}{check}")


def in_aadhaar(rng: np.random.Generator) -> str:
    """Draw an Indian Aadhaar number."""
    stem = f"{rng.integers(2, 10)}{digits(rng, 10)}"
    return grouped(stem + verhoeff.calc_check_digit(stem), 4, _one(rng, "_ -").replace("_", " "))


def br_cpf(rng: np.random.Generator) -> str:
    """Draw a Brazilian CPF."""
    number = digits(rng, 9)
    for length in (9, 10):
        total = sum((length + 1 - place) * int(digit) for place, digit in enumerate(number))
        number += str((11 - total % 11) % 11 % 10)
    return _one(rng, f"{number} {number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}")


def au_tfn(rng: np.random.Generator) -> str:
    """Draw an Australian tax file number."""
    return _until(lambda one: f"{one.integers(1, 9)}{digits(one, 8)}", tfn_rules.is_valid, rng)


def ca_sin(rng: np.random.Generator) -> str:
    """Draw a Canadian social insurance number."""
    stem = f"{_one(rng, '1 2 4 5 6 7')}{digits(rng, 7)}"
    number = stem + luhn.calc_check_digit(stem)
    return _one(rng, f"{number} {grouped(number, 3, '-')}")


def sg_nric(rng: np.random.Generator) -> str:
    """Draw a Singaporean identity number; the rule is that of Singapore's registry, S and T series."""
    series, body = _one(rng, "S T"), digits(rng, 7)
    total = sum(weight * int(digit) for weight, digit in zip((2, 7, 6, 5, 4, 3, 2), body, strict=True))
    return f"{series}{body}{'JZIHGFEDCBA'[(total + 4 * (series == 'T')) % 11]}"


def kr_rrn(rng: np.random.Generator) -> str:
    """Draw a Korean resident registration number."""
    year, month, day = _day(rng)
    stem = f"{year % 100:02}{month:02}{day:02}{rng.integers(1, 3) + (2 if year >= 2000 else 0)}"
    stem += f"{rng.integers(0, 96):02}{digits(rng, 3)}"
    stem = f"{stem[:7]}{rng.integers(0, 90):02}{stem[9:12]}"
    number = stem + rrn.calc_check_digit(stem)
    return f"{number[:6]}-{number[6:]}"


def jwt(rng: np.random.Generator) -> str:
    """Draw a JSON web token, signed with nothing."""
    header, claims = (
        '{"alg":"HS256","typ":"JWT"}',
        f'{{"sub":"{digits(rng, 10)}","iat":{rng.integers(10**9, 2 * 10**9)}}}',
    )
    parts = (header.encode(), claims.encode(), rng.bytes(32))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def bitcoin(rng: np.random.Generator) -> str:
    """Draw a Bitcoin address of the oldest form."""
    body = b"\x00" + rng.bytes(20)
    body += hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4]
    value, text = int.from_bytes(body, "big"), ""
    while value:
        value, place = divmod(value, 58)
        text = BASE58[place] + text
    return "1" * (len(body) - len(body.lstrip(b"\x00"))) + text
