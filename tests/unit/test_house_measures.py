"""The measures of `tests/house.py`, each shown a small planted house that has the fault, and one
that has not: a ruler that always reads nought must be known to be able to read something.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests import house
from tests.house_imports import (
    Tree,
    arrows,
    circles,
    import_graph,
    read_tree,
    rooms,
    single_importers,
)

Plant = Callable[[Mapping[str, str]], Tree]
SCRIPT = Path(house.__file__)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Write a package `hut` from file names and texts, and read it."""

    def write(files: Mapping[str, str]) -> Tree:
        for name, text in {"__init__.py": "", **files}.items():
            path = tmp_path / "src" / "hut" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return read_tree(tmp_path)

    return write


# ---------------------------------------------------------------- rooms and arrows


def test_rooms_are_folders_and_top_files_with_their_lines(plant: Plant) -> None:
    """Catches a file left out of its room, and a face or a folder of data counted as a room."""
    tree = plant(
        {
            "walls.py": "a = 1\n\nb = 2\n",
            "model/__init__.py": "",
            "model/world/__init__.py": "a = 1\n",
            "model/world/people.py": "a = 1\nb = 2\n",
            "model/presets/tiny.toml": "a = 1\n",
        }
    )
    assert rooms(tree) == {"model": (3, 3), "walls": (1, 3)}
    assert rooms(tree, 2) == {"model.world": (2, 3)}


@pytest.mark.parametrize(
    "text",
    [
        "import hut.low",
        "import hut.low.floor as floor",
        "from hut import low",
        "from hut.low import floor",
        "from hut.low.floor import board",
        "from .. import low",
        "from ..low.floor import board",
        "def f():\n    from hut.low import floor",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from hut.low import floor",
    ],
)
def test_an_arrow_is_seen_however_it_is_written(plant: Plant, text: str) -> None:
    """Catches an import that hides in a function, a block of types, an alias or dots."""
    low = {"low/__init__.py": "", "low/floor.py": "board = 1\n"}
    tree = plant({**low, "high/__init__.py": "", "high/roof.py": text})
    assert arrows(import_graph(tree, types=True)) == {("high", "low")}


def test_what_is_not_ours_and_what_stays_in_a_room_is_no_arrow(plant: Plant) -> None:
    """Catches arrows to other libraries, inside one room, and from the face."""
    tree = plant(
        {
            "__init__.py": "from hut import low",
            "low/__init__.py": "from hut.low import floor",
            "low/floor.py": "import ast\nfrom hutch.low import board",
            "low/deep/__init__.py": "from hut.low.floor import board",
        }
    )
    graph = import_graph(tree, types=True)
    assert arrows(graph) == set()
    assert arrows(graph, depth=2, inside="low") == {("low.deep", "low.floor")}


def test_a_stub_tells_what_a_lazy_face_imports(plant: Plant) -> None:
    """Catches a room whose arrows vanish because its face loads its names late."""
    files = {"low.py": "", "high/__init__.py": "", "high/__init__.pyi": "from ..low import board"}
    tree = plant(files)
    assert arrows(import_graph(tree, types=True)) == {("high", "low")}
    assert arrows(import_graph(tree, types=False)) == set()


def test_modules_with_one_importer_are_named_with_it(plant: Plant) -> None:
    """Catches a count by import statements, which takes two in one file for two importers."""
    tree = plant(
        {
            "a.py": "import hut.c\nfrom hut.c import x\nimport hut.d",
            "b.py": "def f():\n    import hut.d",
            "c.py": "",
            "d.py": "",
        }
    )
    assert single_importers(import_graph(tree, types=True)) == {"c": "a"}


# ---------------------------------------------------------------- circles


def test_a_circle_at_run_time_is_found_with_all_its_modules(plant: Plant) -> None:
    """Catches a search that sees pairs only, or misses what is imported in functions."""
    tree = plant(
        {
            "a.py": "import hut.b",
            "b.py": "def f():\n    from hut.c import x",
            "c.py": "from . import a",
            "d.py": "import hut.a",
        }
    )
    assert circles(import_graph(tree, types=False)) == [["a", "b", "c"]]


def test_a_circle_over_types_only_is_told_apart(plant: Plant) -> None:
    """Catches a ruler that takes a name needed by type checkers for one needed at run time."""
    typed = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import hut.a\nelse:\n    c = 1"
    )
    tree = plant({"a.py": "import hut.b", "b.py": typed})
    assert circles(import_graph(tree, types=False)) == []
    assert circles(import_graph(tree, types=True)) == [["a", "b"]]


def test_a_package_and_its_modules_can_form_a_circle(plant: Plant) -> None:
    """Catches a face of a room that imports a module which asks that face for a name."""
    room = {"room/__init__.py": "from hut.room import chair", "room/table.py": "leg = 1"}
    tree = plant({**room, "room/chair.py": "from hut.room import name"})
    assert circles(import_graph(tree, types=False)) == [["room", "room.chair"]]
    # A module asked of the package is no name of the package: no circle.
    tree = plant({**room, "room/chair.py": "from . import table"})
    assert circles(import_graph(tree, types=False)) == []


# ---------------------------------------------------------------- functions

NINE = "a, b, c, d, e, /, f, g, *, h, i=1"


@pytest.mark.parametrize(
    "text",
    [
        f"from numba import njit\n@njit\ndef f({NINE}): pass",
        f"from numba import njit as quick\n@quick(cache=True)\ndef f({NINE}): pass",
        f"import numba as nb\n@nb.vectorize(['f8(f8)'])\ndef f({NINE}): pass",
        f"from hut.core.compiling import kernel\n@kernel\ndef f({NINE}): pass",
        f"from hut.core import compiling\n@compiling.part\ndef f({NINE}): pass",
        f"from numba import njit\nfast = njit(nogil=True)\n@fast\ndef f({NINE}): pass",
        f"from numba import njit\ndef f({NINE}): pass\ng = njit(cache=True)(f)",
    ],
)
def test_a_kernel_is_known_by_any_decorator_that_compiles(plant: Plant, text: str) -> None:
    """Catches a long kernel behind an alias or behind the house's own decorator."""
    own = (
        "from numba import njit\n"
        "def kernel(*s, **o): return njit(*s, cache=True, **o)\n"
        "def part(function): return kernel(function)\n"
    )
    tree = plant({"core/__init__.py": "", "core/compiling.py": own, "rules.py": text})
    assert {k.split()[-1]: n for k, n in house.compiled_functions(tree).items()} == {"f": 9}


def test_other_decorators_compile_nothing(plant: Plant) -> None:
    """Catches numpy's `vectorize` and a namesake of another library taken for numba's."""
    text = "import numpy as np\nfrom other import njit, cache\n"
    text += f"@np.vectorize\ndef f({NINE}): pass\n@njit\ndef g({NINE}): pass\n@cache\ndef h(): pass"
    assert house.compiled_functions(plant({"rules.py": text})) == {}


BRANCHY = """
class Thing:
    async def busy(self, x):
        if x and x > 1:
            pass
        elif x:
            pass
        else:
            pass
        for _ in x:
            while x:
                break
            else:
                pass
        try:
            with x:
                pass
        except ValueError:
            pass
        except TypeError:
            pass
        else:
            pass
        match x:
            case 1:
                pass
            case _:
                pass

        def inner():
            return [y for y in x if y]

def calm(x):
    return x if x else None
"""


def test_complexity_counts_decisions_as_ruff_does(plant: Plant) -> None:
    """Catches a counter that forgets handlers, cases or inner functions, or counts `and`."""
    counts = house.complexities(plant({"a.py": BRANCHY}))
    assert {name.split()[-1]: count for name, count in counts.items()} == {
        "Thing.busy": 10,  # if, elif, for, while, two handlers, try-else, a case, inner, and one
        "Thing.busy.inner": 1,
        "calm": 1,
    }


# ---------------------------------------------------------------- names, duplicates, mechanisms


def test_public_names_are_those_of_all(plant: Plant) -> None:
    """Catches names added to `__all__` later, a stub's list, and private modules counted."""
    tree = plant(
        {
            "__init__.py": "__all__ = ['a', 'b']\n__all__ += ['c']",
            "low/__init__.py": "import late\n__getattr__, __all__ = late.attach(__name__)",
            "low/__init__.pyi": "from .x import y\nfrom .x import g as g\n__all__ = ('d',)",
            "_own.py": "__all__ = ['e']",
            "none.py": "names = ['f']",
        }
    )
    names = {name: found for name, found in house.public_names(tree).items() if found}
    assert names == {"": {"a", "b", "c"}, "low": {"d", "g"}}


SIX = "".join(f"x{i} = {i}\n" for i in range(6))


def test_equal_lines_are_found_once_and_in_full(plant: Plant) -> None:
    """Catches a run of eight lines told as three of six, and one hidden by comments or depth."""
    eight = SIX + "y = 1\nz = 2\n"
    hidden = '"""Says."""\nimport ast\n' + "".join(f"    {r}\n\n# so\n" for r in eight.splitlines())
    hidden = hidden.replace("    x0 = 0", "if ast:\n    x0 = 0")
    found = house.duplicates(plant({"a.py": "a = 0\n" + eight, "b.py": hidden}))
    assert found == [{"places": ["a.py:2", "b.py:4"], "lines": 8}]


def test_five_lines_imports_and_docstrings_are_no_duplicates(plant: Plant) -> None:
    """Catches a ruler that calls a list of imports, a docstring or a row of zeros a copy."""
    five = SIX.replace("x5 = 5\n", "")
    words = '"""One\ntwo\nthree\nfour\nfive\nsix."""\n' + "".join(
        f"import m{i}\n" for i in range(6)
    )
    zeros = "row = [\n" + "0,\n" * 9 + "]\n"
    assert house.duplicates(plant({"a.py": words + five + zeros, "b.py": words + five})) == []


def test_a_function_copied_inside_its_file_is_found(plant: Plant) -> None:
    """Catches a ruler that compares files with each other but not with themselves."""
    found = house.duplicates(plant({"a.py": SIX + "y = 1\n" + SIX}))
    assert found == [{"places": ["a.py:1", "a.py:8"], "lines": 6}]


GIFTS = {"gifts": {"own": "gift_cap market.gifts T_GIFTS lost_word", "stems": "gift gifts"}}


def test_files_that_a_mechanism_touches_are_found(plant: Plant) -> None:
    """Catches a parameter, column, class, key or path of a mechanism that the ruler overlooks."""
    files = {
        "a.py": "def f(gift_cap): pass",
        "b.py": "rules.market.gifts",
        "c.py": "path = 'market.gifts'",
        "d.py": "from hut.codes import T_GIFTS",
        "presets/tiny.toml": "[market]\ngifts = 3",
    }
    called = {"e.py": "class OpenGifts: pass", "f.py": "def give(): return gift_of(1)"}
    found = house.mechanisms(plant({**files, **called}), GIFTS)["gifts"]
    assert found["own"] == sorted(files)
    assert found["touched"] == sorted({**files, **called})
    assert found["absent"] == ["lost_word"]


def test_prose_and_other_words_touch_nothing(plant: Plant) -> None:
    """Catches a ruler that reads comments, sentences, or half of a word."""
    files = {
        "a.py": '"""Gifts: gift_cap."""\n# T_GIFTS\nsay = "a gift is market.gifts"',
        "b.py": "def gifted(shop): return shop.regift, f'{shop} gift'",
    }
    found = house.mechanisms(plant(files), GIFTS)["gifts"]
    assert found["touched"] == found["own"] == []


# ---------------------------------------------------------------- the report


def test_the_script_reports_a_checkout_in_80_columns(plant: Plant, tmp_path: Path) -> None:
    """Catches a script that runs only where it stands, prints too wide, or writes no JSON."""
    long = "a" * 60
    plant({f"{long}.py": f"import hut.{long[1:]}\n", f"{long[1:]}.py": f"import hut.{long}\n"})
    command = [sys.executable, str(SCRIPT), "--source", str(tmp_path / "src" / "hut")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert max(map(len, shown.stdout.splitlines())) <= 80
    found = json.loads(json.dumps(house.measure(tmp_path)))
    assert found["summary"]["rooms"] == 2
    assert found["circles at run time"] == [sorted([long, long[1:]])]


def test_a_folder_without_a_package_is_refused(tmp_path: Path) -> None:
    """Catches a mistyped path that would be measured as a house of nothing."""
    with pytest.raises(FileNotFoundError, match="holds no package"):
        house.measure(tmp_path)
