"""Heat maps are well-formed SVG with the labels as text."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest

from llmops_audit.render.figures import heat_map, preload

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
    preload()
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
