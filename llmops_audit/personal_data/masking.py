"""Masking: what may be shown of a value."""

from __future__ import annotations

import re

__all__ = ["mask"]

_SEPARATORS = "+()-.: /"
_HIDDEN = re.compile(f"[^{re.escape(_SEPARATORS)}]")


def mask(kind: str, value: str) -> str:
    """Return the shape of a value, from which nothing of it can be recovered.

    Parameters
    ----------
    kind : str
        Name of the kind.
    value : str

    Returns
    -------
    str
        For an e-mail address always ``***@***``; otherwise the value with every character hidden but separators,
        such as ``****-****-****-****``.
    """
    return "***@***" if kind == "email" else _HIDDEN.sub("*", value)
