"""Prefilter: Arrow searches a whole batch at once, and leaves for each form the few texts that can hold it."""

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

__all__ = ["Entry", "Prefilter", "matches"]

Indices = npt.NDArray[np.intp]

FEW = 64
"""With fewer texts than this, a Python loop is faster than Arrow."""

_NUMBERS = "numbers"
"""Key of the texts that the previous gate for numbers left. It is not a pattern."""


@dataclass(frozen=True)
class Entry:
    """A form of a kind, with the kind's position in the catalogue.

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
class _Subset:
    """The texts that are still candidates, and their indices in the batch."""

    texts: pa.Array
    indices: Indices

    def matching(self, pattern: str) -> _Subset:
        """Return the texts that an RE2 pattern matches."""
        if not len(self.indices):
            return self
        chosen = matches(self.texts, pattern)
        return self if chosen.all() else _Subset(self.texts.filter(pa.array(chosen)), self.indices[chosen])

    def indices_matching(self, pattern: str) -> Indices:
        """Return the indices of the texts that a pattern matches."""
        return self.indices[matches(self.texts, pattern)] if len(self.indices) else self.indices


@dataclass(frozen=True)
class _Tier:
    """The forms behind one gate: those that are also reported without a context word, and those that need one."""

    gate: Gate
    alone: tuple[int, ...]
    in_context: tuple[int, ...]


class Prefilter:
    """Decides which forms to try on which text.

    Parameters
    ----------
    entries : sequence of Entry
    topics : Topics
        Topic ``2 * order`` holds the context words of the kind at that position of the catalogue.
    """

    def __init__(self, entries: Sequence[Entry], topics: Topics) -> None:
        self._entries = tuple(entries)
        self._topics = topics
        self._patterns = tuple(relaxed(entry.form.pattern) for entry in entries)
        gates = sorted({entry.form.gate for entry in entries}, key=lambda gate: (gate.digits, gate.pattern))
        self._tiers = [self._tier(gate) for gate in gates]
        # One search keeps the texts that can hold anything, another those with a pattern that few texts match.
        coarse = sorted({gate.within or gate.pattern for gate in gates}, key=len)
        self._any = "|".join(coarse)
        self._rare = "|".join(pattern for pattern in coarse if pattern not in (DIGIT, FOREIGN))
        self._gates = [re.compile(gate.pattern) for gate in gates]

    def _tier(self, gate: Gate) -> _Tier:
        members = [i for i, entry in enumerate(self._entries) if entry.form.gate == gate]
        return _Tier(
            gate,
            tuple(i for i in members if self._entries[i].form.alone is not None),
            tuple(i for i in members if self._entries[i].form.alone is None),
        )

    def candidates(self, texts: pa.Array, named: frozenset[int]) -> list[tuple[int, list[int]]]:
        """Return what is worth trying.

        Parameters
        ----------
        texts : pyarrow array of strings, (n,)
            In their normal form, null where missing.
        named : frozenset of int
            Positions in the catalogue of the kinds that the column name mentions.

        Returns
        -------
        list of (int, list of int)
            Index of a text, and the entries that can match in it; no other entry can match.
        """
        if len(texts) < FEW:
            return self._candidates_of_few(texts.to_pylist(), named)
        whole = _Subset(texts, np.arange(len(texts))).matching(self._any)
        coarse = {DIGIT: whole.matching(DIGIT), FOREIGN: whole.matching(FOREIGN), "": whole.matching(self._rare)}
        matched: list[tuple[int, Indices]] = []
        for tier in self._tiers:
            gate = tier.gate
            if gate.within not in coarse:
                coarse[gate.within] = coarse[""].matching(gate.within)
            # A run of seven digits contains one of five, so each gate for numbers searches what the previous one left.
            before = _NUMBERS if gate.digits and _NUMBERS in coarse else gate.within
            subset = coarse[before].matching(gate.pattern)
            if gate.digits:
                coarse[_NUMBERS] = subset
            matched += self._of_tier(tier, subset, named)
        found: dict[int, list[int]] = {}
        for entry, indices in matched:
            for index in indices.tolist():
                found.setdefault(index, []).append(entry)
        return sorted(found.items())

    def _candidates_of_few(self, texts: Sequence[str | None], named: frozenset[int]) -> list[tuple[int, list[int]]]:
        """Do the same text by text: Arrow compiles its patterns again for every call."""
        found = []
        for index, text in enumerate(texts):
            if not text:
                continue
            kinds = named.union(topic // 2 for topic in self._topics.mentions(text).topics if topic % 2 == 0)
            entries_left = [
                entry
                for tier, gate in zip(self._tiers, self._gates, strict=True)
                if (entries := [*tier.alone, *(i for i in tier.in_context if self._entries[i].order in kinds)])
                and gate.search(text)
                for entry in entries
            ]
            if entries_left:
                found.append((index, entries_left))
        return found

    def _of_tier(self, tier: _Tier, subset: _Subset, named: frozenset[int]) -> list[tuple[int, Indices]]:
        free = [*tier.alone, *(i for i in tier.in_context if self._entries[i].order in named)]
        bound = [i for i in tier.in_context if self._entries[i].order not in named]
        possible = self._matching_any(free, subset)
        matched = [(i, self._beside(i, named, possible).indices_matching(self._patterns[i])) for i in free]
        if bound and len(subset.indices):
            words = self._words({self._entries[i].order for i in bound})
            in_context = self._matching_any(bound, subset.matching(words))
            for i in bound:
                holding = in_context.matching(self._patterns[i])
                matched.append((i, holding.indices_matching(self._words({self._entries[i].order}))))
        return matched

    def _beside(self, entry: int, named: frozenset[int], subset: _Subset) -> _Subset:
        """Return the texts with what must stand beside a form, or with a context word that can replace it."""
        form = self._entries[entry].form
        if form.beside is None or form.alone is None or self._entries[entry].order in named:
            return subset
        words = self._words({self._entries[entry].order})
        return subset.matching(f"{relaxed(form.beside)}|{words}")

    def _words(self, kinds: Iterable[int]) -> str:
        return self._topics.pattern(frozenset(2 * kind for kind in kinds))

    def _matching_any(self, entries: Sequence[int], subset: _Subset) -> _Subset:
        return subset.matching("|".join(self._patterns[i] for i in entries)) if len(entries) > 1 else subset


def matches(values: pa.Array, pattern: str) -> npt.NDArray[np.bool_]:
    """Return which values an RE2 pattern matches, (n,); a missing value never matches."""
    found = pc.invert(pc.string_is_ascii(values)) if pattern == FOREIGN else pc.match_substring_regex(values, pattern)
    matched = pc.fill_null(found, False)
    return np.asarray(matched.to_numpy(zero_copy_only=False), dtype=np.bool_)
