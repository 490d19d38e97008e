"""Credit of ties learnt from order: plain twins, worlds with known truth, and controls that work.

Each test says what it would catch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.core.block import Block
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence import CascadeLog, credit, read_cascade_log
from koubei_sim.evidence.credit import rewired
from koubei_sim.evidence.kernels.credit import Logs, Weights, next_shares

ROWS = [  # cascade, person, time
    (0, 2, 1.0), (0, 0, 2.0), (0, 1, 4.0), (0, 3, 5.0),
    (1, 0, 0.0), (1, 2, 3.0),
    (2, 1, 1.0), (2, 0, 1.5), (2, 2, 2.0),
    (3, 3, 9.0),
]  # fmt: skip
LOG = CascadeLog(*zip(*ROWS))
TIES = {(0, 2), (2, 0), (1, 2), (0, 1), (1, 3), (2, 3)}


def network() -> kb.Network:
    """The ties of the small example."""
    source, target = zip(*sorted(TIES))
    return kb.Network.from_edges(source, target, n=4)


def plain(method: str, decay: float | None, ties: set[tuple[int, int]] | None) -> dict[Any, Any]:
    """Chance and count of each arc, from the words of the definition."""
    earned: dict[Any, float] = {}
    count: dict[Any, int] = {}
    groups = [[row for row in ROWS if row[0] == c] for c in range(4)]
    for rows in groups:
        for k, (_, v, t) in enumerate(rows):
            before = [
                (u, np.exp(-(t - s) / decay) if decay else 1.0)
                for _, u, s in rows[:k]
                if ties is None or (u, v) in ties
            ]
            whole = sum(worth for _, worth in before)
            for u, worth in before:
                earned[u, v] = earned.get((u, v), 0.0) + (
                    worth / whole if method == "partial" else worth
                )
                count[u, v] = count.get((u, v), 0) + 1
    took = {p: [any(r[1] == p for r in rows) for rows in groups] for p in range(4)}
    out = {}
    for u, v in ties if ties is not None else earned:
        base = sum(took[u])
        if method == "jaccard":
            base = sum(a or b for a, b in zip(took[u], took[v]))
        out[u, v] = (min(1.0, earned.get((u, v), 0.0) / base), count.get((u, v), 0))
    return out


@pytest.mark.parametrize("method", ["bernoulli", "jaccard", "partial"])
@pytest.mark.parametrize("decay", [None, 2.0])
@pytest.mark.parametrize("ties", [None, TIES])
def test_credit_of_a_plain_twin(method: str, decay: float | None, ties: Any) -> None:
    """Catches order read backwards, credit shared with those who are no ties, a wrong base."""
    found = credit(None if ties is None else network(), LOG, method=method, decay=decay)
    source, target = found.network.arcs()
    expected = plain(method, decay, ties)
    assert set(zip(source.tolist(), target.tolist())) == set(expected)
    for u, v, p, count in zip(source.tolist(), target.tolist(), found.p, found.count):
        assert (p, count) == pytest.approx(expected[u, v], abs=1e-12), (u, v)
    run = kb.cascade(found.network, found.rule(), [0], 5, 1, threads=1)
    assert (run.sizes >= 1).all()


def test_mean_delay_and_window() -> None:
    """Catches a mean over pairs that are no ties, and a window that is one off."""
    found = credit(network(), LOG, decay="mean")

    pairs = [
        t - s
        for c in range(4)
        for k, (_, v, t) in enumerate([r for r in ROWS if r[0] == c])
        for _, u, s in [r for r in ROWS if r[0] == c][:k]
        if (u, v) in TIES
    ]
    assert found.decay == pytest.approx(np.mean(pairs))
    near = credit(None, LOG, window=1)
    assert set(zip(*(side.tolist() for side in near.network.arcs()))) == {
        (2, 0), (0, 1), (1, 3), (0, 2), (1, 0)
    }  # fmt: skip


def test_shares_of_a_plain_twin() -> None:
    """Catches people who are in already counted among those who may come, and a wrong fading."""
    rng = np.random.default_rng(4)
    n, m = 9, 60
    log = CascadeLog(np.repeat(np.arange(12), 5), rng.integers(0, n, m), rng.random(m) * 4, n)
    strength = rng.random((n, n)) * (rng.random((n, n)) < 0.4)
    np.fill_diagonal(strength, 0.0)
    popular = rng.random(n) + 0.1
    indptr = np.append(0, np.cumsum((strength > 0).sum(axis=1)))
    indices = np.nonzero(strength)[1].astype(np.int32)
    for decay in (np.inf, 1.5):
        heard, plain_share = np.empty(log.person.size), np.empty(log.person.size)
        w = Weights(indptr, indices, strength[strength > 0], popular, decay)
        next_shares(Block("Logs", Logs(log.starts, log.person, log.time)), Block("Weights", w),
                    heard, plain_share)  # fmt: skip
        for c in range(log.number):
            first, last = log.starts[c], log.starts[c + 1]
            assert np.isnan(heard[first])
            for i in range(first + 1, last):
                inside = log.person[first:i]
                fade = np.exp(-(log.time[i] - log.time[first:i]) / decay)
                word = (strength[inside] * fade[:, None]).sum(axis=0)
                word[inside] = 0.0
                left = np.ones(n, bool)
                left[inside] = False
                u = log.person[i]
                share = word[u] / word.sum() if word.sum() > 0 else -1.0
                assert heard[i] == pytest.approx(share, abs=1e-9)
                assert plain_share[i] == pytest.approx(popular[u] / popular[left].sum())


def world(p: float, cascades: int, rng: int) -> tuple[kb.Network, CascadeLog]:
    """Cascades of word on a random network, of at least three people each."""
    dice = np.random.default_rng(8)
    pairs = np.unique(dice.integers(0, 60, (240, 2)), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    net = kb.Network.from_edges(pairs[:, 0], pairs[:, 1], n=60)
    run = kb.cascade(net, kb.IndependentCascade(p), kb.RandomSeeds(1), cascades, rng,
                     record="forest", threads=1)  # fmt: skip
    log = CascadeLog.of(run)
    return net, log.part(np.diff(log.starts) >= 3)


def test_word_is_seen_and_controls_lose() -> None:
    """Catches a judge that sees no word where there is nothing else, or controls that are none.

    In cascades of pure word the order carries credit: shuffled and reversed orders and rewired
    ties must lose, and their intervals lie apart.
    """
    net, log = world(0.15, 3000, 1)
    learnt, held_out = log.split(0.7, 2)
    found = credit(net, learnt, method="partial")
    table = found.judge(held_out, rng=3, draws=400).table()
    assert table.loc["credit", "low"] > 0.1
    for name in ("order shuffled", "order reversed", "ties rewired"):
        assert table.loc[f"over {name}", "low"] > 0.0, name
    assert abs(table.loc["ties rewired", "gain"]) < 0.3 * table.loc["credit", "gain"]
    weak, strong = (np.array([0.05, 0.4])[k] for k in (0, 1))
    source, target = net.arcs()
    p = np.where((source + target) % 2 == 0, strong, weak)
    run = kb.cascade(net, kb.IndependentCascade(p), kb.RandomSeeds(1), 3000, 5, record="forest")
    told = credit(net, CascadeLog.of(run), method="partial").p
    assert told[p == strong].mean() > 2.0 * told[p == weak].mean()


def test_no_word_no_gain() -> None:
    """Catches credit that is mere popularity, and a mixture that has seen what it is fitted on.

    Where people come by popularity alone nothing is to be gained.

    30 worlds would make five false alarms at 5 % with a chance under .02; ten worlds here, at most
    two intervals above zero.
    """
    alarms = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        weight = rng.pareto(1.5, 80) + 0.2
        people = [
            rng.choice(80, rng.integers(4, 12), replace=False, p=weight / weight.sum())
            for _ in range(300)
        ]
        which = np.repeat(np.arange(300), [len(one) for one in people])
        log = CascadeLog(which, np.concatenate(people), n=80)
        learnt, held_out = log.split(0.7, seed)
        table = credit(None, learnt).judge(held_out, rng=seed, draws=400).table()
        alarms += table.loc["credit", "low"] > 0.0
        # A mixture fitted on what credit was learnt from would trust it, and lose.
        assert -0.03 < table.loc["credit", "gain"] < 0.05
    assert alarms <= 2, alarms


def test_orders_and_splits() -> None:
    """Catches a shuffle that moves people between cascades, or a reversal of the whole log."""
    for other in (LOG.shuffled(3), LOG.reversed()):
        assert (other.starts == LOG.starts).all() and (other.time == LOG.time).all()
        for c in range(LOG.number):
            rows = slice(LOG.starts[c], LOG.starts[c + 1])
            assert sorted(other.person[rows]) == sorted(LOG.person[rows])
    assert LOG.reversed().person[:4].tolist() == LOG.person[:4].tolist()[::-1]
    one, two = LOG.split(0.5, 1)
    assert set(one.names) | set(two.names) == {0, 1, 2, 3} and one.number == two.number == 2
    again = CascadeLog([0, 0, 0, 0], [4, 1, 4, 2], [np.nan, 5.0, 7.0, 3.0])
    assert again.person.tolist() == [4, 2, 1] and again.time.tolist() == [3.0, 3.0, 5.0]
    net = network()
    other = rewired(net, 4)
    out = np.bincount(other.arcs()[0], minlength=4)
    assert (out <= np.bincount(net.arcs()[0], minlength=4)).all()


def test_reader(tmp_path: Path) -> None:
    """Catches columns by other names that are not found, and files that are none."""
    text = "cascade,site,time_h\n5,1,2.5\n5,0,\n6,2,1\n"
    (tmp_path / "log.csv").write_text(text)
    log = read_cascade_log(tmp_path / "log.csv")
    assert log.person.tolist() == [0, 1, 2] and log.names.tolist() == [5, 6]
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    with pytest.raises(KoubeiError, match="columns missing"):
        read_cascade_log(tmp_path / "wrong.csv")


def test_wrong_calls_are_refused() -> None:
    """Catches people outside the network, and logs that are none."""
    big = CascadeLog([0, 0], [0, 9])
    for call, said in (
        (lambda: credit(network(), big), "people who are not in the network"),
        (lambda: credit(None, [(0, 1)]), "not a log"),
        (lambda: credit(None, LOG).judge(big), "people who are not in the network"),
        (lambda: credit(None, LOG, method="magic"), "method"),
        (lambda: credit(None, LOG, decay=-1.0), "decay"),
        (lambda: CascadeLog([0, 0], [0, -1]), "out of range"),
        (lambda: CascadeLog([0], [0.5]), "not whole numbers"),
        (lambda: LOG.split(1.0), "leaves one side empty"),
    ):
        with pytest.raises(KoubeiError, match=said):
            call()
