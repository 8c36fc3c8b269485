"""An audit, from spec to record: the story in one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from llmops_audit.audit import gate
from llmops_audit.audit.clock import Clock
from llmops_audit.audit.environment import environment, run_info
from llmops_audit.audit.preparation import Prepared, prepare
from llmops_audit.audit.reasons import with_reasons
from llmops_audit.audit.runner import run_checks, workers
from llmops_audit.check.family import decided
from llmops_audit.record import AuditInfo, Record, ReportSettings, frameworks
from llmops_audit.record.canonical import sealed
from llmops_audit.record.changes import changes
from llmops_audit.record.folder import PREDICTIONS, ROWS, earlier_audits

__all__ = ["Audited", "Clock", "Prepared", "audited", "prepare", "run"]


@dataclass(frozen=True)
class Audited:
    """What an audit came to.

    Attributes
    ----------
    record : Record
        With its digest.
    files : mapping of str to bytes
        What the spec asks to be written beside it, by name.
    """

    record: Record
    files: Mapping[str, bytes] = field(default_factory=dict)


def run(prepared: Prepared, *, jobs: int = 1, clock: Clock | None = None, reports: Path | None = None) -> Record:
    """Carry out an audit of which nothing is written, see `audited`."""
    return _audited(prepared, jobs, clock or Clock(), reports, files=False).record


def audited(prepared: Prepared, *, jobs: int = 1, clock: Clock | None = None, reports: Path | None = None) -> Audited:
    """Carry out an audit.

    Parameters
    ----------
    prepared : Prepared
    jobs : int
        Processes that evidence is gathered in.
    clock : Clock, optional
    reports : Path, optional
        Folder of earlier outputs, where other audits of the same test rows are looked for.

    Returns
    -------
    Audited

    Raises
    ------
    AuditError
        Where the data or the subject cannot be had, the spec gives a reason for a limit that there is not, or the
        record would give personal data away.
    """
    return _audited(prepared, jobs, clock or Clock(), reports, files=True)


def _audited(prepared: Prepared, jobs: int, clock: Clock, reports: Path | None, *, files: bool) -> Audited:
    spec = prepared.spec
    started = datetime.now(UTC)
    with workers(prepared.checks, prepared.draft) as processes:
        # Heavy imports wait until the workers are on their way.
        from llmops_audit.audit.baseline import read_baseline
        from llmops_audit.audit.check_inputs import MadeInputs, needs_of
        from llmops_audit.audit.data_sheet import confusion_matrix, data_sheet
        from llmops_audit.audit.finding_rows import of_predictions, rows_behind
        from llmops_audit.audit.leaks import refuse_leaks
        from llmops_audit.audit.release_pairs import previous, row_writer
        from llmops_audit.audit.sweep import sweep

        before = read_baseline(spec, prepared.draft.folder)
        needs = needs_of(prepared)
        writer = row_writer(prepared) if files else None
        behind = rows_behind(spec) if files else None
        watches = [watch for watch in (writer, behind) if watch is not None]
        swept = sweep(prepared, needs, jobs, clock, previous(prepared, before), watches)
        audit = AuditInfo(
            **spec.audit.model_dump(),
            spec_sha256=prepared.draft.sha256,
            overrides=prepared.overrides,
        )
        data = data_sheet(swept)
        inputs = MadeInputs(prepared, swept, before, audit, data, clock).named(prepared.inputs)
        figures = {"confusion_matrix": confusion_matrix(swept)}
        with clock.stage("running checks"):
            found, drawn = run_checks(prepared.checks, inputs, prepared.draft, processes, reserved=figures)
    content = None if writer is None else writer.content(swept.task.labels)
    policy = spec.gate.policy()
    results, requirements = decided(found, policy.confidence)
    requirements = with_reasons(requirements, spec.reasons, prepared.draft.file)
    rows = None if behind is None else behind.content(of_predictions(results, prepared), swept)
    record = Record(
        audit=audit,
        subject=swept.subject.info,
        data=data,
        leaks=swept.leaks,
        environment=environment(),
        gate=policy,
        checks=results,
        requirements=requirements,
        figures=figures | drawn,
        card=None if spec.card is None else spec.card.card(),
        frameworks=tuple(frameworks.framework(name) for name in spec.frameworks),
        predictions_file=None if writer is None or content is None else writer.described(content),
        report=ReportSettings() if spec.report is None else ReportSettings(roles=spec.report.roles),
        rows_file=None if rows is None else rows.described,
        decision=gate.decide(results, policy, data, swept.leaks, needs.judged),
        digest="",
        run=run_info(started, clock.seconds, prepared.draft.file_sha256),
    )
    if before is not None:
        record = record.model_copy(update={"changes": changes(before, record)})
    record = sealed(record)
    refuse_leaks(record, prepared.draft.raw)
    written = {PREDICTIONS: content, ROWS: None if rows is None else rows.content}
    return Audited(
        record if reports is None else _with_earlier(record, reports),
        {name: content for name, content in written.items() if content is not None},
    )


def _with_earlier(record: Record, reports: Path) -> Record:
    """Add the digests of other audits of the same test rows."""
    earlier = set(earlier_audits(reports, record.data["test"].sha256)) - {record.digest}
    return record.model_copy(update={"run": record.run.model_copy(update={"earlier": tuple(sorted(earlier))})})
