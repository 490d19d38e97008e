"""The words on the figures, in English and Chinese.

Called by all other files of this folder through `say`; a missing word is a fault of ours and
fails loudly in the tests, not on somebody's slide.
"""

from __future__ import annotations

from typing import Final

from koubei_sim.errors import KoubeiError

LANGUAGES: Final = ("en", "zh")

_WORDS: Final[dict[str, tuple[str, str]]] = {
    # titles
    "pyramid": ("The fan pyramid over time", "粉丝金字塔的成长"),
    "growth": ("New users and leavers per week", "每周新增与流失用户"),
    "channels": ("Adoptions by channel", "各渠道带来的用户"),
    "product": ("The product learns", "产品的学习"),
    "retention": ("Who stays, by time of adoption", "各期用户的留存"),
    "forest": ("Sizes of recruitment trees", "口碑传播树的大小"),
    "tree": ("One recruitment tree", "一棵口碑传播树"),
    "stages": ("Where everybody stands", "人群所处阶段"),
    "reproduction": ("Recruits per adopter, by cohort", "每位新用户带来的用户数"),
    "claim_worlds": ("Effect of the claim, world by world", "各假想世界中该论断的效应"),
    "claim_ladder": ("Without each mechanism", "逐一关闭机制后的效应"),
    # axes
    "in_smallest": (
        "effect, in units of the smallest that matters",
        "效应(以有意义的最小效应为单位)",
    ),
    "day": ("day", "天"),
    "people": ("people", "人数"),
    "people_log": ("people (log scale)", "人数(对数坐标)"),
    "people_a_week": ("people per week", "每周人数"),
    "cumulative_people": ("adoptions so far", "累计采用人次"),
    "share_of_people": ("share of people", "占人群比例"),
    "share_still_users": ("share still users", "仍为用户的比例"),
    "days_after": ("days after adoption", "采用后天数"),
    "tree_size": ("adoptions in the tree", "树中用户数"),
    "share_of_trees": ("share of trees at least so large", "不小于该大小的树的比例"),
    "index": ("index", "指数"),
    "recruits": ("recruits per adopter", "人均带来用户数"),
    # series
    "users": ("users", "用户"),
    "loyal": ("loyal and above", "忠诚及以上"),
    "die_hard": ("die-hard and core", "铁杆与核心"),
    "adoptions": ("new users", "新增用户"),
    "leavers": ("leavers", "流失用户"),
    "own_media": ("own media", "自媒体"),
    "quality": ("quality", "品质"),
    "difficulty": ("difficulty", "使用难度"),
    "reputation": ("reputation (7 days)", "美誉度(7日)"),
    "reported": ("reported in the world", "公开报道的数字"),
    "root": ("root", "起点"),
    "seed": ("seed", "种子用户"),
    "unaware": ("unaware", "未知晓"),
    "aware": ("aware", "知晓"),
    "waiting": ("waiting", "等待购买"),
    "user": ("users", "用户"),
    "lapsed": ("lapsed", "已流失"),
    "rejected": ("rejected", "拒绝"),
    "rival": ("with the rival", "选择竞品"),
    # notes
    "band": (
        "line: mean; band: 5-95 % of {replicates} replicates",
        "实线为均值,阴影为{replicates}次重复的5-95%区间",
    ),
    "one_run": ("one replicate", "单次模拟"),
    "pooled": ("{replicates} replicates pooled", "合并{replicates}次重复"),
    "single_trees": (
        "{share:.0%} of {trees:,} trees are one person",
        "{trees:,}棵树中{share:.0%}只有一人",
    ),
    "tree_note": (
        "{size:,} adoptions, {depth} generations, structural virality {virality:.1f}",
        "{size:,}人次,{depth}代,结构性传播度{virality:.1f}",
    ),
    "tree_cut": ("first {shown:,} of {size:,} shown", "仅画出前{shown:,}人,共{size:,}人"),
    "cohort_from": ("from day {start}", "第{start}天起"),
    "fully_seen": (
        "30 days of follow-up, means over replicates",
        "每位用户观察30天,各次重复取均值",
    ),
    "nothing": ("nobody adopted", "无人采用"),
}


def check_language(lang: str) -> str:
    """Return `lang` when it is known.

    Raises
    ------
    KoubeiError
        For an unknown language.
    """
    if lang not in LANGUAGES:
        raise KoubeiError("lang", "unknown language", got=lang, allowed="en, zh", fix="en")
    return lang


def say(word: str, lang: str, **values: object) -> str:
    """Return the label `word` in a language, with values put in.

    Examples
    --------
    >>> say("users", "zh")
    '用户'
    >>> say("pooled", "en", replicates=3)
    '3 replicates pooled'
    """
    return _WORDS[word][LANGUAGES.index(lang)].format(**values)
