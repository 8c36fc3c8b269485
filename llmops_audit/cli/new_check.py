"""A check to start from: module, page and test that pass as they are."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import llmops_audit
from llmops_audit.errors import OutputError, PluginError

__all__ = ["DEFAULT_FOLDER", "Written", "in_own_tree", "new_check"]

DEFAULT_FOLDER = Path("audit_checks")
"""Folder of a user's own checks; made where it is not there."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST_NAME = 30

_IN_THE_MODULE = frozenset({"annotations", "at_limit", "check", "message"})
"""Names that the module of a new check imports, so that a check of that name would hide what it needs."""


@dataclass(frozen=True)
class Written:
    """What a new check consists of.

    Attributes
    ----------
    module, test : Path
    catalogues : mapping of Path to int
        Message catalogues with new entries, and the number of sentences to translate in each; none where the check is
        a plug-in.
    """

    module: Path
    test: Path
    catalogues: Mapping[Path, int]


def in_own_tree() -> bool:
    """Return whether the current folder is the tree of this project, with its own checks.

    Raises
    ------
    OutputError
        Where it is a tree of this project, and the program that runs was installed from elsewhere: that would put the
        sentences of the new check into the catalogues of the other.
    """
    if not all(Path(part).is_dir() for part in ("checks", "llmops_audit/check", "tests/checks")):
        return False
    running = Path(llmops_audit.__file__).resolve().parent
    if running != Path("llmops_audit").resolve():
        raise OutputError(
            "the current folder",
            "holds the source of llmops-audit, and another installation of it runs",
            "its own, .venv/bin/llmops-audit, or --folder for a check of your own",
            str(running),
        )
    return True


def new_check(name: str, folder: Path | None = None) -> Written:
    """Write a new check: all of its files, or none.

    Parameters
    ----------
    name : str
        Of the check, its function and its module.
    folder : Path, optional
        Folder of the user's own checks. By default the check becomes one of this project where the current folder is
        its tree, and goes to `DEFAULT_FOLDER` elsewhere.

    Returns
    -------
    Written

    Raises
    ------
    PluginError
        Where no check may have this name.
    OutputError
        Where the folder is none, or a file is in the way or cannot be written.
    """
    own = folder is None and in_own_tree()
    _refuse_name(name)
    if own:
        module, test = Path("checks") / f"{name}.py", Path("tests/checks") / f"test_{name}.py"
    else:
        place = DEFAULT_FOLDER if folder is None else folder
        if place.exists() or folder is not None:
            _refuse_place(place)
        module, test = place / f"{name}.py", place / "tests" / f"test_{name}.py"
    files = {module: _filled("check.py.j2", name, own), test: _filled("test_check.py.j2", name, own)}
    for path in files:
        if path.exists() or path.is_symlink():
            raise OutputError(str(path), "exists already", "a name that is not taken")
    try:
        # Whatever is written is taken back, unless all of it is.
        with ExitStack() as undo:
            for path, text in files.items():
                _write(path, text, undo)
            written = Written(module, test, _catalogues(undo) if own else {})
            undo.pop_all()
            return written
    except OSError as error:
        wrong = f"cannot be written: {error.strerror}"
        raise OutputError(str(error.filename), wrong, "a folder that may be written") from error


def _refuse_name(name: str) -> None:
    from llmops_audit.check.registry import provided

    subject = f"check '{name}'"
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        expected = f"lower-case letters a to z, digits and _, a letter first, at most {LONGEST_NAME} characters"
        raise PluginError(subject, "is not a valid name for a check", expected, repr(name))
    if keyword.iskeyword(name) or name in _IN_THE_MODULE or hasattr(builtins, name) or name in sys.stdlib_module_names:
        wrong = "has the name of something in Python, or of something that a check needs"
        raise PluginError(subject, wrong, "another name", repr(name))
    known = provided()
    if name in known:
        raise PluginError(
            subject, f"exists already, in {known[name].distribution}", f"none of {', '.join(known)}", repr(name)
        )


def _refuse_place(folder: Path) -> None:
    if not folder.is_dir():
        wrong = "is not a folder" if folder.exists() else "does not exist"
        raise OutputError(str(folder), wrong, "a folder for checks of your own")


def _filled(template: str, name: str, own: bool) -> str:
    from jinja2 import Environment, PackageLoader

    environment = Environment(  # noqa: S701 - Python, and the name holds nothing to escape
        loader=PackageLoader("llmops_audit.templates", ""),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    title = name.replace("_", " ").strip().capitalize()
    return environment.get_template(template).render(name=name, title=title, own=own)


def _write(path: Path, text: str, undo: ExitStack) -> None:
    for folder in (path.parent.parent, path.parent):
        if not folder.exists():
            folder.mkdir()
            undo.callback(folder.rmdir)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        undo.callback(path.unlink)
        file.write(text)


def _catalogues(undo: ExitStack) -> dict[Path, int]:
    """Put the new sentences into the catalogues, to be translated."""
    from llmops_audit.render.i18n import SOURCE_LANGUAGE, languages
    from llmops_audit.testing import catalogue

    found = {}
    used = catalogue.sentences()
    for language in languages():
        if language != SOURCE_LANGUAGE:
            file = Path("llmops_audit/render/locale", language, "LC_MESSAGES/llmops_audit.po")
            undo.callback(file.write_bytes, file.read_bytes())
            updated = catalogue.updated(catalogue.read(file, language), used)
            file.write_bytes(catalogue.written(updated, language))
            found[file] = len(catalogue.state(updated).missing)
    return found
