"""Run audits of simulated rows, by the code that a real audit runs, and count what they decide."""

from __future__ import annotations

import hashlib
import json
import math
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol
from unittest import mock

import joblib
import numpy as np

from llmops_audit import stats
from llmops_audit.analysis import performance
from llmops_audit.analysis.fairness import disparities, grouping, rates
from llmops_audit.audit import gate
from llmops_audit.audit.runner import run_check, with_own_figures
from llmops_audit.check import evidence_names
from llmops_audit.check.family import decided
from llmops_audit.check.inputs import Policy
from llmops_audit.check.registry import Enabled, enabled
from llmops_audit.check.subject import QueriedSubject
from llmops_audit.record import CheckResult, JudgedRequirement, Status, SubjectInfo, Table, Verdict, message
from llmops_audit.spec import GateSection, ParsedSpec

from .world import World, evidence, task

SEED = 20_240_613
TABLES = ("metric_table", "label_table", "baseline_table", "gap_table")

UNDECIDED = (Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE)
REQUIREMENTS = "(requirements)"
"""Key of the number of requirements that are corrected together, among the values."""

SUBJECT = QueriedSubject(SubjectInfo(kind="simulated", description="simulated", parameters={}))
Settings = Mapping[str, Mapping[str, Any]]


class AnyCell(Protocol):
    """One line of a table: what is audited, by which checks, and how often.

    The name seeds the draws, so that a cell gives the same numbers whatever other cells there are.
    """

    @property
    def name(self) -> str:
        """What seeds the draws."""

    @property
    def runs(self) -> int:
        """Number of audits."""

    @property
    def chunk(self) -> int:
        """Audits that one process does at a time; each chunk has its own seed, so that processes have no bearing."""

    def auditor(self) -> Callable[[np.random.Generator], Counts]:
        """Return what draws and audits once."""

    def shortcuts(self) -> AbstractContextManager[None]:
        """Leave out what takes time and decides nothing."""


@dataclass(frozen=True)
class Cell:
    """Audits of a world whose evidence is drawn as such: no rows are read and nothing is trained."""

    name: str
    world: World
    checks: Settings
    runs: int
    chunk: int = 50

    def auditor(self) -> Callable[[np.random.Generator], Counts]:
        """Return what draws and audits once."""
        return partial(audit, self, *prepared(self.checks))

    def shortcuts(self) -> AbstractContextManager[None]:
        """Leave out what takes time and decides nothing."""
        return shortcuts()


@dataclass(frozen=True)
class Counts:
    """What the audits of a cell decided.

    Attributes
    ----------
    runs : int
    status : Counter
        Audits by the gate's decision.
    failed : Counter
        Audits in which a check failed, by its name, and in which a requirement failed, by check and metric.
    undecided : Counter
        Audits in which a check asked for review, or found nothing to judge, by its name.
    intervals : Counter
        Number of bounded intervals, by the id of the requirement or finding.
    values, squares, widths : Counter
        Sums, over these, of the values, of their squares and of half the widths; among the values the number of
        requirements as well.
    """

    runs: int = 0
    status: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)
    intervals: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    squares: Counter[str] = field(default_factory=Counter)
    widths: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.runs + other.runs,
            **{name: _sum(getattr(self, name), getattr(other, name)) for name in vars(self) if name != "runs"},
        )

    def mean(self, finding: str) -> float:
        """Return the mean value of a requirement or finding; NaN where it never had a bounded interval."""
        return self._mean(self.values, finding)

    def half_width(self, finding: str) -> float:
        """Return the mean of half the width of its interval."""
        return self._mean(self.widths, finding)

    def deviation(self, finding: str) -> float:
        """Return the standard deviation of its value between audits; NaN where there are fewer than two."""
        n = self.intervals[finding]
        if n < 2:
            return float("nan")
        return math.sqrt(max(self._mean(self.squares, finding) - self.mean(finding) ** 2, 0.0) * n / (n - 1))

    def _mean(self, sums: Counter[str], finding: str) -> float:
        n = self.intervals[finding]
        return sums[finding] / n if n else float("nan")


def _sum(one: Counter[str], other: Counter[str]) -> Counter[str]:
    # Adding counters with + would lose sums that are not above zero.
    total = Counter(one)
    total.update(other)
    return total


@contextmanager
def shortcuts() -> Iterator[None]:
    """Leave out what takes time and decides nothing.

    Rates of groups are taken from the counts instead of from Fairlearn: the same numbers, some ten times faster.
    Tables of the accuracy and fairness checks that only the report shows stay empty.
    """
    with ExitStack() as patched:
        patched.enter_context(mock.patch.object(rates, "fairlearn_values", values_from_counts))
        patched.enter_context(mock.patch.object(grouping, "figure", partial(_empty_table, "groups")))
        patched.enter_context(mock.patch.object(disparities, "disparity_table", partial(_empty_table, "gaps")))
        for name in TABLES:
            patched.enter_context(mock.patch.object(performance, name, partial(_empty_table, name)))
        yield


def _empty_table(name: str, *_: object) -> Table:
    return Table(name=name, caption=message("Left out"), columns=(), rows=())


def values_from_counts(parts: Mapping[Any, Any], task: Any, targets: Any) -> dict[Any, dict[Any, float]]:
    """Return what `rates.fairlearn_values` does, without Fairlearn."""
    values: dict[Any, dict[Any, float]] = {}
    for group, part in parts.items():
        table = part.table(task.labels, unlabelled=True)
        # scikit-learn says 0 where it is undefined.
        values[group] = {("mcc", None): float(np.nan_to_num(stats.matthews(table.counts[: len(task.labels)])))}
        for metric in rates.computed(task):
            for key in targets.keys(metric) if metric.cells is not None and metric.library is not None else ():
                hits, trials = rates.share_of_rows(metric, key[1], table, task)
                share = hits / trials if trials else 0.0
                values[group][key] = share if metric.from_share is None else metric.from_share(share)
    return values


def prepared(settings: Settings) -> tuple[ParsedSpec, dict[str, Enabled]]:
    """Enable checks as a spec with these sections would.

    Raises
    ------
    ValueError
        Where there is no such check, or a setting is wrong.
    """
    draft = ParsedSpec("audit.toml", Path(), {"checks": settings}, "", {}, None, ())
    checks, problems = enabled(draft)
    if problems:
        raise ValueError("; ".join(map(str, problems)))
    return draft, checks


def audit(cell: Cell, draft: ParsedSpec, checks: Mapping[str, Enabled], rng: np.random.Generator) -> Counts:
    """Draw rows and audit them once.

    Raises
    ------
    RuntimeError
        Where a check crashes: that is neither a rejection nor none.
    """
    named = {name for one in checks.values() for name in one.check.inputs}
    policy = GateSection().policy()
    inputs = {
        **evidence(cell.world, sorted(named & set(evidence_names())), rng),
        "baseline": None,
        "importance": None,
        "policy": Policy(confidence=policy.confidence, decide=policy.decide),
        "seen_rows": {},
        "subject": SUBJECT,
        "task": task(cell.world, int(rng.integers(2**32))),
    }
    outcomes = [run_check(one, inputs, draft, None) for one in checks.values()]
    results = [result for result, _ in with_own_figures(outcomes, ["confusion_matrix"])]
    for result in results:
        if result.verdict is Verdict.ERROR:
            raise RuntimeError(f"{cell.name}: {result.name}: {result.reason}")
    after, requirements = decided(results, policy.confidence)
    return counted(after, requirements, gate.decide(after, policy).status)


def counted(results: Sequence[CheckResult], requirements: Sequence[JudgedRequirement], status: Status) -> Counts:
    """Return the counts of one audit."""
    failed = Counter(result.name for result in results if result.verdict is Verdict.FAILED)
    undecided = Counter(result.name for result in results if result.verdict in UNDECIDED)
    intervals: Counter[str] = Counter()
    values: Counter[str] = Counter()
    squares: Counter[str] = Counter()
    widths: Counter[str] = Counter()
    for result in results:
        bad = {finding.metric for finding in result.findings if finding.verdict is Verdict.FAILED}
        failed.update(f"{result.name}.{metric}" for metric in bad)
    findings = {finding.id: finding for result in results for finding in result.findings}
    # A requirement of one finding has its id.
    for one in (findings | {requirement.id: requirement for requirement in requirements}).values():
        low, high = one.interval or (None, None)
        if one.value is not None and low is not None and high is not None:
            intervals[one.id] += 1
            # A counter takes any number.
            values[one.id] += one.value  # type: ignore[assignment]
            squares[one.id] += one.value**2  # type: ignore[assignment]
            widths[one.id] += (high - low) / 2  # type: ignore[assignment]
    intervals[REQUIREMENTS] = 1
    values[REQUIREMENTS] = sum(one.rank is not None and one.gate != "report" for one in requirements)
    return Counts(1, Counter([status.value]), failed, undecided, intervals, values, squares, widths)


def chunk(cell: AnyCell, number: int) -> Counts:
    """Run one chunk of a cell's audits."""
    one = cell.auditor()
    runs = min(cell.chunk, cell.runs - number * cell.chunk)
    seeds = np.random.SeedSequence([SEED, zlib.crc32(cell.name.encode()), number]).spawn(runs)
    total = Counts()
    with cell.shortcuts():
        for seed in seeds:
            total += one(np.random.default_rng(seed))
    return total


def simulate(cells: Sequence[AnyCell], jobs: int = 1, kept: Path | None = None) -> dict[str, Counts]:
    """Simulate cells.

    Parameters
    ----------
    cells : sequence of AnyCell
        Of distinct names.
    jobs : int
        Processes; the numbers do not depend on it.
    kept : Path, optional
        Folder in which finished chunks are kept, so that an interrupted simulation can go on; one for each state of
        the code.

    Returns
    -------
    dict
        Cell's name to counts.
    """
    orders = [(cell, number) for cell in cells for number in range(_chunks(cell))]
    started = perf_counter()
    done: dict[tuple[str, int], Counts] = {}
    tasks = (joblib.delayed(_remembered)(cell, number, kept) for cell, number in orders)
    found = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
    for (cell, number), counts in zip(orders, found, strict=True):
        done[cell.name, number] = counts
        if number + 1 == _chunks(cell):
            print(f"{perf_counter() - started:7.0f} s  {len(done)}/{len(orders)}  {cell.name}", file=sys.stderr)
    return {cell.name: sum((done[cell.name, number] for number in range(_chunks(cell))), Counts()) for cell in cells}


def _chunks(cell: AnyCell) -> int:
    return -(-cell.runs // cell.chunk)


def _remembered(cell: AnyCell, number: int, kept: Path | None) -> Counts:
    if kept is None:
        return chunk(cell, number)
    file = kept / f"{hashlib.sha256(repr((cell, number)).encode()).hexdigest()[:24]}.json"
    if not file.exists():
        content = json.dumps(vars(chunk(cell, number)))
        kept.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    values = json.loads(file.read_text(encoding="utf-8"))
    return Counts(values.pop("runs"), **{name: Counter(counts) for name, counts in values.items()})
