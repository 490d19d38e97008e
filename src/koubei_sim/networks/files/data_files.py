"""`find_data`: where real graphs and observed diffusions lie on this machine.

The library ships no data; tests and experiments that need a file ask here.
"""

from __future__ import annotations

import os
from pathlib import Path

from koubei_sim.errors import KoubeiError, nearest


def find_data(name: str) -> Path:
    """Return the path of a data file.

    Looked in, in this order: the folder named by the environment variable ``KOUBEI_DATA``; then
    ``../shared/data`` and ``shared/data`` beside the current folder and beside the root of the
    checkout (the nearest folder above this file, or above the current one, with a
    ``pyproject.toml``).

    Parameters
    ----------
    name : str
        File name, such as ``"wiki_vote.edges.gz"``.

    Raises
    ------
    KoubeiError
        If it is in none of them; the message names the folders.
    """
    folders = _folders()
    for folder in folders:
        path = folder / name
        if path.is_file():
            return path
    near = None
    for folder in folders:
        if folder.is_dir():
            near = near or nearest(name, (entry.name for entry in folder.iterdir()))
    looked = "; ".join(str(folder) for folder in folders)
    raise KoubeiError(
        name,
        f"no such data file, looked in {looked}",
        fix=near or "KOUBEI_DATA=folder in the environment",
    )


def data_folder() -> Path | None:
    """Return the first of the folders of `find_data` that exists, or None."""
    return next((folder for folder in _folders() if folder.is_dir()), None)


def _folders() -> list[Path]:
    found: list[Path] = []
    named = os.environ.get("KOUBEI_DATA")
    if named:
        found.append(Path(named))
    roots = [Path.cwd()]
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            if (folder / "pyproject.toml").is_file():
                roots.append(folder)
                break
    for root in roots:
        found += [root.parent / "shared" / "data", root / "shared" / "data"]
    return list(dict.fromkeys(found))
