"""The quick start of the README does what it says, as it is written."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import koubei_sim as kb

README = Path(__file__).resolve().parents[2] / "README.md"


def blocks() -> list[str]:
    """The Python blocks of the section, in order."""
    section = README.read_text("utf-8").split("## Python quick start")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)


def test_the_first_block_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches an example that fails, says nothing, or needs a market that takes minutes."""
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(blocks()[0], "README.md", "exec"), names)
    plt.close("all")
    assert names["r"].replicates == names["mixed"].replicates > 1
    assert names["r"].key == names["mixed"].key
    assert names["mixed"].scenario.seeding.purity == 0.3
    people = names["sc"].n_agents * names["sc"].ticks * names["r"].replicates
    assert people < 10_000_000, "an example that answers in seconds"
    printed = capsys.readouterr().out
    assert "users at the end" in printed and "Network(10000 people" in printed


def test_the_other_blocks_name_what_there_is() -> None:
    """Catches a call in the README whose name is gone."""
    for block in blocks():
        for node in ast.walk(ast.parse(block)):
            named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if named and node.value.id == "kb":
                assert hasattr(kb, node.attr), node.attr
