"""Start each side of a comparison in a process of its own, on one core, and read what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmops_audit.audit.worker import QUIET

ROOT = Path(__file__).parents[2]
SINGLE = {**QUIET, "MKL_NUM_THREADS": "1", "NUMEXPR_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1", "ARROW_IO_THREADS": "1"}
"""One thread for everything that reads its number of threads from the environment."""


def environment() -> dict[str, str]:
    """Return the environment of every process that is timed."""
    return {**os.environ, **SINGLE}


def presidio(python: str, texts: Sequence[str], entities: Sequence[str] | None = None) -> Mapping[str, Any]:
    """Let Presidio look for `entities` (None: all that it has) with the interpreter `python`."""
    order = json.dumps({"texts": list(texts), "entities": None if entities is None else list(entities)})
    # Isolated, so that it takes nothing from this folder or this environment.
    return _printed([python, "-I", str(Path(__file__).parent / "rivals.py")], order)


def ours(*arguments: str) -> Mapping[str, Any]:
    """Run the module ``speed`` of this package in a fresh process."""
    return _printed([sys.executable, "-m", "benchmarks.pii.speed", *arguments], None)


def _printed(command: Sequence[str], given: str | None) -> Mapping[str, Any]:
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, env=environment()
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
