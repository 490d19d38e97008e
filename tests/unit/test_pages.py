"""Pages of the documentation that say what the code does: made again, or run."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import koubei_sim as kb

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_of_columns_is_that_of_the_code() -> None:
    """Catches a column, an outcome or an order that has changed while the page still says the old.

    ``python docs/columns.py`` makes it anew.
    """
    found = spec_from_file_location("columns", DOCS / "columns.py")
    assert found is not None and found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    assert "\n".join(module.lines()) + "\n" == module.PAGE.read_text("utf-8")


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
