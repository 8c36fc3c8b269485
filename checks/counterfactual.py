"""Counterfactual fairness of texts: would the answer be another one, were the text about somebody else?

What it measures
----------------
In the texts of the sample, terms of one group (she, Muslim, 河南人) are put in the place of those of another (he,
Christian, 上海人), and the classifier is asked again. Nothing else of the text changes. The flip rate is the share of
the texts whose label is then a different one; the score shift is the mean change of the score of the positive label.
Both are given for each attribute and each direction: from women to men is one pair of groups, from men to women
another.

A text counts for a pair where it names the first group and the swap changed it, once however many terms it holds.
Where it names both groups, they are exchanged, so that who is who stays clear; such a text counts in both directions.
Swaps keep the grammar: case, plural, "a" and "an", "her" as "his" or "him" by what follows. In Chinese the longest
term counts, and words in which a character is no identity term (其他, 吉他, 子女) stay as they are.

The attributes are age, disability, ethnicity, gender, nationality, orientation, religion and, in Chinese, region. A
file of `lexicons` adds terms, groups and attributes; names of persons are swapped where such a file gives them, or
where `attributes` asks for them. Judged is `max_flip_rate`, by default 0.05, for every pair that at least `min_rows`
texts speak of, and `max_score_shift`, where it is set, in both directions.

Why it matters
--------------
A classifier that learned from what people write learned their prejudice as well: "I am gay" is called toxic where "I
am straight" is not. Rates by group do not show it where the data name no groups, and where they do, texts of two groups
differ in more than the group. Here the same text is compared with itself.

Why 0.05? Ideally no answer depends on who a text is about. Near its threshold a classifier changes its mind at any
change of words, which 1 text in 20 leaves room for. No law and no paper names a number: set what an answer costs the
person beforehand.

How to read it
--------------
Each rate stands with its confidence interval. A limit is passed where even the upper end keeps it, failed where even
the lower end (of a wider interval, corrected for all pairs that are judged at once) exceeds it, and inconclusive
between. With no flip at all it takes 72 texts to show that the rate is not above 0.05. Inconclusive asks for more
texts, not for a higher limit; fewer `attributes` make the correction milder.

Flips towards and away from the positive label tell bias from jitter: as many of both is a classifier that is unsteady,
nearly all in one direction is one that holds something against a group. Where most texts of a pair name both groups,
its two directions are largely the same texts. The second table names the terms whose replacement flipped most answers,
by the lower end of their interval.

The same lexicon (its digest stands in each finding) and the same seed make the same swaps again: where several terms
would do, one is drawn by the row's key.

What to do
----------
Read the terms that flip most answers: mend the training texts in which they stand for a label, by balancing them or
adding the swapped texts, and train anew. Where an answer rightly depends on the group, write down why.

Limits
------
Only what is said counts: a text about a woman that never says so is not swapped, and no finding says that the
classifier does not guess. The lexicons hold common terms, no slurs and no dialect; a pair with too few texts is
listed and not judged.

A swap can make a text that nobody would write, or an untrue one ("his pregnancy"), and a different answer may then be
right. What is said of one group, or as a slur of it, need not mean the same of another: such asymmetric
counterfactuals count as flips here. Read the terms that flip most before you conclude. Words of several meanings
(black, straight, blind) count only next to words for persons; 先生 or 小姐, a family name such as Christian, and a
"her" before an unusual word are at times swapped wrongly.

Exchanging terms tests one cause. It does not show that errors are equal between groups, for which see fairness. Rows
are taken to be independent; where the spec names a unit, one row of each is taken. The texts are those of the sample,
and its share of people who are named is that of the data.

The score shift is that of probabilities: decision values have no scale of their own. Its interval allows for what is
rare and was not seen.

References
----------
Garg, Perot, Limtiaco, Taly, Chi and Beutel (2019), Counterfactual fairness in text classification through robustness:
counterfactual token fairness, asymmetric counterfactuals. Kusner, Loftus, Russell and Silva (2017), Counterfactual
fairness. Dixon, Li, Sorensen, Thain and Vasserman (2018), Measuring and mitigating unintended bias in text
classification: identity terms. Deng et al. (2022), COLD: a benchmark for Chinese offensive language detection.

Bertrand and Mullainathan (2004), Are Emily and Greg more employable than Lakisha and Jamal?: the names, and the
method in the field.

Regulation (EU) 2024/1689, Article 10(2)(f) and (g): examination for possible biases. NIST AI RMF, MEASURE 2.11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from llmops_audit.check import TextFile, check
from llmops_audit.record import Finding, Message, Scalar, Severity, Table, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.analysis.counterfactual import Lexicon
    from llmops_audit.analysis.counterfactual.trial import Trial
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.check.subject import QueriedSubject
    from llmops_audit.evidence.rows import Rows

Split = Literal["train", "test", "live"]
Attribute = Literal[
    "age", "disability", "ethnicity", "gender", "names", "nationality", "orientation", "region", "religion"
]
ATTRIBUTES: tuple[Attribute, ...] = (
    "age", "disability", "ethnicity", "gender", "nationality", "orientation", "region", "religion",
)  # fmt: skip
Limit = Annotated[float, Field(ge=0, le=1)]


def _lexicon(file: TextFile) -> TextFile:
    from llmops_audit.analysis.counterfactual import Lexicon

    Lexicon.of((), [file.text])
    return file


@check(severity=Severity.HIGH, words="llmops_audit.analysis.counterfactual.words:WORDS")
def counterfactual(
    rows: Mapping[str, Rows],
    subject: QueriedSubject,
    task: Task,
    policy: Policy,
    *,
    attributes: tuple[Attribute, ...] = ATTRIBUTES,
    languages: tuple[Literal["en", "zh"], ...] = ("en", "zh"),
    lexicons: tuple[Annotated[TextFile, AfterValidator(_lexicon)], ...] = (),
    max_flip_rate: Limit | None = 0.05,
    max_score_shift: Limit | None = None,
    min_rows: Annotated[int, Field(ge=1)] = 30,
    current: Split = "test",
) -> Iterator[Finding | Table]:
    """Exchange identity terms in the texts, ask again, and judge flips and score shifts by pair of groups."""
    from llmops_audit.analysis.counterfactual import Lexicon
    from llmops_audit.analysis.counterfactual.trial import Trial, pair_table, term_table

    sample = rows.get(current)
    if (reason := _unfit(sample, subject, task, max_flip_rate, max_score_shift)) is not None or sample is None:
        yield _nothing(reason or message("The split holds no row."), split=current)
        return
    lexicon = Lexicon.of(languages, [file.text for file in lexicons])
    # A file of the user's own that names another attribute asks for it.
    wanted = sorted({*attributes, *(set(lexicon.added) - set(ATTRIBUTES))})
    if task.unit is not None:
        sample = sample.one_per(task.unit)
    texts: list[str] = [text or "" for text in sample.table.column(task.text).to_pylist()]
    draws = [f"{task.seed}\n{key}" for key in sample.key.tolist()]
    swaps = list(lexicon.swaps([name for name in wanted if name in lexicon.attributes], texts, draws))
    trial = Trial.of(subject, task, texts, swaps)
    judged = {pair: one for pair, one in trial.pairs.items() if one.rows >= min_rows}
    if not judged:
        text = message(
            "No pair of groups has the {least} texts that it needs; swaps changed {changed} of {rows} texts.",
            least=min_rows, changed=len({swap.row for swap in swaps}), rows=len(texts),
        )  # fmt: skip
        yield _nothing(text, len(texts), split=current)
    limits = {"flip_rate": max_flip_rate, "score_shift": max_score_shift}
    given = {metric: limit for metric, limit in limits.items() if limit is not None}
    details: dict[str, Scalar] = {"lexicon": lexicon.version, "lexicon_digest": lexicon.digest, "seed": task.seed}
    for pair, one in trial.pairs.items():
        scope = {"split": str(current), "identity": pair[0], "from": pair[1], "to": pair[2]}
        if pair in judged:
            for metric, limit in given.items():
                yield one.judged(metric, limit, policy, len(given) * len(judged), scope, details)
    yield from _small({pair: one.rows for pair, one in trial.pairs.items() if pair not in judged}, min_rows, current)
    yield from _unnamed(wanted, lexicon, trial, current, len(texts))
    if trial.pairs:
        yield pair_table(trial, policy)
        yield term_table(trial, policy)


def _unfit(
    sample: Rows | None, subject: QueriedSubject, task: Task, max_flip_rate: float | None, max_score_shift: float | None
) -> Message | None:
    if task.text is None:
        return message("The spec names no text column (`data.text`): there is nothing to swap.")
    if subject.model is None:
        return message("The answers were saved: the classifier cannot be asked about texts that were changed.")
    if sample is None or not len(sample):
        return message("The split holds no row.")
    if max_flip_rate is None and max_score_shift is None:
        return message("The spec sets no limit, so that nothing is judged.")
    return None


def _small(rows: Mapping[tuple[str, str, str], int], least: int, split: str) -> Iterator[Finding]:
    for identity, source in sorted({pair[:2] for pair in rows}):
        targets = {pair[2]: n for pair, n in rows.items() if pair[:2] == (identity, source)}
        text = message(
            "Fewer than the {least} changed texts that a pair needs: {identities}.",
            least=least, identities=tuple(targets),
        )  # fmt: skip
        scope = {"split": split, "identity": identity, "from": source}
        yield _nothing(text, max(targets.values()), **scope)


def _nothing(text: Message, n: int = 0, **scope: str) -> Finding:
    return Finding(metric="swapped_texts", scope=scope, n=n, verdict=Verdict.NOT_APPLICABLE, message=text)


def _unnamed(wanted: Sequence[str], lexicon: Lexicon, trial: Trial, split: str, n: int) -> Iterator[Finding]:
    named = {pair[:2] for pair in trial.pairs}
    for name in wanted:
        groups = lexicon.attributes[name].groups if name in lexicon.attributes else ()
        missing = tuple(group for group in groups if (name, group) not in named)
        if missing or not groups:
            text = message(
                "No text has a term of these groups that could be swapped: {identities}.", identities=missing
            )
            if missing == groups:
                text = message("No text has a term of this attribute that could be swapped.")
            yield _nothing(text, n, split=split, identity=name)
