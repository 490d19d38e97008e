"""The same checks at every door: whole numbers, numbers, yes or no, paths, text of a file.

Each returns the value, tidy, or refuses it with a `KoubeiError` in one line.  Numbers of other
libraries (numpy, pandas, arrays of no dimension) are numbers; yes and no are none.
Called wherever a person hands something over; lies below all rooms and knows none of them.
"""

from __future__ import annotations

import codecs
import math
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

from koubei_sim.errors import KoubeiError, nearest

#: Words that several doors take, for type checkers; each door refuses others in one line.
Engine = Literal["compiled", "reference"]
Backend = Literal["threads", "loky", "dask"]
Lang = Literal["en", "zh"]
Naming = Literal["label", "row"]
#: What texts and figures are written in; English first, as in every table of words.
LANGUAGES: Final[tuple[Lang, ...]] = get_args(Lang)
#: Other names of these, small letters: two signs say nothing about which is nearest.
_LANGUAGES_NAMED: Final[dict[str, str]] = {
    **dict.fromkeys(("en", "eng", "english", "英文", "英语"), "en"),
    **dict.fromkeys(("zh", "cn", "zho", "chi", "chinese", "mandarin", "中文", "汉语"), "zh"),
}  # fmt: skip
Word = TypeVar("Word", bound=str)

#: Marks at the start of a text file -> its encoding.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def shown(value: object) -> str:
    """Return how a wrong value is shown where its kind is what is wrong: text in quotes."""
    return repr(value)


def _span(low: float, high: float) -> str:
    if low == -math.inf and high == math.inf:
        return "a finite number"
    return f"{low:g} or more" if high == math.inf else f"{low:g}..{high:g}"


def scalar(value: Any) -> Any:
    """Return a Python number for those of numpy and arrays of no dimension; others as they are."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    return value


def whole(where: str, value: Any, low: int = 0, high: int | None = None) -> int:
    """Return an int of ``low..high``; 5.0 is 5, True and "5" are no numbers.

    Examples
    --------
    >>> import numpy as np
    >>> whole("replicates", np.int64(3), 1), whole("k", 5.0)
    (3, 5)
    """
    allowed = f"{low} or more" if high is None else f"{low}..{high}"
    found = scalar(value)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int):
        raise KoubeiError(where, "not a whole number", got=shown(value), allowed=allowed)
    if found < low or (high is not None and found > high):
        raise KoubeiError(where, "out of range", got=shown(found), allowed=allowed)
    return found


def number(where: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """Return a finite float of ``low..high``; True and "0.5" are no numbers."""
    found = scalar(value)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise KoubeiError(where, "not a number", got=shown(value), allowed=_span(low, high))
    try:
        found = float(found)
    except OverflowError:
        found = math.inf
    if not (low <= found <= high) or not math.isfinite(found):
        raise KoubeiError(where, "out of range", got=shown(found), allowed=_span(low, high))
    return found


def yes_no(where: str, value: Any) -> bool:
    """Return a bool; "no" and 0 are not taken for one."""
    found = scalar(value)
    if not isinstance(found, bool):
        raise KoubeiError(where, "not a yes or no", got=shown(value), allowed="True, False")
    return found


def progress(given: object) -> None:
    """Refuse what is neither yes, no, nor something to tell how far a run is."""
    if given is not None and not isinstance(given, bool) and not callable(given):
        raise KoubeiError(
            "progress", "wrong type", got=shown(given),
            allowed="True, False or what is called with (done, in all)",
        )  # fmt: skip


#: Signs of the name of money at most.
MOST_CURRENCY: Final = 12


def currency(given: Any, spent: object) -> str:
    """Return what money is called, "" where that was not said.

    Parameters
    ----------
    given : str or None
        ``"CNY"``, ``"EUR"``, ``"points"``: shown beside amounts, never converted.
    spent : object
        The budget or the costs that it is of; None refuses a currency of no money.

    Examples
    --------
    >>> currency("CNY", 50_000), currency(None, 50_000)
    ('CNY', '')
    """
    if given is None:
        return ""
    if not isinstance(given, str) or not 1 <= len(given) <= MOST_CURRENCY or " " in given:
        raise KoubeiError("currency", "not the name of money", got=shown(given), fix="'CNY'")
    if spent is None:
        raise KoubeiError("currency", "there is no money to count", got=given, fix="budget=50_000")
    return given


def word(where: str, value: Any, allowed: Sequence[Word]) -> Word:
    """Return one of the allowed words."""
    if not isinstance(value, str) or value not in allowed:
        raise KoubeiError(
            where,
            "unknown",
            got=shown(value),
            allowed=", ".join(map(repr, allowed)),
            fix=nearest(value, allowed) if isinstance(value, str) else None,
        )
    return allowed[allowed.index(value)]


def lang(value: Any) -> Lang:
    """Return a language that texts and figures are written in.

    Examples
    --------
    >>> lang("zh")
    'zh'
    >>> lang("cn")
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: lang: unknown, got 'cn', allowed 'en', 'zh', try zh
    """
    if isinstance(value, str) and value not in LANGUAGES:
        named = value.strip().lower().replace("_", "-")
        meant = _LANGUAGES_NAMED.get(named) or _LANGUAGES_NAMED.get(named.partition("-")[0])
        allowed = ", ".join(map(repr, LANGUAGES))
        raise KoubeiError("lang", "unknown", got=shown(value), allowed=allowed, fix=meant)
    return word("lang", value, LANGUAGES)


def one_of(where: str, name: Any, names: Collection[str], what: str = "unknown") -> None:
    """Refuse a name that is none of those that there are.

    Examples
    --------
    >>> one_of("layer", "wechta", ["weibo", "wechat"])
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: layer: unknown, got wechta, allowed weibo, wechat, try wechat
    """
    if name not in names:
        allowed = ", ".join(names)
        raise KoubeiError(where, what, got=name, allowed=allowed, fix=nearest(str(name), names))


def path(where: str, value: Any) -> Path:
    """Return a path, ``~`` being the home folder; what is no path is refused.

    Examples
    --------
    >>> path("out", None)
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: out: not a path, got None, allowed text or pathlib.Path
    """
    if not isinstance(value, (str, os.PathLike)) or isinstance(os.fspath(value), bytes):
        raise KoubeiError(where, "not a path", got=shown(value), allowed="text or pathlib.Path")
    if not os.fspath(value):
        raise KoubeiError(where, "an empty path", got="''", allowed="the name of a file or folder")
    if "\0" in os.fspath(value):
        raise KoubeiError(where, "not a path", got=shown(value), allowed="no sign of code 0")
    try:
        found = Path(value).expanduser()
        found.exists()  # raises where the system cannot even look: too long, no permission
    except RuntimeError:
        raise KoubeiError(where, "~, but no home folder is known", got=str(value)) from None
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or "no name for this system"
        raise KoubeiError(where, f"not a path ({said})", got=shown(value)) from None
    return found


def path_of(where: str, value: Any, suffix: str) -> Path:
    """Return a path to write one kind of file to; a name of another kind would lie.

    Examples
    --------
    >>> path_of("log", "runs/log.csv", ".parquet")
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: log: another kind of file, got log.csv, allowed .parquet, ...
    """
    found = path(where, value)
    if found.suffix.lower() not in ("", suffix):
        fix = found.with_suffix(suffix).name
        raise KoubeiError(where, "another kind of file", got=found.name, allowed=suffix, fix=fix)
    return found


def text_of(where: str, raw: bytes) -> tuple[str, str]:
    """Return what `decoded` does, at a door that takes no name of an encoding."""
    try:
        return decoded(where, raw)
    except KoubeiError as error:
        raise KoubeiError(where, error.what, fix="saving it as UTF-8") from None


def collected(where: str, given: Any) -> Any:
    """Return the frame that a lazy one of polars stands for; anything else as it is."""
    if isinstance(given, type) or not (hasattr(given, "collect") and hasattr(given, "lazy")):
        return given
    try:
        return given.collect()
    except Exception as error:  # those of polars have no base of their own in older releases
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise KoubeiError(where, f"a lazy frame that gives nothing ({said})") from None


def digits(text: str) -> bool:
    """Return whether text is a whole number that fits: ``'²'.isdigit()`` is true, and no number.

    Examples
    --------
    >>> digits("12"), digits("²"), digits("9" * 5000)
    (True, False, False)
    """
    return text.isascii() and text.isdigit() and len(text) < 19


def absolute(given: str | os.PathLike[str]) -> str:
    """Return a path from the top: pyarrow takes ``2012-12-15T08:00/log`` for an address.

    Examples
    --------
    >>> absolute("/runs/08:00/log.parquet")
    '/runs/08:00/log.parquet'
    """
    return os.path.abspath(given)


def _chinese(text: str) -> bool:
    """Whether text that was decoded as GB18030 is likely to have been written in it.

    Almost every sequence of bytes can be decoded so.  In Chinese text most signs are among the
    3,755 common ones (GB 2312, level 1: first byte B0..D7, second A1..FE) or are punctuation; what
    was Latin-1, Cyrillic, Big5 or Shift-JIS gives rare ones.
    """
    signs = [raw for raw in (sign.encode("gb18030") for sign in text) if len(raw) > 1]
    common = sum(
        len(raw) == 2 and raw[1] >= 0xA1 and (0xB0 <= raw[0] <= 0xD7 or raw[0] in (0xA1, 0xA3))
        for raw in signs
    )
    return 2 * common >= len(signs)


def decoded(where: str, raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a file and the name of the encoding that was found.

    Without `encoding`: what a byte order mark says, else UTF-8, else GB18030 where the text is
    sound in it and looks like Chinese (of older encodings the one that Chinese systems write).

    Raises
    ------
    KoubeiError
        Unknown `encoding`, or text that is not in it.

    Examples
    --------
    >>> decoded("people.txt", "小米".encode("gb18030"))
    ('小米', 'gb18030')
    """
    fix = "encoding='latin-1' or whatever the file was saved in"
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except (LookupError, TypeError):
            raise KoubeiError(
                "encoding", "unknown", got=shown(encoding), allowed="utf-8, gb18030, latin-1, ..."
            ) from None
        wanted = [encoding]
    else:
        marked = next((name for mark, name in MARKS if raw.startswith(mark)), None)
        wanted = [marked] if marked else ["utf-8", "gb18030"]
    for name in wanted:
        try:
            text = raw.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        if name == "gb18030" and encoding is None and not _chinese(text):
            continue
        return text.removeprefix("\ufeff"), "utf-8" if name == "utf-8-sig" else name
    raise KoubeiError(where, f"text is not {' or '.join(wanted)}", fix=fix)
