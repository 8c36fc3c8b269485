"""Every error that the harness raises on purpose.

::

    AuditError
    ├── SpecError        audit.toml is wrong
    ├── DataError        a data file is wrong
    ├── SubjectError     the classifier cannot be had, or is none
    ├── PluginError      a check or an output format is missing, double or malformed
    ├── RecordError      a record cannot be read
    └── OutputError      the output folder cannot be written

Every one of them ends a run with exit code 2. Advice to the user is the command line's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "AuditError",
    "DataError",
    "OutputError",
    "PluginError",
    "Problem",
    "RecordError",
    "SpecError",
    "SubjectError",
]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    subject : str
        What it is about: a file with key or row, a check, a folder.
    wrong : str
        What is wrong with it.
    expected, got : str, optional
        What would have been right, and what was found. `got` never holds a value of the audited data.
    """

    subject: str
    wrong: str
    expected: str | None = None
    got: str | None = None

    def __str__(self) -> str:
        parts = [f"{self.subject}: {self.wrong}"]
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.got is not None:
            parts.append(f"got {self.got}")
        return "; ".join(parts)


class AuditError(Exception):
    """Base of all errors of the harness; holds one or more problems, all of them shown at once.

    Parameters
    ----------
    subject, wrong, expected, got : str
        The parts of the first problem, see `Problem`.
    """

    def __init__(self, subject: str, wrong: str, expected: str | None = None, got: str | None = None) -> None:
        self.problems: tuple[Problem, ...] = (Problem(subject, wrong, expected, got),)
        super().__init__(subject, wrong, expected, got)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> AuditError:
        """Make one error of many problems.

        Raises
        ------
        ValueError
            Where there is no problem to report.
        """
        found = tuple(problems)
        if not found:
            raise ValueError("an error needs at least one problem")
        first = found[0]
        error = cls(first.subject, first.wrong, first.expected, first.got)
        error.problems = found
        return error

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class SpecError(AuditError):
    """`audit.toml` cannot be read, or asks for something that cannot be done."""


class DataError(AuditError):
    """A data file is missing, broken, or does not hold what the spec says."""


class SubjectError(AuditError):
    """The classifier cannot be imported, trained or queried, or is not a classifier."""


class PluginError(AuditError):
    """A check or an output format is not installed, installed twice, or breaks its contract."""


class RecordError(AuditError):
    """A record is no record of ours."""


class OutputError(AuditError):
    """The output folder holds something foreign or cannot be written."""
