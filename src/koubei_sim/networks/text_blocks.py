"""Text files in blocks that end with a line, and what to make of the signs in them.

Called by `text_edges` and `table_edges`.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from koubei_sim.errors import KoubeiError
from koubei_sim.kernels.compiling import kernel

# Bytes read at a time: few enough that the memory of a block is used again for the next one and
# stays in the cache between reading and parsing.
BLOCK = 1 << 22
HEAD = 1 << 16  # bytes in which the remarks of a file and its first edges must lie
SPACES = re.compile(rb"[ \t]*[,;][ \t]*|[ \t]+")
_SEPARATORS = bytes.maketrans(b" \t;", b",,,")
NOT_PLAIN, TOO_LARGE = -1, -2  # what `whole_pairs` says of a block that it does not take


def blocks(path: Path) -> Iterator[bytes]:
    """Yield the file (unzipped where it is gzip by content) in blocks that end with a line."""
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    rest: list[bytes] = []
    try:
        with gzip.open(path, "rb") if zipped else path.open("rb") as file:
            while block := file.read(BLOCK):
                if b"\0" in block[:4096]:
                    raise KoubeiError(str(path), "not text", allowed="an edge list")
                cut = block.rfind(b"\n") + 1
                if cut:
                    yield b"".join((*rest, memoryview(block)[:cut]))
                    rest = []
                rest.append(block[cut:])
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise KoubeiError(str(path), f"broken gzip file ({error})") from None
    last = b"".join(rest)
    if last.strip():
        yield last + b"\n"


def clean(block: bytes) -> bytes:
    """Bring a block to ``a,b`` lines: no comments, carriage returns or padding."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"#" in block or b"%" in block:
        block = re.sub(rb"^[ \t]*[#%][^\n]*", b"", block, flags=re.M)
    if (
        b"  " in block
        or b", " in block
        or b" ," in block
        or b"\t " in block
        or b" \t" in block
        or b"; " in block
    ):
        block = SPACES.sub(b",", block)
    block = block.translate(_SEPARATORS)
    if b"\n," in block or b",\n" in block or block.startswith(b","):
        block = re.sub(rb"^,+|,+$", b"", block, flags=re.M)
    return block


def first_edges(cleaned: bytes) -> list[list[bytes]]:
    """The cells of the first two lines that are not empty (of a clean block)."""
    start = len(cleaned) - len(cleaned.lstrip(b"\n")) if cleaned[:1] == b"\n" else 0
    return [line.split(b",") for line in cleaned[start : start + HEAD].split(b"\n") if line][:2]


def separator_of(block: bytes) -> str | None:
    """The one sign between the cells of the first edge, or None if there are several."""
    for raw in block.split(b"\n", 1000):
        found = raw.strip()
        if found and found[:1] not in (b"#", b"%"):
            signs = [sign for sign in " \t,;" if sign.encode() in found]
            return signs[0] if len(signs) == 1 else None
    return None


def is_remark(raw: bytes) -> bool:
    """Whether a line holds no edge: a comment, or nothing."""
    return not raw.strip() or raw.lstrip()[:1] in (b"#", b"%")


@kernel
def whole_pairs(block, separator, first, second):
    """Parse lines of two whole numbers; return how many, or why the block is not for this loop.

    Only digits, one `separator` and line ends are taken; anything else is `NOT_PLAIN` and left to
    parsers that know more.  `TOO_LARGE`: a number does not fit the type of `first` and `second`,
    which need a place for every four bytes.
    """
    limit = np.int64(2**31 - 1) if first.itemsize == 4 else np.int64(2**62)
    n = block.size
    i = 0
    found = 0
    while i < n:
        if block[i] == 10:
            i += 1
            continue
        for side in range(2):
            start = i
            value = np.int64(0)
            while i < n:
                digit = np.int64(block[i]) - 48
                if digit < 0 or digit > 9:
                    break
                value = value * 10 + digit
                i += 1
            if i == start or i - start > 18:
                return NOT_PLAIN
            if value > limit:
                return TOO_LARGE
            if side == 0:
                if i == n or block[i] != separator:
                    return NOT_PLAIN
                i += 1
                first[found] = value
            else:
                second[found] = value
        if i < n and block[i] == 13:
            i += 1
        if i < n and block[i] != 10:
            return NOT_PLAIN
        i += 1
        found += 1
    return found
