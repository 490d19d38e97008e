"""A scenario in plain words: who, where, what they do, what is on, who starts, what is assumed.

What is said of a mechanism, and its words, stand with the mechanism; here are the frame and the
lines.  Templates of English and Chinese share their named places.
Called by `Scenario.describe` and ``koubei describe``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
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
INDENT = "  "
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

    def modules(self, names: Sequence[str]) -> str:
        """Name many in short: by their names, which are English, or what they are."""
        if self.lang == "en":
            return ", ".join(names)
        return "；".join(mechanisms.MODULES[name].zh for name in names)


def describe(scenario: Content, lang: Lang = "en") -> str:
    """Return the description; see `Scenario.describe`."""
    return "\n".join(cut for line in sentences(scenario, lang) for cut in wrap(line))


def sentences(scenario: Content, lang: Lang = "en") -> list[str]:
    """Return the description with a line a sentence, however long: for what is no terminal."""
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
        if sum(1 for line in lines for _ in wrap(line)) <= MOST_LINES:
            break
    return lines


def _head(scenario: Content, say: _Words) -> Iterator[str]:
    title = text_in(say.lang, "scenarios", scenario.title or scenario.name)
    yield f"{title} ({scenario.name})"
    if scenario.description:
        yield text_in(say.lang, "scenarios", scenario.description)
    date = say("from", date=scenario.start_date) if scenario.start_date else ""
    shared = say("shared" if scenario.shared_world else "fresh")
    yield say(
        "size",
        n=scenario.n_agents,
        g=scenario.people_per_agent,
        ticks=scenario.ticks,
        date=date,
        shared=shared,
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
        yield INDENT + say("none")
    entries = [text for text, entry in told if entry]
    for text in entries[:MOST_ENTRIES]:
        yield INDENT + text
    if len(entries) > MOST_ENTRIES:
        yield INDENT + say("more", count=len(entries) - MOST_ENTRIES)
    for text, entry in told:
        if not entry:
            yield INDENT + text


def _modules(say: _Words, title: str, names: list[str], apart: bool) -> Iterator[str]:
    yield say(title)
    if not names:
        yield INDENT + say("none")
    elif apart:
        for name in names:
            yield INDENT + say.module(name)
    else:
        yield INDENT + say.modules(names)


def _own(scenario: Content, say: _Words) -> Iterator[str]:
    """Yield the mechanisms that are not the library's, each with where its rule was written."""
    if scenario.mechanisms:
        yield say("own")
    for one in scenario.mechanisms:
        place = getattr(one.readable, "__module__", "?")
        yield f"{INDENT}{one.name}: {one.description} ({place})"


def _assumed(scenario: Content, say: _Words) -> Iterator[str]:
    rows = [row for row in parameter_table(scenario) if not row.path.startswith("milestones")]
    levers = [row for row in rows if row.neutral != STRUCTURE or row.unit != "name"]
    assumed = sum("assumption" in row.provenance for row in levers)
    changed = sum(row.value != row.default for row in levers)
    yield say("assumed")
    yield INDENT + say("provenance", total=len(levers), assumed=assumed, changed=changed)
    yield INDENT + say("purity")
    if scenario.milestones:
        yield INDENT + say("milestones", count=len(scenario.milestones))


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if _wide(sign) else 1 for sign in text)


def _wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF"


def wrap(text: str) -> Iterator[str]:
    """Cut a line into lines of at most 80 columns, at spaces or between Chinese characters.

    Examples
    --------
    >>> list(wrap("  " + "人" * 39 + "。"))[1]
    '    人。'
    """
    line = INDENT if text.startswith(INDENT) else ""
    again = line * 2
    for piece in _pieces(text.removeprefix(line)):
        if _width(line) + _width(piece.rstrip()) > COLUMNS and line.strip():
            yield line.rstrip()
            line = again + piece.lstrip()
        else:
            line += piece
    if line.strip():
        yield line.rstrip()


def _pieces(text: str) -> Iterator[str]:
    """Yield words with their space, and single Chinese characters with what must not leave them.

    Examples
    --------
    >>> list(_pieces("每天 2 次（约）。"))
    ['每', '天', ' ', '2 ', '次', '（约）。']
    """
    piece = ""
    for sign in text:
        ended = piece and (_wide(sign) or _wide(piece[-1]) or piece[-1] == " ")
        if ended and sign not in "。，；：、）”！？" and piece[-1] not in "（“":
            yield piece
            piece = ""
        piece += sign
    if piece:
        yield piece
