"""The formats that a record can be rendered to. One module a format.

A module of this package whose name has no underscore in front is a format. Its id is the module's name with hyphens in
place of underscores, and the first line of its docstring says what the file is. It holds

- ``FILE = "…"``: the name of the file;
- ``WRITTEN = "…"``: ``"default"`` where every run writes the file unless `--format` says otherwise, ``"format"`` where
  `--format` must name it, ``"page"`` for a page that `render --page` writes alone;
- ``def render(record, *, language, root) -> bytes``: the content of the file. `language` is ``"en"`` or ``"zh"``, and
  `root` the folder of the spec in the repository, empty for the top;
- ``def companions(record) -> tuple[str, ...]``, if the file mentions others: ids of the formats that go with it.

Another format is another file: options, their help, the README's table and the output folder take it from here. Both
constants are read from the source, and a module is imported only to render, so that ``--help`` stays fast.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from llmops_audit.errors import AuditError, PluginError, Problem

if TYPE_CHECKING:
    from llmops_audit.record import Record

__all__ = ["OutputFormat", "file_names", "known", "render_files", "require"]

WRITTEN = ("default", "format", "page")

_SIGNATURE = "render(record, *, language, root)"


@dataclass(frozen=True)
class OutputFormat:
    """A format as its module states it.

    Attributes
    ----------
    id : str
    file : str
        Name of the file.
    written : {"default", "format", "page"}
        By every run, where `--format` names it, or by `render --page`.
    summary : str
        What the file is, in a line.
    """

    id: str
    file: str
    written: str
    summary: str


class _FormatModule(Protocol):
    def render(self, record: Record, *, language: str, root: str) -> bytes: ...


@cache
def known() -> Mapping[str, OutputFormat]:
    """Return all formats by id, sorted; no format is imported.

    Raises
    ------
    PluginError
        With everything that a module of the folder does not state as a format must.
    """
    found: dict[str, OutputFormat] = {}
    problems: list[Problem] = []
    writers = {"record.json": "the record", "predictions.parquet": "the predictions", "rows.csv": "the rows"}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        if info.name.startswith("_"):
            continue
        format = _stated(info, problems)
        if format.file in writers:
            subject = f"output format '{format.id}': FILE"
            problems.append(Problem(subject, f"is that of {writers[format.file]}", "a file of its own"))
        writers |= {format.file: repr(format.id)} if format.file else {}
        found[format.id] = format
    if problems:
        raise PluginError.of(problems)
    return MappingProxyType(found)


def file_names() -> frozenset[str]:
    """Return the names of the files of all formats.

    Raises
    ------
    PluginError
        As `known`.
    """
    return frozenset(format.file for format in known().values())


def require(ids: Iterable[str]) -> None:
    """Refuse early what `render_files` could not write, such as a print where nothing prints.

    Parameters
    ----------
    ids : iterable of str
        Of formats.

    Raises
    ------
    AuditError
        Where a format lacks what it needs, or there is no such format.
    """
    for id in ids:
        needs = getattr(_module(id), "require", None)
        if needs is not None:
            needs()


def render_files(
    record: Record, ids: Iterable[str], *, language: str | None = None, root: str = ""
) -> dict[str, bytes]:
    """Render a record.

    Parameters
    ----------
    record : Record
    ids : iterable of str
        Of formats.
    language : str, optional
        ``"en"`` or ``"zh"``; by default the language of the audit.
    root : str
        Folder of the spec in the repository, with slashes; empty for the top.

    Returns
    -------
    dict of str to bytes
        Content by name of the file: each format's, then those of its companions. The same record gives the same bytes.

    Raises
    ------
    AuditError
        Where there is no such format, no catalogue of the language, or nothing in the record that a page could show.
    """
    language = record.audit.language if language is None else language
    modules = {id: _module(id) for id in ids}
    for module in tuple(modules.values()):
        companions = getattr(module, "companions", None)
        if companions is not None:
            modules |= {id: _module(id) for id in companions(record) if id not in modules}
    files = {}
    for id, module in modules.items():
        content = module.render(record, language=language, root=root)
        if not isinstance(content, bytes):
            raise PluginError(f"output format '{id}': render", "returns no bytes", "bytes", type(content).__name__)
        files[known()[id].file] = content
    return files


def _module(id: str) -> _FormatModule:
    if id not in known():
        raise AuditError("format", "is unknown", f"one of {', '.join(known())}", repr(id))
    return cast(_FormatModule, importlib.import_module(f"{__name__}.{id.replace('-', '_')}"))


def _stated(info: pkgutil.ModuleInfo, problems: list[Problem]) -> OutputFormat:
    """Return what a module states, and add what it does not to the problems."""
    id = info.name.replace("_", "-")
    subject = f"output format '{id}'"
    try:
        tree = ast.parse(_source(info))
    except SyntaxError as error:
        problems.append(Problem(subject, f"is no Python: line {error.lineno or 1}"))
        return OutputFormat(id, "", "", "")
    texts = dict(_texts(tree))
    file, written = texts.get("FILE", ""), texts.get("WRITTEN", "")
    summary = (ast.get_docstring(tree) or "").partition("\n")[0].removesuffix(".")
    if not summary:
        problems.append(Problem(subject, "has no docstring", "a first line that says what the file is"))
    if file in ("", "..") or "\0" in file or PurePath(file).name != file:
        problems.append(Problem(f"{subject}: FILE", "is no name of a file", "a text such as 'report.html'", repr(file)))
    if written not in WRITTEN:
        expected = f"one of {', '.join(map(repr, WRITTEN))}"
        problems.append(Problem(f"{subject}: WRITTEN", "is unknown", expected, repr(written)))
    if not any(map(_is_render, tree.body)):
        problems.append(Problem(f"{subject}: render", "is missing or has other parameters", _SIGNATURE))
    return OutputFormat(id, file, written, summary)


def _source(info: pkgutil.ModuleInfo) -> str:
    spec = info.module_finder.find_spec(info.name, None)
    source = None if spec is None or spec.loader is None else spec.loader.get_source(spec.name)  # type: ignore[attr-defined]
    return cast(str, source or "")


def _texts(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Give the constants of a module that are texts, with or without a type."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        else:
            continue
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield target.id, node.value.value


def _is_render(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.FunctionDef)
        and node.name == "render"
        and not node.args.posonlyargs
        and [argument.arg for argument in node.args.args] == ["record"]
        and [argument.arg for argument in node.args.kwonlyargs] == ["language", "root"]
    )
