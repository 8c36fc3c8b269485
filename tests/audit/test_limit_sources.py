"""Every limit says which line of the spec sets it, or that it is a default: by the check's own word, not by names."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.record import Record, Verdict
from llmops_audit.record.canonical import canonical

ROOT = Path(__file__).parents[2]

HEAD = """[audit]
name = "lines"
version = "1"
[data]
test = "rows.csv"
features = ["x"]
text = "notes"
label = "y"
positive = 1
groups = ["g"]
[model]
predictions = "p"
scores = "s"
[baseline]
predictions = "old"
"""
CHECKS = """# min = { accuracy = 0.1 }
[checks.accuracy]
"max_invalid" = 0.5                          #> accuracy.invalid_outputs
min.recall = { "0" = 0.1, 1 = 0.2 }          #> accuracy.recall[0] accuracy.recall[1]
min.accuracy = 0.3                           #> accuracy.accuracy
[checks.fairness]
# max_difference = { accuracy = 0.1 }
max_difference = { accuracy = 0.9 }          #> fairness.accuracy_difference[g]
min_worst_group = { accuracy = 0.01 }        #> fairness.accuracy[g]
[checks.regression.max_group_loss]
accuracy = 0.9                               #> regression.accuracy[g]
[checks.regression.max_loss]
accuracy = 0.8                               #> regression.accuracy
[checks.calibration]
max_brier_score = 1                          #> calibration.brier_score
[checks.pii]
max_rate = { phone = 900, "notes:email" = 800 }
max_rows.email = 700
"""
DEFAULTS = {
    "accuracy.balanced_accuracy[chance]",
    "accuracy.labels_with_zero_recall",
    "fairness.selection_rate_ratio[g]",
    "calibration.expected_calibration_error",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows with two groups, scores, a previous release and a few addresses."""
    rng = np.random.default_rng(3)
    place: Path = tmp_path_factory.mktemp("lines")
    y = rng.integers(0, 2, 400)
    score = np.clip(0.25 + 0.5 * y + rng.normal(0, 0.15, 400), 0, 1)
    notes = [f"note {i}" if i % 9 else f"write to a{i}@mail.example.org" for i in range(400)]
    columns = {"x": rng.normal(size=400), "g": rng.choice(["a", "b"], 400), "y": y, "s": score.round(3)}
    rows = pd.DataFrame(columns | {"p": (score > 0.5).astype(int), "old": y, "notes": notes})
    rows.to_csv(place / "rows.csv", index=False)
    return place


def _audit(folder: Path, checks: str, head: str = HEAD) -> Record:
    spec = folder / "audit.toml"
    spec.write_text(head.replace('text = "notes"\n', "") + checks, encoding="utf-8")
    return run(prepare(spec))


def _sources(record: Record) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for one in record.requirements:
        found.setdefault(one.id, set()).add(one.source)
    return found


def test_each_limit_has_the_line_that_sets_it(folder: Path) -> None:
    """Metrics that are limited in two ways, comments and tables of their own: each limit has its own line."""
    record = _audit(folder, CHECKS)
    lines = (folder / "audit.toml").read_text(encoding="utf-8").splitlines()
    marked = {
        id: f"audit.toml:{number}" for number, line in enumerate(lines, 1) for id in line.partition("#> ")[2].split()
    }
    sources = _sources(record)
    assert len(marked) == 9
    assert {id: sources.get(id) for id in marked} == {id: {line} for id, line in marked.items()}
    assert {source for id in DEFAULTS for source in sources[id]} == {"default"}
    personal = [finding for finding in record.findings().values() if finding.metric.startswith("personal_data_r")]
    by_kind = {
        (finding.metric, finding.scope.get("kind")): finding.requirement.source
        for finding in personal
        if finding.requirement is not None
    }
    assert by_kind == {
        ("personal_data_rate", "phone"): f"audit.toml:{len(lines) - 1}",
        ("personal_data_rate", "email"): f"audit.toml:{len(lines) - 1}",
        ("personal_data_rows", "email"): f"audit.toml:{len(lines)}",
        ("personal_data_rows", None): "default",
    }


def test_every_limit_of_ours_says_what_sets_it() -> None:
    """In the source of every check: a limit names its setting, or that it is a default which nobody can change."""
    silent = []
    for file in [*(ROOT / "checks").glob("*.py"), *(ROOT / "llmops_audit/analysis").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "Requirement":
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            if "setting" not in given and not isinstance(given.get("source"), ast.Constant):
                silent.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert not silent


def test_what_names_a_setting_to_the_runner_is_in_no_record(folder: Path) -> None:
    """The record holds the source alone, in its schema and in its text."""
    record = _audit(folder, CHECKS)
    assert all(not one.requirement.setting for one in record.findings().values() if one.requirement is not None)
    assert '"setting"' not in canonical(record).decode()
    for mode in ("validation", "serialization"):
        assert "setting" not in Record.model_json_schema(mode=mode)["$defs"]["Requirement"]["properties"]


def test_limits_of_a_mapping_have_no_line(folder: Path) -> None:
    """A spec in Python has no lines; defaults are told apart all the same."""
    _audit(folder, CHECKS)
    spec = tomllib.loads((folder / "audit.toml").read_text(encoding="utf-8"))
    spec["data"]["test"] = str(folder / "rows.csv")
    found = _sources(run(prepare(spec)))
    assert found["fairness.accuracy_difference[g]"] == {"spec"}
    assert {source for id in DEFAULTS for source in found[id]} == {"default"}


WITH_OWN = 'plugins = ["own.py"]\n' + HEAD.replace('[baseline]\npredictions = "old"\n', "")
OWN = '''"""Own: a check of the user.

What it measures
----------------
One.

Why it matters
--------------
One.

How to read it
--------------
One.

Limits
------
One.

References
----------
One.
"""
from collections.abc import Mapping
from llmops_audit.check import check
from llmops_audit.record import Finding, Op, Requirement, Verdict, message

@check()
def own(task, *, most: float | dict[str, float] = 1.0, accuracy: float = 1.0):
    """Pass."""
    limit = Requirement(op=Op.AT_MOST, limit=1.0, %s)
    yield Finding(metric="accuracy", value=0.5, requirement=limit, verdict=Verdict.PASSED, message=message("Fine."))
'''


@pytest.mark.parametrize(
    ("says", "section", "source"),
    [
        ('setting=("most",)', "most = 2.0", "audit.toml:15"),
        ('setting=("most",)', "", "default"),
        ('setting=("most", "age")', "most = { sex = 1.0, age = 2.0 }", "audit.toml:15"),
        ('setting=("most", "age")', "most = { sex = 1.0 }", "default"),
        # One limit for all columns is the limit of each.
        ('setting=("most", "age")', "most = 2.0", "audit.toml:15"),
        ('source="default"', "most = 2.0", "default"),
        # The metric has the name of a setting, which is no reason to believe that it set the limit.
        ("", "accuracy = 2.0", None),
    ],
)
def test_a_check_of_the_user_says_what_set_its_limit(folder: Path, says: str, section: str, source: str | None) -> None:
    """A line of the spec, its default, or nothing where the check says nothing."""
    (folder / "own.py").write_text(OWN % says, encoding="utf-8")
    record = _audit(folder, f"[checks.own]\n{section}\n", WITH_OWN)
    (finding,) = record.findings().values()
    assert finding.requirement is not None
    assert finding.requirement.source == source


def test_a_setting_that_does_not_exist_is_an_error_of_the_check(folder: Path) -> None:
    """A wrong name would show every limit as a default."""
    (folder / "own.py").write_text(OWN % 'setting=("moost",)', encoding="utf-8")
    record = _audit(folder, "[checks.own]\n", WITH_OWN)
    (check,) = record.checks
    assert check.verdict is Verdict.ERROR
    assert check.reason is not None
    assert check.reason.values == {"setting": "moost"}
