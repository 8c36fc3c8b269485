"""Translate a pattern of `re` into an RE2 pattern that matches wherever it does, and perhaps elsewhere."""

from __future__ import annotations

import re

__all__ = ["relaxed"]

_LOOK_AROUND = re.compile(r"\(\?<?[=!]")
_MEMBERS = r"\[((?:[^\]\\^]|\\.)+)\]"
_ONE_BEFORE = re.compile(rf"\(\?<!{_MEMBERS}\)")
_TWO_BEFORE = re.compile(rf"\(\?<!{_MEMBERS}(?:{_MEMBERS}|\\(.))\)")
_ONE_AFTER = re.compile(rf"\(\?!{_MEMBERS}\)")
_REPEAT = re.compile(r"\{([0-9]*),([0-9]*)\}|\{([0-9]+)\}")
_MOST, _FEW = 64, 8
"""Repeats above `_MOST`, and ranges that end above `_FEW`, lose their upper end: every count costs RE2 a state."""

_CLASSES = {
    # RE2 reads these as ASCII; Python does not.
    "w": r"\p{L}\p{M}\p{N}_",
    "d": r"\p{Nd}",
    "s": r"\s\x{0B}\x{1C}-\x{1F}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}",
}


def relaxed(pattern: re.Pattern[str]) -> str:
    """Return an RE2 pattern that every match of a pattern contains.

    Parameters
    ----------
    pattern : re.Pattern

    Returns
    -------
    str
        It matches every text that the pattern matches. Look-arounds for single characters at the ends are kept; other
        look-arounds and boundaries are left out. A reference to a group becomes any short text, a condition either of
        its branches. Long repeats lose their upper end, and nothing is possessive.
    """
    source, index = pattern.pattern, 0
    head: list[str] = []
    while _LOOK_AROUND.match(source, index):
        end = _closing(source, index)
        head.append(source[index:end])
        index = end
    elements, tail, has_branches = _body(source, index)
    before, after = ("", "") if has_branches else (_not_before(head), _not_after(tail))
    flags = "i" if pattern.flags & re.IGNORECASE else ""
    return f"(?{flags}:{before}{''.join(elements)}{after})"


def _body(source: str, index: int) -> tuple[list[str], list[str], bool]:
    """Return the translated elements from an index on, the look-arounds at the end, and whether there is a bare `|`."""
    elements: list[str] = []
    tail: list[str] = []
    depth, has_branches, repeats = 0, False, False
    while index < len(source):
        if _LOOK_AROUND.match(source, index):
            end = _closing(source, index)
            tail = [*tail, source[index:end]]
            index = end
            continue
        end = _element_end(source, index)
        element, index, tail = source[index:end], end, []
        depth += element.startswith("(") - (element == ")")
        has_branches |= element == "|" and not depth
        if repeats and element == "+":
            # A possessive repeat matches less.
            repeats = False
            continue
        repeats = element in ("*", "+", "?") or _REPEAT.fullmatch(element) is not None
        elements.append(_translated(element))
    return elements, tail, has_branches


def _not_before(looks: list[str]) -> str:
    """Return the RE2 pattern before a match that replaces look-behinds for one or two characters."""
    single = "".join(_members(match[1]) for look in looks if (match := _ONE_BEFORE.fullmatch(look)))
    pair = next((match for look in looks if (match := _TWO_BEFORE.fullmatch(look))), None)
    if not single:
        return ""
    if pair is None:
        return f"(?:^|[^{single}])"
    first, second = _members(pair[1]), _members(pair[2] or f"\\{pair[3]}")
    return f"(?:^|[^{single}{second}]|(?:^|[^{first}])[{second}])"


def _not_after(looks: list[str]) -> str:
    """Return the RE2 pattern after a match that replaces look-aheads for one character."""
    members = "".join(_members(match[1]) for look in looks if (match := _ONE_AFTER.fullmatch(look)))
    return f"(?:[^{members}]|$)" if members else ""


def _members(members: str) -> str:
    """Return the members of a character class for RE2, so that more members may follow."""
    translated = _translated(f"[{members}]")[1:-1]
    return f"{translated[:-1]}\\-" if translated.endswith("-") and not translated.endswith("\\-") else translated


def _translated(element: str) -> str:
    if element[0] == "\\":
        return _escape(element)
    if element[0] == "[":
        named = re.sub(r"\\([wds])", lambda match: _CLASSES[match[1]], element)
        return re.sub(r"\\u([0-9A-Fa-f]{4})", r"\\x{\1}", named)
    if element.startswith("(?"):
        return element if element.endswith(":") else "(?:"
    match = _REPEAT.fullmatch(element)
    if match is None:
        return element
    if match[3]:
        return element if int(match[3]) <= _MOST else f"{{{_MOST},}}"
    least = min(int(match[1] or 0), _MOST)
    return element if match[2] and int(match[2]) <= _FEW else f"{{{least},}}"


def _escape(element: str) -> str:
    character = element[1]
    if character.isdigit():
        return "(?s:.{0,40})"
    if character in _CLASSES:
        return f"[{_CLASSES[character]}]"
    if character == "u":
        return f"\\x{{{element[2:]}}}"
    return "" if character in "AZbB" else element


def _element_end(source: str, index: int) -> int:
    """Return the end of the element at an index: an escape, class, opening of a group, repeat or other character."""
    if source[index] == "\\":
        return index + (6 if source[index + 1] == "u" else 2)
    if source[index] == "[":
        end = index + 1 + (source[index + 1 : index + 2] == "^")
        end += source[end : end + 1] == "]"
        while source[end] != "]":
            end += 2 if source[end] == "\\" else 1
        return end + 1
    opening = re.compile(r"\(\?(?:\([^)]*\)|P<[^>]*>|[:>]|[a-z-]*:)").match(source, index)
    repeat = _REPEAT.match(source, index)
    return opening.end() if opening else repeat.end() if repeat else index + 1


def _closing(source: str, index: int) -> int:
    """Return the index after the parenthesis that closes the group at an index."""
    depth = 0
    while True:
        opens = source[index] == "("
        end = index + 1 if opens else _element_end(source, index)
        depth += opens - (source[index] == ")")
        index = end
        if not depth:
            return index
