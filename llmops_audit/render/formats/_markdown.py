"""Texts that Markdown shows as they are, for the formats that hold Markdown."""

from __future__ import annotations

import re

from llmops_audit.render.items import one_line

__all__ = ["MAX_CELL", "escaped", "prose"]

MAX_CELL = 160
"""Characters of a table's cell."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Marks, the starts of addresses that become links by themselves, and what begins a list, a heading or a rule.
_SPECIAL = re.compile(r"[\\`*_{}\[\]!|~$]|:(?=//)|(?<=www)\.|^[-+=#]", re.IGNORECASE)
_NUMBERED = re.compile(r"^([0-9]+)(?=[.)](?:\s|\Z))")
# An empty comment splits what would be a mention, an address or the number of an issue.
_SPLIT = re.compile(r"@|#(?=[0-9])")
_ENTITY = re.compile("[&<>]")
_CODE = re.compile(r"(`[^`\n]+`)")


def escaped(text: str, characters: int = MAX_CELL) -> str:
    """Return a text on one line, bounded, that Markdown shows as it is: no markup, no link, no mention."""
    return _escaped(one_line(text, characters))


def prose(text: str, characters: int) -> str:
    """Return a text of a check's page on one line, in which only code spans are markup."""
    spans = _CODE.split(one_line(text, characters))
    return "".join(span if number % 2 else _escaped(span) for number, span in enumerate(spans))


def _escaped(line: str) -> str:
    plain = _NUMBERED.sub(r"\1\\", _SPECIAL.sub(r"\\\g<0>", line))
    return _SPLIT.sub(r"\g<0><!-- -->", _ENTITY.sub(lambda found: _ENTITIES[found[0]], plain))
