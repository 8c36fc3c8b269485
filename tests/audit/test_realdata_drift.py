"""Drift of real data: what is known to have moved is found, with its consequences, and rows without a time are told."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pandas as pd
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.record import Record, Verdict
from llmops_audit.record.drift_figure import Drift

pytestmark = [pytest.mark.realdata, pytest.mark.slow]


def _audit(folder: Path, spec: str) -> tuple[Record, Drift]:
    path = folder / "audit.toml"
    path.write_text(textwrap.dedent(spec), encoding="utf-8")
    record = run(prepare(path))
    figure = record.figures["drift"]
    assert isinstance(figure, Drift)
    return record, figure


def test_california_moves_by_geography(data_folder: Path, tmp_path: Path) -> None:
    """The analysis period differs first of all in its coordinates, from its first month on, and answers get worse."""
    for part in ("reference", "analysis"):
        name = f"california_housing_{part}.csv"
        (tmp_path / name).write_bytes((data_folder / "nannyml_california" / name).read_bytes())
    record, figure = _audit(
        tmp_path,
        """
        [audit]
        name = "california"
        version = "1"
        [data]
        test = "california_housing_reference.csv"
        live = "california_housing_analysis.csv"
        features = [
            "MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude",
        ]
        label = "clf_target"
        positive = 1
        time = "timestamp"
        [model]
        predictions = "y_pred"
        scores = "y_pred_proba"
        [checks.drift]
        """,
    )
    assert {shift.column for shift in figure.shifts[:2]} == {"Latitude", "Longitude"}
    for column in ("Latitude", "Longitude"):
        assert record.findings()[f"drift.wasserstein_effect[split=live,column={column}]"].verdict is Verdict.FAILED
    (timeline,) = figure.timelines
    assert (timeline.unit, len(timeline.windows), timeline.without_time) == ("month", 12, 0)
    assert {series.broke_in for series in timeline.series if series.column in ("Latitude", "Longitude")} == {0}
    whole = [one for one in figure.estimates if one.window is None and one.metric == "accuracy"]
    truth = pd.read_csv(data_folder / "nannyml_california" / "california_housing_analysis_gt.csv")
    answers = pd.read_csv(tmp_path / "california_housing_analysis.csv").merge(truth)
    accuracy = (answers["clf_target"] == answers["y_pred"]).mean()
    # A sixth of the rows lies where no labelled row does: nothing says how often predictions there are right.
    assert accuracy == pytest.approx(0.589, abs=0.001)
    assert [one.method for one in whole] == ["confidence", "reweighting"]
    for one in whole:
        assert one.value is None
        assert one.withheld is not None
        assert one.withheld.values["share"] > 0.1  # type: ignore[operator]


def test_comments_on_another_video_drift_and_some_have_no_time(data_folder: Path, tmp_path: Path) -> None:
    """Trained on two videos, tested on a third: what the texts say has moved; rows without a date are in no window."""
    folder = data_folder / "youtube_spam"
    parts = {
        "train": ["Youtube01-Psy.csv", "Youtube02-KatyPerry.csv"],
        "test": ["Youtube03-LMFAO.csv"],
        "live": ["Youtube04-Eminem.csv"],
    }
    for split, names in parts.items():
        frame = pd.concat([pd.read_csv(folder / name) for name in names])
        frame.to_csv(tmp_path / f"{split}.csv", index=False)
    record, figure = _audit(
        tmp_path,
        """
        [audit]
        name = "comments"
        version = "1"
        [data]
        train = "train.csv"
        test = "test.csv"
        live = "live.csv"
        text = "CONTENT"
        label = "CLASS"
        positive = 1
        time = "DATE"
        [model]
        vectorizer = "sklearn.feature_extraction.text:CountVectorizer"
        estimator = "sklearn.linear_model:LogisticRegression"
        parameters = { max_iter = 1000 }
        [checks.drift]
        """,
    )
    findings = record.findings()
    assert findings["drift.roc_auc_effect[column=CONTENT,feature=content]"].verdict is Verdict.FAILED
    untimed = findings["drift.rows_without_time[split=live]"]
    assert untimed.value == pd.read_csv(tmp_path / "live.csv")["DATE"].isna().sum() == 245
    assert {timeline.split for timeline in figure.timelines} == {"test", "live"}
    assert {estimate.split for estimate in figure.estimates} == {"live"}
    # Comments on another video look like none that is labelled: every estimate is withheld, beside what the labels say.
    assert all(estimate.withheld is not None for estimate in figure.estimates)
    assert all(estimate.actual is not None for estimate in figure.estimates if estimate.window is None)
    assert {token.split for token in figure.tokens} >= {"test"}
