"""`kb.observe`: nothing is lost unless asked for, and what is lost is what was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.evidence.diffusion import NEVER

NET = kb.networks.watts_strogatz(400, 6, 0.1, key=1)
RULE = kb.Bass(0.02, 0.3, dt=1.0)
PLAYED = kb.cascade(NET, RULE, [3, 8], replicates=3, rng=7, record=["times"], horizon=15)
RUN = kb.run("tiny", replicates=2, rng=7, ticks=60, n_agents=300)


def record() -> kb.Diffusion:
    """A record with a number and a word of each person."""
    d = kb.observe(PLAYED, network=NET, replicate=1)
    age = np.sin(np.arange(d.n)) * 10.0 + 40.0
    city = np.array(["a", "b", "c", "d"])[np.arange(d.n) % 4]
    return d.replace(covariates={"age": age, "city": city})


def same(one: kb.Diffusion, other: kb.Diffusion) -> bool:
    """Whether two records are the same in all that an estimator reads."""
    arrays = ("at", "until", "entered", "seeded", "group")
    rows = [(d.network.layer().indptr, d.network.layer().indices) for d in (one, other)]
    if one.n != other.n:
        return False
    return (
        all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
        and all(np.array_equal(a, b) for a, b in zip(*rows, strict=True))
        and (one.start, one.periods) == (other.start, other.periods)
        and set(one.covariates) == set(other.covariates)
        and all(np.array_equal(one.covariates[k], other.covariates[k]) for k in one.covariates)
    )


def named(d: kb.Diffusion) -> list[int]:
    """Who is in a record."""
    return [int(one) for one in d.network.people(np.arange(d.n))]


def test_a_cascade_is_seen_as_it_was() -> None:
    """Catches a period that is off by one, and the times of another replicate."""
    d = kb.observe(PLAYED, network=NET, replicate=1)
    curve = PLAYED.outcome.curve[1, 0]
    assert d.curve()[: curve.size - 1].tolist() == curve[1:].tolist()
    assert np.flatnonzero(d.seeded).tolist() == [3, 8]
    assert (d.at[d.seeded] == -1).all()


def test_a_record_of_a_cascade_is_the_world_that_the_hazard_plays() -> None:
    """Catches seeds or periods that are read otherwise than they were played."""
    from koubei_sim.evidence.worlds import simulate, truth

    d = kb.observe(PLAYED, network=NET, replicate=2)
    model, values = truth(d, "constant + ties(share)", {"constant": 0.02, "ties(share)": 0.3})
    assert np.array_equal(simulate(model, values, d, 7, 1, first=2)[0], d.at)


def test_a_run_is_seen_as_it_was() -> None:
    """Catches users who are missed, or seeds that are taken for adopters."""
    d = kb.observe(RUN, replicate=1)
    log = RUN.events_of(replicate=1)
    first = log[log.kind == "adopt"].groupby("agent").tick.min()
    seen = d.times
    assert int(d.adopted.sum()) == first.size
    assert int(d.seeded.sum()) == int((first == -1).sum())
    later = first[first >= 0]
    assert np.array_equal(seen[later.index.to_numpy()], later.to_numpy())
    assert d.periods == 60
    assert d.network.names == ("weibo", "wechat")  # a board has no ties
    assert {"segment", "activity"} <= set(d.covariates)


def test_people_of_a_channel_that_are_tied_both_ways_have_mutual_ties() -> None:
    """Catches friends of whom one names the other in a half-seen network."""
    half = kb.observe(RUN, ties=0.5, rng=1)
    layer = half.network.layer("wechat")
    assert not layer.directed
    half.network.check()
    assert half.network.layer("weibo").directed


def test_periods_of_a_run_are_joined() -> None:
    """Catches a tick that falls into the period before it."""
    d, weeks = kb.observe(RUN), kb.observe(RUN, period=7.0)
    own = (d.at >= 0) & (d.at != NEVER)
    assert np.array_equal(weeks.at[own], d.at[own] // 7)
    assert np.array_equal(weeks.seeded, d.seeded)
    again = kb.observe(d, period=7.0)
    assert np.array_equal(again.at, weeks.at)


def test_without_losses_the_truth_is_seen() -> None:
    """Catches a neutral value that changes something."""
    d = record()
    neutral: list[dict[str, Any]] = [
        {}, {"people": 1.0, "ties": 1.0, "recall": 0.0, "rng": 5},
        {"attributes": {"age": kb.noisy(1.0), "city": kb.noisy(1)}, "rng": 5},
        {"until": d.start + d.periods - 1, "since": d.start},
        {"attributes": ["age", "city"]}, {"people": list(range(d.n))},
    ]  # fmt: skip
    for words in neutral:
        assert same(kb.observe(d, **words), d), words


def test_the_same_key_gives_the_same_bytes_and_another_does_not() -> None:
    """Catches draws that are not addressed."""
    poor = {"age": kb.noisy(0.5), "city": kb.noisy(0.5)}
    words: dict[str, Any] = {"people": 0.5, "ties": 0.5, "recall": 2.0, "attributes": poor}
    one = kb.observe(record(), rng=3, **words)
    assert same(one, kb.observe(record(), rng=3, **words))
    assert not same(one, kb.observe(record(), rng=4, **words))
    for word, lost in words.items():  # each loss has the luck of its replicate
        again = [kb.observe(record(), rng=3, replicate=r, **{word: lost}) for r in (0, 1, 0)]
        assert same(again[0], again[2])
        assert not (same(again[0], again[1]) and named(again[0]) == named(again[1]))


def test_one_loss_changes_no_other() -> None:
    """Catches a loss whose luck hangs on another loss."""
    d = record()
    people = kb.observe(d, people=0.5, rng=3)
    both = kb.observe(d, people=0.5, ties=0.5, recall=2.0, rng=3)
    rows = people.network.labels
    assert np.array_equal(rows, both.network.labels)
    recall = kb.observe(d, recall=2.0, rng=3)
    assert np.array_equal(recall.at[rows], both.at)
    ties = kb.observe(d, ties=0.5, rng=3).people(rows)
    assert np.array_equal(ties.network.layer().indices, both.network.layer().indices)


def test_losses_are_as_large_as_asked_for() -> None:
    """Catches shares that are off: beyond 5 standard errors one in a million by luck."""
    d = record()
    seen = kb.observe(d, people=0.4, rng=3)
    assert abs(seen.n / d.n - 0.4) < 5.0 * np.sqrt(0.24 / d.n)
    pairs = d.network.n_arcs / 2
    half = kb.observe(d, ties=0.3, rng=3).network.n_arcs / 2
    assert abs(half / pairs - 0.3) < 5.0 * np.sqrt(0.21 / pairs)
    kb.observe(d, ties=0.3, rng=3).network.check()


def test_dates_move_by_the_spread_that_was_asked_for() -> None:
    """Catches a spread in other units, dates beyond the record, and seeds that move."""
    n = 4000
    long = kb.Diffusion(kb.networks.ring(n, 2), [500] * n, until=1000, start=0, seeds=[0, 1])
    moved = kb.observe(long, recall=3.0, rng=1)
    off = moved.times[2:] - 500.0
    assert abs(off.mean()) < 5.0 * 3.0 / np.sqrt(n)
    # Rounding adds 1/12 to the variance.
    assert abs(off.std() - np.sqrt(9.0 + 1 / 12)) < 5.0 * 3.0 / np.sqrt(2 * n)
    assert (moved.times[:2] == 500.0).all()
    d = record()
    far = kb.observe(d, recall=50.0, rng=1)
    assert np.array_equal(far.adopted, d.adopted)
    assert np.nanmin(far.at[far.adopted & ~far.seeded]) == 0
    assert far.at[far.adopted].max() == d.periods - 1


def test_traits_are_as_good_as_asked_for() -> None:
    """Catches a correlation or a share of right answers that is another one."""
    n = 20_000
    age = np.arange(n) % 61 + 20.0
    city = np.array(["a", "b", "c"])[np.arange(n) % 3]
    d = kb.Diffusion(kb.networks.ring(n, 2), [1] * n, until=2,
                     covariates={"age": age, "city": city})  # fmt: skip
    seen = kb.observe(d, attributes={"age": kb.noisy(0.75), "city": kb.noisy(0.8)}, rng=2)
    found = seen.covariates
    assert abs(np.corrcoef(found["age"], age)[0, 1] - 0.75) < 5.0 * (1 - 0.75**2) / np.sqrt(n)
    assert abs(found["age"].std() / age.std() - 1.0) < 0.03
    right = (found["city"] == city).mean()
    assert abs(right - 0.8) < 5.0 * np.sqrt(0.16 / n)
    wrong = found["city"][(found["city"] != city) & (city == "a")]
    assert abs((wrong == "b").mean() - 0.5) < 5.0 * 0.5 / np.sqrt(wrong.size)


def test_a_window_hides_what_is_outside() -> None:
    """Catches adopters before the window who are at risk in it, and later ones who are seen."""
    d = record()
    seen = kb.observe(d, since=d.start + 3, until=d.start + 8)
    assert seen.periods == 6
    assert seen.curve().tolist() == d.curve()[3:9].tolist()
    before = (d.at >= 0) & (d.at < 3)
    assert (seen.at[before | d.seeded] == -1).all()
    assert not np.isin(np.flatnonzero(before), seen.risk().person).any()


def test_only_named_traits_are_seen() -> None:
    """Catches a trait that is seen although it was not asked for."""
    assert list(kb.observe(record(), attributes=["city"]).covariates) == ["city"]
    assert kb.observe(record(), attributes=[]).covariates == {}
    assert kb.observe(record(), groups="city").groups == ["a", "b", "c", "d"]


def test_contacts_of_a_pair_are_seen_together() -> None:
    """Catches a mutual contact of which one half is seen."""
    met = kb.TemporalNetwork.from_contacts(
        [0, 1, 2, 0, 1] * 40, [1, 2, 3, 3, 0] * 40, np.arange(200.0) / 20, n=4, directed=False
    )
    d = kb.Diffusion(met, [1, 2, 3, None], until=9, start=0)
    seen = kb.observe(d, ties=0.5, rng=8).network
    pairs = {tuple(sorted(p)) for p in zip(seen.source.tolist(), seen.target.tolist(), strict=True)}
    count = dict.fromkeys(pairs, 0)
    for p in zip(met.source.tolist(), met.target.tolist(), strict=True):
        if tuple(sorted(p)) in count:
            count[tuple(sorted(p))] += 1
    assert 0 < len(pairs) < 4
    assert seen.source.size == sum(count.values())


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"people": 1.5}, "people: out of range"),
        ({"people": [999]}, "people"),
        ({"people": []}, "people: nobody is seen"),
        ({"ties": -0.1}, "ties: out of range"),
        ({"recall": -1.0}, "recall: out of range"),
        ({"attributes": {"height": None}}, "attributes: the record has no such trait"),
        ({"attributes": {"age": 0.7}}, "attributes.age: not how it is measured"),
        ({"attributes": "age"}, "attributes: not names of traits"),
        ({"until": 99}, "until: out of range"),
        ({"since": 9, "until": 5}, "until: out of range"),
        ({"groups": "height"}, "groups"),
        ({"network": NET}, "network: a record has its own"),
        ({"period": 0.0}, "period: must be above 0"),
    ],
)  # fmt: skip
def test_wrong_words_are_refused(words: dict[str, Any], text: str) -> None:
    """Catches input that is taken although it means nothing; one line says which."""
    with pytest.raises(kb.KoubeiError) as error:
        kb.observe(record(), **{"rng": 1} | words)
    assert str(error.value).startswith(text)
    assert "\n" not in str(error.value)


def test_wrong_sources_are_refused() -> None:
    """Catches what holds no dates, or no network."""
    bare = kb.cascade(NET, RULE, [3], replicates=2, rng=7, horizon=15)
    own = kb.run("tiny", rng=7, ticks=5, n_agents=400, networks={"weibo": NET, "wechat": NET})
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (NET, {}, "source: no diffusion"),
        (bare, {"network": NET}, "source: a cascade without times"),
        (PLAYED, {}, "network: a cascade does not keep it"),
        (PLAYED, {"network": kb.networks.ring(10, 2)}, "network: other people"),
        (PLAYED, {"network": NET, "replicate": 9}, "replicate: no such replicate"),
        (RUN, {"replicate": 2}, "replicate: no such replicate"),
        (own, {}, "network: the run had networks"),
    ]
    for source, words, text in cases:
        with pytest.raises(kb.KoubeiError) as error:
            kb.observe(source, **words)
        assert str(error.value).startswith(text)
    assert kb.observe(own, network=NET).n == 400
    with pytest.raises(kb.KoubeiError, match="noisy: out of range"):
        kb.noisy(1.2)
