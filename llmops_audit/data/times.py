"""Times as a spec may have them: ISO 8601, years, months and quarters."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["TIMES", "instants", "iso_times"]

TIMES = "ISO 8601 such as 2026-11-24T09:30:00, a year, a month (2026-11) or a quarter (2026-Q4)"
"""What can be read."""

_YEAR = r"^(\d{4})\.0$"
_QUARTER = r"^(\d{4})-?[Qq]([1-4])$"


def iso_times(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times with years that a missing value made decimal (1990.0) as years, and quarters as their first month.

    Parameters
    ----------
    column : pyarrow array of string, (n,)
    """
    if not pc.any(pc.match_substring_regex(column, rf"{_YEAR}|{_QUARTER}")).as_py():
        return column
    found = pc.replace_substring_regex(column, _YEAR, r"\1")
    for quarter, month in enumerate(("01", "04", "07", "10"), 1):
        found = pc.replace_substring_regex(found, rf"^(\d{{4}})-?[Qq]{quarter}$", rf"\1-{month}")
    return found


def instants(column: pa.ChunkedArray) -> pd.Series:
    """Return times in UTC, NaT where one is missing or cannot be read."""
    return pd.Series(pd.to_datetime(column.to_pandas(), format="ISO8601", errors="coerce", utc=True))
