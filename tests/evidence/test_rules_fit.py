"""`fit_rule`: posteriors of numbers of rules, resumed to the byte, and refused in one line.

Each test says what it would catch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal

import koubei_sim as kb
from koubei_sim.cascades import SIR, Bass, IndependentCascade, RandomSeeds
from koubei_sim.errors import KoubeiError
from koubei_sim.studies.calibration import RuleTarget, Target, group_share, several, synthetic
from koubei_sim.studies.calibration.rule_targets import of_word

TIMES = (3, 6, 9, 12)
TRUTH = Bass(0.01, 0.4, dt=1.0)
PRIOR = {"p": (0.001, 0.1, "log"), "q": (0.05, 1.5)}
HOW: dict[str, Any] = {"horizon": 12, "threads": 1}


@pytest.fixture(scope="module")
def net() -> kb.Network:
    """A random network of 300 people."""
    rng = np.random.default_rng(5)
    pairs = np.unique(np.sort(rng.integers(0, 300, (1200, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return kb.Network.from_edges(pairs[:, 0], pairs[:, 1], n=300, directed=False)


def seen_in(net: kb.Network, world: int) -> list[RuleTarget]:
    """What one run of the truth shows of itself."""
    run = kb.cascade(net, TRUTH, [], 1, world, horizon=12, threads=1)
    counts = run.curve.to_numpy()[0, 0]
    return [RuleTarget(f"by {t}", max(float(counts[t]), 0.5), 0.1, f"size@{t}") for t in TIMES]


@pytest.mark.parametrize(("method", "simulations"), [("abc-smc", 1500), ("synthetic", 300)])
def test_intervals_hold_the_truth(net: kb.Network, method: str, simulations: int) -> None:
    """Catches a likelihood or weights that are wrong: 95 % intervals over 16 worlds, two numbers.

    Null: each holds the truth with at least 90 %; fewer than 23 of 32 have a chance under 1e-3.
    """
    held, widths = 0, []
    for world in range(16):
        found = kb.fit_rule(net, TRUTH, [], seen_in(net, 500 + world), PRIOR, method=method,
                            simulations=simulations, rng=world, **HOW)  # fmt: skip
        table = found.table().set_index("parameter")
        for name, value in (("p", 0.01), ("q", 0.4)):
            held += table.loc[name, "q025"] <= value <= table.loc[name, "q975"]
        widths.append(table["width"].max())
    assert held >= 23, held
    assert np.median(widths) < 0.6  # something was learnt at all


def test_a_particle_is_a_replicate(net: kb.Network) -> None:
    """Catches statistics that belong to another particle, and luck used twice."""
    found = kb.fit_rule(net, TRUTH, [], seen_in(net, 1), PRIOR, method="abc", particles=30,
                        simulations=120, adjust=False, rng=4, **HOW)  # fmt: skip
    last = found.particles
    columns = found.model.values(last.shares)
    for k in (0, 13, 29):
        rule = Bass(columns["p"][k], columns["q"][k], dt=1.0)
        run = kb.cascade(net, rule, [], 1, 4, first=int(last.luck[k]), **HOW)
        values = np.array([of_word(f"size@{t}", run)[0] for t in TIMES])
        assert (found.targets.gaps(values[None])[0] == last.gaps[k]).all()
    assert np.unique(last.luck).size == 30


class Stop(Exception):
    """A fit that is killed."""


def killed(at: int) -> Any:
    """A progress function that ends the process after so many batches."""
    told: list[str] = []

    def tell(done: int, name: str) -> None:
        told.append(name)
        if len(told) == at:
            raise Stop

    return tell


@pytest.mark.parametrize("method", ["abc", "abc-smc", "synthetic"])
def test_killed_and_resumed(
    net: kb.Network, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a resumed fit with other bytes, or one that begins anew."""
    how = HOW | {"method": method, "particles": 40, "simulations": 240}
    if method == "synthetic":
        how |= {"replicates": 10}
    whole = kb.fit_rule(net, TRUTH, [], seen_in(net, 1), PRIOR, rng=9, **how)
    # Smaller parts, more moments to be killed at: how a batch is cut must not matter either.
    monkeypatch.setattr("koubei_sim.studies.calibration.rule_model.PART", 100)
    with pytest.raises(Stop):
        kb.fit_rule(net, TRUTH, [], seen_in(net, 1), PRIOR, rng=9, out=tmp_path / "fit",
                    progress=killed(2), **how)  # fmt: skip
    done = len(list((tmp_path / "fit" / "runs").iterdir()))
    assert done >= 2
    run: list[int] = []
    plain = kb.studies.calibration.rule_model.cascade  # type: ignore[attr-defined]

    def counted(*args: Any, **options: Any) -> Any:
        run.append(1)
        return plain(*args, **options)

    monkeypatch.setattr("koubei_sim.studies.calibration.rule_model.cascade", counted)
    again = kb.fit_rule(net, TRUTH, [], seen_in(net, 1), PRIOR, out=tmp_path / "fit", **how)
    files = len(list((tmp_path / "fit" / "runs").iterdir()))
    assert len(run) == files - done
    for name in ("shares", "weights", "gaps", "distances", "luck"):
        assert (getattr(again.particles, name) == getattr(whole.particles, name)).all(), name
    with pytest.raises(KoubeiError, match="another"):
        kb.fit_rule(net, TRUTH, [], seen_in(net, 2), PRIOR, out=tmp_path / "fit", **how)
    with pytest.raises(KoubeiError, match="another runs"):
        kb.fit_rule(net, TRUTH, [0], seen_in(net, 1), PRIOR, out=tmp_path / "fit", **how)


def test_threads_change_nothing(net: kb.Network) -> None:
    """Catches a fit that hangs on the number of threads."""
    runs = [
        kb.fit_rule(net, TRUTH, [], seen_in(net, 3), PRIOR, simulations=200, particles=50, rng=1,
                    horizon=12, threads=threads)
        for threads in (1, 2)
    ]  # fmt: skip
    assert (runs[0].particles.shares == runs[1].particles.shares).all()


def test_likelihood_is_that_of_the_normal_law() -> None:
    """Catches a likelihood off by a constant, a factor, or a covariance with the wrong divisor."""
    rng = np.random.default_rng(3)
    runs = rng.normal(size=(4, 30, 3)) @ np.array([[1.0, 0.4, 0.0], [0.0, 2.0, 0.3], [0, 0, 0.5]])
    seen = np.array([0.3, -1.0, 0.2])
    found = synthetic.log_likelihood(runs, seen, np.full(3, 1e-6))
    expected = [multivariate_normal.logpdf(seen, one.mean(axis=0), np.cov(one.T)) for one in runs]
    assert np.allclose(found, expected, rtol=1e-9)
    runs[1, 0, 0] = np.inf
    assert np.isneginf(synthetic.log_likelihood(runs, seen, np.full(3, 1e-6))[1])


def test_walk_draws_from_a_known_law() -> None:
    """Catches a walk that is not symmetric at the ends, or does not keep its likelihood.

    The statistic is the share itself with noise of sd .2, observed at .9: the posterior is the
    normal law cut to (0, 1); its mean is .776 and its quartile .68.  Error of a chain of this
    length: about .01.
    """
    from scipy.stats import truncnorm

    def simulate(shares: Any, name: str, first: int) -> Any:
        noise = np.array([-1.0, 1.0]) * 0.2 / np.sqrt(2.0)  # variance .04 by n - 1
        return (shares[:, None, 0] + noise)[:, :, None]

    found = synthetic.walk(simulate, np.array([0.9]), np.array([1e-9]), 1, 3, (50, 4, 4000))
    kept = found.shares[found.warm :, :, 0].ravel()
    law = truncnorm((0 - 0.9) / 0.2, (1 - 0.9) / 0.2, 0.9, 0.2)
    assert abs(kept.mean() - law.mean()) < 0.02
    assert abs(np.quantile(kept, 0.25) - law.ppf(0.25)) < 0.03
    assert (found.rhat() < 1.05).all()


def test_words_and_functions(net: kb.Network) -> None:
    """Catches statistics of other bins, groups or kinds."""
    run = kb.cascade(net, SIR(0.2, 0.5, steps=True), [0, 1], 6, 2, record="times", threads=1)
    times = run.outcome.times
    assert times is not None
    by_two = np.array([(row <= 2).sum() for row in times])
    assert (of_word("size@2", run) == by_two).all()
    assert np.allclose(of_word("share@2", run), by_two / 300)
    new = np.array([[np.sum(row == t) for t in range(1, 60)] for row in times])
    assert (of_word("peak", run) == new.max(axis=1)).all()
    assert (of_word("peak_time", run) == 1 + new.argmax(axis=1)).all()
    assert (of_word("size:active", run) == run.sizes).all()
    share = group_share(range(50))(run)
    assert np.allclose(share, np.isfinite(times[:, :50]).mean(axis=1))
    two = several(lambda found: found.outcome.curve[:, 0, 1:3], {"one": (3, 1), "two": (4, 1)})
    made: dict[int, Any] = {}
    values = np.column_stack([entry.of_runs(run, made) for entry in two])
    assert (values == new[:, :2]).all() and len(made) == 1


def test_groups_and_held_out(net: kb.Network) -> None:
    """Catches a held-out target that is shown to the fit, and records that are not asked for."""
    targets = [
        RuleTarget("half", 0.5, 0.2, group_share(range(150)), log=False),
        RuleTarget("size", 130, 0.2, "size", hold_out=True),
    ]
    how: dict[str, Any] = {"simulations": 200, "particles": 40, "threads": 1, "rng": 2}
    rule = IndependentCascade(0.1)
    one = kb.fit_rule(net, rule, RandomSeeds(5), targets, {"p": (0.01, 0.5)}, **how)
    two = kb.fit_rule(net, rule, RandomSeeds(5), targets[:1], {"p": (0.01, 0.5)}, **how)
    assert (one.particles.shares == two.particles.shares).all()
    assert one.holdout(20)["target"].tolist() == ["size"]
    assert one.predictive(20).values.shape == (20, 2)
    assert 0.01 <= one.best_rule.p <= 0.5  # type: ignore[attr-defined]
    assert len(one.rules(7)) == 7 and list(one.identifiability()["parameter"]) == ["p"]


SIZE = [RuleTarget("size", 100, 0.1, "size")]
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"parameters": {"beta": (0, 1)}}, "parameters[beta]: not a number of Bass"),
    ({"parameters": {}}, "parameters: no number to fit"),
    ({"parameters": {"q": (0.1, -0.2)}}, "parameters[q]"),
    ({"parameters": {"q": (-0.5, 0.2)}}, "parameters[q].low: out of range"),
    ({"targets": [Target("x", 1.0, 0.1, "users", "macro-face")]}, "a target of scenarios"),
    ({"targets": []}, "targets: none given"),
    ({"method": "magic"}, "method"),
    ({"method": "synthetic", "replicates": 2}, "replicates: too few for a covariance"),
    ({"method": "synthetic", "simulations": 10}, "simulations: too few for a walk"),
    ({"simulations": 10, "particles": 20}, "simulations: fewer than particles"),
    ({"rule": Bass(0.01, 0.3), "targets": [RuleTarget("x", 9, 0.1, "size@3")]}, "tick: missing"),
    ({"seed_agents": [0, 900]}, "seed_agents"),
    ({"targets": [RuleTarget("x", 9, 0.1, lambda found: 3.0)]}, "not one number a replicate"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_calls_are_refused(net: kb.Network, number: int) -> None:
    """Catches what would run for an hour and then fail."""
    options, said = WRONG[number]
    call: dict[str, Any] = {
        "rule": TRUTH, "seed_agents": [], "targets": SIZE, "parameters": PRIOR, "rng": 1
    } | HOW | options  # fmt: skip
    with pytest.raises(KoubeiError) as error:
        kb.fit_rule(net, **call)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_wrong_words_are_refused() -> None:
    """Catches a misspelt statistic that would be found only by the first run."""
    for text in ("sizes", "size@soon", "peak@3", "end:blue"):
        with pytest.raises(KoubeiError):
            RuleTarget("x", 1.0, 0.1, text)
