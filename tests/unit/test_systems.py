"""The page of systems: every lever exists, every change can be made, and the count is the table's.

docs/systems.md says which systems of the story the model has; it rots where a parameter is renamed
or a row changes its state and not the last line.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from koubei_sim.cli.compare import parts_of
from koubei_sim.cli.options import changes_of
from koubei_sim.model.scenario import Scenario, parameter_table

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "systems.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in PAGE.splitlines()
    if re.match(r"\| \d+ \|", line)
]
STATES = ("works", "partly", "missing")


def test_the_page_counts_its_rows() -> None:
    """Catches a row lost or twice there, a word of its own for a state, and a count gone stale."""
    assert [int(row[0]) for row in ROWS] == list(range(1, 62))
    found = Counter(row[-1].split(":")[0] for row in ROWS)
    assert set(found) <= set(STATES)
    told = re.search(r"^Works (\d+), partly (\d+), missing (\d+)\.$", PAGE, re.M)
    assert told is not None
    assert [int(n) for n in told.groups()] == [found[state] for state in STATES]


def test_every_lever_is_a_parameter() -> None:
    """Catches a lever that was renamed or has gone, and a row that works without one."""
    known = {row.path for row in parameter_table()} | {"market.rival.*.hazard"}
    for row in ROWS:
        levers = re.findall(r"`([^`]+)`", row[2])
        assert set(levers) <= known, row[0]
        assert levers or row[-1].startswith("missing"), row[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_change_can_be_made(row: list[str]) -> None:
    """Catches a change that the scenario refuses, and one that changes nothing."""
    said = re.findall(r"`([^`]+)`", row[4])
    if not said:
        assert not row[-1].startswith("works"), row[0]
        return
    market = ROOT / "experiments" / "E13" / "market.toml"
    base = Scenario.load(market if row[4].startswith("E13") else "xiaomi")
    changed = base.replace(**changes_of(parts_of(said[0])[1]))
    assert changed.digest() != base.digest()
