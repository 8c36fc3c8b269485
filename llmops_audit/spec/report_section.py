"""What the spec asks to be written beside the record, and how pages are written: nothing here bears on the decision."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from llmops_audit.spec.sections import NonEmpty, SpecSection

__all__ = ["ReportSection"]

MOST_ROWS = 10_000
"""Rows that a person may want to look through."""


class ReportSection(SpecSection):
    """`[report]`: what is written beside the record."""

    predictions: bool = Field(
        default=False,
        description="Write predictions.parquet beside the record, so that the next release is compared row by row. It "
        "is pseudonymised: keep and delete it as personal data.",
    )
    key_file: NonEmpty | None = Field(
        default=None,
        description="File with the secret key of its row keys, outside the repository and with mode 0600; the variable "
        "LLMOPS_AUDIT_KEY goes before it.",
    )
    roles: Annotated[tuple[NonEmpty, ...], Field(max_length=6)] = Field(
        default=(),
        description="Who signs the decision on the release on the printed cover; by default owner and reviewer.",
    )
    rows: Annotated[int, Field(ge=0, le=MOST_ROWS)] = Field(
        default=0,
        description="Write rows.csv beside the record: at most so many of the rows behind what was found, by file, row "
        "and id, without a text. It is pseudonymised: keep and delete it as personal data.",
    )
