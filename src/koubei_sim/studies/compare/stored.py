"""A comparison out of the journal that `compare` wrote with ``out=``.

Called by people and by ``koubei report``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from koubei_sim.checks import path as path_of
from koubei_sim.checks import word
from koubei_sim.errors import KoubeiError
from koubei_sim.storage import whole_file
from koubei_sim.studies.compare.comparison import Comparison, Made
from koubei_sim.studies.design.plan import Sweep
from koubei_sim.studies.sweep import journal

#: What a comparison writes beside its journal.
BASELINE: Final = "baseline.json"


def keep_baseline(folder: Path, name: str) -> None:
    """Write with what the others are compared, so that who opens the folder does the same."""
    with whole_file(folder / BASELINE) as file:
        file.write((json.dumps({"baseline": name}, ensure_ascii=False) + "\n").encode())


def _baseline(folder: Path, names: list[str]) -> str:
    """Return what `keep_baseline` wrote; the first in folders of versions that wrote nothing."""
    place = folder / BASELINE
    if not place.is_file():
        return names[0]
    try:
        found = json.loads(place.read_text(encoding="utf-8"))["baseline"]
    except (OSError, ValueError, LookupError, TypeError):
        found = None
    if found not in names:
        raise KoubeiError(str(place), "damaged", got=repr(found), allowed=", ".join(names))
    return str(found)


def is_comparison(folder: Path) -> bool:
    """Return whether a folder is the journal of a comparison: whole scenarios, and histories."""
    if not journal.is_journal(folder):
        return False
    plan = journal.read_plan(folder)
    return bool(plan.get("variants")) and plan.get("keep") == "histories"


def open_comparison(folder: str | Path, baseline: str | None = None) -> Comparison:
    """Read a comparison whose runs are in a folder; nothing is run.

    Parameters
    ----------
    folder : path
        The one given to `compare` as ``out``.
    baseline : str, optional
        What the others are compared with; without it that of the call that made the folder.

    Returns
    -------
    Comparison
        Of the replicates that every scenario has; those of a comparison that was stopped early are
        fewer than were asked for.

    Raises
    ------
    KoubeiError
        When the folder holds something else, or no replicate that all scenarios have.

    Examples
    --------
    >>> import tempfile
    >>> from koubei_sim.studies.compare.compare import compare
    >>> from koubei_sim.model.scenario import Scenario
    >>> base = Scenario.load("tiny").replace(n_agents=300, ticks=9)
    >>> both = {"as it is": base, "fewer": base.replace(**{"seeding.number": 5})}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = compare(both, 3, 1, out=folder)
    ...     again = open_comparison(folder)
    >>> again.names, again.table().equals(first.table())
    (('as it is', 'fewer'), True)
    """
    place = path_of("folder", folder)
    if not is_comparison(place):
        raise KoubeiError(str(place), "not the folder of a comparison", fix="compare(..., out=...)")
    plan = Sweep.from_plan(journal.read_plan(place), str(place))
    names = [str(name) for name in plan.points.columns["variant"]]
    base = _baseline(place, names) if baseline is None else word("baseline", baseline, names)
    done = {
        run
        for _, table in journal.batches_of(place, ["run", "failed"])
        for run, failed in zip(table["run"].to_pylist(), table["failed"].to_pylist())
        if failed is None
    }
    number = plan.replicates
    kept = [
        r for r in range(number) if all(point * number + r in done for point in range(len(names)))
    ]
    if not kept:
        got = f"{len(done)} runs"
        raise KoubeiError(str(place), "no replicate that all scenarios have", got=got)
    runs: dict[str, Any] = {}
    for point, name in enumerate(names):
        histories = [journal.read_history(place, point * number + r) for r in kept]
        runs[name] = Made(plan.scenario_at(point), plan.key, histories, plan.supplied)
    return Comparison(runs, base)
