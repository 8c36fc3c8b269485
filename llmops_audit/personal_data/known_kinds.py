"""The catalogue: every kind of personal data that is looked for, in the order in which kinds win a place."""

from __future__ import annotations

import importlib
import importlib.util

from llmops_audit.personal_data.kinds import Kind

__all__ = ["KINDS"]

_NAMES = ("secrets", "contact", "finance", "china", "americas", "europe", "asia_pacific", "network", "records")
_AREAS = [
    importlib.import_module(f"llmops_audit.personal_data.recognisers.{name}")
    for name in _NAMES
    if importlib.util.find_spec(f"llmops_audit.personal_data.recognisers.{name}")
]
KINDS: dict[str, Kind] = {kind.name: kind for area in _AREAS for kind in getattr(area, "KINDS", ())}
"""Kinds by name. Among equally sure finds at one place the kind that stands first wins, see `finder`."""
