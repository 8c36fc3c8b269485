"""What a fitted model carries away: personal values that can be read from its vocabulary, categories and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from llmops_audit.personal_data import Confidence, Span, find, mask, scan
from llmops_audit.personal_data.harmless import NOTHING_HARMLESS, Harmless, canonical
from llmops_audit.personal_data.model_scan.attributes import Vectorizer, parts
from llmops_audit.personal_data.model_scan.vocabulary import (
    FEW,
    CannotAnalyse,
    Lookup,
    TrainingValue,
    is_cut_into_characters,
)

__all__ = ["FEW", "CarriedKind", "ModelContents", "TrainingValue", "carried"]

EXAMPLES = 3
"""Masked examples kept for each place, kind and confidence."""


@dataclass(frozen=True)
class CarriedKind:
    """Values of one kind, with one confidence, at one place of the model.

    Attributes
    ----------
    place : str
        Names of steps, attribute and column, never a value: ``"inputs.vocabulary_"``.
    kind : str
    confidence : Confidence
    values : int
        Distinct values that can be read there.
    rare : int
        How many of them single persons out: they, or a term of theirs, stand in fewer than `FEW` training rows.
    masked : tuple of str
        At most three examples from which nothing can be recovered.
    """

    place: str
    kind: str
    confidence: Confidence
    values: int
    rare: int
    masked: tuple[str, ...]


@dataclass(frozen=True)
class ModelContents:
    """What was looked at in a model, and what was found there.

    Attributes
    ----------
    places : tuple of str
        Attributes that hold texts.
    strings : int
        Distinct texts and terms, summed over the places.
    unread : tuple of str
        What could not be looked into, and why.
    found : tuple of CarriedKind
        By place, kind and confidence.
    """

    places: tuple[str, ...]
    strings: int
    unread: tuple[str, ...]
    found: tuple[CarriedKind, ...]


@dataclass(frozen=True)
class _Hit:
    kind: str
    confidence: Confidence
    rare: bool
    value: str = field(repr=False)

    def __or__(self, other: _Hit) -> _Hit:
        confidence = min(self.confidence, other.confidence, key=lambda found: found.rank)
        return _Hit(self.kind, confidence, self.rare or other.rare, min(self.value, other.value))


class _Known:
    """The values of the training rows, by their canonical form."""

    def __init__(self, values: Sequence[TrainingValue], harmless: Harmless) -> None:
        self.values = values
        self.rows: dict[tuple[str, str], int] = {}
        for value in values:
            key = (value.kind, canonical(value.kind, value.value))
            self.rows[key] = self.rows.get(key, 0) + value.rows
        self._same: dict[str, list[TrainingValue]] = {}
        for value in values:
            self._same.setdefault(_plain(value.value), []).append(value)
        self._pieces = "\n".join(sorted(self._same))
        self._harmless = harmless

    def meant(self, value: str) -> list[TrainingValue] | None:
        """Return the values that a find in a term is; none where it is a piece of one; None where it is another."""
        plain = _plain(value)
        return self._same.get(plain, [] if plain in self._pieces else None)

    def is_harmless(self, kind: str, value: str) -> bool:
        return self._harmless.covers(kind, value)


def carried(
    estimator: object,
    values: Sequence[TrainingValue],
    texts: pa.Array | pa.ChunkedArray | None,
    *,
    harmless: Harmless = NOTHING_HARMLESS,
) -> ModelContents:
    """Look for personal data in a fitted model.

    Parameters
    ----------
    estimator : scikit-learn estimator
        Fitted, and trained by whoever audits it: the analysers of its vectorizers are run.
    values : sequence of TrainingValue
        What was found in the training rows.
    texts : pyarrow array of str, (n,), optional
        Training texts, null where missing; None for tabular data. A term of a vectorizer without weights by rows is
        counted in them: in all, or in a sample of ten million characters, which a term in few of many rows may miss
        and a term of somewhat more than `FEW` rows may seem rare in. Without them a term counts for as rare as its
        value is.
    harmless : Harmless
        Values that are not counted where a pattern finds them.

    Returns
    -------
    ModelContents

    Notes
    -----
    Three ways lead to a find. Values of the training rows are cut by each vectorizer's analyser and looked up in its
    vocabulary, see `Lookup`. The terms of vocabularies of words are also searched by patterns: a tokenizer may keep an
    address whole together with what stands beside it. All other texts in fitted attributes of every step (categories,
    classes, names of features, rows that are kept as texts) are searched by patterns; the name of their column is
    context. An encoder keeps infrequent categories as well, though it does not tell them apart.

    A vocabulary of a million terms and ten thousand values take 3 seconds of one core where the vectorizer weighs by
    rows (`TfidfVectorizer`), and 6 where terms are counted here; fitting it takes 17.

    Not seen are hashed terms, numbers (support vectors and neighbours are rows of the training data: with the
    vocabulary beside them they can be turned back into the words of a text), values of which a vectorizer keeps no
    term of three letters or digits, pieces of a value that were cut away from the rest by `max_features`, values
    shorter than the shortest run of characters, the order of words, and what a model could be made to tell by asking
    it.
    """
    held = parts(estimator)
    known = _Known(values, harmless)
    unread = list(held.unread)
    found: dict[str, dict[tuple[str, str], _Hit]] = {}
    looked_at: dict[str, set[str]] = {}
    for place, texts_there in held.strings.items():
        looked_at.setdefault(place.name, set()).update(texts_there)
        _put(found, place.name, _searched(list(texts_there), place.header, known))
    for vectorizer in held.vectorizers:
        for name, terms in _lists(vectorizer):
            where = f"{vectorizer.place}.{name}" if vectorizer.place else name
            if len(terms) < len(vectorizer.attributes["vocabulary_"]):
                unread.append(f"{where}: terms that are no texts are not looked up")
            looked_at.setdefault(where, set()).update(terms)
            try:
                _put(found, where, _in_terms(vectorizer, terms, known, texts))
            except CannotAnalyse:
                unread.append(f"{where}: the analyser of {type(vectorizer.fitted).__name__} fails")
    return ModelContents(
        tuple(looked_at),
        sum(map(len, looked_at.values())),
        tuple(dict.fromkeys(unread)),
        tuple(_counted(found)),
    )


def _plain(value: str) -> str:
    return "".join(filter(str.isalnum, value.casefold()))


def _lists(vectorizer: Vectorizer) -> Iterator[tuple[str, list[str]]]:
    """Yield the vocabulary; and where a release of scikit-learn keeps what it left out, that together with it."""
    terms = [str.__str__(term) for term in vectorizer.attributes["vocabulary_"] if isinstance(term, str)]
    yield "vocabulary_", terms
    left_out = vectorizer.attributes.get("stop_words_")
    if isinstance(left_out, set) and left_out:
        yield "stop_words_", [*terms, *sorted(str.__str__(term) for term in left_out if isinstance(term, str))]


def _searched(texts: list[str], header: str, known: _Known) -> Iterator[_Hit]:
    for text, spans in zip(texts, find(texts, header=header), strict=True):
        for span in spans:
            value = text[span.start : span.end]
            if not known.is_harmless(span.kind, value):
                rows = known.rows.get((span.kind, canonical(span.kind, value)), 0)
                yield _Hit(span.kind, span.confidence, rows < FEW, value)


def _in_terms(
    vectorizer: Vectorizer, terms: list[str], known: _Known, texts: pa.Array | pa.ChunkedArray | None
) -> Iterator[_Hit]:
    lookup = Lookup(vectorizer, terms, texts)
    for found, rare in lookup.held(known.values):
        yield _Hit(found.kind, found.confidence, rare, found.value)
    if is_cut_into_characters(vectorizer):
        return
    spans_of = [(terms[place], spans) for place, spans in _scanned(terms).items()]
    rare_terms = lookup.is_rare([term for term, _ in spans_of])
    for term, spans in spans_of:
        for span in spans:
            text = term[span.start : span.end]
            meant = known.meant(text)
            for value in meant or ():
                yield _Hit(value.kind, value.confidence, value.rows < FEW, value.value)
            if meant is None and not known.is_harmless(span.kind, text):
                yield _Hit(span.kind, span.confidence, rare_terms[term], text)


def _scanned(terms: list[str]) -> dict[int, tuple[Span, ...]]:
    """Find by place: a list for each of a million terms would take longer than finding."""
    try:
        return scan(pa.array(terms, pa.large_string()))
    except UnicodeEncodeError:
        return {place: spans for place, spans in enumerate(find(terms)) if spans}


def _put(found: dict[str, dict[tuple[str, str], _Hit]], place: str, hits: Iterable[_Hit]) -> None:
    there = found.setdefault(place, {})
    for hit in hits:
        key = (hit.kind, canonical(hit.kind, hit.value))
        there[key] = there[key] | hit if key in there else hit


def _counted(found: Mapping[str, Mapping[tuple[str, str], _Hit]]) -> Iterator[CarriedKind]:
    for place, hits in found.items():
        for kind, confidence in sorted({(hit.kind, hit.confidence) for hit in hits.values()}, key=str):
            own = [hit for hit in hits.values() if (hit.kind, hit.confidence) == (kind, confidence)]
            masks = sorted({mask(hit.kind, hit.value) for hit in own})[:EXAMPLES]
            yield CarriedKind(place, kind, confidence, len(own), sum(hit.rare for hit in own), tuple(masks))
