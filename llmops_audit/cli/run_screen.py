"""What a run shows in the terminal: a line for each requirement, then the result with its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from llmops_audit.errors.redaction import printable
from llmops_audit.record import CheckResult, JudgedRequirement, Message, Op, Record, Verdict, message
from llmops_audit.render import i18n
from llmops_audit.render.fact_numbers import NUMBER, Quantity
from llmops_audit.render.facts import deciding
from llmops_audit.render.first_screen import DISCLAIMER, FirstScreen, Line, first_screen
from llmops_audit.render.items import ASIDE

if TYPE_CHECKING:
    from llmops_audit.render.i18n import Translate

__all__ = ["WIDTH", "run_screen"]

WIDTH = 80
"""Columns that a line of a requirement takes, unless its names are longer."""

MAX_LINES = 20
"""Lines of one check; the others are counted."""

_COLOURS = {
    "passed": "green",
    "approved": "green",
    "failed": "red",
    "rejected": "red",
    "error": "magenta",
    "not_judged": "magenta",
    "inconclusive": "yellow",
    "needs_review": "yellow",
    "found": "yellow",
    "not_applicable": "cyan",
}
_MARKS = {
    "passed": "✓",
    "approved": "✓",
    "failed": "✗",
    "rejected": "✗",
    "error": "!",
    "not_judged": "!",
    "inconclusive": "?",
    "needs_review": "?",
    "found": "◆",
    "not_applicable": "–",
}
_ORDER = tuple(_MARKS)
_OPEN = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.FOUND)
_MISSED = {Op.AT_LEAST: "<", Op.AT_MOST: ">", Op.ABOVE: "<=", Op.BELOW: ">="}
_LOWER = (Op.AT_LEAST, Op.ABOVE)


class _Speaker:
    """Says the sentences of a record in its language, each on one line that controls no terminal."""

    def __init__(self, record: Record) -> None:
        self.translate: Translate = i18n.translator(record.audit.language, record)

    def say(self, text: Message) -> str:
        return printable(" ".join(i18n.render(text, self.translate).split()))

    def verdict(self, key: str) -> Text:
        return Text(self.translate.word(key).upper(), style=f"bold {_COLOURS[key]}")


def run_screen(record: Record, folder: Path, reports: Sequence[str]) -> Iterator[Text]:
    """Give what a run shows; a part that must not be broken over lines has `no_wrap`.

    Parameters
    ----------
    record : Record
    folder : Path
    reports : sequence of str
        Names of the files in it that are listed.
    """
    speaker, screen = _Speaker(record), first_screen(record)
    yield Text(printable(f"{screen.name} {screen.version}"), style="bold")
    yield Text(" ".join(speaker.say(line) for line in (*screen.audited, screen.limits)))
    yield from _checks(record, speaker)
    yield from _result(record, screen, speaker)
    yield from _beside(record, screen, speaker)
    report = speaker.say(message("Report:"))
    for name in reports:
        # A path that is broken over lines cannot be copied.
        yield Text(f"{report} {folder / name}", no_wrap=True)
    yield Text("")


def _checks(record: Record, speaker: _Speaker) -> Iterator[Text]:
    aside = [check for check in record.checks if check.gate == "report"]
    for check in record.checks:
        if check not in aside:
            yield from _check(record, check, speaker)
    if aside:
        yield Text(f"\n{speaker.say(ASIDE)}", style="bold")
    for check in aside:
        yield from _check(record, check, speaker)


def _result(record: Record, screen: FirstScreen, speaker: _Speaker) -> Iterator[Text]:
    status = record.decision.status.value
    yield Text.assemble("\n", (f"{_MARKS[status]} {speaker.say(screen.result)}", f"bold {_COLOURS[status]}"))
    decided = message("Decision: {status} (exit code {code})", status=status, code=record.decision.exit_code)
    yield Text(speaker.say(decided))
    yield Text(speaker.say(DISCLAIMER))
    for line in (*screen.reasons, *([] if screen.met is None else [screen.met])):
        yield _reason(line, speaker)
    if screen.more is not None:
        yield Text(f"  {speaker.say(screen.more)}")
    for one in screen.to_do:
        who = message("{check}: {reason}", check=one.who, reason=one.what)
        yield Text(f"→ {speaker.say(who)}")


def _beside(record: Record, screen: FirstScreen, speaker: _Speaker) -> Iterator[Text]:
    if screen.since is not None:
        yield Text(speaker.say(screen.since))
    for notice in (*screen.notes, *screen.folded):
        yield Text(speaker.say(notice.message), style="yellow")
    if record.run.earlier:
        count = len(record.run.earlier)
        text = message("Earlier audits of these test rows: {count}. A test set wears out with use.", count=count)
        yield Text(speaker.say(text))


def _reason(line: Line, speaker: _Speaker) -> Text:
    key = line.verdict.value
    return Text.assemble((_MARKS[key], _COLOURS[key]), f" {speaker.say(line.with_source)}")


def _check(record: Record, check: CheckResult, speaker: _Speaker) -> Iterator[Text]:
    """Yield a check with its verdict, then a line for each of its requirements and of what else stands out."""
    why = "" if check.reason is None or check.findings else f"  {speaker.say(check.reason)}"
    yield Text.assemble(f"\n{printable(check.name)} ", speaker.verdict(check.verdict.value), why)
    own = [one for one in record.requirements if one.check == check.name]
    held = {id for one in own for id in one.findings}
    lines = [(one.verdict, *_required(record, one)) for one in own]
    lines += [
        (one.verdict, " ".join((check.name, one.metric, *_values(one.scope))), "")
        for one in check.findings
        if one.verdict in _OPEN and one.id not in held
    ]
    lines.sort(key=lambda line: _ORDER.index(line[0].value) if line[0] is not Verdict.PASSED else len(_ORDER))
    for verdict, name, measured in lines[:MAX_LINES]:
        yield _line(verdict, printable(name), printable(measured))
    if len(lines) > MAX_LINES:
        more = message("{count} more in the record.", count=len(lines) - MAX_LINES)
        yield Text(f"  {speaker.say(more)}")


def _required(record: Record, one: JudgedRequirement) -> tuple[str, str]:
    """Return the names of a requirement, and its value beside its limit, with the line that sets the limit."""
    finding = deciding(record, one)
    if finding is None or finding.requirement is None:
        names = [one.id]
    else:
        split = finding.scope.get("split", "test")
        about = [finding.requirement.about or finding.scope.get("column"), "" if split == "test" else split]
        names = [one.check, finding.metric, *filter(None, about)]
    source = one.source if one.source not in (None, "default") else ""
    if one.value is None:
        return " ".join(names), f"{i18n.NOTHING} {one.op.value} {_number(one, one.limit)}  {source}".rstrip()
    met = one.value >= one.limit if one.op in _LOWER else one.value <= one.limit
    if one.value == one.limit:
        met = one.op in (Op.AT_LEAST, Op.AT_MOST)
    sign = one.op.value if met else _MISSED[one.op]
    return " ".join(names), f"{_number(one, one.value)} {sign} {_number(one, one.limit)}  {source}".rstrip()


def _number(one: JudgedRequirement, value: float) -> str:
    """Return a number with two decimals, or more where it would be written as the limit."""
    shown = one.model_copy(update={"interval": None})
    text = str(Quantity(shown, NUMBER, value).number.values["number"])
    whole, dot, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}" if dot else whole


def _line(verdict: Verdict, name: str, measured: str) -> Text:
    mark, colour = _MARKS[verdict.value], _COLOURS[verdict.value]
    broken = Text(f"  {mark} {name} {measured}").cell_len > WIDTH
    between = "\n      " if broken and measured else " "
    return Text.assemble("  ", (mark, colour), f" {name}{between if measured else ''}{measured}", no_wrap=True)


def _values(scope: dict[str, str]) -> list[str]:
    return [value for key, value in sorted(scope.items()) if key != "split" or value != "test"]
