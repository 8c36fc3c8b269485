"""The labels of the data, read before anything else: what outputs that are no label as they stand are read against."""

from __future__ import annotations

from dataclasses import replace

from llmops_audit.data.batches import Dataset
from llmops_audit.data.columns import coded
from llmops_audit.data.reading import ReadState
from llmops_audit.data.spellings import LABELS
from llmops_audit.evidence.base import codes_of
from llmops_audit.record.labels import Label, label_order

__all__ = ["labels_of"]

_LABELLED = ("train", "test")


def labels_of(dataset: Dataset, reading: ReadState) -> tuple[Label, ...]:
    """Return the fixed list of the spec, or the labels of train and test, for which their label column is read once.

    Raises
    ------
    DataError
        Where a file cannot be read.
    Reread
        Where two spellings of one value show that labels are texts.
    """
    spec, spellings = dataset.spec, reading.spellings
    if reading.labels is not None:
        return reading.labels
    labelled = replace(dataset, wanted=(spec.data.label,))
    found: set[Label] = set()
    for part in _LABELLED:
        for shown in dataset.files.get(part, ()):
            for table in labelled.read(part, shown):
                if spec.data.label not in table.column_names:
                    continue
                column = coded(table.column(spec.data.label), spec.data)
                column = spellings.one_form(column, spec.data.label, LABELS, shown)
                found.update(codes_of(column, texts=LABELS in spellings.texts).categories)
    spellings.settle()
    return label_order(found)
