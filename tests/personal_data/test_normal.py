"""The normal form of texts: what changes, what does not, and where it stood."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.personal_data.normal import CHANGES, ESCAPED, normal

ODD = st.text("a1 \n-，：１９Ａｚ＠（\u200b\u00ad\u2011\u2014\u3000\u00a0٣५𝟗𝐀²½①é字", max_size=20)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("１３８：Ａｚ＠．", "138:Az@."),
        ("٣५𝟗", "359"),
        ("a\u2014b\u2212c\u3000d\u00a0e", "a-b-c d e"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("m² ½ ①", "m² ½ ①"),
        ("，。！？é字\n", "，。！？é字\n"),
    ],
)
def test_forms(given: str, plain: str) -> None:
    """Digits of every script, full-width characters, dashes and spaces become ASCII; superscripts and prose stay."""
    assert normal(given).text == plain


@given(ODD)
def test_places_point_at_what_was_there(text: str) -> None:
    """Each character of the normal form comes from the character that its indices name."""
    made = normal(text)
    for place, character in enumerate(made.text):
        start, end = made.original(place, place + 1)
        assert end == start + 1
        assert normal(text[start:end]).text == character


@given(ODD)
def test_a_text_in_normal_form_stays(text: str) -> None:
    """What was made normal once does not change again, and holds nothing that says it would."""
    made = normal(text).text
    assert normal(made).text == made
    assert not re.search(CHANGES, made)


@given(st.lists(ODD, max_size=5))
def test_arrow_knows_what_changes(texts: list[str]) -> None:
    """RE2 and `re` agree on which texts change."""
    told = pc.match_substring_regex(pa.array(texts, pa.string()), CHANGES).to_pylist()
    assert told == [normal(text).text != text for text in texts]


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=3))
def test_escapes_of_json_are_resolved(value: dict[str, str]) -> None:
    """A cell that is JSON reads as it would without its escapes, and its indices are those of the cell."""
    text = json.dumps(value)
    made = normal(text)
    for one in value.values():
        assert normal(one).text in made.text
    if "\\" in text:
        assert re.search(ESCAPED, text)
    if made.text:
        assert made.original(0, len(made.text)) == (0, len(text))


def test_what_only_looks_like_json_is_text() -> None:
    """Escapes outside JSON are not resolved."""
    assert normal("[a\\u0041]").text == "[a\\u0041]"
