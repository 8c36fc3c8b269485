"""Whole audits of data whose test rows stand in the training rows as well."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmops_audit.audit import near_rows, prepare, run
from llmops_audit.data import batches
from llmops_audit.errors import DataError
from llmops_audit.evidence import _contents
from llmops_audit.record import Record, SeenRows, Status, Verdict
from llmops_audit.render.formats import render_files

HEAD = '[audit]\nname = "a"\nversion = "1"\n'
TABLE = 'features = ["x", "z"]\nlabel = "y"\npositive = 1\n'
TEXT = 'text = "text"\nlabel = "label"\n'
SAVED = '[model]\npredictions = "predicted"\n'
TREE = '[model]\nestimator = "sklearn.tree:DecisionTreeClassifier"\n'
WORDS = (
    '[model]\nvectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n'
    'estimator = "sklearn.linear_model:LogisticRegression"\n'
)
ACCURACY = "[checks.accuracy]\n"
EXPECTED = 'train_test_overlap = { expected = "five coarse columns; rows repeat" }\n'


def _audit(folder: Path, text: str, jobs: int = 1) -> Record:
    spec = folder / "audit.toml"
    spec.write_text(HEAD + text, encoding="utf-8")
    return run(prepare(spec), jobs=jobs)


def _rows(n: int, seed: int, *, random: bool = False, noise: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.normal(size=n)
    label = rng.integers(0, 2, n) if random else ((x + rng.normal(0, noise, n) if noise else x) > 0).astype(int)
    return pd.DataFrame({"x": x, "z": z, "y": label})


def _seen(record: Record, split: str = "test") -> SeenRows:
    seen = record.data[split].overlap
    assert seen is not None
    return seen


def _two(folder: Path, train: pd.DataFrame, test: pd.DataFrame) -> str:
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    return '[data]\ntrain = "train.csv"\ntest = "test.csv"\n'


def test_clean_splits_are_compared_and_judged_once(tmp_path: Path) -> None:
    """Without a seen row the record says that all rows were compared, and nothing is trained twice."""
    data = _two(tmp_path, _rows(600, 1), _rows(400, 2))
    record = _audit(tmp_path, data + TABLE + TREE + ACCURACY)
    assert record.approved
    assert _seen(record) == SeenRows(rows=400, seen=0, training_rows=600, near=None)
    assert record.data["train"].overlap is None
    assert all("share_seen" not in finding.details for finding in record.findings().values())


@pytest.mark.parametrize("copies", [2, 3, 5, 10])
def test_repeated_files_with_random_labels_are_never_approved(tmp_path: Path, copies: int) -> None:
    """What was learned by heart falls back to guessing, or too few rows are left; either way it is inconclusive."""
    rows = _rows(600, 3, random=True)
    pd.concat([rows] * copies).to_csv(tmp_path / "rows.csv", index=False)
    record = _audit(tmp_path, '[data]\npath = "rows.csv"\n' + TABLE + TREE + ACCURACY)
    seen = _seen(record)
    assert record.decision.status is Status.NEEDS_REVIEW
    assert seen.share is not None
    assert seen.share > 0.7
    finding = record.findings()["accuracy.balanced_accuracy[against=chance]"]
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.value is not None
    assert finding.value > 0.85
    assert "seen in training" in finding.message.id
    if copies == 2:
        assert (seen.again, seen.undecided) == ("retrained", None)
        without = finding.details["value_without_seen_rows"]
        assert isinstance(without, float)
        assert abs(without - 0.5) < 0.1
    if copies == 10:
        assert seen.undecided is not None


def test_a_good_classifier_on_repeated_rows_passes_where_it_holds_without_them(tmp_path: Path) -> None:
    """The classifier is good on new rows as well: trained without the seen rows it still meets every limit."""
    rows = _rows(1000, 4)
    pd.concat([rows, rows[:300]]).to_csv(tmp_path / "rows.csv", index=False)
    minimum = "[checks.accuracy]\nmin = { accuracy = 0.9 }\nmax_train_test_gap = 0.05\nmin_gain_over_one_rule = -0.1\n"
    record = _audit(tmp_path, '[data]\npath = "rows.csv"\n' + TABLE + TREE + minimum)
    assert record.approved
    assert _seen(record).again == "retrained"
    assert "training once more" in record.findings()["accuracy.accuracy"].message.id
    for finding in record.findings().values():
        assert finding.details["value_without_seen_rows"] is not None


def test_all_rows_seen_are_inconclusive(tmp_path: Path) -> None:
    """The test rows are the training rows in another order: nothing unseen was judged, and the reason says so."""
    rows = _rows(400, 5, random=True)
    data = _two(tmp_path, rows, rows.sample(frac=1, random_state=1))
    record = _audit(tmp_path, data + TABLE + TREE + ACCURACY)
    assert record.decision.status is Status.NEEDS_REVIEW
    assert (_seen(record).share, _seen(record).rows_again) == (1.0, 0)


def test_seen_rows_never_fail_what_holds_and_never_save_what_fails(tmp_path: Path) -> None:
    """A requirement that fails on all rows stays failed."""
    rows = _rows(400, 6, random=True)
    data = _two(tmp_path, rows, rows.assign(y=1 - rows["y"]))
    record = _audit(tmp_path, data + TABLE + TREE + ACCURACY)
    assert record.decision.status is Status.REJECTED


def test_a_reason_makes_it_a_description(tmp_path: Path) -> None:
    """With the reason of the spec nothing is judged twice; reason and share stand on the page and in the summary."""
    rows = _rows(400, 5)
    data = _two(tmp_path, rows, rows.sample(frac=1, random_state=1)) + TABLE + EXPECTED
    record = _audit(tmp_path, data + TREE + ACCURACY)
    assert record.approved
    assert _seen(record).again is None
    files = render_files(record, ["html", "markdown"])
    for page in files.values():
        text = page.decode()
        assert "five coarse columns; rows repeat" in text
        assert "100.0% of the rows are seen in training (test)" in text
    with pytest.raises(Exception, match="expected"):
        prepare({**json.loads(json.dumps(_mapping(tmp_path))), "data": {**_mapping(tmp_path)["data"],
            "train_test_overlap": {"expected": " "}}})  # fmt: skip


def _mapping(folder: Path) -> dict[str, Any]:
    return {
        "audit": {"name": "a", "version": "1"},
        "data": {
            "train": str(folder / "train.csv"),
            "test": str(folder / "test.csv"),
            "features": ["x", "z"],
            "label": "y",
        },
        "model": {"estimator": "sklearn.tree:DecisionTreeClassifier"},
        "checks": {"accuracy": {}},
    }


def test_without_a_check_that_judges_again_the_gate_asks_a_person(tmp_path: Path) -> None:
    """Where no check looks at seen rows, seen rows are not approved, unless the spec says why they repeat."""
    rows = _rows(400, 5)
    data = _two(tmp_path, rows, rows.sample(frac=1, random_state=1)) + TABLE
    record = _audit(tmp_path, data + TREE + "[checks.pii]\n")
    assert record.decision.status is Status.NEEDS_REVIEW
    assert "seen in training" in record.decision.reasons[0].id
    assert _audit(tmp_path, data + EXPECTED + TREE + "[checks.pii]\n").approved


@pytest.mark.parametrize(
    ("checks", "review"),
    [
        ('[checks.accuracy]\n[checks.calibration]\ncurrent = ["test", "live"]\n', True),
        ('[checks.accuracy]\ncurrent = ["test", "live"]\n[checks.calibration]\ncurrent = ["live"]\n', False),
        ("[checks.accuracy]\n[checks.drift]\n", False),
    ],
    ids=["calibration alone", "accuracy too", "drift"],
)
def test_live_rows_count_where_a_check_of_predictions_names_them(tmp_path: Path, checks: str, review: bool) -> None:
    """Of live rows half are seen: accuracy judges without them, or a person must; drift judges no prediction."""
    train = _rows(2000, 1, noise=0.5)
    data = _two(tmp_path, train, _rows(2000, 2, noise=0.5)) + 'live = "live.csv"\n' + TABLE
    pd.concat([train[:500], _rows(500, 9, noise=0.5)]).to_csv(tmp_path / "live.csv", index=False)
    linear = '[model]\nestimator = "sklearn.linear_model:LogisticRegression"\n'
    record = _audit(tmp_path, data + linear + checks)
    assert _seen(record, "live").share == 0.5
    reasons = [reason for reason in record.decision.reasons if "no check judged without them" in reason.id]
    assert [reason.values["split"] for reason in reasons] == (["live"] if review else [])
    assert record.approved is not review


def _with_predictions(n: int, seed: int, right: float) -> pd.DataFrame:
    rows = _rows(n, seed)
    wrong = np.random.default_rng(seed + 100).random(n) > right
    return rows.assign(predicted=np.where(wrong, 1 - rows["y"], rows["y"]))


@pytest.mark.parametrize(("jobs", "batch_rows"), [(1, 65_536), (1, 7), (2, 50)])
def test_saved_predictions_are_judged_on_the_unseen_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int, batch_rows: int
) -> None:
    """Right on the seen half, guessing on the unseen half: passed on all rows, inconclusive with both numbers."""
    monkeypatch.setattr(batches, "BATCH_ROWS", batch_rows)
    known, new = _with_predictions(200, 7, 1.0), _with_predictions(200, 8, 0.5)
    data = _two(tmp_path, known, pd.concat([known, new]).sample(frac=1, random_state=2)) + TABLE
    record = _audit(tmp_path, data + SAVED + "[checks.accuracy]\nmin = { accuracy = 0.6 }\n", jobs)
    seen = _seen(record)
    assert (seen.rows, seen.seen, seen.exact, seen.again, seen.rows_again) == (400, 200, True, "unseen", 200)
    finding = record.findings()["accuracy.accuracy"]
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.value == pytest.approx((200 + (new["predicted"] == new["y"]).sum()) / 400)
    assert finding.details["value_without_seen_rows"] == pytest.approx((new["predicted"] == new["y"]).mean())


def test_good_saved_predictions_pass_on_the_unseen_rows_too(tmp_path: Path) -> None:
    """As good on the unseen rows: passed. The same column written as text in one file is the same column."""
    known, new = _with_predictions(200, 7, 0.95), _with_predictions(400, 8, 0.95)
    data = _two(tmp_path, known, pd.concat([known, new])).replace("train.csv", "train.parquet") + TABLE
    known.to_parquet(tmp_path / "train.parquet")
    record = _audit(tmp_path, data + SAVED + ACCURACY)
    assert record.approved
    assert _seen(record).seen == 200


CATEGORICAL = 'categorical = ["z"]\n'
SPELLED: dict[str, tuple[list[str], list[object], pa.DataType, tuple[str, ...]]] = {
    "whole numbers and fractions": (["1", "2", "3"], [1.0, 2.0, 3.0], pa.float64(), ("", CATEGORICAL)),
    "fractions and whole numbers": (["1.0", "2.0", "3.0"], [1, 2, 3], pa.int32(), ("", CATEGORICAL)),
    "truth values": (["True", "False", "True"], [True, False, True], pa.bool_(), ("", CATEGORICAL)),
    "numbers as texts": (["1.50", "2", "3"], ["1.5", "2.0", "3"], pa.string(), (CATEGORICAL,)),
    "a dictionary": (["1", "2", "b"], ["1.0", "2", "b"], pa.dictionary(pa.int8(), pa.string()), (CATEGORICAL,)),
}


@pytest.mark.parametrize(
    ("spelled", "setting"), [(name, setting) for name, (*_, settings) in SPELLED.items() for setting in settings]
)
def test_rows_are_compared_by_value_whatever_the_files_made_of_them(tmp_path: Path, spelled: str, setting: str) -> None:
    """Training rows in CSV and test rows in Parquet, written and stored in other ways, are the same rows."""
    written, stored, kind, _ = SPELLED[spelled]
    rows = _with_predictions(300, 7, 0.95)
    rows.assign(z=written * 100).to_csv(tmp_path / "train.csv", index=False)
    other = pa.Table.from_pandas(rows.drop(columns="z"), preserve_index=False)
    pq.write_table(other.append_column("z", pa.array(stored * 100, kind)), tmp_path / "test.parquet")
    data = '[data]\ntrain = "train.csv"\ntest = "test.parquet"\n' + TABLE + setting
    record = _audit(tmp_path, data + SAVED + ACCURACY)
    assert (_seen(record).rows, _seen(record).seen) == (300, 300)


@pytest.mark.parametrize(("batch_rows", "jobs"), [(65_536, 1), (7, 1), (50, 2)])
def test_rows_are_compared_as_texts_where_two_spellings_of_one_value_turn_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: int, jobs: int
) -> None:
    """Versions 1.1 and 1.10, of which one stands late in one file alone, stay two values for the comparison too."""
    monkeypatch.setattr(batches, "BATCH_ROWS", batch_rows)
    rows = _with_predictions(300, 7, 0.95)
    versions = ["1.1", "2.0"] * 150
    for file in ("train", "test"):
        here = rows.assign(z=versions)
        late = rows[-1:].assign(z="1.10")
        data = {"train": here, "test": here, file: pd.concat([here, late])}
        data["train"].to_csv(tmp_path / "train.csv", index=False)
        data["test"].to_parquet(tmp_path / "test.parquet")
        text = '[data]\ntrain = "train.csv"\ntest = "test.parquet"\n' + TABLE + 'categorical = ["z"]\n'
        seen = _seen(_audit(tmp_path, text + SAVED + ACCURACY, jobs))
        assert (seen.rows, seen.seen) == (300 + (file == "test"), 300)


@pytest.mark.parametrize("model", [SAVED, TREE])
@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
def test_what_is_compared_first_does_not_decide_what_a_column_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, share: float
) -> None:
    """Test rows are read before training rows, but words among their numbers are still an error that names them."""
    monkeypatch.setattr(batches, "BATCH_ROWS", 50)
    known, new = _with_predictions(200, 7, 0.95), _with_predictions(200, 8, 0.95)
    words = int(share * 200)
    new["z"] = [*[f"word{i}" for i in range(words)], *new["z"][words:]]
    with pytest.raises(DataError, match=r"^test.csv: row 1: column 'z' is not a number"):
        _audit(tmp_path, _two(tmp_path, known, new) + TABLE + model + ACCURACY)


@pytest.mark.parametrize("model", [SAVED, TREE])
def test_words_late_in_the_training_rows_make_categories_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """The first rows are numbers and the last half are words: categories in both splits, and the audit ends."""
    monkeypatch.setattr(batches, "BATCH_ROWS", 50)
    rows = _with_predictions(200, 7, 0.95)
    rows["z"] = [*rows["z"][:100], *[f"word{i}" for i in range(100)]]
    test = pd.concat([rows[:50], rows[-5:], _with_predictions(200, 8, 0.95)])
    record = _audit(tmp_path, _two(tmp_path, rows, test) + TABLE + model + ACCURACY)
    (column,) = (one for one in record.data["test"].columns if one.name == "z")
    assert column.kind == "category"
    assert _seen(record).seen == 55


def test_a_split_without_the_inputs_hides_no_other(tmp_path: Path) -> None:
    """Live rows hold predictions alone: they are not compared, and the test rows are."""
    known, new = _with_predictions(200, 7, 0.95), _with_predictions(200, 8, 0.95)
    data = _two(tmp_path, known, pd.concat([known[:100], new])) + 'live = "live.csv"\n' + TABLE
    new[["predicted", "y"]].to_csv(tmp_path / "live.csv", index=False)
    record = _audit(tmp_path, data + SAVED + ACCURACY)
    assert (_seen(record).rows, _seen(record).seen) == (300, 100)
    assert (_seen(record, "live").rows, _seen(record, "live").many) == (0, False)


@pytest.mark.parametrize("model", [SAVED, TREE])
@pytest.mark.parametrize("sampled", [False, True])
def test_a_seen_row_never_counts_as_nearly_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, sampled: bool
) -> None:
    """Beside each seen row stands one that is nearly alike, often without the row itself in the sample of them."""
    monkeypatch.setattr(near_rows, "MOST_TRAINING", 150)
    if sampled:
        _compare_by_a_sample(monkeypatch, most=100, sketch=80)
    rng = np.random.default_rng(5)
    names = [f"x{i}" for i in range(5)]
    base = pd.DataFrame(rng.normal(size=(200, 5)).round(2) + 10, columns=names)
    base["y"] = (base["x0"] > 10).astype(int)
    base["predicted"] = base["y"]
    close = base.assign(x1=base["x1"] + 0.0001)
    text = _two(tmp_path, pd.concat([base, close]), pd.concat([base, base.assign(x2=base["x2"] + 0.0001)]))
    text += f'features = {json.dumps(names)}\nlabel = "y"\n'
    seen = _seen(_audit(tmp_path, text + model + ACCURACY))
    assert seen.near is not None
    assert seen.near.training_rows == 150
    share = seen.near.found / seen.near.compared
    assert 0.1 < share <= 0.5
    assert all(row.row > 200 for row, _ in seen.near.examples)


def test_without_inputs_nothing_is_compared_and_the_page_says_so(tmp_path: Path) -> None:
    """Saved predictions whose spec names neither text nor features: not compared, and no claim is made."""
    data = _two(tmp_path, _with_predictions(200, 7, 0.95), _with_predictions(400, 8, 0.95))
    record = _audit(tmp_path, data + 'label = "y"\npositive = 1\n' + SAVED + ACCURACY)
    assert record.approved
    assert (_seen(record).rows, _seen(record).share) == (0, None)
    assert "The spec names neither a text nor features" in render_files(record, ["html"])["report.html"].decode()


def _compare_by_a_sample(monkeypatch: pytest.MonkeyPatch, most: int, sketch: int) -> None:
    empty, of = _contents.KnownContents.empty, _contents.KnownContents.of
    monkeypatch.setattr(_contents.KnownContents, "empty", lambda: empty(most, sketch))
    monkeypatch.setattr(
        _contents.KnownContents, "of", lambda hashes, most=most, sketch=sketch: of(hashes, most, sketch)
    )


def test_many_test_rows_are_compared_by_a_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound a sample of the contents is compared, and its error stated; that none is seen is not claimed."""
    _compare_by_a_sample(monkeypatch, most=1000, sketch=500)
    known, new = _with_predictions(2000, 7, 0.95), _with_predictions(2000, 8, 0.95)
    data = _two(tmp_path, known, pd.concat([known, new])) + TABLE
    seen = _seen(_audit(tmp_path, data + SAVED + ACCURACY))
    assert not seen.exact
    assert seen.share is not None
    assert seen.error is not None
    assert seen.error == pytest.approx(0.0224, abs=0.001)
    assert abs(seen.share - 0.5) < 4 * seen.error
    record = _audit(tmp_path, _two(tmp_path, known, new) + TABLE + SAVED + ACCURACY)
    assert (_seen(record).seen, _seen(record).error) == (0, 3 / 500)
    assert "under 0.60%" in render_files(record, ["html"])["report.html"].decode()


def test_live_rows_are_compared_too(tmp_path: Path) -> None:
    """Live rows that stand in the training rows are counted; without labels nothing is judged on them again."""
    train, test = _rows(600, 1), _rows(400, 2)
    data = _two(tmp_path, train, test) + 'live = "live.csv"\n'
    pd.concat([train[:50], _rows(50, 9)]).drop(columns="y").to_csv(tmp_path / "live.csv", index=False)
    record = _audit(tmp_path, data + TABLE + TREE + ACCURACY)
    assert (_seen(record, "live").rows, _seen(record, "live").seen) == (100, 50)
    assert record.approved


def test_texts_are_compared_as_they_are_written(tmp_path: Path) -> None:
    """A text that differs in case is another one; a label alone makes no other row."""
    train = pd.DataFrame({"text": [f"{'good' if i % 2 else 'bad'} no{i}" for i in range(300)]})
    train["label"] = [i % 2 for i in range(300)]
    test = pd.concat([train[:100].assign(label=1 - train["label"][:100]), train[100:200].assign(
        text=train["text"][100:200].str.upper())])  # fmt: skip
    record = _audit(tmp_path, _two(tmp_path, train, test) + TEXT + WORDS + ACCURACY)
    assert (_seen(record).rows, _seen(record).seen) == (200, 100)


LEAKS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str, bool]] = {
    "feature_is_label": (lambda rows: rows.assign(z=np.where(rows["y"] == 1, "yes", "no")), "", True),
    "constant_features": (lambda rows: rows.assign(z=3), "", False),
    "units_on_both_sides": (lambda rows: rows.assign(person=np.arange(len(rows)) % 250), 'unit = "person"\n', False),
    "predictions_are_labels": (lambda rows: rows.assign(z=0.5 * rows["x"].round(9)), "", False),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_other_leaks_are_reported(tmp_path: Path, kind: str) -> None:
    """Each leak stands in the record and on the page; only a feature that is the label asks a person."""
    change, setting, review = LEAKS[kind]
    test = _rows(400, 12)
    data = _two(tmp_path, change(_rows(3000, 1)), change(test.loc[test["x"].abs() > 0.05]))
    record = _audit(tmp_path, data + TABLE + setting + TREE + ACCURACY)
    (leak,) = (one for one in record.leaks if one.kind == kind)
    assert leak.review is review
    assert record.approved is not review
    page = render_files(record, ["html"])["report.html"].decode()
    assert leak.message.id[:20] in page


def test_units_are_the_same_where_one_file_writes_them_with_a_point(tmp_path: Path) -> None:
    """Units 7 and 7.0, as pandas writes them once a cell of the column was missing, are one unit."""
    train, test = _rows(300, 1).assign(person=np.arange(300.0)), _rows(200, 2).assign(person=np.arange(200) + 250)
    record = _audit(tmp_path, _two(tmp_path, train, test) + TABLE + 'unit = "person"\n' + TREE + ACCURACY)
    (leak,) = (one for one in record.leaks if one.kind == "units_on_both_sides")
    assert (leak.message.values["units"], leak.message.values["all"]) == (50, 200)


def test_training_after_the_test_is_reported(tmp_path: Path) -> None:
    """Training rows later than test rows are reported with both dates; in their order nothing is said."""
    old = pd.date_range("2024-01-01", periods=400, freq="h").astype(str)
    new = pd.date_range("2024-06-01", periods=400, freq="h").astype(str)
    for train, test, late in ((old, new, False), (new, old, True)):
        data = _two(tmp_path, _rows(400, 1).assign(at=train), _rows(400, 2).assign(at=test))
        record = _audit(tmp_path, data + TABLE + 'time = "at"\n' + TREE + ACCURACY)
        assert ("training_after_test" in [leak.kind for leak in record.leaks]) is late
        assert record.approved
