"""The null calibration suite in small: the audit is rarely wrong where the truth is known, and the suite counts so."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
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


cells, checks, families, page, parts, plan, results, stamps, users, world, worlds = (
    _module(name)
    for name in (
        "cells", "checks", "families", "page", "parts", "plan", "results", "stamps", "users", "world", "worlds",
    )
)  # fmt: skip
Kind, Line = results.Kind, results.Line

tree_only = pytest.mark.skipif(
    not (stamps.ROOT / "llmops_audit").is_dir(),
    reason="the sources are not here: LLMOPS_AUDIT_TREE names their folder",
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


def _line(title: str, kind: Any, barred: bool, runs: int, **status: int) -> Any:
    return Line(title, kind, barred, runs, status, {}, {}, 3.0)


def _bars(kind: Any, runs: int, **status: int) -> list[str]:
    said: list[str] = page.bars(_line("", kind, kind is not Kind.EDGE, runs, **status))
    return [text.split(":")[0] for text in said]


def test_a_bar_is_met_missed_or_not_shown() -> None:
    """What few audits cannot show is not shown: neither met nor missed."""
    assert _bars(Kind.EDGE, 2_000, rejected=100) == ["yes"]
    assert _bars(Kind.EDGE, 2_000, rejected=200) == ["**no**"]
    assert _bars(Kind.EDGE, 20, rejected=0) == ["**not shown**"]
    assert _bars(Kind.GOOD, 1_000, approved=950, needs_review=50) == ["yes", "yes"]
    assert _bars(Kind.GOOD, 1_000, approved=850, needs_review=150) == ["yes", "**no**"]
    assert _bars(Kind.GOOD, 20, approved=20) == ["**not shown**", "**not shown**"]
    assert _bars(Kind.BAD, 1_000, rejected=950, needs_review=50) == ["yes"]
    assert _bars(Kind.BAD, 1_000, rejected=850, needs_review=150) == ["**no**"]
    assert page.bars(_line("", Kind.SHOWN, False, 1_000, rejected=1_000)) == []
    many = replace(_line("", Kind.GOOD, True, 1_000, approved=850, needs_review=150), requirements=11.0)
    assert [text.split(":")[0] for text in page.bars(many)] == ["yes"]


def test_the_page_says_what_misses_the_bar() -> None:
    """A line that misses its bar stands at the top, and a part that was not simulated is named."""
    bad = _line("better", Kind.GOOD, True, 1_000, approved=850, needs_review=150)
    fine = _line("at the limit", Kind.EDGE, False, 2_000, rejected=20, needs_review=1_980)
    found = {"null": results.PartResult("abc", (fine, bad))}
    title = parts.PARTS["null"].title
    assert page.misses(found, certain=True) == [f"{title}: better: **no**: approved in at most 87.2%"]
    text = page.written(found)
    assert f"  - {title}: better: **no**: approved in at most 87.2%." in text
    assert f"| {title} | 3,000 | 0.7% (at most 1.0%) | 15.0% (at most 17.4%) | – | – |" in text
    assert f"Parts that have not been simulated: {', '.join(name for name in parts.PARTS if name != 'null')}." in text
    assert f"| `null` | {title} | `abc` |" in text


def test_few_audits_show_no_miss() -> None:
    """What few audits cannot show misses the bar of the page, and fails no shortened simulation."""
    few = _line("better", Kind.GOOD, True, 100, approved=89, needs_review=11)
    found = {"null": results.PartResult("abc", (few,))}
    assert page.misses(found)
    assert page.misses(found, certain=True) == []


def test_what_found_nothing_to_judge_asks_a_person() -> None:
    """An audit that judged nothing is no approval and no rejection."""
    line = _line("", Kind.GOOD, True, 10, approved=6, not_judged=3, needs_review=1)
    assert line.count(page.Status.NEEDS_REVIEW) == 4


def test_results_are_read_as_they_were_saved(tmp_path: Path) -> None:
    """Saving and reading again changes nothing."""
    found = {"null": results.PartResult("abc", (_line("one", Kind.EDGE, False, 10, rejected=1, needs_review=9),))}
    results.save(tmp_path / "results.json", found)
    assert results.load(tmp_path / "results.json") == found
    assert results.load(tmp_path / "none.json") == {}


def test_every_check_that_judges_by_chance_is_simulated() -> None:
    """A new check of ours has an entry in the plan, or a world of rows that shows it, or counts all rows."""
    ours = {name for name, one in provided().items() if one.distribution == "llmops-audit"}
    assert sorted([*checks.SIMULATED, *checks.ONLY_WITH_ROWS, *checks.CENSUS]) == sorted(ours)
    assert list(checks.SIMULATED) == sorted(checks.SIMULATED)
    in_worlds = {name for of in worlds.WORLDS.values() for one in of for name in one.checks}
    assert set(checks.ONLY_WITH_ROWS) <= in_worlds
    assert set(worlds.WORLDS) <= set(parts.PARTS)


def test_a_new_check_is_a_part_of_its_own() -> None:
    """Each check that is simulated alone is a part with its own modules."""
    for name, simulated in checks.SIMULATED.items():
        assert f"checks.{name}" in parts.PARTS[name].modules
        assert simulated.truth in parts.PARTS[name].text


def test_a_stamp_changes_with_the_code_alone() -> None:
    """Comments, docstrings and empty lines are no code; every other character is."""
    source = '"""What it does."""\n\nx = 1  # one\n\n\ndef f():\n    """Do."""\n    return "# no comment"\n'
    assert stamps.code(source) == 'x = 1\ndef f():\n    return "# no comment"'
    assert stamps.code(source) == stamps.code(source.replace("one", "two").replace("Do.", "Do it.\n    Twice."))
    assert stamps.code(source) != stamps.code(source.replace("x = 1", "x = 2"))


def test_a_stamp_covers_what_is_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A module's stamp changes with what it imports, inside of functions too, and with nothing else."""
    package = tmp_path / "checks"
    package.mkdir()
    for name, text in {
        "__init__": "",
        "one": "def f():\n    from .two import g\n    return g()\n",
        "two": "def g():\n    return 2\n",
        "three": "def h():\n    return 3\n",
    }.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(stamps, "ROOT", tmp_path)

    def fresh() -> str:
        for cached in (stamps._file, stamps._imports, stamps._code_of):
            cached.cache_clear()
        stamp: str = stamps.stamp(["checks.one"])
        return stamp

    try:
        first = fresh()
        assert stamps.imported(["checks.one"]) == {"checks.one", "checks.two"}
        (package / "three.py").write_text("def h():\n    return 4\n", encoding="utf-8")
        assert fresh() == first
        (package / "two.py").write_text("# A comment.\ndef g():\n    return 2\n", encoding="utf-8")
        assert fresh() == first
        (package / "two.py").write_text("def g():\n    return 3\n", encoding="utf-8")
        second = fresh()
        assert second != first
        (package / "words.toml").write_text("a = 1\n", encoding="utf-8")
        assert fresh() != second
        with pytest.raises(ValueError, match=r"no source of checks\.none"):
            stamps.stamp(["checks.none"])
    finally:
        for cached in (stamps._file, stamps._imports, stamps._code_of):
            cached.cache_clear()


@tree_only
def test_the_stamp_of_a_check_covers_what_it_judges_by() -> None:
    """The code of the decision is in every stamp, another check's code is in none, and what renders neither."""
    covered = stamps.imported(parts.PARTS["calibration"].modules)
    assert {"checks.calibration", "llmops_audit.check.family", "llmops_audit.stats.intervals"} <= covered
    assert "checks.drift" not in covered
    assert not any(name.startswith("llmops_audit.render") for name in covered)
    assert "llmops_audit.subjects.training" in stamps.imported(parts.PARTS["texts"].modules)


def _run(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    main = _module("__main__")
    monkeypatch.setattr(sys, "argv", ["null_calibration", *options])
    code: int = main.main()
    return code


def test_parts_with_another_stamp_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--stale` ends with 1 where a part is older than the code or was never simulated, and with 0 where none is."""
    monkeypatch.setattr(parts.Part, "stamp", lambda part: "today")
    file = tmp_path / "results.json"
    today = {name: results.PartResult("today", ()) for name in parts.PARTS}
    results.save(file, today)
    assert _run(monkeypatch, "--stale", "--results", str(file)) == 0
    results.save(file, {**today, "drift": results.PartResult("yesterday", ())})
    assert _run(monkeypatch, "--stale", "--results", str(file)) == 1
    assert capsys.readouterr().err.splitlines() == [
        "drift: its code has changed since it was simulated: make calibrate PART=drift"
    ]
    del today["live"]
    results.save(file, today)
    assert _run(monkeypatch, "--stale", "--results", str(file)) == 1
    assert capsys.readouterr().err.startswith("live: it was never simulated")


@tree_only
def test_one_part_is_simulated_without_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--part` runs the cells of one part, keeps the results of all others, and writes the page of both."""
    file, written = tmp_path / "results.json", tmp_path / "page.md"
    other = results.PartResult("abc", (_line("kept", Kind.EDGE, False, 7, needs_review=7),))
    results.save(file, {"null": other})
    options = ["--part", "calibration", "--share", "0.002", "--jobs", "1"]
    assert _run(monkeypatch, *options, "--results", str(file), "--write", str(written)) == 0
    found = results.load(file)
    assert found["null"] == other
    assert found["calibration"].stamp == parts.PARTS["calibration"].stamp()
    text = written.read_text(encoding="utf-8")
    assert "| kept | 3 | 7 |" in text
    assert "| calibration error 0.30 | 1 | 2 | 0.0% | 0.0% | 100.0% |" in text


def test_a_user_world_is_audited_and_its_limits_lie_by_a_pilot() -> None:
    """Two half-widths better than the minima is approved, and worse is rejected."""
    (labels,) = worlds.WORLDS["labels"]
    runs = plan.Runs(users=3, users_pilot=3)
    steps = labels.steps("labels", runs, cells.simulate)
    minima = [step.cell.checks["accuracy"]["min"] for step in steps]
    assert minima[1]["accuracy"] < minima[0]["accuracy"] < minima[2]["accuracy"]
    assert minima[1]["balanced_accuracy"] == minima[2]["balanced_accuracy"]
    found = cells.simulate([step.cell for step in steps])
    assert found[steps[0].cell.name].status["rejected"] == 0
    assert found[steps[2].cell.name].status == Counter(rejected=3)


def test_shortcuts_in_audits_of_rows_change_no_decision() -> None:
    """Whole audits decide as those that start a process for personal data, and that estimate metrics of live rows."""
    from llmops_audit.audit import prepare, run

    options = {"rows": 300, "live": 200}
    cell = worlds.UserCell("test", "saved", options, {"accuracy": {}, "drift": {}, "pii": {}}, 1)
    drawn = users.saved(np.random.default_rng(5), **options)
    spec = {**drawn.spec, "checks": cell.checks}
    apart = run(prepare(spec, drawn.data))
    with cell.shortcuts():
        here = run(prepare(spec, drawn.data))
    assert here.decision == apart.decision
    for found, expected in zip(here.checks, apart.checks, strict=True):
        assert (found.name, found.verdict, found.findings) == (expected.name, expected.verdict, expected.findings)
    # That was a world in which they would be estimated.
    assert apart.figures["drift"].estimates
    assert not here.figures["drift"].estimates


@pytest.mark.parametrize(("maker", "options"), [("texts", {"test": 50, "live": 0}), ("table", {"test": 50})])
def test_training_rows_may_be_the_same_in_all_audits(maker: str, options: dict[str, Any]) -> None:
    """With a seed of training rows, these are the same whatever the audit draws, and test rows are not."""

    def drawn(seed: int, **trained: int) -> Any:
        return users.MAKERS[maker](np.random.default_rng(seed), train=80, **options, **trained).data

    one, other = drawn(1, trained=5), drawn(2, trained=5)
    assert one["train"].equals(other["train"])
    assert not one["test"].equals(other["test"])
    assert not one["train"].equals(drawn(1, trained=6)["train"])
    assert not drawn(1)["train"].equals(drawn(2)["train"])


def test_limits_may_allow_for_the_spread_between_classifiers() -> None:
    """Where values vary by more than an interval says, a limit lies by what varies; else by the interval."""
    aim, values = worlds.ACCURACY, [0.7, 0.8, 0.9]

    def pilot(half_width: float) -> Any:
        audits = [
            cells.Counts(
                1,
                intervals=Counter({aim.requirement: 1}),
                values=Counter({aim.requirement: value}),
                squares=Counter({aim.requirement: value**2}),
                widths=Counter({aim.requirement: half_width}),
            )
            for value in values
        ]
        return sum(audits, cells.Counts())

    assert pilot(0.05).deviation(aim.requirement) == pytest.approx(np.std(values, ddof=1))
    assert np.isnan(cells.Counts().deviation(aim.requirement))
    assert aim.value(pilot(0.05), -2) == pytest.approx(0.7)
    assert aim.value(pilot(0.05), -2, spread=True) == pytest.approx(0.8 - 2 * 1.96 * 0.1, abs=1e-4)
    assert aim.value(pilot(0.3), -2, spread=True) == pytest.approx(0.2)


def test_squares_are_counted() -> None:
    """The standard deviation between simulated audits is about what an interval of the accuracy says."""
    cell = cells.Cell("spread", world.World(rows=500), {"accuracy": {"min": {"accuracy": 0.5}}}, 40)
    counts = cells.simulate([cell])[cell.name]
    width = counts.half_width("accuracy.accuracy")
    assert 1.96 * counts.deviation("accuracy.accuracy") == pytest.approx(width, rel=0.4)


@pytest.mark.parametrize("options", [{"labels": 2}, {"labels": 7, "bias": 0.5, "fading": 0.5}])
def test_texts_tell_their_label(options: dict[str, Any]) -> None:
    """Texts hold words of their label, some a telephone number, and some a mention."""
    drawn = users.texts(np.random.default_rng(1), train=400, test=2_000, live=100, **options)
    texts = drawn.data["test"]["text"]
    assert texts.str.contains("call 020").mean() == pytest.approx(users.PHONES, abs=0.015)
    assert texts.str.contains(r"\bs?he came").mean() == pytest.approx(users.MENTIONS, abs=0.05)
    assert drawn.data["test"]["label"].nunique() == options["labels"]
    assert len(set(users._words(users.COMMON))) == users.COMMON


def test_one_family_finds_more_than_a_split_one() -> None:
    """Of the same requirements, today's rule rejects at least as often as the one before where one is missed."""
    runs = 400
    made = {cell.rule: cell for title, cell in families.cells(runs) if cell.missed and cell.requirements == 40}
    found = {rule: cells.simulate([cell])[cell.name].status["rejected"] for rule, cell in made.items()}
    assert found[families.TODAY] > found[families.BEFORE]
    assert found[families.TODAY] >= 0.7 * runs
    null = [cell for title, cell in families.cells(runs) if not cell.missed and cell.rule == families.TODAY]
    for cell in null:
        decided = cells.simulate([cell])[cell.name].status
        assert binomtest(decided["rejected"], runs, 0.05, "greater").pvalue > MOST_SURPRISE


def test_the_committed_page_is_of_the_committed_results() -> None:
    """The page is what would be written today of what was simulated (`--page --write docs/calibration.md`)."""
    kept = results.load(FOLDER / "results.json")
    assert kept
    assert COMMITTED.read_text(encoding="utf-8") == page.written(kept)
