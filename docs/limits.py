"""Write docs/limits.md: what each module of a preset does, by switching it off, in counts.

``python docs/limits.py`` makes the page (some minutes on two cores).  It is made again by hand when
the preset or a rule changes, for which reason the page says what it was made of.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import koubei_sim as kb
from koubei_sim.metrics import mean_interval, took_off
from koubei_sim.model.mechanisms import MODULES
from koubei_sim.model.scenario import active

PAGE = Path(__file__).with_suffix(".md")
PRESET, AGENTS, PEOPLE_PER_AGENT = "xiaomi", 200_000, 5.0
REPLICATES, KEY, DAYS = 4, 20100816, (180, 365, 730)
BASE = "everything on"
TEXT = """# What each module of `{name}` does

After this page you can say what each module of the preset `{name}` does, in counts of people.

Each module switched off in turn, in a market of {people:,.0f} people: {agents:,} agents, {days}
days, {replicates} replicates, one key, so that all rows have the same luck. Made by
`python docs/limits.py` with version {version} of scenario {digest}.

Medians over replicates, in people: users on three days; loyal and die-hard, with those above, at
the end; complaints, and adoptions by channel, in all. *Took off*: replicates in which 1 % of the
people, and ten times the seeds, have adopted. `=`: no replicate differs. `~`: within noise, that is
the 95 % interval of the paired log ratio holds 0; no mark: beyond it, which is also so for one in
twenty of the numbers on which nothing acts. A change may be beyond noise, and small.

*Level kept* takes the differences between people away and leaves their mean, that of casual users
or that of the users of day {day}; switching off moves the mean as well
([comparing.md](comparing.md)).

| without | that is | {head} |
|---|---|{rule}
{table}

Not in force: {off}.
"""
Counts = dict[str, NDArray[np.float64]]


def arms(
    base: kb.Scenario, modules: Iterable[str], users: NDArray[np.int64]
) -> dict[str, tuple[str, kb.Scenario]]:
    """Return what is run besides the base: name of the row -> what it means, scenario.

    Parameters
    ----------
    base : Scenario
    modules : iterable of str
    users : (4,) int array
        Users by tier, at whose mean a level is kept besides that of casual users.
    """
    found = {}
    for name in modules:
        found[f"`{name}`"] = (f"not: {MODULES[name].en}", base.neutral(name))
        if MODULES[name].kept:
            kept = base.neutral(name, level="kept")
            found[f"`{name}`, level kept"] = ("all alike, at the mean", kept)
            weighted = base.neutral(name, level="kept", weights=users.tolist())
            if weighted != kept:
                found[f"`{name}`, level of day {DAYS[0]}"] = ("the mean of its users", weighted)
    return found


def counts(result: kb.Result) -> Counts:
    """Return the counts of the table, one a replicate."""
    data, ticks = result.data, result.scenario.ticks
    found = {"took off": np.array([float(took_off(h)) for h in result.histories])}
    for day in sorted({day for day in DAYS if day < ticks} | {ticks}):
        found[f"users, day {day}"] = data.users.values[:, day - 1]
    found["loyal"], found["die-hard"] = data.loyal.values[:, -1], data.die_hard.values[:, -1]
    found["complaints"] = total(data.complaints)
    for channel in result.scenario.channels:
        found[f"by {channel}"] = total(data.adoptions_channel.sel(channel=channel))
    found["by own media"] = total(data.adoptions_media)
    return found


def total(variable: Any) -> NDArray[np.float64]:
    """Return the sum over all that is counted, one a replicate."""
    return variable.sum([along for along in variable.dims if along != "replicate"]).values


def mark(one: NDArray[np.float64], base: NDArray[np.float64]) -> str:
    """Say how a change stands to luck: "=" none in any pair, "~" within noise, "" beyond it.

    Beyond noise is where the 95 % interval of the mean of log((one + 1) / (base + 1)), pair by pair
    under one key, leaves out 0.

    Examples
    --------
    >>> mark(np.array([5.0, 9.0]), np.array([5.0, 9.0])), mark(np.array([5.0]), np.array([9.0]))
    ('=', '~')
    """
    gap = np.log((one + 1.0) / (base + 1.0))
    if not gap.any():
        return "="
    _, low, high, _ = mean_interval(gap)
    return "" if low > 0.0 or high < 0.0 else "~"


def row(name: str, meaning: str, found: Counts, base: Counts) -> str:
    """Return one line of the table: medians with their marks."""
    took = found["took off"]
    cells = [f"{took.sum():.0f} of {took.size}"]
    for what, values in found.items():
        if what != "took off":
            sign = "" if found is base else mark(values, base[what])
            cells.append(f"{np.median(values):,.0f} {sign}".rstrip())
    return f"| {name} | {meaning} | {' | '.join(cells)} |"


def page(base: kb.Scenario, replicates: int, modules: Iterable[str] | None = None) -> str:
    """Return the page: of these modules, or of all in force."""
    on = active(base)
    first = kb.run(base, replicates, rng=KEY, progress=False)
    found = counts(first)
    tiers = np.median(first.data.by_tier.values[:, min(DAYS[0], base.ticks) - 1], axis=0)
    wanted = [name for name, acts in on.items() if acts] if modules is None else modules
    table = [row(BASE, "", found, found)]
    for name, (meaning, scenario) in arms(base, wanted, tiers).items():
        print(name, file=sys.stderr, flush=True)
        result = kb.run(scenario, replicates, rng=KEY, progress=False)
        table.append(row(name, meaning, counts(result), found))
    off = ", ".join(f"`{name}`" for name, acts in on.items() if not acts)
    return TEXT.format(
        name=base.name,
        people=base.n_agents * base.people_per_agent,
        agents=base.n_agents,
        days=base.ticks,
        replicates=replicates,
        version=kb.__version__,
        digest=base.digest()[:12],
        day=DAYS[0],
        head=" | ".join(found),
        rule="--:|" * len(found),
        table="\n".join(table),
        off=off or "none",
    )


if __name__ == "__main__":
    preset = kb.Scenario.load(PRESET)
    scaled = preset.replace(n_agents=AGENTS, people_per_agent=PEOPLE_PER_AGENT)
    PAGE.write_text(page(scaled, REPLICATES), encoding="utf-8")
