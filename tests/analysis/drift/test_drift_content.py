"""Whether current rows can be told from those of the reference: rarely where nothing drifts, surely where much does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from llmops_audit.analysis.drift import content as drift_content
from llmops_audit.analysis.drift.content import characteristic_tokens, content_drift
from llmops_audit.analysis.separability import ModelInputs

HAN = [chr(0x4E00 + 7 * i) + chr(0x4E00 + 11 * i + 1) for i in range(800)]
LATIN = [f"word{'abcdefghij'[i % 10]}{'klmnopqrst'[i // 10 % 10]}{'uvwxyzabcd'[i // 100]}" for i in range(800)]


def _texts(rng: np.random.Generator, rows: int, words: list[str], replaced: float = 0.0, gap: str = " ") -> list[str]:
    half = len(words) // 2
    chances = 1.0 / np.arange(1, half + 1)
    drawn = rng.choice(half, (rows, 12), p=chances / chances.sum())
    drawn += np.where(rng.random(drawn.shape) < replaced, half, 0)
    return [gap.join(words[i] for i in text) for text in drawn.tolist()]


def _flags(reference: int, current: int) -> np.ndarray:
    return np.arange(reference + current) >= reference


@pytest.mark.slow
@pytest.mark.parametrize(("reference", "current"), [(30, 30), (150, 20)])
def test_no_drift_is_rarely_found(reference: int, current: int) -> None:
    """At 5 %, the test rejects in about 5 % of runs without drift or fewer, and no interval speaks of drift."""
    p_values, lows = [], []
    for seed in range(40):
        seen = ModelInputs.of_texts(_texts(np.random.default_rng(seed), reference + current, LATIN))
        found = content_drift(seen, _flags(reference, current), seed)
        assert found is not None
        p_values.append(found.p_value)
        lows.append(found.area.bounds(0.95)[0])
    assert np.mean(np.array(p_values) <= 0.05) <= 0.1
    assert max(lows) < 0.6


@pytest.mark.parametrize(("words", "gap"), [(LATIN, " "), (HAN, "")], ids=["latin", "han"])
def test_a_new_vocabulary_is_found(words: list[str], gap: str) -> None:
    """Where 30 % of the words are replaced by unseen ones, current texts are told surely, in either kind of script."""
    rng = np.random.default_rng(5)
    texts = _texts(rng, 300, words, gap=gap) + _texts(rng, 300, words, 0.3, gap)
    found = content_drift(ModelInputs.of_texts(texts), _flags(300, 300), 0)
    assert found is not None
    assert found.p_value < 1e-20
    assert found.area.value > 0.9
    assert found.area.bounds(0.95)[0] > 0.8


def test_long_texts_that_differ_a_little_are_found() -> None:
    """A weak drift spread over many pieces moves the model, though no single step of it is large."""
    rng = np.random.default_rng(6)
    texts = [" ".join(_texts(rng, 6, HAN, replaced, "")) for replaced in [0.0] * 200 + [0.05] * 200]
    found = content_drift(ModelInputs.of_texts(texts), _flags(200, 200), 0)
    assert found is not None
    assert np.ptp(found.scores) > 0.01
    assert found.p_value < 0.001


def test_a_small_sample_among_many_rows_is_found() -> None:
    """Samples weigh the same whatever their sizes: 40 current rows of other features are told from 800."""
    matrix = np.random.default_rng(7).normal(size=(840, 4))
    matrix[800:, 1] += 2.5
    found = content_drift(ModelInputs(matrix, tuple("abcd"), False), _flags(800, 40), 0)
    assert found is not None
    assert found.p_value < 1e-6
    assert found.area.value > 0.85
    assert found.scores[800:].mean() > 0.3


def test_the_same_seed_gives_the_same() -> None:
    """Folds, models and ties depend on the seed alone."""
    seen = ModelInputs.of_texts(_texts(np.random.default_rng(8), 100, LATIN))
    first, second, other = (content_drift(seen, _flags(50, 50), seed) for seed in (1, 1, 2))
    assert first is not None
    assert second is not None
    assert other is not None
    assert (first.p_value, first.area.value) == (second.p_value, second.area.value)
    assert (first.scores == second.scores).all()
    assert first.area.value != other.area.value


def test_of_many_rows_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sample has more rows than the limit, and the rows left out have no score."""
    monkeypatch.setattr(drift_content, "MAX_ROWS", 40)
    seen = ModelInputs.of_texts(_texts(np.random.default_rng(9), 130, LATIN))
    found = content_drift(seen, _flags(100, 30), 0)
    assert found is not None
    scored = ~np.isnan(found.scores)
    assert (scored[:100].sum(), scored[100:].sum()) == (40, 30)


def test_nothing_to_see_is_undefined() -> None:
    """Texts without a piece, no feature and samples that are too small have no area."""
    assert content_drift(ModelInputs.of_texts(["?!"] * 40), _flags(20, 20), 0) is None
    assert content_drift(ModelInputs(np.empty((40, 0)), (), False), _flags(20, 20), 0) is None
    few = ModelInputs(np.arange(40.0)[:, np.newaxis], ("a",), False)
    assert content_drift(few, _flags(31, 9), 0) is None
    assert content_drift(few, _flags(40, 0), 0) is None
    assert content_drift(few, _flags(30, 10), 0) is not None


def test_rows_and_flags_must_match() -> None:
    """A flag too few is no flag for another row."""
    with pytest.raises(ValueError, match=r"current: wrong shape; expected \(40,\); got \(39,\)"):
        content_drift(ModelInputs(np.zeros((40, 1)), ("a",), False), _flags(20, 19), 0)


@pytest.mark.parametrize("text", [["same"] * 60, [*["same"] * 30, *["other unique"] * 2, *["same"] * 28]])
def test_texts_that_are_alike_are_no_drift(text: list[str]) -> None:
    """Rows that all look the same, or nearly all, are not told apart."""
    found = content_drift(ModelInputs.of_texts(text), _flags(30, 30), 0)
    assert found is not None
    assert found.area.value == pytest.approx(0.5, abs=0.04)
    assert found.p_value > 0.05


def test_untied_p_values_are_mann_whitneys() -> None:
    """Without ties the test is SciPy's one-sided one; with all scores tied nothing is told."""
    rng = np.random.default_rng(10)
    member = np.arange(80) % 3 == 0
    scores = rng.normal(size=80) + 0.5 * member
    expected = mannwhitneyu(scores[member], scores[~member], alternative="greater", method="asymptotic").pvalue
    assert drift_content._mann_whitney(scores, member, rng) == pytest.approx(expected)
    assert drift_content._mann_whitney(np.zeros(80), member, rng) == 1.0


def test_p_values_of_tied_scores_are_valid() -> None:
    """Where few rows differ from many that are tied, small p-values are no more frequent than they say."""
    rng = np.random.default_rng(11)
    scores = np.where(np.arange(400) < 12, 1.0, 0.0)
    p = np.array([drift_content._mann_whitney(scores, rng.permutation(400) < 20, rng) for _ in range(4_000)])
    assert np.mean(p <= 0.05) <= 0.06
    assert np.mean(p <= 0.005) <= 0.008


def test_pieces_say_which_sample_holds_them() -> None:
    """New and vanished pieces are named with the share of both samples, best first; what stands in few rows is not."""
    texts = ["plain gone"] * 25 + ["plain"] * 15 + ["plain 老公"] * 30 + ["plain rare"] * 5 + ["plain 12345"] * 5
    found = characteristic_tokens(ModelInputs.of_texts(texts), _flags(40, 40), 5)
    assert [(one.token, one.reference_share, one.current_share) for one in found] == [
        ("老公", 0.0, 0.75),
        ("gone", 0.625, 0.0),
    ]
    assert [one.area.value for one in found] == pytest.approx([0.875, 0.8125])
    assert len(characteristic_tokens(ModelInputs.of_texts(texts), _flags(40, 40), 1)) == 1


def test_the_p_value_is_that_of_two_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of both halves the smaller p-value counts twice, and no more than 1."""
    seen = ModelInputs(np.random.default_rng(1).normal(size=(60, 2)), ("a", "b"), False)
    for both, wanted in (([0.3, 0.01], 0.02), ([0.7, 0.8], 1.0)):
        given = iter(both)
        monkeypatch.setattr(drift_content, "_mann_whitney", lambda *_, given=given: next(given))
        found = content_drift(seen, np.repeat([False, True], 30), 0)
        assert found is not None
        assert found.p_value == pytest.approx(wanted)
