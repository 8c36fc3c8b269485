"""Which setting of `[model.output]` would turn outputs into labels, where none is one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from llmops_audit.errors import SpecError
from llmops_audit.record import Label, Outcome
from llmops_audit.spec import OutputSection
from llmops_audit.subjects.outputs import OutputRules

__all__ = ["Hint", "hints"]

MOST_HINTS = 3
LONGEST_HARMLESS = 20
MOST_PATHS = 20
MOST_SPELLINGS = 5

_IGNORED = ("case", "punctuation", "whitespace", "markdown")
_SEARCHES = ("only_label", "last_label", "first_label")

_TRUE = frozenset({"1", "true", "yes", "y", "t", "是", "有", "真", "对", "positive", "pos"})
_FALSE = frozenset({"0", "false", "no", "n", "f", "否", "无", "假", "错", "negative", "neg", "-1"})
"""What the two sides of a yes-or-no question are written as."""

_KEYS = frozenset(
    {"answer", "category", "class", "classification", "decision", "final_answer", "intent", "label", "output"}
    | {"prediction", "result", "sentiment", "value", "verdict", "标签", "答案", "类别", "结果"}
)
"""Keys that are shown: any other could be a value of a row."""


@dataclass(frozen=True)
class Hint:
    """A setting that maps outputs to labels.

    Attributes
    ----------
    setting : str
        As the spec would write it.
    mapped : int
        Outputs that become labels.
    harmless : frozenset of str
        Outputs that are, as a whole, another way to write a label: they say nothing of a row.
    """

    setting: str
    mapped: int
    harmless: frozenset[str]


def hints(section: OutputSection, labels: tuple[Label, ...], texts: Mapping[str, int]) -> tuple[Hint, ...]:
    """Try the ways to read outputs.

    Parameters
    ----------
    section : OutputSection
        What the spec says now.
    labels : tuple of label
    texts : mapping of str to int
        Distinct outputs and their rows.

    Returns
    -------
    tuple of Hint
        Those that map the most outputs, at most `MOST_HINTS`: of each way to read the one that maps the most, and
        among equals the simplest.
    """
    best: dict[str, Hint] = {}
    for setting, changes, whole in _candidates(section, labels, texts):
        try:
            rules = OutputRules.of(section.model_copy(update=changes), labels)
        except SpecError:
            # Labels that become one by this setting cannot be distinguished with it.
            continue
        read = [text for text in texts if rules.outcome_of(text)[0] is Outcome.LABEL]
        harmless = frozenset(text for text in read if whole and len(text) <= LONGEST_HARMLESS)
        hint, way = Hint(setting, sum(texts[text] for text in read), harmless), setting.partition(" =")[0]
        # Candidates come in the order of their simplicity.
        if hint.mapped > (best[way].mapped if way in best else 0):
            best[way] = hint
    return tuple(sorted(best.values(), key=lambda hint: -hint.mapped)[:MOST_HINTS])


Candidate = tuple[str, dict[str, object], bool]
"""The setting, the changes that it makes, and whether it reads outputs as a whole."""


def _candidates(section: OutputSection, labels: tuple[Label, ...], texts: Mapping[str, int]) -> Iterator[Candidate]:
    plain: dict[str, object] = {"match": "exact", "pattern": None, "path": None}
    yield from _truth_values(labels, texts)
    for size in range(1, len(_IGNORED) + 1):
        for ignored in combinations(_IGNORED, size):
            yield f"ignore = {_toml(ignored)}", {**plain, "ignore": ignored}, True
    for path in _paths(texts):
        shown = path if _KEYS.issuperset(path.split(".")) else "…"
        yield f'match = "json", path = {_toml(shown)}', {**plain, "match": "json", "path": path}, False
    for match in _SEARCHES:
        yield f"match = {_toml(match)}", {**plain, "match": match}, False
    for match in _SEARCHES:
        both = {**plain, "match": match, "ignore": _IGNORED}
        yield f"match = {_toml(match)}, ignore = {_toml(_IGNORED)}", both, False


def _truth_values(labels: tuple[Label, ...], texts: Mapping[str, int]) -> Iterator[Candidate]:
    sides = [_side(str(label)) for label in labels]
    if len(labels) != 2 or set(sides) != {True, False}:
        return
    spellings = {
        str(label): tuple(sorted(text for text in texts if _side(text) is side))[:MOST_SPELLINGS]
        for label, side in zip(labels, sides, strict=True)
    }
    written = ", ".join(f"{_toml(label)} = {_toml(found)}" for label, found in spellings.items())
    changes: dict[str, object] = {"match": "exact", "pattern": None, "path": None, "spellings": spellings}
    yield f"spellings = {{ {written} }}", changes, True


def _side(text: str) -> bool | None:
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _paths(texts: Mapping[str, int]) -> Iterator[str]:
    """Yield the keys of the first JSON object among the outputs, those below its keys as well."""
    for text in texts:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield from list(_keys(value))[:MOST_PATHS]
            return


def _keys(value: Mapping[str, object]) -> Iterator[str]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from (f"{key}.{below}" for below in inner)
        else:
            yield key


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
