"""The bias audit of New York City Local Law 144 of 2021: rates and impact ratios by sex, race/ethnicity and both.

The law is NYC Administrative Code 20-870 to 20-874; what is computed and published stands in its rules, 6 RCNY 5-300 to
5-304 (adopted 6 April 2023). A check that offers the table imports this module for its settings: nothing here is slow
to import.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, product
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from llmops_audit.record import Finding, Label, Message, Verdict, message
from llmops_audit.record.figures import BiasAudit, BiasTable, Category
from llmops_audit.record.labels import MISSING, canonical_label

if TYPE_CHECKING:
    from llmops_audit.check.inputs import Task
    from llmops_audit.evidence.outcomes import Outcomes
    from llmops_audit.evidence.scores import ScoreHistogram, Scores

__all__ = ["LocalLaw144", "bias_audit"]

SMALL = 50
"""A category may be left out of the impact ratios where fewer than one in so many individuals, 2 %, belong to it."""

BOTH = " / "
"""Stands between sex and race in the name of an intersectional category."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Day = Annotated[date, Field(ge=date(1980, 1, 1), le=date(2999, 12, 31))]
Pair = tuple[str, str]
"""Values of sex and race."""
Names = tuple[str, ...]
Attributes = tuple[Literal["sex", "race"], ...]

_SEX: Attributes = ("sex",)
_RACE: Attributes = ("race",)


class LocalLaw144(BaseModel):
    """What a bias audit needs beside the data, `[checks.fairness.ll144]`; all of it is published."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    sex: Text = Field(description="Group column of the sex categories.")
    race: Text = Field(description="Group column of the race/ethnicity categories, in one column as in form EEO-1.")
    rate: Literal["selection", "scoring"] = Field(
        default="selection", description="Whether the tool selects or classifies people, or scores them."
    )
    data_source: Text = Field(description="Where the data comes from, and what it holds.")
    data_kind: Literal["historical", "test"] = Field(
        description="Historical data was collected while the tool was in use; all other data is test data."
    )
    test_data: Text | None = Field(
        default=None, description="Why no historical data was used, and how the test data was generated and obtained."
    )
    audit_date: Day = Field(description="Date of the bias audit.")
    distribution_date: Day = Field(description="Date on which the employer or agency began to use the tool.")
    auditor: Text = Field(description="The independent auditor.")
    left_out: dict[str, Text] = Field(
        default_factory=dict,
        description="Category under 2 % of the data -> the auditor's justification for leaving it out of the impact "
        "ratios; an intersectional category is written 'Female / Asian'.",
    )
    unknown: tuple[Text, ...] = Field(
        default=(), description="Values of both columns that mean unknown; a missing value always does."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.sex == self.race:
            raise ValueError("`sex` and `race` name the same column")
        if self.data_kind == "test" and self.test_data is None:
            raise ValueError("test data needs `test_data`: why no historical data was used, and where it comes from")
        if self.data_kind == "historical" and self.test_data is not None:
            raise ValueError('`test_data` goes with `data_kind = "test"`')
        return self


def bias_audit(
    outcomes: Outcomes | None,
    scores: Scores | None,
    task: Task,
    favourable: Label | None,
    notice: LocalLaw144 | None,
    split: str,
) -> Iterator[Finding | BiasAudit]:
    """Compute the tables that the law requires to be published.

    Every row counts as one individual, labelled or not and whatever its weight. Individuals of unknown sex or unknown
    race are counted, but they are in no table and not in the median.

    Parameters
    ----------
    outcomes : Outcomes, optional
        Of the split; None where there is none.
    scores : Scores, optional
        Of the split; needed for scoring rates alone.
    task : Task
    favourable : label, optional
        The prediction that counts as selected, in canonical form; for scoring rates the label that scores are about.
    notice : LocalLaw144, optional
    split : str

    Yields
    ------
    BiasAudit
        Or, in its place, findings with verdict `error` that say why there is none.
    """
    found: list[Finding | BiasAudit]
    try:
        found = [_audit(outcomes, scores, task, favourable, notice, split)]
    except _Refused as refused:
        found = [_refusal(text, split, category) for category, text in refused.problems.items()]
    yield from found


class _Refused(Exception):
    """There is no bias audit; the problems, by category where they are those of one."""

    def __init__(self, problems: Mapping[str | None, Message]) -> None:
        super().__init__()
        self.problems = problems


def _refusal(text: Message, split: str, category: str | None) -> Finding:
    scope = {"split": split} | ({} if category is None else {"category": category})
    return Finding(metric="bias_audit", scope=scope, verdict=Verdict.ERROR, message=text)


def _audit(
    outcomes: Outcomes | None,
    scores: Scores | None,
    task: Task,
    favourable: Label | None,
    notice: LocalLaw144 | None,
    split: str,
) -> BiasAudit:
    if notice is None:
        raise _Refused({None: message("The bias audit needs the table `ll144` in the spec.")})
    for column in (notice.sex, notice.race):
        if column not in task.groups:
            text = message(
                "Column {column} is not among the group columns (`data.groups`) of the split.", column=column
            )
            raise _Refused({None: text})
    if favourable is None:
        raise _Refused({None: message("The spec names no favourable label, so nobody is selected.")})
    if favourable not in task.labels:
        text = message("The favourable label that the spec names (`favourable`) is not a label of the data.")
        raise _Refused({None: text})
    if outcomes is None or not outcomes.has_predictions:
        raise _Refused({None: message("The split has no predictions.")})
    sexes, races = (_values(outcomes, column, notice) for column in (notice.sex, notice.race))
    selected = _selected(outcomes, notice, favourable)
    everyone = {pair: selected.get(pair, _NOBODY) for pair in product(sexes, races)}
    included = sum(counts.individuals for counts in everyone.values())
    if not included:
        raise _Refused({None: message("The sex or the race of every individual is unknown.")})
    median = _Median()
    if notice.rate == "scoring":
        found = _histograms(scores, task, favourable, notice, everyone)
        median = _median(list(found.values()))
        everyone = {pair: median.counts(histogram) for pair, histogram in found.items()}
    tables = {
        _SEX: _summed(everyone, lambda pair: (pair[0],)),
        _RACE: _summed(everyone, lambda pair: (pair[1],)),
        _SEX + _RACE: _summed(everyone, lambda pair: pair),
    }
    why = _left_out(tables, notice, included)
    return BiasAudit(
        name="bias_audit",
        split=split,
        rate=notice.rate,
        favourable=favourable,
        answers=len(task.labels),
        median=median.value,
        doubtful=sum(counts.doubtful for counts in everyone.values()),
        individuals=outcomes.rows,
        unknown=outcomes.rows - included,
        data_source=notice.data_source,
        data_kind=notice.data_kind,
        test_data=notice.test_data,
        auditor=notice.auditor,
        audit_date=notice.audit_date.isoformat(),
        distribution_date=notice.distribution_date.isoformat(),
        expires=_one_year_on(notice.audit_date).isoformat(),
        tables=tuple(_table(attributes, table, why, median.ceiling) for attributes, table in tables.items()),
    )


@dataclass(frozen=True)
class _Counts:
    """Individuals of a category, those selected, and those whose score is too near the median to decide."""

    individuals: int
    selected: int
    doubtful: int = 0

    def __add__(self, other: _Counts) -> _Counts:
        return _Counts(
            self.individuals + other.individuals, self.selected + other.selected, self.doubtful + other.doubtful
        )


_NOBODY = _Counts(0, 0)
_Tally = dict[Names, _Counts]


@dataclass(frozen=True)
class _Median:
    """Where the median lies among bins of scores.

    Attributes
    ----------
    value : float, optional
        Of the scores, to the width of a bin.
    bin : int
        Scores in higher bins lie above the median, scores in lower ones do not.
    ceiling : int
        The most scores of the bin that can lie above the median; 0 where none can, so that all is exact.
    """

    value: float | None = None
    bin: int = 0
    ceiling: int = 0

    def counts(self, histogram: ScoreHistogram) -> _Counts:
        """Count the scores above the median; those of its bin are taken as not above."""
        rows = histogram.positive_rows + histogram.negative_rows
        beside = int(rows[histogram.bins == self.bin].sum()) if self.ceiling else 0
        return _Counts(int(rows.sum()), int(rows[histogram.bins > self.bin].sum()), beside)


def _values(outcomes: Outcomes, column: str, notice: LocalLaw144) -> list[str]:
    unknown = {MISSING, *(_canonical(value) for value in notice.unknown)}
    return [value for value, _ in outcomes.group_counts(column) if value not in unknown]


def _canonical(value: str) -> str:
    return str(canonical_label(value))


def _selected(outcomes: Outcomes, notice: LocalLaw144, favourable: Label) -> dict[Pair, _Counts]:
    sex, race = outcomes.groups.index(notice.sex), outcomes.groups.index(notice.race)
    counts: dict[Pair, _Counts] = {}
    for (_, prediction, group, _), tally in outcomes.cells.items():
        pair = group[sex], group[race]
        here = _Counts(tally.rows, tally.rows if prediction == favourable else 0)
        counts[pair] = counts.get(pair, _NOBODY) + here
    return counts


def _scored(scores: Scores, task: Task, favourable: Label) -> Label | None:
    """Return the label whose scores give those of the favourable one: itself, or the other of two."""
    known = scores.labels()
    if favourable in known:
        return favourable
    others = [label for label in task.labels if label != favourable]
    return others[0] if len(others) == 1 and others[0] in known else None


def _histograms(
    scores: Scores | None, task: Task, favourable: Label, notice: LocalLaw144, everyone: Mapping[Pair, _Counts]
) -> dict[Pair, ScoreHistogram]:
    label = None if scores is None else _scored(scores, task, favourable)
    if scores is None or label is None:
        raise _Refused({None: message("Scoring rates need scores of the favourable label, and there are none.")})
    found = {pair: scores.histogram(label, {notice.sex: pair[0], notice.race: pair[1]}) for pair in everyone}
    included = sum(counts.individuals for counts in everyone.values())
    unscored = included - sum(_rows(histogram) for histogram in found.values())
    if unscored:
        text = message("{rows} of {all} individuals have no score or no label.", rows=unscored, all=included)
        raise _Refused({None: text})
    return found if label == favourable else {pair: histogram.complement() for pair, histogram in found.items()}


def _rows(histogram: ScoreHistogram) -> int:
    return int(histogram.positive_rows.sum() + histogram.negative_rows.sum())


def _median(found: Sequence[ScoreHistogram]) -> _Median:
    rows: dict[int, int] = {}
    sums: dict[int, float] = {}
    for histogram in found:
        for i, bin_number in enumerate(histogram.bins.tolist()):
            positive, negative = int(histogram.positive_rows[i]), int(histogram.negative_rows[i])
            total = positive * histogram.positive_score[i] + negative * histogram.negative_score[i]
            rows[bin_number] = rows.get(bin_number, 0) + positive + negative
            sums[bin_number] = sums.get(bin_number, 0.0) + float(total)
    ordered = sorted(rows)
    up_to = list(accumulate(rows[bin_number] for bin_number in ordered))
    lower, upper = (ordered[bisect_right(up_to, rank)] for rank in ((up_to[-1] - 1) // 2, up_to[-1] // 2))
    above = sum(count for bin_number, count in rows.items() if bin_number > lower)
    value = (sums[lower] / rows[lower] + sums[upper] / rows[upper]) / 2
    # At most half of all can lie strictly above a median.
    return _Median(value, lower, up_to[-1] // 2 - above)


def _summed(everyone: Mapping[Pair, _Counts], category: Callable[[Pair], Names]) -> _Tally:
    counts: _Tally = {}
    for pair, here in everyone.items():
        names = category(pair)
        counts[names] = counts.get(names, _NOBODY) + here
    return counts


def _left_out(
    tables: Mapping[Attributes, _Tally], notice: LocalLaw144, included: int
) -> dict[tuple[Attributes, Names], str]:
    """Return the justifications of the categories that are left out."""
    known: dict[str, list[tuple[Attributes, Names]]] = {}
    for attributes, table in tables.items():
        for names in table:
            known.setdefault(BOTH.join(names), []).append((attributes, names))
    problems: dict[str | None, Message] = {}
    why: dict[tuple[Attributes, Names], str] = {}
    for name, reason in sorted(notice.left_out.items()):
        found = known.get(_canonical(name), [])
        if not found:
            problems[name] = message("The data has no such category to leave out.")
        elif len(found) > 1:
            problems[name] = message("More than one category has this name, so none can be left out by it.")
        else:
            ((attributes, names),) = found
            rows = tables[attributes][names].individuals
            why[attributes, names] = reason
            if rows * SMALL >= included:
                problems[name] = message(
                    "It may not be left out: {rows} of {all} individuals are 2 % or more.", rows=rows, all=included
                )
    if problems:
        raise _Refused(problems)
    return why


def _table(
    attributes: Attributes, table: _Tally, why: Mapping[tuple[Attributes, Names], str], ceiling: int
) -> BiasTable:
    rates = {
        names: counts.selected / counts.individuals if counts.individuals else None for names, counts in table.items()
    }
    compared = [rate for names, rate in rates.items() if (attributes, names) not in why and rate is not None]
    best = max(compared, default=0.0)
    categories = []
    for names, counts in table.items():
        rate, reason = rates[names], why.get((attributes, names))
        highest = counts.selected + min(counts.doubtful, ceiling)
        categories.append(
            Category(
                names=names,
                individuals=counts.individuals,
                selected=counts.selected,
                rate=rate,
                highest_rate=highest / counts.individuals if ceiling and counts.individuals else None,
                impact_ratio=rate / best if rate is not None and reason is None and best else None,
                left_out=reason,
            )
        )
    return BiasTable(attributes=attributes, categories=tuple(categories))


def _one_year_on(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
