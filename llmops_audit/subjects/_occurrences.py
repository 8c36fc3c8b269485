"""Labels inside longer texts: where one stands as a word of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.record import Label
from llmops_audit.subjects._negations import LOOK_BACK, negated

__all__ = ["Finder"]

# Scripts that are written without spaces: a label may stand directly beside other characters.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W{_UNSPACED}]"
_JOINED = "[-'’]"


@dataclass(frozen=True)
class Finder:
    """Finds labels in texts.

    A label is no part of a word, a number or a longer label.

    Attributes
    ----------
    forms : mapping of str to label
        Every text that stands for a label.
    patterns : tuple of re.Pattern
        For forms with the same bounds each: the longest form at a position, as a look-ahead, so that overlapping forms
        are all found.
    """

    forms: Mapping[str, Label]
    patterns: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, forms: Mapping[str, Label]) -> Finder:
        """Prepare the search for forms, none of them empty."""
        alike: dict[tuple[str, str], list[str]] = {}
        for form in sorted(forms, key=lambda form: (-len(form), form)):
            alike.setdefault(_bounds(form), []).append(re.escape(form))
        return cls(
            dict(forms),
            tuple(
                re.compile(f"{before}(?=((?:{'|'.join(escaped)}){after}))")
                for (before, after), escaped in sorted(alike.items())
            ),
        )

    def labels(self, text: str) -> tuple[Label | None, ...]:
        """Return the labels of a text by where they begin, None for a negated one; one may occur several times."""
        found = sorted(match.span(1) for pattern in self.patterns for match in pattern.finditer(text))
        spans = list(_outermost(dict(found).items()))
        return tuple(
            None if negated(text, start, end, _near(spans, number)) else self.forms[text[start:end]]
            for number, (start, end) in enumerate(spans)
        )


def _near(spans: Sequence[tuple[int, int]], number: int) -> Sequence[tuple[int, int]]:
    """Return the spans within whose reach a negation of one of them may stand."""
    return spans[max(0, number - LOOK_BACK) : number + 2]


def _outermost(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Leave out what lies inside a longer form; spans come by their start, the longest of each start."""
    reached = -1
    for start, end in spans:
        if end > reached:
            yield start, end
            reached = end


def _bounds(form: str) -> tuple[str, str]:
    """Return patterns of what may not stand before and behind a form, so that it is no part of a word or number."""
    before = after = ""
    if re.match(_LETTER, form[0]):
        before = rf"(?<!{_LETTER})(?<!{_LETTER}{_JOINED})"
    if re.match(_LETTER, form[-1]):
        after = rf"(?!{_LETTER})(?!{_JOINED}{_LETTER})"
    if form[0].isdigit():
        before += r"(?<![-−])(?<!\d[.,])"
    if form[-1].isdigit():
        after += r"(?![.,]\d)"
    return before, after
