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

__all__ = ["LABELS", "TRUTH", "Reread", "Spellings", "families"]

LABELS = "(label)"
"""The family of labels, predictions and predictions of the baseline, which are compared with each other."""

MOST_SPELLINGS = 1 << 16
"""Numbers of a column in a file whose spellings are compared: with more, they stay texts, and memory stays small."""

TRUTH = r"^(?i:true|false)$"

_READABLE = rf"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$|{TRUTH}"
"""Texts that may be spelled in several ways."""

_ONE_FORM = r"^(0|-?[1-9][0-9]{0,14})$"
"""Whole numbers in their one form."""


class Reread(Exception):
    """What was read so far shows that columns mean something else than was assumed: read anew from the first row."""


def families(spec: Spec) -> dict[str, str]:
    """Return the columns that are compared by value, but for features, each with its family."""
    baseline = None if spec.baseline is None else spec.baseline.predictions
    # Outputs that rules turn into labels are spelled as they please.
    outputs = [spec.data.label, *([spec.model.predictions, baseline] if spec.model.output.plain else [])]
    return {name: name for name in spec.data.groups} | {name: LABELS for name in outputs if name is not None}


class _Known:
    """Numbers and truth values of a column in a file.

    Attributes
    ----------
    texts : pyarrow array of string
        As they are spelled.
    changed : dict
        Those that are not spelled in their one form, to this.
    """

    def __init__(self) -> None:
        self.texts = pa.array([], pa.string())
        self.changed: dict[str, str] = {}
        self._forms: set[str] = set()

    def learned(self, texts: pa.Array) -> bool:
        """Take down different texts; return whether each value still has one spelling."""
        new = texts.filter(pc.invert(pc.is_in(texts, self.texts)))
        if not len(new):
            return True
        self.texts = pa.concat_arrays([self.texts, new])
        in_form = pc.match_substring_regex(new, _ONE_FORM)
        forms = {text: str(canonical_label(text)) for text in new.filter(pc.invert(in_form)).to_pylist()}
        self.changed.update((text, form) for text, form in forms.items() if text != form)
        self._forms.update(new.filter(in_form).to_pylist(), forms.values())
        return len(self.texts) == len(self._forms) <= MOST_SPELLINGS


@dataclass
class Spellings:
    """How the values of columns are spelled, as far as rows were read.

    Attributes
    ----------
    texts : set of str
        Families whose values stay texts.
    seen : dict
        File and column to the numbers and truth values in it.
    """

    texts: set[str] = field(default_factory=set)
    seen: dict[tuple[str, str], _Known] = field(default_factory=dict)
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
        known = self.seen.setdefault((shown, name), _Known())
        if not known.learned(coded.dictionary.filter(readable)):
            self.collided.add(family)
            return coded
        if not known.changed:
            return coded
        forms = [known.changed.get(text, text) for text in coded.dictionary.to_pylist()]
        return pa.DictionaryArray.from_arrays(coded.indices, pa.array(forms, pa.string()))

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
