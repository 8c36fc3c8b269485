"""Limits on personal data: those of the spec, and the defaults where it sets none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import judged
from llmops_audit.evidence.personal_data import MAX_VALUES, PersonalData
from llmops_audit.personal_data import KINDS, Confidence
from llmops_audit.personal_data.model_scan import ModelContents, ModelHits
from llmops_audit.record import (
    Column,
    Finding,
    Message,
    Op,
    Requirement,
    Scalar,
    Severity,
    Table,
    Verdict,
    interval_columns,
    message,
)
from llmops_audit.stats import clopper_pearson

__all__ = ["KINDS", "PER", "Limits", "ModelContents", "ModelHits", "judge_overlap", "model_table", "table", "titles"]

PER = 1000
"""A rate is the number of rows with personal data in this many rows."""

NOT_SEARCHED_FOR = ("names", "postal_addresses", "descriptions_of_persons", "numbers_in_words", "images")
"""What no recogniser searches for."""

_NONE = Requirement(op=Op.AT_MOST, limit=0, source="default")
_IDENTIFYING = {"kinds": "identifying"}
_MODEL_MEETS = message("All texts in the model were searched, and the count meets the limit.")
_MODEL_EXCEEDS = message("All texts in the model were searched, and the count exceeds the limit.")
_NO_LIMIT = message("Counted, not judged: the spec sets no limit.")


def titles() -> dict[str, Message]:
    """Return the title of every kind, by name."""
    return {name: kind.title for name, kind in KINDS.items()}


@dataclass(frozen=True)
class Limits:
    """The limits of a spec.

    Attributes
    ----------
    counts, rates : mapping of str to number
        Largest number of rows, and of rows per 1,000, by kind, or by column and kind (``"notes:email"``).
    in_model : mapping of str to int
        Largest number of values in the model, by kind.
    allow : sequence of str
        Kinds, or columns and kinds, that are not judged.
    confidence : str or mapping of str to str
        The lowest confidence that counts, for all kinds or by kind; ``"likely"`` for a kind without an entry.
    policy : Policy
    """

    counts: Mapping[str, int]
    rates: Mapping[str, float]
    in_model: Mapping[str, int]
    allow: Sequence[str]
    confidence: str | Mapping[str, str]
    policy: Policy

    def refuse_unknown_columns(self, by_split: Mapping[str, PersonalData]) -> None:
        """Refuse a limit for a column that was not searched, since nothing could exceed it.

        Raises
        ------
        ValueError
        """
        searched = sorted({column for found in by_split.values() for column in found.searched})
        for name in (*self.counts, *self.rates, *self.allow):
            column = name.rpartition(":")[0]
            if column and column not in searched:
                raise ValueError(f"column {column!r} was not searched; searched are {', '.join(searched) or 'none'}")

    def judge_split(self, split: str, found: PersonalData) -> Iterator[Finding]:
        """Judge a split by the limits of the spec, else allow no identifying kind; describe other kinds."""
        yield from self._limited(split, found)
        limited = {*self.counts, *self.rates}
        failing = [
            (name, rows)
            for name, kind in KINDS.items()
            if kind.identifying and name not in limited and (rows := self._outside_own_limits(found, name))
        ]
        for name, rows in failing:
            yield self._judged("personal_data_rows", rows, _NONE, found.rows, {"split": split, "kind": name})
        if not failing:
            yield self._judged("personal_data_rows", 0, _NONE, found.rows, {"split": split, **_IDENTIFYING})
        yield from self._described(split, found)

    def judge_model(self, contents: ModelContents) -> Iterator[Finding]:
        """Judge a model by the limits of the spec, else allow no rare identifying value."""
        metric = "personal_data_in_model"
        rare: dict[str, int] = {}
        for item in contents.hits:
            if item.confidence in self._counted(item.kind) and item.kind not in self.allow:
                rare[item.kind] = rare.get(item.kind, 0) + item.rare
        for kind, limit in self.in_model.items():
            requirement = Requirement(op=Op.AT_MOST, limit=limit, setting=("max_in_model", kind))
            yield self._in_model(metric, rare.get(kind, 0), requirement, contents, {"kind": kind})
        rest = {kind: values for kind, values in sorted(rare.items()) if values and kind not in self.in_model}
        for kind, values in rest.items():
            if KINDS[kind].identifying:
                yield self._in_model(metric, values, _NONE, contents, {"kind": kind})
            else:
                yield _described(metric, values, None, {"kind": kind}, KINDS[kind].severity, _NO_LIMIT)
        if not contents.strings:
            text = message("Nothing in the model could be searched for personal data.")
            yield Finding(metric=metric, scope=_IDENTIFYING, n=0, verdict=Verdict.NOT_APPLICABLE, message=text)
        elif not any(KINDS[kind].identifying for kind in rest):
            yield self._in_model(metric, 0, _NONE, contents, _IDENTIFYING)

    def _in_model(
        self, metric: str, value: int, requirement: Requirement, contents: ModelContents, scope: dict[str, str]
    ) -> Finding:
        finding = self._judged(metric, value, requirement, contents.strings, scope)
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

    def _counted(self, kind: str) -> tuple[Confidence, ...]:
        """Return the levels of confidence that count for a kind, the highest first."""
        least = self.confidence if isinstance(self.confidence, str) else self.confidence.get(kind, Confidence.LIKELY)
        return tuple(Confidence)[: Confidence(least).rank + 1]

    def _rows(self, found: PersonalData, kind: str, column: str = "") -> int:
        """Return the rows that hold a kind, in one column or in any."""
        levels = self._counted(kind)
        if column:
            # A row may count at several levels of a column: the sum errs on the safe side.
            return sum(found.hits[column, kind, level].rows for level in levels if (column, kind, level) in found.hits)
        return sum(found.kinds.get((kind, level), 0) for level in levels)

    def _outside_own_limits(self, found: PersonalData, kind: str) -> int:
        """Return the rows that hold a kind in columns without a limit or permission of their own."""
        if kind in self.allow:
            return 0
        own = {
            name.rpartition(":")[0] for name in (*self.allow, *self.counts, *self.rates) if name.endswith(f":{kind}")
        }
        if not own:
            return self._rows(found, kind)
        holding = sorted({column for column, name, _ in found.hits if name == kind} - own)
        return sum(self._rows(found, kind, column) for column in holding)

    def _limited(self, split: str, found: PersonalData) -> Iterator[Finding]:
        limits: list[tuple[str, str, str, float]] = [
            *(("personal_data_rows", "max_count", name, limit) for name, limit in self.counts.items()),
            *(("personal_data_rate", "max_rate", name, limit) for name, limit in self.rates.items()),
        ]
        for metric, setting, name, limit in limits:
            column, _, kind = name.rpartition(":")
            n = found.searched.get(column, 0) if column else found.rows
            if n:
                rows = self._rows(found, kind, column)
                value = rows * PER / n if metric == "personal_data_rate" else rows
                scope = {"split": split, **({"column": column} if column else {}), "kind": kind}
                requirement = Requirement(op=Op.AT_MOST, limit=limit, setting=(setting, name))
                yield self._judged(metric, value, requirement, n, scope)

    def _described(self, split: str, found: PersonalData) -> Iterator[Finding]:
        """Describe what is found and not judged: kinds without a limit, and suspected hits that do not count."""
        metric = "personal_data_rows"
        limited = {*self.counts, *self.rates}
        for name, kind in KINDS.items():
            scope = {"split": split, "kind": name}
            rows, suspected = self._rows(found, name), found.kinds.get((name, Confidence.SUSPECTED), 0)
            if rows and name not in limited and (not kind.identifying or not self._outside_own_limits(found, name)):
                yield _described(metric, rows, found.rows, scope, kind.severity, _NO_LIMIT)
            if suspected and Confidence.SUSPECTED not in self._counted(name):
                text = message("Form and context fit, but the checksum does not: these may be mistyped numbers.")
                scope = {**scope, "confidence": Confidence.SUSPECTED.value}
                yield _described(metric, suspected, found.rows, scope, kind.severity, text)

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
            details={"not_searched_for": NOT_SEARCHED_FOR},
        )


def _described(
    metric: str, value: float, n: int | None, scope: dict[str, str], severity: Severity, text: Message
) -> Finding:
    return Finding(
        metric=metric,
        value=value,
        n=n,
        method="census",
        scope=scope,
        severity=severity,
        verdict=Verdict.NOT_APPLICABLE,
        message=text,
        details={"not_searched_for": NOT_SEARCHED_FOR},
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
            finding = _described(metric, len(shared), n, scope, Severity.MEDIUM, _NO_LIMIT)
            yield finding.model_copy(update={"details": details})


def table(by_split: Mapping[str, PersonalData], policy: Policy) -> Table:
    """Return the hits by split, column, kind and confidence, with masked examples."""
    rows: list[dict[str, Scalar | Message]] = []
    for split, evidence in by_split.items():
        for (column, kind, level), found in sorted(evidence.hits.items()):
            n = evidence.searched[column]
            low, high = clopper_pearson(found.rows, n, policy.confidence)
            rows.append(
                {
                    "split": split,
                    "column": column,
                    "kind": kind,
                    "confidence": level.value,
                    "rows": found.rows,
                    "hits": found.hits,
                    "rate": found.rows * PER / n,
                    "low": low * PER,
                    "high": high * PER,
                    "examples": ", ".join(dict.fromkeys(example.masked for example in found.examples)),
                }
            )
    return Table(
        name="personal_data",
        chapter="personal_data",
        caption=message("Personal data by split, column, kind and confidence"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="column", heading=message("Column")),
            Column(key="kind", heading=message("Kind")),
            Column(key="confidence", heading=message("Confidence")),
            Column(key="rows", heading=message("Rows"), format="count"),
            Column(key="hits", heading=message("Hits"), format="count"),
            Column(key="rate", heading=message("Rows per 1,000"), format="number"),
            *interval_columns(),
            Column(key="examples", heading=message("Masked examples")),
        ),
        rows=tuple(rows),
    )


def model_table(contents: ModelContents) -> Table:
    """Return the personal data in the model, by location."""
    rows: tuple[dict[str, Scalar | Message], ...] = tuple(
        {
            "location": item.location,
            "kind": item.kind,
            "confidence": item.confidence.value,
            "values": item.values,
            "rare": item.rare,
            "examples": ", ".join(item.masked),
        }
        for item in contents.hits
    )
    return Table(
        name="personal_data_in_model",
        chapter="personal_data",
        caption=message("Personal data in the fitted model, by location"),
        columns=(
            Column(key="location", heading=message("Location in the model")),
            Column(key="kind", heading=message("Kind")),
            Column(key="confidence", heading=message("Confidence")),
            Column(key="values", heading=message("Values"), format="count"),
            Column(key="rare", heading=message("Of these, in few training rows"), format="count"),
            Column(key="examples", heading=message("Masked examples")),
        ),
        rows=rows,
    )
