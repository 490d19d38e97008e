"""The house measured: lines, rooms, arrows, circles, duplicates, and how far a mechanism reaches.

``python tests/house.py [--source PATH] [--json]`` measures any checkout of this library by reading
its files; nothing of it is imported, so old and new layouts are measured by the same ruler.

- *Room*: the first folder, or top-level file, below the package; the face is no room.  An arrow
  leads from a room to another of which it imports something: at the top of a file, inside a
  function or for type checkers alike.  Modules loaded by name (``import_module``) are not seen.
- *Circle*: modules that reach each other over imports (a strongly connected component).  An import
  from a package is one of its ``__init__``, unless what is named is a module of its own.
- *Duplicate*: two places with `LEAST_EQUAL` or more equal lines of code in a row, stripped,
  without blank lines, comments, imports and docstrings; in full length, each pair once.
- *Complexity*: McCabe's, counted as ruff's C901 does.
- *Mechanism*: a part of the model with a name in docs/model.md.  ``house_words.toml`` gives each
  its *own* words (parameters, fields of arrays, purposes of draws, columns) and the *stems* by
  which it is called.  A file (``.py`` or ``.toml``) is *touched* by it where a name in its code is
  an own word or holds a stem as a whole word: ``meeting`` is in ``meeting_cap`` and
  ``OpenMeeting``, not in ``meetings``.  Names are identifiers, keys, and strings that are one name
  or dotted path; comments, docstrings and prose are not read.  *Own* counts the files with own
  words: those to edit in order to add such a mechanism.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import textwrap
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, Final

if not __package__:  # run as a script: the folder above `tests` is not yet where modules are found
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.house_imports import (
    Module,
    Tree,
    absolute,
    arrows,
    circles,
    import_graph,
    read_tree,
    rooms,
    single_importers,
)

MOST_ARGUMENTS: Final = 8
MOST_BRANCHES: Final = 10
LEAST_EQUAL: Final = 6
COMPILERS: Final = {"njit", "jit", "vectorize", "guvectorize", "cfunc", "stencil", "generated_jit"}

WORDS: Final = Path(__file__).with_name("house_words.toml")


# ---------------------------------------------------------------- functions


def _functions(node: ast.AST, outer: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield all functions below a node, inner ones too, with their qualified names."""
    for child in ast.iter_child_nodes(node):
        name = outer
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{outer}.{child.name}".lstrip(".")
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, child  # type: ignore[misc]
        yield from _functions(child, name)


def _last_name(node: ast.AST | None) -> str:
    """Return ``c`` of ``c``, ``a.b.c``, ``c(...)`` or ``c(...)(...)``; else nothing."""
    while isinstance(node, ast.Call):
        node = node.func
    return getattr(node, "id", getattr(node, "attr", ""))


def _origins(tree: Tree, module: Module) -> dict[str, str]:
    """Return the full dotted names of what a file has imported, and of what it defines itself."""
    found = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef):
            found[node.name] = f"{tree.package}.{node.name}"
    for node in module.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        found |= {name: f"{tree.package}.{name}" for name in map(_last_name, targets)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = absolute(tree.package, module, node)
            found |= {alias.asname or alias.name: f"{above}.{alias.name}" for alias in node.names}
    return found


def _compiles(node: ast.AST | None, origins: Mapping[str, str], ours: set[str]) -> bool:
    """Whether a name, or the call of one, is numba's or our own way to compile a function."""
    name = _last_name(node)
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    root = origins.get(getattr(node, "id", ""), "")
    name = root.rpartition(".")[2] if isinstance(node, ast.Name) and name == node.id else name
    return name in COMPILERS if root.partition(".")[0] == "numba" else bool(root) and name in ours


def compile_decorators(tree: Tree) -> set[str]:
    """Return the names of our own decorators: what returns, or is, a call of numba's."""
    files = [(module.tree, _origins(tree, module)) for module in tree.modules.values()]
    found: set[str] = set()
    while True:
        ours = set(found)
        for code, origins in files:
            for node in code.body:
                if isinstance(node, ast.FunctionDef):
                    returns = (n.value for n in ast.walk(node) if isinstance(n, ast.Return))
                    if any(_compiles(value, origins, found) for value in returns):
                        ours.add(node.name)
                elif (
                    isinstance(node, ast.Assign)
                    and isinstance(node.value, ast.Call)
                    and not node.value.args  # ``f = njit(g)`` makes a function, no decorator
                    and _compiles(node.value, origins, found)
                ):
                    ours |= set(map(_last_name, node.targets))
        if ours == found:
            return found
        found = ours


def compiled_functions(tree: Tree) -> dict[str, int]:
    """Return the number of arguments of each function that numba compiles."""
    ours, counts = compile_decorators(tree), {}
    for module in tree.modules.values():
        origins = _origins(tree, module)
        handed = {
            _last_name(argument)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call) and _compiles(node, origins, ours)
            for argument in node.args
        }
        for name, function in _functions(module.tree):
            decorated = any(_compiles(node, origins, ours) for node in function.decorator_list)
            if decorated or function.name in handed:
                given = function.args
                count = len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)
                count += bool(given.vararg) + bool(given.kwarg)
                counts[f"{module.path}:{function.lineno} {name}"] = count
    return counts


def _always_matches(pattern: ast.pattern) -> bool:
    """Whether a pattern of ``match`` takes everything, as ``case _`` does."""
    if isinstance(pattern, ast.MatchOr):
        return any(map(_always_matches, pattern.patterns))
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def _branches(body: Iterable[ast.AST]) -> int:
    """Count the decisions in statements; inner functions and classes are looked into."""
    count = 0
    for node in body:
        count += isinstance(
            node,
            ast.If
            | ast.For
            | ast.AsyncFor
            | ast.While
            | ast.ExceptHandler
            | ast.match_case
            | ast.FunctionDef
            | ast.AsyncFunctionDef,
        )
        if isinstance(node, ast.Try | ast.TryStar):
            count += bool(node.orelse)
        if isinstance(node, ast.Match):
            last = node.cases[-1]
            count -= last.guard is None and _always_matches(last.pattern)
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, field, None)
            count += _branches(inner) if isinstance(inner, list) else 0
    return count


def complexities(tree: Tree) -> dict[str, int]:
    """Return McCabe's complexity of each function: its decisions and one."""
    return {
        f"{module.path}:{function.lineno} {name}": 1 + _branches(function.body)
        for module in tree.modules.values()
        for name, function in _functions(module.tree)
    }


# ---------------------------------------------------------------- names, duplicates, mechanisms


def public_names(tree: Tree) -> dict[str, set[str]]:
    """Return the names in the ``__all__`` of each public module; a lazy face has them in a stub.

    There they stand in ``__all__`` too, or each as ``from x import name as name``.
    """
    found: dict[str, set[str]] = {}
    for name, module in tree.modules.items():
        if any(step.startswith("_") for step in name.split(".")):
            continue
        for code in filter(None, (module.tree, module.stub)):
            for node in code.body:
                if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value:
                    owners = node.targets if isinstance(node, ast.Assign) else [node.target]
                    if "__all__" in map(_last_name, owners):
                        values = (getattr(n, "value", None) for n in ast.walk(node.value))
                        names = {value for value in values if isinstance(value, str)}
                        found[name] = found.get(name, set()) | names
        for node in module.stub.body if module.stub else ():
            for alias in getattr(node, "names", ()):
                if alias.asname == alias.name:
                    found.setdefault(name, set()).add(alias.name)
    return found


def _code_lines(module: Module) -> list[tuple[int, str]]:
    """Return the numbered lines of code: no blanks, comments, imports and docstrings."""
    left = set[int]()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped = isinstance(node.value.value, str)
        else:
            skipped = isinstance(node, ast.Import | ast.ImportFrom)
        if skipped and isinstance(node, ast.stmt):
            left.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(map(str.strip, module.text.splitlines()), start=1)
    return [(n, line) for n, line in lines if line and line[0] != "#" and n not in left]


def duplicates(tree: Tree) -> list[dict[str, Any]]:
    """Return pairs of places with equal lines in a row, longest first."""
    files = {module.path: _code_lines(module) for module in tree.modules.values()}
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for path, lines in files.items():
        for at in range(len(lines) - LEAST_EQUAL + 1):
            window = tuple(line for _, line in lines[at : at + LEAST_EQUAL])
            places[window].append((path, at))
    found = []
    for same in places.values():
        for (a, i), (b, j) in combinations(same, 2):
            one, other = files[a], files[b]
            if i and j and one[i - 1][1] == other[j - 1][1]:
                continue  # counted from where it begins
            length, most = LEAST_EQUAL, min(len(one) - i, len(other) - j)
            while length < most and one[i + length][1] == other[j + length][1]:
                length += 1
            if a != b or i + LEAST_EQUAL <= j:  # a row of equal lines is no copy of itself
                where = [f"{a}:{one[i][0]}", f"{b}:{other[j][0]}"]
                found.append({"places": where, "lines": min(length, j - i) if a == b else length})
    return sorted(found, key=lambda pair: (-pair["lines"], pair["places"]))


def _dotted(name: str) -> set[str]:
    """Return the steps of a dotted name and each two that follow each other."""
    steps = [step for step in name.split(".") if step.strip("*")]
    return {*steps, *map(".".join, pairwise(steps))}


def names_in_code(tree: ast.AST) -> set[str]:
    """Return all names in code: identifiers, and strings that are one name or dotted path."""
    found = set()
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if (
                isinstance(value, str)
                and re.fullmatch(r"[\w.*]+", value)
                and field != "type_comment"
            ):
                found |= _dotted(value)
        if isinstance(node, ast.Attribute):
            found.add(f"{_last_name(node.value)}.{node.attr}")
    return found


def names_in_table(table: Mapping[str, Any], above: str = "") -> set[str]:
    """Return the keys of a TOML file, alone and with the key above them."""
    found = set()
    for key, value in table.items():
        found |= {key, f"{above}.{key}"}
        for entry in value if isinstance(value, list) else [value]:
            found |= names_in_table(entry, key) if isinstance(entry, dict) else set[str]()
    return found


def mechanisms(
    tree: Tree, words: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, dict[str, list[str]]]:
    """Return, by mechanism, files touched, files with own words, and own words in no file."""
    words = tomllib.loads(WORDS.read_text("utf-8")) if words is None else words
    names = {module.path: names_in_code(module.tree) for module in tree.modules.values()}
    names |= {path: names_in_table(tomllib.loads(text)) for path, text in tree.tables.items()}
    # ``OpenMeeting`` and ``T_MEETING`` become ``_open_meeting_`` and ``_t_meeting_``.
    parts = {
        path: " ".join(f"_{re.sub('(?<=[a-z0-9])(?=[A-Z])', '_', n).lower()}_" for n in found)
        for path, found in names.items()
    }
    found = {}
    for mechanism, its in words.items():
        mine, stems = set(its["own"].split()), [f"_{stem}_" for stem in its["stems"].split()]
        own = {path for path, held in names.items() if held & mine}
        called = {path for path, text in parts.items() if any(stem in text for stem in stems)}
        absent = sorted(mine.difference(*names.values()))
        found[mechanism] = {"touched": sorted(own | called), "own": sorted(own), "absent": absent}
    return found


# ---------------------------------------------------------------- the report


def measure(source: Path) -> dict[str, Any]:
    """Return every measure of a checkout: counts under ``summary``, and what was counted."""
    tree = read_tree(source)
    run, full = import_graph(tree, types=False), import_graph(tree, types=True)
    kernels, branches = compiled_functions(tree), complexities(tree)
    public, reached = public_names(tree), mechanisms(tree)
    found: dict[str, Any] = {
        "rooms": rooms(tree),
        "folders in rooms": rooms(tree, 2),
        "arrows": sorted(arrows(full)),
        "arrows inside": {room: len(arrows(full, 2, room)) for room in rooms(tree)},
        "circles at run time": circles(run),
        "circles with types": circles(full),
        "kernels": {k: n for k, n in kernels.items() if n > MOST_ARGUMENTS},
        "public names": {name or tree.package: len(names) for name, names in public.items()},
        "one importer": single_importers(full),
        "duplicates": duplicates(tree),
        "complex functions": {f: n for f, n in branches.items() if n > MOST_BRANCHES},
        "mechanisms": reached,
    }
    touched = sorted(len(its["touched"]) for its in reached.values())
    own = sorted(len(its["own"]) for its in reached.values())
    lines = sum(len(module.text.splitlines()) for module in tree.modules.values())
    summary = {"lines": lines, "files": len(tree.modules)}
    for name in ("rooms", "arrows", "circles at run time", "circles with types"):
        summary[name if name != "arrows" else "arrows between rooms"] = len(found[name])
    summary |= {
        f"kernels of over {MOST_ARGUMENTS} arguments": len(found["kernels"]),
        "most arguments of a kernel": max(kernels.values(), default=0),
        "names of the face": len(public.get("", ())),
        "names in all __all__": sum(map(len, public.values())),
        "names in all __all__, each once": len(set[str]().union(*public.values())),
        "modules with one importer": len(found["one importer"]),
        f"duplicates of {LEAST_EQUAL} lines or more": len(found["duplicates"]),
        f"functions of complexity over {MOST_BRANCHES}": len(found["complex functions"]),
        "files touched by a mechanism: median": touched[len(touched) // 2],
        "files touched by a mechanism: most": touched[-1],
        "files with a mechanism's own words: median": own[len(own) // 2],
        "files with a mechanism's own words: most": own[-1],
    }
    return {"summary": summary, **found}


def _ordered(counts: Mapping[str, int]) -> Iterator[str]:
    """Yield lines of names and counts, largest first."""
    for name, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
        yield f"  {name[:70]:<70} {count:>6}"


def report(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a report, none wider than 80 columns."""
    yield from (f"{name:<60} {count:>8,}" for name, count in found["summary"].items())
    yield f"\n{'room':<40} {'files':>8} {'lines':>8} {'arrows inside':>15}"
    for name, (files, lines) in sorted((found["rooms"] | found["folders in rooms"]).items()):
        shown = f"  {name}" if "." in name else name
        inside = found["arrows inside"].get(name) or ""
        yield f"{shown:<40} {files:>8} {lines:>8,} {inside:>15}".rstrip()
    for kind in ("circles at run time", "circles with types"):
        yield f"\n{kind}"
        for circle in found[kind]:
            text = f"{len(circle)}: {', '.join(name or 'the face' for name in circle)}"
            yield from textwrap.wrap(text, 80, initial_indent="  ", subsequent_indent="     ")
    for kind in ("kernels", "public names", "complex functions"):
        yield from (f"\n{kind}", *_ordered(found[kind]))
    yield "\nmodules with one importer"
    for name, importer in found["one importer"].items():
        yield f"  {name[:38]:<38} {(importer or 'the face')[:39]}"
    yield "\nduplicates"
    for pair in found["duplicates"]:
        one, other = pair["places"]
        yield f"{pair['lines']:>4}  {one[-36:]:<36} {other[-36:]}"
    yield f"\n{'mechanism':<30} {'files touched':>15} {'own words':>15} {'words absent':>15}"
    for name, its in found["mechanisms"].items():
        counts = [len(its[kind]) for kind in ("touched", "own", "absent")]
        yield f"{name:<30} " + " ".join(f"{count:>15}" for count in counts)


def main() -> None:
    """Print the measures of a checkout."""
    parser = argparse.ArgumentParser(description="measure the structure of a checkout")
    here = Path(__file__).resolve().parents[1]
    parser.add_argument("--source", type=Path, default=here, help="a checkout, or a package")
    parser.add_argument("--json", action="store_true", help="everything that was counted")
    options = parser.parse_args()
    found = measure(options.source)
    print(json.dumps(found, indent=1) if options.json else "\n".join(report(found)))


if __name__ == "__main__":
    main()
