"""A factory: the user's own function that returns an unfitted scikit-learn classifier."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path
from typing import Any

from sklearn.base import clone

from llmops_audit.errors import SubjectError
from llmops_audit.errors.redaction import redacted
from llmops_audit.spec import Spec
from llmops_audit.subjects import first_on_path, import_dotted, subject_info
from llmops_audit.subjects.fitted_parts import fitted_parts
from llmops_audit.subjects.scikit_learn import ScikitLearnSubject, require_classifier, seeded

__all__ = ["from_factory"]


def from_factory(spec: Spec, folder: Path) -> ScikitLearnSubject:
    """Call the factory.

    The classifier gets the column of texts, or a DataFrame of the features: float64 with NaN, and object.

    Raises
    ------
    SubjectError
        Where it cannot be imported or called, or what it returns is not a classifier, or is fitted already.
    """
    path = spec.model.factory or ""
    factory = import_dotted(path, "model.factory", folder)
    if not callable(factory):
        raise SubjectError("model.factory", "cannot be called", "a function", repr(path))
    try:
        with first_on_path(folder):
            estimator = factory()
    except Exception as error:
        raise SubjectError("model.factory", f"fails: {redacted(error)}", got=repr(path)) from error
    require_classifier(estimator, "model.factory", path)
    unfitted, retrained = _unfitted(estimator, path, retrain=spec.model.retrain)
    estimator = seeded(unfitted, spec.audit.seed)
    parameters: dict[str, object] = {"seed": spec.audit.seed, "factory": path, "source_sha256": _source_sha256(factory)}
    if spec.model.threshold is not None:
        parameters["threshold"] = spec.model.threshold
    info = subject_info("factory", type(estimator).__name__, parameters)
    return ScikitLearnSubject(
        estimator,
        info.model_copy(update={"retrained": retrained}),
        spec.data.text,
        spec.data.features,
        spec.data.positive,
        spec.model.threshold,
    )


def _unfitted(estimator: Any, path: str, *, retrain: bool) -> tuple[Any, bool]:
    """Return what is trained here, and whether that takes the place of a fitted classifier."""
    fitted = fitted_parts(estimator)
    if not fitted:
        return estimator, False
    got = f"{path!r}, with a fitted {', '.join(fitted)}"
    try:
        new = clone(estimator)
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise SubjectError("model.factory", f"returns what cannot be cloned: {redacted(error)}", got=got) from error
    saved = "its predictions in a column of the data (`model.predictions`)"
    if fitted_parts(new):
        wrong = "returns a classifier with a fitted part that keeps what it learned elsewhere"
        raise SubjectError("model.factory", wrong, f"one whose parts are all trained here, or {saved}", got)
    if not retrain:
        wrong = "returns a fitted classifier, and training here would make another one of it"
        expected = f"an unfitted one, {saved}, or `model.retrain = true` to have it trained anew"
        raise SubjectError("model.factory", wrong, expected, got)
    return new, True


def _source_sha256(factory: object) -> str | None:
    try:
        file = inspect.getsourcefile(factory)  # type: ignore[arg-type]
    except TypeError:
        return None
    return None if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()
