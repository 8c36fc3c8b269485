"""Recognisers: the kinds of personal data, by area. Every module of this package is found by its folder.

A recogniser module has two constants: `KINDS`, a tuple of `Kind`, and `PRECEDENCE`, a whole number. Among equally
confident hits at one place the kind of the module with the smaller number wins, and within a module the kind that
stands first. To add a kind, add an entry to a module; to add an area, add a module. Tests, the table in the
documentation and the titles in reports follow from the entries.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType

from llmops_audit.errors import PluginError
from llmops_audit.personal_data.kinds import Kind

__all__ = ["KINDS", "catalogue", "load"]


def load(folders: Iterable[str], package: str = __name__) -> list[ModuleType]:
    """Import the recogniser modules of some folders, sorted by name.

    Parameters
    ----------
    folders : iterable of str
        The `__path__` of a package.
    package : str
        Its name.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(folders))
    return [importlib.import_module(f"{package}.{name}") for name in names]


def catalogue(modules: Iterable[ModuleType]) -> dict[str, Kind]:
    """Return the kinds of recogniser modules by name, in the order in which they win a place.

    Parameters
    ----------
    modules : iterable of module

    Raises
    ------
    PluginError
        Where a module has no kinds or no precedence, or a kind is in two modules. It names every file involved.
    """
    kinds: dict[str, Kind] = {}
    owners: dict[str, str] = {}
    for module in sorted(modules, key=lambda module: (_precedence(module), module.__name__)):
        for kind in _kinds(module):
            if kind.name in kinds:
                files = " and ".join(dict.fromkeys((owners[kind.name], _file(module))))
                raise PluginError(f"kind of personal data {kind.name!r}", "is defined twice", "one entry", files)
            kinds[kind.name] = kind
            owners[kind.name] = _file(module)
    return kinds


def _file(module: ModuleType) -> str:
    return module.__file__ or module.__name__


def _precedence(module: ModuleType) -> int:
    found = getattr(module, "PRECEDENCE", None)
    if not isinstance(found, int):
        raise PluginError(_file(module), "is no recogniser", "a constant PRECEDENCE, a whole number", _type(found))
    return found


def _kinds(module: ModuleType) -> tuple[Kind, ...]:
    found = getattr(module, "KINDS", None)
    if not isinstance(found, tuple) or not found or not all(isinstance(kind, Kind) for kind in found):
        raise PluginError(
            _file(module), "is no recogniser", "a constant KINDS, a tuple of at least one Kind", _type(found)
        )
    return found


def _type(found: object) -> str:
    return "nothing" if found is None else "an empty tuple" if found == () else f"a {type(found).__name__}"


KINDS: dict[str, Kind] = catalogue(load(__path__))
"""Every kind that is searched for, by name."""
