"""Worlds, designs and networks of the study of three levers, and their runs.

A world is a draw of all doubtful parameters of the preset `xiaomi`, in a market of twenty thousand
people.  They are laid out on purpose: as many in each cell of two composites, the margin of a
newbie and the reproduction number, so that markets in which seeds cannot matter and markets that
die whatever is done are both there.  A design sets the three levers; all designs of a world share
its people, graphs and luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import koubei_sim as kb
from koubei_sim.model.scenario import parameter_table
from koubei_sim.studies import LatinHypercube, Table
from koubei_sim.studies.design.plan import make_sweep
from koubei_sim.studies.sweep.engine import SweepMeter, execution_from
from koubei_sim.studies.sweep.sweep import run_together

FloatArray = NDArray[np.float64]

KEY, SECOND = 20100816, 20111216  # of the study, and of its confirmation
PEOPLE = 20_000
SEEDS = 100
HORIZON = 730
DESIGN_PARTS: Final = ("simple", "rewarding", "fun", "authentic")

#: The levers.  A design that "costs" two points has four properties that add up to two.
PURITY: Final = {"ordinary": 0.1, "half": 0.5, "pure": 1.0}
ORDER: Final = {
    "forum first": {"weibo": 180, "wechat": 180, "qzone": 180},
    "feeds first": {"forum": 180},
    "all at once": {},
}
INTERACTION: Final = {
    "little": (0.1, 0.1, 0.1, 0.1),
    "balanced": (0.5, 0.5, 0.5, 0.5),
    "easy and true": (0.9, 0.1, 0.1, 0.9),
    "rewards and fun": (0.1, 0.9, 0.9, 0.1),
}
LEVELS: Final = (tuple(PURITY), tuple(ORDER), tuple(INTERACTION))
NAMES: Final = ("purity of seeds", "order of channels", "interaction design")


def market(people: int = PEOPLE, years: int = 2) -> kb.Scenario:
    """Return the market: the preset without gate, events and own media, with a hundred seeds.

    Staff is as many per head as in the preset; what the team reads and what the product learns from
    are the preset's numbers, not a two-hundred-and-fiftieth of them (assumption).
    """
    base = kb.Scenario.load("xiaomi")
    heads = people / (base.n_agents * base.people_per_agent)
    per_head: dict[str, Any] = {
        f"channels.{name}.service_capacity": max(1.0, one.service_capacity * heads)
        for name, one in base.channels.items()
        if one.service_capacity > 0
    }
    return base.replace(
        n_agents=people, people_per_agent=1.0, ticks=365 * years + 1, shared_world=True,
        events={}, media={}, milestones=(), start_date=None,
        **{"market.open_to_all": 0, "market.admission": 1.0, "channels.wechat.opens_at": 0,
           "seeding.number": SEEDS, "seeding.home": None,
           **per_head},
    )  # fmt: skip


def designs() -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the 36 designs: levels of the levers -> values at dotted paths."""
    found = {}
    for purity, order, interaction in product(*LEVELS):
        changes: dict[str, Any] = {"seeding.purity": PURITY[purity]}
        for channel in ("forum", "weibo", "wechat", "qzone"):
            changes[f"channels.{channel}.opens_at"] = ORDER[order].get(channel, 0)
        for node in ("vote", "report", "contest"):
            for part, value in zip(DESIGN_PARTS, INTERACTION[interaction], strict=True):
                changes[f"nodes.{node}.{part}"] = value
        found[purity, order, interaction] = changes
    return found


#: What a lever sets is never doubtful; prices act on nobody.
LEVERS: Final = ("seeding.purity", ".opens_at", ".simple", ".rewarding", ".fun", ".authentic")
#: So wide that newbies are at home in some worlds and lost in others.
WIDE: Final = {
    "products.miui.quality": (0.3, 1.0),
    "products.miui.difficulty": (0.05, 0.9),
    "products.miui.bar": (0.05, 0.6),
    "channels.wechat.persuasion": (0.03, 0.6),
    "channels.forum.persuasion": (0.1, 0.95),
}


@dataclass(frozen=True)
class Worlds:
    """Parameters of worlds, and the composites by which they were laid out.

    Attributes
    ----------
    columns : dict of str to list
        Dotted path -> value in each world.
    composites : dict of str to (W,) array
    margin, speed : (W,) int array
        Stratum of each world, 0 the lowest.
    edges : tuple of two arrays
        Borders of the strata.
    """

    columns: dict[str, list[Any]]
    composites: dict[str, FloatArray]
    margin: NDArray[np.int64]
    speed: NDArray[np.int64]
    edges: tuple[FloatArray, FloatArray]

    @property
    def number(self) -> int:
        """Number of worlds."""
        return int(self.margin.size)

    def first(self, number: int) -> Worlds:
        """Return some of them, evenly from all strata."""
        order = np.argsort(np.arange(self.number) % (self.number // number), kind="stable")
        rows = np.sort(order[:number])
        return Worlds(
            {path: [values[row] for row in rows] for path, values in self.columns.items()},
            {name: values[rows] for name, values in self.composites.items()},
            self.margin[rows], self.speed[rows], self.edges,
        )  # fmt: skip


def outcomes(*years: int) -> list[str]:
    """Return what is measured of each run after so many years; days count from 0."""
    names = ("take_off", "users", "loyal")
    return [f"{name}@{365 * year}" for name in names for year in years]


def drawn_worlds(key: int, strata: int = 8, each: int = 1, tried: int = 2500) -> Worlds:
    """Draw worlds: `each` in every cell of margin and speed in which there are any.

    Speed is the reproduction number of a pure seed's market in the logarithm; its strata, and those
    of the margin, are equally many of the draws between their 2 and 98 % quantiles.
    """
    base = market().replace(**{"seeding.purity": 1.0})
    around = kb.prior_sample(base, 1).ranges
    ranges: dict[str, Any] = {
        path: found for path, found in around.items()
        if not path.endswith(LEVERS) and "cost" not in path
    }  # fmt: skip
    ranges |= WIDE
    made = LatinHypercube(ranges, tried).points(base, key)
    columns = {path: list(values) for path, values in made.columns.items()}
    rows, found = [], []
    for row in range(tried):
        try:
            world = base.replace(**{path: values[row] for path, values in columns.items()})
        except kb.KoubeiError:
            continue  # a draw against the rules of a scenario
        rows.append(row)
        found.append(kb.composites(world))
    table = {name: np.array([one[name] for one in found]) for name in found[0]}
    known = np.isfinite(table["newbie_margin"]) & (table["reproduction"] > 0)
    axes = (table["newbie_margin"], np.log(np.maximum(table["reproduction"], 1e-12)))
    edges = tuple(np.quantile(axis[known], np.linspace(0.02, 0.98, strata + 1)) for axis in axes)
    cell = [np.searchsorted(edge, axis, side="right") - 1 for edge, axis in zip(edges, axes)]
    chosen = []
    for margin, speed in product(range(strata), repeat=2):
        inside = np.flatnonzero(known & (cell[0] == margin) & (cell[1] == speed))
        chosen += inside[:each].tolist()
    picked = [rows[place] for place in chosen]
    constant = {name for name, values in table.items() if not np.isfinite(values[chosen]).all()}
    return Worlds(
        {path: [values[row] for row in picked] for path, values in columns.items()},
        {name: values[chosen] for name, values in table.items() if name not in constant},
        cell[0][chosen], cell[1][chosen], edges,  # type: ignore[arg-type]
    )  # fmt: skip


#: Networks: changes of the market.  The two real ones lie in files that the project does not ship.
NETWORKS: Final[dict[str, dict[str, Any]]] = {
    "preset": {},
    "random": {
        f"channels.{name}.network": {"kind": "erdos_renyi", "mean_degree": degree}
        for name, degree in (("weibo", 15.0), ("wechat", 20.0), ("qzone", 15.0))
    },
    "circles": {
        f"channels.{name}.network": {"kind": "small_world", "mean_degree": degree, "rewire": 0.1}
        for name, degree in (("weibo", 16.0), ("wechat", 20.0), ("qzone", 16.0))
    },
    "followers": {
        f"channels.{name}.network": {
            "kind": "follow", "mean_degree": degree, "exponent": 2.3, "audience_cap": 0.03
        }
        for name, degree in (("weibo", 15.0), ("wechat", 20.0), ("qzone", 15.0))
    },
    "university": {
        "n_agents": 5180,
        "channels.wechat.network": {"kind": "file", "path": "fb100_johns_hopkins55.edges.gz"},
    },
    "music service": {
        "n_agents": 28_281,
        "channels.wechat.network": {"kind": "file", "path": "deezer_europe.edges.gz"},
    },
}  # fmt: skip


def runs(
    base: kb.Scenario,
    worlds: Worlds,
    wanted: Sequence[Mapping[str, Any]],
    key: int,
    out: Path,
    meter: SweepMeter,
    years: Sequence[int] = (2,),
) -> dict[str, FloatArray]:
    """Run designs in worlds: outcome -> [designs, worlds].  World w has luck of its own.

    Doubtful parameters that this market has not (of a graph that is given) are left as they are.
    """
    rows = {row.path for row in parameter_table(base)}
    columns = {
        path: values for path, values in worlds.columns.items()
        if path in rows or path.rpartition(".")[0] in rows
    }  # fmt: skip
    measured = outcomes(*years)
    plans = {
        str(number): make_sweep(
            base.replace(**changes), Table(columns), 1, key, "compiled", measured, luck="own"
        )
        for number, changes in enumerate(wanted)
    }
    for planned in plans.values():
        meter.expect(planned.runs)
    folders = {name: out / planned.digest()[:16] for name, planned in plans.items()}
    made = run_together(plans, execution_from(), meter, folders)
    return {
        outcome: np.array([made[str(k)].values(outcome)[:, 0] for k in range(len(plans))])
        for outcome in measured
    }
