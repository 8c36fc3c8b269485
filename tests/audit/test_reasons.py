"""The reason beside a limit: joined to its requirement, shown with it, and an error where it is that of no limit."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmops_audit.audit import prepare, run
from llmops_audit.audit.reasons import with_reasons
from llmops_audit.cli.commands import app
from llmops_audit.errors import SpecError
from llmops_audit.record import JudgedRequirement, Op, Verdict
from llmops_audit.render.formats import render_files

Project = Callable[..., Path]
FOUR_FIFTHS = "four-fifths rule; committee of 2 October"


def _requirement(id: str) -> JudgedRequirement:
    return JudgedRequirement(
        id=id,
        check=id.partition(".")[0],
        op=Op.AT_LEAST,
        limit=0.8,
        source="audit.toml:1",
        gate="block",
        alarm=False,
        value=0.9,
        interval=None,
        p_value=None,
        p_adjusted=None,
        rank=None,
        verdict=Verdict.PASSED,
        findings=(id,),
    )


IDS = (
    "fairness.ratio[sex]",
    "fairness.ratio[race]",
    "fairness.ratio[race]@live",
    "fairness.accuracy[sex]",
    "accuracy.accuracy",
    "accuracy.recall[a[0]@b]",
    "drift.drift@live",
)


def _joined(reasons: dict[str, str]) -> dict[str, str]:
    found = with_reasons([_requirement(id) for id in IDS], reasons, "audit.toml")
    assert tuple(one.id for one in found) == IDS
    return {one.id: one.reason for one in found if one.reason is not None}


@pytest.mark.parametrize(
    ("key", "ids"),
    [
        ("fairness.ratio", ["fairness.ratio[sex]", "fairness.ratio[race]", "fairness.ratio[race]@live"]),
        ("fairness.ratio[race]", ["fairness.ratio[race]"]),
        ("fairness.ratio[race]@live", ["fairness.ratio[race]@live"]),
        ("fairness.ratio@live", ["fairness.ratio[race]@live"]),
        ("accuracy.accuracy", ["accuracy.accuracy"]),
        ("accuracy.recall", ["accuracy.recall[a[0]@b]"]),
        ("accuracy.recall[a[0]@b]", ["accuracy.recall[a[0]@b]"]),
        ("drift.drift", ["drift.drift@live"]),
        ("drift.drift@live", ["drift.drift@live"]),
    ],
)
def test_a_reason_is_that_of_the_requirements_that_it_names(key: str, ids: list[str]) -> None:
    """Without a bracket of all attributes, without a split of all splits, else of one requirement."""
    assert _joined({key: "why"}) == dict.fromkeys(ids, "why")


def test_the_closest_reason_counts() -> None:
    """A reason for one attribute goes before that for all; the general one is used for the others."""
    reasons = {"fairness.ratio": "all", "fairness.ratio[race]": "race", "fairness.ratio@live": "live"}
    assert _joined(reasons) == {
        "fairness.ratio[sex]": "all",
        "fairness.ratio[race]": "race",
        "fairness.ratio[race]@live": "live",
    }


@pytest.mark.parametrize("key", ["fairness.ratoi", "fairness.ratio[rcae]", "fairness.ratio@test", "fairness", "drift."])
def test_a_reason_for_no_limit_is_refused_with_the_limits_there_are(key: str) -> None:
    """A reason that no reader would ever see is a mistake of the spec."""
    with pytest.raises(SpecError) as caught:
        _joined({key: "why", "accuracy.accuracy": "known"})
    text = str(caught.value)
    assert text.startswith(f"audit.toml: reasons.{key}: unknown requirement; expected one of ")
    assert all(id in text for id in IDS)
    assert text.endswith(repr(key))


def test_a_check_that_came_to_nothing_leaves_its_reasons_unused() -> None:
    """Where it broke down or does not apply, nobody knows its requirements, and that stands in the record."""
    assert _joined({"pii.personal_data_rows": "why"}) == {}


def test_many_requirements_are_not_all_named() -> None:
    """An error stays readable, and names those of the same check first."""
    many = [_requirement(f"accuracy.recall[{i}]") for i in range(500)] + [_requirement("fairness.ratio[sex]")]
    with pytest.raises(SpecError) as caught:
        with_reasons(many, {"fairness.x": "why"}, "audit.toml")
    assert "expected one of fairness.ratio[sex], accuracy.recall[0]" in str(caught.value)
    assert "and 461 more" in str(caught.value)
    assert len(str(caught.value)) < 2_000


def test_the_reason_stands_in_the_record_and_beside_the_limit(project: Project) -> None:
    """Report and summary show it; where there is none, the report says so."""
    why = f'[reasons]\n"accuracy.accuracy" = "{FOUR_FIFTHS}: ask jane.doe@bank.example"\n[audit]'
    record = run(prepare(project({"[audit]": why, "accuracy = 0.8": "accuracy = 1.0"})))
    reasons = {one.id: one.reason for one in record.requirements}
    assert reasons["accuracy.accuracy"] == f"{FOUR_FIFTHS}: ask jane.doe@bank.example"
    assert reasons["accuracy.balanced_accuracy[chance]"] is None
    page, summary = (content.decode() for content in render_files(record, ["html", "markdown"]).values())
    assert re.search(rf"audit\.toml:\d+: {re.escape(FOUR_FIFTHS)}", page) is not None
    silent = run(prepare(project({"accuracy = 0.8": "accuracy = 1.0"})))
    assert "; no reason given)" in render_files(silent, ["html"])["report.html"].decode()
    assert f": {FOUR_FIFTHS}" in summary


def test_a_reason_is_prose_and_not_markup(project: Project) -> None:
    """What the spec says is escaped in the page."""
    hostile = '[reasons]\n"accuracy.accuracy" = "<script>alert(1)</script>"\n[audit]'
    page = render_files(run(prepare(project({"[audit]": hostile}))), ["html"])["report.html"].decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_an_unknown_reason_ends_with_two_and_writes_nothing(project: Project, tmp_path: Path) -> None:
    """A wrong metric is known only after the checks have run; a check that the spec does not name, before."""
    late = project({"[audit]": '[reasons]\n"accuracy.accuracyy" = "why"\n[audit]'})
    done = CliRunner().invoke(app, ["run", str(late), "--output", str(tmp_path / "out")])
    assert isinstance(done.exception, SpecError)
    assert "expected one of accuracy.accuracy, accuracy.balanced_accuracy[chance]" in str(done.exception)
    assert not (tmp_path / "out").exists()
    early = project({"[audit]": '[reasons]\n"drift.drift" = "why"\n"accuracy" = "why"\n[audit]'})
    with pytest.raises(SpecError) as caught:
        prepare(early)
    assert "reasons.drift.drift: is no requirement of a check of this spec" in str(caught.value)
    assert "reasons.accuracy: is no requirement of a check of this spec" in str(caught.value)


def test_an_id_without_quotes_is_explained(project: Project) -> None:
    """TOML reads dots as tables."""
    with pytest.raises(SpecError, match="an id has dots, so it stands in quotes"):
        prepare(project({"[audit]": '[reasons]\naccuracy.accuracy = "why"\n[audit]'}))


def test_who_signs_stands_in_the_record(project: Project) -> None:
    """The roles of the spec are kept in their order; without any the record names none."""
    named = project({"[audit]": '[report]\nroles = ["Head of credit", "Reviewer"]\n[audit]'})
    assert run(prepare(named)).report.roles == ("Head of credit", "Reviewer")
    assert run(prepare(project())).report.roles == ()
