"""Times as people write them: ISO 8601, years, months and quarters."""

from __future__ import annotations

import pyarrow as pa
import pytest

from llmops_audit.data.times import instants, iso_times


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1990", "1990-01-01T00:00:00+00:00"),
        ("1990.0", "1990-01-01T00:00:00+00:00"),
        ("2024-Q3", "2024-07-01T00:00:00+00:00"),
        ("2024q1", "2024-01-01T00:00:00+00:00"),
        ("2024-03", "2024-03-01T00:00:00+00:00"),
        ("2024-03-01T10:00:00+02:00", "2024-03-01T08:00:00+00:00"),
        ("2024-Q5", None),
        ("1700000000", None),
        ("", None),
    ],
)
def test_a_time_is_read(text: str, read: str | None) -> None:
    """A year, a month or a quarter begins at its first moment; what is none of them is not guessed."""
    found = instants(iso_times(pa.chunked_array([[text, None]])))
    assert (None if found.isna()[0] else found[0].isoformat()) == read
    assert found.isna()[1]
