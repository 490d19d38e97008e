"""What the report of a comparison holds: whether the change decides, what it does, how surely.

Called by `Comparison._page`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from koubei_sim.metrics import OUTCOMES
from koubei_sim.metrics.words import outcome_in, shown_as
from koubei_sim.reports import numbers
from koubei_sim.reports.html import sampled
from koubei_sim.reports.page import (
    Cell,
    Column,
    Curves,
    Dot,
    Dots,
    Figures,
    Line,
    Listing,
    Page,
    Section,
    Sentences,
    Table,
)
from koubei_sim.reports.words import Words, retold
from koubei_sim.runs import page as runs
from koubei_sim.runs import page_parts as parts
from koubei_sim.runs.page_words import WORDS as RUN_WORDS
from koubei_sim.studies.compare.strata import NOT_REACHED, told_of
from koubei_sim.studies.compare.unlike import NOTES

#: Outcomes whose effects are drawn.
_DRAWN: Final = (
    "users", "loyal", "die_hard", "core", "adoptions", "lapses", "rejected", "recruiters", "cost",
    "cost_per_user", "cost_per_loyal",
)  # fmt: skip

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("{names}, compared with {base}", "{names}，与{base}比较"),
    "lead": (
        "{replicates:,} pairs of worlds on the same luck, key {key}",
        "{replicates:,}对同一运气的世界，随机数钥匙{key}",
    ),
    "decides": (
        "{name}: takes off in {with_it}, {base} in {without}; the difference is {gap}: {verdict}.",
        "{name}：起飞概率{with_it}，{base}为{without}；差别为{gap}：{verdict}。",
    ),
    "more_often": ("it takes off more often", "更常起飞"),
    "less_often": ("it takes off less often", "更少起飞"),
    "cannot_tell": ("cannot be told from no difference", "无法与无差别区分"),
    "kinds": (
        "Both take off in {both} of pairs; only {name} in {only}; only {base} in {lone}; neither "
        "in {neither}.",
        "两者都起飞{both}；只有{name}起飞{only}；只有{base}起飞{lone}；都不起飞{neither}。",
    ),
    "does": (
        "Where both take off ({n:,} pairs), {name} changes {outcome} by {effect}: {verdict}.",
        "两者都起飞时（{n:,}对），{name}使{outcome}变为{effect}：{verdict}。",
    ),
    "does_all": (
        "In all {n:,} pairs, {name} changes {outcome} by {effect}: {verdict}.",
        "在全部{n:,}对中，{name}使{outcome}变为{effect}：{verdict}。",
    ),
    "more": ("more", "更多"),
    "fewer": ("fewer", "更少"),
    "no_interval": ("too few pairs for an interval", "对数太少，无法给出区间"),
    "off_of": ("takes off: {name}", "起飞：{name}"),
    "effect_on_users": ("users at the end, {name}", "期末用户，{name}"),
    "strata": ("Whether it takes off: {name}", "是否起飞：{name}"),
    "both": ("both take off", "两者都起飞"),
    "only": ("only {name}", "只有{name}"),
    "neither": ("neither", "都不起飞"),
    "effects": ("Effects in {of}: {name}", "{of}的效应：{name}"),
    "effects_note": (
        "Factors, {name} against {base}, {of}; lines: 95 % intervals; dashed: no effect.",
        "为{name}相对于{base}的倍数，{of}；线段为95%区间；虚线为无效应。",
    ),
    "of_both": ("pairs in which both take off", "两者都起飞的对"),
    "of_every": ("all pairs", "全部对"),
    "over_time": ("Users over time: {name}", "用户随时间的变化：{name}"),
    "over_time_note": (
        "Geometric means over {n:,} pairs ({of}).",
        "{n:,}对（{of}）的几何平均。",
    ),
    "effect_over_time": ("Effect on users over time: {name}", "对用户的影响随时间的变化：{name}"),
    "effect_note": (
        "Times {base}; band: 95 % interval of each day alone.",
        "为{base}的倍数；阴影为每一天单独的95%区间。",
    ),
    "times_base": ("times {base}", "为{base}的倍数"),
    "effect": ("effect", "效应"),
    "kind": ("kind", "类型"),
    "gain": ("gain of pairing", "配对的增益"),
    "changed": ("pairs that differ", "有差别的对"),
    "pairs": ("pairs", "对数"),
    "share": ("share", "比例"),
    "stratum": ("which take off", "哪些起飞"),
    "all_outcomes": ("All outcomes: {name} against {base}", "全部结果：{name}与{base}"),
    "all_note": (
        "Take-off: over all pairs. All else: of the pairs named under *of*. Gain: how many times "
        "as many independent runs the same interval would need.",
        "起飞：全部对。其余：见“所指重复”一列。增益：达到同样区间所需独立模拟的倍数。",
    ),
    "settings": ("What the scenarios differ in", "各情景的不同之处"),
    "strata_read": (
        "Every pair shares the luck of every person, so it is known of each world whether the "
        "change decides about take-off. Effects are told inside the pairs in which both take off; "
        "a mean over all pairs would mix worlds that live with worlds that do not.",
        "每一对世界共享每个人的运气，因此可知改变是否决定了该世界的起飞。效应只在两者都起飞的对中"
        "给出；对全部对取均值会混合起飞与未起飞的世界。",
    ),
}  # fmt: skip


def page_of(found: Any, lang: str) -> Page:
    """Return the page of a `Comparison`."""
    say = Words(lang, WORDS, RUN_WORDS)
    base = found.runs[found.baseline]
    others = found.names[1:]
    figures, said, charts, tables = [], [], [], []
    for name in others:
        figures += _figures(found, name, say)
        said += _findings(found, name, say)
        charts += _charts(found, name, say)
        tables += [_effects_table(found, name, say), _strata_table(found, name, say)]
    minded = [*(retold(n, lang, NOTES) for n in found.notes), *runs.handed(base, say)]
    notes = [Sentences(minded, True)] if minded else []
    scenarios = {name: found.runs[name].scenario for name in found.names}
    settings = parts.differing(scenarios, say)
    sections = [
        Section(say("findings"), [*notes, Figures(figures), Sentences(said)]),
        Section(say("charts"), charts),
        Section(say("settings"), [settings]),
        Section(say("tables"), tables),
        Section(say("simulated"), [parts.in_words(base.scenario, say)], folded=True),
        Section(say("assumptions"), parts.assumptions(base.scenario, say), folded=True),
        Section(say("recipe"), _recipe(found, scenarios, say), folded=True),
        Section(
            say("reading"),
            [Sentences([say(w) for w in ("strata_read", "read_intervals", "read_model")])],
        ),
    ]
    title = say("title", names=", ".join(others), base=found.baseline)
    return Page(title, say("lead", replicates=found.replicates, key=found.key), lang, sections)


def _effect(gap: Any, say: Words) -> str:
    kind = "times" if gap.kind == "times" else "difference"
    return numbers.told(gap.estimate, gap.low, gap.high, kind, say.lang)


def _verdict(gap: Any, say: Words, words: Sequence[str]) -> str:
    """Return what the interval decides: more, less, or nothing."""
    if not numbers.known(gap.low, gap.high):
        return say("no_interval")
    nothing = 1.0 if gap.kind == "times" else 0.0
    if gap.low > nothing:
        return say(words[0])
    return say(words[1]) if gap.high < nothing else say("cannot_tell")


def _figures(found: Any, name: str, say: Words) -> list[tuple[str, str, str]]:
    chance, gap = found.effect("take_off", name), found.effect("users", name)
    rows = [
        (
            say("off_of", name=name),
            numbers.shown(chance.estimate, "points", say.lang),
            _ends(chance, "points", say),
        )
    ]
    if gap.n:
        rows.append(
            (
                say("effect_on_users", name=name),
                numbers.shown(gap.estimate, gap.kind),
                _ends(gap, gap.kind, say),
            )
        )
    return rows


def _ends(gap: Any, kind: str, say: Words) -> str:
    ends = numbers.interval(gap.low, gap.high, kind, say.lang)
    return say("ends", ends=ends) if ends else say("no_interval")


def _findings(found: Any, name: str, say: Words) -> list[str]:
    base, lang = found.baseline, say.lang
    gap = found.effect("take_off", name)
    each = [found.told("take_off", n) for n in (name, base)]
    chances = [numbers.told(e.estimate, e.low, e.high, "share", lang) for e in each]
    points = numbers.told(gap.estimate, gap.low, gap.high, "points", lang)
    shares = [numbers.shown(share, "share") for share in found.strata(name=name)["share"]]
    said = [
        say(
            "decides", name=name, base=base, with_it=chances[0], without=chances[1], gap=points,
            verdict=_verdict(gap, say, ("more_often", "less_often")),
        ),
        say(
            "kinds", name=name, base=base, both=shares[0], only=shares[1], lone=shares[2],
            neither=shares[3],
        ),
    ]  # fmt: skip
    of = found.table(name)["of"]
    for outcome in ("users", "loyal", "die_hard"):
        one = found.effect(outcome, name)
        if one.n:
            word = "does" if of[outcome] == "both take off" else "does_all"
            said.append(
                say(
                    word, n=one.n, outcome=outcome_in(lang, outcome), name=name,
                    effect=_effect(one, say), verdict=_verdict(one, say, ("more", "fewer")),
                )
            )  # fmt: skip
    return said


def _charts(found: Any, name: str, say: Words) -> list[Any]:
    table, base = found.table(name), found.baseline
    rows = []
    for outcome in _DRAWN:
        row: Any = table.loc[outcome]
        nothing = not row[base] and not row[name]
        if row["kind"] != "times" or not row["n"] or nothing or not math.isfinite(row["effect"]):
            continue
        told = numbers.told(row["effect"], row["low"], row["high"], "times", say.lang)
        label = outcome_in(say.lang, outcome)
        rows.append(Dot(label, row["effect"], row["low"], row["high"], told))
    of = _of_users(found, name, say)
    note = say("effects_note", name=name, base=base, of=of)
    effects = Dots("effects", say("effects", name=name, of=of), rows, "times", 1.0, True, note)
    return [kinds(found, name, say), effects, *over_time(found, name, say)]


def kinds(found: Any, name: str, say: Words) -> Dots:
    """Return in how many pairs of worlds a scenario decides about take-off."""
    strata, base = found.strata(name=name), found.baseline
    labels = (say("both"), say("only", name=name), say("only", name=base), say("neither"))
    dots = [
        Dot(label, row.share, row.share_low, row.share_high,
            numbers.told(row.share, row.share_low, row.share_high, "share", say.lang))
        for label, row in zip(labels, strata.itertuples())
    ]  # fmt: skip
    return Dots("strata", say("strata", name=name), dots, "share")


def _of_users(found: Any, name: str, say: Words) -> str:
    """Return of which pairs effects on users are told."""
    _, of = told_of(found._kinds(name, found.baseline))
    return say("of_both" if of == "both take off" else "of_every")


def over_time(found: Any, name: str, say: Words) -> list[Curves]:
    """Return the users of both scenarios over time, and the effect; nothing where there is none."""
    base = found.baseline
    shortest = min(run.histories[0].table.shape[0] for run in found.runs.values())
    # An interval a day is work: of a long run only the days that are drawn.
    frame = found.over_time("users", name, ticks=sampled(shortest))
    if not np.isfinite(frame["effect"]).any():
        return []
    x, start = frame.index.to_numpy(), found.runs[base].scenario.start_date
    values = {column: frame[column].to_numpy(dtype=np.float64) for column in frame}
    note = say("over_time_note", n=found.effect("users", name).n, of=_of_users(found, name, say))
    lines = [Line(base, values[base], colour=5), Line(name, values[name], colour=0)]
    effect = Line(say("effect"), values["effect"], values["low"], values["high"], colour=0)
    return [
        runs.chart(
            "users", say("over_time", name=name), x, lines, say("people"), say, note, start,
            log=True,
        ),
        runs.chart(
            "effect", say("effect_over_time", name=name), x, [effect], say("times_base", base=base),
            say, say("effect_note", base=base), start, kind="times", log=False,
        ),
    ]  # fmt: skip


def _effects_table(found: Any, name: str, say: Words) -> Table:
    table, base = found.table(name), found.baseline
    rows, kinds = [], []
    unreached = (Cell(say("not_reached"), "text"), *[Cell(math.nan, "number")] * 2)
    for outcome in table.index:
        row: Any = table.loc[outcome]
        effect = "times" if row["kind"] == "times" else "difference"
        if outcome in OUTCOMES and shown_as(outcome) == "share":
            effect = "points"
        rows.append(
            [outcome_in(say.lang, outcome), row[base], row[name],
             *(unreached if row["interval"] == NOT_REACHED else
               (Cell(row[end], effect) for end in ("effect", "low", "high"))),
             say(row["kind"]), _of(row["of"], say), int(row["n"]), row["gain"],
             row["changed"], outcome]
        )  # fmt: skip
        kinds.append(shown_as(outcome))
    columns = [
        Column("meaning", say("meaning")), Column(base, base, "row"), Column(name, name, "row"),
        Column("effect", say("effect"), "number"), Column("low", say("low"), "number"),
        Column("high", say("high"), "number"), Column("kind", say("kind")), Column("of", say("of")),
        Column("n", say("pairs"), "count"), Column("gain", say("gain"), "number"),
        Column("changed", say("changed"), "share"), Column("outcome", say("outcome")),
    ]  # fmt: skip
    title = say("all_outcomes", name=name, base=base)
    return Table(f"effects {name}", title, columns, rows, say("all_note"), kinds)


def _of(told: str, say: Words) -> str:
    """Return of which pairs an effect is told."""
    words = {"both take off": "both", "neither takes off": "neither", "all": "of_every"}
    return say(words[told])


def _strata_table(found: Any, name: str, say: Words) -> Table:
    frame, base = found.strata(name=name), found.baseline
    labels = (say("both"), say("only", name=name), say("only", name=base), say("neither"))
    rows = [
        [label, int(row["pairs"]), row["share"], row["share_low"], row["share_high"], row[base],
         row[name], row["effect"], row["low"], row["high"]]
        for label, (_, row) in zip(labels, frame.iterrows())
    ]  # fmt: skip
    columns = [
        Column("stratum", say("stratum")), Column("pairs", say("pairs"), "count"),
        Column("share", say("share"), "share"), Column("share_low", say("low"), "share"),
        Column("share_high", say("high"), "share"),
        Column(base, f"{say('users')}, {base}", "count"),
        Column(name, f"{say('users')}, {name}", "count"), Column("effect", say("effect"), "times"),
        Column("low", say("low"), "times"), Column("high", say("high"), "times"),
    ]  # fmt: skip
    return Table(f"strata {name}", say("strata", name=name), columns, rows)


def _recipe(found: Any, scenarios: dict[str, Any], say: Words) -> list[Any]:
    files = {name: f"scenario-{k + 1}.toml" for k, name in enumerate(scenarios)}
    pairs = "".join(f"    {name!r}: kb.Scenario.load({file!r}),\n" for name, file in files.items())
    first = found.runs[found.baseline]
    supplied = parts.handed_words(getattr(first, "supplied", None))
    code = (
        f"import koubei_sim as kb\n\nscenarios = {{  # the files below\n{pairs}}}\n"
        f"found = kb.compare(scenarios, replicates={found.replicates}, rng={found.key}, "
        f"baseline={found.baseline!r}{supplied})\n"
        f"print(found)\nfound.table({found.names[1]!r})"
    )
    command = (
        f"koubei compare {' '.join(files.values())} --replicates {found.replicates} "
        f"--rng {found.key}"
    )
    listings = [
        Listing("scenario", f"{files[name]}: {name}", scenario.to_toml())
        for name, scenario in scenarios.items()
    ]
    return [
        Listing("code", say("code"), code),
        Listing("command", say("command"), command),
        parts.versions(say, {"key": found.key, "replicates": found.replicates}),
        *listings[:4],
    ]
