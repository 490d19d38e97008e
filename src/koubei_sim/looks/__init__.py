"""How results show themselves: as a few lines in a terminal, as a short table in a notebook.

`text` has numbers, lines and HTML, `frames` the tables.  Called by all classes that people read.
"""

from __future__ import annotations

import itertools
from typing import Any, Final

from koubei_sim.errors import KoubeiError
from koubei_sim.looks.text import (
    count_text,
    html_look,
    html_table,
    money_text,
    span_text,
    wrapped,
)

__all__ = ["Look", "count_text", "html_look", "html_table", "money_text", "span_text", "wrapped"]

#: Rows of a table that a notebook shows of a result.
MOST_ROWS: Final = 20
#: How a line begins that goes on with the one before (`wrapped`).
_GOES_ON: Final = "    "


class Look:
    """A result with a table, which a notebook shows below the first line of its text."""

    __slots__ = ()

    def _shown(self) -> Any:
        """Return the table that a notebook shows."""
        return self.table()  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        from koubei_sim.looks.frames import html_of

        text = repr(self)
        try:
            shown = self._shown()
        except KoubeiError:  # nothing to tabulate: say what the text says
            return html_look("", text.splitlines())
        name, lines = type(self).__name__, text.split("\n")
        more = itertools.takewhile(lambda line: line.startswith(_GOES_ON), lines[1:])
        first = " ".join(" ".join([lines[0], *more]).strip("<>").split())
        first = first.removeprefix(name).lstrip(" :(")
        first = first.removesuffix(")") if first.count(")") > first.count("(") else first
        return html_look(name, [first], html_of(shown, MOST_ROWS), getattr(self, "notes", ()))
