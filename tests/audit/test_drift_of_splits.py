"""Drift in whole audits: parts that the audit drew, files of one population, and production rows that changed."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llmops_audit.audit import run
from llmops_audit.audit.preparation import prepare
from llmops_audit.record import Record, Verdict
from llmops_audit.record.drift_figure import Drift

EXAMPLE = Path(__file__).parents[2] / "examples" / "live-rows"


def _texts(seed: int, rows: int, labels: int) -> str:
    """Texts of ten words, one of which tells the label."""
    rng = random.Random(seed)
    names = [f"colour{i}" for i in range(labels)]
    lines = ["text,label"]
    for _ in range(rows):
        label = rng.choice(names)
        words = [f"w{rng.randrange(60)}" for _ in range(9)] + [label]
        rng.shuffle(words)
        lines.append(f"{' '.join(words)},{label}")
    return "\n".join(lines)


def _table(seed: int, rows: int) -> str:
    """Five numbers and a category, and a label that depends on three of them."""
    rng = np.random.default_rng(seed)
    x, kind = rng.normal(size=(rows, 5)), rng.choice(["a", "b", "c"], rows)
    label = (x[:, 0] + x[:, 1] * x[:, 2] + (kind == "a") + rng.normal(size=rows) > 0.5).astype(int)
    lines = [f"{','.join(f'{value:.4f}' for value in row)},{k},{y}" for row, k, y in zip(x, kind, label, strict=True)]
    return "\n".join(["x0,x1,x2,x3,x4,kind,label", *lines])


def _audited(folder: Path, data: str, model: str, files: dict[str, str]) -> Record:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    named = "\n".join(f'{name} = "{name}.csv"' for name in files)
    head = f'[audit]\nname = "x"\nversion = "1"\n[data]\n{named}\nlabel = "label"\n{data}\n'
    spec = f"{head}[model]\n{model}\n[checks.drift]\n"
    (folder / "audit.toml").write_text(spec, encoding="utf-8")
    return run(prepare(folder / "audit.toml"))


WORDS = """vectorizer = "sklearn.feature_extraction.text:CountVectorizer"
estimator = "sklearn.linear_model:LogisticRegression"
"""
TREE = 'estimator = "sklearn.tree:DecisionTreeClassifier"'
FOREST = 'estimator = "sklearn.ensemble:RandomForestClassifier"\nparameters = { n_estimators = 20 }'
FEATURES = 'features = ["x0", "x1", "x2", "x3", "x4", "kind"]'


def test_a_random_split_is_described_and_approved(tmp_path: Path) -> None:
    """Seven labels, of which fold models are less sure than the audited one, in parts that the audit drew."""
    record = _audited(tmp_path / "drawn", 'text = "text"', WORDS, {"path": _texts(1, 400, 7)})
    (result,) = record.checks
    assert {finding.metric: finding.verdict for finding in result.findings} == {"random_split": Verdict.PASSED}
    assert record.decision.exit_code == 0
    figure = record.figures["drift"]
    assert isinstance(figure, Drift)
    assert {shift.verdict for shift in figure.shifts} == {None}
    assert {"text", "(label)", "(prediction)", "(score)"} <= {shift.column for shift in figure.shifts}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "model", "make"),
    [
        ('text = "text"', WORDS, lambda seed, rows: _texts(seed, rows, 7)),
        ('text = "text"', WORDS, lambda seed, rows: _texts(seed, rows, 2)),
        (FEATURES, TREE, _table),
        (FEATURES, FOREST, _table),
    ],
    ids=["seven labels", "two labels", "tree", "forest"],
)
def test_files_of_one_population_raise_no_alarm(
    tmp_path: Path, data: str, model: str, make: Callable[[int, int], str]
) -> None:
    """Models that know their training rows by heart: scores of fold models drift in none of five audits."""
    for seed in range(5):
        files = {"train": make(seed, 360), "test": make(100 + seed, 120), "live": make(200 + seed, 120)}
        record = _audited(tmp_path / str(seed), data, model, files)
        (result,) = record.checks
        assert result.verdict in (Verdict.PASSED, Verdict.FOUND)
        of_outputs = [
            finding.details["p_of_no_difference"]
            for finding in result.findings
            if finding.scope.get("column") in ("(prediction)", "(score)") and finding.scope["split"] == "test"
        ]
        assert len(of_outputs) == 2
        assert min(of_outputs) > 0.01  # type: ignore[type-var]


def test_the_example_finds_what_changed_and_since_when(tmp_path: Path) -> None:
    """Production rows that changed in June fail, from June on, and columns that did not change pass."""
    spec = importlib.util.spec_from_file_location("make_data", EXAMPLE / "make_data.py")
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    maker.write(tmp_path)
    for split in ("train", "test", "live"):
        assert (tmp_path / f"{split}.csv").read_bytes() == (EXAMPLE / f"{split}.csv").read_bytes()
    record = run(prepare(EXAMPLE / "audit.toml"))
    judged = {one.id: one.verdict for one in record.requirements if one.check == "drift"}
    assert judged == {
        "drift.drift": Verdict.PASSED,
        "drift.effect[stairs]": Verdict.PASSED,
        "drift.drift@live": Verdict.FAILED,
        "drift.effect[stairs]@live": Verdict.PASSED,
    }
    figure = record.figures["drift"]
    assert isinstance(figure, Drift)
    broke = {
        (series.column, series.feature): None if series.broke_in is None else timeline.windows[series.broke_in].start
        for timeline in figure.timelines
        for series in timeline.series
    }
    assert broke["hub", None] == broke["distance_km", None] == broke["weight_kg", "missing"] == "2026-06-01"
    assert broke["stairs", None] is None
    assert {one.reference for one in figure.shifts if one.column == "(score)" and one.split == "live"} == {"test"}
