"""The same bytes on another family of processors: with and without AVX2 and FMA, and AVX-512.

Fresh processes, each with a store of compiled code of its own, generate code for plain x86-64
(SSE2) or for a processor with AVX2 and FMA, and let numpy use the loops of such a processor; the
digests must be those of this process.  Processors of other families (Arm) are not tried here:
what stands for them is that the tick loop calls no function of a maths library and that nothing
in it may be fused or reordered, which `machine_code` reads off the compiled code.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import njit
from tests.portability import digests, machine_code

from koubei_sim.core import draws

FOLDER = Path(__file__).parent
PARTS = ["draws", "tables", "networks", "cascades", "golden"]
#: Loops of numpy beyond those of every x86-64 processor, from AVX2 on, and from AVX-512 on.
WIDE = "X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512_SKX"
PLAIN = {
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CPU_FEATURES": "",
    "NPY_DISABLE_CPU_FEATURES": f"X86_V3 AVX2 FMA3 {WIDE}",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,-AVX512F",
}
FUSING = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx2,+fma",
    "NPY_DISABLE_CPU_FEATURES": WIDE,
}
UNFUSED = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,-fma"}
ZEN = {"NUMBA_CPU_NAME": "znver3", "NUMBA_CPU_FEATURES": ""}

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="names processors of the x86-64 family"
)


def elsewhere(settings: dict[str, str], folder: Path, script: str, *words: str) -> dict[str, str]:
    """Run a script of this folder as on another processor; return what it printed."""
    surroundings = {**os.environ, **known(settings), "NUMBA_CACHE_DIR": str(folder / "store")}
    root = FOLDER.parents[1]
    surroundings["PYTHONPATH"] = os.pathsep.join([str(root / "src"), str(root)])
    done = subprocess.run(
        [sys.executable, str(FOLDER / script), *words],
        capture_output=True,
        text=True,
        env=surroundings,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def known(settings: dict[str, str]) -> dict[str, str]:
    """Return the settings without features that this numpy cannot switch off."""
    from numpy._core._multiarray_umath import __cpu_dispatch__

    wanted = settings.get("NPY_DISABLE_CPU_FEATURES", "").split()
    kept = [name for name in wanted if name in __cpu_dispatch__]
    return {**settings, "NPY_DISABLE_CPU_FEATURES": " ".join(kept)}


def differing(found: dict[str, str], parts: list[str]) -> list[str]:
    """Return the names whose digest is not that of this process."""
    here = digests.digests(parts)
    assert here.keys() == found.keys()
    return [name for name, value in here.items() if found[name] != value]


@pytest.mark.slow
def test_plain_processor(tmp_path: Path) -> None:
    """Catches bits that depend on AVX, FMA or numpy's wide loops: draws, and all of a run."""
    parts = ["draws", "golden"]
    assert not differing(elsewhere(PLAIN, tmp_path, "digests.py", *parts), parts)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [PLAIN, FUSING, UNFUSED, ZEN, {"KOUBEI_PLAIN_NUMBA": "1"}],
    ids=["plain", "fma", "avx2", "zen", "decorators"],
)
def test_processor(settings: dict[str, str], tmp_path: Path) -> None:
    """Catches the same in every table, generator and rule, and names the ones that differ."""
    assert not differing(elsewhere(settings, tmp_path, "digests.py", *PARTS), PARTS)


@pytest.mark.slow
def test_tick_loop(tmp_path: Path) -> None:
    """Catches a function of the maths library, or arithmetic that may be fused, in the loop."""
    found = elsewhere(FUSING, tmp_path, "machine_code.py")
    assert found == {"advance": [1, []], "start": [1, []]}


def test_digest_sees_a_bit() -> None:
    """Catches digests that look at less than every bit, or forget types or shapes."""
    one = np.array([1.0, 2.0])
    assert digests.digest(one) != digests.digest(np.nextafter(one, 3.0))
    assert digests.digest(one) != digests.digest(one.view(np.int64))
    assert digests.digest(one) != digests.digest(one.reshape(2, 1))
    assert digests.digest((one, one)) != digests.digest(((one,), one))


def test_reading_of_code() -> None:
    """Catches a reading of compiled code that misses the maths library or loose arithmetic."""

    @njit
    def library(x, y):
        return np.exp(x) + x**y + np.sin(x)

    @njit(fastmath=True)
    def loose(x, y, z):
        return x * y + z

    @njit
    def plain(x, y, z):
        return np.floor(x * y + z) / y

    library(1.0, 2.0)
    loose(1.0, 2.0, 3.0)
    plain(1.0, 2.0, 3.0)
    assert [name.rpartition(".")[0] for name in machine_code.faults(library)] == [
        f"calls llvm.{name}" for name in ("exp", "pow", "sin")
    ]
    assert {"may change = fadd fast", "may change = fmul fast"} <= set(machine_code.faults(loose))
    assert machine_code.faults(plain) == []
    assert machine_code.fused("\tvfmadd213sd\t%xmm2, %xmm1, %xmm0\n") == ["vfmadd213sd"]


def test_portable_functions_are_clean() -> None:
    """Catches the maths library in the logarithm and the exponential of the tick loop."""

    for function in (draws.log_portable, draws.exp_neg_portable):
        fresh = njit(function.py_func)
        fresh(0.3)
        assert machine_code.faults(fresh) == []
