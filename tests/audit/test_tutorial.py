"""The tutorial's steps work here to the letter, and an honest audit rejects its model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split

from llmops_audit.audit import prepare, run
from llmops_audit.data.tutorial import tutorial_data
from llmops_audit.record import Status, Verdict

EXAMPLE = Path(__file__).parents[2] / "examples" / "tutorial"


def test_the_generator_gives_the_tutorial_s_data() -> None:
    """The data set is what the tutorial's own lines make, and the example's file holds it."""
    state = np.random.get_state()
    try:
        np.random.seed(42)
        texts = ["Sentence " + str(i) for i in range(1000)]
        labels = np.random.randint(0, 2, size=1000)
    finally:
        np.random.set_state(state)
    data = tutorial_data()
    assert data["text"].tolist() == texts
    assert data["label"].tolist() == labels.tolist()
    pd.testing.assert_frame_equal(pd.read_csv(EXAMPLE / "sentences.csv"), data, check_dtype=False)


def test_the_generator_leaves_the_global_generator_alone() -> None:
    """Making the data does not touch numpy's global state."""
    before = np.random.get_state()[1].tolist()  # type: ignore[union-attr, index]
    tutorial_data()
    assert np.random.get_state()[1].tolist() == before  # type: ignore[union-attr, index]


def test_the_audit_gives_the_tutorial_s_numbers_and_rejects() -> None:
    """Accuracy 0.525 and matrix [[0, 95], [0, 105]], as the tutorial's steps give them; the gate says no."""
    data = tutorial_data()
    x_train, x_test, y_train, y_test = train_test_split(data["text"], data["label"], test_size=0.2, random_state=42)
    vectorizer = CountVectorizer()
    model = LogisticRegression(random_state=42)
    model.fit(vectorizer.fit_transform(x_train), y_train)
    answers = model.predict(vectorizer.transform(x_test))
    assert accuracy_score(y_test, answers) == 0.525
    assert confusion_matrix(y_test, answers).tolist() == [[0, 95], [0, 105]]

    record = run(prepare(EXAMPLE / "audit.toml"))
    matrix = record.figures["confusion_matrix"]
    performance = {row["metric"]: row["value"] for row in record.figures["performance"].rows}  # type: ignore[union-attr]
    assert [list(row) for row in matrix.counts] == [[0, 95], [0, 105]]  # type: ignore[union-attr]
    assert matrix.labels == (0, 1)  # type: ignore[union-attr]
    assert performance["accuracy"] == 0.525
    assert record.decision.status is Status.REJECTED
    assert record.decision.exit_code == 1
    findings = record.findings()
    assert findings["accuracy.labels_with_zero_recall"].verdict is Verdict.FAILED
    assert findings["accuracy.balanced_accuracy[against=chance]"].verdict is not Verdict.PASSED
