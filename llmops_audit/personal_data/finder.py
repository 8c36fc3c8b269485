"""Finding: candidates by pattern, validators on the candidates alone, words nearby, one kind a place."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from llmops_audit.personal_data.catalogue import KINDS
from llmops_audit.personal_data.kinds import Confidence, Form, Kind

__all__ = ["CANDIDATE", "Span", "find"]

CANDIDATE = "[0-9@０-９＠]|::"
"""A text without this holds no kind of the catalogue; in the syntax that `re` and RE2 share."""

_CANDIDATE = re.compile(CANDIDATE)

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
_SPACES = "\u00a0\u2007\u202f\u3000"
_NARROW: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **{ord(character): "-" for character in _DASHES},
    **{ord(character): " " for character in _SPACES},
}
_WIDE = re.compile(f"[\uff01-\uff5e{_DASHES}{_SPACES}]")

_AFTER = 30
"""Characters after a candidate in which a context word may stand; it counts as far, since it may name what follows."""

_HEADER = 1000
"""Distance of the column's name: any word of the text is nearer."""

_FAR = _HEADER + 1

_PRIORITY = {name: place for place, name in enumerate(KINDS)}


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
    """What a column's name says about one kind."""

    context: int
    against: int


def find(texts: Sequence[str], *, header: str = "") -> list[list[Span]]:
    """Find personal data.

    Parameters
    ----------
    texts : sequence of str, (n,)
    header : str
        Name of the column that the texts are from; its words count as context.

    Returns
    -------
    list of list of Span, (n,)
        For each text its finds in order; no two overlap.

    Notes
    -----
    Linear in the text: every pattern has a bounded length. Full-width characters, dashes and spaces are read as
    their ASCII forms, one for one, so that places hold in the text as given.
    """
    title = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _narrow(header))
    headers = {kind.name: _Header(*_in_header(kind, title)) for kind in KINDS.values()}
    return [_find(text, headers) if _CANDIDATE.search(text) else [] for text in texts]


def _in_header(kind: Kind, title: str) -> tuple[int, int]:
    context = _HEADER if kind.context.search(title) else _FAR
    return context, _HEADER if kind.against.search(title) else _FAR


def _narrow(text: str) -> str:
    return text.translate(_NARROW) if not text.isascii() and _WIDE.search(text) else text


_BY_GATE: tuple[tuple[re.Pattern[str], tuple[tuple[Kind, Form], ...]], ...] = tuple(
    (re.compile(gate), tuple(pairs))
    for gate, pairs in groupby(
        sorted(
            ((kind, form) for kind in KINDS.values() for form in kind.forms),
            key=lambda pair: pair[1].gate.pattern,
        ),
        key=lambda pair: pair[1].gate.pattern,
    )
)


def _find(text: str, headers: Mapping[str, _Header]) -> list[Span]:
    text = _narrow(text)
    found = [
        span
        for gate, pairs in _BY_GATE
        if gate.search(text)
        for kind, form in pairs
        for span in _spans(text, kind, form, headers[kind.name])
    ]
    return _settled(found) if len(found) > 1 else found


def _spans(text: str, kind: Kind, form: Form, header: _Header) -> Iterator[Span]:
    place = 0
    while match := form.pattern.search(text, place):
        start = match.start()
        length = form.validator(match.group())
        confidence = _confidence(text, start, start + length, kind, form, header) if length else None
        if confidence is None:
            # What was refused may hide a value that begins inside it.
            place = start + 1
        else:
            place = start + length
            yield Span(start, place, kind.name, confidence)


def _confidence(text: str, start: int, end: int, kind: Kind, form: Form, header: _Header) -> Confidence | None:
    if form.alone is form.in_context:
        return form.alone
    nearest = min(_distance(kind.context, text, start, form.reach), header.context)
    if following := kind.context.search(text, end, end + _AFTER):
        nearest = min(nearest, _AFTER + following.start() - end)
    contrary = min(_distance(kind.against, text, start, form.reach), header.against)
    glued = start > 0 and text[start - 1].isascii() and text[start - 1].isalpha()
    if glued:
        return form.in_context if not _distance(kind.context, text, start, form.reach) else None
    if nearest < min(contrary, _FAR):
        return form.in_context
    if contrary < _FAR or (not form.whole_cell and text.strip() == text[start:end]):
        return None
    return form.alone


def _distance(pattern: re.Pattern[str], text: str, start: int, reach: int) -> int:
    """Return the characters between the last word before a place and the place."""
    end = max(
        (word.end() for word in pattern.finditer(text, max(0, start - reach), start)),
        default=None,
    )
    return _FAR if end is None else start - end


def _settled(found: Sequence[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(found, key=_strength):
        place = bisect(kept, span.start, key=_start)
        follows = not place or kept[place - 1].end <= span.start
        if follows and (place == len(kept) or span.end <= kept[place].start):
            kept.insert(place, span)
    return kept


def _strength(span: Span) -> tuple[int, int, int, int]:
    return span.confidence.rank, _PRIORITY[span.kind], span.start - span.end, span.start


def _start(span: Span) -> int:
    return span.start
