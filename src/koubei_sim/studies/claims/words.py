"""The words of a claim file: which may stand where, and typed look-ups with one-line errors.

Called by `claim_file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from koubei_sim.errors import KoubeiError, nearest

_WORDS: Final = {
    "": ("id", "title", "statement", "source", "honest", "rng", "script", "market", "arms",
         "decision", "prior", "stress", "ladder", "stability", "tests", "design"),
    "market": ("scenario", "set"),
    "decision": ("supported", "rejected", "void"),
    "prior": ("points", "replicates", "spread", "exclude", "ranges", "given"),
    "stress": ("points", "replicates", "spread", "off", "ranges"),
    "ladder": ("modules", "replicates"),
    "stability": ("agents", "replicates", "set"),
    "tests": ("id", "statement", "main", "model", "outcome", "effect", "better", "smallest",
              "claimed", "against", "arms", "market", "points", "replicates", "set", "ranges",
              "stress_ranges"),
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """A table of the file with its place for error lines.

    Attributes
    ----------
    where : str
    content : mapping
    kind : str or None
        Key of the known words; None where any word may stand.
    """

    where: str
    content: Mapping[str, Any]
    kind: str | None

    def __post_init__(self) -> None:
        if self.kind is None:
            return
        known = _WORDS[self.kind]
        for word in self.content:
            if word not in known:
                raise KoubeiError(
                    f"{self.where}: {word}", "unknown word", allowed=", ".join(known),
                    fix=nearest(word, known),
                )  # fmt: skip

    def _wrong(self, word: str, what: str, allowed: str | None = None) -> KoubeiError:
        got = repr(self.content[word]) if word in self.content else "nothing"
        return KoubeiError(f"{self.where}: {word}", what, got=got, allowed=allowed)

    def table(self, word: str) -> Words:
        """Return a table, empty where there is none."""
        given = self.content.get(word, {})
        if not isinstance(given, Mapping):
            raise self._wrong(word, "must be a table")
        known = word if self.kind == "" and word in _WORDS else None  # arms and changes are free
        return Words(f"{self.where}: {word}", given, known)

    def tables(self, word: str) -> dict[str, Mapping[str, Any]]:
        """Return a table of tables as a dictionary."""
        given = self.table(word).content
        for name, entry in given.items():
            if not isinstance(entry, Mapping):
                raise KoubeiError(f"{self.where}: {word}.{name}", "must be a table", got=entry)
        return dict(given)

    def list_of_tables(self, word: str) -> list[Words]:
        """Return an array of tables, each with its id in its place."""
        given = self.content.get(word, [])
        if not isinstance(given, list) or not all(isinstance(part, Mapping) for part in given):
            raise self._wrong(word, "must be a list of tables", f"[[{word}]]")
        named = [str(part.get("id", number)) for number, part in enumerate(given)]
        return [
            Words(f"{self.where}: {word}.{name}", part, word) for name, part in zip(named, given)
        ]

    def text(self, word: str, default: str | None = None) -> str:
        """Return a text; without a default it must be there."""
        given = self.content.get(word, default)
        if not isinstance(given, str) or (default is None and not given.strip()):
            raise self._wrong(word, "must be text")
        return given

    def texts(self, word: str) -> tuple[str, ...]:
        """Return a list of texts, empty where there is none."""
        given = self.content.get(word, [])
        if not isinstance(given, list) or not all(isinstance(part, str) for part in given):
            raise self._wrong(word, "must be a list of texts")
        return tuple(given)

    def truth(self, word: str) -> bool:
        """Return true or false, false where there is nothing."""
        given = self.content.get(word, False)
        if not isinstance(given, bool):
            raise self._wrong(word, "must be true or false")
        return given

    def whole(self, word: str, default: int, low: int) -> int:
        """Return a whole number of at least `low`."""
        given = self.content.get(word, default)
        if isinstance(given, bool) or not isinstance(given, int) or given < low:
            raise self._wrong(word, "must be a whole number", f"{low} or more")
        return given

    def wholes(self, word: str) -> list[int]:
        """Return a list of whole numbers above 0."""
        given = self.content.get(word, [])
        fine = isinstance(given, list) and all(
            isinstance(part, int) and not isinstance(part, bool) and part > 0 for part in given
        )
        if not fine:
            raise self._wrong(word, "must be a list of whole numbers", "1 or more each")
        return list(given)

    def real(self, word: str, default: float | None, low: float, high: float) -> float:
        """Return a number in ``low..high``; without a default it must be there."""
        given = self.content.get(word, default)
        fine = isinstance(given, (int, float)) and not isinstance(given, bool)
        if not fine or not low <= float(given) <= high:  # type: ignore[arg-type]
            raise self._wrong(word, "must be a number", f"{low:g}..{high:g}")
        return float(given)  # type: ignore[arg-type]
