"""Golden digests: the bytes of whole runs, so that a change of numbers is never silent.

A digest here may change only together with a line under NUMBERS in the changelog.
"""

from __future__ import annotations

import pytest

import koubei_sim as kb

GOLDEN = {
    "tiny": "c597070447679ff0956bb70700449a8fde4a334d6a771f4f46dd50c0fcd1400e",
    "branching": "ba3bb2d8761eb843c0396c98582e907df450f29d68ef04fcf47f66e421062764",
    "threshold": "c0b14108ded7498306d2de699e52141df4c95a93de5b31f5c0452691c770d8fb",
}


@pytest.mark.parametrize("preset", sorted(GOLDEN))
def test_golden_digest(preset: str) -> None:
    """Catches any change of tables or logs: draws, networks, population, rules or their order."""
    result = kb.run(preset, replicates=2, rng=7, progress=False)
    assert result.digest() == GOLDEN[preset]
