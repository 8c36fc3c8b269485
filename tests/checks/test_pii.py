"""The check for personal data: identifying kinds must not occur, contact kinds are counted, nothing leaks."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from llmops_audit.model import Finding, Severity, Table, Verdict
from llmops_audit.registry import provided
from llmops_audit.testing import assert_conforms, batch, inputs, run

CHECK = provided()["pii"].check
CARD = "4111 1111 1111 1111"


def _case(texts: list[str | None], split: str = "test") -> dict[str, Any]:
    return inputs(batch(split, {"text": texts}, label=[0] * len(texts), prediction=[0] * len(texts)))


def _findings(given: dict[str, Any], **settings: Any) -> dict[str, Finding]:
    found = [item for item in run(CHECK, given, **settings) if isinstance(item, Finding)]
    return {finding.scope.get("kind", finding.metric): finding for finding in found}


def _table(given: dict[str, Any]) -> list[dict[str, Any]]:
    return next(list(item.rows) for item in run(CHECK, given) if isinstance(item, Table))


def test_it_conforms() -> None:
    """Texts without identifying numbers pass, a card number fails."""
    assert_conforms(CHECK, clean=_case(["hello", "at noon"]), violating=_case(["hello", f"my card is {CARD}"]))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"my card is {CARD}", "payment_card"),
        ("pay GB82 WEST 1234 5698 7654 32", "iban"),
        ("SSN: 536-90-4399", "us_ssn"),
        ("身份证号11010519491231002X", "cn_resident_id"),
    ],
)
def test_identifying_kinds_fail_by_default(text: str, kind: str) -> None:
    """One row with an identifying number fails, with the kind's severity and the default as its source."""
    finding = _findings(_case(["nothing", text]))[kind]
    assert finding.verdict is Verdict.FAILED
    assert (finding.value, finding.n) == (1, 2)
    assert finding.severity in (Severity.HIGH, Severity.CRITICAL)
    assert finding.requirement is not None
    assert finding.requirement.source == "default"
    assert finding.interval is None


def test_contact_kinds_are_counted_and_judged_on_demand() -> None:
    """E-mail addresses are in the table; they are judged where a limit is set, by rows or by rate."""
    given = _case(["mail a@example.org and b@example.org", "mail c@example.org", "none", "none"])
    assert "email" not in _findings(given)
    row = _table(given)[0]
    assert (row["kind"], row["rows"], row["hits"], row["rate"]) == ("email", 2, 3, 500)
    assert _findings(given, max_count={"email": 1})["email"].verdict is Verdict.FAILED
    assert _findings(given, max_count={"email": 2})["email"].verdict is Verdict.PASSED
    assert _findings(given, max_rate={"email": 499.0})["email"].verdict is Verdict.FAILED
    assert _findings(given, max_rate={"email": 500.0})["email"].verdict is Verdict.PASSED


def test_a_limit_of_the_spec_replaces_the_default() -> None:
    """An identifying kind with a limit of its own is judged by that."""
    assert (
        _findings(_case([CARD + " is my card"]), max_count={"payment_card": 1})["payment_card"].verdict
        is Verdict.PASSED
    )


def test_every_split_is_searched() -> None:
    """Training rows count as much as test rows; a spec can choose."""
    given = _case([f"card {CARD}"], split="train")
    assert _findings(given)["payment_card"].verdict is Verdict.FAILED
    assert {finding.verdict for finding in _findings(given, splits=("test",)).values()} == {Verdict.NOT_APPLICABLE}


def test_no_text_is_not_applicable() -> None:
    """Where no column of texts was searched, nothing is passed."""
    given = inputs(batch("test", {"age": [1.0, 2.0]}, label=[0, 1], prediction=[0, 1]))
    assert [finding.verdict for finding in _findings(given).values()] == [Verdict.NOT_APPLICABLE]


def test_nothing_leaks() -> None:
    """Neither findings nor table hold any part of a value."""
    given = _case([f"my card is {CARD}, mail jane.doe@example.org, call +44 20 7946 0958"])
    said = repr(run(CHECK, given))
    for part in ("4111", "1111", "jane", "doe", "7946", "0958"):
        assert part not in said
    assert "***@***" in said


@pytest.mark.parametrize(
    "text", ['{"max_count": {"shoe_size": 0}}', '{"max_count": {"email": -1}}', '{"max_rate": {"email": "1"}}']
)
def test_wrong_settings_are_refused(text: str) -> None:
    """An unknown kind, a negative limit and a limit of the wrong type are refused before anything runs."""
    with pytest.raises(ValidationError):
        CHECK.validate(text)
