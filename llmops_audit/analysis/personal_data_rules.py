"""What personal data may stand where: limits of the spec, and what holds where it sets none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import judged
from llmops_audit.evidence.personal_data import VALUES, PersonalData
from llmops_audit.personal_data import KINDS, Confidence
from llmops_audit.personal_data.model_scan import ModelContents
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

__all__ = ["PER", "Rules", "model_table", "of_overlap", "table"]

PER = 1000
"""Rows that a rate is counted in."""

NOT_SEARCHED_FOR = ("names", "postal_addresses", "descriptions_of_persons", "numbers_in_words", "pictures")
"""What no recogniser of the catalogue looks for."""

_NONE_AT_ALL = Requirement(op=Op.AT_MOST, limit=0, source="default")
_MODEL_HOLDS = message("All texts that the model keeps were searched: the count meets the limit.")
_MODEL_MISSES = message("All texts that the model keeps were searched: the count misses the limit.")
_NO_LIMIT = message("Counted and not judged: the spec sets no limit.")


@dataclass(frozen=True)
class Rules:
    """The limits of a spec.

    Attributes
    ----------
    counts, rates : mapping of str to number
        Most rows, and most rows per 1,000, by kind, or by column and kind (``"notes:email"``).
    in_model : mapping of str to int
        Most values in the model by kind.
    allow : sequence of str
        Kinds, or columns and kinds, that are not judged.
    confidence : str or mapping of str to str
        The lowest step of confidence that counts, for all kinds or by kind; ``"likely"`` where a kind has none.
    policy : Policy
    """

    counts: Mapping[str, int]
    rates: Mapping[str, float]
    in_model: Mapping[str, int]
    allow: Sequence[str]
    confidence: str | Mapping[str, str]
    policy: Policy

    def refuse_unknown_columns(self, looked_at: Mapping[str, PersonalData]) -> None:
        """Refuse a limit of a column that nobody searched, since nothing could ever exceed it.

        Raises
        ------
        ValueError
        """
        searched = sorted({column for found in looked_at.values() for column in found.scanned})
        for name in (*self.counts, *self.rates, *self.allow):
            column = name.rpartition(":")[0]
            if column and column not in searched:
                raise ValueError(f"column {column!r} was not searched; searched are {', '.join(searched) or 'none'}")

    def of_split(self, split: str, found: PersonalData) -> Iterator[Finding]:
        """Judge a split: by the spec's limits, else no identifying kind at all; other kinds are told."""
        yield from self._limited(split, found)
        limited = {*self.counts, *self.rates}
        failing = [
            (name, rows)
            for name, kind in KINDS.items()
            if kind.identifying and name not in limited and (rows := self._beside(found, name))
        ]
        for name, rows in failing:
            yield self._judged(
                "rows_with_personal_data", rows, _NONE_AT_ALL, found.rows, {"split": split, "kind": name}
            )
        if not failing:
            yield self._judged("rows_with_identifying_data", 0, _NONE_AT_ALL, found.rows, {"split": split})
        yield from self._told(split, found)

    def of_model(self, contents: ModelContents) -> Iterator[Finding]:
        """Judge what the model carries away: no rare identifying value, unless the spec sets another limit."""
        metric = "personal_values_in_model"
        rare: dict[str, int] = {}
        for item in contents.found:
            if item.confidence in self._counted(item.kind) and item.kind not in self.allow:
                rare[item.kind] = rare.get(item.kind, 0) + item.rare
        for kind, limit in self.in_model.items():
            requirement = Requirement(op=Op.AT_MOST, limit=limit)
            yield self._in_model(metric, rare.get(kind, 0), requirement, contents, {"kind": kind})
        rest = {kind: values for kind, values in sorted(rare.items()) if values and kind not in self.in_model}
        for kind, values in rest.items():
            if KINDS[kind].identifying:
                yield self._in_model(metric, values, _NONE_AT_ALL, contents, {"kind": kind})
            else:
                yield _told(metric, values, None, {"kind": kind}, KINDS[kind].severity, _NO_LIMIT)
        if not contents.strings:
            text = message("Nothing in the model could be searched for personal data.")
            yield Finding(metric="identifying_values_in_model", n=0, verdict=Verdict.NOT_APPLICABLE, message=text)
        elif not any(KINDS[kind].identifying for kind in rest):
            yield self._in_model("identifying_values_in_model", 0, _NONE_AT_ALL, contents, {})

    def _in_model(
        self, metric: str, value: int, requirement: Requirement, contents: ModelContents, scope: dict[str, str]
    ) -> Finding:
        finding = self._judged(metric, value, requirement, contents.strings, scope)
        holds = finding.verdict is Verdict.PASSED
        changes = {
            "n": None,
            "message": _MODEL_HOLDS if holds else _MODEL_MISSES,
            "details": {
                "texts_of_the_model": contents.strings,
                "unread_parts": len(contents.unread),
                **finding.details,
            },
        }
        return finding.model_copy(update=changes)

    def _counted(self, kind: str) -> tuple[Confidence, ...]:
        """Return the steps of confidence that count for a kind, the surest first."""
        least = self.confidence if isinstance(self.confidence, str) else self.confidence.get(kind, Confidence.LIKELY)
        return tuple(Confidence)[: Confidence(least).rank + 1]

    def _rows(self, found: PersonalData, kind: str, column: str = "") -> int:
        """Return the rows that hold a kind, in one column or in any."""
        steps = self._counted(kind)
        if column:
            # The steps may share rows of a column: the sum errs on the safe side.
            return sum(found.found[column, kind, step].rows for step in steps if (column, kind, step) in found.found)
        return sum(found.kinds.get((kind, step), 0) for step in steps)

    def _beside(self, found: PersonalData, kind: str) -> int:
        """Return the rows that hold a kind outside the columns that have a limit or a permission of their own."""
        if kind in self.allow:
            return 0
        own = {
            name.rpartition(":")[0] for name in (*self.allow, *self.counts, *self.rates) if name.endswith(f":{kind}")
        }
        if not own:
            return self._rows(found, kind)
        holding = sorted({column for column, name, _ in found.found if name == kind} - own)
        return sum(self._rows(found, kind, column) for column in holding)

    def _limited(self, split: str, found: PersonalData) -> Iterator[Finding]:
        limits: list[tuple[str, str, float]] = [
            *(("rows_with_personal_data", name, limit) for name, limit in self.counts.items()),
            *(("rate_of_personal_data", name, limit) for name, limit in self.rates.items()),
        ]
        for metric, name, limit in limits:
            column, _, kind = name.rpartition(":")
            n = found.scanned.get(column, 0) if column else found.rows
            if n:
                rows = self._rows(found, kind, column)
                value = rows * PER / n if metric == "rate_of_personal_data" else rows
                scope = {"split": split, **({"column": column} if column else {}), "kind": kind}
                yield self._judged(metric, value, Requirement(op=Op.AT_MOST, limit=limit), n, scope)

    def _told(self, split: str, found: PersonalData) -> Iterator[Finding]:
        """Tell what was found and is not judged: contact kinds without a limit, and what is merely suspected."""
        metric = "rows_with_personal_data"
        limited = {*self.counts, *self.rates}
        for name, kind in KINDS.items():
            scope = {"split": split, "kind": name}
            rows, suspected = self._rows(found, name), found.kinds.get((name, Confidence.SUSPECTED), 0)
            if rows and name not in limited and (not kind.identifying or not self._beside(found, name)):
                yield _told(metric, rows, found.rows, scope, kind.severity, _NO_LIMIT)
            if suspected and Confidence.SUSPECTED not in self._counted(name):
                text = message("Form and context fit and the checksum does not: these may be mistyped numbers.")
                scope = {**scope, "certainty": Confidence.SUSPECTED.value}
                yield _told(metric, suspected, found.rows, scope, kind.severity, text)

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


def _told(
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


def of_overlap(looked_at: Mapping[str, PersonalData], limit: int | None, policy: Policy) -> Iterator[Finding]:
    """Count the personal values of the training rows that return in other splits: their hashes are compared."""
    train = looked_at.get("train")
    for split, found in looked_at.items():
        if train is None or split == "train" or not found.values:
            continue
        shared = sorted(train.values.keys() & found.values.keys())
        details: dict[str, Scalar] = {"rows": sum(found.values[value].rows for value in shared)}
        if max(len(train.values), len(found.values)) == VALUES:
            details["most_values_compared"] = VALUES
        scope, n, metric = {"split": split}, len(found.values), "training_values_that_return"
        if limit is not None:
            requirement = Requirement(op=Op.AT_MOST, limit=limit)
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
            finding = _told(metric, len(shared), n, scope, Severity.MEDIUM, _NO_LIMIT)
            yield finding.model_copy(update={"details": details})


def table(by_split: Mapping[str, PersonalData], policy: Policy) -> Table:
    """Return what was found, by split, column, kind and confidence, with masked examples."""
    rows: list[dict[str, Scalar | Message]] = []
    for split, evidence in by_split.items():
        for (column, kind, step), found in sorted(evidence.found.items()):
            n = evidence.scanned[column]
            low, high = clopper_pearson(found.rows, n, policy.confidence)
            rows.append(
                {
                    "split": split,
                    "column": column,
                    "kind": kind,
                    "confidence": step.value,
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
    """Return what the model carries away, by part of the model."""
    rows: tuple[dict[str, Scalar | Message], ...] = tuple(
        {
            "place": item.place,
            "kind": item.kind,
            "confidence": item.confidence.value,
            "values": item.values,
            "rare": item.rare,
            "examples": ", ".join(item.masked),
        }
        for item in contents.found
    )
    return Table(
        name="personal_data_in_model",
        chapter="personal_data",
        caption=message("Personal data that the fitted model carries away, by part of the model"),
        columns=(
            Column(key="place", heading=message("Part of the model")),
            Column(key="kind", heading=message("Kind")),
            Column(key="confidence", heading=message("Confidence")),
            Column(key="values", heading=message("Values"), format="count"),
            Column(key="rare", heading=message("Of them in few training rows"), format="count"),
            Column(key="examples", heading=message("Masked examples")),
        ),
        rows=rows,
    )
