"""Cross-validated areas: folds that are fair, scores of different models, and intervals that allow for both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from llmops_audit.analysis.separability import (
    ModelInputs,
    assign_folds,
    cross_validated_auc,
    discriminative_tokens,
    linear,
    out_of_fold,
)


@given(st.lists(st.integers(0, 3), min_size=10, max_size=80), st.integers(2, 5), st.integers(0, 9))
def test_folds_share_out_every_group(codes: list[int], folds: int, seed: int) -> None:
    """No fold has two rows of a group, or two rows in all, more than another."""
    fold = assign_folds(np.array(codes), folds, seed)
    for rows in (np.ones(len(codes), bool), *(np.array(codes) == code for code in set(codes))):
        assert np.ptp(np.bincount(fold[rows], minlength=folds)) <= 1
    assert (fold == assign_folds(np.array(codes), folds, seed)).all()


@given(st.integers(0, 50))
def test_the_area_is_the_mean_over_folds_whatever_their_scales(seed: int) -> None:
    """It equals the mean of scikit-learn's by fold, and stays where a fold's scores are stretched and shifted."""
    rng = np.random.default_rng(seed)
    member = np.arange(60) % 3 == 0
    scores = rng.integers(0, 5, 60) + member
    fold = assign_folds(member.astype(int), 4, seed)
    area = cross_validated_auc(scores, member, fold)
    assert area.value == pytest.approx(np.mean([roc_auc_score(member[fold == k], scores[fold == k]) for k in range(4)]))
    low, high = area.bounds(0.95)
    assert low < area.value < high or area.value == high == 1.0
    other = cross_validated_auc(np.where(fold == 1, scores * 10.0 - 100.0, scores), member, fold)
    assert (other.value, other.bounds(0.9)) == (area.value, area.bounds(0.9))


def test_the_interval_is_wider_than_that_of_independent_rows() -> None:
    """With five folds rows count 1 / 2.25, so that the interval is about 1.5 times as wide."""
    from llmops_audit.stats import roc_auc_interval

    rng = np.random.default_rng(1)
    member = np.arange(2000) % 2 == 0
    scores = rng.normal(size=2000) + member
    fold = assign_folds(member.astype(int), 5, 0)
    low, high = cross_validated_auc(scores, member, fold).bounds(0.95)
    order = np.argsort(scores)
    plain = roc_auc_interval(member[order].astype(float), (~member)[order].astype(float), 0.95)
    assert (high - low) / (plain[1] - plain[0]) == pytest.approx(1.5, abs=0.02)


def test_a_model_never_scores_what_it_learned() -> None:
    """A row is scored by a model that did not see it; a group that training lacks has no score."""
    trained: list[set[float]] = []

    class Memory:
        def fit(self, matrix: np.ndarray, codes: np.ndarray) -> Memory:
            self.known = set(matrix[:, 0].tolist())
            self.classes_ = np.unique(codes)
            trained.append(self.known)
            return self

        def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
            assert not self.known & set(matrix[:, 0].tolist())
            return np.tile(self.classes_ + 1.0, (len(matrix), 1))

    codes = np.array([0] * 6 + [1] * 6 + [2])
    fold = assign_folds(codes, 3, 0)
    scores = out_of_fold(Memory, np.arange(13.0)[:, np.newaxis], codes, fold)
    assert [len(known) for known in trained] == [int((fold != k).sum()) for k in range(3)]
    assert scores[codes == 0, 0].tolist() == [1.0] * 6
    assert scores[fold == fold[12], 2].tolist() == [0.0] * int((fold == fold[12]).sum())


def test_texts_of_both_kinds_of_script_become_pieces() -> None:
    """Words stay whole, Chinese becomes runs of one to three characters, case and punctuation go."""
    seen = ModelInputs.of_texts(["Hello, 你好吗 WORLD!", "hello"])
    assert seen.names == ("hello", "world", "你", "你好", "你好吗", "吗", "好", "好吗")
    assert seen.matrix.shape == (2, 8)
    assert ModelInputs.of_texts(["", "?!"]).names == ()


def test_a_piece_tells_by_its_absence_as_well() -> None:
    """The area of a piece is that of its presence or absence, not below 0.5; pieces of the same rows are one."""
    member = np.arange(40) < 20
    texts = ["plain"] * 20 + ["plain 老公"] * 12 + ["plain"] * 8
    ((token, area),) = discriminative_tokens(ModelInputs.of_texts(texts), member, 5)
    assert token == "老公"
    assert area.value == pytest.approx(0.8)
    low, high = area.bounds(0.95)
    assert low < 0.8 < high


def test_a_feature_is_left_out_by_name() -> None:
    """Only features have names that can be left out: a word of the same name stays."""
    seen = ModelInputs(np.arange(6.0).reshape(2, 3), ("a", "b", "c"), False)
    assert seen.without("b").names == ("a", "c")
    assert seen.without("b").matrix.tolist() == [[0.0, 2.0], [3.0, 5.0]]
    assert ModelInputs.of_texts(["sex", "age"]).without("sex").names == ("age", "sex")


def test_linear_scores_are_probabilities() -> None:
    """Of texts, each row's scores add up to one."""
    seen = ModelInputs.of_texts(["win money", "see you"] * 20)
    codes = np.array([0, 1] * 20)
    scores = out_of_fold(lambda: linear(0), seen.matrix, codes, assign_folds(codes, 5, 0))
    assert scores.sum(axis=1) == pytest.approx(np.ones(40))
    assert (scores.argmax(axis=1) == codes).all()
