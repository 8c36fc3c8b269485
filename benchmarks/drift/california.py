"""Accuracy estimated without labels, beside the truth: NannyML's California housing, whose later rows lie elsewhere.

Run: ``python benchmarks/drift/california.py``; the data is looked for in LLMOPS_AUDIT_DATA, then in ``../shared/data``.
The reference rows are labelled; the labels of the analysis rows are used for the truth alone. The published areas under
the ROC curve, 0.908 and 0.840, show that these are the rows and scores that were published.
"""

from __future__ import annotations

import os
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.metrics import roc_auc_score

from llmops_audit.analysis.drift.estimates import estimates
from llmops_audit.analysis.drift.model_outputs import ModelOutputs
from llmops_audit.analysis.separability import ModelInputs
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.base import ScoreMatrix
from llmops_audit.record.drift_figure import PerformanceEstimate
from llmops_audit.stats import clopper_pearson

PUBLISHED = (0.908, 0.840)
CONFIDENCE = 0.95
FEATURES = ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup")
COORDINATES = ("Latitude", "Longitude")
LABEL, SCORE, PREDICTION = "clf_target", "y_pred_proba", "y_pred"
BANDS = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)


def _folder() -> Path | None:
    named = os.environ.get("LLMOPS_AUDIT_DATA")
    data = Path(named) if named else Path(__file__).parents[3] / "shared" / "data"
    folder = data / "nannyml_california"
    return folder if folder.is_dir() else None


def _answered(rows: pd.DataFrame) -> ModelOutputs:
    label, prediction = (rows[name].astype(str).to_numpy(dtype=object) for name in (LABEL, PREDICTION))
    return ModelOutputs(label, prediction, ScoreMatrix((1,), rows[[SCORE]].to_numpy(dtype=np.float64)))


def _estimates(first: pd.DataFrame, second: pd.DataFrame, names: tuple[str, ...]) -> list[PerformanceEstimate]:
    table = pa.Table.from_pandas(pd.concat([first[list(names)], second[list(names)]]), preserve_index=False)
    matrix = ModelInputs.of_features(table, names).matrix
    seen = matrix[: len(first)], matrix[len(first) :]
    return estimates("analysis", _answered(first), _answered(second), seen, Task(labels=(0, 1), positive=1), CONFIDENCE)


def _printed(found: list[PerformanceEstimate], method: str, name: str, seconds: float) -> None:
    one = next(one for one in found if one.method == method and one.metric == "accuracy")
    if one.withheld is not None or one.value is None or one.low is None or one.high is None:
        print(f"{name:<32} withheld: {one.withheld and one.withheld.values}  {seconds:.1f} s")
        return
    assert one.actual is not None
    coverage = "holds the truth" if one.low <= one.actual <= one.high else "does not hold the truth"
    rests = "" if one.effective is None else f", {one.effective:,.0f} effective rows"
    print(f"{name:<32} {one.value:.3f} [{one.low:.3f}, {one.high:.3f}] {coverage}{rests}  {seconds:.1f} s")


def _by_band(first: pd.DataFrame, second: pd.DataFrame) -> None:
    """Print how often predictions of one score are right: the same in both samples, were it covariate shift alone."""
    print("\naccuracy at the same score (rows)")
    for low, high in pairwise(BANDS):
        cells = []
        for rows in (first, second):
            cut = rows[(rows[SCORE] >= low) & ((rows[SCORE] < high) | (high == BANDS[-1]))]
            cells.append(f"{(cut[LABEL] == cut[PREDICTION]).mean():.3f} ({len(cut):,})")
        print(f"  score {low:.1f} to {high:.1f}: reference {cells[0]:<15} analysis {cells[1]}")
    print("Where these differ, rows of one score are right less often than they were: given the score that is concept")
    print("drift, which no estimate from scores can see. It is geographic, and no labelled rows lie in those areas.")


def main() -> None:
    """Print the areas, the estimates beside the truth, and why they differ from it."""
    folder = _folder()
    if folder is None:
        print("skipped: set LLMOPS_AUDIT_DATA to the folder of the data sets")
        return
    first = pd.read_csv(folder / "california_housing_reference.csv")
    second = pd.read_csv(folder / "california_housing_analysis.csv").merge(
        pd.read_csv(folder / "california_housing_analysis_gt.csv"), on="id", validate="one_to_one"
    )
    for name, rows, published in zip(("reference", "analysis"), (first, second), PUBLISHED, strict=True):
        area = roc_auc_score(rows[LABEL], rows[SCORE])
        assert round(area, 3) == published, f"{name}: {area}"
        right, n = int((rows[LABEL] == rows[PREDICTION]).sum()), len(rows)
        low, high = clopper_pearson(right, n, CONFIDENCE)
        print(f"{name:<10} {n:,} rows, ROC AUC {area:.3f}, accuracy {right / n:.3f} [{low:.3f}, {high:.3f}]")
    print("\nestimated accuracy on the analysis rows")
    for method, name, names in (
        ("confidence", "by confidence", FEATURES),
        ("reweighting", "by weights, six features", FEATURES),
        ("reweighting", "by weights, with coordinates", FEATURES + COORDINATES),
    ):
        start = time.perf_counter()
        found = _estimates(first, second, names)
        _printed(found, method, name, time.perf_counter() - start)
    _by_band(first, second)


if __name__ == "__main__":
    main()
