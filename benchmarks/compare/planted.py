"""Slowdowns planted in a kernel, to show that the comparison catches and names them.

Each does half of a kernel's work twice, which gives the same numbers in 1.5 times the time.  They
are put into a temporary copy of the library, never into the working tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plant:
    """Lines of a file replaced, and the rows that this makes 1.5 times as long."""

    file: str
    before: str
    after: str
    near: tuple[str, ...]  # rows to look at: beginnings of labels
    rows: tuple[str, ...]  # those that must be named, and no other

    def put(self, tree: Path) -> None:
        """Change the file in a tree; an error where the lines are no longer there."""
        path = tree / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.before) != 1:
            raise ValueError(f"{self.file}: the lines to plant in have changed, see {__name__}")
        path.write_text(text.replace(self.before, self.after), encoding="utf-8")


PLANTS = {
    "draws": Plant(
        "src/koubei_sim/core/draws.py",
        """    for k in range(out.size):
        out[k] = draw(base, start + k)
""",
        """    for k in range(out.size):
        out[k] = draw(base, start + k)
    for k in range(out.size // 2):
        out[k] = draw(base, start + k)
""",
        ("draws.time",),
        ("draws.time_many",),
    ),
}
