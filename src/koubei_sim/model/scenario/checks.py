"""Rules that involve several parts of a scenario at once.

Called by `Scenario` when it is made, so a scenario that exists is one that can be built.  Each
rule is a small function that raises one `KoubeiError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from koubei_sim.core.codes import (
    MAX_CHANNELS,
    MAX_GOODS,
    MAX_NODES,
    MAX_PRODUCTS,
    MAX_SEGMENTS,
    MAX_TICKS,
)
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.mechanisms.events import MOST_LIFT, faded, occurrences
from koubei_sim.model.mechanisms.numbers import halving
from koubei_sim.model.mechanisms.seeding import enthusiasts_wanted

if TYPE_CHECKING:
    from koubei_sim.model.scenario.content import Content

#: Of an event: factors that multiply where events overlap.
LIFTS = ("lift_tell", "lift_visibility", "lift_retelling")


def check(scenario: Content, own_people: bool = False) -> None:
    """Run all rules; the first one broken raises.

    With `own_people` the shares of the segments say nothing of who is there.

    Raises
    ------
    KoubeiError
        Naming the dotted path that is wrong.
    """
    _sizes(scenario)
    _shares(scenario)
    _names(scenario)
    _seeds(scenario, own_people)
    _events(scenario)
    _telling_is_possible(scenario)


def _sizes(scenario: Content) -> None:
    for where, entries, most, least in (
        ("segments", scenario.segments, MAX_SEGMENTS, 1),
        ("channels", scenario.channels, MAX_CHANNELS, 1),
        ("products", scenario.products, MAX_PRODUCTS, 1),
        ("nodes", scenario.nodes, MAX_NODES, 0),
        ("goods", scenario.goods, MAX_GOODS, 0),
    ):
        if not least <= len(entries) <= most:
            raise KoubeiError(
                where, "wrong number of entries", got=len(entries), allowed=f"{least}..{most}"
            )
    if scenario.ticks > MAX_TICKS:
        raise KoubeiError("ticks", "out of range", got=scenario.ticks, allowed=f"1..{MAX_TICKS}")
    for name, channel in scenario.channels.items():
        network = channel.network
        if network is None:
            continue
        where = f"channels.{name}.network"
        if network.kind == "complete" and scenario.n_agents > 20000:
            raise KoubeiError(
                where,
                "a complete graph of so many people",
                got=scenario.n_agents,
                allowed="n_agents up to 20000",
                fix="a board, or erdos_renyi",
            )
        if channel.tie == "weight" and network.kind != "file":
            raise KoubeiError(
                f"channels.{name}.tie",
                "only a file has weights",
                got="weight",
                allowed="none, overlap",
                fix="overlap",
            )


def _shares(scenario: Content) -> None:
    total = sum(segment.share for segment in scenario.segments.values())
    if abs(total - 1.0) > 1e-9:
        raise KoubeiError(
            "segments",
            "the shares must add up to 1",
            got=round(total, 12),
            allowed="1",
            fix="set all shares at once",
        )


def _known(where: str, name: str | None, names: Iterable[str], what: str) -> None:
    known = list(names)
    if name is not None and name not in known:
        raise KoubeiError(
            where,
            f"unknown {what}",
            got=name,
            allowed=", ".join(known) or "none",
            fix=nearest(name, known),
        )


def _names(scenario: Content) -> None:
    channels: Mapping[str, object] = scenario.channels
    for name, segment in scenario.segments.items():
        for channel in segment.membership:
            _known(f"segments.{name}.membership", channel, channels, "channel")
    for name, node in scenario.nodes.items():
        _known(f"nodes.{name}.channel", node.channel, channels, "channel")
    for name, event in scenario.events.items():
        _known(f"events.{name}.channel", event.channel, channels, "channel")
    for name, media in scenario.media.items():
        _known(f"media.{name}.channel", media.channel, channels, "channel")
        _known(f"media.{name}.product", media.product, scenario.products, "product")
    for name, good in scenario.goods.items():
        _known(f"goods.{name}.product", good.product, scenario.products, "product")
    _known("seeding.channel", scenario.seeding.channel, scenario.feeds, "feed")
    _known("loyalty.tribe", scenario.loyalty.tribe, scenario.feeds, "feed")
    _known("seeding.home", scenario.seeding.home, scenario.channels, "channel")
    for name, product in scenario.products.items():
        if product.taste_group is not None and product.taste_group >= scenario.market.taste_groups:
            raise KoubeiError(
                f"products.{name}.taste_group",
                "no such taste group",
                got=product.taste_group,
                allowed=f"0..{scenario.market.taste_groups - 1}",
                fix="a larger market.taste_groups",
            )


def _seeds(scenario: Content, own_people: bool) -> None:
    seeding = scenario.seeding
    if seeding.strategy == "ids":
        if len(seeding.ids) > scenario.n_agents:
            raise KoubeiError(
                "seeding.ids",
                "more seeds than people",
                got=len(seeding.ids),
                allowed=f"0..{scenario.n_agents}",
            )
        return  # who they are is known where the graphs are
    seeds = scenario.seed_agents
    if seeds > scenario.n_agents:
        raise KoubeiError(
            "seeding.number", "more seeds than people", got=seeds, allowed=f"0..{scenario.n_agents}"
        )
    if seeding.strategy not in ("random", "active") and seeds and not scenario.feeds:
        raise KoubeiError(
            "seeding.strategy",
            "this strategy needs a feed",
            got=seeding.strategy,
            allowed="random, active, ids",
            fix="random",
        )
    if own_people or seeding.among or scenario.agents_table is not None:
        return  # the shares of the table decide, and are checked when it is read
    pure = enthusiasts_wanted(seeds, seeding.purity)
    there = scenario.n_agents * sum(s.share for s in scenario.segments.values() if s.enthusiast)
    for wanted, have, kind in (
        (pure, there, "enthusiasts"),
        (seeds - pure, scenario.n_agents - there, "newbies"),
    ):
        if wanted > have + 0.5:
            raise KoubeiError(
                "seeding.purity",
                f"it takes {wanted} {kind}, about {have:.0f} exist",
                got=seeding.purity,
                allowed="0..1 with enough people of both kinds",
                fix="another purity, or fewer seeds",
            )


def _events(scenario: Content) -> None:
    meeting: dict[int, str] = {}
    alone: dict[tuple[str, str, int], str] = {}  # of what an event must have alone
    lift: dict[tuple[str, int], tuple[float, ...]] = {}
    for name, event in scenario.events.items():
        if event.offline and event.new_ties and scenario.channels[event.channel].medium == "board":
            raise KoubeiError(
                f"events.{name}.new_ties",
                "a board has no ties",
                got=event.new_ties,
                allowed="0",
                fix="0",
            )
        kept = halving(event.fade, min(event.length, scenario.ticks))
        by_day = [faded(getattr(event, one), kept).tolist() for one in LIFTS]
        for start, end in occurrences(event, scenario.ticks):
            if event.offline:
                if start in meeting:
                    raise KoubeiError(
                        f"events.{name}.start",
                        f"a meeting on tick {start} already ({meeting[start]})",
                        got=event.start,
                        fix="another day",
                    )
                meeting[start] = name
            for tick in range(start, end):
                place = (event.channel, tick)
                for what in ("gain", "ride", "winners"):
                    has = getattr(event, what) > 0
                    if has and (what, *place) in alone:
                        raise KoubeiError(
                            f"events.{name}.start",
                            f"overlaps {alone[what, *place]} on {event.channel} at tick {tick}, "
                            f"and {what} is above 0 in both",
                            got=event.start,
                            fix=f"other days, or {what} = 0",
                        )
                    if has:
                        alone[what, *place] = name
                before = lift.get(place, (1.0,) * len(LIFTS))
                today = [lifted[tick - start] for lifted in by_day]
                lift[place] = tuple(x * y for x, y in zip(before, today, strict=True))
                if max(lift[place]) > MOST_LIFT:
                    raise KoubeiError(
                        f"events.{name}.{LIFTS[lift[place].index(max(lift[place]))]}",
                        f"overlapping lifts multiply to too much at tick {tick}",
                        got=max(lift[place]),
                        allowed=f"at most {MOST_LIFT:g}",
                        fix="other days",
                    )


def _telling_is_possible(scenario: Content) -> None:
    """Refuse rates that would saturate for everybody: they hide that the rate has no effect."""
    online = scenario.participation.online
    for name, channel in scenario.channels.items():
        if channel.tell > online:
            raise KoubeiError(
                f"channels.{name}.tell",
                "more tellings a day than days online",
                got=channel.tell,
                allowed=f"0..{online:g} (participation.online)",
                fix="a larger participation.online",
            )
