"""Rows seen in training: found against truth by brute force, the error of the sample, and the cost in an audit.

Run: ``python benchmarks/overlap.py [ROWS]``; by default 200,000 training and as many test rows.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from llmops_audit.audit import prepare, run
from llmops_audit.evidence._contents import SKETCH, KnownContents, MetContents, content_hashes

ROWS = 200_000
SHARES = (0.0, 0.01, 0.1, 0.5, 1.0)
NUMBERS, CATEGORIES = 18, 2
SPEC = """
[audit]
name = "overlap"
version = "1"
[data]
train = "train.parquet"
test = "test.parquet"
features = {features}
label = "y"
[model]
estimator = "sklearn.ensemble:HistGradientBoostingClassifier"
parameters = {{ random_state = 1 }}
[checks.accuracy]
[checks.calibration]
[checks.pii]
"""


def tables(rows: int, share: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make training rows, and test rows of which a share repeats some of them, up to ten times each."""
    rng = np.random.default_rng(seed)

    def made(n: int) -> pd.DataFrame:
        frame = pd.DataFrame({f"x{i}": rng.normal(size=n).round(6) for i in range(NUMBERS)})
        for i in range(CATEGORIES):
            frame[f"c{i}"] = rng.choice(["red", "green", "blue"], n)
        frame["x0"] = frame["x0"].where(rng.random(n) > 0.05)
        return frame.assign(y=(frame["x1"] + frame["x2"] + rng.normal(size=n) > 0).astype(int))

    train, new = made(rows), made(rows)
    seen = rng.random(rows) < share
    few = train.iloc[rng.integers(0, max(1, rows // 10), rows)].reset_index(drop=True)
    new.loc[seen] = few.loc[seen]
    return train, new


def truth(train: pd.DataFrame, test: pd.DataFrame, features: list[str]) -> int:
    """Count by brute force: the rows of the test whose values, one by one, are those of a training row."""
    known = set(map(tuple, train[features].fillna(-1e9).itertuples(index=False)))
    return sum(row in known for row in map(tuple, test[features].fillna(-1e9).itertuples(index=False)))


def compared(rows: int, share: float, seed: int) -> tuple[int, int, float, float | None, float]:
    """Return truth, exact count, the sample's share and its stated error, and seconds for hashing and comparing."""
    train, test = tables(rows, share, seed)
    features = [name for name in train if name != "y"]
    start = time.perf_counter()
    hashes = [
        content_hashes(pa.Table.from_pandas(part[features], preserve_index=False), features) for part in (train, test)
    ]
    trained, tested = (found for found in hashes if found is not None)
    exact = MetContents.of(tested, KnownContents.of(trained, None)).seen
    seconds = time.perf_counter() - start
    sample = KnownContents.of(tested, 0, min(SKETCH, max(1, rows // 20)))
    n, met, error = MetContents.of(trained, sample).share_of(sample)
    return truth(train, test, features), exact, met / n, error, seconds


def cost(rows: int) -> tuple[float, float]:
    """Return the seconds of an audit with few seen rows, and those of comparing the rows in it."""
    train, test = tables(rows, 0.005, 1)
    features = [name for name in train if name != "y"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train.to_parquet(folder / "train.parquet")
        test.to_parquet(folder / "test.parquet")
        (folder / "audit.toml").write_text(SPEC.format(features=str(features).replace("'", '"')), encoding="utf-8")
        start = time.perf_counter()
        run(prepare(folder / "audit.toml"))
        whole = time.perf_counter() - start
    return whole, compared(rows, 0.005, 1)[-1]


def report(rows: int) -> Iterator[str]:
    """Measure, and yield lines to print."""
    yield f"{rows:,} training and {rows:,} test rows, {NUMBERS} numbers and {CATEGORIES} categories"
    for share in SHARES:
        true, exact, estimate, error, seconds = compared(rows, share, 7)
        stated = "-" if error is None else f"{error:.4f}"
        yield (
            f"share {true / rows:7.4f}: brute force {true:>8,}, exact {exact:>8,}, sample {estimate:7.4f} "
            f"(stated error {stated}), {seconds:5.2f} s"
        )
    whole, part = cost(rows)
    yield f"audit {whole:.1f} s, of which comparing takes {part:.2f} s: {part / whole:.1%}"


def main() -> None:
    """Measure and print."""
    for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS):
        print(line, flush=True)


if __name__ == "__main__":
    main()
