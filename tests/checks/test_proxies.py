"""The proxies check: groups that features or words give away are found, and noise gives nobody away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import binom

from llmops_audit.check.registry import provided
from llmops_audit.record import Finding, Table, Verdict, requirement_id
from llmops_audit.render.i18n import render, translator
from llmops_audit.testing import assert_conforms, batch, inputs, run

CHECK = provided()["proxies"].check
RUNS = 40
SURPRISE = 1e-3
"""Probability of so many misses, at 5 %, from which on nobody believes the 5 %."""


def _given(groups: dict[str, list[Any]], seen: dict[str, Any], split: str = "test", **more: Any) -> dict[str, Any]:
    columns = {name: list(values) for name, values in seen.items()}
    named = {"features": list(columns)} if "text" not in columns else {"text": "text"}
    return inputs(batch(split, {**groups, **columns}), groups=list(groups), **named, **more)


def _sexes(n: int, seed: int = 1) -> tuple[list[str], np.random.Generator]:
    rng = np.random.default_rng(seed)
    return rng.choice(["F", "M"], n).tolist(), rng


def _role(sex: list[str]) -> list[str]:
    return ["wife" if one == "F" else "husband" for one in sex]


def _findings(given: dict[str, Any], **settings: Any) -> list[Finding]:
    return [item for item in run(CHECK, given, **settings) if isinstance(item, Finding)]


def _area(given: dict[str, Any], **settings: Any) -> float:
    (finding,) = _findings(given, **settings)
    assert finding.value is not None
    return finding.value


def _lines(given: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    tables = [item for item in run(CHECK, given, **settings) if isinstance(item, Table)]
    return [dict(row) for table in tables for row in table.rows]


def test_it_conforms() -> None:
    """Noise passes, and a role that is the sex by another name fails."""
    sex, rng = _sexes(300)
    noise = {"x": rng.normal(size=300), "colour": rng.choice(["red", "blue"], 300)}
    assert_conforms(
        CHECK, clean=_given({"sex": sex}, noise), violating=_given({"sex": sex}, {**noise, "role": _role(sex)})
    )


def test_two_groups_have_one_area_and_three_have_three() -> None:
    """Of two groups one finding names both; of more each is told from the rest; an attribute is one requirement."""
    sex, rng = _sexes(300)
    origin = rng.choice(["a", "b", "c"], 300)
    given = _given({"sex": sex, "origin": origin.tolist()}, {"x": origin == "a", "y": rng.normal(size=300)})
    found = {tuple(finding.scope.items())[1]: finding for finding in _findings(given)}
    assert list(found) == [("sex", "F"), ("origin", "a"), ("origin", "b"), ("origin", "c")]
    assert {requirement_id("proxies", finding) for finding in found.values()} == {
        "proxies.group_separability[sex]",
        "proxies.group_separability[origin]",
    }
    assert found["sex", "F"].details["compared_with"] == "M"
    assert found["sex", "F"].details["group_rows"] == sex.count("F")
    assert found["origin", "a"].verdict is Verdict.FAILED
    assert found["origin", "b"].verdict is Verdict.PASSED


def test_the_strongest_proxies_are_named_in_order() -> None:
    """Each group's lines are the features that tell most alone, the best first, as many as asked for."""
    sex, rng = _sexes(400)
    female = np.array(sex) == "F"
    seen = {
        "weak": rng.normal(size=400) + 0.7 * female,
        "nothing": rng.normal(size=400),
        "strong": rng.normal(size=400) - 2 * female,
    }
    lines = _lines(_given({"sex": sex}, seen), top_proxies=2)
    assert [(line["attribute"], line["group"], line["proxy"]) for line in lines] == [
        ("sex", "F", "strong"),
        ("sex", "F", "weak"),
    ]
    assert all(line["low"] < line["roc_auc"] < line["high"] for line in lines)
    assert 0.85 < lines[0]["roc_auc"] < 0.95
    assert _lines(_given({"sex": sex}, seen), top_proxies=0) == []


def test_combinations_of_features_are_seen() -> None:
    """Two features that tell nothing alone and everything together are found."""
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 2, (2, 400))
    given = _given({"sex": np.where(a ^ b, "F", "M").tolist()}, {"a": a, "b": b})
    assert _area(given) > 0.99
    assert all(line["roc_auc"] < 0.65 for line in _lines(given))


def test_small_groups_are_shown_and_not_judged() -> None:
    """A group of few rows keeps its count; rows without a value are a group."""
    sex = ["F"] * 1000 + ["M"] * 1000 + [None] * 40 + ["X"] * 29
    x = np.random.default_rng(3).normal(size=len(sex))
    found = {finding.scope["sex"]: finding for finding in _findings(_given({"sex": sex}, {"x": x}))}
    assert sorted(found) == ["(missing)", "F", "M", "X"]
    assert (found["X"].metric, found["X"].value, found["X"].verdict) == ("group_rows", 29, Verdict.NOT_APPLICABLE)
    assert found["(missing)"].details == {"group_rows": 40}
    assert all(finding.n == 2069 for finding in found.values() if finding.metric == "group_separability")


def test_many_rows_in_small_groups_leave_a_doubt() -> None:
    """No group of 25 rows can be judged, though the feature gives half of the rows away."""
    sex = ["F"] * 100 + ["M"] * 100 + [f"x{i}" for i in range(8) for _ in range(25)]
    x = np.random.default_rng(3).normal(size=len(sex)) + np.repeat([0, 9], 200)
    given = _given({"sex": sex}, {"x": x})
    doubt = next(finding for finding in _findings(given, max_roc_auc=1.0) if "attribute" in finding.scope)
    assert (doubt.metric, doubt.verdict) == ("group_separability", Verdict.INCONCLUSIVE)
    assert (doubt.message.values["rows"], doubt.message.values["all"]) == (200, 400)


def test_an_attribute_among_the_features_is_said_and_can_be_left_out() -> None:
    """Among the inputs it fails and the message says why; excluded, the other inputs are judged."""
    sex, rng = _sexes(300)
    given = _given({"sex": sex}, {"sex": sex, "x": rng.normal(size=300)})
    (finding,) = _findings(given)
    assert finding.verdict is Verdict.FAILED
    assert finding.message.id.startswith("The attribute itself is an input of the classifier.")
    (without,) = _findings(given, exclude_attribute=True)
    assert without.verdict is Verdict.PASSED
    assert not without.message.id.startswith("The attribute itself is an input of the classifier.")
    assert [line["proxy"] for line in _lines(given, exclude_attribute=True)] == ["x"]


def test_another_attribute_stays_among_the_features() -> None:
    """Leaving an attribute out is for its own sake: as a proxy of another one it counts."""
    sex, rng = _sexes(300)
    other = {"F": "f", "M": "m"}
    given = _given({"sex": sex, "gender": [other[one] for one in sex]}, {"sex": sex, "x": rng.normal(size=300)})
    found = {list(finding.scope)[1]: finding for finding in _findings(given, exclude_attribute=True)}
    assert found["sex"].verdict is Verdict.PASSED
    assert found["gender"].verdict is Verdict.FAILED


def test_rows_of_one_unit_do_not_help_each_other() -> None:
    """Persons that are known by heart give nothing away: one row of each counts."""
    sex, rng = _sexes(60)
    person = np.repeat(np.arange(60), 10)
    given = inputs(
        batch(
            "test",
            {
                "sex": [sex[i] for i in person],
                "person": [f"p{i}" for i in person],
                "x": rng.normal(size=60)[person].tolist(),
            },
        ),
        groups=["sex"],
        features=["x"],
    )
    assert _area(given) > 0.9
    given["task"] = given["task"].model_copy(update={"unit": "person"})
    (finding,) = _findings(given, min_group_rows=20)
    assert finding.n == 60
    assert finding.value is not None
    assert finding.value < 0.7


@pytest.mark.parametrize(
    ("groups", "seen", "says"),
    [
        ({}, {"x": range(100)}, "names no group column"),
        ({"sex": ["F", "M"] * 50}, {}, "neither features nor a text"),
        ({"sex": ["F"] * 100}, {"x": range(100)}, "No group can be judged"),
        ({"sex": ["F"] * 80 + ["M"] * 20}, {"x": range(100)}, "No group can be judged"),
        ({"sex": ["F", "M"] * 50}, {"text": ["", None, "?!", " "] * 25}, "No text contains"),
    ],
)
def test_what_cannot_be_judged_has_a_reason(groups: dict[str, Any], seen: dict[str, Any], says: str) -> None:
    """Without groups, inputs or enough rows nothing is judged, and the reason is given."""
    found = _findings(_given(groups, seen))
    assert {finding.verdict for finding in found} == {Verdict.NOT_APPLICABLE}
    assert says in found[-1].message.id


def test_a_split_that_is_not_there_is_no_pass() -> None:
    """The split that is asked for is the one that is judged."""
    sex, rng = _sexes(100)
    given = _given({"sex": sex}, {"x": rng.normal(size=100)}, split="train")
    assert [finding.verdict for finding in _findings(given)] == [Verdict.NOT_APPLICABLE]
    (finding,) = _findings(given, current="train")
    assert finding.scope == {"split": "train", "sex": "F"}
    assert finding.verdict is Verdict.PASSED


def test_an_attribute_that_cannot_be_judged_beside_another_is_a_doubt() -> None:
    """An attribute that is its own only input is inconclusive, because another attribute is judged."""
    sex, rng = _sexes(200)
    given = _given({"sex": sex, "origin": rng.choice(["a", "b"], 200).tolist()}, {"sex": sex})
    found = {tuple(finding.scope.values())[1]: finding for finding in _findings(given, exclude_attribute=True)}
    assert (found["sex"].verdict, found["sex"].value) == (Verdict.INCONCLUSIVE, None)
    assert requirement_id("proxies", found["sex"]) == "proxies.group_separability[sex]"
    assert found["a"].verdict is Verdict.PASSED


def test_a_finding_says_what_is_told() -> None:
    """No finding reads as a quality of the classifier: each says how well the inputs tell whom."""
    sex, rng = _sexes(200)
    origin = rng.choice(["a", "b", "c"], 200).tolist()
    findings = _findings(_given({"sex": sex, "origin": origin}, {"role": _role(sex)}))
    assert {finding.metric for finding in findings} == {"group_separability"}
    english = [render(finding.message, translator("en")) for finding in findings]
    assert "How well the inputs tell sex: ROC AUC 1.00. " in english[0]
    assert "How well the inputs tell a (origin) from the others: ROC AUC 0." in english[1]


HARD: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "missing": lambda rng, n: [None] * n,
    "constant": lambda rng, n: ["same"] * n,
    "one number": lambda rng, n: [7.0] * n,
    "infinite": lambda rng, n: rng.choice([np.inf, -np.inf, 1e308, 5e-324], n),
    "of its own each": lambda rng, n: [f"id {i}" for i in range(n)],
    "holes": lambda rng, n: [None if hole else 1.0 for hole in rng.random(n) < 0.3],
}


@pytest.mark.parametrize("kind", sorted(HARD))
def test_hard_features_do_no_harm(kind: str) -> None:
    """Missing, constant, infinite and unique values tell nothing, and hide nothing that another feature tells."""
    sex, rng = _sexes(300)
    hard = list(HARD[kind](rng, 300))
    assert 0.35 < _area(_given({"sex": sex}, {"hard": hard})) < 0.65
    assert _area(_given({"sex": sex}, {"hard": hard, "role": _role(sex)})) > 0.95


def test_thousands_of_categories_are_bearable() -> None:
    """5,000 categories of one row each tell nothing; what a frequent one tells is found beside them."""
    sex, rng = _sexes(6000)
    often = rng.random(6000) < 0.2
    names = ["frequent" if many and one == "F" else f"c{i % 5000}" for i, (many, one) in enumerate(zip(often, sex))]  # noqa: B905 - of one length
    assert 0.55 < _area(_given({"sex": sex}, {"name": names})) < 0.65


def test_missing_values_can_give_a_group_away() -> None:
    """A field that one group leaves empty is a proxy."""
    sex, rng = _sexes(200)
    maiden = [None if one == "M" else float(rng.random()) for one in sex]
    assert _area(_given({"sex": sex}, {"maiden": maiden})) > 0.99


def test_numbers_in_texts_are_numbers() -> None:
    """Saved predictions bring their features as texts: they are ordered by size all the same."""
    sex, rng = _sexes(300)
    height = np.round(rng.normal(170, 6, 300) - 12 * (np.array(sex) == "F"), 1)
    numbers, texts = (_given({"sex": sex}, {"height": values}) for values in (height, [str(one) for one in height]))
    assert _area(texts) == _area(numbers) > 0.8


ENGLISH = ["my husband drove", "my wife drove"]
CHINESE = ["我老公昨天开车", "我老婆昨天开车"]


@pytest.mark.parametrize(("sentences", "words"), [(ENGLISH, "husband wife"), (CHINESE, "公 婆")])
def test_words_give_a_group_away(sentences: list[str], words: str) -> None:
    """In both languages the words that tell are named, each once."""
    rng = np.random.default_rng(5)
    female = rng.random(200) < 0.5
    texts = [f"{sentences[not one]} {'abc'[rng.integers(3)]}" for one in female]
    given = _given({"sex": np.where(female, "F", "M").tolist()}, {"text": texts})
    (finding,) = _findings(given)
    assert finding.verdict is Verdict.FAILED
    lines = _lines(given)
    for word, line in zip(words.split(), lines[:2], strict=True):
        assert word in line["proxy"]
        assert line["roc_auc"] == 1.0
        assert not [line for line in lines[2:] if word in line["proxy"]]


def test_words_that_tell_nothing_pass() -> None:
    """Texts of the same words in both groups give nobody away."""
    sex, rng = _sexes(300)
    texts = [" ".join(rng.choice(list("abcdefgh"), 6)) for _ in sex]
    (finding,) = _findings(_given({"sex": sex}, {"text": texts}))
    assert finding.verdict is Verdict.PASSED


def test_no_personal_data_is_named() -> None:
    """Neither numbers, nor what stands in a few rows, nor anything of an address is named, however well it tells."""
    sex, rng = _sexes(200)
    few = iter(["rare"] * 9 + [""] * 200)
    texts = [
        f"call 13812345678 or 4111111111111111 ssn123 ::1 {next(few)}" if one == "F" else f"word{rng.integers(3)}"
        for one in sex
    ]
    named = {line["proxy"] for line in _lines(_given({"sex": sex}, {"text": texts}), top_proxies=100)}
    assert named == {"call"}


def test_of_very_many_features_the_telling_ones_are_tried_alone() -> None:
    """Among 60 features the one that tells is named first, and no more than 50 are tried."""
    sex, rng = _sexes(300)
    seen = {f"x{i:02}": rng.normal(size=300) for i in range(60)}
    seen["x55"] = seen["x55"] + 3 * (np.array(sex) == "F")
    lines = _lines(_given({"sex": sex}, seen), top_proxies=100)
    assert lines[0]["proxy"] == "x55"
    assert len(lines) == 50


def test_more_rows_than_are_needed_are_sampled() -> None:
    """10,000 rows are used of a sample of more."""
    sex, rng = _sexes(11_000)
    given = _given({"sex": sex}, {"x": rng.integers(0, 2, 11_000)}, sample=11_000)
    (finding,) = _findings(given, folds=2)
    assert finding.n == 10_000


def test_the_order_of_files_does_not_matter() -> None:
    """Rows that come in other batches, in another order, give the same findings."""
    sex, rng = _sexes(200)
    x = rng.normal(size=200).tolist()
    halves = [
        batch("test", {"sex": sex[part], "x": x[part]}, first=1 + (part.start or 0))
        for part in (slice(100), slice(100, 200))
    ]
    one, other = (inputs(*order, groups=["sex"], features=["x"]) for order in (halves, halves[::-1]))
    assert _findings(one) == _findings(other)


@pytest.mark.parametrize("setting", ["max_roc_auc = 0.4", "min_group_rows = 9", "folds = 1", "folds = 11"])
def test_impossible_settings_are_refused(setting: str) -> None:
    """A limit below guessing, groups too small for the folds, and one fold are refused before anything runs."""
    name, _, value = setting.partition(" = ")
    with pytest.raises(ValidationError):
        CHECK.validate(f'{{"{name}": {value}}}')


@pytest.mark.slow
def test_nothing_to_tell_is_half_and_never_fails() -> None:
    """Where features hold nothing the mean area is 0.5, no run fails, and intervals hold 0.5 as often as they say."""
    values, misses = [], 0
    for seed in range(RUNS):
        sex, rng = _sexes(120, seed)
        seen = {name: rng.normal(size=120) for name in "abc"}
        (finding,) = _findings(_given({"sex": sex}, seen), top_proxies=0)
        assert finding.verdict is Verdict.PASSED
        assert finding.value is not None
        assert finding.interval is not None
        low, high = finding.interval
        assert low is not None
        assert high is not None
        values.append(finding.value)
        misses += not low <= 0.5 <= high
    assert np.mean(values) == pytest.approx(0.5, abs=4 * np.std(values) / np.sqrt(RUNS))
    assert binom.sf(misses - 1, RUNS, 0.05) > SURPRISE


@pytest.mark.slow
def test_the_limit_at_the_truth_is_seldom_failed() -> None:
    """One answer out of two, given by 95 % and 15 %, has an area of 0.9: that is found, and rarely held against it."""
    values, wrong = [], 0
    for seed in range(RUNS):
        sex, rng = _sexes(300, seed)
        said = (rng.random(300) < np.where(np.array(sex) == "F", 0.95, 0.15)).tolist()
        (finding,) = _findings(_given({"sex": sex}, {"said": said}), top_proxies=0)
        assert finding.value is not None
        values.append(finding.value)
        wrong += finding.verdict in (Verdict.FAILED, Verdict.PASSED)
    assert np.mean(values) == pytest.approx(0.9, abs=0.01)
    assert binom.sf(wrong - 1, RUNS, 0.05) > SURPRISE
