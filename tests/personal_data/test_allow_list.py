"""Allow-lists: a value is recognised in any form, lists hold no values, and errors name the line."""

from __future__ import annotations

import hashlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.errors import DataError
from llmops_audit.personal_data.allow_list import (
    EMPTY_ALLOW_LIST,
    MAX_SALTS,
    AllowList,
    canonical,
    entry,
    keyed_hash,
)

SALT = bytes(range(16))
CARD = entry("payment_card", "4111 1111 1111 1111", SALT)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("payment_card", "4111 1111-1111 1111", "4111111111111111"),
        ("cn_resident_id", "11010519491231002x", "11010519491231002X"),
        ("iban", "GB82 WEST 1234 5698 7654 32", "gb82west12345698765432"),
        ("br_cpf", "529.982.247-25", "52998224725"),
        ("email", "Jane.Doe@Example.com", "ｊａｎｅ.doe@example.com"),
        ("phone", "+1 (212) 555-1234", "212.555.1234"),
        ("phone", "+44 (0)20 7946 0958", "020 7946 0958"),
        ("phone", "0033 1 23 45 67 89", "01 23 45 67 89"),
        ("phone", "+86 138 0013 8000", "１３８００１３８０００"),
        ("phone", "+39 06 6982 1234", "06 69821234"),
        ("us_ssn", "٠٧٨-٠٥-١١٢٠", "078051120"),
        ("date_of_birth", "1990-01-02", "1990/1/2"),
        ("date_of_birth", "1990年1月2日", "1990年01月02日"),
    ],
)
def test_writings_of_one_value_are_one(kind: str, one: str, other: str) -> None:
    """Case, separators, width, script of digits and country code make no other value."""
    assert canonical(kind, one) == canonical(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("payment_card", "4111111111111111", "4111111111111112"),
        ("email", "jane.doe@example.com", "janedoe@example.com"),
        ("ip_address", "1.12.3.4", "11.2.3.4"),
        ("ip_address", "1::12", "11::2"),
        ("date_of_birth", "1990-1-12", "1990-11-2"),
        ("phone", "+1 212 555 1234", "+1 312 555 1234"),
        ("phone", "+999 1234567", "+999 1234568"),
        ("other", "--", "::"),
        ("secret", "Change-me", "changeme"),
    ],
)
def test_other_values_stay_others(kind: str, one: str, other: str) -> None:
    """What separators keep apart in an address or date is not put together."""
    assert canonical(kind, one) != canonical(kind, other)


@given(st.sampled_from(["phone", "email", "date_of_birth", "payment_card", "ip_address"]), st.text(min_size=1))
def test_white_space_around_a_value_is_no_part_of_it(kind: str, text: str) -> None:
    """Any text has a canonical form, and a keyed hash."""
    form = canonical(kind, text)
    assert canonical(kind, f" {text}\n") == form
    assert isinstance(keyed_hash(kind, text, b"key"), int)


def test_a_list_covers_its_values() -> None:
    """A value of the list is covered in any writing, another one is not, and the empty list covers nothing."""
    allow_list = AllowList.read(f"# numbers of the manual\n\n  {CARD.upper()}  # example.csv:3\n")
    assert allow_list.covers("payment_card", "4111-1111-1111-1111")
    assert not allow_list.covers("payment_card", "4111-1111-1111-1112")
    assert not EMPTY_ALLOW_LIST.covers("payment_card", "4111-1111-1111-1111")
    assert AllowList.read("") == EMPTY_ALLOW_LIST


def test_entries_of_several_salts_count() -> None:
    """Lists with salts of their own can be put together."""
    other = entry("email", "jane@example.com", bytes(16))
    allow_list = AllowList.read(f"\ufeff{CARD}\r\n{other}\r\n")
    assert allow_list.salts == (bytes(16), SALT)
    assert allow_list.covers("email", "JANE@example.com")
    assert allow_list.covers("payment_card", "4111111111111111")


def test_a_list_is_a_value() -> None:
    """It is equal to its copy by pickle, and to the same entries in another order."""
    other = entry("email", "jane@example.com", SALT)
    allow_list = AllowList.read(f"{CARD}\n{other}")
    assert allow_list.covers("email", "jane@example.com")
    assert pickle.loads(pickle.dumps(allow_list)) == allow_list == AllowList.read(f"{other}\n{CARD}\n{other}")
    assert hash(allow_list) == hash(AllowList.read(f"{other}\n{CARD}"))


def test_an_entry_is_salted_and_slow() -> None:
    """The entry is scrypt with the stated cost: neither the value nor a plain hash of it, and another one by salt."""
    digest = hashlib.scrypt(b"4111111111111111", salt=SALT, n=1024, r=8, p=1, dklen=32).hex()
    assert f"{SALT.hex()}:{digest}" == CARD
    assert entry("payment_card", "4111111111111111", bytes(16)).partition(":")[2] != digest


def test_lines_that_are_no_entries_are_told_by_number() -> None:
    """Every broken line is named at once, and what it holds (perhaps the bare value) is not."""
    with pytest.raises(DataError) as caught:
        AllowList.read(f"4111111111111111\n{CARD}\n\n{CARD[:-1]}\n{CARD} {CARD}\n", "allow.txt")
    lines = str(caught.value).splitlines()
    assert [line.partition(";")[0] for line in lines] == [
        f"allow.txt: line {number}: is no entry of an allow-list" for number in (1, 4, 5)
    ]
    assert "expected 32 hexadecimal digits, a colon, 64 hexadecimal digits" in lines[0]
    assert "4111" not in str(caught.value)


def test_a_salt_for_each_entry_is_refused() -> None:
    """A list with many salts would slow the scan down, and says so."""
    entries = [f"{number:032x}:{number:064x}" for number in range(MAX_SALTS + 1)]
    assert len(AllowList.read("\n".join(entries[:-1])).salts) == MAX_SALTS
    with pytest.raises(DataError, match="has too many salts; expected at most 20: each slows down every hit; got 21"):
        AllowList.read("\n".join(entries))


def test_the_keyed_hash_needs_its_key() -> None:
    """Writings of one value share 64 bits; another key or another value has others."""
    value = keyed_hash("payment_card", "4111 1111 1111 1111", b"one")
    assert 0 <= value < 2**64
    assert keyed_hash("payment_card", "4111111111111111", b"one") == value
    assert keyed_hash("account_number", "4111111111111111", b"one") == value
    assert keyed_hash("payment_card", "4111111111111111", b"two") != value
    assert keyed_hash("payment_card", "4111111111111112", b"one") != value
