"""Outcomes as people read them: their Chinese names, and how their numbers are shown.

The English names stand with the outcomes (`overview.OUTCOMES`).  Called by figures and reports.
"""

from __future__ import annotations

from typing import Final

from koubei_sim.metrics.overview import NEVER, OUTCOMES, SHARES, offset
from koubei_sim.reports.words import retold

#: Outcomes in Chinese.
CHINESE: Final[dict[str, str]] = {
    "users": "期末用户",
    "loyal": "期末忠诚及以上",
    "die_hard": "期末铁杆与核心",
    "core": "期末核心",
    "adoptions": "累计采用人次",
    "lapses": "累计流失人次",
    "rejected": "期末拒绝人数",
    "rival": "期末竞品用户",
    "aware_share": "知晓产品的比例",
    "take_off": "起飞的模拟比例",
    "day_take_off": "起飞之日（仅计起飞者）",
    "day_die_hard_5000": "铁杆达5000人之日",
    "day_loyal_100000": "忠诚达10万人之日",
    "purity_core": "核心中发烧友的比例",
    "reputation": "近28日美誉度",
    "net_promoters": "近28日净推荐比例",
    "active_share": "近28日日活跃比例",
    "recruiters": "带来过用户的人数",
    "active_day_90": "采用90天后仍在用的人数",
    "k_factor": "每位用户30日内带来的用户",
    "trees": "传播树数量",
    "largest_tree": "最大传播树的人次",
    "largest_share": "最大传播树占全部采用的比例",
    "single_share": "单人树的比例",
    "tree_depth": "最深传播树的层数",
    "virality": "最大树的结构性传播度",
    "cost": "总成本",
    "cost_per_user": "每位期末用户的成本",
    "cost_per_loyal": "每位忠诚用户的成本",
}


def outcome_in(lang: str, outcome: str) -> str:
    """Return what an outcome is called; a measure of one's own is called as it is written.

    Examples
    --------
    >>> outcome_in("en", "users"), outcome_in("zh", "users"), outcome_in("zh", "users@60")
    ('users at the end', '期末用户', 'users@60')
    """
    return (CHINESE if lang == "zh" else OUTCOMES).get(outcome, outcome)


#: How an interval was made, and of which replicates a row tells: cells of tables.
CELLS: Final[dict[str, tuple[str, str]]] = {
    "log t": ("log t", "对数t"),
    "bootstrap": ("bootstrap", "自助法"),
    "wilson": ("wilson", "Wilson"),
    "binomial": ("binomial", "二项"),
    "exact": ("exact", "无离散"),
    "few": ("few", "重复太少"),
    "none": ("none", "无"),
    "all": ("all", "全部"),
    "taken off": ("taken off", "起飞者"),
    "none took off": ("none took off", "均未起飞"),
}


def meaning_in(lang: str, outcome: str, meaning: str) -> str:
    """Return the meaning of a row of a summary in a language, with what it says of days.

    Examples
    --------
    >>> meaning_in("zh", "day_loyal_100000", OUTCOMES["day_loyal_100000"] + ": never within 9 days")
    '忠诚达10万人之日：9天内从未达到'
    """
    rest = meaning.removeprefix(OUTCOMES[outcome])
    return outcome_in(lang, outcome) + retold(rest, lang, NEVER)


def shown_as(outcome: str) -> str:
    """Return how numbers of an outcome are shown (`reports.numbers`): a share, a count, a number.

    Examples
    --------
    >>> shown_as("take_off"), shown_as("users@60"), shown_as("virality")
    ('share', 'count', 'number')
    """
    if outcome in SHARES or outcome.startswith("take_off"):
        return "share"
    return "number" if offset(outcome) is None else "count"
