"""As much of PDF as it takes to read what Chromium prints: its pages, their text, and the tags of its structure.

No reader of PDF is among the dependencies, and none is needed: Chromium writes a plain table of objects, compresses
streams alone, and tags every row and heading with the page that each part of it stands on.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_REFERENCE = re.compile(rb"(\d+) 0 R")
_KIDS = re.compile(rb"\n/K (\[.*?\]|\d+ 0 R|\d+)(?=\n|>>)", re.DOTALL)
_MARKED = re.compile(rb"/Type /MCR\n/Pg (\d+) 0 R")
_DICTIONARY = re.compile(rb"<<.*?>>", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)> Tj")
_PLACED = re.compile(rb"(?<![\w.])(?:(q)|(Q)|((?:[-\d.]+ ){6})cm|(?:[-\d.]+ ){4}([-\d.]+) ([-\d.]+) Tm)(?=\s)")
_RANGES = re.compile(rb"beginbfrange\n(.*?)endbfrange", re.DOTALL)
_SINGLES = re.compile(rb"beginbfchar\n(.*?)endbfchar", re.DOTALL)

_MARGIN = 45.0
"""Below this height, in points, stands the number of the page."""


@dataclass(frozen=True)
class Tagged:
    """A tag of the structure, its parts, and the numbers of the pages that its own marks stand on."""

    kind: str
    parts: tuple[Tagged, ...]
    own_pages: tuple[int, ...]

    def walk(self) -> Iterator[Tagged]:
        """Yield the tag and all below it, in the order in which they are read."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def pages(self) -> tuple[int, ...]:
        """Numbers of the pages that it stands on, in the order in which they are read."""
        return tuple(page for part in self.walk() for page in part.own_pages)


class Printed:
    """A printed document.

    Attributes
    ----------
    texts : list of str
        The text of each page, running titles and page numbers included.
    size : (float, float)
        Width and height of the first page, in points.
    feet : list of float
        How far above the foot of each page its lowest text stands, in points, numbers of pages aside.
    root : Tagged
        The structure.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._offsets = _offsets(content)
        trailer = content[content.rindex(b"trailer") :]
        catalogue = self._object(_only(rb"/Root (\d+) 0 R", trailer))
        self._fonts: dict[int, tuple[int, dict[int, str]]] = {}
        pages = list(self._leaves(_only(rb"/Pages (\d+) 0 R", catalogue)))
        self.texts = [self._text(page) for page in pages]
        self.feet = [self._foot(page) for page in pages]
        box = re.search(rb"/MediaBox \[([^\]]+)\]", self._object(pages[0]))
        assert box is not None
        self.size = tuple(map(float, box[1].split()[2:]))
        self._numbers = {page: number for number, page in enumerate(pages, 1)}
        self.root = self._tagged(_only(rb"/StructTreeRoot (\d+) 0 R", catalogue))

    def _object(self, number: int) -> bytes:
        start = self._offsets[number]
        return self._content[start : self._content.index(b"endobj", start)]

    def _stream(self, number: int) -> bytes:
        head = self._object(number)
        length = _only(rb"/Length (\d+)", head)
        start = self._offsets[number] + head.index(b"stream\n") + len(b"stream\n")
        return zlib.decompress(self._content[start : start + length])

    def _leaves(self, number: int) -> Iterator[int]:
        node = self._object(number)
        kids = re.search(rb"/Kids \[([^\]]*)\]", node)
        if kids is None:
            yield number
            return
        for kid in _REFERENCE.findall(kids[1]):
            yield from self._leaves(int(kid))

    def _text(self, page: int) -> str:
        given = self._object(page)
        fonts = {name: self._font(int(font)) for name, font in re.findall(rb"/(F\d+) (\d+) 0 R", given)}
        width, letters, parts = 2, {}, []
        for name, shown in _SHOWN.findall(self._drawn(page)):
            if name:
                width, letters = fonts[name]
                continue
            codes = bytes.fromhex(shown.decode())
            taken = (int.from_bytes(codes[i : i + width], "big") for i in range(0, len(codes), width))
            parts.append("".join(letters.get(code, "\N{REPLACEMENT CHARACTER}") for code in taken))
        return "".join(parts)

    def _drawn(self, page: int) -> bytes:
        return self._stream(_only(rb"/Contents (\d+) 0 R", self._object(page)))

    def _foot(self, page: int) -> float:
        """Return the height of the lowest text above the margin; Chromium turns and skews nothing on a page."""
        scale, shift, outer, heights = 1.0, 0.0, [], []
        for opens, closes, moved, _, down in _PLACED.findall(self._drawn(page)):
            if opens:
                outer.append((scale, shift))
            elif closes:
                scale, shift = outer.pop()
            elif moved:
                _, _, _, along, _, up = map(float, moved.split())
                scale, shift = scale * along, shift + scale * up
            else:
                heights.append(shift + scale * float(down))
        return min(height for height in heights if height > _MARGIN)

    def _font(self, number: int) -> tuple[int, dict[int, str]]:
        if number not in self._fonts:
            font = self._object(number)
            width = 2 if b"/Subtype /Type0" in font else 1
            self._fonts[number] = width, _letters(self._stream(_only(rb"/ToUnicode (\d+) 0 R", font)))
        return self._fonts[number]

    def _tagged(self, number: int) -> Tagged:
        node = self._object(number)
        kind, page = re.search(rb"/S /(\w+)", node), re.search(rb"\n/Pg (\d+) 0 R\n/K", node)
        found = _KIDS.search(node)
        kids = b"" if found is None else found[1]
        marks = [int(there) for there in _MARKED.findall(kids)]
        kids = _DICTIONARY.sub(b"", kids)
        if page is not None and re.search(rb"\d", _REFERENCE.sub(b"", kids)):
            marks.append(int(page[1]))
        return Tagged(
            "" if kind is None else kind[1].decode(),
            tuple(self._tagged(int(kid)) for kid in _REFERENCE.findall(kids)),
            tuple(sorted(self._numbers[mark] for mark in marks)),
        )


def _offsets(content: bytes) -> dict[int, int]:
    start = int(content[content.rindex(b"startxref") :].split()[1])
    lines = content[start : content.index(b"trailer", start)].splitlines()[2:]
    return {number: int(line.split()[0]) for number, line in enumerate(lines) if line.rstrip().endswith(b"n")}


def _only(pattern: bytes, given: bytes) -> int:
    found = re.search(pattern, given)
    assert found is not None, f"no {pattern!r}"
    return int(found[1])


def _letters(cmap: bytes) -> dict[int, str]:
    letters: dict[int, str] = {}
    for block in _SINGLES.findall(cmap):
        for code, text in re.findall(rb"<(\w+)> <(\w+)>", block):
            letters[int(code, 16)] = _utf16(text)
    for block in _RANGES.findall(cmap):
        for first, last, text in re.findall(rb"<(\w+)> <(\w+)> <(\w+)>", block):
            base = _utf16(text)
            for step in range(int(last, 16) - int(first, 16) + 1):
                letters[int(first, 16) + step] = base[:-1] + chr(ord(base[-1]) + step)
    return letters


def _utf16(digits: bytes) -> str:
    return bytes.fromhex(digits.decode()).decode("utf-16-be")
