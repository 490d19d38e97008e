"""In what two runs differ that makes their difference mean something else; notes of a comparison.

They are made in English; the page says them in its language (`reports.words.retold`).
Called by `comparison` and, for the words, by `page`.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from koubei_sim.reports.words import said

NOTES: Final[dict[str, tuple[str, str]]] = {
    "one_pair": ("one pair: no interval", "只有一对：没有区间"),
    "same": (
        "{name} and {baseline} are the same scenario: they cannot differ",
        "{name}与{baseline}是同一情景：不会有差别",
    ),
    "days": (
        "{name} runs {days} days, {baseline} {others}: outcomes at the end are of different days, "
        "users@{last} is of one",
        "{name}模拟{days}天，{baseline}模拟{others}天：期末结果不在同一天，users@{last}才是同一天",
    ),
    "size": (
        "{name} has {people:,} people, {baseline} {others:,}: counts are of markets of different "
        "size",
        "{name}有{people:,}人，{baseline}有{others:,}人：两者的人数来自规模不同的市场",
    ),
    "agents": (
        "an agent is {each:,} people in {name}, {others:,} in {baseline}: they share no people, "
        "and so little luck",
        "一个个体在{name}中代表{each:,}人，在{baseline}中代表{others:,}人：两者没有共同的人，"
        "因而几乎没有共同的运气",
    ),
    "other_networks": (
        "{name} was run with other networks than {baseline}",
        "{name}与{baseline}所用的网络不同",
    ),
    "other_agents": (
        "{name} was run with other agents than {baseline}",
        "{name}与{baseline}所用的人群不同",
    ),
}


def unlike(name: str, run: Any, baseline: str, base: Any) -> list[str]:
    """Say in what two runs differ that makes their difference mean something else."""
    one, other = run.scenario, base.scenario
    say = partial(said, NOTES)
    found, names = [], {"name": name, "baseline": baseline}
    if run is base or (
        one.digest() == other.digest() and not hasattr(run, "steps") and not hasattr(base, "steps")
    ):
        found.append(say("same", "en", **names))
    if one.ticks != other.ticks:
        last = min(one.ticks, other.ticks) - 1
        days = {"days": one.ticks, "others": other.ticks, "last": last}
        found.append(say("days", "en", **names, **days))
    people, others = (s.n_agents * s.people_per_agent for s in (one, other))
    if people != others:
        found.append(say("size", "en", **names, people=people, others=others))
    elif one.n_agents != other.n_agents:
        each = {"each": one.people_per_agent, "others": other.people_per_agent}
        found.append(say("agents", "en", **names, **each))
    supplied, known = (dict(getattr(r, "supplied", None) or {}) for r in (run, base))
    for part in sorted({*supplied, *known}):
        if supplied.get(part) != known.get(part):
            found.append(say(f"other_{part}", "en", **names))
    return found
