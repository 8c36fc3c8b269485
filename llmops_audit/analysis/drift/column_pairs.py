"""What can be compared in two samples of rows: columns, features of texts, labels, predictions and scores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from llmops_audit.analysis.drift.texts import dominant_scripts, text_features, unknown_words
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.rows import Rows

__all__ = [
    "CONFIDENCE",
    "LABEL",
    "PREDICTION",
    "PSEUDO_COLUMNS",
    "ROWS",
    "SCORE",
    "ColumnPair",
    "column_pairs",
    "label_pair",
    "output_pairs",
    "text_pairs",
]

LABEL, PREDICTION, SCORE = "(label)", "(prediction)", "(score)"
ROWS = "(rows)"
PSEUDO_COLUMNS = (LABEL, PREDICTION, SCORE, ROWS)
"""Names of labels, predictions, scores and whole rows among the compared columns."""

CONFIDENCE = "confidence"
"""Feature: the highest of the scores of several labels."""

DECIMALS = 2

_DAY = pd.Timedelta(days=1)
_LOOKS_LIKE_A_DATE = re.compile(r"\d-?\d\d-?\d\d")


@dataclass(frozen=True)
class ColumnPair:
    """A column, or a feature of it, in two samples.

    Attributes
    ----------
    column : str
    feature : str, optional
        None: the values of the column themselves.
    numeric : bool
    reference, current : pandas.Series, (n,) and (m,)
        Numbers (float64), or categories (str objects); NaN or None where there is no value.
    strata : tuple of numpy array of int, (n,) and (m,), optional
        Rows of different strata cannot be compared: predictions and scores of different fold models.
    """

    column: str
    feature: str | None
    numeric: bool
    reference: pd.Series
    current: pd.Series
    strata: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None

    @property
    def of_data(self) -> bool:
        """Whether it is a data column, whose missing and new values are compared as well."""
        return self.feature is None and self.column not in (LABEL, PREDICTION, SCORE)

    def part(self, rows: npt.NDArray[np.bool_]) -> ColumnPair:
        """Return the pair with only some of the current rows, (m,)."""
        strata = None if self.strata is None else (self.strata[0], self.strata[1][rows])
        return ColumnPair(self.column, self.feature, self.numeric, self.reference, self.current[rows], strata)


def column_pairs(reference: Rows, current: Rows, task: Task) -> Iterator[ColumnPair]:
    """Compare features, as numbers, times or categories.

    Texts of numbers are numbers unless the audit trained on them as categories. Texts of times in ISO 8601 are
    compared as days since 1970, by weekday, and by hour where they have one.
    """
    for name in task.features:
        old, new = (rows.table.column(name) for rows in (reference, current))
        if (numbers := _numbers(old, new, parse=name not in task.categorical)) is not None:
            yield ColumnPair(name, None, True, *numbers)
            continue
        texts = _texts(old), _texts(new)
        if (times := _times(*texts)) is not None:
            yield from _time_pairs(name, *times)
        else:
            yield ColumnPair(name, None, False, *texts)


def _numbers(old: pa.ChunkedArray, new: pa.ChunkedArray, *, parse: bool) -> tuple[pd.Series, pd.Series] | None:
    both = old, new
    if not (all(pa.types.is_floating(column.type) for column in both) or (parse and all(map(_all_numbers, both)))):
        return None
    read = [pd.to_numeric(column.to_pandas()).astype(float) for column in both]
    # Missing values alone do not show what type the column has.
    return (read[0], read[1]) if any(series.notna().any() for series in read) else None


def _all_numbers(column: pa.ChunkedArray) -> bool:
    if pa.types.is_boolean(column.type):
        return False
    different = column.unique().drop_null().to_pandas()
    return bool(pd.to_numeric(different, errors="coerce").notna().all())


def _texts(column: pa.ChunkedArray) -> pd.Series:
    series: pd.Series = column.to_pandas()
    return series.astype(str).astype(object).where(series.notna(), None)


def _times(old: pd.Series, new: pd.Series) -> tuple[pd.Series, pd.Series] | None:
    times = []
    for series in (old, new):
        if not all(map(_LOOKS_LIKE_A_DATE.search, series.dropna().unique())):
            return None
        found = pd.to_datetime(series, format="ISO8601", errors="coerce", utc=True)
        if (found.notna() != series.notna()).any():
            return None
        times.append(found)
    return (times[0], times[1]) if any(found.notna().any() for found in times) else None


def _time_pairs(name: str, old: pd.Series, new: pd.Series) -> Iterator[ColumnPair]:
    days = [((times - pd.Timestamp(0, tz="UTC")) / _DAY).astype(float) for times in (old, new)]
    yield ColumnPair(name, None, True, days[0], days[1])
    weekdays = [times.dt.day_name().astype(object).where(times.notna(), None) for times in (old, new)]
    yield ColumnPair(name, "weekday", False, weekdays[0], weekdays[1])
    hours = [(times.dt.hour + times.dt.minute / 60.0).astype(float) for times in (old, new)]
    if any((part > 0.0).any() for part in hours):
        yield ColumnPair(name, "hour", True, hours[0], hours[1])


def text_pairs(reference: Rows, current: Rows, task: Task) -> Iterator[ColumnPair]:
    """Compare the text by its form, its script, and the share of its words that the reference does not contain."""
    if task.text is None:
        return
    old, new = (rows.table.column(task.text).to_pylist() for rows in (reference, current))
    before, after = text_features(old), text_features(new)
    for feature, values in before.items():
        yield ColumnPair(task.text, feature, True, pd.Series(values), pd.Series(after[feature]))
    yield ColumnPair(task.text, "script", False, pd.Series(dominant_scripts(old)), pd.Series(dominant_scripts(new)))
    unknown = unknown_words(old, new, task.seed)
    yield ColumnPair(task.text, "unknown_words", True, pd.Series(unknown[0]), pd.Series(unknown[1]))


def label_pair(reference: Rows, current: Rows) -> Iterator[ColumnPair]:
    """Compare labels, where both samples have any."""
    if _any(reference.label, current.label):
        yield ColumnPair(LABEL, None, False, _texts(reference.label), _texts(current.label))


def output_pairs(reference: Rows, current: Rows) -> Iterator[ColumnPair]:
    """Compare predictions and scores, where both samples have any: of one subject, or within those of a fold model."""
    folds = None if reference.fold is None or current.fold is None else (reference.fold, current.fold)
    predictions = reference.prediction, current.prediction
    if _any(*predictions):
        yield ColumnPair(PREDICTION, None, False, _texts(predictions[0]), _texts(predictions[1]), folds)
    old, new = reference.scores, current.scores
    if old is None or new is None:
        return
    common = [label for label in old.labels if label in new.labels]
    if len(common) == 1:
        values = [scores.values[:, scores.labels.index(common[0])] for scores in (old, new)]
        yield ColumnPair(SCORE, None, True, _rounded(values[0]), _rounded(values[1]), folds)
    elif common:
        highest = [pd.DataFrame(scores.values).max(axis=1).to_numpy() for scores in (old, new)]
        yield ColumnPair(SCORE, CONFIDENCE, True, _rounded(highest[0]), _rounded(highest[1]), folds)


def _any(old: pa.Array, new: pa.Array) -> bool:
    return bool(old.null_count < len(old) and new.null_count < len(new))


def _rounded(scores: npt.NDArray[np.float64]) -> pd.Series:
    """Round probabilities to two decimals: nobody acts upon the third, and equal ones are counted together."""
    known = scores[~np.isnan(scores)]
    probabilities = bool(((known >= 0.0) & (known <= 1.0)).all())
    return pd.Series(scores.round(DECIMALS) if probabilities else scores)
