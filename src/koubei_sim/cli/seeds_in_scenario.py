"""``koubei seeds SCENARIO``: whom to start with in the fan pyramid, by runs of the model.

Nothing can be proven there; what is said is what the seeds found gain over the start in fresh
worlds.  Called by `cli.seeds`, which has the options.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koubei_sim.cli import screen
from koubei_sim.cli.options import FINE, changes_of, scenario_from
from koubei_sim.errors import KoubeiError
from koubei_sim.storage import is_result

if TYPE_CHECKING:
    import pandas as pd

    from koubei_sim.seeding import Improved

RUNS = 500
MOST_ROWS = 20


def is_scenario(word: str) -> bool:
    """Whether a word names a preset, a scenario file or a saved result, not a graph.

    Examples
    --------
    >>> is_scenario("tiny"), is_scenario("mine.toml"), is_scenario("friends.csv")
    (True, True, False)
    """
    from koubei_sim.model.scenario.files import is_preset

    return is_preset(word) or word.endswith(".toml") or is_result(word)


def seeds_in_scenario(
    given: str,
    only: dict[str, Any],
    asked: dict[str, Any],
    write: Callable[[pd.DataFrame], list[Path]],
    as_json: bool,
) -> int:
    """Search, write and tell.

    Parameters
    ----------
    given : str
    only : dict
        Options that a graph alone takes, by name: none may be given.
    asked : dict
        ``settings``, and arguments of `kb.seeding.improve`.
    write : callable
        Writes the table of seeds where that is asked for; returns the files.
    as_json : bool
    """
    from koubei_sim.seeding import improve

    for option, value in only.items():
        if value:
            raise KoubeiError(option, "only of a graph, but this is a scenario", got=given)
    changes = changes_of(asked.pop("settings"))
    scenario, _ = scenario_from(given, changes, asked["agents"] is not None)
    asked["runs"] = RUNS if asked["runs"] is None else asked["runs"]
    asked["outcome"] = "users" if asked["outcome"] is None else asked["outcome"]
    try:
        found = improve(scenario, progress=screen.loud(as_json), **asked)
    except KoubeiError as error:
        raise (error.within("--") if error.where in ("k", "runs") else error) from None
    rows = rows_of(found)
    written = write(rows)
    if as_json:
        screen.write_json(content(found, rows, scenario.name, asked["outcome"], written))
    else:
        print(report(found, rows, scenario.name, asked["outcome"], written))
    return FINE


def rows_of(found: Improved) -> pd.DataFrame:
    """Return a row for each seed: label, and whether it was there at the start."""
    import pandas as pd

    at_start = set(found.start.tolist())
    labels = found.seeds.tolist()
    rows = {"label": labels, "at_start": [label in at_start for label in labels]}
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(labels) + 1, name="rank"))


def content(
    found: Improved, rows: pd.DataFrame, name: str, outcome: str, written: list[Path]
) -> dict[str, Any]:
    """Return the result as plain data, for JSON."""
    return {
        "scenario": name,
        "outcome": outcome,
        "key": found.key,
        "seeds": rows.reset_index().to_dict(orient="records"),
        "value": found.value._asdict(),
        "gain": found.gain._asdict(),
        "better": found.better,
        "worse": found.worse,
        "worlds": found.worlds,
        "correlation": found.correlation._asdict(),
        "first": found.first,
        "runs": found.runs,
        "written": [str(path) for path in written],
    }


def report(
    found: Improved, rows: pd.DataFrame, name: str, outcome: str, written: list[Path]
) -> str:
    """Return seeds, the first look, and what was gained, at most 80 columns wide."""
    head = f"{name}: {outcome} by {len(rows)} seeds, {found.runs} runs, key {found.key}"
    shown = rows.head(MOST_ROWS)
    cells = [
        [str(number), screen.cut(str(row.label), 60), "yes" if row.at_start else "no"]
        for number, row in zip(shown.index, shown.itertuples(index=False))
    ]
    lines = [screen.cut(head, 79), "", screen.table(["", "label", "at start"], cells, left=2)]
    if len(rows) > MOST_ROWS:
        lines += ["", f"{len(rows) - MOST_ROWS:,} more (--out seeds.csv has all)"]
    first = found.table()["outcome"]
    look = [[str(way), screen.brief(value)] for way, value in first.items()]
    lines += ["", screen.table(["first look", outcome], look, left=1), ""]
    lines += [f"written to {path}" for path in written]
    return "\n".join([*lines, textwrap.fill(repr(found), 79)])
