"""docs/evidence.md: every example runs, in order, as a reader would type it."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import koubei_sim as kb

PAGE = Path(__file__).resolve().parents[2] / "docs" / "evidence.md"
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def test_every_example_runs(tmp_path, monkeypatch) -> None:
    """Would catch a page that promises what the library does not do, and a number that moved.

    Blocks without ``>>>`` are sketches with names of a reader's own: read, not run.
    """
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text("utf-8")
    names: dict[str, object] = {"__name__": "from_data_page"}
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    told: list[str] = []
    for block in re.finditer(r"```python\n(.*?)```", text, re.DOTALL):
        line = text.count("\n", 0, block.start()) + 1
        if ">>>" not in block[1]:
            compile("\n" * line + block[1], str(PAGE), "exec")
            continue
        test = doctest.DocTestParser().get_doctest(block[1], {}, PAGE.name, str(PAGE), line)
        test.globs = names
        runner.run(test, out=told.append, clear_globs=False)
    assert not told, "".join(told)
    assert runner.tries > 25


def test_every_door_that_is_named_is_there() -> None:
    """Would catch a door renamed while the page still sends people to the old one."""
    text = PAGE.read_text("utf-8")
    named = sorted(set(re.findall(r"\bkb((?:\.[A-Za-z_]\w*)+)", text)))
    assert len(named) > 12
    for path in named:
        thing: object = kb
        for part in path.split(".")[1:]:
            assert hasattr(thing, part), f"kb{path}"
            thing = getattr(thing, part)


def test_every_section_that_is_linked_is_there() -> None:
    """Would catch a table of doors that leads nowhere after a heading was changed."""
    text = PAGE.read_text("utf-8")
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
    links = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert links and links <= anchors, links - anchors
