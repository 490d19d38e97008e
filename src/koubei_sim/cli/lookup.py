"""What a word means here: mechanisms, parameters, outcomes, columns, and the words of the field.

``koubei describe gate`` answers who knows a word and wants the name.  The words of the field are
those of docs/glossary.md, kept beside this file for installations without the pages; a test holds
the two equal.  Called by ``koubei describe``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from koubei_sim.checks import Lang
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.reports.words import said

#: Entries that are shown; `koubei params --search` lists all parameters with a word.
MOST: Final = 12
KINDS: Final = ("module", "parameter", "outcome", "column of data", "composite", "in the field")


WORDS: Final[dict[str, tuple[str, str]]] = {
    "module": ("module", "模块"),
    "parameter": ("parameter", "参数"),
    "outcome": ("outcome", "结果"),
    "column of data": ("column of data", "数据列"),
    "composite": ("composite", "复合量"),
    "in the field": ("in the field", "领域用语，解释为英文"),
    "values": ("default {default}, neutral {neutral}, {range}",
               "默认{default}；中性值{neutral}；允许{range}"),
    "parameters": ("parameters: {names}", "参数：{names}"),
    "here": ("here: {more}", "本库称：{more}"),
    "more": ("and {more} more; `koubei params --search {word}` has parameters",
             "另有{more}项；`koubei params --search {word} --lang zh`列出参数"),
}  # fmt: skip


class Entry(NamedTuple):
    """Something that has a name here."""

    kind: str
    name: str
    text: str
    #: Parameters of a module, value and neutral value of a parameter.
    more: tuple[str, ...] = ()


@cache
def entries(lang: Lang = "en") -> tuple[Entry, ...]:
    """Return everything that can be looked up; the words of the field are English."""
    from koubei_sim.metrics import OUTCOMES
    from koubei_sim.metrics.words import outcome_in
    from koubei_sim.model import mechanisms
    from koubei_sim.model.scenario import parameter_table
    from koubei_sim.model.scenario.chinese import text_in

    found = [
        Entry("module", name, f"{module.en} ({module.zh})" if lang == "en" else module.zh,
              module.parameters)
        for name, module in mechanisms.MODULES.items()
    ]  # fmt: skip
    for row in parameter_table(lang=lang):
        unit = "" if row.unit in ("1", "name", "choice") else f" {row.unit}"
        neutral = text_in(lang, "ranges", _short(row.neutral))
        values = {"default": _short(row.default) + unit, "neutral": neutral, "range": row.range}
        text = said(WORDS, "values", lang, **values)
        found.append(Entry("parameter", row.path, row.description, (text.rstrip(", "),)))
    found += [Entry("outcome", name, outcome_in(lang, name)) for name in OUTCOMES]
    columns = dict.fromkeys((c.variable, c.meaning) for c in mechanisms.COLUMNS)
    found += [
        Entry("column of data", name, text_in(lang, "columns", name, meaning))
        for name, meaning in columns
    ]
    found += [
        Entry("composite", one.name, text_in(lang, "composites", one.name, one.what))
        for one in mechanisms.COMPOSITES
    ]
    return (*found, *(Entry("in the field", *row[:1], row[2], (row[1],)) for row in glossary()))


def _short(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as a scenario file writes it, and as what is allowed is said
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def glossary() -> list[tuple[str, str, str]]:
    """Return the rows of the glossary: words of the field, ours, in one line."""
    text = files("koubei_sim.cli").joinpath("glossary.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()]
    return [(field, ours.replace("`", ""), said) for field, ours, said in rows]


@cache
def plain(text: str) -> str:
    """Return a text as it is compared: small letters, words parted by one blank.

    Examples
    --------
    >>> plain("Seed_purity"), plain("`seeding.purity`")
    ('seed purity', 'seeding purity')
    """
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def looked_up(word: str, lang: Lang = "en") -> list[Entry]:
    """Return what a word is found in, the closest first.

    Names that are the word, then names and words of the field with it, then texts.

    Examples
    --------
    >>> [entry.name for entry in looked_up("gate")][:2]
    ['gate', 'market.open_to_all']
    """
    wanted = plain(word)
    if not wanted:
        return []
    known = entries(lang)
    ranks = [_rank(wanted, entry) for entry in known]
    own = {path for rank, entry in zip(ranks, known, strict=True) if rank == 0
           and entry.kind == "module" for path in entry.more}  # fmt: skip
    ranked: list[tuple[int, int, int, Entry]] = []
    for place, (rank, entry) in enumerate(zip(ranks, known, strict=True)):
        rank = 0 if entry.name in own else rank  # the parameters of a module of that name
        if rank is not None:
            ranked.append((rank, KINDS.index(entry.kind), place, entry))
    return [entry for *_, entry in sorted(ranked, key=lambda one: one[:3])]


def _rank(wanted: str, entry: Entry) -> int | None:
    name, last = plain(entry.name), plain(entry.name.rpartition(".")[2])
    if wanted in (name, last):
        return 0
    if entry.kind == "in the field" and wanted in map(plain, entry.name.split(",")):
        return 0
    if f" {wanted} " in f" {name} ":
        return 1
    if f" {wanted} " in f" {plain(entry.text)} ":
        return 2
    if entry.kind != "parameter" and f" {wanted} " in f" {plain(' '.join(entry.more))} ":
        return 2
    if wanted in name.replace(" ", "") or wanted in entry.text.lower():
        return 3
    return None


def told(word: str, lang: Lang = "en") -> str:
    """Return what a word means here, in lines of at most 79 columns (of Chinese, 80).

    Raises
    ------
    KoubeiError
        Where nothing has it, with the nearest word that something has.
    """
    from koubei_sim.model.scenario import Scenario

    found = looked_up(word, lang)
    if not found:
        raise KoubeiError(
            "describe", "neither a scenario nor a word of this library", got=word,
            allowed="presets, paths, names of mechanisms, parameters, outcomes, columns",
            fix=nearest(word, (*Scenario.presets(), *words())) or nearest(plain(word), words()),
        )  # fmt: skip
    lines = [line for entry in found[:MOST] for line in _lines(entry, lang)]
    if len(found) > MOST:
        lines.append(said(WORDS, "more", lang, more=len(found) - MOST, word=word))
    return "\n".join(lines)


def words() -> tuple[str, ...]:
    """Return all single words and names that can be looked up."""
    names = [entry.name for entry in entries()]
    parts = [plain(part) for name in names for part in (name.rpartition(".")[2], *name.split(","))]
    return tuple(dict.fromkeys([*names, *parts]))


def _lines(entry: Entry, lang: Lang) -> Iterator[str]:
    kind = said(WORDS, entry.kind, lang)
    yield from textwrap.wrap(f"{entry.name} ({kind})", 79, subsequent_indent="  ")
    yield from wrapped(entry.text, lang)
    if entry.kind == "module":
        yield from wrapped(said(WORDS, "parameters", lang, names=", ".join(entry.more)), lang)
    else:
        for more in entry.more:
            ours = said(WORDS, "here", lang, more=more) if entry.kind == "in the field" else more
            yield from wrapped(ours, lang)


def wrapped(text: str, lang: Lang) -> list[str]:
    """Return a text in lines for a terminal, set in under a name."""
    if lang == "en":
        return textwrap.wrap(text, 79, initial_indent="    ", subsequent_indent="    ")
    from koubei_sim.model.scenario.describe import wrap

    return list(wrap(f"  {text}"))
