"""Wrong inputs made from right ones: of bytes, of lines of text, of trees of values, of words.

Every function takes the randomness, so that hypothesis can drive it and shrink what it finds.
"""

# ruff: noqa: E501  # tables of inputs are easier to read a line each

from __future__ import annotations

import codecs
import datetime
import gzip
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

#: Pieces of text in which readers of numbers, names, tables and markup have gone wrong.
PIECES: tuple[str, ...] = (
    "", " ", "\t", ",", ";", ";;", ",,", "\n", "\r", "\r\n", "\0", "\ufeff", "\x1a", "\u2028", "\x85",
    '"', '""', "'", '"a', "\\", "#", "%", "# ", "%%", "//", "*", "<", ">", "<!--", "]]>", "&", "&#0;",
    "0", "-1", "-0", "00", "+1", "1.0", "1.5", "1e3", "1e999", "-1e999", ".", "0x10", "1_000", "1,5",
    "nan", "NaN", "inf", "-inf", "None", "NULL", "NA", "N/A", "true", "False", "٣", "²", "½",
    "2147483647", "2147483648", "4294967296", "9007199254740993", "9223372036854775807",
    "9223372036854775808", "99999999999999999999", "1" * 400, "a" * 5000,
    "anna", "小米", "é", "\U0001f600", "\ud83d".encode("utf-8", "replace").decode(), "source", "target",
    "weight", "time", "id", "segment", "directed", "nodes: 1000000000000", "# nodes: 3",
    "# directed: true", "# Directed", "% asym", "% bip", "2012-12-15", "2012-12-15T08:00+08:00",
    "01", "a b", "{}", "[]", "[", "]", "{", "}", "=", "*Vertices 3", "*Edges", "*Matrix", "graph [",
    "node [ id 0 ]", "<node id='a'/>", "<edge source='a' target='z'/>",
)  # fmt: skip

Change = Callable[[Random, bytes], bytes]


def _place(luck: Random, data: bytes) -> tuple[int, int]:
    first = luck.randrange(len(data) + 1)
    return first, min(len(data), first + luck.choice((0, 1, 2, 5, 20, 200)))


def _cut(luck: Random, data: bytes) -> bytes:
    first, last = _place(luck, data)
    return data[:first] + data[last:]


def _end(luck: Random, data: bytes) -> bytes:
    return data[: luck.randrange(len(data) + 1)]


def _again(luck: Random, data: bytes) -> bytes:
    first, last = _place(luck, data)
    return data[:last] + data[first:]


def _piece(luck: Random, data: bytes) -> bytes:
    first, last = _place(luck, data)
    return data[:first] + luck.choice(PIECES).encode() + data[luck.choice((first, last)) :]


def _noise(luck: Random, data: bytes) -> bytes:
    first, last = _place(luck, data)
    return data[:first] + luck.randbytes(max(1, last - first)) + data[last:]


def _bit(luck: Random, data: bytes) -> bytes:
    if not data:
        return b"\xff"
    at = luck.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << luck.randrange(8))]) + data[at + 1 :]


def _word(luck: Random, data: bytes) -> bytes:
    """Another word in the place of one, in text that is parted by blanks, commas or quotes."""
    lines = data.split(b"\n")
    at = luck.randrange(len(lines))
    for sign in luck.sample((b",", b" ", b"\t", b";", b'"', b">", b"="), 7):
        words = lines[at].split(sign)
        if len(words) > 1:
            words[luck.randrange(len(words))] = luck.choice(PIECES).encode()
            lines[at] = sign.join(words)
            break
    else:
        lines[at] = luck.choice(PIECES).encode()
    return b"\n".join(lines)


def _lines(luck: Random, data: bytes) -> bytes:
    """Lines in another order, one twice, one less, or one that stood elsewhere."""
    lines = data.split(b"\n")
    at, other = luck.randrange(len(lines)), luck.randrange(len(lines))
    way = luck.randrange(4)
    if way == 0:
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 1:
        lines.insert(at, lines[other])
    elif way == 2:
        del lines[at]
    else:
        lines[at] = lines[at] + luck.choice((b"", b" ", b",", b"\t", b"\r")) + lines[other]
    return b"\n".join(lines)


def _coded(luck: Random, data: bytes) -> bytes:
    """The same text in another encoding, with a mark, with other ends of lines, or packed."""
    text = data.decode("utf-8", "replace")
    way = luck.randrange(7)
    if way < 4:
        name = ("utf-16", "gb18030", "latin-1", "utf-32")[way]
        return text.encode(name, "replace")
    if way == 4:
        return codecs.BOM_UTF8 + data
    if way == 5:
        return data.replace(b"\n", luck.choice((b"\r\n", b"\r", b"\n\n", b"")))
    packed = gzip.compress(data, mtime=0)
    return packed[: luck.randrange(len(packed) + 1)] if luck.randrange(2) else packed


CHANGES: tuple[Change, ...] = (
    _cut, _end, _again, _piece, _piece, _noise, _bit, _word, _word, _word, _lines, _lines, _coded,
)  # fmt: skip


def changed_bytes(luck: Random, data: bytes) -> bytes:
    """Return other bytes: a few changes of what was given, or noise only."""
    if luck.randrange(30) == 0:
        return luck.randbytes(luck.randrange(200))
    for _ in range(luck.choice((1, 1, 1, 2, 2, 3, 5))):
        data = luck.choice(CHANGES)(luck, data)
    return data


# Trees of values: what a TOML or JSON file holds --------------------------------------------------

VALUES: tuple[Any, ...] = (
    "", " ", "a", "nan", "none", "小米", "../..", "a" * 300, "2012-12-15", "users", "users@10", "tiny",
    0, 1, -1, 2, 3, 7, 10**6, 2**31, 2**32, 2**63 - 1, -(2**63), 0.0, -0.5, 0.5, 1.0, 1.5, 1e-300, 1e300,
    float("nan"), float("inf"), -float("inf"), True, False, [], [[]], [1, "a"], [0.1, 0.2], ["a", "a"], {},
    {"a": 1}, {"low": 0.1, "high": 0.2}, {"low": 1, "high": 0}, [{}], datetime.date(2012, 12, 15),
    datetime.datetime(2012, 12, 15, 8), datetime.time(8),
)  # fmt: skip


def _spots(tree: Any) -> list[tuple[Any, Any]]:
    """All (holder, key) below a tree of dicts and lists."""
    found: list[tuple[Any, Any]] = []
    names = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for name, value in names:
        found.append((tree, name))
        if isinstance(value, (dict, list)):
            found += _spots(value)
    return found


def _copy(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _copy(value) for name, value in tree.items()}
    return [_copy(value) for value in tree] if isinstance(tree, list) else tree


def changed_tree(luck: Random, tree: dict[str, Any]) -> dict[str, Any]:
    """Return another tree: values of other kinds, entries away, doubled, renamed or elsewhere."""
    tree = _copy(tree)
    for _ in range(luck.choice((1, 1, 1, 2, 3))):
        spots = _spots(tree)
        if not spots:
            return tree
        holder, name = luck.choice(spots)
        way = luck.randrange(10)
        if way < 5:
            holder[name] = luck.choice(VALUES)
        elif way == 5:
            other, place = luck.choice(spots)
            holder[name] = _copy(other[place])
        elif way == 6:
            del holder[name]
        elif isinstance(holder, dict):
            word = luck.choice(("", "a", "x.y", "小米", *[str(spot[1]) for spot in spots[:40]]))
            holder[word] = _copy(holder[name])
            if way == 7:
                holder.pop(name, None)
        else:
            holder.append(luck.choice(VALUES))
    return tree


# Words of a command line --------------------------------------------------------------------------

NUMBERS = (
    "0", "1", "2", "3", "-1", "1.5", "0.5", "1e3", "nan", "inf", "", " ", "a", "01", "+2", "1_0", "٣",
    "²", "2147483648", "4294967296", "9223372036854775808", "1" * 30, "9" * 5000, "小米", "None",
)  # fmt: skip


def changed_words(
    luck: Random, words: Sequence[str], options: Sequence[str], values: Sequence[str]
) -> list[str]:
    """Return another command line; `options` and `values` are what may come into it."""
    found = list(words)
    for _ in range(luck.choice((1, 1, 2, 2, 3))):
        at = luck.randrange(len(found) + 1)
        way = luck.randrange(8)
        if way == 0 and found:
            del found[min(at, len(found) - 1)]
        elif way == 1 and found:
            found.insert(at, luck.choice(found))
        elif way <= 4 and found:
            found[min(at, len(found) - 1)] = luck.choice((*NUMBERS, *values, *values))
        elif way == 5:
            found[at:at] = [luck.choice(options), luck.choice((*NUMBERS, *values))]
        elif way == 6:
            found.insert(at, luck.choice(options))
        elif found:
            place = min(at, len(found) - 1)
            piece = luck.choice(("=", ":", ",", "..", "/", "-", "\n", "%s", "{}", *NUMBERS[:12]))
            found[place] += piece
    return [word.replace("\0", "") for word in found]
