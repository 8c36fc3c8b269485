"""Why a limit is what it is: `[reasons]` of the spec, joined to the requirements of the audit."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from llmops_audit.errors import Problem, SpecError
from llmops_audit.record import JudgedRequirement

__all__ = ["of_no_check", "with_reasons"]

MAX_NAMED = 40
"""Requirements that an error names."""

# What a limit is about may hold brackets of its own.
_ID = re.compile(r"([^\[@]*)(?:\[.*\])?(@\w+)?", re.DOTALL)


def of_no_check(reasons: Mapping[str, str], checks: Collection[str], file: str) -> Iterator[Problem]:
    """Yield the reasons that no requirement can have, since the spec names no such check: known before anything runs.

    Parameters
    ----------
    reasons : mapping of str to str
        By id of a requirement, or by its part before the bracket.
    checks : collection of str
        Names of the checks of the spec.
    file : str
        Name of the spec.
    """
    for key in reasons:
        check, dot, _ = key.partition(".")
        if check not in checks or not dot:
            expected = f"CHECK.METRIC of one of the checks {', '.join(checks)}"
            yield Problem(f"{file}: reasons.{key}", "is no requirement of a check of this spec", expected, repr(key))


def with_reasons(
    requirements: Sequence[JudgedRequirement], reasons: Mapping[str, str], file: str
) -> tuple[JudgedRequirement, ...]:
    """Return requirements with the reasons that the spec gives for their limits.

    Parameters
    ----------
    requirements : sequence of JudgedRequirement
    reasons : mapping of str to str
        By id; without the bracket, a reason is that of all attributes, and without the split that of all splits. The
        closest one counts.
    file : str
        Name of the spec.

    Raises
    ------
    SpecError
        Where a reason is that of no requirement. A check that came to no requirement, such as one that broke down,
        leaves its reasons unused.
    """
    silent = {key for key in reasons if all(one.check != key.partition(".")[0] for one in requirements)}
    used: set[str] = set()
    explained = []
    for one in requirements:
        names = [name for name in _names(one.id) if name in reasons]
        used.update(names)
        explained.append(one.model_copy(update={"reason": reasons[names[0]]}) if names else one)
    unknown = [key for key in reasons if key not in used | silent]
    if unknown:
        raise SpecError.of(_unknown(key, requirements, file) for key in unknown)
    return tuple(explained)


def _names(id: str) -> tuple[str, ...]:
    """Return the names that a reason may have for a requirement, the closest first."""
    match = _ID.fullmatch(id)
    if match is None:
        return (id,)
    metric, split = match[1], match[2] or ""
    return tuple(dict.fromkeys((id, f"{metric}{split}", metric)))


def _unknown(key: str, requirements: Sequence[JudgedRequirement], file: str) -> Problem:
    check = key.partition(".")[0]
    ids = sorted({one.id for one in requirements}, key=lambda id: (id.partition(".")[0] != check, id))
    more = f" and {len(ids) - MAX_NAMED} more" if len(ids) > MAX_NAMED else ""
    expected = f"one of {', '.join(ids[:MAX_NAMED])}{more}, or one of them without its bracket"
    return Problem(f"{file}: reasons.{key}", "unknown requirement", expected, repr(key))
