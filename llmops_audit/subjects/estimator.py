"""An estimator that is trained here, named by its dotted path."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from llmops_audit.errors import SubjectError
from llmops_audit.errors.redaction import redacted
from llmops_audit.record.labels import MISSING
from llmops_audit.spec import Spec
from llmops_audit.subjects import import_dotted, subject_info
from llmops_audit.subjects.fitted_parts import fitted_parts
from llmops_audit.subjects.scikit_learn import ScikitLearnSubject, require_classifier, seeded

__all__ = ["from_estimator"]


def from_estimator(spec: Spec, folder: Path, numeric: frozenset[str]) -> ScikitLearnSubject:
    """Build the pipeline: vectorizer for text, or preprocessing for tabular data, then the estimator.

    Raises
    ------
    SubjectError
    """
    model, data = spec.model, spec.data
    assert model.estimator is not None  # noqa: S101 - the spec's validation holds exactly one kind
    estimator = _created(model.estimator, model.parameters, "model.estimator", "model.parameters", folder)
    require_classifier(estimator, "model.estimator", model.estimator)
    estimator = seeded(estimator, spec.audit.seed)
    parameters: dict[str, object] = {
        "estimator": model.estimator,
        "parameters": model.parameters,
        "seed": spec.audit.seed,
    }
    if model.vectorizer is not None:
        first = _created(
            model.vectorizer,
            model.vectorizer_parameters,
            "model.vectorizer",
            "model.vectorizer_parameters",
            folder,
        )
        if not hasattr(first, "transform"):
            raise SubjectError(
                "model.vectorizer",
                "is not a vectorizer",
                "an object with fit and transform",
                repr(model.vectorizer),
            )
        parameters |= {"vectorizer": model.vectorizer, "vectorizer_parameters": model.vectorizer_parameters}
    else:
        first = preprocessing(data.features, numeric)
        parameters |= {"numeric": sorted(numeric), "categorical": sorted(set(data.features) - numeric)}
    if model.threshold is not None:
        parameters["threshold"] = model.threshold
    names = [path.replace(":", ".").rpartition(".")[2] for path in (model.vectorizer, model.estimator) if path]
    return ScikitLearnSubject(
        Pipeline([("inputs", first), ("estimator", estimator)]),
        subject_info("estimator", " + ".join(names), parameters),
        data.text,
        data.features,
        data.positive,
        model.threshold,
        "estimator__sample_weight",
    )


def preprocessing(features: tuple[str, ...], numeric: frozenset[str]) -> ColumnTransformer:
    """Return the preprocessing of tabular data.

    Numbers: the median where missing, then standardised. Categories: `MISSING` where missing, then one-hot,
    with all zeros for a category that training did not see.
    """
    numbers = Pipeline(
        [("impute", SimpleImputer(strategy="median", keep_empty_features=True)), ("scale", StandardScaler())]
    )
    categories = Pipeline(
        [
            ("impute", SimpleImputer(strategy="constant", fill_value=MISSING, keep_empty_features=True)),
            ("encode", OneHotEncoder(handle_unknown="ignore")),
        ]
    )
    return ColumnTransformer(
        [
            ("numbers", numbers, [name for name in features if name in numeric]),
            ("categories", categories, [name for name in features if name not in numeric]),
        ]
    )


def _created(path: str, parameters: dict[str, Any], key: str, parameters_key: str, folder: Path) -> Any:
    found = import_dotted(path, key, folder)
    if not callable(found):
        raise SubjectError(key, "cannot be called", "a class", repr(path))
    try:
        made = found(**_with_tuples(found, parameters))
    except TypeError as error:
        raise SubjectError(parameters_key, f"do not fit {path!r}: {error}") from error
    except Exception as error:
        raise SubjectError(key, f"cannot be created: {redacted(error)}", got=repr(path)) from error
    if fitted := fitted_parts(made):
        wrong = "is fitted already, and training here would make another one of it"
        raise SubjectError(key, wrong, "an unfitted one", f"{path!r}, with a fitted {', '.join(fitted)}")
    return made


def _with_tuples(callable_: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    # TOML has no tuples, and scikit-learn refuses a list where a parameter's default is a tuple.
    try:
        defaults = {name: parameter.default for name, parameter in inspect.signature(callable_).parameters.items()}
    except ValueError:
        return parameters
    return {
        name: tuple(value) if isinstance(value, list) and isinstance(defaults.get(name), tuple) else value
        for name, value in parameters.items()
    }
