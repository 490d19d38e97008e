"""Write docs/columns.md: what every table that a user gets is made of, in the order it has.

``python docs/columns.py`` makes the page; a test makes it again and compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import koubei_sim as kb
from koubei_sim.metrics import OUTCOMES

PAGE = Path(__file__).with_suffix(".md")
EVENTS = {
    "replicate": "number of the replicate, from 0",
    "tick": "day, from 0",
    "date": "calendar date, where the scenario has a start date",
    "agent": "person: label where there are labels, else number",
    "kind": "what happened: adopt, lapse, reject, rival, give_up",
    "recruiter": "adoptions: who won the person; -1 for seeds, -2 for own media, -3 for who got a "
    "good",
    "channel": "adoptions: where; seed, media, goods, or a channel",
    "product": "which product",
    "generation": "adoptions: steps from a seed or an advertisement, which are 0",
}


def lines() -> list[str]:
    """Return the page, line by line."""
    small = kb.Scenario.load("tiny").replace(n_agents=200, ticks=8)
    result = kb.run(small, replicates=2, rng=1)
    off = small.neutral("relays")
    swept = kb.sweep(small, {"seeding.purity": [0.2, 0.8]}, replicates=2, rng=1)
    compared = kb.compare({"as it is": small, "off": off}, replicates=2, rng=1)
    graph = kb.networks.small_world(60, 6, key=1)
    cascade = kb.cascade(graph, kb.IndependentCascade(0.2), [0], replicates=2, rng=1)
    out = [
        "# Columns and outcomes",
        "",
        "After this page you can name every column of every table and every outcome.",
        "",
        "What every table has in it, in which order. Made by `python docs/columns.py`, and held",
        "against the code by a test.",
        "",
        "## Daily tables: `result.data`",
        "",
        "An xarray Dataset; every variable has `replicate` and `tick` first.",
        "",
        "| variable | further dimensions | unit | meaning |",
        "|---|---|---|---|",
    ]
    for name, values in result.data.data_vars.items():
        along = ", ".join(str(dim) for dim in values.dims[2:])
        out.append(
            f"| `{name}` | {along} | {values.attrs['units']} | {values.attrs['long_name']} |"
        )
    out += ["", "## Event log: `result.events`", "", "| column | meaning |", "|---|---|"]
    out += [f"| `{name}` | {EVENTS[name]} |" for name in result.events.columns]
    out += [
        "", "## Outcomes", "",
        "One number a replicate: `metrics.outcomes(result)`, a row of `result.summary()`, and what",
        "a study takes by name. [studies.md](studies.md) says how others are written as text.",
        "", "| outcome | meaning |", "|---|---|",
    ]  # fmt: skip
    out += [f"| `{name}` | {meaning} |" for name, meaning in OUTCOMES.items()]
    out += ["", "## Other tables", "", "| table | columns, in order |", "|---|---|"]
    tables: dict[str, Any] = {
        "result.summary()": result.summary(),
        "sweep.table()": swept.table(),
        'sweep.summary("users")': swept.summary("users"),
        "compare(...).table()": compared.table(),
        "knock_out(...).table()": kb.knock_out(small, ["relays"], replicates=2, rng=1).table(),
        "shapley(...).table()": kb.shapley(
            small, ["relays", "events"], replicates=2, rng=1
        ).table(),
        "cascade(...).to_pandas()": cascade.to_pandas(),
    }
    for name, table in tables.items():
        index = [str(one) for one in table.index.names if one]
        out.append(f"| `{name}` | {', '.join(_short([*index, *map(str, table.columns)]))} |")
    return out


def _short(names: list[str]) -> list[str]:
    """Say the outcomes in one word where they all stand in their order."""
    wanted = list(OUTCOMES)
    if wanted[0] in names:
        at = names.index(wanted[0])
        if names[at : at + len(wanted)] == wanted:
            names = [*names[:at], "(the outcomes)", *names[at + len(wanted) :]]
    return [name if name.startswith("(") else f"`{name}`" for name in names]


if __name__ == "__main__":
    PAGE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
