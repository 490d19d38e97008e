"""The script of experiments/repost_shapes: on a log of one's own, and without the data.

All its numbers are made by doors that have tests of their own; here it is run.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from koubei_sim.evidence import shape_distance, trees_of

SCRIPT = Path(__file__).resolve().parents[2] / "experiments" / "repost_shapes" / "run.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("repost_shapes", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "repost_shapes", module)
    spec.loader.exec_module(module)
    return module


def written(path: Path, trees: int = 70) -> Path:
    """A log whose trees differ in how much of them hangs on the root."""
    rng = np.random.default_rng(8)
    rows = []
    for tree in range(trees):
        size, star = int(rng.integers(110, 400)), rng.random()
        parent = [0 if rng.random() < star else int(rng.integers(k)) for k in range(1, size)]
        time = np.sort(rng.exponential(2500.0, size - 1))
        rows.append(
            pd.DataFrame(
                {
                    "cascade": tree,
                    "message": np.arange(1, size),
                    "parent": parent,
                    "when": time,
                }
            )
        )
    pd.concat(rows).to_csv(path, index=False)
    return path


def test_a_log_of_ones_own_goes_through_unchanged(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a protocol that works with one file only, or writes over the page with another."""
    before = {path.name: path.read_bytes() for path in SCRIPT.parent.iterdir() if path.is_file()}
    path = written(tmp_path / "log.csv")
    figure = tmp_path / "figure.png"
    words = ["run.py", str(path), "--times", "when", "--root", "0", "--figure", str(figure)]
    monkeypatch.setattr(sys, "argv", words)
    script.main()
    said = capsys.readouterr().out
    assert said.startswith("70 trees of 100 to 999 messages")
    for name in ("beta", "one R", "the other half", "times + tree", "Hawkes"):
        assert f"| {name} |" in said
    assert figure.stat().st_size > 10_000
    after = {path.name: path.read_bytes() for path in SCRIPT.parent.iterdir() if path.is_file()}
    assert before == after
    table = trees_of(pd.read_csv(path), "when", root=0).trees()
    assert shape_distance(table, table)["mean"] == 0.0


def test_without_the_data_it_says_what_is_missing(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a traceback, or a page that is made of nothing."""
    monkeypatch.setattr("koubei_sim.networks.files.readers._folders", lambda: [tmp_path])
    monkeypatch.setattr(sys, "argv", ["run.py"])
    with pytest.raises(SystemExit, match=r"weibo_repost_trees\.csv\.gz: no such data file"):
        script.main()
