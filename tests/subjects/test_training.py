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
from llmops_audit.evidence.base import Codes
from llmops_audit.evidence.rows import Rows
from llmops_audit.spec import read_spec
from llmops_audit.subjects import Trainable, open_subject
from llmops_audit.subjects.training import out_of_fold

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


def test_rows_of_a_sample_are_scored_out_of_fold(project: Callable[..., Path]) -> None:
    """Of a large training split the sampled rows are scored, each by the fold's model that did not see it."""
    path = project({**TABULAR, 'label = "label"': 'label = "label"\nsample = 100'}, ROWS)
    rows = rows_of(swept(path, "rows"), "train")
    assert len(rows) == 100
    assert rows.scores is not None
    assert not np.isnan(rows.scores.values).any()
    spec = read_spec(path).spec
    assert spec is not None
    train = load(open_dataset(spec, path.parent, every_column=False), "path", ReadState())
    subject = cast(Trainable, open_subject(spec, path.parent, frozenset({"x"})))
    found = out_of_fold(subject, train, 42, 100, scores=True)
    assert found is not None
    assert found.scores is not None
    chosen = train.sample(100)
    assert sorted(found.row.tolist()) == chosen.row.tolist()
    folds = {row: score for row, (score,) in zip(found.row.tolist(), found.scores.values, strict=True)}
    fitted = subject.fit(train).score(chosen)
    assert fitted is not None
    own = dict(zip(chosen.row.tolist(), fitted.values[:, 0].tolist(), strict=True))
    assert all(folds[row] != own[row] for row in own)
    answers: Codes = found.prediction
    given = {int(row): answers.categories[i] for row, i in zip(train.row, answers.index, strict=True)}
    assert all((folds[row] > 0.5) == (given[row] == 1) for row in folds)


def test_rows_with_one_id_are_all_scored(project: Callable[..., Path]) -> None:
    """Rows that share the key at the edge of the sample do not miss their score, whichever of them is kept."""
    rows = ROWS.replace("x,label,when", "x,label,when,id").splitlines()
    text = "\n".join([rows[0], *(f"{row},{i % 4}" for i, row in enumerate(rows[1:]))])
    path = project({**TABULAR, 'label = "label"': 'label = "label"\nid = "id"\nsample = 100'}, text)
    scores = rows_of(swept(path, "rows"), "train").scores
    assert scores is not None
    assert not np.isnan(scores.values).any()


def test_nothing_is_scored_that_nobody_asked_for(project: Callable[..., Path]) -> None:
    """Without rows among the evidence out-of-fold answers come without scores; a lone label gives none at all."""
    path = project(TABULAR, ROWS)
    spec = read_spec(path).spec
    assert spec is not None
    train = load(open_dataset(spec, path.parent, every_column=False), "path", ReadState())
    subject = cast(Trainable, open_subject(spec, path.parent, frozenset({"x"})))
    found = out_of_fold(subject, train, 42, 100)
    assert found is not None
    assert (found.scores, found.source, len(found.row)) == (None, (), 0)
    assert out_of_fold(subject, train[:2], 42, 100, scores=True) is None


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
