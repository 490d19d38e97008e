"""`seeding.strategy = "reach"`: who is chosen, by which surrogate, the same for both engines."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from tests.seeding.test_improve import neutral

import koubei_sim as kb
from koubei_sim.cascades import IndependentCascade
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.population import enthusiasts
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.model.world.surrogate import surrogate
from koubei_sim.seeding import maximise

KEY = 5


def tiny(**changes):
    seeding = {"seeding.strategy": "reach", "seeding.number": 10, "seeding.purity": 0.4}
    return Scenario.load("tiny").replace(n_agents=300, ticks=20, **(seeding | changes))


def parts(sc):
    people = build.build_population(sc, KEY)
    return people, build.build_graphs(sc, build.build_networks(sc, KEY, 0, people), people)


@pytest.mark.parametrize("key", [1, 2, 3])
def test_in_the_neutral_limit_they_are_those_of_maximise(key) -> None:
    """Catches a surrogate turned round, a key of its own, or another choice than the certified."""
    sc, net = neutral(**{"seeding.strategy": "reach"})
    best = maximise(net, IndependentCascade(0.15), 4, rng=key).seeds
    assert best.tolist() != sorted(best.tolist())  # so the order of the world is its own
    world = build.build_world(sc, key, networks=net)
    assert world.people.seeds.tolist() == sorted(best.tolist())


def test_purity_says_how_many_of_them_are_fans() -> None:
    """Catches quotas of fans and others changed round, or seeds of one kind chosen alone."""
    sc = tiny()
    people, graphs = parts(sc)
    fan = enthusiasts(sc, people)
    seeds = build.build_world(sc, KEY, population=people, graphs=graphs).people.seeds
    assert (fan[seeds].sum(), (~fan[seeds]).sum()) == (4, 6)
    arcs = surrogate(sc, people, graphs, sc.seeding.channel)
    net = kb.Network((kb.networks.Layer("all", arcs.indptr, arcs.indices),))
    rule = IndependentCascade(arcs.chance)
    best = maximise(net, rule, groups=fan, quotas={True: 4, False: 6}, rng=KEY).seeds
    assert seeds.tolist() == sorted(best.tolist())


def test_both_engines_have_the_same_seeds() -> None:
    """Catches seeds that an engine chooses for itself."""
    made = [
        kb.run(tiny(), rng=KEY, replicates=2, engine=name) for name in ("compiled", "reference")
    ]
    assert made[0].digest() == made[1].digest()


def test_on_which_feed() -> None:
    """Catches a `channel` that the strategy does not see."""
    people, graphs = parts(tiny())
    chosen = {
        c: build.build_world(tiny(**{"seeding.channel": c}), KEY, population=people, graphs=graphs)
        for c in (None, "weibo", "wechat")
    }
    assert len({tuple(world.people.seeds.tolist()) for world in chosen.values()}) == 3


def test_the_surrogate_against_one_arc_at_a_time() -> None:
    """Catches a slip of the tables: section 8 of docs/model.md again, in sums over tellings.

    The law of the number of tellings is written out here, the library takes a shorter way.
    """
    sc = tiny(**{"market.taste_sd": 0.1, "service.churn": 0.05, "telling.referral_reward": 0.5,
                 "channels.wechat.opens_at": 3})  # fmt: skip
    people, graphs = parts(sc)
    found = surrogate(sc, people, graphs, "wechat")
    c = list(sc.channels).index("wechat")
    channel, telling, w = sc.channels["wechat"], sc.telling, sc.participation.online
    segments, product = list(sc.segments.values()), next(iter(sc.products.values()))
    heard = sum(np.bincount(i, minlength=300) for i in graphs.indices)
    positive = 0
    for u in range(0, 300, 7):
        s = segments[people.segment[u]]
        x = people.level[u] / 127.0
        engaged = sc.loyalty.bonus * sc.loyalty.newcomer / (1.0 + sc.loyalty.newcomer)
        asked = product.bar + product.bar_expert * x
        happy = product.quality - product.difficulty * (1.0 - x) - asked + engaged
        happy += people.taste[u] - missed(product, x)
        law, tellings, stays = {0: 1.0}, 0.0, 1.0
        for day in range(1, sc.ticks - channel.opens_at + 1):
            news = telling.novelty_floor + (1.0 - telling.novelty_floor) * 0.5 ** (
                day / telling.novelty_half_life
            )
            rate = channel.tell * telling.tier_factor[0]
            rate *= 1.0 + telling.referral_tell * telling.referral_reward
            tells = min(1.0, w * people.activity[u]) * min(1.0, rate / w * news * s.tell)
            new = {}
            for n, chance in law.items():
                tellings += stays * chance * tells * telling.repeat_fatigue**n
                new[n] = new.get(n, 0.0) + chance * (1.0 - tells)
                new[n + 1] = new.get(n + 1, 0.0) + chance * tells
            law, stays = new, stays * (1.0 - sc.service.churn * s.leave)
        tellings = tellings if happy >= 0.0 else 0.0
        for k in range(graphs.indptr[c][u], graphs.indptr[c][u + 1]):
            v = graphs.indices[c][k]
            to, y = segments[people.segment[v]], people.level[v] / 127.0
            fit = product.quality - product.difficulty * (1.0 - y) - missed(product, y)
            fit = min(1.0, max(0.0, fit))
            overlap = graphs.ties[c][k] / 255.0
            weak = telling.referral_weak_taint * telling.referral_reward * (1.0 - overlap)
            tie = (channel.tie_floor + (1.0 - channel.tie_floor) * overlap) * (1.0 - weak)
            force = channel.persuasion * telling.credibility[0] * telling.plain_authenticity
            force *= 1.0 - telling.referral_taint * telling.referral_reward
            sees = channel.visibility * min(
                1.0, to.reading_budget / (1.0 + channel.background_load)
            )
            wins = sees * (1.0 - (1.0 - force) ** (fit * tie))
            need = max(1, to.reinforcement, math.ceil(to.reinforcement_share * heard[v] - 1e-9))
            assert found.chance[k] == pytest.approx(
                (1.0 - (1.0 - wins) ** tellings) / need, abs=2e-6
            )
            positive += found.chance[k] > 1e-3
    assert positive > 50


def missed(product, x):
    """What is missed on average, by the midpoints of the Pareto law of shares."""
    a, m = product.need_exponent, product.need_share
    least = m * (a - 1.0) / a
    u = (np.arange(400_000) + 0.5) / 400_000
    share = np.minimum(1.0, least * u ** (-1.0 / a))

    def has(z):
        return np.minimum(1.0, 2.0 * z * share).mean()

    each = product.expert_needs * has(x) + (1.0 - product.expert_needs) * has(1.0 - x)
    return product.needs * product.need_severity * each


def test_they_reach_more_than_random_ones() -> None:
    """Catches a strategy that is one in name only: pairs of runs, twenty worlds."""
    sc, net = neutral(**{"seeding.strategy": "reach"})
    ours, random = (
        kb.run(sc.replace(**{"seeding.strategy": how}), rng=1, replicates=20, networks=net)
        for how in ("reach", "random")
    )
    gap = kb.metrics.measure(ours, "users") - kb.metrics.measure(random, "users")
    assert (gap > 0).sum() >= 18


def test_what_cannot_be_had_is_refused() -> None:
    """Catches a strategy that looks for a graph where there is none, or takes too few."""
    boards = Scenario.load("bass").replace(n_agents=100)
    assert not boards.feeds
    with pytest.raises(KoubeiError, match="no feed"):
        build.build_world(boards.replace(**{"seeding.strategy": "reach"}), KEY)
    with pytest.raises(KoubeiError, match="enthusiasts"):
        build.build_world(tiny(**{"seeding.number": 290, "seeding.purity": 1.0}), KEY)


def test_two_doors_lead_up() -> None:
    """Catches a further place that goes out by the front door, past the import contracts."""
    source = Path(kb.__file__).parent
    named = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "import_module" in path.read_text("utf-8")
    }
    above = {name for name in named if name.startswith(("cli/", "studies/"))} | {"__init__.py"}
    assert named - above == {"model/world/seeds.py", "runs/result.py"}
