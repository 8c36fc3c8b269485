"""A record carries the words of the keys that it holds."""

from __future__ import annotations

from llmops_audit.audit.words import words_in
from llmops_audit.record import Column, Finding, Table, Verdict, message, values_at

VOCABULARY = {
    "recall": message("recall"),
    "precision": message("precision"),
    "rate": message("rate"),
    **values_at({"email": message("e-mail address"), "phone": message("telephone number")}, "kind", "kinds"),
}


def test_words_are_those_that_occur_sorted() -> None:
    """Metrics, keys and values of scopes and details, methods and cells of tables bring their words; others do not."""
    finding = Finding(
        metric="recall",
        method="census",
        scope={"kind": "email"},
        details={"rate": 0.5},
        verdict=Verdict.PASSED,
        message=message("All."),
    )
    words = words_in([finding], VOCABULARY)
    assert list(words) == ["census", "kind=email", "kinds=email", "rate", "recall"]
    assert words["recall"] == message("recall")


def test_words_of_messages_and_tables_occur_as_well() -> None:
    """A value in the place of a message, and a cell of a table, are keys like others."""
    text = message("Found: {kinds}.", kinds=("phone",))
    finding = Finding(metric="x", verdict=Verdict.PASSED, message=message("{why}", why=text))
    table = Table(
        name="t",
        caption=message("T"),
        columns=(Column(key="metric", heading=message("Metric")),),
        rows=({"metric": "precision"},),
    )
    assert set(words_in([finding, table], VOCABULARY)) == {"kind=phone", "kinds=phone", "precision"}


def test_an_empty_text_brings_no_words() -> None:
    """A value of the data that is empty is no key."""
    finding = Finding(metric="x", scope={"group": ""}, verdict=Verdict.PASSED, message=message("All."))
    assert words_in([finding], VOCABULARY) == {}
