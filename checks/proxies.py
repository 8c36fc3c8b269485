"""Proxies: can one tell a person's group from what the classifier sees?

What it measures
----------------
For each sensitive attribute (`data.groups`), other models try to tell the members of a group from everyone else by
what the classifier under audit sees: its features, or its text. How well they do is the area under the ROC curve (ROC
AUC): how often a member is ranked above another row. 0.5 is guessing, 1 is certainty. Of two groups one area is given,
which is that of both; of more, one for each group against the rest.

Every row is scored by a model that was trained on other rows (cross-validation in `folds` parts), and the area is the
mean over the parts. Features are learned by a random forest, which sees combinations of them; texts by a linear model
of their words (for scripts without spaces, of runs of one to three characters). The classifier under audit, its labels
and its answers play no part.

The table names the strongest proxies of each group: the features that tell most when each is used alone, or the words
whose presence or absence does.

Judged is whether each area is at most `max_roc_auc`, by default 0.9.

Why it matters
--------------
Leaving sex or origin out of the features protects nobody where the other features give it away: a classifier can treat
the groups differently all the same, and nobody who reads its list of features notices. Husband and wife, a first name,
a postcode or a gap in the career are such proxies.

How to read it
--------------
Why 0.9? Shown a member and somebody else, one picks the member nine times in ten. To say of such a classifier that it
does not know the attribute would be wrong. An area below the limit does not say that all is well: 0.75 is a good deal
more than guessing.

Each area stands with its confidence interval. The limit is passed where even the upper end keeps it, failed where even
the lower end (of a wider interval, corrected for the number of requirements in the whole audit) exceeds it, and
inconclusive between: then test on more rows.

Where the classifier sees the attribute itself, the area is about 1, and the message says so. Some need it, to treat
groups alike or by law; then `without_itself = true` leaves it out and asks what the others give away.

What to do
----------
A failed limit is a question, not yet a finding of discrimination. Look at the strongest proxies. Is each needed for the
purpose, and could a weaker one serve as well? The fairness check says whether the groups are treated differently. Where
a proxy has to stay, write down why, and raise the limit with that reason.

Limits
------
A proxy is in itself no discrimination: a feature can be tied to a group and be needed for a legitimate reason. Nor does
a low area rule discrimination out.

The area is that of one kind of model, and a lower bound of what can be told: a better model, or more rows, may tell
more. Categories are ordered by how frequent they are, of a text the first 1,000 characters and the 50,000 most frequent
words count, and it rests on a sample of at most 10,000 rows, or `data.sample` where that is less. Sample weights are
not used. Where the spec names units (`data.unit`), one row of each is used.

Intervals after cross-validation are approximate. In simulations in which nothing can be told, the interval at 0.95 held
the truth in about 95 of 100 runs; nearer to the limit it held it in more, as it is wider than it must be there.

The strongest proxies are picked on the same rows and not judged; the best of many looks a little better than it is. Of
more than 50 features, the 50 that the forest uses most are tried alone. A word is named only where it stands in at
least 10 rows, has no digit, and is no personal data of a kind that the personal data check knows. A name that is
frequent can still be among them.

A group with fewer rows than `min_group_rows` is shown with its count and not judged; rows without a value form the
group (missing).

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

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from llmops_audit.analysis.separability import Area, Seen
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
    strongest: Annotated[int, Field(ge=0, le=100)] = 5,
    current: Split = "test",
    without_itself: bool = False,
) -> Iterator[Finding | Table]:
    """Judge how well each group can be told from the rest by what the classifier sees."""
    from llmops_audit.analysis.separability import sampled

    found = rows.get(current)
    if found is None or not len(found) or not task.groups or not (task.features or task.text):
        yield _nothing({"split": current}, _reason(task), Verdict.NOT_APPLICABLE)
        return
    table = sampled(found, task.unit)
    seen = _seen(table, task)
    attributes = [
        _Attribute.of(name, table, min_group_rows, seen.without(name) if without_itself else seen)
        for name in task.groups
    ]
    tests = sum(len(attribute.judged) for attribute in attributes if attribute.can_be_told)
    lines: list[dict[str, Scalar | Message]] = []
    for attribute in attributes:
        yield from _small(attribute, current, min_group_rows)
        if not attribute.can_be_told:
            # Beside an attribute that is judged, one that the spec names and that cannot be is a doubt.
            verdict = Verdict.INCONCLUSIVE if tests else Verdict.NOT_APPLICABLE
            yield _nothing({"split": current, "attribute": attribute.name}, _not_judged(attribute), verdict, len(table))
            continue
        told = _Told(attribute, folds, task.seed)
        for code in attribute.judged:
            yield _judged(told, code, max_roc_auc, policy, tests, current)
            lines += told.strongest(code, strongest, policy)
    if lines:
        yield _table(lines)


@dataclass(frozen=True)
class _Attribute:
    """A sensitive attribute: its groups, the code of each row's, the codes of those judged, and what is seen."""

    name: str
    groups: tuple[str, ...]
    codes: npt.NDArray[np.int64]
    judged: tuple[int, ...]
    seen: Seen

    @classmethod
    def of(cls, name: str, table: pa.Table, least: int, seen: Seen) -> _Attribute:
        import numpy as np

        from llmops_audit.evidence.base import encoded
        from llmops_audit.record.labels import MISSING

        known = encoded(table, name)
        assert known is not None  # noqa: S101 - a group column is always read
        names = [*map(str, known.categories), MISSING]
        groups, codes = np.unique(np.array(names)[known.index], return_inverse=True)
        sizes = np.bincount(codes)
        judged = np.flatnonzero((sizes >= least) & (len(codes) - sizes >= least)).tolist()
        # Of two groups, to tell one is to tell the other.
        judged = judged[:1] if len(groups) == 2 else judged
        return cls(name, tuple(groups.tolist()), codes.astype(np.int64), tuple(judged), seen)

    @property
    def can_be_told(self) -> bool:
        return bool(self.judged and self.seen.names)

    def rows(self, code: int) -> int:
        return int((self.codes == code).sum())


class _Told:
    """Out-of-fold scores of an attribute's groups, by all that the classifier sees and by each feature alone."""

    def __init__(self, attribute: _Attribute, folds: int, seed: int) -> None:
        from llmops_audit.analysis import separability

        seen, codes = attribute.seen, attribute.codes
        self.attribute = attribute
        self.fold = fold = separability.folds_of(codes, folds, seed)
        model = separability.linear if seen.texts else separability.forest
        self.scores = separability.out_of_fold(lambda: model(seed), seen.matrix, codes, fold)
        self.alone = {} if seen.texts else separability.out_of_fold_alone(seen, codes, fold, seed)

    def area(self, code: int, scores: npt.NDArray[np.float64]) -> Area:
        from llmops_audit.analysis.separability import area_of_scores

        return area_of_scores(scores[:, code], self.attribute.codes == code, self.fold)

    def strongest(self, code: int, most: int, policy: Policy) -> list[dict[str, Scalar | Message]]:
        from llmops_audit.analysis.separability import telling_pieces

        if self.attribute.seen.texts:
            areas = telling_pieces(self.attribute.seen, self.attribute.codes == code, most)
        else:
            every = [(name, self.area(code, scores)) for name, scores in self.alone.items()]
            areas = sorted(every, key=lambda one: -one[1].value)[:most]
        place = {"attribute": self.attribute.name, "group": self.attribute.groups[code]}
        ends = [area.bounds(policy.confidence) for _, area in areas]
        return [
            {**place, "proxy": name, "roc_auc": area.value, "low": low, "high": high}
            for (name, area), (low, high) in zip(areas, ends, strict=True)
        ]


def _seen(table: pa.Table, task: Task) -> Seen:
    from llmops_audit.analysis.separability import Seen

    if task.text is not None:
        return Seen.of_texts(table.column(task.text).fill_null("").to_pylist())
    return Seen.of_features(table, task.features)


def _judged(told: _Told, code: int, limit: float, policy: Policy, tests: int, split: str) -> Finding:
    from llmops_audit.check.verdicts import judged

    attribute, area = told.attribute, told.area(code, told.scores)
    details: dict[str, Scalar] = {"group_rows": attribute.rows(code)}
    if len(attribute.groups) == 2:
        details["compared_with"] = attribute.groups[1 - code]
    finding = judged(
        "roc_auc", area.value, Requirement(op=Op.AT_MOST, limit=limit), policy,
        bounds=area.bounds, method="wider of DeLong and Newcombe, rows corrected for cross-validation",
        n=len(attribute.codes), tests=tests, scope={"split": split, attribute.name: attribute.groups[code]},
        details=details,
    )  # fmt: skip
    if attribute.seen.texts or attribute.name not in attribute.seen.names:
        return finding
    text = message("The classifier sees the attribute itself. {verdict}", verdict=finding.message)
    return finding.model_copy(update={"message": text})


def _small(attribute: _Attribute, split: str, least: int) -> Iterator[Finding]:
    for code, group in enumerate(attribute.groups):
        rows = attribute.rows(code)
        if rows < least:
            text = message("{rows} rows are fewer than the {least} that a group needs.", rows=rows, least=least)
            yield Finding(
                metric="group_rows", scope={"split": split, attribute.name: group}, value=rows, n=rows,
                verdict=Verdict.NOT_APPLICABLE, message=text,
            )  # fmt: skip


def _reason(task: Task) -> Message:
    if not task.groups:
        return message("The spec names no group column (`data.groups`).")
    if not (task.features or task.text):
        return message("The spec names neither features nor a text, so that nothing is known of what is seen.")
    return message("The split holds no rows.")


def _not_judged(attribute: _Attribute) -> Message:
    if not attribute.judged:
        return message("No group has enough rows and enough others beside it: there is nothing to tell apart.")
    if attribute.seen.texts:
        return message("Not one text holds a letter or a digit.")
    return message("The classifier sees nothing but the attribute itself.")


def _nothing(scope: dict[str, str], text: Message, verdict: Verdict, n: int | None = None) -> Finding:
    return Finding(metric="groups", scope=scope, n=n, verdict=verdict, message=text)


def _table(lines: list[dict[str, Scalar | Message]]) -> Table:
    return Table(
        name="proxies",
        chapter="fairness",
        caption=message("The strongest proxies: how well each, used alone, tells the group from the rest"),
        columns=(
            Column(key="attribute", heading=message("Attribute")),
            Column(key="group", heading=message("Group")),
            Column(key="proxy", heading=message("Feature or word")),
            Column(key="roc_auc", heading=message("ROC AUC"), format="number"),
            *interval_columns(),
        ),
        rows=tuple(lines),
    )
