"""How saved outputs that are no labels as they stand become labels."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmops_audit.errors import SpecError
from llmops_audit.record import Label, Outcome
from llmops_audit.spec import OutputSection
from llmops_audit.subjects.output_hints import hints
from llmops_audit.subjects.outputs import OutputRules

__all__ = ["Reading", "reading_of"]

MOST_TEXTS = 1000
"""Distinct outputs that the ways to read them are tried on: the commonest."""

FEWEST_READ = 0.5
"""Share of the outputs that a way has to read before it is believed."""

FEWEST_STATED = 0.8
"""The same where an answer is stated in a sentence, before outputs are searched for any label."""

_STATED = (r"answer is:?\s*(.+?)\.?$", r"答案[是为]?[:：]?\s*(.+?)。?$")


@dataclass(frozen=True)
class Reading:
    """A way to read outputs.

    Attributes
    ----------
    settings : mapping of str to value
        Of `[model.output]`.
    read, of : int
        Outputs that become a label with it, and those that were tried.
    """

    settings: Mapping[str, Any]
    read: int
    of: int


def reading_of(texts: Counter[str], labels: tuple[Label, ...]) -> Reading | None:
    """Return the strictest way that reads outputs as well as another; None where they are labels as they stand.

    Outputs that state their answer in a sentence are read by it: a search for the last label would read
    "the answer is (A) or (B)" as (B).
    """
    tried = Counter(dict(texts.most_common(MOST_TEXTS)))
    every, plain = tried.total(), _read(OutputSection(), tried, labels)
    if not every or plain == every:
        return None
    found = list(_ways(tried, labels))
    best = max(found, key=lambda way: way.read, default=None)
    if best is None or best.read <= plain or best.read < FEWEST_READ * every:
        return None
    searched = str(best.settings.get("match", "")).endswith("_label")
    stated = [way for way in found if "pattern" in way.settings and way.read >= FEWEST_STATED * every]
    return stated[0] if searched and stated else best


def _ways(texts: Counter[str], labels: tuple[Label, ...]) -> Iterator[Reading]:
    every = texts.total()
    for hint in hints(OutputSection(), labels, texts):
        settings = tomllib.loads(f"output = {{ {hint.setting} }}")["output"]
        # The key of a JSON object is not shown where it could be somebody's name.
        if settings.get("path") != "…":
            yield Reading(settings, hint.mapped, every)
    for pattern in _STATED:
        section = OutputSection(match="regex", pattern=pattern)
        yield Reading({"match": "regex", "pattern": pattern}, _read(section, texts, labels), every)


def _read(section: OutputSection, texts: Counter[str], labels: tuple[Label, ...]) -> int:
    try:
        rules = OutputRules.of(section, labels)
    except SpecError:
        return 0
    return sum(rows for text, rows in texts.items() if rules.outcome_of(text)[0] is Outcome.LABEL)
