"""What a spec says of the system for those who answer for it, and the clauses that an audit is read against."""

from __future__ import annotations

from pydantic import Field

from llmops_audit.record.base import Frozen

__all__ = ["Card", "Clause", "Framework", "InLanguages"]

InLanguages = dict[str, str]
"""A text by language (``en``, ``zh``)."""


class Card(Frozen):
    """What the spec's `[card]` says of the system; null where it says nothing.

    Attributes
    ----------
    intended_use : str, optional
    intended_users : str, optional
        Who works with its answers, and whom they are about.
    misuse : str, optional
        Uses that it is not meant for, and foreseeable misuse.
    limitations : str, optional
    human_oversight : str, optional
        Who may overrule or stop it, and how.
    data_source : str, optional
        Where the data come from, and how they were selected and labelled.
    license : str, optional
        Of the classifier; an SPDX identifier, say.
    contact : str, optional
    languages : tuple of str
        Of the texts that it reads, as ISO 639-1 codes.
    """

    intended_use: str | None = None
    intended_users: str | None = None
    misuse: str | None = None
    limitations: str | None = None
    human_oversight: str | None = None
    data_source: str | None = None
    license: str | None = None
    contact: str | None = None
    languages: tuple[str, ...] = ()


class Clause(Frozen):
    """One thing that a framework asks for.

    Attributes
    ----------
    id : str
        Unique in its framework.
    reference : mapping of language to str
        Where it stands: ``"Article 15(1)"``.
    asks : mapping of language to str
        What it asks for, in our own words.
    checks : tuple of str
        Checks whose findings show something for it.
    parts : tuple of str
        Parts of the record that show something for it, as dotted paths: ``"card.intended_use"``, ``"data.labels"`` (of
        any split), ``"figures.confusion_matrix"`` (any figure of that kind).
    note : mapping of language to str
        What this tool cannot show for it; empty where nothing is missing.
    """

    id: str
    reference: InLanguages
    asks: InLanguages
    checks: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    note: InLanguages = Field(default_factory=dict)


class Framework(Frozen):
    """A law, a standard or a guide, as of one date.

    Attributes
    ----------
    id : str
        Name of its file: ``"eu-ai-act"``.
    title : mapping of language to str
    version : str
        Of this collection of clauses.
    source : mapping of language to str
        What was read: document and date.
    effective : str
        ISO date from which it applies; empty for what anybody may choose to follow, and for what was withdrawn.
    superseded_by : str, optional
        Id of what replaced it.
    note : mapping of language to str
        Dates and conditions that a reader must know.
    clauses : tuple of Clause
    """

    id: str
    title: InLanguages
    version: str
    source: InLanguages
    effective: str
    superseded_by: str | None = None
    note: InLanguages = Field(default_factory=dict)
    clauses: tuple[Clause, ...]
