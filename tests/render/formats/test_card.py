"""The model card: front matter that the hub reads, Markdown that shows texts as they are."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results
from markdown_it import MarkdownIt

from llmops_audit.record import Column, Record, Status, Verdict, message
from llmops_audit.record.figures import Table
from llmops_audit.record.governance import Card
from llmops_audit.render.formats import render_files
from llmops_audit.render.formats.card import HUB_METRICS, scores

CARD = Card(
    intended_use="Sort messages",
    intended_users="Support staff",
    misuse="Anything about persons",
    limitations="Short texts",
    human_oversight="Staff may overrule it",
    data_source="Messages of 2025",
    license="Apache-2.0",
    contact="owner@example.org",
    languages=("en", "zh"),
)
VALUES = {"accuracy": 0.91, "balanced_accuracy": 0.88, "f1": 0.8, "mcc": 0.7, "roc_auc": 1, "precision": None}


def _card(record: Record, language: str | None = None) -> str:
    return render_files(record, ["card"], language=language)["model-card.md"].decode()


def performance(values: dict[str, float | None]) -> Table:
    """The table of performance on the test split."""
    rows = [
        {
            "split": "test",
            "metric": metric,
            "value": value,
            "low": None if value is None else value - 0.01,
            "high": None,
        }
        for metric, value in values.items()
    ]
    columns = tuple(Column(key=key, heading=message(key)) for key in ("split", "metric", "value", "low", "high"))
    return Table(name="performance", caption=message("Performance"), columns=columns, rows=tuple(rows))


def record(sample: ModuleType, **changes: Any) -> Record:
    """A record with a card and a table of performance."""
    made: Record = sample.record(figures={"performance": performance(VALUES), "groups": sample.group_metrics()})
    return made.model_copy(update={"card": CARD} | changes)


def matter(card: str) -> dict[str, Any]:
    """The front matter, by a YAML reader of its own."""
    head, front, _ = card.split("---\n", 2)
    assert head == ""
    return dict(yaml.safe_load(front))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_hub_reads_the_scores(sample: ModuleType, language: str) -> None:
    """The results that huggingface_hub parses are the record's, under the hub's names where it has them."""
    one = record(sample)
    card = _card(one, language)
    name, results = model_index_to_eval_results(matter(card)["model-index"])
    assert name == "sms-spam-filter 1.4.0"
    assert {result.metric_type: result.metric_value for result in results} == {
        HUB_METRICS.get(metric, metric): value for metric, value in VALUES.items() if value is not None
    }
    assert {(r.task_type, r.dataset_name, r.dataset_split, r.dataset_revision) for r in results} == {
        ("text-classification", "sms-spam-filter", "test", one.data["test"].sha256)
    }
    assert all(result.verified is None for result in results)
    parsed = ModelCard(card).data
    assert parsed.eval_results is not None
    assert [result.metric_value for result in parsed.eval_results] == [result.metric_value for result in results]
    assert (parsed.language, parsed.license) == (["en", "zh"], "apache-2.0")
    assert parsed.pipeline_tag == "text-classification"


def test_findings_stand_in_for_a_table(sample: ModuleType) -> None:
    """Without a table of performance, findings of whole splits give the scores; those of groups do not."""
    findings = (
        sample.finding(Verdict.PASSED, "accuracy", value=0.9, interval=(0.8, None)),
        sample.finding(Verdict.PASSED, "recall", value=0.5, scope={"split": "test", "sex": "F"}),
        sample.finding(Verdict.FAILED, "f1", value=None, interval=None),
    )
    one = sample.record(figures={}, checks=[sample.check_result("accuracy", Verdict.FAILED, findings)])
    assert [(s.split, s.metric, s.value, s.low, s.high) for s in scores(one)] == [("test", "accuracy", 0.9, 0.8, None)]


def test_nothing_is_invented(sample: ModuleType) -> None:
    """A record without card and metrics gives a card that says so, and no empty key."""
    one = sample.record(figures={}, checks=[sample.check_result("drift", Verdict.PASSED)], purpose=None, owner=None)
    card = _card(one)
    assert set(matter(card)) == {"tags"}
    assert card.count("Not stated.") == 11
    assert "The record holds no metric of a whole split." in card
    assert "Differences between groups of people were not measured." in card
    assert ModelCard(card).data.eval_results is None


@pytest.mark.parametrize(
    ("parameters", "card", "task"),
    [
        ({"vectorizer": "x:Y"}, None, "text-classification"),
        ({}, CARD, "text-classification"),
        ({"numeric": ["a"], "categorical": []}, None, "tabular-classification"),
        ({}, None, "other"),
    ],
)
def test_the_task_is_told_by_what_is_known(
    sample: ModuleType, parameters: dict[str, object], card: Card | None, task: str
) -> None:
    """Texts are told by a vectorizer or languages, tables by their columns; of neither there is no pipeline."""
    subject = sample.record().subject.model_copy(update={"parameters": parameters})
    front = matter(_card(record(sample, subject=subject, card=card)))
    assert front["model-index"][0]["results"][0]["task"] == {"type": task}
    assert front.get("pipeline_tag") == (None if task == "other" else task)


def test_a_license_that_the_hub_does_not_know_keeps_its_name(sample: ModuleType) -> None:
    """It is given as another one, by name."""
    front = matter(_card(record(sample, card=Card(license="LicenseRef-Own"))))
    assert (front["license"], front["license_name"]) == ("other", "LicenseRef-Own")


@pytest.mark.parametrize(
    ("spdx", "hub"), [("GPL-3.0-only", "gpl-3.0"), ("AGPL-3.0-or-later", "agpl-3.0"), ("Apache-2.0", "apache-2.0")]
)
def test_licenses_of_spdx_have_the_hubs_ids(sample: ModuleType, spdx: str, hub: str) -> None:
    """What SPDX says of later versions is no part of the hub's id."""
    front = matter(_card(record(sample, card=Card(license=spdx))))
    assert front["license"] == hub
    assert "license_name" not in front


@pytest.mark.parametrize("status", list(Status))
def test_the_decision_comes_first(sample: ModuleType, status: Status) -> None:
    """The first paragraph is the decision, and a tag says it as well."""
    one = sample.record(status)
    card = _card(one)
    first = card.split("\n\n")[2]
    assert first.startswith("**Decision of the audit: ")
    assert f"audit-{status.value.replace('_', '-')}" in matter(card)["tags"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_card_says_what_the_record_holds(sample: ModuleType, language: str) -> None:
    """Texts of the owner, digests, groups and intervals stand in the body."""
    one = record(sample)
    card = _card(one, language)
    for text in (CARD.intended_use, CARD.misuse, CARD.limitations, CARD.human_oversight, CARD.data_source):
        assert text is not None
        assert text in card
    for digest in (one.digest, one.subject.fitted, one.audit.spec_sha256, one.data["test"].sha256):
        assert f"`{digest}`" in card
    assert "亚裔美国人" in card


def test_a_card_from_a_file_is_the_same(sample: ModuleType) -> None:
    """A fresh record and the one read from its file give the same bytes, twice."""
    one = record(sample)
    again = Record.model_validate_json(one.model_dump_json(by_alias=True))
    assert _card(one) == _card(again) == _card(one)


def hostile_record(sample: ModuleType, text: str) -> Record:
    """A record with a hostile text in every field that a card shows."""
    bad = Card.model_validate({name: (text,) if name == "languages" else text for name in Card.model_fields})
    check = sample.check_result(text, Verdict.NOT_APPLICABLE, reason=message("{x}", x=text))
    one: Record = sample.record(
        Status.REJECTED,
        checks=[check],
        figures={"performance": performance({text: 0.5}), "groups": sample.group_metrics()},
        reasons=[message("{x}", x=text)],
        labels=(text, "other"),
        purpose=text,
        owner=text,
        name=text,
        version=text,
    )
    subject = one.subject.model_copy(update={"description": text, "fitted": text, "kind": text})
    return one.model_copy(update={"card": bad, "digest": text, "subject": subject})


def test_hostile_texts_are_text(sample: ModuleType) -> None:
    """Whatever a text holds, it makes no element, link, heading or key of its own."""
    tame = _card(hostile_record(sample, "tame"))
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")

    def shape(card: str) -> list[str]:
        body = card.split("\n---\n", 1)[1]
        return [token.type for token in reader.parse(body)]

    extra = ("a\n---\nlicense: x", "# h", "| a | b |", "- x", "1. x", "`", "[a](javascript:x)", "![a](b)", "===", "~~~")
    for text in (*sample.HOSTILE, *extra):
        card = _card(hostile_record(sample, text))
        assert shape(card) == shape(tame)
        inline = [child for token in reader.parse(card.split("\n---\n", 1)[1]) for child in token.children or ()]
        kinds = {child.type for child in inline}
        assert kinds <= {"text", "text_special", "softbreak", "strong_open", "strong_close", "code_inline"}
        assert set(matter(card)) == set(matter(tame))
        assert len(card) < 500_000
        ModelCard(card, ignore_metadata_errors=False)
