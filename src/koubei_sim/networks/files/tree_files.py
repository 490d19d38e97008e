"""`write_tree`: a tree or forest of who convinced whom as GraphML or GEXF, for Gephi and others.

Written line by line from arrays, so that a million people need no graph object, and without date
or tool name, so that the same tree makes the same bytes.  Both formats are read by Gephi, networkx
and most graph programs; attributes become columns there.

Called by `koubei_sim.cascades.export`.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError

WRITABLE: Final = (".graphml", ".gexf")
#: numpy kind of a column -> type in GraphML, in GEXF.
_KINDS: Final = {
    "i": ("long", "long"),
    "u": ("long", "long"),
    "f": ("double", "double"),
    "U": ("string", "string"),
}
#: What XML 1.0 cannot hold, escaped or not.
ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LINES: Final = 10_000  # joined into one write


def write_tree(
    path: str | Path,
    nodes: Sequence[str] | NDArray[Any],
    above: NDArray[np.int64],
    attributes: Mapping[str, NDArray[Any]],
    labels: Sequence[str] | NDArray[Any] | None = None,
) -> Path:
    """Write a forest as a directed graph, edges from who convinced to who was convinced.

    Parameters
    ----------
    path : str or Path
        Suffix ``.graphml`` or ``.gexf``.
    nodes : (m,) sequence
        Identifiers, all different; written as text.
    above : (m,) int64
        Place of the parent of each node in `nodes`, -1 for a root.
    attributes : mapping of str to (m,) array
        Columns: whole numbers, floats or text.  Numbers that are not finite are left out.
    labels : (m,) sequence, optional
        What a drawing shows; the identifiers without it.

    Returns
    -------
    Path
        The file, written under a temporary name and renamed.

    Raises
    ------
    KoubeiError
        For another suffix, a missing folder, a full disk, or columns of other lengths.
    """
    path = Path(path).expanduser()
    kind = path.suffix.lower()
    if kind not in WRITABLE:
        raise KoubeiError(
            str(path), "unknown kind of file", got=kind or "no suffix", allowed=" ".join(WRITABLE)
        )
    columns = {name: np.asarray(values) for name, values in attributes.items()}
    for name, values in columns.items():
        if values.shape != (len(nodes),):
            raise KoubeiError(
                f"attributes.{name}", "wrong length", got=values.shape, allowed=f"({len(nodes)},)"
            )
        if values.dtype.kind not in _KINDS:
            raise KoubeiError(f"attributes.{name}", "wrong type", got=str(values.dtype))
    if not path.parent.is_dir():
        raise KoubeiError(str(path), "no such folder", got=str(path.parent))
    names = [quoteattr(_clean(node)) for node in nodes]
    shown = names if labels is None else [quoteattr(_clean(label)) for label in labels]
    lines = (_graphml if kind == ".graphml" else _gexf)(names, shown, above, columns)
    return _write(path, lines)


def _write(path: Path, lines: Iterator[str]) -> Path:
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=".part", dir=path.parent
        )
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            while part := list(islice(lines, _LINES)):
                file.write("\n".join(part) + "\n")
        mask = os.umask(0o022)  # mkstemp makes private files; give this one the usual rights
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            why = error.strerror or str(error)
            raise KoubeiError(str(path), f"cannot be written ({why})") from None
        raise
    return path


def _clean(text: object) -> str:
    return ILLEGAL.sub("\ufffd", str(text))


def _values(columns: Mapping[str, NDArray[Any]]) -> list[list[str | None]]:
    """The columns as text; None where a number is not finite."""
    found: list[list[str | None]] = []
    for values in columns.values():
        if values.dtype.kind == "f":
            found.append([repr(x) if np.isfinite(x) else None for x in values.tolist()])
        else:
            found.append([_clean(x) for x in values.tolist()])
    return found


def _graphml(
    names: list[str],
    shown: list[str],
    above: NDArray[np.int64],
    columns: Mapping[str, NDArray[Any]],
) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    yield '<key id="label" for="node" attr.name="label" attr.type="string"/>'
    for name, values in columns.items():
        title, kind = quoteattr(name), _KINDS[values.dtype.kind][0]
        yield f'<key id={title} for="node" attr.name={title} attr.type="{kind}"/>'
    yield '<graph edgedefault="directed">'
    titles = [quoteattr(name) for name in columns]
    for name, label, *row in zip(names, shown, *_values(columns)):
        data = "".join(
            f"<data key={title}>{escape(value)}</data>"
            for title, value in zip(titles, row)
            if value is not None
        )
        # `label` is quoted for an attribute, which is as good between tags without its quotes.
        yield f'<node id={name}><data key="label">{label[1:-1]}</data>{data}</node>'
    for place, parent in enumerate(above.tolist()):
        if parent >= 0:
            yield f"<edge source={names[parent]} target={names[place]}/>"
    yield "</graph>"
    yield "</graphml>"


def _gexf(
    names: list[str],
    shown: list[str],
    above: NDArray[np.int64],
    columns: Mapping[str, NDArray[Any]],
) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">'
    yield '<graph defaultedgetype="directed" mode="static">'
    yield '<attributes class="node" mode="static">'
    for number, (name, values) in enumerate(columns.items()):
        kind = _KINDS[values.dtype.kind][1]
        yield f'<attribute id="{number}" title={quoteattr(name)} type="{kind}"/>'
    yield "</attributes>"
    yield "<nodes>"
    for name, label, *row in zip(names, shown, *_values(columns)):
        data = "".join(
            f'<attvalue for="{number}" value={quoteattr(value)}/>'
            for number, value in enumerate(row)
            if value is not None
        )
        yield f"<node id={name} label={label}><attvalues>{data}</attvalues></node>"
    yield "</nodes>"
    yield "<edges>"
    numbers = np.cumsum(above >= 0).tolist()
    for place, parent in enumerate(above.tolist()):
        if parent >= 0:
            edge = numbers[place] - 1
            yield f'<edge id="{edge}" source={names[parent]} target={names[place]}/>'
    yield "</edges>"
    yield "</graph>"
    yield "</gexf>"
