"""What was read of each file: its digest is taken of the bytes that pass, and every pass must meet the same file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from llmops_audit.errors import DataError

__all__ = ["FileDigest", "ReadLedger"]

_CHUNK_BYTES = 1 << 20

_State = tuple[int, int, int, int]


class _Hash(Protocol):
    def update(self, content: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(frozen=True)
class FileDigest:
    """A file that was read to its end.

    Attributes
    ----------
    sha256 : str
        Of all its bytes, compressed where it is compressed.
    bytes : int
    """

    sha256: str
    bytes: int


class Pass:
    """One pass over a file: whoever reads it hands over its bytes, in order, and says when there are no more."""

    def __init__(self) -> None:
        self._hash: _Hash = hashlib.sha256()
        self._bytes = 0
        self._is_whole = False

    def update(self, content: bytes) -> None:
        """Take the next bytes of the file; no bytes mean its end."""
        self._hash.update(content)
        self._bytes += len(content)
        self._is_whole = not content

    def read_all(self, read: Callable[[int], bytes]) -> None:
        """Take all bytes of a file from its start, by a function that returns the next ones."""
        while content := read(_CHUNK_BYTES):
            self.update(content)
        self.update(b"")

    @property
    def digest(self) -> FileDigest | None:
        """Digest of the file; None unless it was read to its end."""
        return FileDigest(self._hash.hexdigest(), self._bytes) if self._is_whole else None


class ReadLedger:
    """What is known of the files of an audit; a file that changes between or during its passes is an error."""

    def __init__(self) -> None:
        self._states: dict[Path, _State] = {}
        self._digests: dict[Path, FileDigest] = {}

    @contextmanager
    def reading(self, path: Path, shown: str) -> Iterator[Pass]:
        """Watch one pass over a file; the file is opened and read inside.

        Parameters
        ----------
        path : Path
        shown : str
            The path as the spec writes it; errors name it.

        Raises
        ------
        DataError
            Where the file is not the one that an earlier pass met, or changed during this pass.
        OSError
            Where the file cannot be found.
        """
        file, now = path.resolve(), _state(path)
        if self._states.setdefault(file, now) != now:
            raise _changed(shown)
        own = Pass()
        yield own
        self._check(file, path, shown)
        if own.digest is not None and self._digests.setdefault(file, own.digest) != own.digest:
            raise _changed(shown)

    def digest(self, path: Path, shown: str) -> FileDigest:
        """Return the digest of a file, which is read once more only where no pass came to its end.

        Raises
        ------
        DataError
            Where it cannot be read, or is not the one that an earlier pass met.
        """
        file = path.resolve()
        if file not in self._digests:
            try:
                with self.reading(path, shown) as own, path.open("rb") as content:
                    own.read_all(content.read)
            except OSError as error:
                raise DataError(shown, "cannot be read", got=error.strerror) from None
        return self._digests[file]

    def _check(self, file: Path, path: Path, shown: str) -> None:
        try:
            unchanged = self._states[file] == _state(path)
        except OSError:
            unchanged = False
        if not unchanged:
            raise _changed(shown)


class Watched:
    """The bytes of a binary file, which a pass takes as they are read."""

    def __init__(self, file: BinaryIO, own: Pass) -> None:
        self._file = file
        self._own = own

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        content = self._file.read(size)
        if size:
            self._own.update(content)
        return content


def _state(path: Path) -> _State:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _changed(shown: str) -> DataError:
    return DataError(shown, "changed while it was read", "a file that nobody writes to during the audit")
