"""Many records on one page."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lxml import html

from llmops_audit.errors import RecordError
from llmops_audit.record.found_records import found_records
from llmops_audit.render import overview as module
from llmops_audit.render.overview import overview
from llmops_audit.render.small_multiples import HEIGHT, WIDTH, multiple


@pytest.fixture(scope="module")
def releases() -> ModuleType:
    """The module that makes folders of records."""
    spec = importlib.util.spec_from_file_location("releases", Path(__file__).with_name("releases.py"))
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def _page(folder: Path, language: str = "en") -> Any:
    return html.fromstring(overview(found_records(folder), language).decode())


def _section(page: Any, name: str) -> Any:
    (found,) = page.xpath(f"//section[h2[.='{name}']]")
    return found


def _rows(table: Any) -> list[list[str]]:
    return [[" ".join(cell.text_content().split()) for cell in row] for row in table.xpath(".//tbody/tr")]


def test_each_system_has_its_releases_in_the_order_of_their_time(
    releases: ModuleType, sample: ModuleType, tmp_path: Path
) -> None:
    """Systems are sorted by name, releases by time, whatever their folders are called."""
    page = _page(releases.many(sample, tmp_path))
    assert page.xpath("//section/h2/text()") == ["Systems", "adult", "spam", "Records that cannot be read"]
    spam = _section(page, "spam")
    assert [row[:3] for row in _rows(spam.xpath(".//table")[0])] == [
        ["1.0.0", "24 November 2010", "✓ criteria met"],
        ["1.1.0", "24 November 2011", "✕ criteria not met"],
        ["1.2.0", "24 November 2012", "✓ criteria met"],
    ]
    (latest,) = [row for row in _rows(page.xpath("//table")[0]) if row[0] == "spam"]
    assert latest[:4] == ["spam", "1.2.0", "24 November 2012", "✓ criteria met"]
    assert [row[0] for row in _rows(_section(page, "adult").xpath(".//table")[0])] == ["1.1.0"]


def test_a_record_in_two_places_is_one_release(releases: ModuleType, sample: ModuleType, tmp_path: Path) -> None:
    """A copied folder is no second release: the record counts once, and the page names both places."""
    for number, place in ((1, "a"), (2, "b"), (2, "copied/b")):
        releases.kept(releases.release(sample, "spam", number), tmp_path / place)
    found = found_records(tmp_path)
    assert [(one.place, one.copies) for one in found.records] == [("a", ()), ("b", ("copied/b",))]
    page = _page(tmp_path)
    rows = _rows(_section(page, "spam").xpath(".//table")[0])
    assert [row[0] for row in rows] == ["1.1.0", "1.2.0"]
    assert "the same record also in" not in rows[0][-1]
    assert rows[1][-1].endswith("the same record also in: copied/b")
    assert "Records: 2." in page.text_content()


def test_a_key_number_is_a_picture_and_a_table(releases: ModuleType, sample: ModuleType, tmp_path: Path) -> None:
    """A mark for each release with its interval, the limit as a line in steps, and the same numbers in words."""
    spam = _section(_page(releases.many(sample, tmp_path)), "spam")
    (picture,) = spam.xpath(".//svg")
    assert [mark.get("class") for mark in picture.xpath(".//g")] == ["is-passed", "is-failed", "is-passed"]
    assert len(picture.xpath(".//line[@class='interval']")) == 3
    (limits,) = picture.xpath(".//path[@class='limits']/@d")
    assert len(re.findall("M", limits)) == 2, "a limit that stays is one line, a limit that changes another"
    assert " ".join(spam.xpath(".//article/p")[0].text_content().split()) == "0.86 (0.84 to 0.88) · ≥ 0.8 · passed"
    table = _rows(spam.xpath(".//details//table")[0])
    assert [row[1:] for row in table] == [
        ["1.0.0", "0.91", "0.89 to 0.93", "≥ 0.9", "passed"],
        ["1.1.0", "0.85", "0.83 to 0.87", "≥ 0.9", "failed"],
        ["1.2.0", "0.86", "0.84 to 0.88", "≥ 0.8", "passed"],
    ]


def test_limits_that_changed_are_named(releases: ModuleType, sample: ModuleType, tmp_path: Path) -> None:
    """With the release, the limit before and now, and whether it asks for less; where none changed, that is said."""
    page = _page(releases.many(sample, tmp_path))
    assert _rows(_section(page, "spam").xpath(".//table")[-1]) == [
        ["accuracy.recall", "1.2.0", "≥ 0.9", "≥ 0.8", "loosened"]
    ]
    for number in (2, 3):
        releases.kept(releases.release(sample, "same", number), tmp_path / f"same-{number}")
    assert "No limit changed between these releases." in _section(_page(tmp_path), "same").text_content()


def test_other_test_rows_are_said(releases: ModuleType, sample: ModuleType, tmp_path: Path) -> None:
    """Numbers over other rows are no trend, and the table says which release has other rows."""
    for number in (1, 2):
        record = releases.release(sample, "spam", number)
        test = record.data["test"].model_copy(update={"sha256": f"{number}{number}" * 32})
        changed = record.model_copy(update={"data": {**record.data, "test": test}})
        releases.kept(releases.sealed(changed), tmp_path / str(number))
    rows = _rows(_section(_page(tmp_path), "spam").xpath(".//table")[0])
    assert [row[4] for row in rows] == ["1,200", "1,200others than before"]


def test_records_that_cannot_be_read_are_named(
    releases: ModuleType, sample: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason; a pipe is not waited for, a huge file not read, hidden folders and links are left out."""
    folder = releases.many(sample, tmp_path)
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / "record.json")
    releases.kept(releases.release(sample, "hidden", 1), folder / ".a.new-1")
    (folder / "loop").symlink_to(folder)
    found = found_records(folder)
    assert [one.place for one in found.unreadable] == ["changed", "pipe", "vinyl"]
    page = _page(folder)
    why = dict(_rows(_section(page, "Records that cannot be read").xpath(".//table")[0]))
    assert why["changed"].startswith("was changed after it was written")
    assert why["pipe"] == "is no file"
    assert "is not a record" in why["vinyl"]
    assert "hidden" not in page.xpath("//h2/text()")
    monkeypatch.setattr("llmops_audit.record.found_records.LARGEST", 10)
    assert all("is too large" in one.why or one.place == "pipe" for one in found_records(folder).unreadable)


def test_no_folder_and_no_record_are_errors(tmp_path: Path) -> None:
    """Each is named."""
    with pytest.raises(RecordError, match="is no folder"):
        found_records(tmp_path / "nowhere")
    with pytest.raises(RecordError, match=r"holds no record\.json"):
        found_records(tmp_path)


def test_a_record_that_changes_meanwhile_is_an_error(releases: ModuleType, sample: ModuleType, tmp_path: Path) -> None:
    """No page mixes two states of a folder."""
    releases.kept(releases.release(sample, "spam", 1), tmp_path / "a")
    found = found_records(tmp_path)
    other = releases.release(sample, "spam", 2)
    (tmp_path / "a" / "record.json").write_bytes(releases.canonical(other))
    with pytest.raises(RecordError, match="changed while it was read"):
        overview(found, "en")


@pytest.mark.parametrize("place", range(9))
def test_hostile_names_stay_text(releases: ModuleType, sample: ModuleType, tmp_path: Path, place: int) -> None:
    """Whatever names, versions and metrics hold, the page has no script and no element of theirs."""
    hostile = sample.HOSTILE[place][:5_000]
    for number in (1, 2):
        found = releases.checks(sample, 0.9, 0.7 + number / 10, metric=f"{hostile}m")
        record = releases.release(sample, f"{hostile}s", number, found=found)
        audit = record.audit.model_copy(update={"version": f"{hostile}{number}"})
        releases.kept(releases.sealed(record.model_copy(update={"audit": audit})), tmp_path / str(number))
    content = overview(found_records(tmp_path), "en")
    assert len(content) < 200_000
    page = html.fromstring(content.decode())
    kinds = {part.tag for part in page.iter() if isinstance(part.tag, str)}
    assert not kinds & {"script", "img", "textarea", "iframe", "object", "form", "base", "link"}
    attributes = {name for part in page.iter() if isinstance(part.tag, str) for name in part.attrib}
    assert not [name for name in attributes if name.startswith("on")]
    assert len(page.xpath("//title")) == 1
    assert "\x1b" not in content.decode()


def test_it_asks_for_nothing(releases: ModuleType, sample: ModuleType, tmp_path: Path) -> None:
    """The policy admits no script, and the page links to its own places alone."""
    content = overview(found_records(releases.many(sample, tmp_path)), "en").decode()
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in content
    assert set(re.findall(r'href="([^#"]*)', content)) == {""}
    assert not re.findall(r"\bsrc=|@import|url\(", content)


def test_the_page_is_bounded_and_says_what_it_leaves_out(
    releases: ModuleType, sample: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Systems, releases, numbers, limits and unreadable records beyond the bounds are counted."""
    for bound in ("MAX_SYSTEMS", "MAX_RELEASES", "MAX_NUMBERS", "MAX_LIMITS", "MAX_UNREADABLE"):
        monkeypatch.setattr(module, bound, 1)
    for number in range(3):
        limit = 0.7 + number / 100
        found = [
            *releases.checks(sample, 0.9, limit),
            *(one.model_copy(update={"name": "b"}) for one in releases.checks(sample, 0.9, limit, metric="precision")),
        ]
        named = [
            check.model_copy(
                update={
                    "findings": tuple(
                        one.model_copy(update={"id": f"{check.name}.{one.metric}"}) for one in check.findings
                    )
                }
            )
            for check in found
        ]
        releases.kept(releases.release(sample, "a", number, found=named), tmp_path / f"a{number}")
    releases.many(sample, tmp_path / "more")
    text = " ".join(_page(tmp_path).text_content().split())
    for left_out in (
        "2 more systems are not shown.",
        "2 earlier records are not shown.",
        "1 more requirements of the latest record are not drawn.",
        "1 more changed limits are not shown.",
        "1 more records cannot be read.",
    ):
        assert left_out in text


def test_the_same_records_give_the_same_page(releases: ModuleType, sample: ModuleType, tmp_path: Path) -> None:
    """Neither the place nor the time of day has a bearing; Chinese is the other language."""
    one, other = (releases.many(sample, tmp_path / name) for name in ("one", "other"))
    assert overview(found_records(one), "en") == overview(found_records(other), "en")
    assert _page(one, "zh").get("lang") == "zh-CN"
    assert "Systems" not in _page(one, "zh").text_content()


@pytest.mark.parametrize(
    ("value", "interval"),
    [(0.9, None), (None, None), (1e308, (-1e308, 1e308)), (0.0, (None, None)), (-3.0, (-3.5, None)), (0.8, (0.8, 0.8))],
)
def test_every_mark_lies_in_its_picture(
    releases: ModuleType, sample: ModuleType, value: float | None, interval: tuple[float | None, float | None] | None
) -> None:
    """Unbounded, huge and undefined values too; one that nobody could compute has no picture."""
    (one,) = releases.release(sample, "spam", 1).requirements
    judged = one.model_copy(update={"value": value, "interval": interval})
    picture = multiple([None, judged, judged])
    if value is None:
        assert picture is None
        return
    assert picture is not None
    for place in picture.places:
        assert 0 <= place.x <= WIDTH
        assert all(end is None or 0 <= end <= HEIGHT for end in (place.y, place.low, place.high))
