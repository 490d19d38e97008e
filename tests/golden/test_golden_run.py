"""Golden digests: the bytes of whole runs, so that a change of numbers is never silent.

A digest here may change only together with a line under NUMBERS in the changelog.
"""

from __future__ import annotations

import pytest

import koubei_sim as kb

GOLDEN = {
    "tiny": "0c35da66dcfcc149d22393246c5b78c2e1c4201bbf363d8276baffd398bf89c5",
    "branching": "03afb9c0f19af3651f4ec1c990c5512f5e7cb6fa9f3efa025ea0319fedc6f67c",
    "threshold": "6d461190153f799372aa486dbb7b58f291f2516a95c79d07156e1996e76c0ff0",
}


@pytest.mark.parametrize("preset", sorted(GOLDEN))
def test_golden_digest(preset: str) -> None:
    """Catches any change of tables or logs: draws, networks, population, rules or their order."""
    result = kb.run(preset, replicates=2, rng=7, progress=False)
    assert result.digest() == GOLDEN[preset]
