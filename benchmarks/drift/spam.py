"""Comments on five videos: whole audits, trained on two of the videos and tested on each of the others."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_audit.audit import prepare, run
from llmops_audit.record import ConfusionMatrix
from llmops_audit.record.drift_figure import Drift

VIDEOS = ("Youtube01-Psy", "Youtube02-KatyPerry", "Youtube03-LMFAO", "Youtube04-Eminem", "Youtube05-Shakira")
TRAINED_ON = 2
FOLDS = 5

SPEC = """
[audit]
name = "youtube-spam"
version = "1"

[data]
train = [{train}]
test = "{test}.csv"
text = "CONTENT"
label = "CLASS"
positive = 1
time = "DATE"

[model]
vectorizer = "sklearn.feature_extraction.text:CountVectorizer"
estimator = "sklearn.linear_model:LogisticRegression"
parameters = {{ max_iter = 1000 }}

[checks.accuracy]

[checks.drift]
"""


@dataclass(frozen=True)
class JudgedHypothesis:
    """A hypothesis on the whole of a video.

    Attributes
    ----------
    column, feature : str
        The feature is "values" where those of the column were compared.
    effect : float
    verdict : str
    """

    column: str
    feature: str
    effect: float
    verdict: str


@dataclass(frozen=True)
class Video:
    """The result of an audit of the comments on one video.

    Attributes
    ----------
    name : str
    rows, without_time : int
        Comments, and those without a date.
    verdict : str
        Of the drift check.
    judged : tuple of JudgedHypothesis
    windows : int
        Windows of time; 0 where there were none.
    failed_windows : tuple of str
        What fails in a window.
    content : float
        Area under the ROC curve.
    tokens : tuple of str
        The most discriminative words.
    accuracy : float
    """

    name: str
    rows: int
    without_time: int
    verdict: str
    judged: tuple[JudgedHypothesis, ...]
    windows: int
    failed_windows: tuple[str, ...]
    content: float
    tokens: tuple[str, ...]
    accuracy: float


@dataclass(frozen=True)
class Spam:
    """All videos, and the accuracy that cross-validation promises of those that were trained on."""

    trained_on: tuple[str, ...]
    promised: float
    videos: tuple[Video, ...]


def data_folder() -> Path | None:
    """Return the folder of the comments; None where there is none."""
    named = os.environ.get("LLMOPS_AUDIT_DATA")
    data = Path(named) if named else Path(__file__).parents[3] / "shared" / "data"
    folder = data / "youtube_spam"
    return folder if folder.is_dir() else None


def audited(folder: Path, trained_on: Sequence[str] = VIDEOS[:TRAINED_ON]) -> Spam:
    """Audit each video that was not trained on."""
    others = [video for video in VIDEOS if video not in trained_on]
    return Spam(
        tuple(trained_on), _promised(folder, trained_on), tuple(_video(folder, trained_on, one) for one in others)
    )


def _promised(folder: Path, names: Sequence[str]) -> float:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline

    rows = [row for name in names for row in _rows(folder, name)]
    model = make_pipeline(CountVectorizer(), LogisticRegression(max_iter=1_000))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    texts, labels = ([row[column] for row in rows] for column in ("CONTENT", "CLASS"))
    return float(cross_val_score(model, texts, labels, cv=folds).mean())


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _video(folder: Path, trained_on: Sequence[str], name: str) -> Video:
    with tempfile.TemporaryDirectory() as temporary:
        workdir = Path(temporary)
        for one in (*trained_on, name):
            (workdir / f"{one}.csv").write_bytes((folder / f"{one}.csv").read_bytes())
        spec = workdir / "audit.toml"
        train = ", ".join(f'"{one}.csv"' for one in trained_on)
        spec.write_text(SPEC.format(train=train, test=name), encoding="utf-8")
        record = run(prepare(spec))
    check = next(one for one in record.checks if one.name == "drift")
    matrix = next(figure for figure in record.figures.values() if isinstance(figure, ConfusionMatrix))
    drift = next(figure for figure in record.figures.values() if isinstance(figure, Drift))
    judged = tuple(
        JudgedHypothesis(one.column, one.feature or "values", one.effect, one.verdict) for one in drift.shifts
    )
    content = next((one.effect + 0.5 for one in judged if one.feature == "content"), float("nan"))
    timeline = next(iter(drift.timelines), None)
    series = () if timeline is None else timeline.series
    return Video(
        name,
        drift.samples[1].rows,
        0 if timeline is None else timeline.without_time,
        check.verdict.value,
        judged,
        0 if timeline is None else len(timeline.windows),
        tuple(f"{one.column} {one.feature or 'values'}" for one in series if one.verdict == "failed"),
        content,
        tuple(token.token for token in drift.tokens[:5]),
        _accuracy(matrix),
    )


def _accuracy(matrix: ConfusionMatrix) -> float:
    right = sum(row[i] for i, row in enumerate(matrix.counts))
    return right / (sum(map(sum, matrix.counts)) + sum(matrix.invalid))
