"""`read_contacts`: contacts with time stamps from a file.

Called by people; reuses the readers of `read_network` column by column.
"""

from __future__ import annotations

from pathlib import Path

from koubei_sim.errors import KoubeiError
from koubei_sim.networks.readers import (
    SUFFIXES,
    by_header,
    checked_options,
    numbered,
    read_edges,
    suffix_of,
)
from koubei_sim.networks.temporal import TemporalNetwork
from koubei_sim.networks.text_edges import CONTACT


def read_contacts(
    path: str | Path,
    directed: bool | None = None,
    *,
    n: int | None = None,
    source: str | int | None = None,
    target: str | int | None = None,
    time: str | int | None = None,
    weight: str | int | None = None,
    ids: str = "auto",
) -> TemporalNetwork:
    """Read contacts from a file; the word of the source reaches the target at that time.

    Parameters
    ----------
    path : str or Path
        The kinds of file of `read_network` but GraphML.  Text without a header holds lines
        ``source target time``, perhaps with a weight.
    directed : bool, optional
        None: what the file says (a comment ``# directed: false``), else True.
    n : int, optional
        Number of people, where ids are their numbers.
    source, target, time, weight : str or int, optional
        Names of the columns of CSV and parquet; found by themselves where usual (those of
        `read_network`, and time, t, timestamp, when, time_s).  For text without a header: the
        numbers of the columns, from 0 (source, target and time together); further columns are
        passed over.
    ids : {"auto", "integer", "text"}
        As for `read_network`.

    Returns
    -------
    TemporalNetwork
        Times that a table holds as dates become seconds since the start of 1970.

    Raises
    ------
    KoubeiError
        Missing, empty or unknown file; a line or column that is wrong.
    """
    path = Path(path)
    checked_options(path, ids, directed)
    if suffix_of(path) == ".graphml":
        raise KoubeiError(
            str(path),
            "contacts are not read from GraphML",
            allowed=" ".join(suffix for suffix in SUFFIXES if suffix != ".graphml"),
        )
    given = {"source": source, "target": target, "time": time, "weight": weight}
    _check_columns(path, given)
    found = read_edges(path, CONTACT, given, ids)
    src, dst, people, labels = numbered(path, found, n)
    mutual = directed is False or (directed is None and found.directed is False)
    assert found.time is not None  # the readers refuse contacts without times
    try:
        return TemporalNetwork.from_contacts(
            src, dst, found.time, people, not mutual, labels, found.weight
        )
    except KoubeiError as error:
        raise KoubeiError(
            f"{path}: {error.where}",
            error.what,
            got=error.got,
            allowed=error.allowed,
            fix=error.fix,
        ) from None


def _check_columns(path: Path, given: dict[str, str | int | None]) -> None:
    """Refuse numbers of columns where names are needed, half of them, or two the same."""
    chosen = {role: name for role, name in given.items() if name is not None}
    if len(set(chosen.values())) < len(chosen):
        raise KoubeiError("columns", "two are the same", got=str(chosen))
    headed = by_header(path)
    for role, name in chosen.items():
        if headed and not isinstance(name, str):
            raise KoubeiError(role, "this file has a header", got=name, allowed="a column's name")
        if not headed and (isinstance(name, bool) or not isinstance(name, int) or name < 0):
            raise KoubeiError(
                role, "this file has no header", got=name, allowed="a column's number, from 0"
            )
    if chosen and not headed and not {"source", "target", "time"} <= set(chosen):
        raise KoubeiError(
            "columns", "some are not said", got=str(chosen), allowed="source, target and time"
        )
