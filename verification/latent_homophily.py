"""Latent homophily and latent marketing look like contagion.

In worlds in which nobody is moved by anybody, people of one kind name each other and adopt for the
same reasons, or all are moved by one campaign.  A regression on the share of adopters among those
named then finds contagion in nearly every world, with a calendar too, and with a noisy measure of
the trait too; it is silenced by the trait itself, or by the campaign itself, and by nothing less.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from koubei_sim.core.draws import units_drawn
from verification.adoption import (
    FloatArray,
    Panel,
    World,
    adopted,
    calendar,
    homophilous,
    measured,
    panel,
    regression,
    shares,
)
from verification.verdict import (
    KEY,
    Check,
    Replication,
    in_band,
    ordered,
    reported,
    share_by_z,
    sized,
)

TITLE = "Latent homophily or marketing: contagion found where there is none"
SOURCE = (
    "Shalizi and Thomas 2011 (abstract); Van den Bulte and Lilien 2001 (abstract); "
    "false alarms in 20 of 20 worlds: simulated apart"
)
PEOPLE, TIES, PERIODS = 1_500, 8, 12
BASE: Final = 0.02  # hazard a period of somebody of middling trait
PULL: Final = 0.8  # a standard deviation of the trait multiplies it by exp(.8)
OWN: Final = 0.6  # share of ties among one's own kind
QUALITY: Final = 0.75  # correlation of the measured trait with the trait
CERTAIN: Final = 1.96
CAMPAIGN: Final = 307  # purpose: resistance of a person against the campaign; i = person
#: Advertising a period: built up, then kept; the hazard is `BASE` times it.
ADVERTISING: Final = np.array([0.2, 0.3, 0.5, 0.8, 1.2, 1.7, 2.2, 2.6, 2.9, 3.0, 3.0, 3.0])


class Found(NamedTuple):
    """One world, seen by several regressions: estimate over error of the share of adopters."""

    naive: float
    dated: float  # with a calendar
    proxy: float  # with a calendar and a noisy measure of the trait
    known: float  # with a calendar and the trait
    shape: tuple[float, ...] = ()  # with measures of the qualities `QUALITIES`


QUALITIES: Final = (0.5, 0.9)


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Look for contagion in worlds with and without it."""
    worlds = sized(scale, 20, 200)
    like = [_seen(OWN, 0.0, key, r, QUALITIES) for r in range(worlds)]
    mixed = [_seen(0.0, 0.0, key, r) for r in range(worlds)]
    moved = [_seen(OWN, 0.25, key, r) for r in range(worlds)]
    rows: list[Check] = [
        in_band("alike, b = 0: share of worlds, naive", 1.0, _share(like, "naive"), 0.05, "S"),
        in_band("alike, b = 0: with a calendar", 1.0, _share(like, "dated"), 0.05, "S"),
        reported(
            "alike, b = 0: with a noisy measure of the trait",
            _share(like, "proxy"),
            1.0,
            "S",
            f"its correlation with the trait is {QUALITY} here and not said there; 20 of 20 "
            "worlds of the other program say .83 and more",
        ),
        _nominal("alike, b = 0: with the trait itself", like, "known"),
        _nominal("ties to anybody, b = 0: naive with a calendar", mixed, "dated"),
        ordered(
            "alike, b = .25: found with the trait itself",
            "nearly always",
            f"{_share(moved, 'known'):.2f} of worlds",
            _share(moved, "known") > 0.9,
            "C",
            "the test that is silent at b = 0 is not silent always",
        ),
    ]
    rows += [
        reported(
            f"alike, b = 0: measure of quality {quality}",
            float(np.mean([one.shape[k] > CERTAIN for one in like])),
        )
        for k, quality in enumerate(QUALITIES)
    ]
    rows += _asymmetry(worlds, key)
    rows += _marketing(worlds, key)
    return Replication(
        "latent-homophily", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(like, mixed, moved)
    )


def _share(found: list[Found], name: str) -> float:
    return float(np.mean([getattr(one, name) > CERTAIN for one in found]))


def _nominal(what: str, found: list[Found], name: str) -> Check:
    """One-sided tests at 2.5 % are fooled in 2.5 % of worlds."""
    hits = sum(getattr(one, name) > CERTAIN for one in found)
    return share_by_z(what, 0.025, hits, len(found), "C", f"{hits} of {len(found)} worlds")


def _diffusion(own: float, b: float, key: int, r: int, keener: float = 0.0) -> tuple[World, Panel]:
    world = homophilous(PEOPLE, TIES, own, key, r, keener)
    times = adopted(world, BASE * np.exp(PULL * world.trait), b, PERIODS, key, r)
    return world, panel(world.listens, times, PERIODS)


def _strength(columns: list[FloatArray], rows: Panel, which: int = 0) -> float:
    fit = regression(np.column_stack(columns), rows.adopts)
    return float(fit.value[which] / fit.error[which])


def _seen(own: float, b: float, key: int, r: int, qualities: tuple[float, ...] = ()) -> Found:
    world, rows = _diffusion(own, b, key, r)
    dates, one = calendar(rows.period), np.ones(rows.period.size)

    def beside(*trait: FloatArray) -> float:
        return _strength([rows.exposure, *(values[rows.person] for values in trait), dates], rows)

    def noisy(quality: float) -> FloatArray:
        return measured(world.trait, quality, key, r)

    return Found(
        _strength([rows.exposure, one], rows),
        beside(),
        beside(noisy(QUALITY)),
        beside(world.trait),
        tuple(beside(noisy(quality)) for quality in qualities),
    )


def _asymmetry(worlds: int, key: int) -> list[Check]:
    """Those whom I name beside those who name me: a difference was once taken for influence."""
    gaps = []
    for r in range(worlds):
        world, rows = _diffusion(OWN, 0.0, key, r, keener=0.5)
        back = panel(_turned(world), _times(rows), PERIODS)
        columns = np.column_stack([rows.exposure, back.exposure, calendar(rows.period)])
        fit = regression(columns, rows.adopts)
        gaps.append((fit.value[0] - fit.value[1]) / np.hypot(fit.error[0], fit.error[1]))
    share = float(np.mean(np.array(gaps) > CERTAIN))
    mean = float(np.mean(gaps))
    return [
        ordered(
            "b = 0, people name the keener: named minus naming",
            "asymmetric without influence",
            f"mean z {mean:+.2f}",
            abs(mean) > CERTAIN / np.sqrt(worlds),
            "R",
            "asymmetries in regression coefficients cannot identify causal effects (abstract)",
        ),
        reported("the same: share of worlds with z > 1.96", share),
    ]


def _turned(world: World) -> sparse.csr_array:
    """Whom each person is named by, in equal shares."""
    who, named = world.listens.nonzero()
    return shares(named, who, PEOPLE)


def _times(rows: Panel) -> FloatArray:
    """Times of adoption back from person-periods."""
    times = np.full(PEOPLE, np.inf)
    done = rows.adopts > 0.0
    times[rows.person[done]] = rows.period[done]
    return times


def _marketing(worlds: int, key: int) -> list[Check]:
    """Everybody hears one campaign; nobody hears anybody."""
    plain, controlled = [], []
    for r in range(worlds):
        resistance = -np.log(units_drawn(PEOPLE, key, CAMPAIGN, r))
        pressure = np.cumsum(BASE * ADVERTISING)
        times = np.searchsorted(pressure, resistance).astype(np.float64) + 1.0
        times[times > PERIODS] = np.inf
        rows = _crowd(times)
        one = np.ones(rows.period.size)
        spent = np.log(ADVERTISING)[rows.period - 1]
        plain.append(_strength([rows.exposure, one], rows))
        controlled.append(_strength([rows.exposure, spent, one], rows))
    hits = int(np.sum(np.array(controlled) > CERTAIN))
    found = float(np.mean(np.array(plain) > CERTAIN))
    return [
        ordered(
            "a campaign, b = 0: contagion without marketing control",
            "found",
            f"{found:.2f} of worlds",
            found > 0.9,
            "R",
            "Van den Bulte and Lilien 2001: it vanishes under marketing control",
        ),
        share_by_z(
            "a campaign, b = 0: with the campaign controlled",
            0.025,
            hits,
            worlds,
            "C",
            f"{hits} of {worlds} worlds",
        ),
    ]


def _crowd(times: FloatArray) -> Panel:
    """Person-periods whose exposure is the share of all who had adopted before."""
    periods = np.arange(1, PERIODS + 1)
    before = (times[None, :] < periods[:, None]).mean(axis=1)
    period, person = np.nonzero(times[None, :] >= periods[:, None])
    return Panel(person, period + 1, (times[person] == period + 1).astype(float), before[period])


def _drawn(like: list[Found], mixed: list[Found], moved: list[Found]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE, GREY, ORANGE, RED

        names = ("naive", "dated", "proxy", "known")
        for (found, word, colour), shift in zip(
            ((mixed, "ties to anybody, b = 0", GREY), (like, "alike, b = 0", RED),
             (moved, "alike, b = .25", BLUE)),
            (-0.2, 0.0, 0.2),
        ):  # fmt: skip
            for k, name in enumerate(names):
                values: NDArray[np.float64] = np.array([getattr(one, name) for one in found])
                ax.plot(
                    np.full(values.size, k + shift), values, color=colour, ls="none", marker="o",
                    ms=3.5, alpha=0.6, label=word if k == 0 else None,
                )  # fmt: skip
        ax.axhline(CERTAIN, color=ORANGE, lw=1.2)
        ax.set_xticks(range(4), ("naive", "calendar", "noisy trait", "trait itself"))
        ax.legend(frameon=False)
        ax.set_title("Contagion is found where there is none")
        ax.set_ylabel("estimate over its error (line: 1.96)")

    return draw
