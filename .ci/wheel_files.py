"""Compare a wheel's files with the tree: everything is in it, and nothing else: ``python wheel_files.py WHEEL``."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = {"llmops_audit": "llmops_audit", "checks": "llmops_audit/checks", "templates": "llmops_audit/templates"}
SUFFIXES = {".py", ".j2", ".css", ".po", ".typed", ".toml", ".html"}


def wanted() -> set[str]:
    """Return the paths that the tree asks for."""
    return {
        f"{inside}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, inside in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.suffix in SUFFIXES or path.name == "py.typed"
    }


def main() -> None:
    """Print what is missing or too much, and fail."""
    names = set(zipfile.ZipFile(sys.argv[1]).namelist())
    files = {name for name in names if ".dist-info/" not in name}
    missing, foreign = sorted(wanted() - files), sorted(files - wanted())
    for what, paths in (("missing from the wheel", missing), ("in the wheel but not in the tree", foreign)):
        for path in paths:
            print(f"{what}: {path}", file=sys.stderr)
    print(f"{len(files)} files in the wheel")
    sys.exit(bool(missing or foreign))


if __name__ == "__main__":
    main()
