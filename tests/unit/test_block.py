"""Blocks carry scalars and arrays to kernels behind one pointer; caches of kernels stay fresh."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from koubei_sim.core.block import Block, view_int32


class Load(NamedTuple):
    count: int
    rate: float
    key: np.uint64
    line: np.ndarray
    plane: np.ndarray
    cube: np.ndarray
    records: np.ndarray


RECORD = np.dtype([("value", "i8"), ("flag", "u1")], align=True)


def load(n: int) -> Load:
    return Load(
        -3,
        0.25,
        np.uint64(2**63 + 5),
        np.arange(n, dtype=np.uint16),
        np.arange(6.0 * n).reshape(n, 6),
        np.arange(24 * n).reshape(2, n, 12),
        np.zeros(n, RECORD),
    )


@njit
def read(b, i):
    return b.count, b.rate, b.key, b.line[i], b.plane[i, 2], b.cube[1, i, 7], b.line.size


@njit
def write(b, i):
    b.plane[i, 0] = -1.0
    r = b.records[i]
    r.value = 77
    r.flag = 1


def test_fields_arrive() -> None:
    """Catches a wrong offset, shape or stride of any field, and scalars of the wrong type."""
    for n in (3, 50):
        data = load(n)
        got = read(Block("load", data), n - 1)
        cell = (data.line[n - 1], data.plane[n - 1, 2], data.cube[1, n - 1, 7])
        assert got == (-3, 0.25, 2**63 + 5, *cell, n)


def test_writes_reach_the_arrays() -> None:
    """Catches a block that copies its arrays."""
    data = load(4)
    write(Block("load", data), 2)
    assert data.plane[2, 0] == -1.0
    assert data.records["value"].tolist() == [0, 0, 77, 0]
    assert data.records["flag"].tolist() == [0, 0, 1, 0]


def test_shapes_do_not_make_new_types() -> None:
    """Catches a type that depends on shapes: every size of world would compile again."""
    assert Block("load", load(3)).kind == Block("load", load(9)).kind
    assert Block("load", load(3)).kind != Block("other", load(3)).kind


def test_view_of_an_address() -> None:
    """Catches a view of the wrong width."""
    numbers = np.arange(10, dtype=np.int32)

    @njit
    def total(address, size):
        return view_int32(address, size).sum()

    assert total(np.uint64(numbers.ctypes.data), 5) == 10
