"""Claims that are judged in a way of their own, by a Python file that stands beside them.

A claim file may name a script; it is run as a program of the person who asked for the claim, so
only claims that one trusts should be run, as with a Makefile.  The script has one function,
``run(quick, outputs) -> dict``, and gives the verdict in the same words as `judge` does.
Called by `judge`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from koubei_sim._version import __version__
from koubei_sim.errors import KoubeiError
from koubei_sim.studies.claims.parts import Claim

_NEEDED = ("verdict", "tests")


def run_script(claim: Claim, quick: bool, outputs: Path) -> dict[str, Any]:
    """Run the script of a claim and return the content of its verdict.

    Raises
    ------
    KoubeiError
        Where the script has no ``run`` or gives back no verdict.
    """
    path = claim.folder / claim.script
    spec = importlib.util.spec_from_file_location(f"claim_{claim.id}", path)
    if spec is None or spec.loader is None:
        raise KoubeiError(str(path), "not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "run", None)):
        raise KoubeiError(str(path), "has no function run(quick, outputs)")
    found = module.run(quick, outputs)
    if not isinstance(found, dict) or any(word not in found for word in _NEEDED):
        raise KoubeiError(str(path), "gave back no verdict", allowed=", ".join(_NEEDED))
    return {
        "ladder": [],
        "stability": [],
        **found,  # what a script says of these cannot pass for what the file says
        "id": claim.id,
        "title": claim.title,
        "statement": claim.statement,
        "claim": claim.digest,
        "version": __version__,
        "key": claim.key,
        "quick": quick,
    }
