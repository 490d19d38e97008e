"""Target 6: common random numbers - what they leave alone, and what they save.

Every draw has an address, so two settings that are run with one key share all luck.  First the
exact part: a replicate is the same alone or among others, on any number of threads, by any method,
and up to any horizon; more probability or more seeds never reach fewer people.  Then the gain: how
many times more independent runs would give the same interval of a difference.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from koubei_sim.cascades import IndependentCascade, RandomSeeds, cascade, paired
from koubei_sim.cascades.paired import PairedCascades
from koubei_sim.networks import Network, erdos_renyi, follow_graph
from verification.verdict import (
    KEY,
    Check,
    Replication,
    exactly,
    ordered,
    reported,
    sized,
)

TITLE = "Common random numbers: same luck, and fewer runs for a difference"
SOURCE = "Klein et al. 2024, arXiv 2409.02086 (abstract: over 10-fold fewer runs in some uses)"
PEOPLE: Final = 20_000
GAIN: Final = 10.0  # of the abstract


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Check the invariances bit by bit and measure the gain of pairing."""
    runs = sized(scale, 1_000, 5_000)
    friends = erdos_renyi(PEOPLE, 10.0, key=key)
    rows = _invariances(friends, key)
    found = _pairs(friends, follow_graph(PEOPLE, 10.0, key=key), runs, key)
    gains = {}
    for name, (pair, one, other) in found.items():
        gap = pair.difference(one, other)
        gains[name] = gap.gain
        note = f"difference {gap.mean.mean:.4g} ({gap.mean.low:.4g}..{gap.mean.high:.4g})"
        rows.append(reported(f"gain: {name}", gap.gain, None, "", note))
    best = max(gains.values())
    rows.append(ordered("largest gain", f"> {GAIN:g} in some use", f"{best:.0f}", best > GAIN, "R"))
    rows.append(_wrong_key(friends, runs, key))
    return Replication("common-numbers", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(gains))


def _invariances(graph: Network, key: int) -> list[Check]:
    """Differences that must be none: all by equality of whole arrays."""
    rule, seeds = IndependentCascade(0.12), RandomSeeds(10)
    whole = cascade(graph, rule, seeds, 40, key, record="times")
    alone = cascade(graph, rule, seeds, 1, key, first=17, record="times")
    one_thread = cascade(graph, rule, seeds, 40, key, record="times", threads=1)
    wide = cascade(graph, rule, seeds, 3, key, method="wide", threads=2)
    cut = cascade(graph, rule, seeds, 40, key, record="times", horizon=4)
    settings = {f"{p}": (IndependentCascade(p), seeds) for p in (0.08, 0.10, 0.12)}
    together = paired(graph, settings, 40, key)
    times, early = whole.outcome.times, cut.outcome.times
    assert times is not None
    assert early is not None
    kept = np.where(times <= 4, times, np.nan)
    more = paired(graph, {"10": (rule, np.arange(10)), "11": (rule, np.arange(11))}, 40, key)
    fewer = (more.of("11") < more.of("10")).sum()
    fewer += (together.of("0.12") < together.of("0.1")).sum()
    return [
        exactly(
            "replicate 17 alone: times that differ", 0, _differ(alone.outcome.times, times[17:18])
        ),
        exactly("on one thread: times that differ", 0, _differ(one_thread.outcome.times, times)),
        exactly(
            "all threads on one replicate: sizes that differ",
            0,
            _differ(wide.sizes, whole.sizes[:3]),
        ),
        exactly(
            "64 settings in one walk: sizes that differ",
            0,
            _differ(together.of("0.12"), whole.sizes),
        ),
        exactly("horizon 4: times up to 4 that differ", 0, _differ(early, kept)),
        exactly("more seeds or higher p: replicates with fewer", 0, int(fewer)),
    ]


def _differ(one: Any, other: Any) -> int:
    """Number of entries that differ; NaN equals NaN."""
    return int((~np.isclose(one, other, rtol=0.0, atol=0.0, equal_nan=True)).sum())


def _pairs(
    friends: Network, follow: Network, runs: int, key: int
) -> dict[str, tuple[PairedCascades, str, str]]:
    """Pairs of settings of the kinds that people compare."""
    hubs = np.argsort(-follow.degrees(), kind="stable")[:100]
    people = np.arange(100)
    close = paired(
        friends,
        {"a": (IndependentCascade(0.08), people), "b": (IndependentCascade(0.081), people)},
        runs,
        key,
    )
    seeds = paired(
        friends,
        {"a": (IndependentCascade(0.08), people), "b": (IndependentCascade(0.08), people[:99])},
        runs,
        key,
    )
    large = paired(
        friends,
        {"a": (IndependentCascade(0.2), people), "b": (IndependentCascade(0.22), people)},
        runs,
        key,
    )
    who = paired(
        follow,
        {"a": (IndependentCascade(0.05), hubs), "b": (IndependentCascade(0.05), people)},
        runs,
        key,
    )
    return {
        "p = .080 or .081, subcritical": (close, "b", "a"),
        "100 seeds or 99": (seeds, "a", "b"),
        "p = .20 or .22, supercritical": (large, "b", "a"),
        "hubs or anybody": (who, "a", "b"),
    }


def _wrong_key(graph: Network, runs: int, key: int) -> Check:
    """What the gain is without common numbers: about 1, or the measure itself is wrong."""
    rule, seeds = IndependentCascade(0.08), np.arange(100)
    one = cascade(graph, rule, seeds, runs, key).sizes
    other = cascade(graph, rule, seeds, runs, key + 1).sizes
    gain = float((one.var() + other.var()) / (one - other).var())
    # The correlation of independent samples has a standard error of 1 / sqrt(runs).
    good = abs(1.0 - 1.0 / gain) < 4.0 / runs**0.5
    return ordered("gain with different keys", "1", f"{gain:.3f}", good, "C")


def _drawn(gains: dict[str, float]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE, GREY

        names = list(gains)[::-1]
        ax.barh(names, [gains[name] for name in names], color=BLUE, height=0.6)
        ax.axvline(1.0, color=GREY, lw=1)
        ax.set_xscale("log")
        ax.set_xlabel("independent runs for one paired run, at the same precision")
        ax.set_title("What common random numbers save")

    return draw
