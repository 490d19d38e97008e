"""Faults and traps of the other packages, each shown by a run of a few lines.

``python -m benchmarks.peers.faults`` prints them; `tests/peers` asserts them, so that the page
"Coming from" never accuses a release that has been repaired.  Each function returns what was
observed, what the model promises, and whether the fault is there.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RUNS = 4000


@dataclass(frozen=True)
class Fault:
    """One observation."""

    package: str
    what: str
    observed: object
    promised: object
    there: bool


def _ndlib(kind: str, graph, runs: int = 0, *, edges=(), nodes=(), model=(), **states):
    """Return an NDlib model, or with `runs` the mean number infected beyond the seeds."""
    from ndlib.models import ModelConfig, epidemics

    from .with_ndlib import until_over

    settings = ModelConfig.Configuration()
    for tie, value in dict(edges).items():
        settings.add_edge_configuration("threshold", tie, value)
    for (label, person), value in dict(nodes).items():
        settings.add_node_configuration(label, person, value)
    for label, value in dict(model).items():
        settings.add_model_parameter(label, value)
    for state, people in states.items():
        settings.add_model_initial_configuration(state, people)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        built = getattr(epidemics, kind)(graph, seed=1)
        built.set_initial_status(settings)
    if not runs:
        return built
    seeds = states["Infected"]
    return float(np.mean([until_over(built.reset(seeds)) for _ in range(runs)])) - len(seeds)


def ndlib_partial_ties() -> Fault:
    """Probabilities of 19 of 20 ties: all are dropped, each tie gets 1 / number of neighbours."""
    import networkx

    star = networkx.star_graph(20)
    given = dict.fromkeys(list(star.edges)[:-1], 0.5)
    mean = _ndlib("IndependentCascadesModel", star, RUNS, edges=given, Infected=[0])
    return Fault(
        "NDlib", "independent cascade drops all given probabilities when one tie has none",
        mean, "19 * .5 + .1 = 9.6", abs(mean - 1.0) < 0.2,
    )  # fmt: skip


def ndlib_both_directions() -> Fault:
    """A probability for each direction of a mutual tie: all dropped, as there are too many."""
    import networkx

    star = networkx.star_graph(20)
    given = {tie: 0.5 for u, v in star.edges for tie in ((u, v), (v, u))}
    mean = _ndlib("IndependentCascadesModel", star, RUNS, edges=given, Infected=[0])
    return Fault(
        "NDlib", "independent cascade drops probabilities given per direction on a mutual graph",
        mean, "20 * .5 = 10", abs(mean - 1.0) < 0.2,
    )  # fmt: skip


def ndlib_one_generator() -> Fault:
    """A second model, built without a seed, makes a first model with a seed irreproducible."""
    import networkx
    from ndlib.models.epidemics import IndependentCascadesModel

    def sizes() -> tuple[int, ...]:
        complete = networkx.complete_graph(30)
        model = _ndlib("IndependentCascadesModel", complete, Infected=[0])
        IndependentCascadesModel(networkx.path_graph(2))
        return tuple(model.iteration()["node_count"][2] for _ in range(12))

    number = len({sizes() for _ in range(10)})
    return Fault(
        "NDlib", "all models share numpy's global generator, which every constructor reseeds",
        f"{number} different of 10 runs with one seed", "1", number > 1,
    )  # fmt: skip


def ndlib_blocked_cancels() -> Fault:
    """Profile: a blocked neighbour counts as -1 and hides an infected one."""
    import networkx

    willing = {("profile", person): 0.0 for person in range(3)}  # everybody adopts when asked
    model = _ndlib(
        "ProfileModel", networkx.path_graph(3), nodes=willing,
        model={"blocked": 0, "adopter_rate": 0}, Infected=[0], Blocked=[2],
    )  # fmt: skip
    model.iteration()
    adopted = 1 in model.iteration()["status"]
    return Fault(
        "NDlib", "profile: a blocked neighbour cancels an infected one",
        "adopts" if adopted else "is not asked", "adopts", not adopted,
    )  # fmt: skip


def ndlib_profile_turned() -> Fault:
    """Profile: the value is the chance to refuse, and `blocked` the chance not to be blocked."""
    import networkx

    leaves = 2000
    star = networkx.star_graph(leaves)
    profile = {("profile", person): 0.2 for person in star}
    model = _ndlib(
        "ProfileModel", star, nodes=profile, model={"blocked": 0.1, "adopter_rate": 0},
        Infected=[0],
    )  # fmt: skip
    model.iteration()
    count = model.iteration()["node_count"]
    adopted, blocked = (count[1] - 1) / leaves, count[-1] / leaves
    return Fault(
        "NDlib", "profile .2, blocked .1: shares who adopt and who are blocked",
        (adopted, blocked), "read off the names: .2 and .08", adopted > 0.7 and blocked > 0.15,
    )  # fmt: skip


def eon_percolation_broken() -> Fault:
    """`percolation_based_discrete_SIR` calls `discrete_SIR` without its third argument."""
    import EoN
    import networkx

    try:
        EoN.percolation_based_discrete_SIR(networkx.path_graph(3), 0.5, initial_infecteds=[0])
        said = "runs"
    except TypeError as error:
        said = f"TypeError: {error}"
    return Fault("EoN", "percolation_based_discrete_SIR", said, "runs", said != "runs")


def eon_percolation_undirected() -> Fault:
    """`percolate_network` turns a directed graph into an undirected one."""
    import EoN
    import networkx

    kept = EoN.percolate_network(networkx.DiGraph([(0, 1)]), 1.0)
    back = bool(kept.has_edge(1, 0))
    return Fault("EoN", "percolation of 0 -> 1 can be walked backwards", back, False, back)


def eon_recovered_counted_as_susceptible() -> Fault:
    """People given as recovered at the start are counted among the susceptible for ever."""
    import EoN
    import networkx

    _, susceptible, _, recovered = EoN.basic_discrete_SIR(networkx.path_graph(4), 1.0, [0], [2])
    first = int(susceptible[0]), int(recovered[0])
    return Fault("EoN", "S and R with one of four people recovered, one infected", first, (2, 1),
                 first == (3, 0))  # fmt: skip


def eon_seed_twice() -> Fault:
    """A person named twice among the seeds is counted twice."""
    import EoN
    import networkx

    _, susceptible, infected, _ = EoN.basic_discrete_SIR(networkx.path_graph(4), 0.0, [0, 0])
    first = int(susceptible[0]), int(infected[0])
    return Fault("EoN", "S and I with seeds [0, 0] of four people", first, (3, 1), first == (2, 2))


def cynetdiff_seed_twice() -> Fault:
    """A person named twice among the seeds tries each of its arcs twice."""
    from cynetdiff.models import IndependentCascadeModel

    model = IndependentCascadeModel(
        np.array([0, 1], np.uint32), np.array([1], np.uint32), activation_prob=0.5, rng=1
    )
    model.set_seeds([0, 0])
    reached = 0
    for _ in range(RUNS):
        model.reset_model()
        model.advance_until_completion()
        reached += model.get_num_activated_nodes() - 1
    share = reached / RUNS
    return Fault("CyNetDiff", "one arc, p=.5, seeds [0, 0]: share reached", share, 0.5,
                 share > 0.7)  # fmt: skip


def cynetdiff_unchecked() -> Fault:
    """A probability of 7 is taken without a word."""
    from cynetdiff.models import IndependentCascadeModel

    try:
        IndependentCascadeModel(
            np.array([0, 1], np.uint32), np.array([1], np.uint32), activation_prob=7.0
        )
        said = "taken"
    except (ValueError, AssertionError) as error:
        said = str(error)
    return Fault("CyNetDiff", "activation_prob=7", said, "refused", said == "taken")


def cynetdiff_reach_of_threshold() -> Fault:
    """Single precision: 1/19 added 19 times stays below 1, a threshold between is never met."""
    from cynetdiff.models import LinearThresholdModel

    k = 19
    model = LinearThresholdModel(
        np.arange(k + 1, dtype=np.uint32), np.full(k, k, np.uint32),
        influence=np.full(k, 1 / k, np.float32), rng=1,
    )  # fmt: skip
    model.set_seeds(list(range(k)))
    model._assign_thresholds(np.full(k + 1, np.nextafter(np.float32(1), np.float32(0))))
    model.advance_until_completion()
    size = model.get_num_activated_nodes()
    return Fault("CyNetDiff", "all 19 neighbours of one active, threshold just below 1: size",
                 size, k + 1, size == k)  # fmt: skip


def _epiworld_infected(k: int, p: float, pairs: int = 20_000) -> float:
    """Return the share of people infected in a day who have k infected neighbours each."""
    import epiworldpy

    def infect(virus, model) -> None:
        for person in range(pairs, pairs * (k + 1)):
            model.get_agent(person).set_virus(model, virus)

    virus = epiworldpy.Virus("word", 0, False, p, 0.0, 0.0)
    virus.set_state(1, 2, 2)
    virus.set_distribution(infect)
    model = epiworldpy.Model()
    model.add_state("susceptible", epiworldpy.UpdateFun.default_update_susceptible())
    model.add_state("infected", epiworldpy.UpdateFun.default_update_exposed())
    model.add_state("recovered")
    model.add_virus(virus)
    source = np.repeat(np.arange(pairs), k)
    target = pairs + np.arange(pairs * k)
    model.agents_from_edgelist(source.tolist(), target.tolist(), pairs * (k + 1), False)
    model.verbose_off()
    model.run(1, 5)
    return (int(model.get_db().get_today_total()["counts"][1]) - pairs * k) / pairs


def epiworld_one_or_none() -> Fault:
    """Two infected neighbours, p=.5: infected with chance 2/3, not 3/4."""
    share = _epiworld_infected(2, 0.5)
    return Fault("epiworld", "share infected in a day by two neighbours, p=.5", share, 0.75,
                 abs(share - 2 / 3) < 0.03)  # fmt: skip


def epiworld_backwards() -> Fault:
    """A directed tie 0 -> 1 lets 1 infect 0, not 0 infect 1 (documented, and easily missed)."""
    import epiworldpy

    virus = epiworldpy.Virus("word", 0, False, 1.0, 0.0, 0.0)
    virus.set_state(1, 2, 2)
    virus.set_distribution(lambda virus, model: model.get_agent(0).set_virus(model, virus))
    model = epiworldpy.Model()
    model.add_state("susceptible", epiworldpy.UpdateFun.default_update_susceptible())
    model.add_state("infected", epiworldpy.UpdateFun.default_update_exposed())
    model.add_state("recovered")
    model.add_virus(virus)
    model.agents_from_edgelist([0], [1], 2, True)
    model.verbose_off()
    model.run(3, 5)
    infected = int(model.get_db().get_today_total()["counts"][1])
    return Fault("epiworld", "infected after 3 days along 0 -> 1, p=1, 0 infected", infected, 2,
                 infected == 1)  # fmt: skip


FAULTS: dict[str, tuple[Callable[[], Fault], ...]] = {
    "ndlib": (
        ndlib_partial_ties, ndlib_both_directions, ndlib_one_generator, ndlib_blocked_cancels,
        ndlib_profile_turned,
    ),
    "EoN": (
        eon_percolation_broken, eon_percolation_undirected, eon_recovered_counted_as_susceptible,
        eon_seed_twice,
    ),
    "cynetdiff": (cynetdiff_seed_twice, cynetdiff_unchecked, cynetdiff_reach_of_threshold),
    "epiworldpy": (epiworld_one_or_none, epiworld_backwards),
}  # fmt: skip


if __name__ == "__main__":
    for functions in FAULTS.values():
        for function in functions:
            fault = function()
            print(
                f"{'there' if fault.there else 'GONE ':5}  {fault.package}: {fault.what}: "
                f"{fault.observed} (promised {fault.promised})"
            )
