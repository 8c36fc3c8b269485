"""Numbering plans of the library phonenumbers, compiled once: its own functions take ten times as long."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, NamedTuple

__all__ = ["is_possible", "is_valid"]

_TYPES = (
    "fixed_line",
    "mobile",
    "pager",
    "personal_number",
    "premium_rate",
    "shared_cost",
    "toll_free",
    "uan",
    "voicemail",
    "voip",
)
_LONGEST_CODE = 3


@lru_cache(maxsize=1 << 14)
def is_valid(digits: str) -> bool:
    """Return whether a numbering plan issues a number, as ``phonenumbers.is_valid_number`` does.

    Parameters
    ----------
    digits : str
        ASCII digits, calling code first.
    """
    code = _calling_code(digits)
    if code is None:
        return False
    if _is_issued(digits[len(str(code)) :], code):
        return True
    national = _national(digits, code)
    if national is None:
        return _by_library(digits, "is_valid_number")
    return _is_issued(national, code)


@lru_cache(maxsize=1 << 14)
def is_possible(digits: str) -> bool:
    """Return whether a number has a length of its plan, as ``phonenumbers.is_possible_number`` does."""
    code = _calling_code(digits)
    if code is None:
        return False
    national = _national(digits, code)
    if national is None:
        return _by_library(digits, "is_possible_number")
    general = _metadata(code)[0].general_desc
    return len(national) in {*general.possible_length, *general.possible_length_local_only}


def _national(digits: str, code: int) -> str | None:
    """Return a number without its calling code and without a prefix that is dialled inside the country.

    The prefix stays where the number is in the plan only with it, or has no length of the plan without it. None where
    the country rewrites numbers: the library handles those.
    """
    national = digits[len(str(code)) :]
    main = _metadata(code)[0]
    prefix = _compiled(main.national_prefix_for_parsing or "(?!)").match(national)
    if prefix is None or not prefix.end():
        return national
    if main.national_prefix_transform_rule is not None:
        return None
    rest = national[prefix.end() :]
    general, lengths = _compiled(main.general_desc.national_number_pattern), main.general_desc.possible_length
    keeps = general.fullmatch(national) is not None and general.fullmatch(rest) is None
    fits = len(rest) in lengths or len(rest) > max(lengths)
    return rest if fits and not keeps else national


def _by_library(digits: str, question: str) -> bool:
    import phonenumbers

    try:
        return bool(getattr(phonenumbers, question)(phonenumbers.parse(f"+{digits}", None)))
    except phonenumbers.NumberParseException:
        return False


def _calling_code(digits: str) -> int | None:
    # The library is slow to import, and most texts have no candidate.
    import phonenumbers

    if digits[:1] in ("", "0"):
        return None
    codes = (int(digits[:length]) for length in range(1, _LONGEST_CODE + 1))
    return next((code for code in codes if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), None)


def _is_issued(national: str, code: int) -> bool:
    """Return whether any region of a calling code has a national number, of any type.

    The patterns that are costliest to compile come last: most candidates that are no numbers fail earlier.
    """
    return any(
        len(national) in plan.lengths
        and _compiled(plan.general).fullmatch(national)
        and any(len(national) in lengths and _compiled(pattern).fullmatch(national) for pattern, lengths in plan.types)
        for plan in _plans(code)
    )


class _Plan(NamedTuple):
    """The pattern and lengths of all numbers of a region, and those of each type."""

    general: str
    lengths: frozenset[int]
    types: tuple[tuple[str, frozenset[int]], ...]


@cache
def _plans(code: int) -> list[_Plan]:
    plans = []
    for metadata in _metadata(code):
        general = metadata.general_desc
        found = [type_ for name in _TYPES if (type_ := getattr(metadata, name)) and type_.national_number_pattern]
        types = [
            (type_.national_number_pattern, frozenset(type_.possible_length or general.possible_length))
            for type_ in found
        ]
        lengths = frozenset[int]().union(*(lengths for _, lengths in types))
        plans.append(_Plan(general.national_number_pattern, lengths, tuple(types)))
    return plans


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def _metadata(code: int) -> list[Any]:
    import phonenumbers

    found = (
        phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    )
    return [metadata for metadata in found if metadata is not None]
