"""What the report of a sensitivity study holds: what an outcome hangs on, and how surely.

Called by `Sensitivity._page`.
"""

from __future__ import annotations

from typing import Any, Final

from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import offset
from koubei_sim.metrics.words import outcome_in, shown_as
from koubei_sim.model.scenario.chinese import named_in
from koubei_sim.reports import numbers
from koubei_sim.reports.page import Column, Dot, Dots, Page, Section, Sentences, Table
from koubei_sim.reports.words import Words, retold
from koubei_sim.runs import page as runs
from koubei_sim.runs import page_parts as parts
from koubei_sim.runs.page_words import WORDS as RUN_WORDS
from koubei_sim.studies.sweep.page import outcomes_word, recipe

#: The columns of the leading index of each method.
_LEADING: Final = {"oat": "difference", "morris": "mu_star", "sobol": "ST"}

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("What {outcome} hang on", "{outcome}取决于什么"),
    "lead": (
        "{scenario}: {method} over {parameters:,} parameters, {points:,} points x {replicates:,} "
        "replicates, key {key}",
        "{scenario}：{method}，{parameters:,}个参数，{points:,}个点 × {replicates:,}次重复，"
        "随机数钥匙{key}",
    ),
    "oat": ("one at a time", "逐个改变"),
    "morris": ("Morris' screening", "Morris筛选法"),
    "sobol": ("Sobol's indices", "Sobol指数"),
    "most": ("{outcome}: {path} matters most, {said}.", "{outcome}：{path}最重要，{said}。"),
    "sure": (
        "{outcome}: for {number:,} of {all:,} parameters the interval leaves out no effect: "
        "{names}.",
        "{outcome}：{all:,}个参数中有{number:,}个的区间不含无效应：{names}。",
    ),
    "none_sure": (
        "{outcome}: no parameter's interval leaves out no effect.",
        "{outcome}：没有参数的区间排除无效应。",
    ),
    "undefined": (
        "{outcome}: undefined in too many runs for an index. Take an outcome that always exists, "
        "such as users.",
        "{outcome}：在过多的模拟中没有定义，无法给出指数。请改用总有定义的结果，如users。",
    ),
    "index_oat": (
        "{outcome}: high end of the range against the low end",
        "{outcome}：范围上限对下限",
    ),
    "index_morris": ("{outcome}: mu*, mean size of effects", "{outcome}：mu*（效应绝对值的均值）"),
    "index_sobol": ("{outcome}: total share of variance, ST", "{outcome}：占方差的总比例ST"),
    "note": (
        "Lines: 95 % intervals. Counts and money: in the logarithm, or as factors.",
        "线段为95%区间。人数与金额取对数或以倍数表示。",
    ),
    "table_of": ("{outcome}, the most important first", "{outcome}（最重要者在前）"),
}  # fmt: skip

#: Columns and cells of `Sensitivity.table`, which its documentation explains.
TABLE: Final[dict[str, tuple[str, str]]] = {
    "low_end": ("{effect}_from", "{effect}，区间自"),
    "high_end": ("{effect}_to", "{effect}，区间至"),
    "from": ("from", "范围自"),
    "to": ("to", "至"),
    "at_low": ("at_low", "取下限时的效应"),
    "at_high": ("at_high", "取上限时的效应"),
    "difference": ("difference", "差值"),
    "times": ("times", "倍数"),
    "take_off": ("take_off", "起飞概率之差"),
    "mu_star": ("mu_star", "mu*"),
    "elasticity": ("elasticity", "弹性"),
    "kind": ("kind", "类型"),
    "span": ("span", "跨度"),
    "gain": ("gain", "配对的增益"),
    "n": ("n", "个数"),
    "of": ("of", "所指的对"),
    "of_mean": ("of_mean", "先对重复取均值"),
    "se_design": ("se_design", "标准误：设计"),
    "se_luck": ("se_luck", "标准误：运气"),
    "both": ("both take off", "两者都起飞"),
    "neither": ("neither takes off", "都不起飞"),
    "all": ("all", "全部"),
}


def in_table(text: str, lang: str) -> str:
    """Return a column or a cell of the table in a language.

    Examples
    --------
    >>> in_table("take_off_from", "zh"), in_table("kind", "en")
    ('起飞概率之差，区间自', 'kind')
    """
    for end in ("_from", "_to"):
        if text.endswith(end):
            effect = retold(text.removesuffix(end), lang, TABLE)
            return retold(f"{effect}{end}", lang, TABLE)
    return retold(text, lang, TABLE)


def page_of(found: Any, lang: str) -> Page:
    """Return the page of a `Sensitivity`."""
    say = Words(lang, WORDS, RUN_WORDS)
    plan = found.runs.sweep
    said, minded, charts, tables = [], [], [], []
    for name in found.outcomes:
        try:
            frame = found.table(name)
        except KoubeiError:
            minded.append(say("undefined", outcome=outcome_in(lang, name)))
            continue
        said += _findings(found, name, frame, say)
        charts.append(_dots(found, name, frame, say))
        tables.append(_table(name, frame, say))
    sections = [
        Section(say("findings"), [Sentences(minded, True), Sentences(said)]),
        Section(say("charts"), charts),
        Section(say("tables"), tables),
        Section(say("simulated"), [parts.in_words(plan.scenario, say)], folded=True),
        Section(say("assumptions"), parts.assumptions(plan.scenario, say), folded=True),
        Section(say("recipe"), _recipe(found, say), folded=True),
        runs.reading(say),
    ]
    title = say("title", outcome=outcome_in(lang, found.outcomes[0]))
    lead = say(
        "lead", scenario=plan.scenario.name, method=say(found.method),
        parameters=len(found.ranges), points=plan.points.number, replicates=plan.replicates,
        key=found.key,
    )  # fmt: skip
    return Page(title, lead, lang, sections)


def _of_row(found: Any, name: str, row: Any) -> tuple[tuple[float, float, float], str, float]:
    """Return the leading index with its interval, how it is shown, and where nothing is."""
    word = _LEADING[found.method]
    ends = (row[word], row[f"{word}_from"], row[f"{word}_to"])
    if found.method != "oat":
        return ends, "number", 0.0
    if row["kind"] == "times":
        return ends, "times", 1.0
    return ends, "points" if shown_as(name) == "share" else "difference", 0.0


def _findings(found: Any, name: str, frame: Any, say: Words) -> list[str]:
    if not len(frame):
        return []
    outcome, sure = outcome_in(say.lang, name), []
    for path, row in frame.iterrows():
        (_, low, high), _, nothing = _of_row(found, name, row)
        if low > nothing or high < nothing:
            sure.append(str(path))
    ends, kind, _ = _of_row(found, name, frame.iloc[0])
    said = numbers.told(*ends, kind, say.lang)
    first = say("most", outcome=outcome, path=named_in(say.lang, frame.index[0]), said=said)
    if not sure:
        return [first, say("none_sure", outcome=outcome)]
    names = ", ".join(sure[:6]) + (" ..." if len(sure) > 6 else "")
    return [first, say("sure", outcome=outcome, number=len(sure), all=len(frame), names=names)]


def _dots(found: Any, name: str, frame: Any, say: Words) -> Dots:
    dots, kind, nothing = [], "number", 0.0
    for path, row in frame.iterrows():
        ends, kind, nothing = _of_row(found, name, row)
        label = f"{path} ({numbers.shown(row['from'])} .. {numbers.shown(row['to'])})"
        dots.append(Dot(label, *ends, numbers.told(*ends, kind, say.lang)))
    title = say(f"index_{found.method}", outcome=outcome_in(say.lang, name))
    scale = "number" if kind == "difference" else kind
    factors = kind == "times" and offset(name) is not None
    return Dots(name, title, dots, scale, nothing, factors, say("note"))


def _recipe(found: Any, say: Words) -> list[Any]:
    """Return how to make the study again: ranges, not the points that follow from them."""
    design, plan = found.design, found.runs.sweep
    rows = []
    for path, one in design.ranges.items():
        ends = (one.low, one.high, "log") if one.log else (one.low, one.high)
        rows.append(f"    {path!r}: {list(one.choices) if one.choices else ends!r},\n")
    outcome = outcomes_word(plan) if plan.functions else repr(list(found.outcomes))
    call = f"kb.sensitivity(sc, ranges, method={design.method!r}, outcome={outcome}"
    if design.method != "oat":
        call += f", points={design.rows}"
    if design.method == "morris":
        call += f", levels={design.levels}"
    if design.method == "sobol" and not design.second:
        call += ", second_order=False"
    return recipe(found.runs, say, f"ranges = {{\n{''.join(rows)}}}\n", call)


def _table(name: str, frame: Any, say: Words) -> Table:
    # The names of columns are explained in the documentation of `Sensitivity.table`.
    flat = frame.reset_index()
    columns = [Column("parameter", say("parameter"))]
    columns += [
        Column(str(c), in_table(str(c), say.lang), "text" if flat[c].dtype == object else "number")
        for c in flat.columns[1:]
    ]
    rows = [
        [path, *(in_table(cell, say.lang) if isinstance(cell, str) else cell for cell in row)]
        for path, *row in flat.itertuples(index=False)
    ]
    title = say("table_of", outcome=outcome_in(say.lang, name))
    return Table(name, title, columns, rows)
