"""Cards and picture of requirements in a browser: nothing overflows, and the filter needs no script."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from llmops_audit.record import Record
from llmops_audit.record.findings import Op, Requirement, Verdict
from llmops_audit.render.formats import render_files

# Texts of the chapter that leave the window or their own block, and boxes that scroll sideways in cards.
OUTSIDE = """
() => {
  const faults = [], walker = document.createTreeWalker(document.querySelector(".requirements"), NodeFilter.SHOW_TEXT);
  const range = document.createRange(), width = document.documentElement.clientWidth;
  const page = document.scrollingElement.scrollWidth;
  if (page > width) faults.push(`the page is ${page} px wide`);
  for (let text; text = walker.nextNode();) {
    if (!text.data.trim() || !text.parentElement.checkVisibility() || text.parentElement.closest(".unseen, .table-box"))
      continue;
    range.selectNodeContents(text);
    for (const box of range.getClientRects())
      if (box.right > width + 1 || box.left < -1) { faults.push(text.data.trim().slice(0, 60)); break; }
  }
  return faults;
}
"""
COVERED = """
() => {
  const meet = (one, other) => one.left < other.right - 1 && other.left < one.right - 1
    && one.top < other.bottom - 1 && other.top < one.bottom - 1;
  const covered = row => {
    const boxes = [...row.children].map(part => part.getBoundingClientRect());
    const large = boxes.filter(box => box.height > 2 && box.width > 2);
    return large.some((one, at) => large.slice(at + 1).some(other => meet(one, other)));
  };
  const rows = [...document.querySelectorAll(".limits li, .overview-rows li")];
  return rows.filter(row => row.checkVisibility() && covered(row)).map(row => row.innerText.slice(0, 60));
}
"""


@pytest.fixture
def shaped(sample: ModuleType) -> Callable[[str], Record]:
    """Records by shape: many groups, labels, columns, windows, names from right to left and without a blank."""
    return functools.partial(_shaped, sample)


def _shaped(sample: ModuleType, shape: str) -> Record:
    if shape == "groups":
        sizes = {(f"A county with quite a long name {i}",): 40 + 25 * i for i in range(60)}
        figure = sample.group_metrics(groupings=(sample.grouping(["county"], sizes),))
        first, decides = [group for group, rows in sizes.items() if rows >= 50][:2]
        found = [
            sample.finding(
                Verdict.FAILED,
                metric,
                id=f"own.{metric}",
                scope={"split": "test", "county": decides[0]},
                requirement=Requirement(op=op, limit=limit, about="county"),
                details={"group": decides[0], "rate": rate, "label": label, "compared_with": first[0]},
            )
            for metric, op, limit, rate, label in (
                ("selection_rate_ratio", Op.AT_LEAST, 0.8, "selection_rate", "ham"),
                ("error_rates_difference", Op.AT_MOST, 0.1, "true_positive_rate", "spam"),
            )
        ]
        return sample.record(checks=[sample.check_result("own", Verdict.FAILED, found)], figures={"groups": figure})
    names = {
        "labels": [{"label": f"intent: cancel an order {i}"} for i in range(40)],
        "columns": [{"column": f"a_name_of_a_column_without_any_space_in_it_at_all_{i}"} for i in range(200)],
        "windows": [{"window": f"2026-{month:02d}-01"} for month in range(1, 13)],
        "right to left": [{"group": f"מבקשי עבודה בתל אביב {i}"} for i in range(8)] + [{"group": "طالبو العمل"}],
    }[shape]
    found = [
        sample.finding(
            Verdict.FAILED if i % 3 else Verdict.INCONCLUSIVE,
            "recall",
            id=f"own.recall[{i}]",
            scope={"split": "test", **scope},
            value=None if i % 7 == 3 else 0.5 + i / 1000,
            interval=None if i % 7 == 3 else (0.4, None if i % 7 == 5 else 0.6),
        )
        for i, scope in enumerate(names)
    ]
    return sample.record(checks=[sample.check_result("own", Verdict.FAILED, found)], figures={})


@pytest.mark.parametrize("shape", ["groups", "labels", "columns", "windows", "right to left"])
def test_nothing_overflows(shaped: Callable[[str], Record], opened: Callable[..., Any], shape: str) -> None:
    """Sixty groups, forty labels, 200 columns, twelve windows or Hebrew names fit any width."""
    html = render_files(shaped(shape), ["html"])["report.html"]
    assert len(html) < 500_000
    shown = opened(html.decode())
    shown.unfold()
    for width in (390, 768, 1440):
        shown.page.set_viewport_size({"width": width, "height": 844})
        assert shown.page.evaluate(OUTSIDE) == []
        assert shown.page.evaluate(COVERED) == []


def test_the_filter_hides_what_passed(records: Any, opened: Callable[..., Any]) -> None:
    """Without a script, a box leaves what failed, another what did not pass; without them all is there."""
    page = opened(records.html("full"), width=1280).page
    seen = "() => [...document.querySelectorAll('.verdicts')].filter(part => part.checkVisibility()).length"
    everything = page.evaluate(seen)
    page.locator("#show-open").check()
    standing = page.evaluate(seen)
    page.locator("#show-failed").check()
    assert everything > standing > page.evaluate(seen) == 1


def test_a_reason_leads_to_its_card(records: Any, opened: Callable[..., Any]) -> None:
    """The picture's names lead to cards, also to those that are folded: the browser opens them."""
    page = opened(records.html("full")).page
    for link in page.locator(".overview-rows a").all():
        target = (link.get_attribute("href") or "").removeprefix("#")
        link.press("Enter")
        assert page.evaluate("id => document.getElementById(id).checkVisibility()", target)


def test_marks_differ_by_shape(records: Any, opened: Callable[..., Any]) -> None:
    """What passed, failed and is undecided is told by the shape of its mark, without its colour."""
    page = opened(records.html("full")).page
    shapes = page.evaluate(
        "() => ['met', 'missed', 'open'].map(name => { const mark = document.getElementById('m-' + name);"
        " return mark.tagName + (getComputedStyle(mark).strokeWidth) })"
    )
    assert len(set(shapes)) == 3
