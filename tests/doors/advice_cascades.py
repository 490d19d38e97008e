"""What is advised about graphs, rules and cascades, and by the doors for scripts of others."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from tests.doors.advice_calls import (
    FRAME,
    GRAPH,
    MEETINGS,
    PATH,
    TWICE,
    WEIGHTED,
    WEIGHTED_MEETINGS,
    Trial,
    raising,
    ran,
    said,
    within,
    write,
)

import koubei_sim as kb
from koubei_sim import KoubeiError, Network, TemporalNetwork, as_network, networks
from koubei_sim.cascades import (
    SIR,
    SIS,
    Bass,
    CompetingCascades,
    IndependentCascade,
    LinearThreshold,
    NegativeCascade,
    RandomSeeds,
)
from koubei_sim.cascades.runner import Runner
from koubei_sim.compat import eon, ndlib
from koubei_sim.theory import branching, threshold
from verification import exact_laws as tiny

ONE_WAY = (np.array([0, 1, 1]), np.array([1]))  # indptr, indices
UNEVEN = ([0, 1], [1, 0], None, [0.2, 0.4])
MIB = 2.0**20
REGULAR = [0.0, 0.0, 0.0, 0.0, 1.0]  # everybody has four ties
TRIPLES = np.array([[0, 1, 0.5], [1, 2, 0.5]])
HALF = IndependentCascade(0.5)
FIFTY = Network.from_edges([0], [1], 50)
FANS = ["fan"] * 40 + ["newbie"] * 10
CROWD = Network.from_edges([0], [1], 5000)


def model_of(parameters: dict[str, float] | None) -> Any:
    """A model of NDlib's names; without parameters it has no start."""
    model = ndlib.SIRModel(nx.path_graph(3), rng=1)
    if parameters is not None:
        config = ndlib.Configuration()
        for label, value in parameters.items():
            config.add_model_parameter(label, value)
        config.add_model_initial_configuration("Infected", [0])
        model.set_initial_status(config)
    return model.iteration_bunch(2)


def crowded(replicates: int, **named: Any) -> Any:
    return within(100 * MIB, lambda: ran(CROWD, HALF, replicates=replicates, **named))


def smaller() -> None:
    """Where not one replicate fits there is nothing else to take less of."""
    with pytest.raises(KoubeiError, match=r"a smaller network$"):
        within(50_000, lambda: ran(CROWD, HALF, replicates=20_000, record="times"))()
    within(50_000, lambda: ran(PATH, HALF, replicates=20_000, record="times"))()


def ran_out(**named: Any) -> Any:
    with patch.object(Runner, "run_all", raising(MemoryError())):
        return ran(PATH, HALF, **named)


def launched(groups: Any) -> Any:
    return kb.group_launch(groups, 1, order=0.1, share=0.1, waiting=[0.5], replicates=1, rng=1)


TRIED: dict[str, Trial] = {
    "'kb.Groups.from_lists([[0, 1], [1, 2]])'": (
        lambda: launched([[0, 1], [1, 2]]),
        lambda: launched(kb.Groups.from_lists([[0, 1], [1, 2]])),
    ),
    "'Network.from_edges(weight=...)'": (
        lambda: ran(PATH, IndependentCascade("weights")),
        lambda: ran(WEIGHTED, IndependentCascade("weights")),
    ),
    "\"method='sum'\"": (
        lambda: LinearThreshold(thresholds=(0.1, 0.5), method="choice"),
        lambda: LinearThreshold(thresholds=(0.1, 0.5), method="sum"),
    ),
    "'kb.seeding.degree(network, k)'": (
        lambda: kb.seeding.maximise(PATH, SIS(0.1, 0.5), 1),
        lambda: kb.seeding.degree(PATH, 1),
    ),
    "'kb.seeding.improve(network, rule, k)'": (
        lambda: kb.seeding.maximise(PATH, kb.Reinforcement(2), 1),
        lambda: kb.seeding.improve(PATH, kb.Reinforcement(2), 1, rng=1),
    ),
    "'k=10'": (
        lambda: kb.seeding.improve(kb.networks.ring(12, 2), kb.Reinforcement(2)),
        lambda: kb.seeding.improve(kb.networks.ring(12, 2), kb.Reinforcement(2), k=10, rng=1),
    ),
    "\"LinearThreshold(method='choice')\"": (
        lambda: kb.seeding.maximise(PATH, LinearThreshold(method="sum"), 1),
        lambda: kb.seeding.maximise(PATH, LinearThreshold(method="choice"), 1),
    ),
    "\"quotas={'fan': 40, 'newbie': 10}\"": (
        lambda: kb.seeding.maximise(FIFTY, HALF, groups=FANS, quotas=40),
        lambda: kb.seeding.maximise(FIFTY, HALF, groups=FANS, quotas={"fan": 40, "newbie": 10}),
    ),
    "\"method='count'\"": (
        lambda: kb.seeding.reverse_sets(PATH, NegativeCascade(0.5), 5, method="coins"),
        lambda: kb.seeding.reverse_sets(PATH, NegativeCascade(0.5), 5, method="count"),
    ),
    "'number=1000'": (
        lambda: kb.seeding.reverse_sets(PATH, HALF),
        lambda: kb.seeding.reverse_sets(PATH, HALF, number=1000),
    ),
    "'IndependentCascade(0.1)'": (
        lambda: ran(PATH, 0.1),
        lambda: ran(PATH, IndependentCascade(0.1)),
    ),
    "'horizon=50'": (
        lambda: ran(PATH, SIS(0.1, 0.5)),
        lambda: ran(PATH, SIS(0.1, 0.5), horizon=50),
    ),
    "'weight='": (
        lambda: ran(MEETINGS, IndependentCascade("weights")),
        lambda: ran(WEIGHTED_MEETINGS, IndependentCascade("weights")),
    ),
    "\"'weights', of from_contacts(..., weight=...)\"": (
        lambda: ran(MEETINGS, SIR({(0, 1): 0.5, (1, 2): 0.5}, 0.5)),
        lambda: [
            ran(
                TemporalNetwork.from_contacts([0, 1], [1, 2], [1.0, 2.0], weight=[0.5, 0.5]), rule
            )
            for rule in (SIR("weights", 0.5), IndependentCascade("weights"))
        ],
    ),
    "'weights=None (1 / number of arcs into the target)'": (
        lambda: ran(
            Network.from_edges([0, 1], [2, 2], weight=[0.9, 0.9]), LinearThreshold("weights")
        ),
        lambda: ran(
            Network.from_edges([0, 1], [2, 2], weight=[0.9, 0.9]), LinearThreshold(weights=None)
        ),
    ),
    "'weight=None'": (lambda: as_network(GRAPH), lambda: as_network(GRAPH, weight=None)),
    "\"as_network(graph, weight=..., merge='probability') and 'weights'\"": (
        lambda: ran(as_network(FRAME, weight=None), IndependentCascade(FRAME)),
        lambda: ran(
            as_network(FRAME, weight="weight", merge="probability"), IndependentCascade("weights")
        ),
    ),
    "'Network.from_edges(sources, targets, weight=weights)'": (
        lambda: as_network([(0, 1, 0.5), (1, 2, 0.5)]),
        lambda: ran(
            Network.from_edges([0, 1], [1, 2], weight=[0.5, 0.5]), IndependentCascade("weights")
        ),
    ),
    "'scipy.sparse.csr_array(array) if it is a matrix'": (
        lambda: as_network(np.eye(3, k=1)),
        lambda: as_network(scipy.sparse.csr_array(np.eye(3, k=1))),
    ),
    "'Network.from_edges(array[:, 0], array[:, 1], weight=array[:, 2])'": (
        lambda: as_network(TRIPLES),
        lambda: Network.from_edges(TRIPLES[:, 0], TRIPLES[:, 1], weight=TRIPLES[:, 2]),
    ),
    "\"labels='auto'\"": (
        lambda: Network.from_edges(["anna"], ["bert"]),
        lambda: [
            Network.from_edges(["anna"], ["bert"], labels="auto"),
            Network.from_edges([2**40], [1], labels="auto"),
            TemporalNetwork.from_contacts(["anna"], ["bert"], [1.0], labels="auto"),
        ],
    ),
    "\"labels='auto' without n\"": (
        lambda: Network.from_edges(["anna"], ["bert"], 3),
        lambda: Network.from_edges(["anna"], ["bert"], labels="auto"),
    ),
    "'pandas.to_datetime(times)'": (
        lambda: TemporalNetwork.from_contacts([0], [1], ["2010-08-16"]),
        lambda: TemporalNetwork.from_contacts([0], [1], pd.to_datetime(["2010-08-16"])),
    ),
    "f'community_size={2 * needed}'": (
        lambda: networks.small_world(200, 20, community_size=12, key=1),
        lambda: networks.small_world(200, 20, community_size=42, key=1),
        "community_size=42",
    ),
    "'networkx.from_dict_of_dicts(obj)'": (
        lambda: as_network(nx.to_dict_of_dicts(GRAPH)),
        lambda: as_network(
            nx.from_dict_of_dicts(nx.to_dict_of_dicts(nx.Graph([(0, 1, {"weight": 2})])))
        ),
    ),
    "'groups=array of n kinds'": (
        lambda: networks.small_world(40, 4, homophily=0.5, key=1),
        lambda: networks.small_world(
            40, 4, homophily=0.5, key=1, groups=np.arange(40) % 2
        ),
    ),
    "'values keyed by network.people(range(n))'": (
        lambda: ran(PATH, LinearThreshold(thresholds={0: 0.1, 1: 0.1, 9: 0.1})),
        lambda: ran(
            PATH,
            LinearThreshold(thresholds=dict(zip(PATH.people(range(3)), [0.1] * 3, strict=True))),
        ),
    ),
    "'n=1000'": (
        lambda: networks.configuration(key=1),
        lambda: networks.configuration([2] * 1000, n=1000, key=1),
    ),
    "f'{{{brands[0]!r}: RandomSeeds(1)}}'": (
        lambda: kb.cascade(PATH, CompetingCascades(0.5), None, 2, rng=1),
        lambda: kb.cascade(PATH, CompetingCascades(0.5), {"a": RandomSeeds(1)}, 2, rng=1),
        "{'a': RandomSeeds(1)}",
    ),
    "found.with_suffix(suffix).name": (
        lambda: ran(PATH, IndependentCascade(0.5), log="log.csv"),
        lambda: ran(PATH, IndependentCascade(0.5), log="log.parquet"),
        "log.parquet",
    ),
    "f'{int(text)}, if it is that one'": (
        lambda: said("cascade", str(write("1 2\n2 3\n")), "--seeds", "ids:01", "--replicates", "2"),
        lambda: said("cascade", str(write("1 2\n2 3\n")), "--seeds", "ids:1", "--replicates", "2"),
        "1, if it is that one",
    ),
    "'cumulative(spend(result.histories[0], result.scenario))'": (
        lambda: kb.metrics.cumulative(None),
        lambda: kb.metrics.cumulative(
            kb.metrics.spend((r := kb.run("tiny", rng=1, ticks=2)).histories[0], r.scenario)
        ),
    ),
    "'list(names.values()), in the order of rows'": (
        lambda: Network.from_edges([0], [1], labels={0: "a", 1: "b"}),
        lambda: Network.from_edges([0], [1], labels=list({0: "a", 1: "b"}.values())),
    ),
    "'sorted(names)'": (
        lambda: Network.from_edges([0], [1], labels={"b", "a"}),
        lambda: Network.from_edges([0], [1], labels=sorted({"b", "a"})),
    ),
    "'dt=1'": (
        lambda: ran(PATH, Bass(0.1, 0.1, dt=2.0**24), horizon=2.0**25),
        lambda: ran(PATH, Bass(0.1, 0.1, dt=1), horizon=5),
    ),
    "'network.people(np.flatnonzero(mask))'": (
        lambda: ran(PATH, HALF, np.array([True, False, False])),
        lambda: ran(PATH, HALF, PATH.people(np.flatnonzero(np.array([True, False, False])))),
    ),
    "'network.aggregate()'": (
        lambda: ran(MEETINGS, LinearThreshold()),
        lambda: ran(MEETINGS.aggregate(), LinearThreshold()),
    ),
    "'record=\"forest\"'": (
        lambda: ran(PATH, HALF).activations,
        lambda: ran(PATH, HALF, record="forest").activations,
    ),
    "'record=\"people\"'": (
        lambda: ran(PATH, HALF).probability,
        lambda: ran(PATH, HALF, record="people").probability,
    ),
    "' or '.join(ways) or 'a smaller network'": (
        crowded(20_000, record="times"),
        lambda: [
            crowded(20_000, record="people")(),
            crowded(1_800, record="times")(),
            smaller(),
        ],
        "record='people' or replicates=1800",
    ),
    "'fewer, or threads=1'": (
        ran_out,
        lambda: (ran(PATH, HALF, replicates=1), ran(PATH, HALF, threads=1)),
    ),
    "'directed=True'": (
        lambda: networks.Layer("a", *ONE_WAY, directed=False).check(),
        lambda: networks.Layer("a", *ONE_WAY, directed=True).check(),
    ),
    "f'k={k - 1}'": (lambda: networks.ring(9, k=3), lambda: networks.ring(9, k=2)),
    "f'k={k + 1}'": (
        lambda: networks.watts_strogatz(20, k=3, p=0.1, key=1),
        lambda: networks.watts_strogatz(20, k=4, p=0.1, key=1),
    ),
    "\"self_loops='drop'\"": (
        lambda: Network.from_edges([0], [0], self_loops="error"),
        lambda: Network.from_edges([0], [0], self_loops="drop"),
    ),
    "\"parallel='merge'\"": (
        lambda: Network.from_edges(*TWICE, parallel="error"),
        lambda: Network.from_edges(*TWICE, parallel="merge"),
    ),
    "'n=1 or more'": (lambda: Network.from_edges([], []), lambda: Network.from_edges([], [], 1)),
    "\"merge='largest' (or 'add', 'first', 'last', 'probability'), or directed=True\"": (
        lambda: Network.from_edges(*UNEVEN, directed=False),
        lambda: [
            *(
                Network.from_edges(*UNEVEN, directed=False, merge=law)
                for law in ("largest", "add", "first", "last", "probability")
            ),
            Network.from_edges(*UNEVEN, directed=True),
        ],
    ),
    "\"merge='add'\"": (
        lambda: Network.from_edges(*TWICE, weight=[1.5, 2.0], merge="probability"),
        lambda: Network.from_edges(*TWICE, weight=[1.5, 2.0], merge="add"),
    ),
    "\"method='blocks'\"": (
        lambda: ran(PATH, IndependentCascade("weighted"), method="count"),
        lambda: ran(PATH, IndependentCascade("weighted"), method="blocks"),
    ),
    "f'--set p={plain}'": (
        lambda: said("cascade", str(write("1 2\n2 3\n")), "--rule", "weighted"),
        lambda: said("cascade", str(write("1 2\n2 3\n")), "--set", "p=weighted", "--seeds", "1",
                     "--replicates", "2"),
        "--set p=weighted",
    ),
    "'--people people.csv'": (
        lambda: said("seeds", str(write("1 2\n2 3\n")), "--costs", "price", "--budget", "9"),
        lambda: said("seeds", str(write("1 2\n2 3\n")), "--costs", "price", "--budget", "9",
                     "--people", str(write("id,price\n1,3\n2,4\n3,5\n", "people.csv"))),
    ),
    "error.fix.replace(\"agents_by='row'\", '--by row')": (
        lambda: said("seeds", str(write("a b\nb c\n")), "--k", "1",
                     "--people", str(write("price\n3\n4\n5\n", "people.csv"))),
        lambda: said("seeds", str(write("a b\nb c\n")), "--k", "1", "--by", "row",
                     "--people", str(write("price\n3\n4\n5\n", "people.csv"))),
        "--by row where row i is person i of the graph",
    ),
    # Doors for scripts of other packages.
    "'cascade(..., record=\"forest\")'": (
        lambda: eon.fast_SIR(nx.path_graph(3), 0.5, 0.5, [0], return_full_data=True),
        lambda: ran(PATH, SIR(0.5, 0.5), record="forest").activations,
    ),
    "'tmax=100'": (
        lambda: eon.basic_discrete_SIS(nx.path_graph(3), 0.5, [0], tmax=float("inf")),
        lambda: eon.basic_discrete_SIS(nx.path_graph(3), 0.5, [0], tmax=100),
    ),
    "'set_initial_status(config)'": (
        lambda: model_of(None),
        lambda: model_of({"beta": 0.1, "gamma": 0.1}),
    ),
    "f'add_model_parameter({label!r}, 0.1)'": (
        lambda: model_of({"beta": 0.1}),
        lambda: model_of({"beta": 0.1, "gamma": 0.1}),
    ),
    # Theory.
    "'poisson_pgf([[2.0]])'": (
        lambda: branching.extinction(2.0),
        lambda: branching.extinction(branching.poisson_pgf([[2.0]])),
    ),
    "'[Kind(1, 0.2, 0)]'": (
        lambda: threshold.spread(REGULAR, threshold.Kind(1, 0.2, 0)),
        lambda: threshold.spread(REGULAR, [threshold.Kind(1, 0.2, 0)]),
    ),
    "'Kind(1, 0.2, 0.001)'": (
        lambda: threshold.spread(REGULAR, [(1, 0.2, 0.001)]),
        lambda: threshold.spread(REGULAR, [threshold.Kind(1, 0.2, 0.001)]),
    ),
    "'lambda share: two_kinds(share, 0.1, 0.3, 0.01)'": (
        lambda: threshold.tipping_share(REGULAR, 0.5),
        lambda: threshold.tipping_share(
            REGULAR, lambda share: threshold.two_kinds(share, 0.1, 0.3, 0.01)
        ),
    ),
    "'exponential_period(1.0)'": (
        lambda: tiny.final_law(2, [(0, 1)], 1.0, 1.0, [0]),
        lambda: tiny.final_law(2, [(0, 1)], 1.0, tiny.exponential_period(1.0), [0]),
    ),
}  # fmt: skip
