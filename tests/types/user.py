"""What a person writes, as README and the pages show it: read by mypy and pyright, never run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

import koubei_sim as kb
from koubei_sim.cascades import SIR, IndependentCascade, RandomSeeds, paired
from koubei_sim.checks import Engine, Lang


def quick_start() -> kb.Result:
    sc = kb.Scenario.load("xiaomi")
    r = kb.run(sc, replicates=20, rng=7, threads=2, engine="compiled", out=Path("runs"))
    print(r.summary())
    mixed = kb.run(sc.replace(**{"seeding.purity": 0.3}), replicates=20, rng=7)
    purer = sc.replace({"seeding.purity": 0.9, "channels.qzone": None})
    purer = sc.replace(changes={"seeding.purity": 0.9}, ticks=30)
    again = kb.run(purer, rng=7, changes={"seeding.purity": 0.3}, ticks=30)
    again.data["users"].mean("replicate")
    worlds = kb.ensemble("xiaomi", 8).replace({"market.admission": 0.3}).run(rng=7)
    worlds.reached()
    return mixed


def graphs() -> kb.Network:
    net = kb.Network.from_edges([0, 0, 1], [1, 2, 2], n=3, directed=True, parallel="merge")
    net = kb.networks.follow_graph(10_000, mean_degree=15, exponent=2.3, key=1)
    c = kb.cascade(net, IndependentCascade(0.05), RandomSeeds(10), replicates=1000, rng=7)
    c = kb.cascade(net, SIR(beta=0.3, gamma=1.0), [1, 2, 3], replicates=9, rng=7, record="forest")
    c = kb.cascade(net, kb.Bass(0.01, 0.1), [1], 10, 7, record=["people", "times"], by="row")
    c.trees()
    paired(net, {"few": (IndependentCascade(0.05), RandomSeeds(3))}, replicates=1000, rng=7).table()
    return net


def studies(r: kb.Result) -> None:
    base = kb.Scenario.load("tiny")
    found = kb.compare({"as it is": base, "open": base.replace(ticks=90)}, replicates=50, rng=7)
    found.effect("users")
    kb.sweep(base, {"seeding.purity": [0.1, 0.5, 0.9]}, replicates=20, rng=7, backend="loky")
    kb.sensitivity(base, method="morris", outcome="loyal", rng=7)
    r.fork(at=180, changes={"channels.weibo.tell": 0.04})
    kb.fork(r, 180, changes={"channels.weibo.tell": 0.04}, ticks=500)
    kb.KoubeiModel(base, rng=7, changes={"seeding.purity": 0.3}, seeding__number=50).step()


def readable(model: Any, day: Any, own: Any) -> None:
    day.row[own.given] += 1


def compiled(s: Any, r: Any, own: Any, t: int, row: Any) -> None:
    row[own.given] += 1


def own_mechanism() -> kb.Scenario:
    gifts = kb.Mechanism(
        "gifts",
        readable,
        compiled,
        parameters={"share": kb.parameter(0.02, "a day", unit="1", neutral=0.0, low=0.0, high=1.0)},
        people={"until": ("int32", -1)},
        columns={"given": "gifts handed out"},
        draws=("gift",),
        when="evening",
    )
    print(kb.check_mechanism(gifts))
    kb.run("tiny", replicates=4, rng=7, mechanisms=[gifts, "one of a package"])
    return kb.Scenario.load("tiny").with_mechanisms(gifts, "another").neutral("gifts")


def figures(r: kb.Result, ax: Axes) -> Axes:
    kb.plots.growth(r, ax=ax, lang="zh").set_title("")
    kb.plots.save_all(r, "figures", format="svg")
    text: str = r.scenario.describe("zh")
    return kb.plots.pyramid(r, ax).twinx() if text else ax


def words_of_ones_own(engine: Engine, lang: Lang) -> str:
    return kb.run("tiny", engine=engine).scenario.describe(lang)
