"""Leaks beside seen rows: a feature that is the label, units on both sides of the split, training after test, ..."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.evidence._contents import Hashes, KnownContents, MetContents, content_hashes
from llmops_audit.evidence._features import FeatureLabels
from llmops_audit.evidence.base import Batch
from llmops_audit.evidence.outcomes import Outcomes
from llmops_audit.record import Leak, message
from llmops_audit.spec import DataSection

__all__ = ["LeakWatch"]

FEWEST = 30
"""Rows that it takes to say that something is so in every row."""

MOST_NAMED = 10


@dataclass
class LeakWatch:
    """Looks at rows as they pass by.

    Attributes
    ----------
    data : DataSection
    features_of : str
        The split whose features are looked at: the training rows where the subject is trained here, else the test rows.
    features : FeatureLabels
    units : dict
        Split to the contents of `data.unit`.
    """

    data: DataSection
    features_of: str
    features: FeatureLabels = field(default_factory=FeatureLabels)
    units: dict[str, KnownContents] = field(default_factory=dict)

    def noting(self, split: str, rows: Iterable[Batch]) -> Iterator[Batch]:
        """Look at the rows of a split."""
        for batch in rows:
            if split == self.features_of:
                self.features += FeatureLabels.of(batch, self.data.features, self.features.many)
            units = None if self.data.unit is None else _units_of(batch.table, self.data.unit)
            if units is not None and split in ("train", "test"):
                self.units[split] = self.units.get(split, KnownContents.empty()) + KnownContents.of(units)
            yield batch

    def found(self, outcomes: Mapping[str, Outcomes], time: Mapping[str, tuple[str, str]]) -> tuple[Leak, ...]:
        """Return what was found, once all rows were read."""
        return (*self._features(), *_copied(outcomes), *self._units(), *_late(time))

    def _features(self) -> Iterator[Leak]:
        same = self.features.labels_in_other_words()
        if same and self.features.rows >= FEWEST:
            yield Leak(
                kind="feature_is_label",
                review=True,
                message=message(
                    "The feature is the label in other words: {columns}. In all {rows:,} rows ({split}) each value "
                    "stands for one label, so no figure says anything of the classifier.",
                    columns=same[:MOST_NAMED], rows=self.features.rows, split=self.features_of,
                ),
            )  # fmt: skip
        if constant := self.features.constant():
            yield Leak(
                kind="constant_features",
                message=message(
                    "Features with one value in all {rows:,} rows ({split}): {columns}.",
                    columns=constant[:MOST_NAMED], rows=self.features.rows, split=self.features_of,
                ),
            )  # fmt: skip

    def _units(self) -> Iterator[Leak]:
        if not {"train", "test"} <= set(self.units):
            return
        train, test = self.units["train"], self.units["test"]
        met = MetContents.of(train.hashes, test)
        rows, seen, _ = met.share_of(test)
        if met.seen and train.complete and test.complete:
            yield Leak(
                kind="units_on_both_sides",
                message=message(
                    "Units on both sides of the split: {units:,} of the {all:,} units of the test rows have training "
                    "rows as well ({share:.1%} of the test rows). The figures hold for units that the classifier "
                    "knows; of new ones they say less.",
                    units=int(met.bits.sum()), all=len(test.hashes), share=seen / rows,
                ),
            )  # fmt: skip


def _units_of(table: pa.Table, name: str) -> Hashes | None:
    if name not in table.column_names:
        return None
    # Whole numbers are written with a point where pandas met a missing cell in their column.
    return content_hashes(
        pa.table({name: pc.replace_substring_regex(table.column(name), r"^(-?[0-9]+)\.0$", r"\1")}), [name]
    )


def _copied(outcomes: Mapping[str, Outcomes]) -> Iterator[Leak]:
    for split in ("test", "live"):
        if split in outcomes and outcomes[split].has_predictions:
            cells = [cell for cell in outcomes[split].cells if cell[0] is not None]
            rows = sum(outcomes[split].cells[cell].rows for cell in cells)
            if rows >= FEWEST and all(cell[0] == cell[1] for cell in cells):
                yield Leak(
                    kind="predictions_are_labels",
                    message=message(
                        "Predictions equal labels in all {rows:,} rows ({split}). Make sure that neither was made from "
                        "the other.",
                        rows=rows, split=split,
                    ),
                )  # fmt: skip


def _late(time: Mapping[str, tuple[str, str]]) -> Iterator[Leak]:
    if {"train", "test"} <= set(time) and time["train"][1] > time["test"][0]:
        yield Leak(
            kind="training_after_test",
            message=message(
                "Training rows are later than test rows: training ends {last}, the test begins {first}. The classifier "
                "may know what was not known yet.",
                last=time["train"][1], first=time["test"][0],
            ),
        )  # fmt: skip
