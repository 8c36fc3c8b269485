"""An audit, from spec to record: the story in one page."""

from __future__ import annotations

import platform
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from llmops_audit.audit import gate
from llmops_audit.audit.runner import Outcome, policy_for, run_check, start_workers, with_own_figures
from llmops_audit.audit.worker import Worker
from llmops_audit.check.inputs import Task
from llmops_audit.check.registry import Enabled, enabled
from llmops_audit.errors import SpecError
from llmops_audit.record import (
    AuditInfo,
    ConfusionMatrix,
    Duplicates,
    Environment,
    LabelCount,
    NamedFigure,
    Record,
    Run,
    SplitInfo,
    frameworks,
)
from llmops_audit.record.canonical import sealed
from llmops_audit.record.changes import changes
from llmops_audit.record.folder import earlier_audits
from llmops_audit.spec import SPLITS, Draft, Spec, read_spec

if TYPE_CHECKING:
    from llmops_audit.audit.sweep import Collected
    from llmops_audit.evidence.missing import Missing
    from llmops_audit.evidence.rows import Rows

__all__ = ["Clock", "Prepared", "prepare", "run"]

PACKAGES = (
    "evidently",
    "fairlearn",
    "llmops-audit",
    "matplotlib",
    "numpy",
    "pandas",
    "phonenumbers",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "seaborn",
)
"""Packages whose version can change a number or a picture."""


@dataclass(frozen=True)
class Prepared:
    """A spec and its checks, both valid."""

    draft: Draft
    spec: Spec
    checks: Mapping[str, Enabled]


@dataclass
class Clock:
    """Seconds by stage, told to whoever listens."""

    listener: Callable[[str], None] = lambda stage: None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        self.listener(name)
        start = perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + perf_counter() - start, 3)


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
    if draft.spec.baseline is not None and draft.spec.baseline.predictions is not None and not _compares(checks):
        raise SpecError(
            f"{draft.file}: baseline.predictions", "no check compares with them", "[checks.regression], say"
        )
    return Prepared(draft, draft.spec, checks)


def run(prepared: Prepared, *, jobs: int = 1, clock: Clock | None = None, reports: Path | None = None) -> Record:
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
    Record
        With its digest.

    Raises
    ------
    AuditError
        Where the data or the subject cannot be had, or the record would give personal data away.
    """
    clock = clock or Clock()
    started = datetime.now(UTC)
    workers = start_workers(prepared.checks, prepared.draft)
    try:
        # Heavy imports wait until the workers are on their way.
        from llmops_audit.audit.baseline import read_baseline
        from llmops_audit.audit.leaks import refuse_leaks
        from llmops_audit.audit.sweep import collect

        before = read_baseline(prepared.spec, prepared.draft.folder)
        collected = collect(
            prepared.spec,
            prepared.draft.folder,
            _evidence(prepared.checks),
            jobs,
            clock,
            judges_training=_judges_training(prepared.checks),
            searches_model=any("model_contents" in enabled.check.inputs for enabled in prepared.checks.values()),
        )
        with clock.stage("running checks"):
            outcomes = with_own_figures(_judge(prepared, collected, before, workers), ["confusion_matrix"])
    finally:
        for worker in workers.values():
            worker.close()
    results = tuple(result for result, _ in outcomes)
    policy = prepared.spec.gate.policy()
    record = _sealed(
        before,
        Record(
            audit=_audit_info(prepared),
            subject=collected.subject.info,
            data=_data(collected),
            environment=_environment(),
            gate=policy,
            checks=results,
            figures=_figures(collected, [figure for _, figures in outcomes for figure in figures]),
            card=None if prepared.spec.card is None else prepared.spec.card.card(),
            frameworks=tuple(frameworks.framework(name) for name in prepared.spec.frameworks),
            decision=gate.decide(results, policy),
            digest="",
            run=Run(
                started=started.isoformat(timespec="seconds"),
                seconds=clock.seconds,
                host=socket.gethostname(),
                platform=platform.platform(),
            ),
        ),
    )
    refuse_leaks(record, prepared.draft.raw)
    if reports is None:
        return record
    earlier = set(earlier_audits(reports, record.data["test"].sha256)) - {record.digest}
    return record.model_copy(update={"run": record.run.model_copy(update={"earlier": tuple(sorted(earlier))})})


def _sealed(before: Record | None, record: Record) -> Record:
    return sealed(
        record if before is None else record.model_copy(update={"changes": changes(before, record)}),
    )


def _evidence(checks: Mapping[str, Enabled]) -> tuple[str, ...]:
    from llmops_audit.check import evidence_names

    asked = {name for enabled in checks.values() for name in enabled.check.inputs}
    # The data sheet and the confusion matrix need these whatever the checks ask for; importance needs rows.
    needed = {"missing", "outcomes", "rows"} if "importance" in asked else {"missing", "outcomes"}
    return tuple(sorted((asked & set(evidence_names())) | needed))


def _compares(checks: Mapping[str, Enabled]) -> bool:
    return any("baseline" in enabled.check.inputs for enabled in checks.values())


def _judges_training(checks: Mapping[str, Enabled]) -> bool:
    """Whether a check that gets answers names the training split in its settings."""
    asking = [enabled for enabled in checks.values() if {"outcomes", "rows"} & set(enabled.check.inputs)]
    values = [value for enabled in asking for value in enabled.settings.model_dump().values()]
    return any(value == "train" or (isinstance(value, tuple) and "train" in value) for value in values)


def _judge(
    prepared: Prepared, collected: Collected, before: Record | None, workers: Mapping[str, Worker]
) -> list[Outcome]:
    from llmops_audit.audit.baseline import baseline

    inputs: dict[str, Any] = {
        **collected.evidence,
        # Where no check compares answers, the record may be of any system, on any labels.
        "baseline": baseline(before, collected.task.labels, _audit_info(prepared), _data(collected))
        if _compares(prepared.checks)
        else None,
        "importance": _importance(prepared.checks, collected),
        "model_contents": collected.model_contents,
        "policy": policy_for(prepared.spec.gate.policy(), prepared.checks),
        "spec": prepared.spec,
        "subject": collected.subject,
        "task": collected.task,
    }
    with ThreadPoolExecutor(max_workers=max(1, len(workers))) as pool:
        apart = {
            name: pool.submit(run_check, prepared.checks[name], inputs, prepared.draft, worker)
            for name, worker in workers.items()
        }
        here = {
            name: run_check(check, inputs, prepared.draft, None)
            for name, check in prepared.checks.items()
            if name not in workers
        }
        _import_figures()
        return [apart[name].result() if name in apart else here[name] for name in prepared.checks]


def _importance(checks: Mapping[str, Enabled], collected: Collected) -> dict[str, float] | None:
    """Ask about shuffled rows of the test split, where a check wants to know."""
    if all("importance" not in enabled.check.inputs for enabled in checks.values()):
        return None
    from llmops_audit.analysis.importance import answer_changes

    task = collected.task
    rows = cast("Rows", collected.evidence["rows"]["test"])
    return answer_changes(collected.subject, rows, task.features, task.seed)


def _import_figures() -> None:
    # The report needs them next, and a worker may still be busy.
    import seaborn  # noqa: F401

    import llmops_audit.render.formats  # noqa: F401


def _audit_info(prepared: Prepared) -> AuditInfo:
    section = prepared.spec.audit
    return AuditInfo(**section.model_dump(), spec_sha256=prepared.draft.sha256)


def _data(collected: Collected) -> dict[str, SplitInfo]:
    return {split: _split_info(collected, split) for split in SPLITS if split in collected.outcomes}


def _split_info(collected: Collected, split: str) -> SplitInfo:
    outcomes = collected.outcomes[split]
    rows = cast("Rows | None", collected.evidence.get("rows", {}).get(split))
    missing = cast("Missing", collected.evidence["missing"][split])
    return SplitInfo(
        rows=outcomes.rows,
        columns=collected.columns[split],
        sha256=collected.sha256[split],
        labels=tuple(LabelCount(value=value, rows=n) for value, n in outcomes.label_counts()),
        groups={
            name: tuple(LabelCount(value=value, rows=n) for value, n in outcomes.group_counts(name))
            for name in outcomes.groups
        },
        sampled=None if rows is None else len(rows),
        weight=collected.weight,
        unit=collected.task.unit,
        time=collected.time.get(split),
        missing=dict(missing.rows),
        duplicates=None if rows is None else _duplicates(rows, collected.task),
    )


def _duplicates(rows: Rows, task: Task) -> Duplicates | None:
    """Count, in the sample, the rows that are alike in all that the classifier sees."""
    seen = [task.text] if task.text is not None else list(task.features)
    known = [name for name in seen if name in rows.table.column_names]
    if not known:
        return None
    distinct = rows.table.select(known).group_by(known).aggregate([]).num_rows
    return Duplicates(compared=len(rows), repeated=len(rows) - distinct)


def _figures(collected: Collected, figures: list[NamedFigure]) -> dict[str, Any]:
    task: Task = collected.task
    counts = collected.outcomes["test"].table(task.labels).counts
    matrix = ConfusionMatrix(
        split="test",
        labels=task.labels,
        counts=tuple(tuple(row[:-1]) for row in counts.tolist()),
        invalid=tuple(row[-1] for row in counts.tolist()),
    )
    return {"confusion_matrix": matrix, **{figure.name: figure for figure in figures}}


def _environment() -> Environment:
    return Environment(
        python=".".join(map(str, sys.version_info[:3])), packages={name: version(name) for name in PACKAGES}
    )
