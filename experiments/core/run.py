"""How far the preset `core` agrees with `xiaomi` about the headline questions.

``python experiments/core/run.py [--worlds 60]`` (some minutes on two cores) draws worlds in which
the parameters that both presets have are moved so far that about half of them fail, runs both
presets in each with pure and with ordinary seeds on the same key, and writes `worlds.csv` and the
table of the README.
"""

from __future__ import annotations

import argparse
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.metrics import measure
from koubei_sim.studies import LatinHypercube

HERE = Path(__file__).parent
KEY = 20100816
#: A tenth of the market, the same hundred seeds; growth and failure are decided early.
SIZE = {"n_agents": 100_000, "people_per_agent": 5.0}
TAKEN_OFF = 5_000.0  # users: fifty times the seeds
OTHER = 10_000  # added to the number of a world: the same world with other luck
PURITY = (1.0, 0.1)  # of the hundred; a tenth of all people are enthusiasts
BEGIN, END = "<!-- agreement -->", "<!-- /agreement -->"

#: Ranges of what both have, by the name in `xiaomi`; `core` calls its campaign `press`.
RANGES = {
    "channels.forum.persuasion": (0.02, 0.8, "log"),
    "channels.forum.tell": (0.002, 0.016, "log"),
    "channels.forum.interest": (0.02, 1.0, "log"),
    "media.company_account.visibility": (1e-7, 2e-5, "log"),
    "products.miui.quality": (0.3, 0.9),
    "products.miui.difficulty": (0.2, 1.0),
    "products.miui.learn_difficulty": (0.002, 0.1, "log"),
    "participation.online": (0.06, 0.18),
    "service.churn": (0.001, 0.03, "log"),
    "market.admission": (0.05, 1.0, "log"),
}


def in_core(changes: dict[str, float]) -> dict[str, float]:
    """Return the changes under the names of `core`."""
    return {path.replace("company_account", "press"): value for path, value in changes.items()}


def users(preset: str, changes: dict[str, float], replicate: int) -> float:
    """Return users at the end of a world, on the luck of its number."""
    scenario = kb.Scenario.load(preset).replace(**SIZE, **changes)
    return float(measure(kb.run(scenario, rng=KEY + replicate, progress=False, threads=1),
                         "users")[0])  # fmt: skip


def interval(values: np.ndarray) -> str:
    """Return a mean with the 95 % interval of the paired bootstrap, in per cent."""
    draws = np.random.default_rng(KEY).integers(0, values.size, (4000, values.size))
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    return f"{values.mean():.0%} ({low:.0%} .. {high:.0%})"


def main() -> None:
    """Run, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=60)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    base = kb.Scenario.load("xiaomi")
    points = LatinHypercube(RANGES, options.worlds).points(base, KEY)

    def one(world: int) -> dict[str, float]:
        changes = points.at(world)
        row: dict[str, float] = {"world": world, **changes}
        for purity in PURITY:
            arm = {"seeding.purity": purity}
            row[f"xiaomi {purity:g}"] = users("xiaomi", {**changes, **arm}, world)
            row[f"core {purity:g}"] = users("core", {**in_core(changes), **arm}, world)
            row[f"again {purity:g}"] = users("xiaomi", {**changes, **arm}, world + OTHER)
        return row

    with ThreadPoolExecutor(2) as pool:
        table = pd.DataFrame(list(pool.map(one, range(options.worlds))))
    table.to_csv(HERE / "worlds.csv", index=False, lineterminator="\n", float_format="%.6g")
    off = {name: (table[name] >= TAKEN_OFF).to_numpy()
           for name in table if name.startswith(("xiaomi ", "core ", "again "))}  # fmt: skip
    pure, mixed = (f"{purity:g}" for purity in PURITY)
    agree = np.concatenate([off[f"xiaomi {p}"] == off[f"core {p}"] for p in (pure, mixed)])
    again = np.concatenate([off[f"xiaomi {p}"] == off[f"again {p}"] for p in (pure, mixed)])
    effect = {
        preset: off[f"{preset} {pure}"].astype(float) - off[f"{preset} {mixed}"]
        for preset in ("xiaomi", "core")
    }
    lines = [
        "| | `xiaomi` | `core` |",
        "|---|---|---|",
        f"| takes off, pure seeds | {interval(off[f'xiaomi {pure}'] * 1.0)} | "
        f"{interval(off[f'core {pure}'] * 1.0)} |",
        f"| takes off, ordinary seeds | {interval(off[f'xiaomi {mixed}'] * 1.0)} | "
        f"{interval(off[f'core {mixed}'] * 1.0)} |",
        f"| effect of purity on take-off | {interval(effect['xiaomi'])} | "
        f"{interval(effect['core'])} |",
        "",
        f"Both say the same in {interval(agree * 1.0)} of {agree.size} runs "
        f"({options.worlds} worlds, two kinds of seeds); `xiaomi` with other luck says the same as "
        f"`xiaomi` in {interval(again * 1.0)}, so more than that no model can. Difference of the "
        f"two effects, world by world: {interval(effect['core'] - effect['xiaomi'])}.",
    ]
    text = "\n".join(lines)
    page = HERE / "README.md"
    before, rest = page.read_text("utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
