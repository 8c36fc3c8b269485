"""From output to label: the rules of `[model.output]`, the same for every kind of subject that answers in texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import regex

from llmops_audit.errors import SpecError
from llmops_audit.evidence.base import Codes, OutputColumn
from llmops_audit.evidence.outputs import OUTCOMES, shape_of
from llmops_audit.personal_data import find
from llmops_audit.record import Label, Outcome
from llmops_audit.record.labels import as_listed, canonical_label
from llmops_audit.spec import OutputSection
from llmops_audit.subjects._ignored import normalised, without_fences
from llmops_audit.subjects._occurrences import Finder

__all__ = ["OutputRules", "named_labels"]

MOST_NAMED = 20
LONGEST_NAMED = 40

LONGEST_SEARCHED = 100_000
LONGEST_MATCHED = 20_000
"""Characters of an output in which labels are searched, and a pattern; a longer output is unparsable."""

LONGEST_SECONDS = 1
"""What a pattern may take for an output, of the processor: its time may double with every character."""

MOST_DIGITS = 9

_TRUTH = {"true": ("True", "TRUE"), "false": ("False", "FALSE")}
"""Truth values are the same label in any case, see `canonical_label`."""

Parsed = tuple[Outcome, Label | None]

_UNPARSABLE: Parsed = (Outcome.UNPARSABLE, None)


@dataclass(frozen=True)
class OutputRules:
    """How the text of an output becomes a label.

    Attributes
    ----------
    section : OutputSection
        What the spec says.
    labels : tuple of label, (k,)
        In order.
    forms : mapping of str to label
        Every text, without what is ignored, that stands for a label.
    finder : Finder
    pattern : regex.Pattern, optional
        Of `regex`, which knows a time limit.
    """

    section: OutputSection
    labels: tuple[Label, ...]
    forms: Mapping[str, Label]
    finder: Finder
    pattern: regex.Pattern[str] | None = None

    @classmethod
    def of(cls, section: OutputSection, labels: tuple[Label, ...]) -> OutputRules:
        """Make the rules for these labels.

        Raises
        ------
        SpecError
            Where spellings name an unknown label, or a text would stand for two labels.
        """
        forms = _forms(section, labels)
        extra = {form: label for label in labels for form in _TRUTH.get(str(label), ()) if form not in forms}
        flags = regex.IGNORECASE if "case" in section.ignore else 0
        pattern = None if section.pattern is None else regex.compile(section.pattern, flags)
        return cls(section, labels, forms, Finder.of(forms | extra), pattern)

    def outcome_of(self, text: str | None) -> Parsed:
        """Return what an output is, and the label that it becomes; None is a missing output."""
        if text is None:
            return Outcome.MISSING, None
        if self.section.match == "exact":
            return self._exact(text)
        if self.section.match == "regex":
            return self._matched(text)
        if self.section.match == "json":
            return self._in_json(text)
        return self._found(text)

    def read(self, column: pa.ChunkedArray) -> tuple[Codes, OutputColumn]:
        """Return the labels of a column of outputs, and what became of the others; each distinct output is read once.

        Parameters
        ----------
        column : pyarrow.ChunkedArray, (n,)
            Null where an output is missing.
        """
        texts = pc.cast(column, pa.string()).combine_chunks().dictionary_encode()
        parsed = [self.outcome_of(text.as_py()) for text in texts.dictionary] + [self.outcome_of(None)]
        shapes = [
            shape_of(text.as_py()) if label is None else None
            for text, (_, label) in zip(texts.dictionary, parsed, strict=False)
        ]
        distinct = tuple(sorted({shape for shape in shapes if shape is not None}))
        index = texts.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        position = {label: i for i, label in enumerate(self.labels)}
        label = np.array([-1 if known is None else position[known] for _, known in parsed], dtype=np.int32)
        outcome = np.array([OUTCOMES.index(kind) for kind, _ in parsed], dtype=np.int8)
        place: dict[str | None, int] = {shape: i for i, shape in enumerate(distinct)}
        shape = np.array([place.get(masked, -1) for masked in shapes] + [-1], dtype=np.int32)
        return Codes(self.labels, label[index]), OutputColumn(
            outcome[index], Codes(distinct, shape[index]), np.zeros(len(index), dtype=np.bool_)
        )

    def _exact(self, text: str) -> Parsed:
        known = normalised(text, self.section.ignore)
        label = self.forms.get(known)
        if label is None and (canonical := canonical_label(known)) in self.labels:
            label = canonical
        return _UNPARSABLE if label is None else (Outcome.LABEL, label)

    def _found(self, text: str) -> Parsed:
        if len(text) > LONGEST_SEARCHED:
            return _UNPARSABLE
        exact = self._exact(text)
        if exact[1] is not None:
            return exact
        found = self.finder.labels(normalised(text, self.section.ignore))
        if not found or (self.section.match == "only_label" and len(set(found)) > 1):
            return _UNPARSABLE
        # What a negated label means instead is not guessed, nor is another label taken for it.
        label = found[-1 if self.section.match == "last_label" else 0]
        return _UNPARSABLE if label is None else (Outcome.LABEL, label)

    def _matched(self, text: str) -> Parsed:
        if self.pattern is None or len(text) > LONGEST_MATCHED:
            return _UNPARSABLE
        searched = normalised(text, {"markdown"} & set(self.section.ignore))
        try:
            match = self.pattern.search(searched, timeout=LONGEST_SECONDS)
        except TimeoutError:
            # Not as its cause, which knows nothing more.
            raise SpecError(
                "model.output.pattern",
                "takes too long on an output",
                f"a pattern that takes at most {LONGEST_SECONDS} second, e.g. anchored with ^ or $",
            ) from None
        return _UNPARSABLE if match is None or match[1] is None else self._exact(match[1].strip())

    def _in_json(self, text: str) -> Parsed:
        try:
            value = json.loads(without_fences(text) if "markdown" in self.section.ignore else text)
        except (ValueError, RecursionError):
            return _UNPARSABLE
        value = _at(value, self.section.path or "")
        if isinstance(value, str):
            return self._exact(value)
        # A truth value is no number here, though it is one in Python.
        return self._exact(str(canonical_label(value))) if isinstance(value, bool | int | float) else _UNPARSABLE


def named_labels(labels: Iterable[Label]) -> str:
    """Return labels for an error: by name, unless they are many or look like texts of rows."""
    names = [str(label) for label in labels]
    harmless = all(len(name) <= LONGEST_NAMED for name in names) and not any(
        find([n for n in names if not n.isdigit()])
    )
    return ", ".join(names) if harmless and len(names) <= MOST_NAMED else f"{len(names)} labels"


def _at(value: object, path: str) -> object:
    """Return what stands at a dotted path, None where there is nothing; a key may itself hold dots."""
    if isinstance(value, dict) and path in value:
        found: object = value[path]
        return found
    head, _, rest = path.partition(".")
    # A longer number is no place of a list, and `int` refuses one of thousands of digits.
    if isinstance(value, list) and head.isdecimal() and len(head) <= MOST_DIGITS and int(head) < len(value):
        value = value[int(head)]
    elif isinstance(value, dict) and head in value and rest:
        value = value[head]
    else:
        return None
    return _at(value, rest) if rest else value


def _forms(section: OutputSection, labels: tuple[Label, ...]) -> dict[str, Label]:
    forms: dict[str, Label] = {}
    for label in labels:
        form = normalised(str(label), section.ignore)
        if not form:
            raise SpecError("model.output.ignore", "leaves nothing of a label", "labels of more", named_labels([label]))
        if form in forms:
            both = named_labels([forms[form], label])
            raise SpecError("model.output.ignore", "makes two labels one", "labels that differ in more", both)
        forms[form] = label
    for name, spellings in section.spellings.items():
        label, key = as_listed(name, labels), f"model.output.spellings.{name}"
        if label not in labels:
            raise SpecError(key, "is not a label of the data", f"one of {named_labels(labels)}")
        for spelling in spellings:
            form = normalised(spelling, section.ignore)
            if not form:
                raise SpecError(key, "is empty without what is ignored", "a text", repr(spelling))
            if forms.setdefault(form, label) != label:
                raise SpecError(key, "stands for another label as well", "one label for each spelling", repr(spelling))
    return forms
