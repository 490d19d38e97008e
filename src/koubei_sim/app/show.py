"""An `Answer` as the page shows it: pictures with words for those who do not see them, and tables.

HTML of our own, without any script; everything that came from a visitor is escaped.
Called by `page`, and by `server` to have the first picture drawn before anybody comes.
"""

from __future__ import annotations

import base64
import math
import threading
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final

import numpy as np

from koubei_sim import metrics, plots
from koubei_sim.app.answers import Answer
from koubei_sim.app.design import FIRST, SECOND
from koubei_sim.app.words import say
from koubei_sim.metrics.words import outcome_in
from koubei_sim.plots.files import picture

#: Settings of matplotlib are those of the process: one figure at a time.
_DRAWING: Final = threading.Lock()
_SIZE: Final = (5.4, 3.5)
_WIDE: Final = (7.0, 4.2)  # of what has a long note

STYLE: Final = """<style>
.koubei-note { color: #4b5563; font-size: 0.8rem; line-height: 1.35; margin: 0 0 0.6rem; }
h2.koubei-title { font-size: 1.1rem; font-weight: 700; margin: 0; }
.koubei-pictures { display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 23rem), 1fr)); }
.koubei-pictures img { width: 100%; max-width: 46rem; height: auto; background: white; }
.koubei-scroll { overflow-x: auto; }
.koubei-table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
.koubei-table caption { text-align: left; font-weight: 600; padding: 0.6rem 0 0.3rem; }
.koubei-table th, .koubei-table td { text-align: right; padding: 0.25rem 0.7rem;
  border-bottom: 1px solid #d1d5db; }
.koubei-table th:first-child { text-align: left; font-weight: 500; }
@media (max-width: 48rem) { .koubei-results { padding-top: 2.5rem; } }
.koubei-said { margin: 0.3rem 0; }
.koubei-wrong { border-left: 4px solid #b91c1c; padding: 0.5rem 0.8rem; color: #991b1b;
  background: #fef2f2; overflow-wrap: anywhere; }
</style>"""


def page(html: str) -> str:
    """Return results with their look."""
    return f'{STYLE}<main class="koubei-results">{html}</main>'


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


# Pictures -----------------------------------------------------------------------------------------


#: Called when it is the turn of a picture; may end it.
Look = Callable[[], None]


def _nothing() -> None:
    """Let a picture be drawn, whatever was asked for meanwhile."""


def pyramid(answer: Answer, lang: str, look: Look = _nothing) -> str:
    """Return the pyramid of the visitor's design."""
    run = answer.second
    scale = run.scenario.people_per_agent
    levels = {
        name: round(float(np.median([count(h)[-1] for h in run.histories])) * scale)
        for name, count in (
            ("users", metrics.users),
            ("loyal", metrics.loyal_and_above),
            ("die_hard", metrics.die_hard_and_core),
        )
    }
    alt = say(
        "alt_pyramid", lang, days=run.scenario.ticks, worlds=run.replicates,
        name=name_of(FIRST if answer.settings.same else SECOND, answer, lang), **levels,
    )  # fmt: skip
    return _image(lambda ax, spoken: plots.pyramid(run, ax=ax, lang=spoken), alt, lang, look)


def strata(answer: Answer, lang: str, look: Look = _nothing) -> str:
    """Return the kinds of pairs; nothing where both designs are one."""
    found = answer.comparison
    if found is None:
        return ""
    shares = [f"{share:.0%}" for share in found.strata("users")["share"]]
    kinds = dict(zip(("both", "only", "lone", "neither"), shares, strict=True))
    alt = say("alt_strata", lang, worlds=found.replicates, **kinds)
    return _image(
        lambda ax, spoken: plots.strata(found, ax=ax, lang=spoken), alt, lang, look, _WIDE
    )


def effect(answer: Answer, lang: str, look: Look = _nothing) -> str:
    """Return the effect over time; nothing where there is no interval yet."""
    found = answer.comparison
    if found is None or answer.done == 1:
        return ""
    names = {word: name_of(design, answer, lang) for word, design in
             (("name", SECOND), ("other", FIRST))}  # fmt: skip
    alt = say("alt_effect", lang, **names)
    return _image(lambda ax, spoken: plots.compare(found, ax=ax, lang=spoken), alt, lang, look)


def _image(
    draw: Callable[[Any, Any], object],
    alt: str,
    lang: str,
    look: Look,
    size: tuple[float, float] = _SIZE,
) -> str:
    with _DRAWING:
        look()  # who has waited for others may have moved on
        drawn = picture(draw, lang, "svg", size)
    data = base64.b64encode(drawn).decode("ascii")
    return f'<img alt="{escape(alt, quote=True)}" src="data:image/svg+xml;base64,{data}">'


def pictures(*images: str) -> str:
    """Return images side by side, or one below the other where it is narrow."""
    return f'<div class="koubei-pictures">{"".join(images)}</div>'


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
