"""What the report of a cascade holds: how many are reached, how it grows, replicate by replicate.

Called by `CascadeResult._page`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from koubei_sim.cascades.words import MEANINGS, NOTES
from koubei_sim.metrics.words import CELLS
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
from koubei_sim.reports.words import Words, retold
from koubei_sim.storage import provenance

_THIN: Final = 20
_SHARES: Final = ("share", "take_off")

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Cascades: {rule}", "级联：{rule}"),
    "lead": (
        "{people:,} people, {replicates:,} replicates, method {method}, key {key}",
        "{people:,}人，{replicates:,}次重复，方法{method}，随机数钥匙{key}",
    ),
    "size": ("people reached, mean", "到达人数（均值）"),
    "middle": ("people reached, median", "到达人数（中位数）"),
    "most": ("the largest", "最大"),
    "ends": ("95 %: {ends}", "95%区间：{ends}"),
    "span": ("5 to 95 %: {ends}", "5%至95%：{ends}"),
    "reach": (
        "{size} people are reached on average; in half of the replicates {median} or fewer.",
        "平均到达{size}人；半数重复中不超过{median}人。",
    ),
    "off": (
        "It takes off in {chance} of replicates, and then reaches {size} people on average.",
        "在{chance}的重复中起飞，此时平均到达{size}人。",
    ),
    "spread": (
        "90 % of the replicates reach between {low} and {high} people: a mean may be near none.",
        "90%的重复到达{low}至{high}人：均值可能不接近任何一次。",
    ),
    "curve": ("People reached so far", "累计到达人数"),
    "curve_note": (
        "Line: median; band: 5 to 95 % of {replicates:,} replicates; thin lines: single ones.",
        "实线为中位数，阴影为{replicates:,}次重复的5%至95%；细线为单次重复。",
    ),
    "reached": ("people reached", "到达人数"),
    "grows": ("from {first} to {last} (median)", "从{first}到{last}（中位数）"),
    "step": ("step", "步"),
    "time": ("time", "时间"),
    "people": ("people", "人数"),
    "summary": ("All outcomes", "全部结果"),
    "mean": ("mean", "均值"),
    "sd": ("spread", "标准差"),
    "rule": ("The rule", "规则"),
    "read_mean": (
        "The mean size of a cascade is told with its interval, as cascades are usually compared by "
        "it. Where only some take off, read the chance of take-off and the size given it.",
        "级联规模的均值附区间给出，因为通常以此比较。若有的起飞有的不起飞，请看起飞概率与起飞后的规模。",
    ),
    "again": (
        "The network, the rule and the seeds are objects: hand them to kb.cascade again.",
        "网络、规则与种子是对象：请再次传给kb.cascade。",
    ),
}  # fmt: skip


def page_of(found: Any, lang: str) -> Page:
    """Return the page of a `CascadeResult`."""
    say = Words(lang, WORDS)
    summary = found.summary()
    charts = _charts(found, say)
    notes = [retold(note, lang, NOTES) for note in found.notes]
    sections = [
        Section(
            say("findings"),
            [Sentences(notes, True), _figures(found, summary, say),
             Sentences(_findings(summary, say))],
        ),
        *([Section(say("charts"), charts)] if charts else []),
        Section(say("tables"), [_table(summary, say)]),
        Section(say("recipe"), _recipe(found, say), folded=True),
        Section(say("reading"), [Sentences([say("read_mean")])]),
    ]  # fmt: skip
    lead = say(
        "lead", people=found.n, replicates=found.replicates, method=found.method, key=found.key
    )
    return Page(say("title", rule=type_of(found.rule)), lead, lang, sections)


def type_of(rule: Any) -> str:
    """Return a rule in one line."""
    text = repr(rule)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _figures(found: Any, summary: Any, say: Words) -> Figures:
    size: Any = summary.loc["size"]
    ends = numbers.interval(size["low"], size["high"], "count", say.lang)
    span = numbers.interval(size["q05"], size["q95"], "count", say.lang)
    most = float(found.sizes.max()) if found.replicates else float("nan")
    return Figures(
        [
            (say("size"), numbers.shown(size["mean"], "count"), say("ends", ends=ends)),
            (say("middle"), numbers.shown(size["q50"], "count"), say("span", ends=span)),
            (say("most"), numbers.shown(most, "count"), ""),
        ]
    )


def _findings(summary: Any, say: Words) -> list[str]:
    def told(name: str, kind: str) -> str:
        row: Any = summary.loc[name]
        return numbers.told(row["mean"], row["low"], row["high"], kind, say.lang)

    size: Any = summary.loc["size"]
    low, middle, high = (numbers.shown(size[q], "count") for q in ("q05", "q50", "q95"))
    said = [say("reach", size=told("size", "count"), median=middle)]
    if size["q95"] > 3.0 * max(size["q05"], 1.0):
        said.append(say("spread", low=low, high=high))
    if "size_off" in summary.index and np.isfinite(summary.loc["size_off", "mean"]):
        chance, then = told("take_off", "share"), told("size_off", "count")
        said.append(say("off", chance=chance, size=then))
    return said


def _charts(found: Any, say: Words) -> list[Curves]:
    curve = found.outcome.curve
    if not curve.size:
        return []
    sizes = curve.sum(axis=1).cumsum(axis=1).astype(np.float64)
    low, middle, high = np.quantile(sizes, (0.05, 0.5, 0.95), axis=0)
    order = np.argsort(sizes[:, -1], kind="stable")
    steps = np.linspace(0, order.size - 1, min(order.size, _THIN)).round().astype(int)
    thin = [Line(f"{k}", sizes[k], thin=True) for k in order[np.unique(steps)]]
    line = Line(say("reached"), middle, low, high)
    ends = (numbers.shown(float(middle[at]), "count") for at in (0, -1))
    alternative = say("grows", **dict(zip(("first", "last"), ends)))
    note = say("curve_note", replicates=found.replicates)
    unit = say("step" if found.steps else "time")
    x = np.asarray(found.outcome.time)
    return [
        Curves("curve", say("curve"), x, [*thin, line], say("people"), alternative, note,
               log=False, x_title=unit)
    ]  # fmt: skip


def _table(summary: Any, say: Words) -> Table:
    summary = summary.copy()
    for column, words in (("meaning", MEANINGS), ("interval", CELLS)):
        summary[column] = [retold(cell, say.lang, words) for cell in summary[column]]
    columns = [("meaning", say("meaning"), "text"), ("mean", say("mean"), "row")]
    columns += [("sd", say("sd"), "row"), ("low", say("low"), "row"), ("high", say("high"), "row")]
    columns += [(f"q{share:02d}", say("quantile", share=share), "row") for share in (5, 50, 95)]
    columns += [("n", say("n"), "count"), ("interval", say("interval"), "text")]
    kinds = ["share" if name in _SHARES else "count" for name in summary.index]
    return table_of("summary", say("summary"), summary, columns, kinds=kinds)


def _recipe(found: Any, say: Words) -> list[Any]:
    rows = [[say("key"), str(found.key)], [say("replicates"), str(found.replicates)]]
    rows += [[name, version] for name, version in provenance.versions().items()]
    columns = [Column("setting", say("setting")), Column("value", say("value"))]
    code = (
        "import koubei_sim as kb\n\n"
        f"found = kb.cascade(network, rule, seeds, replicates={found.replicates}, rng={found.key})"
    )
    return [
        Sentences([say("again")]),
        Listing("rule", say("rule"), repr(found.rule)),
        Listing("code", say("code"), code),
        Table("versions", say("versions"), columns, rows),
    ]
