"""Rows that are nearly alike: texts by their shingles, tables by three digits, against brute force."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from llmops_audit.analysis.near_duplicates import _digits, near_rows, near_texts

LONG = "the quick brown fox jumps over the lazy dog near the old river bank at noon on a cold day in may"


def test_a_changed_word_at_the_end_is_nearly_alike_and_an_equal_text_is_not() -> None:
    """Of twenty words the last is another one: nearly alike. Equal texts are seen, and other texts are neither."""
    others = ["something else altogether that shares no run of words with any of the rest here", LONG]
    texts = [
        LONG[:-3] + "june",
        LONG,
        LONG.upper() + "  ",
        "the dog and the fox met at the old bank for a drink at noon",
    ]
    assert near_texts(texts, others) == [(0, 1), (2, 1)]


def test_short_texts_are_alike_only_after_normalisation() -> None:
    """Below ten words case, spaces and full-width characters make no difference; another word does."""
    assert near_texts(["Call  ME now", "ｃａｌｌ me now", "call me soon", ""], ["call me now", ""]) == [(0, 0), (1, 0)]


def test_chinese_is_compared_by_characters() -> None:
    """A sentence without spaces with one character changed of forty is nearly alike to the other."""
    one = "这家酒店的房间非常干净服务员态度也很好早餐种类丰富下次来出差还会选择住在这里推荐给大家"
    assert near_texts([one[:-1] + "们", "今天的天气很好我们一起去公园散步吧然后再去吃饭"], [one]) == [(0, 0)]


def test_pairs_are_those_of_brute_force() -> None:
    """Of 300 changed texts those with a similarity well above .8 are found, and none below is reported."""
    rng = np.random.default_rng(4)
    words = np.array([f"word{i}" for i in range(500)])
    others = [" ".join(rng.choice(words, 40)) for _ in range(300)]
    texts = []
    for i, text in enumerate(others):
        tokens = text.split()
        for at in rng.choice(40, i % 8, replace=False):
            tokens[at] = "changed"
        texts.append(" ".join(tokens))

    def runs(text: str) -> set[tuple[str, ...]]:
        tokens = text.split()
        return {tuple(tokens[k : k + 3]) for k in range(len(tokens) - 2)}

    similar = [len(runs(a) & runs(b)) / len(runs(a) | runs(b)) for a, b in zip(texts, others, strict=True)]
    found = dict(near_texts(texts, others))
    assert all(found[i] == i for i in found)
    assert all(similar[i] >= 0.8 for i in found)
    wanted = [i for i, value in enumerate(similar) if 0.8 <= value < 1]
    assert len(set(wanted) & set(found)) >= 0.9 * len(wanted) > 30


def _table(n: int, seed: int, features: int = 5) -> pa.Table:
    rng = np.random.default_rng(seed)
    columns = {f"x{i}": rng.normal(size=n) for i in range(features - 1)}
    return pa.table({**columns, "kind": pa.array(rng.choice(["a", "b"], n))})


def test_tables_are_alike_in_three_digits() -> None:
    """Rows that differ in the fifth digit are nearly alike, equal rows are not, nor are those of another category."""
    others = _table(300, 1)
    frame = others.to_pandas()
    close = frame[:100].assign(x0=frame["x0"][:100].map(lambda x: float(f"{x:.5g}")))
    close["kind"] = np.where(np.arange(100) < 10, "c", close["kind"])
    both = pa.concat_tables(
        [pa.Table.from_pandas(close, others.schema, preserve_index=False), others.slice(200, 50), _table(50, 2)]
    )
    found = near_rows(both, others, others.column_names)
    assert found is not None
    assert all(i == j for i, j in found)
    assert len(found) == 90


def test_three_digits_are_the_same_wherever_a_value_stands() -> None:
    """Values of all sizes that print alike in three digits get one number, in arrays of any length and at any place."""
    rng = np.random.default_rng(6)
    values = rng.choice([-1, 1], 2000) * 10 ** rng.uniform(-20, 20, 2000)
    values = np.concatenate([values, [0.0, -0.0, 9.999, 10.0, 999.9, 1000.0, 0.09996, 0.1, 1e300, 5e-324, np.nan]])
    whole = _digits(values)
    assert np.isnan(whole[-1])
    for start in range(1, 9):
        np.testing.assert_array_equal(_digits(values[start:].copy()), whole[start:])
    printed = [f"{value + 0.0:.2e}" for value in values[:-2]]
    numbers = whole[:-2].tolist()
    assert len(set(zip(printed, numbers, strict=True))) == len(set(printed)) == len(set(numbers))


@pytest.mark.parametrize("change", ["few features", "few values"])
def test_coarse_tables_are_not_compared(change: str) -> None:
    """With four features, or with at most 100 values in each, rows agree by chance and nothing is said."""
    one, other = _table(300, 1), _table(300, 2)
    if change == "few features":
        one, other = one.drop_columns("x0"), other.drop_columns("x0")
    else:
        one, other = one.slice(0, 40), other.slice(0, 40)
    assert near_rows(one, other, one.column_names) is None
