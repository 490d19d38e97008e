"""The models of study files: schemas that say what is read, and refusals in one line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from koubei_sim.cli import main
from koubei_sim.errors import KoubeiError
from koubei_sim.studies.calibration import CalibrationFile
from koubei_sim.studies.claims import ClaimFile
from koubei_sim.studies.design.study_file import StudyFile
from koubei_sim.studies.sweep.sweep import SweepFile

ROOT = Path(__file__).resolve().parents[2]
WORDS = dict.fromkeys(("id", "title", "statement", "source"), "x")
KINDS = {"sweep": SweepFile, "calibration": CalibrationFile, "claim": ClaimFile}


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_has_every_word_with_its_meaning(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a word that a file may hold and an editor would underline, or one without a text."""
    assert main(["schema", kind]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["properties"]) == set(KINDS[kind].model_fields)
    assert schema["additionalProperties"] is False
    parts = [schema, *schema["$defs"].values()]
    assert all(word["description"] for part in parts for word in part["properties"].values())


def test_an_unknown_kind_of_schema_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a traceback for ``koubei schema sweeps``."""
    assert main(["schema", "sweeps"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("try sweep")


@pytest.mark.parametrize("path", sorted(ROOT.glob("experiments/*/claim.toml")), ids=str)
def test_shipped_claims_are_what_the_schema_describes(path: Path) -> None:
    """Catches a model that reads less than the claims say, or gives a word another value."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    found = ClaimFile.of(content, path.name)
    assert found.model_fields_set == set(content)
    for name in ("id", "title", "statement", "source"):
        assert getattr(found, name) == content[name]


@pytest.mark.parametrize(
    ("model", "content", "said"),
    [
        (SweepFile, {"scenario": "tiny", "grid": 3}, "f.toml: grid: must be a table, got 3"),
        (SweepFile, {"scenario": "tiny", "networks": 3, "grid": {}}, "networks: must be a table"),
        (SweepFile, {"scenario": "tiny", "grid": {}, "rng": -1}, "rng: out of range, got -1"),
        (SweepFile, {"scenario": "tiny", "grid": {}, "workers": 0}, "workers: out of range"),
        (SweepFile, {"scenario": "tiny", "latin": {"pionts": 3}}, "latin.pionts.*try points"),
        (
            SweepFile,
            {"scenario": "tiny", "set": {"a": {"b": 1}, "a.b": 2}, "grid": {}},
            "set.a.b: stands there twice",
        ),
        (CalibrationFile, {"scenario": "tiny"}, "f.toml: needs the free parameters"),
        (
            CalibrationFile,
            {"scenario": "tiny", "parameters": ["a"], "ranges": {}},
            "f.toml: needs the free parameters",
        ),
        (CalibrationFile, {"scenario": "tiny", "parameters": ["a"]}, "f.toml: no targets"),
        (
            CalibrationFile,
            {"scenario": "tiny", "parameters": ["a"], "baseline_start": {"date": 1}},
            "baseline_start.count: missing",
        ),
        (
            CalibrationFile,
            {"scenario": "tiny", "targets": 3},
            "targets: should be a valid list, got 3",
        ),
        (CalibrationFile, {"scenario": "tiny", "adjust": "no"}, "adjust: must be true or false"),
        (ClaimFile, {**WORDS, "decision": {"supported": 0.2}}, "decision.supported: out of range"),
        (
            ClaimFile,
            {**WORDS, "decision": {"supported": 0.5, "rejected": 0.5}},
            "decision.rejected: not below",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(
    model: type[StudyFile], content: dict, said: str
) -> None:
    """Catches a wrong value that is let through, a listing of pydantic, or a place left out."""
    with pytest.raises(KoubeiError, match=said) as caught:
        model.of(content, "f.toml")
    assert "\n" not in str(caught.value) and str(caught.value).startswith("f.toml: ")
