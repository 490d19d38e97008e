"""What all tests share: quiet surroundings, marks by folder, real data, fresh interpreters.

Tests get their randomness from a fixed key (`key`), their data from `data_file` (which skips the
test where a data set is absent) and a clean process from `fresh_python`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# Before any test imports matplotlib or rich: no window, no colour codes, one width of terminal.
os.environ["MPLBACKEND"] = "Agg"
os.environ["NO_COLOR"] = "1"
os.environ["COLUMNS"] = "120"
os.environ.pop("FORCE_COLOR", None)
# No bar that nobody asked for, in notebooks neither.
os.environ["KOUBEI_PROGRESS"] = "0"

# Derandomised: the same examples in every run.  No deadline: the first call compiles.
settings.register_profile(
    "house",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")

MARK_OF_FOLDER = {"statistical": "statistical", "data": "data"}


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is slow
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in tests/statistical and tests/data, and all but a sample of `sampled`."""
    seen: dict[str, int] = {}
    for item in items:
        chosen = item.get_closest_marker("sampled")
        if chosen is not None:
            test = item.nodeid.partition("[")[0]
            seen[test] = seen.get(test, -1) + 1
            if seen[test] % chosen.args[0]:
                item.add_marker(pytest.mark.slow)
        try:
            folder = item.path.relative_to(ROOT / "tests").parts[0]
        except ValueError:
            continue
        if folder in MARK_OF_FOLDER:
            item.add_marker(MARK_OF_FOLDER[folder])


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def key() -> int:
    """The fixed key of tests that need randomness; a failure repeats in every run."""
    return 20100816


@pytest.fixture(scope="session")
def data_file() -> Callable[[str], Path]:
    """Return a function name -> path of a real data set; it skips the test where absent.

    Looks where `koubei_sim.networks.find_data` looks: KOUBEI_DATA, then ``shared/data`` beside
    the project or inside it.
    """
    places = [ROOT.parent / "shared" / "data", ROOT / "shared" / "data"]
    if os.environ.get("KOUBEI_DATA"):
        places.insert(0, Path(os.environ["KOUBEI_DATA"]))

    def find(name: str) -> Path:
        for place in places:
            if (place / name).is_file():
                return place / name
        pytest.skip(f"data set {name} is not here (KOUBEI_DATA or shared/data)")

    return find


@pytest.fixture(scope="session")
def fresh_python() -> Callable[..., str]:
    """Return a function that runs code in a new interpreter and gives back what it printed.

    For tests of imports, of thread counts set at start, and of separate processes.  Extra
    environment variables go in `env`; an exit status other than 0 fails the test.
    """

    def run(code: str, env: Mapping[str, str] | None = None, timeout: float = 300.0) -> str:
        surroundings = dict(os.environ)
        inherited = surroundings.get("PYTHONPATH")
        surroundings["PYTHONPATH"] = os.pathsep.join(
            [str(ROOT / "src")] + ([inherited] if inherited else [])
        )
        surroundings.update(env or {})
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=surroundings,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, f"fresh interpreter failed:\n{done.stderr}"
        return done.stdout

    return run
