"""Pages of the documentation that say what the code does: made again, or run."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb

DOCS = Path(__file__).resolve().parents[2] / "docs"


def script(name: str) -> Any:
    """The script that makes a page."""
    found = spec_from_file_location(name, DOCS / f"{name}.py")
    assert found is not None and found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_page_of_columns_is_that_of_the_code() -> None:
    """Catches a column, an outcome or an order that has changed while the page still says the old.

    ``python docs/columns.py`` makes it anew.
    """
    module = script("columns")
    assert "\n".join(module.lines()) + "\n" == module.PAGE.read_text("utf-8")


def test_the_page_of_limits_counts_what_modules_do(capsys) -> None:
    """Catches a row of another scenario or day, a mean for a median, a level that is not kept."""
    limits = script("limits")
    base = kb.Scenario.load("tiny").replace(n_agents=400, ticks=60)
    page = limits.page(base, 3, ["relays", "tiers"])
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines()]
    head, _, *rows = [line for line in table if len(line) > 2]
    assert [row[0] for row in rows[:4]] == [
        "everything on", "`relays`", "`tiers`", "`tiers`, level kept"
    ]  # fmt: skip
    arms = [base, base.neutral("relays"), base.neutral("tiers"),
            base.neutral("tiers", level="kept")]  # fmt: skip
    for cells, scenario in zip(rows, arms):
        data = kb.run(scenario, 3, rng=limits.KEY).data
        found = dict(zip(head, cells))
        assert count(found["users, day 60"]) == np.median(data.users[:, 59])
        assert count(found["complaints"]) == np.median(data.complaints.sum(("tick", "channel")))
        told = data.adoptions_channel.sel(channel="weibo").sum("tick")
        assert count(found["by weibo"]) == np.median(told)
        assert found["took off"] in ("0 of 3", "1 of 3", "2 of 3", "3 of 3")
    off = (
        "`amplification`, `appeal`, `bar_expert`, `belonging`, `bonds`, `by_hand`, "
        "`contests`, `copying`, `crowding_out`, `deeds`, `forgetting`, `goods`, `hunters`, "
        "`likes`, `moderation`, `own_work`, `posts`, `press`, `riddles`, `riding`, "
        "`seeds_stay`, `segments`, `sharing`, `surprises`, `talking_points`, `team`, "
        "`trials`, `unfollowing`, `votes`, `welcome`"
    )
    assert f"Not in force: {off}." in page


def count(cell: str) -> float:
    return float(re.sub("[,~= ]", "", cell))


def test_a_mark_says_how_a_change_stands_to_luck() -> None:
    """Catches a mark on the wrong side, luck that is not paired, and a count of nobody."""
    mark = script("limits").mark
    base = np.array([10.0, 1000.0, 100_000.0, 0.0])
    assert mark(base, base) == "="
    assert mark(base + 1e-9, base) == "~"  # not one person
    assert mark(base * [1.5, 0.7, 1.1, 1.0], base) == "~"
    assert mark(base[:3] * 1.5, base[:3]) == ""  # paired: the replicates differ a thousandfold
    assert mark(base[:3] * [0.5, 0.52, 0.51], base[:3]) == ""


@pytest.fixture
def page_of_own(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the examples of docs/own-mechanisms.md leave behind."""
    text = (DOCS / "own-mechanisms.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {"__name__": "own_mechanisms_page"}
    for block in blocks:
        exec(compile(block, "docs/own-mechanisms.md", "exec"), names)
    return names


def test_the_page_of_own_mechanisms_runs(page_of_own, capsys) -> None:
    """Catches an example that no longer runs, and a report that is not the one on the page."""
    text = (DOCS / "own-mechanisms.md").read_text("utf-8")
    (report,) = re.findall(r"```text\n(mechanism.*?)```", text, re.DOTALL)
    assert repr(kb.check_mechanism(page_of_own["gifts"])) == report.rstrip()
    example = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    assert len(example.splitlines()) < 60
    assert page_of_own["r"].data["gifts_given"].sum() > 0


def test_every_name_of_the_glossary_is_one() -> None:
    """Catches a name on the page that the library has lost, and a word that is said twice."""
    from koubei_sim.metrics import OUTCOMES
    from koubei_sim.model.scenario import parameter_table

    text = (DOCS / "glossary.md").read_text("utf-8")
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[0].strip() != "in the field"]
    assert len(rows) > 40
    data = set(kb.run("tiny", rng=1, ticks=2).data.data_vars)
    known = {row.path for row in parameter_table()} | set(OUTCOMES) | data
    for row in rows:
        for name in re.findall(r"`([^`]+)`", row[1]):
            if name.startswith("kb."):
                thing: object = kb
                for part in name.split(".")[1:]:
                    assert hasattr(thing, part), name
                    thing = getattr(thing, part)
            elif name not in ("rng=", "koubei verify"):
                assert name in known, name
    words = [row[0].strip() for row in rows]
    assert len(set(words)) == len(words)
