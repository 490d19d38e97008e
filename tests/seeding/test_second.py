"""Sets made by several threads, and seeds judged on sets that are not kept."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.networks import threads
from koubei_sim.seeding import pool as pools
from koubei_sim.seeding import second as judging
from koubei_sim.seeding.kernels.search import Roots
from koubei_sim.seeding.pool import NONE, Pool, checked_graph
from koubei_sim.seeding.rows import heard
from koubei_sim.seeding.second import Second

NET = kb.networks.follow_graph(600, mean_degree=7, exponent=2.2, key=3)


def made(kind, p: float, collection: int = 1):
    arcs, _ = checked_graph(NET, kb.IndependentCascade(p), "row")
    roots = Roots(np.uint64(11), collection, NONE, 0, NONE, NONE)
    return kind(heard(kb.IndependentCascade(p), arcs, 11, False), roots)


@pytest.mark.parametrize("p", [0.05, 0.3])
@pytest.mark.parametrize("given", [[], [5, 77]])
def test_sets_that_are_not_kept_are_judged_alike(monkeypatch, p: float, given: list[int]) -> None:
    """Would catch a set that ends and is not counted, `given` forgotten, or a set counted twice."""
    seeds, anyway = np.array([400, 3, 9, 250]), np.array(given, np.int64)
    whole = made(Second, p)
    first, later = whole.hits(1024, anyway, seeds)[0], whole.hits(5120, anyway, seeds)[0]
    assert whole.keeps and whole.pool.made == 5120
    monkeypatch.setattr(judging, "KEPT", 500)
    monkeypatch.setattr(judging, "GAIN", 0.0)
    some = made(Second, p)
    assert some.hits(1024, anyway, seeds)[0] == first
    found, curve = some.hits(5120, anyway, seeds)
    assert not some.keeps and some.pool.made < 1024
    assert found == later and curve[-1] == pytest.approx(found)
    assert np.all(np.diff(curve) >= 0.0) and curve.size == 5


def test_sets_are_kept_where_seeds_end_few(monkeypatch) -> None:
    """Would catch sets searched anew for every choice although almost none holds a seed."""
    monkeypatch.setattr(judging, "KEPT", 500)
    rare, common = made(Second, 0.05), made(Second, 0.5)
    least = np.array([int(np.argmin(np.bincount(NET.arcs()[0], minlength=600)))])
    rare.hits(5120, NONE, least)
    assert rare.keeps and rare.pool.made == 5120
    common.hits(5120, NONE, np.arange(300))
    assert not common.keeps and common.pool.made == 64


def test_a_set_ends_at_its_first_seed() -> None:
    """Would catch whole sets searched: nothing would be gained."""
    pool = made(Pool, 0.5)
    pool.grow(640)
    everybody = np.ones(600, np.bool_)
    assert pool.ended(0, 640, everybody) == (640, 640)
    assert pool.ended(0, 640, ~everybody) == (0, pool.size) == (0, pool.pairs_up_to(640))
    assert pool.ended(64, 640, ~everybody)[1] == pool.size - pool.pairs_up_to(64)


@pytest.mark.parametrize("rule", [kb.IndependentCascade(0.2), kb.LinearThreshold()])
def test_bytes_do_not_depend_on_threads(monkeypatch, rule) -> None:
    """Would catch chunks out of order, or sets numbered by thread, kept or not."""
    monkeypatch.setattr(pools, "FEW", 1)
    for kept in (judging.KEPT, 100):
        monkeypatch.setattr(judging, "KEPT", kept)
        one, *others = (
            kb.seeding.maximise(NET, rule, 9, rng=5, target=0.93, threads=count)
            for count in (1, 2, 5)
        )
        for other in others:
            assert other.curve.tobytes() == one.curve.tobytes()
            assert other.seeds.tobytes() == one.seeds.tobytes()
            assert (other.reach, other.at_most, other.pairs) == (one.reach, one.at_most, one.pairs)


def test_chunks_are_put_together_in_order(monkeypatch) -> None:
    """Would catch a chunk numbered wrongly, an index with sets of others, buffers too small."""
    monkeypatch.setattr(pools, "FEW", 1)
    monkeypatch.setattr(pools, "ROOM", 70)
    one, many = made(Pool, 0.2), made(Pool, 0.2)
    one.grow(2048)
    with threads(3):
        for number in (64, 192, 1024, 2048):
            many.grow(number)
        index = many.index()
    assert len(many.chunks) > 8 and many.size == one.size
    assert all(map(np.array_equal, many.lists(), one.lists()))
    assert all(map(np.array_equal, index[:2], one.index()[:2]))
    for v in (0, 17, 599):
        held = [s for s, people in enumerate(one.lists()) if v in people]
        assert np.array_equal(np.sort(index.sets[index.starts[v] : index.starts[v + 1]]), held)


def test_scratch_that_another_thread_takes_first_is_made_anew() -> None:
    """Would catch a thread that asks whether scratch is there and takes it a moment later."""

    class Taken(deque):
        """Says that it holds something, which is gone when it is asked for."""

        def __len__(self) -> int:
            return 1

        def pop(self):
            raise IndexError

    pool, other = made(Pool, 0.2), made(Pool, 0.2)
    pool._idle = Taken()
    pool.grow(128)
    other.grow(128)
    assert all(map(np.array_equal, pool.lists(), other.lists()))
