"""Lexicon files: TOML, a language each, with identity terms that stand for each other."""

from __future__ import annotations

import tomllib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

__all__ = ["Entry", "LexiconFile", "read"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]

_OPTIONS = ("before", "not_before", "after", "exact", "only_to")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(_Part):
    """Terms that stand for each other.

    Attributes
    ----------
    terms : mapping of str to tuple of str
        The terms of each group, two groups at least.
    before, not_before, after : str, optional
        A list of words, by name: a term counts only where one of them follows; where a word that is none of them
        follows; where one of them stands before.
    exact : bool
        Whether a term counts in the case that it is written in alone.
    only_to : tuple of str
        Groups whose terms are put in the place of others, and never looked for.
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


class LexiconFile(_Part):
    """What a lexicon file says.

    Attributes
    ----------
    language : {"en", "zh"}
        English terms are words, of any case; Chinese ones are looked for as they stand, the longest first.
    version : str
    words : mapping of str to tuple of str
        Lists that entries name.
    protected : mapping of str to tuple of str
        By attribute: words in which no term counts.
    terms : mapping of str to tuple of Entry
        By attribute.
    """

    language: Literal["en", "zh"]
    version: Text
    words: dict[Text, Texts] = Field(default_factory=dict)
    protected: dict[Text, Texts] = Field(default_factory=dict)
    terms: Annotated[dict[Text, Annotated[tuple[Entry, ...], Field(min_length=1)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_known(self) -> LexiconFile:
        for attribute, entries in self.terms.items():
            for place, entry in enumerate(entries, 1):
                named = {entry.before, entry.not_before, entry.after} - {None}
                unknown = sorted(str(name) for name in named if name not in self.words)
                unknown += sorted(set(entry.only_to) - set(entry.terms))
                if unknown:
                    raise ValueError(f"terms.{attribute}, entry {place}: '{unknown[0]}' is no list, or no group, of it")
        return self


def read(text: str) -> LexiconFile:
    """Read a lexicon file.

    Raises
    ------
    ValueError
        Where it is no TOML, or says something else than a lexicon; the text names the key.
    """
    try:
        return LexiconFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(
            f"is no lexicon: {place}: {first['msg']}" if place else f"is no lexicon: {first['msg']}"
        ) from error
