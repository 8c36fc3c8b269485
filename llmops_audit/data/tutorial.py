"""The data set of the tutorial that this project grew out of, to the letter.

``python -m llmops_audit.data.tutorial FILE`` writes it as CSV.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["tutorial_data"]

ROWS = 1000
SEED = 42


def tutorial_data() -> pd.DataFrame:
    """Return the tutorial's synthetic data.

    Returns
    -------
    pandas.DataFrame, 1,000 rows
        ``text`` ("Sentence 0" to "Sentence 999") and ``label`` (0 or 1 at random, so that nothing can be learned).

    Notes
    -----
    The tutorial seeds numpy's legacy generator; `RandomState` gives the same labels without touching global state.
    """
    random = np.random.RandomState(SEED)
    texts = [f"Sentence {i}" for i in range(ROWS)]
    return pd.DataFrame({"text": texts, "label": random.randint(0, 2, size=ROWS)})


if __name__ == "__main__":
    tutorial_data().to_csv(Path(sys.argv[1]), index=False, lineterminator="\n")
