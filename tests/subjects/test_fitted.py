"""The digest of a fitted classifier tells classifiers apart, is the same in every process, or is none."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from collections import OrderedDict, deque
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from llmops_audit.subjects import fitted
from llmops_audit.subjects.fitted import fitted_sha256

RANDOM = np.random.default_rng(7)
X = np.abs(RANDOM.normal(size=(80, 4)))
Y = (X[:, 0] + RANDOM.normal(scale=0.3, size=80) > 0.7).astype(int)
TEXTS = np.array([f"{'win money now' if label else 'see you at noon'} {i % 7}" for i, label in enumerate(Y)])
FRAME = pd.DataFrame({"n": X[:, 0], "c": np.array(["a", "b", "c"])[np.arange(80) % 3]})

NUMBERS: dict[str, Any] = {
    "bayes": GaussianNB(),
    "boosted trees": GradientBoostingClassifier(n_estimators=3, random_state=0),
    "calibrated": CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2),
    "drawn by a generator of its own": RandomForestClassifier(2, random_state=np.random.RandomState(3)),
    "forest": RandomForestClassifier(3, random_state=0),
    "gaussian process": GaussianProcessClassifier(RBF(1.0), random_state=0),
    "gradients": SGDClassifier(random_state=0),
    "grid": GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-8]}, cv=2),
    "histograms": HistGradientBoostingClassifier(max_iter=3, early_stopping=True, random_state=0),
    "logistic": LogisticRegression(),
    "machine": SVC(),
    "neighbours": KNeighborsClassifier(algorithm="kd_tree"),
    "network": MLPClassifier((3,), max_iter=5, early_stopping=True, random_state=0),
    "scaled by a function": make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression()),
    "stacked": StackingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier(random_state=0))], cv=2),
    "tree": DecisionTreeClassifier(random_state=0),
    "voting": VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())], voting="soft"),
}
TEXT: dict[str, Any] = {
    "characters": make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), LogisticRegression()),
    "hashed": make_pipeline(HashingVectorizer(n_features=64), LogisticRegression()),
    "split by a method": make_pipeline(CountVectorizer(tokenizer=str.split, token_pattern=None), LogisticRegression()),
    "words": make_pipeline(CountVectorizer(stop_words=["at"]), LogisticRegression()),
}
COLUMNS = make_pipeline(
    ColumnTransformer([("n", StandardScaler(), ["n"]), ("c", OneHotEncoder(), ["c"])]), LogisticRegression()
)


def _fitted() -> dict[str, Any]:
    found = {name: clone(one).fit(X, Y) for name, one in NUMBERS.items()}
    found |= {name: clone(one).fit(TEXTS, Y) for name, one in TEXT.items()}
    return found | {"columns": clone(COLUMNS).fit(FRAME, Y)}


def digests() -> dict[str, str | None]:
    """Return the digest of every classifier."""
    return {name: fitted_sha256(one) for name, one in _fitted().items()}


@pytest.mark.filterwarnings("ignore")
def test_every_process_gives_the_same_digests() -> None:
    """With another hash seed, another process trains the same classifiers and gives the same digests; none is null."""
    here = digests()
    assert None not in here.values()
    assert len(set(here.values())) == len(here)
    code = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('test_fitted', sys.argv[1])\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['test_fitted'] = module\n"
        "spec.loader.exec_module(module)\n"
        "print(sorted(module.digests().items()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, __file__],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "77"},
    )
    assert done.stdout.strip() == str(sorted(here.items()))


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.filterwarnings("ignore")
def test_other_rows_give_another_digest(name: str) -> None:
    """Two classifiers with the same description that were trained on different rows are two classifiers."""
    one = NUMBERS[name]
    assert fitted_sha256(clone(one).fit(X, Y)) != fitted_sha256(clone(one).fit(X[5:], Y[5:]))


OTHERS: list[tuple[Any, Any]] = [
    (LogisticRegression(C=1.0), LogisticRegression(C=1.5)),
    (LogisticRegression(), GaussianNB()),
    (np.zeros(2), np.zeros(2, np.float32)),
    (np.zeros(2), np.zeros((2, 1))),
    (np.array(["a"]), np.array(["a"], object)),
    (np.array([("a", 1)], "U1,i8"), np.array([("a", 2)], "U1,i8")),
    (np.array(["2026-01-01"], "M8[D]"), np.array(["2026-01-02"], "M8[D]")),
    (np.ma.masked_equal([1, 2], 2), np.ma.masked_equal([1, 2], 1)),
    (sp.csr_matrix(np.eye(2)), sp.csr_matrix(np.ones((2, 2)))),
    (sp.coo_matrix(np.eye(2)), sp.coo_array(np.eye(2))),
    (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    (pd.Series(["a"], dtype="category"), pd.Series(["a"], dtype=pd.CategoricalDtype(["a", "b"]))),
    (pd.Series([1, None]), pd.Series([1, 0])),
    ({"a": 1}, {"a": 1.0}),
    ({"a": 1}, {"a": True}),
    ({"a": 1}, OrderedDict(a=1)),
    ({1: "a"}, {2: "a"}),
    ({"n_threads": 1}, {"n_threads": 2}),
    ([1, 2], (1, 2)),
    ([[1], [2]], [[1, 2]]),
    (["ab", "c"], ["a", "bc"]),
    (["a", b"a"], ["a", "a"]),
    ({1, 2}, {1, 3}),
    ({1, 2}, frozenset({1, 2})),
    (0.0, -0.0),
    (np.int64(1), np.int32(1)),
    (date(2026, 1, 1), "2026-01-01"),
    (len, max),
    (np.exp, np.log),
    (partial(np.add, 1), partial(np.add, 2)),
    (str.split, bytes.split),
    (np.random.RandomState(1), np.random.RandomState(2)),
    (np.random.default_rng(1), np.random.default_rng(2)),
    (None, False),
]


@pytest.mark.parametrize(("one", "other"), OTHERS, ids=lambda value: f"{type(value).__name__}")
def test_what_differs_has_another_digest(one: Any, other: Any) -> None:
    """Class, parameter, type, shape, order of a list, and content all count; the same twice is the same."""
    first, second = fitted_sha256(one), fitted_sha256(other)
    assert first == fitted_sha256(one)
    assert None not in (first, second)
    assert first != second


class _Own(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of a user's own, whose attribute is what a test puts there."""

    def __init__(self, part: Any = None) -> None:
        self.part = part


class _Slotted:
    __slots__ = ("__hidden", "shown")

    def __init__(self, shown: int, hidden: int) -> None:
        self.shown, self.__hidden = shown, hidden


def test_order_of_sets_and_tables_and_shared_parts_have_no_bearing() -> None:
    """Neither the order of keys, nor whether two parts are one object, nor how an array lies in memory is content."""
    assert fitted_sha256({"a": 1, "b": 2}) == fitted_sha256({"b": 2, "a": 1})
    assert fitted_sha256({(1, "a"): 1, "b": 2}) == fitted_sha256({"b": 2, (1, "a"): 1})
    shared = [1.5]
    assert fitted_sha256([shared, shared]) == fitted_sha256([[1.5], [1.5]])
    assert fitted_sha256(np.asfortranarray(X)) == fitted_sha256(X.copy())


def test_what_lies_between_the_fields_of_a_record_is_no_content() -> None:
    """The nodes of a tree are aligned in memory; the bytes that nobody writes differ from run to run."""
    kind = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    zeros, ones = np.zeros(2, kind), np.frombuffer(b"\x01" * 2 * kind.itemsize, kind).copy()
    ones["a"], ones["b"] = 0, 0
    assert zeros.tobytes() != ones.tobytes()
    assert fitted_sha256(zeros) == fitted_sha256(ones)


def test_parts_of_a_users_own_class_count() -> None:
    """Attributes of a Python class are read, those of slots and parts that hold each other too."""
    assert fitted_sha256(_Own(1)) != fitted_sha256(_Own(2))
    assert fitted_sha256(_Slotted(1, 2)) != fitted_sha256(_Slotted(1, 3))
    around, other = _Own(), _Own()
    around.part = [around, 1]
    other.part = [other, 2]
    assert None not in (fitted_sha256(around), fitted_sha256(other))
    assert fitted_sha256(around) != fitted_sha256(other)


@pytest.mark.parametrize(
    "part",
    [
        lambda text: text,
        threading.Lock(),
        ctypes.c_void_p(3),
        deque([1]),
        iter([1]),
        X.sum,
        sys.stdout,
        memoryview(b"a"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_a_part_of_an_unknown_kind_leaves_no_digest(part: Any) -> None:
    """A function of the user's own and what a compiled library hides are not guessed."""
    assert fitted_sha256(_Own(part)) is None
    assert fitted_sha256(_Own([{"deep": part}])) is None


def test_what_is_too_large_or_too_deep_has_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is on bytes and on values, and a list in a list in a list ends somewhere."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert fitted_sha256(deep) is None
    monkeypatch.setattr(fitted, "MAX_BYTES", 100)
    assert fitted_sha256(np.zeros(10)) is not None
    assert fitted_sha256(np.zeros(100)) is None
    assert fitted_sha256(["a" * 200]) is None
    monkeypatch.setattr(fitted, "MAX_VALUES", 10)
    assert fitted_sha256([None, *range(20)]) is None


def test_times_of_training_and_ids_of_objects_are_no_content() -> None:
    """What a search notes of its own speed has no bearing; a term of a vocabulary with such a name has."""
    one, other = (clone(NUMBERS["grid"]).fit(X, Y) for _ in range(2))
    other.refit_time_ = 17.0
    other.cv_results_["mean_fit_time"] = np.ones(2)
    assert fitted_sha256(one) == fitted_sha256(other)
    other.cv_results_["mean_test_score"] = np.ones(2)
    assert fitted_sha256(one) != fitted_sha256(other)
