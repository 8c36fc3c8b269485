"""Where each key of a TOML text stands, so that a limit is shown with the line that sets it.

`tomllib` and `tomlkit` give no positions. So a text that `tomllib` has accepted is cut into its tokens here, and its
keys are read by `tomllib` itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import count

__all__ = ["key_lines"]

_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}'''  # a text over several lines may end with up to two quotes of its own
    r"""|'''.*?'{3,5}"""
    r"""|"(?:\\.|[^"\\])*"|'[^']*'"""
    r"""|\#[^\n]*"""
    r"""|[\[\]{}=,\n]"""
    r"""|[^\S\n]+"""
    r"""|[^\s"'\#\[\]{}=,]+""",
    re.DOTALL,
)

Key = tuple[str, ...]
Token = tuple[str, int]


def key_lines(text: str) -> dict[Key, int]:
    r"""Find the line of each table and key of a TOML text.

    Parameters
    ----------
    text : str
        Valid TOML.

    Returns
    -------
    dict
        Key as a tuple of parts, to its line, counted from 1; the index of an element of an array is a part as well. A
        table without a line of its own, such as `a` in ``[a.b]``, has the first line that implies it.

    Examples
    --------
    >>> key_lines("[a]\nb = { c = 1 }  # d = 2")
    {('a',): 1, ('a', 'b'): 2, ('a', 'b', 'c'): 2}
    """
    return _Reader([*_tokens(text), _END]).document()


_END = ("\n", 0)


def _tokens(text: str) -> Iterator[Token]:
    """Yield what is neither white space nor a comment, each with its line."""
    line = 1
    for match in _TOKEN.finditer(text):
        written = match[0]
        if written == "\n" or not (written.isspace() or written.startswith("#")):
            yield written, line
        line += written.count("\n")


class _Reader:
    """Walks over the tokens of a text once, from statement to statement."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._spelled: dict[Key, int] = {}
        self._implied: dict[Key, int] = {}
        self._last: dict[Key, int] = {}  # index of the last element, by array of tables

    def document(self) -> dict[Key, int]:
        table: Key = ()
        while not self._is_over():
            if self._next() == "[":
                table = self._header()
            else:
                self._pair(table)
        return {**self._implied, **self._spelled}

    def _is_over(self) -> bool:
        while self._at < len(self._tokens) and self._next() == "\n":
            self._at += 1
        return self._at == len(self._tokens)

    def _next(self) -> str:
        return self._tokens[self._at][0]

    def _until(self, ends: str) -> str:
        """Return all before one of the tokens, without white space."""
        start = self._at
        while self._next() not in ends:
            self._at += 1
        return "".join(token for token, _ in self._tokens[start : self._at])

    def _add(self, key: Key, line: int) -> None:
        self._spelled.setdefault(key, line)
        for end in range(1, len(key)):
            self._implied.setdefault(key[:end], line)

    def _header(self) -> Key:
        line = self._tokens[self._at][1]
        written = self._until("\n")
        is_array = written.startswith("[[")
        *above, name = _parts(written.strip("[]"))
        table: Key = ()
        for part in above:
            # What belongs to an array of tables belongs to its last element.
            table = self._element((*table, part))
        table = (*table, name)
        self._add(table, line)
        if is_array:
            self._last[table] = self._last.get(table, -1) + 1
            table = self._element(table)
            self._add(table, line)
        return table

    def _element(self, table: Key) -> Key:
        return (*table, str(self._last[table])) if table in self._last else table

    def _pair(self, table: Key) -> None:
        line = self._tokens[self._at][1]
        key = table + _parts(self._until("="))
        self._at += 1
        self._add(key, line)
        self._value(key)

    def _value(self, key: Key) -> None:
        opened = self._next()
        if opened not in "[{":
            self._until(",]}\n")
            return
        self._at += 1
        for index in count():
            if self._steps_over("]}"):
                return
            if opened == "{":
                self._pair(key)
            else:
                element = (*key, str(index))
                self._add(element, self._tokens[self._at][1])
                self._value(element)
            self._steps_over(",")

    def _steps_over(self, marks: str) -> bool:
        """Step over line feeds, and over one of the marks where it is next."""
        while self._next() == "\n":
            self._at += 1
        found = self._next() in marks
        self._at += found
        return found


def _parts(dotted: str) -> Key:
    parts: list[str] = []
    inner: object = tomllib.loads(f"{dotted} = 0")
    while isinstance(inner, dict):
        ((part, inner),) = inner.items()
        parts.append(part)
    return tuple(parts)
