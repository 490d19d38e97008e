"""The types of the library, as the checkers of those who use it see them.

Catches: a public call whose annotation refuses right code (dotted changes, words, axes), one that
says `Any` or `str` where only some words are right, a name of the face that checkers do not know.
mypy is asked strictly, as a project may; both skip where they are not installed.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
USER, WRONG = HERE / "user.py", HERE / "wrong.py"
#: Lines of slips.
SLIPS = [k for k, line in enumerate(WRONG.read_text().splitlines(), 1) if line.endswith("# wrong")]


def asked(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    return done.stdout


@pytest.mark.skipif(
    importlib.util.find_spec("pyright") is None or shutil.which("node") is None,
    reason="needs pyright and node",
)
def test_pyright_sees_slips_and_nothing_else(tmp_path: Path) -> None:
    for path in (USER, WRONG):
        shutil.copy(path, tmp_path)
    options = {"extraPaths": [str(ROOT / "src")]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(options))
    words = ("--outputjson", "--pythonpath", sys.executable, "--project", str(tmp_path))
    found = json.loads(asked("pyright", *words))
    places = [(Path(one["file"]).name, one["range"]["start"]["line"] + 1, one["message"])
              for one in found["generalDiagnostics"] if one["severity"] == "error"]  # fmt: skip
    assert found["summary"]["filesAnalyzed"] == 2
    assert [place for place in places if place[0] == USER.name] == []
    assert sorted({line for name, line, _ in places if name == WRONG.name}) == SLIPS


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="needs mypy")
def test_mypy_sees_slips_and_nothing_else(tmp_path: Path) -> None:
    config = tmp_path / "mypy.ini"
    config.write_text(
        f"[mypy]\nstrict = true\nmypy_path = {ROOT / 'src'}\nfollow_imports = silent\n"
        f"cache_dir = {tmp_path / 'cache'}\nexplicit_package_bases = true\n"
    )
    out = asked("mypy", "--config-file", str(config), "--no-error-summary", str(USER), str(WRONG))
    lines = [line for line in out.splitlines() if ": error:" in line]
    assert [line for line in lines if USER.name in line] == []
    assert all(WRONG.name in line for line in lines), out
    assert sorted({int(line.split(":")[1]) for line in lines}) == SLIPS
