"""Golden digests: the bytes of whole runs, so that a change of numbers is never silent.

A digest here may change only together with a line under NUMBERS in the changelog.
"""

from __future__ import annotations

import pytest

import koubei_sim as kb

GOLDEN = {
    "tiny": "8106f7f141447f3c0bf70621134e0ebed14e20b373fe3ceb8030c8d4b84b49c5",
    "branching": "1a2b273cee5b111991baf7ae62fbcb6091ad8e70991aff220acab15a59ff3153",
    "threshold": "a28543dc89aa196eb8c103a4043a3a00f7ab3344e7a85d9d7134b3a7ee13f5c7",
}


@pytest.mark.parametrize("preset", sorted(GOLDEN))
def test_golden_digest(preset: str) -> None:
    """Catches any change of tables or logs: draws, networks, population, rules or their order."""
    result = kb.run(preset, replicates=2, rng=7, progress=False)
    assert result.digest() == GOLDEN[preset]
