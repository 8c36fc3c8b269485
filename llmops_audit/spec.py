"""The spec: what `audit.toml` may say, and every way in which it can be wrong, told at once."""

from __future__ import annotations

import hashlib
import json
import math
import os.path
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from llmops_audit.errors import Problem, SpecError
from llmops_audit.model import GatePolicy
from llmops_audit.problems import problems_of
from llmops_audit.values import canonical_label, label_order

__all__ = ["SPLITS", "Draft", "Spec", "as_json", "key_lines", "read_spec"]

SPLITS = ("train", "test", "live")

LabelValue = str | bool | int | float
NonEmpty = Annotated[str, Field(min_length=1)]
Paths = NonEmpty | Annotated[tuple[NonEmpty, ...], Field(min_length=1)]
DottedPath = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*[:.][A-Za-z_]\w*$")]
# The name becomes a folder: nothing that could leave it, and no hidden folder.
FolderName = Annotated[str, Field(pattern=r"^[^\W_][\w.-]*$", max_length=100)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class AuditSection(_Section):
    """`[audit]`: what is audited and why."""

    name: FolderName = Field(description="Name of the system under audit; part of the output folder's name.")
    version: FolderName = Field(description="Version of the system under audit.")
    purpose: str | None = Field(default=None, description="What the system is for.")
    owner: str | None = Field(default=None, description="Who answers for it.")
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = Field(default=42, description="The one source of randomness.")
    language: Literal["en", "zh"] = Field(default="en", description="Language of the report.")


class DataSection(_Section):
    """`[data]`: files and what their columns mean."""

    path: Paths | None = Field(default=None, description="File or files that are split into train and test here.")
    train: Paths | None = Field(default=None, description="File or files of the training split.")
    test: Paths | None = Field(default=None, description="File or files of the test split.")
    live: Paths | None = Field(default=None, description="File or files of production rows; labels may be missing.")
    test_size: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.2, description="Share of `path` that is tested on."
    )
    stratify: bool = Field(default=True, description="Split `path` so that both parts have the same label shares.")
    text: NonEmpty | None = Field(default=None, description="Column of the text that is classified.")
    features: tuple[NonEmpty, ...] = Field(default=(), description="Feature columns of tabular data.")
    categorical: tuple[NonEmpty, ...] = Field(
        default=(), description="Features that are categories though they look like numbers."
    )
    label: NonEmpty = Field(description="Column of the true label.")
    labels: Annotated[tuple[LabelValue, ...], Field(min_length=2)] | None = Field(
        default=None, description="The fixed list of labels; otherwise those of train and test."
    )
    positive: LabelValue | None = Field(
        default=None, description="The label that precision, recall and selection speak of."
    )
    groups: tuple[NonEmpty, ...] = Field(default=(), description="Columns of sensitive attributes.")
    weight: NonEmpty | None = Field(default=None, description="Column of sample weights.")
    unit: NonEmpty | None = Field(
        default=None,
        description="Column of the person or document that rows belong to; intervals then allow for their dependence.",
    )
    time: NonEmpty | None = Field(default=None, description="Column of the time a row stems from.")
    id: NonEmpty | None = Field(default=None, description="Column that identifies a row.")
    missing: tuple[str, ...] = Field(
        default=("", "NA", "N/A", "NaN", "nan", "null", "NULL"),
        description="Texts that mean a missing value; texts to classify are left as they are.",
    )
    encoding: NonEmpty = Field(default="utf-8", description="Encoding of text files.")
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = Field(
        default=None, description="Separator of fields; by default a comma, in .tsv a tab."
    )
    quote: bool = Field(default=True, description="Whether a double quote quotes.")
    columns: tuple[NonEmpty, ...] | None = Field(default=None, description="Column names of files without a header.")
    skip_rows: Annotated[int, Field(ge=0)] = Field(default=0, description="Lines to skip at the top of each file.")
    harmless: NonEmpty | None = Field(
        default=None, description="File of salted hashes of values that are known to be no personal data."
    )
    sample: Annotated[int, Field(ge=100)] = Field(
        default=10_000, description="Most rows a split that checks on rows work on."
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if (self.path is None) == (self.test is None):
            raise ValueError("name either `path`, to be split here, or `test`")
        if self.path is not None and self.train is not None:
            raise ValueError("`train` goes with `test`, not with `path`")
        if self.text is not None and self.features:
            raise ValueError("name either `text` or `features`, not both")
        files = [os.path.normpath(path) for part in ("path", "train", "test") for path in self.paths(part)]
        if len(set(files)) < len(files):
            raise ValueError("a file is named twice: rows must not count twice, or be trained and tested on")
        unknown = [name for name in self.categorical if name not in self.features]
        if unknown:
            raise ValueError(f"`categorical` names {unknown[0]!r}, which is no feature")
        if self.labels is not None:
            labels = [canonical_label(label) for label in self.labels]
            if len(set(labels)) < len(labels):
                raise ValueError("`labels` names a label twice")
            if self.positive is not None and canonical_label(self.positive) not in labels:
                raise ValueError("`positive` is not among `labels`")
        return self

    @model_validator(mode="after")
    def _columns_mean_one_thing(self) -> Self:
        named = [*self.features, *filter(None, (self.text, self.weight, self.time, self.id)), self.label]
        # A unit may be a feature, a group or the id as well, but not what rows are read, weighed or judged by.
        doubled = {name for name in named if named.count(name) > 1} | {self.unit} & {self.text, self.weight, self.label}
        if known := sorted(name for name in doubled if name is not None):
            raise ValueError(f"column {known[0]!r} has two meanings")
        return self

    def paths(self, split: str) -> tuple[str, ...]:
        """Return the paths of ``"path"``, ``"train"``, ``"test"`` or ``"live"`` as the spec writes them."""
        value = getattr(self, split)
        return () if value is None else (value,) if isinstance(value, str) else tuple(value)

    @property
    def fixed_labels(self) -> tuple[str | int | float, ...] | None:
        """`labels` in their one form, sorted; None where the spec does not fix them."""
        return None if self.labels is None else label_order(map(canonical_label, self.labels))


class ModelSection(_Section):
    """`[model]`: the classifier, by exactly one of `estimator`, `factory` and `predictions`."""

    estimator: DottedPath | None = Field(
        default=None,
        description="Classifier that is trained here, e.g. sklearn.linear_model:LogisticRegression.",
    )
    parameters: dict[str, Any] = Field(default_factory=dict, description="Parameters of the estimator.")
    vectorizer: DottedPath | None = Field(default=None, description="Turns the text into features.")
    vectorizer_parameters: dict[str, Any] = Field(default_factory=dict, description="Parameters of the vectorizer.")
    factory: DottedPath | None = Field(
        default=None, description="Function that returns an unfitted scikit-learn classifier."
    )
    predictions: NonEmpty | None = Field(default=None, description="Column of saved predictions; nothing is trained.")
    scores: NonEmpty | dict[str, NonEmpty] | None = Field(
        default=None, description="Column of saved scores of the positive label, or a table label -> column."
    )
    threshold: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Score of the positive label from which it is predicted."
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        kinds = [kind for kind in ("estimator", "factory", "predictions") if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError("name exactly one of `estimator`, `factory` and `predictions`")
        if self.estimator is None and (self.parameters or self.vectorizer):
            raise ValueError("`parameters` and `vectorizer` go with `estimator`")
        if self.vectorizer_parameters and self.vectorizer is None:
            raise ValueError("`vectorizer_parameters` go with `vectorizer`")
        if self.predictions is None and self.scores is not None:
            raise ValueError("`scores` go with `predictions`")
        if self.predictions is not None and self.threshold is not None:
            raise ValueError("saved predictions are taken as they are: `threshold` goes with `estimator` or `factory`")
        return self


class BaselineSection(_Section):
    """`[baseline]`: the release before, that the subject must not be worse than."""

    record: NonEmpty | None = Field(default=None, description="Path of its record.json.")
    predictions: NonEmpty | None = Field(
        default=None, description="Column of its predictions for the rows of the test split."
    )

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if self.record is None and self.predictions is None:
            raise ValueError("name `record`, `predictions`, or both")
        return self


class GateSection(_Section):
    """`[gate]`: how sure an approval must be."""

    confidence: Annotated[float, Field(ge=0.5, lt=1)] = Field(default=0.95, description="Confidence of every interval.")
    decide: Literal["bound", "point"] = Field(
        default="bound", description="Decide on confidence bounds, or on values as they are."
    )
    on_inconclusive: Literal["review", "reject"] = Field(
        default="review", description="What an undecided requirement asks for."
    )

    def policy(self) -> GatePolicy:
        """Return the section as the record keeps it."""
        return GatePolicy(**self.model_dump())


class CardSection(_Section):
    """`[card]`: the system, for those who answer for it."""

    intended_use: NonEmpty | None = Field(default=None, description="What it is meant for, and where.")
    intended_users: NonEmpty | None = Field(
        default=None, description="Who works with its answers, and whom they are about."
    )
    misuse: NonEmpty | None = Field(
        default=None, description="What it is not meant for, and the misuse that can be foreseen."
    )
    limitations: NonEmpty | None = Field(default=None, description="Where it is known to fail.")
    human_oversight: NonEmpty | None = Field(default=None, description="Who may overrule or stop it, and how.")
    data_source: NonEmpty | None = Field(
        default=None, description="Where the data come from, how they were selected and labelled."
    )
    license: NonEmpty | None = Field(default=None, description="License of the classifier, as an SPDX identifier.")
    contact: NonEmpty | None = Field(default=None, description="Who answers questions.")
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = Field(
        default=(), description="Languages of the texts that it reads, as ISO 639 codes."
    )


class Spec(_Section):
    """All that `audit.toml` says."""

    audit: AuditSection
    data: DataSection
    model: ModelSection
    checks: Annotated[dict[str, dict[str, Any]], Field(min_length=1)] = Field(
        description="The checks that run, each with its settings."
    )
    baseline: BaselineSection | None = None
    gate: GateSection = GateSection()
    card: CardSection | None = None
    frameworks: tuple[NonEmpty, ...] = Field(
        default=(), description="Laws, standards and guides that the report is read against, by name."
    )
    plugins: tuple[NonEmpty, ...] = Field(
        default=(), description="Files or folders of single-file checks, relative to the spec."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.model.predictions is None:
            if self.data.path is None and self.data.train is None:
                raise ValueError("a classifier that is trained here needs `data.path` or `data.train`")
            if self.data.text is None and not self.data.features:
                raise ValueError("a classifier that is trained here needs `data.text` or `data.features`")
        if self.data.path is not None and self.model.predictions is not None:
            raise ValueError("saved predictions are not split here: name `data.test`")
        scores = self.model.scores.values() if isinstance(self.model.scores, dict) else [self.model.scores]
        before = None if self.baseline is None else self.baseline.predictions
        answers = [self.data.label, *(name for name in (self.model.predictions, before, *scores) if name is not None)]
        doubled = sorted({name for name in answers if answers.count(name) > 1})
        if doubled:
            raise ValueError(f"column {doubled[0]!r} cannot be two of label, prediction and score")
        if self.model.vectorizer is not None and self.data.text is None:
            raise ValueError("`model.vectorizer` needs `data.text`")
        if self.model.estimator is not None and self.data.text is not None and self.model.vectorizer is None:
            raise ValueError("an estimator on `data.text` needs `model.vectorizer`")
        if (self.model.threshold is not None or isinstance(self.model.scores, str)) and self.data.positive is None:
            raise ValueError("a threshold or a single column of scores needs `data.positive`")
        return self


@dataclass(frozen=True)
class Draft:
    """A spec that was read, with all that is wrong with it.

    Attributes
    ----------
    file : str
        Name of the file.
    folder : Path
        Folder that its paths are relative to.
    raw : dict
        What TOML says.
    sha256 : str
        Of the file's bytes.
    lines : mapping of key to int
        Line of each key, from 1.
    spec : Spec or None
        None where there are problems.
    problems : tuple of Problem
    """

    file: str
    folder: Path
    raw: dict[str, Any]
    sha256: str
    lines: Mapping[tuple[str, ...], int]
    spec: Spec | None
    problems: tuple[Problem, ...]

    def source(self, *key: str) -> str | None:
        """Return ``file:line`` of a key, or of the nearest key above it."""
        for end in range(len(key), 0, -1):
            if key[:end] in self.lines:
                return f"{self.file}:{self.lines[key[:end]]}"
        return None


def read_spec(path: Path) -> Draft:
    """Read and validate `audit.toml`, but for the settings of checks.

    Raises
    ------
    SpecError
        Where the file cannot be read or is no TOML; other problems stand in the draft.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
        raw = tomllib.loads(text)
    except FileNotFoundError:
        raise SpecError(str(path), "no such file") from None
    except OSError as error:
        raise SpecError(str(path), "cannot be read", got=error.strerror) from None
    except UnicodeDecodeError as error:
        raise SpecError(str(path), f"byte {error.start} is not UTF-8", "a UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise SpecError(str(path), f"is no TOML: {error}") from None
    spec, problems = None, _not_finite(raw, path.name)
    if not problems:
        try:
            spec = Spec.model_validate_json(as_json(raw))
        except ValidationError as error:
            problems = list(problems_of(error, path.name, (), Spec))
    digest = hashlib.sha256(content).hexdigest()
    return Draft(path.name, path.parent, raw, digest, key_lines(text), spec, tuple(problems))


def as_json(value: object) -> str:
    """Write TOML values as JSON: arrays may then stand for tuples while all other types stay strict."""
    return json.dumps(value, default=str)


def _not_finite(value: object, file: str, key: tuple[str, ...] = ()) -> list[Problem]:
    if isinstance(value, float) and not math.isfinite(value):
        return [Problem(f"{file}: {'.'.join(key)}", "is not finite", "a number", str(value))]
    items: Iterator[tuple[str, object]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list):
        items = ((str(i), item) for i, item in enumerate(value))
    return [problem for name, item in items for problem in _not_finite(item, file, (*key, name))]


_HEADER = re.compile(r"^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Find the line of each table and key of a TOML text.

    Parameters
    ----------
    text : str

    Returns
    -------
    dict
        Key as a tuple of parts, to its line, counted from 1. Keys inside an inline table share the line of the
        table's own key.
    """
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(table + _parts(key[1]), number)
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", dotted))
