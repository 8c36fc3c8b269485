"""Tables of personal data: what was found where, in rows and in the model."""

from __future__ import annotations

from collections.abc import Mapping

from llmops_audit.analysis.personal_data_rules import PER
from llmops_audit.check.inputs import Policy
from llmops_audit.evidence.personal_data import PersonalData
from llmops_audit.personal_data.model_scan import ModelContents
from llmops_audit.record import Column, Message, Scalar, Table, interval_columns, message
from llmops_audit.stats import clopper_pearson

__all__ = ["model_table", "table"]


def table(by_split: Mapping[str, PersonalData], policy: Policy) -> Table:
    """Return the hits by split, column, kind and confidence, with masked examples."""
    rows: list[dict[str, Scalar | Message]] = []
    for split, evidence in by_split.items():
        for (column, kind, level), found in sorted(evidence.hits.items()):
            n = evidence.searched[column]
            low, high = clopper_pearson(found.rows, n, policy.confidence)
            rows.append(
                {
                    "split": split,
                    "column": column,
                    "kind": kind,
                    "confidence": level.value,
                    "rows": found.rows,
                    "hits": found.hits,
                    "rate": found.rows * PER / n,
                    "low": low * PER,
                    "high": high * PER,
                    "examples": ", ".join(dict.fromkeys(example.masked for example in found.examples)),
                }
            )
    return Table(
        name="personal_data",
        chapter="personal_data",
        caption=message("Personal data by split, column, kind and confidence"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="column", heading=message("Column")),
            Column(key="kind", heading=message("Kind")),
            Column(key="confidence", heading=message("Confidence")),
            Column(key="rows", heading=message("Rows"), format="count"),
            Column(key="hits", heading=message("Hits"), format="count"),
            Column(key="rate", heading=message("Rows per 1,000"), format="number"),
            *interval_columns(),
            Column(key="examples", heading=message("Masked examples")),
        ),
        rows=tuple(rows),
    )


def model_table(contents: ModelContents) -> Table:
    """Return the personal data in the model, by location."""
    rows: tuple[dict[str, Scalar | Message], ...] = tuple(
        {
            "location": item.location,
            "kind": item.kind,
            "confidence": item.confidence.value,
            "values": item.values,
            "rare": item.rare,
            "examples": ", ".join(item.masked),
        }
        for item in contents.hits
    )
    return Table(
        name="personal_data_in_model",
        chapter="personal_data",
        caption=message("Personal data in the fitted model, by location"),
        columns=(
            Column(key="location", heading=message("Location in the model")),
            Column(key="kind", heading=message("Kind")),
            Column(key="confidence", heading=message("Confidence")),
            Column(key="values", heading=message("Values"), format="count"),
            Column(key="rare", heading=message("Of these, in few training rows"), format="count"),
            Column(key="examples", heading=message("Masked examples")),
        ),
        rows=rows,
    )
