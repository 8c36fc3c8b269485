"""A finding as the report refers to it: with its check, and where the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_audit.record import CheckResult, Finding

__all__ = ["Judged"]


@dataclass(frozen=True)
class Judged:
    """A finding with its check and the anchor in the page of what shows it: its requirement, or the finding alone."""

    finding: Finding
    check: CheckResult
    anchor: str
