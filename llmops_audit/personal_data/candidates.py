"""Candidates: passes of Arrow over a whole batch that leave, of each form, the texts that can hold it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.personal_data.context import Topics
from llmops_audit.personal_data.gates import DIGIT, FOREIGN
from llmops_audit.personal_data.kinds import Form, Gate, Kind
from llmops_audit.personal_data.relaxed import relaxed

__all__ = ["Entry", "Sieve", "matches"]

Places = npt.NDArray[np.intp]

FEW = 64
"""Texts below which a loop is faster than passes of Arrow."""

_NUMBERS = "numbers"
"""Stands for the texts that the last gate of numbers left; no pattern."""


@dataclass(frozen=True)
class Entry:
    """A form of a kind, with the kind's place in the catalogue.

    Attributes
    ----------
    order : int
    kind : Kind
    form : Form
    """

    order: int
    kind: Kind
    form: Form


@dataclass(frozen=True)
class _Part:
    """The texts that passed so far, and where they stand in the batch."""

    texts: pa.Array
    places: Places

    def where(self, pattern: str) -> _Part:
        """Return those that a pattern of RE2 matches."""
        if not len(self.places):
            return self
        chosen = matches(self.texts, pattern)
        return self if chosen.all() else _Part(self.texts.filter(pa.array(chosen)), self.places[chosen])

    def places_of(self, pattern: str) -> Places:
        """Return the places of those that a pattern matches."""
        return self.places[matches(self.texts, pattern)] if len(self.places) else self.places


@dataclass(frozen=True)
class _Tier:
    """Forms of one gate: those that need no word of context, and those that do."""

    gate: Gate
    alone: tuple[int, ...]
    in_context: tuple[int, ...]


class Sieve:
    """Decides which forms are worth trying on which text.

    Parameters
    ----------
    entries : sequence of Entry
    topics : Topics
        Twice the place of a kind is the topic that speaks for it.
    """

    def __init__(self, entries: Sequence[Entry], topics: Topics) -> None:
        self._entries = tuple(entries)
        self._topics = topics
        self._patterns = tuple(relaxed(entry.form.pattern) for entry in entries)
        gates = sorted({entry.form.gate for entry in entries}, key=lambda gate: (gate.digits, gate.pattern))
        self._tiers = [self._tier(gate) for gate in gates]
        # One pass leaves the texts that hold anything at all, another those that hold what few texts do.
        coarse = sorted({gate.within or gate.pattern for gate in gates}, key=len)
        self._any = "|".join(coarse)
        self._seldom = "|".join(pattern for pattern in coarse if pattern not in (DIGIT, FOREIGN))
        self._gates = [re.compile(gate.pattern) for gate in gates]

    def _tier(self, gate: Gate) -> _Tier:
        places = [i for i, entry in enumerate(self._entries) if entry.form.gate == gate]
        return _Tier(
            gate,
            tuple(i for i in places if self._entries[i].form.alone is not None),
            tuple(i for i in places if self._entries[i].form.alone is None),
        )

    def left(self, texts: pa.Array, named: frozenset[int]) -> list[tuple[int, list[int]]]:
        """Return what to try.

        Parameters
        ----------
        texts : pyarrow array of strings, (n,)
            In normal form, null where missing.
        named : frozenset of int
            Places of the kinds that the column's name speaks of.

        Returns
        -------
        list of (int, list of int)
            Place of a text, and the entries that can match in it; nothing else can be found.
        """
        if len(texts) < FEW:
            return self._left_of_few(texts.to_pylist(), named)
        whole = _Part(texts, np.arange(len(texts))).where(self._any)
        coarse = {DIGIT: whole.where(DIGIT), FOREIGN: whole.where(FOREIGN), "": whole.where(self._seldom)}
        hits: list[tuple[int, Places]] = []
        for tier in self._tiers:
            gate = tier.gate
            if gate.within not in coarse:
                coarse[gate.within] = coarse[""].where(gate.within)
            # A run of seven digits is also one of five: each gate of numbers looks at what the one before left.
            before = _NUMBERS if gate.digits and _NUMBERS in coarse else gate.within
            part = coarse[before].where(gate.pattern)
            if gate.digits:
                coarse[_NUMBERS] = part
            hits += self._of_tier(tier, part, named)
        found: dict[int, list[int]] = {}
        for entry, places in hits:
            for place in places.tolist():
                found.setdefault(place, []).append(entry)
        return sorted(found.items())

    def _left_of_few(self, texts: Sequence[str | None], named: frozenset[int]) -> list[tuple[int, list[int]]]:
        """Do the same text by text: Arrow compiles its patterns anew for every call."""
        found = []
        for place, text in enumerate(texts):
            if not text:
                continue
            kinds = named.union(topic // 2 for topic in self._topics.spoken(text).topics if topic % 2 == 0)
            left = [
                entry
                for tier, gate in zip(self._tiers, self._gates, strict=True)
                if (entries := [*tier.alone, *(i for i in tier.in_context if self._entries[i].order in kinds)])
                and gate.search(text)
                for entry in entries
            ]
            if left:
                found.append((place, left))
        return found

    def _of_tier(self, tier: _Tier, part: _Part, named: frozenset[int]) -> list[tuple[int, Places]]:
        free = [*tier.alone, *(i for i in tier.in_context if self._entries[i].order in named)]
        bound = [i for i in tier.in_context if self._entries[i].order not in named]
        left = self._either(free, part)
        hits = [(i, self._beside(i, named, left).places_of(self._patterns[i])) for i in free]
        if bound and len(part.places):
            spoken = self._either(bound, part.where(self._words({self._entries[i].order for i in bound})))
            for i in bound:
                holding = spoken.where(self._patterns[i])
                hits.append((i, holding.places_of(self._words({self._entries[i].order}))))
        return hits

    def _beside(self, entry: int, named: frozenset[int], part: _Part) -> _Part:
        """Return the texts that hold what a form must stand beside, where no word can speak for it instead."""
        form = self._entries[entry].form
        if form.beside is None or form.alone is None or self._entries[entry].order in named:
            return part
        words = self._words({self._entries[entry].order})
        return part.where(f"{relaxed(form.beside)}|{words}")

    def _words(self, kinds: Iterable[int]) -> str:
        return self._topics.pattern(frozenset(2 * kind for kind in kinds))

    def _either(self, entries: Sequence[int], part: _Part) -> _Part:
        return part.where("|".join(self._patterns[i] for i in entries)) if len(entries) > 1 else part


def matches(values: pa.Array, pattern: str) -> npt.NDArray[np.bool_]:
    """Return which values a pattern of RE2 matches, (n,); a missing one never."""
    found = pc.invert(pc.string_is_ascii(values)) if pattern == FOREIGN else pc.match_substring_regex(values, pattern)
    matched = pc.fill_null(found, False)
    return np.asarray(matched.to_numpy(zero_copy_only=False), dtype=np.bool_)
