"""Calibrate the preset `xiaomi` to what is known of its first two years, and ship the posterior.

``python experiments/xiaomi_shape/calibrate.py`` (half an hour on two cores; a killed run resumes
in `--out`) fits the parameters of `RANGES` to the targets by ABC and writes `xiaomi.posterior.csv`
beside the preset, from which `kb.ensemble` draws, and `parameters.csv`, what is identified, beside
this file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.metrics import measuring
from koubei_sim.metrics.runs import block
from koubei_sim.model.world.arrays import History
from koubei_sim.studies import Ensemble, Target, Targets, calibrate

HERE = Path(__file__).parent
PRESETS = Path(kb.__file__).parent / "model" / "scenario" / "presets"
SHIPPED = PRESETS / "xiaomi.posterior.csv"
KEY = 20100816
YEAR, LAST = 365, 543  # 2012-02-10, the last dated count of the forum
WEEK = f"{LAST - 6}..{LAST}"  # a week, since every Friday there is more talk
#: Of the preset's people, simulated: a run takes four seconds instead of ten.
AGENTS, PEOPLE = 500_000, 10.0

#: The prior: uniform in the logarithm.  What else is assumed in the preset stays as it is.
RANGES = {
    "segments.newbie.membership.forum": (0.01, 0.08, "log"),
    "channels.forum.persuasion": (0.3, 0.95, "log"),
    "channels.forum.interest": (0.05, 0.6, "log"),
    "channels.weibo.visibility": (0.1, 0.5, "log"),
    "channels.wechat.persuasion": (0.2, 0.7, "log"),
    "products.miui.learn_difficulty": (0.02, 0.12, "log"),
    "products.miui.need_severity": (0.1, 0.3, "log"),
    "media.company_account.visibility": (2e-6, 3e-5, "log"),
    "service.churn": (0.0007, 0.003, "log"),
}


def complaints(history: History, scenario: kb.Scenario) -> float:
    """Return complaints a user and month, from the second year to the last date."""
    days = slice(YEAR, LAST + 1)
    made = block(history, "complaints")[days].sum()
    users = measuring.STOCKS["users"](history)[days].sum()
    return float(30.0 * made / users) if users else np.nan


def reputation(history: History, scenario: kb.Scenario) -> float:
    """Return the median reputation, -1 to 1, of the same days."""
    return float(np.nanmedian(kb.metrics.reputation_index(history)[YEAR : LAST + 1]))


def dilution(history: History, scenario: kb.Scenario) -> float:
    """Return visitors per registered at the last date, over the same when a third had registered.

    Reported: 11 % of 9 million, 7 % of 29 million.  A week each, so that weekdays do not matter.
    """
    members = measuring.STOCKS["members"](history)
    forum = members[:, list(scenario.channels).index("forum")]
    online = measuring.FLOWS["online_users"](history)
    before = int(np.searchsorted(forum[: LAST + 1], forum[LAST] / 3.2))

    def share(day: int) -> float:
        week = slice(max(0, day - 6), day + 1)
        return float(online[week].sum() / max(1, forum[week].sum()))

    return share(LAST) / share(before) if share(before) > 0.0 else np.nan


def targets() -> list[Target]:
    """Return what is held against the model; the last two are never shown to the fit."""
    level = "macro-face"
    return [
        Target("registered after a month", 110.0, 0.25, "members:forum@31", level,
               source="a little over 100, class report, usbmi.com"),
        Target("day of 500,000 users", 365.0, 30.0, "day:users:500000", level, log=False,
               source="yishenzhou, from memory; give or take a month"),
        Target("registered on 2012-02-10", 2e6, 0.27, f"members:forum@{LAST}", level,
               source="more than 2 million, usbmi.com; a month of growth is worth 27 %"),
        Target("loyal per user", 0.05, 0.5, f"loyal/users@{LAST}", level,
               source="100,000 loyal of two million, the founders' pyramid"),
        Target("die-hard per user", 0.0025, 0.5, f"die_hard/users@{LAST}", level,
               source="5,000 die-hard of two million, the founders' pyramid"),
        Target("complaints a user and month", 0.0175, 0.5, complaints, level,
               source="assumption: 1 to 3 %, so that the product is good and not perfect"),
        Target("reputation", 0.85, 0.12, reputation, level, log=False,
               source="assumption: neither perfect nor without effect"),
        Target("dilution of visits", 0.64, 0.25, dilution, level, hold_out=True,
               source="7 % of 29 million over 11 % of 9 million"),
        Target("posts per visitor and day", 0.05, 1.0, f"tellings:forum/online_users@{WEEK}",
               "micro-face", hold_out=True, source="class report 2016; within a factor of two"),
    ]  # fmt: skip


def at_scale(particles: pd.DataFrame) -> pd.DataFrame:
    """Keep the half of the particles that is nearest at the preset's own number of agents.

    A last generation: twenty agents as seeds are luckier than ten, so that growth starts earlier.
    """
    base = kb.Scenario.load("xiaomi").replace(ticks=LAST + 1)
    worlds = Ensemble(base, particles.drop(columns="weight")).run(rng=KEY + 1, threads=2)
    seen = Targets(targets()).seen
    pairs = zip(worlds.histories, worlds.ensemble.scenarios, strict=True)
    values = np.array([[one.of(history, world) for one in seen] for history, world in pairs])
    distance = seen.distance(values)
    kept = particles[distance <= np.quantile(distance, 0.5)]
    far = distance[kept.index].max()
    print(f"{len(kept)} of {len(particles)} particles, distance up to {far:.2f}")
    return kept.assign(weight=kept["weight"] / kept["weight"].sum())


def main() -> None:
    """Fit, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "runs")
    parser.add_argument("--particles", type=int, default=80)
    parser.add_argument("--simulations", type=int, default=640)
    parser.add_argument("--generations", type=int, default=6)
    options = parser.parse_args()
    base = kb.Scenario.load("xiaomi").replace(n_agents=AGENTS, people_per_agent=PEOPLE)
    found = calibrate(
        base, targets(), RANGES, particles=options.particles, simulations=options.simulations,
        generations=options.generations, rng=KEY, out=options.out, threads=2, progress=True,
    )  # fmt: skip
    print(found)
    particles = at_scale(found.posterior.drop(columns="distance"))
    particles.to_csv(SHIPPED, index=False, lineterminator="\n", float_format="%.6g")
    known = found.identifiability()
    known.to_csv(HERE / "parameters.csv", lineterminator="\n", float_format="%.3g")


if __name__ == "__main__":
    main()
