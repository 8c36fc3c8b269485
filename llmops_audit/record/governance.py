"""What a spec says of the system for those who answer for it, and the clauses that an audit is read against."""

from __future__ import annotations

from pydantic import Field

from llmops_audit.record.base import Frozen

__all__ = ["Card", "Clause", "Framework", "InLanguages"]

InLanguages = dict[str, str]
"""A text by language (``en``, ``zh``)."""


class Card(Frozen):
    """What the spec's `[card]` says of the system; null where it says nothing."""

    intended_use: str | None = None
    """What it is meant for, and where."""
    intended_users: str | None = None
    """Who works with its predictions, and whom they are about."""
    misuse: str | None = None
    """Uses that it is not meant for, and foreseeable misuse."""
    limitations: str | None = None
    """Where it is known to fail."""
    human_oversight: str | None = None
    """Who may overrule or stop it, and how."""
    data_source: str | None = None
    """Where the data come from, and how they were selected and labelled."""
    license: str | None = None
    """License of the classifier, such as an SPDX identifier."""
    contact: str | None = None
    """Who answers questions."""
    languages: tuple[str, ...] = ()
    """Languages of the texts that it reads, as ISO 639 codes."""


class Clause(Frozen):
    """One thing that a framework asks for."""

    id: str
    """Name of the clause, unique in its framework."""
    reference: InLanguages
    """Where it stands, such as "Article 15(1)", by language."""
    asks: InLanguages
    """What it asks for, in our own words, by language."""
    checks: tuple[str, ...] = ()
    """Checks whose findings show something for it."""
    parts: tuple[str, ...] = ()
    """Parts of the record that show something for it, as dotted paths: "card.intended_use", "data.labels" (of any
    split), "figures.confusion_matrix" (any figure of that kind)."""
    note: InLanguages = Field(default_factory=dict)
    """What this tool cannot show for it, by language; empty where nothing is missing."""


class Framework(Frozen):
    """A law, a standard or a guide, as of one date."""

    id: str
    """Name of the framework, such as "eu-ai-act"."""
    title: InLanguages
    """Its title, by language."""
    version: str
    """Version of this collection of clauses."""
    source: InLanguages
    """What was read: document and date, by language."""
    effective: str
    """Date from which it applies, in ISO 8601; empty for what anybody may choose to follow, and for what was
    withdrawn."""
    data_protection: bool = False
    """Whether it is about the protection of personal data, so that what is found of them asks for a review."""
    settings: tuple[str, ...] = ()
    """Keys of the spec that the tables which it prescribes are made from, such as "checks.fairness.ll144.auditor"."""
    superseded_by: str | None = None
    """Id of what replaced it."""
    note: InLanguages = Field(default_factory=dict)
    """Dates and conditions that a reader must know, by language."""
    clauses: tuple[Clause, ...]
    """What it asks for, clause by clause."""
