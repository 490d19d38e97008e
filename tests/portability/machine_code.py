"""What compiled code calls and contains: whether its bits could depend on the machine.

`external_calls` and `loose_arithmetic` read the LLVM text of a kernel, `fused` its assembly; run
as a script this file runs a few days of a preset and prints what they find in the kernels of the
tick loop, with those kernels' own machine code (code that comes from numba's store on disk
cannot be read, so the process must start with an empty one).
"""

from __future__ import annotations

import json
import re
from typing import Any

#: Symbols of numba's and Python's own run time: memory, errors, references.
RUNTIME = re.compile(r"^(NRT_|numba_|Py|_Py|_ZN5numba|_ZN08NumbaEnv)")
#: Instructions of LLVM that are exact or no arithmetic of floats at all.
EXACT = re.compile(
    r"^llvm\.(mem|prefetch|ctpop|cttz|ctlz|assume|lifetime|smin|smax|umin|umax|abs|usub|uadd|sadd|"
    r"ssub|smul|umul|fshl|fshr|bswap|vector\.|experimental\.|masked\.|floor|ceil|trunc|rint|fabs|"
    r"copysign|is\.fpclass|minnum|maxnum|minimum|maximum|sqrt|dbg|trap|stack|expect|donothing|"
    r"x86\.atomic\.(add|sub)\.cc\.i64)"  # counting references
)
DECLARED = re.compile(r"^declare [^@]*@\"?([^\"(]+)\"?\(", re.M)
#: Flags that let the compiler change the order or the rounding of operations.
LOOSE = re.compile(
    r"= (?:fadd|fsub|fmul|fdiv|frem|call)(?: \w+)* (?:fast|contract|reassoc|arcp|afn)\b"
)
FUSED = re.compile(r"^\s*(vfn?m(?:add|sub)\w*)", re.M)


def external_calls(llvm: str) -> list[str]:
    """Return the functions that a kernel calls outside itself, but for RUNTIME and EXACT ones."""
    names = set(DECLARED.findall(llvm))
    return sorted(name for name in names if not RUNTIME.match(name) and not EXACT.match(name))


def loose_arithmetic(llvm: str) -> list[str]:
    """Return the kinds of float operations that may be reordered or fused."""
    return sorted(set(LOOSE.findall(llvm)))


def fused(assembly: str) -> list[str]:
    """Return the fused multiply-add instructions of a kernel."""
    return sorted(set(FUSED.findall(assembly)))


def faults(kernel: Any) -> list[str]:
    """Return all that is wrong with the compiled forms of a kernel."""
    found = []
    for llvm, assembly in zip(
        kernel.inspect_llvm().values(), kernel.inspect_asm().values(), strict=True
    ):
        found += [f"calls {name}" for name in external_calls(llvm)]
        found += [f"may change {what.strip()}" for what in loose_arithmetic(llvm)]
        found += [f"holds {name}" for name in fused(assembly)]
    return found


if __name__ == "__main__":
    from koubei_sim.model.kernels.schedule import advance
    from koubei_sim.model.kernels.seeding import start
    from koubei_sim.runs import simulate

    simulate.run("tiny", rng=7, ticks=2, progress=False)
    read = {k.__name__: [len(k.signatures), faults(k)] for k in (advance, start)}
    print(json.dumps(read))
