"""Command line: simulate, and write the page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import page, plan, renewal
from .cells import Cell, Counts, simulate
from .checks import SIMULATED
from .world import World

PAGE = Path(__file__).parents[2] / "docs" / "calibration.md"
# Enough to show that something is badly wrong, in a fifth of the time.
REDUCED = plan.Runs(null=400, sure=600, singly=200, other=40, good=40)
QUICK = plan.Runs(null=50, sure=20, singly=20, other=20, good=20, pilot=20)


def study(runs: plan.Runs, jobs: int, kept: Path | None) -> page.Study:
    """Simulate everything: first how wide intervals are, then cells whose limits lie by these."""
    pilots = plan.pilots(runs)
    first = simulate(list(pilots.values()), jobs, kept)
    widths = {world: first[cell.name] for world, cell in pilots.items()}
    null, good = plan.null(runs), plan.good(widths, runs)
    sure, singly = plan.sure(widths, runs), plan.singly(widths, runs)
    alone, ladders = plan.alone(runs), plan.ladders(widths, runs)
    steps = [*sure, *singly, *(step for by_check in (alone, ladders) for steps in by_check.values() for step in steps)]
    cells: list[Cell] = [*null.values(), *good.values(), *(step.cell for step in steps)]
    return page.Study(runs, null, good, sure, singly, alone, ladders, simulate(cells, jobs, kept))


def study_of(names: Sequence[str], runs: plan.Runs, jobs: int, kept: Path | None) -> page.Study:
    """Simulate some checks, each alone; their numbers are those that the whole study gives them."""
    first: dict[World, Counts] = {}
    if plan.needs_pilot(names):
        cell = plan.pilots(runs)[World()]
        first = {World(): simulate([cell], jobs, kept)[cell.name]}
    alone, ladders = plan.alone(runs, names), plan.ladders(first, runs, names)
    steps = [step for by_check in (alone, ladders) for steps in by_check.values() for step in steps]
    return page.Study(runs, {}, {}, [], [], alone, ladders, simulate([step.cell for step in steps], jobs, kept))


def main() -> int:
    """Return 1 where a cell does not meet the bar."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.null_calibration", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument(
        "--check",
        action="append",
        choices=list(SIMULATED),
        help="simulate this check alone, and write its rows of the page anew; may be given more than once",
    )
    few = parser.add_mutually_exclusive_group()
    few.add_argument("--quick", action="store_true", help="few runs: to see whether it works")
    few.add_argument("--reduced", action="store_true", help="fewer runs: an error where they show that a bar is missed")
    parser.add_argument("--keep", type=Path, help="folder for finished parts, so that an interrupted run can go on")
    parser.add_argument("--write", type=Path, help="file to write instead of the screen")
    arguments = parser.parse_args()
    runs = QUICK if arguments.quick else REDUCED if arguments.reduced else plan.Runs()
    if arguments.check:
        done = study_of(sorted(set(arguments.check)), runs, arguments.jobs, arguments.keep)
        before = PAGE if arguments.write is None else arguments.write
        text = renewal.renewed(before.read_text(encoding="utf-8"), done)
    else:
        done = study(runs, arguments.jobs, arguments.keep)
        text = page.written(done)
    if arguments.write is None:
        print(text)
    else:
        arguments.write.write_text(text, encoding="utf-8")
    misses = page.misses(done, certain=arguments.reduced)
    for miss in misses:
        print(f"does not meet the bar: {miss}", file=sys.stderr)
    # A few runs show nothing.
    return int(bool(misses) and not arguments.quick)


if __name__ == "__main__":
    sys.exit(main())
