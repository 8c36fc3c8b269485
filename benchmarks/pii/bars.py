"""What was measured, and the bars that it is judged by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .audits import AuditTime
from .quality import Alarms, Chinese, InContext, Random, Sentences, total
from .speed import FINDER, PLAIN, PRESIDIO, ColumnTime, Throughput

TIMES_PRESIDIO = 300.0
TIMES_PLAIN = 20.0
CELLS_A_SECOND = 100_000.0
LEAST_F1 = 0.97
LEAST_PRECISION = 0.98
LEAST_CHINESE_F1 = 0.99
MOST_RANDOM = 1e-4
MOST_ALARMS = 1e-3
MOST_SHARE = 0.1


@dataclass(frozen=True)
class Study:
    """What was measured; None what was left out.

    Attributes
    ----------
    throughput : Throughput, optional
    tables : sequence of ColumnTime, optional
    sentences : Sentences, optional
    in_context : sequence of InContext, optional
    random : sequence of Random, optional
    chinese : Chinese, optional
    alarms : dict of str to Alarms, optional
        By corpus.
    audit : AuditTime, optional
    """

    throughput: Throughput | None = None
    tables: Sequence[ColumnTime] | None = None
    sentences: Sentences | None = None
    in_context: Sequence[InContext] | None = None
    random: Sequence[Random] | None = None
    chinese: Chinese | None = None
    alarms: Mapping[str, Alarms] | None = None
    audit: AuditTime | None = None


@dataclass(frozen=True)
class Bar:
    """A measure beside its bar.

    Attributes
    ----------
    measure, bar, measured : str
    met : bool, optional
        None where it was not measured.
    """

    measure: str
    bar: str
    measured: str = "not measured this time"
    met: bool | None = None


def bars(study: Study) -> list[Bar]:
    """Return every bar, in the page's order; a measure that was left out has its row all the same."""
    return [
        _against(study.throughput, PRESIDIO, TIMES_PRESIDIO),
        _against(study.throughput, PLAIN, TIMES_PLAIN),
        _same_hits(study.throughput),
        _cells(study.tables),
        _phones(study.tables),
        *_sentences(study.sentences),
        _in_context(study),
        _random(study.random),
        _chinese(study.chinese),
        _alarms(study.alarms),
        _audit(study.audit),
    ]


def times(throughput: Throughput, side: str) -> float:
    """Return how many times as many texts a second the finder takes as a side."""
    return throughput.sides[FINDER].rate / throughput.sides[side].rate


def _against(measured: Throughput | None, side: str, least: float) -> Bar:
    measure, bar = f"short texts a second, against {side}", f"at least {least:.0f} times"
    if measured is None or side not in measured.sides:
        return Bar(measure, bar)
    ratio = times(measured, side)
    return Bar(measure, bar, f"{ratio:,.0f} times" if ratio >= least else f"{ratio:,.1f} times", ratio >= least)


def _same_hits(measured: Throughput | None) -> Bar:
    measure, bar = "hits that differ from those of the plain loop", "in no text"
    if measured is None or measured.differing is None:
        return Bar(measure, bar)
    return Bar(measure, bar, f"in {measured.differing:,} of {measured.sides[PLAIN].rows:,}", not measured.differing)


def all_cells(tables: Sequence[ColumnTime]) -> float:
    """Return the cells a second over all columns."""
    return sum(one.timed.rows for one in tables) / sum(one.timed.rows / one.timed.rate for one in tables)


def _cells(tables: Sequence[ColumnTime] | None) -> Bar:
    measure, bar = "cells a second, columns of distinct values", f"at least {CELLS_A_SECOND:,.0f}"
    if not tables:
        return Bar(measure, bar)
    slowest = min(tables, key=lambda one: one.timed.rate)
    said = f"{all_cells(tables):,.0f} over all, {slowest.timed.rate:,.0f} of the slowest ({slowest.name})"
    return Bar(measure, bar, said, all_cells(tables) >= CELLS_A_SECOND)


def _phones(tables: Sequence[ColumnTime] | None) -> Bar:
    measure, bar = "cells of numeric columns that are called a telephone number", "none"
    if not tables:
        return Bar(measure, bar)
    numeric = [one for one in tables if one.numeric]
    phones = sum(one.phones for one in numeric)
    return Bar(measure, bar, f"{phones:,} of {sum(one.timed.rows for one in numeric):,}", not phones)


def _sentences(measured: Sentences | None) -> Iterator[Bar]:
    score = None if measured is None else total(measured.ours)
    for name, least in (("F1", LEAST_F1), ("precision", LEAST_PRECISION)):
        measure, bar = f"structured kinds in annotated sentences, micro {name}", f"at least {least}"
        if score is None:
            yield Bar(measure, bar)
        else:
            value = score.f1 if name == "F1" else score.precision
            yield Bar(measure, bar, f"{value:.3f}", value >= least)


def _in_context(study: Study) -> Bar:
    measure, bar = "valid numbers of every kind with a checksum, in context", "100% found"
    if not study.in_context:
        return Bar(measure, bar)
    drawn, found = (sum(getattr(one, name) for one in study.in_context) for name in ("drawn", "found"))
    said = f"{found:,} of {drawn:,}, of {len(study.in_context)} kinds"
    return Bar(measure, bar, said, found == drawn)


def _random(measured: Sequence[Random] | None) -> Bar:
    measure = "random digit strings taken for something, worst length and place"
    bar = "at most 1 in 10,000"
    if not measured:
        return Bar(measure, bar)
    worst, length = max((max(one.alone, one.in_prose) / one.drawn, one.length) for one in measured)
    said = f"{10_000 * worst:.1f} in 10,000" + (f" ({length} digits)" if worst else "")
    return Bar(measure, bar, said, worst <= MOST_RANDOM)


def _chinese(measured: Chinese | None) -> Bar:
    measure, bar = "Chinese kinds in drawn sentences, micro F1", f"at least {LEAST_CHINESE_F1}"
    if measured is None:
        return Bar(measure, bar)
    f1 = total(measured.scores).f1
    return Bar(measure, bar, f"{f1:.4f}", f1 >= LEAST_CHINESE_F1)


def _alarms(measured: Mapping[str, Alarms] | None) -> Bar:
    measure, bar = "false alarms on texts without personal data, worst corpus", f"at most {MOST_ALARMS:.1%} of rows"
    if not measured:
        return Bar(measure, bar)
    share, corpus = max((one.flagged / one.rows, corpus) for corpus, one in measured.items())
    said = f"{share:.3%}" + (f" ({corpus})" if share else "") + f", of {len(measured)} corpora"
    return Bar(measure, bar, said, share <= MOST_ALARMS)


def _audit(measured: AuditTime | None) -> Bar:
    measure, bar = "share of the million-row audit spent in pii", f"at most {MOST_SHARE:.0%}"
    if measured is None:
        return Bar(measure, bar)
    return Bar(measure, bar, f"{measured.share:.1%}", measured.share <= MOST_SHARE)
