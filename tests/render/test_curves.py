"""Curves in the report: pictures that are the same, small and told in words, and the numbers beside them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from types import ModuleType

import pytest
from lxml import html as lxml_html

from llmops_audit.record import Record
from llmops_audit.record.figures import FALSE_POSITIVE_RATES, RECALLS, Curves
from llmops_audit.render import i18n
from llmops_audit.render.charts import DASHES
from llmops_audit.render.curves_view import Picture, draw_curves, performance_view
from llmops_audit.render.formats import render_files
from llmops_audit.render.text import Numbers

SVG = "{http://www.w3.org/2000/svg}"
MOST_BYTES = 12_000
FIVE = ("one", "two", "three", "four", "<b>five</b>")


def _html(record: Record, language: str | None = None) -> str:
    return render_files(record, ["html"], language=language)["report.html"].decode()


def pictures(sample: ModuleType, labels: tuple[str, ...] = ("spam",), **more: object) -> dict[str, Picture]:
    """The pictures of a record with curves, by kind."""
    (split,) = performance_view(sample.record(figures=sample.curves(labels, **more))).curves
    return {picture.figure.curve: picture for picture in split.pictures}


def drawn(picture: Picture, language: str = "en", number: int = 1) -> str:
    """A picture as SVG."""
    return str(draw_curves(picture, number, i18n.translator(language), Numbers(language)))


@pytest.mark.parametrize("labels", [("spam",), FIVE])
def test_pictures_are_small_and_the_same_every_time(sample: ModuleType, labels: tuple[str, ...]) -> None:
    """With as many points and labels as there can be, an SVG is under 12 kB, has no date, and repeats to the byte."""
    for picture in pictures(sample, labels).values():
        svg = drawn(picture)
        assert len(svg.encode()) < MOST_BYTES
        assert svg == drawn(picture)
        assert not re.search(r"#0102|font-family|<metadata|<style|NaN|nan", svg)


def test_the_text_alternative_says_the_numbers(sample: ModuleType) -> None:
    """Kind, split, label, value and interval stand in the label of the picture, a hostile label as text."""
    svg = ET.fromstring(drawn(pictures(sample, FIVE)["roc"]))
    assert svg.get("role") == "img"
    said = svg.get("aria-label") or ""
    assert said.startswith("ROC curve, test. one: area under the curve 0.9456, interval 0.9012 to 0.9678; two:")
    assert said.endswith("<b>five</b>: area under the curve 0.9056, interval 0.9012 to 0.9678.")
    assert said == svg[0].text


def test_lines_differ_in_dashes_as_well_as_in_colour(sample: ModuleType) -> None:
    """Of five lines each has a colour of its own and strokes of its own, and the key shows the same."""
    record = sample.record(figures=sample.curves(FIVE))
    (split,) = performance_view(record).curves
    svg = drawn(split.pictures[0])
    styles = re.findall(r"(?:stroke-dasharray: ([\d.,]+); [^\"]*)?stroke: var\(--line-(\d)\)", svg)
    assert [int(style) for _, style in styles] == [1, 2, 3, 4, 5]
    assert len({dashes for dashes, _ in styles}) == 5
    assert len({key.dashes for key in split.key}) == 5
    assert [key.name for key in split.key] == list(FIVE)
    assert len(DASHES) == len(set(DASHES))


def test_axes_are_real_text_in_the_language_of_the_report(sample: ModuleType) -> None:
    """The names of the axes and the ends of the scales are text."""
    texts = {node.text for node in ET.fromstring(drawn(pictures(sample)["reliability"])).iter(f"{SVG}text")}
    assert texts == {"Mean score", "Observed share", "0%", "50%", "100%"}
    chinese = {node.text for node in ET.fromstring(drawn(pictures(sample)["reliability"], "zh")).iter(f"{SVG}text")}
    assert not chinese & {"Mean score", "Observed share"}


def test_guides_are_chance_the_base_rate_and_perfect_calibration(sample: ModuleType) -> None:
    """ROC and reliability have the diagonal; precision-recall a level line at the share of the label."""
    given = pictures(sample)
    for kind, level in (("roc", False), ("reliability", False), ("precision_recall", True)):
        (guide,) = re.findall(r'd="M ([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) ?"[^>]*var\(--soft\)', drawn(given[kind]))
        left, start, right, end = map(float, guide)
        assert left < right
        assert (start == end) == level
        assert start >= end


def test_intervals_are_drawn_where_one_label_stands_alone(sample: ModuleType) -> None:
    """Each of 15 bins of a single label is marked; five labels would hide each other."""
    assert drawn(pictures(sample)["reliability"]).count("<use ") == 15
    assert "<use " not in drawn(pictures(sample, FIVE)["reliability"])


def test_curves_are_read_off_at_fixed_places(sample: ModuleType) -> None:
    """The true positive rate is the highest up to a false positive rate, the precision that of the first recall."""
    given = pictures(sample)
    roc, recall = given["roc"].curves[0], given["precision_recall"].curves[0]
    for rate, value in zip(FALSE_POSITIVE_RATES, roc.read_off, strict=True):
        assert value == max(y for x, y in zip(roc.curve.x, roc.curve.y, strict=True) if x <= rate)
    for least, value in zip(RECALLS, recall.read_off, strict=True):
        assert value == next(y for x, y in zip(recall.curve.x, recall.curve.y, strict=True) if x >= least)
    assert given["reliability"].curves[0].read_off == ()


def test_what_is_unknown_is_a_dash(sample: ModuleType) -> None:
    """A curve without value, interval and base rate is drawn, and says that they are not known."""
    figure: Curves = sample.curves()["precision_recall.test"]
    unknown = {"value": None, "low": None, "high": None, "base_rate": None}
    bare = figure.model_copy(update={"curves": (figure.curves[0].model_copy(update=unknown),)})
    ((picture,),) = [split.pictures for split in performance_view(sample.record(figures={"p": bare})).curves]
    assert "average precision –, interval – to –" in drawn(picture)
    assert "var(--soft); stroke-dasharray" not in drawn(picture)
    assert "–" in _html(sample.record(figures={"p": bare}))


def test_a_figure_without_curves_draws_nothing(sample: ModuleType) -> None:
    """An empty figure leaves no heading behind."""
    figure = sample.curves()["roc.test"].model_copy(update={"curves": ()})
    assert performance_view(sample.record(figures={"roc": figure})).curves == ()


def test_splits_and_tables_come_in_the_reader_s_order(sample: ModuleType) -> None:
    """Test before live; the table of performance, that of labels, then others by name; other chapters' tables not."""
    tables = {
        name: sample.table(name, 1).model_copy(update={"chapter": chapter})
        for name, chapter in (
            ("baselines", "performance"), ("labels", "performance"), ("performance", "performance"),
            ("proxies", "fairness"), ("own", None),
        )
    }  # fmt: skip
    figures = sample.curves(split="live") | sample.curves(split="test") | tables
    shown = performance_view(sample.record(figures=figures))
    assert [split.split for split in shown.curves] == ["test", "live"]
    assert [picture.figure.curve for picture in shown.curves[0].pictures] == ["roc", "precision_recall", "reliability"]
    assert [table.name for table in shown.tables] == ["performance", "labels", "baselines"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_picture_has_its_numbers_in_a_table(sample: ModuleType, language: str) -> None:
    """Each kind has a table with a row a label, or a bin, and no two ids of the page are the same."""
    page = lxml_html.fromstring(_html(sample.record(figures=sample.curves(FIVE)), language))
    (chapter,) = page.xpath("//section[@aria-labelledby='performance']")
    assert len(chapter.xpath(".//figure[contains(@class, 'curve')]//*[@role='img']")) == 3
    assert [len(table.xpath("./tbody/tr")) for table in chapter.xpath(".//details//table")] == [5, 5, 75]
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_77_labels_stay_a_light_page(sample: ModuleType) -> None:
    """77 labels: five curves a kind with a word on it, confused pairs in place of a huge table, under 300 kB."""
    labels = [f"label {i}" for i in range(77)]
    by_label = sample.table("labels", 77).model_copy(update={"chapter": "performance"})
    figures = {"confusion": sample.matrix(labels), "labels": by_label, **sample.curves(labels[:5], of=77)}
    record = sample.record(labels=labels, figures=figures)
    curves = {name: figure.model_dump(mode="json") for name, figure in sample.curves(labels[:5], of=77).items()}
    assert len(json.dumps(curves)) < 20_000
    page = _html(record)
    assert len(page.encode()) < 300_000
    assert "5 of 77" in re.sub(r"<[^>]*>", "", page)
    assert "The most confused pairs" in page
