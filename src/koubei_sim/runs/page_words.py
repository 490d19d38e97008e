"""The words of the reports of runs, in English and Chinese.

Called by `page`, `page_parts` and the pages of studies, which say the same of their scenarios.
"""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "run_lead": (
        "{people} people, {days:,} days{start}; {replicates}, {engine} engine, key {key}",
        "{people}人，{days:,}天{start}；{replicates}，引擎{engine}，随机数钥匙{key}",
    ),
    "from_date": (" from {date}", "，自{date}起"),
    "one_replicate": ("one replicate", "1次模拟"),
    "many_replicates": ("{number:,} replicates", "{number:,}次重复"),
    "takes_off": ("chance that it takes off", "起飞的概率"),
    "users": ("users", "用户"),
    "loyal": ("loyal and above", "忠诚及以上"),
    "die_hard": ("die-hard and core", "铁杆与核心"),
    "at_the_end": ("{name} at the end", "期末{name}"),
    "ends": ("95 %: {ends}", "95%区间：{ends}"),
    "too_few": ("too few replicates for an interval", "重复太少，无法给出区间"),
    "one_run": ("one replicate, no interval", "仅一次模拟，无区间"),
    "off_in": (
        "It takes off in {taken:,} of {of:,} replicates: a chance of {chance}.",
        "{of:,}次重复中有{taken:,}次起飞：概率为{chance}。",
    ),
    "off_one": (
        "It takes off in the one replicate that was run. One replicate says nothing of the chance.",
        "所运行的一次模拟起飞。单次模拟不能说明概率。",
    ),
    "off_not": (
        "It does not take off in any of {of:,} replicates: a chance of {chance}.",
        "{of:,}次重复中没有一次起飞：概率为{chance}。",
    ),
    "where_taken": (
        "Where it takes off, {name} are typically {said}; half of the replicates lie between "
        "{low} and {high}.",
        "在起飞的重复中，{name}通常为{said}；半数重复介于{low}与{high}之间。",
    ),
    "where_all": (
        "{name}: typically {said}; half of the replicates lie between {low} and {high}.",
        "{name}：通常为{said}；半数重复介于{low}与{high}之间。",
    ),
    "where_dead": (
        "Where it does not take off, {users} people use it at the end, as a median.",
        "在没有起飞的重复中，期末用户的中位数为{users}人。",
    ),
    "more_needed": (
        "About {more:,} more replicates are needed for intervals of what happens after take-off.",
        "要给出起飞之后的区间，大约还需{more:,}次重复。",
    ),
    "costs": (
        "It costs {cost} in all, {each} for each user at the end.",
        "总成本为{cost}，每位期末用户为{each}。",
    ),
    "pyramid": ("The fan pyramid over time", "粉丝金字塔的成长"),
    "seen": ("reported in the world", "现实报道"),
    "replicates_chart": ("Users, replicate by replicate", "逐次重复的用户数"),
    "weekly": ("New users and leavers per week", "每周新增与流失用户"),
    "new_users": ("new users", "新增用户"),
    "leavers": ("leavers", "流失用户"),
    "channels": ("Adoptions so far by channel", "各渠道带来的累计用户"),
    "own_media": ("own media", "自媒体"),
    "reputation_chart": ("Reputation, mean of 7 days", "美誉度（7日均值）"),
    "reputation": ("reputation", "美誉度"),
    "people": ("people", "人数"),
    "people_a_week": ("people per week", "每周人数"),
    "adoptions": ("adoptions so far", "累计采用人次"),
    "index": ("index, -1 to 1", "指数（-1至1）"),
    "median_of": (
        "Lines: median of {of}; bands: 5 to 95 % of them.",
        "实线为{of}的中位数，阴影为其5%至95%。",
    ),
    "median": ("median", "中位数"),
    "of_taken": ("the {n:,} replicates that took off", "{n:,}次起飞的重复"),
    "of_all": ("all {n:,} replicates", "全部{n:,}次重复"),
    "of_none": ("the {n:,} replicates, of which none took off", "{n:,}次重复（无一起飞）"),
    "of_one": ("the one replicate", "唯一一次模拟"),
    "thin": (
        "Thin lines: single replicates; grey and dashed: those that did not take off.",
        "细线为单次重复；灰色虚线为没有起飞的重复。",
    ),
    "thin_some": (
        "Thin lines: {shown} of {number:,} replicates, at even steps of their size at the end.",
        "细线为{number:,}次重复中的{shown}次，按期末规模等间隔选取。",
    ),
    "from_to": (
        "{name}: {first} on day {day}, {last} on day {end}",
        "{name}：第{day}天{first}，第{end}天{last}",
    ),
    "summary": ("All outcomes", "全部结果"),
    "summary_note": (
        "Counts and money: geometric mean; shares, days and indices: mean. Every outcome but the "
        "chance of take-off is told of the replicates that took off, where any did.",
        "人数与金额为几何平均，比例、天数与指数为均值。除起飞概率外，只统计起飞的重复（若有）。",
    ),
    "by_period": ("The pyramid by period", "各时期的粉丝金字塔"),
    "when": ("end of", "时期末"),
    "tick": ("day", "天"),
    "changes": ("What differs from the preset {name}", "与预设{name}的不同之处"),
    "preset": ("preset", "预设"),
    "here": ("here", "此处"),
    "assumed": ("Parameters that are switched on ({number:,})", "开启的参数（{number:,}个）"),
    "assumed_note": (
        "Every parameter whose value is not the neutral one, which would switch it off. "
        "Parameters that change nothing because what they hang on is off are left out.",
        "列出取值不同于中性值（即关闭）的全部参数；所依附机制已关闭、因而不起作用的参数不列。",
    ),
    "in_words": ("In plain words", "文字说明"),
    "handed": (
        "{part} were handed over as objects. To make this again, hand them over again "
        "(digest {digest}).",
        "{part}以对象形式传入。重做时需再次传入（摘要{digest}）。",
    ),
    "networks": ("Networks", "网络"),
    "agents": ("People", "人群"),
    "own_mechanisms": (
        "Mechanisms of the user's own are part of it: {names}. Hand them over as mechanisms=[...].",
        "包含用户自定义机制：{names}。请以mechanisms=[...]传入。",
    ),
    "read_off": (
        "Take-off is decided replicate by replicate. Most worlds either take off or do not, so a "
        "mean over both kinds describes neither: the chance of take-off is told first, and "
        "everything else of the replicates that took off.",
        "是否起飞按每次重复判断。多数世界要么起飞要么不起飞，两者混合的均值不描述任何一类："
        "因此先给出起飞概率，其余结果只统计起飞的重复。",
    ),
    "read_intervals": (
        "The intervals say how well the replicates determine an estimate (95 %). Decide by them, "
        "not by the estimate alone.",
        "区间表示重复次数对估计值的确定程度（95%）。请依区间而不只是估计值作决定。",
    ),
    "read_model": (
        "It is a model: most of its parameters are assumptions, which are listed with their "
        "source. An interval over replicates is luck only, not doubt about the assumptions.",
        "这是一个模型：多数参数是假设，其来源已列出。重复之间的区间只反映运气，不反映对假设的怀疑。",
    ),
}  # fmt: skip
