"""Which column is the truth, and which are a classifier's predictions and scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.cli.init.looks import FEW, Look
from llmops_audit.cli.init.name_words import (
    AGE,
    GROUPS,
    IDS,
    LABELS,
    MODELS,
    OTHER_LABELS,
    POSITIVES,
    PREDICTION_WORDS,
    PREDICTIONS,
    SCORES,
    SPLIT,
    UNITS,
    label_rank,
    names_a_label,
    says,
    words_of,
)
from llmops_audit.cli.init.readings import Reading, reading_of
from llmops_audit.errors import DataError
from llmops_audit.record.labels import Label, canonical_label

__all__ = ["SavedOutputs", "is_score", "label_of", "outputs_of", "positive_of"]

NAMED = 2 * len(LABELS) + 2
"""Rank of a name that says nothing of a label."""

LONGEST = 200
GENERIC = ({0, 1}, {-1, 1}, {"false", "true"}, {"no", "yes"}, {"n", "y"}, {"0", "1"}, {1, 2}, {"否", "是"})
"""Labels that many other columns have as well."""


@dataclass(frozen=True)
class SavedOutputs:
    """The columns of a classifier's outputs.

    Attributes
    ----------
    predictions : str, optional
    other_predictions : tuple of str
        More columns that look like predictions.
    unlike : tuple of str
        Named as predictions, but none of their values is a label.
    scores : str or mapping of label to str, optional
    other_scores : tuple of str
        More columns that look like scores, or that no label could be found for.
    reading : Reading, optional
        How predictions that are no labels as they stand become labels.
    scores_decide : bool
        Whether there are scores and no predictions, and the label can be predicted from them.
    """

    predictions: str | None
    other_predictions: tuple[str, ...]
    unlike: tuple[str, ...]
    scores: str | Mapping[Label, str] | None
    other_scores: tuple[str, ...]
    reading: Reading | None = None
    scores_decide: bool = False

    @property
    def saved(self) -> bool:
        """Whether saved outputs are judged, and nothing is trained."""
        return self.predictions is not None or self.scores_decide

    @property
    def score_columns(self) -> tuple[str, ...]:
        """Columns of `scores`."""
        return (self.scores,) if isinstance(self.scores, str) else tuple((self.scores or {}).values())


def is_score(look: Look) -> bool:
    """Return whether a column is named as scores and holds numbers from 0 to 1."""
    words = words_of(look.name)
    named = says(look.name, SCORES) or (words[:1] == ("p",) and len(words) > 1)
    return named and look.share and look.distinct > 2


def _is_prediction(look: Look) -> bool:
    named = says(look.name, PREDICTIONS, whole=True) or says(look.name, PREDICTION_WORDS)
    return named and not is_score(look)


def label_of(looks: Sequence[Look], shown: str) -> Look:
    """Return the column of the true label.

    Parameters
    ----------
    looks : sequence of Look
        Columns that stand in every split whose label is needed, in file order.
    shown : str
        The files, for errors.

    Raises
    ------
    DataError
        Where there is none, or rows lack theirs.
    """
    candidates = [look for look in looks if _may_be_label(look)]
    predicted = [look for look in looks if _is_prediction(look) and look.values]
    alike = [look for look in candidates if any(_alike(look.values, one.values) for one in predicted)]
    position = {look.name: number for number, look in enumerate(looks)}

    def place(look: Look) -> tuple[bool, bool, int, int]:
        unlike = bool(alike) and look not in alike
        return look.missing > 0, unlike, label_rank(look.name), -position[look.name]

    fractions = [look for look in looks if names_a_label(look.name) and look.kind == "number" and not look.whole]
    if fractions and all(label_rank(look.name) >= NAMED for look in candidates):
        wrong = "is called what labels are, and holds fractions, which classifiers take for amounts"
        raise DataError(f"{shown}: column '{fractions[0].name}'", wrong, "words or whole numbers")
    if not candidates:
        raise DataError(
            shown, "has no column that could be the label", f"one with 2 to {FEW} distinct values, or called 'label'"
        )
    best = min(candidates, key=place)
    named = [look for look in candidates if look.missing and names_a_label(look.name)]
    if label_rank(best.name) >= NAMED and best not in alike and named:
        best = min(named, key=place)
    if best.missing:
        raise DataError(
            f"{shown}: column '{best.name}'",
            f"looks like the label, and is missing in {best.missing:,} of {best.rows:,} rows",
            "a label in every row: leave those rows out, or give them as `--from live=FILE`",
        )
    return best


def _may_be_label(look: Look) -> bool:
    from llmops_audit.personal_data import find

    # Many labels, such as intents, are believed where the name says so and each has rows.
    most = len(look.values) if names_a_label(look.name) and look.rows >= 4 * look.distinct else FEW
    if not 2 <= look.distinct <= most or look.kind not in ("category", "number", "truth", "text") or look.infinite:
        return False
    if look.kind == "number" and not look.whole:
        # Classifiers take fractions for amounts.
        return False
    if _is_prediction(look) or is_score(look):
        return False
    other = says(look.name, GROUPS) or says(look.name, SPLIT, whole=True) or says(look.name, OTHER_LABELS)
    if other or says(look.name, AGE) or (says(look.name, IDS | UNITS | MODELS) and label_rank(look.name) >= NAMED):
        return False
    texts = [str(value) for value in look.values if isinstance(value, str)]
    return all(len(text) <= LONGEST for text in texts) and not any(find(texts))


def outputs_of(looks: Sequence[Look], label: Look, texts: Callable[[str], Counter[str]]) -> SavedOutputs:
    """Return the columns of predictions and scores among the others.

    Parameters
    ----------
    looks : sequence of Look
    label : Look
    texts : callable
        Returns the distinct texts of a column, and their rows.
    """
    looks = [look for look in looks if look.name != label.name]
    named = [look for look in looks if _is_prediction(look)]
    unread = [look for look in named if not _alike(label.values, look.values)]
    readings = {look.name: reading_of(texts(look.name), tuple(label.values)) for look in unread}
    fitting = [look for look in named if readings.get(look.name) or _share_of(look.values, label.values) > 0]
    by_score_name = [look for look in looks if says(look.name, SCORES) and look not in named and not is_score(look)]
    by_values = [look for look in looks if look not in named and _has_only_labels(look, label)]
    known = [*fitting, *(look for look in by_score_name if _alike(label.values, look.values)), *by_values]
    known = list(dict.fromkeys(known))
    scored = [look for look in looks if is_score(look)]
    scores = _scores(scored, label)
    used = {scores} if isinstance(scores, str) else set((scores or {}).values())
    predictions = known[0].name if known else None
    return SavedOutputs(
        predictions,
        tuple(look.name for look in known[1:]),
        tuple(look.name for look in named if look not in fitting),
        scores,
        tuple(look.name for look in scored if look.name not in used),
        None if predictions is None else readings.get(predictions),
    )


def _has_only_labels(look: Look, label: Look) -> bool:
    """Return whether a column holds labels alone: no accident where they are not as common as 0 and 1."""
    if not look.values or look.distinct < 2 or not set(look.values) <= set(label.values):
        return False
    if says(look.name, MODELS):
        return True
    generic = {str(value).lower() for value in label.values} in [set(map(str, one)) for one in GENERIC]
    numbers = all(isinstance(value, int | float) for value in label.values)
    return not generic and not numbers and not says(look.name, OTHER_LABELS) and not names_a_label(look.name)


def _scores(scored: Sequence[Look], label: Look) -> str | dict[Label, str] | None:
    complete = [look for look in scored if not look.missing and not look.stray]
    by_label: dict[Label, str] = {}
    for value in label.values:
        ends = words_of(str(value))
        for look in complete:
            words = words_of(look.name)
            if ends and words[-len(ends) :] == ends and len(words) > len(ends):
                by_label.setdefault(value, look.name)
    if len(label.values) > 2:
        return by_label if len(by_label) == len(label.values) else None
    positive = positive_of(label.values)
    if positive in by_label:
        return by_label[positive]
    if len(by_label) == 1:
        return next(iter(by_label.values()))
    return complete[0].name if len(complete) == 1 or (complete and not by_label) else None


def positive_of(labels: Sequence[Label]) -> Label | None:
    """Return the positive one of two labels where that is self-evident."""
    if len(labels) != 2:
        return None
    if labels in ((0, 1), (-1, 1), ("false", "true")):
        return labels[1]
    fits = [label for label in labels if isinstance(label, str) and label.lower().rstrip(".") in POSITIVES]
    return fits[0] if len(fits) == 1 else None


def _alike(whole: Iterable[Label], part: Sequence[Label]) -> bool:
    return bool(part) and _share_of(part, whole) == 1


def _share_of(part: Sequence[Label], whole: Iterable[Label]) -> float:
    known = set(map(canonical_label, whole))
    return sum(value in known for value in part) / len(part) if part else 0.0
