"""What must be known before the numbers of a plan are read, in English and Chinese.

Notes are made in English; the page says them in its language (`reports.words.retold`).
Called by `decision` and `page`.
"""

from __future__ import annotations

from typing import Final

#: What must be known before the numbers are read, in English, as it is kept, and Chinese.
NOTES: Final[dict[str, tuple[str, str]]] = {
    "prices": (
        "prices given by the user: {given}; all others are the scenario's",
        "用户给定的价格：{given}；其余取自情景",
    ),
    "one_each": (
        "one replicate a world: best, regret and their like hold its luck",
        "每个世界只有一次重复：最优比例与损失等含有运气成分",
    ),
    "dropped": (
        "designs that were dropped are judged by the worlds they were run in",
        "中途淘汰的方案只按其运行过的世界评判",
    ),
    "no_bounds": (
        "no bounds of the outcome are known: nothing says how surely one is best",
        "结果没有已知的上下界：无法说明最优有多大把握",
    ),
}
