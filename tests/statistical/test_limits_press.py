"""Press that leads and press that follows: a closed form, and which comes first, talk or press.

Everybody is a reader of one follow graph.  Where nobody comes or goes, talk is constant and the
attention of the press has a closed form.  Where talk comes in waves, the press that follows is
behind it; where campaigns come in waves and nothing else happens, talk is behind them.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from tests import codes
from tests.worlds import quiet_world, with_rules

import koubei_sim as kb
from koubei_sim.model.compiled import run_compiled

KEYS = range(6)
DAYS = 160
BURSTS = (10, 45, 75, 115, 140)  # first days, not evenly apart
LAGS = range(1, 8)

#: People who tell for some days after they came, and then hardly ever.
BASE = kb.Scenario.load("ic").replace(
    **{
        "n_agents": 4000,
        "ticks": DAYS,
        "channels": {
            "square": {
                "medium": "feed",
                "visibility": 0.2,
                "persuasion": 0.03,
                "tell": 0.3,
                "network": {"kind": "follow", "mean_degree": 8.0},
            }
        },
        "segments": {
            "all": {"share": 1.0, "enthusiast": True, "activity_sigma": 0.0},
        },
        "participation.online": 1.0,
        "telling.novelty_half_life": 2.0,
        "telling.novelty_floor": 0.05,
        "seeding.number": 200,
    }
)


def paths(scenario: kb.Scenario, key: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how loud talk is, in logarithms, and how much press there is, by day."""
    data = kb.run(scenario, rng=key, progress=False).data
    told = data["tells"].sum(["sign", "channel"]).values[0]
    return np.log1p(told), data["press"].values[0] / 65536.0


def behind(press: NDArray[np.float64], talk: NDArray[np.float64]) -> float:
    """Return by how much more press goes with the talk of days before than of days after."""
    after = sum(np.corrcoef(talk[:-lag], press[lag:])[0, 1] for lag in LAGS)
    before = sum(np.corrcoef(talk[lag:], press[:-lag])[0, 1] for lag in LAGS)
    return float(after - before)


def test_attention_to_constant_talk_has_its_closed_form() -> None:
    """Catches another law of forgetting, talk of another day, or talk counted wrongly.

    With V tellings a day, attention on day t is a (1 - (1 - f)^t) / f with
    a = follow log((V + 1) / (notice + 1)); the column is cut to 1/65536, hence the tolerance.
    """
    n, ticks, follow, forget, notice, lead = 50, 40, 0.7, 0.15, 9.0, 0.25
    world = quiet_world(n, ticks, arcs={0: set()}, seeds=tuple(range(n)))
    tell = np.zeros((8, 7), np.int64)
    tell[0] = 1 << 32
    one = np.ones(1)
    world = with_rules(
        world, tell32=tell, press_on=1, media_lead=lead * one, media_follow=follow * one,
        media_forget=forget * one, media_notice=notice * one, media_lifted=np.zeros(1, np.int64),
        media_scale=3.0,
        **{f"media_{name}": np.array([value]) for name, value in (
            ("channel", 0), ("product", 0), ("start", 5), ("end", 35), ("see32", 0), ("hazard", 0),
        )},
    )  # fmt: skip
    found = run_compiled(world).table[:, codes.T_PRESS] / 65536.0
    gained = follow * math.log((3 * n + 1) / (notice + 1))
    days = np.arange(30)
    expected = lead + gained * (1.0 - (1.0 - forget) ** days) / forget
    assert np.abs(found[5:35] - expected).max() < 2 / 65536
    assert not found[:5].any() and not found[35:].any()


@pytest.mark.parametrize("key", KEYS)
def test_press_that_follows_is_behind_talk(key: int) -> None:
    """Catches press that hears today what is told tomorrow, or that talk has no effect on."""
    scenario = BASE.replace(
        **{
            f"events.wave{day}": {"channel": "square", "start": day, "length": 6, "lift_tell": 12.0}
            for day in BURSTS
        }
    ).replace(
        **{
            "media.paper": {
                "channel": "square", "visibility": 0.001, "persuasion": 0.1, "lead": 0.0,
                "follow": 0.5, "forget": 0.3, "notice": 20.0,
            }
        }
    )  # fmt: skip
    talk, press = paths(scenario, key)
    assert behind(press[20:], talk[20:]) > 0.5


@pytest.mark.parametrize("key", KEYS)
def test_press_that_leads_is_ahead_of_talk(key: int) -> None:
    """Catches campaigns that win nobody who then tells, or a column that is a day or more late."""
    scenario = BASE.replace(
        **{
            f"media.burst{day}": {
                "channel": "square", "visibility": 0.05, "persuasion": 0.8, "lead": 2.0,
                "start": day, "end": day + 4,
            }
            for day in BURSTS
        }
    )  # fmt: skip
    talk, press = paths(scenario, key)
    assert behind(press[5:], talk[5:]) < -0.5


@pytest.mark.parametrize("key", KEYS)
def test_a_wave_crowds_what_is_seen_and_then_fades(key: int) -> None:
    """Catches a wave that does not act on campaigns that ask for it, that never fades, or that is
    felt before it comes."""
    base = BASE.replace(
        **{
            "media.paper": {"channel": "square", "visibility": 0.005, "lifted": True},
            "channels.square.tell": 0.0,
            "market.aware_at_start": 0.0,
            "ticks": 80,
        }
    )
    wave = {"channel": "square", "start": 30, "length": 50, "lift_visibility": 0.1}

    def newly(scenario: kb.Scenario) -> NDArray[np.int64]:
        found = kb.run(scenario, rng=key, progress=False).data["newly_aware"].values[0]
        return found

    calm = newly(base)
    fading = newly(base.replace(**{"events.wave": {**wave, "fade": 4.0}}))
    lasting = newly(base.replace(**{"events.wave": wave}))
    assert (calm[:30] == fading[:30]).all() and (calm[:30] == lasting[:30]).all()
    assert lasting[30:].sum() < fading[30:].sum() < calm[30:].sum()
    assert fading[30:34].sum() < 0.5 * calm[30:34].sum()
    assert fading[60:].sum() > 0.8 * calm[60:].sum()
    assert lasting[60:].sum() < 0.4 * calm[60:].sum()


def test_a_fork_keeps_the_attention_of_each_campaign() -> None:
    """Catches a campaign that takes over what another one has gained, or that begins anew."""
    paper = {"channel": "square", "visibility": 0.002, "follow": 0.5, "notice": 5.0}
    new = {"channel": "square", "visibility": 0.01, "follow": 1.0, "notice": 5.0, "start": 40}
    base = BASE.replace(ticks=60, **{"media.paper": paper})
    run = kb.run(base, rng=3, progress=False)
    assert run.fork(at=40).digest() == run.digest()
    planned = kb.run(base.replace(**{"media.radio": new}), rng=3, progress=False)
    assert run.fork(at=40, **{"media.radio": new}).digest() == planned.digest()
    both = base.replace(**{"media.old": {**paper, "end": 40}, "media.paper": paper})
    less = kb.run(both, rng=3, progress=False).fork(at=40, **{"media.old": None})
    assert less.digest() == kb.run(both, rng=3, progress=False).digest()
