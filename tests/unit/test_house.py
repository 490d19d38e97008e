"""House rules that no linter checks: imports of the face, generators, paths, docstrings, sizes.

Each scan is a small function from source text to faults, and each is first shown a text that has
the fault: a scan that finds nothing must be known to be able to find something.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import koubei_sim as kb

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "koubei_sim"
SOURCES = sorted(SOURCE.rglob("*.py"))
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
    "core": set(),
    "model/kernels": {"core", "model.mechanisms"},
    "cascades/kernels": {"core"},
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
    folders = ("src", "tests", "docs", "benchmarks", "experiments", "notebooks")
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


def test_the_face_promises_what_its_table_holds() -> None:
    """Catches a name added to the table but not to `__all__`, or the other way round."""
    assert set(kb.__all__) == {*kb._ROOMS, "__version__"}
    assert len(set(kb.__all__)) == len(kb.__all__)


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
