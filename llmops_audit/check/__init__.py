"""The `@check` decorator: a function's signature is its contract.

Bare positional parameters name the inputs it wants, keyword-only parameters with defaults are its settings,
and the module's docstring is its page. Declaring a check registers nothing.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, create_model, model_validator

from llmops_audit import evidence
from llmops_audit.check.inputs import OTHER_INPUTS
from llmops_audit.errors import PluginError, Problem
from llmops_audit.record import ADVICE, Finding, Message, NamedFigure, Page, Section, Severity

__all__ = ["HEADINGS", "INPUTS", "Check", "TextFile", "check", "evidence_names"]

HEADINGS = ("What it measures", "Why it matters", "How to read it", "Limits", "References")
"""Headings of a check's page, in this order; `ADVICE` may precede the limits."""

_WITH_ADVICE = (*HEADINGS[:3], ADVICE, *HEADINGS[3:])

DEFAULT_TIME_LIMIT = 600.0

CheckFunction = Callable[..., Iterator[Finding | NamedFigure]]


def evidence_names() -> tuple[str, ...]:
    """Return the inputs that are evidence: the modules of `llmops_audit.evidence`, without importing them."""
    names = {module.name for module in pkgutil.iter_modules(evidence.__path__)}
    return tuple(sorted(name for name in names - {"base"} if not name.startswith("_")))


INPUTS = (*evidence_names(), *OTHER_INPUTS)
"""Every input that a check may name."""


LARGEST_FILE = 1_000_000
"""Bytes of a text file that a setting may name."""


class TextFile(BaseModel):
    """A setting that is the path of a text file, relative to the spec: the harness reads it, the check gets its text.

    Attributes
    ----------
    path : str
        As the spec writes it.
    sha256 : str
        Of the file's bytes; the record keeps it beside the path.
    text : str
        What the file holds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    path: str
    sha256: str
    text: str = Field(exclude=True, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str) or info.context is None:
            raise ValueError("is not the path of a text file")
        path: Path = info.context["folder"] / value
        if path.exists() and not path.is_file():
            # A pipe would block, and a device has no end.
            raise ValueError("is not a file")
        try:
            content = path.read_bytes()
            if len(content) > LARGEST_FILE:
                raise ValueError(f"the file has more than {LARGEST_FILE:,} bytes")
            return {"path": value, "sha256": hashlib.sha256(content).hexdigest(), "text": content.decode("utf-8")}
        except OSError as error:
            raise ValueError(f"the file cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ValueError("the file is not UTF-8 text") from error


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Check:
    """A check: a function from evidence to findings, with what its signature says.

    Attributes
    ----------
    function : callable
    module : str
        Name of its module; the last part is the check's name.
    severity : Severity
        Severity of its findings that name none.
    worker : tuple of str
        Slow modules to import in a process of its own; empty: it runs in the main process.
    time_limit : float
        Seconds.
    words : mapping of str to Message, or str
        As `check` takes them; `vocabulary` returns the mapping.
    """

    function: CheckFunction
    module: str
    severity: Severity
    worker: tuple[str, ...]
    time_limit: float
    inputs: tuple[str, ...] = field(default=())
    words: Mapping[str, Message] | str = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the check, which is its file's."""
        return self.module.rpartition(".")[2]

    @cached_property
    def page(self) -> Page:
        """The check's page.

        Raises
        ------
        PluginError
            Where the module's docstring is missing or lacks a heading.
        """
        return read_page(self.name, sys.modules[self.module].__doc__)

    @cached_property
    def vocabulary(self) -> Mapping[str, Message]:
        """The words of the keys that the check gives to findings and figures.

        Raises
        ------
        PluginError
            Where `words` names nothing, or something else than a mapping of str to Message.
        """
        words: object = self.words
        if isinstance(words, str):
            module, _, name = words.partition(":")
            try:
                words = getattr(importlib.import_module(module), name)
            except (ImportError, AttributeError, ValueError) as error:
                raise PluginError(f"check '{self.name}': words", "cannot be read", "module:NAME", str(error)) from error
        if not isinstance(words, Mapping) or not all(isinstance(word, Message) for word in words.values()):
            raise PluginError(f"check '{self.name}': words", "have the wrong type", "a mapping of str to Message")
        return words

    @cached_property
    def settings(self) -> type[BaseModel]:
        """Model of the keyword-only parameters, which validates ``[checks.<name>]``."""
        settings = {
            name: parameter
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }
        # Inputs are known by name: their annotations may be imported for the type checker alone.
        annotated = SimpleNamespace(__annotations__={name: p.annotation for name, p in settings.items()})
        namespace = sys.modules[self.module].__dict__
        hints = get_type_hints(annotated, globalns=namespace, include_extras=True)
        fields: dict[str, Any] = {name: (hints[name], parameter.default) for name, parameter in settings.items()}
        return create_model(f"{self.name}_settings", __base__=_Settings, **fields)

    def validate(self, text: str, folder: Path = Path()) -> BaseModel:
        """Validate settings.

        Parameters
        ----------
        text : str
            The settings as JSON, so that TOML's arrays may stand for tuples while types stay strict.
        folder : Path
            Folder of the spec, which the paths of text files are relative to.

        Raises
        ------
        pydantic.ValidationError
        """
        return self.settings.model_validate_json(text, context={"folder": folder})


def check(
    *,
    severity: Severity = Severity.HIGH,
    worker: tuple[str, ...] = (),
    time_limit: float = DEFAULT_TIME_LIMIT,
    words: Mapping[str, Message] | str = MappingProxyType({}),
) -> Callable[[CheckFunction], Check]:
    """Declare a function a check.

    Parameters
    ----------
    severity : Severity
        Of findings that name none themselves.
    worker : tuple of str
        Modules whose import is slow: the check then runs in a process that imports them early.
    time_limit : float
        Seconds after which the check counts as an error.
    words : mapping of str to Message, or str
        What reports call the check's metrics, keys of scopes and details, and methods; a key that it lacks is shown
        with its underscores opened. A value that has a name at one place has the key ``place=value``, see
        `llmops_audit.record.values_at`. As ``"module:NAME"`` the mapping is imported when the check runs.

    Returns
    -------
    callable
        Turns the function into a `Check`.

    Raises
    ------
    PluginError
        Where the signature breaks the contract.
    """

    def declare(function: CheckFunction) -> Check:
        inputs = _inputs(function)
        return Check(function, function.__module__, severity, worker, time_limit, inputs, words)

    return declare


def _inputs(function: CheckFunction) -> tuple[str, ...]:
    name = function.__module__.rpartition(".")[2]
    subject = f"check '{name}'"
    problems: list[Problem] = []
    inputs: list[str] = []
    known = ", ".join(INPUTS)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            problems.append(Problem(subject, f"parameter {str(parameter)!r} is variadic", "named parameters only"))
        elif parameter.kind is parameter.KEYWORD_ONLY:
            if parameter.default is parameter.empty:
                problems.append(Problem(subject, f"setting '{parameter.name}' has no default"))
            if parameter.annotation is parameter.empty:
                problems.append(Problem(subject, f"setting '{parameter.name}' has no annotation"))
        elif parameter.default is not parameter.empty:
            problems.append(Problem(subject, f"input '{parameter.name}' has a default", "a keyword-only setting"))
        elif parameter.name not in INPUTS:
            problems.append(Problem(subject, f"unknown input '{parameter.name}'; known inputs are {known}"))
        else:
            inputs.append(parameter.name)
    if not problems and not inputs:
        problems.append(Problem(subject, f"names no input; known inputs are {known}"))
    if problems:
        raise PluginError.of(problems)
    return tuple(inputs)


def read_page(name: str, docstring: str | None) -> Page:
    """Read a check's page.

    Parameters
    ----------
    name : str
        The check's name, for errors.
    docstring : str or None
        First line is the title; headings are underlined with hyphens, in the order of `HEADINGS`, with or
        without `ADVICE` before the limits.

    Raises
    ------
    PluginError
        Where the docstring is missing, a heading is missing, unknown or out of order, or a section is empty.
    """
    subject = f"check '{name}'"
    expected = ", ".join(HEADINGS)
    if not docstring:
        raise PluginError(subject, "has no page", f"a module docstring with the headings {expected}")
    lines = inspect.cleandoc(docstring).splitlines()
    marks = [i for i in range(1, len(lines)) if lines[i].startswith("---") and lines[i - 1].strip()]
    sections = tuple(
        Section(heading=lines[mark - 1].strip(), paragraphs=_paragraphs(lines[mark + 1 : end - 1]))
        for mark, end in zip(marks, [*marks[1:], len(lines) + 1], strict=True)
    )
    headings = tuple(section.heading for section in sections)
    if headings not in (HEADINGS, _WITH_ADVICE):
        raise PluginError(subject, "its page has the wrong headings", expected, ", ".join(headings) or "none")
    for section in sections:
        if not section.paragraphs:
            raise PluginError(subject, f"its page has no text under '{section.heading}'")
    return Page(title=lines[0].strip(), sections=sections)


def _paragraphs(lines: list[str]) -> tuple[str, ...]:
    blocks = "\n".join(lines).split("\n\n")
    return tuple(" ".join(block.split()) for block in blocks if block.strip())
