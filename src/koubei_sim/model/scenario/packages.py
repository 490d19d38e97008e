"""Presets and mechanisms that other installed packages bring, found by their entry points.

A package names its presets in the group ``koubei_sim.presets`` and its mechanisms in
``koubei_sim.mechanisms`` (docs/own-mechanisms.md).  Nothing of it is looked for before somebody
asks for a name that the library does not have, and nothing of it is imported before it is used: a
package that is broken troubles nobody else.

A bare name is the library's where the library has it; of other packages it must be the only one of
its name.  ``package:name`` always names one.  Called by `files`, `scenario` and ``koubei presets``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from koubei_sim.errors import KoubeiError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection
    from importlib.metadata import EntryPoint

PRESETS: Final = "koubei_sim.presets"
MECHANISMS: Final = "koubei_sim.mechanisms"
_WHAT: Final = {PRESETS: "preset", MECHANISMS: "mechanism"}
#: A preset must not look like a path.
_WORD: Final = re.compile(r"\w[\w-]*")


def entries(group: str) -> dict[str, EntryPoint]:
    """Return what installed packages bring, by ``package:name``; of equal ones the first found."""
    from importlib.metadata import entry_points  # slow, and hardly ever needed

    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        found.setdefault(f"{point.dist.name if point.dist else ''}:{point.name}", point)
    return dict(sorted(found.items()))


def names(group: str, taken: Collection[str] = ()) -> dict[str, EntryPoint]:
    """Return what packages bring by the name to ask for it.

    Parameters
    ----------
    group : str
    taken : collection of str
        Names that the library has.

    Returns
    -------
    dict of str to EntryPoint
        The bare name, or ``package:name`` where the bare one is taken or not the only one.
    """
    found = entries(group)
    bare = [point.name for point in found.values()]
    return {
        whole if bare.count(point.name) > 1 or point.name in taken else point.name: point
        for whole, point in found.items()
    }


def origin(point: EntryPoint) -> str:
    """Return the package that an entry point belongs to, with its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unnamed package"


def find(group: str, name: str) -> EntryPoint | None:
    """Return the entry point of a bare or whole name; None where no package has it.

    Raises
    ------
    KoubeiError
        Where two packages have the bare name.
    """
    found = entries(group)
    if name in found:
        return found[name]
    same = [whole for whole, point in found.items() if point.name == name]
    if len(same) > 1:
        raise KoubeiError(
            name, f"{len(same)} packages bring a {_WHAT[group]} of this name",
            allowed=", ".join(same), fix=same[0],
        )  # fmt: skip
    return found[same[0]] if same else None


def named(point: EntryPoint, error: KoubeiError) -> KoubeiError:
    """Return a refusal with the package before it whose fault it is."""
    return error.within(f"{_WHAT[point.group]} {point.name!r} of the package {origin(point)}: ")


def brought(point: EntryPoint) -> Any:
    """Import what an entry point names.

    Raises
    ------
    KoubeiError
        Whatever goes wrong in other people's code.
    """
    if not _WORD.fullmatch(point.name):
        raise KoubeiError("name", "is no word", got=point.name, allowed="letters, digits, _ and -")
    try:
        return point.load()
    except Exception as error:
        if isinstance(error, KoubeiError):
            raise
        said = (str(error).splitlines() or [""])[0]
        raise KoubeiError(
            point.value, f"cannot be imported ({type(error).__name__}: {said})"
        ) from error


def mechanism(name: str) -> Any:
    """Return the mechanism of a name, as its package declares it.

    Raises
    ------
    KoubeiError
        For a name that no package has, or two.
    """
    point = find(MECHANISMS, name)
    if point is None:
        known = names(MECHANISMS)
        raise KoubeiError(
            "mechanisms", "no installed package brings it", got=name,
            allowed=", ".join(["a kb.Mechanism", *known]), fix=nearest(name, known),
        )  # fmt: skip
    try:
        found = brought(point)
        if getattr(found, "name", None) != point.name:
            raise KoubeiError(
                point.value, "is no mechanism of this name", got=type(found).__name__,
                allowed=f"kb.Mechanism({point.name!r}, ...)",
            )  # fmt: skip
    except KoubeiError as error:
        raise named(point, error) from None
    return found
