"""One script, run with another package and with our door to it, gives one law.

Skipped where that package is not installed.  Null of each test: both samples have one law; error
rate 1e-6 for the mean and for the Kolmogorov-Smirnov statistic; keys fixed on both sides.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from koubei_sim.compat import cynetdiff, eon, ndlib

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
measure = importlib.import_module("benchmarks.peers.measure")
sys.path.pop(0)

pytestmark = pytest.mark.filterwarnings("ignore")  # warnings of other packages

GRAPH = nx.gnm_random_graph(120, 300, seed=4)
ARCS = nx.DiGraph(nx.gnm_random_graph(120, 700, seed=5, directed=True))
STARTS = [3, 7, 11]
LIMIT = 4.9


def same_law(theirs, ours):
    """Whether two samples have one law, by every column."""
    theirs, ours = np.atleast_2d(np.array(theirs).T), np.atleast_2d(np.array(ours).T)
    assert theirs.shape[0] == ours.shape[0]
    assert theirs[0].std() > 0
    for one, other in zip(theirs, ours):
        apart = measure.agreement(measure.Sample(one, 1.0), measure.Sample(other, 1.0))
        assert abs(apart.z) < LIMIT and apart.p > 1e-6


# ---- NDlib ---------------------------------------------------------------------------------------

NDLIB = {
    "IndependentCascadesModel": ({}, 0.15),
    "SIModel": ({"beta": 0.05}, None),
    "SIRModel": ({"beta": 0.1, "gamma": 0.3}, None),
    "SISModel": ({"beta": 0.1, "lambda": 0.4}, None),
}


def ndlib_script(ep, mc, kind, graph, runs, key):
    """Counts of all statuses after steps 1, 3 and 6, run by run."""
    parameters, tie = NDLIB[kind]
    config = mc.Configuration()
    for label, value in parameters.items():
        config.add_model_parameter(label, value)
    if tie is not None:
        for edge in graph.edges():
            config.add_edge_configuration("threshold", edge, tie)
    config.add_model_initial_configuration("Infected", STARTS)
    model = getattr(ep, kind)(graph, seed=key)
    model.set_initial_status(config)
    out = []
    for _ in range(runs):
        iterations = model.iteration_bunch(7)
        trends = model.build_trends(iterations)[0]["trends"]["node_count"]
        out.append([trends[code][step] for code in sorted(trends) for step in (1, 3, 6)])
        model.reset(STARTS)
    return out


@pytest.mark.parametrize("graph", [GRAPH, ARCS], ids=["mutual", "directed"])
@pytest.mark.parametrize("kind", list(NDLIB))
def test_ndlib(kind, graph):
    """Would catch a step too many, recovery before transmission, arcs turned round.  n = 600."""
    theirs = pytest.importorskip("ndlib.models.epidemics")
    config = importlib.import_module("ndlib.models.ModelConfig")
    same_law(
        ndlib_script(theirs, config, kind, graph, 600, 1),
        ndlib_script(ndlib, ndlib, kind, graph, 600, 2),
    )


@pytest.mark.parametrize("graph", [GRAPH, ARCS], ids=["mutual", "directed"])
def test_ndlib_threshold_and_dictionaries(graph):
    """Would catch thresholds on the wrong side, keys that are named otherwise, missing entries."""
    theirs = pytest.importorskip("ndlib.models.epidemics")
    config = importlib.import_module("ndlib.models.ModelConfig")

    def script(ep, mc):
        made = mc.Configuration()
        for node in graph:
            made.add_node_configuration("threshold", node, (node % 6) / 10)
        made.add_model_initial_configuration("Infected", STARTS)
        model = ep.ThresholdModel(graph)
        model.set_initial_status(made)
        return model.iteration_bunch(8)

    assert script(theirs, config) == script(ndlib, ndlib)


# ---- EoN -----------------------------------------------------------------------------------------

EON = {
    "fast_SIR": lambda package, graph, rng: package.fast_SIR(
        graph, 0.2, 0.5, initial_infecteds=STARTS, rng=rng
    ),
    "fast_SIR, weights, tmax": lambda package, graph, rng: package.fast_SIR(
        graph, 0.2, 0.5, initial_infecteds=STARTS, tmax=3, transmission_weight="w", rng=rng
    ),
    "fast_SIS": lambda package, graph, rng: package.fast_SIS(
        graph, 0.2, 0.5, initial_infecteds=STARTS, tmax=4, rng=rng
    ),
    "basic_discrete_SIR": lambda package, graph, rng: package.basic_discrete_SIR(
        graph, 0.2, initial_infecteds=STARTS, rng=rng
    ),
    "basic_discrete_SIS": lambda package, graph, rng: package.basic_discrete_SIS(
        graph, 0.2, initial_infecteds=STARTS, tmax=6, rng=rng
    ),
    "discrete_SIR": lambda package, graph, rng: package.discrete_SIR(
        graph, lambda u, v: rng.random() < 0.1 + 0.1 * (v % 2), (), STARTS, rng=rng
    ),
    "rho, tmin": lambda package, graph, rng: package.fast_SIR(
        graph, 0.2, 0.5, rho=0.05, tmin=2, rng=rng
    ),
}


def eon_script(package, kind, graph, runs, key):
    """Length and end of the arrays, the largest number infected, the first row."""
    random = np.random.default_rng(key)
    out = []
    for _ in range(runs):
        t, susceptible, infected, *rest = EON[kind](package, graph, random)
        total = susceptible + infected + sum(rest)
        assert (total == graph.order()).all() and (np.diff(t) >= 0).all()
        row = [t.size, t[-1], infected.max(), susceptible[-1], t[0], infected[0]]
        out.append(row)
    return out


@pytest.mark.parametrize("graph", [GRAPH, ARCS], ids=["mutual", "directed"])
@pytest.mark.parametrize("kind", list(EON))
def test_eon(kind, graph):
    """Would catch rows that are missing at the start or the end, rates turned round.  n = 500."""
    theirs = pytest.importorskip("EoN")
    graph = graph.copy()
    for u, v in graph.edges:
        graph[u][v]["w"] = 0.5 + (u + v) % 3
    same_law(eon_script(theirs, kind, graph, 500, 1), eon_script(eon, kind, graph, 500, 2))


# ---- CyNetDiff -----------------------------------------------------------------------------------


def cynetdiff_script(package, kind, runs, key):
    """Sizes after two steps and at the end, and who is active, run by run."""
    if kind == "threshold":
        model, number = package.networkx_to_lt_model(ARCS, rng=key)
    elif kind == "by arc":
        graph = ARCS.copy()
        for u, v in graph.edges:
            graph[u][v]["activation_prob"] = 0.1 + 0.1 * ((u + v) % 3)
        model, number = package.networkx_to_ic_model(graph, rng=key)
    else:
        model, number = package.networkx_to_ic_model(GRAPH, activation_prob=0.2, rng=key)
    seeds = [number[node] for node in STARTS]
    chances = [0.9, 0.5, 0.2] if kind == "seeds by chance" else None
    model.set_seeds(seeds, chances)
    out = []
    for _ in range(runs):
        model.reset_model()
        model.advance_model()
        model.advance_model()
        early, new = model.get_num_activated_nodes(), len(list(model.get_newly_activated_nodes()))
        model.advance_until_completion()
        size = model.get_num_activated_nodes()
        assert len(set(model.get_activated_nodes())) == size
        out.append([early, new, size])
    return out


@pytest.mark.parametrize("kind", ["one number", "by arc", "threshold", "seeds by chance"])
def test_cynetdiff(kind):
    """Would catch steps counted from another place, values on the wrong arcs.  n = 1,500."""
    theirs = pytest.importorskip("cynetdiff.utils")
    same_law(cynetdiff_script(theirs, kind, 1500, 1), cynetdiff_script(cynetdiff, kind, 1500, 2))


def test_cynetdiff_gains():
    """Would catch gains over the wrong seeds.  n = 20,000; sizes below 120 vary by 15 at most."""
    theirs = pytest.importorskip("cynetdiff.utils")
    found = []
    for package in (theirs, cynetdiff):
        model, _ = package.networkx_to_ic_model(GRAPH, activation_prob=0.2, rng=1)
        found.append(model.compute_marginal_gains(STARTS, [20, 30], 20_000))
    assert np.abs(np.subtract(*found)).max() < LIMIT * 15 * np.sqrt(2 / 20_000)
