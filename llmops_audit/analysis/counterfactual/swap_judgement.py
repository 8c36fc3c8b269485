"""What the swaps of one attribute come to: one requirement, decided by the worst of its pairs of groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

from llmops_audit.analysis.counterfactual.swap_results import GroupPair
from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import judged
from llmops_audit.record import Finding, Message, Op, Requirement, Scalar, Verdict, message
from llmops_audit.stats import Bounds

__all__ = ["SwapMetric", "judge", "texts_to_pass", "too_few"]

SwapMetric = Literal["flip_rate", "score_shift"]
Groups = tuple[str, str]
"""From which group to which."""

_WORST_FIRST = (Verdict.FAILED, Verdict.UNDECIDED, Verdict.INCONCLUSIVE, Verdict.PASSED)
_METHODS = {"flip_rate": "Clopper-Pearson", "score_shift": "score interval of a mean"}


def texts_to_pass(limit: float, confidence: float) -> int | None:
    """Return the fewest texts that show a flip rate of at most a limit where no prediction flips.

    Parameters
    ----------
    limit : float
        In [0, 1].
    confidence : float
        Of the two-sided interval (Clopper-Pearson).

    Returns
    -------
    int or None
        None where no number of texts suffices, since the limit is 0.

    Examples
    --------
    >>> texts_to_pass(0.05, 0.95)
    72
    """
    if limit <= 0:
        return None
    # Without a flip, the upper end for n texts is 1 - (half of the error rate) ** (1 / n).
    return 1 if limit >= 1 else math.ceil(math.log((1 - confidence) / 2) / math.log1p(-limit))


def judge(
    metric: SwapMetric,
    limit: float,
    pairs: Mapping[Groups, GroupPair],
    min_rows: int,
    policy: Policy,
    scope: Mapping[str, str],
    details: Mapping[str, Scalar],
) -> Finding:
    """Judge one attribute by the worst of its pairs.

    Parameters
    ----------
    metric : {"flip_rate", "score_shift"}
    limit : float
        Upper limit of every pair.
    pairs : mapping of (from, to) to GroupPair
        All pairs of the attribute; none where no text mentions it.
    min_rows : int
        Pairs with fewer texts reject nothing. They leave a doubt where even an interval that is corrected for their
        number lies wholly beyond the limit.
    policy : Policy
    scope : mapping of str to str
        Split and attribute (`identity`).
    details : mapping of str to scalar
        Further details of the finding.

    Returns
    -------
    Finding
        Not applicable where too few texts were changed: the requirement counts nevertheless, so that the number of
        requirements does not rest on the texts. A pair that could not pass even without a flip counts where its whole
        interval misses the limit, or where no pair of the attribute has more texts.
    """
    requirement = Requirement(op=Op.AT_MOST, limit=limit, about=scope["identity"], setting=(f"max_{metric}",))

    def found(groups: Groups, pair: GroupPair) -> Finding:
        return judged(
            metric,
            _value(metric, pair),
            requirement,
            policy,
            bounds=_bounds(metric, pair),
            method=_METHODS[metric],
            n=pair.rows,
            tests=candidates,
            scope=scope,
            details={**_of_groups(groups), **_counts(metric, pair), "pairs": len(pairs), **details},
        )

    enough = texts_to_pass(limit, policy.confidence) if metric == "flip_rate" and policy.decide == "bound" else min_rows
    large = {groups: pair for groups, pair in pairs.items() if pair.rows >= min_rows}
    candidates = max(1, len(large))
    decisive = [groups for groups, pair in large.items() if enough is not None and pair.rows >= enough]
    findings = [
        (groups, finding)
        for groups, finding in ((groups, found(groups, pair)) for groups, pair in large.items())
        if not decisive or groups in decisive or finding.verdict is not Verdict.INCONCLUSIVE
    ]
    doubtful = _doubtful(metric, limit, {groups: pair for groups, pair in pairs.items() if groups not in large}, policy)
    if findings:
        groups, worst = min(findings, key=lambda one: _badness(one[1]))
        if worst.verdict is not Verdict.PASSED or doubtful is None:
            text = message(
                "Of {pairs} pairs of groups that were judged, the one from {from} to {to} decides: {verdict}",
                pairs=len(findings),
                verdict=worst.message,
                **_of_groups(groups),
            )
            return worst.model_copy(update={"message": text})
    if doubtful is not None:
        text = message(
            "From {from} to {to} there are fewer than {min_rows} texts, too few to reject, but their whole interval "
            "misses the limit.",
            min_rows=min_rows,
            **_of_groups(doubtful),
        )
        changes = {"verdict": Verdict.INCONCLUSIVE, "p_value": 1.0, "message": text}
        return found(doubtful, pairs[doubtful]).model_copy(update=changes)
    return Finding(
        metric=metric,
        scope=dict(scope),
        n=max((pair.rows for pair in pairs.values()), default=0),
        requirement=requirement,
        verdict=Verdict.NOT_APPLICABLE,
        message=_NO_LARGE_PAIR.model_copy(update={"values": {"min_rows": min_rows}}) if pairs else _NOT_MENTIONED,
        details=dict(details),
    )


_NO_LARGE_PAIR = message("No pair of groups of this attribute has at least {min_rows} texts, so it is not judged.")
_NOT_MENTIONED = message("No text has a term of this attribute that could be swapped.")


def _doubtful(metric: SwapMetric, limit: float, small: Mapping[Groups, GroupPair], policy: Policy) -> Groups | None:
    """Return the small pair that misses the limit most certainly, with an interval corrected for their number."""
    if policy.decide == "point":
        return None
    confidence = 1 - policy.alpha / max(1, len(small))
    lowest = {groups: _bounds(metric, pair)(confidence)[0] for groups, pair in small.items()}
    beyond = {groups: low for groups, low in lowest.items() if low > limit}
    return max(beyond, key=lambda groups: (beyond[groups], groups), default=None)


def _badness(finding: Finding) -> tuple[int, float, float]:
    """Order findings from the worst: by verdict, then by p-value, then by the upper end of the interval."""
    upper = None if finding.interval is None else finding.interval[1]
    p = 1.0 if finding.p_value is None else finding.p_value
    return _WORST_FIRST.index(finding.verdict), p, -(1.0 if upper is None else upper)


def _value(metric: SwapMetric, pair: GroupPair) -> float | None:
    if metric == "flip_rate":
        return pair.flips / pair.rows
    return None if pair.mean_shift is None else abs(pair.mean_shift)


def _bounds(metric: SwapMetric, pair: GroupPair) -> Callable[[float], Bounds]:
    return pair.flip_bounds if metric == "flip_rate" else pair.size_bounds


def _of_groups(groups: Groups) -> dict[str, Scalar]:
    return {"from": groups[0], "to": groups[1]}


def _counts(metric: SwapMetric, pair: GroupPair) -> dict[str, Scalar]:
    if metric == "score_shift":
        return {"mean_shift": pair.mean_shift}
    return {"flips": pair.flips, "towards": pair.towards, "away": pair.away, "both": pair.both}


def too_few(
    pairs: Mapping[Groups, GroupPair], min_rows: int, limit: float | None, policy: Policy
) -> tuple[Message, int] | None:
    """Return which pairs have too few texts to pass, and the texts of the largest of them; None where none has."""
    enough = None if limit is None or policy.decide == "point" else texts_to_pass(limit, policy.confidence)
    some = any(enough is not None and pair.rows >= enough for pair in pairs.values())
    least = max(min_rows, enough) if some and enough is not None else min_rows
    small = {groups: pair for groups, pair in pairs.items() if pair.rows < least}
    if not small:
        return None
    text = message(
        "{few} of {pairs} pairs of groups have fewer than {least} texts, too few to pass; they count only where they "
        "miss the limit. From: {identities}.",
        few=len(small),
        pairs=len(pairs),
        least=least,
        identities=tuple(sorted({groups[0] for groups in small})),
    )
    return text, max(pair.rows for pair in small.values())
