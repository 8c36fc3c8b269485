"""The sections of `audit.toml`: each key, its type, and what it means."""

from __future__ import annotations

import os.path
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from llmops_audit.record import Card, CheckGate, GatePolicy
from llmops_audit.record.labels import as_listed, canonical_label, label_order

__all__ = [
    "AuditSection",
    "BaselineSection",
    "CardSection",
    "CheckSection",
    "DataSection",
    "GateSection",
    "ModelSection",
    "NonEmpty",
    "OutputSection",
    "OverlapSection",
    "Reason",
    "SpecSection",
]

SCOPE_WORDS = frozenset({"against", "attribute", "split"})
"""Keys of a finding's scope that group columns must not be named."""


def _text_of_id(value: object) -> object:
    if isinstance(value, dict):
        raise ValueError('an id has dots, so it stands in quotes: "fairness.selection_rate_ratio" = "…"')
    return value


SpecLabel = str | bool | int | float
NonEmpty = Annotated[str, Field(min_length=1)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Paths = NonEmpty | Annotated[tuple[NonEmpty, ...], Field(min_length=1)]
DottedPath = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*[:.][A-Za-z_]\w*$")]
Reason = Annotated[Prose, BeforeValidator(_text_of_id)]
# The name becomes a folder: it must not point elsewhere or be hidden.
FolderName = Annotated[str, Field(pattern=r"^[^\W_][\w.-]*$", max_length=100)]


class SpecSection(BaseModel):
    """A section of the spec: frozen, strict, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class AuditSection(SpecSection):
    """`[audit]`: what is audited, and why."""

    name: FolderName = Field(description="Name of the system under audit; part of the output folder's name.")
    version: FolderName = Field(description="Version of the system under audit.")
    purpose: str | None = Field(default=None, description="What the system is for.")
    owner: str | None = Field(default=None, description="Who is responsible for it.")
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = Field(default=42, description="The one source of randomness.")
    language: Literal["en", "zh"] = Field(default="en", description="Language of the report.")


class OverlapSection(SpecSection):
    """`train_test_overlap` of `[data]`: rows that stand in the training rows as well, where they are meant to."""

    expected: Prose = Field(description='Why rows repeat, such as "five coarse columns; rows repeat".')


class DataSection(SpecSection):
    """`[data]`: files and what their columns mean."""

    path: Paths | None = Field(default=None, description="File or files that are split into train and test here.")
    train: Paths | None = Field(default=None, description="File or files of the training split.")
    test: Paths | None = Field(default=None, description="File or files of the test split.")
    live: Paths | None = Field(default=None, description="File or files of production rows; labels may be missing.")
    test_size: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.2, description="Share of `path` that becomes the test split."
    )
    stratify: bool = Field(default=True, description="Split `path` so that both parts have the same label shares.")
    text: NonEmpty | None = Field(default=None, description="Column of the text that is classified.")
    features: tuple[NonEmpty, ...] = Field(default=(), description="Feature columns of tabular data.")
    categorical: tuple[NonEmpty, ...] = Field(
        default=(), description="Features that are categories though they look like numbers."
    )
    label: NonEmpty = Field(description="Column of the true label.")
    labels: Annotated[tuple[SpecLabel, ...], Field(min_length=2)] | None = Field(
        default=None, description="The fixed list of labels; otherwise those of train and test."
    )
    positive: SpecLabel | None = Field(
        default=None, description="The label that precision, recall and selection rate refer to."
    )
    groups: tuple[NonEmpty, ...] = Field(default=(), description="Columns of sensitive attributes.")
    weight: NonEmpty | None = Field(default=None, description="Column of sample weights.")
    unit: NonEmpty | None = Field(
        default=None,
        description="Column of the person or document that rows belong to; intervals then allow for their dependence.",
    )
    time: NonEmpty | None = Field(
        default=None, description="Column with the time of a row: ISO 8601, a year, a month or a quarter (2026-Q4)."
    )
    id: NonEmpty | None = Field(default=None, description="Column that identifies a row.")
    na_values: tuple[str, ...] = Field(
        default=("", "NA", "N/A", "NaN", "nan", "null", "NULL"),
        description="Strings that mean a missing value; texts to classify are left as they are.",
    )
    encoding: NonEmpty = Field(default="utf-8", description="Encoding of text files.")
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = Field(
        default=None, description="Separator of fields; by default a comma, in .tsv a tab."
    )
    quote: bool = Field(default=True, description="Whether double quotes enclose fields.")
    decimal: Literal[".", ","] = Field(default=".", description="Decimal sign of the numbers in text files.")
    thousands: Annotated[str, Field(pattern=r"^[.,' ]$")] | None = Field(
        default=None, description="Separator of thousands in the numbers of text files: a comma, point, space or '."
    )
    column_names: tuple[NonEmpty, ...] | None = Field(
        default=None, description="Column names of files without a header."
    )
    skip_rows: Annotated[int, Field(ge=0)] = Field(default=0, description="Lines to skip at the top of each file.")
    allow_list: NonEmpty | None = Field(
        default=None, description="File of salted hashes of values that the search for personal data leaves out."
    )
    sample: Annotated[int, Field(ge=100)] = Field(
        default=10_000, description="Largest sample of each split for checks that work on rows."
    )

    train_test_overlap: OverlapSection | None = Field(
        default=None,
        description="Why rows are expected to stand in the training rows as well; seen rows are then only described.",
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
            raise ValueError("a file is named twice: its rows would count twice, or be both trained and tested on")
        unknown = [name for name in self.categorical if name not in self.features]
        if unknown:
            raise ValueError(f"`categorical` names {unknown[0]!r}, which is not a feature")
        if self.decimal == self.thousands:
            raise ValueError("`decimal` and `thousands` are the same sign")
        if self.labels is not None:
            labels = self.listed_labels(texts=self.labels_are_texts) or ()
            if len(labels) < len(self.labels):
                raise ValueError("`labels` names a label twice")
            if self.positive is not None and as_listed(self.positive, labels) not in labels:
                raise ValueError("`positive` is not among `labels`")
        return self

    @model_validator(mode="after")
    def _columns_mean_one_thing(self) -> Self:
        named = [*self.features, *filter(None, (self.text, self.weight, self.time, self.id)), self.label]
        # A unit may also be a feature, a group or the id, but not the text, the weight or the label.
        doubled = {name for name in named if named.count(name) > 1} | {self.unit} & {self.text, self.weight, self.label}
        if known := sorted(name for name in doubled if name is not None):
            raise ValueError(f"column {known[0]!r} has two meanings")
        if taken := sorted(SCOPE_WORDS.intersection(self.groups)):
            raise ValueError(f"`groups` names {taken[0]!r}, a reserved word of findings: rename the column")
        return self

    def paths(self, split: str) -> tuple[str, ...]:
        """Return the paths of ``"path"``, ``"train"``, ``"test"`` or ``"live"`` as the spec writes them."""
        value = getattr(self, split)
        return () if value is None else (value,) if isinstance(value, str) else tuple(value)

    @property
    def labels_are_texts(self) -> bool:
        """Whether two of `labels` would be one if texts were read as numbers, such as 1.1 and 1.10."""
        named = self.labels or ()
        return len({canonical_label(label) for label in named}) < len(named)

    def listed_labels(self, *, texts: bool) -> tuple[str | int | float, ...] | None:
        """Return `labels` in their one form, sorted, see `canonical_label`; None where the spec does not fix them."""
        if self.labels is None:
            return None
        return label_order(canonical_label(label, texts=texts) for label in self.labels)


class OutputSection(SpecSection):
    """`[model.output]`: how an output becomes a label; one that does not become a label counts as wrong."""

    match: Literal["exact", "only_label", "first_label", "last_label", "regex", "json"] = Field(
        default="exact",
        description="The output is the label; or holds one label alone, is read by its first or last label, by a "
        "pattern, or as JSON.",
    )
    pattern: NonEmpty | None = Field(
        default=None, description="Regular expression whose one group holds the label; its first match counts."
    )
    path: NonEmpty | None = Field(
        max_length=200,
        default=None,
        description="Key of the label in a JSON output, or the keys to it with dots between them.",
    )
    ignore: tuple[Literal["case", "punctuation", "whitespace", "markdown"], ...] = Field(
        default=(),
        description="What makes no difference between an output and a label: upper case and width, punctuation at "
        "the ends, runs of white space, marks of Markdown.",
    )
    spellings: dict[str, tuple[NonEmpty, ...]] = Field(
        default_factory=dict, description="Label -> other texts that stand for it."
    )

    @model_validator(mode="after")
    def _goes_with_match(self) -> Self:
        for key, needed_by in (("pattern", "regex"), ("path", "json")):
            if (getattr(self, key) is not None) != (self.match == needed_by):
                raise ValueError(f'`{key}` goes with `match = "{needed_by}"`, which needs it')
        if self.pattern is not None:
            _check_pattern(self.pattern)
        return self

    @property
    def plain(self) -> bool:
        """Whether an output is a label only as it stands."""
        return self.match == "exact" and not self.ignore and not self.spellings


def _check_pattern(pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"`pattern` is no regular expression: {error}") from error
    if groups != 1:
        raise ValueError(f"`pattern` needs one group, which holds the label, as in 'answer is (.+)'; it has {groups}")


class ModelSection(SpecSection):
    """`[model]`: the classifier, by exactly one of `estimator`, `factory` and `predictions`, or by `scores` alone."""

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
    retrain: bool = Field(
        default=False,
        description="Whether a fitted classifier of the factory is cloned and trained anew; otherwise it is refused.",
    )
    predictions: NonEmpty | None = Field(default=None, description="Column of saved predictions; nothing is trained.")
    scores: NonEmpty | dict[str, NonEmpty] | None = Field(
        default=None,
        description="Column of saved scores of the positive label, or a table label -> column; without `predictions` "
        "the label is predicted from them: by `threshold`, or the largest.",
    )
    threshold: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Score of the positive label from which it is predicted."
    )
    output: OutputSection = Field(default=OutputSection(), description="How a saved output becomes a label.")

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        kinds = [kind for kind in ("estimator", "factory", "predictions") if getattr(self, kind) is not None]
        if len(kinds) > 1 or not (kinds or self.scores is not None):
            raise ValueError("name exactly one of `estimator`, `factory` and `predictions`, or `scores` alone")
        if self.estimator is None and (self.parameters or self.vectorizer):
            raise ValueError("`parameters` and `vectorizer` go with `estimator`")
        if self.factory is None and self.retrain:
            raise ValueError("`retrain` goes with `factory`: all else is trained here, or not at all")
        if self.vectorizer_parameters and self.vectorizer is None:
            raise ValueError("`vectorizer_parameters` go with `vectorizer`")
        if self.trained_here and self.scores is not None:
            raise ValueError("`scores` go with `predictions`, or stand alone")
        if self.predictions is not None and self.threshold is not None:
            raise ValueError(
                "saved predictions are taken as they are: "
                "`threshold` goes with `estimator`, `factory` or `scores` alone"
            )
        if self.predictions is None and "output" in self.model_fields_set:
            raise ValueError("`output` goes with `predictions`: nothing else gives outputs that have to be read")
        return self

    @model_validator(mode="after")
    def _scores_decide(self) -> Self:
        if self.predictions is not None or self.scores is None:
            return self
        if isinstance(self.scores, str) and self.threshold is None:
            raise ValueError("a column of `scores` without `predictions` needs `threshold`")
        if isinstance(self.scores, dict) and len(self.scores) < 2:
            raise ValueError("`scores` of one label alone decide nothing: name those of every label")
        if isinstance(self.scores, dict) and self.threshold is not None:
            raise ValueError("of several `scores` the largest decides: `threshold` goes with a single column")
        return self

    @property
    def trained_here(self) -> bool:
        """Whether the classifier is trained by the audit, not read from columns of the data."""
        return self.estimator is not None or self.factory is not None


class BaselineSection(SpecSection):
    """`[baseline]`: the previous release, which the subject must not be worse than."""

    record: NonEmpty | None = Field(default=None, description="Path of its record.json.")
    predictions: NonEmpty | None = Field(
        default=None, description="Column of its predictions for the rows of the test split."
    )

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if self.record is None and self.predictions is None:
            raise ValueError("name `record`, `predictions`, or both")
        return self


class CheckSection(SpecSection):
    """`[checks.NAME]`: what every check's section may hold beside the settings of the check."""

    time_limit: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Seconds after which the check counts as an error; by default the check's own limit."
    )
    gate: CheckGate = Field(
        default="block",
        description="What a failed requirement of the check does: it blocks; it asks for a review, as an inconclusive "
        "one does; or it is only reported and has no bearing on the decision.",
    )


class GateSection(SpecSection):
    """`[gate]`: how certain an approval must be."""

    confidence: Annotated[float, Field(ge=0.5, lt=1)] = Field(default=0.95, description="Confidence of every interval.")
    decide: Literal["bound", "point"] = Field(
        default="bound", description="Decide on confidence bounds, or on the values themselves."
    )
    on_inconclusive: Literal["review", "reject"] = Field(
        default="review", description="What follows from an inconclusive requirement: a review, or a rejection."
    )

    def policy(self) -> GatePolicy:
        """Return the section as the record keeps it."""
        return GatePolicy(**self.model_dump())


class CardSection(SpecSection):
    """`[card]`: the system, described by those responsible for it."""

    intended_use: Prose | None = Field(default=None, description="What it is meant for, and where.")
    intended_users: Prose | None = Field(
        default=None, description="Who works with its predictions, and whom they are about."
    )
    misuse: Prose | None = Field(default=None, description="What it is not meant for, and foreseeable misuse.")
    limitations: Prose | None = Field(default=None, description="Where it is known to fail.")
    human_oversight: Prose | None = Field(default=None, description="Who may overrule or stop it, and how.")
    data_source: Prose | None = Field(
        default=None, description="Where the data come from, how they were selected and labelled."
    )
    license: Prose | None = Field(default=None, description="License of the classifier, as an SPDX identifier.")
    contact: Prose | None = Field(default=None, description="Who answers questions.")
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = Field(
        default=(), description="Languages of the texts that it classifies, as ISO 639 codes."
    )

    def card(self) -> Card:
        """Return the section as the record keeps it."""
        return Card(**self.model_dump())
