"""Chinese sentences with numbers of persons, near misses and other numbers, drawn from a seed.

Check digits are computed here by the standards' formulas, apart from the package under test.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["Expected", "sentences"]

Expected = tuple[int, int, str, str]
"""Start, end, kind, and the least confidence: ``"likely"`` or ``"suspected"``."""

_BASE31 = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_REGIONS = "110105 310115 440305 330106 510107 420111 320114 370202 610113 120101 500103 230103 650102 460105"
_SIGNS = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
_MOBILE = "130 131 135 136 137 138 139 150 151 152 158 159 166 176 177 178 180 181 186 187 188 189 191 198 199"
_AREAS = "010 021 022 023 024 025 027 028 029 0755 0571 0532 0592 0431 0871 0512"
_CARDS = "622202 621700 622848 622588 621483 622260 622700 621226"

_SAID = {
    "cn_resident_id": (
        "身份证号{}", "我的身份证号码是{}，请帮忙登记", "本人{}（身份证）申请补办", "公民身份号码：{}",
        "居民身份证：{}。", "证件号码{}已过期", "患者王某，身份证{}，主诉头痛三天", "身份证{}有效",
        "帮我查一下{}这个身份证有没有办过社保",
    ),
    "mobile": (
        "手机号{}", "我电话{}，有事打我", "请拨打{}联系房东", "联系方式：{}（微信同号）", "客户手机{}一直关机",
        "加我微信，手机{}", "有意者请致电{}", "紧急联系人电话是{}", "打{}找李经理电话预约", "收件人张先生{}",
    ),
    "landline": (
        "办公室电话{}", "座机：{}", "请致电{}咨询", "医院总机电话{}转内科", "固定电话{}无人接听", "投诉电话是{}。",
    ),
    "payment_card": (
        "银行卡号{}", "卡号{}有效", "请把工资打到这张银行卡：{}", "储蓄卡{}挂失", "我的信用卡{}被盗刷了",
        "转账至卡号{}，户名李四", "借记卡尾号不对，完整卡号是{}",
    ),
    "cn_passport": (
        "护照号{}", "护照号码：{}", "她持{}号护照入境", "我的护照{}下个月到期", "请携带护照（{}）办理签证",
    ),
    "cn_uscc": (
        "统一社会信用代码{}", "信用代码：{}，法人赵某", "开票税号{}", "纳税人识别号是{}", "营业执照{}已注销",
        "公司税号为{}请开专票",
    ),
    "cn_plate": (
        "车牌{}", "车牌号：{}，违停", "那辆{}的车挡住了出口", "{}闯红灯了", "麻烦{}的车主挪一下车",
        "肇事车辆{}逃逸", "停车费{}未缴",
    ),
}  # fmt: skip
"""How people write them, with a word that names the kind (a plate names itself)."""

_ALONE = {
    "cn_resident_id": ("{}", "登记人{}已到", "附上{}，谢谢", "张三{}北京"),
    "mobile": ("打给{}", "张三{}北京", "找我就{}"),
    "cn_uscc": ("{}", "甲方{}盖章", "贵司{}已备案"),
    "cn_plate": ("{}", "看见{}往东去了", "刚才{}开走"),
}
"""Without such a word, of kinds that are known by themselves."""

_HARMLESS = (
    "订单号{18}已发货", "快递单号{12}正在派送", "流水号{20}", "总价{4}元，优惠{2}元", "今天是2026年3月{2}日",
    "库存还剩{5}件", "编号{8}的设备离线", "人口约{7}人", "播放量突破{9}次", "第{3}章第{2}节", "股价涨到{2}.{2}元",
    "版本{1}.{2}.{3}", "验证码{6}", "邮编{6}", "QQ群{9}", "面积{3}平方米", "商品条码69{11}",
    "比例{1}:{2}", "工单{10}已关闭", "身份证照片已上传", "护照还没办下来", "车牌还在摇号", "银行卡丢了怎么办",
    "手机没电了", "新A股{4}点", "川渝{3}公里", "云南{2}个县", "贵阳{2}度", "浙江大学{4}届",
)  # fmt: skip
"""A number in braces stands for so many digits."""


def _digits(rng: np.random.Generator, length: int) -> str:
    return "".join(map(str, rng.integers(10, size=length).tolist()))


def _one(rng: np.random.Generator, of: str | list[str] | tuple[str, ...]) -> str:
    return of[int(rng.integers(len(of)))]


def _resident(rng: np.random.Generator) -> str:
    day = f"{rng.integers(1935, 2016)}{rng.integers(1, 13):02}{rng.integers(1, 29):02}"
    body = f"{_one(rng, _REGIONS.split())}{day}{_digits(rng, 3)}"
    total = sum(pow(2, 17 - place, 11) * int(digit) for place, digit in enumerate(body))
    return body + "0123456789X"[(12 - total) % 11]


def _uscc(rng: np.random.Generator) -> str:
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    organisation = ("MA" if rng.integers(2) else "") + "".join(_one(rng, _BASE31[:10]) for _ in range(8))
    organisation = organisation[:8]
    total = sum(weight * int(character, 36) for weight, character in zip(weights, organisation, strict=True))
    body = _one(rng, ["91", "92", "12", "52"]) + _one(rng, _REGIONS.split()) + organisation + "0123456789X"[-total % 11]
    check = sum(pow(3, place, 31) * _BASE31.index(character) for place, character in enumerate(body))
    return body + _BASE31[-check % 31]


def _card(rng: np.random.Generator) -> str:
    body = _one(rng, _CARDS.split()) + _digits(rng, int(rng.choice([9, 12])))
    doubled = [int(digit) * 2 for digit in body[::-2]]
    total = sum(value - 9 * (value > 9) for value in doubled) + sum(map(int, body[-2::-2]))
    return body + str(-total % 10)


def _plate(rng: np.random.Generator) -> str:
    head = _one(rng, _SIGNS) + _one(rng, "ABCDE")
    form = rng.integers(4)
    if form == 0:
        return f"{head}{_one(rng, 'DF')}{_one(rng, _PLATE)}{_digits(rng, 4)}"
    if form == 1:
        return f"{head}{_digits(rng, 4)}{_one(rng, '学警挂')}"
    if form == 2:
        return f"{head}·{_one(rng, _PLATE)}{_digits(rng, 4)}"
    return f"{head}{_digits(rng, 2)}{_one(rng, _PLATE)}{_digits(rng, 2)}"


def _mobile(rng: np.random.Generator) -> str:
    number = f"{_one(rng, _MOBILE.split())}{_digits(rng, 8)}"
    sign = _one(rng, ["", "", "", "-", " "])
    return sign.join((number[:3], number[3:7], number[7:]))


def _landline(rng: np.random.Generator) -> str:
    return f"{_one(rng, _AREAS.split())}{_one(rng, ['-', '-', ' ', ''])}{rng.integers(2, 9)}{_digits(rng, 7)}"


def _passport(rng: np.random.Generator) -> str:
    if rng.integers(2):
        return f"{_one(rng, 'EG')}{_digits(rng, 8)}"
    return f"E{_one(rng, 'ABCDEFGHJK')}{_digits(rng, 7)}"


_DRAWN: dict[str, Callable[[np.random.Generator], str]] = {
    "cn_resident_id": _resident,
    "mobile": _mobile,
    "landline": _landline,
    "payment_card": _card,
    "cn_passport": _passport,
    "cn_uscc": _uscc,
    "cn_plate": _plate,
}

_CHECKED = ("cn_resident_id", "cn_uscc", "payment_card")


def _mistyped(number: str, rng: np.random.Generator) -> str:
    """Return a number with one of its digits wrong: every one of these checksums notices that."""
    place = int(rng.choice([i for i, character in enumerate(number[8:-1], 8) if character.isdigit() and i > 13]))
    wrong = (int(number[place]) + int(rng.integers(1, 10))) % 10
    return f"{number[:place]}{wrong}{number[place + 1 :]}"


def _wide(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() and sign.isalnum() else sign for sign in text)


def _filled(template: str, rng: np.random.Generator) -> str:
    pieces = template.split("{")
    counted = [piece.partition("}") for piece in pieces[1:]]
    return pieces[0] + "".join(str(rng.integers(1, 10)) + _digits(rng, int(n) - 1) + rest for n, _, rest in counted)


def _sentence(rng: np.random.Generator) -> tuple[str, list[Expected]]:
    name = _one(rng, list(_DRAWN))
    number = _DRAWN[name](rng)
    template, least = _one(rng, _SAID[name]), "likely"
    chance = rng.random()
    if chance < 0.15 and name in _CHECKED:
        number, least = _mistyped(number, rng), "suspected"
    elif chance < 0.3 and name in _ALONE:
        template = _one(rng, _ALONE[name])
    if rng.random() < 0.15:
        number = _wide(number)
    start = template.index("{}")
    kind = "phone" if name in ("mobile", "landline") else name
    return template.format(number), [(start, start + len(number), kind, least)]


def _nothing(rng: np.random.Generator) -> tuple[str, list[Expected]]:
    """Return a sentence without personal data: another number, or a personal number that is too long or wrong."""
    if rng.random() < 0.7:
        return _filled(_one(rng, _HARMLESS), rng), []
    name = _one(rng, list(_CHECKED))
    number = _mistyped(_DRAWN[name](rng), rng)
    return _one(rng, ["记录{}完", "数据{}如下", "{}", "输出{}。"]).format(number), []


def sentences(seed: int, n: int) -> list[tuple[str, list[Expected]]]:
    """Return texts, and what must be found in each.

    Parameters
    ----------
    seed : int
    n : int
        Of the texts, about a third hold no personal data, and a tenth two numbers.
    """
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        text, spans = _nothing(rng) if rng.random() < 1 / 3 else _sentence(rng)
        if rng.random() < 0.15:
            second, more = _sentence(rng)
            at = len(text) + 1
            text, spans = f"{text}，{second}", [*spans, *((at + a, at + b, kind, least) for a, b, kind, least in more)]
        made.append((text, spans))
    return made
