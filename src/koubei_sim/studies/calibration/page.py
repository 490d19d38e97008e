"""What the report of the worlds of an ensemble holds: the band, what is reached, what was seen.

Called by `Worlds._page`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from koubei_sim.metrics import taken_of, told
from koubei_sim.model.scenario.chinese import text_in
from koubei_sim.reports import numbers
from koubei_sim.reports.page import (
    Column,
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

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("{title}: {number:,} calibrated worlds", "{title}：{number:,}个校准的世界"),
    "off_worlds": (
        "It takes off in {taken:,} of {of:,} worlds: a share of {chance}.",
        "{of:,}个世界中有{taken:,}个起飞：占{chance}。",
    ),
    "ends_few": (
        "{name}: {middle} in the median of all {of:,} worlds, too few for a band.",
        "{name}：在全部{of:,}个世界的中位世界中为{middle}；世界太少，不足以给出范围。",
    ),
    "all_band": ("90 % of all worlds: {ends}", "全部世界的90%：{ends}"),
    "few_band": ("median of all worlds; too few for a band", "全部世界的中位；太少，无法给出范围"),
    "ends_all": (
        "{name}: {middle} in the median world; 90 % of all worlds lie within {ends}.",
        "{name}：在中位世界中为{middle}；全部世界的90%介于{ends}。",
    ),
    "reaches": (
        "{level}: reached in {worlds:,} of {of:,} worlds, in the median world on day {day}.",
        "{level}：{of:,}个世界中有{worlds:,}个达到，中位世界在第{day}天。",
    ),
    "never": (
        "{level}: reached in {worlds:,} of {of:,} worlds.",
        "{level}：{of:,}个世界中有{worlds:,}个达到。",
    ),
    "inside": (
        "{inside:,} of {of:,} counts that were reported lie within the band of 90 % of worlds.",
        "{of:,}个报道的数字中有{inside:,}个位于90%的世界的范围内。",
    ),
    "band_note": ("Medians and bands of 90 % over all worlds.", "对全部世界的中位数与90%范围。"),
    "reached": ("When levels are reached", "何时达到各级"),
    "level": ("level", "级别"),
    "day_reached": ("day, median world", "中位世界的天"),
    "earliest": ("5 % of worlds by", "5%的世界至"),
    "latest": ("95 % by", "95%至"),
    "worlds": ("worlds", "世界"),
    "reported": ("Reported in the world, and in the worlds", "现实报道与模拟世界"),
    "label": ("count", "数字"),
    "seen": ("reported", "报道"),
    "median_world": ("median world", "中位世界"),
    "within": ("within the band", "在范围内"),
    "parameters": ("The parameters of each world", "各世界的参数"),
    "world": ("world", "世界"),
    "read_worlds": (
        "Worlds are draws from the posterior of a calibration: they show that the model can have "
        "this history, and what the data leave open. They do not show that its causes were these.",
        "各世界取自校准的后验分布：它们说明模型可以有这样的历史，以及数据未能确定之处，但不说明"
        "历史的原因就是这些。",
    ),
}  # fmt: skip

#: Levels of the pyramid, as the table of `Worlds.reached` calls them.
LEVELS: Final[dict[str, tuple[str, str]]] = {
    "users": ("{number} users", "用户{number}人"),
    "loyal": ("{number} loyal", "忠诚及以上{number}人"),
    "die_hard": ("{number} die_hard", "铁杆与核心{number}人"),
}


def page_of(found: Any, lang: str) -> Page:
    """Return the page of `Worlds`."""
    say = Words(lang, WORDS, RUN_WORDS)
    scenario, reported, reached = found.scenario, found.reported(), found.reached()
    sections = [
        Section(
            say("findings"),
            [_figures(found, say), Sentences(_findings(found, reported, reached, say))],
        ),
        Section(say("charts"), runs.curves(found, say)),
        Section(say("tables"), _tables(found, reported, reached, say)),
        Section(say("simulated"), [parts.in_words(scenario, say)], folded=True),
        Section(say("assumptions"), parts.assumptions(scenario, say), folded=True),
        Section(say("recipe"), _recipe(found, say), folded=True),
        Section(say("reading"), [Sentences([say("read_worlds"), say("read_off")])]),
    ]
    title = say("title", title=parts.title_of(scenario, say), number=found.replicates)
    return Page(title, runs.lead(found, say), lang, sections)


def _levels(found: Any) -> list[tuple[str, Any]]:
    return [(name, found.series(name)[:, -1]) for name in ("users", "loyal", "die_hard")]


def _figures(found: Any, say: Words) -> Figures:
    taken = taken_of(found)
    chance = told("take_off", taken.astype(float), taken, found.key)
    ends = numbers.interval(chance.low, chance.high, "share", say.lang)
    entries = [(say("takes_off"), numbers.shown(chance.estimate, "share"), say("ends", ends=ends))]
    for name, values in _levels(found):
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
        span = numbers.interval(low, high, "count", say.lang)
        title = say("at_the_end", name=say(name))
        remark = say("all_band", ends=span) if found.banded else say("few_band")
        entries.append((title, numbers.shown(middle, "count"), remark))
    return Figures(entries)


def _findings(found: Any, reported: Any, reached: Any, say: Words) -> list[str]:
    taken = taken_of(found)
    one = told("take_off", taken.astype(float), taken, found.key)
    chance = numbers.told(one.estimate, one.low, one.high, "share", say.lang)
    said = [say("off_worlds", taken=int(taken.sum()), of=taken.size, chance=chance)]
    word = "ends_all" if found.banded else "ends_few"
    for name, values in _levels(found):
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
        ends = numbers.interval(low, high, "count", say.lang)
        title = say("at_the_end", name=say(name))
        words: dict[str, Any] = {"name": title, "middle": numbers.shown(middle, "count")}
        words |= {"ends": ends} if word == "ends_all" else {"of": taken.size}
        said.append(say(word, **words))
    for level, row in reached.iterrows():
        words = {"level": retold(str(level), say.lang, LEVELS), "of": found.replicates}
        words["worlds"] = int(row["worlds"])
        if np.isfinite(row["day"]):
            said.append(say("reaches", day=int(row["day"]), **words))
        else:
            said.append(say("never", **words))
    if len(reported):
        said.append(say("inside", inside=int(reported["inside"].sum()), of=len(reported)))
    return said


def _tables(found: Any, reported: Any, reached: Any, say: Words) -> list[Table]:
    columns = [
        ("level", say("level"), "text"), ("day", say("day_reached"), "count"),
        ("low", say("earliest"), "count"), ("high", say("latest"), "count"),
        ("worlds", say("worlds"), "count"),
    ]  # fmt: skip
    levels = [retold(str(level), say.lang, LEVELS) for level in reached.index]
    of_levels = reached.set_axis(levels).rename_axis("level")
    tables = [table_of("reached", say("reached"), of_levels, columns)]
    if len(reported):
        columns = [
            ("label", say("label"), "text"), ("day", say("day"), "count"),
            ("reported", say("seen"), "count"), ("low", "5 %", "count"),
            ("median", say("median_world"), "count"), ("high", "95 %", "count"),
            ("inside", say("within"), "text"),
        ]  # fmt: skip
        labels = [text_in(say.lang, "scenarios", label) for label in reported["label"]]
        seen = reported.assign(label=labels)
        tables.append(table_of("reported", say("reported"), seen, columns))
    pyramid = parts_of_pyramid(found, say)
    frame = found.ensemble.parameters
    heads = [Column("world", say("world"))]
    heads += [Column(str(path), str(path), "number") for path in frame]
    rows = [[str(k), *row] for k, row in enumerate(frame.itertuples(index=False))]
    return [*tables, pyramid, Table("worlds", say("parameters"), heads, rows)]


def parts_of_pyramid(found: Any, say: Words) -> Table:
    """Return the pyramid by period, with the bands of the worlds."""
    days = found.histories[0].table.shape[0]
    frame = found.pyramid("month" if days <= 1100 else "quarter")
    few = not found.banded
    if few:
        frame = frame.drop(columns=[c for c in frame if c.endswith(("_low", "_high"))])
    table = runs.pyramid_table(frame, say)
    titles = {"_low": "5 %", "_high": "95 %"}
    columns = [
        Column(c.name, next((t for end, t in titles.items() if c.name.endswith(end)), c.title),
               c.kind)
        for c in table.columns
    ]  # fmt: skip
    return Table(
        table.name, table.title, columns, table.rows, say("few_band" if few else "band_note")
    )


def _recipe(found: Any, say: Words) -> list[Any]:
    name = found.scenario.name
    columns = "".join(
        f"    {path!r}: {values.tolist()!r},\n"
        for path, values in found.ensemble.parameters.items()
    )
    code = (
        "import koubei_sim as kb\nimport pandas as pd\n\n"
        f"sc = kb.Scenario.load({f'{name}.toml'!r})  # the file below\n"
        f"parameters = pd.DataFrame({{  # one entry a world\n{columns}}})\n"
        f"found = kb.studies.Ensemble(sc, parameters).run(rng={found.key})\n"
        "found.reached()"
    )
    return [
        Listing("code", say("code"), code),
        parts.versions(say, {"key": found.key, "replicates": found.replicates}),
        parts.scenario_file(found.scenario, say),
    ]
