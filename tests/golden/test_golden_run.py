"""Golden digests: the bytes of whole runs, so that a change of numbers is never silent.

A digest here may change only together with a line under NUMBERS in the changelog.
"""

from __future__ import annotations

import pytest

import koubei_sim as kb

GOLDEN = {
    "tiny": "249efa7d84a333e83b2de1a4f89f397c202d86fd8e563900f774df8bc180dbdf",
    "branching": "2d889f6b888bef8946db13d80584a0ac2b8a27e95e3af030ce54e47e5f54f290",
    "threshold": "29f273d601327e0ea5800f30f70a5c38244b45f8f98d6047d086121a99f553a2",
}


@pytest.mark.parametrize("preset", sorted(GOLDEN))
def test_golden_digest(preset: str) -> None:
    """Catches any change of tables or logs: draws, networks, population, rules or their order."""
    result = kb.run(preset, replicates=2, rng=7, progress=False)
    assert result.digest() == GOLDEN[preset]
