"""A scenario in plain words: who, where, what they do, what is on, who starts, what is assumed.

What is said of a mechanism, and its words, stand with the mechanism; here are the frame and the
lines.  Templates of English and Chinese share their named places.
Called by `Scenario.describe` and ``koubei describe``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from koubei_sim import checks
from koubei_sim.checks import Lang
from koubei_sim.model import mechanisms
from koubei_sim.model.mechanisms.fields import STRUCTURE
from koubei_sim.model.scenario.chinese import text_in
from koubei_sim.model.scenario.neutral import active
from koubei_sim.model.scenario.parameters import parameter_table
from koubei_sim.reports.words import said

if TYPE_CHECKING:
    from koubei_sim.model.scenario.content import Content

COLUMNS = 80
LEAST_LINES, MOST_LINES = 40, 80
MOST_ENTRIES = 6  # events and campaigns told one by one
#: Titles of the sections that the mechanisms fill, in order; "start" comes after the modules.
SECTIONS: Final = ("who", "where", "product", "part", "happens", "do")

WORDS: Final[dict[str, tuple[str, str]]] = {
    **mechanisms.WORDS,
    "who": ("WHO", "人群"),
    "where": ("WHERE THEY TELL", "渠道"),
    "product": ("WHAT IS OFFERED", "产品"),
    "part": ("WHAT THEY CAN JOIN", "参与节点"),
    "happens": ("WHAT HAPPENS", "活动、媒体与供应"),
    "do": ("WHAT THEY DO", "行为"),
    "start": ("WHO STARTS", "种子用户"),
    "on": ("MODULES ON", "开启的模块"),
    "off": ("MODULES OFF (at their neutral value)", "关闭的模块（取中性值）"),
    "own": ("MECHANISMS FROM OUTSIDE THE LIBRARY", "库外的机制"),
    "assumed": ("WHAT IS ASSUMED", "假设"),
    "none": ("nothing", "无"),
    "size": (
        "{n:,} simulated people (each stands for {g:g}), {ticks} days{date}. {shared}",
        "模拟 {n:,} 人（每人代表 {g:g} 人），{ticks} 天{date}。{shared}",
    ),
    "from": (" from {date}", "，自 {date} 起"),
    "shared": (
        "Replicates share people and networks.",
        "各次重复共用人群与网络。",
    ),
    "fresh": (
        "Each replicate has people and networks of its own.",
        "每次重复各有人群与网络。",
    ),
    "more": ("... and {count} more", "……另有 {count} 项"),
    "provenance": (
        "Of {total} values, {assumed} have no source but assumption; {changed} differ from the "
        "library's default. `koubei params` lists unit, range and source of each.",
        "{total} 个参数值中 {assumed} 个没有来源、只是假设；{changed} 个不同于默认值。"
        "`koubei params` 列出每个的单位、范围与来源。",
    ),
    "purity": (
        "No source gives the purity of the first users: it is a lever, not a finding.",
        "没有资料给出最初用户的纯度：它是一个杠杆，不是结论。",
    ),
    "milestones": (
        "{count} counts of the real world are shown beside the results; a run never reads them.",
        "结果旁标出 {count} 个现实数据，模拟本身不读取它们。",
    ),
}


class _Words:
    """Templates of one language."""

    def __init__(self, lang: str):
        self.lang = checks.lang(lang)

    def __call__(self, name: str, /, **values: Any) -> str:
        return said(WORDS, name, self.lang, **values)

    def module(self, name: str) -> str:
        module = mechanisms.MODULES[name]
        return f"{name}: {(module.en, module.zh)[checks.LANGUAGES.index(self.lang)]}"


def describe(scenario: Content, lang: Lang = "en") -> str:
    """Return the description; see `Scenario.describe`."""
    say = _Words(lang)
    on = [name for name, works in active(scenario).items() if works]
    off = [name for name in mechanisms.MODULES if name not in on]
    body = [*_head(scenario, say)]
    for section in SECTIONS:
        body += _section(section, scenario, say)
    tail = [*_section("start", scenario, say), *_assumed(scenario, say)]
    # From the longest form of the module lists to the shortest, the first that fits.
    lines: list[str] = []
    for on_apart, off_apart in ((True, True), (True, False), (False, False)):
        lines = [
            *body,
            *_modules(say, "on", on, on_apart),
            *_modules(say, "off", off, off_apart),
            *_own(scenario, say),
            *tail,
        ]
        if len(lines) <= MOST_LINES:
            break
    return "\n".join(lines)


def _head(scenario: Content, say: _Words) -> Iterator[str]:
    title = text_in(say.lang, "scenarios", scenario.title or scenario.name)
    yield f"{title} ({scenario.name})"
    if scenario.description:
        yield from wrap(text_in(say.lang, "scenarios", scenario.description), "")
    date = say("from", date=scenario.start_date) if scenario.start_date else ""
    shared = say("shared" if scenario.shared_world else "fresh")
    yield from wrap(
        say(
            "size",
            n=scenario.n_agents,
            g=scenario.people_per_agent,
            ticks=scenario.ticks,
            date=date,
            shared=shared,
        ),
        "",
    )


def _section(section: str, scenario: Content, say: _Words) -> Iterator[str]:
    """Yield what the mechanisms say under one title."""
    yield say(section)
    told = [
        (text, sentence.entries)
        for sentence in mechanisms.SENTENCES
        if sentence.section == section
        for text in sentence.tell(scenario, say)
    ]
    if not told:
        yield "  " + say("none")
    entries = [text for text, entry in told if entry]
    for text in entries[:MOST_ENTRIES]:
        yield from wrap(text)
    if len(entries) > MOST_ENTRIES:
        yield "  " + say("more", count=len(entries) - MOST_ENTRIES)
    for text, entry in told:
        if not entry:
            yield from wrap(text)


def _modules(say: _Words, title: str, names: list[str], apart: bool) -> Iterator[str]:
    yield say(title)
    if not names:
        yield "  " + say("none")
    elif apart:
        for name in names:
            yield from wrap(say.module(name))
    else:
        yield from wrap(", ".join(names))


def _own(scenario: Content, say: _Words) -> Iterator[str]:
    """Yield the mechanisms that are not the library's, each with where its rule was written."""
    if scenario.mechanisms:
        yield say("own")
    for one in scenario.mechanisms:
        yield from wrap(
            f"{one.name}: {one.description} ({getattr(one.readable, '__module__', '?')})"
        )


def _assumed(scenario: Content, say: _Words) -> Iterator[str]:
    rows = [row for row in parameter_table(scenario) if not row.path.startswith("milestones")]
    levers = [row for row in rows if row.neutral != STRUCTURE or row.unit != "name"]
    assumed = sum("assumption" in row.provenance for row in levers)
    changed = sum(row.value != row.default for row in levers)
    yield say("assumed")
    yield from wrap(say("provenance", total=len(levers), assumed=assumed, changed=changed))
    yield from wrap(say("purity"))
    if scenario.milestones:
        yield from wrap(say("milestones", count=len(scenario.milestones)))


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def wrap(text: str, indent: str = "  ") -> Iterator[str]:
    """Cut a text into lines of at most 80 columns, at spaces or between Chinese characters."""
    line, again = indent, indent + "  " if indent else ""
    for piece in _pieces(text):
        if _width(line) + _width(piece.rstrip()) > COLUMNS and line.strip():
            yield line.rstrip()
            line = again + piece.lstrip()
        else:
            line += piece
    if line.strip():
        yield line.rstrip()


def _pieces(text: str) -> Iterator[str]:
    """Yield words with their space, and single Chinese characters."""
    word = ""
    for sign in text:
        if unicodedata.east_asian_width(sign) in "WF":
            if word:
                yield word
                word = ""
            yield sign
        else:
            word += sign
            if sign == " ":
                yield word
                word = ""
    if word:
        yield word
