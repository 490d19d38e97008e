"""What stands where on the page, and what happens when a control is moved.

The cells of `page` call these functions with marimo in hand, so that this file can be read, typed
and tested without it.
Called by `page`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from typing import Any

from koubei_sim import checks
from koubei_sim.app import show
from koubei_sim.app.answers import Answer
from koubei_sim.app.design import (
    MOST_BYTES,
    MOST_DAYS,
    MOST_MONEY,
    MOST_PEOPLE,
    MOST_WORLDS,
    Moved,
    Opened,
    Settings,
    code_of,
    opened,
    own_people,
    people_at_first,
    settings_from,
    uploaded,
)
from koubei_sim.app.desk import READY, Desk
from koubei_sim.app.levers import levers_of, mechanisms_of
from koubei_sim.app.opening import KEY, VALUE, WORLDS, Opening
from koubei_sim.app.words import CHOICE, say
from koubei_sim.core.stopping import Stopped
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.chinese import text_in

logger = logging.getLogger("koubei_sim")


class Visitor:
    """What the page remembers of a visitor between two moves of a control.

    Attributes
    ----------
    opening : Opening
    source : Opened
        The scenario that was chosen last, from the list or by upload.
    kept : Moved
        The design that is compared with.
    begin : Moved
        Where the levers stand when they are drawn anew.
    settings : Settings or None
        The last ones that were sound.
    seen : str
        Charts and tables that are seen.
    """

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.source = opening.source
        self.kept = Moved()
        self.begin = Moved()
        self.settings: Settings | None = None
        self.seen = ""
        self._chosen: tuple[Any, Any] = (opening.source.name, None)

    def choose(self, preset: str, files: Any) -> str:
        """Take the scenario that was chosen or uploaded last; return the refusal, or nothing."""
        raw = files[0].contents if files else None
        before, self._chosen = self._chosen, (preset, raw)
        try:
            if raw is not None and raw != before[1]:
                self._take(uploaded(files[0].name, raw))
            elif preset != before[0]:
                known = self.opening.source
                self._take(known if preset == known.name else _preset(preset))
        except ValueError as error:
            return str(error)
        return ""

    def _take(self, source: Opened) -> None:
        self.source, self.kept, self.begin = source, Moved(), Moved()

    def keep(self) -> None:
        """Compare with the present design from now on."""
        if self.settings is not None:
            self.kept = self.begin = self.settings.second

    def reset(self) -> None:
        """Go back to the scenario as it is."""
        self.kept = self.begin = Moved()


def _preset(name: str) -> Opened:
    checks.word("scenario", name, list(Scenario.presets()))  # a path is nothing that a page names
    return opened(name)


# Controls -----------------------------------------------------------------------------------------


def choices(mo: Any, visitor: Visitor) -> tuple[Any, Any, Any]:
    """Return the controls for language, preset and a file of one's own."""
    lang = visitor.opening.lang
    spoken = {code: name for name, code in CHOICE.items()}
    names = list(dict.fromkeys((visitor.opening.source.name, *Scenario.presets())))
    return (
        mo.ui.dropdown(CHOICE, value=spoken[lang], label=say("language", lang), full_width=True),
        mo.ui.dropdown(
            names, value=visitor.source.name, label=say("scenario", lang), full_width=True
        ),
        mo.ui.file([".toml"], max_size=MOST_BYTES, label=say("upload", lang)),
    )


def levers(mo: Any, visitor: Visitor, source: Opened, lang: str) -> tuple[Any, Any]:
    """Return sliders by path, and the choice of mechanisms that are switched off."""
    stands = dict(visitor.begin.changes)
    sliders = {
        lever.path: mo.ui.slider(
            steps=lever.steps, value=lever.nearest(float(stands.get(lever.path, lever.value))),
            label=escape(lever.label(lang)), debounce=True, show_value=True, full_width=True,
        )
        for lever in levers_of(source.scenario)
    }  # fmt: skip
    known = mechanisms_of(source.scenario, lang)
    chosen = [text for text, name in known.items() if name in visitor.begin.off]
    off = mo.ui.multiselect(known, value=chosen, label=say("off", lang), full_width=True)
    return mo.ui.dictionary(sliders), off


def sizes(mo: Any, visitor: Visitor, source: Opened, lang: str) -> Any:
    """Return the controls for size, luck and money."""
    scenario, fixed = source.scenario, own_people(source.scenario)
    people = people_at_first(scenario, visitor.opening.people)

    def number(low: float, high: float, step: float, value: float, word: str) -> Any:
        return mo.ui.number(
            low, high, step, value, debounce=True, label=say(word, lang), full_width=True,
            disabled=fixed and word == "people_simulated",
        )  # fmt: skip

    return mo.ui.dictionary(
        {
            "value_per_user": number(0, MOST_MONEY, 1, VALUE, "value_per_user"),
            "budget": number(0, MOST_MONEY, 1, 0, "budget"),
            "people": number(1, MOST_PEOPLE, 1, min(people, MOST_PEOPLE), "people_simulated"),
            "days": number(1, MOST_DAYS, 1, scenario.ticks, "days_simulated"),
            "worlds": number(1, MOST_WORLDS, 1, WORLDS, "worlds"),
            "key": number(0, 2**31 - 1, 1, KEY, "key"),
        }
    )


def buttons(mo: Any, visitor: Visitor, turn: Callable[[Any], None], lang: str) -> Any:
    """Return the buttons that keep the present design, and that go back to the scenario."""

    def does(action: Callable[[], None]) -> Callable[[Any], None]:
        def clicked(_: Any) -> None:
            action()
            turn(lambda times: times + 1)

        return clicked

    return mo.ui.dictionary(
        {
            name: mo.ui.button(label=say(name, lang), on_change=does(action), full_width=True)
            for name, action in (("keep", visitor.keep), ("reset", visitor.reset))
        }
    )


def sidebar(
    mo: Any, lang: str, source: Opened, choice: tuple[Any, Any, Any], sliders: Any, off: Any,
    size: Any, pressed: Any,
) -> Any:  # fmt: skip
    """Return all controls, in groups that open."""
    language, preset, upload = choice
    groups: dict[str, list[Any]] = {}
    for lever in levers_of(source.scenario):
        note = f'<p class="koubei-note">{escape(lever.note(lang))}</p>'
        groups.setdefault(lever.title(lang), []).extend([sliders[lever.path], mo.Html(note)])
    money = groups.setdefault(say("money", lang), [])
    money[:0] = [size["value_per_user"], size["budget"]]
    groups[say("mechanisms", lang)] = [off]
    groups[say("size", lang)] = [size[name] for name in ("people", "days", "worlds", "key")]
    opens = mo.accordion(
        {title: mo.vstack(parts, gap=0.25) for title, parts in groups.items()},
        multiple=True, expanded=[say("seeds", lang)],
    )  # fmt: skip
    title = text_in(lang, "scenarios", source.scenario.title or source.name)
    head = mo.Html(f'<h2 class="koubei-title">{escape(title)}</h2>')
    parts = [head, language, preset, upload, opens, pressed["keep"], pressed["reset"]]
    return mo.sidebar(mo.vstack(parts, gap=0.75), width="24rem")


def read(
    visitor: Visitor, source: Opened, values: Mapping[str, Any], off: Any, size: Mapping[str, Any]
) -> tuple[Settings | None, str]:
    """Return what the controls say, and nothing; or nothing, and why it is refused."""
    try:
        found = settings_from(
            source, size["people"], size["days"], size["worlds"], size["key"], values, off,
            visitor.kept, size["value_per_user"], size["budget"],
        )  # fmt: skip
    except ValueError as error:
        return None, str(error)
    visitor.settings = found
    visitor.begin = found.second
    return found, ""


# Results ------------------------------------------------------------------------------------------


def answer(
    mo: Any, desk: Desk, visitor: Visitor, settings: Settings | None, refusal: str, lang: str
) -> Any:
    """Return what is seen at once; a thread of the visitor's shows what becomes known.

    The thread ends when something newer is asked for, or when marimo has ended the visitor's own
    thread, from which this is called.
    """
    number = desk.take()
    if settings is None or refusal:
        visitor.seen = ""
        return mo.Html(show.page(show.wrong(KoubeiError(*refusal.split(": ", 1)), lang), lang))
    visitors = threading.current_thread()

    def work() -> None:
        try:
            for found in desk.answers(settings, number, visitors.is_alive):
                desk.show(number, partial(seen, show.status(found, lang), results(found, lang)))
        except Stopped:
            pass
        except Exception as error:
            if not isinstance(error, ValueError):
                logger.exception("a run of the page failed")
            desk.show(number, partial(seen, show.wrong(error, lang)))

    def seen(said: str, html: str = "") -> None:
        visitor.seen = html
        mo.output.replace(mo.Html(show.page(said + html, lang)))

    mo.Thread(target=work, name="desk", daemon=True).start()
    waits = show.paragraph(say("waiting" if READY.is_set() else "compiling", lang), "status")
    return mo.Html(show.page(waits + visitor.seen, lang))


def results(found: Answer, lang: str) -> str:
    """Return what is known as HTML: charts, then tables."""
    return show.charts(found, lang) + show.findings(found, lang) + show.plan(found, lang)


def downloads(mo: Any, desk: Desk, settings: Settings | None, lang: str) -> Any:
    """Return what can be taken along: scenario, code, table and report."""
    if settings is None:
        return mo.Html("")
    scenario = settings.design(settings.second)

    def table() -> bytes:
        return _known(desk).table().to_csv().encode()

    def report() -> bytes:
        text: str = _reported(_known(desk)).to_html()
        return text.encode()

    parts = [
        mo.download(scenario.to_toml().encode(), f"{scenario.name}.toml", "application/toml",
                    label=say("toml", lang)),
        mo.download(code_of(settings).encode(), "again.py", "text/x-python",
                    label=say("code", lang)),
        mo.download(table, "findings.csv", "text/csv", label=say("csv", lang)),
    ]  # fmt: skip
    if hasattr(desk.answer and _reported(desk.answer), "to_html"):
        parts.append(mo.download(report, "report.html", "text/html", label=say("report", lang)))
    stack = mo.hstack(parts, justify="start", wrap=True, gap=0.5)
    return mo.Html(f'<section aria-label="{say("along", lang)}">{stack.text}</section>')


def _known(desk: Desk) -> Answer:
    if desk.answer is None:
        raise KoubeiError("download", "nothing was run yet")
    return desk.answer


def _reported(found: Answer) -> Any:
    return found.second if found.comparison is None else found.comparison
