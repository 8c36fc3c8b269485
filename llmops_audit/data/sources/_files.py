"""Only regular files are read: a pipe would block, and a device has no end."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

from llmops_audit.errors import DataError
from llmops_audit.personal_data import masked

__all__ = ["open_regular", "refuse_irregular"]

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a link"),
)

# What was a file a moment ago may be a pipe when it is opened, which would wait for a writer.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def refuse_irregular(path: Path, shown: str) -> None:
    """Refuse what is no regular file, without opening it. A symbolic link is followed once.

    Where it leads nobody wrote into the spec, so that personal data in its target are masked.

    Parameters
    ----------
    path : Path
    shown : str
        The path as the spec writes it; errors name it, and the target of a link.

    Raises
    ------
    DataError
    """
    link = ""
    try:
        if path.is_symlink():
            target = path.readlink()
            link = f"is a link to '{masked(str(target))}', "
            second = path.parent / target
            if second.is_symlink():
                third = masked(str(second.readlink()))
                raise DataError(shown, f"{link}a link to '{third}'", "a file, or a link that leads to one at once")
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(shown, f"{link}which does not exist" if link else "no such file") from None
    except (OSError, ValueError) as error:
        raise _unreadable(shown, error) from None
    _refuse_kind(mode, shown, link)


def open_regular(path: Path, shown: str) -> BufferedReader:
    """Open a regular file for reading; never wait for the other end of a pipe.

    Parameters
    ----------
    path : Path
    shown : str
        The path in errors.

    Raises
    ------
    DataError
    """
    refuse_irregular(path, shown)
    try:
        file = os.fdopen(os.open(path, _FLAGS), "rb")
    except (OSError, ValueError) as error:
        raise _unreadable(shown, error) from None
    try:
        _refuse_kind(os.fstat(file.fileno()).st_mode, shown, "")
    except DataError:
        file.close()
        raise
    return file


def _refuse_kind(mode: int, shown: str, link: str) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "no file")
        raise DataError(shown, f"{link}{kind}" if link else f"is {kind}", "a file")


def _unreadable(shown: str, error: Exception) -> DataError:
    return DataError(shown, "cannot be read", got=getattr(error, "strerror", None))
