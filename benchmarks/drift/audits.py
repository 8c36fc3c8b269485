"""Run the drift check on drawn rows, by the code that a real audit runs, and Evidently's own rule on the same rows."""

from __future__ import annotations

import sys
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

import joblib
import numpy as np

from llmops_audit.check.registry import provided
from llmops_audit.record import Finding
from llmops_audit.record.drift_figure import Drift
from llmops_audit.testing import run

from .world import Drawn, World, drawn, evidence, values

SEED = 20_260_301


@dataclass(frozen=True)
class FindingSummary:
    """One finding: the kind of its column, and its result.

    Attributes
    ----------
    column, kind : str
        The kind is "rows" for whole rows.
    feature : str
        "values" where the values of the column were compared.
    p_value : float
    verdict : str
    """

    column: str
    kind: str
    feature: str
    p_value: float
    verdict: str


@dataclass(frozen=True)
class Audit:
    """The findings on one pair of samples, and how many columns Evidently's own rule says have drifted."""

    findings: tuple[FindingSummary, ...]
    flagged: int | None = None

    def columns(self, verdict: str) -> set[str]:
        """Return the columns of which a finding has this verdict."""
        return {one.column for one in self.findings if one.verdict == verdict}

    @property
    def failed(self) -> bool:
        """Whether the whole check fails."""
        return bool(self.columns("failed"))

    @property
    def reported(self) -> bool:
        """Whether the whole check found something that may be chance."""
        return not self.failed and bool(self.columns("found"))


def audit(world: World, number: int, beside: bool) -> Audit:
    """Draw samples and compare them; and apply Evidently's rule, if requested."""
    draws, own = np.random.SeedSequence([SEED, zlib.crc32(world.name.encode()), number]).spawn(2)
    samples = drawn(world, np.random.default_rng(draws))
    given = evidence(world, samples, int(own.generate_state(1)[0]))
    kinds = dict(zip(samples.tables[0].column_names, samples.kinds, strict=True))
    produced = run(provided()["drift"].check, given)
    raw = {
        (one.column, one.feature): one.p_value for item in produced if isinstance(item, Drift) for one in item.shifts
    }
    findings = [
        FindingSummary(
            finding.scope["column"],
            kinds.get(finding.scope["column"], "rows"),
            finding.scope.get("feature", "values"),
            raw[finding.scope["column"], finding.scope.get("feature")],
            finding.verdict.value,
        )
        for finding in produced
        if isinstance(finding, Finding) and finding.requirement is not None
    ]
    return Audit(tuple(findings), flagged(samples) if beside else None)


def flagged(samples: Drawn) -> int:
    """Return how many columns drift by the test and the threshold that Evidently chooses by itself."""
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    found = 0
    for old, new, numeric in values(samples):
        kind = ColumnType.Numerical if numeric else ColumnType.Categorical
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found += bool(get_stattest(old, new, kind, None)(old, new, kind, None).drifted)
    return found


def simulate(worlds: Mapping[World, int], jobs: int, *, beside: bool) -> dict[World, list[Audit]]:
    """Audit each world as often as it says.

    Parameters
    ----------
    worlds : mapping of World to int
        Runs of each.
    jobs : int
        Processes; the numbers do not depend on it.
    beside : bool
        Whether to apply Evidently's rule as well.
    """
    # Large ones first, so that no process waits for the last of them.
    largest = sorted(worlds, key=lambda world: -(world.reference + world.current) * world.columns)
    orders = [(world, number) for world in largest for number in range(worlds[world])]
    started = perf_counter()
    found: dict[World, list[Audit]] = {world: [] for world in worlds}
    tasks = (joblib.delayed(audit)(world, number, beside) for world, number in orders)
    for (world, _), one in zip(orders, joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks), strict=True):
        found[world].append(one)
        if len(found[world]) == worlds[world]:
            print(f"{perf_counter() - started:7.0f} s  {world.name}", file=sys.stderr)
    return found
