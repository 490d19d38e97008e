"""A hint to the memory system: bring a line in before it is needed.

numba has no such call, so this is the LLVM intrinsic behind one line of Python.  A prefetch
changes no result; the kernels use it because hearing is a walk over random cache lines.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def prefetch(typingctx, address):
    """Ask for the cache line at `address` (an integer) to be fetched for reading and writing."""
    signature = types.void(types.uintp)

    def codegen(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        i32 = ir.IntType(32)
        declared = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [pointer.type],
            ir.FunctionType(ir.VoidType(), [pointer.type, i32, i32, i32]),
        )
        # write = 0, locality = 3 (keep in all caches), cache = 1 (data)
        builder.call(declared, [pointer, i32(0), i32(3), i32(1)])
        return context.get_dummy_value()

    return signature, codegen
