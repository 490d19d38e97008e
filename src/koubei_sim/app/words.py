"""The words of the page, in English and Chinese.

Called by `levers`, `answers` and `page` through `say`; names of mechanisms come from the mechanisms
themselves, words on figures from the room `plots`.
"""

from __future__ import annotations

from typing import Final

from koubei_sim.checks import LANGUAGES
from koubei_sim.model.scenario.chinese import text_in
from koubei_sim.reports.words import said

#: What a visitor chooses -> the language.
CHOICE: Final[dict[str, str]] = dict(zip(("English", "中文"), LANGUAGES, strict=True))

_WORDS: Final[dict[str, tuple[str, str]]] = {
    # what can be moved
    "seeds": ("Seeds", "种子用户"),
    "channel": ("Channel: {name}", "渠道：{name}"),
    "node": ("Interaction: {name}", "互动：{name}"),
    "joining": ("Interaction: joining", "互动：参与"),
    "mechanisms": ("Mechanisms", "机制"),
    "money": ("Budget", "预算"),
    "size": ("Size and luck", "规模与随机数"),
    "purity": ("purity: share of enthusiasts", "纯度：发烧友比例"),
    "number": ("number of seeds", "种子数量"),
    "recruit_cost": ("cost of winning one seed", "赢得一名种子的费用"),
    "tell": ("tellings a day of a casual user", "普通用户每天的传播次数"),
    "persuasion": ("one message seen convinces", "一条消息的说服概率"),
    "visibility": ("a listener sees a message", "听众看到消息的概率"),
    "readers_per_post": ("people one post reaches", "一个帖子触及的人数"),
    "opens_at": ("day on which it opens", "开放之日"),
    "need": ("share of users it concerns", "与之有关的用户比例"),
    "simple": ("simple", "简单"),
    "rewarding": ("rewarding", "有回报"),
    "fun": ("fun", "有趣"),
    "authentic": ("authentic", "真实"),
    "join": ("joins a day", "每天参与次数"),
    "design_cost": ("cost of its design", "设计费用"),
    # units
    "1": ("share", "比例"),
    "1/day": ("a day", "每天"),
    "people": ("people", "人"),
    "day": ("day", "天"),
    "allowed": ("allowed {range}; source: {source}", "允许 {range}；来源：{source}"),
    # controls
    "language": ("Language / 语言", "Language / 语言"),
    "scenario": ("Scenario", "方案"),
    "upload": ("or a scenario of your own (TOML)", "或上传自己的方案（TOML）"),
    "people_simulated": ("people simulated", "模拟人数"),
    "days_simulated": ("days", "天数"),
    "worlds": ("pairs of worlds", "世界对数"),
    "key": ("key of the luck", "随机数 key"),
    "value_per_user": ("money that a user at the end is worth", "每位期末用户的价值"),
    "budget": ("budget (0: no limit)", "预算（0 表示不限）"),
    "off": ("switched off in your design", "在你的设计中关闭"),
    "keep": ("Compare with this design from now on", "以此设计为新的对照"),
    "reset": ("Back to the scenario as it is", "回到原方案"),
    "fold": ("Fold or unfold the levers", "收起或展开杠杆"),
    "levers": ("Levers", "杠杆"),
    "more": ("More", "更多"),
    # arms
    "first": ("as it is", "原方案"),
    "kept": ("the kept design", "对照设计"),
    "second": ("your design", "你的设计"),
    # results
    "waiting": ("The worlds are being run.", "正在模拟。"),
    "compiling": (
        "The library compiles its fast code, once on this machine; that takes about a minute.",
        "正在编译快速代码，每台机器只需一次，约一分钟。",
    ),
    "so_far": (
        "{done} of {worlds} pairs of worlds so far; more are being run.",
        "已完成 {done}/{worlds} 对世界，其余仍在模拟。",
    ),
    "all_done": (
        "{worlds} pairs of worlds, {people:,} people each ({agents:,} simulated), {days:,} days.",
        "{worlds} 对世界，各 {people:,} 人（模拟 {agents:,} 人），{days:,} 天。",
    ),
    "small": (
        "One pair has no interval: the difference may be luck.",
        "只有一对世界，没有区间：差异可能只是运气。",
    ),
    "same": (
        "Your design is the one it is compared with. Move a lever to see a difference.",
        "你的设计与对照相同。移动一个杠杆即可看到差异。",
    ),
    "findings": ("Both designs on the same luck", "同一运气下的两个设计"),
    "measure": ("at the end", "期末"),
    "effect": ("effect (95 % interval)", "效应（95% 区间）"),
    "of_pairs": ("of pairs in which", "计入的世界"),
    "all": ("all", "全部"),
    "both take off": ("both take off", "两者都起飞"),
    "neither takes off": ("neither takes off", "均未起飞"),
    "take_off": ("takes off", "起飞"),
    "plan": ("Which design to take", "选哪个设计"),
    "design": ("design", "设计"),
    "outlay": ("outlay", "预付支出"),
    "spend": ("spent in all", "总支出"),
    "profit": ("profit (95 % interval)", "利润（95% 区间）"),
    "best": ("best in", "最优的世界比例"),
    "over": ("over the budget", "超出预算"),
    "take": (
        "{name} brings the higher profit in these worlds, {value} a user.",
        "在这些世界中，{name}的利润更高（每位用户值 {value}）。",
    ),
    "take_none": ("Both designs are over the budget.", "两个设计都超出预算。"),
    "take_alone": ("Only {name} keeps within the budget.", "只有{name}未超预算。"),
    "open": (
        "The worlds leave it open: either may be the better one.",
        "现有的世界不足以判定，两者都可能更好。",
    ),
    "along": ("Take it along", "带走结果"),
    "toml": ("Scenario (TOML)", "方案 (TOML)"),
    "code": ("Python that makes it again", "重做此结果的 Python"),
    "csv": ("Table (CSV)", "表格 (CSV)"),
    "report": ("Report (HTML)", "报告 (HTML)"),
    "broken": ("The page could not do this ({kind}); the server's log says more.",
               "页面无法完成（{kind}），详见服务器日志。"),
}  # fmt: skip

#: Units of the table of parameters that have words here.
_UNITS: Final = ("1", "1/day", "people", "day")


def say(word: str, lang: str, **values: object) -> str:
    """Return the text `word` in a language, with values put in.

    Examples
    --------
    >>> say("channel", "en", name="weibo"), say("seeds", "zh")
    ('Channel: weibo', '种子用户')
    """
    return said(_WORDS, word, lang, **values)


def unit_of(unit: str, lang: str) -> str:
    """Return a unit of the table of parameters as the page writes it.

    Examples
    --------
    >>> unit_of("1/day", "zh"), unit_of("money", "en")
    ('每天', 'money')
    """
    return say(unit, lang) if unit in _UNITS else text_in(lang, "units", unit)
