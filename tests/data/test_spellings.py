"""Labels, groups and categories compare by value, but only where nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from llmops_audit import run
from llmops_audit.data import batches, spellings
from llmops_audit.record import Record
from llmops_audit.record.labels import as_listed, canonical_label

SPEC: dict[str, Any] = {
    "audit": {"name": "x", "version": "1"},
    "data": {"test": "test.csv", "label": "label"},
    "model": {"predictions": "pred"},
    "checks": {"accuracy": {}},
}


def _spec(**changes: dict[str, Any]) -> dict[str, Any]:
    return {key: {**SPEC.get(key, {}), **changes.get(key, {})} for key in {*SPEC, *changes}}


def _labels(record: Record, split: str = "test") -> list[object]:
    return [count.value for count in record.data[split].labels]


def _frame(label: list[Any], pred: list[Any] | None = None, **columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"label": label, "pred": pred or label, **columns})


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Record]:
    """Write frames as CSV or Parquet, and audit them."""
    monkeypatch.chdir(tmp_path)

    def audited(spec: dict[str, Any], jobs: int = 1, **frames: pd.DataFrame) -> Record:
        for name, frame in frames.items():
            path = Path(str(spec["data"][name]))
            if path.suffix == ".parquet":
                frame.to_parquet(path)
            else:
                frame.to_csv(path, index=False)
        return run(spec, jobs=jobs)

    return audited


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("batch", [7, 65_536])
def test_two_spellings_in_a_column_make_texts_of_all(
    audit: Callable[..., Record], monkeypatch: pytest.MonkeyPatch, batch: int, jobs: int
) -> None:
    """Labels 1.1 and 1.10 are two, in whatever batch they meet and however many processes count."""
    monkeypatch.setattr(batches, "BATCH_ROWS", batch)
    labels = ["1.1"] * 20 + ["1.2"] * 20 + ["1.10"] * 20
    record = audit(SPEC, jobs, test=_frame(labels))
    assert _labels(record) == ["1.1", "1.10", "1.2"]
    assert record.data["test"].rows == 60
    assert "stay texts" in record.data["test"].columns[-1].how.id


def test_a_prediction_can_make_texts_of_the_labels(audit: Callable[..., Record]) -> None:
    """Labels and predictions are one family: two spellings among predictions keep the labels apart as well."""
    record = audit(SPEC, test=_frame(["1.0", "2"] * 20, ["1.0", "1"] * 20))
    assert _labels(record) == ["1.0", "2"]
    assert record.figures["confusion_matrix"].invalid == (0, 20)  # type: ignore[union-attr]


def test_one_spelling_in_each_file_is_one_value(audit: Callable[..., Record]) -> None:
    """1 in one file, 1.0 in another and a number in Parquet are one label, since no file holds two spellings."""
    spec = _spec(data={"live": "live.csv", "groups": ["g"]})
    test = _frame(["1", "0"] * 20, g=["1", "2"] * 20)
    live = _frame(["1.0", "0.0"] * 20, g=["1.0", "2.0"] * 20)
    record = audit(spec, test=test, live=live)
    assert _labels(record) == _labels(record, "live") == [0, 1]
    assert [count.value for count in record.data["live"].groups["g"]] == ["1", "2"]
    stored = audit(_spec(data={"test": "test.parquet"}), test=_frame([1.0, 0.0] * 20))
    assert _labels(stored) == [0, 1]


def test_true_in_a_csv_file_is_a_truth_value_in_parquet(audit: Callable[..., Record]) -> None:
    """Pandas writes True into a CSV file, and a truth value into Parquet."""
    spec = _spec(data={"live": "live.parquet"})
    record = audit(spec, test=_frame(["True", "False"] * 20), live=_frame([True, False] * 20))
    assert _labels(record) == _labels(record, "live") == ["false", "true"]


@pytest.mark.parametrize("positive", [1, "1"])
def test_the_spec_means_the_text(audit: Callable[..., Record], positive: object) -> None:
    """Where labels stay texts, `positive = 1` is the text 1."""
    spec = _spec(data={"positive": positive})
    record = audit(spec, test=_frame(["1", "1.0", "0"] * 20))
    assert _labels(record) == ["0", "1", "1.0"]
    assert "1" in {finding.scope.get("label", "1") for check in record.checks for finding in check.findings}


def test_a_list_of_labels_can_be_texts(audit: Callable[..., Record]) -> None:
    """A spec that lists 1.1 and 1.10 names two labels."""
    record = audit(_spec(data={"labels": ["1.1", "1.10"]}), test=_frame(["1.1", "1.10"] * 20))
    assert _labels(record) == ["1.1", "1.10"]


def test_a_classifier_trained_here_predicts_the_labels_as_they_are_spelled(audit: Callable[..., Record]) -> None:
    """Predictions pass through the same rule as the labels that were learned."""
    labels = ["1.1", "1.10", "007", "7"] * 50
    frame = pd.DataFrame({"label": labels, "a": range(200), "zone": [{"007": "b"}.get(x, x) for x in labels]})
    spec: dict[str, Any] = {
        "audit": SPEC["audit"],
        "data": {"path": "rows.csv", "label": "label", "features": ["zone", "a"], "categorical": ["zone"]},
        "model": {"estimator": "sklearn.tree:DecisionTreeClassifier"},
        "checks": {"accuracy": {}},
    }
    record = audit(spec, path=frame)
    assert _labels(record) == ["007", "1.1", "1.10", "7"]
    assert record.figures["confusion_matrix"].counts == ((10, 0, 0, 0), (0, 10, 0, 0), (0, 0, 10, 0), (0, 0, 0, 10))  # type: ignore[union-attr]


def test_categories_have_one_form_in_all_files(audit: Callable[..., Record]) -> None:
    """A category that one file writes as 1 and another as 1.0 is one, and does not drift."""
    frame = {"zone": ["1", "2", "x"] * 40}
    other = {"zone": ["1.0", "2.0", "x"] * 40}
    spec = _spec(
        data={"live": "live.csv", "features": ["zone"], "categorical": ["zone"]}, checks={"drift": {}, "accuracy": {}}
    )
    record = audit(spec, test=_frame([0, 1] * 60, **frame), live=_frame([0, 1] * 60, **other))
    assert not [one for check in record.checks for one in check.findings if one.verdict.value == "failed"]


def test_a_long_number_is_a_text() -> None:
    """A label of any length stays what it is; zeros behind the point are no part of a number."""
    assert canonical_label("7" * 5000) == "7" * 5000
    assert canonical_label("7" * 30 + ".00") == "7" * 30
    assert canonical_label("9007199254740993.5") == "9007199254740993.5"
    assert canonical_label("1.50") == 1.5
    assert canonical_label(-(2**60)) == canonical_label(f"{-(2**60)}.0") == str(-(2**60))


@pytest.mark.parametrize(
    ("value", "labels", "meant"),
    [
        (1, ("1", "1.0"), "1"),
        (1.0, (0, 1), 1),
        ("1.10", ("1.1", "1.10"), "1.10"),
        ("True", ("True", "true"), "True"),
        (True, ("false", "true"), "true"),
        ("b", ("a",), "b"),
    ],
)
def test_a_value_of_the_spec_is_one_of_the_labels(value: object, labels: tuple[str | int, ...], meant: object) -> None:
    """The spec's value is found among labels, be they texts or numbers."""
    assert as_listed(value, labels) == meant  # type: ignore[arg-type]


def test_too_many_numbers_stay_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spellings are remembered for so many numbers only, and with more nothing is read as a number."""
    import pyarrow as pa

    monkeypatch.setattr(spellings, "MOST_SPELLINGS", 3)
    found = spellings.Spellings()
    column = pa.array([str(i) for i in range(10)]).dictionary_encode()
    assert found.one_form(column, "a", "a", "x.csv") is column
    with pytest.raises(spellings.Reread):
        found.settle()
    assert found.anew().texts == {"a"}
