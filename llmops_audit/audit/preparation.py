"""A spec and its checks, validated before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_audit.check.registry import Enabled, enabled
from llmops_audit.errors import SpecError
from llmops_audit.spec import ParsedSpec, Spec, read_spec

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """A spec and its checks, both valid."""

    draft: ParsedSpec
    spec: Spec
    checks: Mapping[str, Enabled]

    @property
    def inputs(self) -> frozenset[str]:
        """Names of all inputs that a check names."""
        return frozenset(name for enabled in self.checks.values() for name in enabled.check.inputs)


def prepare(path: Path) -> Prepared:
    """Read a spec and find its checks.

    Raises
    ------
    SpecError
        With everything that is wrong, at once.
    """
    draft = read_spec(path)
    checks, problems = enabled(draft)
    if draft.spec is None or problems or draft.problems:
        raise SpecError.of([*draft.problems, *problems])
    prepared = Prepared(draft, draft.spec, checks)
    baseline = draft.spec.baseline
    if baseline is not None and baseline.predictions is not None and "baseline" not in prepared.inputs:
        raise SpecError(
            f"{draft.file}: baseline.predictions", "no check compares with them", "[checks.regression], say"
        )
    return prepared
