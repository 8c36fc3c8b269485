"""Simulated rows of a classifier whose true quality is known, as the evidence that an audit would gather."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import expit, logit, ndtr

from llmops_audit.check.inputs import Task
from llmops_audit.evidence._gather import evidence_type
from llmops_audit.evidence.base import Batch, Codes, Evidence, Plan, ScoreMatrix
from llmops_audit.evidence.outcomes import IN_SAMPLE

PLAN = Plan(labels=(0, 1), groups=("group",))
FEATURES = ("amount", "region")
REGIONS = np.array(["north", "east", "south", "west", "abroad"])
REGION_SHARES = (0.4, 0.25, 0.2, 0.1, 0.05)
MISSING_AMOUNTS = 0.1

SEPARATION = {0.5: 2.6, 0.01: 4.0}
"""Distance of the two labels in standard deviations, by share of the positive one: two classifiers worth having."""

RULE_SEPARATION = 1.0
"""The same for the rule on one feature, a much weaker model."""

LIKENESS = 0.9
"""Correlation, within a label, of what the two releases see in a row."""

TRAIN_PER_TEST = 4
"""With the default `test_size` of 0.2 there are four training rows for each test row."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """Where the rows come from; by default nothing is wrong with them.

    The classifier sees one number, normal around a centre for each label. It gives the exact probability of the
    positive label as its score, and answers the likelier label.

    Attributes
    ----------
    rows : int
        Test rows.
    positive : float
        True share of the positive label.
    groups : tuple of float
        Shares of the groups.
    gap : float
        How much lower the selection rate of the last group is.
    shift : float
        Standard deviations that the numeric column of the test rows is shifted by.
    miscalibration : float
        Expected calibration error of the scores, with both labels equally frequent: they are too low in proportion.
    loss : float
        Accuracy that was lost since the previous release.
    """

    rows: int = 1000
    positive: float = 0.5
    groups: tuple[float, ...] = (0.5, 0.5)
    gap: float = 0.0
    shift: float = 0.0
    miscalibration: float = 0.0
    loss: float = 0.0

    @property
    def separation(self) -> float:
        """Distance between the centres of the two labels."""
        return SEPARATION[self.positive]

    def rates(self) -> tuple[float, float]:
        """Return the true positive and the false positive rate of a classifier that lost nothing."""
        limit, half = -logit(self.positive) / self.separation, self.separation / 2
        return float(ndtr(half - limit)), float(ndtr(-half - limit))

    def truth(self) -> dict[str, float]:
        """Return the metrics that infinitely many rows would show."""
        true_positive, false_positive = self.rates()
        hits, alarms = self.positive * true_positive, (1 - self.positive) * false_positive
        return {
            "accuracy": hits + 1 - self.positive - alarms,
            "balanced_accuracy": (true_positive + 1 - false_positive) / 2,
            "f1": 2 * hits / (hits + alarms + self.positive),
        }

    def selection_rate(self) -> float:
        """Return the true share of positive answers."""
        true_positive, false_positive = self.rates()
        return self.positive * true_positive + (1 - self.positive) * false_positive


def task(world: World, seed: int) -> Task:
    """Return what the checks know of the data."""
    return Task(
        labels=(0, 1),
        positive=1,
        features=FEATURES,
        groups=PLAN.groups,
        trained_here=True,
        seed=seed,
        one_rule_feature="amount",
    )


def evidence(world: World, names: Iterable[str], rng: np.random.Generator) -> dict[str, dict[str, Evidence]]:
    """Draw training and test rows and gather evidence of them, by name and split."""
    parts = {
        "train": _drawn(world, "train", min(TRAIN_PER_TEST * world.rows, PLAN.sample), rng),
        "test": _drawn(world, "test", world.rows, rng),
    }
    made: dict[str, dict[str, Evidence]] = {}
    for name in names:
        # The rows are drawn independently, so that the first of them are a uniform sample.
        of_rows = name == "rows"
        made[name] = {
            split: evidence_type(name).of(_with_features(world, part[: PLAN.sample], rng) if of_rows else part, PLAN)
            for split, part in parts.items()
        }
    if "outcomes" in made:
        # The model knows its own training rows no better than others.
        made["outcomes"][IN_SAMPLE] = made["outcomes"]["train"]
    return made


def _drawn(world: World, split: str, rows: int, rng: np.random.Generator) -> Batch:
    label = rng.random(rows) < world.positive
    group = rng.choice(len(world.groups), size=rows, p=world.groups).astype(np.int32)
    noise = rng.standard_normal(rows)
    seen = _centre(label, world.separation) + noise
    answer = _answer(world, seen, world.separation)
    scores, reference_predictions = None, {}
    if split == "test":
        rule = _centre(label, RULE_SEPARATION) + rng.standard_normal(rows)
        echo = LIKENESS * noise + np.sqrt(1 - LIKENESS**2) * rng.standard_normal(rows)
        before = _answer(world, _centre(label, world.separation) + echo, world.separation)
        reference_predictions = {"baseline": _codes(before), "one_rule": _codes(rule > 0)}
        answer = _damaged(world, label, group, answer, rng)
        score = expit(world.separation * seen + logit(world.positive))
        scores = ScoreMatrix((1,), ((1 - 2 * world.miscalibration) * score)[:, None])
    number = np.arange(1, rows + 1, dtype=np.int64)
    names = pa.array([f"group {i + 1:02}" for i in range(len(world.groups))])
    return Batch(
        split,
        pa.table({"group": pa.DictionaryArray.from_arrays(pa.array(group), names)}),
        (f"{split}.csv",) * rows,
        number,
        number.astype(np.uint64),
        label=_codes(label),
        prediction=_codes(answer),
        scores=scores,
        reference_predictions=reference_predictions,
    )


def _centre(label: Bools, separation: float) -> Floats:
    return np.where(label, separation / 2, -separation / 2)


def _answer(world: World, seen: Floats, separation: float) -> Bools:
    return np.asarray(separation * seen + logit(world.positive) > 0)


def _damaged(
    world: World, label: Bools, group: npt.NDArray[np.int32], answer: Bools, rng: np.random.Generator
) -> Bools:
    lost = (answer == label) & (rng.random(len(label)) < world.loss / world.truth()["accuracy"])
    answer = answer ^ lost
    last = group == len(world.groups) - 1
    return np.asarray(answer & ~(last & (rng.random(len(label)) < world.gap / world.selection_rate())))


def _codes(values: Bools) -> Codes:
    return Codes((0, 1), values.astype(np.int32))


def _with_features(world: World, part: Batch, rng: np.random.Generator) -> Batch:
    rows = len(part)
    moved = world.shift if part.split == "test" else 0.0
    columns: dict[str, Any] = {
        "amount": pa.array(rng.standard_normal(rows) + moved, mask=rng.random(rows) < MISSING_AMOUNTS),
        "region": pa.array(REGIONS[rng.choice(len(REGIONS), size=rows, p=REGION_SHARES)].tolist(), pa.string()),
    }
    return replace(part, table=pa.table(columns))
