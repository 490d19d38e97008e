"""What the checks leave out is said, and the hosted ones fetch what they need."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or shutil.which("make") is None, reason="needs bash and make"
)


def ci(folder: Path, compare: str, newest: str = "@true", **env: str) -> tuple[int, str]:
    """Run the checks with steps that only say something: status and output."""
    (folder / ".ci").mkdir(exist_ok=True)
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    steps = ["setup-dev", "kernels", "walls", "lint", "types", "test-lowest", "docs-check"]
    recipes = {name: f"@echo did {name}" for name in steps}
    recipes |= {"bench-compare": compare, "test-newest": newest, "test": "@echo 9 passed"}
    makefile = "".join(f"{name}:\n\t{line}\n" for name, line in recipes.items())
    (folder / "Makefile").write_text(f".PHONY: {' '.join(recipes)}\n{makefile}")
    done = subprocess.run(
        ["bash", ".ci/run"],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_gate_that_is_left_out_is_said_loudly(tmp_path: Path) -> None:
    """Catches a clone of depth 1 that passes without its speed gate, in one line among many."""
    status, out = ci(tmp_path, "@echo 'comparison left out: there is no HEAD^'")
    assert status == 0
    assert out.count("** comparison left out: there is no HEAD^") == 2
    closing = out[out.index("9 passed") :]
    assert "NOT CHECKED IN THIS RUN" in closing and "no HEAD^" in closing


def test_nothing_is_said_where_all_was_checked(tmp_path: Path) -> None:
    """Catches a banner that stands there always and so says nothing; or one that hides a fault."""
    status, out = ci(tmp_path, "@echo 1.00")
    assert status == 0 and "**" not in out and out.endswith("9 passed\n")
    status, out = ci(tmp_path, "@echo too slow; false")
    assert status != 0 and "9 passed" not in out


def test_what_runs_beside_the_comparison_counts(tmp_path: Path) -> None:
    """Catches samples whose failure is lost because they run beside another step, what they leave
    out unsaid, or samples that go on when that step has failed."""
    status, out = ci(tmp_path, "@echo 1.00", newest="@echo 3 failed; false")
    assert status != 0 and "3 failed" in out and "9 passed" not in out
    status, out = ci(tmp_path, "@echo 1.00", newest="@echo 'SKIPPED: no Python'")
    assert status == 0 and "** SKIPPED: no Python" in out[out.index("9 passed") :]
    status, out = ci(tmp_path, "@sleep 0.5; false", newest="@sleep 3; touch late")
    assert status != 0
    time.sleep(4)
    assert not (tmp_path / "late").exists()
    status, out = ci(tmp_path, "@echo 1.00", newest="@touch late", CI_SAMPLES="no")
    assert status == 0 and "did test-lowest" not in out and not (tmp_path / "late").exists()


def test_a_python_that_is_not_here_is_named(tmp_path: Path) -> None:
    """Catches a promised Python that is passed over without a word, or whose lack is a fault."""
    for name in (".ci", "pyproject.toml"):
        target = tmp_path / name
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, target)
    text = (tmp_path / "pyproject.toml").read_text("utf-8")
    promised = re.sub(r"Python :: 3\.\d+", "Python :: 3.99", text)
    (tmp_path / "pyproject.toml").write_text(promised, "utf-8")
    for which in ("newest", "lowest"):
        done = subprocess.run(
            ["bash", ".ci/versions", which, "sample"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("SKIPPED: ") and "3.99" in done.stdout


def test_lowest_releases_are_those_of_the_project() -> None:
    """Catches a bound that the tests of the lowest releases pass over."""
    done = subprocess.run(
        [sys.executable, ".ci/lowest.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = {line.partition("==")[0] for line in done.stdout.splitlines()}
    needed = {re.split(r"[<>=\[]", line)[0] for line in project["dependencies"]}
    assert needed <= pinned


def test_the_hosted_checks_fetch_the_parent() -> None:
    """Catches a workflow that makes a clone of depth 1, or forgets an end of the Pythons."""
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    assert re.search(r"fetch-depth: ([2-9]|0)\b", text)
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    promised = re.findall(r"Python :: (3\.\d+)", project)
    for version in (promised[0], promised[-1]):
        assert f'"{version}"' in text
    assert "run: .ci/run" in text


def test_files_that_are_named_are_there() -> None:
    """Catches a test that was moved, and is still asked for by its old name."""
    named = {
        found
        for script in [*(ROOT / ".ci").iterdir(), ROOT / "Makefile"]
        if script.is_file()
        for found in re.findall(r"\btests/[\w/]+\.py\b", script.read_text(encoding="utf-8"))
    }
    assert len(named) > 5 and not [name for name in named if not (ROOT / name).is_file()]
