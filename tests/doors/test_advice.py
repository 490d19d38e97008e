"""Advice is tried: what a message says after ``try`` works.

Every ``fix=`` of the sources (or ``fix = ``) that names a call or an option stands in a table
`TRIED`, with a call that is refused with it and the call that it advises, in a file
`advice_*` for each kind of door.
"""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doors import (
    advice_cascades,
    advice_decide,
    advice_files,
    advice_hazard,
    advice_judge,
    advice_known_truth,
    advice_reports,
    advice_rules,
    advice_shapes,
    advice_studies,
)

import koubei_sim as kb

SOURCES = Path(kb.__file__).parents[2]  # src and the verifications beside it
NAMES_SOMETHING = re.compile(r"\w\(|(?<![\w-])--[a-z]|\w=(?!=)|\bkoubei \w")
#: Calls whose result is a name or a number, not the advice itself.
COMPUTED = ("nearest(", "_near", "_ends(", "repr(", "str(", "_single(", "'.'.join(", "near or",
            "f'a label such as")  # fmt: skip
# A text that stands in two tables would be tried once only.
TABLES = tuple(
    room.TRIED
    for room in (
        advice_cascades,
        advice_decide,
        advice_files,
        advice_hazard,
        advice_judge,
        advice_known_truth,
        advice_reports,
        advice_rules,
        advice_shapes,
        advice_studies,
    )
)
TRIED = {text: trial for table in TABLES for text, trial in table.items()}


def branches(value: ast.expr) -> Iterator[str]:
    """The texts of an advice that may be the one or the other."""
    if isinstance(value, ast.IfExp):
        yield from branches(value.body)
        yield from branches(value.orelse)
    elif not (isinstance(value, ast.Constant) and value.value is None):
        yield ast.unparse(value)


def texts(node: ast.AST) -> Iterator[str]:
    """What stands behind ``fix=``, and behind ``fix = `` where it is put together before."""
    if isinstance(node, ast.Call):
        for word in node.keywords:
            if word.arg == "fix":
                yield from branches(word.value)
    elif isinstance(node, ast.Assign) and [ast.unparse(to) for to in node.targets] == ["fix"]:
        yield from branches(node.value)


def advice() -> dict[str, str]:
    """Every advice of the sources that names a call or an option -> where it stands."""
    found: dict[str, str] = {}
    gc.disable()  # a parse that is interrupted by the collector may fail in CPython 3.11
    try:
        _collect(found)
    finally:
        gc.enable()
    return found


def _collect(found: dict[str, str]) -> None:
    files = [*(SOURCES / "src").rglob("*.py"), *(SOURCES / "verification").rglob("*.py")]
    for path in sorted(files):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for text in texts(node):
                if not text.startswith(COMPUTED) and NAMES_SOMETHING.search(text):
                    found.setdefault(text, f"{path.relative_to(SOURCES)}:{node.lineno}")


def test_all_advice_is_tried() -> None:
    """Catches a new ``fix=`` that names a call or an option and that nobody has followed."""
    found = advice()
    new = {text: where for text, where in found.items() if text not in TRIED}
    assert not new, f"write a case into a table TRIED beside {Path(__file__).name}: {new}"
    gone = sorted(set(TRIED) - set(found))
    assert not gone, f"no longer in the sources: {gone}"
    assert len(TRIED) == sum(map(len, TABLES))


@pytest.mark.sampled(2)
@pytest.mark.parametrize("text", sorted(TRIED))
def test_advice_works(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches advice that leads to another refusal, or to an argument that is not there."""
    monkeypatch.chdir(tmp_path)
    refused, advised, *says = TRIED[text]
    with pytest.raises(kb.KoubeiError) as caught:
        refused()
    written = ast.parse(text, mode="eval").body
    if says:
        assert caught.value.fix == says[0]
    elif isinstance(written, ast.Constant):
        assert caught.value.fix == written.value
    else:
        assert isinstance(written, ast.JoinedStr)
        parts = [part.value for part in written.values if isinstance(part, ast.Constant)]
        assert all(str(part) in str(caught.value.fix) for part in parts)
    advised()
