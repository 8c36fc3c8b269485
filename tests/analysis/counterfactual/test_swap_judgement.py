"""One attribute, one requirement: its worst pair of groups decides, and pairs with few texts decide nothing alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from llmops_audit.analysis.counterfactual.swap_judgement import judge, texts_to_pass, too_few
from llmops_audit.analysis.counterfactual.swap_results import GroupPair
from llmops_audit.check.inputs import Policy
from llmops_audit.record import Finding, Verdict
from llmops_audit.stats import clopper_pearson

POLICY = Policy(confidence=0.95)
SCOPE = {"split": "test", "identity": "gender"}


def _pairs(*counts: tuple[int, int]) -> dict[tuple[str, str], GroupPair]:
    """Make pairs (x0, y), (x1, y), ... of (texts, flips)."""
    return {(f"x{i}", "y"): GroupPair(rows, flips, 0, 0, 0, None) for i, (rows, flips) in enumerate(counts)}


def _judged(pairs: Mapping[tuple[str, str], GroupPair], limit: float = 0.05, policy: Policy = POLICY) -> list[Finding]:
    return [judge("flip_rate", limit, pairs, 30, policy, SCOPE, {})]


@pytest.mark.parametrize("limit", [0.01, 0.05, 0.2, 0.9])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_fewest_texts_that_can_pass(limit: float, confidence: float) -> None:
    """The exact interval of no flip meets the limit for that many texts, and for one fewer it does not."""
    enough = texts_to_pass(limit, confidence)
    assert enough is not None
    assert clopper_pearson(0, enough, confidence)[1] <= limit
    assert enough == 1 or clopper_pearson(0, enough - 1, confidence)[1] > limit


def test_no_number_of_texts_shows_a_rate_of_nothing() -> None:
    """A limit of 0 can be missed and never met; a limit of 1 is met by any text."""
    assert texts_to_pass(0.0, 0.95) is None
    assert texts_to_pass(1.0, 0.95) == 1
    (finding,) = _judged(_pairs((5000, 0)), limit=0.0)
    assert finding.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("counts", "verdict", "source"),
    [
        ([(400, 2), (100, 0)], Verdict.PASSED, "x1"),  # the wider interval is the worse
        ([(400, 2), (100, 4)], Verdict.INCONCLUSIVE, "x1"),
        ([(400, 2), (100, 40), (200, 160)], Verdict.UNDECIDED, "x2"),
        ([(400, 2), (60, 2)], Verdict.PASSED, "x0"),  # 60 texts could not pass even without a flip
        ([(400, 2), (60, 40)], Verdict.UNDECIDED, "x1"),  # but they can fail
        ([(71, 0), (60, 0)], Verdict.INCONCLUSIVE, "x1"),  # no pair could pass
        ([(400, 2), (10, 10)], Verdict.INCONCLUSIVE, "x1"),  # too few to fail, and nothing but flips
        ([(400, 2), (10, 2)], Verdict.PASSED, "x0"),
        ([(10, 10)], Verdict.INCONCLUSIVE, "x0"),
    ],
)
def test_the_worst_pair_decides(counts: list[tuple[int, int]], verdict: Verdict, source: str) -> None:
    """One finding for the attribute, with the pair that decides; few texts leave a doubt only where it is certain."""
    (finding,) = _judged(_pairs(*counts))
    assert (finding.verdict, finding.details["from"]) == (verdict, source)
    assert finding.requirement is not None
    assert finding.requirement.about == "gender"
    assert finding.tests == max(1, sum(rows >= 30 for rows, _ in counts))
    assert finding.scope == SCOPE


def test_few_texts_without_a_doubt_are_not_judged() -> None:
    """Where no pair has enough texts, or no text mentions the attribute, its requirement is not applicable."""
    pairs = _pairs((29, 1), (10, 0))
    (unjudged,), (unmentioned,) = _judged(pairs), _judged({})
    assert (unjudged.verdict, unjudged.n, unjudged.value) == (Verdict.NOT_APPLICABLE, 29, None)
    assert (unmentioned.verdict, unmentioned.n, unmentioned.value) == (Verdict.NOT_APPLICABLE, 0, None)
    assert unjudged.requirement == unmentioned.requirement
    assert unjudged.requirement is not None
    assert unjudged.message != unmentioned.message
    few = too_few(pairs, 30, 0.05, POLICY)
    assert few is not None
    assert (few[0].values["few"], few[0].values["least"], few[1]) == (2, 30, 29)


def test_pairs_that_cannot_pass_are_listed() -> None:
    """Beside a pair with enough texts, those with fewer than 72 are listed; where all are enough, none is."""
    few = too_few(_pairs((400, 0), (71, 0), (5, 0)), 30, 0.05, POLICY)
    assert few is not None
    assert (few[0].values["few"], few[0].values["pairs"], few[0].values["least"], few[1]) == (2, 3, 72, 71)
    assert too_few(_pairs((400, 0), (72, 0)), 30, 0.05, POLICY) is None
    assert too_few(_pairs((400, 0), (40, 0)), 30, None, POLICY) is None


def test_values_are_compared_where_the_spec_says_so() -> None:
    """With `decide = "point"`, every pair with enough rows to be judged counts by its value."""
    policy = Policy(confidence=0.95, decide="point")
    (finding,) = _judged(_pairs((400, 2), (60, 4)), policy=policy)
    assert (finding.verdict, finding.details["from"]) == (Verdict.FAILED, "x1")
    (finding,) = _judged(_pairs((400, 2), (60, 3), (10, 10)), policy=policy)
    assert finding.verdict is Verdict.PASSED


def test_a_fair_classifier_is_hardly_ever_doubted_for_its_small_pairs() -> None:
    """Of attributes with 60 small pairs whose predictions flip in 2 of 100 texts, at most 5 in 100 are doubted."""
    rng = np.random.default_rng(7)
    sizes = rng.integers(2, 30, 60)
    runs, doubted = 300, 0
    for _ in range(runs):
        flips = rng.binomial(sizes, 0.02)
        found = _judged(_pairs((4000, 40), *zip(sizes.tolist(), flips.tolist(), strict=True)))
        doubted += found[0].verdict is not Verdict.PASSED
    assert doubted <= 0.05 * runs
