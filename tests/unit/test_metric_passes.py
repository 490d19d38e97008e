"""The facts of a log by passes against the same from arrays of all adoptions."""

from __future__ import annotations

import numpy as np
import pytest
from tests.worlds import random_world

from koubei_sim import metrics
from koubei_sim.core.codes import LOG_ADOPT, LOG_LAPSE, RECRUITER_MEDIA, RECRUITER_SEED
from koubei_sim.metrics.passes import facts_by_passes, log_facts
from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.mechanisms import TABLE_WIDTH
from koubei_sim.model.world import arrays as world
from koubei_sim.model.world.arrays import History, canonical


def same(history: History, **words: int) -> None:
    """The passes say of a history what the arrays say."""
    found = facts_by_passes(history, **words)
    wanted = log_facts(history)
    if words:
        behaviour = metrics.behaviour_tiers(history, day=words["day"])
        wanted = wanted._replace(
            k_factor=metrics.k_factor(history, days=words["days"]),
            recruiters=behaviour.recruiters,
            observed=behaviour.observed,
            active=behaviour.active,
        )
    for ours, theirs in (
        (found.forest, wanted.forest),
        (found[1:], wanted[1:]),
    ):
        np.testing.assert_array_equal(np.array(ours, float), np.array(theirs, float))


def drawn_history(seed: int, people: int = 40, ticks: int = 60, events: int = 900) -> History:
    """A log of anything: people adopt, lapse, recruit in any order the format allows."""
    dice = np.random.default_rng(seed)
    tick = np.sort(dice.integers(-1, ticks, events))
    agent = dice.integers(0, people, events)
    kind = dice.choice([LOG_ADOPT, LOG_ADOPT, LOG_LAPSE, 2, 4], events)
    recruiter = np.where(
        dice.random(events) < 0.2, RECRUITER_MEDIA, dice.integers(0, people, events)
    )
    recruiter[tick == -1] = RECRUITER_SEED
    kind[tick == -1] = LOG_ADOPT
    key = (tick + 1) * 10_000 + kind * 1_000 + agent
    one = np.unique(key, return_index=True)[1]  # nobody does a thing twice in a tick
    table = np.zeros((ticks, TABLE_WIDTH), np.int64)
    table[:, 0] = people
    none = np.zeros(one.size, np.int32)
    return canonical(
        History(
            table, np.zeros((ticks, 1)), np.zeros((ticks, 1)),
            tick[one].astype(np.int32), agent[one].astype(np.int32), kind[one].astype(np.uint8),
            recruiter[one].astype(np.int32), none.astype(np.int8), none.astype(np.uint8), none,
        )
    )  # fmt: skip


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_passes_over_logs_of_anything(piece, monkeypatch):
    """Catches a parent of the same tick, a spell ended by a lapse of its own tick, trees of people
    who never adopted, ties between largest trees, and ticks cut in two by the end of a piece."""
    monkeypatch.setattr(world, "PIECE", piece)
    for seed in range(25):
        history = drawn_history(seed, people=40 if seed % 2 else 4, events=(30, 900)[seed % 3 > 0])
        same(history)
        same(history, day=3, days=2)
        same(history, day=0, days=0)


def test_passes_over_worlds_with_every_module(monkeypatch):
    """Catches an order of events that only a run makes."""
    monkeypatch.setattr(world, "PIECE", 50)
    for seed in range(12):
        same(run_compiled(random_world(seed)), day=5, days=4)


def test_passes_over_nothing():
    """Catches a division by the adoptions of a run in which there were none."""
    history = drawn_history(1)
    none = {name: getattr(history, name)[:0] for name in History._fields if name[:4] == "log_"}
    same(history._replace(**none))


def test_one_long_chain_and_one_star():
    """Catches sums of subtrees that are added on the wrong side: structural virality by hand."""
    n = 50
    for recruiter, virality in (
        (np.arange(-1, n - 1), (n + 1) / 3),
        (np.array([-1] + [0] * (n - 1)), 2 - 2 / n),
    ):
        tick = np.arange(-1, n - 1)
        table = np.zeros((n, TABLE_WIDTH), np.int64)
        table[:, 0] = n
        zero = np.zeros(n, np.int32)
        history = History(
            table, np.zeros((n, 1)), np.zeros((n, 1)), tick.astype(np.int32),
            np.arange(n, dtype=np.int32), zero.astype(np.uint8), recruiter.astype(np.int32),
            zero.astype(np.int8), zero.astype(np.uint8), zero,
        )  # fmt: skip
        assert facts_by_passes(history).forest.virality == pytest.approx(virality, rel=1e-14)
        same(history)
