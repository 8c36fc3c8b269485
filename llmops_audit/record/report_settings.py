"""How pages of a record are to be written: nothing here bears on the decision."""

from __future__ import annotations

from llmops_audit.record.base import Frozen

__all__ = ["ReportSettings"]


class ReportSettings(Frozen):
    """What the spec says of the pages."""

    roles: tuple[str, ...] = ()
    """Who signs the decision on the release; empty where the spec leaves it to owner and reviewer."""
