"""Seeded hashes of texts, which stand for them where values are counted."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["hashed"]


def hashed(texts: pa.Array, seed: int) -> npt.NDArray[np.uint64]:
    """Return hashes of texts, (n,), none of them null."""
    from pandas.util import hash_array

    salt = hashlib.blake2b(str(seed).encode(), digest_size=8).hexdigest()
    return hash_array(texts.to_numpy(zero_copy_only=False), hash_key=salt, categorize=False)
