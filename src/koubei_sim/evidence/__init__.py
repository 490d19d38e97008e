"""What real adoption data say: read, estimated, judged, and tried in worlds with known truth.

docs/evidence.md is the norm.
"""

from __future__ import annotations

__all__: list[str] = []
