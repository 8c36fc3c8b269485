"""One rule of comparing for labels, groups and categories: by value, but only where nothing is lost.

Texts are read as numbers and truth values where every value of a column has one spelling in each file. Rows are read
once, so that this is assumed until two spellings of one value turn up (1.1 and 1.10); reading then starts anew, and all
values of that column, and of those that it is compared with, stay texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.record.labels import canonical_label
from llmops_audit.spec import Spec

__all__ = ["LABELS", "Reread", "Spellings", "families"]

LABELS = "(label)"
"""The family of labels, predictions and predictions of the baseline, which are compared with each other."""

MOST_SPELLINGS = 1 << 16
"""Numbers of a column in a file whose spellings are compared: with more, they stay texts, and memory stays small."""

_READABLE = r"^(-?(0|[1-9][0-9]*)(\.[0-9]+)?|(?i:true|false))$"
"""Texts that may be spelled in several ways."""


class Reread(Exception):
    """What was read so far shows that columns mean something else than was assumed: read anew from the first row."""


def families(spec: Spec) -> dict[str, str]:
    """Return the columns that are compared by value, but for features, each with its family."""
    baseline = None if spec.baseline is None else spec.baseline.predictions
    # Outputs that rules turn into labels are spelled as they please.
    outputs = [spec.data.label, *([spec.model.predictions, baseline] if spec.model.output.plain else [])]
    return {name: name for name in spec.data.groups} | {name: LABELS for name in outputs if name is not None}


@dataclass
class Spellings:
    """How the values of columns are spelled, as far as rows were read.

    Attributes
    ----------
    texts : set of str
        Families whose values stay texts.
    seen : dict
        File and column to the numbers and truth values in it: how each is spelled there, to its one form.
    """

    texts: set[str] = field(default_factory=set)
    seen: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    collided: set[str] = field(default_factory=set)

    def one_form(self, coded: pa.DictionaryArray, name: str, family: str, shown: str) -> pa.DictionaryArray:
        """Return a column of trimmed texts with one spelling for each value; the column itself where that is so.

        Parameters
        ----------
        coded : pyarrow.DictionaryArray of string, (n,)
        name, family : str
            Of the column.
        shown : str
            Its file.
        """
        if family in self.texts:
            return coded
        readable = pc.match_substring_regex(coded.dictionary, _READABLE)
        if not pc.any(readable).as_py():
            return coded
        known = self.seen.setdefault((shown, name), {})
        if not self._learned(known, coded.dictionary.filter(readable).to_pylist()):
            self.collided.add(family)
            return coded
        texts = coded.dictionary.to_pylist()
        forms = [known.get(text, text) for text in texts]
        if forms == texts:
            return coded
        return pa.DictionaryArray.from_arrays(coded.indices, pa.array(forms, pa.string()))

    @staticmethod
    def _learned(known: dict[str, str], texts: list[str]) -> bool:
        """Add numbers and truth values to the known ones; return whether each still has one spelling."""
        new = {text: str(canonical_label(text)) for text in texts if text not in known}
        if not new:
            return True
        before = len(known)
        known.update(new)
        return before + len(new) <= MOST_SPELLINGS and len(set(known.values())) == len(known)

    def settle(self) -> None:
        """Raise where families collided; they are texts when reading starts anew.

        Raises
        ------
        Reread
        """
        if self.collided - self.texts:
            raise Reread

    def anew(self) -> Spellings:
        """Return what is known when reading starts anew."""
        return Spellings(self.texts | self.collided)
