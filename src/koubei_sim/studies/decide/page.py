"""What the report of a plan holds: which design to take, how surely, what is worth knowing.

Called by `Plan._page`.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from koubei_sim.metrics.words import outcome_in
from koubei_sim.reports import numbers
from koubei_sim.reports.page import (
    Column,
    Dot,
    Dots,
    Figures,
    Listing,
    Page,
    Section,
    Sentences,
    Table,
    table_of,
)
from koubei_sim.reports.words import Words, retold
from koubei_sim.runs import page as runs
from koubei_sim.runs import page_parts as parts
from koubei_sim.runs.page_words import WORDS as RUN_WORDS
from koubei_sim.studies.decide import information
from koubei_sim.studies.decide.designs import as_given
from koubei_sim.studies.decide.noted import NOTES

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Which design to take", "选哪个方案"),
    "lead": (
        "{designs:,} designs in {worlds:,} worlds, {replicates:,} runs of each; decided by "
        "{outcome}; key {key}",
        "{designs:,}个方案，{worlds:,}个世界，各{replicates:,}次；依{outcome}决定；随机数钥匙{key}",
    ),
    "best": ("highest on average", "平均最高"),
    "expected": ("expected {outcome}", "期望{outcome}"),
    "profit": ("profit at {value} a user", "利润（每位用户{value}）"),
    "take_off": ("chance of take-off", "起飞概率"),
    "spend": ("money spent", "花费"),
    "best_is": (
        "{best} has the highest expected {outcome} of {designs:,} designs: {value}.",
        "{designs:,}个方案中，{best}的期望{outcome}最高：{value}。",
    ),
    "best_few": (
        "It takes off in too few worlds for an interval.",
        "起飞的世界太少，不足以给出区间。",
    ),
    "best_off": (
        "{best} takes off in {chance}; it spends {spend} on average, of which {outlay} is decided "
        "beforehand.",
        "{best}的起飞概率为{chance}；平均花费{spend}，其中{outlay}为事先决定的支出。",
    ),
    "surely": (
        "Every other design is worse, with an error of {error} at most.",
        "其他方案都更差，误差至多{error}。",
    ),
    "rivals": (
        "May be as good ({number:,}): {names}. These worlds cannot tell them from it.",
        "另有{number:,}个方案可能同样好：{names}。这些世界无法区分它们。",
    ),
    "regret": (
        "Taking it, one misses {mean} a world on average, and {most} at most, against the best "
        "design there.",
        "选择它，与每个世界中的最优方案相比，平均损失{mean}，最多损失{most}。",
    ),
    "over": (
        "Over the budget of {budget} and not run: {names}.",
        "超出预算{budget}、未运行：{names}。",
    ),
    "worth": (
        "Worth most to know beforehand: {name}, {value} a decision.",
        "最值得事先了解：{name}，每次决策{value}。",
    ),
    "values": ("Expected {outcome} by design", "各方案的期望{outcome}"),
    "values_note": (
        "Means over all worlds, with those in which it does not take off; 95 % intervals by "
        "chance and size of take-off.",
        "对全部世界（含未起飞者）的均值；95%区间由起飞概率与起飞规模合成。",
    ),
    "chances": ("Chance of take-off by design", "各方案的起飞概率"),
    "knowing": ("What it is worth to know beforehand", "事先了解的价值"),
    "designs": ("Designs, the best first", "方案（最优在前）"),
    "designs_note": (
        "Best: share of worlds in which no design does better. Regret: what it misses in a world "
        "against the best design there.",
        "最优：没有更好方案的世界比例。损失：与该世界最优方案之差。",
    ),
    "frontier": ("Efficient designs, the cheapest first", "有效方案（最便宜在前）"),
    "frontier_note": (
        "No other design is better for less or equal outlay. Sure: share of 1,000 resamples of "
        "the worlds in which this is so too.",
        "没有支出更少或相等而更好的方案。把握：对世界重抽样1000次中仍成立的比例。",
    ),
    "design": ("design", "方案"),
    "outlay": ("outlay", "事先支出"),
    "mean_value": ("expected value", "期望值"),
    "best_share": ("best in", "最优的世界"),
    "mean_regret": ("regret, mean", "平均损失"),
    "most_regret": ("at most", "最多"),
    "may_be_best": ("may be the best", "可能最优"),
    "worlds": ("worlds", "世界"),
    "sure": ("sure", "把握"),
    "of_best": ("of the best value", "占最优期望值"),
    "known": ("known", "已知"),
    "what_designs": ("What the designs change", "各方案的改动"),
    "what_worlds": ("What is not known: the worlds", "未知之处：各世界"),
    "least": ("least", "最小"),
    "middle": ("median", "中位"),
    "most": ("most", "最大"),
    "per_1000": ("per 1,000 more outlay", "支出每增1000"),
    "own_outcome": (
        "The outcome is a function of the user's own, {name}. Write it as outcome before this.",
        "结果为用户自定义函数{name}。重做前请先将其定义为outcome。",
    ),
    "not_all": ("not run in all worlds", "未在全部世界运行"),
}  # fmt: skip


def page_of(found: Any, lang: str) -> Page:
    """Return the page of a `Plan`."""
    say = Words(lang, WORDS, RUN_WORDS)
    table, outcome = found.table(), outcome_in(lang, found.outcome)
    if outcome.startswith("profit at "):
        bare = float(found.asked.get("value_per_user", found.outcome.split()[2]))
        outcome = say("profit", value=_money(found, bare))
    enough = int(table["worlds"].max()) >= information.LEAST
    known = found.value_of_information() if enough else None
    designs, worlds, replicates = found.values.shape
    notes = [retold(note, lang, NOTES) for note in found.notes]
    sections = [
        Section(
            say("findings"),
            [*([Sentences(notes, True)] if notes else []), _figures(found, table, outcome, say),
             Sentences(_findings(found, table, known, outcome, say))],
        ),
        Section(say("charts"), _charts(table, known, outcome, say)),
        Section(say("tables"), _tables(found, table, known, say)),
    ]  # fmt: skip
    if found.scenario is not None:
        sections += [
            Section(say("simulated"), [parts.in_words(found.scenario, say)], folded=True),
            Section(say("assumptions"), parts.assumptions(found.scenario, say), folded=True),
        ]
    sections += [Section(say("recipe"), _recipe(found, say), folded=True), runs.reading(say)]
    lead = say(
        "lead", designs=designs, worlds=worlds, replicates=replicates, outcome=outcome,
        key=found.key,
    )  # fmt: skip
    return Page(say("title"), lead, lang, sections)


def _figures(found: Any, table: Any, outcome: str, say: Words) -> Figures:
    row: Any = table.loc[found.best]
    entries = [(say("best"), found.best, "")]
    for title, name, kind in (
        (say("expected", outcome=outcome), "value", "count"),
        (say("take_off"), "take_off", "share"),
    ):
        low, high = ("low", "high") if name == "value" else ("take_off_low", "take_off_high")
        ends = numbers.interval(row[low], row[high], kind, say.lang)
        remark = say("ends", ends=ends) if ends else say("too_few")
        shown = _worth(found, row[name]) if name == "value" else numbers.shown(row[name], kind)
        entries.append((title, shown, remark))
    entries.append((say("spend"), _money(found, row["spend"]), ""))
    return Figures(entries)


def _money(found: Any, amount: float) -> str:
    """Return an amount with what its money is called."""
    return f"{numbers.shown(amount, 'count')} {found.currency}".strip()


def _worth(
    found: Any, value: float, low: float = math.nan, high: float = math.nan, lang: str = "en"
) -> str:
    """Return a value of the outcome, which is money where profit decides, with its interval."""
    bare = numbers.shown(value, "count")
    said = numbers.told(value, low, high, "count", lang)
    if not found.outcome.startswith("profit at "):
        return said
    return _money(found, value) + said.removeprefix(bare)


def _findings(found: Any, table: Any, known: Any, outcome: str, say: Words) -> list[str]:
    best, lang = found.best, say.lang
    row: Any = table.loc[best]
    value = _worth(found, row["value"], row["low"], row["high"], lang=lang)
    said = [say("best_is", best=best, outcome=outcome, designs=len(table), value=value)]
    if not math.isfinite(row["low"]):
        said.append(say("best_few"))
    chance = numbers.told(row["take_off"], row["take_off_low"], row["take_off_high"], "share", lang)
    money = {name: _money(found, row[name]) for name in ("spend", "outlay")}
    said.append(say("best_off", best=best, chance=chance, **money))
    if found.race is not None:
        rivals = [name for name in table.index[table["may_be_best"]] if name != best]
        if rivals:
            names = "; ".join(map(str, rivals[:6])) + (" ..." if len(rivals) > 6 else "")
            said.append(say("rivals", number=len(rivals), names=names))
        else:
            said.append(say("surely", error=numbers.shown(found.race.error, "share")))
    lost = {"mean": row["regret"], "most": row["most_regret"]}
    said.append(say("regret", **{k: _worth(found, v) for k, v in lost.items()}))
    if found.over_budget:
        budget = _money(found, found.budget)
        said.append(say("over", budget=budget, names="; ".join(found.over_budget)))
    single = [] if known is None else [name for name in known.index if name in found.worlds]
    if single:
        top: Any = known.loc[single[0]]
        if top["low"] > 0.0:
            gain = _worth(found, top["value"], top["low"], top["high"], lang=lang)
            said.append(say("worth", name=single[0], value=gain))
    return said


def _charts(table: Any, known: Any, outcome: str, say: Words) -> list[Dots]:
    def dots(frame: Any, name: str, low: str, high: str, kind: str) -> list[Dot]:
        return [
            Dot(str(label), row[name], row[low], row[high],
                numbers.told(row[name], row[low], row[high], kind, say.lang))
            for label, row in frame.iterrows()
        ]  # fmt: skip

    charts = [
        Dots("value", say("values", outcome=outcome), dots(table, "value", "low", "high", "count"),
             "count", note=say("values_note")),
        Dots("take_off", say("chances"),
             dots(table, "take_off", "take_off_low", "take_off_high", "share"), "share"),
    ]  # fmt: skip
    if known is not None:
        rows = dots(known, "value", "low", "high", "count")
        charts.append(Dots("knowing", say("knowing"), rows, "count", 0.0))
    return charts


def _tables(found: Any, table: Any, known: Any, say: Words) -> list[Table]:
    def money(word: str, profit: bool = True) -> str:
        return f"{say(word)}, {found.currency}" if found.currency and profit else say(word)

    profit = found.outcome.startswith("profit at ")
    columns = [
        ("design", say("design"), "text"), ("outlay", money("outlay"), "count"),
        ("spend", money("spend"), "count"), ("value", money("mean_value", profit), "count"),
        ("low", say("low"), "count"), ("high", say("high"), "count"),
        ("take_off", say("take_off"), "share"), ("take_off_low", say("low"), "share"),
        ("take_off_high", say("high"), "share"), ("best", say("best_share"), "share"),
        ("best_low", say("low"), "share"), ("best_high", say("high"), "share"),
        ("regret", money("mean_regret", profit), "count"),
        ("most_regret", money("most_regret", profit), "count"),
        ("may_be_best", say("may_be_best"), "text"), ("worlds", say("worlds"), "count"),
    ]  # fmt: skip
    found_ = [table_of("designs", say("designs"), table, columns, say("designs_note"))]
    columns = [
        ("design", say("design"), "text"), ("outlay", money("outlay"), "count"),
        ("value", money("mean_value", profit), "count"), ("sure", say("sure"), "share"),
        ("per_1000", say("per_1000"), "number"),
    ]  # fmt: skip
    found_.append(
        table_of("frontier", say("frontier"), found.frontier(), columns, say("frontier_note"))
    )
    if known is not None:
        columns = [
            ("known", say("known"), "text"), ("value", money("mean_value", profit), "count"),
            ("low", say("low"), "count"), ("high", say("high"), "count"),
            ("at_most", say("most_regret"), "count"), ("share", say("of_best"), "share"),
        ]  # fmt: skip
        found_.append(table_of("knowing", say("knowing"), known, columns))
    paths = list(dict.fromkeys(path for changes in found.designs.values() for path in changes))
    rows = [
        [name, *(parts.cell(changes.get(path)) for path in paths)]
        for name, changes in found.designs.items()
    ]
    heads = [Column("design", say("design")), *(Column(path, path, "plain") for path in paths)]
    found_.append(Table("changes", say("what_designs"), heads, rows))
    spread = []
    for path, values in found.worlds.items():
        if all(isinstance(value, (int, float)) for value in values):
            spread.append([path, *np.quantile(np.array(values, dtype=float), (0.0, 0.5, 1.0))])
    if spread:
        heads = [Column("parameter", say("parameter")), Column("least", say("least")),
                 Column("middle", say("middle")), Column("most", say("most"))]  # fmt: skip
        heads = [heads[0], *(Column(c.name, c.title, "number") for c in heads[1:])]
        found_.append(Table("worlds", say("what_worlds"), heads, spread))
    return found_


def _recipe(found: Any, say: Words) -> list[Any]:
    _, worlds, replicates = found.values.shape
    designs = "".join(f"    {name!r}: {changes!r},\n" for name, changes in found.designs.items())
    name = "scenario" if found.scenario is None else found.scenario.name
    words = dict(found.asked)
    if found.budget is not None:
        words["budget"] = found.budget
    if found.currency:
        words["currency"] = found.currency
    asked = "".join(f", {word}={value!r}" for word, value in words.items())
    own = not {"value_per_user", "outcome"} & set(words)
    if own:
        asked += ", outcome=outcome"
    asked += parts.handed_words(found.supplied)
    of = f"{worlds}"
    before = ""
    if found.worlds:
        given = as_given(found.worlds, found.key)
        columns = "".join(f"    {path!r}: {list(v)!r},\n" for path, v in given.items())
        before, of = f"worlds = pd.DataFrame({{\n{columns}}})\n", "worlds"
    code = (
        "import koubei_sim as kb\nimport pandas as pd\n\n"
        f"sc = kb.Scenario.load({f'{name}.toml'!r})  # the file below, prices included\n"
        f"designs = {{\n{designs}}}\n{before}"
        f"found = kb.plan(sc, designs, {of}{asked}, replicates={replicates}, rng={found.key})\n"
        "print(found)"
    )
    minded = runs.handed(found, say) if found.scenario is not None else []
    if own:
        minded.append(say("own_outcome", name=found.outcome))
    blocks: list[Any] = [Sentences(minded, True)] if minded else []
    blocks.append(Listing("code", say("code"), code))
    blocks.append(parts.versions(say, {"key": found.key, "replicates": replicates}))
    if found.scenario is not None:
        blocks.append(parts.scenario_file(found.scenario, say))
    return blocks
