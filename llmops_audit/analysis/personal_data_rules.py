"""Limits on personal data: those of the spec, and the defaults where it sets none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import judged
from llmops_audit.errors import SpecError
from llmops_audit.evidence.personal_data import MAX_VALUES, PersonalData
from llmops_audit.personal_data import KINDS, Confidence
from llmops_audit.personal_data.false_alarms import false_alarms
from llmops_audit.personal_data.model_scan import ModelContents, ModelHits
from llmops_audit.record import (
    Finding,
    Message,
    Op,
    Requirement,
    Scalar,
    Severity,
    Verdict,
    message,
)

__all__ = ["KINDS", "PER", "Limits", "ModelContents", "ModelHits", "judge_overlap", "titles"]

PER = 1000
"""A rate is the number of rows with personal data in this many rows."""

NOT_SEARCHED_FOR = ("names", "postal_addresses", "descriptions_of_persons", "numbers_in_words", "images")
"""What no recogniser searches for."""

_ROWS = "personal_data_rows"
_RATE = "personal_data_rate"
_IN_MODEL = "personal_data_in_model"
_IDENTIFYING = {"kinds": "identifying"}
_MODEL_MEETS = message("All texts in the model were searched, and the count meets the limit.")
_MODEL_EXCEEDS = message("All texts in the model were searched, and the count exceeds the limit.")
_NO_LIMIT = message("Counted, not judged: the spec sets no limit.")
_FOUND = message(
    "Found where the spec neither limits nor allows it. Remove it at its source, or say in the spec why it may stay "
    "(`allow`)."
)
_SUSPECTED = message("Form and context fit, but the checksum does not: these may be mistyped numbers.")


def titles() -> dict[str, Message]:
    """Return the title of every kind, by name."""
    return {name: kind.title for name, kind in KINDS.items()}


@dataclass(frozen=True)
class Limits:
    """The limits of a spec.

    Attributes
    ----------
    rows, rates : mapping of str to number
        Largest number of rows, and of rows per 1,000, by kind, or by column and kind (``"notes:email"``).
    in_model : mapping of str to int
        Largest number of values in the model, by kind.
    allow : mapping of str to str
        Kinds, or columns and kinds, that may occur, and why.
    allow_columns : mapping of str to str
        Columns in which every kind may occur, and why.
    confidence : str or mapping of str to str
        The lowest confidence that counts, for all kinds or by kind; ``"likely"`` for a kind without an entry.
    data_protection : sequence of str
        Frameworks of data protection that the spec names: what is found then needs somebody to look at it.
    policy : Policy
    """

    rows: Mapping[str, int]
    rates: Mapping[str, float]
    in_model: Mapping[str, int]
    allow: Mapping[str, str]
    allow_columns: Mapping[str, str]
    confidence: str | Mapping[str, str]
    data_protection: Sequence[str]
    policy: Policy

    def refuse_contradictions(self, by_split: Mapping[str, PersonalData]) -> None:
        """Refuse a limit for a column that was not searched, and a kind that is both limited and allowed.

        Raises
        ------
        SpecError
        """
        searched = sorted({column for found in by_split.values() for column in found.searched})
        settings: tuple[tuple[str, Mapping[str, object]], ...] = (
            ("max_rows", self.rows), ("max_rate", self.rates), ("allow", self.allow)
        )  # fmt: skip
        named = [(setting, name.rpartition(":")[0]) for setting, names in settings for name in names]
        for setting, column in (*named, *(("allow_columns", column) for column in self.allow_columns)):
            if column and column not in searched:
                known = f"one of {', '.join(searched)}" if searched else "no column: none was searched"
                raise SpecError(f"checks.pii.{setting}", "names a column that was not searched", known, repr(column))
        if both := sorted({*self.rows, *self.rates} & self.allow.keys()):
            raise SpecError("checks.pii.allow", "names what is limited as well", "a limit or a permission", both[0])

    def judge_split(self, split: str, found: PersonalData) -> Iterator[Finding]:
        """Judge a split by the limits of the spec, else allow no identifying kind; report what else is found."""
        yield from self._limited(split, found)
        failing = False
        for name, kind in KINDS.items():
            rows = 0 if name in self._limited_kinds else self._elsewhere(found, name)
            if rows and kind.identifying:
                failing = True
                yield self._judged(_ROWS, rows, _none(), found.rows, {"split": split, "kind": name})
            elif rows:
                yield self._found(_ROWS, rows, found.rows, {"split": split, "kind": name})
        if not failing:
            yield self._judged(_ROWS, 0, _none(), found.rows, {"split": split, **_IDENTIFYING})
        yield from self._allowed(split, found)
        yield from self._suspected(split, found)

    def judge_model(self, contents: ModelContents) -> Iterator[Finding]:
        """Judge a model by the limits of the spec, else allow no rare identifying value; report what else is found."""
        rare: dict[str, int] = {}
        for item in contents.hits:
            if item.confidence in self._counted(item.kind):
                rare[item.kind] = rare.get(item.kind, 0) + item.rare
        for kind, limit in self.in_model.items():
            requirement = Requirement(op=Op.AT_MOST, limit=limit, about=kind, setting=("max_in_model", kind))
            yield self._in_model(rare.get(kind, 0), requirement, contents, {"kind": kind})
        rest = {kind: values for kind, values in sorted(rare.items()) if values and kind not in self.in_model}
        for kind, values in rest.items():
            if kind in self.allow:
                yield _described(_IN_MODEL, values, None, {"kind": kind}, _allowed_because(self.allow[kind]))
            elif KINDS[kind].identifying:
                yield self._in_model(values, _none(), contents, {"kind": kind})
            else:
                yield self._found(_IN_MODEL, values, None, {"kind": kind})
        if not contents.strings:
            text = message("Nothing in the model could be searched for personal data.")
            yield Finding(metric=_IN_MODEL, scope=_IDENTIFYING, n=0, verdict=Verdict.NOT_APPLICABLE, message=text)
        elif not any(KINDS[kind].identifying for kind in rest if kind not in self.allow):
            yield self._in_model(0, _none(), contents, _IDENTIFYING)

    def _in_model(
        self, value: int, requirement: Requirement, contents: ModelContents, scope: dict[str, str]
    ) -> Finding:
        finding = self._judged(_IN_MODEL, value, requirement, contents.strings, scope)
        passes = finding.verdict is Verdict.PASSED
        changes = {
            "n": None,
            "message": _MODEL_MEETS if passes else _MODEL_EXCEEDS,
            "details": {
                "model_texts": contents.strings,
                "unread_attributes": len(contents.unread),
                **finding.details,
            },
        }
        return finding.model_copy(update=changes)

    @property
    def _limited_kinds(self) -> set[str]:
        return {*self.rows, *self.rates}

    def _counted(self, kind: str) -> tuple[Confidence, ...]:
        """Return the levels of confidence that count for a kind, the highest first."""
        least = self.confidence if isinstance(self.confidence, str) else self.confidence.get(kind, Confidence.LIKELY)
        return tuple(Confidence)[: Confidence(least).rank + 1]

    def _rows(self, found: PersonalData, kind: str, column: str = "") -> int:
        """Return the rows that hold a kind, in one column or in any."""
        levels = self._counted(kind)
        if column:
            return sum(found.hits[column, kind, level].best for level in levels if (column, kind, level) in found.hits)
        return sum(found.kinds.get((kind, level), 0) for level in levels)

    def _elsewhere(self, found: PersonalData, kind: str) -> int:
        """Return the rows that hold a kind in columns without a limit or permission of their own.

        Where there are such columns and several others hold the kind, a row may count for several of those; the number
        is then at most that of all rows that hold the kind.
        """
        if kind in self.allow:
            return 0
        own = {name.rpartition(":")[0] for name in (*self.allow, *self.rows, *self.rates) if name.endswith(f":{kind}")}
        own |= self.allow_columns.keys()
        everywhere = self._rows(found, kind)
        if not own:
            return everywhere
        holding = sorted({column for column, name, _ in found.hits if name == kind} - own)
        return min(everywhere, sum(self._rows(found, kind, column) for column in holding))

    def _limited(self, split: str, found: PersonalData) -> Iterator[Finding]:
        limits: list[tuple[str, str, str, float]] = [
            *((_ROWS, "max_rows", name, limit) for name, limit in self.rows.items()),
            *((_RATE, "max_rate", name, limit) for name, limit in self.rates.items()),
        ]
        for metric, setting, name, limit in limits:
            column, _, kind = name.rpartition(":")
            n = found.searched.get(column, 0) if column else found.rows
            if n:
                rows = self._rows(found, kind, column)
                value = rows * PER / n if metric == _RATE else rows
                scope = {"split": split, **({"column": column} if column else {}), "kind": kind}
                requirement = Requirement(op=Op.AT_MOST, limit=limit, about=name, setting=(setting, name))
                yield self._judged(metric, value, requirement, n, scope)

    def _allowed(self, split: str, found: PersonalData) -> Iterator[Finding]:
        """Describe what the spec allows and the split holds, with the reason."""
        reasons = {tuple(name.rpartition(":")[::2]): why for name, why in self.allow.items()}
        limited = {tuple(name.rpartition(":")[::2]) for name in self._limited_kinds}
        for column, why in self.allow_columns.items():
            for kind in sorted({kind for name, kind, _ in found.hits if name == column}):
                if (column, kind) not in limited:
                    reasons.setdefault((column, kind), why)
        for (column, kind), why in reasons.items():
            if rows := self._rows(found, kind, column):
                n = found.searched[column] if column else found.rows
                scope = {"split": split, **({"column": column} if column else {}), "kind": kind}
                yield _described(_ROWS, rows, n, scope, _allowed_because(why))

    def _suspected(self, split: str, found: PersonalData) -> Iterator[Finding]:
        """Describe suspected hits that do not count."""
        for kind in KINDS:
            suspected = found.kinds.get((kind, Confidence.SUSPECTED), 0)
            if suspected and Confidence.SUSPECTED not in self._counted(kind):
                scope = {"split": split, "kind": kind, "confidence": Confidence.SUSPECTED.value}
                yield _described(_ROWS, suspected, found.rows, scope, _SUSPECTED)

    def _found(self, metric: str, value: int, n: int | None, scope: dict[str, str]) -> Finding:
        """Report what the spec neither limits nor allows; where it names data protection, ask for a review."""
        if not self.data_protection:
            return _described(metric, value, n, scope, _FOUND, Verdict.FOUND)
        text = message(
            "{found} The spec names frameworks of data protection ({frameworks}): somebody has to look at it.",
            found=_FOUND,
            frameworks=tuple(self.data_protection),
        )
        return _described(metric, value, n, scope, text, Verdict.INCONCLUSIVE)

    def _judged(self, metric: str, value: float, requirement: Requirement, n: int, scope: dict[str, str]) -> Finding:
        return judged(
            metric,
            value,
            requirement,
            self.policy,
            bounds=None,
            method="census",
            n=n,
            scope=scope,
            severity=KINDS[scope["kind"]].severity if "kind" in scope else None,
            details=_details(metric, scope),
        )


def _none() -> Requirement:
    """Return the default: no row of any kind that identifies a person or opens an account; it is one requirement."""
    return Requirement(op=Op.AT_MOST, limit=0, source="default")


def _allowed_because(why: str) -> Message:
    return message("Allowed by the spec: {reason}", reason=why)


def _details(metric: str, scope: Mapping[str, str]) -> dict[str, Scalar | tuple[Scalar, ...]]:
    """Return what no recogniser searches for, and, of a search in rows, how often it is wrong."""
    details: dict[str, Scalar | tuple[Scalar, ...]] = {"not_searched_for": NOT_SEARCHED_FOR}
    if metric in (_ROWS, _RATE) and "confidence" not in scope:
        kinds = (scope["kind"],) if "kind" in scope else [name for name, kind in KINDS.items() if kind.identifying]
        rate, (_, high) = false_alarms(kinds)
        details |= {"false_alarms": rate, "false_alarms_at_most": high}
    return details


def _described(
    metric: str,
    value: float,
    n: int | None,
    scope: dict[str, str],
    text: Message,
    verdict: Verdict = Verdict.NOT_APPLICABLE,
) -> Finding:
    return Finding(
        metric=metric,
        value=value,
        n=n,
        method="census",
        scope=scope,
        severity=KINDS[scope["kind"]].severity if "kind" in scope else Severity.MEDIUM,
        verdict=verdict,
        message=text,
        details=_details(metric, scope),
    )


def judge_overlap(by_split: Mapping[str, PersonalData], limit: int | None, policy: Policy) -> Iterator[Finding]:
    """Count the personal values of the training rows that occur again in another split, by their hashes."""
    train = by_split.get("train")
    for split, found in by_split.items():
        if train is None or split == "train" or not found.values:
            continue
        shared = sorted(train.values.keys() & found.values.keys())
        details: dict[str, Scalar] = {"rows": sum(found.values[value].rows for value in shared)}
        if max(len(train.values), len(found.values)) == MAX_VALUES:
            details["max_values_compared"] = MAX_VALUES
        scope, n, metric = {"split": split}, len(found.values), "personal_data_overlap"
        if limit is not None:
            requirement = Requirement(op=Op.AT_MOST, limit=limit, setting=("max_overlap",))
            yield judged(
                metric,
                len(shared),
                requirement,
                policy,
                bounds=None,
                method="census",
                n=n,
                scope=scope,
                details=details,
            )
        elif shared:
            finding = _described(metric, len(shared), n, scope, _NO_LIMIT)
            yield finding.model_copy(update={"details": details})
