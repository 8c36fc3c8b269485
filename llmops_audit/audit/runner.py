"""Run checks: the one place where anything that a check does wrong becomes a verdict."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from llmops_audit.audit.words import words_in
from llmops_audit.audit.worker import Worker, WorkerFailed
from llmops_audit.check import Check
from llmops_audit.check.registry import Enabled
from llmops_audit.check.verdicts import combined
from llmops_audit.errors import PluginError
from llmops_audit.errors.redaction import safe_text
from llmops_audit.record import (
    DEFAULT_SOURCE,
    CheckResult,
    Finding,
    Message,
    NamedFigure,
    Verdict,
    message,
)
from llmops_audit.spec import ParsedSpec

__all__ = ["Outcome", "run_check", "run_checks", "with_own_figures", "workers"]

Outcome = tuple[CheckResult, tuple[NamedFigure, ...]]


class _Failed(Exception):
    """A check did not come to an end; the message says why."""

    def __init__(self, reason: Message) -> None:
        self.reason = reason
        super().__init__(reason.id)


@contextmanager
def workers(checks: Mapping[str, Enabled], draft: ParsedSpec) -> Iterator[dict[str, Worker]]:
    """Start a process for each check that asks for one, and end them all."""
    plugins = [draft.folder / plugin for plugin in draft.raw.get("plugins", [])]
    started = {
        name: Worker(name, enabled.check.worker, plugins) for name, enabled in checks.items() if enabled.check.worker
    }
    try:
        yield started
    finally:
        for worker in started.values():
            worker.close()


def run_checks(
    checks: Mapping[str, Enabled],
    inputs: Mapping[str, Any],
    draft: ParsedSpec,
    workers: Mapping[str, Worker],
    *,
    reserved: Iterable[str] = (),
) -> tuple[tuple[CheckResult, ...], dict[str, NamedFigure]]:
    """Run all checks, those with a worker beside the others.

    Parameters
    ----------
    checks : mapping of str to Enabled
    inputs : mapping
        All inputs by name.
    draft : ParsedSpec
    workers : mapping of str to Worker
        The processes of the checks that have one.
    reserved : iterable of str
        Names of figures that no check may give.

    Returns
    -------
    results : tuple of CheckResult
        In the order of the checks.
    figures : dict of str to NamedFigure
        By name.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(workers))) as pool:
        apart = {name: pool.submit(run_check, checks[name], inputs, draft, worker) for name, worker in workers.items()}
        here = {name: run_check(check, inputs, draft, None) for name, check in checks.items() if name not in workers}
        _import_renderers()
        found = [apart[name].result() if name in apart else here[name] for name in checks]
    outcomes = with_own_figures(found, tuple(reserved))
    figures = {figure.name: figure for _, drawn in outcomes for figure in drawn}
    return tuple(result for result, _ in outcomes), figures


def _import_renderers() -> None:
    # The report needs them next, and a worker may still be busy.
    import seaborn  # noqa: F401

    import llmops_audit.render.formats  # noqa: F401


def run_check(enabled: Enabled, inputs: Mapping[str, Any], draft: ParsedSpec, worker: Worker | None) -> Outcome:
    """Run one check; it appears in the record whatever happens.

    Parameters
    ----------
    enabled : Enabled
    inputs : mapping
        All inputs by name; the check gets those that it names.
    draft : ParsedSpec
        For the line that set each limit.
    worker : Worker, optional
        The process that the check runs in.

    Returns
    -------
    result : CheckResult
        With verdict `error` and the reason where the check raised, hung or broke its contract.
    figures : tuple of NamedFigure
    """
    check = enabled.check
    wanted = {name: inputs[name] for name in check.inputs}
    settings = {name: getattr(enabled.settings, name) for name in type(enabled.settings).model_fields}
    try:
        produced = _produced(enabled, wanted, settings, worker)
        findings = tuple(_named(enabled, item, draft) for item in produced if isinstance(item, Finding))
        figures = tuple(item for item in produced if isinstance(item, NamedFigure))
        _refuse_doubles(findings)
        words = words_in((*findings, *figures), _vocabulary(check))
    except _Failed as failure:
        return _result(enabled, Verdict.ERROR, failure.reason, ()), ()
    if not findings:
        return _result(
            enabled, Verdict.NOT_APPLICABLE, message("The check found nothing to judge."), (), words
        ), figures
    verdict = combined(finding.verdict for finding in findings)
    reason = findings[0].message if verdict is Verdict.NOT_APPLICABLE else None
    return _result(enabled, verdict, reason, findings, words), figures


def with_own_figures(outcomes: Sequence[Outcome], reserved: Sequence[str]) -> list[Outcome]:
    """Turn a check into an error whose figure has the name of another's, so that none is lost in silence."""
    taken, kept = set(reserved), []
    for result, figures in outcomes:
        names = [figure.name for figure in figures]
        doubled = sorted(name for name in names if name in taken or names.count(name) > 1)
        if doubled:
            reason = message("The check names a figure that there is already: {figure}.", figure=doubled[0])
            update = {"verdict": Verdict.ERROR, "reason": reason, "findings": (), "words": {}}
            result, figures = result.model_copy(update=update), ()
        taken.update(names)
        kept.append((result, figures))
    return kept


def _produced(
    enabled: Enabled, inputs: Mapping[str, Any], settings: Mapping[str, Any], worker: Worker | None
) -> Sequence[object]:
    if worker is None:
        produced = _called(enabled, inputs, settings)
    else:
        try:
            produced = worker.run(inputs, settings, enabled.time_limit)
        except WorkerFailed as error:
            raise _Failed(message("The check did not finish: {error}.", error=str(error))) from error
    if not all(isinstance(item, Finding | NamedFigure) for item in produced):
        raise _Failed(message("The check returned something else than findings and figures."))
    return produced


def _called(enabled: Enabled, inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[object, ...]:
    limit = enabled.time_limit
    outcome: list[tuple[object, ...] | str] = []
    # A check that hangs cannot be stopped from outside, but its thread can be left behind.
    thread = threading.Thread(target=_call, args=(enabled, inputs, settings, outcome), daemon=True)
    thread.start()
    thread.join(limit)
    if not outcome:
        raise _Failed(message("The check took longer than {seconds:g} seconds.", seconds=limit))
    if isinstance(outcome[0], str):
        raise _Failed(message("The check did not finish: {error}.", error=outcome[0]))
    return outcome[0]


def _call(
    enabled: Enabled, inputs: Mapping[str, Any], settings: Mapping[str, Any], outcome: list[tuple[object, ...] | str]
) -> None:
    try:
        outcome.append(tuple(enabled.check.function(**inputs, **settings)))
    except BaseException as error:  # noqa: BLE001 - a check may fail in any way, and none of them is a pass
        outcome.append(safe_text(error))


def _named(enabled: Enabled, finding: Finding, draft: ParsedSpec) -> Finding:
    scope = [f"{key}={value}" for key, value in finding.scope.items() if (key, value) != ("split", "test")]
    suffix = f"[{','.join(scope)}]" if scope else ""
    changes: dict[str, object] = {"id": f"{enabled.check.name}.{finding.metric}{suffix}"}
    if finding.severity is None:
        changes["severity"] = enabled.check.severity
    requirement = finding.requirement
    if requirement is not None:
        source = requirement.source or _source(enabled, draft, requirement.setting)
        changes["requirement"] = requirement.model_copy(update={"source": source, "setting": ()})
    return finding.model_copy(update=changes)


def _source(enabled: Enabled, draft: ParsedSpec, setting: Sequence[str]) -> str | None:
    """Return where the spec says a setting, or that it leaves it to its default; None where the check names none."""
    if not setting:
        return None
    name = enabled.check.name
    if setting[0] not in type(enabled.settings).model_fields:
        raise _Failed(message("The check names a setting that it does not have: {setting}.", setting=setting[0]))
    key, inner = ["checks", name], draft.raw["checks"][name]
    for part in setting:
        if not isinstance(inner, Mapping):
            # One limit for all that the check tells apart.
            break
        if part not in inner:
            return DEFAULT_SOURCE
        key.append(part)
        inner = inner[part]
    return draft.source(*key)


def _refuse_doubles(findings: Sequence[Finding]) -> None:
    doubled = [name for name, count in Counter(finding.id for finding in findings).items() if count > 1]
    if doubled:
        raise _Failed(message("The check returned two findings with one id: {id}.", id=sorted(doubled)[0]))


def _vocabulary(check: Check) -> Mapping[str, Message]:
    try:
        return check.vocabulary
    except PluginError as error:
        raise _Failed(message("The check did not finish: {error}.", error=str(error))) from error


def _result(
    enabled: Enabled,
    verdict: Verdict,
    reason: Message | None,
    findings: tuple[Finding, ...],
    words: Mapping[str, Message] | None = None,
) -> CheckResult:
    provided = enabled.provided
    return CheckResult(
        name=enabled.check.name,
        distribution=provided.distribution,
        version=provided.version,
        page=enabled.check.page,
        settings=enabled.settings.model_dump(mode="json"),
        gate=enabled.gate,
        verdict=verdict,
        reason=reason,
        findings=findings,
        words=dict(words or {}),
    )
