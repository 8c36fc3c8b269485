"""The counterfactual check: what swaps of identity terms do to the answers, decided on the bound."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from llmops_audit.analysis.counterfactual.swap_results import GroupPair
from llmops_audit.analysis.counterfactual.words import ATTRIBUTES
from llmops_audit.check.registry import provided
from llmops_audit.check.subject import QueriedSubject
from llmops_audit.evidence.base import Batch, Codes, ScoreMatrix
from llmops_audit.record import Finding, SubjectInfo, Table, Verdict
from llmops_audit.testing import assert_conforms, batch, codes, inputs, run

CHECK = provided()["counterfactual"].check
INFO = SubjectInfo(kind="estimator", description="test", parameters={})


@dataclass(frozen=True)
class _Rule:
    """Answers 1 where the text holds the pattern; scores are `yes` and `no`."""

    pattern: str
    yes: float = 0.9
    no: float = 0.2

    def _hits(self, rows: Batch) -> list[bool]:
        return [re.search(self.pattern, text) is not None for text in rows.table.column("text").to_pylist()]

    def predict(self, rows: Batch) -> Codes:
        return codes(int(hit) for hit in self._hits(rows))

    def score(self, rows: Batch) -> ScoreMatrix:
        return ScoreMatrix((1,), np.where(self._hits(rows), self.yes, self.no)[:, np.newaxis])


BIASED, FAIR = _Rule(r"\b[Ss]he\b"), _Rule(r"7")


def _texts(n: int, text: str = "{} said so") -> list[str]:
    return [f"{text.format('she' if i % 2 else 'he')} {i}" for i in range(n)]


def _given(texts: list[str] | None = None, rule: _Rule | None = FAIR, **more: Any) -> dict[str, Any]:
    texts = _texts(400) if texts is None else texts
    columns = {"text": texts, **more.pop("columns", {})}
    rows = batch("test", columns, label=[i % 2 for i in range(len(texts))])
    given = inputs(rows, text="text", subject=QueriedSubject(INFO, rule), **more)
    return given


def _found(given: dict[str, Any], metric: str = "flip_rate", **settings: Any) -> dict[str, Finding]:
    """Findings of a metric by attribute: of a requirement, those that were judged."""
    return {identity: one for identity, one in _all(given, metric, **settings).items()
            if one.requirement is None or one.verdict is not Verdict.NOT_APPLICABLE}  # fmt: skip


def _all(given: dict[str, Any], metric: str = "flip_rate", **settings: Any) -> dict[str, Finding]:
    return {
        item.scope["identity"]: item
        for item in run(CHECK, given, **settings)
        if isinstance(item, Finding) and item.metric == metric and "identity" in item.scope
    }


def _pairs(given: dict[str, Any], **settings: Any) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Rows of the table of pairs, by attribute and groups."""
    rows = _tables(given, **settings)["counterfactual"]
    return {(row["identity"], row["from"], row["to"]): row for row in rows}


def _tables(given: dict[str, Any], **settings: Any) -> dict[str, list[dict[str, Any]]]:
    return {item.name: list(item.rows) for item in run(CHECK, given, **settings) if isinstance(item, Table)}


MEN = ("gender", "male", "female")
WOMEN = ("gender", "female", "male")


def test_it_conforms() -> None:
    """A classifier that looks at something else passes; one that looks at 'she' fails."""
    assert_conforms(CHECK, clean=_given(), violating=_given(rule=BIASED))


@pytest.mark.parametrize(("n", "verdict"), [(2 * 71, Verdict.INCONCLUSIVE), (2 * 72, Verdict.PASSED)])
def test_the_limit_is_decided_on_the_bound(n: int, verdict: Verdict) -> None:
    """Without a flip it takes 72 texts a direction, as the page says."""
    assert {found.verdict for found in _found(_given(_texts(n))).values()} == {verdict}


def test_flips_are_counted_by_direction() -> None:
    """Each direction is a row of the table with its flips to and from the positive label; the worse one decides."""
    given = _given(rule=BIASED)
    (finding,) = _found(given).values()
    assert (finding.verdict, finding.value, finding.n, finding.tests) == (Verdict.FAILED, 1.0, 200, 2)
    assert (finding.details["flips"], finding.details["both"], finding.details["pairs"]) == (200, 0, 2)
    assert finding.details["seed"] == 42
    assert len(str(finding.details["lexicon_digest"])) == 64
    pairs = _pairs(given)
    assert set(pairs) == {MEN, WOMEN}
    for pair, towards, away in ((MEN, 200, 0), (WOMEN, 0, 200)):
        row = pairs[pair]
        assert (row["rows"], row["flips"], row["towards"], row["away"], row["both"]) == (200, 200, towards, away, 0)


def test_an_attribute_is_one_requirement() -> None:
    """However many pairs of groups an attribute has, it is one requirement, about the attribute."""
    given = _given([f"a Muslim met a Jewish and a Hindu man {i}" for i in range(80)])
    found = _found(given)
    assert set(found) == {"gender", "religion"}
    assert {one.requirement.about for one in found.values() if one.requirement is not None} == set(found)
    assert (found["religion"].tests, found["religion"].verdict) == (15, Verdict.PASSED)


def test_a_text_counts_once_however_many_terms_it_holds() -> None:
    """Three terms make one trial a direction; a text that names both groups is a trial of both."""
    texts = [f"she, her sister and his brother {i}" for i in range(40)] + ["nobody"] * 40
    pairs = _pairs(_given(texts, BIASED))
    assert {pair: (row["rows"], row["both"]) for pair, row in pairs.items()} == {MEN: (40, 40), WOMEN: (40, 40)}


def test_rows_of_one_unit_count_once() -> None:
    """Of rows of a person one is taken."""
    given = _given(columns={"who": [str(i % 80) for i in range(400)]})
    given["task"] = given["task"].model_copy(update={"unit": "who"})
    assert {one.n for one in _found(given).values()} == {40}


def test_the_tables_hold_groups_and_terms() -> None:
    """Groups with their rates, and the terms that flip by the lower end of their interval."""
    tables = _tables(
        _given(_texts(100) + _texts(60, "{}, a Muslim, said so"), BIASED), attributes=("gender", "religion")
    )
    pairs = {(row["identity"], row["from"], row["to"]): row for row in tables["counterfactual"]}
    assert pairs[MEN]["rate"] == 1
    assert pairs[MEN]["shift"] == pytest.approx(0.7)
    assert pairs["religion", "muslim", "jewish"]["flips"] == 0
    assert [(row["term"], row["replacement"], row["rows"]) for row in tables["counterfactual_terms"]] == [
        ("he", "she", 80),
        ("she", "he", 80),
    ]


def test_few_texts_are_counted_and_not_judged() -> None:
    """A pair below `min_rows` is not applicable with its count, beside one that is judged."""
    given = _given([*_texts(200), *[f"a Muslim {i}" for i in range(29)]])
    one = _found(given, "small_pairs")["religion"]
    assert (one.verdict, one.n) == (Verdict.NOT_APPLICABLE, 29)
    assert one.message.values["identities"] == ("muslim",)
    found = _all(given)
    assert (found["religion"].verdict, found["religion"].n) == (Verdict.NOT_APPLICABLE, 29)
    assert (found["age"].verdict, found["age"].n) == (Verdict.NOT_APPLICABLE, 0)
    assert "religion" in _found(given, min_rows=29)
    missing = _found(given, "swapped_texts")
    assert "atheist" in missing["religion"].message.values["identities"]  # type: ignore[operator]
    assert "age" not in missing, "its requirement says it"


@pytest.mark.parametrize(
    ("settings", "per_attribute"),
    [({}, 1), ({"max_score_shift": 0.9}, 2), ({"attributes": ("gender", "names"), "max_flip_rate": 0.2}, 1)],
)
def test_requirements_rest_on_the_spec_alone(
    counted: Callable[..., dict[str, bool]], settings: dict[str, Any], per_attribute: int
) -> None:
    """Each attribute that the lexicon knows counts in the family, however few texts mention it."""
    texts = [_texts(400), _texts(4), ["nobody"] * 40, [f"a Muslim met a Jewish man {i}" for i in range(90)], []]
    first, *others = [counted(CHECK, _given(one), **settings) for one in texts]
    assert others == [first] * 4
    assert all(first.values())
    assert len(first) == per_attribute * len(settings.get("attributes", set(ATTRIBUTES) - {"names"}))


@pytest.mark.parametrize(
    ("given", "settings", "reason"),
    [
        (_given(rule=None), {}, "no classifier to predict"),
        (inputs(batch("test", {"x": [1.0]}), subject=QueriedSubject(INFO, FAIR)), {}, "names no text column"),
        (_given(), {"current": "live"}, "has no rows"),
        (_given(), {"max_flip_rate": None}, "sets no limit"),
        (_given(["nobody"] * 50), {}, "No pair of groups has"),
        (_given(_texts(20)), {}, "No pair of groups has"),
        (_given(), {"languages": ("zh",)}, "No pair of groups has"),
    ],
)
def test_nothing_to_judge_is_not_applicable(given: dict[str, Any], settings: dict[str, Any], reason: str) -> None:
    """The check is wholly not applicable, and its first finding says why."""
    findings = [item for item in run(CHECK, given, **settings) if isinstance(item, Finding)]
    assert {finding.verdict for finding in findings} == {Verdict.NOT_APPLICABLE}
    assert reason in findings[0].message.id


@pytest.mark.parametrize(
    ("limit", "yes", "verdict"),
    [
        (0.75, 0.9, Verdict.PASSED),
        (0.6, 0.9, Verdict.FAILED),
        (0.7, 0.9, Verdict.INCONCLUSIVE),
        (0.9, 3.0, "inconclusive"),
    ],
)
def test_the_score_shift_is_judged_either_way(limit: float, yes: float, verdict: str) -> None:
    """Its size counts in both directions; decision values, which have no scale, decide nothing."""
    given = _given(rule=_Rule("she", yes))
    found = _found(given, "score_shift", max_score_shift=limit)["gender"]
    assert found.verdict == verdict
    if yes < 1:
        assert found.tests == 2
        assert found.value == pytest.approx(0.7)
        pairs = _pairs(given)
        assert (pairs[MEN]["shift"], pairs[WOMEN]["shift"]) == (pytest.approx(0.7), pytest.approx(-0.7))


def test_the_interval_of_the_shift_covers_rare_shifts() -> None:
    """Where 1 text in 50 shifts by 1 and the others not at all, at least 95 % of intervals hold the mean."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(1000):
        shift = (rng.random(60) < 0.02).astype(float)
        low, high = GroupPair(60, 0, 0, 0, 0, shift).shift_bounds(0.95)
        held += low <= 0.02 <= high
    assert held >= 950


def test_the_same_swaps_whatever_the_order_of_rows_and_batches() -> None:
    """Two batches in either order give the findings of one."""
    texts = [f"一个白人说 {i}" for i in range(60)]
    subject = QueriedSubject(INFO, _Rule("种"))
    parts = [batch("test", {"text": texts[:25]}), batch("test", {"text": texts[25:]}, first=26)]
    one, two, whole = (
        run(CHECK, inputs(*some, text="text", subject=subject))
        for some in (parts, parts[::-1], [batch("test", {"text": texts})])
    )
    assert one == two == whole
    table = next(item for item in whole if isinstance(item, Table) and item.name == "counterfactual")
    (black,) = (row for row in table.rows if row["to"] == "black")
    assert 0 < int(str(black["flips"])) < 60


def test_a_file_adds_terms_and_attributes(tmp_path: Path) -> None:
    """An attribute of the user's own is judged; names are, where the file or the spec asks for them."""
    (tmp_path / "mine.toml").write_text(
        'language = "en"\nversion = "1"\n[[terms.caste]]\na = "Dalit"\nb = "Brahmin"\n'
        '[[terms.names]]\nx = "Ada"\ny = "Bob"\n',
        encoding="utf-8",
    )
    given = _given([f"Emily met a Dalit and Ada {i}" for i in range(40)])
    settings = CHECK.validate('{"lexicons": ["mine.toml"], "attributes": ["age"]}', tmp_path)
    found = _found(given, **{name: getattr(settings, name) for name in type(settings).model_fields})
    assert set(found) == {"caste", "names"}
    pairs = set(_pairs(given, **{name: getattr(settings, name) for name in type(settings).model_fields}))
    assert pairs == {("caste", "a", "b"), ("names", "x", "y"), ("names", "white", "black")}
    assert set(_found(given, attributes=("names",))) == {"names"}
    assert "names" not in _found(given)
    assert "Dalit" not in json.dumps(settings.model_dump(mode="json"))


@pytest.mark.parametrize(
    "text", ["[", 'language = "en"', 'language="en"\nversion="1"\n[[terms.gender]]\na="he"\nb="he"']
)
def test_a_file_that_is_no_lexicon_is_refused_before_anything_runs(tmp_path: Path, text: str) -> None:
    """The settings are invalid."""
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValidationError):
        CHECK.validate('{"lexicons": ["mine.toml"]}', tmp_path)


def test_no_text_of_the_data_is_told() -> None:
    """Findings and tables hold terms of the lexicon alone, in its own spelling."""
    given = _given([f"SHE secretword{i} sHe" for i in range(80)], BIASED)
    told = "".join(item.model_dump_json() for item in run(CHECK, given, max_score_shift=0.1))
    assert "secretword" not in told
    assert "SHE" not in told
    assert "sHe" not in told
