"""The bias audit of Local Law 144: the rule's own examples, its exceptions, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from llmops_audit.analysis.fairness.bias_audit import LocalLaw144, bias_audit
from llmops_audit.check.registry import provided
from llmops_audit.errors.validation import problems_of
from llmops_audit.record import Finding, Verdict
from llmops_audit.record.figures import BiasAudit, BiasTable, Category
from llmops_audit.spec import as_json
from llmops_audit.testing import batch, inputs, run

NOTICE: dict[str, Any] = {
    "sex": "sex",
    "race": "race",
    "data_source": "Applications of 2025 to three employers.",
    "data_kind": "historical",
    "audit_date": "2026-11-02",
    "distribution_date": "2025-03-01",
    "auditor": "Example Auditors LLC",
}

HISPANIC, WHITE, BLACK = "Hispanic or Latino", "White", "Black or African American"
PACIFIC, ASIAN = "Native Hawaiian or Pacific Islander", "Asian"
NATIVE, TWO = "Native American or Alaska Native", "Two or More Races"
RACES = (HISPANIC, WHITE, BLACK, PACIFIC, ASIAN, NATIVE, TWO)

# 6 RCNY 5-301, example of a tool that selects: individuals, selected, rate in percent, impact ratio.
SELECTION = {
    ("Male", HISPANIC): (205, 90, "43.9", "0.841"),
    ("Male", WHITE): (412, 215, "52.2", "1.000"),
    ("Male", BLACK): (226, 95, "42.0", "0.806"),
    ("Male", PACIFIC): (87, 37, "42.5", "0.815"),
    ("Male", ASIAN): (321, 167, "52.0", "0.997"),
    ("Male", NATIVE): (24, 11, "45.8", "0.878"),
    ("Male", TWO): (115, 52, "45.2", "0.866"),
    ("Female", HISPANIC): (190, 82, "43.2", "0.827"),
    ("Female", WHITE): (385, 197, "51.2", "0.981"),
    ("Female", BLACK): (164, 75, "45.7", "0.876"),
    ("Female", PACIFIC): (32, 15, "46.9", "0.898"),
    ("Female", ASIAN): (295, 135, "45.8", "0.877"),
    ("Female", NATIVE): (17, 7, "41.2", "0.789"),
    ("Female", TWO): (98, 44, "44.9", "0.860"),
}
SELECTION_BY_SEX = {("Male",): (1390, 667, "48", "1.00"), ("Female",): (1181, 555, "47", "0.979")}
SELECTION_BY_RACE = {
    (HISPANIC,): (408, 204, "50", "0.97"),
    (WHITE,): (797, 412, "52", "1.00"),
    (BLACK,): (390, 170, "44", "0.84"),
    (PACIFIC,): (119, 52, "44", "0.85"),
    (ASIAN,): (616, 302, "49", "0.95"),
    (NATIVE,): (41, 18, "44", "0.85"),
    (TWO,): (213, 96, "45", "0.87"),
}

# The example of a tool that scores: individuals, above the median, rate in percent, impact ratio.
SCORING = {
    ("Male", HISPANIC): (16, 12, "75", "1.00"),
    ("Male", WHITE): (20, 7, "35", "0.47"),
    ("Male", BLACK): (20, 10, "50", "0.67"),
    ("Male", PACIFIC): (4, 3, "75", "1.00"),
    ("Male", ASIAN): (12, 7, "58.3", "0.78"),
    ("Male", NATIVE): (8, 5, "62.5", "0.83"),
    ("Male", TWO): (12, 6, "50", "0.67"),
    ("Female", HISPANIC): (12, 6, "50", "0.67"),
    ("Female", WHITE): (20, 8, "40", "0.53"),
    ("Female", BLACK): (12, 6, "50", "0.67"),
    ("Female", PACIFIC): (4, 2, "50", "0.67"),
    ("Female", ASIAN): (12, 3, "25", "0.33"),
    ("Female", NATIVE): (8, 5, "62.5", "0.83"),
    ("Female", TWO): (8, 4, "50", "0.67"),
}
SCORING_BY_SEX = {("Male",): (92, 50, "54.3", "1.00"), ("Female",): (76, 34, "44.7", "0.82")}
SCORING_BY_RACE = {
    (WHITE,): (40, 15, "37.5", "0.58"),
    (BLACK,): (32, 16, "50.0", "0.78"),
    (PACIFIC,): (8, 5, "62.5", "0.97"),
    (ASIAN,): (24, 10, "41.7", "0.65"),
    (NATIVE,): (16, 10, "62.5", "0.97"),
    (TWO,): (20, 10, "50.0", "0.78"),
}

Row = tuple[str | None, str | None, int | None, float | None]
"""Sex, race, answer and score."""


def _notice(**changes: Any) -> LocalLaw144:
    given = {key: value for key, value in (NOTICE | changes).items() if value is not None}
    return LocalLaw144.model_validate_json(as_json(given))


def _given(rows: Sequence[Row], label: Sequence[int | None] | None = None, scored: int | None = None) -> dict[str, Any]:
    sex, race, answers, scores = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    labels = [0] * len(rows) if label is None else list(label)
    one = batch(
        "test", {"sex": sex, "race": race}, label=labels, prediction=answers,
        scores=None if scored is None else {scored: scores},
    )  # fmt: skip
    return inputs(one, groups=("sex", "race"))


def _found(rows: Sequence[Row], favourable: int | None = 1, scored: int | None = None, **notice: Any) -> list[Any]:
    given = _given(rows, scored=scored)
    outcomes, scores = given["outcomes"]["test"], given["scores"]["test"]
    return list(bias_audit(outcomes, scores, given["task"], favourable, _notice(**notice), "test"))


def _audit(rows: Sequence[Row], **options: Any) -> BiasAudit:
    (figure,) = _found(rows, **options)
    assert isinstance(figure, BiasAudit), figure
    return figure


def _refusals(rows: Sequence[Row], **options: Any) -> list[str]:
    found = _found(rows, **options)
    assert found
    assert all(isinstance(item, Finding) and item.verdict is Verdict.ERROR for item in found)
    assert len({str(item.scope) for item in found}) == len(found)
    return [item.message.id for item in found]


def _selecting(numbers: dict[tuple[str, str], tuple[int, int, str, str]]) -> list[Row]:
    return [
        (sex, race, int(i < selected), None)
        for (sex, race), (individuals, selected, _, _) in numbers.items()
        for i in range(individuals)
    ]


def _scoring() -> list[Row]:
    return [
        (sex, race, 0, 0.6 + i / 100 if i < above else 0.5 - i / 100)
        for (sex, race), (individuals, above, _, _) in SCORING.items()
        for i in range(individuals)
    ]


def _told(table: BiasTable, like: dict[Any, tuple[int, int, str, str]]) -> dict[Any, tuple[int, int, str, str]]:
    """The categories that the example names, written with as many digits."""
    told = {}
    for category in table.categories:
        if category.names in like:
            _, _, rate, ratio = like[category.names]
            assert category.rate is not None
            assert category.impact_ratio is not None
            told[category.names] = (
                category.individuals,
                category.selected,
                f"{100 * category.rate:.{_digits(rate)}f}",
                f"{category.impact_ratio:.{_digits(ratio)}f}",
            )
    return told


def _digits(text: str) -> int:
    return len(text.partition(".")[2])


def _categories(audit: BiasAudit) -> Iterable[Category]:
    return (category for table in audit.tables for category in table.categories)


def test_the_rules_example_of_a_tool_that_selects() -> None:
    """Sex and intersectional tables are the rule's to its digits; so is race, but for a line that contradicts them.

    The rule's 408 Hispanic or Latino applicants with 204 selected are 205 + 190 with 90 + 82 selected where the same
    example tells them by sex.
    """
    unknown: list[Row] = [(None, WHITE, 1, None)] * 100 + [("Female", None, 0, None)] * 150
    audit = _audit(_selecting(SELECTION) + unknown)
    sex, race, both = audit.tables
    assert _told(sex, SELECTION_BY_SEX) == SELECTION_BY_SEX
    assert _told(both, SELECTION) == SELECTION
    alike = {names: line for names, line in SELECTION_BY_RACE.items() if names != (HISPANIC,)}
    assert _told(race, alike) == alike
    assert (audit.individuals, audit.unknown) == (2571 + 250, 250)


def test_the_rules_example_by_race() -> None:
    """The race/ethnicity table of the rule's first example is reproduced, all seven lines, from its own counts."""
    rows = _selecting({("Female", race): line for (race,), line in SELECTION_BY_RACE.items()})
    assert _told(_audit(rows).tables[1], SELECTION_BY_RACE) == SELECTION_BY_RACE


def test_the_rules_example_of_a_tool_that_scores() -> None:
    """Scoring rates and ratios of the rule's second example are reproduced; the unknown do not move the median.

    One line is not compared: 18 of 28 is 64.29 %, which the rule cuts to 64.2.
    """
    unknown: list[Row] = [(None, WHITE, 1, 0.99)] * 15
    audit = _audit(_scoring() + unknown, rate="scoring", scored=1)
    sex, race, both = audit.tables
    assert _told(sex, SCORING_BY_SEX) == SCORING_BY_SEX
    assert _told(race, SCORING_BY_RACE) == SCORING_BY_RACE
    assert _told(both, SCORING) == SCORING
    assert (audit.individuals, audit.unknown, audit.doubtful) == (183, 15, 0)
    assert audit.median == pytest.approx(0.55, abs=0.06)


def test_scores_of_the_other_label_give_the_same_tables() -> None:
    """Of two labels the scores of one tell those of the other."""
    turned = [(sex, race, answer, 1 - (score or 0)) for sex, race, answer, score in _scoring()]
    one = _audit(_scoring(), rate="scoring", scored=1)
    other = _audit(turned, rate="scoring", scored=0)
    assert other.tables == one.tables
    assert other.median == pytest.approx(one.median, rel=1e-3)


people = st.tuples(
    st.sampled_from(["F", "M", "X", None]), st.sampled_from(["a", "b", "c", "not told", None]), st.sampled_from([0, 1])
)


@given(st.lists(people, min_size=1, max_size=60))
def test_counts_add_up_and_the_most_selected_has_ratio_one(drawn: list[tuple[Any, Any, int]]) -> None:
    """Every table holds all but the unknown; the best ratio is 1 where anybody is selected, and null otherwise."""
    rows = [(*one, None) for one in drawn]
    known = [row for row in rows if row[0] is not None and row[1] not in (None, "not told")]
    found = _found(rows, unknown=["not told"])
    if not known:
        assert isinstance(found[0], Finding)
        return
    (audit,) = found
    assert audit.individuals == len(rows)
    assert audit.unknown == len(rows) - len(known)
    for table in audit.tables:
        assert sum(category.individuals for category in table.categories) == len(known)
        assert sum(category.selected for category in table.categories) == sum(row[2] or 0 for row in known)
        ratios = [category.impact_ratio for category in table.categories if category.impact_ratio is not None]
        assert max(ratios, default=None) == (1 if any(row[2] for row in known) else None)
        assert all(0 <= ratio <= 1 for ratio in ratios)


@given(st.lists(st.tuples(st.sampled_from("FM"), st.sampled_from("ab"), st.floats(0, 1)), min_size=1, max_size=40))
def test_the_true_scoring_rate_lies_in_the_range(drawn: list[tuple[str, str, float]]) -> None:
    """Whatever the scores, the true share above the median is the rate, or between it and the highest rate."""
    audit = _audit([(sex, race, 0, score) for sex, race, score in drawn], rate="scoring", scored=1)
    median = float(np.median([score for _, _, score in drawn]))
    exact = all(abs(score - median) > 1e-3 for _, _, score in drawn)
    for category in audit.tables[2].categories:
        scores = [score for sex, race, score in drawn if (sex, race) == category.names]
        if not scores:
            assert category.rate is None
            continue
        true = sum(score > median for score in scores) / len(scores)
        highest = category.rate if category.highest_rate is None else category.highest_rate
        assert category.rate is not None
        assert category.rate <= true <= (highest or 0.0)
        assert category.highest_rate is None or not exact


def test_ties_with_the_median_are_not_above_it_and_said() -> None:
    """Ratings tie at the median: they count as not above, their number is told, and the most that the rate can be."""
    rows: list[Row] = [("F", "a", 0, 0.25)] * 2 + [("F", "a", 0, 0.5)] * 4 + [("M", "a", 0, 0.5)]
    audit = _audit([*rows, ("M", "a", 0, 0.75)], rate="scoring", scored=1)
    female, male = audit.tables[0].categories
    assert (audit.median, audit.doubtful) == (0.5, 5)
    # At most four of eight can lie above a median, and one does already.
    assert (female.rate, female.highest_rate) == (0, 3 / 6)
    assert (male.rate, male.highest_rate) == (1 / 2, 1)
    assert (female.impact_ratio, male.impact_ratio) == (0, 1)


def test_an_even_number_of_distinct_scores_is_exact() -> None:
    """With half of the scores on each side nothing is in doubt."""
    audit = _audit([("F", "a", 0, 0.4), ("M", "a", 0, 0.6)], rate="scoring", scored=1)
    assert [category.rate for category in audit.tables[0].categories] == [0, 1]
    assert audit.doubtful == 0
    assert audit.median == pytest.approx(0.5, rel=1e-3)


def test_an_answer_that_is_missing_is_not_selected() -> None:
    """Refusals and answers off the list stay among the individuals; rows without a label count as well."""
    given = _given([("F", "a", 1, None), ("F", "a", None, None), ("M", "a", 7, None)], label=[1, None, None])
    (audit,) = bias_audit(given["outcomes"]["test"], None, given["task"], 1, _notice(), "test")
    assert isinstance(audit, BiasAudit)
    assert [(c.individuals, c.selected) for c in audit.tables[0].categories] == [(2, 1), (1, 0)]


def test_weights_do_not_count() -> None:
    """Individuals are counted one by one, however heavy they are."""
    columns = {"sex": ["F", "M", "M"], "race": ["a", "a", "a"]}
    one = batch("test", columns, label=[1, 1, 1], prediction=[1, 1, 0], weight=[9.0, 0.5, 100.0])
    given = inputs(one, groups=("sex", "race"))
    (audit,) = bias_audit(given["outcomes"]["test"], None, given["task"], 1, _notice(), "test")
    assert isinstance(audit, BiasAudit)
    assert [category.rate for category in audit.tables[0].categories] == [1, 0.5]


def test_a_small_category_is_left_out_of_the_ratios_alone() -> None:
    """Left out with a justification, it keeps count and rate, has no ratio, and is not the one to compare with."""
    rows: list[Row] = [("F", "a", int(i < 20), None) for i in range(50)]
    rows += [("M", "a", int(i < 25), None) for i in range(50)] + [("M", "b", 1, None)]
    audit = _audit(rows, left_out={"b": "Too few to say anything.", "M / b": "As above."})
    race, both = audit.tables[1].categories, audit.tables[2].categories
    small = race[1]
    assert (small.individuals, small.rate, small.impact_ratio) == (1, 1, None)
    assert small.left_out == "Too few to say anything."
    assert race[0].impact_ratio == 1
    assert {c.names: c.impact_ratio for c in both} == {
        ("F", "a"): pytest.approx(0.8), ("F", "b"): None, ("M", "a"): 1, ("M", "b"): None,
    }  # fmt: skip
    assert [c.left_out for c in both] == [None, None, None, "As above."]


def test_two_percent_are_not_under_two_percent() -> None:
    """A category with 2 % of the individuals may not be left out; with one fewer it may."""
    rows: list[Row] = [("F", "a", 1, None)] * 98 + [("F", "b", 1, None)] * 2
    (refusal,) = _found(rows, left_out={"b": "few"})
    assert isinstance(refusal, Finding)
    assert refusal.scope == {"split": "test", "category": "b"}
    assert refusal.message.values == {"rows": 2, "all": 100}
    # The unknown are not data used: they do not make a category small.
    assert _refusals([*rows, *[(None, "b", 1, None)] * 100], left_out={"b": "few"})
    assert _audit([*rows, ("F", "a", 1, None)], left_out={"b": "few"})


def test_every_wrong_category_is_named() -> None:
    """A category that does not exist, and a name that two have, are told at once, each as a finding of its own."""
    rows: list[Row] = [("F", "a", 1, None)] * 200 + [("Other", "Other", 1, None)]
    told = _refusals(rows, left_out={"nobody": "few", "Other": "few", "F / a": "few"})
    assert told == [
        "It may not be left out: {rows} of {all} individuals are 2 % or more.",
        "More than one category has this name, so none can be left out by it.",
        "The data has no such category to leave out.",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sex": "gender"}, "Column {column} is not among the group columns (`data.groups`) of the split."),
        ({"favourable": None}, "The spec names no favourable label, so nobody is selected."),
        ({"favourable": "yes"}, "The favourable label that the spec names (`favourable`) is not a label of the data."),
        ({"rate": "scoring"}, "Scoring rates need scores of the favourable label, and there are none."),
        ({"rate": "scoring", "scored": 7}, "Scoring rates need scores of the favourable label, and there are none."),
        ({"unknown": ["F", "M"]}, "The sex or the race of every individual is unknown."),
    ],
)
def test_what_only_the_data_show_is_refused(options: dict[str, Any], said: str) -> None:
    """Columns that are no groups, no favourable label, no scores, nobody known: an error, and no table."""
    rows: list[Row] = [("F", "a", 1, 0.5), ("M", "a", 1, 0.5)]
    assert _refusals(rows, **options) == [said]


def test_missing_scores_are_refused() -> None:
    """With a score missing, or a score without a label, scoring rates would leave people out: an error."""
    rows: list[Row] = [("F", "a", 1, 0.5), ("M", "a", 1, float("nan")), (None, "a", 1, float("nan"))]
    (refusal,) = _found(rows, rate="scoring", scored=1)
    assert refusal.message.values == {"rows": 1, "all": 2}
    given = _given([("F", "a", 1, 0.5), ("M", "a", 1, 0.5)], label=[1, None], scored=1)
    notice = _notice(rate="scoring")
    found = list(bias_audit(given["outcomes"]["test"], given["scores"]["test"], given["task"], 1, notice, "test"))
    assert [type(item) for item in found] == [Finding]


def test_nothing_to_audit_is_refused() -> None:
    """Without a notice, a split or answers there is an error, never an empty table."""
    given = _given([("F", "a", None, None)])
    empty = inputs(batch("test", {"sex": ["F"], "race": ["a"]}, label=[1]), groups=("sex", "race"))
    cases = [
        (given["outcomes"]["test"], None),
        (None, _notice()),
        (empty["outcomes"]["test"], _notice()),
    ]
    for outcomes, notice in cases:
        (refusal,) = bias_audit(outcomes, None, given["task"], 1, notice, "test")
        assert isinstance(refusal, Finding)
        assert refusal.verdict is Verdict.ERROR


def test_the_audit_holds_for_one_year() -> None:
    """It expires on the same day of the next year; on 29 February a day earlier."""
    rows: list[Row] = [("F", "a", 1, None)]
    assert _audit(rows).expires == "2027-11-02"
    assert _audit(rows, audit_date="2028-02-29").expires == "2029-02-28"


def test_numbers_as_categories_compare_by_value() -> None:
    """Codes such as 1 and 1.0 in the spec mean the category 1 of the data."""
    rows: list[Row] = [("1", "5", 1, None)] * 60 + [("1", "6", 1, None), ("9", "5", 1, None)]
    audit = _audit(rows, unknown=["9.0"], left_out={"6.0": "few"})
    assert audit.unknown == 1
    assert [c.left_out for c in audit.tables[1].categories] == [None, "few"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"race": "sex"}, "`sex` and `race` name the same column"),
        (
            {"data_kind": "test"},
            "test data needs `test_data`: why no historical data was used, and where it comes from",
        ),
        ({"test_data": "none"}, '`test_data` goes with `data_kind = "test"`'),
        ({"auditor": "  "}, "auditor: is not valid; expected at least 1 character"),
        ({"auditor": None}, "auditor: is missing"),
        ({"audit_date": "2026-02-30"}, "audit_date: is not valid; expected a valid date in the format YYYY-MM-DD"),
        ({"audit_date": "86400"}, "audit_date: is not valid; expected greater than or equal to 1980-01-01"),
        ({"rate": "both"}, "rate: is not valid; expected 'selection' or 'scoring'; got 'both'"),
        ({"left_out": {"b": ""}}, "left_out.b: is not valid; expected at least 1 character"),
        ({"auditors": "x"}, "auditors: unknown key; expected one of sex, race, rate"),
    ],
)
def test_wrong_settings_are_told(changes: dict[str, Any], said: str) -> None:
    """Each mistake in the table `ll144` is named with its key and what was expected."""
    with pytest.raises(ValidationError) as caught:
        _notice(**changes)
    (problem,) = problems_of(caught.value, "audit.toml", ("checks", "fairness", "ll144"), LocalLaw144)
    assert str(problem).startswith("audit.toml: checks.fairness.ll144")
    assert said in str(problem)


def test_dates_may_be_those_of_toml() -> None:
    """A date without quotation marks in the spec reaches the table as its ISO text."""
    import tomllib

    raw = tomllib.loads("audit_date = 2026-11-02")
    assert _notice(**raw).audit_date.isoformat() == "2026-11-02"


def test_settings_are_light_to_import() -> None:
    """A check can import the settings without numpy and all that is above it."""
    module = "llmops_audit.analysis.fairness.bias_audit"
    code = f"import sys, {module}; print({{'numpy', 'pyarrow', 'pandas'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_fairness_check_makes_the_tables_where_their_settings_are_there() -> None:
    """The table `ll144` is enough; `report` alone says what lacks, and without both there is nothing of it."""
    check = provided()["fairness"].check
    columns = {"sex": ["F", "M"] * 40, "race": ["a", "a", "b", "b"] * 20}
    rows = batch("test", columns, label=[0, 1] * 40, prediction=[1, 0] * 40)
    given = inputs(rows, groups=["sex", "race"])

    def made(**settings: Any) -> tuple[int, list[Finding]]:
        items = run(check, given, **settings)
        refused = [item for item in items if isinstance(item, Finding) and item.metric == "bias_audit"]
        return sum(isinstance(item, BiasAudit) for item in items), refused

    assert made(ll144=_notice()) == made(ll144=_notice(), report="nyc-ll144") == (1, [])
    assert made() == (0, [])
    count, (refusal,) = made(report="nyc-ll144")
    assert (count, refusal.verdict) == (0, Verdict.ERROR)
