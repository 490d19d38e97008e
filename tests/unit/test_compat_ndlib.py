"""The door of `compat.ndlib`: dictionaries step by step, the law of our kernels, faults mended."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from koubei_sim import KoubeiError, as_network
from koubei_sim.cascades import SIR, SIS, FractionalThreshold, IndependentCascade, cascade
from koubei_sim.compat import ndlib

LIMIT = 4.9  # standard errors: 1e-6, two-sided


@pytest.fixture(scope="module")
def graph():
    return nx.gnm_random_graph(200, 600, seed=4)


def made(kind, graph, start, *, key=5, model=(), edges=(), nodes=(), **states):
    settings = ndlib.Configuration()
    for label, value in dict(model).items():
        settings.add_model_parameter(label, value)
    settings.add_edge_set_configuration("threshold", dict(edges)) if edges else None
    settings.add_node_set_configuration("threshold", dict(nodes)) if nodes else None
    settings.add_model_initial_configuration("Infected", start)
    for label, people in states.items():
        settings.add_model_initial_configuration(label, people)
    built = kind(graph, rng=key)
    built.set_initial_status(settings)
    return built


def replayed(steps, codes):
    """Status of everybody after each iteration, (steps, n), put together from the changes."""
    status, out = {}, []
    for number, step in enumerate(steps):
        status |= step["status"]
        out.append([status[node] for node in sorted(status)])
        assert step["iteration"] == number
        assert step["node_count"] == {c: out[-1].count(c) for c in codes}
        if number:
            before = steps[number - 1]["node_count"]
            change = {c: step["node_count"][c] - before[c] for c in codes}
            assert step["status_delta"] == change
    return np.array(out)


def test_independent_cascade_is_our_own_step_by_step(graph):
    """Would catch a step too many or too few, or people who stay infected for two steps."""
    p = dict.fromkeys(graph.edges, 0.2)
    model = made(ndlib.IndependentCascadesModel, graph, [3, 7], edges=p)
    steps = model.iteration_bunch(12)
    status = replayed(steps, (0, 1, 2))
    own = cascade(
        as_network(graph), IndependentCascade(0.2), [3, 7], 1, 5, record="times"
    ).outcome.times[0]
    for t, row in enumerate(status):
        assert np.array_equal(row == 1, own == t)
        assert np.array_equal(row == 2, own < t)
    trend = model.build_trends(steps)[0]["trends"]
    assert trend["node_count"][2] == [step["node_count"][2] for step in steps]
    assert list(model.status.values()) == status[-1].tolist()


@pytest.mark.parametrize(
    ("kind", "rule", "model", "codes", "repeats"),
    [
        (ndlib.SIRModel, SIR(0.2, 0.3, steps=True), {"beta": 0.2, "gamma": 0.3}, (0, 1, 2), False),
        (ndlib.SIModel, SIR(0.1, 0.0, steps=True), {"beta": 0.1}, (0, 1), False),
        (ndlib.SISModel, SIS(0.1, 0.3, steps=True), {"beta": 0.1, "lambda": 0.3}, (0, 1), True),
    ],
)
def test_epidemics_are_our_own_step_by_step(graph, kind, rule, model, codes, repeats):
    """Would catch a recovery one step off, and an SIS run that changes when it is made longer."""
    built = made(kind, graph, [3, 7], model=model)
    steps = [built.iteration() for _ in range(150)]  # beyond what SIS computes at first
    status = replayed(steps, codes)
    log = cascade(
        as_network(graph), rule, [3, 7], 1, 5, record="forest", horizon=600 if repeats else None
    ).activations
    ill = np.zeros(status.shape, bool)
    for person, start, end in zip(log.person, log.time, log.until):
        ill[int(start) : int(min(end, 150)), person] = True
    assert np.array_equal(status == 1, ill)
    assert ill[-1].any() == (kind is not ndlib.SIRModel)


def test_threshold_is_our_own_and_the_lonely_are_not_convinced(graph):
    """Would catch > for >=, and people without neighbours who adopt at a threshold of 0."""
    alone = nx.Graph(graph)
    alone.add_node(200)
    limits = {node: (node % 7) / 10 for node in alone} | {200: 0.0}
    model = made(ndlib.ThresholdModel, alone, [3, 7], nodes=limits)
    status = replayed(model.iteration_bunch(10), (0, 1))
    values = np.array([limits[node] for node in alone])
    values[200] = 1.0
    own = cascade(
        as_network(alone), FractionalThreshold(values), [3, 7], 1, 5, record="times"
    ).outcome.times[0]
    assert all(np.array_equal(row == 1, own <= t) for t, row in enumerate(status))
    assert status[-1, 200] == 0


def test_ties_without_a_probability_have_the_default():
    """Would catch the fault of the other package: all given values dropped.

    Null: mean 19 * .5 + .1 = 9.6.  n = 1,500, error rate 1e-6, key 5.
    """
    star = nx.star_graph(20)
    given = dict.fromkeys(list(star.edges)[:-1], 0.5)
    model = made(ndlib.IndependentCascadesModel, star, [0], edges=given)
    sizes = []
    for _ in range(1500):
        sizes.append(model.iteration_bunch(3, node_status=False)[-1]["node_count"][2] - 1)
        model.reset()
    assert abs(np.mean(sizes) - 9.6) < LIMIT * np.std(sizes) / np.sqrt(1500)


def test_each_direction_of_a_mutual_tie_has_its_own_probability():
    """Would catch values given per direction that are dropped or mixed up."""
    pair = nx.path_graph(["a", "b"])
    edges = {("a", "b"): 1.0, ("b", "a"): 0.0}
    for start, reached in (("a", 2), ("b", 1)):
        model = made(ndlib.IndependentCascadesModel, pair, [start], edges=edges)
        assert model.iteration_bunch(3)[-1]["node_count"][2] == reached


def test_runs_of_a_model_do_not_depend_on_other_models(graph):
    """Would catch a generator that models share, and `reset` that repeats the run before."""
    p = dict.fromkeys(graph.edges, 0.3)

    def sizes(disturb):
        model = made(ndlib.IndependentCascadesModel, graph, [3], edges=p)
        out = []
        for _ in range(20):
            out.append(model.iteration_bunch(30)[-1]["node_count"][2])
            if disturb:
                made(ndlib.SIModel, graph, [1], model={"beta": 0.1}).iteration_bunch(3)
            model.reset()
        return out

    assert sizes(False) == sizes(True)
    assert len(set(sizes(False))) > 1


def test_removed_people_stay_out_and_random_starts_have_the_right_number(graph):
    """Would catch a blocked person who passes the word on, or a start that is drawn once only."""
    path = nx.path_graph(4)
    model = made(ndlib.SIRModel, path, [0], model={"beta": 1.0, "gamma": 0.0}, Removed=[2])
    last = model.iteration_bunch(9)[-1]
    assert model.status == {0: 1, 1: 1, 2: 2, 3: 0} and last["node_count"] == {0: 1, 1: 2, 2: 1}
    settings = ndlib.Configuration()
    settings.add_model_parameter("beta", 0.0)
    settings.add_model_parameter("fraction_infected", 0.1)
    random = ndlib.SIModel(graph, rng=1)
    random.set_initial_status(settings)
    first = [node for node, code in random.iteration()["status"].items() if code]
    second = [node for node, code in random.reset().iteration()["status"].items() if code]
    assert len(first) == len(second) == 20 and first != second


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"start": [999]}, "Infected: no such node"),
        ({"model": {"beta": 0.1, "gama": 1.0}}, "gama: unknown parameter"),
        ({"model": {"beta": 0.1}}, "gamma: missing"),
        ({"model": {"beta": 0.1, "gamma": 1.5}}, "gamma: out of range"),
        ({"model": {"beta": 0.1, "gamma": 0.1, "tp_rate": 0}}, "tp_rate: only 1"),
        ({"Blocked": [1]}, "Blocked: unknown status"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(graph, change, says):
    """Would catch a mistake that is passed over in silence."""
    given = {"start": [0], "model": {"beta": 0.1, "gamma": 0.1}} | change
    with pytest.raises(KoubeiError, match=says) as caught:
        made(ndlib.SIRModel, graph, **given)
    assert "\n" not in str(caught.value)


def test_ties_and_starts_that_are_missing_are_said(graph):
    """Would catch a probability on a tie that does not exist, or a run without a start."""
    with pytest.raises(KoubeiError, match="threshold: no such tie, got 0 - 199"):
        assert not graph.has_edge(0, 199)
        made(ndlib.IndependentCascadesModel, graph, [0], edges={(0, 199): 0.5})
    with pytest.raises(KoubeiError, match="has no start"):
        ndlib.SIModel(graph).iteration()
    settings = ndlib.Configuration()
    settings.add_model_parameter("beta", 0.1)
    with pytest.warns(UserWarning, match="5 %"):
        ndlib.SIModel(graph).set_initial_status(settings)
