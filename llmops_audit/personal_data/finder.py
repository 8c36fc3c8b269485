"""Search: a prefilter says which forms a text can hold; only those run their exact patterns."""

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

from llmops_audit.personal_data.candidates import FEW, Entry, Prefilter, matches
from llmops_audit.personal_data.context import FAR, HEADER, Mentions, Topics, split_words
from llmops_audit.personal_data.kinds import REACH_AFTER, Confidence
from llmops_audit.personal_data.masking import mask
from llmops_audit.personal_data.normal import CHANGES, ESCAPED, Normal, normal
from llmops_audit.personal_data.recognisers import KINDS

__all__ = ["Span", "find", "find_in_array", "masked", "names_a_kind"]


@dataclass(frozen=True, order=True)
class Span:
    """A hit in a text.

    Attributes
    ----------
    start, end : int
        Indices into the text, in code points; ``text[start:end]`` is the value.
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
    """The kinds that a column name mentions, and those it speaks against, by position in the catalogue."""

    context: frozenset[int] = frozenset()
    against: frozenset[int] = frozenset()


class _Hit(NamedTuple):
    """A hit that may overlap others; the smallest `strength` wins."""

    strength: tuple[int, bool, int, int, int, int]
    start: int
    end: int
    entry: Entry
    confidence: Confidence


_KINDS = tuple(KINDS.values())
_TOPICS = Topics([words for kind in _KINDS for words in (kind.context, kind.against)])
"""Topics ``2 * order`` and ``2 * order + 1`` are a kind's words for and against it; `order` is its position."""

_ENTRIES = tuple(
    sorted(
        (Entry(order, kind, form) for order, kind in enumerate(_KINDS) for form in kind.forms),
        key=lambda entry: entry.form.best,
    )
)
"""The most confident forms come first: where they hit, the others need not search."""

_DIGITS = bytes(0x30 <= code <= 0x39 for code in range(0x100))

_BEST = tuple(entry.form.best for entry in _ENTRIES)
_PREFILTER = Prefilter(_ENTRIES, _TOPICS)


def find(texts: Sequence[str], *, header: str = "") -> list[tuple[Span, ...]]:
    """Find personal data in texts.

    Parameters
    ----------
    texts : sequence of str, (n,)
    header : str
        Name of the column that holds the texts; its words count as context.

    Returns
    -------
    list of tuple of Span, (n,)
        The hits in each text, in order; no two overlap.

    Notes
    -----
    Linear in the text, since every pattern has a bounded length. Texts are searched in their normal form, see
    `llmops_audit.personal_data.normal`; the indices of the hits are those in the original texts.
    """
    found: list[tuple[Span, ...]] = [()] * len(texts)
    for index, spans in find_in_array(_array(texts), header=header).items():
        found[index] = spans
    return found


def masked(text: str) -> str:
    """Return a text with the personal data in it masked, confirmed or not."""
    for span in reversed(find([text])[0]):
        text = text[: span.start] + mask(span.kind, text[span.start : span.end]) + text[span.end :]
    return text


def names_a_kind(header: str) -> bool:
    """Return whether a column name mentions a kind of personal data."""
    return bool(_topics_of_name(header).context)


def find_in_array(values: pa.Array, *, header: str = "") -> dict[int, tuple[Span, ...]]:
    """Find personal data in an array of strings, (n,), null where missing; return the hits by index, if any."""
    name = _topics_of_name(header)
    changed = _changed(values)
    same, altered = np.flatnonzero(~changed), np.flatnonzero(changed)
    found: dict[int, tuple[Span, ...]] = {}
    texts = values if len(same) == len(values) else values.take(pa.array(same))
    candidates = _PREFILTER.candidates(texts, name.context)
    chosen = texts.take(pa.array([index for index, _ in candidates], pa.int64())).to_pylist()
    for (index, entries), text in zip(candidates, chosen, strict=True):
        if spans := _find(Normal(text), entries, name):
            found[int(same[index])] = spans
    normals = [normal(text) for text in values.take(pa.array(altered)).to_pylist()]
    texts = pa.array([item.text for item in normals], pa.large_string())
    for index, entries in _PREFILTER.candidates(texts, name.context):
        if spans := _find(normals[index], entries, name):
            found[int(altered[index])] = spans
    return found


def _changed(values: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which texts are not in their normal form, (n,)."""
    if len(values) < FEW:
        texts = values.to_pylist()
        return np.array([text is not None and normal(text).text != text for text in texts], dtype=np.bool_)
    changed = matches(values, ESCAPED)
    ascii = pc.fill_null(pc.string_is_ascii(values), True).to_numpy(zero_copy_only=False)
    indices = np.flatnonzero(~ascii)
    changed[indices] |= matches(values.take(pa.array(indices)), CHANGES)
    return changed


def _topics_of_name(header: str) -> _Header:
    topics = _TOPICS.mentions(normal(split_words(header)).text).topics
    return _Header(
        frozenset(topic // 2 for topic in topics if topic % 2 == 0),
        frozenset(topic // 2 for topic in topics if topic % 2),
    )


def _array(texts: Sequence[str]) -> pa.Array:
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        # A lone half of a surrogate pair is no text. One character replaces it, so that indices stay right.
        return pa.array([re.sub("[\ud800-\udfff]", "\ufffd", text) for text in texts], pa.large_string())


def _find(text: Normal, entries: Sequence[int], header: _Header) -> tuple[Span, ...]:
    search = _Search(text.text, header)
    hits = [hit for entry in sorted(entries) for hit in search.hits(_ENTRIES[entry], _BEST[entry])]
    return tuple(
        Span(*text.original(hit.start, hit.end), hit.entry.kind.name, hit.confidence)
        for hit in _without_overlaps(hits, len(text.text))
    )


class _Search:
    """Searches one text for forms."""

    def __init__(self, text: str, header: _Header) -> None:
        self.text = text
        self.header = header
        self.taken: list[bytearray] = []
        """By rank of confidence: 1 for each character that a more confident hit takes. Empty before the first hit."""

    @cached_property
    def mentions(self) -> Mentions:
        """The context words in the text."""
        return _TOPICS.mentions(self.text)

    @cached_property
    def cell(self) -> tuple[int, int]:
        """Start and end of the text without white space around it."""
        return len(self.text) - len(self.text.lstrip()), len(self.text.rstrip())

    def hits(self, entry: Entry, best: int) -> Iterator[_Hit]:
        """Yield the hits of a form, without those that overlap a more confident hit."""
        search, index = entry.form.pattern.search, 0
        taken = self.taken[best] if self.taken else b""
        if taken and self.digits_outside(taken) < entry.form.gate.digits:
            return
        while match := search(self.text, index):
            if taken and (overlap := taken.find(1, *match.span())) >= 0:
                index = taken.find(0, overlap)
                if index < 0:
                    return
                continue
            hit = self.evaluate(entry, match)
            if hit is None:
                # A value may begin inside a candidate that was rejected.
                index = match.start() + 1
                continue
            yield hit
            if hit.confidence is Confidence.SUSPECTED:
                index = match.start() + 1
            else:
                self.take(hit)
                index = hit.end

    @cached_property
    def digits(self) -> int:
        """A byte for each character, 1 for a digit, as one number."""
        return int.from_bytes(self.text.encode("latin-1", "replace").translate(_DIGITS))

    def digits_outside(self, taken: bytes | bytearray) -> int:
        """Return the number of digits that no hit takes."""
        return (self.digits & ~int.from_bytes(taken)).bit_count()

    def take(self, hit: _Hit) -> None:
        """Keep less confident forms out of the characters of a hit."""
        self.taken = self.taken or [bytearray(len(self.text)) for _ in Confidence]
        for taken in self.taken[hit.strength[0] + 1 :]:
            taken[hit.start : hit.end] = b"\1" * (hit.end - hit.start)

    def evaluate(self, entry: Entry, match: re.Match[str]) -> _Hit | None:
        """Accept or reject a candidate."""
        form, start = entry.form, match.start()
        if form.alone is None and not self.near(entry, start, match.end()):
            return None
        length = form.validator(match.group())
        end = start + length if length else match.end()
        confidence, distance = self.confidence(entry, start, end, valid=length > 0)
        if confidence is None:
            return None
        strength = (confidence.rank, not (form.has_checksum and length), distance, entry.order, start - end, start)
        return _Hit(strength, start, end, entry, confidence)

    def confidence(self, entry: Entry, start: int, end: int, *, valid: bool) -> tuple[Confidence | None, int]:
        """Return the confidence of a candidate in its context, and the distance of the context word."""
        form = entry.form
        if valid and form.alone is form.in_context:
            return form.alone, 0
        if not valid and not form.mistyped:
            return None, FAR
        nearest, contrary = self.distances(entry, start, end)
        if nearest < min(contrary, FAR):
            return (form.in_context if valid else Confidence.SUSPECTED), nearest
        if not valid or form.alone is None or contrary < FAR or self.touches_letter(start):
            return None, FAR
        if not form.whole_cell and (start, end) == self.cell:
            return None, FAR
        beside = form.beside is None or form.beside.search(self.text, max(0, start - form.reach), end + REACH_AFTER)
        return (form.alone if beside else None), FAR

    def near(self, entry: Entry, start: int, end: int) -> bool:
        """Whether a context word is near any part of a candidate; checked first, since validators may be slow."""
        if entry.order in self.header.context:
            return True
        words = self.mentions.of(2 * entry.order)
        if words is None:
            return False
        return words.before(start, entry.form.reach) < FAR or words.after(start, end - start) < FAR

    def distances(self, entry: Entry, start: int, end: int) -> tuple[int, int]:
        """Return the distances of the nearest words for and against."""
        reach, topic = entry.form.reach, 2 * entry.order
        named = HEADER if entry.order in self.header.context else FAR
        unnamed = HEADER if entry.order in self.header.against else FAR
        context, against = self.mentions.of(topic), self.mentions.of(topic + 1)
        before = context.before(start, reach) if context else FAR
        if self.touches_letter(start):
            return (0 if before == 0 else FAR), FAR
        after = context.after(end) if context else FAR
        contrary = against.before(start, reach) if against else FAR
        return min(before, after, named), min(contrary, unnamed)

    def touches_letter(self, start: int) -> bool:
        """Whether a letter stands right before an index."""
        return start > 0 and self.text[start - 1].isascii() and self.text[start - 1].isalpha()


def _without_overlaps(hits: Sequence[_Hit], size: int) -> list[_Hit]:
    """Return the strongest hits of which no two overlap, in order."""
    if len(hits) < 2:
        return list(hits)
    taken = bytearray(size)
    kept = []
    for hit in sorted(hits, key=lambda hit: hit.strength):
        if not any(taken[hit.start : hit.end]):
            taken[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)
