"""The labels of the data, read before anything else: what outputs that are no label as they stand are read against."""

from __future__ import annotations

from dataclasses import replace

from llmops_audit.data.batches import Dataset
from llmops_audit.data.columns import cleaned
from llmops_audit.evidence.base import encoded
from llmops_audit.record.labels import Label, label_order

__all__ = ["labels_of"]

_LABELLED = ("train", "test")


def labels_of(dataset: Dataset) -> tuple[Label, ...]:
    """Return the fixed list of the spec, or the labels of train and test, for which their label column is read once.

    Raises
    ------
    DataError
        Where a file cannot be read.
    """
    spec = dataset.spec
    if spec.data.fixed_labels is not None:
        return spec.data.fixed_labels
    column = replace(dataset, wanted=(spec.data.label,))
    found: set[Label] = set()
    for part in _LABELLED:
        for shown in dataset.files.get(part, ()):
            for table in column.read(part, shown):
                label = encoded(cleaned(table, spec), spec.data.label)
                found.update(() if label is None else label.categories)
    return label_order(found)
