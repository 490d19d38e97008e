"""What the mechanisms declare fits together, the schedule is one, and a mechanism stays at home."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import string
from functools import cache
from pathlib import Path

import pytest

from koubei_sim.core import codes
from koubei_sim.model import mechanisms
from koubei_sim.model.kernels import schedule
from koubei_sim.model.mechanisms import MECHANISMS, Mechanism, Rules, State
from koubei_sim.model.mechanisms.declaration import Made
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.model.world.build import build_world

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "koubei_sim"
FOLDER = SOURCE / "model" / "mechanisms"

#: Files that a mechanism may touch: its declaration, its rules, and where these hook in.
MOST = 6
#: The ground on which the others stand: who there is, where they meet, what they use, tell, hear.
#: These numbers may only fall, but for a new mechanism that reads them (fatigue, dilution, the
#: backlog, expectations, registration, accounts, tribes, copies, moderators, surprises, staff,
#: bonds, contests, deeds, hunters, sharing and trials since).
KNOWN = {
    "population": 81, "channels": 36, "release": 20, "fit": 14, "online": 13, "participate": 14,
    "engagement": 24, "tell": 44, "hear": 25, "decide": 24, "observe": 24, "media": 7, "serve": 9,
    "seeding": 7, "dilution": 7, "goods": 8,
}  # fmt: skip
#: Where every mechanism's numbers are made a second time, on purpose: not counted.
SECOND = {
    "model/reference/tables.py", "model/reference/people.py", "model/reference/tables_content.py",
}  # fmt: skip


def file_of(mechanism: Mechanism) -> str:
    """Return the name of the file in which a mechanism is declared."""
    for path in FOLDER.glob("*.py"):
        if path.stem != "__init__":
            module = importlib.import_module(f"{mechanisms.__name__}.{path.stem}")
            if any(value is mechanism for value in vars(module).values()):
                return path.stem
    raise AssertionError(mechanism.name)


# ---------------------------------------------------------------- declarations fit together


def test_columns_fill_the_table_without_gap_or_overlap() -> None:
    """Catches a column at a wrong place, or one that a mechanism forgets to list."""
    at = 0
    for column in mechanisms.COLUMNS:
        assert column == at, column.name
        at += column.width
    assert at == mechanisms.TABLE_WIDTH == 339
    stocks = [column for column in mechanisms.COLUMNS if column < mechanisms.STOCKS]
    assert stocks[-1].name == "stock"


def test_no_two_draws_have_one_purpose() -> None:
    """Catches a new draw under the number of an old one: the two would be the same draw."""
    ours = [int(purpose) for purpose in mechanisms.PURPOSES]
    others = [value for name, value in vars(codes).items() if name.startswith("DRAW_")]
    assert len({*ours, *others}) == len(ours) + len(others)
    assert all(1 <= purpose < 60 or 100 <= purpose < 160 for purpose in ours)


def test_no_two_prices_have_one_place() -> None:
    """Catches a purpose of spending at the place of another: which comes first is then luck."""
    assert [price.place for price in mechanisms.PRICES] == list(range(1, 20))
    assert len({price.purpose for price in mechanisms.PRICES}) == 19


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda m: m.name)
def test_what_a_mechanism_declares_is_put_together(mechanism: Mechanism) -> None:
    """Catches rules, arrays, columns or draws of a file that no run would have."""
    module = importlib.import_module(f"{mechanisms.__name__}.{file_of(mechanism)}")
    scenario = Scenario.load("tiny")
    world = build_world(scenario, 1)
    listed = {*mechanism.columns, *mechanism.purposes}
    for name, value in vars(module).items():
        if name.startswith(("T_", "DRAW_")) and f"\n{name} = " in inspect.getsource(module):
            assert value in listed, name
        if inspect.isclass(value) and value.__module__ == module.__name__:
            if name.endswith("Rules"):
                assert issubclass(Rules, value)
            elif dataclasses.is_dataclass(value) and name.endswith("State"):
                assert issubclass(State, value)
                assert mechanism.state is value
    if mechanism.numbers is not None:
        people = {**world.people._asdict(), "classes": dict.fromkeys(
            ("class_level", "class_segment", "class_enthusiast", "class_pays", "class_taste")
        )}  # fmt: skip
        made = mechanism.numbers(Made(scenario, 1, 0, None, world.graphs, people))
        assert isinstance(world.rules, type(made))


def test_modules_name_parameters_and_words_say_the_same_in_both_languages() -> None:
    """Catches a module that switches nothing off, and a translation that lacks a number."""
    known = {row.path for row in parameter_table()} | {"events", "goods", "media", "market.rival"}
    for module in mechanisms.MODULES.values():
        assert set(module.parameters) <= known, module.name
        assert module.en and module.zh
    for name, (english, chinese) in mechanisms.WORDS.items():
        places = [
            {field for _, field, _, _ in string.Formatter().parse(text) if field}
            for text in (english, chinese)
        ]
        assert places[0] == places[1], name


# ---------------------------------------------------------------- one schedule


def calls(function: str, path: Path) -> list[str]:
    """Return the names that a function calls with the row or the day, in order."""
    tree = ast.parse(path.read_text("utf-8"))
    body = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == function
    )
    found = [node for node in ast.walk(body) if isinstance(node, ast.Call) and len(node.args) >= 2]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return [ast.unparse(node.func) for node in found]


def test_one_thread_runs_the_steps_of_the_schedule_in_order() -> None:
    """Catches a step that threads and machines run and one thread does not, or in other order."""
    path = SOURCE / "model" / "kernels" / "schedule.py"
    steps = [step.run.__name__ for step in schedule.SCHEDULE if step.run is not None]
    assert [name for name in calls("advance", path) if name != "range"] == steps


def ends(parts: list[str]) -> list[str]:
    """Return steps in the order in which they are over: when their last part is."""
    return sorted(set(parts), key=lambda name: len(parts) - parts[::-1].index(name))


def test_the_schedule_is_that_of_the_text() -> None:
    """Catches an engine whose day has another order than docs/model.md, or lacks a step."""
    text = (ROOT / "docs" / "model.md").read_text("utf-8")
    line = next(one for one in text.splitlines() if one.startswith("Fixed order in each tick"))
    order = re.findall(r"\*\*(\w+)\*\*", line)
    assert len(order) == 9
    done = [name for step in schedule.SCHEDULE if step.run for name in step.holds]
    assert ends(done) == order
    path = SOURCE / "model" / "reference" / "model.py"
    readable = [name.partition(".")[0] for name in calls("step", path)]
    assert ends([name for name in readable if name in order]) == order


def test_parts_do_only_what_the_schedule_lets_them() -> None:
    """Catches a step for everybody that threads or shards would do part by part."""
    for step in schedule.SCHEDULE:
        assert step.scope in (schedule.ALL, schedule.EACH, schedule.OWN)
        assert not step.long or step.scope == schedule.EACH
        assert (step.run is None) == (step.scope == schedule.OWN)


# ---------------------------------------------------------------- how far a mechanism reaches

#: Names by which code calls the rules, the state and the records of a person.
HOLDERS = {
    "rules": {"r", "rules", "_rules"},
    "arrays": {"s", "state", "_state", "whole", "own"},
    "slots": {"a", "v", "p", "actor", "listener", "user", "person", "recruiter", "seed"},
}


def holder(node: ast.expr) -> str:
    """Return the last name of what an attribute is taken from."""
    while isinstance(node, ast.Subscript | ast.Call):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


@cache
def used() -> dict[str, tuple[set[str], set[tuple[str, str]], set[str]]]:
    """Return names, attributes with their holder, and words in quotes, of each file that runs."""
    folders = ("model", "runs/partition", "runs/switching.py", "runs/fork.py")
    paths = [
        p
        for f in folders
        for p in ([SOURCE / f] if f.endswith(".py") else (SOURCE / f).rglob("*.py"))
    ]
    found = {}
    for path in paths:
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        names = {n.id for n in nodes if isinstance(n, ast.Name)}
        names |= {n.name for n in nodes if isinstance(n, ast.alias)}
        attributes = {(holder(n.value), n.attr) for n in nodes if isinstance(n, ast.Attribute)}
        words = {str(n.value) for n in nodes if isinstance(n, ast.Constant)}
        words |= {n.arg for n in nodes if isinstance(n, ast.keyword) and n.arg}
        found[path.relative_to(SOURCE).as_posix()] = (names, attributes, words)
    return found


def touched(mechanism: Mechanism) -> set[str]:
    """Return the files that know a mechanism: that hold one of the words it declares."""
    home = file_of(mechanism)
    module = importlib.import_module(f"{mechanisms.__name__}.{home}")
    codes_of = {
        name
        for name, value in vars(module).items()
        if any(value is one for one in (*mechanism.columns, *mechanism.purposes))
    }
    own: dict[str, set[str]] = {"rules": set(), "arrays": set()}
    own["slots"] = {slot.name for slot in (*mechanism.listener, *mechanism.actor)}
    for name, value in vars(module).items():
        if dataclasses.is_dataclass(value) and getattr(value, "__module__", "") == module.__name__:
            kind = "rules" if name.endswith("Rules") else "arrays"
            own[kind] |= {field.name for field in dataclasses.fields(value)}
    quoted = {word for words in own.values() for word in words if "_" in word or word[-1].isdigit()}
    found = {f"model/mechanisms/{home}.py"}
    for path, (names, attributes, words) in used().items():
        held = {(place, word) for kind in own for word in own[kind] for place in HOLDERS[kind]}
        if codes_of & names or attributes & held or words & quoted:
            found.add(path)
    return found


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda m: m.name)
def test_a_mechanism_touches_few_files(mechanism: Mechanism) -> None:
    """Catches a mechanism that is declared, allocated or booked in places that could do without.

    Those who read results (metrics, plots, studies) ask by name and are not touched to add one.
    """
    files = touched(mechanism) - SECOND
    assert len(files) <= KNOWN.get(mechanism.name, MOST), sorted(files)


def test_the_ruler_sees_a_mechanism_where_it_is() -> None:
    """Catches a ruler that finds nothing, and one that finds every file."""
    supply = next(m for m in MECHANISMS if m.name == "supply")
    assert {"model/kernels/supply.py", "model/reference/supply.py"} < touched(supply)
    assert "model/kernels/age.py" not in touched(supply)
    assert touched(supply) & SECOND == {"model/reference/tables.py"}
