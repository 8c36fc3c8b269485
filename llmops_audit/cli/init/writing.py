"""The text of a first spec: settings, each with a comment that says what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmops_audit.cli.init.looks import DEFAULT_MISSING, Look
from llmops_audit.cli.init.output_columns import SavedOutputs
from llmops_audit.cli.init.roles import THRESHOLD, Roles
from llmops_audit.record.labels import Label

__all__ = ["Draft", "written"]

WIDTH = 100
COMMENT = 28
MOST_NAMED = 20
MANY_TEXTS = 1000
"""Rows from which a run of characters that occurs once is left out."""


@dataclass(frozen=True)
class Draft:
    """All that a first spec says.

    Attributes
    ----------
    file, name : str
        Of the spec, and of what is audited.
    roles : Roles
    paths : mapping of str to sequence of str
        Split, or ``"path"``, to its files as the spec writes them.
    settings : mapping of str to value
        How text files are read, where it is not the default.
    notes : tuple of str
        Comments at the top.
    minima : tuple of str
        Comments below `[checks.accuracy]`.
    language : str
    unsearched : tuple of str
        Columns that cannot be searched for personal data.
    """

    file: str
    name: str
    roles: Roles
    paths: Mapping[str, Sequence[str]]
    settings: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    minima: tuple[str, ...] = ("# min = { accuracy = 0.9 }   # set your own minima",)
    language: str = "en"
    unsearched: tuple[str, ...] = ()


def written(draft: Draft) -> str:
    """Return the text of a spec."""
    lines = [
        f"# What is audited. Run it: llmops-audit run {draft.file}",
        *(f"# {note}" for note in draft.notes),
        "",
        "[audit]",
        f"name = {_toml(draft.name)}",
        'version = "0.1.0"',
        '# purpose = "..."            # what the system is for; stands in the report',
        "seed = 42",
        _explained(f"language = {_toml(draft.language)}", 'of the report: "en" or "zh"'),
        "",
        *_data(draft),
        "",
        *_model(draft.roles),
        "",
        "[checks.accuracy]            # chance and labels with a recall of zero are judged in any case",
        *draft.minima,
        *_drift(draft.paths),
        *_groups(draft.roles),
        *_counterfactual(draft.roles),
        *_personal_data(draft.unsearched),
        "",
        "[gate]",
        "confidence = 0.95",
        'on_inconclusive = "review"   # or "reject"',
        '# In the section of a check: gate = "review" (it rejects nothing), or "report" (no part of the decision).',
        "",
        "# [reasons]                  # why a limit is what it is; the report shows it beside the limit",
        '# "accuracy.accuracy" = "..."  # the id of a requirement; without the bracket, of all attributes',
        "",
    ]
    return "\n".join(lines)


def _data(draft: Draft) -> list[str]:
    roles = draft.roles
    explained = "split here; or train, test and live, each a path or a list of paths"
    comments = {
        "path": explained,
        "train": "training rows",
        "test": "rows that the classifier is judged on",
        "live": "production rows; labels may be missing",
    }
    lines = ["[data]                       # paths are relative to this file"]
    for part, paths in draft.paths.items():
        lines += _setting(part, paths[0] if len(paths) == 1 else list(paths), comments[part])
    for key, value in draft.settings.items():
        lines += _setting(key, value, _HOW_READ.get(key, ""))
    lines += _inputs(roles)
    lines += _setting("label", roles.label.name, "the true label")
    lines += _positive(roles)
    if roles.groups:
        lines += _setting("groups", roles.groups, "sensitive attributes, for [checks.fairness]")
    for key, name, comment in (
        ("unit", roles.unit, "whom rows belong to: intervals allow for their dependence"),
        ("time", roles.time, "when a row was made"),
        ("id", roles.id, "tells rows apart"),
    ):
        if name is not None:
            lines += _setting(key, name, comment)
    if roles.weight is not None:
        lines.append(f"# weight = {_toml(roles.weight)}   # where these are sample weights")
    if roles.na_values:
        lines += _setting("na_values", [*DEFAULT_MISSING, *roles.na_values], "cells that mean a missing value")
    if "path" in draft.paths:
        lines.append("test_size = 0.2")
    return lines


_HOW_READ = {
    "delimiter": "what separates fields",
    "encoding": "guessed",
    "quote": "double quotes are characters like others",
    "column_names": "the files have no header",
    "skip_rows": "lines at the top that are no rows",
    "decimal": "the decimal sign",
    "thousands": "between thousands",
}


def _inputs(roles: Roles) -> list[str]:
    if roles.text is not None:
        return _setting("text", roles.text.name, "the text that is classified")
    if not roles.features:
        return []
    lines = _setting("features", roles.features, "what the classifier sees")
    hidden = [name for name in roles.groups if name not in roles.features]
    if hidden and not roles.outputs.saved:
        lines.append(f"# Sensitive attributes are no features; if your classifier sees them, add {_listed(hidden)}.")
    if roles.categorical:
        lines += _setting("categorical", roles.categorical, "categories, though some look like numbers")
    return lines


def _positive(roles: Roles) -> list[str]:
    if roles.positive is not None:
        return _setting("positive", roles.positive, "the label that precision, recall and selection rate refer to")
    labels = [_toml(label) for label in roles.label.values[:MOST_NAMED]]
    more = ", …" if len(roles.label.values) > MOST_NAMED else ""
    listed = ", ".join(labels) + more
    return [f"# positive = …               # the label that recall and selection rate refer to: {listed}"]


def _model(roles: Roles) -> list[str]:
    outputs = roles.outputs
    if outputs.predictions is not None:
        lines = ["[model]"]
        lines += _setting("predictions", outputs.predictions, "saved predictions: nothing is trained")
        lines += _scores(outputs)
        for name in outputs.other_predictions:
            lines.append(f"# predictions = {_toml(name)}   # looks like predictions as well")
        return lines + _output(outputs)
    if outputs.scores_decide:
        heading = "[model]                      # saved scores: nothing is trained"
        return [heading, *_scores(outputs), *_threshold(outputs)]
    lines = ['[model]                      # or factory = "package.module:function", or predictions = "column"']
    if roles.text is not None:
        lines += _vectorizer(roles.text)
    lines += [
        "# A stand-in, so that the audit runs: put your own classifier in its place.",
        'estimator = "sklearn.linear_model:LogisticRegression"',
        "parameters = { max_iter = 1000 }",
    ]
    if outputs.scores is not None:
        lines.append(f"# {_names_of(outputs)}: looks like saved scores; of which label is not clear.")
    return lines


def _vectorizer(text: Look) -> list[str]:
    if not text.spaceless:
        return ['vectorizer = "sklearn.feature_extraction.text:CountVectorizer"']
    # Most runs of characters occur once; without them training takes a fifth of the time.
    rare = ", min_df = 2" if text.rows >= MANY_TEXTS else ""
    return [
        'vectorizer = "sklearn.feature_extraction.text:TfidfVectorizer"',
        f'vectorizer_parameters = {{ analyzer = "char", ngram_range = [1, 3]{rare} }}',
    ]


def _scores(outputs: SavedOutputs) -> list[str]:
    scores = outputs.scores
    if scores is None:
        return []
    if isinstance(scores, str):
        return _setting("scores", scores, "of the positive label")
    return [f"scores = {_table({str(label): name for label, name in scores.items()})}"]


def _threshold(outputs: SavedOutputs) -> list[str]:
    if not isinstance(outputs.scores, str):
        return ["# The largest score decides. Saved predictions would take its place: predictions = ..."]
    line = _explained(f"threshold = {THRESHOLD}", "a stand-in: put the threshold of your system in its place")
    return [line, "# Saved predictions would take its place: predictions = ..."]


def _output(outputs: SavedOutputs) -> list[str]:
    reading = outputs.reading
    if reading is None:
        return []
    heading = f"[model.output]               # reads {reading.read:,} of {reading.of:,} outputs; all others are wrong"
    lines = ["", heading]
    for key, value in reading.settings.items():
        lines.append(f"{key} = {_table(value) if isinstance(value, dict) else _toml(value)}")
    return lines


def _table(value: Mapping[str, object]) -> str:
    return f"{{ {', '.join(f'{_toml(key)} = {_toml(one)}' for key, one in value.items())} }}"


def _names_of(outputs: SavedOutputs) -> str:
    return _listed(outputs.score_columns)


def _drift(paths: Mapping[str, Sequence[str]]) -> list[str]:
    if "path" in paths or "train" in paths:
        rows = "test and live rows" if "live" in paths else "test rows"
        return ["", f"[checks.drift]               # {rows} against training rows"]
    if "live" in paths:
        heading = "[checks.drift]               # live rows against test rows"
        return ["", heading, 'reference = "test"', 'current = ["live"]']
    return []


def _groups(roles: Roles) -> list[str]:
    if not roles.groups:
        return []
    return [
        "",
        "[checks.fairness]            # selection rates of the groups, four-fifths rule",
        '# favourable = "..."         # the prediction that is good for the person, where it is not the positive label',
        "# max_difference = { error_rates = 0.1 }  # equalized odds; keys: llmops-audit checks show fairness",
        "# [checks.proxies]           # do the classifier's inputs reveal a person's group?",
    ]


def _counterfactual(roles: Roles) -> list[str]:
    if roles.text is None or roles.outputs.saved:
        return []
    return ["", "# [checks.counterfactual]    # would the prediction change if the text were about somebody else?"]


def _personal_data(unsearched: Sequence[str]) -> list[str]:
    lines = ["", "[checks.pii]                 # personal data in any column"]
    if unsearched:
        lines += _setting("skip", list(unsearched), "cannot be searched: look at these yourself")
    return lines


def _setting(key: str, value: object, comment: str) -> list[str]:
    line = f"{key} = {_toml(value)}"
    if len(line) <= WIDTH or not isinstance(value, list):
        return [f"{line:<{COMMENT}} # {comment}" if comment else line]
    lines, row = [f"{key} = [{' ' * max(0, COMMENT - len(key) - 4)} # {comment}"], "   "
    for item in value:
        piece = f" {_toml(item)},"
        if len(row) + len(piece) > WIDTH and row.strip():
            lines.append(row)
            row = "   "
        row += piece
    return [*lines, row, "]"]


def _explained(setting: str, comment: str) -> str:
    return f"{setting:<{COMMENT}} # {comment}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_toml, names))


def _toml(value: Label | Sequence[object] | object) -> str:
    # JSON's strings, numbers and arrays are TOML's as well, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
