"""Command line: measure, and write the page."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from . import audits, corpora, page, quality, speed
from .bars import Study
from .texts import SEED

PARTS = ("throughput", "tables", "sentences", "checksums", "random", "chinese", "alarms", "audit")
CHINESE = "tests.personal_data.chinese"
CHINESE_SENTENCES = 5_000


def study(parts: list[str], python: str | None, repeats: int) -> Study:
    """Measure some parts, what takes time so often."""
    folder = corpora.data_folder()
    if folder is None:
        print("real texts are left out: LLMOPS_AUDIT_DATA names no folder that holds them", file=sys.stderr)
    if python is None:
        print("Presidio is left out: --rivals names no interpreter that has it", file=sys.stderr)
    found: dict[str, Any] = {}
    if "throughput" in parts:
        found["throughput"] = speed.throughput(python, repeats=repeats)
    if "tables" in parts:
        found["tables"] = speed.tables(repeats=repeats)
    if "sentences" in parts and folder is not None:
        found["sentences"] = quality.sentences(corpora.annotated(folder), python)
    if "checksums" in parts:
        found["in_context"] = [quality.in_context(kind) for kind in quality.with_checksum()]
    if "audit" in parts:
        found["audit"] = audits.measured(repeats=repeats)
    return Study(**found, **_counted(parts, folder))


def _counted(parts: list[str], folder: Path | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "random" in parts:
        found["random"] = [quality.random_digits(length) for length in quality.LENGTHS]
    if "chinese" in parts and importlib.util.find_spec(CHINESE) is not None:
        drawn = importlib.import_module(CHINESE).sentences(SEED, CHINESE_SENTENCES)
        found["chinese"] = quality.chinese(drawn)
    if "alarms" in parts:
        texts = corpora.without_personal_data(folder)
        found["alarms"] = {corpus: quality.alarms(some) for corpus, some in texts.items()}
    return found


def main() -> int:
    """Return 1 where a bar is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pii", description=__doc__)
    parser.add_argument("--rivals", metavar="PYTHON", help="interpreter that has presidio-analyzer and spaCy")
    parser.add_argument("--repeats", type=int, default=speed.REPEATS, help="of what is timed (default: 5)")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured (default: all)"
    )
    parser.add_argument("--write", type=Path, help="file to write instead of the screen")
    parser.add_argument("--kinds", type=Path, metavar="PAGE", help="only renew the table of kinds in a page")
    arguments = parser.parse_args()
    if arguments.kinds is not None:
        text = page.with_kinds(arguments.kinds.read_text(encoding="utf-8"))
        arguments.kinds.write_text(text, encoding="utf-8")
        return 0
    pa.set_cpu_count(1)
    done = study(arguments.parts, arguments.rivals, arguments.repeats)
    text = page.written(done)
    if arguments.write is None:
        print(text)
    else:
        arguments.write.write_text(text, encoding="utf-8")
    misses = page.misses(done)
    for miss in misses:
        print(f"does not meet the bar: {miss}", file=sys.stderr)
    return int(bool(misses))


if __name__ == "__main__":
    sys.exit(main())
