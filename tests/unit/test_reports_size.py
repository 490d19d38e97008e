"""Reports keep to their bytes, whatever was found, and say what they leave out and who has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests import reports as kit

import koubei_sim as kb
from koubei_sim.metrics import OUTCOMES
from koubei_sim.reports import html
from koubei_sim.reports.html import MOST_BYTES, text_of
from koubei_sim.reports.page import (
    Column,
    Curves,
    Dot,
    Dots,
    Line,
    Listing,
    Page,
    Section,
    Sentences,
    Table,
)

#: The promise; what is cut aims a little lower.
MOST = 400_000


def table(number: int, rows: int = 400, columns: int = 4) -> Table:
    heads = [Column(f"parameter.{k}", f"parameter.{k}", "number") for k in range(columns)]
    found = [[row + 0.123456789 * k for k in range(columns)] for row in range(rows)]
    return Table(f"t{number}", f"T{number}", heads, found)


def drawing(number: int) -> Dots:
    return Dots(f"d{number}", f"D{number}", [Dot(f"{number}-{k}" * 9, k, k, k + 1, "said")
                                            for k in range(400)])  # fmt: skip


def chart(number: int) -> Curves:
    x = np.arange(3650.0)
    lines = [Line(f"line {k}", np.sqrt(x + k), x, x + 0.5) for k in range(8)]
    return Curves(f"c{number}", f"C{number}", x, lines, "people", "rises")


def page(*blocks: Any, folded: bool = False) -> Page:
    return Page("P", "", "en", [Section("S", blocks, folded=folded)])


def test_a_page_that_fits_is_whole() -> None:
    """Catches tables that are cut without need."""
    text = text_of(page(table(0), drawing(0)))
    assert text.count("<tr>") == 400 + 1 + 60 + 1 and "rows;" not in text


@pytest.mark.parametrize(
    "blocks",
    [
        [table(k) for k in range(12)],
        [table(k, columns=60) for k in range(5)],
        [drawing(k) for k in range(40)],
        [chart(k) for k in range(30)],
        [Listing(f"l{k}", "L", "a line of text\n" * 4000) for k in range(6)],
        [block for k in range(50) for block in (table(k, 20), drawing(k), chart(k))],
    ],
    ids=["tables", "wide", "drawings", "charts", "listings", "many"],
)
def test_whatever_is_on_it_a_page_keeps_to_its_bytes(blocks: list[Any]) -> None:
    """Catches a kind of block that grows without bound."""
    text = text_of(page(Sentences(["found"]), *blocks))
    assert len(text.encode()) < MOST
    assert "`to_excel`" in text or "moments are drawn" in text
    assert len(text.encode()) > 0.3 * MOST, "what fits is shown: steps are no longer than this"


def test_assumptions_give_way_last() -> None:
    """Catches a page that drops assumptions for the 300th point of a sweep."""
    sections = [Section("tables", [table(k) for k in range(6)]),
                Section("assumptions", [table(9, rows=300)], folded=True)]  # fmt: skip
    read = kit.Read(text_of(Page("P", "", "en", sections)))
    assert len(read.tables["t9"]) == 301
    assert 1 < len(read.tables["t0"]) < 400


def test_fewer_blocks_never_make_a_longer_page() -> None:
    """Catches a ladder whose steps are out of order: the first that fits would not be found."""
    for one, next_ in zip(html._LADDER, html._LADDER[1:]):
        assert all(after <= before for before, after in zip(one, next_))
        assert next_ != one


@pytest.fixture(scope="module")
def wide() -> Any:
    """A sweep over 24 parameters with 12 outcomes: no runs, numbers as runs would give them."""
    sc = kit.base()
    paths = [f"channels.{channel}.{name}" for channel in sc.channels
             for name in ("visibility", "persuasion", "tell", "fidelity")]  # fmt: skip
    columns = {path: (0.2 + 0.0001 * np.arange(110)).tolist() for path in paths}
    names = ["take_off", *[name for name in OUTCOMES if name != "take_off"][:11]]
    found = kb.sweep(
        sc.replace(n_agents=60, ticks=2, **{"seeding.number": 2}),
        pd.DataFrame(columns), rng=1, threads=1, outcomes=names,
    )  # fmt: skip
    return found


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_wide_sweep_is_small_and_says_who_has_the_rest(wide: Any, lang: str) -> None:
    """Catches 900 kB, labels of thousands of signs, and points that nobody can find again."""
    text = str(wide.to_html(lang=lang))
    assert len(text.encode()) < MOST
    assert len(text.encode()) <= MOST_BYTES
    assert "`to_excel`" in text
    labels = [cell for row in kit.Read(text).shown["take_off"][1:] for cell in row[:1]]
    assert max(map(len, labels)) < 20
    assert ("point 0" if lang == "en" else "点 0") in text


def test_a_workbook_has_the_remarks_of_the_page(tmp_path: Path) -> None:
    """Catches a sheet that tells users of a point where nothing took off like any others."""
    pytest.importorskip("openpyxl")
    sheets = pd.read_excel(kit.sweep().to_excel(tmp_path / "sweep"), sheet_name=None)
    for name in ("users", "loyal", "cost"):
        dead = sheets[name]["take_off"] == 0.0
        assert (sheets[name]["remark"].fillna("") == np.where(dead, "none took off", "")).all()
        assert dead.any() and not dead.all()
    assert "remark" not in sheets["take_off"]


def test_events_print_whole_columns() -> None:
    """Catches columns that a table of pandas hides in its middle."""
    found = kit.run()
    for events in (found.events, found.events_of(0), found.events_of(0, ticks=(-1, 3)).head(3)):
        text = repr(events)
        assert "..." not in text and max(map(len, text.splitlines())) <= 80
        assert {"agent", "kind", "recruiter", "generation"} <= set(text.split())
        assert "date" in events.columns


def test_a_comparison_reads_what_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches the event log read for a number of the daily table, and one thing read twice."""
    from koubei_sim.metrics import outcomes, overview

    both = {"a": kit.base(), "b": kit.base().replace(**{"seeding.number": 9})}
    found = kb.compare(both, 3, 5, threads=1)
    read: list[str] = []
    for name in ("_of_log", "_of_table"):
        real = getattr(overview, name)
        monkeypatch.setattr(
            overview, name, lambda *of, name=name, real=real: read.append(name) or real(*of)
        )
    found.effect("users"), found.effect("loyal"), found.effect("take_off")
    assert read == ["_of_table"] * 6  # three replicates of two scenarios
    found.effect("trees"), found.effect("virality")
    assert read[6:] == ["_of_log"] * 6
    for name, run in found.runs.items():
        for outcome, values in outcomes(run).items():
            assert np.array_equal(found.values(outcome, name), values, equal_nan=True), outcome
