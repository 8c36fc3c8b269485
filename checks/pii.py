"""Personal data: do the files hold e-mail addresses, telephone numbers, or numbers that name a person?

What it measures
----------------
Every column of texts, of every split, is searched for e-mail addresses, telephone numbers, IP addresses, payment card
numbers, bank account numbers (IBAN), US social security numbers and Chinese resident identity numbers. Each distinct
value is searched once, and rows are counted. A number counts by its form, by its checksum where it has one, and by the
words around it: a mobile number that stands behind "order" is no telephone number.

Why it matters
--------------
What is in the training data can end up in the model, in its vocabulary, in logs and in reports. The law asks that no
more personal data is processed than the purpose needs, and that one knows where it is.

How to read it
--------------
All rows are counted, so that there is no uncertainty of sampling and no interval. Kinds that point to one person by
themselves (card, IBAN, social security and resident identity numbers) may stand in no row, unless the spec sets
another limit. E-mail addresses, telephone numbers and IP addresses are counted and shown; they are judged where the
spec sets a limit for them (`max_count`, in rows, or `max_rate`, in rows per 1,000).

Examples are masked: only length and separators are shown, and nothing of the value can be recovered from them.

Limits
------
Names, addresses, dates of birth and free descriptions of a person are not searched for; a clean result does not say
that there are none. Numbers written in words or broken over lines are not found. Columns of numbers that the
classifier uses as measurements are not searched. A form without a checksum can be something else: the counts of
telephone numbers are good, not exact.

References
----------
Regulation (EU) 2016/679 (GDPR), Article 5(1)(c), data minimisation. 个人信息保护法 (Personal Information Protection
Law of the PRC), Article 6, which limits collection to the smallest scope that the purpose needs.

ISO/IEC 7812-1 (card numbers, Luhn checksum), ISO 13616 (IBAN, modulo 97), GB 11643-1999 (resident identity number, ISO
7064 MOD 11-2), ITU-T E.164 numbering plans through the library phonenumbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from llmops_audit.check import check
from llmops_audit.model import Column, Finding, Message, Op, Requirement, Scalar, Severity, Table, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.evidence.personal_data import PersonalData
    from llmops_audit.task import Policy

Split = Literal["train", "test", "live"]
PER = 1000
"""Rows that a rate is counted in."""


def _known(kind: str) -> str:
    from llmops_audit.personal_data import KINDS

    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known kinds are {', '.join(sorted(KINDS))}")
    return kind


KindName = Annotated[str, AfterValidator(_known)]


@check(severity=Severity.HIGH, chance=False)
def pii(
    personal_data: Mapping[str, PersonalData],
    policy: Policy,
    *,
    max_count: dict[KindName, Annotated[int, Field(ge=0)]] | None = None,
    max_rate: dict[KindName, Annotated[float, Field(ge=0, le=PER)]] | None = None,
    splits: tuple[Split, ...] = ("train", "test", "live"),
) -> Iterator[Finding | Table]:
    """Count the rows that hold each kind, and compare them with the limits."""
    looked_at = [split for split in splits if split in personal_data and personal_data[split].rows]
    for split in looked_at:
        yield from _judge(split, personal_data[split], policy, dict(max_count or {}), dict(max_rate or {}))
    if not looked_at:
        text = message("The splits hold no column of texts, or nothing in them.")
        yield Finding(metric="rows_with_personal_data", n=0, verdict=Verdict.NOT_APPLICABLE, message=text)
    yield _table({split: personal_data[split] for split in looked_at})


def _judge(
    split: str, found: PersonalData, policy: Policy, max_count: dict[str, int], max_rate: dict[str, float]
) -> Iterator[Finding]:
    from llmops_audit.personal_data import KINDS
    from llmops_audit.verdicts import judged

    for name, kind in KINDS.items():
        rows = found.kinds.get(name, 0)
        limits: list[tuple[str, float, Requirement]] = []
        if name in max_count:
            limits.append(("rows_with_personal_data", rows, Requirement(op=Op.AT_MOST, limit=max_count[name])))
        if name in max_rate:
            rate = rows * PER / found.rows
            limits.append(("rate_of_personal_data", rate, Requirement(op=Op.AT_MOST, limit=max_rate[name])))
        if not limits and kind.identifying:
            none_at_all = Requirement(op=Op.AT_MOST, limit=0, source="default")
            limits.append(("rows_with_personal_data", rows, none_at_all))
        for metric, value, requirement in limits:
            yield judged(
                metric,
                value,
                requirement,
                policy,
                bounds=None,
                method="census",
                n=found.rows,
                scope={"split": split, "kind": name},
                severity=kind.severity,
            )


def _table(by_split: Mapping[str, PersonalData]) -> Table:
    rows: list[dict[str, Scalar | Message]] = []
    for split, evidence in by_split.items():
        for (column, kind), found in sorted(evidence.found.items()):
            rows.append(
                {
                    "split": split,
                    "column": column,
                    "kind": kind,
                    "rows": found.rows,
                    "hits": found.hits,
                    "rate": found.rows * PER / evidence.scanned[column],
                    "examples": ", ".join(dict.fromkeys(example.masked for example in found.examples)),
                }
            )
    return Table(
        name="personal_data",
        caption=message("Personal data by split, column and kind"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="column", heading=message("Column")),
            Column(key="kind", heading=message("Kind")),
            Column(key="rows", heading=message("Rows"), format="count"),
            Column(key="hits", heading=message("Hits"), format="count"),
            Column(key="rate", heading=message("Rows per 1,000"), format="number"),
            Column(key="examples", heading=message("Masked examples")),
        ),
        rows=tuple(rows),
    )
