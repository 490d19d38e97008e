"""The one way this library refuses wrong input; and how it speaks of names that have changed.

Every refusal is a single line ``where: what, got VALUE, allowed RANGE, try FIX``: a person
who reads only that line knows what to change.  Raised everywhere, printed (without a
traceback, exit status 2) by the command line.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping


class KoubeiError(ValueError):
    """Wrong input, said in one line.

    Parameters
    ----------
    where : str
        Dotted path, file name or argument that is wrong.
    what : str
        What is wrong with it, in plain words.
    got : object, optional
        The offending value, shown by ``repr`` (cut at 60 characters).
    allowed : str, optional
        The permitted range or set.
    fix : str, optional
        What to try instead.

    Examples
    --------
    >>> str(KoubeiError("seeding.purity", "out of range", got=1.5, allowed="0..1", fix="0.9"))
    'seeding.purity: out of range, got 1.5, allowed 0..1, try 0.9'
    """

    def __init__(
        self,
        where: str,
        what: str,
        *,
        got: object = None,
        allowed: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.where, self.what, self.got, self.allowed, self.fix = where, what, got, allowed, fix
        parts = [f"{_cut(where, 300)}: {_cut(what, 300)}"]
        if got is not None:
            shown = got if isinstance(got, str) else repr(got)
            parts.append(f"got {_cut(shown, 60)}")
        if allowed:
            parts.append(f"allowed {_cut(allowed, 600)}")
        if fix:
            parts.append(f"try {_cut(fix, 600)}")
        super().__init__(" ".join(", ".join(parts).split()))

    def within(self, before: str) -> KoubeiError:
        """Return the same refusal with words before its place.

        Examples
        --------
        >>> str(KoubeiError("n", "too many", got=9).within("people.csv: "))
        'people.csv: n: too many, got 9'
        """
        return _rebuild(before + self.where, self.what, self.got, self.allowed, self.fix)

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the trip between processes (keyword-only arguments need a helper)."""
        return _rebuild, (self.where, self.what, self.got, self.allowed, self.fix)


def _cut(text: str, length: int) -> str:
    """Return at most so many signs; of a path the end is kept, which names the file."""
    if len(text) <= length:
        return text
    tail = text[13 - length :]
    return f"{text[:10]}...{tail}" if "/" in tail else text[: length - 3] + "..."


def _rebuild(
    where: str, what: str, got: object, allowed: str | None, fix: str | None
) -> KoubeiError:
    return KoubeiError(where, what, got=got, allowed=allowed, fix=fix)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or None when nothing is near.

    Examples
    --------
    >>> nearest("purty", ["purity", "number"])
    'purity'
    """
    import difflib  # slow, and hardly ever needed

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def old_names(
    module: str, renamed: Mapping[str, str], known: Iterable[str] = ()
) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a module whose old names stay for one release.

    Parameters
    ----------
    module : str
        Its full name.
    renamed : mapping of str to str
        Old name -> full name of what it is called now; a warning says so to whoever uses it.
    known : iterable of str
        Names among which a misspelt one is looked for.

    Examples
    --------
    >>> import warnings
    >>> get = old_names("shop", {"close": "koubei_sim.errors.nearest"}, ["opening"])
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     get("close") is nearest, str(said[0].message)
    (True, 'shop.close is called koubei_sim.errors.nearest now; the old name goes next release')
    >>> get("openin")
    Traceback (most recent call last):
    ...
    AttributeError: module 'shop' has no attribute 'openin', try opening
    """

    def get(name: str) -> object:
        if name not in renamed:
            near = None if name.startswith("_") else nearest(name, known)
            hint = f", try {near}" if near else ""
            raise AttributeError(f"module {module!r} has no attribute {name!r}{hint}")
        new = renamed[name]
        said = f"{module}.{name} is called {new} now; the old name goes next release"
        warnings.warn(said, DeprecationWarning, stacklevel=3)
        import pkgutil  # slow, and hardly ever needed

        return pkgutil.resolve_name(new)

    return get
