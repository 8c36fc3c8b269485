"""Which personal values can be read from the vocabulary of a fitted vectorizer.

A vectorizer splits ``jane.roe@acme.example`` into ``jane``, ``roe``, ``acme`` and ``example``, where no pattern finds
it. So the vectorizer's own analyser splits each value of the training texts, and the terms are looked up.
"""

from __future__ import annotations

import copy
import re
import string
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import binom

from llmops_audit.personal_data import Confidence
from llmops_audit.personal_data.model_scan.attributes import Vectorizer

__all__ = ["RARE_BELOW", "CannotAnalyse", "Lookup", "TrainingValue", "is_cut_into_characters"]

RARE_BELOW = 10
"""A term in fewer training rows than this singles out persons; `analysis.separability` has the same bound."""

MAX_CHARACTERS = 10_000_000
"""Characters of training texts in which terms are counted, where the vectorizer has no counts."""

_SHORTEST = 3
"""Fewest letters and digits of a distinctive term: shorter terms are everywhere."""

_COMMON = frozenset(
    {
        "aol", "app", "biz", "com", "edu", "email", "example", "foxmail", "gmail", "gmx", "googlemail", "gov",
        "hotmail", "http", "https", "icloud", "info", "live", "mail", "mil", "msn", "net", "org", "outlook",
        "proton", "protonmail", "qq", "sina", "sohu", "test", "www", "yahoo", "yandex", "126", "139", "163", "189",
    }
)  # fmt: skip
"""Parts of addresses that everybody shares: they point to nobody, even if few rows of a small corpus hold them."""

_PLAIN = re.compile(r"[!-^`-~]+")
_ADJOINED = r"[0-9A-Za-z].*[^0-9A-Za-z]|[^0-9A-Za-z].*[0-9A-Za-z]"

Analyse = Callable[[str], list[str]]


class CannotAnalyse(Exception):
    """The analyser of a vectorizer fails."""


@dataclass(frozen=True)
class TrainingValue:
    """A personal value of the training rows; it stays in memory.

    Attributes
    ----------
    kind : str
    confidence : Confidence
    value : str
        As the rows have it.
    rows : int
        Training rows that hold it.
    """

    kind: str
    confidence: Confidence
    value: str = field(repr=False)
    rows: int


@dataclass(frozen=True)
class _InVocabulary:
    """A value whose terms are in the vocabulary.

    Attributes
    ----------
    value : TrainingValue
    distinctive : tuple of tuple of str
        Its distinctive terms. In place of a term outside the vocabulary stand the longer terms that contain it.
    """

    value: TrainingValue
    distinctive: tuple[tuple[str, ...], ...] = field(repr=False)


def is_cut_into_characters(vectorizer: Vectorizer) -> bool:
    """Return whether the terms are runs of characters, not words."""
    return _analyzer(vectorizer) in ("char", "char_wb")


def _analyzer(vectorizer: Vectorizer) -> str:
    analyzer = vectorizer.attributes.get("analyzer")
    return analyzer if isinstance(analyzer, str) else "own"


class Lookup:
    """Looks up values in one vectorizer.

    Parameters
    ----------
    vectorizer : Vectorizer
    terms : sequence of str
        Its vocabulary, perhaps with the terms that it left out and keeps nevertheless.
    texts : pyarrow array of str, optional
        Training texts in which terms are counted.
    """

    def __init__(self, vectorizer: Vectorizer, terms: Sequence[str], texts: pa.Array | pa.ChunkedArray | None) -> None:
        self._vectorizer = vectorizer
        self._in_order = terms
        self._terms = frozenset(terms)
        self._texts = texts
        self._analyse = _analyser(vectorizer.fitted)
        self._rows: dict[str, int] = {}

    def readable(self, values: Sequence[TrainingValue]) -> list[tuple[TrainingValue, bool]]:
        """Return the values that can be read, each with whether it is rare.

        A value can be read where the vocabulary has all its terms of one length (words, pairs of words, three
        characters), these cover at least half of its letters and digits, and at least one term points to it: fewer
        than `RARE_BELOW` training rows hold the term, which makes the value rare, or more than half of the rows with
        the term hold the value. A term that many rows share for other reasons points to nothing.
        """
        split = [self._in_vocabulary(value) for value in values]
        rest = self._adjoined([value for value, known in zip(values, split, strict=True) if known is None])
        found = [known for known in [*split, *rest] if known is not None and known.distinctive]
        self._count({term for known in found for terms in known.distinctive for term in terms})
        readable = []
        for known in found:
            counts = [max(self._rows.get(term, 0) for term in terms) for terms in known.distinctive]
            fewest = max(known.value.rows, min(counts))
            if fewest < max(RARE_BELOW, 2 * known.value.rows):
                readable.append((known.value, fewest < RARE_BELOW))
        return readable

    def is_rare(self, terms: Sequence[str]) -> dict[str, bool]:
        """Return whether each term stands in few training rows; a term that cannot be counted does."""
        self._count(set(terms))
        return {term: self._rows.get(term, 0) < RARE_BELOW for term in terms}

    def _in_vocabulary(self, value: TrainingValue) -> _InVocabulary | None:
        terms = self._analyse(value.value)
        size = sum(map(str.isalnum, value.value))
        for order in _orders(terms, self._vectorizer):
            if order and self._terms.issuperset(order) and 2 * _letters(order) >= size:
                distinctive = sorted({term for term in terms if term in self._terms and _is_distinctive(term)})
                return _InVocabulary(value, tuple((term,) for term in distinctive))
        return None

    def _adjoined(self, values: Sequence[TrainingValue]) -> list[_InVocabulary]:
        """Return values whose first or last word touches other characters, or is part of longer terms."""
        if not values or is_cut_into_characters(self._vectorizer):
            return []
        analyse = _analyser(self._vectorizer.fitted, single=True)
        words = {value: analyse(value.value) for value in values}
        edges = {word for found in words.values() for word in (*found[:1], *found[-1:])} - self._terms
        inside = self._inside(edges)
        return [
            _InVocabulary(
                value, tuple(inside.get(word, (word,)) for word in sorted(set(found)) if _is_distinctive(word))
            )
            for value, found in words.items()
            if found
            and self._terms.issuperset(found[1:-1])
            and all(word in self._terms or word in inside for word in (found[0], found[-1]))
        ]

    def _inside(self, wanted: set[str]) -> dict[str, tuple[str, ...]]:
        """Return the longer terms that contain each word, separated by punctuation or another script."""
        if not wanted:
            return {}
        found: dict[str, list[str]] = {}
        for term in self._longer():
            words = {word.strip(string.punctuation) for word in (*term.split(), *_PLAIN.findall(term))}
            for word in words & wanted:
                found.setdefault(word, []).append(term)
        return {word: tuple(terms) for word, terms in found.items()}

    def _longer(self) -> Iterable[str]:
        """Return the terms that may contain a word and more."""
        try:
            terms = pa.array(self._in_order, pa.large_string())
        except UnicodeEncodeError:
            return self._in_order
        return cast(list[str], terms.filter(pc.match_substring_regex(terms, _ADJOINED)).to_pylist())

    def _count(self, terms: set[str]) -> None:
        missing = terms - self._rows.keys()
        if not missing:
            return
        known = _rows_by_idf(self._vectorizer.attributes, 0 if self._texts is None else len(self._texts))
        vocabulary = self._vectorizer.attributes["vocabulary_"]
        if known is not None and missing <= vocabulary.keys():
            self._rows |= {term: int(known[vocabulary[term]]) for term in missing}
        elif self._texts is not None:
            self._rows |= _counted(missing, self._texts, self._analyse)


def _analyser(fitted: Any, *, single: bool = False) -> Analyse:
    """Return the vectorizer's own analyser; `single` limits it to single words."""
    try:
        if single and getattr(fitted, "ngram_range", (1, 1)) != (1, 1):
            fitted = copy.copy(fitted)
            fitted.ngram_range = (1, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            analyse = fitted.build_analyzer()
    except Exception as error:
        raise CannotAnalyse from error

    def safely(text: str) -> list[str]:
        try:
            return [term for term in analyse(text) if isinstance(term, str)]
        except Exception as error:
            raise CannotAnalyse from error

    return safely


def _orders(terms: list[str], vectorizer: Vectorizer) -> list[list[str]]:
    """Return terms by length, in words or characters; scikit-learn makes all terms of a length before the next."""
    if is_cut_into_characters(vectorizer):
        # At the edge of a word an n-gram has a blank, where the texts may have a bracket.
        whole = [term for term in terms if term == term.strip()] or terms
        return [[term for term in whole if len(term) == size] for size in sorted({len(term) for term in whole})]
    low, high = vectorizer.attributes.get("ngram_range", (1, 1))
    if _analyzer(vectorizer) != "word" or high == 1:
        return [terms]
    for words in range(1, len(terms) + low):
        sizes = [max(0, words - n + 1) for n in range(low, high + 1)]
        if sum(sizes) == len(terms):
            ends = np.cumsum(sizes).tolist()
            return [terms[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    return [terms]


def _letters(terms: Iterable[str]) -> int:
    return sum(sum(map(str.isalnum, term)) for term in terms)


def _is_distinctive(term: str) -> bool:
    if sum(map(str.isalnum, term)) < _SHORTEST:
        return False
    return not _COMMON.issuperset(word for word in re.split(r"[\W_]+", term.lower()) if word)


def _rows_by_idf(attributes: Mapping[str, Any], n: int) -> npt.NDArray[np.float64] | None:
    """Return how many of n training rows hold each term, (vocabulary,), from the weights of a TF-IDF vectorizer.

    ``idf = ln((n + s) / (rows + s)) + 1``, s being 1 where the vectorizer smooths. None where it has no such
    weights, or was fitted on another number of rows: then the counts are no whole numbers.
    """
    inner = getattr(attributes.get("_tfidf"), "__dict__", {})
    idf = inner.get("idf_")
    if n == 0 or not isinstance(idf, np.ndarray):
        return None
    smooth = int(inner.get("smooth_idf", True))
    rows = (n + smooth) / np.exp(idf.astype(np.float64) - 1.0) - smooth
    whole = np.rint(rows)
    low = whole < 100
    return whole if np.all(np.abs(rows - whole)[low] < 0.01) else None


def _counted(terms: set[str], texts: pa.Array | pa.ChunkedArray, analyse: Analyse) -> dict[str, int]:
    """Count the rows that hold each term, in a sample of `MAX_CHARACTERS`, extrapolated to all rows."""
    n = len(texts)
    characters = pc.sum(pc.utf8_length(texts)).as_py() or 0
    most = n if characters <= MAX_CHARACTERS else max(1, n * MAX_CHARACTERS // characters)
    sample = texts if most == n else texts.take(pa.array(np.sort(np.random.default_rng(0).permutation(n)[:most])))
    counts: Counter[str] = Counter()
    for text in sample.to_pylist():
        if text is not None:
            counts.update(terms.intersection(analyse(text)))
    # Chance makes a term of few rows come up more often than this 1 time in 1,000: in doubt a term is rare.
    by_chance = binom.ppf(0.999, RARE_BELOW - 1, most / n)
    rows = {term: -(-counts[term] * n // most) for term in terms}
    return {term: min(rows[term], RARE_BELOW - 1) if counts[term] <= by_chance else rows[term] for term in terms}
