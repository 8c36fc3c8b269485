"""A first `audit.toml`, commented, that already runs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_audit.errors import DataError, OutputError
from llmops_audit.record.labels import canonical_label, label_order

__all__ = ["starter"]

LABEL_NAMES = frozenset({"label", "target", "class", "y", "outcome", "category", "income"})
GROUP_NAMES = ("sex", "gender", "race", "ethnicity", "age_group", "age_cat", "性别", "民族")
PEEK = 2000
LONG_TEXT = 20
FEW = 20
"""Most distinct values that a column of labels or groups is guessed to have."""


@dataclass(frozen=True)
class _Guess:
    label: str
    text: str | None
    features: tuple[str, ...]
    groups: tuple[str, ...]
    positive: str | int | float | None = None


def starter(data: Path | None, output: Path) -> tuple[Path, ...]:
    """Write a spec for a data file, or the tutorial's data and a spec for them.

    Parameters
    ----------
    data : Path, optional
    output : Path
        The spec; nothing that exists is overwritten.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    OutputError
        Where a file is in the way.
    DataError
        Where the data cannot be read, or no column could be the label.
    """
    sentences = output.parent / "sentences.csv"
    wanted = (output,) if data is not None else (output, sentences)
    for path in wanted:
        if path.exists():
            raise OutputError(str(path), "exists already", "a name that is not taken")
    output.parent.mkdir(parents=True, exist_ok=True)
    if data is None:
        from llmops_audit.data.tutorial import tutorial_data

        tutorial_data().to_csv(sentences, index=False, lineterminator="\n")
        guess, shown, name = _Guess("label", "text", (), (), 1), sentences.name, "tutorial"
    else:
        guess, name = _look(data), _folder_name(data.stem)
        shown = Path(os.path.relpath(data.resolve(), output.parent.resolve())).as_posix()
    output.write_text(_spec(output.name, name, shown, guess), encoding="utf-8")
    return wanted


def _look(data: Path) -> _Guess:
    from llmops_audit.data import sources

    shown, format = str(data), sources.FileFormat()
    names = sources.column_names(data, shown, format)
    table = next(iter(sources.read(data, shown, format, names, PEEK)), None)
    if table is None:
        raise DataError(shown, "has no rows", "at least one")
    distinct = {name: len(table.column(name).unique()) for name in names}
    candidates = [name for name in names if 2 <= distinct[name] <= FEW]
    if not candidates:
        raise DataError(shown, "has no column that could be the label", f"one with 2 to {FEW} distinct values")
    named = [name for name in candidates if LABEL_NAMES & set(re.split(r"[^a-z]+", name.lower()))]
    label = (named or candidates)[-1]
    if any(name in table.column(name).to_pylist() for name in names):
        raise DataError(
            shown, "has no header: its first line is a row", "column names (or `data.column_names` in a spec)"
        )
    others = [name for name in names if name != label]
    text = max(others, key=lambda name: _mean_length(table.column(name).to_pylist()), default=None)
    if text is not None and _mean_length(table.column(text).to_pylist()) < LONG_TEXT:
        text = None
    groups = tuple(name for name in others if name.lower() in GROUP_NAMES and distinct[name] <= FEW)
    # A column whose every value is another is a name or a number of the row, unless it measures something.
    features = tuple(
        name
        for name in others
        if not (distinct[name] == table.num_rows and not _is_measure(table.column(name).to_pylist()))
    )
    labels = label_order(canonical_label(value) for value in table.column(label).to_pylist() if value)
    positive = labels[-1] if len(labels) == 2 else None
    return _Guess(label, text, () if text is not None else features, groups, positive)


def _mean_length(values: Sequence[object]) -> float:
    texts = [value for value in values if isinstance(value, str)]
    return sum(map(len, texts)) / len(texts) if texts else 0.0


def _is_measure(values: Sequence[object]) -> bool:
    return any("." in str(value) for value in values)


def _folder_name(stem: str) -> str:
    kept = "".join(character if character.isalnum() else "-" for character in stem).strip("-")
    return kept or "classifier"


def _spec(file: str, name: str, path: str, guess: _Guess) -> str:
    inputs = (
        [_explained(f"text = {_quoted(guess.text)}", "the text that is classified")]
        if guess.text is not None
        else [_explained(f"features = {_quoted(list(guess.features))}", "what the classifier sees")]
    )
    groups = (
        [_explained(f"groups = {_quoted(list(guess.groups))}", "sensitive attributes, for [checks.fairness]")]
        if guess.groups
        else []
    )
    vectorizer = ['vectorizer = "sklearn.feature_extraction.text:CountVectorizer"'] if guess.text is not None else []
    fairness = [
        "",
        "[checks.fairness]            # selection rates of the groups, four-fifths rule",
        '# favourable = "..."         # the prediction that is good for the person, where it is not the positive label',
        "# max_difference = { error_rates = 0.1 }  # equalized odds; keys: llmops-audit checks show fairness",
        "# [checks.proxies]           # do the classifier's inputs reveal a person's group?",
    ]
    counterfactual = [
        "",
        "# [checks.counterfactual]    # would the prediction change if the text were about somebody else?",
    ]
    positive = '# positive = "..."' if guess.positive is None else f"positive = {_quoted(guess.positive)}"
    lines = [
        f"# What is audited. Run it: llmops-audit run {file}",
        "",
        "[audit]",
        f"name = {_quoted(name)}",
        'version = "0.1.0"',
        '# purpose = "..."            # what the system is for; stands in the report',
        "seed = 42",
        'language = "en"              # or "zh"',
        "",
        "[data]                       # paths are relative to this file",
        _explained(f"path = {_quoted(path)}", "split here; or train, test and live, each a path or a list of paths"),
        *inputs,
        _explained(f"label = {_quoted(guess.label)}", "the true label"),
        _explained(positive, "the label that precision, recall and selection rate refer to"),
        *groups,
        "test_size = 0.2",
        "",
        '[model]                      # or factory = "package.module:function", or predictions = "column"',
        *vectorizer,
        'estimator = "sklearn.linear_model:LogisticRegression"',
        "parameters = { max_iter = 1000 }",
        "",
        "[checks.accuracy]            # chance and labels with a recall of zero are judged in any case",
        "# min = { accuracy = 0.9 }   # set your own minima",
        "",
        "[checks.drift]               # test rows against training rows",
        *(fairness if guess.groups else []),
        *(counterfactual if guess.text is not None else []),
        "",
        "[checks.pii]                 # personal data in any column",
        "",
        "[gate]",
        "confidence = 0.95",
        'on_inconclusive = "review"   # or "reject"',
        "",
    ]
    return "\n".join(lines)


def _explained(setting: str, comment: str) -> str:
    return f"{setting:<28} # {comment}"


def _quoted(value: object) -> str:
    # JSON's strings, numbers and arrays are TOML's as well.
    return json.dumps(value, ensure_ascii=False)
