"""One call opens whatever a path holds, and says what is there when it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import koubei_sim as kb
from koubei_sim import cascades, studies

FEW = kb.Scenario.load("tiny").replace(n_agents=30, ticks=2, **{"seeding.number": 2})
EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of each that the library writes."""
    folder = tmp_path_factory.mktemp("shelf")
    kb.run(FEW, rng=7, out=folder / "run")
    kb.run(FEW, rng=7, out=folder / "streamed", stream=True)
    kb.cascade(kb.networks.ring(9), kb.IndependentCascade(0.5), [0], 5, 7).save(folder / "cascade")
    kb.sweep(FEW, studies.Grid({"ticks": [1, 2]}), rng=7, out=folder / "sweep")
    FEW.save(folder / "few.toml")
    (folder / "sweep.toml").write_text("scenario = 'tiny'\n[grid]\nticks = [2]\n")
    (folder / "fit.toml").write_text("scenario = 'tiny'\n[[targets]]\nname = 'users'\n")
    (folder / "ties.csv").write_text("0,1\n")
    (folder / "empty").mkdir()
    (folder / "fit").mkdir()
    (folder / "fit" / "calibration.json").write_text("{}")
    (folder / "claim").mkdir()
    (folder / "claim" / "claim.toml").write_text("[market]\n")
    (folder / "broken").mkdir()
    (folder / "broken" / "recipe.json").write_text("{")
    return folder


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("run", kb.Result),
        ("run/data.nc", kb.Result),
        ("streamed", kb.Result),
        ("cascade", kb.CascadeResult),
        ("cascade/recipe.json", kb.CascadeResult),
        ("sweep", studies.SweepResult),
        ("sweep/sweep.json", studies.SweepResult),
        ("few.toml", kb.Scenario),
    ],
)
def test_what_is_there_is_opened(shelf: Path, name: str, kind: type) -> None:
    """Catches a folder that is taken for another kind, or that its own files do not lead to."""
    assert isinstance(kb.load(shelf / name), kind)
    assert isinstance(kb.load(str(shelf / name)), kind)


def test_it_is_the_same_as_was_saved(shelf: Path) -> None:
    """Catches a loader that gives something, but not what was written."""
    run = kb.run(FEW, rng=7)
    assert kb.load(shelf / "run").digest() == run.digest() == kb.load(shelf / "streamed").digest()
    assert kb.load(shelf / "run", stream=True).stored is not None
    assert kb.load(shelf / "streamed", stream=False).stored is None
    assert kb.load(shelf / "few.toml") == FEW
    assert len(kb.load(shelf / "sweep").table()) == 2
    assert kb.load("tiny") == kb.Scenario.load("tiny")
    verdict = json.loads((EXPERIMENTS / "E1" / "verdict.json").read_text("utf-8"))
    assert kb.load(EXPERIMENTS / "E1") == kb.load(EXPERIMENTS / "E1" / "claim.toml") == verdict


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("nothing", {}, "nothing: no such file or folder"),
        ("empty", {}, "empty: nothing that load opens, allowed a result, cascade, sweep"),
        ("ties.csv", {}, "ties.csv: not a file that load opens"),
        ("sweep.toml", {}, r"sweep.toml: describes a study to run, try koubei sweep .*sweep.toml"),
        ("fit.toml", {}, r"fit.toml: describes a study to run, try koubei calibrate .*fit.toml"),
        ("fit", {}, "fit: holds the runs of a calibration"),
        ("claim", {}, "claim: a claim without a verdict, try koubei claim "),
        ("broken", {}, r"recipe.json: cannot be read"),
        ("cascade", {"stream": True}, "stream: only for results of run, got a cascade"),
        ("sweep", {"stream": False}, "stream: only for results of run, got sweep.json"),
        ("few.toml", {"stream": True}, "stream: only for results of run, got a scenario"),
    ],
)
def test_what_cannot_be_opened_is_named(
    shelf: Path, name: str, options: dict[str, Any], said: str
) -> None:
    """Catches a refusal that does not say what the path holds, or a traceback instead of one."""
    with pytest.raises(kb.KoubeiError, match=said) as caught:
        kb.load(shelf / name, **options)
    assert "\n" not in str(caught.value)


def test_the_old_loaders_still_open_and_name_the_new_one(shelf: Path) -> None:
    """Catches a loader of the last release that is gone, or that nobody is told of."""
    for room, name in ((cascades, "load_cascade"), (studies, "open_sweep")):
        with pytest.warns(DeprecationWarning, match=f"{name} is called koubei_sim.load now"):
            assert getattr(room, name) is kb.load
        assert name not in room.__all__


def test_no_scenario_has_a_word_by_which_studies_are_known() -> None:
    """Catches a new table of scenarios that would make each of them look like a study to run."""
    from koubei_sim import loading

    assert not {*loading._STUDIES, "scenario"} & set(kb.Scenario.model_fields)
