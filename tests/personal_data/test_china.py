"""Chinese kinds: generated sentences, checksums by other means, forms of plates and papers, and chance."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmops_audit.personal_data import Confidence, find
from llmops_audit.personal_data import chinese_numbers as numbers
from llmops_audit.personal_data.recognisers import china

OURS = {kind.name for kind in china.KINDS}
RANKS = {str(one): one.rank for one in Confidence}


def _chinese() -> Any:
    spec = importlib.util.spec_from_file_location("chinese", Path(__file__).with_name("chinese.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


chinese = _chinese()


def _found(text: str, kind: str, header: str = "") -> list[tuple[str, str]]:
    spans = find([text], header=header)[0]
    return [(text[span.start : span.end], str(span.confidence)) for span in spans if span.kind == kind]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_generated_sentences(seed: int) -> None:
    """Valid, mistyped and other numbers in sentences, next to characters, full-width or alone: F1 is at least 0.99."""
    made = chinese.sentences(seed, 1500)
    counts: Counter[str] = Counter()
    for (_, expected), spans in zip(made, find([text for text, _ in made]), strict=True):
        left = list(spans)
        for start, end, kind, least in expected:
            hits = [
                span
                for span in left
                if span.kind == kind and span.start < end and start < span.end and span.confidence.rank <= RANKS[least]
            ]
            counts["found" if hits else "missed"] += 1
            left = [span for span in left if span not in hits]
        counts["false"] += len(left)
    assert 2 * counts["found"] / (2 * counts["found"] + counts["false"] + counts["missed"]) >= 0.99


def test_the_generator_repeats_itself_and_says_where_numbers_stand() -> None:
    """The same seed makes the same sentences, and every span is a number of the text."""
    made = chinese.sentences(7, 400)
    assert made == chinese.sentences(7, 400)
    assert {kind for _, spans in made for *_, kind, _ in spans} == {
        *(OURS - {"cn_travel_permit"}),
        "phone",
        "payment_card",
    }
    for text, spans in made:
        assert all(0 <= start < end <= len(text) for start, end, *_ in spans)
        assert any(character.isdigit() for start, end, *_ in spans for character in text[start:end]) or not spans


@pytest.mark.parametrize(
    ("kind", "template"),
    [
        ("cn_resident_id", "号码{}有效"),
        ("cn_uscc", "税号{}有效"),
        ("cn_plate", "车牌{}有效"),
        ("cn_passport", "护照{}有效"),
    ],
)
def test_every_valid_number_is_found_between_characters(kind: str, template: str) -> None:
    """Each number that holds by the standards' formulas is found where it is glued to characters on both sides."""
    rng = np.random.default_rng(3)
    values = [chinese._DRAWN[kind](rng) for _ in range(400)]
    texts = [template.format(value) for value in values]
    found = [
        [
            text[span.start : span.end]
            for span in spans
            if span.kind == kind and span.confidence.rank < RANKS["suspected"]
        ]
        for text, spans in zip(texts, find(texts), strict=True)
    ]
    assert found == [[value] for value in values]


@pytest.mark.parametrize("number", ["11010519491231002X", "440308199901101512"])
def test_one_wrong_character_of_a_resident_number_is_noticed(number: str) -> None:
    """The check character tells every change of one digit (ISO 7064 MOD 11-2)."""
    assert numbers.resident_id(number) == 18
    for place in range(17):
        for digit in set("0123456789") - {number[place]}:
            assert not numbers.resident_id(number[:place] + digit + number[place + 1 :])


def test_one_wrong_character_of_a_credit_code_is_noticed() -> None:
    """The check character tells every change of one character (GB 32100); so does a letter that no code holds."""
    code = "91110000600037341L"
    assert numbers.uscc(code) == numbers.uscc_of_region(code) == 18
    for place in range(8, 18):
        for character in set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") - {code[place]}:
            assert not numbers.uscc(code[:place] + character + code[place + 1 :])


def test_a_credit_code_that_only_checks_needs_context() -> None:
    """A code with a right check character, but of no region or organisation, counts where it is called one."""
    rng = np.random.default_rng(4)
    codes = []
    while len(codes) < 40:
        body = "".join(map(str, rng.integers(0, 10, 17)))
        body = "91" + body[2:]
        codes += [body + last for last in "0123456789ABCDEFGHJKLMNPQRTUWXY" if numbers.uscc(body + last)]
    assert sum(span.kind == "cn_uscc" for spans in find(codes) for span in spans) <= 1
    named = [span for spans in find([f"统一社会信用代码：{code}" for code in codes]) for span in spans]
    assert [(span.end - span.start, span.kind, span.confidence) for span in named] == [
        (18, "cn_uscc", Confidence.CONFIRMED)
    ] * len(codes)


def test_random_digits_are_hardly_ever_chinese() -> None:
    """Of random strings of 5 to 20 digits without context, at most 1 in 10,000 are taken for a Chinese number."""
    rng = np.random.default_rng(5)
    texts = ["".join(map(str, rng.integers(0, 10, rng.integers(5, 21)))) for _ in range(30_000)]
    assert sum(span.kind in OURS for spans in find(texts) for span in spans) <= 3


@pytest.mark.parametrize(
    "plate",
    [
        "京A12345",
        "粤B·D12345",
        "粤BD12345",
        "川A12345D",
        "沪C1234学",
        "京A1234警",
        "粤Z1234港",
        "粤Z1234澳",
        "鲁B1234挂",
        "浙A8Q821",
        "贵 A12B45",
        "新A·88888",
    ],
)
def test_plates(plate: str) -> None:
    """Plates of all forms are likely by themselves, also between characters, and confirmed where one is spoken of."""
    assert _found(plate, "cn_plate") == _found(f"看见{plate}往东", "cn_plate") == [(plate, "likely")]
    assert _found(f"车牌号{plate}", "cn_plate") == [(plate, "confirmed")]


@pytest.mark.parametrize(
    "text", ["京A1234", "京I12345", "京AO2345", "新T12345", "云A股12345点", "川A4纸", "京ABCDEF", "A12345"]
)
def test_no_plates(text: str) -> None:
    """What is too short, has letters that plates do not have, too few digits or no such city is no plate."""
    assert _found(text, "cn_plate") == []


def test_small_letters_are_a_plate_in_context_alone() -> None:
    """A plate in small letters counts where the text or the column speaks of plates."""
    assert _found("苏e05ev8", "cn_plate") == []
    assert _found("苏e05ev8", "cn_plate", header="车牌号") == [("苏e05ev8", "likely")]


def test_old_resident_numbers_need_context() -> None:
    """A number of 15 digits has no check digit: it counts only where an identity card is spoken of."""
    assert _found("110105491231002", "cn_resident_id") == []
    assert _found("旧身份证110105491231002", "cn_resident_id") == [("110105491231002", "likely")]
    assert _found("110105491231002", "cn_resident_id", header="id_card") == [("110105491231002", "likely")]
    assert _found("旧身份证110105491331002", "cn_resident_id") == []


@pytest.mark.parametrize(
    "written",
    [
        "110105 19491231 002X",
        "110105-1949-1231-002x",
        "1101 0519 4912 3100 2X",
        "110105 194912 31002X",
        "110 105 1949 1231 002X",
    ],
)
def test_resident_numbers_in_groups(written: str) -> None:
    """A number is found however it is grouped, without any word."""
    assert _found(f"登记{written}完毕", "cn_resident_id") == [(written, "confirmed")]


def test_a_foreigner_s_residence_card() -> None:
    """The number of a permanent residence card begins with 9 and the province, and checks like a resident's."""
    body = "93184019900101001"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, body, strict=True))
    number = body + "10X98765432"[total % 11]
    assert _found(f"永居证{number}", "cn_resident_id") == [(number, "confirmed")]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("护照E12345678", "cn_passport", "E12345678"),
        ("护照EC1234567", "cn_passport", "EC1234567"),
        ("外交护照DE1234567", "cn_passport", "DE1234567"),
        ("香港护照KJ0123456", "cn_passport", "KJ0123456"),
        ("澳门护照MA1234567", "cn_passport", "MA1234567"),
        ("护照号：e12345678", "cn_passport", "e12345678"),
        ("往来港澳通行证C12345678", "cn_travel_permit", "C12345678"),
        ("通行证CB1234567", "cn_travel_permit", "CB1234567"),
        ("回乡证H0123456700", "cn_travel_permit", "H0123456700"),
        ("台湾通行证L12345678", "cn_travel_permit", "L12345678"),
        ("台胞证：04567891", "cn_travel_permit", "04567891"),
    ],
)
def test_papers(text: str, kind: str, value: str) -> None:
    """Numbers of papers are likely where the paper is named, and nothing without."""
    assert _found(text, kind) == [(value, "likely")]
    assert _found(value, kind) == []
