"""What a requirement came to, as a fact that a person reads: who, what, how much, against which limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from llmops_audit.record import Finding, Message, Op, Record, Scalar, Verdict, message
from llmops_audit.record.requirements import JudgedRequirement
from llmops_audit.render.fact_numbers import COUNT, NUMBER, POINTS, SHARE, Quantity, written
from llmops_audit.render.group_facts import group_gap, group_minimum, swap_fact

__all__ = ["constant_label", "deciding", "fact", "name_of", "quantity"]

Places = dict[str, Scalar | Message]

_KEY = re.compile(r"[a-z_]+")

Fact = tuple[Message, Quantity]
"""What was measured, and the quantity that its limit is on."""


def deciding(record: Record, requirement: JudgedRequirement) -> Finding | None:
    """Return the finding whose value and interval a requirement has; None where the record holds none."""
    findings = {finding.id: finding for check in record.checks for finding in check.findings}
    own = [findings[id] for id in requirement.findings if id in findings]
    same = (one for one in own if one.value == requirement.value and one.interval == requirement.interval)
    return next(same, own[0] if own else None)


def fact(record: Record, requirement: JudgedRequirement) -> Message:
    """Return what a requirement came to in one sentence without its line, with numbers that a person reads."""
    finding = deciding(record, requirement)
    if finding is None:
        return message("{name}: {value}", name=requirement.id, value=_number(requirement))
    if finding.value is None:
        return message("{metric}{about}: {why}", metric=finding.metric, about=_about(finding), why=finding.message)
    what, quantity = _measured(record, requirement, finding) or _other(requirement, finding)
    if requirement.verdict is not Verdict.INCONCLUSIVE:
        return message("{what}; {limit}", what=what, limit=quantity.limit)
    without = finding.details.get("value_without_seen_rows")
    if isinstance(without, int | float) and quantity.unit is SHARE:
        again = Quantity(requirement, SHARE, without).number
        if again != quantity.number:
            what = message("{what}, without the rows seen in training {value}", what=what, value=again)
    return message("{what}; {limit}: these rows cannot decide", what=what, limit=quantity.limit)


def quantity(record: Record, requirement: JudgedRequirement) -> Quantity | None:
    """Return the value of a requirement with its interval and its limit; None where the value is undefined."""
    finding = deciding(record, requirement)
    if finding is None or finding.value is None:
        return None
    found = (_measured(record, requirement, finding) or _other(requirement, finding))[1]
    # A fact may name the pair of groups that decides; the value is then that of another pair.
    return replace(found, value=finding.value) if found.requirement is requirement else found


def name_of(record: Record, requirement: JudgedRequirement) -> Message:
    """Return what a requirement is on: metric, attribute or label, and a split other than the test split."""
    finding = deciding(record, requirement)
    if finding is None or finding.requirement is None:
        return message("{name}", name=requirement.id)
    against = finding.scope.get("against")
    if against == "chance":
        return message("{metric} against guessing", metric=finding.metric)
    about = _attributes(finding)
    split = finding.scope.get("split", "test")
    if against == "before":
        return message("{metric}{about} since the release before", metric=finding.metric, about=_in_brackets(about))
    if split != "test":
        return message("{metric}{about}, {split}", metric=finding.metric, about=_in_brackets(about), split=split)
    return message("{metric}{about}", metric=finding.metric, about=_in_brackets(about))


def _in_brackets(values: Iterable[tuple[str, str]]) -> Message | str:
    """Return the values of a scope in brackets, each in words where its key gives it some."""
    named: Message | str = ""
    for key, value in values:
        one = value if _KEY.fullmatch(key) is None else Message(id="{" + key + "}", values={key: value})
        named = message("{first}, {rest}", first=named, rest=one) if named else one
    return message(" ({values})", values=named) if named else ""


def constant_label(finding: Finding) -> str | None:
    """Return the label that the classifier predicts for every row, as the sentence of a finding says it."""
    return next((str(one.values["only"]) for one in _sentences(finding.message) if "only" in one.values), None)


def _sentences(text: Message) -> Iterator[Message]:
    yield text
    for value in text.values.values():
        if isinstance(value, Message):
            yield from _sentences(value)


def _measured(record: Record, requirement: JudgedRequirement, finding: Finding) -> Fact | None:
    against = finding.scope.get("against")
    if against == "before":
        return _release(requirement, finding)
    if against == "chance":
        return _chance(requirement, finding)
    if "column" in finding.scope and finding.metric.endswith("_effect"):
        return _drift(requirement, finding)
    if finding.metric in _PERSONAL and "kind" not in finding.scope and not finding.value and _excepts(record, finding):
        return _none_but_excepted(requirement, finding)
    # The value of a group, or the gap between two, where the details say whose it is.
    of_groups = group_gap(record, requirement, finding) or group_minimum(requirement, finding)
    write = _BY_METRIC.get(finding.metric)
    return of_groups or (None if write is None else write(requirement, finding))


def _other(requirement: JudgedRequirement, finding: Finding) -> Fact:
    quantity = Quantity(requirement, NUMBER, finding.value or 0.0)
    return message(
        "{metric}{about}: {value}", metric=finding.metric, about=_about(finding), value=quantity.with_interval
    ), quantity


def _about(finding: Finding) -> Message | str:
    return _in_brackets(item for item in sorted(finding.scope.items()) if item[0] not in ("split", "against"))


def _attributes(finding: Finding) -> tuple[tuple[str, str], ...]:
    """Return what the requirement of a finding is about, with the key of its scope."""
    about = "" if finding.requirement is None else finding.requirement.about
    key = next((key for key, value in finding.scope.items() if value == about), "")
    return ((key, about),) if about else ()


def _number(requirement: JudgedRequirement) -> Scalar:
    return None if requirement.value is None else written(requirement.value, 2)


def _value(requirement: JudgedRequirement, finding: Finding) -> float:
    return requirement.value if finding.value is None else finding.value  # type: ignore[return-value]


_LABELLED: Mapping[str, Message] = {
    "recall": message("Of the rows that are “{label}”, {value} are found"),
    "precision": message("Of the rows predicted “{label}”, {value} are rightly so"),
    "f1": message("F1 of “{label}” {value}"),
    "roc_auc": message("Of one row that is “{label}” and one that is not, scores order {value} of pairs rightly"),
}
_NAMED: Mapping[str, Message] = {
    "accuracy": message("Accuracy {value}"),
    "balanced_accuracy": message("Balanced accuracy {value}"),
    "recall": message("Recall {value}"),
    "precision": message("Precision {value}"),
    "f1": message("F1 {value}"),
    "macro_f1": message("Macro F1 {value}"),
    "micro_f1": message("Micro F1 {value}"),
    "roc_auc": message("Of one row with the label and one without, scores order {value} of pairs rightly"),
    "group_separability": message("Of one row of the group and one of another, the inputs tell {value} of pairs apart"),
}


def _share(requirement: JudgedRequirement, finding: Finding) -> Fact:
    quantity = Quantity(requirement, SHARE, _value(requirement, finding))
    label = finding.scope.get("label")
    text = _NAMED[finding.metric] if label is None else _LABELLED.get(finding.metric)
    if text is None:
        text = message("{metric} of “{label}”: {value}")
    places: Places = {"value": quantity.with_interval, "metric": finding.metric, "label": label}
    return text.model_copy(update={"values": {key: places[key] for key in places if f"{{{key}}}" in text.id}}), quantity


def _chance(requirement: JudgedRequirement, finding: Finding) -> Fact:
    quantity = Quantity(requirement, SHARE, _value(requirement, finding))
    only, swapped = constant_label(finding), finding.details.get("swapped")
    if only is not None:
        return message(
            "Every row is predicted “{only}”: balanced accuracy {value}, as by guessing",
            only=only, value=quantity.number,
        ), quantity  # fmt: skip
    if isinstance(swapped, float):
        return message(
            "Balanced accuracy {value} is worse than guessing; with the labels swapped it would be {swapped}",
            value=quantity.with_interval, swapped=Quantity(requirement, SHARE, swapped).number,
        ), quantity  # fmt: skip
    return message("Against guessing: balanced accuracy {value}", value=quantity.with_interval), quantity


def _never_found(requirement: JudgedRequirement, finding: Finding) -> Fact:
    quantity, only = Quantity(requirement, COUNT, _value(requirement, finding)), constant_label(finding)
    if not finding.value:
        return message("Labels that are never predicted rightly: {value}", value=quantity.number), quantity
    for one in _sentences(finding.message):
        rows, labels = one.values.get("rows"), one.values.get("labels")
        if only is not None and isinstance(rows, int):
            return message(
                "Every row is predicted “{only}”, so that the labels of {rows:,} rows are never predicted",
                only=only,
                rows=rows,
            ), quantity
        if isinstance(labels, tuple):
            return message("Labels that are never predicted rightly: {labels}", labels=labels), quantity
    return message("Labels that are never predicted rightly: {value}", value=quantity.number), quantity


_GAINS: Mapping[str, tuple[Message, Message]] = {
    "gain_over_majority": (
        message("Accuracy is {value} above always predicting the most frequent label"),
        message("Accuracy is {value} below always predicting the most frequent label"),
    ),
    "gain_over_one_rule": (
        message("Accuracy is {value} above the best rule on one feature"),
        message("Accuracy is {value} below the best rule on one feature"),
    ),
    "train_test_gap": (
        message("Accuracy on training rows is {value} above that on test rows"),
        message("Accuracy on training rows is {value} below that on test rows"),
    ),
}


def _gain(requirement: JudgedRequirement, finding: Finding) -> Fact:
    value = _value(requirement, finding)
    above, below = _GAINS[finding.metric]
    quantity = Quantity(requirement, POINTS, value)
    if value < 0:
        shown = Quantity(_turned(requirement), POINTS, -value).with_interval
        return below.model_copy(update={"values": {"value": shown}}), quantity
    return above.model_copy(update={"values": {"value": quantity.with_interval}}), quantity


def _turned(requirement: JudgedRequirement) -> JudgedRequirement:
    """Return a requirement on a gain as that on a loss."""
    low, high = requirement.interval or (None, None)
    ends = (None if high is None else 0.0 - high, None if low is None else 0.0 - low)
    turned = {Op.AT_LEAST: Op.AT_MOST, Op.ABOVE: Op.BELOW, Op.AT_MOST: Op.AT_LEAST, Op.BELOW: Op.ABOVE}
    return requirement.model_copy(
        update={
            "op": turned[requirement.op],
            "limit": 0.0 - requirement.limit,
            "interval": None if requirement.interval is None else ends,
        }
    )


def _release(requirement: JudgedRequirement, finding: Finding) -> Fact | None:
    before, now, value = finding.details.get("before"), finding.details.get("now"), finding.value
    if value is None or not isinstance(before, int | float) or not isinstance(now, int | float):
        return None
    own = {key: one for key, one in finding.scope.items() if key not in ("split", "against")}
    rising = requirement.op in (Op.AT_LEAST, Op.ABOVE)
    loss = Quantity(_turned(requirement) if rising else requirement, POINTS, 0.0 - value if rising else value)
    steps = [Quantity(requirement, SHARE, one).number for one in (before, now)]
    change, loss = _change(loss)
    return message(
        "{metric}{about} was {before} in the release before and is {now}: {change}",
        metric=finding.metric, about=_in_brackets(own.items()), before=steps[0], now=steps[1], change=change,
    ), loss  # fmt: skip


def _change(loss: Quantity) -> Fact:
    """Return a loss in words, a negative one as the gain that it is."""
    if loss.value >= 0:
        return message("a loss of {loss}", loss=loss.with_interval), loss
    gain = Quantity(_turned(loss.requirement), loss.unit, -loss.value)
    better = message("{gain} better{interval}", gain=gain.number, interval=gain.interval)
    return better, replace(loss, as_gain=True)


def _live_loss(requirement: JudgedRequirement, finding: Finding) -> Fact | None:
    before, after = (finding.details.get(f"accuracy_on_{split}") for split in ("test", "live"))
    if not isinstance(before, int | float) or not isinstance(after, int | float):
        return None
    change, loss = _change(Quantity(requirement, POINTS, _value(requirement, finding)))
    return message(
        "Accuracy was {before} on test rows and is {after} on live rows: {change}",
        before=Quantity(requirement, SHARE, before).number, after=Quantity(requirement, SHARE, after).number,
        change=change,
    ), loss  # fmt: skip


def _drift(requirement: JudgedRequirement, finding: Finding) -> Fact:
    effect = Quantity(requirement, NUMBER, _value(requirement, finding))
    places: Places = {"column": finding.scope["column"], "metric": finding.metric, "value": effect.with_interval}
    places |= {"split": finding.scope.get("split", "test")}
    if "feature" in finding.scope:
        return message(
            "Shift of {column}, {feature} ({split}): {metric} {value}", feature=finding.scope["feature"], **places
        ), effect
    return message("Shift of {column} ({split}): {metric} {value}", **places), effect


def _drifted_columns(requirement: JudgedRequirement, finding: Finding) -> Fact:
    count = Quantity(requirement, COUNT, _value(requirement, finding))
    return message("Columns that drift: {value}", value=count.number), count


def _calibration(requirement: JudgedRequirement, finding: Finding) -> Fact:
    error = Quantity(requirement, POINTS, _value(requirement, finding))
    return message("Probabilities are off by {value} on average", value=error.with_interval), error


def _invalid(requirement: JudgedRequirement, finding: Finding) -> Fact:
    share = Quantity(requirement, SHARE, _value(requirement, finding))
    rows = finding.n or 0
    return message(
        "Outputs that are no label: {count:,} of {rows:,}, {value}",
        count=round(share.value * rows), rows=rows, value=share.with_interval,
    ), share  # fmt: skip


def _personal_rows(requirement: JudgedRequirement, finding: Finding) -> Fact:
    count = Quantity(requirement, COUNT, _value(requirement, finding))
    places: Places = {"value": count.number, "rows": finding.n or 0, "split": finding.scope.get("split", "test")}
    if "kind" in finding.scope:
        kind = finding.scope["kind"]
        return message("Personal data ({kind}): in {value} of {rows:,} rows ({split})", kind=kind, **places), count
    if not finding.value:
        return message("Personal data that identifies: none in {rows:,} rows ({split})", **places), count
    return message("Personal data that identifies: in {value} of {rows:,} rows ({split})", **places), count


_PERSONAL = ("personal_data_rows", "personal_data_in_model")
_EXCEPTIONS = ("allow", "allow_columns", "skip", "max_rows", "max_rate", "max_in_model")
"""Settings by which personal data may be there that the default does not count."""


def _excepts(record: Record, finding: Finding) -> bool:
    own = (check.settings for check in record.checks if any(one.id == finding.id for one in check.findings))
    return any(settings.get(name) for settings in own for name in _EXCEPTIONS)


def _none_but_excepted(requirement: JudgedRequirement, finding: Finding) -> Fact:
    count, texts = Quantity(requirement, COUNT, 0.0), finding.details.get("model_texts")
    if finding.metric == "personal_data_in_model":
        read = texts if isinstance(texts, int) else 0
        return message(
            "Personal data in the model, beside what the spec allows, limits or leaves out: none in {texts:,} texts",
            texts=read,
        ), count  # fmt: skip
    return message(
        "Personal data that identifies, beside what the spec allows, limits or leaves out: none in {rows:,} rows "
        "({split})",
        rows=finding.n or 0, split=finding.scope.get("split", "test"),
    ), count  # fmt: skip


def _personal_in_model(requirement: JudgedRequirement, finding: Finding) -> Fact:
    count, texts = Quantity(requirement, COUNT, _value(requirement, finding)), finding.details.get("model_texts")
    read = texts if isinstance(texts, int) else 0
    if finding.value:
        return message(
            "Personal data in the model: {value} found in {texts:,} texts", value=count.number, texts=read
        ), count
    return message("Personal data in the model: none in {texts:,} texts", texts=read), count


def _overlap(requirement: JudgedRequirement, finding: Finding) -> Fact:
    count = Quantity(requirement, COUNT, _value(requirement, finding))
    return message(
        "Personal values of training rows that occur again ({split}): {value}",
        split=finding.scope.get("split", "test"), value=count.number,
    ), count  # fmt: skip


def _proxies(requirement: JudgedRequirement, finding: Finding) -> Fact:
    quantity = Quantity(requirement, SHARE, _value(requirement, finding))
    own = {key: value for key, value in finding.scope.items() if key != "split"}
    attribute, group = next(iter(own.items()), ("", ""))
    return message(
        "{attribute}: of one row that is {group} and one that is not, the inputs tell which is which in {value} of "
        "pairs",
        attribute=attribute, group=group, value=quantity.with_interval,
    ), quantity  # fmt: skip


_BY_METRIC: Mapping[str, Callable[[JudgedRequirement, Finding], Fact | None]] = {
    **dict.fromkeys(_NAMED, _share),
    **dict.fromkeys(_GAINS, _gain),
    **dict.fromkeys(("flip_rate", "score_shift"), swap_fact),
    "labels_with_zero_recall": _never_found,
    "live_loss": _live_loss,
    "drifted_columns": _drifted_columns,
    "expected_calibration_error": _calibration,
    "invalid_outputs": _invalid,
    "personal_data_rows": _personal_rows,
    "personal_data_in_model": _personal_in_model,
    "personal_data_overlap": _overlap,
    "group_separability": _proxies,
}
