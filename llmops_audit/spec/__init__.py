"""The spec: what `audit.toml` may say; everything that is wrong with it is reported at once."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Self

import rfc8785
from pydantic import Field, ValidationError, model_validator

from llmops_audit.errors import Problem, SpecError
from llmops_audit.errors.validation import problems_of
from llmops_audit.record import frameworks
from llmops_audit.record.labels import LARGEST
from llmops_audit.spec.mapping import MAPPING, keys_of, toml_of
from llmops_audit.spec.positions import key_lines
from llmops_audit.spec.report_section import ReportSection
from llmops_audit.spec.sections import (
    AuditSection,
    BaselineSection,
    CardSection,
    CheckSection,
    DataSection,
    GateSection,
    ModelSection,
    NonEmpty,
    OutputSection,
    Reason,
    SpecSection,
)

__all__ = [
    "SPLITS",
    "CheckSection",
    "DataSection",
    "GateSection",
    "OutputSection",
    "ParsedSpec",
    "Spec",
    "as_json",
    "read_spec",
]

SPLITS = ("train", "test", "live")

# The schema lists the known names for editors; `read_spec` refuses unknown names in our words.
FrameworkName = Annotated[str, Field(json_schema_extra=lambda schema: schema.update(enum=list(frameworks.names())))]

# The check validates its settings; the schema tells editors what every section may hold beside them.
CheckTable = Annotated[
    dict[str, Any],
    Field(json_schema_extra=lambda schema: schema.update(properties=CheckSection.model_json_schema()["properties"])),
]


class Spec(SpecSection):
    """The validated content of `audit.toml`."""

    audit: AuditSection = Field(description="What is audited and why.")
    data: DataSection = Field(description="Files and what their columns mean.")
    model: ModelSection = Field(description="The classifier.")
    checks: Annotated[dict[str, CheckTable], Field(min_length=1)] = Field(
        description="The checks that run, each with its settings."
    )
    reasons: dict[str, Reason] = Field(
        default_factory=dict,
        description="Why a limit is what it is, by the id of its requirement; without the bracket, of all attributes.",
    )
    baseline: BaselineSection | None = Field(
        default=None, description="The previous release, that the classifier must not be worse than."
    )
    report: ReportSection | None = Field(default=None, description="What is written beside the record.")
    gate: GateSection = Field(default=GateSection(), description="How sure an approval must be.")
    card: CardSection | None = Field(default=None, description="The system, for those who answer for it.")
    frameworks: tuple[FrameworkName, ...] = Field(
        default=(), description="Laws, standards and guides that the report is read against, by name."
    )
    plugins: tuple[NonEmpty, ...] = Field(
        default=(), description="Files or folders of single-file checks, relative to the spec."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.model.trained_here:
            if self.data.path is None and self.data.train is None:
                raise ValueError("a classifier that is trained here needs `data.path` or `data.train`")
            if self.data.text is None and not self.data.features:
                raise ValueError("a classifier that is trained here needs `data.text` or `data.features`")
        if self.data.path is not None and not self.model.trained_here:
            saved = "scores" if self.model.predictions is None else "predictions"
            raise ValueError(f"saved {saved} are not split here: name `data.test`")
        scores = self.model.scores.values() if isinstance(self.model.scores, dict) else [self.model.scores]
        baseline = None if self.baseline is None else self.baseline.predictions
        outputs = [self.data.label, *(name for name in (self.model.predictions, baseline, *scores) if name is not None)]
        doubled = sorted({name for name in outputs if outputs.count(name) > 1})
        if doubled:
            raise ValueError(f"column {doubled[0]!r} cannot be two of label, prediction and score")
        if self.report is not None:
            self._check_report(self.report)
        if self.model.vectorizer is not None and self.data.text is None:
            raise ValueError("`model.vectorizer` needs `data.text`")
        if self.model.estimator is not None and self.data.text is not None and self.model.vectorizer is None:
            raise ValueError("an estimator on `data.text` needs `model.vectorizer`")
        if (self.model.threshold is not None or isinstance(self.model.scores, str)) and self.data.positive is None:
            raise ValueError("a threshold or a single column of scores needs `data.positive`")
        return self

    def _check_report(self, report: ReportSection) -> None:
        if report.predictions and not (self.data.text or self.data.features or self.data.id):
            raise ValueError(
                "`report.predictions` needs `data.text`, `data.features` or `data.id`: a row is known again by them"
            )
        if (
            report.key_file is not None
            and not report.predictions
            and (self.baseline is None or not self.baseline.record)
        ):
            raise ValueError("`report.key_file` goes with `report.predictions` or `baseline.record`")


@dataclass(frozen=True)
class ParsedSpec:
    """A spec as it was read, with everything that is wrong with it.

    Attributes
    ----------
    file : str
        Name of the file; ``"spec"`` where it was handed over as a mapping.
    folder : Path
        Folder that its paths are relative to.
    raw : dict
        What TOML says.
    sha256 : str
        Of what it says, as canonical JSON (RFC 8785) without what was handed over; empty where that cannot be written.
    lines : mapping of key to int or None
        Line of each key, from 1; None in a mapping.
    spec : Spec or None
        None where there are problems.
    problems : tuple of Problem
    file_sha256 : str, optional
        Of the file's bytes; None of a mapping.
    overrides : mapping of str to str
        Paths that took the place of what the spec says, by key such as ``"data.test"``.
    """

    file: str
    folder: Path
    raw: dict[str, Any]
    sha256: str
    lines: Mapping[tuple[str, ...], int | None]
    spec: Spec | None
    problems: tuple[Problem, ...]
    file_sha256: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)

    def source(self, *key: str) -> str | None:
        """Return ``file:line`` of a key, or of the nearest key above it; in a mapping no line, but ``"spec"``."""
        for end in range(len(key), 0, -1):
            if key[:end] in self.lines:
                line = self.lines[key[:end]]
                return self.file if line is None else f"{self.file}:{line}"
        return None


def read_spec(spec: Path | Mapping[str, Any], data: Mapping[str, str] | None = None) -> ParsedSpec:
    """Read and validate `audit.toml`, but for the settings of checks.

    Parameters
    ----------
    spec : Path or mapping
        The file, or a mapping of the same shape, whose paths are relative to the current folder.
    data : mapping of str to str, optional
        Paths that take the place of those in `[data]`, by key; the digest of the spec does not cover them.

    Raises
    ------
    SpecError
        Where the file cannot be read or is not TOML, or where the mapping holds what TOML cannot say;
        `ParsedSpec.problems` holds all other problems.
    """
    lines: Mapping[tuple[str, ...], int | None]
    if isinstance(spec, Mapping):
        raw = toml_of(spec)
        file, folder, lines, file_sha256 = MAPPING, Path(), dict.fromkeys(keys_of(raw)), None
    else:
        content, raw = _read(spec)
        file, folder, lines = spec.name, spec.parent, key_lines(content.decode("utf-8"))
        file_sha256 = hashlib.sha256(content).hexdigest()
    # Before paths take the place of others: what cannot be written as JSON is a problem even where it is replaced.
    unusable = list(_unusable(raw, file))
    sha256 = "" if unusable else _canonical_sha256(raw)
    overrides = _replace_paths(raw, {} if data is None else data)
    valid, problems = _validated(raw, file, unusable)
    return ParsedSpec(file, folder, raw, sha256, lines, valid, tuple(problems), file_sha256, overrides)


def _canonical_sha256(raw: Mapping[str, Any]) -> str:
    # Dates and times of TOML are their ISO text, as whoever writes the spec in Python may have written them.
    plain = json.loads(json.dumps(raw, default=lambda value: value.isoformat()))
    return hashlib.sha256(rfc8785.dumps(plain)).hexdigest()


def _replace_paths(raw: dict[str, Any], data: Mapping[str, str]) -> dict[str, str]:
    """Put paths into `[data]`, and return those that say something else than the spec, by key."""
    section = raw.setdefault("data", {}) if data else None
    if not isinstance(section, dict):
        return {}
    replaced = {f"data.{part}": path for part, path in sorted(data.items()) if section.get(part) != path}
    section.update(data)
    return replaced


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
        return content, tomllib.loads(text)
    except FileNotFoundError:
        raise SpecError(str(path), "no such file") from None
    except OSError as error:
        raise SpecError(str(path), "cannot be read", got=error.strerror) from None
    except UnicodeDecodeError as error:
        raise SpecError(str(path), f"byte {error.start} is not UTF-8", "a UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise SpecError(str(path), f"is not valid TOML: {error}") from None


def _validated(raw: Mapping[str, Any], file: str, unusable: list[Problem]) -> tuple[Spec | None, list[Problem]]:
    spec, problems = None, list(dict.fromkeys([*unusable, *_unusable(raw, file)]))
    if not problems:
        try:
            spec = Spec.model_validate_json(as_json(raw))
        except ValidationError as error:
            problems = list(problems_of(error, file, (), Spec))
        problems += _wrong_frameworks(raw.get("frameworks"), file)
    return None if problems else spec, problems


def _wrong_frameworks(named: object, file: str) -> list[Problem]:
    # Pydantic refuses anything but a list of strings.
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        return []
    problems, known = [], frameworks.names()
    for index, name in enumerate(named):
        key = f"{file}: frameworks[{index}]"
        if name not in known:
            problems.append(Problem(key, "unknown framework", f"one of {', '.join(known)}", repr(name)))
        elif name in named[:index]:
            problems.append(Problem(key, "is named twice", "each framework once", repr(name)))
    return problems


def as_json(value: object) -> str:
    """Write TOML values as JSON: arrays may then stand for tuples while all other types stay strict."""
    return json.dumps(value, default=str)


def _unusable(value: object, file: str, key: tuple[str, ...] = ()) -> Iterator[Problem]:
    """Yield the values and keys that neither a path, a record nor a report could hold."""
    subject = f"{file}: {'.'.join(key)}" if key else file
    if isinstance(value, float) and not math.isfinite(value):
        yield Problem(subject, "is not finite", "a number", str(value))
    if isinstance(value, int) and abs(value) > LARGEST:
        yield Problem(subject, "is too large", f"a whole number up to {LARGEST}, or text", str(value))
    if isinstance(value, str) and _NO_TEXT.search(value):
        yield Problem(subject, "holds a null character or half of a surrogate pair", "text")
    if isinstance(value, dict):
        for name, inner in value.items():
            if _NO_TEXT.search(name):
                yield Problem(subject, "has a key with a null character or half of a surrogate pair", "text")
            else:
                yield from _unusable(inner, file, (*key, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unusable(inner, file, (*key, str(index)))


_NO_TEXT = re.compile("[\0\ud800-\udfff]")
