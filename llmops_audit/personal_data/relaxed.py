"""From a pattern of `re` to one of RE2 that matches wherever it does, and perhaps elsewhere."""

from __future__ import annotations

import re

__all__ = ["relaxed"]

_LOOK_AROUND = re.compile(r"\(\?<?[=!]")
_MEMBERS = r"\[((?:[^\]\\^]|\\.)+)\]"
_ONE_BEFORE = re.compile(rf"\(\?<!{_MEMBERS}\)")
_TWO_BEFORE = re.compile(rf"\(\?<!{_MEMBERS}(?:{_MEMBERS}|\\(.))\)")
_ONE_BEHIND = re.compile(rf"\(\?!{_MEMBERS}\)")
_REPEAT = re.compile(r"\{([0-9]*),([0-9]*)\}|\{([0-9]+)\}")
_MOST, _FEW = 64, 8
"""Repeats of more than so many, and ranges that end beyond so few, become open: states grow with every count."""

_CLASSES = {
    # RE2 reads these as ASCII; Python does not.
    "w": r"\p{L}\p{M}\p{N}_",
    "d": r"\p{Nd}",
    "s": r"\s\x{0B}\x{1C}-\x{1F}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}",
}


def relaxed(pattern: re.Pattern[str]) -> str:
    """Return what RE2 may look for instead.

    Parameters
    ----------
    pattern : re.Pattern

    Returns
    -------
    str
        Characters that must not touch a match are kept at its ends; other look-arounds and boundaries are left out,
        references to groups match any short text, conditions are either of their branches, long repeats have no end,
        nothing is possessive: every text that the pattern matches is matched.
    """
    source, place = pattern.pattern, 0
    head: list[str] = []
    while _LOOK_AROUND.match(source, place):
        end = _closed(source, place)
        head.append(source[place:end])
        place = end
    pieces, tail, has_branches = _body(source, place)
    before, behind = ("", "") if has_branches else (_not_before(head), _not_behind(tail))
    flags = "i" if pattern.flags & re.IGNORECASE else ""
    return f"(?{flags}:{before}{''.join(pieces)}{behind})"


def _body(source: str, place: int) -> tuple[list[str], list[str], bool]:
    """Return the translated pieces from a place on, the look-arounds at the end, and whether `|` stands outside."""
    pieces: list[str] = []
    tail: list[str] = []
    depth, has_branches, repeats = 0, False, False
    while place < len(source):
        if _LOOK_AROUND.match(source, place):
            end = _closed(source, place)
            tail = [*tail, source[place:end]]
            place = end
            continue
        end = _piece(source, place)
        piece, place, tail = source[place:end], end, []
        depth += piece.startswith("(") - (piece == ")")
        has_branches |= piece == "|" and not depth
        if repeats and piece == "+":
            # What is possessive matches less.
            repeats = False
            continue
        repeats = piece in ("*", "+", "?") or _REPEAT.fullmatch(piece) is not None
        pieces.append(_translated(piece))
    return pieces, tail, has_branches


def _not_before(looks: list[str]) -> str:
    """Return what stands before a match instead of look-behinds for one character, or for one behind another."""
    single = "".join(_members(match[1]) for look in looks if (match := _ONE_BEFORE.fullmatch(look)))
    pair = next((match for look in looks if (match := _TWO_BEFORE.fullmatch(look))), None)
    if not single:
        return ""
    if pair is None:
        return f"(?:^|[^{single}])"
    first, second = _members(pair[1]), _members(pair[2] or f"\\{pair[3]}")
    return f"(?:^|[^{single}{second}]|(?:^|[^{first}])[{second}])"


def _not_behind(looks: list[str]) -> str:
    """Return what stands behind a match instead of look-aheads for one character."""
    members = "".join(_members(match[1]) for look in looks if (match := _ONE_BEHIND.fullmatch(look)))
    return f"(?:[^{members}]|$)" if members else ""


def _members(members: str) -> str:
    """Return the members of a class for RE2, so that more may follow."""
    translated = _translated(f"[{members}]")[1:-1]
    return f"{translated[:-1]}\\-" if translated.endswith("-") and not translated.endswith("\\-") else translated


def _translated(piece: str) -> str:
    if piece[0] == "\\":
        return _escape(piece)
    if piece[0] == "[":
        named = re.sub(r"\\([wds])", lambda match: _CLASSES[match[1]], piece)
        return re.sub(r"\\u([0-9A-Fa-f]{4})", r"\\x{\1}", named)
    if piece.startswith("(?"):
        return piece if piece.endswith(":") else "(?:"
    match = _REPEAT.fullmatch(piece)
    if match is None:
        return piece
    if match[3]:
        return piece if int(match[3]) <= _MOST else f"{{{_MOST},}}"
    least = min(int(match[1] or 0), _MOST)
    return piece if match[2] and int(match[2]) <= _FEW else f"{{{least},}}"


def _escape(piece: str) -> str:
    sign = piece[1]
    if sign.isdigit():
        return "(?s:.{0,40})"
    if sign in _CLASSES:
        return f"[{_CLASSES[sign]}]"
    if sign == "u":
        return f"\\x{{{piece[2:]}}}"
    return "" if sign in "AZbB" else piece


def _piece(source: str, place: int) -> int:
    """Return the end of the escape, class, opening of a group, repeat or sign that begins here."""
    if source[place] == "\\":
        return place + (6 if source[place + 1] == "u" else 2)
    if source[place] == "[":
        end = place + 1 + (source[place + 1 : place + 2] == "^")
        end += source[end : end + 1] == "]"
        while source[end] != "]":
            end += 2 if source[end] == "\\" else 1
        return end + 1
    opening = re.compile(r"\(\?(?:\([^)]*\)|P<[^>]*>|[:>]|[a-z-]*:)").match(source, place)
    repeat = _REPEAT.match(source, place)
    return opening.end() if opening else repeat.end() if repeat else place + 1


def _closed(source: str, place: int) -> int:
    """Return the place behind the parenthesis that closes the one that begins here."""
    depth = 0
    while True:
        opens = source[place] == "("
        end = place + 1 if opens else _piece(source, place)
        depth += opens - (source[place] == ")")
        place = end
        if not depth:
            return place
