"""What each column is taken for, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmops_audit.cli.init.looks import FEW, Look, missing_words
from llmops_audit.cli.init.name_words import (
    AGE,
    BORN,
    CASES,
    CODES,
    GROUPS,
    IDS,
    NO_TEXTS,
    SPLIT,
    TEXTS,
    TIMES,
    UNITS,
    WEIGHTS,
    YEARS,
    label_rank,
    names_a_label,
    says,
    words_of,
)
from llmops_audit.cli.init.output_columns import NAMED, SavedOutputs, label_of, outputs_of, positive_of
from llmops_audit.errors import DataError
from llmops_audit.record.labels import Label

if TYPE_CHECKING:
    from llmops_audit.cli.init.split_files import SplitFiles

__all__ = ["THRESHOLD", "Roles", "Taken", "roles_of"]

MOST_CATEGORIES = 0.2
"""Share of the rows that distinct categories may have before they tell rows rather than kinds."""

FEWEST_UNITS = 10
SURE_LABEL = 2
"""Rank of a name, up to "label", that speaks of nothing else."""

THRESHOLD = 0.5
"""Score from which the positive label is predicted, until somebody chooses another."""

SHORT_TEXT, WORDY = 3.0, 5.0
"""Words of a text whose name says so, and of one whose name does not."""


@dataclass(frozen=True)
class Taken:
    """A column, what it was taken for, and why."""

    name: str
    role: str
    why: str


@dataclass
class Roles:
    """What a spec says of the columns.

    Attributes
    ----------
    label : Look
    outputs : SavedOutputs
    positive : label, optional
        Where it is self-evident, or scores need it.
    text : Look, optional
    features, categorical, groups : list of str
    unit, time, id, weight : str, optional
    na_values : tuple of str
        Cells that mean a missing value, beside those of the default.
    taken : dict of str to Taken
        By column.
    """

    label: Look
    outputs: SavedOutputs
    positive: Label | None = None
    text: Look | None = None
    features: list[str] = field(default_factory=list)
    categorical: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    unit: str | None = None
    time: str | None = None
    id: str | None = None
    weight: str | None = None
    na_values: tuple[str, ...] = ()
    taken: dict[str, Taken] = field(default_factory=dict)

    def take(self, name: str, role: str, why: str) -> None:
        """Note what a column was taken for; the first word counts."""
        self.taken.setdefault(name, Taken(name, role, why))


def roles_of(tables: SplitFiles, shown: str) -> Roles:
    """Tell the columns apart.

    Raises
    ------
    DataError
        Where there is no label, or nothing that a classifier could learn from.
    """
    looks = tables.looks
    labelled = [look for look in tables.labelled_looks.values() if tables.stands_in(look.name, tables.labelled)]
    label = label_of(labelled, shown)
    # Training rows need no saved predictions.
    predicted = [part for part in tables.parts if part != "train"]
    judged = [look for look in looks.values() if tables.stands_in(look.name, predicted)]
    roles = Roles(label, outputs_of(judged, label, tables.outputs), positive_of(label.values))
    _decide_by_scores(roles, tables)
    _take_outputs(roles, tables)
    for name, why in tables.left_out.items():
        roles.take(name, "left out", why)
    free = [look for look in looks.values() if look.name not in roles.taken]
    for rule in (_is_nothing, _is_sensitive, _is_marked, _is_key, _is_moment):
        for look in free:
            if look.name not in roles.taken:
                rule(look, roles, tables)
    free = [look for look in free if look.name not in roles.taken]
    _take_text(free, roles)
    for look in free:
        if look.name not in roles.taken:
            _take_feature(look, roles)
    _stray_cells(roles, looks)
    _require_inputs(roles, looks, shown)
    return roles


def _decide_by_scores(roles: Roles, tables: SplitFiles) -> None:
    """Say which label scores speak for, and whether they alone can be judged."""
    outputs, label = roles.outputs, roles.label
    if roles.positive is None and isinstance(outputs.scores, str):
        roles.positive = tables.higher(outputs.scores, label)
    if outputs.predictions is not None or outputs.scores is None:
        return
    if isinstance(outputs.scores, str):
        # Of two labels the likelier has at least a half: such scores are of what was predicted, whatever that was.
        lowest = tables.looks[outputs.scores].low
        decide = roles.positive is not None and lowest is not None and lowest < THRESHOLD
    else:
        decide = True
    roles.outputs = replace(outputs, scores_decide=decide)


def _take_outputs(roles: Roles, tables: SplitFiles) -> None:
    label, outputs = roles.label, roles.outputs
    named = "its name" if label_rank(label.name) < NAMED else f"guessed: the last column with 2 to {FEW} values"
    roles.take(label.name, "label", f"{named}; {label.distinct} labels")
    if outputs.predictions is not None:
        roles.take(outputs.predictions, "predictions", _how_read(outputs))
    for name in outputs.other_predictions:
        roles.take(name, "left out", "more predictions: another audit, or `[baseline] predictions`")
    for name in outputs.unlike:
        roles.take(name, "left out", "named as predictions, but none of its values is a label")
    for name in outputs.score_columns:
        alone = "; the label is predicted from them" if outputs.scores_decide else ""
        roles.take(name, "scores", f"its name, and numbers from 0 to 1{alone}")
    for name in outputs.other_scores:
        roles.take(name, "left out", "looks like scores, but of which label is not clear, or cells are missing")


def _how_read(outputs: SavedOutputs) -> str:
    reading = outputs.reading
    if reading is None:
        return "saved predictions: its values are labels"
    return f"saved outputs: {reading.read:,} of {reading.of:,} become a label by [model.output]"


def _is_nothing(look: Look, roles: Roles, tables: SplitFiles) -> None:
    if look.constant:
        roles.take(look.name, "left out", "no value" if look.distinct == 0 else "the same value in every row")
    elif says(look.name, SPLIT, whole=True) and look.distinct <= FEW and look.kind == "category":
        roles.take(look.name, "left out", "names the split of a row: write each split into a file of its own")
    elif 2 <= look.distinct <= len(roles.label.values) and tables.same(look.name, roles.label.name):
        roles.take(look.name, "left out", "another spelling of the label: as a feature it would give the label away")
    elif _names_another_label(look):
        roles.take(look.name, "left out", "looks like another label")


def _names_another_label(look: Look) -> bool:
    if "label" in words_of(look.name) or "标签" in look.name:
        return True
    return 2 <= look.distinct <= FEW and names_a_label(look.name) and label_rank(look.name) <= SURE_LABEL


def _is_sensitive(look: Look, roles: Roles, tables: SplitFiles) -> None:
    from llmops_audit.personal_data import find

    band = says(look.name, AGE) and look.kind == "category" and not look.stray
    few = 2 <= look.distinct <= FEW
    if not (says(look.name, GROUPS, whole=True) or band or (few and _sensitive_word(look.name))):
        return
    if few and look.kind in ("category", "number", "truth") and not any(find([str(value) for value in look.values])):
        roles.groups.append(look.name)
        roles.take(look.name, "group", f"a sensitive attribute, with {look.distinct} values; no feature")


def _sensitive_word(name: str) -> bool:
    return says(name, GROUPS - {"race"}) and not says(name, IDS)


def _is_marked(look: Look, roles: Roles, tables: SplitFiles) -> None:
    if says(look.name, WEIGHTS, whole=True) and look.kind == "number":
        roles.weight = look.name
        roles.take(look.name, "left out", "looks like sample weights: see `weight` in the spec")
    elif look.infinite:
        roles.take(look.name, "left out", "holds infinite values")
    elif look.kind in _NO_FEATURES:
        roles.take(look.name, "left out", _NO_FEATURES[look.kind])


_NO_FEATURES = {
    "url": "holds web addresses",
    "json": "holds JSON objects",
    "list": "holds lists",
}


def _is_key(look: Look, roles: Roles, tables: SplitFiles) -> None:
    key = says(look.name, IDS) or says(look.name, CASES) or look.name.lower().endswith("id")
    countable = look.kind in ("code", "category", "text") or (look.kind == "number" and look.whole)
    if not countable or look.missing:
        if look.kind == "code":
            roles.take(look.name, "left out", "holds codes that tell rows")
        return
    unit = _names_unit(look.name, key=key)
    counted = look.kind == "number" and look.high is not None and look.high - (look.low or 0) + 1 == look.distinct
    if tables.unique(look.name):
        if (key or look.kind == "code") and roles.id is None and tables.stands_in(look.name, tables.parts):
            roles.id = look.name
            roles.take(look.name, "id", "another value in every row")
        elif key or look.kind == "code" or (counted and look.rows > FEW):
            roles.take(look.name, "left out", "numbers the rows")
    elif unit and look.distinct >= FEWEST_UNITS:
        if roles.unit is None and tables.stands_in(look.name, tables.parts):
            roles.unit = look.name
            roles.take(look.name, "unit", f"{look.distinct:,} of them have {look.rows:,} rows")
        else:
            roles.take(look.name, "left out", "tells whom a row belongs to")
    elif look.kind == "code" or (key and look.distinct > FEW):
        roles.take(look.name, "left out", "an identifier that repeats")


def _names_unit(name: str, *, key: bool) -> bool:
    words = words_of(name)
    last = words[-1] if words else ""
    if says(name, UNITS) and key:
        return True
    return last in UNITS or any(name.endswith(word) for word in UNITS if not word.isascii())


def _is_moment(look: Look, roles: Roles, tables: SplitFiles) -> None:
    year = (
        look.kind == "number" and look.whole and not look.stray and says(look.name, YEARS, whole=True)
        and look.low is not None and look.high is not None and 1900 <= look.low <= look.high <= 2100
    )  # fmt: skip
    if look.kind not in ("time", "date") and not year:
        return
    if says(look.name, BORN):
        roles.take(look.name, "left out", "a date of birth")
    elif look.kind == "date":
        roles.take(look.name, "left out", "dates that are not in ISO 8601, such as 2026-11-24")
    elif not tables.stands_in(look.name, tables.parts):
        roles.take(look.name, "left out", "times, which not every file has")
    elif roles.time is None:
        roles.time = look.name
        roles.take(look.name, "time", "years" if year else "dates or times in ISO 8601")
    elif not says(roles.time, TIMES) and says(look.name, TIMES):
        del roles.taken[roles.time]
        roles.take(roles.time, "left out", "more dates")
        roles.time = look.name
        roles.take(look.name, "time", "dates or times in ISO 8601, and its name")
    else:
        roles.take(look.name, "left out", "more dates")


def _take_text(free: Sequence[Look], roles: Roles) -> None:
    texts = [look for look in free if look.kind == "text"]
    others = [look for look in free if look.kind in ("number", "truth", "category")]
    fits = [look for look in texts if _is_prose(look, alone=not others)]
    if fits:
        roles.text = max(fits, key=lambda look: (says(look.name, TEXTS), look.characters))
        script = ", in Chinese" if roles.text.chinese else ""
        roles.take(roles.text.name, "text", f"words{script}: {roles.text.characters:.0f} characters on average")
        for look in others:
            roles.take(look.name, "left out", "a spec names a text or features, and this file has a text")
    for look in texts:
        why = "another text" if fits else "holds words of many kinds"
        roles.take(look.name, "left out", why)


def _is_prose(look: Look, *, alone: bool) -> bool:
    if says(look.name, TEXTS):
        return True
    if says(look.name, NO_TEXTS):
        return False
    return look.characters >= 6 if look.spaceless else look.words >= (SHORT_TEXT if alone else WORDY)


def _take_feature(look: Look, roles: Roles) -> None:
    note, number = "", look.kind == "number"
    if look.decimal:
        roles.categorical.append(look.name)
        note = "categories: numbers with percent signs, or written in another way than others; mend that in the file"
    elif look.kind == "category" and look.distinct > max(FEW, MOST_CATEGORIES * look.rows):
        roles.take(look.name, "left out", "nearly every row has another value")
        return
    elif look.stored == "text" and (number or look.stray):
        roles.categorical.append(look.name)
        note = "categories: stored as text, though cells look like numbers"
    elif look.dictionary:
        roles.categorical.append(look.name)
        note = f"{look.distinct:,} categories, as the file says"
    elif number and (look.zeros or (look.whole and says(look.name, CODES))):
        roles.categorical.append(look.name)
        note = "codes, not amounts: categories"
    elif number and _is_age(look.name):
        note = "numbers; as numbers, ages are no groups: a column of age bands would be"
    roles.features.append(look.name)
    roles.take(look.name, "feature", note or ("numbers" if number else f"{look.distinct:,} categories"))


def _is_age(name: str) -> bool:
    words = words_of(name)
    return says(name, AGE, whole=True) or (says(name, AGE) and (words[:1] == ("age",) or says(name, UNITS)))


def _stray_cells(roles: Roles, looks: Mapping[str, Look]) -> None:
    """Say what cells mean that are no numbers in a column of numbers: missing values, or categories."""
    values = {str(value) for name in (roles.label.name, *roles.groups) for value in looks[name].values}
    if roles.outputs.predictions is not None:
        values |= {str(value) for value in looks[roles.outputs.predictions].values}
    more: set[str] = set()
    for name in roles.features:
        look = looks[name]
        if not look.stray or name in roles.categorical:
            continue
        words = set(missing_words(look.stray)) if look.kind == "number" else set()
        if words and not words & values:
            more |= words
            why = f"numbers; cells that say something like 'unknown' are taken for missing values: {len(words)} words"
        else:
            roles.categorical.append(name)
            strays = f"{len(look.stray):,} of {look.distinct:,}"
            why = f"categories: {strays} different cells are no numbers; if they mean a missing value, see `na_values`"
        roles.taken[name] = Taken(name, "feature", why)
    roles.na_values = tuple(sorted(more))


def _require_inputs(roles: Roles, looks: Mapping[str, Look], shown: str) -> None:
    if roles.text is None and not roles.features and roles.groups and not roles.outputs.saved:
        for name in roles.groups:
            roles.features.append(name)
            roles.taken[name] = Taken(name, "group", "a sensitive attribute; a feature as well, for want of others")
    if roles.text is None and not roles.features and not roles.outputs.saved:
        raise DataError(
            shown,
            "has no column that a classifier could learn from",
            "a column of texts, or features, beside the label, or a column of saved predictions, called 'prediction'",
        )
