"""Whole audits of worlds that look like users': from a spec and tables to the gate's decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import mock

import numpy as np

import llmops_audit.audit
from llmops_audit.analysis.drift import comparison
from llmops_audit.record import Verdict

from .cells import Counts, Settings, counted
from .users import MAKERS


@dataclass(frozen=True)
class UserCell:
    """Whole audits of a world of `MAKERS`: rows are read, a classifier is trained, and all named checks judge.

    Attributes
    ----------
    name : str
    maker : str
    options : mapping
        Of the maker.
    checks : mapping
        The spec's `[checks]`.
    runs : int
    chunk : int
    """

    name: str
    maker: str
    options: Mapping[str, Any]
    checks: Settings
    runs: int
    chunk: int = 10

    def auditor(self) -> Callable[[np.random.Generator], Counts]:
        """Return what draws and audits once."""
        return partial(audit, self)

    def shortcuts(self) -> AbstractContextManager[None]:
        """Leave out what takes time and decides nothing.

        The search for personal data runs in this process: starting another takes longer than these few rows. Metrics of
        live rows that only the report shows are not estimated.
        """
        return _shortcuts()


@contextmanager
def _shortcuts() -> Iterator[None]:
    with (
        mock.patch.object(llmops_audit.audit, "workers", _no_workers),
        mock.patch.object(comparison, "_estimates", _no_estimates),
    ):
        yield


def _no_estimates(*_: object) -> list[Any]:
    return []


@contextmanager
def _no_workers(*_: object) -> Iterator[dict[str, Any]]:
    yield {}


def audit(cell: UserCell, rng: np.random.Generator) -> Counts:
    """Draw rows and audit them once.

    Raises
    ------
    RuntimeError
        Where a check crashes: that is neither a rejection nor none.
    """
    drawn = MAKERS[cell.maker](rng, **cell.options)
    audit = {**drawn.spec["audit"], "seed": int(rng.integers(2**32))}
    spec = {**drawn.spec, "audit": audit, "checks": cell.checks}
    record = llmops_audit.audit.run(llmops_audit.audit.prepare(spec, drawn.data))
    for result in record.checks:
        if result.verdict is Verdict.ERROR:
            raise RuntimeError(f"{cell.name}: {result.name}: {result.reason}")
    return counted(record.checks, record.requirements, record.decision.status)
