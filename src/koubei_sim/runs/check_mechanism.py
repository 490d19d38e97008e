"""`check_mechanism`: what every mechanism of the library is held to, for one of the user's own.

The readable rule and the compiled one must give the same bytes; at its neutral value the mechanism
must be an absent one; one more person may move nobody else; threads may change nothing.  Called by
people, before they believe a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim import checks
from koubei_sim.core.draws import draw, key_from, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.model.compiled import CompiledRun, run_compiled
from koubei_sim.model.reference import run_reference
from koubei_sim.model.scenario import Scenario, active
from koubei_sim.model.scenario.own import Mechanism
from koubei_sim.model.world.arrays import History, World
from koubei_sim.model.world.build import build_world
from koubei_sim.runs.differences import difference, log_differences

SHOWN = 4  # columns that are named where the rules part
DRAW_CHECK = 199  # purpose of the draws that make the worlds; no part of a model
_UNIT = 2.0**-64


@dataclass(frozen=True)
class MechanismCheck:
    """What was found; made only where all went well.

    Attributes
    ----------
    name : str
        Of the mechanism.
    worlds : int
        How many worlds it was tried in.
    busy : int
        In how many of these it did something.
    lines : tuple of str
        One line for each check.
    """

    name: str
    worlds: int
    busy: int
    lines: tuple[str, ...]

    def __repr__(self) -> str:
        """Return the lines."""
        return "\n".join((f"mechanism {self.name!r}", *(f"  {line}" for line in self.lines)))


def check_mechanism(
    mechanism: Mechanism, scenario: Any = "tiny", worlds: int = 20, rng: Any = 1
) -> MechanismCheck:
    """Try a mechanism of your own in small random worlds, on both engines.

    Parameters
    ----------
    mechanism : Mechanism
    scenario : Scenario, name of a preset or path, optional
        What the worlds are varied from: 60 to 250 people, 20 to 40 days, some of its modules
        off by chance.  The first world has the mechanism at its defaults, the others have its
        parameters drawn from their ranges.
    worlds : int
        How many, 1 or more.
    rng : int, SeedSequence or Generator, optional
        Decides the worlds.

    Returns
    -------
    MechanismCheck

    Raises
    ------
    KoubeiError
        In one line, at the first thing that is wrong: where the two rules part (with the tick, what
        differs there and the first event that differs), a neutral value that is none, people who
        are moved by one more person, bytes that depend on threads; also when the mechanism acts
        in less than a quarter of the worlds, so that little was shown.
    """
    if not isinstance(mechanism, Mechanism):
        raise KoubeiError(
            "mechanism", "wrong type", got=checks.shown(mechanism), allowed="kb.Mechanism"
        )
    worlds = checks.whole("worlds", worlds, 1)
    key = key_from(rng)
    base = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    where = f"mechanism {mechanism.name!r}"
    columns = [f"{mechanism.name}_{column}" for column in mechanism.columns]
    busy = 0
    for number in range(worlds):
        plain = _varied(base, key, number)
        drawn = _drawn(plain.with_mechanisms(mechanism), mechanism, key, number)
        world = build_world(drawn, key, number)
        one = run_compiled(world)
        _same(where, f"world {number}: compiled != readable", one, run_reference(world), columns)
        without = run_compiled(build_world(plain, key, number))
        busy += difference(_cut(one, without), without) is not None or _counts(one, without)
        if mechanism.neutral:
            off = run_compiled(build_world(drawn.neutral(mechanism.name), key, number))
            _same(f"{where}, neutral value", f"world {number}", _cut(off, without), without)
            if _counts(off, without):
                raise KoubeiError(f"{where}, neutral value", f"world {number}: it still counts")
        _one_more(where, number, world)
        for parts in (2, 3):
            run = CompiledRun(world, parts=parts)
            run.advance()
            _same(where, f"world {number}: 1 thread != {parts}", one, run.history(), columns)
    if 4 * busy < worlds or not busy:
        raise KoubeiError(
            where,
            f"it acts in only {busy} of {worlds} worlds, so little was shown",
            fix="a scenario in which it acts",
        )
    return MechanismCheck(
        mechanism.name,
        worlds,
        busy,
        (
            f"readable and compiled rule: the same bytes in {worlds} worlds, busy in {busy}",
            "neutral value: as if it did not exist"
            if mechanism.neutral
            else "neutral value: no parameter has one, so this was not looked at",
            "one more person: moves no event of another",
            "threads: 1, 2 and 3 give the same bytes",
        ),
    )


def _same(where: str, what: str, one: History, other: History, own: Any = ()) -> None:
    found = difference(one, other, own)
    if found is not None:
        event = next(log_differences(one, other), None)
        told = found.split("; ")
        if len(told) > SHOWN:  # the line would be cut before the event
            found = "; ".join([*told[:SHOWN], f"and {len(told) - SHOWN} more"])
        first = "" if event is None else f"; first event that differs: tick {event[0]}, {event[1]}"
        raise KoubeiError(where, f"{what}, {found}{first}")


def _cut(history: History, like: History) -> History:
    """Return a history without the columns of the user's own."""
    return history._replace(table=np.ascontiguousarray(history.table[:, : like.table.shape[1]]))


def _counts(history: History, without: History) -> bool:
    return bool(history.table[:, without.table.shape[1] :].any())


def _shares(key: int, number: int, count: int) -> list[float]:
    base = np.uint64(stream(np.uint64(key), number, DRAW_CHECK, 0, 0))
    return [int(draw(base, k)) * _UNIT for k in range(count)]


def _varied(base: Scenario, key: int, number: int) -> Scenario:
    """Return a small scenario like `base`, with modules off by chance."""
    modules = [name for name, on in active(base).items() if on and name != "supply"]
    size, days, *lots = _shares(key, number, 2 + len(modules))
    people = (60, 120, 250)[int(3 * size)]
    small = base.replace(
        n_agents=people,
        ticks=20 + int(21 * days),
        people_per_agent=1.0,
        **{"seeding.number": max(1, people // 12)},
    )
    off = [name for name, lot in zip(modules, lots) if lot < 0.2]
    return small.neutral(*off) if number and off else small


def _drawn(scenario: Scenario, mechanism: Mechanism, key: int, number: int) -> Scenario:
    """Return the scenario with the parameters of the mechanism drawn from their ranges."""
    if not number:
        return scenario
    changes: dict[str, Any] = {}
    shares = _shares(key, 1_000_000 + number, len(mechanism.parameters))
    for (name, given), share in zip(mechanism.parameters.items(), shares):
        noted, default = given.json_schema_extra, given.default
        if isinstance(default, bool):
            changes[f"{mechanism.name}.{name}"] = share < 0.5
            continue
        low = max(noted["low"] if noted["low"] is not None else 0.0, -1e6)
        high = min(*(h for h in (noted["high"], 1e6) if h is not None), 3.0 * abs(default) + 1.0)
        value = low + share * (max(high, low) - low)
        changes[f"{mechanism.name}.{name}"] = int(value) if isinstance(default, int) else value
    return scenario.replace(**changes)


def _one_more(where: str, number: int, world: World) -> None:
    """Compare with a world of one more person, who is nowhere and hears nothing.

    The order in which tellers are heard has an offset drawn among n people, so *who* gets the
    credit may change; what hangs on the credit is off.
    """
    rules = world.rules._replace(
        relay_on=0,
        supply_on=0,
        recruit_gain=0.0,
        event_gain=np.zeros_like(world.rules.event_gain),
        media_product=world.rules.media_product * 0,
    )
    n, people = rules.n, world.people
    longer = {
        name: np.append(values, values[:1] * 0)
        for name, values in people._asdict().items()
        if name not in ("seeds", "seed_day") and values.size == n
    }
    rows = tuple(np.append(r, r[-1:]) if r.size == n + 1 else r for r in world.graphs.indptr)
    fewer = world._replace(rules=rules)
    more = world._replace(
        people=people._replace(**longer),
        graphs=world.graphs._replace(indptr=rows),
        rules=rules._replace(n=n + 1),
    )
    lines = [_events(run_compiled(one), n) for one in (fewer, more)]
    for one, other in zip([*lines[0], None], [*lines[1], None], strict=False):
        if one != other:
            raise KoubeiError(
                f"{where}, one more person",
                f"world {number}: (tick, agent, kind, product) {one} became {other}",
                fix="draws addressed by the number of the person",
            )


def _events(history: History, n: int) -> list[tuple[int, ...]]:
    chosen = history.log_agent < n
    columns = (history.log_tick, history.log_agent, history.log_kind, history.log_product)
    return list(zip(*(column[chosen].tolist() for column in columns)))
