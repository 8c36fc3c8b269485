"""Subjects: the classifiers under audit, a file for each kind, behind one small interface."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from llmops_audit.errors import SubjectError
from llmops_audit.evidence.base import Batch, Codes, ScoreMatrix
from llmops_audit.record import SubjectInfo
from llmops_audit.spec import Spec

__all__ = ["Subject", "Trainable", "first_on_path", "import_dotted", "open_subject", "subject_info"]


class Subject(Protocol):
    """A classifier under audit.

    Attributes
    ----------
    info : SubjectInfo
    """

    @property
    def info(self) -> SubjectInfo:
        """What the record says of it."""
        ...

    def predict(self, batch: Batch) -> Codes:
        """Return a prediction for each row."""
        ...


@runtime_checkable
class Trainable(Subject, Protocol):
    """A subject that is trained here."""

    def score(self, batch: Batch) -> ScoreMatrix | None:
        """Return scores of each row; None where the subject gives none."""
        ...

    def fit(self, batch: Batch) -> Self:
        """Return the subject trained on these rows; the subject itself does not change."""
        ...

    def identified(self) -> Self:
        """Return the trained subject with the digest by which it is known again."""
        ...


def open_subject(spec: Spec, folder: Path, numeric: frozenset[str]) -> Subject:
    """Create the subject that a spec names, not yet trained.

    Parameters
    ----------
    spec : Spec
    folder : Path
        Folder of the spec, which is searched first for modules.
    numeric : frozenset of str
        The features that are numbers.

    Raises
    ------
    SubjectError
        Where it cannot be imported, or is not a classifier.
    """
    if spec.model.predictions is not None:
        from llmops_audit.subjects.predictions import from_predictions

        return from_predictions(spec)
    if not spec.model.trained_here:
        from llmops_audit.subjects.saved_scores import from_scores

        return from_scores(spec)
    if spec.model.factory is not None:
        from llmops_audit.subjects.factory import from_factory

        return from_factory(spec, folder)
    from llmops_audit.subjects.estimator import from_estimator

    return from_estimator(spec, folder, numeric)


def subject_info(kind: str, description: str, parameters: dict[str, object]) -> SubjectInfo:
    """Describe a subject that is not yet trained or read."""
    parameters = json.loads(json.dumps(parameters, default=str))
    return SubjectInfo(kind=kind, description=description, parameters=parameters)


def import_dotted(path: str, key: str, folder: Path) -> object:
    """Import what a dotted path of the spec names.

    Parameters
    ----------
    path : str
        ``"package.module:name"`` or ``"package.module.name"``.
    key : str
        Key of the spec that holds it, for errors.
    folder : Path
        Searched first.

    Raises
    ------
    SubjectError
    """
    module_name, _, name = path.partition(":") if ":" in path else path.rpartition(".")
    with first_on_path(folder):
        try:
            module = importlib.import_module(module_name)
        except Exception as error:
            raise SubjectError(key, f"cannot be imported: {type(error).__name__}: {error}", got=repr(path)) from error
    found = getattr(module, name, None)
    if found is None:
        raise SubjectError(key, f"module '{module_name}' has no '{name}'", got=repr(path))
    return found


@contextmanager
def first_on_path(folder: Path) -> Iterator[None]:
    """Search a folder first for modules."""
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)
