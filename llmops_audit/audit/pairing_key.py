"""The secret key under which rows are known again from release to release: where it comes from, and what it must be."""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmops_audit.errors import SpecError
from llmops_audit.spec import Spec

__all__ = ["VARIABLE", "PairingKey", "pairing_key"]

VARIABLE = "LLMOPS_AUDIT_KEY"
"""Variable of the environment that holds the key; it goes before `[report] key_file`."""

SHORTEST = 32
"""Bytes: whoever guesses the key knows which prediction belongs to which row."""

_EXPECTED = f"at least {SHORTEST} bytes, as `openssl rand -hex 32` prints them"
_FINGERPRINT_OF = b"llmops-audit: fingerprint of this key"
_FINGERPRINT_DIGITS = 16


@dataclass(frozen=True)
class PairingKey:
    """A key; it is neither shown nor written anywhere.

    Attributes
    ----------
    secret : bytes
    """

    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """What tells the key from other keys, and gives nothing of it away."""
        return self.digest(_FINGERPRINT_OF).hex()[:_FINGERPRINT_DIGITS]

    def digest(self, content: bytes) -> bytes:
        """Return the HMAC-SHA-256 of a content, 32 bytes."""
        return hmac.digest(self.secret, content, "sha256")


def pairing_key(spec: Spec, folder: Path, needed_for: str, environment: Mapping[str, str] = os.environ) -> PairingKey:
    """Find the key.

    Parameters
    ----------
    spec : Spec
    folder : Path
        Folder of the spec.
    needed_for : str
        Key of the spec that an error names where there is none.
    environment : mapping of str to str

    Raises
    ------
    SpecError
        Where there is no key, it is too short, or others may read the file that holds it.
    """
    # A job without access to its secrets sees an empty variable.
    if given := environment.get(VARIABLE, "").strip():
        return _long_enough(given.encode(), VARIABLE)
    shown = None if spec.report is None else spec.report.key_file
    if shown is None:
        raise SpecError(needed_for, "there is no key", f"the variable {VARIABLE}, or `[report] key_file`")
    subject = f"report.key_file: {shown}"
    return _long_enough(_read(folder / Path(shown).expanduser(), folder, subject), subject)


def _long_enough(secret: bytes, subject: str) -> PairingKey:
    if len(secret) < SHORTEST:
        raise SpecError(subject, "holds a key that is too short", _EXPECTED, f"{len(secret)} bytes")
    return PairingKey(secret)


def _read(path: Path, folder: Path, subject: str) -> bytes:
    # Where links lead is what counts.
    path, folder = path.resolve(), folder.resolve()
    outside = "a file outside the repository, where it is not committed with the spec"
    if path.is_relative_to(folder):
        raise SpecError(subject, "lies in the folder of the spec", outside)
    if any((above / ".git").exists() for above in path.parents):
        raise SpecError(subject, "lies in a git work tree", outside)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise SpecError(subject, "is no file", "a file")
            # Windows has no such bits.
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                got = f"{stat.S_IMODE(mode):04o}"
                raise SpecError(subject, "may be read or changed by others", "mode 0600 (chmod 600)", got)
            return file.read().strip()
    except OSError as error:
        raise SpecError(subject, f"cannot be read: {error.strerror}", "a file with the key") from None
