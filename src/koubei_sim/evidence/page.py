"""What the reports of a fitted hazard and of a judgement hold: estimates and gains with intervals.

Called by `Hazard._page` and `Judgement._page`.
"""

from __future__ import annotations

import math
from typing import Any, Final

from koubei_sim.reports import numbers
from koubei_sim.reports.page import (
    Block,
    Column,
    Dot,
    Dots,
    Listing,
    Page,
    Section,
    Sentences,
    Table,
    table_of,
)
from koubei_sim.reports.words import Words, retold
from koubei_sim.storage import provenance

WORDS: Final[dict[str, tuple[str, str]]] = {
    "hazard": ("What moved them: {formula}", "是什么推动了采用：{formula}"),
    "hazard_lead": (
        "{link} hazard, {rows:,} rows, {adopted:,} adoptions, log-likelihood {loglik:.2f}",
        "{link}风险函数，{rows:,}行，{adopted:,}次采用，对数似然{loglik:.2f}",
    ),
    "differs": (
        "{name}: {said}; the interval leaves out 0.",
        "{name}：{said}；区间不含0。",
    ),
    "no_difference": (
        "{name}: {said}; it cannot be told from 0.",
        "{name}：{said}；无法与0区分。",
    ),
    "estimates": ("Estimates, 95 % intervals by profile", "估计值（轮廓似然95%区间）"),
    "all_estimates": ("All estimates", "全部估计"),
    "term": ("term", "项"),
    "error": ("standard error", "标准误"),
    "p": ("p", "p"),
    "ratio": ("factor for one unit more", "每增一单位的倍数"),
    "judged": ("Who forecasts best, on what was held out", "谁在留出数据上预测最好"),
    "judged_lead": (
        "{folds:,} folds of {by}, gains over {base}, key {key}",
        "按{by}分{folds:,}折，相对于{base}的增益，随机数钥匙{key}",
    ),
    "best": (
        "{name} gains most: {said} nats a person over {base}.",
        "{name}增益最大：相对{base}每人{said}纳特。",
    ),
    "sure": (
        "Better than {base}, by the interval: {names}.",
        "依区间优于{base}：{names}。",
    ),
    "unsure": (
        "Cannot be told from {base}: {names}.",
        "无法与{base}区分：{names}。",
    ),
    "worse": ("Worse than {base}, by the interval: {names}.", "依区间劣于{base}：{names}。"),
    "gains": (
        "Gain in log score over {base}, nats a person",
        "相对{base}的对数得分增益（每人纳特）",
    ),
    "ties": ("What ties add to the same formula without them", "同一公式加入联系后的增益"),
    "table_judged": ("All that was judged", "全部评判"),
    "controls": ("Ties under controls", "对照下的联系"),
    "again": (
        "The record of who adopted when is an object: read it again with kb.read_diffusion.",
        "采用记录是对象：请用kb.read_diffusion再次读取。",
    ),
    "read_hazard": (
        "A hazard says what goes together with adopting next. It is a cause only where nothing "
        "else explains both.",
        "风险函数说明什么与随后的采用相伴。仅当没有其他因素同时解释两者时才是原因。",
    ),
    "read_judge": (
        "Gains are of forecasts of people who were held out. Decide by the interval.",
        "增益指对留出人群的预测。请依区间作决定。",
    ),
}  # fmt: skip

#: Columns and controls of the tables of a `Judgement`, which its documentation explains.
TABLE: Final[dict[str, tuple[str, str]]] = {
    "gain": ("gain", "增益"),
    "low": ("low", "95%区间自"),
    "high": ("high", "至"),
    "ties_add": ("ties_add", "加入联系的增益"),
    "ties_low": ("ties_low", "95%区间自"),
    "ties_high": ("ties_high", "至"),
    "auc": ("auc", "AUC"),
    "auc_low": ("auc_low", "95%区间自"),
    "auc_high": ("auc_high", "至"),
    "brier": ("brier", "Brier分数"),
    "slope": ("slope", "校准斜率"),
    "curve_error": ("curve_error", "曲线误差"),
    "coverage": ("coverage", "覆盖率"),
    "p_of": ("p (times shuffled)", "p（打乱时间）"),
    "p_of_rewired": ("p (rewired)", "p（重连）"),
    "p_of_contacts": ("p (contacts)", "p（接触）"),
    "formula": ("formula", "公式"),
    "control": ("control", "对照"),
    "rewired": ("rewired", "重连"),
    "times shuffled": ("times shuffled", "打乱时间"),
    "contacts": ("contacts", "接触"),
    "ties": ("ties", "联系的系数"),
    "ties_control": ("ties_control", "对照中的系数"),
    "left": ("left", "余下的比例"),
    "loglik": ("loglik", "对数似然的增量"),
    "loglik_control": ("loglik_control", "对照中的增量"),
    "gain_control": ("gain_control", "对照中的留出增益"),
    "draws": ("draws", "抽样次数"),
}
_TEXTS: Final = ("formula", "control")


def _heads(frame: Any, lang: str) -> list[Column]:
    return [
        Column(str(c), retold(str(c), lang, TABLE), "text" if c in _TEXTS else "number")
        for c in frame.columns
    ]


def page_of_hazard(found: Any, lang: str) -> Page:
    """Return the page of a `Hazard`."""
    say = Words(lang, WORDS)
    table, said, dots = found.table(), [], []
    for name, row in table.iterrows():
        ends = (row["estimate"], row["low"], row["high"])
        told = numbers.told(*ends, "number", lang)
        dots.append(Dot(str(name), *ends, told))
        if name == "constant" or math.isnan(row["low"]):
            continue
        word = "differs" if row["low"] > 0.0 or row["high"] < 0.0 else "no_difference"
        said.append(say(word, name=name, said=told))
    columns = [
        (name, say(name), "text" if name == "term" else "number")
        for name in ("term", "estimate", "low", "high", "error", "p", "ratio")
    ]
    lead = say(
        "hazard_lead", link=found.link, rows=found.rows.adopted.size,
        adopted=int(found.rows.adopted.sum()), loglik=found.loglik,
    )  # fmt: skip
    sections = [
        Section(say("findings"), [Sentences(said)]),
        Section(say("charts"), [Dots("estimates", say("estimates"), dots, "number", 0.0)]),
        Section(say("tables"), [table_of("all", say("all_estimates"), table, columns)]),
        _recipe(f"fit = kb.hazard(d, {found.formula!r}, link={found.link!r})", say),
        Section(say("reading"), [Sentences([say("read_hazard")])]),
    ]
    return Page(say("hazard", formula=found.formula), lead, lang, sections)


def page_of_judgement(found: Any, lang: str) -> Page:
    """Return the page of a `Judgement`."""
    say = Words(lang, WORDS)
    table, base = found.table(), found.base
    gains, ties = [], []
    for name, row in table.iterrows():
        ends = (row["gain"], row["low"], row["high"])
        gains.append(Dot(str(name), *ends, numbers.told(*ends, "difference", lang)))
        if math.isfinite(row["ties_add"]):
            ends = (row["ties_add"], row["ties_low"], row["ties_high"])
            ties.append(Dot(str(name), *ends, numbers.told(*ends, "difference", lang)))
    flat = table.rename_axis("formula").reset_index()
    columns = _heads(flat, lang)
    rows = [list(row) for row in flat.itertuples(index=False)]
    tables = [Table("judged", say("table_judged"), columns, rows)]
    controls = found.controls().reset_index()
    if len(controls):
        heads = _heads(controls, lang)
        of = [
            [formula, retold(control, lang, TABLE), *row]
            for formula, control, *row in controls.itertuples(index=False)
        ]
        tables.append(Table("controls", say("controls"), heads, of))
    charts = [Dots("gains", say("gains", base=base), gains, "number", 0.0)]
    if ties:
        charts.append(Dots("ties", say("ties"), ties, "number", 0.0))
    formulas = [name for name in table.index if name != base]
    sections = [
        Section(say("findings"), [Sentences(_judged(table, base, say))]),
        Section(say("charts"), charts),
        Section(say("tables"), tables),
        _recipe(f"kb.judge(d, {formulas!r}, folds={found.folds!r}, rng={found.key})", say),
        Section(say("reading"), [Sentences([say("read_judge")])]),
    ]
    lead = say("judged_lead", folds=len(found.held.parts), by=found.folds, base=base, key=found.key)
    return Page(say("judged"), lead, lang, sections)


def _judged(table: Any, base: str, say: Words) -> list[str]:
    rest = table.drop(index=base, errors="ignore")
    if not len(rest):
        return []
    best = rest["gain"].idxmax()
    row: Any = rest.loc[best]
    told = numbers.told(row["gain"], row["low"], row["high"], "difference", say.lang)
    said = [say("best", name=best, said=told, base=base)]
    for word, kept in (
        ("sure", rest["low"] > 0.0),
        ("unsure", (rest["low"] <= 0.0) & (rest["high"] >= 0.0)),
        ("worse", rest["high"] < 0.0),
    ):
        if kept.any():
            said.append(say(word, base=base, names="; ".join(map(str, rest.index[kept]))))
    return said


def _recipe(call: str, say: Words) -> Section:
    rows = [[name, version] for name, version in provenance.versions().items()]
    columns = [Column("setting", say("setting")), Column("value", say("value"))]
    code = f"import koubei_sim as kb\n\nd = kb.read_diffusion(...)\n{call}"
    blocks: list[Block] = [
        Sentences([say("again")]),
        Listing("code", say("code"), code),
        Table("versions", say("versions"), columns, rows),
    ]
    return Section(say("recipe"), blocks, folded=True)
