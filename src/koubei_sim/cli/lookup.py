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

from koubei_sim.errors import KoubeiError, nearest

#: Entries that are shown; `koubei params --search` lists all parameters with a word.
MOST: Final = 12
KINDS: Final = ("module", "parameter", "outcome", "column of data", "composite", "in the field")


class Entry(NamedTuple):
    """Something that has a name here."""

    kind: str
    name: str
    text: str
    #: Parameters of a module, value and neutral value of a parameter.
    more: tuple[str, ...] = ()


@cache
def entries() -> tuple[Entry, ...]:
    """Return everything that can be looked up."""
    from koubei_sim.metrics import OUTCOMES
    from koubei_sim.model import mechanisms
    from koubei_sim.model.scenario import parameter_table

    found = [
        Entry("module", name, f"{module.en} ({module.zh})", module.parameters)
        for name, module in mechanisms.MODULES.items()
    ]
    for row in parameter_table():
        unit = "" if row.unit in ("1", "name", "choice") else f" {row.unit}"
        said = f"default {_short(row.default)}{unit}, neutral {_short(row.neutral)}, {row.range}"
        found.append(Entry("parameter", row.path, row.description, (said.rstrip(", "),)))
    found += [Entry("outcome", name, text) for name, text in OUTCOMES.items()]
    columns = dict.fromkeys((c.variable, c.meaning) for c in mechanisms.COLUMNS)
    found += [Entry("column of data", *column) for column in columns]
    found += [Entry("composite", one.name, one.what) for one in mechanisms.COMPOSITES]
    return (*found, *(Entry("in the field", *row[:1], row[2], (row[1],)) for row in glossary()))


def _short(value: object) -> str:
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


def looked_up(word: str) -> list[Entry]:
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
    ranks = [_rank(wanted, entry) for entry in entries()]
    own = {path for rank, entry in zip(ranks, entries(), strict=True) if rank == 0
           and entry.kind == "module" for path in entry.more}  # fmt: skip
    ranked: list[tuple[int, int, int, Entry]] = []
    for place, (rank, entry) in enumerate(zip(ranks, entries(), strict=True)):
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


def told(word: str) -> str:
    """Return what a word means here, in lines of at most 79 columns.

    Raises
    ------
    KoubeiError
        Where nothing has it, with the nearest word that something has.
    """
    from koubei_sim.model.scenario import Scenario

    found = looked_up(word)
    if not found:
        raise KoubeiError(
            "describe", "neither a scenario nor a word of this library", got=word,
            allowed="presets, paths, names of mechanisms, parameters, outcomes, columns",
            fix=nearest(word, (*Scenario.presets(), *words())) or nearest(plain(word), words()),
        )  # fmt: skip
    lines = [line for entry in found[:MOST] for line in _lines(entry)]
    if len(found) > MOST:
        lines.append(
            f"and {len(found) - MOST} more; `koubei params --search {word}` has parameters"
        )
    return "\n".join(lines)


def words() -> tuple[str, ...]:
    """Return all single words and names that can be looked up."""
    names = [entry.name for entry in entries()]
    parts = [plain(part) for name in names for part in (name.rpartition(".")[2], *name.split(","))]
    return tuple(dict.fromkeys([*names, *parts]))


def _lines(entry: Entry) -> Iterator[str]:
    yield from textwrap.wrap(f"{entry.name} ({entry.kind})", 79, subsequent_indent="  ")
    yield from _wrapped(entry.text)
    if entry.kind == "module":
        yield from _wrapped("parameters: " + ", ".join(entry.more))
    else:
        for more in entry.more:
            yield from _wrapped(f"here: {more}" if entry.kind == "in the field" else more)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 79, initial_indent="    ", subsequent_indent="    ")
