"""Estimate metrics on unlabelled rows: from scores, and from labelled rows that resemble them.

Both assume covariate shift: the rows changed, their meaning did not. Where the same row would now have another label
(concept drift) they are wrong, and unlabelled rows cannot show it.

Correctness is bool, confidences are float64, one value for each row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from llmops_audit.analysis.drift.calibrated_scores import MIN_ROWS, Calibration, Estimated, calibration
from llmops_audit.analysis.drift.expected_metrics import METRICS, Actual, by_labels, by_scores, by_weights, disjoint
from llmops_audit.analysis.drift.model_outputs import ModelOutputs, confidences, there
from llmops_audit.analysis.drift.reweighting import MAX_UNMATCHED, Matrix, Resemblance, resemblance
from llmops_audit.analysis.drift.windows import Windows
from llmops_audit.check.inputs import Task
from llmops_audit.record import Message, message
from llmops_audit.record.drift_figure import PerformanceEstimate

__all__ = ["estimates"]

BoolArray = npt.NDArray[np.bool_]
Method = Literal["confidence", "reweighting"]

MIN_LABELLED = 1_000
"""Labelled rows below which an estimate is rough: at 200 a 95 % interval covers the truth in 78 to 83 %."""

MIN_WINDOW_ROWS = 30
"""Current rows that a window needs for an estimate of its own."""


def estimates(
    split: str, labelled: ModelOutputs, current: ModelOutputs, seen: tuple[Matrix, Matrix] | None, task: Task,
    confidence: float, windows: Windows | None = None,
) -> list[PerformanceEstimate]:  # fmt: skip
    """Estimate the metrics of a split in every possible way.

    Parameters
    ----------
    split : str
        Name of the current rows.
    labelled : ModelOutputs, n rows
        Test rows: the classifier learned from none of them. Rows without a label of the task are ignored.
    current : ModelOutputs, m rows
        Their labels play no part in the estimates; they may refute them.
    seen : pair of matrices, (n, p) and (m, p), optional
        Inputs of the classifier, see `resemblance`. Without them there is no reweighted estimate, and scores show
        whether the samples overlap.
    task : Task
    confidence : float
        Of every interval.
    windows : Windows, optional
        Of the current rows: each is estimated from scores as well.

    Returns
    -------
    list of PerformanceEstimate
        By calibrated scores, and by weighted rows; then window by window. Where too many current rows resemble no
        labelled row, or a method cannot be used, the estimate is withheld, with the reason. Below `MIN_LABELLED`
        labelled rows it is rough and has no interval. The metrics by the current labels stand beside, where at least
        half of the rows have one; where both intervals are disjoint the labels refute the estimate, and no later
        window has one.

    Notes
    -----
    Rows without a prediction, which are always wrong, count neither in the estimates nor in the metrics by labels.

    Confidence-based performance estimation, as in NannyML (Białek et al. 2024, arXiv:2401.08348): the estimate is the
    mean, over the current rows, of how often predictions of such a confidence were right.
    """
    known = np.flatnonzero((labelled.codes(task)[0] >= 0) & there(labelled.prediction))
    live = np.flatnonzero(there(current.prediction))
    test, now = labelled[known], current[live]
    if not len(test) or not len(now):
        return []
    found = _Samples.of(split, test, now, None if seen is None else (seen[0][known], seen[1][live]), task, confidence)
    lines = [*found.whole("confidence"), *(found.whole("reweighting") if seen is not None else ())]
    if windows is not None and len(windows.windows) > 1 and found.calibration is not None:
        lines += found.by_window(replace(windows, index=windows.index[live]))
    return lines


@dataclass(frozen=True)
class _Samples:
    """Labelled and current rows, and what is known of them."""

    split: str
    test: ModelOutputs
    now: ModelOutputs
    scored: bool
    calibration: Calibration | None
    resemblance: Resemblance | None
    task: Task
    confidence: float

    @classmethod
    def of(
        cls, split: str, test: ModelOutputs, now: ModelOutputs, seen: tuple[Matrix, Matrix] | None, task: Task,
        confidence: float,
    ) -> _Samples:  # fmt: skip
        """Learn from the labelled rows."""
        sure = confidences(test, now)
        learned = None
        if sure is not None:
            learned = calibration(test.correct, *sure, task.seed, (test.prediction, now.prediction))
        if seen is None and sure is not None and all(np.isfinite(scores).all() for scores in sure):
            seen = sure[0][:, np.newaxis], sure[1][:, np.newaxis]
        alike = None if seen is None else resemblance(*seen, task.seed)
        return cls(split, test, now, sure is not None, learned, alike, task, confidence)

    def whole(self, method: Method) -> list[PerformanceEstimate]:
        """Estimate the metrics of all current rows."""
        reason = self._unusable(method) or self._no_overlap(None) or self._few_alike(method)
        values: Mapping[str, Estimated] = {}
        if method == "confidence" and self.calibration is not None:
            values = by_scores(self.calibration, self.now, self.task, self.task.seed)
        elif method == "reweighting" and self.resemblance is not None and self.resemblance.enough:
            values = by_weights(self.resemblance, self.test, self.task, self.task.seed)
        rows = len(self.now)
        if method == "confidence" and self.calibration is not None:
            rows = int((self.calibration.bin >= 0).sum())
        line = PerformanceEstimate(split=self.split, method=method, metric="accuracy", n=rows)
        if method == "reweighting" and self.resemblance is not None:
            line = line.model_copy(update={"effective": self.resemblance.effective})
        return self._lines(line, values, by_labels(self.now, self.task), self.confidence, reason)

    def by_window(self, windows: Windows) -> list[PerformanceEstimate]:
        """Estimate the metrics of each window from scores, until the labels of a window refute them."""
        found: list[PerformanceEstimate] = []
        refuted: Message | None = None
        # So many chances to be refuted by chance.
        level = 1.0 - (1.0 - self.confidence) / (len(windows.windows) * len(METRICS))
        for number, window in enumerate(windows.windows):
            within = windows.index == number
            scored = within if self.calibration is None else within & (self.calibration.bin >= 0)
            line = PerformanceEstimate(
                split=self.split, method="confidence", metric="accuracy", window=number, start=window.start,
                n=int(scored.sum()),
            )  # fmt: skip
            few = None
            if line.n < MIN_WINDOW_ROWS:
                few = message(
                    "{rows} rows are fewer than the {least} that it needs.", rows=line.n, least=MIN_WINDOW_ROWS
                )
            values: Mapping[str, Estimated] = {}
            if few is None and self.calibration is not None:
                values = by_scores(self.calibration, self.now, self.task, self.task.seed, within)
            reason = self._unusable("confidence") or few or self._no_overlap(within)
            lines = self._lines(line, values, by_labels(self.now, self.task, within), level, refuted or reason)
            if refuted is not None:
                lines = [one.model_copy(update={"refuted": False}) for one in lines]
            elif any(one.refuted for one in lines):
                refuted = message(
                    "The labels of the window from {start} refuted the estimate; later windows have none.",
                    start=window.start,
                )
            found += lines
        return found

    def _lines(
        self, line: PerformanceEstimate, values: Mapping[str, Estimated], actual: Mapping[str, Actual], level: float,
        reason: Message | None,
    ) -> list[PerformanceEstimate]:  # fmt: skip
        """Return a line for each metric; of a method that gives none, one for the accuracy."""
        rough, lines = len(self.test) < MIN_LABELLED, []
        for name in [name for name in METRICS if name in values or name == "accuracy"]:
            one, update = values.get(name), {"metric": name, "rough": rough}
            if name in actual:
                value, bounds = actual[name]
                low, high = bounds(self.confidence)
                update |= {"actual": value, "actual_low": float(low), "actual_high": float(high)}
                update["refuted"] = one is not None and disjoint(one.bounds(level), bounds(level))
            if reason is not None or one is None:
                update |= {"withheld": reason, "rough": False}
            else:
                ends = one.bounds(self.confidence)
                update |= {"value": one.value} | ({} if rough else {"low": ends[0], "high": ends[1]})
            lines.append(line.model_copy(update=update))
        return lines

    def _unusable(self, method: Method) -> Message | None:
        """Return why a method cannot be used on these rows at all."""
        if len(self.test) < MIN_ROWS:
            rows = len(self.test)
            return message("{rows} labelled rows are fewer than the {least} that it needs.", rows=rows, least=MIN_ROWS)
        if method == "confidence":
            if not self.scored:
                return message("The rows have no scores.")
            if self.calibration is None:
                return message("Too many rows lack a score of their predicted label.")
        return None

    def _few_alike(self, method: Method) -> Message | None:
        """Return why weights would rest on a few rows."""
        if method == "reweighting" and self.resemblance is not None and not self.resemblance.enough:
            rows = round(self.resemblance.effective)
            return message("Only {rows} labelled rows, effectively, resemble these rows.", rows=rows)
        return None

    def _no_overlap(self, within: BoolArray | None) -> Message | None:
        """Return why nothing says that labelled rows speak for these rows."""
        if self.resemblance is None:
            return message("Too few rows, or no inputs, to see whether labelled rows resemble these rows.")
        unlike = self.resemblance.unlike if within is None else self.resemblance.unlike[within]
        share = float(unlike.mean()) if len(unlike) else 1.0
        if share <= MAX_UNMATCHED:
            return None
        return message(
            "{share:.1%} of these rows look like no labelled row (more than {limit:.0%}): nothing shows how often the "
            "predictions for such rows are right.",
            share=share, limit=MAX_UNMATCHED,
        )  # fmt: skip
