"""Numbering plans compiled from the library's metadata, against the library itself."""

from __future__ import annotations

import numpy as np
import phonenumbers
import pytest

from llmops_audit.personal_data import numbering


def _valid(digits: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}", None))
    except phonenumbers.NumberParseException:
        return False


def _possible(digits: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(f"+{digits}", None))
    except phonenumbers.NumberParseException:
        return False


def _examples() -> list[str]:
    """Return an example number of every region and type."""
    regions = [*phonenumbers.SUPPORTED_REGIONS]
    kinds = phonenumbers.PhoneNumberType.values()
    found = [phonenumbers.example_number_for_type(region, kind) for region in sorted(regions) for kind in kinds]
    return [f"{one.country_code}{phonenumbers.national_significant_number(one)}" for one in found if one is not None]


def _random(rng: np.random.Generator, n: int) -> list[str]:
    codes = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    return [
        f"{codes[int(rng.integers(len(codes)))]}{''.join(map(str, rng.integers(10, size=int(rng.integers(3, 13)))))}"
        for _ in range(n)
    ]


@pytest.mark.parametrize("kind", ["examples", "nearby", "random", "prefixed", "no code"])
def test_validity_is_the_library_s(kind: str) -> None:
    """Example numbers of all regions, those with one digit changed, and random ones are judged as the library does."""
    rng = np.random.default_rng(5)
    numbers = _random(rng, 3000) if kind == "random" else _examples()
    if kind == "nearby":
        places = rng.integers(3, 9, size=len(numbers))
        digits = rng.integers(10, size=len(numbers))
        numbers = [
            f"{number[:place]}{digit}{number[place + 1 :]}"
            for number, place, digit in zip(numbers, places.tolist(), digits.tolist(), strict=True)
        ]
    if kind == "prefixed":
        codes = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
        examples = {code: [number for number in numbers if number.startswith(str(code))] for code in codes}
        numbers = [
            f"{code}{prefix}{number.removeprefix(str(code))}"
            for code in codes
            for prefix in ("0", "1", "8", "00", "06")
            for number in examples[code][::3]
        ]
    if kind == "no code":
        numbers = ["", "0", "00", "999", "210123456", *(f"0{number}" for number in numbers[:50])]
    assert [numbering.is_valid(number) for number in numbers] == [_valid(number) for number in numbers]
    assert kind != "examples" or all(map(numbering.is_valid, numbers))
    assert [numbering.is_possible(number) for number in numbers] == [_possible(number) for number in numbers]
