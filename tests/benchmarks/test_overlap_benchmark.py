"""The benchmark of seen rows, small: what it compares with, and that both ways agree."""

from __future__ import annotations

import pytest

from benchmarks.overlap import compared


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_brute_force_and_hashes_agree(share: float) -> None:
    """Of 4,000 rows as many are seen by brute force as by hashes; the sample is within four of its errors."""
    true, exact, estimate, error, _ = compared(4000, share, 3)
    assert true == exact
    assert true / 4000 == pytest.approx(share, abs=0.03)
    assert abs(estimate - true / 4000) <= 4 * error
