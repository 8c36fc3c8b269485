"""Swapping identity terms: the right ones, in the right form, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.analysis.counterfactual import Lexicon

LEXICON = Lexicon.of(("en", "zh"))


def swap(attribute: str, text: str, source: str, target: str) -> str:
    """Return the swapped text, the text itself where nothing was swapped."""
    found = LEXICON.attributes[attribute].swap(text, source, target)
    return text if found is None else found.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She lost her keys.", "He lost his keys."),
        ("I saw her, and told her to go.", "I saw him, and told him to go."),
        ("It is hers; she said so herself", "It is his; he said so himself"),
        ("HER MOTHER IS A LADY", "HIS FATHER IS A GENTLEMAN"),
        ("she's here", "he's here"),
        ("Dear Mrs. Smith, dear Ms. Jones", "Dear Mr. Smith, dear Mr. Jones"),
        ("I miss you, Miss Jones", "I miss you, Mr Jones"),
        ("the actress, a waitress", "the actor, a waiter"),
        ("give an actress a girl", "give an actor a boy"),
        ("她和她们，她妈", "他和他们，他妈"),
        ("三个女孩子和女司机", "三个男孩子和男司机"),
        ("我的女儿和儿媳妇", "我的儿子和女婿"),
        ("那是个gay和her", "那是个gay和him"),
    ],
)
def test_women_become_men(text: str, expected: str) -> None:
    """Pronouns, titles and kinship take the form that fits, in the case that stood there."""
    assert swap("gender", text, "female", "male") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He lost his keys; the fault is his.", "She lost her keys; the fault is hers."),
        ("his and her towels", "hers and his towels"),
        ("He told her that his wife was in.", "She told him that her husband was in."),
        ("the theme of this hero, other than heather", "the theme of this hero, other than heather"),
        ("man up, mankind", "man up, mankind"),
        ("他说他的弟弟来了", "她说她的妹妹来了"),
    ],
)
def test_men_become_women_and_who_is_who_stays_clear(text: str, expected: str) -> None:
    """Terms of the other group go the other way at the same time; parts of words are no terms."""
    assert swap("gender", text, "male", "female") == expected


@pytest.mark.parametrize(
    ("attribute", "text", "source", "target", "expected"),
    [
        ("religion", "An atheist met a Hindu.", "atheist", "hindu", "A Hindu met an atheist."),
        ("religion", "AN ATHEIST", "atheist", "muslim", "A MUSLIM"),
        ("religion", "A MUSLIM", "muslim", "atheist", "AN ATHEIST"),
        ("religion", "He is a Jew in a Jewish school, Jews say.", "jewish", "muslim",
         "He is a Muslim in a Muslim school, Muslims say."),
        ("religion", "muslims and a muslim boy", "muslim", "jewish", "jews and a jewish boy"),
        ("nationality", "An American song by an American.", "american", "french", "A French song by a French person."),
        ("nationality", "a British man", "british", "indian", "an Indian man"),
        ("ethnicity", "black coffee for black people; I am black", "black", "asian",
         "black coffee for Asian people; I am Asian"),
        ("ethnicity", "Black women vote", "black", "arab", "Arab women vote"),
        ("ethnicity", "Arab women vote", "arab", "black", "Black women vote"),
        ("orientation", "go straight on, a straight couple", "straight", "gay", "go straight on, a gay couple"),
        ("disability", "a blind date with a blind man", "disabled", "not disabled", "a blind date with a sighted man"),
        ("age", "an elderly man, an old song", "old", "young", "a young man, an old song"),
        ("region", "河南人和上海人，河南人民", "henan", "shanghai", "上海人和河南人，河南人民"),
        ("nationality", "中国人民和中国人", "chinese", "japanese", "中国人民和日本人"),
        ("names", "Emily has an ebony box", "white", "black", None),
    ],
)  # fmt: skip
def test_other_attributes(attribute: str, text: str, source: str, target: str, expected: str | None) -> None:
    """Nouns stay nouns, articles fit, and colours, directions and places are left alone."""
    found = swap(attribute, text, source, target)
    if expected is None:
        assert found != text
        assert found.endswith(" has an ebony box")
    else:
        assert found == expected


def _unambiguous() -> list[tuple[str, str]]:
    """English terms of gender that stand in one entry alone, one a group, with what they become."""
    from importlib import resources

    from llmops_audit.analysis.counterfactual.lexicon_files import read

    file = read(resources.files("llmops_audit.analysis.counterfactual").joinpath("en.toml").read_text(encoding="utf-8"))
    entries = [entry.terms for entry in file.terms["gender"] if {"female", "male"} <= entry.terms.keys()]
    every = [term for terms in entries for words in terms.values() for term in words]
    pairs = [(terms["female"], terms["male"]) for terms in entries if all(len(words) == 1 for words in terms.values())]
    return [(f[0], m[0]) for f, m in pairs if every.count(f[0]) == every.count(m[0]) == 1 and f[0].islower()]


PAIRS = _unambiguous()
FILLER = ["the", "sun", "said", "Old", "box", ",", ".", "其他", "and", "\n"]
CASES = (str.lower, str.upper, str.capitalize)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(FILLER),
            st.tuples(st.sampled_from([word for pair in PAIRS for word in pair]), st.sampled_from(CASES)).map(
                lambda drawn: drawn[1](drawn[0])
            ),
        ),
        min_size=1,
    )
)
def test_there_and_back_restores_the_text(words: list[str]) -> None:
    """Terms that have one counterpart come back as they were, in their case, and all else stays."""
    assert len(PAIRS) > 20
    text = " ".join(words)
    assert _exchanged(_exchanged(text)) == text


def _exchanged(text: str) -> str:
    there = swap("gender", text, "female", "male")
    return swap("gender", text, "male", "female") if there == text else there


PROTECTED = [
    "其他",
    "吉他",
    "他人",
    "子女",
    "儿女",
    "男女",
    "重男轻女",
    "排他",
    "他妈的",
    "夫妻",
    "青少年",
    "仙女",
    "直男",
    "女权",
]


@given(st.lists(st.sampled_from([*PROTECTED, "我说", "，", "很好"]), min_size=1).map("，".join))
def test_protected_chinese_words_never_change(text: str) -> None:
    """他 in 其他, 女 in 子女 and their like are no identity terms."""
    assert swap("gender", text, "female", "male") == text
    assert swap("gender", text, "male", "female") == text


@pytest.mark.parametrize("text", ["", "nothing here", "İstanbul'da HE", "\n\t", "😀她", "a" * 5000])
def test_any_text_can_be_searched(text: str) -> None:
    """Places are right beside letters that grow in lower case, signs and emptiness."""
    for attribute in LEXICON.attributes.values():
        for mention in attribute.find(text):
            assert text[mention.start : mention.end].lower() == mention.term.lower()


@pytest.mark.parametrize(
    ("text", "expected"), [("an American", "a British"), ("A european American", "A european British")]
)
def test_an_article_changes_only_beside_the_term(text: str, expected: str) -> None:
    """What stands further away, right or wrong, is not mended."""
    assert swap("nationality", f"{text} song", "american", "british") == f"{expected} song"


def test_what_was_replaced_is_told_in_the_lexicon_s_words() -> None:
    """Terms are told as the lexicon writes them, each once, and only those of the group that was swapped."""
    found = LEXICON.attributes["gender"].swap("SHE and She saw him", "female", "male")
    assert found is not None
    assert found.replaced == (("she", "he"),)
    assert found.both
