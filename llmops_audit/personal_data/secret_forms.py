"""Forms and validators of secrets, and the entropy of a text.

Entropy is Shannon's, in bits per character: the sum of -p log2 p over the distinct characters of a text, p being the
share of each (C. E. Shannon, A Mathematical Theory of Communication, 1948).
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter

__all__ = [
    "ASSIGNED",
    "assigned",
    "authorization",
    "cell",
    "credentials",
    "entropy",
    "is_mixed",
    "jwt",
    "mixed_key",
    "named_credentials",
    "provider_key",
]

LONG = 16
SHORTEST = 8
SHORTEST_KEY = 10
STRONG = 3
"""A short secret must have this many classes of characters: lower case, upper case, digits, punctuation."""

MANUAL_PASSWORDS = frozenset(("pass", "password", "passwd", "pwd", "secret", "token"))
"""Placeholders for a password in manuals."""

SHARE = 0.7
"""Minimum entropy, as a share of log2 of the length (16 at most): 2.1 bits for 8 characters, 2.8 from 16 on.

Random letters and digits fall below it 1 time in 1,000, 16 random hexadecimal digits 1 time in 25, 32 hardly ever. It
rejects ``aaaa1111``. Nine in ten words of prose exceed it, so that entropy alone is no evidence: a secret also needs
a name and a digit.
"""

_LOGIN_NAMES = (
    r"passw(?:or)?[dt]|passphrase|passcode|(?<![a-z])pwd|pass(?=[\"'] ?:| ?=)|mot de passe|contrase[ñn]a|senha"
    "|wachtwoord|密码|口令|パスワード|비밀번호"
)
_WEAK_NAME = "(?<![a-z])pass(?= ?:)"
"""Tickets and test reports have it as well."""
_KEY_NAMES = (
    r"secret|token|credential|(?<![a-z])psk|密钥|秘钥|令牌|(?:api|access|secret|private|encryption|signing|account|auth"
    r"|client|master|subscription|session|app|service|storage)[_ \-]?key"
)
_SUFFIX = r"(?:[_ \-]?(?:access[_ \-]?key|key(?:[_ \-]base)?|value)|s?[0-9]{0,2})"
_TYPE = r"(?: {0,2}[a-z.\[\]]{1,20} {0,2}=)?"
_OPERATOR = (
    rf"(?:\\?[\"'`]?\]? {{0,20}}(?:=>|:=|={{1,3}}|:{_TYPE}) {{0,8}}|>"
    r"| (?:is|was)(?: now)?:? |(?<=[一-鿿])(?:已?[设改]?[为成]|是)[: ]{0,2}|(?<=[一-鿿]) "
    r"|(?:(?<=--password)|(?<=--passwd)|(?<=--secret)|(?<=--token)|(?<=--api-key)) )"
)
_QUOTED = r"[bru]?\\?[\"'`“‘](?P<quoted>[!#-&(-_a-~]{8,200})[\"'`”’]"
_CHARACTERS = r"!#-%*+\-./0-9:=?@A-Z\\^_a-z|~"
_BARE = rf"(?P<bare>[{_CHARACTERS}]{{8,256}})(?![{_CHARACTERS}(\[{{])"
"""A bracket after a value without quotes makes it a call."""

ASSIGNED = re.compile(
    rf"(?:(?P<password>{_LOGIN_NAMES})|(?P<pass>{_WEAK_NAME})|{_KEY_NAMES}){_SUFFIX}(?P<operator>{_OPERATOR})"
    rf"(?:{_QUOTED}|{_BARE})",
    re.IGNORECASE,
)
"""The name of a secret, an assignment, and a value with or without quotes."""

_NOT_FILLED_IN = re.compile(
    r"[*•]{3}|\.{3}|x{5}|\$\{|\$\(|\{\{|%[({s]|[<{][a-z_ \-]{1,30}[>}]"
    r"|(?<![a-z])(?:your|my|change_?me|example|placeholder|dummy|sample|redacted|insert|replace|removed|hidden|masked"
    r"|fake|todo|undefined|none|null)(?![a-z])",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}|://|\A0x[0-9a-f]{40}\Z|\A[~.]{0,2}/"
    r"|\.(?:pem|key|crt|json|txt|ya?ml|env|py|js|html?|com|org)\Z",
    re.IGNORECASE,
)
"""Dates, files, web addresses and wallet addresses: they say where a secret is, not what it is."""

_PATH = re.compile(r"[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)+\Z", re.ASCII)
_NAME = re.compile(r"[a-z_][\w.\-]*\Z", re.ASCII)
_OF_SECRETS = re.compile("pass|pwd|secret|token|key|auth|cred", re.IGNORECASE)
_PART = "(?:[A-Za-z]{2,}|[0-9]{1,8}|[A-Za-z][0-9]{0,2})"
_JOINED = re.compile(rf"{_PART}(?:[-_./:]{_PART})*\Z")
"""Words and numbers with punctuation between them, such as ``app-tls-2024``."""

_CLASSES = tuple(map(re.compile, ("[a-z]", "[A-Z]", "[0-9]", "[^0-9A-Za-z]")))
_NO_KEY = re.compile(r"(?i:x{6}|your)|(.)\1{9}")


def entropy(text: str) -> float:
    """Return Shannon's entropy in bits per character; 0.0 for an empty text and for one repeated character."""
    return sum(count / len(text) * math.log2(len(text) / count) for count in Counter(text).values())


def is_mixed(text: str) -> bool:
    """Return whether a text has letters, digits, and as much entropy as most random texts of its length."""
    found = re.search("[0-9]", text) and re.search("[A-Za-z].*[A-Za-z]", text)
    return bool(found) and entropy(text) >= SHARE * math.log2(min(len(text), LONG))


def _has_both_cases(text: str) -> bool:
    return all(pattern.search(text) for pattern in _CLASSES[:3])


def _classes(text: str) -> int:
    return sum(bool(pattern.search(text)) for pattern in _CLASSES)


def _is_value(text: str) -> bool:
    return is_mixed(text) and not _NOT_FILLED_IN.search(text) and not _ELSEWHERE.search(text)


def _is_code(text: str) -> bool:
    """Return whether a value without quotes is a name in a program."""
    return bool(_PATH.match(text)) or bool(_NAME.match(text) and _OF_SECRETS.search(text))


def _is_key(text: str) -> bool:
    """Return whether a value looks like a generated key."""
    if _JOINED.match(text):
        return False
    return len(text) >= LONG or (len(text) >= SHORTEST_KEY and _classes(text.rstrip("=")) >= STRONG)


def assigned(text: str) -> int:
    """Accept an assignment whose value has enough entropy, and is neither a name nor a placeholder.

    A password needs two classes of characters in quotes, after a colon or in Chinese, and three otherwise:
    ``password = newpassword2`` is code.
    """
    # Some names need hyphens before them, which are not part of the candidate.
    match = ASSIGNED.fullmatch(f"--{text}", 2)
    if not match:
        return 0
    quoted = match["quoted"]
    value = (quoted or match["bare"]).rstrip("\\" if quoted else "\\.:?")
    end = len(text) if quoted else match.start("bare") - 2 + len(value)
    if len(value) < SHORTEST or not _is_value(value) or (not quoted and _is_code(value)):
        return 0
    return end if _fits(match, value) else 0


def _fits(match: re.Match[str], value: str) -> bool:
    """Return whether a value has enough classes of characters for its name."""
    if match["pass"]:
        return _has_both_cases(value)
    if not match["password"]:
        return _is_key(value)
    is_plain = match["quoted"] or ":" in match["operator"] or not match["operator"].isascii()
    return _classes(value) >= (STRONG - 1 if is_plain else STRONG)


def cell(text: str) -> int:
    """Accept a text that is one word with both cases and digits, or a long key that is not made of words."""
    strong = _is_key(text) if len(text) >= LONG else _has_both_cases(text)
    return len(text) if strong and _is_value(text) and not _is_code(text) else 0


def authorization(text: str) -> int:
    """Accept an HTTP scheme with its token; for ``Basic``, a name and a password (RFC 7617)."""
    scheme, token = text.split(maxsplit=1)
    if scheme.lower() == "bearer":
        return len(text) if _is_value(token) and not _JOINED.match(token) else 0
    try:
        plain = base64.b64decode(token + "=" * (-len(token) % 4), validate=True).decode()
    except ValueError:
        return 0
    return len(text) if ":" in plain and plain.isprintable() else 0


def named_credentials(text: str) -> int:
    """Accept an address with a name and a password, unless the password is a placeholder."""
    password = _password(text)
    return 0 if re.search(r"[*•]{3}|\.{3}|\A[xX]+\Z|[${<]|%[({s]", password) else len(text)


def credentials(text: str) -> int:
    """Accept such an address, unless its password is a placeholder or a word that manuals use."""
    return 0 if _password(text).lower() in MANUAL_PASSWORDS else named_credentials(text)


def _password(address: str) -> str:
    return address.partition("://")[2].rpartition("@")[0].partition(":")[2]


def provider_key(text: str) -> int:
    """Accept a key without one repeated character, which stands in examples."""
    return 0 if _NO_KEY.search(text) else len(text)


def mixed_key(text: str) -> int:
    """Accept a key with digits, where the prefix alone is too short to be unmistakable."""
    return provider_key(text) if re.search("[0-9]", text[3:]) else 0


def jwt(text: str) -> int:
    """Accept a token whose header is a JSON object that names an algorithm (RFC 7519)."""
    header = text.partition(".")[0]
    try:
        fields = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (ValueError, RecursionError):
        return 0
    return len(text) if isinstance(fields, dict) and "alg" in fields else 0
