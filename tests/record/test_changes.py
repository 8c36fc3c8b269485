"""What changed since an earlier audit is told, and a limit that asks for less is never told as anything else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.audit import prepare, run
from llmops_audit.cli.run_screen import run_screen
from llmops_audit.errors import SpecError
from llmops_audit.record import (
    FileInfo,
    GatePolicy,
    LimitChange,
    Op,
    Record,
    Requirement,
    Verdict,
    VerdictChange,
    message,
)
from llmops_audit.record.canonical import canonical, sealed
from llmops_audit.record.changes import changes, loosened
from llmops_audit.render.first_screen import MOST_REASONS
from llmops_audit.render.formats import render_files

Project = Callable[..., Path]
REQUIREMENTS = st.builds(Requirement, op=st.sampled_from(Op), limit=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
VALUES = [edge + step for edge in (0.0, 0.1, 0.5, 0.9, 1.0) for step in (-0.05, 0.0, 0.05)]


def _html(record: Record, language: str | None = None) -> str:
    return render_files(record, ["html"], language=language)["report.html"].decode()


def _markdown(record: Record, language: str | None = None) -> str:
    return render_files(record, ["markdown"], language=language)["summary.md"].decode()


def meets(value: float, requirement: Requirement) -> bool:
    """Whether a value meets a requirement, the plain way."""
    return {
        Op.AT_LEAST: value >= requirement.limit,
        Op.AT_MOST: value <= requirement.limit,
        Op.ABOVE: value > requirement.limit,
        Op.BELOW: value < requirement.limit,
    }[requirement.op]


@given(REQUIREMENTS, REQUIREMENTS)
def test_a_limit_is_loosened_where_a_value_now_meets_it_that_did_not(before: Requirement, now: Requirement) -> None:
    """By trying values around all limits: loosened is exactly that some value passes now and did not before."""
    newly = any(meets(value, now) and not meets(value, before) for value in VALUES)
    assert loosened(before, now) is newly


@given(REQUIREMENTS)
def test_a_limit_that_is_gone_is_loosened_and_a_new_one_is_not(requirement: Requirement) -> None:
    """What is no longer asked for is the loosest limit of all; asking for more is never told as loosened."""
    assert loosened(requirement, None)
    assert not loosened(None, requirement)
    assert not loosened(requirement, requirement)


def test_nothing_changed_since_the_same_record(sample: ModuleType) -> None:
    """Compared with itself a record shows no change."""
    record = sample.record()
    found = changes(record, record)
    assert (found.verdicts, found.limits) == ((), ())
    assert found.same_model is True
    assert found.same_spec
    assert all(found.data.values())


def _with(record: Record, part: str, **changes: object) -> Record:
    return record.model_copy(update={part: getattr(record, part).model_copy(update=changes)})


def test_the_same_model_is_told_by_its_digest_alone(sample: ModuleType) -> None:
    """Equal digests are one model whatever it is called; without a digest, or on another machine, nobody knows."""
    one = sample.record()
    renamed = _with(one, "subject", description="another name", parameters={})
    assert changes(one, renamed).same_model is True
    other = _with(one, "subject", fitted="ab" * 32)
    assert changes(one, other).same_model is False
    assert changes(one, _with(other, "run", host="elsewhere")).same_model is None
    assert changes(one, _with(other, "environment", python="3.99")).same_model is None
    assert changes(one, _with(_with(other, "subject", parameters={}), "run", host="elsewhere")).same_model is False
    unknown = _with(one, "subject", fitted=None)
    for before, now in ((one, unknown), (unknown, one), (unknown, unknown)):
        assert changes(before, now).same_model is None
    assert changes(unknown, _with(unknown, "subject", parameters={})).same_model is False


def test_saved_predictions_are_the_same_where_their_files_are(sample: ModuleType) -> None:
    """Other files may hold the predictions of the same model, so that nobody knows; so may a model trained here."""
    file = FileInfo(name="test.csv", sha256="aa" * 32, bytes=3)
    told = {"kind": "predictions", "fitted": None, "parameters": {"predictions": "told"}}
    saved = _with(sample.record(), "subject", files=(file,), **told)
    assert changes(saved, saved).same_model is True
    moved = _with(saved, "subject", files=(file.model_copy(update={"name": "moved.csv"}),))
    assert changes(saved, moved).same_model is True
    others = [
        _with(saved, "subject", files=(file.model_copy(update={"sha256": "bb" * 32}),)),
        _with(saved, "subject", files=(file, file)),
        _with(saved, "subject", parameters={"predictions": "other"}),
        sample.record(),
    ]
    for other in others:
        assert changes(saved, other).same_model is changes(other, saved).same_model is None


@pytest.mark.parametrize("same", [True, False, None])
def test_what_is_said_of_the_model_is_what_is_known(sample: ModuleType, same: bool | None) -> None:
    """Report and summary give the reason, and for a record without one its verdict in a word; nothing is claimed."""
    record = sample.record()
    found = changes(record, record).model_copy(update={"same_model": same, "model": message("told so")})
    plain = found.model_copy(update={"model": None})
    word = {True: "the same", False: "another one", None: "cannot be known"}[same]
    for shown, said in ((found, "told so"), (plain, word)):
        changed = record.model_copy(update={"changes": shown})
        for text in (_html(changed), _markdown(changed)):
            assert said in text
            assert "byte for byte" not in text


def test_a_split_that_only_one_record_has_is_neither_the_same_nor_another(sample: ModuleType) -> None:
    """A split that is gone, or new, is null, and the summary says which."""
    whole = sample.record()
    without = whole.model_copy(update={"data": {name: one for name, one in whole.data.items() if name != "live"}})
    assert changes(whole, without).data == changes(without, whole).data == {"live": None, "test": True, "train": True}
    gone = without.model_copy(update={"changes": changes(whole, without)})
    new = whole.model_copy(update={"changes": changes(without, whole)})
    for record, said in ((gone, "no longer there"), (new, "not there before")):
        assert said in _html(record)
        assert said in _markdown(record)


def test_verdicts_are_compared_both_ways(sample: ModuleType) -> None:
    """Swapping the records swaps before and now; checks and findings that one of them lacks are null there."""
    passed = sample.finding(Verdict.PASSED, id="own.a")
    failed = sample.finding(Verdict.FAILED, id="own.a")
    more = sample.finding(Verdict.ERROR, id="own.b", requirement=None)
    one = sample.record(checks=[sample.check_result("own", Verdict.PASSED, [passed])])
    two = sample.record(checks=[sample.check_result("own", Verdict.FAILED, [failed, more])])
    there, back = changes(one, two), changes(two, one)
    assert there.verdicts == (
        VerdictChange(id="own", before=Verdict.PASSED, now=Verdict.FAILED),
        VerdictChange(id="own.a", before=Verdict.PASSED, now=Verdict.FAILED),
        VerdictChange(id="own.b", before=None, now=Verdict.ERROR),
    )
    assert [(c.id, c.now, c.before) for c in back.verdicts] == [(c.id, c.before, c.now) for c in there.verdicts]


Stated = dict[str, tuple[Verdict, Requirement | None]]
FINDINGS = st.dictionaries(
    st.sampled_from(["own.a", "own.b", "own.c"]), st.tuples(st.sampled_from(Verdict), st.none() | REQUIREMENTS)
)


@given(FINDINGS, FINDINGS)
def test_swapping_the_records_swaps_before_and_now(sample: ModuleType, one: Stated, other: Stated) -> None:
    """Verdicts and limits are compared alike both ways, once an id; of one comparison, one way alone is looser."""
    records = []
    for side in (one, other):
        found = [sample.finding(verdict, id=id, requirement=asked) for id, (verdict, asked) in side.items()]
        records.append(sample.record(checks=[sample.check_result("own", Verdict.PASSED, found)]))
    there, back = changes(*records), changes(*reversed(records))
    for these, those in ((there.verdicts, back.verdicts), (there.limits, back.limits)):
        assert [(c.id, c.before, c.now) for c in these] == [(c.id, c.now, c.before) for c in those]
        assert len({change.id for change in these}) == len(these)
    for forth, reverse in zip(there.limits, back.limits, strict=True):
        assert forth.loosened or reverse.loosened
        if forth.op is reverse.op and None not in (forth.before, forth.now):
            assert forth.loosened is not reverse.loosened


def test_a_check_that_broke_down_loosened_nothing(sample: ModuleType) -> None:
    """A check that came to no end states no limits: on the same settings they did not change, on others they did."""
    found = [sample.finding(Verdict.PASSED, id="own.a", metric="a")]
    whole = sample.record(checks=[sample.check_result("own", Verdict.PASSED, found, settings={"min": ("a", 0.8)})])
    broken = sample.record(checks=[sample.check_result("own", Verdict.ERROR, settings={"min": ["a", 0.8]})])
    lax = sample.record(checks=[sample.check_result("own", Verdict.ERROR, settings={"min": ["a", 0.1]})])
    assert changes(whole, broken).limits == changes(broken, whole).limits == ()
    assert VerdictChange(id="own", before=Verdict.PASSED, now=Verdict.ERROR) in changes(whole, broken).verdicts
    assert [(change.id, change.loosened) for change in changes(whole, lax).limits] == [("own.a", True)]


def test_a_gate_that_asks_for_less_is_told(sample: ModuleType) -> None:
    """Less confidence, values instead of bounds, review instead of rejection: each is a loosened limit."""
    strict = sample.record().model_copy(
        update={"gate": GatePolicy(confidence=0.99, decide="bound", on_inconclusive="reject")}
    )
    lax = strict.model_copy(update={"gate": GatePolicy(confidence=0.9, decide="point", on_inconclusive="review")})
    found = changes(strict, lax).limits
    assert found[0] == LimitChange(id="gate.confidence", op=None, before=0.99, now=0.9, loosened=True)
    assert [change.id for change in found] == ["gate.confidence", "gate.decide", "gate.on_inconclusive"]
    assert all(change.loosened for change in found)
    assert not any(change.loosened for change in changes(lax, strict).limits)


GROUPS = {"min_group_rows": 30, "small_groups": "pool", "missing_group": "judge", "reference": {}}


def _of_groups(sample: ModuleType, **settings: object) -> Record:
    found = sample.check_result("fairness", Verdict.PASSED, settings=GROUPS | settings)
    given: Record = sample.record(checks=[found])
    return given


@pytest.mark.parametrize(
    ("name", "before", "now"),
    [("min_group_rows", 30, 100), ("small_groups", "pool", "report"), ("missing_group", "judge", "report")],
)
def test_groups_that_are_no_longer_judged_are_told(sample: ModuleType, name: str, before: object, now: object) -> None:
    """A setting of a check that takes groups out of its rules is a loosened limit, and the way back is not."""
    one, other = _of_groups(sample), _of_groups(sample, **{name: now})
    assert changes(one, other).limits == (
        LimitChange(id=f"checks.fairness.{name}", op=None, before=before, now=now, loosened=True),  # type: ignore[arg-type]
    )
    assert [change.loosened for change in changes(other, one).limits] == [False]
    assert changes(one, one).limits == ()
    elsewhere = sample.record(checks=[sample.check_result("fairness", Verdict.PASSED, settings={})])
    assert name in {change.id.split(".")[-1] for change in changes(elsewhere, other).limits if change.loosened}


def test_another_comparator_is_told_as_changed(sample: ModuleType) -> None:
    """A group that others are compared with is named, changed or gone: whether less is asked for, the data decides."""
    one = _of_groups(sample)
    two = _of_groups(sample, reference={"race": "A", "sex": "F"})
    three = _of_groups(sample, reference={"race": "B", "sex": "F"})
    told = {
        (change.id, change.before, change.now, change.loosened)
        for pair in ((one, two), (two, three), (three, one))
        for change in changes(*pair).limits
    }
    race, sex = "checks.fairness.reference.race", "checks.fairness.reference.sex"
    assert told == {
        (race, None, "A", None), (sex, None, "F", None), (race, "A", "B", None), (race, "B", None, None),
        (sex, "F", None, None),
    }  # fmt: skip
    record = two.model_copy(update={"changes": changes(one, two)})
    told = [str(line) for line in run_screen(record, Path("o"), ())]
    assert [line for line in told if line.endswith("limits loosened: 0, perhaps looser: 2.")]
    for text in (_html(record), _markdown(record)):
        assert "changed: looser or stricter, depending on the data" in text
    assert "Limits that may be looser than before" in _html(record)


def test_a_reference_that_names_no_group_is_no_comparator(sample: ModuleType) -> None:
    """Of drift, `reference` names a split."""
    one, two = (
        sample.record(checks=[sample.check_result("drift", Verdict.PASSED, settings={"reference": split})])
        for split in ("train", "test")
    )
    assert changes(one, two).limits == ()


def test_the_screen_counts_loosened_limits_and_bounds_reasons(sample: ModuleType) -> None:
    """A log tells that limits were loosened, and of many reasons the first, with how many more there are."""
    reasons = tuple(message("Failed: {id}.", id=f"accuracy.a{number}") for number in range(MOST_REASONS + 7))
    record = sample.record(reasons=reasons)
    strict = record.model_copy(update={"gate": GatePolicy(confidence=0.99, decide="bound", on_inconclusive="review")})
    looser, same = (record.model_copy(update={"changes": changes(then, record)}) for then in (strict, record))
    told = [str(line) for line in run_screen(looser, Path("out"), ())]
    assert [line for line in told if line.endswith("limits loosened: 1.")]
    assert [line for line in told if "Failed: accuracy.a" in line] == [
        f"? Failed: accuracy.a{number}." for number in range(MOST_REASONS)
    ]
    assert [line for line in told if "7 more" in line]
    assert [line for line in map(str, run_screen(same, Path("out"), ())) if line.endswith("limits loosened: 0.")]


@given(st.lists(st.tuples(st.sampled_from("abc"), REQUIREMENTS), min_size=2, max_size=2))
def test_a_changed_limit_is_listed_once(sample: ModuleType, given: list[tuple[str, Requirement]]) -> None:
    """Limits of two records are compared by requirement, whatever the line of the spec that set them."""
    records = [
        sample.record(
            checks=[
                sample.check_result(
                    "own",
                    Verdict.PASSED,
                    [sample.finding(Verdict.PASSED, id=f"own.{name}", metric=name, requirement=requirement)],
                )
            ]
        )
        for name, requirement in given
    ]
    for (name, before), (other, now) in pairwise(given):
        found = changes(*records).limits
        if name == other:
            assert len(found) == (before != now)
        else:
            assert sorted(change.id for change in found) == sorted([f"own.{name}", f"own.{other}"])


def test_another_group_that_decides_changes_no_limit(sample: ModuleType) -> None:
    """The limit is that of the attribute: which of its groups stands in the finding is a matter of the data."""
    limit = Requirement(op=Op.AT_LEAST, limit=0.8, about="sex")
    records = [
        sample.record(
            checks=[
                sample.check_result(
                    "fairness",
                    Verdict.PASSED,
                    [
                        sample.finding(
                            Verdict.PASSED, id=f"fairness.ratio[sex={sex}]", metric="ratio", requirement=limit
                        )
                    ],
                )
            ]
        )
        for sex in "FM"
    ]
    assert changes(*records).limits == ()


def test_floors_of_one_requirement_are_compared_by_metric(sample: ModuleType) -> None:
    """The alarm of drift has a floor for each distance."""
    floors = [
        sample.finding(
            Verdict.PASSED, id=f"drift.{metric}", metric=metric,
            requirement=Requirement(op=Op.AT_MOST, limit=floor, metric="drift", alarm=True),
        )
        for metric, floor in (("shares", 0.05), ("distance", 0.1))
    ]  # fmt: skip
    one = sample.record(checks=[sample.check_result("drift", Verdict.PASSED, floors)])
    other = sample.record(checks=[sample.check_result("drift", Verdict.PASSED, floors[::-1])])
    assert changes(one, other).limits == ()


def test_an_audit_is_compared_with_the_record_it_names(project: Project, tmp_path: Path) -> None:
    """`baseline.record` alone is enough: the record of the second audit tells what changed, and keeps its digest."""
    before = run(prepare(project()))
    place = tmp_path / "before.json"
    place.write_bytes(canonical(before))
    spec = project(
        {
            "[checks.accuracy]": f'[baseline]\nrecord = "{place}"\n\n[checks.accuracy]',
            "accuracy = 0.8": "accuracy = 0.1",
        }
    )
    now = run(prepare(spec))
    assert now.changes is not None
    assert now.changes.digest == before.digest
    assert now.changes.data == {"train": True, "test": True}
    assert now.changes.same_model is True
    assert [(change.id, change.before, change.now) for change in now.changes.limits] == [
        ("accuracy.accuracy", 0.8, 0.1)
    ]
    assert now.changes.limits[0].loosened


def test_the_record_of_another_system_is_compared(project: Project, tmp_path: Path, sample: ModuleType) -> None:
    """Where no check compares answers, the earlier record may have another name and other labels."""
    place = tmp_path / "other.json"
    place.write_bytes(canonical(sealed(sample.record())))
    now = run(prepare(project({"[checks.accuracy]": f'[baseline]\nrecord = "{place}"\n\n[checks.accuracy]'})))
    assert now.changes is not None
    assert now.changes.name == "sms-spam-filter"
    assert now.changes.same_model is False
    assert now.changes.data == {"live": None, "test": False, "train": False}


def test_answers_that_no_check_compares_are_refused(project: Project) -> None:
    """`baseline.predictions` without a check that compares them would be passed over in silence."""
    with pytest.raises(SpecError, match=r"baseline\.predictions: no check compares with them"):
        prepare(project({"[checks.accuracy]": '[baseline]\npredictions = "told"\n\n[checks.accuracy]'}))
