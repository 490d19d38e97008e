"""`improve`: better seeds where nothing can be proven, by runs of the true model.

Thresholds, reinforcement and the fan pyramid have no reverse sets.  What stands in for them is an
independent cascade (the *surrogate*) whose best seeds, with rankings and circles, are what is
tried first; then seeds are swapped for others, judged world by world on common luck; and what was
found is compared with the start in worlds that had no part in the search.  docs/seeding.md 12.

Called by users.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, by_kind
from koubei_sim.cascades.paired import paired
from koubei_sim.cascades.rules import (
    SIR,
    DelayedCascade,
    FractionalSIR,
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    Reinforcement,
)
from koubei_sim.cascades.rules.base import Rule
from koubei_sim.cascades.rules.counting import needs_of_fractions
from koubei_sim.checks import Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics.hurdle import chance
from koubei_sim.metrics.intervals import Interval, mean_interval
from koubei_sim.model.mechanisms.population import enthusiasts
from koubei_sim.model.mechanisms.seeding import enthusiasts_wanted
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.seeds import allowed_by, by_kinds
from koubei_sim.model.world.surrogate import surrogate
from koubei_sim.networks import Network
from koubei_sim.networks.layer import Layer
from koubei_sim.runs.options import options_from, outcome_from, scenario_from
from koubei_sim.seeding.judge import Judge, Rows, RuleJudge, ScenarioJudge, Values, halved, name
from koubei_sim.seeding.moves import Place, every, moves
from koubei_sim.seeding.pool import checked_graph

if TYPE_CHECKING:
    import pandas as pd

RULES: Final = (
    IndependentCascade, LinearThreshold, FractionalThreshold, Reinforcement, DelayedCascade, SIR,
    FractionalSIR,
)  # fmt: skip
SETS: Final = 20  # random ones that try the surrogate
PARTS: Final = 5  # of the runs: random sets, first look, swaps (two), confirmation
SURE: Final = 3.0  # standard errors by which a swap must be better ...
SURE_FROM: Final = 8  # ... in as many worlds
BATCH: Final = 8  # swaps that are looked at together
CLEAR: Final = 1.0 - 1e-9  # a correlation of 1 has no Fisher's scale
APART: Final = 1 << 40  # first world of the surrogate: its luck is not that of the model
MOST_ARCS: Final = 1 << 28  # arcs times worlds of the surrogate
LEAST_RUNS: Final = 100


@dataclass(frozen=True, eq=False, repr=False)
class Improved(Look):
    """Seeds found by runs of the model, and what they are worth.

    Parameters
    ----------
    seeds : (k,) array
        Labels where people have them, or rows.  They are the `start` where nothing better was
        confirmed.
    start : (k,) array
        Where the search began.
    tried : (k,) array
        The best that the search found, confirmed or not.
    gain : Interval
        What `tried` is worth more than `start`, mean over pairs in fresh worlds, 95 %.
    better, worse, worlds : int
        In how many of these worlds it was better, and worse.
    value : Interval
        Mean outcome of `seeds` in the fresh worlds.
    took_off : (Interval, Interval)
        In what share of the fresh worlds the start, and the seeds, took off.
    correlation : Interval
        Rank correlation (Spearman's) of surrogate and model over random seed sets, 95 %; NaN where
        all these sets are worth the same.
    first : dict of str to float
        Mean outcome of each set of seeds of the first look, by where it came from.
    swaps : int
        How many swaps were taken.
    runs : int
        Runs of the model, all in all.
    key : int
    """

    seeds: NDArray[Any]
    start: NDArray[Any]
    tried: NDArray[Any]
    gain: Interval
    better: int
    worse: int
    worlds: int
    value: Interval
    took_off: tuple[Interval, Interval]
    correlation: Interval
    first: dict[str, float]
    swaps: int
    runs: int
    key: int

    def table(self) -> pd.DataFrame:
        """Return the first look: ``outcome`` of each set of seeds by where it came from."""
        from koubei_sim.looks.frames import Table

        found = Table({"outcome": self.first})
        return found.rename_axis("seeds").sort_values("outcome", ascending=False, kind="stable")

    def __repr__(self) -> str:
        """Say what was gained, in how many worlds, and how good the surrogate is."""
        gain, rho = self.gain, self.correlation
        kept = "" if gain.low > 0.0 else ", so the start is kept"
        ranks = (
            "all random seeds are worth the same"
            if math.isnan(rho.mean)
            else f"the surrogate ranks random seeds with {rho.mean:.2f} in {rho.low:.2f}.."
            f"{rho.high:.2f}"
        )
        return wrapped(
            f"Improved({len(self.seeds)} people, {gain.mean:+.6g} in {gain.low:+.6g}.."
            f"{gain.high:+.6g} over the start, better in {self.better} and worse in {self.worse} "
            f"of {self.worlds} fresh worlds{kept}; {ranks}; {self.runs} runs)"
        )


@dataclass(frozen=True)
class Task:
    """What is to be improved: people, their surrogate, and who judges."""

    judge: Judge
    network: Network  # one layer, without labels
    surrogate: Rule  # with live edges, on that network
    kind: NDArray[np.int64]  # (n,); -1: may not be chosen
    purity: float  # share of kind 1
    number: int | None  # of seeds
    labels: NDArray[Any] | None
    key: int


def improve(
    subject: Any,
    rule: Rule | None = None,
    k: int | None = None,
    *,
    networks: Any = None,
    agents: Any = None,
    start: Any = None,
    among: Any = None,
    outcome: Any = None,
    runs: int = 500,
    rng: Any = None,
    threads: int | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
    by: Naming = "label",
) -> Improved:
    """Search for better seeds by runs of the true model, and confirm them in fresh worlds.

    For what has no reverse sets: the fan pyramid with all that it has, thresholds, reinforcement.
    Nothing is proven: other seeds may be better still.

    Parameters
    ----------
    subject : Scenario, name or path of one; or Network, or a graph of another library
        The model in which seeds are judged.  Of a scenario people and graphs are those of one
        world, whatever its ``shared_world``, so that a name means the same person in every run.
    rule : Rule, optional
        Rule of cascades on a network; none for a scenario.
    k : int, optional
        How many seeds; those of `start`, or as many as the scenario has, without it.
    networks, agents : optional
        Graphs and people of your own for a scenario, as in `kb.run`.
    start : list of people, optional
        Seeds to begin from and to be compared with; the best ones of the surrogate without it.
    among : list of people, optional
        Who may be chosen; all without, or those of ``seeding.among``.
    outcome : str or callable, optional
        What seeds of a scenario are judged by: a measure such as ``"loyal"`` or ``"users@90"``, or
        a function of (history, scenario); ``"users"`` without it.  On a network it is the number
        of people reached.
    runs : int
        Most runs of the model in all, 100 or more: a fifth tries the surrogate, a fifth the first
        look, a fifth is left to confirm what was found, and the others are for swaps.
    rng : int, SeedSequence, Generator or None
        Source of the key of 64 bits; the same key gives the same bytes.
    threads : int, optional
        Runs side by side.  No result depends on it.
    progress : bool or callable, optional
        True for a bar; a callable is told (runs done, runs in all).
    by : {"label", "row"}
        How people are named, given and returned.

    Returns
    -------
    Improved

    Raises
    ------
    KoubeiError
        In one line, before anything runs: people, numbers, or a rule that do not fit.

    Notes
    -----
    Swaps keep the number of enthusiasts: purity stays what it is in the start, or in the scenario
    without one.

    Examples
    --------
    Whoever needs two tellers is won by no single seed: two neighbours take the whole lattice.

    >>> import koubei_sim as kb
    >>> net = kb.networks.lattice(12, 12, moore=True)
    >>> found = improve(net, kb.Reinforcement(2), 2, rng=1)
    >>> int(found.value.mean), found.gain.low > 0
    (144, True)
    """
    key, most = checks.key(rng), checks.whole("runs", runs, LEAST_RUNS)
    checks.word("by", by, ("label", "row"))
    with ExitStack() as stack:
        tell = stack.enter_context(checks.told(progress, most))
        if rule is None:
            task = _of_scenario(subject, outcome, networks, agents, key, most, threads, tell, by)
        else:
            for word, given in (("networks", networks), ("agents", agents), ("outcome", outcome)):
                if given is not None:
                    raise KoubeiError(word, "only of a scenario, but a rule is given")
            task = _of_rule(subject, rule, key, most, threads, tell, by)
        return _improve(task, k, start, among)


def _of_rule(
    subject: Any, rule: Rule, key: int, runs: int, threads: int | None, tell: Any, by: str
) -> Task:
    if isinstance(rule, Rule) and not isinstance(rule, RULES):
        raise KoubeiError(
            "rule", "seeds of it are not compared by how many they reach",
            got=type(rule).__name__, allowed=", ".join(each.__name__ for each in RULES),
        )  # fmt: skip
    arcs, labels = checked_graph(subject, rule, by)
    # One layer without labels: rows are names, and rankings see all arcs.
    layer = Layer("all", arcs.rows.indptr, arcs.rows.indices, arcs.rows.weights)
    network = Network((layer,))
    judge = RuleJudge(network, rule, key, checks.threads(threads), runs, tell)
    kind = np.zeros(arcs.n, np.int64)
    return Task(judge, network, _standing_in(rule, arcs), kind, 0.0, None, labels, key)


def _standing_in(rule: Rule, arcs: Arcs) -> Rule:
    """Return the surrogate of a rule: itself, or a cascade with 1 / needed tellers on an arc."""
    if isinstance(rule, IndependentCascade):
        return rule
    if isinstance(rule, LinearThreshold) and rule.method == "choice":
        return rule
    if isinstance(rule, FractionalThreshold):
        share = by_kind("threshold", rule.threshold, rule.kinds, arcs.network)
        need: Any = needs_of_fractions(share, arcs.into(), rule.strict)
    elif isinstance(rule, Reinforcement):
        need = by_kind("need", rule.need, rule.kinds, arcs.network)
    else:
        return IndependentCascade("weighted")
    each = 1.0 / np.maximum(1, np.broadcast_to(need, (arcs.n,)))
    return IndependentCascade(each[arcs.rows.indices])


def _of_scenario(
    subject: Any, outcome: Any, networks: Any, agents: Any, key: int, runs: int,
    threads: int | None, tell: Any, by: str,
) -> Task:  # fmt: skip
    options = options_from(key, networks, agents, threads=threads)
    scenario = _scenario(subject, options.own_people).replace(shared_world=True)
    options.inputs.check(scenario)
    measured = outcome_from("users" if outcome is None else outcome)
    simulation = options.simulation(scenario)
    simulation.check_memory(1)
    people, graphs = simulation.parts(0).population, simulation.parts(0).graphs
    found = surrogate(scenario, people, graphs)
    network = Network((Layer("all", found.indptr, found.indices),))
    kind = enthusiasts(scenario, people).astype(np.int64)
    may = allowed_by(scenario.seeding.among, simulation.who.table, kind.size)
    if may is not None:
        kind[~may] = -1
    judge = ScenarioJudge(scenario, options, measured, runs, tell)
    labels = simulation.who.names if by == "label" else None
    rule, purity = IndependentCascade(found.chance), scenario.seeding.purity
    return Task(judge, network, rule, kind, purity, scenario.seed_agents, labels, key)


def _scenario(subject: Any, own_people: bool) -> Scenario:
    try:
        return scenario_from("subject", subject, own_people)
    except KoubeiError as error:
        if error.where != "subject":
            raise
        raise KoubeiError(
            "subject", "neither a scenario nor a network with a rule", got=type(subject).__name__,
            fix="'tiny', or a network and a rule",
        ) from None  # fmt: skip


def _improve(task: Task, k: int | None, start: Any, among: Any) -> Improved:
    """Check who is asked for, search, and confirm."""
    judge, labels, key, kind = task.judge, task.labels, task.key, task.kind.copy()
    if among is not None:
        out = np.ones(kind.size, np.bool_)
        out[checks.rows_of("among", among, kind.size, labels)] = False
        kind[out] = -1
    given = None
    if start is not None:
        given = checks.rows_of("start", start, kind.size, labels).astype(np.int64)
    wanted = _wanted(task, kind, k, given)
    place = Place(task.network, kind, key)
    best = by_kinds(task.network, task.surrogate, kind, wanted, key)
    begin = best if given is None else given
    correlation = _ranked_alike(task, place, wanted)
    sets = {"start": begin}
    for way, order in place.rankings(wanted, best).items():
        rows = place.fitting([*order.tolist(), *place.in_any_order(1, 0).tolist()], wanted)
        if all(name(rows) != name(other) for other in sets.values()):
            sets[way] = rows
    leader = halved(judge, list(sets.values()), judge.runs // PARTS)
    first = {
        way: float(judge.of([rows], max(1, judge.known(rows))).mean()) for way, rows in sets.items()
    }
    limit = judge.runs - (judge.runs // PARTS if judge.worlds > 1 else 2)
    now = leader if _beats(judge, leader, begin, limit) else begin
    # The next best of the surrogate, too, are worth a trial.
    more = np.minimum(2 * wanted, np.bincount(kind[kind >= 0], minlength=wanted.size))
    hopeful = by_kinds(task.network, task.surrogate, kind, more, key)
    now, swaps = _swapped(judge, place, now, hopeful, limit)
    return _confirmed(task, begin, now, correlation, first, swaps)


def _wanted(
    task: Task, kind: NDArray[np.int64], k: int | None, start: Rows | None
) -> NDArray[np.int64]:
    """Return how many seeds of each kind are asked for, those of the start where there is one."""
    kinds = 1 if task.number is None else 2
    there = np.bincount(kind[kind >= 0], minlength=kinds)
    if start is not None:
        if np.unique(start).size != start.size:
            raise KoubeiError("start", "the same person twice")
        if (kind[start] < 0).any():
            raise KoubeiError("start", "holds somebody who may not be chosen", allowed="among")
        if k is not None and k != start.size:
            raise KoubeiError("k", "not as many as the start has", got=k, allowed=str(start.size))
        number = start.size
    elif k is not None:
        number = checks.whole("k", k, 1, int(there.sum()))
    elif task.number is None:
        raise KoubeiError("k", "missing", allowed="1 or more", fix="k=10")
    else:
        number = task.number
    if number == 0:
        raise KoubeiError("k", "nobody to choose", got=0, allowed="1 or more")
    if start is not None:
        return np.bincount(kind[start], minlength=kinds)
    pure = enthusiasts_wanted(number, task.purity)
    wanted = np.array([number] if kinds == 1 else [number - pure, pure])
    if (wanted > there).any():
        at = int(np.flatnonzero(wanted > there)[0])
        word = ("newbies", "enthusiasts")[at] if kinds == 2 else "people"
        raise KoubeiError(
            "k", f"it takes {wanted[at]} {word}, {there[at]} may be chosen", got=number
        )
    return wanted


def _ranked_alike(task: Task, place: Place, wanted: NDArray[np.int64]) -> Interval:
    """Return the rank correlation of surrogate and model over random seed sets.

    Source of the interval: Fieller, Hartley and Pearson 1957, on Fisher's scale.
    """
    judge = task.judge
    budget = judge.runs // PARTS
    number = min(SETS, budget)
    sets = [place.fitting(place.in_any_order(0, at).tolist(), wanted) for at in range(number)]
    model = judge.of(sets, max(1, budget // number)).mean(axis=1)
    reach = _reach(task, sets).mean(axis=1)
    if np.ptp(model) == 0.0 or np.ptp(reach) == 0.0:
        return Interval(math.nan, math.nan, math.nan, "none")
    from scipy.stats import rankdata

    rho = float(np.corrcoef(rankdata(model), rankdata(reach))[0, 1])
    middle, arm = math.atanh(min(max(rho, -CLEAR), CLEAR)), 1.96 * math.sqrt(1.06 / (number - 3))
    return Interval(rho, math.tanh(middle - arm), math.tanh(middle + arm), "Fisher")


def _reach(task: Task, sets: list[Rows]) -> Values:
    """Return how many the surrogate reaches from each set, in worlds of its own."""
    worlds = int(min(256, max(16, MOST_ARCS // max(1, task.network.n_arcs))))
    settings = {str(at): (task.surrogate, rows) for at, rows in enumerate(sets)}
    found = paired(task.network, settings, worlds, task.key, first=APART, threads=1)
    return found.sizes.astype(np.float64)


def _beats(judge: Judge, new: Rows, old: Rows, limit: int) -> bool:
    """Whether one set is surely better than another in the same worlds, run in more while unsure.

    Surely: by three standard errors of the mean difference, in at least eight worlds; where there
    is no luck, at all.
    """
    if name(new) == name(old):
        return False
    worlds = min(judge.worlds, max(SURE_FROM, judge.known(new)))
    while judge.spent + judge.lacking(new, worlds) + judge.lacking(old, worlds) <= limit:
        values = judge.of([new, old], worlds)
        gap = values[0] - values[1]
        mean = float(gap.mean())
        if judge.worlds == 1:
            return mean > 0.0
        if mean > SURE * float(gap.std(ddof=1)) / math.sqrt(worlds):
            return True
        if mean <= 0.0:
            return False
        worlds *= 2
    return False


def _swapped(
    judge: Judge, place: Place, seeds: Rows, hopeful: Rows, limit: int
) -> tuple[Rows, int]:
    """Swap while runs are left and there is something to try; return seeds and how many swaps."""
    left = limit - judge.spent
    listed = every(place, seeds.size, left) if judge.worlds == 1 else None
    stream = moves(place, seeds, hopeful) if listed is None else listed
    swaps, size = 0, BATCH if judge.worlds > 1 else 2 * BATCH
    while (left := limit - judge.spent) >= (5 * BATCH if judge.worlds > 1 else 2):
        batch = list(islice(stream, min(size, left)))
        if not batch or judge.of([seeds], max(1, judge.known(seeds))).min() >= judge.most:
            break
        winner = halved(judge, batch, max(3 * BATCH, left // 4))
        if _beats(judge, winner, seeds, limit):
            seeds, swaps = winner, swaps + 1
            if listed is None:
                stream = moves(place, seeds, hopeful)
    return seeds, swaps


def _confirmed(
    task: Task, start: Rows, tried: Rows, correlation: Interval, first: dict[str, float],
    swaps: int,
) -> Improved:  # fmt: skip
    """Compare what was found with the start in worlds that had no part in the search."""
    judge, same = task.judge, name(start) == name(tried)
    sets = [start] if same else [start, tried]
    if judge.worlds == 1:
        worlds, at = 1, 0
    else:
        worlds, at = max(1, (judge.runs - judge.spent) // len(sets)), judge.looked
        worlds = min(worlds, max(1, judge.runs // PARTS))
    values, taken = judge.look(sets, at, worlds)
    gap = values[-1] - values[0]
    if judge.worlds == 1:  # no luck: what is seen once is so
        gain = Interval(float(gap[0]), float(gap[0]), float(gap[0]), "exact")
    else:
        gain = mean_interval(gap, task.key)
    kept = -1 if gain.low > 0.0 else 0
    value = mean_interval(values[kept], task.key, 1)
    if judge.worlds == 1:
        value = Interval(value.mean, value.mean, value.mean, "exact")
    names = task.labels
    people = [rows.astype(np.int32) if names is None else names[rows] for rows in (start, tried)]
    return Improved(
        seeds=people[kept],
        start=people[0],
        tried=people[1],
        gain=gain,
        better=int((gap > 0.0).sum()),
        worse=int((gap < 0.0).sum()),
        worlds=worlds,
        value=value,
        took_off=(chance(taken[0]), chance(taken[kept])),
        correlation=correlation,
        first=first,
        swaps=swaps,
        runs=judge.spent,
        key=task.key,
    )
