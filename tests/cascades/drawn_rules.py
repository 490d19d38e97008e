"""Rules with arguments drawn by chance, one function a family, for the cases of the twins.

Probabilities are chosen to fall where coins can go wrong: 0, 1, one unit of 2**-32, whole numbers
of 1/256 (the byte ties and the low bits must all be refused), a little above them; fractions
where a threshold is met exactly.  Used by `cases`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.cascades.twins.graph import arcs_of
from tests.cascades.twins.luck import Luck
from tests.worlds import Dice

from koubei_sim.cascades import rules
from koubei_sim.core import codes
from koubei_sim.networks import Network
from koubei_sim.networks.temporal import TemporalNetwork

SPECIAL = (
    (0.0, 1.0, 2.0**-32, 1e-9, 1 / 256, 0.5, 128.4 / 256, 77.5 / 256, 255 / 256, 255.6 / 256)
    + (1 - 2.0**-32, 64 / 256, 200.01 / 256)
)  # fmt: skip
BORDER_KEY = 5
BRANDS = ("red", "green", "blue", "black")


def chance(dice: Dice) -> float:
    """A probability: special, ordinary, or small."""
    kind = dice.whole(0, 5)
    if kind <= 1:
        return SPECIAL[dice.whole(0, len(SPECIAL) - 1)]
    return dice.real(0.2, 0.9) if kind <= 4 else dice.real(0.02, 0.3)


def chances(dice: Dice, count: int) -> NDArray[np.float64]:
    """Probabilities, some of them special."""
    out = dice.rng.random(count) ** (1.0 / dice.whole(1, 3) if dice.yes(0.7) else 3.0)
    special = dice.rng.random(count) < 0.2
    out[special] = np.array(SPECIAL)[dice.rng.integers(0, len(SPECIAL), int(special.sum()))]
    return out


def arcs_chance(dice: Dice, network: Network, words: bool = True, matrix: bool = True) -> Any:
    """The argument `p` in one of its forms, with `kinds` or None."""
    form = dice.whole(0, 11)
    if form in (1, 7):
        return chances(dice, network.n_arcs) if network.n_arcs else chance(dice), None
    if form == 2:
        return {name: chance(dice) for name in network.names}, None
    if form == 3 and matrix:
        count = dice.whole(1, 3)
        return chances(dice, count**2).reshape(count, count), dice.rng.integers(
            0, count, network.n_nodes
        )
    if form == 4 and any(layer.weights is not None for layer in network.layers):
        return "weights", None
    if form in (5, 6) and words:
        return ("weighted", "trivalency")[form - 5], None
    return chance(dice), None


def steps_horizon(dice: Dice) -> float | None:
    return float(dice.whole(0, 9)) if dice.yes(0.25) else None


def time_horizon(dice: Dice) -> float | None:
    return dice.real(0.0, 4.0) if dice.yes(0.3) else None


def shares(dice: Dice, network: Network) -> NDArray[np.float64]:
    """Weights of arcs that add up to at most 1 at each person; exactly 1 at some."""
    arcs = dice.rng.random(network.n_arcs)
    arcs[dice.rng.random(arcs.size) < 0.1] = 0.0
    target = union_targets(network)
    total = np.bincount(target, weights=arcs, minlength=network.n_nodes)
    part = np.where(dice.rng.random(network.n_nodes) < 0.3, 1.0, dice.rng.random(network.n_nodes))
    return arcs / np.maximum(total, 1e-9)[target] * part[target] * (1.0 - 1e-12)


def union_targets(network: Network) -> NDArray[np.int64]:
    """Targets of all arcs, row by row and within a row layer by layer."""
    rows = [
        layer.indices[layer.indptr[u] : layer.indptr[u + 1]]
        for u in range(network.n_nodes)
        for layer in network.layers
    ]
    return np.concatenate(rows).astype(np.int64) if rows else np.empty(0, np.int64)


# ---------------------------------------------------------------- rules by steps


def independent(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    return rules.IndependentCascade(*arcs_chance(dice, network)), steps_horizon(dice)


def borders(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    """Probabilities on both sides of the coins that replicate 0 of key 5 tosses.

    T(p) is the coin itself (not live), one more (live), or rounded to one of these.
    """
    if network.n_arcs == 0:
        return rules.IndependentCascade(0.5), None
    arcs, luck = arcs_of(network), Luck(BORDER_KEY, 0)
    coins = np.array([luck.coin(arcs, arc) for arc in range(network.n_arcs)])
    offset = np.array([0.0, 1.0, 0.4, 0.6, 1.4, -0.4])[dice.rng.integers(0, 6, coins.size)]
    p = np.clip((coins + offset) / 2**32, 0.0, 1.0)
    if dice.yes(0.5):
        return rules.IndependentCascade(float(p[dice.whole(0, coins.size - 1)])), None
    return rules.IndependentCascade(p), None


def rows(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    """Probabilities for a graph of long rows."""
    if dice.yes():
        return rules.IndependentCascade(chances(dice, network.n_arcs) * dice.real(0.001, 0.5)), None
    return rules.IndependentCascade(chance(dice) * (0.01 if dice.yes() else 1.0)), None


def competing(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    brands = BRANDS[: dice.whole(1, 4)]
    tie = ("random", "priority")[dice.whole(0, 1)]
    if dice.yes(0.6):
        p = {brand: arcs_chance(dice, network, matrix=False)[0] for brand in brands}
        return rules.CompetingCascades(p, tie=tie), steps_horizon(dice)
    p = arcs_chance(dice, network, matrix=False)[0]
    while isinstance(p, dict):
        p = arcs_chance(dice, network, matrix=False)[0]
    return rules.CompetingCascades(p, brands, tie), steps_horizon(dice)


def negative(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    p, _ = arcs_chance(dice, network, matrix=False)
    return rules.NegativeCascade(p, chance(dice)), steps_horizon(dice)


def linear(dice: Dice, network: Network, method: str) -> tuple[rules.Rule, float | None]:
    weights = shares(dice, network) if dice.yes(0.6) and network.n_arcs else None
    thresholds: Any = (0.0, 1.0)
    if method == "sum" and dice.yes(0.6):
        thresholds = tuple(sorted((chance(dice), chance(dice))))
        if dice.yes(0.6):
            thresholds = (chances, fraction)[dice.whole(0, 1)](dice, network.n_nodes)
    return rules.LinearThreshold(weights, thresholds, method), steps_horizon(dice)


def linear_borders(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    """Intervals that end exactly at, or just behind, the draws of replicate 0 of key 5."""
    method = ("choice", "sum")[dice.whole(0, 1)]
    arcs, luck = arcs_of(network), Luck(BORDER_KEY, 0)
    weights = np.zeros(network.n_arcs)
    for person in range(network.n_nodes):
        theta = luck.bits32(codes.DRAW_CHOICE, 0, 0, person)
        for rank, arc in enumerate(arcs.into[person][:2]):
            bound = theta + (0.0, 1.0, 0.4, 0.6, 65536.0, -65536.0)[dice.whole(0, 5)]
            total = weights[arcs.into[person][0]] if rank else 0.0
            weights[arc] = min(max(bound / 2**32 - total, 0.0), 1.0 - total)
    if network.n_arcs == 0:
        return rules.LinearThreshold(method=method), None
    return rules.LinearThreshold(weights, method=method), None


def linear_choice(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    return linear(dice, network, "choice")


def linear_sum(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    return linear(dice, network, "sum")


def fraction(dice: Dice, count: int) -> NDArray[np.float64]:
    """Fractions, most of them quotients of small whole numbers, which can be met exactly."""
    below = dice.rng.integers(1, 10, count)
    out = dice.rng.integers(0, below + 1) / below
    loose = dice.rng.random(count) < 0.3
    out[loose] = dice.rng.random(int(loose.sum()))
    return out


def fractional(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    strict = dice.yes(0.5)
    form = dice.whole(0, 4)
    if form == 4:  # what the person's own arcs can meet exactly
        into = np.bincount(union_targets(network), minlength=network.n_nodes)
        share = dice.rng.integers(0, into // 2 + 1) / np.maximum(into, 1)
        rule = rules.FractionalThreshold(share, strict)
    elif form == 0:
        rule = rules.FractionalThreshold(fraction(dice, network.n_nodes), strict)
    elif form == 1:
        kinds = dice.rng.integers(0, 2, network.n_nodes)
        rule = rules.FractionalThreshold(fraction(dice, 2), strict, kinds)
    else:
        rule = rules.FractionalThreshold(float(fraction(dice, 1)[0]) * 0.5, strict)
    return rule, steps_horizon(dice)


def reinforcement(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    form = dice.whole(0, 3)
    if form == 0:
        rule = rules.Reinforcement(dice.rng.integers(0 if dice.yes() else 1, 4, network.n_nodes))
    elif form == 1:
        kinds = dice.rng.integers(0, 2, network.n_nodes)
        rule = rules.Reinforcement(dice.rng.integers(1, 4, 2), kinds=kinds)
    else:
        rule = rules.Reinforcement(dice.whole(1, 3))
    return rule, steps_horizon(dice)


def hubs(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    """Needs around the borders of a byte, for hubs; the others follow two, or half."""
    if dice.yes(0.4):
        into = np.bincount(union_targets(network), minlength=network.n_nodes)
        share = dice.rng.integers(0, np.minimum(into // 2, into - 3) + 1) / np.maximum(into, 1)
        return rules.FractionalThreshold(share, dice.yes()), None
    needs = np.full(network.n_nodes, 2)
    borders = (1, 254, 255, 256, 257, 258, 300, 511, 512, 513, 600, 768)
    needs[:8] = dice.rng.permutation(borders)[:8]
    return rules.Reinforcement(needs), None


# ---------------------------------------------------------------- rules in time


def rate(dice: Dice, network: Network, most: int = 3) -> Any:
    """The argument `beta` as a rate, with scales up to 10**most."""
    value, _ = arcs_chance(dice, network, words=False, matrix=False)
    if isinstance(value, str):
        return value
    scale = dice.real(0.3, 4.0) * (10.0 ** dice.whole(-3, most) if dice.yes(0.2) else 1.0)
    if isinstance(value, dict):
        return {name: scale * p for name, p in value.items()}
    return scale * value


def sir(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    duration = ("exponential", "constant")[dice.yes(0.3)]
    gamma = dice.real(0.2, 2.0, 0.9)
    kind = rules.FractionalSIR if dice.yes(0.3) else rules.SIR
    return kind(rate(dice, network), gamma, False, duration), time_horizon(dice)


def sir_steps(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    duration = ("exponential", "constant")[dice.yes(0.3)]
    gamma = (0.0, 1.0, 0.45, dice.real(0.1, 0.9))[dice.whole(0, 3)]
    kind = rules.FractionalSIR if dice.yes(0.3) else rules.SIR
    beta, _ = arcs_chance(dice, network, words=False, matrix=False)
    return kind(beta, gamma, True, duration), steps_horizon(dice)


def sis(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    gamma = dice.real(0.3, 3.0, 0.9)
    return rules.SIS(rate(dice, network, 1), gamma), dice.real(0.0, 3.0)


def sis_steps(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    beta, _ = arcs_chance(dice, network, words=False, matrix=False)
    return rules.SIS(beta, chance(dice), True), float(dice.whole(0, 12))


def delayed(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    latency: Any = (
        ("exponential", dice.real(0.1, 3.0)),
        ("geometric", 1.0 if dice.yes(0.3) else dice.real(1.0, 5.0)),
        dice.real(0.1, 2.0),
        dice.rng.integers(1, 4, network.n_arcs) * 0.25 if network.n_arcs else 1.0,
    )[dice.whole(0, 3)]
    p, kinds = arcs_chance(dice, network)
    return rules.DelayedCascade(p, latency, kinds), time_horizon(dice)


def hazards(dice: Dice, n: int, top: float) -> Any:
    """Rates of people: one number, or one each with some 0."""
    if dice.yes(0.1):
        top = 200.0 * top
    if dice.yes(0.6):
        return dice.real(0.0, top, 0.8)
    out = dice.rng.random(n) * top
    out[dice.rng.random(n) < 0.2] = 0.0
    return out


def bass_ticks(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    n = network.n_nodes
    dt = (0.25, 1.0, 0.1, dice.real(0.05, 2.0))[dice.whole(0, 3)]
    rule = rules.Bass(hazards(dice, n, 0.3), hazards(dice, n, 2.0), dt)
    return rule, dt * dice.whole(0, 40)


def bass_long(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    """So many ticks that adoptions are predicted, not looked for."""
    n = network.n_nodes
    least = 51 + 25 * network.n_arcs // n
    ticks = least + dice.whole(0, 60 if n > 100 else 400 if n > 20 else 5000)
    dt = (0.25, 1.0, 0.1)[dice.whole(0, 2)]
    top = dice.real(0.5, 6.0) / (ticks * dt)
    return rules.Bass(hazards(dice, n, top), hazards(dice, n, 8.0 * top), dt), ticks * dt


def bass_schedule(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    """Ticks in which p rests, grows and comes back."""
    n, ticks = network.n_nodes, dice.whole(1, 30)
    dt = (0.25, 1.0, 0.1)[dice.whole(0, 2)]
    schedule = dice.rng.random(120 + dice.whole(0, 3)) * 2.0  # longer horizons are tried too
    schedule[dice.rng.random(schedule.size) < 0.3] = 0.0
    return rules.Bass(hazards(dice, n, 0.3), hazards(dice, n, 2.0), dt, schedule), dt * ticks


def bass_exact(dice: Dice, network: Network) -> tuple[rules.Rule, float | None]:
    n = network.n_nodes
    return rules.Bass(hazards(dice, n, 0.3), hazards(dice, n, 2.0)), dice.real(0.0, 12.0)


# ---------------------------------------------------------------- rules on contacts


def contact_chance(dice: Dice, contacts: TemporalNetwork) -> Any:
    form = dice.whole(0, 3)
    count = len(contacts.time)
    if form == 0 and count:
        return chances(dice, count)
    return "weights" if form == 1 and count else chance(dice)


def contacts_independent(dice: Dice, met: TemporalNetwork) -> rules.Rule:
    if dice.yes(0.15):
        kinds = dice.rng.integers(0, 2, met.n_nodes)
        return rules.IndependentCascade(chances(dice, 4).reshape(2, 2), kinds)
    return rules.IndependentCascade(contact_chance(dice, met))


def contacts_competing(dice: Dice, met: TemporalNetwork) -> rules.Rule:
    p = {brand: contact_chance(dice, met) for brand in BRANDS[: dice.whole(1, 4)]}
    return rules.CompetingCascades(p, tie=("random", "priority")[dice.whole(0, 1)])


def contacts_negative(dice: Dice, met: TemporalNetwork) -> rules.Rule:
    return rules.NegativeCascade(contact_chance(dice, met), chance(dice))


def contacts_sir(dice: Dice, met: TemporalNetwork) -> rules.Rule:
    duration = ("exponential", "constant")[dice.yes(0.5)]
    # Durations of 1, 2, 4, 8: an infection may end exactly at a contact.
    gamma = 0.5 ** dice.whole(0, 3) if dice.yes(0.4) else dice.real(0.02, 1.0, 0.9)
    return rules.SIR(contact_chance(dice, met), gamma, duration=duration)


def contacts_sis(dice: Dice, met: TemporalNetwork) -> rules.Rule:
    return rules.SIS(contact_chance(dice, met), dice.real(0.02, 1.0, 0.9))


def contacts_reinforcement(dice: Dice, met: TemporalNetwork) -> rules.Rule:
    window = None
    if dice.yes(0.7):
        window = float(dice.whole(1, 12)) if dice.yes() else dice.real(0.2, 20.0)
    form = dice.whole(0, 3)
    if form == 0:
        return rules.Reinforcement(dice.rng.integers(1, 4, met.n_nodes), window)
    if form == 1:
        kinds = dice.rng.integers(0, 2, met.n_nodes)
        return rules.Reinforcement(dice.rng.integers(1, 4, 2), window, kinds)
    return rules.Reinforcement(dice.whole(1, 4), window)


ON_NETWORKS: dict[str, Callable[[Dice, Network], tuple[rules.Rule, float | None]]] = {
    "independent": independent,
    "borders": borders,
    "rows": rows,
    "competing": competing,
    "negative": negative,
    "linear_choice": linear_choice,
    "linear_sum": linear_sum,
    "linear_borders": linear_borders,
    "fractional": fractional,
    "reinforcement": reinforcement,
    "hubs": hubs,
    "sir": sir,
    "sir_steps": sir_steps,
    "sis": sis,
    "sis_steps": sis_steps,
    "delayed": delayed,
    "bass_ticks": bass_ticks,
    "bass_long": bass_long,
    "bass_schedule": bass_schedule,
    "bass_exact": bass_exact,
}
ON_CONTACTS: dict[str, Callable[[Dice, TemporalNetwork], rules.Rule]] = {
    "contacts_independent": contacts_independent,
    "contacts_competing": contacts_competing,
    "contacts_negative": contacts_negative,
    "contacts_sir": contacts_sir,
    "contacts_sis": contacts_sis,
    "contacts_reinforcement": contacts_reinforcement,
}
