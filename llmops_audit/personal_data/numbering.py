"""Numbering plans of the library phonenumbers, kept compiled: its own functions take ten times longer."""

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
    """Return whether a numbering plan gives a number out, as ``phonenumbers.is_valid_number`` does.

    Parameters
    ----------
    digits : str
        ASCII digits, calling code first.
    """
    code = _calling_code(digits)
    if code is None:
        return False
    if _is_given_out(digits[len(str(code)) :], code):
        return True
    national = _national(digits, code)
    if national is None:
        return _by_library(digits, "is_valid_number")
    return _is_given_out(national, code)


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
    """Return a number without calling code and without a prefix that is dialled inside the country.

    The prefix goes, unless the number is one of the plan with it alone, or has no length of the plan without it. None
    where the country rewrites numbers: that is left to the library.
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


def _is_given_out(national: str, code: int) -> bool:
    """Return whether a region of a calling code has a national number, as one of any type.

    What is dear to compile comes last: most candidates that are no numbers fail before.
    """
    return any(
        len(national) in plan.lengths
        and _compiled(plan.general).fullmatch(national)
        and any(len(national) in lengths and _compiled(pattern).fullmatch(national) for pattern, lengths in plan.types)
        for plan in _plans(code)
    )


class _Plan(NamedTuple):
    """What all numbers of a region have in common, and pattern and lengths of each type."""

    general: str
    lengths: frozenset[int]
    types: tuple[tuple[str, frozenset[int]], ...]


@cache
def _plans(code: int) -> list[_Plan]:
    plans = []
    for metadata in _metadata(code):
        general = metadata.general_desc
        kinds = [kind for name in _TYPES if (kind := getattr(metadata, name)) and kind.national_number_pattern]
        types = [
            (one.national_number_pattern, frozenset(one.possible_length or general.possible_length)) for one in kinds
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
