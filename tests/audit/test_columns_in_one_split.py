"""Columns are demanded only of the splits in which they are used."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.errors import DataError
from llmops_audit.record import CheckResult, Record, Verdict
from llmops_audit.record.drift_figure import Drift

N = 240


def _frame(start: int = 0, *columns: str) -> pd.DataFrame:
    rows = range(start, start + N)
    frame = pd.DataFrame(
        {
            "amount": [(i * 37 % 101) / 10 for i in rows],
            "age": [20 + i * 7 % 50 for i in rows],
            "label": [i % 2 for i in rows],
            "guess": [i % 2 if i % 10 else 1 - i % 2 for i in rows],
            "sex": ["FM"[i // 2 % 2] for i in rows],
            "house": [f"h{i // 3}" for i in rows],
            "day": [f"2026-03-{1 + i % 28:02}" for i in rows],
            "key": [f"k{i}" for i in rows],
            "weight": [1.0 + i % 3 for i in rows],
        }
    )
    return frame.drop(columns=list(columns))


def _audit(
    folder: Path, data: str, checks: str, without: dict[str, tuple[str, ...]], model: str = 'predictions = "guess"'
) -> Record:
    """Audit files of which each lacks some columns."""
    for number, (split, columns) in enumerate(without.items()):
        _frame(1000 * number, *columns).to_csv(folder / f"{split}.csv", index=False)
    files = "\n".join(f'{split} = "{split}.csv"' for split in without)
    spec = folder / "audit.toml"
    spec.write_text(
        f'[audit]\nname = "a"\nversion = "1"\n[data]\nlabel = "label"\npositive = 1\n{files}\n{data}\n'
        f"[model]\n{model}\n{checks}\n"
    )
    return run(prepare(spec))


def _check(record: Record, name: str) -> CheckResult:
    return next(check for check in record.checks if check.name == name)


ROLES = {
    "groups": ('groups = ["sex"]', "sex", "[checks.fairness]"),
    "unit": ('unit = "house"', "house", "[checks.accuracy]"),
    "id": ('id = "key"', "key", "[checks.accuracy]"),
    "time": ('time = "day"', "day", "[checks.accuracy]"),
    "weight": ('weight = "weight"', "weight", "[checks.accuracy]"),
}


def test_inputs_stand_in_training_and_test_rows(tmp_path: Path) -> None:
    """A training file that lacks an input would leave unsaid which test rows it holds: it is refused."""
    with pytest.raises(DataError, match=r"train\.csv: has no column 'age'"):
        _audit(tmp_path, 'features = ["amount", "age"]', "[checks.accuracy]", {"train": ("age", "guess"), "test": ()})


@pytest.mark.parametrize(("data", "column", "checks"), ROLES.values(), ids=ROLES)
def test_a_column_may_stand_in_the_test_file_alone(tmp_path: Path, data: str, column: str, checks: str) -> None:
    """Saved predictions are judged as they are where the training file has the column as well; nowhere is an error."""
    alone = _audit(tmp_path, data, checks, {"train": (column, "guess"), "test": ()})
    both = _audit(tmp_path, data, checks, {"train": ("guess",), "test": ()})
    name = checks.strip("[]").removeprefix("checks.")
    assert _check(alone, name).findings == _check(both, name).findings
    assert column not in alone.data["train"].columns
    with pytest.raises(DataError, match=f"test.csv: has no column '{column}'"):
        _audit(tmp_path, data, checks, {"train": (column,), "test": (column,)})


@pytest.mark.parametrize("name", ["unit", "weight"])
def test_units_and_weights_stand_where_rows_are_judged(tmp_path: Path, name: str) -> None:
    """Units and weights are demanded of every split that a check of predictions judges."""
    data, column, _ = ROLES[name]
    with pytest.raises(DataError, match=f"test.csv: has no column '{column}'"):
        _audit(tmp_path, data, "[checks.accuracy]", {"train": (), "test": (column,)})
    without: dict[str, tuple[str, ...]] = {"train": (column,), "test": ()}
    with pytest.raises(DataError, match=f"train.csv: has no column '{column}'"):
        _audit(tmp_path, data, '[checks.accuracy]\ncurrent = ["train", "test"]', without)


def test_the_sheet_says_what_each_split_has(tmp_path: Path) -> None:
    """Unit, weight and groups of a split stand in the record only where the split has them."""
    data = 'groups = ["sex"]\nunit = "house"\nweight = "weight"'
    record = _audit(tmp_path, data, "[checks.accuracy]", {"train": ("sex", "house", "weight"), "test": ()})
    train, test = record.data["train"], record.data["test"]
    assert (train.unit, train.weight, dict(train.groups)) == (None, None, {})
    assert (test.unit, test.weight, list(test.groups)) == ("house", "weight", ["sex"])


@pytest.mark.parametrize("check", ["fairness", "proxies"])
def test_groups_that_the_judged_split_lacks_leave_a_doubt(tmp_path: Path, check: str) -> None:
    """Where the split that a check judges has no such column, the check is inconclusive and says why."""
    data = 'groups = ["sex"]\nfeatures = ["amount", "age"]'
    result = _check(_audit(tmp_path, data, f"[checks.{check}]", {"train": (), "test": ("sex",)}), check)
    assert result.verdict is Verdict.INCONCLUSIVE
    (finding,) = result.findings
    assert finding.message.id == "The split has no column {column}: its groups are unknown."
    assert finding.scope == {"split": "test", "attribute": "sex"}


def test_other_groups_are_judged_all_the_same(tmp_path: Path) -> None:
    """A group column that the split lacks does not hide those that it has."""
    data = 'groups = ["house", "sex"]'
    result = _check(_audit(tmp_path, data, "[checks.fairness]", {"train": (), "test": ("house",)}), "fairness")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert [finding for finding in result.findings if finding.metric == "selection_rate_ratio"]


def test_losses_by_group_that_cannot_be_judged(tmp_path: Path) -> None:
    """A limit on the loss by group leaves a doubt where the test file has no groups."""
    for number, split in enumerate(("train", "test")):
        frame = _frame(1000 * number, *({"test": ["sex"]}.get(split, [])))
        frame.assign(old=frame["guess"].iloc[::-1].to_numpy()).to_csv(tmp_path / f"{split}.csv", index=False)
    spec = tmp_path / "audit.toml"
    spec.write_text(
        '[audit]\nname = "a"\nversion = "1"\n[data]\nlabel = "label"\ntrain = "train.csv"\ntest = "test.csv"\n'
        'groups = ["sex"]\n[model]\npredictions = "guess"\n[baseline]\npredictions = "old"\n'
        "[checks.regression]\nmax_group_loss = { accuracy = 0.1 }\n"
    )
    findings = _check(run(prepare(spec)), "regression").findings
    limited = [one for one in findings if one.requirement is not None and one.requirement.about == "sex"]
    assert [(one.metric, one.verdict) for one in limited] == [("accuracy", Verdict.INCONCLUSIVE)]


def test_features_are_demanded_where_splits_are_compared(tmp_path: Path) -> None:
    """Where a check compares the inputs of the splits, a feature must stand in each of them."""
    data = 'features = ["amount", "age"]'
    with pytest.raises(DataError, match=r"train\.csv: has no column 'age'; expected one of amount, label"):
        _audit(tmp_path, data, "[checks.drift]", {"train": ("age",), "test": ()})


def test_units_and_times_that_a_compared_split_lacks(tmp_path: Path) -> None:
    """Splits are compared where units stand in one alone, which is said; windows without times are not."""
    data = 'features = ["amount", "age"]\nunit = "house"\ntime = "day"'
    record = _audit(tmp_path, data, "[checks.drift]", {"train": ("house", "day"), "test": ("day",), "live": ()})
    findings = _check(record, "drift").findings
    without = [one.scope["split"] for one in findings if "as if they were independent" in one.message.id]
    assert without == ["train"]
    figure = record.figures["drift"]
    assert isinstance(figure, Drift)
    assert [timeline.split for timeline in figure.timelines] == ["live"]


def test_groups_of_the_test_file_for_a_classifier_that_is_trained_here(tmp_path: Path) -> None:
    """A classifier is trained on a file without the groups by which it is judged, and without ids and units."""
    data = 'features = ["amount", "age"]\ngroups = ["sex"]\nunit = "house"\nid = "key"\nweight = "weight"'
    record = _audit(
        tmp_path, data, "[checks.accuracy]\n[checks.fairness]\n[checks.proxies]",
        {"train": ("sex", "house", "key", "weight"), "test": ()}, 'estimator = "sklearn.tree:DecisionTreeClassifier"',
    )  # fmt: skip
    assert {group.value for group in record.data["test"].groups["sex"]} == {"F", "M"}
    assert not [check.name for check in record.checks if check.verdict is Verdict.ERROR]
    assert [one for one in _check(record, "fairness").findings if one.metric == "selection_rate_ratio"]
