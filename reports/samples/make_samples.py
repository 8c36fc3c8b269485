"""Make the committed samples: ``python reports/samples/make_samples.py [--check]``.

Each example is audited. What belongs to the run (time, host, seconds) is written as fixed words. A record that is
there already stays where the fresh one differs from it in the last digits or in the versions of packages alone, since
those differ by machine; all other files are rendered from the record. With ``--check`` nothing is written: what is
stale is told, and the exit code is 1 where there is any.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeGuard

from llmops_audit.audit import prepare, run
from llmops_audit.errors import RecordError
from llmops_audit.record import Record, Run
from llmops_audit.record.canonical import canonical, parse, sealed
from llmops_audit.record.folder import write
from llmops_audit.render.formats import file_names, known, render_files

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SAMPLES = ("breast-cancer", "tickets-zh", "tutorial")
"""Folders below ``examples/``, and here."""

FORMATS = (*(format.id for format in known().values() if format.written == "default"), "card")
RUN = Run(started="2026-01-01T00:00:00+00:00", seconds={}, host="sample", platform="sample")

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""How far the same number may be apart on two machines."""

_BY_MACHINE = frozenset({"digest", "environment", "run"})


def audited(name: str) -> Record:
    """Return the record of an example, with fixed words for what belongs to the run."""
    record = run(prepare(ROOT / "examples" / name / "audit.toml"))
    return sealed(record.model_copy(update={"run": RUN}))


def differences(kept: Record, fresh: Record) -> list[str]:
    """Return in what two records differ beyond what two machines differ in, as paths."""
    here, there = (record.model_dump(mode="json", by_alias=True, exclude=set(_BY_MACHINE)) for record in (kept, fresh))
    return list(_differences(here, there, "record"))


def files(record: Record, name: str) -> dict[str, bytes]:
    """Return the files of a sample."""
    return {"record.json": canonical(record), **render_files(record, FORMATS, root=f"examples/{name}")}


def kept(name: str) -> Record | None:
    """Return the committed record, where there is one that this release reads."""
    path = HERE / name / "record.json"
    if not path.is_file():
        return None
    try:
        return parse(path.read_bytes(), str(path))
    except RecordError:  # Written by another schema: made anew.
        return None


def stale(name: str) -> list[str]:
    """Return what of a sample is not as it would be made."""
    record = kept(name)
    if record is None:
        return [f"{name}: there is none"]
    found = [f"{name}/record.json: {path}" for path in differences(record, audited(name))]
    there = {path.name: path.read_bytes() for path in (HERE / name).iterdir()}
    made = files(record, name)
    return found + [
        f"{name}/{file}" for file in sorted(made.keys() | there.keys()) if made.get(file) != there.get(file)
    ]


def make(name: str) -> None:
    """Write a sample."""
    record, fresh = kept(name), audited(name)
    write(HERE / name, files(fresh if record is None or differences(record, fresh) else record, name), file_names())


def _differences(here: object, there: object, path: str) -> Iterator[str]:
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        for key in sorted(here.keys() ^ there.keys()):
            yield f"{path}.{key}"
        for key in sorted(here.keys() & there.keys()):
            yield from _differences(here[key], there[key], f"{path}.{key}")
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for place, pair in enumerate(zip(here, there, strict=True)):
            yield from _differences(*pair, f"{path}[{place}]")
    elif _is_number(here) and _is_number(there):
        if not math.isclose(here, there, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            yield path
    elif here != there:
        yield path


def _is_number(value: object) -> TypeGuard[float]:
    # Canonical JSON writes 1.0 as 1.
    return isinstance(value, int | float) and not isinstance(value, bool)


def main() -> int:
    """Make the samples, or check them."""
    if sys.argv[1:] == ["--check"]:
        found = [line for name in SAMPLES for line in stale(name)]
        sys.stderr.writelines(f"stale: {line}\n" for line in found)
        return int(bool(found))
    for name in SAMPLES:
        make(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
