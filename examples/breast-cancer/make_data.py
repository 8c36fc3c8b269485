"""Write the breast cancer data that scikit-learn ships as CSV: ``python make_data.py FILE``.

Wolberg, Mangasarian, Street and Street (1995), Breast Cancer Wisconsin (Diagnostic).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer


def breast_cancer() -> pd.DataFrame:
    """Return 569 rows with 30 measurements and the diagnosis in words."""
    data = load_breast_cancer(as_frame=True)
    diagnosis = data.target.map(dict(enumerate(data.target_names)))
    return data.data.assign(diagnosis=diagnosis)


if __name__ == "__main__":
    breast_cancer().to_csv(Path(sys.argv[1]), index=False, lineterminator="\n")
