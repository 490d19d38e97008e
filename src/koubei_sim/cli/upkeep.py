"""The commands about the installation: ``warmup``, ``info`` and ``verify``."""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from koubei_sim.cli import screen
from koubei_sim.errors import KoubeiError

FINE = 0


def warmup() -> int:
    """Compile and cache all kernels by running the smallest preset for a few days."""
    from koubei_sim.core import store
    from koubei_sim.runs import simulate

    print("compiling the kernels (about 20 s the first time) ...", file=sys.stderr)
    started = time.perf_counter()
    simulate.run("tiny", rng=1, ticks=30)
    seconds = time.perf_counter() - started
    kept = store.folder()
    where = (
        "cached nowhere, for no folder can be written to" if kept is None else f"cached in {kept}"
    )
    print(f"kernels are ready ({seconds:.1f} s); {where}")
    return FINE


def info(as_json: bool) -> int:
    """Show versions, cache folder, cores, memory and threading."""
    import numba
    import psutil

    from koubei_sim.core import store
    from koubei_sim.networks.files.data_files import data_folder
    from koubei_sim.storage import provenance

    data = data_folder()
    memory = psutil.virtual_memory()
    content: dict[str, Any] = {
        "versions": provenance.all_versions(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory_gib": round(memory.total / 2**30, 1),
        "memory_available_gib": round(memory.available / 2**30, 1),
        "kernel_cache": store.folder(),
        "numba_threads": numba.config.NUMBA_NUM_THREADS,
        "numba_threading_layer": numba.config.THREADING_LAYER,
        "data_folder": None if data is None else str(data),
    }
    if as_json:
        screen.write_json(content)
        return FINE
    for name, version in content.pop("versions").items():
        print(f"{name:<24}{version}")
    for name, value in content.items():
        print(f"{name.replace('_', ' '):<24}{value if value is not None else '-'}")
    return FINE


def note_old_name(old: str, new: str) -> None:
    """Say, once, that a command has another name now."""
    said = f"koubei {old} is called koubei {new} now; {old} goes with the next release"
    print(f"koubei: note: {said}", file=sys.stderr)


def checkout() -> Path | None:
    """Return the folder of the project that holds the verifications; None where there is none.

    The one that this library stands in, else the current folder or one above it.
    """
    here = Path.cwd()
    for place in (Path(__file__).resolve().parents[3], here, *here.parents):
        if (place / "verification" / "verdict.py").is_file():
            return place
    return None


def verify(*words: Any, **options: Any) -> int:
    """Hand over to the verifications, which stand beside the library."""
    place = checkout()
    if place is None:
        raise KoubeiError(
            "verify",
            "the verifications are not installed with the library",
            fix="a checkout or the unpacked source archive of koubei_sim, and the command there",
        )
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))
    status: int = import_module("verification.report").verify(*words, **options)
    return status
