"""The drift check: Evidently's numbers, without its false alarms."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from llmops_audit.analysis.importance import prediction_changes
from llmops_audit.check.registry import provided
from llmops_audit.check.subject import QueriedSubject
from llmops_audit.errors import SpecError
from llmops_audit.record import Finding, Message, SubjectInfo, Verdict, requirement_id
from llmops_audit.record.drift_figure import Drift
from llmops_audit.testing import assert_conforms, batch, codes, inputs, run

CHECK = provided()["drift"].check


@pytest.fixture(scope="module", autouse=True)
def evidently() -> None:
    """Import it once: some of the names that it uses are deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import evidently.legacy.calculations.stattests  # noqa: F401


def _case(old: dict[str, Any], new: dict[str, Any], **more: Any) -> dict[str, Any]:
    parts = []
    for split, columns, first in (("train", old, 1), ("test", new, 100_000)):
        n = len(next(iter(columns.values())))
        answers = [i % 2 for i in range(n)]
        parts.append(batch(split, columns, label=answers, prediction=answers, first=first))
    return inputs(*parts, **{"features": tuple(old), **more})


def _name(finding: Finding) -> str:
    scope = finding.scope
    return ": ".join([scope.get("column", finding.metric), *(scope[k] for k in ("feature", "windows") if k in scope)])


def _findings(given: dict[str, Any], **settings: Any) -> dict[str, Finding]:
    return {_name(item): item for item in run(CHECK, given, **settings) if isinstance(item, Finding)}


def _figure(given: dict[str, Any], **settings: Any) -> Drift:
    return next(item for item in run(CHECK, given, **settings) if isinstance(item, Drift))


def _verdicts(found: dict[str, Finding]) -> set[Verdict]:
    """Verdicts of what was judged."""
    return {finding.verdict for finding in found.values() if finding.requirement is not None}


def _said(finding: Finding) -> Message:
    """Return the check's own sentence, which the gate adds the correction to."""
    text = finding.message.values.get("text", finding.message)
    assert isinstance(text, Message)
    return text


def _normal(seed: int, n: int, mean: float = 0.0) -> list[float]:
    return np.random.default_rng(seed).normal(mean, 1, n).tolist()


def test_it_conforms() -> None:
    """Two samples of one population pass, a shifted one fails."""
    clean = _case({"x": _normal(1, 400)}, {"x": _normal(2, 300)})
    violating = _case({"x": _normal(1, 400)}, {"x": _normal(2, 300, mean=3.0)})
    assert_conforms(CHECK, clean=clean, violating=violating)


def test_a_small_certain_shift_is_no_failure() -> None:
    """With many rows a shift below the floor is certain and still passes; size decides."""
    finding = _findings(_case({"x": _normal(1, 8000)}, {"x": _normal(2, 8000, mean=0.06)}))["x"]
    assert finding.details["p_of_no_difference"] < 0.05  # type: ignore[operator]
    assert (finding.verdict, finding.p_value) == (Verdict.PASSED, 1.0)
    assert "level" in finding.message.values


def test_new_categories_and_missing_values_are_drift() -> None:
    """A category that takes over, one that is gone, and a column that goes missing fail, each under its name."""
    old = {"c": ["a", "b", "y"] * 150, "x": _normal(1, 450)}
    new = {"c": ["a", "z", "b"] * 150, "x": [None] * 270 + _normal(2, 180)}
    found = _findings(_case(old, new))
    failed = {name for name, finding in found.items() if finding.verdict is Verdict.FAILED}
    assert {"c", "c: new_categories", "c: vanished_categories", "x: missing"} <= failed
    assert found["x"].verdict is Verdict.PASSED
    assert found["(rows): content"].verdict is Verdict.FAILED
    assert found["drifted_columns"].value == 2, "whole rows are no column"
    assert found["drifted_columns"].details["compared_columns"] == 3, "c, x and the label"


def test_a_category_that_is_gone_is_not_a_new_one() -> None:
    """What only the reference holds has vanished, and what only the current rows hold is new."""
    both, less = ["a", "b", "c"] * 150, ["a", "b"] * 225
    gone, come = _findings(_case({"c": both}, {"c": less})), _findings(_case({"c": less}, {"c": both}))
    for found, failed, passed in ((gone, "vanished", "new"), (come, "new", "vanished")):
        assert found[f"c: {failed}_categories"].verdict is Verdict.FAILED
        assert found[f"c: {passed}_categories"].verdict is Verdict.PASSED


def test_many_rare_new_categories_are_found() -> None:
    """Values that are each too rare to show in the shares fail together as new categories."""
    rng = np.random.default_rng(3)
    old = {"c": rng.choice([f"k{i}" for i in range(400)], 2_000).tolist()}
    new = {"c": [f"n{i}" if i % 4 == 0 else f"k{i % 400}" for i in range(1_000)]}
    assert _findings(_case(old, new))["c: new_categories"].verdict is Verdict.FAILED
    same = {"c": rng.choice([f"k{i}" for i in range(400)], 1_000).tolist()}
    assert _findings(_case(old, same))["c: new_categories"].verdict is Verdict.PASSED


def test_many_rare_new_categories_are_found_beside_a_hundred_columns() -> None:
    """What corrects for many hypotheses, and for other checks, leaves them certain."""
    rng = np.random.default_rng(13)
    old, new = ({f"x{i}": rng.normal(size=n).tolist() for i in range(100)} for n in (600, 400))
    old["c"] = rng.choice([f"k{i}" for i in range(100)], 600).tolist()
    new["c"] = [f"n{i}" if i % 4 == 0 else f"k{i % 100}" for i in range(400)]
    assert _findings(_case(old, new))["c: new_categories"].verdict is Verdict.FAILED


def test_what_cannot_be_compared_is_told() -> None:
    """A column of few values is reported as such, and where no column is left nothing passes."""
    sparse = [1.0] * 10 + [None] * 90
    found = _findings(_case({"x": sparse, "y": _normal(1, 100)}, {"x": sparse, "y": _normal(2, 100)}))
    assert (found["x"].metric, found["x"].n, found["x"].verdict) == ("rows", 10, Verdict.NOT_APPLICABLE)
    given = inputs(batch("test", {"x": sparse}, label=[0, 1] * 50), batch("live", {"x": sparse}, first=999))
    alone = _findings(given, columns=("(label)",))
    assert {finding.verdict for finding in alone.values()} == {Verdict.NOT_APPLICABLE}


def test_blank_texts_are_missing() -> None:
    """Texts that are missing or blank in one row of five fail as missing."""
    old, new = _texts(1, 300), [*_texts(2, 240), *["", None, "  "] * 20]
    found = _findings(_case({"text": old}, {"text": new}, text="text", features=()))
    assert found["text: missing"].verdict is Verdict.FAILED
    assert found["text: missing"].details["distance"] == pytest.approx(0.2)


def test_a_range_that_is_left_is_drift() -> None:
    """One value in eight beyond all that the reference held fails, though the distance as a whole may not."""
    old, new = _normal(1, 600), _normal(2, 525) + [9.0] * 75
    found = _findings(_case({"x": old}, {"x": new}))
    assert found["x: outside_range"].verdict is Verdict.FAILED


def test_repeated_rows_are_drift_however_many_rows_there_are() -> None:
    """A split that repeats its rows fails, and a smaller sample of the same rows does not."""
    rng = np.random.default_rng(4)
    old, once = rng.normal(size=(900, 2)), rng.normal(size=(300, 2))
    repeated = rng.permutation(np.concatenate([once[:200], once[:100]]))
    named = [{"x": rows[:, 0].tolist(), "y": rows[:, 1].tolist()} for rows in (old, repeated)]
    assert _findings(_case(*named))["(rows): duplicates"].verdict is Verdict.FAILED
    paired = np.concatenate([old[:300], np.repeat(old[300:600], 2, axis=0)])
    named = [{"x": rows[:, 0].tolist(), "y": rows[:, 1].tolist()} for rows in (paired, once)]
    # A third of so many rows, wherever they stand, holds some of the pairs.
    assert _findings(_case(*named))["(rows): duplicates"].details["distance"] > 0.1
    few = rng.integers(0, 40, (900, 2)).astype(str)
    named = [{"x": rows[:, 0].tolist(), "y": rows[:, 1].tolist()} for rows in (few[:700], few[700:])]
    assert _findings(_case(*named))["(rows): duplicates"].verdict is Verdict.PASSED


def test_columns_that_change_only_together_are_found() -> None:
    """Two columns whose shares stay and whose dependence turns round are told apart by all features together."""
    rng = np.random.default_rng(5)
    old, new = rng.normal(size=600), rng.normal(size=600)
    found = _findings(
        _case({"x": old.tolist(), "y": old.tolist()}, {"x": new.tolist(), "y": (-new).tolist()}),
    )
    assert found["(rows): content"].verdict is Verdict.FAILED
    assert {found["x"].verdict, found["y"].verdict} == {Verdict.PASSED}


def _texts(seed: int, n: int, unseen: float = 0.0) -> list[str]:
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, 301)
    words = rng.choice(300, (n, 12), p=shares / shares.sum())
    new = rng.random((n, 12)) < unseen
    letters = np.array([chr(97 + i % 26) + chr(97 + i // 26) for i in range(300)])
    return [" ".join(row) for row in np.where(new, np.char.add("new", letters[words]), letters[words])]


def test_texts_are_compared_by_form_and_content() -> None:
    """Unseen words fail by their share and by what the texts say, with the words that tell; no drift passes."""
    old = {"text": _texts(1, 500)}
    new = {"text": _texts(2, 500, unseen=0.3)}
    given = _case(old, new, text="text", features=())
    found = _findings(given)
    assert found["text: unknown_words"].verdict is Verdict.FAILED
    assert found["text: content"].verdict is Verdict.FAILED
    tokens = _figure(given).tokens
    assert tokens[0].token.startswith("new")
    assert tokens[0].current_share > tokens[0].reference_share == 0.0
    calm = _case(old, {"text": _texts(3, 500)}, text="text", features=())
    assert _verdicts(_findings(calm)) == {Verdict.PASSED}
    assert not _figure(calm).tokens, "words of texts that cannot be told apart mean nothing"


def test_label_prediction_and_score_are_compared() -> None:
    """Their shares are columns like others; answers that go missing are found too."""
    rng = np.random.default_rng(6)
    scores = [{1: rng.beta(a, 2, 400).tolist()} for a in (2, 5)]
    test = batch("test", {}, label=[0, 1] * 200, prediction=[0, 1] * 200, scores=scores[0])
    answers = [1] * 300 + [None] * 100
    live = batch("live", {}, label=[0, 1] * 200, prediction=answers, scores=scores[1], first=10_000)
    found = _findings(inputs(test, live))
    assert found["(label)"].verdict is Verdict.PASSED
    assert found["(prediction)"].verdict is Verdict.FAILED
    assert found["(prediction): missing"].verdict is Verdict.FAILED
    assert found["(score)"].verdict is Verdict.FAILED


def test_missing_values_and_categories_are_counted_over_all_rows() -> None:
    """Where distances rest on a sample, missing values and new categories do not, and the figure says how many did."""
    old = {"x": [None] * 50 + _normal(1, 1_950), "c": ["a", "b", "c", "d"] * 500}
    new = {"x": [None] * 300 + _normal(2, 1_700), "c": ["a", "b", "c", "e"] * 500}
    given = _case(old, new, sample=400)
    found = _findings(given)
    assert found["x: missing"].n == 4_000
    assert found["x: missing"].details["distance"] == pytest.approx(0.125)
    assert found["c: new_categories"].n == 4_000
    assert found["x"].n is not None
    assert found["x"].n <= 800
    figure = _figure(given)
    assert [(one.split, one.rows, one.compared) for one in figure.samples] == [
        ("train", 2000, 400),
        ("test", 2000, 400),
    ]
    histogram = next(shift.histogram for shift in figure.shifts if (shift.column, shift.feature) == ("c", None))
    assert histogram is not None
    assert (histogram.exact, sum(histogram.reference)) == (True, 2_000)


def test_reference_and_methods_are_settings() -> None:
    """Test rows are the reference where there are no others, and a column has the distance that the spec gives it."""
    given = inputs(
        batch("test", {"x": _normal(1, 200), "c": ["a", "b"] * 100}),
        batch("live", {"x": _normal(2, 200), "c": ["a", "b"] * 100}, first=10_000),
        features=("x", "c"),
    )
    found = _findings(given, distances={"x": "psi"}, categorical_distance="hellinger")
    assert (found["x"].metric, found["c"].metric) == ("psi_effect", "hellinger_effect")
    assert found["x"].scope["split"] == "live"
    assert _figure(given).reference == "test"
    # A distance of categories is none of numbers.
    assert _findings(given, distances={"x": "total_variation"})["x"].metric == "wasserstein_effect"


def test_some_columns_may_be_allowed_to_drift() -> None:
    """Then the number of drifted columns is judged alone, and the figure still shows every column."""
    given = _case({"x": _normal(1, 400), "y": _normal(2, 400)}, {"x": _normal(3, 400, 2.0), "y": _normal(4, 400)})
    found = _findings(given, max_drifted_columns=2)
    judged = [(name, one.value, one.verdict) for name, one in found.items() if one.requirement is not None]
    assert judged == [("drifted_columns", 1, Verdict.PASSED)]
    both = _case({"x": _normal(1, 400), "y": _normal(2, 400)}, {"x": _normal(3, 400, 2.0), "y": _normal(4, 400, 2.0)})
    assert _findings(both, max_drifted_columns=1)["drifted_columns"].verdict is Verdict.FAILED
    verdicts = {(shift.column, shift.feature): shift.verdict for shift in _figure(given, max_drifted_columns=2).shifts}
    assert verdicts["x", None] == "failed"


def _timed(n: int, shift: float, nowhere: int = 0, gone: bool = False) -> dict[str, Any]:
    times: list[str | None] = [str(time) for time in pd.date_range("2024-03-04", periods=n, freq="1h")]
    times[:nowhere] = [None] * nowhere
    x = np.random.default_rng(17).normal(size=n)
    x[n // 2 :] += shift
    values: list[float | None] = x.tolist()
    if gone:
        values[n // 2 :: 2] = [None] * len(values[n // 2 :: 2])
    given = inputs(
        batch("train", {"x": _normal(18, 500), "when": [None] * 500}),
        batch("live", {"x": values, "when": times}, first=10_000),
        features=("x",),
        time="when",
    )
    return given


def test_the_window_in_which_a_column_broke_is_named() -> None:
    """A shift half way through is found in the windows after it, and the finding names the first of them."""
    given = _timed(24 * 28, 1.5)
    found = _findings(given, windows="week")["x: week"]
    assert (found.verdict, _said(found).values["start"]) == (Verdict.FAILED, "2024-03-18")
    (timeline,) = _figure(given, windows="week").timelines
    assert [window.rows for window in timeline.windows] == [168] * 4
    assert timeline.series[0].verdicts == ("passed", "passed", "failed", "failed")
    assert "x: week" not in _findings(given, windows="none")


def test_values_that_go_missing_are_found_in_their_window() -> None:
    """A column that is there until half way, and then missing in half of the rows, breaks as missing."""
    given = _timed(24 * 28, 0.0, gone=True)
    found = _findings(given, windows="week")["x: missing: week"]
    assert (found.verdict, _said(found).values["start"]) == (Verdict.FAILED, "2024-03-18")


def test_windows_without_drift_pass_and_rows_without_time_are_reported() -> None:
    """Without drift every window passes; rows whose time is unknown are counted, in no window and in the whole."""
    found = _findings(_timed(24 * 28, 0.0, nowhere=100), windows="day", min_rows=20)
    assert found["x: day"].verdict is Verdict.PASSED
    assert (found["rows_without_time"].value, found["rows_without_time"].n) == (100, 672)
    nowhere = _findings(_timed(200, 0.0, nowhere=200))
    assert nowhere["rows_without_time"].value == 200
    assert not any("windows" in finding.scope for finding in nowhere.values())


class _UsesOne:
    """A classifier that looks at one column."""

    def predict(self, rows: Any) -> Any:
        return codes((np.asarray(rows.table.column("used")) > 0).astype(int).tolist())

    def score(self, rows: Any) -> None:
        return None


def test_columns_that_the_classifier_uses_come_first() -> None:
    """The larger shift of a column that changes no answer stands behind the smaller one of a column that does."""
    old = {"used": _normal(1, 400), "unused": _normal(2, 400)}
    new = {"used": _normal(3, 400, 0.5), "unused": _normal(4, 400, 3.0)}
    given = _case(old, new)
    subject = QueriedSubject(SubjectInfo(kind="x", description="x", parameters={}), _UsesOne())
    given["importance"] = prediction_changes(subject, given["rows"]["test"], ("used", "unused"), 42)
    shifts = [(one.column, one.importance) for one in _figure(given).shifts if one.feature is None]
    assert [name for name, _ in shifts if name in old] == ["used", "unused"]
    assert dict(shifts)["unused"] == 0.0


def test_the_accuracy_on_production_rows_is_estimated() -> None:
    """From calibrated scores, the accuracy of rows that are harder than the test rows is estimated near the truth."""
    rng = np.random.default_rng(9)

    def answered(split: str, scores: np.ndarray, first: int) -> Any:
        labels = (rng.random(len(scores)) < scores).astype(int)
        answers = (scores > 0.5).astype(int)
        truth = None if split == "live" else labels.tolist()
        right.append(float(np.mean(labels == answers)))
        columns = {"s": scores.tolist()}
        scored = {1: scores.tolist()}
        return batch(split, columns, label=truth, prediction=answers.tolist(), scores=scored, first=first)

    right: list[float] = []
    easy, hard = rng.beta(0.3, 0.3, 1_500), rng.beta(1.5, 1.5, 1_500)
    figure = _figure(inputs(answered("test", easy, 1), answered("live", hard, 10_000), features=("s",)))
    estimate = next(one for one in figure.estimates if one.method == "confidence")
    assert right[0] - right[1] > 0.1
    assert estimate.low <= right[1] <= estimate.high
    assert estimate.actual is None


def test_nothing_to_compare_is_not_applicable() -> None:
    """Without a reference split, or with a handful of rows, drift is not applicable and says why."""
    alone = _findings(inputs(batch("test", {"x": _normal(1, 50)}, label=[0, 1] * 25), features=("x",)))
    assert {finding.verdict for finding in alone.values()} == {Verdict.NOT_APPLICABLE}
    few = _findings(_case({"x": _normal(1, 400)}, {"x": _normal(2, 10)}))
    assert (few["drift"].verdict, few["drift"].n) == (Verdict.NOT_APPLICABLE, 10)


SETTINGS: list[dict[str, Any]] = [
    {},
    {"max_effect": 0.2},
    {"max_effect": {"x": 0.2, "psi": 0.3}},
    {"max_effect": {"x": 0.2}, "max_detectable_effect": {"x": 0.9, "psi": 0.3}},
    {"columns": ("x",), "max_effect": {"x": 0.2}},
    {"max_drifted_columns": 1, "max_effect": {"x": 0.2}, "max_detectable_effect": 0.9},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_requirements_rest_on_the_spec_alone(counted: Callable[..., dict[str, bool]], settings: dict[str, Any]) -> None:
    """Many rows, few rows and columns of one value or none have the same ones, and all of them count in the family."""
    full, empty = {"x": _normal(2, 100), "c": ["a", "b"] * 50}, {"x": [None] * 100, "c": ["a"] * 100}
    old = {"x": _normal(1, 100), "c": ["a", "b"] * 50}
    few = {"x": _normal(2, 10), "c": ["a", "b"] * 5}
    cases = [_case(old, full), _case(old, few), _case(old, empty), _case(empty, empty)]
    first, *others = [counted(CHECK, case, **settings) for case in cases]
    assert others == [first] * 3
    assert first
    assert all(first.values())


def test_few_rows_beside_a_split_that_is_compared_leave_a_doubt_on_each_limit() -> None:
    """Each limit of the spec on the small split is inconclusive, where another split was compared."""
    old, few = {"x": _normal(1, 100)}, {"x": _normal(2, 10)}
    given = inputs(
        batch("train", old, label=[0, 1] * 50), batch("test", {"x": _normal(3, 100)}, first=1000, label=[0, 1] * 50),
        batch("live", few, first=5000), features=("x",),
    )  # fmt: skip
    found = [item for item in run(CHECK, given, max_effect={"x": 0.9}) if isinstance(item, Finding)]
    live = [one for one in found if one.scope.get("split") == "live"]
    assert [(one.metric, one.verdict, one.n) for one in live] == [
        ("effect", Verdict.INCONCLUSIVE, 10), ("drift", Verdict.INCONCLUSIVE, 10),
    ]  # fmt: skip


def test_columns_can_be_chosen() -> None:
    """Only the columns that the spec names are compared where it names some."""
    given = _case({"x": _normal(1, 100), "y": _normal(2, 100)}, {"x": _normal(3, 100), "y": _normal(4, 100)})
    assert set(_findings(given, columns=("y",))) == {"y", "y: outside_range", "drifted_columns"}
    with pytest.raises(SpecError, match="unknown column; expected one of x, y"):
        _findings(given, columns=("y", "z"))


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(2000, 100), (200, 100)])
def test_no_drift_raises_no_alarm(sizes: tuple[int, int]) -> None:
    """Forty columns without drift: Evidently's threshold alarms on many, this check on none."""
    rng = np.random.default_rng(9)
    old, new = ({f"x{i}": rng.normal(0, 1, n).tolist() for i in range(40)} for n in sizes)
    given = _case(old, new)
    shifts = [shift for shift in _figure(given).shifts if shift.method == "wasserstein"]
    assert sum(shift.distance > 0.1 for shift in shifts) > 20
    assert _verdicts(_findings(given)) == {Verdict.PASSED}


def test_rows_of_one_unit_count_once() -> None:
    """Rows that repeat by person look like drift; one row of each shows none, and drift of persons is found."""
    rng = np.random.default_rng(12)

    def columns(persons: int, first: int, shift: float) -> dict[str, list[Any]]:
        return {
            "x": (rng.normal(size=persons) + shift).repeat(50).tolist(),
            "person": np.arange(first, first + persons).repeat(50).tolist(),
        }

    old, same, moved = columns(80, 0, 0.0), columns(80, 100, 0.0), columns(80, 200, 2.5)
    for current, shifted in ((same, False), (moved, True)):
        given = inputs(batch("train", old), batch("test", current, first=10_000), features=("x",))
        plain = [item for item in run(CHECK, given) if isinstance(item, Finding)]
        assert plain[0].details["p_of_no_difference"] < 0.01  # type: ignore[operator]
        given["task"] = given["task"].model_copy(update={"unit": "person"})
        one = [item for item in run(CHECK, given) if isinstance(item, Finding)]
        assert one[0].n == 160
        assert _figure(given).unit == "person"
        assert (one[0].verdict is Verdict.FAILED) == shifted
        assert (one[0].details["p_of_no_difference"] < 0.01) == shifted  # type: ignore[operator]


def test_what_a_classifier_says_of_its_own_training_rows_is_no_reference() -> None:
    """Saved answers of training rows, which the classifier knows, are compared with nothing, and the reason is told."""
    train = batch("train", {"x": _normal(1, 200)}, prediction=[0, 1] * 100, scores={1: [0.0, 1.0] * 100})
    test = batch("test", {"x": _normal(2, 200)}, prediction=[0] * 200, scores={1: [0.5] * 200}, first=1_000)
    live = batch("live", {"x": _normal(3, 200)}, prediction=[1] * 200, scores={1: [0.9] * 200}, first=2_000)
    given = inputs(train, test, live, features=("x",))
    told = {(one.scope["split"], name): one for name, one in _by_split(given)}
    for name in ("(prediction)", "(score)"):
        assert told["test", name].verdict is Verdict.NOT_APPLICABLE
        assert "no reference" in told["test", name].message.id
        assert told["live", name].verdict is Verdict.FAILED, "live rows are compared with test rows"
    shift = next(one for one in _figure(given).shifts if one.column == "(prediction)")
    assert (shift.split, shift.reference, shift.reference_rows) == ("live", "test", 200)


def _by_split(given: dict[str, Any], **settings: Any) -> list[tuple[str, Finding]]:
    return [(_name(item), item) for item in run(CHECK, given, **settings) if isinstance(item, Finding)]


def test_parts_that_the_audit_drew_are_described() -> None:
    """Their differences are chance: they have distances and no verdict, and production rows are judged as always."""
    columns = {"x": _normal(1, 300), "unit": [str(i) for i in range(300)], "when": ["2026-01-01"] * 300}
    other = {**columns, "x": _normal(2, 300, mean=3.0)}
    train, test = batch("train", columns), batch("test", other, first=1_000)
    drawn = inputs(train, test, features=("x",), split_here=True)
    (finding,) = [one for _, one in _by_split(drawn)]
    assert (finding.metric, finding.verdict, finding.n) == ("random_split", Verdict.PASSED, 300)
    shift = next(one for one in _figure(drawn).shifts if one.column == "x")
    assert (shift.verdict, shift.effect > 1.0) == (None, True)
    live = batch("live", other, first=2_000)
    with_live = inputs(train, test, live, features=("x",), split_here=True)
    found = dict(_by_split(with_live))
    assert (found["random_split"].verdict, found["x"].verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert found["x"].scope["split"] == "live"
    # A limit of the spec is judged all the same.
    limited = dict(_by_split(drawn, max_effect={"x": 0.2}))
    assert (limited["x"].verdict, "random_split" in limited) == (Verdict.FAILED, False)
    told = inputs(train, test, features=("x",), split_here=True, unit="unit", time="when")
    said = dict(_by_split(told))["random_split"].message
    assert said.values["time"] == "when"
    assert isinstance(said.values["text"], Message)
    assert said.values["text"].values["unit"] == "unit"


def test_labels_and_categories_are_compared_on_all_rows() -> None:
    """Shares that a sample of 400 rows cannot tell apart are tested on all 40,000, and the finding says so."""
    rng = np.random.default_rng(21)
    old, new = rng.permutation([0] * 12_000 + [1] * 8_000), rng.permutation([0] * 11_400 + [1] * 8_600)
    parts = [
        batch(split, {"c": [f"k{i}" for i in labels]}, label=labels.tolist(), first=first)
        for split, labels, first in (("train", old, 1), ("test", new, 100_000))
    ]
    found = _findings(inputs(*parts, features=("c",), sample=400))
    for name in ("(label)", "c"):
        assert found[name].n == 40_000
        assert found[name].details["distance"] == pytest.approx(0.03)
        assert found[name].details["p_of_no_difference"] < 1e-6  # type: ignore[operator]
        assert found[name].verdict is Verdict.PASSED


def test_a_constant_has_no_standard_deviation() -> None:
    """Where the reference holds one value alone, the share of other values is judged, of numbers as of categories."""
    ones, kinds = [1.0] * 400, ["a"] * 400
    few, many = [1.0] * 396 + [2.0] * 4, [1.0] * 300 + [2.0] * 100
    given = _case({"x": ones, "y": ones, "c": kinds, "z": _normal(1, 400)},
                  {"x": many, "y": few, "c": ["a"] * 300 + ["b"] * 100, "z": _normal(2, 400)})  # fmt: skip
    found = _findings(given)
    for name, share, verdict in (("x", 0.25, "FAILED"), ("y", 0.01, "PASSED"), ("c", 0.25, "FAILED")):
        finding = found[f"{name}: constant"]
        assert finding.verdict is Verdict[verdict]
        assert _said(finding).values["share"] == pytest.approx(share)
        assert finding.details["distance"] == pytest.approx(share)
    assert not {"x", "x: outside_range", "c", "c: new_categories"} & set(found)
    assert _findings(_case({"x": ones, "z": _normal(1, 400)}, {"x": ones, "z": _normal(2, 400)})).keys() == {
        "z", "z: outside_range", "(label)", "(rows): content", "drifted_columns", "(prediction)"
    }  # fmt: skip


def test_each_compared_split_has_one_requirement() -> None:
    """All columns and windows of a split are one alarm; a limit that the spec sets on a column is its own, and none."""
    columns = [{"x": _normal(i, 200), "y": _normal(i + 9, 200)} for i in range(3)]
    parts = [
        batch(split, one, first=1_000 * i)
        for i, (split, one) in enumerate(zip(("train", "test", "live"), columns, strict=True), 1)
    ]
    given = inputs(*parts, features=("x", "y"))

    def requirements(**settings: Any) -> dict[str, bool]:
        found = [one for _, one in _by_split(given, **settings) if one.requirement is not None]
        return {str(requirement_id("drift", one)): one.requirement.alarm for one in found if one.requirement}

    assert requirements() == {"drift.drift": True, "drift.drift@live": True}
    assert requirements(current=("live",), max_effect={"x": 0.9}) == {
        "drift.drift@live": True,
        "drift.effect[x]@live": False,
    }
    assert requirements(current=("live",), max_effect=0.9) == {"drift.effect@live": False}
    assert requirements(current=("live",), max_detectable_effect={"y": 0.9}) == {
        "drift.drift@live": True, "drift.detectable_effect[y]@live": False
    }  # fmt: skip
    strict = dict(_by_split(given, current=("live",), max_effect={"x": 0.12}))
    assert strict["x"].verdict is Verdict.INCONCLUSIVE, "200 rows cannot show that so small an effect is kept"


def test_an_effect_that_may_be_chance_is_found() -> None:
    """Above its floor, with a corrected p-value under a tenth and no certainty, it is reported and asks for nothing."""
    verdicts = []
    for seed in range(12):
        given = _case({"x": _normal(seed, 60)}, {"x": _normal(100 + seed, 60, mean=0.5)})
        found = _findings(given, columns=("x",))["x"]
        p = found.details["p_of_no_difference"]
        assert isinstance(p, float)
        verdicts.append(found.verdict)
        if found.verdict is Verdict.FOUND:
            assert p < 0.1
        elif found.verdict is Verdict.PASSED:
            assert p >= 0.1 or found.value <= 0.1  # type: ignore[operator]
            assert "chance" not in found.message.id
    assert Verdict.FOUND in verdicts


def test_windows_are_counted_on_all_rows() -> None:
    """Of 28,000 rows a sample of 280 has ten a day, and no day of it tells; all 1,000 rows of the days do."""
    rng = np.random.default_rng(23)
    times = np.repeat([str(day.date()) for day in pd.date_range("2026-02-02", periods=28)], 1_000)
    share = np.where(times >= "2026-02-16", 0.65, 0.5)
    kinds = np.where(rng.random(28_000) < share, "a", "b")
    gone = (times >= "2026-02-23") & (rng.random(28_000) < 0.15)
    values = np.where(gone, None, kinds)
    order = rng.permutation(28_000)
    train = batch("train", {"c": ["a", "b"] * 5_000, "when": [None] * 10_000})
    live = batch("live", {"c": values[order].tolist(), "when": times[order].tolist()}, first=100_000)
    given = inputs(train, live, features=("c",), time="when", sample=280)
    found = _findings(given, windows="day")
    (timeline,) = _figure(given, windows="day").timelines
    assert [window.rows for window in timeline.windows] == [1_000] * 28
    by_feature = {series.feature: series for series in timeline.series if series.column == "c"}
    assert timeline.windows[by_feature[None].broke_in or 0].start == "2026-02-16"
    assert timeline.windows[by_feature["missing"].broke_in or 0].start == "2026-02-23"
    assert found["c: day"].verdict is found["c: missing: day"].verdict is Verdict.FAILED
    assert found["c: missing: day"].n == 11_000
    assert set(by_feature[None].verdicts[:14]) == {"passed"}
