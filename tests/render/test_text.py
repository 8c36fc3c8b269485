"""Text is cleaned, numbers are written as a reader expects them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.render.text import MAX_LENGTH, Numbers, clean, first_sentence, shorten, width

ENGLISH = Numbers("en")


@given(st.text(st.characters(exclude_categories=())))
def test_clean_text_can_be_written_and_is_bounded(text: str) -> None:
    """Any text, lone surrogates included, becomes UTF-8 without controls, once and for all."""
    cleaned = clean(text)
    cleaned.encode()
    assert len(cleaned) <= MAX_LENGTH
    assert clean(cleaned) == cleaned
    assert not set(cleaned) & set("\x00\x1b\x85\u202e\u2066\ufeff")


@given(st.text(), st.integers(1, 40))
def test_shortened_text_fits(text: str, columns: int) -> None:
    """A shortened text is at most as wide as asked, and one line."""
    short = shorten(text, columns)
    assert width(short) <= columns
    assert "\n" not in short


def test_wide_characters_take_two_columns() -> None:
    """Chinese characters count twice, combining marks not at all."""
    assert width("正常a") == 5
    assert width("e\u0301") == 1


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"), (0.5, "0.5"), (0.123456, "0.1235"), (12345.678, "12,346"), (-0.25, "-0.25"), (3.0, "3"),
        (0.00001234, "1.234E-5"), (1e9, "1E9"), (None, "–"), (1234567, "1,234,567"), (0.00123456, "0.001235"),
    ],
)  # fmt: skip
def test_a_number_has_four_significant_digits(value: float | None, written: str) -> None:
    """Numbers keep four significant digits, whole ones stay whole, extreme ones get an exponent."""
    assert ENGLISH.number(value) == written


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        (0.12346, "share", "12.35%"), (1234, "count", "1,234"), (0.00003, "p_value", "< 0.0001"),
        (0.0421, "p_value", "0.0421"), (0.5, "p_value", "0.50"), (None, "share", "–"), ("n/a", "share", "n/a"),
        (True, "count", "true"), ("x", "text", "x"), (3, "text", "3"),
    ],
)  # fmt: skip
def test_a_cell_follows_the_columns_format(value: object, kind: str, written: str) -> None:
    """A cell is written by its column's format; what does not fit is shown as it is."""
    assert ENGLISH.cell(value, kind) == written


def test_times_are_written_in_the_language() -> None:
    """An ISO time is written out in UTC; what is no time is shown as it is."""
    assert ENGLISH.time("2026-11-24T09:30:00+01:00") == "24 November 2026, 08:30 UTC"
    assert Numbers("zh").time("2026-11-24T08:30:00") == "2026年11月24日 08:30"
    assert ENGLISH.time("yesterday") == "yesterday"


@pytest.mark.parametrize(
    ("value", "share", "written"),
    [
        (0.521789, False, "0.522"),
        (0.9693, True, "96.9%"),
        (0.52, True, "52%"),
        (0.00051, True, "0.051%"),
        (0, True, "0%"),
        (1.076, True, "107.6%"),
        (250.0, True, "250"),
        (129_847, False, "130,000"),
        (None, True, "–"),
    ],
)
def test_a_number_is_read_in_three_digits(value: float | None, share: bool, written: str) -> None:
    """Shares are percent, other numbers have three digits, and a small share keeps its first ones."""
    assert Numbers("en").read(value, share=share) == written


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("A limit of .5 holds. It is met.", "A limit of .5 holds."),
        ("Is it met? Yes.", "Is it met?"),
        ("限值为 0.5。已满足。", "限值为 0.5。"),
        ("no end", "no end"),
        ("", ""),
    ],
)
def test_the_first_sentence_ends_where_another_begins(text: str, first: str) -> None:
    """A full stop ends a sentence before a capital letter, a Chinese one anywhere; decimals end none."""
    assert first_sentence(text) == first
