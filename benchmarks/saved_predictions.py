"""Rows a second and peak memory of audits of saved predictions in Parquet: memory must not grow with rows.

Run: ``python benchmarks/saved_predictions.py [ROWS ...]``; by default 1, 2 and 4 million rows.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = (1_000_000, 2_000_000, 4_000_000)
BLOCK = 200_000
SPEC = """
[audit]
name = "saved"
version = "1"
[data]
test = "rows.parquet"
text = "text"
label = "label"
groups = ["sex"]
[model]
predictions = "prediction"
[checks.accuracy]
[checks.fairness]
[checks.pii]
"""
CHILD = (
    "import resource, subprocess, sys\n"
    "subprocess.run([sys.executable, '-m', 'llmops_audit', 'run', 'audit.toml'], stdout=subprocess.DEVNULL)\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def _write(path: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    texts = np.array([f"hello number {i}, see you at noon" for i in range(5000)])
    schema = pa.schema({"label": pa.int64(), "prediction": pa.int64(), "sex": pa.string(), "text": pa.string()})
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, BLOCK):
            n = min(BLOCK, rows - start)
            label = rng.integers(0, 2, n)
            prediction = np.where(rng.random(n) < 0.9, label, 1 - label)
            columns = [label, prediction, np.array(["F", "M"])[rng.integers(0, 2, n)], texts[rng.integers(0, 5000, n)]]
            writer.write_table(pa.table(columns, schema=schema))


def main() -> None:
    """Measure and print."""
    for rows in [int(argument) for argument in sys.argv[1:]] or ROWS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _write(folder / "rows.parquet", rows)
            (folder / "audit.toml").write_text(SPEC, encoding="utf-8")
            start = time.perf_counter()
            done = subprocess.run([sys.executable, "-c", CHILD], cwd=folder, capture_output=True, text=True, check=True)
            seconds = time.perf_counter() - start
            peak = int(done.stdout) * (1 if sys.platform == "darwin" else 1024)
            print(f"{rows:>12,} rows {seconds:7.2f} s {rows / seconds:>12,.0f} rows/s {peak / 1e6:7.0f} MB at the peak")


if __name__ == "__main__":
    main()
