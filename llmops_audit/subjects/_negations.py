"""Whether a label in a longer text is negated: "not a spam message" names spam and says the opposite."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["negated"]

LOOK_BACK = 100
MOST_WORDS = 5
MOST_CHARACTERS = 10
"""Between a negation and what it negates: characters before the label, words, characters of scripts without spaces.

Wide on purpose: an output that is wrongly taken for negated is unparsable, one that is wrongly taken for a label is
read as its opposite.
"""

_END = re.compile(
    r"[,.;:!?\n…，。；：！？]|[-–—](?=\s)|而是|但|所以|因此|因而"
    r"|\b(?:and|because|but|hence|however|since|so|therefore|thus|which|while"
    r"|aber|denn|sondern|und|weil|donc|et|mais|pero|porque|sino|y)\b",
    re.IGNORECASE,
)
"""What ends the reach of a negation."""

# "No doubt", "not only" and "nothing but" negate nothing.
_WORDS = re.compile(
    r"\b(?!(?:no|without)\s+(?:doubt|question)\b|not\s+(?:just|merely|only|un\w+)\b|nothing\s+(?:but|else)\b)"
    r"(?:not|no|non|never|neither|nor|none|nothing|nobody|cannot|without|hardly|scarcely|barely|unlikely"
    r"|(?:ai|are|ca|could|did|does|do|had|has|have|is|should|was|were|wo|would)n['’´`]?t"
    r"|rather\s+than|instead\s+of|far\s+from|free\s+of|anything\s+but|opposite\s+of|fail(?:s|ed)?\s+to|ruled?\s+out"
    r"|nicht|kein(?:e[mnrs]?)?|nie|niemals|weder|ohne"
    r"|pas|ni|aucune?|jamais|sans"
    r"|ning[uú]na?|nunca|jamás|tampoco|sin"
    r"|nessun[ao]?|né|não|nem|nenhuma?|sem|niet|geen|inte)\b",
    re.IGNORECASE,
)
_UNSPACED = re.compile(
    # 不过 (but), 不仅 (not only), 不错 (not bad), 没错 (right) and such negate nothing.
    r"(?<!差)不(?!过|過|仅|僅|但|只|错|錯|得不|管|论|論|良|法|明|同|断|斷|少|禁|愧|难|難|可否认|可否認|容置疑)"
    r"|[没沒](?!错|錯|问题|問題|有?疑问|有?疑問)|[并並绝絕决決]非|[无無]法|[难難]以|[从從尚并並]未|未(?:被|能|必)|毫[无無](?!疑)"
    r"|ไม่"
)
# Parts of many words (非常, 无疑, 未来), so that they negate only what they stand directly before.
_BESIDE = re.compile(r"[非无無未]|!=|[≠¬]|(?<!\S)!")
_NOTHING_BETWEEN = re.compile(r"[\s\"'“”‘’„«»「」『』《》()\[\]*_`~]*")

_BEHIND = re.compile(
    r"[\s\"'“”’«»」』》)\]*_`]*(?:"
    r"(?:(?:it|this|that|das|es|dies)\s+)?(?:is|was|are|were|does|did|can|could|would|should|ist|war|est|es)\s*"
    r"(?:(?:it|this|that|das|es|dies)\s+)?(?:\w+ly\s+)?(?:n['’´`]?t|not|never|no|nicht|pas|unlikely|ruled\s+out)\b"
    r"|can(?:not|['’]?t)\b|[:=?]\s*(?:no|not|false|nein|non|nicht)\b"
    r"|\w{0,4}?[：:？?=]?\s*(?:不是|并非|並非|不对|不對|不成立|不符|否(?!则|則))"
    r"|\w{0,6}?(?:では|じゃ|で)(?:ない|ありません|なかった|なく)|(?:이|가)?\s*(?:아니|아닙|아님))",
    re.IGNORECASE,
)


def negated(text: str, start: int, end: int, labels: Sequence[tuple[int, int]]) -> bool:
    """Return whether a negation stands before or behind what stands at `start` to `end`.

    Parameters
    ----------
    text : str
    start, end : int
    labels : sequence of (int, int)
        Where labels stand. A negation that belongs to one, such as the label "no" or "not_a", negates nothing.
    """
    return any(not any(begin <= at < stop for begin, stop in labels) for at in _negations(text, start, end))


def _negations(text: str, start: int, end: int) -> Iterator[int]:
    begin = max(0, start - LOOK_BACK)
    for pattern, reaches in ((_WORDS, _few_words), (_UNSPACED, _few_characters), (_BESIDE, _nothing)):
        for match in pattern.finditer(text, begin, start):
            if reaches(text[match.end() : start]):
                yield match.start()
    if behind := _BEHIND.match(text, end):
        yield behind.end() - 1


def _nothing(between: str) -> bool:
    return _NOTHING_BETWEEN.fullmatch(between) is not None


def _few_words(between: str) -> bool:
    # A line may break directly behind a negation.
    return len(between.split()) <= MOST_WORDS and _END.search(between.lstrip()) is None


def _few_characters(between: str) -> bool:
    return len(between.strip()) <= MOST_CHARACTERS and _END.search(between.strip()) is None
