"""Write messages to a service desk that a program made up, as CSV: ``python make_data.py FILE``.

Nobody wrote them and they speak of nobody: each is a beginning, a matter and an ending, drawn with a fixed seed. Some
matters fit two departments, so that no classifier can be right about all of them.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROWS = 1_600
SEED = 2026

BEGINNINGS = ("您好，", "请问", "你们好，", "麻烦看一下，", "再次反映：", "", "", "")
THINGS = ("电饭煲", "雨伞", "台灯", "书包", "耳机", "水壶", "毛毯", "键盘", "行李箱", "保温杯")
MATTERS = {
    "退款": (
        "{}退了一周，钱还没有到账",
        "{}不想要了，怎么申请退款",
        "取消了{}的订单，款项何时退回",
        "{}降价了，能退差价吗",
    ),
    "物流": ("{}三天没有物流更新", "{}显示签收，但没有收到", "{}什么时候发货", "{}送错了地方，请重新配送"),
    "质量": ("{}用了两天就坏了", "{}有裂纹，像是旧的", "{}和图片上的颜色不一样", "{}打开后有异味"),
}
SHARED = ("{}有问题，请尽快处理", "关于{}，等了很久没有答复", "{}不对，怎么办")
SHARE_OF_SHARED = {"城市": 0.05, "乡镇": 0.11}
ENDINGS = ("。", "，谢谢。", "，请回复。", "！", "，急。", "")


def messages() -> Iterator[tuple[str, str, str]]:
    """Yield text, region and department of each message."""
    rng = np.random.default_rng(SEED)

    def one_of(texts: tuple[str, ...]) -> str:
        return texts[int(rng.integers(len(texts)))]

    for _ in range(ROWS):
        department, region = one_of(tuple(MATTERS)), one_of(("城市", "城市", "乡镇"))
        matters = SHARED if rng.random() < SHARE_OF_SHARED[region] else MATTERS[department]
        yield one_of(BEGINNINGS) + one_of(matters).format(one_of(THINGS)) + one_of(ENDINGS), region, department


def write(path: Path) -> None:
    """Write the messages under the headings 留言, 地区 and 部门."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("留言", "地区", "部门"))
        writer.writerows(messages())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
