"""Allow-lists: values that are not to be reported, as salted hashes. A company's hotline, the examples of a manual.

A list is a text file. An entry is a line ``salt:digest`` of 32 and 64 hexadecimal digits; a comment follows ``#``. The
digest is scrypt (Percival and Josefsson 2016, RFC 7914) of the value in its canonical form, with N = 1024, r = 8,
p = 1. There are only 10^10 telephone numbers: SHA-256 hashes of them can be reversed in seconds, while at this cost
(some milliseconds and a mebibyte for each guess) trying all of them takes one core about a year. That slows an attacker
down and keeps no secret, so only values that anyone may know belong on a list.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from llmops_audit.errors import DataError, Problem
from llmops_audit.personal_data.normal import normal

__all__ = ["EMPTY_ALLOW_LIST", "MAX_SALTS", "SALT_BYTES", "AllowList", "canonical", "entry", "keyed_hash"]

MAX_SALTS = 20
"""Every salt costs a slow hash for each distinct hit."""

SALT_BYTES = 16

_ENTRY = re.compile(r"([0-9A-Fa-f]{32}):([0-9A-Fa-f]{64})")
_WORK = {"n": 1024, "r": 8, "p": 1, "dklen": 32}

_DATES = frozenset({"date_of_birth"})
_PUNCTUATED = frozenset({"email", "ip_address"})
_TO_THE_LETTER = frozenset({"api_key", "jwt", "private_key", "secret", "url_credentials"})
_DIALLED_ABROAD = re.compile(r"(?:\+|00)\d")


def canonical(kind: str, value: str) -> str:
    """Return the one form of a value, however it is written.

    Parameters
    ----------
    kind : str
        Name of the kind.
    value : str

    Returns
    -------
    str
        In the normal form of texts, NFKC, in lower case, without white space. A telephone number becomes its national
        significant number, so that it is the same with and without country code (and the same in two countries that
        issue the same digits). A date becomes its numbers without leading zeros, separated by hyphens. E-mail and IP
        addresses keep their punctuation; all other values become their letters and digits. A secret stays as it is
        but for white space around it: a different case is a different password.
    """
    if kind in _TO_THE_LETTER:
        return value.strip()
    text = "".join(unicodedata.normalize("NFKC", normal(value).text).casefold().split())
    if kind == "phone":
        return _phone(text)
    if kind in _DATES:
        return "-".join(part.lstrip("0") or part for part in re.findall(r"\d+|[^\W\d_]+", text))
    if kind in _PUNCTUATED:
        return text
    # A value of nothing but punctuation must not become the empty text that all such values would share.
    return "".join(filter(str.isalnum, text)) or text


def _phone(text: str) -> str:
    # The library takes long to import, and most lists hold no telephone number.
    import phonenumbers

    digits = "".join(filter(str.isdigit, text))
    if _DIALLED_ABROAD.match(text):
        try:
            number = phonenumbers.parse(f"+{digits.removeprefix('00') if text[0] == '0' else digits}", None)
        except phonenumbers.NumberParseException:
            pass
        else:
            digits = phonenumbers.national_significant_number(number)
    return digits.lstrip("0") or digits


def keyed_hash(kind: str, value: str, key: bytes) -> int:
    """Return a keyed hash of a value: it shows that two values are equal, and stores neither.

    Parameters
    ----------
    kind : str
        Name of the kind; it decides the canonical form, and is not part of the hash.
    value : str
    key : bytes
        At most 64 bytes, drawn at random for one run: whoever knows the key can try all values.

    Returns
    -------
    int
        BLAKE2b (Saarinen and Aumasson 2015, RFC 7693) of the canonical value, 64 bits, unsigned.
    """
    digest = hashlib.blake2b(canonical(kind, value).encode(errors="surrogatepass"), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "big")


def entry(kind: str, value: str, salt: bytes) -> str:
    """Return the line of an allow-list that covers a value.

    Parameters
    ----------
    kind : str
        Name of the kind.
    value : str
    salt : bytes, (16,)
        Drawn at random; one salt for a whole list.
    """
    return f"{salt.hex()}:{_digest(salt, canonical(kind, value)).hex()}"


@lru_cache(maxsize=1 << 16)
def _digest(salt: bytes, text: str) -> bytes:
    return hashlib.scrypt(text.encode(errors="surrogatepass"), salt=salt, **_WORK)


@dataclass(frozen=True)
class AllowList:
    """An allow-list.

    Attributes
    ----------
    digests : frozenset of (bytes, bytes)
        Pairs of salt and digest.
    """

    digests: frozenset[tuple[bytes, bytes]] = frozenset()

    @classmethod
    def read(cls, text: str, shown: str = "allow-list") -> AllowList:
        """Read a list.

        Parameters
        ----------
        text : str
            The content of the file.
        shown : str
            Its path, for errors.

        Raises
        ------
        DataError
            Names every line that is no entry by its number, never by its content; or there are more than
            `MAX_SALTS` salts.
        """
        found: set[tuple[bytes, bytes]] = set()
        problems: list[Problem] = []
        for number, line in _lines(text):
            if match := _ENTRY.fullmatch(line):
                found.add((bytes.fromhex(match[1]), bytes.fromhex(match[2])))
            else:
                expected = "32 hexadecimal digits, a colon, 64 hexadecimal digits"
                problems.append(Problem(f"{shown}: line {number}", "is no entry of an allow-list", expected))
        allow_list = cls(frozenset(found))
        if len(allow_list.salts) > MAX_SALTS:
            count = str(len(allow_list.salts))
            problems.append(
                Problem(shown, "has too many salts", f"at most {MAX_SALTS}: each slows down every hit", count)
            )
        if problems:
            raise DataError.of(problems)
        return allow_list

    @cached_property
    def salts(self) -> tuple[bytes, ...]:
        """The salts of the list, sorted."""
        return tuple(sorted({salt for salt, _ in self.digests}))

    def covers(self, kind: str, value: str) -> bool:
        """Return whether a value is on the list, however it is written.

        Parameters
        ----------
        kind : str
            Name of the kind that the value was recognised as.
        value : str

        Notes
        -----
        Takes some milliseconds for each salt and distinct value; the last 65,536 values are cached.
        """
        text = canonical(kind, value) if self.digests else ""
        return any((salt, _digest(salt, text)) in self.digests for salt in self.salts)


EMPTY_ALLOW_LIST = AllowList()


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        content = line.partition("#")[0].strip()
        if content:
            yield number, content
