"""docs/your-data.md: every example runs, and every suffix that is read stands in its table."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from koubei_sim.networks.files.graph_files import ELSEWHERE, FORMATS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "your-data.md"


def test_every_example_runs(tmp_path, monkeypatch) -> None:
    """Would catch a page that promises what the library does not do."""
    for name in ("networkx", "pandas", "pyarrow", "scipy"):
        pytest.importorskip(name)
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text("utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    told: list[str] = []
    runner.run(test, out=told.append)
    assert not told, "".join(told)
    assert runner.tries > 40


def test_every_format_stands_on_the_page() -> None:
    """Would catch a format that is read, or refused, and not told."""
    text = PAGE.read_text("utf-8").lower()
    words = {".g6": "graph6", ".s6": "graph6", ".xlsx": "excel", ".xls": "excel",
             ".pkl": "pickle", ".gpickle": "pickle", ".arrow": "feather", ".npy": "npz",
             ".adjlist": "neighbours", ".metis": "metis"}  # fmt: skip
    for suffix in (*FORMATS, *ELSEWHERE):
        assert words.get(suffix, suffix.removeprefix(".")) in text, suffix
