"""An `Answer` as the page shows it: the charts of reports, and tables.

The browser draws the charts, from numbers; everything that came from a visitor is escaped.
Called by `layout`, and by `server` for the head of the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import Any

from koubei_sim.app.answers import Answer
from koubei_sim.app.design import FIRST, SECOND
from koubei_sim.app.words import say
from koubei_sim.metrics.words import outcome_in
from koubei_sim.reports import html as reports
from koubei_sim.reports.page import Curves, Dots
from koubei_sim.reports.words import Words
from koubei_sim.runs.page import pyramid
from koubei_sim.runs.page_words import WORDS as RUN_WORDS
from koubei_sim.studies import Comparison
from koubei_sim.studies.compare.page import WORDS as COMPARE_WORDS
from koubei_sim.studies.compare.page import kinds, over_time


def head() -> str:
    """Return what the page loads once: look and script of the charts, and of the page."""
    folder = resources.files("koubei_sim.app")
    look, script = ((folder / name).read_text(encoding="utf-8") for name in ("live.css", "live.js"))
    return f"{reports.head('.koubei-charts')}\n<style>\n{look}</style>\n<script>{script}</script>\n"


def page(html: str, lang: str) -> str:
    """Return results as the part of the page that they are, with the names of marimo's buttons."""
    words = "".join(
        f' data-{word}="{escape(say(word, lang), quote=True)}"'
        for word in ("fold", "levers", "more")
    )
    return f'<main class="koubei-results" lang="{lang}"{words}>{html}</main>'


def name_of(design: str, answer: Answer, lang: str) -> str:
    """Return what a design is called on the page."""
    if design == SECOND:
        return say("second", lang)
    kept = answer.settings.first.changes or answer.settings.first.off
    return say("kept" if kept else "first", lang)


def status(answer: Answer, lang: str) -> str:
    """Return how far it is, as a paragraph that screen readers announce."""
    scenario, s = answer.second.scenario, answer.settings
    if answer.complete:
        people = int(scenario.n_agents * scenario.people_per_agent)
        size = {"people": people, "agents": scenario.n_agents, "days": scenario.ticks}
        said = say("all_done", lang, worlds=s.worlds, **size)
    else:
        said = say("so_far", lang, done=answer.done, worlds=s.worlds)
    notes = [said]
    if s.same:
        notes.append(say("same", lang))
    elif answer.done == 1:
        notes.append(say("small", lang))
    return paragraph(" ".join(notes), "status")


def paragraph(text: str, role: str = "", kind: str = "koubei-said") -> str:
    """Return a paragraph of text."""
    spoken = f' role="{role}"' if role else ""
    return f'<p class="{kind}"{spoken}>{escape(text)}</p>'


def wrong(error: BaseException, lang: str) -> str:
    """Return a refusal as the page shows it: the one line of ours, or that something broke."""
    if isinstance(error, ValueError):  # a KoubeiError is one
        return paragraph(str(error), "alert", "koubei-wrong")
    if isinstance(error, MemoryError):
        return paragraph("people: out of memory, try fewer people", "alert", "koubei-wrong")
    return paragraph(say("broken", lang, kind=type(error).__name__), "alert", "koubei-wrong")


# Charts -------------------------------------------------------------------------------------------


def charts(answer: Answer, lang: str) -> str:
    """Return the charts of the reports: of the visitor's design, and of both where they differ."""
    run_words = Words(lang, RUN_WORDS)
    blocks: list[Curves | Dots] = [pyramid(answer.second, run_words)]
    found = answer.comparison
    if found is not None:
        names = {design: name_of(design, answer, lang) for design in found.names}
        named = Comparison({names[one]: run for one, run in found.runs.items()}, names[FIRST])
        words = Words(lang, COMPARE_WORDS, RUN_WORDS)
        over = over_time(named, names[SECOND], words)
        # Curves stand side by side; one pair has no course of effects.
        blocks += [*over[:1], kinds(named, names[SECOND], words)]
        blocks += over[1:] if answer.done > 1 else []
    drawn = "".join(reports.embedded(block, f"chart-{block.name}", lang) for block in blocks)
    return f'<div class="koubei-charts">{drawn}</div>' + paragraph(
        run_words("how_to_use"), kind="koubei-note"
    )


# Tables -------------------------------------------------------------------------------------------


def findings(answer: Answer, lang: str) -> str:
    """Return both designs and the paired differences as a table."""
    if not answer.findings:
        return ""
    head = [say("measure", lang), name_of(FIRST, answer, lang), name_of(SECOND, answer, lang),
            say("effect", lang), say("of_pairs", lang)]  # fmt: skip
    rows = []
    for found in answer.findings:
        share = found.outcome == "take_off"
        said = say("take_off", lang) if share else outcome_in(lang, found.outcome)
        values = [_share(v) if share else _amount(v) for v in (found.first, found.second)]
        rows.append([said, *values, _effect(found.effect), say(found.of, lang)])
    return _table(say("findings", lang), head, rows)


def plan(answer: Answer, lang: str) -> str:
    """Return which design to take, with a table."""
    found = answer.plan
    if found is None:
        return ""
    table, rows = found.table(), []
    for name in (FIRST, SECOND):
        row: Any = table.loc[name]
        profit = _amount(row.value)
        if math.isfinite(row.low):
            profit += f" ({_amount(row.low)} .. {_amount(row.high)})"
        over = f" ({say('over', lang)})" if answer.over_budget(name) else ""
        rows.append([name_of(name, answer, lang), _amount(row.outlay) + over, _amount(row.spend),
                     profit, _share(row.best)])  # fmt: skip
    head = [say(word, lang) for word in ("design", "outlay", "spend", "profit", "best")]
    return _table(say("plan", lang), head, rows) + paragraph(_advice(answer, table, lang))


def _advice(answer: Answer, table: Any, lang: str) -> str:
    within = [name for name in (FIRST, SECOND) if not answer.over_budget(name)]
    if not within:
        return say("take_none", lang)
    if len(within) == 1:
        return say("take_alone", lang, name=name_of(within[0], answer, lang))
    name = name_of(str(answer.plan.best), answer, lang) if answer.plan else ""
    said = say("take", lang, name=name, value=_amount(answer.settings.value_per_user))
    said = said[0].upper() + said[1:]
    return f"{said} {say('open', lang)}" if table["may_be_best"].all() else said


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(text)}</td>" for text in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        '<div class="koubei-scroll" tabindex="0" role="region" '
        f'aria-label="{escape(title, quote=True)}"><table class="koubei-table">'
        f"<caption>{escape(title)}</caption><thead><tr>{top}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _share(value: float) -> str:
    return f"{value:.0%}"


def _amount(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _effect(found: Any) -> str:
    if not math.isfinite(found.estimate):
        return "-"
    sign = "x " if found.kind == "times" else ""
    form = ".3g" if found.kind == "times" else "+.2f"
    said = f"{sign}{found.estimate:{form}}"
    return said + (
        f" ({found.low:{form}} .. {found.high:{form}})" if math.isfinite(found.low) else ""
    )
