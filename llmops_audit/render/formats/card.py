"""A model card as Hugging Face's hub reads it, with the results of the audit.

It is a whole ``README.md`` of a model's repository: YAML front matter, then Markdown. What the record does not hold is
said to be not stated, or left out of the front matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from llmops_audit.record import Card, Finding, LabelCount, Message, Record, Scalar, SplitInfo, message
from llmops_audit.record.figures import Estimate, Grouping, GroupMetrics, Table
from llmops_audit.render import i18n
from llmops_audit.render.i18n import Translate
from llmops_audit.render.names import Scopes, subject_name, with_missing_named
from llmops_audit.render.text import Numbers, clean, shorten
from llmops_audit.render.unmeasured import unmeasured

__all__ = ["FILE", "WRITTEN", "Score", "render", "scores"]

FILE = "model-card.md"
WRITTEN = "page"

HUB_METRICS = {
    "accuracy": "accuracy",
    "f1": "f1",
    "precision": "precision",
    "recall": "recall",
    "roc_auc": "roc_auc",
    "mcc": "matthews_correlation",
}
"""Our metrics that have a name of their own on the hub; others keep ours."""

HUB_LICENSES = frozenset(
    {
        "agpl-3.0", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0",
        "cc-by-sa-4.0", "cc0-1.0", "gpl-2.0", "gpl-3.0", "lgpl-3.0", "mit", "mpl-2.0", "unlicense",
    }
)  # fmt: skip
"""Licenses that the hub knows by id; any other is ``other``, with its name beside it."""

_SPDX_RANGE = re.compile(r"-(?:only|or-later)\Z")
"""Endings of SPDX ids that the hub's ids do not have."""

TEXT, TABULAR, OTHER = "text-classification", "tabular-classification", "other"

_SPLITS = ("train", "test", "live")
_MAX_REASONS, _MAX_LABELS, _MAX_GROUPS, _MAX_GROUPINGS = 12, 20, 20, 4
_LINE = 200
_SPECIAL = re.compile(r"([\\`*_\[\]{}|~#!$])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# At the start of a paragraph these would make a list, a rule or a heading.
_AT_START = re.compile(r"^(\d*)([-+=.)])(?=[-=\s]|\Z)")
_PLAIN = re.compile(r"[\w.:=-]+\Z", re.ASCII)


@dataclass(frozen=True)
class Score:
    """A metric of one split, of all its labels.

    Attributes
    ----------
    split, metric : str
    value : float
    low, high : float, optional
        Ends of its interval.
    """

    split: str
    metric: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class GroupRow:
    """A group with its rows, its selection rate and its accuracy; null where they were not measured."""

    name: str
    rows: int
    rate: Estimate | None
    accuracy: Estimate | None


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render the model card of a record."""
    translate = i18n.translator(language, record)
    record = with_missing_named(record, translate)
    numbers = Numbers(language)
    found = scores(record)
    matter = yaml.safe_dump(
        _front_matter(record, found, translate), sort_keys=False, allow_unicode=True, width=_LINE, line_break="\n"
    )
    body = _environment(record, translate, numbers).get_template("card.md.j2").render(
        record=record,
        card=record.card or Card(),
        splits=_splits(record),
        scores=found,
        labels=_label_rows(record),
        max_labels=_MAX_LABELS,
        max_reasons=_MAX_REASONS,
        groupings=tuple(_groupings(record))[:_MAX_GROUPINGS],
        unmeasured=unmeasured(record),
    )  # fmt: skip
    return f"---\n{matter}---\n\n{body}".encode()


def scores(record: Record) -> tuple[Score, ...]:
    """Return the metrics of whole splits: of the table of performance, or of the findings where there is no table."""
    table = record.figures.get("performance")
    rows = table.rows if isinstance(table, Table) else ()
    given = [(row.get("split"), row.get("metric"), row.get("value"), row.get("low"), row.get("high")) for row in rows]
    if not given:
        given = [
            (finding.scope["split"], finding.metric, finding.value, *(finding.interval or (None, None)))
            for check in record.checks
            for finding in check.findings
            if set(finding.scope) == {"split"} and finding.metric in (*HUB_METRICS, "balanced_accuracy", "macro_f1")
        ]
    return tuple(
        # Whole numbers come back from a record's file without their point.
        Score(str(split), str(metric), float(value), _number(low), _number(high))
        for split, metric, value, low, high in given
        if isinstance(value, int | float) and not isinstance(value, bool)
    )


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _front_matter(record: Record, found: Iterable[Score], translate: Translate) -> dict[str, Any]:
    card = record.card or Card()
    task = _task(record)
    matter: dict[str, Any] = {
        "language": [_line(language) for language in card.languages],
        **_license(card),
        "tags": ["llmops-audit", f"audit-{record.decision.status.value.replace('_', '-')}"],
        "pipeline_tag": None if task == OTHER else task,
        "model-index": list(_model_index(record, found, task, translate)),
    }
    return {key: value for key, value in matter.items() if value}


def _license(card: Card) -> dict[str, str]:
    if card.license is None:
        return {}
    name = _line(card.license)
    known = _SPDX_RANGE.sub("", name.lower())
    return {"license": known} if known in HUB_LICENSES else {"license": "other", "license_name": name}


def _task(record: Record) -> str:
    # Saved predictions do not say what they were predicted from; the languages of the card do.
    parameters = record.subject.parameters
    if parameters.get("vectorizer") or (record.card is not None and record.card.languages):
        return TEXT
    return TABULAR if {"numeric", "categorical"} & set(parameters) else OTHER


def _model_index(record: Record, found: Iterable[Score], task: str, translate: Translate) -> Iterator[dict[str, Any]]:
    by_split: dict[str, list[Score]] = {}
    for score in found:
        by_split.setdefault(score.split, []).append(score)
    name = _line(f"{record.audit.name} {record.audit.version}")
    results = [
        {
            "task": {"type": task},
            "dataset": _dataset(record, split),
            "metrics": [
                {
                    "type": HUB_METRICS.get(score.metric, _line(score.metric)),
                    "value": score.value,
                    "name": _line(translate.word(score.metric)),
                }
                for score in of_split
            ],
        }
        for split, of_split in by_split.items()
    ]
    if results:
        yield {"name": name, "results": results}


def _dataset(record: Record, split: str) -> dict[str, str]:
    # The rows have no name on the hub; their digest identifies them.
    dataset = {"name": _line(record.audit.name), "type": "unpublished", "split": _line(split)}
    return dataset | ({"revision": _line(record.data[split].sha256)} if split in record.data else {})


def _splits(record: Record) -> tuple[tuple[str, SplitInfo], ...]:
    def rank(item: tuple[str, SplitInfo]) -> tuple[int, str]:
        return (_SPLITS.index(item[0]) if item[0] in _SPLITS else len(_SPLITS), item[0])

    return tuple(sorted(record.data.items(), key=rank))


def _label_rows(record: Record) -> tuple[Mapping[str, Scalar | Message], ...]:
    table = record.figures.get("labels")
    return table.rows if isinstance(table, Table) else ()


def _groupings(record: Record) -> Iterator[tuple[GroupMetrics, Grouping, tuple[GroupRow, ...]]]:
    for name in sorted(record.figures):
        figure = record.figures[name]
        if not isinstance(figure, GroupMetrics):
            continue
        for grouping in figure.groupings:
            found = {(one.group, one.metric): one for one in grouping.estimates}
            rows = (
                GroupRow(
                    name=" × ".join(size.group),
                    rows=size.rows,
                    rate=found.get((size.group, "selection_rate")),
                    accuracy=found.get((size.group, "accuracy")),
                )
                for size in grouping.groups[:_MAX_GROUPS]
            )
            yield figure, grouping, tuple(rows)


def _line(text: str) -> str:
    return shorten(text, _LINE)


def _environment(record: Record, translate: Translate, numbers: Numbers) -> Environment:
    environment = Environment(
        loader=PackageLoader("llmops_audit.templates", ""),
        # It is Markdown: every printed text passes `_finalize`, which knows what to escape there.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    scopes = Scopes(record, translate)

    def say(text: Message) -> str:
        return i18n.render(text, translate)

    # The catalogue's sentences are found by the name `_`.
    def _(text: str, **values: Scalar) -> str:
        return say(message(text, **values))

    # Functions, not macros: what a macro returns would be escaped twice.
    def stated(text: str | None) -> str:
        return _("Not stated.") if text is None else text

    def range_of(low: float | None, high: float | None, written: Callable[[float], str] = numbers.number) -> str:
        if low is None and high is None:
            return i18n.NOTHING
        ends = [_("no bound") if end is None else written(end) for end in (low, high)]
        return _("{low} to {high}", low=ends[0], high=ends[1])

    environment.globals.update(
        _=_,
        say=say,
        numbers=numbers,
        nothing=i18n.NOTHING,
        stated=stated,
        range_of=range_of,
        subject_name=subject_name(record, translate),
    )
    environment.filters.update(
        word=lambda key: translate.word(str(key)),
        capital=lambda text: text[:1].upper() + text[1:],
        code=_code,
        labels=lambda counts: _labels(counts, numbers),
        title=lambda finding: _title(finding, scopes, translate),
    )
    return environment


def _finalize(value: object) -> object:
    return value if isinstance(value, Markup) else _escaped(value) if isinstance(value, str) else value


def _escaped(text: str) -> str:
    """Return a text on one line that Markdown and HTML show as it is, anywhere in a paragraph or table."""
    line = " ".join(clean(text).split())
    line = _SPECIAL.sub(r"\\\1", line)
    for character, entity in _ENTITIES.items():
        line = line.replace(character, entity)
    return _AT_START.sub(r"\1\\\2", line)


def _code(text: str) -> Markup:
    # A code span ends at a backtick of the text: only a text without any becomes a code span.
    return Markup(f"`{text}`" if _PLAIN.match(text) else _escaped(text))  # noqa: S704 - plain or escaped


def _labels(counts: Iterable[LabelCount], numbers: Numbers) -> str:
    given = tuple(counts)
    shown = sorted(given, key=lambda one: -one.rows)[:_MAX_LABELS] if len(given) > _MAX_LABELS else given
    texts = [f"{one.value}: {numbers.count(one.rows)}" for one in shown]
    return "; ".join(texts + (["…"] if len(shown) < len(given) else []))


def _title(finding: Finding, scopes: Scopes, translate: Translate) -> str:
    name = translate.word(finding.metric)
    scope = scopes.described(finding)
    title = message("{name} ({scope})", name=name, scope=translate(i18n.SEPARATOR.id).join(scope))
    return i18n.render(title, translate) if scope else name
