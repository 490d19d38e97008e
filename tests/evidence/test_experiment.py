"""`kb.experiment`: the truth is the same world with everybody treated; designs are as they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.evidence.designs import designs_of
from koubei_sim.evidence.diffusion import NEVER
from koubei_sim.evidence.effects import (
    Treatment,
    Trial,
    by_model,
    difference,
    drawn_values,
    exposure,
)
from koubei_sim.evidence.trial import _trial
from koubei_sim.evidence.worlds import Change, as_record, simulate, truth

NET = kb.networks.watts_strogatz(400, 6, 0.1, key=1)
RULE = kb.Bass(0.02, 0.2)
EMPTY = kb.Diffusion(NET, [None] * 400, until=15, start=1, seeds=[0, 7])
FORMULA = "constant + ties(share)"
MODEL, VALUES = truth(EMPTY, FORMULA, {"constant": 0.02, "ties(share)": 0.2})


def treated_half(worlds: int = 1) -> np.ndarray:
    """Every other person, in all worlds."""
    return np.repeat((np.arange(400) % 2 == 0)[:, None], worlds, axis=1)


# Worlds with changes ------------------------------------------------------------------------------


def test_changes_for_everybody_are_other_values() -> None:
    """Catches a change that is added twice, to the wrong push, or in the wrong period."""
    more = VALUES * np.array([1.5, 1.0]), VALUES * np.array([1.0, 1.5])
    everybody = np.ones((400, 1), bool)
    base = Change(None, np.full((15, 1), 0.01), None, everybody)
    for on in (None, everybody):
        push = Change(0, np.array([0.1]), on, everybody)
        for change, values in zip((base, push), more, strict=True):
            played = simulate(MODEL, VALUES, EMPTY, 7, 3, changes=[change])
            assert np.array_equal(played, simulate(MODEL, values, EMPTY, 7, 3))


def naive_world(
    teller: np.ndarray, listener: np.ndarray, when: np.ndarray, factor: float
) -> np.ndarray:
    """The same world person by person: Bass with arcs that count more."""
    from koubei_sim.evidence.kernels.resistance import resistances

    left = np.empty((400, 1), np.int64)
    resistances(np.uint64(7), 0, left)
    left = left[:, 0]
    at = np.full(400, NEVER)
    at[[0, 7]] = -1
    layer = NET.layer()
    near = [layer.indices[layer.indptr[i] : layer.indptr[i + 1]] for i in range(400)]
    for t in range(15):
        before = at < t
        for i in range(400):
            push = 0.0
            for j in near[i]:
                if before[j]:
                    rise = teller[j] and listener[i] and when[t]
                    push += (factor if rise else 1.0) / len(near[i])
            left[i] -= int(np.floor((0.02 + 0.2 * push) * 2.0**32 + 0.5))
        at[(left < 0) & (at == NEVER)] = t
    return at


@pytest.mark.parametrize("on", ["listener", "teller", "tie"])
def test_arcs_count_more_where_they_should(on: str) -> None:
    """Catches tellers that are taken for listeners, seeds whose arcs are forgotten, and periods."""
    half, everybody = treated_half()[:, 0], np.ones(400, bool)
    when = np.arange(15) % 3 != 0
    made = Treatment(1.0, 1.8, on).changes(MODEL, VALUES, EMPTY, half[:, None], when[:, None])
    found = simulate(MODEL, VALUES, EMPTY, 7, 1, changes=made)[0]
    teller = half if on in ("teller", "tie") else everybody
    listener = half if on in ("listener", "tie") else everybody
    expected = naive_world(teller, listener, when, 1.8)
    # Sums in another order round differently in the last of 32 bits: nobody but by such luck.
    assert (found != expected).sum() <= 1
    assert (found != simulate(MODEL, VALUES, EMPTY, 7, 1)[0]).sum() > 20


def test_each_world_has_its_own_values_and_treatment() -> None:
    """Catches worlds that are given the values or the people of another one, also in pieces."""
    from koubei_sim.evidence import worlds

    values = np.array([VALUES, VALUES * 2.0, VALUES * 0.5])
    half = treated_half(3)
    half[:, 1] = ~half[:, 1]
    change = Change(0, np.array([0.1, 0.2, 0.3]), half, None)
    whole = simulate(MODEL, values, EMPTY, 7, 3, changes=[change])
    for r in range(3):
        own = Change(0, change.added[r : r + 1], half[:, r : r + 1])
        alone = simulate(MODEL, values[r], EMPTY, 7, 1, first=r, changes=[own])
        assert np.array_equal(alone[0], whole[r])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worlds, "CELLS", 800)
        assert np.array_equal(simulate(MODEL, values, EMPTY, 7, 3, changes=[change]), whole)


# Clusters and designs -----------------------------------------------------------------------------


def test_clusters_hold_who_is_tied() -> None:
    """Catches clusters above their size, and clusters of people who are not tied."""
    found = kb.clusters(NET, 20)
    size = np.bincount(found)
    assert size.max() <= 20 and size.min() >= 1
    assert found[0] == 0 and (np.diff(np.unique(found)) == 1).all()
    layer = NET.layer()
    inside = (found[layer.sources()] == found[layer.indices]).mean()
    assert inside > 0.55  # at random 1 in 20
    assert np.array_equal(found, kb.clusters(NET, 20))
    assert not np.array_equal(found, kb.clusters(NET, 20, rng=1))
    assert kb.clusters(NET, 1).tolist() == list(range(400))
    apart = kb.Network.from_edges([0, 1, 3, 4], [1, 2, 4, 5], n=7, directed=False)
    assert kb.clusters(apart, 3).tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert kb.clusters(apart).max() >= 2


def design(given: Any, periods: int = 16) -> Any:
    """One design on the network."""
    return designs_of([given], NET, 7, 2, periods)[0]


def test_designs_treat_whom_they_say() -> None:
    """Catches units that are split, shares that are off, and assignments without luck."""
    clusters = kb.clusters(NET, 20)
    for given in ("people", clusters, "ego"):
        one = design(given)
        drawn = one.draw(7, 5, 0.4, 16).treated
        for world in range(5):
            treated = drawn[:, world]
            for unit in range(one.count):
                assert np.unique(treated[one.units == unit]).size == 1
            first = np.array([treated[one.units == unit][0] for unit in range(one.count)])
            assert first.sum() == round(0.4 * one.count)
            assert not treated[one.units < 0].any()
        assert np.array_equal(drawn, one.draw(7, 5, 0.4, 16).treated)
        assert np.array_equal(drawn[:, :2], one.draw(7, 2, 0.4, 16).treated)
        assert not np.array_equal(drawn[:, 0], drawn[:, 1])
        assert not np.array_equal(drawn, one.draw(8, 5, 0.4, 16).treated)


def test_egos_share_nobody() -> None:
    """Catches egos whose neighbours belong to another, or who lack one of theirs."""
    one = design("ego")
    layer = NET.layer()
    for ego in np.flatnonzero(one.counted):
        near = layer.indices[layer.indptr[ego] : layer.indptr[ego + 1]]
        assert (one.units[near] == one.units[ego]).all()
        assert (one.units == one.units[ego]).sum() == near.size + 1


def test_switchback_treats_one_block_of_each_pair() -> None:
    """Catches blocks of another length, and pairs of which both or none are treated."""
    when = design("switchback", 20).draw(7, 40, 0.5, 20).when
    blocks = when.reshape(10, 2, 40)
    assert (blocks[:, 0] == blocks[:, 1]).all()
    assert (blocks[0::2, 0] != blocks[1::2, 0]).all()
    assert 0.25 < when[0].mean() < 0.75


# Estimators ---------------------------------------------------------------------------------------


def trial(given: Any, treatment: Treatment, formula: str = FORMULA, world: int = 0) -> Trial:
    """One experiment as its analyst sees it."""
    one = designs_of([given], NET, 7, 2, 15)[0]
    drawn = one.draw(7, world + 1, 0.5, 15)
    made = treatment.changes(MODEL, VALUES, EMPTY, drawn.treated, drawn.when)
    at = simulate(MODEL, VALUES, EMPTY, 7, world + 1, changes=made)
    return _trial(EMPTY, at, one, drawn, world, treatment, formula, 7)


def test_the_difference_of_people_is_that_of_two_means() -> None:
    """Catches seeds that are compared, arms that are changed round, and errors of other units."""
    one = trial("people", Treatment(1.5, 1.0, "listener"))
    d, t = one.record, one.treated
    y = d.adopted.astype(float)
    arms = [y[(t == arm) & ~d.seeded] for arm in (False, True)]
    found = difference(one)
    assert np.isclose(found.estimate, arms[1].mean() - arms[0].mean())
    error = np.sqrt(sum(arm.var(ddof=1) / arm.size for arm in arms))
    assert np.isclose((found.high - found.low) / 2, 1.966 * error, rtol=1e-3)


def test_the_difference_of_clusters_has_the_error_of_clusters() -> None:
    """Catches people counted as if they were independent: everybody twice changes nothing."""
    rng = np.arange(40)
    y = rng % 3 == 0
    for copies in (1, 5):
        n = 40 * copies
        unit = np.tile(rng, copies).astype(float)
        d = kb.Diffusion(kb.networks.ring(n, 2), np.where(np.tile(y, copies), 1.0, np.nan), 3,
                         treatments={"treated": unit % 2, "unit": unit,
                                     "counted": unit >= 0})  # fmt: skip
        found = difference(Trial(d, None, Treatment(1.0, 1.5, "teller"), FORMULA, 1, 0))
        if copies == 1:
            first = found
    assert np.allclose(found[:3], first[:3])


def test_the_regression_on_exposure_adds_both_parts() -> None:
    """Catches a share of treated neighbours of the wrong people: the outcome is made of both."""
    n = 400
    treated = treated_half()[:, 0] ^ (np.arange(n) % 3 == 0)
    layer = NET.layer()
    near = np.array([treated[layer.heard_by(i)].mean() for i in range(n)])
    score = 0.1 + 0.3 * treated + 0.5 * near
    adopts = score > 0.5
    d = kb.Diffusion(NET, np.where(adopts, 1.0, np.nan), 3, treatments={
        "treated": treated.astype(float), "unit": np.arange(n), "counted": np.ones(n)})  # fmt: skip
    x = np.column_stack([np.ones(n), treated, near])
    beta = np.linalg.lstsq(x, adopts.astype(float), rcond=None)[0]
    found = exposure(Trial(d, None, Treatment(1.0, 1.5, "teller"), FORMULA, 1, 0))
    assert np.isclose(found.estimate, beta[1] + beta[2])


@pytest.mark.parametrize(
    ("given", "treatment"),
    [
        ("people", Treatment(1.0, 2.0, "teller")),
        ("people", Treatment(1.0, 2.0, "listener")),
        ("people", Treatment(1.0, 2.0, "tie")),
        ("people", Treatment(2.0, 1.0, "listener")),
        ("people", Treatment(2.0, 2.0, "listener")),
        ("switchback", Treatment(1.0, 2.0, "teller")),
        ("switchback", Treatment(2.0, 1.0, "listener")),
    ],
)
def test_the_model_finds_the_total_effect(given: str, treatment: Treatment) -> None:
    """Catches weights of arms that are changed round or misplaced.

    Mean of 12 worlds within 4 standard errors of the truth, which itself is no small effect.
    """
    from koubei_sim.evidence.effects import share_adopting

    found = [by_model(trial(given, treatment, world=world)).estimate for world in range(12)]
    everybody = treatment.changes(MODEL, VALUES, EMPTY, None, None)
    worlds = [simulate(MODEL, VALUES, EMPTY, 7, 200, changes=made) for made in ((), everybody)]
    effect = np.diff([share_adopting(at, EMPTY).mean() for at in worlds])[0]
    assert effect > 0.1
    error = np.std(found, ddof=1) / np.sqrt(12)
    assert abs(np.mean(found) - effect) < 4.0 * max(error, 0.01)
    assert abs(np.mean(found) - effect) < 0.5 * effect


def test_drawn_values_have_the_law_that_the_data_leave() -> None:
    """Catches draws with another spread, below 0, or the same in every experiment."""
    fit = kb.hazard(as_record(EMPTY, simulate(MODEL, VALUES, EMPTY, 7)[0]), FORMULA)
    many = drawn_values(fit, 4000, 7, 0)
    assert np.allclose(many.mean(axis=0), fit.values, atol=5.0 * fit.errors.max() / np.sqrt(4000))
    assert np.allclose(many.std(axis=0), fit.errors, rtol=0.06)
    assert (many >= 0.0).all()
    assert not np.array_equal(many, drawn_values(fit, 4000, 7, 1))
    none = kb.hazard(EMPTY.replace(times=np.arange(400) % 15 + 1.0), "constant + ties(count)")
    if not none.top.free.all():  # a weight that rests at 0 is drawn above it
        assert (drawn_values(none, 100, 7, 0)[:, ~none.top.free] > 0.0).all()


# The door -----------------------------------------------------------------------------------------


def test_the_truth_is_the_same_world_with_everybody_treated() -> None:
    """Catches a truth that is drawn anew, or one that treats half."""
    found = kb.experiment(EMPTY, (FORMULA, {"constant": 0.02, "ties(share)": 0.2}), {"q": 1.5},
                          "teller", worlds=5, estimators=["difference"], rng=7)  # fmt: skip
    at = [simulate(MODEL, values, EMPTY, 7, 5) for values in (VALUES, VALUES * [1.0, 1.5])]
    none, everybody = ((one[:, ~EMPTY.seeded] != NEVER).mean(axis=1) for one in at)
    assert np.array_equal(found.untreated, none) and np.array_equal(found.treated, everybody)
    assert np.isclose(found.truth, (everybody - none).mean())
    row = found.table().iloc[0]
    cells = found.cells
    assert np.isclose(row["estimate"], cells.estimate.mean())
    inside = (cells.low <= found.truth) & (found.truth <= cells.high)
    assert np.isclose(row["covered"], inside.mean())
    assert row["units"] == 400


def test_people_drawn_miss_what_tellers_do() -> None:
    """Catches a bench without interference: the reward of tellers reaches both arms alike."""
    clusters = kb.clusters(NET, 20)
    found = kb.experiment(NET, RULE, {"q": 2.0}, "teller", ["people", clusters], worlds=40,
                          estimators=["difference"], rng=7).table()  # fmt: skip
    assert found.loc[("people", "difference"), "bias_share"] < -0.7
    assert found.loc[("clusters", "difference"), "bias_share"] > -0.6
    assert found.loc[("people", "difference"), "covered"] < 0.2


def test_the_same_key_gives_the_same_bytes() -> None:
    """Catches luck that is not addressed, and worlds that hang on how many there are."""
    words: dict[str, Any] = {"assign": ["people", "ego", "switchback"], "seen": {"ties": 0.8}}
    one = kb.experiment(NET, RULE, {"q": 1.5}, "teller", worlds=3, rng=7, **words).cells
    again = kb.experiment(NET, RULE, {"q": 1.5}, "teller", worlds=3, rng=7, **words).cells
    assert one.equals(again)
    fewer = kb.experiment(NET, RULE, {"q": 1.5}, "teller", worlds=2, rng=7, **words).cells
    assert one[one.world < 2].reset_index(drop=True).equals(fewer)
    other = kb.experiment(NET, RULE, {"q": 1.5}, "teller", worlds=2, rng=8, **words).cells
    assert not fewer.estimate.equals(other.estimate)


def test_a_cascade_is_a_hazard_of_one_chance_for_each_arc() -> None:
    """Catches chances of arcs that are made into other hazards: sizes within 4 standard errors."""
    words: dict[str, Any] = {"replicates": 400, "rng": 3, "threads": 1, "horizon": 30}
    one = kb.IndependentCascade(0.15)
    found = kb.experiment(NET, one, {"p": 2.0}, "teller", worlds=400, periods=30, rng=7,
                          estimators=["difference"], seeds=[5, 50, 90])  # fmt: skip
    for share, p in ((found.untreated, 0.15), (found.treated, 0.3)):
        size = kb.cascade(NET, kb.IndependentCascade(p), [5, 50, 90], **words).sizes - 3
        error = np.hypot(size.std(), share.std() * 397) / np.sqrt(400)
        assert abs(size.mean() - share.mean() * 397) < 4.0 * error


def test_a_graph_of_another_library_is_taken() -> None:
    """Catches a matrix or a graph that is counted otherwise than by its people."""
    from koubei_sim.evidence.terms import arcs_into

    matrix = arcs_into(NET.layer(), "naming")
    words: dict[str, Any] = {"worlds": 2, "rng": 7, "estimators": ["difference"]}
    one = kb.experiment(NET, RULE, {"q": 1.5}, "teller", **words)
    assert one.cells.equals(kb.experiment(matrix, RULE, {"q": 1.5}, "teller", **words).cells)
    met = kb.TemporalNetwork.from_contacts([0, 1], [1, 2], [1.0, 2.0])
    with pytest.raises(kb.KoubeiError, match="network: contacts, not ties"):
        kb.experiment(met, RULE, {"q": 1.5}, "teller", **words)


def test_an_estimator_of_ones_own_sees_who_is_treated() -> None:
    """Catches an answer that is read otherwise, and treatments that are not in the record."""

    def own(d: kb.Diffusion) -> dict[str, float]:
        assert set(d.treatments) == {"treated", "unit", "counted"}
        return {"estimate": d.treatments["treated"].mean(), "low": 0.0, "high": 1.0}

    found = kb.experiment(NET, RULE, {"p": 1.5}, assign=["people", "switchback"], worlds=2, rng=7,
                          estimators={"mine": own, "plain": "difference"})  # fmt: skip
    table = found.table()
    assert np.isclose(table.loc[("people", "mine"), "estimate"], 0.5)
    assert table.loc[("switchback", "mine"), "failed"] == 2


def test_a_fit_can_be_the_rule() -> None:
    """Catches a fitted hazard that is played with other values."""
    record = as_record(EMPTY, simulate(MODEL, VALUES, EMPTY, 7)[0])
    fit = kb.hazard(record, "calendar + ties(share)")
    found = kb.experiment(record, fit, {"q": 1.5}, "teller", worlds=3, rng=7,
                          estimators=["difference"])  # fmt: skip
    at = simulate(fit.model, fit.values, record, 7, 3)
    assert np.array_equal(found.untreated, (at[:, ~record.seeded] != NEVER).mean(axis=1))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"change": {}}, "change: not factors by name"),
        ({"change": {"r": 2.0}}, "change"),
        ({"change": {"q": -1.0}}, "change.q: out of range"),
        ({"change": {"p": 1.5}, "on": "teller"}, "change: a base hazard is the listener's"),
        ({"on": "everybody"}, "on"),
        ({"assign": []}, "assign: no design"),
        ({"assign": ["villages"]}, "assign"),
        ({"assign": ["people", "people"]}, "assign: a design twice"),
        ({"assign": [np.zeros(400, int)]}, "assign: too few clusters"),
        ({"assign": [np.zeros(3, int)]}, "assign: not one value a person"),
        ({"assign": ["switchback"], "block": 9}, "block: fewer than two pairs"),
        ({"estimators": ["mean"]}, "estimators"),
        ({"estimators": []}, "estimators: none given"),
        ({"estimators": {"a": 3}}, "estimators.a: neither a name nor a function"),
        ({"formula": "calendar"}, "formula: not one term ties"),
        ({"formula": "calendar + ties(any)"}, "formula: what treated and untreated tell"),
        ({"formula": "ties(share)", "change": {"p": 2.0}, "on": "listener"},
         "formula: no base hazard"),
        ({"rule": kb.SIR(0.1, 0.1)}, "rule: no rule of an experiment"),
        ({"rule": kb.Bass(np.full(400, 0.1), 0.1)}, "rule.p: not one number"),
        ({"rule": kb.IndependentCascade(0.1)}, "change: an arc has a chance p only"),
        ({"rule": ("ties(share)", {"ties(share)": 0.2}), "change": {"p": 2.0}, "on": "listener"},
         "change: the rule has no base hazard"),
        ({"rule": ("constant", {"constant": 0.2})}, "change: the rule has no ties"),
        ({"seen": {"tie": 0.5}}, "seen"),
        ({"worlds": 1}, "worlds: out of range"),
        ({"share": 1.0}, "share: out of range"),
        ({"network": EMPTY, "seeds": [1]}, "seeds: a record has its own"),
    ],
)  # fmt: skip
def test_wrong_words_are_refused(words: dict[str, Any], text: str) -> None:
    """Catches input that is taken although it means nothing; one line says which."""
    usual: dict[str, Any] = {"network": NET, "rule": RULE, "change": {"q": 1.5}, "on": "teller",
                             "worlds": 2, "rng": 1}  # fmt: skip
    with pytest.raises(kb.KoubeiError) as error:
        kb.experiment(**usual | words)
    assert str(error.value).startswith(text)
    assert "\n" not in str(error.value)
