"""What changed since an earlier audit: verdicts, limits, data and model, from the two records alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from llmops_audit.record import (
    Changes,
    CheckGate,
    CheckResult,
    LimitChange,
    Op,
    Record,
    Requirement,
    Scalar,
    Verdict,
    VerdictChange,
    requirement_id,
)
from llmops_audit.record.models import compared_models

__all__ = ["changes", "loosened"]

_LOWER = (Op.AT_LEAST, Op.ABOVE)
_STRICT = (Op.ABOVE, Op.BELOW)

_FEWEST_ROWS = "min_group_rows"
_ONLY_REPORTED, _REPORT = ("missing_group", "small_groups"), "report"
_COMPARATORS = "reference"


def changes(before: Record, now: Record) -> Changes:
    """Compare two records.

    Parameters
    ----------
    before, now : Record

    Returns
    -------
    Changes
        Sorted by id. A value that one of the records does not have is null, and a limit that is gone is loosened; but a
        check that broke down, with the settings of the other record, changed no limit.
    """
    silent = _silent(before, now)
    same_model, model = compared_models(before, now)
    return Changes(
        name=before.audit.name,
        version=before.audit.version,
        digest=before.digest,
        status=before.decision.status,
        verdicts=tuple(_verdicts(_judged(before), _judged(now))),
        limits=(
            *_of_gate(before, now),
            *_of_checks(before, now),
            *_of_groups(before, now),
            *_limits(_required(before, silent), _required(now, silent)),
        ),
        data={split: _same_data(split, before, now) for split in sorted({*before.data, *now.data})},
        same_model=same_model,
        model=model,
        same_spec=before.audit.spec_sha256 == now.audit.spec_sha256,
    )


def _same_data(split: str, before: Record, now: Record) -> bool | None:
    if split not in before.data or split not in now.data:
        return None
    return before.data[split].sha256 == now.data[split].sha256


def loosened(before: Requirement | None, now: Requirement | None) -> bool:
    """Return whether a requirement demands less than before: every value that met it then meets it now, and more do."""
    if before is None:
        return False
    if now is None or (before.op in _LOWER) is not (now.op in _LOWER):
        return True
    step = before.limit - now.limit if before.op in _LOWER else now.limit - before.limit
    return step > 0 or (step == 0 and before.op in _STRICT and now.op not in _STRICT)


def _judged(record: Record) -> dict[str, Verdict]:
    checks = {check.name: check.verdict for check in record.checks}
    return checks | {finding.id: finding.verdict for check in record.checks for finding in check.findings}


def _silent(before: Record, now: Record) -> frozenset[str]:
    """Return the checks with the same settings in both records that broke down in one, so that it states no limits."""
    then = {check.name: check for check in before.checks}
    return frozenset(
        check.name
        for check in now.checks
        if (other := then.get(check.name)) is not None
        and _settings(check) == _settings(other)
        and any(one.verdict is Verdict.ERROR and not one.findings for one in (check, other))
    )


def _settings(check: CheckResult) -> object:
    # A record from a file has lists where a record in memory has tuples.
    return check.model_dump(mode="json", include={"settings"})


def _required(record: Record, silent: frozenset[str]) -> dict[str, Requirement]:
    """Return the limits of a record by requirement: which group or column decides is a matter of the data.

    A requirement whose findings have limits of their own, such as the floors of drift, has one for each metric.
    """
    found: dict[str, dict[str, Requirement]] = {}
    for check in record.checks:
        for finding in check.findings if check.name not in silent else ():
            id = requirement_id(check.name, finding)
            if id is not None and finding.requirement is not None:
                found.setdefault(id, {})[finding.metric] = finding.requirement
    return {
        id if len({(one.op, one.limit) for one in by_metric.values()}) == 1 else f"{id}:{metric}": limit
        for id, by_metric in found.items()
        for metric, limit in by_metric.items()
    }


def _verdicts(before: Mapping[str, Verdict], now: Mapping[str, Verdict]) -> Iterator[VerdictChange]:
    for id in sorted(before.keys() | now.keys()):
        if before.get(id) is not now.get(id):
            yield VerdictChange(id=id, before=before.get(id), now=now.get(id))


def _limits(before: Mapping[str, Requirement], now: Mapping[str, Requirement]) -> Iterator[LimitChange]:
    for id in sorted(before.keys() | now.keys()):
        then, today = before.get(id), now.get(id)
        if then is not None and today is not None and then.op is today.op and then.limit == today.limit:
            continue
        known = today or then
        yield LimitChange(
            id=id,
            op=None if known is None else known.op,
            before=None if then is None else then.limit,
            now=None if today is None else today.limit,
            loosened=loosened(then, today),
        )


def _of_gate(before: Record, now: Record) -> Iterator[LimitChange]:
    then, today = before.gate, now.gate
    settings = (
        ("confidence", then.confidence, today.confidence, today.confidence < then.confidence),
        ("decide", then.decide, today.decide, today.decide == "point"),
        ("on_inconclusive", then.on_inconclusive, today.on_inconclusive, today.on_inconclusive == "review"),
    )
    for name, was, is_now, less in settings:
        if was != is_now:
            yield LimitChange(id=f"gate.{name}", op=None, before=was, now=is_now, loosened=less)


def _of_checks(before: Record, now: Record) -> Iterator[LimitChange]:
    """Yield the checks of both records whose verdict does something else now; of one that is gone, its limits tell."""
    strictest_first: tuple[CheckGate, ...] = get_args(CheckGate)
    then = {check.name: check.gate for check in before.checks}
    for check in now.checks:
        was = then.get(check.name, check.gate)
        if was != check.gate:
            weaker = strictest_first.index(check.gate) > strictest_first.index(was)
            yield LimitChange(id=f"checks.{check.name}.gate", op=None, before=was, now=check.gate, loosened=weaker)


def _of_groups(before: Record, now: Record) -> Iterator[LimitChange]:
    """Yield the settings that say which groups a check judges, and what it compares them with, where they differ."""
    earlier = {check.name: check.settings for check in before.checks}
    for check in now.checks:
        then, today = earlier.get(check.name, check.settings), check.settings
        for name in (_FEWEST_ROWS, *_ONLY_REPORTED):
            was, is_now = _scalar(then.get(name)), _scalar(today.get(name))
            if was != is_now:
                less = _raised(was, is_now) if name == _FEWEST_ROWS else is_now == _REPORT
                yield LimitChange(id=f"checks.{check.name}.{name}", op=None, before=was, now=is_now, loosened=less)
        was_named, is_named = (_named(settings.get(_COMPARATORS)) for settings in (then, today))
        for attribute in sorted(was_named.keys() | is_named.keys()):
            was, is_now = was_named.get(attribute), is_named.get(attribute)
            if was != is_now:
                id = f"checks.{check.name}.{_COMPARATORS}.{attribute}"
                yield LimitChange(id=id, op=None, before=was, now=is_now, loosened=None)


def _scalar(value: object) -> Scalar:
    return value if isinstance(value, str | int | float | bool) else None


def _raised(before: Scalar, now: Scalar) -> bool:
    # An earlier version that had no such setting judged every group.
    least = before if isinstance(before, int) else 1
    return isinstance(now, int) and now > least


def _named(value: object) -> dict[str, Scalar]:
    """Return the group that is named for each attribute; another check may mean something else by the same setting."""
    return {str(name): _scalar(group) for name, group in value.items()} if isinstance(value, Mapping) else {}
