"""`shapley`: an effect divided fairly among modules, or groups of changes, whatever the order.

All subsets share their luck, so the shares of a replicate add up to its effect, on the scale on
which effects do: chances as differences, counts and money in the logarithm.
Called by people.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Backend, Engine, whole
from koubei_sim.core.draws import drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics.hurdle import LEAST, more
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.neutral import neutral_paths
from koubei_sim.runs.options import options_from, outcome_from, scenario_from, texts
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome
from koubei_sim.studies.compare.attribution import check_modules
from koubei_sim.studies.compare.criterion import Criterion
from koubei_sim.studies.compare.strata import on_scale, scaled, told_rows
from koubei_sim.studies.sweep.engine import Study, Tell, execution_from, kept_key

if TYPE_CHECKING:
    import pandas as pd

#: Up to so many players all subsets are run; beyond, orders are sampled.
MOST_EXACT: Final = 6
#: Purpose of the draws of sampled orders; tick: number of the order (the model uses below 100).
DRAW_PLAYERS: Final = 198


@dataclass(frozen=True, eq=False, repr=False)
class Shapley(Look):
    """Shares of an effect.

    Attributes
    ----------
    players : tuple of str
    outcome : str or callable
    shares : (M, R) array
        Share of each player in each replicate of which the outcome is told, on the scale on which
        effects add up: counts and money in the logarithm, the rest in units of the outcome.
    effect : (R,) array
        What all players together make, on that scale; in each replicate the shares add up to it.
    chances : (M, Q) array
        Share of each player in whether a replicate takes off, in all replicates.
    chance : (Q,) array
        What all players together make of it: 1, 0 or -1.
    exact : bool
        Over all subsets; else over sampled orders, whose luck is in the intervals too.
    key : int
    dropped : int
        Replicates that `shares` leaves out: not all subsets took off, or the outcome is undefined
        in one.
    """

    players: tuple[str, ...]
    outcome: Outcome
    shares: NDArray[np.float64]
    effect: NDArray[np.float64]
    chances: NDArray[np.float64]
    chance: NDArray[np.float64]
    exact: bool
    key: int
    dropped: int = 0

    def table(self) -> pd.DataFrame:
        """Return one row a player, and the row ``all`` of their sum.

        ``take_off`` with ``take_off_low``, ``take_off_high``: share in the effect on the chance of
        take-off, a difference; ``take_off_part``: that over the whole effect.  ``share``, ``low``,
        ``high``, ``part``: the same of the outcome, where all subsets take off, in ``n``
        replicates; of ``times`` (``kind``) the factors of the players multiply to that of all, and
        ``part`` is of the logarithm.  Intervals are 95 %.
        """
        from koubei_sim.looks.frames import Table

        rows = {}
        pairs = (*zip(self.chances, self.shares, strict=True), (self.chance, self.effect))
        for name, (chances, shares) in zip((*self.players, "all"), pairs, strict=True):
            found = on_scale(self.outcome, shares, np.zeros(shares.size), self.key)
            rows[name] = {
                **on_scale("take_off", chances, np.zeros(chances.size)).columns("take_off"),
                "take_off_part": _part(chances, self.chance),
                "share": found.estimate,
                "low": found.low,
                "high": found.high,
                "part": _part(shares, self.effect),
                "kind": found.kind,
                "n": found.n,
            }
        shown = ["take_off", "take_off_low", "take_off_high", "share", "low", "high", "part", "n"]
        return Table.from_dict(rows, orient="index").rename_axis("player").told(shown)

    def __repr__(self) -> str:
        """Say the effect of all, and the shares in it."""
        named, n = str(Criterion(self.outcome)), self.effect.size
        lines = [f"{named}, {self.chance.size} replicates, {n} of them told, key {self.key}"]
        if n < LEAST:
            lines[0] += f": too few replicates ({more(self.chance.size, n)} more)"
        for name, row in self.table().iterrows():
            sign = "x " if row["kind"] == "times" else ""
            form = ".4g" if sign else "+.4g"
            lines.append(
                f"  {name}: take-off {row['take_off']:+.2f}"
                f"{_ends(row['take_off_low'], row['take_off_high'], '+.2f')}; "
                f"{named} {sign}{row['share']:{form}}{_ends(row['low'], row['high'], form)}"
            )
        return wrapped("\n".join(lines))


def _ends(low: float, high: float, form: str) -> str:
    return f" (95 % {low:{form}} .. {high:{form}})" if math.isfinite(low + high) else ""


def _part(shares: NDArray[np.float64], effect: NDArray[np.float64]) -> float:
    total = float(effect.sum())
    return float(shares.sum()) / total if total else math.nan


def shapley(
    scenario: Any,
    players: Iterable[str] | Mapping[str, Mapping[str, Any]],
    outcome: Outcome = "users",
    replicates: int = 20,
    rng: object = None,
    orders: int = 8,
    threads: int | None = None,
    *,
    networks: object = None,
    agents: Any = None,
    engine: Engine = "compiled",
    out: str | Path | None = None,
    backend: Backend | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool | Tell | Told | None = None,
) -> Shapley:
    """Divide an effect among modules, or among groups of changes.

    Parameters
    ----------
    scenario : Scenario, preset name or path
    players : iterable of str, or mapping of str to changes
        Names of modules: the effect is that of having all of them on, against all neutral.  Or
        groups of changes at dotted paths: the effect is that of making all of them.
    outcome : str or callable
        A measure (`metrics.measure`), told of the replicates in which all subsets take off (where
        nothing takes off anywhere, of all); or a function of (history, scenario), told of all.
    replicates, rng, threads, networks, agents, engine, progress
        As in `koubei_sim.run`; all subsets share the key.
    out, backend, workers, scheduler : optional
        As in `sweep`: with a folder the same call again goes on with what is not finished.
    orders : int
        With more than `MOST_EXACT` players: orders sampled for each replicate, in pairs of an
        order and its reverse (so an even number).

    Returns
    -------
    Shapley

    Notes
    -----
    The share of i is ``sum over S without i of |S|! (m - |S| - 1)! / m! (v(S + i) - v(S))``
    (Shapley 1953, in Contributions to the Theory of Games II:307-317), for each replicate; over
    sampled orders it is the mean of what i adds when its turn comes (Castro, Gomez and Tejada
    2009, Computers and Operations Research 36:1726-1730).  In both cases the shares of a
    replicate add up to its effect.  v is taken twice: 1 where a run takes off and else 0, over all
    replicates; and the outcome on the scale on which effects add up, `log(1 + x)` of counts and
    money, over the replicates in which all subsets take off.  No other scale has both parts: a
    mean over the dead and the living adds up, but is a share of neither.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> base = Scenario.load("tiny").replace(n_agents=300, ticks=20)
    >>> found = shapley(base, ["events", "relays", "replies"], "adoptions", replicates=3, rng=1)
    >>> bool(abs(found.shares.sum(axis=0) - found.effect).max() < 1e-9)
    True
    """
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    options = options_from(kept_key(rng, execution.out), networks, agents, engine)
    key, own = options.key, options.own_people
    scenario = scenario_from("scenario", scenario, own)
    names = texts("players", players)
    check_modules(names)
    make = _variants(scenario, names, players, own)
    outcome = outcome_from(outcome)
    number, orders = whole("replicates", replicates, 1), whole("orders", orders, 2)
    if orders % 2:
        raise KoubeiError("orders", "must be even", got=orders, fix=str(orders + 1))
    make(frozenset(names)), make(frozenset())  # wrong changes are refused before a run
    exact = len(names) <= MOST_EXACT
    if exact:
        every = [frozenset(s) for k in range(len(names) + 1) for s in combinations(names, k)]
        cells = None
    else:  # which subsets a replicate needs is known before anything runs
        needed = set[tuple[frozenset[str], int]]()
        for replicate in range(number):
            noted = _Noted(replicate, needed)
            sampled_shares(names, noted, key, replicate, orders)
        every = sorted({subset for subset, _ in needed}, key=lambda s: (len(s), sorted(s)))
        cells = [(_name(subset), replicate) for subset, replicate in needed]
    variants = {_name(subset): make(subset) for subset in every}
    with Study(options, execution) as study:
        found = study.outcomes(variants, number, ("take_off", outcome), cells)
    taken, values = np.array([found[_name(subset)] for subset in every]).swapaxes(0, 1)
    horizon = float(min(of.ticks for of in variants.values()))

    def divided(table: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        worth = dict(zip(every, table, strict=True))
        if exact:
            return exact_shares(names, worth)
        rows = []
        for r in range(number):
            alone = {subset: float(values[r]) for subset, values in worth.items()}
            rows.append(sampled_shares(names, alone.__getitem__, key, r, orders))
        return np.array([row[0] for row in rows]).T, np.array([row[1] for row in rows])

    shares, effect = divided(scaled(outcome, values, horizon, taken))
    good = np.isfinite(shares).all(axis=0) & np.isfinite(effect) & told_rows(outcome, taken)[0]
    return Shapley(
        tuple(names),
        outcome,
        shares[:, good],
        effect[good],
        *divided(taken),
        exact,
        key,
        int((~good).sum()),
    )


def exact_shares(
    names: list[str], worth: Mapping[frozenset[str], NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares (M, R) and the effect (R,) from the worth of every subset.

    Weights are whole numbers, divided by m! once at the end: where outcomes are counts, all but
    that division is exact.

    Examples
    --------
    >>> import numpy as np
    >>> v = {
    ...     frozenset(s): np.array([float(x)]) for s, x in (("", 0), ("a", 1), ("b", 2), ("ab", 6))
    ... }
    >>> exact_shares(["a", "b"], v)[0].ravel().tolist()
    [2.5, 3.5]
    """
    m = len(names)
    effect = worth[frozenset(names)] - worth[frozenset()]
    shares = np.zeros((m, effect.size))
    for number, name in enumerate(names):
        others = [other for other in names if other != name]
        for size in range(m):
            weight = float(math.factorial(size) * math.factorial(m - size - 1))
            for chosen in combinations(others, size):
                before = frozenset(chosen)
                shares[number] += weight * (worth[before | {name}] - worth[before])
    return shares / float(math.factorial(m)), effect


def sampled_shares(
    names: list[str],
    worth: Callable[[frozenset[str]], float],
    key: int,
    replicate: int,
    orders: int,
) -> tuple[NDArray[np.float64], float]:
    """Return the shares (M,) and the effect of one replicate, over sampled orders.

    Each replicate has orders of its own, so that the interval over replicates holds both kinds of
    luck.
    """
    m = len(names)
    total = np.zeros(m)
    for number in range(orders // 2):
        order = np.argsort(drawn(m, key, DRAW_PLAYERS, replicate, number), kind="stable")
        for way in (order, order[::-1]):
            have: frozenset[str] = frozenset()
            before = worth(have)
            for player in way.tolist():
                have = have | {names[player]}
                after = worth(have)
                total[player] += after - before
                before = after
    return total / orders, worth(frozenset(names)) - worth(frozenset())


def _variants(
    scenario: Scenario, names: list[str], players: Any, own_people: bool
) -> Callable[[frozenset[str]], Scenario]:
    """Return the scenario in which only the given players act."""
    if not isinstance(players, Mapping):
        neutral_paths(scenario, names)
        return lambda on: scenario.changed(
            neutral_paths(scenario, [name for name in names if name not in on]), own_people
        )
    seen: dict[str, str] = {}
    for name, changes in players.items():
        if not isinstance(changes, Mapping):
            raise KoubeiError(
                f"players.{name}", "not a mapping of dotted paths to values", got=repr(changes)
            )
        for path in changes:
            if path in seen:
                raise KoubeiError(
                    f"players.{name}",
                    f"{path} is already changed by {seen[path]}, so neither has a share of its own",
                )
            seen[path] = name

    def make(on: frozenset[str]) -> Scenario:
        changes: dict[str, Any] = {}
        for name in names:
            if name in on:
                changes.update(players[name])
        return scenario.changed(changes, own_people)

    return make


class _Noted:
    """A worth of subsets that is not known yet: takes note of what is asked."""

    def __init__(self, replicate: int, needed: set[tuple[frozenset[str], int]]) -> None:
        self._replicate, self._needed = replicate, needed

    def __call__(self, subset: frozenset[str]) -> float:
        self._needed.add((subset, self._replicate))
        return 0.0


def _name(subset: frozenset[str]) -> str:
    return " + ".join(sorted(subset)) or "none"
