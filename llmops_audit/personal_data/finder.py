"""Finding: passes of Arrow say which forms a text can hold; the exact patterns run on these alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.personal_data.candidates import FEW, Entry, Sieve, matches
from llmops_audit.personal_data.context import FAR, HEADER, Said, Topics, spelled
from llmops_audit.personal_data.kinds import AFTER, Confidence
from llmops_audit.personal_data.known_kinds import KINDS
from llmops_audit.personal_data.normal import CHANGES, ESCAPED, Normal, normal

__all__ = ["Span", "find", "names_a_kind", "scan"]


@dataclass(frozen=True, order=True)
class Span:
    """A find in a text.

    Attributes
    ----------
    start, end : int
        Place in the text, in code points; ``text[start:end]`` is the value.
    kind : str
        Name in the catalogue.
    confidence : Confidence
    """

    start: int
    end: int
    kind: str
    confidence: Confidence


@dataclass(frozen=True)
class _Header:
    """What a column's name speaks for and against, by place of the kind."""

    context: frozenset[int] = frozenset()
    against: frozenset[int] = frozenset()


class _Hit(NamedTuple):
    """A find that others may compete with; the smallest strength wins."""

    strength: tuple[int, bool, int, int, int, int]
    start: int
    end: int
    entry: Entry
    confidence: Confidence


_KINDS = tuple(KINDS.values())
_TOPICS = Topics([words for kind in _KINDS for words in (kind.context, kind.against)])
"""Twice the place of a kind is the topic that speaks for it, and one more the topic that speaks against it."""

_ENTRIES = tuple(
    sorted(
        (Entry(order, kind, form) for order, kind in enumerate(_KINDS) for form in kind.forms),
        key=lambda entry: entry.form.best,
    )
)
"""The surest forms come first: where they find something, the others need not look."""

_DIGITS = bytes(0x30 <= code <= 0x39 for code in range(0x100))

_BEST = tuple(entry.form.best for entry in _ENTRIES)
_SIEVE = Sieve(_ENTRIES, _TOPICS)


def find(texts: Sequence[str], *, header: str = "") -> list[tuple[Span, ...]]:
    """Find personal data.

    Parameters
    ----------
    texts : sequence of str, (n,)
    header : str
        Name of the column that the texts are from; its words count as context.

    Returns
    -------
    list of tuple of Span, (n,)
        For each text its finds in order; no two overlap.

    Notes
    -----
    Linear in the text: every pattern has a bounded length. Texts are read in their normal form, see
    `llmops_audit.personal_data.normal`, and the places of the finds are those in the texts as given.
    """
    found: list[tuple[Span, ...]] = [()] * len(texts)
    for place, spans in scan(_array(texts), header=header).items():
        found[place] = spans
    return found


def names_a_kind(header: str) -> bool:
    """Return whether the name of a column speaks of a kind that it may hold."""
    return bool(_said(header).context)


def scan(values: pa.Array, *, header: str = "") -> dict[int, tuple[Span, ...]]:
    """Find personal data in an array of strings, (n,), null where missing: place to finds, where there are any."""
    said = _said(header)
    changed = _changed(values)
    same, altered = np.flatnonzero(~changed), np.flatnonzero(changed)
    found: dict[int, tuple[Span, ...]] = {}
    texts = values if len(same) == len(values) else values.take(pa.array(same))
    left = _SIEVE.left(texts, said.context)
    chosen = texts.take(pa.array([place for place, _ in left], pa.int64())).to_pylist()
    for (place, entries), text in zip(left, chosen, strict=True):
        if spans := _find(Normal(text), entries, said):
            found[int(same[place])] = spans
    normals = [normal(text) for text in values.take(pa.array(altered)).to_pylist()]
    for place, entries in _SIEVE.left(pa.array([one.text for one in normals], pa.large_string()), said.context):
        if spans := _find(normals[place], entries, said):
            found[int(altered[place])] = spans
    return found


def _changed(values: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which texts are not in their normal form, (n,)."""
    if len(values) < FEW:
        texts = values.to_pylist()
        return np.array([text is not None and normal(text).text != text for text in texts], dtype=np.bool_)
    changed = matches(values, ESCAPED)
    ascii = pc.fill_null(pc.string_is_ascii(values), True).to_numpy(zero_copy_only=False)
    places = np.flatnonzero(~ascii)
    changed[places] |= matches(values.take(pa.array(places)), CHANGES)
    return changed


def _said(header: str) -> _Header:
    topics = _TOPICS.spoken(normal(spelled(header)).text).topics
    return _Header(
        frozenset(topic // 2 for topic in topics if topic % 2 == 0),
        frozenset(topic // 2 for topic in topics if topic % 2),
    )


def _array(texts: Sequence[str]) -> pa.Array:
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        # Halves of a pair that stand alone are no text; one sign for one, so that places hold.
        return pa.array([re.sub("[\ud800-\udfff]", "\ufffd", text) for text in texts], pa.large_string())


def _find(given: Normal, entries: Sequence[int], header: _Header) -> tuple[Span, ...]:
    reader = _Reader(given.text, header)
    hits = [hit for entry in sorted(entries) for hit in reader.hits(_ENTRIES[entry], _BEST[entry])]
    return tuple(
        Span(*given.given(hit.start, hit.end), hit.entry.kind.name, hit.confidence)
        for hit in _settled(hits, len(given.text))
    )


class _Reader:
    """Looks for forms in one text."""

    def __init__(self, text: str, header: _Header) -> None:
        self.text = text
        self.header = header
        self.surer: list[bytearray] = []

    @cached_property
    def spoken(self) -> Said:
        """Where the text speaks of what."""
        return _TOPICS.spoken(self.text)

    @cached_property
    def cell(self) -> tuple[int, int]:
        """Where the text begins and ends but for white space."""
        return len(self.text) - len(self.text.lstrip()), len(self.text.rstrip())

    def hits(self, entry: Entry, best: int) -> Iterator[_Hit]:
        """Yield the candidates of a form that stand; what overlaps a surer find could not keep its place."""
        search, place = entry.form.pattern.search, 0
        surer = self.surer[best] if self.surer else b""
        if surer and self.digits_beside(surer) < entry.form.gate.digits:
            return
        while match := search(self.text, place):
            if surer and (taken := surer.find(1, *match.span())) >= 0:
                place = surer.find(0, taken)
                if place < 0:
                    return
                continue
            hit = self.judged(entry, match)
            if hit is None:
                # What was refused may hide a value that begins inside it.
                place = match.start() + 1
                continue
            yield hit
            if hit.confidence is Confidence.SUSPECTED:
                place = match.start() + 1
            else:
                self.take(hit)
                place = hit.end

    @cached_property
    def digits(self) -> int:
        """One bit for each digit, in a byte of its own."""
        return int.from_bytes(self.text.encode("latin-1", "replace").translate(_DIGITS))

    def digits_beside(self, taken: bytes | bytearray) -> int:
        """Return how many digits stand outside the places that are taken."""
        return (self.digits & ~int.from_bytes(taken)).bit_count()

    def take(self, hit: _Hit) -> None:
        """Keep less sure forms out of the place of a find."""
        self.surer = self.surer or [bytearray(len(self.text)) for _ in Confidence]
        for mask in self.surer[hit.strength[0] + 1 :]:
            mask[hit.start : hit.end] = b"\1" * (hit.end - hit.start)

    def judged(self, entry: Entry, match: re.Match[str]) -> _Hit | None:
        """Decide about a candidate."""
        form, start = entry.form, match.start()
        if form.alone is None and not self.near(entry, start, match.end()):
            return None
        length = form.validator(match.group())
        end = start + length if length else match.end()
        confidence, distance = self.confidence(entry, start, end, valid=length > 0)
        if confidence is None:
            return None
        strength = (confidence.rank, not (form.checked and length), distance, entry.order, start - end, start)
        return _Hit(strength, start, end, entry, confidence)

    def confidence(self, entry: Entry, start: int, end: int, *, valid: bool) -> tuple[Confidence | None, int]:
        """Return the confidence that the surroundings give a candidate, and the distance of the word that gave it."""
        form = entry.form
        if valid and form.alone is form.in_context:
            return form.alone, 0
        if not valid and not form.mistyped:
            return None, FAR
        nearest, contrary = self.distances(entry, start, end)
        if nearest < min(contrary, FAR):
            return (form.in_context if valid else Confidence.SUSPECTED), nearest
        if not valid or form.alone is None or contrary < FAR or self.glued(start):
            return None, FAR
        if not form.whole_cell and (start, end) == self.cell:
            return None, FAR
        beside = form.beside is None or form.beside.search(self.text, max(0, start - form.reach), end + AFTER)
        return (form.alone if beside else None), FAR

    def near(self, entry: Entry, start: int, end: int) -> bool:
        """Whether a word for the kind is near enough for any part of a candidate: validators may be slow."""
        if entry.order in self.header.context:
            return True
        spoken = self.spoken.of(2 * entry.order)
        if spoken is None:
            return False
        return spoken.before(start, entry.form.reach) < FAR or spoken.behind(start, end - start) < FAR

    def distances(self, entry: Entry, start: int, end: int) -> tuple[int, int]:
        """Return the distances of the nearest words for and against."""
        reach, topic = entry.form.reach, 2 * entry.order
        named = HEADER if entry.order in self.header.context else FAR
        unnamed = HEADER if entry.order in self.header.against else FAR
        context, against = self.spoken.of(topic), self.spoken.of(topic + 1)
        before = context.before(start, reach) if context else FAR
        if self.glued(start):
            return (0 if before == 0 else FAR), FAR
        behind = context.behind(end) if context else FAR
        contrary = against.before(start, reach) if against else FAR
        return min(before, behind, named), min(contrary, unnamed)

    def glued(self, start: int) -> bool:
        """Whether a letter touches the place from before."""
        return start > 0 and self.text[start - 1].isascii() and self.text[start - 1].isalpha()


def _settled(hits: Sequence[_Hit], size: int) -> list[_Hit]:
    """Return the hits that keep their place, in order."""
    if len(hits) < 2:
        return list(hits)
    taken = bytearray(size)
    kept = []
    for hit in sorted(hits, key=lambda hit: hit.strength):
        if not any(taken[hit.start : hit.end]):
            taken[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)
