"""Laws, standards and guides, and what each of their clauses demands.

The files ``*.toml`` beside this one are the collection, in words of our own; `llmops_audit.record.frameworks.reader`
says how they are read, and `llmops_audit.record.frameworks.paths` what a clause may point to. A record copies those
that its spec names, so that a report rendered years later shows the clauses as they were known on the day of the audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from llmops_audit.errors import AuditError
from llmops_audit.record.frameworks.reader import read
from llmops_audit.record.governance import Framework

__all__ = ["framework", "known", "names"]

_SUFFIX = ".toml"


@cache
def names() -> tuple[str, ...]:
    """Return the ids of all frameworks, sorted; no file is read."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX)))


@cache
def known() -> Mapping[str, Framework]:
    """Return all frameworks by id, sorted.

    Raises
    ------
    AuditError
        Where a file breaks the rules of the collection, or names a successor that is not in it.
    """
    found = {name: framework(name) for name in names()}
    for name, one in found.items():
        if one.superseded_by is not None and one.superseded_by not in found:
            raise AuditError(
                f"{name}{_SUFFIX}: superseded_by", "unknown framework", f"one of {', '.join(found)}", one.superseded_by
            )
    return MappingProxyType(found)


@cache
def framework(id: str) -> Framework:
    """Return a framework.

    Raises
    ------
    AuditError
        Where there is none of that id, or its file breaks the rules of the collection.
    """
    if id not in names():
        raise AuditError("frameworks", "unknown framework", f"one of {', '.join(names())}", repr(id))
    return read(resources.files(__name__).joinpath(f"{id}{_SUFFIX}").read_text(encoding="utf-8"), id)
