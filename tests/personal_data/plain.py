"""The plain loop: every pattern over the whole text, every word by looking everywhere. What the engine must equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmops_audit.personal_data import KINDS, Confidence, Form, Kind, Span
from llmops_audit.personal_data.context import LABEL, split_words
from llmops_audit.personal_data.kinds import REACH_AFTER, Words
from llmops_audit.personal_data.normal import normal

IN_HEADER = 1000
NOWHERE = 1001


def find(texts: Sequence[str], header: str = "") -> list[tuple[Span, ...]]:
    """Find personal data, slowly."""
    name = normal(split_words(header)).text
    return [_find(text, name) for text in texts]


def _find(text: str, header: str) -> tuple[Span, ...]:
    form_of_text = normal(text)
    plain = form_of_text.text
    forms = [(order, kind, form) for order, kind in enumerate(KINDS.values()) for form in kind.forms]
    found: list[tuple[int, bool, int, int, int, int, int, Kind, Confidence]] = []
    for order, kind, form in sorted(forms, key=lambda one: one[2].best):
        surer = [(hit[5], hit[6]) for hit in found if hit[0] < form.best]
        found += [
            (
                confidence.rank,
                not (form.has_checksum and valid),
                distance,
                order,
                start - end,
                start,
                end,
                kind,
                confidence,
            )
            for start, end, confidence, valid, distance in _of_form(plain, kind, form, header, surer)
        ]
    kept: list[tuple[int, int, str, Confidence]] = []
    for *_, start, end, kind, confidence in sorted(found, key=lambda hit: hit[:6]):
        if all(end <= other[0] or other[1] <= start for other in kept):
            kept.append((start, end, kind.name, confidence))
    return tuple(
        Span(*form_of_text.original(start, end), kind, confidence) for start, end, kind, confidence in sorted(kept)
    )


def _of_form(
    text: str, kind: Kind, form: Form, header: str, surer: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, Confidence, bool, int]]:
    place = 0
    while match := form.pattern.search(text, place):
        start = match.start()
        taken = [span for span in surer if span[0] < match.end() and start < span[1]]
        if taken:
            place = min(taken)[1]
            while behind := [end for begin, end in surer if begin <= place < end]:
                place = max(behind)
            if place == len(text):
                return
            continue
        length = form.validator(match.group())
        end = start + length if length else match.end()
        confidence, distance = _confidence(text, kind, form, header, start, end, length > 0)
        place = end if length and confidence else start + 1
        if confidence:
            yield start, end, confidence, length > 0, distance


def _confidence(
    text: str, kind: Kind, form: Form, header: str, start: int, end: int, valid: bool
) -> tuple[Confidence | None, int]:
    if valid and form.alone == form.in_context:
        return form.alone, 0
    glued = start > 0 and text[start - 1].isascii() and text[start - 1].isalpha()
    before = min((start - b for a, b in _words(text, kind.context) if 0 <= start - b <= form.reach), default=NOWHERE)
    after = [(a - end, b) for a, b in _words(text, kind.context) if 0 <= a - end < REACH_AFTER]
    behind = min((REACH_AFTER + distance for distance, b in after if not LABEL.match(text, b)), default=NOWHERE)
    named = IN_HEADER if _words(header, kind.context) else NOWHERE
    against = min((start - b for a, b in _words(text, kind.against) if 0 <= start - b <= form.reach), default=NOWHERE)
    unnamed = IN_HEADER if _words(header, kind.against) else NOWHERE
    nearest, contrary = min(before, behind, named), min(against, unnamed)
    if glued:
        nearest, contrary = (0 if before == 0 else NOWHERE), NOWHERE
    if nearest < contrary:
        if valid:
            return form.in_context, nearest
        return (Confidence.SUSPECTED if form.mistyped else None), nearest
    if glued or contrary < NOWHERE or not valid or (not form.whole_cell and text[start:end] == text.strip()):
        return None, NOWHERE
    if form.beside and not form.beside.search(text, max(0, start - form.reach), end + REACH_AFTER):
        return None, NOWHERE
    return form.alone, NOWHERE


def _words(text: str, words: Words) -> list[tuple[int, int]]:
    """Return where every word stands: Latin words by trying each start and each end."""
    found = []
    for start in range(len(text)):
        for word in words.chinese:
            if text.startswith(word, start):
                found.append((start, start + len(word)))
        if not _is_letter(text[start : start + 1]) or (start and _is_letter(text[start - 1])):
            continue
        longest = max(map(len, words.latin), default=0) + 9
        for end in range(start + 1, min(len(text), start + longest) + 1):
            if end == len(text) or not _is_letter(text[end]):
                parts = _parts(text[start:end], words)
                if parts is not None and (parts in words.latin or (parts[-1:] == "s" and parts[:-1] in words.latin)):
                    found.append((start, end))
    return found


def _parts(phrase: str, words: Words) -> str | None:
    """Return a phrase of at most three words in one, in small letters, without genitives; None where it is none."""
    parts = [""]
    for place, character in enumerate(phrase):
        if _is_letter(character):
            parts[-1] += character
        elif character in "'\u2019" and phrase[place + 1 : place + 2] == "s" and parts[-1]:
            rest = phrase[place + 2 : place + 3]
            if rest and _is_letter(rest):
                return None
            parts[-1] += "\0"
        elif (character in " _-" or (character in "./" and len(parts[-1].partition("\0")[0]) == 1)) and phrase[
            place + 1 : place + 2
        ] not in ("", " ", "_", "-", ".", "/"):
            parts.append("")
        else:
            return None
    clean = [part.partition("\0")[0].lower() for part in parts]
    if len(clean) > 3 or not all(clean) or (len(clean) > 1 and clean[0] not in {phrase[0] for phrase in words.phrases}):
        return None
    return "".join(clean)


def _is_letter(character: str) -> bool:
    return "A" <= character <= "Z" or "a" <= character <= "z" or "\u00c0" <= character <= "\u024f"
