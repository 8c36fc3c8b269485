"""Counterfactual fairness of texts: would the prediction change if the text were about somebody else?

What it measures
----------------
In the texts of the sample, terms of one group (she, Muslim, 河南人) are replaced by those of another (he,
Christian, 上海人), and the classifier predicts the changed texts. Nothing else in a text changes. The flip rate is
the share of texts whose predicted label changes; the score shift is the mean change in the score of the
positive label. Both are given for each attribute and direction: from women to men is one pair of groups, from
men to women another.

A text counts for a pair where it mentions the first group and the swap changed it; it counts once, however many
terms it contains. Where it mentions both groups, their terms are exchanged, so that it stays clear who is who;
such a text counts in both directions. Swaps keep the grammar: case, plural, "a" and "an", and "her" as "his" or
"him" depending on what follows. In Chinese the longest term counts, and words that merely contain the character
of a term (其他, 吉他, 子女) stay as they are.

The attributes are age, disability, ethnicity, gender, nationality, orientation, religion and, in Chinese, region. Files
in `lexicons` add terms, groups and attributes. Names of persons are swapped only where such a file lists them or
`attributes` includes them.

Each attribute is one requirement: the flip rate of each of its pairs is at most `max_flip_rate`, by default 0.05; and,
if set, the score shift at most `max_score_shift`, in both directions. The worst pair decides.

Names and set phrases are left as they are: the Christian Science Monitor is about no Christian, American Indians are no
nationality, and 小黑人 is a name. A file in `lexicons` adds its own, as `set_phrases = ["Women of Steel"]`; it may hold
nothing else but `language = "en"` (or `"zh"`) and `version`. Its table `protected` does the same for one attribute.

Why it matters
--------------
A classifier that learns from what people write also learns their prejudices: "I am gay" is called toxic where "I am
straight" is not. Rates by group cannot show this where the data name no groups; where they do, the texts of two groups
differ in more than the group. Here each text is compared with itself.

Why 0.05? Ideally no prediction depends on whom a text is about. Near its threshold, though, a classifier changes its
prediction with any change of words; 1 text in 20 leaves room for that. No law and no paper names a number: set the
limit beforehand, by what a wrong prediction costs the person.

How to read it
--------------
Each rate comes with its exact confidence interval (Clopper-Pearson). An attribute passes where the whole interval of
every pair meets the limit. It fails where the interval of a pair lies entirely beyond it, corrected for the number of
its pairs and for the requirements of the whole audit, and is inconclusive otherwise: then add texts; do not raise the
limit.

Even without a single flip, it takes 72 texts to show that the rate is at most 0.05. Pairs with fewer texts are listed
and leave no doubt, unless their whole interval lies beyond the limit, or no pair of the attribute has more. Pairs with
fewer than `min_rows` texts never fail an attribute. Where no pair has `min_rows` texts, the attribute is not judged.

The direction of the flips separates bias from noise: as many flips towards the positive label as away from it suggest
an unstable classifier; flips nearly all in one direction suggest a bias for or against a group. Where most texts of a
pair mention both groups, its two directions rest largely on the same texts. The second table lists the terms whose
replacement flipped the most predictions, by the lower end of their interval.

The same lexicon (each finding contains its digest) and the same seed make the same swaps again: where several terms
fit, the row's key picks one.

What to do
----------
Read the terms that flip most predictions. Correct the training texts in which they stand for a label: balance them, or
add the swapped texts, and retrain. Where a prediction rightly depends on the group, document why.

Limits
------
Only what a text says counts: a text about a woman that never says so is not swapped, and no finding shows that the
classifier does not guess it. The lexicons contain common terms and set phrases, no slurs and no dialect.

A swap can create a text that nobody would write, or an untrue one ("his pregnancy"); a different prediction may
then be right. A statement about one group, or a slur, need not mean the same when it is about another: such
asymmetric counterfactuals count as flips here. Read the terms that flip most before you conclude. Ambiguous
words (black, straight, blind) count only next to words for persons; 先生 or 小姐, a family name such as Christian,
and "her" before an unusual word are sometimes swapped wrongly.

Swapping terms tests one cause. It does not show that errors are equal between groups; see the fairness check for that.
Rows are assumed to be independent; where the spec names a unit (`data.unit`), one row of each unit is used. The texts
are those of the sample, so they mention people as often as the data do.

The score shift is computed for probabilities only, because decision values have no common scale. Its interval allows
for rare changes that were not observed.

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
    from llmops_audit.analysis.counterfactual.swap_judgement import SwapMetric
    from llmops_audit.analysis.counterfactual.swap_results import SwapResults
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.check.subject import QueriedSubject
    from llmops_audit.evidence.rows import Rows

Split = Literal["train", "test", "live"]
AttributeName = Literal[
    "age", "disability", "ethnicity", "gender", "names", "nationality", "orientation", "region", "religion"
]
ATTRIBUTES: tuple[AttributeName, ...] = (
    "age", "disability", "ethnicity", "gender", "nationality", "orientation", "region", "religion",
)  # fmt: skip
Share = Annotated[float, Field(ge=0, le=1)]


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
    attributes: tuple[AttributeName, ...] = ATTRIBUTES,
    languages: tuple[Literal["en", "zh"], ...] = ("en", "zh"),
    lexicons: tuple[Annotated[TextFile, AfterValidator(_lexicon)], ...] = (),
    max_flip_rate: Share | None = 0.05,
    max_score_shift: Share | None = None,
    min_rows: Annotated[int, Field(ge=1)] = 30,
    current: Split = "test",
) -> Iterator[Finding | Table]:
    """Swap identity terms in the texts, predict them again, and judge flips and score shifts by pair of groups."""
    from llmops_audit.analysis.counterfactual import Lexicon
    from llmops_audit.analysis.counterfactual.swap_judgement import judge, too_few
    from llmops_audit.analysis.counterfactual.swap_results import SwapResults, pair_table, term_table

    sample = rows.get(current)
    if (reason := _unfit(sample, subject, task, max_flip_rate, max_score_shift)) is not None or sample is None:
        yield _nothing(reason or message("The split has no rows."), split=current)
        return
    lexicon = Lexicon.of(languages, [file.text for file in lexicons])
    # An attribute that only the user's own file defines is always included.
    names = sorted({*attributes, *(set(lexicon.added) - set(ATTRIBUTES))})
    if task.unit is not None and task.unit in sample.table.column_names:
        sample = sample.one_per(task.unit)
    texts: list[str] = [text or "" for text in sample.table.column(task.text).to_pylist()] if len(sample) else []
    draws = [f"{task.seed}\n{key}" for key in sample.key.tolist()]
    known = [name for name in names if name in lexicon.attributes]
    swaps = list(lexicon.swaps(known, texts, draws))
    results = SwapResults.of(subject, task, texts, swaps)
    if not any(pair.rows >= min_rows for pair in results.pairs.values()):
        text = message(
            "No pair of groups has at least {min_rows} texts; swaps changed {changed} of {rows} texts.",
            min_rows=min_rows, changed=len({swap.row for swap in swaps}), rows=len(texts),
        )  # fmt: skip
        yield _nothing(text, len(texts), split=current)
    details: dict[str, Scalar] = {"lexicon": lexicon.version, "lexicon_digest": lexicon.digest, "seed": task.seed}
    by_attribute = results.by_attribute()
    limits: dict[SwapMetric, float | None] = {"flip_rate": max_flip_rate, "score_shift": max_score_shift}
    # Each attribute is a requirement, whether texts mention it or not: their number must not rest on the texts.
    for identity in known:
        pairs, scope = by_attribute.get(identity, {}), {"split": str(current), "identity": identity}
        for metric, limit in limits.items():
            if limit is not None:
                yield judge(metric, limit, pairs, min_rows, policy, scope, details)
        if (few := too_few(pairs, min_rows, max_flip_rate, policy)) is not None:
            yield _nothing(few[0], few[1], "small_pairs", **scope)
    yield from _unmentioned(names, lexicon, results, current, len(texts))
    if results.pairs:
        yield pair_table(results, policy)
        yield term_table(results, policy)


def _unfit(
    sample: Rows | None, subject: QueriedSubject, task: Task, max_flip_rate: float | None, max_score_shift: float | None
) -> Message | None:
    if task.text is None:
        return message("The spec names no text column (`data.text`): there is nothing to swap.")
    if subject.model is None:
        return message("The predictions were saved: there is no classifier to predict changed texts.")
    if sample is None:
        return message("The split has no rows.")
    if max_flip_rate is None and max_score_shift is None:
        return message("The spec sets no limit: nothing is judged.")
    return None


def _nothing(text: Message, n: int = 0, metric: str = "swapped_texts", **scope: str) -> Finding:
    return Finding(metric=metric, scope=scope, n=n, verdict=Verdict.NOT_APPLICABLE, message=text)


def _unmentioned(names: Sequence[str], lexicon: Lexicon, results: SwapResults, split: str, n: int) -> Iterator[Finding]:
    mentioned = {pair[:2] for pair in results.pairs}
    for name in names:
        groups = lexicon.attributes[name].groups if name in lexicon.attributes else ()
        missing = tuple(group for group in groups if (name, group) not in mentioned)
        if not groups:
            text = message("No text has a term of this attribute that could be swapped.")
            yield _nothing(text, n, split=split, identity=name)
        elif missing and missing != groups:
            text = message(
                "No text has a term of these groups that could be swapped: {identities}.", identities=missing
            )
            yield _nothing(text, n, split=split, identity=name)
