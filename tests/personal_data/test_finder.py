"""Finding personal data: the catalogue's examples, checksums against chance, and places in the text."""

from __future__ import annotations

import importlib
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.personal_data import KINDS, find, mask
from llmops_audit.personal_data.kinds import Kind

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def _values(text: str, kind: str | None = None) -> list[str]:
    return [text[span.start : span.end] for span in find([text])[0] if kind in (None, span.kind)]


@EVERY_KIND
def test_examples_hit(kind: Kind) -> None:
    """Each kind is found in its examples, at the right place."""
    for text, value in kind.hits:
        assert _values(text, kind.name) == [value], text


@EVERY_KIND
def test_counterexamples_miss(kind: Kind) -> None:
    """No kind is found in the texts that merely look like it."""
    for text in kind.misses:
        assert _values(text, kind.name) == [], text


@EVERY_KIND
def test_chinese_on_both_sides_is_no_obstacle(kind: Kind) -> None:
    """A value in context is found where it is glued to Chinese characters on both sides."""
    words = {"payment_card": "卡号", "us_ssn": "社会安全号", "phone": "电话", "ip_address": "ip地址"}
    for _, value in kind.hits:
        text = f"我的{words.get(kind.name, '号码')}{value}有效"
        assert value in _values(text, kind.name), text


def _luhn(prefix: str, length: int, rng: np.random.Generator) -> str:
    body = prefix + "".join(map(str, rng.integers(0, 10, length - len(prefix) - 1)))
    for check in "0123456789":
        digits = [int(c) for c in body + check]
        doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2]]
        if (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0:
            return body + check
    raise AssertionError


def _resident(rng: np.random.Generator) -> str:
    day = f"19{rng.integers(50, 100)}{rng.integers(1, 13):02}{rng.integers(1, 29):02}"
    body = f"{rng.choice(['110105', '310101', '440308'])}{day}{rng.integers(0, 1000):03}"
    weights = [pow(2, 17 - i, 11) for i in range(17)]
    total = sum(w * int(d) for w, d in zip(weights, body, strict=True))
    return body + "10X98765432"[total % 11]


def _iban(rng: np.random.Generator) -> str:
    account = "".join(map(str, rng.integers(0, 10, 18)))
    remainder = int(account + "131400") % 97
    return f"DE{98 - remainder:02}{account}"


@pytest.mark.parametrize("kind", ["payment_card", "cn_resident_id", "iban"])
def test_valid_numbers_are_all_found(kind: str) -> None:
    """Every number with a right checksum is found in context; checksums are made by formulas of the test's own."""
    rng = np.random.default_rng(1)
    makers = {
        "payment_card": lambda: _luhn("4", 16, rng),
        "cn_resident_id": lambda: _resident(rng),
        "iban": lambda: _iban(rng),
    }
    context = {"payment_card": "card number", "cn_resident_id": "身份证", "iban": "IBAN"}[kind]
    for _ in range(300):
        number = makers[kind]()
        assert _values(f"{context} {number}.", kind) == [number]


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("payment_card", lambda rng: "".join(map(str, rng.integers(0, 10, 16)))),
        ("cn_resident_id", lambda rng: "".join(map(str, rng.integers(0, 10, 18)))),
        ("iban", lambda rng: "DE" + "".join(map(str, rng.integers(0, 10, 20)))),
    ],
)
def test_random_numbers_are_hardly_ever_confirmed(kind: str, make: object) -> None:
    """Random numbers alone in a cell are hardly ever taken for a value; an IBAN 1 time in 97, by its checksum."""
    rng = np.random.default_rng(2)
    texts = [make(rng) for _ in range(3000)]  # type: ignore[operator]
    found = [span for spans in find(texts) for span in spans if span.kind == kind]
    chance = 1 / 97 if kind == "iban" else 1e-3
    assert len(found) <= 3000 * chance + 4 * (3000 * chance) ** 0.5


@given(st.text(max_size=60))
def test_finds_lie_in_the_text_and_do_not_overlap(text: str) -> None:
    """Whatever the text, finds are places in it, in order, and no two overlap."""
    spans = find([text])[0]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))


@given(st.sampled_from([(kind.name, value) for kind in KINDS.values() for _, value in kind.hits]))
def test_masks_tell_nothing(found: tuple[str, str]) -> None:
    """A masked value holds no letter and no digit."""
    kind, value = found
    assert not [character for character in mask(kind, value) if character.isalnum()]


def test_a_line_end_parts_numbers() -> None:
    """Separators never cross the end of a line."""
    assert _values("card 4111\n1111\n1111\n1111") == []


def test_the_column_s_name_is_context() -> None:
    """A column called `ssn` turns a bare number into one; a column called `order` does not."""
    assert find(["536904399"], header="ssn")[0]
    assert not find(["536904399"], header="order")[0]


@EVERY_KIND
def test_patterns_have_a_bounded_length(kind: Kind) -> None:
    """No pattern can run through the whole text from one place, so that a search is linear in the text."""
    # The parser of `re` is private, and alone knows how much a pattern can match.
    parser = importlib.import_module("re._parser")
    assert all(parser.parse(form.pattern.pattern).getwidth()[1] < 1000 for form in kind.forms)


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "1-", "a.", "a@", "+1 ", "1.1.", "::", "(1) ", "GB82", "０", "4111 1111 "]
)
def test_hostile_texts_take_steps_in_proportion(piece: str) -> None:
    """Twice the text makes about twice the steps around the patterns; they are counted, not timed."""

    def steps(size: int) -> int:
        count = 0

        def trace(frame: object, event: str, argument: object) -> object:
            nonlocal count
            count += 1
            return trace

        text = piece * (size // len(piece))
        before = sys.gettrace()
        sys.settrace(trace)  # type: ignore[arg-type]
        try:
            find([text])
        finally:
            sys.settrace(before)
        return count

    steps(100)  # what is made at first use
    assert steps(16_000) <= 2.5 * steps(8_000) + 100
