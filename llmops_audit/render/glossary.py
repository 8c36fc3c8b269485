"""Words of the report that a reader without statistics needs, each in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_audit.record import Message, Record, message
from llmops_audit.record.figures import Drift, GroupMetrics

__all__ = ["GLOSSARY", "Term", "glossary"]


@dataclass(frozen=True)
class Term:
    """A word and what it means."""

    word: Message
    meaning: Message


_ALWAYS = (
    Term(
        message("Requirement"),
        message("What the spec demands of a measured value: a limit, and on which side of it the value must lie."),
    ),
    Term(
        message("Finding"),
        message("One requirement with what was measured, how sure the measurement is, and what it came to."),
    ),
    Term(
        message("Interval"),
        message("The range of true values that so many rows cannot tell apart; the more rows, the narrower."),
    ),
    Term(
        message("Confidence level"),
        message("The share of such intervals that hold the true value when tests are repeated with new rows."),
    ),
    Term(
        message("Inconclusive"),
        message(
            "The limit lies inside the interval, or the interval misses it but may do so by chance, so that these rows "
            "can neither meet nor miss it."
        ),
    ),
    Term(
        message("Found"),
        message("Reported, without a bearing on the decision: an alarm that these rows cannot confirm, or the like."),
    ),
    Term(
        message("Corrected"),
        message("Made stricter because many things are tested at once, some of which look bad by chance alone."),
    ),
    Term(
        message("p-value"),
        message("How often chance alone would show a difference as large as this one, were there none."),
    ),
    Term(
        message("Split"),
        message("A part of the data: train was learned from, test was kept back, live stems from production."),
    ),
    Term(
        message("Subject"),
        message("The classifier under audit, whether it was trained here or its predictions were saved."),
    ),
    Term(
        message("Record"),
        message("The file that holds the whole result; this page says nothing that the record does not hold."),
    ),
    Term(
        message("Digest (SHA-256)"),
        message("A fingerprint of a file: equal fingerprints mean equal bytes, so that nothing was changed since."),
    ),
)

_PREDICTIONS = (
    Term(message("Accuracy"), message("The share of rows that were predicted correctly.")),
    Term(
        message("Balanced accuracy"),
        message("The mean, over the labels, of the share of each label's rows that were predicted correctly."),
    ),
    Term(message("Precision"), message("Of the rows that were predicted to have a label, the share that carry it.")),
    Term(message("Recall"), message("Of the rows that carry a label, the share that were predicted correctly.")),
    Term(message("F1"), message("The harmonic mean of precision and recall: low where either of them is.")),
    Term(
        message("Confusion matrix"),
        message("How many rows of each true label got which prediction; correct predictions are on the diagonal."),
    ),
)

_GROUPS = (
    Term(message("Selection rate"), message("The share of a group for which the favourable label is predicted.")),
    Term(
        message("Impact ratio"),
        message("The selection rate of a group over that of the group which is selected most often."),
    ),
)

_DRIFT = (
    Term(
        message("Drift"),
        message("Rows of one split differ from those of the reference by more than chance explains."),
    ),
    Term(message("Effect"), message("How far two samples are apart, minus what chance alone would show.")),
    Term(message("Floor"), message("The smallest effect that matters; below it a difference is let pass.")),
)


GLOSSARY = (*_ALWAYS, *_PREDICTIONS, *_GROUPS, *_DRIFT)
"""All words that a report may explain."""


def glossary(record: Record) -> tuple[Term, ...]:
    """Return the words that the report of a record uses, in the order in which they appear."""
    figures = record.figures.values()
    return (
        *_ALWAYS,
        *_PREDICTIONS,
        *(_GROUPS if any(isinstance(figure, GroupMetrics) for figure in figures) else ()),
        *(_DRIFT if any(isinstance(figure, Drift) for figure in figures) else ()),
    )
