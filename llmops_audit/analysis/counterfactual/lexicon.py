"""Identity terms by attribute: the packaged lexicons, extended by the user's own files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

from llmops_audit.analysis.counterfactual.lexicon_files import LexiconFile, read
from llmops_audit.analysis.counterfactual.mentions import Mention, MentionFinder
from llmops_audit.analysis.counterfactual.swapping import SwappedText, swapped

__all__ = ["IdentityAttribute", "Lexicon", "Swap"]


@dataclass(frozen=True)
class IdentityAttribute:
    """A sensitive attribute and its terms.

    Attributes
    ----------
    name : str
    finders : tuple of MentionFinder
        One for each language.
    """

    name: str
    finders: tuple[MentionFinder, ...]

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups of all languages, sorted."""
        return tuple(sorted({group for finder in self.finders for group in finder.groups}))

    def find(self, text: str) -> list[Mention]:
        """Return the terms in a text, in order; of two that overlap, the first."""
        found = [mention for finder in self.finders for mention in finder.find(text)]
        if len(self.finders) == 1 or len(found) < 2:
            return found
        kept: list[Mention] = []
        for mention in sorted(found, key=lambda one: (one.start, -one.end)):
            if not kept or mention.start >= kept[-1].end:
                kept.append(mention)
        return kept

    def swap(self, text: str, source: str, target: str, draw: str = "") -> SwappedText | None:
        """Swap two groups in a text, see `swapped`."""
        return swapped(text, self.find(text), source, target, draw)


@dataclass(frozen=True)
class Swap:
    """A row's text with the terms of a group swapped.

    Attributes
    ----------
    row : int
        Index of the row.
    attribute, source, target : str
        The terms of `source` were replaced by those of `target`.
    swapped : SwappedText
    """

    row: int
    attribute: str
    source: str
    target: str
    swapped: SwappedText


@dataclass(frozen=True)
class Lexicon:
    """Identity terms.

    Attributes
    ----------
    attributes : mapping of str to Attribute
        Sorted by name.
    version : str
        Languages and versions of the files.
    digest : str
        SHA-256 of the files' texts, in order.
    added : tuple of str
        Attributes that the user's own files name, sorted.
    """

    attributes: Mapping[str, IdentityAttribute]
    version: str
    digest: str
    added: tuple[str, ...] = ()

    @classmethod
    def of(cls, languages: Iterable[str], texts: Sequence[str] = ()) -> Lexicon:
        """Return the packaged lexicon of some languages, extended by lexicon files.

        Parameters
        ----------
        languages : iterable of str
            ``"en"``, ``"zh"``.
        texts : sequence of str
            The user's own lexicon files, which take precedence over the packaged ones.

        Raises
        ------
        ValueError
            Where a file is no lexicon, or a term belongs to two groups of an attribute.
        """
        packaged = [
            resources.files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
            for language in sorted(set(languages))
        ]
        every = [*texts, *packaged]
        files = [read(text) for text in every]
        names = sorted({name for file in files for name in file.terms})
        attributes = {name: IdentityAttribute(name, tuple(_finders(name, files))) for name in names}
        version = ", ".join(f"{file.language} {file.version}" for file in files)
        digest = hashlib.sha256("\n".join(every).encode())
        added = tuple(sorted({name for file in files[: len(texts)] for name in file.terms}))
        return cls(attributes, version, digest.hexdigest(), added)

    def swaps(self, names: Iterable[str], texts: Sequence[str], draws: Sequence[str]) -> Iterator[Swap]:
        """Swap every pair of groups in every text, leaving out texts that did not change.

        Parameters
        ----------
        names : iterable of str
            Attributes.
        texts : sequence of str, (n,)
        draws : sequence of str, (n,)
            What each text's random choices depend on, such as a seed and the row's key.
        """
        for name in names:
            attribute = self.attributes[name]
            for row, text in enumerate(texts):
                mentions = attribute.find(text)
                for source in sorted({mention.group for mention in mentions}):
                    for target in (group for group in attribute.groups if group != source):
                        one = swapped(text, mentions, source, target, f"{draws[row]}\n{name}")
                        if one is not None and one.text != text:
                            yield Swap(row, name, source, target, one)


def _finders(name: str, files: Sequence[LexiconFile]) -> Iterator[MentionFinder]:
    for language in sorted({file.language for file in files if name in file.terms}):
        yield MentionFinder(name, [file for file in files if file.language == language])
