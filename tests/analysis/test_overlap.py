"""The rule on seen rows: what passed must pass without them as well, and nothing fails because of them."""

from __future__ import annotations

from typing import Any

import pytest

from llmops_audit.analysis.overlap import also_without_seen_rows
from llmops_audit.record import Finding, SeenRows, Verdict, message
from llmops_audit.render.i18n import render, translator

SEEN = SeenRows(rows=1000, seen=200, training_rows=4000, again="unseen", rows_again=800)
PASSED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE


def _finding(verdict: Verdict, value: float) -> Finding:
    return Finding(metric="accuracy", value=value, interval=(0.5, None), verdict=verdict, message=message("So it is."))


@pytest.mark.parametrize(
    ("all_rows", "without", "expected"),
    [
        (PASSED, PASSED, PASSED),
        (PASSED, FAILED, INCONCLUSIVE),
        (PASSED, INCONCLUSIVE, INCONCLUSIVE),
        (FAILED, PASSED, FAILED),
        (INCONCLUSIVE, PASSED, INCONCLUSIVE),
    ],
)
def test_both_must_pass(all_rows: Verdict, without: Verdict, expected: Verdict) -> None:
    """A pass needs both; a failure and a doubt on all rows stay what they are. Both numbers are kept."""
    given = [_finding(all_rows, 0.9)]
    (found,) = also_without_seen_rows(given, SEEN, lambda: [_finding(without, 0.6)])
    assert found.verdict is expected
    assert (found.value, found.details["value_without_seen_rows"], found.details["share_seen"]) == (0.9, 0.6, 0.2)
    sentence = render(found.message, translator("en"))
    assert "{" not in sentence
    if all_rows is PASSED and without is not PASSED:
        assert sentence.startswith("0.9 (0.5 to –) on all rows, of which 20.0% are seen in training.")


@pytest.mark.parametrize("change", [{"seen": 10}, {"expected": "rows repeat"}, None])
def test_few_or_expected_rows_change_nothing(change: dict[str, Any] | None) -> None:
    """Up to 1 % of seen rows, a reason in the spec, or no training rows: findings stay as they are, unasked."""
    given = [_finding(PASSED, 0.9)]
    seen = None if change is None else SEEN.model_copy(update=change)
    assert list(also_without_seen_rows(given, seen, None)) == given


def test_what_nobody_could_judge_is_inconclusive_with_the_reason() -> None:
    """Where nothing could be judged without them, the reason stands in the sentence."""
    why = message("Too few are left.")
    seen = SEEN.model_copy(update={"undecided": why})
    (found,) = also_without_seen_rows([_finding(PASSED, 0.9)], seen, lambda: [_finding(PASSED, 0.9)])
    assert found.verdict is INCONCLUSIVE
    assert render(found.message, translator("en")).endswith("Too few are left.")
