"""What findings are about, as people say it."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from llmops_audit.record import Finding, Verdict
from llmops_audit.render import i18n
from llmops_audit.render.names import Scopes


def spoken(sample: ModuleType, findings: Sequence[Finding], language: str = "en") -> list[list[str]]:
    """The words for each finding of a check."""
    record = sample.record(checks=[sample.check_result("fairness", Verdict.FAILED, findings)])
    scopes = Scopes(record, i18n.translator(language, record))
    return [scopes.in_words(finding) for finding in findings]


def test_a_group_stands_with_its_attribute(sample: ModuleType) -> None:
    """A group is named as the data write it, with its column in brackets; an attribute alone says itself."""
    group = sample.finding(Verdict.FAILED, scope={"sex": "Female", "split": "test"})
    attribute = sample.finding(Verdict.FAILED, "gap", id="fairness.gap", scope={"attribute": "sex", "split": "test"})
    assert spoken(sample, [group, attribute]) == [["Female (sex)"], ["sex"]]


def test_a_pair_goes_from_one_to_the_other(sample: ModuleType) -> None:
    """A counterfactual pair names both groups and the attribute, by the words of the check."""
    details = {"from": "female", "to": "male"}
    pair = sample.finding(Verdict.FAILED, scope={"identity": "gender", "split": "test"}, details=details)
    assert spoken(sample, [pair]) == [["from women to men (gender)"]]


def test_a_split_is_named_where_several_are_judged(sample: ModuleType) -> None:
    """The split of a metric is said where the same metric is judged on another one as well."""
    one, other = (
        sample.finding(Verdict.FAILED, id=f"fairness.balanced_accuracy@{split}", scope={"split": split})
        for split in ("test", "live")
    )
    assert spoken(sample, [one]) == [[]]
    assert spoken(sample, [one, other]) == [["split test"], ["split live"]]
