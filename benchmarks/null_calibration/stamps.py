"""Stamps: a digest of the code that a part of the page shows, so that the page can be told from a stale one."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(os.environ.get("LLMOPS_AUDIT_TREE", Path(__file__).parents[2]))
"""Where the sources are: an installed package has them elsewhere."""
PACKAGES = ("llmops_audit", "checks")
NO_BEARING = (
    "llmops_audit.render",
    "llmops_audit.cli",
    "llmops_audit.testing",
    "llmops_audit.audit.finding_rows",
    "llmops_audit.record.folder",
    "llmops_audit.record.found_records",
    "llmops_audit.record.frameworks",
    "llmops_audit.record.report_settings",
    "llmops_audit.spec.report_section",
)
"""What shows a decision, and decides nothing."""
DIGITS = 12


def stamp(modules: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Return a digest of modules, of all of our packages that they import, of tables beside them, and of other files.

    Comments, docstrings, sentences of messages and empty lines have no bearing. Neither has the order.

    Parameters
    ----------
    modules : iterable of str
        Modules of `PACKAGES`; a package stands for all of its modules.
    files : iterable of Path
        Whose imports are not followed.

    Raises
    ------
    ValueError
        Where there is no such module: a digest of nothing would never change.
    """
    modules = [*modules]
    if missing := [name for name in modules if _file(name) is None]:
        raise ValueError(f"no source of {missing[0]} in {ROOT}")
    sources = {file for name in imported(modules) if (file := _file(name)) is not None}
    sources |= {table for file in sources for table in file.parent.glob("*.toml")} | set(files)
    digest = hashlib.sha256()
    # By name and content: paths depend on the machine.
    for name, text in sorted((file.name, _code_of(file)) for file in sources):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:DIGITS]


def imported(modules: Iterable[str]) -> frozenset[str]:
    """Return modules and all of our packages that they import, wherever in their code."""
    found: set[str] = set()
    waiting = [module for name in modules for module in _expanded(name)]
    while waiting:
        name = waiting.pop()
        if name in found or name.startswith(NO_BEARING) or _file(name) is None:
            continue
        found.add(name)
        waiting += _imports(name)
    return frozenset(found)


def code(source: str) -> str:
    """Return Python without comments, docstrings, sentences of messages and empty lines.

    Examples
    --------
    >>> code('x = 1  # one')
    'x = 1'
    >>> code('y = message("So many: {count}", count=1)')
    'y = message(, count=1)'
    """
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    # Positions of a tree count bytes.
    written = [line.encode() for line in lines]
    for said in _said(ast.parse(source)):
        first, last = said.lineno - 1, (said.end_lineno or said.lineno) - 1
        start, end = written[first][: said.col_offset], written[last][said.end_col_offset :]
        written[first : last + 1] = [start + end] + [b""] * (last - first)
    return "\n".join(line.decode().rstrip() for line in written if line.strip())


def _said(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield docstrings and sentences of messages, the last first, so that the positions of others stay true."""
    found = [
        node.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "message" and node.args
        if isinstance(node.args[0], ast.Constant)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            found.append(node.body[0].value)  # type: ignore[attr-defined]
    yield from sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True)


def _expanded(name: str) -> list[str]:
    folder = ROOT / name.replace(".", "/")
    if not folder.is_dir():
        return [name]
    return [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            for file in sorted(folder.rglob("*.py"))]  # fmt: skip


@cache
def _code_of(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    return code(text) if file.suffix == ".py" else text


@cache
def _file(name: str) -> Path | None:
    if name.split(".")[0] not in PACKAGES:
        return None
    path = ROOT / name.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def _imports(name: str) -> tuple[str, ...]:
    file = _file(name)
    assert file is not None
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    found: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*parents, *filter(None, [node.module])])
            # A package of which a module is imported does nothing by itself.
            found += [inner if _file(inner) else module for inner in (f"{module}.{alias.name}" for alias in node.names)]
    return tuple(found)
