"""Judge the subject of a commit: it names the area first, as ``fairness: ratios against a rate of zero count``.

``python commit_subject.py FILE`` reads the message that git is about to commit (a commit-msg hook);
``python commit_subject.py`` reads the last commit that merges nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LONGEST = 100
FORM = re.compile(r"[a-z][a-z0-9_./ ,-]*: \S.*[^.\s]")
# Git writes these itself.
GENERATED = ("Merge ", "Revert ", "fixup! ", "squash! ")


def wrong(subject: str) -> str | None:
    """Return what is wrong with a subject; nothing where it is as it should be."""
    if subject.startswith(GENERATED):
        return None
    if len(subject) > LONGEST:
        return f"at most {LONGEST} characters are expected; got {len(subject)}"
    if not FORM.fullmatch(subject):
        return "expected 'area: what changes and why', without a full stop"
    return None


def main() -> None:
    """Print what is wrong, and fail."""
    if len(sys.argv) > 1:
        lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
        subject = next((line for line in lines if line and not line.startswith("#")), "")
    else:
        command = ["git", "log", "-1", "--no-merges", "--format=%s"]
        subject = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    said = wrong(subject)
    if said is not None:
        sys.exit(f"commit subject: {said}: {subject!r}")


if __name__ == "__main__":
    main()
