"""A factory: the user's own function that returns an unfitted scikit-learn classifier."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path

from llmops_audit.errors import SubjectError
from llmops_audit.errors.redaction import redacted
from llmops_audit.spec import Spec
from llmops_audit.subjects import first_on_path, import_dotted, subject_info
from llmops_audit.subjects.scikit_learn import ScikitLearnSubject, require_classifier, seeded

__all__ = ["from_factory"]


def from_factory(spec: Spec, folder: Path) -> ScikitLearnSubject:
    """Call the factory.

    The classifier gets the column of texts, or a DataFrame of the features: float64 with NaN, and object.

    Raises
    ------
    SubjectError
        Where it cannot be imported or called, or what it returns is not a classifier.
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
    estimator = seeded(estimator, spec.audit.seed)
    parameters: dict[str, object] = {"seed": spec.audit.seed, "factory": path, "source_sha256": _source_sha256(factory)}
    if spec.model.threshold is not None:
        parameters["threshold"] = spec.model.threshold
    return ScikitLearnSubject(
        estimator,
        subject_info("factory", type(estimator).__name__, parameters),
        spec.data.text,
        spec.data.features,
        spec.data.positive,
        spec.model.threshold,
    )


def _source_sha256(factory: object) -> str | None:
    try:
        file = inspect.getsourcefile(factory)  # type: ignore[arg-type]
    except TypeError:
        return None
    return None if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()
