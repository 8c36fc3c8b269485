"""Model scan: personal data that can be read from a fitted model's vocabulary, categories and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from llmops_audit.personal_data import Confidence, Span, find, find_in_array, mask
from llmops_audit.personal_data.allow_list import EMPTY_ALLOW_LIST, AllowList, canonical
from llmops_audit.personal_data.model_scan.attributes import Vectorizer, fitted_state
from llmops_audit.personal_data.model_scan.vocabulary import (
    RARE_BELOW,
    CannotAnalyse,
    Lookup,
    TrainingValue,
    is_cut_into_characters,
)

__all__ = ["RARE_BELOW", "ModelContents", "ModelHits", "TrainingValue", "scan_model"]

EXAMPLES = 3
"""Masked examples to keep for each location, kind and confidence."""


@dataclass(frozen=True)
class ModelHits:
    """Values of one kind, with one confidence, at one location in the model.

    Attributes
    ----------
    location : str
        Names of steps, attribute and column, never a value of the data: ``"inputs.vocabulary_"``.
    kind : str
    confidence : Confidence
    values : int
        Distinct values that can be read there.
    rare : int
        Values that single out persons: they, or a term of theirs, stand in fewer than `RARE_BELOW` training rows.
    masked : tuple of str
        At most three masked examples.
    """

    location: str
    kind: str
    confidence: Confidence
    values: int
    rare: int
    masked: tuple[str, ...]


@dataclass(frozen=True)
class ModelContents:
    """What was searched in a model, and what was found.

    Attributes
    ----------
    locations : tuple of str
        Attributes that hold texts.
    strings : int
        Distinct texts and terms, summed over the locations.
    unread : tuple of str
        What could not be searched, and why.
    hits : tuple of ModelHits
        By location, kind and confidence.
    """

    locations: tuple[str, ...]
    strings: int
    unread: tuple[str, ...]
    hits: tuple[ModelHits, ...]


@dataclass(frozen=True)
class _ModelHit:
    kind: str
    confidence: Confidence
    rare: bool
    value: str = field(repr=False)

    def __or__(self, other: _ModelHit) -> _ModelHit:
        confidence = min(self.confidence, other.confidence, key=lambda confidence: confidence.rank)
        return _ModelHit(self.kind, confidence, self.rare or other.rare, min(self.value, other.value))


class _TrainingValues:
    """The values of the training rows, by canonical form."""

    def __init__(self, values: Sequence[TrainingValue], allow_list: AllowList) -> None:
        self.values = values
        self.rows: dict[tuple[str, str], int] = {}
        for value in values:
            key = (value.kind, canonical(value.kind, value.value))
            self.rows[key] = self.rows.get(key, 0) + value.rows
        self._same: dict[str, list[TrainingValue]] = {}
        for value in values:
            self._same.setdefault(_plain(value.value), []).append(value)
        self._all = "\n".join(sorted(self._same))
        self._allow_list = allow_list

    def matching(self, value: str) -> list[TrainingValue] | None:
        """Return the training values that a hit in a term is; no value if it is part of one; None if it is new."""
        plain = _plain(value)
        return self._same.get(plain, [] if plain in self._all else None)

    def is_allowed(self, kind: str, value: str) -> bool:
        return self._allow_list.covers(kind, value)


def scan_model(
    estimator: object,
    values: Sequence[TrainingValue],
    texts: pa.Array | pa.ChunkedArray | None,
    *,
    allow_list: AllowList = EMPTY_ALLOW_LIST,
) -> ModelContents:
    """Search a fitted model for personal data.

    Parameters
    ----------
    estimator : scikit-learn estimator
        Fitted, and trained by the auditor: the analysers of its vectorizers are run.
    values : sequence of TrainingValue
        What was found in the training rows.
    texts : pyarrow array of str, (n,), optional
        Training texts, null where missing; None for tabular data. Where a vectorizer does not know how many rows hold
        a term, the term is counted in these texts, or in a sample of ten million characters of them. A sample may miss
        a term that few rows hold, and may take a term in slightly more than `RARE_BELOW` rows for rare. Without texts
        a term counts as rare as its value.
    allow_list : AllowList
        Values that are not reported where a pattern matches them.

    Returns
    -------
    ModelContents

    Notes
    -----
    There are three ways to a hit. Each vectorizer's analyser splits the values of the training rows, and the terms are
    looked up in its vocabulary, see `Lookup`. Vocabularies of words are also searched by patterns, since a tokenizer
    may keep an address whole, together with its neighbours. All other texts in fitted attributes of every step
    (categories, classes, names of features, stored rows of texts) are searched by patterns, with the name of their
    column as context. An encoder also keeps the infrequent categories that it does not distinguish.

    A vocabulary of a million terms and ten thousand values take one core 3 seconds where the vectorizer knows the rows
    of a term (`TfidfVectorizer`), and 6 where terms are counted here; fitting the vectorizer takes 17.

    The scan misses hashed terms; numbers (support vectors and neighbours are training rows, and together with the
    vocabulary they give the words of a text back); values of which a vectorizer keeps no term of three letters or
    digits; parts of a value whose other parts `max_features` removed; values shorter than the shortest n-gram of
    characters; the order of words; and whatever queries could make the model reveal.
    """
    state = fitted_state(estimator)
    known = _TrainingValues(values, allow_list)
    unread = list(state.unread)
    found: dict[str, dict[tuple[str, str], _ModelHit]] = {}
    searched: dict[str, set[str]] = {}
    for location, texts_there in state.strings.items():
        searched.setdefault(location.name, set()).update(texts_there)
        _put(found, location.name, _in_texts(list(texts_there), location.header, known))
    for vectorizer in state.vectorizers:
        for name, terms in _lists(vectorizer):
            location_name = f"{vectorizer.location}.{name}" if vectorizer.location else name
            if len(terms) < len(vectorizer.attributes["vocabulary_"]):
                unread.append(f"{location_name}: terms that are no texts are not looked up")
            searched.setdefault(location_name, set()).update(terms)
            try:
                _put(found, location_name, _in_terms(vectorizer, terms, known, texts))
            except CannotAnalyse:
                unread.append(f"{location_name}: the analyser of {type(vectorizer.fitted).__name__} fails")
    return ModelContents(
        tuple(searched),
        sum(map(len, searched.values())),
        tuple(dict.fromkeys(unread)),
        tuple(_counted(found)),
    )


def _plain(value: str) -> str:
    return "".join(filter(str.isalnum, value.casefold()))


def _lists(vectorizer: Vectorizer) -> Iterator[tuple[str, list[str]]]:
    """Yield the vocabulary; then, where a release of scikit-learn keeps the terms it left out, both together."""
    terms = [str.__str__(term) for term in vectorizer.attributes["vocabulary_"] if isinstance(term, str)]
    yield "vocabulary_", terms
    left_out = vectorizer.attributes.get("stop_words_")
    if isinstance(left_out, set) and left_out:
        yield "stop_words_", [*terms, *sorted(str.__str__(term) for term in left_out if isinstance(term, str))]


def _in_texts(texts: list[str], header: str, known: _TrainingValues) -> Iterator[_ModelHit]:
    for text, spans in zip(texts, find(texts, header=header), strict=True):
        for span in spans:
            value = text[span.start : span.end]
            if not known.is_allowed(span.kind, value):
                rows = known.rows.get((span.kind, canonical(span.kind, value)), 0)
                yield _ModelHit(span.kind, span.confidence, rows < RARE_BELOW, value)


def _in_terms(
    vectorizer: Vectorizer, terms: list[str], known: _TrainingValues, texts: pa.Array | pa.ChunkedArray | None
) -> Iterator[_ModelHit]:
    lookup = Lookup(vectorizer, terms, texts)
    for found, rare in lookup.readable(known.values):
        yield _ModelHit(found.kind, found.confidence, rare, found.value)
    if is_cut_into_characters(vectorizer):
        return
    spans_of = [(terms[index], spans) for index, spans in _hits_by_index(terms).items()]
    rare_terms = lookup.is_rare([term for term, _ in spans_of])
    for term, spans in spans_of:
        for span in spans:
            text = term[span.start : span.end]
            training_values = known.matching(text)
            for value in training_values or ():
                yield _ModelHit(value.kind, value.confidence, value.rows < RARE_BELOW, value.value)
            if training_values is None and not known.is_allowed(span.kind, text):
                yield _ModelHit(span.kind, span.confidence, rare_terms[term], text)


def _hits_by_index(terms: list[str]) -> dict[int, tuple[Span, ...]]:
    """Return the hits by index: a list for each of a million terms would take longer than the search."""
    try:
        return find_in_array(pa.array(terms, pa.large_string()))
    except UnicodeEncodeError:
        return {index: spans for index, spans in enumerate(find(terms)) if spans}


def _put(found: dict[str, dict[tuple[str, str], _ModelHit]], location: str, hits: Iterable[_ModelHit]) -> None:
    there = found.setdefault(location, {})
    for hit in hits:
        key = (hit.kind, canonical(hit.kind, hit.value))
        there[key] = there[key] | hit if key in there else hit


def _counted(found: Mapping[str, Mapping[tuple[str, str], _ModelHit]]) -> Iterator[ModelHits]:
    for location, hits in found.items():
        for kind, confidence in sorted({(hit.kind, hit.confidence) for hit in hits.values()}, key=str):
            own = [hit for hit in hits.values() if (hit.kind, hit.confidence) == (kind, confidence)]
            masks = sorted({mask(hit.kind, hit.value) for hit in own})[:EXAMPLES]
            yield ModelHits(location, kind, confidence, len(own), sum(hit.rare for hit in own), tuple(masks))
