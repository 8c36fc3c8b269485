"""Personal data: do the files or the model hold e-mail addresses, telephone numbers, or numbers that identify a person?

What it measures
----------------
Every column of text in every split is searched for contact details, payment and bank numbers, identity, tax and health
numbers of many countries, dates of birth, and keys and passwords; docs/personal-data.md lists the kinds. Each distinct
value is searched once, and rows are counted. A column of numbers is searched where its name mentions a kind, such as
`ssn`. A number counts by its form, by its checksum if it has one, and by the words around it: a mobile number after
"order" is not a telephone number.

The fitted model is searched as well. A vectorizer splits an e-mail address into words, so that no pattern would find it
there. Its own rules therefore split the values that were found in the training texts, and the terms are looked up in
its vocabulary. Categories, feature names and other texts that steps of the model keep are searched as texts.

Values of the training rows that occur again in another split are counted by their keyed hashes.

Why it matters
--------------
What is in the training data can end up in the model, in its vocabulary, in logs and in reports. The law demands that no
more personal data is processed than the purpose needs, and that its holder knows where it is. A model that contains
personal data is personal data itself, and whoever ships the model passes the data on.

How to read it
--------------
A hit is confirmed (a form that nothing else has, a checksum that hardly any random number passes, or a weaker checksum
in context), likely (form and context fit), or suspected (form and context fit, but the checksum is wrong: a mistyped
number is personal data too). All rows are counted, so chance plays no part in the verdict; the interval of a rate says
what to expect in other rows like these.

Kinds that identify one person or open an account by themselves are allowed in no row (confirmed or likely), and no such
value in few training rows may be readable from the model, unless the spec sets another limit.

Contact details, dates of birth and the like are found where the spec neither limits nor allows them: amber, on the
first screen with rows and kinds, reported, and no bar to approval. Where the spec names a framework of data protection
(`frameworks = ["gdpr"]`, `"china-pipl"`, `"ccpa-admt"`), somebody has to look at them: the check is inconclusive.
Suspected hits are described.

Limits: `max_rows` (rows) and `max_rate` (rows per 1,000), by kind, or by column and kind (`"notes:email"`);
`max_in_model` (values in the model), by kind; `max_overlap` (values of training rows in another split). A row counts
once, however many of its cells hold the kind. `confidence` is the lowest confidence that counts, for all kinds or by
kind.

`allow = { phone = "senders' numbers are part of the texts" }` names kinds that may occur, everywhere or in one column
(`"notes:phone"`), each with its reason, which the report shows. `allow_columns` does the same for all kinds in a
column; what the model holds of it is judged all the same. `data.allow_list` names a file with salted hashes of values
that may occur.

The search is wrong now and then. Of 254,529 texts in which no personal data was expected it flagged 12, which is 4.7 in
100,000 (at most 8.2): 7 as telephone numbers, 4 as e-mail addresses, 1 as a date of birth, and none as a kind that
identifies a person. When somebody looked, 11 of them were personal data after all (docs/personal-data.md). Each finding
shows the figure of its kind.

Examples are masked: only length and separators are shown, and nothing of the value can be recovered from them.

A column of images, other bytes that are no text, durations or the like cannot be searched. It is listed as not
searched, and somebody has to look at it: the check is inconclusive, unless `skip` names the column. What can be read
of a column that `skip` names is searched all the same.

What to do
----------
Remove or mask these values at their source, train again, and treat copies of the data as personal data until then. Say
of kinds that may occur why they may (`allow`), and put single values that may occur on the list of `data.allow_list`.

If values can be read from the model, limit its vocabulary to terms in at least ten rows
(`vectorizer_parameters = { min_df = 10 }`), or mask the training texts.

Limits
------
Names, postal addresses and descriptions of a person are not searched for: a clean result does not rule them out.
Numbers in words or across line breaks are not found. A column of numbers is not searched unless its name mentions a
kind. A form without a checksum can be something else: its counts are estimates. A vocabulary of hashed terms cannot be
searched, nor can numbers that a model keeps of its training rows. Up to 20,000 distinct values of each split are
compared with other splits; beyond that, a uniform sample of them.

References
----------
Regulation (EU) 2016/679 (GDPR), Article 5(1)(c), data minimisation, Article 25, data protection by design, Article 32,
security of processing, and Article 35, impact assessment. California Consumer Privacy Act, Civil Code section
1798.100(c), collection that is reasonably necessary and proportionate. 个人信息保护法 (Personal Information Protection
Law of the PRC), Article 6, the smallest scope that the purpose needs, Article 28, sensitive personal information, and
Article 55, impact assessment.

ISO/IEC 7812-1 (card numbers, Luhn checksum), ISO 13616 (IBAN, modulo 97), GB 11643-1999 (resident identity number, ISO
7064 MOD 11-2), GB 32100-2015 (unified social credit identifier), ITU-T E.164 numbering plans through the library
phonenumbers, checksums of national numbers through the library python-stdnum. Carlini et al. (2019), The Secret Sharer,
on what models keep of rare training rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from llmops_audit.check import check
from llmops_audit.record import Finding, Severity, Table, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.analysis.personal_data_rules import ModelContents
    from llmops_audit.check.inputs import Policy
    from llmops_audit.evidence.personal_data import PersonalData

Split = Literal["train", "test", "live"]
Confidence = Literal["confirmed", "likely", "suspected"]


def _known(kind: str) -> str:
    from llmops_audit.analysis.personal_data_rules import KINDS

    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known kinds are {', '.join(sorted(KINDS))}")
    return kind


def _in_column(name: str) -> str:
    _known(name.rpartition(":")[2])
    return name


KindName = Annotated[str, AfterValidator(_known)]
KindInColumn = Annotated[str, AfterValidator(_in_column)]
"""A kind, ``"email"``, or a kind in one column, ``"notes:email"``."""
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""Why something may occur; the report shows it."""


@check(severity=Severity.HIGH, words="llmops_audit.analysis.personal_data_words:WORDS")
def pii(
    personal_data: Mapping[str, PersonalData],
    model_contents: ModelContents | None,
    policy: Policy,
    data_protection: tuple[str, ...],
    *,
    max_rows: dict[KindInColumn, Annotated[int, Field(ge=0)]] | None = None,
    max_rate: dict[KindInColumn, Annotated[float, Field(ge=0, le=1000)]] | None = None,
    max_in_model: dict[KindName, Annotated[int, Field(ge=0)]] | None = None,
    max_overlap: Annotated[int, Field(ge=0)] | None = None,
    allow: dict[KindInColumn, Reason] | None = None,
    allow_columns: dict[str, Reason] | None = None,
    confidence: Confidence | dict[KindName, Confidence] = "likely",
    splits: tuple[Split, ...] = ("train", "test", "live"),
    skip: tuple[str, ...] = (),
) -> Iterator[Finding | Table]:
    """Count the rows that hold each kind, search the model, and compare the counts with the limits."""
    from llmops_audit.analysis import personal_data_rules as rules
    from llmops_audit.analysis import personal_data_tables as tables
    from llmops_audit.analysis import unsearched

    unsearched.refuse_unknown(skip, personal_data)
    limits = rules.Limits(
        rows=max_rows or {},
        rates=max_rate or {},
        in_model=max_in_model or {},
        allow=allow or {},
        allow_columns=allow_columns or {},
        confidence=confidence,
        data_protection=data_protection,
        policy=policy,
    )
    named: dict[str, PersonalData] = {name: personal_data[name] for name in splits if name in personal_data}
    searched = {name: found for name, found in named.items() if found.rows}
    limits.refuse_contradictions(searched)
    for split, found in searched.items():
        yield from limits.judge_split(split, found)
    if model_contents is not None:
        yield from limits.judge_model(model_contents)
    yield from rules.judge_overlap(searched, max_overlap, policy)
    yield from unsearched.judge_unsearched(named, skip)
    if not searched:
        text = message("The splits hold no text that could be searched.")
        yield Finding(metric="personal_data_rows", n=0, verdict=Verdict.NOT_APPLICABLE, message=text)
    yield tables.table(searched, policy)
    if (unread := unsearched.table(named, skip)) is not None:
        yield unread
    if model_contents is not None and model_contents.hits:
        yield tables.model_table(model_contents)
