"""Adjusted p-values against statsmodels, and against simulated noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm
from statsmodels.stats.multitest import multipletests

from llmops_audit.stats import benjamini_hochberg, benjamini_yekutieli, bonferroni, holm

PAIRS: list[tuple[Callable[[Any], Any], str]] = [
    (bonferroni, "bonferroni"),
    (holm, "holm"),
    (benjamini_hochberg, "fdr_bh"),
    (benjamini_yekutieli, "fdr_by"),
]


@pytest.mark.parametrize(("adjust", "name"), PAIRS)
@given(p=st.lists(st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.01, 0.01, 1.0])), min_size=1, max_size=30))
def test_adjusted_p_values_equal_statsmodels(adjust: Callable[[Any], Any], name: str, p: list[float]) -> None:
    """In whatever order the p-values stand, ties included, the result is that of statsmodels."""
    assert adjust(p) == pytest.approx(multipletests(p, method=name)[1], abs=1e-12)


@given(p=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_false_discovery_rates_equal_scipy(p: list[float]) -> None:
    """Both procedures agree with a third implementation."""
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p, method="bh"), abs=1e-12)
    assert benjamini_yekutieli(p) == pytest.approx(false_discovery_control(p, method="by"), abs=1e-12)


def test_few_discoveries_are_false() -> None:
    """With half of 20 effects real, about 5 % of what is found at 10 % is false."""
    rng = np.random.default_rng(4)
    shares = []
    for _ in range(1000):
        p = norm.sf(np.concatenate([rng.normal(3.0, 1.0, 10), rng.normal(0.0, 1.0, 10)]))
        found = benjamini_hochberg(p) <= 0.1
        shares.append(found[10:].sum() / max(found.sum(), 1))
    assert 0.03 <= np.mean(shares) <= 0.05 + 3 * np.std(shares) / 1000**0.5


def test_unsorted_p_values_keep_their_places() -> None:
    """The smallest p-value gets the heaviest factor wherever it stands."""
    assert holm([0.04, 0.001, 0.03]) == pytest.approx([0.06, 0.003, 0.06])
    assert bonferroni([0.04, 0.001, 0.5]) == pytest.approx([0.12, 0.003, 1.0])
    assert benjamini_hochberg([0.04, 0.001, 0.03]) == pytest.approx([0.04, 0.003, 0.04])
    assert benjamini_yekutieli([0.04, 0.001, 0.03]) == pytest.approx([0.04 * 11 / 6, 0.003 * 11 / 6, 0.04 * 11 / 6])


@pytest.mark.parametrize(("adjust", "name"), PAIRS)
def test_pure_noise_is_rarely_rejected(adjust: Callable[[Any], Any], name: str) -> None:
    """Of 2,000 families of 20 uniform p-values at most about 5 % hold one that is rejected at 5 %."""
    noise = np.random.default_rng(11).uniform(size=(2000, 20))
    rejected = np.mean([adjust(family).min() <= 0.05 for family in noise])
    assert rejected <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000), name


@pytest.mark.parametrize(("adjust", "name"), PAIRS)
@pytest.mark.parametrize("p", [[0.1, math.nan], [-0.1], [1.1], [[0.1]]])
def test_what_is_no_family_of_p_values_is_refused(adjust: Callable[[Any], Any], name: str, p: Any) -> None:
    """NaN and numbers outside [0, 1] raise instead of being ranked."""
    with pytest.raises(ValueError, match="p-values"):
        adjust(p)


@pytest.mark.parametrize(("adjust", "name"), PAIRS)
def test_no_p_values_give_none(adjust: Callable[[Any], Any], name: str) -> None:
    """An empty family stays empty."""
    assert adjust([]).shape == (0,)
