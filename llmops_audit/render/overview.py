"""Many records on one page: systems, their decisions over time, their key numbers, and limits that changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_audit.record import JudgedRequirement, LimitChange, Record, Status, Verdict
from llmops_audit.record.changes import changes
from llmops_audit.record.found_records import FoundRecords, KnownRecord
from llmops_audit.render import i18n
from llmops_audit.render.changed import DIRECTION, LOOSEST
from llmops_audit.render.facts import deciding
from llmops_audit.render.formats._page import HTML_LANGUAGE, plain_environment
from llmops_audit.render.formats.badge import OUTCOMES, day_of
from llmops_audit.render.items import bounded
from llmops_audit.render.small_multiples import HEIGHT, WIDTH, Multiple, multiple
from llmops_audit.render.text import Numbers, shorten
from llmops_audit.render.wording import Wording

__all__ = ["KeyNumber", "Release", "SystemView", "overview"]

MAX_SYSTEMS = 30
MAX_RELEASES = 12
MAX_NUMBERS = 9
MAX_LIMITS = 20
MAX_UNREADABLE = 50
"""What a page shows; what has no room is counted, so that a page stays under a few megabytes."""

_NAME_COLUMNS = 60
_WHY_COLUMNS = 300
_SHOWN_DIGITS = 12
_GRAVITY = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE)


@dataclass(frozen=True)
class LimitStep:
    """A limit that differs from that of the release before, in words."""

    id: str
    before: str
    now: str
    loosened: bool | None

    @property
    def direction(self) -> str:
        """What it means for what is demanded."""
        return DIRECTION[self.loosened].id


@dataclass(frozen=True)
class Release:
    """One record.

    Attributes
    ----------
    version, day, place, digest : str
    copies : str
        Other places where the same record stands, with commas; empty where there are none.
    status : Status
    counts : mapping of str to int
        Requirements by verdict.
    rows : int
        Of the test split.
    other_rows : bool
        Whether its test rows are others than those of the release before.
    limits : tuple of LimitStep
        Against the release before, the loosened ones first.
    hidden_limits : int
    """

    version: str
    day: str
    place: str
    copies: str
    digest: str
    status: Status
    counts: Counter[str]
    rows: int
    other_rows: bool
    limits: tuple[LimitStep, ...]
    hidden_limits: int

    @property
    def loosened(self) -> int:
        """Limits that demand less than in the release before, of those that are shown."""
        return sum(step.loosened is True for step in self.limits)


@dataclass(frozen=True)
class ReadingInWords:
    """A key number in one release, in words."""

    version: str
    value: str
    interval: str
    limit: str
    verdict: str
    word: str


@dataclass(frozen=True)
class KeyNumber:
    """A requirement over releases."""

    title: str
    picture: Multiple
    readings: tuple[ReadingInWords, ...]

    @property
    def latest(self) -> ReadingInWords:
        """The last one."""
        return self.readings[-1]


@dataclass(frozen=True)
class SystemView:
    """A system.

    Attributes
    ----------
    name : str
    releases : tuple of Release
        The latest ones, the earliest of them first.
    earlier : int
        Releases before those.
    numbers : tuple of KeyNumber
    hidden_numbers : int
        Requirements of the latest release that have no picture.
    """

    name: str
    releases: tuple[Release, ...]
    earlier: int
    numbers: tuple[KeyNumber, ...]
    hidden_numbers: int

    @property
    def latest(self) -> Release:
        """The last one."""
        return self.releases[-1]


def overview(found: FoundRecords, language: str) -> bytes:
    """Render all records of a folder as one page without scripts or requests.

    Parameters
    ----------
    found : FoundRecords
    language : {"en", "zh"}

    Raises
    ------
    AuditError
        Where there is no catalogue of the language, or a record changed since it was found.
    """
    translate, numbers = i18n.translator(language), Numbers(language)
    systems = tuple(found.systems())
    page = (
        plain_environment(translate, numbers)
        .get_template("overview.html.j2")
        .render(
            language=HTML_LANGUAGE.get(language, language),
            systems=[_system(name, known, language) for name, known in systems[:MAX_SYSTEMS]],
            hidden_systems=max(0, len(systems) - MAX_SYSTEMS),
            records=len(found.records),
            unreadable=[
                (shorten(one.place, _NAME_COLUMNS), shorten(one.why, _WHY_COLUMNS)) for one in found.unreadable
            ][:MAX_UNREADABLE],
            hidden_unreadable=max(0, len(found.unreadable) - MAX_UNREADABLE),
            outcome=lambda status: translate(OUTCOMES[status].id),
            verdict_word=translate.word,
            picture_width=WIDTH,
            picture_height=HEIGHT,
        )
    )
    return page.encode()


def _system(name: str, known: Sequence[KnownRecord], language: str) -> SystemView:
    shown = known[-MAX_RELEASES:]
    # The release before the first that is shown says which limits changed in it.
    before = known[-MAX_RELEASES - 1].read() if len(known) > MAX_RELEASES else None
    releases, judged = [], []
    for one in shown:
        record = one.read()
        wording = Wording(record, language)
        releases.append(_release(one, record, before, wording))
        judged.append({requirement.id: requirement for requirement in record.requirements})
        before = record
    if before is None:
        raise AssertionError
    key = _key_requirements(before)
    numbers = [_key_number(id, before, [one.get(id) for one in judged], releases, wording) for id in key]
    drawn = tuple(number for number in numbers if number is not None)[:MAX_NUMBERS]
    return SystemView(
        shorten(name, _NAME_COLUMNS), tuple(releases), len(known) - len(shown), drawn, len(key) - len(drawn)
    )


def _release(known: KnownRecord, record: Record, before: Record | None, wording: Wording) -> Release:
    changed = None if before is None else changes(before, record)
    limits = [] if changed is None else sorted(changed.limits, key=lambda one: LOOSEST.index(one.loosened))
    return Release(
        version=shorten(known.version, _NAME_COLUMNS),
        day=day_of(record),
        place=shorten(known.place, _NAME_COLUMNS),
        copies=shorten(", ".join(known.copies), _WHY_COLUMNS),
        digest=record.digest[:_SHOWN_DIGITS],
        status=record.decision.status,
        counts=Counter(one.verdict.value for one in record.requirements),
        rows=record.data["test"].rows if "test" in record.data else 0,
        other_rows=changed is not None and changed.data.get("test") is False,
        limits=tuple(_step(one, wording) for one in limits[:MAX_LIMITS]),
        hidden_limits=max(0, len(limits) - MAX_LIMITS),
    )


def _step(change: LimitChange, wording: Wording) -> LimitStep:
    before, now = (wording.limit(change.op, value) for value in (change.before, change.now))
    return LimitStep(shorten(bounded(change.id), _WHY_COLUMNS), before, now, change.loosened)


def _key_requirements(record: Record) -> list[str]:
    """Return the requirements of a record, what did not pass first, in the order of the record otherwise."""
    order = {verdict: place for place, verdict in enumerate(_GRAVITY)}
    return [one.id for one in sorted(record.requirements, key=lambda one: order.get(one.verdict, len(order)))]


def _key_number(
    id: str,
    latest: Record,
    series: Sequence[JudgedRequirement | None],
    releases: Sequence[Release],
    wording: Wording,
) -> KeyNumber | None:
    picture = multiple(series)
    if picture is None:
        return None
    readings = [
        _reading(one, release, wording) for one, release in zip(series, releases, strict=True) if one is not None
    ]
    return KeyNumber(_title(id, latest, wording), picture, tuple(readings))


def _reading(one: JudgedRequirement, release: Release, wording: Wording) -> ReadingInWords:
    interval = i18n.NOTHING
    if one.interval is not None:
        interval = wording.range_of(one.interval)
    return ReadingInWords(
        version=release.version,
        value=i18n.NOTHING if one.value is None else wording.numbers.number(one.value),
        interval=interval,
        limit=wording.limit(one.op, one.limit),
        verdict=one.verdict.value,
        word=wording.word(one.verdict),
    )


def _title(id: str, record: Record, wording: Wording) -> str:
    """Return what a requirement is on: the metric, what tells it from others on the metric, and the split."""
    requirement = next(one for one in record.requirements if one.id == id)
    finding = deciding(record, requirement)
    if finding is None or finding.requirement is None:
        return shorten(id, _NAME_COLUMNS)
    about, scope = finding.requirement.about, finding.scope
    parts = [wording.word(finding.requirement.metric or finding.metric)]
    if about:
        key = next((key for key, value in sorted(scope.items()) if value == about and key != "attribute"), None)
        parts.append(wording.scopes.key(about) if key is None else wording.scopes.value(key, about))
    if scope.get("split", "test") != "test":
        parts.append(wording.word(scope["split"]))
    return shorten(" · ".join(parts), _NAME_COLUMNS)
