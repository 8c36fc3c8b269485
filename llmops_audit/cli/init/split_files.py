"""The files of a spec side by side: which stands for what split, and what their columns look like together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_audit.cli.init.looks import DEFAULT_MISSING, Look, look
from llmops_audit.cli.init.name_words import SPLITS, words_of
from llmops_audit.cli.init.number_format import USUAL
from llmops_audit.cli.init.sampled_files import DataFile
from llmops_audit.data.columns import plain
from llmops_audit.data.sources import stored_as
from llmops_audit.errors import DataError
from llmops_audit.record.labels import Label, canonical_label

if TYPE_CHECKING:
    import pyarrow as pa

    from llmops_audit.spec import DataSection

__all__ = ["InputFile", "SplitFiles", "parts_of", "relative", "with_parts"]

PARTS = ("path", "train", "test", "live")


@dataclass(frozen=True)
class InputFile:
    """A file as the command line names it.

    Attributes
    ----------
    path : Path
    part : str, optional
        The split that the command line says.
    """

    path: Path
    part: str | None


def parts_of(arguments: Sequence[str]) -> tuple[InputFile, ...]:
    """Read `train=FILE` or `FILE`."""
    found = []
    for argument in arguments:
        part, equals, path = argument.partition("=")
        if equals and part in PARTS and not Path(argument).exists():
            found.append(InputFile(Path(path), part))
        else:
            found.append(InputFile(Path(argument), None))
    return tuple(found)


def with_parts(named: Sequence[InputFile]) -> tuple[dict[str, list[Path]], tuple[Path, ...]]:
    """Say which file is which split, by the command line or by the names of the files.

    Returns
    -------
    dict of str to list of Path
        Split, `"path"` for what is split by the audit, or `"reference"`, which depends on what the file holds.
    tuple of Path
        Files that are left out.

    Raises
    ------
    DataError
        Where a file could be anything.
    """
    if len(named) == 1 and named[0].part is None:
        return {"path": [named[0].path]}, ()
    parts: dict[str, list[Path]] = {}
    for one in named:
        part = one.part or _by_name(one.path)
        if part is None:
            expected = "`train=FILE`, `test=FILE`, `live=FILE`, or `path=FILE` to split it"
            raise DataError(str(one.path), "could be any split", expected)
        parts.setdefault(part, []).append(one.path)
    spare = parts.pop("dev", [])
    if spare and "test" not in parts and "path" not in parts:
        parts["test"], spare = spare, []
    return _sound(parts, named), tuple(spare)


def _by_name(path: Path) -> str | None:
    words = words_of(path.name.partition(".")[0])
    fits = [part for part, known in SPLITS.items() if any(word in known for word in words) or _chinese(path, known)]
    return fits[0] if len(fits) == 1 else None


def _chinese(path: Path, known: Iterable[str]) -> bool:
    return any(word in path.name for word in known if not word.isascii())


def _sound(parts: dict[str, list[Path]], named: Sequence[InputFile]) -> dict[str, list[Path]]:
    shown = ", ".join(str(one.path) for one in named)
    if "path" in parts and {"train", "test", "reference"} & set(parts):
        raise DataError(shown, "name a file to split, and splits as well", "`path`, or `train` and `test`")
    if "reference" in parts and "train" not in parts and "test" in parts:
        parts["train"] = parts.pop("reference")
    if set(parts) == {"live"}:
        raise DataError(shown, "are production rows alone", "labelled rows as well, such as `test=FILE`")
    return parts


@dataclass(frozen=True)
class SplitFiles:
    """The files of each split, and their columns together.

    Attributes
    ----------
    files : mapping of str to sequence of DataFile
        By split, or ``"path"``.
    numbers : DataSection
        How text files write numbers.
    """

    files: Mapping[str, Sequence[DataFile]]
    numbers: DataSection = USUAL

    @property
    def parts(self) -> tuple[str, ...]:
        """The splits that there are, and ``"path"``."""
        return tuple(self.files)

    @property
    def labelled(self) -> tuple[str, ...]:
        """Those whose rows need labels."""
        return tuple(part for part in self.files if part != "live")

    def stands_in(self, name: str, parts: Iterable[str]) -> bool:
        """Return whether all files of these parts have a column that can be read."""
        return all(name in file.table.column_names for part in parts for file in self.files[part])

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Columns that cannot be read, or that not every file has, and why."""
        found: dict[str, str] = {}
        for files in self.files.values():
            for file in files:
                found |= dict.fromkeys(file.unreadable, "of a type that cannot be read as a column")
                lacking = [name for name in self._names if name not in file.names]
                found |= {name: f"not in {file.path.name}" for name in lacking if name not in found}
        return found

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for files in self.files.values() for file in files for name in file.names))

    @cached_property
    def looks(self) -> dict[str, Look]:
        """What each column looks like that can be read, over the files that have it, in file order."""
        return self._looks(self.parts)

    @cached_property
    def labelled_looks(self) -> dict[str, Look]:
        """The same over the rows that need labels."""
        return self.looks if self.labelled == self.parts else self._looks(self.labelled)

    def _looks(self, parts: Iterable[str]) -> dict[str, Look]:
        import pyarrow as pa

        files = [file for part in parts for file in self.files[part]]
        found = {}
        for name in self._names:
            having = [file for file in files if name in file.table.column_names]
            if having:
                chunks = [chunk for file in having for chunk in file.table.column(name).cast(pa.string()).chunks]
                dictionary = any(name in file.dictionaries for file in having)
                found[name] = look(
                    name, pa.chunked_array(chunks, pa.string()), dictionary=dictionary,
                    stored=stored_as(having[0].table.schema.field(name)), numbers=self.numbers,
                )  # fmt: skip
        return found

    def unique(self, name: str) -> bool:
        """Return whether every row has a value of its own, in each file by itself."""
        having = [file for files in self.files.values() for file in files if name in file.table.column_names]
        return all(
            file.table.num_rows > 2 and len(file.table.column(name).unique()) == file.table.num_rows for file in having
        )

    def outputs(self, name: str) -> Counter[str]:
        """Return the distinct texts of a column of saved outputs, and their rows; training rows need none."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = Counter[str]()
        for file in (file for part in self.parts if part != "train" for file in self.files[part]):
            if name in file.table.column_names:
                texts = pc.utf8_trim_whitespace(file.table.column(name).cast(pa.string()))
                counts = texts.filter(pc.invert(pc.is_in(texts, pa.array(DEFAULT_MISSING, pa.string())))).value_counts()
                found.update({one["values"].as_py(): one["counts"].as_py() for one in counts if one["values"].is_valid})
        return found

    def same(self, name: str, other: str) -> bool:
        """Return whether the values of a column stand for those of another, one for one."""
        pairs: set[tuple[Label | None, Label | None]] = set()
        for part in self.labelled:
            for file in self.files[part]:
                if name in file.table.column_names:
                    columns = (_canonical(file.table, name), _canonical(file.table, other))
                    pairs |= set(zip(*columns, strict=True))
        return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) > 1

    def higher(self, scores: str, label: Look) -> Label | None:
        """Return which of two labels has the higher scores; None where there are not two, or no difference."""
        import pyarrow as pa

        if len(label.values) != 2:
            return None
        sums = dict.fromkeys(label.values, 0.0)
        counts = dict.fromkeys(label.values, 0)
        for part in self.labelled:
            for file in self.files[part]:
                if scores not in file.table.column_names:
                    continue
                written = file.table.column(scores).cast(pa.string())
                read = plain(written, self.numbers) if self.looks[scores].stored is None else written
                for value, score in zip(_canonical(file.table, label.name), read.to_pylist(), strict=True):
                    if value in sums and score is not None:
                        sums[value] += float(score)
                        counts[value] += 1
        means = {value: sums[value] / max(1, counts[value]) for value in sums}
        low, high = sorted(means, key=lambda value: means[value])
        return high if means[high] > means[low] else None


def _canonical(table: pa.Table, name: str) -> list[Label | None]:
    return [None if value is None else canonical_label(value) for value in table.column(name).to_pylist()]


def relative(path: Path, folder: Path) -> str:
    """Return a path as a spec in a folder writes it."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
