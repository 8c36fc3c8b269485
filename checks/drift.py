"""Drift: do the rows that are judged, or met in production, look like the rows the classifier learned from?

What it measures
----------------
The reference split (by default the training rows) is compared with each current split, column by column: every
feature; of a text its length in characters and in words and the shares of digits, capitals and other signs; the label;
the prediction; and, where values are missing, how often. The distance is Evidently's Jensen-Shannon distance, between
0 (the same) and 0.83 (nothing in common).

Two samples of one population differ by chance, and the distance cannot be negative, so that it is above 0 even where
nothing has changed. The effect is therefore the distance less what rows shuffled between the two samples show on
average.

Why it matters
--------------
A classifier is tested on some rows and used on others. Where they differ from those it learned from, test results say
little about the use.

How to read it
--------------
A column fails where two things hold: shuffled rows hardly ever show such a distance (permutation test, corrected over
all columns by Holm's method), and the effect, at the lower end of its interval, is above the floor. The floor is 0.1,
which Evidently uses as its own threshold for this distance. A difference that is certain but may be smaller than the
floor is inconclusive; one that is certainly smaller passes, as does one that chance explains.

An interval is the range of true values that these rows cannot tell apart; inconclusive means that the floor lies in
it. It asks you to compare more rows, or to decide yourself whether such a difference matters for the use, and to write
down why.

A passed column means that no drift was found with these rows, not that there is none: few rows show only large drift.

Predictions on training rows are out-of-fold: they come from a classifier that did not see the row, because a
classifier knows its own training rows too well to be compared on them.

Limits
------
Columns are looked at one by one; a change in how they depend on each other is not seen. At most `data.sample` rows of
a split are compared, a uniform sample; where the spec names the unit that rows belong to (`data.unit`), one row of
each, because shuffling supposes rows that do not depend on each other. What a text says is not compared, only its
form.

References
----------
Evidently 0.7, statistic "jensenshannon". Lin (1991), Divergence measures based on the Shannon entropy. Phipson and
Smyth (2010), Permutation p-values should never be zero. Holm (1979), A simple sequentially rejective multiple test
procedure.

NIST AI RMF, MEASURE 2.4. Regulation (EU) 2024/1689, Article 10(3) and Article 72.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from llmops_audit.check import check
from llmops_audit.model import Column, Finding, Op, Requirement, Severity, Table, Verdict, message

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from llmops_audit.evidence.rows import Rows
    from llmops_audit.task import Policy, Task

Split = Literal["train", "test", "live"]

EVIDENTLY = "evidently.legacy.calculations.stattests"
STATISTIC = "jensenshannon"
BINS = 30
ANSWERS = ("(label)", "(prediction)")
"""Names under which labels and predictions are compared beside the columns of the data."""


@check(severity=Severity.MEDIUM, worker=(EVIDENTLY,))
def drift(
    rows: Mapping[str, Rows],
    task: Task,
    policy: Policy,
    *,
    reference: Split = "train",
    current: tuple[Split, ...] = ("test", "live"),
    max_effect: Annotated[float, Field(ge=0, le=1)] = 0.1,
    columns: tuple[str, ...] | None = None,
    min_rows: Annotated[int, Field(ge=2)] = 30,
) -> Iterator[Finding | Table]:
    """Compare each column of the current splits with the reference."""
    from llmops_audit.errors import SpecError
    from llmops_audit.stats import holm

    known = (*task.features, *filter(None, [task.text]), *ANSWERS)
    if unknown := sorted(set(columns or ()) - set(known)):
        raise SpecError("checks.drift.columns", f"{unknown[0]} is not compared", f"some of {', '.join(known)}")
    if task.unit is not None:
        # Shuffling rows tells nothing where those of one unit stay together: one of each is compared.
        rows = {split: found.one_per(task.unit) for split, found in rows.items()}
    compared: list[_Compared] = []
    few: list[tuple[str, int]] = []
    for split in [str(split) for split in current if split in rows and split != reference and reference in rows]:
        sizes = len(rows[reference]), len(rows[split])
        if min(sizes) < min_rows:
            few.append((split, min(sizes)))
            continue
        compared += _compare(rows[reference], rows[split], split, task, columns)
    # Beside a split that is compared, one that cannot be is a doubt.
    verdict = Verdict.INCONCLUSIVE if compared else Verdict.NOT_APPLICABLE
    for small, n in few:
        text = message("{rows} rows are fewer than the {least} that a comparison needs.", rows=n, least=min_rows)
        yield Finding(metric="rows", scope={"split": small}, n=n, verdict=verdict, message=text)
    if not compared and not few:
        text = message("There is nothing to compare with the reference split '{reference}'.", reference=reference)
        yield Finding(metric="rows", scope={"reference": reference}, verdict=Verdict.NOT_APPLICABLE, message=text)
    adjusted = holm([one.p_value for one in compared])
    for one, p_adjusted in zip(compared, adjusted, strict=True):
        yield _finding(one, float(p_adjusted), max_effect, policy, len(compared))
    if compared:
        yield _table(compared, adjusted)


class _Compared:
    """One column, or one feature of it, in two samples: Evidently's distance, and what shuffled rows make of it."""

    def __init__(self, scope: dict[str, str], reference: pd.Series, current: pd.Series, seed: int) -> None:
        import zlib

        import numpy as np

        from llmops_audit import stats

        self.scope, self.n = scope, len(reference) + len(current)
        numeric = reference.dtype.kind == "f"
        table = _binned(reference, current, numeric)
        rng = np.random.default_rng([seed, zlib.crc32(repr(sorted(scope.items())).encode())])
        self.distance = _evidently_distance(reference, current, numeric)
        self.p_value, self.expected = stats.permutation_test(table, self.distance, rng)
        self.spread = stats.bootstrap_error(table, rng)

    @property
    def effect(self) -> float:
        """Distance less its mean under permutation."""
        return self.distance - self.expected


def _compare(
    reference: Rows, current: Rows, split: str, task: Task, columns: tuple[str, ...] | None
) -> Iterator[_Compared]:
    for scope, old, new in _columns(reference, current, task):
        if columns is not None and scope["column"] not in columns:
            continue
        pairs = [(scope, old.dropna(), new.dropna())]
        if old.isna().any() or new.isna().any():
            pairs.append(({**scope, "feature": "missing"}, _truth(old.isna()), _truth(new.isna())))
        for place, before, after in pairs:
            if len(before) and len(after) and len({*before.unique(), *after.unique()}) > 1:
                yield _Compared({"split": split, **place}, before, after, task.seed)


def _columns(reference: Rows, current: Rows, task: Task) -> Iterator[tuple[dict[str, str], pd.Series, pd.Series]]:
    for name in task.features:
        old, new = (rows.table.column(name).to_pandas() for rows in (reference, current))
        yield ({"column": name}, *_typed(old, new))
    if task.text is not None:
        old, new = (_text_features(rows.table.column(task.text).to_pandas()) for rows in (reference, current))
        for feature in old:
            yield {"column": task.text, "feature": feature}, old[feature], new[feature]
    answers = ((reference.label, current.label), (reference.prediction, current.prediction))
    for name, (old, new) in zip(ANSWERS, answers, strict=True):
        if old.null_count < len(old) and new.null_count < len(new):
            yield {"column": name}, old.to_pandas().astype(object), new.to_pandas().astype(object)


def _typed(old: pd.Series, new: pd.Series) -> tuple[pd.Series, pd.Series]:
    import pandas as pd

    numbers = [pd.to_numeric(series, errors="coerce").astype(float) for series in (old, new)]
    known = [series.notna() for series in (old, new)]
    if old.dtype != bool and all((number.notna() == there).all() for number, there in zip(numbers, known, strict=True)):
        return numbers[0], numbers[1]
    return tuple(series.astype(object).where(there, None) for series, there in zip((old, new), known, strict=True))  # type: ignore[return-value]


def _text_features(texts: pd.Series) -> dict[str, pd.Series]:
    import numpy as np

    texts = texts.astype(str)
    length = texts.str.len().astype(float)
    # A share of nothing is undefined, and then missing.
    known = length.where(length > 0, np.nan)
    return {
        "characters": length,
        "words": texts.str.count(r"\S+").astype(float),
        "share of digits": texts.str.count(r"\d") / known,
        "share of capitals": texts.str.count(r"[A-Z]") / known,
        "share of other signs": texts.str.count(r"[^\w\s]") / known,
    }


def _truth(missing: pd.Series) -> pd.Series:
    return missing.map({True: "missing", False: "there"}).astype(object)


def _evidently_distance(reference: pd.Series, current: pd.Series, numeric: bool) -> float:
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Numerical if numeric else ColumnType.Categorical
    statistic = get_stattest(reference, current, kind, STATISTIC)
    return float(statistic(reference, current, kind, None).drift_score)


def _binned(reference: pd.Series, current: pd.Series, numeric: bool) -> npt.NDArray[np.int64]:
    import numpy as np
    from evidently.legacy.calculations.stattests.utils import get_binned_data
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Numerical if numeric else ColumnType.Categorical
    shares = get_binned_data(reference, current, kind, BINS, False)
    counts = [np.rint(share * len(series)) for share, series in zip(shares, (reference, current), strict=True)]
    # Evidently walks over a set; sorted, the same rows always give the same shuffles.
    table = np.array(sorted(zip(*counts, strict=True)), dtype=np.int64).T
    return table[:, table.sum(axis=0) > 0]


def _finding(one: _Compared, p_adjusted: float, max_effect: float, policy: Policy, tests: int) -> Finding:
    from statistics import NormalDist

    levels = (1 - policy.confidence, policy.alpha / tests)
    half, corrected = (NormalDist().inv_cdf(1 - alpha / 2) * one.spread for alpha in levels)
    low, high = one.effect - half, one.effect + half
    certain = p_adjusted <= policy.alpha
    if policy.decide == "point":
        verdict = Verdict.FAILED if one.effect > max_effect else Verdict.PASSED
        text = message(
            "The value itself was compared with the limit; as the spec asks, its uncertainty was not considered."
        )
    elif not certain:
        verdict, text = Verdict.PASSED, message("Chance explains the difference.")
    elif one.effect - corrected > max_effect:
        verdict = Verdict.FAILED
        text = message("Chance does not explain the difference, and it is larger than the floor.")
    elif high <= max_effect:
        verdict = Verdict.PASSED
        text = message("Chance does not explain the difference, but it is smaller than the floor.")
    else:
        verdict = Verdict.INCONCLUSIVE
        text = message(
            "Chance does not explain the difference; whether it is larger than the floor, these rows cannot decide."
        )
    return Finding(
        metric="jensen_shannon_effect",
        scope=one.scope,
        value=one.effect,
        interval=(low, high),
        decided_by=(one.effect - corrected, one.effect + corrected),
        confidence=policy.confidence,
        method="permutation test (Holm), bootstrap standard error",
        n=one.n,
        p_value=one.p_value,
        p_adjusted=p_adjusted,
        tests=tests,
        requirement=Requirement(op=Op.AT_MOST, limit=max_effect),
        verdict=verdict,
        message=text,
        details={"distance": one.distance, "mean_under_permutation": one.expected},
    )


def _table(compared: list[_Compared], adjusted: Any) -> Table:
    return Table(
        name="drift",
        caption=message("Jensen-Shannon distance of each column from the reference"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="column", heading=message("Column")),
            Column(key="feature", heading=message("Feature")),
            Column(key="rows", heading=message("Rows"), format="count"),
            Column(key="distance", heading=message("Distance"), format="number"),
            Column(key="expected", heading=message("By chance"), format="number"),
            Column(key="effect", heading=message("Effect"), format="number"),
            Column(key="p_value", heading=message("p-value"), format="p_value"),
            Column(key="p_adjusted", heading=message("p-value, corrected"), format="p_value"),
        ),
        rows=tuple(
            {
                "split": one.scope["split"],
                "column": one.scope["column"],
                "feature": one.scope.get("feature"),
                "rows": one.n,
                "distance": one.distance,
                "expected": one.expected,
                "effect": one.effect,
                "p_value": one.p_value,
                "p_adjusted": float(p_adjusted),
            }
            for one, p_adjusted in zip(compared, adjusted, strict=True)
        ),
    )
