"""Keep the catalogues complete: ``python -m llmops_audit.testing.catalogue [--update]``.

Without ``--update`` it lists, by language, the entries that need a translator, and ends with 1 where there are any:

- *fuzzy*: the English sentence changed; its translation is that of the sentence before;
- *missing*: the sentence has no translation yet;
- *obsolete*: no source uses the sentence any more.

With ``--update`` it writes the catalogues: translations stay, a new sentence gets an empty translation, and a changed
sentence keeps the translation of the sentence before, marked ``#, fuzzy``, with that sentence beside it (``#| msgid``).
A report shows the English of a fuzzy entry. Once the translation is right, delete the line ``#, fuzzy``. Obsolete
entries stay at the end of the file, as comments, until every other entry is translated.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, unescape, write_po

from llmops_audit.check import read_page
from llmops_audit.render.i18n import SOURCE_LANGUAGE, catalogue_file, languages

__all__ = ["Fuzzy", "State", "main", "read", "sentences", "state", "updated", "written"]

KEYWORDS = {"_": None, "message": None}
_TEMPLATE = ".j2"
_FUZZY = "fuzzy"
_PREVIOUS = "|"
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_NO_WRAP = sys.maxsize
_HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: llmops-audit\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


@dataclass(frozen=True)
class Fuzzy:
    """A changed sentence, and the translation of the sentence before.

    Parameters
    ----------
    sentence
        The English sentence of today.
    previous
        The English sentence that the translation belongs to; empty where the catalogue does not say.
    translation
        The translation of `previous`.
    """

    sentence: str
    previous: str
    translation: str

    def __str__(self) -> str:
        return f"was: {self.previous}\n  now: {self.sentence}\n  translation: {self.translation}"


@dataclass(frozen=True)
class State:
    """The entries of a catalogue that need a translator; each list is sorted."""

    fuzzy: tuple[Fuzzy, ...]
    missing: tuple[str, ...]
    obsolete: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every sentence has a translation that belongs to it."""
        return not (self.fuzzy or self.missing)

    def lines(self) -> Iterator[str]:
        """Yield a line for each entry: its state and its sentences."""
        for state, entries in (("fuzzy", self.fuzzy), ("missing", self.missing), ("obsolete", self.obsolete)):
            yield from (f"{state}: {entry}" for entry in entries)


def sentences() -> frozenset[str]:
    """Return every sentence that can be translated: of the program, the checks, their pages and the templates."""
    found = set(_page_sentences())
    for file in (*_files("llmops_audit", ".py"), *_files("llmops_audit.checks", ".py")):
        found.update(_extracted("python", file))
    for file in _files("llmops_audit.templates", _TEMPLATE):
        found.update(_extracted("jinja2.ext:babel_extract", file))
    return frozenset(found)


def read(file: Traversable, language: str) -> Catalog:
    """Return the catalogue of a file, with the previous sentences of its fuzzy entries."""
    with file.open("rb") as source:
        catalogue = read_po(source, locale=language)
    for entry in catalogue:
        # Babel writes previous sentences, but takes them for comments when it reads.
        previous = [comment for comment in entry.user_comments if comment.startswith(_PREVIOUS)]
        entry.user_comments = [comment for comment in entry.user_comments if comment not in previous]
        if entry.fuzzy:
            entry.previous_id = ["".join(unescape(part) for part in _QUOTED.findall(" ".join(previous)))]
    return catalogue


def updated(known: Catalog, used: Collection[str]) -> Catalog:
    """Return the catalogue of the sentences in use.

    A sentence that `known` lacks takes the translation of the most similar sentence that is used no longer, as fuzzy.
    """
    entries = {entry.id: entry for entry in (*known.obsolete.values(), *_entries(known)) if entry.string}
    catalogue = Catalog(locale=known.locale)
    for sentence in sorted(entries.keys() - set(used)):
        _add(catalogue, entries[sentence])
    new = Catalog(locale=known.locale)
    for sentence in sorted(set(used) - entries.keys()):
        new.add(sentence)
    catalogue.update(new)
    for entry in _entries(catalogue):
        # Of a sentence that changed twice, the translation belongs to the first.
        before = entries.get(entry.previous_id[0]) if entry.previous_id else None
        if before is not None and before.previous_id:
            entry.previous_id = before.previous_id
        _flag(entry)
    for sentence in sorted(entries.keys() & set(used)):
        _add(catalogue, entries[sentence])
    return catalogue


def state(catalogue: Catalog) -> State:
    """Return what an updated catalogue lacks, and what it holds that no source uses."""
    entries = sorted(_entries(catalogue), key=lambda entry: entry.id)
    return State(
        fuzzy=tuple(
            Fuzzy(sentence=str(entry.id), previous="".join(entry.previous_id), translation=str(entry.string))
            for entry in entries
            if entry.fuzzy
        ),
        missing=tuple(str(entry.id) for entry in entries if not entry.string),
        obsolete=tuple(sorted(str(entry.id) for entry in catalogue.obsolete.values())),
    )


def written(catalogue: Catalog, language: str) -> bytes:
    """Return an updated catalogue as a file; the same sentences and translations give the same bytes."""
    buffer = BytesIO()
    write_po(
        buffer,
        catalogue,
        width=_NO_WRAP,
        no_location=True,
        omit_header=True,
        sort_output=True,
        include_previous=True,
        ignore_obsolete=state(catalogue).complete,
    )
    return _HEADER.format(language=language).encode() + buffer.getvalue().strip() + b"\n"


def main(arguments: list[str]) -> int:
    """Report on the catalogues or update them; return the exit code."""
    update = arguments == ["--update"]
    if arguments and not update:
        print("usage: python -m llmops_audit.testing.catalogue [--update]", file=sys.stderr)
        return 2
    used = sentences()
    incomplete = False
    for language in languages():
        if language == SOURCE_LANGUAGE:
            continue
        file = catalogue_file(language)
        catalogue = updated(read(file, language), used)
        if update:
            Path(str(file)).write_bytes(written(catalogue, language))
        found = state(catalogue)
        incomplete = incomplete or not found.complete or (bool(found.obsolete) and not update)
        for line in found.lines():
            print(f"{language}: {line}")
    return int(incomplete)


def _entries(catalogue: Catalog) -> Iterator[Message]:
    return (entry for entry in catalogue if entry.id)


def _add(catalogue: Catalog, entry: Message) -> None:
    added = catalogue.add(entry.id, entry.string, user_comments=entry.user_comments, previous_id=entry.previous_id)
    added.flags = set(entry.flags)
    _flag(added)


def _flag(entry: Message) -> None:
    """Leave out the flags that Babel adds by itself, and the mark of a sentence that is again what it was."""
    entry.flags &= {_FUZZY} if entry.previous_id != [entry.id] else set()
    if not entry.fuzzy:
        entry.previous_id = []


def _files(package: str, suffix: str) -> Iterator[Traversable]:
    folders = [resources.files(package)]
    while folders:
        entries = sorted(folders.pop().iterdir(), key=lambda entry: entry.name)
        folders += [entry for entry in entries if entry.is_dir()]
        yield from (entry for entry in entries if entry.is_file() and entry.name.endswith(suffix))


def _extracted(method: str, file: Traversable) -> Iterator[str]:
    with file.open("rb") as source:
        options = {"silent": "false", "trimmed": "false"}
        for _line, found, _comments, _context in extract(method, source, KEYWORDS, (), options):
            yield found if isinstance(found, str) else found[0]


def _page_sentences() -> Iterator[str]:
    for file in _files("llmops_audit.checks", ".py"):
        if file.name == "__init__.py":
            continue
        page = read_page(file.name.removesuffix(".py"), ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))))
        yield page.title
        for section in page.sections:
            yield section.heading
            yield from section.paragraphs


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
