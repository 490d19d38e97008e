"""A checkout read for `tests.house`: its modules, what they import, and the circles in that.

Nothing is imported of what is read; `tests/house.py` says how things are counted.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Module:
    """One file of code: its dotted name below the package (empty: the face) and what it holds."""

    name: str
    path: str
    package: bool
    text: str
    tree: ast.Module
    stub: ast.Module | None  # of `__init__.pyi`, what a lazy face tells type checkers


@dataclass(frozen=True)
class Tree:
    """A checkout: its package, the modules by name, and its TOML files by path."""

    package: str
    modules: dict[str, Module]
    tables: dict[str, str]


def read_tree(source: Path) -> Tree:
    """Read a checkout (a folder with ``src``) or the folder of a package itself."""
    below = [p.parent for p in sorted(source.glob("src/*/__init__.py"))]
    top = below[0] if below else source
    if not (top / "__init__.py").is_file():
        raise FileNotFoundError(f"{source}: holds no package, neither itself nor below src")
    modules = {}
    for path in sorted(top.rglob("*.py")):
        steps = path.relative_to(top).with_suffix("").parts
        package = steps[-1] == "__init__"
        name = ".".join(steps[:-1] if package else steps)
        text, beside = path.read_text("utf-8"), path.with_suffix(".pyi")
        stub = ast.parse(beside.read_text("utf-8")) if beside.is_file() else None
        where = path.relative_to(top).as_posix()
        modules[name] = Module(name, where, package, text, ast.parse(text), stub)
    tables = {p.relative_to(top).as_posix(): p.read_text("utf-8") for p in top.rglob("*.toml")}
    return Tree(top.name, modules, tables)


# ---------------------------------------------------------------- imports

Graph = Mapping[str, set[str]]


def _says_types(test: ast.expr) -> bool:
    """Whether a condition is ``TYPE_CHECKING`` or ``typing.TYPE_CHECKING``."""
    return getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"


def _imports(
    node: ast.AST, types: bool = False
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield the import statements below a node, and whether only type checkers see them."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, types
    elif isinstance(node, ast.If) and _says_types(node.test):
        for statement in node.body:
            yield from _imports(statement, True)
        for statement in node.orelse:
            yield from _imports(statement, types)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, types)


def absolute(package: str, module: Module, node: ast.ImportFrom) -> str:
    """Return the full dotted name of what ``from ... import`` imports from."""
    if not node.level:
        return node.module or ""
    here = [package, *filter(None, module.name.split("."))]
    kept = here[: len(here) - node.level + module.package]
    return ".".join([*kept, *filter(None, [node.module])])


def _targets(tree: Tree, module: Module, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield the names of our modules that an import statement asks for."""
    package, above = tree.package, ""
    if isinstance(node, ast.ImportFrom):
        above = absolute(package, module, node) + "."
    wanted = [above + alias.name for alias in node.names]
    for name in wanted:
        steps = name.split(".")
        if steps[0] != package:
            continue
        # The longest part of the name that is a module; a folder of data has none of its own.
        for end in range(len(steps), 0, -1):
            found = ".".join(steps[1:end])
            if found in tree.modules:
                yield found
                break


def import_graph(tree: Tree, types: bool) -> dict[str, set[str]]:
    """Return what each module imports of ours, with or without what only type checkers see."""
    graph: dict[str, set[str]] = {name: set() for name in tree.modules}
    for name, module in tree.modules.items():
        seen = [*_imports(module.tree), *(_imports(module.stub, True) if module.stub else ())]
        for node, only_types in seen:
            if types or not only_types:
                graph[name] |= set(_targets(tree, module, node)) - {name}
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """Return the circles of a graph: sets of nodes that reach each other, largest first."""
    order: list[str] = []
    seen: set[str] = set()
    for start in graph:
        ways = [(start, iter(sorted(graph[start])))] if start not in seen else []
        seen.add(start)
        while ways:
            node, onward = ways[-1]
            step = next((n for n in onward if n not in seen), None)
            if step is None:
                order.append(node)
                ways.pop()
            else:
                seen.add(step)
                ways.append((step, iter(sorted(graph[step]))))
    backward = defaultdict(set)
    for node, ends in graph.items():
        for end in ends:
            backward[end].add(node)
    found, taken = [], set[str]()
    for start in reversed(order):
        circle, left = [], [start]
        while left:
            node = left.pop()
            if node not in taken:
                taken.add(node)
                circle.append(node)
                left += backward[node]
        if len(circle) > 1:
            found.append(sorted(circle))
    return sorted(found, key=lambda circle: (-len(circle), circle))


def room_of(module: str, depth: int = 1) -> str:
    """Return the room of a module: the first step, or steps, of its name."""
    return ".".join(module.split(".")[:depth])


def arrows(graph: Graph, depth: int = 1, inside: str = "") -> set[tuple[str, str]]:
    """Return the arrows between rooms, or between the rooms inside a room; the face has none."""
    pairs = {
        (room_of(a, depth), room_of(b, depth)) for a, ends in graph.items() for b in ends if a and b
    }
    # Inside a room, its own face is not one of its rooms either.
    start = f"{inside}." if inside else ""
    return {(a, b) for a, b in pairs if a != b and a.startswith(start) and b.startswith(start)}


def rooms(tree: Tree, depth: int = 1) -> dict[str, tuple[int, int]]:
    """Return files and lines of each room; with depth 2, of each folder inside a room."""
    found: dict[str, tuple[int, int]] = {}
    for name, module in tree.modules.items():
        room = room_of(name, depth)
        if room and (depth == 1 or (room.count(".") == depth - 1 and tree.modules[room].package)):
            files, lines = found.get(room, (0, 0))
            found[room] = files + 1, lines + len(module.text.splitlines())
    return dict(sorted(found.items()))


def single_importers(graph: Graph) -> dict[str, str]:
    """Return the modules that exactly one other imports, each with that other."""
    by: dict[str, list[str]] = defaultdict(list)
    for node, ends in graph.items():
        for end in ends:
            by[end].append(node)
    return {end: nodes[0] for end, nodes in sorted(by.items()) if len(nodes) == 1}
