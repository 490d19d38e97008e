"""Blocks: a record of scalars and arrays, passed to kernels as one pointer.

The pyramid model has some two hundred tables and scalars.  As a named tuple numba would pass
every field of every array by value, and count a reference of each, at each call: measured, that
made the kernels a hundred times slower and three minutes to compile.  A `Block` copies scalars
and array descriptors into one buffer; inside a kernel ``r.tell32[c, kind]`` reads through
the pointer.

A record is a named tuple, or a `Record`: a dataclass put together by inheritance.  A block borrows
the arrays: it keeps them alive and never copies them.  Scalars are a snapshot.  Types are
cacheable: they depend on names and dtypes only, not on shapes.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from llvmlite import ir
from numba import carray, from_dtype, njit, types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)


class _Names:
    """The names of the fields of a dataclass, asked of the class or of one of its objects."""

    def __get__(self, _: object, owner: Any) -> tuple[str, ...]:
        return tuple(owner.__dataclass_fields__)


class Record:
    """Base of dataclasses that are used as a named tuple is, but for the number of a place."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    _fields = _Names()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.__dict__.values())

    def _asdict(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def _replace(self, **changes: Any) -> Self:
        return dataclasses.replace(self, **changes)


class BlockType(types.Type):
    """Numba type of a block: names and types of its fields, in order of their offsets."""

    def __init__(self, title: str, fields: tuple[tuple[str, types.Type], ...]) -> None:
        self.title = title
        self.fields = fields
        self.offsets: dict[str, tuple[int, types.Type]] = {}
        at = 0
        for name, kind in fields:
            self.offsets[name] = (at, kind)
            at += 8 * (1 + 2 * kind.ndim) if isinstance(kind, types.Array) else 8
        self.size = at
        super().__init__(name=f"Block({title}, {fields})")


@register_model(BlockType)
class _BlockModel(models.OpaqueModel):
    pass


@infer_getattr
class _BlockAttributes(AttributeTemplate):
    key = BlockType

    def generic_resolve(self, kind: BlockType, attribute: str) -> types.Type | None:
        found = kind.offsets.get(attribute)
        return found[1] if found else None


@lower_getattr_generic(BlockType)
def _load(context: Any, builder: Any, kind: BlockType, value: Any, attribute: str) -> Any:
    offset, field = kind.offsets[attribute]
    word = ir.IntType(64)

    def load(position: int, target: Any) -> Any:
        pointer = builder.gep(value, [ir.Constant(word, position)])
        return builder.load(builder.bitcast(pointer, target.as_pointer()))

    if not isinstance(field, types.Array):
        return load(offset, context.get_value_type(field))
    array = context.make_array(field)(context, builder)
    size = context.get_abi_sizeof(context.get_data_type(field.dtype))
    shape = [load(offset + 8 * (1 + k), word) for k in range(field.ndim)]
    strides = [load(offset + 8 * (1 + field.ndim + k), word) for k in range(field.ndim)]
    count = shape[0]
    for extent in shape[1:]:
        count = builder.mul(count, extent)
    array.data = builder.bitcast(load(offset, ir.IntType(8).as_pointer()), array.data.type)
    array.nitems = count
    array.itemsize = ir.Constant(word, size)
    array.shape = cgutils.pack_array(builder, shape)
    array.strides = cgutils.pack_array(builder, strides)
    array.meminfo = ir.Constant(array.meminfo.type, None)  # borrowed: no reference counting
    array.parent = ir.Constant(array.parent.type, None)
    return array._getvalue()


class Block:
    """A buffer with the scalars and array descriptors of a record.

    Parameters
    ----------
    title : str
        Name of the kind of block; part of the numba type.
    record : NamedTuple or Record
        Fields are ints, floats, numpy scalars or C-contiguous numpy arrays.
    """

    __slots__ = ("_buffer", "_keep", "address", "kind")

    def __init__(self, title: str, record: NamedTuple | Record) -> None:
        words: list[int] = []
        looks: list[Any] = [title, type(record)]
        keep = []
        for value in record:
            if isinstance(value, np.ndarray):
                if not value.flags.c_contiguous:
                    value = np.ascontiguousarray(value)
                keep.append(value)
                looks.append((value.dtype, value.ndim))
                words.append(value.__array_interface__["data"][0])
                words.extend(value.shape)
                words.extend(value.strides)
            elif isinstance(value, (float, np.floating)):
                looks.append(float)
                words.append(int.from_bytes(struct.pack("<d", value), "little"))
            elif isinstance(value, np.uint64):
                looks.append(np.uint64)
                words.append(int(value))
            else:
                looks.append(int)
                words.append(int(value) & 0xFFFFFFFFFFFFFFFF)
        look = tuple(looks)
        kind = _KINDS.get(look)
        if kind is None:
            kind = _KINDS[look] = _kind_of(title, record, look[2:])
        self.kind = kind
        self._buffer = np.array(words, np.uint64)
        self._keep = keep
        self.address = int(self._buffer.__array_interface__["data"][0])


#: Types of blocks met so far: making one takes longer than a small cascade.
_KINDS: dict[tuple[Any, ...], BlockType] = {}


def _kind_of(title: str, record: NamedTuple | Record, looks: tuple[Any, ...]) -> BlockType:
    """Return the numba type of a block whose fields look like this."""
    scalars = {float: types.float64, np.uint64: types.uint64, int: types.int64}
    fields = []
    for name, look in zip(record._fields, looks, strict=True):
        if isinstance(look, tuple):
            fields.append((name, types.Array(from_dtype(look[0]), look[1], "C")))
        else:
            fields.append((name, scalars[look]))
    return BlockType(title, tuple(fields))


@typeof_impl.register(Block)
def _typeof(value: Block, context: Any) -> BlockType:
    return value.kind


@unbox(BlockType)
def _unbox(kind: BlockType, value: Any, c: Any) -> NativeValue:
    number = c.pyapi.object_getattr_string(value, "address")
    pointer = c.pyapi.long_as_voidptr(number)
    c.pyapi.decref(number)
    return NativeValue(pointer)


@intrinsic
def _as_pointer(typingctx: Any, address: Any) -> Any:
    """Turn an integer address into a pointer that `numba.carray` accepts."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.uint64), codegen


@njit(inline="always")
def view_int64(address, size):
    """Return the int64 array of `size` elements at `address` (memory of somebody else)."""
    return carray(_as_pointer(address), size, np.int64)


@njit(inline="always")
def view_int32(address, size):
    """Return the int32 array of `size` elements at `address`."""
    return carray(_as_pointer(address), size, np.int32)


@njit(inline="always")
def view_uint8(address, size):
    """Return the uint8 array of `size` elements at `address`."""
    return carray(_as_pointer(address), size, np.uint8)
