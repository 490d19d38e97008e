"""Break-even map of scarcity: how loud the waiting must be for a scarce first year to pay.

For what they say (from five eighths good to all good) and how soon they give up,
`studies.break_even` finds how often those who wait must tell, against a casual user, before
scarce places with invites give more users after two years than open doors.  Writes
break_even.png and break_even.csv beside it:

    python experiments/E6/map.py          (under a minute on two free cores)
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import measure
from koubei_sim.studies import break_even

HERE = Path(__file__).resolve().parent
KEY = 20100816
REPLICATES = 8
LOUDEST = 48.0  # times a casual user; nobody is thought to tell more often than once an hour
VALENCES = (0.25, 0.5, 0.75, 1.0)  # what the waiting say, 1: all of it good
GIVE_UPS = (0.001, 0.003, 0.01, 0.03)  # a day
#: The market of claim.toml at a smaller size: the same shares of places, the hundred seeds.
MARKET = kb.Scenario.load(HERE.parent / "market.toml").replace(
    **{
        "n_agents": 6_000,
        "market.open_to_all": 0,
        "market.admission": 1.0,
        "supply.enabled": False,
        "supply.every": 7,
        "supply.start": 4,
        "supply.units": 9.0,
        "supply.rounds": [{"day": 365, "units": 1e7}],
        "supply.give_up_to_rival": 0.2,
        "telling.waiting": 1.0,
    }
)
SCARCE = {"supply.enabled": True, "supply.invites": (0, 1, 3, 5)}


def effect(market: kb.Scenario) -> float:
    """Return how many more users a scarce first year gives."""
    scenarios = (market.replace(**SCARCE), market)
    runs = [kb.run(s, replicates=REPLICATES, rng=KEY, threads=2) for s in scenarios]
    with_it, without = (measure(run, "users") for run in runs)
    return float((with_it - without).mean())


def cell(valence: float, give_up: float) -> dict[str, object]:
    """Return the break-even of one pair of assumptions."""
    changes = {"telling.scarcity_valence": valence, "supply.give_up": give_up}
    market = MARKET.replace(**changes)
    row: dict[str, object] = {"valence": valence, "give_up": give_up}
    at_loudest = effect(market.replace(**{"telling.waiting": LOUDEST}))
    row["users_at_loudest"] = round(at_loudest, 1)
    if at_loudest <= 0.0:
        return {**row, "pays_from": "never"}
    try:
        found = break_even(
            market, SCARCE, "telling.waiting", 0.25, LOUDEST, "users", REPLICATES, KEY, 2.0, 2
        )
    except KoubeiError:
        return {**row, "pays_from": "always"}
    return {
        **row,
        "pays_from": round(found.value, 1),
        "low": round(found.low, 1),
        "high": round(found.high, 1),
    }


def main() -> None:
    """Compute the map, write the table, draw the figure."""
    table = pd.DataFrame([cell(v, g) for g in GIVE_UPS for v in VALENCES])
    table.to_csv(HERE / "break_even.csv", index=False)
    grid = table.pivot(index="give_up", columns="valence", values="pays_from")
    shown = grid.replace({"never": LOUDEST, "always": 0.0}).astype(float)
    figure, axes = plt.subplots(figsize=(5.6, 4.0), layout="constrained")
    image = axes.imshow(shown, cmap="cividis_r", vmin=0.0, vmax=LOUDEST, origin="lower")
    for y, give_up in enumerate(grid.index):
        for x, valence in enumerate(grid.columns):
            value = grid.loc[give_up, valence]
            text = value if isinstance(value, str) else f"{value:.0f} x"
            dark = shown.loc[give_up, valence] > 0.5 * LOUDEST
            axes.text(x, y, text, ha="center", va="center", color="white" if dark else "black")
    axes.set_xticks(range(len(grid.columns)), [f"{v:g}" for v in grid.columns])
    axes.set_yticks(range(len(grid.index)), [f"{100 * g:g} %" for g in grid.index])
    axes.set(
        xlabel="what those who wait say (1: all good)",
        ylabel="give up, each day",
        title="How loud the waiting must be for scarcity to pay",
    )
    figure.colorbar(image, ax=axes, label="tellings of one who waits / of a casual user")
    figure.savefig(HERE / "break_even.png", dpi=110, metadata={"Software": None})
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
