"""How a text file of edges is laid out: encoding, comments, separator, header, what each column is.

Decided in one place, from the first lines, by content and not by suffix; `text_edges` then parses
all lines alike.  What the file says of itself is asked (headers of SNAP, KONECT, Gephi and of
`write_network`); what is guessed is told in a note; what cannot be told apart is refused, with the
option that settles it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.files import text_blocks
from koubei_sim.networks.files.column_roles import (
    DATED,
    Asked,
    cell_of,
    header_of,
    is_number,
    kind_of_ids,
    names_ends,
    places_of,
    refuse_matrix,
    split,
)
from koubei_sim.networks.files.table_edges import EDGE, SOURCE_NAMES
from koubei_sim.networks.files.text_blocks import ANY_REMARK, SPACED_REMARK

SEPARATORS = "\t;, "
LINES = 2000  # looked at, at most
_ATTRIBUTES = re.compile(r"\{.*\}\s*\Z")
_DIRECTED = re.compile(r"^[#%]\s*directed\s*:\s*(true|yes|false|no)\b", re.I | re.M)
_SNAP = re.compile(r"^[#%]\s*(un)?directed\s+(?:graph|network)\b", re.I | re.M)
_KONECT = re.compile(r"^%\s*(asym|sym|bip)\b[ \t]*(\w*)", re.M)
_COUNTS = (
    re.compile(r"^[#%]\s*nodes\s*:\s*(?P<nodes>\d+)\s+edges\s*:\s*(?P<edges>\d+)", re.I | re.M),
    re.compile(r"^%\s*(?P<edges>\d+)\s+(?P<nodes>\d+)\s+\d+\s*$", re.M),  # KONECT
)
_NODES = re.compile(r"^[#%]\s*nodes\s*:\s*(\d+)\s*$", re.M)
_PERSON = re.compile(r"^# person: (.*)$", re.M)
_IDS_TEXT = re.compile(r"^# ids: text\s*$", re.M)


class Layout(NamedTuple):
    """How the lines of one file are to be read."""

    separator: str  # " ": any run of blanks and tabs
    cells: int  # in a line
    places: dict[str, int]  # role -> which cell of a line
    text: bool  # ids are names
    encoding: str = "utf-8"
    remark: bytes = ANY_REMARK  # pattern of what begins a comment line
    guarded: bool = False  # whether a comment line that looks like an edge is to be refused
    header: tuple[str, ...] = ()
    quoted: bool = False
    floats: bool = False  # ids are whole numbers written like 1.0
    exact: bool = True  # '01' is looked for, and is text
    dates: str = ""  # "plain", or "zoned" where they end with a zone
    attributes: bool = False  # lines end with {...}, as networkx writes them
    directed: bool | None = None
    counts: tuple[int, int] | None = None  # people and edges that the file says it has
    n: int | None = None
    alone: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_layout(path: Path, wanted: tuple[str, ...], asked: Asked) -> Layout:
    """Look at the first lines of a file and say how all are to be read."""
    found = _Head(path, asked)
    if not found.lines:
        named = any(line[1:2].strip() for _, line in found.remarks)
        raise KoubeiError(
            str(path),
            "no edges in it",
            allowed=f"lines: {' '.join(wanted[:-1])} [{wanted[-1]}]",
            fix="comment='' if names begin with # or %" if named else None,
        )
    if re.fullmatch(r'"?sep=.?"?', found.lines[0].strip(), re.I):
        raise KoubeiError(
            f"{path}, line {found.line_of(0)}",
            "a line for Excel, not for readers of data",
            got=found.lines[0],
            fix="taking that line away",
        )
    if wanted == EDGE and asked.separator is None and _ATTRIBUTES.search(found.lines[0]):
        return found.layout(" ", 2, {"source": 0, "target": 1}, False, attributes=True)
    separator = asked.separator or _separator(found.lines)
    opening = rf'(?:^|{re.escape(separator)})[ \t]*"'
    quoted = re.search(opening, "\n".join(found.lines), re.M) is not None
    rows = split(found.lines, separator, quoted)
    if not asked.columns and asked.header is None:
        refuse_matrix(path, rows, separator)
    header, rows_below = header_of(path, rows, asked, separator, found.remark_header(len(rows[0])))
    cells = len(rows[0])
    notes: list[str] = []
    if header and rows_below and all(len(row) == cells + 1 for row in rows_below):
        if any(row[0] != str(at) for at, row in enumerate(rows_below, 1)):
            raise KoubeiError(
                f"{path}, line {found.line_of(1)}",
                "lines have one cell more than the header",
                got=f"{cells + 1} and {cells}",
                fix="a point for a decimal comma, or a name for each column",
            )
        header = ("", *header)  # R's write.table: no word stands over the numbers of the rows
        cells += 1
    places, told = places_of(
        path,
        found.line_of(0),
        found.konect[2] if found.konect else None,
        rows_below,
        header,
        cells,
        wanted,
        asked,
    )
    notes += [told] if told else []
    ends = [
        row[places[end]]
        for row in rows_below
        for end in ("source", "target")
        if cell_of(row, places[end])
    ]
    if header and rows_below:
        kind = next((at for at, name in enumerate(header) if name.strip().lower() == "type"), None)
        if (
            kind is not None
            and kind not in places.values()
            and cell_of(rows_below[0], kind).strip().lower() in ("directed", "undirected", "person")
        ):
            places["type"] = kind
        if asked.header is None and header != found.remark_header(cells):
            _refuse_doubtful_header(f"{path}, line {found.line_of(0)}", header, rows_below, places)
    text, floats, why = kind_of_ids(ends, asked.ids, found.text_mark(header))
    notes += [why] if why else []
    dates = ""
    if "time" in places and rows_below:
        first = cell_of(rows_below[0], places["time"])
        if DATED.match(first):
            dates = "zoned" if re.search(r"(?:Z|[+-]\d\d:?\d\d)\Z", first[10:]) else "plain"
    remark, guarded = found.names_with_signs(text, separator, cells, rows_below)
    layout = found.layout(
        separator,
        cells,
        places,
        text,
        remark=remark,
        guarded=guarded,
        header=header if found.header_is_line(header) else (),
        quoted=quoted,
        floats=floats,
        exact=asked.ids == "auto" and not text,
        dates=dates,
    )
    if layout.encoding != "utf-8":
        notes.append(f"text in {layout.encoding}")
    return layout._replace(notes=tuple(notes + found.said))


def _refuse_doubtful_header(
    where: str, header: tuple[str, ...], rows: list[list[str]], places: Mapping[str, int]
) -> None:
    """Refuse a first line that names columns, where people of the lines below are called so."""
    ends = (places["source"], places["target"])
    if header[ends[0]].lower() not in SOURCE_NAMES or "type" in places:
        return
    below = {cell_of(row, end) for row in rows for end in ends} - {""}
    over_numbers = any(  # a word over numbers is the name of their column
        name and not is_number(name) and all(is_number(cell_of(row, at)) for row in rows)
        for at, name in enumerate(header)
        if at not in ends
    )
    if not over_numbers and below & {header[end] for end in ends}:
        raise KoubeiError(
            where,
            "could be names of columns or an edge",
            got=", ".join(header),
            fix="header=True or header=False",
        )


class _Head:
    """The first lines of a file, and what its comments say."""

    def __init__(self, path: Path, asked: Asked) -> None:
        self.path, self.asked = path, asked
        self.encoding = self._marked()
        self.signs = ANY_REMARK
        if asked.comment is not None:
            self.signs = b"[" + re.escape(asked.comment.encode()) + b"]" if asked.comment else b""
        lines = self._raw_lines()
        remark = re.compile(rb"[ \t]*" + self.signs) if self.signs else None
        body: list[bytes] = []
        remarks: list[tuple[int, bytes]] = []
        self.numbers: list[int] = []
        for number, line in enumerate(lines, 1):
            if remark is not None and remark.match(line):
                remarks.append((number, line))
            elif line.strip() and len(body) < LINES:
                body.append(line)
                self.numbers.append(number)
        text, encoding = checks.decoded(
            str(path), b"\n".join(body), None if asked.encoding is None else "utf-8"
        )
        if encoding != "utf-8":
            self.encoding = encoding
        self.lines = [line.rstrip("\r") for line in text.split("\n")] if body else []
        read = "utf-8" if self.encoding.startswith("utf") or asked.encoding else self.encoding
        self.remarks = [(number, raw.decode(read, "replace").strip()) for number, raw in remarks]
        self._ask()

    def _marked(self) -> str:
        if self.asked.encoding is not None:
            checks.decoded("encoding", b"", self.asked.encoding)  # known at all?
            name = self.asked.encoding.lower()
            return "utf-8" if name in ("utf-8", "utf8", "utf-8-sig") else self.asked.encoding
        with text_blocks.opened(self.path) as file:
            try:
                start = file.read(4)
            except (OSError, EOFError) as error:
                raise text_blocks.unreadable(self.path, error) from None
        mark = next((name for sign, name in checks.MARKS if start.startswith(sign)), "utf-8")
        return "utf-8" if mark == "utf-8-sig" else mark

    def _raw_lines(self) -> list[bytes]:
        """All leading comment lines, and `HEAD` bytes of what follows them."""
        found: list[bytes] = []
        size = 0
        remark = re.compile(rb"\s*(?:" + (self.signs or rb"$") + rb"|$)")
        for block in text_blocks.blocks(self.path, self.encoding):
            for line in block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[:-1]:
                found.append(line)
                if size or not remark.match(line):
                    size += len(line) + 1
                    if size > text_blocks.HEAD:
                        return found
        return found

    def _ask(self) -> None:
        """Ask the comments what they say about the graph."""
        said = "\n".join(line for _, line in self.remarks)
        self.said: list[str] = []
        self.directed: bool | None = None
        self.konect = _KONECT.search(said)
        if ours := _DIRECTED.search(said):
            self.directed = ours[1].lower() in ("true", "yes")
        elif snap := _SNAP.search(said):
            self.directed = snap[1] is None
        elif self.konect:
            if self.konect[1] == "bip":
                raise KoubeiError(
                    str(self.path),
                    "a two-mode graph (% bip): its two columns count different people",
                    fix="networkx.bipartite.projected_graph, and as_network on what it gives",
                )
            self.directed = self.konect[1] == "asym"
        if self.directed is not None:
            word = "directed" if self.directed else "undirected"
            self.said.append(f"{word} by a comment of the file")
        nodes = _NODES.search(said)
        self.n = int(nodes[1]) if nodes else None
        counted = _COUNTS[bool(self.konect)].search(said)
        self.counts = (int(counted["nodes"]), int(counted["edges"])) if counted else None
        self.alone = tuple(_PERSON.findall(said))
        self.ids_text = bool(_IDS_TEXT.search(said))

    def line_of(self, row: int) -> int:
        return self.numbers[row] if row < len(self.numbers) else 1

    def remark_header(self, cells: int) -> tuple[str, ...]:
        """The names of the columns where the last comment before the first edge holds them."""
        first = self.numbers[0] if self.numbers else 0
        before = [line for number, line in self.remarks if number < first]
        if not before:
            return ()
        names = tuple(re.split(r"[\s,;]+", before[-1].lstrip("#% ").strip()))
        return names if len(names) == cells and names_ends(names) else ()

    def header_is_line(self, header: tuple[str, ...]) -> bool:
        """Whether the header is a line of its own and no comment."""
        return bool(header) and not (
            self.asked.header is None and header == self.remark_header(len(header))
        )

    def text_mark(self, header: tuple[str, ...]) -> str:
        """What says that ids are text although they look like numbers: a comment, or quotes."""
        if self.ids_text:
            return "ids are text by a comment of the file"
        body = self.lines[1:] if self.header_is_line(header) else []
        quoted = bool(body) and all(line.lstrip().startswith('"') for line in body)
        return "ids in quotes are text" if quoted and '"' not in self.lines[0] else ""

    def names_with_signs(
        self, text: bool, separator: str, cells: int, rows: list[list[str]]
    ) -> tuple[bytes, bool]:
        """Decide whether lines that begin with # or % are comments or hold such names."""
        if not text or self.asked.comment is not None:
            return self.signs, False
        alike = [
            (number, cut)
            for number, line in self.remarks
            if len(line) > 1 and not line[1].isspace()
            for cut in split([line], separator, False)
            if len(cut) == cells and not names_ends([cut[0].lstrip("#%"), *cut[1:]])
        ]
        if not alike:
            return self.signs, True
        known = {cell for row in rows for cell in row}
        known |= {cell for _, cut in alike for cell in cut[1:]}
        known |= {cut[0] for at, (_, cut) in enumerate(alike) for _, other in alike[:at]
                  if other[0] == cut[0]}  # fmt: skip
        if any(cut[0] in known for _, cut in alike):
            self.said.append("names may begin with # or %; comments have a blank after that sign")
            return SPACED_REMARK, False
        raise sign_in_doubt(self.path, alike[0][0], separator.join(alike[0][1]))

    def layout(
        self, separator: str, cells: int, places: dict[str, int], text: bool, **more: Any
    ) -> Layout:
        return Layout(
            separator,
            cells,
            places,
            text,
            self.encoding,
            more.pop("remark", self.signs),
            directed=self.directed,
            n=self.n,
            counts=self.counts,
            alone=self.alone,
            notes=tuple(self.said),
            **more,
        )


def sign_in_doubt(path: Path, line: int, shown: str) -> KoubeiError:
    """What to say of a line that may be a comment, or a tie of somebody called #this."""
    return KoubeiError(
        f"{path}, line {line}",
        "could be a comment or an edge",
        got=shown,
        fix="comment='#%' if it is a comment, comment='' if names begin with such a sign",
    )


def _separator(lines: Sequence[str]) -> str:
    """The sign that cuts most lines into as many cells as the first."""
    best, most = " ", 0.0
    for sign in SEPARATORS:
        quoted = any('"' in line for line in lines)
        counts = [len(row) for row in split(lines, sign, quoted)]
        if not counts or counts[0] < 2:
            continue
        base = counts[0]
        if len(counts) > 1 and counts[1] == base + 1:
            base = max((base, base + 1), key=counts.count)
        share = counts.count(base) / len(counts)
        if share > most:
            best, most = sign, share
    return best
