"""The faults that the page "Coming from" ascribes to other packages are still there.

Skipped where the packages of the extra `bench` are not installed.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
faults = importlib.import_module("benchmarks.peers.faults")
sys.path.pop(0)

MEASURED = {"ndlib": "6.0.1", "EoN": "2.0", "cynetdiff": "0.1.18", "epiworldpy": "0.17.0"}
CASES = [(package, shown) for package, group in faults.FAULTS.items() for shown in group]


@pytest.mark.filterwarnings("ignore")  # warnings of other packages are not ours to judge
@pytest.mark.parametrize(
    ("package", "shown"), CASES, ids=[function.__name__ for _, function in CASES]
)
def test_fault_is_still_there(package, shown):
    """Would catch a page that accuses a release which has been repaired (or a wrong claim)."""
    pytest.importorskip(package)
    if not importlib.metadata.version(package).startswith(MEASURED[package]):
        pytest.skip("another release than the one described")
    assert shown().there
