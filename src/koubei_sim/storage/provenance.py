"""Where a result comes from: versions, digests and the recipe that makes it again.

A *digest* is a SHA-256 over the bytes of arrays, with dtype and shape, so that two results have
equal digests exactly when their numbers are equal bit for bit.  A *recipe* is a plain dictionary
(JSON) from which `koubei_sim.runs.simulate.run` repeats a result.

Called by `runs` and `cascades`, and by the command line for ``koubei info``.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

import numpy as np

from koubei_sim._version import __version__
from koubei_sim.errors import KoubeiError

#: Layout of the recipe and of the files beside it; raised when an old reader could misread them.
FORMAT = 1

#: Libraries whose release may change a number or a byte of a file.
_LIBRARIES = ("numpy", "numba", "scipy", "mesa", "xarray", "netCDF4", "pandas", "pyarrow")


def versions(libraries: Iterable[str] = ("numpy", "numba")) -> dict[str, str]:
    """Return the versions of this library, of Python and of `libraries` (absent ones left out).

    Reads the metadata of the installed distributions, so nothing heavy is imported.

    Examples
    --------
    >>> sorted(versions())
    ['koubei_sim', 'numba', 'numpy', 'python']
    """
    found = {"koubei_sim": __version__, "python": platform.python_version()}
    for name in libraries:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def all_versions() -> dict[str, str]:
    """Return `versions` for every library that has a part in a result (for ``koubei info``)."""
    return versions(_LIBRARIES)


def array_digest(*arrays: np.ndarray) -> str:
    """Return the SHA-256 (64 hexadecimal digits) of dtype, shape and bytes of `arrays` in order.

    Byte order is fixed to little-endian first, so digests travel between machines.

    Examples
    --------
    >>> array_digest(np.arange(3)) == array_digest(np.arange(3))
    True
    >>> array_digest(np.arange(3)) == array_digest(np.arange(3.0))
    False
    """
    total = hashlib.sha256()
    for array in arrays:
        add_array(total, [array], np.shape(array))
    return total.hexdigest()


def add_array(total: Any, pieces: Iterable[np.ndarray], shape: tuple[int, ...]) -> None:
    """Add one array to a digest; it may come in pieces along its first axis."""
    head = f"{{}}{shape}"
    for piece in pieces:
        plain = np.ascontiguousarray(piece)
        plain = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
        total.update(head.format(plain.dtype.str).encode())
        total.update(plain.data.cast("B") if plain.size else b"")
        head = ""


def network_digest(networks: object) -> str:
    """Return the digest of networks: a `Network`, or a mapping of channel names to them.

    Two networks with the same layers, arcs and weights have the same digest, whatever made them.
    """
    if isinstance(networks, Mapping):
        parts = hashlib.sha256()
        for name in sorted(networks):
            parts.update(f"{name}={network_digest(networks[name])};".encode())
        return parts.hexdigest()
    parts = hashlib.sha256()
    layers: Any = getattr(networks, "layers", ())
    for layer in layers.values() if isinstance(layers, Mapping) else layers:
        arrays = [layer.indptr, layer.indices]
        if layer.weights is not None:
            arrays.append(layer.weights)
        parts.update(f"{layer.name}|{layer.directed}|{array_digest(*arrays)};".encode())
    return parts.hexdigest()


def recipe(
    *,
    scenario: Mapping[str, Any],
    key: int,
    replicates: int,
    engine: str,
    networks: str | None = None,
    agents: str | None = None,
    digest: str | None,
    notes: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the dictionary that says how to make a result again.

    Parameters
    ----------
    scenario : mapping
        The full scenario as plain data, every default written out.
    key : int
        The 64-bit key of the run.
    replicates : int
        Number of replicates, numbered from 0.
    engine : str
        ``"compiled"`` or ``"reference"``.
    networks, agents : str, optional
        Digests of networks or of an agent table that were supplied as objects.  A recipe with
        them can be repeated only when the same objects are supplied again.
    digest : str or None
        Digest of the result, which a repetition must give; None leaves it out.
    notes : iterable of str
        What the result has to say besides its numbers.

    Returns
    -------
    dict
        With ``seal``, the digest of what decides the numbers: an edited recipe is no longer the
        one by which they were made (see `check_seal`).
    """
    supplied = {
        name: value for name, value in (("networks", networks), ("agents", agents)) if value
    }
    found = {
        "format": FORMAT,
        "key": key,
        "replicates": replicates,
        "engine": engine,
        **({} if digest is None else {"digest": digest}),
        "supplied": supplied,
        "versions": versions(),
        "scenario": dict(scenario),
    }
    said = list(notes)
    if said:
        found["notes"] = said
    return {**found, "seal": _seal(found)}


#: What decides the numbers; digest and versions are held against a repetition instead.
_MAKES = ("scenario", "key", "replicates", "engine", "supplied")


def _seal(recipe: Mapping[str, Any]) -> str:
    plain = {name: recipe.get(name) for name in _MAKES}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def check_seal(recipe: Mapping[str, Any], where: str) -> None:
    """Refuse a recipe that was edited; those of earlier versions have no seal.

    Raises
    ------
    KoubeiError
    """
    if "seal" in recipe and recipe["seal"] != _seal(recipe):
        raise KoubeiError(
            where,
            "was edited after the result was made, which is no longer what it says",
            fix="removing its seal and running it: a new result",
        )
