"""Figures as inline SVG with real text.

Colours and fonts are left to the page's style sheet, so that a figure follows light and dark and takes whatever
font the reader has: Matplotlib lays out the figure, the browser draws the text.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from llmops_audit.render.text import shorten, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["DASHES", "MAX_ANNOTATED", "ChartLine", "Totals", "heat_map", "line_chart"]

MAX_ANNOTATED = 15
"""Most labels at which every cell shows its numbers."""

_MAX_TICKS = 32
_LABEL_COLUMNS = 18
_POINTS = 72
_TEXT, _SMALL = 10.0, 8.5

DASHES = ((), (6.0, 2.0), (1.5, 1.5), (8.0, 2.0, 1.5, 2.0), (3.5, 1.5), (1.0, 3.0))
"""Strokes and gaps by style, in points: no two lines of a picture differ in colour alone."""

_BOX = 166
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 42
_GUIDE = (3.0, 3.0)
_GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
_COLUMN = 0.56 * _TEXT / _POINTS
_CELL = {True: 0.62, False: 0.22}
_MIN_SIDE, _MAX_SIDE = 1.7, 7.0
_MARGIN = 0.25
"""Inches that the sums below and beside the cells take."""

_CSS_PIXELS = 4 / 3

# Opacity by share. Between 0.45 and 0.75 neither dark nor light figures are legible on the cell (contrast below
# 4.5, in light and in dark), so the scale jumps over it, where one answer takes half of the row.
_STRONG = 0.5
_DEPTH = ((0.0, 0.04), (_STRONG, 0.45), (_STRONG, 0.75), (1.0, 1.0))

# Placeholders for the colours of the style sheet.
_FILL = "#010203"
_PAINT = {
    _FILL: "var(--heat)",
    "#010204": "currentColor",
    "#010205": "var(--heat-ink)",
    "#010206": "var(--paper)",
    "#010207": "var(--rule)",
    "#010208": "var(--soft)",
    **{f"#01021{style}": f"var(--line-{style})" for style in range(1, len(DASHES) + 1)},
}
_INK, _INK_STRONG, _GAP, _RULE, _SOFT = "#010204", "#010205", "#010206", "#010207", "#010208"
# A picture of many cells holds pixels, which no style sheet reaches: a blue that reads on white and on black.
_PIXEL = (0.16, 0.45, 0.78)

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "llmops-audit",
    "svg.image_inline": True,
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "axes.unicode_minus": False,
    "figure.dpi": _POINTS,
    "savefig.dpi": 150,
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


@dataclass(frozen=True)
class Totals:
    """What stands beside and below the cells of a heat map: the sums of rows, of columns and of all, as texts."""

    name: str
    rows: Sequence[str]
    columns: Sequence[str]
    all: str


def heat_map(
    counts: NDArray[np.int64],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    texts: Sequence[Sequence[str]] | None,
    totals: Totals | None = None,
    title: str,
    row_axis: str,
    column_axis: str,
    prefix: str,
) -> Markup:
    """Draw counts as a heat map whose depth is the share of the row.

    Parameters
    ----------
    counts : array of int, (rows, columns)
    rows, columns : sequence of str
        Names beside the cells; hostile names are shown as text, long names are shortened.
    texts : sequence of sequence of str, (rows, columns), optional
        Text of each cell; None leaves the cells empty and draws them as one picture.
    totals : Totals, optional
        Sums in the margins.
    title, row_axis, column_axis : str
        In the report's language; the title is the text alternative.
    prefix : str
        Makes the ids in the figure unique within the page.

    Returns
    -------
    Markup
        An ``<svg>`` element; the same input gives the same bytes.
    """
    sums = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, sums, out=np.zeros(counts.shape), where=sums > 0)
    row_names = [shorten(name, _LABEL_COLUMNS) for name in rows]
    column_names = [shorten(name, _LABEL_COLUMNS) for name in columns]
    with _canvas() as (figure, buffer):
        tilted = _tilted(column_names, counts.shape[1], texts is not None)
        axes = _axes(figure, counts.shape, row_names, column_names, texts is not None, tilted, totals)
        _draw_cells(axes, shares, texts)
        _write_labels(axes, row_names, column_names, tilted)
        if totals is not None:
            _write_totals(axes, counts.shape, totals)
        axes.set_ylabel(row_axis, color=_INK, fontsize=_TEXT, labelpad=6)
        axes.set_xlabel(column_axis, color=_INK, fontsize=_TEXT, labelpad=8)
        axes.xaxis.set_label_position("top")
    return _embedded(buffer.getvalue(), title, prefix)


@dataclass(frozen=True)
class ChartLine:
    """A line of a chart.

    Attributes
    ----------
    x, y : sequence of float, (p,)
        Between 0 and 1.
    style : int
        From 1 to the length of `DASHES`: its colour and its dashes.
    steps : bool
        Whether each y holds from the x before; otherwise points are joined.
    bars : sequence of (float, float), (p,)
        Ends of the interval of each point, which is then marked; empty for none.
    """

    x: Sequence[float]
    y: Sequence[float]
    style: int
    steps: bool = False
    bars: Sequence[tuple[float, float]] = ()


def line_chart(
    lines: Sequence[ChartLine],
    *,
    guides: Sequence[tuple[tuple[float, float], tuple[float, float]]],
    ticks: Sequence[tuple[float, str]],
    title: str,
    x_axis: str,
    y_axis: str,
    prefix: str,
) -> Markup:
    """Draw lines in the unit square.

    Parameters
    ----------
    lines : sequence of ChartLine
    guides : sequence of two points
        Dashed lines to compare with.
    ticks : sequence of (float, str)
        Numbers beside both axes, and how they read.
    title, x_axis, y_axis : str
        In the report's language; the title is the text alternative.
    prefix : str
        Makes the ids in the figure unique within the page.

    Returns
    -------
    Markup
        An ``<svg>`` element; the same input gives the same bytes.

    Notes
    -----
    Lines belong to the figure itself: to build and draw an `Axes` with its ticks takes five times as long.
    """
    from matplotlib.lines import Line2D
    from matplotlib.transforms import Affine2D

    with _canvas() as (figure, buffer):
        figure.set_size_inches((_LEFT + _BOX + _RIGHT) / _POINTS, (_BOTTOM + _BOX + _TOP) / _POINTS)
        figure.patch.set_visible(False)
        to_points = Affine2D().scale(_BOX).translate(_LEFT, _BOTTOM)

        def draw(x: Sequence[float], y: Sequence[float], **style: Any) -> None:
            figure.add_artist(Line2D(x, y, transform=to_points, solid_capstyle="butt", dash_capstyle="butt", **style))

        draw(
            *_with_gaps([((0, at), (1, at)) for at in _GRID] + [((at, 0), (at, 1)) for at in _GRID]),
            color=_RULE,
            lw=0.75,
        )
        if guides:
            draw(*_with_gaps(guides), color=_SOFT, lw=1, dashes=_GUIDE)
        for line in lines:
            color = f"#01021{line.style}"
            if line.bars:
                ends = [((x, low), (x, high)) for x, (low, high) in zip(line.x, line.bars, strict=True)]
                draw(*_with_gaps(ends), color=color, lw=1)
            marks: dict[str, Any] = {"marker": "o", "markersize": 4, "markeredgewidth": 0} if line.bars else {}
            if DASHES[line.style - 1]:
                marks["dashes"] = DASHES[line.style - 1]
            draw(line.x, line.y, color=color, lw=1.75, drawstyle="steps-pre" if line.steps else "default", **marks)
        _write_axes(figure, ticks, x_axis, y_axis)
    return _embedded(buffer.getvalue(), title, prefix)


def _with_gaps(segments: Sequence[tuple[tuple[float, float], tuple[float, float]]]) -> tuple[list[float], list[float]]:
    """Return segments as one line with gaps between them."""
    points = [point for start, end in segments for point in (start, end, (math.nan, math.nan))]
    return [x for x, _ in points], [y for _, y in points]


def _write_axes(figure: Figure, ticks: Sequence[tuple[float, str]], x_axis: str, y_axis: str) -> None:
    from matplotlib.transforms import IdentityTransform

    style: dict[str, Any] = {"fontsize": _TEXT, "va": "baseline", "transform": IdentityTransform()}
    for at, text in ticks:
        figure.text(_LEFT + at * _BOX, _BOTTOM - 14, text, ha="center", color=_SOFT, **style)
        figure.text(_LEFT - 5, _BOTTOM + at * _BOX - 3.5, text, ha="right", color=_SOFT, **style)
    figure.text(_LEFT + _BOX / 2, 8, x_axis, ha="center", color=_INK, **style)
    figure.text(11, _BOTTOM + _BOX / 2, y_axis, ha="center", color=_INK, rotation=90, rotation_mode="anchor", **style)


@contextmanager
def _canvas() -> Iterator[tuple[Figure, StringIO]]:
    """Give a figure that is written as SVG at the end; Matplotlib's settings hold until then."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    buffer = StringIO()
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # Matplotlib has no font for every script and warns when it measures such text. It draws none of it here:
        # the reader's browser does, and the margins are measured by `width`.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font", category=UserWarning)
        figure = Figure()
        FigureCanvasSVG(figure)
        yield figure, buffer
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA, transparent=True)


def _side(cells: int, annotated: bool) -> float:
    return min(_MAX_SIDE if not annotated else math.inf, max(_MIN_SIDE, cells * _CELL[annotated]))


def _tilted(names: Sequence[str], cells: int, annotated: bool) -> bool:
    return max(map(width, names)) * _COLUMN > _side(cells, annotated) / cells


def _axes(
    figure: Figure,
    shape: tuple[int, ...],
    rows: Sequence[str],
    columns: Sequence[str],
    annotated: bool,
    tilted: bool,
    totals: Totals | None,
) -> Axes:
    height, breadth = _side(shape[0], annotated), _side(shape[1], annotated)
    left = max(map(width, rows)) * _COLUMN + 0.45
    top = (max(map(width, columns)) * _COLUMN * math.sin(math.pi / 4) if tilted else 0.15) + 0.45
    right = max(0.1, max(map(width, columns)) * _COLUMN * math.cos(math.pi / 4)) if tilted else 0.1
    bottom = 0.1
    if totals is not None:
        left = max(left, width(totals.name) * _COLUMN + 0.45)
        right = max(right, max(map(width, (*totals.rows, totals.all, totals.name))) * _COLUMN + _MARGIN)
        bottom += _MARGIN
    total = (left + breadth + right, top + height + bottom)
    figure.set_size_inches(*total)
    return figure.add_axes((left / total[0], bottom / total[1], breadth / total[0], height / total[1]))


def _write_totals(axes: Axes, shape: tuple[int, ...], totals: Totals) -> None:
    """Write the sums beside and below the cells, where the name of what they are stands as well."""
    points: dict[str, Any] = {
        "fontsize": _TEXT,
        "color": _SOFT,
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    rows, columns = shape
    # The vertical scale of a heat map runs downwards.
    for place, text in enumerate((*totals.rows, totals.all)):
        at = (columns, place + 0.5) if place < rows else (columns, rows)
        va = "center" if place < rows else "top"
        axes.annotate(text, at, (6, 0 if place < rows else -7), ha="left", va=va, **points)
    for place, text in enumerate(totals.columns):
        axes.annotate(text, (place + 0.5, rows), (0, -7), ha="center", va="top", **points)
    axes.annotate(totals.name, (0, rows), (-6, -7), ha="right", va="top", **points)


def _draw_cells(axes: Axes, shares: NDArray[np.float64], texts: Sequence[Sequence[str]] | None) -> None:
    import seaborn
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    annotated = texts is not None
    hue = to_rgb(_FILL) if annotated else _PIXEL
    depth = LinearSegmentedColormap.from_list("depth", [(share, (*hue, alpha)) for share, alpha in _DEPTH])
    seaborn.heatmap(
        shares,
        ax=axes,
        cmap=depth,
        vmin=0,
        vmax=1,
        cbar=False,
        annot=None if texts is None else np.array(texts, dtype=object),
        fmt="",
        annot_kws={"fontsize": _TEXT},
        linewidths=1.5 if annotated else 0,
        linecolor=_GAP,
        xticklabels=False,
        yticklabels=False,
        rasterized=not annotated,
    )
    for text, share in zip(axes.texts, shares.flat, strict=False):
        text.set_color(_INK_STRONG if share >= _STRONG else _INK)


def _write_labels(axes: Axes, rows: Sequence[str], columns: Sequence[str], tilted: bool) -> None:
    style: dict[str, Any] = {"color": _INK, "fontsize": _SMALL if tilted else _TEXT}
    axes.tick_params(length=0, pad=5, top=True, bottom=False, labeltop=True, labelbottom=False)
    at = _ticks(len(rows))
    axes.set_yticks([i + 0.5 for i in at], [rows[i] for i in at], rotation=0, va="center", **style)
    at = _ticks(len(columns))
    names = [columns[i] for i in at]
    positions = [i + 0.5 for i in at]
    if tilted:
        axes.set_xticks(positions, names, rotation=45, ha="left", va="bottom", rotation_mode="anchor", **style)
    else:
        axes.set_xticks(positions, names, rotation=0, ha="center", **style)


def _ticks(labels: int) -> range:
    return range(0, labels, math.ceil(labels / _MAX_TICKS))


def _embedded(document: str, title: str, prefix: str) -> Markup:
    svg = document[document.index("<svg") :].strip()
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    # In tags alone: a label may look like anything, but its angle brackets are escaped.
    svg = re.sub(r"<[^>]*>", lambda tag: _adapted(tag[0], prefix), svg)
    svg = re.sub(r">\s*\n\s*<", "><", svg)
    name = escape(title)
    head, _, body = svg.partition(">")
    return Markup(f'{head} role="img" aria-label="{name}"><title>{name}</title>{body}')  # noqa: S704 - the name is escaped, the rest is matplotlib's


def _adapted(tag: str, prefix: str) -> str:
    tag = " ".join(tag.split())
    for stand_in, paint in _PAINT.items():
        tag = tag.replace(stand_in, paint)
    tag = re.sub(r"(?<=[\d.]) L (?=-?\d)", " ", tag) if tag.startswith("<path ") else tag
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    tag = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", tag)
    tag = re.sub(r'(width|height)="([\d.]+)pt"', lambda m: f'{m[1]}="{float(m[2]) * _CSS_PIXELS:.0f}"', tag)
    if tag.startswith("<g "):
        return re.sub(r' id="[^"]*"', "", tag)
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", tag)
