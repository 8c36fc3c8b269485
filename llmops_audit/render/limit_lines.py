"""What a requirement's limit is compared with, line by line: groups, pairs, columns or labels. No language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from llmops_audit.record import Finding, JudgedRequirement, Message, Op, Record, Scalar, Table, Verdict
from llmops_audit.record.figures import Gap, Grouping, GroupMetrics
from llmops_audit.render.groups_view import against, inverted

__all__ = ["LimitLine", "State", "is_share", "limit_lines", "misses", "own_names"]

State = Literal["met", "missed", "open", "unjudged", "reference"]

_STATES: dict[Verdict, State] = {
    Verdict.PASSED: "met", Verdict.FAILED: "missed", Verdict.INCONCLUSIVE: "open", Verdict.FOUND: "open",
}  # fmt: skip

_SHARES = frozenset(
    {
        "accuracy", "balanced_accuracy", "precision", "recall", "macro_precision", "macro_recall", "sensitivity",
        "specificity", "error_rates_difference", "equalized_odds_difference", "demographic_parity_difference",
        "demographic_parity_ratio", "invalid_outputs", "live_loss", "consistency",
    }
)  # fmt: skip
_SHARE_ENDS = ("_rate", "_rate_ratio", "_rate_difference", "_accuracy")

_PARTS = {"error_rates_difference": ("true_positive_rate", "false_positive_rate")}
"""Metrics whose largest difference has a name of its own."""

_OF_ERRORS = frozenset({"false_positive_rate", "false_negative_rate"})
"""More of these is worse, so that the lower rate always stands above the higher one."""

_PAIRS = {"flip_rate": ("rate", "low", "high"), "score_shift": ("shift", "shift_low", "shift_high")}
"""Columns of tables of pairs with the values of a requirement, and with the ends of their intervals."""


@dataclass(frozen=True)
class LimitLine:
    """A value beside its limit.

    Attributes
    ----------
    names : tuple of (str, str)
        Keys of a scope with their values: what tells the line from the others.
    between : str
        What stands between two names.
    further : tuple of (str, str)
        What else tells it from others, such as the metric of a part of the limit.
    limit : float
    value, low, high : float, optional
        A null value is undefined; a null end is unbounded, or there is no interval.
    has_interval : bool
    state : {"met", "missed", "open", "unjudged", "reference"}
        Unjudged: it has too few rows, or is only described; reference: the others are compared with it.
    n : float, optional
        Rows.
    rate : float, optional
        Of a ratio, the rate of the group itself.
    inverse : bool
        Whether the ratio is that of the comparator to the group, whose rate is the higher one.
    finding : Finding, optional
        The finding that the line is; null where the line comes from a figure.
    """

    names: tuple[tuple[str, str], ...]
    limit: float
    value: float | None
    low: float | None = None
    high: float | None = None
    has_interval: bool = False
    state: State = "unjudged"
    n: float | None = None
    rate: float | None = None
    between: str = " · "
    further: tuple[tuple[str, str], ...] = ()
    inverse: bool = False
    finding: Finding | None = None


def is_share(metric: str) -> bool:
    """Whether a metric is a share of rows, or compares such shares, and is written as percent."""
    return metric in _SHARES or metric.endswith(_SHARE_ENDS)


def misses(value: float, op: Op, limit: float) -> bool:
    """Whether a value by itself misses a limit."""
    met = {Op.AT_LEAST: value >= limit, Op.AT_MOST: value <= limit, Op.ABOVE: value > limit, Op.BELOW: value < limit}
    return not met[op]


def limit_lines(
    record: Record, required: JudgedRequirement, decides: Finding | None, findings: Sequence[Finding]
) -> tuple[LimitLine, ...]:
    """Return everything that a requirement's limit was compared with, the worst first.

    Parameters
    ----------
    record : Record
    required : JudgedRequirement
    decides : Finding, optional
        The finding whose value the requirement has.
    findings : sequence of Finding
        Its findings, and those that are only described.

    Returns
    -------
    tuple of LimitLine
        A requirement with a single finding is that of its worst group or pair: the lines then come from the figure or
        the table with all of them, where the record holds it.
    """
    lines: list[LimitLine] = []
    if decides is not None and len(findings) == 1:
        lines = [*_of_groups(record, required, decides)] or [*_of_table(record, required, decides)]
    if not lines:
        names = own_names(findings)
        lines = [_of_finding(one, required, names[place]) for place, one in enumerate(findings)]
    return tuple(sorted(lines, key=lambda line: _badness(line, required.op)))


def own_names(findings: Sequence[Finding]) -> list[tuple[tuple[str, str], ...]]:
    """Return for each finding what of its scope tells it from the others; of one finding alone, its metric."""
    if len(findings) == 1:
        return [(("metric", findings[0].metric),)]
    shared = set.intersection(*(set(one.scope.items()) for one in findings)) if findings else set()
    names = [tuple(item for item in one.scope.items() if item not in shared) for one in findings]
    if len(set(names)) == len(names):
        return [name or (("metric", one.metric),) for name, one in zip(names, findings, strict=True)]
    return [(("metric", one.metric), *name) for name, one in zip(names, findings, strict=True)]


def _badness(line: LimitLine, op: Op) -> tuple[bool, bool, float]:
    """Judged lines first, the worst of them on top; what has no value stands last."""
    value = 0.0 if line.value is None else line.value - line.limit
    worse = value if op in (Op.AT_LEAST, Op.ABOVE) else -value
    return line.state == "unjudged", line.value is None, worse


def _of_finding(finding: Finding, required: JudgedRequirement, names: tuple[tuple[str, str], ...]) -> LimitLine:
    low, high = finding.interval or (None, None)
    limit = required.limit if finding.requirement is None else finding.requirement.limit
    return LimitLine(
        names=names,
        limit=limit,
        value=finding.value,
        low=low,
        high=high,
        has_interval=finding.interval is not None,
        state="unjudged" if finding.requirement is None else _STATES.get(finding.verdict, "unjudged"),
        n=finding.n,
        finding=finding,
    )


def _of_groups(record: Record, required: JudgedRequirement, decides: Finding) -> Iterator[LimitLine]:
    """Yield the groups, or pairs of groups, of the attribute that a requirement is about."""
    about = decides.requirement.about if decides.requirement is not None else ""
    for figure in record.figures.values():
        if isinstance(figure, GroupMetrics) and figure.split == decides.scope.get("split", "test"):
            for grouping in figure.groupings:
                if grouping.attributes == (about,) and "group" in decides.details:
                    yield from _of_grouping(figure, grouping, required, decides)


def _of_grouping(
    figure: GroupMetrics, grouping: Grouping, required: JudgedRequirement, decides: Finding
) -> Iterator[LimitLine]:
    metric, label, other = (decides.details.get(key) for key in ("rate", "label", "compared_with"))
    if other is None:
        yield from _minima(grouping, required, decides.metric, label)
    elif required.op is Op.AT_LEAST:
        yield from _ratios(grouping, required, str(metric), label, str(other))
    else:
        one_label = figure.positive is not None or figure.favourable is not None
        yield from _differences(grouping, required, decides, label if one_label else None)


def _minima(
    grouping: Grouping, required: JudgedRequirement, metric: str, label: Scalar | tuple[Scalar, ...]
) -> Iterator[LimitLine]:
    sizes = {size.group: size for size in grouping.groups}
    for one in grouping.estimates:
        if (one.metric, one.of) == (metric, label):
            size = sizes.get(one.group)
            yield _measured(
                _named(grouping, one.group), required, one.value, one.low, one.high,
                rows=one.n if size is None else size.rows, judged=size is not None and size.judged,
            )  # fmt: skip


def _ratios(
    grouping: Grouping, required: JudgedRequirement, metric: str, label: Scalar | tuple[Scalar, ...], other: str
) -> Iterator[LimitLine]:
    pairs = {(gap.group, gap.compared_with): gap for gap in grouping.gaps if (gap.metric, gap.of) == (metric, label)}
    rates = {one.group: one for one in grouping.estimates if (one.metric, one.of) == (metric, label)}
    for size in grouping.groups:
        names, rate = _named(grouping, size.group), rates.get(size.group)
        own = None if rate is None else rate.value
        if size.group == (other,):
            yield LimitLine(names, required.limit, 1.0, state="reference", n=size.rows, rate=own)
            continue
        value, low, high = _ratio(pairs, size.group, (other,), errors=metric in _OF_ERRORS)
        # Beside a comparator that the spec names, the lower rate is divided by the higher one.
        inverse = grouping.reference and size.judged and value is not None and value > 1
        if inverse:
            value, low, high = inverted(value), inverted(high), inverted(low)
        line = _measured(names, required, value, low, high, rows=size.rows, judged=size.judged, rate=own)
        yield replace(line, inverse=inverse)


def _ratio(
    pairs: Mapping[tuple[tuple[str, ...], tuple[str, ...]], Gap],
    group: tuple[str, ...],
    other: tuple[str, ...],
    *,
    errors: bool,
) -> tuple[float | None, float | None, float | None]:
    if errors:
        gap = pairs.get((group, other)) or pairs.get((other, group))
        return (None, None, None) if gap is None else (gap.ratio, gap.ratio_low, gap.ratio_high)
    return against(pairs, group, other)


def _differences(
    grouping: Grouping, required: JudgedRequirement, decides: Finding, label: Scalar | tuple[Scalar, ...]
) -> Iterator[LimitLine]:
    # Where every output is a label, gaps of the true negative rate are those of the false positive rate again.
    metrics = tuple(dict.fromkeys((*_PARTS.get(decides.metric, ()), str(decides.details.get("rate")))))
    rows = {size.group: size.rows for size in grouping.groups}
    for gap in grouping.gaps:
        if gap.metric not in metrics or (label is not None and gap.of != label):
            continue
        further: tuple[tuple[str, str], ...] = (("metric", gap.metric),) if len(metrics) > 1 else ()
        further += (("label", str(gap.of)),) if label is None and gap.of is not None else ()
        yield _measured(
            (*_named(grouping, gap.group), *_named(grouping, gap.compared_with)), required,
            gap.difference, gap.low, gap.high,
            rows=rows.get(gap.group, 0) + rows.get(gap.compared_with, 0), judged=True, between=" – ", further=further,
        )  # fmt: skip


def _of_table(record: Record, required: JudgedRequirement, decides: Finding) -> Iterator[LimitLine]:
    """Yield the pairs of a table whose pairs a requirement is the worst of."""
    columns = _PAIRS.get(decides.metric)
    limited = decides.requirement
    if columns is None or limited is None:
        return
    settings = next((check.settings for check in record.checks if check.name == required.check), {})
    least = settings.get("min_rows")
    least = least if isinstance(least, int) else 0
    for table in record.figures.values():
        if not isinstance(table, Table) or not {"identity", "from", "to", *columns} <= {c.key for c in table.columns}:
            continue
        for row in table.rows:
            if row.get("identity") == limited.about:
                value, low, high = _turned(*(_float(row.get(key)) for key in columns))
                rows = _float(row.get("rows"))
                names = (("from", str(row.get("from"))), ("to", str(row.get("to"))))
                yield _measured(
                    names, required, value, low, high, rows=rows or 0, judged=(rows or 0) >= least, between=" → "
                )


def _turned(value: float | None, low: float | None, high: float | None) -> tuple[float | None, ...]:
    """Return a shift by its size, whichever direction it has."""
    if value is None or value >= 0:
        return value, low, high
    return -value, None if high is None else -high, None if low is None else -low


def _float(value: Scalar | Message) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _named(grouping: Grouping, group: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple(zip(grouping.attributes, group, strict=True))


def _measured(
    names: tuple[tuple[str, str], ...],
    required: JudgedRequirement,
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    rows: float,
    judged: bool,
    rate: float | None = None,
    between: str = " · ",
    further: tuple[tuple[str, str], ...] = (),
) -> LimitLine:
    state: State = "unjudged"
    if judged and value is not None:
        ends = [misses(end, required.op, required.limit) for end in (low, high) if end is not None]
        missed = misses(value, required.op, required.limit)
        state = "open" if any(end is not missed for end in ends) else "missed" if missed else "met"
    return LimitLine(
        names,
        required.limit,
        value,
        low,
        high,
        low is not None or high is not None,
        state,
        rows,
        rate,
        between,
        further,
    )
