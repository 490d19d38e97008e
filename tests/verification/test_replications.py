"""Each replication holds at its quick scale, and a planted fault turns its verdict.

Null in each: the formulas and published numbers named in the replication; the key is the one that
the verdicts are promised for.  The exact tests ask for |z| < 4 (6e-5 each); a failure repeats.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

import verification
from koubei_sim.cascades import IndependentCascade, cascade
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network
from verification import NAMES, REPLICATIONS, replicate, verdict
from verification.verdict import ABSENT, MISSED, REPRODUCED

SLOW = {
    "tiny-graphs",
    "purity",
    "common-numbers",
    "nethept",
    "cascade-shape",
    "centola-macy",
    "latent-homophily",
    "shuffle-test",
    "watch-launch",
    "tree-shapes",
}
#: Checks that are known to miss at the quick scale; no other may, and none may vanish unseen.
KNOWN = {
    "bass-curves": 2,
    "percolation": 1,
    "purity": 1,
    "nethept": 1,
    "cascade-shape": 1,
    "xiaomi-waves": 1,
    "tree-shapes": 2,
    "watch-launch": 4,
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in NAMES]
)
def test_it_is_reproduced(name: str) -> None:
    """Catches a kernel, a generator or a formula that has changed a published number."""
    found = replicate(name)
    assert [row.what for row in found.failures] == []
    assert found.verdict in (REPRODUCED, ABSENT)
    if not any(row.verdict == ABSENT for row in found.rows) or name == "nethept":
        misses = [row for row in found.rows if row.verdict == MISSED]
        assert len(misses) == KNOWN.get(name, 0), [row.what for row in misses]
    for row in found.rows:
        assert row.verdict != MISSED or row.note, f"{row.what}: a miss without a reason"
        assert row.provenance in ("R", "C", "S", "M", ""), row.what
        # A number from memory is nowhere called published.
        assert row.provenance != "M" or "published" not in row.note.lower()
    assert len({row.what for row in found.rows}) == len(found.rows)


@pytest.mark.parametrize("name", NAMES)
def test_the_list_says_what_there_is(name: str) -> None:
    """Catches an entry whose module, name or description has gone astray."""
    module = import_module(f"verification.{REPLICATIONS[name].module}")
    assert len(REPLICATIONS[name].what) <= 60
    assert module.TITLE
    assert module.SOURCE
    assert len(module.TITLE) + len(name) + 2 <= 99


# ---------------------------------------------------------------- planted faults


def test_a_wrong_coin_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches checks that pass whatever is simulated: p is 4 % too large."""
    from verification import tiny_graphs

    def faulty(graph, rule, *rest, **options):
        if isinstance(rule, IndependentCascade):
            rule = IndependentCascade(rule.p * 1.04)
        return cascade(graph, rule, *rest, **options)

    monkeypatch.setattr(tiny_graphs, "cascade", faulty)
    monkeypatch.setattr(tiny_graphs, "_CASES", dict(list(tiny_graphs._CASES.items())[3:5]))
    found = replicate("tiny-graphs")
    assert found.verdict == MISSED
    assert {row.what for row in found.failures} >= {"star of 10, from the hub, p = 0.3"}


def test_a_wrong_threshold_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches an ordering that is always said to hold: riots where one more is needed."""
    from verification import granovetter

    right = granovetter._rioters
    monkeypatch.setattr(granovetter, "_rioters", lambda needs, key: right(needs + 1, key))
    found = replicate("granovetter")
    assert found.verdict == MISSED
    assert found.rows[0].found == 0


def test_a_changed_wave_turns_the_verdict(monkeypatch: pytest.MonkeyPatch, data_file) -> None:
    """Catches a growth test that does not look at the data: the turn of 2014 is taken out."""
    from verification import xiaomi_waves

    data_file(xiaomi_waves.FILE)
    days, users = xiaomi_waves._series()
    smooth = np.exp(np.interp(days, days[[1, -1]], np.log(users[[1, -1]])))
    smooth[0] = users[0]
    monkeypatch.setattr(xiaomi_waves, "_series", lambda: (days, smooth))
    failed = {row.what for row in replicate("xiaomi-waves").failures}
    assert "growth in early 2014 against the months before" in failed or any(
        what.startswith("growth a month") for what in failed
    )


def test_absent_data_is_said_and_does_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a replication that crashes, or passes, on a machine without the data."""

    def nothing(name: str):
        raise KoubeiError(name, "no such data file")

    for module in ("nethept", "bass_fit", "xiaomi_waves"):
        found = import_module(f"verification.{module}")
        monkeypatch.setattr(found, "find_data", nothing)
    assert replicate("nethept").verdict == ABSENT
    assert replicate("xiaomi-waves").verdict == ABSENT
    fit = replicate("bass-fit")
    assert fit.verdict == REPRODUCED
    assert fit.counts()[ABSENT] == 1


# ---------------------------------------------------------------- the form of an answer


def test_verdicts_of_checks() -> None:
    """Catches a comparison with the wrong side, and a known miss that counts as a failure."""
    assert verdict.by_z("a", 1.0, 1.0 + 3.9e-3, 1e-3).verdict == REPRODUCED
    assert verdict.by_z("a", 1.0, 1.0 - 4.1e-3, 1e-3).verdict == MISSED
    assert verdict.by_z("a", 1.0, 1.1, 0.0).verdict == MISSED
    assert verdict.by_z("a", 1.0, 1.0, 0.0).verdict == REPRODUCED
    assert verdict.in_band("a", 1.0, np.nan, 0.5, "C").verdict == MISSED
    assert verdict.exactly("a", 76, 77).verdict == MISSED
    assert verdict.share_by_z("a", 0.5, 5_000, 10_000).z == 0.0
    missed = verdict.in_band("a", 1.0, 2.0, 0.5, "R", "why")
    assert missed.failed
    known = replace(missed, known=True)
    assert (known.verdict, known.failed) == (MISSED, False)
    gone = verdict.absent("b", "needs c")

    def whole(*rows: verdict.Check) -> str:
        return verification.Replication("x", "t", "s", rows).verdict

    assert whole(missed, gone) == MISSED
    assert whole(known, gone) == REPRODUCED
    assert whole(gone) == ABSENT


def test_wrong_words_are_refused_in_one_line() -> None:
    """Catches a misspelt name or scale that runs something else."""
    with pytest.raises(KoubeiError, match="try borel"):
        replicate("borell")
    with pytest.raises(KoubeiError, match="scale: unknown, got large"):
        replicate("borel", "large")
    assert verification.entry("Bass_Fit") == REPLICATIONS["bass-fit"]


# ---------------------------------------------------------------- what only replications need


def test_rewiring_keeps_degrees_and_moves_ties(key: int) -> None:
    """Catches a swap that loses a tie, makes a loop, or does nothing."""
    from koubei_sim.networks import lattice
    from verification.graphs import rewired

    torus = lattice(30, 30, wrap=True)
    for share in (0.1, 1.0):
        other = rewired(torus, share, key)
        other.check()
        assert (other.degrees() == torus.degrees()).all()
        layer, plain = other.layer(), torus.layer()
        assert not (layer.sources() == layer.indices).any()
        ties = set(zip(plain.sources().tolist(), plain.indices.tolist()))
        kept = sum(pair in ties for pair in zip(layer.sources().tolist(), layer.indices.tolist()))
        moved = 1.0 - kept / torus.n_arcs
        # A tie may be chosen again: 1 - exp(-share) of them have moved, fewer where they came back.
        assert abs(moved - (1.0 - np.exp(-share))) < 0.05
        assert np.array_equal(rewired(torus, share, key).layer().indices, layer.indices)


def test_greedy_coverage_is_greedy(key: int) -> None:
    """Catches sets counted twice, by trying all people at every turn on random sets."""
    from koubei_sim.core.draws import draw32, stream
    from verification.coverage import most_covering

    base = np.uint64(stream(np.uint64(key), 0, 900, 0, 0))
    pairs = sorted({(draw32(base, 2 * m) % 60, draw32(base, 2 * m + 1) % 20) for m in range(300)})
    sets, people = (np.array(column) for column in zip(*pairs))
    chosen, gains = most_covering(sets, people, 6, 20)
    left = set(sets.tolist())
    for person, gain in zip(chosen.tolist(), gains.tolist()):
        by_hand = [len({s for s, v in pairs if v == one and s in left}) for one in range(20)]
        assert gain == max(by_hand)
        assert person == by_hand.index(gain)
        left -= {s for s, v in pairs if v == person}


def test_a_turned_network_keeps_its_probabilities() -> None:
    """Catches probabilities of arcs that go to other arcs when the network is turned round."""
    from verification.coverage import reversed_with

    graph = Network.from_edges([0, 0, 1, 2, 2], [1, 2, 2, 0, 1], n=3)
    source, target = graph.layer().sources(), graph.layer().indices
    turned, p = reversed_with(graph, 10.0 * source + target)
    back = turned.layer()
    assert p.tolist() == (10.0 * back.indices + back.sources()).tolist()


def test_follower_graphs_have_their_law(key: int) -> None:
    """Catches numbers of followers, or followers, that are not those of the law."""
    from koubei_sim.theory import degrees
    from verification.graphs import follower_graph, quantile_degrees

    law = degrees.power_law(2.3, 1, 1000)
    graph = follower_graph(law, 5000, key)
    assert np.array_equal(graph.degrees(), quantile_degrees(law, 5000))
    layer = graph.layer()
    assert not (layer.sources() == layer.indices).any()
    into = np.bincount(layer.indices, minlength=5000)
    # Anybody follows: Poisson numbers of accounts followed.
    assert abs(into.var() / into.mean() - 1.0) < 6.0 * np.sqrt(2.0 / 5000)


def test_the_birth_chain_is_that_of_two_people(key: int) -> None:
    """Catches a wrong rate in the chain, by the closed form of pairs, at three times."""
    from koubei_sim.theory import bass
    from verification.bass_curves import birth_chain

    years = np.array([1.0, 5.0, 30.0])
    chain = birth_chain(2, 0.03, 0.38, years)
    assert np.allclose(chain, bass.two_node(years, 0.03, 0.38), atol=1e-12)
    # And of very many: the curve of Bass.
    many = birth_chain(4000, 0.05, 0.3, np.array([8.0]))
    assert abs(float(many[0]) - float(bass.cumulative(8.0, 0.05, 0.3))) < 2e-3


def test_the_split_of_value_is_exact_person_by_person() -> None:
    """Catches a person counted twice, or a loss with the wrong sign."""
    from verification.acceleration import DISCOUNT, worth

    with_it = np.array([[0.0, 1.0, 5.0, np.nan]])
    without = np.array([[0.0, 3.0, np.nan, 2.0]])
    found = worth(with_it, without)
    value = lambda time: np.exp(-DISCOUNT * time)  # noqa: E731
    assert np.allclose(found.acceleration, value(1.0) - value(3.0))
    assert np.allclose(found.expansion, value(5.0))
    assert np.allclose(found.loss, -value(2.0))
    assert np.allclose(found.total, found.acceleration + found.expansion + found.loss, atol=1e-15)
