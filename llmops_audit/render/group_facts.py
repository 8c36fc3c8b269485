"""What a requirement on groups of rows came to, as a fact: which groups, how often, and how far apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmops_audit.record import Finding, Message, Op, Record, Verdict, message
from llmops_audit.record.requirements import JudgedRequirement
from llmops_audit.render.fact_numbers import POINTS, SHARE, Quantity, in_so_many

__all__ = ["about_people", "group_gap", "group_minimum", "swap_fact"]

_ROW_IS_PERSON = re.compile(
    r"\b(each|a|one|every) row (is|stands for) (a|one) person\b|\brows are (people|persons)\b"
    r"|一行[^。]{0,6}一(个|名|位)?人",
    re.IGNORECASE,
)
_WHAT_IS_DONE = re.compile(
    r"not (accepted|admitted|approved|blocked|declined|denied|flagged|granted|hired|invited|promoted|recommended"
    r"|referred|rejected|removed|selected|shortlisted)",
    re.IGNORECASE,
)
"""Labels that say what a classifier does with a row; any other, such as "will offend", would read as the truth."""

_DOING = {
    "selection_rate": message("“{label}” predicted"),
    "true_positive_rate": message("“{label}” predicted"),
    "false_positive_rate": message("“{label}” predicted"),
    "true_negative_rate": message("“{label}” rightly not predicted"),
    "false_negative_rate": message("“{label}” not predicted"),
    "precision": message("“{label}” rightly predicted"),
    "accuracy": message("predicted rightly"),
    "valid_output_rate": message("with an output that is a label"),
}
_PHRASE = message("{label}")
_SCORES = ("f1", "roc_auc")
"""Metrics of groups that are no share of rows, and are written as percent all the same."""
_PREDICTED = ("selection_rate", "true_positive_rate", "false_positive_rate")
_HAVE, _HAVE_NOT = ("true_positive_rate", "false_negative_rate"), ("false_positive_rate", "true_negative_rate")
_OF = {
    **dict.fromkeys(_HAVE, (message("of the people that are “{label}”"), message("of the rows that are “{label}”"))),
    **dict.fromkeys(
        _HAVE_NOT, (message("of the people that are not “{label}”"), message("of the rows that are not “{label}”"))
    ),
    "precision": (
        message("of the people that are predicted “{label}”"),
        message("of the rows that are predicted “{label}”"),
    ),
}
_SAME_GAP = 0.0005
_OF_SEVERAL_RATES = "error_rates_difference"
_ERROR_RATES = message("error rates")


def about_people(record: Record) -> bool:
    """Return whether the card of the spec says that each row is a person; one unit may have several rows."""
    card = record.card
    said = () if card is None else (card.data_source, card.intended_users, card.intended_use, card.limitations)
    return any(_ROW_IS_PERSON.search(text) for text in said if text is not None)


def group_gap(record: Record, requirement: JudgedRequirement, finding: Finding) -> tuple[Message, Quantity] | None:
    """Return the two groups that decide, with their rates, and the ratio of or the gap between them."""
    details = finding.details
    rates = [details.get(key) for key in ("group_rate", "compared_rate")]
    groups = [details.get(key) for key in ("group", "compared_with")]
    rate, value = details.get("rate"), finding.value
    if value is None or not isinstance(rate, str) or not all(isinstance(one, str) for one in groups):
        return None
    first, second = (one for one in rates if isinstance(one, int | float)) if None not in rates else (None, None)
    if first is None or second is None:
        return None
    ratio = requirement.op in (Op.AT_LEAST, Op.ABOVE)
    gap = value if ratio else abs(first - second)
    quantity = Quantity(requirement, SHARE if ratio else POINTS, gap)
    named = [(str(groups[0]), first), (str(groups[1]), second)]
    # Beside a named comparator the lower rate is divided by the higher one, whichever group has it.
    pair = _pair(requirement, finding, named[::-1] if ratio and gap < 1 and first > second else named)
    of = _of(record, rate, details.get("label"))
    if of is not None:
        pair = message("{of}, {pair}", of=of, pair=pair)
    pair = message("{attribute}: {pair}", attribute=_attribute(requirement, finding), pair=pair)
    failed = requirement.verdict is Verdict.FAILED
    if ratio:
        interval = "" if failed else quantity.interval
        return message(
            "{pair}: {ratio} as often{interval}", pair=pair, ratio=quantity.number, interval=interval
        ), quantity
    if abs(gap - value) > _SAME_GAP and not failed:
        # The value is the largest gap of all; the pair that decides is another one.
        largest = Quantity(requirement, POINTS, value)
        # The largest gap of error rates may be that of another rate than the pair's.
        title = _ERROR_RATES if finding.metric == _OF_SEVERAL_RATES else rate
        return _largest(requirement, finding, title, largest), largest
    interval = "" if failed else quantity.interval
    return message("{pair}: {points} apart{interval}", pair=pair, points=quantity.number, interval=interval), quantity


def group_minimum(requirement: JudgedRequirement, finding: Finding) -> tuple[Message, Quantity] | None:
    """Return the worst group with its value and its rows."""
    group, rows, value = finding.details.get("group"), finding.details.get("group_rows"), finding.value
    if value is None or "compared_with" in finding.details or not isinstance(group, str) or not isinstance(rows, int):
        return None
    quantity = Quantity(requirement, SHARE, value)
    return message(
        "{attribute}: {group}, {rows:,} rows: {metric} {value}",
        attribute=_attribute(requirement, finding), group=group, rows=rows, metric=finding.metric,
        value=quantity.with_interval,
    ), quantity  # fmt: skip


def swap_fact(requirement: JudgedRequirement, finding: Finding) -> tuple[Message, Quantity] | None:
    """Return how often a swap of the words for one group for those of another changed the prediction, or the score."""
    given = {key: finding.details.get(key) for key in ("from", "to")} | {"identity": finding.scope.get("identity")}
    if finding.value is None or not all(isinstance(value, str) for value in given.values()):
        return None
    shift = finding.metric == "score_shift"
    quantity = Quantity(requirement, POINTS if shift else SHARE, finding.value)
    places = {**given, "value": quantity.with_interval, "rows": finding.n or 0}
    if shift:
        return message(
            "{identity}: with the words for {to} in the place of those for {from}, scores of {rows:,} texts move by "
            "{value} on average",
            **places,
        ), quantity  # fmt: skip
    return message(
        "{identity}: with the words for {to} in the place of those for {from}, the prediction of {value} of {rows:,} "
        "texts changes",
        **places,
    ), quantity  # fmt: skip


def _pair(requirement: JudgedRequirement, finding: Finding, named: Sequence[tuple[str, float]]) -> Message:
    """Return two groups with the rate of each, in so many rows where it is a share of rows."""
    rate, label = str(finding.details["rate"]), finding.details.get("label")
    (group, first), (other_group, second) = named
    if rate not in _DOING:
        unit = SHARE if rate in _SCORES else POINTS
        one, other = (Quantity(requirement, unit, value).number for value in (first, second))
        return message(
            "{group} {rate} {one}, {other_group} {other}",
            group=group, rate=rate, one=one, other_group=other_group, other=other,
        )  # fmt: skip
    (low, high), whole = in_so_many(first, second)
    places = {
        "doing": _doing(rate, label), "group": group, "one": low, "whole": whole, "other_group": other_group,
        "other": high,
    }  # fmt: skip
    if _says_itself(rate, label):
        return message("{group} {doing} {one} in {whole}, {other_group} {other}", **places)
    return message("{doing} for {one} in {whole} of {group}, for {other} of {other_group}", **places)


def _largest(requirement: JudgedRequirement, finding: Finding, rate: str | Message, gap: Quantity) -> Message:
    return message(
        "{attribute}: the largest gap between two groups ({rate}) is {points}",
        attribute=_attribute(requirement, finding), rate=rate, points=gap.with_interval,
    )  # fmt: skip


def _attribute(requirement: JudgedRequirement, finding: Finding) -> str:
    if "attribute" in finding.scope:
        return finding.scope["attribute"]
    limit = finding.requirement
    own = [key for key in finding.scope if key != "split"]
    return limit.about if limit is not None and limit.about else next(iter(own), requirement.check)


def _says_itself(rate: str, label: object) -> bool:
    """Return whether a label, such as "not flagged", says itself what happened."""
    return rate in _PREDICTED and isinstance(label, str) and _WHAT_IS_DONE.fullmatch(label) is not None


def _doing(rate: str, label: object) -> Message | str:
    if _says_itself(rate, label):
        return _PHRASE.model_copy(update={"values": {"label": str(label)}})
    found = _DOING.get(rate)
    if found is None or (label is None and "{label}" in found.id):
        return message("{rate}", rate=rate)
    return found.model_copy(update={"values": {"label": str(label)}})


def _of(record: Record, rate: str, label: object) -> Message | None:
    if rate not in _OF or label is None:
        return None
    people, rows = _OF[rate]
    return (people if about_people(record) else rows).model_copy(update={"values": {"label": str(label)}})
