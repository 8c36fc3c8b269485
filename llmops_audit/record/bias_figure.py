"""The bias audit of New York City Local Law 144, as numbers."""

from __future__ import annotations

from typing import Literal

from llmops_audit.record.base import Frozen, Label

__all__ = ["BiasAudit", "BiasTable", "Category"]


class Category(Frozen):
    """A line of a bias audit."""

    names: tuple[str, ...]
    """Values of the attributes."""
    individuals: int
    """Individuals of the category."""
    selected: int
    """Individuals who were selected, or whose score is above the median."""
    rate: float | None
    """Selection rate, or scoring rate; null where there is no individual."""
    highest_rate: float | None = None
    """The rate were every score beside the median that belongs to the category above it; null where `rate` is exact."""
    impact_ratio: float | None
    """The rate over that of the category that has the highest one; null where the category is left out, or where nobody
    is selected."""
    left_out: str | None = None
    """Why it is left out of the ratios; null where it is not."""


class BiasTable(Frozen):
    """The categories of sex, of race/ethnicity, or of their intersection."""

    attributes: tuple[Literal["sex", "race"], ...]
    """What the categories are of."""
    categories: tuple[Category, ...]
    """The lines of the table."""


class BiasAudit(Frozen):
    """The results of a bias audit that New York City Local Law 144 asks to publish (6 RCNY 5-301 to 5-303)."""

    kind: Literal["bias_audit"] = "bias_audit"
    """Tells the kinds of figures apart."""
    name: str
    """Key under `figures` of the record; unique in an audit."""
    split: str
    """The split whose rows were assessed."""
    rate: Literal["selection", "scoring"]
    """Selection rate, or scoring rate: the share of a category with a score above the median."""
    favourable: Label
    """The prediction that counts as selected; for scoring rates the label that scores speak of."""
    answers: int
    """How many different predictions the subject can make."""
    median: float | None
    """Median of the scores, to 1 part in 1,024; null for selection rates."""
    doubtful: int
    """Individuals whose score cannot be distinguished from the median; they count as not above it."""
    individuals: int
    """All individuals that were assessed."""
    unknown: int
    """Individuals in no table, since their sex or their race is unknown."""
    data_source: str
    """Where the data come from, in the words of the spec."""
    data_kind: Literal["historical", "test"]
    """Whether the data are historical or test data."""
    test_data: str | None
    """Why no historical data were used, and where the test data come from; null for historical data."""
    auditor: str
    """Who carries out the bias audit."""
    audit_date: str
    """Date of the bias audit, in ISO 8601."""
    distribution_date: str
    """Date from which the tool is distributed, in ISO 8601."""
    expires: str
    """Date until which the audit may be relied on, in ISO 8601."""
    tables: tuple[BiasTable, ...]
    """Sex, race/ethnicity, and their intersection."""
