"""`read_contacts`: contacts with time stamps from a file.

Called by people; reuses the readers of `read_network` column by column.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.files.graph_files import FORMATS
from koubei_sim.networks.files.readers import (
    Columns,
    asked_of,
    checked_file,
    numbered,
    read_edges,
    suffix_of,
)
from koubei_sim.networks.files.table_edges import CONTACT
from koubei_sim.networks.temporal import TemporalNetwork, refuse_days


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
    columns: Columns | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    comment: str | None = None,
) -> TemporalNetwork:
    """Read contacts from a file; the word of the source reaches the target at that time.

    Parameters
    ----------
    path : str or Path
        Text or parquet as for `read_network`.  Text without a header holds lines
        ``source target time``, perhaps with a weight, or ``time source target`` where the ids
        show it (SocioPatterns), or the columns of KONECT where its header is there.
    directed : bool, optional
        None: what the file says (a comment ``# directed: false``), else True.
    n : int, optional
        Number of people, where ids are their numbers.
    source, target, time, weight : str or int, optional
        Columns by name; found by themselves where usual (those of `read_network`, and time, t,
        timestamp, when, created_at, ...).  For text without a header: the numbers of the columns,
        from 0 (source, target and time together); further columns are passed over.
    ids, columns, header, encoding, separator, comment
        As for `read_network`; ``columns="time source target"``.

    Returns
    -------
    TemporalNetwork
        Times that a table holds as dates become seconds since the start of 1970.

    Raises
    ------
    KoubeiError
        Missing, empty or unknown file; a line or column that is wrong.
    """
    path = checked_file(path)
    if directed is not None:
        directed = checks.yes_no("directed", directed)
    if (suffix := suffix_of(path)) in FORMATS:
        raise KoubeiError(
            str(path),
            f"contacts are not read from {suffix} files",
            allowed="text, .csv, .parquet",
        )
    given = {"source": source, "target": target, "time": time, "weight": weight}
    asked = asked_of(columns, given, header, encoding, separator, comment, ids)
    found = read_edges(path, CONTACT, asked)
    src, dst, people, labels, note = numbered(path, found, n)
    mutual = directed is False or (directed is None and found.directed is False)
    assert found.time is not None  # the readers refuse contacts without times
    refuse_days(found.time, str(path), "dates written like 2012-08-31")
    try:
        contacts = TemporalNetwork.from_contacts(
            src, dst, found.time, people, not mutual, labels, found.weight
        )
    except KoubeiError as error:
        raise error.within(f"{path}: ") from None
    if found.dates:
        note += (
            f"; times are dates {'of their time zones' if found.dates == 'zoned' else 'as written'}"
        )
        return replace(contacts, notes={**contacts.notes, "read": note, "dates": found.dates})
    return replace(contacts, notes={**contacts.notes, "read": note})
