"""Fits against what is known: exact posteriors, known curves, killed processes, held-out points."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.runs.options import options_from
from koubei_sim.studies.calibration import Target, Targets, abc, calibrate, fit_baselines, luck
from koubei_sim.studies.calibration.simulator import Model

ROOT = Path(__file__).resolve().parents[2]
BASS = Scenario.load("bass").replace(n_agents=200, ticks=41, **{"seeding.number": 10})
CURVE = Targets.series([10, 20, 30, 40], [22, 45, 80, 115], name="adopters", hold_out_after=30)
RANGES = {
    "media.advertising.persuasion": (0.001, 0.02, "log"),
    "channels.market.persuasion": (0.01, 0.3, "log"),
}
SMALL = {"particles": 20, "simulations": 110, "generations": 3, "rng": 7, "workers": 1}


# ---------------------------------------------------------------- an exact posterior

SIGMA, OBSERVED = 0.5, np.array([0.7, -1.1])


def normal(batch):
    """Gaps of a toy with a known posterior: y_k ~ N(theta_k, SIGMA), theta uniform on (-3, 3)."""
    number, wide = batch.shares.shape
    first = batch.first_luck * wide
    noise = ndtri(luck.shares(99, 1, 0, 0, first + number * wide)[first:]).reshape(number, wide)
    return 6.0 * batch.shares - 3.0 + SIGMA * noise - OBSERVED[:wide]


def distance(gaps):
    return np.sqrt(np.mean(gaps**2, axis=1))


def moments(particles):
    theta = 6.0 * particles.shares - 3.0
    mean = particles.weights @ theta
    return mean, np.sqrt(particles.weights @ (theta - mean) ** 2)


def agrees(particles, wide):
    """Whether mean and sd are those of the truncated normal, |z| < 4 each."""
    mean, sd = moments(particles)
    size = particles.effective
    good = True
    for k in range(wide):
        ends = (np.array([-3.0, 3.0]) - OBSERVED[k]) / SIGMA
        law = stats.truncnorm(*ends, loc=OBSERVED[k], scale=SIGMA)
        good &= abs(mean[k] - law.mean()) < 4 * law.std() / np.sqrt(size)
        good &= abs(sd[k] / law.std() - 1) < 4 / np.sqrt(2 * size)
    return good


@pytest.mark.parametrize("wide", [1, 2])
def test_rejection_and_regression_give_the_exact_posterior(wide):
    """Catches a regression with the wrong sign or centre.

    Null: mean and sd of the posterior are those of the truncated normal; n about 400 or 800
    effective particles, |z| < 4 (6e-5 each).  The fault: no regression, so that the sd is too wide.
    """
    found = abc.rejection(normal, distance, wide, 7, 30_000, 500 * wide)
    assert agrees(abc.adjusted(found), wide)
    assert not agrees(abc.rejection(normal, distance, wide, 7, 30_000, 10_000), wide)


def test_regression_does_not_extrapolate_beyond_all_particles():
    """Catches a posterior at the ends of the prior where no particle meets the targets.

    Gaps lie three units off, with a slope so small that the line meets nought far outside.
    """
    shares = luck.square(5, 1, 0, 0, 200, 1)
    gaps = 3.0 + 0.1 * shares
    found = abc.nearest_of(shares, gaps, distance(gaps), 100)
    left = abc.adjusted(found)
    np.testing.assert_array_equal(left.shares, found.shares)
    near = abc.nearest_of(shares, shares - 0.5, distance(shares - 0.5), 100)
    assert not np.array_equal(abc.adjusted(near).shares, near.shares)


def test_a_range_may_be_that_of_an_entry_of_a_table():
    """Catches entries of lists and tables that can be swept and not fitted."""
    from koubei_sim.studies.calibration.simulator import ranges_from

    tiny = Scenario.load("tiny")
    path = f"segments.{next(iter(tiny.segments))}.membership.forum"
    assert list(ranges_from(tiny, {path: (0.1, 0.9)})) == [path]
    with pytest.raises(KoubeiError, match="unknown parameter"):
        ranges_from(tiny, {f"{path}s": (0.1, 0.9)})


def test_sequential_sampling_gives_the_exact_posterior(monkeypatch):
    """Catches weights left out, a kernel of another width than its density, a prior cut wrongly.

    Null as above; n about 1,200 effective particles.  The fault: equal weights.
    """
    found = abc.sequential(normal, distance, 2, 7, 2_000, generations=6, most=200_000)
    assert len(found) == 6
    assert [g.tolerance for g in found] == sorted((g.tolerance for g in found), reverse=True)
    assert found[-1].simulated < 100_000
    assert agrees(abc.adjusted(found[-1]), 2)
    equal = lambda shares, before, root: np.full(len(shares), 1.0 / len(shares))  # noqa: E731
    monkeypatch.setattr(abc, "_weights", equal)
    faulty = abc.sequential(normal, distance, 2, 7, 2_000, generations=6, most=200_000)
    assert not agrees(abc.adjusted(faulty[-1]), 2)


def test_weights_near_an_edge_of_the_prior(monkeypatch):
    """Catches proposals that are cut at the prior's edge one by one, which would need a weight.

    Null: with the observed value beyond the edge the posterior is the truncated normal's tail;
    |z| < 4 with about 1,000 effective particles.
    """
    monkeypatch.setattr(sys.modules[__name__], "OBSERVED", np.array([2.9]))
    found = abc.sequential(normal, distance, 1, 7, 2_000, generations=6, most=200_000)
    assert agrees(found[-1], 1)


def test_particles_do_not_depend_on_how_many_are_asked_for():
    """Catches a generator with a state: the first particles are the same among more."""
    before = abc.rejection(normal, distance, 2, 7, 400, 100)
    root = np.linalg.cholesky(np.eye(2) * 0.05)
    few = abc.propose(before, root, 7, 1, 0, 20)
    assert (few == abc.propose(before, root, 7, 1, 0, 300)[:20]).all()
    assert ((few > 0) & (few < 1)).all()


# ---------------------------------------------------------------- the model


@pytest.mark.slow
def test_a_parameter_that_does_nothing_is_not_identified():
    """Catches a report that calls everything known, and an outcome with the wrong parameter."""
    ranges = {"media.advertising.persuasion": (0.001, 0.05, "log"), "costs.per_join": (1.0, 9.0)}
    found = calibrate(BASS, CURVE, ranges, **{**SMALL, "particles": 60, "simulations": 400})
    table = found.identifiability().set_index("parameter")
    assert table.loc["media.advertising.persuasion", "identified"]
    assert not table.loc["costs.per_join", "identified"]
    assert table.loc["media.advertising.persuasion", "contraction"] > 0.7
    assert abs(table.loc["costs.per_join", "contraction"]) < 0.5
    assert found.posterior["weight"].sum() == pytest.approx(1.0)
    assert found.best_scenario.costs.per_join == found.best["costs.per_join"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["abc-smc", "abc", "optuna"])
def test_what_is_held_out_is_never_seen(method, tmp_path):
    """Catches any leak: values of held-out points change no fitted number and no forecast."""
    options = {**SMALL, "method": method, "simulations": 30 if method == "optuna" else 60}
    tables = []
    for factor in (1.0, 7.0):
        targets = Targets(
            [
                Target(**{**t.__dict__, "value": t.value * (factor if t.hold_out else 1.0)})
                for t in CURVE
            ]
        )
        found = calibrate(BASS, targets, RANGES, out=tmp_path / method, **options)
        forecast = found.forecasts(10).drop(columns="observed")
        estimates = [fit.values for fit in found.baselines()["adopters"]]
        tables.append((found.table().to_csv(), forecast.to_csv(), str(estimates), found.best))
        assert found.holdout(10)["error"].notna().any()
    assert tables[0] == tables[1]
    # What the fit simulates is not even played to the day that is held out.
    assert found.model.scenario.ticks == 41
    from koubei_sim.studies.calibration.simulator import shortened

    assert shortened(BASS, CURVE.seen).ticks == 31


def test_functions_as_statistics_agree_with_their_text(tmp_path):
    """Catches other luck, another order or another scale for statistics that are functions."""
    from koubei_sim.metrics import users

    text = [Target(f"u{d}", v, 0.1, f"users@{d}", "macro-face") for d, v in ((20, 40), (30, 80))]
    functions = [
        Target(t.name, t.value, 0.1, lambda h, s, d=d: float(users(h)[d]), "macro-face")
        for t, d in zip(text, (20, 30))
    ]
    whole = BASS.replace(ticks=31)
    one = calibrate(whole, text, RANGES, **SMALL)
    two = calibrate(whole, functions, RANGES, out=tmp_path / "f", **SMALL)
    again = calibrate(whole, functions, RANGES, out=tmp_path / "f", **SMALL)
    assert one.posterior.to_csv() == two.posterior.to_csv() == again.posterior.to_csv()


def test_particles_have_luck_of_their_own(monkeypatch):
    """Catches particles that share luck: a posterior given one draw of it is too narrow."""
    seen = []
    original = Model.statistics

    def spy(self, shares, targets, name, first_luck=0, own_luck=True):
        seen.append((first_luck, len(shares), own_luck))
        return original(self, shares, targets, name, first_luck, own_luck)

    monkeypatch.setattr(Model, "statistics", spy)
    found = calibrate(BASS, CURVE, RANGES, **SMALL)
    found.predictive(10)
    used = [luck for first, number, own in seen for luck in range(first, first + number) if own]
    assert len(set(used)) == len(used) == sum(number for _, number, _ in seen)
    same = Model(BASS, found.model.ranges, options_from(7)).statistics(
        np.full((6, 2), 0.5), CURVE, "x"
    )
    assert len(np.unique(same[:, -1])) > 1


def test_accepted_runs_are_continued_not_begun_anew():
    """Catches a forecast whose runs are not those that met the points: other luck, other order."""
    found = calibrate(BASS, CURVE, RANGES, **SMALL)
    last, seen = found.generations[-1], found.targets.seen
    runs = found.continued(50)
    gaps = seen.gaps(runs.values[:, :3])
    assert {tuple(row) for row in gaps.round(9)} <= {tuple(row) for row in last.gaps.round(9)}
    assert seen.distance(runs.values[:, :3]).max() <= last.tolerance + 1e-9
    assert seen.distance(found.predictive(50).values[:, :3]).max() > last.tolerance
    days, counts = runs.curves["adopters"]
    at = days.tolist().index(40.0)
    assert (counts[:, at] == runs.values[:, 3]).all()


# ---------------------------------------------------------------- killed and resumed

CHILD = """
import sys
from tests.studies.test_calibration_fit import BASS, CURVE, RANGES, SMALL
from koubei_sim.studies.calibration import calibrate
found = calibrate(BASS, CURVE, RANGES, out=sys.argv[1], **SMALL)
found.posterior.to_csv(sys.argv[1] + ".csv", index=False)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_killed_calibration_resumes_with_the_same_bytes(tmp_path):
    """Catches a generation begun anew with other particles, or one that counts luck twice."""
    folder = tmp_path / "killed"
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    command = [sys.executable, "-c", CHILD, str(folder)]
    child = subprocess.Popen(command, env=surroundings)
    until = time.monotonic() + 120
    while child.poll() is None and time.monotonic() < until:
        if list(folder.glob("runs/generation-01-*/runs/*.parquet")):
            break
        time.sleep(0.002)
    assert child.poll() is None, "finished before it could be killed"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "killed.csv").exists()
    before = {p: p.stat().st_ino for p in folder.rglob("*.parquet")}
    resumed = calibrate(BASS, CURVE, RANGES, out=folder, **SMALL)
    assert {p: p.stat().st_ino for p in before} == before
    undisturbed = calibrate(BASS, CURVE, RANGES, **SMALL)
    assert resumed.posterior.to_csv() == undisturbed.posterior.to_csv()
    assert resumed.best == undisturbed.best


def test_a_killed_search_makes_the_same_trials(tmp_path, monkeypatch):
    """Catches a sampler that starts again at its first seed, and a lost trial that counts."""
    options = {"method": "optuna", "simulations": 24, "rng": 7, "workers": 1}
    original, calls = Model.statistics, []

    def dying(self, *rest, **options):
        calls.append(1)
        if len(calls) == 15:
            raise KeyboardInterrupt
        return original(self, *rest, **options)

    monkeypatch.setattr(Model, "statistics", dying)
    with pytest.raises(KeyboardInterrupt):
        calibrate(BASS, CURVE, RANGES, out=tmp_path / "search", **options)
    resumed = calibrate(BASS, CURVE, RANGES, out=tmp_path / "search", **options)
    assert len(calls) == 15 + 10
    monkeypatch.setattr(Model, "statistics", original)
    undisturbed = calibrate(BASS, CURVE, RANGES, **options)
    for one, two in zip(resumed.trials, undisturbed.trials):
        assert (one == two).all()
    assert undisturbed.particles.tolerance == undisturbed.trials[1].min()
    with pytest.raises(KoubeiError, match="one best point has no posterior"):
        _ = resumed.posterior


def test_a_search_begins_where_it_is_told(tmp_path):
    """Catches a start that is ignored, on the wrong scale, or asked for anew when resumed."""
    from koubei_sim.studies.calibration import bass_start, ranges_around

    curve = Targets.series([5, 10, 20, 30, 40], [14, 22, 45, 80, 115], name="a", hold_out_after=30)
    start = bass_start(BASS, curve, "advertising", "market")
    ranges = ranges_around(start, 4.0)
    options = {"method": "optuna", "rng": 7, "workers": 1, "start": start, "out": tmp_path / "s"}
    found = calibrate(BASS, curve, ranges, simulations=3, **options)
    first = found.model.values(found.trials[0][:1])
    assert {p: v[0] for p, v in first.items()} == pytest.approx(start)
    with pytest.raises(KoubeiError, match="start: a posterior has no start"):
        calibrate(BASS, curve, ranges, start=start, **SMALL)
    with pytest.raises(KoubeiError, match=r"start: .*persuasion: outside its range"):
        calibrate(BASS, curve, ranges, method="optuna", start={"media.advertising.persuasion": 1.0})


# ---------------------------------------------------------------- baselines

DAYS = np.arange(0.0, 1200.0, 100.0)


def test_baselines_recover_known_curves():
    """Catches a curve that is fitted to the wrong scale of time or count."""
    from koubei_sim.theory import bass
    from koubei_sim.theory.fitting import logistic

    truth = {
        "bass": 5.0 + 1e6 * bass.cumulative(DAYS, 1e-5, 0.008),
        "log_linear": 7.0 * np.exp(0.004 * DAYS),
        "log_quadratic": 7.0 * np.exp(0.01 * DAYS - 3e-6 * DAYS**2),
        "power": 9.0 + 0.01 * DAYS**2.5,
        "two_logistic": logistic(DAYS, 1e4, 0.02, 300.0) + logistic(DAYS, 1e5, 0.015, 900.0),
        "two_logistic_dated": logistic(DAYS, 1e4, 0.02, 300.0) + logistic(DAYS, 1e5, 0.02, 800.0),
    }
    later = np.array([1300.0, 1500.0])
    for name, counts in truth.items():
        (found,) = fit_baselines(DAYS[:11], counts[:11], gap=500.0, names=[name])
        assert found.error < 1e-3, name
        assert found.curve(DAYS[11:])[0] == pytest.approx(counts[11], rel=0.02), name
    (bass_fit,) = fit_baselines(DAYS, truth["bass"], names=["bass"])
    assert bass_fit.values == pytest.approx((1e-5, 0.008, 1e6), rel=1e-3)
    (drift,) = fit_baselines(DAYS, truth["log_linear"], names=["drift"])
    assert drift.curve(later) == pytest.approx(7.0 * np.exp(0.004 * later))


def test_baselines_without_enough_points_say_so():
    """Catches a row that vanishes, and a curve with more parameters than points."""
    rows = {f.name: f for f in fit_baselines(np.array([0.0, 9.0, 20.0]), np.array([1.0, 5, 9]))}
    assert rows["two_logistic"].note == "not enough points: 6 parameters, 3 points"
    assert rows["bass"].note == "not enough points: 3 parameters, 3 points, one of them its start"
    assert rows["bass"].curve is None
    assert rows["log_quadratic"].freedom == 0
    assert rows["log_linear"].freedom == 1
    falling = fit_baselines(np.array([0.0, 9.0, 20.0]), np.array([5.0, 4.0, 9.0]), names=["power"])
    assert "must rise" in falling[0].note
    with pytest.raises(KoubeiError, match=r"^baselines: unknown baseline, got bas, .*, try bass"):
        fit_baselines(DAYS, DAYS + 1.0, names=["bas"])


def test_the_errors_are_those_of_the_table():
    """Catches errors taken over the points that were shown, and the rows out of order."""
    found = calibrate(BASS, CURVE, RANGES, baseline_start=(-40, 1.0), **SMALL)
    table, errors = found.forecasts(10), found.holdout(10)
    later = table[table["use"] == "held out"]
    assert later["when"].tolist() == ["40"]
    by_name = errors.set_index("forecast")
    for name in ("model", "power", "log_linear", "drift"):
        wanted = abs(np.log10(later[name] / later["observed"])).iloc[0]
        assert by_name.loc[name, "error"] == pytest.approx(wanted)
    assert by_name["points"].to_dict()["model"] == 3
    assert by_name["points"].to_dict()["log_linear"] == 4  # the earlier point is theirs alone
    fitted = errors["error"].dropna()
    assert fitted.is_monotonic_increasing
    assert errors.iloc[-1]["note"].startswith("not enough points")


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ranges": {"seeding.numbr": (1, 5)}}, r"seeding\.numbr: unknown parameter, try seeding"),
        ({"ranges": {}}, "ranges: no parameter to fit"),
        ({"ranges": {"seeding.strategy": ["random", "degree"]}}, "seeding.strategy: choices cann"),
        ({"ranges": {"seeding.number": (9, 3)}}, "seeding.number: the low bound must be below"),
        ({"method": "mcmc"}, "method: unknown, got 'mcmc'"),
        ({"quantile": 1.5}, "quantile: out of range"),
        ({"particles": 0}, "particles: out of range, got 0"),
        ({"particles": 500}, "simulations: fewer than particles"),
        ({"backend": "thread"}, "backend: unknown, got 'thread'"),
        ({"rng": -1}, "rng: out of range"),
        ({"targets": list(CURVE.held_out)}, "targets: all are held out"),
        ({"targets": "users"}, "targets: wrong type"),
        ({"targets": []}, "targets: none given"),
        ({"baseline_start": ("2010-08-16", 100)}, "baseline_start: the scenario has no start"),
    ],
)
def test_wrong_calls_get_one_line(change, said):
    """Catches a mistake that costs runs, or ends in a traceback."""
    given = {"targets": CURVE, "ranges": RANGES, **SMALL, **change}
    with pytest.raises(KoubeiError, match=f"^{said}") as caught:
        calibrate(BASS, given.pop("targets"), given.pop("ranges"), **given)
    assert "\n" not in str(caught.value)


def test_a_folder_of_something_else_is_refused(tmp_path):
    """Catches journals of two calibrations in one folder."""
    (tmp_path / "x.txt").write_text("mine")
    with pytest.raises(KoubeiError, match="holds something else"):
        calibrate(BASS, CURVE, RANGES, out=tmp_path, **SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]


def test_figures_show_the_points_and_hold_outs():
    """Catches a figure that draws a held-out point as one that was fitted, or loses a curve."""
    from koubei_sim import plots

    found = calibrate(BASS, CURVE, RANGES, **SMALL)
    ax = plots.posterior_predictive(found, number=10)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in dots] == [3, 1]
    assert dots[1].get_markerfacecolor() == "white"
    assert dots[1].get_ydata()[0] == 115
    said = {text.get_text() for text in ax.texts}
    assert {"model", "log-linear", "held out from here"} <= said
    bars = plots.marginals(found)
    assert {t.get_text() for t in bars.texts} >= set(RANGES)
    with pytest.raises(KoubeiError, match=r"^series: no such series"):
        plots.posterior_predictive(found, series="x", number=10)
    import matplotlib.pyplot as plt

    plt.close("all")
