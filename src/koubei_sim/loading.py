"""`load`: one call that opens whatever this library has written, and says what it is if it cannot.

Knows of each room only by which file one sees what a folder holds, and which function reads it.
Called by people, as ``koubei_sim.load``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from koubei_sim import checks, storage
from koubei_sim.errors import KoubeiError

if TYPE_CHECKING:
    from koubei_sim.model.scenario.own import Mechanism

#: What ends up in a folder beside its marker; a path to one of these is one to its folder.
_BESIDE: Final = (storage.DATA, storage.EVENTS, storage.PEOPLE, storage.TIMING)
#: Files that say what a folder holds.
SWEEP, CALIBRATION, VERDICT, CLAIM = "sweep.json", "calibration.json", "verdict.json", "claim.toml"
_MARKERS: Final = (storage.RECIPE, SWEEP, CALIBRATION, VERDICT, CLAIM)
#: What only a study file has at its top -> what such a file is.
_STUDIES: Final = {"statement": "claim", "targets": "calibrate", "series": "calibrate"}
_ALLOWED: Final = (
    "a result, cascade, sweep, comparison, verdict of a claim, scenario (.toml or preset)"
)


def load(
    path: str | Path, stream: bool | None = None, mechanisms: Sequence[Mechanism | str] = ()
) -> Any:
    """Open whatever a path holds: a result, a cascade, sweep, comparison, verdict or scenario.

    Parameters
    ----------
    path : str or Path
        A folder that ``save``, ``out=`` or ``--out`` made, a file in it, the folder of a claim, a
        scenario file (TOML), or the name of a preset.
    stream : bool, optional
        For results only.  True leaves the event log on disk, from where the result takes what it
        is asked for; False reads it into memory.  Without it, as the result was made.
    mechanisms : sequence of Mechanism, optional
        Those of the user's own that a result or a scenario has.

    Returns
    -------
    Result, CascadeResult, SweepResult, Comparison, dict (the verdict of a claim), Scenario, or the
    Dataset of a netCDF file (one of ``Result.data`` can be given to `run`)

    Raises
    ------
    KoubeiError
        In one line that says what is there: nothing, something else, or a damaged file; or a log
        that is asked for would not fit into memory.

    Examples
    --------
    >>> import tempfile
    >>> import koubei_sim as kb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = kb.run("tiny", rng=7, ticks=9).save(f"{folder}/run")
    ...     kb.load(saved).replicates
    1
    >>> kb.load("tiny").n_agents
    2000
    """
    stream = None if stream is None else checks.yes_no("stream", stream)
    place = checks.path("path", path)
    if not place.exists():
        return _scenario(place, stream, mechanisms)
    folder = place if place.is_dir() else place.parent
    if place.is_file() and place.suffix == ".nc" and not (folder / storage.RECIPE).is_file():
        _only_results(stream, "tables")
        return storage.read_tables(place)
    if place.is_file() and place.name not in (*_MARKERS, *_BESIDE):
        if place.suffix != ".toml":
            raise KoubeiError(str(place), "not a file that load opens", allowed=_ALLOWED)
        return _of_toml(place, stream, mechanisms)
    found = next((name for name in _MARKERS if (folder / name).is_file()), "")
    if found == storage.RECIPE:
        return _of_recipe(folder, stream, mechanisms)
    _only_results(stream, found or "something else")
    if found == SWEEP:
        from koubei_sim.studies.compare.stored import is_comparison, open_comparison
        from koubei_sim.studies.sweep.result import open_sweep

        if is_comparison(folder):
            return open_comparison(folder)
        return open_sweep(folder)
    if found == CALIBRATION:
        raise KoubeiError(
            str(folder), "holds the runs of a calibration, not its scenario and targets",
            fix="the call that made it, with the same folder: it gives the same without new runs",
        )  # fmt: skip
    if found == VERDICT:
        from koubei_sim.studies.claims import read_verdict

        return read_verdict(folder)
    if found == CLAIM:
        raise KoubeiError(str(folder), "a claim without a verdict", fix=f"koubei claim {folder}")
    raise KoubeiError(str(folder), "nothing that load opens", allowed=_ALLOWED)


def _only_results(stream: object, what: str) -> None:
    if stream is not None:
        raise KoubeiError("stream", "only for results of run", got=what, fix="leave it away")


def _of_recipe(folder: Path, stream: bool | None, mechanisms: Sequence[Mechanism | str]) -> Any:
    """A run or a cascade, as its recipe says."""
    recipe = folder / storage.RECIPE
    try:
        what = json.loads(recipe.read_text(encoding="utf-8")).get("what")
    except (OSError, ValueError, AttributeError):
        what = None  # what is wrong with it is said by who reads it
    if what == "cascade":
        from koubei_sim.cascades.result import read_cascade

        _only_results(stream, "a cascade")
        return read_cascade(folder)
    from koubei_sim.runs.loading import load_result

    return load_result(folder, stream, mechanisms)


def _of_toml(place: Path, stream: bool | None, mechanisms: Sequence[Mechanism | str]) -> Any:
    """A scenario; of the files of studies only what they are."""
    try:
        content = tomllib.loads(place.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        content = {}  # said by who reads scenarios
    command = next((_STUDIES[word] for word in _STUDIES if word in content), None)
    command = command or ("sweep" if "scenario" in content else None)
    if command is not None:
        raise KoubeiError(str(place), "describes a study to run", fix=f"koubei {command} {place}")
    return _scenario(place, stream, mechanisms)


def _scenario(place: Path, stream: bool | None, mechanisms: Sequence[Mechanism | str]) -> Any:
    from koubei_sim.model.scenario import Scenario
    from koubei_sim.model.scenario.files import is_preset
    from koubei_sim.model.scenario.scenario import class_with

    if not place.exists() and not is_preset(str(place)) and place.suffix != ".toml":
        raise KoubeiError(
            str(place), "no such file or folder", allowed=_ALLOWED,
            fix="the folder given to save() or --out",
        )  # fmt: skip
    _only_results(stream, "a scenario")
    return class_with(Scenario, mechanisms).load(str(place))
