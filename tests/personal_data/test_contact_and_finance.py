"""Contact details, addresses of hosts, money and records: what is found, what is not, and which kind wins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import phonenumbers
import pytest

from llmops_audit.personal_data import find
from llmops_audit.personal_data.recognisers import KINDS
from llmops_audit.personal_data.validators import IBAN_FORMS, IBAN_LENGTHS

SURE = ("confirmed", "likely")
OWN = {
    "email", "phone", "ip_address", "mac_address", "payment_card", "iban", "swift_bic", "bank_account",
    "crypto_address", "date_of_birth", "patient_number", "policy_number",
}  # fmt: skip


def _found(text: str, header: str = "") -> list[tuple[str, str]]:
    return [
        (span.kind, text[span.start : span.end]) for span in find([text], header=header)[0] if span.confidence in SURE
    ]


def _steps(text: str, header: str = "") -> list[tuple[str, str]]:
    return [(span.kind, span.confidence.value) for span in find([text], header=header)[0]]


def _digits(length: int, rng: np.random.Generator) -> str:
    return "".join(map(str, rng.integers(0, 10, length)))


def _luhn(prefix: str, length: int, rng: np.random.Generator) -> str:
    body = prefix + _digits(length - len(prefix) - 1, rng)
    doubled = [int(digit) * 2 for digit in body[::-2]]
    total = sum(digit - 9 if digit > 9 else digit for digit in doubled) + sum(map(int, body[-2::-2]))
    return body + str(-total % 10)


def _iban(country: str, rng: np.random.Generator) -> str:
    account = "".join(
        "".join(rng.choice(list("ABCDEFGHJK" if "0-9" not in letters else "0123456789"), int(length)))
        for letters, length in _parts(country)
    )
    number = "".join(str(int(character, 36)) for character in account + country + "00")
    return f"{country}{98 - int(number) % 97:02}{account}"


def _parts(country: str) -> list[tuple[str, str]]:
    pieces = IBAN_FORMS[country].pattern.removeprefix(f"{country}[0-9]{{2}}").split("}")[:-1]
    return [(piece.split("{")[0], piece.split("{")[1]) for piece in pieces]


ISSUED = [
    ("4", 13), ("4", 16), ("4", 19), ("51", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15), ("36", 14),
    ("38", 14), ("3050", 14), ("6011", 16), ("65", 16), ("3528", 16), ("2131", 15), ("62", 16), ("62", 19),
    ("6759", 12), ("5018", 12), ("2200", 16), ("955880", 19),
]  # fmt: skip


@pytest.mark.parametrize(("prefix", "length"), ISSUED)
def test_every_valid_card_is_found_in_context(prefix: str, length: int) -> None:
    """A number in an issuer's range with a right checksum is a confirmed card beside a word for one, glued or not."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        number = _luhn(prefix, length, rng)
        for text in (f"my card {number}.", f"卡号{number}有效", f"card={number}&x=1", f"visa{number}"):
            assert ("payment_card", "confirmed") in _steps(text), text


@pytest.mark.parametrize("country", sorted(IBAN_FORMS))
def test_every_valid_iban_is_found(country: str) -> None:
    """An IBAN of each country is confirmed, with and without spaces, alone and between Chinese characters."""
    rng = np.random.default_rng(2)
    for _ in range(10):
        number = _iban(country, rng)
        assert len(number) == IBAN_LENGTHS[country]
        grouped = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
        for text, value in ((number, number), (f"to {grouped}, please", grouped), (f"账户{number}转账", number)):
            assert _found(text) == [("iban", value)], text


def test_a_wrong_checksum_is_suspected_in_context_alone() -> None:
    """A card or an IBAN with one digit changed is suspected beside its word, and not reported elsewhere."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        card = _luhn("4", 16, rng)
        card = card[:-1] + str((int(card[-1]) + 1) % 10)
        account = _iban("DE", rng)
        account = account[:-1] + str((int(account[-1]) + 1) % 10)
        assert _steps(f"credit card {card}") == [("payment_card", "suspected")]
        assert _steps(f"IBAN {account}") == [("iban", "suspected")]
        assert not _steps(f"we saw {card} twice")
        assert not _steps(f"we saw {account} twice")


@pytest.mark.parametrize("frame", ["{}", "the value {} was recorded again", "观测值：{}。"])
def test_random_digits_are_hardly_ever_of_these_kinds(frame: str) -> None:
    """Strings of 5 to 20 digits are not taken for anything here; in Chinese prose 11 may be a mobile number."""
    rng = np.random.default_rng(4)
    lengths = [length for length in range(5, 21) if length != 11 or frame.isascii()]
    texts = [frame.format(_digits(length, rng)) for length in lengths for _ in range(300)]
    found = [
        (text, span)
        for text, spans in zip(texts, find(texts), strict=True)
        for span in spans
        if span.kind in OWN and span.confidence in SURE
    ]
    assert len(found) <= 1, found


def test_grouped_digits_are_suspected_at_most() -> None:
    """Four groups of four digits that pass issuer and checksum are no more than suspected without a word for a card."""
    assert _steps("4111 1111 1111 1111") == [("payment_card", "suspected")]
    assert _steps("4111 1111 1111 1111 exp 09/27") == [("payment_card", "confirmed")]
    assert _steps("Jane Doe 4111 1111 1111 1111 09/27 123") == [("payment_card", "likely")]


COUNTRIES = [
    "US", "GB", "DE", "FR", "IT", "ES", "CN", "IN", "BR", "AU", "JP", "KR", "RU", "MX", "ZA", "NG", "SE", "PL", "NL",
    "CH", "TR", "AE", "SG", "HK", "TW", "EG", "AR", "ID", "TH", "VN",
]  # fmt: skip


@pytest.mark.parametrize("country", COUNTRIES)
def test_international_numbers_of_many_countries(country: str) -> None:
    """A country's example numbers are confirmed with `+`, however they are grouped, and with `00` in context."""
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
        number = phonenumbers.example_number_for_type(country, kind)
        assert number is not None
        for style in (phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
            value = phonenumbers.format_number(number, style)
            assert _found(f"我在{value}，或") == [("phone", value)]
            assert _found(f"phone {value.replace('+', '00')}") == [("phone", value.replace("+", "00"))]


@pytest.mark.parametrize("country", COUNTRIES)
def test_national_numbers_need_a_word(country: str) -> None:
    """A country's example number as written at home is found beside a word for a telephone, and bare digits only so."""
    number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    assert number is not None
    value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    assert _found(f"mobile: {value}") == [("phone", value)]
    bare = "".join(filter(str.isdigit, value))
    assert not [kind for kind, _ in _found(bare) if kind == "phone"]
    assert _found(bare, header="phone_number") == [("phone", bare)]


def _columns(rng: np.random.Generator) -> dict[str, list[str]]:
    def many(make: Callable[[], str]) -> list[str]:
        return [make() for _ in range(60)]

    def of(low: int, high: int) -> int:
        return int(rng.integers(low, high))

    return {
        **{f"{n} digits": many(lambda n=n: f"{of(1, 10)}{_digits(n - 1, rng)}") for n in range(5, 21)},  # type: ignore[misc]
        **{f"0 and {n} digits": many(lambda n=n: f"0{_digits(n, rng)}") for n in range(5, 19)},  # type: ignore[misc]
        "decimals": many(lambda: f"{rng.random() * 10.0 ** of(0, 9):.{of(1, 9)}f}"),
        "negative": many(lambda: f"-{of(10**8, 10**9)}"),
        "prices": many(lambda: f"${of(0, 10**9):,}.{of(0, 100):02}"),
        "thousands": many(lambda: f"{of(10**6, 10**9):,}"),
        "points": many(lambda: f"{of(10**6, 10**9):,}".replace(",", ".")),
        "dates": many(lambda: f"{of(1950, 2030)}-{of(1, 13):02}-{of(1, 29):02}"),
        "other dates": many(lambda: f"{of(1, 29):02}/{of(1, 13):02}/{of(1950, 2030)}"),
        "compact dates": many(lambda: f"{of(1950, 2030)}{of(1, 13):02}{of(1, 29):02}"),
        "times": many(lambda: f"2023-11-{of(1, 31):02} {of(0, 24):02}:{of(0, 60):02}:{of(0, 60):02}"),
        "epochs": many(lambda: f"{of(10**9, 2 * 10**9)}"),
        "versions": many(lambda: f"{of(0, 40)}.{of(0, 40)}.{of(0, 4000)}"),
        "coordinates": many(lambda: f"{rng.random() * 90:.6f}, {rng.random() * 180:.6f}"),
        "ranges": many(lambda: f"{of(1000, 9999)}-{of(1000, 9999)}"),
        "lists": many(lambda: " ".join(f"{of(0, 60):02}" for _ in range(5))),
    }


@pytest.mark.parametrize(
    "header", ["", "value", "price", "call_duration", "call_time", "cell_count", "contact_id", "text_length"]
)
def test_no_numeric_column_is_called_a_phone(header: str) -> None:
    """Numbers, dates, times, versions and coordinates are no telephone numbers, even in a column that sounds so."""
    for name, cells in _columns(np.random.default_rng(5)).items():
        found = [span for spans in find(cells, header=header) for span in spans if span.kind == "phone"]
        assert not found, (name, header)


@pytest.mark.parametrize(
    "written",
    [
        "1990-03-04", "04/03/1990", "3/4/90", "04.03.1990", "1990.3.4", "4 March 1990", "4th of March 1990",
        "March 4, 1990", "Mar 4th 1990", "04-Mar-1990", "1990年3月4日",
        "1990 年 3 月 4 日", "90年3月4日", "1990年3月", "19900304",
    ],
)  # fmt: skip
def test_dates_of_birth_in_many_notations(written: str) -> None:
    """A date beside a word for birth is found however it is written; one beside another word, or alone, is not."""
    for text in (f"DOB: {written}", f"出生日期{written}，", f"she was born on {written} in Leeds", f"{written}出生"):
        assert _found(text) == [("date_of_birth", written)], text
    assert _found(written, header="birthDate") == [("date_of_birth", written)]
    for text in (written, f"admitted {written}", f"有效期至{written}", f"born here, discharged {written}"):
        assert "date_of_birth" not in dict(_found(text)), text


@pytest.mark.parametrize(
    "written", ["31/31/1990", "1990-02-30", "1890-01-01", "2190-01-01", "30 February 1990", "12.30.5"]
)
def test_no_day_of_the_calendar_is_no_date_of_birth(written: str) -> None:
    """What the calendar does not have, or nobody alive was born on, is no date of birth."""
    assert not _found(f"DOB {written}")


def test_the_nearest_word_says_what_a_number_is() -> None:
    """Beside several words a number belongs to the nearest; an account number is not a telephone number."""
    assert _found("account number 0123456789, phone 0207 946 0958") == [
        ("bank_account", "0123456789"),
        ("phone", "0207 946 0958"),
    ]
    assert _found("phone 2125550123, account 3125550123") == [("phone", "2125550123"), ("bank_account", "3125550123")]
    assert _found("card 4111111111111111 phone 2125550123 MRN 00482193 policy 880214573") == [
        ("payment_card", "4111111111111111"),
        ("phone", "2125550123"),
        ("patient_number", "00482193"),
        ("policy_number", "880214573"),
    ]
    assert _found("电话13812345678，银行账号6222020200012345678") == [
        ("phone", "13812345678"),
        ("bank_account", "6222020200012345678"),
    ]
    assert not _found("order 13812345678")


def test_a_chinese_mobile_number_alone_needs_chinese_prose() -> None:
    """Eleven digits are a mobile number inside a Chinese sentence; not as a cell, nor in an English one."""
    assert _steps("找我13812345678谢谢") == [("phone", "likely")]
    assert not _steps("13812345678")
    assert not _steps("we counted 13812345678 of them")
    assert not _steps("订单13812345678已发货")
    assert not _steps("共13812345678元")


def _base58(version: int, rng: np.random.Generator) -> str:
    raw = bytes([version]) + rng.bytes(20)
    number = int.from_bytes(raw + hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4], "big")
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    text = ""
    while number:
        number, place = divmod(number, 58)
        text = alphabet[place] + text
    return "1" * (version == 0) + text


def test_crypto_addresses_carry_their_checksum() -> None:
    """An address with a right checksum is confirmed anywhere; with one character changed it is nothing."""
    rng = np.random.default_rng(6)
    for version in (0x00, 0x05, 0x1E, 0x30, 0x41):
        for _ in range(20):
            address = _base58(version, rng)
            assert _steps(f"to {address}.") == [("crypto_address", "confirmed")], address
            changed = address[:-1] + ("x" if address[-1] != "x" else "y")
            assert ("crypto_address", "confirmed") not in _steps(f"to {changed}.")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sshd: Failed password for root from 61.4.5.6 port 22", [("ip_address", "61.4.5.6")]),
        ('192.0.2.15 - - [10/Oct/2023:13:55:36 +0000] "GET /" 200', [("ip_address", "192.0.2.15")]),
        ("[::ffff:203.0.113.9]:443", [("ip_address", "203.0.113.9")]),
        ("eth0 b8:27:eb:12:34:56 inet6 fe80::1%eth0", [
            ("mac_address", "b8:27:eb:12:34:56"), ("ip_address", "fe80::1")]),
        ("upgrade to 12.34.56.78 now", []),
        ("Windows 10.0.19045.3693", []),
        ("git clone git@example.com:team/repo.git", []),
        ("O'Neil <pat.o'neil@example.ie>; j_d@a.example.org,", [
            ("email", "pat.o'neil@example.ie"), ("email", "j_d@a.example.org")]),
        ("IBAN DE89 3704 0044 0532 0130 00, BIC COBADEFFXXX", [
            ("iban", "DE89 3704 0044 0532 0130 00"), ("swift_bic", "COBADEFFXXX")]),
        ("call me at 10:30 on 12/11/2023", []),
        ("call took 12345678 ns", []),
        ("vx13812345678", [("phone", "13812345678")]),
        ("住院号：0012345 病历号A0012345", [("patient_number", "0012345"), ("patient_number", "A0012345")]),
    ],
)  # fmt: skip
def test_texts_from_life(text: str, found: list[tuple[str, str]]) -> None:
    """Logs, mails and notes: what is in them is found, and nothing else."""
    assert _found(text) == found


def test_the_catalogue_holds_these_kinds() -> None:
    """Contact, network, finance and records are all there."""
    assert set(KINDS) >= OWN
