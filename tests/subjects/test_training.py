"""Scores of the rows that are kept: out-of-fold on training rows, of the model itself on others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from llmops_audit.audit import Clock
from llmops_audit.audit.check_inputs import Needs
from llmops_audit.audit.preparation import prepare
from llmops_audit.audit.sweep import Swept, sweep
from llmops_audit.data.batches import ReadState, load, open_dataset
from llmops_audit.evidence.base import Batch, Codes, ScoreMatrix
from llmops_audit.evidence.rows import Rows, by_fold_models
from llmops_audit.spec import read_spec
from llmops_audit.subjects import Trainable, open_subject, training
from llmops_audit.subjects.training import dealt, out_of_fold

TABULAR = {
    'text = "text"': 'features = ["x"]\ntime = "when"',
    'vectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n': "",
}
ROWS = "x,label,when\n" + "\n".join(f"{i % 13 - 6 + 5 * (i % 2)},{i % 2},2026-01-{i % 28 + 1:02}" for i in range(400))

ANSWERS_ALONE = """
from sklearn.multiclass import OutputCodeClassifier
from sklearn.tree import DecisionTreeClassifier


def classifier():
    return OutputCodeClassifier(DecisionTreeClassifier(random_state=0), random_state=0)
"""


def swept(path: Path, *names: str, training_predictions: bool = True) -> Swept:
    """Gather evidence as an audit does."""
    wanted = tuple(sorted({"outcomes", *names}))
    return sweep(prepare(path), Needs(wanted, training_predictions), 1, Clock())


def rows_of(found: Swept, split: str) -> Rows:
    """Rows of one split."""
    return cast(Rows, found.evidence["rows"][split])


def test_rows_get_scores_that_agree_with_the_answers(project: Callable[..., Path]) -> None:
    """Test and training rows are answered 1 where their score is above one half; the `scores` of train stay empty."""
    found = swept(project(TABULAR, ROWS), "rows", "scores")
    for split in ("train", "test"):
        rows = rows_of(found, split)
        assert rows.scores is not None
        assert rows.scores.labels == (1,)
        answers = np.array(rows.prediction.to_pylist()) == "1"
        np.testing.assert_array_equal(rows.scores.values[:, 0] > 0.5, answers)
    assert not found.evidence["scores"]["train"].labels()  # type: ignore[attr-defined]


def test_rows_have_the_same_scores_whoever_asks(project: Callable[..., Path]) -> None:
    """Rows alone, or beside the evidence of all scores: the scores of kept rows are the same."""
    path = project(TABULAR, ROWS)
    alone, beside = rows_of(swept(path, "rows"), "test"), rows_of(swept(path, "rows", "scores"), "test")
    assert alone == beside


def test_training_rows_that_nobody_judges_have_no_scores(project: Callable[..., Path]) -> None:
    """Without a check that looks at training rows nothing is trained again, and they have neither answer nor score."""
    rows = rows_of(swept(project(TABULAR, ROWS), "rows", training_predictions=False), "train")
    assert rows.scores is None
    assert rows.prediction.null_count == len(rows)


def trained(path: Path) -> tuple[Trainable, Batch]:
    """Return what a spec trains, and all of its rows."""
    spec = read_spec(path).spec
    assert spec is not None
    train = load(open_dataset(spec, path.parent, every_column=False), "path", ReadState())
    return cast(Trainable, open_subject(spec, path.parent, frozenset({"x"}))), train


class _Memory:
    """A classifier that knows the rows it saw, and says so."""

    def __init__(self, seen: frozenset[int] = frozenset()) -> None:
        self.seen = seen
        self.trained: list[frozenset[int]] = []

    def fit(self, batch: Batch) -> _Memory:
        self.trained.append(frozenset(batch.row.tolist()))
        return _Memory(self.trained[-1])

    def predict(self, batch: Batch) -> Codes:
        return Codes((0, 1), np.array([row in self.seen for row in batch.row.tolist()], dtype=np.int32))

    def score(self, batch: Batch) -> ScoreMatrix:
        return ScoreMatrix((1,), np.array([[float(len(self.seen))] for _ in range(len(batch))]))


def test_rows_of_a_sample_are_scored_out_of_fold(project: Callable[..., Path]) -> None:
    """Of a large training split the sampled rows are scored, each by the fold's model that did not see it."""
    path = project({**TABULAR, 'label = "label"': 'label = "label"\nsample = 100'}, ROWS)
    rows = rows_of(swept(path, "rows"), "train")
    assert len(rows) == 100
    assert rows.scores is not None
    assert rows.fold is not None
    assert not np.isnan(rows.scores.values).any()
    subject, train = trained(path)
    found = out_of_fold(subject, train, 42, 100)
    assert found is not None
    assert len(found.models) == 2, "rows are many"
    scores = found.score(train, found.fold)
    assert scores is not None
    answers = np.array([found.prediction.categories[i] for i in found.prediction.index])
    np.testing.assert_array_equal(scores.values[:, 0] > 0.5, answers == 1)
    own = subject.fit(train).score(train)
    assert own is not None
    assert (scores.values != own.values).all()


def test_no_model_predicts_a_row_that_it_saw(project: Callable[..., Path]) -> None:
    """Whatever is bounded, each training row is predicted by a model that did not see it, and folds are even."""
    _, train = trained(project(TABULAR, ROWS))
    assert train.label is not None
    for compared in (False, True):
        for _ in range(3):
            memory = _Memory()
            found = out_of_fold(cast(Trainable, memory), train, 42, 10_000, compared=compared)
            assert found is not None
            assert not found.prediction.index.any(), "a row was seen"
            assert np.ptp(np.bincount(found.fold)) <= 1
            assert [len(seen) for seen in memory.trained] == [320] * 5
            by_label = [np.bincount(found.fold[train.label.index == label]) for label in (0, 1)]
            assert np.ptp(by_label, axis=1).max() <= 1


def test_models_of_many_rows_are_trained_on_a_sample(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where answers are only compared, training is bounded; rows outside the sample are dealt to the models as well."""
    monkeypatch.setattr(training, "MOST_FOR_COMPARISON", 100)
    monkeypatch.setattr(training, "FEW_FOR_COMPARISON", 50)
    _, train = trained(project(TABULAR, ROWS))
    memory = _Memory()
    found = out_of_fold(cast(Trainable, memory), train, 42, 10_000, compared=True)
    assert found is not None
    assert [len(seen) for seen in memory.trained] == [50, 50]
    assert np.bincount(found.fold).tolist() == [200, 200]
    assert not found.prediction.index.any()
    memory = _Memory()
    assert out_of_fold(cast(Trainable, memory), train, 42, 10_000) is not None
    assert len(memory.trained[0]) == 320, "how good they are is not judged by half a model"


def test_rows_of_one_unit_stand_in_one_fold(project: Callable[..., Path]) -> None:
    """A model does not predict another row of a person that it saw."""
    rows = ROWS.replace("x,label,when", "x,label,when,person").splitlines()
    text = "\n".join([rows[0], *(f"{row},p{i // 8}" for i, row in enumerate(rows[1:]))])
    unit = {**TABULAR, 'label = "label"': 'label = "label"\nunit = "person"'}
    subject, train = trained(project(unit, text))
    found = out_of_fold(subject, train, 42, 10_000, unit="person")
    assert found is not None
    persons = np.array(train.table.column("person").to_pylist())
    assert all(len(set(found.fold[persons == person])) == 1 for person in set(persons))
    assert np.bincount(found.fold).tolist() == [80] * 5
    kept = rows_of(swept(project(unit, text), "rows"), "train")
    assert kept.fold is not None
    persons = np.array(kept.table.column("person").to_pylist())
    assert all(len(set(kept.fold[persons == person])) == 1 for person in set(persons))


def test_test_rows_are_dealt_evenly_to_the_fold_models(project: Callable[..., Path]) -> None:
    """For a comparison each is predicted by the model of one fold, whatever batch it came in; the audited one stays."""
    found = swept(project(TABULAR, ROWS), "rows")
    own, folds = rows_of(found, "test"), rows_of(found, by_fold_models("test"))
    assert own.fold is None
    assert folds.fold is not None
    assert np.ptp(np.bincount(folds.fold)) <= 1
    assert own.table.equals(folds.table)
    assert own.scores is not None
    assert folds.scores is not None
    assert (own.scores.values != folds.scores.values).all()
    keys = np.random.default_rng(0).permutation(1_000).astype(np.uint64)
    order = np.random.default_rng(1).permutation(1_000)
    np.testing.assert_array_equal(dealt(keys, 5)[order], dealt(keys[order], 5))


def test_rows_with_one_id_are_all_scored(project: Callable[..., Path]) -> None:
    """Rows that share the key at the edge of the sample do not miss their score, whichever of them is kept."""
    rows = ROWS.replace("x,label,when", "x,label,when,id").splitlines()
    text = "\n".join([rows[0], *(f"{row},{i % 4}" for i, row in enumerate(rows[1:]))])
    path = project({**TABULAR, 'label = "label"': 'label = "label"\nid = "id"\nsample = 100'}, text)
    scores = rows_of(swept(path, "rows"), "train").scores
    assert scores is not None
    assert not np.isnan(scores.values).any()


def test_a_model_needs_two_labels(project: Callable[..., Path]) -> None:
    """Two rows are too few for two models that each saw two labels."""
    subject, train = trained(project(TABULAR, ROWS))
    assert out_of_fold(subject, train[:2], 42, 100) is None


def test_a_classifier_without_scores_gives_rows_none(project: Callable[..., Path]) -> None:
    """Rows then have answers but no scores, and the audit goes on."""
    factory = 'factory = "answers_alone:classifier"'
    path = project({**TABULAR, 'estimator = "sklearn.linear_model:LogisticRegression"': factory}, ROWS)
    (path.parent / "answers_alone.py").write_text(ANSWERS_ALONE, encoding="utf-8")
    found = swept(path, "rows")
    for split in ("train", "test"):
        rows = rows_of(found, split)
        assert (rows.scores, rows.prediction.null_count) == (None, 0)


@pytest.mark.parametrize("scores", ["", 'scores = "score"'])
def test_saved_scores_reach_the_rows(project: Callable[..., Path], scores: str) -> None:
    """Rows keep what the columns of saved predictions hold, and nothing where no column is named."""
    rows = "x,label,told,score,when\n" + "\n".join(f"{i},{i % 2},{i % 2},{i / 200},2026-01-01" for i in range(200))
    changes = {
        'path = "rows.csv"': 'test = "rows.csv"\npositive = 1',
        'text = "text"': 'features = ["x"]\ntime = "when"',
        'vectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n': "",
        'estimator = "sklearn.linear_model:LogisticRegression"': f'predictions = "told"\n{scores}',
    }
    found = swept(project(changes, rows), "distributions", "rows")
    kept = rows_of(found, "test")
    if scores:
        assert kept.scores is not None
        np.testing.assert_allclose(kept.scores.values[:, 0], np.arange(200) / 200)
    else:
        assert kept.scores is None
    assert found.task.time == "when"
    assert kept.table.column_names == ["x", "when"]
    columns = found.evidence["distributions"]["test"].columns  # type: ignore[attr-defined]
    assert (columns["when"].numbers, columns["x"].numbers.maximum) == (None, 199.0)
    assert set(columns) == {"x", "when", "(label)", "(prediction)"}
