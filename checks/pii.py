"""Personal data: do the files or the model hold e-mail addresses, telephone numbers, or numbers that name a person?

What it measures
----------------
Every column of texts, of every split, is searched for contact details, payment and bank numbers, identity, tax and
health numbers of many countries, dates of birth, and keys and passwords: the kinds are listed in docs/personal-data.md.
Each distinct value is searched once, and rows are counted. Columns of numbers are searched where their name speaks of
a kind, such as `ssn`. A number counts by its form, by its checksum where it has one, and by the words around it: a
mobile number that stands behind "order" is no telephone number.

The fitted model is searched as well. A vectorizer cuts an e-mail address into words, so that a pattern would not find
it there; the values found in the training texts are therefore cut by the vectorizer's own rules, and their terms looked
up in its vocabulary. Categories, feature names and other texts that steps of the model keep are searched as texts.

Values of the training rows that return in other splits are counted by their keyed hashes.

Why it matters
--------------
What is in the training data can end up in the model, in its vocabulary, in logs and in reports. The law asks that no
more personal data is processed than the purpose needs, and that one knows where it is. A model that carries personal
data is personal data, and whoever ships it passes them on.

How to read it
--------------
A find is confirmed (a form that nothing else has, a checksum that hardly any random number passes, or a weaker one in
its context), likely (form and context fit), or suspected (form and context fit and the checksum does not: a mistyped
number is personal data too). All rows are counted, so that nothing is judged by chance; the interval of a rate says
what the rows tell of others like them.

Kinds that point to one person or open an account by themselves may stand in no row, confirmed or likely, and no value
of them that stands in few training rows may be read from the model, unless the spec sets another limit. Contact
details, dates of birth and the like are counted and shown; they are judged where the spec sets a limit: `max_count`
(rows), `max_rate` (rows per 1,000), by kind, or by column and kind (`"notes:email"`); `max_in_model` (values);
`max_overlap` (values of training rows in another split); `allow` (kinds that may stand, everywhere or in a column);
`confidence` (the lowest step that counts, for all kinds or by kind). Values known to be harmless stand in a list of
salted hashes that `data.harmless` names.

Examples are masked: only length and separators are shown, and nothing of the value can be recovered from them.

What to do
----------
Remove or mask these values at their source, train anew, and treat copies of the data as personal data until then.
Values that are known to be harmless go into the list of `data.harmless`, with a reason.

Where values can be read from the model, a vocabulary of terms that stand in at least ten rows is the cure
(`vectorizer_parameters = { min_df = 10 }`), or to mask the training texts.

Limits
------
Names, postal addresses and free descriptions of a person are not searched for; a clean result does not say that there
are none. Numbers written in words or broken over lines are not found. Columns of numbers whose name says nothing are
not searched. A form without a checksum can be something else: such counts are good, not exact. A vocabulary of hashed
terms cannot be searched, nor can numbers that a model keeps of its training rows. Values are compared between splits up
to 20,000 distinct ones a split, beyond that a uniform sample of them.

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

from pydantic import AfterValidator, Field

from llmops_audit.check import check
from llmops_audit.record import Finding, Severity, Table, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.check.inputs import Policy
    from llmops_audit.evidence.personal_data import PersonalData
    from llmops_audit.personal_data.model_scan import ModelContents

Split = Literal["train", "test", "live"]
Step = Literal["confirmed", "likely", "suspected"]


def _known(kind: str) -> str:
    from llmops_audit.personal_data import KINDS

    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known kinds are {', '.join(sorted(KINDS))}")
    return kind


def _placed(name: str) -> str:
    _known(name.rpartition(":")[2])
    return name


KindName = Annotated[str, AfterValidator(_known)]
PlacedKind = Annotated[str, AfterValidator(_placed)]
"""A kind, ``"email"``, or a kind in one column, ``"notes:email"``."""


@check(severity=Severity.HIGH, chance=False)
def pii(
    personal_data: Mapping[str, PersonalData],
    model_contents: ModelContents | None,
    policy: Policy,
    *,
    max_count: dict[PlacedKind, Annotated[int, Field(ge=0)]] | None = None,
    max_rate: dict[PlacedKind, Annotated[float, Field(ge=0, le=1000)]] | None = None,
    max_in_model: dict[KindName, Annotated[int, Field(ge=0)]] | None = None,
    max_overlap: Annotated[int, Field(ge=0)] | None = None,
    allow: tuple[PlacedKind, ...] = (),
    confidence: Step | dict[KindName, Step] = "likely",
    splits: tuple[Split, ...] = ("train", "test", "live"),
) -> Iterator[Finding | Table]:
    """Count the rows that hold each kind, look into the model, and compare with the limits."""
    from llmops_audit.analysis import personal_data_rules as rules

    limits = rules.Rules(
        dict(max_count or {}), dict(max_rate or {}), dict(max_in_model or {}), allow, confidence, policy
    )
    looked_at: dict[str, PersonalData] = {
        name: personal_data[name] for name in splits if name in personal_data and personal_data[name].rows
    }
    limits.refuse_unknown_columns(looked_at)
    for split, found in looked_at.items():
        yield from limits.of_split(split, found)
    if model_contents is not None:
        yield from limits.of_model(model_contents)
    yield from rules.of_overlap(looked_at, max_overlap, policy)
    if not looked_at:
        text = message("The splits hold no column of texts, or nothing in them.")
        yield Finding(metric="rows_with_personal_data", n=0, verdict=Verdict.NOT_APPLICABLE, message=text)
    yield rules.table(looked_at, policy)
    if model_contents is not None and model_contents.found:
        yield rules.model_table(model_contents)
