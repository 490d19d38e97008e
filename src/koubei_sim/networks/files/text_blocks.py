"""Text files in blocks that end with a line, and what to make of the signs in them.

Called by `layout`, `text_edges` and `graph_files`.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from koubei_sim.core.compiling import kernel
from koubei_sim.errors import KoubeiError

# Bytes read at a time: few enough that the memory of a block is used again for the next one and
# stays in the cache between reading and parsing.
BLOCK = 1 << 22
HEAD = 1 << 16  # bytes of edges that are looked at to learn how a file is laid out
ANY_REMARK = rb"[#%]"  # pattern of how a comment line begins
SPACED_REMARK = rb"[#%](?=[ \t\r\n]|$)"  # where names begin with these signs
SPACES = re.compile(rb"[ \t]*[,;][ \t]*|[ \t]+")
_SEPARATORS = bytes.maketrans(b" \t;", b",,,")
_QUOTED = rb'"(?:[^"\n]|"")*"'
# How files that are packed begin.
_PACKED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
NOT_PLAIN, TOO_LARGE = -1, -2  # what `whole_pairs` says of a block that it does not take


def opened(path: Path) -> IO[bytes]:
    """Open a file for reading, unpacked where its content is gzip, bzip2 or xz."""
    try:
        with path.open("rb") as raw:
            start = raw.read(6)
        if start.startswith(b"PK\x03\x04"):
            raise KoubeiError(str(path), "a zip archive", fix="unpacking it first")
        opener: Any = next((way for mark, way in _PACKED.items() if start.startswith(mark)), open)
        return opener(path, "rb")  # type: ignore[no-any-return]
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: BaseException) -> KoubeiError:
    """What to say where the system, or what unpacks, refuses to read a file."""
    if isinstance(error, (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)):
        kind = "xz" if isinstance(error, lzma.LZMAError) else "gzip"
        return KoubeiError(str(path), f"broken {kind} file ({error})")
    reason = getattr(error, "strerror", None) or str(error)
    return KoubeiError(str(path), f"cannot be read ({reason})")


def blocks(path: Path, encoding: str = "utf-8") -> Iterator[bytes]:
    """Yield the file (unpacked) in blocks of UTF-8 that end with a line, without byte order mark.

    Text in UTF-8 is passed on as it is, whole or not; of other encodings every sign is checked.
    """
    rest: list[bytes] = []
    other = codecs.getincrementaldecoder(encoding)() if encoding != "utf-8" else None
    start = True
    try:
        with opened(path) as file:
            while block := file.read(BLOCK):
                if other is not None:
                    block = other.decode(block).encode()
                if start:
                    block = block.removeprefix(codecs.BOM_UTF8)
                    start = False
                if b"\0" in block[:4096]:
                    raise KoubeiError(str(path), "not text", allowed="an edge list")
                if b"\r" in block and b"\n" not in block:  # line ends of old Macs
                    block = block.replace(b"\r", b"\n")
                cut = block.rfind(b"\n") + 1
                if cut:
                    yield b"".join((*rest, memoryview(block)[:cut]))
                    rest = []
                rest.append(block[cut:])
            if other is not None:
                rest.append(other.decode(b"", True).encode())
    except UnicodeError:
        raise KoubeiError(
            str(path),
            f"text is not {encoding}",
            fix="encoding='latin-1' or whatever the file was saved in",
        ) from None
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise unreadable(path, error) from None
    last = b"".join(rest)
    if last.strip():
        yield last + b"\n"


def clean(block: bytes, remark: bytes = ANY_REMARK) -> bytes:
    """Bring a block to ``a,b`` lines, whatever separates cells: for lines without empty cells."""
    block = without_remarks(block, remark)
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


def tidy(block: bytes, separator: str, quoted: bool, remark: bytes = ANY_REMARK) -> bytes:
    """Take away remarks, carriage returns and the blanks around cells; empty cells stay.

    A separator of one blank stands for any run of blanks and tabs.
    """
    block = without_remarks(block, remark)
    sign = separator.encode()
    blank = b" " if separator == "\t" else b" \t"
    if block[:1].strip(blank) == b"" or any(
        b"\n" + bytes((one,)) in block or bytes((one,)) + b"\n" in block for one in blank
    ):
        block = re.sub(rb"^[" + blank + rb"]+|[" + blank + rb"]+$", b"", block, flags=re.M)
    if separator == " ":
        if b"  " not in block and b"\t" not in block:
            return block
        pattern = rb"[ \t]+"
    else:
        if all(bytes((one,)) + sign not in block and sign + bytes((one,)) not in block
               for one in blank):  # fmt: skip
            return block
        pattern = rb"[" + blank + rb"]*" + re.escape(sign) + rb"[" + blank + rb"]*"
    if not quoted or b'"' not in block:
        return re.sub(pattern, sign, block)
    return re.sub(rb"(" + _QUOTED + rb")|" + pattern, lambda found: found[1] or sign, block)


def without_remarks(block: bytes, remark: bytes) -> bytes:
    """Blank out comment lines (those that begin with the pattern), bring line ends to one kind."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if remark and (b"#" in block or b"%" in block or remark[:3] != ANY_REMARK[:3]):
        block = re.sub(rb"^[ \t]*" + remark + rb"[^\n]*", b"", block, flags=re.M)
    return block


def is_remark(raw: bytes, remark: bytes = ANY_REMARK) -> bool:
    """Whether a line holds no edge: a comment, or nothing."""
    return not raw.strip() or bool(remark and re.match(rb"[ \t]*" + remark, raw))


@kernel
def whole_pairs(block, separator, first, second):
    """Parse lines of two whole numbers; return how many, or why the block is not for this loop.

    Only digits without a leading zero, one `separator` and line ends are taken; anything else is
    `NOT_PLAIN` and left to parsers that know more.  `TOO_LARGE`: a number does not fit the type
    of `first` and `second`, which need a place for every four bytes.
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
            if i == start or i - start > 18 or (block[start] == 48 and i > start + 1):
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


@kernel
def leading_zero(block):
    """Whether some cell begins with a zero and a further digit: '01', which is not '1'."""
    before = 10
    for i in range(block.size - 1):
        if (
            block[i] == 48
            and 48 <= block[i + 1] <= 57
            and not (48 <= before <= 57 or before in (43, 45, 46))
        ):
            return True
        before = block[i]
    return False
