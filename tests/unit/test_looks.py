"""How results show themselves: tables in 80 columns, escaped HTML, a look of every class."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pickle
import typing
from collections import deque
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import koubei_sim as kb
from koubei_sim.looks import Look, html_look
from koubei_sim.looks.frames import Table, html_of, text_of
from koubei_sim.looks.text import WIDTH, columns, wrapped

WILD = "<script>alert('x')</script>"


@pytest.mark.parametrize("rows", [1, 60, 61, 500])
def test_tables_print_whole_in_80_columns(rows: int) -> None:
    """Catches columns behind dots, powers of ten, lines too long, and rows that go unsaid."""
    numbers = np.geomspace(1e-3, 1.08e5, rows * 12).reshape(rows, 12)
    names = [f"a_long_name_{k}" for k in range(12)]
    frame = Table(numbers, columns=names)
    frame["meaning"] = "a sentence that is longer than the line on which it has to stand " * 2
    text = text_of(frame)
    assert all(columns(line) <= WIDTH for line in text.splitlines())
    assert all(name in text for name in names)
    assert "..." not in text and "e+0" not in text
    assert (f"{rows:,} rows" in text) == (rows > 60)
    assert text.count("108,000") >= 1  # the last number, in the last row


def test_intervals_stand_in_one_column_under_their_name() -> None:
    """Catches ends beside the wrong estimate, and an interval whose owner is not said."""
    frame = Table({"users": [9.0], "users_low": [5.0], "users_high": [1234.0], "n": [3],
                   "prior_low": [0.1], "prior_high": [0.2]})  # fmt: skip
    head, row = text_of(frame).splitlines()
    assert head.split("  ")[-4:] and "users  low .. high  n  prior low .. high" in head
    assert "5 .. 1,234" in row and row.rstrip().endswith("0.1 .. 0.2")
    alone = text_of(Table({"low": [1.0]}))  # no other end: a column like any other
    assert "low .. high" not in alone and "low" in alone


def test_a_table_stays_a_data_frame() -> None:
    """Catches a look that is lost on a copy, or numbers that the look has changed."""
    frame = Table({"a": [1.5, 2.5], "b": ["x", "y"]}, index=pd.Index(["u", "v"], name="who"))
    frame = frame.told(["a"], "a note")
    assert isinstance(frame, pd.DataFrame)
    for same in (frame.copy(), frame.iloc[:1], frame.sort_values("a"), pickle.loads(
        pickle.dumps(frame)
    )):  # fmt: skip
        assert "more columns: b" in repr(same) and "a note" in repr(same)
    plain = pd.DataFrame(frame)
    assert not isinstance(plain, Table)
    pd.testing.assert_frame_equal(frame, Table(plain))
    assert frame.to_string() == plain.to_string()
    assert repr(Table({"a": [np.nan, np.inf]})).split()[-3:] == ["-", "1", "inf"]


def test_html_is_escaped_and_leaves_no_column_out() -> None:
    """Catches markup in a name that reaches the browser."""
    frame = Table({WILD: [WILD], "n": [1]}, index=pd.Index([WILD], name=WILD)).told(["n"])
    made = html_of(frame, 20) + html_look(WILD, [WILD, WILD], "", [WILD])
    assert "<script" not in made and made.count("&lt;script&gt;") == 8
    numbered = Table({"a": [1.5], 5: [2.5], ("b", 1): [3.5]}).told(["a"])  # names that are no texts
    assert all(f">{each}<" in numbered._repr_html_() for each in ("1.5", "5", "2.5", "b, 1", "3.5"))
    many = html_of(Table({"n": range(100)}), 20)
    assert "100 rows, 25 shown" in many and many.count("<tr>") == 26


def test_long_lines_are_broken() -> None:
    """Catches a line that a terminal would break itself, and indents that are lost."""
    text = wrapped("head\n  note: " + "word " * 40 + "\n\n" + "x" * 200)
    assert all(columns(line) <= WIDTH for line in text.splitlines())
    assert text.splitlines()[1].startswith("  note: word")
    assert text.splitlines()[2].startswith("      word")
    assert text.replace("\n", "").replace(" ", "").count("x") == 200


def results_of_doors() -> set[type]:
    """All classes of ours that doors return, and what their methods and properties return."""
    todo: deque[type] = deque()
    for room in ("", ".cascades", ".studies", ".evidence", ".seeding"):
        face = importlib.import_module(f"koubei_sim{room}")
        for name in face.__all__:
            door = getattr(face, name)
            if isinstance(door, FunctionType):
                todo.extend(_returned(door))
    found: set[type] = set()
    while todo:
        kind = todo.popleft()
        if kind in found:
            continue
        found.add(kind)
        for name, entry in vars(kind).items():
            entry = getattr(entry, "fget", None) or getattr(entry, "func", None) or entry
            if isinstance(entry, FunctionType) and not name.startswith("_"):
                todo.extend(_returned(entry))
    return found


def _returned(function: FunctionType) -> Iterator[type]:
    known = {"pd": pd, "xr": xr, **function.__globals__}
    try:
        hint = typing.get_type_hints(function, known).get("return")
    except (NameError, TypeError):  # a name for type checkers only, of another library
        return
    yield from _ours(hint)


def _ours(hint: Any) -> Iterator[type]:
    for part in typing.get_args(hint):
        yield from _ours(part)
    if inspect.isclass(hint) and hint.__module__.startswith("koubei_sim"):
        yield hint


#: Arguments and inner parts: what a person gave, or what only our own code is handed.
NOT_READ = {"Prepared", "Block", "Node"}


def test_every_result_has_a_look() -> None:
    """Catches a result class that prints as ``<object at 0x7f..>`` or as all of its arrays."""
    found = results_of_doors()
    assert {"Comparison", "Predictive", "Plan", "Hazard", "Seeds", "Worlds"} <= {
        kind.__name__ for kind in found
    }
    bare = []
    for kind in found:
        if issubclass(kind, tuple) or kind.__name__ in NOT_READ:
            continue  # a few numbers by name, or arrays that numpy shortens
        made = inspect.unwrap(kind.__repr__)
        by_hand = "koubei_sim" in getattr(getattr(made, "__code__", None), "co_filename", "")
        fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
        if not by_hand and (not fields or any(_large(str(field.type)) for field in fields)):
            bare.append(kind.__name__)
    assert not bare


def _large(annotation: str) -> bool:
    return any(word in annotation for word in ("Array", "Frame", "History", "Scenario", "Seeds"))


def test_results_with_a_table_have_html() -> None:
    """Catches a result with a table of which a notebook shows the text only."""
    without = [
        kind.__name__
        for kind in results_of_doors()
        if "table" in dir(kind) and not issubclass(kind, Look) and not issubclass(kind, tuple)
    ]
    assert not without


def test_the_first_line_goes_into_the_notebook_whole() -> None:
    """Catches what stands behind a line break of a long first line, and a table that is missing."""

    class Made(Look):
        notes = ("mind " + WILD,)

        def table(self) -> pd.DataFrame:
            return Table({"n": [7]})

        def __repr__(self) -> str:
            return wrapped(f"<Made {'word ' * 30}end>\n  a row 1")

    shown = Made()._repr_html_()
    assert "<b>Made</b> word" in shown and "word end<table>" in shown
    assert "a row 1" not in shown and "<td style='text-align:right'>7</td>" in shown
    assert "&lt;script" in shown and "<script" not in shown


def test_looks_of_networks_and_results_come_from_one_place() -> None:
    """Catches markup of its own in a class: then its names are not escaped."""
    net = kb.Network.from_edges([0], [1], name=WILD)
    assert "<script" not in net._repr_html_() and "&lt;script" in net._repr_html_()
