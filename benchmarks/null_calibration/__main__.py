"""Command line: simulate parts, and write the page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from . import page, results
from .cells import simulate
from .parts import PARTS, Part, stale
from .plan import Runs
from .results import PartResult

RESULTS = Path(__file__).with_name("results.json")


def run(names: Sequence[str], runs: Runs, jobs: int, kept: Path | None, into: Path | None) -> dict[str, PartResult]:
    """Simulate parts; each is saved when it is done."""
    found: dict[str, PartResult] = {}
    for name in names:
        part: Part = PARTS[name]
        print(f"part {name}: {part.title}", file=sys.stderr)
        # What was kept is worth nothing once the code has changed.
        folder = None if kept is None else kept / f"{name}-{part.stamp()}"
        found[name] = part.result(runs, partial(simulate, jobs=jobs, kept=folder))
        if into is not None:
            results.save(into, {**results.load(into), name: found[name]})
    return found


def main() -> int:
    """Return 1 where a bar is missed for certain, or a part is stale."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.null_calibration", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument(
        "--part", nargs="+", choices=list(PARTS), metavar="PART", help=f"simulate these alone: {', '.join(PARTS)}"
    )
    parser.add_argument("--share", type=float, default=1.0, help="run a share of all audits (default: 1)")
    parser.add_argument("--keep", type=Path, help="folder for finished chunks, so that an interrupted part can go on")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of results, part by part")
    parser.add_argument("--write", type=Path, help="page to write; without it, nothing is written")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--stale", action="store_true", help="name parts whose code has changed since; simulate nothing")
    only.add_argument("--page", action="store_true", help="write the page of what was simulated; simulate nothing")
    arguments = parser.parse_args()
    if arguments.stale:
        return _stale(arguments.results)
    names = [] if arguments.page else [name for name in PARTS if name in (arguments.part or PARTS)]
    into = None if arguments.write is None else arguments.results
    found = run(names, Runs().times(arguments.share), arguments.jobs, arguments.keep, into)
    if arguments.write is not None:
        arguments.write.write_text(page.written(results.load(arguments.results)), encoding="utf-8")
    misses = page.misses(found, certain=True)
    for miss in misses:
        print(f"does not meet the bar: {miss}", file=sys.stderr)
    return int(bool(misses))


def _stale(file: Path) -> int:
    kept = results.load(file)
    names = stale(kept)
    for name in names:
        said = "its code has changed since it was simulated" if name in kept else "it was never simulated"
        print(f"{name}: {said}: make calibrate PART={name}", file=sys.stderr)
    return int(bool(names))


if __name__ == "__main__":
    sys.exit(main())
