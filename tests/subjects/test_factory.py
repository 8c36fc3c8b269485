"""A classifier that was fitted elsewhere is not trained anew in silence."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from llmops_audit.audit import prepare, run
from llmops_audit.errors import SpecError, SubjectError
from llmops_audit.render.formats import render_files
from llmops_audit.subjects.fitted_parts import fitted_parts

Project = Callable[..., Path]

X, Y = np.eye(4), np.array([0, 1, 0, 1])

MODULE = """
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


class Frozen(CountVectorizer):
    def __sklearn_clone__(self):
        return self


def _of(vectorizer):
    return make_pipeline(vectorizer, LogisticRegression())


def unfitted():
    return _of(CountVectorizer())


def fitted():
    return unfitted().fit(["see you", "win money"], [0, 1])


def part():
    return _of(CountVectorizer().fit(["see you", "win money"]))


def frozen():
    return _of(Frozen().fit(["see you", "win money"]))
"""


def _spec(project: Project, factory: str, retrain: str = "") -> Path:
    spec = project(
        {
            'vectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n': "",
            'estimator = "sklearn.linear_model:LogisticRegression"': f'factory = "fitted_or_not:{factory}"\n{retrain}',
        }
    )
    (spec.parent / "fitted_or_not.py").write_text(MODULE)
    return spec


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Import the module of each test's own folder."""
    import sys

    monkeypatch.delitem(sys.modules, "fitted_or_not", raising=False)


@pytest.mark.parametrize(("factory", "named"), [("fitted", "Pipeline, CountVectorizer"), ("part", "CountVectorizer")])
def test_a_fitted_classifier_is_refused_with_the_ways_on(project: Project, factory: str, named: str) -> None:
    """What would be judged is another one than was returned: the error says what is fitted, and three ways on."""
    with pytest.raises(SubjectError, match=r"^model\.factory: returns a fitted classifier") as caught:
        run(prepare(_spec(project, factory)))
    said = str(caught.value)
    for way in ("an unfitted one", "`model.predictions`", "`model.retrain = true`", f"with a fitted {named}"):
        assert way in said


def test_an_unfitted_classifier_needs_no_retraining(project: Project) -> None:
    """Nothing was thrown away, and nothing is said of it, whatever `retrain` says."""
    plain, same = run(prepare(_spec(project, "unfitted"))), run(prepare(_spec(project, "unfitted", "retrain = true")))
    assert not plain.subject.retrained
    assert not same.subject.retrained
    assert plain.subject.fitted == same.subject.fitted is not None


def test_retraining_is_said_wherever_the_audit_is_read_first(project: Project) -> None:
    """With `retrain = true` the classifier of the audit is that of an unfitted one, and report and summary say so."""
    record = run(prepare(_spec(project, "fitted", "retrain = true")))
    assert record.subject.retrained
    assert record.subject.fitted == run(prepare(_spec(project, "unfitted"))).subject.fitted
    assert record.subject.fitted is not None
    files = render_files(record, ["html", "markdown"])
    for name in ("report.html", "summary.md"):
        first = files[name].decode().partition("</header>" if name == "report.html" else "## ")[0]
        assert "classifier made by a factory and trained here" in first
        assert "It was trained anew" in first
        assert record.subject.fitted[:12] in first


def test_a_part_that_keeps_what_it_learned_is_refused_even_then(project: Project) -> None:
    """A clone of a frozen part is the part itself: nothing here trains it, and nobody knows on which rows it was."""
    for retrain in ("", "retrain = true"):
        with pytest.raises(SubjectError, match="keeps what it learned elsewhere") as caught:
            run(prepare(_spec(project, "frozen", retrain)))
        assert "with a fitted Frozen" in str(caught.value)
        assert "retrain" not in str(caught.value)


def test_a_function_in_the_place_of_a_class_is_no_way_around(project: Project) -> None:
    """`model.estimator` may name any callable: a fitted one is refused there too."""
    spec = project({"sklearn.linear_model:LogisticRegression": "fitted_or_not:fitted"})
    (spec.parent / "fitted_or_not.py").write_text(MODULE)
    with pytest.raises(SubjectError, match=r"^model\.estimator: is fitted already"):
        run(prepare(spec))


def test_retrain_goes_with_a_factory_alone(project: Project) -> None:
    """Beside an estimator it would say nothing, and so it is an error."""
    with pytest.raises(SpecError, match="`retrain` goes with `factory`"):
        prepare(project({"[model]": "[model]\nretrain = true"}))


class _Own(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that keeps what it learns where only it knows."""

    def __init__(self, part: Any = None) -> None:
        self.part = part
        self.ready_ = None

    def fit(self, x: Any, y: Any) -> _Own:
        """Learn nothing."""
        self._learned = True
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_learned")


class _Stateless(BaseEstimator):  # type: ignore[misc]
    """A part that is always ready."""

    def fit(self, x: Any, y: Any = None) -> _Stateless:
        """Learn nothing."""
        return self

    def transform(self, x: Any) -> Any:
        """Change nothing."""
        return x

    def __sklearn_is_fitted__(self) -> bool:
        return True


class _Frozen(_Stateless):
    """A part whose clone is the part itself, though it shows nothing of what it learned."""

    def __sklearn_clone__(self) -> _Frozen:
        return self


class _Foreign:
    """A classifier of a library that follows other rules."""

    def __init__(self) -> None:
        self.trained = False

    def fit(self, x: Any, y: Any = None) -> _Foreign:
        """Learn nothing."""
        self.trained = True
        return self

    def is_fitted(self) -> bool:
        """Return whether it was trained."""
        return self.trained


FITTED = LogisticRegression().fit(X, Y)


@pytest.mark.parametrize(
    ("estimator", "found"),
    [
        (FITTED, ("LogisticRegression",)),
        (clone(FITTED), ()),
        (make_pipeline(StandardScaler(), LogisticRegression()), ()),
        (make_pipeline(StandardScaler().fit(X), LogisticRegression()), ("StandardScaler",)),
        (make_pipeline("passthrough", LogisticRegression()), ()),
        (ColumnTransformer([("a", make_pipeline(StandardScaler().fit(X)), [0])]), ("Pipeline", "StandardScaler")),
        (CalibratedClassifierCV(FITTED), ("LogisticRegression",)),
        (VotingClassifier([("a", GaussianNB()), ("b", FITTED)]), ("LogisticRegression",)),
        (GridSearchCV(Pipeline([("m", GaussianNB())]), {"m": [GaussianNB(), FITTED]}), ("LogisticRegression",)),
        (make_pipeline(FunctionTransformer(FITTED.predict_proba), GaussianNB()), ("LogisticRegression",)),
        (make_pipeline(FunctionTransformer(partial(FITTED.predict)), GaussianNB()), ("LogisticRegression",)),
        (make_pipeline(FunctionTransformer(np.log1p)), ()),
        (make_pipeline(FunctionTransformer(), HashingVectorizer(), _Stateless()), ()),
        (make_pipeline(CountVectorizer(vocabulary=["a", "b"]), GaussianNB()), ()),
        (_Own(), ()),
        (_Own().fit(X, Y), ("_Own",)),
        (_Own([{"deep": _Own().fit(X, Y)}]), ("_Own",)),
        (_Own(_Frozen()), ("_Frozen",)),
        (_Own(_Foreign()), ()),
        (_Own(_Foreign().fit(X)), ("_Foreign",)),
        (_Own(LogisticRegression), ()),
    ],
)
def test_what_is_fitted_is_found_at_any_depth(estimator: object, found: tuple[str, ...]) -> None:
    """Steps, nested estimators, lists, functions; what needs no fit, or was made ready by its class, is not fitted."""
    assert fitted_parts(estimator) == found


def test_the_frozen_part_of_scikit_learn_is_found() -> None:
    """A `FrozenEstimator` is fitted where its estimator is, and stays so in a clone."""
    frozen = pytest.importorskip("sklearn.frozen", reason="since scikit-learn 1.6").FrozenEstimator
    whole = CalibratedClassifierCV(frozen(FITTED))
    assert fitted_parts(whole) == fitted_parts(clone(whole)) == ("FrozenEstimator", "LogisticRegression")
    assert fitted_parts(CalibratedClassifierCV(frozen(GaussianNB()))) == ()


def test_parts_that_hold_each_other_come_to_an_end() -> None:
    """A classifier that is a parameter of its own part is walked once; no clone of it can say that it is new."""
    one = _Own()
    one.part = [one]
    assert fitted_parts(one) == ("_Own",)
