"""Lexicon files: TOML, one for each language, with identity terms that replace each other.

A file of a user's own may add any part; what it does not hold stays as packaged::

    language = "en"
    version = "ours 1"
    set_phrases = ["Christian Science Monitor"]     # nothing in them is swapped, for any attribute

    [protected]
    gender = ["lass of the month"]                  # nothing in them is swapped for this attribute

    [[terms.gender]]                                # terms that replace each other, by group
    female = "lass"
    male = "lad"
"""

from __future__ import annotations

import tomllib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

__all__ = ["LexiconEntry", "LexiconFile", "read"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]

_OPTIONS = ("before", "not_before", "after", "exact", "only_to")


class _LexiconModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LexiconEntry(_LexiconModel):
    """Terms that replace each other.

    Attributes
    ----------
    terms : mapping of str to tuple of str
        The terms of each group, two groups at least.
    before, not_before, after : str, optional
        Name of a list of words: a term counts only where one of them follows; where another word follows; where one
        of them precedes it.
    exact : bool
        Whether a term counts only in the case in which it is written.
    only_to : tuple of str
        Groups whose terms only replace others and are never looked for.
    """

    terms: Annotated[dict[Text, Texts], Field(min_length=2)]
    before: str | None = None
    not_before: str | None = None
    after: str | None = None
    exact: bool = False
    only_to: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _groups_beside_options(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        groups = {key: one for key, one in value.items() if key not in _OPTIONS}
        terms = {group: [one] if isinstance(one, str) else one for group, one in groups.items()}
        return {"terms": terms, **{key: one for key, one in value.items() if key in _OPTIONS}}


class LexiconFile(_LexiconModel):
    """The content of a lexicon file.

    Attributes
    ----------
    language : {"en", "zh"}
        English terms are words, of any case; Chinese terms match literally, the longest first.
    version : str
    words : mapping of str to tuple of str
        Lists that entries name.
    set_phrases : tuple of str
        Names and set phrases within which no term of any attribute counts ("Christian Science Monitor"); an English
        plural is a phrase of its own.
    protected : mapping of str to tuple of str
        By attribute: words within which no term of it counts ("African American" names no nationality).
    terms : mapping of str to tuple of LexiconEntry
        By attribute.
    """

    language: Literal["en", "zh"]
    version: Text
    words: dict[Text, Texts] = Field(default_factory=dict)
    set_phrases: tuple[Text, ...] = ()
    protected: dict[Text, Texts] = Field(default_factory=dict)
    terms: dict[Text, Annotated[tuple[LexiconEntry, ...], Field(min_length=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_known(self) -> LexiconFile:
        if not (self.terms or self.protected or self.set_phrases):
            raise ValueError("none of terms, protected and set_phrases holds anything")
        for attribute, entries in self.terms.items():
            for number, entry in enumerate(entries, 1):
                named = {entry.before, entry.not_before, entry.after} - {None}
                unknown = sorted(str(name) for name in named if name not in self.words)
                unknown += sorted(set(entry.only_to) - set(entry.terms))
                if unknown:
                    raise ValueError(f"terms.{attribute}, entry {number}: unknown word list or group '{unknown[0]}'")
        return self


def read(text: str) -> LexiconFile:
    """Read a lexicon file.

    Raises
    ------
    ValueError
        Where it is not TOML or not a lexicon; the text names the key.
    """
    try:
        return LexiconFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ValueError(
            f"is not a lexicon: {key}: {first['msg']}" if key else f"is not a lexicon: {first['msg']}"
        ) from error
