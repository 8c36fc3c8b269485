"""Where an audit ran, and with which versions."""

from __future__ import annotations

import platform
import socket
import sys
from datetime import datetime
from importlib.metadata import version

from llmops_audit.record import Environment, Run

__all__ = ["environment", "run_info"]

PACKAGES = (
    "evidently",
    "fairlearn",
    "llmops-audit",
    "matplotlib",
    "numpy",
    "pandas",
    "phonenumbers",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "seaborn",
)
"""Packages whose version can change a number or a picture."""


def environment() -> Environment:
    """Return the versions of Python and of the packages that matter."""
    return Environment(
        python=".".join(map(str, sys.version_info[:3])), packages={name: version(name) for name in PACKAGES}
    )


def run_info(started: datetime, seconds: dict[str, float], spec_file_sha256: str | None) -> Run:
    """Return what differs from run to run."""
    return Run(
        started=started.isoformat(timespec="seconds"),
        seconds=seconds,
        host=socket.gethostname(),
        platform=platform.platform(),
        spec_file_sha256=spec_file_sha256,
    )
