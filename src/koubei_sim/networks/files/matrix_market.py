"""MatrixMarket files, read here: scipy's reader ends the process on some that are wrong.

Called by `graph_files`.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError

if TYPE_CHECKING:
    from scipy.sparse import coo_array

LAYOUTS = ("coordinate", "array")
FIELDS = ("real", "double", "integer", "unsigned-integer", "pattern")
SYMMETRIES = ("general", "symmetric", "skew-symmetric")
MOST = 2**31 - 1  # people in a network


def read(path: Path, file: IO[bytes]) -> tuple[coo_array, bool]:
    """Return the matrix of an open file, and whether it says that it is symmetric.

    Raises
    ------
    KoubeiError
        What is no MatrixMarket file, holds complex numbers, or holds more or less than it says.
    """
    from scipy.sparse import coo_array

    where = str(path)
    head = file.readline(1000).decode("latin-1").lower().split()
    if len(head) != 5 or head[0] != "%%matrixmarket" or head[1] != "matrix":
        raise KoubeiError(
            where, "not MatrixMarket", allowed="%%MatrixMarket matrix coordinate real general"
        )
    layout, field, symmetry = head[2:]
    for word, known in ((layout, LAYOUTS), (field, FIELDS), (symmetry, SYMMETRIES)):
        if word not in known:
            raise KoubeiError(
                where, "MatrixMarket of no graph", got=repr(word), allowed=", ".join(known)
            )
    sizes = _sizes(where, file, 3 if layout == "coordinate" else 2)
    if layout == "array":
        first, second, values = _dense(where, file, sizes, symmetry)
    else:
        first, second, values = _sparse(where, file, sizes, field == "pattern")
    if symmetry != "general":
        across = first != second
        mirrored = values[across] * (-1 if symmetry == "skew-symmetric" else 1)
        first, second = (
            np.concatenate([first, second[across]]),
            np.concatenate([second, first[across]]),
        )
        values = np.concatenate([values, mirrored])
    return coo_array((values, (first, second)), shape=tuple(sizes[:2])), symmetry == "symmetric"


def _sizes(where: str, file: IO[bytes], number: int) -> list[int]:
    """The line of sizes, after the comments."""
    for line in file:
        words = line.split()
        if not words or line.startswith(b"%"):
            continue
        shown = line[:60].decode("latin-1").strip()
        if len(words) != number or not all(word.isdigit() and len(word) < 19 for word in words):
            raise KoubeiError(
                where, f"the line of sizes needs {number} whole numbers", got=repr(shown)
            )
        sizes = [int(word) for word in words]
        if max(sizes[:2]) > MOST:
            raise KoubeiError(where, "too many people", got=repr(shown), allowed=f"up to {MOST}")
        return sizes
    raise KoubeiError(where, "the line of sizes is missing")


def _numbers(where: str, file: IO[bytes], columns: int, wanted: int) -> NDArray[np.float64]:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numpy, where there is no line at all
            found = np.loadtxt(file, comments="%", ndmin=2, encoding="latin-1")
    except (ValueError, OverflowError) as error:
        said = " ".join(str(error).split(";")[0].split())
        raise KoubeiError(where, f"not MatrixMarket ({said})") from None
    found = found.reshape(-1, columns) if found.size == 0 else found
    if found.shape != (wanted, columns):
        raise KoubeiError(
            where, "not as many numbers as the line of sizes says",
            got=f"{found.shape[0]} lines of {found.shape[1]}", allowed=f"{wanted} of {columns}",
        )  # fmt: skip
    return found


def _sparse(where: str, file: IO[bytes], sizes: list[int], pattern: bool) -> Any:
    found = _numbers(where, file, 2 if pattern else 3, sizes[2])
    places = found[:, :2]
    wrong = (places != np.floor(places)) | (places < 1) | (places > np.array(sizes[:2]))
    if wrong.any():
        got = found[np.flatnonzero(wrong.any(axis=1))[0], :2].tolist()
        raise KoubeiError(where, "row and column out of range", got=f"{got[0]:g} {got[1]:g}")
    first, second = (places[:, k].astype(np.int64) - 1 for k in (0, 1))
    return first, second, np.ones(len(found)) if pattern else found[:, 2]


def _dense(where: str, file: IO[bytes], sizes: list[int], symmetry: str) -> Any:
    """Column by column; of a symmetric matrix what is on and below the diagonal."""
    rows, columns = sizes
    lead = {"general": 0, "symmetric": 0, "skew-symmetric": 1}[symmetry]
    wanted = rows * columns
    if symmetry != "general":
        wanted = rows * (rows + 1 - 2 * lead) // 2
    values = _numbers(where, file, 1, wanted)[:, 0]
    if symmetry == "general":
        place = np.arange(wanted)
        second, first = place // max(rows, 1), place % max(rows, 1)
    else:
        second, first = np.triu_indices(rows, lead)
    kept = values != 0.0
    return first[kept], second[kept], values[kept]
