"""Where checks come from: entry points of installed distributions, and the user's own files."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel, ValidationError

from llmops_audit.check import Check
from llmops_audit.errors import PluginError, Problem
from llmops_audit.errors.validation import problems_of
from llmops_audit.record import CheckGate
from llmops_audit.spec import CheckSection, ParsedSpec, as_json

__all__ = ["GROUP", "HARNESS_KEYS", "Enabled", "Provided", "enabled", "provided"]

GROUP = "llmops_audit.checks"
"""Entry point group: one entry a distribution, naming a package whose modules are checks."""


@dataclass(frozen=True)
class Provided:
    """A check and who provides it."""

    check: Check
    distribution: str
    version: str


HARNESS_KEYS = tuple(CheckSection.model_fields)
"""Keys that every check's section may contain: the harness obeys them, the check does not see them."""


@dataclass(frozen=True)
class Enabled:
    """A check that a spec names.

    Attributes
    ----------
    provided : Provided
    settings : pydantic model
        Validated.
    own_limit : float, optional
        Seconds that the spec allows; None: the check's own limit.
    gate : {"block", "review", "report"}
        What its verdict does.
    """

    provided: Provided
    settings: BaseModel
    own_limit: float | None = None
    gate: CheckGate = "block"

    @property
    def check(self) -> Check:
        """The check itself."""
        return self.provided.check

    @property
    def time_limit(self) -> float:
        """Seconds after which it counts as an error."""
        return self.check.time_limit if self.own_limit is None else self.own_limit


def provided(plugins: Iterable[Path] = ()) -> dict[str, Provided]:
    """Find all checks, by name, sorted.

    Parameters
    ----------
    plugins : iterable of Path
        The user's own files, or folders of them.

    Raises
    ------
    PluginError
        Where a module is malformed or two distributions provide one name.
    """
    found: dict[str, Provided] = {}
    problems: list[Problem] = []
    for candidate in (*_installed(problems), *_own(plugins, problems)):
        name = candidate.check.name
        if name in found:
            both = f"{found[name].distribution} and {candidate.distribution}"
            problems.append(Problem(f"check '{name}'", f"is provided twice, by {both}"))
        found[name] = candidate
    if problems:
        raise PluginError.of(problems)
    return dict(sorted(found.items()))


def _installed(problems: list[Problem]) -> list[Provided]:
    found = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            package = point.load()
            names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
            modules = [importlib.import_module(f"{point.value}.{name}") for name in names]
            found += [Provided(_only_check(module), *_distribution(point)) for module in modules]
        except PluginError as error:
            problems.extend(error.problems)
        except (ImportError, AttributeError) as error:
            problems.append(Problem(f"entry point '{point.name}' of {GROUP}", f"cannot be loaded: {error}"))
    return found


def _distribution(point: EntryPoint) -> tuple[str, str]:
    if point.dist is None:
        raise PluginError(f"entry point '{point.name}'", "belongs to no distribution")
    return point.dist.name, point.dist.version


def _own(plugins: Iterable[Path], problems: list[Problem]) -> list[Provided]:
    found = []
    for path in plugins:
        try:
            files = sorted(path.glob("[!_]*.py")) if path.is_dir() else [path]
            found_all = bool(files) and all(file.is_file() for file in files)
        except OSError:
            found_all = False
        if not found_all:
            problems.append(Problem(f"plugins: {path.name}", "contains no check", "a Python file, or a folder of such"))
            continue
        for file in files:
            try:
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                found.append(Provided(_only_check(_module(file)), f"file {file.name}", digest[:12]))
            except PluginError as error:
                problems.extend(error.problems)
    return found


def _module(file: Path) -> ModuleType:
    # The folder's digest keeps files of one name in two folders apart.
    folder = hashlib.sha256(str(file.resolve().parent).encode()).hexdigest()[:12]
    name = f"llmops_audit_plugin_{folder}.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"check file '{file.name}'", "is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(
            f"check file '{file.name}'", f"cannot be imported: {type(error).__name__}: {error}"
        ) from error
    return module


def _only_check(module: ModuleType) -> Check:
    checks = [value for value in vars(module).values() if isinstance(value, Check) and value.module == module.__name__]
    stem = module.__name__.rpartition(".")[2]
    if len(checks) != 1:
        raise PluginError(f"check module '{stem}'", "has the wrong number of checks", "exactly one", str(len(checks)))
    found = checks[0]
    if found.function.__name__ != stem:
        raise PluginError(f"check '{stem}'", "is not named like its file", stem, found.function.__name__)
    _ = found.page, found.settings
    return found


def enabled(draft: ParsedSpec) -> tuple[dict[str, Enabled], tuple[Problem, ...]]:
    """Match the checks that a spec names with those that exist, and validate their settings.

    Returns
    -------
    checks : dict
        By name, sorted.
    problems : tuple of Problem
        Unknown checks and wrong settings, all of them.
    """
    raw = draft.raw.get("checks")
    plugins = draft.raw.get("plugins", [])
    if not isinstance(raw, Mapping) or not isinstance(plugins, list) or not all(isinstance(p, str) for p in plugins):
        return {}, ()
    try:
        known = provided(draft.folder / plugin for plugin in plugins)
    except PluginError as error:
        return {}, error.problems
    found, problems = {}, []
    for name, settings in sorted(raw.items()):
        if name not in known:
            problems.append(
                Problem(f"{draft.file}: checks.{name}", "unknown check", f"one of {', '.join(known)}", repr(name))
            )
            continue
        check = known[name].check
        validated, wrong = _validated(check, settings, draft)
        problems.extend(wrong)
        if validated is not None:
            found[name] = Enabled(known[name], *validated)
    return found, tuple(problems)


def _validated(
    check: Check, settings: object, draft: ParsedSpec
) -> tuple[tuple[BaseModel, float | None, CheckGate] | None, tuple[Problem, ...]]:
    """Return the settings of a check, its time limit and its gate; None where one of them is wrong."""
    if not isinstance(settings, Mapping):
        # The spec's own validation says so.
        return None, ()
    own = {key: value for key, value in settings.items() if key not in HARNESS_KEYS}
    harness = {key: settings[key] for key in HARNESS_KEYS if key in settings}
    problems: list[Problem] = []
    try:
        common = CheckSection.model_validate_json(as_json(harness))
    except ValidationError as error:
        problems.extend(problems_of(error, draft.file, ("checks", check.name), CheckSection))
    try:
        validated = check.validate(as_json(own), draft.folder)
    except ValidationError as error:
        problems.extend(problems_of(error, draft.file, ("checks", check.name), check.settings))
    if problems:
        return None, tuple(problems)
    return (validated, common.time_limit, common.gate), ()
