"""The check for personal data: identifying kinds must not occur, contact kinds are counted, nothing leaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from llmops_audit.check.registry import provided
from llmops_audit.errors import SpecError
from llmops_audit.personal_data import Confidence
from llmops_audit.personal_data.model_scan import ModelContents, ModelHits
from llmops_audit.record import Finding, Severity, Table, Verdict, requirement_id
from llmops_audit.testing import assert_conforms, batch, inputs, run

CHECK = provided()["pii"].check
CARD = "4111 1111 1111 1111"
WRONG = "4111 1111 1111 1112"


def _batch(texts: list[str | None], split: str = "test", column: str = "text") -> Any:
    return batch(split, {column: texts}, label=[0] * len(texts), prediction=[0] * len(texts), source=f"{split}.csv")


def _case(texts: list[str | None], split: str = "test", column: str = "text") -> dict[str, Any]:
    return inputs(_batch(texts, split, column))


def _findings(given: dict[str, Any], **settings: Any) -> dict[str, Finding]:
    found = [item for item in run(CHECK, given, **settings) if isinstance(item, Finding)]
    return {finding.scope.get("kind", finding.metric): finding for finding in found}


def _table(given: dict[str, Any], name: str = "personal_data") -> list[dict[str, Any]]:
    return next(list(item.rows) for item in run(CHECK, given) if isinstance(item, Table) and item.name == name)


def _contents(*hits: ModelHits, strings: int = 10) -> ModelContents:
    return ModelContents(locations=("inputs.vocabulary_",), strings=strings, unread=(), hits=hits)


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


def test_a_clean_split_passes_and_says_what_it_could_not_see() -> None:
    """Where nothing identifying was found, one requirement says so, and what was not searched for."""
    finding = _findings(_case(["nothing"]))["personal_data_rows"]
    assert (finding.verdict, finding.value, finding.n) == (Verdict.PASSED, 0, 1)
    assert "names" in finding.details["not_searched_for"]  # type: ignore[operator]


def test_contact_kinds_are_found_and_judged_on_demand() -> None:
    """E-mail addresses are found, with medium severity; they are judged where a limit is set, by rows or by rate."""
    given = _case(["mail a@example.org and b@example.org", "mail c@example.org", "none", "none"])
    found = _findings(given)["email"]
    assert (found.verdict, found.value, found.severity) == (Verdict.FOUND, 2, Severity.MEDIUM)
    row = _table(given)[0]
    assert (row["kind"], row["confidence"], row["rows"], row["hits"], row["rate"]) == ("email", "confirmed", 2, 3, 500)
    assert 0 < row["low"] < 500 < row["high"] < 1000
    assert _findings(given, max_rows={"email": 1})["email"].verdict is Verdict.FAILED
    assert _findings(given, max_rows={"email": 2})["email"].verdict is Verdict.PASSED
    assert _findings(given, max_rate={"email": 499.0})["email"].verdict is Verdict.FAILED
    assert _findings(given, max_rate={"email": 500.0})["email"].verdict is Verdict.PASSED


CONTACTS = ["mail a@example.org", "call +1 415 555 2671", "none"]


def test_no_contact_kind_fails_by_default() -> None:
    """E-mail addresses and telephone numbers are found, never passed and never failed; nothing identifies a person."""
    found = [item for item in run(CHECK, _case(CONTACTS)) if isinstance(item, Finding)]
    reported = [finding for finding in found if finding.verdict is Verdict.FOUND]
    assert sorted(finding.scope["kind"] for finding in reported) == ["email", "phone"]
    assert all(finding.requirement is None for finding in reported)
    assert [finding.metric for finding in found if finding.verdict is Verdict.PASSED] == ["personal_data_rows"]
    assert len(found) == len(reported) + 1


def test_data_protection_asks_for_a_look_at_contacts() -> None:
    """Where the spec names a framework of data protection, what is found is inconclusive, unless limited or allowed."""
    given = _case(CONTACTS) | {"data_protection": ("gdpr",)}
    found = _findings(given)
    assert {found[kind].verdict for kind in ("email", "phone")} == {Verdict.INCONCLUSIVE}
    assert found["email"].message.values["frameworks"] == ("gdpr",)
    assert found["personal_data_rows"].verdict is Verdict.PASSED
    after = _findings(given, max_rows={"email": 1}, allow={"phone": "our own hotline"})
    assert (after["email"].verdict, after["phone"].verdict) == (Verdict.PASSED, Verdict.NOT_APPLICABLE)


def test_what_the_spec_allows_is_described_with_its_reason() -> None:
    """A reason stands in the finding, for a kind everywhere, a kind in a column, and a column."""
    columns = {"a": ["mail a@example.org", ""], "b": ["", "mail b@example.org, call +1 415 555 2671"]}
    given = inputs(batch("test", columns, label=[0, 0], prediction=[0, 0]))

    def findings(**settings: Any) -> dict[tuple[str | None, str], Finding]:
        some = [item for item in run(CHECK, given, **settings) if isinstance(item, Finding) and "kind" in item.scope]
        return {(one.scope.get("column"), one.scope["kind"]): one for one in some}

    everywhere = findings(allow={"email": "they are public", "phone": "ours"})
    assert {key: (one.verdict, one.value) for key, one in everywhere.items()} == {
        (None, "email"): (Verdict.NOT_APPLICABLE, 2),
        (None, "phone"): (Verdict.NOT_APPLICABLE, 1),
    }
    assert everywhere[None, "email"].message.values == {"reason": "they are public"}
    in_column = findings(allow={"b:email": "they are public"})
    assert {key: (one.verdict, one.value) for key, one in in_column.items()} == {
        (None, "email"): (Verdict.FOUND, 1),
        (None, "phone"): (Verdict.FOUND, 1),
        ("b", "email"): (Verdict.NOT_APPLICABLE, 1),
    }
    column = findings(allow_columns={"b": "a directory"}, allow={"b:email": "they are public"})
    assert {key: (one.verdict, one.message.values.get("reason")) for key, one in column.items()} == {
        (None, "email"): (Verdict.FOUND, None),
        ("b", "email"): (Verdict.NOT_APPLICABLE, "they are public"),
        ("b", "phone"): (Verdict.NOT_APPLICABLE, "a directory"),
    }


def test_an_allowed_column_may_hold_what_identifies() -> None:
    """A column of cards that may stay fails nothing, and another column still does."""
    columns = {"cards": [f"card {CARD}", f"card {CARD}"], "notes": ["", ""]}
    given = inputs(batch("test", columns, label=[0, 0], prediction=[0, 0]))
    assert _findings(given, allow_columns={"cards": "test cards"})["personal_data_rows"].verdict is Verdict.PASSED
    assert _findings(given, allow_columns={"notes": "none"})["payment_card"].verdict is Verdict.FAILED


def test_rows_are_counted_and_not_cells() -> None:
    """A row counts once, with two columns that hold a kind, and with two levels of confidence in a column."""
    columns = {"a": ["536-90-4399, SSN: 536-90-4399", ""], "b": ["SSN: 536-90-4399", ""], "c": ["", ""]}
    given = inputs(batch("test", columns, label=[0, 0], prediction=[0, 0]))
    assert _findings(given)["us_ssn"].value == 1
    assert _findings(given, max_rows={"a:us_ssn": 1, "b:us_ssn": 1})["us_ssn"].verdict is Verdict.PASSED
    assert _findings(given, allow={"c:us_ssn": "none is there"})["us_ssn"].value == 1


def test_how_often_the_search_is_wrong_stands_beside_what_it_found() -> None:
    """Each finding in rows holds the measured share of texts without personal data that are flagged as its kind."""
    found = _findings(_case(["call +1 415 555 2671"]))
    phone, clean = found["phone"].details, found["personal_data_rows"].details
    assert phone["false_alarms"] == pytest.approx(7 / 254_529 * 100_000)
    assert clean["false_alarms"] == 0
    assert 0 < float(str(clean["false_alarms_at_most"])) < float(str(phone["false_alarms"]))
    assert float(str(phone["false_alarms"])) < float(str(phone["false_alarms_at_most"])) < 6


def test_what_is_limited_is_not_allowed() -> None:
    """A kind that is both limited and allowed is a contradiction."""
    with pytest.raises(SpecError, match=r"checks\.pii\.allow: names what is limited as well; .* got email"):
        run(CHECK, _case(["nothing"]), allow={"email": "public"}, max_rows={"email": 3})


def test_the_default_is_one_requirement_whatever_is_found() -> None:
    """A reason for it, and a comparison with an earlier record, do not depend on what the rows hold."""
    clean, hit = (_findings(_case([text])) for text in ("nothing", CARD + " is my card"))
    ids = {requirement_id("pii", one) for found in (clean, hit) for one in found.values() if one.requirement}
    assert ids == {"pii.personal_data_rows"}
    assert hit["payment_card"].verdict is Verdict.FAILED


def test_a_limit_of_the_spec_replaces_the_default() -> None:
    """An identifying kind with a limit of its own is judged by that."""
    finding = _findings(_case([CARD + " is my card"]), max_rows={"payment_card": 1})["payment_card"]
    assert finding.verdict is Verdict.PASSED


def test_limits_by_column_leave_the_other_columns_to_the_default() -> None:
    """A limit or a permission for one column says nothing of another."""
    columns = {"a": [f"card {CARD}", ""], "b": ["", f"card {CARD}"]}
    given = inputs(batch("test", columns, label=[0, 0], prediction=[0, 0]))
    limited = [f for f in run(CHECK, given, max_rows={"a:payment_card": 1}) if isinstance(f, Finding)]
    assert [(f.scope.get("column"), f.value, f.verdict.value) for f in limited] == [
        ("a", 1, "passed"),
        (None, 1, "failed"),
    ]
    allowed = [f for f in run(CHECK, given, allow={"a:payment_card": "test cards"}) if isinstance(f, Finding)]
    assert [(f.scope.get("column"), f.value, f.verdict.value) for f in allowed] == [
        (None, 1, "failed"),
        ("a", 1, "not_applicable"),
    ]
    everywhere = _findings(given, allow={"payment_card": "test cards"})
    assert everywhere["payment_card"].verdict is Verdict.NOT_APPLICABLE
    assert everywhere["personal_data_rows"].verdict is Verdict.PASSED


def test_a_limit_of_an_unknown_column_is_an_error() -> None:
    """A column that nobody searched could never exceed its limit."""
    with pytest.raises(SpecError, match="names a column that was not searched; expected one of text; got 'notes'"):
        run(CHECK, _case(["nothing"]), allow={"notes:email": "public"})
    with pytest.raises(SpecError, match="names a column that was not searched; expected one of text; got 'notes'"):
        run(CHECK, _case(["nothing"]), allow_columns={"notes": "public"})


def test_mistyped_numbers_are_described_and_count_where_the_spec_says_so() -> None:
    """A card number with a wrong checksum is suspected: described, and judged if that confidence counts."""
    given = _case([f"my card is {WRONG}"])
    described = _findings(given)["payment_card"]
    assert (described.verdict, described.scope["confidence"]) == (Verdict.NOT_APPLICABLE, "suspected")
    assert _findings(given)["personal_data_rows"].verdict is Verdict.PASSED
    assert _findings(given, confidence="suspected")["payment_card"].verdict is Verdict.FAILED
    assert _findings(given, confidence={"payment_card": "suspected"})["payment_card"].verdict is Verdict.FAILED
    assert (
        _findings(_case(["536-90-4399 was on file"]), confidence="confirmed")["personal_data_rows"].verdict
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


def test_rare_identifying_values_in_the_model_fail() -> None:
    """A value that can be read from the model and stands in few training rows fails; a common one does not."""
    card = ModelHits("inputs.vocabulary_", "payment_card", Confidence.CONFIRMED, 3, 2, ("****",))
    given = _case(["nothing"]) | {"model_contents": _contents(card)}
    finding = _findings(given)["payment_card"]
    assert (finding.verdict, finding.value, finding.metric) == (Verdict.FAILED, 2, "personal_data_in_model")
    assert _table(given, "personal_data_in_model")[0]["location"] == "inputs.vocabulary_"
    assert _findings(given, max_in_model={"payment_card": 2})["payment_card"].verdict is Verdict.PASSED
    common = ModelHits("inputs.vocabulary_", "payment_card", Confidence.CONFIRMED, 3, 0, ("****",))
    given = _case(["nothing"]) | {"model_contents": _contents(common)}
    assert _findings(given)["personal_data_in_model"].verdict is Verdict.PASSED


def test_contact_details_in_the_model_are_found() -> None:
    """An e-mail address in the vocabulary is found, with its severity, and judged or allowed on demand."""
    mail = ModelHits("inputs.vocabulary_", "email", Confidence.CONFIRMED, 1, 1, ("***@***",))
    given = _case(["nothing"]) | {"model_contents": _contents(mail)}
    assert (_findings(given)["email"].verdict, _findings(given)["email"].severity) == (
        Verdict.FOUND,
        Severity.MEDIUM,
    )
    assert _findings(given, allow={"email": "public"})["email"].message.values == {"reason": "public"}
    assert _findings(given | {"data_protection": ("gdpr",)})["email"].verdict is Verdict.INCONCLUSIVE
    assert _findings(given, max_in_model={"email": 0})["email"].verdict is Verdict.FAILED


def test_a_model_that_cannot_be_searched_passes_nothing() -> None:
    """A model without a text that can be searched does not pass."""
    given = _case(["nothing"]) | {"model_contents": _contents(strings=0)}
    assert _findings(given)["personal_data_in_model"].verdict is Verdict.NOT_APPLICABLE


def test_overlap_with_training_rows_is_counted() -> None:
    """A value of the training rows that is in test rows, in whatever form, is described, and judged on demand."""
    train = _batch(["mail jane@example.com", "+44 20 7946 0958", "none"], "train")
    test = _batch(["ask JANE@example.com", "again jane@example.com", "bob@example.com"], "test")
    given = inputs(train, test)
    described = _findings(given)["personal_data_overlap"]
    assert (described.value, described.n, described.details["rows"]) == (1, 2, 2)
    assert described.verdict is Verdict.NOT_APPLICABLE
    assert _findings(given, max_overlap=0)["personal_data_overlap"].verdict is Verdict.FAILED
    assert _findings(given, max_overlap=1)["personal_data_overlap"].verdict is Verdict.PASSED


def test_nothing_leaks() -> None:
    """Neither findings nor table hold any part of a value."""
    given = _case([f"my card is {CARD}, mail jane.doe@example.org, call +44 20 7946 0958"])
    said = repr(run(CHECK, given))
    for part in ("4111", "1111", "jane", "doe", "7946", "0958"):
        assert part not in said
    assert "***@***" in said


@pytest.mark.parametrize(
    "text",
    [
        '{"max_rows": {"shoe_size": 0}}',
        '{"max_rows": {"notes:shoe_size": 0}}',
        '{"max_rows": {"email": -1}}',
        '{"max_rate": {"email": "1"}}',
        '{"allow": {"shoe_size": "why not"}}',
        '{"allow": {"email": " "}}',
        '{"allow": ["email"]}',
        '{"allow_columns": {"notes": ""}}',
        '{"confidence": "sure"}',
        '{"max_in_model": {"notes:email": 0}}',
        '{"max_overlap": -1}',
    ],
)
def test_wrong_settings_are_refused(text: str) -> None:
    """An unknown kind, a negative limit and a limit of the wrong type are refused before anything runs."""
    with pytest.raises(ValidationError):
        CHECK.validate(text)


def _with_images(texts: list[str | None], split: str = "test") -> Any:
    found = _batch(texts, split)
    photos = pa.array([b"\x89PNG\r\n\xff"] * (len(texts) - 1) + [b"\xff"], pa.binary())
    return replace(found, table=found.table.append_column("photo", photos))


def _unsearched(given: dict[str, Any], **settings: Any) -> list[Finding]:
    found = [item for item in run(CHECK, given, **settings) if isinstance(item, Finding)]
    return [finding for finding in found if finding.metric == "personal_data_not_searched"]


def test_what_cannot_be_searched_asks_for_a_review() -> None:
    """A column of images is listed with its cells and what they hold, and the columns beside it are searched."""
    given = inputs(_with_images(["nothing", "x", f"my card is {CARD}"]))
    (finding,) = _unsearched(given)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert (finding.scope, finding.value, finding.n) == ({"split": "test", "column": "photo"}, 3, 3)
    assert finding.details == {"content": ("bytes", "image")}
    assert _findings(given)["payment_card"].verdict is Verdict.FAILED
    rows = _table(given, "personal_data_not_searched")
    assert [(row["column"], row["content"], row["cells"]) for row in rows] == [
        ("photo", "bytes", 1),
        ("photo", "image", 2),
    ]


def test_the_spec_leaves_out_what_cannot_be_searched() -> None:
    """A column that `skip` names leaves no doubt and stays on the list; what can be read of others is searched."""
    given = inputs(_with_images(["nothing", f"my card is {CARD}"]))
    (finding,) = _unsearched(given, skip=("photo", "text"))
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert "leaves out" in finding.message.id
    assert _findings(given, skip=("photo", "text"))["payment_card"].verdict is Verdict.FAILED


def test_a_column_to_leave_out_must_exist() -> None:
    """A name in `skip` that no split has is an error: it may be misspelt."""
    given = inputs(_with_images(["nothing", "x"], "train"), _batch(["nothing", "x"]))
    assert _unsearched(given, skip=("photo",))
    with pytest.raises(SpecError, match=r"names a column that no split has; .* got 'foto'"):
        _unsearched(given, skip=("foto",))


def test_a_split_of_nothing_but_images_is_listed() -> None:
    """Where no text can be searched, what could not be is said all the same."""
    found = _with_images(["nothing", "x"])
    given = inputs(replace(found, table=found.table.select(["photo"])))
    (finding,) = _unsearched(given)
    assert finding.verdict is Verdict.INCONCLUSIVE
