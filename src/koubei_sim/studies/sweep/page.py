"""What the report of a sweep holds: at each point whether it takes off, and outcomes given that.

Called by `SweepResult._page`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from koubei_sim.metrics import may_never_come
from koubei_sim.metrics.words import outcome_in, shown_as
from koubei_sim.reports import numbers
from koubei_sim.reports.html import ROWS
from koubei_sim.reports.page import (
    Column,
    Dot,
    Dots,
    Listing,
    Page,
    Section,
    Sentences,
    Table,
)
from koubei_sim.reports.words import Words
from koubei_sim.runs import page as runs
from koubei_sim.runs import page_parts as parts
from koubei_sim.runs.page_words import WORDS as RUN_WORDS

#: Outcomes that are told at each point, beside take-off.
_OUTCOMES: Final = 4
#: Signs of a label beyond which a point goes by its number.
_LABEL: Final = 120
#: Signs of code beyond which only the folder is named.
_LONGEST: Final = 20_000

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("{name}: sweep over {paths}", "{name}：扫描{paths}"),
    "lead": (
        "{points:,} points, {replicates:,} replicates each, key {key}; {done:,} of {runs:,} runs "
        "are done",
        "{points:,}个点，每点{replicates:,}次重复，随机数钥匙{key}；已完成{done:,}次，共{runs:,}次",
    ),
    "takes_off_range": (
        "The chance of take-off goes from {low} at {low_at} to {high} at {high_at}.",
        "起飞概率从{low}（{low_at}）到{high}（{high_at}）。",
    ),
    "apart": (
        "Their intervals do not overlap: the points differ.",
        "两者区间不重叠：这些点确有差别。",
    ),
    "overlap": (
        "Their intervals overlap: these replicates cannot tell the two points apart.",
        "两者区间重叠：这些重复不足以区分两点。",
    ),
    "outcome_range": (
        "Where it takes off, {outcome} go from {low} at {low_at} to {high} at {high_at}.",
        "在起飞的重复中，{outcome}从{low}（{low_at}）到{high}（{high_at}）。",
    ),
    "failed": ("{failed:,} runs failed.", "有{failed:,}次运行失败。"),
    "unfinished": (
        "The sweep is not finished: points without a run are left out.",
        "扫描尚未完成：没有运行的点未列出。",
    ),
    "some_points": (
        "{shown:,} of {points:,} points, at even steps, are told here; `koubei export` has all.",
        "此处等间隔给出{shown:,}个点，共{points:,}个；`koubei export`含全部。",
    ),
    "chance_by_point": ("Chance of take-off by point", "各点的起飞概率"),
    "by_point": ("{outcome} by point", "各点的{outcome}"),
    "by_point_note": (
        "Estimates with 95 % intervals of the replicates that took off; of all, where none did.",
        "起飞的重复的估计值与95%区间；若均未起飞，则为全部重复。",
    ),
    "none_off": ("none took off", "均未起飞"),
    "nowhere": (
        "Nothing takes off at any point: outcomes are of what did not.",
        "任何点都没有起飞：其余结果为未起飞者的结果。",
    ),
    "functions": (
        "Functions of the user's own were outcomes: {names}. Write them before this.",
        "部分结果为用户自定义函数：{names}。重做前请先定义。",
    ),
    "no_code": (
        "There are more points than code on a page can hold, and they were kept in no folder. The "
        "points and key {key} make the runs again; out= keeps them.",
        "点数过多，无法在此列出代码，且未保存到文件夹。用同样的点与随机数钥匙{key}可重做；out=可保存。",
    ),
    "plan_digest": ("digest of the plan (SHA-256)", "计划的摘要（SHA-256）"),
    "remark": ("remark", "备注"),
    "point": ("point", "点"),
    "take_off": ("took off", "起飞比例"),
}  # fmt: skip


def page_of(found: Any, lang: str) -> Page:
    """Return the page of a `SweepResult`."""
    say = Words(lang, WORDS, RUN_WORDS)
    plan, runs_of = found.sweep, found.table()
    points = _chosen(runs_of["point"].unique())
    wanted = ["take_off", *(name for name in plan.outcomes if name != "take_off")]
    wanted = [name for name in wanted if name in plan.outcomes][: _OUTCOMES + 1]
    summaries = {name: found.summary(name, points=points) for name in wanted}
    labels = _labels(summaries, plan, say)
    said = [s for name in wanted for s in _findings(name, summaries[name], labels, say)]
    charts = [_dots(name, summaries[name], labels, say) for name in wanted]
    tables = [_table(name, summaries[name], plan, say) for name in wanted]
    failed = int(runs_of["failed"].notna().sum())
    minded = [say("failed", failed=failed)] if failed else []
    if len(runs_of) < plan.runs:
        minded.append(say("unfinished"))
    took = runs_of["take_off"].to_numpy(dtype=float)
    if np.isfinite(took).any() and not (took > 0.0).any():
        minded.append(say("nowhere"))
    if len(points) < runs_of["point"].nunique():
        minded.append(say("some_points", shown=len(points), points=plan.points.number))
    sections = [
        Section(say("findings"), [Sentences(minded, True), Sentences(said)]),
        Section(say("charts"), charts),
        Section(say("tables"), tables),
        Section(say("simulated"), [parts.in_words(plan.scenario, say)], folded=True),
        Section(say("assumptions"), parts.assumptions(plan.scenario, say), folded=True),
        Section(say("recipe"), recipe(found, say), folded=True),
        runs.reading(say),
    ]
    title = say("title", name=plan.scenario.name, paths=", ".join(plan.points.columns))
    lead = say(
        "lead", points=plan.points.number, replicates=plan.replicates, key=plan.key,
        done=len(runs_of), runs=plan.runs,
    )  # fmt: skip
    return Page(title, lead, lang, sections)


def _chosen(points: Any) -> Any:
    """Return points that are told: all, or as many as a table of the page has rows."""
    if len(points) <= ROWS:
        return points
    return points[np.unique(np.linspace(0, len(points) - 1, ROWS).round().astype(int))]


def _labels(summaries: dict[str, Any], plan: Any, say: Words) -> list[str]:
    """Return what points are called: by what was varied, or by number where that is long."""
    first = next(iter(summaries.values()), None)
    if first is None or not len(first):
        return []
    found = []
    for row in first.to_dict("records"):
        said = [f"{path} = {numbers.shown(row[path], 'plain')}" for path in plan.points.columns]
        label = ", ".join(said)
        found.append(label if len(label) <= _LABEL else f"{say('point')} {row['point']}")
    return found


def _findings(name: str, frame: Any, labels: list[str], say: Words) -> list[str]:
    """Return where an outcome is least and most, and whether the two intervals part."""
    if not len(frame):
        return []
    shown = np.isfinite(frame["estimate"].to_numpy(dtype=float))
    if name != "take_off":  # what never took off tells of something else
        alive = frame["take_off"].to_numpy(dtype=float) > 0.0
        if int(alive.sum()) < 2:
            return []
        shown &= alive
    known = np.flatnonzero(shown)
    if known.size < 2:
        return []
    values = frame["estimate"].to_numpy()[known]
    low, high = (int(known[at]) for at in (values.argmin(), values.argmax()))
    if low == high or values.min() == values.max():
        return []
    kind = shown_as(name)
    ends = []
    for at in (low, high):
        row: Any = frame.iloc[at]
        ends.append(numbers.told(row["estimate"], row["low"], row["high"], kind, say.lang))
    where = {"low": ends[0], "high": ends[1], "low_at": labels[low], "high_at": labels[high]}
    if name == "take_off":
        said = say("takes_off_range", **where)
    else:
        said = say("outcome_range", outcome=outcome_in(say.lang, name), **where)
    apart = frame["high"].iloc[low] < frame["low"].iloc[high]
    if numbers.known(frame["high"].iloc[low], frame["low"].iloc[high]):
        said = f"{said} {say('apart' if apart else 'overlap')}"
    return [said]


def _dots(name: str, frame: Any, labels: list[str], say: Words) -> Dots:
    kind = shown_as(name)
    dots = [
        Dot(label, row.estimate, row.low, row.high, _told(name, row, kind, say))
        for label, row in zip(labels, frame.itertuples())
    ]
    if name == "take_off":
        return Dots("take_off", say("chance_by_point"), dots, "share")
    values = frame["estimate"].to_numpy(dtype=float) if len(frame) else np.empty(0)
    positive = values[np.isfinite(values) & (values > 0.0)]
    wide = positive.size > 1 and positive.max() > 30.0 * positive.min()
    title = say("by_point", outcome=outcome_in(say.lang, name))
    return Dots(name, title, dots, kind, log=bool(wide), note=say("by_point_note"))


def _told(name: str, row: Any, kind: str, say: Words) -> str:
    said = numbers.told(row.estimate, row.low, row.high, kind, say.lang)
    remark = _remark(name, row.estimate, row.take_off, say)
    return f"{said}; {remark}" if remark else said


def _remark(name: str, estimate: float, took: float, say: Words) -> str:
    """Return what must be known of one number beside it; nothing mostly."""
    if np.isnan(estimate) and may_never_come(name):
        return say("not_reached")
    return say("none_off") if name != "take_off" and took == 0.0 else ""


def _table(name: str, frame: Any, plan: Any, say: Words) -> Table:
    kind = shown_as(name)
    columns = [Column("point", say("point"))]
    columns += [Column(path, path, "plain") for path in plan.points.columns]
    heads = {
        "take_off": "share", "estimate": kind, "low": kind, "high": kind, "n": "count",
    }  # fmt: skip
    columns += [Column(head, say(head), of) for head, of in heads.items()]
    names = [column.name for column in columns]
    found = frame.to_dict("records")
    rows = [[str(row["point"]), *(row[name] for name in names[1:])] for row in found]
    remarks = [_remark(name, row["estimate"], row["take_off"], say) for row in found]
    if any(remarks):
        columns.append(Column("remark", say("remark")))
        rows = [[*row, remark] for row, remark in zip(rows, remarks, strict=True)]
    return Table(name, outcome_in(say.lang, name), columns, rows)


def recipe(found: Any, say: Words, before: str = "", call: str = "") -> list[Any]:
    """Return how to make a sweep again, or the study that is `call`, after the lines `before`."""
    say, plan = Words(say.lang, WORDS, RUN_WORDS), found.sweep
    words = f"replicates={plan.replicates}, rng={plan.key}"
    if not call:
        columns = "".join(
            f"    {path!r}: {list(values)!r},\n" for path, values in plan.points.columns.items()
        )
        before = f"points = pd.DataFrame({{  # one entry a point\n{columns}}})\n"
        call, words = "kb.sweep(sc, points", f"{words}, outcomes={outcomes_word(plan)}"
    if plan.luck != "common":
        words += f", random_numbers={plan.luck!r}"
    if plan.curves.names:
        words += f", keep={list(plan.curves.names)!r}, every={plan.curves.every}"
    if plan.engine != "compiled":
        words += f", engine={plan.engine!r}"
    code = (
        "import koubei_sim as kb\nimport pandas as pd\n\n"
        f"sc = kb.Scenario.load({f'{plan.scenario.name}.toml'!r})  # the file below\n"
        f"{before}found = {call}, {words}{parts.handed_words(plan.supplied)})\n"
    )
    minded = runs.handed(plan, say)
    blocks: list[Any] = []
    # Whole scenarios side by side are no points; nor is a list that fills pages one to copy.
    if not plan.variants and len(code) <= _LONGEST:
        if plan.functions:
            minded.append(say("functions", names=", ".join(_functions(plan))))
        blocks = [Listing("code", say("code"), code)]
    elif found.folder is None:
        minded = [say("no_code", key=plan.key)]
    else:  # its name alone: where it lies is a matter of one machine
        place = found.folder.resolve().name
        code = f"import koubei_sim as kb\n\nfound = kb.load({place!r})  # the folder of the runs"
        minded, blocks = [], [Listing("code", say("code"), code)]
    numbers_of = {"key": plan.key, "replicates": plan.replicates, "engine": plan.engine,
                  "plan_digest": plan.digest()}  # fmt: skip
    return [
        *([Sentences(minded, True)] if minded else []),
        *blocks,
        parts.versions(say, numbers_of),
        parts.scenario_file(plan.scenario, say),
    ]


def _functions(plan: Any) -> dict[str, str]:
    """Return under which name of Python each function of one's own stands in the code."""
    return {name if name.isidentifier() else f"function_{k}": name
            for k, name in enumerate(plan.functions, 1)}  # fmt: skip


def outcomes_word(plan: Any) -> str:
    """Return the outcomes of a plan as code; functions by name, which a person has."""
    if not plan.functions:
        return repr(list(plan.outcomes))
    pairs = [f"{name!r}: {name!r}" for name in plan.measures]
    pairs += [f"{name!r}: {variable}" for variable, name in _functions(plan).items()]
    return f"{{{', '.join(pairs)}}}"
