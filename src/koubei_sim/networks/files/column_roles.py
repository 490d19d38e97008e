"""What each column of a text file is: its name, its role, and what kind of ids it holds.

What may be two things is refused, with what to say.  Called by `layout` and `text_edges`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.files.table_edges import (
    CALLED,
    CONTACT,
    EDGE,
    SOURCE_NAMES,
    TARGET_NAMES,
    USUAL,
    chosen_columns,
)

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


_WHOLE_FLOAT = re.compile(r"(?:0|[1-9][0-9]*)\.0*\Z")
_ZEROS = re.compile(r"0[0-9]+\Z")
_NUMERIC = re.compile(r"[+-]?[0-9]*\.?[0-9]+\.?(?:e[+-]?[0-9]+)?\Z", re.I)
# Words that stand over a column of people, though they do not say which end it is.
_HEADING = re.compile(
    r"(?:ego|alter|users?|friends?|follow(?:er|ee|ing|ed)|person|people|nodes?|vertex|name|id|whom?"
    r"|actor|author|parent|child|head|tail|start|end|(?:person|user|node)_?[ab]|[abxy])\Z",
    re.I,
)


class Asked(NamedTuple):
    """What the caller says about a file; None where it is to be found out."""

    columns: Mapping[str, str | int]  # role -> name of a column, or its place from 0
    by_place: bool = False  # given as `columns=`, so that places may be used beside a header
    header: bool | None = None
    encoding: str | None = None
    separator: str | None = None
    comment: str | None = None
    ids: str = "auto"


def asked_columns(
    columns: str | Sequence[str | None] | Mapping[str, str | int] | None,
    given: Mapping[str, str | int | None],
) -> tuple[dict[str, str | int], bool]:
    """Return role -> name or place, from `columns=` or from `source=`, `target=`, ...; check them.

    Examples
    --------
    >>> asked_columns("time source target", {})
    ({'time': 0, 'source': 1, 'target': 2}, True)
    """
    chosen: dict[str, Any] = {role: name for role, name in given.items() if name is not None}
    allowed = "source, target, weight, time, _ for one to pass over"
    if columns is not None:
        if chosen:
            raise KoubeiError("columns", f"given beside {', '.join(chosen)}", fix="one of the two")
        if isinstance(columns, str):
            columns = columns.replace(",", " ").split()
        if isinstance(columns, Mapping):
            chosen = dict(columns)
        elif isinstance(columns, (list, tuple)):
            named = [(role, at) for at, role in enumerate(columns) if role not in ("_", "-", None)]
            chosen = dict(named)  # type: ignore[arg-type]
            if len(chosen) < len(named):
                raise KoubeiError("columns", "two are the same", got=repr(columns))
        else:
            raise KoubeiError("columns", "not names", got=repr(columns), allowed=allowed)
        for role in chosen:
            if role not in USUAL:
                fix = "columns={'source': 'name', 'target': 'name'} for names in the file"
                raise KoubeiError("columns", "unknown", got=repr(role), allowed=allowed, fix=fix)
        for role in ("source", "target"):
            if role not in chosen:
                raise KoubeiError("columns", f"no {role} among them", got=repr(columns))
    for role, name in chosen.items():
        if not isinstance(name, str):
            chosen[role] = checks.whole(role, name)
    if len(set(chosen.values())) < len(chosen):
        raise KoubeiError("columns", "two are the same", got=str(chosen))
    return chosen, columns is not None


def names_ends(names: Sequence[str]) -> bool:
    """Whether a source and a target are among the names of columns."""
    lower = {name.strip().lower() for name in names}
    return not lower.isdisjoint(SOURCE_NAMES) and not lower.isdisjoint(TARGET_NAMES)


def header_of(
    path: Path,
    rows: list[list[str]],
    asked: Asked,
    separator: str,
    from_remark: tuple[str, ...],
) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return the names of the columns (none: no header) and the rows below them."""
    first, below = rows[0], rows[1:]
    header = tuple(cell.strip() for cell in first)
    named = [role for role, name in asked.columns.items() if isinstance(name, str)]
    if asked.header is not None:
        checks.yes_no("header", asked.header)
        if not asked.header and named:
            raise KoubeiError(
                named[0],
                "a name, but header=False",
                got=repr(asked.columns[named[0]]),
                fix="columns='source target' in the order of the columns",
            )
        return (header, below) if asked.header else ((), rows)
    if from_remark and not names_ends(first):
        return from_remark, rows
    if names_ends(first):
        return header, below
    if any(is_number(cell) for cell in first):
        if named:
            raise KoubeiError(
                named[0],
                "this file has no header",
                got=asked.columns[named[0]],
                allowed="a column's number, from 0",
            )
        return (), rows
    if named:
        return header, below
    if below and all(len(row) > 1 and all(is_number(cell) for cell in row[:2]) for row in below):
        return header, below
    later = {cell for row in below for cell in row}
    if not later.isdisjoint(first):
        return (), rows
    if separator != " " or all(map(_HEADING.match, first[:2])):
        raise KoubeiError(
            str(path),
            "the first line names no source and target column",
            got=separator.join(first),
            fix="header=False if it is an edge, or header=True and columns='source target' "
            "in the order of the columns",
        )
    return (), rows


def places_of(
    path: Path,
    line: int,
    konect: str | None,
    rows: list[list[str]],
    header: tuple[str, ...],
    cells: int,
    wanted: tuple[str, ...],
    asked: Asked,
) -> tuple[dict[str, int], str]:
    """Say which cell of a line is the source, the target, ...; and how that was found."""
    given = dict(asked.columns)
    where = f"{path}, line {line}"
    number = next((role for role, name in given.items() if not isinstance(name, str)), None)
    if header and number is not None and not asked.by_place:
        raise KoubeiError(
            number,
            "this file has a header",
            got=given[number],
            allowed="a column's name",
            fix="columns= for places of columns",
        )
    if header and not (given and all(isinstance(name, int) for name in given.values())):
        return _by_name(path, list(header), given, cells, wanted)
    if given:
        return _by_number(where, given, cells, wanted), ""
    return _by_order(where, konect, rows, cells, wanted)


def _by_name(
    path: Path,
    names: list[str],
    given: Mapping[str, str | int],
    cells: int,
    wanted: tuple[str, ...],
) -> tuple[dict[str, int], str]:
    """Take columns by the names in the header: those given, else the usual ones."""
    by_name = {
        role: name if isinstance(name, str) else cell_of(names, name)
        for role, name in given.items()
        if role in wanted
    }
    try:
        chosen = chosen_columns(str(path), names, wanted, by_name)
    except KoubeiError as error:
        if not re.match("no (?!such)\\w+ column", error.what):
            raise
        raise _column_missing(error, names, wanted, cells) from None
    for name in chosen.values():
        if names.count(name) > 1:
            raise KoubeiError(
                str(path),
                "two columns have the same name",
                got=name,
                fix="columns= with their roles in order",
            )
    told = ", ".join(f"{role} {name!r}" for role, name in chosen.items())
    rest = [name for name in names if name not in chosen.values() and name.lower() != "type"]
    if any(rest):
        told += "; passed over: " + ", ".join(repr(name) for name in rest if name)
    return {role: names.index(name) for role, name in chosen.items()}, f"columns: {told}"


def _by_number(
    where: str, given: Mapping[str, str | int], cells: int, wanted: tuple[str, ...]
) -> dict[str, int]:
    """Take columns by the places given."""
    numbers = {role: int(place) for role, place in given.items()}
    if not set(wanted[:-1]) <= set(numbers):
        raise KoubeiError(
            "columns", "some are not said", got=str(given), allowed=" and ".join(wanted[:-1])
        )
    if max(numbers.values()) >= cells:
        raise KoubeiError(
            where,
            f"not {CALLED[wanted]}",
            got=f"{cells} columns",
            allowed=f"{max(numbers.values()) + 1} or more",
        )
    return {role: place for role, place in numbers.items() if role in wanted}


def _by_order(
    where: str, konect: str | None, rows: list[list[str]], cells: int, wanted: tuple[str, ...]
) -> tuple[dict[str, int], str]:
    """Take columns by the order that is usual, where their content does not speak against it."""
    order = " ".join(wanted[:-1])
    usable = cells
    while usable > 2 and all(not cell_of(row, usable - 1) for row in rows):
        usable -= 1  # separators at the ends of lines
    if konect is not None and wanted == CONTACT and usable == 4:
        return dict(zip(("source", "target", "weight", "time"), range(4))), "columns as in KONECT"
    if konect is not None and wanted == EDGE and usable in (3, 4):
        weighted = konect != "unweighted"
        roles: tuple[str, ...] = EDGE if weighted else EDGE[:2]
        told = f"{usable} columns as in KONECT: source, target, weight" + (
            ", time (passed over)" if usable == 4 else ""
        )
        return dict(zip(roles, range(3))), told
    if wanted == CONTACT and usable >= 3 and starts_with_time(rows, where, usable):
        return {"time": 0, "source": 1, "target": 2}, f"{usable} columns as time, source, target"
    if usable not in (len(wanted) - 1, len(wanted)):
        fix = None
        if usable > len(wanted):
            fix = f"columns='{order}' for the first of them, _ for one to pass over"
        raise KoubeiError(
            where,
            f"not {CALLED[wanted]}",
            got=f"{usable} columns",
            allowed=f"{order}, or {' '.join(wanted)}",
            fix=fix,
        )
    refuse_sign_between(rows, where)
    if wanted == EDGE and usable == 3:
        refuse_doubtful_third(rows, where)
    roles = wanted[:usable]
    told = f"{usable} columns as {', '.join(roles)}"
    if not any(is_number(cell) for cell in rows[0]):
        told += "; no header"
    return dict(zip(roles, range(usable))), told


def _column_missing(
    error: KoubeiError, names: list[str], wanted: tuple[str, ...], cells: int
) -> KoubeiError:
    role = error.what.split()[1]
    used = {name for name in names if name.strip().lower() in {w for r in wanted if r != role
            for w in USUAL[r]}}  # fmt: skip
    rest = [name for name in names if name not in used]
    fix = f"{role}= with the name of the one that is meant"
    if role == "time" and not rest:
        fix = "read_network if there are no times"
    elif role == "time" and len(rest) == 1:
        fix = f"time='{rest[0]}'"
    elif role in ("source", "target") and len(rest) == cells == len(wanted) - 1:
        fix = f"columns='{' '.join(wanted[:-1])}' if that is their order"
    return KoubeiError(error.where, error.what, got=error.got, fix=fix)


def kind_of_ids(ends: list[str], ids: str, marked: str) -> tuple[bool, bool, str]:
    """Return whether ids are text, whether they are written like 1.0, and a remark."""
    if ids != "auto":
        return ids == "text", any(map(_WHOLE_FLOAT.match, ends)), ""
    if marked:
        return True, False, marked
    if not ends:
        return False, False, ""
    if not all(map(_NUMERIC.match, ends[:2])):
        return True, False, ""
    if any(map(_ZEROS.match, ends)):
        return True, False, "ids with leading zeros are text"
    if any(WHOLE.match(cell) and int(cell) >= 2**63 for cell in ends):
        return True, False, "ids of more than 63 bits are text"
    if any(map(_WHOLE_FLOAT.match, ends)):
        return False, True, "ids written like 1.0 are whole numbers"
    return False, False, ""
