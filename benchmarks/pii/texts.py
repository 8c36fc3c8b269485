"""Texts and columns drawn from a seed: words, harmless numbers, and personal data in some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from . import valid

SEED = 20261125

PERSONAL = 0.05
"""Share of texts with structured personal data."""
HARMLESS = 0.34
"""Share of texts with numbers that are nobody's."""
CHINESE = 0.1
"""Share of texts in Chinese."""


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


WORDS = _split(
    "the of to and a in is it you that was for on are with as they be at one have this from had by hot but some what "
    "there we can out other were all your when up use word how said each she which do their time if will way about "
    "many then them would write like so these her long make thing see him two has look more day could go come did "
    "sound no most people my over know water than first who may down side been now find any new work part take get "
    "place made live where after back little only round man year came show every good me give our under name very "
    "through just form much great think say help low line before turn cause same mean differ move right boy old too "
    "does tell sentence set three want air well also play small end put home read hand port large spell add even land "
    "here must big high such follow act why ask men change went light kind off need house picture try us again animal "
    "point mother world near build self earth father head stand own page should country found answer school grow "
    "study still learn plant cover food sun four thought let keep eye never last door between city tree cross since "
    "hard start might story saw far sea draw left late run while press close night real life few stop open seem "
    "together next white children begin got walk example ease paper often always music those both mark book letter "
    "until mile river car feet care second group carry took rain eat room friend began idea fish mountain north once "
    "base hear horse cut sure watch color face wood main enough plain girl usual young ready above ever red list "
    "though feel talk bird soon body dog family direct pose leave song measure state product black short class wind "
    "question happen complete ship area half rock order fire south problem piece told knew pass farm top whole king "
    "size heard best hour better true during hundred remember step early hold west ground interest reach fast five "
    "sing listen six table travel less morning ten simple several toward war lay against pattern slow center love "
    "person money serve appear road map science rule govern pull cold notice voice fall power town fine certain fly "
    "unit lead cry dark machine note wait plan figure star box noun field rest correct able pound done beauty drive "
    "stood contain front teach week final gave green quick develop sleep warm free minute strong special mind behind "
    "clear tail produce fact street inch lot nothing course stay wheel full force blue object decide surface deep "
    "moon island foot yet busy test record boat common gold possible plane age dry wonder laugh thousand ago ran "
    "check game shape yes cool miss brought heat snow bed bring sit perhaps fill east weight language among call "
    "phone account card message number customer payment email password key service office doctor report shipping "
    "delivery refund"
)

PHRASES = _split(
    "今天天气很好 我们去公园散步 他说这本书不错 明天开会讨论方案 请大家准时参加 昨天的比赛很精彩 孩子们在操场上玩 "
    "这家店的服务态度一般 物流速度还可以 包装有一点破损 客服一直没有回复 希望尽快处理 质量比想象的好 价格也合适 "
    "下次还会再来 房间干净整洁 离地铁站很近 早餐种类不多 手机屏幕很清楚 电池不太耐用 电影的结尾有点仓促 演员演得很自然 "
    "银行排队的人不少 医生建议多休息 会议改到下周 请查看附件"
)


def _choice(rng: np.random.Generator, of: str) -> str:
    words = of.split("|")
    return words[int(rng.integers(len(words)))]


def _between(rng: np.random.Generator, low: int, high: int) -> int:
    return int(rng.integers(low, high))


Drawn = Callable[[np.random.Generator], str]

HARMLESS_ENGLISH: tuple[Drawn, ...] = (
    lambda rng: f"at {_between(rng, 0, 24)}:{_between(rng, 0, 60):02}",
    lambda rng: f"for ${_between(rng, 1, 2000)}.{_between(rng, 0, 100):02}",
    lambda rng: f"on {_between(rng, 1990, 2027)}-{_between(rng, 1, 13):02}-{_between(rng, 1, 29):02}",
    lambda rng: f"since {_between(rng, 1950, 2027)}",
    lambda rng: f"{_between(rng, 2, 400)} {_choice(rng, 'boxes|people|miles|pages|percent|times')}",
    lambda rng: f"order {_between(rng, 10**6, 10**9)}",
    lambda rng: f"ticket #{_between(rng, 1000, 10**6)}",
    lambda rng: f"version {_between(rng, 0, 20)}.{_between(rng, 0, 40)}.{_between(rng, 0, 10)}",
    lambda rng: f"room {_between(rng, 1, 999)}",
    lambda rng: f"1{_choice(rng, 'st|0th|4th|7th')} of {_choice(rng, 'May|June|March|October')}",
    lambda rng: f"invoice {_between(rng, 10**4, 10**8)}",
    lambda rng: f"{rng.random():.6f}",
    lambda rng: f"tracking 1Z{_between(rng, 10**9, 10**10)}",
    lambda rng: f"{_between(rng, 1, 900)},{_between(rng, 0, 1000):03},{_between(rng, 0, 1000):03} dollars",
)

HARMLESS_CHINESE: tuple[Drawn, ...] = (
    lambda rng: f"下午{_between(rng, 1, 12)}点{_between(rng, 0, 60):02}分",
    lambda rng: f"{_between(rng, 1990, 2027)}年{_between(rng, 1, 13)}月",
    lambda rng: f"一共{_between(rng, 2, 5000)}元",
    lambda rng: f"订单{_between(rng, 10**9, 10**12)}",
    lambda rng: f"第{_between(rng, 1, 500)}页",
    lambda rng: f"{_between(rng, 1, 100)}%的人",
)

PERSONAL_ENGLISH: tuple[Drawn, ...] = (
    lambda rng: f"mail {valid.email(rng)}",
    lambda rng: f"phone {valid.us_phone(rng)}",
    lambda rng: f"call {valid.international_phone(rng)}",
    lambda rng: f"card {valid.grouped(valid.payment_card(rng), 4)}",
    lambda rng: f"ssn {valid.us_ssn(rng)}",
    lambda rng: f"iban {valid.iban(rng)}",
    lambda rng: f"login from {valid.ipv4(rng)}",
)

PERSONAL_CHINESE: tuple[Drawn, ...] = (
    lambda rng: f"手机{valid.cn_mobile(rng)}",
    lambda rng: f"身份证号{valid.cn_resident_id(rng)}",
    lambda rng: f"卡号{valid.payment_card(rng)}",
    lambda rng: f"邮箱{valid.email(rng)}",
)


@dataclass(frozen=True)
class Short:
    """Short texts.

    Attributes
    ----------
    texts : tuple of str, (n,)
    personal : numpy.ndarray of bool, (n,)
        Which of them hold structured personal data.
    """

    texts: tuple[str, ...]
    personal: np.ndarray

    @property
    def characters(self) -> float:
        """Mean length."""
        return float(np.mean([len(text) for text in self.texts]))

    @property
    def with_digits(self) -> float:
        """Share of texts with a digit."""
        return float(np.mean([any(map(str.isdigit, text)) for text in self.texts]))


def short(n: int, seed: int, *, personal: float = PERSONAL, chinese: float = CHINESE) -> Short:
    """Draw short texts: words by Zipf's law, in some of them a harmless number, in a few personal data.

    Parameters
    ----------
    n : int
    seed : int
    personal : float
        Share of texts with personal data.
    chinese : float
        Share of texts in Chinese.
    """
    rng = np.random.default_rng(seed)
    fate = rng.random(n)
    in_chinese = rng.random(n) < chinese
    texts = []
    for body, is_chinese, place in zip(_bodies(rng, in_chinese), in_chinese, fate, strict=True):
        if place < personal:
            things = PERSONAL_CHINESE if is_chinese else PERSONAL_ENGLISH
        elif place < personal + HARMLESS:
            things = HARMLESS_CHINESE if is_chinese else HARMLESS_ENGLISH
        else:
            texts.append(("，" if is_chinese else " ").join(body) + ("。" if is_chinese else "."))
            continue
        body.insert(len(body) // 2, things[int(rng.integers(len(things)))](rng))
        texts.append(("，" if is_chinese else " ").join(body) + ("。" if is_chinese else "."))
    return Short(tuple(texts), fate < personal)


def _bodies(rng: np.random.Generator, in_chinese: np.ndarray) -> list[list[str]]:
    weights = 1 / (np.arange(len(WORDS)) + 20)
    lengths = rng.integers(14, 27, size=len(in_chinese))
    drawn = rng.choice(len(WORDS), size=int(lengths.sum()), p=weights / weights.sum())
    ends = np.cumsum(lengths)
    bodies = []
    for is_chinese, end, length in zip(in_chinese.tolist(), ends.tolist(), lengths.tolist(), strict=True):
        places = drawn[end - length : end].tolist()
        if is_chinese:
            bodies.append([PHRASES[place % len(PHRASES)] for place in places[: length // 3]])
        else:
            bodies.append([WORDS[place] for place in places])
    return bodies


FIRST = _split("Ana Ben Carla David Eva Finn Greta Hugo Ida Jonas Karla Lena Max Nora Otto Paula Rosa Sam Tara Uwe")
LAST = _split("Abel Baker Cole Dunn Ellis Ford Gray Hale Irwin Jung Kern Lange Moss Nash Ott Park Reed Stone Voss Wood")


@dataclass(frozen=True)
class Cells:
    """A column of distinct values.

    Attributes
    ----------
    name : str
        Its header.
    values : tuple of str
    numeric : bool
        Whether all are numbers, of which none is a telephone's.
    """

    name: str
    values: tuple[str, ...]
    numeric: bool


def columns(n: int, seed: int) -> list[Cells]:
    """Draw columns of `n` distinct values each."""
    rng = np.random.default_rng(seed)
    return [
        *(Cells(name, _distinct(draw, n, rng), True) for name, draw in NUMERIC.items()),
        *(Cells(name, _distinct(draw, n, rng), False) for name, draw in OTHERS.items()),
    ]


def _distinct(draw: Drawn, n: int, rng: np.random.Generator) -> tuple[str, ...]:
    values: dict[str, None] = {}
    while len(values) < n:
        values[draw(rng)] = None
    return tuple(values)


def _digits(rng: np.random.Generator, length: int) -> str:
    return f"{_between(rng, 10 ** (length - 1), 10**length)}"


NUMERIC: dict[str, Drawn] = {
    "row": lambda rng: f"{_between(rng, 0, 10**7)}",
    "customer_id": lambda rng: _digits(rng, 8),
    "order_number": lambda rng: _digits(rng, 10),
    "product_code": lambda rng: _digits(rng, 11),
    "ean": lambda rng: valid.ean(rng),
    "transaction": lambda rng: _digits(rng, 16),
    "timestamp": lambda rng: f"{_between(rng, 1_500_000_000, 1_800_000_000)}",
    "created_ms": lambda rng: f"{_between(rng, 1_500_000_000_000, 1_800_000_000_000)}",
    "price": lambda rng: f"{_between(rng, 0, 10**5)}.{_between(rng, 0, 100):02}",
    "revenue": lambda rng: f"{_between(rng, 10**6, 10**10)}",
    "score": lambda rng: f"{rng.random():.10f}",
    "population": lambda rng: f"{_between(rng, 10**5, 10**8):,}",
}
"""Columns of numbers, by their headers."""

OTHERS: dict[str, Drawn] = {
    "reference": lambda rng: f"{_choice(rng, 'A|B|QX|INV')}-{_between(rng, 0, 10**8):08}",
    "uuid": lambda rng: valid.uuid(rng),
    "created": lambda rng: (
        f"{_between(rng, 1970, 2027)}-{_between(rng, 1, 13):02}-{_between(rng, 1, 29):02} "
        f"{_between(rng, 0, 24):02}:{_between(rng, 0, 60):02}:{_between(rng, 0, 60):02}"
    ),
    "name": lambda rng: f"{_one(rng, FIRST)} {_one(rng, WORDS).capitalize()} {_one(rng, WORDS)} {_one(rng, LAST)}",
    "phone": lambda rng: valid.us_phone(rng) if rng.random() < 0.5 else valid.international_phone(rng),
    "mixed": lambda rng: _mixed(rng),
}
"""Other columns, by their headers."""


def _one(rng: np.random.Generator, of: Sequence[str]) -> str:
    return of[int(rng.integers(len(of)))]


def _mixed(rng: np.random.Generator) -> str:
    kinds: tuple[Drawn, ...] = (*HARMLESS_ENGLISH, *PERSONAL_ENGLISH, *OTHERS.values())
    return f"{_one(rng, WORDS)} {kinds[int(rng.integers(len(kinds) - 1))](rng)} {_one(rng, WORDS)}"
