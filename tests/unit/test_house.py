"""House rules that no linter checks: imports of the face, generators, paths, docstrings, sizes.

Each scan is a small function from source text to faults, and each is first shown a text that has
the fault: a scan that finds nothing must be known to be able to find something.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pytest
from tests.house_imports import circles, import_graph, read_tree

import koubei_sim as kb

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "koubei_sim"
SOURCES = sorted([*SOURCE.rglob("*.py"), *(ROOT / "verification").rglob("*.py")])
MOST_LINES = 600
HEAVY = ("mesa", "matplotlib", "networkx", "xarray", "pandas")

# Written in pieces, so that this file does not hold what it looks for.
MARKS = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "NotImplemented" + "Error")
UNFINISHED = re.compile(rf"\b(?:{'|'.join(MARKS)})\b")
MACHINE_PATH = re.compile(
    r"(?<![\w.:/~}>])/(?:home|root|work|tmp|Users|mnt|opt|private)/[\w.]"
    r"|\b[A-Z]:\\\\?(?:Users|Windows)\b"
)
REGISTRY = re.compile(r"(?:py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(?:org|com))")

# The numpy.random names that are types, needed to accept what a user passes as `rng`.
TYPES_OF_NUMPY_RANDOM = {"BitGenerator", "Generator", "SeedSequence"}

# What a walled package may import of ours, besides itself (import-linter's contracts say the
# same for files below the package's own __init__).
ALLOWED = {
    "core": {"errors"},  # its threads say in our words when the system gives none
    "model/kernels": {"core", "model.mechanisms"},
    "cascades/kernels": {"core"},
    "seeding/kernels": {"core", "cascades.kernels"},
    "evidence/kernels": {"core", "cascades.kernels"},
    "theory": {"core.draws", "core.codes", "checks", "errors"},
    "model/reference": {
        "core.draws",
        "core.codes",
        "model.mechanisms",
        "model.world.arrays",
        "model.world.build",
        "errors",
    },
}


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for a chain of attributes, or an empty string."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def generator_faults(text: str) -> list[str]:
    """Uses of `random` and of `numpy.random` other than its types, however they are imported."""
    faults = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            faults += [n for n in names if n == "random" or n.startswith("numpy.random")]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [alias.name for alias in node.names]
            if node.module == "random" or (node.module == "numpy" and "random" in names):
                faults.append(f"from {node.module} import {', '.join(names)}")
            elif (node.module or "").startswith("numpy.random"):
                faults += [n for n in names if n not in TYPES_OF_NUMPY_RANDOM]
        elif isinstance(node, ast.Attribute):
            owner, _, name = dotted(node).rpartition(".")
            if owner in ("np.random", "numpy.random") and name not in TYPES_OF_NUMPY_RANDOM:
                faults.append(f"{owner}.{name}")
    return faults


# Calls that write to a path or to an open file: name, and which argument says where.  A file that
# is open already is called so: who opened it is `storage`, as who made the folder `partial`.
TO_A_FILE = {
    "to_csv": 0, "to_netcdf": 0, "savefig": 0, "write_csv": 1, "write_graphml": 1, "json.dump": 1,
    "np.save": 0, "np.savez": 0, "np.savez_compressed": 0, "write_table": 1, "ParquetWriter": 0,
    "copyfile": 1, "copy": 1, "copy2": 1,
}  # fmt: skip
OPENED = re.compile(r"file|sink|self\._file|partial / .*")
TO_WRITE = re.compile("[bt]*[wax+][bt+]*")


def writer_faults(text: str) -> list[str]:
    """Calls that put something on the disk, or give it its name, past `storage`."""
    faults = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func) or getattr(node.func, "attr", "")
        last = name.rpartition(".")[2]
        words = [*node.args, *(word.value for word in node.keywords)]
        said = [w.value for w in words if isinstance(w, ast.Constant) and isinstance(w.value, str)]
        nowhere = bool(words) and dotted(words[0]) == "os.devnull"
        opens = last == "open" and any(map(TO_WRITE.fullmatch, said))
        # A path has one place to go to; text, dates and tables take two words, names or keywords.
        moves = last in ("rename", "replace") and len(words) == 1 and not node.keywords
        moves = moves and isinstance(words[0], ast.Name | ast.BinOp)
        system = name in ("os.replace", "os.rename", "os.open", "os.link")
        system = system or name.startswith("tempfile.") or last in ("write_text", "write_bytes")
        if system or moves or opens:
            faults += [] if nowhere else [name]
        for place in {TO_A_FILE.get(name), TO_A_FILE.get(last)} - {None}:
            if len(node.args) > place and not OPENED.fullmatch(ast.unparse(node.args[place])):
                faults.append(name)
    return faults


def imports_of_ours(text: str, package: str) -> Iterator[str]:
    """Dotted names below `koubei_sim` that a module of `package` imports, relative ones too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "koubei_sim":
                    yield alias.name.partition(".")[2]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                kept = package.split(".")[: len(package.split(".")) - node.level + 1]
                module = ".".join([*kept, *([module] if module else [])])
            if module.split(".")[0] == "koubei_sim":
                below = module.partition(".")[2]
                for alias in node.names:
                    # `from koubei_sim.core import draws` names a module in its last word.
                    deeper = ".".join(filter(None, [below, alias.name]))
                    path = SOURCE / deeper.replace(".", "/")
                    is_module = path.is_dir() or path.with_suffix(".py").is_file()
                    yield deeper if is_module else below


def prose_files() -> list[Path]:
    """All text files of the project that people read or run."""
    folders = ("src", "verification", "tests", "docs", "benchmarks", "experiments", "notebooks")
    tops = [ROOT / name for name in folders]
    suffixes = {".py", ".md", ".toml", ".cff", ".yaml", ".csv", ".ipynb"}
    found = [p for top in tops if top.is_dir() for p in top.rglob("*") if p.suffix in suffixes]
    found = [p for p in found if "outputs" not in p.parts and "__pycache__" not in p.parts]
    found += [p for p in ROOT.iterdir() if p.is_file() and p.suffix in suffixes]
    return sorted([*found, ROOT / "Makefile", ROOT / ".ci" / "run"])


def name_of(path: Path) -> str:
    """The name of a file for a report, from the project's top."""
    return path.relative_to(ROOT).as_posix()


# ---------------------------------------------------------------- the scans can see


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np\nx = np.random.rand(3)",
        "import numpy as np\nrng = np.random.default_rng()",
        "import random",
        "from random import shuffle",
        "from numpy import random",
        "from numpy.random import default_rng",
        "import numpy.random as npr",
    ],
)
def test_the_scan_for_generators_sees_each_way_of_using_one(text: str) -> None:
    """Catches a scan that an alias or a from-import slips past."""
    assert generator_faults(text)


def test_the_scan_for_generators_lets_types_pass() -> None:
    """Catches a scan so strict that `rng` could not be checked for its type."""
    assert not generator_faults("import numpy as np\nok = isinstance(x, np.random.Generator)")


@pytest.mark.parametrize(
    "text",
    [
        "os.replace(partial, path)",
        "partial.rename(goal)",
        "Path(name).replace(folder / 'result')",
        "path.write_text(text)",
        "(folder / 'a.txt').write_bytes(b'')",
        "open(path, 'w')",
        "path.open(mode='ab')",
        "gzip.open(path, 'wb')",
        "table.to_csv(path, index=False)",
        "figure.savefig(partial)",
        "np.save(path, values)",
        "parquet.write_table(table, str(path))",
        "parquet.ParquetWriter(path, schema)",
        "data.to_netcdf(path)",
        "tempfile.mkstemp(dir=folder)",
        "shutil.copyfile(old, new)",
    ],
)
def test_the_scan_for_writers_sees_each_way_of_writing(text: str) -> None:
    """Catches a scan that misses a way in which half a file could get its name."""
    assert writer_faults(text)


def test_the_scan_for_writers_lets_reading_text_and_open_files_pass() -> None:
    """Catches a scan so strict that a name could not be replaced in a text."""
    for text in (
        "with whole_file(path) as file:\n table.to_csv(file)",
        "text.replace('a', 'b')",
        "frame.rename(columns=str.strip)",
        "index.rename('person')",
        "scenario.replace(**changes)",
        "open(path, 'rb')",
        "path.open()",
        "table.to_csv(index=False)",
        "open(os.devnull, 'w')",
    ):
        assert not writer_faults(text), text


def test_the_scans_of_text_see_paths_marks_and_hosts() -> None:
    """Catches patterns that match nothing, and ones that match ordinary prose."""
    slash = "/"
    for folder in ("home", "root", "tmp"):
        assert MACHINE_PATH.search(f'open("{slash}{folder}{slash}a.csv")')
    assert MACHINE_PATH.search("C:" + "\\Users\\a")
    assert not MACHINE_PATH.search("see docs/work/page.md or the root/leaf pair, ../tmp/x")
    assert UNFINISHED.search("# TO" + "DO later")
    assert not UNFINISHED.search("what is left to do")
    assert REGISTRY.search("https://py" + "pi.org/simple")


def test_the_scan_of_imports_sees_relative_and_from_imports() -> None:
    """Catches a wall that a relative import, or one inside a function, could climb."""
    package = "koubei_sim.model.reference"
    assert list(imports_of_ours("from ...core import draws", package)) == ["core.draws"]
    assert list(imports_of_ours("def f():\n import koubei_sim.metrics", package)) == ["metrics"]
    assert list(imports_of_ours("from koubei_sim.core.draws import draw", package)) == [
        "core.draws"
    ]
    assert list(imports_of_ours("from koubei_sim import run", package)) == [""]
    assert list(imports_of_ours("import numpy", package)) == []


# ---------------------------------------------------------------- the face


def test_importing_the_face_loads_no_heavy_library(fresh_python) -> None:
    """Catches an import at the top of a file that makes `import koubei_sim` slow (or spawn)."""
    code = f"import sys, koubei_sim; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert fresh_python(code).strip() == "[]"


def test_listing_and_missing_names_load_nothing(fresh_python) -> None:
    """Catches a face that loads every room for tab completion or for a misspelt name."""
    code = (
        "import sys, koubei_sim as kb\n"
        "dir(kb); hasattr(kb, 'Scenari'); hasattr(kb, '__wrapped__')\n"
        f"print([m for m in {(*HEAVY, 'numba', 'numpy')!r} if m in sys.modules])"
    )
    assert fresh_python(code).strip() == "[]"


@pytest.mark.parametrize("name", kb.__all__)
def test_every_name_of_the_face_resolves(name: str) -> None:
    """Catches a name promised on the face whose room has lost or renamed it."""
    value = getattr(kb, name)
    assert value is not None
    assert value is getattr(kb, name)  # and the second look-up gives the same thing
    assert name in dir(kb)


def test_each_public_name_stands_once_in_the_stub() -> None:
    """Catches a name that is given twice, from two rooms, or under another name than its own."""
    stub = ast.parse((SOURCE / "__init__.pyi").read_text("utf-8"))
    names = [alias for node in stub.body for alias in getattr(node, "names", ())]
    assert all(alias.asname == alias.name for alias in names)
    assert sorted(alias.name for alias in names) == sorted(kb.__all__)


def test_the_rules_of_cascades_stand_on_the_face() -> None:
    """Catches a new rule that can only be reached through its room."""
    assert set(kb.cascades.__all__) <= set(kb.__all__)


def test_an_old_name_works_and_names_the_new_one() -> None:
    """Catches a renamed name that is gone at once, or one that nobody is told of."""
    for name, new in kb.OLD_NAMES.items():
        assert name not in dir(kb)
        with pytest.warns(DeprecationWarning, match=f"koubei_sim.{name} is called {new} now"):
            assert getattr(kb, name) is resolve_name(new)


def test_type_checkers_see_the_names_of_the_face(tmp_path: Path) -> None:
    """Catches a stub that a type checker does not read, or in which everything is `Any`."""
    pytest.importorskip("mypy")
    snippet = tmp_path / "snippet.py"
    snippet.write_text(
        "import koubei_sim as kb\n"
        'scenario: int = kb.Scenario.load("tiny")\n'
        "rule: kb.Rule = kb.IndependentCascade(0.1)\n"
        "kb.Scenari\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", str(snippet)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    said = [line.partition("snippet.py:")[2] for line in done.stdout.splitlines()]
    assert [line.split(":")[0] for line in said if "error:" in line] == ["2", "4"], done.stdout
    assert 'has type "Scenario", variable has type "int"' in said[0]
    assert 'Module has no attribute "Scenari"' in said[1]


def test_a_misspelt_name_gets_a_suggestion() -> None:
    """Catches a face that answers `None` or a bare error for a misspelt name."""
    with pytest.raises(AttributeError, match="try Scenario"):
        _ = kb.Scenari
    with pytest.raises(AttributeError, match="'koubei_sim' has no attribute '_nothing'"):
        _ = kb._nothing


def test_readme_uses_only_names_that_the_face_has() -> None:
    """Catches a quick start that no longer runs: every ``kb.a.b`` in README must resolve."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    names = {
        dotted(node)
        for block in blocks
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Attribute) and dotted(node).startswith("kb.")
    }
    assert len(names) >= 5
    for name in sorted(names):
        thing: object = kb
        for part in name.split(".")[1:]:
            assert hasattr(thing, part), f"README uses {name}"
            thing = getattr(thing, part)


def test_the_version_is_said_once() -> None:
    """Catches a release whose citation file still names the version before."""
    version = import_module("koubei_sim._version").__version__
    assert kb.__version__ == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


# ---------------------------------------------------------------- the source


def test_no_global_generator_in_the_source() -> None:
    """Catches a draw without an address: it would change with threads, order or engine."""
    faults = {name_of(p): generator_faults(p.read_text("utf-8")) for p in SOURCES}
    assert {name: found for name, found in faults.items() if found} == {}


def test_nothing_but_storage_writes_files() -> None:
    """Catches a file that can be found half-written: only `storage` flushes and renames.

    The store of compiled kernels keeps what anybody can make again, in a folder of its own.
    """
    apart = [SOURCE / "storage", SOURCE / "core" / "store.py"]
    sources = [p for p in SOURCES if not any(p.is_relative_to(place) for place in apart)]
    faults = {name_of(p): writer_faults(p.read_text("utf-8")) for p in sources}
    assert {name: found for name, found in faults.items() if found} == {}


def test_every_source_file_opens_by_saying_what_it_is() -> None:
    """Catches a file that starts with code: the reader is told what, why and who calls."""
    silent = [name_of(p) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert silent == []


def test_no_source_file_is_too_long() -> None:
    """Catches a file that has become two ideas."""
    lengths = {name_of(p): len(p.read_text("utf-8").splitlines()) for p in SOURCES}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_git_ignores_no_source_file() -> None:
    """Catches a pattern like ``build/`` that keeps a package of ours out of commits and wheels."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(
        [git, "check-ignore", "--no-index", "--stdin"],
        input="\n".join(map(name_of, SOURCES)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.splitlines() == []


@pytest.mark.parametrize("package", ALLOWED)
def test_walled_packages_import_only_what_they_may(package: str) -> None:
    """Catches a rule shared by both engines, and a kernel or theory that leans on the library."""
    own = package.replace("/", ".")
    allowed = ALLOWED[package]
    faults = []
    for path in sorted((SOURCE / package).rglob("*.py")):
        parent = ".".join(("koubei_sim", *path.parent.relative_to(SOURCE).parts))
        for name in imports_of_ours(path.read_text("utf-8"), parent):
            inside = name == own or name.startswith(f"{own}.")
            if not inside and not any(name == a or name.startswith(f"{a}.") for a in allowed):
                faults.append(f"{name_of(path)} imports {name or 'the face'}")
    assert faults == []


def test_no_module_leads_back_to_itself() -> None:
    """Catches a circle of modules, at run time or for types only, through a face too."""
    assert circles(import_graph(read_tree(ROOT), types=True)) == []


@pytest.mark.parametrize(
    ("up", "kept"),
    [
        ("", True),
        ("from hut.hall.stairs.top import x", False),
        ("if TYPE_CHECKING:\n    from hut.hall.stairs.top import x", False),
        ("def f():\n    from hut.hall.stairs import top", False),
    ],
    ids=["none", "plain", "types", "inside a function"],
)
def test_the_contract_against_circles_sees_a_planted_one(up: str, kept: bool, tmp_path) -> None:
    """Catches a contract that looks at rooms only, or past imports that are hidden."""
    pytest.importorskip("importlinter")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (ours,) = [each for each in contracts["contracts"] if each["id"] == "acyclic"]
    assert ours["ancestors"] == ["koubei_sim"]
    assert not {"ignore_imports", "skip_descendants"} & set(ours)
    stairs = tmp_path / "hut" / "hall" / "stairs"
    stairs.mkdir(parents=True)
    for folder in (stairs, stairs.parent, stairs.parent.parent):
        (folder / "__init__.py").write_text("")
    (stairs / "top.py").write_text("from hut.hall.stairs.foot import y\nx = 1\n")
    (stairs / "foot.py").write_text(f"from typing import TYPE_CHECKING\ny = 1\n{up}\n")
    (tmp_path / "walls.toml").write_text(
        '[tool.importlinter]\nroot_package = "hut"\n[[tool.importlinter.contracts]]\n'
        'name = "none"\ntype = "acyclic_siblings"\nancestors = ["hut"]\n'
    )
    command = "from importlinter.cli import lint_imports_command as check; check()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--config", "walls.toml", "--no-cache"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == kept, done.stdout + done.stderr
    assert ("No cycles are allowed in hut.hall.stairs" in done.stdout) == (not kept)


@pytest.mark.parametrize("package", ["model/kernels", "model/reference"])
def test_engines_share_only_names_of_mechanisms(package: str) -> None:
    """Catches a rule that both twins take from a mechanism: one fault would fool both."""
    faults = []
    for path in sorted((SOURCE / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            module = getattr(node, "module", None) or ""
            if isinstance(node, ast.Import):
                names = [a.name for a in node.names if "model.mechanisms" in a.name]
            elif isinstance(node, ast.ImportFrom) and "model.mechanisms" in module:
                names = [alias.name for alias in node.names if not alias.name.isupper()]
            else:
                continue
            faults += [f"{name_of(path)} takes {name}" for name in names]
    assert faults == []


def test_no_machine_path_unfinished_mark_or_registry_host() -> None:
    """Catches a path that exists on one machine only, and work left for later."""
    faults = []
    for path in prose_files():
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            for pattern in (UNFINISHED, MACHINE_PATH, REGISTRY):
                if hit := pattern.search(line):
                    faults.append(f"{name_of(path)}:{number}: {hit.group()}")
    assert faults == []


# ---------------------------------------------------------------- the guide


def stale_lines(guide: str) -> list[str]:
    """Lines that the recipes of a guide take away, or stand beside, and that are in no file."""
    stale = []
    for recipe in re.findall(r"```diff\n(.*?)```", guide, re.DOTALL):
        text = ""
        for line in recipe.splitlines():
            if line.startswith("--- a/"):
                path = ROOT / line.removeprefix("--- a/")
                text = path.read_text("utf-8") if path.is_file() else ""
                stale += [] if text else [line]
            elif line.startswith(("-", " ")) and line[1:].strip() not in text:
                stale.append(line)
    return stale


def test_the_recipes_of_the_guide_fit_the_present_code() -> None:
    """Catches a guide that names files and lines which are no longer there."""
    assert stale_lines("```diff\n--- a/README.md\n gone for good\n--- a/gone.py\n```") == [
        " gone for good",
        "--- a/gone.py",
    ]
    assert stale_lines((ROOT / "docs" / "contributing.md").read_text("utf-8")) == []
