"""What is found and what is not: annotated sentences, valid numbers, random digits, texts without personal data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from llmops_audit.personal_data import KINDS, Span, find, mask

from . import sides, valid
from .corpora import STRUCTURED, Annotated, Label
from .texts import SEED

THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6)
"""Scores from which Presidio's hits may count; the score that suits it best is reported."""

VALID = 1_000
RANDOM = 25_000
LENGTHS = range(5, 21)
NEUTRAL = "The label on the old box said {}, and nobody at the museum knew why."
"""What stands around a number that nothing names."""


@dataclass(frozen=True)
class Score:
    """Counts of spans.

    Attributes
    ----------
    found, missed : int
        Annotated spans that a hit of their kind overlaps, and those that none overlaps.
    false : int
        Hits that overlap no annotated span of their kind.
    """

    found: int = 0
    missed: int = 0
    false: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.found + other.found, self.missed + other.missed, self.false + other.false)

    @property
    def precision(self) -> float:
        """Share of hits that are right; NaN without hits."""
        return _share(self.found, self.found + self.false)

    @property
    def recall(self) -> float:
        """Share of annotated spans that are found; NaN without any."""
        return _share(self.found, self.found + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of both; NaN where nothing is annotated or found."""
        return _share(2 * self.found, 2 * self.found + self.missed + self.false)


def _share(x: int, n: int) -> float:
    return x / n if n else float("nan")


def total(scores: Mapping[str, Score]) -> Score:
    """Add up."""
    return sum(scores.values(), Score())


@dataclass(frozen=True)
class Sentences:
    """Annotated sentences under the finder, and under Presidio where it was measured.

    Attributes
    ----------
    rows : int
    ours : dict of str to Score
        By annotation; ``"(other)"`` are hits of other kinds where nothing is annotated.
    rival : dict of str to Score, optional
    threshold : float, optional
        The score from which Presidio's hits count.
    """

    rows: int
    ours: Mapping[str, Score]
    rival: Mapping[str, Score] | None = None
    threshold: float | None = None


OTHER = "(other)"


def counted(spans: Iterable[Span]) -> list[Span]:
    """Return the hits that are confirmed or likely."""
    return [span for span in spans if span.confidence != "suspected"]


def sentences(rows: Sequence[Annotated], python: str | None) -> Sentences:
    """Compare hits with annotations.

    Parameters
    ----------
    rows : sequence of Annotated
    python : str, optional
        Interpreter that has Presidio; None leaves it out.
    """
    texts = [row.text for row in rows]
    named = {kind: label for label, kinds in STRUCTURED.items() for kind in kinds}
    finds = [[Label(one.start, one.end, named.get(one.kind, OTHER)) for one in counted(some)] for some in find(texts)]
    if python is None:
        return Sentences(len(rows), scored(rows, finds))
    entities = [label for label in STRUCTURED if label != "URL_WITH_CREDENTIALS"]
    spans = sides.presidio(python, texts, entities)["spans"]
    by_threshold = {
        least: scored(rows, [[Label(*one[:3]) for one in some if one[3] >= least] for some in spans])
        for least in THRESHOLDS
    }
    best = max(by_threshold, key=lambda least: total(by_threshold[least]).f1)
    return Sentences(len(rows), scored(rows, finds), by_threshold[best], best)


def scored(rows: Sequence[Annotated], finds: Sequence[Sequence[Label]]) -> dict[str, Score]:
    """Count by annotation; a hit of a kind that is not evaluated counts only where nothing is annotated."""
    scores: dict[str, Score] = defaultdict(Score)
    for row, found in zip(rows, finds, strict=True):
        evaluated = [label for label in row.labels if label.name in STRUCTURED]
        others = [label for label in row.labels if label.name not in STRUCTURED]
        for label in evaluated:
            hit = any(one.name == label.name and one.meets(label) for one in found)
            scores[label.name] += Score(found=int(hit), missed=int(not hit))
        for one in found:
            right = any(one.name == label.name and one.meets(label) for label in evaluated)
            elsewhere = one.name == OTHER and any(one.meets(label) for label in others)
            scores[one.name] += Score(false=int(not right and not elsewhere))
    return {name: score for name, score in sorted(scores.items()) if score != Score()}


@dataclass(frozen=True)
class InContext:
    """Valid numbers of one kind behind a word that names it.

    Attributes
    ----------
    kind : str
    drawn, found : int
        Numbers, and those found whole, as this kind, confirmed or likely.
    taken : tuple of str
        What kinds were found instead.
    """

    kind: str
    drawn: int
    found: int
    taken: tuple[str, ...] = ()


Numbers = tuple[valid.Generator, tuple[str, ...]]

GENERATORS: dict[str, Numbers] = {
    "payment_card": (valid.payment_card, ("She paid with the credit card {} yesterday.", "信用卡{}已经过期")),
    "iban": (valid.iban, ("Please transfer it to IBAN {} by Friday.", "{}")),
    "cn_resident_id": (valid.cn_resident_id, ("身份证号{}请核对", "他的身份证是{}。", "ID card {} was copied.")),
    "cn_uscc": (valid.cn_uscc, ("统一社会信用代码{}，有效", "信用代码：{}")),
    "us_bank_routing": (valid.us_routing, ("The routing number is {} for wires.", "ABA {} at the bank")),
    "uk_nhs": (valid.uk_nhs, ("NHS number {} on the wristband.", "His NHS no is {}.")),
    "de_tax_id": (valid.de_tax_id, ("Meine Steuer-ID ist {}.", "Steueridentifikationsnummer: {}")),
    "fr_nir": (valid.fr_nir, ("Numéro de sécurité sociale : {}", "NIR {} du patient")),
    "it_codice_fiscale": (valid.it_codice_fiscale, ("Il codice fiscale è {}.", "codice fiscale {}")),
    "es_dni": (valid.es_dni, ("Mi DNI es {} y vivo aquí.", "DNI o NIE: {}", "El NIE {} caduca pronto.")),
    "nl_bsn": (valid.nl_bsn, ("Mijn BSN is {} hoor.", "burgerservicenummer {}")),
    "pl_pesel": (valid.pl_pesel, ("Mój PESEL to {}.", "PESEL: {}")),
    "se_personnummer": (valid.se_personnummer, ("Mitt personnummer är {}.", "personnummer {}")),
    "in_aadhaar": (valid.in_aadhaar, ("My Aadhaar number is {}.", "Aadhaar: {}")),
    "br_cpf": (valid.br_cpf, ("Meu CPF é {}.", "CPF: {}")),
    "au_tfn": (valid.au_tfn, ("My tax file number is {}.", "TFN: {}")),
    "ca_sin": (valid.ca_sin, ("Her social insurance number is {}.", "SIN: {}")),
    "sg_nric": (valid.sg_nric, ("NRIC {} was shown at the gate.", "NRIC: {}")),
    "kr_rrn": (valid.kr_rrn, ("주민등록번호 {} 입니다", "resident registration number {}")),
    "crypto_address": (valid.bitcoin, ("Send it to the bitcoin wallet {} today.", "BTC: {}")),
    "jwt": (valid.jwt, ("Authorization: Bearer {}", "The token {} had expired.")),
}
"""How numbers of each kind are drawn, and sentences that name it."""


def with_checksum() -> list[str]:
    """Return the kinds with a checksum: those whose numbers are drawn here, then those that only have examples."""
    kinds = [kind.name for kind in KINDS.values() if any(form.has_checksum for form in kind.forms)]
    return [*GENERATORS, *(kind for kind in kinds if kind not in GENERATORS)]


def in_context(kind: str, n: int = VALID, seed: int = SEED) -> InContext:
    """Search for valid numbers of a kind: drawn numbers, or the examples of its entry where none are drawn."""
    if kind in GENERATORS:
        draw, frames = GENERATORS[kind]
        rng = np.random.default_rng(seed)
        numbers = [draw(rng) for _ in range(n)]
        texts = [frames[index % len(frames)].format(number) for index, number in enumerate(numbers)]
    else:
        texts, numbers = map(list, zip(*KINDS[kind].hits, strict=True))
    found, taken = 0, set()
    for text, number, spans in zip(texts, numbers, find(texts), strict=True):
        start = text.index(number)
        right = any((one.start, one.end, one.kind) == (start, start + len(number), kind) for one in counted(spans))
        found += right
        taken |= set() if right else {one.kind for one in spans} - {kind}
    return InContext(kind, len(texts), found, tuple(sorted(taken)))


@dataclass(frozen=True)
class Random:
    """Random digit strings of one length, alone and in neutral prose.

    Attributes
    ----------
    length, drawn : int
    alone, in_prose : int
        Texts with a confirmed or likely hit.
    kinds : dict of str to int
    """

    length: int
    drawn: int
    alone: int
    in_prose: int
    kinds: Mapping[str, int]


def random_digits(length: int, n: int = RANDOM, seed: int = SEED) -> Random:
    """Draw digit strings and count those that are taken for something."""
    rng = np.random.default_rng([seed, length])
    strings = ["".join(row) for row in rng.integers(10, size=(n, length)).astype(str)]
    kinds: Counter[str] = Counter()
    counts = []
    for texts in (strings, [NEUTRAL.format(one) for one in strings]):
        finds = [{one.kind for one in counted(spans)} for spans in find(texts)]
        counts.append(sum(map(bool, finds)))
        for some in finds:
            kinds.update(some)
    return Random(length, n, counts[0], counts[1], dict(sorted(kinds.items())))


@dataclass(frozen=True)
class Chinese:
    """Generated Chinese sentences.

    Attributes
    ----------
    rows : int
    scores : dict of str to Score
        By kind; a hit is right where it overlaps an annotated span of its kind, and both or neither are suspected.
    """

    rows: int
    scores: Mapping[str, Score]


Generated = Sequence[tuple[str, Sequence[tuple[int, int, str, str]]]]


def chinese(rows: Generated) -> Chinese:
    """Look for the kinds in sentences whose spans are known."""
    scores: dict[str, Score] = defaultdict(Score)
    for (_, known), spans in zip(rows, find([text for text, _ in rows]), strict=True):
        wanted = [(Label(start, end, kind), step == "suspected") for start, end, kind, step in known]
        given = [(Label(one.start, one.end, one.kind), one.confidence == "suspected") for one in spans]
        for one in wanted:
            hit = any(_same(one, other) for other in given)
            scores[one[0].name] += Score(found=int(hit), missed=int(not hit))
        for one in given:
            scores[one[0].name] += Score(false=int(not any(_same(one, other) for other in wanted)))
    return Chinese(len(rows), dict(sorted(scores.items())))


def _same(one: tuple[Label, bool], other: tuple[Label, bool]) -> bool:
    return one[1] == other[1] and one[0].name == other[0].name and one[0].meets(other[0])


@dataclass(frozen=True)
class Alarms:
    """What is found in texts that hold no personal data.

    Attributes
    ----------
    rows, flagged : int
        Texts, and those with a confirmed or likely find.
    examples : dict of str to (int, tuple of str)
        By kind how many texts, and up to three masked values.
    """

    rows: int
    flagged: int
    examples: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)


def alarms(texts: Sequence[str]) -> Alarms:
    """Count texts with a confirmed or likely hit."""
    rows: Counter[str] = Counter()
    masked: dict[str, dict[str, None]] = defaultdict(dict)
    flagged = 0
    for text, spans in zip(texts, find(texts), strict=True):
        found = counted(spans)
        flagged += bool(found)
        rows.update({one.kind for one in found})
        for one in found:
            masked[one.kind][mask(one.kind, text[one.start : one.end])] = None
    return Alarms(len(texts), flagged, {kind: (rows[kind], tuple(masked[kind])[:3]) for kind in sorted(rows)})
