"""Copies of the room `evidence` with one planted fault, and what notices it.

A fault is a change of the text of one module; all modules of the copy live in memory under another
name and import each other; kernels are shared.  `CHECKS` hold what a copy computes beside the
naive twin or scipy, and say whether they agree.  Used by `test_planted`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import numpy as np
from scipy import optimize, stats
from tests.evidence.twin import drawn, loglik, world

import koubei_sim
from koubei_sim.core import codes
from koubei_sim.core.draws import drawn as bits_of
from koubei_sim.core.draws import key_from

ROOM: Final = Path(koubei_sim.__file__).parent / "evidence"
#: In the order in which they import each other.
MODULES: Final = ("diffusion", "terms", "likelihood", "design", "worlds", "starts", "resampling",
                  "rules", "mixed", "thresholds", "playing_on", "profiles", "hazard")  # fmt: skip
NAME: Final = "planted_evidence"


def source(module: str) -> str:
    return (ROOM / f"{module}.py").read_text(encoding="utf-8")


@contextmanager
def planted(module: str, text: str) -> Iterator[Any]:
    """Give the modules of a copy of the room in which `module` reads `text`."""
    made: list[str] = []
    try:
        room = {}
        for one in (name for name in MODULES if (ROOM / f"{name}.py").exists()):
            content = text if one == module else source(one)
            for other in MODULES:
                content = content.replace(f"koubei_sim.evidence.{other} ", f"{NAME}_{other} ")
            full = f"{NAME}_{one}"
            room[one] = sys.modules[full] = ModuleType(full)
            made.append(full)
            exec(compile(content, f"<{full}>", "exec"), room[one].__dict__)
        yield SimpleNamespace(**room)
    finally:
        for full in made:
            del sys.modules[full]


# What notices -----------------------------------------------------------------------------------

NUMBERS: Final = (0, 1, 2, 3)
FORMULA: Final = "calendar + crowd + ties(share) + age + degree"


def same_risk(room: Any) -> bool:
    for number in NUMBERS:
        one = drawn(number)
        d = one.make(room.diffusion.Diffusion)
        for kind in (None, "red"):
            rows = [(i, t - one.start, took) for i, t, took in one.risk(kind)]
            if list(zip(*(part.tolist() for part in d.risk(kind)))) != rows:
                return False
        for i in range(one.n):
            when = one.when(i)
            if d.at[i] != (room.diffusion.NEVER if when is None else when - one.start):
                return False
        if [d.seeded[i] for i in range(one.n)] != [one.seed(i) for i in range(one.n)]:
            return False
    return True


def same_exposures(room: Any) -> bool:
    laws: list[Any] = [{}, {"lag": 2}, {"fading": 0.5}, {"window": 2}, {"of": "red"}]
    for number in NUMBERS:
        one = drawn(number, contacts=number == 3)
        d = one.make(room.diffusion.Diffusion)
        for law in laws:
            for name, side in (("ties", "named"), ("ties", "both"), ("crowd", "")):
                options = {**law, **({"side": side} if side else {})}
                text = ", ".join(["share", *(f"{k}={v}" for k, v in options.items())])
                model = room.design.model_of(d, f"constant + {name}({text})")
                found = room.design.exposures(model, d)[:, :, 0]
                for i, t, _ in one.risk():
                    by_hand = (one.ties(i, t, **options) if name == "ties"
                               else one.crowd(i, t, **options))  # fmt: skip
                    if abs(found[i, t - one.start] - by_hand) > 1e-9:
                        return False
    return True


def same_height(room: Any) -> bool:
    for number in NUMBERS:
        one = drawn(number, n=40)
        d = one.make(room.diffusion.Diffusion)
        model = room.design.model_of(d, FORMULA)
        rows = room.design.rows_of(model, d)[0]
        rng = np.random.default_rng(number)
        theta = rng.uniform(0.05, 0.5, len(model.names))
        age = sum(one.age) / one.n
        degree = [float(np.log1p(len(one.listens(i, 0, "both")))) for i in range(one.n)]
        by_hand = [(took, t - one.start, [one.crowd(i, t), one.ties(i, t)],
                    [one.age[i] - age, degree[i] - sum(degree) / one.n])
                   for i, t, took in one.risk()]  # fmt: skip
        b = model.bins
        for link in room.likelihood.LINKS:
            pulls = room.starts.pulls_of(model, rows, link, room.likelihood.Priors(0.7, 1.5))

            def at(place: Any, link: str = link, pulls: Any = pulls, rows: Any = rows) -> Any:
                bare = (room.likelihood.additive(place, rows) if link == "additive"
                        else room.likelihood.by_link(place, rows, link))  # fmt: skip
                return bare.value, room.likelihood.with_priors(bare, place, link, pulls)

            value, here = at(theta)
            if (
                abs(value - loglik(link, by_hand, theta[:b], theta[b : b + 2], theta[b + 2 :]))
                > 1e-7
            ):
                return False
            share = rows.adopted.mean()
            mean = {
                "additive": -np.log1p(-share),
                "cloglog": np.log(-np.log1p(-share)),
                "logit": np.log(share / (1 - share)),
                "probit": stats.norm.ppf(share),
            }[link]
            a, c = theta[:b], theta[b + 2 :] * model.spreads / 1.5
            base = (0.7 * (np.log(a / mean) - a / mean).sum() if link == "additive"
                    else -0.35 * ((a - mean) ** 2).sum())  # fmt: skip
            if abs(here.value - value - base + 0.5 * (c * c).sum()) > 1e-7:
                return False
            for k in range(theta.size):
                up, down = theta.copy(), theta.copy()
                up[k] += 1e-6
                down[k] -= 1e-6
                high, low = at(up)[1], at(down)[1]
                bent = (high.gradient - low.gradient) / 2e-6
                if abs((high.value - low.value) / 2e-6 - here.gradient[k]) > 1e-3:
                    return False
                if not np.allclose(bent, here.curvature[k], rtol=1e-3, atol=1e-2):
                    return False
    return True


def same_top(room: Any) -> bool:
    """The top by L-BFGS, the fall of the profile and of p-values by scipy's chi-square."""
    d = drawn(105, n=40).make(room.diffusion.Diffusion)  # its weights go to 0 and come back
    fit = room.hazard.hazard(d, FORMULA)
    bare = room.likelihood.additive(fit.values, fit.rows)
    slope = room.likelihood.with_priors(bare, fit.values, fit.link, fit.pulls).gradient
    if np.abs(slope[fit.top.free]).max() > 1e-3:
        return False
    for number in (2, 3, 105):
        d = drawn(number, n=60).make(room.diffusion.Diffusion)
        fit = room.hazard.hazard(d, FORMULA, priors=room.likelihood.Priors(0.0, float("inf")))

        def lost(theta: Any, fit: Any = fit) -> tuple[float, Any]:
            height = room.likelihood.additive(theta, fit.rows)
            return -height.value, -height.gradient

        bins = fit.model.bins + 2
        bounds = [(1e-12, None)] * bins + [(None, None)] * 2
        start = np.r_[np.full(bins, 0.1), 0.0, 0.0]
        other = optimize.minimize(lost, start, jac=True, bounds=bounds, method="L-BFGS-B",
                                  options={"maxiter": 5000, "ftol": 1e-15})  # fmt: skip
        if abs(fit.posterior + other.fun) > 1e-5 or not np.allclose(fit.values, other.x, atol=5e-3):
            return False
        for name in ("crowd", "ties(share)", "age"):
            place = fit.names.index(name)
            held = list(bounds)
            held[place] = (0.0, 0.0)
            begin = np.where(np.arange(start.size) == place, 0.0, np.maximum(other.x, 1e-6))
            zero = optimize.minimize(lost, begin, jac=True, bounds=held, method="L-BFGS-B",
                                     options={"maxiter": 5000, "ftol": 1e-15})  # fmt: skip
            ratio = max(2.0 * (zero.fun - other.fun), 0.0)
            p = stats.chi2.sf(ratio, 1) * (1.0 if name == "age" else 0.5)
            if ratio > 1e-6 and abs(fit.p_value(name) - p) > 1e-4:
                return False
            for end in fit.interval(name):
                fallen = fit.posterior - fit.without(name, end).posterior
                if end != 0.0 and abs(fallen - 0.5 * stats.chi2.isf(0.05, 1)) > 5e-3:
                    return False
    return True


def same_worlds(room: Any) -> bool:
    for number in NUMBERS:
        one = drawn(number)
        d = one.make(room.diffusion.Diffusion)
        base = list(np.random.default_rng(number).uniform(0.02, 0.2, d.periods))
        model, theta = room.worlds.truth(
            d, "calendar + ties(share, lag=2) + age",
            {"calendar": base, "ties(share, lag=2)": 0.6, "age": 0.3},
        )  # fmt: skip
        at = room.worlds.simulate(model, theta, d, key_from(7), 2)
        for r in range(2):
            found = [None if x == room.diffusion.NEVER else int(x) for x in at[r]]
            if found != world(one, base, 0.6, 0.3, 7, r, lag=2):
                return False
    return True


def same_forecast(room: Any) -> bool:
    """What is foretold beside what a constant hazard must give, people watched unequally long."""
    n, end, later = 400, 5, 8
    lost = np.where(np.arange(n) < n // 2, 1, end)
    times = [i % 7 if i % 5 == 0 else None for i in range(n)]
    net = koubei_sim.Network.from_edges([0], [1], n=n)
    d = room.diffusion.Diffusion(net, times, until=lost, start=0)
    fit = room.hazard.hazard(d, "constant")
    left = np.exp(-float(fit.values[0]) * (later - lost[d.at == room.diffusion.NEVER]))
    expected = (d.at <= later).sum() + (1.0 - left).sum()
    found = fit.forecast([later], 200, rng=1).loc[later]
    wide = 2.0 * np.sqrt((left * (1.0 - left)).sum())  # of luck alone, 1 sd either way
    return bool(abs(found["median"] - expected) < 6.0 and found["high"] - found["low"] > 2.0 * wide)


def same_sandwich(room: Any) -> bool:
    """Errors by groups of a logit, and groups drawn, by plain loops."""
    d = drawn(4, n=200).make(room.diffusion.Diffusion)
    fit = room.hazard.hazard(d, "constant + ties(share) + age", link="logit",
                             priors=room.likelihood.Priors(0.0, float("inf")))  # fmt: skip
    columns = np.column_stack([np.ones(fit.rows.adopted.size), fit.rows.pushes, fit.rows.traits])
    h = 1.0 / (1.0 + np.exp(-columns @ fit.values))
    bread = np.linalg.inv((columns * (h * (1 - h))[:, None]).T @ columns)
    group, meat = d.group[fit.risk.person], np.zeros((3, 3))
    for one in np.unique(group):
        score = ((fit.rows.adopted - h)[:, None] * columns)[group == one].sum(axis=0)
        meat += np.outer(score, score)
    count = np.unique(group).size
    errors = np.sqrt(np.diag(bread @ meat @ bread) * count / (count - 1))
    if not np.allclose(fit.robust().error, errors, rtol=1e-5):
        return False
    many = fit.bootstrap(3, rng=5)
    for number in range(3):
        bits = bits_of(count, 5, codes.DRAW_HAZARD_RESAMPLE, number)
        places = [int(x >> np.uint64(32)) * count >> 32 for x in bits]
        rows = np.concatenate([np.flatnonzero(group == np.unique(group)[k]) for k in places])
        h = 1.0 / (1.0 + np.exp(-columns[rows] @ many.values[number]))
        if np.abs((fit.rows.adopted[rows] - h) @ columns[rows]).max() > 1e-4:
            return False
    return True


def same_rule(room: Any) -> bool:
    """What a cascade plays with the rule is what the fit plays."""
    net = koubei_sim.networks.erdos_renyi(200, 6, key=3)
    rng = np.random.default_rng(5)
    d = room.diffusion.Diffusion(net, rng.integers(0, 20, 200), until=9, start=0,
                                 covariates={"age": rng.normal(size=200)})  # fmt: skip
    calendar = np.linspace(0.01, 0.1, d.periods)
    values = {"calendar": calendar, "ties(share)": 0.5, "age": 0.6}
    model, theta = room.worlds.truth(d, "calendar + ties(share) + age", values)
    d = room.worlds.as_record(d, room.worlds.simulate(model, theta, d, 3)[0])
    fit = room.hazard.hazard(d, "calendar + ties(share) + age")
    played = koubei_sim.cascade(net, fit.to_rule(), [], 10, rng=9, horizon=10, record=["forest"])
    at = np.full((10, 200), np.nan)
    at[played.activations.replicate, played.activations.person] = played.activations.time - 1
    if not np.array_equal(at, fit.simulate(worlds=10, rng=9), equal_nan=True):
        return False
    try:
        room.hazard.hazard(d, "calendar + ties(lag=2)").to_rule()
    except koubei_sim.KoubeiError:
        return True
    return False


def same_mixed(room: Any) -> bool:
    """The likelihood with effects by a fine grid; its gradient by differences."""
    d = drawn(2, n=60).make(room.diffusion.Diffusion)
    fit = room.hazard.hazard(d, "constant + ties(share) + age + groups(random)")
    theta = np.array([0.15, 0.2, 0.3, 0.6])
    group, total = d.group[fit.risk.person], 0.0
    told = fit.effects.chances(theta)
    grid = np.linspace(-6.0, 6.0, 4001)
    for one in np.unique(group):
        rows = np.flatnonzero(group == one)
        pushed = theta[0] + theta[1] * fit.rows.pushes[rows, 0]
        h = -np.expm1(-np.exp(theta[2] * fit.rows.traits[rows, 0] + grid[:, None]) * pushed)
        adopted = fit.rows.adopted[rows]
        logs = (np.log(h[:, adopted]).sum(axis=1)
                + np.log1p(-np.minimum(h[:, ~adopted], 1 - 1e-15)).sum(axis=1)
                + stats.norm.logpdf(grid, 0.0, theta[3]))  # fmt: skip
        share = np.exp(logs - logs.max())
        total += logs.max() + np.log(share.sum() * (grid[1] - grid[0]))
        if not np.allclose(told[rows], share @ h / share.sum(), atol=1e-5):
            return False
    if abs(fit.effects.height(theta)[1] - total) > 1e-5:
        return False
    gradient = fit.effects.height(theta)[2]
    for k in range(4):
        up, down = theta.copy(), theta.copy()
        up[k] += 1e-5
        down[k] -= 1e-5
        slope = (fit.effects.height(up)[0] - fit.effects.height(down)[0]) / 2e-5
        if abs(gradient[k] - slope) > 1e-2:
            return False
    return bool(np.abs(fit.effects.height(fit.values)[2][fit.top.free]).max() < 0.05)


def same_thresholds(room: Any) -> bool:
    for number in NUMBERS:
        one = drawn(number)
        for together in (False, True):
            found = room.thresholds.thresholds(one.make(room.diffusion.Diffusion),
                                               together=together)  # fmt: skip
            by_hand = []
            for i in range(one.n):
                when = one.when(i)
                if when is None or one.seed(i):
                    continue
                heard = one.listens(i, when, "named")
                at = [w for j in heard if (w := one.when(j)) is not None]
                before = sum(w < when or (together and w == when) for w in at)
                by_hand.append(before / len(heard) if heard else float("nan"))
            if not np.allclose(found.exposure, by_hand, equal_nan=True):
                return False
    return room.thresholds.classes(np.array([1.0, 2.0, 3.0, 9.0]), tuple("abcd")).tolist() == [
        "b", "b", "b", "d"]  # fmt: skip


CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "risk": same_risk, "exposures": same_exposures, "height": same_height, "top": same_top,
    "worlds": same_worlds, "sandwich": same_sandwich, "rule": same_rule, "mixed": same_mixed,
    "thresholds": same_thresholds, "forecast": same_forecast,
}  # fmt: skip
