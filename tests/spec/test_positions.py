"""Where the keys of a spec stand: by its text as it is parsed, not by what its lines look like."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.spec.positions import key_lines

Key = tuple[str, ...]


def _every_key(value: object, above: Key = ()) -> Iterator[Key]:
    parts: list[tuple[str, object]] = []
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = [(str(index), inner) for index, inner in enumerate(value)]
    for part, inner in parts:
        yield (*above, part)
        yield from _every_key(inner, (*above, part))


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("[a]\nb = 1\n", "a b", 2),
        ('[a]\n\n[checks."my check"]\nc.d = 2\n', "checks|my check|c|d", 4),
        ("[c.f]\nmax = { accuracy = 1 }\nmin = { accuracy = 2 }\n", "c f min accuracy", 3),
        ("[c.f.max]\naccuracy = 1\n[c.f.min]\naccuracy = 2\n", "c f min accuracy", 4),
        ("[c.f]\nmax.recall = 1\nmin.recall = 2\n", "c f min recall", 3),
        ("[c.f.max]\nrecall = 1\n\n[c]\nz = 1\n", "c", 4),
        ("[c.f.max]\nrecall = 1\n", "c f", 1),
        ("# min = 1\n# [c]\n\nmin = 2  # min = 3\n", "min", 4),
        ('text = """\n[c]\nmin = 1\n"""\n[c]\nmin = 2\n', "c min", 6),
        ("text = '''\n[c]\n\"\"\"\nmin = 1''''\n[c]\nmin = 2\n", "c min", 6),
        ('text = """a\\"""\n[c]"""""\n[c]\nmin = 2\n', "c min", 4),
        ("a = \"# [c]\"\n'min' = 2\n", "min", 2),
        ("x = [ # [c]\n  1, # min = 1\n]\nmin = 2\n", "min", 4),
        ("t = { a = [\n  1,\n], min = 2 }\n", "t min", 3),
        ("t = [\n  { min = 1 },\n\n  { min = 2 },\n]\n", "t 1 min", 4),
        ("[[t]]\nmin = 1\n[[t]]\nmin = 2\n[t.of]\nlast = 3\n", "t 1 min", 4),
        ("[[t]]\nmin = 1\n[[t]]\nmin = 2\n[t.of]\nlast = 3\n", "t 1 of last", 6),
        ("[[t]]\n[[t.u]]\na = 1\n[[t.u]]\na = 2\n", "t 0 u 1 a", 5),
        ("[a]\r\n# c\r\nb = 1\r\n\r\nc = 2\r\n", "a c", 5),
        ('a = "one line\u2028of text\u0085"\nb = 1\n', "b", 2),
        ("a = 1979-05-27 07:32:00\nb = 1\n", "b", 2),
        ('"a\\u0062"."c.d" . e = 1\n', "ab|c.d|e", 1),
        ("[ a . 'b]' ] # x\nc = 1\n", "a b] c", 2),
    ],
)
def test_a_key_is_found_at_its_line(text: str, key: str, line: int) -> None:
    """Dotted and quoted keys, tables within tables, tables and arrays over lines, and texts that look like keys."""
    tomllib.loads(text)
    assert key_lines(text)[tuple(key.split("|" if "|" in key else " "))] == line


NAMES = ("min", "max", "a-b", "1", "=", "#", "[c]", "a.b", "\n", '"""', "'", "\\", "}")
names = st.one_of(
    st.sampled_from(NAMES),
    st.text(max_size=4),
)
texts = st.text(st.sampled_from("ab=#[]{}.,\\\"'\n\r\t "), max_size=12)


def _basic(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _block(text: str) -> str:
    return '"""\n' + text.replace("\\", "\\\\").replace('"""', '""\\"').replace("\r", "") + '\\\n"""'


values = st.recursive(
    st.one_of(st.integers(-9, 9).map(str), texts.map(_basic), texts.map(_block), st.just("true"), st.just("1.5e3")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: "[ # [a]\n" + "".join(f"{one},\n" for one in found) + "]"),
        st.dictionaries(names.filter(lambda name: _is_text(name)), inner, max_size=3).map(
            lambda found: "{" + ", ".join(f"{_basic(key)} = {one}" for key, one in found.items()) + "}"
        ),
    ),
    max_leaves=6,
)


def _is_text(name: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in name)


tables = st.dictionaries(
    names.filter(_is_text), st.dictionaries(names.filter(_is_text), values, max_size=4), min_size=1, max_size=4
)


@given(tables, st.sampled_from(["\n", "\r\n"]))
def test_every_key_and_no_other_is_found_where_it_was_written(found: dict[str, dict[str, str]], end: str) -> None:
    """Whatever names and values are: the keys are those that `tomllib` reads, each at the line it was written on."""
    written: list[str] = []
    expected: dict[Key, int] = {}
    for table, settings in found.items():
        written += [f"[{_basic(table)}] # {table.encode()!r} = 1", ""]
        expected[(table,)] = len(written) - 1
        for key, value in settings.items():
            expected[(table, key)] = len(written) + 1
            written += f"{_basic(key)} = {value}".split("\n")
    text = end.join(written)
    lines = key_lines(text)
    assert set(lines) == set(_every_key(tomllib.loads(text)))
    assert {key: lines[key] for key in expected} == expected
