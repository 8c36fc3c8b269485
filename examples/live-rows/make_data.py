"""Invent the parcels of a carrier as CSV, and write them by the month: ``python make_data.py FOLDER``.

Until the end of May nothing changes. From June on a second hub takes over a third of the parcels, the way is longer,
and every fifth weight is missing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

SPLITS = {"train": ("2026-01-01", "2026-03-31", 900), "test": ("2026-04-01", "2026-04-30", 400),
          "live": ("2026-05-01", "2026-06-30", 800)}  # fmt: skip
CHANGE = pd.Timestamp("2026-06-01")


def parcels(first: str, last: str, rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return parcels in the order of their days, with the answer to whether they came late."""
    days = pd.Series(rng.choice(pd.date_range(first, last), rows)).sort_values(ignore_index=True)
    changed = (days >= CHANGE).to_numpy()
    hub = np.where(changed & (rng.random(rows) < 0.35), "south", rng.choice(["north", "east", "west"], rows))
    distance = rng.gamma(4.0, 60.0, rows) * np.where(changed, 1.4, 1.0)
    weight = rng.lognormal(0.5, 0.6, rows)
    stairs = rng.integers(0, 6, rows)
    risk = 0.012 * (distance - 240.0) + 0.5 * (weight - 2.0) + 0.3 * stairs - 1.2 + rng.logistic(0.0, 0.6, rows)
    return pd.DataFrame({
        "day": days.dt.strftime("%Y-%m-%d"),
        "hub": hub,
        "distance_km": distance.round(1),
        "weight_kg": np.where(changed & (rng.random(rows) < 0.2), np.nan, weight.round(2)),
        "stairs": stairs,
        "late": np.where(risk > 0.0, "yes", "no"),
    })  # fmt: skip


def write(folder: Path) -> None:
    """Write a file for each split."""
    rng = np.random.default_rng(20260401)
    for split, (first, last, rows) in SPLITS.items():
        found = parcels(first, last, rows, rng)
        # Nobody knows yet which of the last parcels came late.
        columns = [name for name in found if split != "live" or name != "late"]
        found[columns].to_csv(folder / f"{split}.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
