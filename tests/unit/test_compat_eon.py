"""The door of `compat.eon`: arrays of an epidemic, equal to our own log; faults mended."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from koubei_sim import KoubeiError, as_network
from koubei_sim.cascades import SIR, SIS, cascade
from koubei_sim.compat import eon

LIMIT = 4.9  # standard errors: 1e-6, two-sided


@pytest.fixture(scope="module")
def graph():
    return nx.gnm_random_graph(200, 600, seed=4)


def counted(log, at, n):
    """Return S, I, R at some times, from a log."""
    ever = np.array([(log.time <= t).sum() for t in at])
    over = np.array([(log.until <= t).sum() for t in at])
    return n - ever, ever - over, over


def test_sir_is_our_own_log_event_by_event(graph):
    """Would catch events out of order, seeds counted as events, recoveries after `tmax`, a clock
    that ignores `tmin`."""
    t, S, I, R = eon.fast_SIR(graph, 0.4, 0.5, [3, 7], tmin=10, tmax=12, rng=5)  # noqa: E741
    log = cascade(
        as_network(graph), SIR(0.4, 0.5), [3, 7], 1, 5, record="forest", horizon=2
    ).activations
    assert (np.diff(t) > 0).all() and t[0] == 10 and t[-1] <= 12
    assert (S[0], I[0], R[0]) == (198, 2, 0)
    for ours, theirs in zip(counted(log, t - 10 + 1e-9, 200), (S, I, R)):
        assert np.array_equal(ours, theirs)
    assert t.size == 1 + (log.time > 0).sum() + (log.until <= 2).sum() and R[-1] > 5


def test_sis_is_our_own_log(graph):
    """Would catch infections that are counted once a person only."""
    t, S, I = eon.fast_SIS(graph, 0.3, 0.5, [3, 7], tmax=20, rng=5)  # noqa: E741
    log = cascade(
        as_network(graph), SIS(0.3, 0.5), [3, 7], 1, 5, record="forest", horizon=20
    ).activations
    ours = counted(log, t, 200)
    assert np.array_equal(ours[1], I) and (S + I == 200).all()
    assert log.person.size > 200 > I.max() > 50
    _, S, I = eon.fast_SIS(nx.path_graph(5), 1.0, 0.0, 0, tmax=1000, rng=5)  # noqa: E741
    assert I.tolist() == [1, 2, 3, 4, 5]


def test_one_transmission_has_the_exact_chance():
    """Would catch rates turned round, or a weight that is not multiplied.

    Null: t / (t + g) with t = 2 * .3, g = .4.  n = 1,000, error rate 1e-6, keys 0 to 999.
    """
    pair = nx.Graph()
    pair.add_edge("a", "b", w=2.0)
    hits = [
        eon.fast_SIR(pair, 0.3, 0.4, "a", transmission_weight="w", rng=k)[3][-1] == 2
        for k in range(1000)
    ]
    assert abs(np.mean(hits) - 0.6) < LIMIT * np.sqrt(0.24 / 1000)


def test_recovered_at_the_start_are_counted_in_r_and_pass_nothing_on():
    """Would catch the fault of the other package (counted as susceptible), and arcs left open."""
    path = nx.path_graph(5)
    for t, S, I, R in (  # noqa: E741
        eon.fast_SIR(path, 9.0, 0.001, [0], [2], tmax=50, rng=5),
        eon.basic_discrete_SIR(path, 1.0, [0], [2]),
        eon.discrete_SIR(path, lambda u, v: True, (), [0], [2]),
    ):
        assert (S[0], I[0], R[0]) == (3, 1, 1)
        assert (S + I + R == 5).all() and S[-1] == 2 and t[0] == 0


def test_discrete_steps_end_as_they_do_there(graph):
    """Would catch a missing last row, one row too many at `tmax`, or a seed counted twice."""
    path = nx.path_graph(4)
    t, S, I, R = eon.basic_discrete_SIR(path, 1.0, [0, 0], tmin=5)  # noqa: E741
    assert t.tolist() == [5, 6, 7, 8, 9]
    assert I.tolist() == [1, 1, 1, 1, 0] and R.tolist() == [0, 1, 2, 3, 4]
    t, S, I, R = eon.basic_discrete_SIR(path, 1.0, 0, tmax=2)  # noqa: E741
    assert (t.tolist(), S.tolist(), I.tolist()) == ([0, 1, 2], [3, 2, 1], [1, 1, 1])
    for tmax in (2, 2.5):
        tried = eon.discrete_SIR(path, lambda u, v: True, (), 0, tmax=tmax)
        assert np.array_equal(tried, eon.basic_discrete_SIR(path, 1.0, 0, tmax=tmax))
    t, S, I, R = eon.basic_discrete_SIR(path, 0.0, 0)  # noqa: E741
    assert (t.tolist(), I.tolist(), R.tolist()) == ([0, 1], [1, 0], [0, 1])
    t, S, I = eon.basic_discrete_SIS(path, 1.0, 0, tmax=3)  # noqa: E741
    assert I.tolist() == [1, 1, 2, 2] and S.tolist() == [3, 3, 2, 2]


def test_a_test_of_ones_own_has_the_law_of_the_number(graph):
    """Would catch arcs that are tried twice, or names that are numbers.

    Null: the mean size is that of `basic_discrete_SIR`.  n = 600 each, error rate 1e-6, fixed keys.
    """
    named = nx.relabel_nodes(graph, {node: f"p{node}" for node in graph})
    random = np.random.default_rng(8)
    tested = [
        eon.discrete_SIR(named, lambda u, v, p: random.random() < p, (0.2,), "p3", rng=k)[3][-1]
        for k in range(600)
    ]
    number = [eon.basic_discrete_SIR(named, 0.2, "p3", rng=k)[3][-1] for k in range(600)]
    error = np.sqrt((np.var(tested) + np.var(number)) / 600)
    assert abs(np.mean(tested) - np.mean(number)) < LIMIT * error
    assert np.mean(number) > 5


def test_percolation_runs_and_keeps_directions():
    """Would catch the two faults of the other package: it raises, and it drops directions."""
    arc = nx.DiGraph([(0, 1)])
    assert eon.percolation_based_discrete_SIR(arc, 1.0, 0)[3][-1] == 2
    assert eon.percolation_based_discrete_SIR(arc, 1.0, 1)[3][-1] == 1


def test_random_starts_have_the_right_number(graph):
    """Would catch a share that is rounded the wrong way, or a start without anybody."""
    assert eon.fast_SIR(graph, 0.1, 1.0, rng=1)[2][0] == 1
    assert eon.basic_discrete_SIR(graph, 0.1, rho=0.033, rng=1)[2][0] == 7


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"rho": 0.1, "initial_infecteds": 0}, "both given"),
        ({"initial_infecteds": [999]}, "initial_infecteds: no such node, got 999"),
        ({"return_full_data": True}, "record="),
        ({"recovery_weight": "w"}, "recovery_weight: not known"),
        ({"transmission_weight": "w"}, "w: missing on an edge"),
        ({"initial_infecteds": [0], "initial_recovereds": [0]}, "also infected"),
        ({"tmin": 3, "tmax": 2}, "before tmin"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(graph, arguments, says):
    """Would catch an option that is taken and ignored."""
    with pytest.raises(KoubeiError, match=says) as caught:
        eon.fast_SIR(graph, 0.1, 1.0, **arguments)
    assert "\n" not in str(caught.value)
