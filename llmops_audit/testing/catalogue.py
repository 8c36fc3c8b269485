"""Keep the catalogues complete: ``python -m llmops_audit.testing.catalogue [--update]``.

Without ``--update`` it prints, by language, the sentences that have no translation and those that no source uses any
more, and ends with 1 where there are any. With ``--update`` it writes the catalogues: what is missing gets an empty
translation to fill in, what is obsolete goes, translations stay.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from llmops_audit.check import read_page
from llmops_audit.render.i18n import SOURCE_LANGUAGE, languages, read_catalogue

__all__ = ["main", "missing", "obsolete", "sentences", "written"]

KEYWORDS = {"_": None, "message": None}
_TEMPLATE = ".j2"
_HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: llmops-audit\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def sentences() -> frozenset[str]:
    """Return every sentence that can be translated: of the program, the checks, their pages and the templates."""
    found = set(_page_sentences())
    for file in (*_files("llmops_audit", ".py"), *_files("llmops_audit.checks", ".py")):
        found.update(_extracted("python", file))
    for file in _files("llmops_audit.templates", _TEMPLATE):
        found.update(_extracted("jinja2.ext:babel_extract", file))
    return frozenset(found)


def missing(language: str) -> tuple[str, ...]:
    """Return the sentences without a translation, sorted."""
    catalogue = read_catalogue(language)
    return tuple(sorted(sentence for sentence in sentences() if not catalogue.get(sentence)))


def obsolete(language: str) -> tuple[str, ...]:
    """Return the entries of a catalogue that no source uses, sorted."""
    return tuple(sorted(read_catalogue(language).keys() - sentences()))


def written(language: str) -> bytes:
    """Return the complete catalogue file of a language; the same sources and translations give the same bytes."""
    known = read_catalogue(language)
    catalogue = Catalog(locale=language)
    for sentence in sorted(sentences()):
        catalogue.add(sentence, known.get(sentence, ""))
    for entry in catalogue:
        entry.flags.clear()
    buffer = BytesIO()
    write_po(buffer, catalogue, width=0, no_location=True, omit_header=True, sort_output=True)
    return _HEADER.format(language=language).encode() + buffer.getvalue().strip() + b"\n"


def main(arguments: list[str]) -> int:
    """Report on the catalogues or update them; return the exit code."""
    update = arguments == ["--update"]
    if arguments and not update:
        print("usage: python -m llmops_audit.testing.catalogue [--update]", file=sys.stderr)
        return 2
    incomplete = False
    for language in languages():
        if language == SOURCE_LANGUAGE:
            continue
        if update:
            file = resources.files("llmops_audit.render.locale").joinpath(language, "LC_MESSAGES", "llmops_audit.po")
            Path(str(file)).write_bytes(written(language))
        for state, found in (("missing", missing(language)), ("obsolete", obsolete(language))):
            incomplete = incomplete or bool(found)
            for sentence in found:
                print(f"{language}: {state}: {sentence}")
    return int(incomplete)


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
