"""National numbers: numbers made by formulas written out here are found in context, and chance is not."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom

from llmops_audit.personal_data import KINDS, Confidence, find
from llmops_audit.personal_data.checksums import (
    fr_nir_of_known_birth,
    kr_rrn,
    kr_rrn_of_random_digits,
    passes,
    se_personnummer,
)

NUMBERS = 200
STRINGS = 20_000
ODD_TABLE = "1 0 5 7 9 13 15 17 19 21 1 0 5 7 9 13 15 17 19 21 2 4 18 20 11 3 6 8 12 14 16 10 22 25 24 23"
ODD_VALUES = dict(zip(string.digits + string.ascii_uppercase, map(int, ODD_TABLE.split()), strict=True))
DIHEDRAL_ORDER = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _weighted(body: str, *weights: int) -> int:
    return sum(weight * int(digit) for weight, digit in zip(weights, body, strict=True))


def _digit(value: int) -> str:
    return str(value) if value < 10 else ""


def _luhn(body: str) -> str:
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in body[::-2])
    return str(-(doubled + sum(map(int, body[-2::-2]))) % 10)


def _dihedral(a: int, b: int) -> int:
    turned = (a + b) % 5 if a < 5 else (a - b) % 5
    return turned if (a < 5) == (b < 5) else turned + 5


def _verhoeff(body: str) -> str:
    for check in string.digits:
        total = 0
        for place, digit in enumerate(reversed(body + check)):
            value = int(digit)
            for _ in range(place % 8):
                value = DIHEDRAL_ORDER[value]
            total = _dihedral(total, value)
        if total == 0:
            return check
    raise AssertionError(body)


def _cpf(body: str) -> str:
    first = 11 - _weighted(body, *range(10, 1, -1)) % 11
    body += str(first % 11 % 10)
    second = 11 - _weighted(body, *range(11, 1, -1)) % 11
    return body[-1] + str(second % 11 % 10)


def _mod_11_10(body: str) -> str:
    product = 10
    for digit in body:
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return str((11 - product) % 10)


def _nir(body: str) -> str:
    digits = body.replace("2A", "19").replace("2B", "18")
    return f"{97 - int(digits) % 97:02}"


def _codice(body: str) -> str:
    even = {character: value % 10 if value < 10 else value - 10 for value, character in enumerate(ODD_VALUES)}
    total = sum(ODD_VALUES[c] for c in body[::2]) + sum(even[c] for c in body[1::2])
    return string.ascii_uppercase[total % 26]


def _dni(body: str) -> str:
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(body.translate(str.maketrans("XYZ", "012"))) % 23]


def _nric(body: str) -> str:
    offset = {"S": 0, "F": 0, "T": 4, "G": 4, "M": 3}[body[0]]
    letters = "JZIHGFEDCBA" if body[0] in "ST" else "XWUTRQPNJLK" if body[0] == "M" else "XWUTRQPNMLK"
    return letters[(offset + _weighted(body[1:], 2, 7, 6, 5, 4, 3, 2)) % 11]


def _korean(body: str) -> str:
    return str((11 - _weighted(body, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5) % 11) % 10)


def _some(rng: np.random.Generator, count: int, of: str = string.digits) -> str:
    return "".join(rng.choice(list(of), count))


def _birth(rng: np.random.Generator, added: int = 0) -> str:
    return f"{rng.integers(50, 100)}{rng.integers(1, 13) + added:02}{rng.integers(1, 29):02}"


def _tax_body(rng: np.random.Generator) -> str:
    times = int(rng.integers(2, 4))
    different = rng.permutation(10)[: 11 - times].tolist()
    body = rng.permutation(different + different[:1] * (times - 1)).tolist()
    return "".join(map(str, body)) if body[0] else _tax_body(rng)


def _codice_body(rng: np.random.Generator) -> str:
    day = int(rng.integers(1, 29)) + 40 * int(rng.integers(0, 2))
    month = rng.choice(list("ABCDEHLMPRST"))
    letters = _some(rng, 6, string.ascii_uppercase)
    return f"{letters}{_some(rng, 2)}{month}{day:02}{_some(rng, 1, string.ascii_uppercase)}{_some(rng, 3)}"


def _nir_body(rng: np.random.Generator) -> str:
    department = rng.choice(["75", "13", "2A", "2B", "99", "01"])
    return f"{rng.integers(1, 3)}{_some(rng, 2)}{rng.integers(1, 13):02}{department}{_some(rng, 6)}"


def _grouped(number: str, sizes: Sequence[int], sign: str) -> str:
    ends = np.cumsum(sizes)
    return sign.join(number[end - size : end] for size, end in zip(sizes, ends, strict=True))


def _groups(*sizes: int, signs: str = " -") -> Callable[[str], list[str]]:
    return lambda number: [number, *(_grouped(number, sizes, sign) for sign in signs)]


@dataclass(frozen=True)
class Scheme:
    """How the numbers of a kind are made and written."""

    kind: str
    latin: str
    chinese: str
    body: Callable[[np.random.Generator], str]
    check: Callable[[str], str]
    written: Callable[[str], list[str]]
    checks: int = 1

    def make(self, rng: np.random.Generator) -> str:
        """Return a number; of a body for which there is no check digit none is made."""
        while not (check := self.check(body := self.body(rng))):
            pass
        return body + check

    def near_miss(self, number: str, rng: np.random.Generator) -> str:
        """Return the number with one digit changed so that the check does not hold."""
        places = [match.start() for match in re.finditer("[0-9](?![AB])", number)]
        while True:
            place = int(rng.choice(places))
            changed = number[:place] + _some(rng, 1) + number[place + 1 :]
            if changed[-self.checks :] != self.check(changed[: -self.checks]):
                return changed


SCHEMES = [
    Scheme(
        "us_bank_routing",
        "routing number",
        "银行路由号",
        lambda rng: rng.choice(["01", "12", "21", "32", "61", "72"]) + _some(rng, 6),
        lambda body: str(-_weighted(body, 3, 7, 1, 3, 7, 1, 3, 7) % 10),
        _groups(4, 4, 1, signs="-"),
    ),
    Scheme(
        "ca_sin",
        "SIN",
        "加拿大工卡号",
        lambda rng: _some(rng, 8),
        _luhn,
        _groups(3, 3, 3, signs=" -."),
    ),
    Scheme(
        "br_cpf",
        "CPF",
        "巴西税号",
        lambda rng: _some(rng, 9),
        _cpf,
        lambda number: [number, f"{_grouped(number[:9], (3, 3, 3), '.')}-{number[9:]}", f"{number[:9]}-{number[9:]}"],
        checks=2,
    ),
    Scheme(
        "uk_nhs",
        "NHS number",
        "英国医保号",
        lambda rng: _some(rng, 9),
        lambda body: _digit((11 - _weighted(body, *range(10, 1, -1)) % 11) % 11),
        _groups(3, 3, 4),
    ),
    Scheme("de_tax_id", "Steuer-ID", "德国税号", _tax_body, _mod_11_10, _groups(2, 3, 3, 3, signs=" -./")),
    Scheme(
        "fr_nir",
        "numéro de sécurité sociale",
        "法国社保号",
        _nir_body,
        _nir,
        lambda number: [*_groups(1, 2, 2, 2, 3, 3, 2, signs=" .")(number), f"{number[:13]} {number[13:]}"],
        checks=2,
    ),
    Scheme(
        "it_codice_fiscale",
        "codice fiscale",
        "意大利税号",
        _codice_body,
        _codice,
        lambda number: [*_groups(3, 3, 5, 5)(number), number.lower()],
    ),
    Scheme(
        "es_dni",
        "DNI",
        "西班牙身份证",
        lambda rng: _some(rng, 8),
        _dni,
        lambda number: [
            *_groups(8, 1)(number),
            number.lower(),
            f"{number[:2]}.{number[2:5]}.{number[5:8]}-{number[8:]}",
        ],
    ),
    Scheme(
        "es_dni",
        "NIE",
        "西班牙居留号",
        lambda rng: _some(rng, 1, "XYZ") + _some(rng, 7),
        _dni,
        _groups(1, 7, 1, signs="-"),
    ),
    Scheme(
        "nl_bsn",
        "BSN",
        "荷兰公民服务号",
        lambda rng: _some(rng, 8),
        lambda body: _digit(_weighted(body, *range(9, 1, -1)) % 11),
        lambda number: [*_groups(3, 3, 3, signs=" .-")(number), _grouped(number, (4, 2, 3), ".")],
    ),
    Scheme(
        "pl_pesel",
        "PESEL",
        "波兰身份证",
        lambda rng: _birth(rng, 20 * int(rng.integers(0, 2))) + _some(rng, 4),
        lambda body: str(-_weighted(body, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3) % 10),
        _groups(6, 5),
    ),
    Scheme(
        "se_personnummer",
        "personnummer",
        "瑞典个人号码",
        lambda rng: _birth(rng) + _some(rng, 3),
        _luhn,
        lambda number: [*_groups(6, 4, signs="-+")(number), f"19{number}", f"19{number[:6]}-{number[6:]}"],
    ),
    Scheme(
        "in_aadhaar",
        "Aadhaar",
        "印度身份证",
        lambda rng: _some(rng, 1, "23456789") + _some(rng, 10),
        _verhoeff,
        _groups(4, 4, 4),
    ),
    Scheme(
        "au_tfn",
        "TFN",
        "澳洲税号",
        lambda rng: _some(rng, 8),
        lambda body: _digit(_weighted(body, 1, 4, 3, 7, 5, 8, 6, 9) % 11),
        _groups(3, 3, 3),
    ),
    Scheme(
        "sg_nric",
        "NRIC",
        "新加坡身份证",
        lambda rng: _some(rng, 1, "STFGM") + _some(rng, 7),
        _nric,
        lambda number: [number, number.lower()],
    ),
    Scheme(
        "kr_rrn",
        "주민등록번호",
        "韩国身份证",
        lambda rng: _birth(rng) + _some(rng, 1, "12") + _some(rng, 5),
        _korean,
        _groups(6, 7),
    ),
]
EVERY_SCHEME = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: f"{scheme.kind}-{scheme.latin}")


def _random_digits(length: int, rng: np.random.Generator) -> list[str]:
    return ["".join(row) for row in rng.choice(list(string.digits), (STRINGS, length))]


def _finds(texts: Sequence[str]) -> list[list[tuple[str, str, str]]]:
    return [
        [(text[span.start : span.end], span.kind, span.confidence.value) for span in spans]
        for text, spans in zip(texts, find(texts), strict=True)
    ]


@EVERY_SCHEME
def test_valid_numbers_are_confirmed_in_context(scheme: Scheme) -> None:
    """Every valid number is confirmed in context, however its digits are grouped and whatever the language."""
    rng = np.random.default_rng(6)
    values = [value for _ in range(NUMBERS) for value in scheme.written(scheme.make(rng))]
    expected = [[(value, scheme.kind, "confirmed")] for value in values]
    assert _finds([f"The {scheme.latin} is {value}, she says." for value in values]) == expected
    assert _finds([f"我的{scheme.chinese}{value}有效" for value in values]) == expected


@EVERY_SCHEME
def test_one_wrong_digit_is_suspected_in_context(scheme: Scheme) -> None:
    """A number with one digit changed is suspected in context, and no more than that."""
    rng = np.random.default_rng(7)
    values = [scheme.near_miss(scheme.make(rng), rng) for _ in range(NUMBERS)]
    found = _finds([f"{scheme.latin}: {value}" for value in values])
    assert found == [[(value, scheme.kind, "suspected")] for value in values]


@EVERY_SCHEME
def test_column_name_is_context(scheme: Scheme) -> None:
    """A column's name makes bare numbers of the kind certain."""
    rng = np.random.default_rng(8)
    values = [scheme.make(rng) for _ in range(NUMBERS)]
    found = find(values, header=scheme.latin.replace(" ", "_"))
    assert [[(span.kind, span.confidence) for span in spans] for spans in found] == [
        [(scheme.kind, Confidence.CONFIRMED)]
    ] * NUMBERS


@pytest.mark.parametrize("length", range(5, 21))
def test_random_digits_are_nothing(length: int) -> None:
    """Random strings of digits give no reason to doubt that at most one in 10,000 is confirmed or likely anything.

    The count may be as high as that rate gives in 99 of 100 samples; among 1.5 million strings of 18 digits, the worst
    length, 61 were flagged.
    """
    strings = _random_digits(length, np.random.default_rng(length))
    frames = ["we counted {} of them", "当时共有{}个"]
    prose = [frames[i % 2].format(digits) for i, digits in enumerate(strings[: STRINGS // 4])]
    for texts in (strings, prose):
        found = _finds(texts)
        flagged = [spans for spans in found if any(confidence != "suspected" for _, _, confidence in spans)]
        assert len(flagged) <= binom.ppf(0.99, len(texts), 1e-4), flagged[:5]


@pytest.mark.parametrize("kind", ["uk_nhs", "ca_sin", "nl_bsn", "au_tfn", "us_bank_routing", "in_aadhaar"])
def test_weak_checksum_needs_context(kind: str) -> None:
    """A number that one random string in a dozen would pass is nothing without a word that speaks of it."""
    scheme = next(scheme for scheme in SCHEMES if scheme.kind == kind)
    rng = np.random.default_rng(9)
    found = _finds([f"see {scheme.make(rng)} below" for _ in range(NUMBERS)])
    assert not [spans for spans in found if any(name == kind for _, name, _ in spans)]


def test_strong_forms_stand_alone() -> None:
    """A codice fiscale, and a Corsican number of social security, are confirmed by themselves."""
    rng = np.random.default_rng(10)
    for kind in ("it_codice_fiscale", "fr_nir"):
        scheme = next(scheme for scheme in SCHEMES if scheme.kind == kind)
        values = [value for value in (scheme.make(rng) for _ in range(NUMBERS)) if re.search("[A-Z]", value)]
        assert values
        assert _finds(values) == [[(value, kind, "confirmed")] for value in values]


def test_omocodia_is_valid() -> None:
    """Letters that stand for digits where two Italians would share a code are read as these digits."""
    rng = np.random.default_rng(11)
    letters = str.maketrans(string.digits, "LMNPQRSTUV")
    bodies = [body[:12] + body[12:].translate(letters) for body in (_codice_body(rng) for _ in range(NUMBERS))]
    values = [body + _codice(body) for body in bodies]
    assert _finds(values) == [[(value, "it_codice_fiscale", "confirmed")] for value in values]


def test_numbers_that_libraries_refuse_are_accepted() -> None:
    """Coordination numbers, foreigners' check digits and numbers without one are valid: no table is asked."""
    assert se_personnummer("701063-239" + _luhn("701063239"))
    assert se_personnummer("20000229-000" + _luhn("000229000"))
    assert not se_personnummer("700063-239" + _luhn("700063239"))
    body = "900101512345"
    assert kr_rrn(body + str((int(_korean(body)) + 2) % 10))
    assert kr_rrn_of_random_digits("210305-3123456")
    assert not kr_rrn_of_random_digits("200930-3123456")
    assert not kr_rrn_of_random_digits("211305-3123456")


def test_month_that_stands_in_needs_context() -> None:
    """A French number of one whose month of birth is unknown is valid, but not by itself."""
    number = "18520" + "75" + "123456"
    assert not fr_nir_of_known_birth(number + _nir(number))
    assert _finds([f"NIR {number}{_nir(number)}"])[0][0][1:] == ("fr_nir", "confirmed")


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("SIN 046454286, TFN 123456782", "123456782", "au_tfn"),
        ("TFN 123456782, SIN 046454286", "046454286", "ca_sin"),
        ("routing 021000021 for the SSN 536904399", "536904399", "us_ssn"),
        ("ssn/itin: 912-70-1234", "912-70-1234", "us_itin"),
        ("passport 340020013, driver's license 123456789", "123456789", "us_driver_license"),
    ],
)
def test_nearest_word_decides(text: str, value: str, kind: str) -> None:
    """Of the kinds whose rules a number passes, the kind with the nearest context word wins."""
    assert (value, kind) in [found[:2] for found in _finds([text])[0]]


@pytest.mark.parametrize(
    "text",
    [
        "sin 0000 000 00",
        "SSN 000-00-0000",
        "NHS 000 000 0000",
        "CPF 111.111.111-11",
        "BSN 999999999",
        "SIN 999-999-999",
    ],
)
def test_filler_is_nothing(text: str) -> None:
    """One digit over and over is a number that is not given."""
    assert _finds([text]) == [[]]


def test_separators_do_not_cross_lines() -> None:
    """Groups of digits on two lines are no number."""
    assert _finds(["TFN 123\n456\n782", "BSN 111\r\n222\r\n333", "NIR 2 55 08 14\n168 025 38"]) == [[], [], []]


def test_validators_are_kept() -> None:
    """A validator is made once, and what it takes may be grouped or not."""
    assert passes("nl.bsn") is passes("nl.bsn")
    assert passes("nl.bsn")("1112.22.333") == len("1112.22.333")
    assert passes("nl.bsn")("111222334") == 0


def test_every_checksummed_kind_has_a_scheme() -> None:
    """No national kind with a checksum goes without numbers made here."""
    national = [kind for kind in KINDS.values() if kind.jurisdiction not in ("", "CN", "HK", "MO", "TW")]
    checked = {kind.name for kind in national if any(form.has_checksum for form in kind.forms)}
    assert checked == {scheme.kind for scheme in SCHEMES}
