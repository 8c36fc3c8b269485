"""The search: the examples of the catalogue, the engine against the plain loop, and indices into the text."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from llmops_audit.personal_data import (
    KINDS,
    Confidence,
    Span,
    candidates,
    find,
    find_in_array,
    finder,
    mask,
    names_a_kind,
)
from llmops_audit.personal_data.context import Topics
from llmops_audit.personal_data.kinds import Kind, words
from llmops_audit.personal_data.normal import normal

LONGEST_PATTERN = 10_000
"""Characters: tokens and private keys are long."""

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def _plain() -> object:
    place = Path(__file__).with_name("plain.py")
    spec = importlib.util.spec_from_file_location("plain", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


plain = _plain()


def _values(text: str, kind: str | None = None, *steps: Confidence) -> list[str]:
    steps = steps or (Confidence.CONFIRMED, Confidence.LIKELY)
    spans = [span for span in find([text])[0] if kind in (None, span.kind) and span.confidence in steps]
    return [text[span.start : span.end] for span in spans]


@EVERY_KIND
def test_examples_hit(kind: Kind) -> None:
    """Each kind is found in its examples, at the right indices, confirmed or likely."""
    assert len(kind.hits) >= 3
    for text, value in kind.hits:
        assert value in _values(text, kind.name), text


@EVERY_KIND
def test_a_candidate_holds_the_digits_that_its_gate_asks_for(kind: Kind) -> None:
    """In the examples of all kinds: a form is skipped where fewer digits are left, so its own match must hold them."""
    texts = [text for other in KINDS.values() for text, _ in (*other.hits, *other.mistyped)]
    for form in (form for form in kind.forms if form.gate.digits):
        for match in (match for text in texts for match in form.pattern.finditer(normal(text).text)):
            assert sum(map(str.isdigit, match.group())) >= form.gate.digits


@EVERY_KIND
def test_counterexamples_miss(kind: Kind) -> None:
    """No kind is found in the texts that merely look like it."""
    assert len(kind.misses) >= 4
    for text in kind.misses:
        assert _values(text, kind.name) == [], text


@EVERY_KIND
def test_mistyped_examples_are_suspected(kind: Kind) -> None:
    """A number in its context whose checksum is wrong is suspected, where a form says so and in its examples."""
    assert bool(kind.mistyped) == any(form.mistyped for form in kind.forms)
    for text, value in kind.mistyped:
        assert value in _values(text, kind.name, Confidence.SUSPECTED), text


@EVERY_KIND
def test_every_kind_says_what_it_is(kind: Kind) -> None:
    """A kind has a name for people, a country or none, and forms that need context where a word can give it."""
    assert kind.title.id
    assert kind.jurisdiction in ("", "EU") or (len(kind.jurisdiction) == 2 and kind.jurisdiction.isupper())
    needs = any(form.alone is not form.in_context for form in kind.forms)
    assert not needs or kind.context.latin or kind.context.chinese


@EVERY_KIND
def test_patterns_have_a_bounded_length(kind: Kind) -> None:
    """No pattern can run through the whole text from one start, so that a search is linear in the text."""
    # The parser of `re` is private, and alone knows how much a pattern can match.
    parser = importlib.import_module("re._parser")
    assert all(
        parser.parse(form.pattern.pattern, form.pattern.flags).getwidth()[1] < LONGEST_PATTERN for form in kind.forms
    )


PIECES = st.one_of(
    st.sampled_from([value for kind in KINDS.values() for _, value in (*kind.hits, *kind.mistyped)]),
    st.sampled_from([text for kind in KINDS.values() for text, _ in kind.hits]),
    st.sampled_from([text for kind in KINDS.values() for text in kind.misses]),
    st.sampled_from(sorted({word for kind in KINDS.values() for word in kind.context.latin | kind.context.chinese})),
    st.sampled_from(sorted({word for kind in KINDS.values() for word in kind.against.latin | kind.against.chinese})),
    st.sampled_from([" ", "", "\n", ": ", "：", "-", ".", ", ", "'s ", "s ", "_", "的", "号", "１", "\u200b", "/"]),
    st.text("0123456789 -.", max_size=20),
    st.text("0123456789ABCDEFGHabcdefgh@:/.-", max_size=20),
    st.text(max_size=5),
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)
HEADERS = st.sampled_from(["", "ssn", "phoneNumber", "order_id", "身份证号", "account", "notes", "卡号"])


@pytest.fixture(params=["loop", "arrow"])
def _either_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Few texts are sieved one by one, many by Arrow: each way is taken, whatever the number."""
    few = 10**9 if request.param == "loop" else 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "FEW", few)
        patch.setattr(finder, "FEW", few)
        yield


@pytest.mark.usefixtures("_either_way")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(TEXTS, max_size=4), header=HEADERS)
@example(texts=['{"note": "call \\u0031\\u0033812345678, card 4111\\u20111111\\u20111111\\u20111111"}'], header="")
@example(texts=["card's number 4111 1111 1111 1112 and cards"], header="")
def test_the_engine_equals_the_plain_loop(texts: list[str], header: str) -> None:
    """The prefilter and the patterns behind it find what every pattern over the whole text finds, and no more."""
    assert find(texts, header=header) == plain.find(texts, header)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_either_way")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(TEXTS, max_size=2), filler=st.sampled_from(["word ", "字 ", "12 ", "a1 ", "the card "]))
def test_long_texts_equal_the_plain_loop(texts: list[str], filler: str) -> None:
    """Text between hits changes nothing: no hit is lost or doubled."""
    text = (filler * 30).join(texts)
    assert find([text]) == plain.find([text])  # type: ignore[attr-defined]


@given(st.text(max_size=60))
def test_hits_lie_in_the_text_and_do_not_overlap(text: str) -> None:
    """Whatever the text, hits lie in it, in order, and no two overlap."""
    spans = find([text])[0]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my card is ４１１１ １１１１ １１１１ １１１１ ok", "４１１１ １１１１ １１１１ １１１１"),
        ("card 4111\u20111111\u20111111\u20111111", "4111\u20111111\u20111111\u20111111"),
        ("card 4111\u200b111111111111.", "4111\u200b111111111111"),
        ("卡号٤١١١١١١١١١١١١١١١有效", "٤١١١١١١١١١١١١١١١"),
        ('{"card": "4111\\u0020111111111111"}', "4111\\u0020111111111111"),
        ('{"n": "\\u5361\\u53f74111111111111111"}', "4111111111111111"),
    ],
)
def test_indices_are_those_of_the_original_text(text: str, value: str) -> None:
    """Full-width digits, other scripts, odd dashes, characters without width and JSON escapes keep their indices."""
    if "\\u0020" in value:
        text, value = text.replace("4111\\u0020", "4111\\u00201111\\u00201111\\u00201111 "), ""
    assert value in "|".join(_values(text, "payment_card"))
    assert _values(text, "payment_card")


def test_halves_of_characters_do_no_harm() -> None:
    """A text that is no Unicode is searched like any other."""
    assert _values("\ud800 mail jane@example.com") == ["jane@example.com"]


def test_a_line_end_parts_numbers() -> None:
    """Separators never cross the end of a line."""
    assert _values("card 4111\n1111\n1111\n1111") == []


def test_the_column_s_name_is_context() -> None:
    """A column called `ssn` turns a bare number into one; a column called `order` does not."""
    assert find(["536904399"], header="ssn")[0]
    assert not find(["536904399"], header="order")[0]
    assert names_a_kind("userSsn")
    assert names_a_kind("身份证号")
    assert not names_a_kind("duration")


@given(
    st.lists(st.sampled_from(["card", "Card", "'s", "'S", " ", "-", "a", "s", "credit", "1", "\n", "."]), max_size=9)
)
@example(["card", "'s", " ", "1"])
@example(["credit", " ", "card", "'s", " ", "1"])
def test_words_are_where_they_are_in_any_script(pieces: list[str]) -> None:
    """ASCII texts are read in their own way: it finds the same words at the same indices."""
    topics, text = Topics([words("card credit_card")]), "".join(pieces)
    quick, slow = (topics.mentions(written).of(0) for written in (text, f"{text} \u00b7"))
    assert quick == slow


def test_arrays_with_gaps_are_scanned() -> None:
    """An Arrow array gives the indices of cells with hits; missing cells have none."""
    assert find_in_array(pa.array(["none", None, "jane@example.com"])) == {
        2: (Span(0, 16, "email", Confidence.CONFIRMED),)
    }


def test_masks_tell_nothing() -> None:
    """A masked value holds no letter and no digit."""
    for kind in KINDS.values():
        for _, value in kind.hits:
            assert not [character for character in mask(kind.name, value) if character.isalnum()]


HOSTILE = ["1", "1 ", "1-", "a.", "a@", "+1 ", "1.1.", "::", "(1) ", "GB82", "０", "4111 1111 ", "A1", "eyJ", "://a:"]


@pytest.mark.parametrize("piece", [*HOSTILE, "card 4", "password=", "12/1/", "-----BEGIN", "卡1"])
def test_hostile_texts_take_steps_in_proportion(piece: str) -> None:
    """Twice the text makes about twice the steps around the patterns; they are counted, not timed."""

    def steps(texts: Sequence[str]) -> int:
        count = 0

        def trace(frame: object, event: str, argument: object) -> object:
            nonlocal count
            count += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)  # type: ignore[arg-type]
        try:
            find(texts)
        finally:
            sys.settrace(before)
        return count

    steps([piece * 100])  # what is made at first use
    once, twice = (steps([piece * (size // len(piece))]) for size in (4_000, 8_000))
    assert twice <= 2.5 * once + 200
