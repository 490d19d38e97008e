"""Pages of the reference: every public name of the library, each documented once.

A room says which names are public (its ``__all__``), the stub of the face which of them stand on
`koubei_sim`; nothing is listed here by hand but the rooms.  Called by `make_site.py`, which writes
the pages, and by `conf.py`, which links short names to them.
"""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import koubei_sim

FACE = "koubei_sim"
#: Rooms whose names are for the library alone: no page.
INSIDE = ("koubei_sim.storage", "koubei_sim.looks")
#: page -> title, what a reader can do after it, modules in order
ROOMS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "runs": (
        "Scenarios, runs, results",
        "write a scenario, run it, continue it and read what comes back",
        (FACE, "koubei_sim.model.scenario"),
    ),
    "networks": ("Networks", "make, read and write graphs", ("koubei_sim.networks",)),
    "cascades": (
        "Cascades",
        "play the classic rules of diffusion on any network",
        ("koubei_sim.cascades",),
    ),
    "seeding": ("Seeding", "choose whom to seed, with a proof", ("koubei_sim.seeding",)),
    "studies": (
        "Studies",
        "sweep, compare, explain, calibrate, map, plan and judge claims",
        ("koubei_sim.studies", "koubei_sim.studies.calibration", "koubei_sim.studies.claims"),
    ),
    "evidence": (
        "Evidence",
        "read records of who adopted when and say what moved them",
        ("koubei_sim.evidence",),
    ),
    "metrics": ("Metrics", "measure a finished run", ("koubei_sim.metrics",)),
    "plots": ("Plots", "draw results", ("koubei_sim.plots",)),
    "theory": (
        "Theory",
        "compute the closed forms that a run is compared with",
        (
            "koubei_sim.theory.bass",
            "koubei_sim.theory.branching",
            "koubei_sim.theory.degrees",
            "koubei_sim.theory.fitting",
            "koubei_sim.theory.lattice",
            "koubei_sim.theory.percolation",
            "koubei_sim.theory.progeny",
            "koubei_sim.theory.shapes",
            "koubei_sim.theory.threshold",
            "koubei_sim.theory.trees",
        ),
    ),
    "compat": (
        "Compat: calls of other packages",
        "keep a script that was written for NDlib, EoN or CyNetDiff",
        ("koubei_sim.compat.ndlib", "koubei_sim.compat.eon", "koubei_sim.compat.cynetdiff"),
    ),
    "mechanisms": (
        "Mechanisms",
        "look up how a mechanism is declared",
        ("koubei_sim.model.mechanisms",),
    ),
}


class Entry(NamedTuple):
    """One public object: the name by which a person calls it, the page, the object."""

    name: str
    page: str
    thing: Any


def names_of(module: ModuleType) -> list[str]:
    """Return the public names of a module: those it says, or those it defines."""
    said = getattr(module, "__all__", None)
    if said is not None:
        return sorted(said, key=str.lower)
    found = [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__
    ]
    return sorted(found, key=str.lower)


@cache
def entries() -> tuple[Entry, ...]:
    """Return every public object once, under the room that says it first; the face comes last."""
    found: dict[int, Entry] = {}
    ordered = sorted(ROOMS.items(), key=lambda item: FACE in item[1][2])
    for page, (_, _, modules) in ordered:
        for path in sorted(modules, key=lambda path: path == FACE):
            module = import_module(path)
            for name in names_of(module):
                thing = getattr(module, name)
                if not isinstance(thing, ModuleType) and not name.startswith("__"):
                    found.setdefault(id(thing), Entry(f"{path}.{name}", page, thing))
    return tuple(found.values())


@cache
def short_names() -> dict[str, str]:
    """Return short name -> full name, of names that only one object has; and names on the face."""
    known: dict[str, set[str]] = {}
    for entry in entries():
        known.setdefault(entry.name.rpartition(".")[2], set()).add(entry.name)
    single = {short: next(iter(full)) for short, full in known.items() if len(full) == 1}
    by_thing = {id(entry.thing): entry.name for entry in entries()}
    for name in koubei_sim.__all__:
        thing = getattr(koubei_sim, name)
        if id(thing) in by_thing:
            single[name] = single[f"kb.{name}"] = by_thing[id(thing)]
            single[f"koubei_sim.{name}"] = by_thing[id(thing)]
    return single


def exactly(app: Any, doctree: Any) -> None:
    """Take names as they are written: ``n`` is not the ``n`` of some class."""
    from sphinx.addnodes import pending_xref

    for node in doctree.findall(pending_xref):
        if node.get("refdomain") == "py" and node.hasattr("refspecific"):
            del node["refspecific"]


def resolve(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Link a name that Sphinx does not find by itself, where it is public."""
    if node.get("refdomain") != "py":
        return None
    full = short_names().get(node["reftarget"])
    found = env.domains["py"].objects.get(full)
    if found is None:
        return None
    from sphinx.util.nodes import make_refnode

    return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, contnode)


def _directive(entry: Entry) -> list[str]:
    """Return the lines that document one object; of a constant, what it holds."""
    if inspect.isclass(entry.thing):
        return [f".. autoclass:: {entry.name}", "   :members:", ""]
    if inspect.isroutine(entry.thing):
        return [f".. autofunction:: {entry.name}", ""]
    kind = type(entry.thing).__name__
    if isinstance(entry.thing, dict):
        said = f"{len(entry.thing)} entries: " + ", ".join(f"``{key}``" for key in entry.thing)
    else:
        said = f"{kind} of {len(entry.thing)}" if hasattr(entry.thing, "__len__") else f"{kind}"
    return [f".. py:data:: {entry.name}", f"   :type: {kind}", "", f"   {said}", ""]


def pages() -> dict[str, str]:
    """Return name of the page -> its text (reStructuredText)."""
    out = {"index": _index()}
    for page, (title, use, modules) in ROOMS.items():
        lines = [title, "=" * len(title), "", f"After this page you can {use}.", ""]
        for path in modules:
            module = import_module(path)
            own = [entry for entry in entries() if entry.name.rpartition(".")[0] == path]
            if len(modules) > 1:
                head = f"``{path}``"
                lines += [head, "-" * len(head), ""]
            if path != FACE:
                lines += [f".. py:module:: {path}", ""]
                said = (inspect.getdoc(module) or "").split("\n\n")[0]
                lines += [said.removeprefix(f"{title}: "), ""]
            for entry in own:
                lines += _directive(entry)
        out[page] = "\n".join(lines)
    return out


def _index() -> str:
    """Return the first page: the face, name by name."""
    by_thing = {id(entry.thing): entry for entry in entries()}
    rows = []
    for name in sorted(koubei_sim.__all__, key=str.lower):
        entry = by_thing.get(id(getattr(koubei_sim, name)))
        if entry is not None:
            line = (inspect.getdoc(entry.thing) or "").split("\n\n")[0].replace("\n", " ")
            rows += [f"   * - :py:obj:`kb.{name} <{entry.name}>`", f"     - {line}"]
    rooms = [f"   {page}" for page in ROOMS]
    return "\n".join(
        [
            "API reference",
            "=============",
            "",
            "After this page you can find any name of the library. ``kb`` is ``koubei_sim``:",
            "``import koubei_sim as kb``. Names on the face come first; the rooms hold the rest.",
            "",
            ".. list-table::",
            "   :header-rows: 1",
            "",
            "   * - name",
            "     - what it is",
            *rows,
            "",
            ".. toctree::",
            "   :caption: Rooms",
            "",
            *rooms,
            "",
        ]
    )
