"""A scenario in plain words: who, where, what they do, what is on, who starts, what is assumed.

Called by `Scenario.describe` and ``koubei describe``.  The words are in `words.py`.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario.neutral import active
from koubei_sim.model.scenario.words import LANGUAGES, MODULE, WORDS

if TYPE_CHECKING:
    from koubei_sim.model.scenario.scenario import Scenario

COLUMNS = 80
LEAST_LINES, MOST_LINES = 40, 80
MOST_ENTRIES = 6  # events and campaigns told one by one


class _Words:
    """Templates of one language."""

    def __init__(self, lang: str):
        if lang not in LANGUAGES:
            raise KoubeiError("lang", "unknown language", got=lang, allowed=", ".join(LANGUAGES))
        self.number = LANGUAGES.index(lang)

    def __call__(self, name: str, /, **values: Any) -> str:
        return WORDS[name][self.number].format(**values)

    def module(self, name: str) -> str:
        return f"{name}: {MODULE[name][self.number]}"


def describe(scenario: Scenario, lang: str = "en") -> str:
    """Return the description; see `Scenario.describe`."""
    say = _Words(lang)
    on = [name for name, works in active(scenario).items() if works]
    off = [name for name in MODULE if name not in on]
    body = [*_head(scenario, say), *_parts(scenario, say)]
    tail = [*_start(scenario, say), *_assumed(scenario, say)]
    # From the longest form of the module lists to the shortest, the first that fits.
    lines: list[str] = []
    for on_apart, off_apart in ((True, True), (True, False), (False, False)):
        lines = [
            *body,
            *_modules(say, "on", on, on_apart),
            *_modules(say, "off", off, off_apart),
            *tail,
        ]
        if len(lines) <= MOST_LINES:
            break
    return "\n".join(lines)


def _head(scenario: Scenario, say: _Words) -> Iterator[str]:
    yield f"{scenario.title or scenario.name} ({scenario.name})"
    if scenario.description:
        yield from wrap(scenario.description, "")
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


def _parts(scenario: Scenario, say: _Words) -> Iterator[str]:
    yield say("who")
    for name, segment in scenario.segments.items():
        memberships = ", ".join(
            f"{c} {segment.membership.get(c, 1.0):.0%}" for c in scenario.channels
        )
        yield from wrap(
            say(
                "segment",
                name=name,
                share=segment.share,
                kind=say("enthusiasts" if segment.enthusiast else "newbies"),
                x=segment.expertise_a / (segment.expertise_a + segment.expertise_b),
                member=say("member", list=memberships),
            )
        )
    yield say("where")
    for name, channel in scenario.channels.items():
        common = {"name": name, "persuasion": channel.persuasion, "tell": channel.tell}
        if channel.network is None:
            text = say("board", readers=channel.readers_per_post, **common)
        else:
            text = say(
                "feed",
                kind=channel.network.kind,
                degree=channel.network.mean_degree,
                visibility=channel.visibility,
                **common,
            )
        yield from wrap(text + (say("opens", day=channel.opens_at) if channel.opens_at else ""))
    yield say("product")
    for name, product in scenario.products.items():
        yield from wrap(
            say(
                "item",
                name=name,
                quality=product.quality,
                difficulty=product.difficulty,
                every=product.release_interval,
                launch=say("launch", day=product.launch_at) if product.launch_at else "",
                price=say("price", price=product.price) if product.price else "",
            )
        )
    yield say("part")
    if not scenario.nodes:
        yield "  " + say("none")
    for name, node in scenario.nodes.items():
        where = say("on_channel", channel=node.channel) if node.channel else ""
        yield from wrap(
            say(
                "node",
                name=name,
                need=node.need,
                simple=node.simple,
                fun=node.fun,
                rewarding=node.rewarding,
                authentic=node.authentic,
                where=where,
            )
        )
    yield say("happens")
    yield from _happenings(scenario, say)
    yield say("do")
    yield from _doings(scenario, say)


def _happenings(scenario: Scenario, say: _Words) -> Iterator[str]:
    told = []
    for name, event in scenario.events.items():
        told.append(
            say(
                "event",
                name=name,
                what=say("meeting" if event.offline else "online_event"),
                channel=event.channel,
                start=event.start,
                length=event.length,
                every=say("every", days=event.every) if event.every else "",
            )
        )
    for name, media in scenario.media.items():
        told.append(
            say(
                "media",
                name=name,
                channel=media.channel,
                start=media.start,
                hazard=media.hazard,
                awareness=media.awareness,
            )
        )
    for text in told[:MOST_ENTRIES]:
        yield from wrap(text)
    if len(told) > MOST_ENTRIES:
        yield "  " + say("more", count=len(told) - MOST_ENTRIES)
    supply = scenario.supply
    if supply.enabled:
        told.append("")
        yield from wrap(
            say(
                "supply",
                units=supply.units,
                every=supply.every,
                start=supply.start,
                rounds=len(supply.rounds),
                invites=", ".join(map(str, supply.invites)),
            )
        )
    if scenario.market.rival:
        told.append("")
        yield from wrap(say("rival", day=scenario.market.rival[0].day))
    if not told:
        yield "  " + say("none")


def _doings(scenario: Scenario, say: _Words) -> Iterator[str]:
    loyalty, telling, service = scenario.loyalty, scenario.telling, scenario.service
    yield from wrap(
        say(
            "online",
            online=scenario.participation.online,
            join=scenario.participation.join,
            loyal=loyalty.loyal,
            die_hard=loyalty.die_hard,
            core=loyalty.core,
        )
    )
    yield from wrap(
        say(
            "tell",
            factor=", ".join(f"{x:g}" for x in telling.tier_factor),
            credibility=", ".join(f"{x:g}" for x in telling.credibility),
        )
    )
    yield from wrap(
        say(
            "unhappy",
            complaint=service.complaint,
            lapse=service.lapse,
            negativity=telling.negativity,
        )
    )
    yield from wrap(
        say(
            "leak",
            memory=_days(scenario.hearing.memory_half_life),
            aware=_days(scenario.hearing.awareness_half_life),
        )
    )


def _modules(say: _Words, title: str, names: list[str], apart: bool) -> Iterator[str]:
    yield say(title)
    if not names:
        yield "  " + say("none")
    elif apart:
        for name in names:
            yield from wrap(say.module(name))
    else:
        yield from wrap(", ".join(names))


def _start(scenario: Scenario, say: _Words) -> Iterator[str]:
    seeding = scenario.seeding
    yield say("start")
    number = len(seeding.ids) if seeding.strategy == "ids" else seeding.number
    simulated = scenario.seed_agents
    yield from wrap(
        say(
            "seeds",
            number=number,
            purity=seeding.purity,
            strategy=seeding.strategy,
            engagement=seeding.engagement,
            sim=say("simulated", count=simulated) if simulated != number else "",
        )
    )
    yield from wrap(say("aware", share=scenario.market.aware_at_start))


def _assumed(scenario: Scenario, say: _Words) -> Iterator[str]:
    from koubei_sim.model.scenario.fields import STRUCTURE
    from koubei_sim.model.scenario.parameters import parameter_table

    rows = [row for row in parameter_table(scenario) if not row.path.startswith("milestones")]
    levers = [row for row in rows if row.neutral != STRUCTURE or row.unit != "name"]
    assumed = sum("assumption" in row.provenance for row in levers)
    changed = sum(row.value != row.default for row in levers)
    yield say("assumed")
    yield from wrap(say("provenance", total=len(levers), assumed=assumed, changed=changed))
    yield from wrap(say("purity"))
    if scenario.milestones:
        yield from wrap(say("milestones", count=len(scenario.milestones)))


def _days(half_life: float) -> str:
    return "∞" if math.isinf(half_life) else f"{half_life:g}"


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
