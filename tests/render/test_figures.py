"""Heat maps and line charts are well-formed SVG with all letters as text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest

from llmops_audit.render.charts import ChartLine, Totals, heat_map, line_chart

SVG = "{http://www.w3.org/2000/svg}"


def drawn(names: list[str], annotated: bool = True, prefix: str = "a") -> str:
    """A heat map of the given labels."""
    counts = np.arange(len(names) ** 2, dtype=np.int64).reshape(len(names), len(names))
    texts = [[str(count) for count in row] for row in counts] if annotated else None
    return str(
        heat_map(
            counts,
            names,
            names,
            texts=texts,
            title="Matrix <1>",
            row_axis="真实",
            column_axis="预测",
            prefix=prefix,
        )
    )


def texts_of(svg: str) -> list[str]:
    """The texts of a figure."""
    return [node.text or "" for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_labels_axes_and_counts_are_real_text() -> None:
    """Chinese and Latin text stand in the SVG as text, with a title, and leave the font to the page."""
    svg = drawn(["正常", "spam"])
    assert texts_of(svg) == ["正常", "spam", "预测", "正常", "spam", "真实", "0", "1", "2", "3"]
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == root[0].text == "Matrix <1>"
    assert "font-family" not in svg
    assert "<?xml" not in svg


def test_sums_stand_in_the_margins() -> None:
    """The sums of rows, columns and all stand beside and below the cells, with their name in the page's language."""
    svg = heat_map(
        np.array([[3, 1], [2, 4]]), ["a", "b"], ["a", "b"], texts=[["3", "1"], ["2", "4"]],
        totals=Totals("行数", ["r4", "r6"], ["c5", "c5"], "all10"),
        title="t", row_axis="x", column_axis="y", prefix="p",
    )  # fmt: skip
    texts = texts_of(svg)
    assert {"行数", "r4", "r6", "all10"} <= set(texts)
    assert texts.count("c5") == 2


def test_hostile_labels_stay_text(sample: ModuleType) -> None:
    """Mathtext, markup and stand-in colours in a label are letters; long and unsafe ones are cut and cleaned."""
    shown = texts_of(drawn(["$x^2$", "#010203", *sample.HOSTILE]))
    assert {"$x^2$", "#010203", "字字字字字字字字…", "w" * 17 + "…", "abc�gnp.exe���[31m"} <= set(shown)
    assert not any(len(text) > 18 for text in shown)


def test_ids_differ_between_figures_of_a_page() -> None:
    """Two figures with other prefixes share no id, and each refers to its own."""
    first, second = (
        {node.get("id") for node in ET.fromstring(drawn(["a", "b"], prefix=p)).iter()} - {None} for p in "xy"
    )
    assert first
    assert not first & second
    assert "url(#x-" in drawn(["a", "b"], prefix="x")


def test_many_labels_are_one_picture() -> None:
    """Without annotations the cells are one embedded picture, and only as many labels are named as have room."""
    svg = drawn([f"label {i}" for i in range(77)], annotated=False)
    assert svg.count("data:image/png;base64,") == 1
    assert 40 <= len(texts_of(svg)) <= 66
    assert len(svg) < 60_000


def test_drawing_leaves_global_settings_alone() -> None:
    """Neither importing nor drawing changes Matplotlib's settings, nor asks for a window."""
    before = dict(mpl.rcParams)
    drawn(["a", "b"])
    assert dict(mpl.rcParams) == before


def test_other_warnings_still_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the warning about a missing glyph is silenced while drawing."""
    import warnings

    import seaborn

    real = seaborn.heatmap

    def noisy(*args: object, **kwargs: object) -> object:
        warnings.warn("Something else is wrong", UserWarning, stacklevel=1)
        return real(*args, **kwargs)

    monkeypatch.setattr(seaborn, "heatmap", noisy)
    with pytest.warns(UserWarning, match="Something else"):
        drawn(["正", "b"])


def charted(lines: list[ChartLine], title: str = "Lines <1>", prefix: str = "a") -> str:
    """A chart of lines with one guide."""
    return str(
        line_chart(
            lines,
            guides=[((0.0, 0.0), (1.0, 1.0))],
            ticks=[(0.0, "0 %"), (1.0, "100 %")],
            title=title,
            x_axis="假阳性率",
            y_axis="$y^2$ <b>",
            prefix=prefix,
        )
    )


def test_a_line_chart_is_text_and_lines_in_the_page_s_colours() -> None:
    """Axes and ticks are real text, mathtext and markup stay letters, and every colour is one of the style sheet's."""
    svg = charted([ChartLine((0.0, 0.5, 1.0), (0.0, 0.8, 1.0), style=2)])
    assert sorted(texts_of(svg)) == sorted(["0 %", "0 %", "100 %", "100 %", "假阳性率", "$y^2$ <b>"])
    assert ET.fromstring(svg).get("aria-label") == "Lines <1>"
    assert {"var(--line-2)", "var(--rule)", "var(--soft)", "currentColor"} == set(
        re.findall(r"(?:stroke|fill): (?!none)([^;\"]+)", svg)
    )


def test_points_lie_where_their_numbers_say() -> None:
    """The corners of the unit square are those of the drawn line, left to right and bottom to top."""
    svg = charted([ChartLine((0.0, 1.0), (0.0, 1.0), style=1), ChartLine((0.0, 1.0), (1.0, 0.0), style=3)])
    rise, fall = (
        [float(number) for number in re.findall(r"[\d.]+", path)]
        for path in re.findall(r'd="([^"]*)" style="[^"]*var\(--line-\d\)', svg)
    )
    assert rise == [fall[0], fall[3], fall[2], fall[1]]
    assert rise[2] - rise[0] == rise[1] - rise[3] > 0


def test_steps_hold_from_the_point_before() -> None:
    """A line of steps has the corners between its points: first up or down, then along."""
    plain, steps = (
        re.findall(
            r'd="([^"]*)" style="[^"]*var\(--line-1\)', charted([ChartLine((0.0, 1.0), (0.2, 0.8), 1, steps=steps)])
        )
        for steps in (False, True)
    )
    first, last = plain[0].split()[1:3], plain[0].split()[3:5]
    assert steps[0].split()[1:] == [*first, first[0], last[1], *last]


def test_marks_have_ids_of_their_own_figure() -> None:
    """The marks of points with intervals refer to the figure that they are in, and each point has one."""
    line = ChartLine((0.2, 0.8), (0.3, 0.7), style=1, bars=((0.1, 0.5), (0.6, 0.9)))
    first, second = (charted([line], prefix=prefix) for prefix in "xy")
    assert first.count('href="#x-') == 2
    assert 'href="#x-' not in second
    assert first.replace("x-", "y-") == second
