"""`read_network`, `read_contacts`: graphs from files in the formats in which they go round.

Ids of any kind become the numbers 0..n-1; where they were something else, they are kept as
labels.  Wrong files are refused in one line with the file and, for text, the line.  `find_data`
says where real graphs lie: the library ships none, and tests and experiments ask here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.networks import edges, labelling
from koubei_sim.networks.files import graph_files
from koubei_sim.networks.files.column_roles import Asked, asked_columns
from koubei_sim.networks.files.table_edges import CONTACT, EDGE, Edges, read_parquet
from koubei_sim.networks.files.text_edges import read_text
from koubei_sim.networks.network import Network
from koubei_sim.networks.temporal import TemporalNetwork, refuse_days

Columns = str | Sequence[str | None] | Mapping[str, str | int]


def read_network(
    path: str | Path,
    directed: bool | None = None,
    *,
    n: int | None = None,
    source: str | int | None = None,
    target: str | int | None = None,
    weight: str | int | None = None,
    ids: Literal["auto", "integer", "text"] = "auto",
    self_loops: Literal["drop", "error"] = "drop",
    parallel: Literal["merge", "keep", "error"] = "merge",
    name: str | None = None,
    columns: Columns | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    comment: str | None = None,
    merge: str | None = None,
) -> Network:
    r"""Read a graph from a file; the word of the source reaches the target.

    Parameters
    ----------
    path : str or Path
        ``.parquet .graphml .gexf .gml .net`` (Pajek) ``.graph .metis .mtx`` are read as what
        they are; any other text is an edge list, one edge a line, whatever its suffix: ids
        separated by commas, semicolons, tabs or blanks, perhaps a weight, perhaps a header,
        comment lines with ``#`` or ``%``.  Packed text (gzip, bzip2, xz) is unpacked.
    directed : bool, optional
        None: what the file says (a comment ``# directed: true``, the headers of SNAP and KONECT,
        Gephi's column Type, GraphML, the marks of `write_network`), else False.
    n : int, optional
        Number of people, where ids are their numbers.  None: what the file says
        (``# nodes: 10``), else ids are numbers of people only where all of 0..n-1 occur.
    source, target, weight : str or int, optional
        Columns by name (by number from 0 in text without a header); found by themselves where
        usual (source, src, from, u / target, dst, to, v / weight, w).  For GraphML and the like
        `weight` is the attribute of the edges.
    ids : {"auto", "integer", "text"}
        auto: numbers where the first edge has numbers and none begins with a zero ('01' is not
        1).  Numbers with gaps, like text, are numbered in ascending order and kept as labels.
    self_loops, parallel : str
        As for `Network.from_edges`.
    name : str, optional
        Name of the layer; the stem of the file name where not given.
    columns : str, list or mapping, optional
        Roles of the columns in order, ``"source target _ weight"`` (``_``: passed over), or role
        to name or number from 0, ``{"source": "who", "target": "whom"}``.
    header : bool, optional
        Whether the first line names the columns; None: found out.
    encoding : str, optional
        Of text; None: by its mark, else UTF-8, else GB18030.
    separator : str, optional
        One of ``"," ";" "\t"`` and ``" "`` (any blanks); None: found out.
    comment : str, optional
        Signs that begin comment lines, ``""`` for none; None: ``#`` and ``%``, where that is clear.
    merge : str, optional
        As for `Network.from_edges`.

    Returns
    -------
    Network
        One layer.  In a mutual graph lines ``u v`` and ``v u`` are one tie.  Its
        ``notes["read"]`` tells what was guessed.

    Raises
    ------
    KoubeiError
        Missing, empty or unknown file; a line or column that is wrong, or may be two things.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "friends.csv"
    >>> _ = file.write_text("who,whom\nanna,bert\nbert,carla\n")
    >>> net = read_network(file, columns={"source": "who", "target": "whom"})
    >>> net.labels.tolist(), net.notes["read"]
    (['anna', 'bert', 'carla'], "columns: source 'who', target 'whom'")
    """
    path = checked_file(path)
    if directed is not None:
        directed = checks.yes_no("directed", directed)
    layer = _stem(path) if name is None else name
    given = {"source": source, "target": target, "weight": weight}
    if (suffix := suffix_of(path)) in graph_files.FORMATS:
        _only_for_text(suffix, {**given, "weight": None, "columns": columns, "header": header,
                                "encoding": encoding, "separator": separator,
                                "comment": comment, "merge": merge})  # fmt: skip
        checks.word("ids", ids, ("auto", "integer", "text"))
        network = graph_files.read_graph(
            path, suffix, directed, None if weight is None else str(weight), ids, layer
        )
        if n is not None and n != network.n_nodes:
            raise KoubeiError("n", "differs from the file", got=n, allowed=str(network.n_nodes))
        return network
    asked = asked_of(columns, given, header, encoding, separator, comment, ids)
    found = read_edges(path, EDGE, asked)
    src, dst, n, labels, note = numbered(path, found, n)
    mutual_or_not = bool(found.directed) if directed is None else directed
    try:
        network = Network.from_edges(
            src,
            dst,
            n,
            found.weight,
            mutual_or_not,
            labels,
            self_loops,
            parallel,
            layer,
            merge=merge,
        )
    except KoubeiError as error:
        raise error.within(f"{path}: ") from None
    if found.counts is not None and found.counts != (network.n_nodes, found.src.size):
        note += (
            f"; the file says {found.counts[0]:,} people and {found.counts[1]:,} edges, "
            f"{network.n_nodes:,} and {found.src.size:,} are there"
        )
    return replace(network, notes={**network.notes, "read": note})


def asked_of(
    columns: Columns | None,
    given: Mapping[str, str | int | None],
    header: bool | None,
    encoding: str | None,
    separator: str | None,
    comment: str | None,
    ids: str,
) -> Asked:
    """Check what the caller says about a text file."""
    chosen, by_place = asked_columns(columns, given)
    checks.word("ids", ids, ("auto", "integer", "text"))
    if header is not None:
        header = checks.yes_no("header", header)
    if encoding is not None:
        checks.decoded("encoding", b"", encoding)
    if separator is not None:
        checks.word("separator", separator, (",", ";", "\t", " "))
    if comment is not None and not (isinstance(comment, str) and comment.isascii()):
        raise KoubeiError("comment", "not signs", got=repr(comment), allowed="'#', '%', '#%', ''")
    return Asked(chosen, by_place, header, encoding, separator, comment, ids)


def checked_file(path: object) -> Path:
    """Return the path of a file that can be read; refuse missing, empty and foreign ones."""
    found = checks.path("path", path)
    try:
        if not found.exists():
            raise KoubeiError(str(found), "no such file", fix=_near_file(found))
        if found.is_dir():
            raise KoubeiError(str(found), "a folder, not a file")
        graph_files.refuse_elsewhere(found)
        if found.stat().st_size == 0:
            raise KoubeiError(str(found), "empty file")
        if not os.access(found, os.R_OK):
            raise KoubeiError(str(found), "cannot be read (permission denied)")
    except OSError as error:  # a name that is too long, a folder that is shut
        raise KoubeiError(str(found), f"cannot be read ({error.strerror})") from None
    return found


def read_edges(path: Path, wanted: tuple[str, ...], asked: Asked) -> Edges:
    """Read text or parquet by the kind of the file; ids are text or whole numbers."""
    if suffix_of(path) == ".parquet":
        _only_for_text(
            ".parquet",
            {
                "header": asked.header,
                "encoding": asked.encoding,
                "separator": asked.separator,
                "comment": asked.comment,
            },
        )
        found = read_parquet(path, wanted, asked.columns)
    else:
        found = read_text(path, wanted, asked)
    if asked.ids == "text" and found.src.dtype.kind != "U":
        labels = None if found.labels is None else found.labels.astype(np.str_)
        found = found._replace(
            src=found.src.astype(np.str_), dst=found.dst.astype(np.str_), labels=labels
        )
    if asked.ids == "integer" and found.src.dtype.kind == "U":
        raise KoubeiError(
            str(path), "ids are not whole numbers", got=str(found.src[0]), fix="ids='text'"
        )
    return found


def _only_for_text(suffix: str, given: Mapping[str, object]) -> None:
    for option, value in given.items():
        if value is not None:
            raise KoubeiError(option, f"not for {suffix} files", got=repr(value))


def numbered(
    path: Path, found: Edges, n: int | None
) -> tuple[NDArray[Any], NDArray[Any], int | None, NDArray[Any] | None, str]:
    """Decide whether ids are numbers of people or names; return (src, dst, n, labels, note).

    Nobody is made up: numbers are those of people where all of 0..n-1 occur, or where the caller
    or the file says how many there are.
    """
    src, dst, labels, told = found.src, found.dst, found.labels, ""
    given = n if n is not None else found.n
    if given is not None:
        given = edges.checked_count(given, "n" if n is not None else f"{path}: nodes")
    if labels is None and found.alone is not None:
        src, dst, labels = _with_alone(src, dst, found.alone)
        if np.array_equal(labels, np.arange(labels.size)):
            given, labels = given or labels.size, None
    elif labels is not None:
        known = Network.from_edges([], [], n=labels.size, labels=labels)
        src, dst = known.index_of(src), known.index_of(dst)
    elif src.dtype.kind == "U":
        src, dst, labels = labelling.number_labels(src, dst)
    elif src.size:
        src, dst, labels, told = _compact(path, src, dst, n, found.n)
    elif given is None:
        raise KoubeiError(str(path), "no edges in it")
    if labels is not None and given is not None and given != labels.size:
        raise KoubeiError(
            "n", "differs from the people named in the file", got=given, allowed=str(labels.size)
        )
    return src, dst, given, labels, "; ".join(part for part in (found.note, told) if part)


def _compact(
    path: Path, src: NDArray[Any], dst: NDArray[Any], n: int | None, said: int | None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None, str]:
    """Take whole numbers as rows where they can be, else as labels: (src, dst, labels, note)."""
    low, high = min(int(src.min()), int(dst.min())), max(int(src.max()), int(dst.max()))
    if low < 0:
        raise KoubeiError(str(path), "negative id", got=low, allowed="0 or more", fix="ids='text'")
    if n is not None or (labelling.all_occur(src, dst) if said is None else high < said):
        return src, dst, None, ""
    src, dst, labels = labelling.number_labels(src, dst)
    if said is not None and said != labels.size:
        raise KoubeiError(
            str(path),
            "its comment tells another number of people than its ids",
            got=f"nodes: {said}, largest id {high}",
            fix=f"n={high + 1}",
        )
    return src, dst, labels, labelling.told(labels)


def _with_alone(
    src: NDArray[Any], dst: NDArray[Any], alone: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Number ids with those of people without ties; in their order if they list everybody."""
    first, second, labels = labelling.number_labels(
        np.concatenate((src, alone)), np.concatenate((dst, alone))
    )
    first, second = first[: src.size], second[: src.size]
    if alone.size == labels.size and not np.array_equal(alone, labels):
        place = np.empty(labels.size, dtype=np.int64)
        place[np.searchsorted(labels, alone)] = np.arange(labels.size)
        first, second, labels = place[first], place[second], alone
    return first, second, labels


def suffix_of(path: Path) -> str:
    """Return the suffix that says what kind of file it is, by its content where that says so."""
    name = path.name.lower()
    if (known := graph_files.kind_by_content(path)) is not None:
        return known
    for packed in (".gz", ".bz2", ".xz"):
        name = name.removesuffix(packed)
    for suffix in (".parquet", *graph_files.FORMATS):
        if name.endswith(suffix):
            if suffix == ".parquet" and name != path.name.lower():
                raise KoubeiError(str(path), "a packed parquet file", fix="unpacking it first")
            return suffix
    return ".txt"


def _stem(path: Path) -> str:
    return path.name.split(".")[0] or "ties"


def _near_file(path: Path) -> str | None:
    if path.parent.is_dir():
        return nearest(path.name, (entry.name for entry in path.parent.iterdir()))
    return None


def read_contacts(
    path: str | Path,
    directed: bool | None = None,
    *,
    n: int | None = None,
    source: str | int | None = None,
    target: str | int | None = None,
    time: str | int | None = None,
    weight: str | int | None = None,
    ids: Literal["auto", "integer", "text"] = "auto",
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
    if (suffix := suffix_of(path)) in graph_files.FORMATS:
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


def find_data(name: str) -> Path:
    """Return the path of a data file.

    Looked in, in this order: the folder named by the environment variable ``KOUBEI_DATA``; then
    ``../shared/data`` and ``shared/data`` beside the current folder and beside the root of the
    checkout (the nearest folder above this file, or above the current one, with a
    ``pyproject.toml``).

    Parameters
    ----------
    name : str
        File name, such as ``"wiki_vote.edges.gz"``.

    Raises
    ------
    KoubeiError
        If it is in none of them; the message names the folders.
    """
    folders = _folders()
    for folder in folders:
        path = folder / name
        if path.is_file():
            return path
    near = None
    for folder in folders:
        if folder.is_dir():
            near = near or nearest(name, (entry.name for entry in folder.iterdir()))
    looked = "; ".join(str(folder) for folder in folders)
    raise KoubeiError(
        name,
        f"no such data file, looked in {looked}",
        fix=near or "KOUBEI_DATA=folder in the environment",
    )


def data_folder() -> Path | None:
    """Return the first of the folders of `find_data` that exists, or None."""
    return next((folder for folder in _folders() if folder.is_dir()), None)


def _folders() -> list[Path]:
    found: list[Path] = []
    named = os.environ.get("KOUBEI_DATA")
    if named:
        found.append(Path(named))
    roots = [Path.cwd()]
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            if (folder / "pyproject.toml").is_file():
                roots.append(folder)
                break
    for root in roots:
        found += [root.parent / "shared" / "data", root / "shared" / "data"]
    return list(dict.fromkeys(found))
