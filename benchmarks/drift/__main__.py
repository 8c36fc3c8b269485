"""Command line: measure, and write the page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import cost, page, plan, spam
from .audits import simulate

PARTS = ("null", "power", "spam", "cost")


def study(parts: list[str], runs: int | None, jobs: int) -> page.Study:
    """Measure some parts; with `runs`, each world at most so often."""
    folder = spam.data_folder()
    if "spam" in parts and folder is None:
        print("the comments on videos are left out: LLMOPS_AUDIT_DATA names no folder that holds them", file=sys.stderr)
    null = plan.null() if runs is None else plan.null(runs)
    power = plan.power() if runs is None else plan.power(runs, runs)
    return page.Study(
        null=simulate(null, jobs, beside=True) if "null" in parts else None,
        power=simulate(power, jobs, beside=False) if "power" in parts else None,
        spam=spam.audited(folder) if "spam" in parts and folder is not None else None,
        cost=cost.compared() if "cost" in parts else None,
    )


def main() -> int:
    """Return 1 where a bar is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes of the simulations (default: 2)")
    parser.add_argument("--runs", type=int, help="most draws of each world (default: by what is simulated)")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured (default: all)"
    )
    parser.add_argument("--write", type=Path, help="file to write instead of the screen")
    arguments = parser.parse_args()
    done = study(arguments.parts, arguments.runs, arguments.jobs)
    text = page.written(done)
    if arguments.write is None:
        print(text)
    else:
        arguments.write.write_text(text, encoding="utf-8")
    misses = page.misses(done)
    for miss in misses:
        print(f"does not meet the bar: {miss}", file=sys.stderr)
    # A few runs show nothing.
    return int(bool(misses) and arguments.runs is None)


if __name__ == "__main__":
    sys.exit(main())
