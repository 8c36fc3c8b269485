"""What the training rows give away of the rows that are judged: rows that are seen there, and other leaks."""

from __future__ import annotations

from typing import Literal

from llmops_audit.record.base import Frozen, Message

__all__ = ["LARGEST_SHARE_SEEN", "Leak", "NearDuplicates", "RowPlace", "SeenRows"]

LARGEST_SHARE_SEEN = 0.01
"""Above this share of seen rows, what holds on all rows must hold without them as well."""


class RowPlace(Frozen):
    """Where a row stands."""

    file: str
    """The path of its file, as the spec writes it."""
    row: int
    """Its number in the file, from 1, without the header."""


class NearDuplicates(Frozen):
    """Rows that are nearly alike to a training row; they are reported, and change no verdict."""

    compared: int
    """Rows that were compared; a uniform sample where there are more."""
    training_rows: int
    """Training rows that they were compared with; a uniform sample where there are more."""
    found: int
    """Rows that are nearly alike to a training row and not equal to any."""
    method: Message
    """When two rows count as nearly alike."""
    examples: tuple[tuple[RowPlace, RowPlace], ...] = ()
    """Some of them, each with the training row; where they stand, never what they say."""


class SeenRows(Frozen):
    """The rows of a split whose inputs stand in the training rows."""

    rows: int
    """Rows that were compared, those of the sample where not all were; 0 where nothing could be compared."""
    seen: int
    """How many of them stand in the training rows."""
    training_rows: int
    """Training rows that they were compared with."""
    exact: bool = True
    """Whether all rows were compared; otherwise the rows of a uniform sample of the distinct contents."""
    error: float | None = None
    """Standard deviation of the share where a sample was compared; where none was seen, the share's upper end."""
    not_compared: Message | None = None
    """Why nothing was compared; null where rows were."""
    expected: str | None = None
    """Why the spec expects such rows (`data.train_test_overlap`); null where it does not."""
    again: Literal["retrained", "unseen"] | None = None
    """How the requirements were judged without these rows: on all rows after training once more without any training
    row that equals one of them, or on the unseen rows alone; null where nobody asked."""
    rows_again: int | None = None
    """Training rows that were left to train on, or unseen rows; null where nothing was judged again."""
    undecided: Message | None = None
    """Why nothing could be judged without these rows."""
    near: NearDuplicates | None = None
    """Rows that are nearly alike to a training row; null where nobody looked."""

    @property
    def share(self) -> float | None:
        """Share of the compared rows that are seen; None where none were compared."""
        return self.seen / self.rows if self.rows else None

    @property
    def many(self) -> bool:
        """Whether so many rows are seen that a judgement on all rows says little of new rows."""
        return self.share is not None and self.share > LARGEST_SHARE_SEEN

    @property
    def doubtful(self) -> bool:
        """Whether many rows are seen, and the spec does not say why."""
        return self.many and self.expected is None


class Leak(Frozen):
    """Something else that tells the classifier what it should find out, or that makes rows depend on each other."""

    kind: Literal[
        "feature_is_label", "predictions_are_labels", "units_on_both_sides", "training_after_test", "constant_features"
    ]
    """What it is."""
    message: Message
    """What was found, as a sentence."""
    review: bool = False
    """Whether a person must decide: no figure says anything of the classifier as long as it stands."""
