"""What a table of cells may be besides a list of edges, and cells themselves.

A matrix, a list of neighbours, a column that may be weights or times: refused with the option or
the call that settles it, never guessed.  Called by `column_roles` and `layout`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from koubei_sim.errors import KoubeiError

DATED = re.compile(r"\d{4}-\d\d-\d\d")
WHOLE = re.compile(r"(?:0|[1-9][0-9]*)\Z")


def split(lines: Sequence[str], separator: str, quoted: bool) -> list[list[str]]:
    """Cut lines into cells; blanks around cells that are not in quotes go."""
    if not quoted:
        if separator == " ":
            return [re.split(r"[ \t]+", line.strip(" \t\r\n")) for line in lines]
        return [
            [cell.strip(" \t") for cell in line.strip(" \r\n").split(separator)] for line in lines
        ]
    if separator == " ":
        lines = [re.sub(r"[ \t]+", " ", line.strip(" \t\r\n")) for line in lines]
    # Blanks around cells go, those in quotes stay.
    around = rf'("(?:[^"]|"")*")|[ \t]*{re.escape(separator)}[ \t]*'
    if separator != " ":
        lines = [
            re.sub(around, lambda found: found[1] or separator, line.strip(" \r\n"))
            for line in lines
        ]
    try:
        return [row for row in csv.reader(lines, delimiter=separator, strict=True) if row]
    except csv.Error:
        return split(lines, separator, False)


def is_number(cell: str) -> bool:
    """Whether a cell holds a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def cell_of(row: Sequence[str], place: int) -> str:
    """A cell of a row, empty where the row is too short."""
    return row[place] if place < len(row) else ""


def refuse_matrix(path: Path, rows: list[list[str]], separator: str) -> None:
    """Refuse a square table of numbers, with names or without: it is a matrix of ties."""
    first = rows[0]
    size = len(first)
    if size < 3:
        return
    named = not first[0] or not is_number(first[1])
    if named and first[1:] == [row[0] for row in rows[1:]]:
        how = repr(r"\s+" if separator == " " else separator)
        raise KoubeiError(
            str(path),
            "a matrix with names, not a list of edges",
            got=f"{size - 1} rows of {size - 1}",
            fix=f"as_network(networkx.from_pandas_adjacency(pandas.read_csv(path, sep={how}, "
            "index_col=0, skipinitialspace=True).rename(str), networkx.DiGraph))",
        )
    if len(rows) != size or any(len(row) != size for row in rows):
        return
    if not all(is_number(cell) for row in rows for cell in row):
        return
    if size == 3 and any(float(rows[at][at]) != 0 for at in range(3)):
        return
    how = "path" if separator == " " else f"path, delimiter={separator!r}"
    raise KoubeiError(
        str(path),
        "could be a matrix, not a list of edges",
        got=f"{size} rows of {size} numbers",
        fix=f"as_network(scipy.sparse.csr_array(numpy.loadtxt({how}))) if it is one, or columns=",
    )


def refuse_doubtful_third(rows: list[list[str]], where: str) -> None:
    """Refuse a third column that may be something else than a weight."""
    thirds = [cell_of(row, 2) for row in rows]
    if not all(is_number(cell) for cell in thirds):
        if not is_number(thirds[0]):
            raise KoubeiError(
                where,
                "the third column is no number, so no weight",
                got=thirds[0],
                fix="columns='source target'",
            )
        return
    values = [float(cell) for cell in thirds]
    fix = "columns='source target weight', or columns='source target time' (read_contacts)"
    whole = all(value.is_integer() for value in values)
    rising = all(a <= b for a, b in pairwise(values))
    if whole and (
        min(values) >= 1e8
        or (rising and len(set(values)) >= 5 and values[-1] >= 1000 and values[-1] != values[0])
    ):
        raise KoubeiError(
            where, "the third column could be weights or times", got=thirds[0], fix=fix
        )
    firsts = [cell_of(row, 0) for row in rows]
    seconds = {cell_of(row, 1) for row in rows}
    if not all(WHOLE.match(cell) for cell in (*firsts, *seconds, *thirds)) or len(rows) < 3:
        return
    numbers = [int(cell) for cell in firsts]
    one_each = [a + 1 for a in numbers[:-1]] == numbers[1:]
    if (
        one_each
        and (seconds | set(thirds)) <= set(firsts)
        and all(row[0] != row[1] and row[0] != row[2] and row[1] != row[2] for row in rows)
    ):
        raise KoubeiError(
            where,
            "could be a list of neighbours (one line for each person), or edges with weights",
            got=" ".join(rows[0]),
            fix="as_network(networkx.read_adjlist(path)) or columns='source target weight'",
        )
    if len(rows) >= 3 and _time_like(rows):
        raise KoubeiError(
            where,
            "the first column could be times",
            got=" ".join(rows[0]),
            fix="columns='time source target' or columns='source target weight'",
        )


def refuse_sign_between(rows: list[list[str]], where: str) -> None:
    """Refuse lines such as ``anna -> bert`` or ``1 - 2``: the sign is nobody."""
    seconds = {cell_of(row, 1) for row in rows}
    sign = seconds.pop()
    if not seconds and sign and not any(letter.isalnum() for letter in sign) and len(rows[0]) > 2:
        raise KoubeiError(
            where, "the second column is the same sign on every line", got=sign,
            fix="columns='source _ target' to pass over it",
        )  # fmt: skip


def _rises(values: list[float]) -> bool:
    return all(a <= b for a, b in pairwise(values)) and values[0] != values[-1]


def _shared(one: set[str], other: set[str]) -> bool:
    """Whether two columns name the same people: a good part of their values is in both."""
    return len(one & other) >= 0.2 * max(len(one), len(other))


def _time_like(rows: list[list[str]]) -> bool:
    """Whether the first column rises and holds hardly any of the ids that the next two share."""
    first = [cell_of(row, 0) for row in rows]
    if not all(is_number(cell) for cell in first) or not _rises([float(cell) for cell in first]):
        return False
    one, two, three = ({cell_of(row, at) for row in rows} for at in range(3))
    return _shared(two, three) and len(one & (two | three)) <= 0.25 * len(one)


def starts_with_time(rows: list[list[str]], where: str, cells: int) -> bool:
    """Whether contacts stand as time, source, target (SocioPatterns); refuse if in doubt."""
    if len(rows) < 2 or any(len(row) < 3 for row in rows[:-1]):
        return False
    if (
        cells == 5
        and not any(is_number(cell_of(row, 3)) for row in rows)
        and all(is_number(cell) for row in rows for cell in row[:1])
    ):
        return True
    first, third = ([cell_of(row, at) for row in rows] for at in (0, 2))
    if not all(is_number(cell) for cell in first):
        return False
    rises = _rises([float(cell) for cell in first])
    if not all(is_number(cell) for cell in third):
        return rises and not any(is_number(cell) or DATED.match(cell) for cell in third)
    if not rises or not all(float(cell).is_integer() for cell in third):
        return False
    one, two, three = ({cell_of(row, at) for row in rows} for at in range(3))
    if _shared(one, two) != _shared(two, three):  # who stands in both columns of people
        return _shared(two, three)
    if _shared(one, two) and _rises([float(cell) for cell in third]):
        return False  # as the order of the columns usually is
    raise KoubeiError(
        where,
        "the times could stand first or last",
        got=" ".join(rows[0]),
        fix="columns='time source target' or columns='source target time'",
    )
