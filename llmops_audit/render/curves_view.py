"""What the report shows of ROC, precision-recall and reliability curves, and the pictures of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from llmops_audit.record import Message, Record, message
from llmops_audit.record.figures import FALSE_POSITIVE_RATES, RECALLS, Curve, Curves, Table
from llmops_audit.render import i18n
from llmops_audit.render.charts import DASHES, ChartLine, line_chart
from llmops_audit.render.i18n import Translate
from llmops_audit.render.text import Numbers, clean, shorten

__all__ = ["Drawn", "LabelKey", "PerformanceView", "Picture", "SplitCurves", "draw_curves", "performance_view"]

_KINDS = ("roc", "precision_recall", "reliability")
_SPLITS = ("train", "test", "live")
_FIRST = ("performance", "labels")
"""Tables that a reader looks for first."""

_BETWEEN = message("; ")
_LABEL_COLUMNS = 24
_TICKS = (0.0, 0.5, 1.0)
_DIAGONAL = ((0.0, 0.0), (1.0, 1.0))
_ROUNDING = 1e-5

_TITLES = {
    "roc": message("ROC curve"),
    "precision_recall": message("Precision-recall curve"),
    "reliability": message("Reliability curve"),
}
_VALUES = {
    "roc": message("area under the curve"),
    "precision_recall": message("average precision"),
    "reliability": message("calibration error"),
}
_AXES = {
    "roc": (message("False positive rate"), message("True positive rate")),
    "precision_recall": (message("Recall"), message("Precision")),
    "reliability": (message("Mean score"), message("Observed share")),
}


@dataclass(frozen=True)
class Drawn:
    """A curve with the name of its label, its style in the pictures, and its values at the usual rates.

    `read_off` holds the true positive rate at each of `FALSE_POSITIVE_RATES`, or the precision at each of `RECALLS`;
    it is empty for a reliability curve.
    """

    curve: Curve
    name: str
    style: int
    read_off: tuple[float | None, ...]


@dataclass(frozen=True)
class Picture:
    """Curves of one kind and split: title, name of their value, and the rates at which they are read off."""

    figure: Curves
    title: Message
    value: Message
    curves: tuple[Drawn, ...]
    read_at: tuple[float, ...]


@dataclass(frozen=True)
class LabelKey:
    """A label in the key of the pictures: name, style, and its dashes as SVG writes them."""

    name: str
    style: int
    dashes: str


@dataclass(frozen=True)
class SplitCurves:
    """All curves of a split.

    Attributes
    ----------
    split : str
    pictures : tuple of Picture
    key : tuple of LabelKey
    labels : int
        Labels for which a curve was wanted.
    """

    split: str
    pictures: tuple[Picture, ...]
    key: tuple[LabelKey, ...]
    labels: int


@dataclass(frozen=True)
class PerformanceView:
    """What the chapter on performance shows beside confusion matrices: curves by split, and tables."""

    curves: tuple[SplitCurves, ...]
    tables: tuple[Table, ...]


def performance_view(record: Record) -> PerformanceView:
    """Return curves and tables of the chapter on performance: the tables whose `chapter` it is."""
    found = [figure for figure in record.figures.values() if isinstance(figure, Curves) and figure.curves]
    splits = sorted({figure.split for figure in found}, key=lambda name: (_rank(name, _SPLITS), name))
    tables = [
        figure for figure in record.figures.values() if isinstance(figure, Table) and figure.chapter == "performance"
    ]
    return PerformanceView(
        curves=tuple(_of_split(split, [figure for figure in found if figure.split == split]) for split in splits),
        tables=tuple(sorted(tables, key=lambda table: (_rank(table.name, _FIRST), table.name))),
    )


def draw_curves(picture: Picture, number: int, translate: Translate, numbers: Numbers) -> Markup:
    """Draw a picture; its text alternative says the value of every curve with its interval.

    Parameters
    ----------
    picture : Picture
    number : int
        Its number in the page, from 1.
    translate : callable
    numbers : Numbers
    """
    kind = picture.figure.curve
    alone = len(picture.curves) == 1
    lines = [
        ChartLine(
            one.curve.x if kind != "precision_recall" else (0.0, *one.curve.x),
            one.curve.y if kind != "precision_recall" else (*one.curve.y[:1], *one.curve.y),
            one.style,
            steps=kind == "precision_recall",
            bars=tuple(zip(one.curve.y_low, one.curve.y_high, strict=True)) if alone else (),
        )
        for one in picture.curves
    ]
    guides = [_DIAGONAL]
    if kind == "precision_recall":
        rates = (one.curve.base_rate for one in picture.curves)
        guides = [((0.0, rate), (1.0, rate)) for rate in rates if rate is not None]
    x_axis, y_axis = (i18n.render(name, translate) for name in _AXES[kind])
    return line_chart(
        lines,
        guides=guides,
        ticks=[(at, numbers.percent(at)) for at in _TICKS],
        title=clean(_described(picture, translate, numbers)),
        x_axis=x_axis,
        y_axis=y_axis,
        prefix=f"curve-{number}",
    )


def _of_split(split: str, figures: Iterable[Curves]) -> SplitCurves:
    figures = sorted(figures, key=lambda figure: _KINDS.index(figure.curve))
    names = dict.fromkeys(str(curve.label) for figure in figures for curve in figure.curves)
    styles = {name: index % len(DASHES) + 1 for index, name in enumerate(names)}
    return SplitCurves(
        split=split,
        pictures=tuple(_picture(figure, styles) for figure in figures),
        key=tuple(
            LabelKey(name, style, " ".join(f"{length:g}" for length in DASHES[style - 1]))
            for name, style in styles.items()
        ),
        labels=max(figure.labels for figure in figures),
    )


def _picture(figure: Curves, styles: dict[str, int]) -> Picture:
    read_at = {"roc": FALSE_POSITIVE_RATES, "precision_recall": RECALLS}.get(figure.curve, ())
    return Picture(
        figure=figure,
        title=_TITLES[figure.curve],
        value=_VALUES[figure.curve],
        curves=tuple(
            Drawn(
                curve,
                str(curve.label),
                styles[str(curve.label)],
                tuple(_read_off(figure.curve, curve, at) for at in read_at),
            )
            for curve in figure.curves
        ),
        read_at=read_at,
    )


def _read_off(kind: str, curve: Curve, at: float) -> float | None:
    points = list(zip(curve.x, curve.y, strict=True))
    if kind == "roc":
        return max((y for x, y in points if x <= at + _ROUNDING), default=None)
    return next((y for x, y in points if x >= at - _ROUNDING), None)


def _described(picture: Picture, translate: Translate, numbers: Numbers) -> str:
    parts = [
        message(
            "{label}: {name} {value}, interval {low} to {high}",
            label=shorten(one.name, _LABEL_COLUMNS),
            name=picture.value,
            value=numbers.number(one.curve.value),
            low=numbers.number(one.curve.low),
            high=numbers.number(one.curve.high),
        )
        for one in picture.curves
    ]
    description = message(
        "{title}, {split}. {curves}.",
        title=picture.title,
        split=translate.word(picture.figure.split),
        curves=translate(_BETWEEN.id).join(i18n.render(part, translate) for part in parts),
    )
    return i18n.render(description, translate)


def _rank(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)
