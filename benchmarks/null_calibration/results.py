"""What was simulated, part by part, as it is kept beside the code; the page is written from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from llmops_audit.record import Status
from llmops_audit.stats import clopper_pearson

from .cells import REQUIREMENTS, Counts

CONFIDENCE = 0.95


class Kind(StrEnum):
    """What is true in a world, and so what the gate should decide."""

    EDGE = "edge"
    """Nothing is wrong, and every limit that the spec sets is exactly the truth: to be rejected in 5 % at most."""
    GOOD = "good"
    """Nothing is wrong, and every limit that the spec sets is met by two half-widths or more: to be approved."""
    BAD = "bad"
    """A limit is missed by two half-widths, or by what the title says: to be rejected."""
    SHOWN = "shown"
    """Somewhere between, to show what it takes."""


@dataclass(frozen=True)
class Line:
    """A cell and what its audits decided.

    Attributes
    ----------
    title : str
    kind : Kind
    barred : bool
        Whether the bar of approvals, or of rejections, holds for it.
    runs : int
    status : mapping of str to int
        Audits by the gate's decision.
    failed, undecided : mapping of str to int
        Audits in which a check failed, or asked for review, by check.
    requirements : float
        Mean number of requirements that were corrected together.
    """

    title: str
    kind: Kind
    barred: bool
    runs: int
    status: Mapping[str, int]
    failed: Mapping[str, int]
    undecided: Mapping[str, int]
    requirements: float

    @classmethod
    def of(cls, title: str, kind: Kind, barred: bool, counts: Counts) -> Line:
        """Return the line of a cell."""
        failed = {name: n for name, n in counts.failed.items() if "." not in name}
        mean = round(counts.values[REQUIREMENTS] / counts.runs, 1) if counts.runs else 0.0
        return cls(title, kind, barred, counts.runs, dict(counts.status), failed, dict(counts.undecided), mean)

    def count(self, status: Status) -> int:
        """Return how many audits came to a decision; what found nothing to judge asks a person as well."""
        also = self.status.get(Status.NOT_JUDGED, 0) if status is Status.NEEDS_REVIEW else 0
        return self.status.get(status, 0) + also

    def share(self, status: Status) -> float:
        """Return their share."""
        return self.count(status) / self.runs

    def bounds(self, status: Status) -> tuple[float, float]:
        """Return the interval of that share."""
        return clopper_pearson(self.count(status), self.runs, CONFIDENCE)


@dataclass(frozen=True)
class PartResult:
    """What a part came to.

    Attributes
    ----------
    stamp : str
        Of the code that it shows.
    lines : tuple of Line
    """

    stamp: str
    lines: tuple[Line, ...]


def load(file: Path) -> dict[str, PartResult]:
    """Read results, by part; none where there is no file."""
    if not file.exists():
        return {}
    raw: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {name: PartResult(part["stamp"], tuple(map(_line, part["lines"]))) for name, part in raw.items()}


def save(file: Path, results: Mapping[str, PartResult]) -> None:
    """Write results."""
    raw = {
        name: {"stamp": result.stamp, "lines": [vars(line) for line in result.lines]}
        for name, result in sorted(results.items())
    }
    file.write_text(json.dumps(raw, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _line(raw: dict[str, Any]) -> Line:
    return Line(**{**raw, "kind": Kind(raw["kind"])})


def total(lines: Sequence[Line], kinds: Sequence[Kind], status: Status) -> tuple[int, int]:
    """Return how many audits of lines of some kinds came to a decision, and how many audits these are."""
    chosen = [line for line in lines if line.kind in kinds]
    return sum(line.count(status) for line in chosen), sum(line.runs for line in chosen)
