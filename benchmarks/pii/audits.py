"""What the pii check adds to an audit of a million short texts, in processor time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from . import sides
from .texts import SEED, short

TEXTS = 1_000_000
TEST_SHARE = 0.2
REPEATS = 5
FLIPPED = 0.05
"""Share of labels that are wrong, so that the classifier has something left to miss."""

SPEC = """
[audit]
name = "million-short-texts"
version = "1.0"

[data]
train = "train.parquet"
test = "test.parquet"
text = "text"
label = "label"
positive = 1

[model]
vectorizer = "sklearn.feature_extraction.text:CountVectorizer"
estimator = "sklearn.linear_model:LogisticRegression"
parameters = {{ random_state = 42 }}

[checks.accuracy]
min = {{ accuracy = 0.5 }}
{pii}"""


@dataclass(frozen=True)
class AuditTime:
    """Processor time of whole audits, all of their processes included.

    Attributes
    ----------
    rows : int
    characters : float
        Mean length of a text.
    without, beside : tuple of float
        Seconds without the check and with it, of each repeat.
    """

    rows: int
    characters: float
    without: tuple[float, ...]
    beside: tuple[float, ...]

    @property
    def share(self) -> float:
        """Share of the audit's time that it does not need without the check."""
        return 1 - median(self.without) / median(self.beside)


def measured(n: int = TEXTS, repeats: int = REPEATS) -> AuditTime:
    """Audit `n` texts so often with the check and without, in turns, each time in a process of its own."""
    times: dict[bool, list[float]] = {False: [], True: []}
    with TemporaryDirectory() as name:
        folder = Path(name)
        characters = _written(folder, n)
        for _ in range(repeats):
            for pii, seconds in times.items():
                seconds.append(_audited(folder, pii=pii))
    return AuditTime(n, characters, tuple(times[False]), tuple(times[True]))


def _written(folder: Path, n: int) -> float:
    rng = np.random.default_rng(SEED)
    drawn = short(n, SEED + 3)
    right = np.array(["water" in text or "the" in text.split() or "服务" in text for text in drawn.texts])
    table = pa.table({"text": drawn.texts, "label": (right ^ (rng.random(n) < FLIPPED)).astype(np.int64)})
    test = round(n * TEST_SHARE)
    pq.write_table(table.slice(0, test), folder / "test.parquet")
    pq.write_table(table.slice(test), folder / "train.parquet")
    for pii in (False, True):
        spec = SPEC.format(pii="\n[checks.pii]\n" if pii else "")
        (folder / f"{_name(pii)}.toml").write_text(spec, encoding="utf-8")
    return drawn.characters


def _name(pii: bool) -> str:
    return "with" if pii else "without"


def _audited(folder: Path, *, pii: bool) -> float:
    output = folder / f"{_name(pii)} {len(list(folder.glob('* out')))} out"
    program = "from llmops_audit.cli import main; main()"
    command = [sys.executable, "-c", program, "run", str(folder / f"{_name(pii)}.toml"), "--output", str(output)]
    said = folder / "said.log"
    with said.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=sides.environment(), cwd=sides.ROOT
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    # The gate may reject: personal data stands in the texts. A record says that the audit was carried out.
    if process.returncode not in (0, 1) or not list(output.rglob("*.json")):
        raise RuntimeError(f"{' '.join(command)}: {said.read_text(encoding='utf-8')[-2000:]}")
    return usage.ru_utime + usage.ru_stime
