"""The gates that texts must pass before patterns are tried, and the boundaries that forms share."""

from __future__ import annotations

import re

from llmops_audit.personal_data.kinds import Gate, Words, words

__all__ = [
    "AT",
    "CODE",
    "DIGIT",
    "FOREIGN",
    "GROUPS",
    "HYPHENS",
    "LEFT",
    "OTHER_NUMBERS",
    "PAIRS",
    "RIGHT",
    "SCHEME",
    "TOKEN",
    "WRITTEN_DATE",
    "code",
    "number",
]

LEFT = r"(?<![0-9A-Za-z])(?<![0-9]\.)"
RIGHT = r"(?![0-9A-Za-z])(?!\.[0-9])"
"""Boundaries are ASCII-only, so that a number between Chinese characters is found. Parts of decimals are not."""

DIGIT = "[0-9]"
FOREIGN = r"[^\x00-\x7F]"
"""Patterns of the coarsest gates."""


def number(digits: int) -> Gate:
    """Return the gate of forms with at least this many digits, and with the separators inside one number.

    A run never crosses the end of a line.
    """
    return Gate(rf"[0-9](?:[ ().\-/]{{0,2}}[0-9]){{{digits - 1}}}", digits, DIGIT)


_PUNCTUATION = "@|://|:[0-9A-Fa-f]{0,4}:|-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-"

AT = Gate("@", within=_PUNCTUATION)
GROUPS = Gate("::|(?:[0-9A-Fa-f]{1,4}:){6}", within=_PUNCTUATION)
PAIRS = Gate("(?:[0-9A-Fa-f]{2}:){5}", within=_PUNCTUATION)
HYPHENS = Gate("-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-", within=_PUNCTUATION)
"""Addresses of version 6 and of network cards."""
SCHEME = Gate("://", within=_PUNCTUATION)
CODE = Gate(r"[A-Za-z][ \-]?[0-9]{2}|[0-9]{2}[ \-]?[A-Za-z]", within=DIGIT)
"""Letters next to digits: numbers of passports, accounts and vehicles."""
TOKEN = Gate(r"[0-9A-Za-z_\-]{20}", within=DIGIT)
"""Long words: keys and tokens."""
WRITTEN_DATE = Gate(r"[0-9] ?[年/.\-]|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", within=DIGIT)
"""Dates with words or separators."""


def code(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Compile a pattern between boundaries: it touches no ASCII letter or digit, and is not part of a decimal."""
    return re.compile(f"{LEFT}(?:{pattern}){RIGHT}", flags)


OTHER_NUMBERS: Words = words(
    "order invoice ref reference tracking parcel ticket serial isbn issn sku imei case id uuid hash version batch "
    "booking confirmation transaction txn",
    "订单 单号 编号 流水 发票 序列号 快递 运单 货号 版本",
)
"""Words that name numbers of things."""
