"""A spec, its checks and its tables in memory, validated before anything runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmops_audit.audit.reasons import of_no_check
from llmops_audit.check.registry import Enabled, enabled
from llmops_audit.errors import DataError, SpecError
from llmops_audit.spec import SPLITS, ParsedSpec, Spec, read_spec

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Prepared", "prepare"]

PARTS = ("path", *SPLITS)
"""Keys of `[data]` that name files: what is split here, and the splits."""

IN_MEMORY = "a table in memory"
"""What the record says was handed over, where it was no path."""


@dataclass(frozen=True)
class Prepared:
    """A spec and its checks, both valid.

    Attributes
    ----------
    draft : ParsedSpec
    spec : Spec
    checks : mapping of str to Enabled
        By name, sorted.
    tables : mapping of str to pyarrow.Table
        Tables in memory that stand in the place of files, by key of `[data]`.
    """

    draft: ParsedSpec
    spec: Spec
    checks: Mapping[str, Enabled]
    tables: Mapping[str, pa.Table] = field(default_factory=dict)

    @property
    def overrides(self) -> dict[str, str]:
        """What was handed over in the place of what the spec says, by key such as ``"data.test"``."""
        tables = {f"data.{part}" for part in self.tables}
        return {key: IN_MEMORY if key in tables else path for key, path in self.draft.overrides.items()}

    @property
    def inputs(self) -> frozenset[str]:
        """Names of all inputs that a check names."""
        return frozenset(name for enabled in self.checks.values() for name in enabled.check.inputs)


def prepare(spec: Path | Mapping[str, Any], data: Mapping[str, object] | None = None) -> Prepared:
    """Read a spec and find its checks.

    Parameters
    ----------
    spec : Path or mapping
        `audit.toml`, or a mapping of the same shape.
    data : mapping of str to pandas.DataFrame, pyarrow.Table or path, optional
        What stands in the place of the files of `[data]`, by key: `path`, `train`, `test` or `live`. A path is
        relative to the current folder.

    Raises
    ------
    SpecError
        With everything that is wrong, at once.
    DataError
        Where `data` has another key, or something else than a table or a path.
    """
    folder = Path() if isinstance(spec, Mapping) else spec.parent
    tables, paths = _handed({} if data is None else data, folder)
    draft = read_spec(spec, paths)
    checks, problems = enabled(draft)
    if draft.spec is not None:
        problems = (*problems, *of_no_check(draft.spec.reasons, draft.spec.checks, draft.file))
    if draft.spec is None or problems or draft.problems:
        named = {problem.subject for problem in draft.problems}
        raise SpecError.of([*draft.problems, *(problem for problem in problems if problem.subject not in named)])
    prepared = Prepared(draft, draft.spec, checks, tables)
    baseline = draft.spec.baseline
    if baseline is not None and baseline.predictions is not None and "baseline" not in prepared.inputs:
        raise SpecError(
            f"{draft.file}: baseline.predictions", "no check compares with them", "[checks.regression], say"
        )
    return prepared


def _handed(data: Mapping[str, object], folder: Path) -> tuple[dict[str, pa.Table], dict[str, str]]:
    """Part what is handed over into tables and paths; a table has a path as well, which errors and row keys name."""
    tables, paths = {}, {}
    for part, value in data.items():
        shown = f"data[{part!r}]"
        if part not in PARTS:
            raise DataError("data", "unknown split", f"one of {', '.join(PARTS)}", repr(part))
        if isinstance(value, str | os.PathLike):
            paths[part] = _relative(os.fsdecode(value), folder)
            continue
        from llmops_audit.data.tables import TABLES, table_of

        table = table_of(value, shown)
        if table is None:
            raise DataError(shown, "is of a wrong type", f"{TABLES}, or a path", type(value).__name__)
        tables[part], paths[part] = table, shown
    return tables, paths


def _relative(path: str, folder: Path) -> str:
    """Return a path as the spec would write it: keys of rows depend on it, and may not on the machine."""
    if not path:
        return path
    return Path(os.path.relpath(path, folder)).as_posix()
