"""Drift: do the rows that are judged, or met in production, look like the rows the classifier learned from?

What it measures
----------------
The reference split (the training rows where there are any, otherwise the test rows) is compared with each current
split: every feature; a text by its form (characters, words, sentences, shares of signs and of capitals), its script,
the share of its words that half of the reference does not know, and by what it says; labels, predictions and scores;
how many values are missing, new, gone, or outside the range of the reference; and how many rows occur more than once.

Numbers are compared by Evidently's Wasserstein distance in standard deviations of the reference; categories by total
variation, which is the share of rows that would have to change. Other distances of Evidently's can be chosen by column
(`methods`). What is told in rows is compared by the difference of shares. What a text says, or all features together,
is compared by a classifier that learns to tell current rows from those of the reference; its area under the ROC curve
is 0.5 where it cannot.

Two samples of one population differ by chance, and a distance cannot be negative, so that it is above 0 even where
nothing has changed. The effect is therefore the distance less what rows shuffled between the two samples show on
average.

Why it matters
--------------
A classifier is tested on some rows and used on others. Where they differ from those it learned from, test results say
little about the use.

How to read it
--------------
A column fails where two things hold: chance does not explain the difference (a test that is valid for any numbers of
rows, corrected over everything that is compared by Holm's method), and the effect is above the floor, even at the lower
end of its confidence interval. A difference that is certain but may be smaller than the floor is inconclusive; one that
is certainly smaller passes, as does one that chance explains.

The floors: 0.05 for total variation and for shares, since a change of one row in twenty is the least that most would
act upon; 0.1 for the other distances, which is Evidently's own threshold; 0.1 above 0.5 for the area under the curve,
from where rows can be told apart in six cases of ten. `max_effect` sets others, by distance or by column.

A passed column means that no drift was found with these rows, not that there is none: the finding says which effect so
many rows would find four times in five. `must_detect` names an effect that must not stay unseen: where it could in a
whole split, the column is inconclusive. `max_drifted_columns` allows some columns to drift; the columns then have no
verdict of their own.

Where the spec names a time column (`data.time`), each window of time (`windows`) is compared with the reference as
well, in the same correction, and the report shows when a column broke.

Look first at columns that the classifier relies on: the report sorts by the effect times the share of answers that
change when the column is shuffled among the test rows. It also estimates the accuracy on production rows, from scores,
and from test rows weighted so that they look like these rows. Estimates gate nothing: they cannot see a change in what
the labels mean.

Predictions and scores on training rows are out-of-fold: they come from a classifier that did not see the row, because a
classifier knows its own training rows too well to be compared on them. Probabilities are compared to two decimals,
because the classifiers of different folds agree no further.

What to do
----------
Find out why the column moved before you train anew: an error on its way into the data is mended at its source, a
change of the world asks for new labelled rows. Where the classifier hardly relies on the column, write that down.

Until it is known what the change does to the answers, have a person look at a sample of production rows.

Limits
------
Drift is looked for one column at a time; how columns depend on each other shows only in the area under the curve.
Distances rest on at most `data.sample` rows of a split, a uniform sample; missing values, categories and histograms are
counted over all rows. Where the spec names the unit that rows belong to (`data.unit`), one row of each is compared,
because shuffling supposes rows that do not depend on each other. Sample weights are not considered. A time column that
is itself no feature is not compared. Numbers far outside the middle 99 % of the reference count as less far, and rare
categories are taken together, so that a single row decides nothing.

References
----------
Evidently 0.7: statistics "wasserstein", "jensenshannon", "psi", "hellinger" and total variation distance. Phipson and
Smyth (2010), Permutation p-values should never be zero. Besag and Clifford (1991), Sequential Monte Carlo p-values.
Holm (1979), A simple sequentially rejective multiple test procedure. Newcombe (1998), Interval estimation for the
difference between independent proportions. Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests.

NIST AI RMF, MEASURE 2.4 and MANAGE 4.1. Regulation (EU) 2024/1689, Article 10(3) and Article 72.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from llmops_audit.check import check
from llmops_audit.record import Finding, NamedFigure, Severity, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.analysis.drift import Compared
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.evidence.distributions import Distributions
    from llmops_audit.evidence.rows import Rows

Split = Literal["train", "test", "live"]
Distance = Literal["wasserstein", "total_variation", "jensenshannon", "psi", "hellinger"]
NumberDistance = Literal["wasserstein", "jensenshannon", "psi", "hellinger"]
CategoryDistance = Literal["total_variation", "jensenshannon", "psi", "hellinger"]
Effect = Annotated[float, Field(ge=0)]

MANY = 1_000
"""A p-value of the check's level over so many is small enough, whatever is compared beside it."""


@check(
    severity=Severity.MEDIUM,
    worker=("evidently.legacy.calculations.stattests", "sklearn.ensemble"),
    words="llmops_audit.analysis.drift.words:WORDS",
)
def drift(
    rows: Mapping[str, Rows],
    distributions: Mapping[str, Distributions],
    importance: Mapping[str, float] | None,
    task: Task,
    policy: Policy,
    *,
    reference: Split = "train",
    current: tuple[Split, ...] = ("test", "live"),
    columns: tuple[str, ...] | None = None,
    numbers: NumberDistance = "wasserstein",
    categories: CategoryDistance = "total_variation",
    methods: Mapping[str, Distance] = {},
    max_effect: Effect | Mapping[str, Effect] | None = None,
    must_detect: Effect | Mapping[str, Effect] | None = None,
    max_drifted_columns: Annotated[int, Field(ge=0)] = 0,
    windows: Literal["auto", "day", "week", "month", "none"] | Annotated[int, Field(ge=2)] = "auto",
    min_rows: Annotated[int, Field(ge=10)] = 30,
) -> Iterator[Finding | NamedFigure]:
    """Compare the current splits with the reference."""
    from llmops_audit.analysis.drift import Exact, How, Limits, Samples, compare, figure, judge

    first = "test" if reference == "train" and "train" not in rows else reference
    given = {"methods": methods, "max_effect": max_effect, "must_detect": must_detect, "columns": columns}
    _refuse_unknown(given, task)
    how = How(numbers, categories, dict(methods), min_rows, policy.alpha / MANY, task.seed, windows)
    if task.unit is not None:
        # Shuffling rows tells nothing where those of one unit stay together: one of each is compared.
        rows = {split: found.one_per(task.unit) for split, found in rows.items()}
    compared: list[Compared] = []
    few: list[tuple[str, int]] = []
    for split in [split for split in current if split in rows and split != first and first in rows]:
        sizes = len(rows[first]), len(rows[split])
        if min(sizes) < min_rows:
            few.append((split, min(sizes)))
            continue
        exact = None if task.unit is not None else Exact(distributions[first], distributions[split])
        samples = Samples(split, rows[first], rows[split], exact)
        compared.append(compare(samples, task, how, columns, policy.confidence))
    yield from _not_compared(few, bool(compared), min_rows, first)
    if not compared:
        return
    judged = judge(compared, Limits(max_effect, must_detect, max_drifted_columns), policy, min_rows)
    yield from judged.findings
    yield figure("drift", first, judged, rows, task, policy, importance)


def _refuse_unknown(given: Mapping[str, object], task: Task) -> None:
    """Refuse settings that name a column or a distance that there is not."""
    from llmops_audit.analysis.drift import FLOORS, PSEUDO_COLUMNS
    from llmops_audit.errors import SpecError

    known = (*task.features, *filter(None, [task.text]), *PSEUDO_COLUMNS)
    for setting, named in given.items():
        if not isinstance(named, Mapping | tuple):
            continue
        allowed = (*known, *FLOORS) if setting in ("max_effect", "must_detect") else known
        if unknown := sorted(set(named) - set(allowed)):
            raise SpecError(f"checks.drift.{setting}", f"{unknown[0]} is not compared", f"some of {', '.join(allowed)}")


def _not_compared(few: list[tuple[str, int]], beside: bool, least: int, reference: str) -> Iterator[Finding]:
    # Beside a split that is compared, one that cannot be is a doubt.
    verdict = Verdict.INCONCLUSIVE if beside else Verdict.NOT_APPLICABLE
    for small, n in few:
        text = message("{rows} rows are fewer than the {least} that a comparison needs.", rows=n, least=least)
        yield Finding(metric="rows", scope={"split": small}, n=n, verdict=verdict, message=text)
    if not beside and not few:
        text = message("There is nothing to compare with the reference split '{reference}'.", reference=reference)
        yield Finding(metric="rows", scope={"reference": reference}, verdict=Verdict.NOT_APPLICABLE, message=text)
