"""Worlds that look like users': the rows and the spec of an audit, drawn anew each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

Ints = npt.NDArray[np.int64]
Generator = np.random.Generator

SYLLABLES = tuple(a + b for a in "bdfgklmnprstvz" for b in "aeiou")
"""Of two of them a word is made that is in no language and tells nobody's sex or origin."""
PRIME = 37
"""Has no divisor in common with the number of pairs of syllables, so that no word comes twice."""

WORDS_PER_TEXT = 12
COMMON, TELLING = 600, 15
"""Words that all labels share, and words that tell one label."""
STRAY = 0.15
"""Share of words that tell a label taken at random."""
PHONES = 0.02
"""Share of texts that hold a telephone number."""
MENTIONS = 0.3
"""Share of texts that mention a man or a woman."""

REGIONS = ("north", "south", "west")
AUDIT = {"name": "simulated", "version": "1"}
WORDS = {
    "vectorizer": "sklearn.feature_extraction.text:CountVectorizer",
    "estimator": "sklearn.linear_model:LogisticRegression",
    "parameters": {"max_iter": 1000},
}
MODELS: Mapping[str, Mapping[str, Any]] = {
    "linear": {"estimator": "sklearn.linear_model:LogisticRegression", "parameters": {"max_iter": 1000}},
    "tree": {"estimator": "sklearn.tree:DecisionTreeClassifier", "parameters": {"max_depth": 4, "random_state": 0}},
    "forest": {
        "estimator": "sklearn.ensemble:RandomForestClassifier",
        "parameters": {"n_estimators": 20, "max_depth": 6, "random_state": 0},
    },
}
SAVED = {"predictions": "answer", "scores": "score"}


@dataclass(frozen=True)
class Drawn:
    """What one audit is given.

    Attributes
    ----------
    spec : mapping
        All of it but the checks.
    data : mapping of str to pandas.DataFrame
        By split.
    """

    spec: Mapping[str, Any]
    data: Mapping[str, pd.DataFrame]


def _drawn(model: Mapping[str, Any], data: Mapping[str, pd.DataFrame], **meaning: Any) -> Drawn:
    files = {split: f"{split}.csv" for split in data}
    return Drawn({"audit": AUDIT, "data": {**files, "label": "label", **meaning}, "model": model}, data)


def texts(
    rng: Generator, *, labels: int = 2, train: int = 3_000, test: int = 2_000, live: int = 1_000, told: float = 0.2,
    bias: float = 0.0, fading: float = 0.0, trained: int | None = None,
) -> Drawn:  # fmt: skip
    """Draw messages: of three regions, some with a telephone number or a mention of a man or a woman.

    Parameters
    ----------
    rng : Generator
    labels : int
    train, test, live : int
        Rows; live rows have labels.
    told : float
        Share of words that tell the label.
    bias : float
        How much more often label 0 mentions a woman than label 1 does: a model learns it.
    fading : float
        Share of the telling words that live rows have lost.
    trained : int, optional
        Seed of the training rows: all audits of it train the same classifier. None: they are drawn anew.
    """

    def part(rows: int, told: float, rng: Generator = rng) -> pd.DataFrame:
        label = rng.integers(labels, size=rows)
        return pd.DataFrame(
            {
                "text": _sentences(label, labels, told, bias, rng),
                "label": [f"label {one}" for one in label],
                "region": rng.choice(REGIONS, size=rows),
            }
        )

    data = {"train": part(train, told, _of_training(rng, trained)), "test": part(test, told)}
    if live:
        data["live"] = part(live, told * (1 - fading))
    positive = {"positive": "label 1"} if labels == 2 else {}
    return _drawn(WORDS, data, text="text", groups=["region"], **positive)


def _of_training(rng: Generator, trained: int | None) -> Generator:
    return rng if trained is None else np.random.default_rng(trained)


def _sentences(label: Ints, labels: int, told: float, bias: float, rng: Generator) -> list[str]:
    words = np.array(_words(COMMON + labels * TELLING))
    shape = (len(label), WORDS_PER_TEXT)
    telling = COMMON + label[:, None] * TELLING + rng.integers(TELLING, size=shape)
    stray = COMMON + rng.integers(labels * TELLING, size=shape)
    # Some words are frequent and most are rare.
    common = (COMMON * rng.random(shape) ** 2).astype(np.int64)
    kind = rng.random(shape)
    chosen = words[np.where(kind < told, telling, np.where(kind < told + STRAY, stray, common))]
    woman = rng.random(len(label)) < 0.5 + np.where(label == 0, bias, -bias) / 2
    mentions, called = rng.random(len(label)) < MENTIONS, rng.random(len(label)) < PHONES
    numbers = rng.integers(1_000, 10_000, size=(len(label), 2))
    return [
        " ".join([*row, *([f"{'she' if she else 'he'} came"] if named else []), *([_phone(*n)] if has else [])])
        for row, she, named, has, n in zip(chosen.tolist(), woman, mentions, called, numbers.tolist(), strict=True)
    ]


def _phone(first: int, second: int) -> str:
    return f"call 020 {first} {second}"


def _words(number: int) -> list[str]:
    n = len(SYLLABLES)
    return [SYLLABLES[k // n] + SYLLABLES[k % n] + "n" for k in (PRIME * i % (n * n) for i in range(number))]


def table(
    generator: Generator, *, model: str = "linear", train: int = 3_000, test: int = 1_500, live: int = 0,
    units: int = 0, months: int = 0, shift: float = 0.0, shifted: int = 2, told: float = 0.0,
    trained: int | None = None,
) -> Drawn:  # fmt: skip
    """Draw rows of two numbers that tell the label, one that does not, and a category, of three regions.

    Parameters
    ----------
    generator : Generator
    model : str
        Of `MODELS`; trained by the audit.
    train, test, live : int
        Rows.
    units : int
        Rows of each person, which look alike; 0: the rows are independent.
    months : int
        Months that the live rows are of; training and test rows are of the six before.
    shift : float
        Standard deviations that a number moves by in the last `shifted` months of live rows.
    told : float
        Standard deviations between regions in one number: it tells the region.
    trained : int, optional
        Seed of the training rows: all audits of it train the same classifier. None: they are drawn anew.
    """

    def part(split: str, rows: int) -> pd.DataFrame:
        rng = _of_training(generator, trained) if split == "train" else generator
        label, region = rng.integers(2, size=rows), rng.integers(len(REGIONS), size=rows)
        noise = rng.standard_normal((rows, 3))
        person = np.arange(rows) // units if units else np.arange(rows)
        if units:
            noise = 0.6 * rng.standard_normal((rows, 3))[person] + 0.8 * noise
            region = region[person]
        month = rng.integers(months, size=rows) + 7 if split == "live" else rng.integers(1, 7, size=rows)
        moved = shift * ((split == "live") & (month >= 7 + months - shifted))
        columns: dict[str, Any] = {
            "amount": noise[:, 0] + 1.8 * (label - 0.5) + moved,
            "age": noise[:, 1] + 1.2 * (label - 0.5),
            "height": noise[:, 2] + told * (region == 0),
            "kind": rng.choice(["a", "b", "c", "d"], p=[0.4, 0.3, 0.2, 0.1], size=rows),
            "label": label,
            "region": np.array(REGIONS)[region],
        }
        if units:
            columns["person"] = [f"{split} {one}" for one in person]
        if months:
            day = rng.integers(1, 29, size=rows)
            columns["day"] = [f"2026-{m:02}-{d:02}" for m, d in zip(month, day, strict=True)]
        return pd.DataFrame(columns)

    sizes = {"train": train, "test": test, "live": live}
    data = {split: part(split, rows) for split, rows in sizes.items() if rows}
    meaning: dict[str, Any] = {"features": ["amount", "age", "height", "kind"], "groups": ["region"], "positive": 1}
    if units:
        meaning["unit"] = "person"
    if months:
        meaning["time"] = "day"
    return _drawn(MODELS[model], data, **meaning)


def saved(
    rng: Generator, *, rows: int = 2_000, live: int = 0, loss: float = 0.0, refused: float = 0.0,
    groups: tuple[int, ...] = (3,), separation: float = 2.6, gap: float = 0.0,
) -> Drawn:  # fmt: skip
    """Draw saved answers and exact scores of a classifier of two labels that does not look at groups.

    Parameters
    ----------
    rng : Generator
    rows, live : int
        Test rows, and live rows with labels.
    loss : float
        Accuracy that live rows lost.
    refused : float
        Share of outputs that are no label.
    groups : tuple of int
        Number of equally large groups, by attribute.
    separation : float
        Standard deviations between the labels.
    gap : float
        Share of answers of the last group of each attribute that become negative.
    """

    def part(rows: int, loss: float) -> pd.DataFrame:
        label = rng.integers(2, size=rows)
        seen = rng.standard_normal(rows) + separation * (label - 0.5)
        answer = (seen > 0).astype(np.int64)
        flipped = (answer == label) & (rng.random(rows) < loss / ndtr(separation / 2))
        answer = np.where(flipped, 1 - answer, answer)
        member = {f"group {i + 1}": rng.integers(n, size=rows) for i, n in enumerate(groups)}
        for (_, of), n in zip(member.items(), groups, strict=True):
            answer = np.where((of == n - 1) & (rng.random(rows) < gap), 0, answer)
        output = np.where(rng.random(rows) < refused, "I cannot tell.", answer.astype(str))
        columns: dict[str, Any] = {"label": label, "answer": output, "score": 1 / (1 + np.exp(-separation * seen))}
        return pd.DataFrame(
            {**columns, **{name: [f"value {one}" for one in of] for name, of in member.items()}, "amount": seen}
        )

    data = {"test": part(rows, 0.0)} | ({"live": part(live, loss)} if live else {})
    names = [f"group {i + 1}" for i in range(len(groups))]
    model = {"predictions": "answer"} if refused else SAVED
    return _drawn(model, data, features=["amount"], groups=names, positive=1)


def many_labels(rng: Generator, *, labels: int = 40, rows: int = 3_000, right: float = 0.8) -> Drawn:
    """Draw saved answers of a classifier of many labels, a few of them frequent, which it favours."""
    share = 1 / np.arange(3, labels + 3)
    share /= share.sum()
    label, other = (rng.choice(labels, p=share, size=rows) for _ in range(2))
    answer = np.where(rng.random(rows) < right, label, other)
    names = np.array([f"label {one:02}" for one in range(labels)])
    frame = pd.DataFrame({"label": names[label], "answer": names[answer], "amount": rng.standard_normal(rows)})
    return _drawn({"predictions": "answer"}, {"test": frame}, features=["amount"], labels=list(names))


MAKERS: Mapping[str, Callable[..., Drawn]] = {
    "texts": texts,
    "table": table,
    "saved": saved,
    "many_labels": many_labels,
}
"""By name, so that a cell is described by plain values."""
