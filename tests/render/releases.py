"""Folders of records: releases of systems, whose numbers and limits change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from llmops_audit.record import CheckResult, Op, Record, Requirement, Status, Verdict
from llmops_audit.record.canonical import canonical, sealed


def checks(sample: ModuleType, value: float, limit: float, metric: str = "recall") -> list[CheckResult]:
    """One check with one requirement."""
    verdict = Verdict.PASSED if value >= limit else Verdict.FAILED
    finding = sample.finding(
        verdict,
        metric,
        value=value,
        interval=(value - 0.02, value + 0.02),
        requirement=Requirement(op=Op.AT_LEAST, limit=limit, source="audit.toml:17"),
    )
    return [sample.check_result("accuracy", verdict, [finding])]


def release(
    sample: ModuleType,
    name: str,
    number: int,
    *,
    value: float = 0.9,
    limit: float = 0.8,
    found: Sequence[CheckResult] | None = None,
) -> Record:
    """The record of a release: its version and its time rise with its number."""
    from llmops_audit.check.family import decided

    results, required = decided(checks(sample, value, limit) if found is None else found, 0.95)
    status = Status.APPROVED if value >= limit else Status.REJECTED
    record = sample.record(status, checks=results, name=name, version=f"1.{number}.0", figures={})
    run = record.run.model_copy(update={"started": f"20{10 + number}-11-24T08:30:00+00:00"})
    return sealed(record.model_copy(update={"requirements": required, "run": run}))


def kept(record: Record, folder: Path) -> Path:
    """Write a record into a folder."""
    folder.mkdir(parents=True)
    (folder / "record.json").write_bytes(canonical(record))
    return folder


def many(sample: ModuleType, folder: Path) -> Path:
    """Two systems, one of which loosens its limit, and two records that cannot be read."""
    # The names of the folders say nothing of the order.
    for number, (value, limit) in enumerate(((0.91, 0.9), (0.85, 0.9), (0.86, 0.8))):
        kept(release(sample, "spam", number, value=value, limit=limit), folder / f"z{9 - number}")
    kept(release(sample, "adult", 1), folder / "deep" / "er" / "adult")
    (folder / "vinyl").mkdir()
    (folder / "vinyl" / "record.json").write_text('{"schema": "vinyl"}', encoding="utf-8")
    changed = canonical(release(sample, "spam", 5)).replace(b'"1.5.0"', b'"1.6.0"')
    (folder / "changed").mkdir()
    (folder / "changed" / "record.json").write_bytes(changed)
    return folder
