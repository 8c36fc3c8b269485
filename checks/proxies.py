"""Proxies: do the classifier's inputs reveal a person's group?

What it measures
----------------
For each sensitive attribute (`data.groups`), separate models try to identify the members of a group from the inputs of
the classifier under audit: its features, or its text. Their success is measured by the area under the ROC curve (ROC
AUC): how often a member is ranked above another row. 0.5 is guessing, 1 is certainty. With two groups there is one
area, the same for both; with more, each group is compared with all others.

Every row is scored by a model that was trained on other rows (cross-validation with `folds` folds), and the area is the
mean over the folds. Features are modelled by a random forest, which uses combinations of them; texts by a linear model
of their words (in scripts without spaces, of runs of one to three characters). The classifier under audit, its labels
and its predictions play no part.

A table lists the strongest proxies of each group, at most `top_proxies`: the features that identify the group best when
used alone, or the words whose presence or absence does.

Each attribute is one requirement, `proxies.group_separability[sex]`: the area of each of its groups is at most
`max_roc_auc`, by default 0.9. The area says how well the inputs tell the group; it is no quality of the classifier.

Why it matters
--------------
To leave sex or origin out of the features protects nobody where other features reveal it: a classifier can still treat
the groups differently, and nobody who reads its list of features notices. Husband and wife, a first name, a postcode or
a gap in a career are such proxies.

How to read it
--------------
Why 0.9? Shown a member of the group and another person, such a model picks the member nine times in ten. It would be
wrong to say that a classifier with these inputs does not know the attribute. An area below the limit does not mean that
all is well: 0.75 is well above guessing.

Each area comes with its confidence interval. A group passes where the whole interval meets the limit. It fails where
the interval lies entirely above it, corrected for the number of groups and for the requirements of the whole audit, and
is inconclusive otherwise: then test on more rows.

Where the attribute itself is an input of the classifier, the area is about 1, and the message says so. Some classifiers
need it, to treat groups alike or by law. Then `exclude_attribute = true` leaves it out and measures what the other
inputs reveal.

What to do
----------
A failed limit raises a question; it does not prove discrimination. Look at the strongest proxies. Is each needed for
the purpose, and would a weaker proxy do? The fairness check shows whether the groups are treated differently. Where a
proxy has to stay, document why, and raise the limit for that reason.

Limits
------
A proxy alone is not discrimination: a feature can be tied to a group and still be needed for a legitimate purpose. Nor
does a low area rule out discrimination.

The area is that of one kind of model, and a lower bound: a better model or more rows may identify groups better.
Categories are ordered by frequency; of a text, the first 1,000 characters and the 50,000 most frequent words count; and
the area rests on a sample of at most 10,000 rows, or `data.sample` where that is less. Sample weights are ignored.
Where the spec names units (`data.unit`), one row of each unit is used.

Intervals after cross-validation are approximate. In simulations of inputs without information, the interval at
confidence 0.95 covered the truth in about 95 of 100 runs; for areas near the limit it covered the truth more often,
because it is wider than necessary there.

The strongest proxies are selected on the same rows and are not judged; the best of many looks slightly better than it
is. Of more than 50 features, only the 50 that the forest uses most are tried alone. A word is listed only where it
occurs in at least 10 rows, contains no digit, and is not personal data of a kind that the personal data check knows. A
frequent name can still be among them.

A group with fewer rows than `min_group_rows` is listed with its count and not judged; where such groups have more than
2 % of the rows, the requirement does not pass. Rows without a value form the group (missing).

References
----------
Feldman, Friedler, Moeller, Scheidegger and Venkatasubramanian (2015), Certifying and removing disparate impact, who ask
how well the protected attribute can be predicted from the others (by the balanced error rate; here by ROC AUC). Datta,
Fredrikson, Ko, Mardziel and Sen (2017), Proxy discrimination in data-driven systems.

Nadeau and Bengio (2003), Inference for the generalization error: the variance of cross-validation. LeDell, Petersen and
van der Laan (2015), Computationally efficient confidence intervals for cross-validated area under the ROC curve
estimates.

Regulation (EU) 2024/1689, Article 10(2)(f) and (g): examination of data for possible biases. Equal Credit Opportunity
Act, 15 U.S.C. 1691, and Regulation B, 12 CFR 1002.4(a).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from llmops_audit.check import check
from llmops_audit.record import (
    Finding,
    Message,
    Op,
    Requirement,
    Scalar,
    Severity,
    Table,
    Verdict,
    message,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from llmops_audit.analysis.separability import AucEstimate, ModelInputs
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.evidence.rows import Rows

Split = Literal["train", "test", "live"]


@check(severity=Severity.MEDIUM, words="llmops_audit.analysis.separability:WORDS")
def proxies(
    rows: Mapping[str, Rows],
    task: Task,
    policy: Policy,
    *,
    max_roc_auc: Annotated[float, Field(ge=0.5, le=1)] = 0.9,
    min_group_rows: Annotated[int, Field(ge=10)] = 30,
    folds: Annotated[int, Field(ge=2, le=10)] = 5,
    top_proxies: Annotated[int, Field(ge=0, le=100)] = 5,
    current: Split = "test",
    exclude_attribute: bool = False,
) -> Iterator[Finding | Table]:
    """Judge how well the classifier's inputs identify each group."""
    from llmops_audit.analysis.absent_groups import absent_groups
    from llmops_audit.analysis.separability import proxy_table, sample_rows

    found = rows.get(current)
    if found is None or not len(found) or not task.groups or not (task.features or task.text):
        yield _nothing({"split": current}, _reason(task), Verdict.NOT_APPLICABLE)
        return
    table = sample_rows(found, task.unit)
    yield from absent_groups(task, table.column_names, current)
    inputs = _inputs(table, task)
    attributes = [
        _Attribute.of(name, table, min_group_rows, inputs.without(name) if exclude_attribute else inputs)
        for name in task.groups
        if name in table.column_names
    ]
    any_judgeable = any(attribute.judgeable for attribute in attributes)
    lines: list[dict[str, Scalar | Message]] = []
    for attribute in attributes:
        yield from _small(attribute, current, min_group_rows)
        if not attribute.judgeable:
            # Where another attribute is judged, an attribute that cannot be judged leaves a doubt.
            verdict = Verdict.INCONCLUSIVE if any_judgeable else Verdict.NOT_APPLICABLE
            requirement = _requirement(attribute, max_roc_auc) if any_judgeable else None
            scope, text = {"split": current, "attribute": attribute.name}, _not_judged(attribute)
            yield _nothing(scope, text, verdict, len(table), requirement)
            continue
        yield from _unjudged(attribute, current, min_group_rows, max_roc_auc)
        models = _GroupModels(attribute, folds, task.seed)
        for code in attribute.judged:
            yield _judged(models, code, max_roc_auc, policy, current)
            lines += models.strongest(code, top_proxies, policy)
    if lines:
        yield proxy_table(lines)


@dataclass(frozen=True)
class _Attribute:
    """A sensitive attribute: its groups, each row's group as a code, the codes to judge, and the inputs."""

    name: str
    groups: tuple[str, ...]
    codes: npt.NDArray[np.int64]
    judged: tuple[int, ...]
    inputs: ModelInputs

    @classmethod
    def of(cls, name: str, table: pa.Table, least: int, inputs: ModelInputs) -> _Attribute:
        import numpy as np

        from llmops_audit.evidence.base import encoded
        from llmops_audit.record.labels import MISSING

        known = encoded(table, name)
        assert known is not None  # noqa: S101 - a group column is always read
        groups, codes = np.unique(np.array([*map(str, known.categories), MISSING])[known.index], return_inverse=True)
        sizes = np.bincount(codes)
        judged = np.flatnonzero((sizes >= least) & (len(codes) - sizes >= least)).tolist()
        # With two groups, both have the same area.
        some = tuple(judged[:1] if len(groups) == 2 else judged)
        return cls(name, tuple(groups.tolist()), codes.astype(np.int64), some, inputs)

    @property
    def judgeable(self) -> bool:
        return bool(self.judged and self.inputs.names)

    def rows(self, code: int) -> int:
        return int((self.codes == code).sum())


class _GroupModels:
    """Out-of-fold scores of an attribute's groups, by all inputs together and by each feature alone."""

    def __init__(self, attribute: _Attribute, folds: int, seed: int) -> None:
        from llmops_audit.analysis import separability

        inputs, codes = attribute.inputs, attribute.codes
        self.attribute = attribute
        self.fold = fold = separability.assign_folds(codes, folds, seed)
        model = separability.linear if inputs.texts else separability.forest
        self.scores = separability.out_of_fold(lambda: model(seed), inputs.matrix, codes, fold)
        self.alone = {} if inputs.texts else separability.out_of_fold_alone(inputs, codes, fold, seed)

    def area(self, code: int, scores: npt.NDArray[np.float64]) -> AucEstimate:
        from llmops_audit.analysis.separability import cross_validated_auc

        return cross_validated_auc(scores[:, code], self.attribute.codes == code, self.fold)

    def strongest(self, code: int, top: int, policy: Policy) -> list[dict[str, Scalar | Message]]:
        from llmops_audit.analysis.separability import discriminative_tokens

        if self.attribute.inputs.texts:
            areas = discriminative_tokens(self.attribute.inputs, self.attribute.codes == code, top)
        else:
            every = [(name, self.area(code, scores)) for name, scores in self.alone.items()]
            areas = sorted(every, key=lambda one: -one[1].value)[:top]
        scope = {"attribute": self.attribute.name, "group": self.attribute.groups[code]}
        ends = [area.bounds(policy.confidence) for _, area in areas]
        return [
            {**scope, "proxy": name, "roc_auc": area.value, "low": low, "high": high}
            for (name, area), (low, high) in zip(areas, ends, strict=True)
        ]


def _inputs(table: pa.Table, task: Task) -> ModelInputs:
    from llmops_audit.analysis.separability import ModelInputs

    if task.text is not None:
        return ModelInputs.of_texts(table.column(task.text).fill_null("").to_pylist())
    return ModelInputs.of_features(table, task.features)


def _judged(models: _GroupModels, code: int, limit: float, policy: Policy, split: str) -> Finding:
    from llmops_audit.analysis.separability import SEPARABILITY, separability_sentence
    from llmops_audit.check.verdicts import judged

    attribute, area = models.attribute, models.area(code, models.scores)
    other = {"compared_with": attribute.groups[1 - code]} if len(attribute.groups) == 2 else {}
    finding = judged(
        SEPARABILITY, area.value, _requirement(attribute, limit), policy,
        bounds=area.bounds, method="wider of DeLong and Newcombe, rows corrected for cross-validation",
        n=len(attribute.codes), scope={"split": split, attribute.name: attribute.groups[code]},
        details={"group_rows": attribute.rows(code), **other},
    )  # fmt: skip
    group = None if other else attribute.groups[code]
    text = separability_sentence(attribute.name, group, area.value, finding.message)
    if not attribute.inputs.texts and attribute.name in attribute.inputs.names:
        text = message("The attribute itself is an input of the classifier. {verdict}", verdict=text)
    return finding.model_copy(update={"message": text})


def _requirement(attribute: _Attribute, limit: float) -> Requirement:
    return Requirement(op=Op.AT_MOST, limit=limit, about=attribute.name, setting=("max_roc_auc",))


def _small(attribute: _Attribute, split: str, least: int) -> Iterator[Finding]:
    for code, group in enumerate(attribute.groups):
        rows = attribute.rows(code)
        if rows < least:
            text = message("{rows} rows are fewer than the {least} that a group needs.", rows=rows, least=least)
            yield Finding(
                metric="group_rows", scope={"split": split, attribute.name: group}, value=rows, n=rows,
                verdict=Verdict.NOT_APPLICABLE, message=text,
            )  # fmt: skip


def _unjudged(attribute: _Attribute, split: str, least: int, limit: float) -> Iterator[Finding]:
    """Leave a doubt where groups that cannot be judged have many rows."""
    from llmops_audit.analysis.fairness.small_groups import LARGEST_SHARE

    every = {group: attribute.rows(code) for code, group in enumerate(attribute.groups)}
    small = {group: rows for group, rows in every.items() if rows < least}
    rows, whole = sum(small.values()), sum(every.values())
    if rows > LARGEST_SHARE * whole:
        text = message(
            "Small groups stay unjudged, {rows:,} of {all:,} rows: {groups}. Each has fewer than {least:,}.",
            rows=rows, all=whole, groups=", ".join(small), least=least,
        )  # fmt: skip
        scope = {"split": split, "attribute": attribute.name}
        yield _nothing(scope, text, Verdict.INCONCLUSIVE, whole, _requirement(attribute, limit))


def _reason(task: Task) -> Message:
    if not task.groups:
        return message("The spec names no group column (`data.groups`).")
    if not (task.features or task.text):
        return message("The spec names neither features nor a text: the classifier's inputs are unknown.")
    return message("The split has no rows.")


def _not_judged(attribute: _Attribute) -> Message:
    if not attribute.judged:
        return message("No group can be judged: each has too few rows, or too few rows are outside it.")
    if attribute.inputs.texts:
        return message("No text contains a letter or a digit.")
    return message("The attribute itself is the classifier's only input.")


def _nothing(
    scope: dict[str, str], text: Message, verdict: Verdict, n: int | None = None, limit: Requirement | None = None
) -> Finding:
    metric = "groups" if limit is None else "group_separability"
    return Finding(metric=metric, scope=scope, n=n, requirement=limit, verdict=verdict, message=text)
