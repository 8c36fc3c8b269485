"""The one-rule baseline (1R): the best rule on a single feature, which a classifier should beat.

References
----------
Holte (1993). Very simple classification rules perform well on most commonly used datasets. Machine Learning 11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import confusion_matrix
from sklearn.tree import DecisionTreeClassifier

from llmops_audit import stats
from llmops_audit.evidence.base import Batch, Codes
from llmops_audit.record import Message, message
from llmops_audit.record.labels import Label

__all__ = ["OneRule", "one_rule"]

ROWS_TO_PICK = 2000
"""Rows on which the feature is selected: the rules learn from one half and are compared on the other."""

MIN_ROWS = 6
"""Training rows that each branch of a rule needs, as in 1R."""

DEPTH = 3
_LARGEST = 1e30
WORD = r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]{2,}"
"""In Chinese, which is written without spaces, a character is a word."""

Ints = npt.NDArray[np.int64]
PredictRule = Callable[[pa.Table], Ints]
"""From rows to indices into the labels, (n,)."""


@dataclass(frozen=True)
class OneRule:
    """A rule on one feature.

    Attributes
    ----------
    feature : str or Message
        Column, or column and feature of its text; never a word of the data.
    labels : tuple of label
    rule : callable
    """

    feature: str | Message
    labels: tuple[Label, ...]
    rule: PredictRule

    def predict(self, batch: Batch) -> Codes:
        """Return a prediction for each row."""
        return Codes(self.labels, self.rule(batch.table).astype(np.int32))


def one_rule(train: Batch, most: int, *, features: Sequence[str] = (), text: str | None = None) -> OneRule | None:
    """Learn the rule on one feature with the highest balanced accuracy.

    Parameters
    ----------
    train : Batch
        With labels.
    most : int
        Largest number of rows to learn from.
    features : sequence of str
        Columns of numbers and categories.
    text : str, optional
        Column of the text.

    Returns
    -------
    OneRule or None
        None with fewer than two rows a label, and where every feature is missing throughout. Every label counts the
        same, however rare it is.
    """
    if train.label is None or len(train) < MIN_ROWS:
        return None
    sample = train.sample(most)
    pick = sample[:ROWS_TO_PICK]
    halves = pick[np.arange(0, len(pick), 2)], pick[np.arange(1, len(pick), 2)]
    best: tuple[float, str | Message, PredictRule | None] = (0.0, "", None)
    for feature, learn in _features(features, text, pick.table):
        rule = learn(halves[0])
        if rule is None:
            continue
        indices = range(len(train.label.categories))
        table = confusion_matrix(_index(halves[1]), rule(halves[1].table), labels=list(indices))
        score = float(stats.balanced_accuracy(table))
        if score > best[0]:
            # The final rule learns from all rows.
            best = score, feature, learn(sample) or rule
    return None if best[2] is None else OneRule(best[1], train.label.categories, best[2])


def _index(batch: Batch) -> Ints:
    return np.zeros(0, dtype=np.int64) if batch.label is None else batch.label.index.astype(np.int64)


def _features(
    features: Sequence[str], text: str | None, table: pa.Table
) -> Iterator[tuple[str | Message, Callable[[Batch], PredictRule | None]]]:
    for name in features:
        if pa.types.is_floating(table.schema.field(name).type):
            yield name, _on_numbers(lambda rows, name=name: rows.column(name).to_numpy(zero_copy_only=False))  # type: ignore[misc]
        else:
            yield name, _on_categories(name)
    if text is not None:
        yield message("{column}: one word", column=text), _on_a_word(text)
        yield (
            message("{column}: characters", column=text),
            _on_numbers(lambda rows: np.array([len(x) for x in rows.column(text).to_pylist()])),
        )


def _on_numbers(read: Callable[[pa.Table], npt.NDArray[Any]]) -> Callable[[Batch], PredictRule | None]:
    def numbers(rows: pa.Table) -> npt.NDArray[np.float64]:
        # A tree holds float32, adds it up, and refuses what is infinite then.
        return np.clip(np.asarray(read(rows), dtype=np.float64), -_LARGEST, _LARGEST).reshape(-1, 1)

    def learn(batch: Batch) -> PredictRule | None:
        x, y = numbers(batch.table), _index(batch)
        if np.isnan(x).all():
            return None
        tree = DecisionTreeClassifier(
            max_depth=DEPTH, min_samples_leaf=MIN_ROWS, class_weight="balanced", random_state=0
        ).fit(x, y)
        return lambda rows: np.asarray(tree.predict(numbers(rows)), dtype=np.int64)

    return learn


def _on_categories(name: str) -> Callable[[Batch], PredictRule | None]:
    def learn(batch: Batch) -> PredictRule | None:
        values = batch.table.column(name).to_pylist()
        known = {value: i for i, value in enumerate(sorted({str(v) for v in values if v is not None}))}
        category = np.array([known.get(str(v), len(known)) if v is not None else len(known) for v in values])
        y = _index(batch)
        counts = np.zeros((len(known) + 1, int(y.max()) + 1))
        np.add.at(counts, (category, y), 1)
        counts[counts.sum(axis=1) < MIN_ROWS] = 0
        totals = np.maximum(np.bincount(y, minlength=counts.shape[1]), 1)
        predictions = (counts / totals).argmax(axis=1)
        if not known:
            return None

        def rule(rows: pa.Table) -> Ints:
            found = [len(known) if v is None else known.get(str(v), len(known)) for v in rows.column(name).to_pylist()]
            return np.asarray(predictions[np.array(found, dtype=np.int64)], dtype=np.int64)

        return rule

    return learn


def _on_a_word(name: str) -> Callable[[Batch], PredictRule | None]:
    def learn(batch: Batch) -> PredictRule | None:
        vectorizer = CountVectorizer(token_pattern=WORD, binary=True)
        y = _index(batch)
        labels = np.unique(y)
        try:
            words = vectorizer.fit_transform(batch.table.column(name).to_pylist())
        except ValueError:
            return None
        shares = np.stack([np.asarray(words[y == label].mean(axis=0)).ravel() for label in labels])
        # The rule predicts one label where the word occurs and another where it does not.
        best = int((shares.max(axis=0) - shares.min(axis=0)).argmax())
        word = vectorizer.get_feature_names_out()[best]
        present, absent = int(labels[shares[:, best].argmax()]), int(labels[shares[:, best].argmin()])
        one = CountVectorizer(token_pattern=WORD, binary=True, vocabulary=[word])

        def rule(rows: pa.Table) -> Ints:
            occurs = one.transform(rows.column(name).to_pylist()).toarray().ravel() > 0
            return np.where(occurs, present, absent)

        return rule

    return learn
