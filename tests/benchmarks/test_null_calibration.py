"""The null calibration suite in small: the audit is rarely wrong where the truth is known, and the suite counts so."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from llmops_audit.analysis.fairness import rates
from llmops_audit.check.registry import provided
from llmops_audit.testing import batch, inputs

FOLDER = Path(__file__).parents[2] / "benchmarks" / "null_calibration"

COMMITTED = FOLDER.parents[1] / "docs" / "calibration.md"
RUNS = 40
MOST_SURPRISE = 1e-4
"""Probability of a count as high, at 5 % of false rejections, from which on nobody believes the 5 %."""


def _module(name: str) -> ModuleType:
    # The benchmarks are no part of the distribution, so that they are found by their path.
    if "null_calibration" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "null_calibration", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
        )
        assert spec is not None
        assert spec.loader is not None
        sys.modules["null_calibration"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["null_calibration"])
    return importlib.import_module(f"null_calibration.{name}")


cells, checks, page, plan, renewal, world = (
    _module(name) for name in ("cells", "checks", "page", "plan", "renewal", "world")
)


def _decided(checks: dict[str, dict[str, Any]], runs: int = RUNS, **of_world: Any) -> Counter[str]:
    cell = cells.Cell(f"test {sorted(checks)} {of_world}", world.World(**of_world), checks, runs)
    decided: Counter[str] = cells.simulate([cell])[cell.name].status
    return decided


def _without_drift(minima: dict[str, float]) -> dict[str, dict[str, Any]]:
    return {name: settings for name, settings in plan.whole(minima).items() if name != "drift"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "positive", "groups"), [(50, 0.5, 2), (200, 0.01, 5), (1_000, 0.5, 12), (5_000, 0.01, 2)]
)
def test_rejects_rarely_where_nothing_is_wrong(rows: int, positive: float, groups: int) -> None:
    """A classifier that just meets its limits is rejected in about 5 % of audits or fewer."""
    of_world = {"rows": rows, "positive": positive, "groups": plan.GROUPS[groups]}
    decided = _decided(_without_drift(world.World(**of_world).truth()), runs=RUNS, **of_world)
    assert binomtest(decided["rejected"], decided.total(), 0.05, "greater").pvalue > MOST_SURPRISE


@pytest.mark.slow
def test_the_whole_audit_rejects_rarely_where_nothing_is_wrong() -> None:
    """With drift, all checks share one error rate."""
    decided = _decided(plan.whole(world.World(rows=200).truth()), runs=10, rows=200)
    assert binomtest(decided["rejected"], decided.total(), 0.05, "greater").pvalue > MOST_SURPRISE


@pytest.mark.slow
def test_approves_a_good_system() -> None:
    """A classifier that is far better than its minima is approved by most audits of 1,000 rows."""
    decided = _decided({"accuracy": {"min": {"accuracy": 0.85}}}, runs=RUNS)
    assert decided["approved"] >= 0.9 * decided.total()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("checks", "of_world"),
    [
        ({"accuracy": {"min": {"accuracy": 0.95}}}, {}),
        ({"fairness": {}}, {"gap": 0.3}),
        ({"drift": {}}, {"shift": 1.0}),
    ],
    ids=["accuracy", "fairness", "drift"],
)
def test_rejects_a_bad_system(checks: dict[str, dict[str, Any]], of_world: dict[str, float]) -> None:
    """A classifier that is far worse than a limit is rejected by most audits of 1,000 rows."""
    decided = _decided(checks, runs=10, **of_world)
    assert decided["rejected"] >= 0.8 * decided.total()


@pytest.mark.parametrize("positive", [0.5, 0.01])
def test_the_truth_is_what_many_rows_show(positive: float) -> None:
    """The stated truth of a world is what many rows of it show."""
    place = world.World(rows=400_000, positive=positive, gap=0.0)
    found = world.evidence(place, ["outcomes"], np.random.default_rng(1))["outcomes"]["test"]
    (tn, fp, _), (fn, tp, _) = found.table((0, 1)).counts
    shown = {
        "accuracy": (tp + tn) / (tp + tn + fp + fn),
        "balanced_accuracy": (tp / (tp + fn) + tn / (tn + fp)) / 2,
        "f1": 2 * tp / (2 * tp + fp + fn),
    }
    assert shown == pytest.approx(place.truth(), abs=0.015)
    assert (tp + fp) / place.rows == pytest.approx(place.selection_rate(), abs=0.002)


def test_what_is_made_wrong_is_as_wrong_as_stated() -> None:
    """A gap between groups, a loss since the previous release and a calibration error have the size that they say."""
    place = world.World(rows=400_000, gap=0.2, loss=0.0, miscalibration=0.1)
    batch_of = world._drawn(place, "test", place.rows, np.random.default_rng(1))
    last = np.asarray(batch_of.table.column("group").combine_chunks().indices) == 1
    answer, label, score = batch_of.prediction.index, batch_of.label.index, batch_of.scores.values[:, 0]
    assert answer[~last].mean() - answer[last].mean() == pytest.approx(0.2, abs=0.01)
    # The scores are a fixed share of the exact probability, so that each bin errs in the same direction.
    assert label.mean() - score.mean() == pytest.approx(0.1, abs=0.005)
    lossy = world._drawn(world.World(rows=400_000, loss=0.05), "test", 400_000, np.random.default_rng(2))
    right = [
        (codes.index == lossy.label.index).mean()
        for codes in (lossy.reference_predictions["baseline"], lossy.prediction)
    ]
    assert right[0] - right[1] == pytest.approx(0.05, abs=0.005)


def test_rates_from_counts_are_fairlearns() -> None:
    """The shortcut around Fairlearn changes no number."""
    rng = np.random.default_rng(3)
    n = 300
    given = inputs(
        batch(
            "test",
            {"group": rng.choice(["a", "b", "c"], n, p=[0.6, 0.39, 0.01])},
            label=rng.integers(0, 2, n).tolist(),
            prediction=rng.integers(0, 2, n).tolist(),
        ),
        groups=["group"],
    )
    parts = given["outcomes"]["test"].by_group(("group",))
    targets = rates.TargetLabels.of(given["task"], 1)
    ours = cells.values_from_counts(parts, given["task"], targets)
    theirs = rates.fairlearn_values(parts, given["task"], targets)
    assert ours.keys() == theirs.keys()
    for group in ours:
        assert ours[group] == pytest.approx(theirs[group])


def test_shortcuts_change_no_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audits with Fairlearn and with all tables decide as those without."""
    place = world.World(rows=400, gap=0.1)
    cell = cells.Cell("shortcuts", place, _without_drift(place.truth()), 3)
    quick = cells.simulate([cell])
    monkeypatch.setattr(cells, "shortcuts", nullcontext)
    slow = cells.simulate([cell])
    assert quick["shortcuts"].status == slow["shortcuts"].status
    assert quick["shortcuts"].failed == slow["shortcuts"].failed
    assert quick["shortcuts"].widths == pytest.approx(slow["shortcuts"].widths)


def test_sums_may_be_negative() -> None:
    """The mean of findings below zero is below zero."""
    one = cells.Counts(1, intervals=Counter(x=1), values=Counter({"x": -0.5}))
    assert (one + one).mean("x") == -0.5


def test_numbers_do_not_depend_on_other_cells() -> None:
    """A cell gives the same numbers alone and beside others, and other numbers than a cell of another name."""
    checks = {"accuracy": {"min": {"accuracy": 0.9}}}
    one, other = (cells.Cell(name, world.World(rows=200), checks, 10) for name in ("one", "other"))
    alone, both = cells.simulate([one]), cells.simulate([other, one])
    assert alone["one"] == both["one"]
    assert alone["one"].widths != both["other"].widths


def test_a_crash_is_no_verdict() -> None:
    """A check that does not come to an end stops the simulation instead of counting as no rejection."""
    with pytest.raises(RuntimeError, match="drift"):
        _decided({"drift": {"columns": ["no such column"]}}, runs=1)


def test_finished_parts_are_kept(tmp_path: Path) -> None:
    """What was kept is read again and gives the same counts."""
    cell = cells.Cell("kept", world.World(rows=100), {"accuracy": {}}, 5)
    first = cells.simulate([cell], kept=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert cells.simulate([cell], kept=tmp_path) == first


def test_the_page_says_what_misses_the_bar() -> None:
    """A cell with too many false rejections stands on the page, and one with few does not."""
    runs = plan.Runs(null=2_000, sure=1_000)
    null = dict(list(plan.null(runs).items())[:2])
    sure = [plan.Step("better", cells.Cell("better", world.World(), {}, 1_000), page.Status.APPROVED)]
    bad, fine = (cell.name for cell in null.values())
    results = {
        bad: cells.Counts(2_000, Counter(rejected=200, needs_review=1_800)),
        fine: cells.Counts(2_000, Counter(rejected=20, needs_review=1_980)),
        "better": cells.Counts(1_000, Counter(approved=850, needs_review=150)),
    }
    study = page.Study(runs, null, null, sure, [], {}, {}, results)
    assert [text.split(":")[0] for text in page.misses(study)] == ["50 rows, labels 1", "1,000 rows, better"]
    assert page.misses(study, certain=True) == page.misses(study)
    written = page.written(study)
    assert "| 50 | 1:1 | 2 | 2,000 | 200 | 10.00% | 11.40% | **no** |" in written
    assert "| 50 | 1:99 | 2 | 2,000 | 20 | 1.00% | 1.54% | yes |" in written
    assert "| better | 1,000 | 85.0% | 15.0% | 0.0% | approved | **no** (at most 87.2%) |" in written


def test_few_audits_show_no_miss() -> None:
    """What few audits cannot show misses the bar of the page, and fails no shortened simulation."""
    sure = [plan.Step("better", cells.Cell("better", world.World(), {}, 100), page.Status.APPROVED)]
    results = {"better": cells.Counts(100, Counter(approved=89, needs_review=11))}
    study = page.Study(plan.Runs(), {}, {}, sure, [], {}, {}, results)
    assert len(page.misses(study)) == 1
    assert page.misses(study, certain=True) == []


def test_every_check_that_judges_by_chance_is_simulated_or_says_why_not() -> None:
    """A new check of ours that judges by chance has an entry in the plan, one for each, and no entry is left over."""
    ours = {name for name, one in provided().items() if one.distribution == "llmops-audit" and one.check.chance}
    named = [*checks.SIMULATED, *checks.NOT_SIMULATED]
    assert sorted(named) == sorted(ours)
    assert list(checks.SIMULATED) == sorted(checks.SIMULATED)
    assert all(checks.NOT_SIMULATED.values())


def _study_of(names: list[str], rejected: int) -> Any:
    """A study of checks alone in which so many audits of each cell were rejected."""
    runs = plan.Runs()
    alone = plan.alone(runs, names)
    ladders = {name: plan.ladders({}, runs, [name])[name] for name in names if name != "accuracy"}
    steps = [step for of in (alone, ladders) for steps in of.values() for step in steps]
    decided = Counter(rejected=rejected, approved=100)
    return page.Study(
        runs, {}, {}, [], [], alone, ladders, {step.cell.name: cells.Counts(1_000, decided) for step in steps}
    )


def _rows(text: str, check: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"| {check} |")]


def test_one_check_changes_its_rows_alone() -> None:
    """Written anew, a check's rows of the two tables change, and not a byte of all others."""
    committed = COMMITTED.read_text(encoding="utf-8")
    text = renewal.renewed(committed, _study_of(["regression"], 7))
    assert len(_rows(text, "regression")) == len(_rows(committed, "regression"))
    assert "| regression | 50 rows, labels 1:1, 2 groups | 1,000 | 7 | 0.70% | 1.44% | yes |" in text
    assert "| regression | 0.02 of accuracy lost | 1,000 | 10.0% | 0.0% | 0.7% | 0.3% |" in text

    def others(page_text: str) -> list[str]:
        return [line for line in page_text.splitlines() if not line.startswith("| regression |")]

    assert others(text) == others(committed)
    assert renewal.renewed(text, _study_of(["regression"], 7)) == text


def test_a_new_check_gets_rows_between_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that the page does not know is described, has rows in order, and is said to be in no whole audit."""
    new = checks.Simulated(truth="Nothing is odd.", ladder=(checks.Rung("very odd", world.World(), {}),))
    monkeypatch.setitem(checks.SIMULATED, "evenness", new)
    text = renewal.renewed(COMMITTED.read_text(encoding="utf-8"), _study_of(["evenness"], 3))
    assert "Simulated alone, and not yet in whole audits: evenness." in text
    assert "| evenness | Nothing is odd. |" in _rows(text, "evenness")
    assert [row.split("|")[2].strip() for row in _rows(text, "evenness")[-1:]] == ["very odd"]
    alone = text[text.index(f"## {page.ALONE_TITLE}") : text.index(f"## {page.LADDERS_TITLE}")]
    names = [line.split("|")[1].strip() for line in alone.splitlines() if line.startswith("| ")][1:]
    assert names == sorted(names)
    assert "evenness" not in plan.whole({})


@pytest.mark.parametrize("old", ["## Each check alone", "| Check | Data |"])
def test_a_page_of_another_shape_is_not_renewed(old: str) -> None:
    """Rows are not put under other heads."""
    text = COMMITTED.read_text(encoding="utf-8").replace(old, f"{old} once")
    with pytest.raises(ValueError, match="write all of it anew"):
        renewal.renewed(text, _study_of(["regression"], 0))


def test_one_check_is_simulated_without_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--check` runs the cells of one check, and keeps the rest of the page."""
    main = _module("__main__")
    monkeypatch.setattr(main, "QUICK", plan.Runs(null=3, other=2, pilot=2))
    simulated: list[str] = []
    simulate = cells.simulate

    def noted(wanted: list[Any], *rest: Any) -> Any:
        simulated.extend(cell.name for cell in wanted)
        return simulate(wanted, *rest)

    monkeypatch.setattr(main, "simulate", noted)
    written = tmp_path / "page.md"
    written.write_bytes(COMMITTED.read_bytes())
    options = ["--check", "calibration", "--quick", "--jobs", "1", "--write", str(written)]
    monkeypatch.setattr(sys, "argv", ["null_calibration", *options])
    assert main.main() == 0
    assert simulated
    assert all(name.split()[:2] in (["alone", "calibration"], ["ladder", "calibration"]) for name in simulated)
    text = written.read_text(encoding="utf-8")
    assert "| calibration | calibration error 0.30 | 2 | 0.0% | 0.0% | 100.0% |" in text
    assert _rows(text, "accuracy") == _rows(COMMITTED.read_text(encoding="utf-8"), "accuracy")


def test_the_committed_page_is_of_these_checks() -> None:
    """All that the page says beside numbers is what the suite would write today."""
    runs = plan.Runs()
    null = plan.null(runs)
    nothing = {cell.name: cells.Counts(runs.null) for cell in null.values()}
    expected = page.written(page.Study(runs, null, null, [], [], {}, {}, nothing))
    committed = COMMITTED.read_text(encoding="utf-8")
    paragraphs = [part for part in expected.split("\n\n") if not part.startswith(("- Highest", "| Rows"))]
    assert [part for part in paragraphs if part not in committed] == []
    assert all(f"| {' | '.join(page._columns(world))} | {runs.null:,} |" in committed for world in null)
