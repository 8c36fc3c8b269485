"""Drift: do the tested rows and the production rows resemble the rows the classifier learned from?

What it measures
----------------
The reference split (the training rows, or the test rows where there are no training rows) is compared with each current
split. Compared are every feature; the form of a text (characters, words, sentences, shares of non-letters and of
capitals), its script, its content, and the share of its words that half of the reference texts do not contain; labels,
predictions and scores; the shares of missing values, of new and vanished categories, and of values outside the range of
the reference; and the share of rows that occur more than once.

Numbers are compared by Evidently's Wasserstein distance, in standard deviations of the reference; categories by total
variation distance, the share of rows whose category would have to change. `numeric_distance` and `categorical_distance`
choose other distances of Evidently, and `distances` chooses them by column. Shares of rows are compared by their
difference. The content of a text, and all features together, are compared by a classifier that is trained to
distinguish current rows from reference rows; its area under the ROC curve is 0.5 where it cannot.

Where the reference holds one value of a column alone, a distance from it has no meaning: the share of rows with another
value is judged.

Two samples of one population differ by chance, and a distance is never negative: it is above 0 even where nothing has
changed. The effect is therefore the distance minus its mean when rows are shuffled between the two samples; it is 0
where that mean is the larger one.

Why it matters
--------------
A classifier is tested on some rows and used on others. Where those differ from the rows it learned from, test results
say little about its use.

How to read it
--------------
Drift is an alarm: nobody chose its limits, and small samples cannot decide them. All columns of a split, with their
windows of time, are one requirement. It fails where a test that is valid for any number of rows shows a difference and
the whole confidence interval of the effect lies above the floor; the p-value is the larger one of both, times the
number of comparisons, and corrected by Holm's method for all requirements of the audit. An effect above its floor that
is less certain, but has a p-value below 0.1 among the columns of its split, is found: it is reported, and asks for
nothing. Everything else passes. A pass of drift is the absence of an alarm, no proof that nothing has changed.

The floors: 0.05 for total variation and for differences of shares, because a change in one row of twenty is the
smallest that most people would act upon; 0.1 for the other distances, which is Evidently's own threshold; and 0.1 above
0.5 for the area under the ROC curve, where six of ten pairs of rows are ranked correctly. `max_effect` sets limits, by
distance or by column. A limit that the spec sets is no alarm: it is a requirement of its own, which passes only where
the whole interval of the effect meets it.

Each finding that passes states the effect that so many rows would have found four times in five.
`max_detectable_effect` limits that effect: where a larger effect could have gone undetected in a whole split, that is
inconclusive. `max_drifted_columns` allows some columns to drift; columns then have no verdicts of their own. Whole rows
and scores are compared, but are no columns in that count.

Where the audit itself drew training and test rows at random from one `path`, what differs is chance: distances are
described, a finding says so and passes, and says as well whether rows have a unit or a time that the draw did not
follow. Where the spec sets a limit on drift, they are judged nevertheless. Production rows are always tested.

Where the spec names a time column (`data.time`), each window of time (`windows`: days, weeks, months, quarters, years
or so many rows) is compared with the reference as well, within the same requirement, and the report shows since when a
column has drifted. A split whose rows all lack a time is inconclusive.

Look first at columns that the classifier relies on: the report sorts columns by their effect times their importance,
which is the share of predictions that change when the column is shuffled among the test rows. The report also estimates
the accuracy on production rows: from scores, and from test rows weighted to resemble production rows. Estimates never
decide a verdict, because they cannot see a change in what the labels mean.

A classifier knows its own training rows too well for a fair comparison. Predictions and scores of training rows come
therefore from fold models, each trained without one part of them; where rows are many, on a sample of the others. Each
test row is dealt at random to a fold and predicted by that fold's model, for this comparison alone, and rows are
shuffled within folds. Where rows have a unit, folds keep it together. Production rows are compared with test rows, both
predicted by the audited classifier. Of a classifier that came fitted, predictions of training rows are compared with
nothing. Probabilities are compared to two decimals.

What to do
----------
Find out why the column changed before you retrain. Correct an error in the data pipeline at its source; a change in the
real world calls for new labelled rows. Where the classifier hardly relies on the column, document that.

Until you know how the change affects predictions, have a person review a sample of production rows.

Limits
------
Drift is tested one column at a time; a change in how columns depend on each other shows only in the area under the ROC
curve. Distances of numbers and of texts rest on a uniform sample of at most `data.sample` rows of each split; labels,
categories, missing values and histograms are counted over all rows, in windows as well, but in windows of so many rows.
Where the spec names the unit that rows belong to (`data.unit`), one row of each unit is compared, because shuffling
assumes independent rows. Sample weights are ignored. A time column that is not a feature is not compared. Numbers far
outside the middle 99 % of the reference are clipped, and rare categories are pooled, so that no single row decides a
result.

References
----------
Evidently 0.7: statistics "wasserstein", "jensenshannon", "psi", "hellinger" and total variation distance. Phipson and
Smyth (2010), Permutation p-values should never be zero. Besag and Clifford (1991), Sequential Monte Carlo p-values.
Holm (1979), A simple sequentially rejective multiple test procedure. Fay, Proschan and Brittain (2015), Combining
one-sample confidence procedures for inference in the two-sample case. Benjamini and Heller (2008), Screening for
partial conjunction hypotheses. Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests.

NIST AI RMF, MEASURE 2.4 and MANAGE 4.1. Regulation (EU) 2024/1689, Article 10(3) and Article 72.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from llmops_audit.check import check
from llmops_audit.record import Finding, NamedFigure, Severity, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.analysis.drift import DriftLimits, FullCounts, OutputPair, SplitComparison
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.evidence.days import Days
    from llmops_audit.evidence.distributions import Distributions
    from llmops_audit.evidence.rows import Rows

Split = Literal["train", "test", "live"]
Distance = Literal["wasserstein", "total_variation", "jensenshannon", "psi", "hellinger"]
NumericDistance = Literal["wasserstein", "jensenshannon", "psi", "hellinger"]
CategoricalDistance = Literal["total_variation", "jensenshannon", "psi", "hellinger"]
Effect = Annotated[float, Field(ge=0)]

MANY = 1_000
"""A p-value below the check's level divided by this is small enough, however much is compared."""


@check(
    severity=Severity.MEDIUM,
    worker=("evidently.legacy.calculations.stattests", "sklearn.ensemble"),
    words="llmops_audit.analysis.drift.words:WORDS",
)
def drift(
    rows: Mapping[str, Rows],
    distributions: Mapping[str, Distributions],
    days: Mapping[str, Days],
    importance: Mapping[str, float] | None,
    task: Task,
    policy: Policy,
    *,
    reference: Split = "train",
    current: tuple[Split, ...] = ("test", "live"),
    columns: tuple[str, ...] | None = None,
    numeric_distance: NumericDistance = "wasserstein",
    categorical_distance: CategoricalDistance = "total_variation",
    distances: Mapping[str, Distance] = {},
    max_effect: Effect | Mapping[str, Effect] | None = None,
    max_detectable_effect: Effect | Mapping[str, Effect] | None = None,
    max_drifted_columns: Annotated[int, Field(ge=0)] = 0,
    windows: Literal["auto", "day", "week", "month", "quarter", "year", "none"] | Annotated[int, Field(ge=2)] = "auto",
    min_rows: Annotated[int, Field(ge=10)] = 30,
) -> Iterator[Finding | NamedFigure]:
    """Compare the current splits with the reference."""
    from llmops_audit.analysis.drift import (
        ComparisonSettings,
        DriftLimits,
        FullCounts,
        SamplePair,
        compare,
        figure,
        judge,
    )

    first = "test" if reference == "train" and "train" not in rows else reference
    named = {
        "distances": distances,
        "max_effect": max_effect,
        "max_detectable_effect": max_detectable_effect,
        "columns": columns,
    }
    _refuse_unknown(named, task)
    if task.time is None and windows not in ("auto", "none"):
        _refuse_windows()
    settings = ComparisonSettings(
        numeric_distance, categorical_distance, dict(distances), min_rows, policy.alpha / MANY, task.seed, windows
    )
    if task.unit is not None:
        # Shuffling assumes independent rows: one row of each unit is compared.
        unit, without = task.unit, [split for split in rows if task.unit not in rows[split].table.column_names]
        rows = {split: found if split in without else found.one_per(unit) for split, found in rows.items()}
        yield from _without_units([split for split in (first, *current) if split in without], unit)
    # A limit that the spec sets is always judged, on parts that the audit drew as well.
    limited = max_effect is not None or max_detectable_effect is not None or max_drifted_columns > 0
    drawn = frozenset({"test"} if task.split_here and first == "train" and "test" in current and not limited else ())
    if drawn:
        yield _random_split(task, len(rows["test"]))
    compared: list[SplitComparison] = []
    few: list[tuple[str, int]] = []
    for split in [split for split in current if split in rows and split != first and first in rows]:
        sizes = len(rows[first]), len(rows[split])
        if min(sizes) < min_rows:
            few += [(split, min(sizes))] if split not in drawn else []
            continue

        def counts(old: str, new: str) -> FullCounts | None:
            if task.unit is not None:
                return None
            timed = task.time is not None and task.time in rows[new].table.column_names
            return FullCounts(distributions[old], distributions[new], days[new] if timed else None)

        outputs = _outputs(first, split, rows, counts)
        if outputs is None:
            yield from _no_reference(split, rows[first], rows[split], columns)
        samples = SamplePair(split, rows[first], rows[split], counts(first, split), outputs)
        compared.append(compare(samples, task, settings, columns, policy.confidence))
    limits = DriftLimits(max_effect, max_detectable_effect, max_drifted_columns, columns)
    yield from _not_compared(few, bool(compared or drawn), min_rows, limits, first)
    if not compared:
        return
    judged = judge(compared, limits, policy, min_rows, drawn)
    yield from judged.findings
    yield figure("drift", first, judged, rows, task, policy, importance)


def _refuse_unknown(settings: Mapping[str, object], task: Task) -> None:
    """Refuse settings that name an unknown column or distance."""
    from llmops_audit.analysis.drift import FLOORS, PSEUDO_COLUMNS
    from llmops_audit.errors import SpecError

    known = (*task.features, *filter(None, [task.text]), *PSEUDO_COLUMNS)
    for setting, named in settings.items():
        if not isinstance(named, Mapping | tuple):
            continue
        by_distance = setting in ("max_effect", "max_detectable_effect")
        allowed = (*known, *FLOORS) if by_distance else known
        if unknown := sorted(set(named) - set(allowed)):
            wrong = "unknown column or distance" if by_distance else "unknown column"
            raise SpecError(f"checks.drift.{setting}", wrong, f"one of {', '.join(allowed)}", repr(unknown[0]))


def _outputs(
    first: str, split: str, rows: Mapping[str, Rows], counts: Callable[[str, str], FullCounts | None]
) -> OutputPair | None:
    """Return the rows whose predictions and scores can be compared with those of a split; None where there are none.

    The audited classifier knows its training rows. What it says of them is compared with nothing; what models say that
    did not see them, with what the same models say of test rows.
    """
    from llmops_audit.analysis.drift import OutputPair
    from llmops_audit.evidence.rows import by_fold_models

    if first != "train":
        return OutputPair(rows[first], rows[split], first, counts(first, split))
    if split == "live":
        return OutputPair(rows["test"], rows[split], "test", counts("test", split)) if "test" in rows else None
    if rows[first].fold is None or by_fold_models(split) not in rows:
        return None
    return OutputPair(rows[first], rows[by_fold_models(split)], first)


def _no_reference(split: str, reference: Rows, current: Rows, columns: tuple[str, ...] | None) -> Iterator[Finding]:
    """Report predictions and scores that stand in both splits and cannot be compared."""
    from llmops_audit.analysis.drift import output_pairs

    text = message(
        "The classifier learned from the training rows, so that what it says of them is no reference: "
        "it is not compared."
    )
    for pair in output_pairs(reference, current):
        if columns is None or pair.column in columns:
            scope = {"split": split, "column": pair.column}
            yield Finding(metric="rows", scope=scope, verdict=Verdict.NOT_APPLICABLE, message=text)


def _random_split(task: Task, rows: int) -> Finding:
    """Say that what differs between parts that the audit drew itself is chance, and what the draw did not heed."""
    text = message(
        "The audit itself drew training and test rows at random from the same rows: what differs is chance, "
        "and is described without a verdict."
    )
    if task.unit is not None:
        text = message(
            "{text} The draw did not keep rows of one {unit} together: new ones may differ more.",
            text=text,
            unit=task.unit,
        )
    if task.time is not None:
        text = message(
            "{text} The draw did not follow the times in {time}: later rows may differ more.", text=text, time=task.time
        )
    return Finding(
        metric="random_split",
        scope={"split": "test"},
        value=1.0,
        n=rows,
        method="census",
        verdict=Verdict.PASSED,
        message=text,
    )


def _without_units(splits: list[str], unit: str) -> Iterator[Finding]:
    for split in splits:
        text = message(
            "The split has no column {column}: its rows are compared as if they were independent.", column=unit
        )
        yield Finding(metric="rows", scope={"split": split}, verdict=Verdict.NOT_APPLICABLE, message=text)


def _refuse_windows() -> None:
    from llmops_audit.errors import SpecError

    raise SpecError("checks.drift.windows", "needs the time of rows", "a column (`data.time`)")


def _not_compared(
    few: list[tuple[str, int]], others_compared: bool, min_rows: int, limits: DriftLimits, reference: str
) -> Iterator[Finding]:
    from llmops_audit.analysis.drift import small_split

    # Where another split is compared, a split that is too small leaves a doubt.
    verdict = Verdict.INCONCLUSIVE if others_compared else Verdict.NOT_APPLICABLE
    for small, n in few:
        yield from small_split(small, n, min_rows, limits, verdict)
    if not others_compared and not few:
        text = message(
            "There is no other split to compare with the reference split '{reference}'.", reference=reference
        )
        yield Finding(metric="rows", scope={"reference": reference}, verdict=Verdict.NOT_APPLICABLE, message=text)
