"""Calibration: when the classifier says 80 %, does it happen in 80 of 100 cases?

What it measures
----------------
A classifier that gives probabilities is calibrated when they mean what they say: of the rows with a probability of 0.8,
about 80 in 100 have the label. The rows are sorted by their probability and cut into bins of equally many rows. In each
bin the mean probability is compared with the share of rows that have the label. The mean distance over the bins, each
weighted by its rows, is the expected calibration error. An error of 0.05 says that probabilities are off by five
percentage points on average.

The Brier score is the mean squared distance between probability and outcome (1 where the row has the label, 0
otherwise): 0 is perfect, and always saying 0.5 gives 0.25. It is shown with its components: reliability (the squared
miscalibration, smaller is better), resolution (how well the bins separate rows, larger is better), uncertainty (what
always giving the base rate would score) and what remains within the bins. The skill score is the gain over always
giving the base rate: 1 is perfect, 0 no better, negative worse. The log loss punishes confident errors most.

With two labels, the probability of the positive label is judged. With more, the error is computed for each label
against all others, and the mean is judged (class-wise calibration error); the Brier score is then half the sum over the
labels, which for two labels is the same number as above.

The limits of the spec are judged: `max_expected_calibration_error`, by default 0.1, and `max_brier_score`.

Why it matters
--------------
People and programs act on probabilities: a reader trusts a message flagged at 0.95 more than one at 0.55, and
thresholds are set by the cost of an error. If 0.95 is right in only 70 of 100 cases, every such decision rests on a
wrong number, even if the ranking of the rows and the accuracy are good.

How to read it
--------------
Each number has a confidence interval: the range of true values that fit these test rows. If the test were repeated with
new rows of the same kind, at least 95 of 100 such ranges would contain the true value (at a confidence of 0.95). A
limit is passed where even the upper end of the interval keeps it, failed where even the lower end (of a wider interval,
corrected for the number of requirements in the whole audit) exceeds it, and inconclusive between.

Inconclusive is a verdict on the test, not on the classifier: there are too few rows to decide. Either test on more rows
(the report estimates how many), or decide yourself, with the interval in view, and write down why. Do not raise the
limit until it passes.

Chance alone makes the distances in the bins larger than they really are: a perfectly calibrated classifier shows an
error above 0 on any test set, and the fewer the rows, the larger it is. The table gives the error as observed (plug-in)
and corrected for most of this effect; the corrected error is the value of the finding.

The reliability curve shows where the probabilities are off: where the observed share is below the mean score, the
classifier is overconfident; where it is above, underconfident.

With more than five labels, the curves of the five labels with the most rows are drawn.

What to do
----------
Calibrate the scores on separate rows (Platt scaling, isotonic regression), or do not use them as probabilities: rank by
them and set a threshold.

The reliability curve shows in which range of scores the errors lie. The range in which decisions are taken is the one
that matters.

Limits
------
The error is that of the bins. Errors that cancel out within a bin are not seen: the error of the probabilities
themselves can be larger, and another number of bins (`bins`) gives another error. With fewer than 40 rows there is one
bin, which compares the mean probability with the share of rows that have the label.

The interval is cautious at both ends: it allows for everything that chance can add to the distances in the bins. With
few rows a badly calibrated classifier is therefore more often inconclusive than failed. With more than two labels its
ends are the means of the ends of the labels, which is cautious as well.

Scores are counted in fine bins, of 1 part in 1,024 of the distance from 0 or from 1, and the bins of equally many rows
are built from these. For Brier score and log loss, rows of one label in a fine bin count with their mean score, which
changes the Brier score by less than one in a million.

Decision values of a classifier without probabilities cannot be judged. A row without a score leaves doubt about the
whole: the check is then inconclusive at best. Rows are assumed to be independent unless the spec names the column that
identifies the person or document (`data.unit`). With sample weights the intervals use the effective number of rows,
which is an approximation.

References
----------
Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning; Guo et al.
(2017), On calibration of modern neural networks: expected calibration error. Kumar, Liang and Ma (2019), Verified
uncertainty calibration: bias and its correction. Kull et al. (2019), Beyond temperature scaling: class-wise
error.

Brier (1950). Murphy (1973), A new vector partition of the probability score. Stephenson, Coelho and Jolliffe
(2008), Two extra components in the Brier score decomposition.

Regulation (EU) 2024/1689, Article 13(3)(b)(ii) and (vii): accuracy, and what deployers need to interpret the
output; Article 15(1). NIST AI RMF, MEASURE 2.5.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from llmops_audit.check import check
from llmops_audit.record import Column, Finding, Message, Op, Requirement, Scalar, Severity, Table, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.evidence.scores import ScoreHistogram, Scores
    from llmops_audit.record.base import Label
    from llmops_audit.record.figures import Curves
    from llmops_audit.stats import Bounds, BrierScore, CalibrationError

Split = Literal["train", "test", "live"]
Limit = Annotated[float, Field(ge=0, le=1)]


@check(severity=Severity.MEDIUM, words="llmops_audit.analysis.metrics.words:CALIBRATION")
def calibration(
    scores: Mapping[str, Scores],
    task: Task,
    policy: Policy,
    *,
    max_expected_calibration_error: Limit | None = 0.1,
    max_brier_score: Limit | None = None,
    bins: Annotated[int, Field(ge=1, le=100)] = 15,
    current: tuple[Split, ...] = ("test",),
) -> Iterator[Finding | Table | Curves]:
    """Judge the expected calibration error and the Brier score of probabilities."""
    found = {split: _split(scores.get(split), task, bins) for split in current}
    fit: dict[str, _Split] = {split: one for split, one in found.items() if isinstance(one, _Split)}
    given = {"expected_calibration_error": max_expected_calibration_error, "brier_score": max_brier_score}
    limits = {metric: limit for metric, limit in given.items() if limit is not None}
    for split, one in found.items():
        if isinstance(one, Message):
            # Beside a split that is judged, one that the spec names and that cannot be is a doubt.
            verdict = Verdict.INCONCLUSIVE if fit else Verdict.NOT_APPLICABLE
            yield Finding(metric="probabilities", scope={"split": split}, verdict=verdict, message=one)
            continue
        if not limits:
            text = message("The spec sets no limit, so nothing is judged.")
            yield Finding(metric="limits", scope={"split": split}, verdict=Verdict.NOT_APPLICABLE, message=text)
        for metric, limit in limits.items():
            yield _judged(metric, limit, split, one, policy)
        yield from _doubts(split, one)
    if fit:
        yield _summary(fit, policy)
        for name, judgeable in fit.items():
            yield _curves(name, judgeable, policy, bins)


@dataclass(frozen=True)
class _Class:
    """The probabilities of one label."""

    label: Label
    histogram: ScoreHistogram
    effect: float
    error: CalibrationError
    brier: BrierScore

    @property
    def rows(self) -> int:
        return int(self.histogram.positive_rows.sum() + self.histogram.negative_rows.sum())


@dataclass(frozen=True)
class _Split:
    """What is judged of a split: one class of two, otherwise all that have scores."""

    classes: tuple[_Class, ...]
    missing: int
    unscored: tuple[str, ...]

    @property
    def error(self) -> CalibrationError:
        return type(self.classes[0].error).mean([one.error for one in self.classes])

    @property
    def brier(self) -> float:
        return self._share * sum(one.brier.value for one in self.classes)

    def brier_bounds(self, confidence: float) -> Bounds:
        # Standard errors add up at most, however the classes depend on each other.
        low, high = (sum(ends) for ends in zip(*(one.brier.bounds(confidence) for one in self.classes), strict=True))
        return self._share * low, min(1.0, self._share * high)

    @property
    def _share(self) -> float:
        return 1.0 if len(self.classes) == 1 else 0.5


def _split(scores: Scores | None, task: Task, bins: int) -> _Split | Message:
    from llmops_audit.analysis.metrics.score_metrics import scores_of

    labels = task.labels
    if len(labels) == 2:
        labels = (labels[1] if task.positive is None else task.positive,)
    every = {} if scores is None else {label: scores_of(scores, task.labels, label) for label in labels}
    found = {label: scored for label, scored in every.items() if scored is not None}
    if not found:
        return message("No labelled row has a score: the classifier gives none, or the split has no labels.")
    if not all(histogram.probabilities for histogram, _ in found.values()):
        return message("The scores are not between 0 and 1: they are decision values, not probabilities.")
    classes = [_class(label, histogram, bins) for label, (histogram, _) in found.items()]
    unscored = tuple(str(label) for label in labels if label not in found)
    return _Split(tuple(classes), max(missing for _, missing in found.values()), unscored)


def _class(label: Label, histogram: ScoreHistogram, bins: int) -> _Class:
    from llmops_audit import stats

    effect = 1.0
    if histogram.by_unit is not None and histogram.unit_score is not None:
        effect = stats.calibration_design_effect(histogram.by_unit, histogram.unit_score, bins)
    error = stats.calibration_error(histogram, bins, effect)
    return _Class(label, histogram, effect, error, stats.brier_score(histogram, bins, effect))


def _judged(metric: str, limit: float, split: str, one: _Split, policy: Policy) -> Finding:
    from llmops_audit.check.verdicts import judged

    is_error = metric == "expected_calibration_error"
    # Where all rows are of one unit the error is unknown.
    plug_in = one.error.plug_in if is_error and math.isfinite(one.error.plug_in) else None
    return judged(
        metric, one.error.corrected if is_error else one.brier,
        Requirement(op=Op.AT_MOST, limit=limit, setting=(f"max_{metric}",)), policy,
        bounds=one.error.bounds if is_error else one.brier_bounds,
        method="bias-corrected, conservative normal" if is_error else "score interval of a mean",
        n=max(part.rows for part in one.classes), scope={"split": split},
        details={} if plug_in is None else {"plug_in": plug_in},
    )  # fmt: skip


def _doubts(split: str, one: _Split) -> Iterator[Finding]:
    rows = max(part.rows for part in one.classes)
    doubt = {"scope": {"split": split}, "verdict": Verdict.INCONCLUSIVE, "n": rows + one.missing}
    if one.missing:
        text = message("{missing} labelled rows have no score: their error is unknown.", missing=one.missing)
        yield Finding.model_validate({**doubt, "metric": "scored_rows", "value": rows, "message": text})
    if one.unscored:
        text = message("There are no scores of the labels {labels}.", labels=one.unscored)
        yield Finding.model_validate({**doubt, "metric": "scored_labels", "value": len(one.classes), "message": text})


def _summary(found: Mapping[str, _Split], policy: Policy) -> Table:
    from llmops_audit import stats

    rows: list[dict[str, Scalar | Message]] = []
    for split, one in found.items():
        for part in one.classes:
            low, high = part.error.bounds(policy.confidence)
            brier = part.brier
            numbers = {
                "corrected": part.error.corrected, "low": low, "high": high, "plug_in": part.error.plug_in,
                "brier_score": brier.value, "reliability": brier.reliability, "resolution": brier.resolution,
                "uncertainty": brier.uncertainty, "within": brier.within_variance - brier.within_covariance,
                "skill": brier.skill, "log_loss": stats.log_loss(part.histogram),
            }  # fmt: skip
            known = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
            rows.append({"split": split, "label": str(part.label), "rows": part.rows, **known})
    headings = {
        "corrected": message("Calibration error"), "low": message("Lower end"), "high": message("Upper end"),
        "plug_in": message("Calibration error, as observed"), "brier_score": message("Brier score"),
        "reliability": message("Reliability"), "resolution": message("Resolution"),
        "uncertainty": message("Uncertainty"), "within": message("Within bins"), "skill": message("Brier skill score"),
        "log_loss": message("Log loss"),
    }  # fmt: skip
    return Table(
        name="calibration",
        chapter="performance",
        caption=message("Calibration; Brier score = reliability - resolution + uncertainty + within bins"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="label", heading=message("Label")),
            Column(key="rows", heading=message("Rows"), format="count"),
            *(Column(key=key, heading=heading, format="number") for key, heading in headings.items()),
        ),
        rows=tuple(rows),
    )


def _curves(split: str, one: _Split, policy: Policy, bins: int) -> Curves:
    from llmops_audit.analysis.curves import Calibrated, reliability_curves

    found = (Calibrated(part.label, part.histogram, part.effect, part.error) for part in one.classes)
    return reliability_curves(split, found, policy, bins)
