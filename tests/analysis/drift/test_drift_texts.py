"""What texts look like: features that a reader would count alike, and a share of unknown words that is fair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from llmops_audit.analysis.drift import texts as drift_texts
from llmops_audit.analysis.drift.texts import SCRIPTS, dominant_scripts, text_features, unknown_words

ANY_TEXTS = st.lists(st.none() | st.text(st.characters(), max_size=20), max_size=12)


@pytest.mark.parametrize(
    ("text", "characters", "words", "sentences", "non_letters", "capitals"),
    [
        ("", 0, 0, 0, None, None),
        ("  ", 2, 0, 1, None, None),
        ("!!!", 3, 0, 1, 1, None),
        ("Hello World.", 12, 2, 1, 1 / 11, 2 / 10),
        ("It costs 3.14 at a.example! Why?", 32, 8, 2, 7 / 27, 2 / 20),
        ("Wait... what", 12, 2, 2, 3 / 11, 1 / 8),
        ("one\ntwo\n\n", 9, 2, 2, 0, 0),
        ("你好。今天天气很好！OK", 12, 9, 3, 2 / 12, 1),
        ("ภาษาไทย", 7, 7, 1, 0, None),
        ("हिन्दी है", 9, 2, 1, 0, None),
        ("😀 ok", 4, 1, 1, 1 / 3, 0),
        ("Ünïcode ÄÖ", 10, 2, 1, 0, 3 / 9),
    ],
)
def test_features_are_what_a_reader_counts(
    text: str, characters: int, words: int, sentences: int, non_letters: float | None, capitals: float | None
) -> None:
    """Each feature of a text is what its definition says, and undefined where there is nothing to share out."""
    found = text_features([text])
    expected = {
        "characters": characters,
        "words": words,
        "sentences": sentences,
        "non_letters": non_letters,
        "capitals": capitals,
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name][0] == pytest.approx(np.nan if value is None else value, nan_ok=True), name


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello, 你好", "latin"),
        ("ok 今天天气很好", "han"),
        ("こんにちは世界", "kana"),
        ("ﾊﾛｰ", "kana"),
        ("안녕하세요", "hangul"),
        ("привет", "cyrillic"),
        ("مرحبا", "arabic"),
        ("हिन्दी", "devanagari"),
        ("ไทย", "other"),
        ("ｆｕｌｌ", "latin"),
        ("Γειά", "other"),
        ("a你", "latin"),
        ("12 😀", "none"),
        ("", "none"),
    ],
)
def test_the_script_is_that_of_most_letters(text: str, script: str) -> None:
    """The most frequent script of a text's letters is named, and a tie falls to the first of the list."""
    assert dominant_scripts([None, text]).tolist() == [None, script]


@settings(max_examples=40)
@given(ANY_TEXTS)
def test_texts_do_not_change_each_other(texts: list[str | None]) -> None:
    """Features and scripts of many texts, in one block or many, are those of each alone; a missing text has none."""
    together, scripts = text_features(texts), dominant_scripts(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drift_texts, "BLOCK", 15)
        for name, values in text_features(texts).items():
            np.testing.assert_array_equal(values, together[name])
        assert dominant_scripts(texts).tolist() == scripts.tolist()
    for i, text in enumerate(texts):
        for name, values in text_features([text]).items():
            np.testing.assert_array_equal(values, together[name][[i]])
            assert text is not None or np.isnan(values).all()
        assert scripts[i] in (SCRIPTS if text is not None else [None])


@given(ANY_TEXTS)
def test_features_keep_their_bounds(texts: list[str | None]) -> None:
    """Shares lie between 0 and 1, no text has more words or sentences than characters, and lengths are Python's."""
    found = text_features(texts)
    given_rows = np.array([text is not None for text in texts], dtype=bool)
    assert found["characters"][given_rows].tolist() == [len(text) for text in texts if text is not None]
    for name in ("non_letters", "capitals"):
        share = found[name][~np.isnan(found[name])]
        assert ((share >= 0.0) & (share <= 1.0)).all()
    for name in ("words", "sentences"):
        assert (found[name][given_rows] <= found["characters"][given_rows]).all()


def _zipf(rng: np.random.Generator, rows: int, replaced: float = 0.0) -> list[str]:
    vocabulary = 5_000
    chances = 1.0 / np.arange(1, vocabulary + 1)
    words = rng.choice(vocabulary, (rows, 15), p=chances / chances.sum())
    words += np.where(rng.random(words.shape) < replaced, vocabulary, 0)
    return [" ".join(f"w{word}" for word in text) for text in words.tolist()]


def _known(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]


def test_unknown_words_are_no_artefact_of_training() -> None:
    """Without drift the mean difference is near 0, where words that the whole reference lacks differ by far."""
    rng = np.random.default_rng(1)
    differences, plain, p_values = [], [], []
    for seed in range(40):
        reference, current = _zipf(rng, 300), _zipf(rng, 100)
        a, b = (_known(values) for values in unknown_words(reference, current, seed))
        assert len(a) == 150
        differences.append(b.mean() - a.mean())
        p_values.append(mannwhitneyu(a, b).pvalue)
        words = set(" ".join(reference).split())
        plain.append(np.mean([np.mean([word not in words for word in set(text.split())]) for text in current]))
    assert abs(np.mean(differences)) < 0.005
    assert np.mean(plain) > 0.15
    assert np.mean(np.array(p_values) <= 0.05) <= 0.12


def test_words_of_another_vocabulary_are_found() -> None:
    """Where 30 % of the words are replaced by unseen ones, their share rises by nearly as much."""
    rng = np.random.default_rng(2)
    reference, current = (
        _known(values) for values in unknown_words(_zipf(rng, 1_000), _zipf(rng, 500, replaced=0.3), 0)
    )
    assert 0.15 < current.mean() - reference.mean() < 0.3
    assert mannwhitneyu(reference, current).pvalue < 1e-20


def test_the_half_that_gives_the_vocabulary_has_no_share() -> None:
    """Shares rest on the other half alone, and change with the seed only."""
    reference = [f"word{'abcdefghij'[i]} shared" for i in range(10)]
    first, current = unknown_words(reference, ["shared", "shared never", None, "", "12 shared"], 3)
    assert np.isnan(first).sum() == 5
    assert _known(first).tolist() == [0.5] * 5
    np.testing.assert_array_equal(current, [0.0, 0.5, np.nan, np.nan, 0.0])
    again, _ = unknown_words(reference, [], 3)
    np.testing.assert_array_equal(again, first)
    assert any(not np.array_equal(unknown_words(reference, [], seed)[0], first, equal_nan=True) for seed in range(3))


def test_chinese_words_are_runs_of_two_characters_at_most() -> None:
    """A new word of known characters is unknown, and no longer run is looked at."""
    reference, current = unknown_words(["天气很好"] * 4, ["天气很好", "好天"], 0)
    assert _known(reference).tolist() == [0.0, 0.0]
    assert current.tolist() == pytest.approx([0.0, 1 / 3])


def test_nothing_is_no_crash() -> None:
    """No texts, and missing texts alone, give no features."""
    assert all(len(values) == 0 for values in text_features([]).values())
    assert dominant_scripts([]).tolist() == []
    assert np.isnan(text_features([None])["words"]).all()
    reference, current = unknown_words([], ["new"], 0)
    assert (reference.tolist(), current.tolist()) == ([], [1.0])
