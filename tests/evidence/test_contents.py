"""Contents of rows: equal rows have one hash, and what two sets of rows share is a sum, exact or from a sample."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.evidence._contents import KnownContents, MetContents, content_hashes
from llmops_audit.evidence._features import FeatureLabels
from llmops_audit.testing import batch

HASHES = st.lists(st.integers(0, 30), max_size=30).map(lambda values: np.array(values, dtype=np.uint64))


def _hashes(**columns: object) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    table = pa.table(columns)
    found = content_hashes(table, table.column_names)
    assert found is not None
    return found


def test_equal_values_have_one_hash_whatever_the_file_made_of_them() -> None:
    """Zero has no sign, missing is one value, and how a column is stored makes no difference."""
    zero = _hashes(x=pa.array([0.0, -0.0, None, np.nan, 1.5]))
    assert zero[0] == zero[1] != zero[2] == zero[3]
    np.testing.assert_array_equal(_hashes(x=pa.array([0, 1])), _hashes(x=pa.array([0.0, 1.0])))
    once = pa.array(["a", "b", "a", None])
    np.testing.assert_array_equal(_hashes(x=once), _hashes(x=once.dictionary_encode()))


def test_other_contents_have_other_hashes() -> None:
    """Order, place and spelling count: values moved to the next column, other cases and leading zeros are others."""
    rows = _hashes(a=["x", "y", "X", "007", "7", "", None], b=["y", "x", "y", "", "", "7", "x"])
    assert len(set(rows.tolist())) == len(rows)
    written = _hashes(t=["1.0", "1", "1.10", "1.1"])
    assert len(set(written.tolist())) == 4


def test_without_columns_nothing_is_compared() -> None:
    """No named column, or one that is not there: there is no hash."""
    table = pa.table({"a": ["x"]})
    assert content_hashes(table, []) is None
    assert content_hashes(table, ["a", "b"]) is None


@given(parts=st.lists(HASHES, min_size=1, max_size=5), most=st.sampled_from([None, 10, 1000]), data=st.data())
def test_known_contents_are_a_sum(
    parts: list[np.ndarray[tuple[int], np.dtype[np.uint64]]], most: int | None, data: st.DataObject
) -> None:
    """In any order and for every cut the contents are those of the whole, also where only the smallest are kept."""
    whole = KnownContents.of(np.concatenate(parts), most, 4)
    made = [KnownContents.of(part, most, 4) for part in data.draw(st.permutations(parts))]
    assert reduce(add, made, KnownContents.empty(most, 4)) == whole
    assert KnownContents.empty(most, 4) + whole == whole == whole + KnownContents.empty(most, 4)
    right = made[-1]
    for one in reversed(made[:-1]):
        right = one + right
    assert right == whole


@given(known=HASHES, parts=st.lists(HASHES, min_size=1, max_size=5), data=st.data())
def test_met_contents_are_a_sum(
    known: np.ndarray[tuple[int], np.dtype[np.uint64]],
    parts: list[np.ndarray[tuple[int], np.dtype[np.uint64]]],
    data: st.DataObject,
) -> None:
    """Bits are added by OR, in any order and for every cut; they say what brute force says."""
    contents = KnownContents.of(known, None)
    whole = MetContents.of(np.concatenate(parts), contents)
    made = [MetContents.of(part, contents) for part in data.draw(st.permutations(parts))]
    assert reduce(add, made, MetContents.empty(contents)) == whole
    others, here = set(np.concatenate(parts).tolist()), known.tolist()
    assert whole.share_of(contents) == (len(here), sum(value in others for value in here), None)
    assert whole.seen == sum(value in set(here) for value in np.concatenate(parts).tolist())


@given(values=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=20), data=st.data())
def test_feature_labels_are_a_sum(values: list[tuple[str, int]], data: st.DataObject) -> None:
    """Pairs of value and label are added in any order and for every cut."""
    whole = batch("train", {"x": [x for x, _ in values], "same": ["z"] * len(values)}, label=[y for _, y in values])
    inner = data.draw(st.lists(st.integers(0, len(whole)), max_size=3).map(sorted))
    parts = [whole[start:stop] for start, stop in pairwise([0, *inner, len(whole)])]
    made = [FeatureLabels.of(part, ("x", "same")) for part in data.draw(st.permutations(parts))]
    assert reduce(add, made, FeatureLabels()) == FeatureLabels.of(whole, ("x", "same"))
    one, *others = made
    assert reduce(add, others, one) == reduce(add, reversed(made[:-1]), made[-1])


def test_a_sample_estimates_the_share_with_the_error_that_it_states() -> None:
    """Over 200 samples the share is right on average, and its spread is the stated one; repeated rows count each."""
    rng = np.random.default_rng(11)
    errors, stated = [], []
    for _ in range(200):
        distinct = rng.integers(0, 2**63, 4000).astype(np.uint64)
        rows = np.repeat(distinct, rng.integers(1, 4, 4000))
        seen = rng.random(4000) < 0.3
        known = KnownContents.of(rows, 5000, 400)
        assert not known.complete
        compared, met, error = MetContents.of(distinct[seen], known).share_of(known)
        assert error is not None
        errors.append(met / compared - np.isin(rows, distinct[seen]).mean())
        stated.append(error)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(200)
    # A sample of a tenth varies a little less than one with replacement.
    assert np.std(errors) == pytest.approx(np.mean(stated), rel=0.15)


def test_a_sample_without_a_seen_row_gives_an_upper_end() -> None:
    """Where nothing of a sample was met, the share is under 3 / k, never none."""
    rng = np.random.default_rng(3)
    known = KnownContents.of(rng.integers(0, 2**63, 2000).astype(np.uint64), 1000, 300)
    assert MetContents.of(np.array([1], np.uint64), known).share_of(known) == (300, 0, 0.01)
