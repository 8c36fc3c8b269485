"""Masking: what may be shown of a value."""

from __future__ import annotations

import re

__all__ = ["mask"]

_SEPARATORS = "+()-.: /"
_HIDDEN = re.compile(f"[^{re.escape(_SEPARATORS)}]")


def mask(kind: str, value: str) -> str:
    """Return the shape of a value; nothing of the value can be recovered from it.

    Parameters
    ----------
    kind : str
        Name of the kind.
    value : str

    Returns
    -------
    str
        ``***@***`` for every e-mail address; otherwise the value with every character but separators hidden, such as
        ``****-****-****-****``.
    """
    return "***@***" if kind == "email" else _HIDDEN.sub("*", value)
