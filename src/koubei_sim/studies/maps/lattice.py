"""A lattice that is refined where it is asked to: squares over two axes, triangles over a split.

Points are whole numbers on the finest lattice, so that a point is the same however it was reached.
Pure geometry; called by `mapping`.
"""

from __future__ import annotations

from typing import NamedTuple

Point = tuple[int, int]
Cell = tuple[Point, ...]


class Lattice(NamedTuple):
    """Cells of a square (four corners each) or of a triangle (three).

    Parameters
    ----------
    cells : int
        Cells along a side at first.
    depth : int
        How often a cell can be split.
    triangle : bool
    """

    cells: int
    depth: int
    triangle: bool = False

    @property
    def side(self) -> int:
        """Steps along a side of the finest lattice."""
        return self.cells << self.depth

    def first(self) -> list[Cell]:
        """Return the cells before any is split.

        Examples
        --------
        >>> Lattice(1, 1).first()
        [((0, 0), (2, 0), (0, 2), (2, 2))]
        >>> len(Lattice(3, 0, triangle=True).first())
        9
        """
        step = 1 << self.depth
        found: list[Cell] = []
        for i in range(0, self.side, step):
            for j in range(0, self.side, step):
                a, b, c, d = (i, j), (i + step, j), (i, j + step), (i + step, j + step)
                if not self.triangle:
                    found.append((a, b, c, d))
                elif i + j < self.side:
                    found.append((a, b, c))
                    if i + j + 2 * step <= self.side:
                        found.append((d, c, b))
        return found


def split(cell: Cell) -> list[Cell]:
    """Return four cells of half the width.

    One at each corner: the corner, and the middles between it and the others.  Of a triangle the
    one in the midst as well.

    Examples
    --------
    >>> split(((0, 0), (2, 0), (0, 2)))[3]
    ((1, 0), (1, 1), (0, 1))
    """

    def middle(one: Point, other: Point) -> Point:
        return (one[0] + other[0]) // 2, (one[1] + other[1]) // 2

    found = [tuple(middle(corner, other) for other in cell) for corner in cell]
    if len(cell) == 3:
        a, b, c = cell
        found.append((middle(a, b), middle(b, c), middle(c, a)))
    return found
