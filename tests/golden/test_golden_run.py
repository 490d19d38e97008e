"""Golden digests: the bytes of whole runs, so that a change of numbers is never silent.

A digest here may change only together with a line under NUMBERS in the changelog.
"""

from __future__ import annotations

import pytest

import koubei_sim as kb

GOLDEN = {
    "tiny": "430c2980d07c89fcd0bac5f287ad678ab73495a156b4b3d51b8f0df7760fb8eb",
    "branching": "b2b4e0b9b71804759e6936480f7ef26ae6f5a7bc05a737fee0005d6d9f4896ce",
    "threshold": "cee60d8a0179d6d5834572d11e8831a860da10e5829250822d9ba1290f37e1b3",
}


@pytest.mark.parametrize("preset", sorted(GOLDEN))
def test_golden_digest(preset: str) -> None:
    """Catches any change of tables or logs: draws, networks, population, rules or their order."""
    result = kb.run(preset, replicates=2, rng=7, progress=False)
    assert result.digest() == GOLDEN[preset]
