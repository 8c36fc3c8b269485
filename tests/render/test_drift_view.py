"""What is shown of drift: order, bounds, charts, words, and a page that stays small and loads nothing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.record import Record, Verdict, message
from llmops_audit.record.drift_figure import (
    Drift,
    Histogram,
    PerformanceEstimate,
    SampleSize,
    Shift,
    Timeline,
    TimeSeries,
    Token,
    Window,
)
from llmops_audit.render.drift_charts import MAX_CATEGORIES, MAX_CELLS, histogram_chart, time_chart
from llmops_audit.render.drift_view import MAX_BRIEF, MAX_CARDS, MAX_FULL, MAX_SERIES, MAX_WINDOWS, drift_view
from llmops_audit.render.formats import render_files

HISTOGRAM = Histogram(edges=tuple(map(float, range(21))), reference=(5,) * 20, current=(4,) * 20, exact=True)
LANGUAGES = ("en", "zh")


def _html(record: Record, language: str | None = None) -> str:
    return render_files(record, ["html"], language=language)["report.html"].decode()


class Parsed(HTMLParser):
    """A page with its tags and its visible text; refuses tags that do not nest."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.parts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @property
    def words(self) -> str:
        """The text with white space made one."""
        return " ".join("".join(self.parts).split())


def shift(column: str, **changes: object) -> Shift:
    """A hypothesis that passed."""
    given: dict[str, object] = {
        "split": "live", "column": column, "method": "wasserstein", "reference_rows": 1200, "current_rows": 900,
        "reference_value": 3.25, "current_value": 4.125, "distance": 0.3, "expected": 0.02, "effect": 0.28,
        "low": 0.2, "high": 0.36, "floor": 0.1, "p_value": 0.0001, "p_adjusted": 0.0123, "detectable": 0.0412,
        "verdict": "passed",
    }  # fmt: skip
    return Shift.model_validate(given | changes)


def one_series(column: str, effects: Sequence[float | None], **changes: object) -> TimeSeries:
    """A course with an interval of a tenth to both sides; no window fails."""
    given: dict[str, object] = {
        "column": column, "method": "wasserstein", "floor": 0.1, "effects": tuple(effects),
        "lows": tuple(None if effect is None else effect - 0.1 for effect in effects),
        "highs": tuple(None if effect is None else effect + 0.1 for effect in effects),
        "verdicts": tuple(None if effect is None else "passed" for effect in effects), "verdict": "passed",
    }  # fmt: skip
    return TimeSeries.model_validate(given | changes)


def timeline(series: Sequence[TimeSeries], windows: int, **changes: object) -> Timeline:
    """A timeline by day."""
    given: dict[str, object] = {
        "split": "live", "unit": "day", "without_time": 0, "series": tuple(series),
        "windows": tuple(Window(start=f"day {i:03d}", end=f"eve {i:03d}", rows=100 + i) for i in range(windows)),
    }  # fmt: skip
    return Timeline.model_validate(given | changes)


def figure(shifts: Sequence[Shift], **changes: object) -> Drift:
    """A figure of shifts between training and live rows."""
    given: dict[str, object] = {
        "name": "drift", "reference": "train", "confidence": 0.95, "shifts": tuple(shifts),
        "samples": (
            SampleSize(split="train", rows=4000, compared=1000), SampleSize(split="live", rows=900, compared=900),
        ),
    }  # fmt: skip
    return Drift.model_validate(given | changes)


def chapter(sample: ModuleType, shown: Drift, language: str = "en") -> str:
    """The chapter on drift of a page that has no other figure."""
    page = _html(sample.record(figures={"drift": shown}), language)
    chapter = page[page.index('<section aria-labelledby="drift">') :]
    return chapter[: chapter.index("</section>") + len("</section>")]


def test_shifts_stand_as_in_the_record() -> None:
    """What did not pass has the long table, the others follow on one line each, both in the order of the record."""
    given = [
        shift("a", effect=0.9, importance=0.3),
        shift("b", effect=0.1, verdict="inconclusive"),
        shift("b", feature="missing", effect=0.2, verdict="failed"),
        shift("c", effect=0.3, histogram=HISTOGRAM),
    ]
    view = drift_view(figure(given))
    assert [(one.column, one.feature) for one in view.standing] == [("b", None), ("b", "missing")]
    assert [one.column for one in view.others] == ["a", "c"]
    assert [one.column for one in view.cards] == ["c"]
    assert view.floor == 0.1
    assert view.important
    assert not drift_view(figure(given[1:])).important
    assert drift_view(figure([*given, shift("d", floor=0.2)])).floor is None


@given(st.integers(0, 700), st.integers(0, 700), st.integers(1, 3))
def test_every_shift_is_shown_or_counted(failed: int, passed: int, parts: int) -> None:
    """However many shifts there are, the tables keep their bounds and what they leave out is counted."""
    failing, passing = shift("a", verdict="failed", histogram=HISTOGRAM), shift("b")
    view = drift_view(figure([failing] * failed + [passing] * passed), parts=parts)
    assert len(view.standing) <= MAX_FULL // parts
    assert len(view.others) <= MAX_BRIEF // parts
    assert len(view.cards) <= MAX_CARDS // parts
    assert len(view.standing) + len(view.others) + view.hidden == failed + passed
    assert len(view.cards) + view.hidden_cards == failed


def test_the_first_courses_are_drawn() -> None:
    """Of many series the first of the record are drawn, and the others are counted."""
    series = [one_series(f"c{i}", [0.01 * i]) for i in range(13)]
    view = drift_view(figure([], timelines=(timeline(series, 1),))).timelines[0]
    assert [one.column for one in view.series] == [f"c{i}" for i in range(MAX_SERIES)]
    assert view.hidden == 5


def test_one_row_of_each_unit_is_no_sample(sample: ModuleType) -> None:
    """Where one row of each unit was compared, the page says so, and speaks of no sample."""
    samples = (SampleSize(split="train", rows=900, compared=80), SampleSize(split="live", rows=500, compared=40))
    shown = figure([shift("a")]).model_copy(update={"unit": "person", "samples": samples})
    page = _html(sample.record(figures={"drift": shown}))
    assert "One row of each person was compared: 120." in page
    assert "uniform sample" not in page[page.index('id="drift"') :].split("</section>")[0]


def test_failed_columns_are_counted_by_window() -> None:
    """A column that fails in two features counts once; of many windows the last are shown, with their own counts."""
    windows = MAX_WINDOWS + 2
    bad = ("passed",) * (windows - 1) + ("failed",)
    flat = [0.0] * windows
    series = [
        one_series("a", flat, verdicts=bad, verdict="failed", broke_in=windows - 1),
        one_series("a", flat, verdicts=bad, verdict="failed", feature="missing"),
        one_series("b", flat, verdicts=("failed",) + ("passed",) * (windows - 1), verdict="failed", broke_in=0),
    ]
    view = drift_view(figure([], timelines=(timeline(series, windows),))).timelines[0]
    assert (view.first, len(view.windows), len(view.failed)) == (2, MAX_WINDOWS, MAX_WINDOWS)
    assert (view.failed[0], view.failed[-1]) == (0, 1)


def places(path: str) -> list[tuple[float, float]]:
    """Ends of the steps of a path: where each begins, and its height."""
    return [(float(x), float(y)) for y, x in re.findall(r"V([\d.]+)H([\d.]+)", path)]


def test_the_area_of_a_cell_is_its_share() -> None:
    """Of unequal cells the height is the density, and both samples have the same area whatever their rows."""
    chart = histogram_chart(Histogram(edges=(0.0, 1.0, 4.0), reference=(50, 50), current=(1, 3), exact=True))
    assert chart.to_scale
    assert (chart.left, chart.right) == (0.0, 4.0)
    areas = []
    for path in (chart.reference, chart.current):
        (first, high), (end, low) = places(path)
        areas.append((first * (chart.base - high), (end - first) * (chart.base - low)))
    assert areas[0][0] == pytest.approx(areas[0][1], rel=0.03)
    assert areas[1][1] == pytest.approx(3 * areas[1][0], rel=0.03)
    assert sum(areas[0]) == pytest.approx(sum(areas[1]), rel=0.03)


def test_a_cell_that_would_take_the_whole_axis_does_not() -> None:
    """Where one cell is much wider than others all are drawn equally wide, and the ends of the inner ones are told."""
    chart = histogram_chart(Histogram(edges=(-1e6, 0.0, 1.0, 2.0), reference=(1, 1, 2), current=(0, 0, 0), exact=True))
    assert not chart.to_scale
    assert (chart.left, chart.right) == (0.0, 1.0)
    ends = [x for x, _ in places(chart.reference)]
    assert ends == pytest.approx([chart.breadth / 3, chart.breadth / 3 * 2, chart.breadth], abs=0.1)
    assert [cell.current for cell in chart.cells] == [None] * 3


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=100),
    st.floats(1e-9, 1e9),
)
def test_no_mark_leaves_its_histogram(counts: list[tuple[int, int]], width: float) -> None:
    """Whatever the counts and the cells, marks stay in the picture and the shares of each sample sum to one."""
    reference, current = zip(*counts, strict=True)
    edges = tuple(width * i for i in range(len(counts) + 1))
    chart = histogram_chart(Histogram(edges=edges, reference=reference, current=current, exact=True))
    assert len(chart.cells) <= MAX_CELLS
    assert all(0 <= x <= chart.breadth and 0 <= y <= chart.base for x, y in places(chart.reference + chart.current))
    for sample in ("reference", "current"):
        shares = [share for cell in chart.cells if (share := getattr(cell, sample)) is not None]
        assert not shares or sum(shares) == pytest.approx(1)
    named = histogram_chart(
        Histogram(categories=tuple(map(str, range(len(counts)))), reference=reference, current=current, exact=True)
    )
    assert len(named.cells) <= MAX_CATEGORIES
    assert all(100 + float(length) <= named.breadth for length in re.findall(r"h([\d.]+)", named.reference))


def test_rare_categories_are_taken_together() -> None:
    """Of many categories the largest of either sample keep name and order; the others join those without a name."""
    names: list[str | None] = [f"c{i:02d}" for i in range(20)]
    counts = [100] * 10 + [1] * 10
    given = Histogram(categories=(*names, None), reference=(*counts, 5), current=(*([1] * 19), 1000, 5), exact=True)
    chart = histogram_chart(given)
    assert [cell.name for cell in chart.cells] == [*names[:10], "c19", None]
    assert chart.cells[-1].reference == pytest.approx((9 + 5) / sum(given.reference))
    assert chart.cells[-1].current == pytest.approx((9 + 5) / sum(given.current))


def test_a_window_without_an_effect_is_a_gap() -> None:
    """Line and band end before a window with too few rows and begin anew; a lone window is a dot."""
    chart = time_chart(one_series("a", [0.1, 0.2, None, 0.3, None]), 0, 5)
    assert chart.line.count("M") == 2
    assert chart.band.count("M") == 2
    assert chart.points.count("M") == 3
    assert chart.broke is None
    empty = time_chart(one_series("a", [None, None]), 0, 2)
    assert (empty.line, empty.points, empty.band) == ("", "", "")


def test_the_scale_holds_zero_and_the_floor() -> None:
    """Floor and zero are on the scale though every effect is far from them; numbers beside it do not touch."""
    chart = time_chart(one_series("a", [5.0, 6.0]), 0, 2)
    assert chart.top <= chart.floor <= chart.base
    heights = sorted(y for y, _ in chart.ticks)
    assert all(after - before >= 13 for before, after in itertools.pairwise(heights))


def test_the_window_in_which_it_broke_is_marked() -> None:
    """The rule stands at the window; one that is not shown is told without it, one that does not exist not at all."""
    broken = one_series("a", [0.0, 0.5, 0.5], broke_in=1, verdict="failed")
    chart = time_chart(broken, 0, 3)
    assert chart.broke is not None
    assert f" {chart.broke:g} " in chart.line
    hidden = time_chart(broken, 2, 3)
    assert (hidden.broke, hidden.broke_in) == (None, 1)
    assert time_chart(broken.model_copy(update={"broke_in": 7}), 0, 3).broke_in is None


def test_the_chapter_tells_it_in_words(sample: ModuleType) -> None:
    """Samples, values, effect with interval, p-value, what could be shown and importance stand in words and figures."""
    shown = figure(
        [
            shift("income", verdict="failed", importance=0.123, histogram=HISTOGRAM),
            shift("income", feature="missing", method="difference", verdict="inconclusive", reference_value=0.0512,
                  current_value=0.25),
            shift("(label)", method="total_variation", reference_value=None, current_value=None, p_adjusted=1.0),
        ]
    )  # fmt: skip
    words = Parsed(chapter(sample, shown)).words
    for part in (
        "The reference is train with 4,000 rows. Compared with it: live with 900 rows.",
        "Distances rest on a uniform sample of 1,000 of the 4,000 rows of train.",
        "The floor is 0.1 everywhere.",
        "income ✕ failed",
        "Effect 0.28 (0.2 to 0.36), floor 0.1100 rows against 80 importance 12.3%",
        "income its valuesWasserstein distance, in standard deviations ✕ failed 3.25 4.125 0.280.2 to 0.36 0.0123",
        "income missing valuesdifference of shares ? inconclusive 5.12% 25.00% 0.280.2 to 0.36 0.0123 0.041 –",
        "Shifts that passed (1)",
        "the label its values 0.28 (0.2 to 0.36) 1.00 0.041 1,200 / 900",
    ):
        assert part in words, part
    assert "Split" not in words
    several = Parsed(chapter(sample, figure([*shown.shifts, shift("income", split="test")]))).words
    assert "the label live its values" in several


def test_the_page_has_the_chapter_only_with_a_figure(sample: ModuleType) -> None:
    """Without drift there is neither chapter nor entry; with it both, and headings skip no level."""
    without = _html(sample.record(figures={}))
    assert 'id="drift"' not in without
    assert "#drift" not in without
    page = Parsed(_html(sample.record(figures={"drift": figure([shift("a", histogram=HISTOGRAM)])})))
    assert "#drift" in [attrs.get("href") for _, attrs in page.tags]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_chart_has_a_text_and_its_numbers(sample: ModuleType) -> None:
    """Each picture has a name; the shares of a histogram and the effects of a course stand in tables."""
    given = Histogram(categories=("ham", None), reference=(30, 10), current=(1, 3), exact=False)
    broken = one_series("(score)", [0.02, None, 0.5], verdicts=("passed", None, "failed"), broke_in=2, verdict="failed")
    shown = figure([shift("(prediction)", histogram=given)], timelines=(timeline([broken], 3, without_time=7),))
    page = Parsed(chapter(sample, shown))
    names = [attrs["aria-label"] for tag, attrs in page.tags if tag == "svg" and attrs.get("role") == "img"]
    assert names == [
        "Histogram of both samples: the prediction",
        "Effect by window: the score · first failed in day 002",
    ]
    hidden = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("role") != "img"]
    assert all("aria-hidden" in attrs for attrs in hidden[:2])
    for part in (
        "40 rows against 4, of the sample",
        "ham 75.0% 25.0% other categories 25.0% 75.0%",
        "day 000 eve 000 100 0 0.02 day 001 eve 001 101 0 – day 002 eve 002 102 1 ✕ 0.5",
        "7 rows without a time belong to no window.",
    ):
        assert part in page.words, part


def test_without_windows_there_is_a_sentence(sample: ModuleType) -> None:
    """Where no row has a time the page says so, and draws nothing."""
    shown = figure([shift("a")], timelines=(timeline([], 0, without_time=900),))
    page = Parsed(chapter(sample, shown))
    assert "Over time: live No row has a time: the report cannot say when a change happened." in page.words
    assert not [attrs for tag, attrs in page.tags if tag == "svg"]
    assert "Over time" not in Parsed(chapter(sample, figure([shift("a")]))).words


def test_an_empty_figure_says_so(sample: ModuleType) -> None:
    """A figure without shifts still has a chapter."""
    assert "Nothing was compared." in Parsed(chapter(sample, figure([], samples=()))).words


def test_estimates_are_marked_as_estimates(sample: ModuleType) -> None:
    """Estimates stand with interval and, where there are labels, the metric; the page says what they cannot see."""
    given = {"split": "live", "method": "confidence", "n": 900}
    reason = message("The rows have no scores.")
    estimates = (
        PerformanceEstimate(metric="accuracy", value=0.912, low=0.89, high=0.93, **given),
        PerformanceEstimate(metric="recall", value=0.7, rough=True, **given),
        PerformanceEstimate(
            split="live", method="reweighting", metric="accuracy", value=0.93, low=0.95, high=0.96, n=400,
            effective=181.3, actual=0.925, actual_low=0.91, actual_high=0.94, refuted=True,
        ),
        PerformanceEstimate(
            metric="accuracy", window=0, start="2026-01-01", withheld=reason, actual=0.5, **given
        ),
    )  # fmt: skip
    words = Parsed(chapter(sample, figure([shift("a")], estimates=estimates))).words
    for part in (
        "An estimate, not a measurement: no requirement rests on it.",
        "(concept shift)",
        "live calibrated scores 900 – 91.20%89.00% to 93.00% 70.00%rough: fewer than 1,000 labelled rows",
        "400 181 rows 93.00%95.00% to 96.00% by the labels: 92.50% (91.00% to 94.00%) refuted by the labels",
        "live 2026-01-01 calibrated scores 900 – withheld: The rows have no scores.",
    ):
        assert part in words, part


def test_pieces_show_their_blanks(sample: ModuleType) -> None:
    """A piece stands with its shares and area under the curve; blanks at its ends are visible."""
    tokens = (
        Token(
            split="live", token="  free ", reference_share=0.01, current_share=0.2, roc_auc=0.595, low=0.58, high=0.61
        ),
    )
    words = Parsed(chapter(sample, figure([shift("a")], tokens=tokens))).words
    assert "␣␣free␣ 1.00% 20.00% 0.5950.58 to 0.61" in words
    blank = (tokens[0].model_copy(update={"token": "  "}),)
    assert "␣␣ 1.00%" in Parsed(chapter(sample, figure([shift("a")], tokens=blank))).words


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_are_shown_and_do_nothing(sample: ModuleType, language: str) -> None:
    """Markup, templates, controls and huge words as names of anything are text, in charts and tables."""

    def attack(number: int) -> str:
        return str(sample.HOSTILE[number % len(sample.HOSTILE)])

    count = len(sample.HOSTILE)
    categories = Histogram(
        categories=tuple(map(attack, range(count))), reference=(10,) * count, current=(9,) * count, exact=True
    )
    shifts = [
        shift(attack(i), feature=attack(i + 1), method=attack(i + 2), verdict="failed", histogram=categories)
        for i in range(count)
    ]
    broken = [
        one_series(attack(i), [0.1, 0.2], feature=attack(i + 3), broke_in=1, verdict="failed") for i in range(count)
    ]
    windows = tuple(Window(start=attack(i), end=attack(i + 1), rows=1) for i in (0, 5))
    over_time = timeline(broken, 2).model_copy(update={"windows": windows})
    tokens = tuple(
        Token(split="live", token=attack(i), reference_share=0.1, current_share=0.2, roc_auc=0.55, low=0.5, high=0.6)
        for i in range(count)
    )
    html = chapter(sample, figure(shifts, timelines=(over_time,), tokens=tokens), language)
    page = Parsed(html)
    assert {tag for tag, _ in page.tags} <= {
        "a", "article", "caption", "code", "details", "div", "h2", "h3", "h4", "p", "path", "section", "small", "span",
        "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "tr", "i",
    }  # fmt: skip
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on") or name == "src"]
    assert [dict(attrs)["href"] for _, attrs in page.tags if "href" in dict(attrs)] == ["#drift"]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert "{{ 7 * 7 }}{% raw %}" in page.words
    assert "&amp;lt;" not in html
    assert len(html.encode()) < 120_000


def wide(verdict: str, features: Sequence[str | None]) -> Drift:
    """Two hundred columns with three hypotheses each, 24 histograms and two timelines; some features have a verdict."""
    windows = 31
    effects = [0.01 * i for i in range(windows)]
    shifts = [
        shift(
            f"a_column_{i:03d}", feature=feature, effect=0.5 - i / 1000, importance=1 / (i + 1), floor=0.1 + i / 10000,
            verdict=verdict if feature in features else "passed", histogram=None if feature else HISTOGRAM,
        )
        for i in range(200)
        for feature in (None, "missing", "outside_range")
    ]  # fmt: skip
    series = [one_series(f"a_column_{i:03d}", effects, broke_in=30, verdict="failed") for i in range(200)]
    return figure(shifts, timelines=tuple(timeline(series, windows, split=split) for split in ("test", "live")))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("verdict", "features"),
    [("passed", ()), ("failed", (None,)), ("failed", (None, "missing", "outside_range"))],
)
def test_two_hundred_columns_stay_small(
    sample: ModuleType, verdict: str, features: Sequence[str | None], language: str
) -> None:
    """With 200 columns of three hypotheses, each a finding, the page is under 500 kB and counts what it leaves out."""
    shown = wide(verdict, features)
    findings = [
        sample.finding(
            Verdict(one.verdict),
            "wasserstein_effect",
            id=f"drift.wasserstein_effect[column={one.column},feature={one.feature},split=live]",
            scope={"split": "live", "column": one.column, "feature": str(one.feature)},
        )
        for one in shown.shifts
    ]
    checks = [sample.check_result("drift", Verdict.FAILED, findings)]
    page = _html(sample.record(checks=checks, figures={"drift": shown}), language)
    assert len(page.encode()) < 500_000
    cards = 6 if verdict == "passed" else 24
    assert page.count('class="histogram"') == cards
    if language == "en":
        assert f"Histograms that are in the record alone: {200 - cards}." in page


def test_of_many_findings_the_first_are_shown(sample: ModuleType) -> None:
    """One limit is one card: its table is bounded, the rest is counted; every link of a reason leads somewhere."""
    ids = [f"drift.x[column=c{i}]" for i in range(700)]
    findings = [
        sample.finding(Verdict.FAILED, "psi_effect", id=name, scope={"column": f"c{i}", "feature": "hour"})
        for i, name in enumerate(ids)
    ]
    reasons = [sample.message("Failed: {finding}.", finding=name) for name in reversed(ids)]
    checks = [sample.check_result("drift", Verdict.FAILED, findings)]
    page = _html(sample.record(checks=checks, figures={}, reasons=reasons))
    parsed = Parsed(page)
    assert page.count('class="card is-failed"') == 1
    assert "100 more stand in the record" in parsed.words
    targets = {attrs["href"] for _, attrs in parsed.tags if "href" in attrs}
    assert {str(target).removeprefix("#") for target in targets} <= {str(attrs.get("id")) for _, attrs in parsed.tags}
