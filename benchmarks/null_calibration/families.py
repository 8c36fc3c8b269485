"""Power of the correction: one requirement of many is missed, under today's rule and under the one before it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from llmops_audit.audit import gate
from llmops_audit.check.family import decided
from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import combined, judged
from llmops_audit.record import CheckResult, Finding, Op, Page, Requirement, Status
from llmops_audit.spec import GateSection
from llmops_audit.stats import clopper_pearson

from .cells import Counts, counted

ROWS = 1_000
SHARE = 0.5
"""Where the interval is as wide on both sides."""
CHECKS = 4
"""That the requirements stand in; one of them, with the missed one, holds half of all."""
HALF_WIDTHS = 2.0
TODAY, BEFORE = "today", "before"


@dataclass(frozen=True)
class FamilyCell:
    """Requirements on shares of independent rows: all at their limits, or one missed and the others met.

    Attributes
    ----------
    name : str
        What seeds the draws.
    requirements : int
    missed : bool
        Whether one is missed by two half-widths, and all others are met by as much; else each limit is the truth.
    rule : str
        `TODAY`: the gate's own step. `BEFORE`: the error rate split over the checks, and within each over its
        requirements.
    runs : int
    chunk : int
    """

    name: str
    requirements: int
    missed: bool
    rule: str
    runs: int
    chunk: int = 500

    def auditor(self) -> Callable[[np.random.Generator], Counts]:
        """Return what draws and decides once."""
        return partial(audit, self)

    def shortcuts(self) -> AbstractContextManager[None]:
        """There are none."""
        return nullcontext()


def audit(cell: FamilyCell, rng: np.random.Generator) -> Counts:
    """Draw a share for each requirement and decide."""
    policy = GateSection().policy()
    hits = rng.binomial(ROWS, SHARE, size=cell.requirements).tolist()
    offset = HALF_WIDTHS * half_width() if cell.missed else 0.0
    limits = [SHARE + offset, *[SHARE - offset] * (cell.requirements - 1)]
    findings = [_finding(n, round(limit, 6)) for n, limit in zip(hits, limits, strict=True)]
    parts = _parts(cell.requirements)
    named = [
        finding.model_copy(update={"id": f"check {part}.share {i}", "metric": f"share {i}"})
        for i, (finding, part) in enumerate(zip(findings, parts, strict=True))
    ]
    results = [_result(f"check {part}", [f for f, of in zip(named, parts, strict=True) if of == part])
               for part in range(CHECKS)]  # fmt: skip
    if cell.rule == BEFORE:
        rejected = any(
            finding.p_value is not None and finding.p_value * CHECKS * len(result.findings) <= 1 - policy.confidence
            for result in results
            for finding in result.findings
        )
        after, requirements = decided(results, policy.confidence)
        found = counted(after, requirements, Status.REJECTED if rejected else Status.NEEDS_REVIEW)
    else:
        after, requirements = decided(results, policy.confidence)
        found = counted(after, requirements, gate.decide(after, policy).status)
    return Counts(1, found.status, values=found.values, intervals=found.intervals)


def half_width() -> float:
    """Return half the width of the interval of a requirement whose value is its mean."""
    low, high = clopper_pearson(round(SHARE * ROWS), ROWS, GateSection().confidence)
    return (high - low) / 2


def _parts(requirements: int) -> list[int]:
    half = requirements // 2
    return [0] * half + [1 + i % (CHECKS - 1) for i in range(requirements - half)]


@lru_cache(maxsize=10_000)
def _finding(hits: int, limit: float) -> Finding:
    policy = GateSection().policy()
    return judged(
        "share", hits / ROWS, Requirement(op=Op.AT_LEAST, limit=limit),
        Policy(confidence=policy.confidence, decide=policy.decide),
        bounds=lambda confidence: clopper_pearson(hits, ROWS, confidence), method="Clopper-Pearson", n=ROWS,
    )  # fmt: skip


def _result(name: str, findings: list[Finding]) -> CheckResult:
    verdict = combined(finding.verdict for finding in findings)
    return CheckResult(
        name=name, distribution="simulated", version="1", page=Page(title="", sections=()), settings={}, gate="block",
        verdict=verdict, reason=None, findings=tuple(findings),
    )  # fmt: skip


def cells(runs: int) -> list[tuple[str, FamilyCell]]:
    """Return titles and cells."""
    made = []
    for requirements in (12, 40):
        for missed in (True, False):
            for rule in (BEFORE, TODAY):
                what = "one is missed by two half-widths" if missed else "every limit is exactly the truth"
                said = "error rate split over the checks (before)" if rule == BEFORE else "one family, Holm (today)"
                name = f"{requirements} requirements, {what}: {said}"
                made.append((name, FamilyCell(name, requirements, missed, rule, runs)))
    return made
