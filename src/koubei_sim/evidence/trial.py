"""`experiment`: tests of a treatment on a network where what it does is known.

Whom to treat: people, clusters, egos, periods?  And how to read the result?  In a simulated world
the answer is known, since *the same world with everybody treated* is one run more: the same luck of
each person, nothing else changed.  Called by people.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import Bass, IndependentCascade, checks
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.benchmark import WORDS as SEEN
from koubei_sim.evidence.design import Model
from koubei_sim.evidence.designs import Design, Drawn, designs_of
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.effects import EFFECTS, Treatment, Trial, check_model, share_adopting
from koubei_sim.evidence.estimators import Estimate, read
from koubei_sim.evidence.hazard import Hazard
from koubei_sim.evidence.observation import observe
from koubei_sim.evidence.terms import listed_words
from koubei_sim.evidence.worlds import as_record, simulate, truth
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics.intervals import wilson
from koubei_sim.networks import Network, TemporalNetwork, as_network

if TYPE_CHECKING:
    import pandas as pd

ON: Final = ("listener", "teller", "tie")
USUAL: Final = tuple(EFFECTS)
NOTHING: Final = 1e-9  # an effect below this is none


@dataclass(frozen=True, eq=False, repr=False)
class Experiment(Look):
    """Estimates of a total effect by each design and estimator; made by `experiment`.

    Parameters
    ----------
    cells : DataFrame
        A row a design, estimator and world: ``estimate``, ``low``, ``high``, ``failed``.
    treated, untreated : (worlds,) float64 arrays
        The share that adopts in the same world with everybody treated, and with nobody.
    units : dict
        How many units each design assigns.
    key : int
    """

    cells: pd.DataFrame
    treated: NDArray[np.float64]
    untreated: NDArray[np.float64]
    units: dict[str, int]
    key: int

    @property
    def truth(self) -> float:
        """What a treatment of all would add to the share that adopts, mean over worlds."""
        return float((self.treated - self.untreated).mean())

    def table(self) -> pd.DataFrame:
        """Return a row a design and estimator.

        Returns
        -------
        DataFrame
            ``units`` that are assigned; ``truth``, the mean effect of a treatment of all on the
            share that adopts; ``estimate``, its mean; ``bias`` and ``bias_share`` (of the truth);
            ``spread``, the standard deviation over worlds; ``width``, the mean width of the 95 %
            interval; ``covered``, the share of worlds in which it holds `truth`, with a 95 %
            interval of Wilson; ``covered_own``, the effect in that very world; ``power``, the share
            in which it leaves out 0 on the right side (on either where the truth is 0: false
            alarms); ``failed``, worlds without an estimate.
        """
        from koubei_sim.looks.frames import Table

        own = self.treated - self.untreated
        rows = []
        for (design, name), cell in self.cells.groupby(["design", "estimator"], sort=False):
            good = cell[cell.estimate.notna()]
            values, low, high = (good[word].to_numpy() for word in ("estimate", "low", "high"))
            n = int(np.isfinite(low).sum())
            covered = (low <= self.truth) & (self.truth <= high)
            mine = own[good.world.to_numpy()]
            side = low > 0.0 if self.truth > 0.0 else high < 0.0
            if abs(self.truth) < NOTHING:
                side = (low > 0.0) | (high < 0.0)
            bias = float(values.mean()) - self.truth if values.size else math.nan
            ends = wilson(int(covered.sum()), n)
            rows.append({
                "design": design, "estimator": name, "units": self.units[str(design)],
                "truth": self.truth, "estimate": bias + self.truth, "bias": bias,
                "bias_share": bias / self.truth if self.truth else math.nan,
                "spread": float(values.std(ddof=1)) if values.size > 1 else math.nan,
                "width": float((high - low).mean()) if n else math.nan,
                "covered": covered.sum() / n if n else math.nan,
                "covered_low": ends[0], "covered_high": ends[1],
                "covered_own": ((low <= mine) & (mine <= high)).sum() / n if n else math.nan,
                "power": side.sum() / n if n else math.nan,
                "failed": len(cell) - len(good),
            })  # fmt: skip
        return Table(rows).set_index(["design", "estimator"])

    def __repr__(self) -> str:
        """Say what a treatment of all would do."""
        return wrapped(
            f"Experiment({len(self.units)} designs, {self.treated.size} worlds; all treated "
            f"{self.treated.mean():.3f}, nobody {self.untreated.mean():.3f}, key {self.key})"
        )


def experiment(
    network: Any,
    rule: Any,
    change: Mapping[str, float],
    on: Literal["listener", "teller", "tie"] = "listener",
    assign: Any = ("people",),
    *,
    estimators: Any = USUAL,
    formula: str | None = None,
    seen: Mapping[str, Any] | None = None,
    worlds: int = 100,
    share: float = 0.5,
    periods: int = 20,
    seeds: Any = None,
    block: int = 2,
    rng: Any = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> Experiment:
    """Try designs and estimators of an experiment in worlds where the effect is known.

    Parameters
    ----------
    network : Network, graph of another library, or Diffusion
        Who hears whom; of a record also its seeds, periods and covariates (its adoptions are not
        looked at).
    rule : Hazard, (formula, values), Bass or IndependentCascade
        What is true: a fit of `kb.hazard`; a formula with values by name, such as ``("constant +
        ties(share)", {"constant": 0.01, "ties(share)": 0.2})``; a rule with one p (and q).
    change : mapping
        Factors while treated: ``{"p": 1.5}`` of the base hazard of a listener, ``{"q": 1.5}`` of
        the push of ties.  Of an independent cascade p is the chance of an arc.
    on : {"listener", "teller", "tie"}
        Whose treatment changes an arc: of who hears, of who tells (a reward for referrals), or of
        both (a reward for both sides).  A base hazard is the listener's.
    assign : list or mapping of name to design
        ``"people"``; clusters, a number or name for each person (`kb.clusters`); ``"ego"``, egos
        with all their neighbours, of which the egos are compared; ``"switchback"``, everybody, in
        some periods.
    estimators : list of names, or mapping of name to estimator
        *difference* of the arms; *exposure*, a regression on own treatment and the share of
        treated neighbours; *model*, a hazard with a weight for each arm, played with all and with
        none treated.  One of your own is a function: ``f(d) -> {"estimate":, "low":, "high":}``,
        where ``d.treatments`` holds ``treated``, ``unit`` and ``counted`` (not asked about
        switchback).
    formula : str, optional
        The hazard that *model* takes for true; that of the rule unless given.
    seen : mapping, optional
        Words of `kb.observe`: what of the world the analyst sees.
    worlds : int
    share : float
        Of the units that are treated.
    periods, seeds
        Number of periods, and people who are active from the start, where a network is given.
    block : int
        Periods of a block of a switchback.
    rng
        Source of the key.
    progress : bool or callable, optional

    Returns
    -------
    Experiment

    Raises
    ------
    KoubeiError
        In one line: a change that the rule has not, a design or an estimator that is none.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> net = kb.networks.watts_strogatz(300, 6, 0.1, key=1)
    >>> rule = kb.Bass(0.02, 0.2)
    >>> found = kb.experiment(
    ...     net,
    ...     rule,
    ...     {"q": 1.5},
    ...     "teller",
    ...     worlds=4,
    ...     rng=7,
    ...     assign=("people", kb.clusters(net)),
    ...     estimators=["difference"],
    ... )
    >>> found.table().index.tolist()
    [('people', 'difference'), ('clusters', 'difference')]
    """
    d = _record(network, periods, seeds)
    model, values, change = _true(d, rule, change)
    treatment = _treatment(model, change, on)
    number = checks.whole("worlds", worlds, 2)
    part = checks.number("share", share, 0.01, 0.99)
    key = checks.key(rng)
    designs = designs_of(assign, d.network, key, checks.whole("block", block, 1), d.periods)
    tried = _estimators(estimators)
    says = model.formula if formula is None else formula
    if "model" in tried:
        check_model(d, says, treatment)
    if not isinstance(seen, (Mapping, type(None))):
        raise KoubeiError("seen", "not words of kb.observe by name", got=repr(seen))
    for word in seen or {}:
        checks.word("seen", word, SEEN)

    def play(treated: Any, when: Any) -> NDArray[np.int64]:
        made = treatment.changes(model, values, d, treated, when)
        return simulate(model, values, d, key, number, changes=made)

    everybody = share_adopting(play(None, None), d)
    nobody = share_adopting(simulate(model, values, d, key, number), d)
    rows: list[tuple[Any, ...]] = []
    total = len(designs) * number
    with checks.told(progress, total) as tell:
        for place, design in enumerate(designs):
            drawn = design.draw(key, number, part, d.periods)
            at = play(drawn.treated, drawn.when)
            for world in range(number):
                trial = _trial(d, at, design, drawn, world, treatment, says, key)
                for name, estimator in tried.items():
                    found, why = _asked(name, estimator, trial, seen)
                    rows.append((design.name, name, world, *found[:3], why))
                if tell is not None:
                    tell(place * number + world + 1, total)
    import pandas as pd

    columns = ["design", "estimator", "world", "estimate", "low", "high", "failed"]
    units = {
        one.name: -(-d.periods // one.block) if one.block else one.count for one in designs
    }  # fmt: skip
    return Experiment(pd.DataFrame(rows, columns=columns), everybody, nobody, units, key)


def _record(network: Any, periods: int, seeds: Any) -> Diffusion:
    if isinstance(network, Diffusion):
        if seeds is not None:
            raise KoubeiError("seeds", "a record has its own", fix="d.replace(seeds=seeds)")
        d = network
    else:
        count = checks.whole("periods", periods, 2)
        known = isinstance(network, (Network, TemporalNetwork))
        graph = network if known else as_network(network)
        d = Diffusion(graph, [None] * graph.n_nodes, count, start=1, seeds=seeds)
    if isinstance(d.network, TemporalNetwork):
        raise KoubeiError("network", "contacts, not ties", got="TemporalNetwork",
                          allowed="a Network")  # fmt: skip
    return d


def _true(
    d: Diffusion, rule: Any, change: Any
) -> tuple[Model, NDArray[np.float64], dict[str, float]]:
    """Return the rule as a hazard with values, and the change in its terms."""
    if not isinstance(change, Mapping) or not change:
        raise KoubeiError("change", "not factors by name", got=repr(change), allowed="p, q")
    factors = {
        checks.word("change", name, ("p", "q")): checks.number(f"change.{name}", factor, 0.0, 1e3)
        for name, factor in change.items()
    }
    if isinstance(rule, Hazard):
        if rule.link != "additive":
            raise KoubeiError("rule", "pushes do not add up", got=rule.link, allowed="additive")
        if rule.effects is not None:
            raise KoubeiError("rule", "effects of groups are not played", got="groups(random)")
        return rule.model, rule.values, factors
    if isinstance(rule, Bass):
        p, q = _one("rule.p", rule.p), _one("rule.q", rule.q)
        step = 1.0 if rule.dt is None else rule.dt
        given = {"constant": p * step, "ties(share)": q * step}
        return *truth(d, "constant + ties(share)", given), factors
    if isinstance(rule, IndependentCascade):
        if "q" in factors:
            raise KoubeiError("change", "an arc has a chance p only", got="q", allowed="p")
        p = min(_one("rule.p", rule.p), 1.0 - 1e-12)
        name = "ties(count, window=1)"
        # One chance for each new neighbour: 1 - (1 - p)^k is a hazard of -k log(1 - p).
        there = math.log1p(-min(p * factors["p"], 1.0 - 1e-12))
        factor = there / math.log1p(-p) if p > 0.0 else 1.0
        return *truth(d, name, {name: -math.log1p(-p)}), {"q": factor}
    if isinstance(rule, tuple) and len(rule) == 2 and isinstance(rule[1], Mapping):
        return *truth(d, rule[0], dict(rule[1])), factors
    raise KoubeiError(
        "rule", "no rule of an experiment", got=type(rule).__name__,
        allowed="a Hazard, (formula, values), Bass or IndependentCascade",
    )  # fmt: skip


def _one(where: str, value: Any) -> float:
    if np.ndim(value) != 0 or isinstance(value, (str, Mapping)):
        raise KoubeiError(where, "not one number", got=type(value).__name__)
    return float(value)


def _treatment(model: Model, change: Mapping[str, float], on: str) -> Treatment:
    checks.word("on", on, ON)
    found = Treatment(change.get("p", 1.0), change.get("q", 1.0), on)
    if found.p != 1.0 and on != "listener":
        raise KoubeiError("change", "a base hazard is the listener's", got="p", fix='on="listener"')
    if found.p != 1.0 and not model.bins:
        raise KoubeiError("change", "the rule has no base hazard", got="p", allowed="q")
    if found.q != 1.0 and all(term.name != "ties" for term in model.push_terms):
        raise KoubeiError("change", "the rule has no ties", got="q", allowed="p")
    return found


def _estimators(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        listed = [given] if callable(given) else listed_words("estimators", given)
        given = {one if isinstance(one, str) else getattr(one, "__name__", "own"): one
                 for one in listed}  # fmt: skip
    found = {}
    for name, one in given.items():
        if isinstance(one, str):
            found[str(name)] = EFFECTS[checks.word("estimators", one, USUAL)]
        elif callable(one):
            found[str(name)] = one
        else:
            raise KoubeiError(f"estimators.{name}", "neither a name nor a function",
                              got=type(one).__name__)  # fmt: skip
    if not found:
        raise KoubeiError("estimators", "none given", allowed=", ".join(USUAL))
    return found


def _trial(
    d: Diffusion, at: NDArray[np.int64], design: Design, drawn: Drawn, world: int,
    treatment: Treatment, formula: str, key: int,
) -> Trial:  # fmt: skip
    record = as_record(d, at[world])
    treated = drawn.treated[:, min(world, drawn.treated.shape[1] - 1)]
    record.treatments = d.treatments | {
        "treated": treated.astype(np.float64),
        "unit": design.units.astype(np.float64),
        "counted": design.counted.astype(np.float64),
    }
    when = None if drawn.when is None else drawn.when[:, world]
    return Trial(record, when, treatment, formula, key, world)


def _asked(
    name: str, estimator: Any, trial: Trial, seen: Mapping[str, Any] | None
) -> tuple[Estimate, str]:
    """Return an estimate, or why there is none."""
    nothing = Estimate(math.nan)
    try:
        if seen:
            words = {"replicate": trial.number, "rng": trial.key} | dict(seen)
            trial = Trial(observe(trial.record, **words), *_rest(trial))
        if estimator in EFFECTS.values():
            found: Estimate = estimator(trial)
        elif trial.when is not None:
            return nothing, "not asked"
        else:
            found = read(name, estimator(trial.record))
    except KoubeiError as error:
        if error.where in ("record", "people"):
            return nothing, str(error)
        raise
    return found, "" if math.isfinite(found.estimate) else "not told"


def _rest(trial: Trial) -> tuple[Any, ...]:
    return trial.when, trial.treatment, trial.formula, trial.key, trial.number
