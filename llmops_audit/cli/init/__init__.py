"""A first `audit.toml`, commented, that already runs: from data files, or for the tutorial's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_audit.errors import DataError, OutputError
from llmops_audit.record.folder import PREDICTIONS, ROWS

if TYPE_CHECKING:
    from llmops_audit.cli.init.roles import Roles, Taken
    from llmops_audit.cli.init.sampled_files import DataFile
    from llmops_audit.cli.init.writing import Draft
    from llmops_audit.spec import DataSection

__all__ = ["Started", "starter"]

_IGNORED = "# Single rows, where the spec asks for them: to be kept and deleted as personal data.\n"


@dataclass(frozen=True)
class Started:
    """What was written, and what each column was taken for.

    Attributes
    ----------
    files : tuple of Path
    columns : tuple of Taken
        In file order.
    notes : tuple of str
        What a user should know beside that.
    """

    files: tuple[Path, ...]
    columns: tuple[Taken, ...] = ()
    notes: tuple[str, ...] = ()


def starter(data: Sequence[str], output: Path, *, columns: Sequence[str] | None = None, fit: bool = True) -> Started:
    """Write a spec for data files, or the tutorial's data and a spec for them.

    Parameters
    ----------
    data : sequence of str
        Files, each as `FILE` or as `train=FILE`, `test=FILE`, `live=FILE`, `path=FILE`.
    output : Path
        The spec; nothing that exists is overwritten.
    columns : sequence of str, optional
        Names of the columns of files that have no header.
    fit : bool
        Cross-validate the training rows, to propose minima.

    Raises
    ------
    OutputError
        Where a file is in the way.
    DataError
        Where the data cannot be read, or no spec can be written for them that would run.
    """
    sentences = output.parent / "sentences.csv"
    for path in (output,) if data else (output, sentences):
        if path.exists():
            raise OutputError(str(path), "exists already", "a name that is not taken")
    output.parent.mkdir(parents=True, exist_ok=True)
    if data:
        return _ignored(_from_files(data, output, columns, fit=fit), output)
    from llmops_audit.data.tutorial import tutorial_data

    tutorial_data().to_csv(sentences, index=False, lineterminator="\n")
    try:
        _write(_tutorial(output, sentences), output, fit=fit)
    except BaseException:
        # Stopped by the user as well: what is left would be in the way of the next time.
        sentences.unlink(missing_ok=True)
        raise
    return _ignored(Started((output, sentences)), output)


def _ignored(started: Started, output: Path) -> Started:
    """Keep predictions by row out of the repository: they are pseudonymised, and that is personal data."""
    path = output.parent / ".gitignore"
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        missing = [name for name in (PREDICTIONS, ROWS) if name not in before.split()]
        if not missing:
            return started
        end = "\n" if before and not before.endswith("\n") else ""
        path.write_text(f"{before}{end}{_IGNORED}" + "".join(f"{name}\n" for name in missing), encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        note = f"{path.name} cannot be written: keep {PREDICTIONS} and {ROWS} (`[report]`) out of the repository."
        return replace(started, notes=(*started.notes, note))
    return replace(started, files=(*started.files, path))


def _from_files(data: Sequence[str], output: Path, columns: Sequence[str] | None, *, fit: bool) -> Started:
    from llmops_audit.cli.init.number_format import number_format
    from llmops_audit.cli.init.roles import roles_of
    from llmops_audit.cli.init.sampled_files import read_file
    from llmops_audit.cli.init.split_files import SplitFiles, parts_of, relative, with_parts
    from llmops_audit.cli.init.writing import Draft

    parts, spare = with_parts(parts_of(data))
    files = {part: [read_file(path, columns) for path in paths] for part, paths in parts.items()}
    every = [file for found in files.values() for file in found]
    tables = SplitFiles(files, number_format(every))
    roles = roles_of(tables, ", ".join(str(file.path) for file in every))
    named = _parts_of_spec(parts, saved=roles.outputs.saved)
    if "test" not in named and "path" not in named:
        raise DataError(", ".join(map(str, parts)), "hold no rows to judge", "`test=FILE` or `path=FILE`")
    notes = _notes(every, spare, roles)
    chinese = roles.text.chinese if roles.text is not None else _is_chinese(roles.label.name)
    draft = Draft(
        file=output.name,
        name=_folder_name(every),
        roles=roles,
        paths={part: [relative(path, output.parent) for path in paths] for part, paths in named.items()},
        settings=_settings(every, tables.numbers),
        notes=notes,
        language="zh" if chinese else "en",
        unsearched=tuple(dict.fromkeys(name for file in every for name in file.unsearched)),
    )
    _write(draft, output, fit=fit)
    shown = [roles.taken[name] for name in tables.looks | tables.left_out if name in roles.taken]
    return Started((output,), tuple(shown), notes)


def _parts_of_spec(parts: Mapping[str, Sequence[Path]], *, saved: bool) -> dict[str, list[Path]]:
    """Return the keys of `[data]`: saved outputs are judged as they are, other rows are split where need be."""
    found = {part: list(paths) for part, paths in parts.items()}
    if "reference" in found:
        found["test" if saved else "path"] = found.pop("reference")
    if saved and "test" not in found:
        found["test"] = found.pop("path" if "path" in found else "train", [])
    elif not saved and "path" not in found and ("train" in found) != ("test" in found):
        found["path"] = found.pop("train" if "train" in found else "test")
    return {part: found[part] for part in ("path", "train", "test", "live") if found.get(part)}


def _settings(files: Sequence[DataFile], numbers: DataSection) -> dict[str, object]:
    """Return how text files are read; a spec says it once for all of them.

    Raises
    ------
    DataError
        Where the files are written in different ways.
    """
    from llmops_audit.data.sources import FileFormat

    default = FileFormat()
    formats = {replace(file.format, names=None) for file in files}
    if len(formats) > 1:
        raise DataError(
            ", ".join(str(file.path) for file in files),
            "are written in different ways (delimiter, encoding, quotes or a line at the top)",
            "one way for all, or the files of one way alone",
        )
    format = files[0].format
    found: dict[str, object] = {
        "delimiter": format.delimiter, "encoding": format.encoding, "quote": format.quote,
        "column_names": None if format.names is None else list(format.names),
        "skip_rows": format.skip_rows, "decimal": numbers.decimal, "thousands": numbers.thousands,
    }  # fmt: skip
    usual = {"encoding": default.encoding, "quote": default.quote, "skip_rows": 0, "decimal": "."}
    return {key: value for key, value in found.items() if value is not None and value != usual.get(key)}


def _notes(files: Sequence[DataFile], spare: Sequence[Path], roles: Roles) -> tuple[str, ...]:
    notes = [
        f"{file.path.name}: {file.table.num_rows:,} of its {file.rows:,} rows were looked at, a random sample."
        for file in files
        if file.sampled
    ]
    notes += [f"{path.name} is left out: the audit judges on test rows." for path in spare]
    if roles.label.distinct == 2 and roles.positive is None:
        notes.append("Which of the two labels is the positive one is for you to say: see `positive`.")
    if roles.outputs.scores_decide and isinstance(roles.outputs.scores, str):
        notes.append("The threshold of the scores is a stand-in: put that of your system in its place.")
    if (reading := roles.outputs.reading) is not None:
        notes.append(
            f"Of {reading.of:,} saved outputs {reading.read:,} become a label by [model.output]; the others are wrong."
        )
    return tuple(notes)


def _write(draft: Draft, output: Path, *, fit: bool) -> None:
    """Try a spec on the data, and write it; what would not run is never written, nor half of what would.

    Raises
    ------
    AuditError
        What an audit would stop at.
    """
    from llmops_audit.cli.init.minima import check_and_measure, proposed
    from llmops_audit.cli.init.writing import written

    reached = check_and_measure(written(draft), output.parent, fit=fit)
    part = output.with_name(f".{output.name}.part")
    try:
        part.write_text(written(replace(draft, minima=proposed(reached))), encoding="utf-8")
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _tutorial(output: Path, sentences: Path) -> Draft:
    from llmops_audit.cli.init.looks import Look
    from llmops_audit.cli.init.output_columns import SavedOutputs
    from llmops_audit.cli.init.roles import Roles
    from llmops_audit.cli.init.writing import Draft

    label = Look("label", "number", 0, 0, 2, (0, 1))
    roles = Roles(label, SavedOutputs(None, (), (), None, ()), 1, Look("text", "text", 0, 0, 0))
    return Draft(output.name, "tutorial", roles, {"path": [sentences.name]})


def _folder_name(files: Sequence[DataFile]) -> str:
    path = files[0].path
    stem = path.name.partition(".")[0] if len(files) == 1 else path.resolve().parent.name
    kept = "".join(character if character.isalnum() else "-" for character in stem).strip("-")
    return kept[:60] or "classifier"


def _is_chinese(name: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in name)
