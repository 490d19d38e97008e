"""What the report of a run holds: findings, curves, tables, assumptions, and how to make it again.

Numbers are those of `Result.summary` and `Result.pyramid`; whether it takes off is told first, all
else of the replicates that did, never as a mean over both kinds.  Studies take their assumptions and
listings from here.  Called by `Result._page` and by the pages of studies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.metrics import hurdle, indices, overview
from koubei_sim.metrics.measuring import FLOWS
from koubei_sim.metrics.overview import Told, told
from koubei_sim.metrics.runs import block, die_hard_and_core, loyal_and_above, scale_of, users
from koubei_sim.metrics.words import outcome_in, shown_as
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.model.scenario.parameters import Row, idle
from koubei_sim.reports import numbers
from koubei_sim.reports.page import (
    Column,
    Curves,
    Figures,
    Line,
    Listing,
    Page,
    Section,
    Sentences,
    Table,
    table_of,
)
from koubei_sim.reports.words import Words
from koubei_sim.storage import provenance

FloatArray = NDArray[np.float64]

#: Thin lines of single replicates that a chart has at most.
THIN: Final = 20
_WEEK: Final = 7
#: The band of replicates.
_BAND: Final = (0.05, 0.5, 0.95)

WORDS: Final[dict[str, tuple[str, str]]] = {
    "lead": (
        "{people} people, {days:,} days{start}; {replicates}, {engine} engine, key {key}",
        "{people}人,{days:,}天{start};{replicates},引擎{engine},随机数钥匙{key}",
    ),
    "from_date": (" from {date}", ",自{date}起"),
    "one_replicate": ("one replicate", "1次模拟"),
    "many_replicates": ("{number:,} replicates", "{number:,}次重复"),
    "takes_off": ("chance that it takes off", "起飞的概率"),
    "users": ("users", "用户"),
    "loyal": ("loyal and above", "忠诚及以上"),
    "die_hard": ("die-hard and core", "铁杆与核心"),
    "at_the_end": ("{name} at the end", "期末{name}"),
    "ends": ("95 %: {ends}", "95%区间:{ends}"),
    "too_few": ("too few replicates for an interval", "重复太少,无法给出区间"),
    "one_run": ("one replicate, no interval", "仅一次模拟,无区间"),
    "off_in": (
        "It takes off in {taken:,} of {of:,} replicates: a chance of {chance}.",
        "{of:,}次重复中有{taken:,}次起飞:概率为{chance}。",
    ),
    "off_one": (
        "It takes off in the one replicate that was run. One replicate says nothing of the chance.",
        "所运行的一次模拟起飞。单次模拟不能说明概率。",
    ),
    "off_not": (
        "It does not take off in any of {of:,} replicates: a chance of {chance}.",
        "{of:,}次重复中没有一次起飞:概率为{chance}。",
    ),
    "where_taken": (
        "Where it takes off, {name} are typically {said}; half of the replicates lie between "
        "{low} and {high}.",
        "在起飞的重复中,{name}通常为{said};半数重复介于{low}与{high}之间。",
    ),
    "where_all": (
        "{name}: typically {said}; half of the replicates lie between {low} and {high}.",
        "{name}:通常为{said};半数重复介于{low}与{high}之间。",
    ),
    "where_dead": (
        "Where it does not take off, {users} people use it at the end, as a median.",
        "在没有起飞的重复中,期末用户的中位数为{users}人。",
    ),
    "more_needed": (
        "About {more:,} more replicates are needed for intervals of what happens after take-off.",
        "要给出起飞之后的区间,大约还需{more:,}次重复。",
    ),
    "costs": (
        "It costs {cost} in all, {each} for each user at the end.",
        "总成本为{cost},每位期末用户为{each}。",
    ),
    "pyramid": ("The fan pyramid over time", "粉丝金字塔的成长"),
    "replicates_chart": ("Users, replicate by replicate", "逐次重复的用户数"),
    "weekly": ("New users and leavers per week", "每周新增与流失用户"),
    "new_users": ("new users", "新增用户"),
    "leavers": ("leavers", "流失用户"),
    "channels": ("Adoptions so far by channel", "各渠道带来的累计用户"),
    "own_media": ("own media", "自媒体"),
    "reputation_chart": ("Reputation, mean of 7 days", "美誉度(7日均值)"),
    "reputation": ("reputation", "美誉度"),
    "people": ("people", "人数"),
    "people_a_week": ("people per week", "每周人数"),
    "adoptions": ("adoptions so far", "累计采用人次"),
    "index": ("index, -1 to 1", "指数(-1至1)"),
    "median_of": (
        "Lines: median of {of}; bands: 5 to 95 % of them.",
        "实线为{of}的中位数,阴影为其5%至95%。",
    ),
    "median": ("median", "中位数"),
    "of_taken": ("the {n:,} replicates that took off", "{n:,}次起飞的重复"),
    "of_all": ("all {n:,} replicates", "全部{n:,}次重复"),
    "of_none": ("the {n:,} replicates, of which none took off", "{n:,}次重复(无一起飞)"),
    "of_one": ("the one replicate", "唯一一次模拟"),
    "thin": (
        "Thin lines: single replicates; grey and dashed: those that did not take off.",
        "细线为单次重复;灰色虚线为没有起飞的重复。",
    ),
    "thin_some": (
        "Thin lines: {shown} of {number:,} replicates, at even steps of their size at the end.",
        "细线为{number:,}次重复中的{shown}次,按期末规模等间隔选取。",
    ),
    "from_to": (
        "{name}: {first} on day {day}, {last} on day {end}",
        "{name}:第{day}天{first},第{end}天{last}",
    ),
    "summary": ("All outcomes", "全部结果"),
    "summary_note": (
        "Counts and money: geometric mean; shares, days and indices: mean. Every outcome but the "
        "chance of take-off is told of the replicates that took off, where any did.",
        "人数与金额为几何平均,比例、天数与指数为均值。除起飞概率外,只统计起飞的重复(若有)。",
    ),
    "by_period": ("The pyramid by period", "各时期的粉丝金字塔"),
    "when": ("end of", "时期末"),
    "tick": ("day", "天"),
    "changes": ("What differs from the preset {name}", "与预设{name}的不同之处"),
    "preset": ("preset", "预设"),
    "here": ("here", "此处"),
    "assumed": ("Parameters that are switched on ({number:,})", "开启的参数({number:,}个)"),
    "assumed_note": (
        "Every parameter whose value is not the neutral one, which would switch it off. "
        "Parameters that change nothing because what they hang on is off are left out.",
        "列出取值不同于中性值(即关闭)的全部参数;所依附机制已关闭、因而不起作用的参数不列。",
    ),
    "in_words": ("In plain words", "文字说明"),
    "handed": (
        "{part} were handed over as objects. To make this again, hand them over again "
        "(digest {digest}).",
        "{part}以对象形式传入。重做时需再次传入(摘要{digest})。",
    ),
    "networks": ("Networks", "网络"),
    "agents": ("People", "人群"),
    "own_mechanisms": (
        "Mechanisms of the user's own are part of it: {names}. Hand them over as mechanisms=[...].",
        "包含用户自定义机制:{names}。请以mechanisms=[...]传入。",
    ),
    "read_off": (
        "Take-off is decided replicate by replicate. Most worlds either take off or do not, so a "
        "mean over both kinds describes neither: the chance of take-off is told first, and "
        "everything else of the replicates that took off.",
        "是否起飞按每次重复判断。多数世界要么起飞要么不起飞,两者混合的均值不描述任何一类:"
        "因此先给出起飞概率,其余结果只统计起飞的重复。",
    ),
    "read_intervals": (
        "The intervals say how well the replicates determine an estimate (95 %). Decide by them, "
        "not by the estimate alone.",
        "区间表示重复次数对估计值的确定程度(95%)。请依区间而不只是估计值作决定。",
    ),
    "read_model": (
        "It is a model: most of its parameters are assumptions, which are listed with their source. "
        "An interval over replicates is luck only, not doubt about the assumptions.",
        "这是一个模型:多数参数是假设,其来源已列出。重复之间的区间只反映运气,不反映对假设的怀疑。",
    ),
}  # fmt: skip


# The page of a result -----------------------------------------------------------------------------


def page_of(run: Any, language: str) -> Page:
    """Return the page of a `Result`."""
    say = Words(language, WORDS)
    scenario, summary = run.scenario, run.summary()
    sections = [Section(say("findings"), [figures(run, say), Sentences(findings(run, say))])]
    notes = [*run.notes, *_handed(run, say)]
    if notes:
        sections[0] = Section(say("findings"), [*sections[0].blocks, Sentences(notes, True)])
    tables = [_summary_table(summary, say), _pyramid_table(run, say)]
    sections += [
        Section(say("charts"), curves(run, say)),
        Section(say("tables"), tables),
        Section(say("simulated"), [in_words(scenario, say)]),
        Section(say("assumptions"), assumptions(scenario, say), folded=True),
        Section(say("recipe"), _recipe(run, say), folded=True),
        reading(say),
    ]
    return Page(scenario.title or scenario.name, lead(run, say), language, sections)


def lead(run: Any, say: Words) -> str:
    """Return a line on what was run."""
    scenario, many = run.scenario, len(run.histories)
    start = "" if scenario.start_date is None else say("from_date", date=scenario.start_date)
    number = say("one_replicate") if many == 1 else say("many_replicates", number=many)
    return say(
        "lead",
        people=numbers.shown(float(scenario.n_agents * scale_of(run)), "count"),
        days=run.histories[0].table.shape[0],
        start=start,
        replicates=number,
        engine=getattr(run, "engine", "compiled"),
        key=run.key,
    )


def reading(say: Words) -> Section:
    """Return the section on how to read a page."""
    words = ("read_off", "read_intervals", "read_model")
    return Section(say("reading"), [Sentences([say(word) for word in words])])


_LEVELS: Final = (
    ("users", users, 0), ("loyal", loyal_and_above, 1), ("die_hard", die_hard_and_core, 2),
)  # fmt: skip


def figures(run: Any, say: Words) -> Figures:
    """Return what is read first: the chance of take-off, and the levels at the end."""
    taken = overview.taken_of(run)
    entries = []
    for name, values in (("take_off", taken.astype(float)), *_at_the_end(run)):
        found = told(name, values, taken, run.key)
        kind = shown_as(name)
        title = say("takes_off") if name == "take_off" else say("at_the_end", name=say(name))
        entries.append(
            (title, numbers.shown(found.estimate, kind), _remark(found, kind, taken.size, say))
        )
    return Figures(entries)


def _at_the_end(run: Any) -> list[tuple[str, FloatArray]]:
    scale = scale_of(run)
    return [
        (name, np.array([count(h)[-1] for h in run.histories], dtype=np.float64) * scale)
        for name, count, _ in _LEVELS
    ]


def _remark(found: Told, kind: str, replicates: int, say: Words) -> str:
    ends = numbers.interval(found.low, found.high, kind, say.language)
    if ends:
        return say("ends", ends=ends)
    return say("one_run") if replicates == 1 else say("too_few")


def findings(run: Any, say: Words) -> list[str]:
    """Return what the replicates say, in sentences."""
    taken, language = overview.taken_of(run), say.language
    rows, of = hurdle.kept(taken)
    found = told("take_off", taken.astype(float), taken, run.key)
    chance = numbers.told(found.estimate, found.low, found.high, "share", language)
    if taken.size == 1 and taken[0]:
        said = [say("off_one")]
    elif taken.any():
        said = [say("off_in", taken=int(taken.sum()), of=taken.size, chance=chance)]
    else:
        said = [say("off_not", of=taken.size, chance=chance)]
    for name, values in _at_the_end(run):
        one = told(name, values, taken, run.key)
        low, high = np.quantile(values[rows], (0.25, 0.75))
        title = say("at_the_end", name=say(name))
        said.append(
            say(
                "where_taken" if of == "taken off" else "where_all",
                name=title if of == "taken off" else title[:1].upper() + title[1:],
                said=numbers.told(one.estimate, one.low, one.high, "count", language),
                low=numbers.shown(low, "count"),
                high=numbers.shown(high, "count"),
            )
        )
    if of == "taken off":
        dead = float(np.median(_at_the_end(run)[0][1][~taken]))
        said.append(say("where_dead", users=numbers.shown(dead, "count")))
    more = hurdle.more(taken.size, int(rows.sum()))
    if more:
        said.append(say("more_needed", more=more))
    money = {name: _told_of(run, name, taken) for name in ("cost", "cost_per_user")}
    if money["cost"].estimate > 0.0:
        cost, each = (
            numbers.told(one.estimate, one.low, one.high, "count", language)
            for one in money.values()
        )
        said.append(say("costs", cost=cost, each=each))
    return said


def _told_of(run: Any, name: str, taken: NDArray[np.bool_]) -> Told:
    values = overview.outcomes(run, (name,))[name]
    return told(name, values, taken, run.key)


# Charts -------------------------------------------------------------------------------------------


def curves(run: Any, say: Words) -> list[Curves]:
    """Return the charts of a run over time."""
    scale, histories = scale_of(run), run.histories
    taken = overview.taken_of(run)
    rows, of = hurdle.kept(taken)
    start, days = run.scenario.start_date, histories[0].table.shape[0]
    x = np.arange(days)
    note = said_of(rows, of, say)

    def stacked(count: Any) -> FloatArray:
        return np.stack([count(h) for h in histories]).astype(np.float64) * scale

    levels = {name: stacked(count) for name, count, _ in _LEVELS}
    lines = [middle(say(name), levels[name][rows], colour) for name, _, colour in _LEVELS]
    people = say("people")
    found = [chart("pyramid", say("pyramid"), x, lines, people, say, note, start, log=True)]
    if len(histories) > 1:
        thin, remark = single(levels["users"], taken, say)
        line = middle(f"{say('users')}, {say('median')}", levels["users"][rows], 0, band=False)
        found.append(
            chart(
                "replicates", say("replicates_chart"), x, [*thin, line], people, say, remark,
                start, log=True,
            )
        )  # fmt: skip
    at, flows = _weekly(x, {name: stacked(FLOWS[name]) for name in ("adoptions", "leavers")})
    thin = single(flows["adoptions"], taken, say)[0] if len(histories) > 1 else []
    lines = [
        middle(say("new_users"), flows["adoptions"][rows], 0),
        middle(say("leavers"), flows["leavers"][rows], 2),
    ]
    found.append(
        chart("weekly", say("weekly"), at, [*thin, *lines], say("people_a_week"), say, note, start)
    )
    by_person = np.stack([block(h, "adoptions_channel") for h in histories]).cumsum(axis=1) * scale
    by_media = np.stack([block(h, "adoptions_media") for h in histories]).sum(axis=2)
    lines = [
        middle(name, by_person[rows][:, :, k], k, band=False)
        for k, name in enumerate(run.scenario.channels)
    ]
    if by_media.any():
        lines.append(middle(say("own_media"), by_media.cumsum(axis=1)[rows] * scale, 5, band=False))
    found.append(
        chart("channels", say("channels"), x, lines, say("adoptions"), say, note, start, log=False)
    )
    fame = np.stack([_moving(indices.reputation_index(h)) for h in histories])[rows]
    if np.isfinite(fame).any():
        found.append(
            chart(
                "reputation", say("reputation_chart"), x, [middle(say("reputation"), fame, 1)],
                say("index"), say, note, start, kind="number",
            )
        )  # fmt: skip
    return found


def said_of(rows: NDArray[np.bool_], of: str, say: Words) -> str:
    """Return of which replicates medians and bands are."""
    n = int(rows.sum())
    word = {"taken off": "of_taken", "all": "of_all"}.get(of, "of_none")
    return say("median_of", of=say("of_one" if rows.size == 1 else word, n=n))


def chart(
    name: str,
    title: str,
    x: NDArray[Any],
    lines: Sequence[Line],
    y_title: str,
    say: Words,
    note: str = "",
    start: Any = None,
    kind: str = "count",
    log: bool | None = None,
) -> Curves:
    """Return a chart whose alternative says where its lines begin and end."""
    parts = []
    for line in lines:
        known = np.flatnonzero(np.isfinite(line.values))
        if line.thin or not known.size:
            continue
        first, last = (numbers.shown(float(line.values[k]), kind) for k in known[[0, -1]])
        day, end = (int(x[k]) for k in known[[0, -1]])
        parts.append(say("from_to", name=line.title, first=first, last=last, day=day, end=end))
    return Curves(name, title, x, lines, y_title, "; ".join(parts), note, start, kind, log)


def middle(title: str, values: FloatArray, colour: int, band: bool = True) -> Line:
    """Return the median of rows, with the band of 90 % of them where there are several."""
    known = np.isfinite(values).any(axis=0)
    found = np.full((3, values.shape[1]), np.nan)
    if known.any():
        found[:, known] = np.nanquantile(values[:, known], _BAND, axis=0)
    low, line, high = found
    if not band or values.shape[0] < 2:
        return Line(title, line, colour=colour)
    return Line(title, line, low, high, colour=colour)


def single(values: FloatArray, taken: NDArray[np.bool_], say: Words) -> tuple[list[Line], str]:
    """Return thin lines of single replicates, and a sentence on which these are."""
    order = np.argsort(values[:, -1], kind="stable")
    picked = order[np.unique(np.linspace(0, order.size - 1, min(order.size, THIN)).round()).astype(int)]
    lines = [
        Line(f"{k}", values[k], thin=True, faint=not taken[k]) for k in sorted(picked.tolist())
    ]
    note = say("thin")
    if picked.size < order.size:
        note = f"{note} {say('thin_some', shown=picked.size, number=order.size)}"
    return lines, note


def _weekly(
    x: NDArray[Any], daily: Mapping[str, FloatArray]
) -> tuple[NDArray[Any], dict[str, FloatArray]]:
    """Return the last day of each whole week, and sums over weeks; a shorter rest is left out."""
    weeks = x.size // _WEEK
    if not weeks:
        return x[-1:], {name: each.sum(axis=1, keepdims=True) for name, each in daily.items()}
    ends = x[_WEEK - 1 : weeks * _WEEK : _WEEK]
    return ends, {
        name: each[:, : weeks * _WEEK].reshape(each.shape[0], weeks, _WEEK).sum(axis=2)
        for name, each in daily.items()
    }


def _moving(values: FloatArray) -> FloatArray:
    """Return the mean of the last week's defined values at each day."""
    known = np.isfinite(values)
    total, count = (
        np.convolve(each, np.ones(_WEEK), "full")[: values.size]
        for each in (np.where(known, values, 0.0), known.astype(float))
    )
    return np.divide(total, count, out=np.full(values.shape, np.nan), where=count > 0.5)


# Tables -------------------------------------------------------------------------------------------


def _summary_table(summary: Any, say: Words) -> Table:
    frame = summary.copy()
    frame["meaning"] = [outcome_in(say.language, name) for name in frame.index]
    columns = [("meaning", say("meaning"), "text"), ("estimate", say("estimate"), "row")]
    columns += [("low", say("low"), "row"), ("high", say("high"), "row")]
    columns += [("n", say("n"), "count"), ("of", say("of"), "text")]
    columns += [
        (f"q{share:02d}", say("quantile", share=share), "row") for share in (5, 50, 95)
    ]
    columns += [("interval", say("interval"), "text"), ("outcome", say("outcome"), "text")]
    kinds = [shown_as(name) for name in frame.index]
    return table_of("summary", say("summary"), frame, columns, say("summary_note"), kinds)


def _pyramid_table(run: Any, say: Words) -> Table:
    days = run.histories[0].table.shape[0]
    return pyramid_table(run.pyramid("month" if days <= 1100 else "quarter"), say)


def pyramid_table(frame: Any, say: Words, title: str = "by_period") -> Table:
    """Return the pyramid by period."""
    columns = [("when", say("when"), "text"), ("tick", say("tick"), "plain")]
    for name in ("users", "loyal", "die_hard"):
        columns += [(name, say(name), "count"), (f"{name}_low", say("low"), "count")]
        columns += [(f"{name}_high", say("high"), "count")]
    return table_of("pyramid", say(title), frame, columns)


# What was simulated -------------------------------------------------------------------------------


def in_words(scenario: Scenario, say: Words) -> Listing:
    """Return the scenario in plain words."""
    text = scenario.describe(say.language)
    # Lines of a terminal are made whole again: a browser breaks them where it must.
    text = re.sub(r"(?<=[\u3000-\uffef])\n    +(?=\S)|\n(?=[。,])", "", text)
    return Listing("description", say("in_words"), re.sub(r"\n    +(?=\S)", " ", text))


def assumptions(scenario: Scenario, say: Words) -> list[Table]:
    """Return what differs from the preset of that name, and every parameter that is switched on."""
    found = []
    if scenario.name in Scenario.presets():
        preset = Scenario.load(scenario.name)
        if preset.digest() != scenario.digest():
            table = differing({say("preset"): preset, say("here"): scenario}, say)
            title = say("changes", name=scenario.name)
            found.append(Table("changes", title, table.columns, table.rows))
    rows = _switched_on(scenario)
    cells = [
        [row.path, _value(row.value), _unit(row.unit), row.range, _value(row.neutral),
         row.provenance, row.description]
        for row in rows
    ]  # fmt: skip
    heads = ("parameter", "value", "unit", "range", "neutral", "provenance", "description")
    columns = [Column(head, say(head), "plain" if head == "value" else "text") for head in heads]
    title = say("assumed", number=len(rows))
    return [*found, Table("assumptions", title, columns, cells, say("assumed_note"))]


_NOT_SAID: Final = ("name", "title", "description")


def _switched_on(scenario: Scenario) -> list[Row]:
    table = parameter_table(scenario)
    rows = {row.path: row for row in table}
    return [
        row
        for row in table
        if row.value is not None
        and row.value != row.neutral
        and row.path not in _NOT_SAID
        and not idle(row, rows)
    ]


def differing(scenarios: Mapping[str, Scenario], say: Words) -> Table:
    """Return the parameters in which scenarios differ, a column for each of them."""
    every = {name: {r.path: r for r in parameter_table(s)} for name, s in scenarios.items()}
    paths = dict.fromkeys(path for rows in every.values() for path in rows)
    rows = []
    for path in paths:
        values = [_value(of[path].value) if path in of else None for of in every.values()]
        if path in _NOT_SAID or all(value == values[0] for value in values):
            continue
        row = next(of[path] for of in every.values() if path in of)
        rows.append([path, *values, _unit(row.unit), row.description])
    columns = [Column("parameter", say("parameter"))]
    columns += [Column(name, name, "plain") for name in scenarios]
    columns += [Column("unit", say("unit")), Column("description", say("description"))]
    return Table("differences", say("setting"), columns, rows)


def _unit(unit: str) -> str:
    return "" if unit in ("1", "name", "choice") else unit


def _value(value: Any) -> Any:
    """Return a value as a cell: numbers as they are, anything else as text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (tuple, list)):
        return ", ".join(str(_value(entry)) for entry in value) or "()"
    if isinstance(value, Mapping):
        return json.dumps({str(k): _value(v) for k, v in value.items()}, ensure_ascii=False)
    if hasattr(value, "model_dump"):
        return json.dumps(value.model_dump(mode="json", exclude_none=True), ensure_ascii=False)
    return str(value)


# How to make it again -----------------------------------------------------------------------------


def _handed(run: Any, say: Words) -> list[str]:
    found = [
        say("handed", part=say(part), digest=digest[:16])
        for part, digest in (getattr(run, "supplied", None) or {}).items()
    ]
    own = [one.name for one in run.scenario.mechanisms]
    if own:
        found.append(say("own_mechanisms", names=", ".join(own)))
    return found


def handed_words(supplied: Mapping[str, str] | None) -> str:
    """Return the arguments of what was handed over, as code."""
    return "".join(f", {part}={part}" for part in supplied or {})


def _recipe(run: Any, say: Words) -> list[Any]:
    scenario = run.scenario
    file = f"{scenario.name}.toml"
    words = f"replicates={run.replicates}, rng={run.key}, engine={run.engine!r}"
    code = (
        "import koubei_sim as kb\n\n"
        f"sc = kb.Scenario.load({file!r})  # the file below\n"
        f"r = kb.run(sc, {words}{handed_words(run.supplied)})\n"
        f"assert r.digest() == {run.digest()!r}\n"
        "print(r.summary())"
    )
    command = (
        f"koubei run {quoted(file)} --replicates {run.replicates} --rng {run.key} "
        f"--engine {run.engine} --out again"
    )
    return [
        Listing("code", say("code"), code),
        Listing("command", say("command"), command),
        versions(say, {"key": run.key, "replicates": run.replicates, "engine": run.engine,
                       "digest": run.digest()}),
        scenario_file(scenario, say),
    ]  # fmt: skip


def quoted(text: str) -> str:
    """Return a word as a shell takes it."""
    import shlex

    return shlex.quote(text)


def scenario_file(scenario: Scenario, say: Words) -> Listing:
    """Return the scenario as the text of its file."""
    name = f"{scenario.name}.toml"
    return Listing("scenario", say("scenario_file", name=name), scenario.to_toml())


def versions(say: Words, first: Mapping[str, Any]) -> Table:
    """Return numbers of the recipe, and the versions that made this page."""
    rows = [[say(name), str(value)] for name, value in first.items()]
    rows += [[name, version] for name, version in provenance.versions().items()]
    columns = [Column("setting", say("setting")), Column("value", say("value"))]
    return Table("versions", say("versions"), columns, rows)
